//! Tables of `.print`.

use std::fmt;

use super::scientific;
use crate::calc::{Evaluator, Plot, Vector};
use crate::circuit::{Circuit, Print};
use crate::output::Dataset;

/// Named columns, the axis first.
#[derive(Clone, Debug)]
pub struct Table {
    /// Names and values.
    pub columns: Vec<(String, Vector)>,
}

/// The tables of the `.print` and `.plot` statements that belong to a dataset; the errors are phrases for the user.
pub fn printed(circuit: &Circuit, data: &Dataset) -> Vec<Result<Table, String>> {
    let belongs = |print: &&Print| print.analysis.is_none_or(|analysis| analysis.made(&data.plot_name));
    let plot = Plot::new(data);
    circuit.prints.iter().filter(belongs).map(|print| table(print, &plot)).collect()
}

fn table(print: &Print, plot: &Plot) -> Result<Table, String> {
    let data = plot.data;
    let mut columns: Vec<(String, Vector)> = Vec::new();
    let named = |column: usize| (data.variables[column].name.clone(), plot.vector(column));
    columns.extend(data.axis().map(named));
    for column in &print.columns {
        let Some(expr) = &column.expr else {
            let kind = |name: &str| match column.label.as_str() {
                "allv" | "v(*)" => name.starts_with("v("),
                "alli" | "i(*)" => name.starts_with("i("),
                _ => true,
            };
            let group = (0..data.variables.len()).filter(|&k| data.axis() != Some(k));
            columns.extend(group.filter(|&k| kind(&data.variables[k].name)).map(named));
            continue;
        };
        let value = Evaluator::new(plot).value(expr);
        columns.push((column.label.clone(), value.map_err(|e| format!("{}: {}", column.label, e.message))?));
    }
    Ok(Table { columns })
}

impl fmt::Display for Table {
    /// One line for each point; a complex value takes two columns.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let mut line = Vec::new();
        for (name, vector) in &self.columns {
            if vector.is_complex() {
                line.push(format!("{:>14}", format!("re({name})")));
                line.push(format!("{:>14}", format!("im({name})")));
            } else {
                line.push(format!("{name:>14}"));
            }
        }
        writeln!(f, "{}", line.join(" "))?;
        let points = self.columns.iter().map(|(_, vector)| vector.len()).max().unwrap_or(0);
        for point in 0..points {
            line.clear();
            for (_, vector) in self.columns.iter().filter(|(_, vector)| !vector.is_empty()) {
                let value = vector.at(point);
                line.push(format!("{:>14}", scientific(value.re, 6)));
                if vector.is_complex() {
                    line.push(format!("{:>14}", scientific(value.im, 6)));
                }
            }
            writeln!(f, "{}", line.join(" "))?;
        }
        Ok(())
    }
}
