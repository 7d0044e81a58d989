//! What holds for every registered model.

use super::harness::{Bench, build, circuit};
use crate::devices::memristor::TYPES;

#[test]
fn every_model_builds_from_defaults_and_names_its_internals() {
    for model in TYPES {
        let bench = Bench::new(model.kinds[0], model.build, &[]);
        assert!(bench.states.iter().all(|s| s.is_finite()), "{}", model.kinds[0]);
        let ctx = crate::devices::Context {
            x: &[0.0, 0.1],
            time: 0.0,
            gmin: 0.0,
            source_factor: 1.0,
            first_iteration: false,
            states: crate::devices::StateStep { coefficient: None, history: &[], previous: &bench.states },
        };
        for name in model.internals {
            let value = bench.bank.internal(0, name, &ctx, &bench.states, &[]);
            assert!(value.is_some_and(f64::is_finite), "{} {name}", model.kinds[0]);
        }
        assert_eq!(bench.bank.internal(0, "nonsense", &ctx, &bench.states, &[]), None);
        assert_eq!(bench.bank.internal(1, "x", &ctx, &bench.states, &[]), None);
        let (i, p) = bench.bank.current_and_power(0, &ctx, &bench.states, &[]).expect("offered");
        assert!((p - 0.1 * i).abs() < 1e-18 && p > 0.0);
        assert_eq!(bench.bank.internal(0, "i", &ctx, &bench.states, &[]), Some(i));
    }
}

#[test]
fn defaults_lie_in_their_ranges_and_names_are_unique() {
    for model in TYPES {
        let mut names: Vec<&str> = Vec::new();
        for spec in model.model_params {
            assert!(spec.default.is_nan() || (spec.min..=spec.max).contains(&spec.default), "{}", spec.name);
            names.push(spec.name);
            names.extend(spec.aliases);
        }
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "{}", model.kinds[0]);
    }
}

#[test]
fn instances_override_their_card_and_share_it_otherwise() {
    let circuit = circuit("vteam", &[("x0", 0.25)], &[&[], &[("x0", 0.75)], &[("ron", 10.0)]]);
    let bank = build(&circuit, TYPES[0].build).unwrap_or_else(|found| panic!("{found:?}"));
    let mut states = [0.0; 3];
    bank.initial_states(&mut states);
    assert_eq!(states, [0.25, 0.75, 0.25]);
}
