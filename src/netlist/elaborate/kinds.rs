//! Evaluates what an element is.

use std::rc::Rc;

use super::{Elaborator, Env};
use crate::circuit::{Device, ElementId, ElementKind, NodeId, ParamData, ParamValue, Poly, Quantity, Source};
use crate::diagnostic::Diagnostic;
use crate::expr::{Binary, Builtin, Expr};
use crate::netlist::ast::{Body, Controlled, Formula, Param, Passive, SourceText, Value, Word};
use crate::netlist::report::Fault;
use crate::netlist::suggest;

impl<'d> Elaborator<'d> {
    /// The kind of placed element `index`.
    pub(super) fn kind(&mut self, index: usize) -> Result<ElementKind, Fault> {
        let placed = &self.placed[index];
        let (env, text) = (Rc::clone(&placed.env), placed.text);
        let env = &env;
        match &text.body {
            Body::Passive { kind, values, params } => self.passive(env, &text.name, *kind, values, params),
            Body::Mutual { first, second, coupling } => self.mutual(env, first, second, coupling),
            Body::Source { voltage: true, source, .. } => Ok(ElementKind::VoltageSource(self.source(env, source)?)),
            Body::Source { source, multiplier, .. } => {
                let factor = self.factor(env, multiplier.as_ref())?;
                let mut source = self.source(env, source)?;
                source.dc *= factor;
                source.ac = source.ac.map(|(magnitude, phase)| (magnitude * factor, phase));
                source.waveform = source.waveform.map(|w| super::waveform::scaled(w, factor));
                Ok(ElementKind::CurrentSource(source))
            }
            Body::Controlled { kind, controls, coefficients, multiplier } => {
                self.controlled(env, *kind, controls, coefficients, multiplier.as_ref())
            }
            Body::Behavioural { voltage, formula, multiplier } => {
                let expr = self.behaviour(env, formula)?;
                self.behavioural(env, *voltage, expr, multiplier.as_ref())
            }
            Body::Table { voltage, formula, points, multiplier } => {
                let expr = self.table(env, formula, points)?;
                self.behavioural(env, *voltage, expr, multiplier.as_ref())
            }
            Body::Device { model, control, params } => {
                let control = control.as_ref().map(|control| self.control(env, control)).transpose()?;
                self.device(env, model, control, params)
            }
            Body::Described { words, params } => {
                let position = self.model_position(env, text, words)?;
                let flags = words[position + 1..].iter();
                let flags = flags.map(|word| match crate::expr::number(&word.text) {
                    Some((area, used)) if used == word.text.len() => {
                        ParamValue { name: "area".into(), value: ParamData::Number(area), span: word.span }
                    }
                    _ => ParamValue { name: word.text.to_string(), value: ParamData::Number(1.0), span: word.span },
                });
                let flags: Vec<ParamValue> = flags.collect();
                let kind = self.device(env, &words[position], None, params)?;
                Ok(match kind {
                    ElementKind::Device(mut device) => {
                        device.params.extend(flags);
                        ElementKind::Device(device)
                    }
                    other => other,
                })
            }
            Body::Instance { .. } => Err(Fault::Reported),
        }
    }

    /// The instance's multiplier times the element's own `m=`.
    pub(super) fn factor(&mut self, env: &Rc<Env>, own: Option<&Value>) -> Result<f64, Fault> {
        Ok(env.multiplier * own.map_or(Ok(1.0), |value| self.multiplier(env, value))?)
    }

    fn mutual(&mut self, env: &Rc<Env>, first: &Word, second: &Word, coupling: &Value) -> Result<ElementKind, Fault> {
        let k = self.number(env, coupling)?;
        let first = (self.inductor(env, first)?, first);
        let second = (self.inductor(env, second)?, second);
        if first.0 == second.0 {
            return Err(Diagnostic::error(second.1.span, "an inductor cannot be coupled to itself").into());
        }
        if k == 0.0 || k.abs() > 1.0 {
            let error = Diagnostic::error(coupling.span, format!("the coupling coefficient is {k}"));
            return Err(error.label("between 0 and 1 expected").into());
        }
        Ok(ElementKind::Mutual { first: first.0, second: second.0, coupling: k })
    }

    fn inductor(&self, env: &Env, name: &Word) -> Result<ElementId, Fault> {
        let id = self.find_element(env, &name.text);
        let body = id.map(|id| &self.placed[id.0 as usize].text.body);
        match (id, body) {
            (Some(id), Some(Body::Passive { kind: Passive::Inductor, .. })) => Ok(id),
            (Some(_), _) => Err(Diagnostic::error(name.span, format!("`{}` is not an inductor", name.text)).into()),
            _ => {
                let names = self.element_index.keys().filter_map(|n| n.strip_prefix(env.path.as_str()));
                let hint = suggest::did_you_mean(
                    &name.text,
                    names.filter(|n| n.starts_with('l')),
                    "name two inductors of the same subcircuit",
                );
                Err(Diagnostic::error(name.span, format!("unknown inductor `{}`", name.text)).hint(hint).into())
            }
        }
    }

    /// The controlling branch of F, H, W.
    fn control(&self, env: &Env, name: &Word) -> Result<ElementId, Fault> {
        self.branch(env, &name.text).map_err(|(message, hint)| Diagnostic::error(name.span, message).hint(hint).into())
    }

    fn source(&mut self, env: &Rc<Env>, text: &SourceText) -> Result<Source, Fault> {
        let dc = text.dc.as_ref().map(|value| self.number(env, value)).transpose()?;
        let ac = match &text.ac {
            None => None,
            Some((magnitude, phase)) => {
                let magnitude = magnitude.as_ref().map_or(Ok(1.0), |value| self.number(env, value))?;
                Some((magnitude, phase.as_ref().map_or(Ok(0.0), |value| self.number(env, value))?))
            }
        };
        let waveform = text.function.as_ref().map(|function| self.waveform(env, function)).transpose()?;
        let start = waveform.as_ref().map_or(0.0, super::waveform::initial_value);
        Ok(Source { dc: dc.unwrap_or(start), ac, waveform })
    }

    fn controlled(
        &mut self,
        env: &Rc<Env>,
        kind: Controlled,
        controls: &[Word],
        coefficients: &[Value],
        multiplier: Option<&Value>,
    ) -> Result<ElementKind, Fault> {
        let current = matches!(kind, Controlled::Vccs | Controlled::Cccs);
        if let Some(value) = multiplier.filter(|_| !current) {
            return Err(Diagnostic::error(value.span, "a voltage source has no multiplier").into());
        }
        let factor = if current { self.factor(env, multiplier)? } else { 1.0 };
        let mut values =
            coefficients.iter().map(|c| Ok(self.number(env, c)? * factor)).collect::<Result<Vec<f64>, Fault>>()?;
        let by_voltage = matches!(kind, Controlled::Vcvs | Controlled::Vccs);
        // a lone coefficient of one control is the gain, as in SPICE2
        if values.len() == 1 && controls.len() == if by_voltage { 2 } else { 1 } {
            values.insert(0, 0.0);
        }
        if by_voltage {
            let nodes =
                controls.iter().map(|word| self.control_node(env, word)).collect::<Result<Vec<NodeId>, Fault>>()?;
            let poly =
                Poly { controls: nodes.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect(), coefficients: values };
            return Ok(if current { ElementKind::Vccs(poly) } else { ElementKind::Vcvs(poly) });
        }
        let controls =
            controls.iter().map(|word| self.control(env, word)).collect::<Result<Vec<ElementId>, Fault>>()?;
        let poly = Poly { controls, coefficients: values };
        Ok(if current { ElementKind::Cccs(poly) } else { ElementKind::Ccvs(poly) })
    }

    /// A controlling node must be a node of some element.
    fn control_node(&self, env: &Env, word: &Word) -> Result<NodeId, Fault> {
        self.find_node(env, &word.text).ok_or_else(|| {
            let names = self.nodes.iter().filter_map(|node| node.strip_prefix(env.path.as_str()));
            let hint = suggest::did_you_mean(&word.text, names, "no element is connected to it");
            Diagnostic::error(word.span, format!("unknown node `{}`", word.text)).hint(hint).into()
        })
    }

    fn behavioural(
        &mut self,
        env: &Rc<Env>,
        voltage: bool,
        expr: Expr<Quantity>,
        multiplier: Option<&Value>,
    ) -> Result<ElementKind, Fault> {
        if voltage {
            return match multiplier {
                Some(value) => Err(Diagnostic::error(value.span, "a voltage source has no multiplier").into()),
                None => Ok(ElementKind::BehaviouralVoltage(expr)),
            };
        }
        let factor = self.factor(env, multiplier)?;
        Ok(ElementKind::BehaviouralCurrent(if factor == 1.0 {
            expr
        } else {
            Expr::Binary(Binary::Multiply, Box::new(Expr::Const(factor)), Box::new(expr))
        }))
    }

    fn table(&mut self, env: &Rc<Env>, formula: &Formula, points: &[Value]) -> Result<Expr<Quantity>, Fault> {
        let input = self.behaviour(env, formula)?;
        let mut polygon = Vec::with_capacity(points.len() + 1);
        let mut last = f64::NEG_INFINITY;
        let mut first = last;
        for pair in points.chunks_exact(2) {
            let (x, y) = (self.number(env, &pair[0])?, self.number(env, &pair[1])?);
            if x <= last {
                let error = Diagnostic::error(pair[0].span, "the points of a table must ascend");
                return Err(error.label(format!("{x} after {last}")).into());
            }
            first = if polygon.is_empty() { x } else { first };
            last = x;
            polygon.extend([Expr::Const(x), Expr::Const(y)]);
        }
        // A table is constant outside its points, where `pwl` goes on with the outer slopes.
        let above = Expr::Call(Builtin::Max, vec![input, Expr::Const(first)]);
        polygon.insert(0, Expr::Call(Builtin::Min, vec![above, Expr::Const(last)]));
        Ok(Expr::Call(Builtin::Pwl, polygon))
    }

    fn device(
        &mut self,
        env: &Rc<Env>,
        model: &Word,
        control: Option<ElementId>,
        params: &[Param],
    ) -> Result<ElementKind, Fault> {
        let model = self.model(env, model)?;
        let mut params = self.params(env, params)?;
        if env.multiplier != 1.0 {
            match params.iter_mut().find(|param| param.name == "m") {
                Some(ParamValue { value: ParamData::Number(own), .. }) => *own *= env.multiplier,
                _ => params.push(ParamValue {
                    name: "m".into(),
                    value: ParamData::Number(env.multiplier),
                    span: self.models[model.0 as usize].span,
                }),
            }
        }
        Ok(ElementKind::Device(Device { model, params, control }))
    }
}
