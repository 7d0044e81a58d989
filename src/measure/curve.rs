//! A curve over its axis, cut to a window: crossings, extremes, areas. Between points it is a straight line.

use crate::circuit::{Edge, Statistic, Switching};

/// Points of a curve in ascending order of the axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Curve {
    pub x: Vec<f64>,
    pub y: Vec<f64>,
}

/// Value of a line at `at`.
fn line(x0: f64, y0: f64, x1: f64, y1: f64, at: f64) -> f64 {
    if at == x1 || x1 == x0 { y1 } else { y0 + (y1 - y0) * (at - x0) / (x1 - x0) }
}

impl Curve {
    /// A curve over an axis that may run downwards.
    pub fn new(x: &[f64], y: &[f64]) -> Self {
        let n = x.len().min(y.len());
        let mut curve = Self { x: x[..n].to_vec(), y: y[..n].to_vec() };
        if n > 1 && x[n - 1] < x[0] {
            curve.x.reverse();
            curve.y.reverse();
        }
        curve
    }

    /// First and last place.
    pub fn range(&self) -> Option<(f64, f64)> {
        Some((*self.x.first()?, *self.x.last()?))
    }

    /// The part between `from` and `to`, with the values of the lines there as its ends.
    pub fn window(&self, from: f64, to: f64) -> Self {
        let mut part = Self::default();
        let mut add = |x: f64, y: f64| {
            part.x.push(x);
            part.y.push(y);
        };
        for k in 0..self.x.len() {
            let (x, y) = (self.x[k], self.y[k]);
            if let Some(before) = k.checked_sub(1) {
                let (x0, y0) = (self.x[before], self.y[before]);
                for end in [from, to] {
                    if x0 < end && end < x {
                        add(end, line(x0, y0, x, y, end));
                    }
                }
            }
            if (from..=to).contains(&x) {
                add(x, y);
            }
        }
        part
    }

    /// Value at a place within the range (a small overshoot by rounding is forgiven).
    pub fn at(&self, place: f64) -> Option<f64> {
        let (first, last) = self.range()?;
        let slack = 1e-9 * (last - first).abs().max(place.abs() * 1e-3);
        if place.is_nan() || place < first - slack || place > last + slack {
            return None;
        }
        Some(crate::calc::interpolated(&self.x, &self.y, place))
    }

    /// Places where the curve goes through zero, with the direction. A curve that starts at zero and rises rises there, which
    /// is told by the last member.
    pub fn crossings(&self) -> Vec<(f64, Edge, bool)> {
        let (x, y) = (&self.x, &self.y);
        let mut found = Vec::new();
        let Some(&first) = y.first() else { return found };
        let mut above = first >= 0.0;
        if let (Some(&second), 0.0) = (y.get(1), first) {
            // On zero: the side of the next point decides.
            above = second >= 0.0;
            if second > 0.0 {
                found.push((x[0], Edge::Rise, true));
            }
        }
        for k in 1..y.len() {
            let (before, now) = (y[k - 1], y[k]);
            let place = || {
                if before == now { x[k] } else { x[k - 1] + (x[k] - x[k - 1]) * before / (before - now) }
            };
            // Arriving at zero counts; staying there does not; leaving it counts when it has not been counted.
            if above && (now < 0.0 || now == 0.0 && before > 0.0) {
                above = false;
                found.push((place(), Edge::Fall, false));
            } else if !above && (now > 0.0 || now == 0.0 && before < 0.0) {
                above = true;
                found.push((place(), Edge::Rise, false));
            }
        }
        found
    }

    /// Area below the curve.
    pub fn area(&self) -> f64 {
        self.pieces().map(|(dx, a, b)| 0.5 * (a + b) * dx).sum()
    }

    /// Width, left value and right value of every piece.
    fn pieces(&self) -> impl Iterator<Item = (f64, f64, f64)> + '_ {
        self.x.windows(2).zip(self.y.windows(2)).map(|(x, y)| (x[1] - x[0], y[0], y[1]))
    }

    /// Index of the extreme value.
    fn extreme(&self, better: fn(f64, f64) -> bool) -> Option<usize> {
        (0..self.y.len()).reduce(|best, k| if better(self.y[k], self.y[best]) { k } else { best })
    }

    /// A statistic with the places that belong to it.
    pub fn statistic(&self, kind: Statistic) -> Option<(f64, Vec<(String, f64)>)> {
        let (first, last) = self.range()?;
        let width = last - first;
        let span = || vec![("from".to_string(), first), ("to".to_string(), last)];
        let (low, high) = (self.extreme(|a, b| a < b)?, self.extreme(|a, b| a > b)?);
        Some(match kind {
            Statistic::Maximum => (self.y[high], vec![("at".into(), self.x[high])]),
            Statistic::Minimum => (self.y[low], vec![("at".into(), self.x[low])]),
            Statistic::MaximumAt => (self.x[high], vec![("with".into(), self.y[high])]),
            Statistic::MinimumAt => (self.x[low], vec![("with".into(), self.y[low])]),
            Statistic::PeakToPeak => (self.y[high] - self.y[low], span()),
            Statistic::Average if width == 0.0 => (self.y[0], span()),
            Statistic::Average => (self.area() / width, span()),
            Statistic::Integral => (self.area(), span()),
            Statistic::Rms if width == 0.0 => (self.y[0].abs(), span()),
            Statistic::Rms => {
                let square: f64 = self.pieces().map(|(dx, a, b)| dx * (a * a + a * b + b * b) / 3.0).sum();
                ((square / width).max(0.0).sqrt(), span())
            }
        })
    }

    /// A number of a switching signal that is on from `on` upwards and off from `off` downwards; in between it stays.
    pub fn switching(&self, kind: Switching, on: f64, off: f64) -> Result<f64, String> {
        let (first, last) = self.range().ok_or("no points")?;
        let shifted = |level: f64| Self { x: self.x.clone(), y: self.y.iter().map(|y| y - level).collect() };
        let rises = shifted(on).crossings().into_iter().filter(|c| c.1 == Edge::Rise).map(|c| (c.0, true));
        let falls = shifted(off).crossings().into_iter().filter(|c| c.1 == Edge::Fall).map(|c| (c.0, false));
        let mut edges: Vec<(f64, bool)> = rises.chain(falls).collect();
        edges.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut state = self.y[0] >= on;
        let mut since = first;
        let (mut times, mut intervals) = ([0.0; 2], [0usize; 2]);
        let mut turned_on = Vec::new();
        for (at, rising) in edges {
            if rising == state {
                continue;
            }
            if rising {
                turned_on.push(at);
            }
            times[usize::from(state)] += at - since;
            intervals[usize::from(state)] += 1;
            (state, since) = (rising, at);
        }
        times[usize::from(state)] += last - since;
        intervals[usize::from(state)] += usize::from(last > since);
        let [off_time, on_time] = times;
        let mean = |time: f64, count: usize| match count {
            0 => Err("the signal never is in this state".to_string()),
            n => Ok(time / n as f64),
        };
        match kind {
            Switching::Duty => Ok(on_time / (last - first)),
            Switching::OnTime => mean(on_time, intervals[1]),
            Switching::OffTime => mean(off_time, intervals[0]),
            Switching::Frequency => match turned_on[..] {
                [begin, .., end] => Ok((turned_on.len() - 1) as f64 / (end - begin)),
                _ => Err("the signal does not turn on twice".into()),
            },
        }
    }
}
