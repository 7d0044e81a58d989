//! Channel currents.

/// Channel current and its derivatives by vgs and vgd.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Current {
    pub value: f64,
    pub gs: f64,
    pub gd: f64,
}

impl Current {
    pub fn minus(&self, other: &Self) -> Self {
        Self { value: self.value - other.value, gs: self.gs - other.gs, gd: self.gd - other.gd }
    }
}

/// Ionisation in the saturated channel: a share `alpha v exp(-knee/v)` of its current goes from the drain into the gate, `v`
/// being the drain voltage beyond saturation (PSpice).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ionisation {
    pub alpha: f64,
    pub knee: f64,
}

impl Ionisation {
    /// Currents into the gate from the drain and from the source (in the reversed channel), at a channel current.
    pub fn at(&self, channel: &Channel, current: &Current, vgs: f64, vgd: f64) -> [Current; 2] {
        let mut both = [Current::default(); 2];
        // the gate voltage of the end that is pinched off, below the threshold by `v`
        let (end, gate, sign) = if vgs >= vgd { (0, vgd, 1.0) } else { (1, vgs, -1.0) };
        let v = channel.threshold - gate;
        if v > 0.0 && current.value != 0.0 {
            let share = self.alpha * v * (-self.knee / v).exp();
            let slope = share / v * (1.0 + self.knee / v);
            let (mut gs, mut gd) = (sign * current.gs * share, sign * current.gd * share);
            *(if end == 0 { &mut gd } else { &mut gs }) -= sign * current.value * slope;
            both[end] = Current { value: sign * current.value * share, gs, gd };
        }
        both
    }
}

/// How the current depends on gate overdrive and drain voltage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Law {
    /// Shichman and Hodges (1968) with the doping tail of Parker and Skellern (Sydney University, 1989).
    Jfet { tail: f64, slope: f64 },
    /// Statz, Newman, Smith, Pucel, Haus, "GaAs FET device and circuit simulation in SPICE", IEEE Trans. Electron
    /// Devices 34 (1987).
    Statz { tail: f64, alpha: f64 },
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Channel {
    pub law: Law,
    pub beta: f64,
    pub lambda: f64,
    pub threshold: f64,
}

impl Channel {
    pub fn at(&self, vgs: f64, vgd: f64) -> Current {
        if vgs >= vgd {
            let [value, by_gate, by_drain] = self.forward(vgs - self.threshold, vgs - vgd);
            Current { value, gs: by_gate + by_drain, gd: -by_drain }
        } else {
            let [value, by_gate, by_drain] = self.forward(vgd - self.threshold, vgd - vgs);
            Current { value: -value, gs: by_drain, gd: -by_gate - by_drain }
        }
    }

    /// Current at gate overdrive `v` and a drain voltage of 0 or more, and its derivatives by both.
    #[inline]
    fn forward(&self, v: f64, vds: f64) -> [f64; 3] {
        if v <= 0.0 {
            return [0.0; 3];
        }
        let [f, by_gate, by_drain] = match self.law {
            Law::Jfet { tail, slope } if v >= vds => {
                let a = 2.0 * tail + 3.0 * slope * (v - vds);
                [vds * (vds * (slope * vds - tail) + v * a), vds * (a + 3.0 * slope * v), (v - vds) * a]
            }
            Law::Jfet { tail, slope } => [v * v * (tail + slope * v), v * (2.0 * tail + 3.0 * slope * v), 0.0],
            Law::Statz { tail, alpha } => {
                let denominator = 1.0 + tail * v;
                let (square, slope) = (v * v / denominator, v * (1.0 + denominator) / (denominator * denominator));
                let rest = (1.0 - alpha * vds / 3.0).max(0.0);
                let knee = 1.0 - rest * rest * rest;
                [square * knee, slope * knee, square * alpha * rest * rest]
            }
        };
        let early = self.beta * (1.0 + self.lambda * vds);
        [early * f, early * by_gate, early * by_drain + self.beta * self.lambda * f]
    }
}
