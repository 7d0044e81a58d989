//! Statistics of measures over samples.

/// Moments and quantiles of a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Statistics {
    /// Finite values.
    pub count: usize,
    /// Mean.
    pub mean: f64,
    /// Standard deviation (n - 1); 0 of a single value.
    pub deviation: f64,
    /// Least value.
    pub min: f64,
    /// 5 %, 50 % and 95 % quantiles, linearly interpolated.
    pub quantiles: [f64; 3],
    /// Greatest value.
    pub max: f64,
}

impl Statistics {
    /// Of the finite ones among `values`; `None` when there are none.
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut sorted: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        let count = sorted.len();
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let mean = sorted.iter().map(|v| v / count as f64).sum::<f64>();
        let squares = sorted.iter().map(|v| (v - mean).powi(2)).sum::<f64>();
        let quantile = |p: f64| {
            let at = p * (count - 1) as f64;
            let low = sorted[at.floor() as usize];
            low + (sorted[at.ceil() as usize] - low) * at.fract()
        };
        let deviation = if count > 1 { (squares / (count - 1) as f64).sqrt() } else { 0.0 };
        Some(Self { count, mean, deviation, min, quantiles: [quantile(0.05), quantile(0.5), quantile(0.95)], max })
    }
}

/// Share of samples that pass.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Yield {
    /// Samples within the limits; a sample without a value fails.
    pub passed: usize,
    /// All samples.
    pub total: usize,
}

impl Yield {
    /// Counts the values within `min..=max`.
    pub fn of(values: &[f64], min: f64, max: f64) -> Self {
        let passed = values.iter().filter(|&&v| v >= min && v <= max).count();
        Self { passed, total: values.len() }
    }

    /// Wilson's interval of the share at 95 % confidence.
    pub fn interval(&self) -> (f64, f64) {
        if self.total == 0 {
            return (0.0, 1.0);
        }
        const Z: f64 = 1.959_963_984_540_054;
        let n = self.total as f64;
        let p = self.passed as f64 / n;
        let centre = p + Z * Z / (2.0 * n);
        let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
        let scale = 1.0 + Z * Z / n;
        (((centre - half) / scale).max(0.0), ((centre + half) / scale).min(1.0))
    }
}

/// Counts in equal bins between the least and the greatest finite value: (left edge, count) and the width of a bin. The
/// number of bins is the square root of the number of values, 5 to 40.
pub fn histogram(values: &[f64]) -> (Vec<(f64, usize)>, f64) {
    let Some(all) = Statistics::of(values) else { return (Vec::new(), 0.0) };
    let bins = (all.count as f64).sqrt().ceil().clamp(5.0, 40.0) as usize;
    let width = (all.max - all.min) / bins as f64;
    if width <= 0.0 {
        return (vec![(all.min, all.count)], 0.0);
    }
    let mut counts = vec![0; bins];
    for v in values.iter().filter(|v| v.is_finite()) {
        counts[(((v - all.min) / width) as usize).min(bins - 1)] += 1;
    }
    (counts.into_iter().enumerate().map(|(k, n)| (all.min + width * k as f64, n)).collect(), width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_sample() {
        let s = Statistics::of(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0, f64::NAN]).unwrap();
        assert_eq!((s.count, s.mean, s.min, s.max), (8, 5.0, 2.0, 9.0));
        assert!((s.deviation - (32f64 / 7.0).sqrt()).abs() < 1e-12);
        assert_eq!(s.quantiles[1], 4.5);
        assert_eq!(Statistics::of(&[f64::NAN]), None);
    }

    #[test]
    fn wilson_interval() {
        // Newcombe 1998, table I: 81 of 263 gives 0.2553 to 0.3662.
        let (low, high) = Yield { passed: 81, total: 263 }.interval();
        assert!((low - 0.2553).abs() < 1e-4 && (high - 0.3662).abs() < 1e-4, "{low} {high}");
        assert_eq!(Yield::of(&[1.0, 2.0, f64::NAN, 9.0], 1.0, 5.0), Yield { passed: 2, total: 4 });
    }

    #[test]
    fn histogram_counts_everything() {
        let values: Vec<f64> = (0..1000).map(|k| (k as f64 * 0.618).fract()).collect();
        let (bins, width) = histogram(&values);
        assert_eq!(bins.iter().map(|b| b.1).sum::<usize>(), 1000);
        assert_eq!(bins.len(), 32);
        assert!(width > 0.0);
        assert_eq!(histogram(&[3.0, 3.0]).0, [(3.0, 2)]);
    }
}
