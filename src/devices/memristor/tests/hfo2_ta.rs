//! The Pd/HfO2/Ta model: derivatives, stop voltages, scatter, temperature, wrong parameters.

use proptest::prelude::*;

use super::harness::{Bench, Given, build, circuit};
use crate::devices::memristor::hfo2_ta::{Hfo2Ta, Hfo2TaParams};
use crate::devices::memristor::model::{CompactModel, Site};
use crate::devices::memristor::{MemristorBank, TYPES};

const SCATTERED: Given = &[("nset", 4e-6), ("nreset", 0.05)];

fn bench(card: Given) -> Bench {
    Bench::new("hfo2_ta", MemristorBank::<Hfo2Ta, 1>::build, card)
}

/// A pulse of one voltage in steps of backward Euler.
fn hold(device: &mut Bench, v: f64, duration: f64, steps: usize) {
    for _ in 0..steps {
        assert!(!device.step(v, duration / steps as f64, 1.0).limited);
    }
}

fn conductance(device: &mut Bench) -> f64 {
    device.operating_point(0.1).i / 0.1
}

proptest! {
    #[test]
    fn rates_have_exact_derivatives(v in -3.0f64..3.0, x in -0.04f64..1.04, z in -3.0f64..3.0) {
        let params = Hfo2TaParams { nset: 4e-6, nreset: 0.05, corner: 0.02, ..Hfo2TaParams::default() };
        let model = Hfo2Ta::new(&params, 300.15).expect("a model");
        // one drawn node: both deviates are z
        let auxiliary = [0.0, 1.0, z, z, z, z];
        let site = Site { auxiliary: &auxiliary, path_slope: 0.0, stream: 1, time: 0.0 };
        let rate = |x: f64, v: f64| model.rate(&[x], &site, v, &mut ());
        let flow = |x: f64, v: f64| model.current(&[x], &site, v, &mut ());
        let h = 1e-7;
        let at = rate(x, v);
        let rounding = 4.0 * f64::EPSILON * at.f[0].abs() / h;
        let close = |slope: f64, right: f64, left: f64| {
            // one-sided slopes differ at a corner within reach
            (slope - 0.5 * (right + left)).abs() <= 1e-4 * slope.abs() + 1.0 + rounding + (right - left).abs()
        };
        let f = |x: f64, v: f64| rate(x, v).f[0];
        prop_assert!(close(at.df_dv[0], (f(x, v + h) - at.f[0]) / h, (at.f[0] - f(x, v - h)) / h), "by v");
        prop_assert!(close(at.df_ds[0][0], (f(x + h, v) - at.f[0]) / h, (at.f[0] - f(x - h, v)) / h), "by x: {at:?} {} {}", f(x + h, v), f(x - h, v));
        prop_assert!(at.f[0].abs() <= model.rate_bound(v, &mut ()) * 1.0001);
        let i = flow(x, v);
        let numeric = (flow(x + h, v).i - flow(x - h, v).i) / (2.0 * h);
        prop_assert!((i.di_ds[0] - numeric).abs() <= 1e-5 * numeric.abs() + 1e-12);
        prop_assert!((i.di_dv * v - i.i).abs() <= 1e-12);
    }

    #[test]
    fn the_stamp_is_the_derivative(v in -2.0f64..2.5, x in 0.05f64..0.95, log_h in -12.0f64..-6.0) {
        let c = 10f64.powf(-log_h);
        bench(&[]).check_derivative(v, Some(c), &[-c * x, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], &[x, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], 1e-4);
    }
}

#[test]
fn growth_and_dissolution_stop_where_they_should() {
    let mut device = bench(&[("ginit", 50e-6)]);
    // a source of 0.1 mA at most: 10 V behind 100 kohm, ends at vset
    for _ in 0..4000 {
        device.step_through(10.0, 1e5, 1e-10);
    }
    let g = conductance(&mut device);
    assert!((g * 0.6 / (1e-5 * 9.4) - 1.0).abs() < 2e-3, "{g}");
    // dissolution at 1.2 V: vreset + vgap (1 - x) = 1.2
    hold(&mut device, -1.2, 2e-6, 4000);
    let expected = 1.0 - (1.2 - 0.457) / 2.24;
    assert!((device.states[0] - expected).abs() < 1e-3, "{} {expected}", device.states[0]);
}

#[test]
fn nothing_moves_between_the_stop_voltages() {
    for card in [&[("ginit", 273e-6)][..], &[("ginit", 273e-6), ("nset", 4e-6), ("nreset", 0.05)]] {
        let mut device = bench(card);
        let before = device.states.clone();
        for v in [0.2, -0.2, 0.1, 0.0] {
            hold(&mut device, v, 10.0, 10);
        }
        assert_eq!(device.states, before);
    }
}

#[test]
fn the_scatter_depends_on_the_way_and_not_on_the_steps() {
    let written = |steps: usize| {
        let mut device = bench(SCATTERED);
        hold(&mut device, -1.7, 1e-6, steps);
        device.states[0]
    };
    let (coarse, fine) = (written(2000), written(8000));
    assert!((coarse - fine).abs() < 2e-3, "{coarse} {fine}");
    let mut quiet = bench(&[]);
    hold(&mut quiet, -1.7, 1e-6, 2000);
    assert!((quiet.states[0] - coarse).abs() > 1e-4, "it scattered");
    assert_eq!(quiet.states[1], 0.0, "no way is kept without scatter");
}

#[test]
fn temperature_speeds_up_and_scales() {
    let after = |card: Given| {
        let mut device = bench(card);
        hold(&mut device, 1.0, 1e-9, 20);
        device.states[0]
    };
    let cold = after(&[("ea", 0.3), ("tnom", 77.0)]);
    assert!(after(&[]) > cold, "the circuit is at 27 C: colder than tnom, slower");
    let g = |card: Given| conductance(&mut bench(card));
    let ratio = g(&[("tc", 1e-3), ("tnom", 127.0)]) / g(&[]);
    assert!((ratio - 0.9).abs() < 1e-9, "{ratio}");
}

#[test]
fn wrong_parameters_are_reported() {
    let kind = TYPES.iter().find(|t| t.kinds[0] == "hfo2_ta").expect("registered");
    for (card, text) in [
        (&[("gmax", 1e-7)][..], "gmax"),
        (&[("ginit", 1.0)], "ginit"),
        (&[("ginit", 1e-4), ("x0", 0.5)], "only one"),
        (&[("vset", -0.6)], "vset"),
        (&[("kset", f64::NAN)], "kset"),
        (&[("tc", 0.01), ("tnom", 1000.0)], "tc"),
    ] {
        let found = build(&circuit("hfo2_ta", card, &[&[]]), kind.build).map_or_else(|f| f, |_| Vec::new());
        assert!(found.iter().any(|d| d.message.contains(text)), "{text}: {found:?}");
    }
}
