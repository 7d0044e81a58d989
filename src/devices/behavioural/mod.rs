//! B sources: a voltage or a current given by an expression, which may have derivatives, integrals, delays and transfer
//! functions in it.

mod batch;
mod formula;
mod operator;

use std::sync::Mutex;

use num_complex::Complex64;

use super::{Bank, Builder, Context, Slot, Stamps, Unknown};
use crate::circuit::{ElementId, ElementKind};
use crate::diagnostic::Diagnostic;
use batch::Batches;
use formula::{Formula, Scratch};
use operator::Operator;

#[derive(Clone)]
struct Behavioural {
    plus: Unknown,
    minus: Unknown,
    /// Branch current of a voltage source; 0 for a current source.
    branch: Unknown,
    /// Rows plus and minus at the branch; branch row at plus and minus.
    branch_slots: [Slot; 4],
    formula: Formula,
    operators: Vec<Operator>,
}

/// All B sources of a circuit. Source stepping does not scale them.
#[derive(Default)]
pub struct BehaviouralBank {
    elements: Vec<ElementId>,
    sources: Vec<Behavioural>,
    /// Made in the first evaluation.
    batches: Option<Batches>,
    scratch: Scratch,
    /// For evaluations through a shared reference.
    shared: Mutex<Scratch>,
}

impl Clone for BehaviouralBank {
    fn clone(&self) -> Self {
        Self {
            elements: self.elements.clone(),
            sources: self.sources.clone(),
            batches: self.batches.clone(),
            scratch: self.scratch.clone(),
            shared: Mutex::new(self.scratch.clone()),
        }
    }
}

impl BehaviouralBank {
    /// Collects and compiles the B sources of the circuit.
    pub fn build(builder: &mut Builder, found: &mut Vec<Diagnostic>) -> Self {
        let mut bank = Self::default();
        let circuit = builder.circuit;
        for (k, element) in circuit.elements.iter().enumerate() {
            let id = ElementId(k as u32);
            let (expression, is_voltage) = match &element.kind {
                ElementKind::BehaviouralVoltage(expression) => (expression, true),
                ElementKind::BehaviouralCurrent(expression) => (expression, false),
                _ => continue,
            };
            let (plus, minus) = (builder.terminal(id, 0), builder.terminal(id, 1));
            let branch = if is_voltage { builder.branch(id) } else { 0 };
            let branch_slots = [(plus, branch), (minus, branch), (branch, plus), (branch, minus)]
                .map(|(row, column)| builder.entry(row, column));
            let rows = if is_voltage { [branch, 0] } else { [plus, minus] };
            let mut actions = Vec::new();
            let expression = operator::extract(expression, &mut actions);
            let scratch = &mut bank.scratch;
            let (mut operators, mut outputs) = (Vec::new(), Vec::new());
            for action in &actions {
                let operator = Operator::new(builder, id, action, &outputs, scratch, found);
                outputs.push(operator.output);
                operators.push(operator);
            }
            let formula = Formula::new(builder, id, &expression, rows, &outputs, scratch, found);
            bank.elements.push(id);
            bank.sources.push(Behavioural { plus, minus, branch, branch_slots, formula, operators });
        }
        bank.shared = Mutex::new(bank.scratch.clone());
        bank
    }
}

impl Behavioural {
    /// Sign of the expression in the first row.
    fn sign(&self) -> f64 {
        if self.branch == 0 { 1.0 } else { -1.0 }
    }
}

impl Bank for BehaviouralBank {
    fn clone_bank(&self) -> Box<dyn Bank> {
        Box::new(self.clone())
    }

    fn elements(&self) -> &[ElementId] {
        &self.elements
    }

    fn slots_mut(&mut self) -> Vec<&mut Slot> {
        self.batches = None;
        let mut all = Vec::new();
        for s in &mut self.sources {
            all.extend(s.branch_slots.iter_mut().chain(s.formula.slots_mut()));
            all.extend(s.operators.iter_mut().flat_map(|o| o.slots_mut()));
        }
        all
    }

    fn constant(&self, g: &mut [f64], c: &mut [f64]) {
        for s in &self.sources {
            if s.branch != 0 {
                for (&slot, sign) in s.branch_slots.iter().zip([1.0, -1.0, 1.0, -1.0]) {
                    g[slot as usize] += sign;
                }
            }
            s.operators.iter().for_each(|o| o.constant(g, c));
        }
    }

    fn eval(&mut self, ctx: &Context, out: &mut Stamps) -> bool {
        let Self { sources, scratch, batches, .. } = self;
        let batches = batches.get_or_insert_with(|| Batches::new(sources));
        batches.eval(sources, ctx, scratch, out);
        for &index in &batches.alone {
            let s = &mut sources[index];
            for operator in &mut s.operators {
                operator.eval(ctx, scratch, out);
            }
            let value = s.formula.evaluate(ctx, 0.0, scratch);
            if s.branch == 0 {
                out.current(s.plus, s.minus, value);
            } else {
                out.current(s.plus, s.minus, ctx.x[s.branch as usize]);
                out.resistive(s.branch, ctx.x[s.plus as usize]);
                out.resistive(s.branch, -ctx.x[s.minus as usize]);
                out.resistive(s.branch, -value);
            }
            s.formula.stamp(s.sign(), scratch, |slot, slope| out.g[slot as usize] += slope);
        }
        false
    }

    fn frequency_dependent(&self) -> bool {
        self.sources.iter().any(|s| s.formula.has_frequency() || s.operators.iter().any(Operator::is_special))
    }

    fn admittance(&self, omega: f64, ctx: &Context, _states: &[f64], _memory: &[f64], y: &mut [Complex64]) {
        let Ok(mut scratch) = self.shared.lock() else { return };
        for s in &self.sources {
            if s.branch != 0 {
                for (&slot, sign) in s.branch_slots.iter().zip([1.0, -1.0, 1.0, -1.0]) {
                    y[slot as usize] += sign;
                }
            }
            s.operators.iter().for_each(|o| o.admittance(omega, ctx, &mut scratch, y));
            s.formula.evaluate(ctx, omega / std::f64::consts::TAU, &mut scratch);
            s.formula.stamp(s.sign(), &scratch, |slot, slope| y[slot as usize] += slope);
        }
    }

    fn accept(&mut self, ctx: &Context, _memory: &mut [f64]) -> bool {
        let Self { sources, scratch, .. } = self;
        sources.iter_mut().flat_map(|s| &mut s.operators).for_each(|o| o.accept(ctx, scratch));
        false
    }

    fn restarted(&mut self, time: f64) {
        let operators = self.sources.iter_mut().flat_map(|s| &mut s.operators);
        operators.filter_map(Operator::past_mut).for_each(|past| past.corner(time));
    }

    fn breakpoint(&self, after: f64) -> f64 {
        let pasts = self.sources.iter().flat_map(|s| &s.operators).filter_map(Operator::past);
        pasts.map(|past| past.breakpoint(after)).fold(f64::INFINITY, f64::min)
    }

    fn max_step(&self) -> f64 {
        let pasts = self.sources.iter().flat_map(|s| &s.operators).filter_map(Operator::past);
        pasts.map(|past| past.delay()).fold(f64::INFINITY, f64::min)
    }

    fn current_and_power(&self, index: usize, ctx: &Context, _states: &[f64], _memory: &[f64]) -> Option<(f64, f64)> {
        let s = self.sources.get(index)?;
        let i = if s.branch == 0 { s.formula.value(ctx) } else { ctx.x[s.branch as usize] };
        Some((i, i * (ctx.x[s.plus as usize] - ctx.x[s.minus as usize])))
    }
}
