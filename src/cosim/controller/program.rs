//! A controller block of any fidelity.

use std::sync::Arc;

use crate::analysis::{Failure, Options, SimulationError};
use crate::circuit::{Circuit, ControllerBlock};
use crate::diagnostic::Diagnostic;
use crate::learn::{Checkpoints, Environment, Episode, SeedRun};

use super::continual::{Continual, is_continual};
use super::functional::{Functional, is_functional};
use super::spec::Spec;
use super::train::train_list;

/// What a controller block asks for.
#[derive(Clone, Debug)]
pub enum Program {
    /// Learning on the cells of the circuit.
    Array(Box<Spec>),
    /// Learning without a circuit.
    Functional(Box<Functional>),
    /// The benchmark of continual learning.
    Continual(Box<Continual>),
}

impl Program {
    /// Checks a block against its circuit.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn new(circuit: &Circuit, block: &ControllerBlock) -> Result<Self, Vec<Diagnostic>> {
        if is_continual(block) {
            return Continual::new(circuit, block).map(|c| Self::Continual(Box::new(c)));
        }
        if is_functional(block) {
            return Functional::new(circuit, block).map(|f| Self::Functional(Box::new(f)));
        }
        Spec::new(circuit, block).map(|s| Self::Array(Box::new(s)))
    }

    /// Name of the block.
    pub fn name(&self) -> &str {
        match self {
            Self::Array(spec) => &spec.name,
            Self::Functional(functional) => &functional.name,
            Self::Continual(continual) => &continual.name,
        }
    }

    /// Episodes of a seed.
    pub fn episodes(&self) -> u32 {
        match self {
            Self::Array(spec) => spec.agent.episodes,
            Self::Functional(functional) => functional.experiment.training.episodes,
            Self::Continual(_) => 0,
        }
    }

    /// Fewest moves from start to goal, when there is one number.
    pub fn shortest_path(&self) -> Option<u32> {
        match self {
            Self::Array(_) => crate::learn::TMaze::new().shortest_path(),
            Self::Functional(functional) => functional.experiment.environment.shortest_path(),
            Self::Continual(_) => None,
        }
    }

    /// Everything the results depend on, as text: settings of the block, the circuit, the version.
    pub fn description(&self, circuit: &Circuit, options: &Options) -> String {
        let version = env!("CARGO_PKG_VERSION");
        match self {
            Self::Array(spec) => format!("{version} {spec:?} {options:?} {:016x}", fingerprint(circuit)),
            Self::Functional(functional) => format!("{version} {:?}", functional.experiment),
            Self::Continual(continual) => format!("{version} {continual:?} {:016x}", fingerprint(circuit)),
        }
    }

    /// Trains once per seed, in parallel.
    ///
    /// # Errors
    /// What is wrong with the netlist, the first seed that fails, checkpoints that cannot be read or written.
    pub fn train(
        &self,
        circuit: &Arc<Circuit>,
        options: &Options,
        seeds: &[u64],
        checkpoints: Option<&Checkpoints>,
        on_episode: impl Fn(&Episode) + Sync,
    ) -> Result<Vec<SeedRun>, Failure> {
        match self {
            Self::Array(spec) => {
                train_list(circuit, spec, options, seeds, checkpoints, on_episode).map(|run| run.seeds)
            }
            Self::Functional(functional) => functional
                .experiment
                .run(seeds, checkpoints, on_episode)
                .map_err(|error| Failure::Simulation(SimulationError::Usage(error.to_string()))),
            Self::Continual(_) => {
                Err(Failure::Simulation(SimulationError::Usage("a benchmark has no seeds to train".to_owned())))
            }
        }
    }
}

/// A hash of the deck's text (FNV-1a).
fn fingerprint(circuit: &Circuit) -> u64 {
    let sources = &circuit.sources;
    let bytes = (0..sources.len() as u32).flat_map(|k| sources.file(k).text.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
