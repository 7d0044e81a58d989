//! A diode at its temperature, with its area applied.

use super::super::junction::{
    Depletion, band_gap, capacitance_ratio, critical_voltage, junction_current, limit_junction, potential_with_gap,
    safe_exp, thermal_voltage,
};
use super::ideal::Ideal;
use super::params::{DiodeInstance, DiodeModel};

/// Permittivity of silicon dioxide, F/m (the value of the level-3 model).
const OXIDE: f64 = 3.9 * 8.854214871e-12;
/// Currents below this one have no knee, A.
const SMALLEST: f64 = 1e-18;

/// Saturation current and emission voltage.
type Exponential = (f64, f64);

/// What happens at a high reverse voltage.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Breakdown {
    /// ngspice: below the voltage `start` an exponential takes over.
    Matched { start: f64, vte: f64 },
    /// PSpice: a high and a low exponential from the voltage `start` on are added.
    Added { start: f64, high: Exponential, low: Exponential },
}

impl Breakdown {
    /// Where it begins, and its emission voltage.
    fn start(&self) -> (f64, f64) {
        match *self {
            Breakdown::Matched { start, vte } => (start, vte),
            Breakdown::Added { start, high, .. } => (start, high.1),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Junction {
    bottom: Exponential,
    /// Straight lines in place of all exponentials.
    ideal: Option<Ideal>,
    /// Sidewall with an emission coefficient of its own.
    side: Option<Exponential>,
    /// Recombination; potential and half the grading of its generation factor.
    recombination: Option<(Exponential, f64, f64)>,
    /// Tunnel current, bottom and sidewall together.
    tunnel: Option<Exponential>,
    breakdown: Option<Breakdown>,
    /// Knees of the forward and the reverse current, A.
    knees: (Option<f64>, Option<f64>),
    /// Level 2: the knee of PSpice, for the ideal current alone.
    pspice: bool,
    pub critical: f64,
    transit: f64,
    depletion: Depletion,
    depletion_side: Depletion,
    /// Capacitances over the oxide, level 3, F.
    oxide: f64,
    /// Series conductance, S; 0 without.
    pub series: f64,
    /// Temperature, K.
    pub temperature: f64,
}

/// Current, conductance, charge and capacitance of a junction.
#[derive(Clone, Copy)]
pub(super) struct Point {
    pub i: f64,
    pub g: f64,
    pub q: f64,
    pub c: f64,
}

fn or(given: f64, default: f64) -> f64 {
    if given.is_nan() { default } else { given }
}

/// Voltage that, in the exponent of the breakdown, gives the current `ibv` at the voltage `bv`.
fn breakdown_voltage(bv: f64, ibv: f64, is: f64, vt: f64, vtb: f64) -> f64 {
    if ibv < is * bv / vt {
        return bv;
    }
    let mut x = bv - vtb * (1.0 + ibv / is).ln();
    for _ in 0..25 {
        x = bv - vtb * (ibv / is + 1.0 - x / vt).ln();
        let matched = is * (((bv - x) / vtb).exp() - 1.0 + x / vt);
        if (matched - ibv).abs() <= 1e-9 * ibv {
            break;
        }
    }
    x
}

/// A positive current and its conductance after PSpice's knee `k`: `i sqrt(k/(k + i))`.
#[inline]
fn pspice_knee(i: f64, g: f64, k: f64) -> (f64, f64) {
    let factor = (k / (k + i)).sqrt();
    (i * factor, g * factor * (1.0 - 0.5 * i / (k + i)))
}

/// A current and its conductance after the knee `k`: `i / (1 + sqrt(i/k))`.
#[inline]
fn knee(i: f64, g: f64, k: f64) -> (f64, f64) {
    let root = (i.abs() / k).sqrt();
    let factor = 1.0 / (1.0 + root);
    (i * factor, g * factor * (1.0 - 0.5 * root * factor))
}

impl Junction {
    /// Temperatures in K.
    pub fn new(model: &DiodeModel, own: &DiodeInstance, temperature: f64, nominal: f64) -> Self {
        let (area, perimeter) = geometry(model, own);
        let (vt, vt_nominal) = (thermal_voltage(temperature), thermal_voltage(nominal));
        let above = temperature - nominal;
        let hot = |one: f64, two: f64| 1.0 + one * above + two * above * above;
        let (ratio, log_ratio) = (temperature / nominal, (temperature / nominal).ln());
        let eg = or(model.eg, if model.tlev == 2.0 { 1.16 } else { 1.11 });
        let gap = |t: f64| {
            if model.tlev == 2.0 { eg - model.gap1 * t * t / (t + model.gap2) } else { band_gap(t) }
        };
        // exponents of the rise of a current with temperature, for emission coefficient 1
        let energy =
            if model.tlev == 2.0 { gap(nominal) / vt_nominal - gap(temperature) / vt } else { (ratio - 1.0) * eg / vt };
        let heated = |n: f64| ((energy + model.xti * log_ratio) / n).exp();

        let ns = or(model.ns, model.n);
        let mut bottom = (model.is * area * heated(model.n), model.n * vt);
        let side = or(model.jsw, 0.0) * perimeter * heated(ns);
        // the sidewall has no part in matching bv with ibv
        let (matched, total) = (bottom.0, bottom.0 + side);
        if model.ns.is_nan() {
            bottom.0 += side;
        }
        let grading = (model.m * hot(model.tm1, model.tm2)).min(0.99);
        let layer = |capacitance: f64, potential: f64, grading: f64, fc: f64, linear: (f64, f64)| {
            let (factor, potential) = if model.tlevc == 1.0 {
                (1.0 + linear.0 * above, potential - linear.1 * above)
            } else {
                let (hot, reference) = potential_with_gap(potential, nominal, temperature, gap);
                (capacitance_ratio(grading, potential, hot, reference, nominal, temperature), hot)
            };
            (Depletion::new(capacitance * factor, potential, grading, fc), potential)
        };
        let (depletion, vj) = layer(model.cjo * area, model.vj, grading, model.fc, (model.cta, model.tpb));
        let (depletion_side, _) =
            layer(model.cjp * perimeter, model.php, model.mjsw, model.fcs, (model.ctp, model.tphp));
        let tunnels = or(model.jtun, 0.0) * area + or(model.jtunsw, 0.0) * perimeter;
        let tunnel = tunnels * ((model.keg * energy + model.xtitun * log_ratio) / model.ntun).exp();
        let pspice = model.level == 2.0;
        let breakdown = model.bv.is_finite().then(|| {
            let vte = vt * or(model.nbv, if pspice { 1.0 } else { model.n });
            let fall = if model.tlev == 0.0 { model.tcv * above } else { model.bv * model.tcv * above };
            let bv = model.bv * hot(model.tbv1, model.tbv2) - fall;
            if pspice {
                let high = (or(model.ibv, 1e-10) * area, vte);
                return Breakdown::Added { start: -bv, high, low: (model.ibvl * area, model.nbvl * vt) };
            }
            let ibv = or(model.ibv, 1e-3) * if model.level == 3.0 { area } else { own.m };
            Breakdown::Matched { start: -breakdown_voltage(bv, ibv, matched, vt, vte), vte }
        });
        let nr = or(model.nr, if pspice { 2.0 } else { 1.0 });
        let rs = model.rs * hot(model.trs, model.trs2);
        let current = |k: f64| (k > 0.0).then_some(k * area);
        Self {
            bottom,
            ideal: Ideal::new(model, area),
            side: (side > 0.0 && !model.ns.is_nan()).then_some((side, ns * vt)),
            recombination: (model.isr > 0.0).then(|| ((model.isr * area * heated(nr), nr * vt), vj, 0.5 * grading)),
            tunnel: (tunnel > 0.0).then_some((tunnel, model.ntun * vt)),
            breakdown,
            knees: (current(model.ikf * hot(model.tikf, 0.0)), current(model.ikr)),
            pspice,
            critical: critical_voltage(total, bottom.1),
            transit: model.tt * hot(model.ttt1, model.ttt2),
            depletion,
            depletion_side,
            oxide: oxide(model, own),
            series: if rs > 0.0 { area / rs } else { 0.0 },
            temperature,
        }
    }

    #[inline]
    pub fn at(&self, v: f64, gmin: f64) -> Point {
        let (i, g) = match &self.ideal {
            Some(ideal) => ideal.at(v),
            None => self.current(v),
        };
        let (i, g) = (i + gmin * v, g + gmin);
        let (q, c) = self.charge(v, i, g);
        Point { i, g, q, c }
    }

    /// Current and conductance of all exponentials.
    #[inline]
    fn current(&self, v: f64) -> (f64, f64) {
        let (mut i, mut g) = self.exponential(v, self.bottom);
        if let Some(side) = self.side {
            let more = self.exponential(v, side);
            (i, g) = (i + more.0, g + more.1);
        }
        if let (true, (Some(k), _)) = (self.pspice && i > SMALLEST, self.knees) {
            (i, g) = pspice_knee(i, g, k);
        }
        if let Some(((is, vte), vj, half)) = self.recombination {
            let (more, slope) = junction_current(v, is, vte);
            let rest = 1.0 - v / vj;
            let width = rest * rest + 0.005;
            let factor = width.powf(half);
            i += more * factor;
            g += slope * factor - more * factor * 2.0 * half * rest / (vj * width);
        }
        if let Some((is, vte)) = self.tunnel {
            let (e, de) = safe_exp(-v / vte);
            i -= is * (e - 1.0);
            g += is * de / vte;
        }
        if let Some(Breakdown::Added { start, high, low }) = self.breakdown {
            for (is, vte) in [high, low] {
                let (e, de) = safe_exp((start - v) / vte);
                i -= is * e;
                g += is * de / vte;
            }
        }
        match self.knees {
            _ if self.pspice => {}
            (Some(k), _) if i > SMALLEST && v >= -3.0 * self.bottom.1 => (i, g) = knee(i, g, k),
            (_, Some(k)) if i < -SMALLEST && v < -3.0 * self.bottom.1 => (i, g) = knee(i, g, k),
            _ => {}
        }
        (i, g)
    }

    /// Forward, reverse and breakdown current of one exponential.
    #[inline]
    fn exponential(&self, v: f64, (is, vte): Exponential) -> (f64, f64) {
        match self.breakdown {
            Some(Breakdown::Matched { start, vte }) if v < start => {
                let (e, de) = safe_exp((start - v) / vte);
                (-is * e, is * de / vte)
            }
            _ => junction_current(v, is, vte),
        }
    }

    /// Charge and capacitance at the voltage `v`, where the current is `i` and its conductance `g`.
    #[inline]
    fn charge(&self, v: f64, i: f64, g: f64) -> (f64, f64) {
        let ((bottom, cb), (side, cs)) = (self.depletion.charge(v), self.depletion_side.charge(v));
        (bottom + side + self.oxide * v + self.transit * i, cb + cs + self.oxide + self.transit * g)
    }

    /// Limits the step from `old` to `new`, forward or in the breakdown.
    #[inline]
    pub fn limit(&self, new: f64, old: f64) -> f64 {
        match self.breakdown.map(|b| b.start()) {
            _ if self.ideal.is_some() => new,
            Some((start, vtb)) if new < (start + 10.0 * vtb).min(0.0) => {
                let limited = limit_junction(start - new, start - old, vtb, self.critical);
                // exactly `new` when nothing was limited
                if limited == start - new { new } else { start - limited }
            }
            _ => limit_junction(new, old, self.bottom.1, self.critical),
        }
    }
}

/// Area and perimeter, multiplied by the number of diodes.
fn geometry(model: &DiodeModel, own: &DiodeInstance) -> (f64, f64) {
    if model.level == 3.0 && own.w.is_finite() && own.l.is_finite() {
        let (w, l) = (own.w + model.xw, own.l + model.xw);
        return (w * l * own.m, 2.0 * (w + l) * own.m);
    }
    let sized = own.w.is_finite() || own.l.is_finite();
    let (area, perimeter) = if sized { (1.0, 0.0) } else { (model.area, model.pj) };
    (or(own.area, area) * own.m, or(own.pj, perimeter) * own.m)
}

/// Capacitance of metal and polysilicon over the oxide, level 3, F.
fn oxide(model: &DiodeModel, own: &DiodeInstance) -> f64 {
    if model.level != 3.0 {
        return 0.0;
    }
    let plate = |w: f64, l: f64, etched: f64, thickness: f64| OXIDE / thickness * (w + etched) * (l + etched);
    let metal = plate(or(own.wm, model.wm), or(own.lm, model.lm), model.xm, model.xom);
    own.m * (metal + plate(or(own.wp, model.wp), or(own.lp, model.lp), model.xp, model.xoi))
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: f64 = 300.15;

    fn junction(model: &DiodeModel, area: f64, temperature: f64) -> Junction {
        Junction::new(model, &DiodeInstance { area, ..DiodeInstance::default() }, temperature, T)
    }

    #[test]
    fn forward_current_follows_shockley() {
        let model = DiodeModel { is: 2e-14, n: 1.3, ..DiodeModel::default() };
        let j = junction(&model, 3.0, T);
        for v in [-0.02, 0.1, 0.5, 0.7] {
            let exact = 3.0 * 2e-14 * ((v / (1.3 * thermal_voltage(T))).exp() - 1.0);
            assert!((j.at(v, 0.0).i / exact - 1.0).abs() < 1e-12);
        }
        assert!((j.at(-1.0, 1e-12).i - (-1e-12 - 6e-14)).abs() < 1e-17);
    }

    #[test]
    fn breakdown_passes_through_its_point() {
        let model = DiodeModel { bv: 6.2, ibv: 5e-3, ..DiodeModel::default() };
        let j = junction(&model, 1.0, T);
        assert!((j.at(-6.2, 0.0).i / -5e-3 - 1.0).abs() < 1e-2, "{}", j.at(-6.2, 0.0).i);
        let (start, _) = j.breakdown.unwrap().start();
        let jump = j.at(start - 1e-9, 0.0).i - j.at(start + 1e-9, 0.0).i;
        assert!(jump.abs() < 1e-15);
    }

    #[test]
    fn saturation_current_rises_with_temperature() {
        let hot = junction(&DiodeModel::default(), 1.0, 330.0);
        let exact = 1e-14 * (330.0 / T).powi(3) * ((330.0 / T - 1.0) * 1.11 / thermal_voltage(330.0)).exp();
        assert!((hot.bottom.0 / exact - 1.0).abs() < 1e-12);
    }

    #[test]
    fn level_2_follows_pspice() {
        let model = DiodeModel { level: 2.0, ikf: 1e-3, bv: 5.0, ibv: 1e-6, isr: 1e-12, ..DiodeModel::default() };
        let (j, vt) = (junction(&model, 1.0, T), thermal_voltage(T));
        let ideal = 1e-14 * ((0.7 / vt).exp() - 1.0);
        let width = (1.0 - 0.7f64).powi(2) + 0.005;
        let exact = ideal * (1e-3 / (1e-3 + ideal)).sqrt() + 1e-12 * ((0.35 / vt).exp() - 1.0) * width.powf(0.25);
        assert!((j.at(0.7, 0.0).i / exact - 1.0).abs() < 1e-9);
        assert!((j.at(-5.1, 0.0).i / (-1e-6 * (0.1 / vt).exp()) - 1.0).abs() < 1e-4);
    }

    #[test]
    fn high_injection_bends_the_current() {
        let model = DiodeModel { ikf: 1e-3, ..DiodeModel::default() };
        let ideal = 1e-14 * ((0.75 / thermal_voltage(T)).exp() - 1.0);
        let exact = ideal / (1.0 + (ideal / 1e-3).sqrt());
        assert!((junction(&model, 1.0, T).at(0.75, 0.0).i / exact - 1.0).abs() < 1e-12);
    }
}
