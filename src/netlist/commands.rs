//! Dot statements that do not open or close a block.

use super::ast::{
    AnalysisText, ColumnText, ColumnWhat, ControllerLine, Definition, Function, GridText, Model, Param, PrintText,
    SweepText, TargetText, Value, ValueKind, Word,
};
use super::lex::{Blanks, Cursor, Kind};
use super::lines::Line;
use super::sources::ReadPoints;
use super::{columns, small_signal, suggest, value};
use crate::diagnostic::Diagnostic;
use crate::dialect::Dialect;

/// Statements that are read.
pub(crate) const KNOWN: [&str; 53] = [
    "read",
    "array",
    "matrix",
    "measure",
    "meas",
    "four",
    "fourier",
    "ac",
    "noise",
    "tf",
    "sens",
    "pz",
    "loadbias",
    "load",
    "savebias",
    "step",
    "mc",
    "limits",
    "fit",
    "fitdata",
    "param",
    "func",
    "subckt",
    "ends",
    "model",
    "include",
    "inc",
    "lib",
    "endl",
    "global",
    "ic",
    "nodeset",
    "options",
    "option",
    "opt",
    "temp",
    "save",
    "probe",
    "print",
    "plot",
    "op",
    "dc",
    "tran",
    "end",
    "controller",
    "endcontroller",
    "title",
    "width",
    "control",
    "endc",
    "osdi",
    "pre_osdi",
    "hdl",
];

/// Statements of the dialect that this version does not have.
const LATER: [&str; 15] = [
    "disto",
    "sp",
    "pss",
    "hb",
    "data",
    "alter",
    "if",
    "elseif",
    "else",
    "endif",
    "csparam",
    "dout",
    "wcase",
    "sample",
    "distribution",
];

/// What to say about a statement that is not read.
pub(crate) fn unknown(word: &Word) -> Diagnostic {
    let name = word.text.trim_start_matches('.');
    if LATER.contains(&name) {
        let hint = match name {
            "if" | "elseif" | "else" | "endif" => "use the conditional expression `cond ? a : b` in parameters",
            "alter" | "data" => "set parameters from outside with `--set name=value`",
            _ => "this version has .op, .dc, .tran, .ac, .noise, .tf, .sens and .pz",
        };
        let error = Diagnostic::error(word.span, format!("`.{name}` is not supported in this version"));
        return error.label("not supported").hint(hint);
    }
    let message = format!("unknown statement `{}`", super::lex::shorten(&word.text));
    let hint = match suggest::closest(name, KNOWN.into_iter().chain(LATER)) {
        Some(known) => format!("did you mean `.{known}`?"),
        None => "a comment begins with `*`".to_string(),
    };
    Diagnostic::error(word.span, message).label("no such statement").hint(hint)
}

/// What a `.param` line holds.
pub(crate) enum Defined {
    /// A parameter.
    Parameter(Definition),
    /// `f(x)=..`
    Function(Word, Function),
}

/// `.param a=1 b={2*a} f(x)='x+1'`
pub(crate) fn param(cursor: &mut Cursor) -> Result<Vec<Defined>, Diagnostic> {
    let mut all = Vec::new();
    while cursor.peek().is_some() {
        if cursor.take_if(Kind::Comma)?.is_some() {
            continue;
        }
        let called = cursor.peek().is_some_and(|t| t.kind == Kind::Word && cursor.line.text[t.end..].starts_with('('));
        if called {
            let (name, function) = function(cursor, true)?;
            all.push(Defined::Function(name, function));
            continue;
        }
        let name = defined_name(cursor)?;
        if cursor.take_if(Kind::Equals)?.is_none() {
            return Err(cursor.expected(format_args!("`=` after `{}`", name.text)));
        }
        let value = value::bare_expression(cursor, format_args!("a value for `{}`", name.text))?;
        all.push(Defined::Parameter(Definition { name, value, used: false.into() }));
    }
    if all.is_empty() { Err(cursor.expected("`name=value`")) } else { Ok(all) }
}

fn defined_name(cursor: &mut Cursor) -> Result<Word, Diagnostic> {
    let name = value::name(cursor, "a parameter name")?;
    let proper = name.text.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && name.text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '#' | '$'));
    if proper {
        return Ok(name);
    }
    let error = Diagnostic::error(
        name.span,
        format!("`{}` cannot be the name of a parameter", super::lex::shorten(&name.text)),
    );
    Err(error.label("a name begins with a letter"))
}

/// `name(a,b) = {expression}`; `shared` when more definitions may follow on the line.
pub(crate) fn function(cursor: &mut Cursor, shared: bool) -> Result<(Word, Function), Diagnostic> {
    let name = value::name(cursor, "the name of a function")?;
    if cursor.take_if(Kind::Open)?.is_none() {
        return Err(cursor.expected(format_args!("`(` and the arguments of `{}`", name.text)));
    }
    let mut arguments: Vec<String> = Vec::new();
    while cursor.take_if(Kind::Close)?.is_none() {
        let argument = value::name(cursor, "an argument name or `)`")?;
        if arguments.iter().any(|a| **a == *argument.text) {
            return Err(Diagnostic::error(argument.span, format!("two arguments are named `{}`", argument.text)));
        }
        arguments.push(argument.text.into());
        cursor.take_if(Kind::Comma)?;
    }
    cursor.take_if(Kind::Equals)?;
    let body = value::function_body(cursor, shared)?;
    Ok((name, Function { arguments: arguments.into(), body: body.expr }))
}

/// `.model name type (name=value ..)`; `read` gives the points of a table in a file.
pub(crate) fn model(line: &Line, read: &mut ReadPoints) -> Result<Model, Diagnostic> {
    let mut cursor = Cursor::new(line, Blanks::Parentheses)?;
    cursor.take()?;
    let name = value::name(&mut cursor, "the name of a model")?;
    if cursor.at_assignment() {
        return Err(cursor.expected("the type of the model").hint("as in `.model dio d is=1e-14`"));
    }
    let mut kind = value::name(&mut cursor, "the type of the model")?;
    let mut base = None;
    if kind.text.starts_with("ako") && (kind.text.contains(':') || cursor.peek().is_some_and(|t| t.is(":"))) {
        base = Some(model_base(&mut cursor, &kind)?);
        // `.model new ako:old` takes the type of the old one.
        kind.text = "".into();
        let typed = !cursor.at_assignment() && cursor.peek().is_some_and(|t| t.kind == Kind::Word);
        kind = if typed { value::name(&mut cursor, "the type of the model")? } else { kind };
    }
    let params = value::card(&mut cursor, read)?;
    Ok(Model { name, kind, base, params })
}

/// The name behind `ako:`, with or without blanks around the colon.
fn model_base(cursor: &mut Cursor, written: &Word) -> Result<Word, Diagnostic> {
    if cursor.peek().is_some_and(|t| t.is(":")) {
        cursor.take()?;
    }
    match written.text.split_once(':') {
        Some((_, name)) if !name.is_empty() => Ok(Word { text: name.into(), span: written.span }),
        _ => value::name(cursor, "the name of the model to start from"),
    }
}

/// `v(node)=value ..` of `.ic` and `.nodeset`.
pub(crate) fn node_values(cursor: &mut Cursor) -> Result<Vec<(Word, Value)>, Diagnostic> {
    let mut all = Vec::new();
    while let Some(token) = cursor.peek() {
        if token.kind == Kind::Comma {
            cursor.take()?;
            continue;
        }
        if token.is("all") && cursor.at_assignment() {
            let name = value::name(cursor, "a node")?;
            cursor.take_if(Kind::Equals)?;
            all.push((name, value::value(cursor, "a voltage")?));
            continue;
        }
        if !token.is("v") {
            return Err(cursor.expected("`v(node)=value`"));
        }
        cursor.take()?;
        if cursor.take_if(Kind::Open)?.is_none() {
            return Err(cursor.expected("`(` after `v`"));
        }
        let node = value::name(cursor, "a node")?;
        if cursor.take_if(Kind::Close)?.is_none() {
            return Err(cursor.expected("`)`"));
        }
        let blank = matches!(cursor.line.dialect, Dialect::Xyce | Dialect::Hspice);
        if cursor.take_if(Kind::Equals)?.is_none() && !blank {
            return Err(cursor.expected(format_args!("`=` and the voltage of `{}`", node.text)));
        }
        all.push((node, value::value(cursor, "a voltage")?));
    }
    if all.is_empty() { Err(cursor.expected("`v(node)=value`")) } else { Ok(all) }
}

/// Words up to the end of the line.
pub(crate) fn words(cursor: &mut Cursor, what: impl std::fmt::Display + Copy) -> Result<Vec<Word>, Diagnostic> {
    let mut all = Vec::new();
    while cursor.peek().is_some() {
        if cursor.take_if(Kind::Comma)?.is_none() {
            all.push(value::name(cursor, what)?);
        }
    }
    if all.is_empty() { Err(cursor.expected(what)) } else { Ok(all) }
}

/// `.temp 50` sets an option; `.temp 25 50 75` is a sweep over the temperature.
pub(crate) fn temperature(
    cursor: &mut Cursor,
    keyword: &Word,
    options: &mut Vec<Param>,
) -> Result<Option<SweepText>, Diagnostic> {
    cursor.take_if(Kind::Equals)?;
    let value = value::value(cursor, "a temperature in degrees Celsius")?;
    let mut all = vec![value.clone()];
    while cursor.peek().is_some() {
        if cursor.take_if(Kind::Comma)?.is_none() {
            all.push(value::value(cursor, "a temperature in degrees Celsius")?);
        }
    }
    options.push(Param { name: Word { text: "temp".into(), span: keyword.span }, value });
    let sweep = SweepText { target: TargetText::Temperature, grid: GridText::List(all) };
    Ok(Some(sweep).filter(|sweep| matches!(&sweep.grid, GridText::List(all) if all.len() > 1)))
}

/// `.print tran v(a) ..`
pub(crate) fn print(cursor: &mut Cursor, plot: bool) -> Result<PrintText, Diagnostic> {
    let analysis = columns::analysis(cursor)?;
    Ok(PrintText { analysis, columns: columns::columns(cursor)?, plot })
}

/// `.save [tran] v(a) ..`; `.probe` alone means everything.
pub(crate) fn save(cursor: &mut Cursor) -> Result<Vec<ColumnText>, Diagnostic> {
    if cursor.peek().is_none() {
        return Ok(vec![ColumnText { label: "all".into(), what: ColumnWhat::All }]);
    }
    columns::analysis(cursor)?;
    columns::columns(cursor)
}

/// `.op`, `.dc`, `.tran` and the small-signal analyses
pub(crate) fn analysis(cursor: &mut Cursor, keyword: &Word) -> Result<AnalysisText, Diagnostic> {
    if let Some(small_signal) = small_signal::analysis(cursor, keyword) {
        return small_signal;
    }
    let span = cursor.line.span();
    match &*keyword.text {
        ".op" => Ok(AnalysisText::Op { span }),
        ".dc" => {
            let mut sweeps = Vec::new();
            while cursor.peek().is_some() || sweeps.is_empty() {
                sweeps.push(super::sweeps::sweep(cursor)?);
            }
            Ok(AnalysisText::Dc { sweeps, span })
        }
        _ => {
            let mut times = Vec::new();
            let mut use_initial = false;
            while let Some(token) = cursor.peek() {
                let modifier = ["startup", "steady", "nodiscard", "step"].iter().any(|word| token.is(word));
                if token.is("sweep") {
                    break;
                }
                if token.is("uic") || token.is("noop") || modifier {
                    use_initial |= !modifier;
                    cursor.take()?;
                    continue;
                }
                times.push(value::value(cursor, "a time")?);
            }
            // LTspice: a lone time is the stop time.
            if let [stop] = times.as_slice()
                && cursor.line.dialect == Dialect::Ltspice
            {
                let step = Value { kind: ValueKind::Number(0.0), span: stop.span };
                times.insert(0, step);
            }
            match times.len() {
                0 | 1 => Err(cursor.expected("the step and the stop time").hint("as in `.tran 1n 1u`")),
                2..=4 => Ok(AnalysisText::Tran { times, use_initial, span }),
                _ => {
                    let error = Diagnostic::error(times[4].span, "`.tran` has at most four times");
                    Err(error.hint(".tran step stop [start [max_step]] [uic]"))
                }
            }
        }
    }
}

/// One line of a controller block: `keyword word .. name=value ..`
pub(crate) fn controller_line(cursor: &mut Cursor) -> Result<ControllerLine, Diagnostic> {
    let keyword = value::name(cursor, "a statement of the controller")?;
    let mut words = Vec::new();
    let mut params = Vec::new();
    while cursor.peek().is_some() {
        if cursor.take_if(Kind::Comma)?.is_some() {
            continue;
        }
        if cursor.at_assignment() {
            params.push(value::assignment(cursor)?);
        } else {
            words.push(value::name(cursor, "a word or `name=value`")?);
        }
    }
    Ok(ControllerLine { keyword, words, params })
}
