//! Measures over a dataset.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::MeasureResult;
use super::curve::Curve;
use crate::calc::{self, Evaluator, Expr, Kind, Name, Plot, Reference, Scope, Vector};
use crate::circuit::{Circuit, Condition, Count, Edge, Event, Measure, Norm, Task, Window};
use crate::output::Dataset;

/// The measures of a circuit that belong to a dataset, in deck order.
pub fn evaluate(circuit: &Circuit, data: &Dataset) -> Vec<MeasureResult> {
    evaluate_after(circuit, data, &[])
}

/// The same; expressions may also use the results of other analyses.
pub fn evaluate_after(circuit: &Circuit, data: &Dataset, earlier: &[MeasureResult]) -> Vec<MeasureResult> {
    let belongs = |measure: &&Measure| match measure.analysis {
        Some(analysis) => analysis.made(&data.plot_name),
        None => data.axis().is_some(),
    };
    let measures: Vec<&Measure> = circuit.measures.iter().filter(belongs).collect();
    let plot = Plot::new(data);
    let mut known: HashMap<String, f64> =
        earlier.iter().filter_map(|result| Some((result.name.clone(), result.value?))).collect();
    let mut results: Vec<Option<MeasureResult>> = vec![None; measures.len()];
    // A measure waits for those it names; what waits for itself or for a failed one fails in the last round.
    loop {
        let open: HashSet<&str> =
            measures.iter().zip(&results).filter(|(_, r)| r.is_none()).map(|(m, _)| m.name.as_str()).collect();
        let before = open.len();
        let ready: Vec<usize> = (0..measures.len())
            .filter(|&k| results[k].is_none() && !names(measures[k]).iter().any(|name| open.contains(name.as_str())))
            .collect();
        let round =
            if ready.is_empty() { (0..measures.len()).filter(|&k| results[k].is_none()).collect() } else { ready };
        for k in round {
            let result = evaluate_one(measures[k], &plot, &known);
            known.extend(result.value.map(|value| (result.name.clone(), value)));
            results[k] = Some(result);
        }
        if results.iter().filter(|r| r.is_none()).count() == before || before == 0 {
            return results.into_iter().flatten().collect();
        }
    }
}

/// Bare names in a measure, which may be other measures.
fn names(measure: &Measure) -> HashSet<String> {
    let mut all = HashSet::new();
    let collected: Result<Measure<()>, std::convert::Infallible> = measure.try_map(&mut |expr: &Expr| {
        expr.references(&mut |_, reference| {
            if let Name::Plain(name) = &reference.name {
                all.insert(name.clone());
            }
        });
        Ok(())
    });
    drop(collected);
    all.remove(&measure.name);
    all
}

/// One measure over a plot; `known` holds the values of others.
pub fn evaluate_one(measure: &Measure, plot: &dyn Scope, known: &HashMap<String, f64>) -> MeasureResult {
    let names = Names { plot, known };
    let mut work = Work { evaluator: Evaluator::new(&names), axis: plot.axis() };
    let (value, details, failure) = match work.task(&measure.task) {
        Ok((value, details)) if value.is_finite() => (Some(value), details, None),
        Ok((value, _)) => (None, Vec::new(), Some(format!("the value is {value}"))),
        Err(reason) => (None, Vec::new(), Some(reason)),
    };
    MeasureResult { name: measure.name.clone(), value, details, failure }
}

/// Vectors of a plot, and values of measures.
struct Names<'p> {
    plot: &'p dyn Scope,
    known: &'p HashMap<String, f64>,
}

impl Scope for Names<'_> {
    fn vector(&self, reference: &Reference) -> Option<Vector> {
        match (&reference.plot, &reference.name) {
            (None, Name::Plain(name)) if self.known.contains_key(name) => {
                self.known.get(name).copied().map(Vector::scalar)
            }
            _ => self.plot.vector(reference),
        }
    }

    fn axis(&self) -> Option<Arc<[f64]>> {
        self.plot.axis()
    }

    fn names(&self) -> Vec<String> {
        self.plot.names().into_iter().chain(self.known.keys().cloned()).collect()
    }
}

type Outcome = Result<(f64, Vec<(String, f64)>), String>;

struct Work<'p> {
    evaluator: Evaluator<'p>,
    axis: Option<Arc<[f64]>>,
}

impl Work<'_> {
    fn task(&mut self, task: &Task<Expr>) -> Outcome {
        match task {
            Task::Delay { trigger, target } => {
                let begin = self.event(trigger).map_err(|e| format!("TRIG: {e}"))?;
                let end = self.event(target).map_err(|e| format!("TARG: {e}"))?;
                Ok((end - begin, vec![("targ".into(), end), ("trig".into(), begin)]))
            }
            Task::When(condition) => Ok((self.crossing(condition)?, Vec::new())),
            Task::Find { what, event, derivative } => {
                let place = self.event(event)?;
                let curve = if *derivative { self.slope(what)? } else { self.curve(what)? };
                match curve.at(place) {
                    Some(value) => Ok((value, Vec::new())),
                    None => Err(outside(&curve, place)),
                }
            }
            Task::Statistic { kind, what, window } => {
                let curve = self.part(what, window)?;
                curve.statistic(*kind).ok_or_else(|| "no points in the window".into())
            }
            Task::Parameter(expr) => self.number(expr).map(|value| (value, Vec::new())),
            Task::Switching { kind, what, on, off, window } => {
                let (on, off) = (self.number(on)?, self.number(off)?);
                let curve = self.part(what, window)?;
                curve.switching(*kind, on, off).map(|value| (value, Vec::new()))
            }
            Task::Fourier { what, frequency, count, grid } => {
                let (curve, frequency) = (self.curve(what)?, self.number(frequency)?);
                let found = calc::harmonics(&curve.x, &curve.y, frequency, *count, *grid)
                    .ok_or_else(|| format!("the results hold no period of {frequency:e} Hz"))?;
                let mut details = Vec::new();
                for (k, harmonic) in found.harmonics.iter().enumerate() {
                    details.push((format!("mag{k}"), harmonic.magnitude));
                    details.push((format!("phase{k}"), harmonic.phase));
                }
                Ok((found.distortion, details))
            }
            Task::Error { what, table, norm } => {
                let curve = self.curve(what)?;
                let differences = table.iter().map(|&(place, wanted)| {
                    let value = curve.at(place).ok_or_else(|| outside(&curve, place))?;
                    Ok(if *norm == Norm::Relative {
                        (value - wanted) / wanted.abs().max(1e-12)
                    } else {
                        value - wanted
                    })
                });
                let differences = differences.collect::<Result<Vec<f64>, String>>()?;
                let squares: f64 = differences.iter().map(|d| d * d).sum();
                let value = match norm {
                    Norm::L1 => differences.iter().map(|d| d.abs()).sum(),
                    Norm::L2 => squares.sqrt(),
                    Norm::Infinity => differences.iter().fold(0.0f64, |m, d| m.max(d.abs())),
                    Norm::Relative => (squares / differences.len() as f64).sqrt(),
                };
                Ok((value, Vec::new()))
            }
        }
    }

    fn number(&mut self, expr: &Expr) -> Result<f64, String> {
        self.evaluator.scalar(expr).map_err(explain)
    }

    /// The real values of a quantity over the axis.
    fn values(&mut self, expr: &Expr) -> Result<(Arc<[f64]>, Vec<f64>), String> {
        let vector = self.evaluator.value(expr).map_err(explain)?;
        let axis = vector.axis.clone().or_else(|| self.axis.clone()).ok_or("the analysis has no axis")?;
        match (vector.len(), axis.len()) {
            (n, m) if n == m => Ok((axis, vector.reals())),
            (1, m) => Ok((axis, vec![vector.first(); m])),
            (n, m) => Err(format!("{n} values over {m} points of the axis")),
        }
    }

    fn curve(&mut self, expr: &Expr) -> Result<Curve, String> {
        let (axis, values) = self.values(expr)?;
        Ok(Curve::new(&axis, &values))
    }

    /// The derivative of a quantity along the axis.
    fn slope(&mut self, expr: &Expr) -> Result<Curve, String> {
        let call = Expr { kind: Kind::Call("deriv".into(), vec![expr.clone()]), at: expr.at, len: expr.len };
        self.curve(&call)
    }

    /// The part of a quantity in a window.
    fn part(&mut self, what: &Expr, window: &Window<Expr>) -> Result<Curve, String> {
        let curve = self.curve(what)?;
        let (from, to) = self.limits(&curve, window)?;
        Ok(if (from, to) == (f64::NEG_INFINITY, f64::INFINITY) { curve } else { curve.window(from, to) })
    }

    fn limits(&mut self, curve: &Curve, window: &Window<Expr>) -> Result<(f64, f64), String> {
        let (mut from, mut to) = (f64::NEG_INFINITY, f64::INFINITY);
        for bound in [&window.from, &window.delay].into_iter().flatten() {
            from = from.max(self.number(bound)?);
        }
        if let Some(bound) = &window.to {
            to = self.number(bound)?;
        }
        if let Some(event) = &window.trigger {
            from = from.max(self.event(event).map_err(|e| format!("TRIG: {e}"))?);
        }
        if let Some(event) = &window.target {
            to = to.min(self.event(event).map_err(|e| format!("TARG: {e}"))?);
        }
        let (first, last) = curve.range().ok_or("the results have no points")?;
        if to < from {
            return Err(format!("the window begins at {from:e} and ends before, at {to:e}"));
        }
        if from > last || to < first {
            return Err(format!("the window {from:e} to {to:e} is outside of the results, {first:e} to {last:e}"));
        }
        Ok((from, to))
    }

    /// Where an event is.
    fn event(&mut self, event: &Event<Expr>) -> Result<f64, String> {
        match event {
            Event::At(place) => self.number(place),
            Event::When(condition) => self.crossing(condition),
        }
    }

    fn crossing(&mut self, condition: &Condition<Expr>) -> Result<f64, String> {
        let (axis, left) = self.values(&condition.left)?;
        let (_, right) = self.values(&condition.right)?;
        let difference: Vec<f64> = left.iter().zip(&right).map(|(a, b)| a - b).collect();
        let curve = Curve::new(&axis, &difference);
        let (from, to) = self.limits(&curve, &condition.window)?;
        let counted = !matches!(&condition.count, Count::First);
        let wanted = |edge: Edge| condition.edge == Edge::Cross || condition.edge == edge;
        let window = curve.window(from, to);
        let all = window.crossings();
        let places: Vec<f64> =
            all.iter().filter(|(_, edge, at_start)| wanted(*edge) && (counted || !at_start)).map(|c| c.0).collect();
        let number = match &condition.count {
            Count::Last => -1.0,
            Count::First => 1.0,
            Count::Number(expr) => self.number(expr)?,
        };
        let index = if number < 0.0 { places.len() as f64 + number } else { number - 1.0 };
        if index >= 0.0 && index < places.len() as f64 {
            return Ok(places[index as usize]);
        }
        let kind = match condition.edge {
            Edge::Rise => "rise",
            Edge::Fall => "fall",
            Edge::Cross => "crossing",
        };
        let (low, high) = left.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), y| (l.min(*y), h.max(*y)));
        let target = right.first().copied().unwrap_or(f64::NAN);
        let constant = right.iter().all(|y| *y == target);
        let reason = match places.len() {
            0 if constant => format!("no {kind} through {target:e}; the values go from {low:e} to {high:e}"),
            0 => format!("no {kind} of the two quantities"),
            n => format!("{number} was asked for, but there is no more than {n} {kind}(s)"),
        };
        Err(reason)
    }
}

fn explain(error: calc::Error) -> String {
    error.message
}

fn outside(curve: &Curve, place: f64) -> String {
    match curve.range() {
        Some((first, last)) => format!("{place:e} is outside of the results, {first:e} to {last:e}"),
        None => "the results have no points".into(),
    }
}
