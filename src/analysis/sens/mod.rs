//! `.sens`: derivatives of an output with respect to every parameter, by the adjoint method.
//!
//! With `R(x, p) = 0` the derivative of `l^T x` is `-lambda^T dR/dp`, where `G^T lambda = l`: one solution for all parameters
//! (Director and Rohrer, "The generalized adjoint network and network sensitivities", IEEE Trans. Circuit Theory 16
//! (1969)). `dR/dp` comes from the element alone, evaluated at two values of the parameter.
//!
//! Over frequency the derivative of `Y(x0(p), p) x = b` has two parts: that of the parameter at a fixed operating point, and
//! that of the operating point, along `dx0/dp = -G^-1 dR/dp`. Both are included.

mod parameter;

use num_complex::Complex64;

use crate::circuit::{Circuit, FrequencyGrid, Output};
use crate::diagnostic::{Diagnostic, Span};
use crate::output::{Dataset, Quantity, Values, Variable};

use super::ac::{announce, axis};
use super::isolated::{Blank, Isolated};
use super::linearise::{AtRest, Drive, Solver, at_rest, excitations, observed};
use super::system::Point;
use super::{Failure, Options, SimulationError, Sink};
use parameter::{Parameter, Which, parameters};

/// Change of a parameter, relative.
const STEP: f64 = 1e-5;
/// Largest change of a voltage when the operating point is moved, V.
const VOLTAGE_STEP: f64 = 1e-5;

/// Most unknowns times frequencies, all of which are kept.
const MOST_VALUES: usize = 10_000_000;

/// Runs the analysis into `sink`: at the operating point, or over the frequencies of `grid`.
///
/// # Errors
/// Netlist problems, an operating point that is not found, a singular matrix.
pub fn run(
    circuit: &Circuit,
    output: &Output,
    grid: Option<&FrequencyGrid>,
    span: Span,
    options: &Options,
    sink: &mut dyn Sink,
) -> Result<(), Failure> {
    let mut rest = at_rest(circuit, options)?;
    sink.warnings(&rest.system.warnings);
    announce(circuit, &rest, sink);
    let (plus, minus) = observed(&rest.system, circuit, output, span)?;
    let all = parameters(circuit, grid.is_some());
    let unit = if matches!(output, Output::Voltage { .. }) { "V" } else { "A" };
    let variable = |p: &Parameter| Variable::new(p.name.clone(), Quantity::Other(p.unit(unit)));
    let mut work = Work { circuit, options, plus, minus };
    match grid {
        None => {
            let row = work.dc(&mut rest, &all)?;
            let (kept, row): (Vec<&Parameter>, Vec<f64>) =
                all.iter().zip(row).filter_map(|(p, value)| Some((p, value?))).unzip();
            let variables = kept.into_iter().map(variable).collect();
            sink.begin(&Dataset::new(circuit.title.clone(), Dataset::SENSITIVITY, variables))?;
            sink.row(&row)?;
        }
        Some(grid) => {
            let frequencies = grid.frequencies(false);
            if frequencies.len().saturating_mul(rest.system.size()) > MOST_VALUES {
                let error = Diagnostic::error(span, "too many frequencies for a circuit of this size")
                    .label(format!("at most {} here", MOST_VALUES / rest.system.size().max(1)));
                return Err(Failure::Netlist(vec![error]));
            }
            let columns = work.ac(&mut rest, &all, &frequencies, sink)?;
            let (kept, columns): (Vec<&Parameter>, Vec<Vec<Complex64>>) =
                all.iter().zip(columns).filter_map(|(p, column)| Some((p, column?))).unzip();
            let variables = std::iter::once(axis()).chain(kept.into_iter().map(variable)).collect();
            let header = Dataset::new(circuit.title.clone(), Dataset::SENSITIVITY, variables);
            sink.begin(&Dataset { values: Values::Complex(Vec::new()), ..header })?;
            let mut row = Vec::new();
            for (k, &frequency) in frequencies.iter().enumerate() {
                row.clear();
                row.push(frequency.into());
                row.extend(columns.iter().map(|column| column[k]));
                sink.complex_row(&row)?;
            }
        }
    }
    Ok(())
}

/// What both kinds need.
struct Work<'a> {
    circuit: &'a Circuit,
    options: &'a Options,
    plus: usize,
    minus: usize,
}

/// An element at both sides of a parameter's value.
struct Pair {
    above: Isolated,
    below: Isolated,
    /// Distance of the two values.
    width: f64,
}

impl Pair {
    /// Adds `dR/dp` at the operating point, by unknown.
    fn residual(&self, mut add: impl FnMut(usize, f64)) {
        for ((row, above), (_, below)) in self.above.currents().zip(self.below.currents()) {
            add(row, (above - below) / self.width);
        }
    }

    /// Adds `dY/dp x` at an angular frequency, by unknown.
    fn product(&mut self, omega: f64, x: &[Complex64], mut add: impl FnMut(usize, Complex64)) {
        let width = self.width;
        self.above.difference(&mut self.below, omega, x, |row, value| add(row, value / width));
    }
}

impl Work<'_> {
    /// The output as a vector.
    fn observation(&self, size: usize) -> Vec<Complex64> {
        let mut l = vec![Complex64::ZERO; size];
        l[self.plus] += Complex64::ONE;
        l[self.minus] -= Complex64::ONE;
        l
    }

    /// The element on both sides of the parameter; `None` when it is not a smooth function of it there.
    fn pair(&self, blank: &mut Blank, rest: &AtRest, parameter: &Parameter) -> Option<Pair> {
        let step = STEP * parameter.value.abs().max(parameter.scale());
        let mut at = |value: f64| {
            let change = |circuit: &mut Circuit| parameter.set(circuit, value);
            Isolated::new(blank, self.circuit, &rest.system, parameter.element, &rest.point.x, self.options, change)
        };
        let (high, low) = (parameter.value + step, parameter.value - step);
        let (above, below) = (at(high)?, at(low)?);
        above.same_structure(&below).then_some(Pair { above, below, width: high - low })
    }

    fn dc(&mut self, rest: &mut AtRest, all: &[Parameter]) -> Result<Vec<Option<f64>>, SimulationError> {
        let size = rest.system.unknowns.len();
        let mut adjoint = self.observation(size);
        {
            let linear = rest.system.linearise(&rest.point, self.options.gmin)?;
            let mut solver = linear.solver();
            solver.factor(&linear, 0.0)?;
            solver.solve_transposed(&mut adjoint);
        }
        let rest = &*rest;
        let mut blank = Blank::new(self.circuit, &rest.system);
        let sensitivity = |parameter: &Parameter| {
            let pair = self.pair(&mut blank, rest, parameter)?;
            let mut sum = 0.0;
            pair.residual(|row, value| sum -= adjoint[row].re * value);
            Some(sum)
        };
        Ok(all.iter().map(sensitivity).collect())
    }

    /// A column over the frequencies for every parameter.
    fn ac(
        &mut self,
        rest: &mut AtRest,
        all: &[Parameter],
        frequencies: &[f64],
        sink: &mut dyn Sink,
    ) -> Result<Vec<Option<Vec<Complex64>>>, SimulationError> {
        let size = rest.system.unknowns.len();
        let sources = excitations(&rest.system, self.circuit);
        let mut solutions = Vec::with_capacity(frequencies.len());
        let at_dc = {
            let linear = rest.system.linearise(&rest.point, self.options.gmin)?.with_ac_values();
            let mut solver = linear.solver();
            for &frequency in frequencies {
                solver.factor(&linear, frequency)?;
                let mut x = vec![Complex64::ZERO; size];
                sources.iter().for_each(|&(_, drive, value)| drive.add(value, &mut x));
                solver.solve(&mut x);
                let mut adjoint = self.observation(size);
                solver.solve_transposed(&mut adjoint);
                solutions.push((x, adjoint));
            }
            let linear = rest.system.linearise(&rest.point, self.options.gmin)?;
            solver.factor(&linear, 0.0)?;
            solver
        };
        let mut blank = Blank::new(self.circuit, &rest.system);
        let mut columns = Vec::with_capacity(all.len());
        for (k, parameter) in all.iter().enumerate() {
            sink.progress(k as f64 / all.len() as f64);
            if let Which::AcMagnitude | Which::AcPhase = parameter.which {
                columns.push(drive_column(parameter, &sources, &solutions));
                continue;
            }
            let Some(mut pair) = self.pair(&mut blank, rest, parameter) else {
                columns.push(None);
                continue;
            };
            let mut column: Vec<Complex64> = Vec::with_capacity(frequencies.len());
            for (&frequency, (x, adjoint)) in frequencies.iter().zip(&solutions) {
                let mut sum = Complex64::ZERO;
                pair.product(std::f64::consts::TAU * frequency, x, |row, value| sum -= adjoint[row] * value);
                column.push(sum);
            }
            self.add_shift(rest, &pair, &at_dc, frequencies, &solutions, &mut column);
            columns.push(Some(column));
        }
        Ok(columns)
    }

    /// Adds what the parameter does by moving the operating point.
    fn add_shift(
        &self,
        rest: &mut AtRest,
        pair: &Pair,
        at_dc: &Solver,
        frequencies: &[f64],
        solutions: &[(Vec<Complex64>, Vec<Complex64>)],
        column: &mut [Complex64],
    ) {
        let mut shift = vec![Complex64::ZERO; rest.point.x.len()];
        pair.residual(|row, value| shift[row] -= value);
        shift[0] = Complex64::ZERO;
        let rhs = shift.iter().fold(0.0, |largest: f64, s| largest.max(s.re.abs()));
        if rhs == 0.0 {
            return;
        }
        at_dc.solve(&mut shift);
        let voltages = rest.system.unknowns.iter().zip(&shift);
        let largest = voltages
            .filter(|(info, _)| info.kind == crate::devices::UnknownKind::Voltage)
            .fold(0.0, |largest: f64, (_, s)| largest.max(s.re.abs()));
        if largest == 0.0 || !largest.is_finite() {
            return;
        }
        let step = VOLTAGE_STEP / largest;
        let mut moved = |sign: f64| {
            let x = rest.point.x.iter().zip(&shift).map(|(x, s)| x + sign * step * s.re).collect();
            let mut point = Point { x, ..rest.point.clone() };
            rest.system.jacobians(&mut point, self.options.gmin)
        };
        let (mut g, mut c) = moved(1.0);
        let (g_below, c_below) = moved(-1.0);
        let scale = 0.5 / step;
        g.iter_mut().zip(&g_below).for_each(|(g, below)| *g = (*g - below) * scale);
        c.iter_mut().zip(&c_below).for_each(|(c, below)| *c = (*c - below) * scale);
        for ((&frequency, (x, adjoint)), out) in frequencies.iter().zip(solutions).zip(column) {
            let omega = std::f64::consts::TAU * frequency;
            rest.system.product(&g, &c, omega, x, |row, value| *out -= adjoint[row] * value);
        }
    }
}

/// The column of a source's AC magnitude or phase (degrees).
fn drive_column(
    parameter: &Parameter,
    sources: &[(usize, Drive, Complex64)],
    solutions: &[(Vec<Complex64>, Vec<Complex64>)],
) -> Option<Vec<Complex64>> {
    let &(_, drive, value) = sources.iter().find(|(k, ..)| *k == parameter.element.0 as usize)?;
    let derivative = match parameter.which {
        Which::AcMagnitude => value / parameter.value,
        _ => value * Complex64::I * std::f64::consts::PI / 180.0,
    };
    Some(solutions.iter().map(|(_, adjoint)| drive.product(adjoint) * derivative).collect())
}
