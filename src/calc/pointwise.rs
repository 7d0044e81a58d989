//! Expressions evaluated one point at a time, while an analysis runs.

use num_complex::Complex64;

use super::Error;
use super::ast::{Binary, Expr, Kind, Name, Reference, Unary};
use super::constants::constant;
use super::evaluate::{complex_binary, truth};
use super::functions::{self, function_names, pointwise};
use crate::suggest::did_you_mean;

/// An expression whose names have become places in a row of values.
#[derive(Clone, Debug)]
pub struct Pointwise {
    nodes: Vec<Node>,
}

/// Nodes come after their operands; the last one is the result.
#[derive(Clone, Debug)]
enum Node {
    Constant(Complex64),
    Slot(usize),
    Negate(usize),
    Not(usize),
    Binary(Binary, usize, usize),
    If(usize, usize, usize),
    Call(&'static functions::Pointwise, Vec<usize>),
}

impl Pointwise {
    /// Compiles an expression; `slot` gives the place of each name's value in the row.
    ///
    /// # Errors
    /// Names that `slot` does not know, and functions that need more than one point (`deriv`, `mean`, subscripts).
    pub fn new(expr: &Expr, slot: &mut dyn FnMut(&Reference) -> Option<usize>) -> Result<Self, Error> {
        let mut program = Self { nodes: Vec::new() };
        program.add(expr, slot)?;
        Ok(program)
    }

    fn push(&mut self, node: Node) -> usize {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    fn add(&mut self, expr: &Expr, slot: &mut dyn FnMut(&Reference) -> Option<usize>) -> Result<usize, Error> {
        let node = match &expr.kind {
            Kind::Number(value) => Node::Constant((*value).into()),
            Kind::Vector(reference) => match (slot(reference), &reference.name) {
                (Some(slot), _) => Node::Slot(slot),
                (None, Name::Plain(name)) => match constant(name) {
                    Some(value) => Node::Constant(value),
                    None => return Err(Error::new(expr, format!("there is no quantity `{name}`"))),
                },
                (None, name) => return Err(Error::new(expr, format!("there is no quantity `{name}`"))),
            },
            Kind::Unary(Unary::Negate, a) => Node::Negate(self.add(a, slot)?),
            Kind::Unary(Unary::Not, a) => Node::Not(self.add(a, slot)?),
            Kind::Binary(op, a, b) => Node::Binary(*op, self.add(a, slot)?, self.add(b, slot)?),
            Kind::If(parts) => {
                let [a, b, c] = &**parts;
                Node::If(self.add(a, slot)?, self.add(b, slot)?, self.add(c, slot)?)
            }
            Kind::Complex(parts) => {
                let re = self.add(&parts[0], slot)?;
                let im = self.add(&parts[1], slot)?;
                let unit = self.push(Node::Constant(Complex64::I));
                let turned = self.push(Node::Binary(Binary::Multiply, unit, im));
                Node::Binary(Binary::Add, re, turned)
            }
            Kind::Call(name, arguments) => {
                let Some(function) = pointwise(name) else {
                    let known = function_names().any(|known| known == name);
                    let message = if known {
                        format!("`{name}` needs all points of a run")
                    } else {
                        format!("there is no function `{name}`")
                    };
                    let other = "it can be used in `.print`, `.measure` and scripts, not in `.save`";
                    let hint = if known { other.into() } else { did_you_mean(name, function_names(), "") };
                    return Err(Error::new(expr, message).hint(hint));
                };
                let (fewest, most) = function.arity();
                if !(fewest..=most).contains(&arguments.len()) {
                    return Err(Error::new(expr, format!("`{name}` takes {fewest} argument(s)")));
                }
                Node::Call(function, arguments.iter().map(|a| self.add(a, slot)).collect::<Result<_, _>>()?)
            }
            Kind::Index(..) | Kind::Slice(_) | Kind::Window(_) => {
                return Err(Error::new(expr, "a subscript needs all points of a run"));
            }
        };
        Ok(self.push(node))
    }

    /// The value over a row.
    pub fn value(&self, row: &[Complex64], scratch: &mut Scratch) -> Complex64 {
        let Scratch { values, arguments, reals } = scratch;
        values.clear();
        for node in &self.nodes {
            let value = match node {
                Node::Constant(value) => *value,
                Node::Slot(slot) => row[*slot],
                Node::Negate(a) => -values[*a],
                Node::Not(a) => truth(values[*a] == Complex64::ZERO).into(),
                Node::Binary(op, a, b) => complex_binary(*op, values[*a], values[*b]),
                Node::If(c, a, b) => values[if values[*c].re != 0.0 { *a } else { *b }],
                Node::Call(function, operands) => {
                    arguments.clear();
                    arguments.extend(operands.iter().map(|&a| values[a]));
                    function.value(arguments, reals)
                }
            };
            values.push(value);
        }
        values.last().copied().unwrap_or(Complex64::ZERO)
    }
}

/// Work space of [`Pointwise::value`].
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    values: Vec<Complex64>,
    arguments: Vec<Complex64>,
    reals: Vec<f64>,
}
