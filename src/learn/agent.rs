//! What learns: the interface every agent implements.

use serde_json::Value;

use super::environment::Environment;
use super::hardware::HardwareReport;
use super::random::Random;

/// What the agent went through in one iteration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Experience<'a> {
    /// Observation before the action.
    pub observation: &'a [f64],
    /// Action chosen.
    pub action: usize,
    /// Reward.
    pub reward: f64,
    /// Observation after the action; `None` when the episode ends here, so that nothing comes after.
    pub next: Option<&'a [f64]>,
    /// Whether the action was carried out; see [`Outcome::is_move`](super::Outcome::is_move).
    pub moved: bool,
}

/// A learner. In each iteration [`act`](Self::act) is called, the environment answers, then [`learn`](Self::learn) is called.
///
/// All random draws of an agent come from the generator it is handed or from streams of its own seed, so that a seed fixes a run.
pub trait Agent {
    /// Why an iteration failed.
    type Error: std::error::Error + Send + 'static;

    /// Called once before the first episode, for agents that want experience of their own. Returns whether the first episode
    /// goes on from where this left the environment, instead of starting anew.
    ///
    /// # Errors
    /// Whatever can fail.
    fn prepare(&mut self, _environment: &mut dyn Environment, _random: &mut Random) -> Result<bool, Self::Error> {
        Ok(false)
    }

    /// Chooses an action.
    ///
    /// # Errors
    /// A read that failed.
    fn act(&mut self, observation: &[f64], random: &mut Random) -> Result<usize, Self::Error>;

    /// Learns from what followed.
    ///
    /// # Errors
    /// A read or write that failed.
    fn learn(&mut self, experience: &Experience, random: &mut Random) -> Result<(), Self::Error>;

    /// The episode is over, at its end or at the limit.
    ///
    /// # Errors
    /// A read or write that failed.
    fn end_episode(&mut self, _random: &mut Random) -> Result<(), Self::Error> {
        Ok(())
    }

    /// Accounts for everything done so far.
    fn report(&mut self) -> HardwareReport;

    /// All that a resumed run needs, taken between two episodes; `None` when this agent cannot be saved, and a killed run starts
    /// the seed anew.
    fn state(&self) -> Option<Value> {
        None
    }

    /// Takes over what [`state`](Self::state) gave.
    ///
    /// # Errors
    /// A state of another agent.
    fn restore(&mut self, _state: &Value) -> Result<(), StateError> {
        Err(StateError("this agent cannot be resumed".to_owned()))
    }
}

/// A saved state that does not belong to what it is given to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the saved state does not fit: {0}")]
pub struct StateError(pub String);

impl From<serde_json::Error> for StateError {
    fn from(error: serde_json::Error) -> Self {
        Self(error.to_string())
    }
}

impl<A: Agent + ?Sized> Agent for Box<A> {
    type Error = A::Error;
    fn prepare(&mut self, environment: &mut dyn Environment, random: &mut Random) -> Result<bool, Self::Error> {
        (**self).prepare(environment, random)
    }
    fn act(&mut self, observation: &[f64], random: &mut Random) -> Result<usize, Self::Error> {
        (**self).act(observation, random)
    }
    fn learn(&mut self, experience: &Experience, random: &mut Random) -> Result<(), Self::Error> {
        (**self).learn(experience, random)
    }
    fn end_episode(&mut self, random: &mut Random) -> Result<(), Self::Error> {
        (**self).end_episode(random)
    }
    fn report(&mut self) -> HardwareReport {
        (**self).report()
    }
    fn state(&self) -> Option<Value> {
        (**self).state()
    }
    fn restore(&mut self, state: &Value) -> Result<(), StateError> {
        (**self).restore(state)
    }
}

/// Failure of an agent whose kind is known by name only.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct AgentError(#[from] Box<dyn std::error::Error + Send>);

/// Hides the error type of an agent.
#[derive(Clone, Debug)]
pub struct Erased<A>(pub A);

/// Any agent.
pub type AnyAgent = Box<dyn Agent<Error = AgentError> + Send>;

impl<A: Agent> Erased<A> {
    fn hide<T>(result: Result<T, A::Error>) -> Result<T, AgentError> {
        result.map_err(|error| AgentError(Box::new(error)))
    }
}

impl<A: Agent> Agent for Erased<A> {
    type Error = AgentError;
    fn prepare(&mut self, environment: &mut dyn Environment, random: &mut Random) -> Result<bool, AgentError> {
        Self::hide(self.0.prepare(environment, random))
    }
    fn act(&mut self, observation: &[f64], random: &mut Random) -> Result<usize, AgentError> {
        Self::hide(self.0.act(observation, random))
    }
    fn learn(&mut self, experience: &Experience, random: &mut Random) -> Result<(), AgentError> {
        Self::hide(self.0.learn(experience, random))
    }
    fn end_episode(&mut self, random: &mut Random) -> Result<(), AgentError> {
        Self::hide(self.0.end_episode(random))
    }
    fn report(&mut self) -> HardwareReport {
        self.0.report()
    }
    fn state(&self) -> Option<Value> {
        self.0.state()
    }
    fn restore(&mut self, state: &Value) -> Result<(), StateError> {
        self.0.restore(state)
    }
}
