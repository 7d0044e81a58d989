//! A transistor at its temperature, with its geometry applied: what all levels share.

use super::charges::{Gate, meyer, ward_dutton};
use super::dual::Dual;
use super::level1::Level1;
use super::level2::Level2;
use super::level3::Level3;
use super::level6::Level6;
use super::params::{MosfetInstance, MosfetModel};
use super::process::{Process, or};
use crate::devices::junction::{
    BOLTZMANN, CHARGE, Depletion, band_gap, capacitance_factor, critical_voltage, junction_current, limit_drain,
    limit_gate, limit_junction, potential_at, thermal_voltage,
};

/// Channel current of one level, for an n-channel with drain above source.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Level {
    /// Shichman and Hodges.
    One(Level1),
    /// Grove and Frohman.
    Two(Level2),
    /// Semi-empirical; level 9 has the same equations.
    Three(Level3),
    /// Sakurai and Newton.
    Six(Level6),
}

/// Channel current, threshold (where the current sets in) and saturation voltage at one bias.
#[derive(Clone, Copy, Debug, Default)]
pub struct Channel {
    /// A.
    pub current: Dual,
    /// V.
    pub threshold: Dual,
    /// V.
    pub saturation: Dual,
}

impl Level {
    #[inline]
    fn forward(&self, vgs: f64, vds: f64, vbs: f64) -> Channel {
        match self {
            Self::One(level) => level.forward(vgs, vds, vbs),
            Self::Two(level) => level.forward(vgs, vds, vbs),
            Self::Three(level) => level.forward(vgs, vds, vbs),
            Self::Six(level) => level.forward(vgs, vds, vbs),
        }
    }
}

/// Which charges the gate has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ChargeModel {
    /// Meyer's capacitances, integrated along the way of the voltages.
    Meyer,
    /// Ward and Dutton's charges, functions of the voltages; the drain's share of the channel charge in saturation.
    WardDutton(f64),
}

/// The whole transistor at one bias.
#[derive(Clone, Copy, Debug)]
pub struct Bias {
    /// Current from drain to source, A.
    pub current: Dual,
    /// Capacitances or charges of the gate.
    pub gate: Gate,
    /// Threshold of the direction that conducts, V.
    pub threshold: f64,
    /// Saturation voltage of the direction that conducts, V.
    pub saturation: f64,
}

/// A bulk junction at its temperature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BulkJunction {
    is: f64,
    vt: f64,
    critical: f64,
    bottom: Depletion,
    side: Depletion,
    /// False when the card gives no junction capacitance.
    has_charge: bool,
}

impl BulkJunction {
    /// Current, conductance, charge, capacitance.
    #[inline]
    pub fn at(&self, v: f64, gmin: f64) -> (f64, f64, f64, f64) {
        let (i, g) = junction_current(v, self.is, self.vt);
        if !self.has_charge {
            return (i + gmin * v, g + gmin, 0.0, 0.0);
        }
        let ((q1, c1), (q2, c2)) = (self.bottom.charge(v), self.side.charge(v));
        (i + gmin * v, g + gmin, q1 + q2, c1 + c2)
    }

    /// As [`BulkJunction::at`], continued from the last evaluation while the voltage is within [`QUIET`] of it.
    #[inline]
    pub fn near(&self, v: f64, gmin: f64, kept: &mut KeptJunction) -> (f64, f64, f64, f64) {
        if !self.has_charge {
            return self.at(v, gmin);
        }
        let step = v - kept.v;
        // NaN before the first evaluation
        if step.abs() > QUIET || step.is_nan() {
            let (i, g, q, c) = self.at(v, 0.0);
            *kept = KeptJunction { v, i, g, q, c };
            return (i + gmin * v, g + gmin, q, c);
        }
        (kept.i + kept.g * step + gmin * v, kept.g + gmin, kept.q + kept.c * step, kept.c)
    }
}

/// Voltages that have moved by less than this since an evaluation take its tangents along, V. What the tangents miss is
/// of second order: of an exponential `(QUIET / vt)^2 / 2`, below 1e-9 of the current, of a depletion charge below 1e-12,
/// of a square law below 1e-12 A per A/V^2; all far below the tolerances of Newton's method. The slopes themselves are
/// those of a point up to this far away, `QUIET / vt` = 4e-6 of an exponential's. Finite differences have to step further
/// than this (`jacobian_check` does, tenfold): of two points at its very distance one is on the tangent and one is not.
const QUIET: f64 = 1e-7;

/// The last evaluation of a junction.
#[derive(Clone, Copy, Debug)]
pub struct KeptJunction {
    v: f64,
    i: f64,
    g: f64,
    q: f64,
    c: f64,
}

impl Default for KeptJunction {
    fn default() -> Self {
        Self { v: f64::NAN, i: 0.0, g: 0.0, q: 0.0, c: 0.0 }
    }
}

/// The last evaluation of a transistor.
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    v: [f64; 3],
    bias: Bias,
    /// Of the junctions to source and drain.
    pub source: KeptJunction,
    /// See `source`.
    pub drain: KeptJunction,
}

impl Default for Kept {
    fn default() -> Self {
        let bias = Bias {
            current: Dual::default(),
            gate: Gate::Capacitances([Dual::default(); 3]),
            threshold: 0.0,
            saturation: 0.0,
        };
        Self { v: [f64::NAN; 3], bias, source: KeptJunction::default(), drain: KeptJunction::default() }
    }
}

/// A transistor at its temperature, with its geometry applied.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transistor {
    level: Level,
    charges: ChargeModel,
    /// Surface potential, V, and body effect, V^0.5.
    phi: f64,
    gamma: f64,
    /// Gate oxide capacitance, F.
    pub cox: f64,
    /// Threshold at zero bulk bias, V.
    pub vto: f64,
    /// Junction of bulk and drain.
    pub drain: BulkJunction,
    /// Junction of bulk and source.
    pub source: BulkJunction,
    /// Overlap capacitances to source, drain and bulk, F.
    pub overlap: [f64; 3],
    /// S; 0 without a series resistance.
    pub drain_conductance: f64,
    /// S; 0 without a series resistance.
    pub source_conductance: f64,
    /// Temperature, K.
    pub temperature: f64,
    /// Effective width, m, and length, m, of one of the `m` parallel transistors.
    pub width: f64,
    pub length: f64,
    /// Number in parallel.
    pub parallel: f64,
    /// Transconductance factor with geometry, A/V^2.
    pub beta: f64,
}

/// What the levels are made from.
pub struct Geometry<'a> {
    /// The card.
    pub model: &'a MosfetModel,
    /// Process parameters at the nominal temperature.
    pub process: &'a Process,
    /// Effective length, m.
    pub length: f64,
    /// Effective width, m.
    pub width: f64,
    /// Transistors in parallel.
    pub parallel: f64,
    /// Transconductance factor with geometry at the temperature, A/V^2.
    pub beta: f64,
    /// Surface mobility at the temperature, m^2/Vs.
    pub mobility: f64,
    /// Surface potential at the temperature, V.
    pub phi: f64,
    /// Threshold without the body's share at the temperature, of an n-channel, V.
    pub vbi: f64,
    /// Bulk junction potential at the temperature, V.
    pub junction_potential: f64,
    /// kT/q, V.
    pub vt: f64,
    /// `(nominal / temperature)^1.5`.
    pub cooling: f64,
}

/// Effective length and width of the channel, m.
pub fn effective_size(level: u8, model: &MosfetModel, geo: &MosfetInstance) -> (f64, f64) {
    let length = geo.l - 2.0 * model.ld;
    match level {
        3 | 9 => (length + model.xl, geo.w - 2.0 * model.wd + model.xw),
        _ => (length, geo.w),
    }
}

impl Transistor {
    /// A transistor of `level`; `sign` is -1 for a p-channel; temperatures in K.
    pub fn new(
        level: u8,
        model: &MosfetModel,
        geo: &MosfetInstance,
        sign: f64,
        temperature: f64,
        nominal: f64,
    ) -> Self {
        let process = Process::new(level, model, sign, nominal);
        let Process { oxide, kp, vto, gamma, phi, .. } = process;
        let (gap, gap_nominal) = (band_gap(temperature), band_gap(nominal));
        let (hot_phi, _) = potential_at(phi, nominal, temperature);
        let shift = if matches!(level, 3 | 9) { model.delvto } else { 0.0 };
        let vbi = vto + shift - sign * gamma * phi.sqrt() + 0.5 * (gap_nominal - gap) + sign * 0.5 * (hot_phi - phi);
        let (length, width) = effective_size(level, model, geo);
        let vt = thermal_voltage(temperature);
        let hotter = (gap_nominal * CHARGE / (BOLTZMANN * nominal) - gap * CHARGE / (BOLTZMANN * temperature)).exp();
        let by_area = model.js > 0.0 && geo.ad > 0.0 && geo.as_ > 0.0;
        let (pb, _) = potential_at(model.pb, nominal, temperature);
        let mjsw = or(model.mjsw, if level == 1 || level == 6 { 0.5 } else { 0.33 });
        let junction = |area: f64, perimeter: f64, given: f64| {
            let is = geo.m * hotter * if by_area { model.js * area } else { model.is };
            let hot = |c: f64, m: f64| geo.m * c * capacitance_factor(m, model.pb, nominal, temperature);
            let bottom = hot(or(given, model.cj * area), model.mj);
            let side = hot(model.cjsw * perimeter, mjsw);
            BulkJunction {
                is,
                vt,
                critical: critical_voltage(is, vt),
                bottom: Depletion::new(bottom, pb, model.mj, model.fc),
                side: Depletion::new(side, pb, mjsw, model.fc),
                has_charge: bottom != 0.0 || side != 0.0,
            }
        };
        let conductance = |given: f64, squares: f64| {
            let r = or(given, model.rsh * squares);
            if r > 0.0 { geo.m / r } else { 0.0 }
        };
        let cooling = (nominal / temperature).powf(1.5);
        let beta = kp * cooling * geo.m * width / length;
        let geometry = Geometry {
            model,
            process: &process,
            length,
            width,
            parallel: geo.m,
            beta,
            mobility: model.uo * 1e-4 * cooling,
            phi: hot_phi,
            vbi: sign * vbi,
            junction_potential: pb,
            vt,
            cooling,
        };
        let channel = match level {
            2 => Level::Two(Level2::new(&geometry)),
            3 | 9 => Level::Three(Level3::new(&geometry)),
            6 => Level::Six(Level6::new(&geometry)),
            _ => Level::One(Level1::new(&geometry)),
        };
        let charges = if model.capop == 4.0 || (model.capop.is_nan() && model.xqc <= 0.5) {
            ChargeModel::WardDutton(or(model.xqc, 0.5).min(0.5))
        } else {
            ChargeModel::Meyer
        };
        Self {
            level: channel,
            charges,
            phi: hot_phi,
            gamma,
            cox: oxide * length * width * geo.m,
            vto: sign * vbi + gamma * hot_phi.sqrt(),
            drain: junction(geo.ad, geo.pd, model.cbd),
            source: junction(geo.as_, geo.ps, model.cbs),
            overlap: [model.cgso * width * geo.m, model.cgdo * width * geo.m, model.cgbo * length * geo.m],
            drain_conductance: conductance(model.rd, geo.nrd),
            source_conductance: conductance(model.rs, geo.nrs),
            temperature,
            width,
            length,
            parallel: geo.m,
            beta,
        }
    }

    /// True when the charges of the gate depend on the way of the voltages.
    #[inline]
    pub fn has_history(&self) -> bool {
        self.cox != 0.0 && self.charges == ChargeModel::Meyer
    }

    /// Both directions of current: source and drain change roles when `vds` is negative.
    #[inline]
    pub fn at(&self, [vgs, vds, vbs]: [f64; 3]) -> Bias {
        if vds >= 0.0 {
            let (channel, gate) = self.forward(vgs, vds, vbs);
            return Bias {
                current: channel.current,
                gate,
                threshold: channel.threshold.value,
                saturation: channel.saturation.value,
            };
        }
        let (channel, gate) = self.forward(vgs - vds, -vds, vbs - vds);
        Bias {
            current: channel.current.exchanged(-1.0),
            gate: gate.exchanged(),
            threshold: channel.threshold.value,
            saturation: channel.saturation.value,
        }
    }

    /// As [`Transistor::at`], continued from the last evaluation while the voltages are within [`QUIET`] of it. Level 1 is
    /// evaluated always: that is as quick.
    #[inline]
    pub fn near(&self, v: [f64; 3], kept: &mut Kept) -> Bias {
        if matches!(self.level, Level::One(_)) {
            return self.at(v);
        }
        let step = [v[0] - kept.v[0], v[1] - kept.v[1], v[2] - kept.v[2]];
        if step.iter().all(|s| s.abs() <= QUIET) {
            let bias = &kept.bias;
            let current = Dual { value: bias.current.along(&step), ..bias.current };
            return Bias { current, gate: bias.gate.along(&step), ..*bias };
        }
        let bias = self.at(v);
        (kept.v, kept.bias) = (v, bias);
        bias
    }

    #[inline(always)]
    fn forward(&self, vgs: f64, vds: f64, vbs: f64) -> (Channel, Gate) {
        let channel = self.level.forward(vgs, vds, vbs);
        let gate = match self.charges {
            ChargeModel::Meyer => Gate::Capacitances(meyer(&channel, vgs, vds, self.phi, self.cox)),
            ChargeModel::WardDutton(share) => {
                Gate::Charges(ward_dutton(&channel, [vgs, vds, vbs], self.phi, self.gamma, self.cox, share))
            }
        };
        (channel, gate)
    }

    /// Voltages (vgs, vds, vbs) after limiting the step from the `old` ones, where the threshold was `threshold`.
    #[inline]
    pub fn limit(&self, new: [f64; 3], old: [f64; 3], threshold: f64) -> [f64; 3] {
        // None of the limits below acts on steps within a thermal voltage (below 0.2 V): branch voltages then move by two
        // of them at most, and the tightest limits are 0.5 V at the channel and two thermal voltages at a junction.
        if new.iter().zip(&old).all(|(new, old)| (new - old).abs() <= self.source.vt) {
            return new;
        }
        let [mut vgs, mut vds, mut vbs] = new;
        let vgd = vgs - vds;
        if old[1] >= 0.0 {
            vgs = limit_gate(vgs, old[0], threshold);
            vds = limit_drain(vgs - vgd, old[1]);
        } else {
            let vgd = limit_gate(vgd, old[0] - old[1], threshold);
            vds = -limit_drain(-(vgs - vgd), -old[1]);
            vgs = vgd + vds;
        }
        if vds >= 0.0 {
            vbs = limit_junction(vbs, old[2], self.source.vt, self.source.critical);
        } else {
            vbs = vds + limit_junction(vbs - vds, old[2] - old[1], self.drain.vt, self.drain.critical);
        }
        [vgs, vds, vbs]
    }
}
