//! Resistors, capacitors, inductors and their couplings.

use std::collections::{HashMap, HashSet};

use super::junction::BOLTZMANN;
use super::{Bank, Builder, Context, NoiseSource, Slot, Stamps, Unknown};
use crate::circuit::{Circuit, ElementId, ElementKind, ResistorNoise, Signal};
use crate::diagnostic::Diagnostic;

/// Resistance that stands for 0 ohm, as in ngspice.
const SMALLEST_RESISTANCE: f64 = 1e-3;
/// Most coupled inductors whose set is checked.
const MOST_CHECKED: usize = 300;
/// Most capacitors of a circuit in which all their currents are followed.
const MOST_WATCHED: usize = 100;

#[derive(Clone, Copy)]
struct TwoTerminal {
    a: Unknown,
    b: Unknown,
    /// Conductance (S) or capacitance (F).
    value: f64,
    slots: [Slot; 4],
}

#[derive(Clone, Copy)]
struct Inductor {
    plus: Unknown,
    minus: Unknown,
    branch: Unknown,
    inductance: f64,
    /// Rows plus and minus at the branch; branch row at plus, minus and the branch.
    slots: [Slot; 5],
}

#[derive(Clone, Copy)]
struct Mutual {
    /// Positions of both inductors.
    coils: [usize; 2],
    coupling: f64,
    inductance: f64,
    slots: [Slot; 2],
}

#[derive(Clone, Copy)]
enum Place {
    Resistor(usize),
    Capacitor(usize),
    Inductor(usize),
    /// Pairs of coils, from .. to.
    Mutual(usize, usize),
}

/// All R, C, L and K of a circuit.
#[derive(Clone, Default)]
pub struct LinearBank {
    elements: Vec<ElementId>,
    places: Vec<Place>,
    index: HashMap<ElementId, usize>,
    resistors: Vec<TwoTerminal>,
    capacitors: Vec<TwoTerminal>,
    inductors: Vec<Inductor>,
    mutuals: Vec<Mutual>,
    /// Capacitors whose currents can be asked for; each has one state (its voltage) and two memory cells: leading
    /// coefficient (1/s) and history (V/s) of the integrator's derivative of that state.
    watched: Vec<usize>,
    capacitor_starts: Vec<(usize, f64)>,
    inductor_starts: Vec<(usize, f64)>,
    noises: Vec<ResistorNoise>,
    /// Resistors whose conductance in `.ac` is another, and by how much, S.
    ac_differences: Vec<(usize, f64)>,
}

impl LinearBank {
    /// Collects the linear elements of the circuit; reports zero or infinite values and impossible couplings.
    pub fn build(builder: &mut Builder, found: &mut Vec<Diagnostic>) -> Self {
        let mut bank = Self::default();
        let circuit = builder.circuit;
        let mut couplings = Vec::new();
        for (k, element) in circuit.elements.iter().enumerate() {
            let id = ElementId(k as u32);
            let place = match element.kind {
                ElementKind::Resistor { resistance, ac_resistance, noise } => {
                    if resistance == 0.0 {
                        let text = format!("resistor `{}` has 0 ohm; {SMALLEST_RESISTANCE} ohm is used", element.name);
                        found.push(Diagnostic::warning(element.span, text).label("zero resistance"));
                    }
                    let (a, b) = (builder.terminal(id, 0), builder.terminal(id, 1));
                    let value = conductance(resistance);
                    bank.noises.push(noise);
                    let difference = ac_resistance.map(|r| (bank.resistors.len(), conductance(r) - value));
                    bank.ac_differences.extend(difference);
                    bank.resistors.push(TwoTerminal { a, b, value, slots: builder.pair(a, b) });
                    Place::Resistor(bank.resistors.len() - 1)
                }
                ElementKind::Capacitor { capacitance, initial_voltage } => {
                    let (a, b) = (builder.terminal(id, 0), builder.terminal(id, 1));
                    bank.capacitors.push(TwoTerminal { a, b, value: capacitance, slots: builder.pair(a, b) });
                    let position = bank.capacitors.len() - 1;
                    bank.capacitor_starts.extend(initial_voltage.map(|v| (position, v)));
                    Place::Capacitor(position)
                }
                ElementKind::Inductor { inductance, initial_current } => {
                    let (plus, minus) = (builder.terminal(id, 0), builder.terminal(id, 1));
                    let branch = builder.branch(id);
                    let slots = [
                        builder.entry(plus, branch),
                        builder.entry(minus, branch),
                        builder.entry(branch, plus),
                        builder.entry(branch, minus),
                        builder.entry(branch, branch),
                    ];
                    bank.inductors.push(Inductor { plus, minus, branch, inductance, slots });
                    let position = bank.inductors.len() - 1;
                    bank.inductor_starts.extend(initial_current.map(|i| (position, i)));
                    Place::Inductor(position)
                }
                ElementKind::Mutual { ref coils, coupling } => {
                    couplings.push((id, coils, coupling));
                    continue;
                }
                _ => continue,
            };
            bank.add(id, place);
        }
        for (id, coils, coupling) in couplings {
            bank.mutual(builder, id, coils, coupling, found);
        }
        bank.passivity(builder, found);
        bank.watch(circuit);
        bank.couple();
        bank
    }

    /// Chooses the capacitors whose currents are followed: all of a small circuit, else those whose currents are saved.
    fn watch(&mut self, circuit: &Circuit) {
        let asked: HashSet<ElementId> = circuit
            .saves
            .iter()
            .filter_map(|signal| match signal {
                Signal::Current { element, .. } | Signal::Power { element, .. } | Signal::Internal { element, .. } => {
                    Some(*element)
                }
                _ => None,
            })
            .collect();
        let all = self.capacitors.len() <= MOST_WATCHED;
        for (id, place) in self.elements.iter().zip(&self.places) {
            if let Place::Capacitor(k) = *place
                && (all || asked.contains(id))
            {
                self.watched.push(k);
            }
        }
    }

    /// Current of a capacitor by the integrator's derivative, A.
    fn capacitor_current(&self, k: usize, x: &[f64], memory: &[f64]) -> Option<f64> {
        let place = self.watched.binary_search(&k).ok()?;
        let c = &self.capacitors[k];
        let [coefficient, history] = [memory.get(2 * place)?, memory.get(2 * place + 1)?];
        Some(c.value * (coefficient * (x[c.a as usize] - x[c.b as usize]) + history))
    }

    /// Couples every pair of the inductors `coils`.
    fn mutual(
        &mut self,
        builder: &mut Builder,
        id: ElementId,
        coils: &[ElementId],
        coupling: f64,
        found: &mut Vec<Diagnostic>,
    ) {
        let element = &builder.circuit.elements[id.0 as usize];
        let mut refuse = |text: String, label: &str| found.push(Diagnostic::error(element.span, text).label(label));
        if !(-1.0..=1.0).contains(&coupling) {
            let text = format!("coupling of `{}` is {coupling}; it must lie between -1 and 1", element.name);
            return refuse(text, "impossible coupling");
        }
        let mut positions = Vec::with_capacity(coils.len());
        for coil in coils {
            let Some(Place::Inductor(k)) = self.index.get(coil).map(|&k| self.places[k]) else {
                return refuse(
                    format!("`{}` couples something that is not an inductor", element.name),
                    "inductors are needed",
                );
            };
            if positions.contains(&k) {
                return refuse(
                    format!("`{}` couples an inductor with itself", element.name),
                    "the same inductor twice",
                );
            }
            positions.push(k);
        }
        let start = self.mutuals.len();
        for (nth, &one) in positions.iter().enumerate() {
            for &two in &positions[nth + 1..] {
                let branches = [self.inductors[one].branch, self.inductors[two].branch];
                let slots = [builder.entry(branches[0], branches[1]), builder.entry(branches[1], branches[0])];
                self.mutuals.push(Mutual { coils: [one, two], coupling, inductance: 0.0, slots });
            }
        }
        self.add(id, Place::Mutual(start, self.mutuals.len()));
    }

    /// Warns of sets of couplings that give energy: their matrix has a negative eigenvalue.
    fn passivity(&self, builder: &Builder, found: &mut Vec<Diagnostic>) {
        let mut coils: Vec<usize> = self.mutuals.iter().flat_map(|m| m.coils).collect();
        coils.sort_unstable();
        coils.dedup();
        if coils.len() < 3 || coils.len() > MOST_CHECKED {
            return;
        }
        let n = coils.len();
        let mut matrix = vec![vec![0.0; n]; n];
        for (k, row) in matrix.iter_mut().enumerate() {
            row[k] = 1.0;
        }
        for m in &self.mutuals {
            let [Ok(a), Ok(b)] = m.coils.map(|c| coils.binary_search(&c)) else { continue };
            matrix[a][b] += m.coupling;
            matrix[b][a] += m.coupling;
        }
        // elimination keeps the signs of the eigenvalues
        for k in 0..n {
            if matrix[k][k] < -1e-9 || (matrix[k][k] < 1e-12 && (k + 1..n).any(|j| matrix[k][j].abs() > 1e-6)) {
                let place = self.places.iter().rposition(
                    |p| matches!(*p, Place::Mutual(from, to) if self.mutuals[from..to].iter().any(|m| m.coils.contains(&coils[k]))),
                );
                let Some(place) = place else { return };
                let element = &builder.circuit.elements[self.elements[place].0 as usize];
                let text = format!("the couplings around `{}` are not possible together", element.name);
                let warning = Diagnostic::warning(element.span, text).label("these inductors can give energy");
                found.push(warning.hint("three windings need k12^2 + k13^2 + k23^2 <= 1 + 2 k12 k13 k23"));
                return;
            }
            if matrix[k][k] <= 1e-12 {
                continue;
            }
            let (above, below) = matrix.split_at_mut(k + 1);
            let pivot = &above[k];
            for row in below {
                let factor = row[k] / pivot[k];
                row[k..].iter_mut().zip(&pivot[k..]).for_each(|(x, p)| *x -= factor * p);
            }
        }
    }

    fn add(&mut self, id: ElementId, place: Place) {
        self.index.insert(id, self.elements.len());
        self.elements.push(id);
        self.places.push(place);
    }

    /// Recomputes the mutual inductances.
    fn couple(&mut self) {
        for m in &mut self.mutuals {
            let product: f64 = m.coils.iter().map(|&k| self.inductors[k].inductance).product();
            m.inductance = m.coupling * product.abs().sqrt();
        }
    }

    /// Resistance (ohm), capacitance (F), inductance (H) or coupling of an element of this bank.
    pub fn value(&self, element: ElementId) -> Option<f64> {
        Some(match self.places[*self.index.get(&element)?] {
            Place::Resistor(k) => 1.0 / self.resistors[k].value,
            Place::Capacitor(k) => self.capacitors[k].value,
            Place::Inductor(k) => self.inductors[k].inductance,
            Place::Mutual(from, _) => self.mutuals.get(from)?.coupling,
        })
    }

    /// Changes the value of an element (units as [`Self::value`]); false when the bank does not hold it. The constant
    /// entries ([`Bank::constant`]) must be gathered again afterwards.
    pub fn set_value(&mut self, element: ElementId, value: f64) -> bool {
        let Some(&k) = self.index.get(&element) else { return false };
        match self.places[k] {
            Place::Resistor(k) => self.resistors[k].value = conductance(value),
            Place::Capacitor(k) => self.capacitors[k].value = value,
            Place::Inductor(k) => self.inductors[k].inductance = value,
            Place::Mutual(from, to) => {
                self.mutuals[from..to].iter_mut().for_each(|m| m.coupling = value.clamp(-1.0, 1.0));
            }
        }
        self.couple();
        true
    }
}

fn conductance(resistance: f64) -> f64 {
    1.0 / if resistance == 0.0 { SMALLEST_RESISTANCE } else { resistance }
}

impl Bank for LinearBank {
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
        let pairs = self.resistors.iter_mut().chain(&mut self.capacitors).flat_map(|p| &mut p.slots);
        let coils = self.inductors.iter_mut().flat_map(|l| &mut l.slots);
        pairs.chain(coils).chain(self.mutuals.iter_mut().flat_map(|m| &mut m.slots)).collect()
    }

    fn constant(&self, g: &mut [f64], c: &mut [f64]) {
        let add = |matrix: &mut [f64], slots: &[Slot; 4], value: f64| {
            for (&slot, sign) in slots.iter().zip([1.0, -1.0, -1.0, 1.0]) {
                matrix[slot as usize] += sign * value;
            }
        };
        for r in &self.resistors {
            add(g, &r.slots, r.value);
        }
        for k in &self.capacitors {
            add(c, &k.slots, k.value);
        }
        for l in &self.inductors {
            for (&slot, sign) in l.slots.iter().zip([1.0, -1.0, 1.0, -1.0]) {
                g[slot as usize] += sign;
            }
            c[l.slots[4] as usize] -= l.inductance;
        }
        for m in &self.mutuals {
            for slot in m.slots {
                c[slot as usize] -= m.inductance;
            }
        }
    }

    fn eval(&mut self, ctx: &Context, out: &mut Stamps) -> bool {
        let x = ctx.x;
        for r in &self.resistors {
            out.current(r.a, r.b, r.value * (x[r.a as usize] - x[r.b as usize]));
        }
        for c in &self.capacitors {
            out.charge(c.a, c.b, c.value * (x[c.a as usize] - x[c.b as usize]));
        }
        for (place, &k) in self.watched.iter().enumerate() {
            let c = &self.capacitors[k];
            if let Some(state) = out.states.get_mut(place) {
                *state = x[c.a as usize] - x[c.b as usize];
            }
            let coefficient = ctx.states.coefficient;
            out.memory[2 * place] = coefficient.unwrap_or(0.0);
            out.memory[2 * place + 1] = coefficient.and_then(|_| ctx.states.history.get(place).copied()).unwrap_or(0.0);
        }
        for l in &self.inductors {
            let i = x[l.branch as usize];
            out.current(l.plus, l.minus, i);
            out.resistive(l.branch, x[l.plus as usize]);
            out.resistive(l.branch, -x[l.minus as usize]);
            out.q[l.branch as usize] -= l.inductance * i;
        }
        for m in &self.mutuals {
            let [one, two] = m.coils.map(|k| self.inductors[k].branch as usize);
            out.q[one] -= m.inductance * x[two];
            out.q[two] -= m.inductance * x[one];
        }
        false
    }

    fn state_count(&self) -> usize {
        self.watched.len()
    }

    fn memory_count(&self) -> usize {
        2 * self.watched.len()
    }

    fn initial_conditions(&self, set: &mut dyn FnMut(Unknown, Unknown, f64)) {
        for &(k, v) in &self.capacitor_starts {
            set(self.capacitors[k].a, self.capacitors[k].b, v);
        }
        for &(k, i) in &self.inductor_starts {
            set(self.inductors[k].branch, 0, i);
        }
    }

    fn internal(&self, index: usize, name: &str, ctx: &Context, states: &[f64], memory: &[f64]) -> Option<f64> {
        let place = *self.places.get(index)?;
        let value = match place {
            Place::Resistor(k) => 1.0 / self.resistors[k].value,
            Place::Capacitor(k) => self.capacitors[k].value,
            Place::Inductor(k) => self.inductors[k].inductance,
            Place::Mutual(from, _) => self.mutuals.get(from)?.coupling,
        };
        let main = match place {
            Place::Resistor(_) => ["resistance", "r"],
            Place::Capacitor(_) => ["capacitance", "c"],
            Place::Inductor(_) => ["inductance", "l"],
            Place::Mutual(..) => ["coupling", "k"],
        };
        if main.contains(&name) {
            return Some(value);
        }
        let voltage = |a: Unknown, b: Unknown| ctx.x[a as usize] - ctx.x[b as usize];
        match (place, name) {
            (Place::Resistor(_), "g") => Some(1.0 / value),
            (Place::Resistor(k), "v") => Some(voltage(self.resistors[k].a, self.resistors[k].b)),
            (Place::Capacitor(k), "v") => Some(voltage(self.capacitors[k].a, self.capacitors[k].b)),
            (Place::Capacitor(k), "q") => Some(value * voltage(self.capacitors[k].a, self.capacitors[k].b)),
            (Place::Inductor(k), "v") => Some(voltage(self.inductors[k].plus, self.inductors[k].minus)),
            (Place::Inductor(k), "flux") => {
                let current = |coil: usize| ctx.x[self.inductors[coil].branch as usize];
                let coupled = self.mutuals.iter().filter(|m| m.coils.contains(&k));
                let others =
                    coupled.map(|m| m.inductance * current(if m.coils[0] == k { m.coils[1] } else { m.coils[0] }));
                Some(value * current(k) + others.sum::<f64>())
            }
            (_, "i" | "p") => {
                let (i, p) = self.current_and_power(index, ctx, states, memory)?;
                Some(if name == "i" { i } else { p })
            }
            _ => None,
        }
    }

    fn internal_names(&self) -> Vec<&str> {
        vec!["resistance", "capacitance", "inductance", "coupling", "v", "i", "p", "q", "flux"]
    }

    fn ac_values(&self, g: &mut [f64]) {
        for &(k, difference) in &self.ac_differences {
            for (&slot, sign) in self.resistors[k].slots.iter().zip([1.0, -1.0, -1.0, 1.0]) {
                g[slot as usize] += sign * difference;
            }
        }
    }

    /// Thermal and flicker noise of the resistors.
    fn noise(&self, frequency: f64, ctx: &Context, _states: &[f64], _memory: &[f64], add: &mut dyn FnMut(NoiseSource)) {
        for (index, place) in self.places.iter().enumerate() {
            if let Place::Resistor(k) = *place {
                let (r, noise) = (&self.resistors[k], &self.noises[k]);
                if noise.temperature == 0.0 {
                    continue;
                }
                let thermal = 4.0 * BOLTZMANN * noise.temperature * r.value.abs();
                let [coefficient, exponent, by_frequency] = noise.flicker;
                let i = r.value * (ctx.x[r.a as usize] - ctx.x[r.b as usize]);
                let flicker = coefficient * i.abs().powf(exponent) / frequency.powf(by_frequency);
                for (name, density) in [("thermal", thermal), ("1overf", flicker)] {
                    let density = if density.is_finite() { density } else { 0.0 };
                    add(NoiseSource { index, name, plus: r.a, minus: r.b, density });
                }
            }
        }
    }

    fn current_and_power(&self, index: usize, ctx: &Context, _states: &[f64], memory: &[f64]) -> Option<(f64, f64)> {
        let x = ctx.x;
        match *self.places.get(index)? {
            Place::Resistor(k) => {
                let r = &self.resistors[k];
                let v = x[r.a as usize] - x[r.b as usize];
                Some((r.value * v, r.value * v * v))
            }
            Place::Inductor(k) => {
                let l = &self.inductors[k];
                let i = x[l.branch as usize];
                Some((i, i * (x[l.plus as usize] - x[l.minus as usize])))
            }
            Place::Capacitor(k) => {
                let c = &self.capacitors[k];
                let i = self.capacitor_current(k, x, memory)?;
                Some((i, i * (x[c.a as usize] - x[c.b as usize])))
            }
            Place::Mutual(..) => None,
        }
    }
}
