//! A deck with its arrays written out line by line, for simulators that have no `.array`.

use std::sync::Arc;

use super::elaborate::{self, Written};
use super::{Failure, Parsed};
use crate::circuit::Overrides;
use crate::diagnostic::Diagnostic;

/// Statements that only this simulator has; they become comments.
const OWN: [&str; 2] = [".matrix", ".read"];

impl Parsed {
    /// The text of the deck with the lines that its `.array` statements stand for; `.matrix` and `.read` become comments.
    /// Everything else is as it was, files that are included stay included.
    ///
    /// # Errors
    /// Every mistake found in the text, and arrays that are not in the deck itself.
    pub fn plain(self: &Arc<Self>) -> Result<String, Failure> {
        let mut report = self.report.clone();
        let mut arrays = Vec::new();
        let overrides = Overrides::default();
        let circuit = match self.deck.blocks.is_empty() {
            true => None,
            false => {
                let (deck, broken) = (&self.deck, &self.broken);
                elaborate::elaborate(deck, broken, &self.sources, &overrides, &mut report, Some(&mut arrays))
            }
        };
        let hidden = |array: &&Written| array.inside || array.extent.0.file != 0;
        if let Some(array) = arrays.iter().find(hidden) {
            let error = Diagnostic::error(array.extent.0, "this array cannot be written out");
            report.add(error.label("not in the deck itself").hint("move it out of the subcircuit or included file"));
        }
        if circuit.is_none() || report.failed() {
            return Err(Failure { diagnostics: report.into_diagnostics(), sources: Arc::clone(&self.sources) });
        }
        arrays.sort_by_key(|array| array.extent.0.start);
        let deck = &self.sources.file(0).text;
        let mut text = String::with_capacity(deck.len() + arrays.iter().map(|a| a.lines.len()).sum::<usize>());
        let mut at = 0;
        for array in &arrays {
            let (first, last) = (array.extent.0.start as usize, (array.extent.1.start + array.extent.1.len) as usize);
            comment_own(&deck[at..first], &mut text);
            text.push_str(array.lines.trim_end());
            // A comment behind the statement goes with it.
            at = last + deck[last..].find('\n').unwrap_or(deck.len() - last);
        }
        comment_own(&deck[at..], &mut text);
        Ok(text)
    }
}

/// Copies lines, own statements with their continuations as comments.
fn comment_own(lines: &str, text: &mut String) {
    let mut own = false;
    for line in lines.split_inclusive('\n') {
        let content = line.trim_start().to_ascii_lowercase();
        let word = content.split_whitespace().next().unwrap_or("");
        own = if content.starts_with('+') { own } else { OWN.contains(&word) };
        if own {
            text.push_str("* ");
        }
        text.push_str(line);
    }
}
