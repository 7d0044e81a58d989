//! Jacobians of every level at random bias, and properties that no reference is needed for.

use crate::circuit::{ModelId, Waveform};
use crate::devices::jacobian_check::check;
use crate::devices::testbench::{Deck, System};

type Params = Vec<(&'static str, f64)>;

/// Cards of every level, for an n-channel.
fn cards() -> Vec<Params> {
    let body = [("gamma", 0.5), ("phi", 0.7), ("cbd", 1e-14), ("cbs", 2e-14), ("cjsw", 1e-10), ("cgso", 1e-10)];
    let process = [("nsub", 2e16), ("tox", 2e-8), ("uo", 550.0), ("ld", 1e-7), ("cgdo", 2e-10), ("cgbo", 1e-10)];
    let with = |level: f64, common: &[(&'static str, f64)], own: &[(&'static str, f64)]| {
        [&[("level", level), ("vto", 0.6)], common, own].concat()
    };
    vec![
        with(1.0, &body, &[("kp", 1e-4), ("lambda", 0.05), ("rd", 20.0), ("rs", 10.0), ("tox", 1e-8)]),
        with(2.0, &body, &[("lambda", 0.03), ("tox", 2e-8)]),
        with(2.0, &process, &[("nfs", 2e11), ("xj", 3e-7), ("delta", 1.2), ("ucrit", 5e4), ("uexp", 0.15)]),
        with(2.0, &process, &[("vmax", 6e4), ("neff", 2.0), ("xj", 3e-7), ("uexp", 0.1), ("nfs", 1e11)]),
        with(2.0, &process, &[("vmax", 1e5), ("lambda", 0.02)]),
        with(3.0, &body, &[("theta", 0.1), ("tox", 2e-8), ("kp", 5e-5)]),
        with(
            3.0,
            &process,
            &[("theta", 0.08), ("eta", 0.3), ("kappa", 0.5), ("xj", 3e-7), ("delta", 0.7), ("nfs", 1e11)],
        ),
        with(3.0, &process, &[("vmax", 1.5e5), ("theta", 0.05), ("nfs", 3e11), ("rsh", 20.0)]),
        with(9.0, &process, &[("vmax", 1e5), ("kappa", 1.0), ("eta", 0.1)]),
        with(6.0, &body, &[("kc", 4e-5), ("nc", 1.3), ("kv", 1.1), ("nv", 0.7), ("tox", 2e-8), ("lambda0", 0.03)]),
        with(6.0, &process, &[("gamma1", 0.1), ("sigma", 0.05), ("lambda0", 0.05), ("lambda1", 0.01)]),
    ]
}

/// A card for a channel of `sign`, of the right type.
fn model(deck: &mut Deck, card: &Params, sign: f64) -> ModelId {
    let card: Params = card.iter().map(|&(n, v)| (n, if n == "vto" { sign * v } else { v })).collect();
    deck.model(if sign > 0.0 { "nmos" } else { "pmos" }, &card)
}

const GEOMETRY: [(&str, f64); 6] =
    [("w", 1e-5), ("l", 1.5e-6), ("pd", 2e-5), ("ps", 3e-5), ("ad", 1e-11), ("as", 1e-11)];

#[test]
fn jacobians_of_every_level_and_charge_model() {
    for card in cards() {
        for sign in [1.0, -1.0] {
            for conserved in [false, true] {
                let mut card = card.clone();
                if conserved {
                    card.push(("xqc", 0.4));
                }
                let mut deck = Deck::new();
                let model = model(&mut deck, &card, sign);
                deck.device("m1", "d g s b", model, &GEOMETRY);
                for scale in [0.35, 1.2, 3.0] {
                    check(&deck, scale, true);
                }
            }
        }
    }
}

/// Two floating capacitors on either side of a transistor whose gate is clocked: the largest change of their total charge from
/// one cycle to another, relative to the charge of one volt on one of them.
fn drift(card: &Params) -> f64 {
    let clock = Waveform::Pulse {
        low: -1.0,
        high: 3.0,
        delay: 0.0,
        rise: Some(1e-9),
        fall: Some(3e-9),
        width: Some(2e-9),
        period: Some(10e-9),
        count: None,
    };
    let mut deck = Deck::new();
    let model = deck.model("nmos", card);
    deck.wave("vg", "g 0", clock);
    deck.device("m1", "a g b 0", model, &[("w", 1e-5), ("l", 1e-6)]);
    let capacitance = 50e-15;
    for (name, node) in [("c1", "a"), ("c2", "b")] {
        deck.c(name, &format!("{node} 0"), capacitance);
    }
    // the capacitors see different impedances to the signal that moves one of them
    deck.c("c3", "a x", 20e-15);
    let shaker = Waveform::Sine {
        offset: 0.0,
        amplitude: 1.0,
        frequency: Some(1e8),
        delay: 0.0,
        damping: 0.0,
        phase_degrees: 0.0,
    };
    deck.wave("vx", "x 0", shaker);
    let mut system = System::new(&deck);
    system.gmin = 1e-15;
    let (a, b) = (system.index("a"), system.index("b"));
    let (cycles, steps) = (40, 200);
    let points = system.transient(f64::from(cycles) * 10e-9, cycles as usize * steps);
    let total = |cycle: usize| points[cycle * steps][a] + points[cycle * steps][b];
    (2..=cycles as usize).map(|cycle| (total(cycle) - total(1)).abs()).fold(0.0, f64::max)
}

#[test]
fn conserved_charges_do_not_drift_over_many_cycles() {
    for level in [1.0, 3.0] {
        let card = vec![
            ("level", level),
            ("vto", 0.5),
            ("kp", 2e-4),
            ("gamma", 0.4),
            ("tox", 2e-8),
            ("is", 1e-30),
            ("cgso", 2e-10),
        ];
        let conserved = [card.clone(), vec![("xqc", 0.4)]].concat();
        let (with, without) = (drift(&conserved), drift(&card));
        assert!(with < 1e-4, "level {level}: {with} V with conserved charges, {without} V with Meyer's");
    }
}
