//! Gate charges.

use super::super::junction::Depletion;

/// A charge and its derivatives by vgs and vgd.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Charge {
    pub value: f64,
    pub gs: f64,
    pub gd: f64,
}

/// How the gate stores charge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Gate {
    /// Two depletion layers, at source and drain.
    Junctions([Depletion; 2]),
    /// One charge of both voltages.
    Statz(Statz),
}

/// Gate charge of Statz et al. (1987), equations 14 to 23: one function of both voltages, whose parts at source and drain
/// are path integrals. As in SPICE, a step moves along the two edges of the rectangle between old and new voltages and
/// takes the mean of both ways.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Statz {
    pub source: f64,
    pub drain: f64,
    pub potential: f64,
    /// 1/alpha.
    pub knee: f64,
    pub threshold: f64,
}

/// Width of the transition at the threshold, V.
const WIDTH: f64 = 0.2;
/// Voltage above which the capacitance is constant, V.
const LARGEST: f64 = 0.5;

impl Statz {
    fn gate(&self, vgs: f64, vgd: f64) -> Charge {
        let vds = vgs - vgd;
        let root = (vds * vds + self.knee * self.knee).sqrt();
        let high = 0.5 * (vgs + vgd + root);
        let low = high - root;
        let over = high - self.threshold;
        let bend = (over * over + WIDTH * WIDTH).sqrt();
        let effective = 0.5 * (high + self.threshold + bend);
        let bounded = effective.min(LARGEST);
        let s = (1.0 - bounded / self.potential).sqrt();
        let value = self.source * (2.0 * self.potential * (1.0 - s) + (effective - bounded) / s) + self.drain * low;
        let c = self.source / s * 0.5 * (1.0 + over / bend);
        let (plus, minus) = (0.5 * (1.0 + vds / root), 0.5 * (1.0 - vds / root));
        Charge { value, gs: c * plus + self.drain * minus, gd: c * minus + self.drain * plus }
    }

    /// Charges at source and drain, from those at the `old` voltages.
    fn split(&self, v: [f64; 2], old: [f64; 2], charges: [f64; 2]) -> [Charge; 2] {
        let [new, left, below, start] = [v, [old[0], v[1]], [v[0], old[1]], old].map(|[gs, gd]| self.gate(gs, gd));
        [
            Charge {
                value: charges[0] + 0.5 * (new.value - left.value + below.value - start.value),
                gs: 0.5 * (new.gs + below.gs),
                gd: 0.5 * (new.gd - left.gd),
            },
            Charge {
                value: charges[1] + 0.5 * (new.value - below.value + left.value - start.value),
                gs: 0.5 * (new.gs - below.gs),
                gd: 0.5 * (new.gd + left.gd),
            },
        ]
    }
}

impl Gate {
    /// Charges between gate and source, and gate and drain, at `[vgs, vgd]`; `history` holds voltages and charges of the
    /// last accepted point.
    pub fn at(&self, v: [f64; 2], history: &[f64; 4]) -> [Charge; 2] {
        match self {
            Gate::Junctions([source, drain]) => {
                let ((qs, cs), (qd, cd)) = (source.charge(v[0]), drain.charge(v[1]));
                [Charge { value: qs, gs: cs, gd: 0.0 }, Charge { value: qd, gs: 0.0, gd: cd }]
            }
            Gate::Statz(statz) => statz.split(v, [history[0], history[1]], [history[2], history[3]]),
        }
    }

    /// True when charges depend on their history.
    pub fn remembers(&self) -> bool {
        matches!(self, Gate::Statz(_))
    }
}
