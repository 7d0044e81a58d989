//! Netlist front end, ngspice dialect: text to syntax tree with spans to flat circuit.
//!
//! [`load`] reads a deck with its includes, parses every line (errors are collected, reading goes on), and elaborates:
//! parameters, subcircuits and models become the flat [`Circuit`]. Every error carries the span of the text it is about.

mod array;
mod ast;
mod columns;
mod beside;
mod commands;
mod compiled;
mod controlled;
mod conditional;
mod edit;
mod elaborate;
mod elements;
mod files;
mod fit;
mod include;
mod lex;
mod lines;
mod measure;
mod packages;
mod parse;
mod plain;
mod report;
mod signals;
mod small_signal;
mod sources;
mod sweeps;
mod tables;
mod value;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use crate::circuit::{Circuit, Measure, Origin, Overrides};
use crate::diagnostic::{Diagnostic, SourceMap, Span};
pub use crate::dialect::Dialect;
use crate::suggest;

use lex::{Blanks, Cursor};
use lines::Lines;
use parse::Parser;

/// A netlist that can be simulated.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The flat circuit.
    pub circuit: Circuit,
    /// The deck it was made from.
    pub parsed: Arc<Parsed>,
    /// What is worth knowing: unused parameters, values defined twice.
    pub warnings: Vec<Diagnostic>,
}

/// Why a netlist cannot be simulated.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}", self.summary())]
pub struct Failure {
    /// Errors in the order of the text, then warnings. At most 50 errors are kept; the last one counts the others.
    pub diagnostics: Vec<Diagnostic>,
    /// The text the diagnostics point into.
    pub sources: Arc<SourceMap>,
}

impl Failure {
    fn summary(&self) -> String {
        match self.diagnostics.first() {
            Some(first) => format!("{} ({} findings)", first.message, self.diagnostics.len()),
            None => "the netlist cannot be simulated".into(),
        }
    }
}

/// A deck that has been read, to be elaborated as often as wanted. The circuits made from it keep it as their origin.
#[derive(Debug)]
pub struct Parsed {
    deck: ast::Deck,
    broken: HashSet<Box<str>>,
    sources: Arc<SourceMap>,
    report: report::Report,
}

impl Parsed {
    /// Reads the deck at `path`; `sets` are `(name, value)` pairs that replace top-level `.param` values. Mistakes in the
    /// text come to light when the deck is elaborated.
    pub fn read(path: &Path, sets: &[(String, String)]) -> Arc<Self> {
        Self::read_in(path, sets, None)
    }

    /// As [`Parsed::read`], in a dialect; with `None` that which the deck names ([`Dialect::declared`]), else ngspice's.
    pub fn read_in(path: &Path, sets: &[(String, String)], dialect: Option<Dialect>) -> Arc<Self> {
        let mut parser = Parser { wanted: dialect, ..Parser::default() };
        match parser.files.open(path) {
            Ok(file) => parser.deck(file),
            Err(message) => {
                let file = parser.files.add(path, "");
                parser.report.add(Diagnostic::error(Span { file, ..Span::default() }, message).label("the netlist"));
            }
        }
        Self::finish(parser, sets)
    }

    /// Reads a deck given as text; `name` stands for its path in messages, and includes are relative to its folder.
    pub fn read_text(name: &str, text: &str, sets: &[(String, String)]) -> Arc<Self> {
        Self::read_text_in(name, text, sets, None)
    }

    /// As [`Parsed::read_text`], in a dialect (see [`Parsed::read_in`]).
    pub fn read_text_in(name: &str, text: &str, sets: &[(String, String)], dialect: Option<Dialect>) -> Arc<Self> {
        let mut parser = Parser { wanted: dialect, ..Parser::default() };
        let file = parser.files.add(Path::new(name), text);
        parser.deck(file);
        Self::finish(parser, sets)
    }

    fn finish(mut parser: Parser, sets: &[(String, String)]) -> Arc<Self> {
        for (name, text) in sets {
            if let Err(error) = set(&mut parser, name, text) {
                parser.report.add(error);
            }
        }
        let Parser { files, report, deck, broken, .. } = parser;
        Arc::new(Self { deck, broken, sources: Arc::new(files.map), report })
    }

    /// The flat circuit, with some values replaced.
    ///
    /// # Errors
    /// Every mistake found in the text, and replaced names that the deck does not have.
    pub fn elaborate(self: &Arc<Self>, overrides: &Overrides) -> Result<Loaded, Failure> {
        let mut report = self.report.clone();
        let circuit = match self.deck.blocks.is_empty() {
            true => None,
            false => elaborate::elaborate(&self.deck, &self.broken, &self.sources, overrides, &mut report, None),
        };
        match circuit {
            Some(mut circuit) => {
                circuit.origin = Some(Arc::clone(self) as Arc<dyn Origin>);
                circuit.overrides = overrides.clone();
                Ok(Loaded { circuit, parsed: Arc::clone(self), warnings: report.warnings })
            }
            None => Err(Failure { diagnostics: report.into_diagnostics(), sources: Arc::clone(&self.sources) }),
        }
    }
}

impl Parsed {
    /// The text of the deck and of what it includes.
    pub fn sources(&self) -> Arc<SourceMap> {
        Arc::clone(&self.sources)
    }

    /// Lines of the `.control` blocks in order, with their places.
    pub fn commands(&self) -> impl Iterator<Item = (&str, Span)> {
        self.deck.controls.iter().flat_map(|control| &control.lines).map(|(text, span)| (&**text, *span))
    }

    /// The deck with further statements; with `replace` its own analyses are left out. What is wrong with them is told
    /// when the deck is elaborated.
    pub fn extended(&self, lines: &[String], replace: bool) -> Arc<Self> {
        let mut deck = self.deck.clone();
        if replace {
            deck.analyses.clear();
        }
        let files = files::Files::of((*self.sources).clone());
        let wanted = Some(deck.dialect);
        let broken = self.broken.clone();
        let mut parser = Parser { files, report: self.report.clone(), deck, broken, wanted, ..Parser::default() };
        let file = parser.files.add(Path::new("command"), &lines.join("\n"));
        parser.more(file);
        Self::finish(parser, &[])
    }
}

/// Reads a measure given as text (`meas tran t1 when v(out)=1`), with the names in it as they are written.
///
/// # Errors
/// The first place that makes no sense; the span is that of the text alone.
pub fn measure_statement(text: &str) -> Result<Measure, Diagnostic> {
    let nothing = || Diagnostic::error(Span { file: u32::MAX, ..Span::default() }, "a measure expected");
    let line = Lines::new(u32::MAX, text, Dialect::Ngspice).next().ok_or_else(nothing)??;
    let mut cursor = Cursor::new(&line, Blanks::Strict)?;
    cursor.take()?;
    let measure = measure::measure(&mut cursor, &mut |path, span| files::Files::default().points(path, span))?;
    let measure: Result<Measure, std::convert::Infallible> =
        measure.try_map(&mut |text: &ast::ExprText| Ok(text.expr.clone()));
    let Ok(measure) = measure;
    Ok(measure)
}

impl Origin for Parsed {
    fn rebuild(self: Arc<Self>, overrides: &Overrides) -> Result<Circuit, Vec<Diagnostic>> {
        Parsed::elaborate(&self, overrides).map(|loaded| loaded.circuit).map_err(|failure| failure.diagnostics)
    }
}

/// Reads and elaborates the deck at `path`; `overrides` are `(name, value)` pairs that replace top-level `.param` values.
///
/// # Errors
/// Every mistake found in the text, and files that cannot be read.
pub fn load(path: &Path, overrides: &[(String, String)]) -> Result<Loaded, Failure> {
    Parsed::read(path, overrides).elaborate(&Overrides::default())
}

/// Elaborates a deck given as text; `name` stands for its path in messages, and includes are relative to its folder.
///
/// # Errors
/// As [`load`].
pub fn parse_str(name: &str, text: &str, overrides: &[(String, String)]) -> Result<Loaded, Failure> {
    Parsed::read_text(name, text, overrides).elaborate(&Overrides::default())
}

/// Replaces the value of a top-level parameter; the text becomes a source of its own, so that errors can point into it.
fn set(parser: &mut Parser, name: &str, text: &str) -> Result<(), Diagnostic> {
    let written = format!("{name}={text}");
    let file = parser.files.add(Path::new("--set"), &written);
    let whole = Span { file, start: 0, len: written.len() as u32 };
    let Some(block) = parser.deck.blocks.first_mut() else { return Ok(()) };
    let key = name.trim().to_ascii_lowercase();
    let Some(&index) = block.param_index.get(key.as_str()) else {
        let mut known: Vec<&str> = block.param_index.keys().map(|k| &**k).collect();
        known.sort_unstable();
        let error =
            Diagnostic::error(Span { len: name.len() as u32, ..whole }, format!("the deck has no parameter `{key}`"));
        let hint = suggest::did_you_mean(&key, known, "only top-level `.param` names can be set");
        return Err(error.label("no such `.param`").hint(hint));
    };
    let missing = || Diagnostic::error(whole, format!("`{key}` is set to nothing")).label("a value expected");
    let line = Lines::new(file, &written, parser.deck.dialect).next().ok_or_else(missing)??;
    let mut cursor = Cursor::new(&line, Blanks::Strict)?;
    value::name(&mut cursor, "a parameter name")?;
    cursor.take_if(lex::Kind::Equals)?;
    let value = value::bare_expression(&mut cursor, "a value")?;
    cursor.finish()?;
    block.params[index].value = value;
    Ok(())
}
