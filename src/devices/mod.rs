//! Devices: one file (or folder) per family, each a [`Bank`]; and the registry of model types.

mod bank;
mod behavioural;
mod bjt;
mod cards;
mod controlled;
mod converter;
mod diode;
mod history;
mod jfet;
mod junction;
mod line;
mod linear;
mod lossy;
pub(crate) mod mosfet;
mod opamp;
mod osdi;
pub mod memristor;
mod params;
mod relaxation;
mod source;
mod switch;
mod transfer;
mod urc;

#[cfg(test)]
mod device_tests;
#[cfg(test)]
mod jacobian_check;
#[cfg(test)]
mod testbench;

use std::sync::LazyLock;

use crate::circuit::{Circuit, ElementId, ElementKind};
use crate::diagnostic::{Diagnostic, Severity};

pub use bank::{
    AnalysisKind, Bank, Builder, Context, NoiseSource, Slot, Stamps, StateStep, Unknown, UnknownInfo, UnknownKind,
};
pub use behavioural::BehaviouralBank;
pub use controlled::ControlledBank;
pub use converter::{AdcModel, DacModel};
pub use line::LineBank;
pub use linear::LinearBank;
pub use params::{ParamSpec, Parameters, apply, find, nearest};
pub use source::{SourceBank, SourceMode};

/// Any finite number.
pub const ANY: std::ops::RangeInclusive<f64> = -1e300..=1e300;
/// Any number greater than zero.
pub const POSITIVE: std::ops::RangeInclusive<f64> = 1e-300..=1e300;
/// Zero or more.
pub const NON_NEGATIVE: std::ops::RangeInclusive<f64> = 0.0..=1e300;

/// Builds the bank of one model type from its elements (all of that type, any cards).
pub type BuildBank = fn(&mut Builder, &[ElementId], &mut Vec<Diagnostic>) -> Option<Box<dyn Bank>>;

/// A type word of `.model` cards.
#[derive(Clone, Copy)]
pub struct ModelType {
    /// Type words that select it (`nmos`, `pmos`), lower case.
    pub kinds: &'static [&'static str],
    /// One line.
    pub summary: &'static str,
    /// Where the equations come from.
    pub source: &'static str,
    /// Terminals in order; one in brackets may be left out.
    pub terminals: &'static [&'static str],
    /// Parameters of the card.
    pub model_params: &'static [ParamSpec],
    /// Further parameters of an instance.
    pub instance_params: &'static [ParamSpec],
    /// Internal quantities that can be saved.
    pub internals: &'static [&'static str],
    /// Constructor.
    pub build: BuildBank,
}

static REGISTRY: LazyLock<Vec<ModelType>> = LazyLock::new(|| {
    let single = [diode::TYPE, bjt::TYPE, jfet::JFET, jfet::MESFET, mosfet::TYPE, opamp::TYPE, lossy::TYPE, urc::TYPE];
    [&single[..], &switch::TYPES, &converter::TYPES, memristor::TYPES].concat()
});

/// Every type of model card.
pub fn model_types() -> &'static [ModelType] {
    &REGISTRY
}

/// The model type with this type word.
pub fn model_type(kind: &str) -> Option<&'static ModelType> {
    model_types().iter().find(|t| t.kinds.contains(&kind))
}

/// All banks of a circuit.
#[derive(Clone)]
pub struct Banks {
    /// R, C, L and K.
    pub linear: LinearBank,
    /// V, I and DACs.
    pub sources: SourceBank,
    /// Everything else.
    pub others: Vec<Box<dyn Bank>>,
}

impl Banks {
    /// Every bank, in a fixed order: linear, sources, others.
    pub fn iter(&self) -> impl Iterator<Item = &dyn Bank> {
        let first: [&dyn Bank; 2] = [&self.linear, &self.sources];
        first.into_iter().chain(self.others.iter().map(|b| &**b as &dyn Bank))
    }

    /// Every bank in the order of [`Banks::iter`], to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut dyn Bank> {
        let first: [&mut dyn Bank; 2] = [&mut self.linear, &mut self.sources];
        first.into_iter().chain(self.others.iter_mut().map(|b| &mut **b as &mut dyn Bank))
    }
}

/// Builds the banks of a circuit. Warnings go to `warnings`.
///
/// # Errors
/// Everything that is wrong with the circuit's elements and models, warnings included.
pub fn build(builder: &mut Builder, warnings: &mut Vec<Diagnostic>) -> Result<Banks, Vec<Diagnostic>> {
    let mut found = Vec::new();
    let Groups { built_in: groups, compiled } = group(builder.circuit, &mut found);
    let mut banks = Banks {
        linear: LinearBank::build(builder, &mut found),
        sources: SourceBank::build(builder, &mut found),
        others: Vec::new(),
    };
    let controlled = ControlledBank::build(builder, &mut found);
    if !controlled.elements().is_empty() {
        banks.others.push(Box::new(controlled));
    }
    let behavioural = BehaviouralBank::build(builder, &mut found);
    if !behavioural.elements().is_empty() {
        banks.others.push(Box::new(behavioural));
    }
    let lines = LineBank::build(builder);
    if !lines.elements().is_empty() {
        banks.others.push(Box::new(lines));
    }
    for (model_type, elements) in model_types().iter().zip(&groups) {
        if !elements.is_empty() {
            banks.others.extend((model_type.build)(builder, elements, &mut found));
        }
    }
    for (module, elements) in &compiled {
        banks.others.extend(osdi::build(builder, *module, elements, &mut found));
    }
    if found.iter().any(|d| d.severity == Severity::Error) {
        return Err(found);
    }
    warnings.extend(found);
    Ok(banks)
}

/// True when an element with `count` nodes can have these terminals.
fn fits(terminals: &[&str], count: usize) -> bool {
    let needed = terminals.iter().filter(|name| !name.starts_with('[')).count();
    (needed..=terminals.len()).contains(&count)
}

/// Elements by what describes them.
#[derive(Default)]
struct Groups {
    /// Of each model type, in the order of [`model_types`].
    built_in: Vec<Vec<ElementId>>,
    /// Of each module of the circuit's libraries that is used.
    compiled: Vec<(osdi::Found, Vec<ElementId>)>,
}

/// Groups the elements; complains about unknown types and wrong numbers of terminals.
fn group(circuit: &Circuit, found: &mut Vec<Diagnostic>) -> Groups {
    let types = model_types();
    let position: Vec<Option<usize>> =
        circuit.models.iter().map(|card| types.iter().position(|t| t.kinds.contains(&card.kind.as_str()))).collect();
    let mut unknown = vec![false; circuit.models.len()];
    let mut groups = Groups { built_in: vec![Vec::new(); types.len()], compiled: Vec::new() };
    for (k, element) in circuit.elements.iter().enumerate() {
        let ElementKind::Device(device) = &element.kind else { continue };
        let index = device.model.0 as usize;
        let Some(card) = circuit.models.get(index) else { continue };
        let compiled = osdi::is_compiled(element);
        let built_in = position[index].filter(|_| !compiled);
        if built_in.is_none()
            && let Some(module) = osdi::find(circuit, &card.kind)
        {
            match osdi::fits(circuit, module, element) {
                Ok(()) => match groups.compiled.iter_mut().find(|(m, _)| *m == module) {
                    Some((_, elements)) => elements.push(ElementId(k as u32)),
                    None => groups.compiled.push((module, vec![ElementId(k as u32)])),
                },
                Err(error) => found.push(error),
            }
            continue;
        }
        match built_in {
            Some(group) if fits(types[group].terminals, element.nodes.len()) => {
                groups.built_in[group].push(ElementId(k as u32));
            }
            Some(group) => {
                let terminals = types[group].terminals;
                let text = format!(
                    "`{}` has {} terminals; a device of type {} has {}",
                    element.name,
                    element.nodes.len(),
                    card.kind,
                    terminals.len()
                );
                let hint = format!("terminals of {}: {}", card.kind, terminals.join(" "));
                found.push(Diagnostic::error(element.span, text).label("wrong number of terminals").hint(hint));
            }
            None if !unknown[index] => {
                unknown[index] = true;
                if compiled {
                    found.push(osdi::unknown(circuit, card));
                    continue;
                }
                let foreign = ["txl", "cpl"].contains(&card.kind.as_str());
                let hint = match nearest(&card.kind, types.iter().flat_map(|t| t.kinds.iter().copied())) {
                    _ if foreign => "a lossy line is an O element with a model of type ltra".to_string(),
                    Some(kind) => format!("did you mean `{kind}`?"),
                    None => "`ionspice models` lists the types".to_string(),
                };
                let text = format!("model `{}` has the unknown type `{}`", card.name, card.kind);
                found.push(Diagnostic::error(card.span, text).label("unknown type").hint(hint));
            }
            None => {}
        }
    }
    groups
}
