//! Time dependence of independent sources.

/// Source waveforms of the ngspice dialect, with defaults already filled in where they do not depend on the analysis.
#[derive(Debug, Clone, PartialEq)]
pub enum Waveform {
    /// `PULSE(v1 v2 td tr tf pw per np)`; zero `rise`, `fall` mean "the time step"; zero or missing width and period mean the stop time.
    Pulse { low: f64, high: f64, delay: f64, rise: Option<f64>, fall: Option<f64>, width: Option<f64>, period: Option<f64>, count: Option<u64> },
    /// `SIN(vo va freq td theta phase)`; phase in degrees, no frequency means 1/tstop.
    Sine { offset: f64, amplitude: f64, frequency: Option<f64>, delay: f64, damping: f64, phase_degrees: f64 },
    /// `EXP(v1 v2 td1 tau1 td2 tau2)`.
    Exponential { low: f64, high: f64, rise_delay: f64, rise_tau: Option<f64>, fall_delay: Option<f64>, fall_tau: Option<f64> },
    /// `PWL(t1 v1 ..) [r=] [td=]`: times ascending.
    PiecewiseLinear { points: Vec<(f64, f64)>, repeat_from: Option<f64>, delay: f64 },
    /// `SFFM(vo va fc mdi fs)`.
    FrequencyModulated { offset: f64, amplitude: f64, carrier: Option<f64>, index: f64, signal: Option<f64> },
    /// `AM(va vo mf fc td)`.
    AmplitudeModulated { amplitude: f64, offset: f64, modulating: f64, carrier: Option<f64>, delay: f64 },
}
