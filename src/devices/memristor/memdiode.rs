//! The dynamic memdiode: a diode whose amplitude, steepness and series resistance follow a memory state.
//!
//! E. Miranda, J. Sune, IEEE Trans. Nanotechnol. 19, 609 (2020); F. L. Aguirre, J. Sune, E. Miranda, Micromachines 13, 330
//! (2022), doi:10.3390/mi13020330; F. L. Aguirre et al., Front. Phys. 9, 735021 (2021), doi:10.3389/fphy.2021.735021.
//!
//! ```text
//! i  = i0 (exp(beta al vd) - exp(-(1 - beta) al vd)),   vd = v - i rs,   i0, al, rs linear in h between min and max
//! version 1:  dh/dt = (1 - h)/ts - h/tr,   ts = t0s exp(-v/v0s),   tr = t0r exp(v/v0r)
//! version 2:  dh/dt = (1 - h)/ts for v >= 0,  -h/tr for v < 0
//!             ts = exp(-etas (vd - vs)),   vs = vt for i > isb, else vset          (snapback)
//!             tr = exp(etar h^gam (vd - vres))                                     (gam = 0: no snapforward)
//! ```
//!
//! The implicit current is solved inside the device. In version 2 reset takes over from set within a millivolt below zero, and
//! the snapback within one per cent around `isb`.

use crate::devices::{ANY, NON_NEGATIVE, POSITIVE};

use super::model::{CompactModel, Flow, Kept, Rate, Site};
use super::smooth::limited_exp;

const NOT_GIVEN: f64 = f64::NAN;
/// Exponents are continued by their tangents beyond this.
const LARGEST_EXPONENT: f64 = 100.0;
/// Voltage below zero within which reset takes over from set, V.
const TURN: f64 = 1e-3;
/// Width of the snapback's switch, relative to its current.
const SNAP: f64 = 0.01;
/// Below this the power `h^gam` is rounded off.
const ROUND: f64 = 1e-6;
/// Iterations for the voltage of the diode: bisection alone needs about 60.
const ITERATIONS: usize = 200;

crate::parameters! {
    /// Parameters of the dynamic memdiode; those not given are of the published set of the version.
    pub struct MemdiodeParams {
        version [] = 2.0, "-", 1.0..=2.0, "1: both transitions always active; 2: by sign of the voltage, with snapback";
        beta [] = NOT_GIVEN, "-", 0.0..=1.0, "share of the forward branch (1: 0.308, 2: 0.5)";
        imin [] = NOT_GIVEN, "A", POSITIVE, "current amplitude at h = 0 (1: 1.8e-6, 2: 2e-6)";
        imax [] = NOT_GIVEN, "A", POSITIVE, "current amplitude at h = 1 (1: 1.23e-3, 2: 2e-4)";
        almin ["alphamin"] = NOT_GIVEN, "1/V", POSITIVE, "steepness at h = 0 (1: 3, 2: 6.19)";
        almax ["alphamax"] = NOT_GIVEN, "1/V", POSITIVE, "steepness at h = 1 (1: 3.8, 2: 5.22)";
        rs [] = NOT_GIVEN, "ohm", NON_NEGATIVE, "series resistance for every h, instead of rsmin and rsmax (2: 1)";
        rsmin [] = NOT_GIVEN, "ohm", NON_NEGATIVE, "series resistance at h = 0 (1: 117)";
        rsmax [] = NOT_GIVEN, "ohm", NON_NEGATIVE, "series resistance at h = 1 (1: 256)";
        t0s [] = 1.796e6, "s", POSITIVE, "set time at 0 V, version 1";
        v0s [] = 0.0899, "V", POSITIVE, "voltage that speeds setting up by e, version 1";
        t0r [] = 132.0, "s", POSITIVE, "reset time at 0 V, version 1";
        v0r [] = 0.1905, "V", POSITIVE, "voltage that speeds resetting up by e, version 1";
        etas [] = 15.0, "1/V", NON_NEGATIVE, "steepness of the set rate, version 2";
        vset [] = 0.8, "V", ANY, "set voltage, version 2";
        etar ["etares"] = 4.0, "1/V", NON_NEGATIVE, "steepness of the reset rate, version 2";
        vres ["vreset"] = -1.3, "V", ANY, "reset voltage, version 2";
        vt [] = 0.1, "V", ANY, "set voltage after the snapback, version 2";
        gam ["gamma"] = 0.9, "-", 0.0..=100.0, "exponent of the snapforward, version 2; 0 for none";
        gam0 [] = 0.0, "-", 0.0..=0.0, "kept for published sets; nothing else than 0 is offered";
        isb [] = 1.0, "A", POSITIVE, "snapback current, version 2; larger than any current: none";
        h0 ["h", "h_init", "x0"] = 0.0, "-", 0.0..=1.0, "initial memory state";
    }
}

/// A quantity linear in the memory state: value at 0 and slope.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Linear(f64, f64);

impl Linear {
    fn between(min: f64, max: f64) -> Self {
        Self(min, max - min)
    }

    #[inline]
    fn at(self, h: f64) -> f64 {
        self.0 + self.1 * h
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Memory {
    /// `1/t0s`, `1/v0s`, `1/t0r`, `1/v0r`.
    Balance([f64; 4]),
    Snap {
        etas: f64,
        vset: f64,
        vt: f64,
        isb: f64,
        etar: f64,
        vres: f64,
        gam: f64,
    },
}

/// The memdiode with its constants computed.
#[derive(Clone, Debug, PartialEq)]
pub struct Memdiode {
    beta: f64,
    amplitude: Linear,
    steepness: Linear,
    series: Linear,
    memory: Memory,
}

/// Voltage of the inner diode and current, each with its derivatives by `v` and `h`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Inner {
    vd: f64,
    vd_by_v: f64,
    vd_by_h: f64,
    i: f64,
    i_by_v: f64,
    i_by_h: f64,
}

/// The solved inner diode at a state and a voltage.
#[derive(Clone, Copy, Debug, Default)]
pub struct Held {
    inner: Kept<(f64, f64), Inner>,
}

impl Memdiode {
    /// Current of the inner diode at `u`, with its derivatives by `u` and `h`.
    #[inline]
    fn diode(&self, u: f64, h: f64) -> (f64, f64, f64) {
        let (i0, al) = (self.amplitude.at(h), self.steepness.at(h));
        let (forward, dforward) = limited_exp(self.beta * al * u, LARGEST_EXPONENT);
        let (reverse, dreverse) = limited_exp(-(1.0 - self.beta) * al * u, LARGEST_EXPONENT);
        let slope = i0 * (self.beta * dforward + (1.0 - self.beta) * dreverse);
        let shape = forward - reverse;
        (i0 * shape, slope * al, self.amplitude.1 * shape + slope * self.steepness.1 * u)
    }

    /// Solves `u + rs i(u) = v`: the left side grows with `u`, and the root lies between 0 and `v`.
    fn inner(&self, h: f64, v: f64) -> Inner {
        // outside 0 to 1 an iterate sees the ends: amplitudes and resistances stay positive
        let (at, inside) = if (0.0..=1.0).contains(&h) { (h, 1.0) } else { (h.clamp(0.0, 1.0), 0.0) };
        let rs = self.series.at(at);
        let (mut low, mut high) = if v < 0.0 { (v, 0.0) } else { (0.0, v) };
        // where the resistance carries all of the voltage, the exponent has this size
        let arm = if v < 0.0 { 1.0 - self.beta } else { self.beta } * self.steepness.at(at);
        let most = (1.0 + v.abs() / (rs * self.amplitude.at(at))).ln() / arm;
        let mut u = if rs == 0.0 || !(most < v.abs()) { v } else { most.copysign(v) };
        let (mut i, mut slope, mut by_h) = self.diode(u, at);
        for _ in 0..ITERATIONS {
            let excess = u + rs * i - v;
            if excess > 0.0 {
                high = u
            } else {
                low = u
            }
            let newton = u - excess / (1.0 + rs * slope);
            let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
            let step = (next - u).abs();
            if excess == 0.0 || step <= 2.0 * f64::EPSILON * u.abs() {
                break;
            }
            u = next;
            (i, slope, by_h) = self.diode(u, at);
        }
        let vd_by_v = 1.0 / (1.0 + rs * slope);
        let vd_by_h = -(self.series.1 * i + rs * by_h) * vd_by_v * inside;
        Inner { vd: u, vd_by_v, vd_by_h, i, i_by_v: slope * vd_by_v, i_by_h: slope * vd_by_h + by_h * inside }
    }

    fn solved(&self, h: f64, v: f64, held: &mut Held) -> Inner {
        held.inner.at((h, v), || self.inner(h, v))
    }
}

/// Share of reset at `v`: 0 from 0 V on, 1 below `-TURN`; and its derivative.
#[inline]
fn reset_share(v: f64) -> (f64, f64) {
    let t = (-v / TURN).clamp(0.0, 1.0);
    (t * t * (3.0 - 2.0 * t), -6.0 * t * (1.0 - t) / TURN)
}

impl CompactModel<1> for Memdiode {
    type Params = MemdiodeParams;
    type Held = Held;
    const KIND: &'static str = "memdiode";
    const STATES: &'static [&'static str] = &["h"];
    const INITIAL: &'static [&'static str] = &["h0"];
    const INTERNALS: &'static [&'static str] = &["h", "vd", "g", "i", "v", "p", "temperature"];
    const DOMAIN: [(f64, f64); 1] = [(0.0, 1.0)];
    const TOLERANCES: [f64; 1] = [1e-5];

    fn new(params: &MemdiodeParams, _temperature: f64) -> Result<Self, String> {
        let p = params;
        let first = p.version.round() == 1.0;
        let given = |value: f64, one: f64, two: f64| match value.is_nan() {
            true if first => one,
            true => two,
            false => value,
        };
        if !p.rs.is_nan() && !(p.rsmin.is_nan() && p.rsmax.is_nan()) {
            return Err("give either rs or rsmin and rsmax".into());
        }
        let series = if p.rs.is_nan() {
            Linear::between(given(p.rsmin, 117.0, 1.0), given(p.rsmax, 256.0, 1.0))
        } else {
            Linear::between(p.rs, p.rs)
        };
        let memory = if first {
            Memory::Balance([1.0 / p.t0s, 1.0 / p.v0s, 1.0 / p.t0r, 1.0 / p.v0r])
        } else {
            let (etas, vset, vt, isb) = (p.etas, p.vset, p.vt, p.isb);
            Memory::Snap { etas, vset, vt, isb, etar: p.etar, vres: p.vres, gam: p.gam }
        };
        Ok(Self {
            beta: given(p.beta, 0.308, 0.5),
            amplitude: Linear::between(given(p.imin, 1.8e-6, 2e-6), given(p.imax, 1.23e-3, 2e-4)),
            steepness: Linear::between(given(p.almin, 3.0, 6.19), given(p.almax, 3.8, 5.22)),
            series,
            memory,
        })
    }

    fn initial(&self, params: &MemdiodeParams, states: &mut [f64]) -> Result<(), String> {
        states[0] = params.h0;
        Ok(())
    }

    fn current(&self, s: &[f64; 1], _site: &Site, v: f64, held: &mut Held) -> Flow<1> {
        let Inner { i, i_by_v, i_by_h, .. } = self.solved(s[0], v, held);
        Flow { i, di_dv: i_by_v, di_ds: [i_by_h] }
    }

    fn rate(&self, s: &[f64; 1], _site: &Site, v: f64, held: &mut Held) -> Rate<1> {
        let h = s[0];
        match self.memory {
            Memory::Balance([set, by_vs, reset, by_vr]) => {
                let (up, dup) = limited_exp(v * by_vs, LARGEST_EXPONENT);
                let (down, ddown) = limited_exp(-v * by_vr, LARGEST_EXPONENT);
                Rate {
                    f: [set * up * (1.0 - h) - reset * down * h],
                    df_dv: [set * dup * by_vs * (1.0 - h) + reset * ddown * by_vr * h],
                    df_ds: [[-set * up - reset * down]],
                }
            }
            Memory::Snap { etas, vset, vt, isb, etar, vres, gam } => {
                let at = self.solved(h, v, held);
                let (share, dshare) = reset_share(v);
                let mut rate = Rate { f: [0.0], df_dv: [0.0], df_ds: [[0.0]] };
                if share < 1.0 {
                    let z = (at.i / isb - 1.0) / SNAP;
                    let e = (-z.abs()).exp();
                    let snapped = if z < 0.0 { e } else { 1.0 } / (1.0 + e);
                    let by_i = e / ((1.0 + e) * (1.0 + e)) / (SNAP * isb) * (vt - vset);
                    let vs = vset + (vt - vset) * snapped;
                    let (up, dup) = limited_exp(etas * (at.vd - vs), LARGEST_EXPONENT);
                    let by = |vd: f64, i: f64| dup * etas * (vd - by_i * i);
                    let set = 1.0 - share;
                    rate.f[0] += set * up * (1.0 - h);
                    rate.df_dv[0] += (set * by(at.vd_by_v, at.i_by_v) - dshare * up) * (1.0 - h);
                    rate.df_ds[0][0] += set * (by(at.vd_by_h, at.i_by_h) * (1.0 - h) - up);
                }
                if share > 0.0 {
                    let (power, dpower) = if gam == 0.0 {
                        (1.0, 0.0)
                    } else {
                        let square = h * h + ROUND * ROUND;
                        let power = square.powf(0.5 * gam);
                        (power, gam * power * h / square)
                    };
                    let distance = at.vd - vres;
                    let (down, ddown) = limited_exp(-etar * power * distance, LARGEST_EXPONENT);
                    let by_vd = -ddown * etar * power;
                    rate.f[0] -= share * down * h;
                    rate.df_dv[0] -= (share * by_vd * at.vd_by_v + dshare * down) * h;
                    let by_h = by_vd * at.vd_by_h - ddown * etar * distance * dpower;
                    rate.df_ds[0][0] -= share * (by_h * h + down);
                }
                rate
            }
        }
    }

    fn rate_bound(&self, v: f64, _held: &mut Held) -> f64 {
        match self.memory {
            Memory::Balance([set, by_vs, reset, by_vr]) => {
                let up = limited_exp(v * by_vs, LARGEST_EXPONENT).0;
                set * up + reset * limited_exp(-v * by_vr, LARGEST_EXPONENT).0
            }
            Memory::Snap { etas, vset, vt, etar, vres, .. } => {
                let set = limited_exp(etas * (v.max(0.0) - vset.min(vt)), LARGEST_EXPONENT).0;
                let reset = limited_exp((etar * (vres - v)).max(0.0), LARGEST_EXPONENT).0;
                if v >= 0.0 { set } else { set + reset }
            }
        }
    }

    fn internal(&self, name: &str, s: &[f64; 1], _site: &Site, v: f64) -> Option<f64> {
        (name == "vd").then(|| self.inner(s[0], v).vd)
    }
}
