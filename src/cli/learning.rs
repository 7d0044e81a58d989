//! The learning part of `ionspice run`.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use ionspice::analysis::Options;
use ionspice::circuit::Circuit;
use ionspice::cosim::controller::Program;
use ionspice::learn::{Checkpoints, LearningReport, SeedRun, Seeds, Summary};
use ionspice::output::{Dataset, LearningCurve, Progress, engineering, numbered, plot_learning_curve};
use serde::{Deserialize, Serialize};

use super::run::{RunArguments, explain};
use super::{FAILED, SUCCESS, WRONG, html};

/// Most weights of the critic that are printed.
const MOST_PRINTED: usize = 20;

/// What `--json` holds after a learning run.
#[derive(Serialize, Deserialize)]
struct Report {
    title: String,
    controller: String,
    /// Everything the results depend on.
    configuration: String,
    episodes: u32,
    /// Fewest moves from start to goal, when there is one number.
    shortest_path: Option<u32>,
    #[serde(flatten)]
    learning: LearningReport,
    /// Waveforms of the deck's other analyses.
    #[serde(skip_serializing_if = "Vec::is_empty", skip_deserializing, default)]
    plots: Vec<Dataset>,
}

/// `I/N`: one share of the seeds.
#[derive(Clone, Copy, Debug)]
pub struct Shard {
    index: u32,
    of: u32,
}

impl FromStr for Shard {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/').and_then(|(i, n)| i.parse().ok().zip(n.parse().ok()));
        match parts {
            Some((index, of)) if (1..=of).contains(&index) => Ok(Self { index, of }),
            _ => Err("expected I/N with I from 1 to N, such as 2/8".to_owned()),
        }
    }
}

/// Arguments of `merge`.
#[derive(Args)]
pub struct MergeArguments {
    /// JSON reports of the shards
    #[arg(required = true)]
    reports: Vec<PathBuf>,
    /// Where the joint report goes
    #[arg(long, value_name = "FILE")]
    json: PathBuf,
    /// Print nothing but errors
    #[arg(short, long)]
    quiet: bool,
}

/// Joins the reports of shards of one run; returns the exit code.
pub fn merge(arguments: &MergeArguments) -> u8 {
    match merged(&arguments.reports) {
        Ok(report) => {
            if !arguments.quiet {
                print(&report.controller, report.episodes, &report.learning);
            }
            let text = serde_json::to_string_pretty(&report).map_err(|e| e.to_string());
            match text.and_then(|t| std::fs::write(&arguments.json, t + "\n").map_err(|e| e.to_string())) {
                Ok(()) => SUCCESS,
                Err(problem) => {
                    eprintln!("error: cannot write {}: {problem}", arguments.json.display());
                    FAILED
                }
            }
        }
        Err(problem) => {
            eprintln!("error: {problem}");
            WRONG
        }
    }
}

fn merged(paths: &[PathBuf]) -> Result<Report, String> {
    let mut joint: Option<Report> = None;
    for path in paths {
        let wrong = |problem: String| format!("{}: {problem}", path.display());
        let text = std::fs::read(path).map_err(|e| wrong(e.to_string()))?;
        let report: Report =
            serde_json::from_slice(&text).map_err(|e| wrong(format!("not a report of a learning run: {e}")))?;
        match &mut joint {
            None => joint = Some(report),
            Some(joint) if joint.configuration == report.configuration => {
                joint.learning.seeds.extend(report.learning.seeds);
            }
            Some(_) => return Err(wrong("belongs to another run than the first report".to_owned())),
        }
    }
    let mut joint = joint.ok_or("no reports")?;
    let mut seeds: Vec<SeedRun> = std::mem::take(&mut joint.learning.seeds);
    seeds.sort_by_key(|run| run.seed);
    if let Some(pair) = seeds.windows(2).find(|pair| pair[0].seed == pair[1].seed) {
        return Err(format!("seed {} is in more than one report", pair[0].seed));
    }
    joint.learning = LearningReport::new(seeds, joint.shortest_path);
    Ok(joint)
}

/// Trains the agents of all controller blocks, one after the other; `plots` are the results of the deck's analyses.
pub fn learn(
    arguments: &RunArguments,
    circuit: &Arc<Circuit>,
    programs: &[Program],
    options: &Options,
    plots: &[Dataset],
) -> u8 {
    for (number, program) in programs.iter().enumerate() {
        if let Program::Continual(continual) = program {
            let code = super::continual::benchmark(arguments, circuit, continual, options, number);
            if code != SUCCESS {
                return code;
            }
            continue;
        }
        let seeds = Seeds { first: options.seed, count: arguments.seeds };
        let list = arguments.shard.map_or_else(|| seeds.list(), |shard| seeds.shard(shard.index, shard.of));
        let configuration = program.description(circuit, options);
        let checkpoints = match &arguments.checkpoint {
            Some(folder) => {
                let folder = if programs.len() > 1 { folder.join(program.name()) } else { folder.clone() };
                let every = Duration::try_from_secs_f64(arguments.checkpoint_every).unwrap_or(Duration::ZERO);
                match Checkpoints::open(&folder, &configuration, every) {
                    Ok(checkpoints) => Some(checkpoints),
                    Err(problem) => {
                        eprintln!("error: {problem}");
                        return FAILED;
                    }
                }
            }
            None => None,
        };
        let episodes = u64::from(program.episodes()) * list.len() as u64;
        let progress = Progress::learning(program.name(), episodes, arguments.quiet);
        let start = Instant::now();
        let outcome = program.train(circuit, options, &list, checkpoints.as_ref(), |episode| {
            progress
                .episode(|| format!("seed {}, episode {}: {} moves", episode.seed, episode.index + 1, episode.moves));
        });
        drop(progress);
        let runs = match outcome {
            Ok(runs) => runs,
            Err(failure) => return explain(&failure, circuit),
        };
        let shortest_path = program.shortest_path();
        let learning = LearningReport::new(runs, shortest_path);
        if !arguments.quiet {
            print(program.name(), program.episodes(), &learning);
            println!("  elapsed: {:.2} s", start.elapsed().as_secs_f64());
        }
        let report = Report {
            title: circuit.title.clone(),
            controller: program.name().to_owned(),
            configuration,
            episodes: program.episodes(),
            shortest_path,
            learning,
            plots: if number == 0 { plots.to_vec() } else { Vec::new() },
        };
        let code = write(arguments, circuit, &report, plots, number);
        if code != SUCCESS {
            return code;
        }
    }
    SUCCESS
}

/// Writes what was asked for. Files that hold one result each are numbered on from those of the deck's analyses.
fn write(arguments: &RunArguments, circuit: &Circuit, report: &Report, plots: &[Dataset], number: usize) -> u8 {
    let learning = &report.learning;
    let mut code = SUCCESS;
    let mut check = |path: &Path, result: Result<(), String>| {
        if let Err(problem) = result {
            eprintln!("error: cannot write {}: {problem}", path.display());
            code = FAILED;
        }
    };
    if let Some(given) = &arguments.json {
        let path = numbered(given, number + 1);
        let text = serde_json::to_string_pretty(report).map_err(|e| e.to_string());
        check(&path, text.and_then(|t| std::fs::write(&path, t + "\n").map_err(|e| e.to_string())));
    }
    if let Some(given) = &arguments.csv {
        let path = numbered(given, plots.len() + number + 1);
        check(&path, std::fs::write(&path, table(learning)).map_err(|e| e.to_string()));
    }
    let curve = LearningCurve {
        title: format!("{}: {} seeds", circuit.title, learning.seeds.len()),
        measure: "moves per episode".to_string(),
        runs: learning.seeds.iter().map(|s| s.steps.iter().map(|m| f64::from(*m)).collect()).collect(),
        reference: None,
        optimum: report.shortest_path.map(f64::from),
        median: true,
        log: true,
    };
    if let Some(given) = &arguments.html {
        let path = numbered(given, number + 1);
        let text = serde_json::to_string(report).map_err(|e| e.to_string()).and_then(|json| {
            let configuration = report.configuration.as_str();
            html::page(&html::Page { title: &circuit.title, configuration, learning, curve: &curve, json: &json })
        });
        check(&path, text.and_then(|t| std::fs::write(&path, t).map_err(|e| e.to_string())));
    }
    if let Some(given) = &arguments.plot {
        let drawn = plots.iter().filter(|p| p.axis().is_some()).count();
        let path = numbered(given, drawn + number + 1);
        check(&path, plot_learning_curve(&curve, &path).map_err(|e| e.to_string()));
    }
    if arguments.raw.is_some() && circuit.analyses.is_empty() && !arguments.quiet {
        eprintln!("note: --raw holds waveforms of .op, .dc and .tran; a learning run has none (use --json or --csv)");
    }
    code
}

/// Learning curve: one row an episode.
fn table(learning: &LearningReport) -> String {
    let mut text = String::from("episode,mean,std,median,p10,p90,optimal_share,capped_share");
    for seed in &learning.seeds {
        text.push_str(&format!(",seed_{}", seed.seed));
    }
    text.push('\n');
    for (k, e) in learning.summary.episodes.iter().enumerate() {
        let optimal = e.optimal_share.map_or(String::new(), |s| s.to_string());
        text.push_str(&format!(
            "{},{},{},{},{},{},{optimal},{}",
            e.episode, e.mean, e.std, e.median, e.p10, e.p90, e.capped_share
        ));
        for seed in &learning.seeds {
            text.push_str(&seed.steps.get(k).map_or(",".to_string(), |s| format!(",{s}")));
        }
        text.push('\n');
    }
    text
}

fn print(controller: &str, episodes: u32, learning: &LearningReport) {
    let Summary { late, weights, dw_error, energy_joules, set_pulses, reset_pulses, .. } = &learning.summary;
    let seeds = &learning.seeds;
    println!(
        "controller `{controller}`: {episodes} episodes, {} seed{}, fidelity {}",
        seeds.len(),
        if seeds.len() == 1 { "" } else { "s" },
        seeds.first().map_or("", |s| s.hardware.fidelity.as_str())
    );
    let optimal = late.optimal_share.map_or(String::new(), |s| format!(", on the shortest path {:.1} %", 100.0 * s));
    println!(
        "  last 50 episodes: median {:.0} moves, mean {:.2} (s.d. over seeds {:.2}){optimal}, capped {:.2} %",
        late.median,
        late.mean,
        late.std,
        100.0 * late.capped_share
    );
    let list = |values: &[f64]| values.iter().map(|w| format!("{w:.3}")).collect::<Vec<_>>().join(" ");
    if (1..=MOST_PRINTED).contains(&weights.mean.critic.len()) {
        println!("  critic weights w0..: {}", list(&weights.mean.critic));
        if seeds.len() > 1 {
            println!("      s.d. over seeds: {}", list(&weights.std.critic));
        }
    }
    if let Some(error) = dw_error {
        println!(
            "  in-memory dw: {} requests, rms error {:.4}, 99 % below {:.4}, largest {:.4}",
            error.count, error.rms, error.p99, error.largest
        );
    }
    println!("  pulses per seed: {set_pulses:.0} set, {reset_pulses:.0} reset");
    if let Some(energy) = energy_joules {
        println!("  energy of the cells per seed: {}", engineering(*energy, "J", 4));
    }
    let simulated: Vec<f64> = seeds.iter().filter_map(|s| s.hardware.simulated_seconds).collect();
    if !simulated.is_empty() {
        let mean = simulated.iter().sum::<f64>() / simulated.len() as f64;
        println!("  simulated time per seed: {}", engineering(mean, "s", 4));
    }
}
