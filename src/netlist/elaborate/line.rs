//! Lossless transmission lines.

use std::rc::Rc;

use super::{Elaborator, Env};
use crate::circuit::{ElementKind, ParamData};
use crate::diagnostic::Diagnostic;
use crate::netlist::ast::{Param, Word};
use crate::netlist::report::Fault;
use crate::netlist::suggest;

/// Electrical length, in wavelengths, of a line with `f=` and without `nl=`.
const QUARTER: f64 = 0.25;
const KNOWN: [&str; 9] = ["z0", "zo", "td", "f", "nl", "ic", "m", "rel", "abs"];

impl<'d> Elaborator<'d> {
    /// T: `z0=` and `td=`, or `z0=`, `f=` and `nl=`.
    pub(super) fn line(&mut self, env: &Rc<Env>, name: &Word, params: &[Param]) -> Result<ElementKind, Fault> {
        let (mut impedance, mut delay, mut frequency, mut length) = (f64::NAN, f64::NAN, f64::NAN, QUARTER);
        let (mut factor, mut initial) = (env.multiplier, None);
        for param in params {
            let key = &*param.name.text;
            if !KNOWN.contains(&key) {
                let lossy = matches!(key, "r" | "l" | "g" | "c" | "len");
                let otherwise = match lossy {
                    true => "a line with losses is an O element with a model of type ltra".to_string(),
                    false => format!("known are: {}", KNOWN.join(" ")),
                };
                let hint = if lossy { otherwise } else { suggest::did_you_mean(key, KNOWN, otherwise) };
                let error = Diagnostic::error(param.name.span, format!("`{}` has no parameter `{key}`", name.text));
                return Err(error.label("unknown parameter").hint(hint).into());
            }
            if key == "ic" {
                let ParamData::Vector(values) = self.data(env, &param.value)? else {
                    return Err(Diagnostic::error(param.value.span, "`ic=` takes v1,i1,v2,i2").into());
                };
                let mut four = [0.0; 4];
                four.iter_mut().zip(&values).for_each(|(place, v)| *place = *v);
                initial = Some(four);
                continue;
            }
            if key == "m" {
                factor *= self.multiplier(env, &param.value)?;
                continue;
            }
            let number = self.number(env, &param.value)?;
            let place = match key {
                "z0" | "zo" => &mut impedance,
                "td" => &mut delay,
                "f" => &mut frequency,
                "nl" => &mut length,
                // tolerances of other simulators' breakpoints
                _ => continue,
            };
            if number <= 0.0 {
                let error = Diagnostic::error(param.value.span, format!("`{key}` is {number}"));
                return Err(error.label("more than 0 expected").into());
            }
            *place = number;
        }
        if delay.is_nan() {
            delay = length / frequency;
        }
        if impedance.is_nan() || delay.is_nan() {
            let what = if impedance.is_nan() { "impedance" } else { "delay" };
            let error = Diagnostic::error(name.span, format!("line `{}` has no {what}", name.text));
            return Err(error.label("z0= and td= (or f= and nl=) expected").into());
        }
        Ok(ElementKind::Line { impedance: impedance / factor, delay, initial })
    }
}
