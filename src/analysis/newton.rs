//! Newton's method with kept factors.
//!
//! Every iteration evaluates the devices and solves with the factors there are (a chord step); the Jacobian is factored
//! anew only when the iteration does not contract. Convergence needs both: the next correction of every unknown within
//! its tolerance, and the residual of every row within its own.

use crate::devices::UnknownKind;

use super::system::{Derivative, Homotopy, Point, System};
use super::{Options, SimulationError};

/// A chord step is kept while corrections shrink at least by this factor.
const CONTRACTION: f64 = 0.2;

/// Share of the tolerances within which corrections and residuals must be: errors of a step add up over the steps, on
/// floating nodes without loss.
const CONVERGED: f64 = 0.02;

/// A full Newton correction of at most this share of the tolerances is taken without another evaluation: what is left is of
/// second order in it. Charges follow by their linearisation.
const QUADRATIC: f64 = 0.1;

/// Rounding error of a residual, as a share of the sum of its terms' magnitudes.
const ROUNDING: f64 = 16.0 * f64::EPSILON;

/// Why Newton stopped without a solution.
#[derive(Clone, Debug)]
pub struct NewtonFailure {
    /// Unknown that moved most, relative to its tolerance.
    pub worst: usize,
    /// What happened.
    pub reason: &'static str,
}

/// How corrections are judged and how long to try.
#[derive(Clone, Copy)]
pub struct Effort {
    /// Most iterations.
    pub iterations: usize,
    /// Start with the factors of an earlier call.
    pub keep_factors: bool,
}

impl System {
    /// Solves `i(x) + a0 q(x) + history = 0` from `point.x`. On success `point` holds the solution and the device states
    /// that belong to it, and `self.i`, `self.q` are evaluated there. Returns the number of iterations.
    ///
    /// # Errors
    /// `NewtonFailure`: no convergence, or a singular or non-finite system.
    pub fn newton(
        &mut self,
        point: &mut Point,
        derivative: &Derivative,
        homotopy: &mut Homotopy,
        effort: Effort,
        options: &Options,
    ) -> Result<usize, NewtonFailure> {
        let mut fresh = false; // factors belong to the present linearisation
        let mut have_factors = effort.keep_factors;
        let mut last_size = f64::INFINITY;
        let mut worst = 0;
        for iteration in 0..effort.iterations {
            let limited = self.evaluate(point, derivative, homotopy);
            homotopy.first_iteration = false;
            if !self.residual[1..].iter().all(|r| r.is_finite()) {
                let worst = self.residual.iter().skip(1).position(|r| !r.is_finite()).map_or(0, |p| p + 1);
                return Err(NewtonFailure { worst, reason: "a device gave a value that is not finite" });
            }
            // a correction with the present Jacobian, by older factors where those are dear
            let iterative = !options.exact && self.is_dear_to_factor();
            if !iterative && (limited || !self.keeps_factors) {
                have_factors = false;
            }
            let mut solved = false;
            if iterative {
                self.assemble(derivative.coefficient, homotopy);
                solved = self.correct_iteratively(point, options);
                fresh = solved;
                have_factors = solved;
            }
            if !have_factors || options.exact {
                self.factor_for(derivative, homotopy)?;
                have_factors = true;
                fresh = true;
            }
            if !solved {
                self.solve();
            }
            let (mut size, mut at) = self.correction(point, options);
            let is_static = derivative.state_coefficient.is_none();
            if !limited && fresh && !is_static && size <= QUADRATIC {
                self.take_correction(point);
                self.correct_charges();
                return Ok(iteration + 1);
            }
            let settled = fresh || iteration > 0;
            let enough = if is_static || !settled { 0.05 * CONVERGED } else { CONVERGED };
            if !limited && size <= enough && self.residual_small(point, derivative, options) {
                if is_static {
                    // Nothing else depends on the point: take the last correction along.
                    self.take_correction(point);
                }
                return Ok(iteration + 1);
            }
            // with the present Jacobian the next correction is smaller by about the square of what this one gained
            let next = if iterative { size * (size / last_size).min(1.0) } else { f64::INFINITY };
            if !limited && fresh && !is_static && last_size.is_finite() && next <= CONVERGED {
                self.take_correction(point);
                self.correct_charges();
                return Ok(iteration + 1);
            }
            if !fresh && size > CONTRACTION * last_size.min(1e3) {
                self.factor_for(derivative, homotopy)?;
                self.solve();
                (size, at) = self.correction(point, options);
            }
            if !size.is_finite() {
                return Err(NewtonFailure { worst: at, reason: "the equations are singular" });
            }
            worst = at;
            self.take_correction(point);
            last_size = if limited { f64::INFINITY } else { size };
            fresh = false;
        }
        Err(NewtonFailure { worst, reason: "no convergence" })
    }

    fn take_correction(&self, point: &mut Point) {
        for (x, d) in point.x.iter_mut().zip(&self.delta).skip(1) {
            *x += d;
        }
    }

    fn factor_for(&mut self, derivative: &Derivative, homotopy: &Homotopy) -> Result<(), NewtonFailure> {
        self.factor(derivative.coefficient, homotopy)
            .map_err(|e| NewtonFailure { worst: e.column + 1, reason: "the equations are singular" })
    }

    /// Solves for the correction with older factors; false when they do not serve.
    fn correct_iteratively(&mut self, point: &Point, options: &Options) -> bool {
        let mut scales = std::mem::take(&mut self.scales);
        scales.clear();
        scales.extend((1..self.unknowns.len()).map(|u| self.tolerance(u, point.x[u].abs(), options).recip()));
        let size = |delta: &[f64]| {
            let most = |most: f64, (d, scale): (&f64, &f64)| most.max(d.abs() * scale);
            delta.iter().zip(&scales).fold(0.0, most)
        };
        let solved = self.solve_iteratively(size);
        self.scales = scales;
        solved
    }

    /// Largest allowed correction of an unknown of this magnitude; infinite for the current of a voltage source: it enters
    /// the current laws of its nodes linearly, and their residuals are checked.
    fn tolerance(&self, unknown: usize, magnitude: f64, options: &Options) -> f64 {
        match self.unknowns[unknown].kind {
            UnknownKind::Voltage => options.reltol * magnitude.max(self.voltage_floor) + options.vntol,
            UnknownKind::Current if self.dynamic[unknown] => options.reltol * magnitude + options.abstol,
            UnknownKind::Current => f64::INFINITY,
        }
    }

    /// Largest correction in units of the tolerance, and its unknown.
    fn correction(&self, point: &Point, options: &Options) -> (f64, usize) {
        let mut largest = (0.0f64, 0);
        for (u, (d, x)) in self.delta.iter().zip(&point.x).enumerate().skip(1) {
            let size = d.abs() / self.tolerance(u, x.abs().max((x + d).abs()), options);
            if size > largest.0 || size.is_nan() {
                largest = (if size.is_nan() { f64::INFINITY } else { size }, u);
            }
        }
        largest
    }

    /// Every row's residual within `reltol` of the largest contribution to it, or as small as rounding lets it be: across
    /// 1 uOhm at 20 V that is 1 nA.
    fn residual_small(&self, point: &Point, derivative: &Derivative, options: &Options) -> bool {
        let excess = |row: usize| {
            let absolute = match self.unknowns[row].kind {
                UnknownKind::Voltage => options.abstol,
                UnknownKind::Current => options.vntol,
            };
            let relative = self.flow[row].max(derivative.coefficient * self.q[row].abs());
            self.residual[row].abs() - CONVERGED * options.reltol * relative - absolute
        };
        let rows = 1..self.unknowns.len();
        rows.clone().all(|row| excess(row) <= 0.0) || {
            let sizes = self.row_sizes(&point.x);
            rows.into_iter().all(|row| excess(row) <= ROUNDING * sizes[row])
        }
    }

    /// The failure as an error in the user's names.
    pub fn convergence_error(
        &self,
        failure: &NewtonFailure,
        analysis: &'static str,
        time: f64,
        tried: &str,
    ) -> SimulationError {
        SimulationError::NoConvergence {
            analysis,
            time,
            reason: failure.reason,
            unknown: self.unknown_name(failure.worst),
            tried: tried.to_string(),
        }
    }
}
