//! Window functions that slow an ionic boundary near the ends of its range.
//!
//! - Joglekar and Wolf, Eur. J. Phys. 30, 661 (2009): `1 - (2u - 1)^(2p)`. It is zero at both ends whatever the direction,
//!   so a state that starts at an end stays there.
//! - Biolek, Biolek, Biolkova, Radioengineering 18, 210 (2009): `1 - u^(2p)` rising, `1 - (1 - u)^(2p)` falling. It jumps
//!   where the direction turns, but the rate it multiplies is zero there.
//! - Prodromakis et al., IEEE Trans. Electron Devices 58, 3099 (2011): `j (1 - [(u - 0.5)^2 + 0.75]^p)`.
//! - Kvatinsky et al., IEEE Trans. Circuits Syst. I 60, 211 (2013): `exp(-exp((u - off)/w))` rising, `exp(-exp((on - u)/w))`
//!   falling.

use super::smooth::{barrier, saturate};

/// How far beyond an end a window is continued.
const BEYOND: f64 = 0.05;

/// The factor on the rate of a boundary at `u`, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Window {
    /// Full speed up to the ends, where motion stops over the fraction `width` of the range.
    None {
        /// Fraction of the range.
        width: f64,
    },
    /// Slow at both ends.
    Joglekar {
        /// Exponent.
        p: f64,
    },
    /// Slow at the end ahead.
    Biolek {
        /// Exponent.
        p: f64,
    },
    /// Slow at both ends, with a height.
    Prodromakis {
        /// Exponent.
        p: f64,
        /// Height.
        j: f64,
    },
    /// Double exponential; motion that it does not stop ends as without a window.
    Kvatinsky {
        /// Where falling ends.
        on: f64,
        /// Where rising ends.
        off: f64,
        /// 1 / width of the transition.
        inverse_width: f64,
        /// Fraction of the range over which motion stops at the ends of the range.
        width: f64,
        /// How far beyond the ends the range goes on.
        beyond: f64,
    },
}

impl Window {
    /// Largest value.
    pub fn height(&self) -> f64 {
        match self {
            Self::Prodromakis { p, j } => j * (1.0 - 0.75f64.powf(*p)),
            _ => 1.0,
        }
    }

    /// Value at `u` for motion that rises or falls, and its derivative by `u`. Beyond the end ahead it is negative, so that
    /// the state comes back.
    #[inline]
    pub fn at(&self, u: f64, rising: bool) -> (f64, f64) {
        match *self {
            Self::None { width } => end(u, rising, width, 0.0),
            Self::Kvatinsky { on, off, inverse_width, width, beyond } => {
                let (argument, sign) = if rising { (u - off, 1.0) } else { (on - u, -1.0) };
                let e = (argument * inverse_width).min(300.0).exp();
                let f = (-e).exp();
                let df = if f > 0.0 { -f * e * sign * inverse_width } else { 0.0 };
                let (b, db) = end(u, rising, width, beyond);
                (f * b, df * b + f * db)
            }
            Self::Joglekar { p } => symmetric(u, rising, |d| {
                let power = (2.0 * d).abs().powf(2.0 * p - 1.0);
                (1.0 - power * (2.0 * d).abs(), -4.0 * p * power * d.signum())
            }),
            Self::Biolek { p } => {
                let (u, inner) = saturate(u, BEYOND);
                let (d, sign) = if rising { (u, 1.0) } else { (1.0 - u, -1.0) };
                let power = d.abs().powf(2.0 * p - 1.0);
                (1.0 - power * d.abs(), -2.0 * p * power * d.signum() * sign * inner)
            }
            Self::Prodromakis { p, j } => symmetric(u, rising, |d| {
                let base = d * d + 0.75;
                let power = base.powf(p - 1.0);
                (j * (1.0 - power * base), -2.0 * j * p * power * d)
            }),
        }
    }
}

/// Motion that ends at the bound ahead.
#[inline]
fn end(u: f64, rising: bool, width: f64, beyond: f64) -> (f64, f64) {
    if rising {
        let (b, db) = barrier(1.0 + beyond - u, width);
        (b, -db)
    } else {
        barrier(u + beyond, width)
    }
}

/// A window of the distance from the middle; beyond the end behind it is zero instead of negative.
#[inline]
fn symmetric(u: f64, rising: bool, window: impl Fn(f64) -> (f64, f64)) -> (f64, f64) {
    if (rising && u < 0.0) || (!rising && u > 1.0) {
        return (0.0, 0.0);
    }
    let (u, inner) = saturate(u, BEYOND);
    let (f, df) = window(u - 0.5);
    (f, df * inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(p: f64) -> [Window; 5] {
        [
            Window::None { width: 0.01 },
            Window::Joglekar { p },
            Window::Biolek { p },
            Window::Prodromakis { p, j: 1.3 },
            Window::Kvatinsky { on: 0.0, off: 1.0, inverse_width: 20.0, width: 0.01, beyond: 0.0 },
        ]
    }

    proptest! {
        #[test]
        fn derivatives(u in -0.04f64..1.04, p in 1.0f64..8.0, rising: bool) {
            let h = 1e-6;
            prop_assume!(u.abs() > 1e-5 && (u - 1.0).abs() > 1e-5 && (u - 0.5).abs() > 1e-5);
            for window in all(p) {
                let numeric = (window.at(u + h, rising).0 - window.at(u - h, rising).0) / (2.0 * h);
                let exact = window.at(u, rising).1;
                prop_assert!((numeric - exact).abs() < 1e-4 * (1.0 + exact.abs()), "{window:?} {u}: {numeric} {exact}");
            }
        }

        #[test]
        fn bounded_and_restoring(u in -1.0f64..2.0, p in 1.0f64..8.0) {
            for window in all(p) {
                prop_assert!(window.at(u, true).0 <= window.height() + 1e-12);
                prop_assert!(window.at(u.max(1.0), true).0 <= 0.0 || window == all(p)[4] && u < 1.0);
                prop_assert!(window.at(u.min(0.0), false).0 <= 0.0);
                prop_assert!(window.at(u.min(0.0), true).0 >= 0.0 && window.at(u.max(1.0), false).0 >= 0.0);
            }
        }
    }

    #[test]
    fn closed_forms() {
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-15, "{a} {b}");
        close(Window::Joglekar { p: 2.0 }.at(0.3, true).0, 1.0 - 0.4f64.powi(4));
        close(Window::Joglekar { p: 2.0 }.at(0.0, true).0, 0.0);
        close(Window::Biolek { p: 2.0 }.at(0.3, true).0, 1.0 - 0.3f64.powi(4));
        close(Window::Biolek { p: 2.0 }.at(0.3, false).0, 1.0 - 0.7f64.powi(4));
        close(Window::Prodromakis { p: 3.0, j: 2.0 }.at(0.3, true).0, 2.0 * (1.0 - 0.79f64.powi(3)));
        close(Window::Prodromakis { p: 3.0, j: 2.0 }.at(1.0, true).0, 0.0);
    }
}
