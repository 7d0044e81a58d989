//! A compiled expression with the places of its inputs in the equations.

use std::collections::HashMap;
use std::sync::Arc;

use crate::circuit::{ElementId, Quantity};
use crate::devices::controlled::control_branch;
use crate::devices::junction::CELSIUS;
use crate::devices::{Builder, Context, Slot, Unknown};
use crate::diagnostic::Diagnostic;
use crate::expr::{Expr, Program, Workspace};

/// Bound on a derivative: that of `sqrt` at zero is infinite.
const STEEPEST: f64 = 1e12;

/// Where an input of the expression comes from.
#[derive(Clone, Copy)]
pub(super) enum Input {
    /// `x[plus] - x[minus]`; a current or an operator has `minus` = 0.
    Unknowns(Unknown, Unknown),
    Time,
    Hertz,
    /// Known when the bank is built.
    Fixed(f64),
}

/// Most programs of one shape among which a new one is looked for.
const MOST_KNOWN: usize = 16;

/// A derivative within [`STEEPEST`].
#[inline]
pub(super) fn clamped(slope: f64) -> f64 {
    slope.clamp(-STEEPEST, STEEPEST)
}

/// Work vectors of the evaluation, large enough for every formula of a bank.
#[derive(Clone, Default)]
pub(super) struct Scratch {
    workspace: Workspace,
    /// Programs made so far, by shape: the cells of an array share them.
    known: HashMap<u64, Vec<Arc<Program>>>,
    values: Vec<f64>,
    /// Derivatives with respect to the inputs of the formula evaluated last.
    gradient: Vec<f64>,
}

impl Scratch {
    /// Derivatives with respect to the inputs of the formula evaluated last, and what is left of longer ones.
    pub fn gradient(&self) -> &[f64] {
        &self.gradient
    }
}

/// An expression whose value enters the equations of two rows, with opposite signs.
#[derive(Clone)]
pub(super) struct Formula {
    pub program: Arc<Program>,
    pub inputs: Vec<Input>,
    /// Of each input: first row at its plus and minus, then the second row.
    pub slots: Vec<[Slot; 4]>,
}

impl Formula {
    /// Compiles `expression`; `operators` are the unknowns of its operators.
    pub fn new(
        builder: &mut Builder,
        id: ElementId,
        expression: &Expr<Quantity>,
        rows: [Unknown; 2],
        operators: &[Unknown],
        scratch: &mut Scratch,
        found: &mut Vec<Diagnostic>,
    ) -> Self {
        let (program, quantities) = Program::compile(expression);
        let known = scratch.known.entry(program.shape_hash()).or_default();
        let same = known.iter().find(|p| p.same_shape(&program) && p.constants() == program.constants()).cloned();
        let program = same.unwrap_or_else(|| {
            let program = Arc::new(program);
            // what differs in every instance is not worth the search
            if known.len() < MOST_KNOWN {
                known.push(program.clone());
            }
            program
        });
        let mut formula = Self { program, inputs: Vec::new(), slots: Vec::new() };
        for quantity in quantities {
            let input = match quantity {
                Quantity::Voltage(p, m) => Input::Unknowns(builder.node(p), builder.node(m)),
                Quantity::Current(control) => Input::Unknowns(control_branch(builder, id, control, found), 0),
                Quantity::Operator(k) => Input::Unknowns(operators.get(k as usize).copied().unwrap_or(0), 0),
                Quantity::Time => Input::Time,
                Quantity::TemperCelsius => Input::Fixed(builder.temperature - CELSIUS),
                Quantity::Hertz => Input::Hertz,
                // stands in transfer functions only
                Quantity::Laplace => Input::Fixed(0.0),
            };
            let (p, m) = match input {
                Input::Unknowns(p, m) => (p, m),
                _ => (0, 0),
            };
            formula.inputs.push(input);
            let places = [(rows[0], p), (rows[0], m), (rows[1], p), (rows[1], m)];
            formula.slots.push(places.map(|(row, column)| builder.entry(row, column)));
        }
        scratch.workspace.fit(&formula.program);
        let inputs = scratch.values.len().max(formula.inputs.len());
        scratch.values.resize(inputs, 0.0);
        scratch.gradient.resize(inputs, 0.0);
        formula
    }

    /// True when the expression depends on the frequency.
    pub fn has_frequency(&self) -> bool {
        self.inputs.iter().any(|input| matches!(input, Input::Hertz))
    }

    /// Every slot.
    pub fn slots_mut(&mut self) -> impl Iterator<Item = &mut Slot> {
        self.slots.iter_mut().flatten()
    }

    fn gather(&self, ctx: &Context, hertz: f64, values: &mut [f64]) {
        for (value, input) in values.iter_mut().zip(&self.inputs) {
            *value = match *input {
                Input::Unknowns(p, m) => ctx.x[p as usize] - ctx.x[m as usize],
                Input::Time => ctx.time,
                Input::Hertz => hertz,
                Input::Fixed(fixed) => fixed,
            };
        }
    }

    /// The value, with its gradient left in `scratch`.
    pub fn evaluate(&self, ctx: &Context, hertz: f64, scratch: &mut Scratch) -> f64 {
        self.gather(ctx, hertz, &mut scratch.values);
        self.program.eval_gradient(&scratch.values, &mut scratch.workspace, &mut scratch.gradient)
    }

    /// The value alone, without work vectors.
    pub fn value(&self, ctx: &Context) -> f64 {
        let mut values = vec![0.0; self.inputs.len()];
        self.gather(ctx, 0.0, &mut values);
        self.program.eval(&values, &mut Workspace::for_program(&self.program))
    }

    /// Hands `factor` times the gradient in `scratch` to the places of the Jacobian.
    pub fn stamp(&self, factor: f64, scratch: &Scratch, mut add: impl FnMut(Slot, f64)) {
        for (slots, slope) in self.slots.iter().zip(&scratch.gradient) {
            let slope = factor * clamped(*slope);
            for (&slot, sign) in slots.iter().zip([1.0, -1.0, -1.0, 1.0]) {
                add(slot, sign * slope);
            }
        }
    }
}
