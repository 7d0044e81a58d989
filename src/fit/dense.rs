//! Small dense linear algebra: Householder's least squares, and singular values by Jacobi's rotations.

/// A dense matrix, row by row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matrix {
    rows: usize,
    columns: usize,
    values: Vec<f64>,
}

impl Matrix {
    /// All zero.
    pub fn zeros(rows: usize, columns: usize) -> Self {
        Self { rows, columns, values: vec![0.0; rows * columns] }
    }

    /// From its values, row by row; what is missing is zero.
    pub fn from_rows(columns: usize, mut values: Vec<f64>) -> Self {
        let rows = values.len().div_ceil(columns.max(1));
        values.resize(rows * columns, 0.0);
        Self { rows, columns, values }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// A row.
    pub fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.columns..(row + 1) * self.columns]
    }

    /// A row to be written.
    pub fn row_mut(&mut self, row: usize) -> &mut [f64] {
        &mut self.values[row * self.columns..(row + 1) * self.columns]
    }

    /// An entry.
    pub fn at(&self, row: usize, column: usize) -> f64 {
        self.values[row * self.columns + column]
    }

    /// `A x`.
    pub fn times(&self, x: &[f64]) -> Vec<f64> {
        (0..self.rows).map(|k| self.row(k).iter().zip(x).map(|(a, x)| a * x).sum()).collect()
    }

    /// `A^T y`.
    pub fn transposed_times(&self, y: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.columns];
        for (row, y) in y.iter().enumerate() {
            for (o, a) in out.iter_mut().zip(self.row(row)) {
                *o += a * y;
            }
        }
        out
    }

    /// Euclidean norm of a column.
    pub fn column_norm(&self, column: usize) -> f64 {
        (0..self.rows).map(|row| self.at(row, column).powi(2)).sum::<f64>().sqrt()
    }

    /// The chosen columns, each times a factor.
    pub fn scaled_columns(&self, chosen: &[usize], factors: &[f64]) -> Matrix {
        let mut out = Matrix::zeros(self.rows, chosen.len());
        for row in 0..self.rows {
            for (k, (&column, factor)) in chosen.iter().zip(factors).enumerate() {
                out.row_mut(row)[k] = self.at(row, column) * factor;
            }
        }
        out
    }
}

/// Reduces `a` to its upper triangle by Householder's reflections, which are applied to `b` as well.
fn triangle(a: &mut Matrix, b: &mut [f64]) {
    let (m, n) = (a.rows, a.columns);
    let mut v = vec![0.0; m];
    for k in 0..n.min(m) {
        let norm = (k..m).map(|row| a.at(row, k).powi(2)).sum::<f64>().sqrt();
        if norm == 0.0 {
            continue;
        }
        let alpha = if a.at(k, k) > 0.0 { -norm } else { norm };
        for (row, v) in v.iter_mut().enumerate().skip(k) {
            *v = a.at(row, k);
        }
        v[k] -= alpha;
        let square: f64 = v[k..].iter().map(|v| v * v).sum();
        if square == 0.0 {
            continue;
        }
        for column in k..n {
            let dot: f64 = (k..m).map(|row| v[row] * a.at(row, column)).sum();
            let factor = 2.0 * dot / square;
            for (row, v) in v.iter().enumerate().skip(k) {
                a.row_mut(row)[column] -= factor * v;
            }
        }
        let dot: f64 = v[k..].iter().zip(&b[k..]).map(|(v, b)| v * b).sum();
        let factor = 2.0 * dot / square;
        for (b, v) in b[k..].iter_mut().zip(&v[k..]) {
            *b -= factor * v;
        }
    }
}

/// The `x` that minimises `|A x - b|`; `None` when `A` has not full rank or is not finite.
pub fn least_squares(mut a: Matrix, mut b: Vec<f64>) -> Option<Vec<f64>> {
    triangle(&mut a, &mut b);
    let n = a.columns;
    let mut x = b[..n].to_vec();
    for k in (0..n).rev() {
        for j in k + 1..n {
            x[k] -= a.at(k, j) * x[j];
        }
        x[k] /= a.at(k, k);
    }
    x.iter().all(|x| x.is_finite()).then_some(x)
}

/// Singular values of `A`, largest first, and its right singular vectors (each a row), by one-sided Jacobi rotations of the
/// triangle (Hestenes 1958): small values are as accurate as large ones.
pub fn singular_values(mut a: Matrix) -> (Vec<f64>, Matrix) {
    let n = a.columns;
    let mut none = vec![0.0; a.rows];
    triangle(&mut a, &mut none);
    // columns of the triangle as rows, and the rotations
    let mut u = Matrix::zeros(n, n);
    let mut v = Matrix::zeros(n, n);
    for k in 0..n {
        for row in 0..=k.min(a.rows.saturating_sub(1)) {
            u.row_mut(k)[row] = a.at(row, k);
        }
        v.row_mut(k)[k] = 1.0;
    }
    for _ in 0..60 {
        let mut off = 0.0f64;
        for p in 0..n {
            for q in p + 1..n {
                let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
                let (alpha, beta) = (dot(u.row(p), u.row(p)), dot(u.row(q), u.row(q)));
                let gamma = dot(u.row(p), u.row(q));
                if gamma == 0.0 {
                    continue;
                }
                off = off.max(gamma.abs() / (alpha * beta).sqrt().max(f64::MIN_POSITIVE));
                let zeta = (beta - alpha) / (2.0 * gamma);
                let t = zeta.signum() / (zeta.abs() + (1.0 + zeta * zeta).sqrt());
                let t = if zeta == 0.0 { 1.0 } else { t };
                let c = 1.0 / (1.0 + t * t).sqrt();
                let s = c * t;
                for matrix in [&mut u, &mut v] {
                    for k in 0..n {
                        let (x, y) = (matrix.at(p, k), matrix.at(q, k));
                        matrix.row_mut(p)[k] = c * x - s * y;
                        matrix.row_mut(q)[k] = s * x + c * y;
                    }
                }
            }
        }
        if off < 1e-15 {
            break;
        }
    }
    let mut order: Vec<(f64, usize)> =
        (0..n).map(|k| (u.row(k).iter().map(|x| x * x).sum::<f64>().sqrt(), k)).collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0));
    let vectors = order.iter().flat_map(|&(_, k)| v.row(k).to_vec()).collect();
    (order.iter().map(|&(s, _)| s).collect(), Matrix::from_rows(n, vectors))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hilbert_matrix() {
        // singular values of the 4 x 4 Hilbert matrix (its eigenvalues): numpy.linalg.svd
        let a = Matrix::from_rows(4, (0..16).map(|k| 1.0 / (k / 4 + k % 4 + 1) as f64).collect());
        let (s, v) = singular_values(a.clone());
        let expected = [1.500214280059243, 0.16914122022145, 0.006738273605761, 9.67023040226e-5];
        for (s, e) in s.iter().zip(expected) {
            assert!((s / e - 1.0).abs() < 1e-9, "{s} {e}");
        }
        for (k, s) in s.iter().enumerate() {
            let image: f64 = a.times(v.row(k)).iter().map(|x| x * x).sum();
            assert!((image.sqrt() / s - 1.0).abs() < 1e-9);
        }
        let x = least_squares(a.clone(), a.times(&[1.0, -2.0, 3.0, -4.0])).unwrap();
        for (x, e) in x.iter().zip([1.0, -2.0, 3.0, -4.0]) {
            assert!((x - e).abs() < 1e-10, "{x}");
        }
    }

    #[test]
    fn a_singular_matrix_has_no_solution() {
        let a = Matrix::from_rows(2, vec![1.0, 0.0, 2.0, 0.0]);
        assert_eq!(least_squares(a.clone(), vec![1.0, 1.0]), None);
        assert_eq!(singular_values(a).0[1], 0.0);
    }
}
