//! Writes golden waveforms from a run, and says what changed.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::expect::{Expectations, Limits};
use super::golden::Golden;
use super::judge::{Case, waveform};
use super::report::{Change, DeckReport, Finding};
use crate::output::Dataset;

/// Straight lines between the points kept may miss the others by this share of a signal's range.
const CHORD: f64 = 1e-5;

/// `ref/deck.csv` for the first plot, `ref/deck.2.csv` for the second, ..
pub(super) fn usual_file(deck: &Path, number: usize) -> PathBuf {
    let stem = deck.file_stem().unwrap_or_default().to_string_lossy();
    let name = if number == 1 { format!("{stem}.csv") } else { format!("{stem}.{number}.csv") };
    deck.parent().unwrap_or(Path::new("")).join("ref").join(name)
}

/// Writes the golden files of a deck that are missing or differ. A deck that says otherwise what it expects gets only
/// those that it names.
pub(super) fn bless(deck: &Path, expected: &Expectations, cases: &[Case], plots: &[Dataset], report: &mut DeckReport) {
    let files: Vec<(PathBuf, usize, Vec<&str>)> = if cases.is_empty() {
        if expected.any() {
            return;
        }
        (0..plots.len()).map(|k| (usual_file(deck, k + 1), k, Vec::new())).collect()
    } else {
        cases.iter().enumerate().map(|(k, case)| (case.file.clone(), k, case.signals())).collect()
    };
    for (file, order, signals) in files {
        let old = file.is_file().then(|| Golden::read(&file));
        let mut note = |signal: &str, message: String| {
            report.changes.push(Change { file: file.clone(), signal: signal.to_string(), message });
        };
        let plot = match &old {
            Some(Ok(golden)) if golden.oracle => {
                note("", "an independent reference, left as it is".into());
                continue;
            }
            Some(Ok(golden)) => golden.plot(plots).and_then(|data| plots.iter().position(|p| std::ptr::eq(p, data))),
            _ => {
                let has_all = |p: &Dataset| signals.iter().all(|s| p.find(s).is_some());
                let first = plots.iter().position(has_all);
                if signals.is_empty() { (order < plots.len()).then_some(order) } else { first }
            }
        };
        let Some(plot) = plot else {
            report.findings.push(Finding::failed(file.display().to_string(), "the run has no plot for this file"));
            continue;
        };
        let data = &plots[plot];
        let mut same = matches!(&old, Some(Ok(_)));
        match &old {
            None => note("", "new".into()),
            Some(Err(problem)) => note("", format!("replaced: {problem}")),
            Some(Ok(golden)) => {
                for signal in &golden.signals {
                    match waveform(golden, signal, data, &Limits { union: true, ..Limits::default() }) {
                        Ok(compared) if compared.difference.peak <= 2.0 * CHORD => {}
                        Ok(compared) => {
                            same = false;
                            let (rms, peak) = (compared.difference.rms, compared.difference.peak);
                            note(
                                &signal.name,
                                format!("changed: rms {rms:.2e}, peak {peak:.2e}; largest at {}", compared.place()),
                            );
                        }
                        Err(problem) => {
                            same = false;
                            note(&signal.name, format!("changed: {problem}"));
                        }
                    }
                }
                same &= golden.signals.len() + usize::from(golden.axis.is_some()) >= data.variables.len();
            }
        }
        if same {
            continue;
        }
        let written = text(data, plot + 1, &signals).and_then(|text| {
            let folder = file.parent().unwrap_or(Path::new(""));
            std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&file, text)).map_err(|e| e.to_string())
        });
        if let Err(problem) = written {
            report.findings.push(Finding::failed(file.display().to_string(), format!("cannot be written: {problem}")));
        }
    }
}

/// The golden file of a plot, with these signals or all.
fn text(data: &Dataset, number: usize, signals: &[&str]) -> Result<String, String> {
    let axis = data.axis();
    let wanted = |k: &usize| {
        Some(*k) == axis
            || signals.is_empty()
            || signals.iter().any(|s| data.variables[*k].name.eq_ignore_ascii_case(s))
    };
    let columns: Vec<usize> = (0..data.variables.len()).filter(wanted).collect();
    if data.points() == 0 || columns.is_empty() {
        return Err("there is nothing to write".into());
    }
    let mut out = format!("# blessed: ionspice {}\n# plot: {number} {}\n", env!("CARGO_PKG_VERSION"), data.plot_name);
    let thinned = axis.filter(|_| data.variables[0].name == "time");
    if axis.is_some() {
        out.push_str("# axis\n");
    }
    if thinned.is_some() {
        out.push_str("# union\n");
    }
    let rows = match thinned {
        Some(_) => thin(data, &columns),
        None => (0..data.points()).collect(),
    };
    let quoted =
        |name: &str| if name.contains('"') { format!("\"{}\"", name.replace('"', "\"\"")) } else { name.into() };
    let parted = |k: usize| data.is_complex() && Some(k) != axis;
    let names: Vec<String> = columns
        .iter()
        .map(|&k| {
            let name = quoted(&data.variables[k].name);
            if parted(k) { format!("{name}.re,{name}.im") } else { name }
        })
        .collect();
    out.push_str(&names.join(","));
    out.push('\n');
    for row in rows {
        for (order, &k) in columns.iter().enumerate() {
            let value = data.value(row, k);
            let comma = if order > 0 { "," } else { "" };
            _ = if parted(k) {
                write!(out, "{comma}{},{}", short(value.re), short(value.im))
            } else {
                write!(out, "{comma}{}", short(value.re))
            };
        }
        out.push('\n');
    }
    Ok(out)
}

/// Ten digits.
fn short(value: f64) -> String {
    let rounded: f64 = format!("{value:.9e}").parse().unwrap_or(value);
    let magnitude = rounded.abs();
    if magnitude != 0.0 && !(1e-4..1e10).contains(&magnitude) { format!("{rounded:e}") } else { format!("{rounded}") }
}

/// Rows such that straight lines between them stay within [`CHORD`] of every signal (Douglas and Peucker, 1973).
fn thin(data: &Dataset, columns: &[usize]) -> Vec<usize> {
    let points = data.points();
    let x: Vec<f64> = data.column(0).collect();
    let signals: Vec<(Vec<f64>, f64)> = columns
        .iter()
        .filter(|k| **k != 0)
        .map(|&k| {
            let values: Vec<f64> = data.column(k).collect();
            let (low, high) =
                values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
            let scale = (high - low).max(1e-3 * low.abs().max(high.abs())).max(1e-15);
            (values, CHORD * scale)
        })
        .collect();
    let mut keep = vec![false; points];
    keep[0] = true;
    keep[points - 1] = true;
    let mut open = vec![(0, points - 1)];
    while let Some((first, last)) = open.pop() {
        let (mut worst, mut at) = (1.0f64, None);
        let span = x[last] - x[first];
        for (values, allowed) in &signals {
            for k in first + 1..last {
                let share = if span > 0.0 { (x[k] - x[first]) / span } else { 0.0 };
                let miss = (values[k] - values[first] - (values[last] - values[first]) * share).abs() / allowed;
                if miss > worst {
                    (worst, at) = (miss, Some(k));
                }
            }
        }
        if let Some(at) = at {
            keep[at] = true;
            open.push((first, at));
            open.push((at, last));
        }
    }
    (0..points).filter(|k| keep[*k]).collect()
}
