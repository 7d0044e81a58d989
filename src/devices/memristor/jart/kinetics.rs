//! Ion hopping of JART VCM v1b: how fast the concentration in the disc changes (Mott and Gurney's law).

use std::f64::consts::{FRAC_PI_2, PI};

use super::statics::{Disc, Static};
use crate::devices::memristor::smooth::barrier;

/// Largest field in units of the field that pulls the hopping barrier to zero.
const LARGEST_FIELD: f64 = 1.0 - 1e-9;
/// Exponent of the limiting factor.
const POWER: f64 = 10.0;
/// Multiples of the exponent's unit by which a state is outside its bound when the restoring motion begins to fade, and when
/// it has: what starts far outside stays there, as it does in the original.
const FADE: (f64, f64) = (0.1, 0.3);
/// Width of the hard stop, in `ln N`.
const STOP: f64 = 1e-3;

/// What the kinetics need to know of the parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Hopping {
    /// Hopping barrier over `k`, K.
    pub barrier: f64,
    /// Field strength times this is the dimensionless field, m/V.
    pub field: f64,
    /// Hop distance times attempt frequency, m/s.
    pub speed: f64,
    /// Concentration in the plug, 1e26 m^-3.
    pub plug: f64,
    /// Length of disc and plug, nm.
    pub cell: f64,
    /// The limiting factor is on; otherwise the motion stops hard at the bounds.
    pub limited: bool,
}

/// `d(ln N)/dt` and its derivatives by `u = |V|` and by `y = ln N`, 1/s.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Motion {
    /// Magnitude; the direction is that of the voltage.
    pub f: f64,
    /// By voltage, 1/(V s).
    pub f_u: f64,
    /// By `y`, 1/s.
    pub f_y: f64,
}

impl Hopping {
    /// Motion at a solved static point; `y` is measured from the bounds by `to_bound = |y - bound|` (positive inside).
    pub fn motion(&self, disc: &Disc, at: &Static, positive: bool, to_bound: f64) -> Motion {
        let (e, e_u, e_y) = if positive {
            let per_metre = 1e9 / self.cell;
            (
                per_metre * (at.x + at.j * at.inner),
                per_metre * (at.x_u + at.j_u * at.inner),
                per_metre * (at.x_y + at.j_y * at.inner + at.j * at.inner_y),
            )
        } else {
            let per_metre = 1e9 / disc.l;
            let e = per_metre * at.j * at.disc;
            (e, per_metre * at.j_u * at.disc, per_metre * (at.j_y * at.disc + at.j * at.disc_y) - e * disc.dl / disc.l)
        };
        let field = self.field * e;
        let (g, field_slope) = if field < LARGEST_FIELD { (field, self.field) } else { (LARGEST_FIELD, 0.0) };
        let d = self.barrier / at.t;
        let asin = g.asin();
        let shape = (1.0 - g * g).sqrt() - g * (FRAC_PI_2 - asin);
        let forth = (-d * shape).exp();
        let net = -(-PI * g * d).exp_m1();
        let back = 1.0 - net;
        let hop = forth * net;
        let hop_g = d * ((FRAC_PI_2 - asin) * hop + PI * forth * back) * field_slope;
        let hop_t = (shape * hop - forth * PI * g * back) * d / at.t;

        let scale = self.speed * 1e9 / disc.l * 0.5 * (self.plug + disc.n) / disc.n;
        let dln_scale = -disc.dl / disc.l - self.plug / (self.plug + disc.n) * disc.dn;
        let (limit, limit_y) = if self.limited { limiting_factor(to_bound) } else { barrier(to_bound, STOP) };
        // towards the upper bound `y` grows as the distance falls
        let limit_y = if positive { limit_y } else { -limit_y };
        let k = scale * limit;
        Motion {
            f: k * hop,
            f_u: k * (hop_g * e_u + hop_t * at.t_u),
            f_y: k * (hop_g * e_y + hop_t * at.t_y) + scale * hop * (limit_y + limit * dln_scale),
        }
    }
}

/// `1 - exp(-10 distance)`, and its derivative by the distance; fades out beyond the bound.
fn limiting_factor(distance: f64) -> (f64, f64) {
    let beyond = -POWER * distance;
    if beyond <= FADE.0 {
        let q = beyond.exp();
        return (1.0 - q, POWER * q);
    }
    let w = (beyond - FADE.0) / (FADE.1 - FADE.0);
    if w >= 1.0 {
        return (0.0, 0.0);
    }
    let least = -FADE.0.exp_m1();
    (least * (1.0 - w * w * (3.0 - 2.0 * w)), least * 6.0 * w * (1.0 - w) * POWER / (FADE.1 - FADE.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limiting_factor_restores_next_to_the_bound_and_ends_beyond() {
        assert_eq!(limiting_factor(0.0).0, 0.0);
        assert!((limiting_factor(0.1).0 - (1.0 - (-1.0f64).exp())).abs() < 1e-15);
        assert!(limiting_factor(-0.005).0 < 0.0);
        assert_eq!(limiting_factor(-0.04), (0.0, 0.0));
        for distance in [-0.028, -0.02, -0.0101, -0.0099, 0.01, 0.3] {
            let h = 1e-7;
            let numeric = (limiting_factor(distance + h).0 - limiting_factor(distance - h).0) / (2.0 * h);
            assert!((numeric - limiting_factor(distance).1).abs() < 1e-5, "{distance}: {numeric}");
        }
    }
}
