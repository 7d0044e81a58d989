//! A small dense simulator for the tests of the devices: circuits built in code, Newton, fixed-step integration.

use std::collections::HashMap;

use super::{Banks, Builder, Context, Slot, SourceMode, Stamps, StateStep, Unknown};
use crate::circuit::*;
use crate::diagnostic::{Diagnostic, Span};

/// Room temperature of the tests, K.
pub const T: f64 = 300.15;

/// A circuit under construction.
pub struct Deck {
    pub circuit: Circuit,
}

impl Deck {
    pub fn new() -> Self {
        Self {
            circuit: Circuit {
                title: "test".into(),
                nodes: vec!["0".into()],
                node_index: HashMap::from([("0".into(), NodeId(0))]),
                ..Circuit::default()
            },
        }
    }

    pub fn node(&mut self, name: &str) -> NodeId {
        if let Some(&id) = self.circuit.node_index.get(name) {
            return id;
        }
        let id = NodeId(self.circuit.nodes.len() as u32);
        self.circuit.nodes.push(name.into());
        self.circuit.node_index.insert(name.into(), id);
        id
    }

    pub fn add(&mut self, name: &str, nodes: &str, kind: ElementKind) -> ElementId {
        let nodes = nodes.split_whitespace().map(|n| self.node(n)).collect();
        let id = ElementId(self.circuit.elements.len() as u32);
        self.circuit.element_index.insert(name.into(), id);
        self.circuit.elements.push(Element { name: name.into(), span: Span::default(), nodes, kind });
        id
    }

    pub fn r(&mut self, name: &str, nodes: &str, resistance: f64) -> ElementId {
        self.add(name, nodes, ElementKind::Resistor { resistance, ac_resistance: None, noise: Default::default() })
    }

    pub fn c(&mut self, name: &str, nodes: &str, capacitance: f64) -> ElementId {
        self.add(name, nodes, ElementKind::Capacitor { capacitance, initial_voltage: None })
    }

    pub fn l(&mut self, name: &str, nodes: &str, inductance: f64) -> ElementId {
        self.add(name, nodes, ElementKind::Inductor { inductance, initial_current: None })
    }

    pub fn v(&mut self, name: &str, nodes: &str, dc: f64) -> ElementId {
        self.add(name, nodes, ElementKind::VoltageSource(Source { dc, ac: None, waveform: None }))
    }

    pub fn wave(&mut self, name: &str, nodes: &str, waveform: Waveform) -> ElementId {
        let dc = waveform.value(0.0, TranTimes { step: 1e-9, stop: 1.0 });
        self.add(name, nodes, ElementKind::VoltageSource(Source { dc, ac: None, waveform: Some(waveform) }))
    }

    pub fn model(&mut self, kind: &str, params: &[(&str, f64)]) -> ModelId {
        let name = format!("m{}", self.circuit.models.len());
        let card = ModelCard { name, kind: kind.into(), params: values(params), span: Span::default() };
        self.circuit.models.push(card);
        ModelId(self.circuit.models.len() as u32 - 1)
    }

    pub fn device(&mut self, name: &str, nodes: &str, model: ModelId, params: &[(&str, f64)]) -> ElementId {
        self.add(name, nodes, ElementKind::Device(Device { model, params: values(params), control: None }))
    }

    /// The messages of a circuit that cannot be built.
    pub fn errors(&self) -> Vec<Diagnostic> {
        super::build(&mut Builder::new(&self.circuit, T), &mut vec![]).err().unwrap_or_default()
    }
}

fn values(params: &[(&str, f64)]) -> Vec<ParamValue> {
    let value =
        |&(name, v): &(&str, f64)| ParamValue { name: name.into(), value: ParamData::Number(v), span: Span::default() };
    params.iter().map(value).collect()
}

/// Everything evaluated at one point, dense.
pub struct Evaluation {
    pub i: Vec<f64>,
    pub q: Vec<f64>,
    pub g: Vec<Vec<f64>>,
    pub c: Vec<Vec<f64>>,
    pub limited: bool,
}

/// A built circuit with its state.
pub struct System {
    pub banks: Banks,
    pub names: Vec<String>,
    pub memory: Vec<Vec<f64>>,
    pub time: f64,
    pub gmin: f64,
    pub source_factor: f64,
    places: Vec<(Unknown, Unknown)>,
}

impl System {
    pub fn new(deck: &Deck) -> Self {
        Self::at(deck, T)
    }

    pub fn at(deck: &Deck, temperature: f64) -> Self {
        let mut builder = Builder::new(&deck.circuit, temperature);
        let mut banks = super::build(&mut builder, &mut vec![]).expect("the test circuit is right");
        // every declared entry keeps its own slot; ground has the one after the last
        let mut slot_of = HashMap::new();
        let places: Vec<_> = std::mem::take(&mut builder.places);
        for (k, &(id, ..)) in places.iter().enumerate() {
            slot_of.insert(id, k as Slot);
        }
        let dummy = places.len() as Slot;
        for bank in banks.iter_mut() {
            for slot in bank.slots_mut() {
                *slot = if *slot == Slot::MAX { dummy } else { slot_of[slot] };
            }
        }
        let (_, unknowns, _) = builder.finish();
        let memory = banks.iter().map(|b| {
            let mut cells = vec![0.0; b.memory_count()];
            b.initial_memory(&mut cells);
            cells
        });
        Self {
            memory: memory.collect(),
            names: unknowns.into_iter().map(|u| u.name).collect(),
            time: 0.0,
            gmin: 1e-12,
            source_factor: 1.0,
            places: places.into_iter().map(|(_, r, c)| (r, c)).collect(),
            banks,
        }
    }

    /// Index of an unknown by name.
    pub fn index(&self, name: &str) -> usize {
        self.names.iter().position(|n| n == name).unwrap_or_else(|| panic!("no unknown {name}"))
    }

    pub fn context<'a>(&self, x: &'a [f64], first_iteration: bool, coefficient: Option<f64>) -> Context<'a> {
        Context {
            x,
            time: self.time,
            gmin: self.gmin,
            source_factor: self.source_factor,
            first_iteration,
            states: StateStep { coefficient, history: &[], previous: &[] },
        }
    }

    pub fn eval(&mut self, x: &[f64], first: bool, coefficient: Option<f64>) -> Evaluation {
        let n = self.names.len();
        let slots = self.places.len() + 1;
        let (mut i, mut q, mut flow) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
        let (mut g, mut c) = (vec![0.0; slots], vec![0.0; slots]);
        let mut limited = false;
        let ctx = self.context(x, first, coefficient);
        for (bank, memory) in self.banks.iter_mut().zip(&mut self.memory) {
            bank.constant(&mut g, &mut c);
            let mut out =
                Stamps { i: &mut i, q: &mut q, flow: &mut flow, g: &mut g, c: &mut c, states: &mut [], memory };
            limited |= bank.eval(&ctx, &mut out);
        }
        let dense = |values: &[f64]| {
            let mut matrix = vec![vec![0.0; n]; n];
            for (&(row, column), value) in self.places.iter().zip(values) {
                matrix[row as usize][column as usize] += value;
            }
            matrix
        };
        let (g, c) = (dense(&g), dense(&c));
        Evaluation { i, q, g, c, limited }
    }

    pub fn accept(&mut self, x: &[f64], coefficient: Option<f64>) {
        let ctx = self.context(x, false, coefficient);
        for (bank, memory) in self.banks.iter_mut().zip(&mut self.memory) {
            bank.accept(&ctx, memory);
        }
    }

    /// Newton on `i + a q = rhs`; `a` = 0 is the operating point. Returns the number of iterations.
    pub fn newton(&mut self, x: &mut [f64], a: f64, rhs: &[f64], start: bool) -> Option<usize> {
        let coefficient = (a > 0.0).then_some(a);
        for iteration in 0..300 {
            let e = self.eval(x, start && iteration == 0, coefficient);
            let n = x.len();
            let mut matrix = e.g;
            let mut residual = vec![0.0; n];
            for row in 1..n {
                for (value, c) in matrix[row].iter_mut().zip(&e.c[row]) {
                    *value += a * c;
                }
                residual[row] = rhs[row] - e.i[row] - a * e.q[row];
            }
            let step = solve(matrix, residual)?;
            let small = step.iter().zip(&*x).all(|(d, x)| d.abs() < 1e-9 * x.abs() + 1e-12);
            x.iter_mut().zip(&step).for_each(|(x, d)| *x += d);
            if small && !e.limited && iteration > 0 {
                return Some(iteration);
            }
        }
        None
    }

    /// The operating point, from zero.
    pub fn op(&mut self) -> Vec<f64> {
        let mut x = vec![0.0; self.names.len()];
        let zero = x.clone();
        self.newton(&mut x, 0.0, &zero, true).expect("the operating point converges");
        self.accept(&x, None);
        x
    }

    /// A transient from the operating point with `steps` equal steps of the trapezoidal rule (the first few backward
    /// Euler); returns the solutions, that at time zero first.
    pub fn transient(&mut self, stop: f64, steps: usize) -> Vec<Vec<f64>> {
        self.banks.sources.set_mode(SourceMode::Transient);
        self.banks.sources.set_times(TranTimes { step: stop / steps as f64, stop });
        let mut x = self.op();
        let h = stop / steps as f64;
        let mut last = self.eval(&x, false, Some(1.0 / h));
        let mut points = vec![x.clone()];
        for k in 0..steps {
            self.time = (k + 1) as f64 * h;
            let euler = k < 2;
            let a = if euler { 1.0 / h } else { 2.0 / h };
            let rhs: Vec<f64> = last.q.iter().zip(&last.i).map(|(q, i)| a * q - if euler { 0.0 } else { *i }).collect();
            // branch and node rows alike: i + dq/dt = 0
            self.newton(&mut x, a, &rhs, false).unwrap_or_else(|| panic!("no convergence at {}", self.time));
            self.accept(&x, Some(a));
            last = self.eval(&x, false, Some(a));
            points.push(x.clone());
        }
        points
    }
}

/// Gaussian elimination of rows and columns 1.. (0 is ground).
fn solve(mut m: Vec<Vec<f64>>, mut b: Vec<f64>) -> Option<Vec<f64>> {
    let n = b.len();
    for k in 1..n {
        let pivot = (k..n).max_by(|&p, &q| m[p][k].abs().total_cmp(&m[q][k].abs()))?;
        if m[pivot][k] == 0.0 || !m[pivot][k].is_finite() {
            return None;
        }
        m.swap(k, pivot);
        b.swap(k, pivot);
        for row in k + 1..n {
            let factor = m[row][k] / m[k][k];
            if factor != 0.0 {
                let (upper, lower) = m.split_at_mut(row);
                for (l, u) in lower[0][k..].iter_mut().zip(&upper[k][k..]) {
                    *l -= factor * u;
                }
                b[row] -= factor * b[k];
            }
        }
    }
    let mut x = vec![0.0; n];
    for k in (1..n).rev() {
        let sum: f64 = (k + 1..n).map(|j| m[k][j] * x[j]).sum();
        x[k] = (b[k] - sum) / m[k][k];
    }
    Some(x)
}
