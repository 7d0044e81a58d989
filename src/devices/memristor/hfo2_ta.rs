//! Filamentary Pd/HfO2/Ta memristor of a one-transistor-one-resistor cell: own compact model of the device facts collected
//! from Wang et al., Nature Electronics 2 (2019), doi:10.1038/s41928-019-0221-6. Equations, calibration targets and what was
//! assumed: `docs/devices/hfo2_1t1r.md`; cell and cards: `models/hfo2_1t1r.lib`.
//!
//! One state, the completeness `x` of the Ta-rich channel: `G = gmin (gmax/gmin)^x`. Growth stops where the device's own
//! voltage has fallen to `vset`, so that a current limit `I` writes `G = I/vset`; dissolution stops where the voltage that a
//! widening gap demands has risen to the voltage applied. Below these voltages nothing moves at all. Scatter belongs to
//! the *stop voltages* and follows a random path along the way that the filament has gone: no motion, no change.

use crate::devices::{ANY, NON_NEGATIVE, POSITIVE};

use super::model::{Advance, CompactModel, Flow, Rate, Site};
use super::noise::{mix, normal, sub_stream};
use super::smooth::{barrier, limited_exp, ramp};

const NOT_GIVEN: f64 = f64::NAN;
/// Boltzmann constant, eV/K.
const BOLTZMANN_EV: f64 = 8.617_333_262e-5;
/// Width in `x` over which motion stops at a bound.
const EDGE: f64 = 1e-3;
/// Exponents are continued linearly beyond this.
const LARGEST_EXPONENT: f64 = 30.0;
/// The scatter never takes away more than this fraction of a stop voltage.
const MOST: f64 = 0.5;
/// Nodes of the random path per correlation length.
const NODES_PER_LENGTH: f64 = 16.0;
/// Nodes drawn one by one in a step; more are crossed in one jump with the same statistics.
const LONGEST_WALK: f64 = 256.0;
/// Positions of the auxiliary states: way, drawn nodes, then the last two nodes of the set and of the reset deviate.
const WAY: usize = 0;
const DRAWN: usize = 1;
const PATHS: usize = 2;

crate::parameters! {
    /// Parameters of the Pd/HfO2/Ta model.
    pub struct Hfo2TaParams {
        gmin [] = 1e-6, "S", POSITIVE, "conductance without filament (x = 0)";
        gmax [] = 600e-6, "S", POSITIVE, "conductance of the thickest filament (x = 1)";
        vset ["v_stop"] = 0.6, "V", POSITIVE, "voltage across the device at which growth stops";
        vset0 [] = 0.5, "V", 1e-2..=1e2, "voltage that speeds growth up by e";
        kset [] = 6.5e6, "1/s", NON_NEGATIVE, "growth rate scale";
        vreset [] = 0.457, "V", POSITIVE, "magnitude of the voltage that begins to dissolve the thickest filament";
        vgap [] = 2.24, "V", NON_NEGATIVE, "by how much that voltage rises until the filament is gone";
        vreset0 [] = 0.5, "V", 1e-2..=1e2, "voltage that speeds dissolution up by e";
        kreset [] = 1e7, "1/s", NON_NEGATIVE, "dissolution rate scale";
        corner [] = 1e-3, "V", 1e-6..=0.1, "voltage range over which motion sets in";
        nset [] = 0.0, "S", NON_NEGATIVE, "standard deviation of the conductance that growth leaves behind";
        nreset [] = 0.0, "V", NON_NEGATIVE, "standard deviation of the voltage at which dissolution stops";
        lnoise [] = 1.0, "-", 1e-2..=1e3, "correlation length of both, in ln(G)";
        noise [] = 1.0, "-", 0.0..=1.0, "0 switches the scatter off";
        seed [] = 0.0, "-", ANY, "other numbers give other scatter";
        ea [] = 0.0, "eV", 0.0..=5.0, "activation energy of both rate scales";
        tc [] = 0.0, "1/K", -0.01..=0.01, "temperature coefficient of the conductance";
        tnom [] = 27.0, "degC", -273.0..=2000.0, "temperature of the rates and conductances given";
        ginit ["g", "g_init"] = NOT_GIVEN, "S", POSITIVE, "initial conductance (default 20 uS, a device after full reset)";
        x0 ["x_init"] = NOT_GIVEN, "-", 0.0..=1.0, "initial state instead of ginit";
    }
}

/// The model with its constants computed.
#[derive(Clone, Debug, PartialEq)]
pub struct Hfo2Ta {
    /// At the temperature of the circuit, S.
    gmin: f64,
    /// ln(gmax/gmin).
    span: f64,
    set: Kinetics,
    reset: Kinetics,
    vgap: f64,
    corner: f64,
    /// Standard deviations of the scatter: S and V.
    nset: f64,
    nreset: f64,
    /// Distance of the nodes of the random path in ln(G), and the correlation of neighbours.
    spacing: f64,
    rho: f64,
    seed: u64,
}

/// `k expm1(overdrive/scale)` above a threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Kinetics {
    threshold: f64,
    scale: f64,
    k: f64,
}

impl Kinetics {
    /// Speed, 1/s, at an overdrive (V) and its derivative.
    #[inline]
    fn speed(&self, overdrive: f64, corner: f64) -> (f64, f64) {
        if overdrive <= 0.0 {
            return (0.0, 0.0);
        }
        let (u, du) = ramp(overdrive, corner);
        let z = u / self.scale;
        let (e, de) = limited_exp(z, LARGEST_EXPONENT);
        let rise = if z < LARGEST_EXPONENT { z.exp_m1() } else { e - 1.0 };
        (self.k * rise, self.k * de * du / self.scale)
    }
}

impl Hfo2Ta {
    /// Conductance at the read temperature, S. Its derivative by `x` is `span` times it.
    #[inline]
    fn conductance(&self, x: f64) -> f64 {
        self.gmin * (self.span * x.clamp(-2.0, 3.0)).exp()
    }

    fn scatters(&self) -> bool {
        self.nset > 0.0 || self.nreset > 0.0
    }

    /// Standard normal deviate of the set (0) or reset (1) stop voltage at the present point of the way.
    fn deviate(&self, which: usize, auxiliary: &[f64]) -> f64 {
        if auxiliary[DRAWN] < 1.0 {
            return 0.0;
        }
        let t = (auxiliary[WAY] / self.spacing - (auxiliary[DRAWN] - 1.0)).clamp(0.0, 1.0);
        let node = &auxiliary[PATHS + 2 * which..];
        // the root keeps the variance of a stationary process constant between nodes
        ((1.0 - t) * node[0] + t * node[1]) / (1.0 - 2.0 * t * (1.0 - t) * (1.0 - self.rho)).sqrt()
    }

    /// Draws the nodes of the random paths up to `node`. The first ones are stationary: every device begins somewhere.
    fn draw(&self, node: f64, stream: u64, auxiliary: &mut [f64]) {
        while auxiliary[DRAWN] < node {
            let missing = node - auxiliary[DRAWN];
            let jump = if missing > LONGEST_WALK { missing - 1.0 } else { 1.0 };
            let rho = if auxiliary[DRAWN] > 0.0 { self.rho.powf(jump) } else { 0.0 };
            auxiliary[DRAWN] += jump;
            let index = auxiliary[DRAWN] as i64;
            for (which, pair) in auxiliary[PATHS..].chunks_exact_mut(2).enumerate() {
                let z = normal(sub_stream(stream ^ self.seed, which as u64), index);
                let next = rho * pair[1] + (1.0 - rho * rho).sqrt() * z;
                pair[0] = if rho > 0.0 { pair[1] } else { next };
                pair[1] = next;
            }
        }
    }

    /// Voltage at which growth stops and its derivative by `x`: the conductance left behind is off by `nset z`.
    fn set_stop(&self, x: f64, auxiliary: &[f64]) -> (f64, f64) {
        let v = self.set.threshold;
        if self.nset == 0.0 {
            return (v, 0.0);
        }
        let u = self.nset * self.deviate(0, auxiliary) / self.conductance(x);
        let t = (u / MOST).tanh();
        (v * (1.0 - MOST * t), v * (1.0 - t * t) * u * self.span)
    }

    /// Magnitude of the voltage at which dissolution stops and its derivative by `x`.
    fn reset_stop(&self, x: f64, auxiliary: &[f64]) -> (f64, f64) {
        let v = self.reset.threshold;
        let shift = if self.nreset == 0.0 {
            0.0
        } else {
            MOST * v * (self.nreset * self.deviate(1, auxiliary) / (MOST * v)).tanh()
        };
        (v + self.vgap * (1.0 - x) + shift, -self.vgap)
    }
}

impl CompactModel<1> for Hfo2Ta {
    type Params = Hfo2TaParams;
    type Held = ();
    const KIND: &'static str = "hfo2_ta";
    const STATES: &'static [&'static str] =
        &["x", "way", "drawn", "set_left", "set_right", "reset_left", "reset_right"];
    const INITIAL: &'static [&'static str] = &["x0"];
    const INTERNALS: &'static [&'static str] = &["x", "way", "vstop", "g", "r", "i", "v", "p", "temperature"];
    const DOMAIN: [(f64, f64); 1] = [(0.0, 1.0)];
    const TOLERANCES: [f64; 1] = [1e-5];

    fn new(params: &Hfo2TaParams, temperature: f64) -> Result<Self, String> {
        let p = params;
        if p.gmax <= p.gmin {
            return Err(format!("gmax ({:e} S) must be larger than gmin ({:e} S)", p.gmax, p.gmin));
        }
        let nominal = p.tnom + 273.15;
        let warm = 1.0 + p.tc * (temperature - nominal);
        if warm <= 0.0 {
            return Err(format!("tc ({:e} 1/K) makes the conductance negative at {temperature} K", p.tc));
        }
        let arrhenius = (p.ea / BOLTZMANN_EV * (1.0 / nominal - 1.0 / temperature)).clamp(-600.0, 600.0).exp();
        let on = p.noise.round();
        let spacing = p.lnoise / NODES_PER_LENGTH;
        Ok(Self {
            gmin: p.gmin * warm,
            span: (p.gmax / p.gmin).ln(),
            set: Kinetics { threshold: p.vset, scale: p.vset0, k: p.kset * arrhenius },
            reset: Kinetics { threshold: p.vreset, scale: p.vreset0, k: p.kreset * arrhenius },
            vgap: p.vgap,
            corner: p.corner,
            nset: on * p.nset,
            nreset: on * p.nreset,
            spacing,
            rho: (-1.0 / NODES_PER_LENGTH).exp(),
            seed: mix(p.seed.to_bits()),
        })
    }

    fn initial(&self, params: &Hfo2TaParams, states: &mut [f64]) -> Result<(), String> {
        if !params.x0.is_nan() && !params.ginit.is_nan() {
            return Err("give only one of ginit and x0".into());
        }
        let g = if params.ginit.is_nan() { 20e-6f64.clamp(params.gmin, params.gmax) } else { params.ginit };
        let x = if params.x0.is_nan() { (g / params.gmin).ln() / self.span } else { params.x0 };
        if !(-1e-9..=1.0 + 1e-9).contains(&x) {
            return Err(format!("ginit ({g:e} S) must lie between gmin and gmax"));
        }
        states.fill(0.0);
        states[0] = x.clamp(0.0, 1.0);
        Ok(())
    }

    #[inline]
    fn current(&self, s: &[f64; 1], _site: &Site, v: f64, _held: &mut ()) -> Flow<1> {
        let g = self.conductance(s[0]);
        Flow { i: g * v, di_dv: g, di_ds: [g * self.span * v] }
    }

    fn rate(&self, s: &[f64; 1], site: &Site, v: f64, _held: &mut ()) -> Rate<1> {
        let x = s[0];
        let (sign, (stop, dstop), kinetics, (window, dwindow)) = if v > 0.0 {
            let (b, db) = barrier(1.0 - x, EDGE);
            (1.0, self.set_stop(x, site.auxiliary), &self.set, (b, -db))
        } else {
            (-1.0, self.reset_stop(x, site.auxiliary), &self.reset, barrier(x, EDGE))
        };
        let (speed, dspeed) = kinetics.speed(v.abs() - stop, self.corner);
        Rate {
            f: [sign * speed * window],
            df_dv: [dspeed * window],
            df_ds: [[sign * (speed * dwindow - dspeed * dstop * window)]],
        }
    }

    #[inline]
    fn rate_bound(&self, v: f64, _held: &mut ()) -> f64 {
        let kinetics = if v > 0.0 { &self.set } else { &self.reset };
        let least = if self.scatters() { (1.0 - MOST) * kinetics.threshold } else { kinetics.threshold };
        // beyond x = 1 the filament dissolves a little earlier
        kinetics.speed(v.abs() - least + 0.1 * self.vgap * f64::from(u8::from(v < 0.0)), self.corner).0
    }

    fn advance(&self, step: &Advance<1>, auxiliary: &mut [f64], _held: &mut ()) -> f64 {
        if self.scatters() {
            // the way is the total variation of ln(G): monotonic motion in any number of steps makes the same way
            let moved = (step.after[0] - step.before[0]).abs() * self.span;
            if moved.is_finite() && moved < 1e6 {
                auxiliary[WAY] += moved;
                if auxiliary[WAY] > 0.0 {
                    self.draw((auxiliary[WAY] / self.spacing).floor() + 1.0, step.stream, auxiliary);
                }
            }
        }
        0.0
    }

    fn internal(&self, name: &str, s: &[f64; 1], site: &Site, _v: f64) -> Option<f64> {
        match name {
            "r" => Some(1.0 / self.conductance(s[0])),
            "vstop" => Some(self.set_stop(s[0], site.auxiliary).0),
            _ => None,
        }
    }
}
