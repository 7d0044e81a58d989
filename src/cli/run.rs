//! `ionspice run`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use ionspice::analysis::{self, Failure, MatrixValues, OperatingTable, Options, SimulationError, Sink, Work};
use ionspice::campaign;
use ionspice::circuit::{Analysis, Circuit, Draw, Overrides};
use ionspice::cosim::controller::Program;
use ionspice::diagnostic::{Diagnostic, Severity, Span};
use ionspice::measure;
use ionspice::netlist::Dialect;
use ionspice::output::{
    CsvStream, Dataset, OutputError, Progress, Quantity, RawFormat, RawStream, Variable, engineering, numbered,
    plot_waveforms, write_bias, write_csv,
};
use num_complex::Complex64;

use super::extra::Extra;
use super::script::{self, Ran};
use super::stats::Stats;
use super::stream::{self, Streamed};
use super::{FAILED, SUCCESS, WRONG, learning, load_timed, matrices, report, summary};

/// Arguments of `run`.
#[derive(Args)]
pub struct RunArguments {
    /// Netlist
    pub deck: PathBuf,
    /// Write an ngspice raw file
    #[arg(long, value_name = "FILE")]
    pub raw: Option<PathBuf>,
    /// Write the raw file as text
    #[arg(long, requires = "raw")]
    pub ascii: bool,
    /// Write CSV (a second analysis goes to FILE.2.csv, ..)
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Write JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Draw an SVG plot: waveforms, or the learning curve of a learning run
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,
    /// Draw the plot over this signal instead of time or the sweep: characteristic curves
    #[arg(long, value_name = "SIGNAL", requires = "plot")]
    pub plot_over: Option<String>,
    /// Write the matrices of `.matrix` that name no file (a second one goes to FILE.2.csv, ..)
    #[arg(long, value_name = "FILE")]
    pub array_csv: Option<PathBuf>,
    /// Print where time and memory went (also into the JSON file)
    #[arg(long)]
    pub stats: bool,
    /// Write a learning run as one HTML page
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Seed of every random draw (default: `.options seed=`, else 1)
    #[arg(long)]
    pub seed: Option<u64>,
    /// Number of seeds of a learning run, in parallel
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub seeds: u32,
    /// Only part of the seeds of a learning run: shard I of N, from 1 (join the reports with `merge`)
    #[arg(long, value_name = "I/N")]
    pub shard: Option<learning::Shard>,
    /// Folder where a learning run keeps its progress; started again, it goes on from there
    #[arg(long, value_name = "FOLDER")]
    pub checkpoint: Option<PathBuf>,
    /// Seconds between checkpoints
    #[arg(long, value_name = "SECONDS", default_value_t = 30.0, requires = "checkpoint")]
    pub checkpoint_every: f64,
    /// Set a top-level parameter of the deck
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub sets: Vec<String>,
    /// Whose netlist language: ngspice, ltspice, hspice or xyce [default: what the deck names, or ngspice]
    #[arg(long, value_name = "NAME")]
    pub dialect: Option<Dialect>,
    /// Print nothing but errors
    #[arg(short, long)]
    pub quiet: bool,
    /// Number of Monte Carlo samples (as `.mc`)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub mc: Option<u64>,
    /// Every random function gives its nominal value
    #[arg(long, conflicts_with = "mc")]
    pub nominal: bool,
    /// Write the first operating point as `.nodeset` lines (as `.savebias`)
    #[arg(long, value_name = "FILE")]
    pub save_op: Option<PathBuf>,
}

/// Runs a deck; returns the exit code.
pub fn run(arguments: &RunArguments) -> u8 {
    let mut stats = Stats::begin();
    let mut times = (0.0, 0.0);
    let loaded = match load_timed(&arguments.deck, &arguments.sets, arguments.dialect, arguments.quiet, &mut times) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    (stats.parse, stats.elaborate) = times;
    let mut circuit = loaded.circuit;
    let given =
        Overrides { seed: arguments.seed, draw: arguments.nominal.then_some(Draw::Nominal), ..Overrides::default() };
    if given != Overrides::default() {
        circuit = match circuit.rebuilt(&given) {
            Ok(rebuilt) => rebuilt,
            Err(found) => {
                report(&found, &circuit.sources);
                return WRONG;
            }
        };
    }
    let scripted = match script::run(arguments, &loaded.parsed, &given) {
        Ran::Done(code) => return code,
        Ran::Open(code) if circuit.analyses.is_empty() && circuit.controllers.is_empty() => return code,
        Ran::Open(code) => code,
        Ran::Nothing => SUCCESS,
    };
    circuit.samples = arguments.mc.or(circuit.samples);
    let circuit = Arc::new(circuit);
    let (mut options, problems) = Options::from_settings(&circuit.options);
    options.timed = arguments.stats;
    let wrong = problems.iter().any(|d| d.severity == Severity::Error);
    if wrong || !arguments.quiet {
        report(&problems, &circuit.sources);
    }
    if wrong {
        return WRONG;
    }
    if let Some(seed) = arguments.seed {
        options.seed = seed;
    }
    if circuit.analyses.is_empty() && circuit.controllers.is_empty() {
        let first_line = circuit.sources.file(0).text.lines().next().unwrap_or("");
        let title = Span { file: 0, start: 0, len: first_line.len() as u32 };
        let nothing = Diagnostic::error(title, "the deck has no analysis and no controller")
            .label("nothing to do")
            .hint("add .op, .dc, .tran, .ac or a .controller block");
        report(&[nothing], &circuit.sources);
        return WRONG;
    }
    let mut programs = Vec::new();
    for block in &circuit.controllers {
        match Program::new(&circuit, block) {
            Ok(program) => programs.push(program),
            Err(found) => {
                report(&found, &circuit.sources);
                return WRONG;
            }
        }
    }
    let mut plots = Vec::new();
    if !circuit.analyses.is_empty() {
        let code = if campaign::wanted(&circuit) {
            super::campaign::campaign(arguments, &circuit, &options, &mut plots)
        } else {
            simulate(arguments, &circuit, &options, &mut plots, stats)
        };
        if code != SUCCESS {
            return code;
        }
    }
    learning::learn(arguments, &circuit, &programs, &options, &plots).max(scripted)
}

/// Prints why a run stopped; returns the exit code.
pub fn explain(failure: &Failure, circuit: &Circuit) -> u8 {
    match failure {
        Failure::Netlist(found) => {
            report(found, &circuit.sources);
            WRONG
        }
        Failure::Simulation(error) => {
            if matches!(error, SimulationError::NoConvergence { .. }) {
                report(&analysis::check(circuit), &circuit.sources);
            }
            eprintln!("error: {error}\nhint: {}", error.hint());
            FAILED
        }
    }
}

/// Runs the analyses and hands over what they computed.
fn simulate(
    arguments: &RunArguments,
    circuit: &Circuit,
    options: &Options,
    plots: &mut Vec<Dataset>,
    stats: Stats,
) -> u8 {
    let mut output = Output::new(arguments, circuit);
    output.stats = stats;
    let outcome = analysis::run(circuit, options, &mut output);
    if let Err(failure) = &outcome {
        output.progress = Progress::silent();
        let code = explain(failure, circuit);
        let written = output.finish(arguments);
        return if written == SUCCESS { code } else { written };
    }
    if !arguments.quiet {
        output.print(circuit);
    }
    let code = output.finish(arguments);
    if arguments.stats && !arguments.quiet {
        output.stats.end();
        output.stats.print();
    }
    *plots = output.plots;
    code
}

/// Where the rows go: streamed to the raw file, kept for the other formats.
pub struct Output<'a> {
    circuit: &'a Circuit,
    /// The warnings about its devices have been shown.
    warned: bool,
    /// Where the first operating point goes.
    bias: Option<PathBuf>,
    raw: Option<RawTarget>,
    pub plots: Vec<Dataset>,
    /// Operating points of the devices.
    extra: Extra,
    matrices: Vec<MatrixValues>,
    /// Waveforms that are not kept.
    streamed: Vec<Streamed>,
    keep: bool,
    csv: Option<PathBuf>,
    stats: Stats,
    /// The output is timed.
    timed: bool,
    progress: Progress,
    quiet: bool,
    stops: std::vec::IntoIter<f64>,
    stop: f64,
}

struct RawTarget {
    path: PathBuf,
    format: RawFormat,
    stream: Option<RawStream>,
    started: bool,
}

impl<'a> Output<'a> {
    pub fn new(arguments: &RunArguments, circuit: &'a Circuit) -> Self {
        let raw = arguments.raw.as_ref().map(|path| RawTarget {
            path: path.clone(),
            format: if arguments.ascii { RawFormat::Ascii } else { RawFormat::Binary },
            stream: None,
            started: false,
        });
        let stops: Vec<f64> = circuit
            .analyses
            .iter()
            .filter_map(|a| if let Analysis::Tran { stop, .. } = a { Some(*stop) } else { None })
            .collect();
        Self {
            circuit,
            warned: false,
            bias: arguments.save_op.clone().or_else(|| circuit.saved_bias.clone()),
            raw,
            plots: Vec::new(),
            extra: Extra::default(),
            matrices: Vec::new(),
            streamed: Vec::new(),
            keep: stream::keeps(arguments, circuit),
            csv: arguments.csv.clone(),
            stats: Stats::begin(),
            timed: arguments.stats,
            progress: Progress::silent(),
            quiet: arguments.quiet,
            stops: stops.into_iter(),
            stop: 1.0,
        }
    }

    /// Ends the raw file and writes the other formats.
    pub fn finish(&mut self, arguments: &RunArguments) -> u8 {
        let mut code = SUCCESS;
        let mut check = |result: Result<(), OutputError>| {
            if let Err(problem) = result {
                eprintln!("error: cannot write {problem}");
                code = FAILED;
            }
        };
        if let Some(raw) = &mut self.raw
            && let Some(stream) = raw.stream.take()
        {
            check(stream.finish().map(drop));
        }
        let begun = Instant::now();
        self.streamed.iter_mut().for_each(|streamed| check(streamed.finish()));
        if let Some(path) = &arguments.csv {
            for (k, plot) in self.plots.iter().enumerate().filter(|(k, _)| self.streamed.iter().all(|s| s.plot != *k)) {
                check(write_csv(&numbered(path, k + 1), std::slice::from_ref(plot)).map(drop));
            }
        }
        matrices::write(self.circuit, &self.matrices, arguments.array_csv.as_deref(), &mut check);
        if let Some(path) = &arguments.json {
            let mut extra = Extra { devices: self.extra.devices.clone(), ..Extra::default() };
            self.plots.iter().for_each(|plot| extra.add(self.circuit, plot));
            if arguments.stats {
                self.stats.end();
                extra.stats = serde_json::to_value(&self.stats).ok();
            }
            check(extra.write_json(path, &self.plots));
        }
        // Of samples the histograms of their measures are drawn.
        if let Some(path) = arguments.plot.as_ref().filter(|_| self.circuit.samples.is_none()) {
            for (k, plot) in self.plots.iter().filter(|p| p.axis().is_some()).enumerate() {
                let path = numbered(path, k + 1);
                let over = arguments.plot_over.as_ref().map(|signal| plot.over(signal).ok_or(signal));
                match over {
                    None => check(plot_waveforms(plot, &path)),
                    Some(Ok(curves)) => check(plot_waveforms(&curves, &path)),
                    Some(Err(signal)) => {
                        let source = std::io::Error::other(format!("`{signal}` is not among the saved signals"));
                        check(Err(OutputError::Io { path, source }));
                    }
                }
            }
        }
        self.stats.wrote(begun);
        code
    }

    /// Operating points in full, `.print` signals row by row, and a summary of everything else.
    pub fn print(&self, circuit: &Circuit) {
        let mut measures = Vec::new();
        for (number, plot) in self.plots.iter().enumerate() {
            if let Some(streamed) = self.streamed.iter().find(|streamed| streamed.plot == number) {
                println!("{} ({} points)", plot.plot_name, streamed.points);
                for (variable, column) in plot.variables.iter().zip(&streamed.columns).skip(1) {
                    extremes(variable, column);
                }
                continue;
            }
            println!("{} ({} points)", plot.plot_name, plot.points());
            let tables = measure::printed(circuit, plot);
            for table in &tables {
                match table {
                    Ok(table) => print!("{table}"),
                    Err(problem) => eprintln!("warning: {problem}"),
                }
            }
            if plot.axis().is_none() {
                self.extra.devices.iter().for_each(|table| println!("{table}"));
            }
            let mut found = Extra::default();
            found.measures.clone_from(&measures);
            found.add(circuit, plot);
            found.fouriers.iter().for_each(|table| println!("{table}"));
            found.measures.iter().skip(measures.len()).for_each(|result| println!("{result}"));
            measures = found.measures;
            if !tables.is_empty() && plot.axis().is_some() {
                continue;
            }
            if summary::print(plot) {
                continue;
            }
            for (k, variable) in plot.variables.iter().enumerate() {
                let unit = variable.quantity.unit();
                if plot.axis().is_none() {
                    println!("  {:<24} {}", variable.name, engineering(plot.value(0, k).re, unit, 6));
                } else if k > 0 {
                    let (low, high) =
                        plot.column(k).fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
                    let last = plot.column(k).last().unwrap_or(f64::NAN);
                    extremes(variable, &[low, high, last]);
                }
            }
        }
    }
}

/// Prints smallest, largest and last value of a signal.
fn extremes(variable: &Variable, values: &[f64; 3]) {
    let [low, high, last] = values.map(|value| engineering(value, variable.quantity.unit(), 5));
    println!("  {:<24} min {low:>12}  max {high:>12}  last {last:>12}", variable.name);
}

fn output_error(error: impl std::fmt::Display) -> SimulationError {
    SimulationError::Output(error.to_string())
}

impl Sink for Output<'_> {
    fn begin(&mut self, header: &Dataset) -> Result<(), SimulationError> {
        if let Some(raw) = &mut self.raw {
            if let Some(stream) = raw.stream.take() {
                stream.finish().map_err(output_error)?;
            }
            let stream = if raw.started {
                RawStream::append(&raw.path, header, raw.format, None)
            } else {
                RawStream::create(&raw.path, header, raw.format, None)
            };
            raw.stream = Some(stream.map_err(output_error)?);
            raw.started = true;
        }
        self.plots.push(header.clone());
        let transient = header.variables.first().is_some_and(|v| v.quantity == Quantity::Time);
        if transient && !self.keep {
            let plot = self.plots.len() - 1;
            let csv = self.csv.as_ref().map(|path| CsvStream::create(&numbered(path, plot + 1), header));
            self.streamed.push(Streamed::new(plot, header, csv.transpose().map_err(output_error)?));
        }
        self.stop = if transient { self.stops.next().unwrap_or(1.0) } else { 1.0 };
        self.progress = Progress::transient(&header.plot_name, self.stop, self.quiet);
        Ok(())
    }

    fn row(&mut self, row: &[f64]) -> Result<(), SimulationError> {
        let begun = self.timed.then(Instant::now);
        if let Some(stream) = self.raw.as_mut().and_then(|r| r.stream.as_mut()) {
            stream.push_row(row).map_err(output_error)?;
        }
        let number = self.plots.len().wrapping_sub(1);
        if let Some(streamed) = self.streamed.last_mut().filter(|streamed| streamed.plot == number) {
            streamed.row(row).map_err(output_error)?;
        } else if let Some(plot) = self.plots.last_mut() {
            plot.push_row(row);
        }
        if let Some(begun) = begun {
            self.stats.wrote(begun);
        }
        Ok(())
    }

    fn complex_row(&mut self, row: &[Complex64]) -> Result<(), SimulationError> {
        if let Some(stream) = self.raw.as_mut().and_then(|r| r.stream.as_mut()) {
            stream.push_complex_row(row).map_err(output_error)?;
        }
        if let Some(plot) = self.plots.last_mut() {
            plot.push_complex_row(row);
        }
        Ok(())
    }

    fn devices(&mut self, tables: Vec<OperatingTable>) {
        self.extra.devices.extend(tables);
    }

    fn work(&mut self, work: Work) {
        self.stats.analyses.push(work);
    }

    fn matrix(&mut self, matrix: MatrixValues) {
        self.matrices.push(matrix);
    }

    fn progress(&mut self, done: f64) {
        self.progress.at(done * self.stop);
    }

    fn solved(&mut self, voltages: &[f64]) {
        if let Some(path) = self.bias.take()
            && let Err(problem) = write_bias(&path, &self.circuit.nodes, voltages)
        {
            eprintln!("error: cannot write {problem}");
        }
    }

    fn warnings(&mut self, found: &[Diagnostic]) {
        if !self.quiet && !std::mem::replace(&mut self.warned, true) {
            report(found, &self.circuit.sources);
        }
    }

    fn note(&mut self, text: &str) {
        if !self.quiet {
            eprintln!("note: {text}");
        }
    }
}
