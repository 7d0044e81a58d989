//! Full factorisation: left-looking, with pivots chosen as it goes.

use super::analyse::{Analysis, Gather, Parts};
use super::blocks::NONE;
use super::lu::{LuOptions, LuStats, Singular};
use super::partition::PARTS;
use super::permutation::Permutation;
use super::refactor::Schedule;
use super::scalar::Scalar;
use super::sparse::Columns;

/// A pivot this far below what its place held before elimination is nothing but rounding.
const ROUNDING: f64 = 2.0 * f64::EPSILON;

/// The factors of the permuted and scaled matrix; indices count pivots.
#[derive(Clone, Debug)]
pub(super) struct Factors<T> {
    /// Original row of each pivot.
    pub rows: Permutation,
    /// Original column of each pivot.
    pub cols: Permutation,
    /// Scale of each pivot's row.
    pub row_scale: Vec<f64>,
    /// Below the diagonal, which is one.
    pub l: Columns<T>,
    /// Above the diagonal, inside the blocks.
    pub u: Columns<T>,
    /// Above the blocks: entries of the matrix itself.
    pub above: Columns<T>,
    /// Reciprocals of the diagonal of U.
    pub inverse_pivot: Vec<T>,
    /// Largest entry of L.
    pub growth: f64,
    /// Row of each entry inside the blocks, in the order of the analysis.
    pub entry_row: Vec<u32>,
    /// Row scale of each entry inside the blocks.
    pub entry_scale: Vec<f64>,
    /// Row scale of each entry above the blocks.
    pub above_scale: Vec<f64>,
    /// The order of work of a refactorisation.
    pub schedule: Schedule,
    /// The parts of the largest block, as long as the pivots keep them apart.
    pub parts: Option<Parts>,
    /// Number of entries of each column of L within its own part.
    pub inside: Vec<u32>,
    /// One dense column for each part and one for the rest, zero between uses.
    pub work: Vec<Vec<T>>,
}

impl<T: Scalar> Factors<T> {
    /// Factors of nothing yet.
    pub fn new(n: usize) -> Self {
        Self {
            rows: Permutation::default(),
            cols: Permutation::default(),
            row_scale: Vec::new(),
            l: Columns::default(),
            u: Columns::default(),
            above: Columns::default(),
            inverse_pivot: Vec::new(),
            growth: 0.0,
            entry_row: Vec::new(),
            entry_scale: Vec::new(),
            above_scale: Vec::new(),
            schedule: Schedule::default(),
            parts: None,
            inside: Vec::new(),
            work: vec![vec![T::ZERO; n]],
        }
    }

    /// Counts of these factors.
    pub fn stats(&self, analysis: &Analysis) -> LuStats {
        let below = |col: usize| (self.l.ptr[col + 1] - self.l.ptr[col]) as f64;
        let updates: f64 = self.u.idx.iter().map(|&col| 2.0 * below(col as usize)).sum();
        let block_ptr = &analysis.form.block_ptr;
        LuStats {
            nnz_l: self.l.idx.len(),
            nnz_u: self.u.idx.len() + self.inverse_pivot.len(),
            nnz_above: self.above.idx.len(),
            blocks: block_ptr.len() - 1,
            largest_block: block_ptr.windows(2).map(|block| block[1] - block[0]).max().unwrap_or(0),
            parts: if self.parts.is_some() { PARTS } else { 1 },
            flops: updates + (self.l.idx.len() + self.inverse_pivot.len()) as f64,
            growth: self.growth,
        }
    }
}

/// True when elimination has left nothing of a pivot but rounding.
pub(super) fn is_cancelled(pivot: f64, before: f64) -> bool {
    pivot <= ROUNDING * before || pivot.is_nan()
}

/// Factors with threshold partial pivoting that prefers the diagonal.
pub(super) fn factor<T: Scalar>(
    analysis: &Analysis,
    options: &LuOptions,
    factors: &mut Factors<T>,
    values: &[T],
) -> Result<(), Singular> {
    let scale = row_scales(analysis, options, values)?;
    let scaled =
        |gather: &Gather, entry: usize| values[gather.slot[entry] as usize].scaled(scale[gather.row[entry] as usize]);

    factors.l.clear();
    factors.u.clear();
    factors.inverse_pivot.clear();
    factors.growth = 0.0;
    let n = scale.len();
    let mut elimination = Elimination::new(n, factors);
    let diagonal = &analysis.diagonal;
    for k in 0..n {
        let entries = diagonal.ptr[k]..diagonal.ptr[k + 1];
        let rows = &diagonal.row[entries.clone()];
        elimination.find_reach(k, rows);
        for (entry, &row) in entries.clone().zip(rows) {
            elimination.factors.work[0][row as usize] = scaled(diagonal, entry);
        }
        elimination.update();
        let before = |row: u32| {
            let entry = entries.clone().find(|&entry| diagonal.row[entry] == row);
            entry.map_or(0.0, |entry| scaled(diagonal, entry).magnitude())
        };
        if !elimination.choose_pivot(k, options.pivot_tolerance, before) {
            elimination.factors.work[0].fill(T::ZERO);
            let row = (elimination.pivot_of_row[k] == NONE).then(|| analysis.form.row_perm[k] as usize);
            return Err(Singular { column: analysis.form.col_perm[k] as usize, row });
        }
        elimination.prune(k);
    }

    let pivot_of_row = elimination.pivot_of_row;
    finish(analysis, factors, &scale, &pivot_of_row);
    let above = &analysis.above;
    factors.above.val.extend((0..above.slot.len()).map(|entry| scaled(above, entry)));
    Ok(())
}

/// The scale of every row place; an error when a value is not finite.
fn row_scales<T: Scalar>(analysis: &Analysis, options: &LuOptions, values: &[T]) -> Result<Vec<f64>, Singular> {
    let form = &analysis.form;
    let mut largest = vec![0.0f64; form.row_perm.len()];
    for gather in [&analysis.diagonal, &analysis.above] {
        for (range, &col) in gather.ptr.windows(2).zip(&form.col_perm) {
            for entry in range[0]..range[1] {
                let value = values[gather.slot[entry] as usize];
                let place = gather.row[entry] as usize;
                if !value.is_finite() {
                    return Err(Singular { column: col as usize, row: Some(form.row_perm[place] as usize) });
                }
                largest[place] = largest[place].max(value.magnitude());
            }
        }
    }
    if options.scale_rows {
        largest.iter_mut().for_each(|size| *size = inverse_power_of_two(*size));
    } else {
        largest.fill(1.0);
    }
    Ok(largest)
}

/// The power of two that brings a size to between one and two, so that scaling does not round.
fn inverse_power_of_two(size: f64) -> f64 {
    let exponent = (size.to_bits() >> 52).clamp(1, 2045);
    f64::from_bits((2046 - exponent) << 52)
}

/// Puts the factors into pivot order and plans the refactorisation.
fn finish<T: Scalar>(analysis: &Analysis, factors: &mut Factors<T>, scale: &[f64], pivot_of_row: &[u32]) {
    let n = scale.len();
    let to_pivot = |&row: &u32| pivot_of_row[row as usize];
    let to_scale = |&row: &u32| scale[row as usize];
    factors.l.idx.iter_mut().for_each(|row| *row = pivot_of_row[*row as usize]);
    factors.l.sort();
    factors.u.sort();
    factors.schedule = Schedule::new(&factors.l, &factors.u);
    factors.parts = analysis.parts.filter(|parts| are_apart(parts, &factors.l, &factors.u));
    factors.inside.clear();
    if let Some(parts) = &factors.parts {
        let top = parts.top().start as u32;
        let l = &factors.l;
        factors.inside.extend((0..n).map(|k| l.idx[l.ptr[k]..l.ptr[k + 1]].partition_point(|&row| row < top) as u32));
    }
    let columns = if factors.parts.is_some() { PARTS } else { 1 };
    factors.work.resize(columns, vec![T::ZERO; n]);

    let mut row_perm = vec![0; n];
    factors.row_scale.resize(n, 0.0);
    for (row, &pivot) in pivot_of_row.iter().enumerate() {
        row_perm[pivot as usize] = analysis.form.row_perm[row];
        factors.row_scale[pivot as usize] = scale[row];
    }
    factors.rows = Permutation::new(&row_perm);
    factors.cols = Permutation::new(&analysis.form.col_perm);
    factors.entry_row = analysis.diagonal.row.iter().map(to_pivot).collect();
    factors.entry_scale = analysis.diagonal.row.iter().map(to_scale).collect();
    factors.above_scale = analysis.above.row.iter().map(to_scale).collect();
    factors.above.clear();
    factors.above.ptr.clone_from(&analysis.above.ptr);
    factors.above.idx.extend(analysis.above.row.iter().map(to_pivot));
}

/// True when no column of a part has an entry in another part.
fn are_apart<T: Scalar>(parts: &Parts, l: &Columns<T>, u: &Columns<T>) -> bool {
    let top = parts.top();
    (0..PARTS).all(|part| {
        let range = parts.range(part);
        range.clone().all(|column| {
            let rows = |matrix: &Columns<T>| matrix.idx[matrix.ptr[column]..matrix.ptr[column + 1]].to_vec();
            rows(l)
                .into_iter()
                .chain(rows(u))
                .all(|row| range.contains(&(row as usize)) || top.contains(&(row as usize)))
        })
    })
}

/// The state of a factorisation between columns. Rows are places until the end, columns are pivots.
struct Elimination<'a, T> {
    factors: &'a mut Factors<T>,
    /// Pivot of each row, or `NONE`.
    pivot_of_row: Vec<u32>,
    /// Row of each pivot so far.
    row_of_pivot: Vec<u32>,
    /// The last column whose search saw a row.
    seen_by: Vec<u32>,
    /// Up to where a column of L leads to other columns; what follows is reached through another one.
    search_end: Vec<usize>,
    /// Columns of the depth-first search, and where each continues.
    path: Vec<(u32, usize)>,
    /// Columns of L that update the present column, last first.
    reach: Vec<u32>,
    /// Rows of the present column that can be its pivot.
    candidates: Vec<u32>,
}

impl<'a, T: Scalar> Elimination<'a, T> {
    fn new(n: usize, factors: &'a mut Factors<T>) -> Self {
        Self {
            factors,
            pivot_of_row: vec![NONE; n],
            row_of_pivot: Vec::with_capacity(n),
            seen_by: vec![NONE; n],
            search_end: Vec::with_capacity(n),
            path: Vec::new(),
            reach: Vec::new(),
            candidates: Vec::new(),
        }
    }

    /// Finds the nonzero rows of column `k` of the solution of `L x = a` from those of `a` (Gilbert and Peierls).
    fn find_reach(&mut self, k: usize, rows: &[u32]) {
        let l = &self.factors.l;
        self.reach.clear();
        self.candidates.clear();
        let mut see = |row: u32, candidates: &mut Vec<u32>, path: &mut Vec<(u32, usize)>| {
            if self.seen_by[row as usize] != k as u32 {
                self.seen_by[row as usize] = k as u32;
                match self.pivot_of_row[row as usize] {
                    NONE => candidates.push(row),
                    pivot => path.push((pivot, l.ptr[pivot as usize])),
                }
            }
        };
        for &row in rows {
            see(row, &mut self.candidates, &mut self.path);
            while let Some(&mut (col, ref mut next)) = self.path.last_mut() {
                if *next == self.search_end[col as usize] {
                    self.reach.push(col);
                    self.path.pop();
                } else {
                    let row = l.idx[*next];
                    *next += 1;
                    see(row, &mut self.candidates, &mut self.path);
                }
            }
        }
    }

    /// Solves `L x = a` over the reach; what belongs to finished pivots becomes the column of U.
    fn update(&mut self) {
        let Factors { l, u, work, .. } = &mut *self.factors;
        let work = &mut work[0];
        for &col in self.reach.iter().rev() {
            let row = self.row_of_pivot[col as usize] as usize;
            let factor = work[row];
            work[row] = T::ZERO;
            u.push(col, factor);
            let (rows, values) = l.column(col as usize);
            for (&row, &value) in rows.iter().zip(values) {
                work[row as usize] -= value * factor;
            }
        }
        u.finish_column();
    }

    /// Chooses the pivot of column `k` and divides the rest by it, or says that there is none.
    fn choose_pivot(&mut self, k: usize, tolerance: f64, before: impl Fn(u32) -> f64) -> bool {
        let Factors { l, work, inverse_pivot, growth, .. } = &mut *self.factors;
        let work = &mut work[0];
        let mut largest = -1.0;
        let mut pivot_row = NONE;
        for &row in &self.candidates {
            let size = work[row as usize].magnitude();
            if size > largest {
                largest = size;
                pivot_row = row;
            }
        }
        // The diagonal is a candidate only if the search has seen it and no earlier column took it.
        let diagonal_free = self.seen_by[k] == k as u32 && self.pivot_of_row[k] == NONE;
        if diagonal_free && work[k].magnitude() >= tolerance * largest {
            pivot_row = k as u32;
        }
        if pivot_row == NONE || is_cancelled(work[pivot_row as usize].magnitude(), before(pivot_row)) {
            return false;
        }
        let pivot = work[pivot_row as usize];
        let inverse = pivot.recip();
        if !inverse.is_finite() {
            return false;
        }
        *growth = growth.max(largest / pivot.magnitude());
        for &row in &self.candidates {
            let value = std::mem::replace(&mut work[row as usize], T::ZERO);
            if row != pivot_row {
                l.push(row, value * inverse);
            }
        }
        l.finish_column();
        inverse_pivot.push(inverse);
        self.pivot_of_row[pivot_row as usize] = k as u32;
        self.row_of_pivot.push(pivot_row);
        self.search_end.push(l.idx.len());
        true
    }

    /// Symmetric pruning (Eisenstat and Liu 1992): where pivot `k` is in both column `j` of L and row `j` of U, the
    /// later rows of column `j` are reached through column `k`.
    fn prune(&mut self, k: usize) {
        let l = &mut self.factors.l;
        let pivot_row = self.row_of_pivot[k];
        for &col in &self.reach {
            let range = l.ptr[col as usize]..l.ptr[col as usize + 1];
            if self.search_end[col as usize] < range.end || !l.idx[range.clone()].contains(&pivot_row) {
                continue;
            }
            let (rows, values) = (&mut l.idx[range.clone()], &mut l.val[range.clone()]);
            let mut kept = 0;
            for entry in 0..rows.len() {
                if self.pivot_of_row[rows[entry] as usize] != NONE {
                    rows.swap(entry, kept);
                    values.swap(entry, kept);
                    kept += 1;
                }
            }
            self.search_end[col as usize] = range.start + kept;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_exact_powers_of_two() {
        for size in [1e-300, 3.7e-9, 0.5, 1.0, 1.999, 6.0e23, 1e300] {
            let scaled = size * inverse_power_of_two(size);
            assert!((1.0..2.0).contains(&scaled), "{size} becomes {scaled}");
        }
        assert!((0.0 * inverse_power_of_two(0.0)).is_finite());
        assert!((f64::MAX * inverse_power_of_two(f64::MAX)).is_finite());
    }
}
