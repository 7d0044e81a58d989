//! Level 6: the n-th power law of Sakurai and Newton, IEEE Trans. Electron Devices 38 (1991) 887.

use super::dual::Dual;
use super::level1::linear_root;
use super::process::or;
use super::transistor::{Channel, Geometry};

/// Parameters of the intrinsic transistor at its temperature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level6 {
    /// Saturation current at 1 V above the threshold, A, and its exponent.
    current: f64,
    nc: f64,
    /// Saturation voltage at 1 V above the threshold, V, and its exponent.
    kv: f64,
    nv: f64,
    phi: f64,
    gamma: f64,
    gamma1: f64,
    sigma: f64,
    lambda0: f64,
    lambda1: f64,
    vbi: f64,
}

impl Level6 {
    /// With card and geometry applied.
    pub fn new(geo: &Geometry) -> Self {
        let (model, process) = (geo.model, geo.process);
        let derived = if process.oxide > 0.0 { 0.5 * model.uo * 1e-4 * process.oxide } else { 5e-5 };
        Self {
            current: or(model.kc, derived) * geo.cooling * geo.parallel * geo.width / geo.length,
            nc: model.nc,
            kv: model.kv,
            nv: model.nv,
            phi: geo.phi,
            gamma: process.gamma,
            gamma1: model.gamma1,
            sigma: model.sigma,
            lambda0: or(model.lambda0, or(model.lambda, 0.0)),
            lambda1: model.lambda1,
            vbi: geo.vbi,
        }
    }

    /// Channel current with drain above source.
    pub fn forward(&self, vgs: f64, vds: f64, vbs: f64) -> Channel {
        let [g, d, b] = Dual::variables(vgs, vds, vbs);
        let (root, slope) = linear_root(self.phi, vbs);
        let root = Dual { value: root, slope: [0.0, 0.0, slope] };
        let threshold = root * self.gamma - b * self.gamma1 - d * self.sigma + self.vbi;
        let over = g - threshold;
        if over.value <= 0.0 {
            return Channel { threshold, ..Channel::default() };
        }
        let saturation = over.power(self.nv) * self.kv;
        let modulation = (-(b * self.lambda1) + self.lambda0) * d + 1.0;
        let mut current = over.power(self.nc) * self.current * modulation;
        if saturation.value > vds {
            let share = d / saturation;
            current = current * (-share + 2.0) * share;
        }
        Channel { current, threshold, saturation }
    }
}
