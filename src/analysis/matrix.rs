//! Signals of all cells of an array, as matrices.

use super::system::{Point, System};
use super::{Options, Probes, Sink};
use crate::circuit::{Analysis, Circuit};
use crate::diagnostic::Diagnostic;

/// One matrix that was read.
#[derive(Clone, Debug)]
pub struct MatrixValues {
    /// Index in [`Circuit::matrices`].
    pub matrix: usize,
    /// Time, s; `None` at an operating point.
    pub time: Option<f64>,
    /// Row by row, SI units; NaN where a cell does not have the signal.
    pub values: Vec<f64>,
}

/// The probes of a deck's `.matrix` statements.
pub(super) struct Matrices(Vec<Probes>);

impl Matrices {
    /// Prepares the probes.
    ///
    /// # Errors
    /// Signals that a device does not offer; stuck cells need none.
    pub fn new(circuit: &Circuit, system: &System) -> Result<Self, Vec<Diagnostic>> {
        let probes = circuit.matrices.iter().map(|matrix| Probes::each(circuit, system, &matrix.signals));
        probes.collect::<Result<_, _>>().map(Self)
    }

    /// Times at which some matrix is read before `stop`, s, ascending.
    pub fn times(circuit: &Circuit, stop: f64) -> Vec<f64> {
        let mut times: Vec<f64> = circuit.matrices.iter().flat_map(|matrix| &matrix.at).copied().collect();
        times.retain(|&time| time < stop);
        times.sort_by(f64::total_cmp);
        times.dedup();
        times
    }

    /// Hands over the matrices of an operating point, unless a transient follows that will.
    pub fn at_operating_point(
        &self,
        circuit: &Circuit,
        system: &System,
        point: &Point,
        options: &Options,
        sink: &mut dyn Sink,
    ) {
        if circuit.analyses.iter().any(|analysis| matches!(analysis, Analysis::Tran { .. })) {
            return;
        }
        for (matrix, probes) in self.0.iter().enumerate() {
            let values = probes.probes.iter().map(|probe| probe.read(system, point, 0.0, options)).collect();
            sink.matrix(MatrixValues { matrix, time: None, values });
        }
    }

    /// Hands over the matrices that are wanted at `time`, or those of the end.
    pub fn at_time(
        &self,
        circuit: &Circuit,
        (system, point): (&System, &Point),
        (time, last): (f64, bool),
        options: &Options,
        sink: &mut dyn Sink,
    ) {
        for (matrix, probes) in self.0.iter().enumerate() {
            let at = &circuit.matrices[matrix].at;
            let wanted = if last { at.is_empty() || at.iter().any(|&t| t >= time) } else { at.contains(&time) };
            if wanted {
                let values = probes.probes.iter().map(|probe| probe.read(system, point, time, options)).collect();
                sink.matrix(MatrixValues { matrix, time: Some(time), values });
            }
        }
    }
}
