//! What holds the weights of the network: the interface, and ideal numbers behind it.
//!
//! The learning rule never sees a weight. It asks for activities and for a TD request, and hands over update requests; what lies
//! behind may be arithmetic ([`IdealWeights`]) or a circuit that is read through amplifiers and converters and written with pulses.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::convert::Infallible;

use super::actor_critic::{LearningRule, pulse_count};
use super::agent::StateError;

/// What the agent went through in one iteration, as the critic sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transition<'a> {
    /// Place-cell activities `x` before the move.
    pub activities: &'a [f64],
    /// Activities `x'` after it; `None` at the end of the episode, where the next value counts as zero.
    pub next: Option<&'a [f64]>,
    /// Reward `r`.
    pub reward: f64,
}

/// Requested changes of all normalised weights in one iteration. Most entries are zero.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateRequests {
    /// Change of the critic weight of each input.
    pub critic: Vec<f64>,
    /// Change of the actor weights, `actor[input * actions + action]`.
    pub actor: Vec<f64>,
}

impl UpdateRequests {
    /// No change for a network of this size.
    pub fn zero(inputs: usize, actions: usize) -> Self {
        Self { critic: vec![0.0; inputs], actor: vec![0.0; inputs * actions] }
    }
}

/// Holder of one critic and `actions` actor weights per input.
///
/// In each iteration the calls come in this order: [`read_actions`](Self::read_actions),
/// [`td_request`](Self::td_request), [`update`](Self::update), so both reads see the weights from before the update.
pub trait WeightHardware {
    /// Why a read or an update failed.
    type Error: std::error::Error + Send + 'static;

    /// Reads the activity `h_i = sum_j theta_ij x_j` of every action neuron into `h`.
    fn read_actions(&mut self, activities: &[f64], h: &mut [f64]) -> Result<(), Self::Error>;

    /// Forms `alpha * delta = alpha (r + gamma V(x') - V(x))`, with learning rate and discount from `rule`.
    fn td_request(&mut self, rule: &LearningRule, transition: &Transition) -> Result<f64, Self::Error>;

    /// Applies the requested changes; weights stay within 0 to 1 and zero requests leave their weight alone.
    fn update(&mut self, requests: &UpdateRequests) -> Result<(), Self::Error>;

    /// Accounts for all that was done so far. The simulation may look at what no controller could know here.
    fn report(&mut self) -> HardwareReport;

    /// All that a resumed run needs; `None` when these weights cannot be saved.
    fn state(&self) -> Option<Value> {
        None
    }

    /// Takes over what [`state`](Self::state) gave.
    ///
    /// # Errors
    /// A state of other weights.
    fn restore(&mut self, _state: &Value) -> Result<(), StateError> {
        Err(StateError("these weights cannot be resumed".to_owned()))
    }
}

/// Numbers of write pulses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pulses {
    /// Pulses that raise a weight.
    pub set: u64,
    /// Pulses that lower a weight.
    pub reset: u64,
}

impl Pulses {
    /// Adds a train of `count` set pulses, or `-count` reset pulses when negative.
    pub fn add(&mut self, count: i32) {
        let pulses = u64::from(count.unsigned_abs());
        if count > 0 {
            self.set += pulses;
        } else {
            self.reset += pulses;
        }
    }
}

/// Normalised weights.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Weights {
    /// Critic weight of each input.
    pub critic: Vec<f64>,
    /// `actor[input][action]`.
    pub actor: Vec<Vec<f64>>,
}

/// Account of a training run, as far as the hardware is concerned.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HardwareReport {
    /// Weights as they really are, not as the controller believes.
    pub weights: Weights,
    /// Error of each measured TD request, measured minus exact, in the order of measurement. Empty when nothing is measured.
    pub dw_error: Vec<f64>,
    /// Energy drawn by reads and updates, J; `None` when there is no circuit.
    pub energy_joules: Option<f64>,
    /// Time that passed in the simulated circuit, s; `None` when there is no circuit.
    pub simulated_seconds: Option<f64>,
    /// Pulses applied; for ideal weights, pulses a linear device would need.
    pub pulses: Pulses,
    /// What stood behind the weights: `ideal`, `behavioural`, `pairs`, `quasistatic`, `transient`.
    pub fidelity: String,
}

/// Linear weights without noise or quantisation, `w := clip(w + dw, 0, 1)`: the reference every circuit is compared with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IdealWeights {
    actions: usize,
    critic: Vec<f64>,
    actor: Vec<f64>,
    pulses: Pulses,
}

impl IdealWeights {
    /// All weights zero.
    pub fn new(inputs: usize, actions: usize) -> Self {
        let UpdateRequests { critic, actor } = UpdateRequests::zero(inputs, actions);
        Self { actions, critic, actor, pulses: Pulses::default() }
    }

    /// The value `V = sum_j w_j x_j`.
    fn value(&self, activities: &[f64]) -> f64 {
        self.critic.iter().zip(activities).map(|(w, x)| w * x).sum()
    }
}

impl WeightHardware for IdealWeights {
    type Error = Infallible;

    fn read_actions(&mut self, activities: &[f64], h: &mut [f64]) -> Result<(), Infallible> {
        h.fill(0.0);
        for (theta, x) in self.actor.chunks_exact(self.actions).zip(activities).filter(|(_, x)| **x != 0.0) {
            for (h, theta) in h.iter_mut().zip(theta) {
                *h += theta * x;
            }
        }
        Ok(())
    }

    fn td_request(&mut self, rule: &LearningRule, transition: &Transition) -> Result<f64, Infallible> {
        let next = transition.next.map_or(0.0, |x| self.value(x));
        Ok(rule.learning_rate * (transition.reward + rule.discount * next - self.value(transition.activities)))
    }

    fn update(&mut self, requests: &UpdateRequests) -> Result<(), Infallible> {
        let weights = self.critic.iter_mut().zip(&requests.critic).chain(self.actor.iter_mut().zip(&requests.actor));
        for (w, &dw) in weights {
            let blocked = if dw < 0.0 { *w <= 0.0 } else { *w >= 1.0 };
            if dw != 0.0 && !blocked {
                *w = (*w + dw).clamp(0.0, 1.0);
                self.pulses.add(pulse_count(dw));
            }
        }
        Ok(())
    }

    fn report(&mut self) -> HardwareReport {
        let actor = self.actor.chunks_exact(self.actions).map(<[f64]>::to_vec).collect();
        HardwareReport {
            weights: Weights { critic: self.critic.clone(), actor },
            pulses: self.pulses,
            fidelity: "ideal".to_owned(),
            ..HardwareReport::default()
        }
    }

    fn state(&self) -> Option<Value> {
        serde_json::to_value(self).ok()
    }

    fn restore(&mut self, state: &Value) -> Result<(), StateError> {
        *self = Self::deserialize(state)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn requests_beyond_a_bound_are_dropped() {
        let mut weights = IdealWeights::new(2, 1);
        weights.update(&UpdateRequests { critic: vec![-0.5, 1.5], actor: vec![0.25, -0.25] }).unwrap();
        assert_eq!(
            (weights.critic.as_slice(), weights.actor.as_slice()),
            ([0.0, 1.0].as_slice(), [0.25, 0.0].as_slice())
        );
        assert_eq!(weights.pulses, Pulses { set: 350, reset: 0 });
        weights.update(&UpdateRequests { critic: vec![0.0, 0.5], actor: vec![-0.5, 0.0] }).unwrap();
        assert_eq!(
            (weights.critic.as_slice(), weights.actor.as_slice()),
            ([0.0, 1.0].as_slice(), [0.0, 0.0].as_slice())
        );
        assert_eq!(weights.pulses, Pulses { set: 350, reset: 100 });
    }

    #[test]
    fn td_request_is_the_bellman_error() {
        let mut weights = IdealWeights::new(2, 1);
        weights.critic = vec![0.5, 0.8];
        let rule = LearningRule { learning_rate: 0.2, discount: 0.9, ..LearningRule::T_MAZE };
        let mut request =
            |next, reward| weights.td_request(&rule, &Transition { activities: &[1.0, 0.25], next, reward }).unwrap();
        assert!((request(Some(&[0.5, 1.0]), 0.1) - 0.2 * (0.1 + 0.9 * 1.05 - 0.7)).abs() < 1e-15);
        assert!((request(None, 1.0) - 0.2 * (1.0 - 0.7)).abs() < 1e-15);
    }

    proptest! {
        #[test]
        fn weights_stay_in_range(changes in prop::collection::vec(-2.0..2.0_f64, 1..50)) {
            let mut weights = IdealWeights::new(1, 1);
            for dw in changes {
                weights.update(&UpdateRequests { critic: vec![dw], actor: vec![-dw] }).unwrap();
                prop_assert!((0.0..=1.0).contains(&weights.critic[0]) && (0.0..=1.0).contains(&weights.actor[0]));
            }
        }
    }
}
