//! Columns of indices and values, the storage of the factors.

use super::scalar::Scalar;

/// A matrix by columns.
#[derive(Clone, Debug)]
pub(super) struct Columns<T> {
    /// Where each column starts, and the end of the last.
    pub ptr: Vec<usize>,
    /// Row of each entry.
    pub idx: Vec<u32>,
    /// Value of each entry.
    pub val: Vec<T>,
}

impl<T> Default for Columns<T> {
    fn default() -> Self {
        Self { ptr: vec![0], idx: Vec::new(), val: Vec::new() }
    }
}

impl<T: Scalar> Columns<T> {
    /// Removes all columns and keeps the memory.
    pub fn clear(&mut self) {
        self.ptr.truncate(1);
        self.idx.clear();
        self.val.clear();
    }

    /// Adds an entry to the column under construction.
    pub fn push(&mut self, row: u32, value: T) {
        self.idx.push(row);
        self.val.push(value);
    }

    /// Ends the column under construction.
    pub fn finish_column(&mut self) {
        self.ptr.push(self.idx.len());
    }

    /// Rows and values of a column.
    #[inline(always)]
    pub fn column(&self, col: usize) -> (&[u32], &[T]) {
        let range = self.ptr[col]..self.ptr[col + 1];
        (&self.idx[range.clone()], &self.val[range])
    }

    /// Puts the rows of every column into ascending order, by transposing twice.
    pub fn sort(&mut self) {
        let mut transposed = Self::default();
        self.transpose_into(&mut transposed);
        transposed.transpose_into(self);
    }

    fn transpose_into(&self, target: &mut Self) {
        let n = self.ptr.len() - 1;
        target.ptr.clear();
        target.ptr.resize(n + 1, 0);
        target.idx.resize(self.idx.len(), 0);
        target.val.resize(self.val.len(), T::ZERO);
        for &row in &self.idx {
            target.ptr[row as usize + 1] += 1;
        }
        for row in 0..n {
            target.ptr[row + 1] += target.ptr[row];
        }
        let mut next = target.ptr[..n].to_vec();
        for col in 0..n {
            let (rows, values) = self.column(col);
            for (&row, &value) in rows.iter().zip(values) {
                let place = &mut next[row as usize];
                target.idx[*place] = col as u32;
                target.val[*place] = value;
                *place += 1;
            }
        }
    }
}
