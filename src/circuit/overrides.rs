//! Building a circuit again with other values: sweeps of parameters, alterations by scripts, Monte Carlo draws.

use std::sync::Arc;

use super::{Circuit, ParamData, SweepTarget};
use crate::diagnostic::Diagnostic;

/// Which values the random functions of a deck (`gauss`, `agauss`, `unif`, `aunif`, `limit`) give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Draw {
    /// Each its nominal value.
    Nominal,
    /// The draw of this number; every number is a sample of its own.
    Number(u64),
}

/// Values that stand in place of those in the deck.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overrides {
    /// Top-level `.param` names (lower case) and their values.
    pub params: Vec<(String, f64)>,
    /// Subcircuit, parameter of it, and value, for every instance that does not set it.
    pub block_params: Vec<(String, String, f64)>,
    /// Element (full name), parameter (`None`: its main value) and value.
    pub elements: Vec<(String, Option<String>, ParamData)>,
    /// Model card, parameter and value.
    pub models: Vec<(String, String, ParamData)>,
    /// Circuit temperature, degrees Celsius.
    pub celsius: Option<f64>,
    /// Seed of the random functions.
    pub seed: Option<u64>,
    /// Which draw of them.
    pub draw: Option<Draw>,
}

impl Overrides {
    /// These values with `more` on top.
    pub fn with(&self, more: &Overrides) -> Overrides {
        let mut all = self.clone();
        for (name, value) in &more.params {
            all.params.retain(|(before, _)| before != name);
            all.params.push((name.clone(), *value));
        }
        for entry in &more.block_params {
            all.block_params.retain(|before| (&before.0, &before.1) != (&entry.0, &entry.1));
            all.block_params.push(entry.clone());
        }
        for entry in &more.elements {
            all.elements.retain(|before| (&before.0, &before.1) != (&entry.0, &entry.1));
            all.elements.push(entry.clone());
        }
        for entry in &more.models {
            all.models.retain(|before| (&before.0, &before.1) != (&entry.0, &entry.1));
            all.models.push(entry.clone());
        }
        all.celsius = more.celsius.or(all.celsius);
        all.seed = more.seed.or(all.seed);
        all.draw = more.draw.or(all.draw);
        all
    }
}

impl SweepTarget {
    /// The override that gives the swept quantity a value.
    pub fn set(&self, circuit: &Circuit, value: f64) -> Overrides {
        let mut overrides = Overrides::default();
        let number = ParamData::Number(value);
        match self {
            SweepTarget::Source(element) => {
                overrides.elements.push((circuit.elements[element.0 as usize].name.clone(), None, number));
            }
            SweepTarget::Element(name, param) => overrides.elements.push((name.clone(), param.clone(), number)),
            SweepTarget::Model(name, param) => overrides.models.push((name.clone(), param.clone(), number)),
            SweepTarget::Parameter(name) => overrides.params.push((name.clone(), value)),
            SweepTarget::TemperatureCelsius => overrides.celsius = Some(value),
        }
        overrides
    }

    /// The swept quantity as a user would write it.
    pub fn label(&self, circuit: &Circuit) -> String {
        match self {
            SweepTarget::Source(element) => circuit.elements[element.0 as usize].name.clone(),
            SweepTarget::Element(name, None) | SweepTarget::Parameter(name) => name.clone(),
            SweepTarget::Element(name, Some(param)) => format!("{name}:{param}"),
            SweepTarget::Model(name, param) => format!("{name}({param})"),
            SweepTarget::TemperatureCelsius => "temp".into(),
        }
    }
}

/// What a circuit was made from, able to make it again.
pub trait Origin: std::fmt::Debug + Send + Sync {
    /// The circuit with these values in place of those of the deck.
    ///
    /// # Errors
    /// Names that the deck does not have, and everything that is wrong with the deck at these values.
    fn rebuild(self: Arc<Self>, overrides: &Overrides) -> Result<Circuit, Vec<Diagnostic>>;
}

impl Circuit {
    /// The circuit with further values replaced, on top of those replaced already.
    ///
    /// # Errors
    /// As [`Origin::rebuild`]; a circuit that was not made from a deck cannot be rebuilt.
    pub fn rebuilt(&self, more: &Overrides) -> Result<Circuit, Vec<Diagnostic>> {
        match &self.origin {
            Some(origin) => Arc::clone(origin).rebuild(&self.overrides.with(more)),
            None => Err(vec![Diagnostic {
                span: None,
                ..Diagnostic::error(Default::default(), "the circuit was not made from a deck")
            }]),
        }
    }
}
