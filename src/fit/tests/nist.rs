//! Certified nonlinear regressions: NIST Statistical Reference Datasets, <https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml>.

use crate::fit::dense::{Matrix, singular_values};
use crate::fit::least_squares::{End, Loss, Minimum, Objective, Settings, minimise};

type Model = fn(&[f64], f64) -> f64;

struct Regression {
    x: &'static [f64],
    y: &'static [f64],
    model: Model,
    /// Scale of the variables: the search sees `b / scale`.
    scale: Vec<f64>,
}

impl Regression {
    fn values(&self, u: &[f64]) -> Vec<f64> {
        let b: Vec<f64> = u.iter().zip(&self.scale).map(|(u, s)| u * s).collect();
        self.x.iter().zip(self.y).map(|(x, y)| (self.model)(&b, *x) - y).collect()
    }
}

impl Objective for Regression {
    fn residuals(&self, u: &[f64]) -> Option<Vec<f64>> {
        Some(self.values(u)).filter(|r| r.iter().all(|r| r.is_finite()))
    }

    fn linearise(&self, u: &[f64]) -> Option<(Vec<f64>, Matrix)> {
        let mut j = Matrix::zeros(self.x.len(), u.len());
        for k in 0..u.len() {
            let h = 1e-6 * u[k].abs().max(1e-6);
            let at = |h: f64| {
                let mut u = u.to_vec();
                u[k] += h;
                self.values(&u)
            };
            // fourth order
            let (a, b, c, d) = (at(-2.0 * h), at(-h), at(h), at(2.0 * h));
            for row in 0..self.x.len() {
                j.row_mut(row)[k] = (a[row] - 8.0 * b[row] + 8.0 * c[row] - d[row]) / (12.0 * h);
            }
        }
        Some((self.residuals(u)?, j))
    }
}

fn solved(
    x: &'static [f64],
    y: &'static [f64],
    model: Model,
    start: &[f64],
    settings: &Settings,
) -> (Minimum, Vec<f64>) {
    let problem = Regression { x, y, model, scale: start.to_vec() };
    let ones = vec![1.0; start.len()];
    let bounds = vec![(f64::NEG_INFINITY, f64::INFINITY); start.len()];
    let found = minimise(&problem, &ones, &bounds, settings, &mut |_, _, _| {}).unwrap();
    let b = found.u.iter().zip(start).map(|(u, s)| u * s).collect();
    (found, b)
}

fn check(x: &'static [f64], y: &'static [f64], model: Model, start: &[f64], certified: &[f64], squares: f64) {
    let settings = Settings { cost: 1e-14, step: 1e-12, iterations: 2000, loss: Loss::Linear };
    let (found, b) = solved(x, y, model, start, &settings);
    assert_eq!(found.end, End::Converged);
    assert!((2.0 * found.cost / squares - 1.0).abs() < 1e-9, "{} {squares}", 2.0 * found.cost);
    for (b, c) in b.iter().zip(certified) {
        assert!((b / c - 1.0).abs() < 1e-6, "{b} {c}");
    }
}

const MISRA_X: [f64; 14] =
    [77.6, 114.9, 141.1, 190.8, 239.9, 289.0, 332.8, 378.4, 434.8, 477.3, 536.8, 593.1, 689.1, 760.0];
const MISRA_Y: [f64; 14] =
    [10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02, 44.82, 50.76, 55.05, 61.01, 66.40, 75.47, 81.78];

fn misra(b: &[f64], x: f64) -> f64 {
    b[0] * (1.0 - (-b[1] * x).exp())
}

#[test]
fn misra1a_from_both_starts() {
    for start in [[500.0, 1e-4], [250.0, 5e-4]] {
        check(&MISRA_X, &MISRA_Y, misra, &start, &[238.94212918, 5.5015643181e-4], 0.12455138894);
    }
}

#[test]
fn misra1a_deviations() {
    let start = [250.0, 5e-4];
    let (found, _) = solved(&MISRA_X, &MISRA_Y, misra, &start, &Settings::default());
    let (s, v) = singular_values(found.jacobian.clone());
    let variance = 2.0 * found.cost / 12.0;
    for (k, certified) in [2.7070075241, 7.2668688436e-6].into_iter().enumerate() {
        let sum: f64 = s.iter().enumerate().map(|(n, s)| (v.at(n, k) / s).powi(2)).sum();
        let sigma = (variance * sum).sqrt() * start[k];
        assert!((sigma / certified - 1.0).abs() < 1e-6, "{sigma} {certified}");
    }
}

#[test]
fn thurber_from_both_starts() {
    const X: [f64; 37] = [
        -3.067, -2.981, -2.921, -2.912, -2.84, -2.797, -2.702, -2.699, -2.633, -2.481, -2.363, -2.322, -1.501, -1.460,
        -1.274, -1.212, -1.100, -1.046, -0.915, -0.714, -0.566, -0.545, -0.400, -0.309, -0.109, -0.103, 0.01, 0.119,
        0.377, 0.79, 0.963, 1.006, 1.115, 1.572, 1.841, 2.047, 2.2,
    ];
    const Y: [f64; 37] = [
        80.574, 84.248, 87.264, 87.195, 89.076, 89.608, 89.868, 90.101, 92.405, 95.854, 100.696, 101.060, 401.672,
        390.724, 567.534, 635.316, 733.054, 759.087, 894.206, 990.785, 1090.109, 1080.914, 1122.643, 1178.351,
        1260.531, 1273.514, 1288.339, 1327.543, 1353.863, 1414.509, 1425.208, 1421.384, 1442.962, 1464.350, 1468.705,
        1447.894, 1457.628,
    ];
    let model: Model = |b, x| (b[0] + x * (b[1] + x * (b[2] + x * b[3]))) / (1.0 + x * (b[4] + x * (b[5] + x * b[6])));
    let certified =
        [1288.13968, 1491.0792535, 583.23836877, 75.416644291, 0.96629502864, 0.39797285797, 0.049727297349];
    for start in [[1000.0, 1000.0, 400.0, 40.0, 0.7, 0.3, 0.03], [1300.0, 1500.0, 500.0, 75.0, 1.0, 0.4, 0.05]] {
        check(&X, &Y, model, &start, &certified, 5642.7082397);
    }
}

#[test]
fn mgh09_from_both_starts() {
    const X: [f64; 11] = [4.0, 2.0, 1.0, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625];
    const Y: [f64; 11] = [0.1957, 0.1947, 0.1735, 0.16, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246];
    let model: Model = |b, x| b[0] * (x * x + x * b[1]) / (x * x + x * b[2] + b[3]);
    let certified = [0.19280693458, 0.19128232873, 0.12305650693, 0.13606233068];
    for start in [[25.0, 39.0, 41.5, 39.0], [0.25, 0.39, 0.415, 0.39]] {
        check(&X, &Y, model, &start, &certified, 3.0750560385e-4);
    }
}

#[test]
fn a_bound_holds_its_variable_and_the_others_adapt() {
    // b1 at most 200
    let problem = Regression { x: &MISRA_X, y: &MISRA_Y, model: misra, scale: vec![100.0, 1e-4] };
    let found = minimise(&problem, &[1.5, 5.0], &[(0.1, 2.0), (0.0, 100.0)], &Settings::default(), &mut |_, _, _| {});
    let found = found.unwrap();
    assert_eq!(found.u[0], 2.0);
    assert_eq!(found.end, End::Converged);
    assert!((found.u[1] / BOUNDED.0 - 1.0).abs() < 1e-5, "{}", found.u[1]);
    assert!((found.cost / BOUNDED.1 - 1.0).abs() < 1e-5, "{}", found.cost);
}

#[test]
fn robust_losses_are_those_of_scipy() {
    // one outlier; scipy.optimize.least_squares with loss=.. (f_scale 1.345 for Huber, else 1)
    let mut y = MISRA_Y.to_vec();
    y[7] += 10.0;
    let y: &'static [f64] = y.leak();
    for (loss, expected) in [(Loss::Huber, ROBUST[0]), (Loss::SoftL1, ROBUST[1]), (Loss::Cauchy, ROBUST[2])] {
        let settings = Settings { loss, ..Settings::default() };
        let (found, b) = solved(&MISRA_X, y, misra, &[250.0, 5e-4], &settings);
        for (b, e) in b.iter().zip(expected) {
            assert!((b / e - 1.0).abs() < 1e-4, "{loss:?}: {b} {e} after {}", found.iterations);
        }
    }
}

/// `b2 / 1e-4` and cost, scipy.
const BOUNDED: (f64, f64) = (6.790593778, 1.667222941);

/// b1, b2 with one outlier under Huber's, the soft and Cauchy's loss, scipy.
const ROBUST: [[f64; 2]; 3] = [[229.171238, 0.000579251542], [231.37644, 0.000572427426], [237.569479, 0.000554063227]];
