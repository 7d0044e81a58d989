//! `ionspice`: a SPICE-style circuit co-simulator for circuits that learn.
//!
//! Data flows one way, in the order of the modules below; a module uses those above its own line, never below.

pub mod diagnostic;
mod suggest;
pub mod dialect;
pub mod output;
pub mod expr;
pub mod calc;
pub mod osdi;
pub mod circuit;
pub mod netlist;
pub mod linear;
pub mod read;
pub mod devices;
pub mod analysis;
pub mod measure;
pub mod campaign;
pub mod fit;
pub mod cosim;
pub mod learn;
pub mod script;
pub mod regress;
