//! Tables of `.four`.

use std::fmt;

use serde::Serialize;

use crate::calc::{Evaluator, Expr, Harmonics, Plot, Scope, harmonics};
use crate::circuit::{Circuit, Measured, ParamData};
use crate::output::Dataset;

/// Harmonics of one signal.
#[derive(Clone, Debug, Serialize)]
pub struct FourierTable {
    /// The signal as written.
    pub signal: String,
    /// Fundamental, Hz.
    pub fundamental: f64,
    /// Total harmonic distortion, percent.
    pub distortion: f64,
    /// Points per period of the grid.
    pub grid: usize,
    /// Frequency (Hz), magnitude, phase (degrees) of the mean, the fundamental and its multiples.
    pub harmonics: Vec<(f64, f64, f64)>,
    /// Why there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// Numbers of harmonics and grid points from `.options nfreqs= fourgridsize=`.
fn settings(circuit: &Circuit) -> (usize, usize) {
    let option = |name: &str, otherwise: usize| {
        let found = circuit.options.iter().find(|setting| setting.name == name);
        match found.map(|setting| &setting.value) {
            Some(ParamData::Number(value)) if (2.0..=1e6).contains(value) => *value as usize,
            _ => otherwise,
        }
    };
    (option("nfreqs", 10), option("fourgridsize", 200))
}

/// The `.four` tables of a transient.
pub fn fourier(circuit: &Circuit, data: &Dataset) -> Vec<FourierTable> {
    if !Measured::Tran.made(&data.plot_name) || circuit.fouriers.is_empty() {
        return Vec::new();
    }
    let (count, grid) = settings(circuit);
    let plot = Plot::new(data);
    let mut all = Vec::new();
    for statement in &circuit.fouriers {
        for column in &statement.signals {
            if let Some(expr) = &column.expr {
                all.push(fourier_of(&plot, &column.label, expr, statement.frequency, count, grid));
            }
        }
    }
    all
}

/// Harmonics of one expression: `count` with the mean, from `grid` points of the last period.
pub fn fourier_of(
    plot: &dyn Scope,
    label: &str,
    expr: &Expr,
    fundamental: f64,
    count: usize,
    grid: usize,
) -> FourierTable {
    let found = Evaluator::new(plot).value(expr).map_err(|e| e.message).and_then(|vector| {
        let axis = vector.axis.clone().or_else(|| plot.axis()).ok_or("the analysis has no axis")?;
        if axis.len() != vector.len() || vector.is_complex() {
            return Err("a real quantity over time is needed".to_string());
        }
        harmonics(&axis, &vector.reals(), fundamental, count, grid)
            .ok_or_else(|| format!("the results hold no whole period of {fundamental:e} Hz"))
    });
    let (found, failure) = match found {
        Ok(found) => (found, None),
        Err(reason) => (Harmonics { harmonics: Vec::new(), distortion: f64::NAN, grid }, Some(reason)),
    };
    FourierTable {
        signal: label.to_string(),
        fundamental,
        distortion: found.distortion,
        grid: found.grid,
        harmonics: found.harmonics.into_iter().map(|h| (h.frequency, h.magnitude, h.phase)).collect(),
        failure,
    }
}

impl fmt::Display for FourierTable {
    /// The table of ngspice.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        if let Some(reason) = &self.failure {
            return writeln!(f, "Fourier analysis for {}: failed: {reason}", self.signal);
        }
        writeln!(f, "Fourier analysis for {}:", self.signal)?;
        writeln!(
            f,
            "  No. Harmonics: {}, THD: {} %, Gridsize: {}, Interpolation Degree: 1",
            self.harmonics.len(),
            general(self.distortion),
            self.grid
        )?;
        writeln!(f)?;
        writeln!(f, "Harmonic Frequency   Magnitude   Phase       Norm. Mag   Norm. Phase")?;
        writeln!(f, "-------- ---------   ---------   -----       ---------   -----------")?;
        let base = self.harmonics.get(1).copied().unwrap_or((0.0, f64::NAN, f64::NAN));
        for (k, (frequency, magnitude, phase)) in self.harmonics.iter().enumerate() {
            let (share, turn) = if k == 0 { (0.0, 0.0) } else { (magnitude / base.1, phase - base.2) };
            let columns = [*frequency, *magnitude, *phase, share, turn].map(|x| format!("{:<11}", general(x)));
            writeln!(f, " {k:<7} {}", columns.join(" ").trim_end())?;
        }
        Ok(())
    }
}

/// A number as C prints it with `%g`.
pub(crate) fn general(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return if value.is_finite() { "0".into() } else { super::scientific(value, 0) };
    }
    let text = super::scientific(value, 5);
    let Some((mantissa, exponent)) = text.split_once('e') else { return text };
    let power: i32 = exponent.parse().unwrap_or(0);
    let trimmed = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_string(),
        false => text.to_string(),
    };
    if (-4..6).contains(&power) {
        let decimals = (5 - power).max(0) as usize;
        return trimmed(&format!("{value:.decimals$}"));
    }
    format!("{}e{exponent}", trimmed(mantissa))
}
