//! What is measured and printed of the results: `.measure`, `.four`, `.print`.

use crate::calc::Expr;
use crate::diagnostic::Span;

/// A `.measure` statement over expressions `E`.
#[derive(Clone, Debug)]
pub struct Measure<E = Expr> {
    /// Name of the result, lower case.
    pub name: String,
    /// Analysis whose results are measured; any analysis when it is not said.
    pub analysis: Option<Measured>,
    /// What is measured.
    pub task: Task<E>,
    /// The statement.
    pub span: Span,
}

/// Analyses that can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Measured {
    Tran,
    Ac,
    Dc,
    Noise,
    Op,
}

impl Measured {
    /// The analysis with this name in a statement.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "tran" | "tran_cont" => Measured::Tran,
            "ac" | "sp" | "ac_cont" => Measured::Ac,
            "dc" | "dc_cont" => Measured::Dc,
            "noise" | "noise_cont" => Measured::Noise,
            "op" => Measured::Op,
            _ => return None,
        })
    }

    /// True when plots of this name come from the analysis.
    pub fn made(self, plot_name: &str) -> bool {
        match self {
            Measured::Tran => plot_name.starts_with("Transient"),
            Measured::Ac => plot_name.starts_with("AC") || plot_name.starts_with("SP"),
            Measured::Dc => plot_name.starts_with("DC"),
            Measured::Noise => plot_name.starts_with("Noise") || plot_name.starts_with("Integrated Noise"),
            Measured::Op => plot_name.starts_with("Operating"),
        }
    }
}

/// What a measure computes.
#[derive(Clone, Debug)]
pub enum Task<E> {
    /// `TRIG .. TARG ..`: place of the target less that of the trigger.
    Delay {
        /// Where the interval begins.
        trigger: Event<E>,
        /// Where it ends.
        target: Event<E>,
    },
    /// `WHEN a=b`: where it happens.
    When(Condition<E>),
    /// `FIND x AT=..`, `FIND x WHEN ..`, and the same for the derivative.
    Find {
        /// The quantity.
        what: E,
        /// Where.
        event: Event<E>,
        /// Its derivative along the axis is wanted.
        derivative: bool,
    },
    /// `AVG`, `MAX`, ..
    Statistic {
        /// Which one.
        kind: Statistic,
        /// The quantity.
        what: E,
        /// Part of the axis.
        window: Window<E>,
    },
    /// `PARAM=..`: an expression of other measures.
    Parameter(E),
    /// `DUTY`, `FREQ`, `ON_TIME`, `OFF_TIME` of Xyce.
    Switching {
        /// Which one.
        kind: Switching,
        /// The quantity.
        what: E,
        /// The quantity is on from this level upwards.
        on: E,
        /// The quantity is off from this level downwards.
        off: E,
        /// Part of the axis.
        window: Window<E>,
    },
    /// `FOUR x AT=f`: harmonics.
    Fourier {
        /// The quantity.
        what: E,
        /// Fundamental, Hz.
        frequency: E,
        /// Number of harmonics with the mean.
        count: usize,
        /// Points per period.
        grid: usize,
    },
    /// `ERROR x COMP ..`: difference from a table of (axis, value).
    Error {
        /// The quantity.
        what: E,
        /// What it should be.
        table: Vec<(f64, f64)>,
        /// How differences are counted.
        norm: Norm,
    },
}

/// A place on the axis.
#[derive(Clone, Debug)]
pub enum Event<E> {
    /// `AT=x`
    At(E),
    /// Where a condition is met.
    When(Condition<E>),
}

/// `left = right`, counted.
#[derive(Clone, Debug)]
pub struct Condition<E> {
    /// One side.
    pub left: E,
    /// The other side.
    pub right: E,
    /// Which way the left side goes through the right one.
    pub edge: Edge,
    /// Which of the crossings.
    pub count: Count<E>,
    /// Where crossings count.
    pub window: Window<E>,
}

/// Direction of a crossing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Edge {
    Rise,
    Fall,
    Cross,
}

/// Which crossing.
#[derive(Clone, Debug, PartialEq)]
pub enum Count<E> {
    /// The first one; a curve that starts at the value does not cross it there.
    First,
    /// The n-th, from 1; a negative number counts from the end.
    Number(E),
    /// The last one.
    Last,
}

/// Part of the axis.
#[derive(Clone, Debug)]
pub struct Window<E> {
    /// First place.
    pub from: Option<E>,
    /// Last place.
    pub to: Option<E>,
    /// `TD=`: nothing counts before.
    pub delay: Option<E>,
    /// `TRIG`: where the window begins (LTspice).
    pub trigger: Option<Box<Event<E>>>,
    /// `TARG`: where it ends.
    pub target: Option<Box<Event<E>>>,
}

impl<E> Default for Window<E> {
    fn default() -> Self {
        Self { from: None, to: None, delay: None, trigger: None, target: None }
    }
}

/// Numbers that describe a stretch of a curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistic {
    /// Mean over the axis.
    Average,
    /// Largest value.
    Maximum,
    /// Smallest value.
    Minimum,
    /// Largest less smallest value.
    PeakToPeak,
    /// Root of the mean square.
    Rms,
    /// Integral over the axis.
    Integral,
    /// Where the largest value is.
    MaximumAt,
    /// Where the smallest value is.
    MinimumAt,
}

/// Numbers of a signal that switches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switching {
    /// Share of the time that the signal is on.
    Duty,
    /// Cycles per unit of the axis.
    Frequency,
    /// Mean length of the times on.
    OnTime,
    /// Mean length of the times off.
    OffTime,
}

/// How a difference of two curves becomes one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Norm {
    /// Sum of magnitudes.
    L1,
    /// Root of the sum of squares.
    L2,
    /// Largest magnitude.
    Infinity,
    /// Root of the mean square of the differences relative to the value (HSPICE `ERR`).
    Relative,
}

/// `.four`
#[derive(Clone, Debug)]
pub struct Fourier {
    /// Fundamental, Hz.
    pub frequency: f64,
    /// Names and expressions.
    pub signals: Vec<Column>,
    /// The statement.
    pub span: Span,
}

/// `.print` or `.plot`
#[derive(Clone, Debug)]
pub struct Print {
    /// Analysis it belongs to.
    pub analysis: Option<Measured>,
    /// What is printed, without the axis.
    pub columns: Vec<Column>,
    /// It was a `.plot`.
    pub plot: bool,
}

/// A named expression; `None` stands for all signals.
#[derive(Clone, Debug)]
pub struct Column {
    /// As written.
    pub label: String,
    /// What it is.
    pub expr: Option<Expr>,
}

impl<E> Measure<E> {
    /// The same measure over other expressions; the first failure ends it.
    ///
    /// # Errors
    /// Whatever `f` fails with.
    pub fn try_map<F, X>(&self, f: &mut dyn FnMut(&E) -> Result<F, X>) -> Result<Measure<F>, X> {
        Ok(Measure { name: self.name.clone(), analysis: self.analysis, task: self.task.try_map(f)?, span: self.span })
    }
}

impl<E> Task<E> {
    fn try_map<F, X>(&self, f: &mut dyn FnMut(&E) -> Result<F, X>) -> Result<Task<F>, X> {
        Ok(match self {
            Task::Delay { trigger, target } => Task::Delay { trigger: trigger.try_map(f)?, target: target.try_map(f)? },
            Task::When(condition) => Task::When(condition.try_map(f)?),
            Task::Find { what, event, derivative } => {
                Task::Find { what: f(what)?, event: event.try_map(f)?, derivative: *derivative }
            }
            Task::Statistic { kind, what, window } => {
                Task::Statistic { kind: *kind, what: f(what)?, window: window.try_map(f)? }
            }
            Task::Parameter(expr) => Task::Parameter(f(expr)?),
            Task::Switching { kind, what, on, off, window } => {
                Task::Switching { kind: *kind, what: f(what)?, on: f(on)?, off: f(off)?, window: window.try_map(f)? }
            }
            Task::Fourier { what, frequency, count, grid } => {
                Task::Fourier { what: f(what)?, frequency: f(frequency)?, count: *count, grid: *grid }
            }
            Task::Error { what, table, norm } => Task::Error { what: f(what)?, table: table.clone(), norm: *norm },
        })
    }
}

impl<E> Event<E> {
    fn try_map<F, X>(&self, f: &mut dyn FnMut(&E) -> Result<F, X>) -> Result<Event<F>, X> {
        Ok(match self {
            Event::At(expr) => Event::At(f(expr)?),
            Event::When(condition) => Event::When(condition.try_map(f)?),
        })
    }
}

impl<E> Condition<E> {
    fn try_map<F, X>(&self, f: &mut dyn FnMut(&E) -> Result<F, X>) -> Result<Condition<F>, X> {
        let count = match &self.count {
            Count::Number(expr) => Count::Number(f(expr)?),
            Count::Last => Count::Last,
            Count::First => Count::First,
        };
        let window = self.window.try_map(f)?;
        Ok(Condition { left: f(&self.left)?, right: f(&self.right)?, edge: self.edge, count, window })
    }
}

impl<E> Window<E> {
    fn try_map<F, X>(&self, f: &mut dyn FnMut(&E) -> Result<F, X>) -> Result<Window<F>, X> {
        let mut event = |event: &Option<Box<Event<E>>>| event.as_ref().map(|e| e.try_map(f).map(Box::new)).transpose();
        let (trigger, target) = (event(&self.trigger)?, event(&self.target)?);
        let mut one = |expr: &Option<E>| expr.as_ref().map(&mut *f).transpose();
        Ok(Window { from: one(&self.from)?, to: one(&self.to)?, delay: one(&self.delay)?, trigger, target })
    }
}
