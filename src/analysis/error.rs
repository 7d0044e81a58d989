//! What can go wrong in a simulation.

use thiserror::Error;

/// A failed analysis. What was computed before it stays in the output.
#[derive(Debug, Error)]
pub enum SimulationError {
    /// Newton and every homotopy failed.
    #[error("{analysis}: {reason} at the {unknown}{}; tried {tried}", at(*.time))]
    NoConvergence {
        /// Which analysis.
        analysis: &'static str,
        /// Simulated time, s.
        time: f64,
        /// What happened.
        reason: &'static str,
        /// The unknown that moved most.
        unknown: String,
        /// Methods tried, in order.
        tried: String,
    },
    /// The small-signal equations have no solution.
    #[error("the small-signal equations at {frequency} Hz do not determine the {unknown}")]
    Singular {
        /// Frequency, Hz.
        frequency: f64,
        /// The unknown without a pivot.
        unknown: String,
    },
    /// The time step became too small.
    #[error(
        "transient: the time step fell below {step:.3e} s at t = {time:.6e} s; the {unknown} keeps changing ({reason})"
    )]
    StepTooSmall {
        /// Smallest step, s.
        step: f64,
        /// Simulated time, s.
        time: f64,
        /// The unknown that limits the step.
        unknown: String,
        /// Truncation error or Newton.
        reason: &'static str,
    },
    /// The linearised array is too far from the full equations.
    #[error(
        "array read: the linearised currents differ by {:.3} % of the largest one from the full equations; {:.3} % are allowed",
        100.0 * error,
        100.0 * bound
    )]
    NotLinear {
        /// Largest difference as a share of the largest current.
        error: f64,
        /// What is allowed.
        bound: f64,
    },
    /// A learning run failed in the circuit.
    #[error("seed {seed}, episode {episode}: {source}")]
    Learning {
        /// Seed of the run.
        seed: u64,
        /// Episode, from 1.
        episode: u32,
        /// What failed.
        source: Box<SimulationError>,
    },
    /// A result could not be written.
    #[error("{0}")]
    Output(String),
    /// A name, handle or value given through the programming interface does not fit the circuit.
    #[error("{0}")]
    Usage(String),
}

fn at(time: f64) -> String {
    if time > 0.0 { format!(" at t = {time:.6e} s") } else { String::new() }
}

impl SimulationError {
    /// What the user may try.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoConvergence { .. } => {
                "check the values around that unknown; a .nodeset near the expected solution or a larger gmin can help"
            }
            Self::StepTooSmall { .. } => {
                "look for jumps without capacitance, positive feedback or unphysical values there; a larger reltol or method=gear can help"
            }
            Self::Singular { .. } => "look for a node or a branch that is connected through ideal elements only",
            Self::NotLinear { .. } => "read with smaller voltages, sweep with .dc instead, or allow more with `bound=`",
            Self::Learning { source, .. } => source.hint(),
            Self::Output(_) => "check the path and the free space",
            Self::Usage(_) => "`ionspice check` lists the names of the circuit",
        }
    }
}
