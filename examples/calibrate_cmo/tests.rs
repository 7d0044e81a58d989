//! The simulated protocol against the independent integration, and the recovery of a synthetic device.

use std::path::Path;

use ionspice::devices::memristor::cmo_hfo2::CmoHfo2Params;

use super::data::{Device, cycles, ends, mean_curve};
use super::estimate::{CycleFit, rms};
use super::fit::{self, Prior};
use super::protocol::Protocol;
use super::{Arguments, judge};
use clap::Parser;

const PROTOCOL: Protocol = Protocol { pulses: [(2.5, 1.5e-6), (-2.7, 10e-6)], series: 1e3, period: 500e-6, count: 200 };

/// Card `cmo_d600_r4_b29` of `models/cmo_hfo2.lib`, noise off.
fn card() -> CmoHfo2Params {
    CmoHfo2Params {
        g0: 2.959e-05,
        g1: 5.6533e-05,
        gmin: 1.3424e-05,
        gmax: 6.731e-05,
        kset: 2.7617e-07,
        gset: 2.142e-05,
        kfast: 3.0133e-06,
        gfast: 3.2629e-06,
        kreset: 7.753e-07,
        greset: 1.0965e-05,
        gdrift: 1.1518e-05,
        nset: 1.4777e-06,
        nreset: 1.6448e-06,
        nslow: 1.4031e-06,
        noise: 0.0,
        ..CmoHfo2Params::default()
    }
}

#[test]
fn the_protocol_agrees_with_the_independent_integration() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/cmo_hfo2/model_mean_cycles_uS.csv");
    let text = std::fs::read_to_string(file).expect("the reference");
    let mut lines = text.lines();
    let at = lines.next().and_then(|h| h.split(',').position(|c| c == "d600_r4_b29")).expect("the device");
    let expected: Vec<f64> =
        lines.map(|l| l.split(',').nth(at).and_then(|v| v.parse().ok()).expect("a number")).collect();
    let reads = PROTOCOL.run(&card(), 10, 0).expect("a run");
    let found: Vec<f64> = reads.iter().flat_map(|b| mean_curve(b)).collect();
    assert_eq!(found.len(), expected.len());
    let worst = found.iter().zip(&expected).map(|(f, e)| (f * 1e6 - e).abs() / 26.9).fold(0.0, f64::max);
    println!("largest difference {worst:.5} in w");
    assert!(worst < 2e-4, "{worst}");
}

/// A device simulated with known parameters, read noise and all.
fn synthetic(stream: u64) -> Device {
    let truth = CmoHfo2Params { noise: 1.0, ..card() };
    Device { name: format!("synthetic{stream}"), reads: PROTOCOL.run(&truth, 10, stream).expect("a run") }
}

#[test]
fn a_synthetic_device_is_recovered() {
    let arguments = Arguments::try_parse_from(["calibrate_cmo", "-", "--runs", "4"]).expect("arguments");
    let found = judge(&synthetic(7), &Prior::default(), &arguments).expect("a fit");
    assert!(found.in_sample.iter().all(|r| *r < 0.05), "{:?}", found.in_sample);
    assert!(found.predicted.is_some_and(|p| p.iter().all(|r| *r < 0.15)), "{:?}", found.predicted);
    for k in 0..2 {
        let ratio = found.simulated.sigma[k] / found.measured.sigma[k];
        assert!((0.8..1.2).contains(&ratio), "branch {k}: {ratio}");
    }
    // the amplitude of the noise itself, from five cycles
    let ratios = [found.card.nset / card().nset, found.card.nreset / card().nreset];
    assert!(ratios.iter().all(|r| (0.75..1.3).contains(r)), "{ratios:?}");
}

#[test]
fn a_quiet_device_is_fitted_exactly_under_a_wide_prior() {
    let reads = PROTOCOL.run(&CmoHfo2Params { nread: 0.0, ..card() }, 5, 0).expect("a run");
    let window = ends(&reads);
    let wear = card().gdrift / card().ldrift / (window.1 - window.0);
    let prior = Prior { wear, ..Prior::default().widened(5.0) };
    let theta = fit::fit_mean(&reads, &PROTOCOL, &prior).expect("a fit");
    let model = PROTOCOL.run(&fit::card(&theta, window, wear), 5, 0).expect("a run");
    let error = rms(&model, &reads, window);
    println!("{error:?}");
    // G0 and G1 are means over drifting cycles, the device's own are not: the windows differ a little
    assert!(error.iter().all(|e| *e < 3e-3), "{error:?}");
}

#[test]
fn fluctuations_do_not_depend_on_the_scale() {
    let estimator = CycleFit::new(200);
    let device = synthetic(3);
    let scaled =
        device.reads.clone().map(|b| b.into_iter().map(|c| c.into_iter().map(|g| 3.0 * g).collect()).collect());
    let (a, b) = (estimator.fluctuation(&device.reads), estimator.fluctuation(&scaled));
    assert!((a.sigma[0] / b.sigma[0] - 1.0).abs() < 1e-9 && (a.lag1[1] - b.lag1[1]).abs() < 1e-9);
    assert_eq!(cycles(&device.reads, 0..5)[0].len(), 5);
}
