//! What the bank does for every model: temperatures, spread, small signals.

use num_complex::Complex64;

use super::harness::{Bench, Given, build, build_with_seed, circuit};
use crate::circuit::{Circuit, Draw, ParamData};
use crate::devices::memristor::sox::Sox;
use crate::devices::memristor::vteam::Vteam;
use crate::devices::memristor::{MemristorBank, TYPES};
use crate::devices::{Bank, Context, StateStep};

const SOX: crate::devices::BuildBank = MemristorBank::<Sox, 2>::build;
const VTEAM: crate::devices::BuildBank = MemristorBank::<Vteam, 1>::build;

fn read<'a>(v: &'a [f64], states: &'a [f64]) -> Context<'a> {
    Context {
        x: v,
        time: 0.0,
        gmin: 0.0,
        source_factor: 1.0,
        first_iteration: false,
        states: StateStep { coefficient: None, history: &[], previous: states },
    }
}

/// Current of every device at 0.1 V.
fn currents(bank: &dyn Bank) -> Vec<f64> {
    let mut states = vec![0.0; bank.state_count()];
    bank.initial_states(&mut states);
    let count = bank.elements().len();
    let v: Vec<f64> = (0..=count).map(|k| if k == 0 { 0.0 } else { 0.1 }).collect();
    (0..count).map(|k| bank.internal(k, "i", &read(&v, &states), &states, &[]).expect("current")).collect()
}

fn built(circuit: &Circuit, seed: u64) -> Vec<f64> {
    currents(build_with_seed(circuit, VTEAM, seed).unwrap_or_else(|found| panic!("{found:?}")).as_ref())
}

#[test]
fn every_model_understands_what_the_bank_offers() {
    for model in TYPES {
        let names: Vec<&str> = model.instance_params.iter().map(|s| s.name).collect();
        assert!(names.contains(&"temp") && names.contains(&"dtemp"), "{:?}", model.kinds);
        let target =
            model.model_params.iter().find(|s| s.default.is_finite() && s.default != 0.0).expect("a parameter");
        let spread = format!("sigma_{}", target.name);
        let card: Given = &[(&spread, 0.0), ("temp", 30.0)];
        let circuit = circuit(model.kinds[0], card, &[&[], &[("dtemp", 1.0), (&spread, 0.0)]]);
        let bank = build(&circuit, model.build).unwrap_or_else(|found| panic!("{found:?}"));
        assert!(bank.internal_names().contains(&"temperature"), "{:?}", model.kinds);
    }
}

#[test]
fn own_temperatures_replace_the_circuits() {
    let at = |given: Given| {
        let circuit = circuit("sox", &[], &[given]);
        let bank = build(&circuit, SOX).unwrap_or_else(|found| panic!("{found:?}"));
        let states = [0.0; 2];
        let kelvin = bank.internal(0, "temperature", &read(&[0.0, 0.1], &states), &states, &[]).expect("offered");
        (kelvin, currents(bank.as_ref())[0])
    };
    // the temperature of the published parameters, as the circuit gives none
    assert_eq!(at(&[]).0, 300.0);
    assert_eq!(at(&[("dtemp", 20.0)]).0, 320.0);
    assert_eq!(at(&[("temp", 46.85)]), at(&[("dtemp", 20.0)]));
    assert!(at(&[("dtemp", 20.0)]).1 > 2.0 * at(&[]).1);
}

#[test]
fn spreads_are_lognormal_with_the_value_as_median() {
    let instances: Vec<Given> = vec![&[]; 4000];
    let (rinit, sigma) = (200.0, 0.2);
    let card: Given = &[("rinit", rinit), ("sigma_rinit", sigma)];
    let devices = circuit("vteam", card, &instances);
    let logs: Vec<f64> = built(&devices, 7).iter().map(|i| (0.1 / i / rinit).ln()).collect();
    let n = logs.len() as f64;
    let mean = logs.iter().sum::<f64>() / n;
    let deviation = (logs.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
    let skew = logs.iter().map(|x| ((x - mean) / deviation).powi(3)).sum::<f64>() / n;
    assert!(mean.abs() < 4.0 * sigma / n.sqrt(), "{mean}");
    assert!((deviation / sigma - 1.0).abs() < 0.05, "{deviation}");
    assert!(skew.abs() < 0.15, "{skew}");
}

#[test]
fn draws_that_contradict_other_parameters_are_repeated() {
    // half of all draws would lie above roff
    let instances: Vec<Given> = vec![&[]; 200];
    let drawn = built(&circuit("vteam", &[("rinit", 999.0), ("sigma_rinit", 0.3)], &instances), 1);
    assert!(drawn.iter().all(|i| 0.1 / i <= 1000.0 + 1e-9));
    let mean = drawn.iter().map(|i| (0.1 / i / 999.0).ln()).sum::<f64>() / 200.0;
    // of a half normal distribution
    assert!((mean + 0.3 * (2.0 / std::f64::consts::PI).sqrt()).abs() < 0.05, "{mean}");
}

#[test]
fn a_spread_is_a_function_of_seed_sample_name_and_parameter() {
    let spread: Given = &[("rinit", 500.0), ("sigma_rinit", 0.1)];
    let one = circuit("vteam", spread, &[&[], &[]]);
    let base = built(&one, 3);
    assert_ne!(base[0], base[1]);
    assert_eq!(base, built(&one, 3));
    assert_ne!(base, built(&one, 4));
    // a further spread, on card or instance, leaves the others as they are
    let more = circuit("vteam", spread, &[&[], &[("sigma_von", 0.3)], &[]]);
    assert_eq!(built(&more, 3)[..2], base[..]);
    // aliases draw the same number; the instance's spread replaces the card's
    let alias = circuit("vteam", &[("r_init", 500.0)], &[&[("sigma_r_init", 0.1)], &[]]);
    assert_eq!(built(&alias, 3)[0], base[0]);
    assert!((built(&alias, 3)[1] - 0.1 / 500.0).abs() < 1e-15);

    let sample = |draw: Option<Draw>| {
        let mut circuit = one.clone();
        circuit.overrides.draw = draw;
        built(&circuit, 3)
    };
    assert_eq!(sample(Some(Draw::Number(0))), base);
    assert_ne!(sample(Some(Draw::Number(1))), base);
    assert_ne!(sample(Some(Draw::Number(1))), sample(Some(Draw::Number(2))));
    assert!(sample(Some(Draw::Nominal)).iter().all(|i| (i - 0.1 / 500.0).abs() < 1e-15));
}

#[test]
fn wrong_spreads_and_initial_states_are_reported() {
    let message = |kind: &str, card: Given| {
        let build = if kind == "sox" { SOX } else { VTEAM };
        match super::harness::build(&circuit(kind, card, &[&[]]), build) {
            Ok(_) => panic!("{card:?} accepted"),
            Err(found) => format!("{} {:?}", found[0].message, found[0].hint),
        }
    };
    assert!(message("vteam", &[("sigma_alphaofff", 0.1)]).contains("sigma_alphaoff"));
    assert!(message("vteam", &[("sigma_roff", -0.1)]).contains("0 to 10"));
    assert!(message("vteam", &[("sigma_roff", f64::NAN)]).contains("0 to 10"));
    assert!(message("vteam", &[("sigma_x0", 0.1)]).contains("without a value"));
    assert!(message("vteam", &[("temp", -400.0)]).contains("temp"));
    assert!(message("vteam", &[("ic", 0.5)]).contains("ic"));
    let mut long = circuit("sox", &[("ic", 0.0)], &[&[]]);
    for (given, fine) in [(vec![0.2, 0.4], true), (vec![0.2], true), (vec![0.2, 0.4, 0.6], false), (vec![2.0], false)] {
        long.models[0].params[0].value = ParamData::Vector(given.clone());
        match (super::harness::build(&long, SOX), fine) {
            (Ok(bank), true) => {
                let mut states = [0.0; 2];
                bank.initial_states(&mut states);
                assert_eq!(states[0], 0.2);
                assert_eq!(states[1], *given.get(1).unwrap_or(&0.31));
            }
            (Err(found), false) => assert!(!found[0].message.is_empty()),
            (Ok(_), false) => panic!("{given:?} accepted"),
            (Err(found), true) => panic!("{found:?}"),
        }
    }
}

/// Admittance at the fundamental of a small sine on a bias, from the last of several periods of the trapezoidal rule.
fn measured(device: &mut Bench, bias: f64, frequency: f64) -> Complex64 {
    let (amplitude, steps, periods) = (1e-4, 400, 30);
    let rest = device.states.clone();
    device.slopes.fill(0.0);
    let bias_current = device.operating_point(bias).i;
    let h = 1.0 / (frequency * f64::from(steps));
    let mut sum = Complex64::ZERO;
    for k in 1..=periods * steps {
        let phase = std::f64::consts::TAU * f64::from(k) / f64::from(steps);
        let reply = device.step(bias + amplitude * phase.sin(), h, 0.5);
        assert!(!reply.limited);
        if k > (periods - 1) * steps {
            sum += (reply.i - bias_current) * Complex64::from_polar(1.0, -phase);
        }
    }
    device.states = rest;
    // v = Im(amplitude e^{j phase})
    2.0 * Complex64::I * sum / (amplitude * f64::from(steps))
}

#[test]
fn admittance_is_what_a_small_sine_meets() {
    // the states at rest under a bias, where relaxation times lie between 0.01 s and some hundred seconds
    let bias = 0.5;
    let mut device = Bench::new("sox", SOX, &[]);
    for k in 0..400 {
        assert!(!device.step(bias, 1e-3 * 1.1f64.powi(k.min(150)), 1.0).limited);
    }
    let held = device.operating_point(bias).g;
    let mut differs = 0.0f64;
    for frequency in [3e-3, 3e-2, 0.3, 3.0, 30.0] {
        let expected = measured(&mut device, bias, frequency);
        let mut y = [Complex64::ZERO; 2];
        let (v, states) = ([0.0, bias], device.states.clone());
        device.bank.admittance(std::f64::consts::TAU * frequency, &read(&v, &states), &states, &[], &mut y);
        assert!((y[0] - expected).norm() < 3e-3 * expected.norm(), "{frequency} Hz: {} {expected}", y[0]);
        differs = differs.max((y[0] - held).norm() / held);
    }
    // the motion of the states is no small part of it
    assert!(differs > 0.3, "{differs}");
}

#[test]
fn states_rest_at_zero_frequency_and_follow_slowly_at_high_ones() {
    let device = Bench::new("vteam", VTEAM, &[("x0", 0.4)]);
    let (v, states) = ([0.0, 0.5], [0.4]);
    let admittance = |omega: f64| {
        let mut y = [Complex64::ZERO; 2];
        device.bank.admittance(omega, &read(&v, &states), &states, &[], &mut y);
        y[0]
    };
    let g = 1.0 / (50.0 + 950.0 * 0.6);
    assert!((admittance(0.0) - g).norm() < 1e-12);
    assert!((admittance(1e15) - g).norm() < 1e-6 * g);
    // dx/dt = -koff/length (v/voff - 1): an integrator with the slope koff/(length voff) per volt
    let slope = -5e-4 / (3e-9 * 0.02);
    let omega = 1e8;
    let expected = g + 0.5 * g * g * 950.0 * slope / (Complex64::I * omega);
    assert!((admittance(omega) - expected).norm() < 1e-4 * g, "{} {expected}", admittance(omega));
}
