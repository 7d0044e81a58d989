//! Fourier analysis: harmonics of the last period, spectra.

use std::f64::consts::PI;

use num_complex::Complex64;

use super::calculus::interpolated;

/// One harmonic.
#[derive(Clone, Debug, PartialEq)]
pub struct Harmonic {
    /// Hz.
    pub frequency: f64,
    /// Amplitude, in the unit of the signal.
    pub magnitude: f64,
    /// Phase of the sine, degrees.
    pub phase: f64,
}

/// Harmonics of a periodic signal; the first entry is the mean, the second the fundamental.
#[derive(Clone, Debug, PartialEq)]
pub struct Harmonics {
    /// Mean, fundamental, second harmonic, ..
    pub harmonics: Vec<Harmonic>,
    /// Total harmonic distortion, percent of the fundamental.
    pub distortion: f64,
    /// Number of points on the equidistant grid.
    pub grid: usize,
}

/// Harmonics of the last period of `y(x)`, from `grid` equidistant points found by straight lines, `count` of them with
/// the mean, as ngspice computes them. `None` when the data are shorter than a period.
pub fn harmonics(x: &[f64], y: &[f64], fundamental: f64, count: usize, grid: usize) -> Option<Harmonics> {
    let (first, last) = (*x.first()?, *x.last()?);
    let period = 1.0 / fundamental;
    let start = last - period;
    if period.is_nan() || period <= 0.0 || start < first - 1e-9 * period || grid < 2 {
        return None;
    }
    // The grid leaves the last point out: it is the first of the next period.
    let step = period / grid as f64;
    let samples: Vec<f64> = (0..grid).map(|k| interpolated(x, y, start + k as f64 * step)).collect();
    let mut all = Vec::with_capacity(count);
    for n in 0..count {
        let (mut sine, mut cosine) = (0.0, 0.0);
        for (k, value) in samples.iter().enumerate() {
            // Whole turns are taken off exactly, as integers.
            let angle = 2.0 * PI * ((n * k) % grid) as f64 / grid as f64;
            sine += value * angle.sin();
            cosine += value * angle.cos();
        }
        let scale = if n == 0 { 1.0 } else { 2.0 } / grid as f64;
        let (sine, cosine) = (sine * scale, cosine * scale);
        all.push(if n == 0 {
            Harmonic { frequency: 0.0, magnitude: cosine, phase: 0.0 }
        } else {
            // Phases refer to t = 0 of the grid.
            Harmonic {
                frequency: n as f64 * fundamental,
                magnitude: sine.hypot(cosine),
                phase: cosine.atan2(sine).to_degrees(),
            }
        });
    }
    let base = all.get(1).map_or(f64::NAN, |h| h.magnitude);
    let square: f64 = all.iter().skip(2).map(|h| (h.magnitude / base).powi(2)).sum();
    Some(Harmonics { harmonics: all, distortion: 100.0 * square.sqrt(), grid })
}

/// One-sided spectrum of samples at distance `step`, zero-padded to a power of two: frequencies and amplitudes
/// `2/n sum x exp(-j w t)` (the first one without the factor 2).
pub fn spectrum(samples: &[f64], step: f64) -> (Vec<f64>, Vec<Complex64>) {
    let n = samples.len();
    let size = n.next_power_of_two();
    let mut data: Vec<Complex64> = samples.iter().map(|&x| x.into()).collect();
    data.resize(size, Complex64::ZERO);
    transform(&mut data, -1.0);
    let half = size / 2 + 1;
    let scale = 1.0 / n.max(1) as f64;
    let values = data[..half].iter().enumerate().map(|(k, z)| z * if k == 0 { scale } else { 2.0 * scale }).collect();
    let frequencies = (0..half).map(|k| k as f64 / (size as f64 * step)).collect();
    (frequencies, values)
}

/// Fast Fourier transform in place (radix 2, Cooley and Tukey 1965); `sign` is that of the exponent, no scaling.
/// The length is a power of two.
pub(super) fn transform(data: &mut [Complex64], sign: f64) {
    let n = data.len();
    if n < 2 {
        return;
    }
    let bits = n.trailing_zeros();
    for k in 0..n {
        let reversed = k.reverse_bits() >> (usize::BITS - bits);
        if reversed > k {
            data.swap(k, reversed);
        }
    }
    let mut width = 2;
    while width <= n {
        let turn = sign * 2.0 * PI / width as f64;
        for start in (0..n).step_by(width) {
            for k in 0..width / 2 {
                let factor = Complex64::from_polar(1.0, turn * k as f64);
                let (a, b) = (data[start + k], data[start + k + width / 2] * factor);
                data[start + k] = a + b;
                data[start + k + width / 2] = a - b;
            }
        }
        width *= 2;
    }
}
