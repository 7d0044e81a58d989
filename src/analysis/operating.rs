//! Tables of the devices' operating points.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::Options;
use super::system::{Place, Point, System};
use super::{Failure, run::at_operating_point};
use crate::circuit::{Circuit, ElementKind, element_letter};
use crate::measure::scientific;

/// Internal quantities of all devices of one type at an operating point.
#[derive(Clone, Debug, Serialize)]
pub struct OperatingTable {
    /// Type word of the model card, or of the element.
    pub kind: String,
    /// Names of the quantities.
    pub names: Vec<String>,
    /// Name of each device with its values, SI units; NaN where a device does not have the quantity.
    pub rows: Vec<(String, Vec<f64>)>,
}

/// Devices of one type that are printed.
const MOST_SHOWN: usize = 200;
/// Devices in one band of the printed table.
const ACROSS: usize = 5;

/// The tables of a solved point, by type.
pub fn tables(circuit: &Circuit, system: &System, point: &Point, options: &Options) -> Vec<OperatingTable> {
    let mut all: BTreeMap<(usize, String), OperatingTable> = BTreeMap::new();
    for (number, bank) in system.banks.iter().enumerate() {
        let names: Vec<String> = bank.internal_names().iter().map(|name| name.to_string()).collect();
        if names.is_empty() {
            continue;
        }
        for (index, element) in bank.elements().iter().enumerate() {
            let element = &circuit.elements[element.0 as usize];
            let kind = match &element.kind {
                ElementKind::Device(device) => circuit.models[device.model.0 as usize].kind.clone(),
                _ => element_letter(&element.name).to_string(),
            };
            let place = Place { bank: number, index };
            let value = |name: &String| system.internal(place, name, point, 0.0, options.gmin).unwrap_or(f64::NAN);
            let values = names.iter().map(value).collect();
            let table = all.entry((number, kind.clone())).or_insert_with(|| OperatingTable {
                kind,
                names: names.clone(),
                rows: Vec::new(),
            });
            table.rows.push((element.name.clone(), values));
        }
    }
    all.into_values().collect()
}

/// Finds the operating point of a circuit and tabulates its devices.
///
/// # Errors
/// As an `.op` analysis.
pub fn operating_points(circuit: &Circuit, options: &Options) -> Result<Vec<OperatingTable>, Failure> {
    let (system, point) = at_operating_point(circuit, options)?;
    Ok(tables(circuit, &system, &point, options))
}

impl fmt::Display for OperatingTable {
    /// Devices side by side, one line for each quantity.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let shown = &self.rows[..self.rows.len().min(MOST_SHOWN)];
        let first = self.names.iter().map(String::len).max().unwrap_or(0).max(self.kind.len()).max(8);
        for band in shown.chunks(ACROSS) {
            let width = |name: &str| name.len().max(14);
            let head: Vec<String> = band.iter().map(|(name, _)| format!("{name:>0$}", width(name))).collect();
            writeln!(f, "  {:<first$} {}", self.kind, head.join(" "))?;
            for (k, quantity) in self.names.iter().enumerate() {
                if band.iter().all(|(_, values)| values[k].is_nan()) {
                    continue;
                }
                let cells = band.iter().map(|(name, values)| {
                    let text = if values[k].is_nan() { "-".into() } else { scientific(values[k], 6) };
                    format!("{text:>0$}", width(name))
                });
                writeln!(f, "  {quantity:<first$} {}", cells.collect::<Vec<_>>().join(" "))?;
            }
        }
        match self.rows.len() - shown.len() {
            0 => Ok(()),
            more => writeln!(f, "  and {more} more"),
        }
    }
}
