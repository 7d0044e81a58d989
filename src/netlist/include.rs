//! `.include` and `.lib`: following other files, and the sections of a library.

use std::path::Path;
use std::sync::Arc;

use super::lex::{Cursor, Kind};
use super::lines::{Line, Lines};
use super::parse::Parser;
use super::value;
use crate::diagnostic::{Diagnostic, Span};
use crate::dialect::Dialect;

/// Deepest nesting of includes.
const DEEPEST_INCLUDE: usize = 64;

impl Parser {
    /// The file name that comes next, in quotes or bare.
    pub(super) fn file_name<'l>(&self, cursor: &mut Cursor<'l>) -> Result<(&'l str, Span), Diagnostic> {
        match cursor.take()? {
            Some(token) if matches!(token.kind, Kind::Word | Kind::Text | Kind::Formula) => {
                Ok((token.text, cursor.span(&token)))
            }
            _ => Err(cursor.expected("the name of a file")),
        }
    }

    pub(super) fn include(&mut self, cursor: &mut Cursor) -> Result<(), Diagnostic> {
        let (name, span) = self.file_name(cursor)?;
        self.follow(name, span, None).map(|_| ())
    }

    /// `.loadbias file`: the `.nodeset` lines of a saved operating point; a file that is not there yet is a warning.
    pub(super) fn load_bias(&mut self, cursor: &mut Cursor) -> Result<(), Diagnostic> {
        if cursor.at_assignment() {
            // HSPICE: `.load file=name`
            cursor.take()?;
            cursor.take_if(Kind::Equals)?;
        }
        let (name, span) = self.file_name(cursor)?;
        if self.files.beside(span.file, name).exists() {
            return self.follow(name, span, None).map(|_| ());
        }
        let warning = Diagnostic::warning(span, format!("the operating point `{name}` does not exist yet"));
        self.report.warn(warning.label("not loaded").hint("`.savebias` writes it"));
        Ok(())
    }

    /// `.savebias file`
    pub(super) fn save_bias(&mut self, cursor: &mut Cursor) -> Result<(), Diagnostic> {
        let (name, span) = self.file_name(cursor)?;
        while cursor.take()?.is_some() {}
        self.deck.saved_bias = Some(self.files.beside(span.file, name));
        Ok(())
    }

    pub(super) fn library(&mut self, cursor: &mut Cursor) -> Result<(), Diagnostic> {
        let (name, span) = self.file_name(cursor)?;
        if cursor.peek().is_none() {
            return self.follow(name, span, None).map(|_| ());
        }
        let section = value::name(cursor, "a section of the library")?;
        if self.follow(name, span, Some(&section.text))? {
            return Ok(());
        }
        let error = Diagnostic::error(section.span, format!("`{name}` has no section `{}`", section.text));
        Err(error
            .label("no such section")
            .hint(format!("a section begins with `.lib {}` and ends with `.endl`", section.text)))
    }

    fn follow(&mut self, name: &str, span: Span, section: Option<&str>) -> Result<bool, Diagnostic> {
        let path = self.files.beside(span.file, name);
        let file = self.files.open(&path).map_err(|message| {
            let hint = "the path is relative to the file that includes it";
            Diagnostic::error(span, message).label("included here").hint(hint)
        })?;
        let entry = (file, section.map(str::to_string));
        if self.reading.contains(&entry) {
            let names: Vec<String> = self.reading.iter().map(|(f, _)| self.file_label(*f)).collect();
            let error = Diagnostic::error(span, format!("`{name}` includes itself"));
            return Err(error.label("included while it is being read").hint(format!(
                "{} -> {}",
                names.join(" -> "),
                self.file_label(file)
            )));
        }
        if self.reading.len() >= DEEPEST_INCLUDE {
            return Err(Diagnostic::error(span, format!("files are included more than {DEEPEST_INCLUDE} deep")));
        }
        let text = Arc::clone(&self.files.map.file(file).text);
        self.reading.push(entry);
        let found = self.lines(Lines::new(file, &text, self.deck.dialect), section);
        self.reading.pop();
        Ok(found)
    }

    /// True when `.lib NAME` on this line includes a file, and does not begin the section of that name.
    pub(super) fn includes_whole(&self, line: &Line, name: &str) -> bool {
        let file = || self.files.beside(line.origin.file, name).is_file();
        self.deck.dialect == Dialect::Ltspice || (name.contains(['.', '/']) && file())
    }

    fn file_label(&self, file: u32) -> String {
        let path: &Path = &self.files.map.file(file).path;
        path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
    }
}

/// Begin or end of a library section.
pub(super) enum Mark<'l> {
    Begin(&'l str),
    End,
}

/// The mark on a line of a library, if it is one.
pub(super) fn section_mark<'l>(line: &'l Line) -> Option<Mark<'l>> {
    let text: &str = &line.text;
    if !text.starts_with('.') {
        return None;
    }
    let mut words = text.split_whitespace();
    let keyword = words.next()?;
    if keyword.eq_ignore_ascii_case(".endl") {
        return Some(Mark::End);
    }
    match (keyword.eq_ignore_ascii_case(".lib"), words.next(), words.next()) {
        (true, Some(name), None) if !name.contains(['"', '\'']) => Some(Mark::Begin(name)),
        _ => None,
    }
}
