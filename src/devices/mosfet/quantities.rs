//! Internal quantities (`@m1[gm]`) and noise.

use super::bank::Fet;
use super::charges::Gate;
use super::params::MosfetModel;
use super::process::or;
use super::transistor::{Bias, Transistor};
use crate::devices::junction::BOLTZMANN;
use crate::devices::{Context, NoiseSource};

/// Names of the internal quantities. Signs are those of ngspice: voltages and currents of a p-channel are those of the
/// n-channel with which it is computed, `von` and `vdsat` have the sign of the terminal voltages.
pub const NAMES: &[&str] = &[
    "id", "is", "ig", "ib", "ibd", "ibs", "vgs", "vds", "vbs", "vbd", "von", "vth", "vdsat", "gm", "gds", "gmb",
    "gmbs", "gbd", "gbs", "cgs", "cgd", "cgb", "cbd", "cbs", "rd", "rs", "p",
];

/// Currents of a transistor at accepted voltages.
struct Currents {
    v: [f64; 3],
    bias: Bias,
    /// Current, conductance, charge and capacitance of the junctions.
    source: (f64, f64, f64, f64),
    drain: (f64, f64, f64, f64),
}

impl Currents {
    fn new(f: &Fet, t: &Transistor, ctx: &Context) -> Self {
        let v = f.voltages(ctx.x);
        Self { v, bias: t.at(v), source: t.source.at(v[2], ctx.gmin), drain: t.drain.at(v[2] - v[1], ctx.gmin) }
    }

    /// Into the drain.
    fn id(&self) -> f64 {
        self.bias.current.value - self.drain.0
    }

    /// Into the bulk.
    fn ib(&self) -> f64 {
        self.source.0 + self.drain.0
    }
}

/// Small-signal capacitance of the gate to terminal `k` of drain (0), source (2) and bulk (3), without overlap.
fn capacitance(gate: &Gate, branch: usize) -> f64 {
    match gate {
        Gate::Capacitances(c) => c[branch].value,
        // what the gate's charge owes to the potential of the terminal
        Gate::Charges([_, gate, ..]) => -gate.columns()[[2, 0, 3][branch]],
    }
}

/// The quantity `name`, from accepted values.
pub fn internal(f: &Fet, t: &Transistor, name: &str, ctx: &Context) -> Option<f64> {
    let c = Currents::new(f, t, ctx);
    let [vgs, vds, vbs] = c.v;
    let slope = if vds >= 0.0 { c.bias.current.slope } else { c.bias.current.exchanged(-1.0).slope };
    let resistance = |conductance: f64| if conductance > 0.0 { 1.0 / conductance } else { 0.0 };
    Some(match name {
        "id" => c.id(),
        "is" => -c.id() - c.ib(),
        "ig" => 0.0,
        "ib" => c.ib(),
        "ibd" => c.drain.0,
        "ibs" => c.source.0,
        "vgs" => vgs,
        "vds" => vds,
        "vbs" => vbs,
        "vbd" => vbs - vds,
        "von" | "vth" => f.sign * c.bias.threshold,
        "vdsat" => f.sign * c.bias.saturation,
        "gm" => slope[0],
        "gds" => slope[1],
        "gmb" | "gmbs" => slope[2],
        "gbd" => c.drain.1,
        "gbs" => c.source.1,
        "cgs" => capacitance(&c.bias.gate, 0) + t.overlap[0],
        "cgd" => capacitance(&c.bias.gate, 1) + t.overlap[1],
        "cgb" => capacitance(&c.bias.gate, 2) + t.overlap[2],
        "cbd" => c.drain.3,
        "cbs" => c.source.3,
        "rd" => resistance(t.drain_conductance),
        "rs" => resistance(t.source_conductance),
        "p" => current_and_power(f, t, ctx).1,
        _ => return None,
    })
}

/// Current into the drain, A, and dissipation, W, by conduction.
pub fn current_and_power(f: &Fet, t: &Transistor, ctx: &Context) -> (f64, f64) {
    let c = Currents::new(f, t, ctx);
    let [d, b] = [f.outer[0], f.nodes[3]].map(|n| ctx.x[n as usize] - ctx.x[f.outer[1] as usize]);
    (f.sign * c.id(), f.sign * (c.id() * d + c.ib() * b))
}

/// Noise parameters of a card.
#[derive(Clone, Copy, Debug)]
pub struct Noise {
    kf: f64,
    af: f64,
    /// Form of the densities (HSPICE's NLEV); `None` for that of SPICE3.
    form: Option<u8>,
    gdsnoi: f64,
    /// Oxide capacitance per area, F/m^2.
    oxide: f64,
}

impl PartialEq for Noise {
    fn eq(&self, o: &Self) -> bool {
        (self.kf, self.af, self.form, self.gdsnoi, self.oxide) == (o.kf, o.af, o.form, o.gdsnoi, o.oxide)
    }
}

impl Noise {
    /// Those of `model`.
    pub fn new(model: &MosfetModel) -> Self {
        let thickness = or(model.tox, 0.0);
        Self {
            kf: model.kf,
            af: model.af,
            form: (!model.nlev.is_nan()).then_some(model.nlev as u8),
            gdsnoi: model.gdsnoi,
            // flicker noise without an oxide is that of 100 nm, as in SPICE
            oxide: 3.9 * 8.854214871e-12 / if thickness > 0.0 { thickness } else { 1e-7 },
        }
    }

    /// Thermal noise of the series resistances and of the channel, flicker noise.
    pub fn sources(
        &self,
        index: usize,
        f: &Fet,
        t: &Transistor,
        frequency: f64,
        ctx: &Context,
        add: &mut dyn FnMut(NoiseSource),
    ) {
        let c = Currents::new(f, t, ctx);
        let thermal = 4.0 * BOLTZMANN * t.temperature;
        let [d, _, s, _] = f.nodes;
        let mut source = |name, plus, minus, density| add(NoiseSource { index, name, plus, minus, density });
        if t.drain_conductance > 0.0 {
            source("rd", f.outer[0], d, thermal * t.drain_conductance);
        }
        if t.source_conductance > 0.0 {
            source("rs", f.outer[1], s, thermal * t.source_conductance);
        }
        let forward = if c.v[1] >= 0.0 { c.bias.current } else { c.bias.current.exchanged(-1.0) };
        let gm = forward.slope[0].abs();
        source("id", d, s, thermal * self.channel_conductance(&c, t, gm));
        if self.kf > 0.0 {
            source("1overf", d, s, self.flicker(c.id().abs(), gm, t, frequency));
        }
    }

    /// Conductance with the thermal noise of the channel, S.
    fn channel_conductance(&self, c: &Currents, t: &Transistor, gm: f64) -> f64 {
        if self.form != Some(3) {
            return 2.0 / 3.0 * gm;
        }
        let [vgs, vds, _] = c.v;
        let over = if vds >= 0.0 { vgs } else { vgs - vds } - c.bias.threshold;
        if over <= 0.0 {
            return 0.0;
        }
        let alpha = if over <= vds.abs() { 0.0 } else { 1.0 - vds.abs() / c.bias.saturation };
        2.0 / 3.0 * t.beta * over * (1.0 + alpha + alpha * alpha) / (1.0 + alpha) * self.gdsnoi
    }

    /// Flicker noise density, A^2/Hz.
    fn flicker(&self, id: f64, gm: f64, t: &Transistor, frequency: f64) -> f64 {
        let (area, m) = (t.width * t.length, t.parallel);
        match self.form {
            None => self.kf * id.powf(self.af) / (frequency * area * m * self.oxide * self.oxide),
            Some(0) => m * self.kf * (id / m).powf(self.af) / (frequency * t.length * t.length * self.oxide),
            Some(1) => m * self.kf * (id / m).powf(self.af) / (frequency * area * self.oxide),
            Some(_) => self.kf * gm * gm / (m * frequency.powf(self.af) * area * self.oxide),
        }
    }
}
