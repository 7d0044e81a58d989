//! Resistors, capacitors and inductors, with or without a model card.
//!
//! A card of type `r` or `c` describes strips of a layer: `R = rsh (l - 2 short) / (w - 2 narrow)` and
//! `C = cj (l - short) (w - narrow) + 2 cjsw (l - short + w - narrow)` (as ngspice 39 has them: etching from both sides of a
//! resistor), with temperature coefficients that an element may override. A card of type `l` describes a coil,
//! `L = mu0 mu nt^2 A / length` with Lundin's factor for coils of finite length (Proc. IEEE 73, 1985).
//!
//! A value that depends on the circuit makes a behavioural element: a resistor is `i = v/R(x)`, a capacitor
//! `i = C(x) dv/dt` or `i = d/dt q(x)`, an inductor `v = L(x) di/dt` or `v = d/dt flux(x)`.

use std::rc::Rc;

use super::behaviour::times;
use super::{Elaborator, Env};
use crate::circuit::{ElementId, ElementKind, NodeId, ParamData, Quantity, ResistorNoise};
use crate::devices::{ANY, NON_NEGATIVE, POSITIVE, Parameters, apply_card};
use crate::diagnostic::{Diagnostic, Severity, Span};
use crate::expr::{Binary, Builtin, Expr};
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
        narrow ["dw"] = 0.0, "m", ANY, "narrowing by side etching, on each side";
        short ["dlr"] = 0.0, "m", ANY, "shortening by side etching, at each end";
        tc1 ["tc1r"] = 0.0, "1/K", ANY, "first temperature coefficient";
        tc2 ["tc2r"] = 0.0, "1/K^2", ANY, "second temperature coefficient";
        tce [] = f64::NAN, "%/K", ANY, "exponential temperature coefficient: R times 1.01^(tce dT)";
        kf [] = 0.0, "-", ANY, "flicker noise coefficient";
        af [] = 1.0, "-", ANY, "flicker noise exponent";
        ef [] = 1.0, "-", ANY, "flicker noise frequency exponent";
        lf [] = 1.0, "-", ANY, "flicker noise length exponent";
        wf [] = 1.0, "-", ANY, "flicker noise width exponent";
        bv_max [] = f64::NAN, "V", ANY, "largest voltage (accepted, not checked)";
        tnom ["t_measured"] = f64::NAN, "degC", -273.0..=2000.0, "temperature of the values";
    }
}

crate::parameters! {
    /// Parameters of an `l` model.
    struct InductorCard {
        ind ["l"] = f64::NAN, "H", ANY, "inductance of elements without value and turns";
        tc1 [] = 0.0, "1/K", ANY, "first temperature coefficient";
        tc2 [] = 0.0, "1/K^2", ANY, "second temperature coefficient";
        csect [] = f64::NAN, "m^2", NON_NEGATIVE, "cross section of the coil";
        dia [] = f64::NAN, "m", NON_NEGATIVE, "diameter of the coil, instead of `csect`";
        length [] = 0.0, "m", NON_NEGATIVE, "length of the coil";
        nt [] = 0.0, "-", NON_NEGATIVE, "turns";
        mu [] = 1.0, "-", NON_NEGATIVE, "relative permeability";
        tnom ["t_measured"] = f64::NAN, "degC", -273.0..=2000.0, "temperature of the values";
    }
}

impl InductorCard {
    /// Inductance of one turn, H.
    fn one_turn(&self) -> f64 {
        const MU0: f64 = 1.256_637_062_12e-6;
        let pi = std::f64::consts::PI;
        let (area, diameter) = if self.dia.is_nan() {
            let area = or(self.csect, 0.0);
            (area, (4.0 * area / pi).sqrt())
        } else {
            (pi * self.dia * self.dia / 4.0, self.dia)
        };
        if self.length <= 0.0 || area <= 0.0 {
            return 0.0;
        }
        // Lundin's approximation of Nagaoka's coefficient, for long and for short coils
        let f1 = |x: f64| (1.0 + 0.383901 * x + 0.017108 * x * x) / (1.0 + 0.258952 * x);
        let f2 = |x: f64| 0.093842 * x + 0.002029 * x * x - 0.000801 * x * x * x;
        let ratio = diameter / self.length;
        let nagaoka = if ratio <= 1.0 {
            f1(ratio * ratio) - 4.0 * ratio / (3.0 * pi)
        } else {
            let x = 1.0 / (ratio * ratio);
            2.0 / (pi * ratio) * (((4.0 * ratio).ln() - 0.5) * f1(x) + f2(x))
        };
        MU0 * self.mu * area / self.length * nagaoka
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
        narrow [] = f64::NAN, "m", ANY, "narrowing by side etching, in all";
        short [] = f64::NAN, "m", ANY, "shortening by side etching, in all";
        del [] = 0.0, "m", ANY, "side etching: `narrow` and `short` are twice this unless given";
        thick [] = 0.0, "m", NON_NEGATIVE, "thickness of the insulator, instead of `cj`";
        di [] = 3.9, "-", NON_NEGATIVE, "relative permittivity of the insulator";
        bv_max [] = f64::NAN, "V", ANY, "largest voltage (accepted, not checked)";
        tc1 [] = 0.0, "1/K", ANY, "first temperature coefficient";
        tc2 [] = 0.0, "1/K^2", ANY, "second temperature coefficient";
        tnom ["t_measured"] = f64::NAN, "degC", -273.0..=2000.0, "temperature of the values";
    }
}

/// What a card gives to one element.
struct Layer {
    /// Value, ohm or F; NaN when the card does not determine it.
    value: f64,
    tc1: f64,
    tc2: f64,
    /// Exponential coefficient, %/K; NaN when there is none.
    tce: f64,
    /// Degrees Celsius, NaN for that of the circuit.
    nominal: f64,
    /// Coefficient and exponents of the flicker noise.
    flicker: [f64; 3],
}

/// Flicker noise of a layer that has none.
const NO_FLICKER: [f64; 3] = [0.0, 1.0, 1.0];

/// A value that depends on the circuit.
struct Behaviour {
    expr: Expr<Quantity>,
    /// It is the charge or the flux, not its derivative.
    integral: bool,
}

/// Parameters of an element; NaN where they are not given.
struct Given {
    main: f64,
    behaviour: Option<Behaviour>,
    /// Behind which parameter a behaviour stands.
    initial_span: Option<Span>,
    tce: f64,
    turns: f64,
    factor: f64,
    scale: f64,
    initial: Option<f64>,
    tc1: f64,
    tc2: f64,
    celsius: f64,
    above: f64,
    length: f64,
    width: f64,
    /// Resistance in `.ac`, ohm.
    ac: Option<f64>,
    noisy: bool,
}

/// `value` unless it was not given.
fn or(value: f64, default: f64) -> f64 {
    if value.is_nan() { default } else { value }
}

impl Passive {
    /// Long and short name of the value, other parameters.
    fn names(self) -> (&'static str, &'static str, &'static [&'static str]) {
        match self {
            Self::Resistor => (
                "resistance",
                "r",
                &["m", "scale", "tc", "tc1", "tc2", "tce", "temp", "dtemp", "l", "w", "ac", "noisy", "noise", "bv_max"],
            ),
            Self::Capacitor => (
                "capacitance",
                "c",
                &["m", "scale", "ic", "tc", "tc1", "tc2", "temp", "dtemp", "l", "w", "q", "charge", "bv_max"],
            ),
            Self::Inductor => {
                ("inductance", "l", &["m", "scale", "ic", "tc", "tc1", "tc2", "temp", "dtemp", "nt", "flux"])
            }
        }
    }
}

/// True when a value depends on more than the temperature.
fn varies(expr: &Expr<Quantity>) -> bool {
    let mut varies = false;
    expr.each_leaf(&mut |leaf| varies |= *leaf != Quantity::TemperCelsius);
    varies
}

impl<'d> Elaborator<'d> {
    /// A resistor, capacitor or inductor; `values` are the value, the model, or both.
    pub(super) fn passive(
        &mut self,
        env: &Rc<Env>,
        name: &Word,
        (kind, own): (Passive, Own),
        values: &[Value],
        params: &[Param],
    ) -> Result<ElementKind, Fault> {
        let (mut main, mut model) = (None, None);
        for value in values {
            match self.model_word(env, value) {
                Some(word) if model.is_none() => model = Some(word),
                None if main.is_none() => main = Some(value),
                _ => return Err(self.second_value(env, name, value)),
            }
        }
        let given = self.passive_params(env, name, (kind, own), main, params)?;
        let layer = match &model {
            Some(word) => self.layer(env, kind, word, &given)?,
            None => {
                Layer { value: f64::NAN, tc1: 0.0, tc2: 0.0, tce: f64::NAN, nominal: f64::NAN, flicker: NO_FLICKER }
            }
        };
        let main = if given.behaviour.is_some() { 1.0 } else { or(given.main, layer.value) };
        if main.is_nan() {
            let error = Diagnostic::error(name.span, format!("`{}` has no value", name.text));
            return Err(error.label(format!("{} missing", kind.names().0)).into());
        }
        let warmth = or(given.celsius, self.celsius) + given.above - or(layer.nominal, self.nominal_celsius);
        let exponent = or(given.tce, layer.tce);
        let warm = match exponent.is_nan() {
            true => 1.0 + or(given.tc1, layer.tc1) * warmth + or(given.tc2, layer.tc2) * warmth * warmth,
            false => 1.01f64.powf(exponent * warmth),
        };
        let value = main * given.scale;
        if let Some(behaviour) = given.behaviour {
            if let Some(span) = given.initial_span {
                let error = Diagnostic::error(span, "a value that depends on the circuit has no initial condition");
                return Err(error.label("not with this value").hint("set it with `.ic` and `uic`").into());
            }
            return Ok(behavioural(kind, own, behaviour, given.scale * warm, given.factor));
        }
        match kind {
            Passive::Capacitor => {
                Ok(ElementKind::Capacitor { capacitance: value * warm * given.factor, initial_voltage: given.initial })
            }
            Passive::Inductor => {
                Ok(ElementKind::Inductor { inductance: value * warm / given.factor, initial_current: given.initial })
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
                let [coefficient, exponent, by_frequency] = layer.flicker;
                // m resistors in parallel, each with its share of the current
                let flicker = [coefficient * given.factor.powf(1.0 - exponent), exponent, by_frequency];
                let celsius = or(given.celsius, self.celsius) + given.above;
                let temperature = if given.noisy { celsius + 273.15 } else { 0.0 };
                Ok(ElementKind::Resistor {
                    resistance,
                    ac_resistance: given.ac.map(|r| r * given.scale * warm / given.factor),
                    noise: ResistorNoise { temperature, flicker },
                })
            }
        }
    }

    fn passive_params(
        &mut self,
        env: &Rc<Env>,
        name: &Word,
        (kind, own): (Passive, Own),
        main: Option<&Value>,
        params: &[Param],
    ) -> Result<Given, Fault> {
        let (long, short, extra) = kind.names();
        let mut given = Given {
            main: f64::NAN,
            behaviour: None,
            initial_span: None,
            tce: f64::NAN,
            turns: f64::NAN,
            factor: env.multiplier,
            scale: 1.0,
            initial: None,
            tc1: f64::NAN,
            tc2: f64::NAN,
            celsius: f64::NAN,
            above: 0.0,
            length: f64::NAN,
            width: f64::NAN,
            ac: None,
            noisy: true,
        };
        if let Some(value) = main {
            given.behaviour = self.own_value(env, kind, own, value, false)?;
            if given.behaviour.is_none() {
                given.main = self.number(env, value)?;
            }
        }
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
            let integral = matches!(key, "q" | "charge" | "flux");
            if integral || key == long || key == short {
                if !given.main.is_nan() || given.behaviour.is_some() {
                    return Err(Diagnostic::error(param.name.span, format!("`{}` has two values", name.text)).into());
                }
                given.behaviour = self.own_value(env, kind, own, &param.value, integral)?;
                if given.behaviour.is_none() {
                    given.main = self.number(env, &param.value)?;
                }
                continue;
            }
            let number = self.number(env, &param.value)?;
            match key {
                "scale" => given.scale = number,
                "ic" => {
                    given.initial = Some(number);
                    given.initial_span = Some(param.name.span);
                }
                "tc1" => given.tc1 = number,
                "tc2" => given.tc2 = number,
                "temp" => given.celsius = number,
                "dtemp" => given.above = number,
                "l" => given.length = number,
                "w" => given.width = number,
                "tce" => given.tce = number,
                "nt" => given.turns = number,
                "ac" => given.ac = Some(number),
                "noisy" | "noise" => given.noisy = number != 0.0,
                // what is left are limits that are not checked
                _ => {}
            }
        }
        Ok(given)
    }

    /// A value that depends on the circuit (a charge or flux always does); `None` when it is a number.
    fn own_value(
        &mut self,
        env: &Rc<Env>,
        kind: Passive,
        own: Own,
        value: &Value,
        integral: bool,
    ) -> Result<Option<Behaviour>, Fault> {
        let ValueKind::Formula(formula) = &value.kind else {
            if !integral {
                return Ok(None);
            }
            let number = self.number(env, value)?;
            return Ok(Some(Behaviour { expr: Expr::Const(number), integral }));
        };
        let quantity = match kind {
            Passive::Inductor => Quantity::Current(own.id),
            _ => Quantity::Voltage(own.plus, own.minus),
        };
        let expr = self.own_behaviour(env, formula, quantity)?;
        Ok((integral || varies(&expr)).then_some(Behaviour { expr, integral }))
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
                let length = or(given.length, card.defl) - 2.0 * card.short;
                let width = or(given.width, card.defw) - 2.0 * card.narrow;
                let strip = if card.r.is_nan() || !given.length.is_nan() { card.rsh * length / width } else { card.r };
                let (tc1, tc2) = (card.tc1, card.tc2);
                // as in ngspice the geometry counts when it gives the resistance
                let area = if given.main.is_nan() { length.powf(card.lf) * width.powf(card.wf) } else { 1.0 };
                let flicker = [if card.kf == 0.0 { 0.0 } else { card.kf / area }, card.af, card.ef];
                Ok(Layer { value: or(strip, card.r), tc1, tc2, tce: card.tce, nominal: card.tnom, flicker })
            }
            Passive::Capacitor => {
                let card: CapacitorCard = self.layer_card(env, model, &["c", "cap"])?;
                let length = or(given.length, card.defl) - or(card.short, 2.0 * card.del);
                let width = or(given.width, card.defw) - or(card.narrow, 2.0 * card.del);
                const EPSILON0: f64 = 8.854_187_812_8e-12;
                let layered = if card.thick > 0.0 { card.di * EPSILON0 / card.thick } else { f64::NAN };
                let cj = or(card.cj, layered);
                let strip = if card.cap.is_nan() || !given.length.is_nan() {
                    cj * length * width + 2.0 * card.cjsw * (length + width)
                } else {
                    card.cap
                };
                let (tc1, tc2) = (card.tc1, card.tc2);
                Ok(Layer {
                    value: or(strip, card.cap),
                    tc1,
                    tc2,
                    tce: f64::NAN,
                    nominal: card.tnom,
                    flicker: NO_FLICKER,
                })
            }
            Passive::Inductor => {
                let card: InductorCard = self.layer_card(env, model, &["l", "ind"])?;
                let turns = |nt: f64| nt * nt * card.one_turn();
                let value = if given.turns.is_nan() { or(card.ind, turns(card.nt)) } else { turns(given.turns) };
                let value = if value == 0.0 { f64::NAN } else { value };
                Ok(Layer {
                    value,
                    tc1: card.tc1,
                    tc2: card.tc2,
                    tce: f64::NAN,
                    nominal: card.tnom,
                    flicker: NO_FLICKER,
                })
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
        apply_card(&mut card, &given, &format!("model `{}`", name.text), &mut found);
        let mut errors = Vec::new();
        for finding in found {
            match finding.severity {
                Severity::Error => errors.push(finding),
                _ => self.report.warn(finding),
            }
        }
        match errors.into_iter().next() {
            Some(error) => Err(error.into()),
            None => Ok(card),
        }
    }
}

/// The element itself, for values that refer to it.
#[derive(Clone, Copy)]
pub(super) struct Own {
    pub id: ElementId,
    pub plus: NodeId,
    pub minus: NodeId,
}

/// An element whose value, times `scale`, is an expression; `count` of them are parallel.
fn behavioural(kind: Passive, own: Own, behaviour: Behaviour, scale: f64, count: f64) -> ElementKind {
    let Behaviour { expr, integral } = behaviour;
    let voltage = || match own.plus == own.minus {
        true => Expr::Const(0.0),
        false => Expr::Leaf(Quantity::Voltage(own.plus, own.minus)),
    };
    let derivative = |x: Expr<Quantity>| Expr::Call(Builtin::Derivative, vec![x]);
    let product = |a: Expr<Quantity>, b: Expr<Quantity>| Expr::Binary(Binary::Multiply, Box::new(a), Box::new(b));
    match kind {
        Passive::Resistor => {
            let current = Expr::Binary(Binary::Divide, Box::new(voltage()), Box::new(expr));
            ElementKind::BehaviouralCurrent(times(count / scale, current))
        }
        Passive::Capacitor => {
            let current = if integral { derivative(expr) } else { product(expr, derivative(voltage())) };
            ElementKind::BehaviouralCurrent(times(count * scale, current))
        }
        Passive::Inductor => {
            let current = Expr::Leaf(Quantity::Current(own.id));
            let voltage = if integral { derivative(expr) } else { product(expr, derivative(current)) };
            ElementKind::BehaviouralVoltage(times(scale / count, voltage))
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
            ElementKind::Resistor { resistance, .. } => Some(*resistance),
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
        let expected = [1010.0, 1515.0, 50.0 * 30.0 / 3.5, 2020.0, 3000.0, 1e-3 * 4e-11 + 4e-9 * 14e-6, 1e-12, 1020.0];
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
            ("R1 a 0 1k 2k", "two values"),
            (".model lm l(ind=1)\nR1 a 0 1m lm", "is of type l"),
            ("C1 a 0 c='1u*v(a)' ic=1", "no initial condition"),
        ] {
            let message = values(lines).expect_err(lines);
            assert!(message.contains(part), "{lines}: {message}");
        }
    }
}
