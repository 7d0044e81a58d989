//! Levels 3 and 9: the semi-empirical model of SPICE2.
//!
//! Vladimirescu and Liu, "The simulation of MOS integrated circuits using SPICE2", Memorandum M80/7, University of
//! California, Berkeley (1980); short channel after Dang, IEEE J. Solid-State Circuits 14 (1979) 358. Channel length
//! modulation without a jump of the conductance at saturation, as in ngspice.

use super::dual::Dual;
use super::process::SILICON;
use super::transistor::{Channel, Geometry};
use crate::devices::junction::CHARGE;

/// Width of the cylindrical depletion layer over the junction depth: coefficients of its polynomial.
const CYLINDER: [f64; 3] = [0.0631353, 0.8013292, -0.01110777];

/// Parameters of the intrinsic transistor at its temperature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level3 {
    beta: f64,
    phi: f64,
    gamma: f64,
    vbi: f64,
    length: f64,
    /// Depletion width at 1 V, m; 0 without a doping.
    xd: f64,
    /// Junction depth and lateral diffusion, m.
    xj: f64,
    ld: f64,
    /// Narrow-channel share of the body effect.
    narrow: f64,
    /// Static feedback at this length.
    feedback: f64,
    /// Fast surface states over oxide capacitance; 0 without current below the threshold.
    fast: f64,
    /// 1/V.
    theta: f64,
    /// m^2/Vs.
    mobility: f64,
    /// m/s; 0 without velocity saturation.
    vmax: f64,
    kappa: f64,
    vt: f64,
}

impl Level3 {
    /// With card and geometry applied.
    pub fn new(geo: &Geometry) -> Self {
        let (model, process) = (geo.model, geo.process);
        Self {
            beta: geo.beta,
            phi: geo.phi,
            gamma: process.gamma,
            vbi: geo.vbi,
            length: geo.length,
            xd: process.depletion_width(),
            xj: model.xj,
            ld: model.ld,
            narrow: 0.5 * model.delta * std::f64::consts::PI * SILICON / (process.oxide * geo.width),
            feedback: model.eta * 8.15e-22 / (process.oxide * geo.length.powi(3)),
            fast: CHARGE * model.nfs * 1e4 / process.oxide,
            theta: model.theta,
            mobility: geo.mobility,
            vmax: model.vmax,
            kappa: model.kappa,
            vt: geo.vt,
        }
    }

    /// Channel current with drain above source.
    pub fn forward(&self, vgs: f64, vds: f64, vbs: f64) -> Channel {
        let [g, d, b] = Dual::variables(vgs, vds, vbs);
        let root =
            if vbs <= 0.0 { (-b + self.phi).sqrt() } else { (b * (0.5 / self.phi) + 1.0).recip() * self.phi.sqrt() };
        let depth = root * root;
        let gamma = self.short_channel(root) * self.gamma;
        let body = gamma / (root * 4.0) + self.narrow;
        let bulk_charge = gamma * root + depth * self.narrow;
        let threshold = bulk_charge - d * self.feedback + self.vbi;
        let fast = self.fast > 0.0;
        let (on, slope) = if fast {
            let slope = (bulk_charge / (depth * 2.0) + (1.0 + self.fast)) * self.vt;
            (threshold + slope, slope)
        } else {
            (threshold, Dual::default())
        };
        if !fast && vgs <= on.value {
            return Channel { threshold: on, ..Channel::default() };
        }
        let over = g.max(on) - threshold;
        let gate_factor = (over * self.theta + 1.0).recip();
        let flat = (body + 1.0).recip();
        let ideal = over * flat;
        let critical = gate_factor.recip() * (self.length * self.vmax / self.mobility);
        let saturation =
            if self.vmax > 0.0 { ideal + critical - (ideal * ideal + critical * critical).sqrt() } else { ideal };
        let end = d.min(saturation);
        let mut current = (over - (body + 1.0) * end * 0.5) * end * gate_factor * self.beta;
        let mut velocity = Dual::constant(1.0);
        if self.vmax > 0.0 {
            velocity = (end / critical + 1.0).recip();
            current = current * velocity;
        }
        if let Some(lost) = self.lost_length(d, saturation, current, velocity, critical) {
            current = current / (-lost / self.length + 1.0);
        }
        if fast && vgs < on.value {
            current = current * ((g - on) / slope).exp();
        }
        Channel { current, threshold: on, saturation }
    }

    /// Share of the bulk charge under the channel that belongs to the gate.
    #[inline]
    fn short_channel(&self, root: Dual) -> Dual {
        if self.xj == 0.0 || self.xd == 0.0 {
            return Dual::constant(1.0);
        }
        let w = root * (self.xd / self.xj);
        let lateral = self.ld / self.xj;
        let cylinder = (w * CYLINDER[2] + CYLINDER[1]) * w + CYLINDER[0];
        let ratio = w / (w + 1.0);
        let edge = (-(ratio * ratio) + 1.0).sqrt();
        -((cylinder + lateral) * edge - lateral) * (self.xj / self.length) + 1.0
    }

    /// Channel length lost to the drain's depletion layer, m.
    #[inline]
    fn lost_length(&self, d: Dual, saturation: Dual, current: Dual, velocity: Dual, critical: Dual) -> Option<Dual> {
        let alpha = self.xd * self.xd;
        if alpha == 0.0 || self.kappa == 0.0 {
            return None;
        }
        let saturated = d.value > saturation.value;
        let lost = if self.vmax <= 0.0 {
            if saturated {
                ((d - saturation * 0.875) * (self.kappa * alpha)).sqrt()
            } else if saturation.value > 0.0 {
                let ratio = d / saturation;
                let square = ratio * ratio;
                (saturation * (self.kappa * alpha / 8.0)).sqrt() * square * square
            } else {
                return None;
            }
        } else if saturated && current.value > 0.0 {
            let conductance = (current * (-velocity + 1.0) / critical).max(Dual::constant(1e-12));
            let field = current / conductance * (self.kappa / self.length);
            let half = field * (0.5 * alpha);
            (half * half + (d - saturation) * (self.kappa * alpha)).sqrt() - half
        } else {
            return None;
        };
        // punch-through: the channel never vanishes
        if lost.value > 0.5 * self.length {
            return Some(lost.recip() * (-0.25 * self.length * self.length) + self.length);
        }
        Some(lost)
    }
}
