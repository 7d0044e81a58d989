//! What is computed from the results of a deck: `.measure`, `.four`, and the tables of `.print`.

mod curve;
mod evaluate;
mod fourier;
mod table;

use serde::Serialize;

pub use evaluate::{evaluate, evaluate_after, evaluate_one};
pub(crate) use fourier::general;
pub use fourier::{FourierTable, fourier, fourier_of};
pub use table::{Table, printed};

/// The outcome of one measure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MeasureResult {
    /// Name, lower case.
    pub name: String,
    /// The value; `None` when it could not be measured.
    pub value: Option<f64>,
    /// Places that belong to it: `at`, `from`, `to`, `trig`, `targ`, `with`, or harmonics.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<(String, f64)>,
    /// Why there is no value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

impl MeasureResult {
    /// The value; NaN when there is none.
    pub fn number(&self) -> f64 {
        self.value.unwrap_or(f64::NAN)
    }
}

impl std::fmt::Display for MeasureResult {
    /// `name = value at= place`, as ngspice prints it; `name = failed` and the reason.
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "{:<20}= ", self.name)?;
        match (self.value, &self.failure) {
            (Some(value), _) => {
                write!(f, "{:>13}", scientific(value, 6))?;
                self.details.iter().try_for_each(|(name, place)| write!(f, " {name}= {:>13}", scientific(*place, 6)))
            }
            (None, reason) => write!(f, "failed: {}", reason.as_deref().unwrap_or("no value")),
        }
    }
}

/// A number as C prints it with `%.*e`: at least two digits in the exponent.
pub fn scientific(value: f64, digits: usize) -> String {
    if !value.is_finite() {
        return if value.is_nan() {
            "nan".into()
        } else if value > 0.0 {
            "inf".into()
        } else {
            "-inf".into()
        };
    }
    let text = format!("{value:.digits$e}");
    match text.split_once('e') {
        Some((mantissa, exponent)) => {
            let (sign, digits) = match exponent.strip_prefix('-') {
                Some(digits) => ('-', digits),
                None => ('+', exponent),
            };
            format!("{mantissa}e{sign}{digits:0>2}")
        }
        None => text,
    }
}

#[cfg(test)]
mod tests;
