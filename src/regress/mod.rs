//! Regression of netlists: finds decks, runs them, and judges them by expectations that other simulators ignore.
//!
//! An expectation is a comment line `*> ...` of the deck, a line of `deck.expect` beside it, or a golden waveform
//! `ref/deck.csv`. `docs/regression.md` is the reference; [`expect`] is the grammar.
//!
//! A deck is judged in a process of its own when [`Settings::program`] names the program, so that neither a crash nor
//! an endless loop takes the others along; the results do not depend on the number of jobs.

pub mod bless;
pub mod compare;
pub mod expect;
pub mod find;
pub mod golden;
pub mod judge;
pub mod junit;
pub mod report;
pub mod runner;
pub mod simulate;
mod words;

pub use find::{FindError, find};
pub use judge::judge;
pub use junit::write_junit;
pub use report::{Change, DeckReport, Finding, Summary, Verdict};
pub use runner::{Settings, run};
