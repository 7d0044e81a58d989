//! `.ac`: the response to the AC values of the sources.

use num_complex::Complex64;
use rayon::prelude::*;

use crate::calc::{Pointwise, Scratch};
use crate::circuit::{Circuit, ElementId, ElementKind, FrequencyGrid};
use crate::devices::Bank;
use crate::output::{Dataset, Quantity, Variable};

use super::isolated::{Blank, Isolated};
use super::linearise::{AtRest, Drive, Linearised, Solver, at_rest, excitations};
use super::probe::{Probe, Probes};
use super::system::{Place, SOURCES, System};
use super::{Failure, Options, SimulationError, Sink};

/// Unknowns times frequencies from which on the frequencies are shared among threads.
const WORTH_THREADS: usize = 50_000;
/// Frequencies of one batch.
const BATCH: usize = 256;

/// The frequency axis.
pub(super) fn axis() -> Variable {
    Variable::new("frequency", Quantity::Frequency)
}

/// Hands on the operating point, and says so when it was not found by Newton alone.
pub(super) fn announce(circuit: &Circuit, rest: &AtRest, sink: &mut dyn Sink) {
    sink.solved(&rest.point.x[..circuit.nodes.len()]);
    if rest.found_by != "newton" {
        sink.note(&format!("operating point found by {}", rest.found_by));
    }
}

/// Runs the analysis into `sink`.
///
/// # Errors
/// Netlist problems, an operating point that is not found, a singular matrix.
pub fn run(circuit: &Circuit, grid: &FrequencyGrid, options: &Options, sink: &mut dyn Sink) -> Result<(), Failure> {
    let mut rest = at_rest(circuit, options)?;
    sink.warnings(&rest.system.warnings);
    announce(circuit, &rest, sink);
    let sources = excitations(&rest.system, circuit);
    if sources.is_empty() {
        sink.note("no source has an AC value: every result of .ac is zero (write `ac 1` on a source)");
    }
    let probes = Probes::new(circuit, &rest.system, &circuit.saves).map_err(Failure::Netlist)?;
    let constants = phasors(circuit, &rest, &probes, &sources, options);
    let header = probes.dataset(circuit, "AC Analysis", Some(axis()));
    sink.begin(&Dataset { values: crate::output::Values::Complex(Vec::new()), ..header })?;
    let drives: Vec<(Drive, Complex64)> = sources.iter().map(|&(_, drive, value)| (drive, value)).collect();
    let linear = rest.system.linearise(&rest.point, options.gmin)?.with_ac_values();
    let start = Worker {
        solver: linear.solver(),
        phasors: constants,
        x: vec![Complex64::ZERO; linear.system.unknowns.len()],
        row: Vec::new(),
    };
    let frequencies = grid.frequencies(true);
    let done = |k: usize| k as f64 / frequencies.len() as f64;
    if linear.system.size() * frequencies.len() < WORTH_THREADS {
        let mut worker = start;
        for (k, &frequency) in frequencies.iter().enumerate() {
            worker.solve(&linear, &drives, frequency)?;
            sink.complex_row(&worker.row)?;
            sink.progress(done(k + 1));
        }
        return Ok(());
    }
    for (k, batch) in frequencies.chunks(BATCH).enumerate() {
        let rows: Vec<Result<Vec<Complex64>, SimulationError>> = batch
            .par_iter()
            .with_min_len(BATCH / 16)
            .map_init(
                || start.clone(),
                |worker, &frequency| worker.solve(&linear, &drives, frequency).map(|()| worker.row.clone()),
            )
            .collect();
        for row in rows {
            sink.complex_row(&row?)?;
        }
        sink.progress(done(k * BATCH + batch.len()));
    }
    Ok(())
}

/// One column of the result.
#[derive(Clone)]
enum Phasor {
    /// Difference of two unknowns.
    Difference(usize, usize),
    /// Current into the first terminal of an element.
    Terminal(Box<Isolated>),
    /// A value that does not depend on frequency: of a current source, or a quantity of the operating point.
    Constant(Complex64),
    /// An expression of others, with its work space.
    Expression(Box<(Pointwise, Vec<Phasor>, Vec<Complex64>, Scratch)>),
}

impl Phasor {
    fn value(&mut self, omega: f64, x: &[Complex64]) -> Complex64 {
        match self {
            Phasor::Difference(plus, minus) => x[*plus] - x[*minus],
            Phasor::Terminal(element) => element.terminal_current(omega, x),
            Phasor::Constant(value) => *value,
            Phasor::Expression(parts) => {
                let (expression, operands, row, scratch) = &mut **parts;
                row.clear();
                for operand in operands {
                    row.push(operand.value(omega, x));
                }
                expression.value(row, scratch)
            }
        }
    }
}

/// The probes as reads of a solution in the frequency domain.
fn phasors(
    circuit: &Circuit,
    rest: &AtRest,
    probes: &Probes,
    sources: &[(usize, Drive, Complex64)],
    options: &Options,
) -> Vec<Phasor> {
    let system = &rest.system;
    let mut blank = None;
    let mut current = |place: &Place| {
        let element = element_at(system, *place);
        if matches!(circuit.elements[element.0 as usize].kind, ElementKind::CurrentSource(_)) {
            let own = sources.iter().find(|(k, ..)| *k == element.0 as usize);
            return Phasor::Constant(own.map_or(Complex64::ZERO, |&(.., value)| value));
        }
        let blank = blank.get_or_insert_with(|| Blank::new(circuit, system));
        let alone = Isolated::new(blank, circuit, system, element, &rest.point.x, options, |_| ());
        alone.map_or(Phasor::Constant(Complex64::new(f64::NAN, f64::NAN)), |e| Phasor::Terminal(Box::new(e)))
    };
    probes.probes.iter().map(|probe| phasor(probe, rest, options, &mut current)).collect()
}

fn phasor(probe: &Probe, rest: &AtRest, options: &Options, current: &mut dyn FnMut(&Place) -> Phasor) -> Phasor {
    match probe {
        Probe::Voltage(plus, minus) => Phasor::Difference(*plus as usize, *minus as usize),
        Probe::Branch(branch) => Phasor::Difference(*branch as usize, 0),
        Probe::Current(place) => current(place),
        Probe::Constant(value) => Phasor::Constant((*value).into()),
        Probe::Expression(expression, operands) => {
            let operands = operands.iter().map(|operand| phasor(operand, rest, options, current)).collect();
            Phasor::Expression(Box::new((expression.clone(), operands, Vec::new(), Scratch::default())))
        }
        // Power is no linear quantity: its value at the operating point, as of internal quantities.
        Probe::Internal(..) | Probe::Power(_) | Probe::BranchPower(..) => {
            Phasor::Constant(probe.read(&rest.system, &rest.point, 0.0, options).into())
        }
    }
}

/// The element at a place.
fn element_at(system: &System, place: Place) -> ElementId {
    match place.bank {
        SOURCES => system.sources.elements()[place.index],
        bank => system.banks[bank].elements()[place.index],
    }
}

/// What one thread needs.
#[derive(Clone)]
struct Worker {
    solver: Solver,
    phasors: Vec<Phasor>,
    x: Vec<Complex64>,
    row: Vec<Complex64>,
}

impl Worker {
    /// Solves at one frequency, Hz; the results are in `row`.
    fn solve(
        &mut self,
        linear: &Linearised,
        drives: &[(Drive, Complex64)],
        frequency: f64,
    ) -> Result<(), SimulationError> {
        self.solver.factor(linear, frequency)?;
        self.x.fill(Complex64::ZERO);
        for (drive, value) in drives {
            drive.add(*value, &mut self.x);
        }
        self.solver.solve(&mut self.x);
        self.row.clear();
        self.row.push(frequency.into());
        for phasor in &mut self.phasors {
            self.row.push(phasor.value(std::f64::consts::TAU * frequency, &self.x));
        }
        Ok(())
    }
}
