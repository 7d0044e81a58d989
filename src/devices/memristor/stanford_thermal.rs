//! Stanford-type RRAM with a thermal capacitance, as in the ReRAM cell of the SkyWater 130 nm process: the filament grows and
//! recedes between two electrodes, and the temperature is a second state.
//!
//! Model form of Z. Jiang et al., IEEE Trans. Electron Devices 63, 1884 (2016), doi:10.1109/TED.2016.2545412; parameters of
//! `sky130_fd_pr_reram` (SkyWater PDK Authors, 2020). Equations: `docs/devices/stanford.md`. States: `x`, the filament between its
//! least (0) and greatest thickness (1), and the temperature rise in units of 1000 K. Set for positive voltages.

use crate::devices::{ANY, NON_NEGATIVE, POSITIVE};

use super::model::{CompactModel, Flow, Rate, Site};
use super::smooth::{barrier, limited_exp, saturate};

const NOT_GIVEN: f64 = f64::NAN;
/// `e / k`, K/V.
const KELVIN_PER_VOLT: f64 = 1.602176634e-19 / 1.380649e-23;
/// Voltage, in units of `v_ref`, beyond which the current is linear.
const LINEAR_FROM: f64 = 40.0;
/// Largest exponent of the rate.
const LARGEST: f64 = 100.0;
/// Unit of the temperature rise, K.
const UNIT: f64 = 1e3;
/// Smallest temperature of an iterate, as a share of the ambient one.
const COLDEST: f64 = 0.5;

crate::parameters! {
    /// Parameters of the Stanford-type RRAM with a thermal capacitance; defaults: SkyWater 130 nm.
    pub struct StanfordThermalParams {
        tox [] = 5e-9, "m", POSITIVE, "thickness of the oxide";
        tfilament_max [] = 4.9e-9, "m", POSITIVE, "greatest thickness of the filament";
        tfilament_min [] = 3.3e-9, "m", POSITIVE, "smallest thickness of the filament";
        tfilament_0 [] = NOT_GIVEN, "m", POSITIVE, "initial thickness (default tfilament_min)";
        eact_generation [] = 1.501, "eV", NON_NEGATIVE, "activation energy of growth";
        eact_recombination [] = 1.5, "eV", NON_NEGATIVE, "activation energy of recession";
        i_k1 [] = 6.14e-5, "A", POSITIVE, "current scale";
        tfilament_ref [] = 4.7249e-9, "m", POSITIVE, "tox less the gap that lowers the current by e";
        v_ref [] = 0.43, "V", 1e-3..=1e3, "voltage scale of the current";
        velocity_k1 [] = 150.0, "m/s", NON_NEGATIVE, "velocity scale";
        gamma_k0 [] = 16.5, "-", ANY, "local field enhancement without gap";
        gamma_k1 [] = -1.25, "-", ANY, "its change with the third power of the gap in nm";
        a0 [] = 0.25e-9, "m", POSITIVE, "atomic distance";
        temperature_0 ["t0"] = NOT_GIVEN, "K", 1.0..=5e3, "ambient temperature (default: that of the netlist, else 300 K)";
        c_thermal [] = 3.1825e-16, "J/K", POSITIVE, "thermal capacitance";
        tau_thermal [] = 0.23e-9, "s", POSITIVE, "thermal time constant";
        width [] = 1e-4, "-", 1e-7..=0.1, "share of the range over which motion stops at a bound";
    }
}

/// The model with its constants computed.
#[derive(Clone, Debug, PartialEq)]
pub struct StanfordThermal {
    thinnest: f64,
    range: f64,
    tox: f64,
    generation: f64,
    recombination: f64,
    i_k1: f64,
    decay: f64,
    v_ref: f64,
    /// Velocity over the range, 1/s.
    speed: f64,
    gamma: (f64, f64),
    /// Atomic distance over oxide thickness.
    pull: f64,
    ambient: f64,
    capacitance: f64,
    tau: f64,
    width: f64,
}

/// Current with derivatives by `v` and `x`; gap and its derivative by `x`.
struct Local {
    gap: f64,
    gap_x: f64,
    i: f64,
    i_v: f64,
    i_x: f64,
}

impl StanfordThermal {
    fn local(&self, x: f64, v: f64) -> Local {
        let (share, slope) = saturate(x, self.width);
        let (gap, gap_x) = (self.tox - self.thinnest - self.range * share, -self.range * slope);
        let u = v / self.v_ref;
        let inner = u.clamp(-LINEAR_FROM, LINEAR_FROM);
        let (sinh, cosh) = (inner.sinh(), inner.cosh());
        let scale = self.i_k1 * (-gap / self.decay).exp();
        let i = scale * (sinh + cosh * (u - inner));
        Local { gap, gap_x, i, i_v: scale * cosh / self.v_ref, i_x: -i / self.decay * gap_x }
    }

    fn enhancement(&self, gap: f64) -> (f64, f64) {
        let nm = gap * 1e9;
        (self.gamma.0 + self.gamma.1 * nm * nm * nm, 3.0 * self.gamma.1 * nm * nm * 1e9)
    }
}

impl CompactModel<2> for StanfordThermal {
    type Params = StanfordThermalParams;
    type Held = ();
    const KIND: &'static str = "stanford_thermal";
    const AMBIENT: f64 = 300.0;
    const STATES: &'static [&'static str] = &["x", "rise"];
    const INITIAL: &'static [&'static str] = &["tfilament_0"];
    const INTERNALS: &'static [&'static str] =
        &["x", "gap", "tfilament", "t", "temperature", "gamma", "g", "i", "v", "p"];
    const DOMAIN: [(f64, f64); 2] = [(0.0, 1.0), (0.0, 10.0)];
    const TOLERANCES: [f64; 2] = [1e-4, 1e-3];

    fn new(params: &StanfordThermalParams, temperature: f64) -> Result<Self, String> {
        let p = params;
        if !(p.tfilament_min < p.tfilament_max && p.tfilament_max <= p.tox) {
            return Err("tfilament_min must be smaller than tfilament_max, and that not larger than tox".into());
        }
        if p.tfilament_ref >= p.tox {
            return Err(format!("tfilament_ref ({:e} m) must be smaller than tox ({:e} m)", p.tfilament_ref, p.tox));
        }
        let range = p.tfilament_max - p.tfilament_min;
        Ok(Self {
            thinnest: p.tfilament_min,
            range,
            tox: p.tox,
            generation: p.eact_generation,
            recombination: p.eact_recombination,
            i_k1: p.i_k1,
            decay: p.tox - p.tfilament_ref,
            v_ref: p.v_ref,
            speed: p.velocity_k1 / range,
            gamma: (p.gamma_k0, p.gamma_k1),
            pull: p.a0 / p.tox,
            ambient: if p.temperature_0.is_nan() { temperature } else { p.temperature_0 },
            capacitance: p.c_thermal,
            tau: p.tau_thermal,
            width: p.width,
        })
    }

    fn initial(&self, params: &StanfordThermalParams, states: &mut [f64]) -> Result<(), String> {
        let thickness = if params.tfilament_0.is_nan() { self.thinnest } else { params.tfilament_0 };
        let x = (thickness - self.thinnest) / self.range;
        if !(-1e-9..=1.0 + 1e-9).contains(&x) {
            return Err(format!("tfilament_0 ({thickness:e} m) must lie between tfilament_min and tfilament_max"));
        }
        states.copy_from_slice(&[x.clamp(0.0, 1.0), 0.0]);
        Ok(())
    }

    fn current(&self, s: &[f64; 2], _site: &Site, v: f64, _held: &mut ()) -> Flow<2> {
        let at = self.local(s[0], v);
        Flow { i: at.i, di_dv: at.i_v, di_ds: [at.i_x, 0.0] }
    }

    fn rate(&self, s: &[f64; 2], _site: &Site, v: f64, _held: &mut ()) -> Rate<2> {
        let at = self.local(s[0], v);
        let (gamma, gamma_g) = self.enhancement(at.gap);
        let warm = self.ambient + UNIT * s[1];
        let coldest = COLDEST * self.ambient;
        let (t, t_y) = if warm > coldest { (warm, UNIT) } else { (coldest, 0.0) };
        let per_volt = KELVIN_PER_VOLT / t;
        let push = gamma * self.pull * v;
        let (up, down) = (self.generation - push, self.recombination + push);
        let (forth, dforth) = limited_exp(-up * per_volt, LARGEST);
        let (back, dback) = limited_exp(-down * per_volt, LARGEST);
        let f = self.speed * (forth - back);
        let by_push = self.speed * per_volt * (dforth + dback);
        let by_t = self.speed * per_volt / t * (up * dforth - down * dback);
        let (f_v, f_x) = (by_push * gamma * self.pull, by_push * gamma_g * at.gap_x * self.pull * v);
        let (b, b_x) = if f > 0.0 {
            let (b, d) = barrier(1.0 - s[0], self.width);
            (b, -d)
        } else {
            barrier(s[0], self.width)
        };
        let heat = 1.0 / (self.capacitance * UNIT);
        Rate {
            f: [f * b, heat * v * at.i - s[1] / self.tau],
            df_dv: [f_v * b, heat * (at.i + v * at.i_v)],
            df_ds: [[f_x * b + f * b_x, by_t * t_y * b], [heat * v * at.i_x, -1.0 / self.tau]],
        }
    }

    fn rate_bound(&self, _v: f64, _held: &mut ()) -> f64 {
        f64::INFINITY
    }

    fn internal(&self, name: &str, s: &[f64; 2], _site: &Site, v: f64) -> Option<f64> {
        let at = self.local(s[0], v);
        match name {
            "gap" => Some(at.gap),
            "tfilament" => Some(self.tox - at.gap),
            "t" | "temp" | "temperature" => Some(self.ambient + UNIT * s[1]),
            "gamma" => Some(self.enhancement(at.gap).0),
            _ => None,
        }
    }
}
