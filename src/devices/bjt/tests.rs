use super::super::jacobian_check::check;
use super::super::testbench::{Deck, System};

const FULL: [(&str, f64); 33] = [
    ("is", 1e-15),
    ("bf", 150.0),
    ("nf", 1.02),
    ("vaf", 60.0),
    ("ikf", 0.02),
    ("ise", 1e-13),
    ("ne", 1.6),
    ("br", 4.0),
    ("var", 12.0),
    ("ikr", 0.03),
    ("isc", 2e-13),
    ("nc", 1.8),
    ("rb", 120.0),
    ("rbm", 15.0),
    ("irb", 1e-4),
    ("re", 1.5),
    ("rc", 8.0),
    ("cje", 2e-12),
    ("mje", 0.35),
    ("tf", 3e-10),
    ("xtf", 5.0),
    ("vtf", 4.0),
    ("itf", 0.01),
    ("cjc", 1e-12),
    ("xcjc", 0.6),
    ("tr", 2e-8),
    ("cjs", 1.5e-12),
    ("mjs", 0.4),
    ("iss", 1e-16),
    ("cbcp", 1e-14),
    ("cbep", 2e-14),
    ("ccsp", 3e-14),
    ("xtb", 1.5),
];

fn with(extra: &[(&'static str, f64)]) -> Vec<(&'static str, f64)> {
    let mut all: Vec<_> = FULL.to_vec();
    for &(name, value) in extra {
        match all.iter_mut().find(|p| p.0 == name) {
            Some(param) => param.1 = value,
            None => all.push((name, value)),
        }
    }
    all
}

#[test]
fn jacobians_are_exact() {
    let cases: [Vec<(&str, f64)>; 6] = [
        vec![],
        vec![("vaf", 50.0), ("tf", 1e-9), ("cje", 1e-12), ("cjc", 1e-12)],
        with(&[]),
        with(&[("irb", 0.0), ("nkf", 0.7), ("itf", 0.0)]),
        with(&[("rco", 40.0), ("vo", 2.0), ("gamma", 1e-9), ("qco", 1e-13)]),
        with(&[("rco", 40.0), ("rc", 0.0), ("subs", -1.0)]),
    ];
    for kind in ["npn", "pnp"] {
        for params in &cases {
            let mut deck = Deck::new();
            let model = deck.model(kind, params);
            deck.device("q1", "c b e s", model, &[("area", 1.5), ("areab", 2.0), ("areac", 3.0), ("m", 2.0)]);
            check(&deck, 0.35, true);
            check(&deck, 1.0, true);
        }
    }
}

#[test]
fn excess_phase_has_exact_jacobians() {
    let mut deck = Deck::new();
    let model = deck.model("npn", &with(&[("ptf", 30.0)]));
    deck.device("q1", "c b e", model, &[]);
    check(&deck, 0.35, false);
}

/// Currents of a transistor between ideal sources.
fn bias(params: &[(&str, f64)], vbe: f64, vce: f64) -> System {
    let mut deck = Deck::new();
    deck.v("vb", "b 0", vbe);
    deck.v("vc", "c 0", vce);
    let model = deck.model("npn", params);
    deck.device("q1", "c b 0", model, &[]);
    System::new(&deck)
}

#[test]
fn ideal_transistor_follows_ebers_and_moll() {
    let mut system = bias(&[("is", 1e-15), ("bf", 80.0), ("br", 2.0)], 0.65, 0.3);
    let x = system.op();
    let vt = super::super::junction::thermal_voltage(super::super::testbench::T);
    let (forward, reverse) = (1e-15 * ((0.65 / vt).exp() - 1.0), 1e-15 * ((0.35 / vt).exp() - 1.0));
    let ic = forward - reverse - reverse / 2.0;
    let ib = forward / 80.0 + reverse / 2.0;
    assert!((x[system.index("vc")] / -ic - 1.0).abs() < 1e-7, "{} {ic}", x[system.index("vc")]);
    assert!((x[system.index("vb")] / -ib - 1.0).abs() < 3e-6);
}

#[test]
fn early_effect_and_high_injection() {
    let vt = super::super::junction::thermal_voltage(super::super::testbench::T);
    let mut system = bias(&[("is", 1e-15), ("vaf", 40.0), ("ikf", 1e-3)], 0.75, 5.0);
    let x = system.op();
    let ideal = 1e-15 * ((0.75 / vt).exp() - 1.0);
    let q1 = 1.0 / (1.0 - (0.75 - 5.0) / 40.0);
    let qb = q1 / 2.0 * (1.0 + (1.0 + 4.0 * ideal / 1e-3).sqrt());
    assert!((x[system.index("vc")] / -(ideal / qb) - 1.0).abs() < 1e-6);
}

#[test]
fn other_levels_and_wrong_vectors_are_errors() {
    let mut deck = Deck::new();
    let model = deck.model("npn", &[("level", 4.0)]);
    deck.device("q1", "c b e", model, &[]);
    let errors = deck.errors();
    assert!(errors.iter().any(|e| e.message.contains("level 4")), "{errors:?}");
}

#[test]
fn noise_is_thermal_shot_and_flicker() {
    use super::super::junction::{BOLTZMANN, CHARGE};
    let mut system = bias(&[("is", 1e-15), ("bf", 50.0), ("rb", 200.0), ("kf", 1e-12), ("af", 1.2)], 0.7, 3.0);
    let x = system.op();
    let (ic, ib) = (-x[system.index("vc")], -x[system.index("vb")]);
    let mut densities = std::collections::HashMap::new();
    let ctx = system.context(&x, false, None);
    for bank in system.banks.iter() {
        bank.noise(10.0, &ctx, &[], &[], &mut |s| {
            densities.insert(s.name.to_string(), s.density);
        });
    }
    let kt4 = 4.0 * BOLTZMANN * super::super::testbench::T;
    let expected = [
        ("rb", kt4 / 200.0),
        ("rc", 0.0),
        ("ic", 2.0 * CHARGE * ic),
        ("ib", 2.0 * CHARGE * ib),
        ("1overf", 1e-12 * ib.powf(1.2) / 10.0),
    ];
    for (name, value) in expected {
        assert!((densities[name] - value).abs() <= 1e-6 * value, "{name}: {} {value}", densities[name]);
    }
}
