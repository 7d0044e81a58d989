//! JSON: `{"plots":[{"name","title","variables":[{"name","unit"}],"data":{"time":[...],"v(out)":[...]}}]}`.
//!
//! Numbers that are not finite are `null`. A complex signal is `{"re":[...],"im":[...]}`; its axis is a plain list.

use std::io::Write;
use std::path::Path;

use serde::ser::{Serialize, SerializeMap, SerializeStruct, Serializer};

use super::{Dataset, OutputError, Variable, create};

/// Writes all datasets to one file.
pub fn write_json(path: &Path, datasets: &[Dataset]) -> Result<(), OutputError> {
    let mut out = create(path)?;
    serde_json::to_writer(&mut out, &Plots(datasets)).map_err(|e| OutputError::io(path)(e.into()))?;
    writeln!(out).and_then(|()| out.flush()).map_err(OutputError::io(path))
}

/// Writes all datasets to one file with further members beside `plots`.
pub fn write_json_with(
    path: &Path,
    datasets: &[Dataset],
    members: &[(&str, serde_json::Value)],
) -> Result<(), OutputError> {
    let mut out = create(path)?;
    serde_json::to_writer(&mut out, &Document { datasets, members }).map_err(|e| OutputError::io(path)(e.into()))?;
    writeln!(out).and_then(|()| out.flush()).map_err(OutputError::io(path))
}

struct Document<'a> {
    datasets: &'a [Dataset],
    members: &'a [(&'a str, serde_json::Value)],
}

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_map(Some(1 + self.members.len()))?;
        out.serialize_entry("plots", self.datasets)?;
        for (name, value) in self.members {
            out.serialize_entry(name, value)?;
        }
        out.end()
    }
}

/// Datasets in the form `{"plots": [...]}`; serialise it to embed the waveforms in a larger document.
pub struct Plots<'a>(
    /// The datasets, in the order of the analyses.
    pub &'a [Dataset],
);

impl Serialize for Plots<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Plots", 1)?;
        out.serialize_field("plots", self.0)?;
        out.end()
    }
}

impl Serialize for Dataset {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Dataset", 4)?;
        out.serialize_field("name", &self.plot_name)?;
        out.serialize_field("title", &self.title)?;
        out.serialize_field("variables", &self.variables)?;
        out.serialize_field("data", &Columns(self))?;
        out.end()
    }
}

impl Serialize for Variable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Variable", 2)?;
        out.serialize_field("name", &self.name)?;
        out.serialize_field("unit", self.quantity.unit())?;
        out.end()
    }
}

/// All columns by name.
struct Columns<'a>(&'a Dataset);

impl Serialize for Columns<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(data) = *self;
        let mut out = serializer.serialize_map(Some(data.variables.len()))?;
        for (variable, Variable { name, .. }) in data.variables.iter().enumerate() {
            let part = |imaginary| Part { data, variable, imaginary };
            if data.is_complex() && data.axis() != Some(variable) {
                out.serialize_entry(name, &ComplexColumn { re: part(false), im: part(true) })?;
            } else {
                out.serialize_entry(name, &part(false))?;
            }
        }
        out.end()
    }
}

#[derive(serde::Serialize)]
struct ComplexColumn<'a> {
    re: Part<'a>,
    im: Part<'a>,
}

/// The real or imaginary part of one column.
struct Part<'a> {
    data: &'a Dataset,
    variable: usize,
    imaginary: bool,
}

impl Serialize for Part<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let column = self.data.complex_column(self.variable);
        serializer.collect_seq(column.map(|z| if self.imaginary { z.im } else { z.re }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Quantity;
    use num_complex::Complex64;
    use serde_json::json;

    #[test]
    fn the_document_has_the_promised_shape() {
        let variables = vec![Variable::new("time", Quantity::Time), Variable::new("v(out)", Quantity::Voltage)];
        let mut tran = Dataset::new("* deck", "Transient Analysis", variables);
        tran.push_row(&[0.0, f64::NAN]);
        tran.push_row(&[1e-9, 0.1]);
        let variables =
            vec![Variable::new("frequency", Quantity::Frequency), Variable::new("i(v1)", Quantity::Current)];
        let mut ac = Dataset::complex("* deck", "AC Analysis", variables);
        ac.push_complex_row(&[1e3.into(), Complex64::new(0.5, -0.25)]);

        let file = tempfile::NamedTempFile::new().unwrap();
        write_json(file.path(), &[tran, ac]).unwrap();
        let read: serde_json::Value = serde_json::from_slice(&std::fs::read(file.path()).unwrap()).unwrap();
        let expected = json!({"plots": [
            {"name": "Transient Analysis", "title": "* deck",
             "variables": [{"name": "time", "unit": "s"}, {"name": "v(out)", "unit": "V"}],
             "data": {"time": [0.0, 1e-9], "v(out)": [null, 0.1]}},
            {"name": "AC Analysis", "title": "* deck",
             "variables": [{"name": "frequency", "unit": "Hz"}, {"name": "i(v1)", "unit": "A"}],
             "data": {"frequency": [1e3], "i(v1)": {"re": [0.5], "im": [-0.25]}}},
        ]});
        assert_eq!(read, expected);
    }
}
