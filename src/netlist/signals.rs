//! Single signals: `v(a,b)`, `i(v1)`, `@m1[id]`, plain node names.

use super::ast::{SignalKind, SignalText, Word};
use super::lex::{Cursor, Kind, Token, shorten};
use super::{suggest, value};
use crate::diagnostic::{Diagnostic, Span};

/// The next signal, which begins at `token`.
pub(crate) fn signal(cursor: &mut Cursor, token: &Token) -> Result<SignalText, Diagnostic> {
    let start = token.start;
    let first = value::name(cursor, "a signal such as `v(out)`")?;
    let kind = if cursor.peek().is_some_and(|t| t.kind == Kind::Open) {
        called(cursor, &first)?
    } else if let Some(rest) = first.text.strip_prefix('@') {
        internal(&first, rest)?
    } else if &*first.text == "all" {
        SignalKind::All
    } else if let Some(element) = first.text.strip_suffix("#branch") {
        SignalKind::Current(Word { text: element.into(), span: first.span })
    } else {
        SignalKind::Voltage(first.clone(), None)
    };
    let end = cursor.last_end();
    let written = &cursor.line.text[start..end];
    let mut label: String = written.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
    if matches!(kind, SignalKind::Voltage(..)) && !label.contains('(') {
        label = format!("v({label})");
    }
    Ok(SignalText { kind, label })
}

fn called(cursor: &mut Cursor, function: &Word) -> Result<SignalKind, Diagnostic> {
    let open = cursor.take()?.map_or(function.span, |t| cursor.span(&t));
    let first = value::name(cursor, "a name")?;
    let second = match cursor.take_if(Kind::Comma)? {
        Some(_) => Some(value::name(cursor, "a second node")?),
        None => None,
    };
    if cursor.take_if(Kind::Close)?.is_none() {
        if cursor.peek().is_none() {
            return Err(Diagnostic::error(open, "`(` is not closed").label("opened here").hint("add the missing `)`"));
        }
        return Err(cursor.expected("`)`"));
    }
    match (&*function.text, second) {
        ("v", second) => Ok(SignalKind::Voltage(first, second)),
        ("i", None) => Ok(SignalKind::Current(first)),
        ("i", Some(second)) => Err(Diagnostic::error(second.span, "`i(..)` takes one element")),
        (other, _) => Err(unknown_function(other, function.span)),
    }
}

fn unknown_function(name: &str, span: Span) -> Diagnostic {
    let hint = match name {
        "vm" | "vp" | "vr" | "vi" | "vdb" | "im" | "ip" | "ir" | "ii" | "idb" => {
            "AC quantities are not supported in this version"
        }
        "par" => "expressions in output statements are not supported in this version",
        _ => "write `v(node)`, `v(node,node)`, `i(element)` or `@element[quantity]`",
    };
    let error = Diagnostic::error(span, format!("`{}(..)` is no signal", shorten(name)));
    error.label("`v` or `i` expected").hint(suggest::did_you_mean(name, [], hint))
}

/// `element[quantity]` after the `@`.
fn internal(word: &Word, text: &str) -> Result<SignalKind, Diagnostic> {
    let parts = text.strip_suffix(']').and_then(|t| t.split_once('['));
    match parts {
        Some((element, quantity)) if !element.is_empty() && !quantity.is_empty() => {
            Ok(SignalKind::Internal(Word { text: element.into(), span: word.span }, quantity.into()))
        }
        _ => Err(Diagnostic::error(word.span, "wrong internal quantity").label("`@element[quantity]` expected")),
    }
}
