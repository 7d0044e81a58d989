//! B sources: a voltage or a current given by an expression.

use super::controlled::control_branch;
use super::junction::CELSIUS;
use super::{Bank, Builder, Context, Slot, Stamps, Unknown};
use crate::circuit::{ElementId, ElementKind, Quantity};
use crate::diagnostic::Diagnostic;
use crate::expr::{Program, Workspace};

/// Bound on a derivative: that of `sqrt` at zero is infinite.
const STEEPEST: f64 = 1e12;

/// Where an input of the expression comes from.
#[derive(Clone, Copy)]
enum Input {
    /// `x[plus] - x[minus]`; a branch current has `minus` = 0.
    Unknowns(Unknown, Unknown),
    Time,
    /// Known when the bank is built.
    Fixed(f64),
}

#[derive(Clone)]
struct Behavioural {
    plus: Unknown,
    minus: Unknown,
    /// Branch current of a voltage source; 0 for a current source.
    branch: Unknown,
    /// Rows plus and minus at the branch; branch row at plus and minus.
    branch_slots: [Slot; 4],
    program: Program,
    inputs: Vec<Input>,
    /// Of each input: first output row at its plus and minus, then the second row.
    input_slots: Vec<[Slot; 4]>,
}

/// All B sources of a circuit. Source stepping does not scale them.
#[derive(Clone, Default)]
pub struct BehaviouralBank {
    elements: Vec<ElementId>,
    sources: Vec<Behavioural>,
    workspace: Workspace,
    values: Vec<f64>,
    gradient: Vec<f64>,
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
            let (program, quantities) = Program::compile(expression);
            let mut inputs = Vec::with_capacity(quantities.len());
            let mut input_slots = Vec::with_capacity(quantities.len());
            for quantity in quantities {
                let input = match quantity {
                    Quantity::Voltage(p, m) => Input::Unknowns(builder.node(p), builder.node(m)),
                    Quantity::Current(control) => Input::Unknowns(control_branch(builder, id, control, found), 0),
                    Quantity::Time => Input::Time,
                    Quantity::TemperCelsius => Input::Fixed(builder.temperature - CELSIUS),
                    Quantity::Hertz => Input::Fixed(0.0),
                };
                let (p, m) = match input {
                    Input::Unknowns(p, m) => (p, m),
                    _ => (0, 0),
                };
                inputs.push(input);
                input_slots
                    .push([(rows[0], p), (rows[0], m), (rows[1], p), (rows[1], m)].map(|(r, c)| builder.entry(r, c)));
            }
            bank.workspace.fit(&program);
            bank.values.resize(bank.values.len().max(inputs.len()), 0.0);
            bank.elements.push(id);
            bank.sources.push(Behavioural { plus, minus, branch, branch_slots, program, inputs, input_slots });
        }
        bank.gradient = bank.values.clone();
        bank
    }
}

impl Behavioural {
    fn gather(&self, ctx: &Context, values: &mut [f64]) {
        for (value, input) in values.iter_mut().zip(&self.inputs) {
            *value = match *input {
                Input::Unknowns(p, m) => ctx.x[p as usize] - ctx.x[m as usize],
                Input::Time => ctx.time,
                Input::Fixed(fixed) => fixed,
            };
        }
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
        self.sources
            .iter_mut()
            .flat_map(|s| s.branch_slots.iter_mut().chain(s.input_slots.iter_mut().flatten()))
            .collect()
    }

    fn constant(&self, g: &mut [f64], _c: &mut [f64]) {
        for s in self.sources.iter().filter(|s| s.branch != 0) {
            for (&slot, sign) in s.branch_slots.iter().zip([1.0, -1.0, 1.0, -1.0]) {
                g[slot as usize] += sign;
            }
        }
    }

    fn eval(&mut self, ctx: &Context, out: &mut Stamps) -> bool {
        let Self { sources, workspace, values, gradient, .. } = self;
        for s in sources.iter() {
            s.gather(ctx, values);
            let value = s.program.eval_gradient(values, workspace, gradient);
            let sign = if s.branch == 0 {
                out.current(s.plus, s.minus, value);
                1.0
            } else {
                out.current(s.plus, s.minus, ctx.x[s.branch as usize]);
                out.resistive(s.branch, ctx.x[s.plus as usize]);
                out.resistive(s.branch, -ctx.x[s.minus as usize]);
                out.resistive(s.branch, -value);
                -1.0
            };
            for (slots, slope) in s.input_slots.iter().zip(gradient.iter()) {
                let slope = sign * slope.clamp(-STEEPEST, STEEPEST);
                for (&slot, sign) in slots.iter().zip([1.0, -1.0, -1.0, 1.0]) {
                    out.g[slot as usize] += sign * slope;
                }
            }
        }
        false
    }

    fn current_and_power(&self, index: usize, ctx: &Context, _states: &[f64], _memory: &[f64]) -> Option<(f64, f64)> {
        let s = self.sources.get(index)?;
        let i = if s.branch == 0 {
            let mut values = vec![0.0; s.inputs.len()];
            s.gather(ctx, &mut values);
            s.program.eval(&values, &mut Workspace::for_program(&s.program))
        } else {
            ctx.x[s.branch as usize]
        };
        Some((i, i * (ctx.x[s.plus as usize] - ctx.x[s.minus as usize])))
    }
}
