//! Element lines.

use super::ast::{Body, Controlled, Element, Param, Passive, Value, Word};
use super::lex::{Blanks, Cursor, Kind, Token};
use super::lines::Line;
use super::value::{self, known_flag, name, params, value, word};
use super::{sources, suggest};
use crate::diagnostic::Diagnostic;

/// Letters that begin an element.
const LETTERS: &str = "bcdefghijklmqrsvwxyz";
/// Long element words of the `Y` form, after which the element's name follows.
const Y_WORDS: [&str; 4] = ["ymemristor", "ydac", "yadc", "yopamp"];
/// Most controlling quantities of one POLY source.
const MOST_CONTROLS: f64 = 1000.0;

/// Parses one element line; `read` gives the text of a PWL file.
pub(crate) fn element(line: &Line, read: &mut sources::ReadPoints) -> Result<Element, Diagnostic> {
    let letter = line.text.chars().next().unwrap_or(' ').to_ascii_lowercase();
    let blanks = match letter {
        'v' | 'i' | 'e' | 'f' | 'g' | 'h' => Blanks::All,
        'x' => Blanks::Parentheses,
        _ => Blanks::Strict,
    };
    if !LETTERS.contains(letter) {
        return Err(unknown(line));
    }
    let mut cursor = Cursor::new(line, blanks)?;
    let cursor = &mut cursor;
    let mut title = name(cursor, "an element name")?;
    if Y_WORDS.contains(&&*title.text) {
        title = name(cursor, "the element's name")?;
    }
    let count = match letter {
        'k' | 'x' | 'y' => 0,
        'j' | 'q' | 'z' => 3,
        'm' | 's' => 4,
        _ => 2,
    };
    let nodes = nodes(cursor, &title, count)?;
    let body = match letter {
        'r' => passive(cursor, Passive::Resistor)?,
        'c' => passive(cursor, Passive::Capacitor)?,
        'l' => passive(cursor, Passive::Inductor)?,
        'k' => Body::Mutual {
            first: name(cursor, "the first inductor")?,
            second: name(cursor, "the second inductor")?,
            coupling: value(cursor, "the coupling coefficient")?,
        },
        'v' | 'i' => sources::independent(cursor, letter == 'v', read)?,
        'e' => controlled(cursor, Controlled::Vcvs)?,
        'f' => controlled(cursor, Controlled::Cccs)?,
        'g' => controlled(cursor, Controlled::Vccs)?,
        'h' => controlled(cursor, Controlled::Ccvs)?,
        'b' => behavioural(cursor)?,
        'd' => device(cursor, false, &["off"], Some("area"))?,
        'm' => device(cursor, false, &["off"], None)?,
        'j' | 'z' => device(cursor, false, &["off"], Some("area"))?,
        'q' => bipolar(cursor)?,
        's' => device(cursor, false, &["on", "off"], None)?,
        'w' => device(cursor, true, &["on", "off"], None)?,
        'x' => instance(cursor, &title)?,
        _ => described(cursor)?,
    };
    cursor.finish()?;
    Ok(Element { name: title, nodes, body })
}

fn unknown(line: &Line) -> Diagnostic {
    let end = line.text.find(char::is_whitespace).unwrap_or(line.text.len()).min(60);
    let end = (0..=end).rev().find(|&i| line.text.is_char_boundary(i)).unwrap_or(0);
    let first = line.text.chars().next().unwrap_or(' ');
    let span = line.origin.span(0, end.max(first.len_utf8()));
    let hint = match first.to_ascii_lowercase() {
        'a' => "XSPICE code models are not part of this version",
        'n' => "Verilog-A devices are not part of this version",
        'o' | 't' | 'u' | 'p' => "transmission lines are not part of this version",
        _ => "element names begin with one of R C L K V I E F G H B D J M Q S W X Y Z; a comment begins with `*`",
    };
    let message = format!("`{}` begins no known element", super::lex::shorten(&line.text[..end.max(first.len_utf8())]));
    Diagnostic::error(span, message).label("unknown element letter").hint(hint)
}

fn nodes(cursor: &mut Cursor, title: &Word, count: usize) -> Result<Vec<Word>, Diagnostic> {
    let mut nodes = Vec::with_capacity(count);
    let mut open = false;
    for nth in 1..=count {
        // The nodes may stand in parentheses and be separated by commas.
        open |= nth == 1 && cursor.take_if(Kind::Open)?.is_some();
        while nth > 1 && cursor.take_if(Kind::Comma)?.is_some() {}
        if cursor.at_assignment() {
            let error = cursor.expected(format_args!("node {nth} of {count}"));
            return Err(error.hint(format!("`{}` needs {count} nodes before its values", title.text)));
        }
        let node = cursor.word(format_args!("node {nth} of {count}"))?;
        nodes.push(word(cursor, &node));
    }
    if open && cursor.take_if(Kind::Close)?.is_none() {
        return Err(cursor.expected("`)` after the nodes"));
    }
    Ok(nodes)
}

/// `[value] [model] [name=value ..]`; which of two words is the model shows when all names are known.
fn passive(cursor: &mut Cursor, kind: Passive) -> Result<Body, Diagnostic> {
    if cursor.peek().is_none() {
        return Err(cursor.expected("a value"));
    }
    let mut values = Vec::new();
    while values.len() < 2 && cursor.peek().is_some() && !cursor.at_assignment() {
        values.push(value(cursor, "a value")?);
    }
    let params = params(cursor, |cursor, _| known_flag(cursor, &[]))?;
    Ok(Body::Passive { kind, values, params })
}

/// The only parameter after the value of some sources: `m=`.
fn multiplier(cursor: &mut Cursor) -> Result<Option<Value>, Diagnostic> {
    if !cursor.at_assignment() {
        return Ok(None);
    }
    let token = cursor.peek();
    let param = value::assignment(cursor)?;
    if &*param.name.text == "m" {
        return Ok(Some(param.value));
    }
    let span = token.map_or(param.name.span, |t: Token| cursor.span(&t));
    let error = Diagnostic::error(span, format!("unknown parameter `{}`", param.name.text));
    Err(error.hint("only the multiplier `m=` may follow here"))
}

fn controlled(cursor: &mut Cursor, kind: Controlled) -> Result<Body, Diagnostic> {
    let by_voltage = matches!(kind, Controlled::Vcvs | Controlled::Vccs);
    let voltage = matches!(kind, Controlled::Vcvs | Controlled::Ccvs);
    if by_voltage && cursor.at_assignment() {
        let keyword = name(cursor, "an assignment")?;
        let wanted = if voltage { "vol" } else { "cur" };
        if &*keyword.text != wanted && &*keyword.text != "value" {
            let hint =
                suggest::did_you_mean(&keyword.text, ["vol", "cur", "value"], format!("write `{wanted}=expression`"));
            return Err(Diagnostic::error(keyword.span, format!("unknown parameter `{}`", keyword.text)).hint(hint));
        }
        cursor.take_if(Kind::Equals)?;
        let formula = value::rest_formula(cursor, "an expression")?;
        return Ok(Body::Behavioural { voltage, formula, multiplier: multiplier(cursor)? });
    }
    let keyword = cursor.peek();
    if by_voltage && keyword.is_some_and(|t| t.is("value") || t.is("vol") || t.is("cur")) {
        cursor.take()?;
        let formula = value::rest_formula(cursor, "an expression")?;
        return Ok(Body::Behavioural { voltage, formula, multiplier: multiplier(cursor)? });
    }
    if by_voltage && keyword.is_some_and(|t| t.is("table")) {
        return table(cursor, voltage);
    }
    let mut poly = None;
    if let Some(token) = keyword.filter(|t| t.is("poly")) {
        cursor.take()?;
        let size = value(cursor, "the number of controls of POLY")?;
        match size.kind {
            super::ast::ValueKind::Number(n) if (1.0..=MOST_CONTROLS).contains(&n) && n.fract() == 0.0 => {
                poly = Some(n as usize)
            }
            _ => {
                let error = Diagnostic::error(size.span, "POLY needs a whole number of controls");
                return Err(error.label("1 to 1000 expected").hint(format!("as in `{}(2) ..`", token.text)));
            }
        }
    }
    let mut controls = Vec::new();
    for nth in 1..=poly.unwrap_or(1) {
        if by_voltage {
            controls.push(name(cursor, format_args!("the positive node of control {nth}"))?);
            controls.push(name(cursor, format_args!("the negative node of control {nth}"))?);
        } else {
            controls.push(name(cursor, format_args!("the element that carries control {nth}"))?);
        }
    }
    let mut coefficients = Vec::new();
    if poly.is_none() && cursor.at_assignment() && cursor.peek().is_some_and(|t| t.is("gain")) {
        coefficients.push(value::assignment(cursor)?.value);
    }
    while cursor.peek().is_some() && !cursor.at_assignment() {
        if poly.is_none() && coefficients.len() == 1 {
            break;
        }
        coefficients.push(value(cursor, "a coefficient")?);
    }
    if coefficients.is_empty() {
        return Err(cursor.expected(if poly.is_some() { "the coefficients" } else { "the gain" }));
    }
    Ok(Body::Controlled { kind, controls, coefficients, multiplier: multiplier(cursor)? })
}

fn table(cursor: &mut Cursor, voltage: bool) -> Result<Body, Diagnostic> {
    cursor.take()?;
    let Some(token) = cursor.take_if(Kind::Formula)? else {
        return Err(cursor.expected("`{expression}` after TABLE"));
    };
    let formula = value::formula(cursor, token.text, token.text_start())?;
    cursor.take_if(Kind::Equals)?;
    let mut points = Vec::new();
    while cursor.peek().is_some() && !cursor.at_assignment() {
        points.push(value(cursor, "a table point")?);
    }
    if points.len() < 4 || !points.len().is_multiple_of(2) {
        return Err(cursor.expected("at least two points `(x, y)`"));
    }
    Ok(Body::Table { voltage, formula, points, multiplier: multiplier(cursor)? })
}

fn behavioural(cursor: &mut Cursor) -> Result<Body, Diagnostic> {
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
    let formula = value::rest_formula(cursor, "an expression")?;
    Ok(Body::Behavioural { voltage, formula, multiplier: multiplier(cursor)? })
}

/// `[control] model [value] [flags] [name=value ..]`
fn device(cursor: &mut Cursor, controlled: bool, flags: &[&str], bare: Option<&str>) -> Result<Body, Diagnostic> {
    let control = if controlled { Some(name(cursor, "the controlling voltage source")?) } else { None };
    if cursor.at_assignment() {
        let error = cursor.expected("the name of a model");
        return Err(error.hint("the model's name stands between the nodes and the parameters: is a node missing?"));
    }
    let model = name(cursor, "the name of a model")?;
    let params = params(cursor, |cursor, before| {
        let number = cursor
            .peek()
            .is_some_and(|t| t.kind == Kind::Formula || t.text.starts_with(|c: char| c.is_ascii_digit() || c == '.'));
        match bare {
            Some(bare) if number && before.iter().all(|p| &*p.name.text != bare) => {
                let value = value(cursor, "a value")?;
                Ok(Param { name: Word { text: bare.into(), span: value.span }, value })
            }
            _ => known_flag(cursor, flags),
        }
    })?;
    Ok(Body::Device { model, control, params })
}

/// `[substrate] model [area] [off] [name=value ..]` after three nodes; which word is the model shows when all names are
/// known.
fn bipolar(cursor: &mut Cursor) -> Result<Body, Diagnostic> {
    let mut words = leading_words(cursor)?;
    // PSpice writes the substrate in brackets
    for word in &mut words {
        if let Some(inner) = word.text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
            word.text = inner.into();
        }
    }
    if words.is_empty() {
        let error = cursor.expected("the name of a model");
        return Err(error.hint("as in `q1 collector base emitter [substrate] model`: is a node missing?"));
    }
    let params = params(cursor, |cursor, _| match cursor.peek() {
        Some(token) if token.kind == Kind::Formula => {
            let value = value(cursor, "a value")?;
            Ok(Param { name: Word { text: "area".into(), span: value.span }, value })
        }
        _ => known_flag(cursor, &["off"]),
    })?;
    Ok(Body::Described { words, params })
}

/// Words up to the first `name=`.
fn leading_words(cursor: &mut Cursor) -> Result<Vec<Word>, Diagnostic> {
    let mut words = Vec::new();
    while !cursor.at_assignment() && cursor.peek().is_some_and(|t| t.kind == Kind::Word && !t.is("params:")) {
        words.push(name(cursor, "a node")?);
    }
    if cursor.peek().is_some_and(|t| t.is("params:")) {
        cursor.take()?;
    }
    Ok(words)
}

fn instance(cursor: &mut Cursor, title: &Word) -> Result<Body, Diagnostic> {
    let mut nodes = leading_words(cursor)?;
    let Some(block) = nodes.pop() else {
        return Err(cursor
            .expected("nodes and the name of a subcircuit")
            .hint(format!("as in `{} in out filter`", title.text)));
    };
    let params = params(cursor, |cursor, _| known_flag(cursor, &[]))?;
    Ok(Body::Instance { block, nodes, params })
}

fn described(cursor: &mut Cursor) -> Result<Body, Diagnostic> {
    let words = leading_words(cursor)?;
    if words.is_empty() {
        return Err(cursor.expected("nodes and the name of a model"));
    }
    let params = params(cursor, |cursor, _| value::flag(cursor))?;
    Ok(Body::Described { words, params })
}
