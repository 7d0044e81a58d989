//! Currents and charges of the intrinsic transistor.
//!
//! Gummel and Poon, "An integral charge control model of bipolar transistors", Bell Syst. Tech. J. 49 (1970); in the form
//! of Nagel, "SPICE2" (1975), with the names of Antognetti and Massobrio (1993), chapter 2.

use super::super::junction::{junction_current, limit_junction};
use super::thermal::Transistor;

/// A quantity and its derivatives by vbe and vbc.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Branch {
    pub value: f64,
    pub be: f64,
    pub bc: f64,
}

impl Branch {
    /// Continued linearly by steps of vbe and vbc.
    #[inline]
    pub fn along(&self, be: f64, bc: f64) -> f64 {
        self.value + self.be * be + self.bc * bc
    }
}

/// The intrinsic transistor at one bias (npn signs).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Point {
    /// Forward and reverse part of the transport current from collector to emitter.
    pub forward: Branch,
    pub reverse: Branch,
    /// Base currents to emitter and collector.
    pub base_emitter: Branch,
    pub base_collector: Branch,
    /// Conductance of the base resistance; 0 without.
    pub base: Branch,
    /// Charges between base and emitter, and base and collector.
    pub charge_be: Branch,
    pub charge_bc: Branch,
}

/// `(tan z - z) / (z tan^2 z)` and its derivative.
fn crowding(z: f64) -> (f64, f64) {
    if z < 0.02 {
        let square = z * z;
        return (1.0 / 3.0 - square * (4.0 / 45.0 + square * 4.0 / 315.0), -z * (8.0 / 45.0 + square * 16.0 / 315.0));
    }
    let t = z.tan();
    let (top, bottom) = (t - z, z * t * t);
    let (top_slope, bottom_slope) = (t * t, t * t + 2.0 * z * t * (1.0 + t * t));
    (top / bottom, (top_slope * bottom - top * bottom_slope) / (bottom * bottom))
}

impl Transistor {
    /// Base resistance at a total base current and a base charge, and its derivatives by both.
    #[inline]
    fn base_resistance(&self, current: f64, charge: f64) -> [f64; 3] {
        let (variable, least) = self.base;
        if self.base_current == 0.0 {
            return [least + variable / charge, 0.0, -variable / (charge * charge)];
        }
        let share = current / self.base_current;
        let a = share.max(1e-9);
        let (root, s) = ((1.0 + 14.59025 * a).sqrt(), a.sqrt());
        let z = (root - 1.0) / (2.4317 * s);
        let (f, slope) = crowding(z);
        let by_a = 14.59025 / (2.0 * root * 2.4317 * s) - z / (2.0 * a);
        let by_current = if share > 1e-9 { 3.0 * variable * slope * by_a / self.base_current } else { 0.0 };
        [least + 3.0 * variable * f, by_current, 0.0]
    }

    #[inline]
    pub fn at(&self, vbe: f64, vbc: f64, gmin: f64) -> Point {
        let (cbe, gbe) = junction_current(vbe, self.forward.0, self.forward.1);
        let (cbc, gbc) = junction_current(vbc, self.reverse.0, self.reverse.1);
        let leak = |v: f64, (is, vte): (f64, f64)| {
            let (i, g) = if is == 0.0 { (0.0, 0.0) } else { junction_current(v, is, vte) };
            (i + gmin * v, g + gmin)
        };
        let ((cben, gben), (cbcn, gbcn)) = (leak(vbe, self.leak_be), leak(vbc, self.leak_bc));

        // base charge
        let q1 = 1.0 / (1.0 - self.inverse_early.0 * vbc - self.inverse_early.1 * vbe);
        let (mut qb, mut by_e, mut by_c) = (q1, q1 * q1 * self.inverse_early.1, q1 * q1 * self.inverse_early.0);
        if self.inverse_knee != (0.0, 0.0) {
            let argument = 1.0 + 4.0 * (self.inverse_knee.0 * cbe + self.inverse_knee.1 * cbc);
            let (root, slope) = if argument <= 0.0 {
                (1.0, 0.0)
            } else {
                match self.knee_exponent {
                    None => (argument.sqrt(), 1.0 / argument.sqrt()),
                    Some(n) => (argument.powf(n), 2.0 * n * argument.powf(n - 1.0)),
                }
            };
            qb = q1 * (1.0 + root) / 2.0;
            by_e = q1 * (qb * self.inverse_early.1 + self.inverse_knee.0 * gbe * slope);
            by_c = q1 * (qb * self.inverse_early.0 + self.inverse_knee.1 * gbc * slope);
        }
        let inverse = 1.0 / qb;
        let over = |i: f64, be: f64, bc: f64| Branch {
            value: i * inverse,
            be: (be - i * by_e * inverse) * inverse,
            bc: (bc - i * by_c * inverse) * inverse,
        };
        let base_emitter =
            Branch { value: cbe * self.inverse_gain.0 + cben, be: gbe * self.inverse_gain.0 + gben, bc: 0.0 };
        let base_collector =
            Branch { value: cbc * self.inverse_gain.1 + cbcn, be: 0.0, bc: gbc * self.inverse_gain.1 + gbcn };

        let base = if self.base == (0.0, 0.0) {
            Branch::default()
        } else {
            let [r, by_current, by_charge] = self.base_resistance(base_emitter.value + base_collector.value, qb);
            let g = 1.0 / r;
            let slope = -g * g;
            Branch {
                value: g,
                be: slope * (by_current * base_emitter.be + by_charge * by_e),
                bc: slope * (by_current * base_collector.bc + by_charge * by_c),
            }
        };

        let (q, c) = self.depletion_be.charge(vbe);
        let mut charge_be = Branch { value: q, be: c, bc: 0.0 };
        let (tf, xtf, inverse_vtf, itf) = self.transit;
        if tf != 0.0 && vbe > 0.0 {
            let (mut factor, mut slope) = (0.0, 0.0);
            if xtf != 0.0 {
                factor = xtf * if inverse_vtf == 0.0 { 1.0 } else { (vbc * inverse_vtf).min(100.0).exp() };
                slope = factor;
                if itf != 0.0 {
                    let share = cbe / (cbe + itf);
                    factor *= share * share;
                    slope = factor * (3.0 - 2.0 * share);
                }
            }
            let stored = over(cbe * (1.0 + factor), gbe * (1.0 + slope), cbe * factor * inverse_vtf);
            charge_be.value += tf * stored.value;
            charge_be.be += tf * stored.be;
            charge_be.bc += tf * stored.bc;
        } else {
            charge_be.value += tf * cbe;
            charge_be.be += tf * gbe;
        }
        let (q, c) = self.depletion_bc.charge(vbc);
        let charge_bc = Branch { value: q + self.transit_reverse * cbc, be: 0.0, bc: c + self.transit_reverse * gbc };
        Point {
            forward: over(cbe, gbe, 0.0),
            reverse: over(cbc, 0.0, gbc),
            base_emitter,
            base_collector,
            base,
            charge_be,
            charge_bc,
        }
    }

    /// Current and conductance of the substrate junction.
    #[inline]
    pub fn substrate_at(&self, v: f64, gmin: f64) -> (f64, f64) {
        let (i, g) = self.substrate.map_or((0.0, 0.0), |(is, vte)| junction_current(v, is, vte));
        (i + gmin * v, g + gmin)
    }

    /// Junction voltages (vbe, vbc, substrate, outer vbc) after limiting the step from the `old` ones.
    #[inline]
    pub fn limit(&self, new: [f64; 4], old: [f64; 4]) -> [f64; 4] {
        [
            limit_junction(new[0], old[0], self.vt, self.critical),
            limit_junction(new[1], old[1], self.vt, self.critical),
            limit_junction(new[2], old[2], self.vt, self.critical_substrate),
            limit_junction(new[3], old[3], self.vt, self.critical),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crowding_is_smooth_where_its_series_ends() {
        let (below, above) = (crowding(0.02 - 1e-9), crowding(0.02));
        assert!((below.0 - above.0).abs() < 1e-9 && (below.1 - above.1).abs() < 1e-6, "{below:?} {above:?}");
        for z in [0.005, 0.3, 1.0] {
            let numeric = (crowding(z + 1e-6).0 - crowding(z - 1e-6).0) / 2e-6;
            assert!((numeric - crowding(z).1).abs() < 1e-7, "{z}");
        }
    }
}
