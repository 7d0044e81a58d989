//! The local, implicit state equation of one memristor: `coefficient * s + history = f(s, v)`.
//!
//! The solution depends on its arguments alone (it always starts from the previous states), so a repeated evaluation
//! gives the same bits. Of several solutions it finds the one next to the previous state in the direction of motion.

use std::ops::{Div, Mul, Sub};

use super::model::{CompactModel, Rate, Site, offset};

/// Corrections below this fraction of a state's range end the iteration.
const SETTLED: f64 = 1e-9;
/// A bracket below this fraction of the range has closed.
const CLOSED: f64 = 1e-15;
/// Iterations before giving up; bisection alone needs about 50.
const ITERATIONS: usize = 100;
/// Largest correction of several states in one iteration, relative to their ranges.
const LIMIT: f64 = 0.2;
/// Shortest part of a correction that is tried.
const SHORTEST: f64 = 1e-3;
/// How much shorter than the step the first one of a detour is.
const SHORT_DETOUR: f64 = 1e6;

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
        if residual == 0.0 && s == *previous {
            // at rest, even where it is an unstable rest (a window that is zero at the bound)
            let ds_dv = rate.df_dv.map(|d| if slope > 0.0 { d / slope } else { 0.0 });
            return Some(Solution { states: s, ds_dv, settled: true });
        }
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

/// Newton's method for several states from the previous ones. Where it fails (a runaway within the step), by way of the flow
/// `ds/dtau = f(s, v) - coefficient * (s - previous) - offset` that leads from them to a stable solution, in implicit steps.
fn damped<M: CompactModel<N>, const N: usize>(
    model: &M,
    coefficient: f64,
    offset: &[f64; N],
    previous: &[f64; N],
    site: &Site,
    v: f64,
    held: &mut M::Held,
) -> Option<Solution<N>> {
    let equation = Equation { model, offset, previous, site, v };
    if let Some(solution) = equation.newton(coefficient, previous, held) {
        return Some(solution);
    }
    let mut at = *previous;
    let mut pull = coefficient * SHORT_DETOUR;
    for _ in 0..ITERATIONS {
        // the pull towards the last states of the detour joins the one towards the previous states
        let sum = coefficient + pull;
        let towards = std::array::from_fn(|k| (coefficient * previous[k] + pull * at[k]) / sum);
        match (Equation { previous: &towards, ..equation }).newton(sum, &at, held) {
            Some(solution) => {
                at = solution.states;
                pull *= 0.1;
                if pull < coefficient
                    && let Some(solution) = equation.newton(coefficient, &at, held)
                {
                    return Some(solution);
                }
            }
            None => pull *= 32.0,
        }
    }
    None
}

/// `coefficient * (s - previous) + offset = f(s, v)` with several states.
struct Equation<'a, M, const N: usize> {
    model: &'a M,
    offset: &'a [f64; N],
    previous: &'a [f64; N],
    site: &'a Site<'a>,
    v: f64,
}

impl<M: CompactModel<N>, const N: usize> Equation<'_, M, N> {
    /// Newton's method with limited steps. A step is shortened until the next correction with the same matrix is the
    /// smaller one: unlike the residual, corrections of a fast and a slow state compare in units of their ranges
    /// (Deuflhard, Newton Methods for Nonlinear Problems, 2004, section 3.3).
    fn newton(&self, coefficient: f64, start: &[f64; N], held: &mut M::Held) -> Option<Solution<N>> {
        let mut s = *start;
        let (mut rate, mut residual) = self.residual(coefficient, &s, held);
        for _ in 0..ITERATIONS {
            let matrix: [[f64; N]; N] = std::array::from_fn(|j| {
                std::array::from_fn(|k| if j == k { coefficient - rate.df_ds[j][k] } else { -rate.df_ds[j][k] })
            });
            let correction = eliminate(matrix, residual, f64::abs)?;
            let size = largest::<M, N>(&correction);
            if size <= SETTLED {
                let states = std::array::from_fn(|k| s[k] + correction[k]);
                return Some(Solution { states, ds_dv: eliminate(matrix, rate.df_dv, f64::abs)?, settled: true });
            }
            let mut fraction = (LIMIT / size).min(1.0);
            loop {
                let trial: [f64; N] = std::array::from_fn(|k| s[k] + fraction * correction[k]);
                let (trial_rate, trial_residual) = self.residual(coefficient, &trial, held);
                let next = eliminate(matrix, trial_residual, f64::abs).map(|next| largest::<M, N>(&next));
                if next.is_some_and(|next| next < size || fraction < SHORTEST) {
                    (s, rate, residual) = (trial, trial_rate, trial_residual);
                    break;
                }
                if fraction < SHORTEST {
                    return None;
                }
                fraction *= 0.5;
            }
        }
        None
    }

    fn residual(&self, coefficient: f64, s: &[f64; N], held: &mut M::Held) -> (Rate<N>, [f64; N]) {
        let rate = self.model.rate(s, self.site, self.v, held);
        let residual = std::array::from_fn(|k| rate.f[k] - coefficient * (s[k] - self.previous[k]) - self.offset[k]);
        (rate, residual)
    }
}

/// Largest correction relative to the range of its state.
fn largest<M: CompactModel<N>, const N: usize>(correction: &[f64; N]) -> f64 {
    correction.iter().zip(M::DOMAIN).map(|(c, (low, high))| c.abs() / (high - low)).fold(0.0, f64::max)
}

/// Gaussian elimination with row exchanges; `None` for a singular or non-finite system.
pub(super) fn eliminate<T: Number, const N: usize>(
    mut a: [[T; N]; N],
    mut b: [T; N],
    magnitude: impl Fn(T) -> f64,
) -> Option<[T; N]> {
    for k in 0..N {
        let pivot = (k..N).max_by(|&i, &j| magnitude(a[i][k]).total_cmp(&magnitude(a[j][k])))?;
        a.swap(k, pivot);
        b.swap(k, pivot);
        let size = magnitude(a[k][k]);
        if size == 0.0 || !size.is_finite() {
            return None;
        }
        for i in k + 1..N {
            let factor = a[i][k] / a[k][k];
            let row = a[k];
            for (entry, above) in a[i][k..].iter_mut().zip(&row[k..]) {
                *entry = *entry - factor * *above;
            }
            b[i] = b[i] - factor * b[k];
        }
    }
    for k in (0..N).rev() {
        for j in k + 1..N {
            b[k] = b[k] - a[k][j] * b[j];
        }
        b[k] = b[k] / a[k][k];
    }
    b.iter().all(|&x| magnitude(x).is_finite()).then_some(b)
}

/// Real and complex numbers.
pub(super) trait Number: Copy + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self> {}

impl<T: Copy + Sub<Output = T> + Mul<Output = T> + Div<Output = T>> Number for T {}
