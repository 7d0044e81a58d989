//! Direct evaluation of a tree, and the meaning of each node in terms of scalar functions.

use super::ast::{Binary, Builtin, Expr, Unary};
use super::scalar::{Scalar1, Scalar2, polygon};

/// How a built-in function is made of scalar functions.
pub(super) enum Shape {
    One(Scalar1),
    Two(Scalar2),
    /// From left to right over all arguments.
    Many(Scalar2),
    Limit,
    Ternary,
    Pwl,
    /// Not a function of the present values.
    Memory,
}

impl Builtin {
    pub(super) fn shape(self) -> Shape {
        Shape::One(match self {
            Builtin::Abs => Scalar1::Abs,
            Builtin::Acos => Scalar1::Acos,
            Builtin::Acosh => Scalar1::Acosh,
            Builtin::Asin => Scalar1::Asin,
            Builtin::Asinh => Scalar1::Asinh,
            Builtin::Atan | Builtin::Arctan => Scalar1::Atan,
            Builtin::Atanh => Scalar1::Atanh,
            Builtin::Ceil => Scalar1::Ceil,
            Builtin::Cos => Scalar1::Cos,
            Builtin::Cosh => Scalar1::Cosh,
            Builtin::Exp => Scalar1::Exp,
            Builtin::Floor => Scalar1::Floor,
            Builtin::Int => Scalar1::Int,
            Builtin::Nint => Scalar1::Nint,
            Builtin::Ln | Builtin::Log => Scalar1::Ln,
            Builtin::Log10 => Scalar1::Log10,
            Builtin::Sgn => Scalar1::Sgn,
            Builtin::Sin => Scalar1::Sin,
            Builtin::Sinh => Scalar1::Sinh,
            Builtin::Sqrt => Scalar1::Sqrt,
            Builtin::Step => Scalar1::Step,
            Builtin::StepUnit2 => Scalar1::StepUnit2,
            Builtin::Ramp => Scalar1::Ramp,
            Builtin::Tan => Scalar1::Tan,
            Builtin::Tanh => Scalar1::Tanh,
            Builtin::Atan2 => return Shape::Two(Scalar2::Atan2),
            Builtin::Pow => return Shape::Two(Scalar2::Power),
            Builtin::Pwr => return Shape::Two(Scalar2::SignedPower),
            Builtin::Max => return Shape::Many(Scalar2::Max),
            Builtin::Min => return Shape::Many(Scalar2::Min),
            Builtin::Limit => return Shape::Limit,
            Builtin::Ternary => return Shape::Ternary,
            Builtin::Derivative | Builtin::Integral | Builtin::Delay | Builtin::Transfer | Builtin::Response => {
                return Shape::Memory;
            }
            // A table has been made a polygon when it was resolved.
            Builtin::Pwl | Builtin::Table => return Shape::Pwl,
            Builtin::If => return Shape::Ternary,
            Builtin::Stp => Scalar1::StepStrict,
            Builtin::Sign => return Shape::Two(Scalar2::Sign),
            Builtin::Hypot => return Shape::Two(Scalar2::Hypot),
            Builtin::Cbrt => Scalar1::Cbrt,
            Builtin::Sqr => Scalar1::Square,
            Builtin::Arcsin => Scalar1::Asin,
            Builtin::Arccos => Scalar1::Acos,
            Builtin::Pwrs | Builtin::PwrSigned => return Shape::Two(Scalar2::SignedPower),
            Builtin::PwrAbsolute => return Shape::Two(Scalar2::Power),
            Builtin::PowReal => return Shape::Two(Scalar2::RealPower),
            Builtin::Db => Scalar1::Decibel,
            Builtin::Buf => Scalar1::Buffer,
            Builtin::Inv => Scalar1::Inverter,
            Builtin::Round => Scalar1::Round,
            Builtin::LogDecimal => Scalar1::Log10,
            Builtin::LogSigned => Scalar1::SignedLn,
            Builtin::Log10Signed => Scalar1::SignedLog10,
            Builtin::SqrtSigned => Scalar1::SignedSqrt,
        })
    }
}

impl Unary {
    pub(super) fn scalar(self) -> Scalar1 {
        match self {
            Unary::Negate => Scalar1::Negate,
            Unary::Not => Scalar1::Not,
        }
    }
}

impl Binary {
    /// The scalar function, and whether its arguments are exchanged.
    pub(super) fn scalar(self) -> (Scalar2, bool) {
        match self {
            Binary::Add => (Scalar2::Add, false),
            Binary::Subtract => (Scalar2::Subtract, false),
            Binary::Multiply => (Scalar2::Multiply, false),
            Binary::Divide => (Scalar2::Divide, false),
            Binary::Modulo => (Scalar2::Modulo, false),
            Binary::Power => (Scalar2::Power, false),
            Binary::RealPower => (Scalar2::RealPower, false),
            Binary::Less => (Scalar2::Less, false),
            Binary::LessEqual => (Scalar2::LessEqual, false),
            Binary::Greater => (Scalar2::Less, true),
            Binary::GreaterEqual => (Scalar2::LessEqual, true),
            Binary::Equal => (Scalar2::Equal, false),
            Binary::NotEqual => (Scalar2::NotEqual, false),
            Binary::And => (Scalar2::And, false),
            Binary::Or => (Scalar2::Or, false),
        }
    }
}

impl<L> Expr<L> {
    /// The value, when the tree is a single number (which folding leaves of a constant expression).
    pub fn as_const(&self) -> Option<f64> {
        match self {
            Expr::Const(value) => Some(*value),
            _ => None,
        }
    }

    /// The value for given leaves; of a conditional only the branch taken is visited.
    ///
    /// Singular points have finite values and slopes, outside its domain a function is NaN:
    ///
    /// | expression | at the singular point | outside the domain |
    /// |---|---|---|
    /// | `a/b` | as for b = ±1e-100 when \|b\| is below that | |
    /// | `ln(x)`, `log10(x)` | as for x = 1e-100 below that | x < 0 |
    /// | `sqrt(x)` | slope at 0 is 5e99 | x < 0 |
    /// | `exp`, `sinh`, `cosh` | keep their value at 709 beyond it | |
    /// | `x^y`, `pow`, `pwr` | as for \|x\| = 1e-100 when y < 0; at most 1.8e308 | |
    /// | `acos`, `asin`, `acosh`, `atanh` | slope at ±1 is at most 1e100 | as usual |
    /// | `abs`, `max`, `min`, `u`, `sgn`, .. | slope of one side, or 0 for `abs` | |
    pub fn evaluate(&self, leaf: &mut dyn FnMut(&L) -> f64) -> f64 {
        match self {
            Expr::Const(value) => *value,
            Expr::Leaf(name) => leaf(name),
            Expr::Unary(op, x) => op.scalar().value(x.evaluate(leaf)),
            Expr::Binary(op, a, b) => {
                let (a, b) = (a.evaluate(leaf), b.evaluate(leaf));
                let (scalar, exchanged) = op.scalar();
                if exchanged { scalar.value(b, a) } else { scalar.value(a, b) }
            }
            Expr::If(condition, yes, no) => {
                if condition.evaluate(leaf) != 0.0 {
                    yes.evaluate(leaf)
                } else {
                    no.evaluate(leaf)
                }
            }
            Expr::Call(function, arguments) => match (function.shape(), arguments.as_slice()) {
                (Shape::One(scalar), [x]) => scalar.value(x.evaluate(leaf)),
                (Shape::Two(scalar), [a, b]) => scalar.value(a.evaluate(leaf), b.evaluate(leaf)),
                (Shape::Many(scalar), [first, rest @ ..]) => {
                    let first = first.evaluate(leaf);
                    rest.iter().fold(first, |so_far, next| scalar.value(so_far, next.evaluate(leaf)))
                }
                (Shape::Limit, [x, low, high]) => {
                    let above = Scalar2::Max.value(x.evaluate(leaf), low.evaluate(leaf));
                    Scalar2::Min.value(above, high.evaluate(leaf))
                }
                (Shape::Ternary, [condition, yes, no]) => {
                    if condition.evaluate(leaf) != 0.0 {
                        yes.evaluate(leaf)
                    } else {
                        no.evaluate(leaf)
                    }
                }
                (Shape::Pwl, [x, points @ ..]) => {
                    let x = x.evaluate(leaf);
                    let points: Vec<(f64, f64)> =
                        points.chunks_exact(2).map(|p| (p[0].evaluate(leaf), p[1].evaluate(leaf))).collect();
                    polygon(&points, x).0
                }
                _ => f64::NAN,
            },
        }
    }
}

impl<L> Expr<L> {
    /// This node as a constant or as the branch that a constant condition takes, if it can be; its subtrees are folded.
    pub(super) fn fold(self) -> Expr<L> {
        if let Some(Ok(value)) = self.constant() {
            return Expr::Const(value);
        }
        match self {
            Expr::If(condition, yes, no) if condition.as_const().is_some() => {
                if condition.as_const() != Some(0.0) {
                    *yes
                } else {
                    *no
                }
            }
            Expr::Call(Builtin::Ternary | Builtin::If, mut arguments)
                if arguments.len() == 3 && arguments[0].as_const().is_some() =>
            {
                let taken = if arguments[0].as_const() != Some(0.0) { 1 } else { 2 };
                arguments.swap_remove(taken)
            }
            Expr::Binary(Binary::And, a, _) if a.as_const() == Some(0.0) => Expr::Const(0.0),
            Expr::Binary(Binary::Or, a, _) if a.as_const().is_some_and(|a| a != 0.0) => Expr::Const(1.0),
            other => other,
        }
    }

    /// The value of an operator or function of constants, or why it has none; `None` when an operand is not constant.
    fn constant(&self) -> Option<Result<f64, &'static str>> {
        let mut none = |_: &L| f64::NAN;
        let objection = match self {
            Expr::Const(value) => return Some(finite(*value)),
            Expr::Leaf(_) => return None,
            Expr::Unary(op, x) => op.scalar().objection(x.as_const()?),
            Expr::Binary(op, a, b) => op.scalar().0.objection(a.as_const()?, b.as_const()?),
            Expr::If(..) | Expr::Call(Builtin::Ternary | Builtin::If, _) => return None,
            Expr::Call(Builtin::Derivative, arguments) => return arguments[0].as_const().map(|_| Ok(0.0)),
            Expr::Call(function, _) if function.has_memory() => return None,
            Expr::Call(function, arguments) => {
                if arguments.iter().any(|argument| argument.as_const().is_none()) {
                    return None;
                }
                match (function.shape(), arguments.as_slice()) {
                    (Shape::One(scalar), [x]) => scalar.objection(x.as_const()?),
                    (Shape::Two(scalar), [a, b]) => scalar.objection(a.as_const()?, b.as_const()?),
                    _ => None,
                }
            }
        };
        Some(objection.map_or_else(|| finite(self.evaluate(&mut none)), Err))
    }

    /// Why some constant part of the tree has no value.
    pub(super) fn undefined(&self) -> Option<&'static str> {
        if let Some(Err(reason)) = self.constant() {
            return Some(reason);
        }
        match self {
            Expr::Const(_) | Expr::Leaf(_) => None,
            Expr::Unary(_, x) => x.undefined(),
            Expr::Binary(_, a, b) => a.undefined().or_else(|| b.undefined()),
            Expr::If(c, a, b) => c.undefined().or_else(|| a.undefined()).or_else(|| b.undefined()),
            Expr::Call(_, arguments) => arguments.iter().find_map(Expr::undefined),
        }
    }
}

fn finite(value: f64) -> Result<f64, &'static str> {
    if value.is_finite() { Ok(value) } else { Err("the result is not a finite number") }
}
