//! The contract between devices and analyses.
//!
//! The circuit equations are `i(x, t) + d/dt q(x) = 0`, one row per unknown. A bank holds all elements of one kind. It adds
//! the resistive part `i`, the reactive part `q` and their Jacobians `G = di/dx`, `C = dq/dx`; the analyses combine
//! them, so no device knows which analysis is running.
//!
//! Unknown 0 is ground: `x[0]` is always zero, and what is added to row 0 or to a slot of row or column 0 is ignored.
//! Unknown `k` up to the number of nodes is the voltage of node `k`; branch currents and internal nodes follow.

use num_complex::Complex64;

use crate::circuit::{Circuit, ElementId, NodeId};
use crate::linear::PatternBuilder;

/// Index of an unknown in the solution vector.
pub type Unknown = u32;

/// Index of a Jacobian entry; valid after [`Bank::slots_mut`] has been mapped.
pub type Slot = u32;

/// Circuit temperature unless the netlist sets one, K.
pub const DEFAULT_TEMPERATURE: f64 = 300.15;

/// What an unknown measures, which decides its tolerance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownKind {
    /// Node voltage, V; its row is Kirchhoff's current law, A.
    Voltage,
    /// Branch current, A; its row is a branch equation, V.
    Current,
}

/// Name and kind of an unknown.
#[derive(Clone, Debug)]
pub struct UnknownInfo {
    /// `out`, `x1.n`, or the element's name for a branch current.
    pub name: String,
    /// Voltage or current.
    pub kind: UnknownKind,
}

/// Collects the unknowns and the sparsity pattern while banks are built.
pub struct Builder<'c> {
    /// The circuit being built.
    pub circuit: &'c Circuit,
    /// Unknown 0 is ground.
    pub unknowns: Vec<UnknownInfo>,
    /// Branch current of each voltage-defined element.
    pub branches: Vec<Option<Unknown>>,
    /// Circuit temperature, K.
    pub temperature: f64,
    /// The netlist says what the temperature is.
    temperature_given: bool,
    /// Seed of the devices' random streams; 0 unless set.
    pub seed: u64,
    entries: Vec<(Unknown, Unknown)>,
    /// Row and column of every entry, for the tests of the devices.
    #[cfg(test)]
    pub(super) places: Vec<(Slot, Unknown, Unknown)>,
}

impl<'c> Builder<'c> {
    /// Starts with the circuit's nodes as unknowns.
    pub fn new(circuit: &'c Circuit, temperature: f64) -> Self {
        let unknowns =
            circuit.nodes.iter().map(|n| UnknownInfo { name: n.clone(), kind: UnknownKind::Voltage }).collect();
        Self {
            circuit,
            unknowns,
            branches: vec![None; circuit.elements.len()],
            temperature,
            temperature_given: temperature != DEFAULT_TEMPERATURE || circuit.options.iter().any(|s| s.name == "temp"),
            seed: 0,
            entries: Vec::new(),
            #[cfg(test)]
            places: Vec::new(),
        }
    }

    /// Circuit temperature if the netlist sets one, else the temperature that a model's published parameters belong to, K.
    pub fn ambient(&self, published: f64) -> f64 {
        if self.temperature_given { self.temperature } else { published }
    }

    /// The unknown of a node.
    pub fn node(&self, node: NodeId) -> Unknown {
        node.0
    }

    /// The unknown of terminal `k` of an element.
    pub fn terminal(&self, element: ElementId, k: usize) -> Unknown {
        self.circuit.elements[element.0 as usize].nodes[k].0
    }

    /// Branch current of an element; created on first use (elements may refer to later ones).
    pub fn branch(&mut self, element: ElementId) -> Unknown {
        if let Some(unknown) = self.branches[element.0 as usize] {
            return unknown;
        }
        let name = self.circuit.elements[element.0 as usize].name.clone();
        let unknown = self.unknowns.len() as Unknown;
        self.unknowns.push(UnknownInfo { name, kind: UnknownKind::Current });
        self.branches[element.0 as usize] = Some(unknown);
        unknown
    }

    /// A new internal node of an element, named `element#suffix`.
    pub fn internal_node(&mut self, element: ElementId, suffix: &str) -> Unknown {
        let name = format!("{}#{suffix}", self.circuit.elements[element.0 as usize].name);
        self.unknowns.push(UnknownInfo { name, kind: UnknownKind::Voltage });
        (self.unknowns.len() - 1) as Unknown
    }

    /// A new internal unknown of an element that is no voltage, named `element#suffix`; its row is a branch equation.
    pub fn internal_branch(&mut self, element: ElementId, suffix: &str) -> Unknown {
        let unknown = self.internal_node(element, suffix);
        self.unknowns[unknown as usize].kind = UnknownKind::Current;
        unknown
    }

    /// Declares a Jacobian entry; the same place may be declared many times.
    pub fn entry(&mut self, row: Unknown, column: Unknown) -> Slot {
        if row == 0 || column == 0 {
            return Slot::MAX;
        }
        let slot = self.entries.len() as Slot;
        self.entries.push((row, column));
        #[cfg(test)]
        self.places.push((slot, row, column));
        slot
    }

    /// Declares the four entries of a two-terminal conductance: `[aa, ab, ba, bb]`.
    pub fn pair(&mut self, a: Unknown, b: Unknown) -> [Slot; 4] {
        [self.entry(a, a), self.entry(a, b), self.entry(b, a), self.entry(b, b)]
    }

    /// The collected entries and unknowns.
    pub fn finish(self) -> (PatternBuilder, Vec<UnknownInfo>, Vec<Option<Unknown>>) {
        let mut pattern = PatternBuilder::new(self.unknowns.len() - 1);
        for (row, column) in self.entries {
            pattern.entry(row as usize - 1, column as usize - 1);
        }
        (pattern, self.unknowns, self.branches)
    }
}

/// Where the time derivative of device states comes from: `ds/dt = coefficient * s + history`.
#[derive(Clone, Copy)]
pub struct StateStep<'a> {
    /// Leading coefficient of the integration formula, 1/s; `None` holds the states (operating point).
    pub coefficient: Option<f64>,
    /// History part of each state.
    pub history: &'a [f64],
    /// Values at the last accepted point.
    pub previous: &'a [f64],
}

/// What devices see when they are evaluated.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Trial solution; `x[0] = 0`.
    pub x: &'a [f64],
    /// Simulated time, s (0 at an operating point).
    pub time: f64,
    /// Conductance in parallel with junctions, S.
    pub gmin: f64,
    /// Factor on all independent sources (source stepping), 0 to 1.
    pub source_factor: f64,
    /// First iteration of an operating point without a start value: junctions choose their own.
    pub first_iteration: bool,
    /// Time derivative of the device states of this bank.
    pub states: StateStep<'a>,
}

/// What is going to be computed, for the models that ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AnalysisKind {
    /// Operating points and DC sweeps.
    #[default]
    Static,
    /// The operating point from which a transient starts.
    InitialPoint,
    /// A transient.
    Transient,
    /// Linearisation at an operating point.
    SmallSignal,
}

/// One noise current between two unknowns.
#[derive(Clone, Copy, Debug)]
pub struct NoiseSource<'a> {
    /// Index of the element in its bank.
    pub index: usize,
    /// Which of the element's sources, as ngspice calls it: `thermal`, `id`, `rs`, `1overf`, ..; empty when there is one
    /// source only that has the element's name.
    pub name: &'a str,
    /// The current flows from this row,
    pub plus: Unknown,
    /// through the device, into this one.
    pub minus: Unknown,
    /// One-sided power spectral density, A^2/Hz (V^2/Hz when the row is a branch equation).
    pub density: f64,
}

/// Where devices add their contributions. All vectors are indexed by [`Unknown`] or [`Slot`].
pub struct Stamps<'a> {
    /// Resistive residual `i`.
    pub i: &'a mut [f64],
    /// Reactive residual `q`.
    pub q: &'a mut [f64],
    /// Largest single contribution to each row of `i`: the scale of the residual check.
    pub flow: &'a mut [f64],
    /// `G = di/dx`.
    pub g: &'a mut [f64],
    /// `C = dq/dx`.
    pub c: &'a mut [f64],
    /// New device states of this bank.
    pub states: &'a mut [f64],
    /// Memory of this bank that survives between calls (limited voltages, switch positions).
    pub memory: &'a mut [f64],
}

impl Stamps<'_> {
    /// A current flowing from `a` through the device to `b`.
    #[inline]
    pub fn current(&mut self, a: Unknown, b: Unknown, i: f64) {
        self.resistive(a, i);
        self.resistive(b, -i);
    }

    /// Adds to one row of `i`.
    #[inline]
    pub fn resistive(&mut self, row: Unknown, i: f64) {
        let row = row as usize;
        self.i[row] += i;
        self.flow[row] = self.flow[row].max(i.abs());
    }

    /// A charge between `a` and `b`.
    #[inline]
    pub fn charge(&mut self, a: Unknown, b: Unknown, q: f64) {
        self.q[a as usize] += q;
        self.q[b as usize] -= q;
    }

    /// Conductance of the pair declared by [`Builder::pair`].
    #[inline]
    pub fn conductance(&mut self, slots: &[Slot; 4], g: f64) {
        self.g[slots[0] as usize] += g;
        self.g[slots[1] as usize] -= g;
        self.g[slots[2] as usize] -= g;
        self.g[slots[3] as usize] += g;
    }

    /// Capacitance of the pair declared by [`Builder::pair`].
    #[inline]
    pub fn capacitance(&mut self, slots: &[Slot; 4], c: f64) {
        self.c[slots[0] as usize] += c;
        self.c[slots[1] as usize] -= c;
        self.c[slots[2] as usize] -= c;
        self.c[slots[3] as usize] += c;
    }
}

/// All elements of one kind, evaluated together. Everything that must survive between calls lives in `states` and
/// `memory`, never in the bank, so that a snapshot of a run is a copy of a few vectors.
pub trait Bank: Send + Sync {
    /// A copy for another session.
    fn clone_bank(&self) -> Box<dyn Bank>;

    /// The elements in this bank.
    fn elements(&self) -> &[ElementId];

    /// Every slot the bank holds, to be mapped from declared entries to places in the Jacobian.
    fn slots_mut(&mut self) -> Vec<&mut Slot>;

    /// Adds the entries of `G` and `C` that never change. [`Bank::eval`] must not add them again.
    fn constant(&self, _g: &mut [f64], _c: &mut [f64]) {}

    /// Adds `i`, `q` and the changing Jacobian entries at `ctx.x`; returns true when a voltage was limited, so that
    /// the linearisation does not belong to `ctx.x` and the iteration cannot have converged.
    fn eval(&mut self, ctx: &Context, out: &mut Stamps) -> bool;

    /// Number of device states (`ds/dt = f(s, v)`, eliminated inside the device).
    fn state_count(&self) -> usize {
        0
    }

    /// Values of the states at an operating point.
    fn initial_states(&self, _states: &mut [f64]) {}

    /// Absolute tolerance of each state; infinite keeps it out of the error control.
    fn state_tolerances(&self, _tolerances: &mut [f64]) {}

    /// Number of memory cells.
    fn memory_count(&self) -> usize {
        0
    }

    /// Start values of the memory.
    fn initial_memory(&self, _memory: &mut [f64]) {}

    /// First corner after time `after`, s; infinite when there is none.
    fn breakpoint(&self, _after: f64) -> f64 {
        f64::INFINITY
    }

    /// Fraction (0 to 1) of the step from `before` to `after` at which the bank switches, if it does.
    fn event(&self, _before: &[f64], _after: &[f64], _memory: &[f64]) -> Option<f64> {
        None
    }

    /// A time point (or an operating point) has been accepted; true when the bank switched, so that its currents jump.
    fn accept(&mut self, _ctx: &Context, _memory: &mut [f64]) -> bool {
        false
    }

    /// The integration starts anew at the point accepted last, at `time`: the start of a run, a corner of a source, a
    /// switch. Waves on their way through delays may have a corner here.
    fn restarted(&mut self, _time: f64) {}

    /// Initial conditions for a transient that starts without an operating point (`uic`): (unknown plus, unknown
    /// minus, value of their difference). For a current the first is a branch current and the second is 0.
    fn initial_conditions(&self, _set: &mut dyn FnMut(Unknown, Unknown, f64)) {}

    /// Hands over (internal node, terminal behind its resistance): with `uic` both start at the same voltage.
    fn inner_nodes(&self, _pair: &mut dyn FnMut(Unknown, Unknown)) {}

    /// An internal quantity (`@dev[name]`) of the `index`-th element, from accepted values.
    fn internal(&self, _index: usize, _name: &str, _ctx: &Context, _states: &[f64], _memory: &[f64]) -> Option<f64> {
        None
    }

    /// Names of the internal quantities, in the order of the operating-point table.
    fn internal_names(&self) -> Vec<&str> {
        Vec::new()
    }

    /// Hands over every noise source of the bank at an operating point `ctx` and a frequency, Hz.
    fn noise(
        &self,
        _frequency: f64,
        _ctx: &Context,
        _states: &[f64],
        _memory: &[f64],
        _add: &mut dyn FnMut(NoiseSource),
    ) {
    }

    /// Adds to `G` by what it differs in `.ac` and `.noise` (a resistor with `ac=`).
    fn ac_values(&self, _g: &mut [f64]) {}

    /// True when the small-signal behaviour is not `G + j omega C` (delays, transfer functions): then
    /// [`Bank::admittance`] stands for both Jacobians.
    fn frequency_dependent(&self) -> bool {
        false
    }

    /// Adds the small-signal entries at the angular frequency `omega`, rad/s, and an operating point `ctx`; called for
    /// [`Bank::frequency_dependent`] banks only, in place of the Jacobians of [`Bank::eval`] and [`Bank::constant`].
    fn admittance(&self, _omega: f64, _ctx: &Context, _states: &[f64], _memory: &[f64], _y: &mut [Complex64]) {}

    /// Roughly the multiplications and additions of an evaluation. Where factoring the Jacobian is less than that, factors
    /// are not kept: an evaluation saved is worth more.
    fn work(&self) -> f64 {
        50.0 * self.elements().len() as f64
    }

    /// Largest step of a transient that the bank can follow, s (a delay line needs at most its delay).
    fn max_step(&self) -> f64 {
        f64::INFINITY
    }

    /// Tells what follows. Built-in devices are the same in every analysis; compiled models may not be.
    fn begin(&mut self, _analysis: AnalysisKind) {}

    /// Marks the unknowns whose reactive terms are not among the entries of [`Bank::constant`]: currents among them have
    /// dynamics of their own.
    fn dynamic(&self, _mark: &mut dyn FnMut(Unknown)) {}

    /// Hands over remarks for the user that came up since the last call (`$strobe` of a compiled model).
    fn notes(&self, _add: &mut dyn FnMut(String)) {}

    /// Current into the first terminal of the `index`-th element, A, and the power it takes up, W (both at accepted
    /// values); `None` where the bank does not offer it.
    fn current_and_power(&self, _index: usize, _ctx: &Context, _states: &[f64], _memory: &[f64]) -> Option<(f64, f64)> {
        None
    }
}

impl Clone for Box<dyn Bank> {
    fn clone(&self) -> Self {
        self.clone_bank()
    }
}
