//! VTEAM against its reference waveform and its own laws.

use proptest::prelude::*;

use super::harness::{Bench, Given, build, circuit};
use crate::devices::memristor::MemristorBank;
use crate::devices::memristor::vteam::Vteam;

fn bench(card: Given) -> Bench {
    Bench::new("vteam", MemristorBank::<Vteam, 1>::build, card)
}

#[test]
fn follows_the_reference_waveform() {
    let text = include_str!("../../../../tests/data/vteam_hardbound.csv");
    let rows: Vec<Vec<f64>> = text
        .lines()
        .skip_while(|line| !line.starts_with("time"))
        .skip(1)
        .map(|line| line.split(',').map(|x| x.parse().expect("number")).collect())
        .collect();
    let mut device = bench(&[("w0", 0.0)]);
    let (mut state_error, mut current_error) = (0.0f64, 0.0f64);
    let largest = rows.iter().map(|r| r[2].abs()).fold(0.0, f64::max);
    let substeps = 500;
    for (before, row) in rows.iter().zip(&rows[1..]) {
        let h = (row[0] - before[0]) / f64::from(substeps);
        let mut reply = None;
        for k in 1..=substeps {
            let v = (std::f64::consts::TAU * 5e6 * (before[0] + f64::from(k) * h)).sin();
            reply = Some(device.step(v, h, 0.5));
        }
        let reply = reply.expect("at least one step");
        assert!(!reply.limited);
        state_error += (reply.states[0] - (1.0 - row[3] / 3e-9)).powi(2);
        current_error += ((reply.i - row[2]) / largest).powi(2);
    }
    let n = (rows.len() - 1) as f64;
    let (state_error, current_error) = ((state_error / n).sqrt(), (current_error / n).sqrt());
    println!("rms error: state {state_error:e}, current {current_error:e}");
    assert!(state_error < 5e-4 && current_error < 1e-3, "{state_error:e} {current_error:e}");
}

#[test]
fn both_resistance_laws_and_all_initial_values() {
    let read = |card: Given| bench(card).operating_point(1e-3);
    assert!((read(&[]).g - 1e-3).abs() < 1e-15);
    assert!((read(&[("w0", 0.0)]).g - 0.02).abs() < 1e-15);
    assert!((read(&[("x0", 0.5)]).g - 1.0 / 525.0).abs() < 1e-15);
    assert!((read(&[("rinit", 200.0)]).g - 5e-3).abs() < 1e-15);
    assert!((read(&[("x0", 0.5), ("ivrelation", 1.0)]).g - 1.0 / (50.0f64 * 1000.0).sqrt()).abs() < 1e-12);
    assert!((read(&[("rinit", 200.0), ("ivrelation", 1.0)]).g - 5e-3).abs() < 1e-12);
}

#[test]
fn constant_voltage_moves_at_the_stated_speed() {
    // above threshold without window: dw/dt = koff (v/voff - 1)^alphaoff exactly
    let mut device = bench(&[("w0", 0.0)]);
    let speed = 5e-4 * (0.1 / 0.02 - 1.0) / 3e-9;
    device.states[0] = 0.9;
    for _ in 0..10 {
        device.step(0.1, 1e-7, 1.0);
    }
    assert!((device.states[0] - (0.9 - speed * 1e-6)).abs() < 1e-9, "{}", device.states[0]);
}

#[test]
fn rests_between_its_thresholds() {
    let mut device = bench(&[("x0", 0.3)]);
    for v in [-0.2, -0.1, 0.0, 0.02] {
        assert!(!device.step(v, 1.0, 1.0).limited);
        assert_eq!(device.states[0], 0.3);
    }
    assert_eq!(device.operating_point(-5.0).states[0], 0.3);
}

#[test]
fn wrong_parameters_are_reported() {
    let errors = |card: Given, instance: Given| match build(
        &circuit("vteam", card, &[instance]),
        MemristorBank::<Vteam, 1>::build,
    ) {
        Ok(_) => Vec::new(),
        Err(found) => found.into_iter().map(|d| d.message).collect::<Vec<_>>(),
    };
    assert!(errors(&[], &[]).is_empty());
    for (card, text) in [
        (&[("ron", 2e3)][..], "roff"),
        (&[("woff", -1.0)], "woff"),
        (&[("von", 0.1)], "von"),
        (&[("rinit", 1.0)], "rinit"),
        (&[("w0", 1.0)], "w0"),
        (&[("ronn", 1.0)], "ronn"),
        (&[("alphaon", f64::NAN)], "alphaon"),
    ] {
        let messages = errors(card, &[]);
        assert!(messages.len() == 1 && messages[0].contains(text), "{card:?}: {messages:?}");
        assert_eq!(errors(&[], card).len(), 1);
    }
    assert_eq!(errors(&[("w0", 1e-9)], &[("x0", 0.5)]).len(), 1);
}

proptest! {
    #[test]
    fn total_derivative_matches_differences(
        v in -2.0f64..2.0, x in 0.0f64..1.0, log_c in 5.0f64..13.0, offset in -1e8f64..1e8,
        window in 0u8..=4, law in 0u8..=1,
    ) {
        let mut device = bench(&[("window", f64::from(window)), ("ivrelation", f64::from(law)), ("width", 0.02)]);
        let c = 10f64.powf(log_c);
        device.check_derivative(v, Some(c), &[-c * x - offset], &[x], 1e-4);
        device.check_derivative(v, None, &[], &[x], 1e-6);
    }

    #[test]
    fn stays_within_bounds_and_passive(
        pulses in prop::collection::vec((-3.0f64..3.0, -11.0f64..-6.0), 1..30), x in 0.0f64..1.0,
        window in 0u8..=4, law in 0u8..=1,
    ) {
        let mut device = bench(&[("x0", x), ("window", f64::from(window)), ("ivrelation", f64::from(law))]);
        for (v, log_h) in pulses {
            let reply = device.step(v, 10f64.powf(log_h), 1.0);
            prop_assert!(!reply.limited);
            prop_assert!((-1e-12..=1.0 + 1e-12).contains(&reply.states[0]), "{}", reply.states[0]);
            prop_assert!(reply.i * v >= 0.0 && reply.g.is_finite());
        }
    }

    #[test]
    fn any_voltage_gives_finite_answers(v in prop::num::f64::NORMAL, x in 0.0f64..1.0, log_c in 0.0f64..15.0) {
        let c = 10f64.powf(log_c);
        let reply = bench(&[]).eval(v, Some(c), &[-c * x], &[x]);
        prop_assert!(reply.states[0].is_finite() && !reply.g.is_nan() && !reply.i.is_nan());
    }
}
