//! Memristors left alone: what the error control must see, and what it must not cost.

use std::sync::Arc;

use ionspice::analysis::Options;
use ionspice::cosim::Session;
use ionspice::netlist;

fn session(deck: &str) -> Session {
    let loaded = netlist::parse_str("deck.cir", deck, &[]).unwrap_or_else(|found| panic!("{:?}", found.diagnostics));
    let (options, _) = Options::from_settings(&loaded.circuit.options);
    Session::new(Arc::new(loaded.circuit), options).unwrap_or_else(|failure| panic!("{failure:?}"))
}

/// A column of an oracle's reference at a time, between its points.
fn reference(text: &str, column: &str, time: f64) -> f64 {
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    let k = lines.next().expect("header").split(',').position(|name| name == column).expect("column");
    let rows: Vec<(f64, f64)> = lines
        .map(|line| {
            let values: Vec<f64> = line.split(',').map(|x| x.parse().expect("number")).collect();
            (values[0], values[k])
        })
        .collect();
    let after = rows.iter().position(|row| row.0 >= time).expect("within the reference").max(1);
    let ((t0, y0), (t1, y1)) = (rows[after - 1], rows[after]);
    y0 + (y1 - y0) * (time - t0) / (t1 - t0)
}

#[test]
fn a_day_of_relaxation_takes_few_steps() {
    let text = include_str!("../netlists/oracle/ref/sox_day.csv");
    let deck = include_str!("../netlists/oracle/sox_day.cir");
    let mut session = session(deck);
    let x1 = session.probe_named("@m1[x1]").expect("probe");
    session.advance(1.2).expect("spike");
    let before = session.system().counters.points;
    for (duration, allowed) in [(10.0, 1.5e-4), (290.0, 1.5e-4), (86000.0, 1e-6)] {
        session.advance(duration).expect("rest");
        let expected = reference(text, "@m1[x1]", session.time());
        // straight lines between the points of the reference stay within 1e-5 of its range
        assert!((session.probe(&x1) - expected).abs() < allowed + 1e-5, "{} {expected}", session.probe(&x1));
    }
    let points = session.system().counters.points - before;
    println!("{points} points for a day");
    assert!(points < 400, "{points}");
}

#[test]
fn slow_loss_over_a_day_takes_a_handful_of_steps() {
    // h' = -h/tr with tr = 1e6 s
    let deck = "memdiode left alone\nYMEMRISTOR m1 a 0 md h0=1\nR1 a 0 1k\n.model md memdiode version=1 t0r=1e6 t0s=1e12\n.end\n";
    let mut session = session(deck);
    let h = session.probe_named("@m1[h]").expect("probe");
    session.advance(86400.0).expect("rest");
    assert!((session.probe(&h) - (-0.0864f64).exp()).abs() < 1e-4, "{}", session.probe(&h));
    let points = session.system().counters.points;
    println!("{points} points for a day");
    assert!(points < 100, "{points}");
}

#[test]
fn a_fast_relaxation_in_a_long_run_is_not_stepped_over() {
    // half of the switches turn within 1e-4 s; then nothing happens for an hour: only the state knows of it
    let deck = "switch left alone\nV1 a 0 PWL(0 0 1 0 1.001 1 2 1 2.001 0)\nYMEMRISTOR m1 a 0 mk x0=0\n\
                .model mk mms von=-0.1 voff=-0.1 tau=1e-4\n.temp 25.35\n.end\n";
    let mut session = session(deck);
    let x = session.probe_named("@m1[x]").expect("probe");
    let mut seen: Vec<(f64, f64)> = vec![(0.0, session.probe(&x))];
    session
        .advance_with(3600.0, &mut |_, now| {
            seen.push((now.time, now.point.states[0]));
            Ok(())
        })
        .expect("run");
    // without voltage both rates are 1/(1 + exp(-0.1/VT)) / tau
    let vt = 1.380649e-23 * 298.5 / 1.602176634e-19;
    let rate = 2e4 / (1.0 + (-0.1f64 / vt).exp());
    for window in seen.windows(2).filter(|w| w[1].0 < 0.5) {
        let expected = 0.5 - 0.5 * (-rate * window[1].0).exp();
        assert!((window[1].1 - expected).abs() < 1e-3, "{window:?} {expected}");
    }
    let near = seen.iter().filter(|(t, x)| *t < 1e-3 && *x > 0.05 && *x < 0.45).count();
    assert!(near > 5, "{near} points while it moves");
    assert!((session.probe(&x) - 0.5).abs() < 1e-6);
}
