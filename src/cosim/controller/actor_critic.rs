//! Actor-critic weights in the cells of an array: one cell a weight, `w = (G - G0) / (G1 - G0)`.
//!
//! The requested update is formed by the circuit itself (Portner et al. 2025, Fig. 3a): the rows of the present and the next state and a
//! fixed resistor share the critic's amplifier, and row voltages are chosen so that its output is
//! `-alpha (r + gamma V' - V)` in volts.

use crate::analysis::SimulationError;
use crate::learn::{
    HardwareReport, LearningRule, Pulses, Transition, UpdateRequests, WeightHardware, Weights, pulse_count,
};

use super::array::{Array, Cell, Polarity};
use super::calibration::Calibration;

/// Column of the critic.
const CRITIC: usize = 0;

/// A calibrated array that answers an agent's requests.
pub struct ActorCriticArray {
    array: Array,
    calibration: Calibration,
    pulses: Pulses,
    dw_error: Vec<f64>,
    volts: Vec<f64>,
    selected: Vec<bool>,
    samples: Vec<f64>,
    /// Last readings of the actor, when a single row was active: the weights themselves, as far as the controller knows.
    read_weights: Option<Vec<f64>>,
    calibration_energy: f64,
}

impl ActorCriticArray {
    /// Takes over an array and what is known about it. Energy and pulses count from here.
    pub fn new(array: Array, calibration: Calibration) -> Self {
        let (rows, columns) = (array.spec().rows.len(), array.spec().columns.len());
        Self {
            calibration_energy: array.cell_energy(),
            array,
            calibration,
            pulses: Pulses::default(),
            dw_error: Vec::new(),
            volts: vec![0.0; rows],
            selected: vec![false; rows],
            samples: vec![0.0; columns],
            read_weights: None,
        }
    }

    /// The array behind the weights.
    pub fn array(&self) -> &Array {
        &self.array
    }

    /// Energy the cells took up before learning started, J.
    pub fn calibration_energy(&self) -> f64 {
        self.calibration_energy
    }

    /// Exact `alpha (r + gamma V' - V)` from the true weights, for the report.
    fn exact_request(&self, rule: &LearningRule, transition: &Transition) -> f64 {
        let value = |x: &[f64]| -> f64 {
            x.iter()
                .enumerate()
                .filter(|(_, x)| **x != 0.0)
                .map(|(row, x)| x * self.array.true_weight(Cell { row, column: CRITIC }))
                .sum()
        };
        let next = transition.next.map_or(0.0, value);
        rule.learning_rate * (transition.reward + rule.discount * next - value(transition.activities))
    }

    fn apply(&mut self, row: usize, column: usize, dw: f64) -> Result<(), SimulationError> {
        // A request beyond the whole range can only come from a wrong reading.
        let count = pulse_count(dw.clamp(-1.0, 1.0));
        let polarity = if count > 0 { Polarity::Set } else { Polarity::Reset };
        self.pulses.add(count);
        let selected: Vec<bool> = (0..self.samples.len()).map(|c| c == column).collect();
        self.array.write(row, &selected, polarity, count.unsigned_abs())
    }
}

/// A weight that reads 0 or less is not lowered, one that reads 1 or more is not raised (the published rule drops such
/// requests; here the reading stands for the weight).
fn beyond(reading: f64, dw: f64) -> bool {
    if dw < 0.0 { reading <= 0.0 } else { reading >= 1.0 }
}

impl WeightHardware for ActorCriticArray {
    type Error = SimulationError;

    /// Rows carry `x_j` times the read voltage; the columns' zero-weight current is subtracted with the calibrated
    /// conductances, and the span of the active cells, weighted by activity, gives the scale (exact for one active row).
    fn read_actions(&mut self, activities: &[f64], h: &mut [f64]) -> Result<(), SimulationError> {
        let amplitude = self.array.spec().read.amplitude;
        for ((v, s), x) in self.volts.iter_mut().zip(&mut self.selected).zip(activities) {
            *v = x * amplitude;
            *s = *x != 0.0;
        }
        self.array.read(&self.volts, 0.0, &self.selected, &mut self.samples)?;
        let total: f64 = activities.iter().sum();
        for (action, h) in h.iter_mut().enumerate() {
            let column = action + 1;
            let gain = self.array.spec().columns[column].gain;
            let current = -(self.samples[column] - self.calibration.zero(column, &self.selected)) / gain;
            let weighted = |g: &[f64]| -> f64 { g.iter().zip(activities).map(|(g, x)| g * x).sum() };
            let zero = amplitude * weighted(&self.calibration.g0[column]);
            let span = weighted(&self.calibration.span[column]) / total;
            *h = (current - zero) / (amplitude * span);
        }
        let single = activities.iter().filter(|x| **x != 0.0).count() == 1 && total == 1.0;
        self.read_weights = single.then(|| h.to_vec());
        Ok(())
    }

    fn td_request(&mut self, rule: &LearningRule, transition: &Transition) -> Result<f64, SimulationError> {
        let spec = self.array.spec();
        let gain = spec.columns[CRITIC].gain;
        let limit = spec.read.limit;
        let conductance = 1.0 / spec.reference.resistance;
        let rows = self.volts.len();
        for row in 0..rows {
            let x = transition.activities[row];
            let next = transition.next.map_or(0.0, |n| n[row]);
            let coefficient = rule.learning_rate * (rule.discount * next - x);
            self.volts[row] = coefficient / (gain * self.calibration.span[CRITIC][row]);
            self.selected[row] = x != 0.0 || next != 0.0;
        }
        let largest = self.volts.iter().fold(0.0f64, |m, v| m.max(v.abs()));
        let scale = if largest > limit { limit / largest } else { 1.0 };
        let mut compensation = 0.0;
        for row in 0..rows {
            let asked = self.volts[row] * scale;
            self.volts[row] = asked;
            compensation += asked * self.calibration.g0[CRITIC][row];
        }
        let reward = rule.learning_rate * transition.reward * scale / (gain * conductance);
        let reference = reward - compensation / conductance;
        self.array.read(&self.volts, reference, &self.selected, &mut self.samples)?;
        let measured = -(self.samples[CRITIC] - self.calibration.zero(CRITIC, &self.selected)) / scale;
        self.dw_error.push(measured - self.exact_request(rule, transition));
        Ok(measured)
    }

    fn update(&mut self, requests: &UpdateRequests) -> Result<(), SimulationError> {
        for (row, &dw) in requests.critic.iter().enumerate() {
            self.apply(row, CRITIC, dw)?;
        }
        let actions = self.samples.len() - 1;
        for (k, &dw) in requests.actor.iter().enumerate() {
            if self.read_weights.as_ref().is_some_and(|read| beyond(read[k % actions], dw)) {
                continue;
            }
            self.apply(k / actions, 1 + k % actions, dw)?;
        }
        Ok(())
    }

    fn report(&mut self) -> HardwareReport {
        let (rows, columns) = (self.volts.len(), self.samples.len());
        let weight = |row, column| self.array.true_weight(Cell { row, column });
        HardwareReport {
            weights: Weights {
                critic: (0..rows).map(|row| weight(row, CRITIC)).collect(),
                actor: (0..rows).map(|row| (1..columns).map(|column| weight(row, column)).collect()).collect(),
            },
            dw_error: self.dw_error.clone(),
            energy_joules: Some(self.array.cell_energy() - self.calibration_energy),
            simulated_seconds: Some(self.array.session.time()),
            pulses: self.pulses,
            fidelity: match self.array.session.options().fidelity {
                crate::analysis::Fidelity::Transient => "transient".to_string(),
                crate::analysis::Fidelity::QuasiStatic => "quasistatic".to_string(),
            },
        }
    }
}
