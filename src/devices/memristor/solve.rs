//! The local, implicit state equation of one memristor: `coefficient * s + history = f(s, v)`.
//!
//! The solution depends on its arguments alone (it always starts from the previous states), so a repeated evaluation
//! gives the same bits. Of several solutions it finds the one next to the previous state in the direction of motion.

use super::model::{CompactModel, Rate, Site, offset};

/// Corrections below this fraction of a state's range end the iteration.
const SETTLED: f64 = 1e-9;
/// A bracket below this fraction of the range has closed.
const CLOSED: f64 = 1e-15;
/// Iterations before giving up; bisection alone needs about 50.
const ITERATIONS: usize = 100;

/// New states and how they follow the voltage.
#[derive(Clone, Copy, Debug)]
pub struct Solution<const N: usize> {
    /// States at the end of the step.
    pub states: [f64; N],
    /// Total derivative `ds/dv` along the solution, 1/V.
    pub ds_dv: [f64; N],
    /// False when no solution was found: the step has to be repeated with another voltage or a smaller step.
    pub settled: bool,
}

/// Solves the state equation at voltage `v` for a step that starts at `previous`, with the auxiliary states of that moment.
pub fn solve<M: CompactModel<N>, const N: usize>(
    model: &M,
    coefficient: f64,
    history: &[f64; N],
    previous: &[f64; N],
    site: &Site,
    v: f64,
    held: &mut M::Held,
) -> Solution<N> {
    // ds/dt = coefficient * (s - previous) + offset
    let offset: [f64; N] = std::array::from_fn(|k| offset(coefficient, history[k], previous[k]));
    let found = if N == 1 {
        bracketed(model, coefficient, &offset, previous, site, v, held)
    } else {
        damped(model, coefficient, &offset, previous, site, v, held)
    };
    found.unwrap_or(Solution { states: *previous, ds_dv: [0.0; N], settled: false })
}

/// Newton's method for one state, kept inside a bracket as soon as there is one. Without a bracket the step is limited
/// and the limit grows, so a sign change is found for any bounded rate.
fn bracketed<M: CompactModel<N>, const N: usize>(
    model: &M,
    coefficient: f64,
    offset: &[f64; N],
    previous: &[f64; N],
    site: &Site,
    v: f64,
    held: &mut M::Held,
) -> Option<Solution<N>> {
    let range = M::DOMAIN[0].1 - M::DOMAIN[0].0;
    let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
    let mut limit = 0.5 * range;
    let mut last = f64::INFINITY;
    let mut s = *previous;
    for _ in 0..ITERATIONS {
        let rate = model.rate(&s, site, v, held);
        let residual = rate.f[0] - coefficient * (s[0] - previous[0]) - offset[0];
        let slope = coefficient - rate.df_ds[0][0];
        if !(residual.is_finite() && slope.is_finite()) {
            return None;
        }
        if residual > 0.0 {
            low = s[0];
        } else {
            high = s[0];
        }
        let newton = if slope > 0.0 { residual / slope } else { residual.signum() * f64::INFINITY };
        let inside = (low..=high).contains(&(s[0] + newton));
        let step = if low.is_finite() && high.is_finite() {
            if inside && newton.abs() < 0.5 * last { newton } else { 0.5 * (low + high) - s[0] }
        } else {
            limit *= 2.0;
            newton.clamp(-0.5 * limit, 0.5 * limit)
        };
        last = step.abs();
        s[0] += step;
        // a small bisection step says nothing about the error unless the bracket has closed
        if last <= if step == newton { SETTLED } else { CLOSED } * range {
            return (slope > 0.0).then(|| Solution { states: s, ds_dv: rate.df_dv.map(|d| d / slope), settled: true });
        }
    }
    None
}

/// Newton's method for several states with a limit on each step and a line search on the scaled residual.
fn damped<M: CompactModel<N>, const N: usize>(
    model: &M,
    coefficient: f64,
    offset: &[f64; N],
    previous: &[f64; N],
    site: &Site,
    v: f64,
    held: &mut M::Held,
) -> Option<Solution<N>> {
    let residual = |s: &[f64; N], rate: &Rate<N>| -> [f64; N] {
        std::array::from_fn(|k| rate.f[k] - coefficient * (s[k] - previous[k]) - offset[k])
    };
    let norm = |r: &[f64; N]| (0..N).map(|k| (r[k] / (M::DOMAIN[k].1 - M::DOMAIN[k].0)).powi(2)).sum::<f64>();
    let mut s = *previous;
    let mut rate = model.rate(&s, site, v, held);
    let mut r = residual(&s, &rate);
    for _ in 0..ITERATIONS {
        let matrix: [[f64; N]; N] = std::array::from_fn(|j| {
            std::array::from_fn(|k| if j == k { coefficient - rate.df_ds[j][k] } else { -rate.df_ds[j][k] })
        });
        let delta = eliminate(matrix, r)?;
        let largest =
            (0..N).map(|k| delta[k].abs() / (M::DOMAIN[k].1 - M::DOMAIN[k].0)).fold(0.0, |a: f64, b| a.max(b));
        if largest <= SETTLED {
            let states = std::array::from_fn(|k| s[k] + delta[k]);
            return Some(Solution { states, ds_dv: eliminate(matrix, rate.df_dv)?, settled: true });
        }
        let mut fraction = (0.3 / largest).min(1.0);
        loop {
            let trial: [f64; N] = std::array::from_fn(|k| s[k] + fraction * delta[k]);
            let trial_rate = model.rate(&trial, site, v, held);
            let trial_r = residual(&trial, &trial_rate);
            if norm(&trial_r) < norm(&r) || fraction < 1e-3 {
                (s, rate, r) = (trial, trial_rate, trial_r);
                break;
            }
            fraction *= 0.5;
        }
    }
    None
}

/// Gaussian elimination with row exchanges; `None` for a singular or non-finite system.
fn eliminate<const N: usize>(mut a: [[f64; N]; N], mut b: [f64; N]) -> Option<[f64; N]> {
    for k in 0..N {
        let pivot = (k..N).max_by(|&i, &j| a[i][k].abs().total_cmp(&a[j][k].abs()))?;
        a.swap(k, pivot);
        b.swap(k, pivot);
        if a[k][k] == 0.0 || !a[k][k].is_finite() {
            return None;
        }
        for i in k + 1..N {
            let factor = a[i][k] / a[k][k];
            let row = a[k];
            for (entry, above) in a[i][k..].iter_mut().zip(&row[k..]) {
                *entry -= factor * above;
            }
            b[i] -= factor * b[k];
        }
    }
    for k in (0..N).rev() {
        for j in k + 1..N {
            b[k] -= a[k][j] * b[j];
        }
        b[k] /= a[k][k];
    }
    b.iter().all(|x| x.is_finite()).then_some(b)
}
