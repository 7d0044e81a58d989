//! Arbitrary text never panics, and what is accepted is consistent.

use ionspice::circuit::Overrides;
use ionspice::circuit::{Circuit, ElementKind, NodeId};
use ionspice::diagnostic::render;
use ionspice::netlist::{Dialect, Parsed, parse_str};
use proptest::prelude::*;

/// Every index in a circuit points at something.
fn consistent(circuit: &Circuit) {
    let nodes = circuit.nodes.len() as u32;
    assert_eq!(circuit.nodes[0], "0");
    for (name, id) in &circuit.node_index {
        assert!(id.0 < nodes);
        assert!(id.0 == 0 || circuit.nodes[id.0 as usize] == *name);
    }
    for (index, element) in circuit.elements.iter().enumerate() {
        assert_eq!(circuit.element_index[&element.name].0 as usize, index);
        assert!(element.nodes.iter().all(|node| node.0 < nodes));
        match &element.kind {
            ElementKind::Device(device) => assert!((device.model.0 as usize) < circuit.models.len()),
            ElementKind::Resistor { resistance, .. } => assert!(resistance.is_finite() && *resistance != 0.0),
            _ => {}
        }
    }
}

/// The same text in every dialect.
fn try_deck(text: &str) {
    Dialect::ALL.into_iter().for_each(|dialect| try_in(text, dialect));
}

fn try_in(text: &str, dialect: Dialect) {
    match Parsed::read_text_in("random.cir", text, &[], Some(dialect)).elaborate(&Overrides::default()) {
        Ok(loaded) => consistent(&loaded.circuit),
        Err(failure) => {
            assert!(!failure.diagnostics.is_empty());
            for diagnostic in &failure.diagnostics {
                assert!(!render(diagnostic, &failure.sources, false).is_empty());
            }
        }
    }
}

/// Pieces that statements are made of.
fn piece() -> impl Strategy<Value = String> {
    let fixed = prop::sample::select(vec![
        "R1",
        "c2",
        "L3",
        "K1",
        "V1",
        "i5",
        "E1",
        "F1",
        "G1",
        "H1",
        "B1",
        "D1",
        "M1",
        "S1",
        "W1",
        "X1",
        "YMEMRISTOR",
        "y2",
        "in",
        "out",
        "0",
        "gnd",
        "x1.in",
        "1k",
        "2.5u",
        "-3",
        "1e999",
        "{a*2}",
        "'b+1'",
        "{",
        "}",
        "(",
        ")",
        ",",
        "=",
        "==",
        "'",
        "\"",
        "a",
        "b",
        "sub",
        "mod",
        "d",
        "nmos",
        "PULSE(0 1 1n 1n 1n 5n 10n)",
        "SIN(0 1 1k)",
        "PWL(0 0 1n 1)",
        "AC",
        "DC",
        "POLY(2)",
        "TABLE",
        "value",
        "v=v(in)*2",
        "i={a*v(in,out)}",
        "v(in)",
        "i(v1)",
        "@m1[id]",
        "all",
        "ic=1",
        "m=2",
        "off",
        "\n",
        "\n",
        "\n",
        "\n+",
        "\n* comment\n",
        " ; c",
        " $ d",
        "//",
        "\n.param a=1 b={a+1}",
        "\n.param",
        "\n.subckt sub p q w=1\n",
        "\n.ends\n",
        "\n.model mod d is=1e-14\n",
        "\n.tran 1n 1u",
        "\n.dc v1 0 1 0.1",
        "\n.op\n",
        "\n.ic v(in)=1",
        "\n.save",
        "\n.print tran",
        "\n.options reltol=1e-4",
        "\n.temp 50",
        "\n.func f(x) {x*a}",
        "f(2)",
        "\n.controller c k=1\n",
        "\n.endcontroller\n",
        "\n.control\n",
        "\n.endc\n",
        "\n.if (x)\n",
        "\n.if x = 1\n",
        "\n.elseif (1)\n",
        "\n.else\n",
        "\n.endif\n",
        "\n.data t x\n1 2\n",
        "\n.enddata\n",
        "\n.dc data=t\n",
        "\n.temp 1 2\n",
        "\n.model n ako:m",
        "\n.options timeint reltol=1",
        "\n.preprocess replaceground",
        "\n.csparam x={x}",
        "\n.control\n",
        "\n.endc\n",
        "\\\\\n",
        "4k7",
        "1x",
        "&",
        "~",
        "\n.lib x y",
        "\n.lib s\n",
        "\n.endl\n",
        "\n.include nothing",
        "\n.global in",
        "\n.end\n",
        "\u{e9}",
        "\u{1F600}",
        "\t",
        "\r\n",
    ]);
    prop_oneof![8 => fixed.prop_map(str::to_string), 1 => "[a-z]{1,3}", 1 => "[ -~]{1,6}"]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn deck_like_text_never_panics(pieces in prop::collection::vec(piece(), 0..60)) {
        try_deck(&format!("title\n{}", pieces.join(" ")));
    }

    #[test]
    fn any_text_never_panics(text in "\\PC{0,200}") {
        try_deck(&text);
    }

    #[test]
    fn any_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        try_deck(&String::from_utf8_lossy(&bytes));
    }

    /// A ladder of n resistors, written in any mixture of case, blanks and continuation, gives n + 1 nodes and these values.
    #[test]
    fn layout_does_not_matter(values in prop::collection::vec(1u32..1_000_000, 1..40), layout in any::<u64>()) {
        let mut text = String::from("ladder\nV1 n0 0 1\n");
        for (i, value) in values.iter().enumerate() {
            let pick = layout.rotate_left(i as u32 * 3) % 6;
            let next = i + 1;
            text += &match pick {
                0 => format!("R{i} n{i} n{next} {value}\n"),
                1 => format!("\tr{i}\tN{i}\tn{next} {value}Ohm ; comment\n"),
                2 => format!("R{i} n{i}\n+ n{next}\n* between\n+ {value}\r\n"),
                3 => format!("r{i} n{i} N{next} r={{{value}}}\n"),
                4 => format!("R{i} n{i} n{next} '{value}*1' $ comment\n"),
                _ => format!("R{i} n{i} n{next} {}m // c\n", u64::from(*value) * 1000),
            };
        }
        let loaded = parse_str("ladder.cir", &text, &[]);
        prop_assert!(loaded.is_ok(), "{text}");
        let circuit = loaded.unwrap().circuit;
        prop_assert_eq!(circuit.nodes.len(), values.len() + 2);
        for (i, value) in values.iter().enumerate() {
            let element = &circuit.elements[i + 1];
            prop_assert_eq!(&element.name, &format!("r{i}"));
            prop_assert_eq!(element.nodes[0], circuit.node_index[&format!("n{i}")]);
            prop_assert!(element.nodes[1] != NodeId::GROUND);
            let ElementKind::Resistor { resistance, .. } = element.kind else { panic!("no resistor") };
            prop_assert!((resistance - f64::from(*value)).abs() <= 1e-12 * resistance);
        }
    }
}
