//! Many devices: each is fitted on its own, then the spread between them becomes Monte Carlo parameters.
//!
//! The spread of the estimates is that of the devices plus that of the estimation; the latter is known from each fit and taken off
//! (method of moments for random effects, DerSimonian and Laird, Control. Clin. Trials 7, 177 (1986)).

use rayon::prelude::*;
use serde::Serialize;

use super::FitError;
use super::card::{card_params, model_line, number};
use super::estimate::Fit;
use super::problem::Problem;
use super::search::{SearchSettings, fit};
use crate::circuit::SweepTarget;

/// Correlations below this are left out of the card.
const NOTABLE: f64 = 0.1;

/// One device and its fit.
#[derive(Debug, Serialize)]
pub struct Member {
    /// The device.
    pub device: String,
    /// Its fit; `None` with a reason when it failed.
    pub fit: Option<Fit>,
    /// Why it failed.
    pub failure: Option<String>,
}

/// Distribution of one parameter over the devices (d2d), or over the data sets of a device (c2c).
#[derive(Clone, Debug, Serialize)]
pub struct Spread {
    /// As in the deck.
    pub name: String,
    /// Unit of the parameter.
    pub unit: String,
    /// Mean; of a logarithmic parameter the median (mean of the logarithms).
    pub centre: f64,
    /// Deviation between devices, free of the error of estimation; of the natural logarithm when `lognormal`.
    pub d2d: f64,
    /// Deviation between data sets of one device (local parameters only), in the same unit.
    pub c2c: Option<f64>,
    /// Mean deviation of the estimation.
    pub estimation: f64,
    /// The logarithm is distributed normally.
    pub lognormal: bool,
}

/// What many devices came to.
#[derive(Debug, Serialize)]
pub struct Population {
    /// Every device.
    pub members: Vec<Member>,
    /// Distributions.
    pub spreads: Vec<Spread>,
    /// Correlations between the parameters over the devices.
    pub correlations: Vec<Vec<f64>>,
}

/// Fits every device of a problem by itself.
///
/// # Errors
/// Fewer than two devices, or none that could be fitted.
pub fn population(
    problem: &Problem,
    settings: &SearchSettings,
    watch: &(dyn Fn(&str, f64) + Sync),
) -> Result<Population, FitError> {
    let mut names: Vec<String> = Vec::new();
    for set in &problem.sets {
        if !names.contains(&set.device) {
            names.push(set.device.clone());
        }
    }
    if names.len() < 2 {
        return Err(FitError::Request("a population needs several devices: more files, or `.fitdata device=`".into()));
    }
    let members: Vec<Member> = names
        .into_par_iter()
        .map(|device| {
            let done = problem
                .part(|set| set.device == device)
                .and_then(|mut part| fit(&mut part, settings, &|_, cost| watch(&device, cost)));
            match done {
                Ok(fit) => Member { device, fit: Some(fit), failure: None },
                Err(error) => Member { device, fit: None, failure: Some(error.to_string()) },
            }
        })
        .collect();
    if members.iter().filter(|member| member.fit.is_some()).count() < 2 {
        let why = members.iter().find_map(|member| member.failure.clone()).unwrap_or_default();
        return Err(FitError::Simulation(why));
    }
    let free = &problem.circuit.free;
    let mut spreads = Vec::new();
    let mut columns: Vec<Vec<f64>> = Vec::new();
    for parameter in free {
        let label = parameter.target.label(&problem.circuit);
        let own = |name: &str| name == label || name.strip_prefix(&label).is_some_and(|rest| rest.starts_with('['));
        let transformed = |value: f64| if parameter.logarithmic { value.ln() } else { value };
        let (mut means, mut errors, mut within, mut within_errors) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut unit = String::new();
        for fit in members.iter().filter_map(|member| member.fit.as_ref()) {
            let all: Vec<_> = fit.estimates.iter().filter(|estimate| own(&estimate.name)).collect();
            let values: Vec<f64> = all.iter().map(|estimate| transformed(estimate.value)).collect();
            let variances = all.iter().filter(|estimate| estimate.sigma.is_finite()).map(|estimate| {
                if parameter.logarithmic { (estimate.sigma / estimate.value).powi(2) } else { estimate.sigma.powi(2) }
            });
            let variance = variances.sum::<f64>() / all.len().max(1) as f64;
            if let Some(first) = all.first() {
                unit.clone_from(&first.unit);
            }
            let (mean, deviation) = moments(&values);
            means.push(mean);
            errors.push(variance / values.len().max(1) as f64);
            if values.len() > 1 {
                within.push(deviation * deviation);
                within_errors.push(variance);
            }
        }
        let average = |list: &[f64]| list.iter().sum::<f64>() / list.len().max(1) as f64;
        let (centre, deviation) = moments(&means);
        let c2c = (!within.is_empty()).then(|| (average(&within) - average(&within_errors)).max(0.0).sqrt());
        let sets = within.len().max(1) as f64 * problem.sets.len() as f64 / members.len() as f64;
        let cycles = c2c.map_or(0.0, |c| c * c * within.len() as f64 / sets);
        spreads.push(Spread {
            name: label,
            unit,
            centre: if parameter.logarithmic { centre.exp() } else { centre },
            d2d: (deviation * deviation - average(&errors) - cycles).max(0.0).sqrt(),
            c2c,
            estimation: average(&errors).sqrt(),
            lognormal: parameter.logarithmic,
        });
        columns.push(means);
    }
    let correlations = columns.iter().map(|a| columns.iter().map(|b| correlation(a, b)).collect()).collect();
    Ok(Population { members, spreads, correlations })
}

fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>();
    (mean, if n > 1.0 { (squares / (n - 1.0)).sqrt() } else { 0.0 })
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let ((ma, sa), (mb, sb)) = (moments(a), moments(b));
    if sa == 0.0 || sb == 0.0 {
        return f64::from(u8::from(std::ptr::eq(a, b)));
    }
    let sum: f64 = a.iter().zip(b).map(|(x, y)| (x - ma) * (y - mb)).sum();
    sum / (a.len() as f64 - 1.0) / sa / sb
}

/// A subcircuit for each fitted card: every instance draws its own device (`.mc`, `--mc`).
pub fn cards(problem: &Problem, found: &Population) -> String {
    let circuit = &problem.circuit;
    let fitted = found.members.iter().filter(|member| member.fit.is_some()).count();
    let mut text = format!(
        "* population of {fitted} devices, fitted by ionspice {}\n* d2d: deviation between devices, c2c: between the cycles of \
         one (of the natural logarithm where the scale is logarithmic)\n",
        env!("CARGO_PKG_VERSION")
    );
    for spread in &found.spreads {
        let c2c = spread.c2c.map_or_else(String::new, |c| format!("  c2c {c:.3e}"));
        let kind = if spread.lognormal { "lognormal" } else { "normal" };
        text.push_str(&format!(
            "*   {} centre {} {}  d2d {:.3e}{c2c}  {kind}\n",
            spread.name,
            number(spread.centre),
            spread.unit,
            spread.d2d
        ));
    }
    for card in &circuit.models {
        let own: Vec<(usize, &str)> = circuit
            .free
            .iter()
            .enumerate()
            .filter_map(|(k, free)| match &free.target {
                SweepTarget::Model(name, param) if *name == card.name => Some((k, param.as_str())),
                _ => None,
            })
            .collect();
        if own.is_empty() {
            continue;
        }
        let kind = crate::devices::model_type(&card.kind);
        let terminals: Vec<&str> = kind.map_or(vec!["p", "n"], |kind| kind.terminals.to_vec());
        text.push_str(&format!(".subckt {}_device {}\n", card.name, terminals.join(" ")));
        let triangle = cholesky(&own.iter().map(|&(k, _)| k).collect::<Vec<_>>(), &found.correlations);
        for (row, _) in own.iter().enumerate() {
            text.push_str(&format!(".param z{}={{agauss(0,1,1)}}\n", row + 1));
        }
        let mut replaced = Vec::new();
        for (row, &(k, param)) in own.iter().enumerate() {
            let spread = &found.spreads[k];
            let mut mix = String::new();
            for (column, weight) in triangle[row].iter().enumerate().take(row + 1) {
                if column == row || weight.abs() >= NOTABLE {
                    mix.push_str(&format!("{weight:+.4}*z{}", column + 1));
                }
            }
            let deviation = number(spread.d2d);
            let value = match spread.lognormal {
                true => format!("{}*exp({deviation}*({mix}))", number(spread.centre)),
                false => format!("{}+{deviation}*({mix})", number(spread.centre)),
            };
            let free = &circuit.free[k];
            let value = match (free.from.is_finite(), free.to.is_finite()) {
                (true, true) => format!("min(max({value},{}),{})", number(free.from), number(free.to)),
                (true, false) => format!("max({value},{})", number(free.from)),
                (false, true) => format!("min({value},{})", number(free.to)),
                (false, false) => value,
            };
            text.push_str(&format!(".param fit_{param}={{{value}}}\n"));
            replaced.push((param.to_string(), format!("{{fit_{param}}}")));
        }
        text.push_str(&model_line(&card.name, &card.kind, &card_params(card, &replaced)));
        let letter = match card.kind.as_str() {
            "d" => 'd',
            "nmos" | "pmos" => 'm',
            "npn" | "pnp" => 'q',
            "njf" | "pjf" => 'j',
            _ => 'y',
        };
        text.push_str(&format!("{letter}1 {} {}\n.ends {}_device\n", terminals.join(" "), card.name, card.name));
    }
    text
}

/// Cholesky factor of the correlations of some parameters; shrunk towards independence where they are not positive definite.
fn cholesky(chosen: &[usize], correlations: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let n = chosen.len();
    let mut shrink = 1.0;
    loop {
        let at = |a: usize, b: usize| if a == b { 1.0 } else { shrink * correlations[chosen[a]][chosen[b]] };
        let mut l = vec![vec![0.0; n]; n];
        let mut proper = true;
        for row in 0..n {
            for column in 0..=row {
                let sum: f64 = (0..column).map(|k| l[row][k] * l[column][k]).sum();
                let rest = at(row, column) - sum;
                if row == column {
                    proper &= rest > 1e-6;
                    l[row][row] = rest.max(1e-6).sqrt();
                } else {
                    l[row][column] = rest / l[column][column];
                }
            }
        }
        if proper || shrink < 1e-3 {
            return l;
        }
        shrink *= 0.9;
    }
}
