//! Bipolar transistors: Gummel and Poon's model with resistances, charges, substrate junction, excess phase and
//! quasi-saturation.

mod core;
mod params;
mod quasi;
mod slots;
mod thermal;

use num_complex::Complex64;

use super::cards::{Cards, device, instance_with_initial, intern, level_offered, nominal_temperature, temperatures};
use super::junction::{BOLTZMANN, CHARGE};
use super::{Bank, Builder, Context, ModelType, NoiseSource, Parameters, Slot, Stamps, Unknown};
use crate::circuit::ElementId;
use crate::diagnostic::Diagnostic;
use core::Point;
use params::{BjtInstance, BjtModel};
use slots::{Layer, Phase, Slots};
use thermal::Transistor;

/// The model type of this folder.
pub const TYPE: ModelType = ModelType {
    kinds: &["npn", "pnp", "lpnp"],
    summary: "bipolar transistor, Gummel and Poon (level 1)",
    source: "Gummel and Poon (1970); Antognetti and Massobrio (1993), chapter 2; quasi-saturation: Kull et al. (1985)",
    terminals: &["collector", "base", "emitter", "[substrate]"],
    model_params: BjtModel::SPECS,
    instance_params: BjtInstance::SPECS,
    internals: &[
        "ic", "ib", "ie", "is", "vbe", "vbc", "vce", "gm", "gpi", "gmu", "gx", "go", "cpi", "cmu", "cbx", "csub",
        "qbe", "qbc", "qbx", "qsub", "betadc", "ft", "p",
    ],
    build,
};

/// Unknowns of one transistor.
#[derive(Clone, Copy)]
struct Nodes {
    /// Outer terminals.
    collector: Unknown,
    base: Unknown,
    emitter: Unknown,
    substrate: Unknown,
    /// Between collector resistance and epitaxial layer.
    middle: Unknown,
    /// Inner transistor: collector, base, emitter.
    inner: [Unknown; 3],
    /// Where the substrate junction ends.
    well: Unknown,
}

#[derive(Clone)]
struct Bipolar {
    nodes: Nodes,
    /// +1 npn, -1 pnp; and for the substrate junction.
    sign: f64,
    substrate_sign: f64,
    transistor: u32,
    off: bool,
    slots: Slots,
    /// Quasi-saturation.
    layer: Option<Layer>,
    /// Excess phase.
    phase: Option<Phase>,
    /// Flicker noise: coefficient, exponent.
    flicker: (f64, f64),
}

/// Memory cells of one transistor: the junction voltages of the last evaluation.
const MEMORY: usize = 4;

/// All bipolar transistors of a circuit.
#[derive(Clone)]
struct BjtBank {
    elements: Vec<ElementId>,
    bipolars: Vec<Bipolar>,
    transistors: Vec<Transistor>,
    /// Initial conditions: transistor, vbe, vce (NaN where not given).
    starts: Vec<(usize, f64, f64)>,
}

fn build(builder: &mut Builder, ids: &[ElementId], found: &mut Vec<Diagnostic>) -> Option<Box<dyn Bank>> {
    let circuit = builder.circuit;
    let hint = "only the Gummel-Poon model is built in; VBIC and HICUM come as Verilog-A through OSDI";
    let usable: Vec<ElementId> = ids
        .iter()
        .copied()
        .filter(|&id| device(circuit, id).is_some_and(|(.., card)| level_offered(card, &[1.0], hint, found)))
        .collect();
    let cards = Cards::<BjtModel>::read(circuit, &usable, found);
    let general = (builder.temperature, nominal_temperature(circuit));
    let mut bank = BjtBank { elements: usable.clone(), bipolars: vec![], transistors: vec![], starts: vec![] };
    for id in usable {
        let (element, device, card) = device(circuit, id)?;
        let model = cards.of(device);
        let own: BjtInstance = instance_with_initial(element, device, &["icvbe", "icvce"], found);
        let npn = card.kind == "npn";
        let (temperature, nominal) = temperatures(general, own.temp, own.dtemp, model.tnom);
        let transistor = Transistor::new(&model, &own, npn, temperature, nominal);
        if own.icvbe.is_finite() || own.icvce.is_finite() {
            bank.starts.push((bank.bipolars.len(), own.icvbe, own.icvce));
        }
        let sign = if npn { 1.0 } else { -1.0 };
        let nodes = nodes(builder, id, &transistor);
        let phase = (transistor.delay > 0.0).then(|| Phase::new(builder, id, &nodes, sign));
        bank.bipolars.push(Bipolar {
            nodes,
            sign,
            substrate_sign: if transistor.vertical { sign } else { -sign },
            off: own.off != 0.0,
            slots: Slots::new(builder, &nodes, &transistor),
            layer: transistor.epitaxy.map(|_| Layer::new(builder, &nodes)),
            phase,
            flicker: (model.kf, model.af),
            transistor: intern(&mut bank.transistors, transistor),
        });
    }
    Some(Box::new(bank))
}

fn nodes(builder: &mut Builder, id: ElementId, t: &Transistor) -> Nodes {
    let [collector, base, emitter] = [0, 1, 2].map(|k| builder.terminal(id, k));
    let four = builder.circuit.elements[id.0 as usize].nodes.len() > 3;
    let substrate = if four { builder.terminal(id, 3) } else { 0 };
    let mut inner = |outer: Unknown, exists: bool, name: &str| {
        if exists { builder.internal_node(id, name) } else { outer }
    };
    let middle = inner(collector, t.collector > 0.0, "collcx");
    let ci = inner(middle, t.epitaxy.is_some(), "collector");
    let bi = inner(base, t.base != (0.0, 0.0), "base");
    let ei = inner(emitter, t.emitter > 0.0, "emitter");
    let well = if t.vertical { ci } else { bi };
    Nodes { collector, base, emitter, substrate, middle, inner: [ci, bi, ei], well }
}

/// Collector, base and emitter in [`Nodes::inner`].
const C: usize = 0;
const B: usize = 1;
const E: usize = 2;

/// Everything about one transistor at one bias.
struct Bias {
    /// vbe, vbc, substrate, outer vbc, with npn signs.
    v: [f64; 4],
    point: Point,
    /// Current and conductance, charge and capacitance of the substrate junction.
    substrate: (f64, f64, f64, f64),
    /// Charge and capacitance between the outer base and the inner collector.
    outer: (f64, f64),
    /// Voltage across the base resistance.
    drop: f64,
    layer: quasi::Layer,
}

impl Bipolar {
    /// Junction voltages: vbe, vbc, substrate, outer vbc.
    #[inline]
    fn voltages(&self, x: &[f64]) -> [f64; 4] {
        let [c, b, e] = self.nodes.inner.map(|n| x[n as usize]);
        [
            self.sign * (b - e),
            self.sign * (b - c),
            self.substrate_sign * (x[self.nodes.substrate as usize] - x[self.nodes.well as usize]),
            self.sign * (b - x[self.nodes.middle as usize]),
        ]
    }

    #[inline]
    fn bias(&self, t: &Transistor, x: &[f64], v: [f64; 4], gmin: f64) -> Bias {
        let (i, g) = t.substrate_at(v[2], gmin);
        let (q, c) = t.depletion_substrate.charge(v[2]);
        let base = x[self.nodes.base as usize];
        Bias {
            v,
            point: t.at(v[0], v[1], gmin),
            substrate: (i, g, q, c),
            outer: t.depletion_bx.charge(self.sign * (base - x[self.nodes.inner[C] as usize])),
            drop: base - x[self.nodes.inner[B] as usize],
            layer: t.epitaxy.map_or_else(Default::default, |e| e.at(v[1], v[3], gmin)),
        }
    }

    /// Conductance and capacitance of every changing entry.
    #[inline]
    fn stamp(&self, bias: &Bias, limited: bool, mut add: impl FnMut(Slot, f64, f64)) {
        let p = &bias.point;
        let transport = match &self.phase {
            None => (p.forward.be - p.reverse.be, p.forward.bc - p.reverse.bc),
            Some(_) => (-p.reverse.be, -p.reverse.bc),
        };
        let rows = [
            ((transport.0, transport.1 - p.base_collector.bc), (0.0, -p.charge_bc.bc)),
            ((p.base_emitter.be, p.base_collector.bc), (p.charge_be.be, p.charge_be.bc + p.charge_bc.bc)),
            ((-transport.0 - p.base_emitter.be, -transport.1), (-p.charge_be.be, -p.charge_be.bc)),
        ];
        for (slots, ((g_be, g_bc), (c_be, c_bc))) in self.slots.core.iter().zip(rows) {
            add(slots[C], -g_bc, -c_bc);
            add(slots[B], g_be + g_bc, c_be + c_bc);
            add(slots[E], -g_be, -c_be);
        }
        if p.base.value != 0.0 {
            let slots = &self.slots;
            for (slot, sign) in slots.base_pair().into_iter().zip([1.0, -1.0, -1.0, 1.0]) {
                add(slot, sign * p.base.value, 0.0);
            }
            if !limited {
                let (be, bc) = (self.sign * bias.drop * p.base.be, self.sign * bias.drop * p.base.bc);
                for (k, g) in [-bc, be + bc, -be].into_iter().enumerate() {
                    add(slots.base_row[k], g, 0.0);
                    add(slots.core[B][k], -g, 0.0);
                }
            }
        }
        if bias.outer.1 != 0.0 {
            for (slot, sign) in self.slots.outer_pair().into_iter().zip([1.0, -1.0, -1.0, 1.0]) {
                add(slot, 0.0, sign * bias.outer.1);
            }
        }
        for (&slot, sign) in self.slots.substrate.iter().zip([1.0, -1.0, -1.0, 1.0]) {
            add(slot, sign * bias.substrate.1, sign * bias.substrate.3);
        }
        if let Some(layer) = &self.layer {
            layer.stamp(&bias.layer, &self.slots.core, &mut add);
        }
        if let Some(phase) = &self.phase {
            phase.stamp(p.forward.be, p.forward.bc, &mut add);
        }
    }

    /// Conductance and capacitance of the entries that never change.
    fn fixed(&self, t: &Transistor, mut add: impl FnMut(Slot, f64, f64)) {
        let s = &self.slots;
        let conductances = [(&s.collector, t.collector, 0.0), (&s.emitter, t.emitter, 0.0)];
        let capacitances = s.parasitic.iter().zip(t.parasitic).map(|(pair, c)| (pair, 0.0, c));
        for (pair, g, c) in conductances.into_iter().chain(capacitances) {
            for (&slot, sign) in pair.iter().zip([1.0, -1.0, -1.0, 1.0]) {
                add(slot, sign * g, sign * c);
            }
        }
        if let Some(phase) = &self.phase {
            phase.fixed(t.delay, add);
        }
    }

    /// The two ends of each parasitic capacitance.
    fn parasitic_ends(&self, vertical: bool) -> [(Unknown, Unknown); 3] {
        let n = &self.nodes;
        [(n.base, n.collector), (n.base, n.emitter), (n.substrate, if vertical { n.collector } else { n.base })]
    }

    /// Currents into collector, base, emitter and substrate.
    fn currents(&self, t: &Transistor, bias: &Bias) -> [f64; 4] {
        let p = &bias.point;
        let substrate = self.substrate_sign * bias.substrate.0;
        let mut collector = self.sign * (p.forward.value - p.reverse.value - p.base_collector.value);
        let mut base = self.sign * (p.base_emitter.value + p.base_collector.value);
        *(if t.vertical { &mut collector } else { &mut base }) -= substrate;
        [collector, base, -(collector + base + substrate), substrate]
    }
}

impl BjtBank {
    fn at<'a>(&'a self, index: usize, ctx: &Context) -> Option<(&'a Bipolar, &'a Transistor, Bias)> {
        let q = self.bipolars.get(index)?;
        let t = &self.transistors[q.transistor as usize];
        Some((q, t, q.bias(t, ctx.x, q.voltages(ctx.x), ctx.gmin)))
    }
}

impl Bank for BjtBank {
    fn clone_bank(&self) -> Box<dyn Bank> {
        Box::new(self.clone())
    }

    fn elements(&self) -> &[ElementId] {
        &self.elements
    }

    fn slots_mut(&mut self) -> Vec<&mut Slot> {
        let mut all = Vec::new();
        for q in &mut self.bipolars {
            q.slots.collect(&mut all);
            q.layer.iter_mut().for_each(|layer| layer.collect(&mut all));
            q.phase.iter_mut().for_each(|phase| phase.collect(&mut all));
        }
        all
    }

    fn constant(&self, g: &mut [f64], c: &mut [f64]) {
        for q in &self.bipolars {
            q.fixed(&self.transistors[q.transistor as usize], |slot, conductance, capacitance| {
                g[slot as usize] += conductance;
                c[slot as usize] += capacitance;
            });
        }
    }

    fn eval(&mut self, ctx: &Context, out: &mut Stamps) -> bool {
        let x = ctx.x;
        let mut any_limited = false;
        for (k, q) in self.bipolars.iter().enumerate() {
            let t = &self.transistors[q.transistor as usize];
            let v = q.voltages(x);
            let memory = &mut out.memory.as_chunks_mut::<MEMORY>().0[k];
            let at = match (ctx.first_iteration, q.off) {
                (true, true) => [0.0; 4],
                (true, false) => [t.critical, 0.0, 0.0, 0.0],
                _ => t.limit(v, *memory),
            };
            *memory = at;
            let limited = at != v;
            any_limited |= limited;
            let bias = q.bias(t, x, at, ctx.gmin);
            let p = &bias.point;
            let [be, bc, su, bx] = [v[0] - at[0], v[1] - at[1], v[2] - at[2], v[3] - at[3]];
            let [ci, bi, ei] = q.nodes.inner;

            let forward = p.forward.along(be, bc);
            let transport = q.phase.as_ref().map_or(forward, |phase| x[phase.delayed as usize]);
            let collector = transport - p.reverse.along(be, bc);
            let (emitter, base) = (p.base_emitter.along(be, bc), p.base_collector.along(be, bc));
            out.resistive(ci, q.sign * (collector - base));
            out.resistive(bi, q.sign * (base + emitter));
            out.resistive(ei, -q.sign * (collector + emitter));
            let (emitter, collector) = (p.charge_be.along(be, bc), p.charge_bc.along(be, bc));
            out.q[ci as usize] -= q.sign * (collector + bias.outer.0);
            out.q[bi as usize] += q.sign * (collector + emitter);
            out.q[ei as usize] -= q.sign * emitter;
            out.q[q.nodes.base as usize] += q.sign * bias.outer.0;
            let (i, g, charge, c) = bias.substrate;
            out.current(q.nodes.substrate, q.nodes.well, q.substrate_sign * (i + g * su));
            out.charge(q.nodes.substrate, q.nodes.well, q.substrate_sign * (charge + c * su));
            if p.base.value != 0.0 {
                out.current(q.nodes.base, bi, p.base.value * bias.drop);
            }
            if t.collector != 0.0 {
                let drop = x[q.nodes.collector as usize] - x[q.nodes.middle as usize];
                out.current(q.nodes.collector, q.nodes.middle, t.collector * drop);
            }
            if t.emitter != 0.0 {
                out.current(q.nodes.emitter, ei, t.emitter * (x[q.nodes.emitter as usize] - x[ei as usize]));
            }
            if t.parasitic != [0.0; 3] {
                for ((a, b), c) in q.parasitic_ends(t.vertical).into_iter().zip(t.parasitic) {
                    out.charge(a, b, c * (x[a as usize] - x[b as usize]));
                }
            }
            if q.layer.is_some() {
                let l = &bias.layer;
                out.current(q.nodes.middle, ci, q.sign * (l.current[0] + l.current[1] * bc + l.current[2] * bx));
                out.charge(bi, ci, q.sign * (l.inner[0] + l.inner[1] * bc));
                out.charge(bi, q.nodes.middle, q.sign * (l.outer[0] + l.outer[1] * bx));
            }
            if let Some(phase) = &q.phase {
                phase.residual(x, forward, t.delay, out);
            }
            q.stamp(&bias, limited, |slot, g, c| {
                out.g[slot as usize] += g;
                out.c[slot as usize] += c;
            });
        }
        any_limited
    }

    fn memory_count(&self) -> usize {
        MEMORY * self.bipolars.len()
    }

    fn initial_conditions(&self, set: &mut dyn FnMut(Unknown, Unknown, f64)) {
        for &(k, vbe, vce) in &self.starts {
            let n = &self.bipolars[k].nodes;
            if vbe.is_finite() {
                set(n.base, n.emitter, vbe);
            }
            if vce.is_finite() {
                set(n.collector, n.emitter, vce);
            }
        }
    }

    fn inner_nodes(&self, pair: &mut dyn FnMut(Unknown, Unknown)) {
        for n in self.bipolars.iter().map(|q| &q.nodes) {
            let [c, b, e] = n.inner;
            for (inner, outer) in [(n.middle, n.collector), (c, n.collector), (b, n.base), (e, n.emitter)] {
                pair(inner, outer);
            }
        }
    }

    fn internal(&self, index: usize, name: &str, ctx: &Context, _states: &[f64], _memory: &[f64]) -> Option<f64> {
        let (q, t, bias) = self.at(index, ctx)?;
        let p = &bias.point;
        let [ic, ib, ie, is] = q.currents(t, &bias);
        // ngspice's hybrid-pi elements
        let go = p.reverse.bc - p.forward.bc;
        let gm = p.forward.be - p.reverse.be - go;
        Some(match name {
            "ic" => ic,
            "ib" => ib,
            "ie" => ie,
            "is" => is,
            "vbe" => bias.v[0],
            "vbc" => bias.v[1],
            "vce" => bias.v[0] - bias.v[1],
            "gm" => gm,
            "go" => go,
            "gpi" => p.base_emitter.be,
            "gmu" => p.base_collector.bc,
            "gx" => p.base.value,
            "cpi" => p.charge_be.be,
            "cmu" => p.charge_bc.bc + bias.layer.inner[1],
            "cbx" => bias.outer.1,
            "csub" => bias.substrate.3,
            "qbe" => p.charge_be.value,
            "qbc" => p.charge_bc.value,
            "qbx" => bias.outer.0,
            "qsub" => bias.substrate.2,
            "betadc" => ic / ib,
            "ft" => gm / (std::f64::consts::TAU * (p.charge_be.be + p.charge_bc.bc + bias.outer.1).max(1e-30)),
            "p" => {
                let n = &q.nodes;
                [(n.collector, ic), (n.base, ib), (n.emitter, ie), (n.substrate, is)]
                    .iter()
                    .map(|&(node, i)| ctx.x[node as usize] * i)
                    .sum()
            }
            _ => return None,
        })
    }

    fn internal_names(&self) -> Vec<&str> {
        TYPE.internals.to_vec()
    }

    fn noise(&self, frequency: f64, ctx: &Context, _states: &[f64], _memory: &[f64], add: &mut dyn FnMut(NoiseSource)) {
        for index in 0..self.bipolars.len() {
            let Some((q, t, bias)) = self.at(index, ctx) else { return };
            let (n, p) = (&q.nodes, &bias.point);
            let ic = p.forward.value - p.reverse.value - p.base_collector.value;
            let ib = p.base_emitter.value + p.base_collector.value;
            let thermal = 4.0 * BOLTZMANN * t.temperature;
            let flicker = q.flicker.0 * ib.abs().powf(q.flicker.1) / frequency;
            for (name, plus, minus, density) in [
                ("rc", n.collector, n.middle, thermal * t.collector),
                ("rb", n.base, n.inner[B], thermal * p.base.value),
                ("re", n.emitter, n.inner[E], thermal * t.emitter),
                ("ic", n.inner[C], n.inner[E], 2.0 * CHARGE * ic.abs()),
                ("ib", n.inner[B], n.inner[E], 2.0 * CHARGE * ib.abs()),
                ("1overf", n.inner[B], n.inner[E], if flicker.is_finite() { flicker } else { 0.0 }),
            ] {
                add(NoiseSource { index, name, plus, minus, density });
            }
        }
    }

    /// True with excess phase, which is a pure delay in small signals.
    fn frequency_dependent(&self) -> bool {
        self.bipolars.iter().any(|q| q.phase.is_some())
    }

    fn admittance(&self, omega: f64, ctx: &Context, _states: &[f64], _memory: &[f64], y: &mut [Complex64]) {
        for index in 0..self.bipolars.len() {
            let Some((q, t, bias)) = self.at(index, ctx) else { return };
            let mut add = |slot: Slot, g: f64, c: f64| y[slot as usize] += Complex64::new(g, omega * c);
            q.stamp(&bias, false, &mut add);
            q.fixed(t, &mut add);
            if let Some(phase) = &q.phase {
                phase.delay(omega * t.delay, &bias.point, &q.slots.core, y);
            }
        }
    }

    /// The conduction current into the collector; charging currents belong to the integrator.
    fn current_and_power(&self, index: usize, ctx: &Context, states: &[f64], memory: &[f64]) -> Option<(f64, f64)> {
        let i = self.internal(index, "ic", ctx, states, memory)?;
        Some((i, self.internal(index, "p", ctx, states, memory)?))
    }
}

#[cfg(test)]
mod tests;
