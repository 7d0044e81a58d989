//! HP, TEAM, Yakopcic, PEM and the tungsten-oxide models: derivatives, bounds, error messages.

use proptest::prelude::*;

use super::harness::{Bench, Given, build, circuit};
use crate::devices::BuildBank;
use crate::devices::memristor::TYPES;

fn constructor(kind: &str) -> BuildBank {
    TYPES.iter().find(|model| model.kinds.contains(&kind)).expect("registered").build
}

fn bench(kind: &str, card: Given) -> Bench {
    Bench::new(kind, constructor(kind), card)
}

fn errors(kind: &str, card: Given) -> Vec<String> {
    match build(&circuit(kind, card, &[&[]]), constructor(kind)) {
        Ok(_) => Vec::new(),
        Err(found) => found.into_iter().map(|d| d.message).collect(),
    }
}

#[test]
fn ion_drift_moves_as_the_charge() {
    // without window and in the middle: dx/dt = uv ron/d^2 i
    let mut device = bench("hp", &[("window", 0.0), ("x0", 0.5)]);
    let reply = device.step(1.0, 1e-9, 1.0);
    assert!((reply.states[0] - 0.5 - 1e4 * reply.i * 1e-9).abs() < 1e-15, "{reply:?}");
    assert!((reply.i - 1.0 / 8050.0).abs() < 1e-12);
    assert!((bench("hp", &[("rinit", 4075.0)]).states[0] - 0.75).abs() < 1e-12);
}

#[test]
fn joglekar_sticks_at_the_ends_and_biolek_leaves_them() {
    for x0 in [0.0, 1.0] {
        let mut stuck = bench("hp", &[("window", 1.0), ("x0", x0)]);
        let mut free = bench("hp", &[("window", 2.0), ("x0", x0)]);
        let v = if x0 == 0.0 { 1.0 } else { -1.0 };
        assert_eq!(stuck.step(v, 0.1, 1.0).states[0], x0);
        assert!((free.step(v, 0.1, 1.0).states[0] - x0).abs() > 1e-3);
    }
}

#[test]
fn team_rests_between_its_currents_and_moves_at_the_stated_speed() {
    let mut device = bench("team", &[("x0", 0.5)]);
    for v in [0.05, -4e-3] {
        assert_eq!(device.step(v, 1.0, 1.0).states[0], 0.5);
    }
    // i = 10 ioff at x = 0.5 (525 ohm)
    let reply = device.step(525.0 * 1.15e-3, 1e-9, 1.0);
    let speed = 8e-13 * 729.0 / 3e-9;
    assert!((reply.states[0] - (0.5 - speed * 1e-9)).abs() < 1e-14, "{reply:?}");
    assert!(bench("team", &[]).operating_point(1e-3).g == 0.02);
}

#[test]
fn yakopcic_polarity_turns_the_motion_alone() {
    let mut up = bench("yakopcic", &[("x0", 0.5)]);
    let mut down = bench("yakopcic", &[("x0", 0.5), ("eta", -1.0)]);
    let (a, b) = (up.step(0.4, 1e-6, 1.0), down.step(0.4, 1e-6, 1.0));
    assert!(a.states[0] > 0.5 && b.states[0] < 0.5 && (a.i / b.i - 1.0).abs() < 0.01);
    let resting = up.states[0];
    assert_eq!(up.step(0.1, 1.0, 1.0).states[0], resting);
}

#[test]
fn tungsten_oxide_forgets() {
    let mut device = bench("wox", &[("w0", 0.5)]);
    for _ in 0..1000 {
        device.step(0.0, 0.01, 1.0);
    }
    assert!((device.states[0] - 0.5 * (-1.0f64).exp()).abs() < 1e-4);
    let mut kept = bench("wox", &[("w0", 0.5), ("drift", 0.0)]);
    assert_eq!(kept.step(0.0, 10.0, 1.0).states[0], 0.5);
}

#[test]
fn wrong_parameters_are_reported() {
    for (kind, card, text) in [
        ("hp", &[("ron", 20e3)][..], "roff"),
        ("hp", &[("rinit", 1.0)], "rinit"),
        ("hp", &[("rinit", 1e3), ("x0", 0.5)], "only one"),
        ("hp", &[("window", 4.0)], "window"),
        ("team", &[("ion", 1e-6)], "ion"),
        ("team", &[("woff", -1.0)], "woff"),
        ("yakopcic", &[("vn", -0.1)], "vn"),
        ("yakopcic", &[("eta", 0.5)], "eta"),
        ("pem", &[("x0", 1.5)], "x0"),
        ("wox", &[("tau", 0.0)], "tau"),
        ("wox_du", &[("limit", 1.0)], "limit"),
    ] {
        let messages = errors(kind, card);
        assert!(messages.len() == 1 && messages[0].contains(text), "{kind} {card:?}: {messages:?}");
    }
}

proptest! {
    #[test]
    fn total_derivatives_match_differences(
        v in -1.5f64..1.5, x in 0.02f64..0.98, log_c in 3.0f64..10.0, window in 0u8..=4, law in 0u8..=1,
    ) {
        let c = 10f64.powf(log_c);
        let window = f64::from(window);
        for (kind, card) in [
            ("hp", vec![("window", window.min(3.0))]),
            ("team", vec![("window", window), ("ivrelation", f64::from(law)), ("koff", 1e-8), ("kon", -1e-8)]),
            ("yakopcic", vec![]),
            ("pem", vec![("vn", -0.7)]),
            ("wox", vec![]),
        ] {
            let mut device = bench(kind, &card);
            device.check_derivative(v, Some(c), &[-c * x], &[x], 1e-4);
            device.check_derivative(v, None, &[], &[x], 1e-6);
        }
        let mut device = bench("wox_du", &[]);
        device.check_derivative(v, Some(c), &[-c * x, -c * 0.1], &[x, 0.1], 1e-4);
    }

    #[test]
    fn states_stay_within_their_bounds(
        pulses in prop::collection::vec((-3.0f64..3.0, -9.0f64..1.0), 1..20), window in 0u8..=4,
    ) {
        let window = f64::from(window);
        for (kind, card) in [
            ("hp", vec![("window", window.min(3.0))]),
            ("team", vec![("window", window), ("koff", 1e-3), ("kon", -1e-3)]),
            ("yakopcic", vec![]),
            ("pem", vec![("vn", -0.7)]),
            ("wox", vec![]),
            ("wox_du", vec![]),
        ] {
            let mut device = bench(kind, &card);
            for &(v, log_h) in &pulses {
                let reply = device.step(v, 10f64.powf(log_h), 1.0);
                prop_assert!(!reply.limited, "{kind} {card:?} {v} {log_h} {reply:?}");
                let beyond = if kind == "pem" { 0.05 } else { 1e-6 };
                prop_assert!(reply.states.iter().all(|s| (-beyond..=1.0 + beyond).contains(s)), "{kind} {reply:?}");
            }
        }
    }
}
