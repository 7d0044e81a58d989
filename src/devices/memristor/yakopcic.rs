//! The generalised memristor of Yakopcic: thresholds, a hyperbolic sine, motion that slows near its ends.
//!
//! C. Yakopcic, T. M. Taha, G. Subramanyam, R. E. Pino, IEEE Trans. Comput.-Aided Design 32, 1201 (2013),
//! doi:10.1109/TCAD.2013.2252057: `i = a1 x sinh(b v)` (`a2` for `v < 0`), `dx/dt = eta g(v) F(v, x)`,
//! `g = ap (e^v - e^vp)` above `vp`, `-an (e^-v - e^vn)` below `-vn`, otherwise 0; `F` is 1 up to `xp` (down to `1 - xn`) and
//! then falls as `exp(-alphap (x - xp)) wp`, `wp = (1 - x)/(1 - xp)` (as `exp(alphan (x + xn - 1)) wn`, `wn = x/(1 - xn)`).

use crate::devices::{ANY, NON_NEGATIVE, POSITIVE};

use super::model::{CompactModel, Flow, Rate, Site};
use super::smooth::{limited_exp, limited_sinh, saturate};

/// Voltage beyond which exponentials continue along their tangents, V.
const LARGEST: f64 = 40.0;
/// How far outside its range the state still drives itself back the harder the further it is.
const BEYOND: f64 = 0.05;
/// Shortest part of the range over which motion slows.
const SHORTEST: f64 = 1e-3;

crate::parameters! {
    /// Parameters of Yakopcic's model; the defaults are set A of the tests.
    pub struct YakopcicParams {
        a1 [] = 0.17, "A", NON_NEGATIVE, "current scale, v >= 0";
        a2 [] = 0.17, "A", NON_NEGATIVE, "current scale, v < 0";
        b [] = 0.05, "1/V", POSITIVE, "steepness of the current";
        vp [] = 0.16, "V", NON_NEGATIVE, "threshold of positive voltages";
        vn [] = 0.15, "V", NON_NEGATIVE, "threshold of negative voltages, its magnitude";
        ap [] = 4000.0, "1/s", NON_NEGATIVE, "speed above vp";
        an [] = 4000.0, "1/s", NON_NEGATIVE, "speed below -vn";
        xp [] = 0.3, "-", 0.0..=1.0, "state from which rising slows";
        xn [] = 0.5, "-", 0.0..=1.0, "1 - state from which falling slows";
        alphap [] = 1.0, "-", NON_NEGATIVE, "how fast rising slows";
        alphan [] = 5.0, "-", NON_NEGATIVE, "how fast falling slows";
        eta [] = 1.0, "-", -1.0..=1.0, "direction: 1 or -1";
        x0 ["xo", "x_init"] = 0.11, "-", 0.0..=1.0, "initial state";
        xscaling [] = 1.0, "-", ANY, "factor on the state in Xyce's N(..._x)";
    }
}

/// The model with its constants computed.
#[derive(Clone, Debug, PartialEq)]
pub struct Yakopcic {
    p: YakopcicParams,
    exp_vp: f64,
    exp_vn: f64,
}

impl Yakopcic {
    /// `g(v)`, 1/s, and its derivative.
    #[inline]
    fn drive(&self, v: f64) -> (f64, f64) {
        if v > self.p.vp {
            let (e, de) = limited_exp(v, LARGEST);
            (self.p.ap * (e - self.exp_vp), self.p.ap * de)
        } else if v < -self.p.vn {
            let (e, de) = limited_exp(-v, LARGEST);
            (-self.p.an * (e - self.exp_vn), self.p.an * de)
        } else {
            (0.0, 0.0)
        }
    }

    /// `F` for a state that rises or falls, and its derivative by the state.
    #[inline]
    fn slowing(&self, x: f64, rising: bool) -> (f64, f64) {
        let (x, inner) = saturate(x, BEYOND);
        let (past, decay, room, sign) = if rising {
            (x - self.p.xp, self.p.alphap, (1.0 - self.p.xp).max(SHORTEST), 1.0)
        } else {
            (1.0 - self.p.xn - x, self.p.alphan, (1.0 - self.p.xn).max(SHORTEST), -1.0)
        };
        if past < 0.0 {
            return (1.0, 0.0);
        }
        let e = (-decay * past).exp();
        let w = 1.0 - past / room;
        (e * w, -sign * e * (decay * w + 1.0 / room) * inner)
    }
}

impl CompactModel<1> for Yakopcic {
    type Params = YakopcicParams;
    type Held = ();
    const KIND: &'static str = "yakopcic";
    const STATES: &'static [&'static str] = &["x"];
    const INITIAL: &'static [&'static str] = &["x0"];
    const INTERNALS: &'static [&'static str] = &["x", "r", "g", "i", "v", "p"];
    const DOMAIN: [(f64, f64); 1] = [(0.0, 1.0)];
    const TOLERANCES: [f64; 1] = [1e-5];

    fn new(params: &YakopcicParams, _temperature: f64) -> Result<Self, String> {
        if params.eta.abs() != 1.0 {
            return Err(format!("eta ({}) must be 1 or -1", params.eta));
        }
        Ok(Self { exp_vp: params.vp.min(LARGEST).exp(), exp_vn: params.vn.min(LARGEST).exp(), p: params.clone() })
    }

    fn initial(&self, params: &YakopcicParams, states: &mut [f64]) -> Result<(), String> {
        states[0] = params.x0;
        Ok(())
    }

    #[inline]
    fn current(&self, s: &[f64; 1], _site: &Site, v: f64, _held: &mut ()) -> Flow<1> {
        let a = if v >= 0.0 { self.p.a1 } else { self.p.a2 };
        let (x, dx) = saturate(s[0], SHORTEST);
        let (sinh, cosh) = limited_sinh(self.p.b * v);
        Flow { i: a * x * sinh, di_dv: a * x * self.p.b * cosh, di_ds: [a * dx * sinh] }
    }

    #[inline]
    fn rate(&self, s: &[f64; 1], _site: &Site, v: f64, _held: &mut ()) -> Rate<1> {
        let (g, dg) = self.drive(v);
        let (f, df) = self.slowing(s[0], self.p.eta * v >= 0.0);
        let eta = self.p.eta;
        Rate { f: [eta * g * f], df_dv: [eta * dg * f], df_ds: [[eta * g * df]] }
    }

    #[inline]
    fn rate_bound(&self, v: f64, _held: &mut ()) -> f64 {
        self.drive(v).0.abs()
    }

    fn internal(&self, name: &str, s: &[f64; 1], site: &Site, v: f64) -> Option<f64> {
        match name {
            "r" => Some(1.0 / self.current(s, site, v, &mut ()).di_dv),
            "n_x" => Some(s[0] * self.p.xscaling),
            _ => None,
        }
    }
}
