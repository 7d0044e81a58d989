//! `.fit` and `.fitdata`, evaluated.

use std::rc::Rc;

use super::{Elaborator, Env};
use crate::circuit::{
    ElementId, FitData, FitDrive, FitPulses, FitSignal, FreeParameter, Given, ParamData, Signal, SweepTarget,
};
use crate::diagnostic::{Diagnostic, SourceMap};
use crate::netlist::ast::{Body, FitDataText, FitSignalText, FitText, Param, TargetText, Value, ValueKind, Word};
use crate::netlist::report::Fault;
use crate::netlist::suggest;

impl<'d> Elaborator<'d> {
    /// `.fit` statements.
    pub(super) fn free_parameters(&mut self, top: &Rc<Env>) -> Vec<FreeParameter> {
        let deck = self.deck;
        let mut all: Vec<FreeParameter> = Vec::new();
        for text in &deck.fits {
            let free = self.free_parameter(top, text);
            let Some(free) = self.report.keep(free) else { continue };
            if all.iter().any(|other| other.target == free.target) {
                let error = Diagnostic::error(text.span, "this parameter is free already");
                self.report.add(error.label("second `.fit` of the same parameter"));
                continue;
            }
            all.push(free);
        }
        all
    }

    fn free_parameter(&mut self, top: &Rc<Env>, text: &FitText) -> Result<FreeParameter, Fault> {
        let target = match self.fit_target(top, &text.target) {
            Ok(SweepTarget::TemperatureCelsius) => {
                return Err(Diagnostic::error(text.span, "the temperature cannot be fitted")
                    .label("a parameter expected")
                    .hint("data sets have theirs by `.fitdata temp=`")
                    .into());
            }
            other => other?,
        };
        let (mut from, mut to) = (f64::NEG_INFINITY, f64::INFINITY);
        let (mut start, mut mean, mut sigma, mut logarithmic) = (None, None, None, false);
        for Param { name, value } in &text.params {
            if &*name.text == "scale" {
                logarithmic = match self.data(top, value)? {
                    ParamData::Text(word) if word.starts_with("log") => true,
                    ParamData::Text(word) if word.starts_with("lin") => false,
                    _ => return Err(wrong(value, "unknown scale", "lin or log expected")),
                };
                continue;
            }
            let number = self.number(top, value)?;
            match &*name.text {
                "from" => from = number,
                "to" => to = number,
                "start" => start = Some(number),
                "prior" => mean = Some(number),
                _ => sigma = Some(number),
            }
            if &*name.text == "sigma" && number <= 0.0 {
                return Err(wrong(value, "a standard deviation is above zero", "more than 0 expected"));
            }
        }
        let fault = |message: &str, label: &str| -> Fault {
            Diagnostic::error(text.span, message.to_string()).label(label).into()
        };
        if from >= to {
            return Err(fault("the bounds leave no room", "`from=` below `to=` expected"));
        }
        if logarithmic && (from <= 0.0 || start.is_some_and(|s| s <= 0.0) || mean.is_some_and(|m| m <= 0.0)) {
            let error = Diagnostic::error(text.span, "a logarithmic scale needs values above zero");
            return Err(error.label("give `from=` above 0").hint("as in `from=1n to=1u scale=log`").into());
        }
        if start.is_some_and(|s| s < from || s > to) {
            return Err(fault("the start lies outside the bounds", "a value between `from=` and `to=` expected"));
        }
        if let (SweepTarget::Parameter(name), None) = (&target, start) {
            let word = Value { kind: ValueKind::Word(name.as_str().into()), span: text.span };
            start = Some(self.number(top, &word)?).filter(|value| (from..=to).contains(value));
        }
        let prior = match (mean, sigma) {
            (Some(mean), Some(sigma)) => Some((mean, sigma)),
            (None, None) => None,
            _ => return Err(fault("a prior has a mean and a deviation", "`prior=` together with `sigma=` expected")),
        };
        Ok(FreeParameter { target, from, to, start, logarithmic, prior, local: text.local, span: text.span })
    }

    /// A target of sweeps; `model.param` and `element.param` are understood as well.
    fn fit_target(&self, top: &Rc<Env>, text: &TargetText) -> Result<SweepTarget, Fault> {
        if let TargetText::Named(word) = text
            && self.find_element(top, &word.text).is_none()
            && self.find_param(top, &word.text).is_none()
            && let Some((owner, param)) = word.text.rsplit_once('.')
            && (self.find_element(top, owner).is_some() || self.find_model(top, owner).is_some())
        {
            let word = |text: &str| Word { text: text.into(), span: word.span };
            return self.sweep_target(top, &TargetText::Of(word(owner), word(param)));
        }
        self.sweep_target(top, text)
    }

    /// `.fitdata` statements.
    pub(super) fn fit_data(&mut self, top: &Rc<Env>) -> Vec<FitData> {
        let deck = self.deck;
        let mut all = Vec::new();
        for text in &deck.fit_data {
            let data = self.one_fit_data(top, text);
            all.extend(self.report.keep(data));
        }
        all
    }

    fn one_fit_data(&mut self, top: &Rc<Env>, text: &FitDataText) -> Result<FitData, Fault> {
        let sources = self.sources;
        let column = |key: &str| text.param(key).map(|value| column_name(sources, value)).transpose();
        let file = match text.param("file") {
            Some(value) => {
                let folder = self.sources.file(value.span.file).path.parent().map(|p| p.to_path_buf());
                Some(folder.unwrap_or_default().join(file_name(value)?))
            }
            None => None,
        };
        let mut drives = Vec::new();
        for (source, value) in &text.drives {
            let column = match value {
                Some(value) => column_name(sources, value)?,
                None => source.text.to_string(),
            };
            drives.push(FitDrive { source: self.fit_source(top, source)?, column });
        }
        let mut signals = Vec::new();
        for signal in &text.signals {
            signals.push(self.fit_signal(top, signal)?);
        }
        let mut positive = |key: &str| -> Result<Option<f64>, Fault> {
            let Some(value) = text.param(key) else { return Ok(None) };
            let number = self.number(top, value)?;
            if number <= 0.0 {
                return Err(wrong(value, &format!("`{key}` is {number:e}"), "more than 0 expected"));
            }
            Ok(Some(number))
        };
        let (rate, max_step) = (positive("rate")?, positive("maxstep")?);
        let (edge, period) = (positive("edge")?, positive("period")?);
        let pulses = match text.param("pulse") {
            None => None,
            Some(value) => {
                let ValueKind::Word(name) = &value.kind else {
                    return Err(wrong(value, "a pulse train needs a source", "the name of a source expected"));
                };
                let source = self.fit_source(top, &Word { text: name.clone(), span: value.span })?;
                let missing = |key: &str| -> Fault {
                    Diagnostic::error(text.span, format!("a pulse train needs `{key}=`"))
                        .label("not given")
                        .hint("as in `pulse=v1 amplitude=va width=tw period=1u read=0.1`")
                        .into()
                };
                let amplitude = text.param("amplitude").map(|v| self.given(top, v)).transpose()?;
                let width = text.param("width").map(|v| self.given(top, v)).transpose()?;
                let read = text.param("read").map_or(Ok(0.0), |v| self.number(top, v))?;
                let period = period.ok_or_else(|| missing("period"))?;
                Some(FitPulses {
                    source,
                    amplitude: amplitude.ok_or_else(|| missing("amplitude"))?,
                    width: width.ok_or_else(|| missing("width"))?,
                    edge: edge.unwrap_or(1e-3 * period),
                    period,
                    read,
                })
            }
        };
        let groups = match text.param("group") {
            None => Vec::new(),
            Some(Value { kind: ValueKind::Vector(list), .. }) => {
                list.iter().map(|value| column_name(sources, value)).collect::<Result<_, Fault>>()?
            }
            Some(value) => vec![column_name(sources, value)?],
        };
        Ok(FitData {
            name: text.name.as_ref().map(|word| word.text.to_string()),
            file,
            time: column("time")?,
            drives,
            signals,
            pulses,
            rate,
            celsius: text.param("temp").map(|value| self.given(top, value)).transpose()?,
            groups,
            device: column("device")?,
            use_initial: text.use_initial,
            max_step,
            span: text.span,
        })
    }

    fn fit_source(&self, top: &Rc<Env>, word: &Word) -> Result<ElementId, Fault> {
        let found = self.find_element(top, &word.text);
        found.filter(|id| matches!(self.placed[id.0 as usize].text.body, Body::Source { .. })).ok_or_else(|| {
            let names = self.element_index.keys().map(String::as_str).filter(|n| n.starts_with(['v', 'i']));
            let hint = suggest::did_you_mean(&word.text, names, "a V or I source can follow a column");
            Diagnostic::error(word.span, format!("no independent source `{}`", word.text))
                .label("no such source")
                .hint(hint)
                .into()
        })
    }

    fn fit_signal(&mut self, top: &Rc<Env>, text: &FitSignalText) -> Result<FitSignal, Fault> {
        let before = self.needed.len();
        let expr = self.expression(&text.signal)?;
        self.needed.truncate(before);
        let signal = match self.plain_signal(&expr, &text.label) {
            Some(signal) => signal,
            None => Signal::Expression { expr, label: text.label.clone(), span: text.signal.span() },
        };
        let mut all = FitSignal { column: text.label.clone(), signal, sigma: None, relative: 0.0 };
        for Param { name, value } in &text.params {
            match &*name.text {
                "column" => all.column = column_name(self.sources, value)?,
                "sigma" => all.sigma = Some(self.given(top, value)?),
                _ => all.relative = self.number(top, value)?,
            }
            if matches!(all.sigma, Some(Given::Number(sigma)) if sigma <= 0.0) || all.relative < 0.0 {
                return Err(wrong(value, "noise has a deviation above zero", "more than 0 expected"));
            }
        }
        Ok(all)
    }

    /// A number, or the name of a column: a word that is no parameter of the deck.
    fn given(&mut self, top: &Rc<Env>, value: &Value) -> Result<Given, Fault> {
        match self.data(top, value)? {
            ParamData::Number(number) => Ok(Given::Number(number)),
            ParamData::Text(text) => Ok(Given::Column(text.to_ascii_lowercase())),
            ParamData::Vector(_) => Err(wrong(value, "a list stands where one value belongs", "a number or a column")),
        }
    }
}

fn wrong(value: &Value, message: &str, label: &str) -> Fault {
    Diagnostic::error(value.span, message.to_string()).label(label).into()
}

/// A heading: a word, or text in double quotes.
fn column_name(sources: &SourceMap, value: &Value) -> Result<String, Fault> {
    match &value.kind {
        ValueKind::Word(text) | ValueKind::Text(text) => Ok(text.to_ascii_lowercase()),
        // `v(out)` and the like
        ValueKind::Formula(_) => {
            let (start, len) = (value.span.start as usize, value.span.len as usize);
            let text = sources.file(value.span.file).text.get(start..start + len).unwrap_or_default();
            Ok(text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect())
        }
        ValueKind::Number(number) => Ok(format!("{number}")),
        ValueKind::Vector(_) => Err(wrong(value, "a list stands where one column belongs", "one column expected")),
    }
}

fn file_name(value: &Value) -> Result<String, Fault> {
    match &value.kind {
        ValueKind::Word(text) | ValueKind::Text(text) => Ok(text.to_string()),
        _ => Err(Diagnostic::error(value.span, "not the name of a file")
            .label("a file expected")
            .hint("in double quotes, as in `file=\"loop.csv\"`")
            .into()),
    }
}
