//! Signals and expressions as written in `.save`, `.print`, `.measure`: `v(a,b)`, `@m1[id]`, `par('v(a)*2')`, `all`.

use super::ast::{ColumnText, ColumnWhat, ExprText};
use super::lex::{Cursor, Kind};
use crate::calc::{self, Name};
use crate::circuit::Measured;
use crate::diagnostic::{Diagnostic, Span};

/// Keys of `.print` that set the form of a table.
const FORM: [&str; 12] = [
    "format",
    "file",
    "width",
    "precision",
    "filter",
    "delimiter",
    "timescalefactor",
    "outputtype",
    "print",
    "index",
    "sample",
    "linewidth",
];

impl ExprText {
    /// Where the expression stands.
    pub fn span(&self) -> Span {
        self.part(self.expr.at, self.expr.len)
    }

    /// Where a part of it stands.
    pub fn part(&self, at: usize, len: usize) -> Span {
        self.origin.span(self.start + at, self.start + at + len.max(1))
    }
}

/// The longest expression that begins at the next token.
pub(crate) fn expression(cursor: &mut Cursor) -> Result<ExprText, Diagnostic> {
    let Some(token) = cursor.peek() else { return Err(cursor.expected("an expression such as `v(out)`")) };
    let line = cursor.line;
    let start = token.start;
    match calc::parse_prefix(&line.text[start..]) {
        Ok((expr, used)) => {
            cursor.jump(start + used)?;
            Ok(ExprText { expr, origin: line.origin.clone(), start })
        }
        Err(error) => {
            let at = (start + error.at).min(line.text.len());
            let from = if at == line.text.len() { at.saturating_sub(1) } else { at };
            let message = format!("wrong expression: expected {}", error.expected);
            let error = Diagnostic::error(line.origin.span(from, from + 1), message);
            Err(error.label("here").hint("as in `v(out)`, `v(a,b)`, `i(v1)`, `@m1[gm]` or `par('v(a)*i(v1)')`"))
        }
    }
}

/// Signals up to the end of the line.
pub(crate) fn columns(cursor: &mut Cursor) -> Result<Vec<ColumnText>, Diagnostic> {
    let mut all = Vec::new();
    loop {
        while cursor.take_if(Kind::Comma)?.is_some() {}
        let Some(token) = cursor.peek() else { break };
        if token.kind == Kind::Word && cursor.at_assignment() {
            let key = token.text.to_ascii_lowercase();
            cursor.take()?;
            cursor.take_if(Kind::Equals)?;
            if FORM.contains(&&*key) {
                cursor.take()?;
                continue;
            }
            // HSPICE: a name for what follows.
            all.push(ColumnText { label: key, ..column(cursor)? });
            continue;
        }
        all.push(column(cursor)?);
    }
    if all.is_empty() { Err(cursor.expected("a signal such as `v(out)`")) } else { Ok(all) }
}

/// The analysis that may stand before the signals.
pub(crate) fn analysis(cursor: &mut Cursor) -> Result<Option<Measured>, Diagnostic> {
    let Some(token) = cursor.peek() else { return Ok(None) };
    let called = cursor.line.text[token.end..].starts_with('(');
    let found = Measured::named(&token.text.to_ascii_lowercase()).filter(|_| token.kind == Kind::Word && !called);
    if found.is_some() {
        cursor.take()?;
    }
    Ok(found)
}

fn column(cursor: &mut Cursor) -> Result<ColumnText, Diagnostic> {
    if let Some(token) = cursor.peek() {
        let what = match &*token.text.to_ascii_lowercase() {
            "all" => Some(ColumnWhat::All),
            "allv" => Some(ColumnWhat::Voltages),
            "alli" => Some(ColumnWhat::Currents),
            _ => None,
        };
        if let Some(what) = what {
            cursor.take()?;
            return Ok(ColumnText { label: token.text.to_ascii_lowercase(), what });
        }
    }
    let text = expression(cursor)?;
    let written = &cursor.line.text[text.start + text.expr.at..cursor.last_end()];
    let label: String = written.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
    let label = ["par(", "'", "{", "\""].iter().fold(label.as_str(), |label, open| {
        let close = match *open {
            "par(" => ")",
            "{" => "}",
            other => other,
        };
        label.strip_prefix(open).and_then(|l| l.strip_suffix(close)).unwrap_or(label)
    });
    let what = match &text.expr.kind {
        calc::Kind::Vector(reference) => match &reference.name {
            Name::Voltage(node, None) if node == "*" => ColumnWhat::Voltages,
            Name::Current(element) if element == "*" => ColumnWhat::Currents,
            _ => ColumnWhat::Expression(text),
        },
        _ => ColumnWhat::Expression(text),
    };
    Ok(ColumnText { label: label.to_string(), what })
}
