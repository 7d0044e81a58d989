//! Devices: one file (or folder) per family, each a [`Bank`]; and the registry of model types.

mod bank;
pub mod memristor;
mod params;

use crate::circuit::{ElementId, ElementKind};
use crate::diagnostic::Diagnostic;

pub use bank::{Bank, Builder, Context, Slot, Stamps, StateStep, Unknown, UnknownInfo, UnknownKind};
pub use params::{ParamSpec, Parameters, apply, find, nearest};

/// Any finite number.
pub const ANY: std::ops::RangeInclusive<f64> = -1e300..=1e300;
/// Any number greater than zero.
pub const POSITIVE: std::ops::RangeInclusive<f64> = 1e-300..=1e300;
/// Zero or more.
pub const NON_NEGATIVE: std::ops::RangeInclusive<f64> = 0.0..=1e300;

/// Builds the bank of one model type from its elements (all of that type, any cards).
pub type BuildBank = fn(&mut Builder, &[ElementId], &mut Vec<Diagnostic>) -> Option<Box<dyn Bank>>;

/// A type word of `.model` cards.
pub struct ModelType {
    /// Type words that select it (`nmos`, `pmos`), lower case.
    pub kinds: &'static [&'static str],
    /// One line.
    pub summary: &'static str,
    /// Where the equations come from.
    pub source: &'static str,
    /// Terminals in order.
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
