//! `.read`: many input vectors on one linearised array.
//!
//! The currents at the sensed lines are `i = i0 + T (v - v0)` around the operating point of the deck. `T` comes from one
//! factorisation: Cholesky where the conductances are symmetric (passive cells; transistors without bias), LU and adjoint
//! solutions elsewhere. What the linear answer misses is measured against the full equations, and refused above a bound.

use super::system::{Point, System};
use super::{Failure, Options, SimulationError, Sink};
use crate::circuit::{Circuit, ElementId, ElementKind, NodeId, Read};
use crate::devices::{AnalysisKind, UnknownKind};
use crate::linear::Lu;
use crate::output::{Dataset, Quantity, Variable};
use crate::read::{Disconnected, Layer, Network, Place};

/// Entries of the Jacobian may differ from symmetry by this share of their sizes.
const ASYMMETRY: f64 = 1e-9;

/// A linearised array: what the sensed currents are for any voltages at the driven lines.
#[derive(Clone, Debug)]
pub struct LinearRead {
    /// Sources that drive lines.
    pub drives: Vec<ElementId>,
    /// Sources whose currents are read.
    pub senses: Vec<ElementId>,
    /// Voltages of the drives at the operating point, V.
    pub at: Vec<f64>,
    /// Currents of the senses there, A.
    pub base: Vec<f64>,
    /// `d i / d v`, S: one row for each sense.
    pub transfer: Vec<f64>,
    /// How the equations were solved: `linear, Cholesky`, `Cholesky` or `LU`.
    pub method: &'static str,
    /// Unknowns of the factorisation.
    pub unknowns: usize,
}

impl LinearRead {
    /// The sensed currents for voltages of the drives, A.
    pub fn currents(&self, voltages: &[f64], out: &mut Vec<f64>) {
        out.clear();
        let width = self.drives.len();
        out.extend(self.base.iter().enumerate().map(|(sense, base)| {
            let row = &self.transfer[sense * width..(sense + 1) * width];
            base + row.iter().zip(voltages).zip(&self.at).map(|((t, v), v0)| t * (v - v0)).sum::<f64>()
        }));
    }
}

/// Runs a `.read`: a plot of currents with one row for each vector, and a plot of the transfer matrix.
pub(super) fn run(circuit: &Circuit, read: &Read, options: &Options, sink: &mut dyn Sink) -> Result<(), Failure> {
    let label = |id: &ElementId| format!("i({})", circuit.elements[id.0 as usize].name);
    let (linear, error) = match passive(circuit, read)? {
        Some(linear) => (linear, 0.0),
        None => linearised(circuit, read, options, sink)?,
    };
    sink.note(&format!(
        "read of `{}`: {} unknowns, {}; largest error of linearisation {:.2e} (bound {:.2e})",
        circuit.arrays[read.array].name, linear.unknowns, linear.method, error, read.bound
    ));
    let width = linear.drives.len();
    if !read.vectors.is_empty() {
        let mut variables = vec![Variable::new("vector", Quantity::Other(String::new()))];
        variables.extend(linear.senses.iter().map(|id| Variable::new(label(id), Quantity::Current)));
        sink.begin(&Dataset::new(circuit.title.clone(), "Array Read", variables))?;
        let (mut row, mut currents) = (Vec::new(), Vec::new());
        for (k, vector) in read.vectors.chunks_exact(width).enumerate() {
            linear.currents(vector, &mut currents);
            row.clear();
            row.push(k as f64);
            row.extend_from_slice(&currents);
            sink.row(&row)?;
        }
    }
    if read.transfer {
        let mut variables = vec![Variable::new("line", Quantity::Other(String::new()))];
        let siemens = || Quantity::Other("S".into());
        variables.extend(linear.senses.iter().map(|id| Variable::new(label(id), siemens())));
        sink.begin(&Dataset::new(circuit.title.clone(), "Transfer Matrix", variables))?;
        for drive in 0..width {
            let column = (0..linear.senses.len()).map(|sense| linear.transfer[sense * width + drive]);
            sink.row(&[drive as f64].into_iter().chain(column).collect::<Vec<f64>>())?;
        }
    }
    Ok(())
}

fn disconnected(read: &Read) -> Failure {
    let error = crate::diagnostic::Diagnostic::error(read.span, "some node of the circuit has no conducting path");
    Failure::Netlist(vec![error.hint("`ionspice check` names floating nodes")])
}

/// A circuit of resistors, capacitors and sources with one terminal grounded, solved as it is. `None` for others.
fn passive(circuit: &Circuit, read: &Read) -> Result<Option<LinearRead>, Failure> {
    let nodes = circuit.nodes.len();
    let (mut held, mut voltages, mut injected) = (vec![false; nodes], vec![0.0; nodes], vec![0.0; nodes]);
    let (mut branches, mut conductances) = (Vec::new(), Vec::new());
    for element in &circuit.elements {
        let ends = element.nodes.first().zip(element.nodes.get(1)).map(|(a, b)| (a.0, b.0));
        match (&element.kind, ends) {
            (ElementKind::Resistor { resistance, .. }, Some(ends)) if *resistance > 0.0 => {
                branches.push(ends);
                conductances.push(1.0 / resistance);
            }
            (ElementKind::Capacitor { .. }, _) => {}
            (ElementKind::VoltageSource(source), Some((node, 0))) if node > 0 && !held[node as usize] => {
                held[node as usize] = true;
                voltages[node as usize] = source.dc;
            }
            (ElementKind::CurrentSource(source), Some((plus, minus))) => {
                injected[plus as usize] -= source.dc;
                injected[minus as usize] += source.dc;
            }
            _ => return Ok(None),
        }
    }
    let node = |id: &ElementId| circuit.elements[id.0 as usize].nodes[0].0;
    let (senses, drives): (Vec<u32>, Vec<u32>) =
        (read.senses.iter().map(node).collect(), read.drives.iter().map(node).collect());
    let mut network = Network::new(&held, branches, &places(circuit)).map_err(|Disconnected| disconnected(read))?;
    network.factor(&conductances).map_err(|Disconnected| disconnected(read))?;
    // The branches are part of the network now.
    let transfer = network.transfer(&senses, &drives);
    let all = network.voltages(&voltages, &injected);
    let mut currents = network.currents(&all);
    currents.iter_mut().zip(&injected).for_each(|(current, injected)| *current += injected);
    Ok(Some(LinearRead {
        at: drives.iter().map(|&node| voltages[node as usize]).collect(),
        base: senses.iter().map(|&node| currents[node as usize]).collect(),
        drives: read.drives.clone(),
        senses: read.senses.clone(),
        transfer,
        method: "linear, Cholesky",
        unknowns: network.unknowns(),
    }))
}

/// Where the nodes of a circuit are in its arrays, when it has one array.
fn places(circuit: &Circuit) -> Vec<Option<Place>> {
    let [array] = circuit.arrays.as_slice() else { return Vec::new() };
    let place = |name: &String| -> Option<Place> {
        let own = name.strip_prefix(array.name.as_str())?.strip_prefix('.')?;
        let numbers = |text: &str, between: char| -> Option<(u32, u32)> {
            let (a, b) = text.split_once(between)?;
            let digits = b.find(|c: char| !c.is_ascii_digit()).unwrap_or(b.len());
            Some((a.parse().ok()?, b[..digits].parse().ok()?))
        };
        if let Some(rest) = own.strip_prefix("row") {
            return numbers(rest, '_').map(|(row, col)| Place { layer: Layer::Row, row, col });
        }
        if let Some(rest) = own.strip_prefix("col") {
            return numbers(rest, '_').map(|(col, row)| Place { layer: Layer::Column, row, col });
        }
        numbers(own.strip_prefix('r')?, 'c').map(|(row, col)| Place { layer: Layer::Cell, row, col })
    };
    circuit.nodes.iter().map(place).collect()
}

/// Any circuit, linearised at its operating point; also the largest error that was found.
fn linearised(
    circuit: &Circuit,
    read: &Read,
    options: &Options,
    sink: &mut dyn Sink,
) -> Result<(LinearRead, f64), Failure> {
    let mut system = System::new(circuit, options).map_err(Failure::Netlist)?;
    sink.warnings(&system.warnings);
    system.begin(AnalysisKind::Static);
    let found = system.operating_point(circuit, false, options)?;
    let mut linear = linearise(circuit, &mut system, &found.point, read, options)?;
    linear.at = read.drives.iter().map(|id| system.sources.dc(index(&system, *id))).collect();
    let error = check(&mut system, &found.point, &linear, read, options)?;
    Ok((linear, error))
}

fn index(system: &System, source: ElementId) -> usize {
    system.sources.source_index(source).unwrap_or(0)
}

fn branch(system: &System, source: ElementId) -> usize {
    system.branches[source.0 as usize].unwrap_or(0) as usize
}

fn linearise(
    circuit: &Circuit,
    system: &mut System,
    point: &Point,
    read: &Read,
    options: &Options,
) -> Result<LinearRead, Failure> {
    let (g, _) = system.jacobians(&mut point.clone(), options.gmin);
    let mut linear = LinearRead {
        drives: read.drives.clone(),
        senses: read.senses.clone(),
        at: Vec::new(),
        base: read.senses.iter().map(|id| point.x[branch(system, *id)]).collect(),
        transfer: Vec::new(),
        method: "Cholesky",
        unknowns: 0,
    };
    if let Some((transfer, unknowns)) = symmetric(circuit, system, &g, read) {
        linear.transfer = transfer;
        linear.unknowns = unknowns;
        return Ok(linear);
    }
    let singular = |column: usize| SimulationError::NoConvergence {
        analysis: "array read",
        time: 0.0,
        reason: "the equations are singular",
        unknown: system.unknown_name(column + 1),
        tried: "LU".into(),
    };
    let mut lu = Lu::new(&system.pattern).map_err(|e| singular(e.column))?;
    lu.factor(&g).map_err(|e| singular(e.column))?;
    let n = system.size();
    for sense in &read.senses {
        let mut adjoint = vec![0.0; n];
        adjoint[branch(system, *sense) - 1] = 1.0;
        lu.solve_transposed_in_place(&mut adjoint);
        linear.transfer.extend(read.drives.iter().map(|id| adjoint[branch(system, *id) - 1]));
    }
    linear.method = "LU";
    linear.unknowns = n;
    Ok(linear)
}

/// The transfer matrix where the Jacobian is symmetric beside the grounded sources.
fn symmetric(circuit: &Circuit, system: &System, g: &[f64], read: &Read) -> Option<(Vec<f64>, usize)> {
    if system.banks.iter().any(|bank| bank.frequency_dependent()) {
        return None;
    }
    let mut held = vec![false; system.unknowns.len()];
    let mut currents = 0;
    for element in &circuit.elements {
        if let ElementKind::VoltageSource(_) = &element.kind {
            let (plus, minus) = (element.nodes[0], element.nodes[1]);
            if minus != NodeId::GROUND || plus == NodeId::GROUND {
                return None;
            }
            held[plus.0 as usize] = true;
            currents += 1;
        }
    }
    if system.unknowns.iter().filter(|info| info.kind == UnknownKind::Current).count() != currents {
        return None;
    }
    let pattern = &system.pattern;
    let voltage = |unknown: usize| system.unknowns[unknown].kind == UnknownKind::Voltage;
    let (mut branches, mut conductances) = (Vec::new(), Vec::new());
    let mut to_ground = vec![0.0; system.unknowns.len()];
    let mut sizes = vec![0.0f64; system.unknowns.len()];
    for column in 0..pattern.n() {
        for slot in pattern.col_ptr()[column]..pattern.col_ptr()[column + 1] {
            let (row, col) = (pattern.row_idx()[slot] as usize + 1, column + 1);
            if !voltage(row) || !voltage(col) || held[row] {
                continue;
            }
            // A gate at a held node acts on the cells without being acted on.
            let across =
                if held[col] { None } else { Some(pattern.slot(col - 1, row - 1).map_or(0.0, |slot| g[slot])) };
            let largest = g[slot].abs().max(sizes[row]);
            sizes[row] = largest;
            if across.is_some_and(|across| (across - g[slot]).abs() > ASYMMETRY * g[slot].abs().max(across.abs())) {
                return None;
            }
            to_ground[row] += g[slot];
            if row < col || held[col] {
                branches.push((row as u32, col as u32));
                conductances.push(-g[slot]);
            }
        }
    }
    for (unknown, &g) in to_ground.iter().enumerate().skip(1) {
        if voltage(unknown) && !held[unknown] && g.abs() > f64::EPSILON * sizes[unknown] {
            branches.push((unknown as u32, 0));
            conductances.push(g);
        }
    }
    let mut places = places(circuit);
    if !places.is_empty() {
        places.resize(system.unknowns.len(), None);
    }
    let node = |id: &ElementId| circuit.elements[id.0 as usize].nodes[0].0;
    let mut network = Network::new(&held, branches, &places).ok()?;
    network.factor(&conductances).ok()?;
    let senses: Vec<u32> = read.senses.iter().map(node).collect();
    let drives: Vec<u32> = read.drives.iter().map(node).collect();
    Some((network.transfer(&senses, &drives), network.unknowns()))
}

/// Solves the full equations for some vectors; the largest difference as a share of the largest current.
fn check(
    system: &mut System,
    point: &Point,
    linear: &LinearRead,
    read: &Read,
    options: &Options,
) -> Result<f64, Failure> {
    let width = linear.drives.len();
    let swing = read.swing;
    let mut vectors: Vec<Vec<f64>> = match read.vectors.is_empty() {
        false => read.vectors.chunks_exact(width).map(<[f64]>::to_vec).collect(),
        true => {
            let shifted = |sign: f64| {
                linear.at.iter().enumerate().map(move |(k, v)| v + swing * if k % 2 == 0 { 1.0 } else { sign })
            };
            vec![shifted(1.0).collect(), shifted(-1.0).collect()]
        }
    };
    let size = |vector: &[f64]| vector.iter().zip(&linear.at).map(|(v, v0)| (v - v0) * (v - v0)).sum::<f64>();
    // Those that go farthest from the operating point.
    vectors.sort_by(|a, b| size(b).total_cmp(&size(a)));
    vectors.truncate(read.checks);
    let (mut worst, mut currents) = (0.0f64, Vec::new());
    let mut start = point.clone();
    for vector in &vectors {
        for (id, value) in linear.drives.iter().zip(vector) {
            let source = index(system, *id);
            system.sources.set_dc(source, *value);
        }
        let found = system.solve_static(start, false, options)?;
        linear.currents(vector, &mut currents);
        let full: Vec<f64> = linear.senses.iter().map(|id| found.point.x[branch(system, *id)]).collect();
        let largest = full.iter().fold(0.0f64, |m, i| m.max(i.abs()));
        let miss = full.iter().zip(&currents).fold(0.0f64, |m, (a, b)| m.max((a - b).abs()));
        if largest > 0.0 {
            worst = worst.max(miss / largest);
        }
        start = found.point;
    }
    if worst > read.bound {
        return Err(SimulationError::NotLinear { error: worst, bound: read.bound }.into());
    }
    Ok(worst)
}
