//! Triangular solves by blocks, for one or several right-hand sides at a time.

use super::analyse::Analysis;
use super::factor::Factors;
use super::scalar::Scalar;
use super::sparse::Columns;

/// Replaces each `x` by the solution of `A x = b`: the last block first, each followed by its effect on those above.
pub(super) fn solve<T: Scalar, const W: usize>(analysis: &Analysis, factors: &Factors<T>, mut x: [&mut [T]; W]) {
    for column in &mut x {
        factors.rows.gather(column);
        for (value, &scale) in column.iter_mut().zip(&factors.row_scale) {
            *value = value.scaled(scale);
        }
    }
    for block in analysis.form.block_ptr.windows(2).rev() {
        for k in block[0]..block[1] {
            let pivot = x.each_ref().map(|column| column[k]);
            subtract(&factors.l, k, pivot, &mut x);
        }
        for k in (block[0]..block[1]).rev() {
            let pivot = x.each_ref().map(|column| column[k] * factors.inverse_pivot[k]);
            for (column, &value) in x.iter_mut().zip(&pivot) {
                column[k] = value;
            }
            subtract(&factors.u, k, pivot, &mut x);
            subtract(&factors.above, k, pivot, &mut x);
        }
    }
    for column in &mut x {
        factors.cols.scatter(column);
    }
}

/// Replaces each `x` by the solution of the transposed system: the first block first.
pub(super) fn solve_transposed<T: Scalar, const W: usize>(
    analysis: &Analysis,
    factors: &Factors<T>,
    mut x: [&mut [T]; W],
) {
    for column in &mut x {
        factors.cols.gather(column);
    }
    for block in analysis.form.block_ptr.windows(2) {
        for k in block[0]..block[1] {
            let mut sum = x.each_ref().map(|column| column[k]);
            subtract_product(&factors.above, k, &mut sum, &x);
            subtract_product(&factors.u, k, &mut sum, &x);
            for (column, &value) in x.iter_mut().zip(&sum) {
                column[k] = value * factors.inverse_pivot[k];
            }
        }
        for k in (block[0]..block[1]).rev() {
            let mut sum = x.each_ref().map(|column| column[k]);
            subtract_product(&factors.l, k, &mut sum, &x);
            for (column, &value) in x.iter_mut().zip(&sum) {
                column[k] = value;
            }
        }
    }
    for column in &mut x {
        for (value, &scale) in column.iter_mut().zip(&factors.row_scale) {
            *value = value.scaled(scale);
        }
        factors.rows.scatter(column);
    }
}

/// Subtracts a column times `factor` from each `x`.
#[inline(always)]
fn subtract<T: Scalar, const W: usize>(matrix: &Columns<T>, col: usize, factor: [T; W], x: &mut [&mut [T]; W]) {
    let (rows, values) = matrix.column(col);
    for (&row, &value) in rows.iter().zip(values) {
        for (column, &factor) in x.iter_mut().zip(&factor) {
            column[row as usize] -= value * factor;
        }
    }
}

/// Subtracts the inner product of a column and each `x` from its sum.
#[inline(always)]
fn subtract_product<T: Scalar, const W: usize>(matrix: &Columns<T>, col: usize, sum: &mut [T; W], x: &[&mut [T]; W]) {
    let (rows, values) = matrix.column(col);
    for (&row, &value) in rows.iter().zip(values) {
        for (sum, column) in sum.iter_mut().zip(x) {
            *sum -= value * column[row as usize];
        }
    }
}
