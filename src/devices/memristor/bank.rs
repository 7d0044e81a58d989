//! Any number of memristors of one compact model, their states eliminated inside the bank.
//!
//! In each evaluation every device solves its own implicit state equation for the present step and hands over its current
//! and the total derivative `di/dv + di/ds (coefficient I - df/ds)^-1 df/dv`; the circuit's matrix has electrical nodes
//! only. At an operating point the states rest: a DC analysis of a memory is a read.
//!
//! Small signals move the states: `Y(j omega) = di/dv + di/ds (j omega I - df/ds)^-1 df/dv` at the states and voltages of the
//! operating point. Where the states rest there, this is the exact linearisation; where they drift, it holds for frequencies
//! above the rate of the drift. At zero frequency (`.tf`, `.sens` of a DC value) they rest as in every DC analysis.

use std::collections::HashMap;

use num_complex::Complex64;

use crate::circuit::{Device, ElementId, ElementKind, ModelId};
use crate::devices::cards::temperatures;
use crate::devices::junction::BOLTZMANN;
use crate::devices::{Bank, Builder, Context, NoiseSource, Slot, Stamps, Unknown};
use crate::diagnostic::{Diagnostic, Severity};

use super::model::{Advance, CompactModel, Flow, Site, offset};
use super::noise;
use super::solve::{Solution, eliminate, solve};
use super::variation::{Settings, draw_seed};

/// A device whose states move by less than this fraction of their ranges in a step is not solved.
const IDLE: f64 = 1e-12;
/// States further than this fraction of their range outside their domain are not accepted.
const OUTSIDE: f64 = 0.05;
/// Draws of a device's parameters until they fit each other.
const MOST_DRAWS: u32 = 100;
/// Internal quantity of every model: kelvin.
const TEMPERATURE: &str = "temperature";

#[derive(Clone)]
struct Cell {
    plus: Unknown,
    minus: Unknown,
    slots: [Slot; 4],
    model: u32,
    stream: u64,
    /// Of its surroundings, K.
    temperature: f64,
}

/// The memristors of one compact model.
///
/// States per device: those of [`CompactModel::STATES`]. The bank keeps no memory.
#[derive(Clone)]
pub struct MemristorBank<M: CompactModel<N>, const N: usize> {
    elements: Vec<ElementId>,
    cells: Vec<Cell>,
    models: Vec<M>,
    initial: Vec<f64>,
    held: Vec<M::Held>,
}

impl<M: CompactModel<N>, const N: usize> MemristorBank<M, N> {
    /// States per device.
    const STRIDE: usize = M::STATES.len();

    /// Builds the bank; `None` when a parameter is wrong (reported in `found`).
    pub fn build(builder: &mut Builder, elements: &[ElementId], found: &mut Vec<Diagnostic>) -> Option<Box<dyn Bank>> {
        let circuit = builder.circuit;
        let errors = |found: &[Diagnostic]| found.iter().filter(|d| d.severity == Severity::Error).count();
        let errors_before = errors(found);
        let mut cards: HashMap<ModelId, (Settings<M::Params>, Option<u32>)> = HashMap::new();
        let seed = draw_seed(builder.seed, circuit.overrides.draw);
        let mut bank =
            Self { elements: Vec::new(), cells: Vec::new(), models: Vec::new(), initial: Vec::new(), held: Vec::new() };
        for &id in elements {
            let element = &circuit.elements[id.0 as usize];
            let ElementKind::Device(Device { model: card_id, params: given, .. }) = &element.kind else { continue };
            let card = &circuit.models[card_id.0 as usize];
            let (card_settings, shared) = cards.entry(*card_id).or_insert_with(|| {
                let mut settings = Settings::<M::Params>::default();
                let owner = format!("model `{}` of type {}", card.name, M::KIND);
                settings.apply(&card.params, M::INITIAL, &owner, found);
                (settings, None)
            });
            let mut settings = card_settings.clone();
            let owner = format!("memristor `{}`", element.name);
            settings.apply(given, M::INITIAL, &owner, found);
            settings.check(&owner, found);
            let common = (settings.common.temp, settings.common.dtemp);
            let (temperature, _) = temperatures((builder.ambient(M::AMBIENT), f64::NAN), common.0, common.1, f64::NAN);
            let span = if given.is_empty() { card.span } else { element.span };
            let first = bank.initial.len();
            bank.initial.resize(first + Self::STRIDE, 0.0);
            let mut make = |params: &M::Params| {
                let model = M::new(params, temperature)?;
                model.initial(params, &mut bank.initial[first..])?;
                Ok(model)
            };
            let mut made = make(&settings.params);
            if let (Ok(_), Some(seed), true) = (&made, seed, settings.varies()) {
                made = (0..MOST_DRAWS)
                    .map(|attempt| make(&settings.drawn(&element.name, seed, attempt)))
                    .find(Result::is_ok)
                    .unwrap_or_else(|| {
                        Err(format!("no draw out of {MOST_DRAWS} gives parameters that fit each other"))
                    });
            }
            let model = match made {
                Ok(model) => model,
                Err(message) => {
                    found.push(Diagnostic::error(span, format!("{owner}: {message}")));
                    continue;
                }
            };
            let model = match *shared {
                Some(index) if bank.models[index as usize] == model => index,
                _ => {
                    bank.models.push(model);
                    *shared.insert(bank.models.len() as u32 - 1)
                }
            };
            let (plus, minus) = (builder.terminal(id, 0), builder.terminal(id, 1));
            let slots = builder.pair(plus, minus);
            let stream = noise::stream(seed.unwrap_or(builder.seed), &element.name);
            bank.elements.push(id);
            bank.held.push(M::Held::default());
            bank.cells.push(Cell { plus, minus, slots, model, stream, temperature });
        }
        (errors(found) == errors_before).then(|| Box::new(bank) as Box<dyn Bank>)
    }

    /// Model, stream, voltage, states of a device.
    fn device<'a>(&self, index: usize, ctx: &'a Context, states: &'a [f64]) -> Option<(&M, [f64; N], Site<'a>, f64)> {
        let cell = self.cells.get(index)?;
        let own = states.get(index * Self::STRIDE..(index + 1) * Self::STRIDE)?;
        let (solved, auxiliary) = own.split_at(N);
        let site = Site { auxiliary, path_slope: 0.0, stream: cell.stream, time: ctx.time };
        let v = ctx.x[cell.plus as usize] - ctx.x[cell.minus as usize];
        Some((&self.models[cell.model as usize], array(solved), site, v))
    }
}

/// The first `N` values of a slice.
fn array<const N: usize>(values: &[f64]) -> [f64; N] {
    std::array::from_fn(|k| values[k])
}

impl<M: CompactModel<N>, const N: usize> Bank for MemristorBank<M, N> {
    fn clone_bank(&self) -> Box<dyn Bank> {
        Box::new(self.clone())
    }

    fn elements(&self) -> &[ElementId] {
        &self.elements
    }

    fn slots_mut(&mut self) -> Vec<&mut Slot> {
        self.cells.iter_mut().flat_map(|cell| cell.slots.iter_mut()).collect()
    }

    fn eval(&mut self, ctx: &Context, out: &mut Stamps) -> bool {
        let mut limited = false;
        for ((index, cell), held) in self.cells.iter().enumerate().zip(&mut self.held) {
            let model = &self.models[cell.model as usize];
            let first = index * Self::STRIDE;
            let v = ctx.x[cell.plus as usize] - ctx.x[cell.minus as usize];
            let before: [f64; N] = array(&ctx.states.previous[first..]);
            let own = &mut out.states[first..first + Self::STRIDE];
            own[N..].copy_from_slice(&ctx.states.previous[first + N..first + Self::STRIDE]);

            let mut path_slope = 0.0;
            let solution = match ctx.states.coefficient {
                None => Solution { states: before, ds_dv: [0.0; N], settled: true },
                Some(coefficient) => {
                    let history: [f64; N] = array(&ctx.states.history[first..]);
                    let solution = if model.rate_bound(v, held) < IDLE * coefficient {
                        let states = std::array::from_fn(|k| {
                            before[k] - offset(coefficient, history[k], before[k]) / coefficient
                        });
                        Solution { states, ds_dv: [0.0; N], settled: true }
                    } else {
                        let site = Site { auxiliary: &own[N..], path_slope: 0.0, stream: cell.stream, time: ctx.time };
                        solve(model, coefficient, &history, &before, &site, v, held)
                    };
                    if Self::STRIDE > N {
                        let step = Advance {
                            before: &before,
                            after: &solution.states,
                            v,
                            coefficient,
                            history: &ctx.states.history[first + N..first + Self::STRIDE],
                            stream: cell.stream,
                        };
                        path_slope = model.advance(&step, &mut own[N..], held);
                    }
                    solution
                }
            };
            limited |= !solution.settled || outside::<M, N>(&solution.states);
            own[..N].copy_from_slice(&solution.states);

            let site = Site { auxiliary: &own[N..], path_slope, stream: cell.stream, time: ctx.time };
            let Flow { i, di_dv, di_ds } = model.current(&solution.states, &site, v, held);
            let g = (0..N).fold(di_dv, |g, k| g + di_ds[k] * solution.ds_dv[k]);
            out.current(cell.plus, cell.minus, i);
            out.conductance(&cell.slots, g);
        }
        limited
    }

    fn breakpoint(&self, after: f64) -> f64 {
        let next = |cell: &Cell| self.models[cell.model as usize].breakpoint(cell.stream, after);
        self.cells.iter().map(next).fold(f64::INFINITY, f64::min)
    }

    fn event(&self, before: &[f64], after: &[f64], _memory: &[f64]) -> Option<f64> {
        let turns = |cell: &&Cell| self.models[cell.model as usize].marks_turns();
        let fraction = |cell: &Cell| {
            let v = |x: &[f64]| x[cell.plus as usize] - x[cell.minus as usize];
            let (start, end) = (v(before), v(after));
            (start * end < 0.0).then(|| start / (start - end))
        };
        self.cells.iter().filter(turns).filter_map(fraction).reduce(f64::min)
    }

    fn state_count(&self) -> usize {
        self.initial.len()
    }

    fn initial_states(&self, states: &mut [f64]) {
        states.copy_from_slice(&self.initial);
    }

    fn state_tolerances(&self, tolerances: &mut [f64]) {
        for own in tolerances.chunks_exact_mut(Self::STRIDE) {
            own.fill(f64::INFINITY);
            own[..N].copy_from_slice(&M::TOLERANCES);
        }
    }

    fn internal(&self, index: usize, name: &str, ctx: &Context, states: &[f64], _memory: &[f64]) -> Option<f64> {
        let (model, s, site, v) = self.device(index, ctx, states)?;
        let mut held = self.held[index].clone();
        if let Some(k) = M::STATES.iter().position(|&state| state == name) {
            return states.get(index * Self::STRIDE + k).copied();
        }
        match name {
            "v" => Some(v),
            // the state as Xyce prints it
            "n_x" => model.internal(name, &s, &site, v).or_else(|| self.internal(index, "x", ctx, states, &[])),
            "i" => Some(model.current(&s, &site, v, &mut held).i),
            "p" => Some(v * model.current(&s, &site, v, &mut held).i),
            "g" => Some(model.current(&s, &site, 0.0, &mut held).di_dv),
            _ => model.internal(name, &s, &site, v).or_else(|| {
                // of the surroundings, unless the model has a temperature of its own
                (name == TEMPERATURE).then(|| self.cells[index].temperature)
            }),
        }
    }

    fn internal_names(&self) -> Vec<&str> {
        M::INTERNALS.iter().copied().chain((!M::INTERNALS.contains(&TEMPERATURE)).then_some(TEMPERATURE)).collect()
    }

    fn frequency_dependent(&self) -> bool {
        true
    }

    fn admittance(&self, omega: f64, ctx: &Context, states: &[f64], _memory: &[f64], y: &mut [Complex64]) {
        for (index, cell) in self.cells.iter().enumerate() {
            let Some((model, s, site, v)) = self.device(index, ctx, states) else { return };
            let mut held = self.held[index].clone();
            let flow = model.current(&s, &site, v, &mut held);
            let mut total = Complex64::from(flow.di_dv);
            if omega != 0.0 && flow.di_ds.iter().any(|&d| d != 0.0) {
                let rate = model.rate(&s, &site, v, &mut held);
                let matrix = std::array::from_fn(|j| {
                    std::array::from_fn(|k| Complex64::new(-rate.df_ds[j][k], if j == k { omega } else { 0.0 }))
                });
                if let Some(ds_dv) = eliminate(matrix, rate.df_dv.map(Complex64::from), |z| z.norm()) {
                    total += flow.di_ds.iter().zip(ds_dv).map(|(&d, s)| d * s).sum::<Complex64>();
                }
            }
            for (&slot, sign) in cell.slots.iter().zip([1.0, -1.0, -1.0, 1.0]) {
                y[slot as usize] += sign * total;
            }
        }
    }

    /// Thermal noise of the differential conductance.
    fn noise(&self, _frequency: f64, ctx: &Context, states: &[f64], _memory: &[f64], add: &mut dyn FnMut(NoiseSource)) {
        for (index, cell) in self.cells.iter().enumerate() {
            let Some((model, s, site, v)) = self.device(index, ctx, states) else { return };
            let g = model.current(&s, &site, v, &mut self.held[index].clone()).di_dv;
            let density = 4.0 * BOLTZMANN * cell.temperature * g.abs();
            add(NoiseSource { index, name: "thermal", plus: cell.plus, minus: cell.minus, density });
        }
    }

    fn current_and_power(&self, index: usize, ctx: &Context, states: &[f64], _memory: &[f64]) -> Option<(f64, f64)> {
        let (model, s, site, v) = self.device(index, ctx, states)?;
        let mut held = self.held[index].clone();
        let i = model.current(&s, &site, v, &mut held).i;
        Some((i, v * i))
    }
}

/// True when a state is far outside its domain.
fn outside<M: CompactModel<N>, const N: usize>(states: &[f64; N]) -> bool {
    (0..N).any(|k| {
        let (low, high) = M::DOMAIN[k];
        let margin = OUTSIDE * (high - low);
        !(states[k] >= low - margin && states[k] <= high + margin)
    })
}
