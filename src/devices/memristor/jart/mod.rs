//! JART VCM v1b: filamentary valence-change memory Pt/HfO2/TiOx/Ti, deterministic and variability-aware.
//!
//! F. Cueppers et al., APL Materials 7, 091105 (2019), doi:10.1063/1.5108654; C. Bengel et al., IEEE Trans. Circuits Syst. I
//! 67, 4618 (2020), doi:10.1109/TCSI.2020.3018502. The solved state is `ln N`, the logarithm of the vacancy concentration in
//! the disc in 1e26 m^-3. Temperature and the drop over the Schottky element are algebraic and solved inside.
//! Set for negative, reset for positive voltages. Equations, choice of branch and accuracy: `docs/devices/jart.md`.

mod kinetics;
mod statics;
mod variability;

use std::f64::consts::PI;

use crate::devices::{ANY, NON_NEGATIVE, POSITIVE};

use super::model::{Advance, CompactModel, Flow, Kept, Rate, Site};
use super::noise::mix;
use super::smooth::saturate;

use kinetics::{Hopping, Motion};
use statics::{Disc, Network, Static};
use variability::{Jumps, Phase, Targets, Variability};

const NOT_GIVEN: f64 = f64::NAN;
/// Below this voltage the device is linear, V.
const LINEAR: f64 = 1e-12;
/// Above this voltage the device is linear, V.
const LARGEST: f64 = 50.0;
/// Cells of the grid on which first guesses are kept: per volt and per unit of `ln N`.
const GRID: (f64, f64) = (64.0, 16.0);
/// Range of `ln N`.
const RANGE: (f64, f64) = (-9.5, 7.5);

crate::parameters! {
    /// Parameters of JART VCM v1b; defaults and names are those of the published model.
    pub struct JartParams {
        ndiscmax [] = 20.0, "1e26/m^3", 1e-3..=1100.0, "upper bound of the concentration in the disc";
        ndiscmin [] = 0.008, "1e26/m^3", 1e-4..=100.0, "lower bound of the concentration in the disc";
        ninit ["n0", "n_init"] = NOT_GIVEN, "1e26/m^3", 1e-4..=1100.0, "initial concentration (default ndiscmin)";
        nplug [] = 20.0, "1e26/m^3", 1e-4..=1100.0, "concentration in the plug";
        rdet [] = 45e-9, "m", 1e-10..=1e-6, "nominal radius of the filament";
        ldet [] = 0.4, "nm", 1e-3..=100.0, "nominal length of the disc";
        lcell [] = 3.0, "nm", 1e-2..=100.0, "length of disc and plug";
        rnew [] = NOT_GIVEN, "m", 1e-10..=1e-6, "radius that the filament moves to (default rdet)";
        lnew [] = NOT_GIVEN, "nm", 1e-3..=100.0, "length that the disc moves to (default ldet)";
        rold ["r_old"] = NOT_GIVEN, "m", 1e-10..=1e-6, "radius at the start of the first half cycle (default rnew)";
        lold ["l_old"] = NOT_GIVEN, "nm", 1e-3..=100.0, "length at the start of the first half cycle (default lnew)";
        nold ["n_old"] = NOT_GIVEN, "1e26/m^3", 1e-4..=1100.0, "concentration at the start of the first half cycle (default ninit)";
        phibn0 [] = 0.18, "eV", 1e-3..=5.0, "nominal Schottky barrier";
        phin [] = 0.1, "eV", ANY, "Fermi level to conduction band";
        eps [] = 17.0, "-", 1.0..=1e4, "static permittivity (field emission)";
        epsphib [] = 5.5, "-", 1.0..=1e4, "permittivity of the barrier lowering";
        arich [] = 6.01e5, "A/(m K)^2", POSITIVE, "Richardson constant";
        mdiel [] = 9.10938e-31, "kg", 1e-34..=1e-28, "tunnelling mass";
        zvo [] = 2.0, "-", 0.1..=10.0, "charge number of the vacancies";
        un [] = 4e-6, "m^2/(V s)", POSITIVE, "electron mobility";
        a [] = 0.25e-9, "m", 1e-12..=1e-7, "hop distance";
        ny0 ["nyo"] = 2e13, "Hz", NON_NEGATIVE, "attempt frequency";
        dwa [] = 1.35, "eV", 1e-3..=10.0, "hopping barrier";
        rth0 [] = 15.72e6, "K/W", NON_NEGATIVE, "thermal resistance at rdet";
        rtheff_scaling [] = 0.27, "-", NON_NEGATIVE, "factor on it for positive voltages";
        rtiox ["rseriestiox"] = 650.0, "ohm", NON_NEGATIVE, "series resistance of the oxide layer";
        r0 [] = 719.2437, "ohm", NON_NEGATIVE, "cold resistance of the metal line";
        rthline [] = 90471.47, "K/W", NON_NEGATIVE, "thermal resistance of the line";
        alphaline [] = 3.92e-3, "1/K", NON_NEGATIVE, "temperature coefficient of the line";
        t0 [] = NOT_GIVEN, "K", 1.0..=5e3, "ambient temperature (default: that of the netlist, else 293 K)";
        flim [] = 1.0, "-", 0.0..=1.0, "1 limiting factor (1 - (N/bound)^10), 0 hard stop at the bounds";
        d2d [] = 0.0, "-", 0.0..=100.0, "device-to-device variability in units of the sd parameters";
        c2c [] = 0.0, "-", 0.0..=100.0, "cycle-to-cycle variability in the same units (jart_vcm_v1b_var)";
        sd_ndiscmin [] = 2e-3, "1e26/m^3", NON_NEGATIVE, "standard deviation of ndiscmin";
        sd_ndiscmax [] = 1.0, "1e26/m^3", NON_NEGATIVE, "standard deviation of ndiscmax";
        sd_l [] = 0.04, "nm", NON_NEGATIVE, "standard deviation of the disc length";
        sd_r [] = 5e-9, "m", NON_NEGATIVE, "standard deviation of the radius";
        trunc [] = 2.0, "-", 0.1..=10.0, "deviates beyond this many standard deviations are drawn again";
        rtn [] = 0.0, "-", 0.0..=64.0, "vacancies that jump in and out of the disc (0: no telegraph noise)";
        trtn [] = 1e-3, "s", POSITIVE, "mean time between draws of such a vacancy";
        prtn [] = 0.5, "-", 0.0..=1.0, "probability that it is in the disc";
        seed [] = 0.0, "-", ANY, "other numbers give other draws";
        e [] = 1.602176634e-19, "C", POSITIVE, "elementary charge";
        k [] = 1.380649e-23, "J/K", POSITIVE, "Boltzmann's constant";
        h [] = 6.62607015e-34, "J s", POSITIVE, "Planck's constant";
        eps0 [] = 8.8541878128e-12, "F/m", POSITIVE, "vacuum permittivity";
    }
}

/// JART VCM v1b with its constants computed; `MOVING` is the variability-aware version, whose geometry moves.
#[derive(Clone, Debug, PartialEq)]
pub struct Jart<const MOVING: bool> {
    network: Network,
    hopping: Hopping,
    variability: Variability,
    jumps: Jumps,
    /// One vacancy as a concentration times area and length, 1e26/m^3 m^2 nm.
    vacancy: f64,
}

/// A static solution on the grid of first guesses: share of the voltage over the Schottky element, with the slopes of its
/// logarithm.
#[derive(Clone, Copy, Debug)]
struct Node {
    u: f64,
    y: f64,
    share: f64,
    by_u: f64,
    by_y: f64,
}

/// Everything that a static solution depends on besides parameters: voltage, `ln N`, half cycle, time.
type Key = (f64, f64, Phase, f64);

/// What a device need not compute twice.
#[derive(Clone, Copy, Debug, Default)]
pub struct Held {
    targets: Kept<f64, Targets>,
    node: Kept<(i64, i64, Phase), Node>,
    solved: Kept<Key, (Static, Disc)>,
    excess: Kept<f64, f64>,
}

impl<const MOVING: bool> Jart<MOVING> {
    /// Half cycle of a device at a voltage.
    fn phase(&self, site: &Site, v: f64, held: &mut Held) -> Phase {
        if MOVING {
            return Phase::at(&self.variability, site.auxiliary, site.stream, v, &mut held.targets);
        }
        let targets = held.targets.at(0.0, || self.variability.targets(site.stream, 0.0));
        Phase { polarity: 0.0, turn: 0.0, r: targets.r, l: targets.l, n: 1.0, targets }
    }

    /// The disc at `y = ln N`, with the vacancies that are in it at the moment.
    fn disc(&self, phase: &Phase, y: f64, excess: f64) -> Disc {
        let width = RANGE.1 - RANGE.0;
        let (share, slope) = saturate((y - RANGE.0) / width, 0.05);
        let n = (RANGE.0 + share * width).exp();
        let mut disc = phase.disc(n);
        disc.dr *= slope;
        disc.dl *= slope;
        disc.dn = slope;
        if excess != 0.0 {
            // the change of a vacancy, by which the concentration stays positive
            let added = excess * self.vacancy / (disc.r * disc.r * disc.l);
            let ratio = added / n;
            let (factor, dln) =
                if ratio >= 0.0 { (1.0 + ratio, 1.0 / (1.0 + ratio)) } else { (ratio.exp(), 1.0 - ratio) };
            let dln_geometry = -(2.0 * disc.dr / disc.r + disc.dl / disc.l);
            disc.n = n * factor;
            disc.dn = slope * dln + dln_geometry * if ratio >= 0.0 { ratio / factor } else { ratio };
        }
        disc
    }

    /// Static solution and disc at `|v|` within the linear limits.
    fn solved(&self, y: f64, phase: &Phase, site: &Site, v: f64, held: &mut Held) -> (Static, Disc) {
        let (positive, u) = (v >= 0.0, v.abs().clamp(LINEAR, LARGEST));
        let excess = if self.jumps.count == 0 {
            0.0
        } else {
            held.excess.at(site.time, || self.jumps.excess(site.stream, site.time))
        };
        let signed = if positive { u } else { -u };
        let Held { node, solved, .. } = held;
        solved.at((signed, y, *phase, excess), || {
            let disc = self.disc(phase, y, excess);
            let ln_n = if excess == 0.0 { y } else { disc.n.ln() };
            let (column, row) = ((signed * GRID.0).floor(), (ln_n * GRID.1).floor());
            let node = node.at((column as i64, row as i64, *phase), || {
                let (u, y) = (((column + 0.5) / GRID.0).abs(), (row + 0.5) / GRID.1);
                let disc = self.disc(phase, y, 0.0);
                let at = self.network.solve(&disc, u, positive, None);
                Node { u, y, share: at.x / u, by_u: at.x_u / at.x - 1.0 / u, by_y: at.x_y / at.x }
            });
            let (du, dy) = (u - node.u, ln_n - node.y);
            let guess = u * (node.share * (node.by_u * du + node.by_y * dy).clamp(-1.0, 1.0).exp()).min(0.999);
            (self.network.solve(&disc, u, positive, Some(guess)), disc)
        })
    }
}

impl<const MOVING: bool> CompactModel<1> for Jart<MOVING> {
    type Params = JartParams;
    type Held = Held;
    const KIND: &'static str = if MOVING { "jart_vcm_v1b_var" } else { "jart_vcm_v1b" };
    const AMBIENT: f64 = 293.0;
    const STATES: &'static [&'static str] =
        if MOVING { &["lnn", "last", "polarity", "turn", "r_old", "l_old", "n_old"] } else { &["lnn"] };
    const INITIAL: &'static [&'static str] = &["ninit"];
    const INTERNALS: &'static [&'static str] = &[
        "n",
        "lnn",
        "t",
        "temperature",
        "vs",
        "rdisc",
        "rplug",
        "rseries",
        "r",
        "l",
        "ndiscmin",
        "ndiscmax",
        "dndt",
        "g",
        "i",
        "v",
        "p",
    ];
    const DOMAIN: [(f64, f64); 1] = [RANGE];
    const TOLERANCES: [f64; 1] = [1e-4];

    fn new(params: &JartParams, temperature: f64) -> Result<Self, String> {
        let p = params;
        let given = |value: f64, default: f64| if value.is_nan() { default } else { value };
        let (r, l) = (given(p.rnew, p.rdet), given(p.lnew, p.ldet));
        if p.ndiscmin >= p.ndiscmax {
            return Err(format!("ndiscmin ({:e}) must be smaller than ndiscmax ({:e})", p.ndiscmin, p.ndiscmax));
        }
        for (name, length) in [("ldet", p.ldet), ("lnew", l), ("lold", given(p.lold, l))] {
            if length >= p.lcell {
                return Err(format!("{name} ({length:e} nm) must be smaller than lcell ({:e} nm)", p.lcell));
            }
        }
        if !MOVING {
            let moving = [
                ("c2c", p.c2c > 0.0),
                ("rold", !p.rold.is_nan()),
                ("lold", !p.lold.is_nan()),
                ("nold", !p.nold.is_nan()),
            ];
            if let Some((name, _)) = moving.iter().find(|(_, used)| *used) {
                return Err(format!("{name} needs the version with moving geometry: model type jart_vcm_v1b_var"));
            }
        }
        let charge = p.zvo * p.e;
        let permittivity = p.epsphib * p.eps0;
        let seed = mix(p.seed.to_bits());
        Ok(Self {
            network: Network {
                kelvin_per_volt: p.e / p.k,
                ambient: given(p.t0, temperature),
                richardson: p.arich,
                barrier: p.phibn0,
                flat: p.phibn0 - p.phin,
                lowering: p.e.powi(3) * p.zvo * 1e26 / (8.0 * PI * PI * permittivity.powi(3)),
                tunnelling: p.h / (4.0 * PI) * (p.zvo * 1e26 / (p.mdiel * p.eps * p.eps0)).sqrt(),
                resistivity: 1e-9 / (1e26 * charge * p.un * PI),
                plug: p.nplug,
                cell: p.lcell,
                thermal: p.rth0 * p.rdet * p.rdet,
                thermal_reset: p.rtheff_scaling,
                series: p.rtiox + p.r0,
                heating: p.r0 * p.r0 * p.alphaline * p.rthline,
            },
            hopping: Hopping {
                barrier: p.dwa * p.e / p.k,
                field: p.zvo * p.a / (PI * p.dwa),
                speed: p.a * p.ny0,
                plug: p.nplug,
                cell: p.lcell,
                limited: p.flim.round() == 1.0,
            },
            variability: Variability {
                mean: Targets {
                    r,
                    l,
                    low: p.ndiscmin,
                    high: p.ndiscmax,
                    ln_low: p.ndiscmin.ln(),
                    ln_high: p.ndiscmax.ln(),
                },
                sigma: [p.sd_r, p.sd_l, p.sd_ndiscmin, p.sd_ndiscmax],
                device: p.d2d,
                cycle: p.c2c,
                cut: p.trunc,
                cell: p.lcell,
                seed,
            },
            jumps: Jumps { count: p.rtn.round() as u64, time: p.trtn, inside: p.prtn, seed },
            vacancy: 1e-26 * 1e9 / PI,
        })
    }

    fn initial(&self, params: &JartParams, states: &mut [f64]) -> Result<(), String> {
        let given = |value: f64, default: f64| if value.is_nan() { default } else { value };
        let n = given(params.ninit, params.ndiscmin);
        states[0] = n.ln();
        if MOVING {
            let start = Phase {
                polarity: 0.0,
                turn: 0.0,
                r: given(params.rold, 0.0),
                l: given(params.lold, 0.0),
                n: given(params.nold, n),
                targets: self.variability.mean,
            };
            start.store(n.ln(), &mut states[1..]);
        }
        Ok(())
    }

    fn current(&self, s: &[f64; 1], site: &Site, v: f64, held: &mut Held) -> Flow<1> {
        let phase = self.phase(site, v, held);
        let (at, _) = self.solved(s[0], &phase, site, v, held);
        let sign = if v >= 0.0 { 1.0 } else { -1.0 };
        let (u, beyond) = (v.abs(), v.abs() - LARGEST);
        if u < LINEAR {
            let share = u / LINEAR;
            return Flow { i: v * at.j / LINEAR, di_dv: at.j / LINEAR, di_ds: [sign * at.j_y * share] };
        }
        Flow { i: sign * (at.j + at.j_u * beyond.max(0.0)), di_dv: at.j_u, di_ds: [sign * at.j_y] }
    }

    fn rate(&self, s: &[f64; 1], site: &Site, v: f64, held: &mut Held) -> Rate<1> {
        if v.abs() < LINEAR {
            return Rate { f: [0.0], df_dv: [0.0], df_ds: [[0.0]] };
        }
        let phase = self.phase(site, v, held);
        let (at, disc) = self.solved(s[0], &phase, site, v, held);
        let positive = v > 0.0;
        let distance = if positive { s[0] - phase.targets.ln_low } else { phase.targets.ln_high - s[0] };
        let Motion { f, f_u, f_y } = self.hopping.motion(&disc, &at, positive, distance);
        let f_u = if v.abs() > LARGEST { 0.0 } else { f_u };
        // positive voltages drive the vacancies out; the slope by v is the same on both sides
        let sign = if positive { -1.0 } else { 1.0 };
        Rate { f: [sign * f], df_dv: [-f_u], df_ds: [[sign * f_y]] }
    }

    fn rate_bound(&self, v: f64, _held: &mut Held) -> f64 {
        if v.abs() < LINEAR { 0.0 } else { f64::INFINITY }
    }

    fn advance(&self, step: &Advance<1>, auxiliary: &mut [f64], held: &mut Held) -> f64 {
        let site = Site { auxiliary, path_slope: 0.0, stream: step.stream, time: 0.0 };
        let phase = self.phase(&site, step.v, held);
        phase.store(step.after[0], auxiliary);
        0.0
    }

    fn internal(&self, name: &str, s: &[f64; 1], site: &Site, v: f64) -> Option<f64> {
        let mut held = Held::default();
        let phase = self.phase(site, v, &mut held);
        let (at, disc) = self.solved(s[0], &phase, site, v, &mut held);
        // within the linear range everything falls with the voltage
        let share = (v.abs() / LINEAR).min(1.0);
        let sign = if v >= 0.0 { 1.0 } else { -1.0 };
        let n = s[0].exp();
        Some(match name {
            "n" | "ndisc" => n,
            "t" | "temp" | "temperature" => self.network.ambient + share * share * (at.t - self.network.ambient),
            "vs" => sign * share * at.x,
            "rdisc" => at.disc,
            "rplug" => at.inner - at.disc,
            "rseries" => self.network.series + self.network.heating * (share * at.j).powi(2),
            "r" => disc.r,
            "l" => disc.l,
            "ndiscmin" => phase.targets.low,
            "ndiscmax" => phase.targets.high,
            "dndt" => n * self.rate(s, site, v, &mut held).f[0],
            _ => return None,
        })
    }

    fn breakpoint(&self, stream: u64, after: f64) -> f64 {
        self.jumps.next(stream, after)
    }

    fn marks_turns(&self) -> bool {
        MOVING
    }
}
