//! Classic figures of measured switching curves: no model needed.
//!
//! I-V loops: the switching voltage of a branch is where the conductance crosses the geometric mean of its two states, read at
//! the read voltage on the way out and on the way back. Pulse trains: a branch is a run of pulses of one sign; its
//! nonlinearity is the largest distance of the normalised mean curve from the straight line, its noise the deviation of
//! the residuals from a smooth curve (a line and a saturating exponential, as in Portner et al., doi:10.1038/s42256-025-01149-w).

use serde::Serialize;

use super::dense::{Matrix, least_squares};
use super::table::{DataError, Table};
use crate::campaign::Statistics;

/// Names of columns, in the order of trying.
const CYCLES: &[&str] = &["cycle", "loop", "repetition"];
const VOLTAGES: &[&str] = &["v", "voltage", "vd", "v_v", "voltage_v"];
const CURRENTS: &[&str] = &["i", "current", "i_a", "current_a"];
const CONDUCTANCES: &[&str] = &["g", "conductance", "conductance_s", "g_s"];
const PHASES: &[&str] = &["phase", "branch", "direction"];
const AMPLITUDES: &[&str] = &["amplitude", "pulse_v", "vpulse", "amplitude_v"];
/// Ratio of conductances on the way out and back from which a branch has switched.
const SWITCHED: f64 = 1.2;
/// Rates of the exponential that are tried, per pulse.
const RATES: (f64, f64, usize) = (2e-3, 0.5, 60);

/// Settings of the extraction.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// Voltage at which loops are read, V; of the branch's own sign. `None`: a tenth of the largest voltage.
    pub read: Option<f64>,
}

/// One figure over the cycles.
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    /// What it is.
    pub name: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// Value of each cycle; NaN (null) where it has none.
    pub cycles: Vec<f64>,
}

impl Figure {
    /// Mean, deviation, extremes and quantiles over the cycles that have a value.
    pub fn statistics(&self) -> Option<Statistics> {
        Statistics::of(&self.cycles)
    }
}

/// Kinds of measurements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Current over voltage, there and back.
    Loop,
    /// Conductance after each pulse.
    Pulses,
}

/// What a file holds.
#[derive(Clone, Debug, Serialize)]
pub struct Extract {
    /// The file without folder and extension.
    pub device: String,
    /// What was measured.
    pub kind: Kind,
    /// Number of cycles.
    pub cycles: usize,
    /// The figures.
    pub figures: Vec<Figure>,
}

fn column<'t>(table: &'t Table, names: &[&str]) -> Option<&'t str> {
    names.iter().find_map(|name| table.find(name)).map(|column| column.name.as_str())
}

/// The figures of every device of a table: by the column `device`, else all rows are of one.
///
/// # Errors
/// As [`extract`].
pub fn extract_all(table: &Table, reading: Reading) -> Result<Vec<Extract>, DataError> {
    let Some(device) = table.find("device") else { return Ok(vec![extract(table, reading)?]) };
    let mut names: Vec<&String> = Vec::new();
    for name in &device.text {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let one = |name: &String| {
        let rows: Vec<usize> = (0..table.rows).filter(|&row| device.text[row] == *name).collect();
        extract(&table.part(&rows), reading).map(|found| Extract { device: name.clone(), ..found })
    };
    names.into_iter().map(one).collect()
}

/// The figures of one device.
///
/// # Errors
/// Tables that are neither loops (`v`, `i`) nor pulse trains (`conductance` with `phase` or `amplitude`).
pub fn extract(table: &Table, reading: Reading) -> Result<Extract, DataError> {
    let conductance = column(table, CONDUCTANCES);
    let branch = column(table, PHASES).or(column(table, AMPLITUDES));
    if let (Some(g), Some(branch)) = (conductance, branch) {
        return pulses(table, g, branch);
    }
    match (column(table, VOLTAGES), column(table, CURRENTS)) {
        (Some(v), Some(i)) => loops(table, v, i, reading),
        _ => Err(DataError::Content {
            path: table.path.clone(),
            message:
                "neither an I-V loop (columns `v` and `i`) nor a pulse train (`conductance` and `phase` or `amplitude`)"
                    .into(),
        }),
    }
}

/// Rows of each cycle: by the column `cycle`, else all in one.
fn cycles(table: &Table) -> Vec<Vec<usize>> {
    let Some(name) = column(table, CYCLES).and_then(|name| table.find(name)) else {
        return vec![(0..table.rows).collect()];
    };
    let mut all: Vec<(&str, Vec<usize>)> = Vec::new();
    for row in 0..table.rows {
        let key = name.text[row].as_str();
        match all.iter_mut().find(|(other, _)| *other == key) {
            Some((_, rows)) => rows.push(row),
            None => all.push((key, vec![row])),
        }
    }
    all.into_iter().map(|(_, rows)| rows).collect()
}

/// The mean of consecutive products over the mean square, about the mean; NaN for fewer than three values.
pub fn lag1(values: &[f64]) -> f64 {
    if values.len() < 3 {
        return f64::NAN;
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let square: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    values.windows(2).map(|w| (w[0] - mean) * (w[1] - mean)).sum::<f64>() / square
}

// ---- I-V loops ----

/// Conductances of one polarity at the read voltage, and where it switched.
#[derive(Clone, Copy, Debug)]
struct Branch {
    out: f64,
    back: f64,
    threshold: f64,
}

fn loops(table: &Table, v: &str, i: &str, reading: Reading) -> Result<Extract, DataError> {
    let (v, i) = (table.numbers(v)?, table.numbers(i)?);
    let mut set = Vec::new();
    let mut reset = Vec::new();
    let mut ratio = Vec::new();
    let mut on = Vec::new();
    let mut off = Vec::new();
    let mut asymmetry = Vec::new();
    let mut curvature = Vec::new();
    for rows in cycles_of_loops(table, v) {
        let points: Vec<(f64, f64)> = rows
            .iter()
            .map(|&row| (v.number(row), i.number(row)))
            .filter(|(v, i)| v.is_finite() && i.is_finite())
            .collect();
        let largest = points.iter().fold(0.0f64, |m, p| m.max(p.0.abs()));
        let read = reading.read.map_or(0.1 * largest, f64::abs);
        let branches = [1.0, -1.0].map(|sign| branch(&points, sign, read));
        let mut voltages = [f64::NAN; 2];
        let mut states = [f64::NAN; 2];
        for branch in branches.into_iter().flatten() {
            let rises = branch.back > branch.out * SWITCHED;
            let falls = branch.out > branch.back * SWITCHED;
            if rises {
                voltages[0] = branch.threshold;
                states = [branch.back, branch.out];
            }
            if falls {
                voltages[1] = branch.threshold;
                if states[0].is_nan() {
                    states = [branch.out, branch.back];
                }
            }
        }
        set.push(voltages[0]);
        reset.push(voltages[1]);
        on.push(states[0]);
        off.push(states[1]);
        ratio.push(states[0] / states[1]);
        asymmetry.push((voltages[0].abs() - voltages[1].abs()) / (voltages[0].abs() + voltages[1].abs()));
        curvature.push(nonlinearity_of_loop(&points, largest));
    }
    let figures = vec![
        Figure { name: "set voltage", unit: "V", cycles: set },
        Figure { name: "reset voltage", unit: "V", cycles: reset },
        Figure { name: "on conductance", unit: "S", cycles: on },
        Figure { name: "off conductance", unit: "S", cycles: off },
        Figure { name: "on/off ratio", unit: "", cycles: ratio },
        Figure { name: "nonlinearity i(v)/(2 i(v/2))", unit: "", cycles: curvature },
        Figure { name: "asymmetry", unit: "", cycles: asymmetry },
    ];
    let count = figures[0].cycles.len();
    Ok(Extract { device: table.stem(), kind: Kind::Loop, cycles: count, figures })
}

/// Cycles by their column, or where the voltage comes back to zero from below.
fn cycles_of_loops(table: &Table, v: &super::table::Column) -> Vec<Vec<usize>> {
    if column(table, CYCLES).is_some() {
        return cycles(table);
    }
    let mut all = vec![Vec::new()];
    let mut signs = [false; 2];
    let mut previous = 0.0;
    for row in 0..table.rows {
        let now = v.number(row);
        if signs == [true, true] && previous * first_sign(table, v) < 0.0 && now * first_sign(table, v) >= 0.0 {
            // the first point of the next loop belongs to both
            if let Some(last) = all.last_mut() {
                last.push(row);
            }
            all.push(Vec::new());
            signs = [false; 2];
        }
        if let Some(last) = all.last_mut() {
            last.push(row);
        }
        signs[0] |= now > 0.0;
        signs[1] |= now < 0.0;
        previous = now;
    }
    let longest = all.iter().map(Vec::len).max().unwrap_or(0);
    all.retain(|rows| 2 * rows.len() > longest);
    all
}

fn first_sign(table: &Table, v: &super::table::Column) -> f64 {
    (0..table.rows).map(|row| v.number(row)).find(|v| *v != 0.0 && v.is_finite()).map_or(1.0, f64::signum)
}

/// One polarity of a loop.
fn branch(points: &[(f64, f64)], sign: f64, read: f64) -> Option<Branch> {
    let peak = (0..points.len())
        .filter(|&k| sign * points[k].0 > 0.0)
        .max_by(|&a, &b| (sign * points[a].0).total_cmp(&(sign * points[b].0)))?;
    // the piece of this polarity around its peak
    let begin = (0..peak).rev().find(|&k| sign * points[k].0 <= 0.0).unwrap_or(0);
    let end = (peak..points.len()).find(|&k| sign * points[k].0 < 0.0).unwrap_or(points.len());
    let (out, back) = (&points[begin..=peak], &points[peak..end]);
    let at = |piece: &[(f64, f64)]| crossing(piece, sign * read).map(|i| i / (sign * read));
    let (g_out, g_back) = (at(out)?, at(back)?);
    if g_out <= 0.0 || g_back <= 0.0 {
        return None;
    }
    let middle = (g_out * g_back).sqrt();
    let rises = g_back > g_out;
    // conductance on the way out, and on the way back if it has not switched by the peak
    let inside = |&(v, i): &(f64, f64)| (sign * v >= read).then(|| (v, i / v));
    let path: Vec<(f64, f64)> = out.iter().chain(back).filter_map(inside).collect();
    let passed = |g: f64| if rises { g >= middle } else { g <= middle };
    let threshold = path.windows(2).find(|w| !passed(w[0].1) && passed(w[1].1)).map_or(f64::NAN, |w| {
        let share = (middle / w[0].1).ln() / (w[1].1 / w[0].1).ln();
        w[0].0 + share * (w[1].0 - w[0].0)
    });
    Some(Branch { out: g_out, back: g_back, threshold })
}

/// The current where a piece passes through a voltage.
fn crossing(piece: &[(f64, f64)], v: f64) -> Option<f64> {
    piece
        .windows(2)
        .find(|w| (w[0].0 - v) * (w[1].0 - v) <= 0.0 && w[0].0 != w[1].0)
        .map(|w| w[0].1 + (w[1].1 - w[0].1) * (v - w[0].0) / (w[1].0 - w[0].0))
}

/// `i(v) / (2 i(v/2))` on the way back from the positive peak, at 0.8 of it: one for an ohmic state.
fn nonlinearity_of_loop(points: &[(f64, f64)], largest: f64) -> f64 {
    let Some(peak) = (0..points.len()).max_by(|&a, &b| points[a].0.total_cmp(&points[b].0)) else { return f64::NAN };
    let back = &points[peak..];
    match (crossing(back, 0.8 * largest), crossing(back, 0.4 * largest)) {
        (Some(full), Some(half)) => full / (2.0 * half),
        _ => f64::NAN,
    }
}

// ---- pulse trains ----

fn pulses(table: &Table, g: &str, branch: &str) -> Result<Extract, DataError> {
    let g = table.numbers(g)?;
    let branch = table.find(branch).ok_or_else(|| DataError::Content {
        path: table.path.clone(),
        message: "the branches of the pulse train have no column".into(),
    })?;
    let mut lists: [Vec<f64>; 11] = Default::default();
    let sign = |text: &str| match text.trim().to_ascii_lowercase().as_str() {
        "p" | "set" | "up" | "potentiation" | "ltp" => 1.0,
        "d" | "reset" | "down" | "depression" | "ltd" => -1.0,
        other => other.parse::<f64>().map_or(0.0, |v| if v == 0.0 { 0.0 } else { v.signum() }),
    };
    let mut count = 0;
    for rows in cycles(table) {
        let of = |wanted: f64| -> Vec<f64> {
            let chosen = rows.iter().filter(|&&row| sign(&branch.text[row]) == wanted);
            chosen.map(|&row| g.number(row)).filter(|g| g.is_finite()).collect()
        };
        let (up, down) = (of(1.0), of(-1.0));
        if up.len() < 4 && down.len() < 4 {
            continue;
        }
        count += 1;
        let all = up.iter().chain(&down);
        let (low, high) = all.fold((f64::MAX, f64::MIN), |(a, b), &v| (a.min(v), b.max(v)));
        let (first, last) = match (up.first(), up.last()) {
            (Some(first), Some(last)) => (*first, *last),
            _ => (down[down.len() - 1], down[0]),
        };
        let span = last - first;
        let (curve_up, curve_down) = (Curve::of(&up, span), Curve::of(&down, span));
        let values = [
            low,
            high,
            high / low,
            curve_up.nonlinearity,
            curve_down.nonlinearity,
            asymmetry(&up, &down),
            curve_up.sigma,
            curve_down.sigma,
            curve_up.lag1,
            curve_down.lag1,
            down.last().map_or(f64::NAN, |end| (end - first) / span),
        ];
        lists.iter_mut().zip(values).for_each(|(list, value)| list.push(value));
    }
    if count == 0 {
        let message = "no cycle has four or more pulses of one sign".to_string();
        return Err(DataError::Content { path: table.path.clone(), message });
    }
    let names: [(&str, &str); 11] = [
        ("lowest conductance", "S"),
        ("highest conductance", "S"),
        ("on/off ratio", ""),
        ("set nonlinearity", ""),
        ("reset nonlinearity", ""),
        ("asymmetry", ""),
        ("set noise", "of span"),
        ("reset noise", "of span"),
        ("set noise lag-1", ""),
        ("reset noise lag-1", ""),
        ("cycle drift", "of span"),
    ];
    let figures = names.into_iter().zip(lists).map(|((name, unit), cycles)| Figure { name, unit, cycles }).collect();
    Ok(Extract { device: table.stem(), kind: Kind::Pulses, cycles: count, figures })
}

/// What the curve of one branch comes to.
struct Curve {
    nonlinearity: f64,
    sigma: f64,
    lag1: f64,
}

impl Curve {
    /// `span` is the change of conductance that noise is measured by, S.
    fn of(values: &[f64], span: f64) -> Self {
        let Some(smooth) = smooth(values) else {
            return Self { nonlinearity: f64::NAN, sigma: f64::NAN, lag1: f64::NAN };
        };
        let n = values.len() as f64;
        let residual: Vec<f64> = values.iter().zip(&smooth).map(|(v, s)| v - s).collect();
        let rms = (residual.iter().map(|r| r * r).sum::<f64>() / n).sqrt();
        let (first, last) = (smooth[0], smooth[smooth.len() - 1]);
        let nonlinearity = smooth.iter().enumerate().fold(0.0f64, |most, (k, s)| {
            let away = (s - first) / (last - first) - k as f64 / (n - 1.0);
            if away.abs() > most.abs() { away } else { most }
        });
        Self { nonlinearity, sigma: rms / span.abs(), lag1: lag1(&residual) }
    }
}

/// The best `a + b p - c exp(-z p)` through the values of a branch, over a grid of `z`.
fn smooth(values: &[f64]) -> Option<Vec<f64>> {
    if values.len() < 4 {
        return None;
    }
    let (low, high, count) = RATES;
    let mut best: Option<(f64, Vec<f64>)> = None;
    let scale = values.iter().fold(0.0f64, |m, v| m.max(v.abs())).max(f64::MIN_POSITIVE);
    for k in 0..count {
        let z = low * (high / low).powf(k as f64 / (count - 1) as f64);
        let row = |p: usize| [1.0, p as f64 / values.len() as f64, (-z * p as f64).exp()];
        let a = Matrix::from_rows(3, (0..values.len()).flat_map(row).collect());
        let Some(x) = least_squares(a, values.iter().map(|v| v / scale).collect()) else { continue };
        let curve: Vec<f64> =
            (0..values.len()).map(|p| row(p).iter().zip(&x).map(|(r, x)| scale * r * x).sum()).collect();
        let squares: f64 = values.iter().zip(&curve).map(|(v, c)| (v - c).powi(2)).sum();
        if best.as_ref().is_none_or(|(least, _)| squares < *least) {
            best = Some((squares, curve));
        }
    }
    best.map(|(_, curve)| curve)
}

/// Largest distance between the two branches at the same number of pulses from the low state, in units of the span: 0 when
/// the way down is the way up reversed.
fn asymmetry(up: &[f64], down: &[f64]) -> f64 {
    let (Some(up), Some(down)) = (smooth(up), smooth(down)) else { return f64::NAN };
    let normal = |curve: &[f64], low: f64, high: f64, share: f64| {
        let at = share * (curve.len() - 1) as f64;
        let k = (at as usize).min(curve.len() - 2);
        (curve[k] + (curve[k + 1] - curve[k]) * (at - k as f64) - low) / (high - low)
    };
    let (u0, u1) = (up[0], up[up.len() - 1]);
    let (d0, d1) = (down[down.len() - 1], down[0]);
    (0..=100).fold(0.0f64, |most, k| {
        let share = k as f64 / 100.0;
        most.max((normal(&up, u0, u1, share) - normal(&down, d0, d1, 1.0 - share)).abs())
    })
}
