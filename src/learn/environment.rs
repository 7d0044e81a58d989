//! What an agent lives in: places, moves and rewards.

use super::random::Random;

/// What became of one iteration of an episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A move; the episode goes on.
    Moved,
    /// A move that ended the episode, at the goal or by a failure: there is no next state, critic and actor both learn from it, it
    /// counts as a move.
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

/// A world with a finite number of actions, seen by the agent through observations: activities of place cells, or continuous
/// quantities.
pub trait Environment {
    /// Number of observed quantities, the inputs of the network.
    fn inputs(&self) -> usize;

    /// Number of actions.
    fn actions(&self) -> usize;

    /// Fewest moves from start to goal when every episode starts at the same place.
    fn shortest_path(&self) -> Option<u32> {
        None
    }

    /// Puts the agent at the start of a new episode.
    fn reset(&mut self, random: &mut Random);

    /// Writes the observation `x(s)` of the present state; `x` has [`Self::inputs`] entries.
    fn activities(&self, x: &mut [f64]);

    /// Carries out `action`, a number below [`Self::actions`].
    fn step(&mut self, action: usize, random: &mut Random) -> Step;

    /// What broke in a world outside this program; checked after each step and each reset.
    fn failure(&mut self) -> Option<String> {
        None
    }

    /// Whether a run may go on from a saved episode: nothing of this environment outlives an episode.
    fn resumable(&self) -> bool {
        true
    }
}

impl<W: Environment + ?Sized> Environment for Box<W> {
    fn inputs(&self) -> usize {
        (**self).inputs()
    }
    fn actions(&self) -> usize {
        (**self).actions()
    }
    fn shortest_path(&self) -> Option<u32> {
        (**self).shortest_path()
    }
    fn reset(&mut self, random: &mut Random) {
        (**self).reset(random);
    }
    fn activities(&self, x: &mut [f64]) {
        (**self).activities(x);
    }
    fn step(&mut self, action: usize, random: &mut Random) -> Step {
        (**self).step(action, random)
    }
    fn failure(&mut self) -> Option<String> {
        (**self).failure()
    }
    fn resumable(&self) -> bool {
        (**self).resumable()
    }
}
