//! Values put in place of those in the deck: element lines are edited by their full names.

use super::ast::{Body, Deck, Element, FunctionText, Param, Passive, Shape, Value, ValueKind, Word};
use crate::circuit::ParamData;
use crate::diagnostic::{Diagnostic, Span};

/// A finding that belongs to no place in the text.
fn nowhere(message: String, hint: &str) -> Diagnostic {
    Diagnostic { span: None, ..Diagnostic::error(Span::default(), message) }.hint(hint)
}

/// The element line behind a full name (`x1.r1`, or `r.x1.r1` as ngspice writes it), and the name in the first form.
fn locate<'d>(deck: &'d Deck, name: &str) -> Option<(String, &'d Element)> {
    let find = |name: &str| -> Option<&'d Element> {
        let mut block = 0;
        let mut parts = name.split('.').peekable();
        while let Some(part) = parts.next() {
            let element = deck.blocks[block].elements.iter().find(|e| &*e.name.text == part)?;
            match &element.body {
                Body::Instance { block: inner, .. } if parts.peek().is_some() => {
                    let mut home = block;
                    block = loop {
                        match deck.blocks[home].blocks.get(&inner.text) {
                            Some(&found) => break found,
                            None => home = deck.blocks[home].parent?,
                        }
                    };
                }
                _ => return parts.peek().is_none().then_some(element),
            }
        }
        None
    };
    if let Some(element) = find(name) {
        return Some((name.to_string(), element));
    }
    let (letter, rest) = name.split_once('.')?;
    if letter.len() == 1 { find(rest).map(|element| (rest.to_string(), element)) } else { None }
}

/// The edited lines, by full name.
///
/// # Errors
/// Elements that the deck does not have, and values that an element cannot take.
pub(super) fn edited(
    deck: &Deck,
    changes: &[(String, Option<String>, ParamData)],
) -> Result<Vec<(String, Element)>, Diagnostic> {
    let mut all: Vec<(String, Element)> = Vec::new();
    for (name, param, value) in changes {
        let Some((full, element)) = locate(deck, name) else {
            return Err(nowhere(
                format!("the deck has no element `{name}`"),
                "elements inside a subcircuit are named `x1.r1`",
            ));
        };
        let index = match all.iter().position(|(before, _)| *before == full) {
            Some(index) => index,
            None => {
                all.push((full, element.clone()));
                all.len() - 1
            }
        };
        edit(&mut all[index].1, param.as_deref(), value)?;
    }
    Ok(all)
}

fn data(value: &ParamData, span: Span) -> Value {
    let number = |x: f64| Value { kind: ValueKind::Number(x), span };
    match value {
        ParamData::Number(x) => number(*x),
        ParamData::Text(text) => Value { kind: ValueKind::Text(text.as_str().into()), span },
        ParamData::Vector(all) => Value { kind: ValueKind::Vector(all.iter().map(|x| number(*x)).collect()), span },
    }
}

/// Replaces or adds `name=value`.
fn put(params: &mut Vec<Param>, name: &str, value: Value) {
    match params.iter_mut().find(|param| &*param.name.text == name) {
        Some(param) => param.value = value,
        None => params.push(Param { name: Word { text: name.into(), span: value.span }, value }),
    }
}

fn edit(element: &mut Element, param: Option<&str>, new: &ParamData) -> Result<(), Diagnostic> {
    let span = element.name.span;
    let value = data(new, span);
    let wrong = |what: &str| {
        let message = format!("`{}` has no parameter `{}` that can be changed", element.name.text, param.unwrap_or(""));
        Err(nowhere(message, what))
    };
    match (&mut element.body, param) {
        (Body::Passive { kind, values, params }, _) => {
            let (long, short) = match kind {
                Passive::Resistor => ("resistance", "r"),
                Passive::Capacitor => ("capacitance", "c"),
                Passive::Inductor => ("inductance", "l"),
            };
            match param {
                Some(name) if name != long && name != short => put(params, name, value),
                _ => {
                    params.retain(|p| &*p.name.text != long && &*p.name.text != short);
                    match values.iter_mut().find(|v| !matches!(v.kind, ValueKind::Word(_))) {
                        Some(place) => *place = value,
                        None => values.insert(0, value),
                    }
                }
            }
        }
        (Body::Mutual { coupling, .. }, None | Some("coupling" | "k")) => *coupling = value,
        (Body::Source { source, .. }, None | Some("dc")) => source.dc = Some(value),
        (Body::Source { source, .. }, Some("ac" | "acmag")) => match &mut source.ac {
            Some((magnitude, _)) => *magnitude = Some(value),
            None => source.ac = Some((Some(value), None)),
        },
        (Body::Source { source, .. }, Some("acphase")) => match &mut source.ac {
            Some((_, phase)) => *phase = Some(value),
            None => source.ac = Some((None, Some(value))),
        },
        (Body::Source { multiplier, .. }, Some("m")) => *multiplier = Some(value),
        (Body::Source { source, .. }, Some(word)) => {
            let shape = match word {
                "pulse" => Shape::Pulse,
                "sin" => Shape::Sine,
                "exp" => Shape::Exponential,
                "pwl" => Shape::PiecewiseLinear,
                "sffm" => Shape::FrequencyModulated,
                "am" => Shape::AmplitudeModulated,
                "trnoise" => Shape::Noise,
                "trrandom" => Shape::Random,
                _ => return wrong("a source has `dc`, `acmag`, `acphase` and its functions"),
            };
            let arguments = match value.kind {
                ValueKind::Vector(all) => all.into_vec(),
                _ => vec![value],
            };
            source.function = Some(FunctionText { shape, span, arguments, points: Vec::new(), params: Vec::new() });
        }
        (Body::Controlled { coefficients, poly, .. }, None | Some("gain")) if !*poly => {
            *coefficients = vec![value];
        }
        (Body::Device { params, .. } | Body::Described { params, .. }, Some(name)) => put(params, name, value),
        (Body::Device { params, .. }, None) => put(params, "area", value),
        (Body::Controlled { params, .. } | Body::Behavioural { params, .. } | Body::Line { params }, Some(name)) => {
            put(params, name, value)
        }
        _ => {
            return wrong(
                "values that can be changed: the main value of R, C, L, K, V, I and linear E, F, G, H; parameters of devices",
            );
        }
    }
    Ok(())
}
