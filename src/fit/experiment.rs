//! Data sets: what was done to the device, and what was measured.

use super::FitError;
use super::table::{DataError, Table};
use crate::analysis::forward::{Moved, Span, Trajectory, sweep, transient};
use crate::analysis::{Failure, Options};
use crate::circuit::{Analysis, Circuit, ElementId, ElementKind, FitData, FitPulses, Given, Signal, Waveform};

/// Parts of the run that the largest step is, unless the deck says otherwise.
const STEPS: f64 = 50.0;

/// One measured value.
#[derive(Clone, Debug)]
pub struct Observation {
    /// Time, s; or the row of a static sweep.
    pub at: f64,
    /// Number of the signal in its set.
    pub signal: usize,
    /// Measured value.
    pub value: f64,
    /// Standard deviation of the noise, where it is known.
    pub sigma: f64,
    /// Which estimated noise, where it is not.
    pub noise: Option<usize>,
    /// Row in the file, from 0.
    pub row: usize,
}

/// What was done to the device.
#[derive(Clone, Debug)]
pub enum Experiment {
    /// Sources follow the given points (s; V or A).
    Transient {
        /// Source and its points; none when the deck drives.
        drives: Vec<(ElementId, Vec<(f64, f64)>)>,
        /// Times of the run.
        span: Span,
    },
    /// Every row is an operating point.
    Static {
        /// Driven sources.
        drives: Vec<ElementId>,
        /// Their values, row by row.
        rows: Vec<Vec<f64>>,
    },
}

impl Experiment {
    /// Puts the waveforms into a circuit.
    pub fn drive(&self, circuit: &mut Circuit) {
        let Self::Transient { drives, .. } = self else { return };
        for (element, points) in drives {
            if let ElementKind::VoltageSource(source) | ElementKind::CurrentSource(source) =
                &mut circuit.elements[element.0 as usize].kind
            {
                source.dc = points.first().map_or(0.0, |point| point.1);
                let points = points.clone();
                source.waveform = Some(Waveform::PiecewiseLinear { points, repeat_from: None, delay: 0.0 });
            }
        }
    }

    /// Simulates it.
    ///
    /// # Errors
    /// What stops the simulation.
    pub fn run(
        &self,
        circuit: &Circuit,
        moved: &[Moved],
        signals: &[Signal],
        options: &Options,
    ) -> Result<Trajectory, Failure> {
        match self {
            Self::Transient { span, .. } => transient(circuit, moved, signals, *span, options),
            Self::Static { drives, rows } => sweep(circuit, moved, signals, (drives, rows), options),
        }
    }
}

/// One experiment on one device.
#[derive(Clone, Debug)]
pub struct DataSet {
    /// File and group.
    pub label: String,
    /// The device.
    pub device: String,
    /// Temperature, degrees Celsius, where the data give one.
    pub celsius: Option<f64>,
    /// Observed quantities.
    pub signals: Vec<Signal>,
    /// What was done.
    pub experiment: Experiment,
    /// What was measured.
    pub observations: Vec<Observation>,
}

/// The data sets that a table holds under a statement.
///
/// # Errors
/// Columns that are not there, rows out of order, statements that say too little.
pub fn data_sets(
    circuit: &Circuit,
    data: &FitData,
    table: &Table,
    sets: &mut Vec<DataSet>,
    noise: &mut Vec<f64>,
) -> Result<(), FitError> {
    if data.signals.is_empty() {
        return Err(FitError::Deck(vec![
            crate::diagnostic::Diagnostic::error(data.span, "this `.fitdata` compares nothing")
                .label("no `signal=`")
                .hint("as in `signal=i(v1) column=current sigma=1u`"),
        ]));
    }
    // one estimated noise for each signal of a statement and file
    let mut classes = Vec::new();
    for signal in &data.signals {
        let estimated = signal.sigma.is_none() && signal.relative == 0.0;
        classes.push(estimated.then(|| {
            noise.push(1.0);
            noise.len() - 1
        }));
    }
    for (signal, class) in data.signals.iter().zip(&classes) {
        let column = table.numbers(&signal.column)?;
        if let Some(class) = class {
            let values = (0..table.rows).map(|row| column.number(row)).filter(|v| v.is_finite());
            let (sum, count) = values.fold((0.0, 0usize), |(s, n), v| (s + v * v, n + 1));
            noise[*class] = (0.01 * (sum / count.max(1) as f64).sqrt()).max(f64::MIN_POSITIVE);
        }
    }
    for (label, device, rows) in grouped(data, table)? {
        let celsius = match &data.celsius {
            None => None,
            Some(given) => Some(at_row(table, given, rows[0])?),
        };
        if let Some(value) = celsius.filter(|c| !(*c > -273.15 && *c < 2000.0)) {
            return Err(content(table, format!("a temperature of {value} degrees Celsius in {label}")));
        }
        let (experiment, times) = experiment(circuit, data, table, &rows)?;
        let mut observations = Vec::new();
        for (number, signal) in data.signals.iter().enumerate() {
            let column = table.numbers(&signal.column)?;
            for (&row, &at) in rows.iter().zip(&times) {
                let value = column.number(row);
                if !value.is_finite() {
                    continue;
                }
                let absolute = signal.sigma.as_ref().map_or(Ok(0.0), |given| at_row(table, given, row))?;
                let sigma = absolute.hypot(signal.relative * value);
                if classes[number].is_none() && !(sigma > 0.0 && sigma.is_finite()) {
                    let message = format!("the deviation of `{}` is {sigma} in data row {}", signal.column, row + 1);
                    return Err(content(table, message + "; give `sigma=` besides `relative=`"));
                }
                observations.push(Observation { at, signal: number, value, sigma, noise: classes[number], row });
            }
        }
        sets.push(DataSet {
            label,
            device,
            celsius,
            signals: data.signals.iter().map(|signal| signal.signal.clone()).collect(),
            experiment,
            observations,
        });
    }
    Ok(())
}

fn content(table: &Table, message: String) -> FitError {
    DataError::Content { path: table.path.clone(), message }.into()
}

fn at_row(table: &Table, given: &Given, row: usize) -> Result<f64, FitError> {
    match given {
        Given::Number(number) => Ok(*number),
        Given::Column(name) => Ok(table.numbers(name)?.number(row)),
    }
}

/// Label, device and rows of every group, in the order of the file.
fn grouped(data: &FitData, table: &Table) -> Result<Vec<(String, String, Vec<usize>)>, FitError> {
    let mut names: Vec<&str> = data.device.iter().map(String::as_str).collect();
    names.extend(data.groups.iter().map(String::as_str));
    if let Some(Given::Column(name)) = &data.celsius {
        names.push(name);
    }
    let missing = |name: &str| content(table, format!("there is no column `{name}` to separate data sets by"));
    let columns: Vec<_> =
        names.iter().map(|name| table.find(name).ok_or_else(|| missing(name))).collect::<Result<_, _>>()?;
    let mut all: Vec<(Vec<&str>, Vec<usize>)> = Vec::new();
    for row in 0..table.rows {
        let key: Vec<&str> = columns.iter().map(|column| column.text[row].as_str()).collect();
        match all.iter_mut().find(|(other, _)| *other == key) {
            Some((_, rows)) => rows.push(row),
            None => all.push((key, vec![row])),
        }
    }
    let stem = table.stem();
    Ok(all
        .into_iter()
        .map(|(key, rows)| {
            let parts: Vec<String> = names.iter().zip(&key).map(|(name, value)| format!("{name}={value}")).collect();
            let label = if parts.is_empty() { stem.clone() } else { format!("{stem} {}", parts.join(" ")) };
            let device = if data.device.is_some() { key[0].to_string() } else { stem.clone() };
            (label, device, rows)
        })
        .collect())
}

/// What was done in these rows, and when each was measured.
fn experiment(
    circuit: &Circuit,
    data: &FitData,
    table: &Table,
    rows: &[usize],
) -> Result<(Experiment, Vec<f64>), FitError> {
    if let Some(pulses) = &data.pulses {
        return pulse_train(circuit, data, pulses, table, rows);
    }
    let mut columns = Vec::new();
    for drive in &data.drives {
        columns.push((drive.source, table.numbers(&drive.column)?));
    }
    let values = |row: usize| columns.iter().map(|(_, column)| column.number(row)).collect::<Vec<f64>>();
    for &row in rows {
        if values(row).iter().any(|v| !v.is_finite()) {
            return Err(content(table, format!("data row {}: a drive without a value", row + 1)));
        }
    }
    let times: Vec<f64> = match (&data.time, data.rate) {
        (Some(name), _) => {
            let column = table.numbers(name)?;
            let mut times: Vec<f64> = rows.iter().map(|&row| column.number(row)).collect();
            if let Some(k) = (0..times.len()).find(|&k| !times[k].is_finite() || k > 0 && times[k] < times[k - 1]) {
                let message = format!("data row {}: times must ascend", rows[k] + 1);
                return Err(content(table, message + "; separate repetitions by `group=`"));
            }
            if times.first().is_some_and(|&first| first < 0.0) {
                let first = times[0];
                times.iter_mut().for_each(|t| *t -= first);
            }
            times
        }
        (None, Some(rate)) => {
            let all: Vec<Vec<f64>> = rows.iter().map(|&row| values(row)).collect();
            if columns.is_empty() {
                return Err(content(table, "`rate=` needs a `drive=` whose slope it is".into()));
            }
            let (low, high) = all.iter().fold((f64::MAX, f64::MIN), |(a, b), v| (a.min(v[0]), b.max(v[0])));
            let least = 1e-3 * (high - low).max(1e-12) / all.len() as f64;
            let mut time = 0.0;
            let mut times = vec![0.0];
            for pair in all.windows(2) {
                time += (pair[1][0] - pair[0][0]).abs().max(least) / rate;
                times.push(time);
            }
            times
        }
        (None, None) if columns.is_empty() => {
            return Err(content(
                table,
                "neither `time=` nor `drive=` nor `pulse=` says what was done; a `.fitdata` needs one of them".into(),
            ));
        }
        (None, None) => {
            let experiment = Experiment::Static {
                drives: columns.iter().map(|(source, _)| *source).collect(),
                rows: rows.iter().map(|&row| values(row)).collect(),
            };
            return Ok((experiment, (0..rows.len()).map(|k| k as f64).collect()));
        }
    };
    let stop = times.last().copied().unwrap_or(0.0);
    if stop <= 0.0 {
        return Err(content(table, "the times span nothing".into()));
    }
    let drives = columns
        .iter()
        .map(|(source, column)| {
            let mut points: Vec<(f64, f64)> = Vec::with_capacity(rows.len());
            for (&row, &time) in rows.iter().zip(&times) {
                if points.last().is_none_or(|last| time > last.0) {
                    points.push((time, column.number(row)));
                }
            }
            (*source, points)
        })
        .collect();
    Ok((Experiment::Transient { drives, span: span(circuit, data, stop) }, times))
}

/// Times of a run; the largest step is that of the statement, else that of the deck's `.tran`, else a share of the run.
fn span(circuit: &Circuit, data: &FitData, stop: f64) -> Span {
    let given = circuit.analyses.iter().find_map(|analysis| match analysis {
        Analysis::Tran { step, max_step, use_initial, .. } => Some((max_step.unwrap_or(*step), *use_initial)),
        _ => None,
    });
    let max_step = data.max_step.or(given.map(|g| g.0)).unwrap_or(stop / STEPS);
    Span { stop, max_step, use_initial: data.use_initial || given.is_some_and(|g| g.1) }
}

/// One pulse each row, read at the end of its period.
fn pulse_train(
    circuit: &Circuit,
    data: &FitData,
    pulses: &FitPulses,
    table: &Table,
    rows: &[usize],
) -> Result<(Experiment, Vec<f64>), FitError> {
    let (edge, read) = (pulses.edge, pulses.read);
    let mut points = vec![(0.0, read)];
    let mut times = Vec::with_capacity(rows.len());
    for (k, &row) in rows.iter().enumerate() {
        let begin = k as f64 * pulses.period;
        let (amplitude, width) = (at_row(table, &pulses.amplitude, row)?, at_row(table, &pulses.width, row)?);
        if width > 0.0 && amplitude.is_finite() && amplitude != 0.0 {
            if 2.0 * edge + width >= pulses.period {
                let message = format!("data row {}: a pulse of {width:e} s with edges of {edge:e} s", row + 1);
                return Err(content(table, format!("{message} does not fit into a period of {:e} s", pulses.period)));
            }
            if k > 0 {
                points.push((begin, read));
            }
            points.extend([
                (begin + edge, amplitude),
                (begin + edge + width, amplitude),
                (begin + 2.0 * edge + width, read),
            ]);
        }
        times.push(begin + pulses.period);
    }
    let stop = rows.len() as f64 * pulses.period;
    points.push((stop, read));
    let span = Span { max_step: data.max_step.unwrap_or(pulses.period), ..span(circuit, data, stop) };
    Ok((Experiment::Transient { drives: vec![(pulses.source, points)], span }, times))
}
