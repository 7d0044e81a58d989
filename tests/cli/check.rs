//! `ionspice check`: every finding names its element or node.

use crate::{Folder, Ran};

fn check(deck: &str) -> Ran {
    let folder = Folder::new();
    folder.write("deck.cir", deck);
    folder.ionspice(&["check", "deck.cir"])
}

#[test]
fn a_sound_deck_has_no_findings() {
    let ran = check("Divider\nV1 in 0 1\nR1 in out 1k\nR2 out 0 1k\n.op\n").exits(0);
    assert_eq!(ran.err, "");
    assert_eq!(ran.out, "deck.cir: 3 elements, 2 nodes, 0 errors, 0 warnings\n");
}

#[test]
fn floating_node() {
    let ran = check("t\nV1 a 0 1\nC1 a mid 1n\nC2 mid 0 1n\n.tran 1n 1u\n").exits(0);
    ran.says(&["node `mid` floats", "deck.cir:3:1"]);
}

#[test]
fn floating_gate() {
    check("t\nV1 d 0 1\nM1 d g 0 0 n\nC1 g 0 1p\n.model n nmos\n.op\n").exits(0).says(&["node `g` floats"]);
}

#[test]
fn voltage_source_loop() {
    let ran = check("t\nV1 a 0 1\nV2 b a 2\nE1 b 0 a 0 3\nR1 b 0 1k\n.op\n").exits(2);
    ran.says(&["`e1` closes a loop of voltage sources or inductors", "`v1`", "`v2`"]);
}

#[test]
fn source_short_circuited() {
    check("t\nV1 a a 1\nR1 a 0 1k\n.op\n").exits(2).says(&["`v1` closes a loop"]);
}

#[test]
fn inductor_loop() {
    let ran = check("t\nV1 a 0 1\nR1 a b 1\nL1 b 0 1u\nL2 b 0 1u\n.op\n").exits(2);
    ran.says(&["`l2` closes a loop of voltage sources or inductors with `l1`"]);
}

#[test]
fn current_source_cut_set() {
    let ran = check("t\nI1 0 a 1m\nC1 a b 1n\nR1 b 0 1k\n.op\n").exits(2);
    ran.says(&["current sources `i1` form a cut set around node `a`"]);
}

#[test]
fn controlled_current_sources_are_doubtful_only() {
    let ran = check("t\nV1 a 0 1\nR1 a 0 1k\nG1 o 0 a 0 1m\nC1 o 0 1p\n.op\n").exits(0);
    ran.says(&["node `o` is tied to ground by controlled current sources only"]);
}

#[test]
fn dangling_terminal() {
    check("t\nV1 a 0 1\nR1 a b 1k\n.op\n").exits(0).says(&["node `b` is connected to `r1` only", "dangling"]);
}

#[test]
fn a_sensed_node_does_not_dangle() {
    let ran = check("t\nV1 a 0 1\nV2 b 0 1\nE1 c 0 a 0 2\nB1 d 0 v=v(b)*v(c)\nR1 d 0 1k\n.op\n").exits(0);
    assert_eq!(ran.err, "");
}

#[test]
fn unused_parameter() {
    let ran = check("t\n.param used=1k spare=2k\nV1 a 0 1\nR1 a 0 {used}\n.op\n").exits(0);
    ran.says(&["parameter `spare` is not used", "deck.cir:2:"]);
}

#[test]
fn errors_that_run_would_find_too() {
    check("t\nV1 a 0 1\nR1 a 0 1k\n.options reltol=7\n.op\n").exits(2).says(&["option `reltol` is out of range"]);
    check("t\nV1 a 0 1\nYm a 0 m\n.model m vteam\n.save @ym[heat]\n.op\n").exits(2).says(&["`@ym[heat]`"]);
    check("t\nV1 a 0 1\nD1 a 0 m\n.model m d iss=1\n.op\n")
        .exits(0)
        .says(&["no parameter `iss`: it is ignored", "did you mean `is`?"]);
    let controller = "t\nV1 a 0 1\nR1 a 0 1k\n.controller c\nenvironment tmaze\n.endcontroller\n";
    check(controller).exits(2).says(&["controller `c` has no `agent` statement", "no `rows` statement"]);
}

#[test]
fn several_findings_at_once() {
    let ran = check("t\n.param x=1\nV1 a 0 1\nV2 a 0 1\nR1 a b 1k\n.op\n").exits(2);
    assert!(ran.out.ends_with("1 errors, 2 warnings\n"), "{}", ran.out);
    let (warning, error) = (ran.err.find("not used").expect("warning"), ran.err.find("closes a loop").expect("error"));
    assert!(warning < error, "errors come last");
}

#[test]
fn thousands_of_findings_in_time() {
    let floats: String = (0..20_000).map(|k| format!("C{k} n{k} 0 1p\n")).collect();
    let start = std::time::Instant::now();
    check(&format!("t\n{floats}.tran 1n 1u\n")).exits(0).says(&["node `n49` floats", "and 39950 more warnings"]);
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
}

#[test]
fn set_reaches_the_check() {
    let folder = Folder::new();
    folder.write("deck.cir", "t\n.param is=1f\nV1 a 0 1\nD1 a 0 m\n.model m d is={is}\n.op\n");
    folder.ionspice(&["check", "deck.cir", "--set", "is=1p"]).exits(0);
    folder.ionspice(&["check", "deck.cir", "--set", "is=-1"]).exits(2).says(&["out of range"]);
    folder.ionspice(&["check", "deck.cir", "--set", "iss=1"]).exits(2).says(&["no parameter `iss`"]);
}
