//! Differences between waveforms.

use num_complex::Complex64;

/// How two curves differ, in units of the size of the expected one.
#[derive(Clone, Copy, Debug)]
pub struct Difference {
    /// Root mean square: along the axis by the trapezoid rule; point by point over frequency and where the axis does
    /// not ascend.
    pub rms: f64,
    /// Largest.
    pub peak: f64,
    /// Index of the largest.
    pub worst: usize,
}

/// By what differences are divided.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Measure {
    /// By the range of the expected curve.
    Range,
    /// By the expected magnitude at the same place, at least 1e-3 of the largest: over frequency, where curves cross decades.
    Local,
    /// By each expected value: an operating point.
    Each,
}

/// True for two or more points that ascend.
pub fn ascending(axis: &[f64], strictly: bool) -> bool {
    axis.len() > 1 && axis.windows(2).all(|w| w[0] < w[1] || (!strictly && w[0] == w[1]))
}

/// Straight line between the points of an ascending axis; the end values beyond it.
pub fn interpolate(axis: &[f64], values: &[Complex64], x: f64) -> Complex64 {
    let above = axis.partition_point(|&a| a <= x);
    if above == 0 {
        return values[0];
    }
    if above == axis.len() {
        return values[above - 1];
    }
    let (x0, x1) = (axis[above - 1], axis[above]);
    values[above - 1] + (values[above] - values[above - 1]) * ((x - x0) / (x1 - x0))
}

/// Smallest and largest real part.
pub fn extremes(values: &[Complex64]) -> (f64, f64) {
    values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v.re), h.max(v.re)))
}

/// Size of each expected value, at least `floor`.
fn sizes(wanted: &[Complex64], measure: Measure, floor: f64) -> Vec<f64> {
    match measure {
        Measure::Range => {
            let (low, high) = extremes(wanted);
            let (imaginary_low, imaginary_high) =
                wanted.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v.im), h.max(v.im)));
            let largest = wanted.iter().fold(0.0f64, |m, v| m.max(v.norm()));
            let range = (high - low).max(imaginary_high - imaginary_low);
            vec![range.max(1e-3 * largest).max(floor); wanted.len()]
        }
        Measure::Local => {
            let largest = wanted.iter().fold(0.0f64, |m, v| m.max(v.norm()));
            wanted.iter().map(|v| v.norm().max(1e-3 * largest).max(floor)).collect()
        }
        Measure::Each => wanted.iter().map(|v| v.norm().max(floor)).collect(),
    }
}

/// Compares values at the same places; `axis` gives the weights of the mean, equal ones without it.
pub fn difference(
    axis: Option<&[f64]>,
    wanted: &[Complex64],
    got: &[Complex64],
    measure: Measure,
    floor: f64,
) -> Difference {
    let relative: Vec<f64> =
        wanted.iter().zip(got).zip(sizes(wanted, measure, floor)).map(|((w, g), size)| (g - w).norm() / size).collect();
    let mean_square = match axis {
        Some(x) if x.len() > 1 => {
            let strips = x.windows(2).zip(relative.windows(2));
            let area: f64 = strips.map(|(x, d)| 0.5 * (d[0] * d[0] + d[1] * d[1]) * (x[1] - x[0])).sum();
            area / (x[x.len() - 1] - x[0])
        }
        _ => relative.iter().map(|d| d * d).sum::<f64>() / relative.len().max(1) as f64,
    };
    let (worst, peak) =
        relative.iter().enumerate().fold((0, 0.0), |(at, most), (k, d)| if *d > most { (k, *d) } else { (at, most) });
    Difference { rms: mean_square.sqrt(), peak, worst }
}

/// Where a curve crosses a level: place, and true when it rises.
pub fn crossings(axis: &[f64], values: &[Complex64], level: f64) -> Vec<(f64, bool)> {
    let mut all = Vec::new();
    for (x, v) in axis.windows(2).zip(values.windows(2)) {
        let (a, b) = (v[0].re, v[1].re);
        if (a < level) != (b < level) {
            all.push((x[0] + (x[1] - x[0]) * (level - a) / (b - a), a < level));
        }
    }
    all
}

/// Mean period of the rising crossings of the middle, over the later half of them.
pub fn period(axis: &[f64], values: &[Complex64]) -> Option<f64> {
    let (low, high) = extremes(values);
    let rising: Vec<f64> =
        crossings(axis, values, 0.5 * (low + high)).into_iter().filter(|c| c.1).map(|c| c.0).collect();
    let first = if rising.len() > 4 { rising.len() / 2 } else { rising.len().saturating_sub(2) };
    let later = &rising[first..];
    (later.len() >= 2).then(|| (later[later.len() - 1] - later[0]) / (later.len() - 1) as f64)
}

/// Ascending places of both axes, without doubles, within `from..=to`.
pub fn union(one: &[f64], other: &[f64], from: f64, to: f64) -> Vec<f64> {
    let mut all: Vec<f64> = one.iter().chain(other).copied().filter(|x| (from..=to).contains(x)).collect();
    all.sort_by(f64::total_cmp);
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complex(values: &[f64]) -> Vec<Complex64> {
        values.iter().map(|&v| v.into()).collect()
    }

    #[test]
    fn an_offset_is_its_share_of_the_range() {
        let (x, want, got) = ([0.0, 1.0, 2.0], complex(&[0.0, 2.0, 0.0]), complex(&[0.1, 2.1, 0.1]));
        let found = difference(Some(&x), &want, &got, Measure::Range, 1e-9);
        assert!((found.rms - 0.05).abs() < 1e-12 && (found.peak - 0.05).abs() < 1e-12);
        let exact = difference(Some(&x), &want, &want, Measure::Range, 1e-9);
        assert_eq!((exact.rms, exact.peak), (0.0, 0.0));
    }

    #[test]
    fn decades_count_alike_over_frequency() {
        let want = complex(&[1.0, 0.1, 0.01]);
        let got = complex(&[1.0, 0.1, 0.011]);
        let found = difference(None, &want, &got, Measure::Local, 0.0);
        assert!((found.peak - 0.1).abs() < 1e-9);
        assert_eq!(found.worst, 2);
    }

    #[test]
    fn crossings_and_periods() {
        let t: Vec<f64> = (0..=1000).map(|k| f64::from(k) * 0.01).collect();
        let v: Vec<Complex64> = t.iter().map(|t| (std::f64::consts::TAU * t / 0.7).sin().into()).collect();
        assert!((period(&t, &v).expect("a period") - 0.7).abs() < 1e-4);
        assert!(period(&t, &complex(&vec![1.0; t.len()])).is_none());
        let all = crossings(&[0.0, 1.0, 2.0], &complex(&[0.0, 2.0, 0.0]), 1.0);
        assert_eq!(all, [(0.5, true), (1.5, false)]);
        assert_eq!(union(&[0.0, 1.0, 2.0], &[0.5, 1.0, 3.0], 0.5, 2.0), [0.5, 1.0, 2.0]);
    }
}
