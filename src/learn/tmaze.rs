//! The T-maze: nine places, two actions, reward at the end of one arm.
//!
//! ```text
//!   8 - 7 - 4 - 5 - 6   reward at 6
//!           |
//!           3
//!           2
//!           1
//!           0           start
//! ```
//!
//! From the junction, place 4, there is no way back down the stem. The shortest path takes six moves, all with action 1; a uniform
//! random walk takes 34 on average.

use super::environment::{Environment, Outcome, Step};
use super::random::Random;

/// Place the agent starts from.
pub const START: usize = 0;
/// Place that holds the reward.
pub const GOAL: usize = 6;
/// `TRANSITIONS[place][action]` is the place the action leads to.
pub const TRANSITIONS: [[usize; 2]; 9] = [[0, 1], [0, 2], [1, 3], [2, 4], [7, 5], [4, 6], [5, 6], [4, 8], [7, 8]];

/// The T-maze with one-hot activities.
///
/// The reward belongs to the place the agent is in, so the episode ends one iteration after the move that reached the goal: that
/// iteration yields reward 1 with [`Outcome::Rested`].
#[derive(Clone, Debug, Default)]
pub struct TMaze {
    place: usize,
}

impl TMaze {
    /// A maze with the agent at the start.
    pub fn new() -> Self {
        Self { place: START }
    }

    /// Place the agent is in, 0 to 8.
    pub fn place(&self) -> usize {
        self.place
    }
}

impl Environment for TMaze {
    fn inputs(&self) -> usize {
        TRANSITIONS.len()
    }

    fn actions(&self) -> usize {
        TRANSITIONS[START].len()
    }

    fn shortest_path(&self) -> Option<u32> {
        Some(6)
    }

    fn reset(&mut self, _random: &mut Random) {
        self.place = START;
    }

    fn activities(&self, x: &mut [f64]) {
        x.fill(0.0);
        x[self.place] = 1.0;
    }

    fn step(&mut self, action: usize, _random: &mut Random) -> Step {
        if self.place == GOAL {
            return Step { reward: 1.0, outcome: Outcome::Rested };
        }
        self.place = TRANSITIONS[self.place][action];
        Step { reward: 0.0, outcome: Outcome::Moved }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::random::{Stream, stream};
    use rand::RngExt;

    #[test]
    fn every_transition_is_the_published_one() {
        let published = "0 0 1|1 0 2|2 1 3|3 2 4|4 7 5|5 4 6|7 4 8|8 7 8";
        let mut random = stream(0, Stream::Agent);
        for row in published.split('|') {
            let row: Vec<usize> = row.split(' ').map(|field| field.parse().unwrap()).collect();
            for action in 0..2 {
                let mut maze = TMaze { place: row[0] };
                let step = maze.step(action, &mut random);
                assert_eq!(step, Step { reward: 0.0, outcome: Outcome::Moved });
                assert_eq!(maze.place(), row[1 + action], "place {} action {action}", row[0]);
            }
        }
        assert_eq!(TRANSITIONS[GOAL], [5, 6]);
    }

    #[test]
    fn six_moves_then_a_visit_with_reward() {
        let mut random = stream(0, Stream::Agent);
        let mut maze = TMaze { place: 8 };
        maze.reset(&mut random);
        let mut x = [f64::NAN; 9];
        for place in 0..6 {
            maze.activities(&mut x);
            assert!((0..9).all(|cell| x[cell] == f64::from(cell == place)));
            assert_eq!(maze.step(1, &mut random), Step { reward: 0.0, outcome: Outcome::Moved });
        }
        assert_eq!(maze.place(), GOAL);
        for action in 0..2 {
            assert_eq!(maze.step(action, &mut random), Step { reward: 1.0, outcome: Outcome::Rested });
            assert_eq!(maze.place(), GOAL);
        }
    }

    /// Expected moves to the goal under a uniform policy, from the linear system e(s) = 1 + mean over actions of e(s').
    #[test]
    fn expected_random_walk_is_34_moves() {
        let mut moves = [0.0; 9];
        for _ in 0..10_000 {
            for place in (0..9).filter(|place| *place != GOAL) {
                let [a, b] = TRANSITIONS[place];
                moves[place] = 1.0 + 0.5 * (moves[a] + moves[b]);
            }
        }
        assert!((moves[START] - 34.0_f64).abs() < 1e-9, "{}", moves[START]);
    }

    /// Acceptance A1.
    #[test]
    fn sampled_random_walk_is_34_moves() {
        let mut random = stream(1, Stream::Agent);
        let mut maze = TMaze::new();
        let mut moves = 0;
        for _ in 0..10_000 {
            maze.reset(&mut random);
            loop {
                let action = random.random_range(0..2);
                if maze.step(action, &mut random).outcome == Outcome::Rested {
                    break;
                }
                moves += 1;
            }
        }
        let mean = f64::from(moves) / 10_000.0;
        assert!((mean - 34.0).abs() <= 1.0, "{mean}");
    }
}
