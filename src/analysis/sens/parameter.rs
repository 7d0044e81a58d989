//! The parameters of a circuit that a sensitivity analysis varies.

use crate::circuit::{Circuit, ElementId, ElementKind, ParamData, ParamValue, Poly};
use crate::devices::{ParamSpec, find, model_type};

use crate::analysis::probe::spice_name;

/// One parameter of one element, with ngspice's name for it.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// `r1`, `q1_area`, `q1:bf`, `v1_acmag`
    pub name: String,
    /// The element. Of a model's parameter too: as in ngspice every element has its own.
    pub element: ElementId,
    /// Which of its parameters.
    pub which: Which,
    /// Present value.
    pub value: f64,
}

/// What a parameter belongs to.
#[derive(Clone, Debug, PartialEq)]
pub enum Which {
    /// The main value.
    Value,
    /// A coefficient of a controlled source.
    Coefficient(usize),
    /// An instance parameter.
    Instance(String),
    /// A parameter of the model card.
    Model(String),
    /// Magnitude of a source's AC value.
    AcMagnitude,
    /// Phase of a source's AC value, degrees.
    AcPhase,
}

impl Parameter {
    /// Unit of the sensitivity of an output in volts or amperes.
    pub fn unit(&self, output: &str) -> String {
        let name = self.name.as_str();
        match (&self.which, name.chars().next()) {
            (Which::Value, Some('r')) => format!("{output}/Ohm"),
            (Which::Value, Some('c')) => format!("{output}/F"),
            (Which::Value, Some('l')) => format!("{output}/H"),
            (Which::Value, Some('v')) => format!("{output}/V"),
            (Which::Value, Some('i')) => format!("{output}/A"),
            _ => output.to_string(),
        }
    }

    /// A size for the change of a parameter that is zero.
    pub fn scale(&self) -> f64 {
        match self.which {
            Which::Value => 1.0,
            _ => 0.0,
        }
    }

    /// Sets it in a circuit.
    pub fn set(&self, circuit: &mut Circuit, value: f64) {
        let element = &mut circuit.elements[self.element.0 as usize];
        match (&self.which, &mut element.kind) {
            (Which::Value, ElementKind::Resistor { resistance: own, .. })
            | (Which::Value, ElementKind::Capacitor { capacitance: own, .. })
            | (Which::Value, ElementKind::Inductor { inductance: own, .. })
            | (Which::Value, ElementKind::Mutual { coupling: own, .. }) => *own = value,
            (Which::Value, ElementKind::VoltageSource(source) | ElementKind::CurrentSource(source)) => {
                source.dc = value;
            }
            (Which::Coefficient(k), kind) => {
                if let Some(own) = coefficients(kind).and_then(|all| all.get_mut(*k)) {
                    *own = value;
                }
            }
            (Which::Instance(name), ElementKind::Device(device)) => set(&mut device.params, name, value),
            (Which::Model(name), ElementKind::Device(device)) => {
                let model = device.model;
                set(&mut circuit.models[model.0 as usize].params, name, value);
            }
            _ => {}
        }
    }
}

fn set(params: &mut Vec<ParamValue>, name: &str, value: f64) {
    let data = ParamData::Number(value);
    match params.iter_mut().rev().find(|p| p.name == name) {
        Some(own) => own.value = data,
        None => params.push(ParamValue { name: name.into(), value: data, span: Default::default() }),
    }
}

fn coefficients(kind: &mut ElementKind) -> Option<&mut Vec<f64>> {
    match kind {
        ElementKind::Vcvs(Poly { coefficients, .. }) | ElementKind::Vccs(Poly { coefficients, .. }) => {
            Some(coefficients)
        }
        ElementKind::Cccs(Poly { coefficients, .. }) | ElementKind::Ccvs(Poly { coefficients, .. }) => {
            Some(coefficients)
        }
        _ => None,
    }
}

/// Parameters that choose instead of measuring: a derivative by them means nothing.
const CHOICES: [&str; 8] = ["level", "off", "on", "m", "version", "capop", "tpg", "nlev"];

/// Every parameter with a value other than zero, and the main values of R, C, L and sources; `ac` adds what matters
/// in the frequency domain only.
pub fn parameters(circuit: &Circuit, ac: bool) -> Vec<Parameter> {
    let mut all = Vec::new();
    for (k, element) in circuit.elements.iter().enumerate() {
        let id = ElementId(k as u32);
        let own = spice_name(&element.name);
        let mut add = |name: String, which: Which, value: f64| all.push(Parameter { name, element: id, which, value });
        match &element.kind {
            ElementKind::Resistor { resistance, .. } => add(own, Which::Value, *resistance),
            ElementKind::Capacitor { capacitance, .. } if ac => add(own, Which::Value, *capacitance),
            ElementKind::Inductor { inductance, .. } if ac => add(own, Which::Value, *inductance),
            ElementKind::Mutual { coupling, .. } if ac => add(own, Which::Value, *coupling),
            ElementKind::VoltageSource(source) | ElementKind::CurrentSource(source) => {
                add(own.clone(), Which::Value, source.dc);
                if let Some((magnitude, phase)) = source.ac.filter(|&(magnitude, _)| ac && magnitude != 0.0) {
                    add(format!("{own}_acmag"), Which::AcMagnitude, magnitude);
                    add(format!("{own}_acphase"), Which::AcPhase, phase);
                }
            }
            ElementKind::Vcvs(Poly { coefficients, .. }) | ElementKind::Vccs(Poly { coefficients, .. }) => {
                gains(&own, coefficients, &mut add)
            }
            ElementKind::Cccs(Poly { coefficients, .. }) | ElementKind::Ccvs(Poly { coefficients, .. }) => {
                gains(&own, coefficients, &mut add)
            }
            ElementKind::Device(device) => {
                let card = &circuit.models[device.model.0 as usize];
                let (model, instance) =
                    model_type(&card.kind).map_or((&[][..], &[][..]), |t| (t.model_params, t.instance_params));
                for (name, value) in values(&card.params, model) {
                    add(format!("{own}:{name}"), Which::Model(name), value);
                }
                for (name, value) in values(&device.params, instance) {
                    add(format!("{own}_{name}"), Which::Instance(name), value);
                }
            }
            _ => {}
        }
    }
    all
}

/// The gain of a linear controlled source, or the coefficients other than zero of a polynomial.
fn gains(own: &str, coefficients: &[f64], add: &mut impl FnMut(String, Which, f64)) {
    if let [0.0, gain] = *coefficients {
        return add(own.to_string(), Which::Coefficient(1), gain);
    }
    for (k, &value) in coefficients.iter().enumerate().filter(|(_, value)| **value != 0.0) {
        add(format!("{own}_p{k}"), Which::Coefficient(k), value);
    }
}

/// Numbers other than zero: those given, then the defaults of the rest.
fn values(given: &[ParamValue], specs: &[ParamSpec]) -> Vec<(String, f64)> {
    let mut all: Vec<(String, f64)> = Vec::new();
    let mut seen = vec![false; specs.len()];
    for param in given {
        if let Some(index) = find(specs, &param.name) {
            seen[index] = true;
        }
        if let ParamData::Number(value) = param.value {
            all.retain(|(name, _)| *name != param.name);
            all.push((param.name.clone(), value));
        }
    }
    let defaults = specs.iter().zip(seen).filter(|(_, seen)| !seen).map(|(spec, _)| (spec.name.into(), spec.default));
    all.extend(defaults);
    all.retain(|(name, value)| value.is_finite() && *value != 0.0 && !CHOICES.contains(&name.as_str()));
    all
}
