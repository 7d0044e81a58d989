//! Acceptance A4, A5, A9, A10, A11 of the actor-critic at functional fidelity, and the speed of it.
//!
//! Short forms run always; the full ones: `cargo test --release --test acceptance_actor_critic -- --ignored --nocapture`.

use ionspice::learn::{
    AgentKind, Behaviour, Curves, EnvironmentKind, Experiment, LearningRule, SeedRun, Seeds, Stop, Summary, Training,
    WeightKind,
};

fn behavioural(behaviour: Behaviour) -> WeightKind {
    WeightKind::Behavioural { behaviour, devices: None }
}

fn train(
    environment: EnvironmentKind,
    rule: LearningRule,
    weights: WeightKind,
    episodes: u32,
    seeds: u32,
) -> Vec<SeedRun> {
    let training = Training { episodes, iteration_limit: 300, stop: Stop::default() };
    let experiment = Experiment { environment, agent: AgentKind::ActorCritic(rule), weights, training };
    experiment.run(&Seeds { first: 1, count: seeds }.list(), None, |_| {}).expect("training")
}

fn t_maze(behaviour: Behaviour, seeds: u32) -> Vec<SeedRun> {
    train(EnvironmentKind::TMaze, LearningRule::T_MAZE, behavioural(behaviour), 200, seeds)
}

fn within(name: &str, value: f64, reference: f64, tolerance: f64) {
    println!("{name}: {value:.4}, reference {reference} +- {tolerance}");
    assert!((value - reference).abs() <= tolerance, "{name} = {value}, reference {reference} +- {tolerance}");
}

fn critic(summary: &Summary, reference: [f64; 7], tolerance: f64) {
    for (s, w) in reference.into_iter().enumerate() {
        within(&format!("w{s}"), summary.weights.mean.critic[s], w, tolerance);
    }
}

#[test]
fn a4_t_maze_on_measured_cycles() {
    let summary = Summary::new(&t_maze(Behaviour::default(), 100), Some(6));
    within("last-50 mean", summary.late.mean, 7.53, 0.45);
    within("share of 6 moves", summary.late.optimal_share.expect("a share"), 0.556, 0.045);
    println!("s.d. over seeds {:.2}, pulses {} {}", summary.late.std, summary.set_pulses, summary.reset_pulses);
    critic(&summary, [0.421, 0.457, 0.501, 0.601, 0.712, 0.854, 0.997], 0.04);
}

#[test]
fn a4_t_maze_on_mean_curves() {
    let summary = Summary::new(&t_maze(Behaviour { curves: Curves::Mean, ..Behaviour::default() }, 100), Some(6));
    within("last-50 mean", summary.late.mean, 7.27, 0.32);
    within("share of 6 moves", summary.late.optimal_share.expect("a share"), 0.580, 0.045);
    println!("w0.. {:.3?}", summary.weights.mean.critic);
}

#[test]
fn a5_t_maze_on_mean_curves_without_noise() {
    let behaviour = Behaviour { curves: Curves::Mean, noise: 0.0, ..Behaviour::default() };
    let summary = Summary::new(&t_maze(behaviour, 100), Some(6));
    within("last-50 mean", summary.late.mean, 6.829, 0.07);
    critic(&summary, [0.423, 0.476, 0.538, 0.625, 0.721, 0.847, 0.989], 0.015);
}

/// Without feedback the same requests go to devices whose errors the learner never sees.
#[test]
fn a9_learning_corrects_the_errors_of_the_devices() {
    let deviation = |feedback| {
        let behaviour = Behaviour { feedback, ..Behaviour::default() };
        Summary::new(&t_maze(behaviour, 100), Some(6)).weights.std.critic
    };
    let (on, off) = (deviation(true), deviation(false));
    let mut ratios: Vec<f64> = on.iter().zip(&off).map(|(on, off)| off / on).take(6).collect();
    println!("A9: off {off:.3?}, on {on:.3?}, ratios {ratios:.2?}");
    assert!(ratios.iter().all(|r| *r >= 1.6), "{ratios:?}");
    ratios.sort_by(f64::total_cmp);
    let median = 0.5 * (ratios[2] + ratios[3]);
    assert!(median >= 2.1, "{median}");
}

/// Mean and median of the moves in episodes `from..=to`, counted from 1.
fn window(runs: &[SeedRun], from: usize, to: usize) -> (f64, f64) {
    let mut moves: Vec<f64> = runs.iter().flat_map(|run| &run.steps[from - 1..to]).map(|m| f64::from(*m)).collect();
    moves.sort_by(f64::total_cmp);
    (moves.iter().sum::<f64>() / moves.len() as f64, moves[moves.len() / 2])
}

const NO_CUTOFF: LearningRule = LearningRule { cutoff: 0.0, ..LearningRule::WATER_MAZE };

#[test]
fn a10_short_water_maze_on_ideal_weights() {
    let runs = train(EnvironmentKind::WaterMaze, NO_CUTOFF, WeightKind::Ideal, 500, 6);
    within("episodes 1-100", window(&runs, 1, 100).0, 187.3, 20.0);
    within("episodes 401-500", window(&runs, 401, 500).0, 51.5, 9.0);
}

#[test]
#[ignore = "40 seconds of processor time"]
fn a10_water_maze_on_ideal_weights() {
    let runs = train(EnvironmentKind::WaterMaze, NO_CUTOFF, WeightKind::Ideal, 2500, 20);
    let (first, second) = (window(&runs, 901, 1000).0, window(&runs, 1901, 2000).0);
    let late = runs.iter().flat_map(|r| &r.capped[2000..]).filter(|c| **c).count();
    println!("A10: episodes 901-1000 {first:.2}, 1901-2000 {second:.2}, capped after 2000 {late} of {}", 20 * 500);
    assert!((20.5..=24.5).contains(&first) && (12.0..=14.0).contains(&second) && late <= 5);
}

fn public_devices(episodes: u32, seeds: u32) -> Vec<SeedRun> {
    let behaviour = Behaviour { curves: Curves::Mean, ..Behaviour::default() };
    train(EnvironmentKind::WaterMaze, LearningRule::WATER_MAZE, behavioural(behaviour), episodes, seeds)
}

#[test]
fn a11_short_water_maze_on_fitted_devices() {
    let runs = public_devices(500, 6);
    let (mean, median) = window(&runs, 401, 500);
    println!("episodes 1-100 {:.1}, 401-500 mean {mean:.1}, median {median}", window(&runs, 1, 100).0);
    assert!(window(&runs, 1, 100).0 > 110.0 && (25.0..=75.0).contains(&mean) && (15.0..=29.0).contains(&median));
}

#[test]
#[ignore = "20 seconds of processor time"]
fn a11_water_maze_on_fitted_devices() {
    let runs = public_devices(2000, 20);
    let ((early, early_median), (late, late_median)) = (window(&runs, 401, 500), window(&runs, 1901, 2000));
    println!("A11: 401-500 mean {early:.1} median {early_median}; 1901-2000 mean {late:.1} median {late_median}");
    assert!((33.0..=66.0).contains(&early) && (17.0..=25.0).contains(&early_median));
    assert!((18.5..=34.0).contains(&late) && (12.0..=16.0).contains(&late_median));
}

#[test]
#[ignore = "measures speed"]
fn speed() {
    let start = std::time::Instant::now();
    let steps = t_maze(Behaviour::default(), 100).iter().flat_map(|r| r.steps.clone()).sum::<u32>();
    println!("T-maze: {:.0} steps/s", f64::from(steps) / start.elapsed().as_secs_f64());
    let start = std::time::Instant::now();
    let moves = public_devices(1000, 2).iter().flat_map(|r| r.steps.clone()).sum::<u32>();
    println!("water maze: {:.0} moves/s", f64::from(moves) / start.elapsed().as_secs_f64());
}
