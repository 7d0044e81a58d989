//! What the user sees: rendered messages, one snapshot each.

use ionspice::diagnostic::render;
use ionspice::netlist::{load, parse_str};

fn messages(text: &str) -> String {
    match parse_str("deck.cir", text, &[]) {
        Ok(loaded) => loaded.warnings.iter().map(|d| render(d, &loaded.circuit.sources, false)).collect(),
        Err(failure) => failure.diagnostics.iter().map(|d| render(d, &failure.sources, false)).collect(),
    }
}

macro_rules! message {
    ($name:ident, $text:expr) => {
        #[test]
        fn $name() {
            insta::assert_snapshot!(messages($text));
        }
    };
}

message!(empty, "");
message!(misspelt_statement, "t\nR1 a 0 1k\n.tarn 1n 1u\n");
message!(unsupported_statement, "t\nR1 a 0 1k\n.disto dec 10 1 1meg\n");
message!(unknown_model, "t\nV1 a 0 1\n.model fast nmos vto=0.5\nM1 a a 0 0 fats w=1u\n");
message!(unclosed_brace, "t\nV1 a 0 1\nR1 a 0 {1k*(2+3)\n");
message!(bad_expression_on_a_continued_line, "t\nV1 a 0 1\nR1 a 0\n* comment\n+ {1k*(2+)}\n");
message!(parameter_cycle, "t\nV1 a 0 1\n.param x={y+1} y={z} z={x}\nR1 a 0 {x}\n");
message!(misspelt_parameter, "t\n.param rload=1k\nV1 a 0 1\nR1 a 0 {2*rlaod}\n");
message!(
    wrong_number_of_ports,
    "t\nV1 a 0 1\n.subckt div top mid bot\nR1 top mid 1\nR2 mid bot 1\n.ends\nX1 a 0 div\n"
);
message!(recursive_subcircuit, "t\n.subckt a p n\nX1 p n b\n.ends\n.subckt b p n\nX2 p n a\n.ends\nX1 1 0 a\n");
message!(unknown_node_in_print, "t\nV1 input 0 1\nR1 input 0 1\n.tran 1n 1u\n.print tran v(inptu)\n");
message!(descending_pwl, "t\nV1 a 0 PWL(0 0 2n 1 1n 0)\nR1 a 0 1\n");
message!(duplicate_element, "t\nV1 a 0 1\nR1 a 0 1\nr1 a 0 2\n");
message!(several_errors, "t\nV1 a 0 PULSE(0 1 0 1n 1n -5n)\nR1 a 0\nA1 a b c npn\nD1 a 0 dio\n.frobnicate\n");
message!(warnings, "t\n.param used=1k unused=2 used=2k\nV1 a 0 1\nR1 a 0 {used}\nR2 a 0 0\n");
message!(current_without_branch, "t\nV1 a 0 1\nR1 a 0 1\nB1 b 0 v=2*i(R1)\nR2 b 0 1\n");

#[test]
fn long_lines_and_odd_bytes_are_shortened() {
    let points: String = (0..200_000).map(|i| format!("{i}n {} ", i % 2)).collect();
    insta::assert_snapshot!(messages(&format!("t\nV1 a 0 PWL({points} 5n 1 {points})\nR1 a\u{7}b 0 1\n")));
}

#[test]
fn a_wrong_override_is_shown() {
    let set = [("rlaod".to_string(), "2k".to_string()), ("rload".to_string(), "{2*".to_string())];
    let failure =
        parse_str("deck.cir", "t\n.param rload=1k\nV1 a 0 1\nR1 a 0 {rload}\n", &set).expect_err("wrong names");
    let text: String = failure.diagnostics.iter().map(|d| render(d, &failure.sources, false)).collect();
    insta::assert_snapshot!(text);
}

#[test]
fn colours_are_optional() {
    let failure = load(std::path::Path::new("no/such.cir"), &[]).expect_err("no file");
    assert!(!render(&failure.diagnostics[0], &failure.sources, false).contains('\u{1b}'));
    assert!(render(&failure.diagnostics[0], &failure.sources, true).contains('\u{1b}'));
}
