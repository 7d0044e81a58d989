//! Ta2O5, mean metastable switch and memdiode: closed forms, Jacobians, error paths, any step.

use proptest::prelude::*;

use super::harness::{Bench, Given, build, circuit};
use crate::devices::BuildBank;
use crate::devices::memristor::MemristorBank;
use crate::devices::memristor::memdiode::Memdiode;
use crate::devices::memristor::mms::Mms;
use crate::devices::memristor::ta2o5::Ta2o5;

const TA2O5: BuildBank = MemristorBank::<Ta2o5, 2>::build;
const MMS: BuildBank = MemristorBank::<Mms, 1>::build;
const MEMDIODE: BuildBank = MemristorBank::<Memdiode, 1>::build;

fn message(kind: &str, constructor: BuildBank, card: Given) -> String {
    match build(&circuit(kind, card, &[&[]]), constructor) {
        Ok(_) => panic!("{kind} {card:?} accepted"),
        Err(found) => found[0].message.clone(),
    }
}

#[test]
fn wrong_parameters_are_reported() {
    for (kind, constructor, card, text) in [
        ("ta2o5", TA2O5, &[("gmax", 1e-5)][..], "gmax"),
        ("ta2o5", TA2O5, &[("cth", 1e-12), ("tau_th", 1e-6)], "only one"),
        ("ta2o5", TA2O5, &[("rth", 0.0), ("cth", 1e-12)], "time constant"),
        ("ta2o5", TA2O5, &[("w0", 1.5)], "w0"),
        ("ta2o5", TA2O5, &[("ea", -1.0)], "ea"),
        ("mms", MMS, &[("x0", 0.5), ("rinit", 700.0)], "only one"),
        ("mms", MMS, &[("rinit", 10.0)], "between"),
        ("mms", MMS, &[("phi", 2.0)], "phi"),
        ("mms", MMS, &[("sfaa", 2.0)], "sfaa"),
        ("memdiode", MEMDIODE, &[("rs", 1.0), ("rsmin", 2.0)], "either"),
        ("memdiode", MEMDIODE, &[("gam0", 1.0)], "gam0"),
        ("memdiode", MEMDIODE, &[("version", 3.0)], "version"),
        ("memdiode", MEMDIODE, &[("h0", -0.5)], "h0"),
    ] {
        let found = message(kind, constructor, card);
        assert!(found.contains(text), "{kind} {card:?}: {found}");
    }
}

#[test]
fn heat_of_a_constant_voltage_and_its_decay() {
    // w held by k0 = 0: the temperature is a linear first-order system
    let card: Given = &[("k0", 0.0), ("w0", 0.5), ("t0", 310.0), ("rth", 1e5), ("cth", 2e-12)];
    let mut device = Bench::new("ta2o5", TA2O5, card);
    assert_eq!(device.states, [0.5, 310.0]);
    let rise = 1e5 * 5.5e-4;
    // what the trapezoidal rule has to know at the start
    device.slopes[1] = rise / 2e-7;
    for _ in 0..2000 {
        assert!(!device.step(1.0, 1e-10, 0.5).limited);
    }
    assert!((device.states[1] - 310.0 - rise * (1.0 - (-1.0f64).exp())).abs() < 1e-5 * rise, "{:?}", device.states);
    let warm = device.states[1] - 310.0;
    device.slopes[1] = -warm / 2e-7;
    for _ in 0..2000 {
        device.step(0.0, 1e-10, 0.5);
    }
    assert!((device.states[1] - 310.0 - warm * (-1.0f64).exp()).abs() < 1e-3 * rise, "{:?}", device.states);
    assert_eq!(device.states[0], 0.5);
}

#[test]
fn a_heating_pulse_makes_the_next_one_more_effective() {
    let growth = |pause: f64| {
        let mut device = Bench::new("ta2o5", TA2O5, &[("w0", 0.3)]);
        let steps = |device: &mut Bench, v: f64, length: f64| {
            (0..200).for_each(|_| assert!(!device.step(v, length / 200.0, 1.0).limited));
        };
        // heats, but hardly moves anything
        steps(&mut device, -0.9, 200e-9);
        steps(&mut device, 0.0, pause);
        let before = device.states[0];
        steps(&mut device, 1.0, 100e-9);
        device.states[0] - before
    };
    let (soon, late) = (growth(50e-9), growth(3e-6));
    assert!(soon > 1.3 * late && late > 0.0, "{soon} {late}");
}

#[test]
fn metastable_switches_relax_exponentially_at_any_voltage() {
    let mut device = Bench::new("mms", MMS, &[("rinit", 1000.0), ("temp", 25.35)]);
    // 1/1000 lies a quarter of the way from 1/1500 to 1/500
    assert!((device.states[0] - 0.25).abs() < 1e-12);
    let vt = 1.380649e-23 * 298.5 / 1.602176634e-19;
    for v in [0.3f64, -0.25] {
        let (on, off) = (1e4 / (1.0 + (-(v - 0.27) / vt).exp()), 1e4 / (1.0 + ((v + 0.27) / vt).exp()));
        let (start, rest, time) = (device.states[0], on / (on + off), 1.0 / (on + off));
        let h = time / 1000.0;
        (0..1000).for_each(|_| assert!(!device.step(v, h, 0.5).limited));
        let expected = rest + (start - rest) * (-1.0f64).exp();
        // the slope at the corner of the drive is one step old
        assert!((device.states[0] - expected).abs() < 2e-3, "{} {expected}", device.states[0]);
        device.slopes.fill(0.0);
    }
}

#[test]
fn diodes_of_the_metastable_switch() {
    let mut device = Bench::new("mms", MMS, &[("phi", 0.8), ("x0", 1.0), ("sra", 8e-4), ("sfb", 4.0)]);
    let expected = 0.8 * 0.2 / 500.0 + 0.2 * 8e-4 * (2.0 * (0.8f64).sinh());
    assert!((device.operating_point(0.2).i - expected).abs() < 1e-15);
    assert!(device.operating_point(0.0).i.abs() < 1e-18);
}

#[test]
fn published_sets_of_the_memdiode() {
    for (version, h, [i0, al, rs, beta]) in [
        (1.0, 0.0, [1.8e-6, 3.0, 117.0, 0.308]),
        (1.0, 1.0, [1.23e-3, 3.8, 256.0, 0.308]),
        (2.0, 0.0, [2e-6, 6.19, 1.0, 0.5]),
        (2.0, 0.5, [1.01e-4, 5.705, 1.0, 0.5]),
    ] {
        let mut device = Bench::new("memdiode", MEMDIODE, &[("version", version), ("h0", h)]);
        for v in [-1.5f64, -0.2, 0.3, 1.5, 20.0] {
            let i = device.operating_point(v).i;
            let vd = v - i * rs;
            let expected = i0 * ((beta * al * vd).exp() - (-(1.0 - beta) * al * vd).exp());
            // an error of the inner voltage of one part in 1e15 moves the current by the exponent times that
            assert!((i / expected - 1.0).abs() < 1e-11, "{version} {h} {v}: {i} {expected}");
        }
    }
}

#[test]
fn memdiode_without_voltage_keeps_or_loses_its_state_as_stated() {
    // version 1: both transitions act: h' = (1 - h)/t0s - h/t0r
    let mut device = Bench::new("memdiode", MEMDIODE, &[("version", 1.0), ("h0", 1.0)]);
    (0..132).for_each(|_| assert!(!device.step(0.0, 1.0, 0.5).limited));
    assert!((device.states[0] - (-1.0f64).exp()).abs() < 2e-3, "{:?}", device.states);
    // version 2: only set, which takes exp(12) s
    let mut device = Bench::new("memdiode", MEMDIODE, &[("h0", 0.5)]);
    device.step(0.0, 1000.0, 1.0);
    let k = 1000.0 * (-12.0f64).exp();
    assert!((device.states[0] - (0.5 + k) / (1.0 + k)).abs() < 1e-9, "{:?}", device.states);
}

proptest! {
    #[test]
    fn ta2o5_total_derivative(
        v in -3.0f64..3.0, w in 0.001f64..0.999, t in 250.0f64..900.0, log_c in 5.0f64..11.0, b in 0.0f64..3.0,
    ) {
        let mut device = Bench::new("ta2o5", TA2O5, &[("b", b)]);
        let c = 10f64.powf(log_c);
        device.check_derivative(v, Some(c), &[-c * w, -c * t], &[w, t], 1e-4);
        device.check_derivative(v, None, &[], &[w, t], 1e-6);
    }

    #[test]
    fn mms_total_derivative(v in -2.0f64..2.0, x in 0.0f64..=1.0, log_c in 1.0f64..9.0, phi in 0.0f64..=1.0) {
        let mut device = Bench::new("mms", MMS, &[("phi", phi)]);
        let c = 10f64.powf(log_c);
        device.check_derivative(v, Some(c), &[-c * x], &[x], 1e-5);
        device.check_derivative(v, None, &[], &[x], 1e-6);
    }

    #[test]
    fn memdiode_total_derivative(
        v in -2.5f64..2.5, h in 0.001f64..0.999, log_c in -2.0f64..8.0, version in 1u8..=2, log_isb in -6.0f64..0.0,
        gam in 0.0f64..2.0,
    ) {
        let card: Given = &[("version", f64::from(version)), ("isb", 10f64.powf(log_isb)), ("gam", gam)];
        let mut device = Bench::new("memdiode", MEMDIODE, card);
        let c = 10f64.powf(log_c);
        device.check_derivative(v, Some(c), &[-c * h], &[h], 1e-4);
        device.check_derivative(v, None, &[], &[h], 1e-6);
    }

    #[test]
    fn any_step_is_solved_within_bounds_and_passive(
        v in -5.0f64..5.0, s in 0.0f64..=1.0, log_h in -10.0f64..4.0, which in 0u8..4,
    ) {
        let mut device = match which {
            0 => Bench::new("ta2o5", TA2O5, &[("w0", s)]),
            1 => Bench::new("mms", MMS, &[("x0", s), ("phi", 0.8)]),
            2 => Bench::new("memdiode", MEMDIODE, &[("h0", s), ("version", 1.0)]),
            _ => Bench::new("memdiode", MEMDIODE, &[("h0", s)]),
        };
        let reply = device.step(v, 10f64.powf(log_h), 1.0);
        prop_assert!(!reply.limited, "{which}");
        prop_assert!((-1e-6..=1.0 + 1e-6).contains(&reply.states[0]), "{which}: {:?}", reply.states);
        prop_assert!(reply.i * v >= 0.0 && reply.i.is_finite() && reply.g.is_finite());
    }
}
