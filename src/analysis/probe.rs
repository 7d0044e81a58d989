//! What is saved: signals of the deck turned into reads of a solved point.

use crate::circuit::{Circuit, ElementKind, Signal};
use crate::devices::Unknown;
use crate::diagnostic::Diagnostic;
use crate::output::{Dataset, Quantity, Variable};

use super::Options;
use super::system::{Place, Point, System};

/// One readable quantity.
#[derive(Clone, Debug)]
pub enum Probe {
    /// Voltage between two unknowns, V.
    Voltage(Unknown, Unknown),
    /// Branch current, A.
    Branch(Unknown),
    /// Current into the first terminal of an element, A.
    Current(Place),
    /// Internal quantity of a device.
    Internal(Place, String),
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
        if signals.is_empty() {
            probes.add_all(circuit, system);
        }
        for signal in signals {
            match signal {
                Signal::All => probes.add_all(circuit, system),
                Signal::Voltage { plus, minus, label } => {
                    probes.push(label, Quantity::Voltage, Probe::Voltage(plus.0, minus.0));
                }
                Signal::Current { element, label } => {
                    let probe = match (system.branches[element.0 as usize], system.place(*element)) {
                        (Some(branch), _) => Some(Probe::Branch(branch)),
                        (None, Some(place)) => Some(Probe::Current(place)),
                        (None, None) => None,
                    };
                    match probe {
                        Some(probe) => probes.push(label, Quantity::Current, probe),
                        None => found.push(missing(circuit, *element, label)),
                    }
                }
                Signal::Internal { element, quantity, label } => {
                    let offered = system
                        .place(*element)
                        .filter(|place| system.internal(*place, quantity, &system.initial_point(), 0.0, 0.0).is_some());
                    match offered {
                        Some(place) => {
                            let kind = match quantity.as_str() {
                                "i" | "id" | "ic" | "ib" | "ie" | "is" | "ig" | "igs" | "igd" => Quantity::Current,
                                _ if quantity.starts_with('v') => Quantity::Voltage,
                                _ => Quantity::Other(String::new()),
                            };
                            probes.push(label, kind, Probe::Internal(place, quantity.clone()));
                        }
                        None => found.push(missing(circuit, *element, label)),
                    }
                }
            }
        }
        if found.is_empty() { Ok(probes) } else { Err(found) }
    }

    fn push(&mut self, name: &str, quantity: Quantity, probe: Probe) {
        if !self.variables.iter().any(|v| v.name == name) {
            self.variables.push(Variable { name: name.to_string(), quantity });
            self.probes.push(probe);
        }
    }

    /// Every node voltage and every current of an independent source, E, H, L and voltage B source.
    fn add_all(&mut self, circuit: &Circuit, system: &System) {
        for (k, name) in circuit.nodes.iter().enumerate().skip(1) {
            self.variables.push(Variable { name: format!("v({name})"), quantity: Quantity::Voltage });
            self.probes.push(Probe::Voltage(k as Unknown, 0));
        }
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

/// ngspice's spelling of a hierarchical element name: its letter first (`v.x1.v1`).
pub fn spice_name(name: &str) -> String {
    match name.rsplit_once('.') {
        Some((_, own)) => format!("{}.{name}", &own[..own.chars().next().map_or(0, char::len_utf8)]),
        None => name.to_string(),
    }
}

fn missing(circuit: &Circuit, element: crate::circuit::ElementId, label: &str) -> Diagnostic {
    let element = &circuit.elements[element.0 as usize];
    let kind = match &element.kind {
        ElementKind::Device(device) => circuit.models[device.model.0 as usize].kind.clone(),
        _ => "built-in".to_string(),
    };
    Diagnostic::error(element.span, format!("`{label}`: `{}` offers no such quantity", element.name))
        .label(format!("a {kind} element"))
        .hint("`ionspice models NAME` lists the internal quantities of a device")
}
