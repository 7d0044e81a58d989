//! Integration formulas on a variable grid.
//!
//! Every formula has the form `dq/dt = a0 q + sum_k a_k q_{n-k} + b dq/dt_n`. The local truncation error is
//! `error * x^(order+1)`; a polynomial predictor through `order + 1` past points misses by
//! `prediction * x^(order+1)`, so that `|corrected - predicted| * error / (error + prediction)` estimates it.

/// Highest order of the backward differentiation formulas.
pub const MAX_ORDER: usize = 6;

/// Coefficients of one step.
#[derive(Clone, Copy, Debug)]
pub struct Formula {
    /// Coefficient of the new value, 1/s.
    pub a0: f64,
    /// Coefficients of the past values, newest first, 1/s.
    pub past: [f64; MAX_ORDER],
    /// Number of past values used.
    pub used: usize,
    /// Coefficient of the derivative at the last point.
    pub slope: f64,
    /// Error constant, s^(order+1).
    pub error: f64,
}

impl Formula {
    /// Backward differentiation of the given order (1 is backward Euler) from `t` over the past `times`, newest first.
    /// Derivative of the Lagrange polynomial through the new and the past points.
    pub fn bdf(order: usize, t: f64, times: &[f64]) -> Self {
        let mut past = [0.0; MAX_ORDER];
        let mut a0 = 0.0;
        let mut product = 1.0;
        let mut factorial = 1.0;
        for k in 0..order {
            a0 += 1.0 / (t - times[k]);
            let mut weight = 1.0 / (times[k] - t);
            for m in 0..order {
                if m != k {
                    weight *= (t - times[m]) / (times[k] - times[m]);
                }
            }
            past[k] = weight;
            product *= t - times[k];
            factorial *= (k + 2) as f64;
        }
        Self { a0, past, used: order, slope: 0.0, error: product / factorial / a0 }
    }

    /// Trapezoidal rule over a step of `h`.
    pub fn trapezoidal(h: f64) -> Self {
        let mut past = [0.0; MAX_ORDER];
        past[0] = -2.0 / h;
        Self { a0: 2.0 / h, past, used: 1, slope: -1.0, error: h * h * h / 12.0 }
    }
}

/// Fraction of the step taken by the first stage of TR-BDF2 (Bank et al. 1985): both stages share one Jacobian.
pub const TR_BDF2_GAMMA: f64 = 2.0 - std::f64::consts::SQRT_2;

/// Error constant of TR-BDF2 for a step of `h`.
pub fn tr_bdf2_error(h: f64) -> f64 {
    let g = TR_BDF2_GAMMA;
    ((3.0 * g * g - 4.0 * g + 2.0) / (12.0 * (2.0 - g))).abs() * h * h * h
}

/// Weights of the polynomial through the past `times` (newest first, `order + 1` of them), evaluated at `t`; and the
/// error constant of that extrapolation.
pub fn predictor(order: usize, t: f64, times: &[f64]) -> ([f64; MAX_ORDER + 1], f64) {
    let mut weights = [0.0; MAX_ORDER + 1];
    let mut product = 1.0;
    let mut factorial = 1.0;
    for k in 0..=order {
        let mut w = 1.0;
        for m in 0..=order {
            if m != k {
                w *= (t - times[m]) / (times[k] - times[m]);
            }
        }
        weights[k] = w;
        product *= t - times[k];
        factorial *= (k + 1) as f64;
    }
    (weights, (product / factorial).abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn poly(t: f64, degree: usize) -> (f64, f64) {
        (t.powi(degree as i32), degree as f64 * t.powi(degree as i32 - 1))
    }

    #[test]
    fn bdf_is_exact_up_to_its_order_and_errs_by_its_constant() {
        let times = [0.9, 0.7, 0.65, 0.3, 0.2, 0.05];
        let t = 1.2;
        for order in 1..=MAX_ORDER {
            let f = Formula::bdf(order, t, &times);
            for degree in 1..=order + 1 {
                let (value, slope) = poly(t, degree);
                let mut estimate = f.a0 * value;
                for (past, time) in f.past.iter().zip(times).take(f.used) {
                    estimate += past * poly(time, degree).0;
                }
                let mut factorial = 1.0;
                (1..=degree).for_each(|k| factorial *= k as f64);
                let expected = if degree > order { f.a0 * f.error * factorial } else { 0.0 };
                assert!((slope - estimate - expected).abs() < 1e-9, "order {order} degree {degree}");
            }
        }
    }

    #[test]
    fn predictor_is_exact_up_to_its_order() {
        let times = [0.9, 0.7, 0.65];
        let (w, error) = predictor(2, 1.2, &times);
        let guess = |d: usize| (0..3).map(|k| w[k] * times[k].powi(d as i32)).sum::<f64>();
        assert!((guess(2) - 1.44).abs() < 1e-12);
        assert!((1.728 - guess(3) - 6.0 * error).abs() < 1e-12);
    }

    #[test]
    fn both_stages_of_tr_bdf2_share_the_leading_coefficient() {
        let h = 0.3;
        let middle = TR_BDF2_GAMMA * h;
        let second = Formula::bdf(2, h, &[middle, 0.0]);
        assert!((second.a0 - Formula::trapezoidal(middle).a0).abs() < 1e-12);
    }
}
