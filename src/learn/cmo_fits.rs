//! Published fits of the CMO/HfO2 devices: what a train of identical pulses does to the normalised weight.
//!
//! Two forms: one curve per branch for the mean of ten cycles, and one per branch for each cycle. N = 200 pulses span the range; p
//! runs from 0 (low) to N (high) on both branches. Source: Portner et al. 2025 and its repository (see `models/cmo_hfo2`).

use std::sync::OnceLock;

use super::actor_critic::PULSES_PER_SPAN as N;

const DEVICES: &str = include_str!("../../models/cmo_hfo2/device_fits.csv");
const CYCLES: &str = include_str!("../../models/cmo_hfo2/cycle_fits.csv");
const TMAZE: &str = include_str!("../../models/cmo_hfo2/tmaze_devices.csv");
const WATERMAZE: &str = include_str!("../../models/cmo_hfo2/watermaze_devices.csv");

/// Cycles fitted per device.
pub const CYCLES_PER_DEVICE: usize = 10;

/// A table of fits or of devices that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{table}, line {line}: {problem}")]
pub struct FitError {
    /// Which table.
    pub table: String,
    /// Line, from 1; 0 for the table as a whole.
    pub line: usize,
    /// What is wrong.
    pub problem: String,
}

/// `(1 - a p - exp(-b p)) / (1 - a N - exp(-b N))`, the two-parameter curve from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeanCurve {
    a: f64,
    b: f64,
    span: f64,
}

impl MeanCurve {
    fn new(a: f64, b: f64) -> Self {
        Self { a, b, span: 1.0 - a * N - (-b * N).exp() }
    }

    /// Weight after `p` pulses from the bottom.
    pub fn at(&self, p: f64) -> f64 {
        (1.0 - self.a * p - (-self.b * p).exp()) / self.span
    }

    fn slope(&self, p: f64) -> f64 {
        (-self.a + self.b * (-self.b * p).exp()) / self.span
    }
}

/// `a + b p - c exp(-z p)`; the reset branch has the other signs of c and z.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CycleCurve {
    a: f64,
    b: f64,
    c: f64,
    z: f64,
}

impl CycleCurve {
    /// Weight at `p`.
    pub fn at(&self, p: f64) -> f64 {
        self.a + self.b * p - self.c * (-self.z * p).exp()
    }

    fn slope(&self, p: f64) -> f64 {
        self.b + self.c * self.z * (-self.z * p).exp()
    }
}

/// `p` in 0 to N where a rising curve has the value `w`; an end of the range when it has not. Newton's method kept inside a
/// shrinking bracket, to 1e-9 pulses.
fn invert(w: f64, at: impl Fn(f64) -> f64, slope: impl Fn(f64) -> f64) -> f64 {
    let (mut low, mut high) = (0.0, N);
    if w <= at(low) {
        return low;
    }
    if w >= at(high) {
        return high;
    }
    let mut p = 0.5 * N;
    for _ in 0..100 {
        let error = at(p) - w;
        if error > 0.0 {
            high = p;
        } else {
            low = p;
        }
        let newton = p - error / slope(p);
        let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
        if (next - p).abs() < 1e-9 {
            return next;
        }
        p = next;
    }
    p
}

/// Mean behaviour of one device.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeanFit {
    /// Branch of rising weight.
    pub set: MeanCurve,
    /// Branch of falling weight, seen from its end: `w = 1 - f(N - p)`.
    pub reset: MeanCurve,
    /// Standard deviation of an update with set pulses.
    pub sigma_set: f64,
    /// Standard deviation of an update with reset pulses.
    pub sigma_reset: f64,
}

impl MeanFit {
    /// Weight after `pulses` (negative: reset pulses) from weight `w`, without noise.
    pub fn moved(&self, w: f64, pulses: i32) -> f64 {
        if pulses >= 0 {
            let p = invert(w, |p| self.set.at(p), |p| self.set.slope(p));
            self.set.at((p + f64::from(pulses)).clamp(0.0, N))
        } else {
            // With q = N - p the reset branch is 1 - f(q).
            let q = invert(1.0 - w, |q| self.reset.at(q), |q| self.reset.slope(q));
            1.0 - self.reset.at((q - f64::from(pulses)).clamp(0.0, N))
        }
    }
}

/// Behaviour of one device in one measured cycle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CycleFit {
    /// Branch of rising weight.
    pub set: CycleCurve,
    /// Branch of falling weight.
    pub reset: CycleCurve,
    /// Standard deviation of an update with set pulses.
    pub sigma_set: f64,
    /// Standard deviation of an update with reset pulses.
    pub sigma_reset: f64,
}

impl CycleFit {
    /// Weight after `pulses` (negative: reset pulses) from weight `w`, without noise. The curve is followed beyond its ends.
    pub fn moved(&self, w: f64, pulses: i32) -> f64 {
        let curve = if pulses >= 0 { &self.set } else { &self.reset };
        curve.at(invert(w, |p| curve.at(p), |p| curve.slope(p)) + f64::from(pulses))
    }
}

/// One device.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceFit {
    /// Name of the device.
    pub name: String,
    /// Mean behaviour.
    pub mean: MeanFit,
    /// Behaviour in each cycle.
    pub cycles: Vec<CycleFit>,
}

/// Fields of a CSV table by the names of its columns.
fn rows<'t>(table: &str, text: &'t str, columns: &[&str]) -> Result<Vec<Vec<&'t str>>, FitError> {
    let error = |line, problem| FitError { table: table.to_owned(), line, problem };
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let header: Vec<&str> = lines.next().map(|(_, line)| line.split(',').collect()).unwrap_or_default();
    let places: Vec<usize> = columns
        .iter()
        .map(|name| {
            header.iter().position(|h| h.trim() == *name).ok_or_else(|| error(1, format!("no column `{name}`")))
        })
        .collect::<Result<_, _>>()?;
    lines
        .map(|(number, line)| {
            let fields: Vec<&str> = line.split(',').map(str::trim).collect();
            let row: Option<Vec<&str>> = places.iter().map(|place| fields.get(*place).copied()).collect();
            row.ok_or_else(|| error(number + 1, format!("expected {} fields, found {}", header.len(), fields.len())))
        })
        .collect()
}

fn numbers<const K: usize>(table: &str, line: usize, fields: &[&str]) -> Result<[f64; K], FitError> {
    let mut values = [0.0; K];
    for (value, field) in values.iter_mut().zip(fields) {
        *value = field.parse().ok().filter(|v: &f64| v.is_finite()).ok_or_else(|| FitError {
            table: table.to_owned(),
            line,
            problem: format!("expected a number, found `{field}`"),
        })?;
    }
    Ok(values)
}

impl DeviceFit {
    /// Reads the tables of fits; see `models/cmo_hfo2/README.md` for their columns. Mean curves need no table of cycles.
    ///
    /// # Errors
    /// Missing columns, bad numbers, a device without cycles.
    pub fn read(devices: &str, cycles: Option<&str>) -> Result<Vec<Self>, FitError> {
        const TABLE: &str = "fits of the devices";
        const PER_CYCLE: &str = "fits of the cycles";
        let columns = ["device", "alpha_set", "beta_set", "alpha_reset", "beta_reset", "sigma_set", "sigma_reset"];
        let mut all = Vec::new();
        for (k, row) in rows(TABLE, devices, &columns)?.iter().enumerate() {
            let [a, b, ra, rb, sigma_set, sigma_reset] = numbers(TABLE, k + 2, &row[1..])?;
            let mean = MeanFit { set: MeanCurve::new(a, b), reset: MeanCurve::new(ra, rb), sigma_set, sigma_reset };
            all.push(Self { name: row[0].to_owned(), mean, cycles: Vec::new() });
        }
        let Some(cycles) = cycles else { return Ok(all) };
        let columns = [
            "device",
            "a_set",
            "b_set",
            "c_set",
            "z_set",
            "a_reset",
            "b_reset",
            "c_reset",
            "z_reset",
            "sigma_set",
            "sigma_reset",
        ];
        for (k, row) in rows(PER_CYCLE, cycles, &columns)?.iter().enumerate() {
            let [a, b, c, z, ra, rb, rc, rz, sigma_set, sigma_reset] = numbers(PER_CYCLE, k + 2, &row[1..])?;
            if let Some(device) = all.iter_mut().find(|d| d.name == row[0]) {
                let set = CycleCurve { a, b, c, z };
                let reset = CycleCurve { a: ra, b: rb, c: -rc, z: -rz };
                device.cycles.push(CycleFit { set, reset, sigma_set, sigma_reset });
            }
        }
        match all.iter().find(|d| d.cycles.len() != CYCLES_PER_DEVICE) {
            Some(device) => Err(FitError {
                table: PER_CYCLE.to_owned(),
                line: 0,
                problem: format!(
                    "device `{}` has {} cycles, not {CYCLES_PER_DEVICE}",
                    device.name,
                    device.cycles.len()
                ),
            }),
            None => Ok(all),
        }
    }

    /// The 20 public devices.
    pub fn public() -> &'static [Self] {
        static FITS: OnceLock<Vec<DeviceFit>> = OnceLock::new();
        // The tables are part of the program and checked by a test.
        FITS.get_or_init(|| Self::read(DEVICES, Some(CYCLES)).unwrap_or_default())
    }
}

/// Which device stands for each weight: per input the critic's, then one per action.
pub type Assignment = Vec<Vec<usize>>;

fn device(devices: &[DeviceFit], table: &str, line: usize, name: &str) -> Result<usize, FitError> {
    devices.iter().position(|d| d.name == name).ok_or_else(|| FitError {
        table: table.to_owned(),
        line,
        problem: format!("no fit of device `{name}`"),
    })
}

/// Reads an assignment in the form of the water maze: columns `critic`, `actor0`, `actor1`, .., one row per input.
///
/// # Errors
/// Missing columns or unknown devices.
pub fn assignment(text: &str, actions: usize, devices: &[DeviceFit]) -> Result<Assignment, FitError> {
    const TABLE: &str = "assignment of devices";
    let names: Vec<String> = (0..actions).map(|a| format!("actor{a}")).collect();
    let columns: Vec<&str> = std::iter::once("critic").chain(names.iter().map(String::as_str)).collect();
    let rows = rows(TABLE, text, &columns)?;
    rows.iter()
        .enumerate()
        .map(|(k, row)| row.iter().map(|name| device(devices, TABLE, k + 2, name)).collect())
        .collect()
}

/// The published assignment of the water maze, restricted to public devices.
///
/// # Errors
/// A device that `devices` does not hold.
pub fn water_maze_assignment(devices: &[DeviceFit]) -> Result<Assignment, FitError> {
    assignment(WATERMAZE, 8, devices)
}

/// The published assignment of the T-maze, restricted to public devices: a list of weights `w0`, .., `theta0_0`, .. and devices.
///
/// # Errors
/// A device that `devices` does not hold.
pub fn t_maze_assignment(devices: &[DeviceFit]) -> Result<Assignment, FitError> {
    const TABLE: &str = "assignment of devices";
    let mut found = vec![vec![0; 3]; 9];
    for (k, row) in rows(TABLE, TMAZE, &["weight", "device"])?.iter().enumerate() {
        let number = device(devices, TABLE, k + 2, row[1])?;
        let place = match row[0].strip_prefix("theta").and_then(|rest| rest.split_once('_')) {
            Some((input, action)) => input.parse::<usize>().ok().zip(action.parse::<usize>().ok().map(|a| a + 1)),
            None => row[0].strip_prefix('w').and_then(|input| input.parse().ok()).map(|input: usize| (input, 0)),
        };
        let cell = place.and_then(|(input, column)| found.get_mut(input).and_then(|row| row.get_mut(column)));
        *cell.ok_or_else(|| FitError {
            table: TABLE.to_owned(),
            line: k + 2,
            problem: format!("no weight `{}`", row[0]),
        })? = number;
    }
    Ok(found)
}

/// Devices in turn, for tasks without a published assignment.
pub fn in_turn(inputs: usize, actions: usize, devices: usize) -> Assignment {
    let columns = actions + 1;
    (0..inputs).map(|j| (0..columns).map(|i| (j * columns + i) % devices.max(1)).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_of_the_program_are_whole() {
        let devices = DeviceFit::read(DEVICES, Some(CYCLES)).unwrap();
        assert_eq!(devices.len(), 20);
        assert_eq!(DeviceFit::public(), devices);
        assert_eq!(water_maze_assignment(&devices).unwrap().len(), 121);
        let maze = t_maze_assignment(&devices).unwrap();
        assert_eq!(devices[maze[6][0]].name, "D600_R4_B30");
        assert_eq!(devices[maze[0][2]].name, "D600_R6_B37");
    }

    /// The reference: 40 set pulses from the bottom move w by 0.34 to 0.68, the median device by 0.52; sigma is the mean of the
    /// cycles' sigmas.
    #[test]
    fn curves_have_the_published_shape() {
        let mut moved: Vec<f64> = DeviceFit::public().iter().map(|d| d.mean.moved(0.0, 40)).collect();
        moved.sort_by(f64::total_cmp);
        assert!(moved[0] > 0.33 && moved[19] < 0.69 && (moved[10] - 0.52).abs() < 0.05, "{moved:?}");
        for device in DeviceFit::public() {
            assert!((device.mean.moved(0.0, 200) - 1.0).abs() < 1e-9 && device.mean.moved(1.0, -200).abs() < 1e-9);
            let sigma: f64 = device.cycles.iter().map(|c| c.sigma_set).sum::<f64>() / 10.0;
            assert!((sigma - device.mean.sigma_set).abs() < 1e-6, "{}", device.name);
        }
    }

    #[test]
    fn curves_are_followed_from_the_present_weight() {
        for device in DeviceFit::public() {
            let fit = &device.mean;
            for w in [0.0, 0.1, 0.5, 0.9, 1.0] {
                assert!((fit.moved(w, 0) - w).abs() < 1e-8);
                // Two trains make one.
                for (first, second) in [(3, 9), (-3, -9)] {
                    let once = fit.moved(w, first + second);
                    assert!((fit.moved(fit.moved(w, first), second) - once).abs() < 1e-7, "{} {w}", device.name);
                }
            }
            for cycle in &device.cycles {
                let (up, down) = (cycle.moved(0.5, 5), cycle.moved(0.5, -5));
                assert!(up > down && up.is_finite() && down.is_finite(), "{} {up} {down}", device.name);
            }
        }
    }

    #[test]
    fn bad_tables_are_errors() {
        assert!(DeviceFit::read("device,alpha_set\n", None).unwrap_err().problem.contains("beta_set"));
        let text = DEVICES.replacen("-0.0069822432", "x", 1);
        let error = DeviceFit::read(&text, None).unwrap_err();
        assert_eq!((error.line, error.problem.as_str()), (2, "expected a number, found `x`"));
        assert!(DeviceFit::read(DEVICES, Some("device\n")).is_err());
        assert!(assignment("critic,actor0\nnone,none\n", 1, DeviceFit::public()).unwrap_err().problem.contains("none"));
        assert!(assignment("critic,actor0\nnone\n", 1, DeviceFit::public()).is_err());
    }
}
