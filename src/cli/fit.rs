//! `ionspice fit`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use ionspice::diagnostic::SourceMap;
use ionspice::fit::population::{self, Population};
use ionspice::fit::{self, DataFile, Fit, FitError, Loss, Problem, SearchSettings, SetFit, card};
use ionspice::netlist::{Dialect, Parsed};
use ionspice::output::{Dataset, Progress, Quantity, Variable, numbered, plot_waveforms};
use serde_json::json;

use super::{FAILED, SUCCESS, WRONG, overrides, report};

/// Most data sets whose residuals are drawn.
const MOST_PLOTS: usize = 50;

/// Correlation of neighbouring residuals from which the intervals are called too narrow.
const CORRELATED: f64 = 0.3;

/// How outliers count.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum LossName {
    /// Squares
    #[default]
    Linear,
    /// Linear beyond 1.345 deviations
    Huber,
    /// Smooth Huber
    SoftL1,
    /// Logarithm of squares
    Cauchy,
}

/// Arguments of `fit`.
#[derive(Args)]
pub struct FitArguments {
    /// Netlist with `.fit` and `.fitdata`
    deck: PathBuf,
    /// Measured data; NAME chooses one of several `.fitdata`
    #[arg(long = "data", value_name = "[NAME=]FILE")]
    data: Vec<String>,
    /// Write the fitted model card
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Draw data, model and residuals of every data set (FILE.svg, FILE.2.svg, ..)
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// Print JSON instead of tables
    #[arg(long)]
    json: bool,
    /// How outliers count
    #[arg(long, value_enum, default_value_t = LossName::Linear)]
    loss: LossName,
    /// Number of starts; the first is that of the deck, the others are drawn within the bounds
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    starts: u16,
    /// Seed of the starts
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Most steps of each search
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    iterations: u32,
    /// Fit every device by itself and describe their spread
    #[arg(long)]
    population: bool,
    /// Intervals by the profile of the likelihood as well
    #[arg(long, conflicts_with = "population")]
    profile: bool,
    /// Set a top-level parameter of the deck
    #[arg(long = "set", value_name = "NAME=VALUE")]
    sets: Vec<String>,
    /// Whose netlist language: ngspice, ltspice, hspice or xyce [default: what the deck names, or ngspice]
    #[arg(long, value_name = "NAME")]
    dialect: Option<Dialect>,
    /// Print nothing but errors
    #[arg(short, long)]
    quiet: bool,
}

/// Fits a deck; returns the exit code.
pub fn fit(arguments: &FitArguments) -> u8 {
    let sets = match overrides(&arguments.sets) {
        Ok(sets) => sets,
        Err(problem) => {
            eprintln!("error: {problem}");
            return WRONG;
        }
    };
    let parsed = Parsed::read_in(&arguments.deck, &sets, arguments.dialect);
    let files: Vec<DataFile> = arguments.data.iter().map(|text| DataFile::parse(text)).collect();
    let mut problem = match Problem::new(&parsed, &files) {
        Ok(problem) => problem,
        Err(error) => return explain(&error, &parsed.sources()),
    };
    let loss = match arguments.loss {
        LossName::Linear => Loss::Linear,
        LossName::Huber => Loss::Huber,
        LossName::SoftL1 => Loss::SoftL1,
        LossName::Cauchy => Loss::Cauchy,
    };
    let settings = SearchSettings {
        loss,
        starts: arguments.starts.into(),
        seed: arguments.seed,
        iterations: arguments.iterations as usize,
    };
    let progress = Progress::search("fit", arguments.quiet || arguments.json);
    if arguments.population {
        let found = population::population(&problem, &settings, &|device, cost| {
            progress.step(|| format!("{device}: cost {cost:.6e}"));
        });
        drop(progress);
        return match found {
            Ok(found) => finish_population(arguments, &problem, &found),
            Err(error) => explain(&error, &parsed.sources()),
        };
    }
    let found = fit::fit(&mut problem, &settings, &|iteration, cost| {
        progress.step(|| format!("step {iteration}, cost {cost:.6e}"));
    });
    match found {
        Ok(mut found) => {
            if arguments.profile {
                fit::profile(&problem, &mut found, &settings);
            }
            drop(progress);
            finish(arguments, &problem, &found)
        }
        Err(error) => explain(&error, &parsed.sources()),
    }
}

fn explain(error: &FitError, sources: &Arc<SourceMap>) -> u8 {
    match error.diagnostics(sources) {
        Some((found, sources)) => report(found, sources),
        None => eprintln!("error: {error}"),
    }
    if error.is_simulation() { FAILED } else { WRONG }
}

fn write(path: &Path, text: &str) -> u8 {
    match std::fs::write(path, text) {
        Ok(()) => SUCCESS,
        Err(error) => {
            eprintln!("error: cannot write {}: {error}", path.display());
            FAILED
        }
    }
}

fn finish(arguments: &FitArguments, problem: &Problem, found: &Fit) -> u8 {
    let cards = card::cards(problem, found);
    let mut code = if found.converged { SUCCESS } else { FAILED };
    if let Some(path) = &arguments.out {
        code = code.max(write(path, &cards));
    }
    if let Some(path) = &arguments.plot {
        code = code.max(plots(path, &found.sets));
    }
    if arguments.json {
        println!("{:#}", json!({ "fit": found, "card": cards }));
    } else if !arguments.quiet {
        print(found);
        if arguments.out.is_none() {
            println!("\n{cards}");
        }
    }
    if !found.converged {
        eprintln!("error: the search did not converge in {} steps; the values are the best so far", found.iterations);
    }
    code
}

fn print(found: &Fit) {
    let name = found.estimates.iter().map(|e| e.name.len()).max().unwrap_or(0).max(9);
    println!("{:<name$} {:>13} {:>10} {:>27}  unit", "parameter", "value", "sigma", "95 % interval");
    for e in &found.estimates {
        let value = card::number(e.value);
        match e.at_bound {
            Some(bound) => println!(
                "{:<name$} {value:>13} {:>10} {:>27}  {}",
                e.name,
                "-",
                format!("at the {bound} bound"),
                e.unit
            ),
            None => {
                let interval = format!("{:.5e} .. {:.5e}", e.interval.0, e.interval.1);
                println!("{:<name$} {value:>13} {:>10.2e} {interval:>27}  {}", e.name, e.sigma, e.unit);
            }
        }
    }
    if found.estimates.iter().any(|e| e.profile.is_some()) {
        println!("\n{:<name$} {:>27}", "parameter", "95 % by the profile");
        for e in &found.estimates {
            let Some((low, high)) = e.profile else { continue };
            println!("{:<name$} {:>27}  {}", e.name, format!("{low:.5e} .. {high:.5e}"), e.unit);
        }
    }
    let noise = if found.noise_estimated { " (noise estimated from the residuals)" } else { "" };
    println!(
        "\nchi2/dof {:.4} with {} degrees of freedom{noise}; {} steps",
        found.chi2 / found.dof.max(1) as f64,
        found.dof,
        found.iterations
    );
    if found.starts.len() > 1 {
        let finite: Vec<f64> = found.starts.iter().copied().filter(|c| c.is_finite()).collect();
        let least = finite.iter().copied().fold(f64::INFINITY, f64::min);
        let same = finite.iter().filter(|&&c| c <= least * 1.001 + 1e-12).count();
        println!("{} of {} starts end at the best minimum", same, found.starts.len());
    }
    println!(
        "\n{:<32} {:<14} {:>6} {:>11} {:>9} {:>8} {:>7}",
        "data", "signal", "values", "rms", "rms/noise", "R2", "lag-1"
    );
    for set in found.sets.iter().take(MOST_PLOTS) {
        for s in &set.signals {
            println!(
                "{:<32} {:<14} {:>6} {:>11.4e} {:>9.3} {:>8.5} {:>7.3}",
                set.label, s.signal, s.count, s.rms, s.chi, s.r2, s.lag1
            );
        }
    }
    let mut strong: Vec<(f64, &str, &str)> = Vec::new();
    for (a, row) in found.correlations.iter().enumerate() {
        for (b, c) in row.iter().enumerate().take(a) {
            if c.abs() > 0.9 {
                strong.push((*c, &found.estimates[b].name, &found.estimates[a].name));
            }
        }
    }
    strong.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()));
    if !strong.is_empty() {
        println!("\nstrong correlations:");
        strong.iter().take(20).for_each(|(c, a, b)| println!("  {c:+.4}  {a} and {b}"));
    }
    if !found.open.is_empty() {
        println!("\nthe data do not determine (deviation in e-folds, or in shares of the range between the bounds):");
        for direction in &found.open {
            let members: Vec<String> = direction.members.iter().map(|(n, w)| format!("{w:+.2} {n}")).collect();
            println!("  {:>9.3}  along {}", direction.deviation, members.join(" "));
        }
    }
    let correlated = |r: f64| ((1.0 + r) / (1.0 - r)).sqrt();
    let signals = || found.sets.iter().flat_map(|set| &set.signals).filter(|s| s.count > 20);
    let worst = signals().map(|s| s.lag1).filter(|r| r.is_finite()).fold(0.0, f64::max);
    if worst > CORRELATED {
        println!(
            "\nneighbouring residuals are correlated (lag-1 up to {worst:.2}): the model misses a part of the curve or the noise is not \
             white; intervals are too narrow by about {:.1}",
            correlated(worst.min(0.99))
        );
    }
    for e in found.estimates.iter().filter(|e| e.at_bound.is_some()) {
        println!(
            "`{}` ended at its {} bound: the data ask for more, or leave it open",
            e.name,
            e.at_bound.unwrap_or("")
        );
    }
}

fn finish_population(arguments: &FitArguments, problem: &Problem, found: &Population) -> u8 {
    let cards = population::cards(problem, found);
    let mut code = SUCCESS;
    if let Some(path) = &arguments.out {
        code = code.max(write(path, &cards));
    }
    if let Some(path) = &arguments.plot {
        let sets: Vec<SetFit> =
            found.members.iter().filter_map(|m| m.fit.as_ref()).flat_map(|fit| fit.sets.clone()).collect();
        code = code.max(plots(path, &sets));
    }
    for member in &found.members {
        let problem = match (&member.fit, &member.failure) {
            (_, Some(failure)) => failure.clone(),
            (Some(fit), None) if !fit.converged => "the search did not converge".into(),
            _ => continue,
        };
        eprintln!("error: {}: {problem}", member.device);
        code = FAILED;
    }
    if arguments.json {
        println!("{:#}", json!({ "population": found, "card": cards }));
    } else if !arguments.quiet {
        println!("{:<22} {:>13} {:>11} {:>11} {:>11}  distribution", "parameter", "centre", "d2d", "c2c", "estimation");
        for s in &found.spreads {
            let c2c = s.c2c.map_or("-".into(), |c| format!("{c:.3e}"));
            let kind = if s.lognormal { "lognormal" } else { "normal" };
            println!(
                "{:<22} {:>13} {:>11.3e} {c2c:>11} {:>11.3e}  {kind}",
                s.name,
                card::number(s.centre),
                s.d2d,
                s.estimation
            );
        }
        println!("\n{:<32} {:>10} {:>6}", "device", "chi2/dof", "steps");
        for member in &found.members {
            if let Some(fit) = &member.fit {
                println!("{:<32} {:>10.4} {:>6}", member.device, fit.chi2 / fit.dof.max(1) as f64, fit.iterations);
            }
        }
        if arguments.out.is_none() {
            println!("\n{cards}");
        }
    }
    code
}

/// One plot for each signal of each data set: measured, model, and below it the residual in deviations of the noise.
fn plots(path: &Path, sets: &[SetFit]) -> u8 {
    let all = sets.iter().flat_map(|set| set.signals.iter().map(move |signal| (set, signal)));
    for (number, (set, signal)) in all.take(MOST_PLOTS).enumerate() {
        let is_time = signal.rows.iter().any(|row| row[0].fract() != 0.0);
        let axis = if is_time { Quantity::Time } else { Quantity::Other(String::new()) };
        let quantity = match signal.signal.chars().next() {
            Some('v') => Quantity::Voltage,
            Some('i') => Quantity::Current,
            _ => Quantity::Other(String::new()),
        };
        let variables = vec![
            Variable::new(if is_time { "time" } else { "row" }, axis),
            Variable::new(format!("{} measured", signal.signal), quantity.clone()),
            Variable::new(format!("{} fitted", signal.signal), quantity),
            Variable::new("residual", Quantity::Other("sigma".into())),
        ];
        let mut data = Dataset::new(set.label.clone(), "Fit", variables);
        for row in &signal.rows {
            data.push_row(&[row[0], row[1], row[2], (row[2] - row[1]) / row[3]]);
        }
        if let Err(problem) = plot_waveforms(&data, &numbered(path, number + 1)) {
            eprintln!("error: cannot write {problem}");
            return FAILED;
        }
    }
    SUCCESS
}
