//! `.pz`: poles and zeros of the transfer function between two ports.
//!
//! With the input driven by a current, the poles are the `s` at which `G + s C` is singular. A numerator is the determinant
//! of the matrix bordered by drive and observation (Cramer's rule); the voltage at the driven port has one too, and its
//! zeros are the poles when the input is a voltage. As in ngspice a voltage source with an AC value takes no part: it is
//! there to drive the input, and the port does that here.

use num_complex::Complex64;

use crate::circuit::{Circuit, Drive as Driven, ElementKind, NodeId};
use crate::diagnostic::{Diagnostic, Span};
use crate::linear::Pencil;
use crate::output::{Dataset, Quantity, Values, Variable};

use super::ac::announce;
use super::linearise::{Linearised, at_rest};
use super::{Failure, Options, Sink};

/// Most equations: the matrices are dense here.
const MOST_EQUATIONS: usize = 1000;

/// What to compute.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// Input port.
    pub input: (NodeId, NodeId),
    /// Output port.
    pub output: (NodeId, NodeId),
    /// Driven by a current or a voltage.
    pub drive: Driven,
    /// Compute the poles.
    pub poles: bool,
    /// Compute the zeros.
    pub zeros: bool,
    /// The statement.
    pub span: Span,
}

/// Runs the analysis into `sink`.
///
/// # Errors
/// Netlist problems, an operating point that is not found, a transfer function that is zero or infinite everywhere.
pub fn run(circuit: &Circuit, request: &Request, options: &Options, sink: &mut dyn Sink) -> Result<(), Failure> {
    let mut rest = at_rest(circuit, options)?;
    sink.warnings(&rest.system.warnings);
    announce(circuit, &rest, sink);
    let linear = rest.system.linearise(&rest.point, options.gmin)?;
    let refuse = |message: &str, label: &str, hint: &str| {
        Failure::Netlist(vec![Diagnostic::error(request.span, message).label(label).hint(hint)])
    };
    if linear.frequency_dependent() {
        let hint = "replace delays and transfer functions by lumped elements, memristors by resistors";
        let label = "an element with a delay or with states of its own takes part";
        return Err(refuse("`.pz` needs a circuit of finite order", label, hint));
    }
    if linear.system.size() > MOST_EQUATIONS {
        let label = format!("at most {MOST_EQUATIONS} equations can be treated");
        return Err(refuse("the circuit is too large for `.pz`", &label, "use `.ac`"));
    }
    let zero = |what: &str| {
        let hint = "is a port shorted by a voltage source without an AC value, or not connected?";
        refuse(what, "no poles and zeros", hint)
    };
    let ports = (request.input, request.output);
    let mut found: Vec<(&str, Vec<Complex64>)> = Vec::new();
    if request.poles {
        let border = (request.drive == Driven::Voltage).then_some((ports.0, ports.0));
        let poles = pencil(circuit, &linear, border).eigenvalues();
        found.push(("pole", poles.map_err(|_| zero("the input cannot be driven"))?));
    }
    if request.zeros {
        let zeros = pencil(circuit, &linear, Some(ports)).eigenvalues();
        found.push(("zero", zeros.map_err(|_| zero("the output does not depend on the input"))?));
    }
    let named = found.iter().flat_map(|(what, list)| (1..=list.len()).map(move |k| format!("{what}({k})")));
    let unit = || Quantity::Other("rad/s".into());
    let variables: Vec<Variable> = named.map(|name| Variable::new(name, unit())).collect();
    if variables.is_empty() {
        sink.note("the transfer function has no poles and no zeros");
        return Ok(());
    }
    let row: Vec<Complex64> = found.into_iter().flat_map(|(_, list)| list).collect();
    let header = Dataset::new(circuit.title.clone(), Dataset::POLE_ZERO, variables);
    sink.begin(&Dataset { values: Values::Complex(Vec::new()), ..header })?;
    Ok(sink.complex_row(&row)?)
}

type Port = (NodeId, NodeId);

/// `G + s C`, bordered by a driven and an observed port if given.
fn pencil(circuit: &Circuit, linear: &Linearised, border: Option<(Port, Port)>) -> Pencil {
    let (system, n) = (linear.system, linear.system.size());
    let mut pencil = Pencil::new(n + usize::from(border.is_some()));
    for column in 0..n {
        for slot in system.pattern.col_ptr()[column]..system.pattern.col_ptr()[column + 1] {
            let row = system.pattern.row_idx()[slot] as usize;
            pencil.add_g(row, column, linear.g[slot]);
            pencil.add_c(row, column, linear.c[slot]);
        }
    }
    for (k, element) in circuit.elements.iter().enumerate() {
        if matches!(&element.kind, ElementKind::VoltageSource(source) if source.ac.is_some())
            && let Some(branch) = system.branches[k]
        {
            pencil.fix(branch as usize - 1, branch as usize - 1);
        }
    }
    if let Some((driven, observed)) = border {
        for (node, sign) in [(driven.0, -1.0), (driven.1, 1.0)] {
            if node != NodeId::GROUND {
                pencil.add_g(node.0 as usize - 1, n, sign);
            }
        }
        for (node, sign) in [(observed.0, 1.0), (observed.1, -1.0)] {
            if node != NodeId::GROUND {
                pencil.add_g(n, node.0 as usize - 1, sign);
            }
        }
    }
    pencil
}
