//! Weights on measured devices, without a circuit: each request becomes a count of pulses, and the device follows its fitted curve.
//!
//! A weight is one device with `w = (G - G0) / (G1 - G0)`. A request `dw` becomes `200 dw` pulses as if the device were linear; the
//! device then moves along its own curve from its present weight, and one normal deviate is added to the update, whatever the
//! number of pulses. Weights are clipped to 0..1; requests beyond a bound are dropped.

use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::convert::Infallible;
use std::sync::Arc;

use super::actor_critic::{LearningRule, pulse_count};
use super::agent::StateError;
use super::cmo_fits::{Assignment, CYCLES_PER_DEVICE, DeviceFit};
use super::hardware::{HardwareReport, IdealWeights, Pulses, Transition, UpdateRequests, WeightHardware};
use super::random::{Random, Stream, saving, stream};
use rand::RngExt;

/// Which fit a device follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Curves {
    /// One curve a branch.
    Mean,
    /// One curve a branch and measured cycle: a weight begins with a random cycle and goes on to the next one after every second
    /// change of direction, up and down the ten cycles.
    PerCycle,
}

/// How the devices behave.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Behaviour {
    /// Fit followed.
    pub curves: Curves,
    /// Factor on the noise of every device.
    pub noise: f64,
    /// Share of the curve against a straight line: 1 the measured curve, 0 a linear device, above 1 exaggerated.
    pub nonlinearity: f64,
    /// The standard deviation of every update, instead of the devices' own.
    pub sigma: Option<f64>,
    /// Whether a request that rounds to no pulse is noisy as well, as in the published emulation. No circuit does that.
    pub zero_pulse_noise: bool,
    /// Whether the learner reads the devices. Without, it learns on ideal weights, and the devices get the same requests.
    pub feedback: bool,
}

impl Default for Behaviour {
    fn default() -> Self {
        let curves = Curves::PerCycle;
        Self { curves, noise: 1.0, nonlinearity: 1.0, sigma: None, zero_pulse_noise: false, feedback: true }
    }
}

/// Where a weight is in the measured cycles.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Walk {
    /// Present cycle; none before the first update.
    cycle: Option<u8>,
    down: bool,
    /// Direction of the last update.
    last: i8,
    turns: u8,
}

impl Walk {
    /// The cycle of an update in this direction.
    fn cycle(&mut self, rises: bool, random: &mut Random) -> usize {
        let direction = if rises { 1 } else { -1 };
        let last = CYCLES_PER_DEVICE as u8 - 1;
        let mut cycle = match self.cycle {
            None => random.random_range(0..last),
            Some(cycle) => cycle,
        };
        if self.last != 0 && self.last != direction {
            self.turns += 1;
            if self.turns == 2 {
                self.turns = 0;
                self.down = if cycle == last { true } else { self.down && cycle != 0 };
                cycle = if self.down { cycle - 1 } else { cycle + 1 };
            }
        }
        self.last = direction;
        self.cycle = Some(cycle);
        usize::from(cycle)
    }
}

/// What changes while learning.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Memory {
    /// Weights in the order of [`IdealWeights`].
    ideal: Option<IdealWeights>,
    weights: Vec<f64>,
    walks: Vec<Walk>,
    pulses: Pulses,
    #[serde(with = "saving")]
    random: Random,
}

/// Weights on devices that follow fitted curves.
#[derive(Clone, Debug)]
pub struct BehaviouralWeights {
    behaviour: Behaviour,
    fits: Arc<[DeviceFit]>,
    /// Device of each weight, critic first.
    devices: Vec<u32>,
    inputs: usize,
    actions: usize,
    memory: Memory,
}

impl BehaviouralWeights {
    /// All weights zero; the assignment has one row per input: the critic's device, then one per action.
    ///
    /// # Errors
    /// An assignment of another size, or one that names a device which is not there.
    pub fn new(
        behaviour: Behaviour,
        fits: Arc<[DeviceFit]>,
        assignment: &Assignment,
        (inputs, actions): (usize, usize),
        seed: u64,
    ) -> Result<Self, String> {
        if assignment.len() != inputs || assignment.iter().any(|row| row.len() != actions + 1) {
            return Err(format!(
                "the assignment of devices needs {inputs} rows of {} devices, it has {} rows",
                actions + 1,
                assignment.len()
            ));
        }
        if assignment.iter().flatten().any(|device| *device >= fits.len()) {
            return Err("the assignment names a device that has no fit".to_owned());
        }
        if behaviour.curves == Curves::PerCycle && fits.iter().any(|fit| fit.cycles.len() != CYCLES_PER_DEVICE) {
            return Err("the fits of the cycles are missing".to_owned());
        }
        let critic = assignment.iter().map(|row| row[0] as u32);
        let actor = assignment.iter().flat_map(|row| row[1..].iter().map(|d| *d as u32));
        let count = inputs * (actions + 1);
        Ok(Self {
            behaviour,
            fits,
            devices: critic.chain(actor).collect(),
            inputs,
            actions,
            memory: Memory {
                ideal: (!behaviour.feedback).then(|| IdealWeights::new(inputs, actions)),
                weights: vec![0.0; count],
                walks: vec![Walk::default(); count],
                pulses: Pulses::default(),
                random: stream(seed, Stream::DeviceState),
            },
        })
    }

    /// Applies one request to weight `k`.
    fn write(&mut self, k: usize, dw: f64) {
        let Memory { weights, walks, pulses, random, .. } = &mut self.memory;
        let w = weights[k];
        if dw == 0.0 || (dw < 0.0 && w <= 0.0) || (dw > 0.0 && w >= 1.0) {
            return;
        }
        let count = pulse_count(dw.clamp(-1.0, 1.0));
        if count == 0 && !self.behaviour.zero_pulse_noise {
            return;
        }
        pulses.add(count);
        let fit = &self.fits[self.devices[k] as usize];
        let (moved, sigmas) = match self.behaviour.curves {
            Curves::Mean => (fit.mean.moved(w, count), (fit.mean.sigma_set, fit.mean.sigma_reset)),
            Curves::PerCycle => {
                let cycle = &fit.cycles[walks[k].cycle(dw > 0.0, random)];
                (cycle.moved(w, count), (cycle.sigma_set, cycle.sigma_reset))
            }
        };
        let linear = w + f64::from(count) / super::actor_critic::PULSES_PER_SPAN;
        let moved = linear + self.behaviour.nonlinearity * (moved - linear);
        let own = if dw > 0.0 { sigmas.0 } else { sigmas.1 };
        let sigma = self.behaviour.noise * self.behaviour.sigma.unwrap_or(own);
        let deviate: f64 = StandardNormal.sample(random);
        weights[k] = (moved + sigma * deviate).clamp(0.0, 1.0);
    }

    fn value(&self, activities: &[f64]) -> f64 {
        self.memory.weights[..self.inputs].iter().zip(activities).map(|(w, x)| w * x).sum()
    }
}

impl WeightHardware for BehaviouralWeights {
    type Error = Infallible;

    fn read_actions(&mut self, activities: &[f64], h: &mut [f64]) -> Result<(), Infallible> {
        if let Some(ideal) = &mut self.memory.ideal {
            return ideal.read_actions(activities, h);
        }
        h.fill(0.0);
        let actor = self.memory.weights[self.inputs..].chunks_exact(self.actions);
        for (theta, x) in actor.zip(activities).filter(|(_, x)| **x != 0.0) {
            for (h, theta) in h.iter_mut().zip(theta) {
                *h += theta * x;
            }
        }
        Ok(())
    }

    fn td_request(&mut self, rule: &LearningRule, transition: &Transition) -> Result<f64, Infallible> {
        if let Some(ideal) = &mut self.memory.ideal {
            return ideal.td_request(rule, transition);
        }
        let next = transition.next.map_or(0.0, |x| self.value(x));
        Ok(rule.learning_rate * (transition.reward + rule.discount * next - self.value(transition.activities)))
    }

    fn update(&mut self, requests: &UpdateRequests) -> Result<(), Infallible> {
        if let Some(ideal) = &mut self.memory.ideal {
            ideal.update(requests)?;
        }
        for (k, dw) in requests.critic.iter().chain(&requests.actor).enumerate() {
            if *dw != 0.0 {
                self.write(k, *dw);
            }
        }
        Ok(())
    }

    fn report(&mut self) -> HardwareReport {
        let (critic, actor) = self.memory.weights.split_at(self.inputs);
        let actor = actor.chunks_exact(self.actions).map(<[f64]>::to_vec).collect();
        HardwareReport {
            weights: super::hardware::Weights { critic: critic.to_vec(), actor },
            pulses: self.memory.pulses,
            fidelity: "behavioural".to_owned(),
            ..HardwareReport::default()
        }
    }

    fn state(&self) -> Option<Value> {
        serde_json::to_value(&self.memory).ok()
    }

    fn restore(&mut self, state: &Value) -> Result<(), StateError> {
        let memory = Memory::deserialize(state)?;
        if memory.weights.len() != self.memory.weights.len() || memory.walks.len() != self.memory.walks.len() {
            return Err(StateError("another number of weights".to_owned()));
        }
        self.memory = memory;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::cmo_fits::in_turn;

    fn weights(behaviour: Behaviour) -> BehaviouralWeights {
        let fits: Arc<[DeviceFit]> = DeviceFit::public().into();
        BehaviouralWeights::new(behaviour, fits, &in_turn(2, 1, 20), (2, 1), 5).unwrap()
    }

    fn request(critic: [f64; 2], actor: [f64; 2]) -> UpdateRequests {
        UpdateRequests { critic: critic.to_vec(), actor: actor.to_vec() }
    }

    #[test]
    fn a_device_without_noise_follows_its_mean_curve() {
        let mut held = weights(Behaviour { curves: Curves::Mean, noise: 0.0, ..Behaviour::default() });
        held.update(&request([0.2, 0.0], [0.002, -0.3])).unwrap();
        let fits = DeviceFit::public();
        assert_eq!(held.memory.weights, [fits[0].mean.moved(0.0, 40), 0.0, 0.0, 0.0]);
        assert_eq!(held.memory.pulses, Pulses { set: 40, reset: 0 });
        let before = held.memory.weights[0];
        held.update(&request([-0.1, 0.0], [0.0, 0.0])).unwrap();
        assert_eq!(held.memory.weights[0], fits[0].mean.moved(before, -20));
    }

    #[test]
    fn a_linear_device_without_noise_is_an_ideal_weight_but_for_quantisation() {
        let mut held = weights(Behaviour { noise: 0.0, nonlinearity: 0.0, ..Behaviour::default() });
        held.update(&request([0.2, 0.6], [0.004, 0.0])).unwrap();
        held.update(&request([-0.1, 0.6], [0.0, 0.0])).unwrap();
        let expected = [0.1, 1.0, 0.005, 0.0];
        assert!(held.memory.weights.iter().zip(expected).all(|(w, e)| (w - e).abs() < 1e-12), "{:?}", held.memory);
    }

    #[test]
    fn noise_has_the_fitted_size() {
        let mut held = weights(Behaviour { curves: Curves::Mean, ..Behaviour::default() });
        let fit = DeviceFit::public()[0].mean;
        let deviations: Vec<f64> = (0..4000)
            .map(|_| {
                held.memory.weights[0] = 0.4;
                held.update(&request([0.02, 0.0], [0.0, 0.0])).unwrap();
                held.memory.weights[0] - fit.moved(0.4, 4)
            })
            .collect();
        let rms = (deviations.iter().map(|d| d * d).sum::<f64>() / 4000.0).sqrt();
        assert!((rms / fit.sigma_set - 1.0).abs() < 0.05, "{rms}");
    }

    #[test]
    fn cycles_are_walked_up_and_down() {
        let mut random = stream(1, Stream::DeviceState);
        let mut walk = Walk { cycle: Some(7), ..Walk::default() };
        let seen: Vec<usize> = (0..30).map(|k| walk.cycle(k % 2 == 0, &mut random)).collect();
        assert_eq!(seen[..10], [7, 7, 8, 8, 9, 9, 8, 8, 7, 7]);
        assert_eq!(seen[20..26], [1, 1, 0, 0, 1, 1]);
    }

    #[test]
    fn the_state_goes_through_text() {
        let mut held = weights(Behaviour::default());
        held.update(&request([0.2, 0.6], [0.1, 0.3])).unwrap();
        let text = held.state().unwrap().to_string();
        let mut second = weights(Behaviour::default());
        second.restore(&serde_json::from_str(&text).unwrap()).unwrap();
        for weights in [&mut held, &mut second] {
            weights.update(&request([-0.1, 0.1], [0.1, -0.1])).unwrap();
        }
        assert_eq!(held.memory.weights, second.memory.weights);
        assert!(second.restore(&serde_json::json!({})).is_err());
    }
}
