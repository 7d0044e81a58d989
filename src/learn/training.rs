//! Training: episodes of one seed, and many seeds in parallel.
//!
//! A run over several seeds gives each seed exactly what a run with that seed alone would give, for any number of threads: seeds
//! share nothing, each owns its environment, its hardware and its random [streams](super::random).

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU32, Ordering};

use super::actor_critic::{ActorCritic, LearningError, LearningRule, ParameterError};
use super::environment::{Environment, Outcome};
use super::hardware::{HardwareReport, WeightHardware};
use super::random::{Stream, stream};

/// Most seeds one run may ask for.
pub const MOST_SEEDS: u32 = 1_000_000;

/// What to train.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Training {
    /// The learning rule.
    pub rule: LearningRule,
    /// Number of episodes.
    pub episodes: u32,
    /// Iterations after which an episode is broken off. The visit to the goal of the T-maze is one of them.
    pub iteration_limit: u32,
}

/// Seeds of a run: `first`, `first + 1`, ... (modulo 2^64), `count` of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seeds {
    /// First seed.
    pub first: u64,
    /// How many, 1 to [`MOST_SEEDS`].
    pub count: u32,
}

/// One finished episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Episode {
    /// Seed of the run it belongs to.
    pub seed: u64,
    /// Number of the episode, from 0.
    pub index: u32,
    /// Moves made.
    pub moves: u32,
    /// Whether the iteration limit broke it off.
    pub capped: bool,
}

/// Result of training with one seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeedRun {
    /// The seed.
    pub seed: u64,
    /// Moves of each episode; an episode that was broken off counts with the moves made.
    pub steps: Vec<u32>,
    /// Whether each episode was broken off at the iteration limit.
    pub capped: Vec<bool>,
    /// Weights, request errors, pulses, energy and fidelity.
    #[serde(flatten)]
    pub hardware: HardwareReport,
}

/// Why training failed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TrainingError<E: std::error::Error + 'static> {
    /// A parameter lies outside its range.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// The environment or the hardware of a seed could not be built.
    #[error("seed {seed}: the hardware could not be built")]
    Build {
        /// The seed.
        seed: u64,
        /// Why.
        source: E,
    },
    /// An iteration failed.
    #[error("seed {seed}, episode {}, iteration {}: learning failed", .episode + 1, .iteration + 1)]
    Iteration {
        /// The seed.
        seed: u64,
        /// Number of the episode, from 0.
        episode: u32,
        /// Number of the iteration in the episode, from 0.
        iteration: u32,
        /// Why.
        source: LearningError<E>,
    },
}

impl Training {
    /// The published plan of the T-maze: 200 episodes of at most 300 iterations.
    pub const T_MAZE: Self = Self { rule: LearningRule::T_MAZE, episodes: 200, iteration_limit: 300 };

    /// Trains `hardware` in `environment` with the random draws of `seed`.
    ///
    /// After each episode `on_episode` sees it and the hardware; when it breaks, training ends there and the result holds the
    /// episodes so far.
    ///
    /// # Errors
    /// A parameter out of range, or the first failure of the hardware.
    pub fn run<W, H>(
        &self,
        environment: &mut W,
        hardware: &mut H,
        seed: u64,
        mut on_episode: impl FnMut(&Episode, &H) -> ControlFlow<()>,
    ) -> Result<SeedRun, TrainingError<H::Error>>
    where
        W: Environment,
        H: WeightHardware,
    {
        self.rule.check()?;
        let mut random = stream(seed, Stream::Agent);
        let mut agent = ActorCritic::new(self.rule, environment.inputs(), environment.actions());
        let (mut steps, mut capped) = (Vec::new(), Vec::new());
        for index in 0..self.episodes {
            let mut episode = Episode { seed, index, moves: 0, capped: true };
            agent.reset(environment, &mut random);
            for iteration in 0..self.iteration_limit {
                let outcome = agent
                    .iterate(environment, hardware, &mut random)
                    .map_err(|source| TrainingError::Iteration { seed, episode: index, iteration, source })?;
                episode.moves += u32::from(outcome.is_move());
                if outcome != Outcome::Moved {
                    episode.capped = false;
                    break;
                }
            }
            steps.push(episode.moves);
            capped.push(episode.capped);
            if on_episode(&episode, hardware).is_break() {
                break;
            }
        }
        Ok(SeedRun { seed, steps, capped, hardware: hardware.report() })
    }

    /// Trains once per seed, in parallel on the current rayon pool; `build` makes environment and hardware of a seed.
    ///
    /// Results come in the order of the seeds. Episodes of different seeds reach `on_episode` interleaved; a break ends its own
    /// seed only.
    ///
    /// # Errors
    /// The error of the first seed, in order, that fails, whatever the order of execution; seeds after it are abandoned.
    pub fn run_seeds<W, H>(
        &self,
        seeds: Seeds,
        build: impl Fn(u64) -> Result<(W, H), H::Error> + Sync,
        on_episode: impl Fn(&Episode, &H) -> ControlFlow<()> + Sync,
    ) -> Result<Vec<SeedRun>, TrainingError<H::Error>>
    where
        W: Environment,
        H: WeightHardware,
    {
        self.rule.check()?;
        if !(1..=MOST_SEEDS).contains(&seeds.count) {
            let value = f64::from(seeds.count);
            return Err(ParameterError { parameter: "number of seeds", value, range: "from 1 to 1000000" }.into());
        }
        let first_failed = AtomicU32::new(u32::MAX);
        let train = |k: u32| {
            let abandoned = || first_failed.load(Ordering::Relaxed) < k;
            if abandoned() {
                return Ok(None);
            }
            let seed = seeds.first.wrapping_add(u64::from(k));
            let (mut environment, mut hardware) =
                build(seed).map_err(|source| TrainingError::Build { seed, source })?;
            let watch = |episode: &Episode, hardware: &H| match abandoned() {
                true => ControlFlow::Break(()),
                false => on_episode(episode, hardware),
            };
            self.run(&mut environment, &mut hardware, seed, watch).map(Some)
        };
        let runs: Vec<_> = (0..seeds.count)
            .into_par_iter()
            .map(|k| {
                train(k).inspect_err(|_| {
                    first_failed.fetch_min(k, Ordering::Relaxed);
                })
            })
            .collect();
        runs.into_iter().filter_map(Result::transpose).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::hardware::{IdealWeights, Transition, UpdateRequests};
    use crate::learn::tmaze::TMaze;
    use std::convert::Infallible;

    fn ideal(_: u64) -> Result<(TMaze, IdealWeights), Infallible> {
        Ok((TMaze::new(), IdealWeights::new(9, 2)))
    }

    fn on_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
    }

    fn go(_: &Episode, _: &impl WeightHardware) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    #[test]
    fn results_depend_on_the_seed_alone() {
        let seeds = Seeds { first: 40, count: 9 };
        let run = || Training::T_MAZE.run_seeds(seeds, ideal, go).unwrap();
        let runs = on_threads(1, run);
        assert_eq!(runs, on_threads(4, run));
        for (k, run) in runs.iter().enumerate() {
            let seed = 40 + k as u64;
            let (mut maze, mut weights) = ideal(seed).unwrap();
            assert_eq!(*run, Training::T_MAZE.run(&mut maze, &mut weights, seed, go).unwrap());
        }
        assert_ne!(runs[0].steps, runs[1].steps);
    }

    #[test]
    fn seeds_wrap_around() {
        let training = Training { episodes: 1, ..Training::T_MAZE };
        let runs = training.run_seeds(Seeds { first: u64::MAX, count: 2 }, ideal, go).unwrap();
        assert_eq!(runs.iter().map(|run| run.seed).collect::<Vec<_>>(), [u64::MAX, 0]);
    }

    #[test]
    fn the_visit_to_the_goal_uses_up_an_iteration() {
        for (iteration_limit, capped) in [(6, true), (7, false)] {
            let training = Training { iteration_limit, episodes: 400, ..Training::T_MAZE };
            let (mut maze, mut weights) = ideal(0).unwrap();
            let run = training.run(&mut maze, &mut weights, 0, go).unwrap();
            assert_eq!(run.capped.iter().all(|c| *c), capped);
            assert!(
                run.steps
                    .iter()
                    .zip(&run.capped)
                    .all(|(steps, capped)| *steps == if *capped { iteration_limit } else { 6 })
            );
            assert_eq!(run.hardware.weights.critic[6] > 0.0, !capped, "only a visit brings reward");
        }
    }

    #[test]
    fn a_break_ends_the_run_early() {
        let (mut maze, mut weights) = ideal(0).unwrap();
        let mut seen = Vec::new();
        let run = Training::T_MAZE.run(&mut maze, &mut weights, 3, |episode, _| {
            seen.push(*episode);
            if episode.index == 4 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        let run = run.unwrap();
        assert_eq!(run.steps, seen.iter().map(|episode| episode.moves).collect::<Vec<_>>());
        assert_eq!((run.steps.len(), run.capped.len()), (5, 5));
        assert!(seen.iter().enumerate().all(|(index, episode)| episode.index == index as u32 && episode.seed == 3));
    }

    #[derive(Clone, Debug, PartialEq, thiserror::Error)]
    #[error("broken wire")]
    struct Broken;

    /// Ideal weights that fail at one update.
    struct Fragile(IdealWeights, u32);

    impl WeightHardware for Fragile {
        type Error = Broken;
        fn read_actions(&mut self, x: &[f64], h: &mut [f64]) -> Result<(), Broken> {
            self.0.read_actions(x, h).map_err(|never| match never {})
        }
        fn td_request(&mut self, rule: &LearningRule, transition: &Transition) -> Result<f64, Broken> {
            self.0.td_request(rule, transition).map_err(|never| match never {})
        }
        fn update(&mut self, requests: &UpdateRequests) -> Result<(), Broken> {
            self.1 = self.1.checked_sub(1).ok_or(Broken)?;
            self.0.update(requests).map_err(|never| match never {})
        }
        fn report(&mut self) -> HardwareReport {
            self.0.report()
        }
    }

    #[test]
    fn the_first_failing_seed_is_reported() {
        let build = |seed| {
            let updates = match seed {
                3 => 1500,
                5 | 7 => 3,
                9 => return Err(Broken),
                _ => u32::MAX,
            };
            Ok((TMaze::new(), Fragile(IdealWeights::new(9, 2), updates)))
        };
        let count = 12;
        for threads in [1, 4] {
            let run = |first| on_threads(threads, || Training::T_MAZE.run_seeds(Seeds { first, count }, build, go));
            assert!(matches!(run(0), Err(TrainingError::Iteration { seed: 3, .. })));
            let source = LearningError::Hardware(Broken);
            assert_eq!(run(4), Err(TrainingError::Iteration { seed: 5, episode: 0, iteration: 3, source }));
            assert_eq!(run(8), Err(TrainingError::Build { seed: 9, source: Broken }));
            assert_eq!(run(10).map(|runs| runs.len()), Ok(12));
        }
    }

    #[test]
    fn bad_plans_are_errors() {
        for count in [0, u32::MAX] {
            let error = Training::T_MAZE.run_seeds(Seeds { first: 0, count }, ideal, go).unwrap_err();
            assert!(error.to_string().contains("number of seeds"), "{error}");
        }
        let training = Training { rule: LearningRule { temperature: 0.0, ..LearningRule::T_MAZE }, ..Training::T_MAZE };
        let error = training.run_seeds(Seeds { first: 0, count: 1 }, ideal, go).unwrap_err();
        assert_eq!(error.to_string(), "the temperature is 0, but must be a finite number above 0");
    }
}
