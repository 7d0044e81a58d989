//! Cholesky factorisation of symmetric positive definite matrices: passive networks.
//!
//! The kernels are faer's, supernodal where the factor has enough arithmetic per entry; the matrix is analysed once and
//! factored as often as its values change.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor::LltRegularization;
use faer::perm::PermRef;
use faer::sparse::linalg::cholesky::{
    CholeskySymbolicParams, LltRef, SymbolicCholesky, SymmetricOrdering, factorize_symbolic_cholesky,
};
use faer::sparse::{SparseColMatRef, SymbolicSparseColMatRef};
use faer::{Conj, MatMut, Par, Side, Spec};
use thiserror::Error;

use super::pattern::Pattern;

/// Right-hand sides that are solved together.
const TOGETHER: usize = 64;

/// The matrix is not positive definite: some unknown is not tied to the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the matrix is not positive definite")]
pub struct NotPositive {
    /// Unknown at which the factorisation stopped, in the order of elimination; `None` when the analysis failed.
    pub pivot: Option<usize>,
}

/// A factorisation of matrices that share a pattern, of which the lower triangle is given.
pub struct Cholesky {
    columns: Vec<usize>,
    rows: Vec<usize>,
    symbolic: SymbolicCholesky<usize>,
    values: Vec<f64>,
    scratch: MemBuffer,
    ready: bool,
}

impl Cholesky {
    /// Analyses the lower triangle `pattern`. With `ordered` the unknowns are eliminated as they are numbered, else in an
    /// approximate minimum degree order.
    ///
    /// # Errors
    /// The factor does not fit into memory.
    pub fn new(pattern: &Pattern, ordered: bool) -> Result<Self, NotPositive> {
        let columns = pattern.col_ptr().to_vec();
        let rows: Vec<usize> = pattern.row_idx().iter().map(|&row| row as usize).collect();
        // Not `Identity`: without a permutation faer's simplicial kernel takes the upper triangle only.
        let identity: Vec<usize> = (0..pattern.n()).collect();
        let ordering = match ordered {
            true => SymmetricOrdering::Custom(PermRef::new_checked(&identity, &identity, pattern.n())),
            false => SymmetricOrdering::Amd,
        };
        let matrix = SymbolicSparseColMatRef::new_checked(pattern.n(), pattern.n(), &columns, None, &rows);
        let parameters = CholeskySymbolicParams::default();
        let symbolic = factorize_symbolic_cholesky(matrix, Side::Lower, ordering, parameters)
            .map_err(|_| NotPositive { pivot: None })?;
        let values = vec![0.0; symbolic.len_val()];
        let scratch = MemBuffer::try_new(symbolic.factorize_numeric_llt_scratch::<f64>(Par::Seq, Spec::default()))
            .map_err(|_| NotPositive { pivot: None })?;
        Ok(Self { columns, rows, symbolic, values, scratch, ready: false })
    }

    /// Number of unknowns.
    pub fn n(&self) -> usize {
        self.columns.len() - 1
    }

    /// Entries stored of the factor.
    pub fn entries(&self) -> usize {
        self.symbolic.len_val()
    }

    /// Factors the matrix with these values of the lower triangle, in slot order.
    ///
    /// # Errors
    /// The matrix is not positive definite.
    pub fn factor(&mut self, values: &[f64]) -> Result<(), NotPositive> {
        self.ready = false;
        let n = self.n();
        let symbolic = SymbolicSparseColMatRef::new_checked(n, n, &self.columns, None, &self.rows);
        let matrix = SparseColMatRef::new(symbolic, &values[..self.rows.len()]);
        let stack = MemStack::new(&mut self.scratch);
        let regularization = LltRegularization::default();
        self.symbolic
            .factorize_numeric_llt(
                &mut self.values,
                matrix,
                Side::Lower,
                regularization,
                Par::Seq,
                stack,
                Spec::default(),
            )
            .map_err(|_| NotPositive { pivot: None })?;
        self.ready = true;
        Ok(())
    }

    /// Replaces every column of `b`, `nrhs` right-hand sides one after the other, by its solution; not numbers before a
    /// factorisation has succeeded.
    ///
    /// # Panics
    /// When the length of `b` is not that of so many right-hand sides.
    pub fn solve_many(&self, b: &mut [f64], nrhs: usize) {
        let n = self.n();
        assert_eq!(b.len(), n * nrhs, "length of the right-hand sides");
        if !self.ready || n == 0 {
            b.fill(f64::NAN);
            return;
        }
        let factor = LltRef::new(&self.symbolic, &self.values);
        let width = TOGETHER.min(nrhs.max(1));
        let mut scratch = MemBuffer::new(self.symbolic.solve_in_place_scratch::<f64>(width, Par::Seq));
        for group in b.chunks_mut(n * width) {
            let count = group.len() / n;
            let group = MatMut::from_column_major_slice_mut(group, n, count);
            factor.solve_in_place_with_conj(Conj::No, group, Par::Seq, MemStack::new(&mut scratch));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linear::PatternBuilder;

    /// A chain of unit resistors between two grounds: the potential of a unit current is known in closed form.
    #[test]
    fn a_chain_is_solved_exactly_and_again_with_other_values() {
        let n = 200;
        let mut builder = PatternBuilder::new(n);
        for k in 0..n {
            builder.entry(k, k);
            if k + 1 < n {
                builder.entry(k + 1, k);
            }
        }
        let (pattern, _) = builder.build();
        for ordered in [true, false] {
            let mut cholesky = Cholesky::new(&pattern, ordered).unwrap();
            for g in [1.0, 3.0] {
                let values: Vec<f64> = (0..n)
                    .flat_map(|col| {
                        pattern.column(col).iter().map(move |&row| if row as usize == col { 2.0 * g } else { -g })
                    })
                    .collect();
                cholesky.factor(&values).unwrap();
                let mut b = vec![0.0; 3 * n];
                let at = [10, 100, 199];
                at.iter().enumerate().for_each(|(k, &place)| b[k * n + place] = 1.0);
                cholesky.solve_many(&mut b, 3);
                for (k, &place) in at.iter().enumerate() {
                    for (node, found) in b[k * n..(k + 1) * n].iter().enumerate() {
                        let (low, high) = (node.min(place) + 1, n - node.max(place));
                        let expected = low as f64 * high as f64 / (n + 1) as f64 / g;
                        assert!((found - expected).abs() < 1e-11 * expected, "{node}: {found} {expected}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_matrix_that_is_not_positive_is_refused() {
        let mut builder = PatternBuilder::new(2);
        for (row, col) in [(0, 0), (1, 0), (1, 1)] {
            builder.entry(row, col);
        }
        let (pattern, _) = builder.build();
        let mut cholesky = Cholesky::new(&pattern, false).unwrap();
        assert!(cholesky.factor(&[1.0, 2.0, 1.0]).is_err());
        let mut b = [1.0, 1.0];
        cholesky.solve_many(&mut b, 1);
        assert!(b.iter().all(|x| x.is_nan()));
    }
}
