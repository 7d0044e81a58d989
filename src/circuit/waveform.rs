//! Time dependence of independent sources.

use std::f64::consts::TAU;

use super::{NoiseWave, RandomWave};

/// The times of a transient analysis that complete a waveform: ngspice fills missing values from them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TranTimes {
    /// Suggested step, s.
    pub step: f64,
    /// Stop time, s.
    pub stop: f64,
}

/// Source waveforms of the ngspice dialect, with defaults already filled in where they do not depend on the analysis.
#[derive(Debug, Clone, PartialEq)]
pub enum Waveform {
    /// `PULSE(v1 v2 td tr tf pw per np)`; zero `rise`, `fall` mean "the time step"; zero or missing width and period mean the stop time.
    Pulse {
        low: f64,
        high: f64,
        delay: f64,
        rise: Option<f64>,
        fall: Option<f64>,
        width: Option<f64>,
        period: Option<f64>,
        count: Option<u64>,
    },
    /// `SIN(vo va freq td theta phase)`; phase in degrees, no frequency means 1/tstop.
    Sine { offset: f64, amplitude: f64, frequency: Option<f64>, delay: f64, damping: f64, phase_degrees: f64 },
    /// `EXP(v1 v2 td1 tau1 td2 tau2)`; a missing time constant or `rise_delay` is the time step, a missing `fall_delay`
    /// one time step after `rise_delay`.
    Exponential {
        low: f64,
        high: f64,
        rise_delay: Option<f64>,
        rise_tau: Option<f64>,
        fall_delay: Option<f64>,
        fall_tau: Option<f64>,
    },
    /// `PWL(t1 v1 ..) [r=] [td=]`: times ascending.
    PiecewiseLinear { points: Vec<(f64, f64)>, repeat_from: Option<f64>, delay: f64 },
    /// `SFFM(vo va fc mdi fs)`; a missing frequency is 1/tstop.
    FrequencyModulated { offset: f64, amplitude: f64, carrier: Option<f64>, index: f64, signal: Option<f64> },
    /// `AM(va vo mf fc td)`: `va (vo + sin(2 pi mf t)) sin(2 pi fc t)`, zero without a carrier.
    AmplitudeModulated { amplitude: f64, offset: f64, modulating: f64, carrier: Option<f64>, delay: f64 },
    /// `TRNOISE(na nt nalpha namp rtsam rtscapt rtsemt)`
    Noise(NoiseWave),
    /// `TRRANDOM(type ts td param1 param2)`
    Random(RandomWave),
}

/// A pulse with every default filled in.
#[derive(Clone, Copy)]
struct PulseShape {
    delay: f64,
    rise: f64,
    fall: f64,
    width: f64,
    period: f64,
    /// Time after `delay` from which the pulse stays low.
    end: f64,
}

impl PulseShape {
    fn corners(&self) -> [f64; 4] {
        [0.0, self.rise, self.rise + self.width, self.rise + self.width + self.fall]
    }
}

/// `value` unless it is missing or not positive.
fn positive_or(value: Option<f64>, default: f64) -> f64 {
    value.filter(|&v| v > 0.0).unwrap_or(default)
}

/// True when `t` lies after `after` by more than the rounding of times.
fn is_after(t: f64, after: f64) -> bool {
    t - after > 1e-12 * t.abs().max(after.abs())
}

impl Waveform {
    /// Prepares what depends on the times of the analysis; before the first value of a run.
    pub fn prepare(&mut self, times: TranTimes) {
        if let Self::Noise(noise) = self {
            noise.prepare(times);
        }
    }

    /// Value at `time` (s), V or A.
    pub fn value(&self, time: f64, times: TranTimes) -> f64 {
        match *self {
            Self::Pulse { low, high, .. } => match self.pulse_shape(times) {
                Some(shape) => pulse_value(low, high, &shape, time),
                None => low,
            },
            Self::Sine { offset, amplitude, frequency, delay, damping, phase_degrees } => {
                let t = (time - delay).max(0.0);
                let angle = TAU * positive_or(frequency, 1.0 / times.stop) * t + phase_degrees.to_radians();
                offset + amplitude * angle.sin() * (-t * damping).exp()
            }
            Self::Exponential { low, high, rise_tau, fall_tau, .. } => {
                let (rise_delay, fall_delay) = self.exponential_delays(times);
                let approach =
                    |start: f64, tau: f64| if time > start { -(-(time - start) / tau).exp_m1() } else { 0.0 };
                low + (high - low) * approach(rise_delay, positive_or(rise_tau, times.step))
                    + (low - high) * approach(fall_delay, positive_or(fall_tau, times.step))
            }
            Self::PiecewiseLinear { ref points, repeat_from, delay } => {
                interpolate(points, fold(points, repeat_from, time - delay))
            }
            Self::FrequencyModulated { offset, amplitude, carrier, index, signal } => {
                let angle = TAU * positive_or(carrier, 1.0 / times.stop) * time;
                let modulation = TAU * positive_or(signal, 1.0 / times.stop) * time;
                offset + amplitude * (angle + index * modulation.sin()).sin()
            }
            Self::AmplitudeModulated { amplitude, offset, modulating, carrier, delay } => {
                let t = time - delay;
                if t <= 0.0 {
                    return 0.0;
                }
                amplitude * (offset + (TAU * modulating * t).sin()) * (TAU * carrier.unwrap_or(0.0) * t).sin()
            }
            Self::Noise(ref noise) => noise.value(time),
            Self::Random(ref random) => random.value(time),
        }
    }

    /// What the magnitude never exceeds, V or A; 0 for random waveforms, which have no bound.
    pub fn bound(&self) -> f64 {
        match *self {
            Self::Pulse { low, high, .. } | Self::Exponential { low, high, .. } => low.abs().max(high.abs()),
            Self::Sine { offset, amplitude, .. } | Self::FrequencyModulated { offset, amplitude, .. } => {
                offset.abs() + amplitude.abs()
            }
            Self::AmplitudeModulated { amplitude, offset, .. } => amplitude.abs() * (offset.abs() + 1.0),
            Self::PiecewiseLinear { ref points, .. } => points.iter().fold(0.0, |most, (_, v)| most.max(v.abs())),
            Self::Noise(_) | Self::Random(_) => 0.0,
        }
    }

    /// First corner after `after` (s), where the waveform or its slope may jump; infinite when there is none.
    pub fn breakpoint(&self, after: f64, times: TranTimes) -> f64 {
        let next =
            |corners: &[f64]| corners.iter().copied().filter(|&t| is_after(t, after)).fold(f64::INFINITY, f64::min);
        match *self {
            Self::Pulse { .. } => {
                let Some(shape) = self.pulse_shape(times) else { return f64::INFINITY };
                let first = ((after - shape.delay) / shape.period).floor().max(0.0);
                // neighbours too: the division above may round across a period
                (-1..=1)
                    .map(|k| first + f64::from(k))
                    .filter(|&n| n >= 0.0)
                    .flat_map(|n| shape.corners().map(|c| (n * shape.period, c)))
                    .filter(|&(start, c)| start < shape.end * (1.0 - 1e-12) && c <= shape.period * (1.0 + 1e-12))
                    .map(|(start, c)| shape.delay + start + c)
                    .filter(|&t| is_after(t, after))
                    .fold(f64::INFINITY, f64::min)
            }
            Self::Noise(ref noise) => noise.breakpoint(after),
            Self::Random(ref random) => random.breakpoint(after),
            Self::Sine { delay, .. } | Self::AmplitudeModulated { delay, .. } => next(&[delay]),
            Self::Exponential { .. } => {
                let (rise, fall) = self.exponential_delays(times);
                next(&[rise, fall])
            }
            Self::PiecewiseLinear { ref points, repeat_from, delay } => {
                let corner_in = |shift: f64, start: f64| {
                    let k = points.partition_point(|&(t, _)| t < start || !is_after(t + delay + shift, after));
                    points.get(k).map_or(f64::INFINITY, |&(t, _)| t + delay + shift)
                };
                match (repeat_from, points.last()) {
                    (Some(from), Some(&(last, _))) if last > from => {
                        let period = last - from;
                        let current = ((after - delay - from) / period).floor().max(0.0);
                        (-1..=1)
                            .map(|k| current + f64::from(k))
                            .filter(|&n| n >= 0.0)
                            .map(|n| corner_in(n * period, if n > 0.0 { from } else { f64::NEG_INFINITY }))
                            .fold(f64::INFINITY, f64::min)
                    }
                    _ => corner_in(0.0, f64::NEG_INFINITY),
                }
            }
            Self::FrequencyModulated { .. } => f64::INFINITY,
        }
    }

    fn pulse_shape(&self, times: TranTimes) -> Option<PulseShape> {
        let Self::Pulse { delay, rise, fall, width, period, count, .. } = *self else { return None };
        let period = positive_or(period, times.stop);
        Some(PulseShape {
            delay,
            rise: positive_or(rise, times.step),
            fall: positive_or(fall, times.step),
            width: positive_or(width, times.stop),
            period,
            end: count.filter(|&n| n > 0).map_or(f64::INFINITY, |n| n as f64 * period),
        })
    }

    fn exponential_delays(&self, times: TranTimes) -> (f64, f64) {
        let Self::Exponential { rise_delay, fall_delay, .. } = *self else { return (0.0, 0.0) };
        let rise = rise_delay.unwrap_or(times.step);
        (rise, fall_delay.unwrap_or(rise + times.step))
    }
}

fn pulse_value(low: f64, high: f64, shape: &PulseShape, time: f64) -> f64 {
    let t = time - shape.delay;
    if t <= 0.0 || t >= shape.end {
        return low;
    }
    // a time that is a period within rounding starts the next one
    let t = t - shape.period * (t / shape.period * (1.0 + 1e-13)).floor();
    let top = shape.rise + shape.width;
    if t <= 0.0 {
        low
    } else if t < shape.rise {
        low + (high - low) * (t / shape.rise)
    } else if t <= top {
        high
    } else if t < top + shape.fall {
        high + (low - high) * ((t - top) / shape.fall)
    } else {
        low
    }
}

/// Time within the table of a repeating piecewise linear waveform.
fn fold(points: &[(f64, f64)], repeat_from: Option<f64>, t: f64) -> f64 {
    match (repeat_from, points.last()) {
        (Some(from), Some(&(last, _))) if last > from && t > last => {
            let period = last - from;
            from + (t - from) - period * ((t - from) / period * (1.0 + 1e-13)).floor()
        }
        _ => t,
    }
}

fn interpolate(points: &[(f64, f64)], t: f64) -> f64 {
    let index = points.partition_point(|&(at, _)| at <= t);
    match (index.checked_sub(1).map(|k| points[k]), points.get(index)) {
        (Some((t0, v0)), Some(&(t1, v1))) => v0 + (v1 - v0) * ((t - t0) / (t1 - t0)),
        (Some((_, v)), None) | (None, Some(&(_, v))) => v,
        (None, None) => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMES: TranTimes = TranTimes { step: 1e-7, stop: 1e-5 };

    fn check(wave: &Waveform, expected: &[(f64, f64)]) {
        for &(t, v) in expected {
            let value = wave.value(t * 1e-6, TIMES);
            assert!((value - v).abs() < 2e-5, "{wave:?} at {t} us: {value} instead of {v}");
        }
    }

    fn corners(wave: &Waveform, stop: f64) -> Vec<f64> {
        let (mut t, mut found) = (0.0, Vec::new());
        loop {
            t = wave.breakpoint(t, TIMES);
            if t > stop {
                return found;
            }
            assert!(found.len() < 1000);
            found.push((t * 1e9).round() / 1e3);
        }
    }

    fn pulse(rise: f64, width: f64, period: f64, count: Option<u64>) -> Waveform {
        let given = |v: f64| Some(v * 1e-6);
        Waveform::Pulse {
            low: 0.0,
            high: 1.0,
            delay: 1e-6,
            rise: given(rise),
            fall: given(rise),
            width: given(width),
            period: given(period),
            count,
        }
    }

    // the tables below were read from ngspice 39 (`.tran 0.1u 10u 0 1n`) and agree with the formulas of its manual

    #[test]
    fn pulse_defaults_and_repetition() {
        check(&pulse(0.0, 0.0, 0.0, None), &[(0.0, 0.0), (1.0, 0.0), (1.05, 0.5), (1.1, 1.0), (9.9, 1.0)]);
        check(&pulse(0.1, 0.0, 2.0, None), &[(1.05, 0.5), (2.5, 1.0), (3.0, 0.0), (3.05, 0.5), (3.5, 1.0)]);
        let twice = pulse(0.1, 0.5, 2.0, Some(2));
        check(&twice, &[(1.05, 0.5), (1.5, 1.0), (1.65, 0.5), (1.7, 0.0), (3.5, 1.0), (4.0, 0.0), (5.5, 0.0)]);
        assert_eq!(corners(&twice, 1e-5), [1.0, 1.1, 1.6, 1.7, 3.0, 3.1, 3.6, 3.7]);
        assert_eq!(corners(&pulse(0.1, 0.5, 2.0, None), 6e-6).len(), 12);
    }

    #[test]
    fn a_corner_is_returned_once_however_late() {
        let wave = pulse(0.1, 0.5, 2.0, None);
        let mut t = 0.1;
        let mut last = t;
        for _ in 0..4000 {
            t = wave.breakpoint(t, TIMES);
            assert!(t - last > 0.09e-6, "{t} after {last}");
            last = t;
        }
        assert!((t - 0.102).abs() < 1e-6);
    }

    #[test]
    fn sine_with_delay_damping_and_phase() {
        let wave = |frequency, delay| Waveform::Sine {
            offset: 0.5,
            amplitude: 1.0,
            frequency,
            delay,
            damping: 1e5,
            phase_degrees: 90.0,
        };
        check(&wave(Some(0.0), 1e-6), &[(0.0, 1.5), (1.5, 1.40467), (2.0, 1.23203), (4.0, 0.27107), (10.0, 0.82892)]);
        check(&wave(Some(2e5), 3e-6), &[(0.0, 1.5), (3.0, 1.5), (3.5, 1.26956), (5.0, -0.16237), (10.0, 0.09825)]);
        assert_eq!(corners(&wave(None, 3e-6), 1e-5), [3.0]);
    }

    #[test]
    fn exponential_defaults() {
        let wave = |fall_delay| Waveform::Exponential {
            low: 0.0,
            high: 1.0,
            rise_delay: Some(1e-6),
            rise_tau: Some(2e-6),
            fall_delay,
            fall_tau: None,
        };
        check(&wave(Some(5e-6)), &[(0.5, 0.0), (1.5, 0.22120), (2.0, 0.39347), (5.0, 0.86466), (10.0, -0.01111)]);
        check(&wave(None), &[(1.05, 0.02469), (2.0, -0.60641), (8.0, -0.03020)]);
        assert_eq!(corners(&wave(Some(5e-6)), 1e-5), [1.0, 5.0]);
        assert_eq!(corners(&wave(None), 1e-5), [1.0, 1.1]);
        let bare = Waveform::Exponential {
            low: 0.0,
            high: 1.0,
            rise_delay: None,
            rise_tau: None,
            fall_delay: None,
            fall_tau: None,
        };
        assert_eq!(corners(&bare, 1e-5), [0.1, 0.2]);
    }

    #[test]
    fn piecewise_linear_with_delay_and_repetition() {
        let points = vec![(1e-6, 1.0), (2e-6, 3.0), (4e-6, 0.0)];
        let wave = |repeat_from, delay| Waveform::PiecewiseLinear { points: points.clone(), repeat_from, delay };
        check(&wave(None, 2e-6), &[(0.0, 1.0), (3.0, 1.0), (3.5, 2.0), (4.0, 3.0), (5.0, 1.5), (9.0, 0.0)]);
        check(&wave(Some(1e-6), 0.0), &[(0.0, 1.0), (1.5, 2.0), (3.0, 1.5), (5.0, 3.0), (6.0, 1.5), (8.3, 2.55)]);
        assert_eq!(corners(&wave(None, 2e-6), 1e-5), [3.0, 4.0, 6.0]);
        assert_eq!(corners(&wave(Some(1e-6), 0.0), 1e-5), [1.0, 2.0, 4.0, 5.0, 7.0, 8.0, 10.0]);
        let empty = Waveform::PiecewiseLinear { points: vec![], repeat_from: Some(0.0), delay: 0.0 };
        assert_eq!((empty.value(1.0, TIMES), empty.breakpoint(0.0, TIMES)), (0.0, f64::INFINITY));
    }

    #[test]
    fn long_tables_are_searched() {
        let points: Vec<_> = (0..100_000u64).map(|k| (k as f64, (k * k % 17) as f64)).collect();
        let wave = Waveform::PiecewiseLinear { points, repeat_from: None, delay: 0.0 };
        let at = |k: u64| (k * k % 17) as f64;
        assert!((wave.value(77_777.25, TIMES) - (0.75 * at(77_777) + 0.25 * at(77_778))).abs() < 1e-9);
        assert_eq!(wave.breakpoint(77_777.25, TIMES), 77_778.0);
    }

    #[test]
    fn modulated_waves() {
        let fm = |index, signal| Waveform::FrequencyModulated {
            offset: 0.1,
            amplitude: 1.0,
            carrier: Some(1e6),
            index,
            signal,
        };
        check(&fm(2.0, Some(1e5)), &[(0.5, -0.47943), (1.0, 1.02291), (1.7, -0.03196), (6.0, -0.82291)]);
        check(&fm(2.0, None), &[(0.5, -0.47943), (1.0, 1.02291)]);
        let am = |carrier| Waveform::AmplitudeModulated {
            amplitude: 2.0,
            offset: 0.5,
            modulating: 1e5,
            carrier,
            delay: 1e-6,
        };
        check(&am(Some(1e6)), &[(0.5, 0.0), (1.1, 0.6616), (1.5, 0.0), (8.3, -0.93605)]);
        check(&am(None), &[(1.1, 0.0), (5.0, 0.0)]);
    }
}
