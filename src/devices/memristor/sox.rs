//! SOX, the second-order oxygen-ion memristor: occupancy of the barrier layer and level of the intrinsic gradient.
//!
//! A non-filamentary two-terminal device in which a positive voltage pushes oxygen ions against a built-in gradient into a
//! barrier layer. Own compact model, made after what is published of the device in J. Ming et al., Nature Communications 17,
//! 3367 (2026), doi:10.1038/s41467-026-70014-0; it is *not* a fit to measurements. Equations, lineage and accuracy:
//! `docs/devices/sox.md`; cards: `models/sox.lib`.
//!
//! Two exchanges of ions obey the law of a lattice gas with site exclusion, whose two exponentials are drift and diffusion at
//! once: barrier with reservoir (`J`), reservoir with bulk (`J2`).
//!
//! ```text
//! u  = (gamma v - vb0 - kg (x1 - x2)) / (2 v0 theta)        w = gamma2 v / (2 v0 theta)        theta = T/tn
//! J  = x2 (1 - x1) E(u) - x1 (1 - x2) E(-u)                  dx1/dt = J/t1
//! J2 = xb (1 - x2) E(w) - x2 (1 - xb) E(-w)                  dx2/dt = -lam J/t1 + J2/t2
//! i  = is0 theta^2 exp(-phi0/k (1/T - 1/tn)) exp(-dphi (x1 - x1ref)/Vt) (E(v/(nf Vt)) - E(-v/(nr Vt))) + gleak v
//! ```

use crate::devices::{ANY, NON_NEGATIVE, POSITIVE};

use super::model::{CompactModel, Flow, Kept, Rate, Site};
use super::smooth::saturate;

/// Boltzmann constant, eV/K.
const BOLTZMANN_EV: f64 = 8.617333262e-5;
const NOT_GIVEN: f64 = f64::NAN;
/// Exponents are continued beyond this: linearly above, as a hyperbola below.
const LARGEST_EXPONENT: f64 = 60.0;
/// How far outside 0 to 1 an occupancy is seen by the exponents.
const MARGIN: f64 = 0.05;
/// Voltage of the virtual read, V.
const READ: f64 = 0.1;

crate::parameters! {
    /// Parameters of SOX; the defaults are the depressing preset.
    pub struct SoxParams {
        is0 [] = 3e-7, "A", POSITIVE, "saturation current at x1 = x1ref and tn";
        nf [] = 20.0, "-", POSITIVE, "forward ideality";
        nr [] = 30.0, "-", POSITIVE, "reverse ideality";
        phi0 [] = 0.45, "eV", NON_NEGATIVE, "barrier, for the temperature dependence of the current";
        dphi [] = 0.1257, "eV", -5.0..=5.0, "barrier change for x1 from 0 to 1; negative: spikes potentiate";
        x1ref [] = 0.0, "-", ANY, "occupancy at which the saturation current is is0";
        gleak [] = 1e-10, "S", NON_NEGATIVE, "leakage";
        gamma [] = 0.4, "-", 0.0..=1.0, "share of the voltage between barrier and reservoir";
        gamma2 [] = 0.36, "-", 0.0..=1.0, "share of the voltage between reservoir and bulk";
        v0 [] = 0.086, "V", POSITIVE, "hop voltage";
        vb0 [] = 0.66, "V", ANY, "built-in potential of the gradient";
        kg [] = 0.58, "V", NON_NEGATIVE, "restoring potential per unit of x1 - x2";
        tau1 [] = 10.0, "s", POSITIVE, "time of the exchange barrier/reservoir at tn";
        ea1 [] = 0.55, "eV", NON_NEGATIVE, "its activation energy";
        lam ["lambda"] = 0.1, "-", NON_NEGATIVE, "sites of the barrier per site of the reservoir";
        xb [] = 0.31, "-", 0.0..=1.0, "occupancy of the bulk";
        tau2 [] = 360.0, "s", POSITIVE, "time of the exchange reservoir/bulk at tn";
        ea2 [] = 0.7, "eV", NON_NEGATIVE, "its activation energy";
        tn [] = 300.0, "K", POSITIVE, "nominal temperature";
        x1 ["x1_0", "x10", "x1_init"] = NOT_GIVEN, "-", 0.0..=1.0, "initial occupancy of the barrier (default: at rest with x2)";
        x2 ["x2_0", "x20", "x2_init"] = NOT_GIVEN, "-", 0.0..=1.0, "initial occupancy of the reservoir (default: xb)";
    }
}

/// SOX with its constants computed.
#[derive(Clone, Debug, PartialEq)]
pub struct Sox {
    /// Saturation current at x1 = 0, A.
    saturation: f64,
    /// Fall of the logarithm of the current with x1.
    fall: f64,
    forward: f64,
    reverse: f64,
    gleak: f64,
    /// Of the exponents `u` and `w`: by voltage, offset, by `x1 - x2`.
    u_by_v: f64,
    u_built_in: f64,
    u_by_x: f64,
    w_by_v: f64,
    /// Rates of both exchanges, 1/s.
    rate1: f64,
    rate2: f64,
    lam: f64,
    xb: f64,
}

/// What depends on the voltage alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct Held {
    /// `E(w)`, `E(-w)` and their derivatives by `w`.
    exchange: Kept<f64, [(f64, f64); 2]>,
}

/// `exp(z)` with its continuations, and its derivative.
#[inline]
fn hop(z: f64) -> (f64, f64) {
    if z > LARGEST_EXPONENT {
        let e = LARGEST_EXPONENT.exp();
        (e * (1.0 + z - LARGEST_EXPONENT), e)
    } else if z < -LARGEST_EXPONENT {
        let d = 1.0 / (1.0 - z - LARGEST_EXPONENT);
        let e = (-LARGEST_EXPONENT).exp() * d;
        (e, e * d)
    } else {
        let e = z.exp();
        (e, e)
    }
}

/// `E(z)` and `E(-z)`, each with its derivative by its own argument.
#[inline]
fn hops(z: f64) -> [(f64, f64); 2] {
    let there = hop(z);
    let back = if z.abs() <= LARGEST_EXPONENT { (1.0 / there.0, 1.0 / there.0) } else { hop(-z) };
    [there, back]
}

impl Sox {
    /// Flux from the reservoir into the barrier, with its derivatives by x1, x2 and v.
    fn barrier_flux(&self, [x1, x2]: [f64; 2], v: f64) -> (f64, [f64; 2], f64) {
        let ((y1, dy1), (y2, dy2)) = (saturate(x1, MARGIN), saturate(x2, MARGIN));
        let u = self.u_by_v * v - self.u_built_in - self.u_by_x * (y1 - y2);
        let [(into, dinto), (out, dout)] = hops(u);
        let (full, empty) = (x2 * (1.0 - x1), x1 * (1.0 - x2));
        let by_u = full * dinto + empty * dout;
        let by_x = [
            -x2 * into - (1.0 - x2) * out - by_u * self.u_by_x * dy1,
            (1.0 - x1) * into + x1 * out + by_u * self.u_by_x * dy2,
        ];
        (full * into - empty * out, by_x, by_u * self.u_by_v)
    }

    /// Flux from the bulk into the reservoir, with its derivatives by x2 and v.
    fn bulk_flux(&self, x2: f64, v: f64, held: &mut Held) -> (f64, f64, f64) {
        let [(into, dinto), (out, dout)] = held.exchange.at(v, || hops(self.w_by_v * v));
        let (full, empty) = (self.xb * (1.0 - x2), x2 * (1.0 - self.xb));
        (
            full * into - empty * out,
            -self.xb * into - (1.0 - self.xb) * out,
            (full * dinto + empty * dout) * self.w_by_v,
        )
    }

    /// Occupancy of the barrier at rest without voltage.
    fn rest(&self, x2: f64) -> f64 {
        // the flux falls with x1, from J(0) >= 0 to J(1) <= 0
        let (mut low, mut high) = (0.0, 1.0);
        loop {
            let middle = 0.5 * (low + high);
            if middle <= low || middle >= high {
                return middle;
            }
            if self.barrier_flux([middle, x2], 0.0).0 > 0.0 { low = middle } else { high = middle }
        }
    }

    /// Current and its derivatives by v and x1.
    fn emission(&self, x1: f64, v: f64) -> (f64, f64, f64) {
        let scale = self.saturation * (-self.fall * x1).exp();
        let (forward, dforward) = hop(v * self.forward);
        let (reverse, dreverse) = hop(-v * self.reverse);
        // exp(a) - exp(b) without cancellation for a read
        let difference = if (v * self.forward).abs() < 1.0 && (v * self.reverse).abs() < 1.0 {
            (v * self.forward).exp_m1() - (-v * self.reverse).exp_m1()
        } else {
            forward - reverse
        };
        let i = scale * difference;
        let slope = scale * (dforward * self.forward + dreverse * self.reverse);
        (i + self.gleak * v, slope + self.gleak, -self.fall * i)
    }
}

impl CompactModel<2> for Sox {
    type Params = SoxParams;
    type Held = Held;
    const KIND: &'static str = "sox";
    const AMBIENT: f64 = 300.0;
    const STATES: &'static [&'static str] = &["x1", "x2"];
    const INITIAL: &'static [&'static str] = &["x1", "x2"];
    const INTERNALS: &'static [&'static str] = &["x1", "x2", "gread", "g", "i", "v", "p", "temperature"];
    const DOMAIN: [(f64, f64); 2] = [(0.0, 1.0), (0.0, 1.0)];
    const TOLERANCES: [f64; 2] = [2e-6, 2e-6];

    fn new(params: &SoxParams, temperature: f64) -> Result<Self, String> {
        let p = params;
        if p.gamma + p.gamma2 > 1.0 {
            return Err(format!("gamma + gamma2 ({}) are shares of the voltage: at most 1", p.gamma + p.gamma2));
        }
        let theta = temperature / p.tn;
        let vt = BOLTZMANN_EV * temperature;
        let inverse = (1.0 / temperature - 1.0 / p.tn) / BOLTZMANN_EV;
        let hop = 1.0 / (2.0 * p.v0 * theta);
        let fall = p.dphi / vt;
        let saturation = p.is0 * theta * theta * (-p.phi0 * inverse).exp() * (fall * p.x1ref).exp();
        let (rate1, rate2) = ((-p.ea1 * inverse).exp() / p.tau1, (-p.ea2 * inverse).exp() / p.tau2);
        if !(saturation.is_finite() && rate1.is_finite() && rate2.is_finite()) {
            return Err(format!("rates or current overflow at {temperature} K"));
        }
        Ok(Self {
            saturation,
            fall,
            forward: 1.0 / (p.nf * vt),
            reverse: 1.0 / (p.nr * vt),
            gleak: p.gleak,
            u_by_v: p.gamma * hop,
            u_built_in: p.vb0 * hop,
            u_by_x: p.kg * hop,
            w_by_v: p.gamma2 * hop,
            rate1,
            rate2,
            lam: p.lam,
            xb: p.xb,
        })
    }

    fn initial(&self, params: &SoxParams, states: &mut [f64]) -> Result<(), String> {
        let x2 = if params.x2.is_nan() { self.xb } else { params.x2 };
        let x1 = if params.x1.is_nan() { self.rest(x2) } else { params.x1 };
        states.copy_from_slice(&[x1, x2]);
        Ok(())
    }

    #[inline]
    fn current(&self, s: &[f64; 2], _site: &Site, v: f64, _held: &mut Held) -> Flow<2> {
        let (i, di_dv, di_dx1) = self.emission(s[0], v);
        Flow { i, di_dv, di_ds: [di_dx1, 0.0] }
    }

    fn rate(&self, s: &[f64; 2], _site: &Site, v: f64, held: &mut Held) -> Rate<2> {
        let (j, j_by_x, j_by_v) = self.barrier_flux(*s, v);
        let (j2, j2_by_x2, j2_by_v) = self.bulk_flux(s[1], v, held);
        let (rate1, back) = (self.rate1, -self.lam * self.rate1);
        Rate {
            f: [rate1 * j, back * j + self.rate2 * j2],
            df_dv: [rate1 * j_by_v, back * j_by_v + self.rate2 * j2_by_v],
            df_ds: [
                [rate1 * j_by_x[0], rate1 * j_by_x[1]],
                [back * j_by_x[0], back * j_by_x[1] + self.rate2 * j2_by_x2],
            ],
        }
    }

    #[inline]
    fn rate_bound(&self, v: f64, _held: &mut Held) -> f64 {
        let barrier = self.rate1 * hop((self.u_by_v * v - self.u_built_in).abs() + self.u_by_x).0;
        let bulk = self.rate2 * hop((self.w_by_v * v).abs()).0;
        barrier.max(self.lam * barrier + bulk)
    }

    fn internal(&self, name: &str, s: &[f64; 2], _site: &Site, _v: f64) -> Option<f64> {
        match name {
            "gread" => Some(self.emission(s[0], READ).0 / READ),
            _ => None,
        }
    }
}
