//! Devices in circuits, against closed forms and ngspice 39.

use super::testbench::{Deck, System, T};
use super::{AdcModel, Bank, SourceMode};
use crate::circuit::*;
use crate::diagnostic::Severity;

fn near(value: f64, expected: f64, relative: f64) {
    let bound = relative * expected.abs();
    assert!((value - expected).abs() <= bound, "{value:e} instead of {expected:e}");
}

fn pulse(high: f64, delay: f64, edge: f64, width: f64) -> Waveform {
    Waveform::Pulse {
        low: 0.0,
        high,
        delay,
        rise: Some(edge),
        fall: Some(edge),
        width: Some(width),
        period: Some(1.0),
        count: None,
    }
}

#[test]
fn divider_and_power_balance() {
    let mut deck = Deck::new();
    deck.v("v1", "in 0", 9.0);
    deck.r("r1", "in out", 2e3);
    let second = deck.r("r2", "out 0", 1e3);
    let mut s = System::new(&deck);
    let x = s.op();
    near(x[s.index("out")], 3.0, 1e-12);
    let ctx = s.context(&x, false, None);
    let total: f64 = s
        .banks
        .iter()
        .flat_map(|b| {
            (0..b.elements().len()).filter_map(|k| b.current_and_power(k, &ctx, &[], &[])).collect::<Vec<_>>()
        })
        .map(|(_, p)| p)
        .sum();
    assert!(total.abs() < 1e-12, "power taken up and delivered balance: {total}");
    assert!(s.banks.linear.set_value(second, 2e3));
    let x = s.op();
    near(x[s.index("out")], 4.5, 1e-12);
    assert_eq!(s.banks.linear.value(second), Some(2e3));
}

#[test]
fn zero_ohm_warns_and_impossible_coupling_fails() {
    let mut deck = Deck::new();
    deck.r("r1", "a 0", 0.0);
    deck.v("v1", "a 0", 1.0);
    let mut warnings = vec![];
    super::build(&mut super::Builder::new(&deck.circuit, T), &mut warnings).map(|_| ()).expect("only a warning");
    assert_eq!((warnings.len(), warnings[0].severity), (1, Severity::Warning));
    let mut s = System::new(&deck);
    let x = s.op();
    near(x[s.index("v1")], -1e3, 1e-12);
    let first = deck.l("l1", "a 0", 1.0);
    let second = deck.l("l2", "a 0", 1.0);
    deck.add("k1", "", ElementKind::Mutual { coils: vec![first, second], coupling: 1.01 });
    assert!(deck.errors().iter().any(|d| d.message.contains("coupling")));
}

#[test]
fn rc_charges_exponentially() {
    let mut deck = Deck::new();
    deck.wave("v1", "in 0", pulse(1.0, 0.0, 1e-12, 1.0));
    deck.r("r1", "in out", 1e3);
    deck.c("c1", "out 0", 1e-9);
    let mut s = System::new(&deck);
    let out = s.index("out");
    let points = s.transient(3e-6, 3000);
    for k in [500, 1000, 2000, 3000] {
        near(points[k][out], 1.0 - (-(k as f64) * 1e-3).exp(), 1e-3);
    }
}

#[test]
fn perfectly_coupled_transformer() {
    let mut deck = Deck::new();
    let sine = Waveform::Sine {
        offset: 0.0,
        amplitude: 1.0,
        frequency: Some(1e4),
        delay: 0.0,
        damping: 0.0,
        phase_degrees: 0.0,
    };
    deck.wave("v1", "in 0", sine);
    deck.r("r1", "in a", 1e-2);
    let first = deck.l("l1", "a 0", 1e-3);
    let second = deck.l("l2", "b 0", 4e-3);
    deck.r("r2", "b 0", 1e3);
    deck.add("k1", "", ElementKind::Mutual { coils: vec![first, second], coupling: 1.0 });
    let mut s = System::new(&deck);
    let (a, b) = (s.index("a"), s.index("b"));
    for point in &s.transient(3e-4, 1000)[10..] {
        assert!((point[b] - 2.0 * point[a]).abs() < 1e-6);
    }
}

#[test]
fn initial_conditions_name_voltages_and_currents() {
    let mut deck = Deck::new();
    deck.add("c1", "a b", ElementKind::Capacitor { capacitance: 1e-9, initial_voltage: Some(0.7) });
    deck.add("l1", "b 0", ElementKind::Inductor { inductance: 1e-3, initial_current: Some(0.02) });
    let s = System::new(&deck);
    let mut found = vec![];
    s.banks.linear.initial_conditions(&mut |p, m, v| found.push((p, m, v)));
    assert_eq!(found, [(1, 2, 0.7), (s.index("l1") as u32, 0, 0.02)]);
}

#[test]
fn source_modes_and_breakpoints() {
    let mut deck = Deck::new();
    let id = deck.wave("v1", "a 0", pulse(2.0, 1e-6, 1e-7, 1e-6));
    deck.r("r1", "a 0", 1.0);
    let mut s = System::new(&deck);
    let sources = &mut s.banks.sources;
    let k = sources.source_index(id).expect("a source");
    sources.set_dc(k, 5.0);
    assert_eq!((sources.value(k, 1.5e-6), sources.breakpoint(0.0)), (5.0, f64::INFINITY));
    sources.set_mode(SourceMode::Transient);
    assert_eq!((sources.value(k, 1.5e-6), sources.breakpoint(0.0)), (2.0, 1e-6));
    near(sources.breakpoint(1e-6), 1.1e-6, 1e-12);
    sources.set_waveform(k, None);
    assert_eq!(sources.value(k, 1.5e-6), 5.0);
    s.source_factor = 0.5;
    assert_eq!(s.op()[1], 2.5);
}

#[test]
fn converters_in_a_circuit() {
    let mut deck = Deck::new();
    let dac = deck.model("dac", &[("bits", 2.0), ("vmax", 3.0), ("rout", 100.0)]);
    let adc = deck.model("adc", &[("bits", 2.0), ("vmax", 3.0), ("rin", 900.0)]);
    let out = deck.device("ydac1", "a 0", dac, &[]);
    let sense = deck.device("yadc1", "a 0", adc, &[]);
    let mut s = System::new(&deck);
    let k = s.banks.sources.source_index(out).expect("a DAC is a source");
    let level = s.banks.sources.dac(k).expect("a DAC").quantize(1.8);
    s.banks.sources.set_dc(k, level);
    let x = s.op();
    near(x[1], 2.0 * 0.9, 1e-9);
    let model = AdcModel::of(&deck.circuit, sense).expect("an ADC");
    assert_eq!(model.code(x[1]), 2);
    assert!(AdcModel::of(&deck.circuit, out).is_none());
}

#[test]
fn controlled_sources_by_hand() {
    let mut deck = Deck::new();
    let a = deck.node("a");
    let v = deck.v("v1", "a 0", 2.0);
    deck.r("r1", "a 0", 1e3); // i(v1) = -2 mA
    let ground = NodeId::GROUND;
    let square = Poly { controls: vec![(a, ground)], coefficients: vec![1.0, 0.5, 0.25] };
    deck.add("e1", "e 0", ElementKind::Vcvs(square));
    deck.add("h1", "h 0", ElementKind::Ccvs(Poly { controls: vec![v], coefficients: vec![0.0, 500.0] }));
    deck.add("g1", "0 g", ElementKind::Vccs(Poly { controls: vec![(a, ground)], coefficients: vec![0.0, 1e-3] }));
    deck.add("f1", "f 0", ElementKind::Cccs(Poly { controls: vec![v], coefficients: vec![0.0, 2.0] }));
    for node in ["e", "h", "g", "f"] {
        deck.r(&format!("r{node}"), &format!("{node} 0"), 1e3);
    }
    let mut s = System::new(&deck);
    let x = s.op();
    for (node, expected) in [("e", 3.0), ("h", -1.0), ("g", 2.0), ("f", 4.0)] {
        near(x[s.index(node)], expected, 1e-9);
    }
    let r = deck.r("rx", "f 0", 1.0);
    deck.add("f2", "f 0", ElementKind::Cccs(Poly { controls: vec![r], coefficients: vec![0.0, 2.0] }));
    assert!(deck.errors()[0].message.contains("not a voltage source"));
}

/// `ngspice -b`, 27 and 75 degrees Celsius, reltol 1e-9.
#[test]
fn diode_against_ngspice() {
    let params = [
        ("is", 2e-14),
        ("n", 1.1),
        ("rs", 3.0),
        ("cjo", 2e-12),
        ("vj", 0.7),
        ("m", 0.4),
        ("tt", 1e-9),
        ("bv", 5.0),
        ("ibv", 1e-3),
        ("eg", 1.12),
        ("xti", 3.5),
    ];
    for (celsius, v, breakdown, capacitance, current) in [
        (27.0, 7.344784e-1, 3.859192e-3, 2.501784e-12, 7.594838e-10),
        (75.0, 6.560489e-1, 3.354097e-3, 2.789517e-12, 6.471767e-8),
    ] {
        let mut deck = Deck::new();
        let model = deck.model("d", &params);
        deck.add("i1", "0 a", ElementKind::CurrentSource(Source { dc: 5e-3, ac: None, waveform: None }));
        deck.device("d1", "a 0", model, &[("area", 2.0)]);
        deck.v("vr", "r 0", -5.05);
        deck.device("d2", "r 0", model, &[]);
        deck.v("vf", "f 0", 0.3);
        deck.device("d3", "f 0", model, &[]);
        let mut s = System::at(&deck, celsius + 273.15);
        let x = s.op();
        near(x[s.index("a")], v, 1e-5);
        near(x[s.index("vr")], breakdown, 1e-4);
        let bank = &s.banks.others[0];
        let ctx = s.context(&x, false, None);
        near(bank.internal(2, "cd", &ctx, &[], &[]).expect("cd"), capacitance, 1e-4);
        near(bank.internal(2, "id", &ctx, &[], &[]).expect("id"), current, 1e-4);
    }
}

/// Temperature (degrees Celsius); drain and bulk currents of both transistors, A; bulk capacitances of the first, F.
const MOSFET_TABLE: [(f64, f64, f64, f64, f64, f64, f64); 2] = [
    (27.0, 2.61689834e-4, -2.8173831e-12, -1.0910730e-3, 3.04073219e-12, 6.420273e-15, 1.625017e-14),
    (75.0, 2.46376850e-4, -1.4769802e-11, -9.3423760e-4, 7.81693326e-12, 6.546394e-15, 1.674922e-14),
];

/// `ngspice -b`, 27 and 75 degrees Celsius, reltol 1e-9.
#[test]
fn mosfet_against_ngspice() {
    for (celsius, drain, bulk, drain_p, bulk_p, cbd, cbs) in MOSFET_TABLE {
        let mut deck = Deck::new();
        let n = deck.model(
            "nmos",
            &[
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
            ],
        );
        let p = deck.model(
            "pmos",
            &[
                ("tox", 2e-8),
                ("nsub", 1e16),
                ("uo", 250.0),
                ("tpg", 1.0),
                ("nss", 1e10),
                ("lambda", 0.03),
                ("rsh", 30.0),
                ("cj", 1e-4),
                ("mj", 0.4),
                ("cjsw", 1e-10),
                ("js", 1e-4),
            ],
        );
        for (name, node, value) in [
            ("vd1", "d1", 1.2),
            ("vg1", "g1", 1.5),
            ("vb1", "b1", -0.8),
            ("vd2", "d2", -2.0),
            ("vg2", "g2", -2.5),
            ("vb2", "b2", 0.5),
        ] {
            deck.v(name, &format!("{node} 0"), value);
        }
        deck.device("m1", "d1 g1 0 b1", n, &[("w", 1e-5), ("l", 1e-6), ("pd", 2e-5), ("ps", 3e-5)]);
        deck.device(
            "m2",
            "d2 g2 0 b2",
            p,
            &[
                ("w", 2e-5),
                ("l", 2e-6),
                ("ad", 4e-11),
                ("as", 4e-11),
                ("pd", 3e-5),
                ("ps", 3e-5),
                ("nrd", 2.0),
                ("nrs", 3.0),
            ],
        );
        let mut s = System::at(&deck, celsius + 273.15);
        let x = s.op();
        for (branch, expected, tolerance) in
            [("vd1", drain, 1e-5), ("vb1", bulk, 1e-3), ("vd2", drain_p, 1e-5), ("vb2", bulk_p, 1e-3)]
        {
            near(-x[s.index(branch)], expected, tolerance);
        }
        let bank = &s.banks.others[0];
        let ctx = s.context(&x, false, None);
        for (name, expected) in [("cgs", 2.402096e-14), ("cgd", 0.0), ("cgb", 1e-16), ("cbd", cbd), ("cbs", cbs)] {
            near(bank.internal(0, name, &ctx, &[], &[]).expect(name), expected, 1e-4);
        }
    }
}

/// Inverter with gate, drain and source loads; `ngspice -b` with 2 ps steps and reltol 1e-7.
#[test]
fn gate_charges_against_ngspice() {
    let expected: [(f64, f64, f64, f64); 7] = [
        (6e-10, 0.00000, 1.80000, 0.00000),
        (1.4e-09, 0.59781, 1.63928, 0.02962),
        (2.2e-09, 1.78020, 0.17641, 0.16718),
        (3e-09, 1.79999, 0.17176, 0.16283),
        (5.4e-09, 1.22636, 0.15213, 0.13574),
        (6.2e-09, 0.00648, 1.79764, -0.00025),
        (7.8e-09, 0.00000, 1.80000, 0.00000),
    ];
    let mut deck = Deck::new();
    let n = deck.model(
        "nmos",
        &[
            ("vto", 0.5),
            ("kp", 3e-4),
            ("lambda", 0.02),
            ("gamma", 0.4),
            ("tox", 5e-9),
            ("cgso", 2e-10),
            ("cgdo", 2e-10),
        ],
    );
    deck.v("vdd", "vdd 0", 1.8);
    deck.wave("vin", "in 0", pulse(1.8, 1e-9, 1e-9, 3e-9));
    deck.r("rin", "in g", 5e3);
    deck.r("rd", "vdd d", 1e4);
    deck.device("m1", "d g s 0", n, &[("w", 1e-5), ("l", 0.18e-6)]);
    deck.r("rs", "s 0", 1e3);
    deck.c("cs", "s 0", 20e-15);
    let mut s = System::new(&deck);
    let columns = ["g", "d", "s"].map(|n| s.index(n));
    let points = s.transient(1e-8, 5000);
    for (time, g, d, source) in expected {
        let x = &points[(time / 2e-12).round() as usize];
        for (column, value) in columns.into_iter().zip([g, d, source]) {
            assert!((x[column] - value).abs() < 5e-4, "{} at {time:e}: {} not {value}", s.names[column], x[column]);
        }
    }
}

#[test]
fn switch_hysteresis_event_and_positions() {
    let mut deck = Deck::new();
    let sw = deck.model("sw", &[("ron", 10.0), ("roff", 1e6), ("vt", 0.5), ("vh", 0.1)]);
    deck.v("vc", "c 0", 0.55);
    deck.v("v1", "a 0", 1.0);
    deck.device("s1", "a 0 c 0", sw, &[]);
    deck.device("s2", "a 0 c 0", sw, &[("on", 1.0)]);
    let control = deck.circuit.element_index["vc"];
    let mut s = System::new(&deck);
    let k = s.banks.sources.source_index(control).expect("a source");
    s.op();
    assert_eq!(s.memory[2], [0.0, 1.0], "inside the hysteresis every switch stays");
    for (v, positions) in [(0.61, [1.0, 1.0]), (0.45, [1.0, 1.0]), (0.39, [0.0, 0.0]), (0.59, [0.0, 0.0])] {
        s.banks.sources.set_dc(k, v);
        let x = s.op();
        assert_eq!(s.memory[2], positions, "at {v} V");
        near(-x[s.index("v1")], 2.0 * if positions[0] == 1.0 { 0.1 } else { 1e-6 }, 1e-6);
    }
    let bank = &s.banks.others[0];
    let at = |v: f64| {
        let mut x = vec![0.0; s.names.len()];
        x[s.index("c")] = v;
        x
    };
    let fraction = bank.event(&at(0.5), &at(0.7), &[0.0, 1.0]).expect("a crossing at 0.6 V");
    near(fraction, 0.5, 1e-4);
    assert!(bank.event(&at(0.5), &at(0.59), &[0.0, 1.0]).is_none());
    let landed = at(0.5 + 0.2 * fraction);
    assert!(bank.event(&at(0.5), &landed, &[0.0, 1.0]).is_none(), "no second event on the same crossing");
    let mut memory = [0.0, 1.0];
    let ctx = s.context(&landed, false, Some(1.0));
    s.banks.others[0].clone_bank().accept(&ctx, &mut memory);
    assert_eq!(memory, [1.0, 1.0]);
}

#[test]
fn current_switch_needs_its_control() {
    let mut deck = Deck::new();
    let model = deck.model("csw", &[("it", 1e-3)]);
    let v = deck.v("v1", "a 0", 1.0);
    deck.r("r1", "a 0", 100.0);
    let id = deck.device("w1", "a 0", model, &[]);
    assert!(deck.errors()[0].message.contains("no controlling current"));
    if let ElementKind::Device(device) = &mut deck.circuit.elements[id.0 as usize].kind {
        device.control = Some(v);
    }
    let mut s = System::new(&deck);
    s.op();
    assert_eq!(s.memory[2], [0.0], "i(v1) is negative");
}

fn opamp(params: &[(&str, f64)], feedback: impl Fn(&mut Deck)) -> System {
    let mut deck = Deck::new();
    let model = deck.model("opamp", params);
    deck.device("u1", "p n o", model, &[]);
    feedback(&mut deck);
    System::new(&deck)
}

#[test]
fn opamp_gain_offset_and_bias() {
    // open loop: 20 uV at the input
    let mut s = opamp(&[("a0", 1e5)], |d| {
        d.v("v1", "p 0", 2e-5);
        d.v("v2", "n 0", 0.0);
    });
    near(s.op()[s.index("o")], 2.0, 1e-4);
    // follower with offset; inverting amplifier; bias current through 1 Mohm
    let mut s = opamp(&[("vos", 3e-3)], |d| {
        d.v("v1", "p 0", 1.0);
        d.r("rf", "o n", 1.0);
    });
    near(s.op()[s.index("o")], 1.003 / (1.0 + 1e-5), 1e-7);
    for input in [-1.1, -0.01, 0.3, 1.1] {
        let mut s = opamp(&[], |d| {
            d.v("v1", "in 0", input);
            d.r("r1", "in n", 1e3);
            d.r("r2", "n o", 1e4);
            d.r("r3", "p 0", 1.0);
        });
        near(s.op()[s.index("o")], -10.0 * input / (1.0 + 11.0 / 1e5), 1e-4);
    }
    let mut s = opamp(&[("ib", 2e-9), ("ios", 1e-9)], |d| {
        d.r("r1", "p 0", 1e6);
        d.r("r2", "n o", 1e6);
    });
    // v(p) = -2.5 mV, v(o) = v(p) + 1.5 mV
    near(s.op()[s.index("o")], -1e-3, 1e-3);
}

#[test]
fn opamp_stays_inside_its_rails() {
    for input in [-20.0, -3.0, -0.5, 0.5, 3.0, 20.0] {
        let mut s = opamp(&[("vmax", 2.5), ("vmin", -1.5)], |d| {
            d.v("v1", "p 0", input);
            d.v("v2", "n 0", 0.0);
        });
        let out = s.op()[s.index("o")];
        let rail: f64 = if input > 0.0 { 2.5 } else { -1.5 };
        assert!(out.abs() <= rail.abs() && (out - rail).abs() < 0.02, "{input}: {out}");
        // a TIA that is asked for more than it has
        let mut s = opamp(&[("vmax", 2.5), ("vmin", -1.5)], |d| {
            d.v("v1", "in 0", input);
            d.r("r1", "in n", 1e3);
            d.r("r2", "n o", 1e5);
            d.r("r3", "p 0", 1.0);
        });
        let out = s.op()[s.index("o")];
        assert!((-1.5..=2.5).contains(&out) && out * input < 0.0, "{input}: {out}");
    }
}

#[test]
fn opamp_step_slew_and_recovery() {
    // small signal: one pole at gbw
    let follower = |height: f64| {
        opamp(&[("gbw", 1e6), ("sr", 1e6), ("rout", 1.0), ("vmax", 5.0), ("vmin", -5.0)], |d| {
            d.wave("v1", "p 0", pulse(height, 0.0, 1e-11, 2e-5));
            d.r("rf", "o n", 1.0);
        })
    };
    let mut s = follower(1e-3);
    let out = s.index("o");
    let points = s.transient(1e-6, 2000);
    let tau = 1.0 / (std::f64::consts::TAU * 1e6);
    for k in [100, 320, 640, 2000] {
        near(points[k][out], 1e-3 * (1.0 - (-(k as f64) * 5e-10 / tau).exp()), 2e-3);
    }
    // large signal: 1 V/us
    let mut s = follower(4.0);
    let points = s.transient(5e-6, 2000);
    near((points[1000][out] - points[400][out]) / 1.5e-6, 1e6, 1e-3);
    near(points[2000][out], 4.0, 1e-3);
    // driven 20 us far beyond the rail, it returns without delay
    let mut s = follower(50.0);
    let points = s.transient(3e-5, 6000);
    assert!(points.iter().all(|x| x[out] < 5.0));
    assert!(points[3990][out] > 4.98);
    let fallen = points.iter().skip(4000).position(|x| x[out] < 3.98).expect("it recovers");
    near(fallen as f64 * 5e-9, 1e-6, 0.05);
}

#[test]
fn wrong_circuits_are_explained() {
    let mut deck = Deck::new();
    let unknown = deck.model("mnos", &[]);
    deck.device("x1", "a b c d", unknown, &[]);
    let d = deck.model("d", &[("cjoo", 1.0), ("n", -1.0)]);
    deck.device("d1", "a b c", d, &[]);
    deck.device("d2", "a b", d, &[]);
    let bsim = deck.model("nmos", &[("level", 49.0), ("vth0", 0.5)]);
    deck.device("m1", "a b c d", bsim, &[]);
    let short = deck.model("nmos", &[("ld", 1e-6)]);
    deck.device("m2", "a b c d", short, &[("l", 1e-6)]);
    let adc = deck.model("adc", &[("vmin", 2.0)]);
    deck.device("yadc1", "a b", adc, &[]);
    let errors = deck.errors();
    let has = |text: &str| errors.iter().any(|d| d.message.contains(text));
    for text in [
        "unknown type `mnos`",
        "has 3 terminals",
        "no parameter `cjoo`",
        "`n` of model",
        "level 49",
        "diffusion",
        "vmax",
    ] {
        assert!(has(text), "{text}: {errors:?}");
    }
    assert!(!has("vth0"), "parameters of another level are not complained about");
    assert!(errors.iter().any(|d| d.hint.as_deref() == Some("did you mean `nmos`?")));
}

#[test]
fn every_model_type_is_documented() {
    for t in super::model_types() {
        assert!(!t.summary.is_empty() && !t.source.is_empty() && !t.terminals.is_empty());
        for spec in t.model_params.iter().chain(t.instance_params) {
            assert!(!spec.description.is_empty() && spec.min <= spec.max, "{}", spec.name);
            assert!(spec.default.is_nan() || (spec.min..=spec.max).contains(&spec.default), "{}", spec.name);
        }
    }
}

#[test]
fn impossible_sets_of_couplings_are_named() {
    let mut deck = Deck::new();
    let coils: Vec<_> = ["l1", "l2", "l3"].iter().map(|name| deck.l(name, "a 0", 1.0)).collect();
    deck.add("k1", "", ElementKind::Mutual { coils: vec![coils[0], coils[1]], coupling: 0.9 });
    deck.add("k2", "", ElementKind::Mutual { coils: vec![coils[1], coils[2]], coupling: 0.9 });
    let warnings = |deck: &Deck| {
        let mut found = vec![];
        super::build(&mut super::Builder::new(&deck.circuit, T), &mut found).map(|_| ()).expect("warnings only");
        found
    };
    assert!(warnings(&deck).iter().any(|d| d.message.contains("not possible together")));
    deck.add("k3", "", ElementKind::Mutual { coils: vec![coils[0], coils[2]], coupling: 0.9 });
    assert!(warnings(&deck).is_empty());
}
