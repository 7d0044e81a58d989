//! `.array`, `.matrix` and `ionspice gen`.
//!
//! `tests/data/crossbar_read_*.csv` are column currents of resistor arrays from a numpy solution of the nodal equations,
//! written for this project (its definition stands in [`crossbar`]; the 8x4 case was confirmed by relaxation).

use ionspice::analysis::{self, MatrixValues, Options, Sink};
use ionspice::circuit::{Circuit, ElementKind};
use ionspice::netlist::{Parsed, load, parse_str};
use ionspice::output::Dataset;

fn circuit(deck: &str) -> Circuit {
    parse_str("deck.cir", deck, &[]).unwrap_or_else(|failure| panic!("{:?}", failure.diagnostics)).circuit
}

/// Resistor array of the reference: driven at the left, sensed at the bottom, one segment before the first and after the
/// last cell.
fn crossbar(rows: usize, cols: usize, wire: f64) -> String {
    format!(
        "crossbar\n.param phi=0.6180339887498949\n.func frac(x) {{x-floor(x)}}\n\
         .array xa row col r rows={rows} cols={cols} r_row={wire} r_col={wire} col_end=bottom\n\
         + r={{1meg/(109+164*frac((row*{cols}+col+1)*phi))}} v_row={{0.2*cos(0.37*row+0.1)}} v_col=0\n.op\n.save alli\n.end\n"
    )
}

/// Columns of a reference file: heading and currents.
fn reference(name: &str) -> Vec<(f64, Vec<f64>)> {
    let path = format!("{}/tests/data/crossbar_read_{name}.csv", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let wires = [0.0, 0.1, 0.3, 1.0, 3.0];
    assert_eq!(lines.next(), Some("col,I_ideal_A,I_Rw0.1_A,I_Rw0.3_A,I_Rw1.0_A,I_Rw3.0_A"));
    let rows: Vec<Vec<f64>> = lines.map(|line| line.split(',').skip(1).map(|x| x.parse().unwrap()).collect()).collect();
    wires.iter().enumerate().map(|(k, &wire)| (wire, rows.iter().map(|row| row[k]).collect())).collect()
}

fn column_currents(deck: &str, cols: usize) -> Vec<f64> {
    let circuit = circuit(deck);
    let mut plots: Vec<Dataset> = Vec::new();
    analysis::run(&circuit, &Options::default(), &mut plots).unwrap();
    (0..cols).map(|k| plots[0].value(0, plots[0].find(&format!("i(v.xa.col{k})")).unwrap()).re).collect()
}

#[test]
fn currents_of_the_reference_arrays() {
    for (name, rows, cols) in [("8x4", 8, 4), ("128x64", 128, 64)] {
        let cases = reference(name);
        let cases = if rows > 8 { &cases[1..2] } else { &cases[..] };
        for (wire, expected) in cases {
            let found = column_currents(&crossbar(rows, cols, *wire), cols);
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-9 + 1e-6 * expected.abs(), "{name} {wire}: {found} {expected}");
            }
        }
    }
}

const CELLS: &str = "1t1r\n.subckt cell te gate be w0=0.5\nYm te m vt x0={w0}\nM1 m gate be 0 nsel w=10u l=0.18u\n.ends\n\
    .model vt vteam\n.model nsel nmos level=1 vto=0.5 kp=300u\n";

fn written(deck: &str) -> String {
    Parsed::read_text("deck.cir", deck, &[]).plain().unwrap_or_else(|failure| panic!("{:?}", failure.diagnostics))
}

/// Names, nodes and kinds of all elements; places in the text differ.
fn contents(circuit: &Circuit) -> Vec<String> {
    let node = |id: &ionspice::circuit::NodeId| circuit.nodes[id.0 as usize].clone();
    let kind = |kind: &ElementKind| match kind {
        ElementKind::Device(device) => {
            let params: Vec<_> = device.params.iter().map(|p| format!("{}={:?}", p.name, p.value)).collect();
            format!("{} {params:?}", circuit.models[device.model.0 as usize].name)
        }
        other => format!("{other:?}"),
    };
    let line = |e: &ionspice::circuit::Element| {
        format!("{} {:?} {}", e.name, e.nodes.iter().map(node).collect::<Vec<_>>(), kind(&e.kind))
    };
    let mut all: Vec<String> = circuit.elements.iter().map(line).collect();
    all.sort();
    all
}

#[test]
fn what_is_written_out_is_the_same_circuit() {
    let arrays = [
        format!(
            "{CELLS}.array xa col gate row cell rows=3 cols=4 r_row=0.5 r_col=0.4 r_gate=2 r_col_end=50 c_gate=50f\n\
             + col_end=both row_end=right w0={{agauss(0.5,0.1,3)}} v_gate=\"PULSE(0 {{1+0.1*col}} 1u 1n)\" stuck=1,1,5k\n\
             + v_row=\"pwl(0 0 1u {{row}})\" ; comment\n* between\n+ v_col=\"dc 1 ac 1\"\nR1 xa.row0 0 1k\n.op\n.matrix xa v(#.m)\n+ file=\"x\"\n"
        ),
        format!("{CELLS}.array xa row col vt rows=2 cols=2 x0=0.25 gate=1\nV1 xa.row0 0 1\n.op\n")
            .replace(" gate=1", ""),
        crossbar(3, 2, 0.0),
        "d\n.model dd d is=1e-12\n.array xd row col dd rows=2 cols=3 r_col=1 area={1+row}\nV1 xd.row0 0 1\n.op\n"
            .into(),
    ];
    for deck in arrays {
        let plain = written(&deck);
        assert!(!plain.contains("\n.array"), "{plain}");
        let (one, two) = (circuit(&deck), circuit(&plain));
        assert_eq!(contents(&one), contents(&two), "{plain}");
        assert_eq!((one.arrays.len(), two.arrays.len(), two.matrices.len()), (1, 0, 0));
    }
}

#[test]
fn cells_take_values_from_expressions_tables_and_draws() {
    let folder = tempfile::tempdir().unwrap();
    let deck = folder.path().join("deck.cir");
    std::fs::write(folder.path().join("w.csv"), "w\n1k,2k,3k\n4k,5k,6k\n").unwrap();
    std::fs::write(folder.path().join("v.csv"), "0.1\n0.2\n").unwrap();
    let text =
        |more: &str| format!("t\n.array xa row col r rows=2 cols=3 {more} v_row=\"v.csv\"\nR1 xa.col0 0 1\n.op\n");
    let resistance = |circuit: &Circuit, name: &str| {
        let id = circuit.element_index[name];
        match circuit.elements[id.0 as usize].kind {
            ElementKind::Resistor { resistance, .. } => resistance,
            ref other => panic!("{other:?}"),
        }
    };
    std::fs::write(&deck, text("r=\"w.csv\" stuck=0,2,1meg")).unwrap();
    let loaded = load(&deck, &[]).unwrap().circuit;
    assert_eq!(["r.xa.r0c0", "r.xa.r1c2", "r.xa.r0c2"].map(|n| resistance(&loaded, n)), [1e3, 6e3, 1e6]);
    let source = |name: &str| match &loaded.elements[loaded.element_index[name].0 as usize].kind {
        ElementKind::VoltageSource(source) => source.dc,
        other => panic!("{other:?}"),
    };
    assert_eq!((source("v.xa.row0"), source("v.xa.row1")), (0.1, 0.2));
    // A draw depends on the place of the cell alone: another size leaves it as it is.
    let drawn = |rows: usize, cols: usize| {
        let deck =
            format!("t\n.array xa row col r rows={rows} cols={cols} r={{agauss(1k,100,1)}}\nV1 xa.row0 0 1\n.op\n");
        circuit(&deck)
    };
    let (small, large) = (drawn(2, 3), drawn(5, 7));
    let values: Vec<f64> = (0..6).map(|k| resistance(&small, &format!("r.xa.r{}c{}", k / 3, k % 3))).collect();
    for (k, value) in values.iter().enumerate() {
        assert_eq!(*value, resistance(&large, &format!("r.xa.r{}c{}", k / 3, k % 3)));
        assert!(values.iter().filter(|other| *other == value).count() == 1, "{values:?}");
    }
}

#[derive(Default)]
struct Collected(Vec<MatrixValues>, Vec<Dataset>);

impl Sink for Collected {
    fn begin(&mut self, header: &Dataset) -> Result<(), analysis::SimulationError> {
        self.1.begin(header)
    }
    fn row(&mut self, row: &[f64]) -> Result<(), analysis::SimulationError> {
        self.1.row(row)
    }
    fn complex_row(&mut self, row: &[num_complex::Complex64]) -> Result<(), analysis::SimulationError> {
        self.1.complex_row(row)
    }
    fn matrix(&mut self, matrix: MatrixValues) {
        self.0.push(matrix);
    }
}

/// RC cells: the voltage of every cell is known in closed form.
#[test]
fn matrices_are_read_at_their_times() {
    let deck = "rc cells\n.subckt cell a b c=1n\nR1 a m 1k\nC1 m b {c}\n.ends\n\
        .array xa row col cell rows=2 cols=3 c={1n*(1+row+col)} v_row=\"pulse(0 1 0 1p)\" v_col=0\n\
        .tran 10n 3u\n.matrix xa v(#.m) at=1u,2.5u\n.matrix xa v(#.m)\n.save v(xa.row0)\n";
    let circuit = circuit(deck);
    let mut found = Collected::default();
    analysis::run(&circuit, &Options::default(), &mut found).unwrap();
    let times: Vec<_> = found.0.iter().map(|m| (m.matrix, m.time)).collect();
    assert_eq!(times, [(0, Some(1e-6)), (0, Some(2.5e-6)), (1, Some(3e-6))]);
    for matrix in &found.0 {
        for (k, value) in matrix.values.iter().enumerate() {
            let tau = 1e-6 * (1 + k / 3 + k % 3) as f64;
            let expected = 1.0 - (-matrix.time.unwrap() / tau).exp();
            assert!((value - expected).abs() < 1e-3, "{k} at {:?}: {value} {expected}", matrix.time);
        }
    }
}

/// A read of the reference array gives its currents for every vector, and the transfer matrix is that of the equations.
#[test]
fn reads_of_the_reference_array() {
    let folder = tempfile::tempdir().unwrap();
    let deck = folder.path().join("deck.cir");
    let volts = |scale: f64| -> String {
        (0..8).map(|i| format!("{:e}", scale * 0.2 * (0.37 * i as f64 + 0.1).cos())).collect::<Vec<_>>().join(",")
    };
    std::fs::write(folder.path().join("v.csv"), format!("{}\n{}\n", volts(1.0), volts(-3.0))).unwrap();
    let text = crossbar(8, 4, 1.0).replace(".op\n", ".read xa vectors=\"v.csv\" transfer=1\n");
    std::fs::write(&deck, text).unwrap();
    let circuit = load(&deck, &[]).unwrap().circuit;
    let mut plots: Vec<Dataset> = Vec::new();
    analysis::run(&circuit, &Options::default(), &mut plots).unwrap();
    let expected = reference("8x4").remove(3).1;
    assert_eq!((plots[0].points(), plots[1].points()), (2, 8));
    for (k, expected) in expected.iter().enumerate() {
        assert!((plots[0].value(0, k + 1).re / expected - 1.0).abs() < 1e-9);
        assert!((plots[0].value(1, k + 1).re / (-3.0 * expected) - 1.0).abs() < 1e-9);
        let product: f64 = (0..8).map(|i| plots[1].value(i, k + 1).re * 0.2 * (0.37 * i as f64 + 0.1).cos()).sum();
        assert!((product / expected - 1.0).abs() < 1e-9);
    }
}

/// Cells with transistors: the linearised read agrees with the full equations within its bound, around zero by Cholesky
/// and around a bias by LU; where it does not agree it is refused.
#[test]
fn reads_of_transistor_cells_are_checked() {
    let deck = |row: &str, more: &str| {
        format!(
            "1t1r read\n.subckt cell te gate be r=10k\nR1 te m {{r}}\nM1 m gate be 0 nsel w=10u l=0.18u\n.ends\n\
             .model nsel nmos level=1 vto=0.5 kp=300u\n.array xa col gate row cell rows=6 cols=5 r_row=1 r_col=1\n\
             + r={{4k+1k*((row*7+col*3)%5)}} v_row={row} v_col=0 v_gate=5 col_end=bottom\n.op\n.read xa {more}\n.save alli\n"
        )
    };
    let run = |text: &str| {
        let circuit = circuit(text);
        let mut plots: Vec<Dataset> = Vec::new();
        analysis::run(&circuit, &Options::default(), &mut plots).map(|()| plots)
    };
    for (row, bound) in [("0", 5e-3), ("0.3", 2e-3)] {
        let plots = run(&deck(row, &format!("bound={bound} swing=0.1"))).unwrap();
        let full = run(&deck(&format!("{{{row}+0.01*(row==2)}}"), "bound=1")).unwrap();
        for col in 0..5 {
            let name = format!("i(v.xa.col{col})");
            let current = |plots: &[Dataset]| plots[0].value(0, plots[0].find(&name).unwrap()).re;
            let slope = (current(&full) - current(&plots)) / 0.01;
            let found = plots[1].value(2, col + 1).re;
            assert!((found / slope - 1.0).abs() < 2e-3, "{row} {col}: {found} {slope}");
        }
    }
    let error = run(&deck("0", "swing=3")).unwrap_err();
    assert!(matches!(error, analysis::Failure::Simulation(analysis::SimulationError::NotLinear { .. })), "{error:?}");
}
