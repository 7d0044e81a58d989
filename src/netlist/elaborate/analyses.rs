//! Analyses and controller blocks.

use std::rc::Rc;

use super::{Elaborator, Env};
use crate::circuit::{Analysis, ControllerBlock, ControllerStatement, Sweep, SweepTarget};
use crate::diagnostic::Diagnostic;
use crate::netlist::ast::{AnalysisText, Body, ControllerText, Passive, Value, Word};
use crate::netlist::report::Fault;
use crate::netlist::suggest;

/// Most points of one sweep.
const MOST_POINTS: f64 = 1e7;

impl<'d> Elaborator<'d> {
    /// Evaluated analyses in deck order.
    pub(super) fn analyses(&mut self, top: &Rc<Env>) -> Vec<Analysis> {
        let mut all = Vec::new();
        for text in &self.deck.analyses {
            let analysis = match text {
                AnalysisText::Op { span } => Ok(Analysis::Op { span: *span }),
                AnalysisText::Dc { sweeps, span } => {
                    let sweeps = sweeps.iter().map(|(target, range)| self.sweep(top, target, range));
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
            };
            all.extend(self.report.keep(analysis));
        }
        all
    }

    fn sweep(&mut self, top: &Rc<Env>, target: &Word, range: &[Value; 3]) -> Result<Sweep, Fault> {
        let start = self.number(top, &range[0])?;
        let stop = self.number(top, &range[1])?;
        let step = self.number(top, &range[2])?;
        let target = self.sweep_target(top, target)?;
        if step == 0.0 && start != stop {
            return Err(Diagnostic::error(range[2].span, "the step of the sweep is zero")
                .label("another step expected")
                .into());
        }
        if ((stop - start) / step).abs() > MOST_POINTS {
            let error = Diagnostic::error(range[2].span, format!("the sweep has more than {MOST_POINTS:e} points"));
            return Err(error.label("a larger step expected").into());
        }
        let step = step.abs().copysign(stop - start);
        Ok(Sweep { target, start, stop, step })
    }

    fn sweep_target(&self, top: &Env, word: &Word) -> Result<SweepTarget, Fault> {
        let name = &*word.text;
        if name == "temp" || name == "temper" {
            return Ok(SweepTarget::TemperatureCelsius);
        }
        let id = self.find_element(top, name);
        let body = id.map(|id| &self.placed[id.0 as usize].text.body);
        match (id, body) {
            (Some(id), Some(Body::Source { .. } | Body::Passive { kind: Passive::Resistor, .. })) => {
                Ok(SweepTarget::Element(id))
            }
            (Some(_), _) => {
                let error = Diagnostic::error(word.span, format!("`{name}` cannot be swept"));
                Err(error.label("a V or I source, a resistor or `temp` expected").into())
            }
            _ => {
                let names = self.element_index.keys().map(String::as_str);
                let hint = suggest::did_you_mean(name, names, "a V or I source, a resistor or `temp` can be swept");
                Err(Diagnostic::error(word.span, format!("unknown source `{name}`"))
                    .label("no such element")
                    .hint(hint)
                    .into())
            }
        }
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
