//! The circuit linearised at an operating point, and its solutions in the frequency domain.
//!
//! `G + j omega C` with `G = di/dx` and `C = dq/dx` at the operating point; devices whose small-signal behaviour is not of
//! that form (delays, transfer functions) add their admittances at each frequency. The pattern is analysed once and the
//! pivots of one frequency serve the next.

use num_complex::Complex64;

use crate::circuit::{Circuit, ElementId, ElementKind, Output};
use crate::devices::{AnalysisKind, Bank, Context, Stamps, StateStep, Unknown};
use crate::diagnostic::{Diagnostic, Span};
use crate::linear::Lu;

use super::system::{Point, System};
use super::{Failure, Options, SimulationError};

/// `G`, `C` and the operating point they belong to.
pub struct Linearised<'s> {
    /// The system that was linearised.
    pub system: &'s System,
    /// The operating point, with the devices' memory as the evaluation left it.
    pub point: Point,
    /// `di/dx` by slot, without the frequency-dependent banks, S.
    pub g: Vec<f64>,
    /// `dq/dx` by slot, F.
    pub c: Vec<f64>,
    /// Conductance in parallel with junctions, S.
    pub gmin: f64,
    dependent: Vec<usize>,
    lu: Lu<Complex64>,
}

impl System {
    /// Linearises the equations at an operating point.
    ///
    /// # Errors
    /// When every matrix of this pattern is singular.
    pub fn linearise(&mut self, point: &Point, gmin: f64) -> Result<Linearised<'_>, SimulationError> {
        let mut point = point.clone();
        let (g, c) = self.jacobians(&mut point, gmin);
        let dependent = (0..self.banks.len()).filter(|&k| self.banks[k].frequency_dependent()).collect();
        let lu = Lu::new(&self.pattern).map_err(|e| self.singular(e.column, 0.0))?;
        Ok(Linearised { system: self, point, g, c, gmin, dependent, lu })
    }

    /// `G` and `C` at a point, by slot, without the frequency-dependent banks.
    pub(super) fn jacobians(&mut self, point: &mut Point, gmin: f64) -> (Vec<f64>, Vec<f64>) {
        let slots = self.nonzeros() + 1;
        let (mut g, mut c) = (vec![0.0; slots], vec![0.0; slots]);
        self.sources.constant(&mut g, &mut c);
        for bank in self.banks.iter().filter(|bank| !bank.frequency_dependent()) {
            bank.constant(&mut g, &mut c);
        }
        let rows = self.unknowns.len();
        let (mut i, mut q, mut flow) = (vec![0.0; rows], vec![0.0; rows], vec![0.0; rows]);
        let mut new_states = vec![0.0; point.states.len()];
        let ranges = self.state_ranges.iter().zip(&self.memory_ranges);
        for (bank, (s, m)) in self.banks.iter_mut().zip(ranges).filter(|(bank, _)| !bank.frequency_dependent()) {
            let ctx = held(&point.x, gmin, &point.states[s.clone()]);
            let mut stamps = Stamps {
                i: &mut i,
                q: &mut q,
                flow: &mut flow,
                g: &mut g,
                c: &mut c,
                states: &mut new_states[s.clone()],
                memory: &mut point.memory[m.clone()],
            };
            bank.begin(AnalysisKind::SmallSignal);
            bank.eval(&ctx, &mut stamps);
            bank.begin(AnalysisKind::Static);
        }
        (g, c)
    }

    /// Adds `(G + j omega C) x` of some Jacobians to `out`, all by unknown.
    pub(super) fn product(
        &self,
        g: &[f64],
        c: &[f64],
        omega: f64,
        x: &[Complex64],
        mut add: impl FnMut(usize, Complex64),
    ) {
        let pattern = &self.pattern;
        for column in 0..pattern.n() {
            let value = x[column + 1];
            for slot in pattern.col_ptr()[column]..pattern.col_ptr()[column + 1] {
                let row = pattern.row_idx()[slot] as usize + 1;
                add(row, Complex64::new(g[slot], omega * c[slot]) * value);
            }
        }
    }

    /// The error for a matrix without a pivot in `column` at a frequency, Hz.
    pub(super) fn singular(&self, column: usize, frequency: f64) -> SimulationError {
        SimulationError::Singular { unknown: self.unknown_name(column + 1), frequency }
    }
}

/// The context of devices at rest at an operating point.
pub(super) fn held<'a>(x: &'a [f64], gmin: f64, states: &'a [f64]) -> Context<'a> {
    Context {
        x,
        time: 0.0,
        gmin,
        source_factor: 1.0,
        first_iteration: false,
        states: StateStep { coefficient: None, history: &[], previous: states },
    }
}

impl Linearised<'_> {
    /// A solver for this circuit; every thread needs its own.
    pub fn solver(&self) -> Solver {
        Solver { y: vec![Complex64::ZERO; self.g.len()], lu: self.lu.clone() }
    }

    /// With what differs in `.ac` and `.noise` (`ac=` of resistors).
    pub(super) fn with_ac_values(mut self) -> Self {
        self.system.banks.iter().for_each(|bank| bank.ac_values(&mut self.g));
        self
    }

    /// Hands every bank that has noise sources, with its operating point, to `visit`.
    pub(super) fn each_bank(&self, mut visit: impl FnMut(&dyn Bank, &Context, &[f64], &[f64])) {
        let ranges = self.system.state_ranges.iter().zip(&self.system.memory_ranges);
        for (bank, (s, m)) in self.system.banks.iter().zip(ranges) {
            let (states, memory) = (&self.point.states[s.clone()], &self.point.memory[m.clone()]);
            visit(bank.as_ref(), &held(&self.point.x, self.gmin, states), states, memory);
        }
    }

    /// Writes `G + j omega C` and the frequency-dependent admittances into `y`; a frequency in Hz.
    pub(super) fn admittances(&self, frequency: f64, y: &mut [Complex64]) {
        let omega = std::f64::consts::TAU * frequency;
        for ((y, g), c) in y.iter_mut().zip(&self.g).zip(&self.c) {
            *y = Complex64::new(*g, omega * c);
        }
        for &number in &self.dependent {
            let (s, m) = (self.system.state_ranges[number].clone(), self.system.memory_ranges[number].clone());
            let states = &self.point.states[s];
            let ctx = held(&self.point.x, self.gmin, states);
            self.system.banks[number].admittance(omega, &ctx, states, &self.point.memory[m], y);
        }
    }

    /// True when some device is not described by `G` and `C`.
    pub fn frequency_dependent(&self) -> bool {
        !self.dependent.is_empty()
    }
}

/// Factors at one frequency. Vectors are indexed by unknown; ground is 0.
#[derive(Clone)]
pub struct Solver {
    y: Vec<Complex64>,
    lu: Lu<Complex64>,
}

impl Solver {
    /// Factors the matrix at a frequency, Hz.
    ///
    /// # Errors
    /// [`SimulationError::Singular`] names the unknown that is not determined.
    pub fn factor(&mut self, at: &Linearised, frequency: f64) -> Result<(), SimulationError> {
        at.admittances(frequency, &mut self.y);
        self.lu.refactor(&self.y).map(|_| ()).map_err(|e| at.system.singular(e.column, frequency))
    }

    /// Replaces `b` by the solution of `Y x = b`.
    pub fn solve(&self, b: &mut [Complex64]) {
        b[0] = Complex64::ZERO;
        self.lu.solve_in_place(&mut b[1..]);
    }

    /// Replaces `b` by the solution of the transposed system, not conjugated.
    pub fn solve_transposed(&self, b: &mut [Complex64]) {
        b[0] = Complex64::ZERO;
        self.lu.solve_transposed_in_place(&mut b[1..]);
    }
}

/// A built system with its operating point.
pub(super) struct AtRest {
    pub system: System,
    pub point: Point,
    /// How the operating point was found.
    pub found_by: &'static str,
}

/// Finds the operating point at the DC values of the sources.
pub(super) fn at_rest(circuit: &Circuit, options: &Options) -> Result<AtRest, Failure> {
    let mut system = System::new(circuit, options).map_err(Failure::Netlist)?;
    system.begin(AnalysisKind::Static);
    let found = system.operating_point(circuit, false, options)?;
    Ok(AtRest { system, point: found.point, found_by: found.found_by })
}

/// What a source drives: the right-hand side for one volt or one ampere of it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Drive {
    /// Branch equation of a voltage source.
    Branch(Unknown),
    /// Nodes from and to which a current source's current flows, through the source.
    Nodes(Unknown, Unknown),
}

impl Drive {
    /// The drive of an independent source.
    pub fn of(system: &System, circuit: &Circuit, element: ElementId) -> Self {
        let nodes = &circuit.elements[element.0 as usize].nodes;
        match system.branches[element.0 as usize] {
            Some(branch) => Self::Branch(branch),
            None => Self::Nodes(nodes[0].0, nodes[1].0),
        }
    }

    /// Adds the source at this value to a right-hand side.
    pub fn add(self, value: Complex64, b: &mut [Complex64]) {
        match self {
            Self::Branch(branch) => b[branch as usize] += value,
            Self::Nodes(plus, minus) => {
                b[plus as usize] -= value;
                b[minus as usize] += value;
            }
        }
    }

    /// What `add` of one unit puts in, times a vector.
    pub fn product(self, x: &[Complex64]) -> Complex64 {
        match self {
            Self::Branch(branch) => x[branch as usize],
            Self::Nodes(plus, minus) => x[minus as usize] - x[plus as usize],
        }
    }
}

/// Every source with an AC value, and that value.
pub(super) fn excitations(system: &System, circuit: &Circuit) -> Vec<(usize, Drive, Complex64)> {
    let mut all = Vec::new();
    for (k, element) in circuit.elements.iter().enumerate() {
        if let ElementKind::VoltageSource(source) | ElementKind::CurrentSource(source) = &element.kind
            && let Some((magnitude, phase)) = source.ac
        {
            let drive = Drive::of(system, circuit, ElementId(k as u32));
            all.push((k, drive, Complex64::from_polar(magnitude, phase.to_radians())));
        }
    }
    all
}

/// The unknowns whose difference is the output.
pub(super) fn observed(
    system: &System,
    circuit: &Circuit,
    output: &Output,
    span: Span,
) -> Result<(usize, usize), Failure> {
    match output {
        Output::Voltage { plus, minus, .. } => Ok((plus.0 as usize, minus.0 as usize)),
        Output::Current { element, label } => match system.branches[element.0 as usize] {
            Some(branch) => Ok((branch as usize, 0)),
            None => {
                let name = &circuit.elements[element.0 as usize].name;
                let error = Diagnostic::error(span, format!("`{label}`: `{name}` has no branch current"))
                    .label("a voltage source expected")
                    .hint("put a voltage source of 0 V in series");
                Err(Failure::Netlist(vec![error]))
            }
        },
    }
}
