use std::f64::consts::PI;

use super::*;
use crate::circuit::Circuit;
use crate::netlist::parse_str;
use crate::output::{Dataset, Quantity, Variable};

/// A circuit with these statements.
fn circuit(statements: &str) -> Circuit {
    let deck = format!("t\nV1 a 0 1\nR1 a b 1k\nR2 b 0 1k\n.param half=0.5\n.tran 1u 2m\n{statements}\n.end\n");
    parse_str("t.cir", &deck, &[]).unwrap_or_else(|f| panic!("{:?}", f.diagnostics)).circuit
}

/// `v(a)` = sin(2 pi 1 kHz t), `v(b)` = t/1 ms, over 2 ms.
fn tran() -> Dataset {
    let variables = vec![
        Variable::new("time", Quantity::Time),
        Variable::new("v(a)", Quantity::Voltage),
        Variable::new("v(b)", Quantity::Voltage),
    ];
    let mut data = Dataset::new("t", "Transient Analysis", variables);
    for k in 0..=4000 {
        let t = k as f64 * 0.5e-6;
        data.push_row(&[t, (2.0 * PI * 1e3 * t).sin(), t * 1e3]);
    }
    data
}

fn value(statement: &str) -> Result<f64, String> {
    let results = evaluate(&circuit(statement), &tran());
    let last = results.last().expect("a measure");
    last.value.ok_or_else(|| last.failure.clone().unwrap_or_default())
}

#[test]
fn every_form_against_closed_form() {
    let third = (0.5f64).asin() / (2.0 * PI * 1e3);
    for (statement, expected) in [
        (".meas tran x max v(a)", 1.0),
        (".meas tran x min v(a) from=0 to=0.25m", 0.0),
        (".meas tran x pp v(a)", 2.0),
        (".meas tran x avg v(a) from=0 to=0.5m", 2.0 / PI),
        (".meas tran x rms v(a) from=0 to=1m", 0.5f64.sqrt()),
        (".meas tran x integ v(b)", 2e-3),
        (".meas tran x max_at v(a) to=1m", 0.25e-3),
        (".meas tran x min_at v(a) to=1m", 0.75e-3),
        (".meas tran x max v(a) to=1m output=time", 0.25e-3),
        (".meas tran x when v(a)=0.5", third),
        (".meas tran x when v(a)=0.5 rise=2", third + 1e-3),
        (".meas tran x when v(a)='half' fall=1", 0.5e-3 - third),
        (".meas tran x when v(a)=half cross=last", 1.5e-3 - third),
        (".meas tran x when v(a)=half cross=-1", 1.5e-3 - third),
        (".meas tran x when v(a)=0.5 rise=1 td=0.5m", third + 1e-3),
        // sin(2 pi x) = x at 0.429368.
        (".meas tran x when v(b)=v(a) cross=last", 0.429368e-3),
        (".meas tran x find v(b) when v(a)=0.5 fall=1", 0.5 - third * 1e3),
        (".meas tran x find v(b) at=0.3m", 0.3),
        (".meas x FIND V(b) AT 0.3m", 0.3),
        (".meas tran x find par('2*v(b)+half') at=0.3m", 1.1),
        (".meas tran x deriv v(a) at=1m", 2.0 * PI * 1e3),
        (".meas tran x deriv v(b) when v(a)=0.5 fall=1", 1e3),
        (".meas tran x trig v(a) val=0.5 rise=1 targ v(a) val=0.5 fall=1", 0.5e-3 - 2.0 * third),
        (".meas tran x TRIG V(a)=0.5 RISE=1 TARG V(a)=0.5 FALL=2", 1.5e-3 - 2.0 * third),
        (".meas tran x trig at=0.1m targ v(b) val=1 cross=1", 0.9e-3),
        (".meas tran x avg v(b) trig v(a)=0.5 rise=1 targ v(a)=0.5 fall=1", 0.25),
        (".meas tran x duty v(a) on=0.5 off=0.5", 1.0 / 3.0),
        (".meas tran x freq v(a) on=0.5 off=-0.5", 1e3),
        (".meas tran x on_time v(a) on=0.5 from=0 to=1m", 0.5e-3 - 2.0 * third),
        (".meas tran y max v(a)\n.meas tran x param='2*y+half'", 2.5),
        (".meas tran x param='y+1'\n.meas tran y find v(b) at=0.5m\n.meas tran x2 eqn {x*2}", 3.0),
        (".meas tran x max v(a) goal=1 minval=1u weight=2", 1.0),
        (".measure tran \"x\" when v(a)=0 rise=1", 0.0),
        (".meas tran x when v(a)=0 fall=1", 0.5e-3),
        (".meas tran x max {v(a)*v(a)} from=half*1m to=1m", 1.0),
    ] {
        let got = value(statement).unwrap_or_else(|e| panic!("{statement}: {e}"));
        // A sine between points 0.5 us apart is a straight line to 1.2e-6.
        assert!((got - expected).abs() <= 3e-6 * expected.abs().max(1e-3), "{statement}: {got} for {expected}");
    }
}

#[test]
fn failures_say_which_condition_was_not_met() {
    for (statement, reason) in [
        (".meas tran x when v(a)=2", "no crossing through 2e0; the values go from -1e0 to 1e0"),
        (".meas tran x when v(a)=0.5 rise=9", "9 was asked for, but there is no more than 2 rise(s)"),
        (".meas tran x find v(a) at=5m", "5e-3 is outside of the results, 0e0 to 2e-3"),
        (".meas tran x trig v(a) val=0.5 rise=1 targ v(a) val=3 fall=1", "TARG: no fall through 3e0"),
        (".meas tran x avg v(a) from=2m to=1m", "the window begins at 2e-3 and ends before, at 1e-3"),
        (".meas tran y when v(a)=2\n.meas tran x param='y+1'", "there is no vector `y`"),
    ] {
        let got = value(statement).expect_err(statement);
        assert!(got.starts_with(reason), "{statement}: {got}");
    }
}

#[test]
fn statements_that_make_no_sense_are_located() {
    for (statement, message) in [
        (".meas tran x foo v(a)", "`foo` is no kind of measure"),
        (".meas tran x when v(a)", "what the quantity should be equal to is missing"),
        (".meas tran x trig v(a) val=1", "expected TARG, but the line ends here"),
        (".meas tran x find v(a)", "expected AT=.. or WHEN .., but the line ends here"),
        (".meas tran x max v(nosuch)", "unknown node `nosuch`"),
        (".meas tran x max v(a)+", "wrong expression: expected a number, a name or `(`"),
        (".meas tran x max i(r9)", "unknown element `r9`"),
        (".meas tran x param='nosuch+1'", "unknown name `nosuch`"),
        (".meas tran x max v(a) from=1 2", "expected FROM=, TO=, TD=, TRIG or TARG, found `2`"),
    ] {
        let deck = format!("t\nV1 a 0 1\nR1 a 0 1k\n{statement}\n.end\n");
        let failure = parse_str("t.cir", &deck, &[]).expect_err(statement);
        assert_eq!(failure.diagnostics[0].message, message, "{statement}");
        assert!(failure.diagnostics[0].span.is_some_and(|s| s.start as usize >= deck.find(".meas").expect("it")));
    }
}

#[test]
fn results_print_as_in_ngspice() {
    let data = tran();
    let shown = |statement: &str| evaluate(&circuit(statement), &data)[0].to_string();
    assert_eq!(shown(".meas tran vmax max v(b)"), "vmax                =  2.000000e+00 at=  2.000000e-03");
    assert_eq!(shown(".meas tran t when v(b)=1"), "t                   =  1.000000e-03");
    assert!(shown(".meas tran t when v(b)=9").starts_with("t                   = failed: no crossing"));
    assert_eq!(general(0.000123456789), "0.000123457");
    assert_eq!(general(1e-15), "1e-15");
    assert_eq!(general(123456.7), "123457");
    assert_eq!(general(-2.5e7), "-2.5e+07");
}

#[test]
fn fourier_tables_hold_the_series_of_a_square_wave() {
    let variables = vec![Variable::new("time", Quantity::Time), Variable::new("v(a)", Quantity::Voltage)];
    let mut data = Dataset::new("t", "Transient Analysis", variables);
    for k in 0..=20_000 {
        let t = k as f64 * 1e-7;
        let phase = (t * 1e3).fract();
        data.push_row(&[t, if phase < 0.5 { 1.0 } else { -1.0 }]);
    }
    let tables = fourier(&circuit(".four 1k v(a)"), &data);
    let harmonics = &tables[0].harmonics;
    assert_eq!(harmonics.len(), 10);
    for (n, (frequency, magnitude, _)) in harmonics.iter().enumerate().skip(1) {
        assert!((frequency - 1e3 * n as f64).abs() < 1e-9);
        let series = if n % 2 == 1 { 4.0 / (PI * n as f64) } else { 0.0 };
        // 200 points a period: the n-th harmonic is larger by (pi n/200)^2/6, and a corner lies within a point.
        assert!((magnitude - series).abs() < 1e-2, "{n}: {magnitude} for {series}");
    }
    assert!(tables[0].to_string().contains("No. Harmonics: 10, THD: "));
}
