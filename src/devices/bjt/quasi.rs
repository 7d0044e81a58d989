//! Quasi-saturation: the lightly doped collector between `rc` and the intrinsic transistor.
//!
//! Kull, Nagel, Lee, Lloyd, Prendergast, Dirks, "A unified circuit model for bipolar transistors including
//! quasi-saturation effects", IEEE Trans. Electron Devices 32 (1985). Unlike the original SPICE code the charges are not
//! switched off when the current reverses, which would make them jump.

use super::super::junction::safe_exp;

/// The epitaxial layer at its temperature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Epitaxy {
    pub vt: f64,
    /// Ohmic resistance, ohm.
    pub resistance: f64,
    /// Drift saturation voltage, V.
    pub saturation: f64,
    /// gamma.
    pub doping: f64,
    /// qco, C.
    pub charge: f64,
}

/// Current through the layer and its charges, at the base-collector voltages of its inner (`bc`) and outer (`bx`) ends.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Layer {
    /// Current towards the inner collector and its derivatives by vbc and vbx.
    pub current: [f64; 3],
    /// Charge at the inner end and its derivative by vbc; the same at the outer end.
    pub inner: [f64; 2],
    pub outer: [f64; 2],
}

impl Epitaxy {
    /// `sqrt(1 + gamma exp(v/vt))` and its derivative.
    fn k(&self, v: f64) -> (f64, f64) {
        let (e, de) = safe_exp(v / self.vt);
        let k = (1.0 + self.doping * e).sqrt();
        (k, self.doping * de / (2.0 * self.vt * k))
    }

    pub fn at(&self, vbc: f64, vbx: f64, gmin: f64) -> Layer {
        let ((kc, dkc), (kx, dkx)) = (self.k(vbc), self.k(vbx));
        let v = vbc - vbx;
        let ohm = 1.0 / self.resistance;
        let current = if v > 0.0 {
            let correction = self.vt * (kc - kx - ((1.0 + kc) / (1.0 + kx)).ln());
            let by_c = self.vt * dkc * kc / (1.0 + kc);
            let by_x = -self.vt * dkx * kx / (1.0 + kx);
            let slow = 1.0 / (1.0 + v / self.saturation);
            let i = (v + correction) * ohm * slow;
            let bend = i * slow / self.saturation;
            [i + gmin * v, (1.0 + by_c) * ohm * slow - bend + gmin, (by_x - 1.0) * ohm * slow + bend - gmin]
        } else {
            [v * (ohm + gmin), ohm + gmin, -(ohm + gmin)]
        };
        Layer { current, inner: [self.charge * kc, self.charge * dkc], outer: [self.charge * kx, self.charge * dkx] }
    }
}
