//! Reading and writing cells through the lines of the circuit.

use crate::analysis::{Probe, SimulationError};
use crate::circuit::ElementId;
use crate::cosim::Session;

use super::spec::{Lines, PulseSpec, Spec};

/// Pulses of a train that are programmed at once.
const PULSES_PER_PROGRAM: u32 = 32;

/// One cell of the array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// State line.
    pub row: usize,
    /// Neuron.
    pub column: usize,
}

/// Direction of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Polarity {
    /// Raises the conductance: positive voltage from row to column.
    Set,
    /// Lowers it: positive voltage from column to row.
    Reset,
}

/// The circuit as the controller drives it.
///
/// Writing keeps half-selected cells free of voltage: unselected word lines are off; in a set pulse the unselected columns
/// follow the row, in a reset pulse they stay with it at zero.
pub struct Array {
    /// The running circuit.
    pub session: Session,
    spec: Spec,
    levels: Vec<(ElementId, f64)>,
    meters: Vec<usize>,
    truth: Vec<Probe>,
}

impl Array {
    /// Takes over a session whose lines are all at zero.
    ///
    /// # Errors
    /// A cell that offers no power or no normalised weight.
    pub fn new(mut session: Session, spec: Spec) -> Result<Self, SimulationError> {
        let mut meters = Vec::new();
        let mut truth = Vec::new();
        for cell in spec.columns.iter().flat_map(|c| &c.cells) {
            meters.push(session.meter(*cell)?);
            let name = session.circuit().elements[cell.0 as usize].name.clone();
            truth.push(session.probe_named(&format!("@{name}[w]"))?);
        }
        let mut array = Self { session, spec, levels: Vec::new(), meters, truth };
        array.idle()?;
        Ok(array)
    }

    /// The checked block.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Energy taken up by all cells so far, J.
    pub fn cell_energy(&self) -> f64 {
        self.meters.iter().map(|m| self.session.energy(*m)).sum()
    }

    /// Normalised weight of a cell as the device has it. For reports only: no controller could know it.
    pub fn true_weight(&self, cell: Cell) -> f64 {
        self.session.probe(&self.truth[cell.column * self.spec.rows.len() + cell.row])
    }

    /// Ramps lines to new levels within `edge` seconds; lines that are there already keep still.
    fn ramp(&mut self, targets: &[(ElementId, f64)], edge: f64) -> Result<(), SimulationError> {
        for &(line, target) in targets {
            let present = self.levels.iter_mut().find(|(l, _)| *l == line);
            if matches!(present, Some((_, level)) if *level == target) {
                continue;
            }
            let volts = self.session.convert(line, target)?;
            self.session.program(line, &[(edge, volts)])?;
            match present {
                Some((_, level)) => *level = target,
                None => self.levels.push((line, target)),
            }
        }
        self.session.advance(edge)
    }

    fn push_lines(targets: &mut Vec<(ElementId, f64)>, lines: &Lines, on: impl Fn(usize) -> bool) {
        for (k, driver) in lines.drivers.iter().enumerate() {
            targets.push((*driver, if on(k) { lines.on } else { lines.off }));
        }
    }

    /// All lines off.
    ///
    /// # Errors
    /// The transient failed.
    pub fn idle(&mut self) -> Result<(), SimulationError> {
        let targets = self.targets(|_| 0.0, 0.0, |_| false, false, false);
        self.ramp(&targets, self.spec.read.edge)
    }

    fn targets(
        &self,
        row: impl Fn(usize) -> f64,
        reference: f64,
        gate: impl Fn(usize) -> bool,
        read: bool,
        write: bool,
    ) -> Vec<(ElementId, f64)> {
        let mut targets = Vec::new();
        targets.extend(self.spec.rows.iter().enumerate().map(|(k, r)| (*r, row(k))));
        targets.extend(self.spec.columns.iter().map(|c| (c.drive, 0.0)));
        targets.push((self.spec.reference.drive, reference));
        Self::push_lines(&mut targets, &self.spec.gates, gate);
        Self::push_lines(&mut targets, &self.spec.read_enable, |_| read);
        Self::push_lines(&mut targets, &self.spec.write_enable, |_| write);
        targets
    }

    /// Puts `volts[row]` on the rows, opens the gates of rows that are `selected`, connects the columns to their amplifiers, lets them
    /// settle and samples: the voltage of each column's converter code into `samples`.
    ///
    /// # Errors
    /// The transient failed.
    pub fn read(
        &mut self,
        volts: &[f64],
        reference: f64,
        selected: &[bool],
        samples: &mut [f64],
    ) -> Result<(), SimulationError> {
        let targets = self.targets(|k| volts[k], reference, |k| selected[k], true, false);
        self.ramp(&targets, self.spec.read.edge)?;
        self.session.advance(self.spec.read.settle)?;
        self.sample(samples)
    }

    /// Samples all converters now.
    ///
    /// # Errors
    /// The converters are not what the block says (cannot happen after the check).
    pub fn sample(&mut self, samples: &mut [f64]) -> Result<(), SimulationError> {
        for (sample, column) in samples.iter_mut().zip(&self.spec.columns) {
            let code = self.session.sample(column.adc)?;
            *sample = self.session.adc(column.adc)?.voltage(code);
        }
        Ok(())
    }

    /// Applies `count` identical pulses to the cells of `row` in the columns for which `selected` holds.
    ///
    /// # Errors
    /// The transient failed.
    pub fn write(
        &mut self,
        row: usize,
        selected: &[bool],
        polarity: Polarity,
        count: u32,
    ) -> Result<(), SimulationError> {
        if count == 0 {
            return Ok(());
        }
        let targets = self.targets(|_| 0.0, 0.0, |k| k == row, false, true);
        self.ramp(&targets, self.spec.read.edge)?;
        let (pulse, lines): (PulseSpec, Vec<ElementId>) = match polarity {
            Polarity::Set => {
                let inhibited = self.spec.columns.iter().zip(selected).filter(|(_, s)| !**s).map(|(c, _)| c.drive);
                (self.spec.set, std::iter::once(self.spec.rows[row]).chain(inhibited).collect())
            }
            Polarity::Reset => {
                let chosen = self.spec.columns.iter().zip(selected).filter(|(_, s)| **s).map(|(c, _)| c.drive);
                (self.spec.reset, chosen.collect())
            }
        };
        let period = 2.0 * pulse.edge + pulse.width + pulse.gap;
        let mut left = count;
        while left > 0 {
            let now = left.min(PULSES_PER_PROGRAM);
            self.train(&lines, &pulse, period, now)?;
            left -= now;
        }
        Ok(())
    }

    /// Programs `count` pulses on all `lines` and lets them pass.
    fn train(
        &mut self,
        lines: &[ElementId],
        pulse: &PulseSpec,
        period: f64,
        count: u32,
    ) -> Result<(), SimulationError> {
        for &line in lines {
            let high = self.session.convert(line, pulse.amplitude)?;
            let low = self.session.convert(line, 0.0)?;
            let points: Vec<(f64, f64)> = (0..count)
                .flat_map(|k| {
                    let start = period * f64::from(k);
                    [
                        (start + pulse.edge, high),
                        (start + pulse.edge + pulse.width, high),
                        (start + 2.0 * pulse.edge + pulse.width, low),
                        (start + period, low),
                    ]
                })
                .collect();
            self.session.program(line, &points)?;
        }
        self.session.advance(period * f64::from(count))
    }
}
