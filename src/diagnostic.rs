//! Source text, spans and the diagnostics that point into it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A byte range of one source file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// Index of the file in the [`SourceMap`].
    pub file: u32,
    /// First byte.
    pub start: u32,
    /// Length in bytes.
    pub len: u32,
}

/// One file of netlist text.
#[derive(Debug)]
pub struct SourceFile {
    /// Path as the user wrote it.
    pub path: PathBuf,
    /// Contents; bytes that are not UTF-8 are replaced.
    pub text: Arc<str>,
}

/// All files of one netlist: the deck first, then what it includes.
#[derive(Debug, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

impl SourceMap {
    /// Adds a file and returns its index.
    pub fn add(&mut self, path: &Path, text: impl Into<Arc<str>>) -> u32 {
        self.files.push(SourceFile { path: path.to_path_buf(), text: text.into() });
        (self.files.len() - 1) as u32
    }

    /// The file with this index.
    pub fn file(&self, index: u32) -> &SourceFile {
        &self.files[index as usize]
    }

    /// Number of files.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// True when no file has been added.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// One-based line and column of the first byte of a span.
    pub fn line_column(&self, span: Span) -> (usize, usize) {
        let text = self.file(span.file).text.as_bytes();
        let start = (span.start as usize).min(text.len());
        let line = text[..start].iter().filter(|&&b| b == b'\n').count() + 1;
        let line_start = text[..start].iter().rposition(|&b| b == b'\n').map_or(0, |p| p + 1);
        (line, start - line_start + 1)
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; the run goes on.
    Warning,
    /// The netlist cannot be simulated.
    Error,
}

/// One finding about the netlist.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// What is wrong, in the user's own names.
    pub message: String,
    /// Where.
    pub span: Option<Span>,
    /// Words under the marked excerpt ("expected a value here").
    pub label: String,
    /// What to try.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// An error at `span`.
    pub fn error(span: Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, message: message.into(), span: Some(span), label: "here".into(), hint: None }
    }

    /// A warning at `span`.
    pub fn warning(span: Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(span, message) }
    }

    /// Sets the words under the excerpt.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Sets the hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
