//! The past of a signal, for delays.

use std::collections::VecDeque;

/// A change of slope counts as a corner when it moves the signal by this share of its size within one delay.
const SIGNIFICANT: f64 = 3e-4;
/// Points kept that are older than the delay, for the slopes at its end and for an integrator that goes back.
const MARGIN: usize = 3;

#[derive(Clone, Copy, Debug)]
struct Sample<const N: usize> {
    time: f64,
    value: [f64; N],
    /// The slope may jump here.
    corner: bool,
}

/// `N` signals at the accepted times of a run, back to one delay before the last.
///
/// Between the points stands a cubic through values and slopes; slopes are those of parabolas through three points, and
/// never reach across a corner.
#[derive(Clone, Debug)]
pub(super) struct History<const N: usize> {
    delay: f64,
    samples: VecDeque<Sample<N>>,
    /// Times of corners that have not arrived yet, s.
    corners: VecDeque<f64>,
    /// The last corner has not been judged: too few points follow it.
    unjudged: bool,
    /// Largest value so far.
    scale: [f64; N],
}

impl<const N: usize> History<N> {
    /// An empty past for a delay, s.
    pub fn new(delay: f64) -> Self {
        Self { delay, samples: VecDeque::new(), corners: VecDeque::new(), unjudged: false, scale: [0.0; N] }
    }

    /// The signals have had this value up to `time`.
    pub fn start(&mut self, time: f64, value: [f64; N]) {
        self.samples.clear();
        self.corners.clear();
        self.samples.push_back(Sample { time, value, corner: true });
        self.scale = value.map(f64::abs);
    }

    /// Takes over the value at an accepted time; what had been recorded from that time on is void.
    pub fn accept(&mut self, time: f64, value: [f64; N]) {
        while self.samples.back().is_some_and(|s| s.time >= time) {
            self.samples.pop_back();
        }
        while self.corners.back().is_some_and(|&t| t >= time) {
            self.corners.pop_back();
        }
        self.samples.push_back(Sample { time, value, corner: false });
        for (scale, v) in self.scale.iter_mut().zip(value) {
            *scale = scale.max(v.abs());
        }
        // the integrator may go back by a few points
        let back = self.samples.len().saturating_sub(1 + MARGIN);
        let old = self.samples[back].time - self.delay;
        while self.samples.len() > MARGIN + 1 && self.samples[MARGIN].time < old {
            self.samples.pop_front();
        }
        while self.corners.front().is_some_and(|&t| t < old * (1.0 - 1e-12)) {
            self.corners.pop_front();
        }
        if self.unjudged {
            self.judge();
        }
    }

    /// The integration starts anew at the accepted time `time`.
    pub fn corner(&mut self, time: f64) {
        if let Some(last) = self.samples.back_mut().filter(|s| s.time == time) {
            last.corner = true;
            self.corners.push_back(time);
            self.unjudged = true;
        }
    }

    /// Forgets the last corner when the slope turns out to go on as before.
    fn judge(&mut self) {
        let n = self.samples.len();
        let Some(at) = (0..n).rev().find(|&k| self.samples[k].corner) else { return };
        if n - at < 3 {
            return;
        }
        self.unjudged = false;
        if at < 2 || self.corners.back() != Some(&self.samples[at].time) {
            return;
        }
        let jump = |k: usize| {
            let before = self.parabola(at - 2, at - 1, at, at, k);
            let after = self.parabola(at, at + 1, at + 2, at, k);
            (after - before).abs() * self.delay > SIGNIFICANT * self.scale[k]
        };
        if !(0..N).any(jump) {
            self.corners.pop_back();
        }
    }

    /// Slope at sample `at` of the parabola of signal `k` through three samples.
    fn parabola(&self, a: usize, b: usize, c: usize, at: usize, k: usize) -> f64 {
        let [(ta, va), (tb, vb), (tc, vc)] = [a, b, c].map(|i| (self.samples[i].time, self.samples[i].value[k]));
        let (first, second) = ((vb - va) / (tb - ta), (vc - vb) / (tc - tb));
        let curvature = (second - first) / (tc - ta);
        let t = self.samples[at].time;
        first + curvature * ((t - ta) + (t - tb))
    }

    /// Slope at sample `at`, seen from the interval that begins (`right`) or ends there. It is at most three times that of
    /// the straight lines over this interval and the next one, so that a jump nearby makes no overshoot.
    fn slope(&self, at: usize, right: bool, k: usize) -> f64 {
        let last = self.samples.len() - 1;
        let secant = |a: usize, b: usize| {
            let (a, b) = (&self.samples[a], &self.samples[b]);
            (b.value[k] - a.value[k]) / (b.time - a.time)
        };
        let (this, next) = match right {
            true => (secant(at, at + 1), if at + 2 <= last { secant(at + 1, at + 2) } else { 0.0 }),
            false => (secant(at - 1, at), if at >= 2 { secant(at - 2, at - 1) } else { 0.0 }),
        };
        let bound = 3.0 * this.abs().max(next.abs());
        self.tangent(at, right, k).clamp(-bound, bound)
    }

    fn tangent(&self, at: usize, right: bool, k: usize) -> f64 {
        let last = self.samples.len() - 1;
        let smooth = !self.samples[at].corner;
        if smooth && at > 0 && at < last {
            return self.parabola(at - 1, at, at + 1, at, k);
        }
        let secant = |a: usize, b: usize| {
            let (a, b) = (&self.samples[a], &self.samples[b]);
            (b.value[k] - a.value[k]) / (b.time - a.time)
        };
        match right {
            true if at + 2 <= last && !self.samples[at + 1].corner => self.parabola(at, at + 1, at + 2, at, k),
            true => secant(at, at + 1),
            false if at >= 2 && !self.samples[at - 1].corner => self.parabola(at - 2, at - 1, at, at, k),
            false => secant(at - 1, at),
        }
    }

    /// The signals one delay before `now`.
    pub fn delayed(&self, now: f64) -> [f64; N] {
        let time = now - self.delay;
        let next = self.samples.partition_point(|s| s.time <= time);
        let (Some(before), Some(after)) = (next.checked_sub(1), self.samples.get(next)) else {
            let edge = if next == 0 { self.samples.front() } else { self.samples.back() };
            return edge.map_or([0.0; N], |s| s.value);
        };
        let from = &self.samples[before];
        let width = after.time - from.time;
        let x = (time - from.time) / width;
        std::array::from_fn(|k| {
            let (a, b) = (from.value[k], after.value[k]);
            let (start, end) = (self.slope(before, true, k) * width, self.slope(next, false, k) * width);
            // Hermite's cubic as a line and two corrections that vanish at both ends
            let line = a + (b - a) * x;
            let y = 1.0 - x;
            line + x * y * (y * (start - (b - a)) - x * (end - (b - a)))
        })
    }

    /// First arrival of a corner after the time `after`, s.
    pub fn breakpoint(&self, after: f64) -> f64 {
        let later = |&&t: &&f64| t + self.delay > after + 1e-9 * self.delay;
        self.corners.iter().find(later).map_or(f64::INFINITY, |t| t + self.delay)
    }

    /// The delay, s.
    pub fn delay(&self) -> f64 {
        self.delay
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smooth_signals_come_back_with_cubic_accuracy() {
        let mut past = History::new(1.0);
        past.start(0.0, [0.0, 1.0]);
        let mut t: f64 = 0.0;
        for k in 1..=400 {
            t += 0.01 + 0.005 * f64::from(k % 3);
            past.accept(t, [t.sin(), t.cos()]);
            if t > 1.5 {
                let s = t + 0.004;
                let [a, b] = past.delayed(s);
                assert!((a - (s - 1.0).sin()).abs() < 1e-6, "{a} {}", (s - 1.0).sin());
                assert!((b - (s - 1.0).cos()).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn corners_are_kept_sharp_and_announced() {
        let mut past = History::new(1.0);
        past.start(0.0, [0.0]);
        let ramp = |t: f64| (t - 0.5).max(0.0);
        for k in 1..=10 {
            let t = 0.1 * f64::from(k);
            past.accept(t, [ramp(t)]);
            if k == 5 {
                past.corner(t);
            }
        }
        for t in [1.42, 1.5, 1.53, 1.57, 1.71] {
            assert!((past.delayed(t)[0] - ramp(t - 1.0)).abs() < 1e-12, "{t}");
        }
        assert_eq!(past.breakpoint(1.0), 1.5);
        assert_eq!(past.breakpoint(1.5), f64::INFINITY);
    }

    #[test]
    fn what_is_taken_back_is_forgotten() {
        let mut past = History::new(1.0);
        past.start(0.0, [0.0]);
        past.accept(0.5, [9.0]);
        past.corner(0.5);
        past.accept(0.4, [0.0]);
        past.accept(0.8, [0.0]);
        assert_eq!(past.delayed(1.6), [0.0]);
        assert_eq!(past.breakpoint(0.8), f64::INFINITY);
    }
}
