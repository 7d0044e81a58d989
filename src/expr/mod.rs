//! Expressions: syntax tree, parser, evaluation of constants, and compiled programs with exact derivatives.
//!
//! Text becomes a tree over names ([`expression`]), names become circuit quantities ([`Expr::resolve`]), and the
//! resolved tree becomes a tape that is evaluated with its gradient in the solver's inner loop ([`Program`]).
//!
//! Where ngspice's B sources and its parameters disagree, see [`Convention`]; where functions have a singular point,
//! see the table at [`Expr::evaluate`].

mod ast;
mod builtin;
mod compile;
mod evaluate;
mod lanes;
mod number;
mod parse;
mod program;
mod resolve;
mod scalar;

pub use ast::{Binary, Builtin, Expr, Name, Unary};
pub use lanes::{LANES, Lane, LaneWorkspace};
pub use number::{number, number_in};
pub use parse::{ParseError, expression, expression_in};
pub use program::{Program, Workspace};
pub use resolve::{Convention, Function, ResolveError, Scope};

/// Greatest height of an expression's tree; keeps every recursive walk (and the drop) within a small stack.
const MAX_HEIGHT: usize = 1000;
