//! Transfer functions of the Laplace variable: as ratios of polynomials with a delay, and as numbers at a frequency.

use num_complex::Complex64;

use crate::circuit::Quantity;
use crate::expr::{Binary, Builtin, Expr, Unary};

/// Highest degree of a polynomial.
const HIGHEST_DEGREE: usize = 60;

/// `exp(-s delay) numerator(s) / denominator(s)`; coefficients of rising powers of s, rad/s.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ratio {
    pub numerator: Vec<f64>,
    pub denominator: Vec<f64>,
    pub delay: f64,
}

fn product(a: &[f64], b: &[f64]) -> Option<Vec<f64>> {
    let degree = (a.len() + b.len()).checked_sub(2)?;
    if degree > HIGHEST_DEGREE {
        return None;
    }
    let mut all = vec![0.0; degree + 1];
    for (i, x) in a.iter().enumerate() {
        for (j, y) in b.iter().enumerate() {
            all[i + j] += x * y;
        }
    }
    Some(all)
}

fn sum(a: &[f64], b: &[f64], sign: f64) -> Vec<f64> {
    let at = |p: &[f64], k: usize| p.get(k).copied().unwrap_or(0.0);
    (0..a.len().max(b.len())).map(|k| at(a, k) + sign * at(b, k)).collect()
}

fn trim(polynomial: &mut Vec<f64>) {
    while polynomial.len() > 1 && polynomial.last() == Some(&0.0) {
        polynomial.pop();
    }
}

impl Ratio {
    fn constant(value: f64) -> Self {
        Self { numerator: vec![value], denominator: vec![1.0], delay: 0.0 }
    }

    fn times(&self, other: &Self) -> Option<Self> {
        Some(Self {
            numerator: product(&self.numerator, &other.numerator)?,
            denominator: product(&self.denominator, &other.denominator)?,
            delay: self.delay + other.delay,
        })
    }

    fn inverse(self) -> Option<Self> {
        let nonzero = self.numerator.iter().any(|c| *c != 0.0);
        nonzero.then_some(Self { numerator: self.denominator, denominator: self.numerator, delay: -self.delay })
    }

    fn plus(&self, other: &Self, sign: f64) -> Option<Self> {
        if self.delay != other.delay {
            return None;
        }
        let same = self.denominator == other.denominator;
        let (a, b) = match same {
            true => (self.numerator.clone(), other.numerator.clone()),
            false => (product(&self.numerator, &other.denominator)?, product(&other.numerator, &self.denominator)?),
        };
        let denominator = if same { self.denominator.clone() } else { product(&self.denominator, &other.denominator)? };
        Some(Self { numerator: sum(&a, &b, sign), denominator, delay: self.delay })
    }

    fn power(&self, exponent: f64) -> Option<Self> {
        if exponent.fract() != 0.0 || exponent.abs() > HIGHEST_DEGREE as f64 {
            return None;
        }
        let base = if exponent < 0.0 { self.clone().inverse()? } else { self.clone() };
        (0..exponent.abs() as usize).try_fold(Self::constant(1.0), |all, _| all.times(&base))
    }

    /// The transfer function as a ratio, if it is one, of any delay.
    fn of(transfer: &Expr<Quantity>) -> Option<Self> {
        match transfer {
            Expr::Const(value) => Some(Self::constant(*value)),
            Expr::Leaf(Quantity::Laplace) => {
                Some(Self { numerator: vec![0.0, 1.0], denominator: vec![1.0], delay: 0.0 })
            }
            Expr::Unary(Unary::Negate, x) => Self::constant(-1.0).times(&Self::of(x)?),
            Expr::Binary(op, a, b) => {
                let left = Self::of(a)?;
                if *op == Binary::Power {
                    return left.power(b.as_const()?);
                }
                let right = Self::of(b)?;
                match op {
                    Binary::Add => left.plus(&right, 1.0),
                    Binary::Subtract => left.plus(&right, -1.0),
                    Binary::Multiply => left.times(&right),
                    Binary::Divide => left.times(&right.inverse()?),
                    _ => None,
                }
            }
            Expr::Call(
                Builtin::Pow | Builtin::Pwr | Builtin::PowReal | Builtin::PwrAbsolute | Builtin::PwrSigned,
                arguments,
            ) => Self::of(arguments.first()?)?.power(arguments.get(1)?.as_const()?),
            Expr::Call(Builtin::Exp, arguments) => {
                let mut exponent = Self::of(arguments.first()?)?;
                trim(&mut exponent.numerator);
                trim(&mut exponent.denominator);
                let ([scale], 0.0) = (&exponent.denominator[..], exponent.delay) else { return None };
                let (constant, slope) = match exponent.numerator[..] {
                    [constant] => (constant, 0.0),
                    [constant, slope] => (constant, slope),
                    _ => return None,
                };
                let factor = Self::constant((constant / scale).exp());
                Some(Self { delay: -slope / scale, ..factor })
            }
            _ => None,
        }
    }

    /// The transfer function as a ratio of polynomials times a delay; `None` when it is something else.
    pub fn from(transfer: &Expr<Quantity>) -> Option<Self> {
        let mut ratio = Self::of(transfer)?;
        trim(&mut ratio.numerator);
        trim(&mut ratio.denominator);
        // common factors of s
        while ratio.numerator.len() > 1 && ratio.numerator[0] == 0.0 && ratio.denominator[0] == 0.0 {
            ratio.numerator.remove(0);
            ratio.denominator.remove(0);
        }
        let proper = ratio.denominator.iter().any(|c| *c != 0.0);
        let finite = ratio.numerator.iter().chain(&ratio.denominator).all(|c| c.is_finite());
        (proper && finite && ratio.delay.is_finite()).then_some(ratio)
    }
}

/// Value of a transfer function at `s`, rad/s; `None` for operators that have none for complex numbers.
pub(super) fn response(transfer: &Expr<Quantity>, s: Complex64) -> Option<Complex64> {
    let real = |x: f64| Some(Complex64::new(x, 0.0));
    match transfer {
        Expr::Const(value) => real(*value),
        Expr::Leaf(Quantity::Laplace) => Some(s),
        Expr::Unary(Unary::Negate, x) => Some(-response(x, s)?),
        Expr::Binary(op, a, b) => {
            let (a, b) = (response(a, s)?, response(b, s)?);
            Some(match op {
                Binary::Add => a + b,
                Binary::Subtract => a - b,
                Binary::Multiply => a * b,
                Binary::Divide => a / b,
                Binary::Power => power(a, b),
                _ => return None,
            })
        }
        Expr::Call(function, arguments) => {
            let x = response(arguments.first()?, s)?;
            Some(match function {
                Builtin::Exp => x.exp(),
                Builtin::Ln | Builtin::Log => x.ln(),
                Builtin::Log10 => x.log10(),
                Builtin::Sqrt => x.sqrt(),
                Builtin::Sin => x.sin(),
                Builtin::Cos => x.cos(),
                Builtin::Tan => x.tan(),
                Builtin::Sinh => x.sinh(),
                Builtin::Cosh => x.cosh(),
                Builtin::Tanh => x.tanh(),
                Builtin::Atan | Builtin::Arctan => x.atan(),
                Builtin::Asinh => x.asinh(),
                Builtin::Abs => return real(x.norm()),
                Builtin::Pow | Builtin::Pwr | Builtin::PowReal | Builtin::PwrAbsolute | Builtin::PwrSigned => {
                    power(x, response(arguments.get(1)?, s)?)
                }
                _ => return None,
            })
        }
        _ => None,
    }
}

fn power(a: Complex64, b: Complex64) -> Complex64 {
    if b.im == 0.0 && b.re.fract() == 0.0 && b.re.abs() < 1000.0 { a.powi(b.re as i32) } else { a.powc(b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s() -> Expr<Quantity> {
        Expr::Leaf(Quantity::Laplace)
    }

    fn binary(op: Binary, a: Expr<Quantity>, b: Expr<Quantity>) -> Expr<Quantity> {
        Expr::Binary(op, Box::new(a), Box::new(b))
    }

    #[test]
    fn rational_functions_are_recognised() {
        // exp(-2 s) (1 + s)^2 / (s (s + 3))
        let number = Expr::Const;
        let square = binary(Binary::Power, binary(Binary::Add, number(1.0), s()), number(2.0));
        let below = binary(Binary::Multiply, s(), binary(Binary::Add, s(), number(3.0)));
        let wait = Expr::Call(Builtin::Exp, vec![binary(Binary::Multiply, number(-2.0), s())]);
        let h = binary(Binary::Multiply, wait, binary(Binary::Divide, square, below));
        let ratio = Ratio::from(&h).expect("rational");
        assert_eq!(ratio, Ratio { numerator: vec![1.0, 2.0, 1.0], denominator: vec![0.0, 3.0, 1.0], delay: 2.0 });
        let at = Complex64::new(0.0, 0.7);
        let polynomial = |p: &[f64]| p.iter().rev().fold(Complex64::ZERO, |all, c| all * at + c);
        let expected = (-2.0 * at).exp() * polynomial(&ratio.numerator) / polynomial(&ratio.denominator);
        assert!((response(&h, at).expect("a number") - expected).norm() < 1e-12);
        assert_eq!(Ratio::from(&Expr::Call(Builtin::Sqrt, vec![s()])), None);
        assert_eq!(Ratio::from(&binary(Binary::Divide, number(1.0), number(0.0))), None);
    }
}
