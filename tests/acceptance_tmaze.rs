//! Acceptance A6, A8 and A14 of the actor-critic experiment: `netlists/tmaze.cir` at full circuit fidelity.
//!
//! The short check runs with every test run; the full one takes minutes:
//! `cargo test --release --test acceptance_tmaze -- --ignored --nocapture`.

use std::path::Path;
use std::sync::Arc;

use ionspice::analysis::Options;
use ionspice::cosim::controller::{Spec, train};
use ionspice::learn::{SeedRun, Seeds, Summary};
use ionspice::netlist;

/// Final critic weights w0 to w6 of the published emulation with the 20 public devices and no noise on zero-pulse updates, mean and
/// standard deviation over 1000 seeds (`emulated_20dev_nozeronoise` of the reference).
const REFERENCE_CRITIC: [(f64, f64); 7] =
    [(0.421, 0.112), (0.457, 0.107), (0.501, 0.090), (0.601, 0.111), (0.712, 0.107), (0.854, 0.081), (0.997, 0.004)];

/// Trains `count` seeds for so many episodes.
fn learn(count: u32, episodes: u32) -> Vec<SeedRun> {
    let deck = Path::new(env!("CARGO_MANIFEST_DIR")).join("netlists/tmaze.cir");
    let circuit = Arc::new(netlist::load(&deck, &[]).expect("the deck").circuit);
    let (options, found) = Options::from_settings(&circuit.options);
    assert!(found.is_empty(), "{found:?}");
    let mut spec = Spec::new(&circuit, &circuit.controllers[0]).expect("the block");
    spec.agent.episodes = episodes;
    let seeds = Seeds { first: options.seed, count };
    train(&circuit, &spec, &options, seeds, |_| ()).expect("training").seeds
}

fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * share).round() as usize]
}

fn request_errors(runs: &[SeedRun]) -> Vec<f64> {
    runs.iter().flat_map(|run| &run.hardware.dw_error).map(|e| e.abs()).collect()
}

/// A pulse takes at least a reset or set pulse at the lowest conductance of a device, at most one at the highest (21 and 67 uS).
fn energy_is_plausible(run: &SeedRun) {
    let energy = run.hardware.energy_joules.expect("a circuit");
    let of = |g: f64| {
        run.hardware.pulses.set as f64 * 2.5f64.powi(2) * g * 1.5e-6
            + run.hardware.pulses.reset as f64 * 2.7f64.powi(2) * g * 10e-6
    };
    let per_pulse = energy / (run.hardware.pulses.set + run.hardware.pulses.reset) as f64;
    println!("seed {}: {:.2} uJ, {:.2} nJ a pulse, {:?}", run.seed, energy * 1e6, per_pulse * 1e9, run.hardware.pulses);
    assert!((of(20e-6)..of(70e-6)).contains(&energy), "{energy:e} J outside {:e}..{:e} J", of(20e-6), of(70e-6));
}

#[test]
fn learning_happens() {
    let runs = learn(2, 60);
    for run in &runs {
        assert_eq!(run.steps.len(), 60);
        assert_eq!(run.hardware.fidelity, "transient");
        let late = &run.steps[40..];
        let mean = late.iter().map(|s| f64::from(*s)).sum::<f64>() / 20.0;
        println!("seed {}: last 20 episodes {mean:.2} moves, critic {:.3?}", run.seed, run.hardware.weights.critic);
        assert!(mean <= 12.0, "seed {}: {mean} moves in the last 20 episodes", run.seed);
        assert!(run.capped[40..].iter().all(|capped| !capped));
        assert!(run.steps.iter().all(|s| *s >= 6), "six moves is the shortest path");
        energy_is_plausible(run);
    }
    let mut errors = request_errors(&runs);
    let p99 = quantile(&mut errors, 0.99);
    println!("{} requests, 99 % of errors below {p99:.4}", errors.len());
    assert!(p99 < 0.06, "{p99}");
    assert_ne!(runs[0].steps, runs[1].steps, "seeds differ");
}

/// A6, A8, and A14's total over 20 seeds of 200 episodes.
#[test]
#[ignore = "20 seeds of 200 episodes take minutes"]
fn a6_a8_a14_full_runs() {
    let runs = learn(20, 200);
    let summary = Summary::new(&runs, Some(6));
    let late = &summary.late;
    let share = late.optimal_share.expect("a shortest path");
    println!("last 50 episodes: median {}, mean {:.3} (s.d. over seeds {:.3})", late.median, late.mean, late.std);
    println!("share of 6-move episodes {share:.3}, capped {:.5} of all late episodes", late.capped_share);
    println!(
        "energy {:?} J, {} set and {} reset pulses a seed",
        summary.energy_joules, summary.set_pulses, summary.reset_pulses
    );
    println!("critic mean {:.3?}", summary.weights.mean.critic);
    println!("critic s.d. {:.3?}", summary.weights.std.critic);
    println!("request errors {:?}", summary.dw_error);
    runs.iter().for_each(energy_is_plausible);

    // A6
    assert!((late.median - 6.0).abs() < 1e-9);
    assert!(share >= 0.48);
    assert!(late.mean <= 8.9);
    let capped = runs.iter().flat_map(|r| &r.capped).filter(|c| **c).count();
    let episodes = runs.iter().map(|r| r.capped.len()).sum::<usize>();
    println!("capped episodes: {capped} of {episodes}");
    assert!(capped as f64 <= 0.002 * episodes as f64);
    let critic = &summary.weights.mean.critic[..7];
    assert!(critic.windows(2).all(|w| w[0] < w[1]), "{critic:?}");
    for (k, (w, (mean, deviation))) in critic.iter().zip(REFERENCE_CRITIC).enumerate() {
        println!("w{k}: {w:.3}, reference {mean} +- {deviation}, {:+.2} s.d.", (w - mean) / deviation);
    }
    for (k, (w, (mean, deviation))) in critic.iter().zip(REFERENCE_CRITIC).enumerate() {
        assert!((w - mean).abs() <= 2.0 * deviation, "w{k} = {w}");
    }
    // A8
    let mut errors = request_errors(&runs);
    let p99 = quantile(&mut errors, 0.99);
    println!("99 % of request errors below {p99:.4}");
    assert!(p99 < 0.04);
    // A14
    let energy = summary.energy_joules.expect("a circuit");
    assert!((8e-6..=35e-6).contains(&energy), "{energy:e} J");
}
