//! Mountain car: a car too weak for the slope has to swing up.
//!
//! Steps of 0.1 s; the goal is at x >= 0.5, the wall at -1.2 stops the car. Reward -1 per step, 0 on the step that reaches the goal.
//! Equations and constants as in the code of Wang et al., Nature Electronics 2 (2019), doi:10.1038/s41928-019-0221-6: gravity
//! enters as `g m` in the equation of an acceleration there, and here.

use rand::RngExt;

use super::environment::{Environment, Outcome, Step};
use super::random::Random;

const GRAVITY_MASS: f64 = 9.8 * 0.2;
/// Push over mass.
const PUSH: f64 = 1.0;
const FRICTION: f64 = 0.5;
const TIME_STEP: f64 = 0.1;
const WALL: f64 = -1.2;
const GOAL: f64 = 0.5;

/// The car. Observation: position and speed; actions 0 push left, 1 no push, 2 push right.
#[derive(Clone, Debug)]
pub struct MountainCar {
    x: f64,
    v: f64,
}

impl Default for MountainCar {
    fn default() -> Self {
        Self::new()
    }
}

impl MountainCar {
    /// At rest in the valley.
    pub fn new() -> Self {
        Self { x: -0.5, v: 0.0 }
    }

    /// Position and speed.
    pub fn state(&self) -> [f64; 2] {
        [self.x, self.v]
    }

    /// Puts the car into this state.
    pub fn set_state(&mut self, [x, v]: [f64; 2]) {
        *self = Self { x, v };
    }
}

impl Environment for MountainCar {
    fn inputs(&self) -> usize {
        2
    }

    fn actions(&self) -> usize {
        3
    }

    fn reset(&mut self, random: &mut Random) {
        *self = Self { x: -0.6 + 0.2 * random.random::<f64>(), v: 0.0 };
    }

    fn activities(&self, x: &mut [f64]) {
        x.copy_from_slice(&self.state());
    }

    fn step(&mut self, action: usize, _random: &mut Random) -> Step {
        let push = action as f64 - 1.0;
        let x = self.x + TIME_STEP * self.v;
        let v = self.v + TIME_STEP * (-GRAVITY_MASS * (3.0 * self.x).cos() + PUSH * push - FRICTION * self.v);
        *self = if x < WALL { Self { x: WALL, v: 0.0 } } else { Self { x, v } };
        if self.x >= GOAL {
            return Step { reward: 0.0, outcome: Outcome::Arrived };
        }
        Step { reward: -1.0, outcome: Outcome::Moved }
    }
}
