//! TEAM, the threshold adaptive memristor: VTEAM's forerunner, moved by its current.
//!
//! S. Kvatinsky, E. G. Friedman, A. Kolodny, U. C. Weiser, IEEE Trans. Circuits Syst. I 60, 211 (2013),
//! doi:10.1109/TCSI.2012.2215714. The length `w` between `won` (resistance `ron`) and `woff` (resistance `roff`) moves
//!
//! - towards `woff` at `koff (i/ioff - 1)^alphaoff` for `i > ioff > 0`,
//! - towards `won` at `|kon| (i/ion - 1)^alphaon` for `i < ion < 0`,
//!
//! times a window. The state is `x = (woff - w)/(woff - won)`: 0 is high, 1 is low resistance.

use crate::devices::{ANY, NON_NEGATIVE, POSITIVE};

use super::length::{Length, Thresholds, window};
use super::model::{CompactModel, Flow, Rate, Site};

const NOT_GIVEN: f64 = f64::NAN;
const NEGATIVE: std::ops::RangeInclusive<f64> = -1e300..=-1e-300;
/// How far the length goes on beyond its bounds with `clip=0`, fraction of the range.
const BEYOND: f64 = 0.2;

crate::parameters! {
    /// Parameters of TEAM; the defaults are those of Xyce (level 2).
    pub struct TeamParams {
        ron ["r_on"] = 50.0, "ohm", POSITIVE, "resistance at w = won";
        roff ["r_off"] = 1e3, "ohm", POSITIVE, "resistance at w = woff";
        won ["w_on", "xon", "x_on"] = 0.0, "m", ANY, "length in the low-resistance state";
        woff ["w_off", "xoff", "x_off"] = 3e-9, "m", ANY, "length in the high-resistance state";
        kon ["k_on"] = -8e-13, "m/s", NEGATIVE, "speed of the set motion";
        koff ["k_off"] = 8e-13, "m/s", POSITIVE, "speed of the reset motion";
        alphaon ["alpha_on", "aon"] = 3.0, "-", 1.0..=100.0, "exponent of the set motion";
        alphaoff ["alpha_off", "aoff"] = 3.0, "-", 1.0..=100.0, "exponent of the reset motion";
        ion ["i_on"] = -8.9e-6, "A", NEGATIVE, "set threshold";
        ioff ["i_off"] = 115e-6, "A", POSITIVE, "reset threshold";
        ivrelation ["rform"] = 0.0, "-", 0.0..=1.0, "resistance between the bounds: 0 linear, 1 exponential in w";
        window ["wt"] = 0.0, "-", 0.0..=4.0, "0 none, 1 Joglekar (sticks at the bounds), 2 Biolek, 3 Prodromakis, 4 Kvatinsky";
        p [] = 2.0, "-", 0.5..=100.0, "exponent of windows 1 to 3";
        j [] = 1.0, "-", POSITIVE, "height of window 3";
        wc ["w_c"] = 107e-12, "m", POSITIVE, "width of window 4";
        won_window ["aon_w"] = NOT_GIVEN, "m", ANY, "length at which window 4 ends the set motion (default won)";
        woff_window ["aoff_w"] = NOT_GIVEN, "m", ANY, "length at which window 4 ends the reset motion (default woff)";
        width [] = 1e-4, "-", 1e-6..=0.1, "fraction of the range over which motion stops at a bound (windows 0 and 4)";
        clip [] = 1.0, "-", 0.0..=1.0, "0: window 4 alone stops the motion, beyond the bounds if it does so there (as in Xyce)";
        w0 ["w_init"] = NOT_GIVEN, "m", ANY, "initial length (default won, as in Xyce)";
        x0 ["x_init"] = NOT_GIVEN, "-", 0.0..=1.0, "initial state instead of w0: 0 high, 1 low resistance";
        rinit ["r_init"] = NOT_GIVEN, "ohm", NON_NEGATIVE, "initial resistance instead of w0";
        xscaling [] = 1.0, "1/m", POSITIVE, "factor on the length in Xyce's N(..._x)";
    }
}

/// TEAM with its constants computed.
#[derive(Clone, Debug, PartialEq)]
pub struct Team {
    length: Length,
    thresholds: Thresholds,
    /// Largest conductance, S.
    largest: f64,
    scaling: f64,
}

impl CompactModel<1> for Team {
    type Params = TeamParams;
    type Held = ();
    const KIND: &'static str = "team";
    const STATES: &'static [&'static str] = &["x"];
    const INITIAL: &'static [&'static str] = &["x0"];
    const INTERNALS: &'static [&'static str] = &["x", "w", "r", "g", "i", "v", "p"];
    const DOMAIN: [(f64, f64); 1] = [(-BEYOND, 1.0 + BEYOND)];
    const TOLERANCES: [f64; 1] = [1e-5];

    fn new(params: &TeamParams, _temperature: f64) -> Result<Self, String> {
        let p = params;
        let span = p.woff - p.won;
        let beyond = if p.clip == 0.0 { BEYOND } else { 0.0 };
        let given = |value: f64, default: f64| if value.is_nan() { default } else { value };
        let ends = [given(p.won_window, p.won), given(p.woff_window, p.woff)].map(|w| (w - p.won) / span);
        let window = window(p.window, (p.p, p.j), (ends[0], ends[1], p.wc / span), (p.width, beyond));
        let length = Length::new((p.ron, p.roff), (p.won, p.woff), p.ivrelation, window, beyond)?;
        let thresholds = Thresholds {
            on: p.ion,
            off: p.ioff,
            on_rate: -p.kon / span,
            off_rate: p.koff / span,
            alpha_on: p.alphaon,
            alpha_off: p.alphaoff,
        };
        // the resistance falls below ron by half of it at most, outside the range
        Ok(Self { length, thresholds, largest: 2.0 / p.ron, scaling: p.xscaling })
    }

    fn initial(&self, params: &TeamParams, states: &mut [f64]) -> Result<(), String> {
        states[0] = self.length.initial(params.w0, params.x0, params.rinit, 1.0)?;
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
        let (r, dr) = self.length.resistance(s[0]);
        let i = v / r;
        let (speed, dspeed) = self.thresholds.speed(i);
        let (w, dw) = self.length.window(s[0], speed > 0.0);
        Rate { f: [speed * w], df_dv: [dspeed * w / r], df_ds: [[speed * dw - dspeed * w * i * dr / r]] }
    }

    #[inline]
    fn rate_bound(&self, v: f64, _held: &mut ()) -> f64 {
        let i = v * self.largest;
        if self.thresholds.rest(i) { 0.0 } else { self.thresholds.speed(i).0.abs() * self.length.window.height() }
    }

    fn internal(&self, name: &str, s: &[f64; 1], _site: &Site, _v: f64) -> Option<f64> {
        match name {
            "w" => Some(self.length.metres(s[0])),
            "r" => Some(self.length.resistance(s[0]).0),
            "n_x" => Some(self.length.metres(s[0]) * self.scaling),
            _ => None,
        }
    }
}
