//! Controlled and behavioural sources: E, F, G, H and B lines in all their forms.

use super::ast::{Body, Controlled, Form, Input, Param, ResponseFormat, Value, ValueKind, Word};
use super::lex::{Cursor, Kind, Token};
use super::suggest;
use super::value::{self, known_flag, name, params, value};
use crate::diagnostic::Diagnostic;

/// Most controlling quantities of one POLY source or gate.
const MOST_CONTROLS: f64 = 1000.0;

/// What follows the nodes of a B line.
pub(crate) fn behavioural(cursor: &mut Cursor) -> Result<Body, Diagnostic> {
    let keyword = match cursor.peek() {
        Some(token) if cursor.at_assignment() => token,
        _ => return Err(cursor.expected("`v=expression` or `i=expression`")),
    };
    let voltage = keyword.is("v");
    if !voltage && !keyword.is("i") {
        let error = Diagnostic::error(cursor.span(&keyword), format!("a B source has no `{}=`", keyword.text));
        return Err(error.label("`v` or `i` expected"));
    }
    cursor.take()?;
    cursor.take_if(Kind::Equals)?;
    let formula = value::open_formula(cursor, "an expression")?;
    let mut form = Form::Value(formula);
    if cursor.at_assignment() && cursor.peek().is_some_and(|t| t.is("laplace")) {
        cursor.take()?;
        cursor.take_if(Kind::Equals)?;
        let transfer = value::open_formula(cursor, "a function of `s`")?;
        if let Form::Value(formula) = form {
            form = Form::Laplace { input: Input::Formula(formula), transfer };
        }
    }
    Ok(Body::Behavioural { voltage, form: Box::new(form), params: tail(cursor)? })
}

/// `name=value` pairs after the value.
fn tail(cursor: &mut Cursor) -> Result<Vec<Param>, Diagnostic> {
    params(cursor, |cursor, _| known_flag(cursor, &[]))
}

/// What follows the nodes of an E, F, G or H line.
pub(crate) fn controlled(cursor: &mut Cursor, kind: Controlled) -> Result<Body, Diagnostic> {
    let by_voltage = matches!(kind, Controlled::Vcvs | Controlled::Vccs);
    let voltage = matches!(kind, Controlled::Vcvs | Controlled::Ccvs);
    // the optional words of HSPICE that say what the letter says
    let kinds = ["vcvs", "vccs", "cccs", "ccvs"];
    if cursor.peek().is_some_and(|t| kinds.iter().any(|k| t.is(k))) && !cursor.at_assignment() {
        cursor.take()?;
    }
    let Some(token) = cursor.peek() else { return Err(cursor.expected("the controls or an expression")) };
    if (cursor.at_assignment() || followed_by_formula(cursor, &token))
        && let Some(body) = keyword_form(cursor, &token, voltage)?
    {
        return Ok(body);
    }
    let form = match &*token.text.to_ascii_lowercase() {
        "poly" => return poly(cursor, kind, &token),
        "and" | "nand" | "or" | "nor" if !cursor.at_assignment() => gate(cursor, &token, by_voltage)?,
        "table" => table(cursor)?,
        "pwl" => {
            cursor.take()?;
            let size = value(cursor, "the number of controls of PWL")?;
            let input = control(cursor, by_voltage)?;
            if !matches!(size.kind, ValueKind::Number(1.0)) {
                return Err(Diagnostic::error(size.span, "PWL has one control").label("1 expected"));
            }
            Form::Table { input, points: points(cursor)? }
        }
        "laplace" | "pole" => laplace(cursor, &token, by_voltage)?,
        "freq" | "frequency" => frequency(cursor, by_voltage)?,
        "delay" => {
            cursor.take()?;
            Form::Delay { input: input(cursor, by_voltage)? }
        }
        "chebyshev" | "npwl" | "ppwl" | "transformer" | "opamp" if !cursor.at_assignment() => {
            let error = Diagnostic::error(cursor.span(&token), format!("the {} form is not supported", token.text));
            return Err(error.label("not part of this version").hint("write it with LAPLACE, TABLE or VALUE"));
        }
        _ => return linear(cursor, kind),
    };
    Ok(Body::Behavioural { voltage, form: Box::new(form), params: tail(cursor)? })
}

/// True at `word {..}`.
fn followed_by_formula(cursor: &Cursor, token: &Token) -> bool {
    cursor.line.text[token.end..].trim_start().starts_with(['{', '\''])
}

/// `vol=`, `cur=`, `value=`, `value {..}`; `None` when the word begins another form.
fn keyword_form(cursor: &mut Cursor, token: &Token, voltage: bool) -> Result<Option<Body>, Diagnostic> {
    let words: &[&str] = if voltage { &["value", "vol", "volt", "v"] } else { &["value", "cur", "i"] };
    if !words.iter().any(|w| token.is(w)) {
        let others = ["table", "laplace", "freq", "frequency", "poly", "delay", "pole"];
        if !cursor.at_assignment() || others.iter().any(|w| token.is(w)) {
            return Ok(None);
        }
        let wanted = words[1];
        let hint = suggest::did_you_mean(token.text, words.iter().copied(), format!("write `{wanted}=expression`"));
        let message = format!("unknown parameter `{}`", token.text.to_ascii_lowercase());
        return Err(Diagnostic::error(cursor.span(token), message).hint(hint));
    }
    cursor.take()?;
    cursor.take_if(Kind::Equals)?;
    let formula = value::open_formula(cursor, "an expression")?;
    Ok(Some(Body::Behavioural { voltage, form: Box::new(Form::Value(formula)), params: tail(cursor)? }))
}

/// Control (two nodes, or one element), then a gain; LTspice's `table=(..)` and `Laplace=..` may stand for the gain.
fn linear(cursor: &mut Cursor, kind: Controlled) -> Result<Body, Diagnostic> {
    let by_voltage = matches!(kind, Controlled::Vcvs | Controlled::Vccs);
    let voltage = matches!(kind, Controlled::Vcvs | Controlled::Ccvs);
    let Input::Control(controls) = control(cursor, by_voltage)? else {
        return Err(cursor.expected("the controls"));
    };
    let behavioural = |form, params| Body::Behavioural { voltage, form: Box::new(form), params };
    if let Some(token) = cursor.peek() {
        let input = || Input::Control(controls.clone());
        if token.is("table") {
            cursor.take()?;
            cursor.take_if(Kind::Equals)?;
            let form = Form::Table { input: input(), points: points(cursor)? };
            return Ok(behavioural(form, tail(cursor)?));
        }
        if token.is("laplace") {
            cursor.take()?;
            cursor.take_if(Kind::Equals)?;
            let form = Form::Laplace { input: input(), transfer: value::open_formula(cursor, "a function of `s`")? };
            return Ok(behavioural(form, tail(cursor)?));
        }
    }
    let mut coefficients = Vec::new();
    if cursor.at_assignment() && cursor.peek().is_some_and(|t| t.is("gain")) {
        coefficients.push(value::assignment(cursor)?.value);
    } else if !cursor.at_assignment() && cursor.peek().is_some() {
        coefficients.push(value(cursor, "the gain")?);
    }
    if coefficients.is_empty() {
        return Err(cursor.expected("the gain"));
    }
    Ok(Body::Controlled { kind, controls, coefficients, poly: false, params: tail(cursor)? })
}

fn poly(cursor: &mut Cursor, kind: Controlled, token: &Token) -> Result<Body, Diagnostic> {
    cursor.take()?;
    let by_voltage = matches!(kind, Controlled::Vcvs | Controlled::Vccs);
    let size = count(cursor, token, "POLY")?;
    let mut controls = Vec::new();
    for nth in 1..=size {
        control_words(cursor, by_voltage, nth, &mut controls)?;
    }
    let mut coefficients = Vec::new();
    while cursor.peek().is_some() && !cursor.at_assignment() {
        coefficients.push(value(cursor, "a coefficient")?);
    }
    if coefficients.is_empty() {
        return Err(cursor.expected("the coefficients"));
    }
    Ok(Body::Controlled { kind, controls, coefficients, poly: true, params: tail(cursor)? })
}

/// The whole number after POLY, AND, ..
fn count(cursor: &mut Cursor, token: &Token, what: &str) -> Result<usize, Diagnostic> {
    let size = value(cursor, format_args!("the number of controls of {what}"))?;
    match size.kind {
        ValueKind::Number(n) if (1.0..=MOST_CONTROLS).contains(&n) && n.fract() == 0.0 => Ok(n as usize),
        _ => {
            let error = Diagnostic::error(size.span, format!("{what} needs a whole number of controls"));
            Err(error.label("1 to 1000 expected").hint(format!("as in `{}(2) ..`", token.text)))
        }
    }
}

fn control_words(
    cursor: &mut Cursor,
    by_voltage: bool,
    nth: usize,
    controls: &mut Vec<Word>,
) -> Result<(), Diagnostic> {
    if by_voltage {
        controls.push(name(cursor, format_args!("the positive node of control {nth}"))?);
        controls.push(name(cursor, format_args!("the negative node of control {nth}"))?);
    } else {
        controls.push(name(cursor, format_args!("the element that carries control {nth}"))?);
    }
    Ok(())
}

/// Two nodes or one element.
fn control(cursor: &mut Cursor, by_voltage: bool) -> Result<Input, Diagnostic> {
    let mut controls = Vec::new();
    control_words(cursor, by_voltage, 1, &mut controls)?;
    Ok(Input::Control(controls))
}

/// `{expression}` or a control.
fn input(cursor: &mut Cursor, by_voltage: bool) -> Result<Input, Diagnostic> {
    match cursor.take_if(Kind::Formula)? {
        Some(token) => Ok(Input::Formula(value::formula(cursor, token.text, token.text_start())?)),
        None => control(cursor, by_voltage),
    }
}

/// Values up to the next `name=`.
fn values(cursor: &mut Cursor) -> Result<Vec<Value>, Diagnostic> {
    let mut all = Vec::new();
    while cursor.peek().is_some_and(|t| t.text != "/") && !cursor.at_assignment() {
        all.push(value(cursor, "a value")?);
    }
    Ok(all)
}

fn points(cursor: &mut Cursor) -> Result<Vec<Value>, Diagnostic> {
    let points = values(cursor)?;
    if points.len() < 4 || !points.len().is_multiple_of(2) {
        return Err(cursor.expected("at least two points `(x, y)`"));
    }
    Ok(points)
}

/// `TABLE {expression} = (x, y) ..`
fn table(cursor: &mut Cursor) -> Result<Form, Diagnostic> {
    cursor.take()?;
    cursor.take_if(Kind::Equals)?;
    let Some(token) = cursor.take_if(Kind::Formula)? else {
        return Err(cursor.expected("`{expression}` after TABLE"));
    };
    let input = Input::Formula(value::formula(cursor, token.text, token.text_start())?);
    cursor.take_if(Kind::Equals)?;
    Ok(Form::Table { input, points: points(cursor)? })
}

/// `AND(n) a 0 b 0 .. (x1, y1) (x2, y2)`
fn gate(cursor: &mut Cursor, token: &Token, by_voltage: bool) -> Result<Form, Diagnostic> {
    cursor.take()?;
    let size = count(cursor, token, &token.text.to_ascii_uppercase())?;
    let mut controls = Vec::new();
    for nth in 1..=size {
        control_words(cursor, by_voltage, nth, &mut controls)?;
    }
    let largest = token.is("or") || token.is("nor");
    Ok(Form::Gate { largest, controls, points: points(cursor)? })
}

/// `LAPLACE {x} = {H(s)}`, `LAPLACE n1 n2 k0 k1 .. / d0 d1 ..`, `POLE n1 n2 ..`
fn laplace(cursor: &mut Cursor, token: &Token, by_voltage: bool) -> Result<Form, Diagnostic> {
    cursor.take()?;
    cursor.take_if(Kind::Equals)?;
    let input = input(cursor, by_voltage)?;
    cursor.take_if(Kind::Equals)?;
    if cursor.peek().is_some_and(|t| t.kind == Kind::Formula) && !token.is("pole") {
        return Ok(Form::Laplace { input, transfer: value::open_formula(cursor, "a function of `s`")? });
    }
    let numerator = values(cursor)?;
    let slash = cursor.peek().is_some_and(|t| t.text == "/");
    if numerator.is_empty() || !slash {
        let error = cursor.expected("`numerator / denominator`, or `{H(s)}`");
        return Err(error.hint("as in `LAPLACE in 0 1 / 1 1m` for 1/(1 + s/1000)"));
    }
    cursor.take()?;
    let denominator = values(cursor)?;
    if denominator.is_empty() {
        return Err(cursor.expected("the denominator"));
    }
    Ok(match token.is("pole") {
        true => Form::Pole { input, zeros: numerator, poles: denominator },
        false => Form::Ratio { input, numerator, denominator },
    })
}

/// `FREQ {x} = [DB|MAG] [DEG|RAD] [R_I] (f, magnitude, phase) ..`
fn frequency(cursor: &mut Cursor, by_voltage: bool) -> Result<Form, Diagnostic> {
    cursor.take()?;
    cursor.take_if(Kind::Equals)?;
    let input = input(cursor, by_voltage)?;
    cursor.take_if(Kind::Equals)?;
    let mut format = ResponseFormat { decibel: true, degrees: true, cartesian: false };
    while let Some(token) = cursor.peek().filter(|t| t.kind == Kind::Word) {
        match () {
            _ if token.is("mag") => format.decibel = false,
            _ if token.is("db") => format.decibel = true,
            _ if token.is("rad") => format.degrees = false,
            _ if token.is("deg") => format.degrees = true,
            _ if token.is("r_i") => format.cartesian = true,
            _ => break,
        }
        cursor.take()?;
    }
    let points = values(cursor)?;
    if points.len() < 3 || !points.len().is_multiple_of(3) {
        return Err(cursor.expected("points `(frequency, magnitude, phase)`"));
    }
    Ok(Form::Frequency { input, format, points })
}
