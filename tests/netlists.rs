//! Decks of `netlists/oracle` against independent references.
//!
//! `netlists/oracle/ref/<deck>.csv` holds the waveforms of a closed form, of an independent integration, or of another
//! simulator run with much tighter steps and tolerances; its first lines say which. The measure is the rms difference
//! over the range of the reference, weighted along an ascending axis by the trapezoid rule.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use ionspice::analysis::{self, Options};
use ionspice::netlist;
use ionspice::output::Dataset;
use rayon::prelude::*;

/// Largest rms difference over range of a waveform, and largest relative difference of a period.
const WAVEFORM_TOLERANCE: f64 = 1e-3;
/// Largest relative difference of a value at an operating point.
const POINT_TOLERANCE: f64 = 1e-4;
/// Fewest decks that the folder must hold.
const FEWEST_DECKS: usize = 60;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("netlists/oracle")
}

/// Names of the files with an extension, sorted.
fn stems(folder: &Path, extension: &str) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder of the decks");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let wanted = paths.filter(|path| path.extension().is_some_and(|e| e == extension));
    let mut names: Vec<_> =
        wanted.map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Columns by name; the first one is the axis, except at an operating point.
#[derive(Debug, Default)]
struct Reference {
    names: Vec<String>,
    columns: Vec<Vec<f64>>,
    /// Compare the period of this signal instead of waveforms.
    period: Option<String>,
    /// Tolerances of signals that cannot meet the common one; the file gives the reason.
    tolerances: HashMap<String, f64>,
}

impl Reference {
    fn parse(text: &str) -> Result<Self, String> {
        let mut all = Self::default();
        for (number, line) in text.lines().enumerate() {
            let wrong = |what: &str| format!("reference, line {}: {what}", number + 1);
            if let Some(comment) = line.strip_prefix('#') {
                if let Some(signal) = comment.trim().strip_prefix("period:") {
                    all.period = Some(signal.trim().to_string());
                } else if let Some(entry) = comment.trim().strip_prefix("tol:") {
                    let (name, rest) = entry.split_once('=').ok_or_else(|| wrong("name=tolerance expected"))?;
                    let value = rest.split_whitespace().next().and_then(|v| v.parse().ok());
                    all.tolerances.insert(name.trim().to_string(), value.ok_or_else(|| wrong("not a number"))?);
                }
            } else if all.names.is_empty() {
                all.names = split_header(line);
                all.columns = vec![Vec::new(); all.names.len()];
            } else {
                let values: Vec<f64> = line
                    .split(',')
                    .map(|v| v.trim().parse().map_err(|_| wrong("not a number")))
                    .collect::<Result<_, _>>()?;
                if values.len() != all.columns.len() {
                    return Err(wrong("wrong number of columns"));
                }
                all.columns.iter_mut().zip(values).for_each(|(column, value)| column.push(value));
            }
        }
        if all.columns.first().is_none_or(Vec::is_empty) { Err("empty reference".into()) } else { Ok(all) }
    }

    fn axis(&self) -> Option<&[f64]> {
        let first = &self.names[0];
        (first == "time" || first.contains("sweep")).then(|| self.columns[0].as_slice())
    }

    /// Does this plot belong to the reference?
    fn matches(&self, data: &Dataset) -> bool {
        let wants_time = self.names[0] == "time" || self.period.is_some();
        match data.axis() {
            None => self.axis().is_none() && self.period.is_none(),
            Some(axis) => (data.variables[axis].name == "time") == wants_time && (wants_time || self.axis().is_some()),
        }
    }
}

/// Column names; a comma within parentheses, as in `v(a,b)`, belongs to the name.
fn split_header(line: &str) -> Vec<String> {
    let mut depth = 0;
    let parts = line.split(|c| {
        depth += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        c == ',' && depth == 0
    });
    parts.map(|name| name.trim().to_string()).collect()
}

/// Straight line between the points of an ascending axis; the end values beyond it.
fn interpolate(axis: &[f64], values: &[f64], x: f64) -> f64 {
    let above = axis.partition_point(|&a| a <= x);
    if above == 0 {
        return values[0];
    }
    if above == axis.len() {
        return values[above - 1];
    }
    let (x0, x1) = (axis[above - 1], axis[above]);
    values[above - 1] + (values[above] - values[above - 1]) * (x - x0) / (x1 - x0)
}

/// Size by which differences are divided: the range of the reference, or a thousandth of its magnitude if that is more.
fn scale(name: &str, values: &[f64]) -> f64 {
    let (low, high) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &v| (l.min(v), h.max(v)));
    let floor = if name.starts_with("i(") { 1e-12 } else { 1e-9 };
    (high - low).max(1e-3 * low.abs().max(high.abs())).max(floor)
}

/// Root mean square of `difference`, along the axis by the trapezoid rule, or point by point without one.
fn rms(axis: Option<&[f64]>, difference: &[f64]) -> f64 {
    let mean_square = match axis {
        Some(x) => {
            let strips = x.windows(2).zip(difference.windows(2));
            let area: f64 = strips.map(|(x, d)| 0.5 * (d[0] * d[0] + d[1] * d[1]) * (x[1] - x[0])).sum();
            area / (x[x.len() - 1] - x[0])
        }
        None => difference.iter().map(|d| d * d).sum::<f64>() / difference.len() as f64,
    };
    mean_square.sqrt()
}

/// Mean period of the rising crossings of the middle, over the later half of them.
fn period(axis: &[f64], values: &[f64]) -> Option<f64> {
    let (low, high) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &v| (l.min(v), h.max(v)));
    let middle = 0.5 * (low + high);
    let steps = axis.windows(2).zip(values.windows(2)).filter(|(_, v)| v[0] < middle && middle <= v[1]);
    let crossings: Vec<f64> = steps.map(|(x, v)| x[0] + (x[1] - x[0]) * (middle - v[0]) / (v[1] - v[0])).collect();
    let later = &crossings[if crossings.len() > 4 { crossings.len() / 2 } else { crossings.len().saturating_sub(2) }..];
    (later.len() >= 2).then(|| (later[later.len() - 1] - later[0]) / (later.len() - 1) as f64)
}

/// One compared signal.
struct Figure {
    signal: String,
    error: f64,
    tolerance: f64,
}

fn ascending(axis: &[f64], strictly: bool) -> bool {
    axis.len() > 1 && axis.windows(2).all(|w| w[0] < w[1] || (!strictly && w[0] == w[1]))
}

fn compare(reference: &Reference, data: &Dataset) -> Result<Vec<Figure>, String> {
    let column = |name: &str| -> Result<Vec<f64>, String> {
        let index = data.find(name).ok_or_else(|| format!("no signal `{name}`"))?;
        let values: Vec<f64> = data.column(index).collect();
        match values.iter().all(|v| v.is_finite()) {
            true if !values.is_empty() => Ok(values),
            true => Err("no points".to_string()),
            false => Err(format!("`{name}` is not finite")),
        }
    };
    let own_axis: Option<Vec<f64>> = data.axis().map(|axis| data.column(axis).collect());
    if let Some(signal) = &reference.period {
        let own = period(&own_axis.unwrap_or_default(), &column(signal)?).ok_or("no oscillation")?;
        let error = (own / reference.columns[0][0] - 1.0).abs();
        let tolerance = reference.tolerances.get(signal).copied().unwrap_or(WAVEFORM_TOLERANCE);
        return Ok(vec![Figure { signal: format!("period of {signal}"), error, tolerance }]);
    }
    let axis = reference.axis();
    let smooth = axis.filter(|x| ascending(x, true));
    if let (Some(x), Some(own)) = (smooth, &own_axis) {
        let (end, own_end) = (x[x.len() - 1], own.last().copied().unwrap_or(f64::NAN));
        if !ascending(own, false) {
            return Err("the axis does not ascend".into());
        }
        if own_end.is_nan() || (own_end - end).abs() > 1e-6 * end.abs() {
            return Err(format!("ends at {own_end:e} instead of {end:e}"));
        }
    }
    let mut figures = Vec::new();
    for (name, wanted) in reference.names.iter().zip(&reference.columns).skip(usize::from(axis.is_some())) {
        let own = column(name)?;
        let got: Vec<f64> = match (smooth, &own_axis) {
            (Some(x), Some(own_axis)) => x.iter().map(|&x| interpolate(own_axis, &own, x)).collect(),
            _ => own,
        };
        if got.len() != wanted.len() {
            return Err(format!("`{name}`: {} points, the reference has {}", got.len(), wanted.len()));
        }
        let difference: Vec<f64> = got.iter().zip(wanted).map(|(g, w)| g - w).collect();
        let single = axis.is_none();
        let size = if single { wanted[0].abs().max(1e-9) } else { scale(name, wanted) };
        let common = if single { POINT_TOLERANCE } else { WAVEFORM_TOLERANCE };
        let tolerance = reference.tolerances.get(name).copied().unwrap_or(common);
        figures.push(Figure { signal: name.clone(), error: rms(smooth, &difference) / size, tolerance });
    }
    Ok(figures)
}

/// Runs a deck at the options it gives, as a user would.
fn run(deck: &Path) -> Result<Vec<Dataset>, String> {
    let loaded = netlist::load(deck, &[]).map_err(|failure| {
        let messages: Vec<_> = failure.diagnostics.iter().map(|d| d.message.as_str()).collect();
        format!("not loaded: {}", messages.join("; "))
    })?;
    let (options, _) = Options::from_settings(&loaded.circuit.options);
    let mut plots: Vec<Dataset> = Vec::new();
    analysis::run(&loaded.circuit, &options, &mut plots).map_err(|failure| format!("not run: {failure:?}"))?;
    Ok(plots)
}

fn check(name: &str) -> Result<Vec<Figure>, String> {
    let text = fs::read_to_string(folder().join("ref").join(format!("{name}.csv"))).map_err(|e| e.to_string())?;
    let reference = Reference::parse(&text)?;
    let plots = run(&folder().join(format!("{name}.cir")))?;
    let plot = plots.iter().find(|plot| reference.matches(plot)).ok_or("no plot of the wanted kind")?;
    compare(&reference, plot)
}

#[test]
fn every_deck_agrees_with_its_reference() {
    let decks = stems(&folder(), "cir");
    let results: Vec<_> = decks.par_iter().map(|name| check(name)).collect();
    let (mut table, mut failures) = (String::new(), String::new());
    for (name, result) in decks.iter().zip(&results) {
        match result {
            Err(problem) => _ = writeln!(failures, "{name}: {problem}"),
            Ok(figures) => {
                for Figure { signal, error, tolerance } in figures {
                    let out = if *error <= *tolerance { &mut table } else { &mut failures };
                    _ = writeln!(out, "{name}: {signal} {error:.1e} (at most {tolerance:.0e})");
                }
            }
        }
    }
    println!("{table}");
    assert!(failures.is_empty(), "decks that disagree with their references:\n{failures}");
}

#[test]
fn every_deck_has_a_reference() {
    let decks = stems(&folder(), "cir");
    assert_eq!(decks, stems(&folder().join("ref"), "csv"));
    assert!(decks.len() >= FEWEST_DECKS, "{} decks", decks.len());
    for name in decks {
        let text = fs::read_to_string(folder().join("ref").join(format!("{name}.csv"))).expect("the reference");
        assert!(text.starts_with("# oracle: "), "{name} does not name its oracle");
        assert!(Reference::parse(&text).is_ok(), "{name}");
    }
}

#[test]
fn the_measure_sees_differences() {
    use ionspice::output::{Quantity, Variable};
    let reference = Reference::parse("# oracle: x\ntime,v(a)\n0,0\n1,1\n2,0\n").expect("a reference");
    let with = |offset: f64| {
        let variables = vec![Variable::new("time", Quantity::Time), Variable::new("v(a)", Quantity::Voltage)];
        let mut data = Dataset::new("t", "Transient Analysis", variables);
        for (t, v) in [(0.0, 0.0), (0.5, 0.5), (1.0, 1.0), (2.0, 0.0)] {
            data.push_row(&[t, v + offset]);
        }
        data
    };
    assert!(reference.matches(&with(0.0)));
    assert_eq!(compare(&reference, &with(0.0)).expect("figures")[0].error, 0.0);
    let shifted = compare(&reference, &with(0.1)).expect("figures");
    assert!((shifted[0].error - 0.1).abs() < 1e-12 && shifted[0].error > shifted[0].tolerance);
    assert!(compare(&reference, &with(f64::NAN)).is_err());
    assert!(Reference::parse("# oracle: x\ntime,v(a)\n0\n").is_err());
    assert_eq!(split_header("time,v(a,b),i(v1)"), ["time", "v(a,b)", "i(v1)"]);
}

#[test]
fn periods_are_those_of_rising_crossings() {
    let t: Vec<f64> = (0..=1000).map(|k| k as f64 * 0.01).collect();
    let v: Vec<f64> = t.iter().map(|t| (std::f64::consts::TAU * t / 0.7).sin()).collect();
    assert!((period(&t, &v).expect("a period") - 0.7).abs() < 1e-4);
    assert!(period(&t, &vec![1.0; t.len()]).is_none());
}
