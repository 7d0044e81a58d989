//! Quantiles for intervals.

/// The 97.5 % quantile of the normal distribution.
pub const NORMAL: f64 = 1.959_963_984_540_054;

/// The 97.5 % quantile of Student's t with `dof` degrees of freedom: the expansion of Cornish and Fisher (Abramowitz and Stegun
/// 26.7.5), exact values below three.
pub fn student(dof: usize) -> f64 {
    match dof {
        0 => f64::INFINITY,
        1 => 12.706_204_736,
        2 => 4.302_652_73,
        _ => {
            let (z, v) = (NORMAL, dof as f64);
            let g1 = (z.powi(3) + z) / 4.0;
            let g2 = (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0;
            let g3 = (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / 384.0;
            let g4 =
                (79.0 * z.powi(9) + 776.0 * z.powi(7) + 1482.0 * z.powi(5) - 1920.0 * z.powi(3) - 945.0 * z) / 92160.0;
            z + g1 / v + g2 / v.powi(2) + g3 / v.powi(3) + g4 / v.powi(4)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tabulated() {
        for (dof, expected) in [(3, 3.18245), (5, 2.57058), (10, 2.22814), (30, 2.04227), (100, 1.98397)] {
            assert!((student(dof) / expected - 1.0).abs() < 3e-3, "{dof}: {}", student(dof));
        }
    }
}
