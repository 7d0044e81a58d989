//! Sweeps of `.dc` and `.step`: what varies, and over which values.
//!
//! `[lin|dec|oct] target start stop step`, `target list v1 v2 ..`, `target dec|oct|lin n start stop` (HSPICE order) with the
//! targets `V1`, `R1`, `temp`, `param name`, `model(param)`, `type model(param)`, `element:param` and bare names of parameters.

use super::ast::{GridText, Scale, SweepText, TargetText, Value, Word};
use super::lex::{Cursor, Kind};
use super::value;
use crate::diagnostic::Diagnostic;

fn scale(cursor: &mut Cursor) -> Result<Option<Scale>, Diagnostic> {
    let known = [("lin", Scale::Linear), ("dec", Scale::Decade), ("oct", Scale::Octave)];
    let Some(token) = cursor.peek() else { return Ok(None) };
    let found = known.into_iter().find(|(name, _)| token.is(name)).map(|(_, scale)| scale);
    if found.is_some() {
        cursor.take()?;
    }
    Ok(found)
}

/// One sweep; the cursor stands on its first word.
pub(crate) fn sweep(cursor: &mut Cursor) -> Result<SweepText, Diagnostic> {
    if let Some(rows) = super::tables::swept_table(cursor)? {
        return Ok(rows);
    }
    let before = scale(cursor)?;
    let target = target(cursor)?;
    let after = scale(cursor)?;
    let listed = cursor.peek().is_some_and(|t| t.is("list") || t.is("poi"));
    let grid = if listed {
        let counted = cursor.take()?.is_some_and(|t| t.is("poi"));
        if counted {
            value::value(cursor, "the number of values")?;
        }
        let mut values = Vec::new();
        while at_value(cursor) {
            if cursor.take_if(Kind::Comma)?.is_none() {
                values.push(value::value(cursor, "a value")?);
            }
        }
        if values.is_empty() {
            return Err(cursor.expected("the values of the sweep"));
        }
        GridText::List(values)
    } else if let Some(scale) = after {
        let count = value::value(cursor, "the number of points")?;
        let start = value::value(cursor, "the first value of the sweep")?;
        let stop = value::value(cursor, "the last value of the sweep")?;
        match scale {
            Scale::Linear if before.is_none() => GridText::Count { count, start, stop },
            scale => GridText::Range { scale, start, stop, step: Some(count) },
        }
    } else {
        let start = value::value(cursor, "the first value of the sweep")?;
        let stop = value::value(cursor, "the last value of the sweep")?;
        let step = if cursor.peek().is_some() { Some(value::value(cursor, "the step of the sweep")?) } else { None };
        if step.is_none() && !matches!(target, TargetText::Parameter(_)) {
            return Err(cursor.expected("the step of the sweep"));
        }
        GridText::Range { scale: before.unwrap_or(Scale::Linear), start, stop, step }
    };
    Ok(SweepText { target, grid })
}

/// True at what can be one of a list of values; a name of a further sweep is none.
fn at_value(cursor: &Cursor) -> bool {
    cursor.peek().is_some_and(|t| match t.kind {
        Kind::Comma | Kind::Formula => true,
        Kind::Word => t.text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')),
        _ => false,
    })
}

/// What varies: a source, an element, a parameter, `model(param)` or `element:param`.
pub(crate) fn target(cursor: &mut Cursor) -> Result<TargetText, Diagnostic> {
    let first = value::name(cursor, "a source, a parameter, `temp` or another quantity to be swept")?;
    let followed = |cursor: &Cursor, kind| cursor.peek().is_some_and(|t| t.kind == kind);
    if matches!(&*first.text, "temp" | "temper") {
        return Ok(TargetText::Temperature);
    }
    if &*first.text == "param" && followed(cursor, Kind::Word) {
        return value::name(cursor, "the name of a parameter").map(TargetText::Parameter);
    }
    let mut owner = first;
    if let Some(token) = cursor.peek()
        && token.kind == Kind::Word
        && cursor.line.text[token.end..].starts_with('(')
    {
        // `npn 2n2222(vaf)`: the type is known from the card.
        owner = value::name(cursor, "a model")?;
    }
    if followed(cursor, Kind::Open) {
        cursor.take()?;
        let param = value::name(cursor, "a parameter of the model")?;
        if cursor.take_if(Kind::Close)?.is_none() {
            return Err(cursor.expected("`)`"));
        }
        return Ok(TargetText::Of(owner, param));
    }
    if let Some((name, param)) = owner.text.split_once(':') {
        let word = |text: &str| Word { text: text.into(), span: owner.span };
        return Ok(TargetText::Of(word(name), word(param)));
    }
    Ok(TargetText::Named(owner))
}

/// `.mc samples`
pub(crate) fn monte_carlo(cursor: &mut Cursor) -> Result<Value, Diagnostic> {
    value::value(cursor, "the number of samples")
}

/// `.limits measure [min=..] [max=..]`
pub(crate) fn limits(cursor: &mut Cursor) -> Result<(Word, Vec<super::ast::Param>), Diagnostic> {
    let name = value::name(cursor, "the name of a measure")?;
    let params = value::params(cursor, |cursor, _| Err(cursor.expected("`min=` or `max=`")))?;
    match params.iter().find(|param| !matches!(&*param.name.text, "min" | "max")) {
        Some(wrong) => Err(Diagnostic::error(wrong.name.span, "`min=` or `max=` expected")),
        None if params.is_empty() => Err(cursor.expected("`min=` or `max=`")),
        None => Ok((name, params)),
    }
}
