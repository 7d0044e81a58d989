//! Junction diodes: breakdown, sidewall, recombination, high injection, tunnelling, depletion and diffusion charge.

mod ideal;
mod junction;
mod params;

use super::cards::{Cards, device, instance, intern, level_offered, nominal_temperature, temperatures};
use super::junction::{BOLTZMANN, CHARGE};
use super::{Bank, Builder, Context, ModelType, NoiseSource, Parameters, Slot, Stamps, Unknown};
use crate::circuit::ElementId;
use crate::diagnostic::Diagnostic;
use junction::Junction;
use params::{DiodeInstance, DiodeModel};

/// The model type of this folder.
pub const TYPE: ModelType = ModelType {
    kinds: &["d"],
    summary: "junction diode (levels 1 to 3)",
    source: "Antognetti and Massobrio, Semiconductor Device Modeling with SPICE (1993), chapter 1",
    terminals: &["anode", "cathode"],
    model_params: DiodeModel::SPECS,
    instance_params: DiodeInstance::SPECS,
    internals: &["id", "vd", "gd", "cd", "qd", "charge", "p"],
    build,
};

#[derive(Clone, Copy)]
struct Diode {
    anode: Unknown,
    cathode: Unknown,
    /// Behind the series resistance; the anode itself without one.
    inner: Unknown,
    series: f64,
    junction: u32,
    off: bool,
    /// Flicker noise: coefficient, exponent.
    flicker: (f64, f64),
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
    let circuit = builder.circuit;
    let hint = "use level=1, level=2 (PSpice, Xyce), or level=3 for scaled geometry";
    let usable: Vec<ElementId> = ids
        .iter()
        .copied()
        .filter(|&id| device(circuit, id).is_some_and(|(.., card)| level_offered(card, &[1.0, 2.0, 3.0], hint, found)))
        .collect();
    let cards = Cards::<DiodeModel>::read(circuit, &usable, found);
    let general = (builder.temperature, nominal_temperature(circuit));
    let mut bank = DiodeBank { elements: usable.clone(), diodes: vec![], junctions: vec![], starts: vec![] };
    for (k, &id) in usable.iter().enumerate() {
        let (element, device, _) = device(circuit, id)?;
        let model = cards.of(device);
        let own: DiodeInstance = instance(element, device, found);
        let (temperature, nominal) = temperatures(general, own.temp, own.dtemp, model.tnom);
        let junction = Junction::new(&model, &own, temperature, nominal);
        let (anode, cathode) = (builder.terminal(id, 0), builder.terminal(id, 1));
        let (inner, series_slots) = if junction.series > 0.0 {
            let inner = builder.internal_node(id, "internal");
            (inner, builder.pair(anode, inner))
        } else {
            (anode, [Slot::MAX; 4])
        };
        bank.diodes.push(Diode {
            anode,
            cathode,
            inner,
            series: junction.series,
            off: own.off != 0.0,
            slots: builder.pair(inner, cathode),
            series_slots,
            flicker: (model.kf, model.af),
            junction: intern(&mut bank.junctions, junction),
        });
        if own.ic.is_finite() {
            bank.starts.push((k, own.ic));
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

    fn inner_nodes(&self, pair: &mut dyn FnMut(Unknown, Unknown)) {
        self.diodes.iter().for_each(|d| pair(d.inner, d.anode));
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
            "qd" | "charge" => p.q,
            "p" => p.i * (ctx.x[d.anode as usize] - ctx.x[d.cathode as usize]),
            _ => return None,
        })
    }

    fn internal_names(&self) -> Vec<&str> {
        TYPE.internals.to_vec()
    }

    fn noise(&self, frequency: f64, ctx: &Context, _states: &[f64], _memory: &[f64], add: &mut dyn FnMut(NoiseSource)) {
        for (index, d) in self.diodes.iter().enumerate() {
            let junction = &self.junctions[d.junction as usize];
            let i = junction.at(ctx.x[d.inner as usize] - ctx.x[d.cathode as usize], ctx.gmin).i.abs();
            let flicker = d.flicker.0 * i.powf(d.flicker.1) / frequency;
            for (name, plus, minus, density) in [
                ("rs", d.anode, d.inner, 4.0 * BOLTZMANN * junction.temperature * d.series),
                ("id", d.inner, d.cathode, 2.0 * CHARGE * i),
                ("1overf", d.inner, d.cathode, if flicker.is_finite() { flicker } else { 0.0 }),
            ] {
                add(NoiseSource { index, name, plus, minus, density });
            }
        }
    }

    /// The conduction current; the charging current belongs to the integrator.
    fn current_and_power(&self, index: usize, ctx: &Context, states: &[f64], memory: &[f64]) -> Option<(f64, f64)> {
        let i = self.internal(index, "id", ctx, states, memory)?;
        Some((i, self.internal(index, "p", ctx, states, memory)?))
    }
}
