//! Solution with factors of a neighbouring matrix: GMRES, preconditioned from the left.
//!
//! A triangular solve costs a small fraction of a refactorisation. While the matrix has not moved far from the one
//! that was factored (another time step, some devices at other conductances), a few solves give the exact correction.
//!
//! Y. Saad and M. H. Schultz, "GMRES: a generalized minimal residual algorithm for solving nonsymmetric linear systems",
//! SIAM J. Sci. Stat. Comput. 7 (1986).

/// Two norms this close to each other (relatively) are equal up to rounding: the space is exhausted.
const EXHAUSTED: f64 = 1e-14;

/// Workspace of the iteration. Allocates while the number of directions grows, not after that.
#[derive(Clone, Debug, Default)]
pub struct Krylov {
    /// Orthonormal directions.
    basis: Vec<Vec<f64>>,
    /// Upper triangle of the projected matrix, by columns of `k + 1`.
    triangle: Vec<Vec<f64>>,
    /// Rotations that made it a triangle: cosine and sine.
    rotations: Vec<(f64, f64)>,
    /// Projected right-hand side.
    projected: Vec<f64>,
}

impl Krylov {
    /// Replaces `b` by `x` with `|M^-1 (b - A x)| <= tolerance |M^-1 b|`, where `multiply` writes `A v`, `precondition` replaces
    /// a vector by `M^-1` times it, and `tolerance` is asked with `M^-1 b`. Returns the number of directions used; `None` when
    /// `most` do not suffice: `b` is `M^-1 b` then.
    pub fn solve(
        &mut self,
        multiply: impl Fn(&[f64], &mut [f64]),
        precondition: impl Fn(&mut [f64]),
        b: &mut [f64],
        tolerance: impl FnOnce(&[f64]) -> f64,
        most: usize,
    ) -> Option<usize> {
        precondition(b);
        let size = norm(b);
        if !size.is_finite() {
            return None;
        }
        if size == 0.0 {
            return Some(0);
        }
        let tolerance = tolerance(b);
        if tolerance >= 1.0 {
            return Some(0);
        }
        self.rotations.clear();
        self.projected.clear();
        self.projected.push(size);
        self.direction(0, b.len());
        for (v, b) in self.basis[0].iter_mut().zip(b.iter()) {
            *v = b / size;
        }
        for k in 0..most {
            self.direction(k + 1, b.len());
            let (known, new) = self.basis.split_at_mut(k + 1);
            let new = &mut new[0];
            multiply(&known[k], new);
            precondition(new);
            let before = norm(new);
            if self.triangle.len() <= k {
                self.triangle.push(Vec::with_capacity(k + 2));
            }
            let column = &mut self.triangle[k];
            column.clear();
            for v in known.iter() {
                let share = dot(v, new);
                new.iter_mut().zip(v).for_each(|(new, v)| *new -= share * v);
                column.push(share);
            }
            let rest = norm(new);
            if !rest.is_finite() {
                return None;
            }
            for (row, &(c, s)) in self.rotations.iter().enumerate() {
                let (upper, lower) = (column[row], column[row + 1]);
                column[row] = c * upper + s * lower;
                column[row + 1] = c * lower - s * upper;
            }
            let length = column[k].hypot(rest);
            if length == 0.0 {
                return None;
            }
            let (c, s) = (column[k] / length, rest / length);
            column[k] = length;
            self.rotations.push((c, s));
            let last = self.projected[k];
            self.projected[k] = c * last;
            self.projected.push(-s * last);
            if (s * last).abs() <= tolerance * size || rest <= EXHAUSTED * before {
                self.combine(k + 1, b);
                return Some(k + 1);
            }
            new.iter_mut().for_each(|v| *v /= rest);
        }
        None
    }

    /// Makes room for a direction.
    fn direction(&mut self, k: usize, n: usize) {
        if self.basis.len() <= k {
            self.basis.push(vec![0.0; n]);
        }
        self.basis[k].resize(n, 0.0);
    }

    /// Writes the best combination of `count` directions.
    fn combine(&mut self, count: usize, x: &mut [f64]) {
        for k in (0..count).rev() {
            let weight = self.projected[k] / self.triangle[k][k];
            self.projected[k] = weight;
            for row in 0..k {
                self.projected[row] -= weight * self.triangle[k][row];
            }
        }
        x.fill(0.0);
        for (v, weight) in self.basis[..count].iter().zip(&self.projected) {
            x.iter_mut().zip(v).for_each(|(x, v)| *x += weight * v);
        }
    }
}

/// Sums in four interleaved parts: the order is fixed, and neighbours run in vector registers.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    let (fours_a, fours_b) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest: f64 = fours_a.remainder().iter().zip(fours_b.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in fours_a.zip(fours_b) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    sums.iter().sum::<f64>() + rest
}

fn norm(v: &[f64]) -> f64 {
    dot(v, v).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tridiagonal matrix, its diagonal preconditioner, and a solution that is known.
    #[test]
    fn finds_the_known_solution() {
        let n = 50;
        let diagonal = |k: usize| 4.0 + (k % 7) as f64;
        let multiply = |v: &[f64], out: &mut [f64]| {
            for k in 0..n {
                let left = if k > 0 { v[k - 1] } else { 0.0 };
                let right = if k + 1 < n { v[k + 1] } else { 0.0 };
                out[k] = diagonal(k) * v[k] - 1.5 * left - 0.5 * right;
            }
        };
        let expected: Vec<f64> = (0..n).map(|k| (k as f64 * 0.7).sin()).collect();
        let mut b = vec![0.0; n];
        multiply(&expected, &mut b);
        let divide = |v: &mut [f64]| v.iter_mut().enumerate().for_each(|(k, v)| *v /= diagonal(k));
        let used = Krylov::default().solve(multiply, divide, &mut b, |_| 1e-10, 40).unwrap();
        assert!(used > 3 && used < 30, "{used}");
        assert!(b.iter().zip(&expected).all(|(x, e)| (x - e).abs() < 1e-8));
    }

    #[test]
    fn exact_preconditioner_needs_one_direction() {
        let mut b = [3.0, -1.0, 0.5];
        let multiply = |v: &[f64], out: &mut [f64]| out.iter_mut().zip(v).for_each(|(o, v)| *o = 2.0 * v);
        let used = Krylov::default().solve(multiply, |v| v.iter_mut().for_each(|v| *v *= 0.5), &mut b, |_| 1e-6, 5);
        assert_eq!(used, Some(1));
        assert_eq!(b, [1.5, -0.5, 0.25]);
    }

    #[test]
    fn gives_up_when_directions_run_out() {
        // a cyclic shift: nothing is gained before the last direction
        let mut b = [1.0, 0.0, 0.0, 0.0];
        let multiply = |v: &[f64], out: &mut [f64]| (0..4).for_each(|k| out[(k + 1) % 4] = v[k]);
        assert_eq!(Krylov::default().solve(multiply, |_| {}, &mut b, |_| 1e-3, 2), None);
        assert_eq!(b, [1.0, 0.0, 0.0, 0.0]);
        assert_eq!(Krylov::default().solve(multiply, |_| {}, &mut b, |_| 1e-3, 5), Some(4));
        assert!((b[3] - 1.0).abs() < 1e-12);
    }
}
