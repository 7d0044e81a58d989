//! The continual-learning part of `ionspice run`.

use std::sync::Arc;
use std::time::Instant;

use ionspice::analysis::Options;
use ionspice::circuit::Circuit;
use ionspice::cosim::controller::Continual;
use ionspice::learn::continual::BenchmarkReport;
use ionspice::output::numbered;
use serde::Serialize;

use super::run::{RunArguments, explain};
use super::{FAILED, SUCCESS};

/// What `--json` holds after a benchmark.
#[derive(Serialize)]
struct Report<'a> {
    title: &'a str,
    controller: &'a str,
    #[serde(flatten)]
    benchmark: &'a BenchmarkReport,
}

/// Runs a benchmark, prints it and writes what was asked for; returns the exit code.
pub fn benchmark(
    arguments: &RunArguments,
    circuit: &Arc<Circuit>,
    continual: &Continual,
    options: &Options,
    number: usize,
) -> u8 {
    let start = Instant::now();
    let outcome = continual.run(circuit, options, |what| {
        if !arguments.quiet {
            eprintln!("{}: {what}", continual.name);
        }
    });
    let report = match outcome {
        Ok(report) => report,
        Err(failure) => return explain(&failure, circuit),
    };
    if !arguments.quiet {
        print(&continual.name, &report);
        println!("  elapsed: {:.2} s", start.elapsed().as_secs_f64());
    }
    if let Some(given) = &arguments.json {
        let path = numbered(given, number + 1);
        let all = Report { title: &circuit.title, controller: &continual.name, benchmark: &report };
        let text = serde_json::to_string_pretty(&all).map_err(|e| e.to_string());
        if let Err(problem) = text.and_then(|t| std::fs::write(&path, t + "\n").map_err(|e| e.to_string())) {
            eprintln!("error: cannot write {}: {problem}", path.display());
            return FAILED;
        }
    }
    SUCCESS
}

fn print(controller: &str, report: &BenchmarkReport) {
    println!("benchmark `{controller}`, learning rate of the device: {}", report.rate);
    println!("  {:<36} {:>7} {:>7} {:>7} {:>8} {:>8}  setting", "method", "mean", "median", "p90", "failed", "moves");
    for m in &report.methods {
        println!(
            "  {:<36} {:>7.1} {:>7.1} {:>7.1} {:>6.1} % {:>8.0}  {:?}",
            format!("{}{}", m.name, if m.tuned { "" } else { " (untuned)" }),
            m.mean,
            m.median,
            m.p90,
            100.0 * m.failed,
            m.moves,
            m.setting.schedule
        );
    }
    for c in &report.comparisons {
        println!(
            "  {} against {}{}: mean {:+.1} % [{:+.1}, {:+.1}], median {:+.1} %",
            c.device,
            c.baseline,
            if c.tuned { "" } else { " (untuned)" },
            100.0 * c.mean,
            100.0 * c.interval.0,
            100.0 * c.interval.1,
            100.0 * c.median
        );
    }
}
