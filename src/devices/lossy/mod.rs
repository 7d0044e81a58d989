//! O: lossy uniform transmission lines (LTRA), with any of R, L, G, C per length.
//!
//! With L and C, each end sees the wave admittance and a wave from the other end, `i1 = Y v1 - P (Y v2 + i2)`; both responses
//! are sums of exponentials behind the delay ([`constants`]), integrated exactly for voltages that are straight between time
//! points. Without L the line is the sum of its modes; with R and G alone it is a pair of resistances. AC analyses use the
//! closed forms.

mod constants;

use std::collections::VecDeque;

use num_complex::Complex64;

use super::cards::{Cards, device, instance};
use super::history::History;
use super::relaxation::{Kernel, Step};
use super::{ANY, Bank, Builder, Context, ModelType, NON_NEGATIVE, POSITIVE, Parameters, Slot, Stamps, Unknown};
use crate::circuit::ElementId;
use crate::diagnostic::Diagnostic;
use constants::{Modes, Totals, Waves, admittances};

crate::parameters! {
    /// Parameters of an `ltra` model.
    pub struct LossyLineModel {
        r [] = 0.0, "ohm/m", NON_NEGATIVE, "series resistance per length";
        l [] = 0.0, "H/m", NON_NEGATIVE, "series inductance per length";
        g [] = 0.0, "S/m", NON_NEGATIVE, "shunt conductance per length";
        c [] = 0.0, "F/m", NON_NEGATIVE, "shunt capacitance per length";
        len ["length"] = f64::NAN, "m", POSITIVE, "length of the line";
        rel [] = 1.0, "-", ANY, "accepted: a tolerance of other simulators";
        abs [] = 1.0, "-", ANY, "accepted: a tolerance of other simulators";
        steplimit [] = 0.0, "-", ANY, "accepted: the step is at most the delay in any case";
        nosteplimit [] = 0.0, "-", ANY, "accepted without effect";
        nocontrol [] = 0.0, "-", ANY, "accepted without effect";
        lininterp [] = 0.0, "-", ANY, "accepted: interpolation is cubic in any case";
        quadinterp [] = 0.0, "-", ANY, "accepted: interpolation is cubic in any case";
        mixedinterp [] = 0.0, "-", ANY, "accepted: interpolation is cubic in any case";
        truncnr [] = 0.0, "-", ANY, "accepted without effect";
        truncdontcut [] = 0.0, "-", ANY, "accepted without effect";
        compactrel [] = 0.0, "-", ANY, "accepted: nothing is compacted";
        compactabs [] = 0.0, "-", ANY, "accepted: nothing is compacted";
    }
}

crate::parameters! {
    /// Instance parameters of a lossy line.
    pub struct LossyLineInstance {
        len ["length"] = f64::NAN, "m", POSITIVE, "length of this line";
        m [] = 1.0, "-", POSITIVE, "number of lines in parallel";
    }
}

/// The model type of this file.
pub const TYPE: ModelType = ModelType {
    kinds: &["ltra"],
    summary: "lossy transmission line",
    source: "Roychowdhury and Pederson, Efficient transient simulation of lossy interconnect, DAC 1991; branch cut quadrature",
    terminals: &["p1", "n1", "p2", "n2"],
    model_params: LossyLineModel::SPECS,
    instance_params: LossyLineInstance::SPECS,
    internals: INTERNALS,
    build,
};

const INTERNALS: &[&str] = &["v1", "i1", "v2", "i2"];
/// Points kept for an integrator that goes back.
const KEPT: usize = 4;

/// One end: the row of the branch holds `z0 (y v - i) - wave = 0`.
#[derive(Clone, Copy)]
struct Port {
    plus: Unknown,
    minus: Unknown,
    branch: Unknown,
    /// Rows plus and minus at the branch; branch row at plus, minus and the branch.
    own: [Slot; 5],
    /// Branch row at plus, minus and branch of the other port.
    other: [Slot; 3],
}

impl Port {
    fn voltage(&self, x: &[f64]) -> f64 {
        x[self.plus as usize] - x[self.minus as usize]
    }
}

/// State of all exponentials at an accepted time.
#[derive(Clone, Default)]
struct Snapshot {
    time: f64,
    /// Inputs of the kernels in the order of [`Line::kernels`].
    inputs: [f64; 4],
    states: Vec<f64>,
}

/// What the line does in time.
#[derive(Clone)]
enum Kind {
    Waves {
        waves: Waves,
        past: History<2>,
    },
    /// Kernels of the two sums of modes, and conductance at high frequencies (S) of each.
    Modes {
        series: f64,
        kernels: [Kernel; 2],
        instant: [f64; 2],
    },
    /// Conductances Y11 and Y12.
    Resistive(f64, f64),
}

#[derive(Clone)]
struct Line {
    ports: [Port; 2],
    totals: Totals,
    kind: Kind,
    past: VecDeque<Snapshot>,
    steps: [Step; 2],
}

/// All O elements of a circuit.
#[derive(Clone)]
struct LossyBank {
    elements: Vec<ElementId>,
    lines: Vec<Line>,
}

fn build(builder: &mut Builder, ids: &[ElementId], found: &mut Vec<Diagnostic>) -> Option<Box<dyn Bank>> {
    let cards = Cards::<LossyLineModel>::read(builder.circuit, ids, found);
    let mut lines = Vec::new();
    for &id in ids {
        let (element, device, card) = device(builder.circuit, id)?;
        let m = cards.of(device);
        let own = instance::<LossyLineInstance>(element, device, found);
        let len = if own.len.is_nan() { m.len } else { own.len };
        let mut refuse = |text: String, hint: &str| {
            found.push(Diagnostic::error(element.span, text).label("this line").hint(hint));
        };
        if len.is_nan() {
            refuse(format!("`{}` has no length", element.name), "give `len=` in its model");
            continue;
        }
        let count = own.m;
        let totals = Totals { r: m.r * len / count, l: m.l * len / count, g: m.g * len * count, c: m.c * len * count };
        let Some(kind) = kind(totals) else {
            let text = format!("model `{}` has R, L, G, C in a combination that makes no line", card.name);
            refuse(text, "possible are L and C with or without R and G, R and C, R and G");
            continue;
        };
        lines.push(Line::new(builder, id, totals, kind));
    }
    if lines.len() != ids.len() {
        return None;
    }
    Some(Box::new(LossyBank { elements: ids.to_vec(), lines }))
}

fn kind(line: Totals) -> Option<Kind> {
    if line.l > 0.0 && line.c > 0.0 && !line.is_diffusive() {
        let waves = Waves::new(line);
        let past = History::new(waves.delay);
        return Some(Kind::Waves { waves, past });
    }
    if line.r > 0.0 && line.c > 0.0 {
        let modes = Modes::new(line);
        let mut instant = [0.0; 2];
        let kernels = [(0, &modes.even), (1, &modes.odd)].map(|(k, modes)| {
            let mut kernel = Kernel::default();
            for mode in modes {
                instant[k] += mode.conductance;
                kernel.push(mode.rate, -mode.conductance * mode.own);
            }
            kernel
        });
        return Some(Kind::Modes { series: modes.series, kernels, instant });
    }
    if line.r > 0.0 && line.l == 0.0 && line.c == 0.0 {
        let (y11, y12) = admittances(line, 0.0);
        return Some(Kind::Resistive(y11.re, y12.re));
    }
    None
}

impl Line {
    fn new(builder: &mut Builder, id: ElementId, totals: Totals, kind: Kind) -> Self {
        let branches = [builder.branch(id), builder.internal_branch(id, "i2")];
        let nodes: [Unknown; 4] = std::array::from_fn(|t| builder.terminal(id, t));
        let ports = std::array::from_fn(|end| {
            let [plus, minus] = [nodes[2 * end], nodes[2 * end + 1]];
            let [far_plus, far_minus] = [nodes[2 - 2 * end], nodes[3 - 2 * end]];
            let (branch, far) = (branches[end], branches[1 - end]);
            let own = [(plus, branch), (minus, branch), (branch, plus), (branch, minus), (branch, branch)];
            let other = [(branch, far_plus), (branch, far_minus), (branch, far)];
            let own = own.map(|(row, column)| builder.entry(row, column));
            Port { plus, minus, branch, own, other: other.map(|(row, column)| builder.entry(row, column)) }
        });
        Self { ports, totals, kind, past: VecDeque::new(), steps: Default::default() }
    }

    /// Impedance that scales the rows, ohm.
    fn scale(&self) -> f64 {
        match &self.kind {
            Kind::Waves { waves, .. } => 1.0 / waves.admittance,
            _ => self.totals.r,
        }
    }

    /// The kernels: of waves both admittances, then both propagations; of modes the even and the odd sum.
    fn kernels(&self) -> [Option<&Kernel>; 4] {
        match &self.kind {
            Kind::Waves { waves, .. } => [Some(&waves.shunt), Some(&waves.shunt), Some(&waves.tail), Some(&waves.tail)],
            Kind::Modes { kernels: [even, odd], .. } => [Some(even), Some(odd), None, None],
            Kind::Resistive(..) => [None; 4],
        }
    }

    /// Voltages at both ends, or their sum and difference.
    fn drive(&self, x: &[f64]) -> [f64; 2] {
        let [v1, v2] = self.ports.map(|p| p.voltage(x));
        if matches!(self.kind, Kind::Modes { .. }) { [v1 + v2, v1 - v2] } else { [v1, v2] }
    }

    /// Starts the past as if `x` had always been.
    fn start(&mut self, x: &[f64]) {
        let drive = self.drive(x);
        let mut inputs = [drive[0], drive[1], 0.0, 0.0];
        if let Kind::Waves { waves, .. } = &self.kind {
            let y = waves.admittance * (1.0 + waves.shunt.at_rest());
            for ((wave, v), port) in inputs[2..].iter_mut().zip(drive).zip(&self.ports) {
                *wave = y * v + x[port.branch as usize];
            }
        }
        let mut first = self.past.pop_front().unwrap_or_default();
        self.past.clear();
        first.time = 0.0;
        first.inputs = inputs;
        first.states.clear();
        for (kernel, input) in self.kernels().into_iter().zip(inputs) {
            let Some(kernel) = kernel else { continue };
            let from = first.states.len();
            first.states.resize(from + kernel.len(), 0.0);
            kernel.rest(input, &mut first.states[from..]);
        }
        self.past.push_back(first);
        if let Kind::Waves { waves, past } = &mut self.kind {
            let p = waves.front + waves.tail.at_rest();
            past.start(0.0, [p * inputs[2], p * inputs[3]]);
        }
    }

    /// The last accepted point before `time`.
    fn base(&self, time: f64) -> Option<usize> {
        self.past.iter().rposition(|s| s.time < time)
    }

    /// Prepares both steps for a length.
    fn prepare(&mut self, length: f64) {
        let [first, second, tail, _] = match &self.kind {
            Kind::Waves { waves, .. } => [Some(&waves.shunt), None, Some(&waves.tail), None],
            Kind::Modes { kernels: [even, odd], .. } => [Some(even), Some(odd), None, None],
            Kind::Resistive(..) => [None; 4],
        };
        if let Some(kernel) = first {
            kernel.prepare(length, &mut self.steps[0]);
        }
        if let Some(kernel) = second.or(tail) {
            kernel.prepare(length, &mut self.steps[1]);
        }
    }

    /// Admittance and past of each drive: `i = gain v + memory`.
    fn near(&self, base: &Snapshot) -> [(f64, f64); 2] {
        let mut from = 0;
        std::array::from_fn(|k| {
            let (kernel, step, instant, unit) = match &self.kind {
                Kind::Waves { waves, .. } => (&waves.shunt, &self.steps[0], 1.0, waves.admittance),
                Kind::Modes { kernels, instant, .. } => (&kernels[k], &self.steps[k], instant[k], 1.0),
                Kind::Resistive(..) => return (0.0, 0.0),
            };
            let states = &base.states[from..from + kernel.len()];
            from += kernel.len();
            (unit * (instant + step.gain), unit * kernel.memory(step, base.inputs[k], states))
        })
    }

    /// Takes the accepted point over.
    fn accept(&mut self, time: f64, x: &[f64]) {
        while self.past.back().is_some_and(|s| s.time >= time) {
            self.past.pop_back();
        }
        let Some(base) = self.past.back() else { return };
        let before = base.time;
        let mut next =
            if self.past.len() >= KEPT { self.past.pop_front().unwrap_or_default() } else { Snapshot::default() };
        self.prepare(time - before);
        let Some(base) = self.past.back() else { return };
        next.time = time;
        next.states.clone_from(&base.states);
        let drive = self.drive(x);
        next.inputs = [drive[0], drive[1], 0.0, 0.0];
        let mut fronts = [0.0; 2];
        match &self.kind {
            Kind::Waves { waves, .. } => {
                let (shunt, tail) = (waves.shunt.len(), waves.tail.len());
                for (end, (v, front)) in drive.into_iter().zip(&mut fronts).enumerate() {
                    let states = &mut next.states[end * shunt..(end + 1) * shunt];
                    let y = waves.shunt.advance(&self.steps[0], base.inputs[end], v, states);
                    let wave = waves.admittance * (v + y) + x[self.ports[end].branch as usize];
                    next.inputs[2 + end] = wave;
                    let from = 2 * shunt + end * tail;
                    let states = &mut next.states[from..from + tail];
                    *front =
                        waves.front * wave + waves.tail.advance(&self.steps[1], base.inputs[2 + end], wave, states);
                }
            }
            Kind::Modes { kernels, .. } => {
                let split = kernels[0].len();
                let (even, odd) = next.states.split_at_mut(split);
                kernels[0].advance(&self.steps[0], base.inputs[0], drive[0], even);
                kernels[1].advance(&self.steps[1], base.inputs[1], drive[1], odd);
            }
            Kind::Resistive(..) => {}
        }
        self.past.push_back(next);
        if let Kind::Waves { past, .. } = &mut self.kind {
            past.accept(time, fronts);
        }
    }

    /// Conductances (Y11, Y12) at direct current as the sums of exponentials have them.
    fn at_rest(&self) -> (f64, f64) {
        match &self.kind {
            Kind::Waves { waves, .. } => {
                let y = waves.admittance * (1.0 + waves.shunt.at_rest());
                let p = waves.front + waves.tail.at_rest();
                if y == 0.0 {
                    (f64::INFINITY, f64::NEG_INFINITY)
                } else {
                    (y * (1.0 + p * p) / (1.0 - p * p), -2.0 * y * p / (1.0 - p * p))
                }
            }
            Kind::Modes { series, kernels, instant } => {
                let [even, odd] = [0, 1].map(|k| instant[k] + kernels[k].at_rest());
                let odd = odd + 2.0 * series;
                (0.5 * (even + odd), 0.5 * (even - odd))
            }
            Kind::Resistive(y11, y12) => (*y11, *y12),
        }
    }

    /// Row coefficients `(own v, own i, other v, other i)` and constant of both ends at present, divided by the scale.
    fn rows(&self, rests: bool, time: f64) -> [([f64; 4], f64); 2] {
        let steady = || {
            let (y11, y12) = self.at_rest();
            if y11.is_finite() {
                [([y11, -1.0, y12, 0.0], 0.0); 2]
            } else {
                // without loss: waves that pass unchanged
                let y = 1.0 / self.scale();
                [([y, -1.0, -y, -1.0], 0.0); 2]
            }
        };
        let base = if rests { None } else { self.base(time) };
        let Some(base) = base.map(|k| &self.past[k]) else { return steady() };
        let near = self.near(base);
        match &self.kind {
            Kind::Waves { past, .. } => {
                let arrived = past.delayed(time);
                [0, 1].map(|end| {
                    let (gain, memory) = near[end];
                    ([gain, -1.0, 0.0, 0.0], memory - arrived[1 - end])
                })
            }
            Kind::Modes { series, .. } => {
                let [(even, e), (odd, o)] = near;
                let odd = odd + 2.0 * series;
                let [own, other] = [0.5 * (even + odd), 0.5 * (even - odd)];
                [([own, -1.0, other, 0.0], 0.5 * (e + o)), ([own, -1.0, other, 0.0], 0.5 * (e - o))]
            }
            Kind::Resistive(..) => steady(),
        }
    }
}

impl Bank for LossyBank {
    fn clone_bank(&self) -> Box<dyn Bank> {
        Box::new(self.clone())
    }

    fn elements(&self) -> &[ElementId] {
        &self.elements
    }

    fn slots_mut(&mut self) -> Vec<&mut Slot> {
        let ports = self.lines.iter_mut().flat_map(|line| &mut line.ports);
        ports.flat_map(|p| p.own.iter_mut().chain(&mut p.other)).collect()
    }

    fn constant(&self, g: &mut [f64], _c: &mut [f64]) {
        for port in self.lines.iter().flat_map(|line| &line.ports) {
            g[port.own[0] as usize] += 1.0;
            g[port.own[1] as usize] -= 1.0;
        }
    }

    fn eval(&mut self, ctx: &Context, out: &mut Stamps) -> bool {
        let rests = ctx.states.coefficient.is_none();
        for line in &mut self.lines {
            if rests && ctx.time == 0.0 {
                line.start(ctx.x);
            }
            if !rests && let Some(base) = line.base(ctx.time) {
                let length = ctx.time - line.past[base].time;
                line.prepare(length);
            }
            let scale = line.scale();
            let v = line.ports.map(|p| p.voltage(ctx.x));
            let i = line.ports.map(|p| ctx.x[p.branch as usize]);
            for (end, (row, constant)) in line.rows(rests, ctx.time).into_iter().enumerate() {
                let port = &line.ports[end];
                out.current(port.plus, port.minus, i[end]);
                let [vo, io, vf, iff] = row.map(|c| scale * c);
                out.resistive(port.branch, vo * v[end]);
                out.resistive(port.branch, io * i[end]);
                out.resistive(port.branch, vf * v[1 - end] + iff * i[1 - end]);
                out.resistive(port.branch, scale * constant);
                for (&slot, value) in port.own[2..].iter().chain(&port.other).zip([vo, -vo, io, vf, -vf, iff]) {
                    out.g[slot as usize] += value;
                }
            }
        }
        false
    }

    fn frequency_dependent(&self) -> bool {
        true
    }

    fn admittance(&self, omega: f64, _ctx: &Context, _states: &[f64], _memory: &[f64], y: &mut [Complex64]) {
        for line in &self.lines {
            let scale = line.scale();
            let lossless = line.totals.r == 0.0 && line.totals.g == 0.0;
            let row = if omega == 0.0 {
                line.rows(true, 0.0)[0].0.map(Complex64::from)
            } else if lossless {
                let shift = Complex64::from_polar(1.0, -omega * (line.totals.l * line.totals.c).sqrt());
                [Complex64::from(1.0 / scale), Complex64::from(-1.0), -shift / scale, -shift]
            } else {
                let (y11, y12) = admittances(line.totals, omega);
                [y11, Complex64::from(-1.0), y12, Complex64::ZERO]
            };
            for port in &line.ports {
                let [vo, io, vf, iff] = row.map(|c| scale * c);
                y[port.own[0] as usize] += 1.0;
                y[port.own[1] as usize] -= 1.0;
                for (&slot, value) in port.own[2..].iter().chain(&port.other).zip([vo, -vo, io, vf, -vf, iff]) {
                    y[slot as usize] += value;
                }
            }
        }
    }

    fn accept(&mut self, ctx: &Context, _memory: &mut [f64]) -> bool {
        if ctx.time > 0.0 {
            self.lines.iter_mut().for_each(|line| line.accept(ctx.time, ctx.x));
        }
        false
    }

    fn restarted(&mut self, time: f64) {
        for line in &mut self.lines {
            if let Kind::Waves { past, .. } = &mut line.kind {
                past.corner(time);
            }
        }
    }

    fn breakpoint(&self, after: f64) -> f64 {
        let next = |line: &Line| match &line.kind {
            // a front that is damped away brings no corner
            Kind::Waves { waves, past } if waves.front > 1e-4 => past.breakpoint(after),
            _ => f64::INFINITY,
        };
        self.lines.iter().map(next).fold(f64::INFINITY, f64::min)
    }

    fn max_step(&self) -> f64 {
        let delay = |line: &Line| match &line.kind {
            Kind::Waves { waves, .. } => waves.delay,
            _ => f64::INFINITY,
        };
        self.lines.iter().map(delay).fold(f64::INFINITY, f64::min)
    }

    fn internal(&self, index: usize, name: &str, ctx: &Context, _states: &[f64], _memory: &[f64]) -> Option<f64> {
        let [one, two] = self.lines.get(index)?.ports;
        Some(match name {
            "v1" => one.voltage(ctx.x),
            "i1" => ctx.x[one.branch as usize],
            "v2" => two.voltage(ctx.x),
            "i2" => ctx.x[two.branch as usize],
            _ => return None,
        })
    }

    fn internal_names(&self) -> Vec<&str> {
        INTERNALS.to_vec()
    }

    fn current_and_power(&self, index: usize, ctx: &Context, _states: &[f64], _memory: &[f64]) -> Option<(f64, f64)> {
        let ports = self.lines.get(index)?.ports;
        let power = ports.iter().map(|p| p.voltage(ctx.x) * ctx.x[p.branch as usize]).sum();
        Some((ctx.x[ports[0].branch as usize], power))
    }
}
