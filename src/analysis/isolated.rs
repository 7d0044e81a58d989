//! One element alone, evaluated at the operating point of the whole circuit.
//!
//! Its terminals become nodes of their own, so that the current into one of them is a row of its own, and its equations
//! can be evaluated again with another parameter at the cost of one element. All other elements are there in name only;
//! those with branch currents stay, with grounded nodes, because the element may refer to them.

use std::collections::HashMap;

use num_complex::Complex64;

use crate::circuit::{Circuit, ElementId, ElementKind, NodeId, Source};
use crate::devices::{
    AnalysisKind, Bank, Banks, Builder, SourceBank, SourceMode, Stamps, Unknown, UnknownInfo, UnknownKind,
};
use crate::linear::Pattern;

use super::Options;
use super::linearise::held;
use super::system::System;

/// Most evaluations until the junctions have reached their voltages.
const MOST_EVALUATIONS: usize = 200;

/// A circuit of elements in name only, and where the unknowns of the whole circuit are.
pub struct Blank {
    circuit: Circuit,
    places: Places,
}

/// Unknowns by name.
#[derive(Default)]
struct Places {
    voltages: HashMap<String, Unknown>,
    currents: HashMap<String, Unknown>,
}

impl Places {
    fn of(&self, info: &UnknownInfo) -> Option<Unknown> {
        let map = if info.kind == UnknownKind::Current { &self.currents } else { &self.voltages };
        map.get(&info.name).copied()
    }
}

impl Blank {
    /// Blanks every element of a circuit.
    pub fn new(circuit: &Circuit, system: &System) -> Self {
        let mut blank = circuit.clone();
        for (element, branch) in blank.elements.iter_mut().zip(&system.branches) {
            element.nodes.fill(NodeId::GROUND);
            if branch.is_none() {
                element.nodes.resize(2, NodeId::GROUND);
                element.kind = ElementKind::CurrentSource(Source { dc: 0.0, ac: None, waveform: None });
            }
        }
        blank.prints.clear();
        blank.saves.clear();
        let mut places = Places::default();
        for (u, info) in system.unknowns.iter().enumerate().skip(1) {
            let map = if info.kind == UnknownKind::Current { &mut places.currents } else { &mut places.voltages };
            map.insert(info.name.clone(), u as Unknown);
        }
        Self { circuit: blank, places }
    }

    /// The circuit with one element in it, changed by `change`; [`Blank::restore`] takes it out again.
    fn with(&mut self, whole: &Circuit, id: ElementId, change: impl FnOnce(&mut Circuit)) {
        let element = &whole.elements[id.0 as usize];
        let own = &mut self.circuit.elements[id.0 as usize];
        own.kind = element.kind.clone();
        own.nodes.clear();
        for k in 0..element.nodes.len() {
            own.nodes.push(NodeId(self.circuit.nodes.len() as u32));
            self.circuit.nodes.push(format!("terminal {k}"));
        }
        change(&mut self.circuit);
    }

    fn restore(&mut self, whole: &Circuit, system: &System, id: ElementId) {
        let own = &mut self.circuit.elements[id.0 as usize];
        own.nodes.clear();
        let count = whole.elements[id.0 as usize].nodes.len();
        if system.branches[id.0 as usize].is_some() {
            own.kind = whole.elements[id.0 as usize].kind.clone();
            own.nodes.resize(count, NodeId::GROUND);
        } else {
            own.kind = ElementKind::CurrentSource(Source { dc: 0.0, ac: None, waveform: None });
            own.nodes.resize(2, NodeId::GROUND);
        }
        self.circuit.models.clone_from(&whole.models);
        self.circuit.nodes.truncate(whole.nodes.len());
    }
}

/// An element alone, evaluated at an operating point.
#[derive(Clone)]
pub struct Isolated {
    banks: Vec<Box<dyn Bank>>,
    pattern: Pattern,
    /// Unknown of the whole circuit for each of its own.
    place: Vec<Unknown>,
    /// Its first terminal.
    terminal: Unknown,
    x: Vec<f64>,
    states: Vec<Vec<f64>>,
    memory: Vec<Vec<f64>>,
    gmin: f64,
    i: Vec<f64>,
    g: Vec<f64>,
    c: Vec<f64>,
    y: Vec<Complex64>,
}

impl Isolated {
    /// Builds element `id` of `whole`, changed by `change`, and evaluates it at the solution `x` of the whole circuit.
    /// `None` when it cannot be built with this change, or has unknowns that the whole circuit does not have.
    pub fn new(
        blank: &mut Blank,
        whole: &Circuit,
        system: &System,
        id: ElementId,
        x: &[f64],
        options: &Options,
        change: impl FnOnce(&mut Circuit),
    ) -> Option<Self> {
        blank.with(whole, id, change);
        let built = Self::build(&blank.circuit, &blank.places, whole, id, x, options);
        blank.restore(whole, system, id);
        built
    }

    fn build(
        circuit: &Circuit,
        known: &Places,
        whole: &Circuit,
        id: ElementId,
        x: &[f64],
        options: &Options,
    ) -> Option<Self> {
        let mut builder = Builder::new(circuit, options.temperature);
        builder.seed = options.seed;
        let Banks { linear, mut sources, others } = crate::devices::build(&mut builder, &mut Vec::new()).ok()?;
        sources.set_mode(SourceMode::Dc);
        let mut banks: Vec<Box<dyn Bank>> = vec![Box::new(linear), Box::new(sources) as Box<SourceBank>];
        banks.extend(others);
        banks.iter_mut().for_each(|bank| bank.begin(AnalysisKind::SmallSignal));
        let (entries, unknowns, _) = builder.finish();
        let (pattern, map) = entries.build();
        for slot in banks.iter_mut().flat_map(|bank| bank.slots_mut()) {
            *slot = if *slot == u32::MAX { pattern.nnz() as u32 } else { map[*slot as usize] };
        }
        let terminals = &whole.elements[id.0 as usize].nodes;
        let first = whole.nodes.len();
        let mut places = vec![0];
        for (u, info) in unknowns.iter().enumerate().skip(1) {
            places.push(match u {
                _ if u < first => u as Unknown,
                _ if u < first + terminals.len() => terminals[u - first].0,
                _ => known.of(info)?,
            });
        }
        let (rows, slots) = (unknowns.len(), pattern.nnz() + 1);
        let mut isolated = Self {
            states: banks.iter().map(|bank| vec![0.0; bank.state_count()]).collect(),
            memory: banks.iter().map(|bank| vec![0.0; bank.memory_count()]).collect(),
            banks,
            pattern,
            x: places.iter().map(|&u| x[u as usize]).collect(),
            place: places,
            terminal: first as Unknown,
            gmin: options.gmin,
            i: vec![0.0; rows],
            g: vec![0.0; slots],
            c: vec![0.0; slots],
            y: vec![Complex64::ZERO; slots],
        };
        isolated.settle().then_some(isolated)
    }

    /// Evaluates until no junction is limited, accepts, and evaluates once more.
    fn settle(&mut self) -> bool {
        for ((bank, states), memory) in self.banks.iter().zip(&mut self.states).zip(&mut self.memory) {
            bank.initial_states(states);
            bank.initial_memory(memory);
        }
        if !(0..MOST_EVALUATIONS).any(|_| !self.evaluate()) {
            return false;
        }
        for ((bank, states), memory) in self.banks.iter_mut().zip(&self.states).zip(&mut self.memory) {
            bank.accept(&held(&self.x, self.gmin, states), memory);
        }
        self.evaluate();
        self.i.iter().all(|i| i.is_finite())
    }

    fn evaluate(&mut self) -> bool {
        let rows = self.i.len();
        self.i.fill(0.0);
        self.g.fill(0.0);
        self.c.fill(0.0);
        let (mut q, mut flow) = (vec![0.0; rows], vec![0.0; rows]);
        let mut limited = false;
        for ((bank, states), memory) in self.banks.iter_mut().zip(&self.states).zip(&mut self.memory) {
            let mut new_states = states.clone();
            let (mut unused_g, mut unused_c) = (Vec::new(), Vec::new());
            let dependent = bank.frequency_dependent();
            if dependent {
                (unused_g, unused_c) = (vec![0.0; self.g.len()], vec![0.0; self.c.len()]);
            } else {
                bank.constant(&mut self.g, &mut self.c);
                bank.ac_values(&mut self.g);
            }
            let mut stamps = Stamps {
                i: &mut self.i,
                q: &mut q,
                flow: &mut flow,
                g: if dependent { &mut unused_g } else { &mut self.g },
                c: if dependent { &mut unused_c } else { &mut self.c },
                states: &mut new_states,
                memory,
            };
            limited |= bank.eval(&held(&self.x, self.gmin, states), &mut stamps);
        }
        limited
    }

    /// True when `other` has the same equations, with other values.
    pub fn same_structure(&self, other: &Isolated) -> bool {
        self.place == other.place && self.pattern == other.pattern
    }

    /// Its resistive currents, by unknown of the whole circuit.
    pub fn currents(&self) -> impl Iterator<Item = (usize, f64)> + '_ {
        self.place.iter().zip(&self.i).map(|(&u, &i)| (u as usize, i))
    }

    /// Its admittances at an angular frequency, rad/s.
    fn admittances(&mut self, omega: f64) {
        for ((y, g), c) in self.y.iter_mut().zip(&self.g).zip(&self.c) {
            *y = Complex64::new(*g, omega * c);
        }
        for ((bank, states), memory) in self.banks.iter().zip(&self.states).zip(&self.memory) {
            if bank.frequency_dependent() {
                bank.admittance(omega, &held(&self.x, self.gmin, states), states, memory, &mut self.y);
            }
        }
    }

    /// Hands the difference of its small-signal currents from those of `other`, the same element with another parameter,
    /// at a solution `x` of the whole circuit to `add`, by unknown of the whole circuit.
    pub fn difference(
        &mut self,
        other: &mut Isolated,
        omega: f64,
        x: &[Complex64],
        mut add: impl FnMut(usize, Complex64),
    ) {
        self.admittances(omega);
        other.admittances(omega);
        for column in 0..self.pattern.n() {
            let value = x[self.place[column + 1] as usize];
            for slot in self.pattern.col_ptr()[column]..self.pattern.col_ptr()[column + 1] {
                let row = self.pattern.row_idx()[slot] as usize + 1;
                add(self.place[row] as usize, (self.y[slot] - other.y[slot]) * value);
            }
        }
    }

    /// The small-signal current into its first terminal, A.
    pub fn terminal_current(&mut self, omega: f64, x: &[Complex64]) -> Complex64 {
        self.admittances(omega);
        let mut sum = Complex64::ZERO;
        for column in 0..self.pattern.n() {
            if let Some(slot) = self.pattern.slot(self.terminal as usize - 1, column) {
                sum += self.y[slot] * x[self.place[column + 1] as usize];
            }
        }
        sum
    }
}
