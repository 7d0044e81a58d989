//! Level 2: the bulk charge along the channel after Grove and Frohman-Bentchkowsky, as in SPICE2.
//!
//! Vladimirescu and Liu, "The simulation of MOS integrated circuits using SPICE2", Memorandum M80/7, University of
//! California, Berkeley (1980); velocity saturation after Baum and Beneking, IEEE Trans. Electron Devices 17 (1970) 481.

use super::dual::Dual;
use super::process::{SILICON, or};
use super::transistor::{Channel, Geometry};
use crate::devices::junction::CHARGE;

/// Parameters of the intrinsic transistor at its temperature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level2 {
    beta: f64,
    phi: f64,
    gamma: f64,
    vbi: f64,
    length: f64,
    /// Depletion width at 1 V, m; 0 without a doping.
    xd: f64,
    /// Junction depth, m.
    xj: f64,
    /// Narrow-channel share of the threshold.
    narrow: f64,
    /// Fast surface states over oxide capacitance; 0 without current below the threshold.
    fast: f64,
    /// Gate overdrive of the critical field, V, and the exponent of the mobility above it.
    critical: f64,
    exponent: f64,
    /// m^2/Vs.
    mobility: f64,
    /// m/s; 0 without velocity saturation.
    vmax: f64,
    /// Root of the channel charge coefficient.
    neff_root: f64,
    /// 1/V; 0 when it is computed.
    lambda: f64,
    /// Depletion width of the drain junction without bias, m: the shortest channel.
    shortest: f64,
    vt: f64,
}

impl Level2 {
    /// With card and geometry applied.
    pub fn new(geo: &Geometry) -> Self {
        let (model, process) = (geo.model, geo.process);
        let xd = process.depletion_width();
        Self {
            beta: geo.beta,
            phi: geo.phi,
            gamma: process.gamma,
            vbi: geo.vbi,
            length: geo.length,
            xd,
            xj: model.xj,
            narrow: 0.25 * model.delta * std::f64::consts::PI * SILICON / (process.oxide * geo.width),
            fast: CHARGE * model.nfs * 1e4 / process.oxide,
            critical: model.ucrit * 100.0 * SILICON / process.oxide,
            exponent: model.uexp,
            mobility: model.uo * 1e-4,
            vmax: model.vmax,
            neff_root: model.neff.sqrt(),
            lambda: or(model.lambda, 0.0),
            shortest: xd * geo.junction_potential.sqrt(),
            vt: geo.vt,
        }
    }

    /// Channel current with drain above source.
    pub fn forward(&self, vgs: f64, vds: f64, vbs: f64) -> Channel {
        let [g, d, b] = Dual::variables(vgs, vds, vbs);
        let eta = 1.0 + self.narrow;
        let depth = -b + self.phi;
        let source = Root::new(self.phi, b);
        let drain = Root::new(self.phi, b - d);
        let vbin = depth * self.narrow + self.vbi;
        let (gamma, dgamma) = self.short_channel(&source, &drain);
        let threshold = vbin + gamma * source.root;
        let fast = self.fast > 0.0;
        let (on, slope) = if fast {
            let xn = -(gamma * source.slope + dgamma * source.root) + (1.0 + self.fast + self.narrow);
            (threshold + xn * self.vt, xn * self.vt)
        } else {
            (threshold, Dual::default())
        };
        if !fast && vgs <= vbin.value {
            return Channel { threshold: on, ..Channel::default() };
        }
        let over = g - on;
        let reduction = if over.value > self.critical && self.exponent != 0.0 {
            (over / self.critical).power(-self.exponent)
        } else {
            Dual::constant(1.0)
        };
        let mobility = reduction * self.mobility;
        let gate = if fast { g.max(on) } else { g };
        let drive = (gate - vbin) / eta;
        let mut saturation = pinch_off(drive, depth, gamma / eta);
        if self.vmax > 0.0 {
            let xv = mobility.recip() * (self.vmax * self.length);
            if let Some(found) = velocity_saturation(drive + depth, depth, xv, gamma / eta, source.root) {
                // SPICE lets it become negative below the threshold, and a current flows without a drain voltage
                saturation = (found - depth).max(Dual::default());
            }
        }
        let shortening = self.shortening(d, saturation, mobility);
        let beta = reduction * self.beta / shortening;
        let end = d.min(saturation);
        let far = if d.value > saturation.value { Root::new(self.phi, b - saturation) } else { drain };
        let body = far.root * far.root * far.root - source.root * source.root * source.root;
        let charge = |gate: Dual| ((gate - vbin - end * (0.5 * eta)) * end - gamma * body / 1.5) * beta;
        let current = if !fast || vgs > on.value {
            charge(g)
        } else if saturation.value <= 0.0 {
            Dual::default()
        } else {
            charge(on) * ((g - on) / slope).exp()
        };
        Channel { current, threshold: on, saturation }
    }

    /// Body effect with the short-channel share of both junctions, and its derivative with respect to vbs.
    #[inline]
    fn short_channel(&self, source: &Root, drain: &Root) -> (Dual, Dual) {
        if self.xj == 0.0 || self.xd == 0.0 {
            return (Dual::constant(self.gamma), Dual::default());
        }
        let scale = 0.5 * self.xj / self.length;
        let inner = 2.0 * self.xd / self.xj;
        let (at_source, at_drain) = ((source.root * inner + 1.0).sqrt(), (drain.root * inner + 1.0).sqrt());
        let gamma = (-(at_source + at_drain - 2.0) * scale + 1.0) * self.gamma;
        let slope = (source.slope / at_source + drain.slope / at_drain) * (-0.5 * self.gamma * self.xd / self.length);
        (gamma, slope)
    }

    /// Length of the channel as a fraction of the drawn one.
    #[inline]
    fn shortening(&self, d: Dual, saturation: Dual, mobility: Dual) -> Dual {
        let lost = if self.xd == 0.0 || self.lambda > 0.0 {
            d * self.lambda
        } else if self.vmax > 0.0 {
            let xd = self.xd / self.neff_root;
            let field = mobility.recip() * (0.5 * self.vmax * xd);
            let beyond = if d.value > saturation.value { d - saturation } else { Dual::default() };
            ((field * field + beyond).sqrt() - field) * (xd / self.length)
        } else {
            let x = (d - saturation) / 4.0;
            (x + (x * x + 1.0).sqrt()).sqrt() * (self.xd / self.length)
        };
        let left = -lost + 1.0;
        let shortest = if self.xd > 0.0 { self.shortest } else { 0.25e-6 };
        if left.value * self.length >= shortest {
            return left;
        }
        // punch-through: the channel never vanishes
        let excess = (lost * self.length - (self.length - self.shortest)) / shortest;
        (excess + 1.0).recip() * (shortest / self.length)
    }
}

/// `sqrt(phi - v)`, bent under forward bias, and its derivative with respect to v.
struct Root {
    root: Dual,
    slope: Dual,
}

impl Root {
    #[inline]
    fn new(phi: f64, v: Dual) -> Self {
        if v.value <= 0.0 {
            let root = (-v + phi).sqrt();
            return Self { root, slope: root.recip() * -0.5 };
        }
        let flat = phi.sqrt();
        let root = (v * (0.5 / phi) + 1.0).recip() * flat;
        Self { root, slope: root * root * (-0.5 / (phi * flat)) }
    }
}

/// Saturation where the mobile charge at the drain vanishes.
#[inline]
fn pinch_off(drive: Dual, depth: Dual, gamma: Dual) -> Dual {
    let zero = Dual::default();
    if gamma.value <= 0.0 {
        return drive.max(zero);
    }
    let square = gamma * gamma;
    let argument = drive + depth;
    if argument.value <= 0.0 {
        return zero;
    }
    let root = (argument * 4.0 / square + 1.0).sqrt();
    (drive + square * (-root + 1.0) * 0.5).max(zero)
}

/// `saturation + phi - vbs` where the carriers reach their largest velocity: the square of the smallest positive root of
/// Baum's polynomial, with its derivatives by the implicit function theorem.
fn velocity_saturation(v1: Dual, v2: Dual, xv: Dual, gamma: Dual, source: Dual) -> Option<Dual> {
    let a = gamma * (1.0 / 0.75);
    let b = (v1 + xv) * -2.0;
    let c = gamma * xv * -2.0;
    let e = v1 * (v2 + xv) * 2.0 - v2 * v2 - gamma * source * source * source * (4.0 / 3.0);
    let x = smallest_root(a.value, b.value, c.value, e.value)?;
    let slope = ((4.0 * x + 3.0 * a.value) * x + 2.0 * b.value) * x + c.value;
    if slope == 0.0 {
        return None;
    }
    let residual = ((a * x + b) * x + c) * x + e;
    let root = Dual { value: x, slope: residual.slope.map(|s| -s / slope) };
    Some(root * root)
}

/// Smallest positive real root of `x^4 + a x^3 + b x^2 + c x + d`, by Ferrari's method and polished by Newton's.
fn smallest_root(a: f64, b: f64, c: f64, d: f64) -> Option<f64> {
    // resolvent y^3 + p y^2 + q y + r
    let (p, q, r) = (-b, a * c - 4.0 * d, -d * (a * a - 4.0 * b) - c * c);
    let (m, n) = (q - p * p / 3.0, 2.0 * p * p * p / 27.0 - p * q / 3.0 + r);
    let discriminant = 0.25 * n * n + m * m * m / 27.0;
    let y = if discriminant < 0.0 {
        let radius = (-m / 3.0).sqrt();
        let angle = (-0.5 * n / (radius * radius * radius)).clamp(-1.0, 1.0).acos();
        2.0 * radius * (angle / 3.0).cos() - p / 3.0
    } else {
        let root = discriminant.sqrt();
        (-0.5 * n + root).cbrt() + (-0.5 * n - root).cbrt() - p / 3.0
    };
    let first = (0.25 * a * a - b + y).max(0.0).sqrt();
    let second = (0.25 * y * y - d).max(0.0).sqrt();
    let polynomial = |x: f64| (((x + a) * x + b) * x + c) * x + d;
    let mut best: Option<f64> = None;
    for (s, t) in [(1.0, 1.0), (-1.0, 1.0), (1.0, -1.0), (-1.0, -1.0)] {
        let (half, rest) = (0.5 * (0.5 * a + s * first), 0.5 * y + t * second);
        let under = half * half - rest;
        if under < 0.0 {
            continue;
        }
        for x in [-half + under.sqrt(), -half - under.sqrt()] {
            if x <= 0.0 || polynomial(x).abs() > 1e-6 || best.is_some_and(|best| x >= best) {
                continue;
            }
            best = Some(x);
        }
    }
    let mut x = best?;
    for _ in 0..2 {
        let slope = ((4.0 * x + 3.0 * a) * x + 2.0 * b) * x + c;
        let step = polynomial(x) / slope;
        if step.is_finite() && step.abs() < 1e-3 * x {
            x -= step;
        }
    }
    Some(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_positive_root_is_found() {
        // (x - 0.5)(x - 2)(x + 1)(x + 3)
        let (a, b, c, d) = (1.5, -6.0, -3.5, 3.0);
        assert!((smallest_root(a, b, c, d).expect("a root") - 0.5).abs() < 1e-14);
        assert!(smallest_root(0.0, 2.0, 0.0, 1.0).is_none());
    }
}
