//! The Morris water maze: a pool with a hidden platform and a U-shaped obstacle, seen through 121 place cells.
//!
//! Lengths have no unit. The pool is the square `|x|, |y| <= 6`, the platform the disc of radius 0.5 round the centre, the obstacle
//! opens towards +y and the platform lies inside it. The agent moves 1.5 in one of eight directions. Ten equally spaced samples of
//! a move are tested in order: at the first forbidden one the agent stops at the sample before it; a sample on the platform ends the
//! episode with reward 1. A uniform random walk takes 445 moves on average.

use rand::RngExt;
use std::f64::consts::{FRAC_1_SQRT_2, TAU};

use super::environment::{Environment, Outcome, Step};
use super::random::Random;

/// Place cells along each axis.
pub const CELLS: usize = 11;
/// Half the side of the pool.
const POOL: f64 = 6.0;
/// Radius of the platform.
const PLATFORM: f64 = 0.5;
/// Length of a move.
const MOVE: f64 = 1.5;
/// Samples of a move, both ends included.
const SAMPLES: usize = 10;
/// Width of a place cell.
const SIGMA: f64 = 0.75;
/// Directions of the actions.
const DIRECTIONS: [(f64, f64); 8] = [
    (0.0, 1.0),
    (FRAC_1_SQRT_2, FRAC_1_SQRT_2),
    (1.0, 0.0),
    (FRAC_1_SQRT_2, -FRAC_1_SQRT_2),
    (0.0, -1.0),
    (-FRAC_1_SQRT_2, -FRAC_1_SQRT_2),
    (-1.0, 0.0),
    (-FRAC_1_SQRT_2, FRAC_1_SQRT_2),
];

/// Whether a point lies in the obstacle.
fn in_obstacle(x: f64, y: f64) -> bool {
    let side = (1.5..=2.5).contains(&x.abs()) && y > -2.5 && y < 2.0;
    let bottom = x.abs() <= 1.5 && (-2.5..=-1.5).contains(&y);
    side || bottom
}

fn outside(x: f64, y: f64) -> bool {
    x.abs() > POOL || y.abs() > POOL
}

fn on_platform(x: f64, y: f64) -> bool {
    x * x + y * y <= PLATFORM * PLATFORM
}

/// The water maze with Gaussian place cells on an 11 x 11 grid, index `11 iy + ix`.
#[derive(Clone, Debug, Default)]
pub struct WaterMaze {
    place: (f64, f64),
}

impl WaterMaze {
    /// A pool with the agent at the centre, before the first reset.
    pub fn new() -> Self {
        Self::default()
    }

    /// Where the agent is.
    pub fn place(&self) -> (f64, f64) {
        self.place
    }
}

/// Gaussian of each cell's distance along one axis.
fn along(position: f64) -> [f64; CELLS] {
    let spacing = 2.0 * POOL / (CELLS - 1) as f64;
    std::array::from_fn(|k| {
        let distance = position - (-POOL + spacing * k as f64);
        (-distance * distance / (2.0 * SIGMA * SIGMA)).exp()
    })
}

impl Environment for WaterMaze {
    fn inputs(&self) -> usize {
        CELLS * CELLS
    }

    fn actions(&self) -> usize {
        DIRECTIONS.len()
    }

    fn reset(&mut self, random: &mut Random) {
        loop {
            let mut coordinate = || POOL * (2.0 * random.random::<f64>() - 1.0);
            let (x, y) = (coordinate(), coordinate());
            if !in_obstacle(x, y) && !on_platform(x, y) {
                self.place = (x, y);
                return;
            }
        }
    }

    fn activities(&self, x: &mut [f64]) {
        let (columns, rows) = (along(self.place.0), along(self.place.1));
        let peak = 1.0 / (SIGMA * TAU.sqrt());
        for (cells, row) in x.chunks_exact_mut(CELLS).zip(rows) {
            for (cell, column) in cells.iter_mut().zip(columns) {
                *cell = peak * row * column;
            }
        }
    }

    fn step(&mut self, action: usize, _random: &mut Random) -> Step {
        let (x0, y0) = self.place;
        let (dx, dy) = DIRECTIONS[action];
        let last = (SAMPLES - 1) as f64;
        for k in 0..SAMPLES {
            let way = MOVE * k as f64 / last;
            let (x, y) = (x0 + dx * way, y0 + dy * way);
            if outside(x, y) || in_obstacle(x, y) {
                break;
            }
            self.place = (x, y);
            if on_platform(x, y) {
                return Step { reward: 1.0, outcome: Outcome::Arrived };
            }
        }
        Step { reward: 0.0, outcome: Outcome::Moved }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::random::{Stream, stream};

    fn go(place: (f64, f64), action: usize) -> ((f64, f64), f64) {
        let mut maze = WaterMaze { place };
        let reward = maze.step(action, &mut stream(0, Stream::Agent)).reward;
        (maze.place, reward)
    }

    #[test]
    fn moves_stop_at_walls_and_on_the_platform() {
        let s = 1.5 * FRAC_1_SQRT_2;
        let close = |(a, b): (f64, f64), (c, d): (f64, f64)| (a - c).abs() < 1e-12 && (b - d).abs() < 1e-12;
        assert!(close(go((4.0, 4.0), 1).0, (4.0 + s, 4.0 + s)));
        // 5.5 + 1.5 k / 9 passes 6 at k = 4; the agent stops at k = 3.
        assert!(close(go((5.5, 0.0), 2).0, (6.0, 0.0)));
        assert!(close(go((5.4, 0.0), 2).0, (5.9, 0.0)));
        assert!(close(go((-3.0, 0.0), 2).0, (-3.0 + 1.5 / 9.0 * 2.0, 0.0)), "before the left wall at -2.5");
        assert!(close(go((0.0, -3.0), 0).0, (0.0, -3.0 + 1.5 / 9.0 * 2.0)), "before the bottom at -2.5");
        assert!(close(go((0.0, 3.0), 4).0, (0.0, 1.5)), "through the open side");
        assert_eq!(go((0.0, 1.5), 4).1, 1.0);
        assert_eq!(go((0.0, 3.0), 4).1, 0.0);
        assert_eq!(go((2.6, 2.0), 6).1, 0.0);
        assert!(in_obstacle(2.0, 1.99) && !in_obstacle(2.0, 2.0) && in_obstacle(0.0, -1.5) && !in_obstacle(0.0, -1.4));
    }

    #[test]
    fn place_cells_have_the_published_size() {
        let mut x = vec![0.0; 121];
        let maze = WaterMaze { place: (-4.8, 1.2) };
        maze.activities(&mut x);
        let cell = 11 * 6 + 1;
        assert!((x[cell] - 0.531_923_040_535_243_6).abs() < 1e-15, "{}", x[cell]);
        assert!((x.iter().sum::<f64>() - 1.31).abs() < 0.02);
        let expected = 0.531_923_040_535_243_6 * (-1.44_f64 / 1.125).exp();
        for neighbour in [cell - 1, cell + 1, cell - 11, cell + 11] {
            assert!((x[neighbour] - expected).abs() < 1e-15);
        }
    }

    /// Acceptance A2.
    #[test]
    fn a_random_walk_takes_445_moves() {
        let mut random = stream(2, Stream::Agent);
        let mut maze = WaterMaze::new();
        let (walks, mut moves) = (20_000, 0_u64);
        for _ in 0..walks {
            maze.reset(&mut random);
            loop {
                moves += 1;
                let action = random.random_range(0..8);
                if maze.step(action, &mut random).outcome == Outcome::Arrived {
                    break;
                }
            }
        }
        let mean = moves as f64 / f64::from(walks);
        println!("A2: random walk {mean:.1} moves");
        assert!((mean - 445.0).abs() <= 12.0, "{mean}");
    }
}
