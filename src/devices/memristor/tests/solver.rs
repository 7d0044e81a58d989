//! The local solver with two states: an electro-thermal test model with a stiff temperature.

use proptest::prelude::*;

use super::harness::{Bench, Given};
use crate::devices::ANY;
use crate::devices::memristor::MemristorBank;
use crate::devices::memristor::model::{Advance, CompactModel, Flow, Rate, Site};

crate::parameters! {
    struct ThermalParams {
        x0 [] = 0.5, "-", 0.0..=1.0, "initial state";
        rth [] = 2e6, "K/W", ANY, "thermal resistance";
    }
}

/// `i = (1 + 9 x) 10 uS v`; temperature rise `y` in units of 1000 K; `dx/dt = 1e7 v exp(-3/(0.3 + y)) x (1 - x)`.
#[derive(Clone, PartialEq)]
struct Thermal {
    rth: f64,
}

const TAU_TH: f64 = 1e-9;

impl CompactModel<2> for Thermal {
    type Params = ThermalParams;
    type Held = ();
    const KIND: &'static str = "thermal";
    const STATES: &'static [&'static str] = &["x", "y", "path"];
    const INTERNALS: &'static [&'static str] = &["x", "y", "path"];
    const DOMAIN: [(f64, f64); 2] = [(0.0, 1.0), (0.0, 3.0)];
    const TOLERANCES: [f64; 2] = [1e-4, 1e-3];

    fn new(params: &ThermalParams, _temperature: f64) -> Result<Self, String> {
        Ok(Self { rth: params.rth })
    }

    fn initial(&self, params: &ThermalParams, states: &mut [f64]) -> Result<(), String> {
        states.copy_from_slice(&[params.x0, 0.0, 0.0]);
        Ok(())
    }

    fn current(&self, s: &[f64; 2], _site: &Site, v: f64, _held: &mut ()) -> Flow<2> {
        let g = 1e-5 * (1.0 + 9.0 * s[0]);
        Flow { i: g * v, di_dv: g, di_ds: [9e-5 * v, 0.0] }
    }

    fn rate(&self, s: &[f64; 2], _site: &Site, v: f64, _held: &mut ()) -> Rate<2> {
        let (g, dg) = (1e-5 * (1.0 + 9.0 * s[0]), 9e-5);
        let t = 0.3 + s[1].max(-0.1);
        let dt = if s[1] > -0.1 { 1.0 } else { 0.0 };
        let a = 1e7 * (-3.0 / t).exp();
        let window = s[0] * (1.0 - s[0]);
        let heat = self.rth * 1e-3 / TAU_TH;
        Rate {
            f: [a * v * window, heat * v * v * g - s[1] / TAU_TH],
            df_dv: [a * window, 2.0 * heat * v * g],
            df_ds: [
                [a * v * (1.0 - 2.0 * s[0]), a * 3.0 / (t * t) * dt * v * window],
                [heat * v * v * dg, -1.0 / TAU_TH],
            ],
        }
    }

    fn rate_bound(&self, v: f64, _held: &mut ()) -> f64 {
        if v == 0.0 { 1.0 / TAU_TH } else { f64::INFINITY }
    }

    fn advance(&self, step: &Advance<2>, auxiliary: &mut [f64], _held: &mut ()) -> f64 {
        auxiliary[0] += (step.after[0] - step.before[0]).abs();
        0.0
    }
}

fn bench(card: Given) -> Bench {
    Bench::new("thermal", MemristorBank::<Thermal, 2>::build, card)
}

#[test]
fn stiff_heating_reaches_its_stationary_value() {
    let mut device = bench(&[("x0", 0.0)]);
    for _ in 0..50 {
        assert!(!device.step(1.0, 1e-7, 1.0).limited);
    }
    // x = 0 is a fixed point; y = rth v^2 g / 1000 K
    assert!(device.states[0].abs() < 1e-9 && (device.states[1] - 2e6 * 1e-5 * 1e-3).abs() < 1e-9);
}

#[test]
fn auxiliary_states_follow_the_path_and_stay_out_of_the_error_control() {
    let mut device = bench(&[("x0", 0.5)]);
    for v in [3.0, -3.0, 3.0, 0.0] {
        for _ in 0..50 {
            assert!(!device.step(v, 4e-9, 1.0).limited);
        }
    }
    assert!(device.states[2] > (device.states[0] - 0.5).abs() + 1e-3, "{:?}", device.states);
    let mut tolerances = [0.0; 3];
    device.bank.state_tolerances(&mut tolerances);
    assert_eq!(tolerances, [1e-4, 1e-3, f64::INFINITY]);
}

proptest! {
    #[test]
    fn total_derivative_with_two_states(
        v in -4.0f64..4.0, x in 0.01f64..0.99, y in 0.0f64..1.0, log_c in 5.0f64..12.0,
    ) {
        let c = 10f64.powf(log_c);
        bench(&[]).check_derivative(v, Some(c), &[-c * x, -c * y, 0.0], &[x, y, 0.0], 1e-5);
    }
}
