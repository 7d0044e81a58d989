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

use super::model::{CompactModel, Flow, Rate, Site};
use super::smooth::{barrier, ramp, saturate};

const NOT_GIVEN: f64 = f64::NAN;
const NEGATIVE: std::ops::RangeInclusive<f64> = -1e300..=-1e-300;
/// Rounding of the thresholds, relative to them.
const CORNER: f64 = 1e-3;

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

#[derive(Clone, Copy, Debug, PartialEq)]
enum Window {
    None,
    Joglekar,
    Biolek,
    Prodromakis,
    /// Offset and inverse width in terms of the normalised length, for motion towards on and off.
    Kvatinsky {
        on: f64,
        off: f64,
        inverse_width: f64,
    },
}

/// VTEAM with its constants computed.
#[derive(Clone, Debug, PartialEq)]
pub struct Vteam {
    ron: f64,
    span: f64,
    /// ln(roff/ron) when the resistance is exponential in w.
    log_ratio: Option<f64>,
    margin: f64,
    von: f64,
    voff: f64,
    on_rate: f64,
    off_rate: f64,
    alphaon: f64,
    alphaoff: f64,
    window: Window,
    p: f64,
    j: f64,
    width: f64,
    won: f64,
    length: f64,
}

impl Vteam {
    /// Speed in the direction of motion, 1/s, and its derivative by v; the sign tells the direction (positive: set).
    #[inline]
    fn speed(&self, v: f64) -> (f64, f64) {
        let (rate, alpha, threshold) = if v > self.voff {
            (-self.off_rate, self.alphaoff, self.voff)
        } else if v < self.von {
            (self.on_rate, self.alphaon, self.von)
        } else {
            return (0.0, 0.0);
        };
        let (u, du) = ramp(v / threshold - 1.0, CORNER);
        let power = if alpha == alpha.trunc() { u.powi(alpha as i32 - 1) } else { u.powf(alpha - 1.0) };
        (rate * power * u, rate * alpha * power * du / threshold)
    }

    /// Window at normalised length `u` (0 on, 1 off) for motion towards on or off, and its derivative by `u`.
    fn window(&self, u: f64, to_on: bool) -> (f64, f64) {
        let (u, inner) = saturate(u, 1e-6);
        let p = self.p;
        let (f, df) = match self.window {
            Window::None => return (1.0, 0.0),
            Window::Joglekar => {
                let d = 2.0 * u - 1.0;
                let power = d.abs().powf(2.0 * p - 1.0);
                (1.0 - power * d.abs(), -4.0 * p * power * d.signum())
            }
            Window::Biolek => {
                let (d, sign) = if to_on { (1.0 - u, -1.0) } else { (u, 1.0) };
                let power = d.abs().powf(2.0 * p - 1.0);
                (1.0 - power * d.abs(), -2.0 * p * power * d.signum() * sign)
            }
            Window::Prodromakis => {
                let d = u - 0.5;
                let base = d * d + 0.75;
                let power = base.powf(p - 1.0);
                (self.j * (1.0 - power * base), -2.0 * self.j * p * power * d)
            }
            Window::Kvatinsky { on, off, inverse_width } => {
                let (argument, sign) = if to_on { (-(u - on), -1.0) } else { (u - off, 1.0) };
                let e = (argument * inverse_width).min(300.0).exp();
                let f = (-e).exp();
                (f, if f > 0.0 { -f * e * sign * inverse_width } else { 0.0 })
            }
        };
        if f > 0.0 { (f, df * inner) } else { (0.0, 0.0) }
    }

    /// Resistance at state `x`, ohm, and its derivative by `x`.
    #[inline]
    fn resistance(&self, x: f64) -> (f64, f64) {
        let (u, du) = saturate(1.0 - x, self.margin);
        match self.log_ratio {
            None => (self.ron + self.span * u, -self.span * du),
            Some(log_ratio) => {
                let r = self.ron * (log_ratio * u).exp();
                (r, -r * log_ratio * du)
            }
        }
    }
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
        if p.roff <= p.ron {
            return Err(format!("roff ({:e} ohm) must be larger than ron ({:e} ohm)", p.roff, p.ron));
        }
        if p.woff <= p.won {
            return Err(format!("woff ({:e} m) must be larger than won ({:e} m)", p.woff, p.won));
        }
        let length = p.woff - p.won;
        let given = |value: f64, default: f64| if value.is_nan() { default } else { value };
        let window = match p.window.round() as i32 {
            0 => Window::None,
            1 => Window::Joglekar,
            2 => Window::Biolek,
            3 => Window::Prodromakis,
            _ => Window::Kvatinsky {
                on: (given(p.won_window, p.won) - p.won) / length,
                off: (given(p.woff_window, p.woff) - p.won) / length,
                inverse_width: length / p.wc,
            },
        };
        let span = p.roff - p.ron;
        Ok(Self {
            ron: p.ron,
            span,
            log_ratio: (p.ivrelation.round() == 1.0).then(|| (p.roff / p.ron).ln()),
            margin: (0.5 * p.ron / span).min(1e-3),
            von: p.von,
            voff: p.voff,
            on_rate: -p.kon / length,
            off_rate: p.koff / length,
            alphaon: p.alphaon,
            alphaoff: p.alphaoff,
            window,
            p: p.p,
            j: p.j,
            width: p.width,
            won: p.won,
            length,
        })
    }

    fn initial(&self, params: &VteamParams, states: &mut [f64]) -> Result<(), String> {
        let given = [params.w0, params.x0, params.rinit].iter().filter(|value| !value.is_nan()).count();
        if given > 1 {
            return Err("give only one of w0, x0 and rinit".into());
        }
        let x = if !params.x0.is_nan() {
            params.x0
        } else if !params.rinit.is_nan() {
            let u = match self.log_ratio {
                None => (params.rinit - self.ron) / self.span,
                Some(log_ratio) => (params.rinit / self.ron).ln() / log_ratio,
            };
            if !(-1e-9..=1.0 + 1e-9).contains(&u) {
                return Err(format!("rinit ({:e} ohm) must lie between ron and roff", params.rinit));
            }
            1.0 - u.clamp(0.0, 1.0)
        } else if !params.w0.is_nan() {
            let u = (params.w0 - self.won) / self.length;
            if !(-1e-9..=1.0 + 1e-9).contains(&u) {
                return Err(format!("w0 ({:e} m) must lie between won and woff", params.w0));
            }
            1.0 - u.clamp(0.0, 1.0)
        } else {
            0.0
        };
        states[0] = x;
        Ok(())
    }

    #[inline]
    fn current(&self, s: &[f64; 1], _site: &Site, v: f64, _held: &mut ()) -> Flow<1> {
        let (r, dr) = self.resistance(s[0]);
        let g = 1.0 / r;
        Flow { i: v * g, di_dv: g, di_ds: [-v * g * g * dr] }
    }

    fn rate(&self, s: &[f64; 1], _site: &Site, v: f64, _held: &mut ()) -> Rate<1> {
        let (speed, dspeed) = self.speed(v);
        let x = s[0];
        let to_on = speed > 0.0;
        let (b, db) = if to_on {
            let (b, db) = barrier(1.0 - x, self.width);
            (b, -db)
        } else {
            barrier(x, self.width)
        };
        let (w, dw) = self.window(1.0 - x, to_on);
        Rate { f: [speed * b * w], df_dv: [dspeed * b * w], df_ds: [[speed * (db * w - b * dw)]] }
    }

    #[inline]
    fn rate_bound(&self, v: f64, _held: &mut ()) -> f64 {
        if v >= self.von && v <= self.voff { 0.0 } else { self.speed(v).0.abs() * self.j.max(1.0) }
    }

    fn internal(&self, name: &str, s: &[f64; 1], _site: &Site, _v: f64) -> Option<f64> {
        match name {
            "w" => Some(self.won + (1.0 - s[0]) * self.length),
            "r" => Some(self.resistance(s[0]).0),
            _ => None,
        }
    }
}
