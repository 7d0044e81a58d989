//! Expressions: syntax tree, parser, evaluation of constants, and compiled programs with exact derivatives.

mod ast;
mod parse;
mod program;
mod resolve;

pub use ast::{Binary, Builtin, Expr, Name, Unary};
pub use parse::{ParseError, expression, number};
pub use program::Program;
pub use resolve::{ResolveError, Scope};
