//! Runs of a deck with `.step` or `.mc`.

use ionspice::analysis::{Options, Sink};
use ionspice::campaign::{self, Joined, Statistics, Yield, histogram};
use ionspice::circuit::Circuit;
use ionspice::output::{Dataset, numbered, plot_histogram};

use super::run::{Output, RunArguments, explain};
use super::{FAILED, SUCCESS};

/// Runs every step and sample; a run that fails is reported and the others go on. Returns the exit code.
pub fn campaign(arguments: &RunArguments, circuit: &Circuit, options: &Options, plots: &mut Vec<Dataset>) -> u8 {
    let mut output = Output::new(arguments, circuit);
    let mut joined = Joined::default();
    let mut code = SUCCESS;
    let mut write = |output: &mut Output, plot: &Dataset| {
        if let Err(problem) = output.plot(plot) {
            eprintln!("error: {problem}");
            code = FAILED;
        }
    };
    let mut failed = SUCCESS;
    campaign::execute(circuit, options, |outcome| {
        for plot in joined.add(&outcome) {
            write(&mut output, &plot);
        }
        if let Some(voltages) = &outcome.operating_point {
            output.solved(voltages);
        }
        if !arguments.quiet {
            outcome.notes.iter().for_each(|note| eprintln!("note: {}: {note}", outcome.run.label()));
        }
        if let Some(failure) = &outcome.failure {
            eprintln!("in the run {}:", outcome.run.label());
            failed = failed.max(explain(failure, circuit));
        }
    });
    let tables = joined.finish();
    for plot in &tables {
        write(&mut output, plot);
    }
    let measures = tables.iter().find(|table| table.plot_name == Joined::MEASURES);
    if !arguments.quiet {
        if circuit.samples.is_none() || measures.is_none() {
            output.print(circuit);
        }
        if let Some(table) = measures {
            print_measures(table, circuit);
        }
    }
    code = code.max(failed).max(output.finish(arguments));
    if let (Some(path), Some(table), Some(_)) = (&arguments.plot, measures, circuit.samples) {
        for (k, (name, values)) in columns(table, circuit).enumerate() {
            let (bins, width) = histogram(&values);
            let limits = limits(circuit, name);
            if let Err(problem) = plot_histogram(&numbered(path, k + 1), name, &bins, width, limits) {
                eprintln!("error: cannot write {problem}");
                code = FAILED;
            }
        }
    }
    *plots = output.plots;
    code
}

/// Names and values of the measures in their table.
fn columns<'t>(table: &'t Dataset, circuit: &Circuit) -> impl Iterator<Item = (&'t str, Vec<f64>)> {
    let swept = circuit.steps.len() + usize::from(circuit.samples.is_some());
    (swept..table.variables.len()).map(|k| (table.variables[k].name.as_str(), table.column(k).collect()))
}

/// `.limits` of a measure.
fn limits(circuit: &Circuit, name: &str) -> Option<(f64, f64)> {
    circuit.limits.iter().find(|limits| limits.name == name).map(|limits| (limits.min, limits.max))
}

/// Every run's measures after a `.step`; statistics and yield of samples.
fn print_measures(table: &Dataset, circuit: &Circuit) {
    if circuit.samples.is_none() {
        let names: Vec<String> = table.variables.iter().map(|v| format!("{:>14}", v.name)).collect();
        println!("{}", names.join(" "));
        for point in 0..table.points() {
            let row: Vec<String> =
                (0..table.variables.len()).map(|k| format!("{:>14.6e}", table.value(point, k).re)).collect();
            println!("{}", row.join(" "));
        }
        return;
    }
    println!(
        "{:<16} {:>12} {:>12} {:>12} {:>12} {:>12} {:>12} {:>12}",
        "measure", "mean", "std", "min", "5 %", "median", "95 %", "max"
    );
    for (name, values) in columns(table, circuit) {
        match Statistics::of(&values) {
            Some(s) => {
                let all = [s.mean, s.deviation, s.min, s.quantiles[0], s.quantiles[1], s.quantiles[2], s.max];
                let all: Vec<String> = all.iter().map(|v| format!("{v:>12.5e}")).collect();
                println!("{name:<16} {}", all.join(" "));
                let missing = values.len() - s.count;
                if missing > 0 {
                    println!("{:<16} {missing} of {} samples have no value", "", values.len());
                }
            }
            None => println!("{name:<16} no sample has a value"),
        }
        if let Some((min, max)) = limits(circuit, name) {
            let share = Yield::of(&values, min, max);
            let (low, high) = share.interval();
            println!(
                "{:<16} yield {:.2} % ({} of {}), 95 % interval {:.2} to {:.2} %",
                "",
                100.0 * share.passed as f64 / share.total.max(1) as f64,
                share.passed,
                share.total,
                100.0 * low,
                100.0 * high
            );
        }
    }
}
