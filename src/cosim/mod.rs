//! Co-simulation: a circuit in the hands of a program.

pub mod controller;
mod session;

pub use session::{Session, Snapshot};
