//! Resistors, capacitors and inductors, with or without a model card.
//!
//! A card of type `r` or `c` describes strips of a layer: `R = rsh (l - short) / (w - narrow)` and
//! `C = cj (l - short) (w - narrow) + 2 cjsw (l - short + w - narrow)` (SPICE3 manual, sections on semiconductor
//! resistors and capacitors), with temperature coefficients that an element may override.

use std::rc::Rc;

use super::{Elaborator, Env};
use crate::circuit::{ElementKind, ParamData};
use crate::devices::{ANY, NON_NEGATIVE, POSITIVE, Parameters, apply};
use crate::diagnostic::Diagnostic;
use crate::netlist::ast::{Param, Passive, Value, ValueKind, Word};
use crate::netlist::report::Fault;
use crate::netlist::suggest;

/// What a resistor of zero ohm becomes, as in ngspice; ohm.
const LEAST_RESISTANCE: f64 = 1e-3;

crate::parameters! {
    /// Parameters of an `r` model.
    struct ResistorCard {
        r ["res"] = f64::NAN, "ohm", ANY, "resistance of elements without value and length";
        rsh [] = f64::NAN, "ohm", NON_NEGATIVE, "sheet resistance";
        defw ["w"] = 1e-5, "m", POSITIVE, "default width";
        defl ["l"] = 1e-5, "m", POSITIVE, "default length";
        narrow [] = 0.0, "m", ANY, "narrowing by side etching";
        short [] = 0.0, "m", ANY, "shortening by side etching";
        tc1 [] = 0.0, "1/K", ANY, "first temperature coefficient";
        tc2 [] = 0.0, "1/K^2", ANY, "second temperature coefficient";
        tnom [] = f64::NAN, "degC", -273.0..=2000.0, "temperature of the values";
    }
}

crate::parameters! {
    /// Parameters of a `c` model.
    struct CapacitorCard {
        cap ["c"] = f64::NAN, "F", ANY, "capacitance of elements without value and length";
        cj [] = f64::NAN, "F/m^2", NON_NEGATIVE, "bottom capacitance";
        cjsw [] = 0.0, "F/m", NON_NEGATIVE, "sidewall capacitance";
        defw ["w"] = 1e-5, "m", POSITIVE, "default width";
        defl ["l"] = 0.0, "m", NON_NEGATIVE, "default length";
        narrow [] = 0.0, "m", ANY, "narrowing by side etching";
        short [] = 0.0, "m", ANY, "shortening by side etching";
        tc1 [] = 0.0, "1/K", ANY, "first temperature coefficient";
        tc2 [] = 0.0, "1/K^2", ANY, "second temperature coefficient";
        tnom [] = f64::NAN, "degC", -273.0..=2000.0, "temperature of the values";
    }
}

/// What a card gives to one element.
struct Layer {
    /// Value, ohm or F; NaN when the card does not determine it.
    value: f64,
    tc1: f64,
    tc2: f64,
    /// Degrees Celsius, NaN for that of the circuit.
    nominal: f64,
}

/// Parameters of an element; NaN where they are not given.
struct Given {
    main: f64,
    factor: f64,
    scale: f64,
    initial: Option<f64>,
    tc1: f64,
    tc2: f64,
    celsius: f64,
    above: f64,
    length: f64,
    width: f64,
}

/// `value` unless it was not given.
fn or(value: f64, default: f64) -> f64 {
    if value.is_nan() { default } else { value }
}

impl Passive {
    /// Long and short name of the value, other parameters.
    fn names(self) -> (&'static str, &'static str, &'static [&'static str]) {
        match self {
            Self::Resistor => ("resistance", "r", &["m", "scale", "tc", "tc1", "tc2", "temp", "dtemp", "l", "w"]),
            Self::Capacitor => {
                ("capacitance", "c", &["m", "scale", "ic", "tc", "tc1", "tc2", "temp", "dtemp", "l", "w"])
            }
            Self::Inductor => ("inductance", "l", &["m", "scale", "ic"]),
        }
    }
}

impl<'d> Elaborator<'d> {
    /// A resistor, capacitor or inductor; `values` are the value, the model, or both.
    pub(super) fn passive(
        &mut self,
        env: &Rc<Env>,
        name: &Word,
        kind: Passive,
        values: &[Value],
        params: &[Param],
    ) -> Result<ElementKind, Fault> {
        let (mut main, mut model) = (None, None);
        for value in values {
            match self.model_word(env, value) {
                Some(word) if model.is_none() => model = Some(word),
                None if main.is_none() => main = Some(self.number(env, value)?),
                _ => return Err(self.second_value(env, name, value)),
            }
        }
        let given = self.passive_params(env, name, kind, main, params)?;
        let layer = match &model {
            Some(word) => self.layer(env, kind, word, &given)?,
            None => Layer { value: f64::NAN, tc1: 0.0, tc2: 0.0, nominal: f64::NAN },
        };
        let main = or(given.main, layer.value);
        if main.is_nan() {
            let error = Diagnostic::error(name.span, format!("`{}` has no value", name.text));
            return Err(error.label(format!("{} missing", kind.names().0)).into());
        }
        let warmth = or(given.celsius, self.celsius) + given.above - or(layer.nominal, self.nominal_celsius);
        let warm = 1.0 + or(given.tc1, layer.tc1) * warmth + or(given.tc2, layer.tc2) * warmth * warmth;
        let value = main * given.scale;
        match kind {
            Passive::Capacitor => {
                Ok(ElementKind::Capacitor { capacitance: value * warm * given.factor, initial_voltage: given.initial })
            }
            Passive::Inductor => {
                Ok(ElementKind::Inductor { inductance: value / given.factor, initial_current: given.initial })
            }
            Passive::Resistor => {
                let mut resistance = value * warm / given.factor;
                if resistance == 0.0 {
                    resistance = LEAST_RESISTANCE;
                    let warning =
                        Diagnostic::warning(name.span, format!("`{}{}` has zero resistance", env.path, name.text));
                    self.report.warn(warning.label("1 mOhm is used"));
                }
                if !resistance.is_finite() {
                    return Err(Diagnostic::error(name.span, format!("the resistance is {resistance} ohm")).into());
                }
                Ok(ElementKind::Resistor { resistance })
            }
        }
    }

    fn passive_params(
        &mut self,
        env: &Rc<Env>,
        name: &Word,
        kind: Passive,
        main: Option<f64>,
        params: &[Param],
    ) -> Result<Given, Fault> {
        let (long, short, extra) = kind.names();
        let mut given = Given {
            main: main.unwrap_or(f64::NAN),
            factor: env.multiplier,
            scale: 1.0,
            initial: None,
            tc1: f64::NAN,
            tc2: f64::NAN,
            celsius: f64::NAN,
            above: 0.0,
            length: f64::NAN,
            width: f64::NAN,
        };
        for param in params {
            let key = &*param.name.text;
            if !(key == long || key == short || extra.contains(&key)) {
                let names = extra.iter().copied().chain([long, short]);
                let hint = suggest::did_you_mean(key, names, format!("known are: {short} {}", extra.join(" ")));
                let error = Diagnostic::error(param.name.span, format!("`{}` has no parameter `{key}`", name.text));
                return Err(error.label("unknown parameter").hint(hint).into());
            }
            if key == "m" {
                given.factor *= self.multiplier(env, &param.value)?;
                continue;
            }
            if key == "tc" {
                match self.data(env, &param.value)? {
                    ParamData::Number(x) => given.tc1 = x,
                    ParamData::Vector(x) if x.len() == 2 => (given.tc1, given.tc2) = (x[0], x[1]),
                    _ => return Err(Diagnostic::error(param.value.span, "`tc=` takes one or two numbers").into()),
                }
                continue;
            }
            let number = self.number(env, &param.value)?;
            match key {
                "scale" => given.scale = number,
                "ic" => given.initial = Some(number),
                "tc1" => given.tc1 = number,
                "tc2" => given.tc2 = number,
                "temp" => given.celsius = number,
                "dtemp" => given.above = number,
                "l" if kind != Passive::Inductor => given.length = number,
                "w" => given.width = number,
                _ if given.main.is_nan() => given.main = number,
                _ => return Err(Diagnostic::error(param.name.span, format!("`{}` has two values", name.text)).into()),
            }
        }
        Ok(given)
    }

    /// The word, if it names a model (and no parameter).
    fn model_word(&self, env: &Rc<Env>, value: &Value) -> Option<Word> {
        match &value.kind {
            ValueKind::Word(word) if self.find_param(env, word).is_none() && self.find_model(env, word).is_some() => {
                Some(Word { text: word.clone(), span: value.span })
            }
            _ => None,
        }
    }

    fn second_value(&self, env: &Rc<Env>, name: &Word, value: &Value) -> Fault {
        match &value.kind {
            ValueKind::Word(word) if self.find_model(env, word).is_none() => {
                self.unknown_model(env, &Word { text: word.clone(), span: value.span })
            }
            _ => Diagnostic::error(value.span, format!("`{}` has two values", name.text)).into(),
        }
    }

    /// The value and the temperature coefficients that a card gives to an element.
    fn layer(&mut self, env: &Rc<Env>, kind: Passive, model: &Word, given: &Given) -> Result<Layer, Fault> {
        match kind {
            Passive::Resistor => {
                let card: ResistorCard = self.layer_card(env, model, &["r", "res"])?;
                let length = or(given.length, card.defl) - card.short;
                let width = or(given.width, card.defw) - card.narrow;
                let strip = if card.r.is_nan() || !given.length.is_nan() { card.rsh * length / width } else { card.r };
                Ok(Layer { value: or(strip, card.r), tc1: card.tc1, tc2: card.tc2, nominal: card.tnom })
            }
            Passive::Capacitor => {
                let card: CapacitorCard = self.layer_card(env, model, &["c", "cap"])?;
                let length = or(given.length, card.defl) - card.short;
                let width = or(given.width, card.defw) - card.narrow;
                let strip = if card.cap.is_nan() || !given.length.is_nan() {
                    card.cj * length * width + 2.0 * card.cjsw * (length + width)
                } else {
                    card.cap
                };
                Ok(Layer { value: or(strip, card.cap), tc1: card.tc1, tc2: card.tc2, nominal: card.tnom })
            }
            Passive::Inductor => {
                let error = Diagnostic::error(model.span, "an inductor has no model");
                Err(error.label("models of L are not part of this version").hint("give the value itself").into())
            }
        }
    }

    fn layer_card<P: Parameters>(&mut self, env: &Rc<Env>, name: &Word, kinds: &[&str]) -> Result<P, Fault> {
        let Some((home, index)) = self.find_model(env, &name.text) else { return Err(self.unknown_model(env, name)) };
        let kind = self.model_type(home, index)?;
        if !kinds.contains(&&*kind.text) {
            let message = format!("model `{}` is of type {}", name.text, kind.text);
            return Err(Diagnostic::error(name.span, message).label(format!("type {} expected", kinds[0])).into());
        }
        let given = self.card(home, index)?;
        let (mut card, mut found) = (P::default(), Vec::new());
        apply(&mut card, &given, &format!("model `{}`", name.text), &mut found);
        match found.into_iter().next() {
            Some(error) => Err(error.into()),
            None => Ok(card),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::circuit::ElementKind;
    use crate::netlist::parse_str;

    /// Values of the elements after the source, or the messages.
    fn values(lines: &str) -> Result<Vec<f64>, String> {
        let text = format!("title\nV1 a 0 1\n{lines}\n.end\n");
        let loaded = parse_str("deck.cir", &text, &[])
            .map_err(|failure| failure.diagnostics.iter().map(|d| format!("{}\n", d.message)).collect::<String>())?;
        let value = |kind: &ElementKind| match kind {
            ElementKind::Resistor { resistance } => Some(*resistance),
            ElementKind::Capacitor { capacitance, .. } => Some(*capacitance),
            _ => None,
        };
        Ok(loaded.circuit.elements.iter().filter_map(|e| value(&e.kind)).collect())
    }

    #[test]
    fn models_give_temperature_coefficients_and_values() {
        let lines = ".model rm r(rsh=50 defw=2u narrow=0.5u tc1=1m tnom=17)\n.model cm c(cj=1m cjsw=2n defw=4u)\n\
                     .model plain r(r=3k)\n.param val=2k\nR1 a 0 1k rm\nR2 a 0 rm l=30u\nR3 a 0 rm l=30u w=4.5u tc1=0\n\
                     R4 a 0 rm val\nR5 a 0 plain\nC1 a 0 cm l=10u\nC2 a 0 1p cm\nR6 a 0 1k tc=2m dtemp=10";
        let expected = [1010.0, 1010.0, 375.0, 2020.0, 3000.0, 1e-3 * 4e-11 + 4e-9 * 14e-6, 1e-12, 1020.0];
        let found = values(lines).unwrap_or_else(|message| panic!("{message}"));
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!((found / expected - 1.0).abs() < 1e-12, "{found} {expected}");
        }
    }

    #[test]
    fn wrong_words_are_explained() {
        for (lines, part) in [
            ("R1 a 0 1k rmod", "unknown model `rmod`"),
            (".model d1 d\nR1 a 0 1k d1", "is of type d"),
            (".model rm r(tc1=1m)\nR1 a 0 rm", "has no value"),
            (".model rm r(tcl=1m)\nR1 a 0 1k rm", "no parameter `tcl`"),
            ("R1 a 0 1k 2k", "two values"),
            (".model lm l(ind=1)\nL1 a 0 1m lm", "an inductor has no model"),
        ] {
            let message = values(lines).expect_err(lines);
            assert!(message.contains(part), "{lines}: {message}");
        }
    }
}
