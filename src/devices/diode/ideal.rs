//! LTspice's idealised diode: straight lines for the blocking, conducting and breakdown regions.

use super::super::POSITIVE;
use super::params::DiodeModel;

/// Conductances per region, the voltages between them, the width of the bends, and limits of the current.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ideal {
    off: f64,
    /// Further conductance beyond the bend, its voltage, the width of the bend, and the limit of the current.
    forward: Branch,
    reverse: Option<Branch>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Branch {
    more: f64,
    start: f64,
    width: f64,
    limit: Option<f64>,
}

impl Branch {
    /// Current and conductance in its direction, at the voltage `v` in that direction.
    fn at(&self, v: f64, off: f64) -> (f64, f64) {
        let over = v - self.start;
        let (ramp, slope) = if over <= 0.0 {
            (0.0, 0.0)
        } else if over < self.width {
            (over * over / (2.0 * self.width), over / self.width)
        } else {
            (over - 0.5 * self.width, 1.0)
        };
        let (i, g) = (off * v + self.more * ramp, off + self.more * slope);
        match self.limit {
            Some(limit) if i > 0.0 => {
                let t = (i / limit).tanh();
                (limit * t, g * (1.0 - t * t))
            }
            _ => (i, g),
        }
    }
}

impl Ideal {
    /// The idealised diode of a card that asks for one; `area` is its area times the number of diodes.
    pub fn new(model: &DiodeModel, area: f64) -> Option<Self> {
        let given = [model.ron, model.roff, model.vfwd, model.vrev, model.rrev];
        if given.iter().all(|p| p.is_nan()) {
            return None;
        }
        let or = |given: f64, default: f64| if given.is_nan() { default } else { given };
        let ron = or(model.ron, 1.0);
        let off = area / or(model.roff, 1e12);
        let limit = |given: f64| POSITIVE.contains(&given).then_some(given * area);
        let forward = Branch {
            more: (area / ron - off).max(0.0),
            start: or(model.vfwd, 0.0),
            width: model.epsilon,
            limit: limit(model.ilimit),
        };
        let reverse = model.vrev.is_finite().then(|| Branch {
            more: (area / or(model.rrev, ron) - off).max(0.0),
            start: model.vrev,
            width: model.revepsilon,
            limit: limit(model.revilimit),
        });
        Some(Self { off, forward, reverse })
    }

    /// Current and conductance.
    pub fn at(&self, v: f64) -> (f64, f64) {
        match &self.reverse {
            Some(reverse) if v < 0.0 => {
                let (i, g) = reverse.at(-v, self.off);
                (-i, g)
            }
            _ => self.forward.at(v, self.off),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_meet_where_the_card_says() {
        let model = DiodeModel { ron: 0.1, roff: 1e6, vfwd: 0.4, vrev: 5.0, rrev: 1.0, ..DiodeModel::default() };
        let ideal = Ideal::new(&model, 1.0).unwrap();
        assert!((ideal.at(0.4).0 - 4e-7).abs() < 1e-15);
        assert!((ideal.at(1.4).0 - (10.0 + 4e-7)).abs() < 1e-9);
        assert!((ideal.at(-7.0).0 + 2.0 + 5e-6).abs() < 1e-9);
        assert!(Ideal::new(&DiodeModel::default(), 1.0).is_none());
        let limited = Ideal::new(&DiodeModel { ilimit: 1.0, epsilon: 0.1, ..model }, 1.0).unwrap();
        assert!(limited.at(5.0).0 <= 1.0);
        for v in [0.2, 0.43, 0.6, -6.0] {
            let numeric = (limited.at(v + 1e-7).0 - limited.at(v - 1e-7).0) / 2e-7;
            assert!((numeric - limited.at(v).1).abs() < 1e-5 * (1.0 + numeric.abs()), "{v}");
        }
    }
}
