//! Runs the learning that a controller block describes, for one or many seeds.

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::analysis::{Failure, Options, SimulationError};
use crate::circuit::Circuit;
use crate::cosim::Session;
use crate::learn::{
    ActorCritic, Checkpoints, Episode, LearningError, SeedRun, Seeds, Stop, TMaze, Training, TrainingError,
};

use super::actor_critic::ActorCriticArray;
use super::array::Array;
use super::calibration::Calibration;
use super::spec::{EnvironmentKind, Spec};

/// Result of a learning run.
#[derive(Clone, Debug)]
pub struct LearningRun {
    /// Controller block.
    pub controller: String,
    /// One entry per seed, in order.
    pub seeds: Vec<SeedRun>,
}

type Failed = LearningError<SimulationError>;

/// Trains the agent of `spec` once per seed, in parallel; every seed has its own copy of the circuit, whose noise is drawn from it.
///
/// # Errors
/// What is wrong with the netlist, or the first seed that fails.
pub fn train(
    circuit: &Arc<Circuit>,
    spec: &Spec,
    options: &Options,
    seeds: Seeds,
    on_episode: impl Fn(&Episode) + Sync,
) -> Result<LearningRun, Failure> {
    train_list(circuit, spec, options, &seeds.list(), None, on_episode)
}

/// As [`train`], for any seeds. Circuits are not saved within a seed: of an interrupted run the finished seeds are kept.
///
/// # Errors
/// As [`train`], and checkpoints that cannot be read or written.
pub fn train_list(
    circuit: &Arc<Circuit>,
    spec: &Spec,
    options: &Options,
    seeds: &[u64],
    checkpoints: Option<&Checkpoints>,
    on_episode: impl Fn(&Episode) + Sync,
) -> Result<LearningRun, Failure> {
    // The circuit of the first seed is built here so that what is wrong with the netlist keeps its place in the text.
    drop(Session::new(circuit.clone(), options.clone())?);
    let training = Training { episodes: spec.agent.episodes, iteration_limit: spec.agent.cap, stop: Stop::default() };
    let build = |seed: u64| -> Result<(TMaze, ActorCritic<ActorCriticArray>), Failed> {
        let options = Options { seed, ..options.clone() };
        let session = Session::new(circuit.clone(), options).map_err(|failure| match failure {
            Failure::Simulation(error) => error,
            Failure::Netlist(found) => {
                SimulationError::Usage(found.first().map_or_else(String::new, |d| d.message.clone()))
            }
        })?;
        let mut array = Array::new(session, spec.clone())?;
        let calibration = Calibration::measure(&mut array)?;
        let environment = match spec.environment {
            EnvironmentKind::TMaze => TMaze::new(),
        };
        let (inputs, actions) = spec.environment.shape();
        let agent = ActorCritic::new(spec.agent.rule, ActorCriticArray::new(array, calibration), inputs, actions);
        Ok((environment, agent.map_err(LearningError::Parameter)?))
    };
    let watch = |episode: &Episode, _: &ActorCritic<ActorCriticArray>| {
        on_episode(episode);
        ControlFlow::Continue(())
    };
    let runs = training.run_list(seeds, checkpoints, build, watch).map_err(|error| match error {
        TrainingError::Build { source: LearningError::Hardware(source), .. } => Failure::Simulation(source),
        TrainingError::Iteration { source: LearningError::Hardware(source), seed, episode, .. } => {
            Failure::Simulation(SimulationError::Learning { seed, episode: episode + 1, source: Box::new(source) })
        }
        other => Failure::Simulation(SimulationError::Usage(other.to_string())),
    })?;
    Ok(LearningRun { controller: spec.name.clone(), seeds: runs })
}
