//! Level 1: Shichman and Hodges, IEEE J. Solid-State Circuits 3 (1968) 285. Differentiated by hand, as it is the level of
//! large arrays.

use super::dual::Dual;
use super::process::or;
use super::transistor::{Channel, Geometry};

/// Parameters of the intrinsic transistor at its temperature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level1 {
    /// Transconductance factor with geometry, A/V^2.
    beta: f64,
    /// Channel length modulation, 1/V.
    lambda: f64,
    /// Surface potential, V.
    phi: f64,
    /// Body effect, V^0.5.
    gamma: f64,
    /// Threshold without the body's share, V.
    vbi: f64,
}

impl Level1 {
    /// With card and geometry applied.
    pub fn new(geo: &Geometry) -> Self {
        Self { beta: geo.beta, lambda: or(geo.model.lambda, 0.0), phi: geo.phi, gamma: geo.process.gamma, vbi: geo.vbi }
    }

    /// Threshold voltage at `vbs` and its derivative.
    #[inline]
    fn threshold(&self, vbs: f64) -> (f64, f64) {
        if self.gamma == 0.0 {
            return (self.vbi, 0.0);
        }
        let (root, slope) = linear_root(self.phi, vbs);
        (self.vbi + self.gamma * root, self.gamma * slope)
    }

    /// Channel current with drain above source.
    #[inline(always)]
    pub fn forward(&self, vgs: f64, vds: f64, vbs: f64) -> Channel {
        let (threshold, dvth) = self.threshold(vbs);
        let over = vgs - threshold;
        let threshold = Dual { value: threshold, slope: [0.0, 0.0, dvth] };
        if over <= 0.0 {
            return Channel { threshold, ..Channel::default() };
        }
        let modulation = 1.0 + self.lambda * vds;
        let (shape, by_over, by_vds) =
            if over <= vds { (0.5 * over * over, over, 0.0) } else { (vds * (over - 0.5 * vds), vds, over - vds) };
        let gm = self.beta * modulation * by_over;
        let gds = self.beta * (modulation * by_vds + self.lambda * shape);
        Channel {
            current: Dual { value: self.beta * modulation * shape, slope: [gm, gds, -gm * dvth] },
            threshold,
            saturation: Dual { value: over, slope: [1.0, 0.0, -dvth] },
        }
    }
}

/// `sqrt(phi - vbs)` and its derivative, continued linearly under forward bias down to zero.
#[inline]
pub fn linear_root(phi: f64, vbs: f64) -> (f64, f64) {
    if vbs <= 0.0 {
        let root = (phi - vbs).sqrt();
        return (root, -0.5 / root);
    }
    let root = phi.sqrt();
    let bent = root - 0.5 * vbs / root;
    if bent > 0.0 { (bent, -0.5 / root) } else { (0.0, 0.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FET: Level1 = Level1 { beta: 1e-3, lambda: 0.05, phi: 0.7, gamma: 0.4, vbi: 0.3 };

    #[test]
    fn square_law_by_hand() {
        let vth = 0.3 + 0.4 * (0.7f64 + 1.0).sqrt();
        let at = |vgs, vds| FET.forward(vgs, vds, -1.0).current.value;
        assert_eq!(at(vth - 0.01, 1.0), 0.0);
        assert!((at(vth + 0.5, 2.0) - 0.5e-3 * 0.25 * 1.1).abs() < 1e-18);
        assert!((at(vth + 0.5, 0.2) - 1e-3 * 0.2 * 0.4 * 1.01).abs() < 1e-18);
    }
}
