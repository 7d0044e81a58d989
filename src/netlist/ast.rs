//! Syntax tree: statements as written, with spans; nothing is evaluated yet.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::lines::Origin;
use crate::calc;
use crate::circuit::{Drive, Measure, Measured, Spacing};
use crate::diagnostic::Span;
use crate::dialect::Dialect;
use crate::expr::{Expr, Name};

/// A name in lower case, and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Word {
    pub text: Box<str>,
    pub span: Span,
}

/// A parsed expression that can say where in the file a byte of its text is.
#[derive(Clone, Debug)]
pub(crate) struct Formula {
    pub expr: Arc<Expr<Name>>,
    pub origin: Origin,
    /// Offset of the expression in its logical line.
    pub start: usize,
    /// Length in bytes.
    pub len: usize,
}

/// A value as written.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    pub kind: ValueKind,
    pub span: Span,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(crate) enum ValueKind {
    Number(f64),
    Formula(Box<Formula>),
    /// A bare word: a parameter of that name, or else the word itself where words are allowed.
    Word(Box<str>),
    /// Text in double quotes.
    Text(Box<str>),
    /// `1,2,3`
    Vector(Box<[Value]>),
}

/// `name=value`; a bare flag has the value 1.
#[derive(Clone, Debug)]
pub(crate) struct Param {
    pub name: Word,
    pub value: Value,
}

/// One name defined by `.param` or as a default on `.subckt`.
#[derive(Debug)]
pub(crate) struct Definition {
    pub name: Word,
    pub value: Value,
    pub used: AtomicBool,
}

impl Clone for Definition {
    fn clone(&self) -> Self {
        let used = AtomicBool::new(self.used.load(std::sync::atomic::Ordering::Relaxed));
        Self { name: self.name.clone(), value: self.value.clone(), used }
    }
}

/// A user function.
#[derive(Clone, Debug)]
pub(crate) struct Function {
    pub arguments: Arc<[String]>,
    pub body: Arc<Expr<Name>>,
}

/// A `.model` card.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub name: Word,
    pub kind: Word,
    /// `ako:base`: the card whose values apply where this one has none.
    pub base: Option<Word>,
    pub params: Vec<Param>,
}

/// The deck itself (block 0) or a subcircuit definition.
#[derive(Clone, Debug, Default)]
pub(crate) struct Block {
    /// Name and place of the `.subckt`; empty for the deck.
    pub name: Box<str>,
    pub span: Span,
    /// Enclosing block.
    pub parent: Option<usize>,
    pub ports: Vec<Word>,
    pub port_index: HashMap<Box<str>, usize>,
    pub params: Vec<Definition>,
    pub param_index: HashMap<Box<str>, usize>,
    /// Those of `params` that only a branch of an `.if` defines: they may be without a value.
    pub optional: HashSet<usize>,
    pub functions: HashMap<Box<str>, Function>,
    /// Local subcircuits: name to block.
    pub blocks: HashMap<Box<str>, usize>,
    /// Local models: name to index in [`Deck::models`].
    pub models: HashMap<Box<str>, usize>,
    pub elements: Vec<Element>,
    /// Elements under `.if`: index and guard.
    pub guards: HashMap<usize, Box<str>>,
    /// Models under `.if`: guards and indices by name.
    pub guarded_models: HashMap<Box<str>, Vec<(Box<str>, usize)>>,
    /// Subcircuits under `.if`: guards and blocks by name.
    pub guarded_blocks: HashMap<Box<str>, Vec<(Box<str>, usize)>>,
    /// `.ic`: node and value.
    pub initial: Vec<(Word, Value)>,
    /// `.nodeset`.
    pub guesses: Vec<(Word, Value)>,
}

/// An element line.
#[derive(Clone, Debug)]
pub(crate) struct Element {
    pub name: Word,
    pub nodes: Vec<Word>,
    pub body: Body,
}

/// What follows the nodes.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    Passive {
        kind: Passive,
        /// Value, model, or both.
        values: Vec<Value>,
        params: Vec<Param>,
    },
    /// K: two or more inductors.
    Mutual {
        coils: Vec<Word>,
        coupling: Value,
    },
    Source {
        voltage: bool,
        source: Box<SourceText>,
        multiplier: Option<Value>,
    },
    /// E, G (controls are pairs of nodes) and F, H (controls are elements), linear or polynomial.
    Controlled {
        kind: Controlled,
        controls: Vec<Word>,
        coefficients: Vec<Value>,
        /// Written with `POLY`: a lone coefficient is then the constant, not the gain.
        poly: bool,
        params: Vec<Param>,
    },
    /// B, and all other forms of E, F, G and H.
    Behavioural {
        voltage: bool,
        form: Box<Form>,
        params: Vec<Param>,
    },
    /// T.
    Line {
        params: Vec<Param>,
    },
    /// D, J, M, S, W, Z.
    Device {
        model: Word,
        control: Option<Word>,
        params: Vec<Param>,
    },
    /// Y, Q: further nodes and the model are told apart when the models are known.
    Described {
        words: Vec<Word>,
        params: Vec<Param>,
    },
    /// `.array`.
    Array(Box<ArrayText>),
    /// X.
    Instance {
        block: Word,
        nodes: Vec<Word>,
        params: Vec<Param>,
    },
}

/// An array as written. Its wires and cells are placed when it is elaborated; each stands for a line of the array's own.
#[derive(Clone, Debug)]
pub(crate) struct ArrayText {
    /// What the pins of a cell are connected to: `row`, `col`, `gate` or a node.
    pub pins: Vec<Word>,
    /// Subcircuit, model, or `r`.
    pub cell: Word,
    pub rows: Option<Value>,
    pub cols: Option<Value>,
    /// Gate lines run along the rows, not along the columns.
    pub gate_along_rows: bool,
    /// Rows, columns, gate lines.
    pub lines: [LineText; 3],
    /// Parameters of a cell.
    pub params: Vec<Param>,
    /// Values from files: those of the hidden parameters after `row` and `col`.
    pub tables: Vec<TableText>,
    /// Row, column and resistance of stuck cells.
    pub stuck: Vec<[Value; 3]>,
    /// Block whose parameters are `row`, `col`, those of the tables and the resistance of a stuck cell.
    pub block: usize,
    /// The line of a cell that is no subcircuit.
    pub device: Element,
    /// The line of a stuck cell.
    pub stuck_cell: Element,
    /// First and last byte of the statement.
    pub extent: (Span, Span),
}

/// Wires of one kind.
#[derive(Clone, Debug)]
pub(crate) struct LineText {
    /// Resistor between two cells.
    pub segment: Option<Element>,
    /// Resistor between the outer node and the first cell.
    pub end: Option<Element>,
    /// Capacitor from the wire to ground at each cell.
    pub capacitor: Option<Element>,
    /// Voltage source at the outer node.
    pub source: Option<Element>,
    pub ends: Ends,
}

/// Where a wire is connected to its outer node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ends {
    /// Left or top.
    First,
    /// Right or bottom.
    Last,
    Both,
}

/// Values for the cells or the lines of an array.
#[derive(Clone, Debug)]
pub(crate) struct TableText {
    /// The parameter they are for.
    pub name: Word,
    pub values: Arc<Table>,
    pub span: Span,
}

/// Numbers of a CSV file.
#[derive(Debug, PartialEq)]
pub(crate) struct Table {
    pub rows: usize,
    pub columns: usize,
    /// Row by row.
    pub values: Vec<f64>,
}

/// `.read`.
#[derive(Clone, Debug)]
pub(crate) struct ReadText {
    pub array: Word,
    pub vectors: Option<(Arc<Table>, Span)>,
    /// Columns are driven and rows are read.
    pub by_column: bool,
    /// `transfer=`, `bound=`, `check=`, `swing=`.
    pub params: Vec<Param>,
    pub span: Span,
}

/// `.matrix`.
#[derive(Clone, Debug)]
pub(crate) struct MatrixText {
    pub array: Word,
    pub signal: MatrixSignal,
    /// As written.
    pub label: String,
    pub at: Vec<Value>,
    pub file: Option<std::path::PathBuf>,
    pub span: Span,
}

/// A signal of each cell: what follows the name of the cell (empty or `.name`).
#[derive(Clone, Debug)]
pub(crate) enum MatrixSignal {
    Voltage(Box<str>),
    Current(Box<str>),
    Power(Box<str>),
    Internal(Box<str>, Box<str>),
}

/// How the value of a behavioural source is written.
#[derive(Clone, Debug)]
pub(crate) enum Form {
    /// `v=`, `i=`, `value=`, `vol=`, `cur=`
    Value(Formula),
    /// `TABLE {x} = (x1, y1) ..`
    Table { input: Input, points: Vec<Value> },
    /// `AND(n)`, `OR(n)` and their inverses: the smallest or the largest of the controls goes into the table.
    Gate { largest: bool, controls: Vec<Word>, points: Vec<Value> },
    /// `LAPLACE {x} = {H(s)}`
    Laplace { input: Input, transfer: Formula },
    /// `LAPLACE n1 n2 k0 k1 .. / d0 d1 ..`
    Ratio { input: Input, numerator: Vec<Value>, denominator: Vec<Value> },
    /// `POLE n1 n2 a az1 fz1 .. / b ap1 fp1 ..`
    Pole { input: Input, zeros: Vec<Value>, poles: Vec<Value> },
    /// `FREQ {x} = (f, magnitude, phase) ..`
    Frequency { input: Input, format: ResponseFormat, points: Vec<Value> },
    /// `DELAY n1 n2 TD=`
    Delay { input: Input },
}

/// What goes into a table, a transfer function or a delay.
#[derive(Clone, Debug)]
pub(crate) enum Input {
    Formula(Formula),
    /// Two nodes (E, G) or one element (F, H).
    Control(Vec<Word>),
}

/// How the points of a frequency response are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ResponseFormat {
    pub decibel: bool,
    pub degrees: bool,
    /// Real and imaginary part.
    pub cartesian: bool,
}

impl Body {
    /// True when the value depends on what other elements and nodes there are.
    pub fn names_others(&self) -> bool {
        match self {
            Body::Passive { .. } | Body::Source { .. } | Body::Described { .. } | Body::Line { .. } => false,
            Body::Device { control, .. } => control.is_some(),
            _ => true,
        }
    }
}

/// R, C, L.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passive {
    Resistor,
    Capacitor,
    Inductor,
}

/// E, F, G, H.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Controlled {
    Vcvs,
    Cccs,
    Vccs,
    Ccvs,
}

/// Value of an independent source.
#[derive(Clone, Debug, Default)]
pub(crate) struct SourceText {
    pub dc: Option<Value>,
    pub ac: Option<(Option<Value>, Option<Value>)>,
    pub function: Option<FunctionText>,
}

/// Names of source functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Pulse,
    Sine,
    Exponential,
    PiecewiseLinear,
    FrequencyModulated,
    AmplitudeModulated,
    Noise,
    Random,
}

/// A source function with its arguments.
#[derive(Clone, Debug)]
pub(crate) struct FunctionText {
    pub shape: Shape,
    pub span: Span,
    pub arguments: Vec<Value>,
    /// Points read from a file.
    pub points: Vec<(f64, f64)>,
    /// `r=`, `td=`.
    pub params: Vec<Param>,
}

/// A single signal.
#[derive(Clone, Debug)]
pub(crate) struct SignalText {
    pub kind: SignalKind,
    /// As written, lower case and without blanks.
    pub label: String,
}

/// Kinds of signals as written.
#[derive(Clone, Debug)]
pub(crate) enum SignalKind {
    All,
    Voltage(Word, Option<Word>),
    Current(Word),
    Internal(Word, Box<str>),
}

/// A vector expression that can say where in the file its parts are.
#[derive(Clone, Debug)]
pub(crate) struct ExprText {
    pub expr: calc::Expr,
    pub origin: Origin,
    /// Offset in its logical line of the text it was parsed from.
    pub start: usize,
}

/// A signal in `.save`, a column of `.print`.
#[derive(Clone, Debug)]
pub(crate) struct ColumnText {
    /// As written, lower case and without blanks.
    pub label: String,
    pub what: ColumnWhat,
}

/// Kinds of columns.
#[derive(Clone, Debug)]
pub(crate) enum ColumnWhat {
    All,
    /// Every node voltage.
    Voltages,
    /// Every current.
    Currents,
    Expression(ExprText),
}

/// `.print` or `.plot`.
#[derive(Clone, Debug)]
pub(crate) struct PrintText {
    pub analysis: Option<Measured>,
    pub columns: Vec<ColumnText>,
    pub plot: bool,
}

/// `.four`
#[derive(Clone, Debug)]
pub(crate) struct FourierText {
    pub frequency: Value,
    pub signals: Vec<ColumnText>,
    pub span: Span,
}

/// An analysis as written.
#[derive(Clone, Debug)]
pub(crate) enum AnalysisText {
    Op { span: Span },
    Dc { sweeps: Vec<SweepText>, span: Span },
    Tran { times: Vec<Value>, use_initial: bool, span: Span },
    Ac { grid: FrequencyText, span: Span },
    Noise { output: SignalText, source: Word, grid: FrequencyText, summary: Option<Value>, span: Span },
    Transfer { output: SignalText, source: Word, span: Span },
    Read(Box<ReadText>),
    Sensitivity { output: SignalText, grid: Option<FrequencyText>, span: Span },
    PoleZero { nodes: Box<[Word; 4]>, drive: Drive, poles: bool, zeros: bool, span: Span },
}

/// Frequencies as written: points, first, last; or a list when there is no spacing.
#[derive(Clone, Debug)]
pub(crate) struct FrequencyText {
    pub spacing: Option<Spacing>,
    pub values: Vec<Value>,
}

/// One sweep variable as written.
#[derive(Clone, Debug)]
pub(crate) struct SweepText {
    pub target: TargetText,
    pub grid: GridText,
}

/// What varies, as written.
#[derive(Clone, Debug)]
pub(crate) enum TargetText {
    Temperature,
    Parameter(Word),
    /// `model(param)` or `element:param`.
    Of(Word, Word),
    /// An element or a parameter.
    Named(Word),
}

/// `.fit` as written.
#[derive(Clone, Debug)]
pub(crate) struct FitText {
    pub target: TargetText,
    pub params: Vec<Param>,
    pub local: bool,
    pub span: Span,
}

/// `.fitdata` as written.
#[derive(Clone, Debug, Default)]
pub(crate) struct FitDataText {
    pub name: Option<Word>,
    /// Source and column.
    pub drives: Vec<(Word, Option<Value>)>,
    pub signals: Vec<FitSignalText>,
    pub params: Vec<Param>,
    pub use_initial: bool,
    pub span: Span,
}

/// A signal of `.fitdata` with its `column=`, `sigma=` and `relative=`.
#[derive(Clone, Debug)]
pub(crate) struct FitSignalText {
    pub signal: ExprText,
    /// As written, lower case and without blanks.
    pub label: String,
    pub params: Vec<Param>,
}

/// Spacing of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    Linear,
    Decade,
    Octave,
}

/// Over which values.
#[derive(Clone, Debug)]
pub(crate) enum GridText {
    /// Step of a linear range (1 when not given), points of a decade or octave.
    Range {
        scale: Scale,
        start: Value,
        stop: Value,
        step: Option<Value>,
    },
    /// So many values, equally spaced.
    Count {
        count: Value,
        start: Value,
        stop: Value,
    },
    List(Vec<Value>),
}

/// A controller block as written.
#[derive(Clone, Debug)]
pub(crate) struct ControllerText {
    pub name: Word,
    pub span: Span,
    pub params: Vec<Param>,
    pub statements: Vec<ControllerLine>,
}

/// One line of it.
#[derive(Clone, Debug)]
pub(crate) struct ControllerLine {
    pub keyword: Word,
    pub words: Vec<Word>,
    pub params: Vec<Param>,
}

/// Everything that was read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Deck {
    pub dialect: Dialect,
    /// `.preprocess replaceground true` (Xyce).
    pub replace_ground: bool,
    pub title: String,
    pub title_span: Span,
    /// Block 0 is the deck.
    pub blocks: Vec<Block>,
    pub models: Vec<Model>,
    pub globals: Vec<Word>,
    pub options: Vec<Param>,
    pub analyses: Vec<AnalysisText>,
    /// `.step`, in order.
    pub steps: Vec<SweepText>,
    /// `.mc`: number of samples.
    pub samples: Option<Value>,
    /// `.savebias`.
    pub saved_bias: Option<std::path::PathBuf>,
    /// `.fit`.
    pub fits: Vec<FitText>,
    /// `.fitdata`.
    pub fit_data: Vec<FitDataText>,
    /// `.limits`.
    pub limits: Vec<(Word, Vec<Param>)>,
    pub saves: Vec<ColumnText>,
    pub prints: Vec<PrintText>,
    pub measures: Vec<Measure<ExprText>>,
    pub fouriers: Vec<FourierText>,
    pub controllers: Vec<ControllerText>,
    /// `.matrix`.
    pub matrices: Vec<MatrixText>,
    /// Libraries of compiled models.
    pub libraries: Vec<std::sync::Arc<crate::osdi::Library>>,
    /// `.control` blocks.
    pub controls: Vec<ControlText>,
}

/// A `.control` block: its lines as they are, without comments.
#[derive(Clone, Debug)]
pub(crate) struct ControlText {
    pub span: Span,
    pub lines: Vec<(Box<str>, Span)>,
}

impl Deck {
    /// True for the names of ground.
    pub fn is_ground(&self, name: &str) -> bool {
        match name {
            "0" => true,
            "gnd" => self.dialect != Dialect::Xyce || self.replace_ground,
            "gnd!" | "ground" => match self.dialect {
                Dialect::Hspice => true,
                Dialect::Xyce => self.replace_ground,
                _ => false,
            },
            _ => false,
        }
    }

    /// True for nodes that are the same in all subcircuits because of their name.
    pub fn is_global_name(&self, name: &str) -> bool {
        match self.dialect {
            Dialect::Ngspice | Dialect::Hspice => false,
            Dialect::Ltspice | Dialect::Xyce => name.starts_with("$g"),
        }
    }
}
