//! What the controller finds out about the cells before it learns, by reading and writing them as it will later.

use crate::analysis::SimulationError;

use super::array::{Array, Polarity};

/// Conductances as measured through the periphery, `[column][row]`, S; offsets per column, V.
#[derive(Clone, Debug)]
pub struct Calibration {
    /// Conductance at weight 0.
    pub g0: Vec<Vec<f64>>,
    /// Conductance span from weight 0 to weight 1.
    pub span: Vec<Vec<f64>>,
    /// Converter voltage without input and with no row selected.
    pub offset: Vec<f64>,
    /// What selecting a row at zero volts adds to it, `[column][row]`, V: the amplifier's offset drives a current through
    /// the cell.
    pub row_offset: Vec<Vec<f64>>,
}

/// Smallest span taken for real, S.
const SMALLEST_SPAN: f64 = 1e-7;

impl Calibration {
    /// Cycles every cell through the full pulse range, as the devices were characterised: weight 0 is the conductance after the reset
    /// pulses (and at the start), weight 1 the one after the set pulses. Leaves all cells at weight 0.
    ///
    /// # Errors
    /// The transient failed.
    pub fn measure(array: &mut Array) -> Result<Self, SimulationError> {
        let (rows, columns) = (array.spec().rows.len(), array.spec().columns.len());
        let plan = array.spec().calibrate;
        let mut calibration = Self {
            g0: vec![vec![0.0; rows]; columns],
            span: vec![vec![0.0; rows]; columns],
            offset: vec![0.0; columns],
            row_offset: vec![vec![0.0; rows]; columns],
        };
        let none = vec![false; rows];
        let quiet = vec![0.0; rows];
        calibration.offset = averaged(array, &quiet, &none, plan.reads)?;
        let all = vec![true; columns];
        for row in 0..rows {
            let mut selected = none.clone();
            selected[row] = true;
            let samples = averaged(array, &quiet, &selected, plan.reads)?;
            for (column, sample) in samples.iter().enumerate() {
                calibration.row_offset[column][row] = sample - calibration.offset[column];
            }
            let mut low = calibration.conductances(array, row)?;
            let mut high = vec![0.0; columns];
            for _ in 0..plan.cycles {
                array.write(row, &all, Polarity::Set, plan.pulses)?;
                add(&mut high, &calibration.conductances(array, row)?);
                array.write(row, &all, Polarity::Reset, plan.pulses)?;
                add(&mut low, &calibration.conductances(array, row)?);
            }
            for column in 0..columns {
                let g0 = low[column] / f64::from(plan.cycles + 1);
                calibration.g0[column][row] = g0;
                calibration.span[column][row] = (high[column] / f64::from(plan.cycles) - g0).max(SMALLEST_SPAN);
            }
        }
        array.idle()?;
        Ok(calibration)
    }

    /// Conductance of each cell of a row, read through wires, selectors and amplifiers.
    fn conductances(&self, array: &mut Array, row: usize) -> Result<Vec<f64>, SimulationError> {
        let rows = array.spec().rows.len();
        let amplitude = array.spec().read.amplitude;
        let mut volts = vec![0.0; rows];
        let mut selected = vec![false; rows];
        volts[row] = amplitude;
        selected[row] = true;
        let reads = array.spec().calibrate.reads;
        let samples = averaged(array, &volts, &selected, reads)?;
        let gains = array.spec().columns.iter().map(|c| c.gain);
        Ok(samples
            .iter()
            .zip(gains)
            .enumerate()
            .map(|(column, (v, gain))| -(v - self.zero(column, &selected)) / (gain * amplitude))
            .collect())
    }

    /// Converter voltage of a column without input when these rows are selected, V.
    pub fn zero(&self, column: usize, selected: &[bool]) -> f64 {
        let rows = self.row_offset[column].iter().zip(selected);
        self.offset[column] + rows.filter(|(_, s)| **s).map(|(o, _)| o).sum::<f64>()
    }
}

/// Mean of several samples taken one settling time apart.
fn averaged(array: &mut Array, volts: &[f64], selected: &[bool], reads: u32) -> Result<Vec<f64>, SimulationError> {
    let columns = array.spec().columns.len();
    let settle = array.spec().read.settle;
    let mut samples = vec![0.0; columns];
    let mut sum = vec![0.0; columns];
    array.read(volts, 0.0, selected, &mut samples)?;
    add(&mut sum, &samples);
    for _ in 1..reads {
        array.session.advance(settle)?;
        array.sample(&mut samples)?;
        add(&mut sum, &samples);
    }
    sum.iter_mut().for_each(|s| *s /= f64::from(reads));
    Ok(sum)
}

fn add(sum: &mut [f64], values: &[f64]) {
    for (s, v) in sum.iter_mut().zip(values) {
        *s += v;
    }
}
