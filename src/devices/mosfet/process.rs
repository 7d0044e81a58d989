//! Parameters that follow from others: threshold, body effect, surface potential and transconductance from oxide and doping.

use super::params::MosfetModel;
use crate::devices::junction::{BOLTZMANN, CHARGE, band_gap, thermal_voltage};

/// Permittivity of silicon dioxide, F/m (the value of the SPICE models).
const OXIDE: f64 = 3.9 * 8.854214871e-12;
/// Permittivity of silicon, F/m.
pub const SILICON: f64 = 11.7 * 8.854214871e-12;
/// Intrinsic carrier density of silicon at 300 K, 1/m^3.
const INTRINSIC_DENSITY: f64 = 1.45e16;
/// Oxide thickness of levels 2, 3 and 9 when the card gives none, m.
const DEFAULT_THICKNESS: f64 = 1e-7;

/// `value` unless it was not given.
pub fn or(value: f64, default: f64) -> f64 {
    if value.is_nan() { default } else { value }
}

/// Process parameters at the nominal temperature.
#[derive(Clone, Copy, Debug)]
pub struct Process {
    /// Gate oxide capacitance per area, F/m^2; 0 without an oxide.
    pub oxide: f64,
    /// Transconductance, A/V^2.
    pub kp: f64,
    /// Threshold at zero bulk bias, V (negative for a p-channel).
    pub vto: f64,
    /// Body effect, V^0.5.
    pub gamma: f64,
    /// Surface potential, V.
    pub phi: f64,
    /// Substrate doping, 1/m^3; 0 when not given.
    pub doping: f64,
}

impl Process {
    /// The process of a card; `sign` is -1 for a p-channel, `nominal` in K.
    pub fn new(level: u8, model: &MosfetModel, sign: f64, nominal: f64) -> Self {
        let always_oxide = matches!(level, 2 | 3 | 9);
        let oxide = match model.tox {
            tox if tox > 0.0 => OXIDE / tox,
            _ if always_oxide => OXIDE / DEFAULT_THICKNESS,
            _ => 0.0,
        };
        let kp = or(model.kp, if oxide > 0.0 { model.uo * 1e-4 * oxide } else { 2e-5 });
        let density = model.nsub * 1e6;
        let intrinsic = intrinsic_density(level, nominal);
        if oxide == 0.0 || density.is_nan() || density <= intrinsic {
            let (vto, gamma, phi) = (or(model.vto, 0.0), or(model.gamma, 0.0), or(model.phi, 0.6));
            return Self { oxide, kp, vto, gamma, phi, doping: 0.0 };
        }
        let gap = band_gap(nominal);
        let phi = or(model.phi, (2.0 * thermal_voltage(nominal) * (density / intrinsic).ln()).max(0.1));
        let gate = if model.tpg == 0.0 { 3.2 } else { 3.25 + 0.5 * gap - sign * model.tpg * 0.5 * gap };
        let difference = gate - (3.25 + 0.5 * gap + sign * 0.5 * phi);
        let gamma = or(model.gamma, (2.0 * SILICON * CHARGE * density).sqrt() / oxide);
        let flat_band = difference - model.nss * 1e4 * CHARGE / oxide;
        let vto = or(model.vto, flat_band + sign * (gamma * phi.sqrt() + phi));
        Self { oxide, kp, vto, gamma, phi, doping: density }
    }

    /// `sqrt(2 eps / (q N))`: width of a depletion layer at 1 V, m; 0 without a doping.
    pub fn depletion_width(&self) -> f64 {
        if self.doping > 0.0 { (2.0 * SILICON / (CHARGE * self.doping)).sqrt() } else { 0.0 }
    }
}

/// Intrinsic carrier density, 1/m^3: at 300 K, and for levels 3 and 9 at the nominal temperature, K.
pub fn intrinsic_density(level: u8, nominal: f64) -> f64 {
    if !matches!(level, 3 | 9) {
        return INTRINSIC_DENSITY;
    }
    let exponent = 0.5 * band_gap(nominal) * (1.0 / 300.0 - 1.0 / nominal) * CHARGE / BOLTZMANN;
    INTRINSIC_DENSITY * (nominal / 300.0).powf(1.5) * exponent.exp()
}
