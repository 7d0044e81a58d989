//! `linearize`, `fft`, `psd`, `spec`.

use num_complex::Complex64;

use super::plots::dataset;
use super::{Done, Interpreter, Problem};
use crate::calc::{Data, Vector, interpolated, spectrum};
use crate::output::{Quantity, Variable};

/// Points of the longest linearised plot.
const LONGEST: f64 = 1e8;

impl Interpreter<'_> {
    /// All vectors over the axis, or those named.
    fn over_axis(&mut self, rest: &str) -> Result<Vec<(String, Vector)>, Problem> {
        let text = if rest.trim().is_empty() { "all" } else { rest };
        let points = self.plots.current().axis().map_or(0, |axis| axis.len());
        let mut all = self.listed(text)?;
        all.retain(|(_, vector)| vector.len() == points);
        Ok(all)
    }

    /// `linearize [vectors]`: the transient on equidistant points, as a plot of its own.
    pub(super) fn linearize(&mut self, rest: &str) -> Done {
        let plot = self.plots.current();
        if !plot.data.plot_name.starts_with("Transient") {
            return Err("`linearize` needs the plot of a transient".into());
        }
        let (title, step) = (plot.data.title.clone(), plot.step);
        let axis = plot.axis().filter(|axis| axis.len() > 1).ok_or("the plot has too few points")?;
        let (first, last) = (axis[0], axis[axis.len() - 1]);
        let mut given = |name: &str| self.value(name).ok().map(|v| v.first());
        let start = given("lin_tstart").unwrap_or(first);
        let stop = given("lin_tstop").unwrap_or(last);
        let step = given("lin_tstep").or(step).unwrap_or((last - first) / (axis.len() - 1) as f64);
        let count = ((stop - start) / step + 1e-9).floor() + 1.0;
        if !(2.0..=LONGEST).contains(&count) {
            return Err(format!("{count:e} points; 2 to {LONGEST:e} are possible").into());
        }
        let times: Vec<f64> = (0..count as usize).map(|k| start + step * k as f64).collect();
        let vectors = self.over_axis(rest)?;
        let resampled: Vec<(String, Vector)> = vectors
            .into_iter()
            .map(|(name, vector)| {
                let values = vector.reals();
                let data = Data::Real(times.iter().map(|&t| interpolated(&axis, &values, t)).collect());
                (column_name(&name, &vector.quantity), Vector { data, quantity: vector.quantity, axis: None })
            })
            .collect();
        let axis = Some((Variable::new("time", Quantity::Time), times.into()));
        let data = dataset(&title, "Transient Analysis (linearized)", axis, &resampled);
        self.plots.add(data, Some(step), true);
        Ok(())
    }

    /// Weights of the window named by `set specwindow`, with a mean of 1.
    fn window(&self, n: usize) -> Result<Vec<f64>, Problem> {
        let name = self.variable("specwindow").and_then(|words| words.first().cloned());
        let name = name.unwrap_or_else(|| "hanning".into());
        let turn = |k: usize| 2.0 * std::f64::consts::PI * k as f64 / (n.max(2) - 1) as f64;
        let weight = |k: usize| -> Option<f64> {
            Some(match name.as_str() {
                "none" | "rectangular" => 1.0,
                "hanning" | "cosine" => 1.0 - turn(k).cos(),
                "hamming" => 1.0 - 0.46 / 0.54 * turn(k).cos(),
                "blackman" => 1.0 - 0.5 / 0.42 * turn(k).cos() + 0.08 / 0.42 * (2.0 * turn(k)).cos(),
                "triangle" | "bartlet" | "bartlett" => 2.0 - (4.0 * (k as f64 / (n.max(2) - 1) as f64 - 0.5)).abs(),
                "flattop" => {
                    1.0 - 1.93 * turn(k).cos() + 1.29 * (2.0 * turn(k)).cos() - 0.388 * (3.0 * turn(k)).cos()
                        + 0.028 * (4.0 * turn(k)).cos()
                }
                _ => return None,
            })
        };
        (0..n).map(weight).collect::<Option<Vec<f64>>>().ok_or_else(|| {
            format!("there is no window `{name}`: none, hanning, hamming, blackman, triangle, flattop").into()
        })
    }

    /// `fft vectors`: amplitudes over frequency, as a plot of its own.
    pub(super) fn fft(&mut self, rest: &str) -> Done {
        let (title, columns) = self.transformed(rest, |z, _| z)?;
        self.plots.add(dataset(&title, "Spectrum", columns.0, &columns.1), None, true);
        Ok(())
    }

    /// `psd n vectors`: power spectral density.
    pub(super) fn psd(&mut self, rest: &str) -> Done {
        let (_, rest) = rest.split_once(char::is_whitespace).ok_or("`psd` needs a number of points and vectors")?;
        let (title, columns) = self.transformed(rest, |z, width| Complex64::from(0.5 * z.norm_sqr() / width))?;
        self.plots.add(dataset(&title, "PSD", columns.0, &columns.1), None, true);
        Ok(())
    }

    fn transformed(
        &mut self,
        rest: &str,
        of: impl Fn(Complex64, f64) -> Complex64,
    ) -> Result<(String, Spectra), Problem> {
        let plot = self.plots.current();
        let title = plot.data.title.clone();
        let axis = plot.axis().filter(|axis| axis.len() > 1).ok_or("the plot has too few points")?;
        let step = (axis[axis.len() - 1] - axis[0]) / (axis.len() - 1) as f64;
        if !plot.data.plot_name.contains("linearized")
            && axis.windows(2).any(|w| ((w[1] - w[0]) / step - 1.0).abs() > 1e-3)
        {
            return Err("the points are not equidistant: `linearize` first".into());
        }
        let window = self.window(axis.len())?;
        let vectors = self.over_axis(rest)?;
        let mut found = Vec::new();
        let mut frequencies = Vec::new();
        for (name, vector) in vectors {
            let weighted: Vec<f64> = vector.reals().iter().zip(&window).map(|(y, w)| y * w).collect();
            let (grid, values) = spectrum(&weighted, step);
            let width = grid.get(1).copied().unwrap_or(1.0);
            let values = values.into_iter().map(|z| of(z, width)).collect();
            frequencies = grid;
            found.push((name, Vector::complex(values).measuring(vector.quantity)));
        }
        if found.is_empty() {
            return Err("no vectors over the axis".into());
        }
        Ok((title, (Some((Variable::new("frequency", Quantity::Frequency), frequencies.into())), found)))
    }

    /// `spec start stop step vectors`: Fourier integrals at chosen frequencies.
    pub(super) fn spec(&mut self, rest: &str) -> Done {
        let words: Vec<&str> = rest.splitn(4, char::is_whitespace).collect();
        let [start, stop, step, vectors] = words[..] else {
            return Err("`spec` needs start, stop, step and vectors".into());
        };
        let mut bounds = [0.0; 3];
        for (bound, text) in bounds.iter_mut().zip([start, stop, step]) {
            *bound = self.value(text)?.first();
        }
        let count = ((bounds[1] - bounds[0]) / bounds[2] + 1e-9).floor() + 1.0;
        if !(1.0..=1e6).contains(&count) {
            return Err(format!("{count:e} frequencies; 1 to 1e6 are possible").into());
        }
        let frequencies: Vec<f64> = (0..count as usize).map(|k| bounds[0] + bounds[2] * k as f64).collect();
        let plot = self.plots.current();
        let title = plot.data.title.clone();
        let axis = plot.axis().filter(|axis| axis.len() > 1).ok_or("the plot has too few points")?;
        let window = self.window(axis.len())?;
        let mut found = Vec::new();
        for (name, vector) in self.over_axis(vectors)? {
            let values = vector.reals();
            let n = values.len() as f64;
            let at = |f: f64| -> Complex64 {
                let sum: Complex64 = (0..values.len())
                    .map(|k| Complex64::from_polar(values[k] * window[k], -2.0 * std::f64::consts::PI * f * axis[k]))
                    .sum();
                sum * if f == 0.0 { 1.0 } else { 2.0 } / n
            };
            let spectrum = frequencies.iter().map(|&f| at(f)).collect();
            found.push((name, Vector::complex(spectrum).measuring(vector.quantity)));
        }
        let axis = Some((Variable::new("frequency", Quantity::Frequency), frequencies.into()));
        self.plots.add(dataset(&title, "Spectrum", axis, &found), None, true);
        Ok(())
    }
}

/// An axis with its columns.
type Spectra = (Option<(Variable, std::sync::Arc<[f64]>)>, Vec<(String, Vector)>);

/// The name of a column in a dataset: nodes are `v(..)`, branches `i(..)`.
pub(super) fn column_name(name: &str, quantity: &Quantity) -> String {
    if let Some(element) = name.strip_suffix("#branch") {
        return format!("i({element})");
    }
    let bare = !name.contains(['(', '@', '+', '-', '*', '/']);
    if bare && *quantity == Quantity::Voltage { format!("v({name})") } else { name.to_string() }
}
