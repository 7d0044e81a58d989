//! The solver as its users see it.

use thiserror::Error;

use super::analyse::Analysis;
use super::factor::{self, Factors};
use super::pattern::Pattern;
use super::refactor;
use super::scalar::Scalar;
use super::solve;

/// The matrix has no inverse; the places are in the numbering of the pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("singular matrix: no pivot for unknown {column}")]
pub struct Singular {
    /// The unknown that the equations do not determine, or whose column holds a value that is not finite.
    pub column: usize,
    /// The equation that was left for it, where one can be named.
    pub row: Option<usize>,
}

/// How [`Lu::refactor`] obtained its factors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refactor {
    /// On the pivots of the last full factorisation.
    Kept,
    /// By a full factorisation with new pivots: there was none before, or an old pivot had become too small.
    Repivoted,
}

/// Choices that trade speed against accuracy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LuOptions {
    /// The diagonal is the pivot as long as its size is at least this fraction of the largest in its column.
    pub pivot_tolerance: f64,
    /// A refactorisation keeps a pivot as long as its size is at least this fraction of the largest in its column.
    pub keep_tolerance: f64,
    /// Scale every equation by the power of two nearest below its largest coefficient.
    pub scale_rows: bool,
}

impl Default for LuOptions {
    fn default() -> Self {
        Self { pivot_tolerance: 1e-3, keep_tolerance: 1e-6, scale_rows: true }
    }
}

/// Size and quality of a factorisation.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LuStats {
    /// Entries of L below the diagonal.
    pub nnz_l: usize,
    /// Entries of U with the diagonal.
    pub nnz_u: usize,
    /// Entries above the diagonal blocks, which are not factored.
    pub nnz_above: usize,
    /// Diagonal blocks.
    pub blocks: usize,
    /// Unknowns of the largest block.
    pub largest_block: usize,
    /// Independent parts of that block, taken side by side.
    pub parts: usize,
    /// Multiplications, divisions and subtractions of one refactorisation.
    pub flops: f64,
    /// Largest entry of L in the last factorisation: at most the reciprocal of the tolerance in force.
    pub growth: f64,
}

/// A factorisation of matrices that share a pattern.
///
/// Values are given in slot order of the pattern; what follows the last slot (a dummy for entries of ground) is
/// ignored. The methods panic if there are fewer values than slots or a right-hand side has not `n` elements.
/// Until a factorisation has succeeded, and after one has failed, the solutions are not numbers.
#[derive(Clone, Debug)]
pub struct Lu<T> {
    analysis: Analysis,
    options: LuOptions,
    factors: Factors<T>,
    ready: bool,
}

impl<T: Scalar> Lu<T> {
    /// Analyses a pattern.
    ///
    /// # Errors
    /// When every matrix of this pattern is singular.
    pub fn new(pattern: &Pattern) -> Result<Self, Singular> {
        Self::with_options(pattern, LuOptions::default())
    }

    /// Analyses a pattern, with choices other than the default.
    ///
    /// # Errors
    /// When every matrix of this pattern is singular.
    pub fn with_options(pattern: &Pattern, options: LuOptions) -> Result<Self, Singular> {
        let analysis = Analysis::new(pattern)?;
        let factors = Factors::new(pattern.n());
        Ok(Self { analysis, options, factors, ready: false })
    }

    /// Number of unknowns.
    pub fn n(&self) -> usize {
        self.analysis.form.col_perm.len()
    }

    /// True when there are factors to solve with.
    pub fn is_ready(&self) -> bool {
        self.ready
    }

    /// Factors with threshold partial pivoting.
    ///
    /// # Errors
    /// When a column has no pivot that is distinguishable from rounding, or holds a value that is not finite.
    pub fn factor(&mut self, values: &[T]) -> Result<(), Singular> {
        self.ready = false;
        factor::factor(&self.analysis, &self.options, &mut self.factors, values)?;
        self.ready = true;
        Ok(())
    }

    /// Factors on the pivots of the last full factorisation, without allocation; in full where those do not serve.
    ///
    /// # Errors
    /// As for [`factor`](Self::factor).
    pub fn refactor(&mut self, values: &[T]) -> Result<Refactor, Singular> {
        if self.ready && refactor::refactor(&self.analysis, &self.options, &mut self.factors, values) {
            return Ok(Refactor::Kept);
        }
        self.factor(values)?;
        Ok(Refactor::Repivoted)
    }

    /// Replaces `b` by the solution `x` of `A x = b`.
    pub fn solve_in_place(&self, b: &mut [T]) {
        assert_eq!(b.len(), self.n(), "length of the right-hand side");
        self.solve_many(b, 1);
    }

    /// Replaces every column of `b`, `nrhs` right-hand sides one after the other, by its solution.
    pub fn solve_many(&self, b: &mut [T], nrhs: usize) {
        self.each_group(b, nrhs, solve::solve, solve::solve);
    }

    /// Replaces `b` by the solution `x` of the transposed system, not conjugated.
    pub fn solve_transposed_in_place(&self, b: &mut [T]) {
        assert_eq!(b.len(), self.n(), "length of the right-hand side");
        self.solve_transposed_many(b, 1);
    }

    /// Replaces every column of `b` by its solution of the transposed system, not conjugated.
    pub fn solve_transposed_many(&self, b: &mut [T], nrhs: usize) {
        self.each_group(b, nrhs, solve::solve_transposed, solve::solve_transposed);
    }

    /// Size and quality of the last successful factorisation; zero before the first.
    pub fn stats(&self) -> LuStats {
        if self.ready { self.factors.stats(&self.analysis) } else { LuStats::default() }
    }

    /// Hands out right-hand sides by fours, so that the factors are read once for four of them, then the rest.
    fn each_group(
        &self,
        b: &mut [T],
        nrhs: usize,
        four: impl Fn(&Analysis, &Factors<T>, [&mut [T]; 4]),
        one: impl Fn(&Analysis, &Factors<T>, [&mut [T]; 1]),
    ) {
        let n = self.n();
        assert_eq!(b.len(), n * nrhs, "length of the right-hand sides");
        if !self.ready {
            b.fill(T::NAN);
        } else if n > 0 {
            let mut groups = b.chunks_exact_mut(4 * n);
            for group in &mut groups {
                let (ab, cd) = group.split_at_mut(2 * n);
                let ((a, b), (c, d)) = (ab.split_at_mut(n), cd.split_at_mut(n));
                four(&self.analysis, &self.factors, [a, b, c, d]);
            }
            for column in groups.into_remainder().chunks_exact_mut(n) {
                one(&self.analysis, &self.factors, [column]);
            }
        }
    }
}
