//! Operating point: plain Newton, then homotopies in a named order.

use super::newton::{Effort, NewtonFailure};
use super::system::{Derivative, Force, Homotopy, Point, System};
use super::{Options, SimulationError};
use crate::circuit::Circuit;
use crate::devices::UnknownKind;

/// How an operating point was found.
#[derive(Clone, Debug)]
pub struct OperatingPoint {
    /// Solution.
    pub point: Point,
    /// `newton`, `gmin stepping`, `source stepping`, `pseudo-transient` or `gmin at every node`.
    pub found_by: &'static str,
}

fn held<'a>(zero: &'a [f64], states: &'a [f64], time: f64) -> Derivative<'a> {
    Derivative {
        coefficient: 0.0,
        charge_history: zero,
        state_coefficient: None,
        state_history: &[],
        previous_states: states,
        time,
    }
}

impl System {
    /// The homotopy parameters of the unmodified circuit.
    pub fn unmodified(options: &Options) -> Homotopy {
        Homotopy { gmin: options.gmin, shunt: 0.0, source_factor: 1.0, first_iteration: false }
    }

    /// Operating point with `.nodeset` guesses and, when `initial` is set, `.ic` voltages enforced.
    ///
    /// # Errors
    /// [`SimulationError::NoConvergence`] names the unknown and everything that was tried.
    pub fn operating_point(
        &mut self,
        circuit: &Circuit,
        initial: bool,
        options: &Options,
    ) -> Result<OperatingPoint, SimulationError> {
        let mut start = self.initial_point();
        let force = |pairs: &[(crate::circuit::NodeId, f64)]| -> Vec<Force> {
            pairs.iter().map(|&(node, value)| Force { unknown: node.0, value }).collect()
        };
        let held_nodes = if initial { force(&circuit.initial_voltages) } else { Vec::new() };
        if !circuit.nodesets.is_empty() {
            self.forces = held_nodes.clone();
            self.forces.extend(force(&circuit.nodesets));
            let guess = self.solve_static(start.clone(), true, options);
            self.forces = held_nodes.clone();
            if let Ok(guess) = guess {
                start = guess.point;
                let found = self.solve_static(start.clone(), false, options);
                self.forces.clear();
                return found;
            }
        }
        self.forces = held_nodes;
        let found = self.solve_static(start, true, options);
        self.forces.clear();
        found
    }

    /// Solves the static equations from `start`; `fresh` lets junctions choose their own start voltages.
    ///
    /// # Errors
    /// As [`System::operating_point`].
    pub fn solve_static(
        &mut self,
        start: Point,
        fresh: bool,
        options: &Options,
    ) -> Result<OperatingPoint, SimulationError> {
        let states = start.states.clone();
        let mut homotopy = Self::unmodified(options);
        homotopy.first_iteration = fresh;
        let failure = match self.static_newton(&start, &states, homotopy, options) {
            Ok(point) => return Ok(self.found(point, "newton", options)),
            Err(failure) => failure,
        };
        if !options.homotopies {
            return Err(self.convergence_error(&failure, "operating point", 0.0, "newton"));
        }
        let methods: [(&'static str, Homotopic); 4] = [
            ("gmin stepping", Self::gmin_stepping),
            ("source stepping", Self::source_stepping),
            ("pseudo-transient", Self::pseudo_transient),
            ("gmin at every node", Self::floating),
        ];
        let mut last = failure;
        let mut tried = String::from("newton");
        for (name, method) in methods {
            match method(self, &start, &states, options) {
                Ok(point) => return Ok(self.found(point, name, options)),
                Err(failure) => last = failure,
            }
            tried = format!("{tried}, {name}");
        }
        Err(self.convergence_error(&last, "operating point", 0.0, &tried))
    }

    fn found(&mut self, mut point: Point, found_by: &'static str, options: &Options) -> OperatingPoint {
        self.accept(&mut point, 0.0, options.gmin);
        OperatingPoint { point, found_by }
    }

    fn static_newton(
        &mut self,
        start: &Point,
        states: &[f64],
        mut homotopy: Homotopy,
        options: &Options,
    ) -> Result<Point, NewtonFailure> {
        let zero = vec![0.0; self.unknowns.len()];
        let mut point = start.clone();
        let effort = Effort { iterations: options.itl1, keep_factors: false };
        self.newton(&mut point, &held(&zero, states, 0.0), &mut homotopy, effort, options)?;
        // Rounding of such terms hides any residual.
        match point.x.iter().position(|x| x.abs() > BOUND) {
            Some(worst) => Err(NewtonFailure { worst, reason: "values without bound" }),
            None => Ok(point),
        }
    }

    /// Conductances from every node to ground, lowered step by step.
    fn gmin_stepping(&mut self, start: &Point, states: &[f64], options: &Options) -> Result<Point, NewtonFailure> {
        let unmodified = Self::unmodified(options);
        let mut shunt = 1e-2;
        let mut factor = 0.1f64;
        let mut point =
            self.static_newton(start, states, Homotopy { shunt, first_iteration: true, ..unmodified }, options)?;
        while shunt > options.gmin.max(1e-13) {
            let next = shunt * factor;
            match self.static_newton(&point, states, Homotopy { shunt: next, ..unmodified }, options) {
                Ok(better) => {
                    point = better;
                    shunt = next;
                    factor = (factor * factor).max(0.01);
                }
                Err(failure) if factor > 0.9 => return Err(failure),
                Err(_) => factor = factor.sqrt(),
            }
        }
        self.static_newton(&point, states, unmodified, options)
    }

    /// All independent sources raised from zero.
    fn source_stepping(&mut self, start: &Point, states: &[f64], options: &Options) -> Result<Point, NewtonFailure> {
        let unmodified = Self::unmodified(options);
        let zero = Homotopy { source_factor: 0.0, first_iteration: true, ..unmodified };
        let mut point = self.static_newton(start, states, zero, options)?;
        let (mut reached, mut step) = (0.0f64, 0.1f64);
        while reached < 1.0 {
            let next = (reached + step).min(1.0);
            match self.static_newton(&point, states, Homotopy { source_factor: next, ..unmodified }, options) {
                Ok(better) => {
                    point = better;
                    reached = next;
                    step *= 1.5;
                }
                Err(failure) if step < 1e-4 => return Err(failure),
                Err(_) => step *= 0.25,
            }
        }
        Ok(point)
    }

    /// A capacitance from every node to ground, integrated by backward Euler to a steady state.
    fn pseudo_transient(&mut self, start: &Point, states: &[f64], options: &Options) -> Result<Point, NewtonFailure> {
        let zero = vec![0.0; self.unknowns.len()];
        self.settle(start, &held(&zero, states, 0.0), options)
    }

    /// Pseudo-transient continuation of the equations that `derivative` stands for: a conductance from every node, which
    /// falls while Newton converges, pulls towards the last solution.
    ///
    /// # Errors
    /// No steady state is reached.
    pub(super) fn settle(
        &mut self,
        start: &Point,
        derivative: &Derivative,
        options: &Options,
    ) -> Result<Point, NewtonFailure> {
        let mut homotopy = Self::unmodified(options);
        let mut point = start.clone();
        let mut conductance = 1.0;
        let mut history = vec![0.0; self.unknowns.len()];
        let effort = Effort { iterations: 2 * options.itl4, keep_factors: false };
        for _ in 0..2000 {
            for (u, h) in history.iter_mut().enumerate() {
                *h = derivative.charge_history[u];
                if self.unknowns[u].kind == UnknownKind::Voltage {
                    *h -= conductance * point.x[u];
                }
            }
            homotopy.shunt = conductance;
            let pulled = Derivative { charge_history: &history, ..*derivative };
            let mut trial = point.clone();
            match self.newton(&mut trial, &pulled, &mut homotopy, effort, options) {
                Ok(iterations) => {
                    point = trial;
                    conductance *= if iterations < 6 { 0.3 } else { 0.8 };
                    if conductance < 1e-13 {
                        let effort = Effort { iterations: options.itl1, keep_factors: false };
                        self.newton(&mut point, derivative, &mut Self::unmodified(options), effort, options)?;
                        return Ok(point);
                    }
                }
                Err(failure) if conductance > 1e9 => return Err(failure),
                Err(_) => conductance *= 10.0,
            }
        }
        Err(NewtonFailure { worst: 0, reason: "no steady state" })
    }

    /// Nodes without a path for direct current (between capacitors, gates) stay where a conductance of `gmin` from every node
    /// to ground puts them.
    fn floating(&mut self, start: &Point, states: &[f64], options: &Options) -> Result<Point, NewtonFailure> {
        let shunted = Homotopy { shunt: options.gmin.max(1e-15), first_iteration: true, ..Self::unmodified(options) };
        let point = self.static_newton(start, states, shunted, options)?;
        let driven = |(_, x): &(usize, &f64)| x.abs() > FARTHEST;
        match point.x.iter().enumerate().skip(1).find(driven) {
            Some((worst, _)) => Err(NewtonFailure { worst, reason: "the equations are singular" }),
            None => Ok(point),
        }
    }
}

/// No voltage and no current of a circuit is larger, V and A.
const BOUND: f64 = 1e30;
/// A voltage that only a current into a floating node can give, V.
const FARTHEST: f64 = 1e6;

type Homotopic = fn(&mut System, &Point, &[f64], &Options) -> Result<Point, NewtonFailure>;
