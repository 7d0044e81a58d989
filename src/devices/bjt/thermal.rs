//! A bipolar transistor at its temperature, with its areas applied.

use super::super::junction::{
    BOLTZMANN, CHARGE, Depletion, capacitance_ratio, critical_voltage, potential_with_gap, thermal_voltage,
};
use super::params::{BjtInstance, BjtModel};
use super::quasi::Epitaxy;

/// Everything the equations need.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Transistor {
    /// kT/q, V.
    pub vt: f64,
    /// Temperature, K.
    pub temperature: f64,
    /// Saturation current and emission voltage of the forward and the reverse transport current.
    pub forward: (f64, f64),
    pub reverse: (f64, f64),
    /// The same of the two leakage currents and of the substrate junction.
    pub leak_be: (f64, f64),
    pub leak_bc: (f64, f64),
    pub substrate: Option<(f64, f64)>,
    /// 1/bf and 1/br.
    pub inverse_gain: (f64, f64),
    /// 1/vaf and 1/var.
    pub inverse_early: (f64, f64),
    /// 1/ikf and 1/ikr.
    pub inverse_knee: (f64, f64),
    /// Exponent of the fall of the gain; `None` for a square root.
    pub knee_exponent: Option<f64>,
    /// rb - rbm and rbm, ohm.
    pub base: (f64, f64),
    /// irb, A; 0 lets the base charge modulate the resistance.
    pub base_current: f64,
    /// Conductances in series with collector and emitter, S; 0 without.
    pub collector: f64,
    pub emitter: f64,
    /// tf, xtf, 1/(1.44 vtf), itf.
    pub transit: (f64, f64, f64, f64),
    pub transit_reverse: f64,
    /// Delay of the excess phase, s.
    pub delay: f64,
    pub depletion_be: Depletion,
    pub depletion_bc: Depletion,
    pub depletion_bx: Depletion,
    pub depletion_substrate: Depletion,
    /// Constant capacitances base-collector, base-emitter, and of the substrate.
    pub parasitic: [f64; 3],
    /// Critical voltages of the emitter and collector junctions, and of the substrate's.
    pub critical: f64,
    pub critical_substrate: f64,
    /// Quasi-saturation.
    pub epitaxy: Option<Epitaxy>,
    /// Substrate at the collector (true) or at the base.
    pub vertical: bool,
}

/// Depletion charge of one junction: capacitance, potential, grading, `fc`, linear coefficients for tlevc=1.
struct Layer {
    capacitance: f64,
    potential: f64,
    grading: f64,
    fc: f64,
    linear: (f64, f64),
}

/// 1/x, or 0 where 0 stands for infinity.
fn inverse(x: f64) -> f64 {
    if x == 0.0 { 0.0 } else { 1.0 / x }
}

impl Transistor {
    /// `npn` chooses defaults; temperatures in K.
    pub fn new(model: &BjtModel, geometry: &BjtInstance, npn: bool, temperature: f64, nominal: f64) -> Self {
        let (m, above) = (geometry.m, temperature - nominal);
        let area = geometry.area * m;
        let area_b = if geometry.areab.is_nan() { area } else { geometry.areab * m };
        let area_c = if geometry.areac.is_nan() { area } else { geometry.areac * m };
        let vertical = if model.subs.is_nan() || model.subs == 0.0 { npn } else { model.subs > 0.0 };
        let (area_bc, area_s) = if vertical { (area_b, area_c) } else { (area_c, area_b) };
        let hot = |one: f64, two: f64| 1.0 + one * above + two * above * above;
        let (vt, vt_nominal) = (thermal_voltage(temperature), thermal_voltage(nominal));
        let (ratio, log_ratio) = (temperature / nominal, (temperature / nominal).ln());

        let silicon = |t: f64| 1.16 - 7.02e-4 * t * t / (t + 1108.0);
        let own = |t: f64| model.eg - model.gap1 * t * t / (t + model.gap2);
        let gap = |t: f64| if model.tlev == 2.0 { own(t) } else { silicon(t) };
        let gain = match model.tlev as u32 {
            0 | 2 => (log_ratio * model.xtb).exp(),
            1 => 1.0 + model.xtb * above,
            _ => 1.0,
        };
        let rise = model.xti * log_ratio
            + if model.tlev == 2.0 {
                gap(nominal) / vt_nominal - gap(temperature) / vt
            } else {
                (ratio - 1.0) * model.eg / vt
            };
        // a current at this temperature; with tlev=3 its logarithm is scaled
        let heated = |current: f64, n: f64, divisor: f64, one: f64, two: f64| match current {
            0.0 => 0.0,
            _ if model.tlev == 3.0 => current.powf(hot(one, two)),
            _ => current * (rise / n).exp() / divisor,
        };
        let is = heated(model.is, 1.0, 1.0, model.tis1, model.tis2);
        let separate = !model.ibe.is_nan() && !model.ibc.is_nan();
        let (is_be, is_bc) = if separate {
            let be = heated(model.ibe, model.nf, 1.0, model.tis1, model.tis2);
            (area * be, area_bc * heated(model.ibc, model.nr, 1.0, model.tis1, model.tis2))
        } else {
            (area * is, area * is)
        };
        let leak = |given: f64| if given > 1e-4 { model.is * given } else { given };
        let leak_be = area * heated(leak(model.ise), model.ne, gain, model.tise1, model.tise2);
        let leak_bc = area_bc * heated(leak(model.isc), model.nc, gain, model.tisc1, model.tisc2);
        let gain_of = |beta: f64, one: f64, two: f64| {
            if one.is_nan() && two.is_nan() {
                beta * gain
            } else {
                beta * hot(if one.is_nan() { 0.0 } else { one }, if two.is_nan() { 0.0 } else { two })
            }
        };
        let substrate = (!model.iss.is_nan()).then(|| {
            let current = heated(model.iss, model.ns, gain, model.tiss1, model.tiss2);
            (current * if separate { area_s } else { area }, vt * model.ns * hot(model.tns1, model.tns2))
        });

        let layer = |l: Layer| {
            let grading = l.grading.min(0.999);
            let (capacitance, potential) = if model.tlevc == 1.0 {
                (l.capacitance * (1.0 + l.linear.0 * above), l.potential - l.linear.1 * above)
            } else {
                let (hot, reference) = potential_with_gap(l.potential, nominal, temperature, gap);
                let factor = capacitance_ratio(grading, l.potential, hot, reference, nominal, temperature);
                (l.capacitance * factor, hot)
            };
            Depletion::new(capacitance, potential, grading, l.fc)
        };
        let fc = model.fc.min(0.9999);
        let collector_layer = |capacitance: f64| {
            layer(Layer {
                capacitance,
                potential: model.vjc,
                grading: model.mjc * hot(model.tmjc1, model.tmjc2),
                fc,
                linear: (model.ctc, model.tvjc),
            })
        };
        let rbm = if model.rbm.is_nan() { model.rb } else { model.rbm };
        let rb = model.rb * hot(model.trb1, model.trb2) / area;
        let rbm = rbm * hot(model.trm1, model.trm2) / area;
        Self {
            vt,
            temperature,
            forward: (is_be, vt * model.nf * hot(model.tnf1, model.tnf2)),
            reverse: (is_bc, vt * model.nr * hot(model.tnr1, model.tnr2)),
            leak_be: (leak_be, vt * model.ne * hot(model.tne1, model.tne2)),
            leak_bc: (leak_bc, vt * model.nc * hot(model.tnc1, model.tnc2)),
            substrate,
            inverse_gain: (
                1.0 / gain_of(model.bf, model.tbf1, model.tbf2),
                1.0 / gain_of(model.br, model.tbr1, model.tbr2),
            ),
            inverse_early: (
                inverse(model.vaf * hot(model.tvaf1, model.tvaf2)),
                inverse(model.var * hot(model.tvar1, model.tvar2)),
            ),
            inverse_knee: (
                inverse(model.ikf * hot(model.tikf1, model.tikf2)) / area,
                inverse(model.ikr * hot(model.tikr1, model.tikr2)) / area,
            ),
            knee_exponent: (model.nkf != 0.5).then_some(model.nkf),
            base: if rb == 0.0 { (0.0, 0.0) } else { (rb - rbm, rbm) },
            base_current: model.irb * hot(model.tirb1, model.tirb2) * area,
            collector: inverse(model.rc * hot(model.trc1, model.trc2)) * area,
            emitter: inverse(model.re * hot(model.tre1, model.tre2)) * area,
            transit: (
                model.tf * hot(model.ttf1, model.ttf2),
                model.xtf,
                if model.vtf == 0.0 { 0.0 } else { 1.0 / (1.44 * model.vtf) },
                model.itf * hot(model.titf1, model.titf2) * area,
            ),
            transit_reverse: model.tr * hot(model.ttr1, model.ttr2),
            delay: model.ptf.to_radians() * model.tf,
            depletion_be: layer(Layer {
                capacitance: model.cje * area,
                potential: model.vje,
                grading: model.mje * hot(model.tmje1, model.tmje2),
                fc,
                linear: (model.cte, model.tvje),
            }),
            depletion_bc: collector_layer(model.cjc * area_bc * model.xcjc),
            depletion_bx: collector_layer(model.cjc * area_bc * (1.0 - model.xcjc)),
            depletion_substrate: layer(Layer {
                capacitance: model.cjs * area_s,
                potential: model.vjs,
                grading: model.mjs * hot(model.tmjs1, model.tmjs2),
                fc: 0.0,
                linear: (model.cts, model.tvjs),
            }),
            parasitic: [model.cbcp * area, model.cbep * area, model.ccsp * area],
            critical: critical_voltage((area * is).max(is_be).max(1e-300), vt),
            critical_substrate: substrate.map_or(50.0, |(is, vt)| critical_voltage(is.max(1e-300), vt)),
            epitaxy: (!model.rco.is_nan()).then(|| {
                let (cn, d) = if npn { (2.42, 0.87) } else { (2.2, 0.52) };
                let or = |given: f64, default: f64| if given.is_nan() { default } else { given };
                let (resistance, saturation, doping) = if model.quasimod == 1.0 {
                    let barrier = model.vg * CHARGE / (BOLTZMANN * temperature) * (ratio - 1.0);
                    (ratio.powf(or(model.cn, cn)), ratio.powf(or(model.d, d)), ratio.powf(model.xti) * barrier.exp())
                } else {
                    (1.0, 1.0, 1.0)
                };
                Epitaxy {
                    vt,
                    resistance: model.rco.max(0.01) * resistance / m,
                    saturation: model.vo * saturation,
                    doping: model.gamma * doping,
                    charge: model.qco * m,
                }
            }),
            vertical,
        }
    }
}
