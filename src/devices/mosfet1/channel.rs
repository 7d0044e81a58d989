//! Channel current and gate capacitances of the level-1 transistor, for an n-channel with drain above source.

/// Smallest saturation voltage in the split of the gate capacitance, V; the value SPICE uses.
const SMALLEST_SATURATION: f64 = 0.025;

/// Parameters of the intrinsic transistor at its temperature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Intrinsic {
    /// Transconductance factor with geometry, A/V^2.
    pub beta: f64,
    /// Channel length modulation, 1/V.
    pub lambda: f64,
    /// Surface potential, V.
    pub phi: f64,
    /// Body effect, V^0.5.
    pub gamma: f64,
    /// Threshold without the body's share, V.
    pub vbi: f64,
    /// Gate oxide capacitance, F.
    pub cox: f64,
}

/// A quantity and its derivatives with respect to (vgs, vds, vbs).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Branch {
    pub value: f64,
    pub slope: [f64; 3],
}

impl Branch {
    /// The value continued along a `step` of (vgs, vds, vbs).
    #[inline]
    pub(super) fn along(&self, step: &[f64; 3]) -> f64 {
        self.value + self.slope[0] * step[0] + self.slope[1] * step[1] + self.slope[2] * step[2]
    }

    /// Derivatives with respect to the potentials of drain, gate, source and bulk.
    #[inline]
    pub(super) fn columns(&self) -> [f64; 4] {
        let [by_g, by_d, by_b] = self.slope;
        [by_d, by_g, -(by_d + by_g + by_b), by_b]
    }
}

/// Channel current and the three gate capacitances (to source, drain and bulk) at one bias.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Channel {
    pub current: Branch,
    pub capacitance: [Branch; 3],
    pub threshold: f64,
    pub saturation: f64,
}

impl Intrinsic {
    /// Threshold voltage at `vbs` and its derivative. Forward bias continues the square root linearly.
    #[inline]
    pub(super) fn threshold(&self, vbs: f64) -> (f64, f64) {
        if self.gamma == 0.0 {
            return (self.vbi, 0.0);
        }
        let (root, slope) = if vbs <= 0.0 {
            let root = (self.phi - vbs).sqrt();
            (root, -0.5 / root)
        } else {
            let root = self.phi.sqrt();
            let bent = root - 0.5 * vbs / root;
            if bent > 0.0 { (bent, -0.5 / root) } else { (0.0, 0.0) }
        };
        (self.vbi + self.gamma * root, self.gamma * slope)
    }

    /// Both directions of current: source and drain change roles when `vds` is negative.
    #[inline]
    pub(super) fn at(&self, vgs: f64, vds: f64, vbs: f64) -> Channel {
        if vds >= 0.0 {
            return self.forward(vgs, vds, vbs);
        }
        let reverse = self.forward(vgs - vds, -vds, vbs - vds);
        let swap = |b: Branch, sign: f64| {
            let [gm, gds, gmbs] = b.slope;
            Branch { value: sign * b.value, slope: [sign * gm, -sign * (gm + gds + gmbs), sign * gmbs] }
        };
        let [gs, gd, gb] = reverse.capacitance;
        Channel {
            current: swap(reverse.current, -1.0),
            capacitance: [swap(gd, 1.0), swap(gs, 1.0), swap(gb, 1.0)],
            ..reverse
        }
    }

    /// Shichman and Hodges, IEEE J. Solid-State Circuits 3 (1968) 285.
    #[inline(always)]
    fn forward(&self, vgs: f64, vds: f64, vbs: f64) -> Channel {
        let (threshold, dvth) = self.threshold(vbs);
        let over = vgs - threshold;
        let (mut current, mut gm, mut gds) = (0.0, 0.0, 0.0);
        if over > 0.0 {
            let modulation = 1.0 + self.lambda * vds;
            let (shape, by_over, by_vds) =
                if over <= vds { (0.5 * over * over, over, 0.0) } else { (vds * (over - 0.5 * vds), vds, over - vds) };
            current = self.beta * modulation * shape;
            gm = self.beta * modulation * by_over;
            gds = self.beta * (modulation * by_vds + self.lambda * shape);
        }
        Channel {
            current: Branch { value: current, slope: [gm, gds, -gm * dvth] },
            capacitance: self.gate_capacitances(over, vds, dvth),
            threshold,
            saturation: over.max(0.0),
        }
    }

    /// Meyer, RCA Review 32 (1971) 42, with the transition below threshold of SPICE.
    #[inline(always)]
    fn gate_capacitances(&self, over: f64, vds: f64, dvth: f64) -> [Branch; 3] {
        let Self { phi, cox, .. } = *self;
        if cox == 0.0 {
            return [Branch::default(); 3];
        }
        let branch =
            |value: f64, by_over: f64, by_vds: f64| Branch { value, slope: [by_over, by_vds, -by_over * dvth] };
        let bulk = if over <= -phi {
            branch(cox, 0.0, 0.0)
        } else if over <= 0.0 {
            branch(-over * cox / phi, -cox / phi, 0.0)
        } else {
            Branch::default()
        };
        let (channel, dchannel) = if over <= -0.5 * phi {
            return [Branch::default(), Branch::default(), bulk];
        } else if over <= 0.0 {
            (cox * (2.0 / 3.0 + over / (0.75 * phi)), cox / (0.75 * phi))
        } else {
            (cox * (2.0 / 3.0), 0.0)
        };
        let vdsat = over.max(SMALLEST_SATURATION);
        if vds >= vdsat {
            return [branch(channel, dchannel, 0.0), Branch::default(), bulk];
        }
        let dvdsat = if over > SMALLEST_SATURATION { 1.0 } else { 0.0 };
        let sum = 2.0 * vdsat - vds;
        let rest = vdsat - vds;
        let inverse = 1.0 / sum;
        let cube = 2.0 * inverse * inverse * inverse;
        let source = 1.0 - (rest * inverse).powi(2);
        let drain = 1.0 - (vdsat * inverse).powi(2);
        let split = |share: f64, by_vdsat: f64, by_vds: f64| {
            branch(channel * share, dchannel * share + channel * by_vdsat * dvdsat, channel * by_vds)
        };
        [
            split(source, -rest * vds * cube, rest * vdsat * cube),
            split(drain, vdsat * vds * cube, -vdsat * vdsat * cube),
            bulk,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FET: Intrinsic = Intrinsic { beta: 1e-3, lambda: 0.05, phi: 0.7, gamma: 0.4, vbi: 0.3, cox: 1e-14 };

    #[test]
    fn square_law_by_hand() {
        let vth = 0.3 + 0.4 * (0.7f64 + 1.0).sqrt();
        let at = |vgs, vds| FET.at(vgs, vds, -1.0).current.value;
        assert_eq!(at(vth - 0.01, 1.0), 0.0);
        assert!((at(vth + 0.5, 2.0) - 0.5e-3 * 0.25 * 1.1).abs() < 1e-18);
        assert!((at(vth + 0.5, 0.2) - 1e-3 * 0.2 * 0.4 * 1.01).abs() < 1e-18);
    }

    #[test]
    fn source_and_drain_are_interchangeable() {
        for (vgs, vds, vbs) in [(1.5, 0.3, -0.2), (1.5, 2.0, -1.0), (0.7, 0.1, 0.2), (0.2, 0.5, -0.5)] {
            let (one, two) = (FET.at(vgs, vds, vbs), FET.at(vgs - vds, -vds, vbs - vds));
            assert!((one.current.value + two.current.value).abs() < 1e-15);
            assert_eq!(one.capacitance[0].value, two.capacitance[1].value);
            assert_eq!(one.capacitance[2].value, two.capacitance[2].value);
        }
    }

    #[test]
    fn meyer_limits() {
        let c = |vgs: f64, vds: f64| FET.at(vgs, vds, 0.0).capacitance.map(|b| b.value / FET.cox);
        let vth = FET.threshold(0.0).0;
        let near = |a: [f64; 3], b: [f64; 3]| a.iter().zip(b).all(|(x, y)| (x - y).abs() < 1e-6);
        assert!(near(c(vth - 2.0, 1.0), [0.0, 0.0, 1.0]));
        assert!(near(c(vth + 1.0, 3.0), [2.0 / 3.0, 0.0, 0.0]));
        assert!(near(c(vth + 1.0, 0.0), [0.5, 0.5, 0.0]));
        assert!(near(c(vth + 1e-9, 1.0), c(vth - 1e-9, 1.0)));
    }
}
