//! Second-order Ta2O5 memristor: a conducting region that grows and shrinks, and an internal temperature that speeds both up.
//!
//! The principle is that of S. Kim et al., Nano Letters 15, 2203 (2015), doi:10.1021/acs.nanolett.5b00697: the temperature
//! decays in some hundred nanoseconds, so a pulse that heats makes the next one more effective. Reduced form, with parameters
//! of our own, which are not the paper's:
//!
//! ```text
//! i     = (gmin + (gmax - gmin) w) v                  (b > 0: sinh(b v)/b in place of v)
//! dw/dt = k0 exp(-ea/(k T)) sinh(gam v/T) f           f = 1 - w^(2 p) for v > 0, 1 - (1 - w)^(2 p) for v < 0
//! dT/dt = (v i - (T - T0)/rth) / cth
//! ```

use crate::devices::{NON_NEGATIVE, POSITIVE};

use super::model::{CompactModel, Flow, Rate, Site};
use super::smooth::limited_exp;

/// Boltzmann constant, eV/K.
const BOLTZMANN_EV: f64 = 8.617333262e-5;
const NOT_GIVEN: f64 = f64::NAN;
/// Temperatures below this (an iterate may go there) are bent so that they stay positive, K.
const COLDEST: f64 = 100.0;
/// Exponents are continued by their tangents beyond this.
const LARGEST_EXPONENT: f64 = 200.0;

crate::parameters! {
    /// Parameters of the second-order Ta2O5 memristor.
    pub struct Ta2o5Params {
        gmin ["g_min"] = 1e-4, "S", POSITIVE, "conductance at w = 0";
        gmax ["g_max"] = 1e-3, "S", POSITIVE, "conductance at w = 1";
        b [] = 0.0, "1/V", 0.0..=100.0, "nonlinearity of the current: sinh(b v)/b; 0 is linear";
        k0 [] = 1.5e10, "1/s", NON_NEGATIVE, "attempt rate of the ions";
        ea [] = 0.6, "eV", NON_NEGATIVE, "activation energy of their hops";
        gam ["gamma"] = 2500.0, "K/V", NON_NEGATIVE, "lowering of the barrier by voltage";
        p [] = 1.0, "-", 0.5..=100.0, "exponent of the window: larger is closer to a hard bound";
        rth ["r_th"] = 3e5, "K/W", NON_NEGATIVE, "thermal resistance";
        cth ["c_th"] = NOT_GIVEN, "J/K", POSITIVE, "heat capacity (default tau_th/rth)";
        tau_th ["tauth"] = NOT_GIVEN, "s", POSITIVE, "thermal time constant instead of cth (default 300 ns)";
        t0 [] = NOT_GIVEN, "K", POSITIVE, "temperature of the surroundings (default: the device's)";
        w0 ["w", "w_init", "x0"] = 0.0, "-", 0.0..=1.0, "initial conducting region";
        tinit ["t_init"] = NOT_GIVEN, "K", POSITIVE, "initial internal temperature (default: that of the surroundings)";
    }
}

/// The second-order Ta2O5 memristor with its constants computed.
#[derive(Clone, Debug, PartialEq)]
pub struct Ta2o5 {
    gmin: f64,
    span: f64,
    b: f64,
    k0: f64,
    /// Activation temperature, K.
    activation: f64,
    gam: f64,
    power: f64,
    surroundings: f64,
    /// 1/cth, K/J.
    heating: f64,
    /// 1/(rth cth), 1/s.
    cooling: f64,
}

impl Ta2o5 {
    /// `v`, or `sinh(b v)/b`, and its derivative.
    #[inline]
    fn shape(&self, v: f64) -> (f64, f64) {
        if self.b == 0.0 {
            return (v, 1.0);
        }
        let ((up, dup), (down, ddown)) =
            (limited_exp(self.b * v, LARGEST_EXPONENT), limited_exp(-self.b * v, LARGEST_EXPONENT));
        (0.5 * (up - down) / self.b, 0.5 * (dup + ddown))
    }

    /// Speed of the region without its window, 1/s, with its derivatives by voltage and temperature.
    #[inline]
    fn speed(&self, v: f64, temperature: f64) -> (f64, f64, f64) {
        let (t, dt) = if temperature >= COLDEST {
            (temperature, 1.0)
        } else {
            let t = COLDEST * ((temperature - COLDEST) / COLDEST).exp().max(1e-3);
            (t, t / COLDEST)
        };
        let thermal = -self.activation / t;
        let z = self.gam * v / t;
        // sinh with both exponents together: hot and cold ends stay finite
        let (up, dup) = limited_exp(thermal + z, LARGEST_EXPONENT);
        let (down, ddown) = limited_exp(thermal - z, LARGEST_EXPONENT);
        let half = 0.5 * self.k0;
        let by_z = half * (dup + ddown);
        let by_thermal = half * (dup - ddown);
        (half * (up - down), by_z * self.gam / t, (by_thermal * -thermal - by_z * z) / t * dt)
    }

    /// Window for growth or shrinkage, and its derivative.
    #[inline]
    fn window(&self, w: f64, grows: bool) -> (f64, f64) {
        let (u, sign) = if grows { (w, 1.0) } else { (1.0 - w, -1.0) };
        if u <= 0.0 {
            return (1.0, 0.0);
        }
        let power = u.powf(self.power - 1.0);
        (1.0 - power * u, -self.power * power * sign)
    }
}

impl CompactModel<2> for Ta2o5 {
    type Params = Ta2o5Params;
    type Held = ();
    const KIND: &'static str = "ta2o5";
    const STATES: &'static [&'static str] = &["w", "t"];
    const INITIAL: &'static [&'static str] = &["w0", "tinit"];
    const INTERNALS: &'static [&'static str] = &["w", "t", "g", "i", "v", "p", "temperature"];
    const DOMAIN: [(f64, f64); 2] = [(0.0, 1.0), (0.0, 1e6)];
    const TOLERANCES: [f64; 2] = [1e-5, 0.03];

    fn new(params: &Ta2o5Params, temperature: f64) -> Result<Self, String> {
        let p = params;
        if p.gmax <= p.gmin {
            return Err(format!("gmax ({:e} S) must be larger than gmin ({:e} S)", p.gmax, p.gmin));
        }
        let (heating, cooling) = match (p.cth.is_nan(), p.tau_th.is_nan()) {
            (false, false) => return Err("give only one of cth and tau_th".into()),
            (false, true) => (1.0 / p.cth, 1.0 / (p.rth * p.cth)),
            (true, given) => {
                let tau = if given { 300e-9 } else { p.tau_th };
                (p.rth / tau, 1.0 / tau)
            }
        };
        if !(heating.is_finite() && cooling.is_finite()) {
            return Err("rth and cth leave no thermal time constant".into());
        }
        Ok(Self {
            gmin: p.gmin,
            span: p.gmax - p.gmin,
            b: p.b,
            k0: p.k0,
            activation: p.ea / BOLTZMANN_EV,
            gam: p.gam,
            power: 2.0 * p.p,
            surroundings: if p.t0.is_nan() { temperature } else { p.t0 },
            heating,
            cooling,
        })
    }

    fn initial(&self, params: &Ta2o5Params, states: &mut [f64]) -> Result<(), String> {
        let temperature = if params.tinit.is_nan() { self.surroundings } else { params.tinit };
        states.copy_from_slice(&[params.w0, temperature]);
        Ok(())
    }

    #[inline]
    fn current(&self, s: &[f64; 2], _site: &Site, v: f64, _held: &mut ()) -> Flow<2> {
        let (u, du) = self.shape(v);
        let g = self.gmin + self.span * s[0];
        Flow { i: g * u, di_dv: g * du, di_ds: [self.span * u, 0.0] }
    }

    fn rate(&self, s: &[f64; 2], _site: &Site, v: f64, _held: &mut ()) -> Rate<2> {
        let [w, temperature] = *s;
        let (u, du) = self.shape(v);
        let g = self.gmin + self.span * w;
        let (speed, by_v, by_t) = self.speed(v, temperature);
        let (f, df) = self.window(w, v >= 0.0);
        Rate {
            f: [speed * f, self.heating * v * u * g - self.cooling * (temperature - self.surroundings)],
            df_dv: [by_v * f, self.heating * g * (u + v * du)],
            df_ds: [[speed * df, by_t * f], [self.heating * v * u * self.span, -self.cooling]],
        }
    }

    #[inline]
    fn rate_bound(&self, v: f64, _held: &mut ()) -> f64 {
        // an internal temperature that differs decays at this rate whatever the voltage
        if v == 0.0 { self.cooling } else { f64::INFINITY }
    }
}
