//! Random drives, parameters and step sizes for every registered model: no panic, no NaN, no failed local solution.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::harness::{Bench, circuit, from_bank};
use crate::devices::memristor::TYPES;
use crate::devices::{ModelType, ParamSpec};

/// Trials per model in the usual run.
const FEW: usize = 1000;
/// Trials per model of the long run.
const MANY: usize = 100_000;
/// Models whose long steps through a thermal runaway may find no solution, and in how many of a thousand trials: a transient
/// repeats such a step with shorter ones.
const RUNAWAY: [(&str, usize); 2] = [("stanford_thermal", 100), ("ta2o5", 10)];
/// Steps per trial.
const STEPS: usize = 8;

/// A value around the default, within the allowed range; switches take any of their positions.
fn value(spec: &ParamSpec, rng: &mut ChaCha8Rng) -> f64 {
    let (low, high) = (spec.min, spec.max);
    let switch = spec.default.fract() == 0.0 && low.fract() == 0.0 && high.fract() == 0.0 && high - low <= 5.0;
    if switch && high - low >= 1.0 && spec.unit == "-" {
        return f64::from(rng.random_range(low as i32..=high as i32));
    }
    (spec.default * 10f64.powf(rng.random_range(-0.3..0.3))).clamp(low, high)
}

/// A random card; those whose parameters do not fit each other give `None`.
fn device(model: &ModelType, rng: &mut ChaCha8Rng) -> Option<(Bench, Vec<(&'static str, f64)>)> {
    let mut card = Vec::new();
    for spec in model.model_params {
        if !spec.default.is_nan() && rng.random_bool(0.4) {
            card.push((spec.name, value(spec, rng)));
        }
    }
    let bank = super::harness::build(&circuit(model.kinds[0], &card, &[&[]]), model.build).ok()?;
    Some((from_bank(bank), card))
}

fn trials(model: &ModelType, count: usize, seed: u64) -> usize {
    let kind = model.kinds[0];
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut refused = 0;
    let mut failed = 0;
    let mut first = String::new();
    for trial in 0..count {
        let Some((mut device, card)) = device(model, &mut rng) else {
            refused += 1;
            continue;
        };
        let largest = 10f64.powf(rng.random_range(-2.0..0.6));
        for _ in 0..STEPS {
            let v = rng.random_range(-largest..largest);
            let h = 10f64.powf(rng.random_range(-13.0..3.0));
            let before = device.states.clone();
            let trapezoidal = rng.random_bool(0.3);
            if trapezoidal {
                // its extrapolated history may ask for states that do not exist: finite answers are enough
                let coefficient = 2.0 / h;
                let history: Vec<f64> = before.iter().zip(&device.slopes).map(|(s, d)| -coefficient * s - d).collect();
                let reply = device.eval(v, Some(coefficient), &history, &before);
                assert!(
                    reply.i.is_finite() && reply.g.is_finite() && reply.states.iter().all(|s| s.is_finite()),
                    "{kind}, trial {trial}, {card:?}, v {v}, h {h}, trapezoidal from {before:?}: {reply:?}"
                );
            }
            let reply = device.step(v, h, 1.0);
            assert!(
                reply.i.is_finite() && reply.g.is_finite() && reply.states.iter().all(|s| s.is_finite()),
                "{kind}, trial {trial}, {card:?}, v {v}, h {h}, from {before:?}: {reply:?}"
            );
            if reply.limited {
                if failed == 0 {
                    first = format!("trial {trial}, {card:?}, v {v}, h {h}, from {before:?}: {reply:?}");
                }
                failed += 1;
                break;
            }
        }
    }
    // the thermal model's bounds exclude each other more often than not
    assert!(refused < 2 * count / 3, "{kind}: {refused} of {count} random cards refused");
    let allowed = RUNAWAY.iter().find(|(name, _)| *name == kind).map_or(0, |(_, share)| count * share / 1000);
    assert!(failed <= allowed, "{kind}: {failed} of {count} trials failed; first: {first}");
    count - refused
}

#[test]
fn random_drives_parameters_and_steps() {
    for model in TYPES {
        trials(model, FEW, 7);
    }
}

/// `cargo test --release --lib robust -- --ignored --nocapture`
#[test]
#[ignore = "1e5 trials per model"]
fn a_hundred_thousand_random_trials() {
    let mut wrong = Vec::new();
    for model in TYPES {
        match std::panic::catch_unwind(|| trials(model, MANY, 11)) {
            Ok(ran) => println!("{}: {ran} trials of {STEPS} steps", model.kinds[0]),
            Err(_) => wrong.push(model.kinds[0]),
        }
    }
    assert!(wrong.is_empty(), "failed: {wrong:?}");
}
