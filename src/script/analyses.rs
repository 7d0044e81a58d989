//! Analyses of a script: the deck with what has been changed, and a statement given at run time.

use num_complex::Complex64;

use super::plots::kind_of_step;
use super::{Done, Interpreter, MOST_NUMBERS, Problem};
use crate::analysis::{self, Failure, Options, SimulationError, Sink};
use crate::calc::{self, Kind};
use crate::circuit::{Analysis, Circuit, Signal};
use crate::measure;
use crate::output::Dataset;

/// Collects plots and remarks.
#[derive(Default)]
struct Collected {
    plots: Vec<Dataset>,
    notes: Vec<String>,
}

impl Sink for Collected {
    fn begin(&mut self, header: &Dataset) -> Result<(), SimulationError> {
        self.plots.begin(header)
    }

    fn row(&mut self, row: &[f64]) -> Result<(), SimulationError> {
        self.plots.row(row)
    }

    fn complex_row(&mut self, row: &[Complex64]) -> Result<(), SimulationError> {
        self.plots.complex_row(row)
    }

    fn note(&mut self, text: &str) {
        self.notes.push(text.to_string());
    }
}

impl Interpreter<'_> {
    /// The circuit as it is now; `statement` stands in place of the deck's analyses.
    pub(super) fn circuit(&self, statement: Option<&str>) -> Result<Circuit, Problem> {
        let mut lines: Vec<String> = statement.iter().map(|text| format!(".{text}")).collect();
        if !self.saves.is_empty() {
            lines.push(format!(".save {}", self.saves.join(" ")));
        }
        let parsed =
            if lines.is_empty() { self.parsed.clone() } else { self.parsed.extended(&lines, statement.is_some()) };
        let loaded = parsed
            .elaborate(&self.overrides)
            .map_err(|failure| Problem::Found(failure.diagnostics, Some(failure.sources)))?;
        let mut circuit = loaded.circuit;
        for setting in &self.settings {
            circuit.options.retain(|known| known.name != setting.name);
            circuit.options.push(setting.clone());
        }
        circuit.steps.clear();
        circuit.samples = None;
        Ok(circuit)
    }

    /// The quantities of devices that the script names, as far as the circuit has them.
    fn with_wanted(&self, circuit: &Circuit) -> Circuit {
        let mut circuit = circuit.clone();
        let signals = self.wanted.iter().filter_map(|text| match calc::parse(text).ok()?.kind {
            Kind::Vector(reference) => circuit.signal(&plain(reference.name)),
            _ => None,
        });
        let signals: Vec<Signal> = signals.collect();
        if circuit.saves.is_empty() && !signals.is_empty() {
            circuit.saves.push(Signal::All);
        }
        circuit.saves.extend(signals);
        circuit
    }

    /// `run`
    pub(super) fn run_deck(&mut self) -> Done {
        let circuit = self.circuit(None)?;
        if circuit.analyses.is_empty() {
            return Err("the deck has no analysis to run".into());
        }
        self.simulate(&circuit)
    }

    /// `tran 1u 1m` and its kin.
    pub(super) fn analyse(&mut self, statement: &str) -> Done {
        let circuit = self.circuit(Some(statement))?;
        self.simulate(&circuit)
    }

    fn simulate(&mut self, circuit: &Circuit) -> Done {
        self.outcome.analysed = true;
        let (mut options, problems) = Options::from_settings(&circuit.options);
        options.seed = self.overrides.seed.unwrap_or(options.seed);
        let errors: Vec<_> =
            problems.into_iter().filter(|p| p.severity == crate::diagnostic::Severity::Error).collect();
        if !errors.is_empty() {
            return Err(Problem::Found(errors, Some(circuit.sources.clone())));
        }
        let mut collected = Collected::default();
        let mut outcome = Err(Failure::Netlist(Vec::new()));
        if !self.wanted.is_empty() {
            outcome = analysis::run(&self.with_wanted(circuit), &options, &mut collected);
        }
        // Quantities that a device does not offer are left out.
        if matches!(outcome, Err(Failure::Netlist(_))) {
            collected = Collected::default();
            outcome = analysis::run(circuit, &options, &mut collected);
        }
        collected.notes.iter().for_each(|note| self.console.note(note));
        for data in collected.plots {
            self.keep(circuit, data)?;
        }
        outcome.map_err(|failure| match failure {
            Failure::Netlist(found) => Problem::Found(found, Some(circuit.sources.clone())),
            Failure::Simulation(error) => Problem::Plain(format!("{error}; {}", error.hint())),
        })
    }

    /// Keeps a plot, and prints what the deck wants to know of it.
    fn keep(&mut self, circuit: &Circuit, data: Dataset) -> Done {
        let step = circuit.analyses.iter().find_map(|analysis| match analysis {
            Analysis::Tran { step, .. } if kind_of_step(&data.plot_name) => Some(*step),
            _ => None,
        });
        let measures = measure::evaluate_after(circuit, &data, &self.outcome.measures);
        let tables = measure::fourier(circuit, &data);
        self.plots.add(data, step, true);
        for table in tables {
            self.console.print(&format!("{table}\n"));
            self.outcome.fouriers.push(table);
        }
        for result in measures {
            self.measured(result);
        }
        if self.plots.numbers() > MOST_NUMBERS {
            return Err("the plots of the script hold too many numbers; `destroy` removes plots".into());
        }
        Ok(())
    }
}

/// A path without ngspice's type letter (`m.x1.m1` is `x1.m1`), and the names of main quantities.
fn plain(name: calc::Name) -> calc::Name {
    let calc::Name::Internal(element, quantity) = name else { return name };
    let element = match element.split_once('.') {
        Some((letter, rest)) if letter.len() == 1 && rest.contains('.') => rest.to_string(),
        _ => element,
    };
    match quantity.as_str() {
        "i" => calc::Name::Current(element),
        "p" | "power" => calc::Name::Power(element),
        _ => calc::Name::Internal(element, quantity),
    }
}
