//! Random numbers that are a function of their index: the same index always gives the same number, so a noise path does
//! not depend on the order, the number or the size of the steps in which it is read.

use std::f64::consts::TAU;

/// Scrambles 64 bits (the finaliser of SplitMix64: Steele, Lea and Flood, OOPSLA 2014).
#[inline]
pub fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The stream of a device: its name (FNV-1a) under a seed.
pub fn stream(seed: u64, name: &str) -> u64 {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325, |h: u64, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    mix(mix(seed) ^ hash)
}

/// A sub-stream of a stream.
#[inline]
pub fn sub_stream(stream: u64, which: u64) -> u64 {
    mix(stream ^ mix(which))
}

/// Standard normal deviate number `index` of a stream (Box and Muller, 1958).
#[inline]
pub fn normal(stream: u64, index: i64) -> f64 {
    let first = mix(stream ^ mix(index as u64));
    let second = mix(first);
    // (0, 1] and [0, 1): the logarithm stays finite
    let u = ((first >> 11) + 1) as f64 / (1u64 << 53) as f64;
    let angle = TAU * (second >> 11) as f64 / (1u64 << 53) as f64;
    (-2.0 * u.ln()).sqrt() * angle.cos()
}

/// Depth of [`brownian`]: places up to two to this power.
const LEVELS: u32 = 48;

/// Brownian motion of unit variance per unit at a whole place, 0 at 0: halves intervals (Levy's construction), so that any
/// place can be looked up and neighbours agree.
pub fn brownian(stream: u64, place: u64) -> f64 {
    let (mut low, mut high) = (0, 1u64 << LEVELS);
    let (mut left, mut right) = (0.0, 2f64.powi(LEVELS as i32 / 2) * normal(stream, 0));
    let place = place.min(high);
    while high - low > 1 && place != low && place != high {
        let middle = low + (high - low) / 2;
        let deviation = ((high - low) as f64 * 0.25).sqrt();
        let value = 0.5 * (left + right) + deviation * normal(stream, middle as i64);
        if place < middle {
            (high, right) = (middle, value);
        } else {
            (low, left) = (middle, value);
        }
    }
    if place == high { right } else { left }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deviates_are_standard_normal_and_white() {
        let s = stream(1, "x1.y1");
        let z: Vec<f64> = (0..200_000).map(|k| normal(s, k)).collect();
        let n = z.len() as f64;
        let moment = |p: i32| z.iter().map(|x| x.powi(p)).sum::<f64>() / n;
        let lag = z.windows(2).map(|w| w[0] * w[1]).sum::<f64>() / n;
        assert!(moment(1).abs() < 0.01, "{}", moment(1));
        assert!((moment(2) - 1.0).abs() < 0.015, "{}", moment(2));
        assert!(moment(3).abs() < 0.04, "{}", moment(3));
        assert!((moment(4) - 3.0).abs() < 0.1, "{}", moment(4));
        assert!(lag.abs() < 0.01, "{lag}");
    }

    #[test]
    fn streams_differ_and_are_uncorrelated() {
        assert_ne!(stream(0, "y1"), stream(0, "y2"));
        assert_ne!(stream(0, "y1"), stream(1, "y1"));
        let (a, b) = (stream(0, "y1"), stream(0, "y2"));
        let correlation = (0..100_000).map(|k| normal(a, k) * normal(b, k)).sum::<f64>() / 1e5;
        assert!(correlation.abs() < 0.015, "{correlation}");
    }

    #[test]
    fn brownian_increments_are_independent_and_scale_with_the_root_of_time() {
        let b: Vec<f64> = (0..20_000).map(|k| brownian(5, k)).collect();
        assert_eq!(b[0], 0.0);
        let moment = |lag: usize| {
            b.windows(lag + 1).step_by(lag).map(|w| (w[lag] - w[0]).powi(2)).sum::<f64>() / (b.len() / lag) as f64
        };
        assert!(
            (moment(1) - 1.0).abs() < 0.04 && (moment(10) / 10.0 - 1.0).abs() < 0.12,
            "{} {}",
            moment(1),
            moment(10)
        );
        let lagged = b.windows(3).map(|w| (w[2] - w[1]) * (w[1] - w[0])).sum::<f64>() / b.len() as f64;
        assert!(lagged.abs() < 0.03, "{lagged}");
        let far: f64 = (0..300).map(|s| brownian(s, 1_000_000).powi(2)).sum::<f64>() / 300.0 / 1e6;
        assert!((far - 1.0).abs() < 0.25, "{far}");
    }
}
