//! Every device: analytic `G` and `C` against central differences of `i` and `q`, and conservation of current and charge.

use std::cell::RefCell;

use proptest::test_runner::{Config, RngSeed, TestRunner};

use super::testbench::{Deck, System};
use crate::circuit::*;
use crate::expr::{Binary, Builtin, Expr};

/// Compares the Jacobians with finite differences at random solutions (`scale` V or A); a circuit that
/// `conserves` has nodes only, whose rows (ground's too) must sum to zero in `i` and in `q`.
pub fn check(deck: &Deck, scale: f64, conserves: bool) {
    let config = Config { cases: 300, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..Config::default() };
    let system = RefCell::new(System::new(deck));
    system.borrow_mut().time = 3.7e-9;
    let n = system.borrow().names.len();
    let bias = proptest::collection::vec(-1.0..1.0f64, n - 1);
    TestRunner::new(config)
        .run(&bias, |bias| {
            let mut x = vec![0.0];
            x.extend(bias.iter().map(|b| b * scale));
            compare(&mut system.borrow_mut(), &x, conserves);
            Ok(())
        })
        .expect("Jacobians agree with finite differences");
}

/// One bias. The memory is settled first, so that no limiting acts, and kept fixed.
pub fn compare(system: &mut System, x: &[f64], conserves: bool) {
    let mut settled = false;
    for _ in 0..500 {
        settled = !system.eval(x, false, Some(1.0)).limited;
        if settled {
            break;
        }
    }
    assert!(settled, "limiting does not end at {x:?}");
    let n = x.len();
    let e = system.eval(x, false, Some(1.0));
    if conserves {
        for (name, rows) in [("current", &e.i), ("charge", &e.q)] {
            let largest = rows.iter().fold(1e-30f64, |m, v| m.max(v.abs()));
            let total: f64 = rows.iter().sum();
            assert!(total.abs() <= 1e-9 * largest, "{name} is not conserved at {x:?}: {total} of {largest}");
        }
    }
    let row_scale = |m: &[Vec<f64>], r: usize| m[r].iter().fold(1e-30f64, |a, v| a.max(v.abs()));
    for column in 1..n {
        let h = 1e-6 * x[column].abs().max(1.0);
        let at = |delta: f64, system: &mut System| {
            let mut moved = x.to_vec();
            moved[column] += delta;
            let memory = system.memory.clone();
            let e = system.eval(&moved, false, Some(1.0));
            system.memory = memory;
            (e.i, e.q)
        };
        let (up, down) = (at(h, system), at(-h, system));
        for row in 1..n {
            for (name, analytic, high, low, scale, size) in [
                ("G", e.g[row][column], up.0[row], down.0[row], row_scale(&e.g, row), e.i[row]),
                ("C", e.c[row][column], up.1[row], down.1[row], row_scale(&e.c, row), e.q[row]),
            ] {
                let numeric = (high - low) / (2.0 * h);
                // rounding of the difference itself
                let rounding = 4e-16 * (size.abs() + high.abs()) / h * 4.0;
                let bound = 1e-5 * scale + rounding;
                assert!(
                    (numeric - analytic).abs() <= bound,
                    "{name}[{}][{}] at {x:?}: analytic {analytic:e}, numeric {numeric:e}",
                    system.names[row],
                    system.names[column]
                );
            }
        }
    }
}

#[test]
fn linear_elements() {
    let mut deck = Deck::new();
    deck.r("r1", "a b", 1e3);
    deck.c("c1", "b c", 1e-9);
    let one = deck.l("l1", "c 0", 1e-3);
    let two = deck.l("l2", "a c", 4e-3);
    let three = deck.l("l3", "b 0", 2e-3);
    for (name, first, second, coupling) in [("k1", one, two, 0.9), ("k2", one, three, -0.3)] {
        deck.add(name, "", ElementKind::Mutual { coils: vec![first, second], coupling });
    }
    check(&deck, 3.0, false);
}

#[test]
fn sources() {
    let mut deck = Deck::new();
    deck.v("v1", "a b", 1.5);
    deck.add("i1", "b 0", ElementKind::CurrentSource(Source { dc: 1e-3, ac: None, waveform: None }));
    let dac = deck.model("dac", &[("rout", 100.0)]);
    deck.device("ydac1", "a 0", dac, &[("dc", 0.5)]);
    let adc = deck.model("adc", &[("rin", 1e6), ("cin", 1e-12)]);
    deck.device("yadc1", "b a", adc, &[]);
    check(&deck, 3.0, false);
}

#[test]
fn controlled_sources() {
    let mut deck = Deck::new();
    let [a, b, c] = ["a", "b", "c"].map(|n| deck.node(n));
    let ground = NodeId::GROUND;
    let v = deck.v("v1", "a 0", 1.0);
    let w = deck.v("v2", "b c", 1.0);
    let volts =
        Poly { controls: vec![(a, b), (c, ground)], coefficients: vec![0.1, 2.0, -1.0, 0.3, 0.7, 0.0, 0.2, 0.05] };
    let amps = Poly { controls: vec![v, w], coefficients: vec![0.0, 5.0, 1.0, 0.3, 0.7, 0.4] };
    deck.add("e1", "d a", ElementKind::Vcvs(volts.clone()));
    deck.add("g1", "d b", ElementKind::Vccs(volts));
    deck.add("f1", "c 0", ElementKind::Cccs(amps.clone()));
    deck.add("h1", "c d", ElementKind::Ccvs(amps));
    deck.add("e2", "a c", ElementKind::Vcvs(Poly { controls: vec![(a, ground)], coefficients: vec![0.0, 10.0] }));
    check(&deck, 2.0, false);
}

#[test]
fn behavioural_sources() {
    let mut deck = Deck::new();
    let [a, b] = ["a", "b"].map(|n| deck.node(n));
    let control = deck.v("v1", "a 0", 1.0);
    let leaf = |q| Box::new(Expr::Leaf(q));
    let product = Expr::Binary(
        Binary::Multiply,
        Box::new(Expr::Call(Builtin::Tanh, vec![Expr::Leaf(Quantity::Voltage(a, b))])),
        Box::new(Expr::Binary(Binary::Add, leaf(Quantity::Current(control)), leaf(Quantity::TemperCelsius))),
    );
    deck.add("b1", "b 0", ElementKind::BehaviouralCurrent(product.clone()));
    deck.add("b2", "b a", ElementKind::BehaviouralVoltage(product));
    check(&deck, 2.0, false);
}

#[test]
fn operators_in_expressions() {
    let mut deck = Deck::new();
    let [a, b] = ["a", "b"].map(|n| deck.node(n));
    let v = |p, m| Expr::Leaf(Quantity::Voltage(p, m));
    let product = |x: Expr<Quantity>, y| Expr::Binary(Binary::Multiply, Box::new(x), Box::new(y));
    let s = || Expr::Leaf(Quantity::Laplace);
    let lag = Expr::Binary(
        Binary::Divide,
        Box::new(Expr::Binary(Binary::Add, Box::new(Expr::Const(2.0)), Box::new(s()))),
        Box::new(Expr::Binary(Binary::Add, Box::new(Expr::Const(1.0)), Box::new(product(s(), s())))),
    );
    let charge = product(v(a, NodeId(0)), v(a, b));
    for (name, nodes, function, rest) in [
        ("b1", "a 0", Builtin::Derivative, vec![]),
        ("b2", "b 0", Builtin::Integral, vec![Expr::Const(0.3)]),
        ("b3", "a b", Builtin::Transfer, vec![lag]),
        ("b4", "b a", Builtin::Delay, vec![Expr::Const(1.0)]),
    ] {
        let call = Expr::Call(function, [vec![charge.clone()], rest].concat());
        deck.add(name, nodes, ElementKind::BehaviouralCurrent(product(call, v(b, NodeId(0)))));
    }
    check(&deck, 2.0, false);
}

#[test]
fn lines() {
    let mut deck = Deck::new();
    deck.add("t1", "a 0 b c", ElementKind::Line { impedance: 50.0, delay: 1e-9, initial: None });
    for (name, params) in [
        ("o1", vec![("r", 10.0), ("l", 1e-6), ("c", 1e-10), ("len", 1.0)]),
        ("o2", vec![("r", 10.0), ("c", 1e-10), ("len", 1.0)]),
        ("o3", vec![("r", 10.0), ("g", 1e-3), ("len", 1.0)]),
        ("o4", vec![("l", 1e-6), ("c", 1e-10), ("len", 1.0)]),
    ] {
        let model = deck.model("ltra", &params);
        deck.device(name, "a 0 b c", model, &[]);
    }
    let urc = deck.model("urc", &[("k", 2.0), ("rperl", 1e3), ("cperl", 1e-9)]);
    deck.device("u1", "a b c", urc, &[("l", 1.0)]);
    check(&deck, 2.0, false);
}

#[test]
fn diodes() {
    let params = [("is", 1e-14), ("rs", 5.0), ("cjo", 2e-12), ("vj", 0.7), ("m", 0.4), ("tt", 1e-9), ("bv", 5.0)];
    let mut deck = Deck::new();
    let model = deck.model("d", &params);
    deck.device("d1", "a b", model, &[("area", 2.0)]);
    check(&deck, 0.45, true);
    let plain = deck.model("d", &[("cjo", 1e-12), ("bv", 1.5), ("ibv", 1e-6)]);
    deck.device("d2", "b a", plain, &[]);
    check(&deck, 0.45, true);
    check(&deck, 0.9, true);
}

#[test]
fn diodes_with_everything() {
    let sidewall =
        [("jsw", 1e-13), ("ns", 1.3), ("pj", 3.0), ("cjp", 1e-13), ("jtun", 1e-9), ("jtunsw", 1e-10), ("bv", 4.0)];
    let knees = [("isr", 1e-10), ("nr", 2.0), ("ikf", 1e-3), ("ikr", 1e-6), ("tt", 1e-8), ("cjo", 1e-12), ("rs", 2.0)];
    let scaled =
        [("level", 3.0), ("jsw", 1e-9), ("cjo", 1e-3), ("wm", 1e-6), ("lm", 1e-5), ("tlev", 2.0), ("tlevc", 1.0)];
    let pspice =
        [("level", 2.0), ("bv", 0.8), ("ibv", 1e-6), ("ibvl", 1e-5), ("nbvl", 3.0), ("ikf", 1e-6), ("isr", 1e-9)];
    for params in [sidewall, knees, scaled, pspice] {
        let mut deck = Deck::new();
        let model = deck.model("d", &params);
        deck.device("d1", "a b", model, &[("w", 1e-5), ("l", 2e-5), ("m", 2.0)]);
        check(&deck, 0.45, true);
        check(&deck, 0.9, true);
    }
}

#[test]
fn mosfets() {
    let plain = [("vto", 0.5), ("kp", 3e-4), ("lambda", 0.02), ("tox", 5e-9), ("cgso", 2e-10), ("cgdo", 2e-10)];
    let full = [
        ("vto", 0.6),
        ("kp", 1e-4),
        ("gamma", 0.5),
        ("phi", 0.7),
        ("lambda", 0.05),
        ("rd", 20.0),
        ("rs", 10.0),
        ("cbd", 1e-14),
        ("cbs", 2e-14),
        ("cjsw", 1e-10),
        ("tox", 1e-8),
        ("cgbo", 1e-10),
        ("cgso", 1e-10),
    ];
    let geometry = [("w", 1e-5), ("l", 1e-6), ("pd", 2e-5), ("ps", 3e-5)];
    for kind in ["nmos", "pmos"] {
        let sign = if kind == "nmos" { 1.0 } else { -1.0 };
        for params in [&plain[..], &full[..]] {
            let params: Vec<_> = params.iter().map(|&(n, v)| (n, if n == "vto" { sign * v } else { v })).collect();
            let mut deck = Deck::new();
            let model = deck.model(kind, &params);
            deck.device("m1", "d g s b", model, &geometry);
            check(&deck, 0.35, true);
            check(&deck, 1.2, true);
        }
    }
}

#[test]
fn switches() {
    let mut deck = Deck::new();
    let sw = deck.model("sw", &[("ron", 10.0), ("roff", 1e6), ("vt", 0.5), ("vh", 0.1)]);
    deck.device("s1", "a b c d", sw, &[("on", 1.0)]);
    deck.device("s2", "a c b d", sw, &[]);
    check(&deck, 1.0, true);
}

#[test]
fn opamps() {
    let mut deck = Deck::new();
    let model = deck.model("opamp", &[("vos", 1e-3), ("ib", 1e-9), ("ios", 1e-10), ("rin", 1e6), ("cin", 1e-12)]);
    deck.device("u1", "p n o", model, &[]);
    check(&deck, 0.2, false);
    check(&deck, 12.1, false);
}
