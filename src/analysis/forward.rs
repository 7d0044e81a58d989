//! Forward sensitivities: how observed signals follow parameters of the circuit, along a transient or a static sweep.
//!
//! Staggered direct method (Caracotsios and Stewart, "Sensitivity analysis of initial value problems with mixed ODEs and
//! algebraic equations", Comput. Chem. Eng. 9, 359 (1985)): the run is made once and its accepted steps are taken again. After
//! each of them, with the Jacobian `J` of that step, the derivative `s = dx/dp` of every parameter solves
//! `J s = -(dR/dp)`, where `dR/dp` holds what the parameter does to the devices and what the earlier steps have left in the
//! charges and the device states.
//!
//! `dR/dp` is the difference between the residuals of two circuits at the same solution: the circuit itself, and a *twin* whose
//! parameter is moved by a millionth and whose history is that of the moved circuit to first order. Devices eliminate their
//! states in the twin as they do in the circuit, so no device has to know about it. What is derived is the discrete solution on
//! its own time grid: nothing of the error control shows in the derivative.

use crate::circuit::{Circuit, ElementId, Signal, TranTimes};
use crate::devices::AnalysisKind;

use super::options::Fidelity;
use super::run::initial_conditions;
use super::system::{Derivative, Force, Point, System};
use super::transient::{Log, combine};
use super::{Failure, Method, Options, Probes, SimulationError, Transient};

/// Most evaluations until the junctions have reached the voltages of a point.
const SETTLING: usize = 200;
/// Past points kept.
const DEPTH: usize = 8;
/// Conductance to ground that makes a floating node's derivative finite, S.
const SHUNT: f64 = 1e-12;

/// A circuit with one parameter moved.
#[derive(Clone, Debug)]
pub struct Moved {
    /// The circuit; same elements and nodes as the base.
    pub circuit: Circuit,
    /// How far the parameter is from its value in the base, in its own unit.
    pub width: f64,
}

/// The times of a transient.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// Stop time, s.
    pub stop: f64,
    /// Largest step, s.
    pub max_step: f64,
    /// Start from initial conditions instead of an operating point.
    pub use_initial: bool,
}

/// Observed signals over the accepted points of a run, with their derivatives.
#[derive(Clone, Debug, Default)]
pub struct Trajectory {
    /// Times, s; or the numbers of the rows of a static sweep.
    pub axis: Vec<f64>,
    /// True where a smooth piece begins.
    pub corners: Vec<bool>,
    /// Signals at each point, point by point.
    pub values: Vec<f64>,
    /// Derivatives: point by point, parameter by parameter, signal by signal.
    pub slopes: Vec<f64>,
    /// Number of signals.
    pub signals: usize,
    /// Number of parameters.
    pub parameters: usize,
}

impl Trajectory {
    /// Value of a signal at a point.
    pub fn value(&self, point: usize, signal: usize) -> f64 {
        self.values[point * self.signals + signal]
    }

    /// Derivative of a signal by a parameter at a point.
    pub fn slope(&self, point: usize, parameter: usize, signal: usize) -> f64 {
        self.slopes[(point * self.parameters + parameter) * self.signals + signal]
    }

    /// Points and weights that give a signal at a time within the run: the parabola through the nearest points of the
    /// same smooth piece.
    pub fn weights(&self, time: f64) -> [(usize, f64); 3] {
        let last = self.axis.len().saturating_sub(1);
        let at = self.axis.partition_point(|&t| t < time - 1e-9 * time.abs()).min(last);
        if at == 0 || (self.axis[at] - time).abs() <= 1e-9 * time.abs() {
            return [(at, 1.0), (at, 0.0), (at, 0.0)];
        }
        let third = if at >= 2 && !self.corners[at - 1] {
            Some(at - 2)
        } else if at < last && !self.corners[at] {
            Some(at + 1)
        } else {
            None
        };
        let t = |k: usize| self.axis[k];
        let (a, b) = (at - 1, at);
        let Some(c) = third.filter(|&c| t(c) != t(a) && t(c) != t(b)) else {
            let w = (time - t(a)) / (t(b) - t(a));
            return [(a, 1.0 - w), (b, w), (b, 0.0)];
        };
        let weight = |k: usize, m: usize, n: usize| (time - t(m)) * (time - t(n)) / ((t(k) - t(m)) * (t(k) - t(n)));
        [(a, weight(a, b, c)), (b, weight(b, a, c)), (c, weight(c, a, b))]
    }
}

/// A circuit that is taken along a given run.
struct Follower {
    system: System,
    probes: Probes,
    point: Point,
    /// Charges and states of past points, newest first.
    past: Vec<(Vec<f64>, Vec<f64>)>,
    q_slope: Vec<f64>,
    s_slope: Vec<f64>,
    charge_history: Vec<f64>,
    state_history: Vec<f64>,
    options: Options,
}

impl Follower {
    fn new(circuit: &Circuit, signals: &[Signal], options: &Options) -> Result<Self, Failure> {
        let system = System::new(circuit, options).map_err(Failure::Netlist)?;
        let probes = Probes::new(circuit, &system, signals).map_err(Failure::Netlist)?;
        let point = system.initial_point();
        let (rows, states) = (system.unknowns.len(), point.states.len());
        Ok(Self {
            past: (0..DEPTH).map(|_| (vec![0.0; rows], vec![0.0; states])).collect(),
            q_slope: vec![0.0; rows],
            s_slope: vec![0.0; states],
            charge_history: vec![0.0; rows],
            state_history: vec![0.0; states],
            options: options.clone(),
            system,
            probes,
            point,
        })
    }

    /// Evaluates at `self.point.x` until no junction limits its voltage; `a0` is the coefficient of the step, `None` holds the
    /// states.
    fn evaluate(&mut self, a0: Option<f64>, time: f64) {
        let previous = self.past[0].1.clone();
        let derivative = Derivative {
            coefficient: a0.filter(|_| self.options.fidelity != Fidelity::QuasiStatic).unwrap_or(0.0),
            charge_history: &self.charge_history,
            state_coefficient: a0,
            state_history: &self.state_history,
            previous_states: if a0.is_some() { &previous } else { &self.point.states.clone() },
            time,
        };
        for _ in 0..SETTLING {
            if !self.system.evaluate(&mut self.point, &derivative, &System::unmodified(&self.options)) {
                break;
            }
        }
    }

    /// The parts of charges and states that the past brings into a step.
    fn histories(&mut self, step: &super::transient::Step) {
        let f = &step.formula;
        let coefficients = f.past[..f.used].iter().copied();
        let slope = |v| (f.slope != 0.0).then_some((f.slope, v));
        if self.options.fidelity == Fidelity::QuasiStatic {
            self.charge_history.fill(0.0);
        } else {
            let charges = self.past.iter().map(|(q, _)| &q[..]);
            combine(&mut self.charge_history, coefficients.clone().zip(charges).chain(slope(&self.q_slope[..])));
        }
        let states = self.past.iter().map(|(_, s)| &s[..]);
        combine(&mut self.state_history, coefficients.zip(states).chain(slope(&self.s_slope[..])));
    }

    /// Keeps charges and states of the present evaluation as the newest of the past.
    fn push(&mut self) {
        self.past.rotate_right(1);
        self.past[0].0.copy_from_slice(&self.system.q);
        self.past[0].1.copy_from_slice(&self.point.states);
    }

    /// The step is over: slopes, memory, history.
    fn commit(&mut self, step: &super::transient::Step) {
        let a0 = step.formula.a0;
        for ((d, q), h) in self.q_slope.iter_mut().zip(&self.system.q).zip(&self.charge_history) {
            *d = a0 * q + h;
        }
        for ((d, s), h) in self.s_slope.iter_mut().zip(&self.point.states).zip(&self.state_history) {
            *d = a0 * s + h;
        }
        self.system.accept(&mut self.point, step.time, self.options.gmin);
        self.push();
        if step.restart {
            self.rest(step.time);
            self.system.restarted(step.time);
            self.push();
        }
    }

    /// Evaluates the charges of a point at rest.
    fn rest(&mut self, time: f64) {
        self.charge_history.fill(0.0);
        self.evaluate(None, time);
    }

    fn read(&self, time: f64, row: &mut Vec<f64>) {
        row.clear();
        self.probes.read(&self.system, &self.point, time, &self.options, row);
    }
}

/// The circuit and its twins, taken along one run.
struct Formation {
    base: Follower,
    twins: Vec<(Follower, f64)>,
    residual: Vec<f64>,
    own: Vec<f64>,
    moved: Vec<f64>,
}

impl Formation {
    fn new(circuit: &Circuit, moved: &[Moved], signals: &[Signal], options: &Options) -> Result<Self, Failure> {
        let base = Follower::new(circuit, signals, options)?;
        let mut twins = Vec::with_capacity(moved.len());
        for twin in moved {
            let follower = Follower::new(&twin.circuit, signals, options)?;
            if follower.system.unknowns.len() != base.system.unknowns.len()
                || follower.point.states.len() != base.point.states.len()
            {
                let message = "a free parameter changes which equations the circuit has (a resistance of zero?)";
                return Err(SimulationError::Usage(message.into()).into());
            }
            twins.push((follower, twin.width));
        }
        let rows = base.system.unknowns.len();
        Ok(Self { base, twins, residual: vec![0.0; rows], own: Vec::new(), moved: Vec::new() })
    }

    fn all(&mut self) -> impl Iterator<Item = &mut Follower> {
        std::iter::once(&mut self.base).chain(self.twins.iter_mut().map(|(twin, _)| twin))
    }

    /// Moves every twin to its own solution of the present step, to first order; `self.base.point.x` is the solution of the
    /// base.
    fn solve(&mut self, a0: Option<f64>, time: f64) -> Result<(), SimulationError> {
        let base = &mut self.base;
        base.evaluate(a0, time);
        let mut homotopy = System::unmodified(&base.options);
        let coefficient = a0.filter(|_| base.options.fidelity != Fidelity::QuasiStatic).unwrap_or(0.0);
        if base.system.factor(coefficient, &homotopy).is_err() {
            homotopy.shunt = SHUNT;
            base.system.factor(coefficient, &homotopy).map_err(|error| SimulationError::NoConvergence {
                analysis: "sensitivity",
                time,
                reason: "the equations are singular",
                unknown: base.system.unknown_name(error.column + 1),
                tried: "a conductance from every node".into(),
            })?;
        }
        self.residual.copy_from_slice(&base.system.residual);
        for (twin, _) in &mut self.twins {
            twin.point.x.copy_from_slice(&base.point.x);
            twin.point.memory.copy_from_slice(&base.point.memory);
            twin.evaluate(a0, time);
            for ((r, moved), own) in base.system.residual.iter_mut().zip(&twin.system.residual).zip(&self.residual) {
                *r = moved - own;
            }
            base.system.solve();
            for (x, d) in twin.point.x.iter_mut().zip(&base.system.delta).skip(1) {
                *x += d;
            }
            twin.evaluate(a0, time);
        }
        Ok(())
    }

    /// Adds the derivatives of the signals at the present point.
    fn observe(&mut self, time: f64, slopes: &mut Vec<f64>) {
        self.base.read(time, &mut self.own);
        for (twin, width) in &self.twins {
            twin.read(time, &mut self.moved);
            slopes.extend(self.moved.iter().zip(&self.own).map(|(moved, own)| (moved - own) / width));
        }
    }

    fn start(&mut self, circuit: &Circuit, moved: &[Moved], point: &Point, span: Span) -> Result<(), SimulationError> {
        self.base.point.clone_from(point);
        let times = TranTimes { step: span.max_step, stop: span.stop };
        self.all().for_each(|follower| {
            follower.system.sources.set_times(times);
            follower.system.begin(AnalysisKind::InitialPoint);
        });
        if span.use_initial {
            for ((twin, _), moved) in self.twins.iter_mut().zip(moved) {
                twin.point = initial_conditions(&moved.circuit, &twin.system);
            }
        } else {
            let forces = circuit.initial_voltages.iter().map(|&(node, value)| Force { unknown: node.0, value });
            let forces: Vec<Force> = forces.collect();
            self.all().for_each(|follower| follower.system.forces.clone_from(&forces));
            self.solve(None, 0.0)?;
            self.all().for_each(|follower| follower.system.forces.clear());
        }
        self.all().for_each(|follower| {
            if !span.use_initial {
                follower.system.accept(&mut follower.point, 0.0, follower.options.gmin);
            }
            follower.system.begin(AnalysisKind::Transient);
            follower.rest(0.0);
            follower.system.restarted(0.0);
            follower.push();
        });
        Ok(())
    }

    fn step(&mut self, step: &super::transient::Step) -> Result<(), SimulationError> {
        self.all().for_each(|follower| follower.histories(step));
        self.base.point.x.copy_from_slice(&step.x);
        self.solve(Some(step.formula.a0), step.time)
    }
}

/// Settings under which a run can be followed: TR-BDF2 has a stage between its points, the trapezoidal rule stands for it.
fn followed(options: &Options) -> Options {
    let method = if options.method == Method::TrBdf2 { Method::Trapezoidal } else { options.method };
    Options { method, ..options.clone() }
}

/// Runs a transient of `circuit` and observes `signals`; with their derivatives by what each of `moved` moves.
///
/// # Errors
/// Netlist problems, and what stops a transient.
pub fn transient(
    circuit: &Circuit,
    moved: &[Moved],
    signals: &[Signal],
    span: Span,
    options: &Options,
) -> Result<Trajectory, Failure> {
    let options = &followed(options);
    let mut system = System::new(circuit, options).map_err(Failure::Netlist)?;
    let probes = Probes::new(circuit, &system, signals).map_err(Failure::Netlist)?;
    system.sources.set_times(TranTimes { step: span.max_step, stop: span.stop });
    system.begin(AnalysisKind::InitialPoint);
    let point = match span.use_initial {
        true => initial_conditions(circuit, &system),
        false => system.operating_point(circuit, true, options)?.point,
    };
    system.begin(AnalysisKind::Transient);
    let mut all = Trajectory { signals: probes.probes.len(), parameters: moved.len(), ..Trajectory::default() };
    let mut row = Vec::new();
    let mut note = |all: &mut Trajectory, system: &System, now: &Transient, corner: bool| {
        row.clear();
        probes.read(system, &now.point, now.time, options, &mut row);
        all.axis.push(now.time);
        all.corners.push(corner);
        all.values.extend_from_slice(&row);
    };
    let start = point.clone();
    let max_step = span.max_step.min(system.max_step());
    let mut run = Transient::new(&mut system, point, 0.0, max_step, options);
    run.log = (!moved.is_empty()).then(Log::default);
    note(&mut all, &system, &run, true);
    let mut jump = span.use_initial;
    run.advance(&mut system, span.stop, options, &mut |system, now, corner| {
        note(&mut all, system, now, corner || std::mem::take(&mut jump));
        Ok(())
    })?;
    if let Some(log) = run.log {
        let mut formation = Formation::new(circuit, moved, signals, options)?;
        formation.start(circuit, moved, &start, span)?;
        formation.observe(0.0, &mut all.slopes);
        for step in &log.steps {
            formation.step(step)?;
            formation.observe(step.time, &mut all.slopes);
            formation.all().for_each(|follower| follower.commit(step));
        }
        if all.slopes.len() != all.values.len() * moved.len() {
            return Err(SimulationError::Usage("the steps of the run could not be followed".into()).into());
        }
    }
    Ok(all)
}

/// Solves the static equations for every row of `rows` (values of the sources `drives`, V or A), one after the other.
///
/// # Errors
/// Netlist problems, and rows that do not converge.
pub fn sweep(
    circuit: &Circuit,
    moved: &[Moved],
    signals: &[Signal],
    (drives, rows): (&[ElementId], &[Vec<f64>]),
    options: &Options,
) -> Result<Trajectory, Failure> {
    let mut formation = Formation::new(circuit, moved, signals, options)?;
    formation.all().for_each(|follower| follower.system.begin(AnalysisKind::Static));
    let mut all =
        Trajectory { signals: formation.base.probes.probes.len(), parameters: moved.len(), ..Trajectory::default() };
    let mut last: Option<Point> = None;
    let mut row = Vec::new();
    for (number, values) in rows.iter().enumerate() {
        for follower in formation.all() {
            for (element, &value) in drives.iter().zip(values) {
                if let Some(place) = follower.system.place(*element) {
                    follower.system.sources.set_dc(place.index, value);
                }
            }
        }
        let system = &mut formation.base.system;
        let found = match last.take() {
            Some(start) => {
                system.solve_static(start, false, options).or_else(|_| system.operating_point(circuit, false, options))
            }
            None => system.operating_point(circuit, false, options),
        }?;
        formation.base.point.clone_from(&found.point);
        formation.base.read(0.0, &mut row);
        all.axis.push(number as f64);
        all.corners.push(true);
        all.values.extend_from_slice(&row);
        if !moved.is_empty() {
            formation.solve(None, 0.0)?;
            formation.observe(0.0, &mut all.slopes);
        }
        last = Some(found.point);
    }
    Ok(all)
}
