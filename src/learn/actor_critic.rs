//! The actor-critic learning rule with one layer of weights.
//!
//! Critic `V = w . x`, action neurons `h_i = theta_i . x`, policy softmax(h / T). After a move with TD error `delta`,
//!
//! ```text
//! dw_j      = alpha delta x_j
//! dtheta_ij = alpha delta x_j (1[i = a] - h_i)
//! ```
//!
//! with the *activity* `h_i`, not the probability, in the Hebbian term (Portner et al. 2025 as in their published code).

use rand::RngExt;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::agent::{Agent, Experience, StateError};
use super::hardware::{HardwareReport, Transition, UpdateRequests, WeightHardware};
use super::random::Random;

/// Number of identical pulses that carry a linear device from weight 0 to 1.
pub const PULSES_PER_SPAN: f64 = 200.0;

/// Pulses for a requested weight change, assuming a linear device: `200 dw` rounded half to even; positive counts are set
/// pulses, negative ones reset pulses.
pub fn pulse_count(dw: f64) -> i32 {
    (PULSES_PER_SPAN * dw).round_ties_even() as i32
}

/// Parameters of the learning rule; they are constant during training.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LearningRule {
    /// Learning rate `alpha` of critic and actor.
    pub learning_rate: f64,
    /// Discount `gamma` of the next state's value.
    pub discount: f64,
    /// Temperature `T` of the softmax over raw activities.
    pub temperature: f64,
    /// Requests smaller than this are zeroed before the hardware sees them; 0 keeps them all.
    pub cutoff: f64,
}

impl LearningRule {
    /// The published parameters of the T-maze.
    pub const T_MAZE: Self = Self { learning_rate: 0.2, discount: 0.9, temperature: 0.3, cutoff: 0.0 };

    /// The published parameters of the water maze; requests below half a pulse are dropped.
    pub const WATER_MAZE: Self = Self { learning_rate: 0.04, discount: 0.975, temperature: 0.15, cutoff: 0.0025 };

    /// Checks the ranges: learning rate and cut-off not negative, discount in 0 to 1, temperature positive, all finite.
    pub fn check(&self) -> Result<(), ParameterError> {
        let checks = [
            ("learning rate", self.learning_rate, "a finite number not below 0", self.learning_rate >= 0.0),
            ("discount", self.discount, "a number from 0 to 1", (0.0..=1.0).contains(&self.discount)),
            ("temperature", self.temperature, "a finite number above 0", self.temperature > 0.0),
            ("cut-off", self.cutoff, "a finite number not below 0", self.cutoff >= 0.0),
        ];
        match checks.into_iter().find(|(_, value, _, holds)| !(*holds && value.is_finite())) {
            Some((parameter, value, range, _)) => Err(ParameterError { parameter, value, range }),
            None => Ok(()),
        }
    }
}

/// A parameter of the learning rule or of the training plan lies outside its range.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("the {parameter} is {value}, but must be {range}")]
pub struct ParameterError {
    /// Which parameter.
    pub parameter: &'static str,
    /// Its value.
    pub value: f64,
    /// What is allowed.
    pub range: &'static str,
}

/// Why an iteration failed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LearningError<E> {
    /// A parameter lies outside its range.
    #[error(transparent)]
    Parameter(ParameterError),
    /// The hardware returned infinity or not-a-number.
    #[error("the hardware returned {value} for the {quantity}")]
    NotFinite {
        /// What was read.
        quantity: &'static str,
        /// The value returned.
        value: f64,
    },
    /// The hardware failed.
    #[error(transparent)]
    Hardware(#[from] E),
}

/// Turns activities `h` in place into the probabilities softmax(h / T).
///
/// `h` must be finite and `temperature` positive. The largest activity is subtracted first, so nothing overflows.
pub fn softmax(h: &mut [f64], temperature: f64) {
    let largest = h.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    for h in h.iter_mut() {
        *h = ((*h - largest) / temperature).exp();
    }
    let sum: f64 = h.iter().sum();
    for h in h.iter_mut() {
        *h /= sum;
    }
}

/// Action that a uniform number `u` in [0, 1) selects: the first whose cumulative probability exceeds `u` (inverse of the
/// cumulative distribution). When rounding leaves the sum at or below `u`, the last possible action is taken.
pub fn select(probabilities: &[f64], u: f64) -> usize {
    let mut cumulative = 0.0;
    let mut last = 0;
    for (action, &probability) in probabilities.iter().enumerate().filter(|(_, p)| **p > 0.0) {
        cumulative += probability;
        if u < cumulative {
            return action;
        }
        last = action;
    }
    last
}

/// The agent: the learning rule, the hardware that holds its weights, and the buffers of one iteration.
#[derive(Clone, Debug)]
pub struct ActorCritic<H> {
    rule: LearningRule,
    hardware: H,
    h: Vec<f64>,
    probabilities: Vec<f64>,
    requests: UpdateRequests,
}

impl<H: WeightHardware> ActorCritic<H> {
    /// An agent for environments with this many inputs and actions.
    ///
    /// # Errors
    /// A parameter out of range.
    pub fn new(rule: LearningRule, hardware: H, inputs: usize, actions: usize) -> Result<Self, ParameterError> {
        rule.check()?;
        Ok(Self {
            rule,
            hardware,
            h: vec![0.0; actions],
            probabilities: vec![0.0; actions],
            requests: UpdateRequests::zero(inputs, actions),
        })
    }

    /// What holds the weights.
    pub fn hardware(&self) -> &H {
        &self.hardware
    }

    /// Spreads `request = alpha delta` over the weights; without an action the actor does not learn.
    fn form_requests(&mut self, request: f64, activities: &[f64], action: Option<usize>) {
        let cutoff = self.rule.cutoff;
        let kept = |dw: f64| if dw.abs() < cutoff { 0.0 } else { dw };
        for (dw, x) in self.requests.critic.iter_mut().zip(activities) {
            *dw = kept(request * x);
        }
        let Some(action) = action else {
            self.requests.actor.fill(0.0);
            return;
        };
        for (dtheta, x) in self.requests.actor.chunks_exact_mut(self.h.len()).zip(activities) {
            for (i, (dtheta, h)) in dtheta.iter_mut().zip(&self.h).enumerate() {
                let chosen = if i == action { 1.0 } else { 0.0 };
                *dtheta = kept(request * x * (chosen - h));
            }
        }
    }
}

impl<H: WeightHardware> Agent for ActorCritic<H> {
    type Error = LearningError<H::Error>;

    /// Reads `h` and draws exactly one uniform number for the action.
    fn act(&mut self, observation: &[f64], random: &mut Random) -> Result<usize, Self::Error> {
        self.hardware.read_actions(observation, &mut self.h)?;
        for &value in &self.h {
            finite("activity of an action neuron", value)?;
        }
        self.probabilities.copy_from_slice(&self.h);
        softmax(&mut self.probabilities, self.rule.temperature);
        Ok(select(&self.probabilities, random.random::<f64>()))
    }

    /// Forms the TD request and updates the weights.
    fn learn(&mut self, experience: &Experience, _random: &mut Random) -> Result<(), Self::Error> {
        let Experience { observation, next, reward, .. } = *experience;
        let transition = Transition { activities: observation, next, reward };
        let request = finite("TD request", self.hardware.td_request(&self.rule, &transition)?)?;
        self.form_requests(request, observation, experience.moved.then_some(experience.action));
        Ok(self.hardware.update(&self.requests)?)
    }

    fn report(&mut self) -> HardwareReport {
        self.hardware.report()
    }

    fn state(&self) -> Option<Value> {
        self.hardware.state()
    }

    fn restore(&mut self, state: &Value) -> Result<(), StateError> {
        self.hardware.restore(state)
    }
}

/// Passes a finite value on.
fn finite<E>(quantity: &'static str, value: f64) -> Result<f64, LearningError<E>> {
    if value.is_finite() { Ok(value) } else { Err(LearningError::NotFinite { quantity, value }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::environment::Environment;
    use crate::learn::hardware::{HardwareReport, IdealWeights};
    use crate::learn::random::{Stream, stream};
    use crate::learn::tmaze::TMaze;
    use proptest::prelude::*;
    use std::convert::Infallible;

    /// Answers every read with fixed numbers and keeps what it was asked for.
    struct Recorder {
        h: [f64; 2],
        td: f64,
        transitions: Vec<(usize, Option<usize>, f64)>,
        updates: Vec<UpdateRequests>,
    }

    impl Recorder {
        fn new(h: [f64; 2], td: f64) -> Self {
            Self { h, td, transitions: Vec::new(), updates: Vec::new() }
        }
    }

    fn place(x: &[f64]) -> usize {
        x.iter().position(|x| *x == 1.0).unwrap()
    }

    impl WeightHardware for Recorder {
        type Error = Infallible;
        fn read_actions(&mut self, _: &[f64], h: &mut [f64]) -> Result<(), Infallible> {
            h.copy_from_slice(&self.h);
            Ok(())
        }
        fn td_request(&mut self, _: &LearningRule, transition: &Transition) -> Result<f64, Infallible> {
            let places = (place(transition.activities), transition.next.map(place));
            self.transitions.push((places.0, places.1, transition.reward));
            Ok(self.td)
        }
        fn update(&mut self, requests: &UpdateRequests) -> Result<(), Infallible> {
            self.updates.push(requests.clone());
            Ok(())
        }
        fn report(&mut self) -> HardwareReport {
            HardwareReport::default()
        }
    }

    fn agent<H: WeightHardware>(hardware: H) -> ActorCritic<H> {
        ActorCritic::new(LearningRule::T_MAZE, hardware, 9, 2).unwrap()
    }

    /// Runs one T-maze episode to its end and returns the number of moves.
    fn episode<H: WeightHardware>(
        agent: &mut ActorCritic<H>,
        random: &mut Random,
    ) -> Result<u32, LearningError<H::Error>> {
        let mut maze = TMaze::new();
        let (mut x, mut y) = ([0.0; 9], [0.0; 9]);
        let mut moves = 0;
        loop {
            maze.activities(&mut x);
            let action = agent.act(&x, random)?;
            let step = maze.step(action, random);
            maze.activities(&mut y);
            let next = (!step.outcome.ends_episode()).then_some(y.as_slice());
            let moved = step.outcome.is_move();
            agent.learn(&Experience { observation: &x, action, reward: step.reward, next, moved }, random)?;
            if !moved {
                return Ok(moves);
            }
            moves += 1;
        }
    }

    #[test]
    fn the_visit_to_the_goal_teaches_the_critic_alone() {
        let mut agent = agent(Recorder::new([0.0, 100.0], 0.125));
        assert_eq!(episode(&mut agent, &mut stream(0, Stream::Agent)), Ok(6));
        let hardware = agent.hardware();
        let mut expected: Vec<_> = (0..6).map(|place| (place, Some(place + 1), 0.0)).collect();
        expected.push((6, None, 1.0));
        assert_eq!(hardware.transitions, expected);
        for (place, update) in hardware.updates.iter().enumerate() {
            let mut requests = UpdateRequests::zero(9, 2);
            requests.critic[place] = 0.125;
            if place < 6 {
                requests.actor[2 * place + 1] = 0.125 * (1.0 - 100.0);
            }
            assert_eq!(*update, requests, "place {place}");
        }
    }

    #[test]
    fn requests_follow_the_rule_and_the_cutoff() {
        let rule = LearningRule { cutoff: 0.01, ..LearningRule::T_MAZE };
        let mut agent = ActorCritic::new(rule, IdealWeights::new(2, 3), 2, 3).unwrap();
        agent.h = vec![0.25, 0.5, -1.0];
        agent.form_requests(0.2, &[1.0, 0.1], Some(1));
        assert_eq!(agent.requests.critic, [0.2, 0.2 * 0.1]);
        let row = [-0.05, 0.1, 0.2];
        for (i, (dtheta, expected)) in agent.requests.actor.iter().zip(row.iter().chain(&[0.0, 0.01, 0.02])).enumerate()
        {
            assert!((dtheta - expected).abs() < 1e-15, "{i}: {dtheta} {expected}");
        }
        agent.form_requests(-0.2, &[1.0, 0.1], None);
        assert_eq!((agent.requests.critic[0], agent.requests.actor.as_slice()), (-0.2, [0.0; 6].as_slice()));
    }

    /// With the optimal policy the values must converge to `gamma^(6 - s)`.
    #[test]
    fn values_converge_to_the_discounted_reward() {
        struct AlwaysRight(IdealWeights);
        impl WeightHardware for AlwaysRight {
            type Error = Infallible;
            fn read_actions(&mut self, _: &[f64], h: &mut [f64]) -> Result<(), Infallible> {
                h.copy_from_slice(&[0.0, 1e3]);
                Ok(())
            }
            fn td_request(&mut self, rule: &LearningRule, transition: &Transition) -> Result<f64, Infallible> {
                self.0.td_request(rule, transition)
            }
            fn update(&mut self, requests: &UpdateRequests) -> Result<(), Infallible> {
                self.0.update(requests)
            }
            fn report(&mut self) -> HardwareReport {
                self.0.report()
            }
        }
        let mut agent = agent(AlwaysRight(IdealWeights::new(9, 2)));
        let mut random = stream(0, Stream::Agent);
        for _ in 0..500 {
            assert_eq!(episode(&mut agent, &mut random), Ok(6));
        }
        for (s, w) in agent.report().weights.critic.into_iter().enumerate() {
            let expected = if s <= 6 { 0.9_f64.powi(6 - s as i32) } else { 0.0 };
            assert!((w - expected).abs() < 1e-9, "w{s} = {w}, not {expected}");
        }
    }

    #[test]
    fn reads_that_are_not_numbers_are_errors() {
        for (h, td, quantity) in [(f64::NAN, 0.0, "activity of an action neuron"), (0.0, f64::INFINITY, "TD request")] {
            let mut agent = agent(Recorder::new([h, 0.0], td));
            let error = episode(&mut agent, &mut stream(0, Stream::Agent)).unwrap_err();
            assert!(matches!(error, LearningError::NotFinite { quantity: q, .. } if q == quantity), "{error}");
            assert!(agent.hardware().updates.is_empty());
        }
    }

    #[test]
    fn parameters_out_of_range_are_errors() {
        let good = LearningRule::T_MAZE;
        assert_eq!(good.check(), Ok(()));
        let bad = [
            (LearningRule { temperature: 0.0, ..good }, "temperature"),
            (LearningRule { temperature: f64::NAN, ..good }, "temperature"),
            (LearningRule { temperature: f64::INFINITY, ..good }, "temperature"),
            (LearningRule { discount: 1.1, ..good }, "discount"),
            (LearningRule { learning_rate: -0.1, ..good }, "learning rate"),
            (LearningRule { cutoff: -1.0, ..good }, "cut-off"),
        ];
        for (rule, name) in bad {
            let error = rule.check().unwrap_err();
            assert_eq!(error.parameter, name);
        }
    }

    #[test]
    fn pulse_counts_round_half_to_even() {
        let cases = [(0.5, 0), (1.5, 2), (2.5, 2), (3.5, 4), (0.51, 1), (39.9, 40), (40.0, 40)];
        for (pulses, expected) in cases {
            assert_eq!(pulse_count(pulses / 200.0), expected, "{pulses}");
            assert_eq!(pulse_count(-pulses / 200.0), -expected, "-{pulses}");
        }
    }

    #[test]
    fn softmax_divides_by_the_temperature() {
        let mut p = [0.6, 0.0, 0.3];
        softmax(&mut p, 0.3);
        let sum = 2.0_f64.exp() + 1.0 + 1.0_f64.exp();
        for (p, expected) in p.iter().zip([2.0_f64.exp() / sum, 1.0 / sum, 1.0_f64.exp() / sum]) {
            assert!((p - expected).abs() < 1e-15);
        }
    }

    #[test]
    fn select_inverts_the_cumulative_distribution() {
        let p = [0.25, 0.0, 0.5, 0.25, 0.0];
        for (u, action) in [(0.0, 0), (0.2499, 0), (0.25, 2), (0.7499, 2), (0.75, 3), (0.9999, 3), (1.0, 3)] {
            assert_eq!(select(&p, u), action, "{u}");
        }
    }

    proptest! {
        #[test]
        fn softmax_is_a_distribution(h in prop::collection::vec(-1e300..1e300_f64, 1..9), t in 1e-3..1e3_f64, u in 0.0..1.0_f64) {
            let mut p = h.clone();
            softmax(&mut p, t);
            prop_assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-12 && p.iter().all(|p| (0.0..=1.0).contains(p)));
            prop_assert!(p[select(&p, u)] > 0.0);
        }
    }
}
