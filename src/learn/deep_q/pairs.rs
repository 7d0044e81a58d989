//! What holds the weights of a layered network: the interface, and pairs of conductances behind it.

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::convert::Infallible;

use crate::learn::actor_critic::ParameterError;
use crate::learn::agent::StateError;
use crate::learn::hardware::Pulses;
use crate::learn::random::{Random, Stream, saving, stream};

/// Holder of the weights of a layered network.
///
/// In each step of learning the calls come in this order: [`multiply`](Self::multiply) for every layer,
/// [`weights`](Self::weights) for the gradient, [`program`](Self::program).
pub trait NetworkHardware {
    /// Why a read or a write failed.
    type Error: std::error::Error + Send + 'static;

    /// Multiplies input vectors, one after the other in `inputs`, by the weights of a layer: `outputs = inputs W`.
    ///
    /// # Errors
    /// A read that failed.
    fn multiply(&mut self, layer: usize, inputs: &[f64], outputs: &mut [f64]) -> Result<(), Self::Error>;

    /// The weights of a layer as they were last read, `[input][output]`.
    fn weights(&self, layer: usize) -> &[f64];

    /// Changes the weights by what is asked for, blindly, and reads them again.
    ///
    /// # Errors
    /// A write or read that failed.
    fn program(&mut self, changes: &[Vec<f64>]) -> Result<(), Self::Error>;

    /// Write pulses so far.
    fn pulses(&self) -> Pulses;

    /// Name of the fidelity, for reports.
    fn fidelity(&self) -> &str;

    /// All that a resumed run needs; `None` when these weights cannot be saved.
    fn state(&self) -> Option<Value> {
        None
    }

    /// Takes over what [`state`](Self::state) gave.
    ///
    /// # Errors
    /// A state of other weights.
    fn restore(&mut self, _state: &Value) -> Result<(), StateError> {
        Err(StateError("these weights cannot be resumed".to_owned()))
    }
}

/// How weights become conductances, and conductances gate voltages.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PairRule {
    /// Conductance per unit of weight, S: `w = (G+ - G-) / scale`.
    pub scale: f64,
    /// Conductance written per volt of gate voltage, S/V.
    pub slope: f64,
    /// The same as the controller believes, S/V.
    pub controller_slope: f64,
    /// Lowest gate voltage, V.
    pub gate_min: f64,
    /// Highest gate voltage, V.
    pub gate_max: f64,
    /// Standard deviation of a written conductance, S.
    pub sigma: f64,
    /// Initial weights are uniform between minus and plus this.
    pub spread: f64,
}

impl Default for PairRule {
    /// The device law that spans 109 to 273 uS, without noise.
    fn default() -> Self {
        Self {
            scale: 250e-6,
            slope: 182e-6,
            controller_slope: 182e-6,
            gate_min: 0.6,
            gate_max: 1.5,
            sigma: 0.0,
            spread: 0.25,
        }
    }
}

/// One layer: row-major `[input][output]`.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Layer {
    outputs: usize,
    plus: Vec<f64>,
    minus: Vec<f64>,
    weights: Vec<f64>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct State {
    layers: Vec<Layer>,
    pulses: Pulses,
    #[serde(with = "saving")]
    random: Random,
}

/// Two memristors a weight, each written by one gate voltage; ideal reads.
///
/// A write sets `G = slope Vg` plus a normal deviate, whatever was there before, so errors of writing do not accumulate. What is kept
/// is the map of gate voltages; nothing is verified. As in the published code a requested change moves the gate of each device by
/// `dw scale / slope`, one up and one down, so that the weight of the pair moves by twice the request.
#[derive(Clone, Debug)]
pub struct ConductancePairs {
    rule: PairRule,
    state: State,
}

impl ConductancePairs {
    /// Pairs for layers of these sizes with random initial weights.
    ///
    /// # Errors
    /// A parameter out of range.
    pub fn new(rule: PairRule, sizes: &[usize], seed: u64) -> Result<Self, ParameterError> {
        let mut random = stream(seed, Stream::Fabrication);
        let counts = sizes.windows(2).map(|pair| pair[0] * pair[1]);
        let weights: Vec<Vec<f64>> = counts
            .map(|count| (0..count).map(|_| rule.spread * (2.0 * random.random::<f64>() - 1.0)).collect())
            .collect();
        Self::with_weights(rule, sizes, &weights, seed)
    }

    /// Pairs written with these weights: both gates at the middle, one raised.
    ///
    /// # Errors
    /// A parameter out of range.
    pub fn with_weights(
        rule: PairRule,
        sizes: &[usize],
        weights: &[Vec<f64>],
        seed: u64,
    ) -> Result<Self, ParameterError> {
        let positive =
            [("scale", rule.scale), ("slope", rule.slope), ("slope of the controller", rule.controller_slope)];
        for (parameter, value) in positive {
            if !(value > 0.0 && value.is_finite()) {
                return Err(ParameterError { parameter, value, range: "a finite number above 0" });
            }
        }
        if rule.gate_min.partial_cmp(&rule.gate_max) != Some(std::cmp::Ordering::Less) {
            return Err(ParameterError {
                parameter: "lowest gate voltage",
                value: rule.gate_min,
                range: "below the highest",
            });
        }
        let random = stream(seed, Stream::DeviceState);
        let mut held = Self { rule, state: State { layers: Vec::new(), pulses: Pulses::default(), random } };
        let middle = 0.5 * (rule.gate_min + rule.gate_max);
        for (outputs, weights) in sizes.iter().skip(1).zip(weights) {
            let raised = |w: f64| (middle + w.max(0.0) * rule.scale / rule.controller_slope).min(rule.gate_max);
            let mut layer = Layer {
                outputs: *outputs,
                plus: weights.iter().map(|w| raised(*w)).collect(),
                minus: weights.iter().map(|w| raised(-*w)).collect(),
                weights: weights.clone(),
            };
            for ((w, plus), minus) in layer.weights.iter_mut().zip(&layer.plus).zip(&layer.minus) {
                *w = held.rule.written(*plus, *minus, &mut held.state.random);
            }
            held.state.layers.push(layer);
        }
        Ok(held)
    }

    /// Gate voltages of a layer, V: first devices, second devices.
    pub fn gates(&self, layer: usize) -> (&[f64], &[f64]) {
        let layer = &self.state.layers[layer];
        (&layer.plus, &layer.minus)
    }
}

impl PairRule {
    /// Weight of a pair after both devices were written.
    fn written(&self, plus: f64, minus: f64, random: &mut Random) -> f64 {
        let mut difference = self.slope * (plus - minus);
        if self.sigma > 0.0 {
            let (a, b): (f64, f64) = (StandardNormal.sample(random), StandardNormal.sample(random));
            difference += self.sigma * (a - b);
        }
        difference / self.scale
    }
}

impl NetworkHardware for ConductancePairs {
    type Error = Infallible;

    fn multiply(&mut self, layer: usize, inputs: &[f64], outputs: &mut [f64]) -> Result<(), Infallible> {
        let Layer { outputs: columns, weights, .. } = &self.state.layers[layer];
        let rows = weights.len() / columns;
        for (input, output) in inputs.chunks_exact(rows).zip(outputs.chunks_exact_mut(*columns)) {
            output.fill(0.0);
            for (x, row) in input.iter().zip(weights.chunks_exact(*columns)) {
                if *x != 0.0 {
                    output.iter_mut().zip(row).for_each(|(y, w)| *y += x * w);
                }
            }
        }
        Ok(())
    }

    fn weights(&self, layer: usize) -> &[f64] {
        &self.state.layers[layer].weights
    }

    fn program(&mut self, changes: &[Vec<f64>]) -> Result<(), Infallible> {
        let Self { rule, state: State { layers, pulses, random } } = self;
        let volts = rule.scale / rule.controller_slope;
        let mut written = 0;
        for (layer, changes) in layers.iter_mut().zip(changes) {
            let gates = layer.plus.iter_mut().zip(&mut layer.minus);
            for ((w, (plus, minus)), dw) in layer.weights.iter_mut().zip(gates).zip(changes) {
                if *dw != 0.0 {
                    *plus = (*plus + dw * volts).clamp(rule.gate_min, rule.gate_max);
                    *minus = (*minus - dw * volts).clamp(rule.gate_min, rule.gate_max);
                    *w = rule.written(*plus, *minus, random);
                    written += 1;
                }
            }
        }
        // Both devices are set; the one whose gate voltage falls is reset first.
        pulses.set += 2 * written;
        pulses.reset += written;
        Ok(())
    }

    fn pulses(&self) -> Pulses {
        self.state.pulses
    }

    fn fidelity(&self) -> &str {
        "pairs"
    }

    fn state(&self) -> Option<Value> {
        serde_json::to_value(&self.state).ok()
    }

    fn restore(&mut self, state: &Value) -> Result<(), StateError> {
        let state = State::deserialize(state)?;
        let shape =
            |s: &State| s.layers.iter().map(|l| (l.plus.len(), l.minus.len(), l.weights.len())).collect::<Vec<_>>();
        if shape(&state) != shape(&self.state) {
            return Err(StateError("another network".to_owned()));
        }
        self.state = state;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_redraws_both_devices() {
        let rule = PairRule { sigma: 4e-6, ..PairRule::default() };
        let weights = vec![vec![0.0; 5000]];
        let mut held = ConductancePairs::with_weights(rule, &[50, 100], &weights, 3).unwrap();
        for _ in 0..20 {
            held.program(&[vec![0.01; 5000]]).unwrap();
        }
        let errors: Vec<f64> = held.weights(0).iter().map(|w| w - 0.4).collect();
        let mean = errors.iter().sum::<f64>() / 5000.0;
        let sd = (errors.iter().map(|e| e * e).sum::<f64>() / 5000.0).sqrt();
        assert!(mean.abs() < 0.002 && (sd / 0.0226 - 1.0).abs() < 0.04, "{mean} {sd}");
        assert_eq!(held.pulses(), Pulses { set: 200_000, reset: 100_000 });
    }

    #[test]
    fn gates_stay_in_their_window_and_what_is_not_asked_for_stays() {
        let rule = PairRule { sigma: 4e-6, ..PairRule::default() };
        let mut held = ConductancePairs::new(rule, &[2, 1], 3).unwrap();
        let before = held.weights(0)[0];
        held.program(&[vec![0.0, 5.0]]).unwrap();
        assert_eq!(held.weights(0)[0], before);
        assert_eq!((held.gates(0).0[1], held.gates(0).1[1]), (1.5, 0.6));
        assert!((held.weights(0)[1] - 0.656).abs() < 0.15);
        let text = held.state().unwrap().to_string();
        let mut second = ConductancePairs::new(rule, &[2, 1], 4).unwrap();
        second.restore(&serde_json::from_str(&text).unwrap()).unwrap();
        for held in [&mut held, &mut second] {
            held.program(&[vec![0.1, -0.1]]).unwrap();
        }
        assert_eq!(held.weights(0), second.weights(0));
        assert!(ConductancePairs::new(PairRule { slope: 0.0, ..rule }, &[2, 1], 3).is_err());
        assert!(ConductancePairs::new(PairRule { gate_min: 2.0, ..rule }, &[2, 1], 3).is_err());
    }
}
