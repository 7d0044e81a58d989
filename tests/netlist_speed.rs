//! A hundred thousand elements must load in well under a second (release build).

use std::fmt::Write;
use std::time::{Duration, Instant};

use ionspice::netlist::parse_str;

fn measure(name: &str, deck: &str, elements: usize) {
    let start = Instant::now();
    let loaded = parse_str("large.cir", deck, &[]).expect("a good deck");
    let time = start.elapsed();
    println!("{name}: {elements} elements, {} bytes, {:.3} s", deck.len(), time.as_secs_f64());
    assert_eq!(loaded.circuit.elements.len(), elements);
    let limit = if cfg!(debug_assertions) { 20 } else { 2 };
    assert!(time < Duration::from_secs(limit), "{name} took {time:?}");
}

#[test]
fn flat_deck() {
    let mut deck =
        String::from("flat\n.param r=1k\nV1 n0_0 0 PULSE(0 1 0 1n 1n 5n 10n)\n.model nm nmos level=1 vto=0.5\n");
    for i in 0..33_333 {
        let _ = writeln!(
            deck,
            "R{i} n{}_{} n{i}_x {{r*2}}\nC{i} n{i}_x 0 50f\nM{i} n{i}_x n{}_0 0 0 nm w=10u l=0.18u",
            i / 100,
            i % 100,
            i / 100
        );
    }
    measure("flat", &deck, 3 * 33_333 + 1);
}

#[test]
fn hierarchical_deck() {
    let mut deck = String::from(
        "hierarchical\n.model nm nmos level=1 vto=0.5\n.subckt cell te be w0=0.5\n.param ron=4k roff=20k q={ron+roff}\nC1 w 0 1n\n.ic v(w)={w0}\nR1 w 0 {q}\n\
         Bm te be I = v(te,be)/(roff+(ron-roff)*v(w))*(v(w)>0.5 ? 1 : 2)\nM1 te w be 0 nm w=1u l=1u\n.ends\n\
         .subckt row a b\n",
    );
    for i in 0..100 {
        let _ = writeln!(deck, "X{i} a b{i} cell w0={}\nR{i} b{i} b 50", i as f64 / 100.0);
    }
    deck.push_str(".ends\nV1 in 0 1\n");
    for i in 0..200 {
        let _ = writeln!(deck, "Xr{i} in o{i} row");
    }
    measure("hierarchical", &deck, 200 * 100 * 5 + 1);
}
