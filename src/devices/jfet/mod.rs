//! JFETs and MESFETs: a channel between drain and source, and two junctions at the gate.

mod channel;
mod charge;
mod params;

use super::cards::{Cards, device, instance_with_initial, intern, level_offered, nominal_temperature, temperatures};
use super::junction::{
    BOLTZMANN, Depletion, REFERENCE, capacitance_factor, critical_voltage, junction_current, limit_gate,
    limit_junction, potential_at, thermal_voltage,
};
use super::{Bank, Builder, Context, ModelType, NoiseSource, Parameters, Slot, Stamps, Unknown};
use crate::circuit::{ElementId, ModelCard};
use crate::diagnostic::Diagnostic;
use channel::{Channel, Current, Ionisation, Law};
use charge::{Gate, Statz};
use params::{FetInstance, JfetModel, MesfetModel};

/// Junction field effect transistors.
pub const JFET: ModelType = ModelType {
    kinds: &["njf", "pjf"],
    summary: "junction field effect transistor, level 1",
    source: "Shichman and Hodges (1968); doping tail: Parker and Skellern (1989); Antognetti and Massobrio (1993), chapter 3",
    terminals: &["drain", "gate", "source"],
    model_params: JfetModel::SPECS,
    instance_params: FetInstance::SPECS,
    internals: INTERNALS,
    build: build_jfets,
};

/// Metal-semiconductor field effect transistors.
pub const MESFET: ModelType = ModelType {
    kinds: &["nmf", "pmf"],
    summary: "GaAs MESFET, level 1",
    source: "Statz, Newman, Smith, Pucel and Haus (1987)",
    terminals: &["drain", "gate", "source"],
    model_params: MesfetModel::SPECS,
    instance_params: FetInstance::SPECS,
    internals: INTERNALS,
    build: build_mesfets,
};

const INTERNALS: &[&str] =
    &["id", "ig", "is", "igs", "igd", "vgs", "vgd", "vds", "gm", "gds", "ggs", "ggd", "cgs", "cgd", "qgs", "qgd", "p"];

/// A transistor at its temperature, with its area applied.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Transistor {
    channel: Channel,
    /// Saturation current and emission voltage of the gate junctions, and of their recombination.
    junction: (f64, f64),
    recombination: (f64, f64),
    ionisation: Option<Ionisation>,
    vt: f64,
    critical: f64,
    /// Conductances in series with drain and source, S; 0 without.
    series: [f64; 2],
    gate: Gate,
    temperature: f64,
    noise: Noise,
}

/// Flicker coefficient and exponent; factor on the channel noise that follows the channel's saturation.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Noise {
    kf: f64,
    af: f64,
    channel: Option<f64>,
}

fn conductance(resistance: f64, area: f64) -> f64 {
    if resistance > 0.0 { area / resistance } else { 0.0 }
}

impl Transistor {
    fn jfet(model: &JfetModel, area: f64, temperature: f64, nominal: f64) -> Self {
        let (vt, above, ratio) = (thermal_voltage(temperature), temperature - nominal, temperature / nominal);
        let threshold =
            if model.vtotc.is_nan() { model.vto - model.tcv * above } else { model.vto + model.vtotc * above };
        let beta = if model.betatce.is_nan() {
            model.beta * ratio.powf(model.bex)
        } else {
            model.beta * 1.01f64.powf(model.betatce * above)
        };
        let heated = |n: f64| ((ratio - 1.0) * model.eg / (n * vt) + model.xti / n * ratio.ln()).exp();
        let is = area * model.is * heated(model.n);
        let (pb, _) = potential_at(model.pb, nominal, temperature);
        let factor = area * capacitance_factor(model.m, model.pb, nominal, temperature);
        let layer = |c: f64| Depletion::new(c * factor, pb, model.m, model.fc);
        Self {
            channel: Channel {
                law: Law::Jfet { tail: model.b, slope: (1.0 - model.b) / (model.pb - threshold) },
                beta: beta * area,
                lambda: model.lambda,
                threshold,
            },
            junction: (is, model.n * vt),
            recombination: (area * model.isr * heated(model.nr), model.nr * vt),
            ionisation: (model.alpha > 0.0).then_some(Ionisation { alpha: model.alpha, knee: model.vk }),
            vt,
            critical: critical_voltage(is, vt),
            series: [conductance(model.rd, area), conductance(model.rs, area)],
            gate: Gate::Junctions([layer(model.cgs), layer(model.cgd)]),
            temperature,
            noise: Noise { kf: model.kf, af: model.af, channel: (model.nlev >= 3.0).then_some(model.gdsnoi) },
        }
    }

    fn mesfet(model: &MesfetModel, area: f64, temperature: f64) -> Self {
        let vt = thermal_voltage(REFERENCE);
        let is = area * model.is;
        Self {
            channel: Channel {
                law: Law::Statz { tail: model.b, alpha: model.alpha },
                beta: model.beta * area,
                lambda: model.lambda,
                threshold: model.vto,
            },
            junction: (is, vt),
            recombination: (0.0, vt),
            ionisation: None,
            vt,
            critical: critical_voltage(is, vt),
            series: [conductance(model.rd, area), conductance(model.rs, area)],
            gate: Gate::Statz(Statz {
                source: model.cgs * area,
                drain: model.cgd * area,
                potential: model.pb,
                knee: 1.0 / model.alpha,
                threshold: model.vto,
            }),
            temperature,
            noise: Noise { kf: model.kf, af: model.af, channel: None },
        }
    }

    /// Current and conductance of one gate junction.
    #[inline]
    fn junction(&self, v: f64, gmin: f64) -> (f64, f64) {
        let (i, g) = junction_current(v, self.junction.0, self.junction.1);
        let (more, slope) = match self.recombination {
            (0.0, _) => (0.0, 0.0),
            (is, vte) => junction_current(v, is, vte),
        };
        (i + more + gmin * v, g + slope + gmin)
    }

    /// Gate voltages after limiting the step from the `old` ones.
    #[inline]
    fn limit(&self, new: [f64; 2], old: [f64; 2]) -> [f64; 2] {
        let one = |new: f64, old: f64| {
            limit_gate(limit_junction(new, old, self.vt, self.critical), old, self.channel.threshold)
        };
        [one(new[0], old[0]), one(new[1], old[1])]
    }
}

#[derive(Clone)]
struct Fet {
    /// Inner drain, gate, inner source.
    nodes: [Unknown; 3],
    /// Outer drain and source.
    outer: [Unknown; 2],
    /// +1 n-channel, -1 p-channel.
    sign: f64,
    transistor: u32,
    off: bool,
    /// Rows and columns in the order of `nodes`.
    slots: [[Slot; 3]; 3],
    series_slots: [[Slot; 4]; 2],
}

/// Drain, gate and source in [`Fet::nodes`].
const D: usize = 0;
const G: usize = 1;
const S: usize = 2;

/// Memory cells of one transistor: vgs and vgd of the last evaluation; voltages and charges of the last accepted point.
const MEMORY: usize = 6;

/// All transistors of one family.
#[derive(Clone)]
struct FetBank {
    elements: Vec<ElementId>,
    fets: Vec<Fet>,
    transistors: Vec<Transistor>,
    /// Initial conditions: transistor, vds, vgs (NaN where not given).
    starts: Vec<(usize, f64, f64)>,
}

fn build_jfets(builder: &mut Builder, ids: &[ElementId], found: &mut Vec<Diagnostic>) -> Option<Box<dyn Bank>> {
    let hint = "level 2 (Parker and Skellern) and others are not built in; Verilog-A models come through OSDI";
    build(builder, ids, hint, found, Transistor::jfet, |model: &JfetModel| model.tnom)
}

fn build_mesfets(builder: &mut Builder, ids: &[ElementId], found: &mut Vec<Diagnostic>) -> Option<Box<dyn Bank>> {
    let hint = "levels 2 to 6 (MESA, HFET) are not built in; Verilog-A models come through OSDI";
    let new = |model: &MesfetModel, area: f64, temperature: f64, _: f64| Transistor::mesfet(model, area, temperature);
    build(builder, ids, hint, found, new, |_| f64::NAN)
}

fn build<M: Parameters>(
    builder: &mut Builder,
    ids: &[ElementId],
    hint: &str,
    found: &mut Vec<Diagnostic>,
    new: impl Fn(&M, f64, f64, f64) -> Transistor,
    tnom: impl Fn(&M) -> f64,
) -> Option<Box<dyn Bank>> {
    let circuit = builder.circuit;
    let mut fine = |card: &ModelCard| level_offered(card, &[1.0], hint, found);
    let usable: Vec<ElementId> =
        ids.iter().copied().filter(|&id| device(circuit, id).is_some_and(|(.., card)| fine(card))).collect();
    let cards = Cards::<M>::read(circuit, &usable, found);
    let general = (builder.temperature, nominal_temperature(circuit));
    let mut bank = FetBank { elements: usable.clone(), fets: vec![], transistors: vec![], starts: vec![] };
    for id in usable {
        let (element, device, card) = device(circuit, id)?;
        let model = cards.of(device);
        let own: FetInstance = instance_with_initial(element, device, &["icvds", "icvgs"], found);
        let (temperature, nominal) = temperatures(general, own.temp, own.dtemp, tnom(&model));
        let transistor = new(&model, own.area * own.m, temperature, nominal);
        if own.icvds.is_finite() || own.icvgs.is_finite() {
            bank.starts.push((bank.fets.len(), own.icvds, own.icvgs));
        }
        let outer = [builder.terminal(id, 0), builder.terminal(id, 2)];
        let (mut inner, mut series_slots) = (outer, [[Slot::MAX; 4]; 2]);
        for (k, name) in ["drain", "source"].into_iter().enumerate() {
            if transistor.series[k] > 0.0 {
                inner[k] = builder.internal_node(id, name);
                series_slots[k] = builder.pair(outer[k], inner[k]);
            }
        }
        let nodes = [inner[0], builder.terminal(id, 1), inner[1]];
        bank.fets.push(Fet {
            nodes,
            outer,
            sign: if card.kind.starts_with('p') { -1.0 } else { 1.0 },
            off: own.off != 0.0,
            slots: nodes.map(|row| nodes.map(|column| builder.entry(row, column))),
            series_slots,
            transistor: intern(&mut bank.transistors, transistor),
        });
    }
    Some(Box::new(bank))
}

impl Fet {
    /// `[vgs, vgd]` with the signs of an n-channel.
    #[inline]
    fn voltages(&self, x: &[f64]) -> [f64; 2] {
        let [d, g, s] = self.nodes.map(|n| x[n as usize]);
        [self.sign * (g - s), self.sign * (g - d)]
    }
}

/// Channel current, and currents from the gate to source and drain.
struct Point {
    channel: Current,
    source: Current,
    drain: Current,
}

impl FetBank {
    fn at(&self, index: usize, ctx: &Context) -> Option<(&Fet, &Transistor, [f64; 2], Point)> {
        let f = self.fets.get(index)?;
        let t = &self.transistors[f.transistor as usize];
        let v = f.voltages(ctx.x);
        Some((f, t, v, t.at(v, ctx.gmin)))
    }
}

impl Transistor {
    #[inline]
    fn at(&self, v: [f64; 2], gmin: f64) -> Point {
        let channel = self.channel.at(v[0], v[1]);
        let ((is, gs), (id, gd)) = (self.junction(v[0], gmin), self.junction(v[1], gmin));
        let mut source = Current { value: is, gs, gd: 0.0 };
        let mut drain = Current { value: id, gs: 0.0, gd };
        if let Some(ionisation) = &self.ionisation {
            let [from_drain, from_source] = ionisation.at(&self.channel, &channel, v[0], v[1]);
            drain = drain.minus(&from_drain);
            source = source.minus(&from_source);
        }
        Point { channel, source, drain }
    }
}

/// The part of the memory that belongs to the last accepted point.
fn history(memory: &[f64; MEMORY]) -> [f64; 4] {
    [memory[2], memory[3], memory[4], memory[5]]
}

impl Bank for FetBank {
    fn clone_bank(&self) -> Box<dyn Bank> {
        Box::new(self.clone())
    }

    fn elements(&self) -> &[ElementId] {
        &self.elements
    }

    fn slots_mut(&mut self) -> Vec<&mut Slot> {
        self.fets
            .iter_mut()
            .flat_map(|f| f.slots.iter_mut().flatten().chain(f.series_slots.iter_mut().flatten()))
            .collect()
    }

    fn constant(&self, g: &mut [f64], _c: &mut [f64]) {
        for f in &self.fets {
            let series = self.transistors[f.transistor as usize].series;
            for (slots, conductance) in f.series_slots.iter().zip(series) {
                for (&slot, sign) in slots.iter().zip([1.0, -1.0, -1.0, 1.0]) {
                    g[slot as usize] += sign * conductance;
                }
            }
        }
    }

    fn eval(&mut self, ctx: &Context, out: &mut Stamps) -> bool {
        let x = ctx.x;
        let mut limited = false;
        for (k, f) in self.fets.iter().enumerate() {
            let t = &self.transistors[f.transistor as usize];
            let v = f.voltages(x);
            let memory = &mut out.memory.as_chunks_mut::<MEMORY>().0[k];
            let at = match (ctx.first_iteration, f.off) {
                (true, true) => [0.0; 2],
                (true, false) => [-1.0; 2],
                _ => t.limit(v, [memory[0], memory[1]]),
            };
            let charges = t.gate.at(at, &history(memory));
            (memory[0], memory[1]) = (at[0], at[1]);
            limited |= at != v;
            let p = t.at(at, ctx.gmin);
            let (gs, gd) = (v[0] - at[0], v[1] - at[1]);
            let [d, g, s] = f.nodes;

            out.current(d, s, f.sign * (p.channel.value + p.channel.gs * gs + p.channel.gd * gd));
            out.current(g, s, f.sign * (p.source.value + p.source.gs * gs + p.source.gd * gd));
            out.current(g, d, f.sign * (p.drain.value + p.drain.gs * gs + p.drain.gd * gd));
            out.charge(g, s, f.sign * (charges[0].value + charges[0].gs * gs + charges[0].gd * gd));
            out.charge(g, d, f.sign * (charges[1].value + charges[1].gs * gs + charges[1].gd * gd));
            for ((&outer, inner), conductance) in f.outer.iter().zip([d, s]).zip(t.series) {
                if conductance != 0.0 {
                    out.current(outer, inner, conductance * (x[outer as usize] - x[inner as usize]));
                }
            }
            // derivatives of each row's current and charge by vgs and vgd
            let [qs, qd] = charges;
            let rows = [
                ([p.channel.gs - p.drain.gs, p.channel.gd - p.drain.gd], [-qd.gs, -qd.gd]),
                ([p.source.gs + p.drain.gs, p.source.gd + p.drain.gd], [qs.gs + qd.gs, qs.gd + qd.gd]),
                ([-p.channel.gs - p.source.gs, -p.channel.gd - p.source.gd], [-qs.gs, -qs.gd]),
            ];
            for (slots, (i, q)) in f.slots.iter().zip(rows) {
                out.g[slots[D] as usize] -= i[1];
                out.g[slots[G] as usize] += i[0] + i[1];
                out.g[slots[S] as usize] -= i[0];
                out.c[slots[D] as usize] -= q[1];
                out.c[slots[G] as usize] += q[0] + q[1];
                out.c[slots[S] as usize] -= q[0];
            }
        }
        limited
    }

    fn memory_count(&self) -> usize {
        MEMORY * self.fets.len()
    }

    fn accept(&mut self, ctx: &Context, memory: &mut [f64]) -> bool {
        for (f, memory) in self.fets.iter().zip(memory.as_chunks_mut::<MEMORY>().0) {
            let t = &self.transistors[f.transistor as usize];
            if t.gate.remembers() {
                let v = f.voltages(ctx.x);
                let [source, drain] = t.gate.at(v, &history(memory));
                memory[2..].copy_from_slice(&[v[0], v[1], source.value, drain.value]);
            }
        }
        false
    }

    fn initial_conditions(&self, set: &mut dyn FnMut(Unknown, Unknown, f64)) {
        for &(k, vds, vgs) in &self.starts {
            let f = &self.fets[k];
            if vds.is_finite() {
                set(f.outer[0], f.outer[1], vds);
            }
            if vgs.is_finite() {
                set(f.nodes[G], f.outer[1], vgs);
            }
        }
    }

    fn inner_nodes(&self, pair: &mut dyn FnMut(Unknown, Unknown)) {
        for f in &self.fets {
            pair(f.nodes[D], f.outer[0]);
            pair(f.nodes[S], f.outer[1]);
        }
    }

    fn internal(&self, index: usize, name: &str, ctx: &Context, _states: &[f64], memory: &[f64]) -> Option<f64> {
        let (f, t, v, p) = self.at(index, ctx)?;
        let id = f.sign * (p.channel.value - p.drain.value);
        let ig = f.sign * (p.source.value + p.drain.value);
        let charge = |k: usize| memory.as_chunks::<MEMORY>().0.get(index).map(|m| t.gate.at(v, &history(m))[k]);
        Some(match name {
            "id" | "cd" => id,
            "ig" | "cg" => ig,
            "is" => -id - ig,
            "igs" => f.sign * p.source.value,
            "igd" => f.sign * p.drain.value,
            "vgs" => v[0],
            "vgd" => v[1],
            "vds" => v[0] - v[1],
            "gm" => p.channel.gs + p.channel.gd,
            "gds" => -p.channel.gd,
            "ggs" => p.source.gs,
            "ggd" => p.drain.gd,
            "qgs" => charge(0)?.value,
            "qgd" => charge(1)?.value,
            "cgs" => charge(0)?.gs,
            "cgd" => charge(1)?.gd,
            "p" => {
                let [d, s] = f.outer.map(|n| ctx.x[n as usize]);
                d * id + ctx.x[f.nodes[G] as usize] * ig - s * (id + ig)
            }
            _ => return None,
        })
    }

    fn internal_names(&self) -> Vec<&str> {
        INTERNALS.to_vec()
    }

    fn noise(&self, frequency: f64, ctx: &Context, _states: &[f64], _memory: &[f64], add: &mut dyn FnMut(NoiseSource)) {
        for index in 0..self.fets.len() {
            let Some((f, t, v, p)) = self.at(index, ctx) else { return };
            let [d, _, s] = f.nodes;
            let thermal = 4.0 * BOLTZMANN * t.temperature;
            let channel = match t.noise.channel {
                None => (p.channel.gs + p.channel.gd).abs(),
                Some(factor) => {
                    let over = (v[0] - t.channel.threshold).max(0.0);
                    let rest = if over > 0.0 { (1.0 - (v[0] - v[1]) / over).max(0.0) } else { 0.0 };
                    t.channel.beta * over * (1.0 + rest + rest * rest) / (1.0 + rest) * factor
                }
            };
            let flicker = t.noise.kf * (p.channel.value - p.drain.value).abs().powf(t.noise.af) / frequency;
            for (name, plus, minus, density) in [
                ("rd", f.outer[0], d, thermal * t.series[0]),
                ("rs", f.outer[1], s, thermal * t.series[1]),
                ("id", d, s, thermal * 2.0 / 3.0 * channel),
                ("1overf", d, s, if flicker.is_finite() { flicker } else { 0.0 }),
            ] {
                add(NoiseSource { index, name, plus, minus, density });
            }
        }
    }

    /// The conduction current into the drain; charging currents belong to the integrator.
    fn current_and_power(&self, index: usize, ctx: &Context, states: &[f64], memory: &[f64]) -> Option<(f64, f64)> {
        let i = self.internal(index, "id", ctx, states, memory)?;
        Some((i, self.internal(index, "p", ctx, states, memory)?))
    }
}

#[cfg(test)]
mod tests;
