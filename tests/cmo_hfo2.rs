//! The `cmo_hfo2` model in a circuit, under the pulses with which the devices were measured, analysed as the measurement was.
//!
//! Ten cycles of 200 set pulses (+2.5 V, 1.5 us) and 200 reset pulses (-2.7 V, 10 us) through 1 kOhm, read at 0.2 V every 500 us;
//! all 20 devices of `models/cmo_hfo2.lib` at once. References: `models/cmo_hfo2/*.csv`.

use std::fs;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use ionspice::analysis::{Options, Probe};
use ionspice::cosim::Session;
use ionspice::netlist;
use rayon::prelude::*;

const CYCLES: usize = 10;
const PULSES: usize = 200;
const PERIOD: f64 = 500e-6;
const EDGE: f64 = 1e-9;
/// Height, V, and width, s, of the set and the reset pulse.
const BRANCHES: [(f64, f64); 2] = [(2.5, 1.5e-6), (-2.7, 10e-6)];

fn root(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Columns of a table by name.
struct Table {
    names: Vec<String>,
    rows: Vec<Vec<f64>>,
}

impl Table {
    /// Reads `models/cmo_hfo2/<name>`, leaving out the first `labels` columns.
    fn read(name: &str, labels: usize) -> Self {
        let text = fs::read_to_string(root("models/cmo_hfo2").join(name)).expect("a table");
        let mut lines = text.lines();
        let names = lines.next().expect("names").split(',').skip(labels).map(str::to_string).collect();
        let number = |field: &str| field.parse().expect("a number");
        Self { names, rows: lines.map(|line| line.split(',').skip(labels).map(number).collect()).collect() }
    }

    fn column(&self, index: usize) -> Vec<f64> {
        self.rows.iter().map(|row| row[index]).collect()
    }
}

/// One device: conductance, S, `[branch][cycle][pulse]`.
type Reads = [Vec<Vec<f64>>; 2];

struct Bench {
    session: Session,
    voltages: Vec<Probe>,
    currents: Vec<Probe>,
}

impl Bench {
    fn new(noise: bool, seed: u64) -> Self {
        let overrides = [("noise".to_string(), f64::from(u8::from(noise)).to_string())];
        let loaded = netlist::load(&root("netlists/acceptance/protocol.cir"), &overrides).expect("the deck");
        let (options, _) = Options::from_settings(&loaded.circuit.options);
        let session = Session::new(Arc::new(loaded.circuit), Options { seed, ..options }).expect("operating point");
        let probes = |text: &dyn Fn(usize) -> String| -> Vec<Probe> {
            (1..=20).map(|k| session.probe_named(&text(k)).expect("a probe")).collect()
        };
        let (voltages, currents) = (probes(&|k| format!("v(d{k})")), probes(&|k| format!("i(y{k})")));
        Self { session, voltages, currents }
    }

    fn drive(&mut self, points: &[(f64, f64)], duration: f64) {
        let source = self.session.element("vp").expect("the source");
        self.session.program(source, points).expect("a program");
        self.session.advance(duration).expect("a transient");
    }

    /// Conductances after 500 us at 0.2 V.
    fn read(&mut self) -> Vec<f64> {
        self.drive(&[(EDGE, 0.2)], PERIOD);
        let pairs = self.currents.iter().zip(&self.voltages);
        pairs.map(|(i, v)| self.session.probe(i) / self.session.probe(v)).collect()
    }

    fn pulse(&mut self, volts: f64, width: f64) {
        self.drive(
            &[(EDGE, 0.0), (2.0 * EDGE, volts), (EDGE + width, volts), (2.0 * EDGE + width, 0.0)],
            3.0 * EDGE + width,
        );
    }

    fn protocol(mut self) -> Vec<Reads> {
        let mut all: Vec<Reads> = vec![[vec![Vec::new(); CYCLES], vec![Vec::new(); CYCLES]]; self.currents.len()];
        for cycle in 0..CYCLES {
            let mut last = self.read();
            for (branch, (volts, width)) in BRANCHES.into_iter().enumerate() {
                for pulse in 0..=PULSES {
                    if pulse > 0 {
                        self.pulse(volts, width);
                        last = self.read();
                    }
                    all.iter_mut().zip(&last).for_each(|(device, g)| device[branch][cycle].push(*g));
                }
            }
        }
        all
    }
}

/// The noise-free protocol, simulated once for all tests.
fn quiet() -> &'static [Reads] {
    static RUN: OnceLock<Vec<Reads>> = OnceLock::new();
    RUN.get_or_init(|| Bench::new(false, 1).protocol())
}

/// Mean over cycles of each branch, one after the other.
fn mean_cycle(device: &Reads) -> Vec<f64> {
    let mean = |branch: &Vec<Vec<f64>>, p: usize| branch.iter().map(|c| c[p]).sum::<f64>() / branch.len() as f64;
    device.iter().flat_map(|branch| (0..=PULSES).map(move |p| mean(branch, p))).collect()
}

fn rms(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = values.len() as f64;
    (values.map(|v| v * v).sum::<f64>() / n).sqrt()
}

/// Least-squares fits of `a + b p - c exp(-z p)`, `b >= 0`, with z scanned over the authors' grid (1/1998 to 1/2).
struct CycleFit {
    bases: Vec<[Vec<f64>; 3]>,
    /// The linear basis function's own share in each basis, to know the sign of b.
    slopes: Vec<f64>,
}

impl CycleFit {
    fn new() -> Self {
        let p: Vec<f64> = (0..=PULSES).map(|p| p as f64).collect();
        let (mut bases, mut slopes) = (Vec::new(), Vec::new());
        for k in 1..1000 {
            let z = f64::from(k) / 1998.0;
            let mut basis: [Vec<f64>; 3] = [vec![1.0; p.len()], p.iter().map(|p| (-z * p).exp()).collect(), p.clone()];
            for column in 0..3 {
                for previous in 0..column {
                    let share = dot(&basis[column], &basis[previous]);
                    let (done, rest) = basis.split_at_mut(column);
                    rest[0].iter_mut().zip(&done[previous]).for_each(|(v, q)| *v -= share * q);
                }
                let norm = dot(&basis[column], &basis[column]).sqrt();
                basis[column].iter_mut().for_each(|v| *v /= norm);
            }
            slopes.push(dot(&basis[2], &p));
            bases.push(basis);
        }
        Self { bases, slopes }
    }

    /// Residuals of the best fit.
    fn residuals(&self, y: &[f64]) -> Vec<f64> {
        let mut best = (f64::INFINITY, Vec::new());
        for (basis, slope) in self.bases.iter().zip(&self.slopes) {
            let mut shares: [f64; 3] = std::array::from_fn(|k| dot(&basis[k], y));
            if shares[2] / slope < 0.0 {
                shares[2] = 0.0;
            }
            let rest: Vec<f64> =
                (0..y.len()).map(|p| y[p] - (0..3).map(|k| shares[k] * basis[k][p]).sum::<f64>()).collect();
            let squares = dot(&rest, &rest);
            if squares < best.0 {
                best = (squares, rest);
            }
        }
        best.1
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Residual sigma and lag-1 autocorrelation of a branch, means over its cycles. Set-like curves in w.
fn fluctuation(fit: &CycleFit, curves: &[Vec<f64>]) -> (f64, f64) {
    let of = |curve: &Vec<f64>| {
        let residuals = fit.residuals(curve);
        let mean = residuals.iter().sum::<f64>() / residuals.len() as f64;
        let d: Vec<f64> = residuals.iter().map(|r| r - mean).collect();
        let variance = dot(&d, &d) / d.len() as f64;
        let n = d.len() - 1;
        (variance.sqrt(), dot(&d[..n], &d[1..]) / n as f64 / variance)
    };
    let all: Vec<(f64, f64)> = curves.iter().map(of).collect();
    let n = all.len() as f64;
    (all.iter().map(|a| a.0).sum::<f64>() / n, all.iter().map(|a| a.1).sum::<f64>() / n)
}

/// Both branches as rising curves of w, with G0 and G1 the means before and after the set pulses.
fn normalised(device: &Reads) -> [Vec<Vec<f64>>; 2] {
    let mean = |p: usize| device[0].iter().map(|c| c[p]).sum::<f64>() / device[0].len() as f64;
    let (g0, g1) = (mean(0), mean(PULSES));
    let w = |g: &f64| (g - g0) / (g1 - g0);
    let set = device[0].iter().map(|c| c.iter().map(w).collect()).collect();
    let reset = device[1].iter().map(|c| c.iter().map(|g| 1.0 - w(g)).collect()).collect();
    [set, reset]
}

#[test]
fn noise_off_reproduces_the_independent_integration() {
    let reference = Table::read("model_mean_cycles_uS.csv", 2);
    let mut worst = 0.0f64;
    for (k, device) in quiet().iter().enumerate() {
        let expected = reference.column(k);
        let span = expected[PULSES] - expected[0];
        let found = mean_cycle(device);
        let largest = found.iter().zip(&expected).map(|(g, e)| (g * 1e6 - e).abs() / span).fold(0.0, f64::max);
        worst = worst.max(largest);
        assert!(largest < 0.005, "{}: {largest} in w", reference.names[k]);
    }
    println!("noise off, against the Runge-Kutta reference: largest difference {worst:.5} in w over 20 devices");
}

#[test]
fn mean_cycles_match_the_measured_ones() {
    let measured = Table::read("mean_cycles_uS.csv", 2);
    let mut all = [Vec::new(), Vec::new()];
    for (k, device) in quiet().iter().enumerate() {
        let expected = measured.column(k);
        let span = expected[PULSES] - expected[0];
        let found = mean_cycle(device);
        for (branch, errors) in all.iter_mut().enumerate() {
            let range = branch * (PULSES + 1)..(branch + 1) * (PULSES + 1);
            let error = rms(range.map(|p| (found[p] * 1e6 - expected[p]) / span));
            assert!(error <= 0.05, "{} branch {branch}: rms {error} in w", measured.names[k]);
            errors.push(error);
        }
    }
    for (name, errors) in ["set", "reset"].iter().zip(&mut all) {
        errors.sort_by(f64::total_cmp);
        println!("mean cycle, {name}: rms in w median {:.3}, worst {:.3}", 0.5 * (errors[9] + errors[10]), errors[19]);
    }
}

#[test]
fn noise_has_the_measured_size_and_memory() {
    let measured = Table::read("noise_figures.csv", 1);
    let fit = CycleFit::new();
    let reads = Bench::new(true, 1).protocol();
    let figures: Vec<[(f64, f64); 2]> =
        reads.par_iter().map(|device| normalised(device).map(|curves| fluctuation(&fit, &curves))).collect();
    let mut ratios = [Vec::new(), Vec::new()];
    for (k, figures) in figures.iter().enumerate() {
        for (branch, (sigma, _)) in figures.iter().enumerate() {
            let ratio = sigma / measured.rows[k][branch];
            ratios[branch].push(ratio);
            assert!((0.75..=1.25).contains(&ratio), "device {k}, branch {branch}: sigma {sigma}, ratio {ratio}");
        }
        let lag1 = 0.5 * (figures[0].1 + figures[1].1);
        assert!((0.25..=0.5).contains(&lag1), "device {k}: lag-1 autocorrelation {lag1}");
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let lags: Vec<f64> = figures.iter().map(|f| 0.5 * (f[0].1 + f[1].1)).collect();
    for (name, ratios) in ["set", "reset"].iter().zip(&ratios) {
        let (low, high) = ratios.iter().fold((f64::INFINITY, 0.0f64), |(l, h), r| (l.min(*r), h.max(*r)));
        println!("sigma {name}, simulated over measured: mean {:.3}, {low:.2} to {high:.2}", mean(ratios));
        assert!((mean(ratios) - 1.0).abs() < 0.06, "the devices together are not biased: {}", mean(ratios));
    }
    let (low, high) = lags.iter().fold((f64::INFINITY, 0.0f64), |(l, h), r| (l.min(*r), h.max(*r)));
    println!("lag-1 autocorrelation: mean {:.3}, {low:.2} to {high:.2}; measured mean 0.39", mean(&lags));
}

#[test]
fn nothing_changes_without_pulses() {
    let mut bench = Bench::new(true, 3);
    bench.pulse(2.5, 1.5e-6);
    let states = |bench: &Bench| -> Vec<(f64, f64)> {
        let probe = |name: String| bench.session.probe(&bench.session.probe_named(&name).expect("a probe"));
        (1..=20).map(|k| (probe(format!("@y{k}[gx]")), probe(format!("@y{k}[n]")))).collect()
    };
    let before = states(&bench);
    bench.drive(&[(EDGE, 0.0)], 1.0);
    assert_eq!(before, states(&bench), "a second at zero volts");
    assert!(before.iter().all(|(_, n)| *n != 0.0), "the pulse wrote noise");
}

#[test]
fn another_seed_gives_other_noise_and_the_same_seed_the_same() {
    let noise = |seed: u64| {
        let mut bench = Bench::new(true, seed);
        bench.pulse(2.5, 1.5e-6);
        bench.read()
    };
    let (first, again, other) = (noise(1), noise(1), noise(2));
    assert_eq!(first, again);
    assert!(first.iter().zip(&other).all(|(a, b)| a != b));
}
