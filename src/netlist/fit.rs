//! `.fit` and `.fitdata`.

use super::ast::{ExprText, FitDataText, FitSignalText, FitText, Param, Value, Word};
use super::lex::{Cursor, Kind, shorten};
use super::{columns, suggest, sweeps, value};
use crate::diagnostic::Diagnostic;

/// Keys of `.fit`.
const FIT: [&str; 6] = ["from", "to", "start", "scale", "prior", "sigma"];
/// Keys of `.fitdata`.
const DATA: [&str; 20] = [
    "file",
    "time",
    "drive",
    "column",
    "signal",
    "sigma",
    "relative",
    "pulse",
    "amplitude",
    "width",
    "edge",
    "period",
    "read",
    "rate",
    "temp",
    "group",
    "device",
    "maxstep",
    "uic",
    "name",
];

fn unknown(word: &Word, keys: &[&str], statement: &str) -> Diagnostic {
    let message = format!("`{statement}` has no `{}`", shorten(&word.text));
    let otherwise = format!("known are {}", keys.join(", "));
    let hint = suggest::did_you_mean(&word.text, keys.iter().copied(), &otherwise);
    Diagnostic::error(word.span, message).label("not known here").hint(hint)
}

/// `.fit target [from=] [to=] [start=] [scale=lin|log] [prior= sigma=] [local]`
pub(crate) fn fit(cursor: &mut Cursor) -> Result<FitText, Diagnostic> {
    let span = cursor.line.span();
    let target = sweeps::target(cursor)?;
    let mut local = false;
    let mut params: Vec<Param> = Vec::new();
    while cursor.peek().is_some() {
        if cursor.take_if(Kind::Comma)?.is_some() {
            continue;
        }
        if !cursor.at_assignment() {
            let word = value::name(cursor, "`name=value` or `local`")?;
            if &*word.text != "local" {
                return Err(unknown(&word, &[&FIT[..], &["local"]].concat(), ".fit"));
            }
            local = true;
            continue;
        }
        let param = value::assignment(cursor)?;
        if !FIT.contains(&&*param.name.text) {
            return Err(unknown(&param.name, &FIT, ".fit"));
        }
        params.push(param);
    }
    Ok(FitText { target, params, local, span })
}

/// `.fitdata [name] [file=] [time=] [drive= column=].. [signal= column= sigma=].. ..`
pub(crate) fn data(cursor: &mut Cursor) -> Result<FitDataText, Diagnostic> {
    let mut text = FitDataText { span: cursor.line.span(), ..FitDataText::default() };
    let mut open = Open::Nothing;
    while cursor.peek().is_some() {
        if cursor.take_if(Kind::Comma)?.is_some() {
            continue;
        }
        if !cursor.at_assignment() {
            let word = value::name(cursor, "`name=value`")?;
            match &*word.text {
                "uic" => text.use_initial = true,
                _ if text.name.is_none() && text.params.is_empty() && text.signals.is_empty() => text.name = Some(word),
                _ => return Err(unknown(&word, &DATA, ".fitdata")),
            }
            continue;
        }
        let key = value::name(cursor, "a key")?;
        cursor.take_if(Kind::Equals)?;
        match &*key.text {
            "signal" => {
                let signal = columns::expression(cursor)?;
                text.signals.push(FitSignalText { label: label(&signal, cursor), signal, params: Vec::new() });
                open = Open::Signal;
            }
            "drive" => {
                let source = value::name(cursor, "an independent source")?;
                text.drives.push((source, None));
                open = Open::Drive;
            }
            "group" => {
                let list = value::value_or_vector(cursor, "a column")?;
                text.params.push(Param { name: key, value: list });
            }
            name if DATA.contains(&name) => {
                let param = Param { value: value::value(cursor, format_args!("a value for `{name}`"))?, name: key };
                match (&*param.name.text, open) {
                    ("column", Open::Drive) => {
                        if let Some(last) = text.drives.last_mut() {
                            last.1 = Some(param.value);
                        }
                    }
                    ("column" | "sigma" | "relative", Open::Signal) => {
                        if let Some(last) = text.signals.last_mut() {
                            last.params.push(param);
                        }
                    }
                    ("column" | "sigma" | "relative", _) => {
                        let message = format!("`{}=` belongs to a signal", param.name.text);
                        return Err(Diagnostic::error(param.name.span, message)
                            .label("no `signal=` before it")
                            .hint("as in `signal=i(v1) column=current sigma=1u`"));
                    }
                    _ => text.params.push(param),
                }
            }
            _ => return Err(unknown(&key, &DATA, ".fitdata")),
        }
    }
    Ok(text)
}

/// What `column=` belongs to.
#[derive(Clone, Copy)]
enum Open {
    Nothing,
    Drive,
    Signal,
}

/// The signal as written, lower case and without blanks.
fn label(text: &ExprText, cursor: &Cursor) -> String {
    let written = &cursor.line.text[text.start + text.expr.at..cursor.last_end()];
    written.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

impl FitDataText {
    /// The value of a key; the last one counts.
    pub fn param(&self, name: &str) -> Option<&Value> {
        self.params.iter().rev().find(|param| &*param.name.text == name).map(|param| &param.value)
    }
}
