//! JART VCM v1b against its reference points and its own laws.

use proptest::prelude::*;

use super::harness::{Bench, Given, build, build_with_seed, circuit};
use crate::devices::memristor::MemristorBank;
use crate::devices::memristor::jart::{Held, Jart, JartParams};
use crate::devices::memristor::model::{CompactModel, Site};
use crate::devices::{Context, StateStep};

fn bench(card: Given) -> Bench {
    Bench::new("jart_vcm_v1b", MemristorBank::<Jart<false>, 1>::build, card)
}

fn moving(card: Given) -> Bench {
    Bench::new("jart_vcm_v1b_var", MemristorBank::<Jart<true>, 1>::build, card)
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
fn static_points_agree_with_the_reference() {
    let text = include_str!("../../../../tests/data/jart_static_points.csv");
    let rows: Vec<Vec<f64>> = text
        .lines()
        .skip_while(|line| line.starts_with('#'))
        .skip(1)
        .map(|line| line.split(',').map(|x| x.parse().expect("number")).collect())
        .collect();
    assert_eq!(rows.len(), 220);
    let mut worst = [0.0f64; 4];
    let mut device = bench(&[]);
    for row in &rows {
        let v = row[0];
        device.states[0] = row[1].ln();
        let found = [
            device.operating_point(v).i,
            quantity(&device, v, "vs"),
            quantity(&device, v, "t"),
            quantity(&device, v, "dndt"),
        ];
        for ((worst, found), expected) in worst.iter_mut().zip(found).zip(&row[2..]) {
            *worst = worst.max((found / expected - 1.0).abs());
        }
    }
    println!("largest relative differences of i, vs, T, dN/dt: {worst:?}");
    assert!(worst.iter().all(|&w| w < 1e-9), "{worst:?}");
}

#[test]
fn of_three_solutions_the_one_continuous_from_zero() {
    let mut device = bench(&[("ninit", 1.0)]);
    assert!((device.operating_point(0.2).i / 9.598e-5 - 1.0).abs() < 1e-3);
    for n in [0.008, 0.02, 0.05, 0.2, 1.0, 5.0, 20.0] {
        device.states[0] = f64::ln(n);
        let mut last = 0.0;
        for k in 1..=1500 {
            let v = 1e-3 * f64::from(k);
            let vs = quantity(&device, v, "vs");
            assert!((vs - last).abs() < 1e-3 && vs < 0.03, "{n} {v}: {last} {vs}");
            last = vs;
        }
    }
}

#[test]
fn reads_of_both_states() {
    for (n, i) in [(20.0, 1.235e-4), (0.008, 3.05e-6)] {
        assert!((bench(&[("ninit", n)]).operating_point(0.2).i / i - 1.0).abs() < 1e-3);
    }
}

/// Time until `ln N` crosses that of `level` at constant voltage, by small steps of the trapezoidal rule.
fn delay(device: &mut Bench, v: f64, level: f64) -> f64 {
    let sign = -v.signum();
    let mut time = 0.0;
    while sign * (device.states[0] - level.ln()) < 0.0 {
        let y = device.states[0];
        device.slopes[0] = quantity(device, v, "dndt") / y.exp();
        let h = 0.01 / device.slopes[0].abs();
        assert!(!device.step(v, h, 0.5).limited);
        let step = device.states[0] - y;
        let share = ((level.ln() - y) / step).min(1.0);
        time += h * share;
    }
    time
}

#[test]
fn set_and_reset_delays() {
    let set = [
        (-0.4, 56.9),
        (-0.5, 0.973),
        (-0.6, 17.3e-3),
        (-0.7, 365e-6),
        (-0.8, 10.1e-6),
        (-0.9, 390e-9),
        (-1.0, 21.4e-9),
        (-1.2, 183e-12),
        (-1.5, 1.56e-12),
    ];
    for (v, expected) in set {
        let found = delay(&mut bench(&[]), v, 1.0);
        assert!((found / expected - 1.0).abs() < 6e-3, "{v} V: {found:e} s");
    }
    for (n, expected) in [(0.016, 0.85e-6), (0.04, 1.0e-9), (0.1, 68e-12)] {
        let found = delay(&mut bench(&[("ninit", n)]), -0.7, 1.0);
        assert!((found / expected - 1.0).abs() < 0.05, "{n}: {found:e} s");
    }
    let reset = [
        (0.7, 32.0),
        (0.8, 1.32),
        (0.9, 77.5e-3),
        (1.0, 6.38e-3),
        (1.1, 717e-6),
        (1.3, 20.0e-6),
        (1.5, 1.30e-6),
        (2.0, 15e-9),
    ];
    for (v, expected) in reset {
        let found = delay(&mut bench(&[("ninit", 19.9)]), v, 1.0);
        assert!((found / expected - 1.0).abs() < 2e-2, "{v} V: {found:e} s");
    }
    assert!((delay(&mut bench(&[("ninit", 1.0)]), 1.0, 0.05) / 1.40e-6 - 1.0).abs() < 1e-2);
    assert!((delay(&mut bench(&[("ninit", 1.0)]), 1.0, 0.01) / 1.58 - 1.0).abs() < 1e-2);
}

#[test]
fn what_starts_outside_its_bounds_stays_there() {
    let mut device = bench(&[("ninit", 0.004)]);
    assert!(!device.step(1.3, 1e-3, 1.0).limited);
    assert_eq!(device.states[0], 0.004f64.ln());
    let mut device = bench(&[("ninit", 25.0)]);
    assert!(!device.step(-1.0, 1e-3, 1.0).limited);
    assert_eq!(device.states[0], 25f64.ln());
}

#[test]
fn the_hard_stop_holds_the_state_at_its_bound() {
    let mut device = bench(&[("ninit", 0.009), ("flim", 0.0)]);
    for _ in 0..200 {
        assert!(!device.step(1.3, 1e-4, 1.0).limited);
    }
    assert!((device.states[0] - 0.008f64.ln()).abs() < 1e-6, "{}", device.states[0].exp());
}

#[test]
fn geometry_moves_linearly_with_the_concentration() {
    let mut device = moving(&[("rold", 40e-9), ("lold", 0.5), ("rnew", 50e-9), ("lnew", 0.3)]);
    assert_eq!((quantity(&device, 0.0, "r"), quantity(&device, 0.0, "l")), (40e-9, 0.5));
    let path = |device: &Bench, v: f64| (quantity(device, v, "n"), quantity(device, v, "r"), quantity(device, v, "l"));
    for _ in 0..400 {
        assert!(!device.step(-1.3, 1e-9, 1.0).limited);
        let (n, r, l) = path(&device, -1.3);
        let share = (n - 0.008) / (20.0 - 0.008);
        assert!((r - (40e-9 + 10e-9 * share)).abs() < 1e-20 && (l - (0.5 - 0.2 * share)).abs() < 1e-12);
    }
    let (n0, r0, l0) = path(&device, 0.0);
    assert!(n0 > 1.0);
    for _ in 0..400 {
        assert!(!device.step(1.7, 1e-7, 1.0).limited);
        let (n, r, l) = path(&device, 1.7);
        let share = (n0 - n) / (n0 - 0.008);
        assert!((r - (r0 + (50e-9 - r0) * share)).abs() < 1e-20 && (l - (l0 + (0.3 - l0) * share)).abs() < 1e-12);
    }
    assert!(path(&device, 0.0).0 < 0.5 * n0);
}

#[test]
fn a_half_cycle_begins_at_an_accepted_turn_only() {
    let mut device = moving(&[("c2c", 1.0), ("ninit", 5.0)]);
    device.step(-0.9, 1e-9, 1.0);
    let (previous, c) = (device.states.clone(), 1e9);
    let history: Vec<f64> = previous.iter().map(|s| -c * s).collect();
    let first = device.eval(-0.9, Some(c), &history, &previous);
    let turned = device.eval(1.2, Some(c), &history, &previous);
    assert_ne!(turned.states[3], first.states[3]);
    assert_eq!(device.eval(-0.9, Some(c), &history, &previous), first);
    assert_eq!(device.eval(1.2, Some(c), &history, &previous), turned);
}

#[test]
fn devices_cycles_and_seeds_have_their_own_draws() {
    let instances: [Given; 4] = [&[], &[], &[("seed", 3.0)], &[("d2d", 0.0)]];
    let circuit = circuit("jart_vcm_v1b", &[("d2d", 1.0)], &instances);
    let values = |seed: u64| {
        let bank = build_with_seed(&circuit, MemristorBank::<Jart<false>, 1>::build, seed).expect("builds");
        let mut states = vec![0.0; bank.state_count()];
        bank.initial_states(&mut states);
        let ctx = Context {
            x: &[0.0; 5],
            time: 0.0,
            gmin: 0.0,
            source_factor: 1.0,
            first_iteration: false,
            states: StateStep { coefficient: None, history: &[], previous: &states },
        };
        (0..4).map(|k| bank.internal(k, "r", &ctx, &states, &[]).expect("offered")).collect::<Vec<_>>()
    };
    let r = values(0);
    assert!(r[0] != r[1] && r[0] != r[2] && r[1] != r[2] && r[3] == 45e-9, "{r:?}");
    assert!(r.iter().all(|r| (r - 45e-9).abs() <= 10e-9));
    assert_eq!(values(0), r);
    assert_ne!(values(1)[0], r[0]);
}

#[test]
fn targets_have_the_stated_distribution() {
    let params = JartParams { d2d: 1.0, ..Default::default() };
    let model = Jart::<false>::new(&params, 293.0).expect("valid");
    let mut r = Vec::new();
    for stream in 0..4000 {
        let site = Site { auxiliary: &[], path_slope: 0.0, stream: stream * 7919, time: 0.0 };
        let r_l =
            ["r", "l", "ndiscmin", "ndiscmax"].map(|name| model.internal(name, &[0.0], &site, 0.0).expect("offered"));
        r.push(r_l);
    }
    // a normal deviate cut off at two standard deviations has the standard deviation 0.8796
    for (k, (mean, sigma)) in [(45e-9, 5e-9), (0.4, 0.04), (0.008, 2e-3), (20.0, 1.0)].into_iter().enumerate() {
        let z: Vec<f64> = r.iter().map(|row| (row[k] - mean) / sigma).collect();
        let average = z.iter().sum::<f64>() / 4000.0;
        let deviation = (z.iter().map(|z| z * z).sum::<f64>() / 4000.0).sqrt();
        assert!(average.abs() < 0.05 && (deviation - 0.8796).abs() < 0.03, "{k}: {average} {deviation}");
        assert!(z.iter().all(|z| z.abs() <= 2.0 + 1e-12));
    }
}

#[test]
fn telegraph_noise_is_a_function_of_time_with_the_stated_statistics() {
    let mut device = bench(&[("rtn", 1.0), ("trtn", 1e-3), ("prtn", 0.3)]);
    let mut read = |time: f64| {
        device.time = time;
        device.operating_point(0.2).i
    };
    let i: Vec<f64> = (0..40_000).map(|k| read(0.25e-3 * f64::from(k))).collect();
    let (low, high) = (i.iter().copied().fold(f64::INFINITY, f64::min), i.iter().copied().fold(0.0, f64::max));
    // 0.3 and 0.7 of 0.0039e26/m^3 away from 0.008e26/m^3
    assert!(low < 2.8e-6 && high > 3.8e-6, "{low:e} {high:e}");
    let between = i.iter().filter(|&&i| i != low && i != high).count();
    assert!(between < 20, "jumps are short: {between}");
    let s: Vec<f64> = i.iter().map(|&i| f64::from(u8::from(i > 0.5 * (low + high)))).collect();
    let mean = s.iter().sum::<f64>() / s.len() as f64;
    assert!((mean - 0.3).abs() < 0.02, "{mean}");
    let covariance = s.iter().zip(&s[4..]).map(|(a, b)| (a - 0.3) * (b - 0.3)).sum::<f64>() / (s.len() - 4) as f64;
    assert!((covariance / 0.21 - (-1.0f64).exp()).abs() < 0.05, "{covariance}");
    assert_eq!(read(0.25e-3 * 777.0), i[777]);
}

#[test]
fn wrong_parameters_are_reported() {
    for (card, text) in [
        (&[("ndiscmin", 30.0)][..], "ndiscmin"),
        (&[("ldet", 4.0)], "ldet"),
        (&[("c2c", 1.0)], "jart_vcm_v1b_var"),
        (&[("ninit", 0.0)], "ninit"),
        (&[("radius", 1.0)], "radius"),
    ] {
        let found = build(&circuit("jart_vcm_v1b", card, &[&[]]), MemristorBank::<Jart<false>, 1>::build).err();
        let found = found.unwrap_or_default();
        assert!(found.len() == 1 && found[0].message.contains(text), "{card:?}: {found:?}");
    }
}

proptest! {
    #[test]
    fn total_derivative_matches_differences(
        v in -2.0f64..2.0, y in -4.8f64..3.0, log_c in 0.0f64..15.0, r in 30e-9f64..60e-9, l in 0.2f64..0.8, flim in 0u8..2,
    ) {
        let c = 10f64.powf(log_c);
        let mut device = moving(&[("rold", r), ("lold", l), ("nold", 1.0), ("flim", f64::from(flim)), ("rtn", 2.0)]);
        device.states[0] = y;
        device.states[1] = y;
        device.states[2] = v.signum();
        let previous = device.states.clone();
        let history: Vec<f64> = previous.iter().map(|s| -c * s).collect();
        device.check_derivative(v, Some(c), &history, &previous, 1e-4);
        device.check_derivative(v, None, &[], &previous, 1e-5);
    }

    #[test]
    fn rates_match_differences(v in -1.5f64..1.5, y in -4.8f64..3.0) {
        let model = Jart::<false>::new(&JartParams::default(), 293.0).map_err(TestCaseError::fail)?;
        let site = Site { auxiliary: &[], path_slope: 0.0, stream: 0, time: 0.0 };
        let held = &mut Held::default();
        let h = 1e-6;
        prop_assume!(v.abs() > 1e-3);
        let mut at = |y: f64, v: f64| model.rate(&[y], &site, v, held);
        let rate = at(y, v);
        let by_y = (at(y + h, v).f[0] - at(y - h, v).f[0]) / (2.0 * h);
        let by_v = (at(y, v + h * v).f[0] - at(y, v - h * v).f[0]) / (2.0 * h * v);
        let scale = rate.f[0].abs();
        prop_assert!((by_y - rate.df_ds[0][0]).abs() < 1e-5 * (by_y.abs() + scale), "{by_y} {}", rate.df_ds[0][0]);
        prop_assert!((by_v - rate.df_dv[0]).abs() < 1e-5 * (by_v.abs() + scale / v.abs()), "{by_v} {}", rate.df_dv[0]);
    }

    #[test]
    fn random_pulses_stay_within_bounds_and_passive(
        pulses in prop::collection::vec((-2.5f64..2.5, -13.0f64..0.0), 1..30), n in 0.008f64..20.0, variable in 0u8..2,
    ) {
        let mut device = moving(&[("ninit", n), ("d2d", f64::from(variable)), ("c2c", f64::from(variable))]);
        for (v, log_h) in pulses {
            let reply = device.step(v, 10f64.powf(log_h), 1.0);
            prop_assert!(!reply.limited, "{v} {log_h}");
            prop_assert!((0.00039..=25.0).contains(&reply.states[0].exp()), "{}", reply.states[0].exp());
            prop_assert!(reply.i * v >= 0.0 && reply.g.is_finite());
        }
    }

    #[test]
    fn any_voltage_gives_finite_answers(v in prop::num::f64::NORMAL, y in -9.0f64..7.0, log_c in 0.0f64..15.0) {
        let c = 10f64.powf(log_c);
        let reply = bench(&[]).eval(v, Some(c), &[-c * y], &[y]);
        prop_assert!(reply.states[0].is_finite() && reply.g.is_finite() && reply.i.is_finite(), "{reply:?}");
    }

    /// Few values, so that arguments come back.
    #[test]
    fn held_results_change_no_bit(calls in prop::collection::vec((0usize..5, 0usize..3, 0usize..2), 1..40)) {
        let params = JartParams { rtn: 1.0, d2d: 1.0, c2c: 1.0, ..Default::default() };
        let model = Jart::<true>::new(&params, 300.0).map_err(TestCaseError::fail)?;
        let mut states = [0.0; 7];
        model.initial(&params, &mut states).map_err(TestCaseError::fail)?;
        let mut held = Held::default();
        for (v, y, time) in calls {
            let (v, y) = ([-1.0, -0.99, 1e-6, 0.7, 0.71][v], [-3.0, -2.99, 1.5][y]);
            let site = Site { auxiliary: &states[1..], path_slope: 0.0, stream: 7, time: [0.0, 5e-3][time] };
            let fresh = &mut Held::default();
            prop_assert_eq!(model.current(&[y], &site, v, &mut held), model.current(&[y], &site, v, fresh));
            prop_assert_eq!(model.rate(&[y], &site, v, &mut held), model.rate(&[y], &site, v, fresh));
        }
    }
}
