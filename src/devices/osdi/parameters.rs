//! Parameters of cards and instances, by the names in a module's descriptor.

use super::super::nearest;
use crate::circuit::{ParamData, ParamValue};
use crate::diagnostic::{Diagnostic, Span};
use crate::osdi::{Instances, Kind, Message, Module, Parameter, Rejected};

/// The instance multiplier of every module.
const MULTIPLIER: &str = "$mfactor";

/// Who a list of parameters belongs to.
#[derive(Clone, Copy)]
pub(super) enum Owner {
    /// A model card.
    Model(usize),
    /// An element.
    Instance(usize),
}

/// What an element's own `temp=`, `dtemp=` and `trise=` ask for, where the module has no such parameters.
#[derive(Clone, Copy, Default)]
pub(super) struct Temperature {
    celsius: Option<f64>,
    rise: f64,
}

impl Temperature {
    /// Temperature of the instance in a circuit at `circuit`, K.
    pub fn kelvin(&self, circuit: f64) -> f64 {
        self.celsius.map_or(circuit, |c| c + super::super::junction::CELSIUS) + self.rise
    }
}

/// Name of a parameter in the module.
fn own_name(name: &str) -> &str {
    if name == "m" { MULTIPLIER } else { name }
}

/// Hands the given values to the module; complains about what it does not know. `called` is how messages call the owner.
pub(super) fn apply(
    instances: &mut Instances,
    owner: Owner,
    given: &[ParamValue],
    called: &str,
    found: &mut Vec<Diagnostic>,
) -> Temperature {
    let mut temperature = Temperature::default();
    for value in given {
        let module = instances.module();
        let index = module.parameter(&value.name).or_else(|| module.parameter(own_name(&value.name)));
        let index = match (index, owner) {
            (Some(index), Owner::Instance(_)) if index >= module.instance_parameters => {
                let text = format!("{called} cannot set `{}`: it is a parameter of the model", value.name);
                let hint = "write it on the `.model` card";
                found.push(Diagnostic::error(value.span, text).label("no instance parameter").hint(hint));
                continue;
            }
            (Some(index), _) => index,
            (None, _) => {
                match (value.name.as_str(), &value.value, owner) {
                    ("temp", ParamData::Number(celsius), Owner::Instance(_)) => temperature.celsius = Some(*celsius),
                    ("dtemp" | "trise", ParamData::Number(rise), Owner::Instance(_)) => temperature.rise = *rise,
                    ("level" | "version", ..) => {
                        let text = format!("module `{}` has no parameter `{}`", module.name, value.name);
                        found.push(Diagnostic::warning(value.span, text).label("ignored"));
                    }
                    _ => found.push(unknown(module, owner, value, called)),
                }
                continue;
            }
        };
        let parameter = module.parameters[index].clone();
        let accepted = match &value.value {
            ParamData::Number(number) => set(instances, owner, index, &[*number]),
            ParamData::Vector(numbers) => set(instances, owner, index, numbers),
            ParamData::Text(text) => match owner {
                Owner::Model(k) => instances.set_model_text(k, index, text),
                Owner::Instance(k) => instances.set_instance_text(k, index, text),
            },
        };
        if !accepted {
            let text = format!("parameter `{}` of {called} wants {}", value.name, wanted(&parameter));
            found.push(described(Diagnostic::error(value.span, text).label("another type"), &parameter));
        }
    }
    temperature
}

fn set(instances: &mut Instances, owner: Owner, index: usize, numbers: &[f64]) -> bool {
    match owner {
        Owner::Model(k) => instances.set_model(k, index, numbers),
        Owner::Instance(k) => instances.set_instance(k, index, numbers),
    }
}

fn wanted(parameter: &Parameter) -> String {
    match (parameter.kind, parameter.length) {
        (Kind::Real, 1) => "a number".into(),
        (Kind::Integer, 1) => "a whole number".into(),
        (Kind::Text, _) => "a string".into(),
        (_, length) => format!("{length} numbers, separated by commas"),
    }
}

/// With what the module says of the parameter as a hint.
fn described(error: Diagnostic, parameter: &Parameter) -> Diagnostic {
    match (parameter.description.as_str(), parameter.units.as_str()) {
        ("", "") => error,
        ("", units) => error.hint(format!("unit: {units}")),
        (text, "") => error.hint(text),
        (text, units) => error.hint(format!("{text}, {units}")),
    }
}

fn unknown(module: &Module, owner: Owner, value: &ParamValue, called: &str) -> Diagnostic {
    let end = if matches!(owner, Owner::Model(_)) { module.settable } else { module.instance_parameters };
    let names: Vec<String> = module.parameters[..end].iter().map(|p| p.name.to_ascii_lowercase()).collect();
    let hint = match nearest(&value.name, names.iter().map(String::as_str)) {
        Some(close) => format!("did you mean `{close}`?"),
        None => format!("`ionspice models --osdi FILE {}` lists the parameters", module.name),
    };
    Diagnostic::error(value.span, format!("{called} has no parameter `{}`", value.name))
        .label("unknown parameter")
        .hint(hint)
}

/// Turns what a module complained of during its set-up into diagnostics: at the value it is about, else at `span`.
pub(super) fn rejected(
    module: &Module,
    rejections: &[Rejected],
    messages: &[Message],
    given: &[&[ParamValue]],
    (called, span): (&str, Span),
    found: &mut Vec<Diagnostic>,
) {
    for rejection in rejections {
        found.push(match rejection {
            Rejected::OutOfRange(index) => {
                let parameter = &module.parameters[*index];
                let value =
                    given.iter().flat_map(|list| list.iter()).find(|value| parameter.is_called(own_name(&value.name)));
                let text = match value.map(|v| &v.value) {
                    Some(ParamData::Number(number)) => {
                        format!("parameter `{}` of {called} is out of range: {number:e}", parameter.name)
                    }
                    _ => format!("parameter `{}` of {called} is out of range", parameter.name),
                };
                let error = Diagnostic::error(value.map_or(span, |v| v.span), text);
                described(error.label(format!("module `{}` does not allow this value", module.name)), parameter)
            }
            Rejected::Fatal => {
                let said: Vec<&str> = messages.iter().map(|m| m.text.as_str()).collect();
                let why = if said.is_empty() { "it gives no reason".to_string() } else { said.join("; ") };
                Diagnostic::error(span, format!("module `{}` refuses {called}: {why}", module.name))
            }
            Rejected::Code(code) => {
                Diagnostic::error(span, format!("module `{}` reports error {code} for {called}", module.name))
            }
        });
    }
    if rejections.is_empty() {
        for message in messages {
            let text = format!("module `{}` on {called}: {}", module.name, message.text);
            found.push(Diagnostic::warning(span, text).label("said while it was set up"));
        }
    }
}
