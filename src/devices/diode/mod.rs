//! Junction diode with series resistance, breakdown, depletion and diffusion charge.

use super::cards::{Cards, device, instance, intern, nominal_temperature};
use super::junction::{
    CELSIUS, Depletion, capacitance_factor, critical_voltage, junction_current, limit_junction, potential_at, safe_exp,
    thermal_voltage,
};
use super::{ANY, Bank, Builder, Context, ModelType, NON_NEGATIVE, POSITIVE, Parameters, Slot, Stamps, Unknown};
use crate::circuit::ElementId;
use crate::diagnostic::Diagnostic;

crate::parameters! {
    /// Parameters of a `d` model.
    pub struct DiodeModel {
        level [] = 1.0, "-", 1.0..=1.0, "model level; only 1 is offered";
        is ["js"] = 1e-14, "A", POSITIVE, "saturation current";
        n [] = 1.0, "-", 0.05..=100.0, "emission coefficient";
        rs [] = 0.0, "ohm", NON_NEGATIVE, "series resistance";
        cjo ["cj0", "cj"] = 0.0, "F", NON_NEGATIVE, "junction capacitance at zero bias";
        vj ["pb"] = 1.0, "V", 0.01..=100.0, "junction potential";
        m ["mj"] = 0.5, "-", 0.0..=0.9, "grading coefficient";
        fc [] = 0.5, "-", 0.0..=0.95, "fraction of vj at which the capacitance continues linearly";
        tt [] = 0.0, "s", NON_NEGATIVE, "transit time";
        bv [] = f64::NAN, "V", 0.0..=1e300, "reverse breakdown voltage; infinite when not given";
        ibv [] = 1e-3, "A", POSITIVE, "current at the breakdown voltage";
        nbv [] = f64::NAN, "-", 0.05..=100.0, "emission coefficient of the breakdown; n when not given";
        eg [] = 1.11, "eV", 0.1..=10.0, "activation energy";
        xti [] = 3.0, "-", ANY, "temperature exponent of is";
        tnom ["tref"] = f64::NAN, "degC", -273.0..=2000.0, "temperature of the parameters; `.options tnom` or 27 when not given";
    }
}

crate::parameters! {
    /// Instance parameters of a diode.
    pub struct DiodeInstance {
        area [] = 1.0, "-", POSITIVE, "factor on currents and capacitances";
        m [] = 1.0, "-", POSITIVE, "number of diodes in parallel";
        temp [] = f64::NAN, "degC", -273.0..=2000.0, "temperature of this diode";
        off [] = 0.0, "-", 0.0..=1.0, "starts the operating point without current";
        ic [] = f64::NAN, "V", ANY, "initial voltage with uic";
    }
}

/// The model type of this file.
pub const TYPE: ModelType = ModelType {
    kinds: &["d"],
    summary: "junction diode",
    source: "Antognetti and Massobrio, Semiconductor Device Modeling with SPICE (1993), chapter 1",
    terminals: &["anode", "cathode"],
    model_params: DiodeModel::SPECS,
    instance_params: DiodeInstance::SPECS,
    internals: &["id", "vd", "gd", "cd", "qd", "p"],
    build,
};

/// A diode at its temperature, with its area applied.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Junction {
    is: f64,
    vte: f64,
    critical: f64,
    transit: f64,
    depletion: Depletion,
    /// Breakdown: voltage where it takes over, voltage in its exponent, emission voltage.
    breakdown: Option<(f64, f64, f64)>,
}

/// Current, conductance, charge and capacitance of a junction.
#[derive(Clone, Copy)]
struct Point {
    i: f64,
    g: f64,
    q: f64,
    c: f64,
}

impl Junction {
    fn new(model: &DiodeModel, scale: f64, temperature: f64, nominal: f64) -> Self {
        let vt = thermal_voltage(temperature);
        let vte = model.n * vt;
        let ratio = temperature / nominal;
        let is = scale * model.is * ((ratio - 1.0) * model.eg / vte + model.xti / model.n * ratio.ln()).exp();
        let (vj, _) = potential_at(model.vj, nominal, temperature);
        let cjo = scale * model.cjo * capacitance_factor(model.m, model.vj, nominal, temperature);
        let nbv = if model.nbv.is_nan() { model.n } else { model.nbv };
        Self {
            is,
            vte,
            critical: critical_voltage(is, vte),
            transit: model.tt,
            depletion: Depletion::new(cjo, vj, model.m, model.fc),
            breakdown: model.bv.is_finite().then(|| {
                let shifted = breakdown_voltage(model.bv, scale * model.ibv, is, nbv * vt);
                (-shifted, shifted, nbv * vt)
            }),
        }
    }

    #[inline]
    fn at(&self, v: f64, gmin: f64) -> Point {
        let (i, g) = match self.breakdown {
            Some((start, voltage, vtb)) if v < start => {
                let (e, de) = safe_exp(-(voltage + v) / vtb);
                (-self.is * e, self.is * de / vtb)
            }
            _ => junction_current(v, self.is, self.vte),
        };
        let (q, c) = self.depletion.charge(v);
        Point { i: i + gmin * v, g: g + gmin, q: q + self.transit * i, c: c + self.transit * g }
    }

    fn limit(&self, new: f64, old: f64) -> f64 {
        match self.breakdown {
            Some((_, voltage, vtb)) if new < (10.0 * vtb - voltage).min(0.0) => {
                -limit_junction(-(new + voltage), -(old + voltage), vtb, self.critical) - voltage
            }
            _ => limit_junction(new, old, self.vte, self.critical),
        }
    }
}

/// The voltage in the breakdown exponent for which the current is `ibv` at `bv`.
fn breakdown_voltage(bv: f64, ibv: f64, is: f64, vtb: f64) -> f64 {
    let ibv = ibv.max(is * bv / vtb);
    let mut shifted = bv - vtb * (ibv / is).ln_1p();
    for _ in 0..25 {
        shifted = bv - vtb * (ibv / is + 1.0 - shifted / vtb).max(1.0).ln();
    }
    shifted
}

#[derive(Clone, Copy)]
struct Diode {
    anode: Unknown,
    cathode: Unknown,
    /// Behind the series resistance; the anode itself without one.
    inner: Unknown,
    series: f64,
    junction: u32,
    off: bool,
    slots: [Slot; 4],
    series_slots: [Slot; 4],
}

/// All diodes of a circuit. Memory: the junction voltage of the last evaluation, V.
#[derive(Clone)]
struct DiodeBank {
    elements: Vec<ElementId>,
    diodes: Vec<Diode>,
    junctions: Vec<Junction>,
    starts: Vec<(usize, f64)>,
}

fn build(builder: &mut Builder, ids: &[ElementId], found: &mut Vec<Diagnostic>) -> Option<Box<dyn Bank>> {
    let cards = Cards::<DiodeModel>::read(builder.circuit, ids, found);
    let nominal = nominal_temperature(builder.circuit);
    let mut bank = DiodeBank { elements: ids.to_vec(), diodes: vec![], junctions: vec![], starts: vec![] };
    for (k, &id) in ids.iter().enumerate() {
        let (element, device, _) = device(builder.circuit, id)?;
        let model = cards.of(device);
        let params: DiodeInstance = instance(element, device, found);
        let temperature = if params.temp.is_nan() { builder.temperature } else { params.temp + CELSIUS };
        let nominal = if model.tnom.is_nan() { nominal } else { model.tnom + CELSIUS };
        let scale = params.area * params.m;
        let junction = intern(&mut bank.junctions, Junction::new(&model, scale, temperature, nominal));
        let (anode, cathode) = (builder.terminal(id, 0), builder.terminal(id, 1));
        let (inner, series, series_slots) = if model.rs > 0.0 {
            let inner = builder.internal_node(id, "internal");
            (inner, scale / model.rs, builder.pair(anode, inner))
        } else {
            (anode, 0.0, [Slot::MAX; 4])
        };
        let slots = builder.pair(inner, cathode);
        let off = params.off != 0.0;
        bank.diodes.push(Diode { anode, cathode, inner, series, junction, off, slots, series_slots });
        if params.ic.is_finite() {
            bank.starts.push((k, params.ic));
        }
    }
    Some(Box::new(bank))
}

impl Bank for DiodeBank {
    fn clone_bank(&self) -> Box<dyn Bank> {
        Box::new(self.clone())
    }

    fn elements(&self) -> &[ElementId] {
        &self.elements
    }

    fn slots_mut(&mut self) -> Vec<&mut Slot> {
        self.diodes.iter_mut().flat_map(|d| d.slots.iter_mut().chain(&mut d.series_slots)).collect()
    }

    fn constant(&self, g: &mut [f64], _c: &mut [f64]) {
        for d in &self.diodes {
            for (&slot, sign) in d.series_slots.iter().zip([1.0, -1.0, -1.0, 1.0]) {
                g[slot as usize] += sign * d.series;
            }
        }
    }

    fn eval(&mut self, ctx: &Context, out: &mut Stamps) -> bool {
        let x = ctx.x;
        let mut limited = false;
        for (k, d) in self.diodes.iter().enumerate() {
            let junction = &self.junctions[d.junction as usize];
            let v = x[d.inner as usize] - x[d.cathode as usize];
            let at = match (ctx.first_iteration, d.off) {
                (true, true) => 0.0,
                (true, false) => junction.critical,
                _ => junction.limit(v, out.memory[k]),
            };
            out.memory[k] = at;
            limited |= at != v;
            let p = junction.at(at, ctx.gmin);
            out.current(d.inner, d.cathode, p.i + p.g * (v - at));
            out.charge(d.inner, d.cathode, p.q + p.c * (v - at));
            out.conductance(&d.slots, p.g);
            out.capacitance(&d.slots, p.c);
            if d.series != 0.0 {
                out.current(d.anode, d.inner, d.series * (x[d.anode as usize] - x[d.inner as usize]));
            }
        }
        limited
    }

    fn memory_count(&self) -> usize {
        self.diodes.len()
    }

    fn initial_conditions(&self, set: &mut dyn FnMut(Unknown, Unknown, f64)) {
        for &(k, v) in &self.starts {
            set(self.diodes[k].anode, self.diodes[k].cathode, v);
        }
    }

    fn internal(&self, index: usize, name: &str, ctx: &Context, _states: &[f64], _memory: &[f64]) -> Option<f64> {
        let d = self.diodes.get(index)?;
        let v = ctx.x[d.inner as usize] - ctx.x[d.cathode as usize];
        let p = self.junctions[d.junction as usize].at(v, ctx.gmin);
        Some(match name {
            "id" => p.i,
            "vd" => v,
            "gd" => p.g,
            "cd" => p.c,
            "qd" => p.q,
            "p" => p.i * (ctx.x[d.anode as usize] - ctx.x[d.cathode as usize]),
            _ => return None,
        })
    }

    fn internal_names(&self) -> Vec<&str> {
        TYPE.internals.to_vec()
    }

    /// The conduction current; the charging current belongs to the integrator.
    fn current_and_power(&self, index: usize, ctx: &Context, states: &[f64], memory: &[f64]) -> Option<(f64, f64)> {
        let i = self.internal(index, "id", ctx, states, memory)?;
        Some((i, self.internal(index, "p", ctx, states, memory)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: f64 = 300.15;

    #[test]
    fn forward_current_follows_shockley() {
        let model = DiodeModel { is: 2e-14, n: 1.3, ..DiodeModel::default() };
        let j = Junction::new(&model, 3.0, T, T);
        for v in [-0.02, 0.1, 0.5, 0.7] {
            let exact = 3.0 * 2e-14 * ((v / (1.3 * thermal_voltage(T))).exp() - 1.0);
            assert!((j.at(v, 0.0).i / exact - 1.0).abs() < 1e-12);
        }
        assert!((j.at(-1.0, 1e-12).i - (-1e-12 - 6e-14)).abs() < 1e-17);
    }

    #[test]
    fn breakdown_passes_through_its_point() {
        let model = DiodeModel { bv: 6.2, ibv: 5e-3, ..DiodeModel::default() };
        let j = Junction::new(&model, 1.0, T, T);
        assert!((j.at(-6.2, 0.0).i / -5e-3 - 1.0).abs() < 1e-2, "{}", j.at(-6.2, 0.0).i);
        let (start, ..) = j.breakdown.unwrap();
        let jump = j.at(start - 1e-9, 0.0).i - j.at(start + 1e-9, 0.0).i;
        assert!(jump.abs() < 1e-15);
    }

    #[test]
    fn saturation_current_rises_with_temperature() {
        let hot = Junction::new(&DiodeModel::default(), 1.0, 330.0, T);
        let exact = 1e-14 * (330.0 / T).powi(3) * ((330.0 / T - 1.0) * 1.11 / thermal_voltage(330.0)).exp();
        assert!((hot.is / exact - 1.0).abs() < 1e-12);
    }
}
