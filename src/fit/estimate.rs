//! What was found: values, uncertainties, correlations, quality, and what the data leave open.

use serde::Serialize;

use super::dense::{Matrix, singular_values};
use super::least_squares::{Loss, Minimum, Objective, weighted};
use super::problem::Problem;
use super::quantile::{NORMAL, student};
use super::variable::Variable;

/// A direction counts as left open when its deviation exceeds this share of the natural size of the variables (an e-fold of a
/// logarithmic one, the range between the bounds of a linear one).
const OPEN: f64 = 0.5;
/// Members of a direction below this share of the largest are not named.
const MINOR: f64 = 0.2;
/// Closeness to a bound, relative to the range.
const AT_BOUND: f64 = 1e-6;

/// One parameter found.
#[derive(Clone, Debug, Serialize)]
pub struct Estimate {
    /// As in the deck.
    pub name: String,
    /// Its unit, if known.
    pub unit: String,
    /// Value found.
    pub value: f64,
    /// Standard deviation, in the unit of the value; infinite when the data say nothing.
    pub sigma: f64,
    /// 95 % interval.
    pub interval: (f64, f64),
    /// 95 % interval by the profile of the likelihood, where it was asked for.
    pub profile: Option<(f64, f64)>,
    /// Where the search began.
    pub start: f64,
    /// `lower` or `upper` when it ended at a bound; then there is no interval.
    pub at_bound: Option<&'static str>,
    /// The logarithm was searched.
    pub logarithmic: bool,
}

/// A combination of parameters that the data do not determine.
#[derive(Clone, Debug, Serialize)]
pub struct Direction {
    /// Deviation along it, in units of the parameters' natural sizes.
    pub deviation: f64,
    /// Parameters and their weights.
    pub members: Vec<(String, f64)>,
}

/// Quality of one signal in one data set.
#[derive(Clone, Debug, Serialize)]
pub struct SignalFit {
    /// The signal.
    pub signal: String,
    /// Number of values.
    pub count: usize,
    /// Root mean square of the residuals, in the unit of the signal.
    pub rms: f64,
    /// The same in units of the noise.
    pub chi: f64,
    /// Coefficient of determination.
    pub r2: f64,
    /// Correlation of residuals with their successors.
    pub lag1: f64,
    /// Time or row, measured value, value of the model, noise.
    #[serde(skip)]
    pub rows: Vec<[f64; 4]>,
}

/// Quality of one data set.
#[derive(Clone, Debug, Serialize)]
pub struct SetFit {
    /// File and group.
    pub label: String,
    /// The device.
    pub device: String,
    /// Temperature, degrees Celsius, if the data give one.
    pub celsius: Option<f64>,
    /// Its signals.
    pub signals: Vec<SignalFit>,
}

/// The result of a fit.
#[derive(Clone, Debug, Serialize)]
pub struct Fit {
    /// True when the search converged.
    pub converged: bool,
    /// Steps tried.
    pub iterations: usize,
    /// Cost of every start.
    pub starts: Vec<f64>,
    /// Sum of the squared residuals in units of the noise.
    pub chi2: f64,
    /// Measured values and priors less free parameters.
    pub dof: usize,
    /// The noise was estimated from the residuals.
    pub noise_estimated: bool,
    /// Parameters in the order of the deck.
    pub estimates: Vec<Estimate>,
    /// Their correlations; parameters at bounds have none.
    pub correlations: Vec<Vec<f64>>,
    /// What the data leave open, worst first.
    pub open: Vec<Direction>,
    /// Quality of each data set.
    pub sets: Vec<SetFit>,
    /// Variables of the search, their variances and covariances.
    #[serde(skip)]
    pub u: Vec<f64>,
    /// Covariance of the variables of the search; zero rows for those at bounds.
    #[serde(skip)]
    pub covariance: Vec<Vec<f64>>,
}

impl Fit {
    /// From a minimum.
    pub(super) fn new(problem: &Problem, at: &Minimum, loss: Loss, starts: &[f64], converged: bool) -> Self {
        let variables = &problem.variables;
        let n = variables.len();
        let bounds: Vec<Option<&'static str>> = variables.iter().zip(&at.u).map(|(v, &u)| at_bound(v, u)).collect();
        let free: Vec<usize> = (0..n).filter(|&k| bounds[k].is_none()).collect();
        let (_, j) = weighted(&at.residuals, &at.jacobian, loss, problem.priors());
        let natural: Vec<f64> = free.iter().map(|&k| variables[k].natural()).collect();
        let (singular, vectors) = singular_values(j.scaled_columns(&free, &natural));
        let mut covariance = vec![vec![0.0; n]; n];
        for (s, k) in singular.iter().zip(0..) {
            let variance = 1.0 / s.max(1e-150).powi(2);
            for (a, &row) in free.iter().enumerate() {
                for (b, &column) in free.iter().enumerate() {
                    let part = variance * vectors.at(k, a) * vectors.at(k, b) * natural[a] * natural[b];
                    covariance[row][column] += part;
                }
            }
        }
        let dof = at.residuals.len().saturating_sub(free.len());
        let factor = if problem.noise.is_empty() { NORMAL } else { student(dof) };
        let estimates = (0..n).map(|k| estimate(&variables[k], at.u[k], covariance[k][k], bounds[k], factor)).collect();
        let correlations = (0..n).map(|a| (0..n).map(|b| correlation(&covariance, a, b)).collect()).collect();
        let open = open(variables, &free, &singular, &vectors);
        Self {
            converged,
            iterations: at.iterations,
            starts: starts.to_vec(),
            chi2: at.residuals.iter().map(|r| r * r).sum(),
            dof,
            noise_estimated: !problem.noise.is_empty(),
            estimates,
            correlations,
            open,
            sets: qualities(problem, &at.residuals),
            u: at.u.clone(),
            covariance,
        }
    }

    /// The estimate of a parameter.
    pub fn find(&self, name: &str) -> Option<&Estimate> {
        self.estimates.iter().find(|estimate| estimate.name == name)
    }
}

fn correlation(covariance: &[Vec<f64>], a: usize, b: usize) -> f64 {
    let product = covariance[a][a] * covariance[b][b];
    match product > 0.0 {
        true => covariance[a][b] / covariance[a][a].sqrt() / covariance[b][b].sqrt(),
        false => f64::from(u8::from(a == b)),
    }
}

fn at_bound(variable: &Variable, u: f64) -> Option<&'static str> {
    let (low, high) = variable.bounds();
    let margin = AT_BOUND * if (high - low).is_finite() { high - low } else { u.abs().max(1.0) };
    if u <= low + margin {
        Some("lower")
    } else if u >= high - margin {
        Some("upper")
    } else {
        None
    }
}

fn estimate(variable: &Variable, u: f64, variance: f64, at_bound: Option<&'static str>, factor: f64) -> Estimate {
    let value = variable.value(u);
    let deviation = variance.sqrt();
    let (sigma, interval) = match (at_bound, variable.logarithmic) {
        (Some(_), _) => (f64::NAN, (f64::NAN, f64::NAN)),
        (None, true) => (value * deviation, ((u - factor * deviation).exp(), (u + factor * deviation).exp())),
        (None, false) => {
            let sigma = deviation * variable.slope(u);
            (sigma, (value - factor * sigma, value + factor * sigma))
        }
    };
    Estimate {
        name: variable.name.clone(),
        unit: variable.unit.clone(),
        value,
        sigma,
        interval,
        profile: None,
        start: variable.start,
        at_bound,
        logarithmic: variable.logarithmic,
    }
}

/// Directions whose deviation is too large.
fn open(variables: &[Variable], free: &[usize], singular: &[f64], vectors: &Matrix) -> Vec<Direction> {
    let mut all: Vec<Direction> = Vec::new();
    for (k, s) in singular.iter().enumerate().rev() {
        let deviation = 1.0 / s;
        if deviation < OPEN {
            break;
        }
        let largest = (0..free.len()).fold(0.0f64, |m, c| m.max(vectors.at(k, c).abs()));
        let mut members: Vec<(String, f64)> = free
            .iter()
            .enumerate()
            .map(|(c, &variable)| (variables[variable].name.clone(), vectors.at(k, c)))
            .filter(|(_, weight)| weight.abs() >= MINOR * largest)
            .collect();
        members.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        all.push(Direction { deviation, members });
    }
    all
}

fn qualities(problem: &Problem, residuals: &[f64]) -> Vec<SetFit> {
    let mut row = 0;
    let mut all = Vec::with_capacity(problem.sets.len());
    for (number, set) in problem.sets.iter().enumerate() {
        let mut rows: Vec<Vec<[f64; 4]>> = vec![Vec::new(); set.signals.len()];
        for (k, observation) in set.observations.iter().enumerate() {
            let sigma = problem.sigma(number, k);
            let model = observation.value + residuals[row] * sigma;
            rows[observation.signal].push([observation.at, observation.value, model, sigma]);
            row += 1;
        }
        let signals = set.signals.iter().zip(rows).map(|(signal, rows)| signal_fit(signal.label(), rows)).collect();
        all.push(SetFit { label: set.label.clone(), device: set.device.clone(), celsius: set.celsius, signals });
    }
    all
}

fn signal_fit(name: &str, rows: Vec<[f64; 4]>) -> SignalFit {
    let n = rows.len().max(1) as f64;
    let residual: Vec<f64> = rows.iter().map(|row| row[2] - row[1]).collect();
    let squares: f64 = residual.iter().map(|r| r * r).sum();
    let chi: f64 = rows.iter().map(|row| ((row[2] - row[1]) / row[3]).powi(2)).sum();
    let mean = rows.iter().map(|row| row[1]).sum::<f64>() / n;
    let spread: f64 = rows.iter().map(|row| (row[1] - mean).powi(2)).sum();
    SignalFit {
        signal: name.to_string(),
        count: rows.len(),
        rms: (squares / n).sqrt(),
        chi: (chi / n).sqrt(),
        r2: if spread > 0.0 { 1.0 - squares / spread } else { f64::NAN },
        lag1: super::extract::lag1(&residual),
        rows,
    }
}
