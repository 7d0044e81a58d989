//! `ionspice extract`.

use std::path::PathBuf;

use clap::Args;
use ionspice::fit::Table;
use ionspice::fit::extract::{Extract, Reading, extract_all};
use serde_json::{Value, json};

use super::{SUCCESS, WRONG};

/// Arguments of `extract`.
#[derive(Args)]
pub struct ExtractArguments {
    /// CSV files: I-V loops (v, i) or pulse trains (conductance, and phase or amplitude), with a column `cycle` if there are several
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Voltage at which loops are read, V [default: a tenth of the largest voltage]
    #[arg(long, value_name = "VOLTS")]
    read: Option<f64>,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// Prints the classic figures of measured curves; returns the exit code.
pub fn run(arguments: &ExtractArguments) -> u8 {
    if arguments.read.is_some_and(|read| !(read.is_finite() && read != 0.0)) {
        eprintln!("error: --read wants a voltage other than zero");
        return WRONG;
    }
    let mut code = SUCCESS;
    let mut all = Vec::new();
    for file in &arguments.files {
        match Table::read(file).and_then(|table| extract_all(&table, Reading { read: arguments.read })) {
            Ok(found) => all.extend(found),
            Err(error) => {
                eprintln!("error: {error}");
                code = WRONG;
            }
        }
    }
    if arguments.json {
        println!("{:#}", Value::Array(all.iter().map(described).collect()));
    } else {
        all.iter().for_each(print);
    }
    code
}

fn described(found: &Extract) -> Value {
    let figures: Vec<Value> = found
        .figures
        .iter()
        .map(|figure| {
            let s = figure.statistics();
            json!({
                "name": figure.name, "unit": figure.unit, "cycles": figure.cycles,
                "count": s.map(|s| s.count), "mean": s.map(|s| s.mean), "deviation": s.map(|s| s.deviation),
                "median": s.map(|s| s.quantiles[1]), "min": s.map(|s| s.min), "max": s.map(|s| s.max),
            })
        })
        .collect();
    json!({ "device": found.device, "kind": found.kind, "cycles": found.cycles, "figures": figures })
}

fn print(found: &Extract) {
    println!("{} ({} cycles)", found.device, found.cycles);
    println!(
        "  {:<30} {:>12} {:>12} {:>12} {:>12} {:>12}  unit",
        "figure", "mean", "deviation", "min", "median", "max"
    );
    for figure in &found.figures {
        match figure.statistics() {
            Some(s) => println!(
                "  {:<30} {:>12.4e} {:>12.4e} {:>12.4e} {:>12.4e} {:>12.4e}  {}",
                figure.name, s.mean, s.deviation, s.min, s.quantiles[1], s.max, figure.unit
            ),
            None => println!("  {:<30} {:>12}", figure.name, "none"),
        }
    }
    println!();
}
