//! Functions that work point by point.

use num_complex::Complex64;

use super::units::plain;
use crate::output::Quantity;

/// How a function treats real and complex points.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rule {
    /// Real to real, complex to complex; real points for which `leaves` holds have a complex value.
    Map { real: fn(f64) -> f64, complex: fn(Complex64) -> Complex64, leaves: Option<fn(f64) -> bool> },
    /// A real part of a complex number (magnitude, decibel).
    Part { part: fn(Complex64) -> f64 },
    /// Of real numbers only; complex ones count with their real parts.
    Real { arity: (usize, usize), value: fn(&[f64]) -> f64 },
}

/// A function of points.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pointwise {
    pub names: &'static [&'static str],
    pub rule: Rule,
    pub measures: Measures,
}

/// What the result measures.
#[derive(Clone, Copy, Debug)]
pub(super) enum Measures {
    /// The same as the first argument.
    Same,
    /// A plain number.
    Number,
    /// This unit.
    Unit(&'static str),
}

impl Measures {
    pub fn of(self, argument: Option<&Quantity>) -> Quantity {
        match self {
            Measures::Same => argument.cloned().unwrap_or_else(plain),
            Measures::Number => plain(),
            Measures::Unit(unit) => Quantity::Other(unit.into()),
        }
    }
}

const fn map(names: &'static [&'static str], real: fn(f64) -> f64, complex: fn(Complex64) -> Complex64) -> Pointwise {
    Pointwise { names, rule: Rule::Map { real, complex, leaves: None }, measures: Measures::Number }
}

const fn part(names: &'static [&'static str], part: fn(Complex64) -> f64, measures: Measures) -> Pointwise {
    Pointwise { names, rule: Rule::Part { part }, measures }
}

const fn real(
    names: &'static [&'static str],
    arity: (usize, usize),
    value: fn(&[f64]) -> f64,
    measures: Measures,
) -> Pointwise {
    Pointwise { names, rule: Rule::Real { arity, value }, measures }
}

fn truth(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

/// `table(x, x1, y1, x2, y2, ..)`: straight lines between points, constant outside.
fn table(a: &[f64]) -> f64 {
    let (x, points) = (a[0], &a[1..]);
    let count = points.len() / 2;
    let point = |k: usize| (points[2 * k], points[2 * k + 1]);
    if count == 0 || x.is_nan() {
        return f64::NAN;
    }
    let next = (0..count).find(|&k| point(k).0 > x).unwrap_or(count);
    if next == 0 || next == count {
        return point(next.min(count - 1)).1;
    }
    let ((x0, y0), (x1, y1)) = (point(next - 1), point(next));
    y0 + (y1 - y0) * (x - x0) / (x1 - x0)
}

/// All of them.
#[rustfmt::skip]
pub(super) static POINTWISE: &[Pointwise] = &[
    part(&["mag", "magnitude", "abs", "m"], |z| z.norm(), Measures::Same),
    part(&["re", "real", "r"], |z| z.re, Measures::Same),
    part(&["im", "imag", "img"], |z| z.im, Measures::Same),
    part(&["ph", "phase"], |z| z.arg(), Measures::Unit("rad")),
    part(&["db", "db20"], |z| 20.0 * z.norm().log10(), Measures::Unit("dB")),
    Pointwise { names: &["j"], rule: Rule::Map { real: |x| x, complex: |z| Complex64::I * z, leaves: Some(|_| true) }, measures: Measures::Same },
    Pointwise { names: &["conj"], rule: Rule::Map { real: |x| x, complex: |z| z.conj(), leaves: None }, measures: Measures::Same },
    map(&["log", "ln"], f64::ln, |z| z.ln()),
    map(&["log10"], f64::log10, |z| z.log10()),
    map(&["exp"], f64::exp, |z| z.exp()),
    Pointwise { names: &["sqrt"], rule: Rule::Map { real: f64::sqrt, complex: |z| z.sqrt(), leaves: Some(|x| x < 0.0) }, measures: Measures::Number },
    map(&["sin"], f64::sin, |z| z.sin()),
    map(&["cos"], f64::cos, |z| z.cos()),
    map(&["tan"], f64::tan, |z| z.tan()),
    map(&["asin"], f64::asin, |z| z.asin()),
    map(&["acos"], f64::acos, |z| z.acos()),
    map(&["atan", "arctan"], f64::atan, |z| z.atan()),
    map(&["sinh"], f64::sinh, |z| z.sinh()),
    map(&["cosh"], f64::cosh, |z| z.cosh()),
    map(&["tanh"], f64::tanh, |z| z.tanh()),
    map(&["asinh"], f64::asinh, |z| z.asinh()),
    map(&["acosh"], f64::acosh, |z| z.acosh()),
    map(&["atanh"], f64::atanh, |z| z.atanh()),
    Pointwise { names: &["floor"], rule: Rule::Map { real: f64::floor, complex: |z| Complex64::new(z.re.floor(), z.im.floor()), leaves: None }, measures: Measures::Same },
    Pointwise { names: &["ceil"], rule: Rule::Map { real: f64::ceil, complex: |z| Complex64::new(z.re.ceil(), z.im.ceil()), leaves: None }, measures: Measures::Same },
    Pointwise { names: &["nint", "round"], rule: Rule::Map { real: f64::round_ties_even, complex: |z| Complex64::new(z.re.round_ties_even(), z.im.round_ties_even()), leaves: None }, measures: Measures::Same },
    real(&["int", "trunc"], (1, 1), |a| a[0].trunc(), Measures::Same),
    real(&["pos"], (1, 1), |a| truth(a[0] > 0.0), Measures::Number),
    real(&["u", "stp"], (1, 1), |a| truth(a[0] > 0.0), Measures::Number),
    real(&["u2"], (1, 1), |a| a[0].clamp(0.0, 1.0), Measures::Number),
    real(&["uramp"], (1, 1), |a| a[0].max(0.0), Measures::Same),
    real(&["sgn", "sign"], (1, 2), |a| match a.get(1) {
        Some(&by) => a[0].abs().copysign(by),
        None if a[0] == 0.0 => 0.0,
        None => a[0].signum(),
    }, Measures::Number),
    real(&["atan2"], (2, 2), |a| a[0].atan2(a[1]), Measures::Unit("rad")),
    real(&["hypot"], (2, 2), |a| a[0].hypot(a[1]), Measures::Same),
    real(&["pow"], (2, 2), |a| a[0].powf(a[1]), Measures::Number),
    real(&["pwr"], (2, 2), |a| a[0].abs().powf(a[1]).copysign(a[0]), Measures::Number),
    real(&["min"], (2, 2), |a| a[0].min(a[1]), Measures::Same),
    real(&["max"], (2, 2), |a| a[0].max(a[1]), Measures::Same),
    real(&["limit"], (3, 3), |a| a[0].clamp(a[1].min(a[2]), a[1].max(a[2])), Measures::Same),
    real(&["if", "ternary_fcn"], (3, 3), |a| if a[0] != 0.0 { a[1] } else { a[2] }, Measures::Number),
    real(&["inv"], (1, 1), |a| truth(a[0] <= 0.5), Measures::Number),
    real(&["buf"], (1, 1), |a| truth(a[0] > 0.5), Measures::Number),
    real(&["table", "pwl"], (3, 1001), table, Measures::Number),
];

/// The function with this name.
pub(super) fn pointwise(name: &str) -> Option<&'static Pointwise> {
    POINTWISE.iter().find(|function| function.names.contains(&name))
}

impl Pointwise {
    /// Fewest and most arguments.
    pub fn arity(&self) -> (usize, usize) {
        match self.rule {
            Rule::Real { arity, .. } => arity,
            _ => (1, 1),
        }
    }

    /// Value at one complex point.
    pub fn value(&self, arguments: &[Complex64], scratch: &mut Vec<f64>) -> Complex64 {
        match self.rule {
            Rule::Map { real, complex, leaves } => {
                let z = arguments[0];
                if z.im == 0.0 && !leaves.is_some_and(|leaves| leaves(z.re)) { real(z.re).into() } else { complex(z) }
            }
            Rule::Part { part } => part(arguments[0]).into(),
            Rule::Real { value, .. } => {
                scratch.clear();
                scratch.extend(arguments.iter().map(|z| z.re));
                value(scratch).into()
            }
        }
    }
}

/// Names of all functions, for suggestions.
pub fn function_names() -> impl Iterator<Item = &'static str> {
    POINTWISE.iter().flat_map(|f| f.names).chain(super::whole::NAMES).copied()
}
