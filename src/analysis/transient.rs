//! Transient integration with error-controlled steps.
//!
//! After every source corner, switching event or change from outside the integration restarts with backward Euler, which
//! damps what a corner excites; the requested method takes over two steps later. The truncation error is estimated from the difference
//! to a polynomial predictor, for every unknown and every device state.

use super::formula::{Formula, MAX_ORDER, TR_BDF2_GAMMA, predictor, tr_bdf2_error};
use super::newton::Effort;
use super::options::{Fidelity, Method};
use super::system::{Derivative, Point, System};
use super::{Options, SimulationError};
use crate::devices::UnknownKind;

/// Most evaluations until the junction voltages of a given start have come through their limits.
const SETTLING: usize = 200;

/// Points kept for formulas and predictors.
const DEPTH: usize = MAX_ORDER + 2;
/// Steps of backward Euler after a restart.
const DAMPED_STEPS: usize = 2;
/// Share of the way to the next corner that the first step after a restart takes.
const FIRST_STEP: f64 = 0.05;
/// Smallest such share.
const SMALLEST_FIRST_STEP: f64 = 1e-7;
/// Share of its scale by which a voltage may change in that step.
const FIRST_CHANGE: f64 = 0.05;
/// Smallest scale taken for a voltage there, as a share of the largest voltage in the circuit.
const FIRST_FLOOR: f64 = 0.02;
/// Share of the largest step below which voltages without charge do not limit the step.
const ALGEBRAIC_STEP: f64 = 1e-3;
/// Times below this share of the stop time count as this share when the smallest step is chosen.
const SMALLEST_TIME: f64 = 1e-9;
/// Most jumps in a row that no step resolves.
const MOST_LEAPS: usize = 100;
/// The `reltol` at which devices mean the tolerances of their states.
const DEFAULT_RELTOL: f64 = 1e-3;
/// Largest growth of the step.
const GROWTH: f64 = 3.0;

#[derive(Default)]
struct Past {
    t: f64,
    x: Vec<f64>,
    q: Vec<f64>,
    s: Vec<f64>,
}

impl Clone for Past {
    fn clone(&self) -> Self {
        Self { t: self.t, x: self.x.clone(), q: self.q.clone(), s: self.s.clone() }
    }

    /// Copies without allocating when the sizes agree.
    fn clone_from(&mut self, source: &Self) {
        self.t = source.t;
        self.x.clone_from(&source.x);
        self.q.clone_from(&source.q);
        self.s.clone_from(&source.s);
    }
}

/// Where the integration last started anew.
#[derive(Clone, Default)]
struct Corner {
    time: f64,
    point: Point,
    past: Past,
}

/// One accepted step, as it has to be known to take it again.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// Time at its end, s.
    pub time: f64,
    /// What it was integrated with.
    pub formula: Formula,
    /// Solution at its end.
    pub x: Vec<f64>,
    /// The integration starts anew behind it.
    pub restart: bool,
}

/// The steps of a run, for what follows it step by step.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    pub steps: Vec<Step>,
    /// Steps up to the last corner.
    corner: usize,
}

/// State of a running transient. A clone is a snapshot.
#[derive(Clone)]
pub struct Transient {
    /// Time reached, s.
    pub time: f64,
    /// Solution at that time.
    pub point: Point,
    /// Largest step, s.
    pub max_step: f64,
    past: Vec<Past>,
    depth: usize,
    since_restart: usize,
    step: f64,
    q_slope: Vec<f64>,
    s_slope: Vec<f64>,
    x_scale: Vec<f64>,
    charge_history: Vec<f64>,
    state_history: Vec<f64>,
    predicted: Vec<f64>,
    /// Length of the whole run, s; 0 when it is not known.
    pub span: f64,
    predicted_states: Vec<f64>,
    trial: Point,
    corner: Corner,
    /// Leaps since the last step that was free to be long.
    leaps: usize,
    /// The corner has been left behind because values jumped there.
    jumped: bool,
    held: bool,
    held_time: f64,
    held_point: Point,
    first_fraction: f64,
    /// Length of the present smooth piece, s.
    room: f64,
    factored: f64,
    a0: f64,
    stage_q: Vec<f64>,
    stage_s: Vec<f64>,
    /// Accepted steps, if somebody wants them.
    pub(super) log: Option<Log>,
    formula: Option<Formula>,
}

/// What one attempted step came to.
enum Outcome {
    /// Accepted with this proposal for the next step.
    Accepted(f64),
    /// Rejected; try again with this step.
    Rejected(f64, usize, &'static str),
}

impl Transient {
    /// Starts at `time` from a solved point.
    pub fn new(system: &mut System, point: Point, time: f64, max_step: f64, options: &Options) -> Self {
        let rows = system.unknowns.len();
        let states = point.states.len();
        let past =
            (0..DEPTH).map(|_| Past { t: 0.0, x: vec![0.0; rows], q: vec![0.0; rows], s: vec![0.0; states] }).collect();
        let mut transient = Self {
            time,
            trial: point.clone(),
            x_scale: point.x.iter().map(|x| x.abs()).collect(),
            point,
            max_step,
            past,
            depth: 0,
            since_restart: 0,
            step: 0.0,
            q_slope: vec![0.0; rows],
            s_slope: vec![0.0; states],
            charge_history: vec![0.0; rows],
            state_history: vec![0.0; states],
            predicted: vec![0.0; rows],
            span: 0.0,
            predicted_states: vec![0.0; states],
            corner: Corner::default(),
            leaps: 0,
            jumped: false,
            held: false,
            held_time: 0.0,
            held_point: Point::default(),
            first_fraction: FIRST_STEP,
            room: f64::INFINITY,
            factored: 0.0,
            a0: 0.0,
            stage_q: vec![0.0; rows],
            stage_s: vec![0.0; states],
            log: None,
            formula: None,
        };
        transient.evaluate_charges(system, options);
        transient.restart(system);
        transient
    }

    /// Charges at the present point, for the first history entry.
    fn evaluate_charges(&mut self, system: &mut System, options: &Options) {
        self.charge_history.fill(0.0);
        self.trial.clone_from(&self.point);
        let derivative = Derivative {
            coefficient: 0.0,
            charge_history: &self.charge_history,
            state_coefficient: None,
            state_history: &[],
            previous_states: &self.point.states,
            time: self.time,
        };
        // charges belong to the point only where no voltage is limited
        for _ in 0..SETTLING {
            if !system.evaluate(&mut self.trial, &derivative, &System::unmodified(options)) {
                break;
            }
        }
    }

    /// Forgets the past: the next step is a first step after a corner. `system.q` must belong to the present point.
    fn restart(&mut self, system: &mut System) {
        system.restarted(self.time);
        self.depth = 0;
        self.since_restart = 0;
        self.push(&system.q);
        if let Some(last) = self.log.as_mut().and_then(|log| log.steps.last_mut()) {
            last.restart = true;
        }
        self.mark_corner();
        self.jumped = false;
    }

    /// Something outside changed (a source got a new program): start anew from the present point.
    pub fn interrupt(&mut self) {
        if self.since_restart == 0 && self.depth == 1 {
            return;
        }
        self.depth = 1;
        self.since_restart = 0;
        self.mark_corner();
    }

    fn mark_corner(&mut self) {
        self.corner.time = self.time;
        self.corner.point.clone_from(&self.point);
        self.corner.past.clone_from(&self.past[0]);
        self.first_fraction = FIRST_STEP;
        self.factored = 0.0;
        if let Some(log) = &mut self.log {
            log.corner = log.steps.len();
        }
    }

    /// Lets the scales that relative tolerances refer to fade, at the start of a new operation of a controller: an array
    /// that was written with volts is read with millivolts.
    pub fn forget_scales(&mut self) {
        for (scale, x) in self.x_scale.iter_mut().zip(&self.point.x) {
            *scale = x.abs().max(0.1 * *scale);
        }
    }

    fn push(&mut self, q: &[f64]) {
        self.past.rotate_right(1);
        let newest = &mut self.past[0];
        newest.t = self.time;
        newest.x.copy_from_slice(&self.point.x);
        newest.q.copy_from_slice(q);
        newest.s.copy_from_slice(&self.point.states);
        self.depth = (self.depth + 1).min(DEPTH);
    }

    /// Advances to `stop`, calling `observe` at every accepted point (restart tells that the point begins a smooth
    /// piece).
    ///
    /// # Errors
    /// [`SimulationError::StepTooSmall`], or what `observe` returns.
    pub fn advance(
        &mut self,
        system: &mut System,
        stop: f64,
        options: &Options,
        observe: &mut dyn FnMut(&System, &Transient, bool) -> Result<(), SimulationError>,
    ) -> Result<(), SimulationError> {
        while self.time < stop - 1e-14 * stop.abs().max(1e-9) {
            // what still moves the time: near its start a long run may need steps that are tiny in comparison
            let smallest = 1e-14 * self.time.abs().max(SMALLEST_TIME * stop.abs()).max(1e-21);
            let corner = system.breakpoint(self.time).min(stop);
            let corner = if corner <= self.time + smallest { stop } else { corner };
            let room = corner - self.time;
            if self.since_restart == 0 {
                self.room = room;
            }
            let mut h = if self.since_restart == 0 { self.first_fraction * room } else { self.step };
            h = h.min(self.max_step).min(system.max_step());
            let mut landing = false;
            if h >= room * (1.0 - 1e-9) {
                h = room;
                landing = true;
            } else if h > 0.55 * room {
                h = 0.5 * room;
            }
            loop {
                match self.attempt(system, if landing { corner } else { self.time + h }, options) {
                    Outcome::Accepted(next) => {
                        if let Some(fraction) = system.event(&self.point, &self.trial)
                            && (fraction * h) > smallest.max(1e-6 * h)
                            && fraction < 1.0 - 1e-6
                        {
                            h *= fraction;
                            landing = false;
                            continue;
                        }
                        let switched = self.commit(system, if landing { corner } else { self.time + h }, options);
                        self.step = next;
                        system.counters.points += 1;
                        if h > 0.1 * self.max_step {
                            self.leaps = 0;
                        }
                        let corner_reached = landing || switched;
                        if self.since_restart == 1 && !corner_reached {
                            self.hold();
                            break;
                        }
                        self.show_held(system, false, observe)?;
                        observe(system, self, corner_reached)?;
                        if corner_reached {
                            if switched {
                                self.evaluate_charges(system, options);
                            }
                            self.depth = 0;
                            self.restart(system);
                        }
                        break;
                    }
                    Outcome::Rejected(smaller, worst, reason) => {
                        system.counters.rejected += 1;
                        if self.since_restart == 1 && reason == TRUNCATION {
                            if self.roll_back() {
                                break;
                            }
                            if !self.jumped {
                                // However short the first step, it differs: something jumped at the corner.
                                self.show_held(system, true, observe)?;
                                self.interrupt();
                                self.jumped = true;
                                break;
                            }
                        }
                        if reason == TRUNCATION && self.rings(system, worst, options) {
                            self.show_held(system, false, observe)?;
                            self.interrupt();
                            break;
                        }
                        h = smaller;
                        landing = false;
                        if h < smallest && self.leaps < MOST_LEAPS {
                            self.show_held(system, false, observe)?;
                            if self.leap(system, corner, smallest, options) {
                                observe(system, self, true)?;
                                break;
                            }
                        }
                        if h < smallest {
                            return Err(SimulationError::StepTooSmall {
                                step: smallest,
                                time: self.time,
                                unknown: if worst < system.unknowns.len() {
                                    system.unknown_name(worst)
                                } else {
                                    "a device state".to_string()
                                },
                                reason,
                            });
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// The trapezoidal rule rings on what has no capacitance but follows a derivative (the voltage of an inductor that nothing
    /// loads): the last steps went up and down. Backward Euler damps it.
    fn rings(&self, system: &System, unknown: usize, options: &Options) -> bool {
        let algebraic = unknown < system.unknowns.len() && !system.has_charge(unknown);
        if options.method != Method::Trapezoidal || !algebraic || self.since_restart < DAMPED_STEPS + 2 {
            return false;
        }
        let values = [self.trial.x[unknown], self.past[0].x[unknown], self.past[1].x[unknown], self.past[2].x[unknown]];
        let [a, b, c] = std::array::from_fn(|k| values[k] - values[k + 1]);
        a * b < 0.0 && b * c < 0.0
    }

    /// No step is short enough: the solution jumps (positive feedback without capacitance, initial conditions that contradict
    /// each other). Takes one short step of backward Euler with the patience of an operating point, and
    /// begins anew behind it.
    fn leap(&mut self, system: &mut System, corner: f64, smallest: f64, options: &Options) -> bool {
        self.leaps += 1;
        self.interrupt();
        let most = self.max_step.min(corner - self.time);
        let mut h = (1e-9 * most).max(10.0 * smallest);
        while h < most {
            let t = self.time + h;
            let times: [f64; DEPTH] = std::array::from_fn(|k| self.past[k].t);
            let formula = Formula::bdf(1, t, &times);
            self.predict(0, &[1.0]);
            if self.solve(system, &formula, t, false, true, options).is_ok() {
                self.commit(system, t, options);
                self.evaluate_charges(system, options);
                self.depth = 0;
                self.restart(system);
                return true;
            }
            h *= 1e3;
        }
        false
    }

    /// The first point after a corner is shown only when the second has confirmed it.
    fn hold(&mut self) {
        self.held = true;
        self.held_time = self.time;
        self.held_point.clone_from(&self.point);
    }

    /// Shows the point held back; `corner` tells that a smooth piece begins with it.
    fn show_held(
        &mut self,
        system: &System,
        corner: bool,
        observe: &mut dyn FnMut(&System, &Transient, bool) -> Result<(), SimulationError>,
    ) -> Result<(), SimulationError> {
        if !self.held {
            return Ok(());
        }
        self.held = false;
        self.swap_held();
        let shown = observe(system, self, corner);
        self.swap_held();
        shown
    }

    fn swap_held(&mut self) {
        std::mem::swap(&mut self.held_time, &mut self.time);
        std::mem::swap(&mut self.held_point, &mut self.point);
    }

    /// The step after the first one was too inaccurate: the first one was too long as well. Returns to the corner with
    /// a shorter first step; false when it is short enough already.
    fn roll_back(&mut self) -> bool {
        if self.first_fraction < SMALLEST_FIRST_STEP {
            return false;
        }
        self.time = self.corner.time;
        self.point.clone_from(&self.corner.point);
        self.past[0].clone_from(&self.corner.past);
        self.trial.memory.copy_from_slice(&self.point.memory);
        self.depth = 1;
        self.since_restart = 0;
        self.first_fraction *= 0.1;
        self.held = false;
        if let Some(log) = &mut self.log {
            log.steps.truncate(log.corner);
        }
        true
    }

    fn attempt(&mut self, system: &mut System, t: f64, options: &Options) -> Outcome {
        let h = t - self.time;
        let damped = self.since_restart < DAMPED_STEPS;
        let order = match options.method {
            _ if damped => 1,
            Method::Gear => options.maxord.min(self.since_restart).max(1),
            _ => 2,
        };
        let times: [f64; DEPTH] = std::array::from_fn(|k| self.past[k].t);
        let usable = self.depth - 1;
        let predictor_order = order.min(usable);
        let (weights, miss) = predictor(predictor_order, t, &times);
        let (formula, error) = match options.method {
            _ if order == 1 => {
                let f = Formula::bdf(1, t, &times);
                (f, f.error)
            }
            Method::Gear => {
                let f = Formula::bdf(order, t, &times);
                (f, f.error)
            }
            Method::Trapezoidal => {
                let f = Formula::trapezoidal(h);
                (f, f.error)
            }
            Method::TrBdf2 => {
                let middle = self.time + TR_BDF2_GAMMA * h;
                self.predict(predictor_order, &predictor(predictor_order, middle, &times).0);
                let first = Formula::trapezoidal(middle - self.time);
                if let Err((worst, reason)) = self.solve(system, &first, middle, false, false, options) {
                    return Outcome::Rejected(h / 8.0, worst, reason);
                }
                (Formula::bdf(2, t, &[middle, self.time]), tr_bdf2_error(h))
            }
        };
        let two_stages = options.method == Method::TrBdf2 && order == 2;
        if two_stages {
            self.stage_q.copy_from_slice(&system.q);
            self.stage_s.copy_from_slice(&self.trial.states);
        }
        self.predict(predictor_order, &weights);
        let solved = self.solve(system, &formula, t, two_stages, false, options);
        if let Err((worst, reason)) = solved {
            return Outcome::Rejected(h / 8.0, worst, reason);
        }
        if usable < order {
            let (size, worst) = self.first_change(system, options);
            if size > 1.0 && self.first_fraction > SMALLEST_FIRST_STEP {
                self.first_fraction *= (0.5 / size).clamp(0.01, 0.5);
                return Outcome::Rejected(h * (0.5 / size).clamp(0.01, 0.5), worst, TRUNCATION);
            }
            return Outcome::Accepted(h * GROWTH);
        }
        let (size, worst) = self.truncation(system, h, error / (error + miss), options);
        let proposal = 0.9 * size.max(1e-6).powf(-1.0 / (order as f64 + 1.0));
        if size > 1.0 {
            return Outcome::Rejected(h * proposal.clamp(0.1, 0.8), worst, TRUNCATION);
        }
        Outcome::Accepted(h * proposal.clamp(0.3, GROWTH))
    }

    /// Largest change of a voltage with capacitance or of a device state in the first step after a corner, in units of
    /// [`FIRST_CHANGE`] of its scale: there is no past yet to estimate the truncation error from.
    fn first_change(&self, system: &System, options: &Options) -> (f64, usize) {
        let voltage = |u: &usize| system.unknowns[*u].kind == UnknownKind::Voltage;
        let volts = (1..system.unknowns.len()).filter(voltage);
        let floor = FIRST_FLOOR * volts.fold(0.0f64, |m, u| m.max(self.x_scale[u]).max(self.trial.x[u].abs()));
        let mut largest = (0.0f64, 0);
        for u in (1..system.unknowns.len()).filter(voltage).filter(|u| system.has_charge(*u)) {
            let allowed = FIRST_CHANGE * self.x_scale[u].max(floor) + 10.0 * options.vntol;
            let size = (self.trial.x[u] - self.point.x[u]).abs() / allowed;
            if size > largest.0 {
                largest = (size, u);
            }
        }
        largest
    }

    /// Extrapolates the past polynomial as the start of Newton.
    fn predict(&mut self, order: usize, weights: &[f64]) {
        combine(&mut self.predicted, weights[..=order].iter().zip(&self.past).map(|(w, p)| (*w, &p.x[..])));
        combine(&mut self.predicted_states, weights[..=order].iter().zip(&self.past).map(|(w, p)| (*w, &p.s[..])));
    }

    /// Solves one stage into `self.trial`. With `after_stage` the kept stage is newer than the last point; `patient` tries
    /// what an operating point tries.
    fn solve(
        &mut self,
        system: &mut System,
        formula: &Formula,
        t: f64,
        after_stage: bool,
        patient: bool,
        options: &Options,
    ) -> Result<(), (usize, &'static str)> {
        let past_q = after_stage.then_some(&self.stage_q[..]).into_iter().chain(self.past.iter().map(|p| &p.q[..]));
        let past_s = after_stage.then_some(&self.stage_s[..]).into_iter().chain(self.past.iter().map(|p| &p.s[..]));
        let coefficients = formula.past[..formula.used].iter().copied();
        let slope = |v| (formula.slope != 0.0).then_some((formula.slope, v));
        let quasi_static = options.fidelity == Fidelity::QuasiStatic;
        if quasi_static {
            self.charge_history.fill(0.0);
        } else {
            combine(&mut self.charge_history, coefficients.clone().zip(past_q).chain(slope(&self.q_slope[..])));
        }
        combine(&mut self.state_history, coefficients.zip(past_s).chain(slope(&self.s_slope[..])));
        self.trial.x.copy_from_slice(&self.predicted);
        self.a0 = formula.a0;
        self.formula = Some(*formula);
        let derivative = Derivative {
            coefficient: if quasi_static { 0.0 } else { formula.a0 },
            charge_history: &self.charge_history,
            state_coefficient: Some(formula.a0),
            state_history: &self.state_history,
            previous_states: &self.past[0].s,
            time: t,
        };
        let ratio = formula.a0 / self.factored;
        let keep = self.factored > 0.0 && (quasi_static || (0.8..1.25).contains(&ratio));
        // given voltages (uic) and corners may make everything jump
        let long = patient || self.since_restart == 0;
        let iterations = if long { options.itl1.max(options.itl4) } else { options.itl4 };
        let effort = Effort { iterations, keep_factors: keep };
        let before = system.counters.factorisations;
        let mut solved =
            system.newton(&mut self.trial, &derivative, &mut System::unmodified(options), effort, options).map(drop);
        if patient && solved.is_err() {
            solved = system.settle(&self.point, &derivative, options).map(|point| self.trial.clone_from(&point));
        }
        if system.counters.factorisations != before {
            self.factored = formula.a0;
        }
        match solved {
            Ok(()) => Ok(()),
            Err(failure) => {
                self.factored = 0.0;
                self.trial.memory.copy_from_slice(&self.point.memory);
                Err((failure.worst, failure.reason))
            }
        }
    }

    /// By how much the error of a short step of a large circuit may exceed that of a long one: what lasts for a small part of the
    /// run counts little in it (the square of an error is weighted with its duration).
    fn brevity(&self, system: &System, h: f64, options: &Options) -> f64 {
        if options.exact || self.span == 0.0 || !system.is_dear_to_factor() {
            return 1.0;
        }
        (self.span / (STEPS_OF_A_RUN * h)).sqrt().clamp(1.0, MOST_BREVITY)
    }

    /// Largest truncation error in units of the tolerance, and where. Currents of voltage sources have no dynamics of their own:
    /// they follow from the voltages at each instant. So do voltages without charge, which may jump: they limit the step down to
    /// [`ALGEBRAIC_STEP`] only.
    fn truncation(&self, system: &System, h: f64, factor: f64, options: &Options) -> (f64, usize) {
        let mut largest = (0.0f64, 0);
        let brief = self.brevity(system, h, options);
        let floor = system.voltage_floor * brief;
        let voltage_share = brief.sqrt();
        let short = h < ALGEBRAIC_STEP * self.room.min(self.max_step);
        for (u, info) in system.unknowns.iter().enumerate().skip(1) {
            let (absolute, floor, share) = match info.kind {
                UnknownKind::Voltage if short && !system.has_charge(u) => continue,
                UnknownKind::Voltage => (options.vntol, floor, voltage_share),
                UnknownKind::Current if system.dynamic[u] => (options.abstol, 0.0, 1.0),
                UnknownKind::Current => continue,
            };
            let scale = self.x_scale[u].max(self.trial.x[u].abs()).max(floor);
            let error = (self.trial.x[u] - self.predicted[u]).abs() * factor;
            let size = error / (share * options.trtol * (options.reltol * scale + absolute));
            if size > largest.0 {
                largest = (size, u);
            }
        }
        // tolerances of states are meant for the default of reltol
        let tightness = (options.reltol / DEFAULT_RELTOL).min(1.0);
        for (k, tolerance) in system.state_tolerances.iter().enumerate() {
            if tolerance.is_finite() {
                let error = (self.trial.states[k] - self.predicted_states[k]).abs() * factor;
                let size = error / (options.trtol * tolerance * tightness);
                if size > largest.0 {
                    largest = (size, system.unknowns.len());
                }
            }
        }
        largest
    }

    /// Takes over the trial solution; true when a device switched there.
    fn commit(&mut self, system: &mut System, t: f64, options: &Options) -> bool {
        let a0 = self.a0;
        for ((d, q), h) in self.q_slope.iter_mut().zip(&system.q).zip(&self.charge_history) {
            *d = a0 * q + h;
        }
        for ((d, s), h) in self.s_slope.iter_mut().zip(&self.trial.states).zip(&self.state_history) {
            *d = a0 * s + h;
        }
        self.time = t;
        std::mem::swap(&mut self.point, &mut self.trial);
        if let (Some(log), Some(formula)) = (&mut self.log, self.formula) {
            log.steps.push(Step { time: t, formula, x: self.point.x.clone(), restart: false });
        }
        let switched = system.accept(&mut self.point, t, options.gmin);
        self.trial.memory.copy_from_slice(&self.point.memory);
        for (scale, x) in self.x_scale.iter_mut().zip(&self.point.x) {
            *scale = scale.max(x.abs());
        }
        self.since_restart += 1;
        let q = std::mem::take(&mut system.q);
        self.push(&q);
        system.q = q;
        switched
    }
}

/// Number of steps that a run is worth: the error of longer ones is never relaxed.
const STEPS_OF_A_RUN: f64 = 300.0;

/// Greatest relaxation of small signals in short steps; that of large ones is its square root.
const MOST_BREVITY: f64 = 16.0;

const TRUNCATION: &str = "truncation error";

/// `out = sum of weight * vector`.
pub(super) fn combine<'a>(out: &mut [f64], terms: impl Iterator<Item = (f64, &'a [f64])>) {
    out.fill(0.0);
    for (weight, vector) in terms {
        for (o, v) in out.iter_mut().zip(vector) {
            *o += weight * v;
        }
    }
}
