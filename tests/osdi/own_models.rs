//! The Verilog-A sources of `models/va` against the native models of the same name, both in one deck.

use std::path::Path;

use super::{Run, compiler, run};

/// Runs a deck that names one source of `models/va`.
fn both(source: &str, body: &str) -> Option<Run> {
    let compiler = compiler()?;
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/va").join(source);
    let run = run(&format!("both\n.osdi \"{}\"\n{body}\n.end\n", file.display()), Some(&compiler), None);
    assert!(run.success, "{}", run.messages);
    Some(run)
}

/// rms difference over the range of the native signal, by time (the points are not even).
fn difference(run: &Run, native: &str, compiled: &str) -> f64 {
    let (time, a, b) = (run.column(0, "time"), run.column(0, native), run.column(0, compiled));
    let range = a.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
    let (mut sum, mut total) = (0.0, 0.0);
    for k in 1..time.len() {
        let step = time[k] - time[k - 1];
        sum += step * (a[k] - b[k]).powi(2);
        total += step;
    }
    assert!(range.1 > range.0, "{native} does not move");
    (sum / total).sqrt() / (range.1 - range.0)
}

fn agree(run: &Run, pairs: &[(&str, &str)]) {
    for (native, compiled) in pairs {
        let found = difference(run, native, compiled);
        println!("{native}: rms difference over range {found:.2e}");
        assert!(found <= 1e-3, "{native}: {found:e}");
    }
}

#[test]
fn vteam_moves_as_the_native_one() {
    for extra in ["", "window=1 p=3", "window=2 p=2", "window=3 p=2 j=0.8", "window=4 wc=0.3n", "ivrelation=1"] {
        let body = format!(
            "v1 in 0 pwl(0 0 10n 0 20n 0.8 200n 0.8 220n -0.9 420n -0.9 430n 0.1 500n 0.1)
r1 in a 1k
y1 a 0 mv
r2 in b 1k
n2 b 0 mv
.model mv vteam ron=1k roff=10k won=0 woff=3n kon=-2m koff=2m alphaon=2 alphaoff=2 von=-0.2 voff=0.2 x0=0.6 {extra}
.tran 1n 500n
.save i(y1) i(n2) @y1[x] @n2[state]"
        );
        let Some(run) = both("vteam.va", &body) else { return };
        agree(&run, &[("i(y1)", "i(n2)"), ("@y1[x]", "@n2[state]")]);
    }
}

#[test]
fn sox_moves_as_the_native_one() {
    for extra in ["", "dphi=-0.1257 is0=6n x1=0.3 x2=0.5"] {
        let body = format!(
            "v1 in 0 pulse(0 3 0.5 1m 1m 0.1 0.4 10)
r1 in a 1k
y1 a 0 m
r2 in b 1k
n2 b 0 m
.model m sox ({extra})
.options temp=26.85
.tran 10m 30
.save i(y1) i(n2) @y1[x1] @y1[x2] @n2[s1] @n2[s2]"
        );
        let Some(run) = both("sox.va", &body) else { return };
        agree(&run, &[("i(y1)", "i(n2)"), ("@y1[x1]", "@n2[s1]"), ("@y1[x2]", "@n2[s2]")]);
    }
}

#[test]
fn cmo_hfo2_moves_as_the_native_one() {
    for extra in ["", "gdrift=8u ldrift=200", "age=2000 gdrift=8u ginit=40u"] {
        let body = format!(
            "v1 in 0 pwl(0 0 1u 0 1.1u 2.5 16u 2.5 16.1u 0.2 20u 0.2 20.1u -2.7 150u -2.7 150.1u 0 160u 0 160.1u 2.4 170u 2.4)
r1 in a 1k
y1 a 0 mn
r2 in b 1k
n2 b 0 mc
.model mn cmo_hfo2 ({extra} noise=0)
.model mc cmo_hfo2 ({extra})
.tran 0.2u 180u
.save i(y1) i(n2) @y1[x] @y1[a] @n2[x] @n2[a]"
        );
        let Some(run) = both("cmo_hfo2.va", &body) else { return };
        agree(&run, &[("i(y1)", "i(n2)"), ("@y1[x]", "@n2[x]"), ("@y1[a]", "@n2[a]")]);
    }
}
