//! Smooth replacements of kinks and clamps; each returns value and derivative.

/// Identity on `0..=1` that saturates within `margin` outside.
#[inline]
pub fn saturate(x: f64, margin: f64) -> (f64, f64) {
    let edge = if x > 1.0 {
        1.0
    } else if x < 0.0 {
        0.0
    } else {
        return (x, 1.0);
    };
    let t = ((x - edge) / margin).tanh();
    (edge + margin * t, 1.0 - t * t)
}

/// `max(u, 0)` with its corner rounded by a cubic on `0..width`: exactly 0 below and exactly `u` above.
#[inline]
pub fn ramp(u: f64, width: f64) -> (f64, f64) {
    if u <= 0.0 {
        (0.0, 0.0)
    } else if u < width {
        let r = u / width;
        (u * r * (2.0 - r), r * (4.0 - 3.0 * r))
    } else {
        (u, 1.0)
    }
}

/// Factor that stops motion towards a bound at `distance` (positive inside) over `width`, and restores beyond it.
/// The derivative is with respect to the distance.
#[inline]
pub fn barrier(distance: f64, width: f64) -> (f64, f64) {
    let t = (distance / width).tanh();
    (t, (1.0 - t * t) / width)
}

/// `exp(u)`, continued by its tangent above `limit`.
#[inline]
pub fn limited_exp(u: f64, limit: f64) -> (f64, f64) {
    if u > limit {
        let e = limit.exp();
        (e * (1.0 + u - limit), e)
    } else {
        let e = u.exp();
        (e, e)
    }
}

/// Argument beyond which [`limited_sinh`] continues along its tangent.
const LARGEST_SINH: f64 = 80.0;

/// `sinh(u)`, continued by its tangents far from zero, and its derivative.
#[inline]
pub fn limited_sinh(u: f64) -> (f64, f64) {
    let inner = u.clamp(-LARGEST_SINH, LARGEST_SINH);
    let (sinh, cosh) = (inner.sinh(), inner.cosh());
    (sinh + cosh * (u - inner), cosh)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn slope_matches(f: impl Fn(f64) -> (f64, f64), x: f64, h: f64, tolerance: f64) {
        let numeric = (f(x + h).0 - f(x - h).0) / (2.0 * h);
        let exact = f(x).1;
        assert!((numeric - exact).abs() <= tolerance * (1.0 + exact.abs()), "{x}: {numeric} {exact}");
    }

    proptest! {
        #[test]
        fn derivatives_are_exact(x in -2.0f64..3.0) {
            slope_matches(|x| saturate(x, 0.3), x, 1e-6, 1e-4);
            slope_matches(|x| ramp(x, 0.1), x, 1e-6, 1e-3);
            slope_matches(|x| barrier(x, 0.2), x, 1e-6, 1e-6);
            slope_matches(|x| limited_exp(x, 0.7), x, 1e-6, 1e-4);
            slope_matches(limited_sinh, x, 1e-6, 1e-6);
            slope_matches(limited_sinh, 40.0 * x, 1e-6, 1e-4);
        }

        #[test]
        fn ramp_is_exact_outside_its_corner(u in 0.01f64..10.0) {
            prop_assert_eq!(ramp(u, 0.01), (u, 1.0));
            prop_assert_eq!(ramp(-u, 0.01), (0.0, 0.0));
        }

        #[test]
        fn saturation_stays_within_its_margin(x in -1e6f64..1e6) {
            let (y, slope) = saturate(x, 0.01);
            prop_assert!((-0.01..=1.01).contains(&y) && (0.0..=1.0).contains(&slope));
        }
    }
}
