//! Values and `name=value` lists of a statement.

use std::fmt::Display;

use super::ast::{Formula, Param, Value, ValueKind, Word};
use super::lex::{Cursor, Kind, Token, shorten};
use super::sources::ReadPoints;
use crate::diagnostic::{Diagnostic, Span};
use crate::dialect::Dialect;
use crate::expr;

/// A lower-case word from a token.
pub(crate) fn word(cursor: &Cursor, token: &Token) -> Word {
    Word { text: token.text.to_ascii_lowercase().into(), span: cursor.span(token) }
}

/// Takes the next token, which must be a name.
pub(crate) fn name(cursor: &mut Cursor, what: impl Display + Copy) -> Result<Word, Diagnostic> {
    let token = cursor.word(what)?;
    Ok(word(cursor, &token))
}

/// Parses the expression in `text`, which begins at byte `start` of the cursor's line.
pub(crate) fn formula(cursor: &Cursor, text: &str, start: usize) -> Result<Formula, Diagnostic> {
    let origin = &cursor.line.origin;
    if text.trim().is_empty() {
        return Err(Diagnostic::error(origin.span(start, start + text.len().max(1)), "expected an expression"));
    }
    match expr::expression_in(text, cursor.line.dialect) {
        Ok(expr) => Ok(Formula { expr: expr.into(), origin: origin.clone(), start, len: text.len() }),
        Err(error) => {
            let at = start + error.at.min(text.len());
            let end = if error.at < text.len() { at + 1 } else { at };
            let from = if end == at { at.saturating_sub(1) } else { at };
            let message = format!("wrong expression: expected {}", error.expected);
            Err(Diagnostic::error(origin.span(from, end), message).label(format!("{} expected", error.expected)))
        }
    }
}

/// A number, a bare name or an expression written without braces.
pub(crate) fn plain_value(cursor: &Cursor, text: &str, start: usize) -> Result<Value, Diagnostic> {
    let span = cursor.line.origin.span(start, start + text.len());
    if let Some((number, used)) = expr::number_in(text, cursor.line.dialect)
        && used == text.len()
    {
        return Ok(Value { kind: ValueKind::Number(number), span });
    }
    if is_version(text) {
        return Ok(Value { kind: ValueKind::Text(text.into()), span });
    }
    let bare = text.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '#' | ':'));
    if bare {
        return Ok(Value { kind: ValueKind::Word(text.to_ascii_lowercase().into()), span });
    }
    let formula = formula(cursor, text, start)?;
    Ok(Value { kind: ValueKind::Formula(Box::new(formula)), span })
}

/// `3.3.0`: numbers of a version, no value.
fn is_version(text: &str) -> bool {
    text.matches('.').count() > 1 && text.split('.').all(|part| part.bytes().all(|b| b.is_ascii_digit()))
}

/// The value of R, C or L: ngspice and LTspice read `4k7` as 4.7k.
pub(crate) fn component_value(cursor: &mut Cursor) -> Result<Value, Diagnostic> {
    if let Some(token) = cursor.peek()
        && token.kind == Kind::Word
        && cursor.line.dialect == Dialect::Ngspice
        && let Some((number, used)) = expr::number_in(token.text, Dialect::Ltspice)
        && used == token.text.len()
    {
        cursor.take()?;
        return Ok(Value { kind: ValueKind::Number(number), span: cursor.span(&token) });
    }
    value(cursor, "a value")
}

fn delimited(cursor: &Cursor, token: &Token) -> Result<Value, Diagnostic> {
    let span = cursor.span(token);
    let kind = if token.kind == Kind::Text {
        ValueKind::Text(token.text.into())
    } else if let Some((number, used)) = expr::number_in(token.text, cursor.line.dialect)
        && used == token.text.len()
    {
        ValueKind::Number(number)
    } else {
        ValueKind::Formula(Box::new(formula(cursor, token.text, token.text_start())?))
    };
    Ok(Value { kind, span })
}

/// One value: `{expression}`, `'expression'`, `"text"`, or what stands up to the next blank outside parentheses.
pub(crate) fn value(cursor: &mut Cursor, what: impl Display + Copy) -> Result<Value, Diagnostic> {
    let Some(token) = cursor.peek() else { return Err(cursor.expected(what)) };
    match token.kind {
        Kind::Formula | Kind::Text => {
            cursor.take()?;
            delimited(cursor, &token)
        }
        Kind::Word | Kind::Open => {
            let end = glued_end(cursor, token.start);
            cursor.jump(end)?;
            let line = cursor.line;
            plain_value(cursor, &line.text[token.start..end], token.start)
        }
        Kind::Close | Kind::Comma | Kind::Equals => Err(cursor.expected(what)),
    }
}

/// End of a run of bytes from `start` without blank, comma or `=` outside parentheses.
fn glued_end(cursor: &Cursor, start: usize) -> usize {
    let text = &cursor.line.text[start..];
    let mut depth = 0usize;
    let mut last = b' ';
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' if depth == 0 && at > 0 && complete_number(cursor, &text[..at]) => return start + at,
            b'(' if depth > 0 || at == 0 || !cursor.is_loose() => depth += 1,
            b'(' => return start + at,
            b')' if depth == 0 => return start + at,
            b')' => depth -= 1,
            b'=' if depth == 0
                && !matches!(last, b'=' | b'<' | b'>' | b'!')
                && text.as_bytes().get(at + 1) != Some(&b'=') =>
            {
                return start + at;
            }
            b',' | b'{' | b'}' | b'\'' | b'"' if depth == 0 => return start + at,
            _ if depth == 0 && byte.is_ascii_whitespace() => return start + at,
            _ => {}
        }
        last = byte;
    }
    start + text.len()
}

fn complete_number(cursor: &Cursor, text: &str) -> bool {
    expr::number_in(text, cursor.line.dialect).is_some_and(|(_, used)| used == text.len())
}

/// A value or a vector `a,b,c`.
pub(crate) fn value_or_vector(cursor: &mut Cursor, what: impl Display + Copy) -> Result<Value, Diagnostic> {
    let first = value(cursor, what)?;
    if cursor.peek().is_none_or(|t| t.kind != Kind::Comma) {
        return Ok(first);
    }
    let mut all = vec![first];
    while cursor.take_if(Kind::Comma)?.is_some() {
        if cursor.at_assignment() || cursor.peek().is_none() {
            break;
        }
        all.push(value(cursor, what)?);
    }
    let (first, last) = (all[0].span, all[all.len() - 1].span);
    if all.len() == 1 {
        return Ok(all.remove(0));
    }
    let span = first_to_last(first, last);
    Ok(Value { kind: ValueKind::Vector(all.into()), span })
}

fn first_to_last(first: Span, last: Span) -> Span {
    let len = (last.start + last.len).checked_sub(first.start).unwrap_or(first.len);
    Span { len, ..first }
}

/// `name=value` pairs and bare flags up to the end of the line; `flag` says what to do with a word that has no `=`.
pub(crate) fn params(
    cursor: &mut Cursor,
    mut flag: impl FnMut(&mut Cursor, &[Param]) -> Result<Param, Diagnostic>,
) -> Result<Vec<Param>, Diagnostic> {
    let mut all = Vec::new();
    loop {
        while cursor.take_if(Kind::Comma)?.is_some() {}
        if cursor.peek().is_none() {
            return Ok(all);
        }
        let param = if cursor.at_assignment() { assignment(cursor)? } else { flag(cursor, &all)? };
        all.push(param);
    }
}

/// Parameters of a card that may name a file with the points of a table.
const TABLES: [&str; 2] = ["fxpdata", "fxmdata"];

/// As [`params`], with words as flags; the points of a table may stand in a file, which `read` reads.
pub(crate) fn card(cursor: &mut Cursor, read: &mut ReadPoints) -> Result<Vec<Param>, Diagnostic> {
    let mut all = Vec::new();
    loop {
        while cursor.take_if(Kind::Comma)?.is_some() {}
        let Some(token) = cursor.peek() else { return Ok(all) };
        let tabled = TABLES.iter().any(|name| token.is(name));
        all.push(match cursor.at_assignment() {
            true if tabled => table(cursor, read)?,
            true => assignment(cursor)?,
            false => flag(cursor)?,
        });
    }
}

/// `name = file` or `name = x1,f1,x2,f2,..`.
fn table(cursor: &mut Cursor, read: &mut ReadPoints) -> Result<Param, Diagnostic> {
    let mut after = cursor.clone();
    let name = name(&mut after, "a parameter name")?;
    after.take_if(Kind::Equals)?;
    let Some(path) = after.peek() else { return Err(after.expected("points or the name of a file")) };
    if path.kind != Kind::Text && path.text.starts_with(|c: char| c.is_ascii_digit() || "+-.({".contains(c)) {
        return assignment(cursor);
    }
    after.take()?;
    *cursor = after;
    let span = cursor.span(&path);
    let points = read(path.text.trim_matches('"'), span)?;
    let number = |x: f64| Value { kind: ValueKind::Number(x), span };
    let values = points.iter().flat_map(|&(x, f)| [number(x), number(f)]).collect();
    Ok(Param { name, value: Value { kind: ValueKind::Vector(values), span } })
}

/// `name = value`.
pub(crate) fn assignment(cursor: &mut Cursor) -> Result<Param, Diagnostic> {
    let name = name(cursor, "a parameter name")?;
    cursor.take_if(Kind::Equals)?;
    let value = value_or_vector(cursor, format_args!("a value for `{}`", name.text))?;
    Ok(Param { name, value })
}

/// A bare word counts as the parameter of that name with the value 1.
pub(crate) fn flag(cursor: &mut Cursor) -> Result<Param, Diagnostic> {
    let name = name(cursor, "`name=value`")?;
    let value = Value { kind: ValueKind::Number(1.0), span: name.span };
    Ok(Param { name, value })
}

/// A flag that must be one of `allowed`.
pub(crate) fn known_flag(cursor: &mut Cursor, allowed: &[&str]) -> Result<Param, Diagnostic> {
    match cursor.peek() {
        Some(token) if token.kind == Kind::Word && !allowed.iter().any(|word| token.is(word)) => {
            let error = Diagnostic::error(cursor.span(&token), format!("unexpected word `{}`", shorten(token.text)));
            let hint = match allowed {
                [] => "parameters are written `name=value`".to_string(),
                _ => format!(
                    "parameters are written `name=value`; the only words allowed are `{}`",
                    allowed.join("`, `")
                ),
            };
            Err(error.label("not a parameter").hint(hint))
        }
        _ => flag(cursor),
    }
}

/// The expression on the right of `=` in `.param`: it may be bare and ends before the next `name=`.
pub(crate) fn bare_expression(cursor: &mut Cursor, what: impl Display + Copy) -> Result<Value, Diagnostic> {
    let Some(first) = cursor.peek() else { return Err(cursor.expected(what)) };
    if matches!(first.kind, Kind::Formula | Kind::Text) {
        cursor.take()?;
        return delimited(cursor, &first);
    }
    let end = bare_end(cursor)?;
    let line = cursor.line;
    if end == first.start {
        return Err(cursor.expected(what));
    }
    plain_value(cursor, line.text[first.start..end].trim_end(), first.start)
}

/// Takes tokens up to the next `name=` or comma outside parentheses; the byte after the last one.
fn bare_end(cursor: &mut Cursor) -> Result<usize, Diagnostic> {
    let start = cursor.peek().map_or(cursor.last_end(), |t| t.start);
    let (mut depth, mut end) = (0usize, start);
    while let Some(token) = cursor.peek() {
        match token.kind {
            Kind::Open => depth += 1,
            Kind::Close => depth = depth.saturating_sub(1),
            Kind::Comma | Kind::Equals if depth == 0 => break,
            Kind::Word if depth == 0 && (cursor.at_assignment() || function_follows(cursor)) && end > start => break,
            _ => {}
        }
        end = token.end;
        cursor.take()?;
    }
    Ok(end)
}

/// True at `name(..)=`, a function defined on a `.param` line.
fn function_follows(cursor: &Cursor) -> bool {
    let Some(token) = cursor.peek() else { return false };
    let rest = &cursor.line.text[token.end..];
    token.text.starts_with(|c: char| c.is_alphabetic())
        && rest.starts_with('(')
        && rest.find(')').is_some_and(|close| cursor.equals_follows(token.end + close + 1))
}

/// The body of a function: in braces or quotes, or bare.
pub(crate) fn function_body(cursor: &mut Cursor, shared: bool) -> Result<Formula, Diagnostic> {
    if !shared {
        return rest_formula(cursor, "an expression");
    }
    if let Some(token) = cursor.take_if(Kind::Formula)? {
        return formula(cursor, token.text, token.text_start());
    }
    let Some(first) = cursor.peek() else { return Err(cursor.expected("an expression")) };
    let end = bare_end(cursor)?;
    let line = cursor.line;
    formula(cursor, &line.text[first.start..end], first.start)
}

/// An expression in braces, or bare up to the next `name=` outside parentheses (braces are parentheses there).
pub(crate) fn open_formula(cursor: &mut Cursor, what: impl Display + Copy) -> Result<Formula, Diagnostic> {
    let mut after = cursor.clone();
    if let Some(token) = after.take_if(Kind::Formula)?
        && (after.peek().is_none() || after.at_assignment())
    {
        *cursor = after;
        return formula(cursor, token.text, token.text_start());
    }
    let line = cursor.line;
    let rest = line.text[cursor.last_end()..].trim_start();
    let start = line.text.len() - rest.len();
    let text = rest[..before_assignment(rest)].trim_end();
    if text.is_empty() {
        return Err(cursor.expected(what));
    }
    cursor.jump(start + text.len())?;
    formula(cursor, text, start)
}

/// Length of the text before the first ` name =` outside parentheses.
fn before_assignment(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut depth = 0usize;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'(' | b'{' => depth += 1,
            b')' | b'}' => depth = depth.saturating_sub(1),
            b'=' if depth == 0 && bytes.get(at + 1) != Some(&b'=') => {
                let before = text[..at].trim_end();
                let word = before.rfind(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).map_or(0, |i| i + 1);
                let separate = word < before.len() && before[..word].ends_with(char::is_whitespace);
                if separate && before[word..].starts_with(|c: char| c.is_ascii_alphabetic()) {
                    return word;
                }
            }
            _ => {}
        }
    }
    text.len()
}

/// The expression of a behavioural source: in braces, or bare to the end of the line (braces are parentheses there).
pub(crate) fn rest_formula(cursor: &mut Cursor, what: impl Display + Copy) -> Result<Formula, Diagnostic> {
    let mut after = cursor.clone();
    if let Some(token) = after.take_if(Kind::Formula)?
        && (after.peek().is_none() || after.at_assignment())
    {
        *cursor = after;
        return formula(cursor, token.text, token.text_start());
    }
    let Some((text, start)) = cursor.rest() else { return Err(cursor.expected(what)) };
    formula(cursor, text, start)
}
