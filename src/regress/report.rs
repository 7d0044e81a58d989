//! What judging came to.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// How a deck ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Every expectation holds.
    Passed,
    /// One does not.
    Failed,
    /// An expectation or a golden file cannot be understood.
    Malformed,
    /// Not run, for the reason in the notes.
    Skipped,
}

/// One expectation compared.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Finding {
    /// What was compared: a signal, a measure, ..
    pub subject: String,
    /// Does it hold?
    pub passed: bool,
    /// The comparison in words.
    pub message: String,
    /// Expected value (at the place of the largest difference).
    pub expected: Option<f64>,
    /// Value got there.
    pub got: Option<f64>,
    /// Size of the difference, in the unit of the limit.
    pub error: Option<f64>,
    /// Largest size allowed.
    pub limit: Option<f64>,
    /// Where on the axis.
    pub at: Option<f64>,
    /// Plot of expected and got.
    pub plot: Option<PathBuf>,
}

impl Finding {
    /// A comparison that failed for a reason without numbers.
    pub fn failed(subject: impl Into<String>, message: impl Into<String>) -> Self {
        Self { subject: subject.into(), message: message.into(), ..Self::default() }
    }

    /// A comparison that holds and has no numbers.
    pub fn passed(subject: impl Into<String>, message: impl Into<String>) -> Self {
        Self { passed: true, ..Self::failed(subject, message) }
    }
}

/// What blessing changed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Change {
    /// Golden file.
    pub file: PathBuf,
    /// Signal; empty for a remark about the file.
    pub signal: String,
    /// The change in words.
    pub message: String,
}

/// Result of one deck.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeckReport {
    /// The deck as the user named it.
    pub deck: String,
    /// How it ended.
    pub verdict: Verdict,
    /// Wall time, s.
    pub seconds: f64,
    /// What was compared.
    pub findings: Vec<Finding>,
    /// What blessing changed.
    pub changes: Vec<Change>,
    /// Why it was skipped, warnings that were given.
    pub notes: Vec<String>,
}

impl DeckReport {
    /// An empty report with a verdict.
    pub fn new(deck: impl Into<String>, verdict: Verdict) -> Self {
        let (findings, changes, notes) = Default::default();
        Self { deck: deck.into(), verdict, seconds: 0.0, findings, changes, notes }
    }

    /// Fails for one reason.
    pub fn failed(deck: impl Into<String>, subject: &str, message: impl Into<String>) -> Self {
        let findings = vec![Finding::failed(subject, message)];
        Self { findings, ..Self::new(deck, Verdict::Failed) }
    }

    /// The findings that do not hold.
    pub fn failures(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|f| !f.passed)
    }
}

/// Result of all decks.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Summary {
    /// Number of decks whose expectations hold.
    pub passed: usize,
    /// Number of decks that fail.
    pub failed: usize,
    /// Number of decks whose expectations cannot be understood.
    pub malformed: usize,
    /// Number of decks that were not run.
    pub skipped: usize,
    /// Wall time of the whole run, s.
    pub seconds: f64,
    /// In the order of the decks.
    pub decks: Vec<DeckReport>,
}

impl Summary {
    /// Counts the verdicts.
    pub fn new(decks: Vec<DeckReport>, seconds: f64) -> Self {
        let count = |verdict| decks.iter().filter(|d| d.verdict == verdict).count();
        Self {
            passed: count(Verdict::Passed),
            failed: count(Verdict::Failed),
            malformed: count(Verdict::Malformed),
            skipped: count(Verdict::Skipped),
            seconds,
            decks,
        }
    }

    /// Does everything hold that was run?
    pub fn good(&self) -> bool {
        self.failed == 0 && self.malformed == 0
    }
}
