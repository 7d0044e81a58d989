//! A bench for one bank: a circuit of memristors from node `n<k>` to ground, evaluated at chosen voltages.

use crate::circuit::{
    Circuit, Device, Element, ElementId, ElementKind, ModelCard, ModelId, NodeId, ParamData, ParamValue,
};
use crate::devices::{Bank, BuildBank, Builder, Context, Slot, Stamps, StateStep};
use crate::diagnostic::{Diagnostic, Span};

pub type Given<'a> = &'a [(&'a str, f64)];

fn values(given: Given) -> Vec<ParamValue> {
    let value = |&(name, number): &(&str, f64)| ParamValue {
        name: name.to_string(),
        value: ParamData::Number(number),
        span: Span::default(),
    };
    given.iter().map(value).collect()
}

/// One memristor `y<k>` per instance between node `n<k>` and ground, all of one card.
pub fn circuit(kind: &str, card: Given, instances: &[Given]) -> Circuit {
    let mut nodes = vec!["0".to_string()];
    let mut elements = Vec::new();
    for (k, given) in instances.iter().enumerate() {
        nodes.push(format!("n{k}"));
        elements.push(Element {
            name: format!("y{k}"),
            span: Span::default(),
            nodes: vec![NodeId(k as u32 + 1), NodeId::GROUND],
            kind: ElementKind::Device(Device { model: ModelId(0), params: values(given), control: None }),
        });
    }
    Circuit {
        nodes,
        elements,
        models: vec![ModelCard { name: "m".into(), kind: kind.into(), params: values(card), span: Span::default() }],
        ..Circuit::default()
    }
}

pub fn build(circuit: &Circuit, constructor: BuildBank) -> Result<Box<dyn Bank>, Vec<Diagnostic>> {
    build_with_seed(circuit, constructor, 0)
}

pub fn build_with_seed(circuit: &Circuit, constructor: BuildBank, seed: u64) -> Result<Box<dyn Bank>, Vec<Diagnostic>> {
    let mut builder = Builder::new(circuit, 300.15);
    builder.seed = seed;
    let elements: Vec<ElementId> = (0..circuit.elements.len() as u32).map(ElementId).collect();
    let mut found = Vec::new();
    constructor(&mut builder, &elements, &mut found).ok_or(found)
}

/// What one evaluation of a single memristor gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    pub i: f64,
    pub g: f64,
    pub states: Vec<f64>,
    pub limited: bool,
}

/// A single memristor under voltage control, with its own fixed-step integrator.
pub struct Bench {
    pub bank: Box<dyn Bank>,
    pub states: Vec<f64>,
    pub slopes: Vec<f64>,
    pub time: f64,
}

/// A bench for a bank of one memristor.
pub fn from_bank(mut bank: Box<dyn Bank>) -> Bench {
    // ground entries share one waste slot
    bank.slots_mut().into_iter().for_each(|slot| *slot = if *slot == Slot::MAX { 1 } else { 0 });
    let mut states = vec![0.0; bank.state_count()];
    bank.initial_states(&mut states);
    let slopes = vec![0.0; states.len()];
    Bench { bank, states, slopes, time: 0.0 }
}

impl Bench {
    pub fn new(kind: &str, constructor: BuildBank, card: Given) -> Self {
        let circuit = circuit(kind, card, &[&[]]);
        from_bank(build(&circuit, constructor).unwrap_or_else(|found| panic!("{found:?}")))
    }

    /// Evaluates at `v` for an integration formula with this coefficient and history.
    pub fn eval(&mut self, v: f64, coefficient: Option<f64>, history: &[f64], previous: &[f64]) -> Reply {
        let mut states = vec![f64::NAN; previous.len()];
        let (mut i, mut q, mut flow) = ([0.0; 2], [0.0; 2], [0.0; 2]);
        let (mut g, mut c) = ([0.0; 2], [0.0; 2]);
        let ctx = Context {
            x: &[0.0, v],
            time: self.time,
            gmin: 1e-12,
            source_factor: 1.0,
            first_iteration: false,
            states: StateStep { coefficient, history, previous },
        };
        let mut out = Stamps {
            i: &mut i,
            q: &mut q,
            flow: &mut flow,
            g: &mut g,
            c: &mut c,
            states: &mut states,
            memory: &mut [],
        };
        let limited = self.bank.eval(&ctx, &mut out);
        Reply { i: i[1], g: g[0], states, limited }
    }

    pub fn operating_point(&mut self, v: f64) -> Reply {
        let states = self.states.clone();
        self.eval(v, None, &[], &states)
    }

    /// Backward Euler (`theta` 1) or trapezoidal (`theta` 0.5) step of size `h` that ends at voltage `v`.
    pub fn step(&mut self, v: f64, h: f64, theta: f64) -> Reply {
        let coefficient = 1.0 / (theta * h);
        let weight = (1.0 - theta) / theta;
        let previous = self.states.clone();
        let history: Vec<f64> = previous.iter().zip(&self.slopes).map(|(s, d)| -coefficient * s - weight * d).collect();
        self.time += h;
        let reply = self.eval(v, Some(coefficient), &history, &previous);
        if !reply.limited {
            for (k, slope) in self.slopes.iter_mut().enumerate() {
                *slope = coefficient * (reply.states[k] - previous[k]) - weight * *slope;
            }
            self.states.clone_from(&reply.states);
        }
        reply
    }

    /// Backward Euler step with a source behind a series resistance.
    pub fn step_through(&mut self, source: f64, series: f64, h: f64) -> Reply {
        let coefficient = 1.0 / h;
        let previous = self.states.clone();
        let history: Vec<f64> = previous.iter().map(|s| -coefficient * s).collect();
        let mut v = source;
        for _ in 0..20 {
            let reply = self.eval(v, Some(coefficient), &history, &previous);
            let correction = (v + series * reply.i - source) / (1.0 + series * reply.g);
            v -= correction;
            if correction.abs() < 1e-9 {
                return self.step(v, h, 1.0);
            }
        }
        panic!("no convergence at {source} V");
    }

    /// A rectangular pulse by backward Euler in equal steps, then rest at 0 V for one long step.
    pub fn pulse(&mut self, v: f64, width: f64, steps: usize) {
        for _ in 0..steps {
            assert!(!self.step(v, width / steps as f64, 1.0).limited);
        }
        assert!(!self.step(0.0, 100.0 * width, 1.0).limited);
    }

    /// Compares the stamped total derivative with central differences of the whole local solution.
    pub fn check_derivative(
        &mut self,
        v: f64,
        coefficient: Option<f64>,
        history: &[f64],
        previous: &[f64],
        tolerance: f64,
    ) {
        let h = 1e-6 * v.abs().max(0.01);
        let at = self.eval(v, coefficient, history, previous);
        let up = self.eval(v + h, coefficient, history, previous);
        let down = self.eval(v - h, coefficient, history, previous);
        if at.limited || up.limited || down.limited {
            return;
        }
        let (right, left) = ((up.i - at.i) / h, (at.i - down.i) / h);
        let numeric = 0.5 * (right + left);
        // one-sided slopes differ where curvature (or a kink) is within reach of the difference step
        let allowed = tolerance * (numeric.abs() + at.i.abs() / h * 1e-9 + 1e-12) + (right - left).abs();
        assert!(
            (at.g - numeric).abs() <= allowed,
            "v {v} coefficient {coefficient:?} history {history:?} previous {previous:?}: stamped {} numeric {numeric}",
            at.g
        );
    }
}
