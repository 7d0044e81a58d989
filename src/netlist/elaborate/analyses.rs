//! Analyses and controller blocks.

use std::rc::Rc;

use super::{Elaborator, Env};
use crate::circuit::{Analysis, ControllerBlock, ControllerStatement, MeasureLimit, Sweep, SweepTarget};
use crate::diagnostic::Diagnostic;
use crate::dialect::Dialect;
use crate::netlist::ast::{AnalysisText, Body, ControllerText, GridText, Scale, SweepText, TargetText, Value, Word};
use crate::netlist::report::Fault;
use crate::netlist::suggest;

/// Most points of one sweep.
const MOST_POINTS: f64 = 1e7;
/// Parts of a transient run that a step of zero stands for.
const SAMPLES: f64 = 50.0;

impl<'d> Elaborator<'d> {
    /// Evaluated analyses in deck order.
    pub(super) fn analyses(&mut self, top: &Rc<Env>) -> Vec<Analysis> {
        let mut all = Vec::new();
        for text in &self.deck.analyses {
            let analysis = match text {
                AnalysisText::Op { span } => Ok(Analysis::Op { span: *span }),
                AnalysisText::Dc { sweeps, span } => {
                    let sweeps = sweeps.iter().map(|text| self.sweep(top, text));
                    sweeps.collect::<Result<Vec<Sweep>, Fault>>().map(|sweeps| Analysis::Dc { sweeps, span: *span })
                }
                AnalysisText::Tran { times, use_initial, span } => self.tran(top, times).map(|times| Analysis::Tran {
                    step: times.0,
                    stop: times.1,
                    start: times.2,
                    max_step: times.3,
                    use_initial: *use_initial,
                    span: *span,
                }),
                other => self.small_signal(top, other),
            };
            all.extend(self.report.keep(analysis));
        }
        all
    }

    /// `.step` statements.
    pub(super) fn steps(&mut self, top: &Rc<Env>) -> Vec<Sweep> {
        let deck = self.deck;
        let mut all = Vec::new();
        for text in &deck.steps {
            let sweep = self.sweep(top, text);
            all.extend(self.report.keep(sweep));
        }
        all
    }

    /// `.mc`.
    pub(super) fn samples(&mut self, top: &Rc<Env>) -> Option<u64> {
        let value = self.deck.samples.as_ref()?;
        let count = self.number(top, value).and_then(|count| {
            if (1.0..=MOST_POINTS).contains(&count) && count.fract() == 0.0 {
                return Ok(count as u64);
            }
            Err(Diagnostic::error(value.span, format!("{count} samples"))
                .label("a whole number from 1 expected")
                .into())
        });
        self.report.keep(count)
    }

    /// `.limits`.
    pub(super) fn limits(&mut self, top: &Rc<Env>) -> Vec<MeasureLimit> {
        let deck = self.deck;
        let mut all = Vec::new();
        for (name, params) in &deck.limits {
            let (mut min, mut max) = (f64::NEG_INFINITY, f64::INFINITY);
            for param in params {
                let number = self.number(top, &param.value);
                let Some(number) = self.report.keep(number) else { continue };
                *(if &*param.name.text == "min" { &mut min } else { &mut max }) = number;
            }
            all.push(MeasureLimit { name: name.text.to_string(), min, max, span: name.span });
        }
        all
    }

    fn sweep(&mut self, top: &Rc<Env>, text: &SweepText) -> Result<Sweep, Fault> {
        let target = self.sweep_target(top, &text.target)?;
        Ok(Sweep { target, values: self.grid(top, &text.grid)? })
    }

    fn grid(&mut self, top: &Rc<Env>, grid: &GridText) -> Result<Vec<f64>, Fault> {
        let wrong = |value: &Value, message: &str, label: &str| -> Fault {
            Diagnostic::error(value.span, message.to_string()).label(label).into()
        };
        let (scale, first, last, step) = match grid {
            GridText::List(values) => return values.iter().map(|value| self.number(top, value)).collect(),
            GridText::Count { count, start, stop } => {
                let n = self.number(top, count)?;
                let (start, stop) = (self.number(top, start)?, self.number(top, stop)?);
                if !(1.0..=MOST_POINTS).contains(&n) {
                    return Err(wrong(count, &format!("a sweep of {n} points"), "between 1 and 1e7 points expected"));
                }
                let n = n as usize;
                let share = |k: usize| if n == 1 { 0.0 } else { k as f64 / (n - 1) as f64 };
                return Ok((0..n).map(|k| start + (stop - start) * share(k)).collect());
            }
            GridText::Range { scale, start, stop, step } => (*scale, start, stop, step),
        };
        let (start, stop) = (self.number(top, first)?, self.number(top, last)?);
        let step_value = step.as_ref().map_or(Ok(1.0), |step| self.number(top, step))?;
        let at = step.as_ref().unwrap_or(last);
        if scale == Scale::Linear {
            if step_value == 0.0 && start != stop {
                return Err(wrong(at, "the step of the sweep is zero", "another step expected"));
            }
            let count = if start == stop { 0.0 } else { ((stop - start) / step_value).abs() + 1e-9 };
            if count > MOST_POINTS {
                let message = format!("the sweep has more than {MOST_POINTS:e} points");
                return Err(wrong(at, &message, "a larger step expected"));
            }
            let step = step_value.abs().copysign(stop - start);
            return Ok((0..=count as usize).map(|k| start + step * k as f64).collect());
        }
        if start * stop <= 0.0 {
            return Err(wrong(first, "a logarithmic sweep reaches zero", "both ends positive expected"));
        }
        if !(1.0..=1e5).contains(&step_value) {
            return Err(wrong(at, &format!("{step_value} points per decade or octave"), "from 1 to 1e5 expected"));
        }
        let base: f64 = if scale == Scale::Decade { 10.0 } else { 2.0 };
        let ratio = base.powf(1.0 / step_value);
        let count = ((stop / start).abs().ln().abs() / ratio.ln() + 1e-9) as usize;
        let ratio = if stop.abs() < start.abs() { 1.0 / ratio } else { ratio };
        Ok((0..=count).map(|k| start * ratio.powi(k as i32)).collect())
    }

    pub(super) fn sweep_target(&self, top: &Rc<Env>, target: &TargetText) -> Result<SweepTarget, Fault> {
        match target {
            TargetText::Temperature => Ok(SweepTarget::TemperatureCelsius),
            TargetText::Parameter(word) => self.swept_parameter(top, word),
            TargetText::Named(word) => {
                match self.find_element(top, &word.text) {
                    Some(id) => {
                        let placed = &self.placed[id.0 as usize];
                        match &placed.text.body {
                        Body::Source { .. } => Ok(SweepTarget::Source(id)),
                        Body::Passive { .. } | Body::Mutual { .. } | Body::Controlled { .. } => {
                            Ok(SweepTarget::Element(word.text.to_string(), None))
                        }
                        _ => Err(Diagnostic::error(word.span, format!("`{}` cannot be swept", word.text))
                            .label("a source, R, C, L, `temp` or a parameter expected")
                            .hint("a parameter of a device is swept as `element:param`, one of a model as `model(param)`")
                            .into()),
                    }
                    }
                    None => self.swept_parameter(top, word),
                }
            }
            TargetText::Of(owner, param) => {
                let param = param.text.to_string();
                if self.find_element(top, &owner.text).is_some() {
                    return Ok(SweepTarget::Element(owner.text.to_string(), Some(param)));
                }
                match self.find_model(top, &owner.text) {
                    Some(_) => Ok(SweepTarget::Model(owner.text.to_string(), param)),
                    None => Err(Diagnostic::error(owner.span, format!("no element and no model `{}`", owner.text))
                        .label("not defined")
                        .into()),
                }
            }
        }
    }

    fn swept_parameter(&self, top: &Rc<Env>, word: &Word) -> Result<SweepTarget, Fault> {
        if self.find_param(top, &word.text).is_some() {
            return Ok(SweepTarget::Parameter(word.text.to_string()));
        }
        let params = self.deck.blocks[0].param_index.keys().map(|k| &**k);
        let names = self.element_index.keys().map(String::as_str).chain(params);
        let hint =
            suggest::did_you_mean(&word.text, names, "a V or I source, R, C, L, `temp` or a `.param` can be swept");
        Err(Diagnostic::error(word.span, format!("unknown source or parameter `{}`", word.text))
            .label("no such element or parameter")
            .hint(hint)
            .into())
    }

    /// Step, stop, start, greatest step.
    fn tran(&mut self, top: &Rc<Env>, times: &[Value]) -> Result<(f64, f64, f64, Option<f64>), Fault> {
        let values = times.iter().map(|value| self.number(top, value)).collect::<Result<Vec<f64>, Fault>>()?;
        let wrong = |index: usize, message: String, label: &str| -> Fault {
            Diagnostic::error(times[index].span, message)
                .label(label)
                .hint(".tran step stop [start [max_step]] [uic]")
                .into()
        };
        let start = values.get(2).copied().unwrap_or(0.0);
        let mut values = values;
        if values[0] == 0.0 && matches!(self.deck.dialect, Dialect::Ltspice | Dialect::Xyce) {
            values[0] = (values[1] - start) / SAMPLES;
        }
        for (index, name) in [(0, "step"), (1, "stop time")] {
            if values[index] <= 0.0 {
                return Err(wrong(index, format!("the {name} is {:e} s", values[index]), "more than 0 expected"));
            }
        }
        if start < 0.0 || start >= values[1] {
            return Err(wrong(
                2,
                format!("the start of output is {start:e} s"),
                "between 0 and the stop time expected",
            ));
        }
        let max_step = values.get(3).copied().filter(|&x| x != 0.0);
        if max_step.is_some_and(|step| step < 0.0) {
            return Err(wrong(3, "the greatest step is negative".into(), "more than 0 expected"));
        }
        Ok((values[0], values[1], start, max_step))
    }

    /// Controller blocks with evaluated settings.
    pub(super) fn controllers(&mut self, top: &Rc<Env>) -> Vec<ControllerBlock> {
        let mut all = Vec::new();
        for text in &self.deck.controllers {
            let block = self.controller(top, text);
            all.extend(self.report.keep(block));
        }
        all
    }

    fn controller(&mut self, top: &Rc<Env>, text: &ControllerText) -> Result<ControllerBlock, Fault> {
        let mut statements = Vec::with_capacity(text.statements.len());
        for line in &text.statements {
            statements.push(ControllerStatement {
                keyword: line.keyword.text.to_string(),
                span: line.keyword.span,
                words: line.words.iter().map(|word| (word.text.to_string(), word.span)).collect(),
                settings: self.params(top, &line.params)?,
            });
        }
        let settings = self.params(top, &text.params)?;
        Ok(ControllerBlock { name: text.name.text.to_string(), span: text.span, settings, statements })
    }
}
