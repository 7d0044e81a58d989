//! Compiled Verilog-A models: libraries with the Open Source Device Interface (OSDI), versions 0.3, 0.4 and 0.5, as OpenVAF
//! and OpenVAF-Reloaded write them.
//!
//! [`Library::open`] loads a library and reads what its modules are; [`Instances`] holds the data of all instances of one module
//! and calls its functions; [`compile()`] turns a Verilog-A file into a library. Knows no circuit. All `unsafe` code of the
//! crate is here.
//!
//! A library is program code: naming one in a netlist runs it with all rights of the simulator. What the proofs beside the
//! `unsafe` blocks call "OSDI" is what the interface demands of a library; one that breaks it is a broken program, as
//! is a broken shared library anywhere else.

mod compile;
mod ffi;
mod instances;
mod library;
mod limit;
mod log;
mod module;

pub use compile::{Compiled, compile, locate};
pub use instances::{Analysis, Evaluation, Flags, Instances, Probe, Rejected};
pub use library::Library;
pub use log::Message;
pub use module::{Entry, Kind, Module, Node, Noise, Parameter};
