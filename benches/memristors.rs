//! Evaluation cost of every memristor model, in batches of 1024 devices (structure of arrays, one thread).
//!
//! *read*: current and conductance with the states at rest; *step*: an evaluation inside a time step, that is one Newton
//! iteration of the circuit with the local solution of the state equations; *implicit step*: three such iterations at
//! voltages that converge, what a time step of a circuit takes.

use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use ionspice::circuit::{Circuit, Device, Element, ElementKind, ModelCard, ModelId, NodeId};
use ionspice::devices::memristor::TYPES;
use ionspice::devices::{Bank, Builder, Context, ModelType, Slot, Stamps, StateStep};
use ionspice::diagnostic::Span;

const DEVICES: usize = 1024;

/// Voltage that moves the states, and a step in which they move by some percent: V, s.
fn drive(kind: &str) -> (f64, f64) {
    match kind {
        "hp" => (1.0, 1e-2),
        "vteam" => (0.5, 1e-10),
        "team" => (0.5, 1e-3),
        "yakopcic" => (0.4, 1e-5),
        "pem" => (0.9, 1e-5),
        "wox" | "wox_du" => (0.8, 1e-2),
        "cmo_hfo2" | "cmo" => (2.4, 1e-7),
        "sox" => (2.0, 1e-3),
        "mms" | "knowm" => (0.5, 1e-6),
        "stanford" | "stanford_pku" => (1.2, 1e-6),
        "memdiode" => (0.9, 1e-4),
        _ => (1.0, 1e-8),
    }
}

/// A bank of devices with voltages around the drive.
struct Batch {
    bank: Box<dyn Bank>,
    x: Vec<f64>,
    states: Vec<f64>,
    next: Vec<f64>,
    history: Vec<f64>,
    rows: [Vec<f64>; 3],
    entries: [Vec<f64>; 2],
    coefficient: f64,
}

impl Batch {
    fn new(model: &ModelType) -> Self {
        let (v, h) = drive(model.kinds[0]);
        let elements = (0..DEVICES).map(|k| Element {
            name: format!("y{k}"),
            span: Span::default(),
            nodes: vec![NodeId(k as u32 + 1), NodeId::GROUND],
            kind: ElementKind::Device(Device { model: ModelId(0), params: Vec::new(), control: None }),
        });
        let circuit = Circuit {
            nodes: std::iter::once("0".to_string()).chain((0..DEVICES).map(|k| format!("n{k}"))).collect(),
            elements: elements.collect(),
            models: vec![ModelCard {
                name: "m".into(),
                kind: model.kinds[0].into(),
                params: Vec::new(),
                span: Span::default(),
            }],
            ..Circuit::default()
        };
        let mut builder = Builder::new(&circuit, 300.15);
        let ids: Vec<_> = (0..DEVICES as u32).map(ionspice::circuit::ElementId).collect();
        let mut bank = (model.build)(&mut builder, &ids, &mut Vec::new()).expect("defaults build");
        // entries of ground share a last place
        let mut count = 0;
        for slot in bank.slots_mut() {
            *slot = if *slot == Slot::MAX {
                (4 * DEVICES) as Slot
            } else {
                count += 1;
                count - 1
            };
        }
        let mut states = vec![0.0; bank.state_count()];
        bank.initial_states(&mut states);
        let spread = |k: usize| 0.8 + 0.2 * (k as f64 / DEVICES as f64);
        let sign = |k: usize| if k.is_multiple_of(2) { 1.0 } else { -1.0 };
        let x = std::iter::once(0.0).chain((0..DEVICES).map(|k| v * spread(k) * sign(k))).collect();
        let unknowns = DEVICES + 1;
        let coefficient = 1.0 / h;
        let mut batch = Self {
            bank,
            x,
            next: states.clone(),
            history: states.iter().map(|s| -coefficient * s).collect(),
            states,
            rows: std::array::from_fn(|_| vec![0.0; unknowns]),
            entries: std::array::from_fn(|_| vec![0.0; 4 * DEVICES + 1]),
            coefficient,
        };
        // away from the bounds: the states after five steps
        for _ in 0..5 {
            batch.eval(true);
            batch.states.clone_from(&batch.next);
            batch.history = batch.states.iter().map(|s| -coefficient * s).collect();
        }
        batch
    }

    /// One evaluation of all devices, with the states at rest or within a step.
    fn eval(&mut self, moving: bool) {
        let ctx = Context {
            x: &self.x,
            time: 1e-6,
            gmin: 1e-12,
            source_factor: 1.0,
            first_iteration: false,
            states: StateStep {
                coefficient: moving.then_some(self.coefficient),
                history: &self.history,
                previous: &self.states,
            },
        };
        let [i, q, flow] = &mut self.rows;
        let [g, c] = &mut self.entries;
        let mut out = Stamps { i, q, flow, g, c, states: &mut self.next, memory: &mut [] };
        std::hint::black_box(self.bank.eval(&ctx, &mut out));
    }

    /// Three iterations at converging voltages.
    fn step(&mut self) {
        for change in [1e-2, 1e-4, 1e-7] {
            self.x.iter_mut().for_each(|v| *v *= 1.0 + change);
            self.eval(true);
        }
        let back = (1.0 + 1e-2) * (1.0 + 1e-4) * (1.0 + 1e-7);
        self.x.iter_mut().for_each(|v| *v /= back);
    }
}

/// Least time per device of some 0.2 s, s.
fn least(mut run: impl FnMut()) -> f64 {
    let start = Instant::now();
    let mut least = Duration::MAX;
    while start.elapsed() < Duration::from_millis(200) {
        let from = Instant::now();
        run();
        least = least.min(from.elapsed());
    }
    least.as_secs_f64() / DEVICES as f64
}

fn memristors(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("memristors");
    group.sample_size(10).warm_up_time(Duration::from_millis(100)).measurement_time(Duration::from_millis(300));
    let mut table = Vec::new();
    for model in TYPES {
        let kind = model.kinds[0];
        let mut batch = Batch::new(model);
        group.bench_function(BenchmarkId::new("step", kind), |bencher| bencher.iter(|| batch.eval(true)));
        table.push((kind, [least(|| batch.eval(false)), least(|| batch.eval(true)), least(|| batch.step())]));
    }
    group.finish();
    let unit = table.iter().find(|row| row.0 == "vteam").map_or(f64::NAN, |row| row.1[1]);
    println!("\nleast times per device, ns; the last column is the Newton iteration in units of VTEAM's");
    println!("| model | read | Newton iteration | implicit step | iteration / VTEAM |\n|---|---|---|---|---|");
    for (kind, times) in table {
        let [read, iteration, step] = times.map(|t| t * 1e9);
        println!("| {kind} | {read:.0} | {iteration:.0} | {step:.0} | {:.1} |", times[1] / unit);
    }
}

criterion_group!(benches, memristors);
criterion_main!(benches);
