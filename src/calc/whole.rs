//! Functions of whole vectors: means, sorts, derivatives along the axis, transforms.

use num_complex::Complex64;
use rand::RngExt;
use rand_distr::{Distribution, Exp, Poisson, StandardNormal};

use super::Error;
use super::ast::Expr;
use super::calculus::{derivative, interpolated, running_integral, running_mean, unwrapped};
use super::evaluate::Evaluator;
use super::fourier::{spectrum, transform};
use super::units::plain;
use super::value::{Data, Vector};
use crate::output::Quantity;

/// Their names.
pub(super) const NAMES: &[&str] = &[
    "cph",
    "cphase",
    "unwrap",
    "norm",
    "rms",
    "mean",
    "vecmin",
    "minimum",
    "vecmax",
    "maximum",
    "avg",
    "integ",
    "sdt",
    "idt",
    "deriv",
    "ddt",
    "d",
    "vecd",
    "length",
    "vector",
    "unitvec",
    "cvector",
    "interpolate",
    "group_delay",
    "fft",
    "ifft",
    "rnd",
    "sgauss",
    "sunif",
    "poisson",
    "exponential",
    "sortorder",
    "stddev",
    "average",
];

/// Largest vector that `vector(n)` and its kin make.
const LONGEST: f64 = 1e7;

/// Applies `real` or `complex` to the data.
fn both(
    x: &Vector,
    real: impl FnOnce(&[f64]) -> Vec<f64>,
    complex: impl FnOnce(&[Complex64]) -> Vec<Complex64>,
) -> Vector {
    let data = match &x.data {
        Data::Real(values) => Data::Real(real(values)),
        Data::Complex(values) => Data::Complex(complex(values)),
    };
    Vector { data, quantity: x.quantity.clone(), axis: x.axis.clone() }
}

/// Mean and, for real data, whatever `of` makes of each value.
fn mean(values: &[Complex64]) -> Complex64 {
    values.iter().sum::<Complex64>() / values.len() as f64
}

fn single(value: Complex64, like: &Vector) -> Vector {
    let data = if like.is_complex() { Data::Complex(vec![value]) } else { Data::Real(vec![value.re]) };
    Vector { data, quantity: like.quantity.clone(), axis: None }
}

/// The extreme value by real part (of the magnitudes of a complex vector).
fn extreme(x: &Vector, better: fn(f64, f64) -> bool) -> Vector {
    let key = |z: &Complex64| if x.is_complex() { z.norm() } else { z.re };
    let best = x.complexes().into_iter().reduce(|best, z| if better(key(&z), key(&best)) { z } else { best });
    single(best.unwrap_or(f64::NAN.into()), x)
}

/// Per second (or per unit of the axis) and times second: what a derivative or an integral measures.
fn changed(quantity: &Quantity, derivative: bool) -> Quantity {
    match (quantity, derivative) {
        (Quantity::Voltage, false) => Quantity::Other("Vs".into()),
        (Quantity::Current, false) => Quantity::Other("C".into()),
        (Quantity::Other(unit), false) if unit == "W" => Quantity::Other("J".into()),
        (Quantity::Voltage, true) => Quantity::Other("V/s".into()),
        (Quantity::Current, true) => Quantity::Other("A/s".into()),
        _ => plain(),
    }
}

/// Calls a function of whole vectors; `None` when there is none of this name.
pub(super) fn call(
    evaluator: &mut Evaluator,
    at: &Expr,
    name: &str,
    arguments: &[Vector],
) -> Option<Result<Vector, Error>> {
    if !NAMES.contains(&name) {
        return None;
    }
    let [x] = arguments else {
        return Some(Err(Error::new(at, format!("`{name}` takes one argument, found {}", arguments.len()))));
    };
    if x.is_empty() {
        return Some(Err(Error::new(at, format!("the argument of `{name}` has no values"))));
    }
    Some(apply(evaluator, at, name, x))
}

fn apply(evaluator: &mut Evaluator, at: &Expr, name: &str, x: &Vector) -> Result<Vector, Error> {
    let axis = || -> Result<&[f64], Error> {
        match &x.axis {
            Some(axis) if axis.len() == x.len() => Ok(axis),
            _ => Err(Error::new(at, format!("`{name}` needs a vector of a plot with an axis (time, frequency, ..)"))),
        }
    };
    Ok(match name {
        "cph" | "cphase" => {
            let phases: Vec<f64> = x.complexes().iter().map(|z| z.arg()).collect();
            let unit = Quantity::Other(if evaluator.degrees { "deg" } else { "rad" }.into());
            let values = unwrapped(&phases).into_iter().map(|p| if evaluator.degrees { p.to_degrees() } else { p });
            Vector { data: Data::Real(values.collect()), quantity: unit, axis: x.axis.clone() }
        }
        "unwrap" => {
            let scale = if evaluator.degrees { std::f64::consts::PI / 180.0 } else { 1.0 };
            let phases: Vec<f64> = x.reals().iter().map(|p| p * scale).collect();
            let values = unwrapped(&phases).into_iter().map(|p| p / scale).collect();
            Vector { data: Data::Real(values), quantity: x.quantity.clone(), axis: x.axis.clone() }
        }
        "norm" => {
            let largest = x.complexes().iter().map(|z| z.norm()).fold(0.0, f64::max);
            both(x, |v| v.iter().map(|y| y / largest).collect(), |v| v.iter().map(|y| y / largest).collect())
                .measuring(plain())
        }
        "rms" => {
            let square = x.complexes().iter().map(|z| z.norm_sqr()).collect::<Vec<_>>();
            let value = match axis() {
                Ok(axis) if axis.len() > 1 && axis[0] != axis[axis.len() - 1] => {
                    running_mean(axis, &square).last().copied().unwrap_or(f64::NAN)
                }
                _ => square.iter().sum::<f64>() / square.len() as f64,
            };
            Vector::scalar(value.sqrt()).measuring(x.quantity.clone())
        }
        "mean" | "average" => single(mean(&x.complexes()), x),
        "stddev" => {
            let values = x.complexes();
            let middle = mean(&values);
            let square: f64 = values.iter().map(|z| (z - middle).norm_sqr()).sum();
            let value = (square / (values.len() as f64 - 1.0).max(1.0)).sqrt();
            Vector::scalar(value).measuring(x.quantity.clone())
        }
        "vecmin" | "minimum" => extreme(x, |a, b| a < b),
        "vecmax" | "maximum" => extreme(x, |a, b| a > b),
        "avg" => match axis() {
            Ok(axis) => both(x, |v| running_mean(axis, v), |v| running_mean(axis, v)),
            Err(_) => {
                let mut sum = Complex64::ZERO;
                let running = x.complexes().into_iter().enumerate().map(|(k, z)| {
                    sum += z;
                    sum / (k + 1) as f64
                });
                let values: Vec<Complex64> = running.collect();
                both(x, |_| values.iter().map(|z| z.re).collect(), |_| values.clone())
            }
        },
        "integ" | "sdt" | "idt" => {
            let axis = axis()?;
            both(x, |v| running_integral(axis, v), |v| running_integral(axis, v)).measuring(changed(&x.quantity, false))
        }
        "deriv" | "ddt" | "d" => {
            let axis = axis()?;
            both(x, |v| derivative(axis, v), |v| derivative(axis, v)).measuring(changed(&x.quantity, true))
        }
        "vecd" => both(
            x,
            |v| v.windows(2).map(|w| w[1] - w[0]).chain(v.windows(2).last().map(|w| w[1] - w[0])).collect(),
            |v| v.windows(2).map(|w| w[1] - w[0]).chain(v.windows(2).last().map(|w| w[1] - w[0])).collect(),
        ),
        "length" => Vector::scalar(x.len() as f64),
        "vector" => Vector::real((0..count(at, x)?).map(|k| k as f64).collect()),
        "cvector" => Vector::complex((0..count(at, x)?).map(|k| Complex64::new(k as f64, 0.0)).collect()),
        "unitvec" => Vector::real(vec![1.0; count(at, x)?]),
        "interpolate" => {
            let from = axis()?;
            let Some(onto) = evaluator.scope.axis() else {
                return Err(Error::new(at, "the present plot has no axis to interpolate onto"));
            };
            let values = x.reals();
            let data = onto.iter().map(|&t| interpolated(from, &values, t)).collect();
            Vector { data: Data::Real(data), quantity: x.quantity.clone(), axis: Some(onto) }
        }
        "group_delay" => {
            let axis = axis()?;
            if !x.is_complex() {
                return Err(Error::new(at, "`group_delay` needs a complex vector over frequency"));
            }
            let phases = unwrapped(&x.complexes().iter().map(|z| z.arg()).collect::<Vec<_>>());
            let omega: Vec<f64> = axis.iter().map(|f| 2.0 * std::f64::consts::PI * f).collect();
            let delay = derivative(&omega, &phases).into_iter().map(|d| -d).collect();
            Vector { data: Data::Real(delay), quantity: Quantity::Time, axis: x.axis.clone() }
        }
        "fft" => {
            let step =
                axis().ok().filter(|a| a.len() > 1).map_or(1.0, |a| (a[a.len() - 1] - a[0]) / (a.len() - 1) as f64);
            let (frequencies, values) = spectrum(&x.reals(), step);
            Vector { data: Data::Complex(values), quantity: x.quantity.clone(), axis: Some(frequencies.into()) }
        }
        "ifft" => {
            // Undoes `fft`: the one-sided amplitudes of a signal of 2 (n - 1) samples.
            let half = x.complexes();
            let size = (2 * half.len().saturating_sub(1)).max(1).next_power_of_two();
            let mut data = vec![Complex64::ZERO; size];
            for (k, z) in half.iter().enumerate() {
                if k == 0 || 2 * k == size {
                    data[k % size] += if k == 0 { *z } else { z / 2.0 };
                } else if k < size {
                    data[k] += z / 2.0;
                    data[size - k] += z.conj() / 2.0;
                }
            }
            transform(&mut data, 1.0);
            Vector::real(data.iter().map(|z| z.re).collect()).measuring(x.quantity.clone())
        }
        "sortorder" => {
            let values = x.reals();
            let mut order: Vec<usize> = (0..values.len()).collect();
            order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
            Vector::real(order.into_iter().map(|k| k as f64).collect())
        }
        _ => random(evaluator, at, name, x)?,
    })
}

fn count(at: &Expr, x: &Vector) -> Result<usize, Error> {
    let wanted = x.first().abs().round();
    if (0.0..=LONGEST).contains(&wanted) {
        return Ok((wanted as usize).max(1));
    }
    Err(Error::new(at, format!("a vector of {wanted:e} values; {LONGEST:e} are the most")))
}

/// Draws of random numbers, one for each value.
fn random(evaluator: &mut Evaluator, at: &Expr, name: &str, x: &Vector) -> Result<Vector, Error> {
    let random = &mut evaluator.random;
    let values = x.reals();
    let draws: Result<Vec<f64>, Error> = values
        .iter()
        .map(|&v| {
            let wrong = |what: &str| Error::new(at, format!("`{name}` of {v:e}: {what}"));
            Ok(match name {
                // Integers from 0 up to the value, the value left out.
                "rnd" => (random.random::<f64>() * v.abs().floor()).floor(),
                "sgauss" => StandardNormal.sample(random),
                "sunif" => 2.0 * random.random::<f64>() - 1.0,
                "poisson" => Poisson::new(v).map_err(|_| wrong("a mean above 0 expected"))?.sample(random),
                _ => Exp::new(1.0 / v).map_err(|_| wrong("a mean above 0 expected"))?.sample(random),
            })
        })
        .collect();
    Ok(Vector { data: Data::Real(draws?), quantity: plain(), axis: x.axis.clone() })
}
