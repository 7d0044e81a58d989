//! Deep Q-learning with the weights in pairs of memristor conductances.
//!
//! A fully connected network with ReLU between its layers gives the value of each action; its weights are read as outputs of a
//! matrix and written with gate voltages ([`NetworkHardware`]), its biases are numbers. Each step trains once on a minibatch from the
//! replay memory. Z. Wang et al., "Reinforcement learning with analogue memristor arrays", Nature Electronics 2 (2019),
//! doi:10.1038/s41928-019-0221-6.

mod agent;
mod memory;
mod network;
mod pairs;

pub use agent::{DeepQ, DeepQRule};
pub use memory::Replay;
pub use network::{Batch, Network};
pub use pairs::{ConductancePairs, NetworkHardware, PairRule};
