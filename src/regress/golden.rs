//! Golden waveforms: what a file expects.
//!
//! A CSV file begins with remarks: `# oracle: ...` (where an independent reference comes from; such a file is never blessed),
//! `# plot: N` (which of the run's plots, from 1), `# period: SIGNAL` (the one value is its period), `# tol: SIGNAL=VALUE reason`
//! (an rms tolerance of its own), `# axis` (the first column is the axis whatever its name), `# union` (compare at the points of both waveforms). Then a line of names and the values.
//! `x.re` and `x.im` are the parts of a complex signal `x`. The first column is the axis when it is called `time`,
//! `frequency` or `..sweep`; a file without one holds an operating point.

use std::collections::HashMap;
use std::path::Path;

use num_complex::Complex64;

use crate::output::{Dataset, read_raw};

/// One expected signal.
#[derive(Clone, Debug)]
pub struct Signal {
    /// Its name.
    pub name: String,
    /// Its values.
    pub values: Vec<Complex64>,
    /// Real and imaginary part were given.
    pub complex: bool,
}

/// The contents of a golden file.
#[derive(Clone, Debug, Default)]
pub struct Golden {
    /// Name and places of the axis.
    pub axis: Option<(String, Vec<f64>)>,
    /// The signals.
    pub signals: Vec<Signal>,
    /// Compare the period of this signal instead of waveforms.
    pub period: Option<String>,
    /// Rms tolerances of signals that cannot meet the common one.
    pub tolerances: HashMap<String, f64>,
    /// Number of the plot, from 1.
    pub plot: Option<usize>,
    /// An independent reference.
    pub oracle: bool,
    /// The first column is an axis whatever its name.
    pub first_is_axis: bool,
    /// Compare at the points of both waveforms.
    pub union: bool,
}

/// What the axis counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum AxisKind {
    /// Nothing: an operating point.
    None,
    /// Time.
    Time,
    /// Frequency.
    Frequency,
    /// A swept quantity.
    Sweep,
}

/// Kind of an axis by its name.
pub fn axis_kind(name: Option<&str>) -> AxisKind {
    match name.map(str::to_ascii_lowercase).as_deref() {
        None => AxisKind::None,
        Some("time") => AxisKind::Time,
        Some("frequency") => AxisKind::Frequency,
        Some(_) => AxisKind::Sweep,
    }
}

impl Golden {
    /// Reads a CSV or raw file.
    ///
    /// # Errors
    /// What is wrong with the file, with the line.
    pub fn read(path: &Path) -> Result<Self, String> {
        let shown = path.display();
        if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("raw")) {
            let plots = read_raw(path).map_err(|e| e.to_string())?;
            return plots.first().map(Self::from_dataset).ok_or_else(|| format!("{shown}: no plot"));
        }
        let bytes = std::fs::read(path).map_err(|e| format!("{shown}: {e}"))?;
        Self::parse(&String::from_utf8_lossy(&bytes)).map_err(|problem| format!("{shown}: {problem}"))
    }

    /// Reads the text of a CSV file.
    ///
    /// # Errors
    /// What is wrong, with the line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut all = Self::default();
        let mut names: Vec<String> = Vec::new();
        let mut columns: Vec<Vec<f64>> = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let wrong = |what: &str| format!("line {}: {what}", number + 1);
            if let Some(remark) = line.strip_prefix('#') {
                all.remark(remark.trim()).map_err(|what| wrong(&what))?;
            } else if line.trim().is_empty() {
            } else if names.is_empty() {
                names = header(line);
                columns = vec![Vec::new(); names.len()];
            } else {
                let values: Vec<f64> = line
                    .split(',')
                    .map(|v| v.trim().parse().map_err(|_| wrong("not a number")))
                    .collect::<Result<_, _>>()?;
                if values.len() != columns.len() {
                    return Err(wrong("wrong number of columns"));
                }
                columns.iter_mut().zip(values).for_each(|(column, value)| column.push(value));
            }
        }
        if columns.first().is_none_or(Vec::is_empty) {
            return Err("no values".into());
        }
        let first = names[0].to_ascii_lowercase();
        let mut pairs = names.into_iter().zip(columns).peekable();
        if all.first_is_axis || first == "time" || first == "frequency" || first.contains("sweep") {
            all.axis = pairs.next();
        }
        while let Some((name, values)) = pairs.next() {
            let stem = name.strip_suffix(".re").map(str::to_string);
            let imaginary = stem.as_ref().map(|stem| format!("{stem}.im"));
            let signal = match (stem, pairs.next_if(|(next, _)| Some(next) == imaginary.as_ref())) {
                (Some(name), Some((_, im))) => {
                    let values = values.into_iter().zip(im).map(|(re, im)| Complex64::new(re, im)).collect();
                    Signal { name, values, complex: true }
                }
                _ => Signal { name, values: values.into_iter().map(Complex64::from).collect(), complex: false },
            };
            all.signals.push(signal);
        }
        Ok(all)
    }

    fn remark(&mut self, remark: &str) -> Result<(), String> {
        if let Some(signal) = remark.strip_prefix("period:") {
            self.period = Some(signal.trim().to_string());
        } else if let Some(entry) = remark.strip_prefix("tol:") {
            let (name, rest) = entry.split_once('=').ok_or("`# tol: signal=tolerance reason` expected")?;
            let size = rest.split_whitespace().next().and_then(|v| v.parse().ok()).ok_or("not a number")?;
            self.tolerances.insert(name.trim().to_ascii_lowercase(), size);
        } else if let Some(number) = remark.strip_prefix("plot:") {
            let number = number.split_whitespace().next().and_then(|n| n.parse().ok()).filter(|n| *n > 0);
            self.plot = Some(number.ok_or("`# plot: number` expected")?);
        } else if remark.starts_with("oracle:") {
            self.oracle = true;
        } else if remark == "axis" {
            self.first_is_axis = true;
        } else if remark == "union" {
            self.union = true;
        }
        Ok(())
    }

    fn from_dataset(data: &Dataset) -> Self {
        let axis = data.axis();
        let column = |k: usize| data.complex_column(k).collect::<Vec<_>>();
        let signals = (0..data.variables.len()).filter(|k| Some(*k) != axis).map(|k| Signal {
            name: data.variables[k].name.clone(),
            values: column(k),
            complex: data.is_complex(),
        });
        Self {
            axis: axis.map(|k| (data.variables[k].name.clone(), data.column(k).collect())),
            signals: signals.collect(),
            ..Self::default()
        }
    }

    /// What the axis counts.
    pub fn kind(&self) -> AxisKind {
        if self.period.is_some() { AxisKind::Time } else { axis_kind(self.axis.as_ref().map(|a| a.0.as_str())) }
    }

    /// The plot that this file is about: the numbered one, else the first of its kind that has the signals.
    pub fn plot<'d>(&self, plots: &'d [Dataset]) -> Option<&'d Dataset> {
        if let Some(number) = self.plot {
            return plots.get(number - 1);
        }
        let kind = |data: &Dataset| axis_kind(data.axis().map(|k| data.variables[k].name.as_str()));
        let of_kind = || plots.iter().filter(|data| kind(data) == self.kind());
        let wanted = self.period.as_deref().or(self.signals.first().map(|s| s.name.as_str()));
        of_kind().find(|data| wanted.is_some_and(|name| data.find(name).is_some())).or_else(|| of_kind().next())
    }
}

/// Column names, in quotes or not; a comma within parentheses, as in `v(a,b)`, belongs to the name.
fn header(line: &str) -> Vec<String> {
    let (mut depth, mut quoted) = (0i32, false);
    let parts = line.split(|c| {
        match c {
            '"' => quoted = !quoted,
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        c == ',' && depth <= 0 && !quoted
    });
    parts.map(|name| name.trim().trim_matches('"').replace("\"\"", "\"")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complex_columns_and_remarks() {
        let text = "# oracle: x\n# tol: v(A)=2e-3 reason\n# plot: 2 AC\nfrequency,v(a).re,v(a).im,i(v1)\n1,2,3,4\n";
        let golden = Golden::parse(text).expect("a golden file");
        assert!(golden.oracle && golden.kind() == AxisKind::Frequency && golden.plot == Some(2));
        assert_eq!(golden.tolerances["v(a)"], 2e-3);
        assert_eq!(golden.signals[0].values, [Complex64::new(2.0, 3.0)]);
        assert!(golden.signals[0].complex && !golden.signals[1].complex);
        assert_eq!(header("time,v(a,b),\"i(v,1)\""), ["time", "v(a,b)", "i(v,1)"]);
    }

    #[test]
    fn broken_files_say_where() {
        for (text, problem) in [
            ("time,v(a)\n0\n", "line 2: wrong number"),
            ("time,v(a)\n0,x\n", "line 2: not a number"),
            ("# tol: x\ntime\n", "line 1"),
            ("", "no values"),
            ("time,v(a)\n", "no values"),
        ] {
            assert!(Golden::parse(text).expect_err(text).contains(problem), "{text}");
        }
    }
}
