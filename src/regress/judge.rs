//! Judges one deck: its expectations, its run, the comparison.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use num_complex::Complex64;

use super::bless;
use super::compare::{self, Measure, ascending, difference, interpolate};
use super::expect::{Bound, CheckKind, Expectations, GoldenLine, Limits, Pick, Relation};
use super::golden::{AxisKind, Golden, Signal};
use super::report::{DeckReport, Finding, Verdict};
use super::runner::Settings;
use super::simulate::{Run, simulate};
use crate::diagnostic::{SourceMap, render};
use crate::output::{Dataset, Quantity, Variable, engineering, plot_waveforms};

/// Largest rms difference over the range of a golden waveform when nothing else is said.
const RMS: f64 = 1e-3;
/// Largest relative difference of a golden operating point.
const POINT: f64 = 1e-4;

/// A golden file and what is wanted of its signals.
pub(super) struct Case {
    pub file: PathBuf,
    /// Lines about it, in order; the last one that names a signal decides.
    pub lines: Vec<GoldenLine>,
}

impl Case {
    /// Names of the signals that are compared; empty: all.
    pub fn signals(&self) -> Vec<&str> {
        if self.lines.iter().any(|line| line.signals.is_empty()) {
            return Vec::new();
        }
        self.lines.iter().flat_map(|line| line.signals.iter().map(String::as_str)).collect()
    }

    fn limits(&self, signal: &str) -> Limits {
        let about = |line: &&GoldenLine| line.signals.iter().any(|s| s.eq_ignore_ascii_case(signal));
        let general = || self.lines.iter().rfind(|line| line.signals.is_empty());
        self.lines.iter().rfind(about).or_else(general).map_or_else(Limits::default, |line| line.limits.clone())
    }
}

/// Golden files of a deck: those it names, and `ref/deck.csv`, `ref/deck.2.csv`, .. beside it.
pub(super) fn cases(deck: &Path, expected: &Expectations) -> Vec<Case> {
    let folder = deck.parent().unwrap_or(Path::new(""));
    let mut all: Vec<Case> = Vec::new();
    let usual = |number| bless::usual_file(deck, number);
    let mut add = |file: PathBuf, line: GoldenLine| match all.iter_mut().find(|case| case.file == file) {
        Some(case) => case.lines.push(line),
        None => all.push(Case { file, lines: vec![line] }),
    };
    let named = expected.goldens.iter().any(|line| line.file.is_none());
    for line in &expected.goldens {
        let file = line.file.as_ref().map_or_else(|| usual(1), |file| folder.join(file));
        add(file, line.clone());
    }
    if !named || usual(2).is_file() {
        for number in 1.. {
            let file = usual(number);
            if !file.is_file() {
                break;
            }
            if !all.iter().any(|case| case.file == file) {
                let span = crate::diagnostic::Span::default();
                let line = GoldenLine { file: None, signals: Vec::new(), limits: Limits::default(), span };
                all.push(Case { file, lines: vec![line] });
            }
        }
    }
    all
}

/// Judges a deck in this process. `shown` is its name in the report.
pub fn judge(deck: &Path, shown: &str, settings: &Settings) -> DeckReport {
    let begun = Instant::now();
    let mut report = examine(deck, shown, settings);
    report.seconds = begun.elapsed().as_secs_f64();
    if report.verdict == Verdict::Passed && report.failures().next().is_some() {
        report.verdict = Verdict::Failed;
    }
    report
}

fn examine(deck: &Path, shown: &str, settings: &Settings) -> DeckReport {
    let mut report = DeckReport::new(shown, Verdict::Passed);
    let mut sources = SourceMap::default();
    let expected = match Expectations::read(deck, &mut sources) {
        Ok(expected) => expected,
        Err(found) => {
            report.verdict = Verdict::Malformed;
            let text = |d| render(d, &sources, false).trim_end().to_string();
            report.findings = found.iter().map(|d| Finding::failed("expectation", text(d))).collect();
            return report;
        }
    };
    if let Some(reason) = expected.skip.clone().or_else(|| missing(&expected.needs)) {
        report.notes.push(reason);
        report.verdict = Verdict::Skipped;
        return report;
    }
    let cases = cases(deck, &expected);
    if !expected.any() && cases.is_empty() && !settings.bless {
        report.findings.push(Finding::failed(
            "expectations",
            "the deck expects nothing: add `*> ..` lines, write a golden file with --bless, or mark it `*> smoke`",
        ));
        return report;
    }
    let seconds = settings.timeout_of(&expected);
    let run = simulate(deck, &expected, Instant::now() + Duration::from_secs_f64(seconds));
    report.notes = run.warnings.clone();
    ending(&expected, &run, &mut report);
    warnings(&expected, &run, &mut report);
    if run.stop.is_none() {
        for check in &expected.checks {
            report.findings.extend(value(&check.kind, &run));
        }
        let folder = settings.results(shown);
        if settings.bless {
            bless::bless(deck, &expected, &cases, &run.plots, &mut report);
        } else {
            for case in &cases {
                golden(case, &run.plots, &folder, &mut report);
            }
        }
    }
    report
}

/// What a deck needs and this machine has not.
fn missing(programs: &[String]) -> Option<String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let there = |name: &str| std::env::split_paths(&path).any(|folder| folder.join(name).is_file());
    let absent = programs.iter().find(|name| !there(name))?;
    Some(format!("`{absent}` is not on the PATH"))
}

/// Does `text` contain `part`, whatever the case and the blanks?
fn contains(text: &str, part: &str) -> bool {
    let plain = |t: &str| t.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
    plain(text).contains(&plain(part))
}

/// Compares how the run ended with what was expected.
fn ending(expected: &Expectations, run: &Run, report: &mut DeckReport) {
    let wanted: Vec<_> = expected
        .checks
        .iter()
        .filter_map(|check| match &check.kind {
            CheckKind::Error(text, exit) => Some((text, exit)),
            _ => None,
        })
        .collect();
    match &run.stop {
        None => {
            report.findings.extend(
                wanted
                    .iter()
                    .map(|(text, _)| Finding::failed("error", format!("expected \"{text}\", the run went well"))),
            );
            if expected.smoke {
                report.findings.push(Finding::passed("run", "ends well"));
            }
        }
        Some(stop) if wanted.is_empty() => {
            report
                .findings
                .push(Finding::failed("run", format!("stopped with exit code {}: {}", stop.exit, stop.text)));
        }
        Some(stop) => {
            for (text, exit) in wanted {
                let finding = if !contains(&stop.text, text) {
                    Finding::failed("error", format!("expected \"{text}\", got: {}", stop.text))
                } else if let Some(code) = exit.filter(|code| *code != stop.exit) {
                    Finding::failed("error", format!("expected exit code {code}, got {}: {}", stop.exit, stop.text))
                } else {
                    Finding::passed("error", format!("\"{text}\", exit code {}", stop.exit))
                };
                report.findings.push(finding);
            }
        }
    }
}

fn warnings(expected: &Expectations, run: &Run, report: &mut DeckReport) {
    let mut wanted = Vec::new();
    for check in &expected.checks {
        if let CheckKind::Warning(text) = &check.kind {
            wanted.push(text);
            report.findings.push(if run.warnings.iter().any(|w| contains(w, text)) {
                Finding::passed("warning", format!("\"{text}\""))
            } else {
                let given = if run.warnings.is_empty() { "none was given".into() } else { run.warnings.join("\n") };
                Finding::failed("warning", format!("expected \"{text}\": {given}"))
            });
        }
    }
    if expected.no_warnings {
        let unexpected = run.warnings.iter().filter(|w| !wanted.iter().any(|text| contains(w, text)));
        report.findings.extend(unexpected.map(|w| Finding::failed("warning", format!("not expected: {w}"))));
    }
}

/// A column of the first plot of a kind that has it, with the axis.
fn column<'d>(
    plots: &'d [Dataset],
    name: &str,
    fits: impl Fn(AxisKind) -> bool,
) -> Result<(&'d Dataset, usize, Vec<Complex64>), String> {
    let kind = |d: &Dataset| super::golden::axis_kind(d.axis().map(|k| d.variables[k].name.as_str()));
    let mut candidates = plots.iter().filter(|d| fits(kind(d))).peekable();
    if candidates.peek().is_none() {
        return Err("the run has no such analysis".into());
    }
    let mut offered = Vec::new();
    for data in candidates {
        match data.find(name) {
            Some(index) if data.points() > 0 => return Ok((data, index, data.complex_column(index).collect())),
            Some(_) => return Err(format!("`{name}` has no points")),
            None => offered.extend(data.variables.iter().map(|v| v.name.as_str())),
        }
    }
    offered.truncate(20);
    Err(format!("there is no signal `{name}`; there are {}", offered.join(", ")))
}

/// One number as it was given against one as it was got.
fn number(subject: String, bound: &Bound, got: f64, unit: &str) -> Finding {
    let passed = bound.holds(got);
    let (expected, shown) = (engineering(bound.expected, unit, 8), engineering(got, unit, 8));
    let error = (got - bound.expected).abs();
    let (message, limit) = match bound.relation {
        Relation::Equal => {
            let (off, most) = (engineering(error, unit, 3), engineering(bound.allowed(), unit, 3));
            (format!("expected {expected}, got {shown}: off by {off}, at most {most}"), Some(bound.allowed()))
        }
        relation => {
            let word = match relation {
                Relation::Below => "<",
                Relation::AtMost => "<=",
                Relation::Above => ">",
                _ => ">=",
            };
            (format!("expected {word} {expected}, got {shown}"), None)
        }
    };
    Finding {
        subject,
        passed,
        message,
        expected: Some(bound.expected),
        got: got.is_finite().then_some(got),
        error: error.is_finite().then_some(error),
        limit,
        ..Finding::default()
    }
}

fn value(kind: &CheckKind, run: &Run) -> Option<Finding> {
    let plots = &run.plots;
    Some(match kind {
        CheckKind::Error(..) | CheckKind::Warning(..) => return None,
        CheckKind::Measure(name, bound) => {
            let subject = format!("measure {name}");
            let found = run.measures.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
            match (found, bound) {
                (None, _) => {
                    let names: Vec<_> = run.measures.iter().map(|(n, _)| n.as_str()).take(20).collect();
                    let offered = if names.is_empty() { "none at all".into() } else { names.join(", ") };
                    Finding::failed(subject, format!("there is no such measure; the deck has {offered}"))
                }
                (Some((_, None)), None) => Finding::passed(subject, "failed as expected"),
                (Some((_, Some(got))), None) => Finding::failed(subject, format!("expected to fail, got {got:e}")),
                (Some((_, None)), Some(bound)) => {
                    Finding::failed(subject, format!("expected {:e}, the measure failed", bound.expected))
                }
                (Some((_, Some(got))), Some(bound)) => number(subject, bound, *got, ""),
            }
        }
        CheckKind::Value(signal, pick, bound) => {
            let subject = match pick {
                Pick::Operating => format!("op {signal}"),
                Pick::At(x) => format!("{signal} at {x:e}"),
                other => format!("{} of {signal}", format!("{other:?}").to_lowercase()),
            };
            let operating = *pick == Pick::Operating;
            match column(plots, signal, |kind| (kind == AxisKind::None) == operating) {
                Err(problem) => Finding::failed(subject, problem),
                Ok((data, index, values)) => {
                    let axis: Vec<f64> = data.axis().map(|k| data.column(k).collect()).unwrap_or_default();
                    match picked(*pick, &axis, &values) {
                        Ok(got) => number(subject, bound, got, data.variables[index].quantity.unit()),
                        Err(problem) => Finding::failed(subject, problem),
                    }
                }
            }
        }
        CheckKind::Period(signal, bound) => {
            let subject = format!("period of {signal}");
            match column(plots, signal, |kind| kind == AxisKind::Time) {
                Err(problem) => Finding::failed(subject, problem),
                Ok((data, _, values)) => {
                    let axis: Vec<f64> = data.column(0).collect();
                    match compare::period(&axis, &values) {
                        Some(got) => number(subject, bound, got, "s"),
                        None => Finding::failed(subject, "it does not oscillate"),
                    }
                }
            }
        }
    })
}

fn picked(pick: Pick, axis: &[f64], values: &[Complex64]) -> Result<f64, String> {
    let real = || values.iter().map(|v| v.re);
    match pick {
        Pick::Operating => Ok(values[0].re),
        Pick::Last => Ok(values[values.len() - 1].re),
        Pick::Min => Ok(real().fold(f64::INFINITY, f64::min)),
        Pick::Max => Ok(real().fold(f64::NEG_INFINITY, f64::max)),
        _ if !ascending(axis, false) => Err("the axis does not ascend".into()),
        Pick::Mean => {
            let strips = axis.windows(2).zip(values.windows(2));
            let area: f64 = strips.map(|(x, v)| 0.5 * (v[0].re + v[1].re) * (x[1] - x[0])).sum();
            Ok(area / (axis[axis.len() - 1] - axis[0]))
        }
        Pick::At(x) => {
            let (first, last) = (axis[0], axis[axis.len() - 1]);
            let slack = 1e-6 * (last - first);
            if x < first - slack || x > last + slack {
                return Err(format!("{x:e} is outside the run, which goes from {first:e} to {last:e}"));
            }
            Ok(interpolate(axis, values, x).re)
        }
    }
}

/// Compares the plots with one golden file.
fn golden(case: &Case, plots: &[Dataset], folder: &Path, report: &mut DeckReport) {
    let name = case.file.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    if !case.file.is_file() {
        let message = format!("`{}` does not exist; --bless writes it", case.file.display());
        report.findings.push(Finding::failed(name, message));
        return;
    }
    let golden = match Golden::read(&case.file) {
        Ok(golden) => golden,
        Err(problem) => {
            report.verdict = Verdict::Malformed;
            report.findings.push(Finding::failed(name, problem));
            return;
        }
    };
    let Some(data) = golden.plot(plots) else {
        report.findings.push(Finding::failed(name, "the run has no plot of this kind"));
        return;
    };
    if let Some(signal) = &golden.period {
        let relative = case.limits(signal).rms.or(golden.tolerances.get(&signal.to_lowercase()).copied());
        let expected = golden.signals[0].values[0].re;
        let bound = Bound { relation: Relation::Equal, expected, relative: relative.unwrap_or(RMS), absolute: 0.0 };
        report.findings.extend(value(
            &CheckKind::Period(signal.clone(), bound),
            &Run { plots: vec![data.clone()], ..Run::default() },
        ));
        return;
    }
    let wanted = case.signals();
    for name in &wanted {
        if !golden.signals.iter().any(|s| s.name.eq_ignore_ascii_case(name)) {
            report.findings.push(Finding::failed(*name, "the golden file has no such signal"));
        }
    }
    let compared =
        golden.signals.iter().filter(|s| wanted.is_empty() || wanted.contains(&s.name.to_lowercase().as_str()));
    for signal in compared {
        let limits = case.limits(&signal.name);
        match waveform(&golden, signal, data, &limits) {
            Err(problem) => report.findings.push(Finding::failed(&signal.name, problem)),
            Ok(compared) => {
                let mut findings = compared.findings(signal, &limits, &golden);
                if findings.iter().any(|f| !f.passed) {
                    let plot = compared.plot(signal, data, folder, &case.file);
                    findings.iter_mut().filter(|f| !f.passed).for_each(|f| f.plot.clone_from(&plot));
                }
                report.findings.append(&mut findings);
            }
        }
    }
}

/// A golden signal and the one got, at the same places.
pub(super) struct Compared {
    axis: Option<(Variable, Vec<f64>)>,
    quantity: Quantity,
    wanted: Vec<Complex64>,
    got: Vec<Complex64>,
    pub difference: compare::Difference,
    own: Vec<Complex64>,
    own_axis: Vec<f64>,
}

/// Puts both curves on the same places and measures their difference.
pub(super) fn waveform(golden: &Golden, signal: &Signal, data: &Dataset, limits: &Limits) -> Result<Compared, String> {
    let index = data.find(&signal.name).ok_or_else(|| format!("the run has no signal `{}`", signal.name))?;
    let mut own: Vec<Complex64> = data.complex_column(index).collect();
    if own.is_empty() {
        return Err("no points".into());
    }
    if !own.iter().all(|v| v.is_finite()) {
        return Err("there are values that are not finite".into());
    }
    if !signal.complex {
        own.iter_mut().for_each(|v| v.im = 0.0);
    }
    let own_axis: Vec<f64> = data.axis().map(|k| data.column(k).collect()).unwrap_or_default();
    let places = golden.axis.as_ref().map(|a| a.1.as_slice());
    let smooth = places.filter(|x| ascending(x, true) && data.axis().is_some());
    let (mut axis, mut wanted, mut got) = (places.map(<[f64]>::to_vec), signal.values.clone(), own.clone());
    if let Some(x) = smooth {
        if !ascending(&own_axis, false) {
            return Err("the axis does not ascend".into());
        }
        let (end, own_end) = (x[x.len() - 1], own_axis[own_axis.len() - 1]);
        if limits.to.is_none() && (own_end - end).abs() > 1e-6 * end.abs() {
            return Err(format!("ends at {own_end:e} instead of {end:e}"));
        }
        let (from, to) = (limits.from.unwrap_or(f64::NEG_INFINITY), limits.to.unwrap_or(f64::INFINITY));
        let (first, last) = (x[0].max(from), end.min(to));
        let other = if limits.union || golden.union { &own_axis[..] } else { &[] };
        let points = compare::union(x, other, first, last);
        if points.is_empty() {
            return Err("no points between `from` and `to`".into());
        }
        wanted = points.iter().map(|&p| interpolate(x, &signal.values, p)).collect();
        got = points.iter().map(|&p| interpolate(&own_axis, &own, p)).collect();
        axis = Some(points);
    } else if got.len() != wanted.len() {
        return Err(format!("{} points, the golden file has {}", got.len(), wanted.len()));
    }
    let kind = golden.kind();
    let measure = match kind {
        AxisKind::None => Measure::Each,
        AxisKind::Frequency => Measure::Local,
        _ => Measure::Range,
    };
    let floor = if limits.floor > 0.0 {
        limits.floor
    } else if kind == AxisKind::Frequency {
        0.0
    } else if kind != AxisKind::None && signal.name.to_lowercase().starts_with("i(") {
        1e-12
    } else {
        1e-9
    };
    let weights = axis.as_deref().filter(|_| smooth.is_some() && kind != AxisKind::Frequency);
    let difference = difference(weights, &wanted, &got, measure, floor);
    let variable = data.axis().map(|k| data.variables[k].clone());
    let quantity = data.variables[index].quantity.clone();
    Ok(Compared { axis: variable.zip(axis), quantity, wanted, got, difference, own, own_axis })
}

impl Compared {
    /// `time = 1.2 us: expected 2.5 V, got 2.4 V`
    pub fn place(&self) -> String {
        let unit = self.quantity.unit();
        let show = |v: Complex64| match v.im == 0.0 {
            true => engineering(v.re, unit, 6),
            false => format!("({:.6e}, {:.6e}) {unit}", v.re, v.im),
        };
        let worst = self.difference.worst;
        let values = format!("expected {}, got {}", show(self.wanted[worst]), show(self.got[worst]));
        match &self.axis {
            None => values,
            Some((axis, x)) => {
                format!("{} = {}: {values}", axis.name, engineering(x[worst], axis.quantity.unit(), 6))
            }
        }
    }

    fn finding(&self, subject: String, error: f64, limit: f64, what: &str) -> Finding {
        let worst = self.difference.worst;
        Finding {
            subject,
            passed: error <= limit,
            message: format!("{what} {error:.2e}, at most {limit:.0e}; largest at {}", self.place()),
            expected: Some(self.wanted[worst].re),
            got: Some(self.got[worst].re),
            error: Some(error),
            limit: Some(limit),
            at: self.axis.as_ref().map(|(_, x)| x[worst]),
            plot: None,
        }
    }

    fn findings(&self, signal: &Signal, limits: &Limits, golden: &Golden) -> Vec<Finding> {
        let mut all = Vec::new();
        let Some((_, axis)) = &self.axis else {
            let own = golden.tolerances.get(&signal.name.to_lowercase()).copied();
            let limit = limits.peak.or(limits.rms).or(own).unwrap_or(POINT);
            all.push(self.finding(signal.name.clone(), self.difference.peak, limit, "relative difference"));
            return all;
        };
        let own = golden.tolerances.get(&signal.name.to_lowercase()).copied();
        let rms = limits.rms.or(own).or((limits.peak.is_none() && limits.crossings.is_empty()).then_some(RMS));
        let of = if golden.kind() == AxisKind::Frequency { "magnitude" } else { "range" };
        if let Some(limit) = rms {
            all.push(self.finding(
                signal.name.clone(),
                self.difference.rms,
                limit,
                &format!("rms difference over {of}"),
            ));
        }
        if let Some(limit) = limits.peak {
            all.push(self.finding(
                signal.name.clone(),
                self.difference.peak,
                limit,
                &format!("largest difference over {of}"),
            ));
        }
        let within = |x: f64| limits.from.is_none_or(|from| x >= from) && limits.to.is_none_or(|to| x <= to);
        for &(level, limit) in &limits.crossings {
            let crossed = |axis: &[f64], values: &[Complex64]| -> Vec<(f64, bool)> {
                compare::crossings(axis, values, level).into_iter().filter(|c| within(c.0)).collect()
            };
            let (wanted, got) = (crossed(axis, &self.wanted), crossed(&self.own_axis, &self.own));
            all.push(crossing(&signal.name, level, limit, &wanted, &got));
        }
        all
    }

    /// Draws both curves; `None` when there is nothing to draw or no place for it.
    fn plot(&self, signal: &Signal, data: &Dataset, folder: &Path, golden: &Path) -> Option<PathBuf> {
        let (axis, x) = self.axis.as_ref()?;
        let variables = vec![
            axis.clone(),
            Variable::new(format!("{} expected", signal.name), self.quantity.clone()),
            Variable::new(format!("{} got", signal.name), self.quantity.clone()),
        ];
        let mut both = if signal.complex {
            Dataset::complex(data.title.clone(), data.plot_name.clone(), variables)
        } else {
            Dataset::new(data.title.clone(), data.plot_name.clone(), variables)
        };
        for ((x, w), g) in x.iter().zip(&self.wanted).zip(&self.got) {
            both.push_complex_row(&[(*x).into(), *w, *g]);
        }
        std::fs::create_dir_all(folder).ok()?;
        let stem = golden.file_stem().unwrap_or_default().to_string_lossy();
        let plain: String =
            signal.name.chars().map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '_' }).collect();
        let path = folder.join(format!("{stem}.{}.svg", plain.trim_matches('_')));
        plot_waveforms(&both, &path).ok()?;
        Some(path)
    }
}

fn crossing(name: &str, level: f64, limit: f64, wanted: &[(f64, bool)], got: &[(f64, bool)]) -> Finding {
    let subject = format!("{name} crossing {level:e}");
    if wanted.len() != got.len() {
        return Finding::failed(subject, format!("expected {} crossings, got {}", wanted.len(), got.len()));
    }
    let worst = wanted.iter().zip(got).max_by(|a, b| (a.0.0 - a.1.0).abs().total_cmp(&(b.0.0 - b.1.0).abs()));
    let Some((want, got)) = worst else { return Finding::passed(subject, "never, as expected") };
    let error = (want.0 - got.0).abs();
    Finding {
        subject,
        passed: error <= limit,
        message: format!("expected at {:.9e}, got at {:.9e}: off by {error:.2e}, at most {limit:.0e}", want.0, got.0),
        expected: Some(want.0),
        got: Some(got.0),
        error: Some(error),
        limit: Some(limit),
        at: Some(want.0),
        plot: None,
    }
}
