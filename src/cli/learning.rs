//! The learning part of `ionspice run`.

use std::path::Path;
use std::sync::Arc;

use ionspice::analysis::Options;
use ionspice::circuit::Circuit;
use ionspice::cosim::controller::{Spec, train};
use ionspice::learn::{Environment, LearningReport, Seeds, Summary, TMaze};
use ionspice::output::{Dataset, LearningCurve, Progress, engineering, numbered, plot_learning_curve};
use serde::Serialize;

use super::run::{RunArguments, explain};
use super::{FAILED, SUCCESS};

/// What `--json` holds after a learning run.
#[derive(Serialize)]
struct Report<'a> {
    title: &'a str,
    controller: &'a str,
    episodes: u32,
    #[serde(flatten)]
    learning: &'a LearningReport,
    /// Waveforms of the deck's other analyses.
    #[serde(skip_serializing_if = "<[Dataset]>::is_empty")]
    plots: &'a [Dataset],
}

/// Trains the agents of all controller blocks, one after the other; `plots` are the results of the deck's analyses.
pub fn learn(
    arguments: &RunArguments,
    circuit: &Arc<Circuit>,
    specs: &[Spec],
    options: &Options,
    plots: &[Dataset],
) -> u8 {
    for (number, spec) in specs.iter().enumerate() {
        let seeds = Seeds { first: options.seed, count: arguments.seeds };
        let episodes = spec.agent.episodes;
        let progress = Progress::learning(&spec.name, u64::from(episodes) * u64::from(seeds.count), arguments.quiet);
        let outcome = train(circuit, spec, options, seeds, |episode| {
            progress
                .episode(|| format!("seed {}, episode {}: {} moves", episode.seed, episode.index + 1, episode.moves));
        });
        drop(progress);
        let run = match outcome {
            Ok(run) => run,
            Err(failure) => return explain(&failure, circuit),
        };
        let learning = LearningReport::new(run.seeds, TMaze::new().shortest_path());
        if !arguments.quiet {
            print(spec, &learning);
        }
        let code = write(arguments, circuit, spec, &learning, plots, number);
        if code != SUCCESS {
            return code;
        }
    }
    SUCCESS
}

/// Writes what was asked for. Files that hold one result each are numbered on from those of the deck's analyses.
fn write(
    arguments: &RunArguments,
    circuit: &Circuit,
    spec: &Spec,
    learning: &LearningReport,
    plots: &[Dataset],
    number: usize,
) -> u8 {
    let mut code = SUCCESS;
    let mut check = |path: &Path, result: Result<(), String>| {
        if let Err(problem) = result {
            eprintln!("error: cannot write {}: {problem}", path.display());
            code = FAILED;
        }
    };
    if let Some(given) = &arguments.json {
        let path = numbered(given, number + 1);
        let plots = if number == 0 { plots } else { &[] };
        let (title, controller) = (circuit.title.as_str(), spec.name.as_str());
        let report = Report { title, controller, episodes: spec.agent.episodes, learning, plots };
        let text = serde_json::to_string_pretty(&report).map_err(|e| e.to_string());
        check(&path, text.and_then(|t| std::fs::write(&path, t + "\n").map_err(|e| e.to_string())));
    }
    if let Some(given) = &arguments.csv {
        let path = numbered(given, plots.len() + number + 1);
        check(&path, std::fs::write(&path, table(learning)).map_err(|e| e.to_string()));
    }
    if let Some(given) = &arguments.plot {
        let curve = LearningCurve {
            title: format!("{}: {} seeds", circuit.title, learning.seeds.len()),
            measure: "moves per episode".to_string(),
            runs: learning.seeds.iter().map(|s| s.steps.iter().map(|m| f64::from(*m)).collect()).collect(),
            reference: None,
            optimum: TMaze::new().shortest_path().map(f64::from),
            median: true,
            log: true,
        };
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

fn print(spec: &Spec, learning: &LearningReport) {
    let Summary { late, weights, dw_error, energy_joules, set_pulses, reset_pulses, .. } = &learning.summary;
    let seeds = &learning.seeds;
    println!(
        "controller `{}`: {} episodes, {} seed{}, fidelity {}",
        spec.name,
        spec.agent.episodes,
        seeds.len(),
        if seeds.len() == 1 { "" } else { "s" },
        seeds.first().map_or("", |s| s.hardware.fidelity.as_str())
    );
    println!(
        "  last 50 episodes: median {:.0} moves, mean {:.2} (s.d. over seeds {:.2}), on the shortest path {:.1} %, capped {:.2} %",
        late.median,
        late.mean,
        late.std,
        100.0 * late.optimal_share.unwrap_or(0.0),
        100.0 * late.capped_share
    );
    let list = |values: &[f64]| values.iter().map(|w| format!("{w:.3}")).collect::<Vec<_>>().join(" ");
    println!("  critic weights w0..: {}", list(&weights.mean.critic));
    if seeds.len() > 1 {
        println!("      s.d. over seeds: {}", list(&weights.std.critic));
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
