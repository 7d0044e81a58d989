//! Reading arrays: linear resistive networks with one factorisation for all input vectors.
//!
//! The nodes of a [`Network`] are either held at given voltages or free. With `G` cut into free (f) and held (h) nodes the
//! free voltages are `v_f = -G_ff^-1 G_fh v_h`, and the current that flows from the network into held node `s` is linear in
//! the held voltages: `i = T v`. A row of the transfer matrix `T` takes one solution with `G_ff`, which is symmetric, so
//! that it is its own adjoint. [`Crossbar`] is the network of an array; conductances may change, the analysis stays.

mod crossbar;
mod network;
mod order;

pub use crossbar::{Crossbar, End, Wires};
pub use network::{Disconnected, Network};
pub use order::{Layer, Place};
