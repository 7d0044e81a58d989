//! Source functions with evaluated arguments.

use std::rc::Rc;

use super::{Elaborator, Env};
use crate::circuit::{Distribution, NoiseWave, RandomWave, Waveform};
use crate::diagnostic::Diagnostic;
use crate::netlist::ast::{FunctionText, Shape, Value};
use crate::netlist::report::Fault;

/// Arguments of a function in order; absent ones are `None`.
struct Arguments<'t> {
    function: &'t FunctionText,
    values: Vec<f64>,
}

impl Arguments<'_> {
    fn get(&self, index: usize) -> Option<f64> {
        self.values.get(index).copied()
    }

    fn or_zero(&self, index: usize) -> f64 {
        self.get(index).unwrap_or(0.0)
    }

    /// An argument for which zero means the default.
    fn nonzero(&self, index: usize) -> Option<f64> {
        self.get(index).filter(|&x| x != 0.0)
    }

    /// Refuses negative values of the arguments named.
    fn not_negative(&self, named: &[(usize, &str)]) -> Result<(), Fault> {
        for &(index, name) in named {
            if self.get(index).is_some_and(|x| x < 0.0) {
                let span = self.function.arguments[index].span;
                let error = Diagnostic::error(span, format!("the {name} is negative"));
                return Err(error.label("0 or more expected").into());
            }
        }
        Ok(())
    }
}

impl<'d> Elaborator<'d> {
    /// Evaluates a source function.
    pub(super) fn waveform(&mut self, env: &Rc<Env>, text: &FunctionText) -> Result<Waveform, Fault> {
        let values = text.arguments.iter().map(|value| self.number(env, value)).collect::<Result<Vec<f64>, Fault>>()?;
        let (name, usage, least, most) = match text.shape {
            Shape::Pulse => ("PULSE", "PULSE(v1 v2 td tr tf pw per np)", 2, 8),
            Shape::Sine => ("SIN", "SIN(vo va freq td theta phase)", 2, 6),
            Shape::Exponential => ("EXP", "EXP(v1 v2 td1 tau1 td2 tau2)", 2, 6),
            Shape::PiecewiseLinear => {
                ("PWL", "PWL(t1 v1 t2 v2 ..)", if text.points.is_empty() { 2 } else { 0 }, usize::MAX)
            }
            Shape::FrequencyModulated => ("SFFM", "SFFM(vo va fc mdi fs)", 2, 5),
            Shape::AmplitudeModulated => ("AM", "AM(va vo mf fc td)", 3, 5),
            Shape::Noise => ("TRNOISE", "TRNOISE(na nt nalpha namp rtsam rtscapt rtsemt)", 2, 7),
            Shape::Random => ("TRRANDOM", "TRRANDOM(type ts td param1 param2)", 2, 5),
        };
        if values.len() < least {
            let error = Diagnostic::error(
                text.span,
                format!("{name} needs at least {least} arguments, {} given", values.len()),
            );
            return Err(error.label("too few arguments").hint(usage).into());
        }
        if values.len() > most {
            let error = Diagnostic::error(text.arguments[most].span, format!("{name} has at most {most} arguments"));
            return Err(error.label("one too many").hint(usage).into());
        }
        let a = Arguments { function: text, values };
        match text.shape {
            Shape::Pulse => {
                a.not_negative(&[
                    (3, "rise time"),
                    (4, "fall time"),
                    (5, "pulse width"),
                    (6, "period"),
                    (7, "number of pulses"),
                ])?;
                Ok(Waveform::Pulse {
                    low: a.or_zero(0),
                    high: a.or_zero(1),
                    delay: a.or_zero(2),
                    rise: a.nonzero(3),
                    fall: a.nonzero(4),
                    width: a.nonzero(5),
                    period: a.nonzero(6),
                    count: a.nonzero(7).map(|n| n as u64),
                })
            }
            Shape::Sine => {
                a.not_negative(&[(2, "frequency")])?;
                Ok(Waveform::Sine {
                    offset: a.or_zero(0),
                    amplitude: a.or_zero(1),
                    frequency: a.nonzero(2),
                    delay: a.or_zero(3),
                    damping: a.or_zero(4),
                    phase_degrees: a.or_zero(5),
                })
            }
            Shape::Exponential => {
                a.not_negative(&[
                    (2, "rise delay"),
                    (3, "rise time constant"),
                    (4, "fall delay"),
                    (5, "fall time constant"),
                ])?;
                Ok(Waveform::Exponential {
                    low: a.or_zero(0),
                    high: a.or_zero(1),
                    rise_delay: a.get(2),
                    rise_tau: a.nonzero(3),
                    fall_delay: a.nonzero(4),
                    fall_tau: a.nonzero(5),
                })
            }
            Shape::PiecewiseLinear => self.piecewise(env, text, &a.values),
            Shape::FrequencyModulated => {
                a.not_negative(&[(2, "carrier frequency"), (4, "signal frequency")])?;
                Ok(Waveform::FrequencyModulated {
                    offset: a.or_zero(0),
                    amplitude: a.or_zero(1),
                    carrier: a.nonzero(2),
                    index: a.or_zero(3),
                    signal: a.nonzero(4),
                })
            }
            Shape::AmplitudeModulated => {
                a.not_negative(&[(2, "modulating frequency"), (3, "carrier frequency")])?;
                Ok(Waveform::AmplitudeModulated {
                    amplitude: a.or_zero(0),
                    offset: a.or_zero(1),
                    modulating: a.or_zero(2),
                    carrier: a.nonzero(3),
                    delay: a.or_zero(4),
                })
            }
            Shape::Noise => {
                a.not_negative(&[(1, "sample time"), (5, "capture time"), (6, "emission time")])?;
                let telegraph = a.nonzero(4).zip(a.nonzero(5)).zip(a.nonzero(6)).map(|((h, c), e)| [h, c, e]);
                let exponent = a.or_zero(2);
                if !(0.0..=2.0).contains(&exponent) {
                    let error = Diagnostic::error(text.arguments[2].span, format!("the exponent is {exponent}"));
                    return Err(error.label("0 to 2 expected").into());
                }
                Ok(Waveform::Noise(NoiseWave {
                    seed: self.stream(env, text),
                    offset: 0.0,
                    white: a.or_zero(0),
                    step: a.or_zero(1),
                    exponent,
                    flicker: a.or_zero(3),
                    telegraph,
                    jumps: Vec::new(),
                }))
            }
            Shape::Random => {
                let distribution = match a.or_zero(0) {
                    1.0 => Distribution::Uniform,
                    2.0 => Distribution::Gaussian,
                    3.0 => Distribution::Exponential,
                    4.0 => Distribution::Poisson,
                    other => {
                        let error = Diagnostic::error(text.arguments[0].span, format!("no distribution {other}"));
                        let hint = "1 uniform, 2 Gaussian, 3 exponential, 4 Poisson";
                        return Err(error.label("1 to 4 expected").hint(hint).into());
                    }
                };
                if a.or_zero(1) <= 0.0 {
                    let error = Diagnostic::error(text.arguments[1].span, "the time of a random value is not positive");
                    return Err(error.label("more than 0 s expected").into());
                }
                Ok(Waveform::Random(RandomWave {
                    seed: self.stream(env, text),
                    offset: 0.0,
                    distribution,
                    step: a.or_zero(1),
                    delay: a.or_zero(2),
                    parameters: [a.get(3).unwrap_or(1.0), a.or_zero(4)],
                    factor: 1.0,
                }))
            }
        }
    }

    /// Random stream of a source: of the seed, the draw, the instance and the place in the text.
    fn stream(&self, env: &Rc<Env>, text: &FunctionText) -> u64 {
        let (seed, draw) = self.random.unwrap_or((1, 0));
        let place = [seed, draw, u64::from(text.span.file), u64::from(text.span.start)];
        let bytes = env.path.bytes().chain(place.into_iter().flat_map(u64::to_le_bytes));
        super::random::hash(bytes)
    }

    fn piecewise(&mut self, env: &Rc<Env>, text: &FunctionText, values: &[f64]) -> Result<Waveform, Fault> {
        if !values.len().is_multiple_of(2) {
            let span = text.arguments.last().map_or(text.span, |value| value.span);
            let error = Diagnostic::error(span, "a PWL time without a value");
            return Err(error.label("the points are pairs of time and value").into());
        }
        let points: Vec<(f64, f64)> = match values {
            [] => text.points.clone(),
            _ => values.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect(),
        };
        if let Some(index) = (1..points.len()).find(|&i| points[i].0 <= points[i - 1].0) {
            let span = text.arguments.get(2 * index).map_or(text.span, |value: &Value| value.span);
            let error = Diagnostic::error(span, "the times of a PWL must ascend");
            return Err(error.label(format!("{:e} s after {:e} s", points[index].0, points[index - 1].0)).into());
        }
        let (mut repeat_from, mut delay) = (None, 0.0);
        for param in &text.params {
            let number = self.number(env, &param.value)?;
            if &*param.name.text == "td" {
                delay = number;
            } else if number >= 0.0 {
                let end = points.last().map_or(0.0, |p| p.0);
                if number >= end || !(number == 0.0 || points.iter().any(|p| p.0 == number)) {
                    let error =
                        Diagnostic::error(param.value.span, "`r=` must be the time of a point before the last one");
                    return Err(error.label(format!("the points end at {end:e} s")).into());
                }
                repeat_from = Some(number);
            }
        }
        Ok(Waveform::PiecewiseLinear { points, repeat_from, delay })
    }
}

/// Value at t = 0.
pub(super) fn initial_value(waveform: &Waveform) -> f64 {
    match waveform {
        Waveform::Pulse { low, .. } | Waveform::Exponential { low, .. } => *low,
        Waveform::Sine { offset, amplitude, phase_degrees, .. } => {
            offset + amplitude * phase_degrees.to_radians().sin()
        }
        Waveform::PiecewiseLinear { points, delay, .. } => {
            let next = points.partition_point(|&(time, _)| time + delay <= 0.0);
            match (next.checked_sub(1).map(|i| points[i]), points.get(next)) {
                (None, Some(&(_, value))) | (Some((_, value)), None) => value,
                (Some((t0, v0)), Some(&(t1, v1))) => v0 + (v1 - v0) * (-delay - t0) / (t1 - t0),
                (None, None) => 0.0,
            }
        }
        Waveform::FrequencyModulated { offset, .. } => *offset,
        Waveform::AmplitudeModulated { .. } | Waveform::Noise(_) | Waveform::Random(_) => 0.0,
    }
}

/// The waveform times a factor.
pub(super) fn scaled(waveform: Waveform, factor: f64) -> Waveform {
    let mut waveform = waveform;
    match &mut waveform {
        Waveform::Pulse { low: a, high: b, .. }
        | Waveform::Exponential { low: a, high: b, .. }
        | Waveform::Sine { offset: a, amplitude: b, .. }
        | Waveform::FrequencyModulated { offset: a, amplitude: b, .. } => {
            *a *= factor;
            *b *= factor;
        }
        Waveform::AmplitudeModulated { amplitude, .. } => *amplitude *= factor,
        Waveform::PiecewiseLinear { points, .. } => points.iter_mut().for_each(|point| point.1 *= factor),
        Waveform::Noise(noise) => noise.scale(factor),
        Waveform::Random(random) => {
            random.offset *= factor;
            random.factor *= factor;
        }
    }
    waveform
}
