//! Small-signal analyses: frequencies, outputs, sources, ports.

use std::rc::Rc;

use super::{Elaborator, Env};
use crate::circuit::{Analysis, Drive, ElementId, FrequencyGrid, NodeId, Output, Signal, Spacing};
use crate::diagnostic::{Diagnostic, Span};
use crate::netlist::ast::{AnalysisText, Body, FrequencyText, SignalText, Value, Word};
use crate::netlist::report::Fault;

/// Most frequencies of one sweep.
const MOST_FREQUENCIES: f64 = 1e6;

impl<'d> Elaborator<'d> {
    /// Evaluates a statement of a small-signal analysis.
    pub(super) fn small_signal(&mut self, top: &Rc<Env>, text: &AnalysisText) -> Result<Analysis, Fault> {
        Ok(match text {
            AnalysisText::Ac { grid, span } => Analysis::Ac { grid: self.frequencies(top, grid)?, span: *span },
            AnalysisText::Noise { output, source, grid, summary, span } => Analysis::Noise {
                output: self.output(output)?,
                source: self.input_source(source)?,
                grid: self.frequencies(top, grid)?,
                summary: summary.as_ref().map_or(Ok(0), |value| self.count(top, value, 0.0))?,
                span: *span,
            },
            AnalysisText::Transfer { output, source, span } => {
                Analysis::Transfer { output: self.output(output)?, source: self.input_source(source)?, span: *span }
            }
            AnalysisText::Sensitivity { output, grid, span } => Analysis::Sensitivity {
                output: self.output(output)?,
                grid: grid.as_ref().map(|grid| self.frequencies(top, grid)).transpose()?,
                span: *span,
            },
            AnalysisText::PoleZero { nodes, drive, poles, zeros, span } => {
                let input = self.port(top, &nodes[0], &nodes[1])?;
                let output = self.port(top, &nodes[2], &nodes[3])?;
                if *drive == Drive::Voltage && (input == output || input == (output.1, output.0)) {
                    let error = Diagnostic::error(nodes[2].span, "input and output are the same port");
                    return Err(error.label("the transfer function is 1").hint("use `cur` for an impedance").into());
                }
                Analysis::PoleZero { input, output, drive: *drive, poles: *poles, zeros: *zeros, span: *span }
            }
            AnalysisText::Read(text) => Analysis::Read(Box::new(self.read(top, text)?)),
            AnalysisText::Op { .. } | AnalysisText::Dc { .. } | AnalysisText::Tran { .. } => {
                return Err(Fault::Reported);
            }
        })
    }

    fn frequencies(&mut self, top: &Rc<Env>, text: &FrequencyText) -> Result<FrequencyGrid, Fault> {
        let Some(spacing) = text.spacing else {
            let list = text.values.iter().map(|value| self.frequency(top, value, true));
            return Ok(FrequencyGrid::List(list.collect::<Result<_, Fault>>()?));
        };
        let [points, start, stop] = &text.values[..] else { return Err(Fault::Reported) };
        let linear = spacing == Spacing::Linear;
        let points_given = self.count(top, points, 1.0)?;
        let first = self.frequency(top, start, linear)?;
        let last = self.frequency(top, stop, linear)?;
        if last < first {
            let error = Diagnostic::error(stop.span, format!("the last frequency, {last:e} Hz, is below the first"));
            return Err(error.label(format!("{first:e} Hz or more expected")).into());
        }
        let total = f64::from(points_given)
            * match spacing {
                Spacing::Decade => (last / first).log10(),
                Spacing::Octave => (last / first).log2(),
                Spacing::Linear => 1.0,
            };
        if total > MOST_FREQUENCIES {
            let error = Diagnostic::error(points.span, format!("more than {MOST_FREQUENCIES:e} frequencies"));
            return Err(error.label("fewer points expected").into());
        }
        Ok(FrequencyGrid::Range { spacing, points: points_given, start: first, stop: last })
    }

    fn frequency(&mut self, top: &Rc<Env>, value: &Value, zero: bool) -> Result<f64, Fault> {
        let frequency = self.number(top, value)?;
        if frequency.is_finite() && (frequency > 0.0 || (zero && frequency == 0.0)) {
            return Ok(frequency);
        }
        let error = Diagnostic::error(value.span, format!("the frequency is {frequency} Hz"));
        Err(error.label(if zero { "0 or more expected" } else { "more than 0 expected" }).into())
    }

    /// A whole number from `least` on.
    fn count(&mut self, top: &Rc<Env>, value: &Value, least: f64) -> Result<u32, Fault> {
        let count = self.number(top, value)?;
        if count >= least && count <= MOST_FREQUENCIES {
            return Ok(count as u32);
        }
        let error = Diagnostic::error(value.span, format!("the number of points is {count}"));
        Err(error.label(format!("from {least} to {MOST_FREQUENCIES:e} expected")).into())
    }

    fn output(&self, text: &SignalText) -> Result<Output, Fault> {
        match self.signal(text)? {
            Signal::Voltage { plus, minus, label } => Ok(Output::Voltage { plus, minus, label }),
            Signal::Current { element, label } => Ok(Output::Current { element, label }),
            _ => Err(Fault::Reported),
        }
    }

    /// An independent source.
    fn input_source(&self, word: &Word) -> Result<ElementId, Fault> {
        let id = self.signal_element(word)?;
        match self.placed[id.0 as usize].text.body {
            Body::Source { .. } => Ok(id),
            _ => Err(not_a_source(word.span, &word.text).into()),
        }
    }

    fn port(&self, top: &Rc<Env>, plus: &Word, minus: &Word) -> Result<(NodeId, NodeId), Fault> {
        let port = (self.voltage_node(top, plus)?, self.voltage_node(top, minus)?);
        if port.0 == port.1 {
            let error = Diagnostic::error(minus.span, format!("both nodes of the port are `{}`", minus.text));
            return Err(error.label("another node expected").into());
        }
        Ok(port)
    }
}

fn not_a_source(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(span, format!("`{name}` is not an independent source")).label("a V or I source expected")
}
