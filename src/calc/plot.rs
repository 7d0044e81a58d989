//! A dataset as the scope of expressions.

use std::collections::HashMap;
use std::sync::Arc;

use super::ast::{Name, Reference};
use super::evaluate::Scope;
use super::value::{Data, Vector};
use crate::output::{Dataset, Quantity, Values};

/// Finds the vectors of one dataset by any of their spellings.
pub struct Plot<'d> {
    /// The dataset.
    pub data: &'d Dataset,
    columns: HashMap<String, usize>,
    axis: Option<Arc<[f64]>>,
}

/// The form under which a column is looked up: lower case, dots between the parts of a path, no type letter in front of
/// a path (`i(v.x1.v1)` is `i(x1.v1)`), `i(v1)` for `v1#branch`.
pub fn canonical(name: &str) -> String {
    let name: String = name.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
    let name = name.replace(':', ".");
    if let Some(element) = name.strip_suffix("#branch") {
        return format!("i({})", plain_path(element));
    }
    if let Some(rest) = name.strip_prefix('@') {
        return match rest.split_once('[') {
            Some((element, quantity)) => format!("@{}[{quantity}", plain_path(element)),
            None => format!("@{}", plain_path(rest)),
        };
    }
    match name.split_once('(') {
        Some((function, rest)) if function != "v" => format!("{function}({}", plain_path(rest)),
        _ => name,
    }
}

/// A path without ngspice's type letter in front (`m.x1.m1` is `x1.m1`).
fn plain_path(path: &str) -> &str {
    match path.split_once('.') {
        Some((letter, rest)) if letter.len() == 1 && rest.contains('.') => rest,
        _ => path,
    }
}

impl<'d> Plot<'d> {
    /// Indexes the columns of a dataset.
    pub fn new(data: &'d Dataset) -> Self {
        let mut columns = HashMap::with_capacity(data.variables.len());
        for (index, variable) in data.variables.iter().enumerate() {
            columns.entry(canonical(&variable.name)).or_insert(index);
        }
        let axis = data.axis().map(|axis| data.column(axis).collect());
        Self { data, columns, axis }
    }

    /// Index of the column that a name means.
    pub fn column(&self, name: &Name) -> Option<usize> {
        let find = |text: &str| self.columns.get(&canonical(text)).copied();
        match name {
            Name::Voltage(a, None) => find(&format!("v({a})")).or_else(|| find(a)),
            Name::Current(element) => {
                let spellings = [format!("i({element})"), format!("@{element}[i]"), format!("@{element}[id]")];
                spellings.iter().find_map(|text| find(text))
            }
            Name::Terminal(terminal, element) => {
                find(&name.to_string()).or_else(|| find(&format!("@{element}[i{terminal}]")))
            }
            Name::Power(element) => find(&name.to_string()).or_else(|| find(&format!("@{element}[p]"))),
            Name::Plain(plain) => self.plain(plain, &find),
            _ => find(&name.to_string()),
        }
    }

    /// A bare name: a column, the axis, or a node.
    fn plain(&self, name: &str, find: &dyn Fn(&str) -> Option<usize>) -> Option<usize> {
        let axis = || {
            let axis = self.data.axis()?;
            let named = match self.data.variables[axis].quantity {
                Quantity::Time => name == "time",
                Quantity::Frequency => matches!(name, "frequency" | "freq" | "hertz"),
                _ => name.ends_with("-sweep") || name == "sweep",
            };
            named.then_some(axis)
        };
        find(name).or_else(|| find(&format!("v({name})"))).or_else(axis)
    }

    /// The vector in a column.
    pub fn vector(&self, column: usize) -> Vector {
        let complex = self.data.is_complex() && self.data.axis() != Some(column);
        let width = self.data.variables.len();
        let data = match &self.data.values {
            Values::Complex(table) if complex => {
                Data::Complex(table.iter().skip(column).step_by(width).copied().collect())
            }
            Values::Complex(table) => Data::Real(table.iter().skip(column).step_by(width).map(|z| z.re).collect()),
            Values::Real(table) => Data::Real(table.iter().skip(column).step_by(width).copied().collect()),
        };
        Vector { data, quantity: self.data.variables[column].quantity.clone(), axis: self.axis.clone() }
    }

    /// A node's voltage; that of ground is zero.
    fn voltage(&self, node: &str) -> Option<Vector> {
        if let Some(column) = self.column(&Name::Voltage(node.into(), None)) {
            return Some(self.vector(column));
        }
        let zeros = vec![0.0; self.data.points()];
        matches!(node, "0" | "gnd" | "gnd!").then(|| Vector {
            data: Data::Real(zeros),
            quantity: Quantity::Voltage,
            axis: self.axis.clone(),
        })
    }
}

impl Scope for Plot<'_> {
    fn vector(&self, reference: &Reference) -> Option<Vector> {
        if reference.plot.is_some() {
            return None;
        }
        if let Some(column) = self.column(&reference.name) {
            return Some(Plot::vector(self, column));
        }
        match &reference.name {
            Name::Voltage(a, None) => self.voltage(a),
            Name::Voltage(a, Some(b)) => {
                let (a, b) = (self.voltage(a)?, self.voltage(b)?);
                let data = match (&a.data, &b.data) {
                    (Data::Real(x), Data::Real(y)) => Data::Real(x.iter().zip(y).map(|(x, y)| x - y).collect()),
                    _ => Data::Complex((0..a.len()).map(|k| a.at(k) - b.at(k)).collect()),
                };
                Some(Vector { data, ..a })
            }
            _ => None,
        }
    }

    fn axis(&self) -> Option<Arc<[f64]>> {
        self.axis.clone()
    }

    fn names(&self) -> Vec<String> {
        self.data.variables.iter().map(|v| v.name.clone()).collect()
    }
}
