//! `.tf`: small-signal transfer function, input and output resistance at the operating point.

use num_complex::Complex64;

use crate::circuit::{Circuit, ElementId, Output};
use crate::diagnostic::Span;
use crate::output::{Dataset, Quantity, Variable};

use super::ac::announce;
use super::linearise::{Drive, at_rest, observed};
use super::{Failure, Options, Sink};

/// Resistance that stands for an open circuit, ohm, as in ngspice.
const OPEN: f64 = 1e20;

/// Runs the analysis into `sink`.
///
/// # Errors
/// Netlist problems, an operating point that is not found, a singular matrix.
pub fn run(
    circuit: &Circuit,
    output: &Output,
    source: ElementId,
    span: Span,
    options: &Options,
    sink: &mut dyn Sink,
) -> Result<(), Failure> {
    let mut rest = at_rest(circuit, options)?;
    sink.warnings(&rest.system.warnings);
    announce(circuit, &rest, sink);
    let (plus, minus) = observed(&rest.system, circuit, output, span)?;
    let drive = Drive::of(&rest.system, circuit, source);
    let linear = rest.system.linearise(&rest.point, options.gmin)?;
    let mut solver = linear.solver();
    solver.factor(&linear, 0.0)?;

    let mut x = vec![Complex64::ZERO; linear.system.unknowns.len()];
    drive.add(Complex64::ONE, &mut x);
    solver.solve(&mut x);
    let gain = (x[plus] - x[minus]).re;
    let input = match drive {
        Drive::Branch(branch) => resistance(-x[branch as usize].re),
        Drive::Nodes(from, to) => x[to as usize].re - x[from as usize].re,
    };

    // One ampere into the output, or one volt in series with its branch.
    x.fill(Complex64::ZERO);
    x[plus] += Complex64::ONE;
    x[minus] -= Complex64::ONE;
    solver.solve(&mut x);
    let response = (x[plus] - x[minus]).re;
    let (output_name, output) = match output {
        Output::Voltage { label, .. } => (format!("output_impedance_at_{label}"), response),
        Output::Current { element, .. } => {
            (format!("{}#output_impedance", circuit.elements[element.0 as usize].name), resistance(-response))
        }
    };

    let ohm = || Quantity::Other("Ohm".into());
    let input_name = format!("{}#input_impedance", circuit.elements[source.0 as usize].name);
    let variables = vec![
        Variable::new("transfer_function", Quantity::Other(String::new())),
        Variable::new(output_name, ohm()),
        Variable::new(input_name, ohm()),
    ];
    sink.begin(&Dataset::new(circuit.title.clone(), Dataset::TRANSFER_FUNCTION, variables))?;
    sink.row(&[gain, output, input])?;
    Ok(())
}

/// The resistance through which one volt drives this current, A.
fn resistance(current: f64) -> f64 {
    if current.abs() < 1.0 / OPEN { OPEN } else { 1.0 / current }
}
