//! Statements that other simulators have beside the circuit: read over, noted, or refused with a reason.

use super::lex::{Blanks, Cursor, check_parentheses};
use super::lines::Line;
use super::parse::Parser;
use super::value;
use crate::diagnostic::{Diagnostic, Severity};
use crate::dialect::{Dialect, declaration};

/// Statements without any effect on the circuit or its results.
const SILENT: [&str; 9] =
    [".backanno", ".protect", ".unprotect", ".prot", ".unprot", ".del", ".ltspice", ".version", ".simulator"];

/// Statements that are passed over with a note: what they ask for is not needed, or is done otherwise.
const NOTED: [(&str, &str); 7] = [
    (".width", "tables take the width they need"),
    (".graph", "results are plotted from the output file"),
    (".acct", "no accounting is printed"),
    (".list", "the listing is the file itself"),
    (".wave", "audio files are not written"),
    (".save_settings", "nothing is stored"),
    (".result", "print expressions with `.print`"),
];

/// Statements that change what is simulated and that cannot be followed: the reason.
const REFUSED: [(&str, &str); 7] = [
    (".alter", "write one deck per variant, or sweep a parameter with `.step param`"),
    (".del", "delete the lines themselves"),
    (".machine", "Laplace state machines are not read"),
    (".net", "two-port parameters: use `.sp`, or `.ac` with sources"),
    (".malias", "use `.model new ako:old`"),
    (".connect", "use the same node name on both sides"),
    (".dialect", "known are ngspice, ltspice, hspice and xyce"),
];

/// True before the name of an analysis whose results are always printed, as in `.print sens all`.
pub(super) fn printed_by_itself(cursor: &Cursor) -> bool {
    cursor.peek().is_some_and(|token| ["sens", "pz", "tf"].iter().any(|name| token.is(name)))
}

impl Parser {
    /// Deals with such a statement; false when it is another.
    pub(super) fn beside_the_circuit(&mut self, line: &Line, keyword: &str) -> Result<bool, Diagnostic> {
        let span = line.origin.span(0, keyword.len());
        if keyword == ".dialect" && declaration(&line.text).is_some_and(|name| name.parse::<Dialect>().is_ok()) {
            return Ok(true);
        }
        if keyword == ".preprocess" {
            return self.preprocess(line).map(|()| true);
        }
        if let Some((_, reason)) = REFUSED.iter().find(|(name, _)| *name == keyword) {
            let error = Diagnostic::error(span, format!("`{keyword}` is not supported"));
            return Err(error.label("cannot be followed").hint(*reason));
        }
        if let Some((_, reason)) = NOTED.iter().find(|(name, _)| *name == keyword) {
            let warning = Diagnostic::warning(span, format!("`{keyword}` has no effect"));
            self.report.warn(warning.label("ignored").hint(*reason));
            return Ok(true);
        }
        Ok(SILENT.contains(&keyword))
    }

    /// Words of LTspice's `.tran` that change when a run begins or ends.
    pub(super) fn note_modifiers(&mut self, cursor: &Cursor) {
        const MODIFIERS: [(&str, &str); 4] = [
            ("startup", "the run begins at the operating point with the sources on"),
            ("steady", "the run goes on to the stop time"),
            ("nodiscard", "nothing is discarded"),
            ("step", "loads are not stepped"),
        ];
        let mut cursor = cursor.clone();
        while let Ok(Some(token)) = cursor.take() {
            if let Some((word, what)) = MODIFIERS.iter().find(|(word, _)| token.is(word)) {
                let warning = Diagnostic::warning(cursor.span(&token), format!("`{word}` has no effect"));
                self.report.warn(warning.label("ignored").hint(*what));
            }
        }
    }

    /// Warns of parentheses that do not match on a line where they count as blanks.
    pub(super) fn note_parentheses(&mut self, line: &Line) {
        let loose = line.text.starts_with(['.', 'v', 'i', 'e', 'f', 'g', 'h', 'V', 'I', 'E', 'F', 'G', 'H']);
        if loose && let Err(error) = check_parentheses(line) {
            self.report.warn(Diagnostic { severity: Severity::Warning, ..error });
        }
    }

    /// Xyce's `.preprocess replaceground true`; the others concern only the speed of Xyce.
    fn preprocess(&mut self, line: &Line) -> Result<(), Diagnostic> {
        let mut cursor = Cursor::new(line, Blanks::Strict)?;
        cursor.take()?;
        let what = value::name(&mut cursor, "replaceground, removeunused or addresistors")?;
        let replace = &*what.text == "replaceground";
        let on = cursor.peek().is_none_or(|token| !token.is("false"));
        if replace {
            self.deck.replace_ground = on;
        } else {
            let warning = Diagnostic::warning(what.span, format!("`.preprocess {}` has no effect", what.text));
            self.report.warn(warning.label("ignored"));
        }
        Ok(())
    }
}
