//! What a uniform line does, as sums of exponentials.
//!
//! With series impedance `R + sL` and admittance `G + sC` per length, wave admittance `Y = sqrt((G + sC)/(R + sL))` and
//! propagation `P = exp(-len sqrt((R + sL)(G + sC)))`. Both have one branch cut, on the negative axis between `-G/C` and `-R/L`,
//! and nothing else. Cauchy's integral around it, with `q = sqrt((a - lo)(hi - a))` and the delay `T = len sqrt(LC)`:
//!
//! `Y/Y' = 1 -+ 1/pi int sqrt((a - g)/(r - a)) / (s + a) da`, `exp(sT) P = exp(-T (r + g)/2) + 1/pi int exp(-aT) sin(T q)/(s + a) da`,
//!
//! where `r = R/L`, `g = G/C`, `Y' = sqrt(C/L)`: the impulse responses are superpositions of decaying exponentials behind the
//! delay. A quadrature of the integrals gives them as sums, with errors below 1e-6. (The responses are those of Roychowdhury
//! and Pederson, "Efficient transient simulation of lossy interconnect", DAC 1991.)
//!
//! Without L there is no delay; the modes of the line give its admittances:
//! `Y11 + Y12 = 1/R sum_odd 4 (s + g) t/(k^2 pi^2 + (s + g) t)`, `Y11 - Y12 = 1/R (2 + sum_even ..)`, `t = R C len^2`.

use std::f64::consts::PI;

use num_complex::Complex64;

use crate::devices::relaxation::{GAUSS, Kernel};

/// Leak to ground that keeps direct current determined without G, in units of the wave admittance.
const LEAK: f64 = 1e-7;
/// Width of a panel of the quadrature, in units of the logarithmic variable, and most change of phase within one, rad.
const PANEL: f64 = 1.6;
const PHASE: f64 = 4.0;
/// Spacing of the trapezoidal rule in that variable, and where it ends.
const SPACING: f64 = 0.35;
const END: f64 = 18.0;
/// Loss, `R len/(2 Z)`, beyond which a line is one without inductance: the front is exp(-60), and what is left of the
/// inductance is of the order of 1/(2 loss)^2.
const DIFFUSIVE: f64 = 60.0;
/// Modes of an RC line that stand for themselves; those beyond are gathered.
const MODES: usize = 24;

/// Totals of a line: ohm, H, S, F.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Totals {
    pub r: f64,
    pub l: f64,
    pub g: f64,
    pub c: f64,
}

/// A line with a delay.
#[derive(Clone, Debug)]
pub(super) struct Waves {
    /// Wave admittance at high frequencies, S.
    pub admittance: f64,
    /// Delay, s.
    pub delay: f64,
    /// Part of a wave that arrives undelayed by losses.
    pub front: f64,
    /// `Y/Y' - 1`.
    pub shunt: Kernel,
    /// `exp(sT) P - front`.
    pub tail: Kernel,
}

impl Totals {
    /// True when the inductance does not matter.
    pub fn is_diffusive(&self) -> bool {
        self.l == 0.0 || self.r * self.c.sqrt() > 2.0 * DIFFUSIVE * self.l.sqrt()
    }
}

impl Waves {
    pub fn new(line: Totals) -> Self {
        let delay = (line.l * line.c).sqrt();
        let admittance = (line.c / line.l).sqrt();
        let (mut shunt, mut tail) = (Kernel::default(), Kernel::default());
        let r = line.r / line.l;
        let loss = 0.5 * r * delay;
        let mut g = line.g / line.c;
        if r > 0.0 {
            g = g.max(r * LEAK / (2.0 * loss).max(LEAK));
        }
        let (low, high) = (r.min(g), r.max(g));
        let width = high - low;
        if width > 1e-12 * high {
            // a = low + width e^2u/(1 + e^2u): the angle of the cut is 2 atan e^u
            let start = 0.5 * (low / high).ln().clamp(-60.0, 0.0) - 8.0;
            shunt = admittance_kernel(low, width, r > g, start);
            tail = propagation_kernel(low, width, delay, start);
        }
        Self { admittance, delay, front: (-0.5 * delay * (r + g)).exp(), shunt, tail }
    }
}

/// `sin^2(x/2)` and `sin x` for an angle `x = 2 atan e` of the cut.
fn angle(e: f64) -> (f64, f64) {
    (e * e / (1.0 + e * e), 2.0 * e / (1.0 + e * e))
}

/// `Y/Y' - 1` by the trapezoidal rule in u; what is cut off goes to the end of the cut, so that the weights have their sum.
fn admittance_kernel(low: f64, width: f64, resistive: bool, start: f64) -> Kernel {
    let mut kernel = Kernel::default();
    let sign = if resistive { -1.0 } else { 1.0 };
    let count = ((END - start) / SPACING).ceil() as usize;
    let mut rest = sign * 0.5 * width;
    for k in 0..count {
        let (sin2, sin) = angle((start + SPACING * k as f64).exp());
        let share = SPACING * sin / PI;
        let weight = sign * share * width * if resistive { sin2 } else { 1.0 - sin2 };
        rest -= weight;
        kernel.push(low + width * sin2, weight);
    }
    kernel.push(if resistive { low + width } else { low }, rest);
    kernel
}

/// `exp(sT) P - front` by Gauss's rule in panels of u, short enough for its oscillation.
fn propagation_kernel(low: f64, width: f64, delay: f64, start: f64) -> Kernel {
    let mut kernel = Kernel::default();
    let sharp = delay * width;
    let mut u = start;
    while u < 10.0 && sharp * angle(u.exp()).0 < 40.0 {
        let turn = sharp * (u + PANEL).exp().min(1.0);
        let panel = PANEL.min(PHASE / turn.max(1e-9));
        for (node, weight) in GAUSS {
            let (sin2, sin) = angle((u + 0.5 * panel * (1.0 + node)).exp());
            let (a, q) = (low + width * sin2, 0.5 * width * sin);
            let share = 0.5 * panel * weight * sin / PI;
            kernel.push(a, share * q * (-a * delay).exp() * (delay * q).sin());
        }
        u += panel;
    }
    kernel
}

/// A line without inductance.
#[derive(Clone, Debug)]
pub(super) struct Modes {
    /// Conductance between the ends at direct current, S.
    pub series: f64,
    /// Modes in which both ends move together: conductance (S) and rates, each of a branch `i = conductance (v - rate0 y)`.
    pub even: Vec<Mode>,
    /// Modes in which the ends move against each other.
    pub odd: Vec<Mode>,
}

/// One mode: `i = conductance (v - own y)`, `y' = v - rate y`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mode {
    pub conductance: f64,
    /// Rate without G, 1/s.
    pub own: f64,
    /// Rate, 1/s.
    pub rate: f64,
}

impl Modes {
    pub fn new(line: Totals) -> Self {
        let time = line.r * line.c;
        let leak = line.g / line.c;
        let mode = |k: f64, weight: f64| {
            let own = k * k * PI * PI / time;
            Mode { conductance: 4.0 * weight / line.r, own, rate: own + leak }
        };
        let modes = |first: usize| {
            let mut all: Vec<Mode> = (first..=MODES).step_by(2).map(|k| mode(k as f64, 1.0)).collect();
            // sum over every second k beyond, as half the integral from the middle between two of them
            let from = (all.len() * 2 + first - 1) as f64;
            for panel in 0..9 {
                for (node, weight) in GAUSS {
                    let k = from * (f64::from(panel) + 0.5 * (1.0 + node)).exp();
                    all.push(mode(k, 0.25 * weight * k));
                }
            }
            all
        };
        Self { series: 1.0 / line.r, even: modes(1), odd: modes(2) }
    }
}

/// Admittances `(Y11, Y12)` of the line at the angular frequency, S.
pub(super) fn admittances(line: Totals, omega: f64) -> (Complex64, Complex64) {
    let z = Complex64::new(line.r, omega * line.l);
    let y = Complex64::new(line.g, omega * line.c);
    let theta = (z * y).sqrt();
    if theta.norm() < 1e-4 {
        // the first terms of theta coth theta and theta / sinh theta
        let square = z * y;
        return ((1.0 + square / 3.0) / z, -(1.0 - square / 6.0) / z);
    }
    // decaying exponentials only
    let p = (-theta).exp();
    let wave = theta / z;
    let below = 1.0 - p * p;
    (wave * (1.0 + p * p) / below, -2.0 * wave * p / below)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(kernel: &Kernel, s: Complex64) -> Complex64 {
        kernel.rates.iter().zip(&kernel.weights).map(|(a, w)| *w / (s + *a)).sum()
    }

    #[test]
    fn sums_of_exponentials_are_the_line() {
        for (r, g) in [(0.01, 0.0), (1.0, 0.0), (20.0, 0.0), (120.0, 0.0), (5.0, 0.3), (0.1, 3.0)] {
            let line = Totals { r, l: 1.0, g, c: 1.0 };
            let waves = Waves::new(line);
            for omega in [0.0, 1e-3, 0.05, 0.7, 3.0, 20.0, 300.0] {
                let s = Complex64::new(0.0, omega);
                let g = if g == 0.0 { r * LEAK / r.max(LEAK) } else { g };
                let exact = ((g + s) / (r + s)).sqrt();
                let found = 1.0 + sum(&waves.shunt, s);
                assert!((found - exact).norm() < 3e-6 * exact.norm().max(1e-3), "Y {r} {g} {omega}: {found} {exact}");
                let exact = (s - ((g + s) * (r + s)).sqrt()).exp();
                let found = waves.front + sum(&waves.tail, s);
                assert!((found - exact).norm() < 2e-7, "P {r} {g} {omega}: {found} {exact}, {}", waves.tail.len());
            }
        }
    }

    #[test]
    fn modes_are_the_line_without_inductance() {
        let line = Totals { r: 2.0, l: 0.0, g: 0.1, c: 3.0 };
        let modes = Modes::new(line);
        let add = |modes: &[Mode], s: Complex64| -> Complex64 {
            modes.iter().map(|m| m.conductance * (1.0 - m.own / (s + m.rate))).sum()
        };
        for omega in [0.0, 0.01, 1.0, 30.0, 1e3, 1e5] {
            let s = Complex64::new(0.0, omega);
            let (y11, y12) = admittances(line, omega);
            for (found, exact) in
                [(add(&modes.even, s), y11 + y12), (2.0 * modes.series + add(&modes.odd, s), y11 - y12)]
            {
                assert!((found - exact).norm() < 1e-3 * exact.norm(), "{omega}: {found} {exact}");
            }
        }
    }
}
