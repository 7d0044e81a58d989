//! Tree to tape: constants folded, common subexpressions shared, small powers as products.

use std::collections::HashMap;

use super::ast::{Builtin, Expr};
use super::evaluate::Shape;
use super::program::{Instruction, Program};
use super::scalar::{Scalar1, Scalar2};

/// Greatest magnitude of an integer exponent that becomes a product.
const MAX_PRODUCT: f64 = 16.0;

impl Program {
    /// Compiles `expr`; also returns its distinct leaves in the order of their first use, which is that of the inputs.
    pub fn compile<L: PartialEq + Clone>(expr: &Expr<L>) -> (Program, Vec<L>) {
        let mut compiler = Compiler::default();
        let result = compiler.expr(expr);
        compiler.finish(result)
    }
}

/// Where an operand comes from, before the registers are numbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Slot {
    Constant(u32),
    Input(u32),
    Result(u32),
}

/// An instruction over slots; also the key under which a common subexpression is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Step {
    One(Scalar1, Slot),
    Two(Scalar2, Slot, Slot),
    Select(Slot, Slot, Slot),
    Pwl(Slot, u32),
    SkipIfZero(Slot, u32),
    Skip(u32),
}

struct Compiler<L> {
    leaves: Vec<L>,
    constants: Vec<f64>,
    steps: Vec<Step>,
    polygons: Vec<Vec<(f64, f64)>>,
    /// Results at hand, by what computes them.
    known: HashMap<Step, Slot>,
    /// Keys of `known` in the order they came, to forget those of a branch at its end.
    recent: Vec<Step>,
    constant_index: HashMap<u64, Slot>,
}

impl<L> Default for Compiler<L> {
    fn default() -> Self {
        Self {
            leaves: Vec::new(),
            constants: Vec::new(),
            steps: Vec::new(),
            polygons: Vec::new(),
            known: HashMap::new(),
            recent: Vec::new(),
            constant_index: HashMap::new(),
        }
    }
}

impl<L: PartialEq + Clone> Compiler<L> {
    fn expr(&mut self, expr: &Expr<L>) -> Slot {
        match expr {
            Expr::Const(value) => self.constant(*value),
            Expr::Leaf(leaf) => {
                let index = self.leaves.iter().position(|known| known == leaf).unwrap_or_else(|| {
                    self.leaves.push(leaf.clone());
                    self.leaves.len() - 1
                });
                Slot::Input(index as u32)
            }
            Expr::Unary(op, x) => {
                let x = self.expr(x);
                self.one(op.scalar(), x)
            }
            Expr::Binary(op, a, b) => {
                let (a, b) = (self.expr(a), self.expr(b));
                let (scalar, exchanged) = op.scalar();
                if exchanged { self.two(scalar, b, a) } else { self.two(scalar, a, b) }
            }
            Expr::If(condition, yes, no) => self.choice(condition, yes, no),
            Expr::Call(function, arguments) => self.call(*function, arguments),
        }
    }

    fn call(&mut self, function: Builtin, arguments: &[Expr<L>]) -> Slot {
        match (function.shape(), arguments) {
            (Shape::One(scalar), [x]) => {
                let x = self.expr(x);
                self.one(scalar, x)
            }
            (Shape::Two(scalar), [a, b]) => {
                let (a, b) = (self.expr(a), self.expr(b));
                self.two(scalar, a, b)
            }
            (Shape::Many(scalar), [first, rest @ ..]) => {
                let first = self.expr(first);
                rest.iter().fold(first, |so_far, next| {
                    let next = self.expr(next);
                    self.two(scalar, so_far, next)
                })
            }
            (Shape::Limit, [x, low, high]) => {
                let (x, low, high) = (self.expr(x), self.expr(low), self.expr(high));
                let above = self.two(Scalar2::Max, x, low);
                self.two(Scalar2::Min, above, high)
            }
            (Shape::Ternary, [condition, yes, no]) => self.choice(condition, yes, no),
            (Shape::Pwl, [x, points @ ..]) => {
                let x = self.expr(x);
                self.pwl(x, points)
            }
            _ => self.constant(f64::NAN),
        }
    }

    /// `points` are constants (checked when the expression was resolved).
    fn pwl(&mut self, x: Slot, points: &[Expr<L>]) -> Slot {
        let value = |expr: &Expr<L>| expr.as_const().unwrap_or(f64::NAN);
        let points: Vec<(f64, f64)> = points.chunks_exact(2).map(|p| (value(&p[0]), value(&p[1]))).collect();
        let index = self.polygons.iter().position(|known| *known == points).unwrap_or_else(|| {
            self.polygons.push(points);
            self.polygons.len() - 1
        });
        self.emit(Step::Pwl(x, index as u32))
    }

    /// Code: condition; skip to `no` if zero; yes; skip to the end; no; select. Jumps over empty branches are left out.
    fn choice(&mut self, condition: &Expr<L>, yes: &Expr<L>, no: &Expr<L>) -> Slot {
        let condition = self.expr(condition);
        if let Slot::Constant(index) = condition {
            return self.expr(if self.constants[index as usize] != 0.0 { yes } else { no });
        }
        let to_no = self.steps.len();
        self.steps.push(Step::Skip(0));
        let yes = self.branch(yes);
        let to_end = self.steps.len();
        self.steps.push(Step::Skip(0));
        let no = self.branch(no);
        if self.steps.len() == to_no + 2 {
            self.steps.truncate(to_no);
        } else {
            self.steps[to_no] = Step::SkipIfZero(condition, to_end as u32 + 1);
            self.steps[to_end] = Step::Skip(self.steps.len() as u32);
        }
        if yes == no { yes } else { self.emit(Step::Select(condition, yes, no)) }
    }

    /// Code that may be skipped: its results are forgotten afterwards.
    fn branch(&mut self, expr: &Expr<L>) -> Slot {
        let before = self.recent.len();
        let slot = self.expr(expr);
        for step in self.recent.drain(before..) {
            self.known.remove(&step);
        }
        slot
    }

    fn constant(&mut self, value: f64) -> Slot {
        let constants = &mut self.constants;
        *self.constant_index.entry(value.to_bits()).or_insert_with(|| {
            constants.push(value);
            Slot::Constant(constants.len() as u32 - 1)
        })
    }

    fn value(&self, slot: Slot) -> Option<f64> {
        match slot {
            Slot::Constant(index) => Some(self.constants[index as usize]),
            _ => None,
        }
    }

    fn one(&mut self, scalar: Scalar1, x: Slot) -> Slot {
        match self.value(x) {
            Some(value) => self.constant(scalar.value(value)),
            None => self.emit(Step::One(scalar, x)),
        }
    }

    fn two(&mut self, scalar: Scalar2, a: Slot, b: Slot) -> Slot {
        match (scalar, self.value(a), self.value(b)) {
            (_, Some(x), Some(y)) => self.constant(scalar.value(x, y)),
            (Scalar2::Add, Some(0.0), _) | (Scalar2::Multiply, Some(1.0), _) => b,
            (Scalar2::Add | Scalar2::Subtract, _, Some(0.0)) | (Scalar2::Multiply | Scalar2::Divide, _, Some(1.0)) => a,
            (Scalar2::Power | Scalar2::SignedPower, _, Some(exponent)) => self.power(scalar, a, b, exponent),
            _ if scalar.commutes() && b < a => self.emit(Step::Two(scalar, b, a)),
            _ => self.emit(Step::Two(scalar, a, b)),
        }
    }

    /// |x|^n and sgn(x) |x|^n: as products for a small integer, as a root for one half.
    fn power(&mut self, scalar: Scalar2, x: Slot, exponent: Slot, value: f64) -> Slot {
        if scalar == Scalar2::Power && value == 0.5 {
            let magnitude = self.one(Scalar1::Abs, x);
            return self.one(Scalar1::Sqrt, magnitude);
        }
        if value == 0.0 || value.fract() != 0.0 || value.abs() > MAX_PRODUCT {
            return self.emit(Step::Two(scalar, x, exponent));
        }
        let count = value.abs() as u32;
        // x^n has the wrong sign for |x|^n when n is odd, and for sgn(x) |x|^n when n is even: one factor becomes |x|
        let signed = scalar == Scalar2::SignedPower;
        let product = if (count % 2 == 1) == signed {
            self.product(x, count)
        } else {
            let magnitude = self.one(Scalar1::Abs, x);
            let rest = if count == 1 { None } else { Some(self.product(x, count - 1)) };
            rest.map_or(magnitude, |rest| self.two(Scalar2::Multiply, rest, magnitude))
        };
        if value > 0.0 {
            return product;
        }
        let one = self.constant(1.0);
        self.two(Scalar2::Divide, one, product)
    }

    /// x^n for n > 0 by squaring.
    fn product(&mut self, x: Slot, n: u32) -> Slot {
        if n == 1 {
            return x;
        }
        let half = self.product(x, n / 2);
        let square = self.two(Scalar2::Multiply, half, half);
        if n.is_multiple_of(2) { square } else { self.two(Scalar2::Multiply, square, x) }
    }

    /// The result of `step`, computed once.
    fn emit(&mut self, step: Step) -> Slot {
        if let Some(&slot) = self.known.get(&step) {
            return slot;
        }
        let slot = Slot::Result(self.steps.len() as u32);
        self.steps.push(step);
        self.known.insert(step, slot);
        self.recent.push(step);
        slot
    }

    /// Numbers the registers: constants, inputs, results.
    fn finish(self, result: Slot) -> (Program, Vec<L>) {
        let inputs = self.constants.len() as u32;
        let results = inputs + self.leaves.len() as u32;
        let register = |slot: Slot| match slot {
            Slot::Constant(index) => index,
            Slot::Input(index) => inputs + index,
            Slot::Result(index) => results + index,
        };
        let code = self.steps.iter().map(|step| match *step {
            Step::One(scalar, x) => Instruction::One(scalar, register(x)),
            Step::Two(scalar, a, b) => Instruction::Two(scalar, register(a), register(b)),
            Step::Select(condition, yes, no) => Instruction::Select(register(condition), register(yes), register(no)),
            Step::Pwl(x, points) => Instruction::Pwl(register(x), points),
            Step::SkipIfZero(condition, target) => Instruction::SkipIfZero(register(condition), target),
            Step::Skip(target) => Instruction::Skip(target),
        });
        let program = Program {
            code: code.collect(),
            inputs: self.leaves.len(),
            polygons: self.polygons,
            result: register(result),
            constants: self.constants,
        };
        (program, self.leaves)
    }
}
