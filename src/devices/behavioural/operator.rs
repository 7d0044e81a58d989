//! Derivatives, integrals, delays and transfer functions inside expressions, each with unknowns of its own.
//!
//! An operator is a few linear rows plus its input `f(x)`, which enters one of them:
//!
//! - `w = ddt(f)`: `w - d/dt f = 0`.
//! - `w = idt(f, w0)`: `d/dt w - f = 0`, and `w - w0 = 0` at an operating point.
//! - `w = delay(f, td)`: `w(t) - f(t - td) = 0`.
//! - `w = N(s)/D(s) f`: with `x_k = d_k s^k f / D(s)`, so that all `x_k` have the size of the input,
//!   `sum x_k = f`, `x_(k+1) = (d_(k+1)/d_k) d/dt x_k`, `w = sum (n_k/d_k) x_k`; where a `d_k` is missing `n_k` or a mean of
//!   the neighbours scales instead. A pole at zero gets a tiny loss at operating points, where it would be undetermined.
//! - Any other transfer function: `w - H(j omega) f = 0`, in AC analyses only.

use num_complex::Complex64;

use super::formula::{Formula, Scratch};
use crate::circuit::{Analysis, ElementId, Quantity};
use crate::devices::history::History;
use crate::devices::transfer::{Ratio, response};
use crate::devices::{Builder, Context, Slot, Stamps, Unknown};
use crate::diagnostic::Diagnostic;
use crate::expr::{Builtin, Expr};

/// Factor on the rows of operators: their absolute tolerance is that of a branch equation, 1e-6, divided by it.
const SCALE: f64 = 1e6;
/// Loss of an integrator at an operating point.
const LOSS: f64 = 1e-9;

/// What an operator does to its input.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Action {
    Derivative,
    /// Value at the operating point.
    Integral(f64),
    /// Delay, s.
    Delay(f64),
    Transfer(Ratio),
    Response(Response),
}

/// A transfer function known at frequencies only.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Response {
    Function(Expr<Quantity>),
    /// Frequency, Hz, rising; natural logarithm of the magnitude; phase, rad.
    Points(Vec<[f64; 3]>),
}

impl Response {
    fn at(&self, omega: f64) -> Complex64 {
        match self {
            Self::Function(transfer) => {
                response(transfer, Complex64::new(0.0, omega)).unwrap_or(Complex64::new(f64::NAN, 0.0))
            }
            Self::Points(points) => {
                let f = omega / std::f64::consts::TAU;
                let next = points.partition_point(|p| p[0] <= f);
                let polar = |[_, size, phase]: [f64; 3]| Complex64::from_polar(size.exp(), phase);
                match (next.checked_sub(1).map(|k| points[k]), points.get(next)) {
                    (Some(a), Some(&b)) => {
                        let logarithmic = a[0] > 0.0;
                        let x =
                            if logarithmic { (f / a[0]).ln() / (b[0] / a[0]).ln() } else { (f - a[0]) / (b[0] - a[0]) };
                        polar([f, a[1] + (b[1] - a[1]) * x, a[2] + (b[2] - a[2]) * x])
                    }
                    (Some(only), None) => polar(only),
                    (None, Some(&only)) => polar(only),
                    (None, None) => Complex64::ZERO,
                }
            }
        }
    }

    /// Real value at direct current.
    fn at_rest(&self) -> f64 {
        let exact = self.at(0.0);
        if exact.is_finite() { exact.re } else { self.at(1e-3).re }
    }
}

/// Takes the operators out of an expression, innermost first; they are named by [`Quantity::Operator`] in what is left.
pub(super) fn extract(expression: &Expr<Quantity>, all: &mut Vec<(Action, Expr<Quantity>)>) -> Expr<Quantity> {
    let mut inner = |x: &Expr<Quantity>| Box::new(extract(x, all));
    match expression {
        Expr::Const(_) | Expr::Leaf(_) => expression.clone(),
        Expr::Unary(op, x) => Expr::Unary(*op, inner(x)),
        Expr::Binary(op, a, b) => Expr::Binary(*op, inner(a), inner(b)),
        Expr::If(c, a, b) => Expr::If(inner(c), inner(a), inner(b)),
        Expr::Call(function, arguments) if function.has_memory() => {
            let Some((input, details)) = arguments.split_first() else { return Expr::Const(f64::NAN) };
            let input = extract(input, all);
            let detail = |k: usize| details.get(k).and_then(Expr::as_const);
            match function {
                Builtin::Derivative => operator(Action::Derivative, input, all),
                Builtin::Integral => operator(Action::Integral(detail(0).unwrap_or(0.0)), input, all),
                Builtin::Delay => delay(detail(0).unwrap_or(0.0), input, all),
                Builtin::Response => {
                    let values: Vec<f64> = details.iter().filter_map(Expr::as_const).collect();
                    let points = values.chunks_exact(3).map(|p| [p[0], p[1], p[2]]).collect();
                    operator(Action::Response(Response::Points(points)), input, all)
                }
                _ => match details.first().map(|transfer| (transfer, Ratio::from(transfer))) {
                    Some((_, Some(ratio))) if ratio.delay >= 0.0 => {
                        let input = delay(ratio.delay, input, all);
                        operator(Action::Transfer(ratio), input, all)
                    }
                    Some((transfer, _)) => operator(Action::Response(Response::Function(transfer.clone())), input, all),
                    None => Expr::Const(f64::NAN),
                },
            }
        }
        Expr::Call(function, arguments) => {
            Expr::Call(*function, arguments.iter().map(|argument| extract(argument, all)).collect())
        }
    }
}

fn delay(time: f64, input: Expr<Quantity>, all: &mut Vec<(Action, Expr<Quantity>)>) -> Expr<Quantity> {
    if time > 0.0 { operator(Action::Delay(time), input, all) } else { input }
}

fn operator(action: Action, input: Expr<Quantity>, all: &mut Vec<(Action, Expr<Quantity>)>) -> Expr<Quantity> {
    let same = all.iter().position(|(a, x)| *a == action && *x == input);
    let number = same.unwrap_or_else(|| {
        all.push((action, input));
        all.len() - 1
    });
    Expr::Leaf(Quantity::Operator(number as u32))
}

/// A constant entry of a matrix.
#[derive(Clone, Copy)]
struct Entry {
    row: Unknown,
    column: Unknown,
    value: f64,
    slot: Slot,
}

/// How the input enters its row.
#[derive(Clone)]
enum Enters {
    Charge,
    Resistive,
    /// Not at operating points, where this value stands instead.
    Moving(f64),
    /// From the past.
    Delayed(History<1>),
    Response(Response),
}

/// An operator in the equations.
#[derive(Clone)]
pub(super) struct Operator {
    /// The unknown that holds its value.
    pub output: Unknown,
    row: Unknown,
    input: Formula,
    enters: Enters,
    resistive: Vec<Entry>,
    reactive: Vec<Entry>,
    /// Resistive entries at operating points only.
    held: Vec<Entry>,
}

impl Operator {
    /// Declares the unknowns and rows of an operator; `before` are those of the element made before it.
    pub fn new(
        builder: &mut Builder,
        id: ElementId,
        (action, input): &(Action, Expr<Quantity>),
        before: &[Unknown],
        scratch: &mut Scratch,
        found: &mut Vec<Diagnostic>,
    ) -> Self {
        let output = builder.internal_branch(id, &format!("{}", before.len()));
        let mut rows = Rows::default();
        let mut row = output;
        let enters = match action {
            Action::Derivative => {
                rows.add(builder, Which::Resistive, (output, output), 1.0);
                Enters::Charge
            }
            Action::Integral(start) => {
                rows.add(builder, Which::Reactive, (output, output), 1.0);
                rows.add(builder, Which::Held, (output, output), 1.0);
                Enters::Moving(*start)
            }
            Action::Delay(time) => {
                rows.add(builder, Which::Resistive, (output, output), 1.0);
                Enters::Delayed(History::new(*time))
            }
            Action::Transfer(ratio) => {
                row = chain(builder, id, output, ratio, &mut rows);
                Enters::Resistive
            }
            Action::Response(response) => {
                rows.add(builder, Which::Resistive, (output, output), 1.0);
                check(builder, id, response, found);
                Enters::Response(response.clone())
            }
        };
        let input = Formula::new(builder, id, input, [row, 0], before, scratch, found);
        let [resistive, reactive, held] = rows.entries;
        Self { output, row, input, enters, resistive, reactive, held }
    }

    /// True when `G + j omega C` is not the small-signal behaviour.
    pub fn is_special(&self) -> bool {
        !matches!(self.enters, Enters::Charge | Enters::Resistive)
            || !self.held.is_empty()
            || self.input.has_frequency()
    }

    /// Every slot.
    pub fn slots_mut(&mut self) -> impl Iterator<Item = &mut Slot> {
        let own = self.resistive.iter_mut().chain(&mut self.reactive).chain(&mut self.held).map(|e| &mut e.slot);
        own.chain(self.input.slots_mut())
    }

    /// Adds the constant entries.
    pub fn constant(&self, g: &mut [f64], c: &mut [f64]) {
        self.resistive.iter().for_each(|e| g[e.slot as usize] += e.value);
        self.reactive.iter().for_each(|e| c[e.slot as usize] += e.value);
    }

    /// Adds residuals and changing entries.
    pub fn eval(&mut self, ctx: &Context, scratch: &mut Scratch, out: &mut Stamps) {
        let rests = ctx.states.coefficient.is_none();
        for e in &self.resistive {
            out.resistive(e.row, e.value * ctx.x[e.column as usize]);
        }
        for e in &self.reactive {
            out.q[e.row as usize] += e.value * ctx.x[e.column as usize];
        }
        if rests {
            for e in &self.held {
                out.resistive(e.row, e.value * ctx.x[e.column as usize]);
                out.g[e.slot as usize] += e.value;
            }
        }
        let factor = match &mut self.enters {
            Enters::Charge => {
                let value = self.input.evaluate(ctx, 0.0, scratch);
                out.q[self.row as usize] -= SCALE * value;
                self.input.stamp(-SCALE, scratch, |slot, value| out.c[slot as usize] += value);
                return;
            }
            Enters::Moving(start) if rests => return out.resistive(self.row, -SCALE * *start),
            Enters::Delayed(past) if !rests => return out.resistive(self.row, -SCALE * past.delayed(ctx.time)[0]),
            Enters::Response(response) => response.at_rest(),
            _ => 1.0,
        };
        let value = self.input.evaluate(ctx, 0.0, scratch);
        out.resistive(self.row, -SCALE * factor * value);
        self.input.stamp(-SCALE * factor, scratch, |slot, value| out.g[slot as usize] += value);
        if let Enters::Delayed(past) = &mut self.enters
            && ctx.time == 0.0
        {
            past.start(0.0, [value]);
        }
    }

    /// Small-signal entries at an angular frequency, rad/s.
    pub fn admittance(&self, omega: f64, ctx: &Context, scratch: &mut Scratch, y: &mut [Complex64]) {
        let s = Complex64::new(0.0, omega);
        self.resistive.iter().for_each(|e| y[e.slot as usize] += e.value);
        self.reactive.iter().for_each(|e| y[e.slot as usize] += s * e.value);
        if omega == 0.0 {
            self.held.iter().for_each(|e| y[e.slot as usize] += e.value);
        }
        let factor = match &self.enters {
            Enters::Charge => s,
            Enters::Moving(_) if omega == 0.0 => return,
            Enters::Resistive | Enters::Moving(_) => Complex64::ONE,
            Enters::Delayed(past) => (-s * past.delay()).exp(),
            Enters::Response(response) => response.at(omega),
        };
        self.input.evaluate(ctx, omega / std::f64::consts::TAU, scratch);
        self.input.stamp(-SCALE, scratch, |slot, value| y[slot as usize] += factor * value);
    }

    /// Takes a point over into the past.
    pub fn accept(&mut self, ctx: &Context, scratch: &mut Scratch) {
        if let Enters::Delayed(past) = &mut self.enters
            && ctx.time > 0.0
        {
            past.accept(ctx.time, [self.input.evaluate(ctx, 0.0, scratch)]);
        }
    }

    /// The past of a delay.
    pub fn past(&self) -> Option<&History<1>> {
        match &self.enters {
            Enters::Delayed(past) => Some(past),
            _ => None,
        }
    }

    /// The past of a delay, to be changed.
    pub fn past_mut(&mut self) -> Option<&mut History<1>> {
        match &mut self.enters {
            Enters::Delayed(past) => Some(past),
            _ => None,
        }
    }
}

/// A response without a value, and one that a transient would need.
fn check(builder: &Builder, id: ElementId, response: &Response, found: &mut Vec<Diagnostic>) {
    let element = &builder.circuit.elements[id.0 as usize];
    let Response::Function(_) = response else { return transient(builder, id, found) };
    if !response.at(1.0).is_finite() && !response.at(1e3).is_finite() {
        let text = format!("the transfer function of `{}` has no value at 1 rad/s and 1000 rad/s", element.name);
        let error = Diagnostic::error(element.span, text).label("a function of `s` expected");
        found.push(error.hint("it may have + - * / ^ exp ln sqrt and circular and hyperbolic functions"));
        return;
    }
    transient(builder, id, found);
}

fn transient(builder: &Builder, id: ElementId, found: &mut Vec<Diagnostic>) {
    if builder.circuit.analyses.iter().any(|a| matches!(a, Analysis::Tran { .. })) {
        let element = &builder.circuit.elements[id.0 as usize];
        let text = format!("`{}` has no realisation in time for a transient analysis", element.name);
        let error = Diagnostic::error(element.span, text).label("its response is known at frequencies only");
        found.push(error.hint("a ratio of polynomials of s, times exp(-s*delay), works in every analysis"));
    }
}

#[derive(Clone, Copy)]
enum Which {
    Resistive,
    Reactive,
    Held,
}

/// Entries of an operator being built.
#[derive(Default)]
struct Rows {
    entries: [Vec<Entry>; 3],
}

impl Rows {
    fn add(&mut self, builder: &mut Builder, which: Which, (row, column): (Unknown, Unknown), value: f64) {
        let slot = builder.entry(row, column);
        self.entries[which as usize].push(Entry { row, column, value: SCALE * value, slot });
    }
}

/// Sizes of the terms `d_k s^k` of the denominator, all positive.
fn sizes(ratio: &Ratio) -> Vec<f64> {
    let (n, d) = (&ratio.numerator, &ratio.denominator);
    let known = |k: usize| {
        let size = |p: &[f64]| p.get(k).map_or(0.0, |c| c.abs());
        if size(d) != 0.0 { size(d) } else { size(n) }
    };
    let count = n.len().max(d.len());
    let nearest = |k: usize, up: bool| {
        let mut range = (0..count).filter(|&j| known(j) != 0.0 && (if up { j > k } else { j < k }));
        let found = if up { range.next() } else { range.next_back() };
        found.map(|j| (j as f64, known(j).ln()))
    };
    (0..count)
        .map(|k| match (known(k), nearest(k, false), nearest(k, true)) {
            (0.0, Some((a, x)), Some((b, y))) => (x + (y - x) * (k as f64 - a) / (b - a)).exp(),
            (0.0, Some((_, x)), None) | (0.0, None, Some((_, x))) => x.exp(),
            (size, ..) => size,
        })
        .collect()
}

/// The chain of derivatives behind a ratio of polynomials; returns the row that its input enters.
fn chain(builder: &mut Builder, id: ElementId, output: Unknown, ratio: &Ratio, rows: &mut Rows) -> Unknown {
    let sizes = sizes(ratio);
    let own = builder.unknowns.len();
    let x: Vec<Unknown> = (0..sizes.len()).map(|k| builder.internal_branch(id, &format!("s{own}_{k}"))).collect();
    rows.add(builder, Which::Resistive, (output, output), 1.0);
    for (k, c) in ratio.numerator.iter().enumerate().filter(|(_, c)| **c != 0.0) {
        rows.add(builder, Which::Resistive, (output, x[k]), -c / sizes[k]);
    }
    for (k, c) in ratio.denominator.iter().enumerate().filter(|(_, c)| **c != 0.0) {
        rows.add(builder, Which::Resistive, (x[0], x[k]), c / sizes[k]);
    }
    let free = ratio.denominator.iter().take_while(|c| **c == 0.0).count();
    for k in 1..x.len() {
        rows.add(builder, Which::Resistive, (x[k], x[k]), 1.0);
        rows.add(builder, Which::Reactive, (x[k], x[k - 1]), -sizes[k] / sizes[k - 1]);
        if k <= free {
            rows.add(builder, Which::Held, (x[k], x[k - 1]), -LOSS.powf(1.0 / free as f64));
        }
    }
    x[0]
}
