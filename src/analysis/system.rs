//! The assembled system: banks, sparsity pattern, Jacobian and its factors.

use std::ops::Range;
use std::time::Instant;

use crate::circuit::{Circuit, ElementId};
use crate::devices::{
    AnalysisKind, Bank, Banks, Builder, Context, Slot, SourceBank, SourceMode, Stamps, StateStep, Unknown, UnknownInfo,
    UnknownKind,
};
use crate::diagnostic::Diagnostic;
use crate::linear::{Krylov, Lu, Pattern, Refactor, Singular};

use super::Options;

/// Values that make up a state of the circuit. Cloning it is a snapshot.
#[derive(Debug, Default)]
pub struct Point {
    /// Solution by unknown; `x[0] = 0`.
    pub x: Vec<f64>,
    /// Device states.
    pub states: Vec<f64>,
    /// Device memory.
    pub memory: Vec<f64>,
}

impl Clone for Point {
    fn clone(&self) -> Self {
        Self { x: self.x.clone(), states: self.states.clone(), memory: self.memory.clone() }
    }

    /// Copies without allocating when the sizes agree.
    fn clone_from(&mut self, source: &Self) {
        self.x.clone_from(&source.x);
        self.states.clone_from(&source.states);
        self.memory.clone_from(&source.memory);
    }
}

/// How the time derivative enters an evaluation.
#[derive(Clone, Copy)]
pub struct Derivative<'a> {
    /// `dq/dt = coefficient * q + charge_history`; zero at an operating point.
    pub coefficient: f64,
    /// History part per row.
    pub charge_history: &'a [f64],
    /// Leading coefficient for device states; `None` holds them.
    pub state_coefficient: Option<f64>,
    /// History part per state.
    pub state_history: &'a [f64],
    /// States at the last accepted point.
    pub previous_states: &'a [f64],
    /// Time, s.
    pub time: f64,
}

/// Modifications of the equations by homotopies.
#[derive(Clone, Copy, Debug)]
pub struct Homotopy {
    /// Conductance in parallel with junctions, S.
    pub gmin: f64,
    /// Conductance from every node to ground, S.
    pub shunt: f64,
    /// Factor on independent sources.
    pub source_factor: f64,
    /// Junctions choose their own start voltage in the next evaluation.
    pub first_iteration: bool,
}

/// Where an element's bank is.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Bank number; [`SOURCES`] for independent sources.
    pub bank: usize,
    /// Index in the bank.
    pub index: usize,
}

/// [`Place::bank`] of the independent sources.
pub const SOURCES: usize = usize::MAX;

/// A node tied to a value by a conductance (`.ic`, `.nodeset`).
#[derive(Clone, Copy, Debug)]
pub struct Force {
    /// Tied unknown.
    pub unknown: Unknown,
    /// Value, V.
    pub value: f64,
}

/// What may be missing of an iterative correction, as a share of Newton's tolerance.
const LINEAR_ERROR: f64 = 0.02;

/// Least residual of an iterative solution, relative to that of the first direction: what is left is for the next iteration.
const LEAST_TOLERANCE: f64 = 1e-3;

/// Most directions of an iterative solution.
const MOST_DIRECTIONS: usize = 16;

/// Below this price of a factorisation, in solutions, it is not worth avoiding.
const FEWEST_DIRECTIONS: usize = 6;

/// Time of an operation of a refactorisation over that of a solution, which waits for memory.
const SPEED_OF_FACTORS: f64 = 0.7;

/// Conductance of a [`Force`], S.
const FORCE: f64 = 1e10;

/// Banks, pattern and work vectors. Holds nothing of the solution: see [`Point`].
#[derive(Clone)]
pub struct System {
    /// All unknowns; 0 is ground.
    pub unknowns: Vec<UnknownInfo>,
    /// Branch current of each element that has one.
    pub branches: Vec<Option<Unknown>>,
    /// Independent sources.
    pub sources: SourceBank,
    /// All other elements.
    pub banks: Vec<Box<dyn Bank>>,
    /// Bank and index of each element.
    pub places: Vec<Option<Place>>,
    /// Unknowns that appear in a constant reactive term (inductor currents among them).
    pub(super) dynamic: Vec<bool>,
    /// Absolute tolerance of each device state (infinite: not controlled).
    pub state_tolerances: Vec<f64>,
    /// Voltages count as at least this large where a relative tolerance refers to them, V.
    pub voltage_floor: f64,
    /// Nodes tied during an operating point.
    pub forces: Vec<Force>,
    /// Resistive residual.
    pub i: Vec<f64>,
    /// Reactive residual.
    pub q: Vec<f64>,
    pub(super) flow: Vec<f64>,
    pub(super) residual: Vec<f64>,
    pub(super) delta: Vec<f64>,
    pub(super) state_ranges: Vec<Range<usize>>,
    pub(super) memory_ranges: Vec<Range<usize>>,
    pub(super) pattern: Pattern,
    lu: Lu<f64>,
    krylov: Krylov,
    /// Reciprocal tolerances of the unknowns, for the iterative solution.
    pub(super) scales: Vec<f64>,
    /// Cost of a refactorisation in solutions.
    price: usize,
    /// Directions spent since the last factorisation beyond the first of each solution.
    spent: usize,
    g: Vec<f64>,
    c: Vec<f64>,
    g0: Vec<f64>,
    c0: Vec<f64>,
    jacobian: Vec<f64>,
    diagonal: Vec<Slot>,
    new_states: Vec<f64>,
    /// Remarks of the devices on their elements and models.
    pub warnings: Vec<Diagnostic>,
    /// [`crate::devices::Bank::work`] of all banks.
    work: f64,
    /// Factoring costs more than an evaluation: factors are worth keeping. Known after the first factorisation.
    pub(super) keeps_factors: bool,
    /// Work counters.
    pub counters: Counters,
}

/// Work done so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counters {
    /// Evaluations of all devices.
    pub evaluations: u64,
    /// Factorisations.
    pub factorisations: u64,
    /// Solutions with existing factors.
    pub solves: u64,
    /// Accepted time points.
    pub points: u64,
    /// Rejected time steps.
    pub rejected: u64,
    /// The parts of the work are timed.
    pub timed: bool,
    /// Analysis of the pattern, s.
    pub order: f64,
    /// Evaluation of the devices, s.
    pub evaluate: f64,
    /// Factorisations, s.
    pub factor: f64,
    /// Solutions, s.
    pub solve: f64,
}

impl Counters {
    /// The present time, when the work is timed.
    fn start(&self) -> Option<Instant> {
        self.timed.then(Instant::now)
    }
}

/// Seconds since `begun`.
fn since(begun: Option<Instant>) -> f64 {
    begun.map_or(0.0, |begun| begun.elapsed().as_secs_f64())
}

impl System {
    /// Builds the system of a circuit.
    ///
    /// # Errors
    /// Everything that is wrong with the devices' parameters, and a structurally singular matrix, as diagnostics.
    pub fn new(circuit: &Circuit, options: &Options) -> Result<Self, Vec<Diagnostic>> {
        let mut builder = Builder::new(circuit, options.temperature);
        builder.seed = options.seed;
        let mut warnings = Vec::new();
        let Banks { linear, mut sources, others } = crate::devices::build(&mut builder, &mut warnings)?;
        let mut banks: Vec<Box<dyn Bank>> = vec![Box::new(linear)];
        banks.extend(others);
        let diagonal_entries: Vec<Slot> = (0..builder.unknowns.len())
            .map(|u| {
                let u = u as Unknown;
                if builder.unknowns[u as usize].kind == UnknownKind::Voltage { builder.entry(u, u) } else { Slot::MAX }
            })
            .collect();
        let (entries, unknowns, branches) = builder.finish();
        let (pattern, map) = entries.build();
        let dummy = pattern.nnz() as Slot;
        let mapped = |slot: Slot| if slot == Slot::MAX { dummy } else { map[slot as usize] };
        for slot in sources.slots_mut() {
            *slot = mapped(*slot);
        }
        for bank in &mut banks {
            for slot in bank.slots_mut() {
                *slot = mapped(*slot);
            }
        }
        let diagonal = diagonal_entries.into_iter().map(mapped).collect();
        let values = pattern.nnz() + 1;
        let (mut g0, mut c0) = (vec![0.0; values], vec![0.0; values]);
        let mut places = vec![None; circuit.elements.len()];
        sources.constant(&mut g0, &mut c0);
        let place = |places: &mut Vec<Option<Place>>, bank: &dyn Bank, number: usize| {
            for (index, element) in bank.elements().iter().enumerate() {
                places[element.0 as usize] = Some(Place { bank: number, index });
            }
        };
        place(&mut places, &sources, SOURCES);
        let (mut state_ranges, mut memory_ranges) = (Vec::new(), Vec::new());
        let (mut states, mut memory) = (0, 0);
        for (number, bank) in banks.iter().enumerate() {
            bank.constant(&mut g0, &mut c0);
            place(&mut places, bank.as_ref(), number);
            state_ranges.push(states..states + bank.state_count());
            states += bank.state_count();
            memory_ranges.push(memory..memory + bank.memory_count());
            memory += bank.memory_count();
        }
        let mut state_tolerances = vec![f64::INFINITY; states];
        for (bank, range) in banks.iter().zip(&state_ranges) {
            bank.state_tolerances(&mut state_tolerances[range.clone()]);
        }
        let mut counters = Counters { timed: options.timed, ..Counters::default() };
        let begun = counters.start();
        let lu = Lu::new(&pattern).map_err(|e| vec![singular(circuit, &unknowns, &e)])?;
        counters.order = since(begun);
        let rows = unknowns.len();
        let mut dynamic = vec![false; rows];
        for column in 0..pattern.n() {
            dynamic[column + 1] =
                (pattern.col_ptr()[column]..pattern.col_ptr()[column + 1]).any(|slot| c0[slot] != 0.0);
        }
        banks.iter().for_each(|bank| bank.dynamic(&mut |unknown| dynamic[unknown as usize] = true));
        Ok(Self {
            i: vec![0.0; rows],
            q: vec![0.0; rows],
            flow: vec![0.0; rows],
            residual: vec![0.0; rows],
            delta: vec![0.0; rows],
            new_states: vec![0.0; states],
            g: g0.clone(),
            c: c0.clone(),
            jacobian: g0.clone(),
            dynamic,
            work: banks.iter().map(|bank| bank.work()).sum(),
            keeps_factors: true,
            unknowns,
            branches,
            sources,
            banks,
            places,
            state_tolerances,
            voltage_floor: 0.0,
            forces: Vec::new(),
            state_ranges,
            memory_ranges,
            pattern,
            lu,
            krylov: Krylov::default(),
            scales: Vec::new(),
            price: 0,
            spent: 0,
            g0,
            c0,
            diagonal,
            warnings,
            counters,
        })
    }

    /// A point with all voltages zero and device states at their initial values.
    pub fn initial_point(&self) -> Point {
        let mut states = vec![0.0; self.state_tolerances.len()];
        let mut memory = vec![0.0; self.memory_ranges.last().map_or(0, |r| r.end)];
        for ((bank, s), m) in self.banks.iter().zip(&self.state_ranges).zip(&self.memory_ranges) {
            bank.initial_states(&mut states[s.clone()]);
            bank.initial_memory(&mut memory[m.clone()]);
        }
        Point { x: vec![0.0; self.unknowns.len()], states, memory }
    }

    /// Number of equations.
    pub fn size(&self) -> usize {
        self.unknowns.len() - 1
    }

    /// Entries of the Jacobian.
    pub fn nonzeros(&self) -> usize {
        self.pattern.nnz()
    }

    /// Evaluates all devices at `point.x`, forms the residual, and writes the new device states into the point.
    /// Returns true when a device limited its voltages.
    pub fn evaluate(&mut self, point: &mut Point, derivative: &Derivative, homotopy: &Homotopy) -> bool {
        self.counters.evaluations += 1;
        let begun = self.counters.start();
        self.i.fill(0.0);
        self.q.fill(0.0);
        self.flow.fill(0.0);
        self.g.copy_from_slice(&self.g0);
        self.c.copy_from_slice(&self.c0);
        let mut limited = false;
        let context = |states: &Range<usize>| Context {
            x: &point.x,
            time: derivative.time,
            gmin: homotopy.gmin,
            source_factor: homotopy.source_factor,
            first_iteration: homotopy.first_iteration,
            states: StateStep {
                coefficient: derivative.state_coefficient,
                history: derivative.state_history.get(states.clone()).unwrap_or(&[]),
                previous: derivative.previous_states.get(states.clone()).unwrap_or(&[]),
            },
        };
        let mut stamps = Stamps {
            i: &mut self.i,
            q: &mut self.q,
            flow: &mut self.flow,
            g: &mut self.g,
            c: &mut self.c,
            states: &mut [],
            memory: &mut [],
        };
        limited |= self.sources.eval(&context(&(0..0)), &mut stamps);
        for ((bank, s), m) in self.banks.iter_mut().zip(&self.state_ranges).zip(&self.memory_ranges) {
            let mut stamps = Stamps {
                i: stamps.i,
                q: stamps.q,
                flow: stamps.flow,
                g: stamps.g,
                c: stamps.c,
                states: &mut self.new_states[s.clone()],
                memory: &mut point.memory[m.clone()],
            };
            limited |= bank.eval(&context(s), &mut stamps);
        }
        point.states.copy_from_slice(&self.new_states);
        for force in &self.forces {
            let u = force.unknown as usize;
            self.i[u] += FORCE * (point.x[u] - force.value);
            self.flow[u] = self.flow[u].max(FORCE * force.value.abs());
        }
        let a0 = derivative.coefficient;
        for (((r, i), q), history) in self.residual.iter_mut().zip(&self.i).zip(&self.q).zip(derivative.charge_history)
        {
            *r = i + a0 * q + history;
        }
        if homotopy.shunt > 0.0 {
            for (u, info) in self.unknowns.iter().enumerate().skip(1) {
                if info.kind == UnknownKind::Voltage {
                    self.residual[u] += homotopy.shunt * point.x[u];
                }
            }
        }
        self.counters.evaluate += since(begun);
        limited
    }

    /// Factors the Jacobian of the last evaluation.
    ///
    /// # Errors
    /// The unknown at which the matrix is singular.
    pub fn factor(&mut self, coefficient: f64, homotopy: &Homotopy) -> Result<(), Singular> {
        self.assemble(coefficient, homotopy);
        self.factor_assembled()
    }

    /// Factors the Jacobian assembled last.
    ///
    /// # Errors
    /// The unknown at which the matrix is singular.
    pub(super) fn factor_assembled(&mut self) -> Result<(), Singular> {
        self.counters.factorisations += 1;
        let begun = self.counters.start();
        self.spent = 0;
        let factored = self.lu.refactor(&self.jacobian);
        self.counters.factor += since(begun);
        if factored? == Refactor::Repivoted {
            let stats = self.lu.stats();
            let solution = 2.0 * (stats.nnz_l + stats.nnz_u).max(1) as f64;
            self.price = (SPEED_OF_FACTORS * stats.flops / solution) as usize;
        }
        if self.counters.factorisations == 1 {
            self.keeps_factors = self.lu.stats().flops > self.work;
        }
        Ok(())
    }

    /// Assembles the Jacobian of the last evaluation.
    pub(super) fn assemble(&mut self, coefficient: f64, homotopy: &Homotopy) {
        for ((j, g), c) in self.jacobian.iter_mut().zip(&self.g).zip(&self.c) {
            *j = g + coefficient * c;
        }
        if homotopy.shunt > 0.0 {
            for slot in self.diagonal.iter().skip(1) {
                self.jacobian[*slot as usize] += homotopy.shunt;
            }
        }
        for force in &self.forces {
            self.jacobian[self.diagonal[force.unknown as usize] as usize] += FORCE;
        }
    }

    /// True when there are factors, and several solutions with them cost less than new ones.
    pub(super) fn is_dear_to_factor(&self) -> bool {
        self.lu.is_ready() && self.price >= FEWEST_DIRECTIONS
    }

    /// Solves with the Jacobian assembled last by means of older factors; false when that takes too long, or so much has been
    /// spent on such solutions that factors would have been cheaper.
    /// What is left of the correction is small in units of the tolerance, of which `size` tells how many a correction is.
    pub(super) fn solve_iteratively(&mut self, size: impl Fn(&[f64]) -> f64) -> bool {
        if self.spent > self.price {
            return false;
        }
        for (d, r) in self.delta.iter_mut().zip(&self.residual) {
            *d = -r;
        }
        self.delta[0] = 0.0;
        let most = MOST_DIRECTIONS.min(self.price);
        let Self { krylov, lu, pattern, jacobian, delta, .. } = self;
        let used = krylov.solve(
            |v, product| pattern.multiply(jacobian, v, product),
            |v| lu.solve_in_place(v),
            &mut delta[1..],
            |first| (LINEAR_ERROR / size(first)).max(LEAST_TOLERANCE),
            most,
        );
        self.counters.solves += used.unwrap_or(most) as u64 + 1;
        self.spent += used.unwrap_or(most);
        used.is_some()
    }

    /// Sum of `|J x|` of every row, term by term, with the matrix factored last.
    pub(super) fn row_sizes(&self, x: &[f64]) -> Vec<f64> {
        let mut sizes = vec![0.0; x.len()];
        let columns = self.pattern.col_ptr();
        for column in 0..self.pattern.n() {
            for slot in columns[column]..columns[column + 1] {
                sizes[self.pattern.row_idx()[slot] as usize + 1] += (self.jacobian[slot] * x[column + 1]).abs();
            }
        }
        sizes
    }

    /// True when the last evaluation gave some row a reactive term that depends on this unknown.
    pub(super) fn has_charge(&self, unknown: usize) -> bool {
        let columns = self.pattern.col_ptr();
        (columns[unknown - 1]..columns[unknown]).any(|slot| self.c[slot] != 0.0)
    }

    /// Solves `J delta = -residual` with the factors there are.
    pub fn solve(&mut self) {
        self.counters.solves += 1;
        let begun = self.counters.start();
        for (d, r) in self.delta.iter_mut().zip(&self.residual) {
            *d = -r;
        }
        self.delta[0] = 0.0;
        self.lu.solve_in_place(&mut self.delta[1..]);
        self.counters.solve += since(begun);
    }

    /// Moves the charges along with the last correction: `q += C delta`.
    pub(super) fn correct_charges(&mut self) {
        let columns = self.pattern.col_ptr();
        for column in 0..self.pattern.n() {
            let delta = self.delta[column + 1];
            for slot in columns[column]..columns[column + 1] {
                self.q[self.pattern.row_idx()[slot] as usize + 1] += self.c[slot] * delta;
            }
        }
    }

    /// Tells devices that a point has been accepted; true when one of them switched.
    pub fn accept(&mut self, point: &mut Point, time: f64, gmin: f64) -> bool {
        let mut switched = false;
        for (number, bank) in self.banks.iter_mut().enumerate() {
            let m = self.memory_ranges[number].clone();
            let context = Self::read_context(&point.x, time, gmin);
            switched |= bank.accept(&context, &mut point.memory[m]);
        }
        switched
    }

    /// Tells devices that the integration starts anew at the point accepted last.
    pub(super) fn restarted(&mut self, time: f64) {
        self.banks.iter_mut().for_each(|bank| bank.restarted(time));
    }

    fn read_context(x: &[f64], time: f64, gmin: f64) -> Context<'_> {
        Context {
            x,
            time,
            gmin,
            source_factor: 1.0,
            first_iteration: false,
            states: StateStep { coefficient: None, history: &[], previous: &[] },
        }
    }

    /// Current into the first terminal and power taken up of an element at an accepted point.
    pub fn current_and_power(&self, place: Place, point: &Point, time: f64, gmin: f64) -> Option<(f64, f64)> {
        let context = Self::read_context(&point.x, time, gmin);
        if place.bank == SOURCES {
            return self.sources.current_and_power(place.index, &context, &[], &[]);
        }
        let (s, m) = (self.state_ranges[place.bank].clone(), self.memory_ranges[place.bank].clone());
        self.banks[place.bank].current_and_power(place.index, &context, &point.states[s], &point.memory[m])
    }

    /// Internal quantity of an element at an accepted point.
    pub fn internal(&self, place: Place, name: &str, point: &Point, time: f64, gmin: f64) -> Option<f64> {
        let context = Self::read_context(&point.x, time, gmin);
        if place.bank == SOURCES {
            return self.sources.internal(place.index, name, &context, &[], &[]);
        }
        let (s, m) = (self.state_ranges[place.bank].clone(), self.memory_ranges[place.bank].clone());
        self.banks[place.bank].internal(place.index, name, &context, &point.states[s], &point.memory[m])
    }

    /// Tells sources and devices which analysis follows.
    pub fn begin(&mut self, analysis: AnalysisKind) {
        let mode = match analysis {
            AnalysisKind::InitialPoint | AnalysisKind::Transient => SourceMode::Transient,
            AnalysisKind::Static | AnalysisKind::SmallSignal => SourceMode::Dc,
        };
        self.sources.set_mode(mode);
        self.banks.iter_mut().for_each(|bank| bank.begin(analysis));
    }

    /// Hands over what the devices have to say to the user.
    pub fn notes(&self, add: &mut dyn FnMut(String)) {
        self.banks.iter().for_each(|bank| bank.notes(add));
    }

    /// Largest step of a transient that every device can follow, s.
    pub fn max_step(&self) -> f64 {
        self.banks.iter().map(|bank| bank.max_step()).fold(f64::INFINITY, f64::min)
    }

    /// First corner of any device after `time`.
    pub fn breakpoint(&self, time: f64) -> f64 {
        self.banks.iter().map(|b| b.breakpoint(time)).fold(self.sources.breakpoint(time), f64::min)
    }

    /// Fraction of the step at which the first device switches.
    pub fn event(&self, before: &Point, after: &Point) -> Option<f64> {
        self.banks
            .iter()
            .zip(&self.memory_ranges)
            .filter_map(|(b, m)| b.event(&before.x, &after.x, &after.memory[m.clone()]))
            .reduce(f64::min)
    }

    /// The element's name, for messages.
    pub fn unknown_name(&self, unknown: usize) -> String {
        describe(&self.unknowns[unknown])
    }

    /// Place of an element.
    pub fn place(&self, element: ElementId) -> Option<Place> {
        self.places[element.0 as usize]
    }
}

fn describe(info: &UnknownInfo) -> String {
    match info.kind {
        UnknownKind::Voltage => format!("node `{}`", info.name),
        UnknownKind::Current => format!("current of `{}`", info.name),
    }
}

fn singular(circuit: &Circuit, unknowns: &[UnknownInfo], error: &Singular) -> Diagnostic {
    let info = &unknowns[error.column + 1];
    let element = circuit.elements.iter().find(|e| match info.kind {
        UnknownKind::Current => e.name == info.name,
        UnknownKind::Voltage => e.nodes.iter().any(|n| circuit.nodes[n.0 as usize] == info.name),
    });
    let span = element.map(|e| e.span).unwrap_or_default();
    Diagnostic::error(span, format!("the circuit equations do not determine the {}", describe(info)))
        .label("involved here")
        .hint("look for floating nodes, loops of voltage sources or inductors, or current sources in series; `ionspice check` names them")
}
