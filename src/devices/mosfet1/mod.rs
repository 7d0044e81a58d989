//! Level-1 MOS transistor (Shichman and Hodges) with bulk junctions, overlap and Meyer gate capacitances.
//!
//! Meyer's capacitances have no charge function: the charge of each gate branch is the integral of `C dv` along the
//! way the voltages took. As in SPICE the integral over a step is `(C_old + C_new)/2 * (v_new - v_old)`, with the old
//! point being the last accepted one, which lives in the bank's memory. What leaves one terminal enters another at
//! every instant; a charge may drift over a closed cycle of gate and drain, as it does in every simulator with
//! Meyer's model.

mod channel;

use super::cards::{Cards, device, instance, intern, nominal_temperature};
use super::junction::{
    BOLTZMANN, CELSIUS, CHARGE, Depletion, band_gap, capacitance_factor, critical_voltage, junction_current,
    limit_drain, limit_gate, limit_junction, potential_at, thermal_voltage,
};
use super::{ANY, Bank, Builder, Context, ModelType, NON_NEGATIVE, POSITIVE, Parameters, Slot, Stamps, Unknown};
use crate::circuit::{ElementId, ModelCard};
use crate::diagnostic::Diagnostic;
use channel::{Branch, Channel, Intrinsic};

/// Permittivity of silicon dioxide, F/m (the value of the level-1 model).
const OXIDE: f64 = 3.9 * 8.854214871e-12;
/// Permittivity of silicon, F/m.
const SILICON: f64 = 11.7 * 8.854214871e-12;
/// Intrinsic carrier density of silicon, 1/m^3.
const INTRINSIC_DENSITY: f64 = 1.45e16;

crate::parameters! {
    /// Parameters of a level-1 `nmos` or `pmos` model.
    pub struct Mosfet1Model {
        level [] = 1.0, "-", ANY, "model level; only 1 is offered";
        vto ["vt0"] = f64::NAN, "V", ANY, "threshold voltage at zero bulk bias; from nsub, or 0";
        kp [] = f64::NAN, "A/V^2", POSITIVE, "transconductance; from uo and tox, or 2e-5";
        gamma [] = f64::NAN, "V^0.5", NON_NEGATIVE, "body effect; from nsub, or 0";
        phi [] = f64::NAN, "V", 0.01..=100.0, "surface potential; from nsub, or 0.6";
        lambda [] = 0.0, "1/V", NON_NEGATIVE, "channel length modulation";
        rd [] = f64::NAN, "ohm", NON_NEGATIVE, "drain resistance";
        rs [] = f64::NAN, "ohm", NON_NEGATIVE, "source resistance";
        rsh [] = 0.0, "ohm", NON_NEGATIVE, "sheet resistance of drain and source";
        cbd [] = f64::NAN, "F", NON_NEGATIVE, "bulk-drain capacitance at zero bias";
        cbs [] = f64::NAN, "F", NON_NEGATIVE, "bulk-source capacitance at zero bias";
        is [] = 1e-14, "A", POSITIVE, "saturation current of the bulk junctions";
        js [] = 0.0, "A/m^2", NON_NEGATIVE, "saturation current density of the bulk junctions";
        pb [] = 0.8, "V", 0.01..=100.0, "bulk junction potential";
        cj [] = 0.0, "F/m^2", NON_NEGATIVE, "bulk junction bottom capacitance";
        mj [] = 0.5, "-", 0.0..=0.9, "grading of the bottom";
        cjsw [] = 0.0, "F/m", NON_NEGATIVE, "bulk junction sidewall capacitance";
        mjsw [] = 0.5, "-", 0.0..=0.9, "grading of the sidewall";
        fc [] = 0.5, "-", 0.0..=0.95, "fraction of pb at which the capacitance continues linearly";
        cgso [] = 0.0, "F/m", NON_NEGATIVE, "gate-source overlap capacitance per width";
        cgdo [] = 0.0, "F/m", NON_NEGATIVE, "gate-drain overlap capacitance per width";
        cgbo [] = 0.0, "F/m", NON_NEGATIVE, "gate-bulk overlap capacitance per length";
        tox [] = 0.0, "m", 0.0..=1e-3, "oxide thickness; 0 leaves out the intrinsic gate capacitance";
        ld [] = 0.0, "m", NON_NEGATIVE, "lateral diffusion";
        uo ["u0"] = 600.0, "cm^2/Vs", POSITIVE, "surface mobility";
        nsub [] = f64::NAN, "1/cm^3", POSITIVE, "substrate doping";
        nss [] = 0.0, "1/cm^2", ANY, "surface state density";
        tpg [] = 1.0, "-", -1.0..=1.0, "gate: 1 opposite to substrate, -1 same, 0 aluminium";
        kf [] = 0.0, "-", NON_NEGATIVE, "flicker noise coefficient";
        af [] = 1.0, "-", NON_NEGATIVE, "flicker noise exponent";
        tnom [] = f64::NAN, "degC", -273.0..=2000.0, "temperature of the parameters; `.options tnom` or 27 when not given";
    }
}

crate::parameters! {
    /// Instance parameters of a transistor.
    pub struct Mosfet1Instance {
        l [] = 1e-4, "m", POSITIVE, "length";
        w [] = 1e-4, "m", POSITIVE, "width";
        ad [] = 0.0, "m^2", NON_NEGATIVE, "drain area";
        as_ ["as"] = 0.0, "m^2", NON_NEGATIVE, "source area";
        pd [] = 0.0, "m", NON_NEGATIVE, "drain perimeter";
        ps [] = 0.0, "m", NON_NEGATIVE, "source perimeter";
        nrd [] = 1.0, "-", NON_NEGATIVE, "drain squares";
        nrs [] = 1.0, "-", NON_NEGATIVE, "source squares";
        m [] = 1.0, "-", POSITIVE, "number of transistors in parallel";
        temp [] = f64::NAN, "degC", -273.0..=2000.0, "temperature of this transistor";
        off [] = 0.0, "-", 0.0..=1.0, "starts the operating point without current";
    }
}

/// The model type of this file.
pub const TYPE: ModelType = ModelType {
    kinds: &["nmos", "pmos"],
    summary: "MOS transistor, level 1",
    source: "Shichman and Hodges (1968); Meyer (1971); Antognetti and Massobrio (1993), chapter 4",
    terminals: &["drain", "gate", "source", "bulk"],
    model_params: Mosfet1Model::SPECS,
    instance_params: Mosfet1Instance::SPECS,
    internals: &[
        "id", "ib", "vgs", "vds", "vbs", "vbd", "gm", "gds", "gmbs", "von", "vdsat", "cgs", "cgd", "cgb", "cbd", "cbs",
        "p",
    ],
    build,
};

/// A bulk junction at its temperature.
#[derive(Clone, Copy, Debug, PartialEq)]
struct BulkJunction {
    is: f64,
    vt: f64,
    critical: f64,
    bottom: Depletion,
    side: Depletion,
    /// False when the card gives no junction capacitance.
    has_charge: bool,
}

impl BulkJunction {
    /// Current, conductance, charge, capacitance.
    #[inline]
    fn at(&self, v: f64, gmin: f64) -> (f64, f64, f64, f64) {
        let (i, g) = junction_current(v, self.is, self.vt);
        if !self.has_charge {
            return (i + gmin * v, g + gmin, 0.0, 0.0);
        }
        let ((q1, c1), (q2, c2)) = (self.bottom.charge(v), self.side.charge(v));
        (i + gmin * v, g + gmin, q1 + q2, c1 + c2)
    }
}

/// A transistor at its temperature, with its geometry applied.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Transistor {
    intrinsic: Intrinsic,
    /// Threshold at zero bulk bias, V.
    vto: f64,
    drain: BulkJunction,
    source: BulkJunction,
    /// Overlap capacitances to source, drain and bulk, F.
    overlap: [f64; 3],
    drain_conductance: f64,
    source_conductance: f64,
}

/// `value` unless it was not given.
fn or(value: f64, default: f64) -> f64 {
    if value.is_nan() { default } else { value }
}

/// Threshold, body effect and surface potential, from the card or from the doping, at the nominal temperature.
fn process(model: &Mosfet1Model, sign: f64, nominal: f64, oxide: f64) -> (f64, f64, f64) {
    let density = model.nsub * 1e6;
    if oxide == 0.0 || density.is_nan() || density <= INTRINSIC_DENSITY {
        return (or(model.vto, 0.0), or(model.gamma, 0.0), or(model.phi, 0.6));
    }
    let gap = band_gap(nominal);
    let phi = or(model.phi, (2.0 * thermal_voltage(nominal) * (density / INTRINSIC_DENSITY).ln()).max(0.1));
    let gate = if model.tpg == 0.0 { 3.2 } else { 3.25 + 0.5 * gap - sign * model.tpg * 0.5 * gap };
    let difference = gate - (3.25 + 0.5 * gap + sign * 0.5 * phi);
    let gamma = or(model.gamma, (2.0 * SILICON * CHARGE * density).sqrt() / oxide);
    let flat_band = difference - model.nss * 1e4 * CHARGE / oxide;
    (or(model.vto, flat_band + sign * (gamma * phi.sqrt() + phi)), gamma, phi)
}

impl Transistor {
    fn new(model: &Mosfet1Model, geo: &Mosfet1Instance, sign: f64, temperature: f64, nominal: f64) -> Self {
        let oxide = if model.tox > 0.0 { OXIDE / model.tox } else { 0.0 };
        let kp = or(model.kp, if oxide > 0.0 { model.uo * 1e-4 * oxide } else { 2e-5 });
        let (vto, gamma, phi) = process(model, sign, nominal, oxide);
        let (gap, gap_nominal) = (band_gap(temperature), band_gap(nominal));
        let (hot_phi, _) = potential_at(phi, nominal, temperature);
        let vbi = vto - sign * gamma * phi.sqrt() + 0.5 * (gap_nominal - gap) + sign * 0.5 * (hot_phi - phi);
        let length = geo.l - 2.0 * model.ld;
        let vt = thermal_voltage(temperature);
        let hotter = (gap_nominal * CHARGE / (BOLTZMANN * nominal) - gap * CHARGE / (BOLTZMANN * temperature)).exp();
        let by_area = model.js > 0.0 && geo.ad > 0.0 && geo.as_ > 0.0;
        let (pb, _) = potential_at(model.pb, nominal, temperature);
        let junction = |area: f64, perimeter: f64, given: f64| {
            let is = geo.m * hotter * if by_area { model.js * area } else { model.is };
            let hot = |c: f64, m: f64| geo.m * c * capacitance_factor(m, model.pb, nominal, temperature);
            let bottom = hot(or(given, model.cj * area), model.mj);
            let side = hot(model.cjsw * perimeter, model.mjsw);
            BulkJunction {
                is,
                vt,
                critical: critical_voltage(is, vt),
                bottom: Depletion::new(bottom, pb, model.mj, model.fc),
                side: Depletion::new(side, pb, model.mjsw, model.fc),
                has_charge: bottom != 0.0 || side != 0.0,
            }
        };
        let conductance = |given: f64, squares: f64| {
            let r = or(given, model.rsh * squares);
            if r > 0.0 { geo.m / r } else { 0.0 }
        };
        Self {
            intrinsic: Intrinsic {
                beta: kp * (nominal / temperature).powf(1.5) * geo.m * geo.w / length,
                lambda: model.lambda,
                phi: hot_phi,
                gamma,
                vbi: sign * vbi,
                cox: oxide * length * geo.w * geo.m,
            },
            vto: sign * vbi + gamma * hot_phi.sqrt(),
            drain: junction(geo.ad, geo.pd, model.cbd),
            source: junction(geo.as_, geo.ps, model.cbs),
            overlap: [model.cgso * geo.w * geo.m, model.cgdo * geo.w * geo.m, model.cgbo * length * geo.m],
            drain_conductance: conductance(model.rd, geo.nrd),
            source_conductance: conductance(model.rs, geo.nrs),
        }
    }

    /// Voltages (vgs, vds, vbs) after limiting the step from the `old` ones.
    #[inline]
    fn limit(&self, new: [f64; 3], old: [f64; 3]) -> [f64; 3] {
        // None of the limits below acts on steps within a thermal voltage (below 0.2 V): branch voltages then move by two
        // of them at most, and the tightest limits are 0.5 V at the channel and two thermal voltages at a junction.
        if new.iter().zip(&old).all(|(new, old)| (new - old).abs() <= self.source.vt) {
            return new;
        }
        let [mut vgs, mut vds, mut vbs] = new;
        let threshold = self.intrinsic.threshold(if old[1] >= 0.0 { old[2] } else { old[2] - old[1] }).0;
        let vgd = vgs - vds;
        if old[1] >= 0.0 {
            vgs = limit_gate(vgs, old[0], threshold);
            vds = limit_drain(vgs - vgd, old[1]);
        } else {
            let vgd = limit_gate(vgd, old[0] - old[1], threshold);
            vds = -limit_drain(-(vgs - vgd), -old[1]);
            vgs = vgd + vds;
        }
        if vds >= 0.0 {
            vbs = limit_junction(vbs, old[2], self.source.vt, self.source.critical);
        } else {
            vbs = vds + limit_junction(vbs - vds, old[2] - old[1], self.drain.vt, self.drain.critical);
        }
        [vgs, vds, vbs]
    }
}

#[derive(Clone, Copy)]
struct Fet {
    /// Inner drain, gate, inner source, bulk.
    nodes: [Unknown; 4],
    /// Outer drain and source.
    outer: [Unknown; 2],
    /// +1 n-channel, -1 p-channel.
    sign: f64,
    transistor: u32,
    off: bool,
    /// Rows and columns in the order of `nodes`.
    slots: [[Slot; 4]; 4],
    series_slots: [[Slot; 4]; 2],
}

impl Fet {
    /// (vgs, vds, vbs) of the inner transistor, for an n-channel.
    #[inline]
    fn voltages(&self, x: &[f64]) -> [f64; 3] {
        let [d, g, s, b] = self.nodes.map(|n| x[n as usize]);
        [self.sign * (g - s), self.sign * (d - s), self.sign * (b - s)]
    }
}

/// Memory cells of one transistor.
const MEMORY: usize = 12;

/// What a transistor remembers of the last accepted point: voltages, capacitances and charges of the gate branches.
const GATE_VOLTAGE: usize = 3;
const GATE_CAPACITANCE: usize = 6;
const GATE_CHARGE: usize = 9;

/// Voltages of the gate branches to source, drain and bulk.
#[inline]
fn gate_branches([vgs, vds, vbs]: [f64; 3]) -> [f64; 3] {
    [vgs, vgs - vds, vgs - vbs]
}

/// Charges of the three gate branches (source, drain, bulk), continued from the last accepted point in `memory`.
#[inline]
fn gate_charges(channel: &Channel, overlap: &[f64; 3], v: [f64; 3], memory: &[f64]) -> [Branch; 3] {
    let voltages = gate_branches(v);
    let mut charges = [Branch::default(); 3];
    for (k, charge) in charges.iter_mut().enumerate() {
        let step = voltages[k] - memory[GATE_VOLTAGE + k];
        let Branch { value, slope: [by_gate, by_drain, by_bulk] } = channel.capacitance[k];
        let mean = 0.5 * (value + memory[GATE_CAPACITANCE + k]);
        charge.value = memory[GATE_CHARGE + k] + mean * step + overlap[k] * voltages[k];
        let half = 0.5 * step;
        charge.slope = [mean + overlap[k] + half * by_gate, half * by_drain, half * by_bulk];
    }
    // the branches to drain and bulk follow vds and vbs as well
    charges[1].slope[1] -= 0.5 * (channel.capacitance[1].value + memory[GATE_CAPACITANCE + 1]) + overlap[1];
    charges[2].slope[2] -= 0.5 * (channel.capacitance[2].value + memory[GATE_CAPACITANCE + 2]) + overlap[2];
    charges
}

/// All level-1 transistors of a circuit.
///
/// Memory of each: the (vgs, vds, vbs) of the last evaluation, then voltages, Meyer capacitances and Meyer charges of
/// the gate branches to source, drain and bulk at the last accepted point.
#[derive(Clone)]
struct Mosfet1Bank {
    elements: Vec<ElementId>,
    fets: Vec<Fet>,
    transistors: Vec<Transistor>,
    held: Vec<Held>,
}

/// Meyer capacitances of the last evaluation and where it was: a point is accepted where it was evaluated last, and the
/// same voltages give the same bits.
#[derive(Clone, Copy, Default)]
struct Held {
    at: [f64; 3],
    capacitance: [f64; 3],
}

fn check_level(model: &Mosfet1Model, card: &ModelCard, found: &mut Vec<Diagnostic>) {
    if model.level != 1.0 {
        let span = card.params.iter().find(|p| p.name == "level").map_or(card.span, |p| p.span);
        found.push(
            Diagnostic::error(span, format!("model `{}`: MOS level {} is not available", card.name, model.level))
                .label("unsupported level")
                .hint("use level=1"),
        );
    }
}

fn build(builder: &mut Builder, ids: &[ElementId], found: &mut Vec<Diagnostic>) -> Option<Box<dyn Bank>> {
    let circuit = builder.circuit;
    // cards of other levels have other parameters: only the level is complained about
    let mut usable = Vec::new();
    let mut complained = std::collections::HashSet::new();
    for &id in ids {
        let (_, device, card) = device(circuit, id)?;
        let mut level = Mosfet1Model::default();
        let given: Vec<_> = card.params.iter().filter(|p| p.name == "level").cloned().collect();
        super::apply(&mut level, &given, &card.name, &mut Vec::new());
        if level.level == 1.0 {
            usable.push(id);
        } else if complained.insert(device.model) {
            check_level(&level, card, found);
        }
    }
    let cards = Cards::<Mosfet1Model>::read(circuit, &usable, found);
    let default_nominal = nominal_temperature(circuit);
    let mut bank = Mosfet1Bank { elements: usable.clone(), fets: vec![], transistors: vec![], held: vec![] };
    for id in usable {
        let (element, device, card) = device(circuit, id)?;
        let model = cards.of(device);
        let geo: Mosfet1Instance = instance(element, device, found);
        if geo.l <= 2.0 * model.ld {
            let text = format!(
                "`{}`: length {:e} m is not more than twice the lateral diffusion {:e} m",
                element.name, geo.l, model.ld
            );
            found.push(Diagnostic::error(element.span, text).label("no channel is left"));
        }
        let sign = if card.kind == "pmos" { -1.0 } else { 1.0 };
        let temperature = if geo.temp.is_nan() { builder.temperature } else { geo.temp + CELSIUS };
        let nominal = if model.tnom.is_nan() { default_nominal } else { model.tnom + CELSIUS };
        let transistor = Transistor::new(&model, &geo, sign, temperature, nominal);
        let outer = [builder.terminal(id, 0), builder.terminal(id, 2)];
        let mut inner = outer;
        let mut series_slots = [[Slot::MAX; 4]; 2];
        let series = [(transistor.drain_conductance, "drain"), (transistor.source_conductance, "source")];
        for (k, (conductance, name)) in series.into_iter().enumerate() {
            if conductance > 0.0 {
                inner[k] = builder.internal_node(id, name);
                series_slots[k] = builder.pair(outer[k], inner[k]);
            }
        }
        let nodes = [inner[0], builder.terminal(id, 1), inner[1], builder.terminal(id, 3)];
        let slots = nodes.map(|row| nodes.map(|column| builder.entry(row, column)));
        let transistor = intern(&mut bank.transistors, transistor);
        bank.fets.push(Fet { nodes, outer, sign, transistor, off: geo.off != 0.0, slots, series_slots });
    }
    bank.held = bank.fets.iter().map(|_| Held { at: [f64::NAN; 3], ..Held::default() }).collect();
    Some(Box::new(bank))
}

/// Drain, gate, source and bulk in [`Fet::nodes`].
const D: usize = 0;
const G: usize = 1;
const S: usize = 2;
const B: usize = 3;

impl Bank for Mosfet1Bank {
    fn clone_bank(&self) -> Box<dyn Bank> {
        Box::new(self.clone())
    }

    fn elements(&self) -> &[ElementId] {
        &self.elements
    }

    fn slots_mut(&mut self) -> Vec<&mut Slot> {
        self.fets.iter_mut().flat_map(|f| f.slots.iter_mut().chain(&mut f.series_slots).flatten()).collect()
    }

    fn constant(&self, g: &mut [f64], _c: &mut [f64]) {
        for f in &self.fets {
            let t = &self.transistors[f.transistor as usize];
            for (slots, conductance) in f.series_slots.iter().zip([t.drain_conductance, t.source_conductance]) {
                for (&slot, sign) in slots.iter().zip([1.0, -1.0, -1.0, 1.0]) {
                    g[slot as usize] += sign * conductance;
                }
            }
        }
    }

    fn eval(&mut self, ctx: &Context, out: &mut Stamps) -> bool {
        let x = ctx.x;
        let mut limited = false;
        for (k, (f, held)) in self.fets.iter().zip(&mut self.held).enumerate() {
            let t = &self.transistors[f.transistor as usize];
            let v = f.voltages(x);
            let memory = &mut out.memory[k * MEMORY..(k + 1) * MEMORY];
            let at = match (ctx.first_iteration, f.off) {
                (true, true) => [0.0; 3],
                (true, false) => [t.vto, 0.0, -1.0],
                _ => t.limit(v, [memory[0], memory[1], memory[2]]),
            };
            memory[..3].copy_from_slice(&at);
            // rounding in the limiter's differences is not a limit
            let step = [v[0] - at[0], v[1] - at[1], v[2] - at[2]];
            limited |= step.iter().zip(&v).any(|(d, v)| d.abs() > 1e-12 * (1.0 + v.abs()));

            let channel = t.intrinsic.at(at[0], at[1], at[2]);
            *held = Held { at, capacitance: channel.capacitance.map(|c| c.value) };
            let (ibs, gbs, qbs, cbs) = t.source.at(at[2], ctx.gmin);
            let (ibd, gbd, qbd, cbd) = t.drain.at(at[2] - at[1], ctx.gmin);
            let [qgs, qgd, qgb] = gate_charges(&channel, &t.overlap, at, memory);
            let along = |slope: f64, [_, by_d, by_b]: [f64; 3]| slope * (by_d * step[1] + by_b * step[2]);
            let (source, drain) = ([0.0, 0.0, 1.0], [0.0, -1.0, 1.0]);

            let i = [channel.current.along(&step), ibs + along(gbs, source), ibd + along(gbd, drain)];
            out.current(f.nodes[D], f.nodes[S], f.sign * i[0]);
            out.current(f.nodes[B], f.nodes[S], f.sign * i[1]);
            out.current(f.nodes[B], f.nodes[D], f.sign * i[2]);
            let q = [
                qgs.along(&step),
                qgd.along(&step),
                qgb.along(&step),
                qbs + along(cbs, source),
                qbd + along(cbd, drain),
            ];
            for (row, q) in f.nodes.iter().zip([-(q[1] + q[4]), q[0] + q[1] + q[2], -(q[0] + q[3]), q[3] + q[4] - q[2]])
            {
                out.q[*row as usize] += f.sign * q;
            }

            let junctions = |drain: f64, source: f64| {
                [
                    [drain, 0.0, 0.0, -drain],
                    [0.0; 4],
                    [0.0, 0.0, source, -source],
                    [-drain, 0.0, -source, drain + source],
                ]
            };
            let [g, c] = [junctions(gbd, gbs), junctions(cbd, cbs)];
            let channel = channel.current.columns();
            let [to_source, to_drain, to_bulk] = [qgs.columns(), qgd.columns(), qgb.columns()];
            // a bulk at ground has neither row nor column
            let free_bulk = f.nodes[B] != 0;
            for (k, slope) in channel.iter().enumerate().take(if free_bulk { 4 } else { 3 }) {
                out.g[f.slots[D][k] as usize] += g[D][k] + slope;
                out.g[f.slots[S][k] as usize] += g[S][k] - slope;
                out.c[f.slots[D][k] as usize] += c[D][k] - to_drain[k];
                out.c[f.slots[G][k] as usize] += to_source[k] + to_drain[k] + to_bulk[k];
                out.c[f.slots[S][k] as usize] += c[S][k] - to_source[k];
                if free_bulk {
                    out.g[f.slots[B][k] as usize] += g[B][k];
                    out.c[f.slots[B][k] as usize] += c[B][k] - to_bulk[k];
                }
            }
            for ((&outer, inner), conductance) in
                f.outer.iter().zip([f.nodes[D], f.nodes[S]]).zip([t.drain_conductance, t.source_conductance])
            {
                if conductance > 0.0 {
                    out.current(outer, inner, conductance * (x[outer as usize] - x[inner as usize]));
                }
            }
        }
        limited
    }

    fn memory_count(&self) -> usize {
        MEMORY * self.fets.len()
    }

    fn accept(&mut self, ctx: &Context, memory: &mut [f64]) -> bool {
        for ((f, held), memory) in self.fets.iter().zip(&self.held).zip(memory.chunks_exact_mut(MEMORY)) {
            let t = &self.transistors[f.transistor as usize];
            if t.intrinsic.cox == 0.0 {
                continue;
            }
            let v = f.voltages(ctx.x);
            let capacitance = if held.at == v {
                held.capacitance
            } else {
                t.intrinsic.at(v[0], v[1], v[2]).capacitance.map(|c| c.value)
            };
            for (k, voltage) in gate_branches(v).into_iter().enumerate() {
                let mean = 0.5 * (capacitance[k] + memory[GATE_CAPACITANCE + k]);
                memory[GATE_CHARGE + k] += mean * (voltage - memory[GATE_VOLTAGE + k]);
                memory[GATE_VOLTAGE + k] = voltage;
                memory[GATE_CAPACITANCE + k] = capacitance[k];
            }
        }
        false
    }

    fn inner_nodes(&self, pair: &mut dyn FnMut(Unknown, Unknown)) {
        for f in &self.fets {
            pair(f.nodes[D], f.outer[0]);
            pair(f.nodes[S], f.outer[1]);
        }
    }

    fn internal(&self, index: usize, name: &str, ctx: &Context, _states: &[f64], _memory: &[f64]) -> Option<f64> {
        let f = self.fets.get(index)?;
        let t = &self.transistors[f.transistor as usize];
        let v = f.voltages(ctx.x);
        let channel = t.intrinsic.at(v[0], v[1], v[2]);
        let (ibs, _, _, cbs) = t.source.at(v[2], ctx.gmin);
        let (ibd, _, _, cbd) = t.drain.at(v[2] - v[1], ctx.gmin);
        Some(match name {
            "id" => f.sign * (channel.current.value - ibd),
            "ib" => f.sign * (ibs + ibd),
            "vgs" => f.sign * v[0],
            "vds" => f.sign * v[1],
            "vbs" => f.sign * v[2],
            "vbd" => f.sign * (v[2] - v[1]),
            "gm" => channel.current.slope[0].abs(),
            "gds" => channel.current.slope[1],
            "gmbs" => channel.current.slope[2].abs(),
            "von" => f.sign * channel.threshold,
            "vdsat" => f.sign * channel.saturation,
            "cgs" => channel.capacitance[0].value + t.overlap[0],
            "cgd" => channel.capacitance[1].value + t.overlap[1],
            "cgb" => channel.capacitance[2].value + t.overlap[2],
            "cbd" => cbd,
            "cbs" => cbs,
            "p" => {
                let [d, b] = [f.outer[0], f.nodes[B]].map(|n| ctx.x[n as usize] - ctx.x[f.outer[1] as usize]);
                f.sign * ((channel.current.value - ibd) * d + (ibs + ibd) * b)
            }
            _ => return None,
        })
    }

    fn internal_names(&self) -> Vec<&str> {
        TYPE.internals.to_vec()
    }

    /// Drain current and dissipation by conduction; charging currents belong to the integrator.
    fn current_and_power(&self, index: usize, ctx: &Context, states: &[f64], memory: &[f64]) -> Option<(f64, f64)> {
        let i = self.internal(index, "id", ctx, states, memory)?;
        Some((i, self.internal(index, "p", ctx, states, memory)?))
    }
}
