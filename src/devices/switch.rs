//! Voltage- and current-controlled switches with hysteresis.
//!
//! The position is memory: at an operating point it follows the control during the iteration, in a transient it changes
//! only when a time point is accepted, and the integrator is asked to put one where the control crosses its threshold.

use super::cards::{Cards, device, instance};
use super::controlled::control_branch;
use super::junction::BOLTZMANN;
use super::{
    ANY, Bank, Builder, Context, ModelType, NON_NEGATIVE, NoiseSource, POSITIVE, Parameters, Slot, Stamps, Unknown,
};
use crate::circuit::ElementId;
use crate::diagnostic::Diagnostic;

/// Width of the window behind a threshold in which a time point counts as lying on it, relative to the threshold's size.
const WINDOW: f64 = 1e-6;

crate::parameters! {
    /// Parameters of a `sw` model.
    pub struct VoltageSwitchModel {
        ron [] = 1.0, "ohm", POSITIVE, "resistance when closed";
        roff [] = 1e12, "ohm", POSITIVE, "resistance when open";
        vt [] = 0.0, "V", ANY, "threshold";
        vh [] = 0.0, "V", NON_NEGATIVE, "hysteresis: closes above vt+vh, opens below vt-vh";
    }
}

crate::parameters! {
    /// Parameters of a `csw` model.
    pub struct CurrentSwitchModel {
        ron [] = 1.0, "ohm", POSITIVE, "resistance when closed";
        roff [] = 1e12, "ohm", POSITIVE, "resistance when open";
        it [] = 0.0, "A", ANY, "threshold";
        ih [] = 0.0, "A", NON_NEGATIVE, "hysteresis: closes above it+ih, opens below it-ih";
    }
}

crate::parameters! {
    /// Instance parameters of a switch.
    pub struct SwitchInstance {
        on [] = 0.0, "-", 0.0..=1.0, "closed at the start";
        off [] = 0.0, "-", 0.0..=1.0, "open at the start (the default)";
    }
}

/// The model types of this file.
pub const TYPES: [ModelType; 2] = [
    ModelType {
        kinds: &["sw"],
        summary: "switch controlled by a voltage",
        source: "two resistances with hysteresis",
        terminals: &["p", "n", "cp", "cn"],
        model_params: VoltageSwitchModel::SPECS,
        instance_params: SwitchInstance::SPECS,
        internals: INTERNALS,
        build: build_voltage,
    },
    ModelType {
        kinds: &["csw"],
        summary: "switch controlled by the current of a voltage source",
        source: "two resistances with hysteresis",
        terminals: &["p", "n"],
        model_params: CurrentSwitchModel::SPECS,
        instance_params: SwitchInstance::SPECS,
        internals: INTERNALS,
        build: build_current,
    },
];

const INTERNALS: &[&str] = &["on", "i", "r"];

#[derive(Clone, Copy)]
struct Switch {
    a: Unknown,
    b: Unknown,
    /// Control is `x[plus] - x[minus]`; a branch current has `minus` = 0.
    plus: Unknown,
    minus: Unknown,
    /// Conductance when open and when closed, S.
    conductance: [f64; 2],
    /// The control closes the switch above the first and opens it below the second.
    close: f64,
    open: f64,
    window: f64,
    starts_closed: bool,
    slots: [Slot; 4],
}

impl Switch {
    #[inline]
    fn control(&self, x: &[f64]) -> f64 {
        x[self.plus as usize] - x[self.minus as usize]
    }

    /// Position after the control has reached `control`.
    #[inline]
    fn position(&self, before: f64, control: f64) -> f64 {
        if control > self.close {
            1.0
        } else if control < self.open {
            0.0
        } else {
            before
        }
    }
}

/// All switches of one kind. Memory: 1 when closed, 0 when open.
#[derive(Clone)]
struct SwitchBank {
    elements: Vec<ElementId>,
    switches: Vec<Switch>,
    /// Of the circuit, K.
    temperature: f64,
}

fn build_voltage(builder: &mut Builder, ids: &[ElementId], found: &mut Vec<Diagnostic>) -> Option<Box<dyn Bank>> {
    let cards = Cards::<VoltageSwitchModel>::read(builder.circuit, ids, found);
    let mut switches = Vec::new();
    for &id in ids {
        let (element, device, _) = device(builder.circuit, id)?;
        let m = cards.of(device);
        let start = instance::<SwitchInstance>(element, device, found);
        let control = (builder.terminal(id, 2), builder.terminal(id, 3));
        switches.push(switch(builder, id, control, [m.ron, m.roff, m.vt, m.vh], &start));
    }
    let temperature = builder.temperature;
    Some(Box::new(SwitchBank { elements: ids.to_vec(), switches, temperature }))
}

fn build_current(builder: &mut Builder, ids: &[ElementId], found: &mut Vec<Diagnostic>) -> Option<Box<dyn Bank>> {
    let cards = Cards::<CurrentSwitchModel>::read(builder.circuit, ids, found);
    let mut switches = Vec::new();
    for &id in ids {
        let (element, device, _) = device(builder.circuit, id)?;
        let m = cards.of(device);
        let start = instance::<SwitchInstance>(element, device, found);
        let control = match device.control {
            Some(control) => control_branch(builder, id, control, found),
            None => {
                let text = format!("`{}` has no controlling current", element.name);
                found.push(Diagnostic::error(element.span, text).label("name a voltage source before the model"));
                0
            }
        };
        switches.push(switch(builder, id, (control, 0), [m.ron, m.roff, m.it, m.ih], &start));
    }
    let temperature = builder.temperature;
    Some(Box::new(SwitchBank { elements: ids.to_vec(), switches, temperature }))
}

fn switch(
    builder: &mut Builder,
    id: ElementId,
    (plus, minus): (Unknown, Unknown),
    [ron, roff, threshold, hysteresis]: [f64; 4],
    start: &SwitchInstance,
) -> Switch {
    let (a, b) = (builder.terminal(id, 0), builder.terminal(id, 1));
    Switch {
        a,
        b,
        plus,
        minus,
        conductance: [1.0 / roff, 1.0 / ron],
        close: threshold + hysteresis,
        open: threshold - hysteresis,
        window: WINDOW * (threshold.abs() + hysteresis).max(1e-6),
        starts_closed: start.on != 0.0 && start.off == 0.0,
        slots: builder.pair(a, b),
    }
}

impl Bank for SwitchBank {
    fn clone_bank(&self) -> Box<dyn Bank> {
        Box::new(self.clone())
    }

    fn elements(&self) -> &[ElementId] {
        &self.elements
    }

    fn slots_mut(&mut self) -> Vec<&mut Slot> {
        self.switches.iter_mut().flat_map(|s| &mut s.slots).collect()
    }

    fn eval(&mut self, ctx: &Context, out: &mut Stamps) -> bool {
        let settles = ctx.states.coefficient.is_none() && !ctx.first_iteration;
        let mut moved = false;
        for (k, s) in self.switches.iter().enumerate() {
            if settles {
                let position = s.position(out.memory[k], s.control(ctx.x));
                moved |= position != out.memory[k];
                out.memory[k] = position;
            }
            let g = s.conductance[out.memory[k] as usize];
            out.current(s.a, s.b, g * (ctx.x[s.a as usize] - ctx.x[s.b as usize]));
            out.conductance(&s.slots, g);
        }
        moved
    }

    fn memory_count(&self) -> usize {
        self.switches.len()
    }

    fn initial_memory(&self, memory: &mut [f64]) {
        for (cell, s) in memory.iter_mut().zip(&self.switches) {
            *cell = f64::from(u8::from(s.starts_closed));
        }
    }

    /// Aims just behind the threshold, so that the point reached flips the switch when it is accepted.
    fn event(&self, before: &[f64], after: &[f64], memory: &[f64]) -> Option<f64> {
        let crossing = |(s, &position): (&Switch, &f64)| {
            let (from, to) = (s.control(before), s.control(after));
            let (target, beyond) =
                if position == 0.0 { (s.close + s.window, to - s.close) } else { (s.open - s.window, s.open - to) };
            (beyond > 2.0 * s.window && to != from).then(|| ((target - from) / (to - from)).clamp(0.0, 1.0))
        };
        self.switches.iter().zip(memory).filter_map(crossing).reduce(f64::min)
    }

    fn accept(&mut self, ctx: &Context, memory: &mut [f64]) -> bool {
        let mut moved = false;
        for (s, cell) in self.switches.iter().zip(memory) {
            let position = s.position(*cell, s.control(ctx.x));
            moved |= position != *cell;
            *cell = position;
        }
        moved
    }

    fn internal(&self, index: usize, name: &str, ctx: &Context, _states: &[f64], memory: &[f64]) -> Option<f64> {
        let s = self.switches.get(index)?;
        let g = s.conductance[memory[index] as usize];
        match name {
            "on" => Some(memory[index]),
            "i" => Some(g * (ctx.x[s.a as usize] - ctx.x[s.b as usize])),
            "r" => Some(1.0 / g),
            _ => None,
        }
    }

    fn internal_names(&self) -> Vec<&str> {
        INTERNALS.to_vec()
    }

    /// Thermal noise of the present resistance; the one source has the name of the switch.
    fn noise(
        &self,
        _frequency: f64,
        _ctx: &Context,
        _states: &[f64],
        memory: &[f64],
        add: &mut dyn FnMut(NoiseSource),
    ) {
        for (index, s) in self.switches.iter().enumerate() {
            let density = 4.0 * BOLTZMANN * self.temperature * s.conductance[memory[index] as usize];
            add(NoiseSource { index, name: "", plus: s.a, minus: s.b, density });
        }
    }

    fn current_and_power(&self, index: usize, ctx: &Context, states: &[f64], memory: &[f64]) -> Option<(f64, f64)> {
        let s = self.switches.get(index)?;
        let i = self.internal(index, "i", ctx, states, memory)?;
        Some((i, i * (ctx.x[s.a as usize] - ctx.x[s.b as usize])))
    }
}
