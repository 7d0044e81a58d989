//! Memristors: one file per compact model, and a bank that eliminates their states.
//!
//! To add a model, write a file with its `parameters!` and its [`CompactModel`], and add one entry to [`TYPES`].

mod bank;
pub mod model;
pub mod noise;
pub mod smooth;
mod solve;
pub mod vteam;

#[cfg(test)]
mod tests;

use crate::devices::{ModelType, Parameters};

pub use bank::MemristorBank;
pub use model::CompactModel;

use vteam::{Vteam, VteamParams};

/// Terminals of every memristor: top and bottom electrode.
const TERMINALS: &[&str] = &["te", "be"];

/// Type words of the memristor models.
pub const TYPES: &[ModelType] = &[ModelType {
    kinds: &["vteam"],
    summary: "VTEAM: voltage-threshold adaptive memristor",
    source: "Kvatinsky et al., IEEE Trans. Circuits Syst. II 62, 786 (2015), doi:10.1109/TCSII.2015.2433536",
    terminals: TERMINALS,
    model_params: VteamParams::SPECS,
    instance_params: &[],
    internals: Vteam::INTERNALS,
    build: MemristorBank::<Vteam, 1>::build,
}];
