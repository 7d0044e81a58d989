//! The result of one analysis: named variables and a table of values.

use num_complex::Complex64;

/// What a variable measures; fixes its unit and its type word in a raw file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Quantity {
    /// Time, s.
    Time,
    /// Voltage, V.
    Voltage,
    /// Current, A.
    Current,
    /// Frequency, Hz.
    Frequency,
    /// Temperature, in degrees Celsius as everywhere in netlists.
    Temperature,
    /// Anything else, by the symbol of its unit (`Ohm`, `W`, ...); empty for a plain number.
    Other(String),
}

impl Quantity {
    /// Symbol of the unit; empty for a plain number.
    pub fn unit(&self) -> &str {
        match self {
            Self::Time => "s",
            Self::Voltage => "V",
            Self::Current => "A",
            Self::Frequency => "Hz",
            Self::Temperature => "°C",
            Self::Other(unit) => unit,
        }
    }
}

/// One column of a [`Dataset`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Name as the user writes it: `time`, `v(out)`, `i(v1)`.
    pub name: String,
    /// What it measures.
    pub quantity: Quantity,
}

impl Variable {
    /// A variable with this name and quantity.
    pub fn new(name: impl Into<String>, quantity: Quantity) -> Self {
        Self { name: name.into(), quantity }
    }
}

/// Row-major values, points x variables.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Of a time-domain or static analysis.
    Real(Vec<f64>),
    /// Of a frequency-domain analysis; the axis has no imaginary part.
    Complex(Vec<Complex64>),
}

/// The results of one analysis.
///
/// The first variable is the axis (time, frequency, swept source), except in an operating point, which has none.
/// A swept voltage source is named `v(v-sweep)` and a swept current source `i(i-sweep)`, as ngspice does.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// Title line of the netlist.
    pub title: String,
    /// `Transient Analysis`, `DC transfer characteristic`, `Operating Point`, `AC Analysis`, ...
    pub plot_name: String,
    /// The columns.
    pub variables: Vec<Variable>,
    /// The table.
    pub values: Values,
}

impl Dataset {
    /// Plot name of an operating point; without an axis.
    pub const OPERATING_POINT: &str = "Operating Point";
    /// Plot name of a transfer function; without an axis.
    pub const TRANSFER_FUNCTION: &str = "Transfer Function";
    /// Plot name of noise over the frequencies of a `.noise`; without an axis.
    pub const INTEGRATED_NOISE: &str = "Integrated Noise";
    /// Plot name of poles and zeros; without an axis.
    pub const POLE_ZERO: &str = "Pole-Zero Analysis";
    /// Plot name of sensitivities; without an axis unless they are over frequency.
    pub const SENSITIVITY: &str = "Sensitivity Analysis";

    /// An empty table of real values.
    pub fn new(title: impl Into<String>, plot_name: impl Into<String>, variables: Vec<Variable>) -> Self {
        Self { title: title.into(), plot_name: plot_name.into(), variables, values: Values::Real(Vec::new()) }
    }

    /// An empty table of complex values.
    pub fn complex(title: impl Into<String>, plot_name: impl Into<String>, variables: Vec<Variable>) -> Self {
        Self { values: Values::Complex(Vec::new()), ..Self::new(title, plot_name, variables) }
    }

    /// The same columns without rows.
    pub fn header(&self) -> Self {
        let values = if self.is_complex() { Values::Complex(Vec::new()) } else { Values::Real(Vec::new()) };
        Self { title: self.title.clone(), plot_name: self.plot_name.clone(), variables: self.variables.clone(), values }
    }

    /// Number of rows.
    pub fn points(&self) -> usize {
        let values = match &self.values {
            Values::Real(data) => data.len(),
            Values::Complex(data) => data.len(),
        };
        values.checked_div(self.variables.len()).unwrap_or(0)
    }

    /// True for a table of complex values.
    pub fn is_complex(&self) -> bool {
        matches!(self.values, Values::Complex(_))
    }

    /// Index of the axis: the first variable, or none where there is one row only (operating point, transfer function,
    /// integrated noise, poles and zeros, DC sensitivities).
    pub fn axis(&self) -> Option<usize> {
        let plain = [Self::OPERATING_POINT, Self::TRANSFER_FUNCTION, Self::INTEGRATED_NOISE, Self::POLE_ZERO];
        let is = |name: &str| self.plot_name.eq_ignore_ascii_case(name);
        let without = plain.into_iter().any(is) || (is(Self::SENSITIVITY) && matches!(self.values, Values::Real(_)));
        (!self.variables.is_empty() && !without).then_some(0)
    }

    /// Appends a row; in a complex table with zero imaginary parts.
    ///
    /// # Panics
    /// When the length of the row is not the number of variables, a mistake in the caller.
    pub fn push_row(&mut self, row: &[f64]) {
        assert_eq!(row.len(), self.variables.len(), "one value per variable");
        match &mut self.values {
            Values::Real(data) => data.extend_from_slice(row),
            Values::Complex(data) => data.extend(row.iter().map(|&re| Complex64::new(re, 0.0))),
        }
    }

    /// Appends a row of complex values; a real table keeps their real parts.
    ///
    /// # Panics
    /// When the length of the row is not the number of variables, a mistake in the caller.
    pub fn push_complex_row(&mut self, row: &[Complex64]) {
        assert_eq!(row.len(), self.variables.len(), "one value per variable");
        match &mut self.values {
            Values::Real(data) => data.extend(row.iter().map(|z| z.re)),
            Values::Complex(data) => data.extend_from_slice(row),
        }
    }

    /// One value; an imaginary part of zero in a real table.
    ///
    /// # Panics
    /// When the point or the variable does not exist.
    pub fn value(&self, point: usize, variable: usize) -> Complex64 {
        let at = point * self.variables.len() + variable;
        match &self.values {
            Values::Real(data) => Complex64::new(data[at], 0.0),
            Values::Complex(data) => data[at],
        }
    }

    /// The values of one variable, point by point: the real parts in a complex table.
    pub fn column(&self, variable: usize) -> impl ExactSizeIterator<Item = f64> + Clone + '_ {
        (0..self.points()).map(move |point| self.value(point, variable).re)
    }

    /// The values of one variable as complex numbers.
    pub fn complex_column(&self, variable: usize) -> impl ExactSizeIterator<Item = Complex64> + Clone + '_ {
        (0..self.points()).map(move |point| self.value(point, variable))
    }

    /// The same table with one of its variables as the axis in place of the old one; `None` when there is none of this
    /// name.
    pub fn over(&self, name: &str) -> Option<Self> {
        let axis = self.find(name)?;
        let old = self.axis();
        let order: Vec<usize> =
            std::iter::once(axis).chain((0..self.variables.len()).filter(|&k| k != axis && Some(k) != old)).collect();
        let mut curves = self.header();
        curves.variables = order.iter().map(|&k| self.variables[k].clone()).collect();
        for point in 0..self.points() {
            let row: Vec<Complex64> = order.iter().map(|&k| self.value(point, k)).collect();
            curves.push_complex_row(&row);
        }
        Some(curves)
    }

    /// Index of the variable with this name, whatever its case.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.variables.iter().position(|v| v.name.eq_ignore_ascii_case(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp() -> Dataset {
        let variables = vec![Variable::new("time", Quantity::Time), Variable::new("v(out)", Quantity::Voltage)];
        let mut data = Dataset::new("t", "Transient Analysis", variables);
        for k in 0..3 {
            data.push_row(&[k as f64, 10.0 * k as f64]);
        }
        data
    }

    #[test]
    fn columns_are_read_across_rows() {
        let data = ramp();
        assert_eq!(data.points(), 3);
        assert_eq!(data.column(1).collect::<Vec<_>>(), [0.0, 10.0, 20.0]);
        assert_eq!(data.find("V(OUT)"), Some(1));
        assert_eq!(data.find("v(in)"), None);
    }

    #[test]
    fn another_axis() {
        let curves = ramp().over("V(out)").unwrap();
        assert_eq!(curves.variables.len(), 1);
        assert_eq!(curves.axis(), Some(0));
        assert_eq!(curves.column(0).collect::<Vec<_>>(), [0.0, 10.0, 20.0]);
        assert!(ramp().over("v(in)").is_none());
    }

    #[test]
    fn only_an_operating_point_has_no_axis() {
        let mut data = ramp();
        assert_eq!(data.axis(), Some(0));
        data.plot_name = "operating point".into();
        assert_eq!(data.axis(), None);
        assert_eq!(Dataset::new("", "x", vec![]).axis(), None);
        assert_eq!(Dataset::new("", "x", vec![]).points(), 0);
    }

    #[test]
    fn real_rows_enter_a_complex_table() {
        let mut data = Dataset::complex("t", "AC Analysis", vec![Variable::new("frequency", Quantity::Frequency)]);
        data.push_row(&[1e3]);
        data.push_complex_row(&[Complex64::new(2e3, 1.0)]);
        assert_eq!(data.complex_column(0).collect::<Vec<_>>(), [1e3.into(), Complex64::new(2e3, 1.0)]);
    }
}
