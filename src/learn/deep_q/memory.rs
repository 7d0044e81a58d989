//! The replay memory.

use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::learn::random::Random;

/// What was experienced, the oldest dropped when full.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Replay {
    capacity: usize,
    inputs: usize,
    observations: Vec<f64>,
    /// Zeros where an episode ended.
    next: Vec<f64>,
    actions: Vec<u32>,
    rewards: Vec<f64>,
    ended: Vec<bool>,
    /// Where the next transition goes once the memory is full.
    place: usize,
}

impl Replay {
    /// An empty memory.
    pub fn new(capacity: usize, inputs: usize) -> Self {
        Self {
            capacity: capacity.max(1),
            inputs,
            observations: Vec::new(),
            next: Vec::new(),
            actions: Vec::new(),
            rewards: Vec::new(),
            ended: Vec::new(),
            place: 0,
        }
    }

    /// Number of transitions kept.
    pub fn len(&self) -> usize {
        self.actions.len()
    }

    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.actions.is_empty()
    }

    /// Keeps a transition.
    pub fn store(&mut self, observation: &[f64], action: usize, reward: f64, next: Option<&[f64]>) {
        if self.len() < self.capacity {
            self.observations.extend_from_slice(observation);
            self.next.resize(self.next.len() + self.inputs, 0.0);
            self.actions.push(0);
            self.rewards.push(0.0);
            self.ended.push(false);
            self.place = self.len() - 1;
        }
        let k = self.place;
        let range = k * self.inputs..(k + 1) * self.inputs;
        self.observations[range.clone()].copy_from_slice(observation);
        match next {
            Some(next) => self.next[range].copy_from_slice(next),
            None => self.next[range].fill(0.0),
        }
        self.actions[k] = action as u32;
        self.rewards[k] = reward;
        self.ended[k] = next.is_none();
        self.place = (k + 1) % self.capacity;
    }

    /// Transition `k`: observation, action, reward, next observation.
    pub fn get(&self, k: usize) -> (&[f64], usize, f64, Option<&[f64]>) {
        let range = k * self.inputs..(k + 1) * self.inputs;
        let next = (!self.ended[k]).then(|| &self.next[range.clone()]);
        (&self.observations[range], self.actions[k] as usize, self.rewards[k], next)
    }

    /// Writes the numbers of `most` different transitions drawn at random into `drawn`, or all when there are fewer (R. Floyd's
    /// algorithm).
    pub fn sample(&self, most: usize, random: &mut Random, drawn: &mut Vec<usize>) {
        drawn.clear();
        let (all, count) = (self.len(), most.min(self.len()));
        for last in all - count..all {
            let pick = random.random_range(0..=last);
            drawn.push(if drawn.contains(&pick) { last } else { pick });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::random::{Stream, stream};

    #[test]
    fn the_oldest_is_dropped() {
        let mut memory = Replay::new(3, 1);
        for k in 0..5 {
            memory.store(&[f64::from(k)], 1, 2.0, (k != 4).then_some(&[9.0][..]));
        }
        let mut kept: Vec<f64> = (0..memory.len()).map(|k| memory.get(k).0[0]).collect();
        kept.sort_by(f64::total_cmp);
        assert_eq!(kept, [2.0, 3.0, 4.0]);
        assert_eq!(memory.get(1), (&[4.0][..], 1, 2.0, None));
        assert_eq!(memory.get(2), (&[2.0][..], 1, 2.0, Some(&[9.0][..])));
    }

    #[test]
    fn samples_are_different_and_uniform() {
        let mut memory = Replay::new(100, 1);
        (0..20).for_each(|k| memory.store(&[f64::from(k)], 0, 0.0, None));
        let mut random = stream(1, Stream::Agent);
        let (mut drawn, mut seen) = (Vec::new(), [0; 20]);
        for _ in 0..4000 {
            memory.sample(5, &mut random, &mut drawn);
            let mut sorted = drawn.clone();
            sorted.sort_unstable();
            sorted.dedup();
            assert_eq!(sorted.len(), 5);
            drawn.iter().for_each(|k| seen[*k] += 1);
        }
        assert!(seen.iter().all(|n| (850..1150).contains(n)), "{seen:?}");
        memory.sample(50, &mut random, &mut drawn);
        assert_eq!(drawn.len(), 20);
    }
}
