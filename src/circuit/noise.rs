//! Random sources: `TRNOISE` and `TRRANDOM`.
//!
//! Every sample is a function of a seed and its number, so the signal depends neither on the steps of the integrator nor on
//! what else is simulated.

use std::f64::consts::{LN_2, LN_10, PI, TAU};

use super::TranTimes;

/// Octaves of the flicker noise: periods up to this many doublings of the sample time.
const OCTAVES: u32 = 40;
/// Share of the sample time in which a random value changes to the next.
const EDGE: f64 = 1e-3;
/// Most jumps of a telegraph signal.
const MOST_JUMPS: usize = 10_000_000;

/// 64 random bits of a counter: SplitMix64 (Steele, Lea and Flood, OOPSLA 2014) of seed, stream and number.
fn bits(seed: u64, stream: u64, number: u64) -> u64 {
    let mix = |z: u64| {
        let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let key = mix(seed.wrapping_add(mix(stream.wrapping_add(0x9e37_79b9_7f4a_7c15))));
    mix(key.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
}

/// Between 0 and 1, without both.
fn uniform(seed: u64, stream: u64, number: u64) -> f64 {
    ((bits(seed, stream, number) >> 11) as f64 + 0.5) * 2f64.powi(-53)
}

/// Standard normal, by Box and Muller.
fn normal(seed: u64, stream: u64, number: u64) -> f64 {
    let radius = (-2.0 * uniform(seed, stream, 2 * number).ln()).sqrt();
    radius * (TAU * uniform(seed, stream, 2 * number + 1)).cos()
}

/// `TRNOISE(na nt nalpha namp rtsam rtscapt rtsemt)` on top of the DC value.
#[derive(Debug, Clone, PartialEq)]
pub struct NoiseWave {
    /// Source's own random stream.
    pub seed: u64,
    /// DC value, V or A.
    pub offset: f64,
    /// Effective value of the white samples, V or A.
    pub white: f64,
    /// Time between samples, s.
    pub step: f64,
    /// Exponent of the flicker noise, 0 to 2.
    pub exponent: f64,
    /// Flicker amplitude: one-sided density `2 step flicker^2 / (2 pi f step)^exponent`.
    pub flicker: f64,
    /// Height of the telegraph signal, V or A, and mean times until it rises and falls, s.
    pub telegraph: Option<[f64; 3]>,
    /// Times at which the telegraph signal jumps, beginning with a rise, s.
    pub jumps: Vec<f64>,
}

impl NoiseWave {
    /// Prepares what depends on the length of the analysis.
    pub(super) fn prepare(&mut self, times: TranTimes) {
        let Some([_, capture, emission]) = self.telegraph else { return };
        self.jumps.clear();
        let mut t = 0.0;
        while t < times.stop && self.jumps.len() < MOST_JUMPS {
            let number = self.jumps.len() as u64;
            let mean = if number.is_multiple_of(2) { capture } else { emission };
            t -= mean * uniform(self.seed, u64::MAX, number).ln();
            self.jumps.push(t);
        }
    }

    /// Linear between independent samples.
    fn samples(&self, stream: u64, t: f64, step: f64) -> f64 {
        let place = t / step;
        let number = place.floor();
        let x = place - number;
        let sample = |k: f64| normal(self.seed, stream, k as u64);
        sample(number) * (1.0 - x) + sample(number + 1.0) * x
    }

    pub(super) fn value(&self, time: f64) -> f64 {
        let t = time.max(0.0);
        let mut value = self.offset;
        if self.white != 0.0 && self.step > 0.0 {
            value += self.white * self.samples(0, t, self.step);
        }
        if self.flicker != 0.0 && self.step > 0.0 {
            // sum over octaves of samples that last twice as long each: density 2 T s^2 sinc^4(f T) for spacing T
            let octave = |j: u32| {
                let stretch = 2f64.powi(j as i32);
                stretch.powf(0.5 * (self.exponent - 1.0)) * self.samples(u64::from(j) + 1, t, self.step * stretch)
            };
            value += self.flicker * octave_scale(self.exponent) * (0..OCTAVES).map(octave).sum::<f64>();
        }
        if let Some([height, ..]) = self.telegraph {
            let passed = self.jumps.partition_point(|&jump| jump <= t);
            let high = passed % 2 == 1;
            let since = if passed == 0 { f64::INFINITY } else { t - self.jumps[passed - 1] };
            let edge = (since / self.edge()).min(1.0);
            value += height * if high { edge } else { 1.0 - edge };
        }
        value
    }

    fn edge(&self) -> f64 {
        let [_, capture, emission] = self.telegraph.unwrap_or([0.0, 1.0, 1.0]);
        EDGE * capture.min(emission)
    }

    pub(super) fn breakpoint(&self, after: f64) -> f64 {
        let sampled = self.step > 0.0 && (self.white != 0.0 || self.flicker != 0.0);
        let next = if sampled { next_multiple(after, self.step) } else { f64::INFINITY };
        let edge = self.edge();
        let from = self.jumps.partition_point(|&jump| jump + edge <= after * (1.0 + 1e-12));
        let jump =
            self.jumps.get(from).map_or(f64::INFINITY, |&j| if j > after * (1.0 + 1e-12) { j } else { j + edge });
        next.min(jump)
    }

    /// Multiplies the signal.
    pub fn scale(&mut self, factor: f64) {
        self.offset *= factor;
        self.white *= factor;
        self.flicker *= factor;
        if let Some(telegraph) = &mut self.telegraph {
            telegraph[0] *= factor;
        }
    }
}

/// First multiple of `step` after `after` by more than the rounding of times.
fn next_multiple(after: f64, step: f64) -> f64 {
    step * ((after / step * (1.0 + 1e-12) + 1e-9).floor() + 1.0)
}

/// Factor on the octaves that gives the density of [`NoiseWave::flicker`]:
/// `sum_j 2^(j a) sinc^4(f T 2^j) = (f T)^-a / ln 2 * integral u^(a-1) sinc^4(u) du`.
fn octave_scale(exponent: f64) -> f64 {
    let a = exponent.max(0.05);
    // midpoint rule in ln u
    let (low, high, parts) = (-20.0 * LN_10 / a.max(1.0) / 2.0, 6.0 * LN_10, 4000);
    let width = (high - low) / f64::from(parts);
    let integral: f64 = (0..parts)
        .map(|k| {
            let u = (low + (f64::from(k) + 0.5) * width).exp();
            let sinc = (PI * u).sin() / (PI * u);
            u.powf(a) * sinc.powi(4) * width
        })
        .sum();
    (LN_2 / (TAU.powf(a) * integral)).sqrt()
}

/// `TRRANDOM(type ts td param1 param2)` on top of the DC value.
#[derive(Debug, Clone, PartialEq)]
pub struct RandomWave {
    /// Source's own random stream.
    pub seed: u64,
    /// DC value, V or A.
    pub offset: f64,
    /// How values are distributed.
    pub distribution: Distribution,
    /// Time that each value lasts, s.
    pub step: f64,
    /// Start, s; zero before.
    pub delay: f64,
    /// First and second parameter of the distribution.
    pub parameters: [f64; 2],
    /// Multiplier on all.
    pub factor: f64,
}

/// Distributions of `TRRANDOM`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distribution {
    /// Between minus and plus the first parameter, around the second.
    Uniform,
    /// Standard deviation and mean.
    Gaussian,
    /// Mean, and offset.
    Exponential,
    /// Mean number, and offset.
    Poisson,
}

impl RandomWave {
    fn sample(&self, number: f64) -> f64 {
        if number < 0.0 {
            return 0.0;
        }
        let k = number as u64;
        let [a, b] = self.parameters;
        b + match self.distribution {
            Distribution::Uniform => a * (2.0 * uniform(self.seed, 0, k) - 1.0),
            Distribution::Gaussian => a * normal(self.seed, 0, k),
            Distribution::Exponential => -a * uniform(self.seed, 0, k).ln(),
            Distribution::Poisson => poisson(a, uniform(self.seed, 0, k)),
        }
    }

    pub(super) fn value(&self, time: f64) -> f64 {
        let place = (time - self.delay) / self.step;
        let number = (place + 1e-9).floor();
        let edge = ((place - number) / EDGE).clamp(0.0, 1.0);
        let value = self.sample(number - 1.0) * (1.0 - edge) + self.sample(number) * edge;
        self.offset + self.factor * value
    }

    pub(super) fn breakpoint(&self, after: f64) -> f64 {
        let since = after - self.delay;
        if since < 0.0 {
            return self.delay;
        }
        let number = (since / self.step * (1.0 + 1e-12) + 1e-9).floor();
        let edge = self.delay + (number + EDGE) * self.step;
        if edge > after + 1e-6 * self.step { edge } else { self.delay + (number + 1.0) * self.step }
    }
}

/// The number of events of a Poisson distribution whose cumulative probability reaches `p`; the normal one for large means.
fn poisson(mean: f64, p: f64) -> f64 {
    if mean > 500.0 {
        // logistic approximation of the normal quantile is enough for its rounding
        let quantile = (p / (1.0 - p)).ln() / 1.702;
        return (mean + mean.sqrt() * quantile).round().max(0.0);
    }
    let (mut count, mut term) = (0.0, (-mean).exp());
    let mut sum = term;
    while sum < p && count < 10_000.0 {
        count += 1.0;
        term *= mean / count;
        sum += term;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(exponent: f64, flicker: f64, white: f64) -> NoiseWave {
        NoiseWave { seed: 5, offset: 0.0, white, step: 1.0, exponent, flicker, telegraph: None, jumps: vec![] }
    }

    fn moments(values: impl Iterator<Item = f64>) -> (f64, f64) {
        let (mut n, mut sum, mut square) = (0.0, 0.0, 0.0);
        for v in values {
            n += 1.0;
            sum += v;
            square += v * v;
        }
        let mean = sum / n;
        (mean, (square / n - mean * mean).sqrt())
    }

    #[test]
    fn samples_have_their_distributions() {
        let white = wave(0.0, 0.0, 2.0);
        let (mean, deviation) = moments((0..200_000).map(|k| white.value(f64::from(k))));
        assert!(mean.abs() < 0.02 && (deviation - 2.0).abs() < 0.02, "{mean} {deviation}");
        let random = |distribution, parameters| RandomWave {
            seed: 3,
            offset: 0.0,
            distribution,
            step: 1.0,
            delay: 0.0,
            parameters,
            factor: 1.0,
        };
        for (distribution, parameters, mean, deviation) in [
            (Distribution::Uniform, [2.0, 1.0], 1.0, 2.0 / 3f64.sqrt()),
            (Distribution::Gaussian, [2.0, 1.0], 1.0, 2.0),
            (Distribution::Exponential, [2.0, 1.0], 3.0, 2.0),
            (Distribution::Poisson, [4.0, 1.0], 5.0, 2.0),
        ] {
            let wave = random(distribution, parameters);
            let (m, d) = moments((0..100_000).map(|k| wave.value(f64::from(k) + 0.5)));
            assert!((m - mean).abs() < 0.03 && (d - deviation).abs() < 0.03, "{distribution:?} {m} {d}");
        }
    }

    #[test]
    fn flicker_noise_has_its_density() {
        // mean periodogram at a few frequencies against the density that is promised
        let wave = wave(1.0, 1.0, 0.0);
        let (count, parts) = (512usize, 300usize);
        for harmonic in [4usize, 16, 64] {
            let f = harmonic as f64 / count as f64;
            let mut power = 0.0;
            for part in 0..parts {
                let (mut re, mut im) = (0.0, 0.0);
                for k in 0..count {
                    let t = (part * 3 * count + k) as f64 + 0.0;
                    // Hann's window against leakage
                    let window = 0.5 - 0.5 * (TAU * k as f64 / count as f64).cos();
                    let v = wave.value(t) * window;
                    re += v * (TAU * f * k as f64).cos();
                    im += v * (TAU * f * k as f64).sin();
                }
                power += 2.0 * (re * re + im * im) / (0.375 * count as f64) / parts as f64;
            }
            let expected = 2.0 / (TAU * f);
            assert!((power / expected - 1.0).abs() < 0.25, "{f}: {power} instead of {expected}");
        }
    }

    #[test]
    fn telegraph_and_breakpoints() {
        let mut wave = NoiseWave { telegraph: Some([1.0, 2.0, 3.0]), ..wave(0.0, 0.0, 0.0) };
        wave.prepare(TranTimes { step: 1.0, stop: 50_000.0 });
        let (mean, _) = moments((0..50_000).map(|k| wave.value(f64::from(k))));
        assert!((mean - 0.6).abs() < 0.03, "{mean}");
        assert!(wave.breakpoint(0.0) == wave.jumps[0] && wave.breakpoint(wave.jumps[0]) > wave.jumps[0]);
        assert_eq!(next_multiple(3e-6, 1e-6), 4e-6);
        assert_eq!(next_multiple(0.0, 1e-6), 1e-6);
    }
}
