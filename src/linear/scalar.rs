//! The number types a circuit matrix can hold.

use std::fmt::Debug;
use std::ops::{Add, AddAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use num_complex::Complex;

/// A field element of a circuit matrix: `f64` in the time domain, `Complex<f64>` in the frequency domain.
pub trait Scalar:
    Copy
    + Debug
    + PartialEq
    + Send
    + Sync
    + 'static
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
{
    /// The additive identity.
    const ZERO: Self;
    /// The multiplicative identity.
    const ONE: Self;
    /// A value that marks a result as invalid.
    const NAN: Self;

    /// A size within a factor of the square root of two of the absolute value: `|re| + |im|`.
    fn magnitude(self) -> f64;

    /// The product with a real number.
    fn scaled(self, factor: f64) -> Self;

    /// The reciprocal; not finite for zero and for numbers too small to have one.
    fn recip(self) -> Self;

    /// True when no part is infinite or not a number.
    fn is_finite(self) -> bool {
        self.magnitude().is_finite()
    }
}

impl Scalar for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const NAN: Self = f64::NAN;

    #[inline(always)]
    fn magnitude(self) -> f64 {
        self.abs()
    }

    #[inline(always)]
    fn scaled(self, factor: f64) -> Self {
        self * factor
    }

    #[inline(always)]
    fn recip(self) -> Self {
        1.0 / self
    }
}

impl Scalar for Complex<f64> {
    const ZERO: Self = Complex::new(0.0, 0.0);
    const ONE: Self = Complex::new(1.0, 0.0);
    const NAN: Self = Complex::new(f64::NAN, f64::NAN);

    #[inline(always)]
    fn magnitude(self) -> f64 {
        self.re.abs() + self.im.abs()
    }

    #[inline(always)]
    fn scaled(self, factor: f64) -> Self {
        Complex::new(self.re * factor, self.im * factor)
    }

    #[inline]
    fn recip(self) -> Self {
        // Scaling first keeps the squared norm from overflowing or vanishing.
        let size = 1.0 / self.magnitude();
        let unit = self.scaled(size);
        let norm = size / (unit.re * unit.re + unit.im * unit.im);
        Complex::new(unit.re * norm, -unit.im * norm)
    }
}
