//! Runs of a deck with `.step` or `.mc`.

use ionspice::analysis::{Options, Sink};
use ionspice::campaign::{self, Joined};
use ionspice::circuit::Circuit;
use ionspice::output::Dataset;

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
    for plot in joined.finish() {
        write(&mut output, &plot);
    }
    if !arguments.quiet {
        output.print(circuit);
    }
    code = code.max(failed).max(output.finish(arguments));
    *plots = output.plots;
    code
}
