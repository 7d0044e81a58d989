//! What an agent lives in: places, moves and rewards.

use super::random::Random;

/// What became of one iteration of an episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A move; the episode goes on.
    Moved,
    /// A move that reached the goal: there is no next state, critic and actor both learn from it, it counts as a move.
    Arrived,
    /// The agent was found at the goal: the critic alone learns the reward of that state, the chosen action is not carried
    /// out and does not count as a move.
    Rested,
}

impl Outcome {
    /// Whether the episode ends here, so that the next state's value is zero.
    pub fn ends_episode(self) -> bool {
        self != Outcome::Moved
    }

    /// Whether the chosen action was carried out: then it counts as a move, and the actor learns from it.
    pub fn is_move(self) -> bool {
        self != Outcome::Rested
    }
}

/// Answer of the environment to one action.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Reward that enters the TD error of this iteration.
    ///
    /// Tasks time it differently: it belongs to the state the agent *is in* (T-maze, with [`Outcome::Rested`] at the goal) or is
    /// earned by *this move* (water maze, with [`Outcome::Arrived`]).
    pub reward: f64,
    /// Move, last move, or visit to the goal.
    pub outcome: Outcome,
}

/// A world with a finite number of actions, seen by the agent through the activities of its place cells.
pub trait Environment {
    /// Number of place cells, the inputs of the network.
    fn inputs(&self) -> usize;

    /// Number of actions.
    fn actions(&self) -> usize;

    /// Fewest moves from start to goal when every episode starts at the same place.
    fn shortest_path(&self) -> Option<u32> {
        None
    }

    /// Puts the agent at the start of a new episode.
    fn reset(&mut self, random: &mut Random);

    /// Writes the place-cell activities `x(s)` of the present state; `x` has [`Self::inputs`] entries.
    fn activities(&self, x: &mut [f64]);

    /// Carries out `action`, a number below [`Self::actions`].
    fn step(&mut self, action: usize, random: &mut Random) -> Step;
}
