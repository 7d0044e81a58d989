//! Analyses: Newton and homotopies, time integration; operating point, DC sweep, transient; the
//! linearised circuit: AC, noise, transfer function, sensitivities, poles and zeros.

mod ac;
mod check;
mod dc;
mod error;
mod formula;
pub mod forward;
mod isolated;
mod linearise;
mod matrix;
mod newton;
mod noise;
mod op;
mod operating;
mod options;
mod probe;
mod pz;
mod read;
mod run;
mod sens;
mod system;
mod tf;
mod transient;

pub use check::check;
pub use error::SimulationError;
pub use linearise::{Linearised, Solver};
pub use matrix::MatrixValues;
pub use op::OperatingPoint;
pub use operating::{OperatingTable, operating_points};
pub use options::{Fidelity, Method, Options, ZERO_CELSIUS};
pub use probe::{Probe, Probes, spice_name};
pub use read::LinearRead;
pub use run::{Sink, Work, run};
pub use system::{Counters, Derivative, Homotopy, Place, Point, SOURCES, System};
pub use transient::Transient;

use crate::diagnostic::Diagnostic;

/// Why a run stopped: the netlist is wrong (exit code 2) or the simulation failed (exit code 1).
#[derive(Debug)]
pub enum Failure {
    /// Found while building the system.
    Netlist(Vec<Diagnostic>),
    /// Found while solving it.
    Simulation(SimulationError),
}

impl From<SimulationError> for Failure {
    fn from(error: SimulationError) -> Self {
        Failure::Simulation(error)
    }
}
