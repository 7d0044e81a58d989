//! What is computed from the results of a run, beside the waveforms.

use std::path::Path;

use ionspice::analysis::OperatingTable;
use ionspice::circuit::Circuit;
use ionspice::measure::{self, FourierTable, MeasureResult};
use ionspice::output::{Dataset, OutputError, write_json, write_json_with};

/// Measures, Fourier tables and operating points of devices.
#[derive(Default)]
pub struct Extra {
    pub measures: Vec<MeasureResult>,
    pub fouriers: Vec<FourierTable>,
    pub devices: Vec<OperatingTable>,
    /// `--stats`.
    pub stats: Option<serde_json::Value>,
}

impl Extra {
    /// Adds what the deck asks of a plot.
    pub fn add(&mut self, circuit: &Circuit, plot: &Dataset) {
        self.measures.extend(measure::evaluate_after(circuit, plot, &self.measures));
        self.fouriers.extend(measure::fourier(circuit, plot));
    }

    /// Writes the plots with these.
    pub fn write_json(&self, path: &Path, plots: &[Dataset]) -> Result<(), OutputError> {
        let mut members = Vec::new();
        let mut member = |name: &'static str, value: serde_json::Result<serde_json::Value>, empty: bool| {
            if let (false, Ok(value)) = (empty, value) {
                members.push((name, value));
            }
        };
        member("measures", serde_json::to_value(&self.measures), self.measures.is_empty());
        member("fourier", serde_json::to_value(&self.fouriers), self.fouriers.is_empty());
        member("devices", serde_json::to_value(&self.devices), self.devices.is_empty());
        if let Some(stats) = &self.stats {
            members.push(("stats", stats.clone()));
        }
        if members.is_empty() { write_json(path, plots) } else { write_json_with(path, plots, &members) }
    }
}
