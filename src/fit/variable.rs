//! The variables of the search: parameters, their bounds and their scales.

use super::FitError;
use super::experiment::DataSet;
use crate::circuit::{Circuit, ElementKind, FreeParameter, ParamData, ParamValue, SweepTarget};
use crate::devices::{ModelType, find, model_type};
use crate::diagnostic::Diagnostic;

/// Bounds beyond this mean none.
const UNBOUNDED: f64 = 1e200;

/// One searched number: `u = p / scale`, or `u = ln p`.
#[derive(Clone, Debug)]
pub struct Variable {
    /// As a user would write it; with the data set in brackets when it is local.
    pub name: String,
    /// Unit, if it is known.
    pub unit: String,
    /// What it is.
    pub target: SweepTarget,
    /// The data set it belongs to; `None`: all.
    pub set: Option<usize>,
    /// Least and greatest value of the parameter.
    pub limits: (f64, f64),
    /// Value of the parameter at which the search begins.
    pub start: f64,
    /// The logarithm is searched.
    pub logarithmic: bool,
    /// Mean and deviation expected.
    pub prior: Option<(f64, f64)>,
    scale: f64,
}

impl Variable {
    /// The parameter at `u`.
    pub fn value(&self, u: f64) -> f64 {
        let value = if self.logarithmic { u.exp() } else { u * self.scale };
        value.clamp(self.limits.0, self.limits.1)
    }

    /// `u` of a value of the parameter.
    pub fn u(&self, value: f64) -> f64 {
        if self.logarithmic { value.ln() } else { value / self.scale }
    }

    /// Derivative of the parameter by `u`.
    pub fn slope(&self, u: f64) -> f64 {
        if self.logarithmic { u.exp() } else { self.scale }
    }

    /// Bounds of `u`.
    pub fn bounds(&self) -> (f64, f64) {
        let bound = |limit: f64| match self.logarithmic {
            true if limit <= 0.0 => f64::NEG_INFINITY,
            _ => self.u(limit),
        };
        (bound(self.limits.0), bound(self.limits.1))
    }

    /// How much the natural size of the variable is in `u`: what an uncertainty is compared with.
    pub fn natural(&self) -> f64 {
        match (self.limits.0.abs() < UNBOUNDED && self.limits.1.abs() < UNBOUNDED, self.logarithmic) {
            (_, true) => 1.0,
            (true, false) => (self.limits.1 - self.limits.0) / self.scale,
            (false, false) => self.start.abs().max(self.scale) / self.scale,
        }
    }

    /// A small change of the parameter, towards the inside of its bounds.
    pub fn width(&self, u: f64, relative: f64) -> f64 {
        let value = self.value(u);
        let width = relative * if self.logarithmic { value } else { value.abs().max(1e-3 * self.scale) };
        if value + width > self.limits.1 { -width } else { width }
    }

    /// Residual of the prior, and its derivative by `u`.
    pub fn prior_residual(&self, u: f64) -> Option<(f64, f64)> {
        let (mean, sigma) = self.prior?;
        Some(match self.logarithmic {
            true => ((u - mean.ln()) / sigma, 1.0 / sigma),
            false => ((u * self.scale - mean) / sigma, self.scale / sigma),
        })
    }
}

/// The variables of a deck over its data sets.
///
/// # Errors
/// Parameters that a model does not have, and those without a place to start from.
pub fn variables(circuit: &Circuit, sets: &[DataSet]) -> Result<Vec<Variable>, FitError> {
    let mut all = Vec::new();
    for free in &circuit.free {
        let present = present(circuit, &free.target).map_err(|message| refused(free, &message))?;
        let variable = variable(circuit, free, &present)?;
        if !free.local {
            all.push(variable);
            continue;
        }
        for (k, set) in sets.iter().enumerate() {
            let name = format!("{}[{}]", variable.name, set.label);
            all.push(Variable { name, set: Some(k), ..variable.clone() });
        }
    }
    Ok(all)
}

fn refused(free: &FreeParameter, message: &str) -> FitError {
    FitError::Deck(vec![Diagnostic::error(free.span, message.to_string()).label("cannot be fitted")])
}

fn variable(circuit: &Circuit, free: &FreeParameter, present: &Present) -> Result<Variable, FitError> {
    let limits = (free.from.max(present.limits.0), free.to.min(present.limits.1));
    if limits.0 >= limits.1 {
        let (low, high) = present.limits;
        return Err(refused(free, &format!("the model allows {low:e} to {high:e} only")));
    }
    let bounded = limits.0.abs() < UNBOUNDED && limits.1.abs() < UNBOUNDED;
    let middle = || match (bounded, free.logarithmic) {
        (true, true) if limits.0 > 0.0 => Some((limits.0 * limits.1).sqrt()),
        (true, false) => Some(0.5 * (limits.0 + limits.1)),
        _ => None,
    };
    let inside = |value: &f64| value.is_finite() && *value >= limits.0 && *value <= limits.1;
    let usable = |value: &f64| inside(value) && !(free.logarithmic && *value <= 0.0);
    let start = free.start.or(present.value).filter(usable).or(free.prior.map(|p| p.0).filter(usable));
    let start = start.or_else(middle).ok_or_else(|| refused(free, "nothing says where to start: `start=` expected"))?;
    let scale = match bounded {
        true if !free.logarithmic => limits.1 - limits.0,
        _ if start != 0.0 => start.abs(),
        _ => 1.0,
    };
    Ok(Variable {
        name: free.target.label(circuit),
        unit: present.unit.clone(),
        target: free.target.clone(),
        set: None,
        limits,
        start,
        logarithmic: free.logarithmic,
        prior: free.prior,
        scale,
    })
}

/// What the circuit says about a parameter.
struct Present {
    value: Option<f64>,
    limits: (f64, f64),
    unit: String,
}

const FREE: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);

fn present(circuit: &Circuit, target: &SweepTarget) -> Result<Present, String> {
    match target {
        SweepTarget::Model(name, param) => {
            let card = circuit.models.iter().find(|card| card.name == *name);
            let card = card.ok_or_else(|| format!("no element uses the model `{name}`"))?;
            let kind = model_type(&card.kind);
            of_specs(kind, |kind| kind.model_params, &[&card.params], param, &card.kind)
        }
        SweepTarget::Element(name, Some(param)) => {
            let element = circuit.element_index.get(name).map(|id| &circuit.elements[id.0 as usize]);
            match element.map(|element| &element.kind) {
                Some(ElementKind::Device(device)) => {
                    let card = &circuit.models[device.model.0 as usize];
                    let kind = model_type(&card.kind);
                    let own = |kind: &ModelType| match find(kind.instance_params, param) {
                        Some(_) => kind.instance_params,
                        // instances of memristors take the parameters of the card
                        None => kind.model_params,
                    };
                    of_specs(kind, own, &[&card.params, &device.params], param, name)
                }
                _ => Ok(Present { value: None, limits: FREE, unit: String::new() }),
            }
        }
        SweepTarget::Element(name, None) => {
            let element = circuit.element_index.get(name).map(|id| &circuit.elements[id.0 as usize].kind);
            let positive = (0.0, f64::INFINITY);
            Ok(match element {
                Some(ElementKind::Resistor { resistance, .. }) => {
                    Present { value: Some(*resistance), limits: FREE, unit: "ohm".into() }
                }
                Some(ElementKind::Capacitor { capacitance, .. }) => {
                    Present { value: Some(*capacitance), limits: positive, unit: "F".into() }
                }
                Some(ElementKind::Inductor { inductance, .. }) => {
                    Present { value: Some(*inductance), limits: positive, unit: "H".into() }
                }
                _ => Present { value: None, limits: FREE, unit: String::new() },
            })
        }
        SweepTarget::Source(id) => match &circuit.elements[id.0 as usize].kind {
            ElementKind::VoltageSource(source) => {
                Ok(Present { value: Some(source.dc), limits: FREE, unit: "V".into() })
            }
            ElementKind::CurrentSource(source) => {
                Ok(Present { value: Some(source.dc), limits: FREE, unit: "A".into() })
            }
            _ => Ok(Present { value: None, limits: FREE, unit: String::new() }),
        },
        SweepTarget::Parameter(_) | SweepTarget::TemperatureCelsius => {
            Ok(Present { value: None, limits: FREE, unit: String::new() })
        }
    }
}

/// Value, range and unit of a device's parameter; the last of the lists counts.
fn of_specs(
    kind: Option<&'static ModelType>,
    specs: impl Fn(&ModelType) -> &'static [crate::devices::ParamSpec],
    lists: &[&Vec<ParamValue>],
    param: &str,
    owner: &str,
) -> Result<Present, String> {
    let Some(kind) = kind else {
        let given = lists.iter().rev().find_map(|list| number(list, |name| name == param));
        return Ok(Present { value: given, limits: FREE, unit: String::new() });
    };
    let specs = specs(kind);
    let Some(index) = find(specs, param) else {
        let close = crate::devices::nearest(param, specs.iter().map(|spec| spec.name));
        let hint = close.map_or_else(String::new, |name| format!("; did you mean `{name}`?"));
        return Err(format!("`{owner}` has no parameter `{param}`{hint}"));
    };
    let spec = &specs[index];
    let given = lists.iter().rev().find_map(|list| number(list, |name| find(specs, name) == Some(index)));
    let default = Some(spec.default).filter(|value| value.is_finite());
    Ok(Present { value: given.or(default), limits: (spec.min, spec.max), unit: spec.unit.replace('-', "") })
}

fn number(list: &[ParamValue], wanted: impl Fn(&str) -> bool) -> Option<f64> {
    list.iter().rev().filter(|value| wanted(&value.name)).find_map(|value| match value.value {
        ParamData::Number(number) => Some(number),
        _ => None,
    })
}
