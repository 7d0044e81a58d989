//! What makes large arrays fast does not change their waveforms: the same decks with every acceleration off
//! (`.options exact`) give the same curves within 1e-3 (rms over range), whatever the number of threads.

use ionspice::analysis::{self, Options};
use ionspice::netlist;
use ionspice::output::Dataset;

/// A 1T1R array in which one row is programmed while the others float; behavioural cells with a state on a capacitor.
fn array(side: usize, stop: &str, options: &str) -> String {
    let mut deck = String::from(
        "array
.subckt cell te be w0=0.5
C1 w 0 1n
.ic v(w)={w0}
R1 w 0 1e12
Bw 0 w I = 1e-3*(v(te,be)>0.35 ? 20*pow(v(te,be)/0.35-1,3)*(1-v(w))*(v(w)<1 ? 1 : 0) : (v(te,be)<-0.3 ? 40*pow(v(te,be)/-0.3-1,3)*v(w) : 0))
Bm te be I = v(te,be)/(20k-16k*v(w))
.ends
.model nsel nmos level=1 vto=0.5 kp=300u lambda=0.02 tox=5n cgso=0.2n cgdo=0.2n\n",
    );
    let last = side - 1;
    for j in 0..side {
        let gate = 0.9 + 0.9 * j as f64 / last as f64;
        deck += &format!("Vc{j} cin{j} 0 PULSE(0 1.6 15n 5n 5n 0.5u 5u)\nRc{j} cin{j} c{j}_0 50\n");
        deck +=
            &format!("Vg{j} gin{j} 0 PULSE(0 {gate:.4} 5n 5n 5n 0.6u 5u)\nRg{j} gin{j} g{j} 50\nCg{j} g{j} 0 50f\n");
    }
    for i in 0..side {
        let ground = if i == side / 2 { "10" } else { "1g" };
        deck += &format!("Rr{i} r{i}_0 0 {ground}\nCrow{i} r{i}_0 0 50f\n");
        for j in 0..side {
            let start = 0.3 + 0.4 * ((i * 7 + j * 13) % 17) as f64 / 16.0;
            deck += &format!(
                "Xm{i}_{j} c{j}_{i} m{i}_{j} cell w0={start:.4}\nM{i}_{j} m{i}_{j} g{j} r{i}_{j} 0 nsel w=10u l=0.18u\n"
            );
            if i < last {
                deck += &format!("Rcw{i}_{j} c{j}_{i} c{j}_{} 0.5\n", i + 1);
            }
            if j < last {
                deck += &format!("Rrw{i}_{j} r{i}_{j} r{i}_{} 0.5\n", j + 1);
            }
        }
    }
    let row = side / 2;
    deck += &format!(
        "{options}\n.tran 2n {stop}\n.save v(c0_0) v(r0_0) v(r0_{last}) v(m{row}_0) v(m{row}_{last}) v(xm{row}_{last}.w)\n.end\n"
    );
    deck
}

fn run(text: &str) -> Dataset {
    let loaded = netlist::parse_str("deck.cir", text, &[]).unwrap_or_else(|f| panic!("{f}"));
    let (options, _) = Options::from_settings(&loaded.circuit.options);
    let mut plots: Vec<Dataset> = Vec::new();
    analysis::run(&loaded.circuit, &options, &mut plots).unwrap_or_else(|f| panic!("{f:?}"));
    plots.remove(0)
}

/// Worst rms difference over range of all signals, on the points of `reference`.
fn difference(reference: &Dataset, found: &Dataset) -> f64 {
    let time = |plot: &Dataset, k: usize| plot.value(k, 0).re;
    let at = |t: f64, column: usize| {
        let next = (1..found.points()).find(|&k| time(found, k) >= t).unwrap_or(found.points() - 1);
        let (t0, t1) = (time(found, next - 1), time(found, next));
        let (a, b) = (found.value(next - 1, column).re, found.value(next, column).re);
        a + (b - a) * ((t - t0) / (t1 - t0)).clamp(0.0, 1.0)
    };
    let points = reference.points();
    let column = |column: usize| {
        let y: Vec<f64> = (0..points).map(|k| reference.value(k, column).re).collect();
        let errors: Vec<f64> = (0..points).map(|k| at(time(reference, k), column) - y[k]).collect();
        let square: f64 = (1..points)
            .map(|k| {
                let width = time(reference, k) - time(reference, k - 1);
                0.5 * width * (errors[k].powi(2) + errors[k - 1].powi(2))
            })
            .sum();
        let range = y.iter().fold(f64::MIN, |m, v| m.max(*v)) - y.iter().fold(f64::MAX, |m, v| m.min(*v));
        (square / time(reference, points - 1)).sqrt() / range
    };
    (1..reference.variables.len()).map(column).fold(0.0, f64::max)
}

#[test]
fn accelerations_do_not_change_the_waveforms() {
    // the first is factored at every iteration that needs it, the second is solved with older factors and by parts
    for (side, stop) in [(6, "100n"), (28, "24n")] {
        let fast = run(&array(side, stop, ""));
        let exact = run(&array(side, stop, ".options exact"));
        let error = difference(&exact, &fast);
        assert!(error < 1e-3, "{side}x{side}: {error:e}");
        assert!(fast.points() <= exact.points(), "{side}x{side}: {} and {}", fast.points(), exact.points());
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    let deck = array(28, "7n", "");
    let with = |threads: usize| {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads").install(|| run(&deck))
    };
    let (one, three) = (with(1), with(3));
    assert_eq!(one.points(), three.points());
    for point in 0..one.points() {
        for column in 0..one.variables.len() {
            assert_eq!(one.value(point, column), three.value(point, column), "point {point}, column {column}");
        }
    }
}
