//! All transistors of a circuit: stamps, limiting and the history of Meyer's charges.
//!
//! Meyer's capacitances have no charge function: the charge of each gate branch is the integral of `C dv` along the
//! way the voltages took. As in SPICE the integral over a step is `(C_old + C_new)/2 * (v_new - v_old)`, with the old
//! point being the last accepted one, which lives in the bank's memory. What leaves one terminal enters another at
//! every instant; the split between source, drain and bulk may drift over a closed cycle of gate and drain, as it does in
//! every simulator with Meyer's model. Ward and Dutton's charges are functions of the voltages and cannot drift.

use super::charges::Gate;
use super::dual::Dual;
use super::quantities::{self, Noise};
use super::transistor::{Bias, Kept, Transistor};
use crate::circuit::ElementId;
use crate::devices::{Bank, Context, NoiseSource, Slot, Stamps, Unknown};

/// One transistor in the circuit.
#[derive(Clone, Copy)]
pub struct Fet {
    /// Inner drain, gate, inner source, bulk.
    pub nodes: [Unknown; 4],
    /// Outer drain and source.
    pub outer: [Unknown; 2],
    /// +1 n-channel, -1 p-channel.
    pub sign: f64,
    /// Index of its parameters.
    pub transistor: u32,
    /// Index of its noise parameters.
    pub noise: u32,
    /// Starts the operating point without current.
    pub off: bool,
    /// Initial (vds, vgs, vbs) with `uic`; NaN where not given.
    pub initial: [f64; 3],
    /// Rows and columns in the order of `nodes`.
    pub slots: [[Slot; 4]; 4],
    /// Of the drain and source resistances.
    pub series_slots: [[Slot; 4]; 2],
}

impl Fet {
    /// (vgs, vds, vbs) of the inner transistor, for an n-channel.
    #[inline]
    pub fn voltages(&self, x: &[f64]) -> [f64; 3] {
        let [d, g, s, b] = self.nodes.map(|n| x[n as usize]);
        [self.sign * (g - s), self.sign * (d - s), self.sign * (b - s)]
    }
}

/// Memory cells of one transistor.
const MEMORY: usize = 13;

/// What a transistor remembers: the (vgs, vds, vbs) of the last evaluation; of the last accepted point voltages,
/// capacitances and charges of the gate branches; the threshold of the last evaluation.
const GATE_VOLTAGE: usize = 3;
const GATE_CAPACITANCE: usize = 6;
const GATE_CHARGE: usize = 9;
const THRESHOLD: usize = 12;

/// Voltages of the gate branches to source, drain and bulk.
#[inline]
fn gate_branches([vgs, vds, vbs]: [f64; 3]) -> [f64; 3] {
    [vgs, vgs - vds, vgs - vbs]
}

/// Charges of the terminals from the gate, continued along `step`, and their derivatives with respect to the potentials; all
/// in the order drain, gate, source, bulk.
struct GateStamp {
    charge: [f64; 4],
    columns: [[f64; 4]; 4],
}

impl GateStamp {
    fn new(gate: &Gate, overlap: &[f64; 3], v: [f64; 3], step: &[f64; 3], memory: &[f64]) -> Self {
        let [to_source, to_drain, to_bulk] = match gate {
            Gate::Capacitances(c) => integrated(c, overlap, v, memory),
            Gate::Charges(_) => integrated(&[Dual::default(); 3], overlap, v, memory),
        };
        let along = [to_source.along(step), to_drain.along(step), to_bulk.along(step)];
        let [s, d, b] = [to_source.columns(), to_drain.columns(), to_bulk.columns()];
        let mut stamp = Self {
            charge: [-along[1], along[0] + along[1] + along[2], -along[0], -along[2]],
            columns: [d.map(|c| -c), [0, 1, 2, 3].map(|k| s[k] + d[k] + b[k]), s.map(|c| -c), b.map(|c| -c)],
        };
        if let Gate::Charges(charges) = gate {
            for ((q, columns), terminal) in stamp.charge.iter_mut().zip(&mut stamp.columns).zip(charges) {
                *q += terminal.along(step);
                for (sum, c) in columns.iter_mut().zip(terminal.columns()) {
                    *sum += c;
                }
            }
        }
        stamp
    }
}

/// Charges of the three gate branches (source, drain, bulk), continued from the last accepted point in `memory`.
#[inline]
fn integrated(capacitance: &[Dual; 3], overlap: &[f64; 3], v: [f64; 3], memory: &[f64]) -> [Dual; 3] {
    let voltages = gate_branches(v);
    let mut charges = [Dual::default(); 3];
    for (k, charge) in charges.iter_mut().enumerate() {
        let step = voltages[k] - memory[GATE_VOLTAGE + k];
        let Dual { value, slope: [by_gate, by_drain, by_bulk] } = capacitance[k];
        let mean = 0.5 * (value + memory[GATE_CAPACITANCE + k]);
        charge.value = memory[GATE_CHARGE + k] + mean * step + overlap[k] * voltages[k];
        let half = 0.5 * step;
        charge.slope = [mean + overlap[k] + half * by_gate, half * by_drain, half * by_bulk];
    }
    // the branches to drain and bulk follow vds and vbs as well
    charges[1].slope[1] -= 0.5 * (capacitance[1].value + memory[GATE_CAPACITANCE + 1]) + overlap[1];
    charges[2].slope[2] -= 0.5 * (capacitance[2].value + memory[GATE_CAPACITANCE + 2]) + overlap[2];
    charges
}

/// All transistors of a circuit.
#[derive(Clone, Default)]
pub struct MosfetBank {
    /// In the order of `fets`.
    pub elements: Vec<ElementId>,
    /// One per element.
    pub fets: Vec<Fet>,
    /// Parameters, shared by transistors that are equal.
    pub transistors: Vec<Transistor>,
    /// Noise parameters, shared likewise.
    pub noises: Vec<Noise>,
    held: Vec<Held>,
    kept: Vec<Kept>,
}

/// Meyer capacitances of the last evaluation and where it was: a point is accepted where it was evaluated last, and the
/// same voltages give the same bits.
#[derive(Clone, Copy, Default)]
struct Held {
    at: [f64; 3],
    capacitance: [f64; 3],
}

impl Held {
    fn new(at: [f64; 3], gate: &Gate) -> Self {
        let capacitance = match gate {
            Gate::Capacitances(c) => c.map(|c| c.value),
            Gate::Charges(_) => [0.0; 3],
        };
        Self { at, capacitance }
    }
}

impl MosfetBank {
    /// Holds nothing from an evaluation.
    pub fn forget(&mut self) {
        self.held = vec![Held { at: [f64::NAN; 3], ..Held::default() }; self.fets.len()];
        self.kept = vec![Kept::default(); self.fets.len()];
    }

    fn transistor(&self, fet: &Fet) -> &Transistor {
        &self.transistors[fet.transistor as usize]
    }
}

/// Drain, gate, source and bulk in [`Fet::nodes`].
const D: usize = 0;
const G: usize = 1;
const S: usize = 2;
const B: usize = 3;

impl Bank for MosfetBank {
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
            let t = self.transistor(f);
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
        for (k, ((f, held), kept)) in self.fets.iter().zip(&mut self.held).zip(&mut self.kept).enumerate() {
            let t = &self.transistors[f.transistor as usize];
            let v = f.voltages(x);
            let memory = &mut out.memory[k * MEMORY..(k + 1) * MEMORY];
            let at = match (ctx.first_iteration, f.off) {
                (true, true) => [0.0; 3],
                (true, false) => [t.vto, 0.0, -1.0],
                _ => t.limit(v, [memory[0], memory[1], memory[2]], memory[THRESHOLD]),
            };
            memory[..3].copy_from_slice(&at);
            // rounding in the limiter's differences is not a limit
            let step = [v[0] - at[0], v[1] - at[1], v[2] - at[2]];
            limited |= step.iter().zip(&v).any(|(d, v)| d.abs() > 1e-12 * (1.0 + v.abs()));

            let Bias { current, gate, threshold, .. } = t.near(at, kept);
            memory[THRESHOLD] = threshold;
            *held = Held::new(at, &gate);
            let (ibs, gbs, qbs, cbs) = t.source.near(at[2], ctx.gmin, &mut kept.source);
            let (ibd, gbd, qbd, cbd) = t.drain.near(at[2] - at[1], ctx.gmin, &mut kept.drain);
            let gate = GateStamp::new(&gate, &t.overlap, at, &step, memory);
            let along = |slope: f64, [_, by_d, by_b]: [f64; 3]| slope * (by_d * step[1] + by_b * step[2]);
            let (source, drain) = ([0.0, 0.0, 1.0], [0.0, -1.0, 1.0]);

            let i = [current.along(&step), ibs + along(gbs, source), ibd + along(gbd, drain)];
            out.current(f.nodes[D], f.nodes[S], f.sign * i[0]);
            out.current(f.nodes[B], f.nodes[S], f.sign * i[1]);
            out.current(f.nodes[B], f.nodes[D], f.sign * i[2]);
            let (qbs, qbd) = (qbs + along(cbs, source), qbd + along(cbd, drain));
            let [qd, qg, qs, qb] = gate.charge;
            for (row, q) in f.nodes.iter().zip([qd - qbd, qg, qs - qbs, qbs + qbd + qb]) {
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
            let channel = current.columns();
            // a bulk at ground has neither row nor column
            let free_bulk = f.nodes[B] != 0;
            for (k, slope) in channel.iter().enumerate().take(if free_bulk { 4 } else { 3 }) {
                out.g[f.slots[D][k] as usize] += g[D][k] + slope;
                out.g[f.slots[S][k] as usize] += g[S][k] - slope;
                out.c[f.slots[D][k] as usize] += c[D][k] + gate.columns[D][k];
                out.c[f.slots[G][k] as usize] += gate.columns[G][k];
                out.c[f.slots[S][k] as usize] += c[S][k] + gate.columns[S][k];
                if free_bulk {
                    out.g[f.slots[B][k] as usize] += g[B][k];
                    out.c[f.slots[B][k] as usize] += c[B][k] + gate.columns[B][k];
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

    fn initial_memory(&self, memory: &mut [f64]) {
        for (f, memory) in self.fets.iter().zip(memory.chunks_exact_mut(MEMORY)) {
            memory[THRESHOLD] = self.transistor(f).at([0.0; 3]).threshold;
        }
    }

    fn accept(&mut self, ctx: &Context, memory: &mut [f64]) -> bool {
        for ((f, held), memory) in self.fets.iter().zip(&self.held).zip(memory.chunks_exact_mut(MEMORY)) {
            let t = self.transistor(f);
            if !t.has_history() {
                continue;
            }
            let v = f.voltages(ctx.x);
            let capacitance = if held.at == v { held.capacitance } else { Held::new(v, &t.at(v).gate).capacitance };
            for (k, voltage) in gate_branches(v).into_iter().enumerate() {
                let mean = 0.5 * (capacitance[k] + memory[GATE_CAPACITANCE + k]);
                memory[GATE_CHARGE + k] += mean * (voltage - memory[GATE_VOLTAGE + k]);
                memory[GATE_VOLTAGE + k] = voltage;
                memory[GATE_CAPACITANCE + k] = capacitance[k];
            }
        }
        false
    }

    fn initial_conditions(&self, set: &mut dyn FnMut(Unknown, Unknown, f64)) {
        for f in &self.fets {
            for (terminal, voltage) in [D, G, B].into_iter().zip(f.initial) {
                if !voltage.is_nan() {
                    set(f.nodes[terminal], f.nodes[S], voltage);
                }
            }
        }
    }

    fn inner_nodes(&self, pair: &mut dyn FnMut(Unknown, Unknown)) {
        for f in &self.fets {
            pair(f.nodes[D], f.outer[0]);
            pair(f.nodes[S], f.outer[1]);
        }
    }

    fn internal(&self, index: usize, name: &str, ctx: &Context, _states: &[f64], _memory: &[f64]) -> Option<f64> {
        let f = self.fets.get(index)?;
        quantities::internal(f, self.transistor(f), name, ctx)
    }

    fn internal_names(&self) -> Vec<&str> {
        quantities::NAMES.to_vec()
    }

    fn noise(&self, frequency: f64, ctx: &Context, _states: &[f64], _memory: &[f64], add: &mut dyn FnMut(NoiseSource)) {
        for (index, f) in self.fets.iter().enumerate() {
            self.noises[f.noise as usize].sources(index, f, self.transistor(f), frequency, ctx, add);
        }
    }

    /// Drain current and dissipation by conduction; charging currents belong to the integrator.
    fn current_and_power(&self, index: usize, ctx: &Context, _states: &[f64], _memory: &[f64]) -> Option<(f64, f64)> {
        let f = self.fets.get(index)?;
        Some(quantities::current_and_power(f, self.transistor(f), ctx))
    }
}
