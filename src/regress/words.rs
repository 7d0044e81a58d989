//! Words of an expectation line, with their places in the file.

use crate::diagnostic::{Diagnostic, Span};
use crate::expr;

/// One word.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word<'t> {
    /// Without the quotes.
    pub text: &'t str,
    pub span: Span,
    pub quoted: bool,
}

/// The words of one line, read from the left.
pub(super) struct Words<'t> {
    words: Vec<Word<'t>>,
    at: usize,
    /// Where something missing would have to stand.
    end: Span,
}

impl<'t> Words<'t> {
    /// Splits `line`, which begins at byte `start` of file `file`. Blanks separate words except within quotes, parentheses,
    /// brackets and braces; `=`, `<`, `>`, `<=` and `>=` are words of their own; `#` begins a remark.
    pub fn new(line: &'t str, file: u32, start: u32) -> Result<Self, Diagnostic> {
        let span = |from: usize, to: usize| Span { file, start: start + from as u32, len: (to - from) as u32 };
        let bytes = line.as_bytes();
        let mut words = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let from = at;
            match bytes[at] {
                b if b.is_ascii_whitespace() => at += 1,
                b'#' => break,
                b'"' => {
                    let length = line[at + 1..].find('"').ok_or_else(|| {
                        Diagnostic::error(span(from, line.len()), "a text without closing quote").label("begins here")
                    })?;
                    at += length + 2;
                    words.push(Word { text: &line[from + 1..at - 1], span: span(from, at), quoted: true });
                }
                b'=' => {
                    at += 1;
                    words.push(Word { text: "=", span: span(from, at), quoted: false });
                }
                b'<' | b'>' => {
                    at += if bytes.get(at + 1) == Some(&b'=') { 2 } else { 1 };
                    words.push(Word { text: &line[from..at], span: span(from, at), quoted: false });
                }
                _ => {
                    let mut depth = 0usize;
                    while at < bytes.len() {
                        match bytes[at] {
                            b'(' | b'[' | b'{' => depth += 1,
                            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
                            b'=' | b'<' | b'>' | b'"' if depth == 0 => break,
                            b if b.is_ascii_whitespace() && depth == 0 => break,
                            _ => {}
                        }
                        at += 1;
                    }
                    words.push(Word { text: &line[from..at], span: span(from, at), quoted: false });
                }
            }
        }
        Ok(Self { words, at: 0, end: span(line.trim_end().len(), line.trim_end().len()) })
    }

    /// The next word without taking it.
    pub fn peek(&self) -> Option<Word<'t>> {
        self.words.get(self.at).copied()
    }

    /// Takes the next word if there is one.
    pub fn take(&mut self) -> Option<Word<'t>> {
        let word = self.peek()?;
        self.at += 1;
        Some(word)
    }

    /// Takes the next word if it is this keyword.
    pub fn take_if(&mut self, keyword: &str) -> bool {
        let found = self.peek().is_some_and(|w| !w.quoted && w.text.eq_ignore_ascii_case(keyword));
        self.at += usize::from(found);
        found
    }

    /// Takes a word; `what` says what is expected.
    pub fn word(&mut self, what: &str) -> Result<Word<'t>, Diagnostic> {
        self.take().ok_or_else(|| self.missing(what))
    }

    /// Takes a number with an optional SPICE suffix and unit.
    pub fn number(&mut self, what: &str) -> Result<f64, Diagnostic> {
        let word = self.word(what)?;
        value(word.text).ok_or_else(|| wrong(word, what))
    }

    /// An error about something that is not there.
    pub fn missing(&self, what: &str) -> Diagnostic {
        Diagnostic::error(self.end, format!("the line ends where {what} is expected")).label("missing here")
    }

    /// Nothing may follow.
    pub fn finish(&mut self) -> Result<(), Diagnostic> {
        match self.take() {
            None => Ok(()),
            Some(word) => Err(Diagnostic::error(word.span, format!("`{}` is not expected here", word.text))
                .label("the expectation is complete before this")),
        }
    }
}

/// A whole word as a number.
pub(super) fn value(text: &str) -> Option<f64> {
    match expr::number(text) {
        Some((value, used)) if used == text.len() => Some(value),
        _ => text.parse().ok().filter(|v: &f64| v.is_finite()),
    }
}

/// An error about a word that is not what it should be.
pub(super) fn wrong(word: Word, what: &str) -> Diagnostic {
    Diagnostic::error(word.span, format!("`{}` is not {what}", word.text)).label(format!("{what} expected"))
}
