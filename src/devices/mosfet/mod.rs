//! MOS transistors of levels 1, 2, 3, 6 and 9 with bulk junctions, overlap and gate charges.
//!
//! One file per level has the channel current; terminals, series resistances, junctions, charges, limiting, noise and
//! internal quantities are the same for all. `docs/devices/mosfet.md` explains the choice of the charges.

mod bank;
mod build;
mod charges;
mod dual;
mod level1;
mod level2;
mod level3;
mod level6;
mod params;
mod process;
mod quantities;
mod transistor;

#[cfg(test)]
mod tests;

use super::{ModelType, Parameters};
use params::{MosfetInstance, MosfetModel};

/// The model type of this folder.
pub const TYPE: ModelType = ModelType {
    kinds: &["nmos", "pmos"],
    summary: "MOS transistor, levels 1, 2, 3, 6 and 9",
    source: "Shichman and Hodges (1968); Vladimirescu and Liu (1980); Sakurai and Newton (1991); Meyer (1971); Ward and Dutton (1978)",
    terminals: &["drain", "gate", "source", "bulk"],
    model_params: MosfetModel::SPECS,
    instance_params: MosfetInstance::SPECS,
    internals: quantities::NAMES,
    build: build::build,
};
