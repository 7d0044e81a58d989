//! What the small-signal analyses are asked for.

use super::{ElementId, NodeId};

/// How the frequencies of a sweep are spaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spacing {
    /// Evenly on a logarithmic scale; the number of points counts those of a decade.
    Decade,
    /// Evenly on a logarithmic scale; the number of points counts those of an octave.
    Octave,
    /// Evenly; the number of points counts all.
    Linear,
}

/// Frequencies of a sweep, Hz.
#[derive(Clone, Debug, PartialEq)]
pub enum FrequencyGrid {
    /// `dec|oct|lin points start stop`
    Range {
        /// How they are spaced.
        spacing: Spacing,
        /// Points per decade or octave, or in all.
        points: u32,
        /// First frequency.
        start: f64,
        /// Last frequency; with decades and octaves the sweep may end before it.
        stop: f64,
    },
    /// `list f1 f2 ..`
    List(Vec<f64>),
}

/// A frequency this fraction of a step beyond the last one still belongs to the sweep, as in ngspice.
const BEYOND: f64 = 1e-3;

impl FrequencyGrid {
    /// The frequencies in order. `fitted` makes the steps of a sweep by decades a little longer, so that it ends at its
    /// last frequency: ngspice does so in `.ac`, and not in `.noise` and `.sens`.
    pub fn frequencies(&self, fitted: bool) -> Vec<f64> {
        let (spacing, points, start, stop) = match self {
            Self::List(list) => return list.clone(),
            Self::Range { spacing, points, start, stop } => (*spacing, f64::from(*points), *start, *stop),
        };
        if start == stop || points < 1.0 {
            return vec![start];
        }
        let log_step = match spacing {
            Spacing::Linear if points < 2.0 => return vec![start],
            Spacing::Linear => {
                let step = (stop - start) / (points - 1.0);
                return (0..points as usize).map(|k| start + step * k as f64).collect();
            }
            Spacing::Decade if fitted => {
                let steps = ((stop / start).log10().abs() * points).floor();
                if steps < 1.0 {
                    return vec![start];
                }
                (stop / start).ln() / steps
            }
            Spacing::Decade => std::f64::consts::LN_10 / points,
            Spacing::Octave => std::f64::consts::LN_2 / points,
        };
        let end = stop + log_step.exp() * stop * BEYOND;
        let last = (((end / start).ln() / log_step) + 1e-9).floor() as usize;
        (0..=last).map(|k| start * (log_step * k as f64).exp()).collect()
    }
}

/// What the noise of a resistor depends on besides its resistance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ResistorNoise {
    /// Temperature, K; zero for a resistor without noise (`noisy=0`).
    pub temperature: f64,
    /// `[k, a, e]` of the flicker noise `k |i|^a / f^e`, A^2/Hz.
    pub flicker: [f64; 3],
}

impl Default for ResistorNoise {
    /// Thermal noise at 27 degrees Celsius.
    fn default() -> Self {
        Self { temperature: 300.15, flicker: [0.0, 1.0, 1.0] }
    }
}

/// What a small-signal analysis observes.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Voltage between two nodes, V; the label is as written.
    Voltage {
        /// Positive node.
        plus: NodeId,
        /// Reference node.
        minus: NodeId,
        /// `v(a)` or `v(a,b)`.
        label: String,
    },
    /// Branch current of a voltage-defined element, A.
    Current {
        /// The element.
        element: ElementId,
        /// `i(v1)`
        label: String,
    },
}

/// How a pole-zero analysis drives its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drive {
    /// By a current: output voltage over input current.
    Current,
    /// By a voltage: output voltage over input voltage.
    Voltage,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Number of points, and the last one, as ngspice 39 has them.
    #[test]
    fn grids_are_those_of_ngspice() {
        use Spacing::{Decade, Linear, Octave};
        for (spacing, points, start, stop, fitted, count, last) in [
            (Decade, 5, 1.0, 500.0, true, 14, 500.0),
            (Decade, 5, 1.0, 500.0, false, 14, 398.1071705534976),
            (Decade, 5, 1.0, 1e3, true, 16, 1e3),
            (Decade, 5, 1.0, 1e3, false, 16, 1e3),
            (Decade, 1000, 1.0, 2.0, true, 302, 2.0),
            (Decade, 1000, 1.0, 2.0, false, 302, 1.999861869632714),
            (Octave, 3, 1.0, 100.0, true, 20, 80.63494719327188),
            (Octave, 3, 5.0, 5.0, false, 1, 5.0),
            (Linear, 1, 5.0, 10.0, true, 1, 5.0),
            (Linear, 3, 1.0, 10.0, true, 3, 10.0),
            (Linear, 2, 1.0, 10.0, false, 2, 10.0),
            (Decade, 10, 7.0, 7.0, true, 1, 7.0),
            (Decade, 2, 1.0, 1.5, true, 1, 1.0),
        ] {
            let all = FrequencyGrid::Range { spacing, points, start, stop }.frequencies(fitted);
            assert_eq!(all.len(), count, "{spacing:?} {points} {start} {stop}");
            assert!((all[count - 1] / last - 1.0).abs() < 1e-9, "{} {last}", all[count - 1]);
        }
    }
}
