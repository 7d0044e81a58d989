//! Commands and their arguments.

mod campaign;
mod check;
mod extra;
mod extract;
mod fit;
mod compiled;
mod continual;
mod generate;
mod html;
mod learning;
mod matrices;
mod models;
mod run;
mod script;
mod stats;
mod stream;
mod summary;
mod test;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use ionspice::circuit::Overrides;
use ionspice::diagnostic::{Diagnostic, Severity, SourceMap, render};
use ionspice::netlist::{Dialect, Loaded, Parsed};

/// The run went well.
const SUCCESS: u8 = 0;
/// The simulation failed.
const FAILED: u8 = 1;
/// The netlist or the arguments are wrong.
const WRONG: u8 = 2;

#[derive(Parser)]
#[command(name = "ionspice", version, about = "Circuit simulator for circuits that learn", long_about = None)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the analyses and the learning controllers of a deck
    Run(run::RunArguments),
    /// Join the JSON reports of the shards of a learning run
    Merge(learning::MergeArguments),
    /// Look for mistakes in a deck without simulating it
    Check {
        /// Netlist
        deck: PathBuf,
        /// Set a top-level parameter: --set name=value
        #[arg(long = "set", value_name = "NAME=VALUE")]
        sets: Vec<String>,
        /// Whose netlist language: ngspice, ltspice, hspice or xyce [default: what the deck names, or ngspice]
        #[arg(long, value_name = "NAME")]
        dialect: Option<Dialect>,
    },
    /// Write a deck with its arrays line by line, for other simulators
    Gen(generate::GenerateArguments),
    /// Run decks and compare them with what they expect
    Test(test::TestArguments),
    /// Judge one deck for `test`
    #[command(hide = true)]
    Judge(test::JudgeArguments),
    /// Fit model parameters to measured data
    Fit(fit::FitArguments),
    /// Classic figures of measured switching curves
    Extract(extract::ExtractArguments),
    /// List the device models, or the parameters of one
    Models {
        /// Type word of a model card, such as `nmos`, or a module of the library
        name: Option<String>,
        /// Compiled Verilog-A library, or a Verilog-A file
        #[arg(long, value_name = "FILE")]
        osdi: Option<PathBuf>,
        /// Write JSON instead of a table
        #[arg(long)]
        json: bool,
    },
}

/// Parses the command line and runs the command.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let code = if error.use_stderr() { WRONG } else { SUCCESS };
            drop(error.print());
            return ExitCode::from(code);
        }
    };
    ExitCode::from(match arguments.command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Merge(arguments) => learning::merge(&arguments),
        Command::Check { deck, sets, dialect } => check::check(&deck, &sets, dialect),
        Command::Gen(arguments) => generate::generate(&arguments),
        Command::Test(arguments) => test::test(&arguments),
        Command::Judge(arguments) => test::judge(&arguments),
        Command::Fit(arguments) => fit::fit(&arguments),
        Command::Extract(arguments) => extract::run(&arguments),
        Command::Models { name, osdi: Some(file), json } => compiled::compiled(&file, name.as_deref(), json),
        Command::Models { name, osdi: None, json } => models::models(name.as_deref(), json),
    })
}

/// `name=value` pairs of `--set`.
fn overrides(sets: &[String]) -> Result<Vec<(String, String)>, String> {
    sets.iter()
        .map(|set| match set.split_once('=') {
            Some((name, value)) if !name.trim().is_empty() => {
                Ok((name.trim().to_ascii_lowercase(), value.trim().to_string()))
            }
            _ => Err(format!("--set wants NAME=VALUE, found `{set}`")),
        })
        .collect()
}

/// Loads a deck and prints what is wrong with it; `Err` is the exit code.
fn load(deck: &Path, sets: &[String], dialect: Option<Dialect>, quiet: bool) -> Result<Loaded, u8> {
    load_timed(deck, sets, dialect, quiet, &mut (0.0, 0.0))
}

/// The same; `times` gets the seconds for parsing and for elaborating.
fn load_timed(
    deck: &Path,
    sets: &[String],
    dialect: Option<Dialect>,
    quiet: bool,
    times: &mut (f64, f64),
) -> Result<Loaded, u8> {
    let overrides = overrides(sets).map_err(|problem| {
        eprintln!("error: {problem}");
        WRONG
    })?;
    let (parsed, parse) = stats::timed(|| Parsed::read_in(deck, &overrides, dialect));
    let (loaded, elaborate) = stats::timed(|| parsed.elaborate(&Overrides::default()));
    times.0 += parse.as_secs_f64();
    times.1 += elaborate.as_secs_f64();
    match loaded {
        Ok(loaded) => {
            if !quiet {
                report(&loaded.warnings, &loaded.circuit.sources);
            }
            Ok(loaded)
        }
        Err(failure) => {
            report(&failure.diagnostics, &failure.sources);
            Err(WRONG)
        }
    }
}

/// Most findings of one severity that are printed.
const MOST_SHOWN: usize = 50;

/// Prints diagnostics to standard error, errors last.
fn report(diagnostics: &[Diagnostic], sources: &SourceMap) {
    let color = std::io::stderr().is_terminal();
    for (severity, plural) in [(Severity::Warning, "warnings"), (Severity::Error, "errors")] {
        let all = || diagnostics.iter().filter(|d| d.severity == severity);
        for diagnostic in all().take(MOST_SHOWN) {
            eprintln!("{}", render(diagnostic, sources, color).trim_end());
        }
        let more = all().count().saturating_sub(MOST_SHOWN);
        if more > 0 {
            eprintln!("and {more} more {plural}");
        }
    }
}
