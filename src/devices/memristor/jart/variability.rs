//! What differs from device to device and from cycle to cycle: targets of the filament's geometry and bounds of its
//! concentration, the geometry that moves towards them, and vacancies that jump in and out of the disc.
//!
//! Every draw is a function of device, seed and a counter. The half cycle a device is in belongs to its auxiliary states,
//! which follow from accepted points alone.

use crate::devices::memristor::model::Kept;
use crate::devices::memristor::noise::{mix, normal, sub_stream};

use super::statics::Disc;

/// Voltage at which a new half cycle begins, V.
const TURN: f64 = 1.5e-5;
/// Redraws until a deviate is cut off at its limit.
const REDRAWS: i64 = 64;
/// Sub-streams of the device's own values, of the values of a half cycle, of the jumping vacancies.
const DEVICE: u64 = 0;
const CYCLE: u64 = 16;
const JUMPS: u64 = 32;
/// Duration of a jump, in mean times between draws.
const RAMP: f64 = 1e-4;
/// Corners this close (in mean times) have been reached.
const ROUNDING: f64 = 1e-7;
/// Cells without a jump looked back on; such a gap has the probability e^-64.
const LOOK_BACK: i64 = 64;

/// Quantities that vary.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Targets {
    /// Radius that the filament moves to, m.
    pub r: f64,
    /// Length that the disc moves to, nm.
    pub l: f64,
    /// Lower bound of the concentration, 1e26 m^-3.
    pub low: f64,
    /// Upper bound, 1e26 m^-3.
    pub high: f64,
    /// Their logarithms.
    pub ln_low: f64,
    /// See `ln_low`.
    pub ln_high: f64,
}

/// How they vary.
#[derive(Clone, Debug, PartialEq)]
pub struct Variability {
    /// Means.
    pub mean: Targets,
    /// Standard deviations of radius, length, lower and upper bound at `d2d = 1` or `c2c = 1`.
    pub sigma: [f64; 4],
    /// Factor on them for the values of a device.
    pub device: f64,
    /// Factor on them for the values of a half cycle around those of the device.
    pub cycle: f64,
    /// Deviates are cut off at this many standard deviations.
    pub cut: f64,
    /// Length of disc and plug, nm.
    pub cell: f64,
    /// Scrambled seed.
    pub seed: u64,
}

impl Variability {
    /// Normal deviate within the cut.
    fn deviate(&self, stream: u64, place: i64) -> f64 {
        let draws = (0..REDRAWS).map(|k| normal(stream, place * REDRAWS + k));
        let mut draws = draws.filter(|z| z.abs() <= self.cut);
        draws.next().unwrap_or(0.0)
    }

    /// Values of a device in its `turn`-th half cycle.
    pub fn targets(&self, stream: u64, turn: f64) -> Targets {
        let m = &self.mean;
        if self.device == 0.0 && self.cycle == 0.0 {
            return *m;
        }
        let stream = stream ^ self.seed;
        let mut change = [0.0; 4];
        for (k, (change, sigma)) in change.iter_mut().zip(&self.sigma).enumerate() {
            if self.device > 0.0 {
                *change += self.device * sigma * self.deviate(sub_stream(stream, DEVICE + k as u64), 0);
            }
            if self.cycle > 0.0 {
                *change += self.cycle * sigma * self.deviate(sub_stream(stream, CYCLE + k as u64), turn as i64);
            }
        }
        let r = (m.r + change[0]).clamp(0.1 * m.r, 10.0 * m.r);
        let l = (m.l + change[1]).clamp(0.05 * m.l, m.l.max(0.95 * self.cell));
        let low = (m.low + change[2]).clamp(0.05 * m.low, 0.5 * (m.low + m.high));
        let high = (m.high + change[3]).clamp(0.5 * (m.low + m.high), 20.0 * m.high).max(1.01 * low);
        Targets { r, l, low, high, ln_low: low.ln(), ln_high: high.ln() }
    }
}

/// The half cycle that a device is in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Phase {
    /// -1 set, 1 reset, 0 before the first.
    pub polarity: f64,
    /// Half cycles begun.
    pub turn: f64,
    /// Radius at its start, m.
    pub r: f64,
    /// Length at its start, nm.
    pub l: f64,
    /// Concentration at its start, 1e26 m^-3.
    pub n: f64,
    /// What varies.
    pub targets: Targets,
}

/// Positions in the auxiliary states.
pub mod place {
    /// `ln N` at the last accepted point.
    pub const LAST: usize = 0;
    /// See [`super::Phase`].
    pub const POLARITY: usize = 1;
    /// See [`super::Phase`].
    pub const TURN: usize = 2;
    /// See [`super::Phase`]; 0: that of the device itself.
    pub const R: usize = 3;
    /// See [`super::Phase`]; 0: that of the device itself.
    pub const L: usize = 4;
    /// See [`super::Phase`].
    pub const N: usize = 5;
}

impl Phase {
    /// Half cycle at voltage `v`, given the auxiliary states of the last accepted point.
    pub fn at(
        variability: &Variability,
        auxiliary: &[f64],
        stream: u64,
        v: f64,
        kept: &mut Kept<f64, Targets>,
    ) -> Self {
        let mut targets = |turn: f64| kept.at(turn, || variability.targets(stream, turn));
        let turn = auxiliary[place::TURN];
        let present = targets(turn);
        let given = |value: f64, default: f64| if value > 0.0 { value } else { default };
        let now = Self {
            polarity: auxiliary[place::POLARITY],
            turn,
            r: given(auxiliary[place::R], present.r),
            l: given(auxiliary[place::L], present.l),
            n: auxiliary[place::N],
            targets: present,
        };
        let polarity = if v > TURN {
            1.0
        } else if v < -TURN {
            -1.0
        } else {
            return now;
        };
        if polarity == now.polarity {
            return now;
        }
        if now.polarity == 0.0 {
            // the values given for the start are those of the first half cycle
            return Self { polarity, ..now };
        }
        let n = auxiliary[place::LAST].exp();
        let disc = now.disc(n);
        Self { polarity, turn: turn + 1.0, r: disc.r, l: disc.l, n, targets: targets(turn + 1.0) }
    }

    /// Writes what lasts into the auxiliary states, with the `ln N` of the accepted point.
    pub fn store(&self, last: f64, auxiliary: &mut [f64]) {
        auxiliary[place::LAST] = last;
        auxiliary[place::POLARITY] = self.polarity;
        auxiliary[place::TURN] = self.turn;
        auxiliary[place::R] = self.r;
        auxiliary[place::L] = self.l;
        auxiliary[place::N] = self.n;
    }

    /// Geometry at a concentration: radius and length move linearly with it towards their targets.
    pub fn disc(&self, n: f64) -> Disc {
        let end = if self.polarity > 0.0 { self.targets.low } else { self.targets.high };
        let whole = end - self.n;
        // at or beyond its end a half cycle moves nothing
        let moves = self.polarity != 0.0 && whole * self.polarity < -1e-12 * self.n;
        let (share, slope) = if moves { ((n - self.n) / whole, n / whole) } else { (0.0, 0.0) };
        let (share, slope) =
            if (-1.0..=1.05).contains(&share) { (share, slope) } else { (share.clamp(-1.0, 1.05), 0.0) };
        let (by_r, by_l) = (self.targets.r - self.r, self.targets.l - self.l);
        let floor = |value: f64, slope: f64, least: f64| if value > least { (value, slope) } else { (least, 0.0) };
        let (r, dr) = floor(self.r + by_r * share, by_r * slope, 0.05 * self.targets.r);
        let (l, dl) = floor(self.l + by_l * share, by_l * slope, 0.05 * self.targets.l);
        Disc { n, dn: 1.0, r, dr, l, dl }
    }
}

/// Vacancies that jump in and out of the disc, each a symmetric or asymmetric telegraph signal: at the events of a Poisson
/// process it is drawn anew, so its value is a function of time alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Jumps {
    /// Number of vacancies.
    pub count: u64,
    /// Mean time between draws, s.
    pub time: f64,
    /// Probability of being in the disc.
    pub inside: f64,
    /// Scrambled seed.
    pub seed: u64,
}

impl Jumps {
    /// Number of vacancies in the disc less its mean.
    pub fn excess(&self, stream: u64, time: f64) -> f64 {
        let stream = stream ^ self.seed;
        (0..self.count).map(|k| self.state(sub_stream(stream, JUMPS + k), time) - self.inside).sum()
    }

    /// 1 inside, 0 outside, at a time; a jump takes the share [`RAMP`] of the mean time.
    fn state(&self, stream: u64, time: f64) -> f64 {
        let position = time / self.time;
        let cell = position.floor();
        // the last two draws: how long ago, and what came
        let (mut last, mut before) = (None, None);
        for back in 0..LOOK_BACK {
            let (mut first, mut second) = (None, None);
            events(stream, cell as i64 - back, |at, draw| {
                let ago = position - (cell - back as f64 + at);
                if ago >= 0.0 {
                    second = first;
                    first = Some((ago, draw));
                }
            });
            if last.is_none() {
                (last, before) = (first, second);
            } else {
                before = first;
            }
            match (last, before) {
                (Some(_), Some(_)) => break,
                (Some((ago, _)), None) if ago >= RAMP => break,
                _ => {}
            }
        }
        let value = |draw: Option<(f64, f64)>| {
            f64::from(draw.map_or_else(|| unit(mix(stream)), |(_, draw)| draw) < self.inside)
        };
        let progress = last.map_or(1.0, |(ago, _)| (ago / RAMP).min(1.0));
        if progress < 1.0 { value(before) + progress * (value(last) - value(before)) } else { value(last) }
    }

    /// First start or end of a jump after a time, s.
    pub fn next(&self, stream: u64, after: f64) -> f64 {
        let stream = stream ^ self.seed;
        let first = |k: u64| {
            let stream = sub_stream(stream, JUMPS + k);
            let cell = (after / self.time).floor();
            for ahead in -1..LOOK_BACK {
                let start = cell + ahead as f64;
                let mut found = f64::INFINITY;
                events(stream, start as i64, |at, _| {
                    for time in [(start + at) * self.time, (start + at + RAMP) * self.time] {
                        if time > after + ROUNDING * self.time {
                            found = found.min(time);
                        }
                    }
                });
                if found.is_finite() {
                    return found;
                }
            }
            f64::INFINITY
        };
        (0..self.count).map(first).fold(f64::INFINITY, f64::min)
    }
}

/// Uniform in `0..1`.
fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1u64 << 53) as f64
}

/// Events of a Poisson process of unit rate within a unit cell, in order: place in the cell and a uniform draw.
fn events(stream: u64, cell: i64, mut event: impl FnMut(f64, f64)) {
    let mut bits = mix(stream ^ mix(cell as u64));
    let mut at = 0.0;
    loop {
        bits = mix(bits);
        at -= (1.0 - unit(bits)).ln();
        if at >= 1.0 {
            return;
        }
        bits = mix(bits);
        event(at, unit(bits));
    }
}
