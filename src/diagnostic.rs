//! Source text, spans and the diagnostics that point into it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan,
    SpanContents,
};

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
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Path as the user wrote it.
    pub path: PathBuf,
    /// Contents; bytes that are not UTF-8 are replaced.
    pub text: Arc<str>,
}

/// All files of one netlist: the deck first, then what it includes.
#[derive(Clone, Debug, Default)]
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

/// Renders a diagnostic for a terminal: message, `file:line:column`, marked excerpt, hint.
///
/// Long lines are shortened around the mark and unprintable bytes replaced; `color` adds ANSI colours.
pub fn render(diagnostic: &Diagnostic, sources: &SourceMap, color: bool) -> String {
    let theme = if color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(100).with_links(false).with_context_lines(1);
    let excerpt =
        diagnostic.span.filter(|span| (span.file as usize) < sources.len()).map(|span| Excerpt::new(sources, span));
    let mut text = String::new();
    match handler.render_report(&mut text, &Shown { diagnostic, excerpt }) {
        Ok(()) => text,
        Err(_) => format!("{}\n", sentence(&diagnostic.message)),
    }
}

/// Characters shown on either side of a mark.
const AROUND: usize = 60;

/// The lines around a span, fit to print.
#[derive(Debug)]
struct Excerpt {
    name: String,
    text: String,
    /// The mark in `text`.
    mark: SourceSpan,
    /// Zero-based number of the first line of `text`, and of the marked line and column in the file.
    first_line: usize,
    line: usize,
    column: usize,
}

impl Excerpt {
    fn new(sources: &SourceMap, span: Span) -> Self {
        let file = sources.file(span.file);
        let text: &str = &file.text;
        let start = floor_boundary(text, span.start as usize);
        let (line, column) = sources.line_column(Span { start: start as u32, ..span });
        let from = text[..start].rfind('\n').map_or(0, |n| n + 1);
        let to = text[start..].find('\n').map_or(text.len(), |n| start + n);
        let end = floor_boundary(text, (start + span.len as usize).min(to)).max(start);
        let mut shown = String::new();
        let before = text[..from].strip_suffix('\n').map(|above| above.rfind('\n').map_or(0, |n| n + 1));
        if let Some(above) = before {
            shown.push_str(&shortened(&text[above..from - 1]));
            shown.push('\n');
        }
        let left = back(text, from, start, AROUND);
        let right = forward(text, end, to, AROUND);
        let marked_to = forward(text, start, end, AROUND);
        let lead = if left > from { "…" } else { "" };
        shown.push_str(lead);
        shown.push_str(&printable(&text[left..start]));
        let at = shown.len();
        shown.push_str(&printable(&text[start..marked_to]));
        let length = shown.len() - at;
        if marked_to < end {
            shown.push('…');
        } else {
            shown.push_str(&printable(&text[end..right]));
            if right < to && !text[right..to].trim().is_empty() {
                shown.push('…');
            }
        }
        if to < text.len() {
            let below_end = text[to + 1..].find('\n').map_or(text.len(), |n| to + 1 + n);
            shown.push('\n');
            shown.push_str(&shortened(&text[to + 1..below_end]));
        }
        let name = printable(&file.path.display().to_string());
        let mark = SourceSpan::new(at.into(), length);
        Self {
            name,
            text: shown,
            mark,
            first_line: line - 1 - usize::from(before.is_some()),
            line: line - 1,
            column: column - 1,
        }
    }
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        _span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let (line, column) = if before + after == 0 { (self.line, self.column) } else { (self.first_line, 0) };
        let whole = SourceSpan::new(0.into(), self.text.len());
        let lines = self.text.lines().count();
        let contents =
            MietteSpanContents::new_named(self.name.clone(), self.text.as_bytes(), whole, line, column, lines);
        Ok(Box::new(contents))
    }
}

/// A diagnostic as miette wants it.
#[derive(Debug)]
struct Shown<'d> {
    diagnostic: &'d Diagnostic,
    excerpt: Option<Excerpt>,
}

impl std::fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&sentence(&self.diagnostic.message))
    }
}

impl std::error::Error for Shown<'_> {}

impl miette::Diagnostic for Shown<'_> {
    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.diagnostic.severity {
            Severity::Warning => miette::Severity::Warning,
            Severity::Error => miette::Severity::Error,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        let hint = self.diagnostic.hint.as_ref()?;
        Some(Box::new(sentence(hint)))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.excerpt.as_ref().map(|excerpt| excerpt as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let excerpt = self.excerpt.as_ref()?;
        let label = LabeledSpan::new_with_span(Some(sentence(&self.diagnostic.label)), excerpt.mark);
        Some(Box::new(std::iter::once(label)))
    }
}

/// The largest character boundary that is not after `at`.
fn floor_boundary(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0)
}

/// `count` characters before `at`, not before `from`.
fn back(text: &str, from: usize, at: usize, count: usize) -> usize {
    text[from..at].char_indices().rev().nth(count - 1).map_or(from, |(i, _)| from + i)
}

/// `count` characters after `at`, not after `to`.
fn forward(text: &str, at: usize, to: usize, count: usize) -> usize {
    text[at..to].char_indices().nth(count).map_or(to, |(i, _)| at + i)
}

/// A line cut to the width of an excerpt.
fn shortened(line: &str) -> String {
    let end = forward(line, 0, line.len(), 2 * AROUND);
    let cut = if end < line.len() { "…" } else { "" };
    printable(&line[..end]) + cut
}

/// A message that is printable and of bounded length.
fn sentence(text: &str) -> String {
    const LONGEST: usize = 500;
    let end = forward(text, 0, text.len(), LONGEST);
    printable(&text[..end]) + if end < text.len() { "…" } else { "" }
}

/// Control characters made visible, tabs made blanks.
fn printable(text: &str) -> String {
    text.trim_end_matches('\r')
        .chars()
        .map(|c| {
            if c == '\t' {
                ' '
            } else if c.is_control() {
                '·'
            } else {
                c
            }
        })
        .collect()
}
