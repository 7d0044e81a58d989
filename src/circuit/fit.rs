//! What `.fit` and `.fitdata` say: free parameters, and how measured columns belong to the circuit.

use std::path::PathBuf;

use super::{ElementId, Signal, SweepTarget};
use crate::diagnostic::Span;

/// `.fit`: a parameter to be found.
#[derive(Debug, Clone)]
pub struct FreeParameter {
    /// Which one.
    pub target: SweepTarget,
    /// Least value allowed, in the parameter's unit.
    pub from: f64,
    /// Greatest value allowed.
    pub to: f64,
    /// Where the search begins; `None` is the value in the deck.
    pub start: Option<f64>,
    /// The logarithm is searched.
    pub logarithmic: bool,
    /// Expected value and its standard deviation (of the natural logarithm when `logarithmic`).
    pub prior: Option<(f64, f64)>,
    /// Every data set has a value of its own.
    pub local: bool,
    /// Where it was written.
    pub span: Span,
}

/// A number, or the heading of a column that holds it.
#[derive(Debug, Clone, PartialEq)]
pub enum Given {
    /// The same for all rows.
    Number(f64),
    /// Column of the data file, lower case.
    Column(String),
}

/// A source that follows a column.
#[derive(Debug, Clone)]
pub struct FitDrive {
    /// Independent source.
    pub source: ElementId,
    /// Column with its values, V or A.
    pub column: String,
}

/// A measured column and what it measures.
#[derive(Debug, Clone)]
pub struct FitSignal {
    /// Quantity of the circuit.
    pub signal: Signal,
    /// Column with its measured values.
    pub column: String,
    /// Standard deviation of the noise, in the unit of the signal; `None` together with `relative = 0` means that it is
    /// estimated.
    pub sigma: Option<Given>,
    /// Part of the noise that is proportional to the measured value.
    pub relative: f64,
}

/// A train of pulses, one row each, with a read behind every pulse.
#[derive(Debug, Clone)]
pub struct FitPulses {
    /// Source that gives the pulses.
    pub source: ElementId,
    /// Amplitude, V or A.
    pub amplitude: Given,
    /// Width at the top, s.
    pub width: Given,
    /// Rise and fall, s.
    pub edge: f64,
    /// Time from pulse to pulse, s.
    pub period: f64,
    /// Value of the source between pulses, while the signals are read, V or A.
    pub read: f64,
}

/// `.fitdata`: how a data file belongs to the circuit.
#[derive(Debug, Clone)]
pub struct FitData {
    /// Name for `--data NAME=FILE`.
    pub name: Option<String>,
    /// The file; `None` waits for one on the command line.
    pub file: Option<PathBuf>,
    /// Column of times, s.
    pub time: Option<String>,
    /// Sources that follow a column.
    pub drives: Vec<FitDrive>,
    /// What was measured.
    pub signals: Vec<FitSignal>,
    /// Pulse train.
    pub pulses: Option<FitPulses>,
    /// Slope from row to row where there are no times, V/s or A/s.
    pub rate: Option<f64>,
    /// Temperature, degrees Celsius.
    pub celsius: Option<Given>,
    /// Columns whose values separate data sets: each begins anew.
    pub groups: Vec<String>,
    /// Column that tells devices apart.
    pub device: Option<String>,
    /// The initial conditions are those of `uic`.
    pub use_initial: bool,
    /// Largest time step, s.
    pub max_step: Option<f64>,
    /// Where it was written.
    pub span: Span,
}
