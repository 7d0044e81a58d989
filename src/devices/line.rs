//! T: lossless transmission lines by the method of characteristics.
//!
//! With the wave impedance Z and the delay td, `v1 - Z i1` at time t equals `v2 + Z i2` at t - td, and the other way round
//! (Branin, "Transient analysis of lossless transmission lines", Proc. IEEE 55, 1967). At an operating point the delay is
//! nothing and the line a pair of wires. Corners of the waves are announced so that the integration starts anew where
//! they arrive.

use num_complex::Complex64;

use super::history::History;
use super::{Bank, Builder, Context, Slot, Stamps, Unknown};
use crate::circuit::{ElementId, ElementKind};

/// One end.
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

#[derive(Clone)]
struct Line {
    ports: [Port; 2],
    impedance: f64,
    past: History<2>,
    initial: Option<[f64; 4]>,
}

impl Line {
    /// The waves that start at both ends, V.
    fn waves(&self, x: &[f64]) -> [f64; 2] {
        self.ports.map(|p| p.voltage(x) + self.impedance * x[p.branch as usize])
    }
}

/// All T elements of a circuit.
#[derive(Clone, Default)]
pub struct LineBank {
    elements: Vec<ElementId>,
    lines: Vec<Line>,
}

impl LineBank {
    /// Collects the lossless lines of the circuit.
    pub fn build(builder: &mut Builder) -> Self {
        let mut bank = Self::default();
        let circuit = builder.circuit;
        for (k, element) in circuit.elements.iter().enumerate() {
            let ElementKind::Line { impedance, delay, initial } = element.kind else { continue };
            let id = ElementId(k as u32);
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
            bank.elements.push(id);
            bank.lines.push(Line { ports, impedance, past: History::new(delay), initial });
        }
        bank
    }
}

impl Bank for LineBank {
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
        for line in &self.lines {
            for port in &line.ports {
                for (&slot, value) in port.own.iter().zip([1.0, -1.0, 1.0, -1.0, -line.impedance]) {
                    g[slot as usize] += value;
                }
            }
        }
    }

    fn eval(&mut self, ctx: &Context, out: &mut Stamps) -> bool {
        let rests = ctx.states.coefficient.is_none();
        for line in &mut self.lines {
            let waves = line.waves(ctx.x);
            if rests && ctx.time == 0.0 {
                line.past.start(0.0, waves);
            }
            let arrived = if rests { waves } else { line.past.delayed(ctx.time) };
            for (port, wave) in line.ports.iter().zip([arrived[1], arrived[0]]) {
                let i = ctx.x[port.branch as usize];
                out.current(port.plus, port.minus, i);
                out.resistive(port.branch, port.voltage(ctx.x));
                out.resistive(port.branch, -line.impedance * i);
                out.resistive(port.branch, -wave);
                if rests {
                    for (&slot, value) in port.other.iter().zip([-1.0, 1.0, -line.impedance]) {
                        out.g[slot as usize] += value;
                    }
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
            let shift = Complex64::from_polar(1.0, -omega * line.past.delay());
            for port in &line.ports {
                for (&slot, value) in port.own.iter().zip([1.0, -1.0, 1.0, -1.0, -line.impedance]) {
                    y[slot as usize] += value;
                }
                for (&slot, value) in port.other.iter().zip([-1.0, 1.0, -line.impedance]) {
                    y[slot as usize] += shift * value;
                }
            }
        }
    }

    fn accept(&mut self, ctx: &Context, _memory: &mut [f64]) -> bool {
        if ctx.time > 0.0 {
            for line in &mut self.lines {
                let waves = line.waves(ctx.x);
                line.past.accept(ctx.time, waves);
            }
        }
        false
    }

    fn restarted(&mut self, time: f64) {
        self.lines.iter_mut().for_each(|line| line.past.corner(time));
    }

    fn breakpoint(&self, after: f64) -> f64 {
        self.lines.iter().map(|line| line.past.breakpoint(after)).fold(f64::INFINITY, f64::min)
    }

    fn max_step(&self) -> f64 {
        self.lines.iter().map(|line| line.past.delay()).fold(f64::INFINITY, f64::min)
    }

    fn initial_conditions(&self, set: &mut dyn FnMut(Unknown, Unknown, f64)) {
        for line in &self.lines {
            let Some([v1, i1, v2, i2]) = line.initial else { continue };
            for (port, (v, i)) in line.ports.iter().zip([(v1, i1), (v2, i2)]) {
                set(port.plus, port.minus, v);
                set(port.branch, 0, i);
            }
        }
    }

    fn internal(&self, index: usize, name: &str, ctx: &Context, _states: &[f64], _memory: &[f64]) -> Option<f64> {
        let line = self.lines.get(index)?;
        let [one, two] = line.ports;
        Some(match name {
            "v1" => one.voltage(ctx.x),
            "i1" => ctx.x[one.branch as usize],
            "v2" => two.voltage(ctx.x),
            "i2" => ctx.x[two.branch as usize],
            "z0" => line.impedance,
            "td" => line.past.delay(),
            _ => return None,
        })
    }

    fn internal_names(&self) -> Vec<&str> {
        vec!["v1", "i1", "v2", "i2", "z0", "td"]
    }

    fn current_and_power(&self, index: usize, ctx: &Context, _states: &[f64], _memory: &[f64]) -> Option<(f64, f64)> {
        let line = self.lines.get(index)?;
        let power = line.ports.iter().map(|p| p.voltage(ctx.x) * ctx.x[p.branch as usize]).sum();
        Some((ctx.x[line.ports[0].branch as usize], power))
    }
}
