//! Linear ion drift between a doped and an undoped region, the first model of the HP memristor, with window functions.
//!
//! D. B. Strukov, G. S. Snider, D. R. Stewart, R. S. Williams, Nature 453, 80 (2008), doi:10.1038/nature06932:
//! `v = [ron x + roff (1 - x)] i`, `dx/dt = uv ron / d^2 * i * f(x, i)`; `x = 1` is low resistance. Windows: [`super::window`].

use crate::devices::{NON_NEGATIVE, POSITIVE};

use super::model::{CompactModel, Flow, Rate, Site};
use super::smooth::saturate;
use super::window::Window;

const NOT_GIVEN: f64 = f64::NAN;

crate::parameters! {
    /// Parameters of the linear ion drift model; the defaults are those of the first publication.
    pub struct HpParams {
        ron ["r_on"] = 100.0, "ohm", POSITIVE, "resistance at x = 1";
        roff ["r_off"] = 16e3, "ohm", POSITIVE, "resistance at x = 0";
        d [] = 10e-9, "m", POSITIVE, "thickness";
        uv ["u_v", "mu", "muv"] = 1e-14, "m^2/(V s)", POSITIVE, "mobility of the dopants";
        window ["wt"] = 2.0, "-", 0.0..=3.0, "0 none, 1 Joglekar (sticks at the bounds), 2 Biolek, 3 Prodromakis";
        p [] = 2.0, "-", 0.5..=100.0, "exponent of the window";
        j [] = 1.0, "-", POSITIVE, "height of window 3";
        width [] = 1e-4, "-", 1e-6..=0.1, "fraction of the range over which motion stops at a bound (window 0)";
        x0 ["x_init"] = NOT_GIVEN, "-", 0.0..=1.0, "initial state (default 0.1)";
        rinit ["r_init"] = NOT_GIVEN, "ohm", NON_NEGATIVE, "initial resistance instead of x0";
    }
}

/// The model with its constants computed.
#[derive(Clone, Debug, PartialEq)]
pub struct Hp {
    ron: f64,
    roff: f64,
    margin: f64,
    /// `uv ron / d^2`, 1/(A s).
    drift: f64,
    window: Window,
}

impl Hp {
    /// Resistance at state `x`, ohm, and its derivative by `x`.
    #[inline]
    fn resistance(&self, x: f64) -> (f64, f64) {
        let (x, dx) = saturate(x, self.margin);
        (self.ron * x + self.roff * (1.0 - x), (self.ron - self.roff) * dx)
    }
}

impl CompactModel<1> for Hp {
    type Params = HpParams;
    type Held = ();
    const KIND: &'static str = "hp";
    const STATES: &'static [&'static str] = &["x"];
    const INITIAL: &'static [&'static str] = &["x0"];
    const INTERNALS: &'static [&'static str] = &["x", "r", "g", "i", "v", "p"];
    const DOMAIN: [(f64, f64); 1] = [(0.0, 1.0)];
    const TOLERANCES: [f64; 1] = [1e-5];

    fn new(params: &HpParams, _temperature: f64) -> Result<Self, String> {
        let p = params;
        if p.roff <= p.ron {
            return Err(format!("roff ({:e} ohm) must be larger than ron ({:e} ohm)", p.roff, p.ron));
        }
        let window = super::length::window(p.window, (p.p, p.j), (0.0, 1.0, 1.0), (p.width, 0.0));
        Ok(Self {
            ron: p.ron,
            roff: p.roff,
            margin: (0.5 * p.ron / (p.roff - p.ron)).min(1e-3),
            drift: p.uv * p.ron / (p.d * p.d),
            window,
        })
    }

    fn initial(&self, params: &HpParams, states: &mut [f64]) -> Result<(), String> {
        states[0] = match (params.x0.is_nan(), params.rinit.is_nan()) {
            (false, false) => return Err("give only one of x0 and rinit".into()),
            (true, true) => 0.1,
            (false, true) => params.x0,
            (true, false) => {
                let x = (self.roff - params.rinit) / (self.roff - self.ron);
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
        let (r, dr) = self.resistance(s[0]);
        let g = 1.0 / r;
        Flow { i: v * g, di_dv: g, di_ds: [-v * g * g * dr] }
    }

    #[inline]
    fn rate(&self, s: &[f64; 1], _site: &Site, v: f64, _held: &mut ()) -> Rate<1> {
        let (r, dr) = self.resistance(s[0]);
        let speed = self.drift * v / r;
        let (w, dw) = self.window.at(s[0], v > 0.0);
        Rate { f: [speed * w], df_dv: [self.drift / r * w], df_ds: [[speed * (dw - w * dr / r)]] }
    }

    #[inline]
    fn rate_bound(&self, v: f64, _held: &mut ()) -> f64 {
        self.drift * v.abs() * 2.0 / self.ron * self.window.height()
    }

    fn internal(&self, name: &str, s: &[f64; 1], _site: &Site, _v: f64) -> Option<f64> {
        (name == "r").then(|| self.resistance(s[0]).0)
    }
}
