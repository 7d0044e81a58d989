//! Random functions of parameters: `gauss`, `agauss`, `unif`, `aunif`, `limit` of ngspice, HSPICE and Xyce, `gauss(x)`,
//! `flat(x)`, `mc(x,tol)` of LTspice.
//!
//! A draw is a function of seed, number of the draw, instance and place in the text, so that it depends neither on the order
//! of evaluation nor on what else the deck holds. A function inside a subcircuit draws for each instance: local mismatch.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// Where a random function stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    /// Path of the instance.
    pub path: &'a str,
    /// File and byte of the expression.
    pub text: (u32, u32),
    /// How many random functions of the expression came before.
    pub count: u32,
}

/// FNV-1a, 64 bits.
pub(super) fn hash(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3))
}

fn generator(key: (u64, u64), place: Place) -> ChaCha8Rng {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&key.0.to_le_bytes());
    seed[8..16].copy_from_slice(&key.1.to_le_bytes());
    seed[16..24].copy_from_slice(&hash(place.path.bytes()).to_le_bytes());
    let text = [place.text.0, place.text.1, place.count].into_iter().flat_map(u32::to_le_bytes);
    seed[24..].copy_from_slice(&hash(text).to_le_bytes());
    ChaCha8Rng::from_seed(seed)
}

/// The value of a random function; `key` is seed and number of the draw, `None` gives the nominal value. `None` when there is
/// no random function of this name with this many arguments.
pub(super) fn draw(function: &str, arguments: &[f64], key: Option<(u64, u64)>, place: Place) -> Option<f64> {
    let normal = || key.map_or(0.0, |key| StandardNormal.sample(&mut generator(key, place)));
    // Uniform between -1 and 1.
    let uniform = || key.map_or(0.0, |key| (generator(key, place).next_u64() >> 11) as f64 * 2f64.powi(-52) - 1.0);
    Some(match (function, arguments) {
        ("gauss", [nominal, relative, sigma]) => nominal + nominal * relative / sigma * normal(),
        ("agauss", [nominal, absolute, sigma]) => nominal + absolute / sigma * normal(),
        ("gauss", [sigma]) => sigma * normal(),
        ("unif", [nominal, relative]) => nominal + nominal * relative * uniform(),
        ("aunif", [nominal, absolute]) => nominal + absolute * uniform(),
        ("limit", [nominal, absolute]) => match key {
            None => *nominal,
            Some(_) => nominal + absolute * uniform().signum(),
        },
        ("flat", [half]) => half * uniform(),
        ("mc", [nominal, tolerance]) => nominal * (1.0 + tolerance * uniform()),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(function: &str, arguments: &[f64]) -> Vec<f64> {
        let place = Place { path: "x1.", text: (0, 40), count: 0 };
        (0..20_000).map(|k| draw(function, arguments, Some((1, k)), place).unwrap()).collect()
    }

    fn moments(values: &[f64]) -> (f64, f64) {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        (mean, (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt())
    }

    #[test]
    fn moments_are_those_of_the_manual() {
        let cases: [(&str, &[f64], f64, f64); 6] = [
            ("gauss", &[1e3, 0.3, 3.0], 1e3, 100.0),
            ("agauss", &[5.0, 1.0, 2.0], 5.0, 0.5),
            ("unif", &[10.0, 0.1], 10.0, 1.0 / 3f64.sqrt()),
            ("aunif", &[10.0, 3.0], 10.0, 3f64.sqrt()),
            ("limit", &[2.0, 0.5], 2.0, 0.5),
            ("mc", &[100.0, 0.05], 100.0, 5.0 / 3f64.sqrt()),
        ];
        for (function, arguments, mean, deviation) in cases {
            let (m, d) = moments(&samples(function, arguments));
            assert!((m - mean).abs() < 4.0 * deviation / 20_000f64.sqrt(), "{function}: mean {m}");
            assert!((d / deviation - 1.0).abs() < 0.03, "{function}: deviation {d}");
        }
    }

    #[test]
    fn draws_depend_on_place_and_number_only() {
        let at = |path, text, count, number| {
            draw("agauss", &[0.0, 1.0, 1.0], Some((1, number)), Place { path, text: (0, text), count })
        };
        let base = at("x1.", 10, 0, 0);
        assert_eq!(base, at("x1.", 10, 0, 0));
        for other in [at("x2.", 10, 0, 0), at("x1.", 11, 0, 0), at("x1.", 10, 1, 0), at("x1.", 10, 0, 1)] {
            assert_ne!(base, other);
        }
        assert_eq!(draw("agauss", &[3.0, 1.0, 1.0], None, Place { path: "", text: (0, 0), count: 0 }), Some(3.0));
        assert_eq!(draw("gauss", &[3.0, 1.0], None, Place { path: "", text: (0, 0), count: 0 }), None);
    }
}
