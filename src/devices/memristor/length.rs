//! What TEAM and VTEAM have in common: a length with a resistance and a window, and motion beyond two thresholds.

use super::smooth::{ramp, saturate};
use super::window::Window;

/// Rounding of the thresholds, relative to them.
const CORNER: f64 = 1e-3;

/// Motion in proportion to a power of the excess over a threshold: `rate (u/threshold - 1)^alpha`.
#[derive(Clone, Debug, PartialEq)]
pub struct Thresholds {
    /// Drive below which the length shrinks, negative.
    pub on: f64,
    /// Drive above which it grows, positive.
    pub off: f64,
    /// Ranges per second, positive.
    pub on_rate: f64,
    /// Ranges per second, positive.
    pub off_rate: f64,
    /// Exponent of the set motion.
    pub alpha_on: f64,
    /// Exponent of the reset motion.
    pub alpha_off: f64,
}

impl Thresholds {
    /// True when this drive moves nothing.
    #[inline]
    pub fn rest(&self, drive: f64) -> bool {
        drive >= self.on && drive <= self.off
    }

    /// `dx/dt` without window, 1/s (positive: set), and its derivative by the drive.
    #[inline]
    pub fn speed(&self, drive: f64) -> (f64, f64) {
        let (rate, alpha, threshold) = if drive > self.off {
            (-self.off_rate, self.alpha_off, self.off)
        } else if drive < self.on {
            (self.on_rate, self.alpha_on, self.on)
        } else {
            return (0.0, 0.0);
        };
        let (u, du) = ramp(drive / threshold - 1.0, CORNER);
        let power = if alpha == alpha.trunc() { u.powi(alpha as i32 - 1) } else { u.powf(alpha - 1.0) };
        (rate * power * u, rate * alpha * power * du / threshold)
    }
}

/// A length between `won` (resistance `ron`) and `woff` (resistance `roff`); the state is `x = (woff - w)/(woff - won)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Length {
    ron: f64,
    span: f64,
    /// ln(roff/ron) when the resistance is exponential in w.
    log_ratio: Option<f64>,
    margin: f64,
    won: f64,
    length: f64,
    /// Of the normalised length, 0 on, 1 off.
    pub window: Window,
}

impl Length {
    /// Checks the bounds; `law` 1 is the exponential resistance, which like the linear one goes on for the fraction `beyond`
    /// of the range outside it.
    ///
    /// # Errors
    /// Bounds in the wrong order.
    pub fn new(r: (f64, f64), w: (f64, f64), law: f64, window: Window, beyond: f64) -> Result<Self, String> {
        let ((ron, roff), (won, woff)) = (r, w);
        if roff <= ron {
            return Err(format!("roff ({roff:e} ohm) must be larger than ron ({ron:e} ohm)"));
        }
        if woff <= won {
            return Err(format!("woff ({woff:e} m) must be larger than won ({won:e} m)"));
        }
        let span = roff - ron;
        let log_ratio = (law.round() == 1.0).then(|| (roff / ron).ln());
        Ok(Self {
            ron,
            span,
            log_ratio,
            margin: (0.5 * ron / span).min(beyond.max(1e-3)),
            won,
            length: woff - won,
            window,
        })
    }

    /// Resistance at state `x`, ohm, and its derivative by `x`.
    #[inline]
    pub fn resistance(&self, x: f64) -> (f64, f64) {
        let (u, du) = saturate(1.0 - x, self.margin);
        match self.log_ratio {
            None => (self.ron + self.span * u, -self.span * du),
            Some(log_ratio) => {
                let r = self.ron * (log_ratio * u).exp();
                (r, -r * log_ratio * du)
            }
        }
    }

    /// Window at state `x` and its derivative by `x`.
    #[inline]
    pub fn window(&self, x: f64, to_on: bool) -> (f64, f64) {
        let (f, df) = self.window.at(1.0 - x, !to_on);
        (f, -df)
    }

    /// The length, m.
    pub fn metres(&self, x: f64) -> f64 {
        self.won + (1.0 - x) * self.length
    }

    /// State from the one of length, state and resistance that is given (not NaN).
    ///
    /// # Errors
    /// More than one given, or a value out of its range.
    pub fn initial(&self, w0: f64, x0: f64, rinit: f64, default: f64) -> Result<f64, String> {
        if [w0, x0, rinit].iter().filter(|value| !value.is_nan()).count() > 1 {
            return Err("give only one of w0, x0 and rinit".into());
        }
        let inside = |u: f64| (-1e-9..=1.0 + 1e-9).contains(&u);
        if !x0.is_nan() {
            Ok(x0)
        } else if !rinit.is_nan() {
            let u = match self.log_ratio {
                None => (rinit - self.ron) / self.span,
                Some(log_ratio) => (rinit / self.ron).ln() / log_ratio,
            };
            match inside(u) {
                true => Ok(1.0 - u.clamp(0.0, 1.0)),
                false => Err(format!("rinit ({rinit:e} ohm) must lie between ron and roff")),
            }
        } else if !w0.is_nan() {
            let u = (w0 - self.won) / self.length;
            match inside(u) {
                true => Ok(1.0 - u.clamp(0.0, 1.0)),
                false => Err(format!("w0 ({w0:e} m) must lie between won and woff")),
            }
        } else {
            Ok(default)
        }
    }
}

/// Window by its number: 0 none, 1 Joglekar, 2 Biolek, 3 Prodromakis, 4 Kvatinsky with its ends and width as fractions of
/// the range, which may go on beyond the ends.
pub fn window(number: f64, (p, j): (f64, f64), (on, off, wc): (f64, f64, f64), (width, beyond): (f64, f64)) -> Window {
    match number.round() as i32 {
        0 => Window::None { width },
        1 => Window::Joglekar { p },
        2 => Window::Biolek { p },
        3 => Window::Prodromakis { p, j },
        _ => Window::Kvatinsky { on, off, inverse_width: 1.0 / wc, width, beyond },
    }
}
