//! `write`, `wrdata`, `load`.

use super::plots::dataset;
use super::spectra::column_name;
use super::{Done, Interpreter, Problem};
use crate::measure::scientific;
use crate::output::{RawFormat, Variable, read_raw, write_raw};

impl Interpreter<'_> {
    /// `write [file [expressions]]`: a raw file of the current plot.
    pub(super) fn write_raw(&mut self, rest: &str) -> Done {
        let (file, rest) = rest.trim().split_once(char::is_whitespace).unwrap_or((rest.trim(), ""));
        let file = if file.is_empty() { "rawspice.raw" } else { file };
        let path = self.path(file);
        let ascii = self.variable("filetype").is_some_and(|words| words[0].eq_ignore_ascii_case("ascii"));
        let format = if ascii { RawFormat::Ascii } else { RawFormat::Binary };
        let text = if rest.trim().is_empty() { "all" } else { rest };
        let vectors = self.listed(text)?;
        let plot = self.plots.current();
        let axis = plot.axis().zip(plot.data.axis()).map(|(axis, column)| (plot.data.variables[column].clone(), axis));
        let axis = axis.filter(|(_, axis)| vectors.iter().all(|(_, v)| v.len() == 1 || v.len() == axis.len()));
        let named: Vec<_> = vectors
            .into_iter()
            .filter(|(name, _)| Some(name) != axis_name(&axis))
            .map(|(name, vector)| (column_name(&name, &vector.quantity), vector))
            .collect();
        let data = dataset(&plot.data.title, &plot.data.plot_name, axis, &named);
        write_raw(&path, &[data], format, None).map_err(|e| Problem::Plain(format!("cannot write {e}")))
    }

    /// `wrdata file expressions`: columns of numbers, each vector with its axis before it.
    pub(super) fn write_data(&mut self, rest: &str) -> Done {
        let (file, rest) = rest.trim().split_once(char::is_whitespace).ok_or("`wrdata` needs a file and vectors")?;
        let single = self.variable("wr_singlescale").is_some();
        let names = self.variable("wr_vecnames").is_some();
        let vectors = self.listed(rest)?;
        if vectors.is_empty() {
            return Err("nothing to write".into());
        }
        let axis_name = self.plots.current().axis_name().unwrap_or_else(|| "index".into());
        let points = vectors.iter().map(|(_, v)| v.len()).max().unwrap_or(0);
        let mut text = String::new();
        if names {
            for (k, (name, vector)) in vectors.iter().enumerate() {
                if k == 0 || !single {
                    text += &format!(" {axis_name:<15}");
                }
                text += &format!(" {name:<15}");
                if vector.is_complex() {
                    text += &format!(" {name:<15}");
                }
            }
            text.push('\n');
        }
        let number = |value: f64| match value.is_sign_negative() {
            true => format!("{} ", scientific(value, 8)),
            false => format!(" {} ", scientific(value, 8)),
        };
        for point in 0..points {
            for (k, (_, vector)) in vectors.iter().enumerate() {
                if point >= vector.len() {
                    text += &" ".repeat(if vector.is_complex() { 48 } else { 32 });
                    continue;
                }
                if k == 0 || !single {
                    let place = vector.axis.as_ref().and_then(|axis| axis.get(point).copied());
                    text += &number(place.unwrap_or(point as f64));
                }
                let z = vector.at(point);
                text += &number(z.re);
                if vector.is_complex() {
                    text += &number(z.im);
                }
            }
            text.push('\n');
        }
        let name =
            if std::path::Path::new(file).extension().is_some() { file.to_string() } else { format!("{file}.data") };
        let append = self.variable("appendwrite").is_some();
        self.put(Some((name, append)), &text)
    }

    /// `load file ..`: plots of raw files.
    pub(super) fn load(&mut self, rest: &str) -> Done {
        for name in super::words::split(rest) {
            let path = self.path(&name);
            let plots = read_raw(&path).map_err(|e| Problem::Plain(format!("cannot read {e}")))?;
            for data in plots {
                self.plots.add(data, None, false);
            }
        }
        Ok(())
    }
}

fn axis_name(axis: &Option<(Variable, std::sync::Arc<[f64]>)>) -> Option<&String> {
    axis.as_ref().map(|(variable, _)| &variable.name)
}
