//! Symbolic analysis: block triangular form, an ordering of each block, and the way from slots to permuted columns.

use std::ops::Range;

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::sparse::SymbolicSparseColMatRef;
use faer::sparse::linalg::amd;

use super::blocks::BlockForm;
use super::lu::Singular;
use super::partition::{PARTS, partition};
use super::pattern::Pattern;

/// What is known about a pattern before any value is.
///
/// "Place" below is an index after permutation by the block form and the orderings, before pivoting.
#[derive(Clone, Debug)]
pub(super) struct Analysis {
    /// Rows, columns and blocks; the diagonal of the permuted pattern is full.
    pub form: BlockForm,
    /// The largest block, where it falls into parts: its start, the end of each part, its end.
    pub parts: Option<Parts>,
    /// Entries inside the diagonal blocks.
    pub diagonal: Gather,
    /// Entries above the diagonal blocks.
    pub above: Gather,
}

/// Independent parts of a block; what follows the last part up to the block's end needs all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parts {
    /// First place of the block and of the first part.
    pub start: usize,
    /// End of each part.
    pub ends: [usize; PARTS],
    /// End of the block.
    pub end: usize,
}

impl Parts {
    /// Places of a part.
    pub fn range(&self, part: usize) -> Range<usize> {
        let start = if part == 0 { self.start } else { self.ends[part - 1] };
        start..self.ends[part]
    }

    /// Places that need all parts.
    pub fn top(&self) -> Range<usize> {
        self.ends[PARTS - 1]..self.end
    }
}

/// A selection of a pattern's entries, by permuted column.
#[derive(Clone, Debug, Default)]
pub(super) struct Gather {
    /// Where each column starts, and the end of the last.
    pub ptr: Vec<usize>,
    /// Slot of each entry.
    pub slot: Vec<u32>,
    /// Row place of each entry.
    pub row: Vec<u32>,
}

impl Gather {
    fn push(&mut self, slot: usize, row: u32) {
        self.slot.push(slot as u32);
        self.row.push(row);
    }
}

impl Analysis {
    /// Analyses a pattern, or names an unknown that no equation determines.
    pub fn new(pattern: &Pattern) -> Result<Self, Singular> {
        let mut form = BlockForm::new(pattern)?;
        let parts = order_blocks(pattern, &mut form);

        let place_of_row = inverse(&form.row_perm);
        let (mut diagonal, mut above) = (Gather::default(), Gather::default());
        for block in form.block_ptr.windows(2) {
            for &col in &form.col_perm[block[0]..block[1]] {
                diagonal.ptr.push(diagonal.slot.len());
                above.ptr.push(above.slot.len());
                let first = pattern.col_ptr()[col as usize];
                for (slot, &row) in (first..).zip(pattern.column(col as usize)) {
                    let place = place_of_row[row as usize];
                    let side = if (place as usize) < block[0] { &mut above } else { &mut diagonal };
                    side.push(slot, place);
                }
            }
        }
        diagonal.ptr.push(diagonal.slot.len());
        above.ptr.push(above.slot.len());
        Ok(Self { form, parts, diagonal, above })
    }
}

/// Reorders rows and columns of every block alike for little fill-in, the largest one by parts where it has any.
fn order_blocks(pattern: &Pattern, form: &mut BlockForm) -> Option<Parts> {
    let largest = form.block_ptr.windows(2).map(|block| block[1] - block[0]).max().unwrap_or(0);
    let mut parts = None;
    let place_of_row = inverse(&form.row_perm);
    let (mut col_ptr, mut row_idx) = (Vec::new(), Vec::new());
    for block in form.block_ptr.windows(2) {
        let (start, end) = (block[0], block[1]);
        if end - start < 3 {
            continue;
        }
        col_ptr.clear();
        row_idx.clear();
        col_ptr.push(0);
        for &col in &form.col_perm[start..end] {
            let places = pattern.column(col as usize).iter().map(|&row| place_of_row[row as usize] as usize);
            row_idx.extend(places.filter(|&place| place >= start).map(|place| (place - start) as u32));
            col_ptr.push(row_idx.len() as u32);
        }
        if let Some(mut order) = minimum_degree(&col_ptr, &row_idx) {
            if parts.is_none() && end - start == largest {
                let place = inverse(&order);
                let entry = |(column, range): (usize, &[u32])| {
                    let rows = range[0] as usize..range[1] as usize;
                    let column = place[column];
                    row_idx[rows]
                        .iter()
                        .map(|&row| place[row as usize])
                        .map(move |row| (row, column))
                        .collect::<Vec<_>>()
                };
                if let Some(found) = partition(end - start, col_ptr.windows(2).enumerate().flat_map(entry)) {
                    order = found.order.iter().map(|&place| order[place as usize]).collect();
                    parts = Some(Parts { start, ends: found.ends.map(|e| start + e), end });
                }
            }
            for perm in [&mut form.row_perm, &mut form.col_perm] {
                let before = perm[start..end].to_vec();
                for (place, &from) in perm[start..end].iter_mut().zip(&order) {
                    *place = before[from as usize];
                }
            }
        }
    }
    parts
}

/// The approximate minimum-degree order of a pattern and its transpose together (Amestoy, Davis and Duff 1996); nothing
/// when the workspace cannot be had.
fn minimum_degree(col_ptr: &[u32], row_idx: &[u32]) -> Option<Vec<u32>> {
    let n = col_ptr.len() - 1;
    let pattern = SymbolicSparseColMatRef::new_unsorted_checked(n, n, col_ptr, None, row_idx);
    let mut memory = MemBuffer::try_new(amd::order_maybe_unsorted_scratch::<u32>(n, row_idx.len())).ok()?;
    let (mut order, mut place) = (vec![0; n], vec![0; n]);
    let control = amd::Control::default();
    amd::order_maybe_unsorted(&mut order, &mut place, pattern, control, MemStack::new(&mut memory)).ok()?;
    Some(order)
}

/// The inverse permutation.
pub(super) fn inverse(perm: &[u32]) -> Vec<u32> {
    let mut inverse = vec![0; perm.len()];
    for (place, &from) in perm.iter().enumerate() {
        inverse[from as usize] = place as u32;
    }
    inverse
}
