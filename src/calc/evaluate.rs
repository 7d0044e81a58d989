//! Evaluation over vectors.

use std::sync::Arc;

use num_complex::Complex64;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::ast::{Binary, Expr, Kind, Name, Reference, Unary};
use super::constants::constant;
use super::functions::{Measures, Rule, function_names, pointwise};
use super::units::{combined, plain};
use super::value::{Data, Vector};
use super::{Error, whole};
use crate::output::Quantity;
use crate::suggest::did_you_mean;

/// What the names of an expression mean.
pub trait Scope {
    /// The vector of this name.
    fn vector(&self, reference: &Reference) -> Option<Vector>;

    /// Axis of the present plot.
    fn axis(&self) -> Option<Arc<[f64]>> {
        None
    }

    /// Names there are, for suggestions.
    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Computes expressions.
pub struct Evaluator<'s> {
    /// What names mean.
    pub scope: &'s dyn Scope,
    /// Phases in degrees in place of radians.
    pub degrees: bool,
    /// Source of `sgauss`, `rnd`, ..
    pub random: ChaCha8Rng,
}

impl<'s> Evaluator<'s> {
    /// Phases in radians, random numbers from seed 1.
    pub fn new(scope: &'s dyn Scope) -> Self {
        Self { scope, degrees: false, random: ChaCha8Rng::seed_from_u64(1) }
    }

    /// The value of an expression.
    ///
    /// # Errors
    /// Unknown names and functions, subscripts out of range; with the place in the text.
    pub fn value(&mut self, expr: &Expr) -> Result<Vector, Error> {
        match &expr.kind {
            Kind::Number(value) => Ok(Vector::scalar(*value)),
            Kind::Vector(reference) => self.named(expr, reference),
            Kind::Unary(op, a) => {
                let a = self.value(a)?;
                Ok(match op {
                    Unary::Negate => map(&a, a.quantity.clone(), |x| -x, |z| -z),
                    Unary::Not => map(&a, plain(), |x| truth(x == 0.0), |z| truth(z == Complex64::ZERO).into()),
                })
            }
            Kind::Binary(op, a, b) => {
                let (a, b) = (self.value(a)?, self.value(b)?);
                binary(expr, *op, &a, &b)
            }
            Kind::If(parts) => self.conditional(expr, parts),
            Kind::Call(name, arguments) => self.call(expr, name, arguments),
            Kind::Index(of, index) => {
                let of = self.value(of)?;
                let at = self.index(index, of.len())?;
                Ok(of.slice(at, at))
            }
            Kind::Slice(parts) => {
                let of = self.value(&parts[0])?;
                let (a, b) = (self.index(&parts[1], of.len())?, self.index(&parts[2], of.len())?);
                Ok(of.slice(a.min(b), a.max(b)))
            }
            Kind::Window(parts) => self.window(expr, parts),
            Kind::Complex(parts) => {
                let (re, im) = (self.value(&parts[0])?, self.value(&parts[1])?);
                let imaginary = map(&im, im.quantity.clone(), |x| x, |z| z);
                let turned = Vector {
                    data: Data::Complex(imaginary.complexes().iter().map(|z| Complex64::I * z).collect()),
                    ..imaginary
                };
                binary(expr, Binary::Add, &re, &turned)
            }
        }
    }

    /// The value of an expression that stands for one real number.
    ///
    /// # Errors
    /// As [`Evaluator::value`]; also when there are more numbers or none.
    pub fn scalar(&mut self, expr: &Expr) -> Result<f64, Error> {
        let vector = self.value(expr)?;
        match vector.len() {
            1 => Ok(vector.first()),
            n => Err(Error::new(expr, format!("one number expected, found {n}"))
                .hint("a function such as `maximum(..)` or a subscript `[..]` makes one number of a vector")),
        }
    }

    fn named(&self, expr: &Expr, reference: &Reference) -> Result<Vector, Error> {
        if let Some(vector) = self.scope.vector(reference) {
            return Ok(vector);
        }
        if let (None, Name::Plain(name)) = (&reference.plot, &reference.name)
            && let Some(value) = constant(name)
        {
            return Ok(if value.im == 0.0 { Vector::scalar(value.re) } else { Vector::complex(vec![value]) });
        }
        let text = reference.to_string();
        let names = self.scope.names();
        let hint = did_you_mean(&text, names.iter().map(String::as_str), "`display` lists the vectors of a plot");
        Err(Error::new(expr, format!("there is no vector `{text}`")).hint(hint))
    }

    fn conditional(&mut self, expr: &Expr, parts: &[Expr; 3]) -> Result<Vector, Error> {
        let condition = self.value(&parts[0])?;
        if condition.len() == 1 {
            return self.value(&parts[if condition.at(0).re != 0.0 { 1 } else { 2 }]);
        }
        let (yes, no) = (self.value(&parts[1])?, self.value(&parts[2])?);
        if condition.is_empty() || yes.is_empty() || no.is_empty() {
            return Err(Error::new(expr, "a part of the conditional expression has no values"));
        }
        let n = condition.len().max(yes.len()).max(no.len());
        let chosen = (0..n).map(|k| if condition.at(k).re != 0.0 { yes.at(k) } else { no.at(k) });
        let data = if yes.is_complex() || no.is_complex() {
            Data::Complex(chosen.collect())
        } else {
            Data::Real(chosen.map(|z| z.re).collect())
        };
        let axis = [&condition, &yes, &no].into_iter().find_map(|v| v.axis.clone().filter(|a| a.len() == n));
        Ok(Vector { data, quantity: yes.quantity, axis })
    }

    fn call(&mut self, expr: &Expr, name: &str, arguments: &[Expr]) -> Result<Vector, Error> {
        let values = arguments.iter().map(|a| self.value(a)).collect::<Result<Vec<Vector>, Error>>()?;
        if let Some(result) = whole::call(self, expr, name, &values) {
            return result;
        }
        let Some(function) = pointwise(name) else {
            let hint = did_you_mean(name, function_names(), "the functions are listed in docs/control.md");
            return Err(Error::new(expr, format!("there is no function `{name}`")).hint(hint));
        };
        let (fewest, most) = function.arity();
        if !(fewest..=most).contains(&values.len()) {
            let wanted = if fewest == most { format!("{fewest}") } else { format!("{fewest} or more") };
            return Err(Error::new(expr, format!("`{name}` takes {wanted} argument(s), found {}", values.len())));
        }
        if values.iter().any(Vector::is_empty) {
            return Err(Error::new(expr, format!("an argument of `{name}` has no values")));
        }
        let degrees = self.degrees && matches!(function.measures, Measures::Unit("rad"));
        let quantity = match degrees {
            true => Quantity::Other("deg".into()),
            false => function.measures.of(values.first().map(|v| &v.quantity)),
        };
        let x = &values[0];
        let mut result = match function.rule {
            Rule::Map { real, complex, leaves } => match &x.data {
                Data::Real(v) if leaves.is_some_and(|leaves| v.iter().any(|&y| leaves(y))) => {
                    with(x, Data::Complex(v.iter().map(|&y| complex(y.into())).collect()))
                }
                Data::Real(v) => with(x, Data::Real(v.iter().map(|&y| real(y)).collect())),
                Data::Complex(v) => with(x, Data::Complex(v.iter().map(|&z| complex(z)).collect())),
            },
            Rule::Part { part } => with(x, Data::Real(x.complexes().into_iter().map(part).collect())),
            Rule::Real { value, .. } => {
                let n = values.iter().map(Vector::len).max().unwrap_or(0);
                let mut row = Vec::with_capacity(values.len());
                let points = (0..n).map(|k| {
                    row.clear();
                    row.extend(values.iter().map(|v| v.at(k).re));
                    value(&row)
                });
                let data = Data::Real(points.collect());
                let axis = values.iter().find_map(|v| v.axis.clone().filter(|a| a.len() == n));
                Vector { data, quantity: plain(), axis }
            }
        };
        if degrees && let Data::Real(values) = &mut result.data {
            values.iter_mut().for_each(|v| *v = v.to_degrees());
        }
        Ok(result.measuring(quantity))
    }

    /// A subscript within `0..length`.
    fn index(&mut self, expr: &Expr, length: usize) -> Result<usize, Error> {
        let value = self.scalar(expr)?;
        if value > -1.0 && value < length as f64 {
            return Ok(value as usize);
        }
        Err(Error::new(expr, format!("there is no element {value}; the vector has {length}"))
            .hint("the first one is 0"))
    }

    fn window(&mut self, expr: &Expr, parts: &[Expr; 3]) -> Result<Vector, Error> {
        let of = self.value(&parts[0])?;
        let (a, b) = (self.scalar(&parts[1])?, self.scalar(&parts[2])?);
        let (low, high) = (a.min(b), a.max(b));
        let Some(axis) = of.axis.clone().filter(|axis| axis.len() == of.len()) else {
            return Err(Error::new(expr, "`[[..]]` needs a vector of a plot with an axis"));
        };
        let inside: Vec<usize> = (0..of.len()).filter(|&k| (low..=high).contains(&axis[k])).collect();
        match (inside.first(), inside.last()) {
            (Some(&first), Some(&last)) => Ok(of.slice(first, last)),
            _ => Err(Error::new(expr, format!("no point of the axis lies between {low:e} and {high:e}"))),
        }
    }
}

fn with(like: &Vector, data: Data) -> Vector {
    Vector { data, quantity: plain(), axis: like.axis.clone() }
}

fn map(a: &Vector, quantity: Quantity, real: fn(f64) -> f64, complex: fn(Complex64) -> Complex64) -> Vector {
    let data = match &a.data {
        Data::Real(v) => Data::Real(v.iter().map(|&x| real(x)).collect()),
        Data::Complex(v) => Data::Complex(v.iter().map(|&z| complex(z)).collect()),
    };
    Vector { data, quantity, axis: a.axis.clone() }
}

pub(super) fn truth(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

/// `a op b` point by point; the shorter vector goes on with its last value.
fn binary(expr: &Expr, op: Binary, a: &Vector, b: &Vector) -> Result<Vector, Error> {
    if a.is_empty() || b.is_empty() {
        return Err(Error::new(expr, "an operand has no values"));
    }
    let n = a.len().max(b.len());
    let leaves = |x: f64, y: f64| op == Binary::Power && x < 0.0 && y.fract() != 0.0;
    let data = match (&a.data, &b.data) {
        (Data::Real(x), Data::Real(y)) => {
            let pairs = || (0..n).map(|k| (x[k.min(x.len() - 1)], y[k.min(y.len() - 1)]));
            if pairs().any(|(x, y)| leaves(x, y)) {
                Data::Complex(pairs().map(|(x, y)| complex_binary(op, x.into(), y.into())).collect())
            } else {
                Data::Real(pairs().map(|(x, y)| real_binary(op, x, y)).collect())
            }
        }
        _ => {
            let values = (0..n).map(|k| complex_binary(op, a.at(k), b.at(k)));
            if is_truth(op) { Data::Real(values.map(|z| z.re).collect()) } else { Data::Complex(values.collect()) }
        }
    };
    let axis = [a, b].into_iter().find_map(|v| v.axis.clone().filter(|axis| axis.len() == n));
    Ok(Vector { data, quantity: combined(op, &a.quantity, &b.quantity), axis })
}

fn is_truth(op: Binary) -> bool {
    !matches!(op, Binary::Add | Binary::Subtract | Binary::Multiply | Binary::Divide | Binary::Modulo | Binary::Power)
}

/// `a op b` of real numbers.
pub(super) fn real_binary(op: Binary, a: f64, b: f64) -> f64 {
    match op {
        Binary::Add => a + b,
        Binary::Subtract => a - b,
        Binary::Multiply => a * b,
        Binary::Divide => a / b,
        Binary::Modulo => a % b,
        Binary::Power => a.powf(b),
        Binary::Less => truth(a < b),
        Binary::LessEqual => truth(a <= b),
        Binary::Greater => truth(a > b),
        Binary::GreaterEqual => truth(a >= b),
        Binary::Equal => truth(a == b),
        Binary::NotEqual => truth(a != b),
        Binary::And => truth(a != 0.0 && b != 0.0),
        Binary::Or => truth(a != 0.0 || b != 0.0),
    }
}

/// `a op b` of complex numbers; an order is that of the real parts.
pub(super) fn complex_binary(op: Binary, a: Complex64, b: Complex64) -> Complex64 {
    match op {
        Binary::Add => a + b,
        Binary::Subtract => a - b,
        Binary::Multiply => a * b,
        Binary::Divide => a / b,
        Binary::Power if a == Complex64::ZERO => truth(b == Complex64::ZERO).into(),
        Binary::Power if b.im == 0.0 && b.re.fract() == 0.0 && b.re.abs() < 1e9 => a.powi(b.re as i32),
        Binary::Power => a.powc(b),
        Binary::Equal => truth(a == b).into(),
        Binary::NotEqual => truth(a != b).into(),
        Binary::And => truth(a != Complex64::ZERO && b != Complex64::ZERO).into(),
        Binary::Or => truth(a != Complex64::ZERO || b != Complex64::ZERO).into(),
        _ => real_binary(op, a.re, b.re).into(),
    }
}
