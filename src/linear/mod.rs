//! Sparse direct solution of circuit equations.
//!
//! Circuit matrices are unsymmetric, have a handful of entries per row and one pattern that is factored thousands of
//! times with new values. [`PatternBuilder`] turns the positions that devices stamp into a [`Pattern`]; [`Lu`] analyses
//! that pattern once, factors it with pivoting, and afterwards refactors it on the pivots it kept.
//!
//! The method is that of KLU: a permutation to block triangular form, a minimum-degree ordering of each diagonal
//! block, and left-looking factorisation of the blocks in time proportional to the arithmetic.
//!
//! - J. R. Gilbert and T. Peierls, "Sparse partial pivoting in time proportional to arithmetic operations", SIAM J. Sci.
//!   Stat. Comput. 9 (1988).
//! - T. A. Davis and E. Palamadai Natarajan, "Algorithm 907: KLU, a direct sparse solver for circuit simulation
//!   problems", ACM Trans. Math. Softw. 37 (2010).

mod analyse;
mod blocks;
mod cholesky;
mod factor;
mod krylov;
mod lu;
mod partition;
mod pattern;
mod pencil;
mod permutation;
mod refactor;
mod scalar;
mod solve;
mod sparse;

#[cfg(test)]
mod tests;

pub use cholesky::{Cholesky, NotPositive};
pub use krylov::Krylov;
pub use lu::{Lu, LuOptions, LuStats, Refactor, Singular};
pub use pattern::{Pattern, PatternBuilder};
pub use pencil::{Degenerate, Pencil};
pub use scalar::Scalar;
