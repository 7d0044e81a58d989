//! The mean metastable switch of Knowm: the average of many switches that hop between two conductances.
//!
//! M. A. Nugent, T. W. Molter, PLoS ONE 9, e85175 (2014), doi:10.1371/journal.pone.0085175:
//!
//! ```text
//! dx/dt = ((1 - x) s((v - von)/VT) - x (1 - s((v + voff)/VT))) / tau        s(u) = 1/(1 + exp(-u)),  VT = k T/q
//! i     = phi v (x/ron + (1 - x)/roff) + (1 - phi) (af exp(bf v) - ar exp(-br v))
//! ```

use crate::devices::junction::{BOLTZMANN, CHARGE};
use crate::devices::{ANY, NON_NEGATIVE, POSITIVE};

use super::model::{CompactModel, Flow, Rate, Site};
use super::smooth::limited_exp;

const NOT_GIVEN: f64 = f64::NAN;
/// Exponents of the diodes are continued by their tangents beyond this.
const LARGEST_EXPONENT: f64 = 100.0;

crate::parameters! {
    /// Parameters of the mean metastable switch; the names of Xyce's level 5 are aliases.
    pub struct MmsParams {
        ron ["r_on"] = 500.0, "ohm", POSITIVE, "resistance at x = 1";
        roff ["r_off"] = 1500.0, "ohm", POSITIVE, "resistance at x = 0";
        von ["v_on"] = 0.27, "V", ANY, "voltage at which half of the switches turn on";
        voff ["v_off"] = 0.27, "V", ANY, "magnitude of the voltage at which half of them turn off";
        tau ["tc"] = 1e-4, "s", POSITIVE, "time scale of the switches";
        phi [] = 1.0, "-", 0.0..=1.0, "share of the switches in the current; the rest is that of two diodes";
        af ["sfa", "alpha_f"] = 8e-4, "A", NON_NEGATIVE, "current scale of the forward diode";
        ar ["sra", "alpha_r"] = 8e-4, "A", NON_NEGATIVE, "current scale of the reverse diode (other than af: current without voltage)";
        bf ["sfb", "beta_f"] = 4.0, "1/V", NON_NEGATIVE, "steepness of the forward diode";
        br ["srb", "beta_r"] = 4.0, "1/V", NON_NEGATIVE, "steepness of the reverse diode";
        x0 ["x", "x_init"] = NOT_GIVEN, "-", 0.0..=1.0, "initial share of switches that are on (default 0)";
        rinit ["r_init"] = NOT_GIVEN, "ohm", POSITIVE, "initial resistance of the switches instead of x0";
    }
}

/// The mean metastable switch with its constants computed.
#[derive(Clone, Debug, PartialEq)]
pub struct Mms {
    gon: f64,
    goff: f64,
    von: f64,
    voff: f64,
    /// 1/VT.
    steepness: f64,
    rate: f64,
    phi: f64,
    forward: (f64, f64),
    reverse: (f64, f64),
}

/// The logistic function and its derivative.
#[inline]
fn logistic(u: f64) -> (f64, f64) {
    let e = (-u.abs()).exp();
    let d = 1.0 / (1.0 + e);
    (if u < 0.0 { e * d } else { d }, e * d * d)
}

impl Mms {
    /// Rates at which a switch turns on and off, 1/s, with their derivatives by voltage.
    #[inline]
    fn rates(&self, v: f64) -> [(f64, f64); 2] {
        let (on, don) = logistic((v - self.von) * self.steepness);
        // 1 - s(u) = s(-u)
        let (off, doff) = logistic(-(v + self.voff) * self.steepness);
        let slope = self.rate * self.steepness;
        [(self.rate * on, slope * don), (self.rate * off, -slope * doff)]
    }
}

impl CompactModel<1> for Mms {
    type Params = MmsParams;
    type Held = ();
    const KIND: &'static str = "mms";
    /// Of the published parameters.
    const AMBIENT: f64 = 298.5;
    const STATES: &'static [&'static str] = &["x"];
    const INITIAL: &'static [&'static str] = &["x0"];
    const INTERNALS: &'static [&'static str] = &["x", "r", "g", "i", "v", "p", "temperature"];
    const DOMAIN: [(f64, f64); 1] = [(0.0, 1.0)];
    const TOLERANCES: [f64; 1] = [1e-5];

    fn new(params: &MmsParams, temperature: f64) -> Result<Self, String> {
        let p = params;
        Ok(Self {
            gon: 1.0 / p.ron,
            goff: 1.0 / p.roff,
            von: p.von,
            voff: p.voff,
            steepness: CHARGE / (BOLTZMANN * temperature),
            rate: 1.0 / p.tau,
            phi: p.phi,
            forward: ((1.0 - p.phi) * p.af, p.bf),
            reverse: ((1.0 - p.phi) * p.ar, p.br),
        })
    }

    fn initial(&self, params: &MmsParams, states: &mut [f64]) -> Result<(), String> {
        states[0] = match (params.x0.is_nan(), params.rinit.is_nan()) {
            (false, false) => return Err("give only one of x0 and rinit".into()),
            (false, true) => params.x0,
            (true, true) => 0.0,
            (true, false) => {
                let x = (1.0 / params.rinit - self.goff) / (self.gon - self.goff);
                if !(-1e-9..=1.0 + 1e-9).contains(&x) {
                    return Err(format!("rinit ({:e} ohm) must lie between ron and roff", params.rinit));
                }
                x.clamp(0.0, 1.0)
            }
        };
        Ok(())
    }

    #[inline]
    fn current(&self, s: &[f64; 1], _site: &Site, v: f64, _held: &mut ()) -> Flow<1> {
        let span = self.phi * (self.gon - self.goff);
        let g = self.phi * self.goff + span * s[0];
        let (mut i, mut di_dv) = (g * v, g);
        if self.phi < 1.0 {
            let (forward, dforward) = limited_exp(self.forward.1 * v, LARGEST_EXPONENT);
            let (reverse, dreverse) = limited_exp(-self.reverse.1 * v, LARGEST_EXPONENT);
            i += self.forward.0 * forward - self.reverse.0 * reverse;
            di_dv += self.forward.0 * self.forward.1 * dforward + self.reverse.0 * self.reverse.1 * dreverse;
        }
        Flow { i, di_dv, di_ds: [span * v] }
    }

    #[inline]
    fn rate(&self, s: &[f64; 1], _site: &Site, v: f64, _held: &mut ()) -> Rate<1> {
        let [(on, don), (off, doff)] = self.rates(v);
        let x = s[0];
        Rate { f: [(1.0 - x) * on - x * off], df_dv: [(1.0 - x) * don - x * doff], df_ds: [[-on - off]] }
    }

    #[inline]
    fn rate_bound(&self, v: f64, _held: &mut ()) -> f64 {
        let [(on, _), (off, _)] = self.rates(v);
        on.max(off)
    }

    fn internal(&self, name: &str, s: &[f64; 1], _site: &Site, _v: f64) -> Option<f64> {
        (name == "r").then(|| 1.0 / (self.goff + (self.gon - self.goff) * s[0]))
    }
}
