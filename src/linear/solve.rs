//! Triangular solves by blocks, for one or several right-hand sides at a time.

use std::array::from_fn;
use std::ops::Range;

use rayon::prelude::*;

use super::analyse::{Analysis, Parts};
use super::factor::Factors;
use super::partition::PARTS;
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
        if let Some(parts) = factors.parts.filter(|parts| parts.start == block[0]) {
            solve_parts(factors, &parts, &mut x);
            continue;
        }
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

/// One block of [`solve`], by its independent parts. What the parts contribute to the rows they share is added in the order of
/// the parts, so that the result does not depend on the threads.
fn solve_parts<T: Scalar, const W: usize>(factors: &Factors<T>, parts: &Parts, x: &mut [&mut [T]; W]) {
    let top = parts.top();
    let parallel = rayon::current_num_threads() > 1;
    let mut shared: [[Vec<T>; W]; PARTS] = from_fn(|_| from_fn(|_| vec![T::ZERO; top.len()]));
    each_part(parts, x, Some(&mut shared), parallel, |range, own, shared| {
        let Some(shared) = shared else { return };
        for k in range.clone() {
            let pivot = own.each_ref().map(|column| column[k - range.start]);
            let (rows, values) = factors.l.column(k);
            let inside = factors.inside[k] as usize;
            for (&row, &value) in rows[..inside].iter().zip(values) {
                for (column, &pivot) in own.iter_mut().zip(&pivot) {
                    column[row as usize - range.start] -= value * pivot;
                }
            }
            for (&row, &value) in rows[inside..].iter().zip(&values[inside..]) {
                for (column, &pivot) in shared.iter_mut().zip(&pivot) {
                    column[row as usize - top.start] += value * pivot;
                }
            }
        }
    });
    for part in &shared {
        for (column, sum) in x.iter_mut().zip(part) {
            column[top.clone()].iter_mut().zip(sum).for_each(|(x, &sum)| *x -= sum);
        }
    }
    for k in top.clone() {
        let pivot = x.each_ref().map(|column| column[k]);
        subtract(&factors.l, k, pivot, x);
    }
    for k in top.rev() {
        let pivot = x.each_ref().map(|column| column[k] * factors.inverse_pivot[k]);
        for (column, &value) in x.iter_mut().zip(&pivot) {
            column[k] = value;
        }
        subtract(&factors.u, k, pivot, x);
    }
    each_part(parts, x, None, parallel, |range, own, _| {
        for k in range.clone().rev() {
            let pivot = own.each_ref().map(|column| column[k - range.start] * factors.inverse_pivot[k]);
            for (column, &value) in own.iter_mut().zip(&pivot) {
                column[k - range.start] = value;
            }
            let (rows, values) = factors.u.column(k);
            for (&row, &value) in rows.iter().zip(values) {
                for (column, &pivot) in own.iter_mut().zip(&pivot) {
                    column[row as usize - range.start] -= value * pivot;
                }
            }
        }
    });
    for k in (parts.start..parts.end).rev() {
        let value = x.each_ref().map(|column| column[k]);
        subtract(&factors.above, k, value, x);
    }
}

/// A part of the unknowns: its range, its own elements of each right-hand side, and what it adds to shared ones.
type Piece<'a, T, const W: usize> = (Range<usize>, [&'a mut [T]; W], Option<&'a mut [Vec<T>; W]>);

/// Calls `work` for every part with its own rows of each right-hand side and its `shared` vectors.
fn each_part<T: Scalar, const W: usize>(
    parts: &Parts,
    x: &mut [&mut [T]; W],
    shared: Option<&mut [[Vec<T>; W]; PARTS]>,
    parallel: bool,
    work: impl Fn(Range<usize>, &mut [&mut [T]; W], Option<&mut [Vec<T>; W]>) + Sync,
) {
    let mut rest = x.each_mut().map(|column| &mut column[parts.start..]);
    let mut shared = shared.map(|all| all.iter_mut());
    let mut pieces = Vec::with_capacity(PARTS);
    for part in 0..PARTS {
        let range = parts.range(part);
        let mut later: [&mut [T]; W] = from_fn(|_| Default::default());
        let own = from_fn(|w| {
            let (own, after) = std::mem::take(&mut rest[w]).split_at_mut(range.len());
            later[w] = after;
            own
        });
        rest = later;
        pieces.push((range, own, shared.as_mut().and_then(Iterator::next)));
    }
    let run = |(range, mut own, shared): Piece<'_, T, W>| work(range, &mut own, shared);
    if parallel {
        pieces.into_par_iter().for_each(run);
    } else {
        pieces.into_iter().for_each(run);
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
