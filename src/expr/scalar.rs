//! Scalar functions with their slopes: the one place that says what an operator means.
//!
//! At a singular point the argument is kept [`TINY`] away from it, so values and slopes stay finite there (see
//! [`Expr::evaluate`](super::Expr::evaluate)). Outside a function's domain the value is NaN.

use std::f64::consts::LOG10_E;

/// Distance kept from zero in a divisor, a logarithm and a slope. Small enough for divisors such as h² (4e-67), large
/// enough that the slope 1/TINY² of a quotient is finite.
pub(super) const TINY: f64 = 1e-100;

/// Greatest argument of the exponential; beyond it exp, sinh and cosh keep their value at this argument.
pub(super) const EXP_MAX: f64 = 709.0;

fn away_from_zero(x: f64) -> f64 {
    if x.abs() < TINY { TINY.copysign(x) } else { x }
}

/// ln of the magnitude, finite at 0.
fn ln_abs(x: f64) -> f64 {
    x.abs().max(TINY).ln()
}

/// |x|^y, finite at x = 0 and on overflow, NaN for any NaN.
fn abs_pow(x: f64, y: f64) -> f64 {
    if x.is_nan() || y.is_nan() {
        return f64::NAN;
    }
    let base = if y < 0.0 { x.abs().max(TINY) } else { x.abs() };
    base.powf(y).min(f64::MAX)
}

/// Cosine of the phase of a^b: for a negative base 1 or -1 at whole exponents, in between cos(pi b).
fn turn(a: f64, b: f64) -> f64 {
    if a >= 0.0 {
        1.0
    } else if b.fract() == 0.0 {
        if b % 2.0 == 0.0 { 1.0 } else { -1.0 }
    } else {
        (std::f64::consts::PI * (b % 2.0)).cos()
    }
}

/// -1, 0 or 1.
fn sign(x: f64) -> f64 {
    if x > 0.0 {
        1.0
    } else if x < 0.0 {
        -1.0
    } else {
        x * 0.0
    }
}

fn truth(condition: bool) -> f64 {
    f64::from(u8::from(condition))
}

/// Functions of one argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Scalar1 {
    Negate,
    Not,
    Abs,
    Acos,
    Acosh,
    Asin,
    Asinh,
    Atan,
    Atanh,
    Ceil,
    Cos,
    Cosh,
    Exp,
    Floor,
    Int,
    Nint,
    Ln,
    Log10,
    Sgn,
    Sin,
    Sinh,
    Sqrt,
    Step,
    StepUnit2,
    Ramp,
    Tan,
    Tanh,
    /// 1 above 0, else 0.
    StepStrict,
    Cbrt,
    Square,
    /// 20 log10 |x|
    Decibel,
    /// 1 above one half.
    Buffer,
    /// 1 up to one half.
    Inverter,
    /// Half away from zero.
    Round,
    /// sgn(x) ln |x|
    SignedLn,
    /// sgn(x) log10 |x|
    SignedLog10,
    /// sgn(x) sqrt |x|
    SignedSqrt,
}

impl Scalar1 {
    #[inline]
    pub(super) fn value(self, x: f64) -> f64 {
        match self {
            Scalar1::Negate => -x,
            Scalar1::Not => truth(x == 0.0),
            Scalar1::Abs => x.abs(),
            Scalar1::Acos => x.acos(),
            Scalar1::Acosh => x.acosh(),
            Scalar1::Asin => x.asin(),
            Scalar1::Asinh => x.asinh(),
            Scalar1::Atan => x.atan(),
            Scalar1::Atanh if x.abs() == 1.0 => (x * (1.0 - f64::EPSILON)).atanh(),
            Scalar1::Atanh => x.atanh(),
            Scalar1::Ceil => x.ceil(),
            Scalar1::Cos => x.cos(),
            Scalar1::Cosh => x.clamp(-EXP_MAX, EXP_MAX).cosh(),
            Scalar1::Exp => x.min_or_nan(EXP_MAX).exp(),
            Scalar1::Floor => x.floor(),
            Scalar1::Int => x.trunc(),
            Scalar1::Nint => x.round_ties_even(),
            Scalar1::Ln => ln(x),
            Scalar1::Log10 => ln(x) * LOG10_E,
            Scalar1::Sgn => sign(x),
            Scalar1::Sin => x.sin(),
            Scalar1::Sinh => x.clamp(-EXP_MAX, EXP_MAX).sinh(),
            Scalar1::Sqrt => x.sqrt(),
            Scalar1::Step => 0.5 + 0.5 * sign(x),
            Scalar1::StepUnit2 => x.clamp(0.0, 1.0),
            Scalar1::Ramp if x < 0.0 => 0.0,
            Scalar1::Ramp => x,
            Scalar1::Tan => x.tan(),
            Scalar1::Tanh => x.tanh(),
            Scalar1::StepStrict => truth(x > 0.0),
            Scalar1::Cbrt => x.cbrt(),
            Scalar1::Square => x * x,
            Scalar1::Decibel => 20.0 * LOG10_E * ln(x.abs()),
            Scalar1::Buffer => truth(x > 0.5),
            Scalar1::Inverter => truth(x <= 0.5),
            Scalar1::Round => x.round(),
            Scalar1::SignedLn => sign(x) * ln(x.abs()),
            Scalar1::SignedLog10 => sign(x) * ln(x.abs()) * LOG10_E,
            Scalar1::SignedSqrt => sign(x) * x.abs().sqrt(),
        }
    }

    /// dy/dx at `x`, where `y` is the value.
    #[inline]
    pub(super) fn slope(self, x: f64, y: f64) -> f64 {
        let root = |square: f64| square.max(0.0).sqrt().max(TINY);
        match self {
            Scalar1::Negate => -1.0,
            Scalar1::Abs => sign(x),
            Scalar1::Acos => -1.0 / root((1.0 - x) * (1.0 + x)),
            Scalar1::Acosh => 1.0 / root((x - 1.0) * (x + 1.0)),
            Scalar1::Asin => 1.0 / root((1.0 - x) * (1.0 + x)),
            Scalar1::Asinh => 1.0 / x.hypot(1.0),
            Scalar1::Atan => 1.0 / (1.0 + x * x),
            Scalar1::Atanh => 1.0 / away_from_zero((1.0 - x) * (1.0 + x)),
            Scalar1::Cos => -x.sin(),
            Scalar1::Cosh => Scalar1::Sinh.value(x),
            Scalar1::Exp => y,
            Scalar1::Ln => 1.0 / x.max(TINY),
            Scalar1::Log10 => LOG10_E / x.max(TINY),
            Scalar1::Sin => x.cos(),
            Scalar1::Sinh => Scalar1::Cosh.value(x),
            Scalar1::Sqrt => 0.5 / y.max(TINY),
            Scalar1::StepUnit2 => truth(x > 0.0 && x < 1.0),
            Scalar1::Ramp => truth(x > 0.0),
            Scalar1::Tan => 1.0 + y * y,
            Scalar1::Tanh => (1.0 - y) * (1.0 + y),
            Scalar1::Square => 2.0 * x,
            Scalar1::Cbrt => (y / (3.0 * away_from_zero(x))).clamp(0.0, f64::MAX),
            Scalar1::Decibel => 20.0 * LOG10_E / away_from_zero(x),
            Scalar1::SignedLn => 1.0 / x.abs().max(TINY),
            Scalar1::SignedLog10 => LOG10_E / x.abs().max(TINY),
            Scalar1::SignedSqrt => 0.5 / y.abs().max(TINY),
            Scalar1::StepStrict
            | Scalar1::Buffer
            | Scalar1::Inverter
            | Scalar1::Round
            | Scalar1::Not
            | Scalar1::Ceil
            | Scalar1::Floor
            | Scalar1::Int
            | Scalar1::Nint
            | Scalar1::Sgn
            | Scalar1::Step => 0.0,
        }
    }

    /// Why a constant argument is not acceptable, although [`Scalar1::value`] has a finite answer or NaN for it.
    pub(super) fn objection(self, x: f64) -> Option<&'static str> {
        let outside = match self {
            Scalar1::Ln | Scalar1::Log10 if x <= 0.0 => "logarithm of a number that is not positive",
            Scalar1::Sqrt if x < 0.0 => "square root of a negative number",
            Scalar1::Exp if x > EXP_MAX => "exponential overflows",
            Scalar1::Sinh | Scalar1::Cosh if x.abs() > EXP_MAX => "hyperbolic function overflows",
            Scalar1::Acos | Scalar1::Asin if x.abs() > 1.0 => "arc sine or cosine outside -1 .. 1",
            Scalar1::Atanh if x.abs() >= 1.0 => "atanh outside -1 .. 1",
            Scalar1::Acosh if x < 1.0 => "acosh of a number below 1",
            _ => return None,
        };
        Some(outside)
    }
}

/// Natural logarithm, finite at 0, NaN below.
fn ln(x: f64) -> f64 {
    if x < 0.0 { f64::NAN } else { x.max_or_nan(TINY).ln() }
}

/// Bounds that let a NaN through, where `f64::min` and `f64::max` would hide it.
trait BoundOrNan {
    fn min_or_nan(self, bound: f64) -> f64;
    fn max_or_nan(self, bound: f64) -> f64;
}

impl BoundOrNan for f64 {
    #[inline]
    fn min_or_nan(self, bound: f64) -> f64 {
        if self > bound { bound } else { self }
    }

    #[inline]
    fn max_or_nan(self, bound: f64) -> f64 {
        if self < bound { bound } else { self }
    }
}

/// Functions of two arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Scalar2 {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    /// |a|^b
    Power,
    /// sgn(a) |a|^b
    SignedPower,
    Less,
    LessEqual,
    Equal,
    NotEqual,
    And,
    Or,
    Atan2,
    Max,
    Min,
    /// Real part of a^b.
    RealPower,
    /// |a| with the sign of b, 0 for b = 0.
    Sign,
    Hypot,
}

impl Scalar2 {
    #[inline]
    pub(super) fn value(self, a: f64, b: f64) -> f64 {
        match self {
            Scalar2::Add => a + b,
            Scalar2::Subtract => a - b,
            Scalar2::Multiply => a * b,
            Scalar2::Divide => a / away_from_zero(b),
            Scalar2::Modulo => a % b,
            Scalar2::Power => abs_pow(a, b),
            Scalar2::SignedPower if a < 0.0 => -abs_pow(a, b),
            Scalar2::SignedPower => abs_pow(a, b),
            Scalar2::Less => truth(a < b),
            Scalar2::LessEqual => truth(a <= b),
            Scalar2::Equal => truth(a == b),
            Scalar2::NotEqual => truth(a != b),
            Scalar2::And => truth(a != 0.0 && b != 0.0),
            Scalar2::Or => truth(a != 0.0 || b != 0.0),
            Scalar2::Atan2 => a.atan2(b),
            Scalar2::RealPower => abs_pow(a, b) * turn(a, b),
            Scalar2::Sign => a.abs() * sign(b),
            Scalar2::Hypot => a.hypot(b),
            Scalar2::Max => {
                if max_is_first(a, b) {
                    a
                } else {
                    b
                }
            }
            Scalar2::Min => {
                if min_is_first(a, b) {
                    a
                } else {
                    b
                }
            }
        }
    }

    /// dy/da.
    #[inline]
    pub(super) fn slope_a(self, a: f64, b: f64) -> f64 {
        match self {
            Scalar2::Add | Scalar2::Subtract | Scalar2::Modulo => 1.0,
            Scalar2::Multiply => b,
            Scalar2::Divide => 1.0 / away_from_zero(b),
            Scalar2::Power => sign(a) * Scalar2::SignedPower.slope_a(a, b),
            Scalar2::SignedPower if b == 0.0 => 0.0,
            Scalar2::SignedPower => (b * abs_pow(a, b - 1.0)).clamp(-f64::MAX, f64::MAX),
            Scalar2::Atan2 => b / (a * a + b * b).max(TINY),
            Scalar2::RealPower => sign(a) * turn(a, b) * Scalar2::SignedPower.slope_a(a, b),
            Scalar2::Sign => sign(a) * sign(b),
            Scalar2::Hypot => a / a.hypot(b).max(TINY),
            Scalar2::Max => truth(max_is_first(a, b)),
            Scalar2::Min => truth(min_is_first(a, b)),
            _ => 0.0,
        }
    }

    /// dy/db, where `y` is the value.
    #[inline]
    pub(super) fn slope_b(self, a: f64, b: f64, y: f64) -> f64 {
        match self {
            Scalar2::Add => 1.0,
            Scalar2::Subtract => -1.0,
            Scalar2::Multiply => a,
            Scalar2::Divide => -y / away_from_zero(b),
            Scalar2::Modulo => -(a / b).trunc(),
            Scalar2::Power | Scalar2::SignedPower => (y * ln_abs(a)).clamp(-f64::MAX, f64::MAX),
            Scalar2::Atan2 => -a / (a * a + b * b).max(TINY),
            Scalar2::RealPower if a < 0.0 && b.fract() != 0.0 => 0.0,
            Scalar2::RealPower => (y * ln_abs(a)).clamp(-f64::MAX, f64::MAX),
            Scalar2::Hypot => b / a.hypot(b).max(TINY),
            Scalar2::Max => truth(!max_is_first(a, b)),
            Scalar2::Min => truth(!min_is_first(a, b)),
            _ => 0.0,
        }
    }

    /// Whether the arguments may be exchanged.
    pub(super) fn commutes(self) -> bool {
        matches!(
            self,
            Scalar2::Add | Scalar2::Multiply | Scalar2::Equal | Scalar2::NotEqual | Scalar2::And | Scalar2::Or
        )
    }

    /// Why constant arguments are not acceptable, although [`Scalar2::value`] has an answer for them.
    pub(super) fn objection(self, a: f64, b: f64) -> Option<&'static str> {
        match self {
            Scalar2::Divide | Scalar2::Modulo if b == 0.0 => Some("division by zero"),
            Scalar2::Power | Scalar2::SignedPower | Scalar2::RealPower if a == 0.0 && b < 0.0 => {
                Some("zero to a negative power")
            }
            Scalar2::Power | Scalar2::SignedPower | Scalar2::RealPower if a.abs().powf(b).is_infinite() => {
                Some("power overflows")
            }
            _ => None,
        }
    }
}

/// Whether `max(a, b)` is a; a NaN is chosen whichever side it is on.
fn max_is_first(a: f64, b: f64) -> bool {
    a > b || a.is_nan()
}

/// Whether `min(a, b)` is a; a NaN is chosen whichever side it is on.
fn min_is_first(a: f64, b: f64) -> bool {
    a < b || a.is_nan()
}

/// `pwl(x, x1,y1, ..)`: value and slope at `x` of the polygon through `points`, whose abscissae rise. The outer
/// segments are extended, as in ngspice.
pub(super) fn polygon(points: &[(f64, f64)], x: f64) -> (f64, f64) {
    let inner = points.get(1..points.len().saturating_sub(1)).unwrap_or_default();
    let segment = inner.partition_point(|point| point.0 <= x);
    match points.get(segment..segment + 2) {
        Some(&[(x0, y0), (x1, y1)]) => {
            let slope = (y1 - y0) / (x1 - x0);
            (y0 + slope * (x - x0), slope)
        }
        _ => (f64::NAN, 0.0),
    }
}
