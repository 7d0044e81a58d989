//! The agent.

use rand::RngExt;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::memory::Replay;
use super::network::{Batch, Network, RmsProp};
use super::pairs::NetworkHardware;
use crate::learn::actor_critic::ParameterError;
use crate::learn::agent::{Agent, Experience, StateError};
use crate::learn::environment::Environment;
use crate::learn::hardware::{HardwareReport, Weights};
use crate::learn::random::{Random, Stream, stream};

/// Parameters of the learning rule.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeepQRule {
    /// Units of each of the two hidden layers.
    pub hidden: usize,
    /// Transitions of one update.
    pub minibatch: usize,
    /// Transitions kept.
    pub capacity: usize,
    /// Discount of the next state's value.
    pub discount: f64,
    /// Step of RMSprop.
    pub learning_rate: f64,
    /// Decay of RMSprop.
    pub decay: f64,
    /// Share of random actions in the end.
    pub epsilon_end: f64,
    /// Decay of the share of random actions per stored transition.
    pub epsilon_decay: f64,
    /// Initial biases are uniform between minus and plus this.
    pub bias_spread: f64,
    /// Whether the mean change of each layer is removed.
    pub centre: bool,
    /// How often the last transition of an episode is stored while learning.
    pub copies: usize,
    /// Random transitions collected before learning; the first episode goes on from their end.
    pub pretrain: usize,
    /// Steps a random action is held while collecting them.
    pub hold: usize,
}

impl Default for DeepQRule {
    /// The cart-pole of Wang et al. 2019, as in their code.
    fn default() -> Self {
        Self {
            hidden: 48,
            minibatch: 80,
            capacity: 20_000,
            discount: 0.99,
            learning_rate: 5e-4,
            decay: 0.9,
            epsilon_end: 0.01,
            epsilon_decay: 1e-3,
            bias_spread: 0.5,
            centre: false,
            copies: 1,
            pretrain: 0,
            hold: 16,
        }
    }
}

impl DeepQRule {
    /// Sizes of the layers between these inputs and actions.
    pub fn sizes(&self, inputs: usize, actions: usize) -> [usize; 4] {
        [inputs, self.hidden, self.hidden, actions]
    }

    fn check(&self) -> Result<(), ParameterError> {
        let shares = [("discount", self.discount), ("decay", self.decay), ("last epsilon", self.epsilon_end)];
        for (parameter, value) in shares {
            if !(0.0..=1.0).contains(&value) {
                return Err(ParameterError { parameter, value, range: "a number from 0 to 1" });
            }
        }
        for (parameter, value) in [("learning rate", self.learning_rate), ("decay of epsilon", self.epsilon_decay)] {
            if !(value >= 0.0 && value.is_finite()) {
                return Err(ParameterError { parameter, value, range: "a finite number not below 0" });
            }
        }
        let counts = [("hidden units", self.hidden), ("minibatch", self.minibatch), ("capacity", self.capacity)];
        for (parameter, count) in counts.into_iter().chain([("hold", self.hold), ("copies", self.copies)]) {
            if count == 0 {
                return Err(ParameterError { parameter, value: 0.0, range: "at least 1" });
            }
        }
        Ok(())
    }
}

/// What changes while learning, but for the hardware.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct State {
    network: Network,
    memory: Replay,
    /// Transitions stored since learning began.
    stored: u64,
}

/// Deep Q-learning.
///
/// In each step: draw a minibatch; send its states, its next states and the present state through the network together; backpropagate
/// through the weights as last read; program the changes; choose an action by the values from before. No target network.
#[derive(Clone, Debug)]
pub struct DeepQ<H> {
    rule: DeepQRule,
    hardware: H,
    state: State,
    batch: Batch,
    drawn: Vec<usize>,
    /// Of each drawn transition: its action, its reward, and the number of the next state's vector.
    roles: Vec<(usize, f64, Option<usize>)>,
}

impl<H: NetworkHardware> DeepQ<H> {
    /// An agent on hardware of the sizes of [`DeepQRule::sizes`], with random biases.
    ///
    /// # Errors
    /// A parameter out of range.
    pub fn new(rule: DeepQRule, hardware: H, inputs: usize, actions: usize, seed: u64) -> Result<Self, ParameterError> {
        rule.check()?;
        let sizes = rule.sizes(inputs, actions);
        let mut random = stream(seed, Stream::Readout);
        let mut uniform = || rule.bias_spread * (2.0 * random.random::<f64>() - 1.0);
        let biases = sizes[1..].iter().map(|n| (0..*n).map(|_| uniform()).collect()).collect();
        Ok(Self {
            rule,
            hardware,
            state: State {
                network: Network::new(&sizes, biases),
                memory: Replay::new(rule.capacity, inputs),
                stored: 0,
            },
            batch: Batch::new(&sizes, 2 * rule.minibatch + 1),
            drawn: Vec::with_capacity(rule.minibatch),
            roles: Vec::with_capacity(rule.minibatch),
        })
    }

    /// What holds the weights.
    pub fn hardware(&self) -> &H {
        &self.hardware
    }

    /// One update on the drawn transitions; the present state goes through the network with them. Returns its vector's number.
    fn update(&mut self, observation: &[f64]) -> Result<usize, H::Error> {
        let State { network, memory, .. } = &mut self.state;
        self.batch.clear();
        self.roles.clear();
        for k in &self.drawn {
            self.batch.push(memory.get(*k).0);
        }
        for k in &self.drawn {
            let (_, action, reward, next) = memory.get(*k);
            let next = next.map(|x| self.batch.push(x));
            self.roles.push((action, reward, next));
        }
        let present = self.batch.push(observation);
        network.forward(&mut self.hardware, &mut self.batch)?;
        network.begin();
        for (k, (action, reward, next)) in self.roles.iter().enumerate() {
            let future = next.map_or(0.0, |k| highest(self.batch.output(k)));
            let target = reward + self.rule.discount * future;
            let error = self.batch.output(k)[*action] - target;
            network.backward(&self.hardware, &self.batch, k, *action, error);
        }
        let optimiser = RmsProp { rate: self.rule.learning_rate, decay: self.rule.decay };
        network.finish(&optimiser, 1.0 / self.roles.len() as f64, self.rule.centre);
        self.hardware.program(&network.weight_changes)?;
        Ok(present)
    }

    fn store(&mut self, experience: &Experience, copies: usize) {
        let Experience { observation, action, reward, next, .. } = *experience;
        for _ in 0..copies {
            self.state.memory.store(observation, action, reward, next);
        }
    }
}

fn highest(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

impl<H: NetworkHardware> Agent for DeepQ<H> {
    type Error = H::Error;

    fn prepare(&mut self, environment: &mut dyn Environment, random: &mut Random) -> Result<bool, H::Error> {
        if self.rule.pretrain == 0 {
            return Ok(false);
        }
        let inputs = environment.inputs();
        let (mut x, mut y) = (vec![0.0; inputs], vec![0.0; inputs]);
        let mut action = 0;
        environment.reset(random);
        for step in 0..self.rule.pretrain {
            if step % self.rule.hold == 0 {
                action = random.random_range(0..environment.actions());
            }
            environment.activities(&mut x);
            let answer = environment.step(action, random);
            environment.activities(&mut y);
            let ended = answer.outcome.ends_episode();
            let next = (!ended).then_some(y.as_slice());
            self.store(&Experience { observation: &x, action, reward: answer.reward, next, moved: true }, 1);
            if ended {
                environment.reset(random);
            }
        }
        Ok(true)
    }

    fn act(&mut self, observation: &[f64], random: &mut Random) -> Result<usize, H::Error> {
        let actions = self.state.network.biases.last().map_or(0, Vec::len);
        if self.state.memory.is_empty() {
            return Ok(random.random_range(0..actions));
        }
        self.state.memory.sample(self.rule.minibatch, random, &mut self.drawn);
        let present = self.update(observation)?;
        let end = self.rule.epsilon_end;
        let epsilon = end + (1.0 - end) * (-self.rule.epsilon_decay * self.state.stored as f64).exp();
        if random.random::<f64>() < epsilon {
            return Ok(random.random_range(0..actions));
        }
        let values = self.batch.output(present);
        let best = (1..values.len()).fold(0, |best, a| if values[a] > values[best] { a } else { best });
        Ok(best)
    }

    fn learn(&mut self, experience: &Experience, _random: &mut Random) -> Result<(), H::Error> {
        let copies = if experience.next.is_none() { self.rule.copies } else { 1 };
        self.store(experience, copies);
        self.state.stored += copies as u64;
        Ok(())
    }

    /// The weights of the network are reported layer by layer in `actor`.
    fn report(&mut self) -> HardwareReport {
        let layers = self.state.network.biases.len();
        let actor = (0..layers).map(|layer| self.hardware.weights(layer).to_vec()).collect();
        HardwareReport {
            weights: Weights { critic: Vec::new(), actor },
            pulses: self.hardware.pulses(),
            fidelity: self.hardware.fidelity().to_owned(),
            ..HardwareReport::default()
        }
    }

    fn state(&self) -> Option<Value> {
        serde_json::to_value((&self.state, self.hardware.state()?)).ok()
    }

    fn restore(&mut self, state: &Value) -> Result<(), StateError> {
        let (state, hardware) = <(State, Value)>::deserialize(state)?;
        if !state.network.same_shape(&self.state.network) {
            return Err(StateError("another network".to_owned()));
        }
        self.hardware.restore(&hardware)?;
        self.state = state;
        self.state.network.make_room();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::pairs::{ConductancePairs, PairRule};
    use super::*;
    use crate::learn::cartpole::CartPole;
    use crate::learn::training::{Stop, Trainer, Training};

    /// frac(a (k + 1) + b), the formula behind the golden data.
    fn frac(k: usize, b: f64) -> f64 {
        (0.6180339887498949 * (k as f64 + 1.0) + b).rem_euclid(1.0)
    }

    fn close(name: &str, ours: f64, reference: &Value) {
        let reference = reference.as_f64().unwrap();
        let tolerance = 1e-10 * reference.abs().max(1e-3);
        assert!((ours - reference).abs() <= tolerance, "{name}: {ours:e}, reference {reference:e}");
    }

    /// Three successive updates without noise against another implementation.
    #[test]
    fn golden_updates() {
        for (name, text) in [
            ("cart-pole", include_str!("../../../tests/data/dqn/golden_update_cartpole.json")),
            ("mountain car", include_str!("../../../tests/data/dqn/golden_update_mountaincar.json")),
        ] {
            let golden: Value = serde_json::from_str(text).unwrap();
            let sizes: Vec<usize> =
                golden["sizes"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as usize).collect();
            let b = golden["b"].as_f64().unwrap();
            let mut k = 0..;
            let mut next = |count: usize| k.by_ref().take(count).collect::<Vec<usize>>();
            let weights: Vec<Vec<f64>> = sizes
                .windows(2)
                .map(|p| next(p[0] * p[1]).into_iter().map(|k| 0.5 * (frac(k, b) - 0.5)).collect())
                .collect();
            let mut k = 0..;
            let biases: Vec<Vec<f64>> =
                sizes[1..].iter().map(|n| k.by_ref().take(*n).map(|k| frac(k, b + 0.37) - 0.5).collect()).collect();
            let (inputs, actions, count) = (sizes[0], sizes[3], 6);
            let hardware = ConductancePairs::with_weights(PairRule::default(), &sizes, &weights, 0).unwrap();
            let mut agent = DeepQ::new(DeepQRule::default(), hardware, inputs, actions, 0).unwrap();
            agent.state.network.biases = biases;
            let vector =
                |i: usize, b: f64| -> Vec<f64> { (0..inputs).map(|j| 2.0 * frac(i * inputs + j, b) - 1.0).collect() };
            for i in 0..count {
                let reward = if i % 3 == 2 { 0.0 } else { 1.0 };
                let next = vector(i, b + 0.53);
                let next = (i != 4).then_some(next.as_slice());
                agent.state.memory.store(&vector(i, b + 0.11), i % actions, reward, next);
            }
            let current = vector(0, b + 0.77);
            let mut pulses = agent.hardware.pulses();
            for golden in golden["updates"].as_array().unwrap() {
                agent.drawn = (0..count).collect();
                let present = agent.update(&current).unwrap();
                for (k, q) in golden["q_states"].as_array().unwrap().iter().enumerate() {
                    for (a, ours) in agent.batch.output(k).iter().enumerate() {
                        close(name, *ours, &q[a]);
                    }
                }
                for (a, ours) in agent.batch.output(present).iter().enumerate() {
                    close(name, *ours, &golden["q_current"][a]);
                }
                let before = std::mem::replace(&mut pulses, agent.hardware.pulses());
                assert_eq!(golden["n_set"].as_u64(), Some(pulses.set - before.set), "{name}");
                assert_eq!(golden["n_reset"].as_u64(), Some(pulses.reset - before.reset), "{name}");
                let gates: Vec<_> = (0..3).map(|l| agent.hardware.gates(l)).collect();
                let sum = |of: &dyn Fn(usize) -> f64| (0..3).map(of).sum::<f64>();
                close("plus", sum(&|l| gates[l].0.iter().sum()), &golden["sum_vg_plus"]);
                close("minus", sum(&|l| gates[l].1.iter().sum()), &golden["sum_vg_minus"]);
                for k in 0..5 {
                    close("first gates", gates[0].0[k], &golden["vg_plus_first5"][k]);
                    close("last gates", gates[2].0[gates[2].0.len() - 5 + k], &golden["vg_plus_last5"][k]);
                    close("biases", agent.state.network.biases[0][k], &golden["bias_first5"][k]);
                }
                close("sum of biases", agent.state.network.biases.iter().flatten().sum(), &golden["sum_bias"]);
            }
        }
    }

    #[test]
    fn a_resumed_run_is_the_same() {
        let plan = Training { episodes: 12, iteration_limit: 40, stop: Stop::default() };
        let start = || {
            let pairs = PairRule { sigma: 4e-6, ..PairRule::default() };
            let rule = DeepQRule { capacity: 150, hidden: 8, ..DeepQRule::default() };
            let hardware = ConductancePairs::new(pairs, &rule.sizes(4, 2), 9).unwrap();
            Trainer::new(plan, CartPole::new(), DeepQ::new(rule, hardware, 4, 2, 9).unwrap(), 9)
        };
        let mut whole = start();
        let mut middle = None;
        while !whole.finished() {
            whole.episode().unwrap();
            if middle.is_none() {
                middle = Some(serde_json::to_string(&whole.state().unwrap()).unwrap());
            }
        }
        let mut second = start();
        second.resume(&serde_json::from_str(&middle.unwrap()).unwrap()).unwrap();
        while !second.finished() {
            second.episode().unwrap();
        }
        assert_eq!(second.result(), whole.result());
    }

    #[test]
    fn parameters_are_checked() {
        let build = |rule: DeepQRule| {
            let hardware = ConductancePairs::new(PairRule::default(), &[1, 1, 1, 2], 0).unwrap();
            DeepQ::new(rule, hardware, 1, 2, 0).map(drop)
        };
        let good = DeepQRule { hidden: 1, ..DeepQRule::default() };
        assert!(build(good).is_ok());
        for bad in [
            DeepQRule { hidden: 0, ..good },
            DeepQRule { minibatch: 0, ..good },
            DeepQRule { discount: 1.5, ..good },
            DeepQRule { learning_rate: f64::NAN, ..good },
        ] {
            assert!(build(bad).is_err(), "{bad:?}");
        }
    }
}
