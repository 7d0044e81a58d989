//! Comma-separated values: one header row of plain names, then one row per point.
//!
//! Fields are quoted as in RFC 4180 where needed, lines end in `\n`, and numbers are the shortest decimal that reads
//! back to the same `f64` (`NaN`, `inf`, `-inf` where they are not finite). A complex signal takes two columns,
//! `v(out).re` and `v(out).im`; its axis takes one.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{Dataset, OutputError, create, numbered};

/// Writes the first dataset to `path` and the second, third, ... to `name.2.csv`, `name.3.csv`, ... beside it.
/// Returns the files written.
pub fn write_csv(path: &Path, datasets: &[Dataset]) -> Result<Vec<PathBuf>, OutputError> {
    let mut written = Vec::with_capacity(datasets.len());
    for (index, data) in datasets.iter().enumerate() {
        let path = numbered(path, index + 1);
        let mut out = create(&path)?;
        write_table(&mut out, data).and_then(|()| out.flush()).map_err(OutputError::io(&path))?;
        written.push(path);
    }
    Ok(written)
}

/// Writes a matrix, row by row, without headings: a file that an `.array` can read.
///
/// # Errors
/// The file cannot be written.
pub fn write_matrix(path: &Path, values: &[f64], columns: usize) -> Result<(), OutputError> {
    let write = |out: &mut io::BufWriter<std::fs::File>| -> io::Result<()> {
        for row in values.chunks(columns.max(1)) {
            for (k, value) in row.iter().enumerate() {
                separator(out, k)?;
                number(out, *value)?;
            }
            writeln!(out)?;
        }
        out.flush()
    };
    write(&mut create(path)?).map_err(OutputError::io(path))
}

/// A CSV file of real values that is written row by row.
pub struct CsvStream {
    out: io::BufWriter<std::fs::File>,
    path: PathBuf,
}

impl CsvStream {
    /// Creates the file and writes the headings.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn create(path: &Path, header: &Dataset) -> Result<Self, OutputError> {
        let mut out = create(path)?;
        write_table(&mut out, &header.header()).map_err(OutputError::io(path))?;
        Ok(Self { out, path: path.to_path_buf() })
    }

    /// Writes a row.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn row(&mut self, row: &[f64]) -> Result<(), OutputError> {
        let out = &mut self.out;
        let mut write = || -> io::Result<()> {
            for (k, value) in row.iter().enumerate() {
                separator(out, k)?;
                number(out, *value)?;
            }
            writeln!(out)
        };
        write().map_err(OutputError::io(&self.path))
    }

    /// Writes what is held.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn finish(mut self) -> Result<(), OutputError> {
        self.out.flush().map_err(OutputError::io(&self.path))
    }
}

/// Writes one dataset as CSV.
pub fn write_table(out: &mut impl Write, data: &Dataset) -> io::Result<()> {
    let columns = columns(data);
    for (k, &(variable, part)) in columns.iter().enumerate() {
        separator(out, k)?;
        let name = &data.variables[variable].name;
        match part {
            Part::Whole => field(out, name)?,
            Part::Re => field(out, &format!("{name}.re"))?,
            Part::Im => field(out, &format!("{name}.im"))?,
        }
    }
    writeln!(out)?;
    for point in 0..data.points() {
        for (k, &(variable, part)) in columns.iter().enumerate() {
            separator(out, k)?;
            let value = data.value(point, variable);
            number(out, if part == Part::Im { value.im } else { value.re })?;
        }
        writeln!(out)?;
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq)]
enum Part {
    Whole,
    Re,
    Im,
}

/// Which part of which variable each column shows.
fn columns(data: &Dataset) -> Vec<(usize, Part)> {
    let split = |k: usize| data.is_complex() && data.axis() != Some(k);
    (0..data.variables.len())
        .flat_map(|k| if split(k) { vec![(k, Part::Re), (k, Part::Im)] } else { vec![(k, Part::Whole)] })
        .collect()
}

fn separator(out: &mut impl Write, column: usize) -> io::Result<()> {
    if column > 0 { out.write_all(b",") } else { Ok(()) }
}

fn field(out: &mut impl Write, text: &str) -> io::Result<()> {
    if text.contains([',', '"', '\n', '\r']) {
        write!(out, "\"{}\"", text.replace('"', "\"\""))
    } else {
        out.write_all(text.as_bytes())
    }
}

/// The shortest decimal that reads back to the same number, in scientific form when very small or large.
fn number(out: &mut impl Write, value: f64) -> io::Result<()> {
    let magnitude = value.abs();
    if magnitude != 0.0 && magnitude.is_finite() && !(1e-4..1e16).contains(&magnitude) {
        write!(out, "{value:e}")
    } else {
        write!(out, "{value}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{Quantity, Variable};
    use num_complex::Complex64;
    use proptest::prelude::*;

    fn text(data: &Dataset) -> String {
        let mut out = Vec::new();
        write_table(&mut out, data).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn names_are_quoted_only_where_needed() {
        let variables = ["time", "v(a,b)", "say \"hi\""].map(|n| Variable::new(n, Quantity::Voltage)).to_vec();
        let mut data = Dataset::new("", "Transient Analysis", variables);
        data.push_row(&[1e-9, 0.1, -3.0]);
        data.push_row(&[f64::NAN, f64::INFINITY, 1e16]);
        assert_eq!(text(&data), "time,\"v(a,b)\",\"say \"\"hi\"\"\"\n1e-9,0.1,-3\nNaN,inf,1e16\n");
    }

    #[test]
    fn complex_signals_take_two_columns() {
        let variables =
            vec![Variable::new("frequency", Quantity::Frequency), Variable::new("v(out)", Quantity::Voltage)];
        let mut data = Dataset::complex("", "AC Analysis", variables);
        data.push_complex_row(&[1e3.into(), Complex64::new(0.5, -0.25)]);
        assert_eq!(text(&data), "frequency,v(out).re,v(out).im\n1000,0.5,-0.25\n");
    }

    #[test]
    fn later_plots_go_to_numbered_files() {
        let folder = tempfile::tempdir().unwrap();
        let data = Dataset::new("", "x", vec![Variable::new("a", Quantity::Time)]);
        let written = write_csv(&folder.path().join("run.csv"), &[data.clone(), data]).unwrap();
        let names: Vec<_> = written.iter().map(|p| p.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["run.csv", "run.2.csv"]);
        assert!(written.iter().all(|p| std::fs::read_to_string(p).unwrap() == "a\n"));
        let missing = folder.path().join("no/such/run.csv");
        assert!(write_csv(&missing, &[Dataset::new("", "x", vec![])]).unwrap_err().to_string().contains("run.csv"));
    }

    proptest! {
        #[test]
        fn numbers_read_back_bit_for_bit(bits in any::<u64>()) {
            let value = f64::from_bits(bits);
            let mut out = Vec::new();
            number(&mut out, value).unwrap();
            let read: f64 = std::str::from_utf8(&out).unwrap().parse().unwrap();
            prop_assert!(read.to_bits() == bits || value.is_nan() && read.is_nan());
            prop_assert!(out.len() <= 25);
        }
    }
}
