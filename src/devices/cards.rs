//! Reading model cards and instance parameters.

use std::collections::HashMap;

use super::{ParamSpec, Parameters, apply, apply_card};
use crate::circuit::{Circuit, Device, Element, ElementId, ElementKind, ModelCard, ModelId, ParamData, ParamValue};
use crate::diagnostic::Diagnostic;

/// Temperature at which model parameters hold when `.options tnom` does not say otherwise, degrees Celsius.
const NOMINAL_CELSIUS: f64 = 27.0;

/// Parameters of model cards, each read (and complained about) once.
pub(crate) struct Cards<M> {
    cards: HashMap<ModelId, M>,
}

impl<M: Parameters> Cards<M> {
    /// Reads the cards that the given elements use.
    pub(crate) fn read(circuit: &Circuit, elements: &[ElementId], found: &mut Vec<Diagnostic>) -> Self {
        let mut cards = HashMap::new();
        for (_, device, card) in elements.iter().filter_map(|&id| device(circuit, id)) {
            cards.entry(device.model).or_insert_with(|| {
                let mut params = M::default();
                let owner = format!("model `{}` of type {}", card.name, card.kind);
                // Only this simulator has these types: what they do not know is a slip.
                let read = if ["opamp", "dac", "adc"].contains(&card.kind.as_str()) { apply } else { apply_card };
                read(&mut params, &card.params, &owner, found);
                params
            });
        }
        Self { cards }
    }

    /// The parameters of a device's card.
    pub(crate) fn of(&self, device: &Device) -> M {
        self.cards.get(&device.model).cloned().unwrap_or_default()
    }
}

/// The element, its device part and its card; `None` for elements without a card.
pub(crate) fn device(circuit: &Circuit, id: ElementId) -> Option<(&Element, &Device, &ModelCard)> {
    let element = circuit.elements.get(id.0 as usize)?;
    let ElementKind::Device(device) = &element.kind else { return None };
    Some((element, device, circuit.models.get(device.model.0 as usize)?))
}

/// Reads the instance parameters of a device.
pub(crate) fn instance<I: Parameters>(element: &Element, device: &Device, found: &mut Vec<Diagnostic>) -> I {
    let mut params = I::default();
    apply(&mut params, &device.params, &format!("`{}`", element.name), found);
    params
}

/// [`instance`] for elements whose `ic=a,b,..` stands for one parameter each of `names`.
pub(crate) fn instance_with_initial<I: Parameters>(
    element: &Element,
    device: &Device,
    names: &[&str],
    found: &mut Vec<Diagnostic>,
) -> I {
    let mut given = Vec::with_capacity(device.params.len());
    for param in &device.params {
        let values = match &param.value {
            _ if param.name != "ic" => &[],
            ParamData::Number(number) => std::slice::from_ref(number),
            ParamData::Vector(numbers) if numbers.len() <= names.len() => &numbers[..],
            _ => {
                let text = format!("`{}`: `ic` wants up to {} numbers", element.name, names.len());
                let hint = format!("as in ic=a,b: they stand for {}", names.join(", "));
                found.push(Diagnostic::error(param.span, text).label("wrong initial condition").hint(hint));
                continue;
            }
        };
        if values.is_empty() {
            given.push(param.clone());
        }
        given.extend(values.iter().zip(names).map(|(&value, &name)| ParamValue {
            name: name.to_string(),
            value: ParamData::Number(value),
            span: param.span,
        }));
    }
    let mut params = I::default();
    apply(&mut params, &given, &format!("`{}`", element.name), found);
    params
}

/// Temperature of an element and nominal temperature of its card, K, from what they and the circuit give (degrees
/// Celsius, K; NaN where not given).
pub(crate) fn temperatures(circuit: (f64, f64), own: f64, above: f64, card: f64) -> (f64, f64) {
    let (temperature, nominal) = circuit;
    let own = if own.is_nan() { temperature + above } else { own + super::junction::CELSIUS };
    (own.max(1.0), if card.is_nan() { nominal } else { card + super::junction::CELSIUS })
}

/// Complains about a card (once) whose `level` is none of `levels`; true when it is fine.
pub(crate) fn level_offered(card: &ModelCard, levels: &[f64], hint: &str, found: &mut Vec<Diagnostic>) -> bool {
    let given = card.params.iter().find(|p| p.name == "level");
    let Some((param, ParamData::Number(level))) = given.map(|p| (p, &p.value)) else { return true };
    if levels.contains(level) {
        return true;
    }
    let text = format!("model `{}` of type {}: level {level} is not available", card.name, card.kind);
    let error = Diagnostic::error(param.span, text.clone()).label("unsupported level").hint(hint);
    if !found.iter().any(|d| d.span == error.span && d.message == text) {
        found.push(error);
    }
    false
}

/// Nominal temperature of the model cards, K.
pub(crate) fn nominal_temperature(circuit: &Circuit) -> f64 {
    let given = circuit.options.iter().rev().find(|s| s.name == "tnom").and_then(|s| match s.value {
        ParamData::Number(celsius) => Some(celsius),
        _ => None,
    });
    super::junction::CELSIUS + given.unwrap_or(NOMINAL_CELSIUS)
}

/// Index of `value` in `list`, which it is added to unless it equals the last entry (devices of one card come in rows).
pub(crate) fn intern<T: PartialEq>(list: &mut Vec<T>, value: T) -> u32 {
    if list.last() != Some(&value) {
        list.push(value);
    }
    (list.len() - 1) as u32
}

/// Parameters of a model without instance parameters.
#[derive(Clone, Default)]
pub(crate) struct NoParameters;

impl Parameters for NoParameters {
    const SPECS: &'static [ParamSpec] = &[];

    fn slot(&mut self, _index: usize) -> Option<&mut f64> {
        None
    }
}
