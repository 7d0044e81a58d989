//! Independent sources: `[DC] value`, `AC magnitude phase`, and a function of time.

use super::ast::{Body, FunctionText, Param, Shape, SourceText, Value, ValueKind};
use super::lex::{Cursor, Kind, Token, shorten};
use super::{suggest, value};
use crate::diagnostic::{Diagnostic, Span};

/// Reads the points of a PWL file named at a span.
pub(crate) type ReadPoints<'r> = dyn FnMut(&str, Span) -> Result<Vec<(f64, f64)>, Diagnostic> + 'r;

const SHAPES: [(&str, Shape); 8] = [
    ("pulse", Shape::Pulse),
    ("sin", Shape::Sine),
    ("exp", Shape::Exponential),
    ("pwl", Shape::PiecewiseLinear),
    ("sffm", Shape::FrequencyModulated),
    ("am", Shape::AmplitudeModulated),
    ("trnoise", Shape::Noise),
    ("trrandom", Shape::Random),
];

fn shape(token: &Token) -> Option<Shape> {
    let sine = token.is("sine").then_some(Shape::Sine);
    sine.or_else(|| SHAPES.iter().find(|(name, _)| token.is(name)).map(|&(_, shape)| shape))
}

fn is_keyword(token: &Token) -> bool {
    ["dc", "ac", "distof1", "distof2"].iter().any(|word| token.is(word)) || shape(token).is_some()
}

/// What follows the nodes of a V or I line.
pub(crate) fn independent(cursor: &mut Cursor, voltage: bool, read: &mut ReadPoints) -> Result<Body, Diagnostic> {
    let mut source = SourceText::default();
    let mut multiplier = None;
    while let Some(token) = cursor.peek() {
        if token.is("dc") || token.is("ac") {
            cursor.take()?;
            cursor.take_if(Kind::Equals)?;
            if token.is("dc") && cursor.peek().is_some_and(|t| is_keyword(&t)) {
                continue;
            }
            if token.is("dc") {
                once(cursor, &token, source.dc.is_none())?;
                source.dc = Some(value::value(cursor, "the DC value")?);
            } else {
                once(cursor, &token, source.ac.is_none())?;
                let magnitude = number(cursor)?;
                let phase = if magnitude.is_some() { number(cursor)? } else { None };
                source.ac = Some((magnitude, phase));
            }
        } else if let Some(shape) = shape(&token) {
            once(cursor, &token, source.function.is_none())?;
            source.function = Some(function(cursor, shape, read)?);
        } else if cursor.at_assignment() {
            let param = value::assignment(cursor)?;
            let after_pwl = source.function.as_mut().filter(|f| f.shape == Shape::PiecewiseLinear);
            match (&*param.name.text, after_pwl) {
                ("m", _) if !voltage => multiplier = Some(param.value),
                // of port analyses
                ("portnum" | "z0" | "pwr" | "freq" | "phase", _) => {}
                ("r" | "td", Some(function)) => function.params.push(param),
                _ => return Err(unknown_param(&param)),
            }
        } else if token.is("distof1") || token.is("distof2") {
            cursor.take()?;
            while number(cursor)?.is_some() {}
        } else if token.is("portnum") || token.is("z0") {
            // of port analyses, written without `=`
            cursor.take()?;
            value::value(cursor, "a value")?;
        } else if token.is("external") {
            let error =
                Diagnostic::error(cursor.span(&token), "an EXTERNAL source has its values from a calling program");
            return Err(error.label("not part of this version").hint("a program sets sources through `Session`"));
        } else if source.dc.is_none() && source.ac.is_none() && source.function.is_none() {
            source.dc = Some(bare(cursor, &token)?);
        } else {
            return Err(unknown_word(cursor, &token));
        }
    }
    Ok(Body::Source { voltage, source: Box::new(source), multiplier })
}

fn once(cursor: &Cursor, token: &Token, first: bool) -> Result<(), Diagnostic> {
    if first {
        return Ok(());
    }
    let message = format!("a second `{}` on one source", token.text.to_ascii_lowercase());
    Err(Diagnostic::error(cursor.span(token), message).label("given before"))
}

/// The DC value without `dc`; a word in front of arguments is a mistyped function.
fn bare(cursor: &mut Cursor, token: &Token) -> Result<Value, Diagnostic> {
    let value = value::value(cursor, "a value")?;
    let called = cursor.line.text[token.end..].trim_start().starts_with('(');
    if called && matches!(value.kind, ValueKind::Word(_)) { Err(unknown_word(cursor, token)) } else { Ok(value) }
}

fn unknown_word(cursor: &Cursor, token: &Token) -> Diagnostic {
    let word = token.text.to_ascii_lowercase();
    let names = SHAPES.iter().map(|&(name, _)| name).chain(["dc", "ac"]);
    let hint = suggest::did_you_mean(&word, names, "a source is written `[DC] value [AC magnitude phase] [PULSE(..)]`");
    let message = format!("`{}` is no source function", shorten(&word));
    Diagnostic::error(cursor.span(token), message)
        .label("PULSE, SIN, EXP, PWL, SFFM, AM, TRNOISE or TRRANDOM expected")
        .hint(hint)
}

fn unknown_param(param: &Param) -> Diagnostic {
    let hint = match &*param.name.text {
        "m" => "a voltage source has no multiplier",
        "value" | "v" | "i" => "use a B source for an expression of circuit quantities",
        _ => "a source has `dc`, `ac` and, after PWL, `r=` and `td=`",
    };
    Diagnostic::error(param.name.span, format!("a source has no parameter `{}`", param.name.text)).hint(hint)
}

/// The next value, unless the line ends or a keyword or assignment comes.
fn number(cursor: &mut Cursor) -> Result<Option<Value>, Diagnostic> {
    match cursor.peek() {
        Some(token) if !cursor.at_assignment() && !is_keyword(&token) => value::value(cursor, "a value").map(Some),
        _ => Ok(None),
    }
}

fn function(cursor: &mut Cursor, shape: Shape, read: &mut ReadPoints) -> Result<FunctionText, Diagnostic> {
    let Some(token) = cursor.take()? else { return Err(cursor.expected("a source function")) };
    let mut function = FunctionText {
        shape,
        span: cursor.span(&token),
        arguments: Vec::new(),
        points: Vec::new(),
        params: Vec::new(),
    };
    if shape == Shape::PiecewiseLinear && cursor.peek().is_some_and(|t| t.is("file")) {
        cursor.take()?;
        cursor.take_if(Kind::Equals)?;
        let Some(path) = cursor.take()? else { return Err(cursor.expected("the name of a file")) };
        let path_span = cursor.span(&path);
        function.points = read(path.text, path_span)?;
        return Ok(function);
    }
    while let Some(value) = number(cursor)? {
        function.arguments.push(value);
    }
    Ok(function)
}
