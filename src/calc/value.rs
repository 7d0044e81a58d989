//! Vectors: what an expression is computed to.

use std::sync::Arc;

use num_complex::Complex64;

use crate::output::Quantity;

/// Numbers of a vector.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// Real.
    Real(Vec<f64>),
    /// Complex.
    Complex(Vec<Complex64>),
}

/// A list of numbers with what it measures and the axis it belongs to.
#[derive(Clone, Debug, PartialEq)]
pub struct Vector {
    /// The numbers.
    pub data: Data,
    /// What they measure.
    pub quantity: Quantity,
    /// Axis (time, frequency, swept value) of the plot it comes from, when it has the plot's length.
    pub axis: Option<Arc<[f64]>>,
}

impl Vector {
    /// A plain number.
    pub fn scalar(value: f64) -> Self {
        Self::real(vec![value])
    }

    /// Plain real numbers.
    pub fn real(values: Vec<f64>) -> Self {
        Self { data: Data::Real(values), quantity: Quantity::Other(String::new()), axis: None }
    }

    /// Plain complex numbers.
    pub fn complex(values: Vec<Complex64>) -> Self {
        Self { data: Data::Complex(values), quantity: Quantity::Other(String::new()), axis: None }
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        match &self.data {
            Data::Real(values) => values.len(),
            Data::Complex(values) => values.len(),
        }
    }

    /// True when there are no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// True for complex numbers.
    pub fn is_complex(&self) -> bool {
        matches!(self.data, Data::Complex(_))
    }

    /// One value; beyond the end the last one (a short vector goes on with its last value).
    ///
    /// # Panics
    /// When the vector is empty.
    pub fn at(&self, index: usize) -> Complex64 {
        let index = index.min(self.len() - 1);
        match &self.data {
            Data::Real(values) => Complex64::new(values[index], 0.0),
            Data::Complex(values) => values[index],
        }
    }

    /// The first value's real part; NaN when there is none.
    pub fn first(&self) -> f64 {
        if self.is_empty() { f64::NAN } else { self.at(0).re }
    }

    /// Real parts.
    pub fn reals(&self) -> Vec<f64> {
        match &self.data {
            Data::Real(values) => values.clone(),
            Data::Complex(values) => values.iter().map(|z| z.re).collect(),
        }
    }

    /// All values as complex numbers.
    pub fn complexes(&self) -> Vec<Complex64> {
        match &self.data {
            Data::Real(values) => values.iter().map(|&x| x.into()).collect(),
            Data::Complex(values) => values.clone(),
        }
    }

    /// Elements `from..=to`.
    pub fn slice(&self, from: usize, to: usize) -> Self {
        let data = match &self.data {
            Data::Real(values) => Data::Real(values[from..=to].to_vec()),
            Data::Complex(values) => Data::Complex(values[from..=to].to_vec()),
        };
        let axis = self.axis.as_ref().filter(|axis| axis.len() == self.len()).map(|axis| axis[from..=to].into());
        Self { data, quantity: self.quantity.clone(), axis }
    }

    /// The same numbers in another quantity.
    pub fn measuring(self, quantity: Quantity) -> Self {
        Self { quantity, ..self }
    }
}
