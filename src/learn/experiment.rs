//! Experiments by name: an environment, an agent, what holds its weights, and how long to train.

use serde::{Deserialize, Serialize};
use std::sync::Arc;

use super::actor_critic::{ActorCritic, LearningRule};
use super::agent::{AgentError, AnyAgent, Erased};
use super::behavioural::{Behaviour, BehaviouralWeights};
use super::cartpole::CartPole;
use super::checkpoint::Checkpoints;
use super::cmo_fits::{Assignment, DeviceFit, in_turn, t_maze_assignment, water_maze_assignment};
use super::deep_q::{ConductancePairs, DeepQ, DeepQRule, PairRule};
use super::environment::Environment;
use super::external::{ExternalAgent, ExternalEnvironment, ExternalError, ProcessPlan};
use super::hardware::IdealWeights;
use super::mountaincar::MountainCar;
use super::ppo::{Ppo, PpoRule};
use super::rstdp::RewardStdp;
use super::tmaze::TMaze;
use super::training::{Episode, SeedRun, Training, TrainingError};
use super::watermaze::WaterMaze;
use std::ops::ControlFlow;

/// Any environment.
pub type AnyEnvironment = Box<dyn Environment + Send>;

/// Environments by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EnvironmentKind {
    /// `tmaze`: nine places, two actions.
    TMaze,
    /// `watermaze`: 121 place cells, eight actions.
    WaterMaze,
    /// `cartpole`: four quantities, two actions.
    CartPole,
    /// `mountaincar`: two quantities, three actions.
    MountainCar,
    /// `external`: another process.
    External(ProcessPlan),
}

impl EnvironmentKind {
    /// Fewest moves from start to goal, when there is one number.
    pub fn shortest_path(&self) -> Option<u32> {
        match self {
            Self::TMaze => TMaze::new().shortest_path(),
            _ => None,
        }
    }

    /// The environment.
    ///
    /// # Errors
    /// A process that does not start or does not answer.
    pub fn build(&self) -> Result<AnyEnvironment, ExternalError> {
        Ok(match self {
            Self::External(plan) => Box::new(ExternalEnvironment::start(plan)?),
            Self::TMaze => Box::new(TMaze::new()),
            Self::WaterMaze => Box::new(WaterMaze::new()),
            Self::CartPole => Box::new(CartPole::new()),
            Self::MountainCar => Box::new(MountainCar::new()),
        })
    }
}

/// Agents by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentKind {
    /// `actor_critic`: one layer, TD error, weights in 0..1.
    ActorCritic(LearningRule),
    /// `rstdp`: the same actor with an eligibility trace and reward in place of the TD error.
    RewardStdp {
        /// Learning rate and temperature.
        rule: LearningRule,
        /// Share of the trace left after one move.
        decay: f64,
    },
    /// `deep_q`: deep Q-learning.
    DeepQ(DeepQRule),
    /// `ppo`: proximal policy optimisation of one linear layer.
    Ppo(PpoRule),
    /// `external`: another process.
    External(ProcessPlan),
}

/// What holds the weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WeightKind {
    /// Exact numbers.
    Ideal,
    /// Fitted devices.
    Behavioural {
        /// How they behave.
        behaviour: Behaviour,
        /// Which devices: the published fits and assignment unless given.
        #[serde(skip)]
        devices: Option<Arc<Devices>>,
    },
    /// Pairs of conductances, for networks.
    Pairs(PairRule),
}

/// Fitted devices and which of them each weight is.
#[derive(Clone, Debug, PartialEq)]
pub struct Devices {
    /// The fits.
    pub fits: Arc<[DeviceFit]>,
    /// One row per input: the critic's device, then one per action.
    pub assignment: Assignment,
}

impl Devices {
    /// The public devices in their published assignment; in turn where there is none.
    ///
    /// # Errors
    /// An assignment that names a device without fit.
    pub fn published(environment: &EnvironmentKind) -> Result<Self, String> {
        let fits = DeviceFit::public();
        let assignment = match environment {
            EnvironmentKind::TMaze => t_maze_assignment(fits),
            EnvironmentKind::WaterMaze => water_maze_assignment(fits),
            other => {
                let world = other.build().map_err(|e| e.to_string())?;
                Ok(in_turn(world.inputs(), world.actions(), fits.len()))
            }
        };
        Ok(Self { fits: fits.into(), assignment: assignment.map_err(|e| e.to_string())? })
    }

    /// Given devices in turn.
    pub fn in_turn(fits: Vec<DeviceFit>, inputs: usize, actions: usize) -> Self {
        let assignment = in_turn(inputs, actions, fits.len());
        Self { fits: fits.into(), assignment }
    }
}

/// An experiment at functional fidelity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Experiment {
    /// The world.
    pub environment: EnvironmentKind,
    /// The learner.
    pub agent: AgentKind,
    /// What holds its weights.
    pub weights: WeightKind,
    /// How long it learns.
    pub training: Training,
}

/// A wrong experiment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
struct Unsuitable(String);

fn hidden(error: impl std::error::Error + Send + 'static) -> AgentError {
    AgentError::from(Box::new(error) as Box<dyn std::error::Error + Send>)
}

impl Experiment {
    /// Whether part of it is another process, which nothing is known about before it runs.
    pub fn is_external(&self) -> bool {
        matches!(self.environment, EnvironmentKind::External(_)) || matches!(self.agent, AgentKind::External(_))
    }

    /// Environment and agent of one seed.
    ///
    /// # Errors
    /// Parameters out of range, devices that do not fit the environment.
    pub fn build(&self, seed: u64) -> Result<(AnyEnvironment, AnyAgent), AgentError> {
        let environment = self.environment.build().map_err(hidden)?;
        let shape @ (inputs, actions) = (environment.inputs(), environment.actions());
        let agent: AnyAgent = match (&self.agent, &self.weights) {
            (AgentKind::ActorCritic(rule), WeightKind::Ideal) => {
                let weights = IdealWeights::new(inputs, actions);
                Box::new(Erased(ActorCritic::new(*rule, weights, inputs, actions).map_err(hidden)?))
            }
            (AgentKind::ActorCritic(rule), WeightKind::Behavioural { behaviour, devices }) => {
                let devices = match devices {
                    Some(devices) => devices.clone(),
                    None => Devices::published(&self.environment).map_err(|e| hidden(Unsuitable(e)))?.into(),
                };
                let weights =
                    BehaviouralWeights::new(*behaviour, devices.fits.clone(), &devices.assignment, shape, seed)
                        .map_err(|e| hidden(Unsuitable(e)))?;
                Box::new(Erased(ActorCritic::new(*rule, weights, inputs, actions).map_err(hidden)?))
            }
            (AgentKind::DeepQ(rule), WeightKind::Ideal | WeightKind::Pairs(_)) => {
                let pairs = match &self.weights {
                    WeightKind::Pairs(pairs) => *pairs,
                    _ => PairRule { gate_min: -1e6, gate_max: 1e6, ..PairRule::default() },
                };
                let hardware = ConductancePairs::new(pairs, &rule.sizes(inputs, actions), seed).map_err(hidden)?;
                Box::new(Erased(DeepQ::new(*rule, hardware, inputs, actions, seed).map_err(hidden)?))
            }
            (AgentKind::ActorCritic(_), WeightKind::Pairs(_)) | (AgentKind::DeepQ(_), _) => {
                return Err(hidden(Unsuitable("these weights do not suit this agent".to_owned())));
            }
            (AgentKind::RewardStdp { rule, decay }, _) => {
                Box::new(Erased(RewardStdp::new(*rule, *decay, inputs, actions).map_err(hidden)?))
            }
            (AgentKind::External(plan), _) => {
                Box::new(Erased(ExternalAgent::start(plan, inputs, actions, seed).map_err(hidden)?))
            }
            (AgentKind::Ppo(rule), _) => Box::new(Erased(Ppo::new(*rule, inputs, actions).map_err(hidden)?)),
        };
        Ok((environment, agent))
    }

    /// Trains once per seed, in parallel; see [`Training::run_list`].
    ///
    /// # Errors
    /// The first seed that fails.
    pub fn run(
        &self,
        seeds: &[u64],
        checkpoints: Option<&Checkpoints>,
        on_episode: impl Fn(&Episode) + Sync,
    ) -> Result<Vec<SeedRun>, TrainingError<AgentError>> {
        let watch = |episode: &Episode, _: &AnyAgent| {
            on_episode(episode);
            ControlFlow::Continue(())
        };
        self.training.run_list(seeds, checkpoints, |seed| self.build(seed), watch)
    }
}
