//! Analogue filamentary memristor W/TiN/CMO/HfO2/TiN, calibrated on the devices of Portner, Zellweger, Martinelli et al.,
//! Nature Machine Intelligence 7, 1939 (2025), doi:10.1038/s42256-025-01149-w. Equations, sources of the numbers and what
//! the data leave open: `docs/cmo-hfo2.md`; cards: `models/cmo_hfo2.lib`.
//!
//! The filament `x` sets `Gx = gmin + (gmax - gmin) x`. Everything that happens to it is counted in *nominal pulses*: the
//! activity of a voltage is pulses per second, their sum over both polarities is the state `a`. Filament noise is a random
//! path along `a` (no pulses, no change), read noise one along time.

use crate::devices::junction::{SMALL_EXPONENT, small_exp_m1};
use crate::devices::{ANY, NON_NEGATIVE, POSITIVE};

use super::model::{Advance, CompactModel, Flow, Kept, Rate, Site, offset};
use super::noise::{mix, normal, sub_stream};
use super::smooth::limited_exp;

const NOT_GIVEN: f64 = f64::NAN;
/// Grid of the filament noise, nominal pulses.
const CELL: f64 = 0.25;
/// Cells drawn one by one in a step; more are crossed in one jump with the same statistics.
const LONGEST_WALK: f64 = 256.0;
/// Steps over more cells than this see the path as a number: its slope in the last cell says nothing about the step.
const SMOOTH_CELLS: f64 = 8.0;
/// Positions of the auxiliary states: activity, drawn cells, then (left, right) node of each noise component.
const ACTIVITY: usize = 0;
const CELLS: usize = 1;
const NODES: usize = 2;
const COMPONENTS: usize = 3;
/// Number of states, the filament first.
const STATES: usize = 1 + NODES + 2 * COMPONENTS;
const READ_STREAM: u64 = 16;

crate::parameters! {
    /// Parameters of the CMO/HfO2 model; the defaults are the population median, drift and filament noise off.
    pub struct CmoHfo2Params {
        g0 [] = 33.4e-6, "S", POSITIVE, "mean conductance before set pulses; initial state; reference of kset";
        g1 [] = 55.4e-6, "S", POSITIVE, "mean conductance after 200 set pulses; reference of kreset";
        gmin [] = NOT_GIVEN, "S", POSITIVE, "lower bound (default g0 - 0.6 (g1 - g0))";
        gmax [] = NOT_GIVEN, "S", POSITIVE, "upper bound (default g1 + 0.4 (g1 - g0))";
        kset [] = 0.228e-6, "S", NON_NEGATIVE, "slow growth at g0 per nominal set pulse";
        gset [] = 14.8e-6, "S", POSITIVE, "growth that slows further setting by e";
        kfast [] = 1.79e-6, "S", NON_NEGATIVE, "additional growth at g0 of the quickly filled fraction per nominal set pulse";
        gfast [] = 1.43e-6, "S", POSITIVE, "width in conductance of the quickly filled fraction";
        kreset [] = 0.526e-6, "S", NON_NEGATIVE, "loss at g1 per nominal reset pulse";
        greset [] = 8.87e-6, "S", POSITIVE, "loss that slows further resetting by e";
        xset [] = 0.1, "-", 1e-3..=10.0, "width of the upper-bound window, fraction of gmax - gmin";
        xreset [] = 0.5, "-", 1e-3..=10.0, "width of the lower-bound window, fraction of gmax - gmin";
        xsoft [] = 0.01, "-", 1e-4..=0.1, "softness of the bounds of filament plus noise";
        vset [] = 2.4, "V", POSITIVE, "device voltage of a nominal set pulse";
        vreset [] = 2.6, "V", POSITIVE, "device voltage of a nominal reset pulse (magnitude)";
        tset [] = 1.5e-6, "s", POSITIVE, "duration of a nominal set pulse";
        treset [] = 10e-6, "s", POSITIVE, "duration of a nominal reset pulse";
        vset0 [] = 0.15, "V", 1e-3..=1e3, "voltage that speeds setting up by e";
        vreset0 [] = 0.15, "V", 1e-3..=1e3, "voltage that speeds resetting up by e";
        vnl [] = NOT_GIVEN, "V", 1e-3..=1e300, "scale of the sinh current-voltage curve (default: linear)";
        gdrift [] = 0.0, "S", NON_NEGATIVE, "total loss of conductance by use";
        ldrift [] = 1e4, "-", POSITIVE, "nominal pulses to reach 63 % of it";
        nset [] = 0.0, "S", NON_NEGATIVE, "standard deviation of fast and medium noise written by set pulses";
        nreset [] = 0.0, "S", NON_NEGATIVE, "standard deviation of fast and medium noise written by reset pulses";
        nfast [] = 0.6, "-", 0.0..=1.0, "variance share of the fast component";
        ngexp [] = 1.3, "-", ANY, "exponent of the noise's fall with conductance";
        nslow [] = 0.0, "S", NON_NEGATIVE, "standard deviation of the slow component";
        lfast [] = 0.4, "-", POSITIVE, "correlation length of the fast component, nominal pulses";
        lmed [] = 7.0, "-", POSITIVE, "correlation length of the medium component, nominal pulses";
        lslow [] = 150.0, "-", POSITIVE, "correlation length of the slow component, nominal pulses";
        nread [] = 0.005, "-", 0.0..=0.1, "relative standard deviation of the read noise";
        tread [] = 500e-6, "s", POSITIVE, "time grid of the read noise";
        noise [] = 1.0, "-", 0.0..=1.0, "0 switches filament and read noise off";
        seed [] = 0.0, "-", ANY, "other numbers give other noise";
        ginit ["g", "gini", "g_init"] = NOT_GIVEN, "S", POSITIVE, "initial conductance (default g0)";
        age [] = 0.0, "-", 0.0..=1e15, "nominal pulses received before (wear)";
        x0 ["x_init"] = NOT_GIVEN, "-", 0.0..=1.0, "initial filament state instead of ginit";
    }
}

/// Nominal pulses per second at a voltage of one polarity: `[expm1(u/2) / expm1(nominal/2)]^2 / duration`, continued
/// linearly far above the nominal voltage. `u` and the nominal voltage are multiples of the scale.
#[derive(Clone, Debug, PartialEq)]
struct Activity {
    half_scale: f64,
    factor: f64,
    linear_from: f64,
}

impl Activity {
    fn new(voltage: f64, duration: f64, scale: f64) -> Self {
        let half_scale = 0.5 / scale;
        let e = (voltage * half_scale).exp_m1();
        Self { half_scale, factor: 1.0 / (duration * e * e), linear_from: voltage + 20.0 * scale }
    }

    /// Activity, 1/s, and its derivative at `v > 0`.
    #[inline]
    fn at(&self, v: f64) -> (f64, f64) {
        let inner = v.min(self.linear_from);
        let u = inner * self.half_scale;
        let e = if u.abs() < SMALL_EXPONENT { small_exp_m1(u) } else { u.exp_m1() };
        let slope = self.factor * 2.0 * self.half_scale * e * (e + 1.0);
        (self.factor * e * e + slope * (v - inner), slope)
    }
}

/// What a device need not compute twice.
#[derive(Clone, Copy, Debug, Default)]
pub struct Held {
    /// Activity and its derivative by voltage.
    activity: Kept<f64, (f64, f64)>,
    /// `dx/dA` and its derivative by state and direction.
    motion: Kept<(f64, bool), (f64, f64)>,
    /// [`CmoHfo2::conductance`] by the states.
    conductance: Kept<[f64; STATES], (f64, f64, f64, f64)>,
    /// Normal deviates of the read noise at both ends of a cell of its grid.
    deviates: Kept<i64, (f64, f64)>,
    /// Relative read noise by time.
    read_noise: Kept<f64, f64>,
}

/// The model with its constants computed.
#[derive(Clone, Debug, PartialEq)]
pub struct CmoHfo2 {
    gmin: f64,
    span: f64,
    g0: f64,
    g1: f64,
    gref: f64,
    kset: f64,
    gset: f64,
    kfast: f64,
    gfast: f64,
    kreset: f64,
    greset: f64,
    xset: f64,
    xreset: f64,
    xsoft: f64,
    set: Activity,
    reset: Activity,
    /// Largest `|dx/dA|` within the bounds for set and reset.
    fastest: [f64; 2],
    vnl: Option<f64>,
    gdrift: f64,
    ldrift: f64,
    /// Correlation of neighbouring noise nodes.
    rho: [f64; COMPONENTS],
    /// Standard deviation at `gref` written by set and reset.
    sigma: [[f64; COMPONENTS]; 2],
    filament_noise: bool,
    ngexp: f64,
    nread: f64,
    tread: f64,
    seed: u64,
}

impl CmoHfo2 {
    /// Activity and its derivative by v; both polarities count up.
    #[inline]
    fn activity(&self, v: f64, held: &mut Held) -> (f64, f64) {
        held.activity.at(v, || {
            if v > 0.0 {
                self.set.at(v)
            } else if v < 0.0 {
                let (a, da) = self.reset.at(-v);
                (a, -da)
            } else {
                (0.0, 0.0)
            }
        })
    }

    /// `dx/dA` while setting and its derivative by x.
    fn growth(&self, x: f64) -> (f64, f64) {
        let g = self.gmin + self.span * x - self.g0;
        let (slow, dslow) = limited_exp(-g / self.gset, 100.0);
        let q = 1.0 / (1.0 + (g / self.gfast).min(300.0).exp());
        let (edge, dedge) = limited_exp((x - 1.0) / self.xset, 100.0);
        let f = self.kset * slow + 2.0 * self.kfast * q;
        let df = -self.kset * dslow / self.gset - 2.0 * self.kfast * q * (1.0 - q) / self.gfast;
        let window = 1.0 - edge;
        (f * window / self.span, df * window - f * dedge / (self.xset * self.span))
    }

    /// `-dx/dA` while resetting and its derivative by x.
    fn loss(&self, x: f64) -> (f64, f64) {
        let g = self.gmin + self.span * x - self.g1;
        let (f, df) = limited_exp(g / self.greset, 100.0);
        let (edge, dedge) = limited_exp(-x / self.xreset, 100.0);
        let (f, df) = (self.kreset * f, self.kreset * df / self.greset);
        let window = 1.0 - edge;
        (f * window / self.span, df * window + f * dedge / (self.xreset * self.span))
    }

    /// Conductance without read noise, its derivatives by x and by the activity count, and the filament noise, S.
    fn conductance(&self, x: f64, auxiliary: &[f64]) -> (f64, f64, f64, f64) {
        let a = auxiliary[ACTIVITY];
        let (noise, dnoise) = if self.filament_noise { self.path(auxiliary) } else { (0.0, 0.0) };
        let (drift, ddrift) = if self.gdrift > 0.0 {
            let e = (-a / self.ldrift).exp_m1();
            (self.gdrift * e, -self.gdrift / self.ldrift * (1.0 + e))
        } else {
            (0.0, 0.0)
        };
        let (y, dy) = soft_bounds(x + (noise + drift) / self.span, self.xsoft);
        (self.gmin + self.span * y, self.span * dy, dy * (dnoise + ddrift), noise)
    }

    /// Filament noise at the present activity count and its derivative by it.
    fn path(&self, auxiliary: &[f64]) -> (f64, f64) {
        let cells = auxiliary[CELLS];
        if cells < 1.0 {
            return (0.0, 0.0);
        }
        let t = (auxiliary[ACTIVITY] / CELL - (cells - 1.0)).clamp(0.0, 1.0);
        let (mut n, mut dn) = (0.0, 0.0);
        for (rho, node) in self.rho.iter().zip(auxiliary[NODES..].chunks_exact(2)) {
            // the root keeps the variance of a stationary process constant between nodes
            let q = 1.0 - 2.0 * t * (1.0 - t) * (1.0 - rho);
            let inverse_root = 1.0 / q.sqrt();
            let value = ((1.0 - t) * node[0] + t * node[1]) * inverse_root;
            n += value;
            dn += ((node[1] - node[0]) - value * (2.0 * t - 1.0) * (1.0 - rho) * inverse_root) * inverse_root;
        }
        (n, dn / CELL)
    }

    /// Draws the noise nodes up to the cell of the present activity count.
    fn draw(&self, x: f64, v: f64, stream: u64, auxiliary: &mut [f64]) {
        let position = auxiliary[ACTIVITY] / CELL;
        if !(position > 0.0 && position >= auxiliary[CELLS] && position < 9e15) {
            return;
        }
        let needed = position.floor() + 1.0;
        let g = self.gmin + self.span * x.clamp(0.0, 1.0);
        let fall = (self.gref / g).powf(self.ngexp);
        let sigma = &self.sigma[usize::from(v < 0.0)];
        while auxiliary[CELLS] < needed {
            let jump = if needed - auxiliary[CELLS] > LONGEST_WALK { needed - auxiliary[CELLS] - 1.0 } else { 1.0 };
            auxiliary[CELLS] += jump;
            let node_index = auxiliary[CELLS] as i64;
            for (k, node) in auxiliary[NODES..].chunks_exact_mut(2).enumerate() {
                let amplitude = if k == COMPONENTS - 1 { sigma[k] } else { sigma[k] * fall };
                let rho = self.rho[k].powf(jump);
                let z = normal(sub_stream(stream ^ self.seed, k as u64), node_index);
                node[0] = node[1];
                node[1] = rho * node[1] + (1.0 - rho * rho).sqrt() * amplitude * z;
            }
        }
    }

    /// Relative read noise at a time: normal deviates on a grid, interpolated at constant variance.
    fn read_noise(&self, stream: u64, time: f64, held: &mut Held) -> f64 {
        if self.nread == 0.0 {
            return 0.0;
        }
        let Held { read_noise, deviates, .. } = held;
        read_noise.at(time, || {
            let position = time / self.tread;
            let j = position.floor();
            let u = position - j;
            let (left, right) = deviates.at(j as i64, || {
                let stream = sub_stream(stream ^ self.seed, READ_STREAM);
                (normal(stream, j as i64), normal(stream, j as i64 + 1))
            });
            let z = (1.0 - u) * left + u * right;
            self.nread * z / ((1.0 - u) * (1.0 - u) + u * u).sqrt()
        })
    }

    /// Shape of the current-voltage curve and its derivative.
    #[inline]
    fn shape(&self, v: f64) -> (f64, f64) {
        match self.vnl {
            None => (v, 1.0),
            Some(vnl) => {
                let inner = (v / vnl).clamp(-50.0, 50.0);
                let slope = inner.cosh();
                (vnl * inner.sinh() + slope * (v - vnl * inner), slope)
            }
        }
    }
}

/// `ln(1 + exp(u))` and its derivative.
#[inline]
fn softplus(u: f64) -> (f64, f64) {
    if u > 40.0 {
        return (u, 1.0);
    }
    let e = (-u.abs()).exp();
    let logistic = 1.0 / (1.0 + e);
    (u.max(0.0) + e.ln_1p(), if u > 0.0 { logistic } else { e * logistic })
}

/// The identity on `0..1`, bent smoothly into the bounds over `s`; value and derivative.
#[inline]
fn soft_bounds(y: f64, s: f64) -> (f64, f64) {
    let (low, high) = (y / s, (y - 1.0) / s);
    if low > 40.0 && high < -40.0 {
        return (y, 1.0);
    }
    let (low, dlow) = softplus(low);
    let (high, dhigh) = softplus(high);
    (s * (low - high), dlow - dhigh)
}

impl CompactModel<1> for CmoHfo2 {
    type Params = CmoHfo2Params;
    type Held = Held;
    const KIND: &'static str = "cmo_hfo2";
    const STATES: &'static [&'static str] =
        &["x", "a", "cells", "fast_left", "fast_right", "medium_left", "medium_right", "slow_left", "slow_right"];
    const INTERNALS: &'static [&'static str] = &["x", "a", "gx", "n", "w", "g", "i", "v", "p"];
    const DOMAIN: [(f64, f64); 1] = [(0.0, 1.0)];
    const TOLERANCES: [f64; 1] = [1e-5];

    fn new(params: &CmoHfo2Params, _temperature: f64) -> Result<Self, String> {
        let p = params;
        if p.g1 <= p.g0 {
            return Err(format!("g1 ({:e} S) must be larger than g0 ({:e} S)", p.g1, p.g0));
        }
        let gmin = if p.gmin.is_nan() { p.g0 - 0.6 * (p.g1 - p.g0) } else { p.gmin };
        let gmax = if p.gmax.is_nan() { p.g1 + 0.4 * (p.g1 - p.g0) } else { p.gmax };
        if !(gmin > 0.0 && gmin < p.g0) {
            return Err(format!("gmin ({gmin:e} S) must lie between 0 and g0 ({:e} S)", p.g0));
        }
        if gmax <= p.g1 {
            return Err(format!("gmax ({gmax:e} S) must be larger than g1 ({:e} S)", p.g1));
        }
        let span = gmax - gmin;
        let on = p.noise.round();
        let components = |s: f64| [on * p.nfast.sqrt() * s, on * (1.0 - p.nfast).sqrt() * s, on * p.nslow];
        let sigma = [components(p.nset), components(p.nreset)];
        Ok(Self {
            gmin,
            span,
            g0: p.g0,
            g1: p.g1,
            gref: (p.g0 * p.g1).sqrt(),
            kset: p.kset,
            gset: p.gset,
            kfast: p.kfast,
            gfast: p.gfast,
            kreset: p.kreset,
            greset: p.greset,
            xset: p.xset,
            xreset: p.xreset,
            xsoft: p.xsoft,
            set: Activity::new(p.vset, p.tset, p.vset0),
            reset: Activity::new(p.vreset, p.treset, p.vreset0),
            fastest: [
                (p.kset * ((p.g0 - gmin) / p.gset).exp() + 2.0 * p.kfast) / span,
                p.kreset * ((gmax - p.g1) / p.greset).exp() / span,
            ],
            vnl: (!p.vnl.is_nan()).then_some(p.vnl),
            gdrift: p.gdrift,
            ldrift: p.ldrift,
            rho: [p.lfast, p.lmed, p.lslow].map(|l| (-CELL / l).exp()),
            sigma,
            filament_noise: sigma.iter().flatten().any(|&s| s > 0.0),
            ngexp: p.ngexp,
            nread: on * p.nread,
            tread: p.tread,
            seed: mix(p.seed.to_bits()),
        })
    }

    fn initial(&self, params: &CmoHfo2Params, states: &mut [f64]) -> Result<(), String> {
        if !params.x0.is_nan() && !params.ginit.is_nan() {
            return Err("give only one of ginit and x0".into());
        }
        let g = if params.ginit.is_nan() { self.g0 } else { params.ginit };
        let wear = self.gdrift * (-params.age / self.ldrift).exp_m1();
        let x = if params.x0.is_nan() { (g - wear - self.gmin) / self.span } else { params.x0 };
        if !(0.0..=1.0).contains(&x) {
            return Err(format!("ginit ({g:e} S) must lie between {:e} and {:e} S", self.gmin, self.gmin + self.span));
        }
        states.fill(0.0);
        states[0] = x;
        states[1 + ACTIVITY] = params.age;
        states[1 + CELLS] = (params.age / CELL).floor();
        Ok(())
    }

    fn current(&self, s: &[f64; 1], site: &Site, v: f64, held: &mut Held) -> Flow<1> {
        let mut states = [s[0]; STATES];
        states[1..].copy_from_slice(site.auxiliary);
        let (g, dg_dx, dg_da, _) = held.conductance.at(states, || self.conductance(s[0], site.auxiliary));
        let eps = 1.0 + self.read_noise(site.stream, site.time, held);
        let (phi, dphi) = self.shape(v);
        Flow { i: g * phi * eps, di_dv: (g * dphi + dg_da * site.path_slope * phi) * eps, di_ds: [dg_dx * phi * eps] }
    }

    fn rate(&self, s: &[f64; 1], _site: &Site, v: f64, held: &mut Held) -> Rate<1> {
        let (a, da) = self.activity(v, held);
        let setting = v > 0.0;
        let (f, df) = held.motion.at((s[0], setting), || {
            if setting {
                self.growth(s[0])
            } else {
                let (f, df) = self.loss(s[0]);
                (-f, -df)
            }
        });
        Rate { f: [a * f], df_dv: [da * f], df_ds: [[a * df]] }
    }

    #[inline]
    fn rate_bound(&self, v: f64, held: &mut Held) -> f64 {
        self.activity(v, held).0 * self.fastest[usize::from(v < 0.0)]
    }

    fn advance(&self, step: &Advance<1>, auxiliary: &mut [f64], held: &mut Held) -> f64 {
        let (activity, slope) = self.activity(step.v, held);
        let offset = offset(step.coefficient, step.history[ACTIVITY], auxiliary[ACTIVITY]);
        let added = (activity - offset) / step.coefficient;
        if !added.is_finite() {
            return 0.0;
        }
        auxiliary[ACTIVITY] += added;
        if self.filament_noise {
            // amplitude of the filament at the start of the step: nothing moves while the circuit iterates
            self.draw(step.before[0], step.v, step.stream, auxiliary);
        }
        if added < SMOOTH_CELLS * CELL { slope / step.coefficient } else { 0.0 }
    }

    fn internal(&self, name: &str, s: &[f64; 1], site: &Site, _v: f64) -> Option<f64> {
        let (g, _, _, noise) = self.conductance(s[0], site.auxiliary);
        match name {
            "gx" => Some(self.gmin + self.span * s[0]),
            "n" => Some(noise),
            "w" => Some((g - self.g0) / (self.g1 - self.g0)),
            _ => None,
        }
    }
}
