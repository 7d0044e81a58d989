//! Stanford-PKU against its reference waveform and its own laws.

use proptest::prelude::*;

use super::harness::{Bench, Given, build, circuit};
use crate::devices::memristor::MemristorBank;
use crate::devices::memristor::model::CompactModel;
use crate::devices::memristor::stanford::{Held, Stanford, StanfordParams};
use crate::devices::memristor::stanford_thermal::StanfordThermal;
use crate::devices::{Context, StateStep};

fn bench(card: Given) -> Bench {
    Bench::new("stanford_pku", MemristorBank::<Stanford, 1>::build, card)
}

fn thermal(card: Given) -> Bench {
    Bench::new("stanford_thermal", MemristorBank::<StanfordThermal, 2>::build, card)
}

fn quantity(device: &Bench, v: f64, name: &str) -> f64 {
    let ctx = Context {
        x: &[0.0, v],
        time: device.time,
        gmin: 0.0,
        source_factor: 1.0,
        first_iteration: false,
        states: StateStep { coefficient: None, history: &[], previous: &device.states },
    };
    device.bank.internal(0, name, &ctx, &device.states, &[]).expect("known quantity")
}

#[test]
fn follows_the_reference_waveform() {
    let text = include_str!("../../../../tests/data/stanford_pku.csv");
    let rows: Vec<Vec<f64>> = text
        .lines()
        .skip_while(|line| !line.starts_with("time"))
        .skip(1)
        .map(|line| line.split(',').map(|x| x.parse().expect("number")).collect())
        .collect();
    let mut device = bench(&[("g_ini", 1.7e-9)]);
    let drive = |t: f64| 2.0 * (std::f64::consts::TAU * 100.0 * t).sin();
    let (mut worst, mut crossings, mut expected) = ([0.0f64; 3], Vec::new(), Vec::new());
    let substeps = 50;
    for (before, row) in rows.iter().zip(&rows[1..]) {
        let h = (row[0] - before[0]) / f64::from(substeps);
        let start = quantity(&device, 0.0, "gap");
        let mut i = 0.0;
        for k in 1..=substeps {
            let reply = device.step(drive(before[0] + f64::from(k) * h), h, 1.0);
            assert!(!reply.limited);
            i = reply.i;
        }
        let gap = quantity(&device, 0.0, "gap");
        let middle = 0.95e-9;
        if (start - middle) * (gap - middle) < 0.0 {
            crossings.push(before[0] + (start - middle) / (start - gap) * (row[0] - before[0]));
        }
        if (before[3] - middle) * (row[3] - middle) < 0.0 {
            expected.push(before[0] + (before[3] - middle) / (before[3] - row[3]) * (row[0] - before[0]));
        }
        // away from the set
        if (before[3] - row[3]).abs() < 1e-3 * row[3] {
            let t = quantity(&device, row[1], "t");
            worst[0] = worst[0].max((gap / row[3] - 1.0).abs());
            worst[1] = worst[1].max((i - row[2]).abs() / row[2].abs().max(1e-6));
            worst[2] = worst[2].max((t - row[4]).abs() / row[4]);
        }
    }
    println!(
        "largest relative differences of gap, current, T: {worst:?}; crossings {crossings:?}, expected {expected:?}"
    );
    assert_eq!(crossings.len(), expected.len());
    assert!(crossings.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-3 * b), "{crossings:?} {expected:?}");
    assert!(worst[0] < 1e-3 && worst[1] < 1e-2 && worst[2] < 1e-3, "{worst:?}");
}

#[test]
fn constant_drive_moves_at_the_stated_speed() {
    // far above threshold, cold: dg/dt = -vel0 exp(-q ea/kT) sinh(gamma a0 q v/(tox k T))
    let mut device = bench(&[("g_ini", 1.0e-9), ("rth", 0.0), ("t0", 300.0)]);
    let before = quantity(&device, 0.0, "gap");
    device.step(1.8, 1e-14, 1.0);
    let speed = (quantity(&device, 0.0, "gap") - before) / 1e-14;
    let kt: f64 = 1.380649e-23 * 300.0 / 1.602176634e-19;
    let gamma: f64 = 16.0 - 0.8;
    let expected = -10.0 * (-0.6 / kt).exp() * (gamma * 0.25 * 1.8 / (12.0 * kt)).sinh();
    assert!((speed / expected - 1.0).abs() < 1e-3, "{speed:e} {expected:e}");
}

#[test]
fn rests_below_the_threshold_and_at_the_operating_point() {
    let mut device = bench(&[("g_ini", 1.2e-9)]);
    let before = device.states.clone();
    for v in [0.1, -0.1, 0.3] {
        assert!(!device.step(v, 1.0, 1.0).limited);
        assert!((device.states[0] - before[0]).abs() < 1e-6);
    }
    device.states.clone_from(&before);
    assert_eq!(device.operating_point(2.0).states, before);
}

#[test]
fn noise_walks_with_the_stated_variance_whatever_the_steps() {
    let noisy: Given = &[("deltagap0", 1e-3), ("vel0", 0.0), ("g_ini", 1.0e-9), ("rth", 0.0), ("t0", 450.0)];
    // half the amplitude at the critical temperature; variance (5e-4 m/s)^2 1 ns per second
    let deviation = |time: f64| 5e-4_f64 * (1e-9 * time).sqrt();
    let mut sum = 0.0;
    for seed in 0..400 {
        let mut device = bench(&[noisy, &[("seed", f64::from(seed))]].concat());
        for _ in 0..10 {
            device.step(0.1, 1e-5, 1.0);
        }
        sum += quantity(&device, 0.1, "noise").powi(2);
    }
    let found = (sum / 400.0).sqrt();
    assert!((found / deviation(1e-4) - 1.0).abs() < 0.12, "{found:e} {:e}", deviation(1e-4));
    let end = |steps: i32| {
        let mut device = bench(noisy);
        (0..steps).for_each(|_| drop(device.step(0.1, 1e-3 / f64::from(steps), 1.0)));
        quantity(&device, 0.1, "noise")
    };
    assert!((end(100) - end(1000)).abs() < 1e-3 * end(100).abs());
}

#[test]
fn wrong_parameters_are_reported() {
    for (card, text) in [
        (&[("gmin", 2e-9)][..], "gmin"),
        (&[("g_ini", 3e-9)], "g_ini"),
        (&[("v0", 0.0)], "v0"),
        (&[("gap", 1.0)], "gap"),
    ] {
        let found = build(&circuit("stanford_pku", card, &[&[]]), MemristorBank::<Stanford, 1>::build).err();
        let found = found.unwrap_or_default();
        assert!(found.len() == 1 && found[0].message.contains(text), "{card:?}: {found:?}");
    }
}

#[test]
fn temperature_follows_the_power_with_its_time_constant() {
    let mut device = thermal(&[("tfilament_0", 4.5e-9), ("velocity_k1", 0.0)]);
    let power = 6.14e-5 * (-0.5f64 / 0.2751).exp() * (0.5f64 / 0.43).sinh() * 0.5;
    for _ in 0..230 {
        assert!(!device.step(0.5, 1e-12, 0.5).limited);
    }
    // one time constant; the first step of the rule has a slope of zero behind it
    let expected = power / 3.1825e-16 * 0.23e-9 * (1.0 - (-1.0f64).exp());
    // its published parameters are those of 300 K
    let rise = quantity(&device, 0.5, "t") - 300.0;
    assert!((rise / expected - 1.0).abs() < 5e-3, "{rise} {expected}");
}

#[test]
fn wrong_thermal_parameters_are_reported() {
    for (card, text) in [
        (&[("tfilament_min", 4.95e-9)][..], "tfilament_min"),
        (&[("tfilament_ref", 6e-9)], "tfilament_ref"),
        (&[("tfilament_0", 1e-9)], "tfilament_0"),
    ] {
        let made = build(&circuit("stanford_thermal", card, &[&[]]), MemristorBank::<StanfordThermal, 2>::build);
        let found = made.err().unwrap_or_default();
        assert!(found.len() == 1 && found[0].message.contains(text), "{card:?}: {found:?}");
    }
}

proptest! {
    #[test]
    fn total_derivative_with_temperature(v in -2.5f64..2.5, x in 0.0f64..1.0, y in 0.0f64..0.5, log_c in 7.0f64..13.0) {
        let c = 10f64.powf(log_c);
        thermal(&[("width", 0.01)]).check_derivative(v, Some(c), &[-c * x, -c * y], &[x, y], 1e-4);
        thermal(&[]).check_derivative(v, None, &[], &[x, y], 1e-5);
    }

    /// Steps short enough for the runaway of a set; longer ones may be refused, but never give nonsense.
    #[test]
    fn random_pulses_with_temperature_stay_within_bounds(
        pulses in prop::collection::vec((-2.0f64..2.0, -13.0f64..-6.0), 1..30), x in 0.0f64..1.0,
    ) {
        let mut device = thermal(&[]);
        device.states[0] = x;
        for (v, log_h) in pulses {
            let reply = device.step(v, 10f64.powf(log_h), 1.0);
            prop_assert!((-1e-3..=1.0 + 1e-3).contains(&device.states[0]) && (0.0..10.0).contains(&device.states[1]));
            prop_assert!(reply.g.is_finite() && reply.i * v >= 0.0);
        }
    }

    #[test]
    fn total_derivative_matches_differences(v in -2.5f64..2.5, x in 0.0f64..1.0, log_c in 2.0f64..13.0, fwidth in 0.01f64..0.5) {
        let c = 10f64.powf(log_c);
        let mut device = bench(&[("fwidth", fwidth), ("width", 0.01)]);
        device.states[0] = x;
        let previous = device.states.clone();
        let history: Vec<f64> = previous.iter().map(|s| -c * s).collect();
        device.check_derivative(v, Some(c), &history, &previous, 1e-4);
        device.check_derivative(v, None, &[], &previous, 1e-5);
    }

    #[test]
    fn random_pulses_stay_within_bounds_and_passive(
        pulses in prop::collection::vec((-4.0f64..4.0, -12.0f64..-1.0), 1..30), x in 0.0f64..1.0, noise in 0u8..2,
    ) {
        let mut device = bench(&[("deltagap0", 1e-4 * f64::from(noise))]);
        device.states[0] = x;
        for (v, log_h) in pulses {
            let reply = device.step(v, 10f64.powf(log_h), 1.0);
            prop_assert!(!reply.limited, "{v} {log_h}");
            let gap = quantity(&device, v, "gap");
            prop_assert!((0.19e-9..=1.71e-9).contains(&gap), "{gap:e}");
            prop_assert!(reply.i * v >= 0.0 && reply.g.is_finite());
        }
    }

    #[test]
    fn any_voltage_gives_finite_answers(v in -1e150f64..1e150, x in 0.0f64..1.0, log_c in 0.0f64..15.0) {
        let c = 10f64.powf(log_c);
        let mut device = bench(&[]);
        device.states[0] = x;
        let previous = device.states.clone();
        let history: Vec<f64> = previous.iter().map(|s| -c * s).collect();
        let reply = device.eval(v, Some(c), &history, &previous);
        prop_assert!(reply.states[0].is_finite() && !reply.g.is_nan() && !reply.i.is_nan(), "{reply:?}");
    }

    #[test]
    fn the_rate_bound_holds(v in -4.0f64..4.0, x in 0.0f64..1.0) {
        let model = Stanford::new(&StanfordParams::default(), 300.0).map_err(TestCaseError::fail)?;
        let mut held = Held::default();
        let site = crate::devices::memristor::model::Site { auxiliary: &[0.0; 4], path_slope: 0.0, stream: 0, time: 0.0 };
        let rate = model.rate(&[x], &site, v, &mut held).f[0].abs();
        prop_assert!(rate <= model.rate_bound(v, &mut held) * (1.0 + 1e-12));
    }
}
