//! Learning circuits: agents, their environments and the training loop.
//!
//! Nothing here knows a netlist. The actor-critic reads its activities and writes its weights through [`WeightHardware`], so the same
//! learning rule runs on ideal numbers ([`IdealWeights`]), on fitted devices ([`BehaviouralWeights`]) and on a simulated circuit.
//!
//! | part | module |
//! | --- | --- |
//! | what an agent lives in | [`environment`], [`tmaze`], [`watermaze`], [`cartpole`], [`mountaincar`] |
//! | what learns | [`agent`], [`actor_critic`], [`rstdp`], [`ppo`], [`deep_q`] |
//! | what holds the weights of an actor-critic | [`hardware`], [`behavioural`], [`cmo_fits`] |
//! | environments and agents in other processes | [`external`] |
//! | the benchmark of continual learning | [`continual`] |
//! | episodes and seeds, kept on disk | [`training`], [`random`], [`checkpoint`] |
//! | experiments by name | [`experiment`] |
//! | statistics over seeds | [`summary`] |
//!
//! The actor-critic is that of Portner, Zellweger, Martinelli et al., "Actor-critic networks with analogue memristors mimicking
//! reward-based learning", Nature Machine Intelligence 7, 1939-1953 (2025), doi:10.1038/s42256-025-01149-w.

pub mod actor_critic;
pub mod agent;
pub mod behavioural;
pub mod cartpole;
pub mod checkpoint;
pub mod cmo_fits;
pub mod continual;
pub mod deep_q;
pub mod environment;
pub mod experiment;
pub mod external;
pub mod hardware;
pub mod mountaincar;
pub mod ppo;
pub mod random;
pub mod rstdp;
pub mod summary;
pub mod tmaze;
pub mod training;
pub mod watermaze;

pub use actor_critic::{ActorCritic, LearningError, LearningRule, ParameterError, pulse_count};
pub use agent::{Agent, AgentError, AnyAgent, Erased, Experience, StateError};
pub use behavioural::{Behaviour, BehaviouralWeights, Curves};
pub use cartpole::CartPole;
pub use checkpoint::{CheckpointError, Checkpoints};
pub use cmo_fits::DeviceFit;
pub use deep_q::{ConductancePairs, DeepQ, DeepQRule, NetworkHardware, PairRule};
pub use environment::{Environment, Outcome, Step};
pub use experiment::{AgentKind, Devices, EnvironmentKind, Experiment, WeightKind};
pub use external::{ExternalAgent, ExternalEnvironment, ExternalError, ProcessPlan};
pub use hardware::{HardwareReport, IdealWeights, Pulses, Transition, UpdateRequests, WeightHardware, Weights};
pub use mountaincar::MountainCar;
pub use ppo::{Ppo, PpoRule};
pub use random::{Random, Stream, stream};
pub use rstdp::RewardStdp;
pub use summary::{LearningReport, Summary};
pub use tmaze::TMaze;
pub use training::{Episode, SeedRun, SeedState, Seeds, Stop, Trainer, Training, TrainingError};
pub use watermaze::WaterMaze;
