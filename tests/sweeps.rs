//! Sweeps of parameters, elements, models and temperature; random functions; values put in place of those in the deck.

use ionspice::analysis::{self, Options};
use ionspice::circuit::{Circuit, Draw, Overrides, ParamData, Sweep, SweepTarget};
use ionspice::netlist::Parsed;
use ionspice::output::Dataset;

fn circuit(text: &str, overrides: &Overrides) -> Circuit {
    match Parsed::read_text("deck", text, &[]).elaborate(overrides) {
        Ok(loaded) => loaded.circuit,
        Err(failure) => panic!("{:?}", failure.diagnostics),
    }
}

fn run(circuit: &Circuit) -> Vec<Dataset> {
    let (options, _) = Options::from_settings(&circuit.options);
    let mut plots = Vec::new();
    analysis::run(circuit, &options, &mut plots).expect("the analyses run");
    plots
}

fn column(plot: &Dataset, name: &str) -> Vec<f64> {
    plot.column(plot.find(name).expect(name)).collect()
}

const DIVIDER: &str =
    "divider\n.param rtop=1k\nv1 in 0 2\nr1 in out {rtop}\nr2 out 0 1k\n.model dd d is=1e-14\nd1 in 0 dd\n";

#[test]
fn dc_over_parameter_element_model_and_temperature() {
    let dc = |line: &str| run(&circuit(&format!("{DIVIDER}{line}\n.end\n"), &Overrides::default())).remove(0);
    let expected: Vec<f64> = [1e3, 2e3, 3e3].iter().map(|r| 2.0 * 1e3 / (r + 1e3)).collect();
    for line in [".dc param rtop 1k 3k 1k", ".dc rtop 1k 3k 1k", ".dc r1 1k 3k 1k", ".dc r1 list 1k 2k 3k"] {
        for (got, want) in column(&dc(line), "v(out)").iter().zip(&expected) {
            assert!((got - want).abs() < 1e-9, "{line}: {got} {want}");
        }
    }
    // The current of a diode at a fixed voltage is proportional to IS.
    let plot = dc(".dc dec dd(is) 1e-16 1e-14 1");
    let current: Vec<f64> = column(&plot, "i(v1)").iter().map(|i| -i - 1e-3).collect();
    assert_eq!(current.len(), 3);
    assert!((current[1] / current[0] - 10.0).abs() < 1e-2, "{current:?}");
    let temperatures = dc(".dc v1 2 2 1 temp 0 100 50");
    assert_eq!(temperatures.points(), 3);
}

#[test]
fn temperature_reaches_expressions_and_coefficients() {
    let text =
        "t\ni1 0 a 1m\nr1 a 0 1k tc1=0.01\ni2 0 b 1m\nr2 b 0 {1k*(1+0.01*(temper-27))}\n.dc temp 27 127 100\n.end\n";
    let plot = run(&circuit(text, &Overrides::default())).remove(0);
    for node in ["v(a)", "v(b)"] {
        let values = column(&plot, node);
        assert!((values[0] - 1.0).abs() < 1e-9 && (values[1] - 2.0).abs() < 1e-9, "{node} {values:?}");
    }
}

#[test]
fn step_grids() {
    let steps = |line: &str| -> Sweep {
        circuit(&format!("{DIVIDER}.op\n{line}\n.end\n"), &Overrides::default()).steps.remove(0)
    };
    assert_eq!(steps(".step param rtop list 1 5 7").values, [1.0, 5.0, 7.0]);
    assert_eq!(steps(".step param rtop 1 2 0.5").values, [1.0, 1.5, 2.0]);
    assert_eq!(steps(".step temp -25 75 50").target, SweepTarget::TemperatureCelsius);
    let decade = steps(".step dec param rtop 1 100 2");
    assert_eq!(decade.values.len(), 5);
    assert!((decade.values[1] - 10f64.sqrt()).abs() < 1e-12);
    assert_eq!(steps(".step d dd(is) 1e-15 2e-15 1e-15").target, SweepTarget::Model("dd".into(), "is".into()));
    assert_eq!(steps(".step oct v1 1 8 1").values, [1.0, 2.0, 4.0, 8.0]);
}

#[test]
fn overrides_reach_subcircuits() {
    let text =
        "t\n.subckt half a b r=1k\nr1 a b {r}\n.ends\nv1 in 0 1\nx1 in out half\nx2 out 0 half r=2k\n.op\n.end\n";
    let out = |overrides: &Overrides| column(&run(&circuit(text, overrides))[0], "v(out)")[0];
    assert!((out(&Overrides::default()) - 2.0 / 3.0).abs() < 1e-9);
    let value =
        |name: &str| Overrides { elements: vec![(name.into(), None, ParamData::Number(6e3))], ..Overrides::default() };
    assert!((out(&value("x1.r1")) - 0.25).abs() < 1e-9);
    assert!((out(&value("r.x1.r1")) - 0.25).abs() < 1e-9);
    let block = Overrides { block_params: vec![("half".into(), "r".into(), 6e3)], ..Overrides::default() };
    assert!((out(&block) - 0.25).abs() < 1e-9, "the instance's own value stays");
    let unknown = Parsed::read_text("deck", text, &[]).elaborate(&value("x3.r1"));
    assert!(unknown.is_err_and(|f| f.diagnostics[0].message.contains("no element `x3.r1`")));
}

#[test]
fn mismatch_differs_by_instance_and_draw() {
    let text = "t\n.param seedless=1\n.subckt cell a\nr1 a 0 {agauss(1k,100,1)}\n.ends\ni1 0 a 1m\ni2 0 b 1m\nx1 a cell\nx2 b cell\n.op\n.end\n";
    let voltages = |draw| {
        let plot = run(&circuit(text, &Overrides { draw: Some(draw), ..Overrides::default() })).remove(0);
        (column(&plot, "v(a)")[0], column(&plot, "v(b)")[0])
    };
    let (nominal, other) = voltages(Draw::Nominal);
    assert!((nominal - 1.0).abs() < 1e-9 && (other - 1.0).abs() < 1e-9);
    let first = voltages(Draw::Number(1));
    assert_ne!(first.0, first.1);
    assert_eq!(first, voltages(Draw::Number(1)));
    assert_ne!(first, voltages(Draw::Number(2)));
}
