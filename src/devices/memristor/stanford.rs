//! Stanford-PKU RRAM: a gap between filament tip and electrode that shrinks and grows by field-driven, thermally activated
//! ion motion, with the temperature of the Joule heat.
//!
//! Z. Jiang et al., IEEE Trans. Electron Devices 63, 1884 (2016), doi:10.1109/TED.2016.2545412; X. Guan, S. Yu, H.-S. P.
//! Wong, IEEE Electron Device Lett. 33, 1405 (2012), doi:10.1109/LED.2012.2210856. Rate law of version 1.0.0, with a state
//! limiter in place of a clamp, a field threshold that is smooth, and gap noise as a random walk along an intrinsic clock in
//! place of one draw per evaluation. Equations: `docs/devices/stanford.md`.
//!
//! The state is `x = (gmax - gap) / (gmax - gmin)`: 0 is high, 1 is low resistance. Set for positive voltages.

use crate::devices::{ANY, NON_NEGATIVE, POSITIVE};

use super::model::{Advance, CompactModel, Flow, Kept, Rate, Site, offset};
use super::noise::{brownian, mix};
use super::smooth::{barrier, saturate};

const NOT_GIVEN: f64 = f64::NAN;
/// `e / k`, K/V.
const KELVIN_PER_VOLT: f64 = 1.602176634e-19 / 1.380649e-23;
/// Voltage, in units of `v0`, beyond which the current is linear.
const LINEAR_FROM: f64 = 40.0;
/// Largest exponent of the rate.
const LARGEST: f64 = 300.0;
/// Softness of the bounds of gap plus noise, as a share of the range.
const SOFT: f64 = 1e-3;
/// Variance of the gap noise per cell of its grid, as a share of the squared range.
const CELL: f64 = 1e-6;
/// Positions of the auxiliary states: accumulated variance in cells, number of the present cell, nodes at both ends of it.
const CLOCK: usize = 0;
const NUMBER: usize = 1;
const LEFT: usize = 2;
const RIGHT: usize = 3;

crate::parameters! {
    /// Parameters of Stanford-PKU RRAM, version 1.0.0.
    pub struct StanfordParams {
        g0 [] = 0.25e-9, "m", POSITIVE, "gap that lowers the current by e";
        v0 [] = 0.25, "V", 1e-3..=1e3, "voltage scale of the current";
        i0 [] = 1e-3, "A", POSITIVE, "current scale";
        vel0 [] = 10.0, "m/s", NON_NEGATIVE, "velocity scale of the gap";
        beta [] = 0.8, "-", NON_NEGATIVE, "loss of local field enhancement with the third power of the gap in nm";
        gamma0 [] = 16.0, "-", POSITIVE, "local field enhancement at small gap";
        gamma0_reset ["gamma_reset"] = 16.0, "-", POSITIVE, "the same for negative voltages";
        ea [] = 0.6, "eV", NON_NEGATIVE, "activation energy";
        a0 [] = 0.25e-9, "m", POSITIVE, "hop distance";
        tox [] = 12e-9, "m", POSITIVE, "thickness of the oxide";
        fmin ["f_min"] = 1.4e9, "V/m", NON_NEGATIVE, "enhanced field below which the gap rests";
        fwidth [] = 0.02, "-", 1e-6..=1.0, "width of that threshold as a share of it";
        rth [] = 2100.0, "K/W", NON_NEGATIVE, "thermal resistance";
        t0 ["t_ini"] = NOT_GIVEN, "K", 1.0..=5e3, "ambient temperature (default: that of the netlist, else 298 K)";
        gmin ["gap_min"] = 0.2e-9, "m", POSITIVE, "smallest gap";
        gmax ["gap_max"] = 1.7e-9, "m", POSITIVE, "largest gap";
        g_ini ["gap_ini"] = NOT_GIVEN, "m", POSITIVE, "initial gap (default gmin)";
        width [] = 1e-4, "-", 1e-7..=0.1, "share of the range over which motion stops at a bound";
        deltagap0 ["delta_gap0"] = 0.0, "m/s", NON_NEGATIVE, "amplitude of the gap noise (published: 0.02; decks: 5e-5 to 1e-4)";
        tcrit ["t_crit"] = 450.0, "K", POSITIVE, "temperature at which the noise sets in";
        tsmth ["t_smth"] = 500.0, "K", POSITIVE, "width of that onset";
        tnoise [] = 1e-9, "s", POSITIVE, "time for which the original holds a draw: its step limit";
        seed ["rand_seed"] = 0.0, "-", ANY, "other numbers give other noise";
    }
}

/// Stanford-PKU RRAM with its constants computed.
#[derive(Clone, Debug, PartialEq)]
pub struct Stanford {
    g0: f64,
    v0: f64,
    i0: f64,
    /// Velocity over the range, 1/s.
    speed: f64,
    beta: f64,
    gamma0: [f64; 2],
    /// Activation energy over k, K.
    activation: f64,
    /// Hop distance over oxide thickness times e/k, K/V.
    pull: f64,
    tox: f64,
    fmin: f64,
    inverse_width: f64,
    rth: f64,
    ambient: f64,
    gmax: f64,
    range: f64,
    width: f64,
    /// Variance in cells per second of a fully developed noise.
    noise: f64,
    tcrit: f64,
    tsmth: f64,
    seed: u64,
}

/// What a device need not compute twice.
#[derive(Clone, Copy, Debug, Default)]
pub struct Held {
    bound: Kept<f64, f64>,
}

/// Current, temperature and gap with derivatives by `v` and `x`.
struct Local {
    gap: f64,
    gap_x: f64,
    i: f64,
    i_v: f64,
    i_x: f64,
    t: f64,
    t_v: f64,
    t_x: f64,
}

impl Stanford {
    fn local(&self, x: f64, noise: f64, v: f64) -> Local {
        let (share, share_x) = if self.noise > 0.0 { saturate(x + noise, SOFT) } else { saturate(x, self.width) };
        let gap = self.gmax - self.range * share;
        let gap_x = -self.range * share_x;
        let u = v / self.v0;
        let inner = u.clamp(-LINEAR_FROM, LINEAR_FROM);
        let (sinh, cosh) = (inner.sinh(), inner.cosh());
        let scale = self.i0 * (-gap / self.g0).exp();
        let i = scale * (sinh + cosh * (u - inner));
        let i_v = scale * cosh / self.v0;
        let i_x = -i / self.g0 * gap_x;
        let t = self.ambient + self.rth * v * i;
        Local { gap, gap_x, i, i_v, i_x, t, t_v: self.rth * (i + v * i_v), t_x: self.rth * v * i_x }
    }

    /// Effective field enhancement and its derivatives by `|v|` and by the gap.
    fn enhancement(&self, gap: f64, v: f64) -> (f64, f64, f64) {
        let nm = gap * 1e9;
        let gamma = self.gamma0[usize::from(v < 0.0)] - self.beta * nm * nm * nm;
        let gamma_g = -3.0 * self.beta * nm * nm * 1e9;
        if self.fmin == 0.0 {
            return (gamma, 0.0, gamma_g);
        }
        let u = (gamma * v.abs() / self.tox - self.fmin) * self.inverse_width;
        let th = u.tanh();
        let (w, w_u) = (0.5 * (1.0 + th), 0.5 * (1.0 - th * th));
        let per_gamma = w_u * v.abs() / self.tox * self.inverse_width;
        (gamma * w, gamma * w_u * gamma / self.tox * self.inverse_width, gamma_g * (w + gamma * per_gamma))
    }

    /// Noise of the gap as a share of the range: a random walk along the accumulated variance.
    fn walk(&self, auxiliary: &[f64]) -> (f64, f64) {
        if self.noise == 0.0 || auxiliary[NUMBER] < 1.0 {
            return (0.0, 0.0);
        }
        let place = (auxiliary[CLOCK] - (auxiliary[NUMBER] - 1.0)).clamp(0.0, 1.0);
        let rise = auxiliary[RIGHT] - auxiliary[LEFT];
        (auxiliary[LEFT] + place * rise, rise)
    }

    /// Accumulated variance per time at a temperature, cells per second.
    fn diffusion(&self, t: f64) -> f64 {
        let onset = 1.0 / (1.0 + ((self.tcrit - t) / self.tsmth).min(LARGEST).exp());
        self.noise * onset * onset
    }
}

impl CompactModel<1> for Stanford {
    type Params = StanfordParams;
    type Held = Held;
    const KIND: &'static str = "stanford_pku";
    const AMBIENT: f64 = 298.0;
    const STATES: &'static [&'static str] = &["x", "clock", "cell", "left", "right"];
    const INITIAL: &'static [&'static str] = &["g_ini"];
    const INTERNALS: &'static [&'static str] = &["x", "gap", "t", "temperature", "gamma", "noise", "g", "i", "v", "p"];
    const DOMAIN: [(f64, f64); 1] = [(0.0, 1.0)];
    const TOLERANCES: [f64; 1] = [1e-4];

    fn new(params: &StanfordParams, temperature: f64) -> Result<Self, String> {
        let p = params;
        if p.gmin >= p.gmax {
            return Err(format!("gmin ({:e} m) must be smaller than gmax ({:e} m)", p.gmin, p.gmax));
        }
        let range = p.gmax - p.gmin;
        Ok(Self {
            g0: p.g0,
            v0: p.v0,
            i0: p.i0,
            speed: p.vel0 / range,
            beta: p.beta,
            gamma0: [p.gamma0, p.gamma0_reset],
            activation: p.ea * KELVIN_PER_VOLT,
            pull: p.a0 / p.tox * KELVIN_PER_VOLT,
            tox: p.tox,
            fmin: p.fmin,
            inverse_width: 1.0 / (p.fwidth * p.fmin.max(f64::MIN_POSITIVE)),
            rth: p.rth,
            ambient: if p.t0.is_nan() { temperature } else { p.t0 },
            gmax: p.gmax,
            range,
            width: p.width,
            noise: (p.deltagap0 / range).powi(2) * p.tnoise / CELL,
            tcrit: p.tcrit,
            tsmth: p.tsmth,
            seed: mix(p.seed.to_bits()),
        })
    }

    fn initial(&self, params: &StanfordParams, states: &mut [f64]) -> Result<(), String> {
        let gap = if params.g_ini.is_nan() { params.gmin } else { params.g_ini };
        let x = (self.gmax - gap) / self.range;
        if !(-1e-9..=1.0 + 1e-9).contains(&x) {
            return Err(format!("g_ini ({gap:e} m) must lie between gmin and gmax"));
        }
        states.fill(0.0);
        states[0] = x.clamp(0.0, 1.0);
        Ok(())
    }

    fn current(&self, s: &[f64; 1], site: &Site, v: f64, _held: &mut Held) -> Flow<1> {
        let (noise, slope) = self.walk(site.auxiliary);
        let at = self.local(s[0], noise, v);
        Flow { i: at.i, di_dv: at.i_v + at.i_x * slope * site.path_slope, di_ds: [at.i_x] }
    }

    fn rate(&self, s: &[f64; 1], site: &Site, v: f64, _held: &mut Held) -> Rate<1> {
        let at = self.local(s[0], self.walk(site.auxiliary).0, v);
        let (gamma, gamma_u, gamma_g) = self.enhancement(at.gap, v);
        let sign = v.signum();
        // exp(-activation/T) sinh(z), in a form that does not overflow before the result does
        let (e, z) = (self.activation / at.t, gamma * self.pull * v.abs() / at.t);
        let largest = (z.abs() - e).min(LARGEST);
        let capped = z.abs() - e > LARGEST;
        let (forth, back) = (0.5 * largest.exp(), 0.5 * (-z.abs() - e).max(-2.0 * LARGEST).exp());
        let sinh = if z.abs() < 1e-3 { (-e).exp() * z.sinh() } else { z.signum() * (forth - back) };
        let cosh = forth + back;
        let f = self.speed * sinh * sign;
        let by_z = self.speed * sign * if capped { 0.0 } else { cosh };
        let by_t = if capped { 0.0 } else { f * e / at.t - by_z * z / at.t };
        let z_v = self.pull / at.t * sign * (gamma + gamma_u * v.abs());
        let z_x = self.pull * v.abs() / at.t * gamma_g * at.gap_x;
        let (f_v, f_x) = (by_z * z_v + by_t * at.t_v, by_z * z_x + by_t * at.t_x);
        let (b, b_x) = if f > 0.0 {
            let (b, d) = barrier(1.0 - s[0], self.width);
            (b, -d)
        } else {
            barrier(s[0], self.width)
        };
        Rate { f: [f * b], df_dv: [f_v * b], df_ds: [[f_x * b + f * b_x]] }
    }

    fn rate_bound(&self, v: f64, held: &mut Held) -> f64 {
        held.bound.at(v, || {
            // hottest at the smallest gap, pulled hardest at ambient temperature, enhanced most at no gap
            let hottest = self.local(1.0, 0.0, v).t;
            let z = self.enhancement(0.0, v).0 * self.pull * v.abs() / self.ambient;
            self.speed * (z - self.activation / hottest).min(LARGEST).exp() * -(-2.0 * z).exp_m1()
        })
    }

    fn advance(&self, step: &Advance<1>, auxiliary: &mut [f64], _held: &mut Held) -> f64 {
        if self.noise == 0.0 {
            return 0.0;
        }
        // the temperature that the state at the start of the step has at the new voltage
        let at = self.local(step.before[0], self.walk(auxiliary).0, step.v);
        let offset = offset(step.coefficient, step.history[CLOCK], auxiliary[CLOCK]);
        let added = ((self.diffusion(at.t) - offset) / step.coefficient).max(0.0);
        if !added.is_finite() {
            return 0.0;
        }
        auxiliary[CLOCK] += added;
        let number = auxiliary[CLOCK].floor() + 1.0;
        if number != auxiliary[NUMBER] {
            let at = |place: f64| CELL.sqrt() * brownian(step.stream ^ self.seed, place as u64);
            auxiliary[NUMBER] = number;
            auxiliary[LEFT] = at(number - 1.0);
            auxiliary[RIGHT] = at(number);
        }
        0.0
    }

    fn internal(&self, name: &str, s: &[f64; 1], site: &Site, v: f64) -> Option<f64> {
        let noise = self.walk(site.auxiliary).0;
        let at = self.local(s[0], noise, v);
        match name {
            "gap" => Some(at.gap),
            "t" | "temp" | "temperature" => Some(at.t),
            "gamma" => Some(self.enhancement(at.gap, v).0),
            "noise" => Some(0.0 - noise * self.range),
            _ => None,
        }
    }
}
