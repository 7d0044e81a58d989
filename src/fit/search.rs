//! The search: several starts, and the noise where nobody gave it.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::FitError;
use super::estimate::Fit;
use super::least_squares::{End, Loss, Minimum, Objective, Settings, cost, minimise};
use super::problem::Problem;
use super::quantile::NORMAL;

/// Points that are only evaluated, for each start of a multi-start.
const SCREENED: usize = 8;
/// Rounds in which the noise is estimated.
const ROUNDS: usize = 4;
/// Change of an estimated noise that ends the rounds.
const SETTLED: f64 = 0.02;
/// Most points of one side of a profile.
const PROFILE_STEPS: usize = 12;
/// Distance from the quantile, in deviations, that ends it.
const PROFILE_ACCURACY: f64 = 0.01;
/// Range of a variable without bounds, in units of its scale to both sides of the start.
const REACH: f64 = 2.0;

/// How to search.
#[derive(Clone, Copy, Debug)]
pub struct SearchSettings {
    /// Loss of the residuals.
    pub loss: Loss,
    /// Number of starts; the first one is that of the deck.
    pub starts: usize,
    /// Seed of the other starts.
    pub seed: u64,
    /// Most steps of each search.
    pub iterations: usize,
}

impl Default for SearchSettings {
    fn default() -> Self {
        Self { loss: Loss::Linear, starts: 1, seed: 1, iterations: 200 }
    }
}

/// Fits a problem. `watch` is told (iteration, cost) of accepted points, from several threads.
///
/// # Errors
/// The model has no solution at any start.
pub fn fit(
    problem: &mut Problem,
    settings: &SearchSettings,
    watch: &(dyn Fn(usize, f64) + Sync),
) -> Result<Fit, FitError> {
    let inner = Settings { iterations: settings.iterations, loss: settings.loss, ..Settings::default() };
    let bounds = problem.bounds();
    let mut starts = vec![problem.start()];
    starts.extend(screened(problem, &bounds, settings));
    let run = |problem: &Problem, start: &[f64]| {
        minimise(problem, start, &bounds, &inner, &mut |iteration, _, cost| watch(iteration, cost))
    };
    let found: Vec<Option<Minimum>> = starts.par_iter().map(|start| run(problem, start)).collect();
    let costs: Vec<f64> = found.iter().map(|m| m.as_ref().map_or(f64::INFINITY, |m| m.cost)).collect();
    let mut best =
        found.into_iter().flatten().min_by(|a, b| a.cost.total_cmp(&b.cost)).ok_or_else(|| {
            FitError::Simulation(problem.last_failure().unwrap_or_else(|| "no finite residual".into()))
        })?;
    if !problem.noise.is_empty() {
        for _ in 0..ROUNDS {
            let change = estimate_noise(problem, &best);
            let Some(again) = run(problem, &best.u) else { break };
            let iterations = best.iterations + again.iterations;
            best = Minimum { iterations, ..again };
            if change < SETTLED {
                break;
            }
        }
        estimate_noise(problem, &best);
        if let Some((residuals, jacobian)) = problem.linearise(&best.u) {
            let priors = problem.priors();
            best = Minimum { cost: cost(&residuals, settings.loss, priors), residuals, jacobian, ..best };
        }
    }
    Ok(Fit::new(problem, &best, settings.loss, &costs, best.end == End::Converged))
}

/// Adds intervals by the profile of the likelihood: where the cost, minimised over all other variables, has risen by half the
/// square of the 97.5 % quantile. They need no linear model (Venzon and Moolgavkar, Appl. Stat. 37, 87 (1988)).
pub fn profile(problem: &Problem, found: &mut Fit, settings: &SearchSettings) {
    let inner = Settings { iterations: settings.iterations, loss: settings.loss, ..Settings::default() };
    let bounds = problem.bounds();
    let Some(least) = problem.residuals(&found.u).map(|r| cost(&r, settings.loss, problem.priors())) else { return };
    let end = |k: usize, sign: f64| -> f64 {
        let mut distance = NORMAL * found.covariance[k][k].sqrt();
        let mut u = found.u[k];
        for _ in 0..PROFILE_STEPS {
            u = (found.u[k] + sign * distance).clamp(bounds[k].0, bounds[k].1);
            let mut fixed = bounds.clone();
            fixed[k] = (u, u);
            let mut start = found.u.clone();
            start[k] = u;
            let Some(there) = minimise(problem, &start, &fixed, &inner, &mut |_, _, _| {}) else {
                distance *= 0.5;
                continue;
            };
            let z = (2.0 * (there.cost - least)).max(0.0).sqrt();
            let at_bound = u == bounds[k].0 || u == bounds[k].1;
            if (z - NORMAL).abs() < PROFILE_ACCURACY || at_bound && z < NORMAL {
                break;
            }
            distance = (u - found.u[k]).abs() * (NORMAL / z.max(0.1)).clamp(0.3, 3.0);
        }
        u
    };
    let free: Vec<usize> = (0..found.u.len())
        .filter(|&k| found.estimates[k].at_bound.is_none() && found.covariance[k][k].is_finite())
        .collect();
    let intervals: Vec<(f64, f64)> = free.par_iter().map(|&k| (end(k, -1.0), end(k, 1.0))).collect();
    for (k, (low, high)) in free.into_iter().zip(intervals) {
        let variable = &problem.variables[k];
        found.estimates[k].profile = Some((variable.value(low), variable.value(high)));
    }
}

/// Starts beside that of the deck: the best points of a Latin hypercube over the bounds (McKay et al. 1979).
fn screened(problem: &Problem, bounds: &[(f64, f64)], settings: &SearchSettings) -> Vec<Vec<f64>> {
    let wanted = settings.starts.saturating_sub(1);
    if wanted == 0 {
        return Vec::new();
    }
    let count = SCREENED * wanted;
    let mut random = ChaCha8Rng::seed_from_u64(settings.seed);
    let mut uniform = || (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
    let centre = problem.start();
    let mut points = vec![centre.clone(); count];
    for (k, &(low, high)) in bounds.iter().enumerate() {
        let (low, high) = (low.max(centre[k] - 1e3), high.min(centre[k] + 1e3));
        let wide = |bound: f64| (bound - centre[k]).abs() >= 1e3;
        let low = if wide(low) { centre[k] - REACH } else { low };
        let high = if wide(high) { centre[k] + REACH } else { high };
        let mut order: Vec<usize> = (0..count).collect();
        for i in (1..count).rev() {
            order.swap(i, (uniform() * (i + 1) as f64) as usize);
        }
        for (point, cell) in points.iter_mut().zip(order) {
            point[k] = low + (high - low) * (cell as f64 + uniform()) / count as f64;
        }
    }
    let priors = problem.priors();
    let value = |point: &Vec<f64>| problem.residuals(point).map(|r| cost(&r, settings.loss, priors));
    let mut judged: Vec<(f64, Vec<f64>)> =
        points.into_par_iter().filter_map(|point| value(&point).map(|c| (c, point))).collect();
    judged.retain(|(cost, _)| cost.is_finite());
    judged.sort_by(|a, b| a.0.total_cmp(&b.0));
    judged.truncate(wanted);
    judged.into_iter().map(|(_, point)| point).collect()
}

/// Sets every estimated noise to the deviation of its residuals; the largest relative change.
fn estimate_noise(problem: &mut Problem, at: &Minimum) -> f64 {
    let classes = problem.noise.len();
    let (mut squares, mut counts) = (vec![0.0; classes], vec![0usize; classes]);
    let mut row = 0;
    for set in &problem.sets {
        for observation in &set.observations {
            if let Some(class) = observation.noise {
                squares[class] += at.residuals[row].powi(2);
                counts[class] += 1;
            }
            row += 1;
        }
    }
    let total: usize = counts.iter().sum();
    let lost = problem.variables.len() as f64 / total.max(1) as f64;
    let mut change = 0.0f64;
    for ((noise, square), count) in problem.noise.iter_mut().zip(squares).zip(counts) {
        let dof = count as f64 * (1.0 - lost);
        if dof <= 0.0 || square <= 0.0 {
            continue;
        }
        let factor = (square / dof).sqrt();
        change = change.max((factor - 1.0).abs());
        *noise *= factor;
    }
    change
}
