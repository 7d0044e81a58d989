//! The Pd/HfO2/Ta cell of `models/hfo2_1t1r.lib` against its calibration targets (docs/devices/hfo2_1t1r.md), each under the
//! voltages with which an array writes and reads.

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use ionspice::analysis::Options;
use ionspice::cosim::Session;
use ionspice::netlist;

/// Conductance per gate voltage that a write leaves, S/V.
const SLOPE: f64 = 182e-6;
/// Edges of all pulses, s.
const EDGE: f64 = 100e-9;
const WIDTH: f64 = 1e-6;
const SET: f64 = 2.5;
const RESET: f64 = 1.7;
const READ: f64 = 0.2;
const OPEN: f64 = 5.0;
/// The gate voltages of a window of ten levels.
const GATES: [f64; 10] = [0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5];

/// Cells with a column and a gate source each, their rows on one source `vr`.
struct Cells {
    session: Session,
    count: usize,
}

impl Cells {
    fn new(count: usize, parameters: &str) -> Self {
        Self::with(count, parameters, Options::default())
    }

    fn with(count: usize, parameters: &str, options: Options) -> Self {
        let mut text = String::from("cells\n.include models/hfo2_1t1r.lib\nvr r 0 0\n");
        for k in 0..count {
            let _ = write!(text, "vc{k} c{k} 0 0\nvg{k} g{k} 0 0\nx{k} c{k} g{k} r hfo2_1t1r {parameters}\n");
        }
        Self { session: session(&text, options), count }
    }

    /// Ramps every source named to its value, holds, and ramps back to 0 V; the gates come first and go last.
    fn pulse(&mut self, gates: &[f64], rows: f64, columns: f64, width: f64) {
        for (k, gate) in gates.iter().enumerate() {
            program(
                &mut self.session,
                &format!("vg{k}"),
                &[(EDGE, *gate), (width + 4.0 * EDGE, *gate), (width + 5.0 * EDGE, 0.0)],
            );
        }
        let plateau = |v: f64| [(EDGE, 0.0), (2.0 * EDGE, v), (2.0 * EDGE + width, v), (3.0 * EDGE + width, 0.0)];
        program(&mut self.session, "vr", &plateau(rows));
        for k in 0..self.count {
            program(&mut self.session, &format!("vc{k}"), &plateau(columns));
        }
        self.session.advance(width + 5.0 * EDGE).expect("a transient");
    }

    fn set(&mut self, gates: &[f64]) {
        self.pulse(gates, 0.0, SET, WIDTH);
    }

    fn reset(&mut self) {
        self.pulse(&vec![OPEN; self.count], RESET, 0.0, WIDTH);
    }

    /// Conductance read at a voltage with the gate open, S.
    fn read_at(&mut self, volts: f64) -> Vec<f64> {
        for k in 0..self.count {
            program(&mut self.session, &format!("vg{k}"), &[(EDGE, OPEN)]);
            program(&mut self.session, &format!("vc{k}"), &[(EDGE, volts)]);
        }
        self.session.advance(2.0 * EDGE).expect("a transient");
        let read = (0..self.count).map(|k| -self.probe(&format!("i(vc{k})")) / volts).collect();
        for k in 0..self.count {
            program(&mut self.session, &format!("vg{k}"), &[(EDGE, 0.0)]);
            program(&mut self.session, &format!("vc{k}"), &[(EDGE, 0.0)]);
        }
        self.session.advance(2.0 * EDGE).expect("a transient");
        read
    }

    fn read(&mut self) -> Vec<f64> {
        self.read_at(READ)
    }

    fn probe(&self, text: &str) -> f64 {
        probe(&self.session, text)
    }
}

fn session(text: &str, options: Options) -> Session {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = text.replace("models/", &format!("{}/models/", root.display()));
    let loaded = netlist::parse_str("cells", &format!("{text}.end\n"), &[]).expect("the deck");
    Session::new(Arc::new(loaded.circuit), options).expect("operating point")
}

fn program(session: &mut Session, source: &str, points: &[(f64, f64)]) {
    let source = session.element(source).expect("the source");
    session.program(source, points).expect("a program");
}

fn probe(session: &Session, text: &str) -> f64 {
    session.probe(&session.probe_named(text).expect("a probe"))
}

fn largest(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

fn targets(gates: &[f64]) -> Vec<f64> {
    gates.iter().map(|v| SLOPE * v).collect()
}

fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt())
}

#[test]
fn target_1_reset_and_set_write_182_microsiemens_per_volt() {
    for ginit in ["20u", "109u", "273u", "500u"] {
        let mut cells = Cells::new(GATES.len(), &format!("ginit={ginit} noise=0"));
        cells.reset();
        let floor = cells.read().into_iter().fold(0.0, f64::max);
        assert!(floor < 25e-6, "a reset leaves {floor} S");
        cells.set(&GATES);
        let worst = largest(&cells.read(), &targets(&GATES));
        println!("from {ginit}: reset to {:.2} uS, written within {:.3} uS of the line", floor * 1e6, worst * 1e6);
        assert!(worst < 1e-6, "{worst}");
    }
}

#[test]
fn target_2_a_set_limits_itself() {
    let mut cells = Cells::new(GATES.len(), "noise=0");
    cells.reset();
    cells.set(&GATES);
    let first = cells.read();
    cells.set(&GATES);
    let again = largest(&cells.read(), &first);
    let lower: Vec<f64> = GATES.iter().map(|v| v - 0.2).collect();
    for _ in 0..10 {
        cells.set(&lower);
    }
    let weak = largest(&cells.read(), &first);
    let higher: Vec<f64> = GATES.iter().map(|v| v + 0.1).collect();
    cells.set(&higher);
    let raised = largest(&cells.read(), &targets(&higher));
    println!(
        "the same again {:.4} uS, ten lower ones {:.4} uS, a higher one {:.3} uS off the line",
        again * 1e6,
        weak * 1e6,
        raised * 1e6
    );
    assert!(again < 0.2e-6 && weak < 0.2e-6, "{again} {weak}");
    assert!(raised < 2e-6, "{raised}");
}

#[test]
fn target_2_holds_with_scatter() {
    let mut cells = Cells::new(GATES.len(), "noise=1");
    cells.reset();
    cells.set(&GATES);
    let first = cells.read();
    cells.set(&GATES);
    let again = largest(&cells.read(), &first);
    assert!(again < 1e-6, "{again}");
    assert!(largest(&first, &targets(&GATES)) > 1e-6, "the write scattered");
}

#[test]
fn target_3_growth_stops_at_the_stop_voltage() {
    for gate in [0.6, 1.0, 1.5] {
        let mut cells = Cells::new(1, "noise=0");
        program(&mut cells.session, "vg0", &[(EDGE, gate)]);
        program(&mut cells.session, "vc0", &[(EDGE, 0.0), (2.0 * EDGE, SET)]);
        cells.session.advance(2e-6).expect("a transient");
        let (v, i) = (cells.probe("@x0.y1[v]"), cells.probe("@x0.y1[i]"));
        println!("gate {gate} V: device at {v:.5} V, {:.2} uA", i * 1e6);
        assert!((v / 0.6 - 1.0).abs() < 2e-3, "{v}");
        assert!((60e-6..180e-6).contains(&i), "{i}");
        assert!((i / 0.6 / cells.probe("@x0.y1[g]") - 1.0).abs() < 2e-3);
    }
}

#[test]
fn target_4_a_million_reads_change_nothing() {
    for ginit in ["17u", "109u", "273u", "550u"] {
        let mut cells = Cells::new(1, &format!("ginit={ginit}"));
        let before = cells.probe("@x0.y1[g]");
        for volts in [READ, -READ] {
            program(&mut cells.session, "vg0", &[(EDGE, OPEN)]);
            program(&mut cells.session, "vc0", &[(EDGE, volts)]);
            // 1e6 reads of 1 us
            cells.session.advance(1.0).expect("a transient");
        }
        assert_eq!(cells.probe("@x0.y1[g]").to_bits(), before.to_bits());
    }
}

#[test]
fn target_5_the_transistor_takes_its_share_of_a_linear_read() {
    for ginit in [20e-6, 109.2e-6, 273e-6] {
        let mut cells = Cells::new(1, &format!("ginit={ginit} noise=0"));
        let reads: Vec<f64> = [0.01, 0.05, 0.1, 0.2, -0.05, -0.1, -0.2].iter().map(|v| cells.read_at(*v)[0]).collect();
        let device = cells.probe("@x0.y1[g]");
        assert!((device / ginit - 1.0).abs() < 1e-9);
        let curvature = reads.iter().map(|g| (g / reads[0] - 1.0).abs()).fold(0.0, f64::max);
        let series = 1.0 / reads[0] - 1.0 / device;
        println!(
            "{:.1} uS: read {:.2} uS, {series:.0} ohm in series, not linear by {:.3} %",
            ginit * 1e6,
            reads[0] * 1e6,
            curvature * 100.0
        );
        assert!(curvature < 5e-3, "{curvature}");
        assert!((200.0..260.0).contains(&series), "{series}");
    }
}

#[test]
fn smaller_steps_write_the_same() {
    let written = |reltol: f64| {
        let mut cells = Cells::with(GATES.len(), "noise=0", Options { reltol, ..Options::default() });
        cells.reset();
        cells.set(&GATES);
        cells.read()
    };
    let change = largest(&written(1e-3), &written(1e-5));
    println!("steps for reltol 1e-3 and 1e-5 differ by {:.4} uS", change * 1e6);
    assert!(change < 0.1e-6, "{change}");
}

#[test]
fn set_alone_raises_to_the_same_line_and_never_lowers() {
    let mut cells = Cells::new(GATES.len(), "ginit=105u noise=0");
    cells.set(&GATES);
    let alone = cells.read();
    cells.reset();
    cells.set(&GATES);
    let both = largest(&cells.read(), &alone);
    println!("reset and set against set alone: {:.4} uS", both * 1e6);
    assert!(both < 0.5e-6, "{both}");
}

/// Errors, uS, of writing every cell to its gate voltage by a reset and a set.
fn write_errors(cells: &mut Cells, gates: &[f64]) -> Vec<f64> {
    cells.reset();
    cells.set(gates);
    cells.read().iter().zip(targets(gates)).map(|(g, t)| (g - t) * 1e6).collect()
}

fn window(cells: usize) -> Vec<f64> {
    (0..cells).map(|k| 0.6 + 0.9 * (k as f64 + 0.5) / cells as f64).collect()
}

#[test]
fn two_pulse_writes_scatter_by_four_microsiemens() {
    let gates = window(2048);
    let errors = write_errors(&mut Cells::new(gates.len(), "ginit=150u"), &gates);
    let (mean, sd) = mean_and_deviation(&errors);
    println!("{} writes: mean error {mean:.3} uS, deviation {sd:.3} uS", errors.len());
    assert!(mean.abs() < 0.2 && (3.8..4.2).contains(&sd), "{mean} {sd}");
}

#[test]
fn a_second_write_forgets_the_first() {
    let gates = window(256);
    let mut cells = Cells::new(gates.len(), "ginit=150u");
    let [first, second] = [(); 2].map(|()| write_errors(&mut cells, &gates));
    let correlation = first.iter().zip(&second).map(|(a, b)| a * b).sum::<f64>() / 16.0 / gates.len() as f64;
    println!("correlation of two writes {correlation:.3}");
    // three standard errors
    assert!(correlation.abs() < 3.0 / 16.0, "{correlation}");
}

/// One row is written while the others float on their own capacitance.
#[test]
fn floating_rows_charge_without_disturbing_their_cells() {
    const ROWS: usize = 16;
    const COLUMNS: usize = 16;
    const ROW_CAPACITANCE: f64 = 2.3e-12; // 64 cells of 20 fF and 1 pF of pad
    let mut text = String::from("row write\n.include models/hfo2_1t1r.lib\nvr r0 0 0\n");
    for column in 0..COLUMNS {
        let _ = write!(text, "vc{column} c{column} 0 0\nvg{column} g{column} 0 0\n");
    }
    for row in 0..ROWS {
        if row > 0 {
            let _ = write!(text, "cr{row} r{row} 0 {ROW_CAPACITANCE}\nrr{row} r{row} 0 1g\n");
        }
        for column in 0..COLUMNS {
            let ginit = 110e-6 + 160e-6 * ((7 * row + 3 * column) % 16) as f64 / 15.0;
            let _ = writeln!(text, "x{row}_{column} c{column} g{column} r{row} hfo2_1t1r noise=0 ginit={ginit}");
        }
    }
    let gate = |column: usize| 0.6 + 0.9 * column as f64 / (COLUMNS - 1) as f64;
    for active in [COLUMNS, 1] {
        let mut array = session(&text, Options::default());
        let cell = |array: &Session, row: usize, column: usize| probe(array, &format!("@x{row}_{column}.y1[g]"));
        let before: Vec<f64> =
            (1..ROWS).flat_map(|r| (0..COLUMNS).map(move |c| (r, c))).map(|(r, c)| cell(&array, r, c)).collect();
        for column in 0..COLUMNS {
            let v = if column >= COLUMNS - active { gate(column) } else { 0.0 };
            program(
                &mut array,
                &format!("vg{column}"),
                &[(EDGE, v), (WIDTH + 4.0 * EDGE, v), (WIDTH + 5.0 * EDGE, 0.0)],
            );
            program(
                &mut array,
                &format!("vc{column}"),
                &[(EDGE, 0.0), (2.0 * EDGE, SET), (2.0 * EDGE + WIDTH, SET), (3.0 * EDGE + WIDTH, 0.0)],
            );
        }
        array.advance(2.0 * EDGE + WIDTH).expect("a transient");
        let highest = (1..ROWS)
            .map(|r| probe(&array, &format!("v(r{r})")))
            .fold((f64::INFINITY, 0.0f64), |(l, h), v| (l.min(v), h.max(v)));
        array.advance(3.0 * EDGE).expect("a transient");
        let after: Vec<f64> =
            (1..ROWS).flat_map(|r| (0..COLUMNS).map(move |c| (r, c))).map(|(r, c)| cell(&array, r, c)).collect();
        let moved = largest(&before, &after);
        println!(
            "{active} columns: rows float to {:.3} to {:.3} V, unselected cells move by {:.4} uS",
            highest.0,
            highest.1,
            moved * 1e6
        );
        assert!(moved < 1e-6, "{moved}");
        assert!((highest.0 / 1.5 - 1.0).abs() < 0.05 && (highest.1 / 1.5 - 1.0).abs() < 0.05, "{highest:?}");
    }
}
