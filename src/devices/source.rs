//! Independent voltage and current sources, and the sources inside digital-to-analogue converters.

use std::collections::HashMap;

use super::converter::{self, DacModel};
use super::{Bank, Builder, Context, Slot, Stamps, Unknown};
use crate::circuit::{ElementId, ElementKind, Source, TranTimes, Waveform};
use crate::diagnostic::Diagnostic;

/// Which value the sources have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceMode {
    /// The DC value (operating point and DC sweep).
    Dc,
    /// The waveform at the present time (transient, its initial point included).
    Transient,
}

#[derive(Clone, Copy)]
struct Port {
    plus: Unknown,
    minus: Unknown,
    /// Branch current of a voltage source; 0 for a current source.
    branch: Unknown,
    /// Series resistance of a converter's output, ohm.
    resistance: f64,
    /// Rows plus and minus at the branch; branch row at plus, minus and the branch.
    slots: [Slot; 5],
}

/// All independent sources of a circuit. Sources are addressed by their index in [`Bank::elements`].
///
/// The drive (DC values, waveforms, mode) is an input of a run, not a state of it: whoever snapshots a session keeps it
/// by cloning the bank.
#[derive(Clone)]
pub struct SourceBank {
    elements: Vec<ElementId>,
    index: HashMap<ElementId, usize>,
    ports: Vec<Port>,
    dc: Vec<f64>,
    waveforms: Vec<Option<Waveform>>,
    dacs: HashMap<usize, DacModel>,
    mode: SourceMode,
    times: TranTimes,
    /// Values of all sources at `cached_time`; NaN time when there are none.
    cache: Vec<f64>,
    cached_time: f64,
}

impl SourceBank {
    /// Collects V, I and the `dac` devices of the circuit.
    pub fn build(builder: &mut Builder, found: &mut Vec<Diagnostic>) -> Self {
        let circuit = builder.circuit;
        let mut bank = Self {
            elements: Vec::new(),
            index: HashMap::new(),
            ports: Vec::new(),
            dc: Vec::new(),
            waveforms: Vec::new(),
            dacs: HashMap::new(),
            mode: SourceMode::Dc,
            times: TranTimes { step: 1e-9, stop: 1.0 },
            cache: Vec::new(),
            cached_time: f64::NAN,
        };
        let dacs = converter::dac_models(circuit, found);
        for (k, element) in circuit.elements.iter().enumerate() {
            let id = ElementId(k as u32);
            let position = bank.elements.len();
            let (source, is_voltage) = match &element.kind {
                ElementKind::VoltageSource(source) => (source.clone(), true),
                ElementKind::CurrentSource(source) => (source.clone(), false),
                // A DAC without both terminals is reported with the other devices.
                ElementKind::Device(_) if element.nodes.len() == 2 => match dacs.get(&id) {
                    Some((model, start)) => {
                        bank.dacs.insert(position, model.clone());
                        (Source { dc: *start, ac: None, waveform: None }, true)
                    }
                    None => continue,
                },
                _ => continue,
            };
            let (plus, minus) = (builder.terminal(id, 0), builder.terminal(id, 1));
            let branch = if is_voltage { builder.branch(id) } else { 0 };
            let slots = [(plus, branch), (minus, branch), (branch, plus), (branch, minus), (branch, branch)]
                .map(|(row, column)| builder.entry(row, column));
            let resistance = bank.dacs.get(&position).map_or(0.0, |d| d.rout);
            bank.index.insert(id, position);
            bank.elements.push(id);
            bank.ports.push(Port { plus, minus, branch, resistance, slots });
            bank.dc.push(source.dc);
            bank.waveforms.push(source.waveform);
        }
        bank.cache = vec![0.0; bank.elements.len()];
        bank
    }

    /// Index of a source.
    pub fn source_index(&self, element: ElementId) -> Option<usize> {
        self.index.get(&element).copied()
    }

    /// Sets the DC value, V or A: what the source gives in [`SourceMode::Dc`] and when it has no waveform.
    pub fn set_dc(&mut self, index: usize, value: f64) {
        self.dc[index] = value;
        self.cached_time = f64::NAN;
    }

    /// The DC value, V or A.
    pub fn dc(&self, index: usize) -> f64 {
        self.dc[index]
    }

    /// Sets or removes the time dependence.
    pub fn set_waveform(&mut self, index: usize, waveform: Option<Waveform>) {
        self.waveforms[index] = waveform;
        self.cached_time = f64::NAN;
    }

    /// The time dependence.
    pub fn waveform(&self, index: usize) -> Option<&Waveform> {
        self.waveforms[index].as_ref()
    }

    /// Chooses between DC values and waveforms.
    pub fn set_mode(&mut self, mode: SourceMode) {
        self.mode = mode;
        self.cached_time = f64::NAN;
    }

    /// Step and stop time of the analysis, from which waveforms take their missing values.
    pub fn set_times(&mut self, times: TranTimes) {
        self.times = times;
        self.waveforms.iter_mut().flatten().for_each(|waveform| waveform.prepare(times));
        self.cached_time = f64::NAN;
    }

    /// Value in the present mode at `time` (s), V or A, before source stepping.
    pub fn value(&self, index: usize, time: f64) -> f64 {
        match (&self.waveforms[index], self.mode) {
            (Some(waveform), SourceMode::Transient) => waveform.value(time, self.times),
            _ => self.dc[index],
        }
    }

    /// Bound on the magnitude of every voltage source in a transient, V.
    pub fn largest_voltage(&self) -> f64 {
        let given = self.ports.iter().zip(&self.dc).zip(&self.waveforms).filter(|((port, _), _)| port.branch != 0);
        given.map(|((_, dc), waveform)| waveform.as_ref().map_or(dc.abs(), Waveform::bound)).fold(0.0, f64::max)
    }

    /// The converter that drives this source, if it is one; its values are not quantised here ([`DacModel::quantize`]).
    pub fn dac(&self, index: usize) -> Option<&DacModel> {
        self.dacs.get(&index)
    }
}

impl Bank for SourceBank {
    fn clone_bank(&self) -> Box<dyn Bank> {
        Box::new(self.clone())
    }

    fn elements(&self) -> &[ElementId] {
        &self.elements
    }

    fn work(&self) -> f64 {
        2.0 * self.elements.len() as f64
    }

    fn slots_mut(&mut self) -> Vec<&mut Slot> {
        self.ports.iter_mut().flat_map(|p| &mut p.slots).collect()
    }

    fn constant(&self, g: &mut [f64], _c: &mut [f64]) {
        for p in self.ports.iter().filter(|p| p.branch != 0) {
            for (&slot, value) in p.slots.iter().zip([1.0, -1.0, 1.0, -1.0, -p.resistance]) {
                g[slot as usize] += value;
            }
        }
    }

    fn eval(&mut self, ctx: &Context, out: &mut Stamps) -> bool {
        if self.cached_time != ctx.time {
            for k in 0..self.cache.len() {
                self.cache[k] = self.value(k, ctx.time);
            }
            self.cached_time = ctx.time;
        }
        let x = ctx.x;
        for (p, value) in self.ports.iter().zip(&self.cache) {
            let value = value * ctx.source_factor;
            if p.branch == 0 {
                out.current(p.plus, p.minus, value);
            } else {
                let i = x[p.branch as usize];
                out.current(p.plus, p.minus, i);
                out.resistive(p.branch, x[p.plus as usize] - p.resistance * i);
                out.resistive(p.branch, -x[p.minus as usize]);
                out.resistive(p.branch, -value);
            }
        }
        false
    }

    fn breakpoint(&self, after: f64) -> f64 {
        if self.mode == SourceMode::Dc {
            return f64::INFINITY;
        }
        let corners = self.waveforms.iter().flatten().map(|w| w.breakpoint(after, self.times));
        corners.fold(f64::INFINITY, f64::min)
    }

    fn current_and_power(&self, index: usize, ctx: &Context, _states: &[f64], _memory: &[f64]) -> Option<(f64, f64)> {
        let p = self.ports.get(index)?;
        let i = match p.branch {
            0 => self.value(index, ctx.time) * ctx.source_factor,
            branch => ctx.x[branch as usize],
        };
        Some((i, i * (ctx.x[p.plus as usize] - ctx.x[p.minus as usize])))
    }
}
