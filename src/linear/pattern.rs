//! The positions of a circuit matrix's entries.

use sprs::CsMat;

/// The nonzero positions of a square matrix, column by column.
///
/// Rows ascend within a column and no position occurs twice. The index of a position in [`row_idx`](Self::row_idx) is
/// its *slot*: the index of its value in the slices given to [`Lu`](super::Lu).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    n: usize,
    col_ptr: Vec<usize>,
    row_idx: Vec<u32>,
}

impl Pattern {
    /// Number of rows and columns.
    pub fn n(&self) -> usize {
        self.n
    }

    /// Number of positions.
    pub fn nnz(&self) -> usize {
        self.row_idx.len()
    }

    /// Where each column starts in [`row_idx`](Self::row_idx), and the end of the last one: `n + 1` numbers.
    pub fn col_ptr(&self) -> &[usize] {
        &self.col_ptr
    }

    /// Row of every slot.
    pub fn row_idx(&self) -> &[u32] {
        &self.row_idx
    }

    /// Rows of one column.
    pub fn column(&self, col: usize) -> &[u32] {
        &self.row_idx[self.col_ptr[col]..self.col_ptr[col + 1]]
    }

    /// Slot of a position, if the pattern has it.
    pub fn slot(&self, row: usize, col: usize) -> Option<usize> {
        let found = self.column(col).binary_search(&u32::try_from(row).ok()?).ok()?;
        Some(self.col_ptr[col] + found)
    }

    /// Writes the product of the matrix with these values, in slot order, and a vector.
    ///
    /// # Panics
    /// When there are fewer values than slots, or the vectors are shorter than `n`.
    pub fn multiply(&self, values: &[f64], x: &[f64], product: &mut [f64]) {
        product.fill(0.0);
        for (range, &x) in self.col_ptr.windows(2).zip(x) {
            let entries = range[0]..range[1];
            for (&row, &value) in self.row_idx[entries.clone()].iter().zip(&values[entries]) {
                product[row as usize] += value * x;
            }
        }
    }

    /// The matrix with these values, in slot order; values past the last slot are left out.
    pub fn to_sprs(&self, values: &[f64]) -> CsMat<f64> {
        let row_idx = self.row_idx.iter().map(|&row| row as usize).collect();
        CsMat::new_csc((self.n, self.n), self.col_ptr.clone(), row_idx, values[..self.nnz()].to_vec())
    }
}

/// Collects the positions that devices stamp, then sorts and merges them into a [`Pattern`].
#[derive(Clone, Debug)]
pub struct PatternBuilder {
    n: usize,
    entries: Vec<(u32, u32)>,
}

impl PatternBuilder {
    /// An empty pattern of a matrix with `n` rows and columns, `n` below `u32::MAX`.
    pub fn new(n: usize) -> Self {
        Self { n, entries: Vec::new() }
    }

    /// Adds a position, which may have been added before, and returns the entry's id.
    ///
    /// A row or column outside the matrix stands for ground: the entry takes part in nothing and
    /// [`build`](Self::build) maps it to the slot after the last.
    pub fn entry(&mut self, row: usize, col: usize) -> usize {
        let outside = row >= self.n || col >= self.n;
        self.entries.push(if outside { (u32::MAX, u32::MAX) } else { (row as u32, col as u32) });
        self.entries.len() - 1
    }

    /// The merged pattern, and the slot of every entry id. Two counting sorts, linear in entries and unknowns.
    pub fn build(self) -> (Pattern, Vec<u32>) {
        let inside = |&id: &u32| self.entries[id as usize].0 != u32::MAX;
        let ids: Vec<u32> = (0..self.entries.len() as u32).filter(inside).collect();
        let by_row = counting_sort(self.n, &ids, |id| self.entries[id as usize].0);
        let sorted = counting_sort(self.n, &by_row, |id| self.entries[id as usize].1);

        let mut slots = vec![0; self.entries.len()];
        let mut col_ptr = vec![0; self.n + 1];
        let mut row_idx: Vec<u32> = Vec::with_capacity(sorted.len());
        let mut last = None;
        for id in sorted {
            let (row, col) = self.entries[id as usize];
            if last != Some((row, col)) {
                last = Some((row, col));
                row_idx.push(row);
                col_ptr[col as usize + 1] += 1;
            }
            slots[id as usize] = row_idx.len() as u32 - 1;
        }
        for col in 0..self.n {
            col_ptr[col + 1] += col_ptr[col];
        }
        for (slot, &(row, _)) in slots.iter_mut().zip(&self.entries) {
            if row == u32::MAX {
                *slot = row_idx.len() as u32;
            }
        }
        (Pattern { n: self.n, col_ptr, row_idx }, slots)
    }
}

/// The ids in ascending order of their keys below `n`, equal keys in the order given.
fn counting_sort(n: usize, ids: &[u32], key: impl Fn(u32) -> u32) -> Vec<u32> {
    let mut next = vec![0usize; n + 1];
    for &id in ids {
        next[key(id) as usize + 1] += 1;
    }
    for k in 0..n {
        next[k + 1] += next[k];
    }
    let mut sorted = vec![0; ids.len()];
    for &id in ids {
        let place = &mut next[key(id) as usize];
        sorted[*place] = id;
        *place += 1;
    }
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn duplicates_share_a_slot_and_ground_gets_the_dummy() {
        let mut builder = PatternBuilder::new(2);
        let ids = [(1, 1), (0, 0), (1, 1), (2, 0), (1, 0)].map(|(row, col)| builder.entry(row, col));
        assert_eq!(ids, [0, 1, 2, 3, 4]);
        let (pattern, slots) = builder.build();
        assert_eq!(pattern.col_ptr(), [0, 2, 3]);
        assert_eq!(pattern.row_idx(), [0, 1, 1]);
        assert_eq!(slots, [2, 0, 2, 3, 1]);
        assert_eq!((pattern.slot(1, 0), pattern.slot(0, 1), pattern.slot(7, 0)), (Some(1), None, None));
        assert_eq!(pattern.to_sprs(&[1.0, 2.0, 3.0, 9.0]).get(1, 0), Some(&2.0));
    }

    #[test]
    fn empty() {
        let (pattern, slots) = PatternBuilder::new(0).build();
        assert_eq!((pattern.n(), pattern.nnz(), slots.len()), (0, 0, 0));
        assert_eq!(pattern.to_sprs(&[]).nnz(), 0);
    }

    proptest! {
        #[test]
        fn every_entry_finds_its_position(n in 1usize..12, raw in prop::collection::vec((0usize..14, 0usize..14), 0..80)) {
            let mut builder = PatternBuilder::new(n);
            for &(row, col) in &raw {
                builder.entry(row, col);
            }
            let (pattern, slots) = builder.build();
            for (&(row, col), &slot) in raw.iter().zip(&slots) {
                let expected = if row < n && col < n { pattern.slot(row, col) } else { Some(pattern.nnz()) };
                prop_assert_eq!(Some(slot as usize), expected);
            }
            for col in 0..n {
                prop_assert!(pattern.column(col).windows(2).all(|pair| pair[0] < pair[1]));
            }
            let distinct: std::collections::BTreeSet<_> = raw.iter().filter(|&&(r, c)| r < n && c < n).collect();
            prop_assert_eq!(pattern.nnz(), distinct.len());
        }
    }
}
