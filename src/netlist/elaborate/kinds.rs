//! Evaluates what an element is.

use std::rc::Rc;

use super::passive::Own;
use super::{Elaborator, Env};
use crate::circuit::{Device, ElementId, ElementKind, ParamData, ParamValue, Source, Waveform};
use crate::diagnostic::Diagnostic;
use crate::netlist::ast::{Body, Param, Passive, SourceText, Value, Word};
use crate::netlist::report::Fault;
use crate::netlist::suggest;

impl<'d> Elaborator<'d> {
    /// The kind of placed element `index`.
    pub(super) fn kind(&mut self, index: usize) -> Result<ElementKind, Fault> {
        let placed = &self.placed[index];
        let (env, text) = (Rc::clone(&placed.env), placed.text);
        let env = &env;
        match &text.body {
            Body::Passive { kind, values, params } => {
                let own = Own { id: ElementId(index as u32), plus: placed.nodes[0], minus: placed.nodes[1] };
                self.passive(env, &text.name, (*kind, own), values, params)
            }
            Body::Mutual { coils, coupling } => self.mutual(env, coils, coupling),
            Body::Source { voltage: true, source, .. } => Ok(ElementKind::VoltageSource(self.source(env, source)?)),
            Body::Source { source, multiplier, .. } => {
                let factor = self.factor(env, multiplier.as_ref())?;
                let mut source = self.source(env, source)?;
                source.dc *= factor;
                source.ac = source.ac.map(|(magnitude, phase)| (magnitude * factor, phase));
                source.waveform = source.waveform.map(|w| super::waveform::scaled(w, factor));
                Ok(ElementKind::CurrentSource(source))
            }
            Body::Controlled { kind, controls, coefficients, poly, params } => {
                self.controlled(env, *kind, controls, (coefficients, *poly), params)
            }
            Body::Behavioural { voltage, form, params } => self.behavioural(env, *voltage, form, params),
            Body::Line { params } => self.line(env, &text.name, params),
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
            Body::Instance { .. } | Body::Array(_) => Err(Fault::Reported),
        }
    }

    /// The instance's multiplier times the element's own `m=`.
    pub(super) fn factor(&mut self, env: &Rc<Env>, own: Option<&Value>) -> Result<f64, Fault> {
        Ok(env.multiplier * own.map_or(Ok(1.0), |value| self.multiplier(env, value))?)
    }

    fn mutual(&mut self, env: &Rc<Env>, words: &[Word], coupling: &Value) -> Result<ElementKind, Fault> {
        let k = self.number(env, coupling)?;
        let mut coils: Vec<ElementId> = Vec::with_capacity(words.len());
        for word in words {
            let coil = self.inductor(env, word)?;
            if coils.contains(&coil) {
                return Err(Diagnostic::error(word.span, "an inductor cannot be coupled to itself").into());
            }
            coils.push(coil);
        }
        if k == 0.0 || k.abs() > 1.0 {
            let error = Diagnostic::error(coupling.span, format!("the coupling coefficient is {k}"));
            return Err(error.label("between 0 and 1 expected").into());
        }
        Ok(ElementKind::Mutual { coils, coupling: k })
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
    pub(super) fn control(&self, env: &Env, name: &Word) -> Result<ElementId, Fault> {
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
        let mut waveform = waveform;
        match &mut waveform {
            // these stand on top of the DC value
            Some(Waveform::Noise(noise)) => noise.offset = dc.unwrap_or(0.0),
            Some(Waveform::Random(random)) => random.offset = dc.unwrap_or(0.0),
            _ => {}
        }
        let start = waveform.as_ref().map_or(0.0, super::waveform::initial_value);
        Ok(Source { dc: dc.unwrap_or(start), ac, waveform })
    }

    fn device(
        &mut self,
        env: &Rc<Env>,
        model: &Word,
        control: Option<ElementId>,
        params: &[Param],
    ) -> Result<ElementKind, Fault> {
        let mut params = self.params(env, params)?;
        let model = self.model_for(env, model, &params)?;
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
