//! Runs one deck as `ionspice run` would, within a time.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use num_complex::Complex64;

use super::expect::Expectations;
use crate::analysis::{self, Failure, Options, SimulationError, Sink};
use crate::campaign::{self, Joined};
use crate::circuit::{Circuit, Overrides};
use crate::cosim::controller::Program;
use crate::diagnostic::{Diagnostic, Severity, SourceMap};
use crate::measure;
use crate::netlist::Parsed;
use crate::output::Dataset;
use crate::script::{self, Console, Script};

/// Exit code of a simulation that failed.
const FAILED: u8 = 1;
/// Exit code of a netlist that is wrong.
const WRONG: u8 = 2;

/// Why a run stopped.
#[derive(Clone, Debug)]
pub struct Stop {
    /// Exit code of `ionspice run`.
    pub exit: u8,
    /// What it would say.
    pub text: String,
}

/// What a run left behind.
#[derive(Debug, Default)]
pub struct Run {
    /// Results of the analyses, in order.
    pub plots: Vec<Dataset>,
    /// `.measure` results; `None` is a measure that failed. Of run `k` of several, `name[k]`.
    pub measures: Vec<(String, Option<f64>)>,
    /// Warnings of the netlist and remarks of the analyses.
    pub warnings: Vec<String>,
    /// Why it stopped early.
    pub stop: Option<Stop>,
}

/// One line of text: `file:line:column: message (label; hint)`.
fn sentence(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let place = diagnostic.span.filter(|span| (span.file as usize) < sources.len()).map(|span| {
        let (line, column) = sources.line_column(span);
        let path = &sources.file(span.file).path;
        let name = path.file_name().map_or_else(|| path.to_string_lossy(), |n| n.to_string_lossy());
        format!("{name}:{line}:{column}: ")
    });
    let hint = diagnostic.hint.as_ref().map_or(String::new(), |hint| format!("; {hint}"));
    format!("{}{} ({}{hint})", place.unwrap_or_default(), diagnostic.message, diagnostic.label)
}

fn sentences<'a>(found: impl IntoIterator<Item = &'a Diagnostic>, severity: Severity, of: &SourceMap) -> Vec<String> {
    found.into_iter().filter(|d| d.severity == severity).map(|d| sentence(d, of)).collect()
}

/// Runs the analyses and controllers of a deck until `deadline`.
pub fn simulate(deck: &Path, expected: &Expectations, deadline: Instant) -> Run {
    let mut run = Run::default();
    run.stop = execute(deck, expected, deadline, &mut run).err();
    run
}

fn execute(deck: &Path, expected: &Expectations, deadline: Instant, run: &mut Run) -> Result<(), Stop> {
    let wrong = |found: &[Diagnostic], sources: &SourceMap| Stop {
        exit: WRONG,
        text: sentences(found, Severity::Error, sources).join("\n"),
    };
    let overrides = Overrides { seed: expected.seed, ..Overrides::default() };
    let loaded = Parsed::read_in(deck, &expected.sets, expected.dialect)
        .elaborate(&overrides)
        .map_err(|failure| wrong(&failure.diagnostics, &failure.sources))?;
    if scripted(&loaded.parsed, &overrides, expected, run)? {
        return Ok(());
    }
    let circuit = Arc::new(loaded.circuit);
    let (mut options, problems) = Options::from_settings(&circuit.options);
    run.warnings.extend(sentences(loaded.warnings.iter().chain(&problems), Severity::Warning, &circuit.sources));
    if problems.iter().any(|d| d.severity == Severity::Error) {
        return Err(wrong(&problems, &circuit.sources));
    }
    options.seed = expected.seed.unwrap_or(options.seed);
    if circuit.analyses.is_empty() && circuit.controllers.is_empty() {
        return Err(Stop { exit: WRONG, text: "the deck has no analysis and no controller".into() });
    }
    let programs: Vec<Program> = circuit
        .controllers
        .iter()
        .map(|block| Program::new(&circuit, block).map_err(|found| wrong(&found, &circuit.sources)))
        .collect::<Result<_, _>>()?;
    if campaign::wanted(&circuit) {
        let outcome = all_runs(&circuit, &options, run);
        outcome.map_err(|failure| explain(&failure, &circuit))?;
        return Ok(());
    }
    let mut collector =
        Collector { plots: Vec::new(), notes: Vec::new(), sources: Arc::clone(&circuit.sources), deadline };
    let outcome = analysis::run(&circuit, &options, &mut collector);
    run.plots = collector.plots;
    run.measures = measures(&circuit, &run.plots);
    run.warnings.append(&mut collector.notes);
    outcome.map_err(|failure| explain(&failure, &circuit))?;
    for program in &programs {
        let outcome = match program {
            Program::Continual(continual) => continual.run(&circuit, &options, |_| {}).map(drop),
            _ => program.train(&circuit, &options, &[options.seed], None, |_| {}).map(drop),
        };
        outcome.map_err(|failure| explain(&failure, &circuit))?;
    }
    Ok(())
}

/// The `.measure` results of all plots.
/// Keeps what a script says.
#[derive(Default)]
struct Said {
    errors: Vec<String>,
    warnings: Vec<String>,
}

impl Console for Said {
    fn print(&mut self, _text: &str) {}
    fn report(&mut self, finding: &Diagnostic, sources: &SourceMap) {
        let list = if finding.severity == Severity::Error { &mut self.errors } else { &mut self.warnings };
        list.push(sentence(finding, sources));
    }
    fn note(&mut self, text: &str) {
        self.warnings.push(text.to_string());
    }
}

/// Runs the `.control` blocks of a deck; false when they leave the analyses to the deck. What a script writes goes to a folder
/// that is removed.
fn scripted(parsed: &Arc<Parsed>, overrides: &Overrides, expected: &Expectations, run: &mut Run) -> Result<bool, Stop> {
    let script = Script::of(parsed).map_err(|error| Stop { exit: WRONG, text: sentence(&error, &parsed.sources()) })?;
    if script.is_empty() {
        return Ok(false);
    }
    let failed = |text: String| Stop { exit: FAILED, text };
    let own = format!("ionspice-script-{}-{:?}", std::process::id(), std::thread::current().id());
    let folder = std::env::temp_dir().join(own);
    std::fs::create_dir_all(&folder).map_err(|error| failed(format!("{}: {error}", folder.display())))?;
    let mut said = Said::default();
    let outcome = script::run(parsed, &script, overrides, expected.seed, folder.clone(), &mut said);
    // Left behind if the system will not have it removed.
    drop(std::fs::remove_dir_all(&folder));
    run.warnings.append(&mut said.warnings);
    run.plots = outcome.plots;
    run.measures = outcome.measures.into_iter().map(|result| (result.name, result.value)).collect();
    match outcome.exit {
        Some(exit) if exit != 0 => {
            let text = format!("the script quit with {exit}\n{}", said.errors.join("\n"));
            Err(Stop { exit, text })
        }
        None if outcome.errors > 0 => Err(failed(said.errors.join("\n"))),
        exit => Ok(exit.is_some() || script.analyses()),
    }
}

fn measures(circuit: &Circuit, plots: &[Dataset]) -> Vec<(String, Option<f64>)> {
    let mut all = Vec::new();
    for plot in plots {
        let found = measure::evaluate_after(circuit, plot, &all);
        all.extend(found);
    }
    all.into_iter().map(|result| (result.name, result.value)).collect()
}

/// Every step and sample; the first failure ends the deck.
fn all_runs(circuit: &Circuit, options: &Options, run: &mut Run) -> Result<(), Failure> {
    let mut joined = Joined::default();
    let (mut failure, mut number) = (None, 0);
    campaign::execute(circuit, options, |outcome| {
        run.plots.extend(joined.add(&outcome));
        number += 1;
        let results = measures(&outcome.circuit, &outcome.plots);
        run.measures.extend(results.into_iter().map(|(name, value)| (format!("{name}[{number}]"), value)));
        run.warnings.extend(outcome.notes.iter().map(|note| format!("{}: {note}", outcome.run.label())));
        failure = failure.take().or(outcome.failure);
    });
    run.plots.extend(joined.finish());
    failure.map_or(Ok(()), Err)
}

fn explain(failure: &Failure, circuit: &Circuit) -> Stop {
    match failure {
        Failure::Netlist(found) => {
            Stop { exit: WRONG, text: sentences(found, Severity::Error, &circuit.sources).join("\n") }
        }
        Failure::Simulation(error) => {
            let mut lines = Vec::new();
            if matches!(error, SimulationError::NoConvergence { .. }) {
                lines = analysis::check(circuit).iter().map(|d| sentence(d, &circuit.sources)).collect();
            }
            lines.push(format!("{error} ({})", error.hint()));
            Stop { exit: FAILED, text: lines.join("\n") }
        }
    }
}

/// Keeps the results in memory and stops the run when its time is over.
struct Collector {
    plots: Vec<Dataset>,
    notes: Vec<String>,
    sources: Arc<SourceMap>,
    deadline: Instant,
}

impl Collector {
    fn check(&self) -> Result<(), SimulationError> {
        if Instant::now() < self.deadline {
            Ok(())
        } else {
            Err(SimulationError::Output("not finished within the time allowed".into()))
        }
    }
}

impl Sink for Collector {
    fn begin(&mut self, header: &Dataset) -> Result<(), SimulationError> {
        self.check()?;
        self.plots.begin(header)
    }

    fn row(&mut self, row: &[f64]) -> Result<(), SimulationError> {
        self.check()?;
        self.plots.row(row)
    }

    fn complex_row(&mut self, row: &[Complex64]) -> Result<(), SimulationError> {
        self.check()?;
        self.plots.complex_row(row)
    }

    fn warnings(&mut self, found: &[Diagnostic]) {
        for warning in found {
            let text = sentence(warning, &self.sources);
            if !self.notes.contains(&text) {
                self.notes.push(text);
            }
        }
    }

    fn note(&mut self, text: &str) {
        self.notes.push(text.to_string());
    }
}
