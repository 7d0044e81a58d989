//! Maximum-a-posteriori fit of the noise-free part to the mean cycle, and of the noise to the residuals.

use ionspice::devices::memristor::cmo_hfo2::CmoHfo2Params;

use super::data::{Branches, ends, mean_curve};
use super::estimate::{CycleFit, Fluctuation, deviation, median};
use super::protocol::Protocol;

/// Fitted quantities, as logarithms relative to G1 - G0: kset, gset, kfast, gfast, kreset, greset.
pub const FITTED: usize = 6;
/// Standard error of one point of a ten-cycle mean curve, in w, and the number of independent points of a branch.
const SIGMA: f64 = 0.025;
const INDEPENDENT: f64 = 25.0;
/// The reset branch is the noisier one: weighing it up costs the set branch nothing.
const RESET_WEIGHT: f64 = 5.0;
const ITERATIONS: usize = 25;
/// Runs averaged while the noise is fitted.
const NOISE_RUNS: u64 = 8;
const NOISE_ROUNDS: usize = 5;
/// Slow noise relative to the geometric mean of set and reset noise.
const SLOW: f64 = 0.9;
/// Bounds outside G0..G1, fractions of the window.
const BELOW: f64 = 0.6;
const ABOVE: f64 = 0.4;

/// What other devices say about one.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Prior {
    /// Medians of the fitted quantities.
    pub mean: [f64; FITTED],
    /// Their standard deviations.
    pub sd: [f64; FITTED],
    /// Loss of conductance per nominal pulse of use at the start, relative to G1 - G0.
    pub wear: f64,
}

/// Of the 20 public devices.
impl Default for Prior {
    fn default() -> Self {
        Self {
            mean: [0.014f64, 0.60, 0.082, 0.078, 0.029, 0.42].map(f64::ln),
            sd: [0.60, 0.59, 0.33, 0.47, 0.59, 0.39],
            wear: 4.275e-5,
        }
    }
}

impl Prior {
    /// From fits of other devices; wide where they say little.
    pub fn from(fits: &[[f64; FITTED]], wear: f64) -> Self {
        let column = |k: usize| fits.iter().map(|f| f[k]).collect::<Vec<_>>();
        Self {
            mean: std::array::from_fn(|k| median(column(k))),
            sd: std::array::from_fn(|k| (1.2 * deviation(&column(k))).max(0.2)),
            wear,
        }
    }

    /// The same with wider deviations.
    pub fn widened(&self, factor: f64) -> Self {
        Self { sd: self.sd.map(|s| s * factor), ..self.clone() }
    }
}

/// Mean drift of the mid-level per cycle over a device's cycles, in units of the window (positive: downwards).
pub fn drift_per_cycle(reads: &Branches) -> f64 {
    let (g0, g1) = ends(reads);
    let n = reads[0].len() as f64;
    let level = |c: usize| reads.iter().flat_map(|b| &b[c]).sum::<f64>() / (2 * reads[0][c].len()) as f64;
    let mid = 0.5 * (n - 1.0);
    let (mut sxy, mut sxx) = (0.0, 0.0);
    for c in 0..reads[0].len() {
        let d = c as f64 - mid;
        sxy += d * level(c);
        sxx += d * d;
    }
    -sxy / sxx / (g1 - g0)
}

/// The card with these fitted quantities, noise off.
pub fn card(theta: &[f64; FITTED], (g0, g1): (f64, f64), wear: f64) -> CmoHfo2Params {
    let span = g1 - g0;
    let [kset, gset, kfast, gfast, kreset, greset] = theta.map(|t| t.exp() * span);
    let base = CmoHfo2Params::default();
    CmoHfo2Params {
        g0,
        g1,
        gmin: g0 - BELOW * span,
        gmax: g1 + ABOVE * span,
        kset,
        gset,
        kfast,
        gfast,
        kreset,
        greset,
        gdrift: wear * span * base.ldrift,
        noise: 0.0,
        ..base
    }
}

/// Fits the noise-free part to some cycles (Levenberg-Marquardt on the logarithms).
///
/// # Errors
/// What is wrong with the data: the model cannot be built for them.
pub fn fit_mean(reads: &Branches, protocol: &Protocol, prior: &Prior) -> Result<[f64; FITTED], String> {
    let (g0, g1) = ends(reads);
    if g1 <= g0 {
        return Err(format!("the set pulses do not raise the conductance ({g0:e} to {g1:e} S)"));
    }
    let cycles = reads[0].len();
    let weights = [1.0, f64::sqrt(RESET_WEIGHT)];
    let flat = |reads: &Branches| -> Vec<f64> {
        let scaled = |(branch, weight): (&Vec<Vec<f64>>, f64)| {
            mean_curve(branch).into_iter().map(move |g| weight * g / (g1 - g0)).collect::<Vec<_>>()
        };
        reads.iter().zip(weights).flat_map(scaled).collect()
    };
    let measured = flat(reads);
    let precision = INDEPENDENT / (0.5 * measured.len() as f64) / (SIGMA * SIGMA) * cycles as f64 / 10.0;
    let curve = |theta: &[f64; FITTED]| protocol.run(&card(theta, (g0, g1), prior.wear), cycles, 0).map(|r| flat(&r));
    let pull = |theta: &[f64; FITTED], k: usize| (prior.mean[k] - theta[k]) / prior.sd[k];
    let cost = |residuals: &[f64], theta: &[f64; FITTED]| {
        precision * residuals.iter().map(|r| r * r).sum::<f64>()
            + (0..FITTED).map(|k| pull(theta, k).powi(2)).sum::<f64>()
    };
    let residuals = |curve: &[f64]| measured.iter().zip(curve).map(|(m, c)| m - c).collect::<Vec<_>>();

    let mut theta = prior.mean;
    let mut here = curve(&theta)?;
    let mut rest = residuals(&here);
    let mut lowest = cost(&rest, &theta);
    let mut damping = 1e-2;
    for _ in 0..ITERATIONS {
        let mut jacobian: [Vec<f64>; FITTED] = Default::default();
        for (k, column) in jacobian.iter_mut().enumerate() {
            let mut shifted = theta;
            shifted[k] += 1e-3;
            *column = curve(&shifted)?.iter().zip(&here).map(|(a, b)| (a - b) / 1e-3).collect();
        }
        let product = |a: &[f64], b: &[f64]| precision * a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let gradient: [f64; FITTED] =
            std::array::from_fn(|k| product(&jacobian[k], &rest) + pull(&theta, k) / prior.sd[k]);
        let mut improved = false;
        for _ in 0..8 {
            let mut matrix: [[f64; FITTED]; FITTED] =
                std::array::from_fn(|j| std::array::from_fn(|k| product(&jacobian[j], &jacobian[k])));
            for (k, (row, sd)) in matrix.iter_mut().zip(&prior.sd).enumerate() {
                row[k] = (row[k] + sd.powi(-2)) * (1.0 + damping);
            }
            let step = solve(matrix, gradient).map(|s| s.clamp(-1.0, 1.0));
            let trial: [f64; FITTED] = std::array::from_fn(|k| theta[k] + step[k]);
            let trial_curve = curve(&trial)?;
            let trial_rest = residuals(&trial_curve);
            let trial_cost = cost(&trial_rest, &trial);
            if trial_cost < lowest {
                improved = lowest - trial_cost > 1e-6 * lowest;
                (theta, here, rest, lowest) = (trial, trial_curve, trial_rest, trial_cost);
                damping /= 4.0;
                break;
            }
            damping *= 8.0;
        }
        if !improved {
            break;
        }
    }
    Ok(theta)
}

/// Solution of a positive definite system (Cholesky).
fn solve<const N: usize>(mut a: [[f64; N]; N], mut b: [f64; N]) -> [f64; N] {
    for j in 0..N {
        for k in 0..j {
            for i in j..N {
                a[i][j] -= a[i][k] * a[j][k];
            }
        }
        let root = a[j][j].max(1e-300).sqrt();
        for row in &mut a[j..] {
            row[j] /= root;
        }
    }
    for j in 0..N {
        for k in 0..j {
            b[j] -= a[j][k] * b[k];
        }
        b[j] /= a[j][j];
    }
    for j in (0..N).rev() {
        for k in j + 1..N {
            b[j] -= a[k][j] * b[k];
        }
        b[j] /= a[j][j];
    }
    b
}

/// Gives a card the noise whose simulated residuals have the measured size, set and reset.
///
/// # Errors
/// As [`Protocol::run`].
pub fn fit_noise(
    card: &mut CmoHfo2Params,
    measured: &Fluctuation,
    protocol: &Protocol,
    fit: &CycleFit,
    cycles: usize,
) -> Result<(), String> {
    let mut noise = measured.sigma.map(|s| s * (card.g1 - card.g0));
    card.noise = 1.0;
    for _ in 0..NOISE_ROUNDS {
        write_noise(card, noise);
        let mut simulated = [0.0; 2];
        for run in 0..NOISE_RUNS {
            let sigma = fit.fluctuation(&protocol.run(card, cycles, 0xca1 + run)?).sigma;
            simulated = std::array::from_fn(|k| simulated[k] + sigma[k] / NOISE_RUNS as f64);
        }
        noise = std::array::from_fn(|k| noise[k] * (measured.sigma[k] / simulated[k]).clamp(0.5, 2.0));
    }
    write_noise(card, noise);
    Ok(())
}

fn write_noise(card: &mut CmoHfo2Params, noise: [f64; 2]) {
    [card.nset, card.nreset] = noise;
    card.nslow = SLOW * (noise[0] * noise[1]).sqrt();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solves_a_positive_definite_system() {
        let x = solve([[4.0, 2.0, 0.0], [2.0, 3.0, 1.0], [0.0, 1.0, 2.0]], [8.0, 11.0, 8.0]);
        [1.0, 2.0, 3.0].iter().zip(x).for_each(|(e, x)| assert!((e - x).abs() < 1e-12));
    }
}
