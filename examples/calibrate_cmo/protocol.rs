//! The characterisation of a device: cycles of set and reset pulses behind a series resistor, with reads between them,
//! simulated with the functions of the compact model itself.

use ionspice::devices::memristor::CompactModel;
use ionspice::devices::memristor::cmo_hfo2::{CmoHfo2, CmoHfo2Params, Held};
use ionspice::devices::memristor::model::{Advance, Site};

use super::data::Branches;

/// How the devices were measured.
#[derive(Clone, Debug)]
pub struct Protocol {
    /// Height, V, and width, s, of the set and the reset pulse.
    pub pulses: [(f64, f64); 2],
    /// Series resistance, ohm.
    pub series: f64,
    /// Time between reads, s.
    pub period: f64,
    /// Set pulses, and reset pulses, in a cycle.
    pub count: usize,
}

/// Ambient temperature, K.
const TEMPERATURE: f64 = 300.15;
/// Voltage of a read, V.
pub const READ: f64 = 0.2;
/// Runge-Kutta steps in a pulse; two reach 1e-4 of w.
const STEPS: usize = 2;

/// One simulated device.
struct Cell<'a> {
    model: &'a CmoHfo2,
    x: f64,
    auxiliary: Vec<f64>,
    held: Held,
    stream: u64,
    time: f64,
}

impl Cell<'_> {
    fn site(&self) -> Site<'_> {
        Site { auxiliary: &self.auxiliary, path_slope: 0.0, stream: self.stream, time: self.time }
    }

    /// Conductance at a state without read noise.
    fn conductance(&mut self, x: f64, v: f64) -> f64 {
        let mut held = std::mem::take(&mut self.held);
        let g = self.model.current(&[x], &self.site(), v, &mut held).i / v;
        self.held = held;
        g
    }

    fn read(&mut self) -> f64 {
        self.conductance(self.x, READ)
    }

    /// Voltage that a source leaves for the device at state `x`.
    fn divided(&mut self, x: f64, volts: f64, series: f64) -> f64 {
        volts / (1.0 + series * self.conductance(x, 0.5 * volts))
    }

    fn rate(&mut self, x: f64, volts: f64, series: f64) -> f64 {
        let v = self.divided(x, volts, series);
        let mut held = std::mem::take(&mut self.held);
        let rate = self.model.rate(&[x], &self.site(), v, &mut held).f[0];
        self.held = held;
        rate
    }

    fn pulse(&mut self, volts: f64, width: f64, series: f64) {
        let h = width / STEPS as f64;
        for _ in 0..STEPS {
            let x = self.x;
            let k1 = self.rate(x, volts, series);
            let k2 = self.rate(x + 0.5 * h * k1, volts, series);
            let k3 = self.rate(x + 0.5 * h * k2, volts, series);
            let k4 = self.rate(x + h * k3, volts, series);
            self.x += h / 6.0 * (k1 + 2.0 * (k2 + k3) + k4);
            let v = self.divided(0.5 * (x + self.x), volts, series);
            let history: Vec<f64> = self.auxiliary.iter().map(|a| -a / h).collect();
            let step = Advance {
                before: &[x],
                after: &[self.x],
                v,
                coefficient: 1.0 / h,
                history: &history,
                stream: self.stream,
            };
            self.model.advance(&step, &mut self.auxiliary, &mut self.held);
        }
    }
}

impl Protocol {
    /// Simulates the reads of some cycles; the stream chooses the noise.
    ///
    /// # Errors
    /// What is wrong with the parameters.
    pub fn run(&self, params: &CmoHfo2Params, cycles: usize, stream: u64) -> Result<Branches, String> {
        let model = CmoHfo2::new(params, TEMPERATURE)?;
        let mut states = vec![0.0; CmoHfo2::STATES.len()];
        model.initial(params, &mut states)?;
        let auxiliary = states.split_off(1);
        let mut cell = Cell { model: &model, x: states[0], auxiliary, held: Held::default(), stream, time: 0.0 };
        let mut reads: Branches = [Vec::with_capacity(cycles), Vec::with_capacity(cycles)];
        for _ in 0..cycles {
            cell.time += self.period;
            let mut last = cell.read();
            for (branch, (volts, width)) in reads.iter_mut().zip(self.pulses) {
                let mut row = Vec::with_capacity(self.count + 1);
                row.push(last);
                for _ in 0..self.count {
                    cell.pulse(volts, width, self.series);
                    cell.time += self.period;
                    last = cell.read();
                    row.push(last);
                }
                branch.push(row);
            }
        }
        Ok(reads)
    }
}
