//! Collects findings, bounded in number, so that a deck with a million mistakes is still reported at once.

use crate::diagnostic::{Diagnostic, Span};

/// Errors that are shown.
const SHOWN: usize = 50;
/// Errors after which reading stops.
const COUNTED: usize = 100;

/// Why a part of the netlist could not be used.
#[derive(Debug)]
pub(crate) enum Fault {
    /// A finding that is still to be reported.
    New(Diagnostic),
    /// A consequence of a finding that has been reported.
    Reported,
}

impl From<Diagnostic> for Fault {
    fn from(diagnostic: Diagnostic) -> Self {
        Fault::New(diagnostic)
    }
}

/// The findings so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    errors: Vec<Diagnostic>,
    dropped: usize,
    /// Warnings, in the order found.
    pub warnings: Vec<Diagnostic>,
}

impl Report {
    /// Adds a finding; a consequence of an earlier one adds nothing.
    pub fn add(&mut self, fault: impl Into<Fault>) {
        match fault.into() {
            Fault::New(diagnostic) if self.errors.len() < SHOWN => self.errors.push(diagnostic),
            Fault::New(_) => self.dropped += 1,
            Fault::Reported => {}
        }
    }

    /// Adds a warning (the same bound holds).
    pub fn warn(&mut self, warning: Diagnostic) {
        if self.warnings.len() < COUNTED {
            self.warnings.push(warning);
        }
    }

    /// Keeps the value, or reports the fault.
    pub fn keep<T>(&mut self, result: Result<T, Fault>) -> Option<T> {
        result.map_err(|fault| self.add(fault)).ok()
    }

    /// True when something is wrong.
    pub fn failed(&self) -> bool {
        !self.errors.is_empty()
    }

    /// True when there is no point in going on.
    pub fn exhausted(&self) -> bool {
        self.errors.len() + self.dropped >= COUNTED
    }

    /// The errors in the order of the text, closed by a line that counts what is not shown, then the warnings.
    pub fn into_diagnostics(self) -> Vec<Diagnostic> {
        let mut all = self.errors;
        all.sort_by_key(|error| error.span.map(|span| (span.file, span.start)));
        if self.dropped > 0 {
            let more = if all.len() + self.dropped >= COUNTED { "or more" } else { "in all" };
            let message = format!("{} further errors {more} are not shown", self.dropped);
            all.push(Diagnostic { span: None, ..Diagnostic::error(Span::default(), message) });
        }
        all.extend(self.warnings);
        all
    }
}
