//! A bank of instances of one module.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::cards::{device, nominal_temperature};
use super::super::junction::CELSIUS;
use super::super::{AnalysisKind, Bank, Builder, Context, NoiseSource, Slot, Stamps, Unknown};
use super::parameters::{self, Owner};
use crate::circuit::{ElementId, ParamData};
use crate::diagnostic::{Diagnostic, Severity};
use crate::osdi::{Analysis, Evaluation, Instances, Library, Module};

/// All instances of a module. Memory: their voltages limited by `$limit`.
#[derive(Clone)]
pub(super) struct OsdiBank {
    elements: Vec<ElementId>,
    instances: Instances,
    analysis: AnalysisKind,
    /// Unknown of each node, instance by instance.
    unknowns: Vec<Unknown>,
    /// The node with which each node is one, instance by instance; `None` is ground.
    same: Vec<Option<u32>>,
    /// Entries, then those with a reactive part, instance by instance.
    slots: Vec<Slot>,
    /// Terminals that are connected.
    connected: Vec<u32>,
    /// Names of output variables, lower case.
    outputs: Vec<String>,
    finished: bool,
}

/// Builds the bank of module `index`; `None` when something is wrong, which `found` then tells.
pub(super) fn build(
    builder: &mut Builder,
    library: &Arc<Library>,
    index: usize,
    ids: &[ElementId],
    found: &mut Vec<Diagnostic>,
) -> Option<OsdiBank> {
    let circuit = builder.circuit;
    let module = &library.modules[index];
    if module.delays > 0 {
        let span = circuit.elements[ids.first()?.0 as usize].span;
        let text = format!("module `{}` uses absdelay(), which is not supported", module.name);
        found.push(Diagnostic::error(span, text).hint("a transmission line is a `T` element"));
        return None;
    }
    let mut instances = Instances::new(library, index, nominal_temperature(circuit) - CELSIUS)?;
    let option = |name: &str, default: f64| match circuit.options.iter().rev().find(|s| s.name == name) {
        Some(setting) => match setting.value {
            ParamData::Number(value) => value,
            _ => default,
        },
        None => default,
    };
    instances.set_tolerances(option("reltol", 1e-3), option("vntol", 1e-6), option("abstol", 1e-12));
    let before = found.iter().filter(|d| d.severity == Severity::Error).count();
    let mut models = HashMap::new();
    let mut bank = OsdiBank {
        elements: ids.to_vec(),
        instances,
        analysis: AnalysisKind::Static,
        unknowns: Vec::new(),
        same: Vec::new(),
        slots: Vec::new(),
        connected: Vec::new(),
        outputs: module.outputs().iter().map(|p| p.name.to_ascii_lowercase()).collect(),
        finished: false,
    };
    for &id in ids {
        let (element, device, card) = device(circuit, id)?;
        let (model, sound) = *models.entry(device.model).or_insert_with(|| {
            let model = bank.instances.add_model(&card.name);
            let called = format!("model `{}`", card.name);
            parameters::apply(&mut bank.instances, Owner::Model(model), &card.params, &called, found);
            let result = bank.instances.setup_model(model);
            let rejections = result.err().unwrap_or_default();
            let messages = bank.instances.take_messages();
            parameters::rejected(module, &rejections, &messages, &[&card.params], (&called, card.span), found);
            (model, rejections.is_empty())
        });
        let instance = bank.instances.add_instance(&element.name, model);
        let called = format!("`{}`", element.name);
        let temperature =
            parameters::apply(&mut bank.instances, Owner::Instance(instance), &device.params, &called, found);
        if !sound {
            continue;
        }
        let kelvin = temperature.kelvin(builder.temperature);
        let result = bank.instances.setup_instance(instance, kelvin, element.nodes.len());
        let rejections = result.err().unwrap_or_default();
        let messages = bank.instances.take_messages();
        let given = [&device.params[..], &card.params[..]];
        parameters::rejected(module, &rejections, &messages, &given, (&called, element.span), found);
        if rejections.is_empty() {
            bank.place(builder, module, instance, id);
        }
    }
    let after = found.iter().filter(|d| d.severity == Severity::Error).count();
    (after == before).then_some(bank)
}

/// Which node each node of an instance is the same as: itself, or one that comes before it; `None` is ground. Terminals that
/// are connected stay apart: the netlist has made them nodes of their own.
fn collapse(module: &Module, collapsed: &[bool], connected: usize) -> Vec<Option<u32>> {
    let mut same: Vec<Option<u32>> = (0..module.nodes.len() as u32).map(Some).collect();
    for (&(first, second), _) in module.collapsible.iter().zip(collapsed).filter(|(_, c)| **c) {
        let a = same[first as usize];
        let b = second.and_then(|second| same[second as usize]);
        let fixed = |node: Option<u32>| node.is_none_or(|node| (node as usize) < connected);
        if a == b || (fixed(a) && fixed(b)) {
            continue;
        }
        // Ground and lower numbers stay.
        let (kept, lost) = if a < b { (a, b) } else { (b, a) };
        same.iter_mut().filter(|node| **node == lost).for_each(|node| *node = kept);
    }
    same
}

impl OsdiBank {
    /// Gives the nodes of an instance that has been set up their unknowns, and declares its entries.
    fn place(&mut self, builder: &mut Builder, module: &Module, instance: usize, id: ElementId) {
        let connected = builder.circuit.elements[id.0 as usize].nodes.len();
        let same = collapse(module, &self.instances.collapsed(instance), connected);
        let mut unknowns: Vec<Unknown> = Vec::with_capacity(module.nodes.len());
        for (k, node) in module.nodes.iter().enumerate() {
            unknowns.push(match same[k] {
                None => 0,
                Some(other) if (other as usize) < k => unknowns[other as usize],
                Some(_) if k < connected => builder.terminal(id, k),
                Some(_) => {
                    let name = node.name.to_ascii_lowercase();
                    if node.is_flow { builder.internal_branch(id, &name) } else { builder.internal_node(id, &name) }
                }
            });
        }
        self.instances.map_nodes(instance, &unknowns);
        let entries = || module.entries.iter();
        for entry in entries().chain(entries().filter(|e| e.reactive)) {
            self.slots.push(builder.entry(unknowns[entry.row as usize], unknowns[entry.column as usize]));
        }
        self.unknowns.extend(unknowns);
        self.same.extend(same);
        self.connected.push(connected as u32);
    }

    fn nodes(&self, instance: usize) -> &[Unknown] {
        let count = self.instances.module().nodes.len();
        &self.unknowns[instance * count..][..count]
    }

    /// What `analysis()` answers.
    fn kind(&self) -> Analysis {
        match self.analysis {
            AnalysisKind::Static => Analysis::Dc,
            AnalysisKind::InitialPoint => Analysis::InitialPoint,
            AnalysisKind::Transient => Analysis::Transient,
            AnalysisKind::SmallSignal => Analysis::SmallSignal,
        }
    }

    /// An evaluation for reading values at an accepted point.
    fn reading<'a>(&self, ctx: &Context<'a>, analysis: Analysis) -> Evaluation<'a> {
        Evaluation {
            x: ctx.x,
            time: ctx.time,
            gmin: ctx.gmin,
            source_factor: ctx.source_factor,
            analysis,
            limit: false,
            first: false,
            keep_messages: false,
        }
    }
}

impl Bank for OsdiBank {
    fn clone_bank(&self) -> Box<dyn Bank> {
        Box::new(self.clone())
    }

    fn elements(&self) -> &[ElementId] {
        &self.elements
    }

    fn slots_mut(&mut self) -> Vec<&mut Slot> {
        self.slots.iter_mut().collect()
    }

    /// Compiled models of transistors take microseconds.
    fn work(&self) -> f64 {
        3000.0 * self.elements.len() as f64
    }

    fn eval(&mut self, ctx: &Context, out: &mut Stamps) -> bool {
        let limit = self.analysis != AnalysisKind::SmallSignal;
        let analysis = self.kind();
        let evaluation = Evaluation { limit, first: ctx.first_iteration, ..self.reading(ctx, analysis) };
        let flags = self.instances.evaluate(&evaluation, out.memory);
        self.finished |= flags.finish;
        if !flags.fatal {
            self.instances.take_fatal();
        } else {
            if let Some(&row) = self.unknowns.iter().find(|u| **u != 0) {
                out.resistive(row, f64::NAN);
            }
            return false;
        }
        let (nodes, mut slots) = (self.instances.module().nodes.len(), &self.slots[..]);
        for instance in 0..self.elements.len() {
            for (node, &row) in self.unknowns[instance * nodes..][..nodes].iter().enumerate() {
                let (i, q) = self.instances.residual(instance, node);
                out.resistive(row, i);
                out.q[row as usize] += q;
            }
            let (resistive, reactive) = self.instances.jacobian(instance);
            let way = self.instances.way(instance);
            if way.iter().any(|way| *way != 0.0) {
                let rows = &self.unknowns[instance * nodes..];
                let entries = &self.instances.module().entries;
                for (entry, g) in entries.iter().zip(resistive) {
                    out.resistive(rows[entry.row as usize], g * way[entry.column as usize]);
                }
                for (entry, c) in entries.iter().filter(|entry| entry.reactive).zip(reactive) {
                    out.q[rows[entry.row as usize] as usize] += c * way[entry.column as usize];
                }
            }
            let (conductances, rest) = slots.split_at(resistive.len());
            let (capacitances, rest) = rest.split_at(reactive.len());
            slots = rest;
            for (&slot, g) in conductances.iter().zip(resistive) {
                out.g[slot as usize] += g;
            }
            for (&slot, c) in capacitances.iter().zip(reactive) {
                out.c[slot as usize] += c;
            }
        }
        flags.limited
    }

    fn memory_count(&self) -> usize {
        self.elements.len() * self.instances.module().states
    }

    fn begin(&mut self, analysis: AnalysisKind) {
        self.analysis = analysis;
    }

    fn dynamic(&self, mark: &mut dyn FnMut(Unknown)) {
        let module = self.instances.module();
        for instance in 0..self.elements.len() {
            let nodes = self.nodes(instance);
            module.entries.iter().filter(|e| e.reactive).for_each(|e| mark(nodes[e.column as usize]));
        }
    }

    fn max_step(&self) -> f64 {
        self.instances.bound_step()
    }

    /// What a model says is heard once a point has been accepted: before, it might say it at every iteration.
    fn accept(&mut self, ctx: &Context, memory: &mut [f64]) -> bool {
        if self.instances.take_spoke() {
            let speaking = Evaluation { keep_messages: true, ..self.reading(ctx, self.kind()) };
            for instance in 0..self.elements.len() {
                self.instances.probe(instance, &speaking, memory);
            }
        }
        false
    }

    fn notes(&self, add: &mut dyn FnMut(String)) {
        for message in self.instances.take_messages().into_iter().chain(self.instances.take_fatal()) {
            add(format!("{}: {}", message.from, message.text));
        }
    }

    fn internal(&self, index: usize, name: &str, ctx: &Context, _states: &[f64], memory: &[f64]) -> Option<f64> {
        let module = self.instances.module();
        let wanted = if name == "m" { "$mfactor" } else { name };
        let value = module.output(name).or_else(|| module.parameter(wanted))?;
        self.instances.probe(index, &self.reading(ctx, self.kind()), memory)?.value(value)
    }

    fn internal_names(&self) -> Vec<&str> {
        self.outputs.iter().map(String::as_str).collect()
    }

    /// Resistive current into the first terminal; power at all terminals.
    fn current_and_power(&self, index: usize, ctx: &Context, _states: &[f64], memory: &[f64]) -> Option<(f64, f64)> {
        let probe = self.instances.probe(index, &self.reading(ctx, self.kind()), memory)?;
        let same = &self.same[index * self.nodes(index).len()..][..self.nodes(index).len()];
        // What a model computes for an internal node flows into the terminal with which the node is one.
        let current = |terminal: u32| -> f64 {
            (0..same.len()).filter(|&node| same[node] == Some(terminal)).map(|node| probe.residual(node).0).sum()
        };
        let voltage = |terminal: u32| ctx.x[self.nodes(index)[terminal as usize] as usize];
        let power = (0..*self.connected.get(index)?).map(|terminal| current(terminal) * voltage(terminal)).sum();
        Some((current(0), power))
    }

    fn noise(&self, frequency: f64, ctx: &Context, _states: &[f64], memory: &[f64], add: &mut dyn FnMut(NoiseSource)) {
        let module = self.instances.module();
        let mut densities = Vec::new();
        for index in 0..self.elements.len() {
            let Some(mut probe) = self.instances.probe(index, &self.reading(ctx, Analysis::Noise), memory) else {
                continue;
            };
            probe.noise(frequency, &mut densities);
            let nodes = self.nodes(index);
            for (source, &density) in module.noise.iter().zip(&densities) {
                let minus = source.minus.map_or(0, |node| nodes[node as usize]);
                add(NoiseSource { index, name: &source.name, plus: nodes[source.plus as usize], minus, density });
            }
        }
    }
}
