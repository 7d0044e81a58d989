//! Operational amplifier with one pole, slew limit, output rails, input offset, bias currents and impedances.
//!
//! An input stage with transconductance `gm = 2 pi gbw C` drives the pole node, `C = 1 nF`, `R = a0 / gm`. Its current
//! saturates smoothly at `sr C`, which limits the slew. Near a rail the pole node is held by a smooth clamp that takes
//! the whole of that current just at the rail, so the output never passes a rail, nothing winds up behind it, and
//! recovery starts at once at the slew rate. The output follows the pole node through the output resistance.
//!
//! Structure after Boyle, Cohn, Pederson and Solomon, IEEE J. Solid-State Circuits 9 (1974) 353, reduced to one pole.

use std::f64::consts::TAU;

use super::cards::{Cards, NoParameters, device, instance};
use super::{ANY, Bank, Builder, Context, ModelType, NON_NEGATIVE, POSITIVE, Parameters, Slot, Stamps, Unknown};
use crate::circuit::ElementId;
use crate::diagnostic::Diagnostic;

/// Capacitance of the pole node, F: sets the scale of the internal currents only.
const POLE_CAPACITANCE: f64 = 1e-9;

crate::parameters! {
    /// Parameters of an `opamp` model.
    pub struct OpampModel {
        a0 ["avol", "gain"] = 1e5, "V/V", 1.0..=1e12, "open-loop gain at DC";
        gbw ["gbp"] = 1e7, "Hz", POSITIVE, "gain-bandwidth product";
        sr ["slew"] = 1e7, "V/s", POSITIVE, "slew rate";
        vmax [] = 12.0, "V", ANY, "upper output rail";
        vmin [] = -12.0, "V", ANY, "lower output rail";
        vsoft [] = 0.02, "V", 1e-6..=1e3, "softness of the rails: the gain fades over some ten times this voltage";
        rout [] = 50.0, "ohm", POSITIVE, "output resistance";
        vos [] = 0.0, "V", ANY, "input offset voltage";
        ib [] = 0.0, "A", ANY, "input bias current, into both inputs";
        ios [] = 0.0, "A", ANY, "input offset current: that of inp less that of inn";
        rin [] = 1e12, "ohm", POSITIVE, "resistance between the inputs";
        cin [] = 0.0, "F", NON_NEGATIVE, "capacitance between the inputs";
    }
}

/// The model type of this file.
pub const TYPE: ModelType = ModelType {
    kinds: &["opamp"],
    summary: "operational amplifier: one pole, slew rate, rails, offset, bias",
    source: "Boyle et al., IEEE J. Solid-State Circuits 9 (1974) 353, reduced to one pole",
    terminals: &["inp", "inn", "out"],
    model_params: OpampModel::SPECS,
    instance_params: &[],
    internals: &["vd", "vpole", "iout"],
    build,
};

#[derive(Clone)]
struct Opamp {
    inp: Unknown,
    inn: Unknown,
    out: Unknown,
    pole: Unknown,
    model: OpampModel,
    gm: f64,
    leak: f64,
    /// Pole row at inp, inn and the pole.
    pole_slots: [Slot; 3],
    /// Output row at out and the pole.
    out_slots: [Slot; 2],
    input_slots: [Slot; 4],
}

/// `ln(1 + exp(x))` and its derivative.
fn softplus(x: f64) -> (f64, f64) {
    let e = (-x.abs()).exp();
    let slope = if x > 0.0 { 1.0 / (1.0 + e) } else { e / (1.0 + e) };
    (x.max(0.0) + e.ln_1p(), slope)
}

impl Opamp {
    /// Largest current of the input stage, A.
    fn drive(&self) -> f64 {
        self.model.sr * POLE_CAPACITANCE
    }

    /// Current of the input stage into the pole node and its slope.
    fn stage(&self, vd: f64) -> (f64, f64) {
        let t = (self.gm * vd / self.drive()).tanh();
        (self.drive() * t, self.gm * (1.0 - t * t))
    }

    /// Current from the pole node into the clamps, and its slope.
    fn clamp(&self, v: f64) -> (f64, f64) {
        let m = &self.model;
        // the softplus takes the whole drive, ln(1 + e^x) = 1, exactly at the rail
        let knee = m.vsoft * (std::f64::consts::E - 1.0).ln();
        let (high, dhigh) = softplus((v - m.vmax + knee) / m.vsoft);
        let (low, dlow) = softplus((m.vmin + knee - v) / m.vsoft);
        (self.drive() * (high - low), self.drive() / m.vsoft * (dhigh + dlow))
    }

    /// Limits the differential voltage: the stage is evaluated within its active range before it may change sides, and
    /// moves out of that range by doubling.
    fn limit(&self, new: f64, old: f64) -> f64 {
        let active = self.drive() / self.gm;
        if new.abs() <= active {
            new
        } else if new * old < 0.0 && old.abs() > 0.1 * active {
            0.0
        } else {
            new.signum() * new.abs().min((2.0 * old.abs()).max(active))
        }
    }
}

/// All operational amplifiers of a circuit. Memory: the differential voltage of the last evaluation, V.
#[derive(Clone)]
struct OpampBank {
    elements: Vec<ElementId>,
    opamps: Vec<Opamp>,
}

fn build(builder: &mut Builder, ids: &[ElementId], found: &mut Vec<Diagnostic>) -> Option<Box<dyn Bank>> {
    let cards = Cards::<OpampModel>::read(builder.circuit, ids, found);
    let mut opamps = Vec::new();
    for &id in ids {
        let (element, device, card) = device(builder.circuit, id)?;
        let model = cards.of(device);
        instance::<NoParameters>(element, device, found);
        if model.vmax - model.vmin < 4.0 * model.vsoft {
            let text = format!("model `{}`: vmax must exceed vmin by at least four times vsoft", card.name);
            found.push(Diagnostic::error(card.span, text).label("no room between the rails"));
        }
        let [inp, inn, out] = [0, 1, 2].map(|k| builder.terminal(id, k));
        let pole = builder.internal_node(id, "pole");
        let gm = TAU * model.gbw * POLE_CAPACITANCE;
        opamps.push(Opamp {
            inp,
            inn,
            out,
            pole,
            gm,
            leak: gm / model.a0,
            pole_slots: [inp, inn, pole].map(|column| builder.entry(pole, column)),
            out_slots: [out, pole].map(|column| builder.entry(out, column)),
            input_slots: builder.pair(inp, inn),
            model,
        });
    }
    Some(Box::new(OpampBank { elements: ids.to_vec(), opamps }))
}

impl Bank for OpampBank {
    fn clone_bank(&self) -> Box<dyn Bank> {
        Box::new(self.clone())
    }

    fn elements(&self) -> &[ElementId] {
        &self.elements
    }

    fn slots_mut(&mut self) -> Vec<&mut Slot> {
        let all = |o| {
            let Opamp { pole_slots, out_slots, input_slots, .. }: &mut Opamp = o;
            pole_slots.iter_mut().chain(out_slots.iter_mut()).chain(input_slots.iter_mut())
        };
        self.opamps.iter_mut().flat_map(all).collect()
    }

    fn constant(&self, g: &mut [f64], c: &mut [f64]) {
        for o in &self.opamps {
            g[o.pole_slots[2] as usize] += o.leak;
            c[o.pole_slots[2] as usize] += POLE_CAPACITANCE;
            g[o.out_slots[0] as usize] += 1.0 / o.model.rout;
            g[o.out_slots[1] as usize] -= 1.0 / o.model.rout;
            for (&slot, sign) in o.input_slots.iter().zip([1.0, -1.0, -1.0, 1.0]) {
                g[slot as usize] += sign / o.model.rin;
                c[slot as usize] += sign * o.model.cin;
            }
        }
    }

    fn eval(&mut self, ctx: &Context, out: &mut Stamps) -> bool {
        let x = ctx.x;
        let mut limited = false;
        for (k, o) in self.opamps.iter().enumerate() {
            let m = &o.model;
            let across = x[o.inp as usize] - x[o.inn as usize];
            let vd = across + m.vos;
            let at = o.limit(vd, out.memory[k]);
            out.memory[k] = at;
            limited |= at != vd;
            let (drive, slope) = o.stage(at);
            let v = x[o.pole as usize];
            let (clamp, clamp_slope) = o.clamp(v);

            out.resistive(o.pole, -(drive + slope * (vd - at)));
            out.resistive(o.pole, clamp);
            out.resistive(o.pole, o.leak * v);
            out.q[o.pole as usize] += POLE_CAPACITANCE * v;
            out.g[o.pole_slots[0] as usize] -= slope;
            out.g[o.pole_slots[1] as usize] += slope;
            out.g[o.pole_slots[2] as usize] += clamp_slope;

            out.resistive(o.out, (x[o.out as usize] - v) / m.rout);
            out.current(o.inp, o.inn, across / m.rin);
            out.charge(o.inp, o.inn, m.cin * across);
            out.resistive(o.inp, m.ib + 0.5 * m.ios);
            out.resistive(o.inn, m.ib - 0.5 * m.ios);
        }
        limited
    }

    fn memory_count(&self) -> usize {
        self.opamps.len()
    }

    fn internal(&self, index: usize, name: &str, ctx: &Context, _states: &[f64], _memory: &[f64]) -> Option<f64> {
        let o = self.opamps.get(index)?;
        match name {
            "vd" => Some(ctx.x[o.inp as usize] - ctx.x[o.inn as usize] + o.model.vos),
            "vpole" => Some(ctx.x[o.pole as usize]),
            "iout" => Some((ctx.x[o.pole as usize] - ctx.x[o.out as usize]) / o.model.rout),
            _ => None,
        }
    }

    fn internal_names(&self) -> Vec<&str> {
        TYPE.internals.to_vec()
    }

    /// Current into `inp`; the power is what flows in at all three terminals (negative: the supplies are not modelled).
    fn current_and_power(&self, index: usize, ctx: &Context, _states: &[f64], _memory: &[f64]) -> Option<(f64, f64)> {
        let o = self.opamps.get(index)?;
        let m = &o.model;
        let [inp, inn, out, pole] = [o.inp, o.inn, o.out, o.pole].map(|k| ctx.x[k as usize]);
        let through = (inp - inn) / m.rin;
        let (into_inp, into_inn) = (through + m.ib + 0.5 * m.ios, -through + m.ib - 0.5 * m.ios);
        Some((into_inp, inp * into_inp + inn * into_inn + out * (out - pole) / m.rout))
    }
}
