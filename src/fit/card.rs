//! Fitted parameters as text for a netlist.

use super::estimate::{Estimate, Fit};
use super::problem::Problem;
use crate::circuit::{Circuit, ModelCard, ParamData, SweepTarget};

/// Length after which a line is continued.
const LINE: usize = 110;

/// A number with seven digits, no more of them than needed.
pub fn number(value: f64) -> String {
    let text = format!("{value:.6e}");
    let Some((mantissa, exponent)) = text.split_once('e') else { return text };
    let mantissa = mantissa.trim_end_matches('0').trim_end_matches('.');
    if exponent == "0" { mantissa.to_string() } else { format!("{mantissa}e{exponent}") }
}

/// `.model name kind (name=value ..)` over as many lines as needed.
pub fn model_line(name: &str, kind: &str, params: &[(String, String)]) -> String {
    let mut text = format!(".model {name} {kind} (");
    let mut width = text.len();
    for (k, (name, value)) in params.iter().enumerate() {
        let part = format!("{name}={value}");
        if width + part.len() > LINE {
            text.push_str("\n+ ");
            width = 2;
        } else if k > 0 {
            text.push(' ');
        }
        width += part.len() + 1;
        text.push_str(&part);
    }
    text.push_str(")\n");
    text
}

/// The parameters of a card, with those in `replaced` in place of its own.
pub fn card_params(card: &ModelCard, replaced: &[(String, String)]) -> Vec<(String, String)> {
    let canonical = |name: &str| {
        let specs = crate::devices::model_type(&card.kind).map_or(&[][..], |kind| kind.model_params);
        crate::devices::find(specs, name).map_or(name.to_string(), |k| specs[k].name.to_string())
    };
    let mut all: Vec<(String, String)> = Vec::new();
    for param in &card.params {
        let value = match &param.value {
            ParamData::Number(value) => number(*value),
            ParamData::Text(text) => format!("\"{text}\""),
            ParamData::Vector(values) => values.iter().map(|v| number(*v)).collect::<Vec<_>>().join(","),
        };
        all.retain(|(name, _)| canonical(name) != canonical(&param.name));
        all.push((param.name.clone(), value));
    }
    for (name, value) in replaced {
        match all.iter_mut().find(|(own, _)| canonical(own) == canonical(name)) {
            Some(own) => own.1.clone_from(value),
            None => all.push((name.clone(), value.clone())),
        }
    }
    all
}

/// The fitted cards, with what is known about them as comments.
pub fn cards(problem: &Problem, fit: &Fit) -> String {
    let circuit = &problem.circuit;
    let mut text = format!("* fitted by ionspice {} to\n", env!("CARGO_PKG_VERSION"));
    for set in fit.sets.iter().take(50) {
        let points: usize = set.signals.iter().map(|signal| signal.count).sum();
        text.push_str(&format!("*   {} ({points} values)\n", set.label));
    }
    if fit.sets.len() > 50 {
        text.push_str(&format!("*   and {} more\n", fit.sets.len() - 50));
    }
    if !fit.converged {
        text.push_str("* NOT CONVERGED: these are the best values so far\n");
    }
    text.push_str(&format!("* chi2/dof {:.4} ({} degrees of freedom)\n", fit.chi2 / fit.dof.max(1) as f64, fit.dof));
    for estimate in &fit.estimates {
        text.push_str(&format!("*   {}\n", line(estimate)));
    }
    for card in &circuit.models {
        let replaced = replaced(problem, fit, card);
        if !replaced.is_empty() {
            text.push_str(&model_line(&card.name, &card.kind, &card_params(card, &replaced)));
        }
    }
    for (variable, estimate) in problem.variables.iter().zip(&fit.estimates) {
        match &variable.target {
            SweepTarget::Parameter(name) if variable.set.is_none() => {
                text.push_str(&format!(".param {name}={}\n", number(estimate.value)));
            }
            SweepTarget::Model(..) => {}
            target if variable.set.is_none() => {
                text.push_str(&format!("* set {} to {}\n", owner(circuit, target), number(estimate.value)));
            }
            _ => {}
        }
    }
    text
}

fn owner(circuit: &Circuit, target: &SweepTarget) -> String {
    target.label(circuit)
}

/// Fitted parameters of a card that belong to all data sets.
fn replaced(problem: &Problem, fit: &Fit, card: &ModelCard) -> Vec<(String, String)> {
    problem
        .variables
        .iter()
        .zip(&fit.estimates)
        .filter_map(|(variable, estimate)| match &variable.target {
            SweepTarget::Model(name, param) if *name == card.name && variable.set.is_none() => {
                Some((param.clone(), number(estimate.value)))
            }
            _ => None,
        })
        .collect()
}

/// `name = value +- sigma unit` with what is special about it.
pub fn line(estimate: &Estimate) -> String {
    let value = number(estimate.value);
    match estimate.at_bound {
        Some(bound) => format!("{} = {value} {} (at its {bound} bound)", estimate.name, estimate.unit),
        None => format!("{} = {value} +- {:.2e} {}", estimate.name, estimate.sigma, estimate.unit).trim_end().into(),
    }
}
