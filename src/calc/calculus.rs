//! Derivatives, integrals and interpolation of sampled curves.

use num_complex::Complex64;

/// Numbers that can be weighted and added.
pub(super) trait Sample: Copy + std::ops::Add<Output = Self> + std::ops::Sub<Output = Self> {
    const ZERO: Self;
    fn times(self, factor: f64) -> Self;
}

impl Sample for f64 {
    const ZERO: Self = 0.0;
    fn times(self, factor: f64) -> Self {
        self * factor
    }
}

impl Sample for Complex64 {
    const ZERO: Self = Complex64::new(0.0, 0.0);
    fn times(self, factor: f64) -> Self {
        self * factor
    }
}

/// Derivative at every point, of the parabola through it and its neighbours (as ngspice with `dpolydegree = 2`).
pub(super) fn derivative<T: Sample>(x: &[f64], y: &[T]) -> Vec<T> {
    let n = y.len().min(x.len());
    match n {
        0 => Vec::new(),
        1 => vec![T::ZERO],
        2 => vec![(y[1] - y[0]).times(1.0 / (x[1] - x[0])); 2],
        _ => (0..n).map(|k| parabola_slope(x, y, k.clamp(1, n - 2), x[k])).collect(),
    }
}

/// Slope at `at` of the parabola through points `middle - 1 ..= middle + 1`; where points coincide, of the line that is left.
fn parabola_slope<T: Sample>(x: &[f64], y: &[T], middle: usize, at: f64) -> T {
    let [a, b, c] = [x[middle - 1], x[middle], x[middle + 1]];
    let [ya, yb, yc] = [y[middle - 1], y[middle], y[middle + 1]];
    if a == b || b == c || a == c {
        return if a == c { T::ZERO } else { (yc - ya).times(1.0 / (c - a)) };
    }
    ya.times((2.0 * at - b - c) / ((a - b) * (a - c)))
        + yb.times((2.0 * at - a - c) / ((b - a) * (b - c)))
        + yc.times((2.0 * at - a - b) / ((c - a) * (c - b)))
}

/// Running integral by trapezia.
pub(super) fn running_integral<T: Sample>(x: &[f64], y: &[T]) -> Vec<T> {
    let mut sum = T::ZERO;
    let n = y.len().min(x.len());
    (0..n)
        .map(|k| {
            if k > 0 {
                sum = sum + (y[k] + y[k - 1]).times(0.5 * (x[k] - x[k - 1]));
            }
            sum
        })
        .collect()
}

/// Mean from the first point up to each point, over the axis.
pub(super) fn running_mean<T: Sample>(x: &[f64], y: &[T]) -> Vec<T> {
    let mut integral = running_integral(x, y);
    for k in 0..integral.len() {
        let span = x[k] - x[0];
        integral[k] = if span == 0.0 { y[k] } else { integral[k].times(1.0 / span) };
    }
    integral
}

/// Value of the piecewise linear curve at `at`; the end values outside.
pub fn interpolated(x: &[f64], y: &[f64], at: f64) -> f64 {
    let n = y.len().min(x.len());
    if n == 0 {
        return f64::NAN;
    }
    let descending = x[n - 1] < x[0];
    let next = x[..n].partition_point(|&v| if descending { v > at } else { v < at });
    if next == 0 {
        return y[0];
    }
    if next == n {
        return y[n - 1];
    }
    let (x0, x1) = (x[next - 1], x[next]);
    if x1 == x0 || at == x1 { y[next] } else { y[next - 1] + (y[next] - y[next - 1]) * (at - x0) / (x1 - x0) }
}

/// Integral of the piecewise linear curve from `from` to `to`.
pub fn area(x: &[f64], y: &[f64], from: f64, to: f64) -> f64 {
    clipped(x, y, from, to).map(|(dx, a, b)| 0.5 * (a + b) * dx).sum()
}

/// Pieces (width, left and right value) of the curve within an interval.
pub(crate) fn clipped<'a>(
    x: &'a [f64],
    y: &'a [f64],
    from: f64,
    to: f64,
) -> impl Iterator<Item = (f64, f64, f64)> + 'a {
    x.windows(2).zip(y.windows(2)).filter_map(move |(x, y)| {
        let (low, high) = (x[0].max(from), x[1].min(to));
        if high <= low {
            return None;
        }
        let value = |at: f64| y[0] + (y[1] - y[0]) * (at - x[0]) / (x[1] - x[0]);
        Some((high - low, value(low), value(high)))
    })
}

/// Phases without jumps of a whole turn.
pub(super) fn unwrapped(phases: &[f64]) -> Vec<f64> {
    let turn = 2.0 * std::f64::consts::PI;
    let mut shift = 0.0;
    let mut all: Vec<f64> = Vec::with_capacity(phases.len());
    for (k, &phase) in phases.iter().enumerate() {
        if k > 0 {
            shift -= turn * ((phase - phases[k - 1]) / turn).round();
        }
        all.push(phase + shift);
    }
    all
}
