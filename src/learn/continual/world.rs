//! The Markov decision process: a grid with walls, wind and outages of the radio link.

use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::learn::random::Random;

/// Reward on reaching the goal.
const GOAL_REWARD: f64 = 20.0;
/// Width of the edge of coverage, cells.
const EDGE: f64 = 0.8;
/// Discount.
pub const DISCOUNT: f64 = 0.99;
/// East, north, west, south.
const MOVES: [(i32, i32); 4] = [(1, 0), (0, 1), (-1, 0), (0, -1)];

/// A map: start in one corner, goal in the opposite one.
#[derive(Clone, Debug, PartialEq)]
pub struct Map {
    /// Cells along a side.
    pub size: usize,
    blocked: Vec<bool>,
    outage: Vec<f64>,
}

impl Map {
    /// A square map with base stations at these cells, walls over inclusive ranges (x from, x to, y from, y to), and a radius of
    /// coverage in cells.
    pub fn new(size: usize, stations: &[(u8, u8)], walls: &[(u8, u8, u8, u8)], radius: f64) -> Self {
        let cells = || (0..size * size).map(|s| (s % size, s / size));
        let wall = |x: usize, y: usize| {
            walls.iter().any(|(a, b, c, d)| {
                (usize::from(*a)..=usize::from(*b)).contains(&x) && (usize::from(*c)..=usize::from(*d)).contains(&y)
            })
        };
        let outage = |(x, y): (usize, usize)| {
            let distance = |(a, b): &(u8, u8)| (x as f64 - f64::from(*a)).hypot(y as f64 - f64::from(*b));
            let nearest = stations.iter().map(distance).fold(f64::INFINITY, f64::min);
            1.0 / (1.0 + (-(nearest - radius) / EDGE).exp())
        };
        Self { size, blocked: cells().map(|(x, y)| wall(x, y)).collect(), outage: cells().map(outage).collect() }
    }

    /// Probability of an outage in each cell.
    pub fn outage(&self) -> &[f64] {
        &self.outage
    }

    /// Number of the goal cell.
    pub fn goal(&self) -> usize {
        self.size * self.size - 1
    }

    /// Cell that a step in direction `action` leads to.
    fn neighbour(&self, state: usize, action: usize) -> usize {
        let (dx, dy) = MOVES[action];
        let (x, y) = ((state % self.size) as i32 + dx, (state / self.size) as i32 + dy);
        let side = 0..self.size as i32;
        if !side.contains(&x) || !side.contains(&y) {
            return state;
        }
        let next = y as usize * self.size + x as usize;
        if self.blocked[next] { state } else { next }
    }
}

/// Wind and the cost of an outage.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    /// Probability that the wind turns a move by 90 degrees.
    pub slip: f64,
    /// Cost of an outage.
    pub outage_cost: f64,
}

impl Condition {
    /// The usual one.
    pub const STANDARD: Self = Self { slip: 0.05, outage_cost: 2.0 };
    /// Outages cost twice as much.
    pub const HARD: Self = Self { slip: 0.05, outage_cost: 4.0 };
    /// The control: nothing is random, where the best learning rate is near 1.
    pub const DETERMINISTIC: Self = Self { slip: 0.0, outage_cost: 0.0 };
}

/// A map under a condition, with what can be computed once.
#[derive(Clone, Debug)]
pub struct World {
    /// The map.
    pub map: Map,
    condition: Condition,
    /// Cell each action leads to without wind.
    next: Vec<[usize; 4]>,
    /// Expected reward of each action.
    reward: Vec<[f64; 4]>,
    /// Value of the start under the best policy.
    pub optimum: f64,
}

/// Action after the wind turned it.
fn turned(action: usize) -> [usize; 2] {
    [(action + 1) % 4, (action + 3) % 4]
}

impl World {
    /// Computes transitions, rewards and, by value iteration to 1e-9, the optimum.
    pub fn new(map: Map, condition: Condition) -> Self {
        let states = map.size * map.size;
        let next: Vec<[usize; 4]> = (0..states).map(|s| std::array::from_fn(|a| map.neighbour(s, a))).collect();
        let goal = map.goal();
        let arrival = |s: usize| {
            let reached = if s == goal { GOAL_REWARD } else { 0.0 };
            -1.0 - condition.outage_cost * map.outage[s] + reached
        };
        let mut world = Self { reward: vec![[0.0; 4]; states], optimum: 0.0, next, condition, map: map.clone() };
        world.reward = (0..states).map(|s| std::array::from_fn(|a| world.expected(s, a, arrival))).collect();
        let mut values = vec![0.0; states];
        loop {
            let mut change = 0.0_f64;
            for s in (0..states).filter(|s| *s != goal) {
                let value = (0..4)
                    .map(|a| world.reward[s][a] + DISCOUNT * world.expected(s, a, |t| values[t]))
                    .fold(f64::NEG_INFINITY, f64::max);
                change = change.max((value - values[s]).abs());
                values[s] = value;
            }
            if change < 1e-11 {
                break;
            }
        }
        world.optimum = values[0];
        world
    }

    /// Expectation of `f` of the arriving cell.
    fn expected(&self, state: usize, action: usize, f: impl Fn(usize) -> f64) -> f64 {
        let slip = self.condition.slip;
        let [left, right] = turned(action);
        let next = &self.next[state];
        (1.0 - slip) * f(next[action]) + 0.5 * slip * (f(next[left]) + f(next[right]))
    }

    /// Carries out an action; returns the arriving cell and the reward.
    pub fn step(&self, state: usize, action: usize, random: &mut Random) -> (usize, f64) {
        let mut executed = action;
        if self.condition.slip > 0.0 {
            let wind: f64 = random.random();
            if wind < self.condition.slip {
                executed = turned(action)[usize::from(wind < 0.5 * self.condition.slip)];
            }
        }
        let next = self.next[state][executed];
        let mut reward = -1.0;
        if self.condition.outage_cost > 0.0 && random.random::<f64>() < self.map.outage[next] {
            reward -= self.condition.outage_cost;
        }
        if next == self.map.goal() {
            reward += GOAL_REWARD;
        }
        (next, reward)
    }

    /// Discounted return of a policy from the start over `6 N` moves, exactly.
    pub fn evaluate(&self, policy: impl Fn(usize) -> usize, buffers: &mut (Vec<f64>, Vec<f64>)) -> f64 {
        let states = self.next.len();
        let goal = self.map.goal();
        let (now, later) = (&mut buffers.0, &mut buffers.1);
        now.clear();
        now.resize(states, 0.0);
        now[0] = 1.0;
        let (mut total, mut discount) = (0.0, 1.0);
        let slip = self.condition.slip;
        for _ in 0..6 * self.map.size {
            later.clear();
            later.resize(states, 0.0);
            for s in (0..states).filter(|s| *s != goal) {
                let share = now[s];
                if share == 0.0 {
                    continue;
                }
                let action = policy(s);
                let [left, right] = turned(action);
                total += discount * share * self.reward[s][action];
                later[self.next[s][action]] += (1.0 - slip) * share;
                later[self.next[s][left]] += 0.5 * slip * share;
                later[self.next[s][right]] += 0.5 * slip * share;
            }
            std::mem::swap(now, later);
            discount *= DISCOUNT;
        }
        total
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::random::{Stream, stream};

    #[test]
    fn an_empty_deterministic_map_has_a_closed_form() {
        let world = World::new(Map::new(5, &[(0, 0)], &[], 3.0), Condition::DETERMINISTIC);
        let expected: f64 = (0..8).map(|k| -DISCOUNT.powi(k)).sum::<f64>() + 20.0 * DISCOUNT.powi(7);
        assert!((world.optimum - expected).abs() < 1e-9);
        let north_then_east = |s: usize| if s / 5 < 4 { 1 } else { 0 };
        let value = world.evaluate(north_then_east, &mut Default::default());
        assert!((value - expected).abs() < 1e-12);
    }

    #[test]
    fn walls_and_edges_stop_and_outages_follow_the_distance() {
        let map = Map::new(4, &[(0, 0)], &[(1, 1, 0, 2)], 2.0);
        assert_eq!((map.neighbour(0, 0), map.neighbour(0, 1), map.neighbour(0, 2), map.neighbour(0, 3)), (0, 4, 0, 0));
        assert!((map.outage()[8] - 0.5).abs() < 1e-15, "two cells away");
        assert!((map.outage()[0] - 1.0 / (1.0 + 2.5_f64.exp())).abs() < 1e-15);
    }

    /// The exact return against the average of sampled walks.
    #[test]
    fn sampling_agrees_with_the_exact_evaluation() {
        let world = World::new(Map::new(6, &[(1, 1), (4, 5)], &[(3, 3, 0, 2)], 3.0), Condition::STANDARD);
        let policy = |s: usize| if s % 6 < 2 || s / 6 >= 3 { usize::from(s / 6 < 3) } else { 1 };
        let exact = world.evaluate(policy, &mut Default::default());
        let mut random = stream(1, Stream::Agent);
        let mut sum = 0.0;
        for _ in 0..20_000 {
            let (mut s, mut discount) = (0, 1.0);
            for _ in 0..36 {
                let (next, reward) = world.step(s, policy(s), &mut random);
                sum += discount * reward;
                discount *= DISCOUNT;
                s = next;
                if s == world.map.goal() {
                    break;
                }
            }
        }
        assert!((sum / 20_000.0 - exact).abs() < 0.1, "{} {exact}", sum / 20_000.0);
        assert!(exact < world.optimum + 1e-9);
    }
}
