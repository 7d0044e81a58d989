//! What every memristor understands besides the parameters of its model: its temperature, and the spread of parameters
//! from device to device.
//!
//! `sigma_<parameter>` on a card or an instance makes that parameter lognormal: `value * exp(sigma z)`, with `z` a standard
//! normal deviate that is a function of seed, Monte Carlo sample, element name and parameter name, and of nothing else.
//! The value written is the median, its sign stays, and for small `sigma` it is the relative standard deviation. A draw that
//! contradicts other parameters (an initial state out of its bounds) is repeated with the next deviates.

use crate::circuit::{Draw, ParamData, ParamValue};
use crate::devices::{NON_NEGATIVE, ParamSpec, Parameters, apply, find, nearest};
use crate::diagnostic::{Diagnostic, Span};

use super::noise::{normal, stream, sub_stream};

const PREFIX: &str = "sigma_";

crate::parameters! {
    /// What every memristor understands on its card and on its instance.
    pub struct Common {
        temp [] = f64::NAN, "degC", -273.0..=2000.0, "temperature of this device (default: the circuit's)";
        dtemp [] = 0.0, "K", -2000.0..=2000.0, "its temperature above the circuit's";
    }
}

/// A relative spread of one parameter.
#[derive(Clone, Copy, Debug)]
struct Spread {
    /// Index of the parameter.
    index: usize,
    /// Standard deviation of its logarithm.
    sigma: f64,
    span: Span,
}

/// The settings of a card or an instance: parameters of the model, common ones, spreads.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings<P> {
    pub params: P,
    pub common: Common,
    spreads: Vec<Spread>,
}

impl<P: Parameters> Settings<P> {
    /// Takes over what a card or an instance gives. A name that the model itself has is the model's. The numbers of
    /// `ic=a,b` stand for the parameters `initial`.
    pub fn apply(&mut self, given: &[ParamValue], initial: &[&str], owner: &str, found: &mut Vec<Diagnostic>) {
        let (mut own, mut common) = (Vec::new(), Vec::new());
        for value in given {
            let name = value.name.as_str();
            if name == "ic" && !initial.is_empty() && find(P::SPECS, name).is_none() {
                match states(initial, value, owner) {
                    Ok(values) => own.extend(values),
                    Err(error) => found.push(error),
                }
            } else if find(P::SPECS, name).is_none() && find(Common::SPECS, name).is_some() {
                common.push(value.clone());
            } else if let Some(target) = name.strip_prefix(PREFIX).filter(|_| find(P::SPECS, name).is_none()) {
                match spread(P::SPECS, target, value, owner) {
                    Ok(spread) => {
                        self.spreads.retain(|before| before.index != spread.index);
                        self.spreads.push(spread);
                    }
                    Err(error) => found.push(error),
                }
            } else {
                own.push(value.clone());
            }
        }
        apply(&mut self.params, &own, owner, found);
        apply(&mut self.common, &common, owner, found);
    }

    /// Says which spreads belong to parameters that have no value.
    pub fn check(&self, owner: &str, found: &mut Vec<Diagnostic>) {
        let mut params = self.params.clone();
        for spread in &self.spreads {
            if params.slot(spread.index).is_some_and(|value| value.is_nan()) {
                let name = P::SPECS[spread.index].name;
                let text = format!("{owner}: `{PREFIX}{name}` without a value of `{name}`");
                found.push(Diagnostic::error(spread.span, text).label("the spread of a parameter that is not given"));
            }
        }
    }

    /// True when devices differ.
    pub fn varies(&self) -> bool {
        self.spreads.iter().any(|spread| spread.sigma > 0.0)
    }

    /// The parameters of the device `name` in a draw. Values stay in their ranges.
    pub fn drawn(&self, name: &str, seed: u64, attempt: u32) -> P {
        let mut params = self.params.clone();
        for spread in &self.spreads {
            let spec = &P::SPECS[spread.index];
            if let Some(value) = params.slot(spread.index) {
                let z = normal(sub_stream(stream(seed, name), stream(1, spec.name)), i64::from(attempt));
                *value = (*value * (spread.sigma * z).exp()).clamp(spec.min, spec.max);
            }
        }
        params
    }
}

/// The initial states of `ic=a,b`.
fn states(names: &[&str], value: &ParamValue, owner: &str) -> Result<Vec<ParamValue>, Diagnostic> {
    let numbers = match &value.value {
        ParamData::Number(number) => std::slice::from_ref(number),
        ParamData::Vector(numbers) if numbers.len() <= names.len() => &numbers[..],
        _ => {
            let text = format!("`ic` of {owner} wants up to {} numbers", names.len());
            let hint = format!("they stand for {}", names.join(", "));
            return Err(Diagnostic::error(value.span, text).label("wrong initial states").hint(hint));
        }
    };
    let named = |(&name, &number): (&&str, &f64)| ParamValue {
        name: name.to_string(),
        value: ParamData::Number(number),
        span: value.span,
    };
    Ok(names.iter().zip(numbers).map(named).collect())
}

/// Reads `sigma_<target>`.
fn spread(specs: &[ParamSpec], target: &str, value: &ParamValue, owner: &str) -> Result<Spread, Diagnostic> {
    let error = |text: String| Diagnostic::error(value.span, text);
    let Some(index) = find(specs, target) else {
        let hint = match nearest(target, specs.iter().map(|s| s.name)) {
            Some(name) => format!("did you mean `{PREFIX}{name}`?"),
            None => format!("{PREFIX}NAME is the relative spread of the model's parameter NAME"),
        };
        return Err(error(format!("{owner} has no parameter `{target}`")).label("unknown parameter").hint(hint));
    };
    match value.value {
        ParamData::Number(sigma) if NON_NEGATIVE.contains(&sigma) && sigma <= 10.0 => {
            Ok(Spread { index, sigma, span: value.span })
        }
        _ => Err(error(format!("`{}` of {owner} wants a number from 0 to 10", value.name))
            .label("the standard deviation of the parameter's logarithm")),
    }
}

/// The seed of the devices of a draw; `None` when all are nominal. Sample 0 is what runs without Monte Carlo.
pub(super) fn draw_seed(seed: u64, draw: Option<Draw>) -> Option<u64> {
    match draw {
        None | Some(Draw::Number(0)) => Some(seed),
        Some(Draw::Number(number)) => Some(sub_stream(seed, number)),
        Some(Draw::Nominal) => None,
    }
}
