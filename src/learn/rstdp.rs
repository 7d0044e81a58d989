//! Reward-modulated Hebbian learning with an eligibility trace (rate-based R-STDP): the comparison agent without a critic.
//!
//! The same action neurons `h_i = theta_i . x` and the same softmax as the actor-critic; the Hebbian term of each move is kept in a
//! trace `e <- lambda e + x_j (1[i = a] - h_i)` and turned into weight by the reward alone, `dtheta = alpha r e`. Weights stay in 0..1.

use rand::RngExt;
use serde::Deserialize;
use serde_json::Value;

use super::actor_critic::{LearningRule, ParameterError, select, softmax};
use super::agent::{Agent, Experience, StateError};
use super::hardware::{HardwareReport, Weights};
use super::random::Random;

/// The agent.
#[derive(Clone, Debug)]
pub struct RewardStdp {
    rule: LearningRule,
    decay: f64,
    actions: usize,
    weights: Vec<f64>,
    trace: Vec<f64>,
    h: Vec<f64>,
    probabilities: Vec<f64>,
}

impl RewardStdp {
    /// An agent with all weights zero; `decay` is the share of the trace left after one move, and learning rate and temperature
    /// are those of `rule`.
    ///
    /// # Errors
    /// A parameter out of range.
    pub fn new(rule: LearningRule, decay: f64, inputs: usize, actions: usize) -> Result<Self, ParameterError> {
        rule.check()?;
        if !(0.0..=1.0).contains(&decay) {
            return Err(ParameterError {
                parameter: "decay of the trace",
                value: decay,
                range: "a number from 0 to 1",
            });
        }
        let zeros = vec![0.0; inputs * actions];
        let (h, probabilities) = (vec![0.0; actions], vec![0.0; actions]);
        Ok(Self { rule, decay, actions, weights: zeros.clone(), trace: zeros, h, probabilities })
    }
}

impl Agent for RewardStdp {
    type Error = std::convert::Infallible;

    fn act(&mut self, observation: &[f64], random: &mut Random) -> Result<usize, Self::Error> {
        self.h.fill(0.0);
        for (theta, x) in self.weights.chunks_exact(self.actions).zip(observation) {
            self.h.iter_mut().zip(theta).for_each(|(h, theta)| *h += theta * x);
        }
        self.probabilities.copy_from_slice(&self.h);
        softmax(&mut self.probabilities, self.rule.temperature);
        Ok(select(&self.probabilities, random.random::<f64>()))
    }

    fn learn(&mut self, experience: &Experience, _random: &mut Random) -> Result<(), Self::Error> {
        for (trace, x) in self.trace.chunks_exact_mut(self.actions).zip(experience.observation) {
            for (i, (trace, h)) in trace.iter_mut().zip(&self.h).enumerate() {
                let chosen = if i == experience.action { 1.0 } else { 0.0 };
                let hebbian = if experience.moved { x * (chosen - h) } else { 0.0 };
                *trace = self.decay * *trace + hebbian;
            }
        }
        if experience.reward != 0.0 {
            let factor = self.rule.learning_rate * experience.reward;
            let weights = self.weights.iter_mut().zip(&self.trace);
            weights.for_each(|(w, e)| *w = (*w + factor * e).clamp(0.0, 1.0));
        }
        Ok(())
    }

    fn end_episode(&mut self, _random: &mut Random) -> Result<(), Self::Error> {
        self.trace.fill(0.0);
        Ok(())
    }

    fn report(&mut self) -> HardwareReport {
        let actor = self.weights.chunks_exact(self.actions).map(<[f64]>::to_vec).collect();
        let weights = Weights { critic: vec![0.0; self.weights.len() / self.actions.max(1)], actor };
        HardwareReport { weights, fidelity: "ideal".to_owned(), ..HardwareReport::default() }
    }

    fn state(&self) -> Option<Value> {
        serde_json::to_value(&self.weights).ok()
    }

    fn restore(&mut self, state: &Value) -> Result<(), StateError> {
        let weights = Vec::<f64>::deserialize(state)?;
        if weights.len() != self.weights.len() {
            return Err(StateError("another number of weights".to_owned()));
        }
        self.weights = weights;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::random::{Stream, stream};

    #[test]
    fn only_reward_turns_the_trace_into_weight() {
        let mut agent = RewardStdp::new(LearningRule::T_MAZE, 0.5, 2, 2).unwrap();
        let mut random = stream(0, Stream::Agent);
        agent.act(&[1.0, 0.0], &mut random).unwrap();
        let move_by = |x, reward| Experience { observation: x, action: 1, reward, next: None, moved: true };
        agent.learn(&move_by(&[1.0, 0.0], 0.0), &mut random).unwrap();
        assert_eq!(agent.weights, [0.0; 4]);
        agent.learn(&move_by(&[0.0, 1.0], 1.0), &mut random).unwrap();
        assert_eq!(agent.weights, [0.0, 0.2 * 0.5, 0.0, 0.2]);
        agent.end_episode(&mut random).unwrap();
        assert_eq!(agent.trace, [0.0; 4]);
        assert!(RewardStdp::new(LearningRule::T_MAZE, 1.5, 2, 2).is_err());
    }
}
