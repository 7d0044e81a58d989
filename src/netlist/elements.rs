//! Element lines.

use super::ast::{Body, Controlled, Element, Param, Passive, Value, ValueKind, Word};
use super::lex::{Blanks, Cursor, Kind};
use super::lines::Line;
use super::value::{self, known_flag, name, params, value, word};
use super::{controlled, sources};
use crate::diagnostic::Diagnostic;

/// Letters that begin an element.
const LETTERS: &str = "bcdefghijklmnoqrstuvwxyz";
/// Long element words of the `Y` form, after which the element's name follows.
const Y_WORDS: [&str; 4] = ["ymemristor", "ydac", "yadc", "yopamp"];

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
        'k' | 'n' | 'x' | 'y' => 0,
        'm' | 'o' | 's' | 't' => 4,
        'j' | 'q' | 'u' | 'z' => 3,
        _ => 2,
    };
    let nodes = nodes(cursor, &title, count)?;
    let body = match letter {
        'r' => passive(cursor, Passive::Resistor)?,
        'c' => passive(cursor, Passive::Capacitor)?,
        'l' => passive(cursor, Passive::Inductor)?,
        'k' => mutual(cursor)?,
        'v' | 'i' => sources::independent(cursor, letter == 'v', read)?,
        'e' => controlled::controlled(cursor, Controlled::Vcvs)?,
        'f' => controlled::controlled(cursor, Controlled::Cccs)?,
        'g' => controlled::controlled(cursor, Controlled::Vccs)?,
        'h' => controlled::controlled(cursor, Controlled::Ccvs)?,
        'b' => controlled::behavioural(cursor)?,
        't' => Body::Line { params: params(cursor, |cursor, _| known_flag(cursor, &[]))? },
        'o' | 'u' => device(cursor, false, &[], None)?,
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
        'p' => {
            "coupled lines (CPL) are not part of this version; a single lossy line is an O element with an LTRA model"
        }
        _ => {
            "element names begin with one of R C L K V I E F G H B D J M N O Q S T U W X Y Z; a comment begins with `*`"
        }
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

/// Parameters of R, C and L whose value may be an expression over the circuit, written without braces.
const EXPRESSIONS: [&str; 9] = ["r", "c", "l", "q", "flux", "resistance", "capacitance", "inductance", "charge"];

/// `[value] [model] [name=value ..]`; which of two words is the model shows when all names are known.
fn passive(cursor: &mut Cursor, kind: Passive) -> Result<Body, Diagnostic> {
    if cursor.peek().is_none() {
        return Err(cursor.expected("a value"));
    }
    let mut values = Vec::new();
    while values.len() < 2 && cursor.peek().is_some() && !cursor.at_assignment() {
        values.push(value::component_value(cursor)?);
    }
    let mut all = Vec::new();
    while let Some(token) = cursor.peek() {
        if cursor.at_assignment() && EXPRESSIONS.iter().any(|word| token.is(word)) {
            let name = name(cursor, "a parameter name")?;
            cursor.take_if(Kind::Equals)?;
            let value = value::bare_expression(cursor, format_args!("a value for `{}`", name.text))?;
            all.push(Param { name, value });
        } else if cursor.at_assignment() {
            all.push(value::assignment(cursor)?);
        } else if cursor.take_if(Kind::Comma)?.is_none() {
            all.push(known_flag(cursor, &[])?);
        }
    }
    Ok(Body::Passive { kind, values, params: all })
}

/// `L1 L2 .. k`: the coupling comes last, also as `k=`.
fn mutual(cursor: &mut Cursor) -> Result<Body, Diagnostic> {
    let mut coils = vec![name(cursor, "the first inductor")?, name(cursor, "the second inductor")?];
    while cursor.peek().is_some_and(|t| t.kind == Kind::Word && t.text.starts_with(['l', 'L']))
        && !cursor.at_assignment()
    {
        coils.push(name(cursor, "an inductor")?);
    }
    if cursor.at_assignment() && cursor.peek().is_some_and(|t| t.is("k")) {
        cursor.take()?;
        cursor.take_if(Kind::Equals)?;
    }
    // a parameter as the coupling may begin with an l, too
    if cursor.peek().is_none()
        && coils.len() > 2
        && let Some(Word { text, span }) = coils.pop()
    {
        return Ok(Body::Mutual { coils, coupling: Value { kind: ValueKind::Word(text), span } });
    }
    Ok(Body::Mutual { coils, coupling: value(cursor, "the coupling coefficient")? })
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
