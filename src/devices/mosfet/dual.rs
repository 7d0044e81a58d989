//! Forward-mode differentiation over the three voltages of a channel: exact derivatives, no allocation.

use std::ops::{Add, Div, Mul, Neg, Sub};

/// A quantity and its derivatives with respect to (vgs, vds, vbs).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Dual {
    /// Value.
    pub value: f64,
    /// Derivatives with respect to vgs, vds and vbs.
    pub slope: [f64; 3],
}

impl Dual {
    /// A quantity that does not depend on the voltages.
    #[inline]
    pub fn constant(value: f64) -> Self {
        Self { value, slope: [0.0; 3] }
    }

    /// The voltages vgs, vds and vbs themselves.
    #[inline]
    pub fn variables(vgs: f64, vds: f64, vbs: f64) -> [Self; 3] {
        [
            Self { value: vgs, slope: [1.0, 0.0, 0.0] },
            Self { value: vds, slope: [0.0, 1.0, 0.0] },
            Self { value: vbs, slope: [0.0, 0.0, 1.0] },
        ]
    }

    /// A function of one quantity: its value and derivative.
    #[inline]
    fn chain(self, value: f64, derivative: f64) -> Self {
        Self { value, slope: self.slope.map(|s| derivative * s) }
    }

    /// Square root; zero (with zero derivatives) at and below zero.
    #[inline]
    pub fn sqrt(self) -> Self {
        if self.value <= 0.0 {
            return Self::default();
        }
        let root = self.value.sqrt();
        self.chain(root, 0.5 / root)
    }

    /// Exponential function.
    #[inline]
    pub fn exp(self) -> Self {
        let e = self.value.exp();
        self.chain(e, e)
    }

    /// Power with a constant exponent, of a positive quantity.
    #[inline]
    pub fn power(self, exponent: f64) -> Self {
        let value = self.value.powf(exponent);
        self.chain(value, exponent * value / self.value)
    }

    /// The reciprocal.
    #[inline]
    pub fn recip(self) -> Self {
        let inverse = 1.0 / self.value;
        self.chain(inverse, -inverse * inverse)
    }

    /// `width * ln(1 + exp(self / width))`: zero far below, the quantity itself far above zero.
    #[inline]
    pub fn softplus(self, width: f64) -> Self {
        let u = self.value / width;
        if u > 40.0 {
            return self;
        }
        let e = u.exp();
        self.chain(width * e.ln_1p(), e / (1.0 + e))
    }

    /// The larger one.
    #[inline]
    pub fn max(self, other: Self) -> Self {
        if self.value >= other.value { self } else { other }
    }

    /// The smaller one.
    #[inline]
    pub fn min(self, other: Self) -> Self {
        if self.value <= other.value { self } else { other }
    }

    /// The value continued along a `step` of (vgs, vds, vbs).
    #[inline]
    pub fn along(&self, step: &[f64; 3]) -> f64 {
        self.value + self.slope[0] * step[0] + self.slope[1] * step[1] + self.slope[2] * step[2]
    }

    /// Derivatives with respect to the potentials of drain, gate, source and bulk.
    #[inline]
    pub fn columns(&self) -> [f64; 4] {
        let [by_g, by_d, by_b] = self.slope;
        [by_d, by_g, -(by_d + by_g + by_b), by_b]
    }

    /// A quantity evaluated with source and drain exchanged, times `sign`, as a function of the original voltages.
    #[inline]
    pub fn exchanged(self, sign: f64) -> Self {
        let [by_g, by_d, by_b] = self.slope;
        Self { value: sign * self.value, slope: [sign * by_g, -sign * (by_g + by_d + by_b), sign * by_b] }
    }
}

impl Neg for Dual {
    type Output = Self;
    #[inline]
    fn neg(self) -> Self {
        self.chain(-self.value, -1.0)
    }
}

impl Add for Dual {
    type Output = Self;
    #[inline]
    fn add(self, o: Self) -> Self {
        let [a, b, c] = self.slope;
        Self { value: self.value + o.value, slope: [a + o.slope[0], b + o.slope[1], c + o.slope[2]] }
    }
}

impl Sub for Dual {
    type Output = Self;
    #[inline]
    fn sub(self, o: Self) -> Self {
        let [a, b, c] = self.slope;
        Self { value: self.value - o.value, slope: [a - o.slope[0], b - o.slope[1], c - o.slope[2]] }
    }
}

impl Mul for Dual {
    type Output = Self;
    #[inline]
    fn mul(self, o: Self) -> Self {
        let (x, y) = (self.value, o.value);
        let [a, b, c] = self.slope;
        let [p, q, r] = o.slope;
        Self { value: x * y, slope: [a * y + x * p, b * y + x * q, c * y + x * r] }
    }
}

impl Div for Dual {
    type Output = Self;
    #[inline]
    fn div(self, o: Self) -> Self {
        let inverse = 1.0 / o.value;
        let value = self.value * inverse;
        let [a, b, c] = self.slope;
        let [p, q, r] = o.slope;
        Self { value, slope: [(a - value * p) * inverse, (b - value * q) * inverse, (c - value * r) * inverse] }
    }
}

impl Add<f64> for Dual {
    type Output = Self;
    #[inline]
    fn add(self, o: f64) -> Self {
        Self { value: self.value + o, ..self }
    }
}

impl Sub<f64> for Dual {
    type Output = Self;
    #[inline]
    fn sub(self, o: f64) -> Self {
        Self { value: self.value - o, ..self }
    }
}

impl Mul<f64> for Dual {
    type Output = Self;
    #[inline]
    fn mul(self, o: f64) -> Self {
        self.chain(self.value * o, o)
    }
}

impl Div<f64> for Dual {
    type Output = Self;
    #[inline]
    fn div(self, o: f64) -> Self {
        self * (1.0 / o)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_agree_with_differences() {
        let f = |v: [f64; 3]| {
            let [g, d, b] = Dual::variables(v[0], v[1], v[2]);
            let x = (g * d + 3.0 - b / g).sqrt() * (d * 0.3).exp() - (g + 2.0).power(1.7) / (b * b + 1.0);
            x.max(d) + (g - d).softplus(0.2) * (b + 4.0).recip() + (-g).min(b)
        };
        let at = [1.3, 0.7, -0.4];
        let exact = f(at);
        for k in 0..3 {
            let h = 1e-6;
            let (mut up, mut down) = (at, at);
            up[k] += h;
            down[k] -= h;
            let numeric = (f(up).value - f(down).value) / (2.0 * h);
            assert!((numeric - exact.slope[k]).abs() < 1e-8, "{k}: {numeric} {}", exact.slope[k]);
        }
    }

    #[test]
    fn an_exchange_twice_is_none() {
        let x = Dual { value: 2.0, slope: [0.3, -0.7, 0.1] };
        let y = x.exchanged(-1.0).exchanged(-1.0);
        assert!(x.slope.iter().zip(y.slope).all(|(a, b)| (a - b).abs() < 1e-15) && x.value == y.value);
    }
}
