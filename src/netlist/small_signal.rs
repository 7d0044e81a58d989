//! Statements of the small-signal analyses: `.ac`, `.noise`, `.tf`, `.sens`, `.pz`.

use super::ast::{AnalysisText, FrequencyText, SignalKind, SignalText, Word};
use super::lex::{Cursor, Kind};
use super::{signals, suggest, value};
use crate::circuit::{Drive, Spacing};
use crate::diagnostic::{Diagnostic, Span};

const SPACINGS: [&str; 4] = ["dec", "oct", "lin", "list"];

/// One of these statements; `None` when `keyword` is another.
pub(crate) fn analysis(cursor: &mut Cursor, keyword: &Word) -> Option<Result<AnalysisText, Diagnostic>> {
    let span = cursor.line.span();
    Some(match &*keyword.text {
        ".ac" => frequencies(cursor).map(|grid| AnalysisText::Ac { grid, span }),
        ".noise" => noise(cursor, span),
        ".tf" => transfer(cursor, span),
        ".sens" => sensitivity(cursor, span),
        ".pz" => pole_zero(cursor, span),
        _ => return None,
    })
}

/// `dec|oct|lin points start stop` or `list f1 f2 ..`
fn frequencies(cursor: &mut Cursor) -> Result<FrequencyText, Diagnostic> {
    const HINT: &str = "as in `dec 10 1 1meg`";
    if cursor.peek().is_none() {
        return Err(cursor.expected("`dec`, `oct`, `lin` or `list`").hint(HINT));
    }
    let word = value::name(cursor, "`dec`, `oct`, `lin` or `list`")?;
    let spacing = match &*word.text {
        "dec" => Some(Spacing::Decade),
        "oct" => Some(Spacing::Octave),
        "lin" => Some(Spacing::Linear),
        "list" => None,
        other => {
            let error = Diagnostic::error(word.span, format!("`{}` is no spacing", super::lex::shorten(other)));
            let hint = suggest::did_you_mean(other, SPACINGS, HINT);
            return Err(error.label("dec, oct, lin or list expected").hint(hint));
        }
    };
    let mut values = Vec::new();
    if spacing.is_some() {
        for what in ["the number of points", "the first frequency", "the last frequency"] {
            values.push(value::value(cursor, what).map_err(|error| error.hint(HINT))?);
        }
    } else {
        while cursor.peek().is_some() || values.is_empty() {
            if cursor.take_if(Kind::Comma)?.is_none() {
                values.push(value::value(cursor, "a frequency")?);
            }
        }
    }
    Ok(FrequencyText { spacing, values })
}

/// `v(a)`, `v(a,b)` or `i(v1)`
fn output(cursor: &mut Cursor, current: bool) -> Result<SignalText, Diagnostic> {
    let what = if current { "`v(node)`, `v(node,node)` or `i(source)`" } else { "`v(node)` or `v(node,node)`" };
    let Some(token) = cursor.peek() else { return Err(cursor.expected(what)) };
    let span = cursor.span(&token);
    let signal = signals::signal(cursor, &token)?;
    match signal.kind {
        SignalKind::Voltage(..) => Ok(signal),
        SignalKind::Current(_) if current => Ok(signal),
        _ => Err(Diagnostic::error(span, "this cannot be the output").label(format!("{what} expected"))),
    }
}

/// `.noise v(out[,ref]) source dec|oct|lin points start stop [points per summary]`
fn noise(cursor: &mut Cursor, span: Span) -> Result<AnalysisText, Diagnostic> {
    let output = output(cursor, false)?;
    let source = value::name(cursor, "the input source")?;
    let grid = frequencies(cursor)?;
    let more = grid.spacing.is_some() && cursor.peek().is_some();
    let summary = if more { Some(value::value(cursor, "the points per summary")?) } else { None };
    Ok(AnalysisText::Noise { output, source, grid, summary, span })
}

/// `.tf v(out[,ref])|i(vsource) source`
fn transfer(cursor: &mut Cursor, span: Span) -> Result<AnalysisText, Diagnostic> {
    let output = output(cursor, true)?;
    let source = value::name(cursor, "the input source")?;
    Ok(AnalysisText::Transfer { output, source, span })
}

/// `.sens output [ac dec|oct|lin points start stop]`
fn sensitivity(cursor: &mut Cursor, span: Span) -> Result<AnalysisText, Diagnostic> {
    let output = output(cursor, true)?;
    let Some(token) = cursor.peek() else { return Ok(AnalysisText::Sensitivity { output, grid: None, span }) };
    if token.is("dc") {
        cursor.take()?;
        return Ok(AnalysisText::Sensitivity { output, grid: None, span });
    }
    if !token.is("ac") {
        return Err(cursor.expected("`ac`, `dc` or the end of the line").hint("as in `.sens v(out) ac dec 10 1 1meg`"));
    }
    cursor.take()?;
    Ok(AnalysisText::Sensitivity { output, grid: Some(frequencies(cursor)?), span })
}

/// `.pz in+ in- out+ out- cur|vol pol|zer|pz`
fn pole_zero(cursor: &mut Cursor, span: Span) -> Result<AnalysisText, Diagnostic> {
    let mut node = |what| value::name(cursor, what);
    let nodes = [
        node("the positive input node")?,
        node("the negative input node")?,
        node("the positive output node")?,
        node("the negative output node")?,
    ];
    let drive = value::name(cursor, "`cur` or `vol`")?;
    let drive = match &*drive.text {
        "cur" => Drive::Current,
        "vol" => Drive::Voltage,
        other => {
            let error = Diagnostic::error(drive.span, format!("`{}` is no way to drive", super::lex::shorten(other)));
            return Err(error.label("`cur` or `vol` expected").hint("cur: output voltage over input current"));
        }
    };
    let wanted = value::name(cursor, "`pol`, `zer` or `pz`")?;
    let (poles, zeros) = match &*wanted.text {
        "pol" => (true, false),
        "zer" => (false, true),
        "pz" => (true, true),
        other => {
            let error = Diagnostic::error(wanted.span, format!("`{}` asks for nothing", super::lex::shorten(other)));
            return Err(error.label("`pol`, `zer` or `pz` expected"));
        }
    };
    Ok(AnalysisText::PoleZero { nodes: Box::new(nodes), drive, poles, zeros, span })
}
