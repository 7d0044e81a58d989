//! What decks mean: every construct of the dialect against values worked out by hand.

use ionspice::circuit::{Analysis, Circuit, Element, ElementKind, ParamData, Signal, SweepTarget, Waveform};
use ionspice::netlist::{Loaded, load, parse_str};

fn loaded(text: &str) -> Loaded {
    parse_str("deck.cir", text, &[]).unwrap_or_else(|failure| {
        let shown: String =
            failure.diagnostics.iter().map(|d| ionspice::diagnostic::render(d, &failure.sources, false)).collect();
        panic!("{shown}")
    })
}

fn circuit(text: &str) -> Circuit {
    loaded(text).circuit
}

fn element<'c>(circuit: &'c Circuit, name: &str) -> &'c Element {
    &circuit.elements[circuit.element_index[name].0 as usize]
}

fn resistance(circuit: &Circuit, name: &str) -> f64 {
    match element(circuit, name).kind {
        ElementKind::Resistor { resistance, .. } => resistance,
        ref other => panic!("{name} is {other:?}"),
    }
}

fn nodes<'c>(circuit: &'c Circuit, name: &str) -> Vec<&'c str> {
    element(circuit, name).nodes.iter().map(|node| circuit.nodes[node.0 as usize].as_str()).collect()
}

fn close(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-12 * b.abs().max(1e-300), "{a} is not {b}");
}

#[test]
fn passive_elements() {
    let c = circuit(
        "Title of it\nR1 A gnd 2.2k\nr2 a 0 r={3*k}\nR3 a 0 1k tc1=1m tc2=1u m=2\nR4 a 0 k\nR5 a 0 1k tc=2m,3u dtemp=10\nR6 a 0 0\n\
         C1 a 0 1p ic=0.5 m=3\nL1 a 0 1u m=2\nL2 b 0 4u ic=1m\nK1 L1 L2 0.9\nR7 b a '-2*k'\n.param k=7\n.temp 127\n.options tnom=27 gmin=1e-13 quick method=gear\n",
    );
    assert_eq!(c.title, "Title of it");
    close(resistance(&c, "r1"), 2200.0);
    close(resistance(&c, "r2"), 21.0);
    close(resistance(&c, "r3"), 1000.0 * (1.0 + 0.1 + 0.01) / 2.0);
    close(resistance(&c, "r4"), 7.0);
    close(resistance(&c, "r5"), 1000.0 * (1.0 + 2e-3 * 110.0 + 3e-6 * 110.0 * 110.0));
    close(resistance(&c, "r6"), 1e-3);
    close(resistance(&c, "r7"), -14.0);
    assert_eq!(nodes(&c, "r1"), ["a", "0"]);
    assert!(
        matches!(element(&c, "c1").kind, ElementKind::Capacitor { capacitance, initial_voltage: Some(v) } if (capacitance - 3e-12).abs() < 1e-24 && v == 0.5)
    );
    assert!(
        matches!(element(&c, "l1").kind, ElementKind::Inductor { inductance, initial_current: None } if (inductance - 0.5e-6).abs() < 1e-18)
    );
    let ElementKind::Mutual { coils, coupling } = &element(&c, "k1").kind else { panic!("no coupling") };
    assert_eq!((&coils[..], *coupling), (&[c.element_index["l1"], c.element_index["l2"]][..], 0.9));
    let option = |name: &str| c.options.iter().find(|s| s.name == name).map(|s| s.value.clone());
    assert_eq!(option("temp"), Some(ParamData::Number(127.0)));
    assert_eq!(option("quick"), Some(ParamData::Number(1.0)));
    assert_eq!(option("method"), Some(ParamData::Text("gear".into())));
}

#[test]
fn independent_sources() {
    let c = circuit(
        "t\nV1 a 0 5\nV2 b 0 DC 2 AC 1 90\nV3 c 0 PULSE(0.5 1.6 100n 10n 0 500n 5u)\nI1 a 0 dc=1m ac sin 1 2 1k 0 0 90\nV4 d 0 pwl(0,0 1n,1 2n,0) r=0 td=1n\n\
         V5 e 0 EXP ( 1, 2, 1n, 2n, 3n, 4n )\nV6 f 0 AC SFFM(0 1 20k 5 1k)\nV7 g 0 AM(1 0.5 1k 10k 1m)\nV8 h 0 {2*3} PWL(1n 7 2n 8)\nV9 i 0 PWL(1n 7 2n 8)\nV10 j 0\nI2 a 0 1m m=3\n",
    );
    let source = |name: &str| match &element(&c, name).kind {
        ElementKind::VoltageSource(s) | ElementKind::CurrentSource(s) => s.clone(),
        other => panic!("{name} is {other:?}"),
    };
    assert_eq!((source("v1").dc, source("v1").ac, source("v1").waveform), (5.0, None, None));
    assert_eq!((source("v2").dc, source("v2").ac), (2.0, Some((1.0, 90.0))));
    let expected = Waveform::Pulse {
        low: 0.5,
        high: 1.6,
        delay: 1e-7,
        rise: Some(1e-8),
        fall: None,
        width: Some(5e-7),
        period: Some(5e-6),
        count: None,
    };
    assert_eq!((source("v3").dc, source("v3").waveform), (0.5, Some(expected)));
    let i1 = source("i1");
    assert_eq!((i1.dc, i1.ac), (1e-3, Some((1.0, 0.0))));
    assert!(matches!(i1.waveform, Some(Waveform::Sine { offset: 1.0, amplitude: 2.0, phase_degrees: 90.0, .. })));
    let expected = Waveform::PiecewiseLinear {
        points: vec![(0.0, 0.0), (1e-9, 1.0), (2e-9, 0.0)],
        repeat_from: Some(0.0),
        delay: 1e-9,
    };
    assert_eq!(source("v4").waveform, Some(expected));
    assert!(
        matches!(source("v5").waveform, Some(Waveform::Exponential { fall_tau: Some(t), .. }) if (t - 4e-9).abs() < 1e-20)
    );
    assert!(matches!(source("v6").waveform, Some(Waveform::FrequencyModulated { index: 5.0, .. })));
    assert!(matches!(source("v7").waveform, Some(Waveform::AmplitudeModulated { offset: 0.5, .. })));
    assert_eq!((source("v8").dc, source("v9").dc, source("v10").dc), (6.0, 7.0, 0.0));
    close(source("i2").dc, 3e-3);
}

#[test]
fn controlled_sources() {
    let c = circuit(
        "t\nV1 a 0 1\nR1 a b 1\nR2 b 0 1\nE1 e 0 a b 2\nE2 f 0 POLY(2) (a,0) (b,0) 0 1 2 3\nE3 g 0 poly(1) a 0 5\nG1 h 0 a 0 1m m=2\nF1 i 0 V1 3\nH1 j 0 POLY(2) V1 E1 0 1 1\n\
         E4 k 0 vol='v(a)*2'\nG2 l 0 cur={v(a,b)}\nE5 m 0 value = {v(a) + time}\nG3 n 0 TABLE {v(a)} = (-1,-2) (0,0) (1,3)\nB1 o 0 i=v(a)*i(V1) > 0 ? 1 : 2\nB2 p 0 V = (v(a)+1)*2\n\
         R3 e f 1\nR4 g h 1\nR5 i j 1\nR6 k l 1\nR7 m n 1\nR8 o p 1\n",
    );
    let v = |name: &str| c.node_index[name];
    let ElementKind::Vcvs(e1) = &element(&c, "e1").kind else { panic!() };
    assert_eq!((e1.controls.clone(), e1.coefficients.clone()), (vec![(v("a"), v("b"))], vec![0.0, 2.0]));
    let ElementKind::Vcvs(e2) = &element(&c, "e2").kind else { panic!() };
    assert_eq!((e2.controls.len(), e2.coefficients.clone()), (2, vec![0.0, 1.0, 2.0, 3.0]));
    let ElementKind::Vcvs(e3) = &element(&c, "e3").kind else { panic!() };
    assert_eq!(e3.coefficients, [5.0]);
    let ElementKind::Vccs(g1) = &element(&c, "g1").kind else { panic!() };
    close(g1.coefficients[1], 2e-3);
    let ElementKind::Cccs(f1) = &element(&c, "f1").kind else { panic!() };
    assert_eq!(f1.controls, [c.element_index["v1"]]);
    let ElementKind::Ccvs(h1) = &element(&c, "h1").kind else { panic!() };
    assert_eq!(h1.controls, [c.element_index["v1"], c.element_index["e1"]]);
    for name in ["e4", "e5", "b2"] {
        assert!(matches!(element(&c, name).kind, ElementKind::BehaviouralVoltage(_)), "{name}");
    }
    for name in ["g2", "g3", "b1"] {
        assert!(matches!(element(&c, name).kind, ElementKind::BehaviouralCurrent(_)), "{name}");
    }
}

#[test]
fn devices_and_models() {
    let c = circuit(
        "t\nV1 a 0 1\nR1 a b 1\n.param vth=0.7\n.model dio D(is=1e-14, n=1.1)\n.model nm NMOS level=1 vto={vth} kp=100u\n.model sw sw vt=0.5\n.model wsw csw it=1m\n.model mem vteam ron=1k roff=100k window=biolek\n\
         D1 a 0 dio 2 off ic=0.3\nM1 a b 0 0 nm w=10u l={2*0.5u} ic=1,2,3\nS1 a b a 0 sw on\nW1 a b V1 wsw\nYMEMRISTOR mr1 a b mem x0=0.2\nycell a b mem x0=0.4 m=2\n",
    );
    let device = |name: &str| match &element(&c, name).kind {
        ElementKind::Device(device) => device.clone(),
        other => panic!("{name} is {other:?}"),
    };
    let param = |name: &str, key: &str| device(name).params.iter().find(|p| p.name == key).map(|p| p.value.clone());
    let model = |name: &str| c.models[device(name).model.0 as usize].clone();
    assert_eq!((model("d1").name.as_str(), model("d1").kind.as_str()), ("dio", "d"));
    assert_eq!(param("d1", "area"), Some(ParamData::Number(2.0)));
    assert_eq!(param("d1", "off"), Some(ParamData::Number(1.0)));
    assert_eq!(model("m1").params[1].value, ParamData::Number(0.7));
    assert_eq!(param("m1", "ic"), Some(ParamData::Vector(vec![1.0, 2.0, 3.0])));
    assert_eq!(element(&c, "s1").nodes.len(), 4);
    assert_eq!(device("w1").control, Some(c.element_index["v1"]));
    assert_eq!(nodes(&c, "mr1"), ["a", "b"]);
    assert_eq!(param("ycell", "x0"), Some(ParamData::Number(0.4)));
    assert_eq!(model("mr1").params[2].value, ParamData::Text("biolek".into()));
    assert_eq!(c.models.len(), 5);
}

#[test]
fn parameters_and_functions_are_order_independent() {
    let c = circuit(
        "t\nV1 a 0 1\nR1 a 0 {d}\n.param d={twice(c)+1} c = b * ( a + 1 ) a=2\n.func twice(x) {2*x}\n.param b=3 f(x,y)='x*y'\nR2 a 0 {f(2,c)}\nR3 a 0 {min(a,b)*pi/pi}\n",
    );
    close(resistance(&c, "r1"), 19.0);
    close(resistance(&c, "r2"), 18.0);
    close(resistance(&c, "r3"), 2.0);
}

#[test]
fn overrides_replace_top_level_parameters() {
    let deck = "t\n.param r=1k s={2*r}\nV1 a 0 1\nR1 a 0 {s}\n";
    let set = [("R".to_string(), "3k".to_string())];
    let loaded = parse_str("deck.cir", deck, &set).expect("a good deck");
    close(resistance(&loaded.circuit, "r1"), 6000.0);
}

#[test]
fn subcircuits_nest_and_scope() {
    let c = circuit(
        "t\n.param r=1 g=5\n.global vdd\nV1 vdd 0 1\nX1 a 0 outer r=10\nX2 a 0 outer params: r={g*2} m=2\n\
         .subckt outer p n r=2 q={r*3}\n.param local={q+g}\nR1 p mid {r}\nR2 mid vdd {local}\nXi mid n inner\n.model m1 d is={r}\nD1 p n m1\n\
         .subckt inner a b\nR1 a b {q}\nD2 a b m1\n.ends inner\nC1 mid 0 1p\n.ic v(mid)={r/10}\n.ends outer\n",
    );
    close(resistance(&c, "x1.r1"), 10.0);
    close(resistance(&c, "x1.r2"), 35.0);
    close(resistance(&c, "x1.xi.r1"), 30.0);
    close(resistance(&c, "x2.r1"), 5.0);
    assert_eq!(nodes(&c, "x1.r2"), ["x1.mid", "vdd"]);
    assert_eq!(nodes(&c, "x1.xi.r1"), ["x1.mid", "0"]);
    assert_eq!(c.models.len(), 1, "equal local models are shared: {:?}", c.models);
    assert_eq!(c.models[0].name, "x1.m1");
    assert_eq!(c.initial_voltages, [(c.node_index["x1.mid"], 1.0), (c.node_index["x2.mid"], 1.0)]);
    assert!(matches!(element(&c, "x2.c1").kind, ElementKind::Capacitor { capacitance, .. } if capacitance == 2e-12));
}

#[test]
fn analyses_and_signals() {
    let c = circuit(
        "t\nV1 in 0 1\nX1 in cell\n.subckt cell w\nR1 w s 1\nV2 s 0 0\n.ends\n.op\n.dc v1 0 1 -0.1 temp 0 50 25\n.tran 1n 1u 0.5u 2n uic\n\
         .save all v(in) V( in , x1.s ) v(s.x1) i(V1) i(v.x1.v2) @r.x1.r1[i] in x1.v2#branch\n.print tran v(x1.s)\n.nodeset v(x1.s)=0.3\n",
    );
    assert!(matches!(c.analyses[0], Analysis::Op { .. }));
    let Analysis::Dc { sweeps, .. } = &c.analyses[1] else { panic!() };
    assert!((sweeps[0].values[1] - sweeps[0].values[0] - 0.1).abs() < 1e-12);
    assert_eq!(sweeps[1].target, SweepTarget::TemperatureCelsius);
    assert!(
        matches!(c.analyses[2], Analysis::Tran { start, max_step: Some(_), use_initial: true, .. } if start == 5e-7)
    );
    let labels: Vec<&str> = c.saves.iter().map(Signal::label).collect();
    assert_eq!(
        labels,
        ["all", "v(in)", "v(in,x1.s)", "v(s.x1)", "i(v1)", "i(v.x1.v2)", "@r.x1.r1[i]", "x1.v2#branch", "v(x1.s)"]
    );
    let s = c.node_index["x1.s"];
    assert!(matches!(&c.saves[3], Signal::Voltage { plus, .. } if *plus == s));
    assert_eq!(c.nodesets, [(s, 0.3)]);
    assert_eq!(c.prints.len(), 1);
}

#[test]
fn controller_blocks_are_kept() {
    let c = circuit(
        "t\n.param n=4\nV1 in 0 1\nR1 in 0 1\n.controller agent fidelity=full seed={n+1}\nenvironment tmaze length=5\ndrive V1 x1.vg pulse={n*1u} file=\"a b.json\"\n* comment\nlearn actor-critic\n+ rate=0.1,0.2\n.endcontroller\n.end\nthis is not read\n",
    );
    let block = &c.controllers[0];
    assert_eq!((block.name.as_str(), block.statements.len()), ("agent", 3));
    assert_eq!(block.settings[0].value, ParamData::Text("full".into()));
    assert_eq!(block.settings[1].value, ParamData::Number(5.0));
    let drive = &block.statements[1];
    assert_eq!(drive.words.iter().map(|w| w.0.as_str()).collect::<Vec<_>>(), ["v1", "x1.vg"]);
    assert_eq!(drive.settings[1].value, ParamData::Text("a b.json".into()));
    assert_eq!(block.statements[2].words[0].0, "actor-critic");
    assert_eq!(block.statements[2].settings[0].value, ParamData::Vector(vec![0.1, 0.2]));
}

#[test]
fn files_are_included_relative_to_the_includer() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        std::fs::write(path, text).expect("a file");
    };
    write(
        "deck.cir",
        "t\n.include sub/a.inc\n.lib 'sub/corners.lib' slow\nV1 a 0 PWL file=\"sub/points.csv\"\nR1 a 0 {x}\nD1 a 0 dio\n",
    );
    write("sub/a.inc", ".include \"b.inc\"\n.include \"b.inc\"\n");
    write("sub/b.inc", ".model dio d is=1e-14\n.param y=2\n");
    write(
        "sub/corners.lib",
        ".lib fast\n.param x=1\n.endl\n.lib slow\n.lib 'corners.lib' common\n.param x={10*z*y}\n.endl slow\n.lib common\n.param z=4\n.endl\n",
    );
    write("sub/points.csv", "time,value\n0,1\n1e-9,2\n");
    let loaded = load(&folder.path().join("deck.cir"), &[]).unwrap_or_else(|f| panic!("{:?}", f.diagnostics));
    close(resistance(&loaded.circuit, "r1"), 80.0);
    let ElementKind::VoltageSource(source) = &element(&loaded.circuit, "v1").kind else { panic!() };
    assert_eq!(source.dc, 1.0);
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
}

#[test]
fn the_1t1r_deck_of_the_benchmark() {
    let mut deck = String::from(
        "* 2x2 1T1R array, wire resistance, one row programmed\n.subckt vteam te be w0=0.5\n.param ron=4k roff=20k von=-0.3 voff=0.35 kon=-40 koff=20 aon=3 aoff=3\n\
         C1 w 0 1n\n.ic v(w)={w0}\nR1 w 0 1e12\n\
         Bw 0 w I = 1n*1e6*( v(te,be)>voff ? koff*pow(v(te,be)/voff-1,aoff)*(1-v(w))*(v(w)<1 ? 1 : 0) : (v(te,be)<von ? kon*pow(v(te,be)/von-1,aon)*v(w) : 0) )\n\
         Bm te be I = v(te,be)/(roff+(ron-roff)*v(w))\n.ends\n.model nsel nmos level=1 vto=0.5 kp=300u lambda=0.02 tox=5n cgso=0.2n cgdo=0.2n\n",
    );
    for i in 0..2 {
        deck += &format!(
            "Vc{i} c{i} 0 PULSE(0 1.6 0.1u 10n 10n 0.5u 5u)\nXm{i} c{i} m{i} vteam w0=0.{i}5\nM{i} m{i} c{i} 0 0 nsel w=10u l=0.18u\n"
        );
    }
    deck += ".tran 20n 1.2u\n.save v(c0) v(w.xm0) v(xm1.w)\n.end\n";
    let c = circuit(&deck);
    assert_eq!(c.elements.len(), 12);
    assert_eq!(c.initial_voltages, [(c.node_index["xm0.w"], 0.05), (c.node_index["xm1.w"], 0.15)]);
    let Signal::Voltage { plus, .. } = &c.saves[1] else { panic!() };
    assert_eq!(*plus, c.node_index["xm0.w"]);
}
