//! Many runs of one deck: `.step` sweeps, nested, and Monte Carlo samples, in parallel and in a fixed order.

mod runs;
mod statistics;

pub use runs::{Run, Value, runs};
pub use statistics::{Statistics, Yield, histogram};

use num_complex::Complex64;
use rayon::prelude::*;

use crate::analysis::{self, Failure, Options, Sink, ZERO_CELSIUS};
use crate::circuit::{Circuit, ParamData};
use crate::output::{Dataset, Quantity, Variable};

/// What one run of the deck came to.
#[derive(Debug)]
pub struct Outcome {
    /// Which run.
    pub run: Run,
    /// The circuit of that run.
    pub circuit: Circuit,
    /// Everything computed; up to the failure, if there was one.
    pub plots: Vec<Dataset>,
    /// Remarks of the analyses.
    pub notes: Vec<String>,
    /// Node voltages of the first operating point, V, if one was found.
    pub operating_point: Option<Vec<f64>>,
    /// Why the run stopped early.
    pub failure: Option<Failure>,
}

/// Collects plots and remarks of one run.
#[derive(Default)]
struct Collected {
    plots: Vec<Dataset>,
    notes: Vec<String>,
    operating_point: Option<Vec<f64>>,
}

impl Sink for Collected {
    fn begin(&mut self, header: &Dataset) -> Result<(), analysis::SimulationError> {
        self.plots.begin(header)
    }
    fn row(&mut self, row: &[f64]) -> Result<(), analysis::SimulationError> {
        self.plots.row(row)
    }
    fn complex_row(&mut self, row: &[Complex64]) -> Result<(), analysis::SimulationError> {
        self.plots.complex_row(row)
    }
    fn solved(&mut self, voltages: &[f64]) {
        self.operating_point.get_or_insert_with(|| voltages.to_vec());
    }
    fn note(&mut self, text: &str) {
        self.notes.push(text.to_string());
    }
}

/// True when the deck asks for more than one run.
pub fn wanted(circuit: &Circuit) -> bool {
    !circuit.steps.is_empty() || circuit.samples.is_some()
}

/// Runs the analyses of every step and sample; `observe` gets the outcomes in order, whatever the number of threads.
///
/// A run that fails does not stop the others.
pub fn execute(circuit: &Circuit, options: &Options, mut observe: impl FnMut(Outcome)) {
    let all = runs(circuit);
    for chunk in all.chunks(4 * rayon::current_num_threads()) {
        let outcomes: Vec<Outcome> = chunk.par_iter().map(|run| single(circuit, run, options)).collect();
        outcomes.into_iter().for_each(&mut observe);
    }
}

fn single(base: &Circuit, run: &Run, options: &Options) -> Outcome {
    let mut collected = Collected::default();
    let mut options = options.clone();
    let (circuit, failure) = match base.rebuilt(&run.overrides) {
        Ok(circuit) => {
            let settings = circuit.options.iter().rev();
            let celsius = settings.into_iter().find(|setting| setting.name == "temp").map(|setting| &setting.value);
            if let Some(ParamData::Number(celsius)) = celsius {
                options.temperature = celsius + ZERO_CELSIUS;
            }
            let failure = analysis::run(&circuit, &options, &mut collected).err();
            (circuit, failure)
        }
        Err(found) => (Circuit { sources: base.sources.clone(), ..Circuit::default() }, Some(Failure::Netlist(found))),
    };
    let Collected { plots, notes, operating_point } = collected;
    Outcome { run: run.clone(), circuit, plots, notes, operating_point, failure }
}

/// Joins the plots of all runs: operating points become one table over the swept values, the others get the run into their
/// name.
#[derive(Default)]
pub struct Joined {
    /// The operating points so far.
    points: Vec<Dataset>,
}

impl Joined {
    /// Takes over the plots of a run; what is complete comes back.
    pub fn add(&mut self, outcome: &Outcome) -> Vec<Dataset> {
        let mut ready = Vec::new();
        let mut number = 0;
        for plot in &outcome.plots {
            if plot.axis().is_some() || plot.points() != 1 || plot.is_complex() {
                let mut named = plot.clone();
                named.plot_name = format!("{}: {}", plot.plot_name, outcome.run.label());
                ready.push(named);
                continue;
            }
            if self.points.len() == number {
                self.points.push(table(plot, &outcome.run));
            }
            let joined = &mut self.points[number];
            number += 1;
            let row: Vec<f64> = joined
                .variables
                .iter()
                .enumerate()
                .map(|(k, variable)| match outcome.run.values.get(k) {
                    Some(value) => value.number,
                    None => plot.find(&variable.name).map_or(f64::NAN, |column| plot.value(0, column).re),
                })
                .collect();
            joined.push_row(&row);
        }
        ready
    }

    /// The tables of operating points.
    pub fn finish(self) -> Vec<Dataset> {
        self.points
    }
}

fn table(plot: &Dataset, run: &Run) -> Dataset {
    let swept = run.values.iter().map(|value| Variable::new(&value.name, Quantity::Other(String::new())));
    let variables = swept.chain(plot.variables.iter().cloned()).collect();
    Dataset::new(plot.title.clone(), "Operating points", variables)
}
