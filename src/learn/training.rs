//! Training: episodes of one seed, and many seeds in parallel.
//!
//! A run over several seeds gives each seed exactly what a run with that seed alone would give, for any number of threads: seeds
//! share nothing, each owns its environment, its agent and its random [streams](super::random). A seed can be saved between two
//! episodes and goes on from there bit for bit.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU32, Ordering};

use super::actor_critic::ParameterError;
use super::agent::{Agent, Experience, StateError};
use super::checkpoint::{CheckpointError, Checkpoints, Saved};
use super::environment::{Environment, Outcome};
use super::hardware::HardwareReport;
use super::random::{Random, SavedRandom, Stream, resumed, saved, stream};

/// Most seeds one run may ask for.
pub const MOST_SEEDS: u32 = 1_000_000;

/// How long to train.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Training {
    /// Number of episodes.
    pub episodes: u32,
    /// Iterations after which an episode is broken off. The visit to the goal of the T-maze is one of them.
    pub iteration_limit: u32,
    /// What ends training before the last episode.
    pub stop: Stop,
}

/// What ends training early; nothing by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// One episode with more moves than this.
    pub above: Option<u32>,
    /// Two consecutive episodes with more moves than this each.
    pub twice_above: Option<u32>,
    /// So many iterations in all; the episode that reaches them is broken off.
    pub iterations: Option<u64>,
}

/// Seeds of a run: `first`, `first + 1`, ... (modulo 2^64), `count` of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seeds {
    /// First seed.
    pub first: u64,
    /// How many, 1 to [`MOST_SEEDS`].
    pub count: u32,
}

impl Seeds {
    /// The seeds one by one.
    pub fn list(self) -> Vec<u64> {
        (0..u64::from(self.count)).map(|k| self.first.wrapping_add(k)).collect()
    }

    /// Share `index` of `of` (from 1) of the seeds: every `of`-th one. Together the shares are all the seeds.
    pub fn shard(self, index: u32, of: u32) -> Vec<u64> {
        let shares = of.max(1) as usize;
        self.list().into_iter().skip(index.saturating_sub(1) as usize).step_by(shares).collect()
    }
}

/// One finished episode.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Episode {
    /// Seed of the run it belongs to.
    pub seed: u64,
    /// Number of the episode, from 0.
    pub index: u32,
    /// Moves made.
    pub moves: u32,
    /// Sum of the rewards.
    pub reward: f64,
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
    /// Sum of the rewards of each episode.
    #[serde(default)]
    pub rewards: Vec<f64>,
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
    /// The environment or the agent of a seed could not be built.
    #[error("seed {seed}: the agent could not be built: {source}")]
    Build {
        /// The seed.
        seed: u64,
        /// Why.
        source: E,
    },
    /// An iteration failed.
    #[error("seed {seed}, episode {}, iteration {}: {source}", .episode + 1, .iteration + 1)]
    Iteration {
        /// The seed.
        seed: u64,
        /// Number of the episode, from 0.
        episode: u32,
        /// Number of the iteration in the episode, from 0.
        iteration: u32,
        /// Why.
        source: E,
    },
    /// A world outside this program failed.
    #[error("seed {seed}: the environment failed: {reason}")]
    Environment {
        /// The seed.
        seed: u64,
        /// What it said.
        reason: String,
    },
    /// A checkpoint could not be read or written.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

/// A seed between two episodes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeedState {
    steps: Vec<u32>,
    rewards: Vec<f64>,
    capped: Vec<bool>,
    iterations: u64,
    random: SavedRandom,
    agent: Value,
}

/// One seed in training, episode by episode.
#[derive(Clone, Debug)]
pub struct Trainer<W, A> {
    plan: Training,
    seed: u64,
    environment: W,
    agent: A,
    random: Random,
    steps: Vec<u32>,
    rewards: Vec<f64>,
    capped: Vec<bool>,
    iterations: u64,
    observation: Vec<f64>,
    next: Vec<f64>,
}

impl<W: Environment, A: Agent> Trainer<W, A> {
    /// Training at its beginning, with the random draws of `seed`.
    pub fn new(plan: Training, environment: W, agent: A, seed: u64) -> Self {
        let inputs = environment.inputs();
        Self {
            plan,
            seed,
            environment,
            agent,
            random: stream(seed, Stream::Agent),
            steps: Vec::new(),
            rewards: Vec::new(),
            capped: Vec::new(),
            iterations: 0,
            observation: vec![0.0; inputs],
            next: vec![0.0; inputs],
        }
    }

    /// The agent.
    pub fn agent(&self) -> &A {
        &self.agent
    }

    /// Whether the plan is fulfilled.
    pub fn finished(&self) -> bool {
        let Stop { above, twice_above, iterations } = self.plan.stop;
        let over = |moves: &u32, limit: Option<u32>| limit.is_some_and(|limit| *moves > limit);
        let last = self.steps.last().is_some_and(|moves| over(moves, above));
        let twice = self.steps.len() > 1 && self.steps[self.steps.len() - 2..].iter().all(|m| over(m, twice_above));
        self.steps.len() >= self.plan.episodes as usize
            || last
            || twice
            || iterations.is_some_and(|most| self.iterations >= most)
    }

    fn sound(&mut self) -> Result<(), TrainingError<A::Error>> {
        let seed = self.seed;
        self.environment.failure().map_or(Ok(()), |reason| Err(TrainingError::Environment { seed, reason }))
    }

    /// Runs the next episode.
    ///
    /// # Errors
    /// The first failure of the agent or of the environment.
    pub fn episode(&mut self) -> Result<Episode, TrainingError<A::Error>> {
        let (seed, index) = (self.seed, self.steps.len() as u32);
        let failed = |iteration| move |source| TrainingError::Iteration { seed, episode: index, iteration, source };
        let mut episode = Episode { seed, index, moves: 0, reward: 0.0, capped: true };
        let goes_on = index == 0 && self.agent.prepare(&mut self.environment, &mut self.random).map_err(failed(0))?;
        if !goes_on {
            self.environment.reset(&mut self.random);
        }
        self.sound()?;
        self.environment.activities(&mut self.observation);
        let most = self.plan.stop.iterations.map_or(u64::MAX, |most| most.saturating_sub(self.iterations));
        let limit = most.min(u64::from(self.plan.iteration_limit)) as u32;
        for iteration in 0..limit {
            let action = self.agent.act(&self.observation, &mut self.random).map_err(failed(iteration))?;
            let step = self.environment.step(action, &mut self.random);
            self.sound()?;
            self.environment.activities(&mut self.next);
            let moved = step.outcome.is_move();
            let experience = Experience {
                observation: &self.observation,
                action,
                reward: step.reward,
                next: (!step.outcome.ends_episode()).then_some(self.next.as_slice()),
                moved,
            };
            self.agent.learn(&experience, &mut self.random).map_err(failed(iteration))?;
            std::mem::swap(&mut self.observation, &mut self.next);
            self.iterations += 1;
            episode.moves += u32::from(moved);
            episode.reward += step.reward;
            if step.outcome != Outcome::Moved {
                episode.capped = false;
                break;
            }
        }
        self.agent.end_episode(&mut self.random).map_err(failed(limit))?;
        self.steps.push(episode.moves);
        self.rewards.push(episode.reward);
        self.capped.push(episode.capped);
        Ok(episode)
    }

    /// The result so far.
    pub fn result(&mut self) -> SeedRun {
        SeedRun {
            seed: self.seed,
            steps: self.steps.clone(),
            rewards: self.rewards.clone(),
            capped: self.capped.clone(),
            hardware: self.agent.report(),
        }
    }

    /// What a resumed run needs; `None` when agent or environment cannot be saved.
    pub fn state(&self) -> Option<SeedState> {
        let agent = self.environment.resumable().then(|| self.agent.state()).flatten()?;
        Some(SeedState {
            steps: self.steps.clone(),
            rewards: self.rewards.clone(),
            capped: self.capped.clone(),
            iterations: self.iterations,
            random: saved(&self.random),
            agent,
        })
    }

    /// Goes on from a saved state.
    ///
    /// # Errors
    /// A state of another agent.
    pub fn resume(&mut self, state: &SeedState) -> Result<(), StateError> {
        self.agent.restore(&state.agent)?;
        self.steps.clone_from(&state.steps);
        self.rewards.clone_from(&state.rewards);
        self.capped.clone_from(&state.capped);
        self.iterations = state.iterations;
        self.random = resumed(&state.random);
        Ok(())
    }
}

impl Training {
    /// The published plan of the T-maze: 200 episodes of at most 300 iterations.
    pub const T_MAZE: Self =
        Self { episodes: 200, iteration_limit: 300, stop: Stop { above: None, twice_above: None, iterations: None } };

    /// Trains `agent` in `environment` with the random draws of `seed`.
    ///
    /// After each episode `on_episode` sees it and the agent; when it breaks, training ends there and the result holds the
    /// episodes so far.
    ///
    /// # Errors
    /// The first failure of the agent or of the environment.
    pub fn run<W: Environment, A: Agent>(
        &self,
        environment: W,
        agent: A,
        seed: u64,
        mut on_episode: impl FnMut(&Episode, &A) -> ControlFlow<()>,
    ) -> Result<SeedRun, TrainingError<A::Error>> {
        let mut trainer = Trainer::new(*self, environment, agent, seed);
        while !trainer.finished() {
            let episode = trainer.episode()?;
            if on_episode(&episode, trainer.agent()).is_break() {
                break;
            }
        }
        Ok(trainer.result())
    }

    /// Trains once per seed, in parallel on the current rayon pool; `build` makes environment and agent of a seed.
    ///
    /// Results come in the order of the seeds. Episodes of different seeds reach `on_episode` interleaved; a break ends its own
    /// seed only.
    ///
    /// # Errors
    /// The error of the first seed, in order, that fails, whatever the order of execution; seeds after it are abandoned.
    pub fn run_seeds<W: Environment, A: Agent>(
        &self,
        seeds: Seeds,
        build: impl Fn(u64) -> Result<(W, A), A::Error> + Sync,
        on_episode: impl Fn(&Episode, &A) -> ControlFlow<()> + Sync,
    ) -> Result<Vec<SeedRun>, TrainingError<A::Error>> {
        if !(1..=MOST_SEEDS).contains(&seeds.count) {
            let value = f64::from(seeds.count);
            return Err(ParameterError { parameter: "number of seeds", value, range: "from 1 to 1000000" }.into());
        }
        self.run_list(&seeds.list(), None, build, on_episode)
    }

    /// As [`run_seeds`](Self::run_seeds), for any seeds; with a folder of checkpoints each seed is saved from time to time,
    /// finished seeds are taken from it, and unfinished ones go on from where they were saved.
    ///
    /// # Errors
    /// As [`run_seeds`](Self::run_seeds), and checkpoints that cannot be read or written.
    pub fn run_list<W: Environment, A: Agent>(
        &self,
        seeds: &[u64],
        checkpoints: Option<&Checkpoints>,
        build: impl Fn(u64) -> Result<(W, A), A::Error> + Sync,
        on_episode: impl Fn(&Episode, &A) -> ControlFlow<()> + Sync,
    ) -> Result<Vec<SeedRun>, TrainingError<A::Error>> {
        let first_failed = AtomicU32::new(u32::MAX);
        let train = |k: u32, seed: u64| {
            let abandoned = || first_failed.load(Ordering::Relaxed) < k;
            if abandoned() {
                return Ok(None);
            }
            let found = checkpoints.map(|folder| folder.load(seed)).transpose()?.flatten();
            if let Some(Saved::Finished(run)) = found {
                return Ok(Some(run));
            }
            let (environment, agent) = build(seed).map_err(|source| TrainingError::Build { seed, source })?;
            let mut trainer = Trainer::new(*self, environment, agent, seed);
            if let Some((folder, Saved::Running(state))) = checkpoints.zip(found) {
                trainer.resume(&state).map_err(|error| folder.unfit(seed, error))?;
            }
            let mut timer = checkpoints.map(Checkpoints::timer);
            while !trainer.finished() {
                let episode = trainer.episode()?;
                if abandoned() || on_episode(&episode, trainer.agent()).is_break() {
                    return Ok(Some(trainer.result()));
                }
                if let Some((folder, timer)) = checkpoints.zip(timer.as_mut())
                    && timer.due()
                    && let Some(state) = trainer.state()
                {
                    folder.save(seed, &Saved::Running(state))?;
                }
            }
            let run = trainer.result();
            if let Some(folder) = checkpoints {
                folder.save(seed, &Saved::Finished(run.clone()))?;
            }
            Ok(Some(run))
        };
        let runs: Vec<_> = seeds
            .par_iter()
            .enumerate()
            .map(|(k, seed)| {
                let k = k as u32;
                train(k, *seed).inspect_err(|_| {
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
    use crate::learn::actor_critic::{ActorCritic, LearningError, LearningRule};
    use crate::learn::hardware::{IdealWeights, Transition, UpdateRequests, WeightHardware};
    use crate::learn::tmaze::TMaze;
    use std::convert::Infallible;

    fn agent<H: WeightHardware>(hardware: H) -> ActorCritic<H> {
        ActorCritic::new(LearningRule::T_MAZE, hardware, 9, 2).unwrap()
    }

    fn ideal(_: u64) -> Result<(TMaze, ActorCritic<IdealWeights>), LearningError<Infallible>> {
        Ok((TMaze::new(), agent(IdealWeights::new(9, 2))))
    }

    fn on_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
    }

    fn go(_: &Episode, _: &impl Agent) -> ControlFlow<()> {
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
            let (maze, agent) = ideal(seed).unwrap();
            assert_eq!(*run, Training::T_MAZE.run(maze, agent, seed, go).unwrap());
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
            let (maze, agent) = ideal(0).unwrap();
            let run = training.run(maze, agent, 0, go).unwrap();
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
        let (maze, agent) = ideal(0).unwrap();
        let mut seen = Vec::new();
        let run = Training::T_MAZE.run(maze, agent, 3, |episode, _| {
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
                9 => return Err(LearningError::Hardware(Broken)),
                _ => u32::MAX,
            };
            Ok((TMaze::new(), agent(Fragile(IdealWeights::new(9, 2), updates))))
        };
        let count = 12;
        for threads in [1, 4] {
            let run = |first| on_threads(threads, || Training::T_MAZE.run_seeds(Seeds { first, count }, build, go));
            assert!(matches!(run(0), Err(TrainingError::Iteration { seed: 3, .. })));
            let source = LearningError::Hardware(Broken);
            assert_eq!(run(4), Err(TrainingError::Iteration { seed: 5, episode: 0, iteration: 3, source }));
            assert_eq!(run(8), Err(TrainingError::Build { seed: 9, source: LearningError::Hardware(Broken) }));
            assert_eq!(run(10).map(|runs| runs.len()), Ok(12));
        }
    }

    #[test]
    fn bad_plans_are_errors() {
        for count in [0, u32::MAX] {
            let error = Training::T_MAZE.run_seeds(Seeds { first: 0, count }, ideal, go).unwrap_err();
            assert!(error.to_string().contains("number of seeds"), "{error}");
        }
        let rule = LearningRule { temperature: 0.0, ..LearningRule::T_MAZE };
        let error = ActorCritic::new(rule, IdealWeights::new(9, 2), 9, 2).unwrap_err();
        assert_eq!(error.to_string(), "the temperature is 0, but must be a finite number above 0");
    }

    #[test]
    fn shares_are_all_the_seeds() {
        let seeds = Seeds { first: 7, count: 10 };
        let mut all: Vec<u64> = (1..=3).flat_map(|k| seeds.shard(k, 3)).collect();
        assert_eq!(seeds.shard(2, 3), [8, 11, 14]);
        all.sort_unstable();
        assert_eq!(all, seeds.list());
    }

    #[test]
    fn training_stops_early() {
        let run = |stop| {
            let (maze, agent) = ideal(0).unwrap();
            Training { stop, ..Training::T_MAZE }.run(maze, agent, 5, go).unwrap()
        };
        let all = run(Stop::default()).steps;
        let first = all.iter().position(|moves| *moves > 20).unwrap();
        assert_eq!(run(Stop { above: Some(20), ..Stop::default() }).steps, all[..=first]);
        let twice = (1..all.len()).find(|k| all[*k] > 9 && all[k - 1] > 9).unwrap();
        assert_eq!(run(Stop { twice_above: Some(9), ..Stop::default() }).steps, all[..=twice]);
        let cut = run(Stop { iterations: Some(100), ..Stop::default() });
        assert_eq!(cut.steps.iter().sum::<u32>() as usize, 100 - (cut.steps.len() - 1));
        assert_eq!(cut.capped.last(), Some(&true));
    }

    /// Saved after any number of episodes and resumed through text, the result is the same to the last bit.
    #[test]
    fn a_resumed_seed_gives_the_same_result() {
        let (maze, agent) = ideal(0).unwrap();
        let whole = Training::T_MAZE.run(maze, agent, 11, go).unwrap();
        for episodes in [1, 17, 199] {
            let start = || ideal(0).map(|(maze, agent)| Trainer::new(Training::T_MAZE, maze, agent, 11)).unwrap();
            let mut first = start();
            for _ in 0..episodes {
                first.episode().unwrap();
            }
            let text = serde_json::to_string(&first.state().unwrap()).unwrap();
            let mut second = start();
            second.resume(&serde_json::from_str(&text).unwrap()).unwrap();
            while !second.finished() {
                second.episode().unwrap();
            }
            assert_eq!(second.result(), whole, "after {episodes} episodes");
        }
    }
}
