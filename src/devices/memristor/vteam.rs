//! VTEAM, the voltage-threshold adaptive memristor.
//!
//! S. Kvatinsky, M. Ramadan, E. G. Friedman, A. Kolodny, IEEE Trans. Circuits Syst. II 62, 786 (2015),
//! doi:10.1109/TCSII.2015.2433536. The length `w` between `won` (resistance `ron`) and `woff` (resistance `roff`) moves
//!
//! - towards `woff` at `koff (v/voff - 1)^alphaoff` for `v > voff > 0`,
//! - towards `won` at `|kon| (v/von - 1)^alphaon` for `v < von < 0`,
//! - not at all between the thresholds,
//!
//! times a window. Motion towards a bound stops smoothly over the fraction `width` of the range. The state is
//! `x = (woff - w) / (woff - won)`: 0 is high, 1 is low resistance.

use crate::devices::{ANY, NON_NEGATIVE, POSITIVE};

use super::length::{Length, Thresholds, window};
use super::model::{CompactModel, Flow, Rate, Site};

const NOT_GIVEN: f64 = f64::NAN;
const NEGATIVE: std::ops::RangeInclusive<f64> = -1e300..=-1e-300;

crate::parameters! {
    /// Parameters of VTEAM; the defaults are a widely used fast set.
    pub struct VteamParams {
        ron ["r_on"] = 50.0, "ohm", POSITIVE, "resistance at w = won";
        roff ["r_off"] = 1e3, "ohm", POSITIVE, "resistance at w = woff";
        won ["w_on", "xon", "x_on"] = 0.0, "m", ANY, "length in the low-resistance state";
        woff ["w_off", "xoff", "x_off"] = 3e-9, "m", ANY, "length in the high-resistance state";
        kon ["k_on"] = -10.0, "m/s", NEGATIVE, "speed of the set motion";
        koff ["k_off"] = 5e-4, "m/s", POSITIVE, "speed of the reset motion";
        alphaon ["alpha_on", "aon"] = 3.0, "-", 1.0..=100.0, "exponent of the set motion";
        alphaoff ["alpha_off", "aoff"] = 1.0, "-", 1.0..=100.0, "exponent of the reset motion";
        von ["v_on"] = -0.2, "V", NEGATIVE, "set threshold";
        voff ["v_off"] = 0.02, "V", POSITIVE, "reset threshold";
        ivrelation ["rform"] = 0.0, "-", 0.0..=1.0, "resistance between the bounds: 0 linear, 1 exponential in w";
        window ["wt"] = 0.0, "-", 0.0..=4.0, "0 none, 1 Joglekar (sticks at the bounds), 2 Biolek, 3 Prodromakis, 4 Kvatinsky";
        p [] = 2.0, "-", 0.5..=100.0, "exponent of windows 1 to 3";
        j [] = 1.0, "-", POSITIVE, "height of window 3";
        wc ["w_c"] = 107e-12, "m", POSITIVE, "width of window 4";
        won_window ["aon_w"] = NOT_GIVEN, "m", ANY, "length at which window 4 ends the set motion (default won)";
        woff_window ["aoff_w"] = NOT_GIVEN, "m", ANY, "length at which window 4 ends the reset motion (default woff)";
        width [] = 1e-3, "-", 1e-6..=0.1, "fraction of the range over which motion stops at a bound";
        w0 ["w_init"] = NOT_GIVEN, "m", ANY, "initial length (default woff)";
        x0 ["x_init"] = NOT_GIVEN, "-", 0.0..=1.0, "initial state instead of w0: 0 high, 1 low resistance";
        rinit ["r_init"] = NOT_GIVEN, "ohm", NON_NEGATIVE, "initial resistance instead of w0";
    }
}

/// VTEAM with its constants computed.
#[derive(Clone, Debug, PartialEq)]
pub struct Vteam {
    length: Length,
    thresholds: Thresholds,
}

impl CompactModel<1> for Vteam {
    type Params = VteamParams;
    type Held = ();
    const KIND: &'static str = "vteam";
    const STATES: &'static [&'static str] = &["x"];
    const INTERNALS: &'static [&'static str] = &["x", "w", "r", "g", "i", "v", "p"];
    const DOMAIN: [(f64, f64); 1] = [(0.0, 1.0)];
    const TOLERANCES: [f64; 1] = [1e-4];

    fn new(params: &VteamParams, _temperature: f64) -> Result<Self, String> {
        let p = params;
        let span = p.woff - p.won;
        let given = |value: f64, default: f64| if value.is_nan() { default } else { value };
        let ends = [given(p.won_window, p.won), given(p.woff_window, p.woff)].map(|w| (w - p.won) / span);
        let window = window(p.window, (p.p, p.j), (ends[0], ends[1], p.wc / span), (p.width, 0.0));
        let length = Length::new((p.ron, p.roff), (p.won, p.woff), p.ivrelation, window, 0.0)?;
        let thresholds = Thresholds {
            on: p.von,
            off: p.voff,
            on_rate: -p.kon / span,
            off_rate: p.koff / span,
            alpha_on: p.alphaon,
            alpha_off: p.alphaoff,
        };
        Ok(Self { length, thresholds })
    }

    fn initial(&self, params: &VteamParams, states: &mut [f64]) -> Result<(), String> {
        states[0] = self.length.initial(params.w0, params.x0, params.rinit, 0.0)?;
        Ok(())
    }

    #[inline]
    fn current(&self, s: &[f64; 1], _site: &Site, v: f64, _held: &mut ()) -> Flow<1> {
        let (r, dr) = self.length.resistance(s[0]);
        let g = 1.0 / r;
        Flow { i: v * g, di_dv: g, di_ds: [-v * g * g * dr] }
    }

    #[inline]
    fn rate(&self, s: &[f64; 1], _site: &Site, v: f64, _held: &mut ()) -> Rate<1> {
        let (speed, dspeed) = self.thresholds.speed(v);
        let (w, dw) = self.length.window(s[0], speed > 0.0);
        Rate { f: [speed * w], df_dv: [dspeed * w], df_ds: [[speed * dw]] }
    }

    #[inline]
    fn rate_bound(&self, v: f64, _held: &mut ()) -> f64 {
        if self.thresholds.rest(v) { 0.0 } else { self.thresholds.speed(v).0.abs() * self.length.window.height() }
    }

    fn internal(&self, name: &str, s: &[f64; 1], _site: &Site, _v: f64) -> Option<f64> {
        match name {
            "w" => Some(self.length.metres(s[0])),
            "r" => Some(self.length.resistance(s[0]).0),
            _ => None,
        }
    }
}
