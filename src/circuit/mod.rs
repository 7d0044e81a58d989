//! What is simulated: the flat, elaborated circuit. No netlist syntax and no device physics.

mod fit;
mod overrides;
mod measure;
mod noise;
mod small_signal;
mod waveform;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::calc;
use crate::diagnostic::{SourceMap, Span};
use crate::expr::Expr;

pub use fit::{FitData, FitDrive, FitPulses, FitSignal, FreeParameter, Given};
pub use measure::{
    Column, Condition, Count, Edge, Event, Fourier, Measure, Measured, Norm, Print, Statistic, Switching, Task, Window,
};
pub use noise::{Distribution, NoiseWave, RandomWave};
pub use overrides::{Draw, Origin, Overrides};
pub use small_signal::{Drive, FrequencyGrid, Output, ResistorNoise, Spacing};
pub use waveform::{TranTimes, Waveform};

/// Index of a node; 0 is ground.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub u32);

impl NodeId {
    /// The reference node `0`.
    pub const GROUND: NodeId = NodeId(0);
}

/// Index of an element in [`Circuit::elements`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ElementId(pub u32);

/// Index of a model card in [`Circuit::models`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelId(pub u32);

/// A flat circuit with everything a run needs to know.
#[derive(Debug, Clone, Default)]
pub struct Circuit {
    /// First line of the deck.
    pub title: String,
    /// Node names by [`NodeId`]; lower case, hierarchical with dots (`x1.out`); index 0 is `0`.
    pub nodes: Vec<String>,
    /// Name to node, including aliases (`gnd`).
    pub node_index: HashMap<String, NodeId>,
    /// Elements in deck order.
    pub elements: Vec<Element>,
    /// Element name (as in [`Element::name`]) to index.
    pub element_index: HashMap<String, ElementId>,
    /// Model cards in use.
    pub models: Vec<ModelCard>,
    /// `.options` and `.temp`, as given; numbers and words, lower-case keys, last one wins.
    pub options: Vec<Setting>,
    /// Analyses in deck order.
    pub analyses: Vec<Analysis>,
    /// `.step` sweeps around all analyses, the first one innermost.
    pub steps: Vec<Sweep>,
    /// `.mc`: samples of a Monte Carlo run.
    pub samples: Option<u64>,
    /// `.savebias`: where the first operating point of a run is written.
    pub saved_bias: Option<PathBuf>,
    /// `.fit`: parameters that `ionspice fit` finds.
    pub free: Vec<FreeParameter>,
    /// `.fitdata`: how measured data belong to the circuit.
    pub fit_data: Vec<FitData>,
    /// `.limits` statements.
    pub limits: Vec<MeasureLimit>,
    /// `.ic` node voltages, V.
    pub initial_voltages: Vec<(NodeId, f64)>,
    /// `.nodeset` guesses, V.
    pub nodesets: Vec<(NodeId, f64)>,
    /// `.save` signals and those that other statements need; empty means every node voltage and source current.
    pub saves: Vec<Signal>,
    /// `.print` and `.plot` statements.
    pub prints: Vec<Print>,
    /// `.measure` statements.
    pub measures: Vec<Measure>,
    /// `.four` statements.
    pub fouriers: Vec<Fourier>,
    /// `.array` statements.
    pub arrays: Vec<Array>,
    /// `.matrix` statements.
    pub matrices: Vec<Matrix>,
    /// `.controller` blocks.
    pub controllers: Vec<ControllerBlock>,
    /// Libraries of compiled models, in the order of loading.
    pub libraries: Vec<Arc<crate::osdi::Library>>,
    /// The text everything points into.
    pub sources: Arc<SourceMap>,
    /// What can make the circuit again with other values.
    pub origin: Option<Arc<dyn Origin>>,
    /// The values that differ from those of the deck.
    pub overrides: Overrides,
}

/// One element of the flat circuit.
#[derive(Debug, Clone)]
pub struct Element {
    /// Hierarchical name, lower case: instance path, then the element's own name (`x1.x2.r3`).
    pub name: String,
    /// Where it was written.
    pub span: Span,
    /// Terminals in the order of the element's line.
    pub nodes: Vec<NodeId>,
    /// What it is.
    pub kind: ElementKind,
}

/// Element kinds with evaluated values, SI units.
#[derive(Debug, Clone)]
pub enum ElementKind {
    /// Resistance, ohm, the one in `.ac` and `.noise` if it is another, and what its noise needs.
    Resistor { resistance: f64, ac_resistance: Option<f64>, noise: ResistorNoise },
    /// Lossless transmission line: wave impedance, ohm, delay, s, and `ic=` (v1, i1, v2, i2); V, A.
    Line { impedance: f64, delay: f64, initial: Option<[f64; 4]> },
    /// Capacitance, F, and `ic=` voltage.
    Capacitor { capacitance: f64, initial_voltage: Option<f64> },
    /// Inductance, H, and `ic=` current.
    Inductor { inductance: f64, initial_current: Option<f64> },
    /// Coupling of each pair of two or more inductors.
    Mutual { coils: Vec<ElementId>, coupling: f64 },
    /// Independent voltage source; current flows from plus through the source to minus.
    VoltageSource(Source),
    /// Independent current source; current flows from plus through the source to minus.
    CurrentSource(Source),
    /// E: voltage controlled by voltages. `nodes` = plus, minus.
    Vcvs(Poly<(NodeId, NodeId)>),
    /// G: current controlled by voltages.
    Vccs(Poly<(NodeId, NodeId)>),
    /// F: current controlled by branch currents.
    Cccs(Poly<ElementId>),
    /// H: voltage controlled by branch currents.
    Ccvs(Poly<ElementId>),
    /// B source with `v=`.
    BehaviouralVoltage(Expr<Quantity>),
    /// B source with `i=`.
    BehaviouralCurrent(Expr<Quantity>),
    /// Any element that is described by a model card: D, M, S, W, Y and later others.
    Device(Device),
}

/// Value of an independent source.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// DC value, V or A; the waveform's value at t = 0 when no DC value was given.
    pub dc: f64,
    /// AC magnitude and phase in degrees.
    pub ac: Option<(f64, f64)>,
    /// Time dependence; `None` is constant at `dc`.
    pub waveform: Option<Waveform>,
}

/// Polynomial of controlling quantities, SPICE2 coefficient order; linear gain `g` is `[0, g]`.
#[derive(Debug, Clone)]
pub struct Poly<C> {
    /// Controlling quantities.
    pub controls: Vec<C>,
    /// Coefficients in the order 1, x, y, .., x^2, xy, .., y^2, ..
    pub coefficients: Vec<f64>,
}

/// Leaves of an elaborated expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Quantity {
    /// Voltage between two nodes, V.
    Voltage(NodeId, NodeId),
    /// Branch current of a voltage-defined element, A.
    Current(ElementId),
    /// Simulated time, s.
    Time,
    /// Circuit temperature, degrees Celsius.
    TemperCelsius,
    /// Frequency, Hz (0 outside AC).
    Hertz,
    /// The Laplace variable `s` of a transfer function, rad/s.
    Laplace,
    /// Output of the operator of this number (derivative, integral, delay, transfer function) in the same expression.
    Operator(u32),
}

/// An element described by a model card.
#[derive(Debug, Clone)]
pub struct Device {
    /// The card.
    pub model: ModelId,
    /// Instance parameters; a bare word such as `off` or `on` has the value 1.
    pub params: Vec<ParamValue>,
    /// Controlling branch (W switch).
    pub control: Option<ElementId>,
}

/// `name=value` on an instance or a model card.
#[derive(Debug, Clone)]
pub struct ParamValue {
    /// Lower case.
    pub name: String,
    /// Evaluated value.
    pub value: ParamData,
    /// Where.
    pub span: Span,
}

/// A parameter's value.
#[derive(Debug, Clone, PartialEq)]
pub enum ParamData {
    /// Number.
    Number(f64),
    /// Word or quoted string.
    Text(String),
    /// Vector (`ic=1,2,3`).
    Vector(Vec<f64>),
}

/// A `.model` card.
#[derive(Debug, Clone)]
pub struct ModelCard {
    /// Name, lower case; hierarchical when local to a subcircuit.
    pub name: String,
    /// Type word (`d`, `nmos`, `vteam`, ..), lower case.
    pub kind: String,
    /// Parameters.
    pub params: Vec<ParamValue>,
    /// Where.
    pub span: Span,
}

/// One `.options` entry.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Lower-case key.
    pub name: String,
    /// Value; a bare word has the value 1.
    pub value: ParamData,
    /// Where.
    pub span: Span,
}

/// Something to save or print.
#[derive(Debug, Clone, PartialEq)]
pub enum Signal {
    /// Every node voltage and source current (`all`).
    All,
    /// `v(a)` or `v(a,b)`; keeps the text as written for the column name.
    Voltage { plus: NodeId, minus: NodeId, label: String },
    /// Every node voltage (`allv`).
    Voltages,
    /// Every current of a voltage-defined element (`alli`).
    Currents,
    /// `i(v1)`: current of an element.
    Current { element: ElementId, label: String },
    /// `p(r1)`: power taken up by an element.
    Power { element: ElementId, label: String },
    /// `@dev[param]`: internal quantity of a device.
    Internal { element: ElementId, quantity: String, label: String },
    /// An expression, computed at every point; names are full names.
    Expression { expr: calc::Expr, label: String, span: Span },
}

impl Signal {
    /// Name of its column; that of a group is its keyword.
    pub fn label(&self) -> &str {
        match self {
            Signal::All => "all",
            Signal::Voltages => "allv",
            Signal::Currents => "alli",
            Signal::Voltage { label, .. }
            | Signal::Current { label, .. }
            | Signal::Power { label, .. }
            | Signal::Internal { label, .. }
            | Signal::Expression { label, .. } => label,
        }
    }
}

impl Circuit {
    /// The signal that a full name of a node or an element means.
    pub fn signal(&self, name: &calc::Name) -> Option<Signal> {
        use calc::Name;
        let label = name.to_string();
        let node = |name: &String| self.node_index.get(name).copied();
        let element = |name: &String| self.element_index.get(name).copied();
        Some(match name {
            Name::Voltage(plus, None) => Signal::Voltage { plus: node(plus)?, minus: NodeId::GROUND, label },
            Name::Voltage(plus, Some(minus)) => Signal::Voltage { plus: node(plus)?, minus: node(minus)?, label },
            Name::Current(name) => Signal::Current { element: element(name)?, label },
            Name::Power(name) => Signal::Power { element: element(name)?, label },
            Name::Terminal(terminal, name) => {
                Signal::Internal { element: element(name)?, quantity: format!("i{terminal}"), label }
            }
            Name::Internal(name, quantity) => {
                Signal::Internal { element: element(name)?, quantity: quantity.clone(), label }
            }
            Name::Plain(_) => return None,
        })
    }
}

/// An analysis statement, evaluated.
#[derive(Debug, Clone)]
pub enum Analysis {
    /// Operating point.
    Op { span: Span },
    /// DC sweep, innermost first.
    Dc { sweeps: Vec<Sweep>, span: Span },
    /// Transient. Times in s.
    Tran { step: f64, stop: f64, start: f64, max_step: Option<f64>, use_initial: bool, span: Span },
    /// Many input vectors on an array that is linearised at its operating point.
    Read(Box<Read>),
    /// Response to the AC values of the sources.
    Ac { grid: FrequencyGrid, span: Span },
    /// Noise at an output and referred to an input source; `summary` > 0 gives the contributions at every so many points.
    Noise { output: Output, source: ElementId, grid: FrequencyGrid, summary: u32, span: Span },
    /// Transfer function, input and output resistance at the operating point.
    Transfer { output: Output, source: ElementId, span: Span },
    /// Sensitivities to every parameter, at the operating point or over frequency.
    Sensitivity { output: Output, grid: Option<FrequencyGrid>, span: Span },
    /// Poles and zeros between two ports.
    PoleZero { input: (NodeId, NodeId), output: (NodeId, NodeId), drive: Drive, poles: bool, zeros: bool, span: Span },
}

/// `.read`.
#[derive(Debug, Clone)]
pub struct Read {
    /// Index in [`Circuit::arrays`].
    pub array: usize,
    /// Voltage sources at the lines that are driven.
    pub drives: Vec<ElementId>,
    /// Voltage sources at the other lines, whose currents are read.
    pub senses: Vec<ElementId>,
    /// Voltages of the drives, V, vector by vector.
    pub vectors: Vec<f64>,
    /// The transfer matrix is wanted.
    pub transfer: bool,
    /// Largest error of linearisation as a share of the largest current.
    pub bound: f64,
    /// Vectors that are also solved in full.
    pub checks: usize,
    /// Without vectors the linearisation is checked at this change of all drives, V.
    pub swing: f64,
    /// Where it was written.
    pub span: Span,
}

/// One sweep variable with its values.
#[derive(Debug, Clone)]
pub struct Sweep {
    /// What varies.
    pub target: SweepTarget,
    /// In order; at least one.
    pub values: Vec<f64>,
}

/// What a sweep varies.
#[derive(Debug, Clone, PartialEq)]
pub enum SweepTarget {
    /// DC value of an independent V or I source.
    Source(ElementId),
    /// Main value of another element (by full name), or one of its parameters.
    Element(String, Option<String>),
    /// Parameter of a model card.
    Model(String, String),
    /// Top-level `.param`.
    Parameter(String),
    /// Temperature in degrees Celsius.
    TemperatureCelsius,
}

/// An array of cells that an `.array` statement made. The cell in row 3 and column 5 of `xa` is named `xa.r3c5`.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// Full name, lower case.
    pub name: String,
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub cols: usize,
    /// Where it was written.
    pub span: Span,
}

/// `.matrix`: one signal of every cell of an array, at some times or at the end of an analysis.
#[derive(Debug, Clone)]
pub struct Matrix {
    /// Index in [`Circuit::arrays`].
    pub array: usize,
    /// As written, `#` for the cell.
    pub label: String,
    /// The signals, row by row; a stuck cell has none.
    pub signals: Vec<Option<Signal>>,
    /// Times of a transient, s, ascending; none means its end.
    pub at: Vec<f64>,
    /// CSV file that is written.
    pub file: Option<PathBuf>,
    /// Where it was written.
    pub span: Span,
}

/// `.limits`: the range of a measure that counts as a pass.
#[derive(Debug, Clone)]
pub struct MeasureLimit {
    /// Name of the measure, lower case.
    pub name: String,
    /// Least value, in the unit of the measure.
    pub min: f64,
    /// Greatest value.
    pub max: f64,
    /// Where it was written.
    pub span: Span,
}

/// A `.controller NAME [key=value ..]` .. `.endcontroller` block: statements kept as words with their spans.
#[derive(Debug, Clone)]
pub struct ControllerBlock {
    /// Name of the block.
    pub name: String,
    /// Span of the opening line.
    pub span: Span,
    /// `key=value` on the opening line.
    pub settings: Vec<ParamValue>,
    /// The statements inside.
    pub statements: Vec<ControllerStatement>,
}

/// One statement in a controller block: `keyword word word key=value ..`.
#[derive(Debug, Clone)]
pub struct ControllerStatement {
    /// First word, lower case.
    pub keyword: String,
    /// Span of the keyword.
    pub span: Span,
    /// Bare words after it, lower case (names of elements, of an environment, ..).
    pub words: Vec<(String, Span)>,
    /// `key=value` pairs with evaluated numbers.
    pub settings: Vec<ParamValue>,
}

/// ngspice's spelling of a hierarchical element name: its letter first (`v.x1.v1`, and `v.xa.row3` as it is).
pub fn spice_name(name: &str) -> String {
    match name.split_once('.') {
        Some((first, _)) if first.len() > 1 => format!("{}.{name}", element_letter(name)),
        _ => name.to_string(),
    }
}

/// The letter that tells what an element is: that of its own name, or of what it is in an array (`x1.r.xa.row3_0_1`).
pub fn element_letter(name: &str) -> &str {
    let own = name.rsplit('.').next().unwrap_or(name);
    let spelled = name.split('.').find(|part| part.len() == 1);
    spelled.unwrap_or(&own[..own.chars().next().map_or(0, char::len_utf8)])
}
