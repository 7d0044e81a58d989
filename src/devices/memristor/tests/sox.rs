//! SOX: its laws, the published figures of its definition, and the local solver under its range of rates.

use proptest::prelude::*;

use super::harness::{Bench, Given, build, circuit};
use crate::devices::memristor::MemristorBank;
use crate::devices::memristor::sox::Sox;

fn bench(card: Given) -> Bench {
    Bench::new("sox", MemristorBank::<Sox, 2>::build, card)
}

fn at_300k(given: Given) -> Bench {
    bench(&[&[("temp", 26.85)], given].concat())
}

#[test]
fn rest_state_and_read_of_the_definition() {
    let mut device = at_300k(&[]);
    assert!((device.states[0] - 1.66696460974e-3).abs() < 1e-13, "{:e}", device.states[0]);
    assert_eq!(device.states[1], 0.31);
    assert!((device.operating_point(0.1).i / 0.1 - 9.95055891848e-07).abs() < 1e-16);
    // it stays there
    for _ in 0..10 {
        device.step(0.0, 1e3, 1.0);
    }
    assert!((device.states[0] - 1.66696460974e-3).abs() < 1e-10, "{:?}", device.states);
}

#[test]
fn saturation_current_follows_temperature() {
    // G_rest at 280, 300 and 320 K of the definition
    for (celsius, expected) in [(6.85, 0.27e-6), (26.85, 0.995e-6), (46.85, 3.13e-6)] {
        let g = bench(&[("temp", celsius)]).operating_point(0.1).i / 0.1;
        assert!((g / expected - 1.0).abs() < 0.02, "{celsius}: {g:e}");
    }
}

#[test]
fn two_histories_with_one_conductance_differ_later() {
    let mut trained = at_300k(&[("ic", 0.58369), ("x2", 0.800)]);
    let mut shocked = at_300k(&[("x1", 0.58369), ("x2", 0.465)]);
    let ratio = |device: &mut Bench| {
        for _ in 0..2000 {
            assert!(!device.step(0.0, 5e-3, 0.5).limited);
        }
        device.operating_point(0.1).i / 0.1 / 9.95055891848e-07
    };
    // stated to two digits
    let (after_training, after_shock) = (ratio(&mut trained), ratio(&mut shocked));
    assert!((after_training - 0.39).abs() < 0.01, "{after_training}");
    assert!((after_shock - 0.93).abs() < 0.01, "{after_shock}");
}

#[test]
fn wrong_parameters_are_reported() {
    for (card, text) in [
        (&[("gamma", 0.7), ("gamma2", 0.6)][..], "shares"),
        (&[("tau1", 0.0)], "tau1"),
        (&[("x1", 1.5)], "x1"),
        (&[("kg", -0.1)], "kg"),
        (&[("ea1", 1e6), ("dtemp", 200.0)], "overflow"),
        (&[("tau3", 1.0)], "tau"),
    ] {
        match build(&circuit("sox", card, &[&[]]), MemristorBank::<Sox, 2>::build) {
            Ok(_) => panic!("{card:?} accepted"),
            Err(found) => assert!(found[0].message.contains(text), "{card:?}: {}", found[0].message),
        }
    }
}

proptest! {
    #[test]
    fn any_step_is_solved_and_stays_in_the_square(
        v in -6.0f64..8.0, x1 in 0.0f64..=1.0, x2 in 0.0f64..=1.0, log_h in -6.0f64..3.0, dphi in -0.3f64..0.3,
    ) {
        let mut device = at_300k(&[("dphi", dphi)]);
        device.states.copy_from_slice(&[x1, x2]);
        let reply = device.step(v, 10f64.powf(log_h), 1.0);
        prop_assert!(!reply.limited);
        for s in &reply.states {
            prop_assert!((-1e-9..=1.0 + 1e-9).contains(s), "{:?}", reply.states);
        }
        prop_assert!(reply.i * v >= 0.0 && reply.i.is_finite());
    }

    #[test]
    fn total_derivative_matches_differences(
        v in -4.0f64..6.0, x1 in 0.001f64..0.999, x2 in 0.001f64..0.999, log_c in -3.0f64..6.0,
    ) {
        let mut device = at_300k(&[]);
        let c = 10f64.powf(log_c);
        device.check_derivative(v, Some(c), &[-c * x1, -c * x2], &[x1, x2], 1e-5);
        device.check_derivative(v, None, &[], &[x1, x2], 1e-6);
    }
}
