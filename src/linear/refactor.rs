//! Refactorisation on kept pivots: no search, no allocation.
//!
//! Both factors have ascending rows, which is a topological order of the updates. Neighbouring columns of L with the same
//! rows below them (supernodes) act on a column together, and where those rows are consecutive as a dense slice.

use std::ops::Range;

use rayon::prelude::*;

use super::analyse::{Analysis, Parts};
use super::factor::{Factors, is_cancelled};
use super::lu::LuOptions;
use super::partition::PARTS;
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
/// finite, in which case the factors are of no use. Independent parts are computed side by side; every column is computed in
/// the same way wherever that happens.
pub(super) fn refactor<T: Scalar>(
    analysis: &Analysis,
    options: &LuOptions,
    factors: &mut Factors<T>,
    values: &[T],
) -> bool {
    let served = refactor_columns(analysis, options, factors, values);
    if !served {
        factors.work.iter_mut().for_each(|work| work.fill(T::ZERO));
    }
    served
}

fn refactor_columns<T: Scalar>(
    analysis: &Analysis,
    options: &LuOptions,
    factors: &mut Factors<T>,
    values: &[T],
) -> bool {
    let Factors {
        l, u, above, inverse_pivot, growth, entry_row, entry_scale, above_scale, schedule, parts, work, ..
    } = factors;
    // Stays zero unless a value is not finite.
    let mut not_finite = 0.0;
    for ((target, &slot), &scale) in above.val.iter_mut().zip(&analysis.above.slot).zip(above_scale.iter()) {
        *target = values[slot as usize].scaled(scale);
        not_finite += target.magnitude() * 0.0;
    }
    let n = inverse_pivot.len();
    let plan = Plan {
        analysis,
        options,
        l_ptr: &l.ptr,
        l_idx: &l.idx,
        u_ptr: &u.ptr,
        entry_row,
        entry_scale,
        schedule,
        values,
    };
    let mut store = Store { first: 0, l: &mut l.val, u: &mut u.val, inverse: inverse_pivot };
    let found = match parts {
        None => plan.columns(0..n, &mut store, &mut work[0]),
        Some(parts) => {
            let before = plan.columns(0..parts.start, &mut store, &mut work[0]);
            let inside = plan.parts(parts, &mut store, work);
            let after = plan.columns(parts.top().start..n, &mut store, &mut work[0]);
            before.zip(inside).zip(after).map(|((a, b), c)| a.max(b).max(c))
        }
    };
    *growth = found.unwrap_or(f64::INFINITY);
    found.is_some() && not_finite == 0.0
}

/// What a refactorisation reads.
struct Plan<'a, T> {
    analysis: &'a Analysis,
    options: &'a LuOptions,
    l_ptr: &'a [usize],
    l_idx: &'a [u32],
    u_ptr: &'a [usize],
    entry_row: &'a [u32],
    entry_scale: &'a [f64],
    schedule: &'a Schedule,
    values: &'a [T],
}

/// Values of the columns from `first` on.
struct Store<'a, T> {
    first: usize,
    l: &'a mut [T],
    u: &'a mut [T],
    inverse: &'a mut [T],
}

impl<T: Scalar> Plan<'_, T> {
    /// All parts, in parallel where there are threads.
    fn parts(&self, parts: &Parts, store: &mut Store<T>, work: &mut [Vec<T>]) -> Option<f64> {
        let mut rest = Store {
            first: parts.start,
            l: &mut store.l[self.l_ptr[parts.start]..],
            u: &mut store.u[self.u_ptr[parts.start]..],
            inverse: &mut store.inverse[parts.start..],
        };
        let mut pieces = Vec::with_capacity(PARTS);
        for (part, work) in work.iter_mut().enumerate() {
            let range = parts.range(part);
            let (l, l_rest) = rest.l.split_at_mut(self.l_ptr[range.end] - self.l_ptr[range.start]);
            let (u, u_rest) = rest.u.split_at_mut(self.u_ptr[range.end] - self.u_ptr[range.start]);
            let (inverse, inverse_rest) = rest.inverse.split_at_mut(range.len());
            rest = Store { first: range.end, l: l_rest, u: u_rest, inverse: inverse_rest };
            pieces.push((Store { first: range.start, l, u, inverse }, work, range));
        }
        let columns =
            |(mut store, work, range): (Store<T>, &mut Vec<T>, Range<usize>)| self.columns(range, &mut store, work);
        let larger = |a: Option<f64>, b: Option<f64>| a.zip(b).map(|(a, b)| a.max(b));
        if rayon::current_num_threads() > 1 {
            pieces.into_par_iter().map(columns).reduce(|| Some(0.0), larger)
        } else {
            pieces.into_iter().map(columns).fold(Some(0.0), larger)
        }
    }

    /// The columns of a range, one after the other; the largest entry of L, or nothing when a pivot does not serve.
    fn columns(&self, range: Range<usize>, store: &mut Store<T>, work: &mut [T]) -> Option<f64> {
        let mut growth = 0.0f64;
        // Stays zero unless a value is not finite.
        let mut not_finite = 0.0;
        let (l_base, u_base) = (self.l_ptr[store.first], self.u_ptr[store.first]);
        for k in range {
            let entries = self.analysis.diagonal.ptr[k]..self.analysis.diagonal.ptr[k + 1];
            let slots = &self.analysis.diagonal.slot[entries.clone()];
            let places = self.entry_row[entries.clone()].iter().zip(&self.entry_scale[entries]);
            for (&slot, (&row, &scale)) in slots.iter().zip(places) {
                let value = self.values[slot as usize].scaled(scale);
                not_finite += value.magnitude() * 0.0;
                work[row as usize] = value;
            }
            let before = work[k].magnitude();

            let mut target = &mut store.u[self.u_ptr[k] - u_base..self.u_ptr[k + 1] - u_base];
            for &segment in &self.schedule.segments[self.schedule.ptr[k]..self.schedule.ptr[k + 1]] {
                let (here, rest) = target.split_at_mut(segment.len as usize);
                self.update(store.l, l_base, segment, here, work);
                target = rest;
            }

            let pivot = std::mem::replace(&mut work[k], T::ZERO);
            let inverse = pivot.recip();
            let column = self.l_ptr[k]..self.l_ptr[k + 1];
            let mut largest = 0.0f64;
            let values = &mut store.l[column.start - l_base..column.end - l_base];
            for (target, &row) in values.iter_mut().zip(&self.l_idx[column]) {
                let value = std::mem::replace(&mut work[row as usize], T::ZERO);
                largest = largest.max(value.magnitude());
                *target = value * inverse;
            }
            let size = pivot.magnitude();
            if is_cancelled(size, before) || size < self.options.keep_tolerance * largest || !inverse.is_finite() {
                return None;
            }
            store.inverse[k - store.first] = inverse;
            growth = growth.max(largest / size);
        }
        (not_finite == 0.0).then_some(growth)
    }

    /// Subtracts from the dense column `x` what a segment of L contributes; its factors go into the column of U. `values` are
    /// those of L from `base` on.
    #[inline(always)]
    fn update(&self, values: &[T], base: usize, segment: Segment, target: &mut [T], x: &mut [T]) {
        let (first, len) = (segment.first as usize, segment.len as usize);
        let last = first + len - 1;
        let rows = &self.l_idx[self.l_ptr[last]..self.l_ptr[last + 1]];
        let common = |col: usize| &values[self.l_ptr[col + 1] - rows.len() - base..self.l_ptr[col + 1] - base];
        let scattered = self.schedule.scattered[last] as usize;
        if let [target] = target {
            *target = std::mem::replace(&mut x[first], T::ZERO);
            subtract(x, rows, scattered, [common(last)], [*target]);
            return;
        }

        // The triangle within the segment, then the rows common to its columns.
        let triangle = &mut x[first..=last];
        for k in 0..len {
            let factor = std::mem::replace(&mut triangle[k], T::ZERO);
            target[k] = factor;
            let start = self.l_ptr[first + k] - base;
            let below = &mut triangle[k + 1..];
            for (x, &value) in below.iter_mut().zip(&values[start..]) {
                *x -= value * factor;
            }
        }
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
