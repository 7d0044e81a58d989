//! Vector expressions over results: `v(out)-v(in)`, `vdb(out)`, `mean(i(v1)^2)`, as in nutmeg, `.measure` and `.print`.
//!
//! [`parse`] and [`parse_prefix`] turn text into an [`Expr`] whose parts know their place in the text; [`Evaluator`]
//! computes it over a [`Scope`], elementwise over vectors, with scalars broadcast; [`Pointwise`] is the form for one
//! point at a time, while an analysis runs. [`Plot`] is the scope of one dataset.

mod ast;
mod calculus;
mod constants;
mod evaluate;
mod fourier;
mod functions;
mod parse;
mod plot;
mod pointwise;
mod units;
mod value;
mod whole;

pub use ast::{Binary, Expr, Kind, Name, Reference, Unary};
pub use calculus::{area, interpolated};
pub use constants::constant;
pub use evaluate::{Evaluator, Scope};
pub use fourier::{Harmonic, Harmonics, harmonics, spectrum};
pub use functions::function_names;
pub use parse::{ParseError, parse, parse_prefix};
pub use plot::{Plot, canonical};
pub use pointwise::{Pointwise, Scratch};
pub use value::{Data, Vector};

/// An expression that cannot be evaluated: what is wrong with which bytes of its text.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// First byte.
    pub at: usize,
    /// Length in bytes.
    pub len: usize,
    /// What is wrong.
    pub message: String,
    /// What to try.
    pub hint: Option<String>,
}

impl Error {
    /// An error about a part of an expression.
    pub fn new(part: &Expr, message: impl Into<String>) -> Self {
        Self { at: part.at, len: part.len, message: message.into(), hint: None }
    }

    /// Sets the hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

#[cfg(test)]
mod tests;
