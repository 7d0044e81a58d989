//! `.options` of the dialects: Xyce names the part of the program to which options belong.

use super::ast::Param;
use super::lex::{Cursor, Kind};
use super::parse::Parser;
use super::value;
use crate::diagnostic::Diagnostic;
use crate::dialect::Dialect;

/// Xyce's packages with the options that mean the same here.
const PACKAGES: [(&str, &[&str]); 18] = [
    ("device", &["temp", "tnom", "gmin", "defl", "defw", "defad", "defas", "scale"]),
    ("timeint", &["reltol", "method", "maxord"]),
    ("timeint-mpde", &[]),
    ("nonlin", &[]),
    ("nonlin-tran", &[]),
    ("nonlin-hb", &[]),
    ("hbint", &[]),
    ("linsol", &[]),
    ("linsol-hb", &[]),
    ("loca", &[]),
    ("output", &[]),
    ("restart", &[]),
    ("measure", &[]),
    ("parser", &[]),
    ("sensitivity", &[]),
    ("dist", &[]),
    ("diagnostic", &[]),
    ("topology", &[]),
];

impl Parser {
    /// `.options name=value flag ..`; in Xyce's dialect `.options package name=value ..`.
    pub(super) fn options(&mut self, cursor: &mut Cursor) -> Result<Vec<Param>, Diagnostic> {
        let package = match cursor.peek() {
            Some(token)
                if self.deck.dialect == Dialect::Xyce && token.kind == Kind::Word && !cursor.at_assignment() =>
            {
                PACKAGES.iter().find(|(name, _)| token.is(name))
            }
            _ => None,
        };
        if package.is_some() {
            cursor.take()?;
        }
        let mut params = value::params(cursor, |cursor, _| value::flag(cursor))?;
        let Some((package, kept)) = package else { return Ok(params) };
        for other in params.iter().filter(|param| !kept.contains(&&*param.name.text)) {
            let message = format!("option `{}` of `{package}` has no effect here", other.name.text);
            self.report.warn(Diagnostic::warning(other.name.span, message).label("ignored"));
        }
        params.retain(|param| kept.contains(&&*param.name.text));
        for param in params.iter_mut().filter(|param| &*param.name.text == "method") {
            // 7 and 8 are the trapezoidal rule and Gear's method.
            if let super::ast::ValueKind::Number(number) = param.value.kind {
                let name = if number == 8.0 { "gear" } else { "trap" };
                param.value.kind = super::ast::ValueKind::Word(name.into());
            }
        }
        Ok(params)
    }
}
