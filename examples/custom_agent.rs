//! Environments and weights without a circuit: the published actor-critic on ideal weights, and an agent of one's own.
//!
//! `cargo run --release --example custom_agent`

use std::error::Error;
use std::ops::ControlFlow;

use ionspice::learn::{
    ActorCritic, Environment, IdealWeights, LearningError, LearningReport, LearningRule, Outcome, Random, Seeds,
    Stream, TMaze, Training, stream,
};
use rand::RngExt;

/// Tabular Q-learning with greedy choices and a share of random ones.
struct QLearning {
    values: Vec<Vec<f64>>,
    rate: f64,
    discount: f64,
    curiosity: f64,
}

impl QLearning {
    fn new(environment: &impl Environment) -> Self {
        let values = vec![vec![0.0; environment.actions()]; environment.inputs()];
        Self { values, rate: 0.2, discount: 0.9, curiosity: 0.1 }
    }

    fn choose(&self, place: usize, random: &mut Random) -> usize {
        let values = &self.values[place];
        let highest = best(values);
        let candidates: Vec<usize> = (0..values.len()).filter(|a| values[*a] == highest).collect();
        let curious = random.random::<f64>() < self.curiosity;
        let pick = random.random::<f64>();
        let among = |count: usize| ((pick * count as f64) as usize).min(count - 1);
        if curious { among(values.len()) } else { candidates[among(candidates.len())] }
    }

    /// One episode of at most `limit` moves; returns the moves made.
    fn episode(&mut self, maze: &mut TMaze, limit: u32, random: &mut Random) -> u32 {
        maze.reset(random);
        let mut x = vec![0.0; maze.inputs()];
        for moves in 0..limit {
            let place = active(maze, &mut x);
            let action = self.choose(place, random);
            let step = maze.step(action, random);
            let next = active(maze, &mut x);
            let future = if step.outcome.ends_episode() { 0.0 } else { best(&self.values[next]) };
            let target = step.reward + self.discount * future;
            // The maze rewards the place the agent is in: at the goal, every action is as good.
            if step.outcome == Outcome::Rested {
                self.values[place].fill(target);
                return moves;
            }
            let value = &mut self.values[place][action];
            *value += self.rate * (target - *value);
        }
        limit
    }
}

fn best(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

/// The place of a one-hot activity.
fn active(maze: &TMaze, x: &mut [f64]) -> usize {
    maze.activities(x);
    x.iter().position(|x| *x > 0.5).unwrap_or(0)
}

fn main() -> Result<(), Box<dyn Error>> {
    let seeds = Seeds { first: 1, count: 20 };
    let build = |_| {
        let weights = IdealWeights::new(9, 2);
        let agent = ActorCritic::new(LearningRule::T_MAZE, weights, 9, 2).map_err(LearningError::Parameter)?;
        Ok((TMaze::new(), agent))
    };
    let runs = Training::T_MAZE.run_seeds(seeds, build, |_, _| ControlFlow::Continue(()))?;
    let late = LearningReport::new(runs, TMaze::new().shortest_path()).summary.late;
    println!("actor-critic, ideal weights: mean {:.2} moves in the last 50 of 200 episodes, 20 seeds", late.mean);

    let mut total = 0;
    for seed in 1..=20 {
        let mut random = stream(seed, Stream::Agent);
        let (mut maze, mut agent) = (TMaze::new(), QLearning::new(&TMaze::new()));
        let moves: Vec<u32> = (0..200).map(|_| agent.episode(&mut maze, 300, &mut random)).collect();
        total += moves[150..].iter().sum::<u32>();
    }
    println!("Q-learning of this example:  mean {:.2} moves", f64::from(total) / (20.0 * 50.0));
    Ok(())
}
