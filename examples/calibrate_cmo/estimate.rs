//! The estimators of the published data: residuals to each cycle's own fit, their autocorrelation, the scatter of the ends.

use super::data::{Branches, ends, mean_curve};

/// Fluctuation of a device, set and reset.
#[derive(Clone, Copy, Debug, Default, serde::Serialize)]
pub struct Fluctuation {
    /// Standard deviation of the residuals in w, mean of the cycles.
    pub sigma: [f64; 2],
    /// Autocorrelation of the residuals at one pulse.
    pub lag1: [f64; 2],
    /// Standard deviation over cycles of the mean of the last ten reads, in w.
    pub ends: [f64; 2],
}

/// Least-squares fits of `a + b p - c exp(-z p)`, b >= 0, with z scanned over 1/1998 .. 999/1998.
pub struct CycleFit {
    /// Orthonormal basis for each z, and the linear function's own share in its last vector, which has the sign of b.
    bases: Vec<([Vec<f64>; 3], f64)>,
}

impl CycleFit {
    /// For branches of some pulses.
    pub fn new(pulses: usize) -> Self {
        let p: Vec<f64> = (0..=pulses).map(|p| p as f64).collect();
        let basis = |k: u32| {
            let z = f64::from(k) / 1998.0;
            let mut basis: [Vec<f64>; 3] = [vec![1.0; p.len()], p.iter().map(|p| (-z * p).exp()).collect(), p.clone()];
            for column in 0..3 {
                for previous in 0..column {
                    let share = dot(&basis[column], &basis[previous]);
                    let (done, rest) = basis.split_at_mut(column);
                    rest[0].iter_mut().zip(&done[previous]).for_each(|(v, q)| *v -= share * q);
                }
                let norm = dot(&basis[column], &basis[column]).sqrt();
                basis[column].iter_mut().for_each(|v| *v /= norm);
            }
            let slope = dot(&basis[2], &p);
            (basis, slope)
        };
        Self { bases: (1..1000).map(basis).collect() }
    }

    /// Residuals of the best fit, mean removed.
    fn residuals(&self, y: &[f64]) -> Vec<f64> {
        let total = dot(y, y);
        let mut best = (f64::INFINITY, [0.0; 3], 0);
        for (k, (basis, slope)) in self.bases.iter().enumerate() {
            let mut shares: [f64; 3] = std::array::from_fn(|k| dot(&basis[k], y));
            if shares[2] / slope < 0.0 {
                shares[2] = 0.0;
            }
            let squares = total - shares.iter().map(|s| s * s).sum::<f64>();
            if squares < best.0 {
                best = (squares, shares, k);
            }
        }
        let (_, shares, k) = best;
        let basis = &self.bases[k].0;
        let rest: Vec<f64> =
            (0..y.len()).map(|p| y[p] - (0..3).map(|k| shares[k] * basis[k][p]).sum::<f64>()).collect();
        let mean = rest.iter().sum::<f64>() / rest.len() as f64;
        rest.into_iter().map(|r| r - mean).collect()
    }

    /// Standard deviation and lag-1 autocorrelation of a branch (a rising curve in w), means over its cycles.
    fn branch(&self, curves: &[Vec<f64>]) -> (f64, f64) {
        let (mut sigma, mut lag1) = (0.0, 0.0);
        for curve in curves {
            let d = self.residuals(curve);
            let variance = dot(&d, &d) / d.len() as f64;
            let n = d.len() - 1;
            sigma += variance.sqrt();
            lag1 += dot(&d[..n], &d[1..]) / n as f64 / variance;
        }
        let n = curves.len() as f64;
        (sigma / n, lag1 / n)
    }

    /// Fluctuation of measured or simulated reads, normalised with their own G0 and G1.
    pub fn fluctuation(&self, reads: &Branches) -> Fluctuation {
        let (g0, g1) = ends(reads);
        let w = |g: &f64| (g - g0) / (g1 - g0);
        let set: Vec<Vec<f64>> = reads[0].iter().map(|c| c.iter().map(w).collect()).collect();
        let reset: Vec<Vec<f64>> = reads[1].iter().map(|c| c.iter().map(|g| 1.0 - w(g)).collect()).collect();
        let (set_figures, reset_figures) = (self.branch(&set), self.branch(&reset));
        Fluctuation {
            sigma: [set_figures.0, reset_figures.0],
            lag1: [set_figures.1, reset_figures.1],
            ends: [last_reads(&set), last_reads(&reset)],
        }
    }
}

/// Standard deviation over cycles of the mean of the last ten values.
fn last_reads(curves: &[Vec<f64>]) -> f64 {
    let last: Vec<f64> = curves.iter().map(|c| c[c.len() - 10..].iter().sum::<f64>() / 10.0).collect();
    deviation(&last)
}

/// Standard deviation of a sample.
pub fn deviation(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0)).sqrt()
}

/// rms in w between the mean curves of two sets of cycles, each branch; G0 and G1 are given.
pub fn rms(a: &Branches, b: &Branches, (g0, g1): (f64, f64)) -> [f64; 2] {
    std::array::from_fn(|branch| {
        let pairs = mean_curve(&a[branch]).into_iter().zip(mean_curve(&b[branch]));
        let squares: Vec<f64> = pairs.map(|(a, b)| ((a - b) / (g1 - g0)).powi(2)).collect();
        (squares.iter().sum::<f64>() / squares.len() as f64).sqrt()
    })
}

/// Middle value.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        n => 0.5 * (sorted[(n - 1) / 2] + sorted[n / 2]),
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
