//! Digital-to-analogue and analogue-to-digital converters.
//!
//! To the circuit a DAC is a voltage source behind its output resistance (it lives in [`SourceBank`](super::SourceBank))
//! and an ADC is its input resistance and capacitance. When the DAC is set and when the ADC samples is decided by the
//! co-simulation, which also draws the noise; codes and levels are pure functions of the models here.
//!
//! Codes 0 to 2^bits - 1 stand for levels spread evenly from `vmin` to `vmax`, both included; a converter rounds to the
//! nearest level and saturates at the ends.

use std::collections::HashMap;

use super::cards::{Cards, NoParameters, device, instance};
use super::{ANY, Bank, Builder, Context, ModelType, NON_NEGATIVE, POSITIVE, Parameters, Slot, Stamps, Unknown};
use crate::circuit::{Circuit, ElementId};
use crate::diagnostic::Diagnostic;

crate::parameters! {
    /// Parameters of a `dac` model.
    pub struct DacModel {
        bits [] = 8.0, "-", 0.0..=32.0, "resolution; 0 is an ideal converter";
        vmin [] = 0.0, "V", ANY, "lowest output voltage";
        vmax [] = 1.0, "V", ANY, "highest output voltage";
        noise [] = 0.0, "V", NON_NEGATIVE, "rms noise of each setting";
        rout [] = 0.0, "ohm", NON_NEGATIVE, "output resistance";
    }
}

crate::parameters! {
    /// Parameters of an `adc` model.
    pub struct AdcModel {
        bits [] = 8.0, "-", 0.0..=32.0, "resolution; 0 is an ideal converter";
        vmin [] = 0.0, "V", ANY, "voltage of code 0";
        vmax [] = 1.0, "V", ANY, "voltage of the highest code";
        noise [] = 0.0, "V", NON_NEGATIVE, "rms noise of each sample";
        rin [] = 1e12, "ohm", POSITIVE, "input resistance";
        cin [] = 0.0, "F", NON_NEGATIVE, "input capacitance";
    }
}

crate::parameters! {
    /// Instance parameters of a `dac`.
    pub struct DacInstance {
        dc [] = 0.0, "V", ANY, "output voltage before the first setting";
    }
}

/// The model types of this file.
pub const TYPES: [ModelType; 2] = [
    ModelType {
        kinds: &["dac"],
        summary: "digital-to-analogue converter: programmed voltage behind a resistance",
        source: "ideal mid-tread quantiser with additive noise",
        terminals: &["p", "n"],
        model_params: DacModel::SPECS,
        instance_params: DacInstance::SPECS,
        internals: &[],
        // its sources are part of the SourceBank
        build: |_, _, _| None,
    },
    ModelType {
        kinds: &["adc"],
        summary: "analogue-to-digital converter: input impedance, sampled by the controller",
        source: "ideal mid-tread quantiser with additive noise",
        terminals: &["p", "n"],
        model_params: AdcModel::SPECS,
        instance_params: &[],
        internals: &["v", "i"],
        build: build_adcs,
    },
];

/// Highest code; `None` for an ideal converter.
fn top_code(bits: f64) -> Option<f64> {
    (bits >= 1.0).then(|| bits.floor().exp2() - 1.0)
}

impl DacModel {
    /// The level (V) the converter gives when asked for `voltage` (V): the nearest one, saturating at the ends.
    pub fn quantize(&self, voltage: f64) -> f64 {
        let span = self.vmax - self.vmin;
        let fraction = ((voltage - self.vmin) / span).clamp(0.0, 1.0);
        match top_code(self.bits) {
            Some(top) => self.vmin + span * ((fraction * top).round() / top),
            None => self.vmin + span * fraction,
        }
    }
}

impl AdcModel {
    /// The model of an ADC element; `None` when the element is something else.
    pub fn of(circuit: &Circuit, element: ElementId) -> Option<Self> {
        let (_, device, card) = device(circuit, element)?;
        (card.kind == "adc").then(|| Cards::read(circuit, &[element], &mut Vec::new()).of(device))
    }

    /// The code of a voltage (V): that of the nearest level, saturating at the ends. An ideal converter (`bits=0`)
    /// counts in steps of 2^-52 of its range.
    pub fn code(&self, voltage: f64) -> i64 {
        let fraction = ((voltage - self.vmin) / (self.vmax - self.vmin)).clamp(0.0, 1.0);
        (fraction * self.top()).round() as i64
    }

    /// The voltage (V) a code stands for.
    pub fn voltage(&self, code: i64) -> f64 {
        self.vmin + (self.vmax - self.vmin) * (code as f64 / self.top()).clamp(0.0, 1.0)
    }

    fn top(&self) -> f64 {
        top_code(self.bits).unwrap_or(4_503_599_627_370_496.0)
    }
}

fn check_range(vmin: f64, vmax: f64, circuit: &Circuit, id: ElementId, found: &mut Vec<Diagnostic>) {
    if vmax > vmin {
        return;
    }
    if let Some((_, _, card)) = device(circuit, id) {
        let text = format!("model `{}`: vmax ({vmax}) must be greater than vmin ({vmin})", card.name);
        found.push(Diagnostic::error(card.span, text).label("empty range"));
    }
}

/// Every DAC of the circuit with its model and its output voltage before the first setting, V.
pub(super) fn dac_models(circuit: &Circuit, found: &mut Vec<Diagnostic>) -> HashMap<ElementId, (DacModel, f64)> {
    let ids: Vec<ElementId> = (0..circuit.elements.len() as u32)
        .map(ElementId)
        .filter(|&id| device(circuit, id).is_some_and(|(_, _, card)| card.kind == "dac"))
        .collect();
    let cards = Cards::<DacModel>::read(circuit, &ids, found);
    let mut models = HashMap::new();
    for id in ids {
        let Some((element, device, _)) = device(circuit, id) else { continue };
        let model = cards.of(device);
        check_range(model.vmin, model.vmax, circuit, id, found);
        let start = instance::<DacInstance>(element, device, found).dc;
        models.insert(id, (model, start));
    }
    models
}

#[derive(Clone, Copy)]
struct Input {
    a: Unknown,
    b: Unknown,
    conductance: f64,
    capacitance: f64,
    slots: [Slot; 4],
}

/// Input impedances of all ADCs.
#[derive(Clone)]
struct AdcBank {
    elements: Vec<ElementId>,
    inputs: Vec<Input>,
}

fn build_adcs(builder: &mut Builder, ids: &[ElementId], found: &mut Vec<Diagnostic>) -> Option<Box<dyn Bank>> {
    let cards = Cards::<AdcModel>::read(builder.circuit, ids, found);
    let mut inputs = Vec::new();
    for &id in ids {
        let (element, device, _) = device(builder.circuit, id)?;
        let model = cards.of(device);
        instance::<NoParameters>(element, device, found);
        check_range(model.vmin, model.vmax, builder.circuit, id, found);
        let (a, b) = (builder.terminal(id, 0), builder.terminal(id, 1));
        let slots = builder.pair(a, b);
        inputs.push(Input { a, b, conductance: 1.0 / model.rin, capacitance: model.cin, slots });
    }
    Some(Box::new(AdcBank { elements: ids.to_vec(), inputs }))
}

impl Bank for AdcBank {
    fn clone_bank(&self) -> Box<dyn Bank> {
        Box::new(self.clone())
    }

    fn elements(&self) -> &[ElementId] {
        &self.elements
    }

    fn slots_mut(&mut self) -> Vec<&mut Slot> {
        self.inputs.iter_mut().flat_map(|p| &mut p.slots).collect()
    }

    fn constant(&self, g: &mut [f64], c: &mut [f64]) {
        for p in &self.inputs {
            for (&slot, sign) in p.slots.iter().zip([1.0, -1.0, -1.0, 1.0]) {
                g[slot as usize] += sign * p.conductance;
                c[slot as usize] += sign * p.capacitance;
            }
        }
    }

    fn eval(&mut self, ctx: &Context, out: &mut Stamps) -> bool {
        for p in &self.inputs {
            let v = ctx.x[p.a as usize] - ctx.x[p.b as usize];
            out.current(p.a, p.b, p.conductance * v);
            out.charge(p.a, p.b, p.capacitance * v);
        }
        false
    }

    fn internal(&self, index: usize, name: &str, ctx: &Context, _states: &[f64], _memory: &[f64]) -> Option<f64> {
        let p = self.inputs.get(index)?;
        let v = ctx.x[p.a as usize] - ctx.x[p.b as usize];
        match name {
            "v" => Some(v),
            "i" => Some(p.conductance * v),
            _ => None,
        }
    }

    fn internal_names(&self) -> Vec<&str> {
        TYPES[1].internals.to_vec()
    }

    fn current_and_power(&self, index: usize, ctx: &Context, _states: &[f64], _memory: &[f64]) -> Option<(f64, f64)> {
        let p = self.inputs.get(index)?;
        let v = ctx.x[p.a as usize] - ctx.x[p.b as usize];
        Some((p.conductance * v, p.conductance * v * v))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn levels_of_three_bits() {
        let dac = DacModel { bits: 3.0, vmin: -1.0, vmax: 2.5, ..DacModel::default() };
        assert_eq!(dac.quantize(-9.0), -1.0);
        assert_eq!(dac.quantize(9.0), 2.5);
        assert_eq!(dac.quantize(-0.26), -0.5);
        assert_eq!(dac.quantize(-0.24), 0.0 - 0.0);
        let adc = AdcModel { bits: 3.0, vmin: -1.0, vmax: 2.5, ..AdcModel::default() };
        assert_eq!([-9.0, -1.0, -0.76, -0.74, 2.5, 9.0].map(|v| adc.code(v)), [0, 0, 0, 1, 7, 7]);
        assert_eq!([-5, 0, 1, 7, 99].map(|c| adc.voltage(c)), [-1.0, -1.0, -0.5, 2.5, 2.5]);
    }

    #[test]
    fn ideal_converters_only_saturate() {
        let dac = DacModel { bits: 0.0, ..DacModel::default() };
        assert_eq!([-1.0, 0.123_456_789, 2.0].map(|v| dac.quantize(v)), [0.0, 0.123_456_789, 1.0]);
        let adc = AdcModel { bits: 0.0, ..AdcModel::default() };
        assert!((adc.voltage(adc.code(0.123_456_789)) - 0.123_456_789).abs() < 1e-15);
    }

    proptest! {
        #[test]
        fn the_error_is_at_most_half_a_step(bits in 1u32..20, lo in -5.0..5.0f64, span in 0.1..10.0f64, f in 0.0..1.0f64) {
            let step = span / (f64::from(bits).exp2() - 1.0);
            let v = lo + f * span;
            let bits = f64::from(bits);
            let dac = DacModel { bits, vmin: lo, vmax: lo + span, ..DacModel::default() };
            let adc = AdcModel { bits, vmin: lo, vmax: lo + span, ..AdcModel::default() };
            prop_assert!((dac.quantize(v) - v).abs() <= 0.5 * step + 1e-12);
            prop_assert!((adc.voltage(adc.code(v)) - v).abs() <= 0.5 * step + 1e-12);
            prop_assert!((dac.quantize(v) - adc.voltage(adc.code(v))).abs() < 1e-9 || ((v - lo) / step).fract() - 0.5 < 1e-9);
            prop_assert_eq!(adc.code(adc.voltage(adc.code(v))), adc.code(v));
        }
    }
}
