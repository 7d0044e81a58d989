//! Finite eigenvalues of a dense matrix pencil: the `s` for which `G + s C` is singular.
//!
//! `C` of a circuit is singular, and loops of capacitors and voltage sources make infinite eigenvalues of higher index.
//! Eigenvalue methods turn those into large finite ones, so they are taken out first, by elimination: rows and columns of
//! the pencil are combined until what is left of `C` is a regular diagonal matrix. Circuit matrices have exact zeros and
//! exact cancellations, and every entry carries the size of what it was summed from, so that a sum that is nothing but
//! rounding is recognised at any scale.

use faer::Mat;
use num_complex::Complex64;

use super::blocks::BlockForm;
use super::pattern::PatternBuilder;

/// An entry this far below what it was summed from is zero.
const ROUNDING: f64 = 1e-13;
/// Sweeps of the scaling of rows and columns.
const SWEEPS: usize = 4;

/// A square pencil `G + s C`.
#[derive(Clone, Debug)]
pub struct Pencil {
    n: usize,
    g: Entries,
    c: Entries,
}

/// The pencil is singular for every `s`, or its eigenvalues could not be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the determinant is zero at every frequency")]
pub struct Degenerate;

/// A matrix with the size of what each entry was summed from.
#[derive(Clone, Debug)]
struct Entries {
    n: usize,
    value: Vec<f64>,
    mass: Vec<f64>,
}

impl Entries {
    fn new(n: usize) -> Self {
        Self { n, value: vec![0.0; n * n], mass: vec![0.0; n * n] }
    }

    fn add(&mut self, row: usize, column: usize, value: f64) {
        let at = row * self.n + column;
        self.value[at] += value;
        self.mass[at] += value.abs();
        self.clean(at);
    }

    fn clean(&mut self, at: usize) {
        if self.value[at].abs() <= ROUNDING * self.mass[at] {
            self.value[at] = 0.0;
        }
    }

    fn get(&self, row: usize, column: usize) -> f64 {
        self.value[row * self.n + column]
    }

    fn scale(&mut self, at: usize, factor: f64) {
        self.value[at] *= factor;
        self.mass[at] *= factor;
    }

    /// Entry `to` -= `factor` * entry `from`.
    fn subtract(&mut self, to: usize, factor: f64, from: usize) {
        if self.value[from] == 0.0 {
            return;
        }
        self.value[to] -= factor * self.value[from];
        self.mass[to] = self.mass[to].max((factor * self.mass[from]).abs());
        self.clean(to);
    }

    fn subtract_row(&mut self, to: usize, factor: f64, from: usize) {
        for k in 0..self.n {
            self.subtract(to * self.n + k, factor, from * self.n + k);
        }
    }

    fn subtract_column(&mut self, to: usize, factor: f64, from: usize) {
        for k in 0..self.n {
            self.subtract(k * self.n + to, factor, k * self.n + from);
        }
    }

    /// The largest entry among some rows and columns.
    fn largest(&self, rows: &[usize], columns: &[usize]) -> Option<(usize, usize)> {
        let places = rows.iter().flat_map(|&row| columns.iter().map(move |&column| (row, column)));
        let size = |&(row, column): &(usize, usize)| self.get(row, column).abs();
        places.filter(|place| size(place) > 0.0).max_by(|a, b| size(a).total_cmp(&size(b)))
    }
}

/// Takes an index out of a list.
fn remove(list: &mut Vec<usize>, index: usize) {
    list.retain(|&k| k != index);
}

impl Pencil {
    /// A pencil of zeros with `n` rows.
    pub fn new(n: usize) -> Self {
        Self { n, g: Entries::new(n), c: Entries::new(n) }
    }

    /// Adds to `G`.
    pub fn add_g(&mut self, row: usize, column: usize, value: f64) {
        self.g.add(row, column, value);
    }

    /// Adds to `C`.
    pub fn add_c(&mut self, row: usize, column: usize, value: f64) {
        self.c.add(row, column, value);
    }

    /// Makes an equation say that one unknown is zero.
    pub fn fix(&mut self, row: usize, column: usize) {
        for k in 0..self.n {
            for entries in [&mut self.g, &mut self.c] {
                entries.value[row * self.n + k] = 0.0;
                entries.mass[row * self.n + k] = 0.0;
            }
        }
        self.g.add(row, column, 1.0);
    }

    /// Every finite `s` at which the pencil is singular, in ascending order of the real part.
    ///
    /// # Errors
    /// [`Degenerate`] when the pencil is singular at every `s`.
    pub fn eigenvalues(mut self) -> Result<Vec<Complex64>, Degenerate> {
        let unit = self.scale();
        let mut rows: Vec<usize> = (0..self.n).collect();
        let mut columns = rows.clone();
        loop {
            let dynamic = self.diagonalise(&rows, &columns);
            let mut free_rows: Vec<usize> = rows.clone();
            let mut free_columns: Vec<usize> = columns.clone();
            for &(row, column) in &dynamic {
                remove(&mut free_rows, row);
                remove(&mut free_columns, column);
            }
            self.eliminate_static(&mut rows, &mut columns, &mut free_rows, &mut free_columns);
            if free_rows.is_empty() {
                return self.standard(&dynamic, unit);
            }
            self.eliminate_constraints(&mut rows, &mut columns, &free_rows, &free_columns)?;
        }
    }

    /// Scales rows, columns and the unit of `s` to entries near one; returns that unit.
    fn scale(&mut self) -> f64 {
        let n = self.n;
        let logs = |entries: &Entries| {
            let found: Vec<f64> = entries.value.iter().filter(|v| **v != 0.0).map(|v| v.abs().ln()).collect();
            (!found.is_empty()).then(|| found.iter().sum::<f64>() / found.len() as f64)
        };
        let unit = match (logs(&self.g), logs(&self.c)) {
            (Some(g), Some(c)) => (g - c).exp(),
            _ => 1.0,
        };
        (0..n * n).for_each(|at| self.c.scale(at, unit));
        let size = |pencil: &Self, at: usize| pencil.g.value[at].abs().max(pencil.c.value[at].abs());
        for sweep in 0..2 * SWEEPS {
            for line in 0..n {
                let place = |k: usize| if sweep % 2 == 0 { line * n + k } else { k * n + line };
                let largest = (0..n).map(|k| size(self, place(k))).fold(0.0, f64::max);
                if largest > 0.0 {
                    let factor = (-largest.log2().round()).exp2();
                    for k in 0..n {
                        self.g.scale(place(k), factor);
                        self.c.scale(place(k), factor);
                    }
                }
            }
        }
        unit
    }

    fn subtract_row(&mut self, to: usize, factor: f64, from: usize) {
        self.g.subtract_row(to, factor, from);
        self.c.subtract_row(to, factor, from);
    }

    fn subtract_column(&mut self, to: usize, factor: f64, from: usize) {
        self.g.subtract_column(to, factor, from);
        self.c.subtract_column(to, factor, from);
    }

    /// Leaves one entry of `C` at most in every row and column; returns their places.
    fn diagonalise(&mut self, rows: &[usize], columns: &[usize]) -> Vec<(usize, usize)> {
        let (mut open_rows, mut open_columns) = (rows.to_vec(), columns.to_vec());
        let mut found = Vec::new();
        while let Some((row, column)) = self.c.largest(&open_rows, &open_columns) {
            remove(&mut open_rows, row);
            remove(&mut open_columns, column);
            let pivot = self.c.get(row, column);
            for &other in &open_rows {
                let factor = self.c.get(other, column) / pivot;
                if factor != 0.0 {
                    self.subtract_row(other, factor, row);
                    self.c.value[other * self.n + column] = 0.0;
                }
            }
            for &other in &open_columns {
                let factor = self.c.get(row, other) / pivot;
                if factor != 0.0 {
                    self.subtract_column(other, factor, column);
                    self.c.value[row * self.n + other] = 0.0;
                }
            }
            found.push((row, column));
        }
        found
    }

    /// Solves the equations without `s` for the unknowns without `s`, as far as they go.
    fn eliminate_static(
        &mut self,
        rows: &mut Vec<usize>,
        columns: &mut Vec<usize>,
        free_rows: &mut Vec<usize>,
        free_columns: &mut Vec<usize>,
    ) {
        while let Some((row, column)) = self.g.largest(free_rows, free_columns) {
            for list in [&mut *rows, &mut *free_rows] {
                remove(list, row);
            }
            for list in [&mut *columns, &mut *free_columns] {
                remove(list, column);
            }
            let pivot = self.g.get(row, column);
            for &other in rows.iter() {
                let factor = self.g.get(other, column) / pivot;
                if factor != 0.0 {
                    self.g.subtract_row(other, factor, row);
                }
            }
        }
    }

    /// Equations without `s` that remain hold among unknowns with `s`, and unknowns without `s` that remain occur in
    /// equations with `s` only: each takes one of those along.
    fn eliminate_constraints(
        &mut self,
        rows: &mut Vec<usize>,
        columns: &mut Vec<usize>,
        free_rows: &[usize],
        free_columns: &[usize],
    ) -> Result<(), Degenerate> {
        let mut open = free_rows.to_vec();
        while !open.is_empty() {
            let (row, column) = self.g.largest(&open, columns).ok_or(Degenerate)?;
            remove(&mut open, row);
            remove(rows, row);
            remove(columns, column);
            let pivot = self.g.get(row, column);
            for &other in columns.iter() {
                let factor = self.g.get(row, other) / pivot;
                if factor != 0.0 {
                    self.subtract_column(other, factor, column);
                }
            }
        }
        let mut open = free_columns.to_vec();
        while !open.is_empty() {
            let (row, column) = self.g.largest(rows, &open).ok_or(Degenerate)?;
            remove(&mut open, column);
            remove(columns, column);
            remove(rows, row);
            let pivot = self.g.get(row, column);
            for &other in rows.iter() {
                let factor = self.g.get(other, column) / pivot;
                if factor != 0.0 {
                    self.subtract_row(other, factor, row);
                }
            }
        }
        Ok(())
    }

    /// Eigenvalues of what is left, with a diagonal `C` at the places given.
    fn standard(&self, dynamic: &[(usize, usize)], unit: f64) -> Result<Vec<Complex64>, Degenerate> {
        let n = dynamic.len();
        let mut a = vec![0.0; n * n];
        for (i, &(row, column)) in dynamic.iter().enumerate() {
            let pivot = self.c.get(row, column);
            for (j, &(_, other)) in dynamic.iter().enumerate() {
                a[i * n + j] = -self.g.get(row, other) / pivot;
            }
        }
        let mut all = Vec::with_capacity(n);
        for block in blocks(&a, n)? {
            let found = eigenvalues(&a, n, &block)?;
            all.extend(found.into_iter().map(|s| s * unit));
        }
        all.sort_by(|a, b| a.norm().total_cmp(&b.norm()));
        all.iter_mut().take(self.nullity(dynamic)).for_each(|s| *s = Complex64::default());
        for s in &mut all {
            // A pair that is real but for rounding.
            if s.im.abs() <= 1e-12 * s.re.abs() {
                s.im = 0.0;
            }
        }
        all.sort_by(|a, b| a.re.total_cmp(&b.re).then(b.im.total_cmp(&a.im)));
        Ok(all)
    }
}

impl Pencil {
    /// How many independent solutions there are at `s = 0` among the places given: as many eigenvalues are exactly zero, which
    /// the QR algorithm finds to the rounding of the larger ones only.
    fn nullity(&self, dynamic: &[(usize, usize)]) -> usize {
        let mut g = self.g.clone();
        let (mut rows, mut columns): (Vec<usize>, Vec<usize>) = dynamic.iter().copied().unzip();
        while let Some((row, column)) = g.largest(&rows, &columns) {
            remove(&mut rows, row);
            remove(&mut columns, column);
            let pivot = g.get(row, column);
            for &other in &rows {
                let factor = g.get(other, column) / pivot;
                if factor != 0.0 {
                    g.subtract_row(other, factor, row);
                }
            }
        }
        rows.len()
    }
}

/// The diagonal blocks of the block triangular form of a dense matrix: their eigenvalues are those of the matrix.
fn blocks(a: &[f64], n: usize) -> Result<Vec<Vec<usize>>, Degenerate> {
    let mut pattern = PatternBuilder::new(n);
    for i in 0..n {
        for j in 0..n {
            if i == j || a[i * n + j] != 0.0 {
                pattern.entry(i, j);
            }
        }
    }
    let form = BlockForm::new(&pattern.build().0).map_err(|_| Degenerate)?;
    let members = |ends: &[usize]| form.col_perm[ends[0]..ends[1]].iter().map(|&k| k as usize).collect();
    Ok(form.block_ptr.windows(2).map(members).collect())
}

/// Eigenvalues of one diagonal block. Its rows are balanced and put in descending order of their size: the QR algorithm
/// finds the small eigenvalues of a matrix graded downwards to their own rounding, and not to that of the largest.
fn eigenvalues(a: &[f64], n: usize, block: &[usize]) -> Result<Vec<Complex64>, Degenerate> {
    let m = block.len();
    let mut own: Vec<f64> = block.iter().flat_map(|&i| block.iter().map(move |&j| a[i * n + j])).collect();
    balance(&mut own, m);
    let size = |k: usize| own[k * m..(k + 1) * m].iter().fold(0.0, |largest: f64, entry| largest.max(entry.abs()));
    let mut order: Vec<usize> = (0..m).collect();
    order.sort_by(|&i, &j| size(j).total_cmp(&size(i)));
    let graded = Mat::from_fn(m, m, |i, j| own[order[i] * m + order[j]]);
    let found = graded.eigenvalues().map_err(|_| Degenerate)?;
    Ok(found.into_iter().map(|s| Complex64::new(s.re, s.im)).collect())
}

/// Scales a matrix by a similarity to rows and columns of like size (Osborne 1960; Parlett and Reinsch 1969).
fn balance(a: &mut [f64], n: usize) {
    for _ in 0..100 {
        let mut changed = false;
        for k in 0..n {
            let others = || (0..n).filter(move |&j| j != k);
            let row: f64 = others().map(|j| a[k * n + j].abs()).sum();
            let column: f64 = others().map(|j| a[j * n + k].abs()).sum();
            if row == 0.0 || column == 0.0 {
                continue;
            }
            let factor = (0.5 * (row / column).log2()).round().exp2();
            if factor != 1.0 && factor.is_finite() && factor > 0.0 {
                changed = true;
                for j in 0..n {
                    a[k * n + j] /= factor;
                }
                for j in 0..n {
                    a[j * n + k] *= factor;
                }
            }
        }
        if !changed {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pencil(g: &[&[f64]], c: &[&[f64]]) -> Pencil {
        let mut pencil = Pencil::new(g.len());
        for (i, (g, c)) in g.iter().zip(c).enumerate() {
            for (j, (g, c)) in g.iter().zip(*c).enumerate() {
                pencil.add_g(i, j, *g);
                pencil.add_c(i, j, *c);
            }
        }
        pencil
    }

    #[test]
    fn parallel_capacitor_and_source_have_no_pole() {
        // A voltage source with a capacitor across it: index 2.
        let found = pencil(&[&[1e-3, 1.0], &[1.0, 0.0]], &[&[1e-9, 0.0], &[0.0, 0.0]]).eigenvalues();
        assert_eq!(found, Ok(vec![]));
    }

    #[test]
    fn capacitor_loop_has_two_poles() {
        // Three capacitors in a delta between a and b and ground; resistors from a and b to ground.
        let (c1, c2, c3, g1, g2) = (1e-9, 2e-9, 3e-12, 1e-3, 5e-6);
        let found = pencil(&[&[g1, 0.0], &[0.0, g2]], &[&[c1 + c3, -c3], &[-c3, c2 + c3]]).eigenvalues().unwrap();
        let determinant = |s: f64| (g1 + s * (c1 + c3)) * (g2 + s * (c2 + c3)) - s * s * c3 * c3;
        assert_eq!(found.len(), 2);
        for s in found {
            assert!(s.im == 0.0 && determinant(s.re).abs() < 1e-12 * g1 * g2, "{s}");
        }
    }

    #[test]
    fn wide_spread_of_poles() {
        let (g, c) = ([1e-12, 1e-3, 1.0, 1e-6], [1e-6, 1e-9, 1e-15, 1e-12]);
        let mut chain = Pencil::new(4);
        for k in 0..4 {
            chain.add_g(k, k, g[k]);
            chain.add_c(k, k, c[k]);
            if k > 0 {
                chain.add_g(k, k - 1, 0.5 * g[k]);
            }
        }
        let found = chain.eigenvalues().unwrap();
        let mut exact: Vec<f64> = g.iter().zip(c).map(|(g, c)| -g / c).collect();
        exact.sort_by(f64::total_cmp);
        assert_close(&found, &exact);
    }

    fn assert_close(found: &[Complex64], exact: &[f64]) {
        assert_eq!(found.len(), exact.len());
        for (s, exact) in found.iter().zip(exact) {
            assert!((s.re - exact).abs() < 1e-9 * exact.abs() && s.im == 0.0, "{s} {exact}");
        }
    }

    /// A resistor ladder between nodes with capacitors to ground: every unknown acts on every other.
    #[test]
    fn wide_spread_of_coupled_poles() {
        let (ground, c) = ([1e-12, 1e-3, 1.0, 1e-6], [1e-6, 1e-9, 1e-15, 1e-12]);
        // Eigenvalues in 60 digits.
        let ladders = [
            (
                [1e-9, 1e-5, 1e-3],
                [-1001010000998992.0, -1000001007.9830441, -1010000.9000009998, -0.0010009990099018715],
            ),
            (
                [1e-3, 1e-3, 1e-3],
                [-1002000000999002.9, -1000001996.0109771, -2999334.5154886222, -666.481_511_373_646_3],
            ),
        ];
        for (coupling, exact) in ladders {
            let mut ladder = Pencil::new(4);
            for k in 0..4 {
                ladder.add_g(k, k, ground[k]);
                ladder.add_c(k, k, c[k]);
            }
            for (k, g) in coupling.into_iter().enumerate() {
                for (i, j, g) in [(k, k, g), (k + 1, k + 1, g), (k, k + 1, -g), (k + 1, k, -g)] {
                    ladder.add_g(i, j, g);
                }
            }
            assert_close(&ladder.eigenvalues().unwrap(), &exact);
        }
    }

    #[test]
    fn zero_beside_large_poles() {
        // Two nodes without a way to ground but capacitors, one of them 1e-15 F: a pole at zero exactly.
        let (g, c1, c2) = (1.0 / 3.0, 1e-15, 7e-9);
        let found = pencil(&[&[g, -g], &[-g, g]], &[&[c1, 0.0], &[0.0, c2]]).eigenvalues().unwrap();
        let exact = -g / c1 - g / c2;
        assert!((found[0].re - exact).abs() < 1e-9 * exact.abs() && found[1] == Complex64::default(), "{found:?}");
    }

    #[test]
    fn singular_everywhere() {
        assert_eq!(pencil(&[&[1.0, -1.0], &[-1.0, 1.0]], &[&[1.0, -1.0], &[-1.0, 1.0]]).eigenvalues(), Err(Degenerate));
    }

    #[test]
    fn complex_pair() {
        // Series R L C: s^2 + s R/L + 1/(L C).
        let (r, l, c) = (10.0, 1e-3, 1e-6);
        let found = pencil(&[&[0.0, 1.0], &[1.0, -r]], &[&[c, 0.0], &[0.0, -l]]).eigenvalues().unwrap();
        let exact = Complex64::new(-0.5 * r / l, (1.0 / (l * c) - 0.25 * r * r / l / l).sqrt());
        assert!(
            (found[0] - exact).norm() < 1e-9 * exact.norm() && (found[1] - exact.conj()).norm() < 1e-9 * exact.norm()
        );
    }
}
