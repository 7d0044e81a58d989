//! The static network of JART VCM v1b: Schottky element, disc, plug and series resistance.
//!
//! For a voltage `u = |V|` and a concentration everything follows from one unknown, the drop `x = |Vs|` over the Schottky
//! element. The root sought is that of `ln(Js(x) / J(x))`, the current of the element against that of the resistors: the
//! logarithm does not overflow, and it goes from minus to plus infinity between `x = 0` and `x = u`.

use std::f64::consts::PI;

/// Relative correction of the drop that is taken without another evaluation: what is left is of second order.
const LAST_CORRECTION: f64 = 1e-6;
/// A bracket this narrow (relative) has closed.
const CLOSED: f64 = 4.0 * f64::EPSILON;
/// Evaluations before giving up; bisection alone needs about 60.
const EVALUATIONS: usize = 200;
/// Steps of the walk to the first root, as a share of the voltage at which the barrier stops growing.
const STRIDE: f64 = 1.0 / 16.0;
/// Floor of the voltage under the root of the tunnelling current, V: its slope at zero would be infinite.
const FLOOR: f64 = 1e-15;
/// Smallest slope of the logarithm by the logarithm of the drop.
const SMALLEST_SLOPE: f64 = 1e-6;
/// Largest exponent.
const LARGEST: f64 = 600.0;

/// What the static network needs to know of the parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// `e / k`, K/V.
    pub kelvin_per_volt: f64,
    /// Ambient temperature, K.
    pub ambient: f64,
    /// Richardson constant, A/(m^2 K^2).
    pub richardson: f64,
    /// Nominal barrier, V.
    pub barrier: f64,
    /// Element voltage from which the barrier has its nominal height, V.
    pub flat: f64,
    /// Fourth power of the barrier lowering per concentration and volt, V^3 (1e26 m^-3)^-1.
    pub lowering: f64,
    /// `W00 / e` at unit concentration, V.
    pub tunnelling: f64,
    /// Resistivity times concentration over pi, ohm m^2 / nm.
    pub resistivity: f64,
    /// Concentration in the plug, 1e26 m^-3.
    pub plug: f64,
    /// Length of disc and plug, nm.
    pub cell: f64,
    /// Thermal resistance times squared radius, K m^2/W.
    pub thermal: f64,
    /// Factor on it for positive voltages.
    pub thermal_reset: f64,
    /// Series resistance of oxide layer and cold line, ohm.
    pub series: f64,
    /// Self-heating of the line: `dR = heating I^2`, ohm/A^2.
    pub heating: f64,
}

/// The disc at one concentration; `dx` are derivatives by `y = ln N`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Disc {
    /// Concentration, 1e26 m^-3, and its derivative.
    pub n: f64,
    /// `d ln N / dy`: 1 unless the concentration is not `exp(y)` itself.
    pub dn: f64,
    /// Radius, m.
    pub r: f64,
    /// Its derivative, m.
    pub dr: f64,
    /// Length, nm.
    pub l: f64,
    /// Its derivative, nm.
    pub dl: f64,
}

/// Resistances and other quantities that depend on the concentration alone.
#[derive(Clone, Copy, Debug)]
struct Parts {
    area: f64,
    dln_area: f64,
    disc: f64,
    ddisc: f64,
    inner: f64,
    dinner: f64,
    total: f64,
    thermal: f64,
    dln_thermal: f64,
    e00: f64,
    dln_n: f64,
    lowering: f64,
}

/// A solved static network; magnitudes, with derivatives by `u = |V|` and by `y = ln N`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Static {
    /// Drop over the Schottky element, V.
    pub x: f64,
    /// By voltage.
    pub x_u: f64,
    /// By `y`, V.
    pub x_y: f64,
    /// Current, A.
    pub j: f64,
    /// By voltage, S.
    pub j_u: f64,
    /// By `y`, A.
    pub j_y: f64,
    /// Temperature, K.
    pub t: f64,
    /// By voltage, K/V.
    pub t_u: f64,
    /// By `y`, K.
    pub t_y: f64,
    /// Resistance of the disc, ohm.
    pub disc: f64,
    /// By `y`, ohm.
    pub disc_y: f64,
    /// Resistance of disc and plug, ohm.
    pub inner: f64,
    /// By `y`, ohm.
    pub inner_y: f64,
}

/// The element against the resistors at one drop.
#[derive(Clone, Copy)]
struct Trial {
    /// `ln(Js/J)` and its derivatives by drop, voltage and `y`.
    gap: f64,
    gap_x: f64,
    gap_u: f64,
    gap_y: f64,
    /// Resistor current; its slope by voltage at fixed drop; its slope by `y`.
    j: f64,
    slope: f64,
    j_y: f64,
    /// Temperature and its derivatives by drop, voltage and `y`.
    t: f64,
    t_x: f64,
    t_u: f64,
    t_y: f64,
}

/// Current of the element, `factor exp(exponent)`, and the derivatives of its logarithm by drop, temperature and `y`.
struct Element {
    factor: f64,
    exponent: f64,
    by_x: f64,
    by_t: f64,
    by_y: f64,
}

impl Network {
    fn parts(&self, d: &Disc, positive: bool) -> Parts {
        let per_area = self.resistivity / (d.r * d.r);
        let (dln_r, dln_n) = (d.dr / d.r, d.dn);
        let disc = per_area * d.l / d.n;
        let ddisc = disc * (d.dl / d.l - dln_n - 2.0 * dln_r);
        let plug = per_area * (self.cell - d.l) / self.plug;
        let dplug = -per_area * d.dl / self.plug - 2.0 * plug * dln_r;
        let scale = if positive { self.thermal_reset } else { 1.0 };
        Parts {
            area: PI * d.r * d.r,
            dln_area: 2.0 * dln_r,
            disc,
            ddisc,
            inner: disc + plug,
            dinner: ddisc + dplug,
            total: disc + plug + self.series,
            thermal: scale * self.thermal / (d.r * d.r),
            dln_thermal: -2.0 * dln_r,
            e00: self.tunnelling * d.n.sqrt(),
            dln_n,
            lowering: self.lowering * d.n,
        }
    }

    /// Current of the resistors: the real root of `heating j^3 + total j = drop`.
    #[inline]
    fn resistor_current(&self, total: f64, drop: f64) -> f64 {
        let mut j = drop / total;
        for _ in 0..60 {
            let square = self.heating * j * j;
            let step = ((square + total) * j - drop) / (3.0 * square + total);
            j -= step;
            // convergence is quadratic and from above
            if step.abs() <= 1e-9 * j {
                break;
            }
        }
        j
    }

    /// Barrier, and its derivatives by drop and `y`; the drop lowers it when `sign` is negative.
    #[inline]
    fn barrier(&self, p: &Parts, x: f64, sign: f64) -> (f64, f64, f64) {
        let below = self.flat - sign * x;
        if below <= 0.0 {
            return (self.barrier, 0.0, 0.0);
        }
        let lowered = (p.lowering * below).sqrt().sqrt();
        if lowered >= self.barrier {
            return (0.0, 0.0, 0.0);
        }
        (self.barrier - lowered, sign * 0.25 * lowered / below, -0.25 * lowered * p.dln_n)
    }

    /// Thermionic emission, for positive voltages.
    #[inline]
    fn emission(&self, p: &Parts, x: f64, t: f64) -> Element {
        let theta = t / self.kelvin_per_volt;
        let (phi, phi_x, phi_y) = self.barrier(p, x, 1.0);
        let z = x / theta;
        let (growth, rest, ratio) = growth(z);
        Element {
            factor: p.area * self.richardson * t * t * growth,
            exponent: rest - phi / theta,
            by_x: (ratio - phi_x) / theta,
            by_t: (2.0 + phi / theta - z * ratio) / t,
            by_y: p.dln_area - phi_y / theta,
        }
    }

    /// Thermionic field emission, for negative voltages.
    #[inline]
    fn field_emission(&self, p: &Parts, x: f64, t: f64) -> Element {
        let a = p.e00 * self.kelvin_per_volt / t;
        let q = (-2.0 * a).exp_m1();
        let th = -q / (2.0 + q);
        let sech2 = 4.0 * (1.0 + q) / ((2.0 + q) * (2.0 + q));
        let rest =
            if a < 0.03 { a * a * a * (1.0 / 3.0 - a * a * (2.0 / 15.0 - a * a * 17.0 / 315.0)) } else { a - th };
        let (phi, phi_x, phi_y) = self.barrier(p, x, -1.0);
        let (root, floor) = (x + phi * sech2, x + phi * sech2 < FLOOR);
        let root = if floor { FLOOR } else { root };
        let (root_x, root_t, root_y) = if floor {
            (0.0, 0.0, 0.0)
        } else {
            (1.0 + phi_x * sech2, 2.0 * phi * th * sech2 * a / t, phi_y * sech2 - phi * th * sech2 * a * p.dln_n)
        };
        let m = x * rest / p.e00;
        let (growth, remainder, ratio) = growth(m);
        let scale = p.area * self.richardson * self.kelvin_per_volt * t;
        Element {
            factor: scale * (PI * p.e00 * root).sqrt() * growth,
            exponent: remainder - phi * th / p.e00,
            by_x: 0.5 * root_x / root + (ratio * rest - phi_x * th) / p.e00,
            by_t: 1.0 / t + 0.5 * root_t / root + (phi * sech2 - ratio * x * th * th) * a / (p.e00 * t),
            by_y: p.dln_area + 0.5 * (0.5 * p.dln_n + root_y / root) - phi_y * th / p.e00
                + 0.5 * p.dln_n * (phi * (th - sech2 * a) + ratio * x * (th * th * a - rest)) / p.e00,
        }
    }

    #[inline]
    fn trial(&self, p: &Parts, u: f64, x: f64, positive: bool) -> Trial {
        let j = self.resistor_current(p.total, u - x);
        let slope = 1.0 / (3.0 * self.heating * j * j + p.total);
        let j_y = -j * slope * p.dinner;
        let power = j * (x + j * p.inner);
        let t = self.ambient + p.thermal * power;
        let t_j = p.thermal * (x + 2.0 * j * p.inner);
        let t_x = p.thermal * j - t_j * slope;
        let t_u = t_j * slope;
        let t_y = p.dln_thermal * p.thermal * power + p.thermal * j * j * p.dinner + t_j * j_y;
        let s = if positive { self.emission(p, x, t) } else { self.field_emission(p, x, t) };
        Trial {
            gap: (s.factor / j).ln() + s.exponent,
            gap_x: s.by_x + s.by_t * t_x + slope / j,
            gap_u: s.by_t * t_u - slope / j,
            gap_y: s.by_y + s.by_t * t_y - j_y / j,
            j,
            slope,
            j_y,
            t,
            t_x,
            t_u,
            t_y,
        }
    }

    /// Solves the network at `u = |V| > 0`. Of several solutions at positive voltages it takes the one with the smallest
    /// drop, which continues from 0 V. A good `guess` saves work.
    pub fn solve(&self, disc: &Disc, u: f64, positive: bool, guess: Option<f64>) -> Static {
        let p = self.parts(disc, positive);
        if let Some(guess) = guess
            && let Some((x, trial)) = self.polish(&p, u, positive, guess)
        {
            return self.finish(&p, x, &trial);
        }
        let (x, trial) = self.search(&p, u, positive);
        self.finish(&p, x, &trial)
    }

    /// Newton's method from a guess next to the root; gives up when it is not.
    fn polish(&self, p: &Parts, u: f64, positive: bool, guess: f64) -> Option<(f64, Trial)> {
        let mut x = guess;
        for _ in 0..6 {
            if !(x > 0.0 && x < u) {
                return None;
            }
            let trial = self.trial(p, u, x, positive);
            let step = -trial.gap / trial.gap_x;
            if !(trial.gap_x > 0.0 && (x + step - guess).abs() < 0.1 * guess) {
                return None;
            }
            if step.abs() <= LAST_CORRECTION * x {
                return Some((x, trial));
            }
            x += step;
        }
        None
    }

    /// The first root: walks up from zero until the sign changes, then closes in on it.
    fn search(&self, p: &Parts, u: f64, positive: bool) -> (f64, Trial) {
        let stride = STRIDE * self.flat;
        let walks = positive && stride > 0.0;
        let (mut low, mut high) = (0.0, u);
        let mut bracketed = !walks;
        let mut x = if walks {
            // what the barrier at zero voltage asks for
            let trial = self.trial(p, u, 1e-6 * u, true);
            (1e-6 * u * (-trial.gap).min(LARGEST).exp()).min(2.0 * stride).min(0.5 * u)
        } else {
            0.3 * u
        };
        let mut last = f64::INFINITY;
        let mut trial = self.trial(p, u, x, positive);
        for _ in 0..EVALUATIONS {
            if trial.gap < 0.0 {
                low = x;
            } else {
                high = x;
                bracketed = true;
            }
            bracketed |= x >= self.flat;
            let step = -trial.gap / trial.gap_x;
            let rises = trial.gap_x > 0.0;
            if (rises && step.abs() <= LAST_CORRECTION * x) || high - low <= CLOSED * high {
                break;
            }
            let next = if !bracketed {
                let most = stride.min(0.5 * (u - x));
                if rises { x + step.min(most) } else { x + most }
            } else if rises && x + step > low && x + step < high && step.abs() < 0.5 * last {
                x + step
            } else {
                0.5 * (low + high)
            };
            last = (next - x).abs();
            if next == x {
                break;
            }
            x = next;
            trial = self.trial(p, u, x, positive);
        }
        (x, trial)
    }

    /// Last correction and derivatives by the implicit function theorem.
    fn finish(&self, p: &Parts, x: f64, at: &Trial) -> Static {
        // where two solutions meet the slope vanishes
        let gap_x = at.gap_x.max(SMALLEST_SLOPE / x);
        let step = -at.gap / gap_x;
        let step = if step.abs() <= 2.0 * LAST_CORRECTION * x { step } else { 0.0 };
        let (x_u, x_y) = (-at.gap_u / gap_x, -at.gap_y / gap_x);
        Static {
            x: x + step,
            x_u,
            x_y,
            j: at.j - at.slope * step,
            j_u: at.slope * (1.0 - x_u),
            j_y: at.j_y - at.slope * x_y,
            t: at.t + at.t_x * step,
            t_u: at.t_u + at.t_x * x_u,
            t_y: at.t_y + at.t_x * x_y,
            disc: p.disc,
            disc_y: p.ddisc,
            inner: p.inner,
            inner_y: p.dinner,
        }
    }
}

/// `exp(z) - 1` as a factor and an exponent, and the derivative of its logarithm; `z > 0`.
#[inline]
fn growth(z: f64) -> (f64, f64, f64) {
    if z > LARGEST {
        return (1.0, z, 1.0);
    }
    let e = z.exp_m1();
    (e, 0.0, (e + 1.0) / e)
}
