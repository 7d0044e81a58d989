//! `.osdi`, `.hdl`, and `pre_osdi` of a `.control` block: libraries of compiled models.

use std::path::Path;
use std::sync::Arc;

use super::lex::Cursor;
use super::parse::Parser;
use crate::diagnostic::{Diagnostic, Span};
use crate::osdi::{Library, compile, locate};

impl Parser {
    /// Loads the libraries and Verilog-A files that the rest of the line names.
    pub(super) fn compiled_models(&mut self, cursor: &mut Cursor) -> Result<(), Diagnostic> {
        loop {
            let (name, span) = self.file_name(cursor)?;
            self.compiled_model(name, span)?;
            if cursor.peek().is_none() {
                return Ok(());
            }
        }
    }

    fn compiled_model(&mut self, name: &str, span: Span) -> Result<(), Diagnostic> {
        let fail = |message: String| Diagnostic::error(span, message).label("loaded here");
        let folder = self.files.map.file(span.file).path.parent().unwrap_or(Path::new("")).to_path_buf();
        let mut path = locate(&folder, name).map_err(|message| {
            fail(message)
                .hint("name a library (.osdi) or a Verilog-A file (.va); set IONSPICE_OSDI_PATH to folders with models")
        })?;
        let is_source =
            path.extension().is_some_and(|e| e.eq_ignore_ascii_case("va") || e.eq_ignore_ascii_case("vams"));
        if is_source {
            let compiled = compile(&path).map_err(fail)?;
            if !compiled.remarks.is_empty() {
                self.report.warn(Diagnostic::warning(span, compiled.remarks).label("compiled here"));
            }
            path = compiled.library;
        }
        let known = self.deck.libraries.iter().any(|library| library.path == path);
        if !known {
            let library = Library::open(&path).map_err(|message| {
                fail(message)
                    .hint("OpenVAF writes such libraries from Verilog-A; name the .va file to have it compiled")
            })?;
            self.deck.libraries.push(Arc::new(library));
        }
        Ok(())
    }
}
