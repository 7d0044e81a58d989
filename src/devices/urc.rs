//! U: uniform RC lines as ladders of lumps that grow from both ends to the middle.
//!
//! The lumps form a geometric series with the factor K from each end (Gertzberg, as SPICE3 has it); their number
//! follows from the highest frequency of interest.

use super::cards::{Cards, device, instance};
use super::{ANY, Bank, Builder, Context, ModelType, NON_NEGATIVE, POSITIVE, Parameters, Slot, Stamps, Unknown};
use crate::circuit::ElementId;
use crate::diagnostic::Diagnostic;

/// Most lumps of a line.
const MOST_LUMPS: f64 = 1000.0;

crate::parameters! {
    /// Parameters of a `urc` model.
    pub struct RcLineModel {
        k [] = 1.5, "-", 1.0001..=100.0, "growth of the lumps";
        fmax [] = 1e9, "Hz", POSITIVE, "highest frequency of interest";
        rperl [] = 1000.0, "ohm/m", POSITIVE, "resistance per length";
        cperl [] = 1e-12, "F/m", POSITIVE, "capacitance per length";
        isperl [] = f64::NAN, "A/m", ANY, "not supported: lines of diodes";
        rsperl [] = 0.0, "ohm/m", NON_NEGATIVE, "resistance of the diodes per length";
    }
}

crate::parameters! {
    /// Instance parameters of an RC line.
    pub struct RcLineInstance {
        l [] = f64::NAN, "m", POSITIVE, "length";
        n [] = f64::NAN, "-", 1.0..=MOST_LUMPS, "number of lumps";
        m [] = 1.0, "-", POSITIVE, "number of lines in parallel";
    }
}

/// The model type of this file.
pub const TYPE: ModelType = ModelType {
    kinds: &["urc"],
    summary: "uniform RC line of lumps",
    source: "SPICE3 user's manual, uniform distributed RC lines",
    terminals: &["p1", "p2", "common"],
    model_params: RcLineModel::SPECS,
    instance_params: RcLineInstance::SPECS,
    internals: &[],
    build,
};

#[derive(Clone, Copy)]
struct Part {
    a: Unknown,
    b: Unknown,
    /// Conductance, S, or capacitance, F.
    value: f64,
    slots: [Slot; 4],
}

/// All U elements of a circuit.
#[derive(Clone)]
struct RcLineBank {
    elements: Vec<ElementId>,
    /// First conductance of each line.
    first: Vec<usize>,
    conductances: Vec<Part>,
    capacitances: Vec<Part>,
}

fn build(builder: &mut Builder, ids: &[ElementId], found: &mut Vec<Diagnostic>) -> Option<Box<dyn Bank>> {
    let cards = Cards::<RcLineModel>::read(builder.circuit, ids, found);
    let mut bank =
        RcLineBank { elements: ids.to_vec(), first: Vec::new(), conductances: Vec::new(), capacitances: Vec::new() };
    for &id in ids {
        let (element, device, card) = device(builder.circuit, id)?;
        let m = cards.of(device);
        let own = instance::<RcLineInstance>(element, device, found);
        if own.l.is_nan() {
            let error = Diagnostic::error(element.span, format!("`{}` has no length", element.name));
            found.push(error.label("length missing").hint("give `l=`"));
            continue;
        }
        if !m.isperl.is_nan() {
            let error = Diagnostic::error(card.span, format!("model `{}` is a line of diodes (isperl)", card.name));
            found.push(error.label("not part of this version").hint("leave `isperl` out for a line of capacitors"));
            continue;
        }
        bank.first.push(bank.conductances.len());
        bank.ladder(builder, id, &m, &own);
    }
    (bank.first.len() == ids.len()).then(|| Box::new(bank) as Box<dyn Bank>)
}

impl RcLineBank {
    fn ladder(&mut self, builder: &mut Builder, id: ElementId, m: &RcLineModel, own: &RcLineInstance) {
        let (resistance, capacitance) = (own.l * m.rperl / own.m, own.l * m.cperl * own.m);
        let k = m.k;
        let count = if own.n.is_nan() {
            let omega = std::f64::consts::TAU * m.fmax * resistance * capacitance;
            let share = (k - 1.0) / k;
            if omega < 35.0 { 3.0 } else { ((omega * share * share).ln() / k.ln()).max(3.0) }
        } else {
            own.n
        };
        let count = count.min(MOST_LUMPS).floor();
        let mut r = resistance * (k - 1.0) / (2.0 * k.powf(count) - 2.0);
        let mut c = capacitance * (k - 1.0) / (k.powf(count - 1.0) * (k + 1.0) - 2.0);
        let common = builder.terminal(id, 2);
        let mut ends = [builder.terminal(id, 0), builder.terminal(id, 1)];
        let lumps = count as usize;
        for lump in 1..=lumps {
            let high = builder.internal_node(id, &format!("hi{lump}"));
            let low = if lump == lumps { high } else { builder.internal_node(id, &format!("lo{lump}")) };
            let mut part = |a: Unknown, b: Unknown, value: f64| Part { a, b, value, slots: builder.pair(a, b) };
            self.conductances.push(part(ends[0], low, 1.0 / r));
            self.conductances.push(part(high, ends[1], 1.0 / r));
            self.capacitances.push(part(low, common, c));
            if low != high {
                self.capacitances.push(part(high, common, c));
            }
            ends = [low, high];
            r *= k;
            c *= k;
        }
    }
}

impl Bank for RcLineBank {
    fn clone_bank(&self) -> Box<dyn Bank> {
        Box::new(self.clone())
    }

    fn elements(&self) -> &[ElementId] {
        &self.elements
    }

    fn slots_mut(&mut self) -> Vec<&mut Slot> {
        self.conductances.iter_mut().chain(&mut self.capacitances).flat_map(|part| &mut part.slots).collect()
    }

    fn constant(&self, g: &mut [f64], c: &mut [f64]) {
        for (matrix, parts) in [(g, &self.conductances), (c, &self.capacitances)] {
            for part in parts {
                for (&slot, sign) in part.slots.iter().zip([1.0, -1.0, -1.0, 1.0]) {
                    matrix[slot as usize] += sign * part.value;
                }
            }
        }
    }

    fn eval(&mut self, ctx: &Context, out: &mut Stamps) -> bool {
        let voltage = |part: &Part| ctx.x[part.a as usize] - ctx.x[part.b as usize];
        for part in &self.conductances {
            out.current(part.a, part.b, part.value * voltage(part));
        }
        for part in &self.capacitances {
            out.charge(part.a, part.b, part.value * voltage(part));
        }
        false
    }

    fn current_and_power(&self, index: usize, ctx: &Context, _states: &[f64], _memory: &[f64]) -> Option<(f64, f64)> {
        let from = *self.first.get(index)?;
        let to = self.first.get(index + 1).copied().unwrap_or(self.conductances.len());
        let voltage = |part: &Part| ctx.x[part.a as usize] - ctx.x[part.b as usize];
        let power = self.conductances[from..to].iter().map(|part| part.value * voltage(part) * voltage(part)).sum();
        let first = self.conductances.get(from)?;
        Some((first.value * voltage(first), power))
    }
}
