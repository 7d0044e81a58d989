//! Channel currents.

/// Channel current and its derivatives by vgs and vgd.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Current {
    pub value: f64,
    pub gs: f64,
    pub gd: f64,
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
