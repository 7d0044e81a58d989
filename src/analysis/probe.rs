//! What is saved: signals of the deck turned into reads of a solved point.

use num_complex::Complex64;

use crate::calc::{Pointwise, Scratch};
use crate::circuit::{Circuit, ElementId, ElementKind, Signal};
use crate::devices::Unknown;
use crate::diagnostic::Diagnostic;
use crate::output::{Dataset, Quantity, Variable};

use super::Options;
use super::system::{Place, Point, System};
pub use crate::circuit::spice_name;

/// One readable quantity.
#[derive(Clone, Debug)]
pub enum Probe {
    /// Voltage between two unknowns, V.
    Voltage(Unknown, Unknown),
    /// Branch current, A.
    Branch(Unknown),
    /// Current into the first terminal of an element, A.
    Current(Place),
    /// Power taken up by an element, W.
    Power(Place),
    /// Power taken up by a voltage-defined element between two unknowns, with its current: W.
    BranchPower(Unknown, Unknown, Unknown),
    /// Internal quantity of a device.
    Internal(Place, String),
    /// A value that does not change.
    Constant(f64),
    /// An expression of other probes.
    Expression(Pointwise, Vec<Probe>),
}

impl Probe {
    /// Its value at an accepted point.
    pub fn read(&self, system: &System, point: &Point, time: f64, options: &Options) -> f64 {
        match self {
            Probe::Voltage(plus, minus) => point.x[*plus as usize] - point.x[*minus as usize],
            Probe::Branch(unknown) => point.x[*unknown as usize],
            Probe::Current(place) => {
                system.current_and_power(*place, point, time, options.gmin).map_or(f64::NAN, |(i, _)| i)
            }
            Probe::Power(place) => {
                system.current_and_power(*place, point, time, options.gmin).map_or(f64::NAN, |(_, p)| p)
            }
            Probe::BranchPower(plus, minus, branch) => {
                (point.x[*plus as usize] - point.x[*minus as usize]) * point.x[*branch as usize]
            }
            Probe::Constant(value) => *value,
            Probe::Expression(program, inputs) => {
                let row: Vec<Complex64> =
                    inputs.iter().map(|input| input.read(system, point, time, options).into()).collect();
                program.value(&row, &mut Scratch::default()).re
            }
            Probe::Internal(place, name) => {
                system.internal(*place, name, point, time, options.gmin).unwrap_or(f64::NAN)
            }
        }
    }
}

/// Probes with the columns they fill.
#[derive(Clone, Debug, Default)]
pub struct Probes {
    /// Column names and quantities.
    pub variables: Vec<Variable>,
    /// In the same order.
    pub probes: Vec<Probe>,
}

impl Probes {
    /// Probes for a list of signals; everything when the list is empty.
    ///
    /// # Errors
    /// Signals that a device does not offer.
    pub fn new(circuit: &Circuit, system: &System, signals: &[Signal]) -> Result<Self, Vec<Diagnostic>> {
        let mut probes = Self::default();
        let mut found = Vec::new();
        let start = system.initial_point();
        if signals.is_empty() {
            probes.add_all(circuit, system);
        }
        for signal in signals {
            match signal {
                Signal::All => probes.add_all(circuit, system),
                Signal::Voltages => probes.add_voltages(circuit),
                Signal::Currents => probes.add_currents(circuit, system),
                signal => match Self::single(circuit, system, &start, signal) {
                    Ok((quantity, probe)) => probes.push(signal.label(), quantity, probe),
                    Err(problem) => found.push(problem),
                },
            }
        }
        if found.is_empty() { Ok(probes) } else { Err(found) }
    }

    /// Probes for the same signal of many devices; constantly NaN where one does not offer it, as long as others do.
    ///
    /// # Errors
    /// A signal that none offers.
    pub(super) fn each(
        circuit: &Circuit,
        system: &System,
        signals: &[Option<Signal>],
    ) -> Result<Self, Vec<Diagnostic>> {
        let mut probes = Self::default();
        let start = system.initial_point();
        let (mut problem, mut good) = (None, signals.is_empty());
        for signal in signals {
            match signal.as_ref().map(|signal| Self::single(circuit, system, &start, signal)) {
                Some(Ok((_, probe))) => {
                    probes.probes.push(probe);
                    good = true;
                }
                Some(Err(found)) => {
                    probes.probes.push(Probe::Constant(f64::NAN));
                    problem.get_or_insert(found);
                }
                None => probes.probes.push(Probe::Constant(f64::NAN)),
            }
        }
        match problem.filter(|_| !good) {
            Some(problem) => Err(vec![problem]),
            None => Ok(probes),
        }
    }

    /// The probe of a signal that is not a group.
    fn single(
        circuit: &Circuit,
        system: &System,
        start: &Point,
        signal: &Signal,
    ) -> Result<(Quantity, Probe), Diagnostic> {
        let refused = |element: ElementId| missing(circuit, element, signal.label());
        match signal {
            Signal::Voltage { plus, minus, .. } => Ok((Quantity::Voltage, Probe::Voltage(plus.0, minus.0))),
            Signal::Current { element, .. } => {
                let probe = match (system.branches[element.0 as usize], system.place(*element)) {
                    (Some(branch), _) => Some(Probe::Branch(branch)),
                    (None, Some(place)) => Some(Probe::Current(place)),
                    (None, None) => None,
                };
                probe.map(|probe| (Quantity::Current, probe)).ok_or_else(|| refused(*element))
            }
            Signal::Power { element, .. } => {
                let nodes = &circuit.elements[element.0 as usize].nodes;
                let probe = match (system.branches[element.0 as usize], system.place(*element), &nodes[..]) {
                    (Some(branch), _, [plus, minus, ..]) => Some(Probe::BranchPower(plus.0, minus.0, branch)),
                    (None, Some(place), _) => Some(Probe::Power(place)),
                    _ => None,
                };
                probe.map(|probe| (Quantity::Other("W".into()), probe)).ok_or_else(|| refused(*element))
            }
            Signal::Internal { element, quantity, .. } => {
                let offered =
                    system.place(*element).filter(|place| system.internal(*place, quantity, start, 0.0, 0.0).is_some());
                let kind = match quantity.as_str() {
                    "i" | "id" | "ic" | "ib" | "ie" | "ig" | "is" => Quantity::Current,
                    _ if quantity.starts_with('v') => Quantity::Voltage,
                    _ => Quantity::Other(String::new()),
                };
                match (offered, value_of(&circuit.elements[element.0 as usize].kind, quantity)) {
                    (Some(place), _) => Ok((kind, Probe::Internal(place, quantity.clone()))),
                    (None, Some((unit, value))) => Ok((Quantity::Other(unit.into()), Probe::Constant(value))),
                    (None, None) => Err(refused(*element)),
                }
            }
            Signal::Expression { expr, span, .. } => {
                let mut inputs = Vec::new();
                let mut problem = None;
                let program = Pointwise::new(expr, &mut |reference| {
                    let signal = circuit.signal(&reference.name)?;
                    match Self::single(circuit, system, start, &signal) {
                        Ok((_, probe)) => {
                            inputs.push(probe);
                            Some(inputs.len() - 1)
                        }
                        Err(found) => {
                            problem = Some(found);
                            None
                        }
                    }
                });
                match (program, problem) {
                    (_, Some(problem)) => Err(problem),
                    (Ok(program), None) => Ok((Quantity::Other(String::new()), Probe::Expression(program, inputs))),
                    (Err(error), None) => {
                        let problem = Diagnostic::error(*span, error.message).label("cannot be saved");
                        Err(match error.hint {
                            Some(hint) => problem.hint(hint),
                            None => problem,
                        })
                    }
                }
            }
            Signal::All | Signal::Voltages | Signal::Currents => {
                Ok((Quantity::Other(String::new()), Probe::Constant(f64::NAN)))
            }
        }
    }

    fn push(&mut self, name: &str, quantity: Quantity, probe: Probe) {
        if !self.variables.iter().any(|v| v.name == name) {
            self.variables.push(Variable { name: name.to_string(), quantity });
            self.probes.push(probe);
        }
    }

    /// Every node voltage and every current of an independent source, E, H, L and voltage B source.
    fn add_all(&mut self, circuit: &Circuit, system: &System) {
        self.add_voltages(circuit);
        self.add_currents(circuit, system);
    }

    fn add_voltages(&mut self, circuit: &Circuit) {
        for (k, name) in circuit.nodes.iter().enumerate().skip(1) {
            self.variables.push(Variable { name: format!("v({name})"), quantity: Quantity::Voltage });
            self.probes.push(Probe::Voltage(k as Unknown, 0));
        }
    }

    fn add_currents(&mut self, circuit: &Circuit, system: &System) {
        for (element, branch) in circuit.elements.iter().zip(&system.branches) {
            if let Some(branch) = branch {
                self.variables
                    .push(Variable { name: format!("i({})", spice_name(&element.name)), quantity: Quantity::Current });
                self.probes.push(Probe::Branch(*branch));
            }
        }
    }

    /// Reads all probes into `row[offset..]`.
    pub fn read(&self, system: &System, point: &Point, time: f64, options: &Options, row: &mut Vec<f64>) {
        row.extend(self.probes.iter().map(|p| p.read(system, point, time, options)));
    }

    /// An empty dataset with an axis column (if any) and these columns.
    pub fn dataset(&self, circuit: &Circuit, plot_name: &str, axis: Option<Variable>) -> Dataset {
        let variables = axis.into_iter().chain(self.variables.iter().cloned()).collect();
        Dataset::new(circuit.title.clone(), plot_name, variables)
    }
}

fn missing(circuit: &Circuit, element: ElementId, label: &str) -> Diagnostic {
    let element = &circuit.elements[element.0 as usize];
    let kind = match &element.kind {
        ElementKind::Device(device) => circuit.models[device.model.0 as usize].kind.clone(),
        _ => "built-in".to_string(),
    };
    Diagnostic::error(element.span, format!("`{label}`: `{}` offers no such quantity", element.name))
        .label(format!("a {kind} element"))
        .hint("`ionspice models NAME` lists the internal quantities of a device")
}

/// The main value of a built-in element: its unit and the number.
fn value_of(kind: &ElementKind, name: &str) -> Option<(&'static str, f64)> {
    match (kind, name) {
        (ElementKind::Resistor { resistance, .. }, "" | "r" | "resistance") => Some(("Ohm", *resistance)),
        (ElementKind::Capacitor { capacitance, .. }, "" | "c" | "capacitance") => Some(("F", *capacitance)),
        (ElementKind::Inductor { inductance, .. }, "" | "l" | "inductance") => Some(("H", *inductance)),
        (ElementKind::VoltageSource(source), "" | "dc") => Some(("V", source.dc)),
        (ElementKind::CurrentSource(source), "" | "dc") => Some(("A", source.dc)),
        _ => None,
    }
}
