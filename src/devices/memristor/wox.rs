//! Tungsten-oxide memristors: conduction through the bare film and through the region `w`, which grows and relaxes.
//!
//! [`WoxChang`]: T. Chang, S.-H. Jo, K.-H. Kim, P. Sheridan, S. Gaba, W. Lu, Appl. Phys. A 102, 857 (2011),
//! doi:10.1007/s00339-011-6296-1. `i = (1 - w) al (1 - exp(-be v)) + w ga sinh(de v)`,
//! `dw/dt = la e1 sinh(e2 v) - w/tau`, or with the decay of a public deck, `la drift w/tau`.
//!
//! [`WoxDu`]: two states after C. Du, W. Ma, T. Chang, P. Sheridan, W. D. Lu, Adv. Funct. Mater. 25, 4290 (2015),
//! doi:10.1002/adfm.201501427 (equations of a public deck): `dw/dt = la exp(eps w) sinh(rw v) W - (w - w0)(1/tl + sig m/ts)`,
//! `dm/dt = la sinh(rm |v|) W - (m - m0) m/ts`, `W = 1 - exp(-distance/limit)` to the bound ahead.

use crate::devices::{NON_NEGATIVE, POSITIVE};

use super::model::{CompactModel, Flow, Rate, Site};
use super::smooth::{barrier, limited_exp, limited_sinh, ramp, saturate};

const NOT_GIVEN: f64 = f64::NAN;
/// Exponent of the film's current beyond which it continues along its tangent.
const LARGEST: f64 = 80.0;
/// How far outside its bounds a state still counts in the current.
const MARGIN: f64 = 1e-3;

/// Speed beyond which the region of the two-state model grows no faster, 1/s: its law gives any speed at a few volts.
const FASTEST: f64 = 1e9;

crate::parameters! {
    /// Parameters of Chang's model; the defaults are the first public set.
    pub struct WoxChangParams {
        al ["alpha"] = 0.5e-6, "A", NON_NEGATIVE, "current of the bare film";
        be ["beta"] = 0.5, "1/V", POSITIVE, "steepness of the bare film";
        ga ["gamma"] = 4e-6, "A", NON_NEGATIVE, "current of the conducting region";
        de ["delta"] = 2.0, "1/V", POSITIVE, "steepness of the conducting region";
        la ["lambda"] = 4.5, "1/s", NON_NEGATIVE, "speed";
        e1 ["eta1"] = 0.004, "-", NON_NEGATIVE, "factor on the drift";
        e2 ["eta2"] = 4.0, "1/V", POSITIVE, "steepness of the drift";
        tau [] = 10.0, "s", POSITIVE, "retention";
        drift ["drift_bit"] = NOT_GIVEN, "s", NON_NEGATIVE, "decay la drift w/tau instead of w/tau; 0 for none";
        width [] = 1e-4, "-", 1e-6..=0.1, "distance from a bound over which motion stops";
        w0 ["x0", "w_init"] = 0.0, "-", 0.0..=1.0, "initial state";
    }
}

crate::parameters! {
    /// Parameters of the two-state model.
    pub struct WoxDuParams {
        al ["alpha"] = 2e-7, "A", NON_NEGATIVE, "current of the bare film";
        be ["beta"] = 2.1, "1/V", POSITIVE, "steepness of the bare film";
        ga ["gamma"] = 1e-4, "A", NON_NEGATIVE, "current of the conducting region";
        de ["delta"] = 1.35, "1/V", POSITIVE, "steepness of the conducting region";
        la ["lambda"] = 1e-2, "1/s", NON_NEGATIVE, "speed";
        rw [] = 12.5, "1/V", POSITIVE, "steepness of the region's growth";
        rm [] = 0.1, "1/V", POSITIVE, "steepness of the mobility's growth";
        tl [] = 1e3, "s", POSITIVE, "long retention";
        ts [] = 1e3, "s", POSITIVE, "short retention";
        eps [] = 0.01, "-", 0.0..=50.0, "growth of the speed with the region";
        sig [] = 25.0, "-", NON_NEGATIVE, "decay by mobility";
        wrest [] = 0.001, "-", 0.0..=1.0, "w0 of the equations: value to which w relaxes";
        mrest [] = 0.001, "-", 0.0..=1.0, "m0 of the equations: value to which m relaxes";
        limit [] = 1e-4, "-", 1e-6..=0.1, "distance from a bound over which motion stops";
        w0 ["x0", "w_init"] = NOT_GIVEN, "-", 0.0..=1.0, "initial region (default wrest)";
        m0 ["m_init"] = NOT_GIVEN, "-", 0.0..=1.0, "initial mobility (default mrest)";
    }
}

/// Film and region in parallel.
#[derive(Clone, Debug, PartialEq)]
struct Conduction {
    al: f64,
    be: f64,
    ga: f64,
    de: f64,
}

impl Conduction {
    /// Current and its derivatives by `v` and `w`.
    #[inline]
    fn at(&self, w: f64, v: f64) -> (f64, f64, f64) {
        let (w, dw) = saturate(w, MARGIN);
        let u = -self.be * v;
        let film = if u > LARGEST { 1.0 - limited_exp(u, LARGEST).0 } else { -u.exp_m1() };
        let dfilm = self.be * limited_exp(u, LARGEST).1;
        let (sinh, cosh) = limited_sinh(self.de * v);
        let i = (1.0 - w) * self.al * film + w * self.ga * sinh;
        let di_dv = (1.0 - w) * self.al * dfilm + w * self.ga * self.de * cosh;
        (i, di_dv, (self.ga * sinh - self.al * film) * dw)
    }
}

/// Chang's model with its constants computed.
#[derive(Clone, Debug, PartialEq)]
pub struct WoxChang {
    conduction: Conduction,
    growth: f64,
    e2: f64,
    decay: f64,
    width: f64,
}

impl CompactModel<1> for WoxChang {
    type Params = WoxChangParams;
    type Held = ();
    const KIND: &'static str = "wox";
    const STATES: &'static [&'static str] = &["w"];
    const INITIAL: &'static [&'static str] = &["w0"];
    const INTERNALS: &'static [&'static str] = &["w", "g", "i", "v", "p"];
    const DOMAIN: [(f64, f64); 1] = [(0.0, 1.0)];
    const TOLERANCES: [f64; 1] = [1e-5];

    fn new(params: &WoxChangParams, _temperature: f64) -> Result<Self, String> {
        let p = params;
        let decay = if p.drift.is_nan() { 1.0 } else { p.la * p.drift } / p.tau;
        let conduction = Conduction { al: p.al, be: p.be, ga: p.ga, de: p.de };
        Ok(Self { conduction, growth: p.la * p.e1, e2: p.e2, decay, width: p.width })
    }

    fn initial(&self, params: &WoxChangParams, states: &mut [f64]) -> Result<(), String> {
        states[0] = params.w0;
        Ok(())
    }

    #[inline]
    fn current(&self, s: &[f64; 1], _site: &Site, v: f64, _held: &mut ()) -> Flow<1> {
        let (i, di_dv, di_dw) = self.conduction.at(s[0], v);
        Flow { i, di_dv, di_ds: [di_dw] }
    }

    #[inline]
    fn rate(&self, s: &[f64; 1], _site: &Site, v: f64, _held: &mut ()) -> Rate<1> {
        let (sinh, cosh) = limited_sinh(self.e2 * v);
        let (drive, ddrive) = (self.growth * sinh, self.growth * self.e2 * cosh);
        let (b, db) = match v > 0.0 {
            true => {
                let (b, db) = barrier(1.0 - s[0], self.width);
                (b, -db)
            }
            false => barrier(s[0], self.width),
        };
        Rate { f: [drive * b - self.decay * s[0]], df_dv: [ddrive * b], df_ds: [[drive * db - self.decay]] }
    }

    #[inline]
    fn rate_bound(&self, v: f64, _held: &mut ()) -> f64 {
        self.growth * limited_sinh(self.e2 * v).0.abs() + 2.0 * self.decay
    }
}

/// The two-state model with its constants computed.
#[derive(Clone, Debug, PartialEq)]
pub struct WoxDu {
    conduction: Conduction,
    p: WoxDuParams,
}

/// A speed that saturates at [`FASTEST`], and its derivative by the speed without saturation.
#[inline]
fn saturated(speed: f64) -> (f64, f64) {
    let ratio = speed / FASTEST;
    let root = (1.0 + ratio * ratio).sqrt();
    (speed / root, 1.0 / (root * root * root))
}

impl WoxDu {
    /// `1 - exp(-distance/limit)` and its derivative by the distance; linear not far beyond the bound.
    #[inline]
    fn limiter(&self, distance: f64) -> (f64, f64) {
        let (e, de) = limited_exp(-distance / self.p.limit, 3.0);
        (1.0 - e, de / self.p.limit)
    }
}

impl CompactModel<2> for WoxDu {
    type Params = WoxDuParams;
    type Held = ();
    const KIND: &'static str = "wox_du";
    const STATES: &'static [&'static str] = &["w", "m"];
    const INITIAL: &'static [&'static str] = &["w0", "m0"];
    const INTERNALS: &'static [&'static str] = &["w", "m", "g", "i", "v", "p"];
    const DOMAIN: [(f64, f64); 2] = [(0.0, 1.0), (0.0, 1.0)];
    const TOLERANCES: [f64; 2] = [1e-5, 1e-5];

    fn new(params: &WoxDuParams, _temperature: f64) -> Result<Self, String> {
        let p = params;
        Ok(Self { conduction: Conduction { al: p.al, be: p.be, ga: p.ga, de: p.de }, p: p.clone() })
    }

    fn initial(&self, params: &WoxDuParams, states: &mut [f64]) -> Result<(), String> {
        states[0] = if params.w0.is_nan() { params.wrest } else { params.w0 };
        states[1] = if params.m0.is_nan() { params.mrest } else { params.m0 };
        Ok(())
    }

    #[inline]
    fn current(&self, s: &[f64; 2], _site: &Site, v: f64, _held: &mut ()) -> Flow<2> {
        let (i, di_dv, di_dw) = self.conduction.at(s[0], v);
        Flow { i, di_dv, di_ds: [di_dw, 0.0] }
    }

    fn rate(&self, s: &[f64; 2], _site: &Site, v: f64, _held: &mut ()) -> Rate<2> {
        let p = &self.p;
        let (w, m) = (s[0], s[1]);
        let (bounded, inner) = saturate(w, MARGIN);
        let (e, de) = ((p.eps * bounded).exp(), p.eps * inner);
        let (sinh, cosh) = limited_sinh(p.rw * v);
        let (limit, dlimit) = match v > 0.0 {
            true => {
                let (limit, dlimit) = self.limiter(1.0 - w);
                (limit, -dlimit)
            }
            false => self.limiter(w),
        };
        let (drive, share) = saturated(p.la * e * sinh);
        let (mobility, dmobility) = ramp(m, 1e-9);
        let decay = 1.0 / p.tl + p.sig * mobility / p.ts;

        let (up, dup) = limited_sinh(p.rm * v.abs());
        let (room, droom) = self.limiter(1.0 - m);
        Rate {
            f: [drive * limit - (w - p.wrest) * decay, p.la * up * room - (m - p.mrest) * mobility / p.ts],
            df_dv: [share * p.la * e * p.rw * cosh * limit, p.la * p.rm * dup * v.signum() * room],
            df_ds: [
                [
                    drive * dlimit + share * p.la * de * e * sinh * limit - decay,
                    -(w - p.wrest) * p.sig * dmobility / p.ts,
                ],
                [0.0, -p.la * up * droom - (mobility + (m - p.mrest) * dmobility) / p.ts],
            ],
        }
    }

    #[inline]
    fn rate_bound(&self, v: f64, _held: &mut ()) -> f64 {
        let p = &self.p;
        let decay = 2.0 * (1.0 / p.tl + (p.sig + 1.0) / p.ts);
        p.la * (2.0 * p.eps.exp() * limited_sinh(p.rw * v).0.abs() + limited_sinh(p.rm * v).0.abs()) + decay
    }
}
