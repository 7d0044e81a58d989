//! Cart-pole: a pole hinged on a cart that is pushed left or right.
//!
//! Explicit Euler steps of 20 ms with all right-hand sides at the old state; the episode ends when the cart leaves 2.4 m or the pole
//! 12 degrees on either side. Reward 1 per step, the failing one included. Equations and constants as in the code of Wang et al.,
//! Nature Electronics 2 (2019), doi:10.1038/s41928-019-0221-6.

use rand::RngExt;

use super::environment::{Environment, Outcome, Step};
use super::random::Random;

const GRAVITY: f64 = 9.8;
const TOTAL_MASS: f64 = 1.1;
const POLE_MASS: f64 = 0.1;
const HALF_LENGTH: f64 = 0.5;
const MASS_LENGTH: f64 = 0.05;
const PUSH: f64 = 10.0;
const TIME_STEP: f64 = 0.02;
const TRACK: f64 = 2.4;
const ANGLE: f64 = std::f64::consts::PI / 15.0;
/// The agent sees ten times the angle.
const ANGLE_GAIN: f64 = 10.0;

/// The cart and its pole. Observation: position (m), speed (m/s), ten times the angle (rad), angular speed (rad/s); action 0
/// pushes left, 1 right.
#[derive(Clone, Debug, Default)]
pub struct CartPole {
    x: f64,
    x_dot: f64,
    theta: f64,
    theta_dot: f64,
}

impl CartPole {
    /// At rest in the middle.
    pub fn new() -> Self {
        Self::default()
    }

    /// Position, speed, angle (rad), angular speed.
    pub fn state(&self) -> [f64; 4] {
        [self.x, self.x_dot, self.theta, self.theta_dot]
    }

    /// Puts cart and pole into this state.
    pub fn set_state(&mut self, [x, x_dot, theta, theta_dot]: [f64; 4]) {
        *self = Self { x, x_dot, theta, theta_dot };
    }
}

impl Environment for CartPole {
    fn inputs(&self) -> usize {
        4
    }

    fn actions(&self) -> usize {
        2
    }

    fn reset(&mut self, random: &mut Random) {
        let mut uniform = || 0.05 * (2.0 * random.random::<f64>() - 1.0);
        let [x, x_dot, seen, theta_dot] = [uniform(), uniform(), uniform(), uniform()];
        *self = Self { x, x_dot, theta: seen / ANGLE_GAIN, theta_dot };
    }

    fn activities(&self, x: &mut [f64]) {
        x.copy_from_slice(&[self.x, self.x_dot, ANGLE_GAIN * self.theta, self.theta_dot]);
    }

    fn step(&mut self, action: usize, _random: &mut Random) -> Step {
        let push = if action == 0 { -PUSH } else { PUSH };
        let (sin, cos) = self.theta.sin_cos();
        let force = (push + MASS_LENGTH * (self.theta_dot * self.theta_dot) * sin) / TOTAL_MASS;
        let angular = (GRAVITY * sin - force * cos) / (HALF_LENGTH * (4.0 / 3.0 - POLE_MASS * cos * cos / TOTAL_MASS));
        let linear = force - MASS_LENGTH * angular * cos / TOTAL_MASS;
        self.x += TIME_STEP * self.x_dot;
        self.x_dot += TIME_STEP * linear;
        self.theta += TIME_STEP * self.theta_dot;
        self.theta_dot += TIME_STEP * angular;
        let failed = self.x.abs() > TRACK || self.theta.abs() > ANGLE;
        Step { reward: 1.0, outcome: if failed { Outcome::Arrived } else { Outcome::Moved } }
    }
}
