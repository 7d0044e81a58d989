//! Compiled expressions: a tape of instructions that gives the value and, run backwards, the gradient.
//!
//! Reverse-mode differentiation (Griewank and Walther, Evaluating Derivatives, 2008, chapter 3): the gradient costs a
//! small multiple of the value whatever the number of inputs. A conditional jumps over the branch that is not taken; its
//! registers keep an adjoint of zero, and the backward sweep skips such registers, so nothing of that branch, not even a
//! NaN, reaches value or gradient.

use super::scalar::{Scalar1, Scalar2, polygon};

/// One step of the tape. The instruction at index k writes register `first + k`; operands are registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Instruction {
    One(Scalar1, u32),
    Two(Scalar2, u32, u32),
    /// Register `.1` if `.0` is not zero, else register `.2`.
    Select(u32, u32, u32),
    /// Polygon number `.1` at register `.0`.
    Pwl(u32, u32),
    /// Goes on at instruction `.1` if register `.0` is zero.
    SkipIfZero(u32, u32),
    /// Goes on at this instruction.
    Skip(u32),
}

/// An expression compiled for repeated evaluation. Made by [`Program::compile`].
///
/// Registers hold the constants, then the inputs, then one result per instruction.
#[derive(Clone, Debug)]
pub struct Program {
    pub(super) constants: Vec<f64>,
    pub(super) inputs: usize,
    pub(super) code: Vec<Instruction>,
    pub(super) polygons: Vec<Vec<(f64, f64)>>,
    pub(super) result: u32,
}

/// Registers of a running [`Program`]; one workspace serves any number of programs in turn.
#[derive(Clone, Debug, Default)]
pub struct Workspace {
    values: Vec<f64>,
    adjoints: Vec<f64>,
}

impl Workspace {
    /// A workspace large enough for `program`.
    pub fn for_program(program: &Program) -> Self {
        let mut workspace = Self::default();
        workspace.fit(program);
        workspace
    }

    /// Makes the workspace large enough for `program`; evaluation does not allocate after that.
    pub fn fit(&mut self, program: &Program) {
        let registers = program.registers();
        if self.values.len() < registers {
            self.values.resize(registers, 0.0);
            self.adjoints.resize(registers, 0.0);
        }
    }
}

impl Program {
    /// Number of inputs.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// The value, when it does not depend on any input.
    pub fn as_const(&self) -> Option<f64> {
        self.constants.get(self.result as usize).copied()
    }

    #[inline]
    fn registers(&self) -> usize {
        self.constants.len() + self.inputs + self.code.len()
    }

    /// The value for the given inputs (in the order of the leaves that [`Program::compile`] returned). Singular points
    /// are treated as in [`Expr::evaluate`](super::Expr::evaluate).
    ///
    /// # Panics
    /// When there are fewer inputs than [`Program::inputs`].
    pub fn eval(&self, inputs: &[f64], work: &mut Workspace) -> f64 {
        work.fit(self);
        let values = &mut work.values[..self.registers()];
        let fixed = self.constants.len();
        let first = fixed + self.inputs;
        values[..fixed].copy_from_slice(&self.constants);
        values[fixed..first].copy_from_slice(&inputs[..self.inputs]);
        let mut next = 0;
        while let Some(&instruction) = self.code.get(next) {
            let of = |register: u32| values[register as usize];
            let result = match instruction {
                Instruction::One(scalar, x) => scalar.value(of(x)),
                Instruction::Two(scalar, a, b) => scalar.value(of(a), of(b)),
                Instruction::Select(condition, yes, no) => {
                    if of(condition) != 0.0 {
                        of(yes)
                    } else {
                        of(no)
                    }
                }
                Instruction::Pwl(x, points) => polygon(&self.polygons[points as usize], of(x)).0,
                Instruction::SkipIfZero(condition, target) => {
                    next = if of(condition) == 0.0 { target as usize } else { next + 1 };
                    continue;
                }
                Instruction::Skip(target) => {
                    next = target as usize;
                    continue;
                }
            };
            values[first + next] = result;
            next += 1;
        }
        values[self.result as usize]
    }

    /// The value, and in `gradient` its exact derivative with respect to each input. Of a conditional, and of `min`,
    /// `max` and the like, the derivative is that of the side taken; comparisons and logic have derivative zero.
    ///
    /// # Panics
    /// When `inputs` or `gradient` is shorter than [`Program::inputs`].
    pub fn eval_gradient(&self, inputs: &[f64], work: &mut Workspace, gradient: &mut [f64]) -> f64 {
        let value = self.eval(inputs, work);
        let registers = self.registers();
        let (values, adjoints) = (&work.values[..registers], &mut work.adjoints[..registers]);
        let fixed = self.constants.len();
        let first = fixed + self.inputs;
        adjoints.fill(0.0);
        adjoints[self.result as usize] = 1.0;
        for (index, &instruction) in self.code.iter().enumerate().rev() {
            let adjoint = adjoints[first + index];
            if adjoint == 0.0 {
                continue;
            }
            let of = |register: u32| values[register as usize];
            match instruction {
                Instruction::One(scalar, x) => {
                    adjoints[x as usize] += adjoint * scalar.slope(of(x), values[first + index]);
                }
                Instruction::Two(scalar, a, b) => {
                    if a as usize >= fixed {
                        adjoints[a as usize] += adjoint * scalar.slope_a(of(a), of(b));
                    }
                    if b as usize >= fixed {
                        adjoints[b as usize] += adjoint * scalar.slope_b(of(a), of(b), values[first + index]);
                    }
                }
                Instruction::Select(condition, yes, no) => {
                    let taken = if of(condition) != 0.0 { yes } else { no };
                    adjoints[taken as usize] += adjoint;
                }
                Instruction::Pwl(x, points) => {
                    adjoints[x as usize] += adjoint * polygon(&self.polygons[points as usize], of(x)).1;
                }
                Instruction::SkipIfZero(..) | Instruction::Skip(_) => {}
            }
        }
        gradient[..self.inputs].copy_from_slice(&adjoints[fixed..first]);
        value
    }
}

#[cfg(test)]
#[path = "program_tests.rs"]
mod tests;
