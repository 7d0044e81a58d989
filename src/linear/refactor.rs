//! Refactorisation on kept pivots: no search, no allocation.
//!
//! Both factors have ascending rows, which is a topological order of the updates. Neighbouring columns of L with the same
//! rows below them (supernodes) act on a column together, and where those rows are consecutive as a dense slice.

use super::analyse::Analysis;
use super::factor::{Factors, is_cancelled};
use super::lu::LuOptions;
use super::scalar::Scalar;
use super::sparse::Columns;

/// Fewer consecutive rows than this at the end of a column are not worth a slice.
const DENSE_ROWS: usize = 8;

/// How the columns of L act on each other.
#[derive(Clone, Debug, Default)]
pub(super) struct Schedule {
    /// Where the segments of each column start, and the end of the last.
    ptr: Vec<usize>,
    /// Entries of a column of U whose columns of L belong to one supernode.
    segments: Vec<Segment>,
    /// Number of entries of each column of L before the consecutive rows at its end.
    scattered: Vec<u32>,
}

/// Neighbouring columns of L.
#[derive(Clone, Copy, Debug)]
struct Segment {
    first: u32,
    len: u32,
}

impl Schedule {
    /// Plans the updates from sorted factors.
    pub fn new<T: Scalar>(l: &Columns<T>, u: &Columns<T>) -> Self {
        let n = l.ptr.len() - 1;
        let rows = |col: usize| &l.idx[l.ptr[col]..l.ptr[col + 1]];
        let joins_next = |col: usize| {
            rows(col).split_first().is_some_and(|(&row, rest)| row as usize == col + 1 && rest == rows(col + 1))
        };
        let joins_next: Vec<bool> = (0..n).map(joins_next).collect();
        let mut schedule = Self { ptr: vec![0], ..Self::default() };
        for col in 0..n {
            let start = schedule.segments.len();
            for &row in &u.idx[u.ptr[col]..u.ptr[col + 1]] {
                match schedule.segments[start..].last_mut() {
                    Some(last) if last.first + last.len == row && joins_next[row as usize - 1] => last.len += 1,
                    _ => schedule.segments.push(Segment { first: row, len: 1 }),
                }
            }
            schedule.ptr.push(schedule.segments.len());

            let rows = rows(col);
            let breaks = |pair: &[u32]| pair[0] + 1 != pair[1];
            let scattered = rows.windows(2).rposition(breaks).map_or(0, |place| place + 1);
            let dense = rows.len() - scattered >= DENSE_ROWS;
            schedule.scattered.push(if dense { scattered } else { rows.len() } as u32);
        }
        schedule
    }
}

/// Computes the values of the factors on the kept pivots; false when a pivot does not serve any more or a value is not
/// finite, in which case the factors are of no use.
pub(super) fn refactor<T: Scalar>(
    analysis: &Analysis,
    options: &LuOptions,
    factors: &mut Factors<T>,
    values: &[T],
) -> bool {
    let served = refactor_columns(analysis, options, factors, values);
    if !served {
        factors.work.fill(T::ZERO);
    }
    served
}

fn refactor_columns<T: Scalar>(
    analysis: &Analysis,
    options: &LuOptions,
    factors: &mut Factors<T>,
    values: &[T],
) -> bool {
    let Factors { l, u, above, inverse_pivot, growth, entry_row, entry_scale, above_scale, schedule, work, .. } =
        factors;
    // Stays zero unless a value is not finite.
    let mut not_finite = 0.0;
    for ((target, &slot), &scale) in above.val.iter_mut().zip(&analysis.above.slot).zip(above_scale.iter()) {
        *target = values[slot as usize].scaled(scale);
        not_finite += target.magnitude() * 0.0;
    }

    *growth = 0.0;
    for k in 0..inverse_pivot.len() {
        let entries = analysis.diagonal.ptr[k]..analysis.diagonal.ptr[k + 1];
        let slots = &analysis.diagonal.slot[entries.clone()];
        for ((&slot, &row), &scale) in slots.iter().zip(&entry_row[entries.clone()]).zip(&entry_scale[entries]) {
            let value = values[slot as usize].scaled(scale);
            not_finite += value.magnitude() * 0.0;
            work[row as usize] = value;
        }
        let before = work[k].magnitude();

        let mut target = &mut u.val[u.ptr[k]..u.ptr[k + 1]];
        for &segment in &schedule.segments[schedule.ptr[k]..schedule.ptr[k + 1]] {
            let (here, rest) = target.split_at_mut(segment.len as usize);
            update(l, schedule, segment, here, work);
            target = rest;
        }

        let pivot = std::mem::replace(&mut work[k], T::ZERO);
        let inverse = pivot.recip();
        let column = l.ptr[k]..l.ptr[k + 1];
        let mut largest = 0.0f64;
        for (target, &row) in l.val[column.clone()].iter_mut().zip(&l.idx[column]) {
            let value = std::mem::replace(&mut work[row as usize], T::ZERO);
            largest = largest.max(value.magnitude());
            *target = value * inverse;
        }
        let size = pivot.magnitude();
        if is_cancelled(size, before) || size < options.keep_tolerance * largest || !inverse.is_finite() {
            return false;
        }
        inverse_pivot[k] = inverse;
        *growth = growth.max(largest / size);
    }
    not_finite == 0.0
}

/// Subtracts from the dense column `x` what a segment of L contributes; its factors go into the column of U.
#[inline(always)]
fn update<T: Scalar>(l: &Columns<T>, schedule: &Schedule, segment: Segment, target: &mut [T], x: &mut [T]) {
    let (first, len) = (segment.first as usize, segment.len as usize);
    let last = first + len - 1;
    let (rows, values) = l.column(last);
    let scattered = schedule.scattered[last] as usize;
    if let [target] = target {
        *target = std::mem::replace(&mut x[first], T::ZERO);
        subtract(x, rows, scattered, [values], [*target]);
        return;
    }

    // The triangle within the segment, then the rows common to its columns.
    let triangle = &mut x[first..=last];
    for k in 0..len {
        let factor = std::mem::replace(&mut triangle[k], T::ZERO);
        target[k] = factor;
        let start = l.ptr[first + k];
        let below = &mut triangle[k + 1..];
        for (x, &value) in below.iter_mut().zip(&l.val[start..]) {
            *x -= value * factor;
        }
    }
    let common = |col: usize| &l.val[l.ptr[col + 1] - rows.len()..l.ptr[col + 1]];
    let mut col = first;
    let mut fours = target.chunks_exact(4);
    for four in &mut fours {
        let columns = [common(col), common(col + 1), common(col + 2), common(col + 3)];
        subtract(x, rows, scattered, columns, [four[0], four[1], four[2], four[3]]);
        col += 4;
    }
    match *fours.remainder() {
        [a, b, c] => subtract(x, rows, scattered, [common(col), common(col + 1), common(col + 2)], [a, b, c]),
        [a, b] => subtract(x, rows, scattered, [common(col), common(col + 1)], [a, b]),
        [a] => subtract(x, rows, scattered, [common(col)], [a]),
        _ => {}
    }
}

/// Subtracts columns that share their rows, each times its factor; the rows after the first `scattered` are consecutive.
#[inline(always)]
fn subtract<T: Scalar, const C: usize>(
    x: &mut [T],
    rows: &[u32],
    scattered: usize,
    columns: [&[T]; C],
    factors: [T; C],
) {
    let (rows, dense_rows) = rows.split_at(scattered);
    let head = columns.map(|column| &column[..rows.len()]);
    for (entry, &row) in rows.iter().enumerate() {
        let x = &mut x[row as usize];
        let mut value = *x;
        for (column, &factor) in head.iter().zip(&factors) {
            value -= column[entry] * factor;
        }
        *x = value;
    }
    if let Some(&start) = dense_rows.first() {
        let x = &mut x[start as usize..][..dense_rows.len()];
        let tail = columns.map(|column| &column[scattered..][..x.len()]);
        for (entry, x) in x.iter_mut().enumerate() {
            let mut value = *x;
            for (column, &factor) in tail.iter().zip(&factors) {
                value -= column[entry] * factor;
            }
            *x = value;
        }
    }
}
