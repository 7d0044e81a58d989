//! `ionspice fit`: parameters come back from synthetic noisy data of each model, and the derivatives agree with differences.
//!
//! The decks in `tests/data/fit` hold the truth in their cards; `start=` is where the search begins. The full acceptance run is
//!
//!     cargo test --release --test fit -- --ignored --nocapture

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use ionspice::devices::memristor::noise::{normal, stream};
use ionspice::fit::{DataFile, Fit, Problem, SearchSettings, fit};
use ionspice::netlist::Parsed;
use rayon::prelude::*;

/// A deck and the stimulus columns of its data.
struct Bench {
    name: &'static str,
    headings: &'static str,
    measured: &'static str,
    rows: fn() -> Vec<Vec<f64>>,
}

/// `count` times over `stop`, with the drive at each.
fn driven(stop: f64, count: usize, drive: fn(f64) -> f64) -> Vec<Vec<f64>> {
    (0..=count).map(|k| stop * k as f64 / count as f64).map(|t| vec![t, drive(t)]).collect()
}

fn sine(t: f64, amplitude: f64, frequency: f64) -> f64 {
    amplitude * (std::f64::consts::TAU * frequency * t).sin()
}

fn line(points: &[(f64, f64)], t: f64) -> f64 {
    let k = points.partition_point(|p| p.0 <= t).clamp(1, points.len() - 1);
    let (a, b) = (points[k - 1], points[k]);
    a.1 + (b.1 - a.1) * ((t - a.0) / (b.0 - a.0)).clamp(0.0, 1.0)
}

const BENCHES: &[Bench] = &[
    Bench {
        name: "diode",
        headings: "v",
        measured: "i",
        rows: || (0..60).map(|k| vec![0.2 + k as f64 / 59.0]).collect(),
    },
    Bench { name: "vteam", headings: "t,v", measured: "i", rows: || driven(200e-9, 200, |t| sine(t, 0.5, 1e7)) },
    Bench {
        name: "cmo_hfo2",
        headings: "va,w",
        measured: "g",
        rows: || {
            let pulse = |k| match k {
                0 => vec![0.0, 0.0],
                1..=80 => vec![2.5, 1.5e-6],
                _ => vec![-2.7, 10e-6],
            };
            (0..=160).map(pulse).collect()
        },
    },
    Bench {
        name: "sox",
        headings: "t,v",
        measured: "i",
        rows: || {
            driven(60.0, 240, |t| match t {
                ..20.0 if t.rem_euclid(2.0) < 1.0 => 3.0,
                ..20.0 => 1.0,
                _ => 1.0,
            })
        },
    },
    Bench {
        name: "stanford_pku",
        headings: "t,v",
        measured: "i",
        rows: || {
            const DRIVE: [(f64, f64); 7] =
                [(0.0, 0.0), (1e-6, 2.2), (4e-6, 2.2), (5e-6, 0.0), (6e-6, -1.9), (7e-6, -1.9), (12e-6, 0.0)];
            driven(12e-6, 240, |t| line(&DRIVE, t))
        },
    },
    Bench {
        name: "jart_vcm_v1b",
        headings: "t,v",
        measured: "i",
        rows: || {
            const DRIVE: [(f64, f64); 4] = [(0.0, 0.0), (0.5, -1.5), (1.5, 1.5), (2.0, 0.0)];
            driven(2.0, 400, |t| line(&DRIVE, t))
        },
    },
    Bench { name: "hp", headings: "t,v", measured: "i", rows: || driven(2.0, 200, |t| sine(t, 1.0, 1.0)) },
    Bench { name: "team", headings: "t,v", measured: "i", rows: || driven(2e-3, 200, |t| sine(t, 1.0, 1e3)) },
    Bench { name: "yakopcic", headings: "t,v", measured: "i", rows: || driven(0.04, 200, |t| sine(t, 0.45, 50.0)) },
    Bench { name: "ta2o5", headings: "t,v", measured: "i", rows: || driven(2e-6, 200, |t| sine(t, 1.0, 1e6)) },
    Bench { name: "mms", headings: "t,v", measured: "i", rows: || driven(0.02, 200, |t| sine(t, 0.5, 100.0)) },
    Bench { name: "memdiode", headings: "t,v", measured: "i", rows: || driven(2.0, 200, |t| sine(t, 1.5, 1.0)) },
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/fit")
}

/// The benches whose deck is there.
fn benches() -> impl Iterator<Item = (&'static Bench, String)> {
    BENCHES.iter().filter_map(|b| Some((b, std::fs::read_to_string(folder().join(format!("{}.cir", b.name))).ok()?)))
}

/// The deck without `start=`: the search begins at the card.
fn at_truth(deck: &str) -> String {
    deck.split_inclusive('\n')
        .map(|line| match line.starts_with(".fit ") {
            true => line.split(' ').filter(|w| !w.starts_with("start=")).collect::<Vec<_>>().join(" "),
            false => line.to_string(),
        })
        .map(|line| if line.ends_with('\n') { line } else { line + "\n" })
        .collect()
}

fn csv(bench: &Bench, rows: &[Vec<f64>], values: &[f64]) -> String {
    let mut text = format!("{},{}\n", bench.headings, bench.measured);
    for (row, value) in rows.iter().zip(values) {
        for x in row {
            let _ = write!(text, "{x:e},");
        }
        let _ = writeln!(text, "{value:e}");
    }
    text
}

fn problem(bench: &Bench, deck: &str, data: &Path) -> Problem {
    let parsed = Parsed::read_text(bench.name, deck, &[]);
    Problem::new(&parsed, &[DataFile { name: None, path: data.to_path_buf() }])
        .unwrap_or_else(|error| panic!("{}: {error}", bench.name))
}

/// The bench with its true parameters, values and noise.
struct Truth {
    problem: Problem,
    u: Vec<f64>,
    values: Vec<f64>,
    sigma: Vec<f64>,
    rows: Vec<Vec<f64>>,
}

fn truth(bench: &Bench, deck: &str, folder: &Path) -> Truth {
    let rows = (bench.rows)();
    let path = folder.join("template.csv");
    std::fs::write(&path, csv(bench, &rows, &vec![0.0; rows.len()])).unwrap();
    let problem = problem(bench, &at_truth(deck), &path);
    let u = problem.start();
    let (values, _) = problem.model(0, &u, false).unwrap_or_else(|error| panic!("{}: {error}", bench.name));
    let signal = &problem.circuit.fit_data[0].signals[0];
    let absolute = match signal.sigma {
        Some(ionspice::circuit::Given::Number(sigma)) => sigma,
        _ => panic!("{}: a number for the noise expected", bench.name),
    };
    let sigma = values.iter().map(|v| absolute.hypot(signal.relative * v)).collect();
    Truth { problem, u, values, sigma, rows }
}

/// How often each 95 % interval held the truth.
struct Coverage {
    inside: Vec<usize>,
    names: Vec<String>,
    trials: usize,
    failed: usize,
    /// Longest fit, s.
    longest: f64,
    /// Mean of (estimate - truth) / sigma, in the variables of the search.
    bias: Vec<f64>,
}

fn coverage(bench: &Bench, deck: &str, trials: usize) -> Coverage {
    let folder = tempfile::tempdir().unwrap();
    let truth = truth(bench, deck, folder.path());
    let results: Vec<(Option<Fit>, f64)> = (0..trials)
        .into_par_iter()
        .map(|trial| {
            let random = stream(trial as u64 + 1, bench.name);
            let noisy: Vec<f64> = truth
                .values
                .iter()
                .zip(&truth.sigma)
                .enumerate()
                .map(|(k, (v, s))| v + s * normal(random, k as i64))
                .collect();
            let path = folder.path().join(format!("{trial}.csv"));
            std::fs::write(&path, csv(bench, &truth.rows, &noisy)).unwrap();
            let begun = Instant::now();
            let mut problem = problem(bench, deck, &path);
            let found = fit(&mut problem, &SearchSettings::default(), &|_, _| {}).ok().filter(|f| f.converged);
            (found, begun.elapsed().as_secs_f64())
        })
        .collect();
    let n = truth.u.len();
    let values: Vec<f64> = (0..n).map(|k| truth.problem.variables[k].value(truth.u[k])).collect();
    let (mut inside, mut bias) = (vec![0; n], vec![0.0; n]);
    for fit in results.iter().filter_map(|(fit, _)| fit.as_ref()) {
        for (k, e) in fit.estimates.iter().enumerate() {
            inside[k] += usize::from(e.interval.0 <= values[k] && values[k] <= e.interval.1);
            let away = if e.logarithmic { (e.value / values[k]).ln() * e.value } else { e.value - values[k] };
            bias[k] += away / e.sigma / trials as f64;
        }
    }
    Coverage {
        inside,
        names: truth.problem.variables.iter().map(|v| v.name.clone()).collect(),
        trials,
        failed: results.iter().filter(|(fit, _)| fit.is_none()).count(),
        longest: results.iter().map(|(_, time)| *time).fold(0.0, f64::max),
        bias,
    }
}

fn print(bench: &Bench, c: &Coverage) {
    let each: Vec<String> = c
        .names
        .iter()
        .zip(&c.inside)
        .zip(&c.bias)
        .map(|((name, inside), bias)| format!("{name} {inside} ({bias:+.2})"))
        .collect();
    let all = c.inside.iter().sum::<usize>() as f64 / (c.inside.len() * c.trials) as f64;
    println!(
        "{:<14} {:>5.1} % of {} trials, {} failed, longest {:.2} s: {}",
        bench.name,
        100.0 * all,
        c.trials,
        c.failed,
        c.longest,
        each.join(", ")
    );
}

/// Models whose round trip takes little time.
const QUICK: [&str; 3] = ["diode", "vteam", "cmo_hfo2"];

/// Few trials of the quick models: none fails, and the truth is where the intervals say.
#[test]
fn parameters_come_back() {
    for (bench, deck) in benches().filter(|(b, _)| QUICK.contains(&b.name)) {
        let c = coverage(bench, &deck, 4);
        print(bench, &c);
        assert_eq!(c.failed, 0, "{}", bench.name);
        let all: usize = c.inside.iter().sum();
        // 12 to 24 intervals: below 3/4 has a probability of less than 1 % at 95 %
        assert!(4 * all >= 3 * c.inside.len() * c.trials, "{}: {all}", bench.name);
    }
}

/// The acceptance figure: 95 % intervals hold the truth in 90 to 99 % of 100 trials of every model.
#[test]
#[ignore = "minutes; run with --release"]
fn intervals_cover_the_truth() {
    let wanted = std::env::var("FIT_MODEL").ok();
    let mut wrong = Vec::new();
    for (bench, deck) in benches().filter(|(b, _)| wanted.as_ref().is_none_or(|w| w == b.name)) {
        let c = coverage(bench, &deck, 100);
        print(bench, &c);
        let all = c.inside.iter().sum::<usize>() as f64 / (c.inside.len() * c.trials) as f64;
        if !(0.90..=0.99).contains(&all) || c.longest > 10.0 {
            wrong.push(bench.name);
        }
    }
    assert!(wrong.is_empty(), "outside 90 to 99 %, or over 10 s: {wrong:?}");
}

/// Derivatives by forward sensitivities against central differences of whole runs, all of them with tight tolerances.
#[test]
fn derivatives_agree_with_differences() {
    compare_derivatives(|name| QUICK.contains(&name));
}

/// The same for the other models.
#[test]
#[ignore = "a minute; run with --release"]
fn derivatives_of_the_slow_models() {
    compare_derivatives(|name| !QUICK.contains(&name));
}

fn compare_derivatives(chosen: impl Fn(&str) -> bool) {
    for (bench, deck) in benches().filter(|(bench, _)| chosen(bench.name)) {
        let folder = tempfile::tempdir().unwrap();
        let tight = deck.replace(".end", ".options reltol=1e-6 trtol=0.1\n.end");
        let truth = truth(bench, &tight, folder.path());
        let (_, slopes) = truth.problem.model(0, &truth.u, true).unwrap_or_else(|e| panic!("{}: {e}", bench.name));
        let slopes = slopes.unwrap();
        for (k, variable) in truth.problem.variables.iter().enumerate() {
            let width = 3e-4 * variable.natural();
            let at = |sign: f64| {
                let mut u = truth.u.clone();
                u[k] += sign * width;
                truth.problem.model(0, &u, false).unwrap().0
            };
            let (above, below) = (at(1.0), at(-1.0));
            let (mut error, mut size) = (0.0, 0.0);
            for (row, (a, b)) in above.iter().zip(&below).enumerate() {
                let difference = (a - b) / (2.0 * width);
                error += (difference - slopes.at(row, k)).powi(2);
                size += difference * difference;
            }
            let relative = (error / size).sqrt();
            println!("{} {}: {relative:.1e}", bench.name, variable.name);
            assert!(relative < 0.02, "{} {}: {relative:e}", bench.name, variable.name);
        }
    }
}

/// The charge of a capacitor: `dv/dR` of `1 - exp(-t/RC)` in closed form.
#[test]
fn derivative_of_a_charging_capacitor() {
    let deck = "RC\nV1 in 0 pwl(0 0 1n 1)\nR1 in a 1k\nC1 a 0 1n\n.fit r1 from=1 to=1meg\n.fit c1 from=1p to=1u scale=log\n\
                .fitdata time=t signal=v(a) column=va sigma=1m\n.options reltol=1e-7 vntol=1e-9\n.end\n";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rc.csv");
    let times: Vec<f64> = (1..=40).map(|k| 1e-7 * k as f64).collect();
    let rows: Vec<String> = times.iter().map(|t| format!("{t:e},0")).collect();
    std::fs::write(&path, format!("t,va\n{}\n", rows.join("\n"))).unwrap();
    let parsed: Arc<Parsed> = Parsed::read_text("rc", deck, &[]);
    let problem = Problem::new(&parsed, &[DataFile { name: None, path }]).unwrap();
    let (values, slopes) = problem.model(0, &problem.start(), true).unwrap();
    let slopes = slopes.unwrap();
    let tau = 1e-6;
    for (row, &t) in times.iter().enumerate() {
        // ramp of 1 ns: centre at 0.5 ns
        let e = (-(t - 0.5e-9) / tau).exp();
        assert!((values[row] - (1.0 - e)).abs() < 1e-5, "{t}: {} {}", values[row], 1.0 - e);
        let by_log_tau = -(t - 0.5e-9) / tau * e;
        // 1.5e-4 of the slope is missing, and a tighter run does not change it: not understood yet
        assert!((slopes.at(row, 1) - by_log_tau).abs() < 1e-4, "{t}: {} {by_log_tau}", slopes.at(row, 1));
        // the linear variable is in units of its range
        let by_r = by_log_tau / 1e3 * (1e6 - 1.0);
        assert!((slopes.at(row, 0) - by_r).abs() < 1e-4 * 1e3, "{t}");
    }
}
