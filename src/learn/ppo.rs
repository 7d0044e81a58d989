//! Proximal policy optimisation with one linear layer: the comparison agent of modern software.
//!
//! Policy softmax(theta x) and value `w . x` from the same inputs as the actor-critic, advantages by generalised advantage
//! estimation, clipped surrogate objective with an entropy bonus, Adam. J. Schulman et al., arXiv:1707.06347 (2017).

use rand::RngExt;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::actor_critic::{ParameterError, select, softmax};
use super::agent::{Agent, Experience, StateError};
use super::hardware::{HardwareReport, Weights};
use super::random::Random;

/// Parameters.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PpoRule {
    /// Step of Adam.
    pub learning_rate: f64,
    /// Discount of the next state's value.
    pub discount: f64,
    /// Decay of the advantage estimate.
    pub lambda: f64,
    /// Largest relative change of a probability that still earns.
    pub clip: f64,
    /// Weight of the entropy.
    pub entropy: f64,
    /// Moves collected before an update, at least; updates come at the ends of episodes.
    pub horizon: usize,
    /// Passes through the collected moves.
    pub epochs: usize,
    /// Moves of one gradient step.
    pub minibatch: usize,
}

impl Default for PpoRule {
    fn default() -> Self {
        Self {
            learning_rate: 0.01,
            discount: 0.975,
            lambda: 0.95,
            clip: 0.2,
            entropy: 0.01,
            horizon: 512,
            epochs: 8,
            minibatch: 64,
        }
    }
}

/// Moments of Adam and the parameters they move.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Adam {
    values: Vec<f64>,
    first: Vec<f64>,
    second: Vec<f64>,
    steps: i32,
}

impl Adam {
    fn new(count: usize) -> Self {
        Self { values: vec![0.0; count], first: vec![0.0; count], second: vec![0.0; count], steps: 0 }
    }

    /// One step against the gradient.
    fn step(&mut self, gradient: &[f64], rate: f64) {
        const FIRST: f64 = 0.9;
        const SECOND: f64 = 0.999;
        self.steps += 1;
        let (c1, c2) = (1.0 - FIRST.powi(self.steps), 1.0 - SECOND.powi(self.steps));
        let moments = self.first.iter_mut().zip(&mut self.second);
        for ((value, (m, v)), g) in self.values.iter_mut().zip(moments).zip(gradient) {
            *m = FIRST * *m + (1.0 - FIRST) * g;
            *v = SECOND * *v + (1.0 - SECOND) * g * g;
            *value -= rate * (*m / c1) / ((*v / c2).sqrt() + 1e-8);
        }
    }
}

/// Collected moves.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Rollout {
    observations: Vec<f64>,
    actions: Vec<usize>,
    /// Logarithm of the probability the action had.
    chances: Vec<f64>,
    rewards: Vec<f64>,
    values: Vec<f64>,
    /// Value after the last move of an episode, none inside one.
    ends: Vec<Option<f64>>,
}

/// The agent.
#[derive(Clone, Debug)]
pub struct Ppo {
    rule: PpoRule,
    inputs: usize,
    actions: usize,
    /// Actor, `[input][action]`, then critic.
    adam: Adam,
    rollout: Rollout,
    probabilities: Vec<f64>,
    last_next: Option<Vec<f64>>,
}

impl Ppo {
    /// An agent with all weights zero.
    ///
    /// # Errors
    /// A parameter out of range.
    pub fn new(rule: PpoRule, inputs: usize, actions: usize) -> Result<Self, ParameterError> {
        let positive = |parameter, value: f64| {
            let error = ParameterError { parameter, value, range: "a finite number above 0" };
            if value > 0.0 && value.is_finite() { Ok(()) } else { Err(error) }
        };
        positive("learning rate", rule.learning_rate)?;
        positive("clip", rule.clip)?;
        positive("horizon", rule.horizon as f64)?;
        positive("minibatch", rule.minibatch as f64)?;
        for (parameter, value) in [("discount", rule.discount), ("lambda", rule.lambda)] {
            if !(0.0..=1.0).contains(&value) {
                return Err(ParameterError { parameter, value, range: "a number from 0 to 1" });
            }
        }
        Ok(Self {
            rule,
            inputs,
            actions,
            adam: Adam::new(inputs * (actions + 1)),
            rollout: Rollout::default(),
            probabilities: vec![0.0; actions],
            last_next: None,
        })
    }

    fn policy(&self, x: &[f64], probabilities: &mut [f64]) {
        probabilities.fill(0.0);
        for (theta, x) in self.adam.values.chunks_exact(self.actions).zip(x) {
            probabilities.iter_mut().zip(theta).for_each(|(h, theta)| *h += theta * x);
        }
        softmax(probabilities, 1.0);
    }

    fn value(&self, x: &[f64]) -> f64 {
        self.adam.values[self.inputs * self.actions..].iter().zip(x).map(|(w, x)| w * x).sum()
    }

    /// Advantages and returns of the collected moves.
    fn advantages(&self) -> (Vec<f64>, Vec<f64>) {
        let Rollout { rewards, values, ends, .. } = &self.rollout;
        let mut advantages = vec![0.0; rewards.len()];
        let mut after = 0.0;
        for k in (0..rewards.len()).rev() {
            let (next, carried) = match ends[k] {
                Some(value) => (value, 0.0),
                None => (values[k + 1], after),
            };
            let delta = rewards[k] + self.rule.discount * next - values[k];
            after = delta + self.rule.discount * self.rule.lambda * carried;
            advantages[k] = after;
        }
        let returns = advantages.iter().zip(values).map(|(a, v)| a + v).collect();
        let mean = advantages.iter().sum::<f64>() / advantages.len() as f64;
        let variance = advantages.iter().map(|a| (a - mean).powi(2)).sum::<f64>() / advantages.len() as f64;
        let scale = 1.0 / (variance.sqrt() + 1e-8);
        advantages.iter_mut().for_each(|a| *a = (*a - mean) * scale);
        (advantages, returns)
    }

    /// Adds the gradient of one move's loss.
    fn gradient(&self, k: usize, advantage: f64, target: f64, p: &mut [f64], gradient: &mut [f64]) {
        let x = &self.rollout.observations[k * self.inputs..(k + 1) * self.inputs];
        let action = self.rollout.actions[k];
        self.policy(x, p);
        let ratio = (p[action].max(1e-300).ln() - self.rollout.chances[k]).exp();
        let clipped =
            (advantage > 0.0 && ratio > 1.0 + self.rule.clip) || (advantage < 0.0 && ratio < 1.0 - self.rule.clip);
        let weight = if clipped { 0.0 } else { -advantage * ratio };
        let entropy: f64 = p.iter().filter(|p| **p > 0.0).map(|p| -p * p.ln()).sum();
        let (actor, critic) = gradient.split_at_mut(self.inputs * self.actions);
        // d loss / d logit; the entropy bonus has derivative p_i (ln p_i + S).
        for (i, p) in p.iter_mut().enumerate() {
            let chosen = if i == action { 1.0 } else { 0.0 };
            let bonus = if *p > 0.0 { self.rule.entropy * *p * (p.ln() + entropy) } else { 0.0 };
            *p = weight * (chosen - *p) + bonus;
        }
        let error = self.value(x) - target;
        for ((row, critic), x) in actor.chunks_exact_mut(self.actions).zip(critic).zip(x) {
            row.iter_mut().zip(&*p).for_each(|(g, d)| *g += d * x);
            *critic += error * x;
        }
    }

    fn update(&mut self, random: &mut Random) {
        let (advantages, returns) = self.advantages();
        let mut order: Vec<usize> = (0..advantages.len()).collect();
        let mut gradient = vec![0.0; self.adam.values.len()];
        let mut p = vec![0.0; self.actions];
        for _ in 0..self.rule.epochs {
            order.shuffle(random);
            for batch in order.chunks(self.rule.minibatch) {
                gradient.fill(0.0);
                batch.iter().for_each(|k| self.gradient(*k, advantages[*k], returns[*k], &mut p, &mut gradient));
                gradient.iter_mut().for_each(|g| *g /= batch.len() as f64);
                self.adam.step(&gradient, self.rule.learning_rate);
            }
        }
        self.rollout = Rollout::default();
    }
}

impl Agent for Ppo {
    type Error = std::convert::Infallible;

    fn act(&mut self, observation: &[f64], random: &mut Random) -> Result<usize, Self::Error> {
        let mut probabilities = std::mem::take(&mut self.probabilities);
        self.policy(observation, &mut probabilities);
        let action = select(&probabilities, random.random::<f64>());
        self.rollout.chances.push(probabilities[action].ln());
        self.probabilities = probabilities;
        Ok(action)
    }

    fn learn(&mut self, experience: &Experience, _random: &mut Random) -> Result<(), Self::Error> {
        let value = self.value(experience.observation);
        let rollout = &mut self.rollout;
        rollout.observations.extend_from_slice(experience.observation);
        rollout.actions.push(experience.action);
        rollout.rewards.push(experience.reward);
        rollout.values.push(value);
        rollout.ends.push(experience.next.is_none().then_some(0.0));
        let next = self.last_next.get_or_insert_default();
        next.clear();
        next.extend(experience.next.into_iter().flatten());
        Ok(())
    }

    fn end_episode(&mut self, random: &mut Random) -> Result<(), Self::Error> {
        // An episode that was broken off goes on for the value.
        let value = self.last_next.as_ref().filter(|x| !x.is_empty()).map_or(0.0, |x| self.value(x));
        if let Some(end) = self.rollout.ends.last_mut() {
            end.get_or_insert(value);
        }
        if self.rollout.rewards.len() >= self.rule.horizon {
            self.update(random);
        }
        Ok(())
    }

    fn report(&mut self) -> HardwareReport {
        let (actor, critic) = self.adam.values.split_at(self.inputs * self.actions);
        let actor = actor.chunks_exact(self.actions).map(<[f64]>::to_vec).collect();
        let weights = Weights { critic: critic.to_vec(), actor };
        HardwareReport { weights, fidelity: "ideal".to_owned(), ..HardwareReport::default() }
    }

    fn state(&self) -> Option<Value> {
        serde_json::to_value((&self.adam, &self.rollout)).ok()
    }

    fn restore(&mut self, state: &Value) -> Result<(), StateError> {
        let (adam, rollout) = <(Adam, Rollout)>::deserialize(state)?;
        if adam.values.len() != self.adam.values.len() {
            return Err(StateError("another number of weights".to_owned()));
        }
        (self.adam, self.rollout) = (adam, rollout);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loss(agent: &Ppo, advantage: f64, target: f64) -> f64 {
        let x = &agent.rollout.observations;
        let mut p = vec![0.0; agent.actions];
        agent.policy(x, &mut p);
        let ratio = (p[agent.rollout.actions[0]].ln() - agent.rollout.chances[0]).exp();
        let clip = ratio.clamp(1.0 - agent.rule.clip, 1.0 + agent.rule.clip);
        let entropy: f64 = p.iter().map(|p| -p * p.ln()).sum();
        -(ratio * advantage).min(clip * advantage) - agent.rule.entropy * entropy
            + 0.5 * (agent.value(x) - target).powi(2)
    }

    #[test]
    fn the_gradient_is_that_of_the_loss() {
        for (advantage, chance) in [(1.3, -1.1), (-0.7, -1.1), (1.3, -1.6), (-0.7, -0.4)] {
            let mut agent = Ppo::new(PpoRule { entropy: 0.3, ..PpoRule::default() }, 2, 3).unwrap();
            agent.adam.values = vec![0.2, -0.1, 0.4, 0.3, 0.1, -0.5, 0.7, -0.2];
            agent.rollout =
                Rollout { observations: vec![0.8, 0.5], actions: vec![2], chances: vec![chance], ..Rollout::default() };
            let mut gradient = vec![0.0; 8];
            agent.gradient(0, advantage, 0.9, &mut [0.0; 3], &mut gradient);
            for (k, g) in gradient.iter().enumerate() {
                let mut shifted = agent.clone();
                shifted.adam.values[k] += 1e-6;
                let up = loss(&shifted, advantage, 0.9);
                shifted.adam.values[k] -= 2e-6;
                let numeric = (up - loss(&shifted, advantage, 0.9)) / 2e-6;
                assert!((g - numeric).abs() < 1e-8, "{k}: {g} {numeric}");
            }
        }
    }
}
