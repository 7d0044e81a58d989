//! The controller block of a netlist: an agent that drives the circuit's sources and reads its converters.
//!
//! [`Program`] is a block of any fidelity. At functional fidelity ([`Functional`]) there is no circuit behind the weights; otherwise
//! [`Spec`] is the checked block, [`Array`] knows how to read and write the cells through the circuit's lines,
//! [`Calibration`] is what the controller has learnt about the cells by doing so, and [`ActorCriticArray`] answers the agent's
//! requests. The controller knows its own pulses and converter codes; what it cannot know (states, true weights) enters the
//! report only.

mod actor_critic;
mod array;
mod calibration;
mod continual;
mod functional;
mod program;
mod reader;
mod spec;
mod train;

pub use actor_critic::ActorCriticArray;
pub use array::{Array, Cell, Polarity};
pub use calibration::Calibration;
pub use continual::{Continual, RateSpec};
pub use functional::Functional;
pub use program::Program;
pub use spec::{AgentSpec, CalibrateSpec, Column, EnvironmentKind, Lines, PulseSpec, ReadSpec, Reference, Spec};
pub use train::{LearningRun, train, train_list};
