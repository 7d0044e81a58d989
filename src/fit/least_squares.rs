//! Bounded nonlinear least squares: Levenberg and Marquardt's method with an active set of bounds and a robust loss.
//!
//! Marquardt, J. SIAM 11, 431 (1963); scaling by the column norms after More, Lecture Notes in Mathematics 630, 105 (1978);
//! damping by the gain ratio after Nielsen, report IMM-REP-1999-05, DTU (1999); the loss enters by weights as in Triggs et
//! al., LNCS 1883, 298 (2000).

use super::dense::{Matrix, least_squares};

/// How large residuals count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Loss {
    /// Square of the residual.
    #[default]
    Linear,
    /// Linear beyond 1.345 deviations (Huber 1964; 95 % efficiency for normal noise).
    Huber,
    /// `2 (sqrt(1 + r^2) - 1)`, a smooth Huber.
    SoftL1,
    /// `ln(1 + r^2)`: outliers count little.
    Cauchy,
}

/// Where Huber's loss turns linear, in standard deviations.
const HUBER: f64 = 1.345;

impl Loss {
    /// The loss of a squared residual `z`, and its first two derivatives.
    fn of(self, z: f64) -> (f64, f64, f64) {
        match self {
            Loss::Linear => (z, 1.0, 0.0),
            Loss::Huber if z <= HUBER * HUBER => (z, 1.0, 0.0),
            Loss::Huber => {
                let r = z.sqrt();
                (2.0 * HUBER * r - HUBER * HUBER, HUBER / r, -0.5 * HUBER / (r * z))
            }
            Loss::SoftL1 => {
                let root = (1.0 + z).sqrt();
                (2.0 * (root - 1.0), 1.0 / root, -0.5 / (root * (1.0 + z)))
            }
            Loss::Cauchy => (z.ln_1p(), 1.0 / (1.0 + z), -1.0 / ((1.0 + z) * (1.0 + z))),
        }
    }
}

/// What is minimised: half the sum of the losses of the squared residuals.
pub trait Objective: Sync {
    /// Residuals at `u`; `None` where the model has no solution.
    fn residuals(&self, u: &[f64]) -> Option<Vec<f64>>;
    /// Residuals and their derivatives (one row each) at `u`.
    fn linearise(&self, u: &[f64]) -> Option<(Vec<f64>, Matrix)>;
    /// How many of the last residuals are priors: no loss but the square applies to them.
    fn priors(&self) -> usize {
        0
    }
}

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Most steps tried.
    pub iterations: usize,
    /// Relative decrease of the cost that is too small to go on.
    pub cost: f64,
    /// Step, relative to the variables, that is too small to go on.
    pub step: f64,
    /// Loss of the residuals.
    pub loss: Loss,
}

impl Default for Settings {
    fn default() -> Self {
        Self { iterations: 200, cost: 1e-10, step: 1e-9, loss: Loss::Linear }
    }
}

/// Why the search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The cost does not fall any more.
    Converged,
    /// Too many steps.
    Exhausted,
}

/// The point found.
#[derive(Clone, Debug)]
pub struct Minimum {
    /// Variables.
    pub u: Vec<f64>,
    /// Residuals there.
    pub residuals: Vec<f64>,
    /// Their derivatives.
    pub jacobian: Matrix,
    /// Half the sum of the losses.
    pub cost: f64,
    /// Steps tried.
    pub iterations: usize,
    /// Why the search ended.
    pub end: End,
}

/// Residuals and Jacobian as a linear problem whose solution reduces the loss.
pub fn weighted(residuals: &[f64], jacobian: &Matrix, loss: Loss, priors: usize) -> (Vec<f64>, Matrix) {
    let (mut r, mut j) = (residuals.to_vec(), jacobian.clone());
    let measured = r.len() - priors.min(r.len());
    if loss != Loss::Linear {
        for (k, residual) in r.iter_mut().take(measured).enumerate() {
            let z = *residual * *residual;
            let (_, first, second) = loss.of(z);
            let curvature = (first + 2.0 * z * second).max(1e-3 * first);
            let scale = curvature.sqrt();
            *residual *= first / scale;
            j.row_mut(k).iter_mut().for_each(|d| *d *= scale);
        }
    }
    (r, j)
}

/// Half the sum of the losses.
pub fn cost(residuals: &[f64], loss: Loss, priors: usize) -> f64 {
    let measured = residuals.len() - priors.min(residuals.len());
    let (data, prior) = residuals.split_at(measured);
    0.5 * (data.iter().map(|r| loss.of(r * r).0).sum::<f64>() + prior.iter().map(|r| r * r).sum::<f64>())
}

/// Minimises from `start` within `bounds`; `None` when the model has no solution at the start.
///
/// `watch` is told about every accepted point and its cost.
pub fn minimise(
    objective: &dyn Objective,
    start: &[f64],
    bounds: &[(f64, f64)],
    settings: &Settings,
    watch: &mut dyn FnMut(usize, &[f64], f64),
) -> Option<Minimum> {
    let priors = objective.priors();
    let n = start.len();
    let mut u: Vec<f64> = start.iter().zip(bounds).map(|(u, (low, high))| u.clamp(*low, *high)).collect();
    let (mut residuals, mut jacobian) = objective.linearise(&u)?;
    let mut now = cost(&residuals, settings.loss, priors);
    if !now.is_finite() {
        return None;
    }
    let mut scale = vec![0.0f64; n];
    let (mut damping, mut growth) = (1e-3, 2.0);
    let mut iterations = 0;
    let mut end = End::Exhausted;
    watch(0, &u, now);
    'search: while iterations < settings.iterations {
        let (r, j) = weighted(&residuals, &jacobian, settings.loss, priors);
        let gradient = j.transposed_times(&r);
        for (k, s) in scale.iter_mut().enumerate() {
            *s = s.max(j.column_norm(k));
        }
        // a bound that the gradient pushes against holds its variable
        let free: Vec<usize> = (0..n)
            .filter(|&k| {
                let (low, high) = bounds[k];
                !(u[k] <= low && gradient[k] > 0.0 || u[k] >= high && gradient[k] < 0.0) && scale[k] > 0.0
            })
            .collect();
        if free.is_empty() {
            end = End::Converged;
            break;
        }
        loop {
            iterations += 1;
            let step = damped_step(&j, &r, &free, &scale, damping);
            let mut trial = u.clone();
            if let Some(step) = &step {
                for (&k, d) in free.iter().zip(step) {
                    trial[k] = (u[k] + d).clamp(bounds[k].0, bounds[k].1);
                }
            }
            let moved: Vec<f64> = trial.iter().zip(&u).map(|(a, b)| a - b).collect();
            let small = moved.iter().zip(&u).all(|(d, u)| d.abs() <= settings.step * (u.abs() + settings.step));
            if small && step.is_some() {
                end = End::Converged;
                break 'search;
            }
            let reached = step.and_then(|_| objective.residuals(&trial));
            let next = reached.as_ref().map_or(f64::INFINITY, |r| cost(r, settings.loss, priors));
            let image = j.times(&moved);
            let predicted = -gradient.iter().zip(&moved).map(|(g, d)| g * d).sum::<f64>()
                - 0.5 * image.iter().map(|v| v * v).sum::<f64>();
            let gain = (now - next) / predicted.max(f64::MIN_POSITIVE);
            if next < now && gain > 1e-4 {
                let Some((new_residuals, new_jacobian)) = objective.linearise(&trial) else {
                    damping *= growth;
                    growth *= 2.0;
                    if iterations >= settings.iterations {
                        break 'search;
                    }
                    continue;
                };
                let fall = (now - next) / now;
                (residuals, jacobian, u) = (new_residuals, new_jacobian, trial);
                now = cost(&residuals, settings.loss, priors);
                watch(iterations, &u, now);
                damping = (damping * (1.0 - (2.0 * gain - 1.0).powi(3)).max(1.0 / 3.0)).max(1e-15);
                growth = 2.0;
                if fall <= settings.cost && predicted <= settings.cost * now {
                    end = End::Converged;
                    break 'search;
                }
                break;
            }
            // nothing left to gain beyond rounding
            if predicted <= 1e-14 * now {
                end = End::Converged;
                break 'search;
            }
            damping *= growth;
            growth *= 2.0;
            if iterations >= settings.iterations {
                break 'search;
            }
            if damping > 1e20 {
                end = End::Converged;
                break 'search;
            }
        }
    }
    Some(Minimum { u, residuals, jacobian, cost: now, iterations, end })
}

/// Solves `min |J d + r|^2 + damping |D d|^2` over the free variables.
fn damped_step(j: &Matrix, r: &[f64], free: &[usize], scale: &[f64], damping: f64) -> Option<Vec<f64>> {
    let (m, n) = (r.len(), free.len());
    let mut a = Matrix::zeros(m + n, n);
    let mut b = vec![0.0; m + n];
    for row in 0..m {
        let from = j.row(row);
        for (to, &k) in a.row_mut(row).iter_mut().zip(free) {
            *to = from[k] / scale[k];
        }
        b[row] = -r[row];
    }
    for k in 0..n {
        a.row_mut(m + k)[k] = damping.sqrt();
    }
    let mut step = least_squares(a, b)?;
    for (d, &k) in step.iter_mut().zip(free) {
        *d /= scale[k];
    }
    Some(step)
}
