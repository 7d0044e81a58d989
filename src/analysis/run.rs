//! Runs the analyses of a deck in order and hands rows to a sink.

use num_complex::Complex64;
use serde::Serialize;

use crate::circuit::{Analysis, Circuit, TranTimes};
use crate::devices::AnalysisKind;
use crate::diagnostic::Diagnostic;
use crate::output::{Dataset, Quantity, Variable};

use super::matrix::{Matrices, MatrixValues};
use super::operating::{OperatingTable, tables};
use super::system::{Point, System};
use super::transient::Transient;
use super::{Failure, Options, Probes, SimulationError, ac, dc, noise, pz, read, sens, tf};

/// Takes results as they come, so that a failing run leaves what it computed.
pub trait Sink {
    /// A new plot begins; `header` has no rows.
    ///
    /// # Errors
    /// The output cannot be written.
    fn begin(&mut self, header: &Dataset) -> Result<(), SimulationError>;
    /// One row of the present plot.
    ///
    /// # Errors
    /// The output cannot be written.
    fn row(&mut self, row: &[f64]) -> Result<(), SimulationError>;
    /// One row of a plot of complex values.
    ///
    /// # Errors
    /// The output cannot be written.
    fn complex_row(&mut self, row: &[Complex64]) -> Result<(), SimulationError>;
    /// A plot that is complete.
    ///
    /// # Errors
    /// The output cannot be written.
    fn plot(&mut self, plot: &Dataset) -> Result<(), SimulationError> {
        self.begin(&plot.header())?;
        let (mut row, mut complex_row) = (Vec::new(), Vec::new());
        for point in 0..plot.points() {
            let values = (0..plot.variables.len()).map(|column| plot.value(point, column));
            if plot.is_complex() {
                complex_row.clear();
                complex_row.extend(values);
                self.complex_row(&complex_row)?;
            } else {
                row.clear();
                row.extend(values.map(|value| value.re));
                self.row(&row)?;
            }
        }
        Ok(())
    }
    /// Share of the present analysis done, 0 to 1.
    fn progress(&mut self, _done: f64) {}
    /// An operating point was found: voltage of every node of the circuit, V, ground first.
    fn solved(&mut self, _voltages: &[f64]) {}
    /// Operating points of the devices, of an `.op` analysis.
    fn devices(&mut self, _tables: Vec<OperatingTable>) {}
    /// What an analysis did and how long its parts took.
    fn work(&mut self, _work: Work) {}
    /// A `.matrix` was read.
    fn matrix(&mut self, _matrix: MatrixValues) {}
    /// Warnings about elements and model cards of the circuit; the same ones come with every analysis.
    fn warnings(&mut self, _found: &[Diagnostic]) {}
    /// A remark for the user (which homotopy was needed, ..).
    fn note(&mut self, _text: &str) {}
}

/// Work of one analysis. Times are zero unless [`Options::timed`] is set, s.
#[derive(Clone, Debug, Serialize)]
pub struct Work {
    /// `op`, `tran`, `read`.
    pub analysis: &'static str,
    /// Unknowns of the equations.
    pub unknowns: usize,
    /// Entries of the Jacobian.
    pub entries: usize,
    /// Which kernels.
    pub solver: &'static str,
    /// Accepted points.
    pub points: u64,
    /// Rejected steps.
    pub rejected: u64,
    /// Newton iterations (evaluations of all devices).
    pub iterations: u64,
    /// Factorisations.
    pub factorisations: u64,
    /// Solutions with existing factors.
    pub solves: u64,
    /// Analysis of the pattern.
    pub order: f64,
    /// Evaluation of the devices.
    pub evaluate: f64,
    /// Factorisations.
    pub factor: f64,
    /// Solutions.
    pub solve: f64,
}

impl Work {
    /// What a system has done so far.
    pub fn of(analysis: &'static str, solver: &'static str, system: &System) -> Self {
        let c = system.counters;
        Self {
            analysis,
            unknowns: system.size(),
            entries: system.nonzeros(),
            solver,
            points: c.points,
            rejected: c.rejected,
            iterations: c.evaluations,
            factorisations: c.factorisations,
            solves: c.solves,
            order: c.order,
            evaluate: c.evaluate,
            factor: c.factor,
            solve: c.solve,
        }
    }
}

/// Collects plots in memory.
impl Sink for Vec<Dataset> {
    fn begin(&mut self, header: &Dataset) -> Result<(), SimulationError> {
        self.push(header.clone());
        Ok(())
    }
    fn row(&mut self, row: &[f64]) -> Result<(), SimulationError> {
        if let Some(last) = self.last_mut() {
            last.push_row(row);
        }
        Ok(())
    }
    fn complex_row(&mut self, row: &[Complex64]) -> Result<(), SimulationError> {
        if let Some(last) = self.last_mut() {
            last.push_complex_row(row);
        }
        Ok(())
    }
}

/// Runs every analysis of the circuit.
///
/// # Errors
/// The first failure; the sink has everything computed before it.
pub fn run(circuit: &Circuit, options: &Options, sink: &mut dyn Sink) -> Result<(), Failure> {
    for analysis in &circuit.analyses {
        match analysis {
            Analysis::Op { .. } => operating_point(circuit, options, sink)?,
            Analysis::Dc { sweeps, .. } => dc::run(circuit, sweeps, options, sink)?,
            Analysis::Tran { step, stop, start, max_step, use_initial, .. } => {
                let times = Times { step: *step, stop: *stop, start: *start, max_step: *max_step };
                transient(circuit, times, *use_initial, options, sink)?;
            }
            Analysis::Read(statement) => read::run(circuit, statement, options, sink)?,
            Analysis::Ac { grid, .. } => ac::run(circuit, grid, options, sink)?,
            Analysis::Noise { output, source, grid, summary, span } => {
                let request = noise::Request { output, source: *source, grid, summary: *summary, span: *span };
                noise::run(circuit, &request, options, sink)?;
            }
            Analysis::Transfer { output, source, span } => {
                tf::run(circuit, output, *source, *span, options, sink)?;
            }
            Analysis::Sensitivity { output, grid, span } => {
                sens::run(circuit, output, grid.as_ref(), *span, options, sink)?;
            }
            Analysis::PoleZero { input, output, drive, poles, zeros, span } => {
                let (poles, zeros) = (*poles, *zeros);
                let request = pz::Request { input: *input, output: *output, drive: *drive, poles, zeros, span: *span };
                pz::run(circuit, &request, options, sink)?;
            }
        }
    }
    Ok(())
}

fn operating_point(circuit: &Circuit, options: &Options, sink: &mut dyn Sink) -> Result<(), Failure> {
    let mut system = System::new(circuit, options).map_err(Failure::Netlist)?;
    sink.warnings(&system.warnings);
    let probes = Probes::new(circuit, &system, &circuit.saves).map_err(Failure::Netlist)?;
    let matrices = Matrices::new(circuit, &system).map_err(Failure::Netlist)?;
    system.begin(AnalysisKind::Static);
    let found = system.operating_point(circuit, false, options);
    system.notes(&mut |text| sink.note(&text));
    let found = found?;
    if found.found_by != "newton" {
        sink.note(&format!("operating point found by {}", found.found_by));
    }
    sink.devices(tables(circuit, &system, &found.point, options));
    sink.solved(&found.point.x[..circuit.nodes.len()]);
    sink.begin(&probes.dataset(circuit, "Operating Point", None))?;
    let mut row = Vec::new();
    probes.read(&system, &found.point, 0.0, options, &mut row);
    sink.row(&row)?;
    matrices.at_operating_point(circuit, &system, &found.point, options, sink);
    sink.work(Work::of("op", "LU", &system));
    Ok(())
}

/// The system of a circuit and its operating point.
///
/// # Errors
/// Netlist problems of a device, or no convergence.
pub(super) fn at_operating_point(circuit: &Circuit, options: &Options) -> Result<(System, Point), Failure> {
    let mut system = System::new(circuit, options).map_err(Failure::Netlist)?;
    system.begin(AnalysisKind::Static);
    let found = system.operating_point(circuit, false, options)?;
    Ok((system, found.point))
}

/// Share of the largest source below which the size of a voltage does not sharpen its tolerance, in large circuits.
const VOLTAGE_FLOOR: f64 = 0.02;

/// Times of a `.tran` statement, s.
#[derive(Clone, Copy, Debug)]
struct Times {
    step: f64,
    stop: f64,
    start: f64,
    max_step: Option<f64>,
}

fn transient(
    circuit: &Circuit,
    times: Times,
    use_initial: bool,
    options: &Options,
    sink: &mut dyn Sink,
) -> Result<(), Failure> {
    let mut system = System::new(circuit, options).map_err(Failure::Netlist)?;
    sink.warnings(&system.warnings);
    let probes = Probes::new(circuit, &system, &circuit.saves).map_err(Failure::Netlist)?;
    let matrices = Matrices::new(circuit, &system).map_err(Failure::Netlist)?;
    system.sources.set_times(TranTimes { step: times.step, stop: times.stop });
    system.begin(AnalysisKind::InitialPoint);
    let point = if use_initial {
        initial_conditions(circuit, &system)
    } else {
        let found = system.operating_point(circuit, true, options);
        system.notes(&mut |text| sink.note(&text));
        let found = found?;
        if found.found_by != "newton" {
            sink.note(&format!("operating point found by {}", found.found_by));
        }
        sink.solved(&found.point.x[..circuit.nodes.len()]);
        found.point
    };
    let time_axis = Variable { name: "time".into(), quantity: Quantity::Time };
    sink.begin(&probes.dataset(circuit, "Transient Analysis", Some(time_axis)))?;
    let max_step = times.max_step.unwrap_or(times.step.min((times.stop - times.start) / 50.0));
    let mut writer = Writer::new(times.start, probes.probes.len());
    let max_step = max_step.min(system.max_step());
    system.begin(AnalysisKind::Transient);
    if !options.exact && system.is_dear_to_factor() {
        system.voltage_floor = VOLTAGE_FLOOR * system.sources.largest_voltage();
    }
    let mut transient = Transient::new(&mut system, point, 0.0, max_step, options);
    transient.span = times.stop;
    writer.point(0.0, true, sink, |row| probes.read(&system, &transient.point, 0.0, options, row))?;
    // given voltages need not agree with the circuit: they jump in the first step
    let mut jump = use_initial;
    let stations = Matrices::times(circuit, times.stop);
    for station in stations.into_iter().chain([times.stop]) {
        transient.advance(&mut system, station, options, &mut |system, now, corner| {
            let corner = corner || std::mem::take(&mut jump);
            writer.point(now.time, corner, sink, |row| probes.read(system, &now.point, now.time, options, row))?;
            system.notes(&mut |text| sink.note(&text));
            sink.progress(now.time / times.stop);
            Ok(())
        })?;
        let end = station == times.stop;
        matrices.at_time(circuit, (&system, &transient.point), (station, end), options, sink);
    }
    sink.work(Work::of("tran", "LU", &system));
    Ok(())
}

/// Start of a transient with `uic`: `.ic` voltages and the devices' own initial conditions, zero elsewhere.
pub(super) fn initial_conditions(circuit: &Circuit, system: &System) -> Point {
    let mut point = system.initial_point();
    for bank in &system.banks {
        bank.initial_conditions(&mut |plus, minus, value| {
            let base = if minus == 0 { 0.0 } else { point.x[minus as usize] };
            if plus != 0 {
                point.x[plus as usize] = base + value;
            }
        });
    }
    for (node, value) in &circuit.initial_voltages {
        point.x[node.0 as usize] = *value;
    }
    for bank in &system.banks {
        bank.inner_nodes(&mut |inner, outer| point.x[inner as usize] = point.x[outer as usize]);
    }
    point
}

/// Writes points so that straight lines between them show the curve: a long step gets points of the parabola through it
/// and the point before, within a smooth piece.
struct Writer {
    start: f64,
    rows: [Vec<f64>; 3],
    smooth: usize,
    low: Vec<f64>,
    high: Vec<f64>,
    between: Vec<f64>,
}

/// Straight lines may miss the parabola by this share of a signal's range.
const CHORD_ERROR: f64 = 1e-4;
/// Steps grow by this factor at most.
const LONGEST_GROWTH: f64 = 3.0;
/// Most points put into one step.
const MOST_BETWEEN: usize = 12;

impl Writer {
    fn new(start: f64, signals: usize) -> Self {
        Self {
            start,
            rows: Default::default(),
            smooth: 0,
            low: vec![f64::INFINITY; signals],
            high: vec![f64::NEG_INFINITY; signals],
            between: Vec::new(),
        }
    }

    fn point(
        &mut self,
        time: f64,
        corner: bool,
        sink: &mut dyn Sink,
        read: impl FnOnce(&mut Vec<f64>),
    ) -> Result<(), SimulationError> {
        self.rows.rotate_right(1);
        self.rows[0].clear();
        self.rows[0].push(time);
        read(&mut self.rows[0]);
        for ((low, high), v) in self.low.iter_mut().zip(&mut self.high).zip(&self.rows[0][1..]) {
            *low = low.min(*v);
            *high = high.max(*v);
        }
        if self.smooth >= 2 {
            self.fill(sink)?;
        }
        if time >= self.start {
            sink.row(&self.rows[0])?;
        }
        self.smooth = if corner { 1 } else { self.smooth + 1 };
        Ok(())
    }

    fn fill(&mut self, sink: &mut dyn Sink) -> Result<(), SimulationError> {
        let (t0, t1, t2) = (self.rows[0][0], self.rows[1][0], self.rows[2][0]);
        if t0 - t1 > 2.0 * LONGEST_GROWTH * (t1 - t2) {
            return Ok(()); // the point before is too close to tell the curvature of this step
        }
        let curvature = |k: usize| {
            let (a, b, c) = (self.rows[0][k], self.rows[1][k], self.rows[2][k]);
            ((a - b) / (t0 - t1) - (b - c) / (t1 - t2)) / (t0 - t2)
        };
        let mut worst = 0.0f64;
        for k in 1..self.rows[0].len() {
            let range = self.high[k - 1] - self.low[k - 1];
            let miss = curvature(k).abs() * (t0 - t1) * (t0 - t1) * 0.25;
            if miss > CHORD_ERROR * 1e-3 * self.high[k - 1].abs().max(self.low[k - 1].abs()) {
                worst = worst.max(miss / range);
            }
        }
        let pieces = ((worst / CHORD_ERROR).sqrt().ceil() as usize).clamp(1, MOST_BETWEEN + 1);
        for piece in 1..pieces {
            let t = t1 + (t0 - t1) * piece as f64 / pieces as f64;
            if t < self.start {
                continue;
            }
            self.between.clear();
            self.between.push(t);
            for k in 1..self.rows[0].len() {
                let line = self.rows[1][k] + (self.rows[0][k] - self.rows[1][k]) * (t - t1) / (t0 - t1);
                self.between.push(line + curvature(k) * (t - t1) * (t - t0));
            }
            sink.row(&self.between)?;
        }
        Ok(())
    }
}
