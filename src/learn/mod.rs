//! Learning circuits: the agent, its environments and the training loop.
//!
//! Nothing here knows a netlist. The agent reads its activities and writes its weights through [`WeightHardware`], so the same
//! learning rule runs on ideal numbers ([`IdealWeights`]) and on a simulated circuit.
//!
//! | part | module |
//! | --- | --- |
//! | what the agent lives in | [`environment`], [`tmaze`] |
//! | what holds its weights | [`hardware`] |
//! | the learning rule | [`actor_critic`] |
//! | episodes and seeds | [`training`], [`random`] |
//! | statistics over seeds | [`summary`] |
//!
//! The task is that of Portner, Zellweger, Martinelli et al., "Actor-critic networks with analogue memristors mimicking
//! reward-based learning", Nature Machine Intelligence 7, 1939-1953 (2025), doi:10.1038/s42256-025-01149-w.

pub mod actor_critic;
pub mod environment;
pub mod hardware;
pub mod random;
pub mod summary;
pub mod tmaze;
pub mod training;

pub use actor_critic::{ActorCritic, LearningError, LearningRule, ParameterError, pulse_count};
pub use environment::{Environment, Outcome, Step};
pub use hardware::{HardwareReport, IdealWeights, Pulses, Transition, UpdateRequests, WeightHardware, Weights};
pub use random::{Random, Stream, stream};
pub use summary::{LearningReport, Summary};
pub use tmaze::TMaze;
pub use training::{Episode, SeedRun, Seeds, Training, TrainingError};
