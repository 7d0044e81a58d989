//! Controlled and behavioural sources: every form becomes a polynomial or an expression.

use std::rc::Rc;

use super::{Elaborator, Env};
use crate::circuit::{ElementId, ElementKind, NodeId, Poly, Quantity};
use crate::diagnostic::{Diagnostic, Span};
use crate::expr::{Binary, Builtin, Expr};
use crate::netlist::ast::{Controlled, Form, Input, Param, ResponseFormat, Value, Word};
use crate::netlist::report::Fault;
use crate::netlist::suggest;

/// Parameters after the value of a source. Those in the second list are of other simulators' numerical methods.
const KNOWN: [&str; 13] =
    ["m", "scale", "tc1", "tc2", "temp", "dtemp", "reciproctc", "reciprocm", "max", "min", "td", "delay", "abs"];
const WITHOUT_EFFECT: [&str; 9] = ["window", "nfft", "mtol", "delf", "maxf", "level", "accuracy", "delta", "ic"];

/// What the parameters after the value of a source say.
struct Tail {
    /// Multiplier of its own.
    multiplier: f64,
    /// Scale and temperature.
    factor: f64,
    least: Option<f64>,
    most: Option<f64>,
    /// Delay, s.
    delay: Option<f64>,
    absolute: bool,
}

pub(super) fn times(factor: f64, expr: Expr<Quantity>) -> Expr<Quantity> {
    match expr {
        expr if factor == 1.0 => expr,
        Expr::Const(value) => Expr::Const(factor * value),
        expr => binary(Binary::Multiply, Expr::Const(factor), expr),
    }
}

fn binary(op: Binary, a: Expr<Quantity>, b: Expr<Quantity>) -> Expr<Quantity> {
    Expr::Binary(op, Box::new(a), Box::new(b))
}

fn polynomial(coefficients: &[f64]) -> Expr<Quantity> {
    let s = || Expr::Leaf(Quantity::Laplace);
    let mut rest = coefficients.iter().rev();
    let highest = Expr::Const(rest.next().copied().unwrap_or(0.0));
    rest.fold(highest, |all, c| binary(Binary::Add, Expr::Const(*c), binary(Binary::Multiply, s(), all)))
}

impl<'d> Elaborator<'d> {
    fn tail(&mut self, env: &Rc<Env>, params: &[Param]) -> Result<Tail, Fault> {
        let mut tail = Tail { multiplier: 1.0, factor: 1.0, least: None, most: None, delay: None, absolute: false };
        let (mut tc1, mut tc2, mut celsius, mut above) = (0.0, 0.0, self.celsius, 0.0);
        let (mut inverse, mut inverse_multiplier) = (false, false);
        for param in params {
            let key = &*param.name.text;
            if WITHOUT_EFFECT.contains(&key) {
                continue;
            }
            if !KNOWN.contains(&key) {
                let hint = suggest::did_you_mean(key, KNOWN, format!("known are: {}", KNOWN.join(" ")));
                let error = Diagnostic::error(param.name.span, format!("unknown parameter `{key}`"));
                return Err(error.label("a source has no such parameter").hint(hint).into());
            }
            if key == "m" {
                tail.multiplier = self.multiplier(env, &param.value)?;
                continue;
            }
            let number = self.number(env, &param.value)?;
            match key {
                "scale" => tail.factor *= number,
                "tc1" => tc1 = number,
                "tc2" => tc2 = number,
                "temp" => celsius = number,
                "dtemp" => above = number,
                "reciproctc" => inverse = number != 0.0,
                "reciprocm" => inverse_multiplier = number != 0.0,
                "max" => tail.most = Some(number),
                "min" => tail.least = Some(number),
                "abs" => tail.absolute = number != 0.0,
                _ if number < 0.0 => {
                    let error = Diagnostic::error(param.value.span, format!("the delay is {number:e} s"));
                    return Err(error.label("0 or more expected").into());
                }
                _ => tail.delay = Some(number),
            }
        }
        let warmth = celsius + above - self.nominal_celsius;
        let warm = 1.0 + tc1 * warmth + tc2 * warmth * warmth;
        tail.factor *= if inverse { 1.0 / warm } else { warm };
        if inverse_multiplier {
            tail.multiplier = 1.0 / tail.multiplier;
        }
        Ok(tail)
    }

    /// E, F, G, H, linear or polynomial.
    pub(super) fn controlled(
        &mut self,
        env: &Rc<Env>,
        kind: Controlled,
        controls: &[Word],
        (coefficients, poly): (&[Value], bool),
        params: &[Param],
    ) -> Result<ElementKind, Fault> {
        let current = matches!(kind, Controlled::Vccs | Controlled::Cccs);
        let by_voltage = matches!(kind, Controlled::Vcvs | Controlled::Vccs);
        let tail = self.tail(env, params)?;
        let factor = tail.factor * tail.multiplier * if current { env.multiplier } else { 1.0 };
        let mut values = coefficients.iter().map(|c| self.number(env, c)).collect::<Result<Vec<f64>, Fault>>()?;
        if tail.least.is_some() || tail.most.is_some() || tail.delay.is_some() || tail.absolute {
            if poly {
                let error = Diagnostic::error(params[0].name.span, "POLY has no limits and no delay");
                return Err(error.hint("write it as an expression with `value={..}`").into());
            }
            let input = self.control_expression(env, controls)?;
            return self.finish(env, !current, times(values[0], input), &tail);
        }
        if !poly {
            values.insert(0, 0.0);
        }
        values.iter_mut().for_each(|value| *value *= factor);
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

    /// The voltage between two nodes, or the current of an element.
    fn control_expression(&self, env: &Rc<Env>, words: &[Word]) -> Result<Expr<Quantity>, Fault> {
        Ok(match words {
            [plus, minus] => {
                let (plus, minus) = (self.control_node(env, plus)?, self.control_node(env, minus)?);
                if plus == minus { Expr::Const(0.0) } else { Expr::Leaf(Quantity::Voltage(plus, minus)) }
            }
            [element] => Expr::Leaf(Quantity::Current(self.control(env, element)?)),
            _ => return Err(Fault::Reported),
        })
    }

    /// A controlling node must be a node of some element.
    fn control_node(&self, env: &Env, word: &Word) -> Result<NodeId, Fault> {
        self.find_node(env, &word.text).ok_or_else(|| {
            let names = self.nodes.iter().filter_map(|node| node.strip_prefix(env.path.as_str()));
            let hint = suggest::did_you_mean(&word.text, names, "no element is connected to it");
            Diagnostic::error(word.span, format!("unknown node `{}`", word.text)).hint(hint).into()
        })
    }

    /// B sources and the behavioural forms of E, F, G and H.
    pub(super) fn behavioural(
        &mut self,
        env: &Rc<Env>,
        voltage: bool,
        form: &Form,
        params: &[Param],
    ) -> Result<ElementKind, Fault> {
        let tail = self.tail(env, params)?;
        let expr = self.form(env, form)?;
        memory_operators(&expr, self.form_span(form))?;
        if matches!(form, Form::Delay { .. }) && tail.delay.is_none() {
            let span = params.first().map_or_else(|| self.form_span(form), |p| p.name.span);
            return Err(Diagnostic::error(span, "a DELAY source needs its delay").hint("add `td=time`").into());
        }
        self.finish(env, voltage, expr, &tail)
    }

    /// Applies what the parameters say.
    fn finish(
        &mut self,
        env: &Rc<Env>,
        voltage: bool,
        expr: Expr<Quantity>,
        tail: &Tail,
    ) -> Result<ElementKind, Fault> {
        let mut expr = expr;
        if let Some(time) = tail.delay.filter(|&t| t > 0.0) {
            expr = Expr::Call(Builtin::Delay, vec![expr, Expr::Const(time)]);
        }
        expr = times(tail.factor, expr);
        if tail.absolute {
            expr = Expr::Call(Builtin::Abs, vec![expr]);
        }
        if let Some(most) = tail.most {
            expr = Expr::Call(Builtin::Min, vec![expr, Expr::Const(most)]);
        }
        if let Some(least) = tail.least {
            expr = Expr::Call(Builtin::Max, vec![expr, Expr::Const(least)]);
        }
        expr = times(tail.multiplier, expr);
        Ok(match voltage {
            true => ElementKind::BehaviouralVoltage(expr),
            false => ElementKind::BehaviouralCurrent(times(env.multiplier, expr)),
        })
    }

    fn form_span(&self, form: &Form) -> Span {
        match form {
            Form::Value(formula) => formula.origin.span(formula.start, formula.start + formula.len),
            Form::Table { input, .. }
            | Form::Laplace { input, .. }
            | Form::Ratio { input, .. }
            | Form::Pole { input, .. }
            | Form::Frequency { input, .. }
            | Form::Delay { input } => match input {
                Input::Formula(f) => f.origin.span(f.start, f.start + f.len),
                Input::Control(words) => words.first().map(|w| w.span).unwrap_or_default(),
            },
            Form::Gate { controls, .. } => controls.first().map(|w| w.span).unwrap_or_default(),
        }
    }

    fn input(&mut self, env: &Rc<Env>, input: &Input) -> Result<Expr<Quantity>, Fault> {
        match input {
            Input::Formula(formula) => self.behaviour(env, formula),
            Input::Control(words) => self.control_expression(env, words),
        }
    }

    /// The expression that a form stands for.
    fn form(&mut self, env: &Rc<Env>, form: &Form) -> Result<Expr<Quantity>, Fault> {
        match form {
            Form::Value(formula) => self.behaviour(env, formula),
            Form::Table { input, points } => {
                let input = self.input(env, input)?;
                self.table(env, input, points)
            }
            Form::Gate { largest, controls, points } => {
                let size = if controls.len().is_multiple_of(2) { 2 } else { 1 };
                let inputs = controls
                    .chunks_exact(size)
                    .map(|pair| self.control_expression(env, pair))
                    .collect::<Result<Vec<_>, Fault>>()?;
                let function = if *largest { Builtin::Max } else { Builtin::Min };
                let mut inputs = inputs;
                let input = if inputs.len() == 1 { inputs.remove(0) } else { Expr::Call(function, inputs) };
                self.table(env, input, points)
            }
            Form::Laplace { input, transfer } => {
                let input = self.input(env, input)?;
                let transfer = self.transfer(env, transfer)?;
                Ok(Expr::Call(Builtin::Transfer, vec![input, transfer]))
            }
            Form::Ratio { input, numerator, denominator } => {
                let input = self.input(env, input)?;
                let [above, below] = self.both(env, numerator, denominator)?;
                if below.iter().all(|c| *c == 0.0) {
                    let span = denominator.first().map(|v| v.span).unwrap_or_default();
                    return Err(Diagnostic::error(span, "the denominator is zero").into());
                }
                let transfer = binary(Binary::Divide, polynomial(&above), polynomial(&below));
                Ok(Expr::Call(Builtin::Transfer, vec![input, transfer]))
            }
            Form::Pole { input, zeros, poles } => {
                let input = self.input(env, input)?;
                let [above, below] = self.both(env, zeros, poles)?;
                let transfer = binary(Binary::Divide, from_roots(&above), from_roots(&below));
                Ok(Expr::Call(Builtin::Transfer, vec![input, transfer]))
            }
            Form::Frequency { input, format, points } => {
                let input = self.input(env, input)?;
                self.response(env, input, *format, points)
            }
            Form::Delay { input } => self.input(env, input),
        }
    }

    fn both(&mut self, env: &Rc<Env>, a: &[Value], b: &[Value]) -> Result<[Vec<f64>; 2], Fault> {
        let mut read = |values: &[Value]| values.iter().map(|v| self.number(env, v)).collect::<Result<Vec<f64>, _>>();
        Ok([read(a)?, read(b)?])
    }

    fn table(&mut self, env: &Rc<Env>, input: Expr<Quantity>, points: &[Value]) -> Result<Expr<Quantity>, Fault> {
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

    fn response(
        &mut self,
        env: &Rc<Env>,
        input: Expr<Quantity>,
        format: ResponseFormat,
        points: &[Value],
    ) -> Result<Expr<Quantity>, Fault> {
        let mut arguments = vec![input];
        let mut last = f64::NEG_INFINITY;
        for point in points.chunks_exact(3) {
            let (f, a, b) = (self.number(env, &point[0])?, self.number(env, &point[1])?, self.number(env, &point[2])?);
            if f < 0.0 || f <= last {
                let error = Diagnostic::error(point[0].span, "the frequencies of a response must ascend from 0 on");
                return Err(error.label(format!("{f} Hz after {last} Hz")).into());
            }
            last = f;
            let (size, phase) = if format.cartesian {
                (a.hypot(b).max(1e-200).ln(), b.atan2(a))
            } else {
                let size = if format.decibel { a * std::f64::consts::LN_10 / 20.0 } else { a.abs().max(1e-200).ln() };
                (size, if format.degrees { b.to_radians() } else { b })
            };
            arguments.extend([f, size, phase].map(Expr::Const));
        }
        Ok(Expr::Call(Builtin::Response, arguments))
    }
}

/// Delays and start values must be constants, delays not negative.
fn memory_operators(expr: &Expr<Quantity>, span: Span) -> Result<(), Fault> {
    let mut inside: Vec<&Expr<Quantity>> = Vec::new();
    match expr {
        Expr::Const(_) | Expr::Leaf(_) => {}
        Expr::Unary(_, x) => inside.push(x),
        Expr::Binary(_, a, b) => inside.extend([&**a, &**b]),
        Expr::If(c, a, b) => inside.extend([&**c, &**a, &**b]),
        Expr::Call(Builtin::Transfer, arguments) => inside.extend(arguments.first()),
        Expr::Call(function, arguments) => {
            let what = match function {
                Builtin::Integral => "start value of an integral",
                Builtin::Delay => "time of a delay",
                _ => "",
            };
            let wrong = |x: &Expr<Quantity>| x.as_const().is_none_or(|x| *function == Builtin::Delay && x < 0.0);
            if !what.is_empty() && arguments[1..].iter().any(wrong) {
                let error = Diagnostic::error(
                    span,
                    format!(
                        "the {what} must be a constant{}",
                        if *function == Builtin::Delay { ", 0 or more" } else { "" }
                    ),
                );
                return Err(error.label("in this expression").into());
            }
            inside.extend(arguments);
        }
    }
    inside.into_iter().try_for_each(|x| memory_operators(x, span))
}

/// HSPICE's `a, alpha1, f1, alpha2, f2, ..`: `a (s + alpha1 - j 2 pi f1)(s + alpha1 + j 2 pi f1) ..`; f in Hz, a lone
/// factor where f is 0.
fn from_roots(values: &[f64]) -> Expr<Quantity> {
    let mut all = vec![values.first().copied().unwrap_or(1.0)];
    for pair in values.get(1..).unwrap_or_default().chunks(2) {
        let (alpha, omega) = (pair[0], std::f64::consts::TAU * pair.get(1).copied().unwrap_or(0.0));
        let factor =
            if omega == 0.0 { vec![alpha, 1.0] } else { vec![alpha * alpha + omega * omega, 2.0 * alpha, 1.0] };
        let mut next = vec![0.0; all.len() + factor.len() - 1];
        for (i, x) in all.iter().enumerate() {
            for (j, y) in factor.iter().enumerate() {
                next[i + j] += x * y;
            }
        }
        all = next;
    }
    polynomial(&all)
}

#[cfg(test)]
mod tests {
    use crate::netlist::parse_str;

    fn message(line: &str) -> String {
        let text = format!("title\nV1 a 0 1\nR1 a 0 1k\nL9 a 0 1\n{line}\n.tran 1n 1u\n.end\n");
        match parse_str("deck.cir", &text, &[]) {
            Ok(_) => String::new(),
            Err(failure) => failure.diagnostics.iter().map(|d| format!("{}\n", d.message)).collect(),
        }
    }

    #[test]
    fn every_form_is_read() {
        for line in [
            "E1 b 0 VALUE {v(a)*2} m=2",
            "E1 b 0 vol='v(a)' tc1=1m",
            "E1 b 0 VCVS a 0 2 max=1 min=-1",
            "G1 b 0 VALUE = v(a)*2 m=3",
            "B1 b 0 V = v(a) * 2 tc1=0.1 temp=50",
            "B1 b 0 I={v(a)} laplace=1/(1+s)",
            "E1 b 0 LAPLACE {v(a)} = {exp(-s*1n)/(1+s)}",
            "E1 b 0 LAPLACE a 0 1 2 / 3 4 5",
            "E1 b 0 POLE a 0 1 / 1 2 3",
            "F1 b 0 V1 2 td=1n",
            "H1 b 0 LAPLACE V1 1 / 1 1",
            "E1 b 0 NAND(2) a 0 a 0 (0,1) (1,0)",
            "E1 b 0 a 0 table=(0,0,1,1)",
            "E1 b 0 PWL(1) a 0 0,0 1,1",
            "R2 b 0 R=1k + v(a)*2 m=2",
            "C2 b 0 Q=x*x tc1=1m",
            "T1 a 0 b 0 z0=50 f=1g",
            "I2 b 0 TRNOISE(1m 1n 1 0.1 1 1u 1u)",
            "V2 b 0 TRRANDOM(2 1u 0 1)",
        ] {
            assert_eq!(message(line), "", "{line}");
        }
    }

    #[test]
    fn wrong_forms_are_explained() {
        for (line, part) in [
            ("E1 b 0 vlue={v(a)}", "unknown parameter `vlue`"),
            ("E1 b 0 a 0 2 gian=3", "unknown parameter `gian`"),
            ("E1 b 0 LAPLACE {v(a)} = {1/(1+v(a))}", "cannot stand here"),
            ("E1 b 0 LAPLACE a 0 1 2", "numerator / denominator"),
            ("E1 b 0 LAPLACE a 0 1 / 0", "denominator is zero"),
            ("E1 b 0 FREQ {v(a)} = (10,0,0) (1,0,0)", "must ascend"),
            ("E1 b 0 FREQ {v(a)} = (10,0)", "(frequency, magnitude, phase)"),
            ("E1 b 0 DELAY a 0", "needs its delay"),
            ("E1 b 0 CHEBYSHEV {v(a)} = LP", "not supported"),
            ("E1 b 0 AND(x) a 0 (0,0) (1,1)", "whole number of controls"),
            ("B1 b 0 V=delay(v(a),v(a))", "must be a constant"),
            ("B1 b 0 V=idt(v(a),v(a))", "must be a constant"),
            ("B1 b 0 V=delay(v(a),-1)", "must be a constant"),
            ("T1 a 0 b 0 z0=50", "has no delay"),
            ("T1 a 0 b 0 z0=50 td=0", "`td` is 0"),
            ("T1 a 0 b 0 z0=50 td=1n r=3", "no parameter `r`"),
            ("K1 L9 L9 0.5", "coupled to itself"),
            ("V2 b 0 EXTERNAL", "calling program"),
            ("V2 b 0 TRRANDOM(7 1u)", "no distribution 7"),
            ("V2 b 0 TRNOISE(1m 1n 3 1)", "the exponent is 3"),
        ] {
            let found = message(line);
            assert!(found.contains(part), "{line}: {found}");
        }
    }
}
