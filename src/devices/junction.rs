//! Shared physics of silicon junctions: constants, temperature, current, depletion charge and step limiting.
//!
//! Equations: Antognetti and Massobrio, "Semiconductor Device Modeling with SPICE" (1993), chapters 1 and 4; step
//! limiting: Nagel, "SPICE2" (1975), section 4.

/// Boltzmann constant, J/K.
pub const BOLTZMANN: f64 = 1.380649e-23;
/// Elementary charge, C.
pub const CHARGE: f64 = 1.602176634e-19;
/// Zero of the Celsius scale, K.
pub const CELSIUS: f64 = 273.15;
/// Temperature at which the reference values of silicon hold, K.
pub const REFERENCE: f64 = 300.15;
/// Largest argument of an exponential before it continues as a straight line.
const EXPONENT_MAX: f64 = 80.0;

/// kT/q, V.
pub fn thermal_voltage(temperature: f64) -> f64 {
    BOLTZMANN * temperature / CHARGE
}

/// Band gap of silicon, eV.
pub fn band_gap(temperature: f64) -> f64 {
    1.16 - 7.02e-4 * temperature * temperature / (temperature + 1108.0)
}

/// A built-in potential carried from `nominal` to `temperature` (K), and the potential at the reference temperature.
pub fn potential_at(potential: f64, nominal: f64, temperature: f64) -> (f64, f64) {
    potential_with_gap(potential, nominal, temperature, band_gap)
}

/// [`potential_at`] for a band gap (eV) of the caller's.
pub fn potential_with_gap(potential: f64, nominal: f64, temperature: f64, gap: impl Fn(f64) -> f64) -> (f64, f64) {
    let shift = |t: f64| {
        let gap = -gap(t) / (2.0 * BOLTZMANN * t) + 1.115_087_7 / (2.0 * BOLTZMANN * REFERENCE);
        -2.0 * thermal_voltage(t) * (1.5 * (t / REFERENCE).ln() + CHARGE * gap)
    };
    let reference = (potential - shift(nominal)) * REFERENCE / nominal;
    (reference * temperature / REFERENCE + shift(temperature), reference)
}

/// Factor on a zero-bias capacitance with grading `m` between `nominal` and `temperature` (K).
pub fn capacitance_factor(m: f64, potential: f64, nominal: f64, temperature: f64) -> f64 {
    let (hot, reference) = potential_at(potential, nominal, temperature);
    capacitance_ratio(m, potential, hot, reference, nominal, temperature)
}

/// [`capacitance_factor`] when the potential is known at the nominal, the actual (`hot`) and the reference temperature.
pub fn capacitance_ratio(m: f64, potential: f64, hot: f64, reference: f64, nominal: f64, temperature: f64) -> f64 {
    let old = (potential - reference) / reference;
    let new = (hot - reference) / reference;
    (1.0 + m * (4e-4 * (temperature - REFERENCE) - new)) / (1.0 + m * (4e-4 * (nominal - REFERENCE) - old))
}

/// `exp(x)` and its derivative, continued linearly where it would overflow.
#[inline]
pub fn safe_exp(x: f64) -> (f64, f64) {
    if x < EXPONENT_MAX {
        let e = x.exp();
        (e, e)
    } else {
        let e = EXPONENT_MAX.exp();
        (e * (1.0 + x - EXPONENT_MAX), e)
    }
}

/// Below this magnitude [`small_exp_m1`] is exact to rounding.
pub const SMALL_EXPONENT: f64 = 0.01;

/// `exp(u) - 1` by its series: for the many devices that rest without bias.
#[inline]
pub fn small_exp_m1(u: f64) -> f64 {
    let fifth = 1.0 + u * (1.0 / 5.0) * (1.0 + u * (1.0 / 6.0));
    u * (1.0 + u * (1.0 / 2.0) * (1.0 + u * (1.0 / 3.0) * (1.0 + u * (1.0 / 4.0) * fifth)))
}

/// Current and conductance of an ideal junction with saturation current `is` and emission voltage `vte`.
#[inline]
pub fn junction_current(v: f64, is: f64, vte: f64) -> (f64, f64) {
    let inverse = 1.0 / vte;
    let u = v * inverse;
    if u.abs() < SMALL_EXPONENT {
        let e = small_exp_m1(u);
        (is * e, is * (1.0 + e) * inverse)
    } else if u >= -3.0 {
        let (e, de) = safe_exp(u);
        (is * (e - 1.0), is * de * inverse)
    } else {
        // cubic approach to -is, continuous in value and slope
        let a = (3.0 / (u * std::f64::consts::E)).powi(3);
        (-is * (1.0 + a), 3.0 * is * a / v)
    }
}

/// Voltage above which pn-junction steps are limited, V.
pub fn critical_voltage(is: f64, vte: f64) -> f64 {
    vte * (vte / (std::f64::consts::SQRT_2 * is)).ln()
}

/// Depletion charge of one junction (or of its sidewall) as a function of voltage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Depletion {
    capacitance: f64,
    potential: f64,
    grading: f64,
    knee: f64,
    knee_charge: f64,
    knee_factor: f64,
}

impl Depletion {
    /// Zero-bias capacitance (F), built-in potential (V), grading coefficient below 1, and the fraction `fc` of the
    /// potential at which the capacitance continues linearly.
    pub fn new(capacitance: f64, potential: f64, grading: f64, fc: f64) -> Self {
        let rest = 1.0 - fc;
        Self {
            capacitance,
            potential,
            grading,
            knee: fc * potential,
            knee_charge: potential * (1.0 - rest.powf(1.0 - grading)) / (1.0 - grading),
            knee_factor: rest.powf(-(1.0 + grading)),
        }
    }

    /// True unless the capacitance is zero.
    pub fn is_present(&self) -> bool {
        self.capacitance != 0.0
    }

    /// Charge, C, and capacitance, F.
    #[inline]
    pub fn charge(&self, v: f64) -> (f64, f64) {
        if self.capacitance == 0.0 {
            return (0.0, 0.0);
        }
        let m = self.grading;
        if v < self.knee {
            let rest = 1.0 - v / self.potential;
            let c = if m == 0.5 { 1.0 / rest.sqrt() } else { (-m * rest.ln()).exp() };
            (self.capacitance * self.potential * (1.0 - rest * c) / (1.0 - m), self.capacitance * c)
        } else {
            let flat = 1.0 - self.knee / self.potential * (1.0 + m);
            let over = v - self.knee;
            let bend = m / (2.0 * self.potential) * (v * v - self.knee * self.knee);
            let c = self.knee_factor * (flat + m * v / self.potential);
            (self.capacitance * (self.knee_charge + self.knee_factor * (flat * over + bend)), self.capacitance * c)
        }
    }
}

/// Limits the step of a junction voltage from `old` to `new`; logarithmic above `critical`.
#[inline]
pub fn limit_junction(new: f64, old: f64, vte: f64, critical: f64) -> f64 {
    if new > critical && (new - old).abs() > 2.0 * vte {
        if old > 0.0 {
            let steps = (new - old) / vte;
            if steps > 0.0 { old + vte * (2.0 + (steps - 2.0).ln()) } else { old - vte * (2.0 + (2.0 - steps).ln()) }
        } else {
            vte * (new / vte).ln()
        }
    } else if new < 0.0 {
        new.max(if old > 0.0 { -old - 1.0 } else { 2.0 * old - 1.0 })
    } else {
        new
    }
}

/// Limits the step of a gate voltage around the threshold.
#[inline]
pub fn limit_gate(new: f64, old: f64, threshold: f64) -> f64 {
    let distance = (old - threshold).abs();
    let (wide, narrow) = (2.0 * distance + 2.0, distance + 1.0);
    let strong = threshold + 3.5;
    if old < threshold {
        if new <= old {
            new.max(old - wide)
        } else if new <= threshold + 0.5 {
            new.min(old + narrow)
        } else {
            threshold + 0.5
        }
    } else if old < strong {
        new.clamp(threshold - 0.5, threshold + 4.0)
    } else if new > old {
        new.min(old + wide)
    } else if new >= strong {
        new.max(old - narrow)
    } else {
        new.max(threshold + 2.0)
    }
}

/// Limits the step of a drain-source voltage.
#[inline]
pub fn limit_drain(new: f64, old: f64) -> f64 {
    if old >= 3.5 {
        if new > old {
            new.min(3.0 * old + 2.0)
        } else if new < 3.5 {
            new.max(2.0)
        } else {
            new
        }
    } else {
        new.clamp(-0.5, 4.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depletion_capacitance_is_the_derivative_of_the_charge_and_continuous_at_the_knee() {
        for m in [0.33, 0.5, 0.8] {
            let d = Depletion::new(2e-12, 0.8, m, 0.5);
            for k in -50..40 {
                let v = k as f64 * 0.05 + 0.013;
                let h = 1e-5;
                let numeric = (d.charge(v + h).0 - d.charge(v - h).0) / (2.0 * h);
                assert!((numeric / d.charge(v).1 - 1.0).abs() < 1e-6, "{v}");
            }
            let (below, above) = (d.charge(0.4 - 1e-9), d.charge(0.4 + 1e-9));
            assert!((below.1 / above.1 - 1.0).abs() < 1e-6 && (below.0 - above.0).abs() < 1e-19);
            assert_eq!(d.charge(0.0), (0.0, 2e-12));
        }
    }

    #[test]
    fn junction_current_is_smooth_and_saturates() {
        let vte = 0.0259;
        let (below, above) =
            (junction_current(-3.0 * vte - 1e-9, 1e-14, vte), junction_current(-3.0 * vte, 1e-14, vte));
        assert!((below.0 / above.0 - 1.0).abs() < 1e-6 && (below.1 / above.1 - 1.0).abs() < 1e-6);
        assert!((junction_current(-10.0, 1e-14, vte).0 / -1e-14 - 1.0).abs() < 1e-6);
        assert!(junction_current(1e6, 1e-14, vte).0.is_finite());
        let v: f64 = 0.6;
        assert!((junction_current(v, 1e-14, vte).0 / (1e-14 * ((v / vte).exp() - 1.0)) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn the_series_agrees_with_the_exponential() {
        for k in -1000i32..1000 {
            let u = f64::from(k) * 1e-3 * SMALL_EXPONENT;
            assert!((small_exp_m1(u) - u.exp_m1()).abs() <= 4.0 * f64::EPSILON * u.abs(), "{u}");
        }
    }

    #[test]
    fn limits_keep_small_steps_and_bound_large_ones() {
        let crit = critical_voltage(1e-14, 0.0259);
        assert_eq!(limit_junction(0.61, 0.6, 0.0259, crit), 0.61);
        assert!(limit_junction(100.0, 0.6, 0.0259, crit) < 1.0);
        assert!(limit_junction(100.0, 0.0, 0.0259, crit) < 1.0);
        assert!(limit_junction(-100.0, 0.6, 0.0259, crit) >= -1.6);
        assert_eq!(limit_gate(0.7, 0.6, 0.5), 0.7);
        assert_eq!(limit_gate(50.0, 0.0, 0.5), 1.0);
        assert_eq!(limit_gate(50.0, 1.0, 0.5), 4.5);
        assert_eq!(limit_drain(50.0, 1.0), 4.0);
        assert_eq!(limit_drain(1.2, 1.0), 1.2);
    }

    #[test]
    fn nothing_changes_at_the_nominal_temperature() {
        assert!((potential_at(0.8, 310.0, 310.0).0 - 0.8).abs() < 1e-12);
        assert!((capacitance_factor(0.4, 0.8, 310.0, 310.0) - 1.0).abs() < 1e-12);
        assert!(potential_at(0.8, 300.15, 350.0).0 < 0.8);
    }
}
