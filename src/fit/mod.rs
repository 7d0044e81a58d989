//! Fitting model parameters to measurements, and the classic figures of measured switching curves.
//!
//! A deck holds the test bench; `.fit` frees parameters and `.fitdata` says how measured columns belong to it (see
//! `docs/fit.md`). [`Problem`] binds both, [`fit`] searches, [`Fit`] says what was found and how well the data determine it,
//! [`card`] writes it as a model card; [`population`] does so for many devices; [`extract`] needs no model at all.

pub mod card;
mod dense;
mod estimate;
mod experiment;
pub mod extract;
pub mod least_squares;
pub mod population;
mod problem;
mod quantile;
mod search;
mod table;
mod variable;

#[cfg(test)]
mod tests;

pub use dense::{Matrix, least_squares, singular_values};
pub use estimate::{Direction, Estimate, Fit, SetFit, SignalFit};
pub use experiment::{DataSet, Experiment, Observation};
pub use least_squares::{End, Loss};
pub use problem::{DataFile, Problem};
pub use search::{SearchSettings, fit, profile};
pub use table::{Column, DataError, Table};
pub use variable::Variable;

use std::sync::Arc;

use thiserror::Error;

use crate::diagnostic::{Diagnostic, SourceMap};
use crate::netlist;

/// Why nothing could be fitted.
#[derive(Debug, Error)]
pub enum FitError {
    /// The deck has mistakes.
    #[error("{}", .0.first().map_or("the deck has mistakes", |d| d.message.as_str()))]
    Deck(Vec<Diagnostic>),
    /// The deck cannot be read.
    #[error("{0}")]
    Netlist(Box<netlist::Failure>),
    /// A data file does not fit.
    #[error(transparent)]
    Data(#[from] DataError),
    /// What was asked for makes no sense.
    #[error("{0}")]
    Request(String),
    /// The model has no solution anywhere.
    #[error("the model cannot be simulated at any start: {0}")]
    Simulation(String),
}

impl From<netlist::Failure> for FitError {
    fn from(failure: netlist::Failure) -> Self {
        Self::Netlist(Box::new(failure))
    }
}

impl FitError {
    /// True when simulations failed; false when deck, data or request are wrong.
    pub fn is_simulation(&self) -> bool {
        matches!(self, Self::Simulation(_))
    }

    /// Diagnostics with the text they point into, where there are any.
    pub fn diagnostics<'a>(&'a self, sources: &'a Arc<SourceMap>) -> Option<(&'a [Diagnostic], &'a Arc<SourceMap>)> {
        match self {
            Self::Deck(found) => Some((found, sources)),
            Self::Netlist(failure) => Some((&failure.diagnostics, &failure.sources)),
            _ => None,
        }
    }
}

fn quoted<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
