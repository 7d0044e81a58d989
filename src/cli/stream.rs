//! Plots whose rows go to disk and are not kept.

use ionspice::circuit::Circuit;
use ionspice::output::{CsvStream, Dataset, OutputError};

use super::run::RunArguments;

/// What is known of a plot whose rows were not kept.
pub struct Streamed {
    /// Number of the plot.
    pub plot: usize,
    /// Rows so far.
    pub points: u64,
    /// Smallest, largest and last value of each column.
    pub columns: Vec<[f64; 3]>,
    csv: Option<CsvStream>,
}

impl Streamed {
    /// Begins a plot; its rows go to `csv`.
    pub fn new(plot: usize, header: &Dataset, csv: Option<CsvStream>) -> Self {
        let columns = vec![[f64::INFINITY, f64::NEG_INFINITY, f64::NAN]; header.variables.len()];
        Self { plot, points: 0, columns, csv }
    }

    /// Takes a row.
    pub fn row(&mut self, row: &[f64]) -> Result<(), OutputError> {
        self.points += 1;
        for ([low, high, last], value) in self.columns.iter_mut().zip(row) {
            (*low, *high, *last) = (low.min(*value), high.max(*value), *value);
        }
        self.csv.as_mut().map_or(Ok(()), |csv| csv.row(row))
    }

    /// Ends the file.
    pub fn finish(&mut self) -> Result<(), OutputError> {
        self.csv.take().map_or(Ok(()), CsvStream::finish)
    }
}

/// Whether something looks at a waveform as a whole after the run: then its rows are kept in memory.
pub fn keeps(arguments: &RunArguments, circuit: &Circuit) -> bool {
    let statements = !(circuit.measures.is_empty()
        && circuit.fouriers.is_empty()
        && circuit.prints.is_empty()
        && circuit.controllers.is_empty());
    statements || arguments.json.is_some() || arguments.plot.is_some() || ionspice::campaign::wanted(circuit)
}
