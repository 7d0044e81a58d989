//! Acceptance of the deep Q-learning experiments at functional fidelity (F0): learning bands, noise, negative control, speed.
//!
//! A short form runs always; the full ones: `cargo test --release --test acceptance_deep_q -- --ignored --nocapture`.

use ionspice::learn::{
    AgentKind, DeepQRule, EnvironmentKind, Experiment, PairRule, SeedRun, Seeds, Stop, Training, WeightKind,
};

fn cart_pole(sigma: f64, rule: DeepQRule, stop: Stop, episodes: u32, seeds: u32) -> Vec<SeedRun> {
    let weights = WeightKind::Pairs(PairRule { sigma, ..PairRule::default() });
    let training = Training { episodes, iteration_limit: 1001, stop };
    let experiment =
        Experiment { environment: EnvironmentKind::CartPole, agent: AgentKind::DeepQ(rule), weights, training };
    experiment.run(&Seeds { first: 1, count: seeds }.list(), None, |_| {}).expect("training")
}

fn until_twice_100(sigma: f64, seeds: u32) -> Vec<SeedRun> {
    let stop = Stop { twice_above: Some(100), iterations: Some(8000), above: None };
    cart_pole(sigma, DeepQRule::default(), stop, 300, seeds)
}

fn mean(steps: &[u32]) -> f64 {
    steps.iter().map(|s| f64::from(*s)).sum::<f64>() / steps.len() as f64
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let n = values.len();
    0.5 * (values[(n - 1) / 2] + values[n / 2])
}

fn epochs(runs: &[SeedRun]) -> f64 {
    median(runs.iter().map(|run| run.steps.len() as f64).collect())
}

/// Bands 1 and 2.
#[test]
fn two_scores_above_100() {
    let runs = until_twice_100(4e-6, 5);
    for run in &runs {
        let total: u32 = run.steps.iter().sum();
        let (first10, first30) = (mean(&run.steps[..10]), mean(&run.steps[..30.min(run.steps.len())]));
        println!(
            "seed {}: {} epochs, {total} steps, first 10 {first10:.1}, first 30 {first30:.1}",
            run.seed,
            run.steps.len()
        );
        assert!((15.0..=30.0).contains(&first10) && first30 < 60.0);
        assert!(run.steps.len() <= 100 && total <= 3000);
    }
    println!("median {} epochs", epochs(&runs));
    assert!((25.0..=55.0).contains(&epochs(&runs)));
}

/// Band 6: a network that does not learn.
#[test]
#[ignore = "10 seconds of processor time"]
fn a_fixed_network_never_learns() {
    let rule = DeepQRule { learning_rate: 0.0, ..DeepQRule::default() };
    for run in cart_pole(4e-6, rule, Stop::default(), 100, 5) {
        let late = mean(&run.steps[30..]);
        let twice = run.steps.windows(2).any(|pair| pair.iter().all(|s| *s > 100));
        println!("seed {}: late mean {late:.1}, best {:?}", run.seed, run.steps.iter().max());
        assert!(late < 30.0 && !twice);
    }
}

/// Band 3.
#[test]
#[ignore = "minutes of processor time"]
fn scores_above_1000() {
    let stop = Stop { above: Some(1000), twice_above: None, iterations: Some(25_000) };
    let runs = cart_pole(4e-6, DeepQRule::default(), stop, 300, 6);
    let late: Vec<f64> =
        runs.iter().filter(|r| r.steps.len() > 31).map(|r| mean(&r.steps[30..r.steps.len().min(60)])).collect();
    let reached = runs.iter().filter(|r| r.steps.last().is_some_and(|s| *s > 1000)).count();
    runs.iter().for_each(|r| println!("seed {}: {} epochs, best {:?}", r.seed, r.steps.len(), r.steps.iter().max()));
    let late = late.iter().sum::<f64>() / late.len() as f64;
    println!("epochs 31-60: {late:.0}; {reached} of {} reached 1000", runs.len());
    assert!(late > 100.0 && 2 * reached >= runs.len());
}

/// Band 4.
#[test]
#[ignore = "a minute of processor time"]
fn noise_delays_learning() {
    let counts: Vec<f64> =
        [0.0, 4e-6, 8e-6, 16e-6].into_iter().map(|sigma| epochs(&until_twice_100(sigma, 8))).collect();
    println!("median epochs at 0, 4, 8, 16 uS: {counts:?}");
    assert!(counts[3] > counts[1] + 10.0);
}

/// Band 5.
#[test]
#[ignore = "minutes of processor time"]
fn mountain_car() {
    let rule = DeepQRule { copies: 100, pretrain: 20_000, ..DeepQRule::default() };
    let mut late = Vec::new();
    for sigma in [0.0, 4e-6, 8e-6] {
        let training = Training {
            episodes: 60,
            iteration_limit: 100_000,
            stop: Stop { iterations: Some(12_000), ..Stop::default() },
        };
        let experiment = Experiment {
            environment: EnvironmentKind::MountainCar,
            agent: AgentKind::DeepQ(rule),
            weights: WeightKind::Pairs(PairRule { sigma, ..PairRule::default() }),
            training,
        };
        let runs = experiment.run(&[1, 2, 3, 4], None, |_| {}).expect("training");
        let first: Vec<u32> = runs.iter().map(|r| r.steps[0]).collect();
        let mean_late = runs.iter().map(|r| mean(&r.steps[30..])).sum::<f64>() / runs.len() as f64;
        println!("sigma {sigma:e}: first epochs {first:?}, epochs 31-60 {mean_late:.1}");
        if sigma == 4e-6 {
            assert!(first.iter().all(|s| (400..=1600).contains(s)) && (45.0..=65.0).contains(&mean_late));
        }
        late.push(mean_late);
    }
    assert!(late[0] < late[1] && late[1] < late[2], "{late:?}");
}

#[test]
#[ignore = "measures speed"]
fn speed() {
    let stop = Stop { iterations: Some(3000), ..Stop::default() };
    let start = std::time::Instant::now();
    let steps: u32 = cart_pole(4e-6, DeepQRule::default(), stop, 1000, 1)[0].steps.iter().sum();
    println!("cart-pole: {:.3} ms per step", 1e3 * start.elapsed().as_secs_f64() / f64::from(steps));
}
