//! Charges of the gate: Meyer's capacitances, and Ward and Dutton's conserved charges.

use super::dual::Dual;
use super::transistor::Channel;

/// Smallest saturation voltage in the split of the gate capacitance, V; the value SPICE uses.
const SMALLEST_SATURATION: f64 = 0.025;

/// Width of the rounding at the threshold in Ward and Dutton's charges, V.
const ROUNDING: f64 = 0.03;

/// What the gate stores at one bias.
#[derive(Clone, Copy, Debug)]
pub enum Gate {
    /// Capacitances to source, drain and bulk, F.
    Capacitances([Dual; 3]),
    /// Charges of drain, gate, source and bulk, C.
    Charges([Dual; 4]),
}

impl Gate {
    /// Continued along a `step` of (vgs, vds, vbs).
    #[inline]
    pub fn along(&self, step: &[f64; 3]) -> Self {
        let moved = |d: &Dual| Dual { value: d.along(step), ..*d };
        match self {
            Self::Capacitances([a, b, c]) => Self::Capacitances([moved(a), moved(b), moved(c)]),
            Self::Charges([a, b, c, d]) => Self::Charges([moved(a), moved(b), moved(c), moved(d)]),
        }
    }

    /// The same with source and drain exchanged.
    #[inline]
    pub fn exchanged(self) -> Self {
        match self {
            Self::Capacitances([source, drain, bulk]) => {
                Self::Capacitances([drain.exchanged(1.0), source.exchanged(1.0), bulk.exchanged(1.0)])
            }
            Self::Charges([drain, gate, source, bulk]) => {
                Self::Charges([source.exchanged(1.0), gate.exchanged(1.0), drain.exchanged(1.0), bulk.exchanged(1.0)])
            }
        }
    }
}

/// Meyer, RCA Review 32 (1971) 42, with the transition below threshold of SPICE: capacitances of the gate to source, drain
/// and bulk, with drain above source.
#[inline(always)]
pub fn meyer(channel: &Channel, vgs: f64, vds: f64, phi: f64, cox: f64) -> [Dual; 3] {
    let zero = Dual::default();
    if cox == 0.0 {
        return [zero; 3];
    }
    let over = vgs - channel.threshold.value;
    let [by_g, by_d, by_b] = channel.threshold.slope;
    let dover = [1.0 - by_g, -by_d, -by_b];
    let follow = |value: f64, by_over: f64| Dual { value, slope: dover.map(|d| by_over * d) };
    let bulk = if over <= -phi {
        Dual::constant(cox)
    } else if over <= 0.0 {
        follow(-over * cox / phi, -cox / phi)
    } else {
        zero
    };
    let (total, dtotal) = if over <= -0.5 * phi {
        return [zero, zero, bulk];
    } else if over <= 0.0 {
        (cox * (2.0 / 3.0 + over / (0.75 * phi)), cox / (0.75 * phi))
    } else {
        (cox * (2.0 / 3.0), 0.0)
    };
    let clamped = channel.saturation.value <= SMALLEST_SATURATION;
    let (vdsat, dvdsat) =
        if clamped { (SMALLEST_SATURATION, [0.0; 3]) } else { (channel.saturation.value, channel.saturation.slope) };
    if vds >= vdsat {
        return [follow(total, dtotal), zero, bulk];
    }
    let sum = 2.0 * vdsat - vds;
    let rest = vdsat - vds;
    let inverse = 1.0 / sum;
    let cube = 2.0 * inverse * inverse * inverse;
    let split = |share: f64, by_vdsat: f64, by_vds: f64| {
        let (by_over, by_vdsat) = (dtotal * share, total * by_vdsat);
        let [g, d, b] = [0, 1, 2].map(|k| by_over * dover[k] + by_vdsat * dvdsat[k]);
        Dual { value: total * share, slope: [g, d + total * by_vds, b] }
    };
    [
        split(1.0 - (rest * inverse).powi(2), -rest * vds * cube, rest * vdsat * cube),
        split(1.0 - (vdsat * inverse).powi(2), vdsat * vds * cube, -vdsat * vdsat * cube),
        bulk,
    ]
}

/// Charges of drain, gate, source and bulk, with drain above source: functions of the voltages, so that nothing is lost over
/// a closed cycle.
///
/// Channel charge and its split after Ward and Dutton, IEEE J. Solid-State Circuits 13 (1978) 703: in saturation the
/// drain has the `share` of it, without a drain voltage half of it; `share = 0.4` is the split that follows from the
/// continuity equation (Tsividis, Operation and Modeling of the MOS Transistor, section 7.4). The bulk has the depletion
/// charge below the threshold, accumulation below the flat band, and the charge of the threshold above it.
pub fn ward_dutton(
    channel: &Channel,
    [vgs, vds, vbs]: [f64; 3],
    phi: f64,
    gamma: f64,
    cox: f64,
    share: f64,
) -> [Dual; 4] {
    if cox == 0.0 {
        return [Dual::default(); 4];
    }
    let [g, d, b] = Dual::variables(vgs, vds, vbs);
    let distance = g - channel.threshold;
    let over = distance.softplus(ROUNDING);
    // slope of the channel charge along the channel: over / saturation
    let saturation = channel.saturation.max(Dual::constant(SMALLEST_SATURATION));
    let eta = (-(d / saturation) + 1.0).max(Dual::default());
    let one = eta + 1.0;
    let square = eta * eta;
    let total = over * (square + eta + 1.0) / one * (-2.0 / 3.0 * cox);
    let thirds = (square * eta * 6.0 + square * 12.0 + eta * 8.0 + 4.0) / (one * (square + eta + 1.0) * 10.0);
    // 0.4 in saturation, 0.5 without a drain voltage
    let drain = total * ((thirds - 0.4) * ((0.5 - share) / 0.1) + share);
    let root = if vbs <= 0.0 { (-b + phi).sqrt() } else { (b * (0.5 / phi) + 1.0).recip() * phi.sqrt() };
    let below = distance - over;
    let bulk = if gamma == 0.0 {
        // no depletion layer: accumulation only, from the surface potential down
        (-(below + phi)).softplus(ROUNDING) * cox
    } else {
        let band = below + root * root + root * gamma;
        let half = 0.5 * gamma * gamma;
        if band.value < 0.0 { -band * cox } else { -((band * (2.0 / half) + 1.0).sqrt() - 1.0) * (half * cox) }
    };
    let source = total - drain;
    [drain, -(total + bulk), source, bulk]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn long_channel(vgs: f64, vds: f64, vbs: f64) -> Channel {
        let [g, d, b] = Dual::variables(vgs, vds, vbs);
        let threshold = (-b + 0.7).sqrt() * 0.4 + 0.3;
        let over = (g - threshold).max(Dual::default());
        let end = d.min(over);
        Channel { current: (over - end * 0.5) * end, threshold, saturation: over }
    }

    #[test]
    fn meyer_limits() {
        let cox = 1e-14;
        let vth = long_channel(0.0, 0.0, 0.0).threshold.value;
        let c = |vgs: f64, vds: f64| meyer(&long_channel(vgs, vds, 0.0), vgs, vds, 0.7, cox).map(|b| b.value / cox);
        let near = |a: [f64; 3], b: [f64; 3]| a.iter().zip(b).all(|(x, y)| (x - y).abs() < 1e-6);
        assert!(near(c(vth - 2.0, 1.0), [0.0, 0.0, 1.0]));
        assert!(near(c(vth + 1.0, 3.0), [2.0 / 3.0, 0.0, 0.0]));
        assert!(near(c(vth + 1.0, 0.0), [0.5, 0.5, 0.0]));
        assert!(near(c(vth + 1e-9, 1.0), c(vth - 1e-9, 1.0)));
    }

    #[test]
    fn derivatives_agree_with_differences() {
        for at in [[1.7, 0.4, -0.3], [1.2, 2.0, -1.0], [0.5, 0.3, -0.5], [-0.4, 1.0, -0.2], [-3.0, 0.1, 0.1]] {
            let charges = |v: [f64; 3]| ward_dutton(&long_channel(v[0], v[1], v[2]), v, 0.7, 0.4, 1.0, 0.4);
            let capacitances = |v: [f64; 3]| meyer(&long_channel(v[0], v[1], v[2]), v[0], v[1], 0.7, 1.0);
            for k in 0..3 {
                let h = 1e-6;
                let (mut up, mut down) = (at, at);
                up[k] += h;
                down[k] -= h;
                for (exact, (up, down)) in charges(at).iter().zip(charges(up).iter().zip(charges(down))) {
                    let numeric = (up.value - down.value) / (2.0 * h);
                    assert!((numeric - exact.slope[k]).abs() < 1e-6, "{at:?} {k}");
                }
                for (exact, (up, down)) in capacitances(at).iter().zip(capacitances(up).iter().zip(capacitances(down)))
                {
                    let numeric = (up.value - down.value) / (2.0 * h);
                    assert!((numeric - exact.slope[k]).abs() < 1e-6, "{at:?} {k}");
                }
            }
        }
    }

    #[test]
    fn conserved_charges_have_the_known_limits() {
        let q = |v: [f64; 3], share: f64| {
            ward_dutton(&long_channel(v[0], v[1], v[2]), v, 0.7, 0.4, 1.0, share).map(|q| q.value)
        };
        let vth = long_channel(0.0, 0.0, 0.0).threshold.value;
        let close = |a: f64, b: f64| (a - b).abs() < 1e-6;
        let [d, g, s, b] = q([vth + 1.0, 0.0, 0.0], 0.4);
        assert!(close(d, -0.5) && close(s, -0.5) && close(g + d + s + b, 0.0));
        let [d, _, s, _] = q([vth + 1.0, 3.0, 0.0], 0.4);
        assert!(close(d, -4.0 / 15.0) && close(s, -6.0 / 15.0));
        let [d, ..] = q([vth + 1.0, 3.0, 0.0], 0.0);
        assert!(close(d, 0.0));
        let [_, g, _, b] = q([vth - 4.0, 0.5, 0.0], 0.5);
        assert!(close(g + b, 0.0) && close(b, 4.0 - 0.7 - 0.4 * 0.7f64.sqrt()));
    }
}
