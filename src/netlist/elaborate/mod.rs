//! Syntax tree to flat circuit.
//!
//! [`check`] looks at the definitions alone (unknown and recursive subcircuits, size); [`flatten`] walks the instances and
//! gives every node and element its name; [`kinds`] then evaluates each element, when all names are known.

mod analyses;
mod array;
mod behaviour;
mod bins;
mod check;
mod columns;
mod fit;
mod flatten;
mod kinds;
mod line;
mod memristors;
mod models;
mod passive;
mod random;
mod scope;
mod signals;
mod small_signal;
mod waveform;

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::ast::{Deck, Element as ElementText};
use super::edit::edited;
use super::report::{Fault, Report};
use crate::circuit::{
    Array, Circuit, Draw, Element, ElementId, ElementKind, ModelCard, ModelId, NodeId, Overrides, ParamData, Setting,
    Signal,
};
use crate::diagnostic::{Diagnostic, SourceMap};
pub(crate) use array::Written;

/// Temperature without `.temp` and `.options temp=`, and nominal temperature without `tnom=`; degrees Celsius.
const ROOM_CELSIUS: f64 = 27.0;

/// State of one parameter of an instance.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Slot {
    Pending,
    Busy,
    Done(f64),
    Failed,
}

/// One instance of a block: what its names mean.
#[derive(Debug)]
struct Env {
    id: usize,
    block: usize,
    /// Instance of the block in which this one is defined.
    parent: Option<Rc<Env>>,
    /// Prefix of its names: empty, or `x1.x2.`.
    path: String,
    ports: Vec<NodeId>,
    slots: RefCell<Vec<Slot>>,
    multiplier: f64,
}

/// An element that has its name and nodes but no value yet.
#[derive(Debug)]
struct Placed<'d> {
    name: String,
    nodes: Vec<NodeId>,
    env: Rc<Env>,
    text: &'d ElementText,
}

/// The work in progress.
struct Elaborator<'d> {
    deck: &'d Deck,
    broken: &'d HashSet<Box<str>>,
    sources: &'d SourceMap,
    report: &'d mut Report,
    globals: HashSet<&'d str>,
    nodes: Vec<String>,
    node_index: HashMap<String, NodeId>,
    placed: Vec<Placed<'d>>,
    element_index: HashMap<String, crate::circuit::ElementId>,
    instances: HashSet<String>,
    /// Every instance, the deck first.
    envs: Vec<Rc<Env>>,
    models: Vec<ModelCard>,
    model_of: HashMap<(usize, usize), ModelId>,
    same_model: HashMap<(usize, Vec<u64>), ModelId>,
    celsius: f64,
    nominal_celsius: f64,
    /// Length and width of transistors that do not give their own, m.
    default_size: [f64; 2],
    overrides: &'d Overrides,
    /// Element lines that stand in place of those of the deck, by full name.
    edited: HashMap<&'d str, &'d ElementText>,
    /// Key of the random functions; `None` gives nominal values.
    random: Option<(u64, u64)>,
    /// Signals that `.print`, `.measure` and `.four` need.
    needed: Vec<Signal>,
    /// Buffer for full names.
    scratch: String,
    arrays: Vec<Array>,
    /// Voltage source from a node to ground.
    grounded: HashMap<NodeId, ElementId>,
    /// There are as many elements as a circuit may have.
    full: bool,
    /// Arrays as plain lines, when they are wanted.
    written: Option<Vec<Written>>,
    /// Lines of the array that is being placed.
    lines: String,
}

/// Elaborates a deck; `written` takes its arrays as plain lines. `None` when errors have been reported.
pub(crate) fn elaborate(
    deck: &Deck,
    broken: &HashSet<Box<str>>,
    sources: &Arc<SourceMap>,
    overrides: &Overrides,
    report: &mut Report,
    written: Option<&mut Vec<Written>>,
) -> Option<Circuit> {
    // After syntax errors, names may be missing for that reason alone: what depends on all names is then left out.
    let complete = !report.failed();
    if deck.blocks[0].elements.is_empty() && deck.controllers.is_empty() && complete {
        let empty = if deck.title.is_empty() { "the netlist is empty" } else { "the netlist has no elements" };
        let hint = "the first line is the title; elements and statements follow from the second line on";
        report.add(Diagnostic::error(deck.title_span, empty).label("nothing to simulate").hint(hint));
        return None;
    }
    let edited = match edited(deck, &overrides.elements) {
        Ok(edited) => edited,
        Err(error) => {
            report.add(error);
            return None;
        }
    };
    let mut work = Elaborator {
        deck,
        broken,
        sources,
        report,
        globals: deck.globals.iter().map(|word| &*word.text).collect(),
        nodes: vec!["0".into()],
        node_index: ["0", "gnd"]
            .into_iter()
            .filter(|name| deck.is_ground(name))
            .map(|name| (name.to_string(), NodeId::GROUND))
            .collect(),
        placed: Vec::new(),
        element_index: HashMap::new(),
        instances: HashSet::new(),
        envs: Vec::new(),
        models: Vec::new(),
        model_of: HashMap::new(),
        same_model: HashMap::new(),
        celsius: ROOM_CELSIUS,
        nominal_celsius: ROOM_CELSIUS,
        default_size: [bins::DEFAULT_SIZE; 2],
        overrides,
        edited: edited.iter().map(|(name, element)| (name.as_str(), element)).collect(),
        random: Some((1, 0)),
        needed: Vec::new(),
        scratch: String::new(),
        arrays: Vec::new(),
        grounded: HashMap::new(),
        full: false,
        written: written.is_some().then(Vec::new),
        lines: String::new(),
    };
    let count = work.check()?;
    work.placed.reserve(count);
    work.element_index.reserve(count);
    work.node_index.reserve(count);
    let top = work.top();
    let options = work.options(&top);
    work.check_overrides();
    work.block(&top);
    let elements = work.elements(complete);
    if !complete {
        return None;
    }
    let (prints, measures, fouriers) = (work.prints(), work.measures(), work.fouriers());
    let circuit = Circuit {
        title: deck.title.clone(),
        elements,
        options,
        analyses: work.analyses(&top),
        steps: work.steps(&top),
        samples: work.samples(&top),
        free: work.free_parameters(&top),
        fit_data: work.fit_data(&top),
        limits: work.limits(&top),
        saved_bias: deck.saved_bias.clone(),
        initial_voltages: work.node_values(|block| &block.initial),
        nodesets: work.node_values(|block| &block.guesses),
        saves: work.saves(),
        matrices: work.matrices(),
        arrays: std::mem::take(&mut work.arrays),
        prints,
        measures,
        fouriers,
        controllers: work.controllers(&top),
        nodes: std::mem::take(&mut work.nodes),
        node_index: std::mem::take(&mut work.node_index),
        element_index: std::mem::take(&mut work.element_index),
        models: std::mem::take(&mut work.models),
        libraries: deck.libraries.clone(),
        sources: Arc::clone(sources),
        origin: None,
        overrides: Overrides::default(),
    };
    work.warn_unused();
    if let (Some(target), Some(lines)) = (written, work.written.take()) {
        *target = lines;
    }
    (!report.failed()).then_some(circuit)
}

impl<'d> Elaborator<'d> {
    /// The instance that is the deck itself.
    fn top(&mut self) -> Rc<Env> {
        let mut slots = vec![Slot::Pending; self.deck.blocks[0].params.len()];
        for (name, value) in &self.overrides.params {
            match self.deck.blocks[0].param_index.get(name.as_str()) {
                Some(&index) => {
                    self.deck.blocks[0].params[index].used.store(true, Relaxed);
                    slots[index] = Slot::Done(*value);
                }
                None => self.report.add(unknown_override(format!("the deck has no parameter `{name}`"))),
            }
        }
        let slots = RefCell::new(slots);
        let top = Rc::new(Env {
            id: 0,
            block: 0,
            parent: None,
            path: String::new(),
            ports: Vec::new(),
            slots,
            multiplier: 1.0,
        });
        self.envs.push(Rc::clone(&top));
        top
    }

    /// Complains about models to be changed that the deck does not have.
    fn check_overrides(&mut self) {
        for (name, ..) in &self.overrides.models {
            let own = name.rsplit('.').next().unwrap_or(name);
            if !self.deck.models.iter().any(|model| *model.name.text == *own) {
                self.report.add(unknown_override(format!("the deck has no model `{name}`")));
            }
        }
        for (block, param, _) in &self.overrides.block_params {
            let known =
                self.deck.blocks.iter().any(|b| *b.name == **block && b.param_index.contains_key(param.as_str()));
            if !known {
                let message = format!("the deck has no subcircuit `{block}` with a parameter `{param}`");
                self.report.add(unknown_override(message));
            }
        }
    }

    /// Evaluates `.options` and `.temp`, and takes the temperatures and the seed from them.
    fn options(&mut self, top: &Rc<Env>) -> Vec<Setting> {
        let mut all: Vec<Setting> = Vec::new();
        for param in &self.deck.options {
            let data = self.data(top, &param.value);
            let Some(value) = self.report.keep(data) else { continue };
            let name = param.name.text.to_string();
            if let ParamData::Number(celsius) = value {
                match name.as_str() {
                    "temp" => self.celsius = celsius,
                    "tnom" => self.nominal_celsius = celsius,
                    "defl" => self.default_size[0] = celsius,
                    "defw" => self.default_size[1] = celsius,
                    _ => {}
                }
                let temperature = name == "temp" || name == "tnom";
                if temperature && (celsius.is_nan() || celsius <= -273.15) {
                    let error = Diagnostic::error(
                        param.value.span,
                        format!("{celsius} degrees Celsius is below absolute zero"),
                    );
                    self.report.add(error.label("a temperature in degrees Celsius"));
                }
            }
            all.retain(|setting| setting.name != name);
            all.push(Setting { name, value, span: param.value.span });
        }
        if let Some(celsius) = self.overrides.celsius {
            self.celsius = celsius;
            all.retain(|setting| setting.name != "temp");
            all.push(Setting { name: "temp".into(), value: ParamData::Number(celsius), span: self.deck.title_span });
        }
        let written = all.iter().find(|setting| setting.name == "seed").and_then(|setting| match setting.value {
            ParamData::Number(seed) if seed >= 0.0 => Some(seed as u64),
            _ => None,
        });
        let seed = self.overrides.seed.or(written).unwrap_or(1);
        self.random = match self.overrides.draw {
            Some(Draw::Nominal) => None,
            Some(Draw::Number(draw)) => Some((seed, draw)),
            None => Some((seed, 0)),
        };
        all
    }

    /// Values of all placed elements; of an incomplete deck only those that need no other element.
    fn elements(&mut self, complete: bool) -> Vec<Element> {
        let mut all = Vec::with_capacity(self.placed.len());
        for index in 0..self.placed.len() {
            if self.report.exhausted() {
                break;
            }
            if !complete && self.placed[index].text.body.names_others() {
                continue;
            }
            let kind = self.kind(index);
            let Some(kind) = self.report.keep(kind) else { continue };
            let placed = &mut self.placed[index];
            let nodes = std::mem::take(&mut placed.nodes);
            if let (ElementKind::VoltageSource(_), [plus, NodeId::GROUND]) = (&kind, nodes.as_slice()) {
                self.grounded.entry(*plus).or_insert(ElementId(index as u32));
            }
            all.push(Element { name: std::mem::take(&mut placed.name), span: placed.text.name.span, nodes, kind });
        }
        all
    }

    fn warn_unused(&mut self) {
        let mut seen = vec![false; self.deck.blocks.len()];
        self.envs.iter().for_each(|env| seen[env.block] = true);
        for (block, _) in self.deck.blocks.iter().zip(seen).filter(|&(_, seen)| seen) {
            for definition in block.params.iter().filter(|d| !d.used.load(Relaxed) && d.name.span.file == 0) {
                let message = format!("parameter `{}` is not used", definition.name.text);
                self.report.warn(Diagnostic::warning(definition.name.span, message).label("never read"));
            }
        }
    }
}

/// The fault "not found", unless the definition is there but could not be read.
fn missing(broken: &HashSet<Box<str>>, name: &str, error: impl FnOnce() -> Diagnostic) -> Fault {
    if broken.contains(name) { Fault::Reported } else { Fault::New(error()) }
}

/// A name to be changed that the deck does not have.
fn unknown_override(message: String) -> Diagnostic {
    Diagnostic { span: None, ..Diagnostic::error(crate::diagnostic::Span::default(), message) }
}
