//! Expressions
mod ast;
pub use ast::{Binary, Builtin, Expr, Name, Unary};
