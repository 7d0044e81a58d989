//! Schedules of the learning rate, and one run of the learner under a schedule.

use rand::RngExt;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

use super::rate::{DeviceRate, RateError, RateFactory};
use super::world::{DISCOUNT, World};
use crate::learn::random::{Stream, stream};

/// Share of random actions.
const EPSILON: f64 = 0.1;
/// Episodes between two checks of the policy.
const CADENCE: u32 = 5;

/// How the learning rate depends on the episode `e` since the last reset.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// `a`.
    Fixed(f64),
    /// From `a0` to `a1` over so many episodes.
    Linear(f64, f64, f64),
    /// `a1 + (a0 - a1) exp(-e / tau)`.
    Exponential(f64, f64, f64),
    /// Three levels, switched at two episodes.
    Manual([f64; 3], [u32; 2]),
    /// `max(a1, (1 + n(s, a))^-w)`: w, a1.
    PerVisit(f64, f64),
    /// `a1 + (a0 - a1) s_e`, s read from a device every so many seconds: a0, a1, seconds.
    Device(f64, f64, f64),
}

/// A schedule and what happens when the map changes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Setting {
    /// The schedule.
    pub schedule: Schedule,
    /// Whether a stage begins the schedule anew (and spikes the device again).
    pub reset: bool,
}

/// What counts as converged, and how long to try.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Criterion {
    /// Largest loss against the optimum, per move of the shortest path.
    pub tolerance: f64,
    /// Consecutive checks that must pass.
    pub checks: u32,
    /// Episodes of a stage.
    pub budget: u32,
}

impl Criterion {
    /// The usual one.
    pub const STANDARD: Self = Self { tolerance: 0.10, checks: 4, budget: 600 };
    /// A closer policy, held for longer.
    pub const STRICT: Self = Self { tolerance: 0.04, checks: 8, budget: 1500 };
}

/// Cost of one run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Episodes until convergence, summed over stages; the budget for a stage that did not converge.
    pub iterations: u32,
    /// Moves made.
    pub moves: u64,
    /// Whether a stage did not converge.
    pub failed: bool,
}

/// The learning rate in the course of a run.
enum Course {
    Formula(Schedule),
    Table(Arc<[f64]>),
    Live(DeviceRate),
}

/// Precomputed displacements of a fresh device for runs of one stage; without them the device is simulated along.
pub(super) enum Source<'a> {
    Table(Arc<[f64]>),
    Factory(&'a RateFactory),
}

impl Setting {
    /// Trains through the worlds, one stage each, with the random draws of `seed`.
    ///
    /// # Errors
    /// A device that fails.
    pub(super) fn run(
        &self,
        worlds: &[World],
        criterion: &Criterion,
        source: &Source,
        seed: u64,
    ) -> Result<Run, RateError> {
        let mut course = match (self.schedule, source) {
            (Schedule::Device(..), Source::Table(table)) => Course::Table(table.clone()),
            (Schedule::Device(_, _, interval), Source::Factory(factory)) => {
                Course::Live(DeviceRate::new(factory()?, interval)?)
            }
            (schedule, _) => Course::Formula(schedule),
        };
        let mut random = stream(seed, Stream::Agent);
        let mut values: Vec<[f64; 4]> = Vec::new();
        let mut visits: Vec<[u32; 4]> = Vec::new();
        let mut buffers = (Vec::new(), Vec::new());
        let mut size = 0;
        let mut since = 0_u32;
        let mut run = Run::default();
        for (stage, world) in worlds.iter().enumerate() {
            values = carried(&values, size, world.map.size, [0.0; 4]);
            visits = if self.reset {
                vec![[0; 4]; world.map.size * world.map.size]
            } else {
                carried(&visits, size, world.map.size, [0; 4])
            };
            size = world.map.size;
            if stage > 0 && self.reset {
                since = 0;
                if let Course::Live(rate) = &mut course {
                    rate.spike()?;
                }
            }
            let goal = world.map.goal();
            let enough = world.optimum - criterion.tolerance * (2 * size - 2) as f64;
            let mut passed = 0;
            let mut converged = false;
            for episode in 1..=criterion.budget {
                let alpha = self.alpha(&course, since);
                let mut state = 0;
                for _ in 0..20 * size {
                    let explore = random.random::<f64>() < EPSILON;
                    let action = if explore { random.random_range(0..4) } else { greedy(&values[state]) };
                    let (next, reward) = world.step(state, action, &mut random);
                    let future = if next == goal { 0.0 } else { values[next][greedy(&values[next])] };
                    let rate = match self.schedule {
                        Schedule::PerVisit(w, a1) => (1.0 + f64::from(visits[state][action])).powf(-w).max(a1),
                        _ => alpha,
                    };
                    visits[state][action] += 1;
                    let value = &mut values[state][action];
                    *value += rate * (reward + DISCOUNT * future - *value);
                    run.moves += 1;
                    state = next;
                    if state == goal {
                        break;
                    }
                }
                since += 1;
                if let Course::Live(rate) = &mut course {
                    rate.advance()?;
                }
                if episode % CADENCE == 0 {
                    let value = world.evaluate(|s| greedy(&values[s]), &mut buffers);
                    passed = if value >= enough { passed + 1 } else { 0 };
                    if passed == criterion.checks {
                        converged = true;
                        run.iterations += episode;
                        break;
                    }
                }
            }
            if !converged {
                run.iterations += criterion.budget;
                run.failed = true;
            }
        }
        Ok(run)
    }

    fn alpha(&self, course: &Course, since: u32) -> f64 {
        let e = f64::from(since);
        let schedule = match course {
            Course::Formula(schedule) => *schedule,
            Course::Table(_) | Course::Live(_) => self.schedule,
        };
        match schedule {
            Schedule::Fixed(a) => a,
            Schedule::Linear(a0, a1, over) => a1.max(a0 + (a1 - a0) * e / over),
            Schedule::Exponential(a0, a1, tau) => a1 + (a0 - a1) * (-e / tau).exp(),
            Schedule::Manual(levels, [first, second]) => {
                levels[usize::from(since >= first) + usize::from(since >= second)]
            }
            Schedule::PerVisit(..) => 0.0,
            Schedule::Device(a0, a1, _) => {
                let displacement = match course {
                    Course::Table(table) => table.get(since as usize).copied().unwrap_or(0.0),
                    Course::Live(rate) => rate.displacement(),
                    Course::Formula(_) => 0.0,
                };
                a1 + (a0 - a1) * displacement
            }
        }
    }
}

/// The best action; of equals the first.
fn greedy(values: &[f64; 4]) -> usize {
    (1..4).fold(0, |best, a| if values[a] > values[best] { a } else { best })
}

/// A table carried over to a larger map cell by cell; new cells and the old goal start empty.
fn carried<T: Copy>(old: &[[T; 4]], old_size: usize, size: usize, empty: [T; 4]) -> Vec<[T; 4]> {
    (0..size * size)
        .map(|s| {
            let (x, y) = (s % size, s / size);
            let known = x < old_size && y < old_size && (x, y) != (old_size - 1, old_size - 1);
            if known { old[y * old_size + x] } else { empty }
        })
        .collect()
}

/// The sixteen settings of each method that are tried in tuning.
pub(super) fn grid(method: &str, dynamic: bool) -> Vec<Setting> {
    let reset = !method.ends_with("no reset") && !method.ends_with("no re-spike");
    let stretch = if dynamic && !reset { 4.0 } else { 1.0 };
    let ends = [(0.7, 0.1), (0.7, 0.3), (1.0, 0.1), (1.0, 0.3)];
    let pairs = |over: [f64; 4], make: fn(f64, f64, f64) -> Schedule| -> Vec<Schedule> {
        ends.iter().flat_map(|(a0, a1)| over.map(|t| make(*a0, *a1, t))).collect()
    };
    let schedules: Vec<Schedule> = match method.split(',').next().unwrap_or(method) {
        "linear" => pairs([50.0, 100.0, 200.0, 400.0].map(|e| e * stretch), Schedule::Linear),
        "exponential" => pairs([25.0, 50.0, 100.0, 200.0], Schedule::Exponential),
        "manual" => {
            let levels = [[1.0, 0.5, 0.2], [0.9, 0.6, 0.3], [0.7, 0.4, 0.2], [1.0, 0.3, 0.1]];
            let switches = [[25, 75], [50, 100], [50, 150], [100, 200]];
            levels.iter().flat_map(|l| switches.map(|s| Schedule::Manual(*l, s))).collect()
        }
        "per-visit" => {
            let powers = [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0];
            powers.iter().flat_map(|w| [0.05, 0.2].map(|a1| Schedule::PerVisit(*w, a1))).collect()
        }
        "device" => pairs([0.5, 1.0, 2.0, 4.0], Schedule::Device),
        _ => {
            let rates = [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7, 0.8, 0.9, 1.0];
            rates.map(Schedule::Fixed).to_vec()
        }
    };
    schedules.into_iter().map(|schedule| Setting { schedule, reset }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::world::{Condition, Map};
    use super::*;

    #[test]
    fn tables_are_carried_over_cell_by_cell() {
        let old: Vec<[f64; 4]> = (0..9).map(|k| [f64::from(k); 4]).collect();
        let new = carried(&old, 3, 4, [-1.0; 4]);
        let firsts: Vec<f64> = new.iter().map(|v| v[0]).collect();
        assert_eq!(firsts, [0.0, 1.0, 2.0, -1.0, 3.0, 4.0, 5.0, -1.0, 6.0, 7.0, -1.0, -1.0, -1.0, -1.0, -1.0, -1.0]);
    }

    #[test]
    fn grids_have_sixteen_points() {
        for method in ["fixed", "linear", "linear, no reset", "exponential", "manual", "per-visit", "device"] {
            assert_eq!(grid(method, true).len(), 16, "{method}");
        }
        let last = grid("linear, no reset", true)[15];
        assert_eq!((last.schedule, last.reset), (Schedule::Linear(1.0, 0.3, 1600.0), false));
    }

    #[test]
    fn schedules_follow_their_formulas() {
        let at = |schedule, e| {
            let setting = Setting { schedule, reset: true };
            setting.alpha(&Course::Formula(schedule), e)
        };
        assert!((at(Schedule::Linear(1.0, 0.2, 100.0), 50) - 0.6).abs() < 1e-15);
        assert_eq!(at(Schedule::Linear(1.0, 0.2, 100.0), 500), 0.2);
        assert!((at(Schedule::Exponential(1.0, 0.2, 10.0), 10) - (0.2 + 0.8 / std::f64::consts::E)).abs() < 1e-15);
        let manual = Schedule::Manual([1.0, 0.5, 0.2], [25, 75]);
        assert_eq!([0, 24, 25, 74, 75].map(|e| at(manual, e)), [1.0, 1.0, 0.5, 0.5, 0.2]);
    }

    #[test]
    fn a_deterministic_map_is_learnt_quickly_at_a_high_rate() {
        let worlds = [World::new(Map::new(6, &[(1, 1)], &[(3, 3, 0, 2)], 3.0), Condition::DETERMINISTIC)];
        let run = |a| {
            let setting = Setting { schedule: Schedule::Fixed(a), reset: true };
            let table = Source::Table(Vec::new().into());
            setting.run(&worlds, &Criterion::STANDARD, &table, 3).unwrap()
        };
        let (fast, slow) = (run(0.9), run(0.1));
        assert!(!fast.failed && fast.iterations < slow.iterations, "{fast:?} {slow:?}");
        assert_eq!(fast, run(0.9));
    }
}
