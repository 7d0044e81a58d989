//! Statistics over the seeds of a training run.
//!
//! Quantiles interpolate linearly between order statistics (type 7 of Hyndman and Fan 1996); standard deviations divide by the
//! number of values, so a single seed has deviation 0.

use serde::{Deserialize, Serialize};

use super::hardware::Weights;
use super::training::SeedRun;

/// Episodes at the end of a run that count as trained.
pub const LATE_EPISODES: usize = 50;

/// A training run in full: every seed, and the statistics over them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LearningReport {
    /// Statistics over the seeds.
    pub summary: Summary,
    /// Each seed.
    pub seeds: Vec<SeedRun>,
}

impl LearningReport {
    /// Summarises the runs; `shortest_path` is [`Environment::shortest_path`](super::Environment::shortest_path).
    pub fn new(seeds: Vec<SeedRun>, shortest_path: Option<u32>) -> Self {
        Self { summary: Summary::new(&seeds, shortest_path), seeds }
    }
}

/// Statistics over the seeds of a training run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The learning curve: moves per episode over the seeds that reached it.
    pub episodes: Vec<EpisodeStatistics>,
    /// The last [`LATE_EPISODES`] episodes of every seed.
    pub late: LateStatistics,
    /// Final weights.
    pub weights: WeightStatistics,
    /// Absolute errors of the measured TD requests of all seeds; `None` when nothing was measured.
    pub dw_error: Option<ErrorStatistics>,
    /// Mean energy of a seed, J; `None` unless every seed has a circuit.
    pub energy_joules: Option<f64>,
    /// Mean set pulses of a seed.
    pub set_pulses: f64,
    /// Mean reset pulses of a seed.
    pub reset_pulses: f64,
}

/// Moves of one episode over the seeds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpisodeStatistics {
    /// Number of the episode, from 1.
    pub episode: usize,
    /// Mean.
    pub mean: f64,
    /// Standard deviation.
    pub std: f64,
    /// Median.
    pub median: f64,
    /// 10 % quantile.
    pub p10: f64,
    /// 90 % quantile.
    pub p90: f64,
    /// Share of episodes on a shortest path; `None` when there is no single shortest path.
    pub optimal_share: Option<f64>,
    /// Share of episodes broken off at the iteration limit.
    pub capped_share: f64,
}

/// Moves in the last episodes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LateStatistics {
    /// Mean over episodes for each seed, in the order of the seeds.
    pub seed_means: Vec<f64>,
    /// Mean over seeds of [`Self::seed_means`].
    pub mean: f64,
    /// Standard deviation of [`Self::seed_means`] over seeds.
    pub std: f64,
    /// Median over all late episodes of all seeds.
    pub median: f64,
    /// Share of late episodes on a shortest path; `None` when there is no single shortest path.
    pub optimal_share: Option<f64>,
    /// Share of late episodes broken off at the iteration limit.
    pub capped_share: f64,
}

/// Final weights over the seeds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WeightStatistics {
    /// Means.
    pub mean: Weights,
    /// Standard deviations.
    pub std: Weights,
}

/// Absolute errors of measured TD requests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErrorStatistics {
    /// Number of requests measured.
    pub count: usize,
    /// Root of the mean square error.
    pub rms: f64,
    /// 99 % quantile of the absolute error.
    pub p99: f64,
    /// Largest absolute error.
    pub largest: f64,
}

impl Summary {
    /// Summarises the runs; all must have networks of one size.
    pub fn new(runs: &[SeedRun], shortest_path: Option<u32>) -> Self {
        let episodes = runs.iter().map(|run| run.steps.len()).max().unwrap_or(0);
        let energies: Option<Vec<f64>> = runs.iter().map(|run| run.hardware.energy_joules).collect();
        let mean_over_seeds = |value: fn(&SeedRun) -> f64| mean(&runs.iter().map(value).collect::<Vec<_>>());
        Self {
            episodes: (0..episodes).map(|episode| EpisodeStatistics::new(runs, episode, shortest_path)).collect(),
            late: LateStatistics::new(runs, shortest_path),
            weights: WeightStatistics::new(runs),
            dw_error: ErrorStatistics::new(runs),
            energy_joules: energies.filter(|energies| !energies.is_empty()).map(|energies| mean(&energies)),
            set_pulses: mean_over_seeds(|run| run.hardware.pulses.set as f64),
            reset_pulses: mean_over_seeds(|run| run.hardware.pulses.reset as f64),
        }
    }
}

impl EpisodeStatistics {
    fn new(runs: &[SeedRun], episode: usize, shortest_path: Option<u32>) -> Self {
        let reached = || runs.iter().filter(move |run| episode < run.steps.len());
        let moves = sorted(reached().map(|run| f64::from(run.steps[episode])).collect());
        Self {
            episode: episode + 1,
            mean: mean(&moves),
            std: deviation(&moves),
            median: quantile(&moves, 0.5),
            p10: quantile(&moves, 0.1),
            p90: quantile(&moves, 0.9),
            optimal_share: shortest_path.map(|shortest| share(reached().map(|run| run.steps[episode] == shortest))),
            capped_share: share(reached().map(|run| run.capped[episode])),
        }
    }
}

impl LateStatistics {
    fn new(runs: &[SeedRun], shortest_path: Option<u32>) -> Self {
        let late = |run: &SeedRun| run.steps.len().saturating_sub(LATE_EPISODES)..run.steps.len();
        let moves = |run: &SeedRun| run.steps[late(run)].iter().map(|steps| f64::from(*steps)).collect::<Vec<_>>();
        let seed_means: Vec<f64> = runs.iter().map(|run| mean(&moves(run))).collect();
        let steps = || runs.iter().flat_map(|run| &run.steps[late(run)]);
        Self {
            mean: mean(&seed_means),
            std: deviation(&seed_means),
            median: quantile(&sorted(runs.iter().flat_map(moves).collect()), 0.5),
            optimal_share: shortest_path.map(|shortest| share(steps().map(|steps| *steps == shortest))),
            capped_share: share(runs.iter().flat_map(|run| &run.capped[late(run)]).copied()),
            seed_means,
        }
    }
}

impl WeightStatistics {
    fn new(runs: &[SeedRun]) -> Self {
        let over_seeds = |statistic: fn(&[f64]) -> f64| {
            let of = |weight: &dyn Fn(&Weights) -> f64| {
                statistic(&runs.iter().map(|run| weight(&run.hardware.weights)).collect::<Vec<_>>())
            };
            let Some(shape) = runs.first().map(|run| &run.hardware.weights) else { return Weights::default() };
            Weights {
                critic: (0..shape.critic.len()).map(|j| of(&|weights| weights.critic[j])).collect(),
                actor: shape
                    .actor
                    .iter()
                    .enumerate()
                    .map(|(j, row)| (0..row.len()).map(|i| of(&|weights| weights.actor[j][i])).collect())
                    .collect(),
            }
        };
        Self { mean: over_seeds(mean), std: over_seeds(deviation) }
    }
}

impl ErrorStatistics {
    fn new(runs: &[SeedRun]) -> Option<Self> {
        let errors = sorted(runs.iter().flat_map(|run| &run.hardware.dw_error).map(|error| error.abs()).collect());
        let largest = *errors.last()?;
        let rms = mean(&errors.iter().map(|error| error * error).collect::<Vec<_>>()).sqrt();
        Some(Self { count: errors.len(), rms, p99: quantile(&errors, 0.99), largest })
    }
}

/// Mean; 0 without values.
fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// Standard deviation of the values as a whole population.
fn deviation(values: &[f64]) -> f64 {
    let centre = mean(values);
    mean(&values.iter().map(|value| (value - centre).powi(2)).collect::<Vec<_>>()).sqrt()
}

fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values
}

/// Quantile of sorted values, linear between order statistics; 0 without values.
fn quantile(sorted: &[f64], probability: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return 0.0 };
    let position = probability * last as f64;
    let below = (position.floor() as usize).min(last);
    let above = (below + 1).min(last);
    sorted[below] + (position - below as f64) * (sorted[above] - sorted[below])
}

/// Share of true values; 0 without values.
fn share(values: impl Iterator<Item = bool>) -> f64 {
    mean(&values.map(f64::from).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::actor_critic::{ActorCritic, LearningRule};
    use crate::learn::hardware::{HardwareReport, IdealWeights, Pulses};
    use crate::learn::tmaze::TMaze;
    use crate::learn::training::{Seeds, Training};
    use std::ops::ControlFlow;

    fn run(seed: u64, steps: &[u32], weight: f64) -> SeedRun {
        SeedRun {
            seed,
            steps: steps.to_vec(),
            rewards: Vec::new(),
            capped: steps.iter().map(|steps| *steps == 300).collect(),
            hardware: HardwareReport {
                weights: Weights { critic: vec![weight], actor: vec![vec![0.0, 2.0 * weight]] },
                dw_error: vec![-weight],
                energy_joules: Some(weight * 1e-6),
                pulses: Pulses { set: 10 * seed, reset: seed },
                ..HardwareReport::default()
            },
        }
    }

    #[test]
    fn statistics_of_three_seeds() {
        let summary = Summary::new(&[run(1, &[300, 6], 0.1), run(2, &[20, 8], 0.2), run(3, &[10], 0.6)], Some(6));
        let [first, second] = summary.episodes.as_slice() else { panic!("two episodes") };
        let close = |a: f64, b: f64| (a - b).abs() < 1e-12;
        assert!(close(first.mean, 110.0) && close(first.std, (54_200.0_f64 / 3.0).sqrt()), "{first:?}");
        assert!(close(first.median, 20.0) && close(first.p10, 12.0) && close(first.p90, 244.0), "{first:?}");
        assert_eq!((first.optimal_share, first.capped_share), (Some(0.0), 1.0 / 3.0));
        assert_eq!((second.episode, second.mean, second.optimal_share, second.capped_share), (2, 7.0, Some(0.5), 0.0));
        assert_eq!(summary.late.seed_means, [153.0, 14.0, 10.0]);
        assert!(close(summary.late.mean, 59.0) && close(summary.late.median, 10.0), "{:?}", summary.late);
        assert_eq!((summary.late.optimal_share, summary.late.capped_share), (Some(0.2), 0.2));
        assert!(close(summary.weights.mean.critic[0], 0.3) && close(summary.weights.mean.actor[0][1], 0.6));
        assert!(close(summary.weights.std.critic[0], (0.14_f64 / 3.0).sqrt()));
        let errors = summary.dw_error.unwrap();
        assert!(errors.count == 3 && errors.largest == 0.6 && close(errors.rms, (0.41_f64 / 3.0).sqrt()));
        assert!(close(errors.p99, 0.592), "{}", errors.p99);
        assert!(close(summary.energy_joules.unwrap(), 0.3e-6));
        assert_eq!((summary.set_pulses, summary.reset_pulses), (20.0, 2.0));
    }

    #[test]
    fn no_seeds_give_an_empty_summary() {
        assert_eq!(Summary::new(&[], None), Summary::default());
    }

    #[test]
    fn the_report_uses_the_promised_names() {
        let json = serde_json::to_value(LearningReport::new(vec![run(1, &[300, 6], 0.1)], Some(6))).unwrap();
        for name in ["seed", "steps", "capped", "weights", "dw_error", "energy_joules", "pulses", "fidelity"] {
            assert!(!json["seeds"][0][name].is_null(), "{name}");
        }
        assert_eq!(json["seeds"][0]["pulses"], serde_json::json!({ "set": 10, "reset": 1 }));
        assert_eq!(json["seeds"][0]["weights"]["actor"], serde_json::json!([[0.0, 0.2]]));
        let back: LearningReport = serde_json::from_value(json).unwrap();
        assert_eq!(back.seeds, [run(1, &[300, 6], 0.1)]);
    }

    /// Acceptance A3, and the rest of the ideal reference case: 100 seeds against the published learner's 1000.
    #[test]
    fn ideal_weights_reproduce_the_reference_run() {
        let rule = LearningRule::T_MAZE;
        let build = |_| Ok((TMaze::new(), ActorCritic::new(rule, IdealWeights::new(9, 2), 9, 2).unwrap()));
        let go = |_: &_, _: &_| ControlFlow::Continue(());
        let runs = Training::T_MAZE.run_seeds(Seeds { first: 0, count: 100 }, build, go).unwrap();
        let summary = Summary::new(&runs, Some(6));
        let within = |name: &str, value: f64, reference: f64, tolerance: f64| {
            println!("{name}: {value:.4}, reference {reference} +- {tolerance}");
            assert!((value - reference).abs() <= tolerance, "{name} = {value}, reference {reference} +- {tolerance}");
        };
        within("last-50 mean", summary.late.mean, 6.61, 0.06);
        within("last-50 s.d. over seeds", summary.late.std, 0.165, 0.04);
        within("last-50 share of 6 moves", summary.late.optimal_share.unwrap(), 0.718, 0.02);
        within("episode 1", summary.episodes[0].mean, 36.1, 7.5);
        within("episode 10", summary.episodes[9].mean, 22.64, 4.4);
        within("episode 25", summary.episodes[24].mean, 10.36, 1.4);
        within("episode 50", summary.episodes[49].mean, 7.46, 0.7);
        assert_eq!(summary.late.median, 6.0);
        assert!(summary.episodes.iter().all(|episode| episode.capped_share == 0.0));
        for (s, w) in [0.501, 0.563, 0.631, 0.708, 0.793, 0.894, 1.0].into_iter().enumerate() {
            within(&format!("w{s}"), summary.weights.mean.critic[s], w, 0.01);
        }
        for (s, theta) in [0.685, 0.890, 0.932, 0.946, 1.0, 0.988, 0.0].into_iter().enumerate() {
            within(&format!("theta{s}_0"), summary.weights.mean.actor[s][0], 0.0, 0.001);
            within(&format!("theta{s}_1"), summary.weights.mean.actor[s][1], theta, 0.02);
        }
        within("reset pulses", summary.reset_pulses, 779.0, 40.0);
    }
}
