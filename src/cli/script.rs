//! Runs of a deck with `.control` blocks.

use std::path::PathBuf;
use std::sync::Arc;

use ionspice::circuit::Overrides;
use ionspice::diagnostic::{Diagnostic, Severity, SourceMap};
use ionspice::netlist::Parsed;
use ionspice::output::{RawFormat, numbered, plot_waveforms, write_csv, write_raw};
use ionspice::script::{self, Console, Script};

use super::extra::Extra;
use super::run::RunArguments;
use super::{FAILED, SUCCESS, WRONG, report};

/// Standard output and standard error.
struct Terminal {
    quiet: bool,
}

impl Console for Terminal {
    fn print(&mut self, text: &str) {
        if !self.quiet {
            use std::io::Write;
            // A closed pipe ends the output, not the run.
            let _ = std::io::stdout().write_all(text.as_bytes());
        }
    }

    fn report(&mut self, finding: &Diagnostic, sources: &SourceMap) {
        if !self.quiet || finding.severity == Severity::Error {
            report(std::slice::from_ref(finding), sources);
        }
    }

    fn note(&mut self, text: &str) {
        if !self.quiet {
            eprintln!("note: {text}");
        }
    }
}

/// What became of the script.
pub enum Ran {
    /// The script ran analyses, or ended the run: the exit code.
    Done(u8),
    /// The script has no analysis: those of the deck are still to be run.
    Open(u8),
    /// There is no script.
    Nothing,
}

/// Runs the scripts of a deck.
pub fn run(arguments: &RunArguments, parsed: &Arc<Parsed>, overrides: &Overrides) -> Ran {
    let script = match Script::of(parsed) {
        Ok(script) => script,
        Err(error) => {
            report(&[error], &parsed.sources());
            return Ran::Done(WRONG);
        }
    };
    if script.is_empty() {
        return Ran::Nothing;
    }
    let mut terminal = Terminal { quiet: arguments.quiet };
    let outcome = script::run(parsed, &script, overrides, arguments.seed, PathBuf::new(), &mut terminal);
    let mut code = if outcome.errors > 0 { FAILED } else { SUCCESS };
    if outcome.exit.is_none() && !script.analyses() {
        return Ran::Open(code);
    }
    let plots = &outcome.plots;
    let mut check = |result: Result<(), ionspice::output::OutputError>| {
        if let Err(problem) = result {
            eprintln!("error: cannot write {problem}");
            code = FAILED;
        }
    };
    if let Some(path) = &arguments.raw {
        let format = if arguments.ascii { RawFormat::Ascii } else { RawFormat::Binary };
        check(write_raw(path, plots, format, None));
    }
    if let Some(path) = &arguments.csv {
        check(write_csv(path, plots).map(drop));
    }
    if let Some(path) = &arguments.json {
        let extra = Extra { measures: outcome.measures, fouriers: outcome.fouriers, ..Extra::default() };
        check(extra.write_json(path, plots));
    }
    if let Some(path) = &arguments.plot {
        for (k, plot) in plots.iter().filter(|p| p.axis().is_some()).enumerate() {
            check(plot_waveforms(plot, &numbered(path, k + 1)));
        }
    }
    Ran::Done(outcome.exit.unwrap_or(code))
}
