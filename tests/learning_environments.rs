//! Cart-pole and mountain car against trajectories of another implementation.

use ionspice::learn::{CartPole, Environment, MountainCar, Outcome, Stream, stream};

/// Rows of numbers; an empty field is NaN.
fn table(name: &str) -> Vec<Vec<f64>> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/dqn").join(name);
    let text = std::fs::read_to_string(path).expect("a table");
    text.lines().skip(1).map(|l| l.split(',').map(|f| f.parse().unwrap_or(f64::NAN)).collect()).collect()
}

fn same(name: &str, row: &[f64], ours: &[f64], outcome: Outcome) {
    for (a, b) in ours.iter().zip(&row[2..]) {
        assert!((a - b).abs() <= 1e-12, "{name}, step {}: {ours:?}, reference {row:?}", row[0]);
    }
    assert_eq!(outcome == Outcome::Arrived, row[2 + ours.len()] == 1.0, "{name}, step {}", row[0]);
}

#[test]
fn cart_pole_follows_the_reference() {
    let mut random = stream(0, Stream::Agent);
    for name in ["env_cartpole_allright.csv", "env_cartpole_alternate.csv", "env_cartpole_feedback.csv"] {
        let rows = table(name);
        let mut world = CartPole::new();
        world.set_state([rows[0][2], rows[0][3], rows[0][4], rows[0][5]]);
        for row in &rows[1..] {
            let step = world.step(usize::from(row[1] > 0.0), &mut random);
            assert_eq!(step.reward, 1.0);
            same(name, row, &world.state(), step.outcome);
            let mut seen = [0.0; 4];
            world.activities(&mut seen);
            assert_eq!(seen[2], 10.0 * world.state()[2]);
        }
    }
}

#[test]
fn mountain_car_follows_the_reference() {
    let mut random = stream(0, Stream::Agent);
    for name in ["env_mountaincar_bangbang.csv", "env_mountaincar_coast.csv", "env_mountaincar_leftwall.csv"] {
        let rows = table(name);
        let mut world = MountainCar::new();
        world.set_state([rows[0][2], rows[0][3]]);
        for row in &rows[1..] {
            let step = world.step(row[1] as usize - 1, &mut random);
            assert_eq!(step.reward, if step.outcome == Outcome::Arrived { 0.0 } else { -1.0 });
            same(name, row, &world.state(), step.outcome);
        }
    }
}

#[test]
fn starts_are_drawn_from_the_published_ranges() {
    let mut random = stream(5, Stream::Agent);
    let (mut pole, mut car) = (CartPole::new(), MountainCar::new());
    let mut largest = [0.0_f64; 4];
    for _ in 0..1000 {
        pole.reset(&mut random);
        car.reset(&mut random);
        largest.iter_mut().zip(pole.state()).for_each(|(l, s)| *l = l.max(s.abs()));
        assert!((-0.6..=-0.4).contains(&car.state()[0]) && car.state()[1] == 0.0);
    }
    let limits = [0.05, 0.05, 0.005, 0.05];
    assert!(largest.iter().zip(limits).all(|(l, limit)| *l <= limit && *l > 0.98 * limit), "{largest:?}");
}
