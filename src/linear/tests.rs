//! The solver against dense and sparse factorisations of faer, on circuit-like and on hostile matrices.

use faer::linalg::solvers::Solve;
use faer::sparse::{SparseColMat, Triplet};
use faer::{Mat, c64};
use num_complex::Complex;
use proptest::prelude::*;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;

/// Positions and values of a matrix before merging.
#[derive(Clone, Debug)]
struct Stamps {
    n: usize,
    entries: Vec<(usize, usize, f64)>,
}

impl Stamps {
    fn dense(n: usize, rows: &[f64]) -> Self {
        let entries = (0..n * n).map(|k| (k / n, k % n, rows[k])).filter(|entry| entry.2 != 0.0).collect();
        Self { n, entries }
    }

    fn assemble<T: Scalar>(&self, to_value: impl Fn(usize, f64) -> T) -> (Pattern, Vec<T>) {
        let mut builder = PatternBuilder::new(self.n);
        for &(row, col, _) in &self.entries {
            builder.entry(row, col);
        }
        let (pattern, slots) = builder.build();
        // The dummy at the end must not matter.
        let mut values = vec![T::ZERO; pattern.nnz()];
        values.push(T::NAN);
        for (k, (&slot, &(.., value))) in slots.iter().zip(&self.entries).enumerate() {
            values[slot as usize] += to_value(k, value);
        }
        (pattern, values)
    }

    fn real(&self) -> (Pattern, Vec<f64>) {
        self.assemble(|_, value| value)
    }

    /// A resistive network with floating voltage sources, controlled sources and a unidirectional coupling.
    fn circuit(rng: &mut impl Rng, nodes: usize, sources: usize) -> Self {
        let mut entries = Vec::new();
        let mut conductance = |a: Option<usize>, b: Option<usize>, g: f64| {
            for (row, col, sign) in [(a, a, 1.0), (b, b, 1.0), (a, b, -1.0), (b, a, -1.0)] {
                if let (Some(row), Some(col)) = (row, col) {
                    entries.push((row, col, sign * g));
                }
            }
        };
        for node in 0..nodes {
            let spread = 10f64.powf(rng.random_range(-6.0..0.0));
            conductance(Some(node), node.checked_sub(1), spread);
            conductance(Some(node), Some(rng.random_range(0..nodes)), spread * 0.3);
            if rng.random_bool(0.3) {
                conductance(Some(node), None, spread);
            }
        }
        for branch in nodes..nodes + sources {
            // Sources along a chain of distinct node pairs never form a loop.
            let (a, b) = (2 * (branch - nodes), 2 * (branch - nodes) + 1);
            entries.extend([(a, branch, 1.0), (b, branch, -1.0), (branch, a, 1.0), (branch, b, -1.0)]);
        }
        for _ in 0..nodes / 3 {
            let (row, col) = (rng.random_range(0..nodes), rng.random_range(0..nodes));
            entries.push((row, col, 1e-3 * rng.random_range(-1.0..1.0)));
        }
        Self { n: nodes + sources, entries }
    }

    /// The same equations and unknowns in another order.
    fn shuffled(mut self, rng: &mut impl Rng) -> Self {
        let mut shuffle = || {
            let mut perm: Vec<usize> = (0..self.n).collect();
            for k in (1..self.n).rev() {
                perm.swap(k, rng.random_range(0..=k));
            }
            perm
        };
        let (rows, cols) = (shuffle(), shuffle());
        for (row, col, _) in &mut self.entries {
            (*row, *col) = (rows[*row], cols[*col]);
        }
        self
    }
}

fn multiply<T: Scalar>(pattern: &Pattern, values: &[T], x: &[T], transposed: bool) -> Vec<T> {
    let mut y = vec![T::ZERO; pattern.n()];
    for col in 0..pattern.n() {
        for (&row, &value) in pattern.column(col).iter().zip(&values[pattern.col_ptr()[col]..]) {
            let (to, from) = if transposed { (col, row as usize) } else { (row as usize, col) };
            y[to] += value * x[from];
        }
    }
    y
}

/// Largest residual relative to the largest sum of an equation's terms: the size of the perturbation of the matrix and
/// the right-hand side that `x` solves exactly (Rigal and Gaches).
fn backward_error<T: Scalar>(pattern: &Pattern, values: &[T], x: &[T], b: &[T], transposed: bool) -> f64 {
    let sizes = |v: &[T]| v.iter().map(|v| v.magnitude()).collect::<Vec<f64>>();
    let terms = multiply(pattern, &sizes(&values[..pattern.nnz()]), &sizes(x), transposed);
    let product = multiply(pattern, values, x, transposed);
    let size = terms.iter().zip(b).map(|(terms, b)| terms + b.magnitude()).fold(f64::MIN_POSITIVE, f64::max);
    product.iter().zip(b).map(|(&product, &b)| (product - b).magnitude() / size).fold(0.0, f64::max)
}

fn random_vector(rng: &mut impl Rng, n: usize) -> Vec<f64> {
    (0..n).map(|_| rng.random_range(-1.0..1.0)).collect()
}

fn check_solutions(lu: &Lu<f64>, pattern: &Pattern, values: &[f64], rng: &mut impl Rng, tolerance: f64) {
    let b = random_vector(rng, pattern.n());
    for transposed in [false, true] {
        let mut x = b.clone();
        if transposed {
            lu.solve_transposed_in_place(&mut x);
        } else {
            lu.solve_in_place(&mut x);
        }
        let error = backward_error(pattern, values, &x, &b, transposed);
        assert!(error < tolerance, "backward error {error:e}, transposed {transposed}");
    }
}

fn dense(pattern: &Pattern, values: &[f64]) -> Mat<f64> {
    let slot = |row, col| pattern.slot(row, col).map_or(0.0, |slot| values[slot]);
    Mat::from_fn(pattern.n(), pattern.n(), slot)
}

fn sparse(pattern: &Pattern, values: &[f64]) -> SparseColMat<usize, f64> {
    let triplets: Vec<_> = (0..pattern.n())
        .flat_map(|col| (pattern.col_ptr()[col]..pattern.col_ptr()[col + 1]).map(move |slot| (col, slot)))
        .map(|(col, slot)| Triplet::new(pattern.row_idx()[slot] as usize, col, values[slot]))
        .collect();
    SparseColMat::try_new_from_triplets(pattern.n(), pattern.n(), &triplets).unwrap()
}

#[test]
fn no_unknowns() {
    let (pattern, _) = PatternBuilder::new(0).build();
    let mut lu = Lu::<f64>::new(&pattern).unwrap();
    assert_eq!(lu.refactor(&[f64::NAN]), Ok(Refactor::Repivoted));
    assert_eq!(lu.refactor(&[]), Ok(Refactor::Kept));
    lu.solve_in_place(&mut []);
    lu.solve_many(&mut [], 7);
    assert_eq!(lu.stats().blocks, 0);
}

#[test]
fn one_unknown() {
    let (pattern, values) = Stamps::dense(1, &[4.0]).real();
    let mut lu = Lu::new(&pattern).unwrap();
    let mut b = [2.0];
    lu.solve_in_place(&mut b);
    assert!(b[0].is_nan(), "no factors yet");
    lu.factor(&values).unwrap();
    let mut b = [2.0, 3.0, 4.0, 5.0, 6.0];
    lu.solve_many(&mut b, 5);
    assert_eq!(b, [0.5, 0.75, 1.0, 1.25, 1.5]);
    assert_eq!(lu.factor(&[0.0]), Err(Singular { column: 0, row: Some(0) }));
    let mut b = [2.0];
    lu.solve_in_place(&mut b);
    assert!(b[0].is_nan(), "the factors are gone");
}

#[test]
fn structurally_singular() {
    let (pattern, _) = Stamps::dense(3, &[1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 2.0]).real();
    assert_eq!(Lu::<f64>::new(&pattern).unwrap_err(), Singular { column: 1, row: Some(1) });
}

#[test]
fn numerically_singular() {
    // Two nodes joined by a resistor and connected to nothing else, beside a regular one.
    for g in [1.0, 0.1, 3.3e-7, 1e9] {
        let floating = Stamps::dense(3, &[g, -g, 0.0, -g, g, 0.0, 0.0, 0.0, 1.0]);
        let (pattern, values) = floating.real();
        let mut lu = Lu::new(&pattern).unwrap();
        let error = lu.factor(&values).unwrap_err();
        assert!(error.column < 2 && error.row.is_some_and(|row| row < 2), "{error:?}");
    }
    // A floating ring, where rounding leaves a pivot that is not exactly zero.
    let mut ring = Stamps { n: 5, entries: Vec::new() };
    for (a, g) in [0.1, 0.7, 0.3, 1.1, 0.9].into_iter().enumerate() {
        let b = (a + 1) % 5;
        ring.entries.extend([(a, a, g), (b, b, g), (a, b, -g), (b, a, -g)]);
    }
    let (pattern, values) = ring.real();
    assert!(Lu::new(&pattern).unwrap().factor(&values).is_err());
    // The least leak that doubles can tell from nothing makes it regular.
    ring.entries.push((2, 2, 1e-12));
    let (pattern, values) = ring.real();
    assert_eq!(Lu::new(&pattern).unwrap().factor(&values), Ok(()));
}

#[test]
fn values_that_are_not_finite() {
    let stamps = Stamps::circuit(&mut ChaCha8Rng::seed_from_u64(1), 20, 3);
    let (pattern, values) = stamps.real();
    let mut lu = Lu::new(&pattern).unwrap();
    lu.factor(&values).unwrap();
    for bad in [f64::NAN, f64::INFINITY] {
        for slot in 0..pattern.nnz() {
            let mut poisoned = values.clone();
            poisoned[slot] = bad;
            let error = lu.refactor(&poisoned).unwrap_err();
            assert!(pattern.col_ptr()[error.column..error.column + 2].windows(2).all(|c| (c[0]..c[1]).contains(&slot)));
            assert_eq!(error.row, Some(pattern.row_idx()[slot] as usize));
            assert_eq!(lu.refactor(&values), Ok(Refactor::Repivoted));
            assert_eq!(lu.refactor(&poisoned), Err(error));
            assert_eq!(lu.refactor(&values), Ok(Refactor::Repivoted));
        }
    }
}

#[test]
fn falls_back_when_a_pivot_fades() {
    let (pattern, values) = Stamps::dense(2, &[4.0, 1.0, 1.0, 3.0]).real();
    let mut lu = Lu::new(&pattern).unwrap();
    assert_eq!(lu.refactor(&values), Ok(Refactor::Repivoted));
    assert_eq!(lu.refactor(&values), Ok(Refactor::Kept));
    for faded in [0.0, 1e-9] {
        lu.factor(&values).unwrap();
        let values = [faded, 1.0, 1.0, 3.0];
        let expected = if lu.stats().growth == 0.25 { Refactor::Repivoted } else { Refactor::Kept };
        assert_eq!(lu.refactor(&values), Ok(expected));
        check_solutions(&lu, &pattern, &values, &mut ChaCha8Rng::seed_from_u64(2), 1e-14);
        // Whichever diagonal is the first pivot, one of the two fades.
        lu.factor(&[4.0, 1.0, 1.0, 3.0]).unwrap();
        let both = [faded, 1.0, 1.0, faded];
        assert_eq!(lu.refactor(&both), Ok(Refactor::Repivoted));
        check_solutions(&lu, &pattern, &both, &mut ChaCha8Rng::seed_from_u64(2), 1e-14);
        assert_eq!(lu.refactor(&both), Ok(Refactor::Kept));
    }
}

#[test]
fn tolerances_decide_the_pivots() {
    let (pattern, values) = Stamps::dense(2, &[1e-2, 1.0, 1.0, 1e-2]).real();
    let mut lu = Lu::new(&pattern).unwrap();
    lu.factor(&values).unwrap();
    assert_eq!(lu.stats().growth, 100.0);
    let options = LuOptions { pivot_tolerance: 0.1, keep_tolerance: 0.0, scale_rows: false };
    let mut lu = Lu::with_options(&pattern, options).unwrap();
    lu.factor(&values).unwrap();
    assert_eq!(lu.stats().growth, 1.0);
}

#[test]
fn tridiagonal_counts() {
    let n = 50;
    let mut stamps = Stamps { n, entries: (0..n).map(|k| (k, k, 4.0)).collect() };
    stamps.entries.extend((1..n).flat_map(|k| [(k, k - 1, -1.0), (k - 1, k, -1.0)]));
    let (pattern, values) = stamps.real();
    let mut lu = Lu::new(&pattern).unwrap();
    lu.factor(&values).unwrap();
    let stats = lu.stats();
    assert_eq!((stats.nnz_l, stats.nnz_u), (n - 1, 2 * n - 1), "a tree has no fill-in");
    assert_eq!((stats.blocks, stats.largest_block, stats.nnz_above), (1, n, 0));
    assert_eq!(stats.flops, (2 * (n - 1) + 2 * n - 1) as f64);
}

#[test]
fn triangular_matrix_is_not_factored() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let n = 60;
    let mut stamps = Stamps { n, entries: (0..n).map(|k| (k, k, 1.0 + k as f64)).collect() };
    stamps.entries.extend((0..200).map(|_| {
        let (a, b) = (rng.random_range(0..n), rng.random_range(0..n));
        (a.max(b), a.min(b), 0.5)
    }));
    let stamps = stamps.shuffled(&mut rng);
    let (pattern, mut values) = stamps.real();
    let mut lu = Lu::new(&pattern).unwrap();
    lu.factor(&values).unwrap();
    let stats = lu.stats();
    assert_eq!((stats.blocks, stats.largest_block, stats.nnz_l, stats.nnz_u), (n, 1, 0, n));
    assert_eq!(stats.nnz_above, pattern.nnz() - n);
    check_solutions(&lu, &pattern, &values, &mut rng, 1e-14);
    values.iter_mut().for_each(|value| *value *= 1.5);
    assert_eq!(lu.refactor(&values), Ok(Refactor::Kept));
    check_solutions(&lu, &pattern, &values, &mut rng, 1e-14);
}

/// A square grid fills in enough for supernodes with dense ends of every width.
#[test]
fn grid_agrees_with_faer_sparse() {
    check_grid(40, 0.01, 40_000, 1);
}

/// A grid large enough to be taken by independent parts, which its strong diagonal keeps apart.
#[test]
fn large_grid_agrees_with_faer_sparse() {
    check_grid(60, 100.0, 110_000, 4);
}

fn check_grid(side: usize, ground: f64, most_entries: usize, parts: usize) {
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let mut stamps = Stamps { n: side * side, entries: Vec::new() };
    for node in 0..side * side {
        stamps.entries.push((node, node, ground));
        let neighbours = [(node % side + 1 < side, node + 1), (node / side + 1 < side, node + side)];
        for (_, other) in neighbours.into_iter().filter(|neighbour| neighbour.0) {
            let g = 10f64.powf(rng.random_range(-2.0..2.0));
            stamps.entries.extend([(node, node, g), (other, other, g), (node, other, -g), (other, node, -1.1 * g)]);
        }
    }
    let (pattern, mut values) = stamps.real();
    let mut lu = Lu::new(&pattern).unwrap();
    lu.factor(&values).unwrap();
    assert!(lu.stats().nnz_l < most_entries, "fill-in of the ordering: {:?}", lu.stats());
    assert_eq!(lu.stats().parts, parts);
    for round in 0..3 {
        let b = random_vector(&mut rng, pattern.n());
        let mut x = b.clone();
        lu.solve_in_place(&mut x);
        let expected = sparse(&pattern, &values).sp_lu().unwrap().solve(Mat::from_fn(x.len(), 1, |row, _| b[row]));
        let size = x.iter().map(|x| x.abs()).fold(0.0, f64::max);
        for (row, x) in x.iter().enumerate() {
            assert!((x - expected[(row, 0)]).abs() < 1e-9 * size, "round {round}, row {row}");
        }
        check_solutions(&lu, &pattern, &values, &mut rng, 1e-12);
        values.iter_mut().for_each(|value| *value *= rng.random_range(0.9..1.1));
        assert_eq!(lu.refactor(&values), Ok(Refactor::Kept));
    }
}

proptest! {
    #[test]
    fn circuits_agree_with_faer_dense(seed: u64, nodes in 8usize..40, sources in 0usize..4) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let stamps = Stamps::circuit(&mut rng, nodes, sources);
        let stamps = if seed % 2 == 0 { stamps } else { stamps.shuffled(&mut rng) };
        let (pattern, values) = stamps.real();
        let n = pattern.n();
        // A network without a path to ground is singular by nature: only regular ones are compared.
        let inverse = dense(&pattern, &values).full_piv_lu().solve(Mat::<f64>::identity(n, n));
        let condition = inverse.norm_max() * values[..pattern.nnz()].iter().fold(0.0, |m: f64, v| m.max(v.abs()));
        prop_assume!(condition < 1e9);
        // The default tolerance lets a few small pivots in a row cost more digits than an oracle should allow.
        let options = LuOptions { pivot_tolerance: 0.1, ..LuOptions::default() };
        let mut lu = Lu::with_options(&pattern, options).unwrap();
        lu.factor(&values).unwrap();
        check_solutions(&lu, &pattern, &values, &mut rng, 1e-11);
        for col in 0..n {
            let mut x = vec![0.0; n];
            x[col] = 1.0;
            lu.solve_in_place(&mut x);
            for row in 0..n {
                let error = (x[row] - inverse[(row, col)]).abs();
                prop_assert!(error < 1e-11 * condition * inverse.norm_max() + 1e-300, "{row} {col} {error:e}");
            }
        }
    }

    #[test]
    fn refactor_equals_factor(seed: u64, nodes in 8usize..60, sources in 0usize..4) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let stamps = Stamps::circuit(&mut rng, nodes, sources);
        let (pattern, mut values) = stamps.real();
        let mut lu = Lu::new(&pattern).unwrap();
        prop_assume!(lu.factor(&values).is_ok());
        for _ in 0..4 {
            values.iter_mut().for_each(|value| *value *= 10f64.powf(rng.random_range(-0.1..0.1)));
            let mut fresh = Lu::new(&pattern).unwrap();
            let (kept, full) = (lu.refactor(&values), fresh.factor(&values));
            prop_assert_eq!(kept.is_ok(), full.is_ok());
            prop_assume!(full.is_ok() && fresh.stats().growth < 1e4 && lu.stats().growth < 1e4);
            check_solutions(&lu, &pattern, &values, &mut rng, 1e-7);
            check_solutions(&fresh, &pattern, &values, &mut rng, 1e-7);
        }
    }

    #[test]
    fn random_matrices(seed: u64, n in 1usize..40, degree in 1usize..6, scale_rows: bool) {
        // Zero and tiny diagonals, rows of very different size, several blocks.
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        // Without scaling, rows of different size would decide the pivots.
        let decades = if scale_rows { 9.0 } else { 0.1 };
        let row_size: Vec<f64> = (0..n).map(|_| 10f64.powf(rng.random_range(-decades..decades))).collect();
        let mut stamps = Stamps { n, entries: Vec::new() };
        for (row, &size) in row_size.iter().enumerate() {
            for _ in 0..degree {
                stamps.entries.push((row, rng.random_range(0..n), size * rng.random_range(-1.0..1.0)));
            }
            stamps.entries.push((row, (row + 1) % n, size));
        }
        let (pattern, values) = stamps.real();
        let options = LuOptions { scale_rows, pivot_tolerance: 0.1, ..LuOptions::default() };
        let mut lu = Lu::with_options(&pattern, options).unwrap();
        prop_assume!(lu.factor(&values).is_ok());
        let b: Vec<f64> = row_size.iter().map(|size| size * rng.random_range(-1.0..1.0)).collect();
        let mut x = b.clone();
        lu.solve_in_place(&mut x);
        let product = multiply(&pattern, &values, &x, false);
        let size = x.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
        for row in 0..n {
            prop_assert!((product[row] - b[row]).abs() < 1e-10 * row_size[row] * (size + 1.0));
        }
    }

    #[test]
    fn small_integer_matrices_are_regular_when_their_determinant_is_not_zero(
        n in 1usize..6, cells in prop::collection::vec(prop_oneof![3 => Just(0i64), 4 => -3i64..4], 25),
    ) {
        let at = |row: usize, col: usize| cells[row * 5 + col];
        let determinant = bareiss((0..n).map(|row| (0..n).map(|col| at(row, col)).collect()).collect());
        let rows: Vec<f64> = (0..n * n).map(|k| at(k / n, k % n) as f64).collect();
        let (pattern, values) = Stamps::dense(n, &rows).real();
        let lu = Lu::new(&pattern).and_then(|mut lu| lu.factor(&values).map(|()| lu));
        if determinant != 0 {
            let lu = lu.unwrap();
            let expected: Vec<f64> = (0..n).map(|k| k as f64 - 1.5).collect();
            let mut x = multiply(&pattern, &values, &expected, false);
            lu.solve_in_place(&mut x);
            for k in 0..n {
                prop_assert!((x[k] - expected[k]).abs() < 1e-8);
            }
        } else if let Ok(lu) = lu {
            // Rounding may hide an exact zero, but then the solution is huge.
            let mut x: Vec<f64> = (0..n).map(|k| 1.0 + (k as f64).sqrt()).collect();
            lu.solve_in_place(&mut x);
            prop_assert!(x.iter().any(|x| x.abs() > 1e10));
        }
    }

    #[test]
    fn complex_systems(seed: u64, nodes in 8usize..30, sources in 0usize..4) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let stamps = Stamps::circuit(&mut rng, nodes, sources);
        let phases = random_vector(&mut rng, stamps.entries.len());
        let (pattern, values) = stamps.assemble(|k, value| Complex::from_polar(value, phases[k]));
        let n = pattern.n();
        let mut lu = Lu::new(&pattern).unwrap();
        prop_assume!(lu.factor(&values).is_ok());
        prop_assert_eq!(lu.refactor(&values), Ok(Refactor::Kept));
        let b: Vec<_> = (0..n).map(|k| Complex::new(1.0, k as f64)).collect();
        let mut x = b.clone();
        lu.solve_in_place(&mut x);
        prop_assert!(backward_error(&pattern, &values, &x, &b, false) < 1e-8);
        let slot = |row, col| pattern.slot(row, col).map_or(c64::new(0.0, 0.0), |slot| values[slot]);
        let oracle = Mat::from_fn(n, n, slot).full_piv_lu();
        let expected = oracle.solve(Mat::from_fn(n, 1, |row, _| b[row]));
        let size = x.iter().fold(0.0, |m: f64, x| m.max(x.norm()));
        for row in 0..n {
            prop_assert!((x[row] - expected[(row, 0)]).norm() < 1e-6 * size);
        }
        x.clone_from(&b);
        lu.solve_transposed_in_place(&mut x);
        prop_assert!(backward_error(&pattern, &values, &x, &b, true) < 1e-8);
    }

    #[test]
    fn many_right_hand_sides_equal_single_ones(seed: u64, nodes in 8usize..30, nrhs in 0usize..11) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let (pattern, values) = Stamps::circuit(&mut rng, nodes, 2).real();
        let n = pattern.n();
        let mut lu = Lu::new(&pattern).unwrap();
        prop_assume!(lu.factor(&values).is_ok());
        let b = random_vector(&mut rng, n * nrhs);
        let (mut many, mut many_transposed) = (b.clone(), b.clone());
        lu.solve_many(&mut many, nrhs);
        lu.solve_transposed_many(&mut many_transposed, nrhs);
        for column in 0..nrhs {
            let range = column * n..(column + 1) * n;
            let mut x = b[range.clone()].to_vec();
            lu.solve_in_place(&mut x);
            prop_assert_eq!(&many[range.clone()], &x[..]);
            x.copy_from_slice(&b[range.clone()]);
            lu.solve_transposed_in_place(&mut x);
            prop_assert_eq!(&many_transposed[range], &x[..]);
        }
    }
}

/// Determinant by exact integer elimination.
fn bareiss(mut a: Vec<Vec<i64>>) -> i64 {
    let n = a.len();
    let (mut previous, mut sign) = (1, 1);
    for k in 0..n - 1 {
        let Some(pivot) = (k..n).find(|&row| a[row][k] != 0) else { return 0 };
        if pivot != k {
            a.swap(pivot, k);
            sign = -sign;
        }
        for row in k + 1..n {
            for col in k + 1..n {
                a[row][col] = (a[row][col] * a[k][k] - a[row][k] * a[k][col]) / previous;
            }
        }
        previous = a[k][k];
    }
    sign * a[n - 1][n - 1]
}
