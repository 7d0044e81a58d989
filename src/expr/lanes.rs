//! One tape for several sets of inputs side by side: the cost of reading the tape is shared, and the arithmetic of
//! neighbouring lanes runs in vector registers. Every lane gets the same bits as [`Program::eval_gradient`] gives it.

use std::array::from_fn;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::program::{Instruction, Program};
use super::scalar::{Scalar1, Scalar2, polygon};

/// Sets of inputs evaluated together.
pub const LANES: usize = 8;

/// One value of each set.
pub type Lane = [f64; LANES];

const ZERO: Lane = [0.0; LANES];

/// Registers of a running program, for all lanes; one workspace serves any number of programs in turn.
#[derive(Clone, Debug, Default)]
pub struct LaneWorkspace {
    values: Vec<Lane>,
    adjoints: Vec<Lane>,
}

impl Program {
    /// The constants of the tape: programs that agree in everything else can share one evaluation.
    pub fn constants(&self) -> &[f64] {
        &self.constants
    }

    /// True when `other` differs in its constants only, so that both can run side by side.
    pub fn same_shape(&self, other: &Program) -> bool {
        self.inputs == other.inputs
            && self.result == other.result
            && self.constants.len() == other.constants.len()
            && self.code == other.code
            && self.polygons == other.polygons
    }

    /// A number that programs of the same shape have in common.
    pub fn shape_hash(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.inputs, self.result, self.constants.len(), &self.code).hash(&mut hasher);
        hasher.finish()
    }

    /// Values of all lanes and, in `gradient`, their derivatives with respect to each input, as
    /// [`Program::eval_gradient`]; every lane has constants of its own. `None` when a condition sends the lanes different
    /// ways: then each has to be evaluated alone.
    ///
    /// # Panics
    /// When `constants`, `inputs` or `gradient` is shorter than the program's.
    pub fn eval_gradient_lanes(
        &self,
        constants: &[Lane],
        inputs: &[Lane],
        work: &mut LaneWorkspace,
        gradient: &mut [Lane],
    ) -> Option<Lane> {
        let fixed = self.constants.len();
        let first = fixed + self.inputs;
        let registers = first + self.code.len();
        if work.values.len() < registers {
            work.values.resize(registers, ZERO);
            work.adjoints.resize(registers, ZERO);
        }
        let (values, adjoints) = (&mut work.values[..registers], &mut work.adjoints[..registers]);
        values[..fixed].copy_from_slice(&constants[..fixed]);
        values[fixed..first].copy_from_slice(&inputs[..self.inputs]);
        self.forward(values, first)?;

        adjoints.fill(ZERO);
        adjoints[self.result as usize] = [1.0; LANES];
        for (index, &instruction) in self.code.iter().enumerate().rev() {
            let adjoint = adjoints[first + index];
            if adjoint == ZERO {
                continue;
            }
            let of = |register: u32| &values[register as usize];
            match instruction {
                Instruction::One(scalar, x) => {
                    let (at, y) = (of(x), of((first + index) as u32));
                    let slope = from_fn(|l| scalar.slope(at[l], y[l]));
                    add(&mut adjoints[x as usize], &adjoint, &slope);
                }
                Instruction::Two(scalar, a, b) => {
                    let (at, bt, y) = (of(a), of(b), of((first + index) as u32));
                    if a as usize >= fixed {
                        add(&mut adjoints[a as usize], &adjoint, &slope_a(scalar, at, bt));
                    }
                    if b as usize >= fixed {
                        add(&mut adjoints[b as usize], &adjoint, &slope_b(scalar, at, bt, y));
                    }
                }
                Instruction::Select(condition, yes, no) => {
                    for (l, condition) in of(condition).iter().enumerate() {
                        let taken = if *condition != 0.0 { yes } else { no };
                        adjoints[taken as usize][l] += adjoint[l];
                    }
                }
                Instruction::Pwl(x, points) => {
                    let slope = from_fn(|l| polygon(&self.polygons[points as usize], of(x)[l]).1);
                    add(&mut adjoints[x as usize], &adjoint, &slope);
                }
                Instruction::SkipIfZero(..) | Instruction::Skip(_) => {}
            }
        }
        gradient[..self.inputs].copy_from_slice(&adjoints[fixed..first]);
        Some(values[self.result as usize])
    }

    /// Runs the tape; `None` where the lanes part.
    fn forward(&self, values: &mut [Lane], first: usize) -> Option<()> {
        let mut next = 0;
        while let Some(&instruction) = self.code.get(next) {
            let of = |register: u32| &values[register as usize];
            let result = match instruction {
                Instruction::One(scalar, x) => one(scalar, of(x)),
                Instruction::Two(scalar, a, b) => two(scalar, of(a), of(b)),
                Instruction::Select(condition, yes, no) => {
                    from_fn(|l| if of(condition)[l] != 0.0 { of(yes)[l] } else { of(no)[l] })
                }
                Instruction::Pwl(x, points) => from_fn(|l| polygon(&self.polygons[points as usize], of(x)[l]).0),
                Instruction::SkipIfZero(condition, target) => {
                    let zeros = of(condition).iter().filter(|c| **c == 0.0).count();
                    next = match zeros {
                        LANES => target as usize,
                        0 => next + 1,
                        _ => return None,
                    };
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
        Some(())
    }
}

/// `sum += adjoint * slope` where the adjoint is not zero: what does not count may have an infinite slope.
#[inline(always)]
fn add(sum: &mut Lane, adjoint: &Lane, slope: &Lane) {
    for l in 0..LANES {
        sum[l] += if adjoint[l] == 0.0 { 0.0 } else { adjoint[l] * slope[l] };
    }
}

#[inline(always)]
fn one(scalar: Scalar1, x: &Lane) -> Lane {
    match scalar {
        Scalar1::Negate => x.map(|x| -x),
        _ => x.map(|x| scalar.value(x)),
    }
}

/// The frequent operators have loops of their own, without a choice inside.
#[inline(always)]
fn two(scalar: Scalar2, a: &Lane, b: &Lane) -> Lane {
    match scalar {
        Scalar2::Add => from_fn(|l| Scalar2::Add.value(a[l], b[l])),
        Scalar2::Subtract => from_fn(|l| Scalar2::Subtract.value(a[l], b[l])),
        Scalar2::Multiply => from_fn(|l| Scalar2::Multiply.value(a[l], b[l])),
        Scalar2::Divide => from_fn(|l| Scalar2::Divide.value(a[l], b[l])),
        Scalar2::Less => from_fn(|l| Scalar2::Less.value(a[l], b[l])),
        Scalar2::LessEqual => from_fn(|l| Scalar2::LessEqual.value(a[l], b[l])),
        _ => from_fn(|l| scalar.value(a[l], b[l])),
    }
}

#[inline(always)]
fn slope_a(scalar: Scalar2, a: &Lane, b: &Lane) -> Lane {
    match scalar {
        Scalar2::Add | Scalar2::Subtract => [1.0; LANES],
        Scalar2::Multiply => *b,
        Scalar2::Divide => from_fn(|l| Scalar2::Divide.slope_a(a[l], b[l])),
        _ => from_fn(|l| scalar.slope_a(a[l], b[l])),
    }
}

#[inline(always)]
fn slope_b(scalar: Scalar2, a: &Lane, b: &Lane, y: &Lane) -> Lane {
    match scalar {
        Scalar2::Add => [1.0; LANES],
        Scalar2::Subtract => [-1.0; LANES],
        Scalar2::Multiply => *a,
        Scalar2::Divide => from_fn(|l| Scalar2::Divide.slope_b(a[l], b[l], y[l])),
        _ => from_fn(|l| scalar.slope_b(a[l], b[l], y[l])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::{Expr, Name, Workspace, expression};

    fn program(text: &str) -> (Program, Vec<Name>) {
        let tree: Expr<Name> = expression(text).unwrap();
        Program::compile(&tree)
    }

    /// Every lane against the tape run alone, bit by bit; `None` only where conditions part the lanes. `x` holds the values of
    /// the leaves `a` and `b`.
    fn compare(text: &str, x: [Lane; 2], parts: bool) {
        let (program, names) = program(text);
        let constants: Vec<Lane> = program.constants().iter().map(|c| [*c; LANES]).collect();
        let is_a = |name: &Name| matches!(name, Name::Ident { name, .. } if name == "a");
        let inputs: Vec<Lane> = names.iter().map(|name| if is_a(name) { x[0] } else { x[1] }).collect();
        let mut gradient = vec![[f64::NAN; LANES]; program.inputs()];
        let found = program.eval_gradient_lanes(&constants, &inputs, &mut LaneWorkspace::default(), &mut gradient);
        assert_eq!(found.is_none(), parts, "{text}");
        let Some(values) = found else { return };
        for l in 0..LANES {
            let alone: Vec<f64> = inputs.iter().map(|lane| lane[l]).collect();
            let mut slopes = vec![0.0; program.inputs()];
            let value = program.eval_gradient(&alone, &mut Workspace::default(), &mut slopes);
            assert_eq!(value.to_bits(), values[l].to_bits(), "{text} in lane {l}");
            for (slope, lanes) in slopes.iter().zip(&gradient) {
                assert!(*slope == lanes[l], "{text} in lane {l}: {slope} and {}", lanes[l]);
            }
        }
    }

    #[test]
    fn lanes_agree_with_the_tape_run_alone() {
        let rising = |from: f64, step: f64| from_fn::<f64, LANES, _>(|l| from + step * l as f64);
        compare("a/(20k-16k*b)+exp(-a)*sqrt(b)", [rising(-0.4, 0.1), rising(0.0, 0.1)], false);
        compare("pow(a/0.35-1, 3)*(1-b)", [rising(0.4, 0.1), rising(0.1, 0.05)], false);
        compare("a>0.35 ? pow(a,2.5)*b : -b", [rising(0.4, 0.1), rising(0.1, 0.05)], false);
        compare("a>0.35 ? pow(a,2.5)*b : -b", [rising(-0.8, 0.1), rising(0.1, 0.05)], false);
        compare("a>0.35 ? pow(a,2.5)*b : -b", [rising(0.0, 0.1), rising(0.1, 0.05)], true);
    }

    #[test]
    fn programs_that_differ_in_constants_have_the_same_shape() {
        let ((a, _), (b, _), (c, _)) = (program("3*x+2"), program("5*x+7"), program("3*x*2"));
        assert!(a.same_shape(&b));
        assert!(!a.same_shape(&c));
    }
}
