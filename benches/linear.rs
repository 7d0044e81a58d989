//! The sparse solver on the matrices of 1T1R arrays, beside faer's sparse LU with its symbolic part reused.
//!
//! The matrices have the shape of a programming deck: per cell a bit-line node, a cell node, the transistor's internal
//! drain, a source-line node and the memristor state; per column a gate node, a driver node and its branch current.

use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use faer::linalg::solvers::Solve;
use faer::sparse::linalg::solvers::{Lu as FaerLu, SymbolicLu};
use faer::sparse::{SparseColMat, SymbolicSparseColMat};
use faer::{Mat, Par};
use ionspice::linear::{Lu, Pattern, PatternBuilder, Refactor};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The unknowns of a cell.
const BIT: usize = 0;
const CELL: usize = 1;
const DRAIN: usize = 2;
const SOURCE: usize = 3;
const STATE: usize = 4;

struct Array {
    builder: PatternBuilder,
    stamps: Vec<f64>,
    rng: ChaCha8Rng,
}

impl Array {
    fn entry(&mut self, row: usize, col: usize, value: f64) {
        self.builder.entry(row, col);
        self.stamps.push(value);
    }

    /// A conductance around `g` between two nodes.
    fn conductance(&mut self, a: usize, b: usize, g: f64) {
        let g = g * self.rng.random_range(0.5..2.0);
        for (row, col, value) in [(a, a, g), (b, b, g), (a, b, -g), (b, a, -g)] {
            self.entry(row, col, value);
        }
    }
}

/// Pattern and values of a square array with this many rows.
fn array(side: usize) -> (Pattern, Vec<f64>) {
    let cells = side * side;
    let n = 5 * cells + 3 * side;
    let mut array =
        Array { builder: PatternBuilder::new(n), stamps: Vec::new(), rng: ChaCha8Rng::seed_from_u64(side as u64) };
    let node = |kind: usize, row: usize, col: usize| 5 * (row * side + col) + kind;
    for col in 0..side {
        let (gate, driver, branch) = (5 * cells + col, 5 * cells + side + col, 5 * cells + 2 * side + col);
        array.entry(driver, branch, 1.0);
        array.entry(branch, driver, 1.0);
        array.conductance(driver, node(BIT, 0, col), 0.02);
        array.entry(gate, gate, 0.02);
        for row in 0..side {
            let [bit, cell, drain, source, state] = [BIT, CELL, DRAIN, SOURCE, STATE].map(|kind| node(kind, row, col));
            array.conductance(bit, cell, 1e-4);
            for (row, col, value) in [(state, state, 1e-3), (bit, state, 1e-5), (cell, state, -1e-5)] {
                array.entry(row, col, value);
            }
            array.entry(state, bit, 1e-6);
            array.entry(state, cell, -1e-6);
            array.conductance(cell, drain, 0.1);
            array.conductance(drain, source, 1e-3);
            for terminal in [drain, source] {
                array.conductance(gate, terminal, 1e-6);
                array.entry(terminal, gate, if terminal == drain { 1e-3 } else { -1e-3 });
            }
            if row + 1 < side {
                array.conductance(bit, node(BIT, row + 1, col), 2.0);
            }
            if col + 1 < side {
                array.conductance(source, node(SOURCE, row, col + 1), 2.0);
            }
        }
    }
    for row in 0..side {
        let first = node(SOURCE, row, 0);
        array.entry(first, first, if row == side / 2 { 0.1 } else { 1e-9 });
    }
    let (pattern, slots) = array.builder.build();
    let mut values = vec![0.0; pattern.nnz()];
    for (&slot, &stamp) in slots.iter().zip(&array.stamps) {
        values[slot as usize] += stamp;
    }
    (pattern, values)
}

/// Least time of several calls in seconds.
fn least_time(mut work: impl FnMut()) -> f64 {
    let begin = Instant::now();
    let mut least = f64::INFINITY;
    while begin.elapsed() < Duration::from_secs(1) {
        let start = Instant::now();
        work();
        least = least.min(start.elapsed().as_secs_f64());
    }
    least
}

fn linear(criterion: &mut Criterion) {
    faer::set_global_parallelism(Par::Seq);
    let mut group = criterion.benchmark_group("linear");
    group.sample_size(10).measurement_time(Duration::from_secs(1)).warm_up_time(Duration::from_millis(300));
    let mut table = Vec::new();
    for side in [16, 32, 64] {
        let (pattern, values) = array(side);
        let n = pattern.n();
        let mut lu = Lu::new(&pattern).expect("regular pattern");
        lu.factor(&values).expect("regular matrix");
        let mut b = vec![1.0; n];
        group.bench_with_input(BenchmarkId::new("analyse", side), &side, |bencher, _| {
            bencher.iter(|| Lu::<f64>::new(&pattern).map(|lu| lu.n()));
        });
        group.bench_with_input(BenchmarkId::new("factor", side), &side, |bencher, _| {
            bencher.iter(|| lu.factor(&values));
        });
        group.bench_with_input(BenchmarkId::new("refactor", side), &side, |bencher, _| {
            bencher.iter(|| lu.refactor(&values));
        });
        group.bench_with_input(BenchmarkId::new("solve", side), &side, |bencher, _| {
            bencher.iter(|| lu.solve_in_place(&mut b));
        });

        let row_idx: Vec<usize> = pattern.row_idx().iter().map(|&row| row as usize).collect();
        let symbolic = SymbolicSparseColMat::new_checked(n, n, pattern.col_ptr().to_vec(), None, row_idx);
        let matrix = SparseColMat::new(symbolic, values.clone());
        let symbolic = SymbolicLu::try_new(matrix.symbolic()).expect("faer analyses");
        let faer_factor = || FaerLu::try_new_with_symbolic(symbolic.clone(), matrix.as_ref()).expect("faer factors");
        let faer_lu = faer_factor();
        let mut rhs = Mat::from_fn(n, 1, |_, _| 1.0);
        let times = [
            least_time(|| lu.factor(&values).expect("regular matrix")),
            least_time(|| assert_eq!(lu.refactor(&values), Ok(Refactor::Kept))),
            least_time(|| lu.solve_in_place(b.as_mut_slice())),
            least_time(|| drop(faer_factor())),
            least_time(|| faer_lu.solve_in_place(rhs.as_mut())),
        ];
        let mut four = vec![1.0; 4 * n];
        let quarter = least_time(|| lu.solve_many(&mut four, 4)) / 4.0;
        table.push((side, lu.stats(), times, quarter));
    }
    group.finish();
    println!("\nleast times in ms; ratios are faer's time over ours");
    println!("array     n   nnz(L+U)   Mflop    factor  refactor   solve  solve/4 | faer LU  solve | ratios");
    for (side, stats, [factor, refactor, solve, faer_factor, faer_solve], quarter) in table {
        println!(
            "{side:>5} {:>6} {:>9} {:>8.2} {:>8.3} {:>8.3} {:>8.4} {:>8.4} | {:>8.3} {:>7.4} | {:.1} {:.1} {:.1}",
            5 * side * side + 3 * side,
            stats.nnz_l + stats.nnz_u,
            stats.flops * 1e-6,
            factor * 1e3,
            refactor * 1e3,
            solve * 1e3,
            quarter * 1e3,
            faer_factor * 1e3,
            faer_solve * 1e3,
            faer_factor / factor,
            faer_factor / refactor,
            faer_solve / solve,
        );
    }
}

criterion_group!(benches, linear);
criterion_main!(benches);
