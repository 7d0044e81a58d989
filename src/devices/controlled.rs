//! Controlled sources E, F, G and H, linear or polynomial.

use super::{Bank, Builder, Context, Slot, Stamps, Unknown};
use crate::circuit::{Circuit, ElementId, ElementKind, Poly};
use crate::diagnostic::Diagnostic;

/// What the source's output is.
#[derive(Clone, Copy)]
enum Output {
    /// Current from plus through the source to minus.
    Current,
    /// Voltage with this branch current.
    Voltage { branch: Unknown, slots: [Slot; 4] },
}

/// One controlling quantity: `x[plus] - x[minus]` (a branch current has `minus` = 0).
#[derive(Clone, Copy)]
struct Control {
    plus: Unknown,
    minus: Unknown,
    /// Coefficient of the first degree.
    gain: f64,
    /// First output row at plus and minus, then (currents only) the second row.
    slots: [Slot; 4],
}

/// A product of at least two controlling quantities.
#[derive(Clone)]
struct Term {
    coefficient: f64,
    /// Positions of the factors among the source's controls, with repetitions.
    factors: Vec<usize>,
}

#[derive(Clone)]
struct Controlled {
    plus: Unknown,
    minus: Unknown,
    output: Output,
    constant: f64,
    controls: Vec<Control>,
    terms: Vec<Term>,
}

/// All E, F, G and H of a circuit.
#[derive(Clone, Default)]
pub struct ControlledBank {
    elements: Vec<ElementId>,
    sources: Vec<Controlled>,
}

/// True for elements whose current is an unknown.
pub(super) fn has_branch(circuit: &Circuit, id: ElementId) -> bool {
    match &circuit.elements[id.0 as usize].kind {
        ElementKind::VoltageSource(_)
        | ElementKind::Vcvs(_)
        | ElementKind::Ccvs(_)
        | ElementKind::BehaviouralVoltage(_)
        | ElementKind::Inductor { .. } => true,
        ElementKind::Device(device) => circuit.models.get(device.model.0 as usize).is_some_and(|m| m.kind == "dac"),
        _ => false,
    }
}

/// The branch current that controls `user`; complains when `control` has none.
pub(super) fn control_branch(
    builder: &mut Builder,
    user: ElementId,
    control: ElementId,
    found: &mut Vec<Diagnostic>,
) -> Unknown {
    let circuit = builder.circuit;
    if has_branch(circuit, control) {
        return builder.branch(control);
    }
    let element = &circuit.elements[user.0 as usize];
    let text = format!(
        "`{}` is controlled by the current of `{}`, which is not a voltage source",
        element.name, circuit.elements[control.0 as usize].name
    );
    found.push(
        Diagnostic::error(element.span, text)
            .label("controlled by this current")
            .hint("put a voltage source of 0 V in series and name that"),
    );
    0
}

/// The factors of every coefficient in SPICE2 order: by degree, then lexicographically (1, x, y, x^2, xy, y^2, ..).
fn factor_lists(dimension: usize, count: usize) -> Vec<Vec<usize>> {
    let mut lists = vec![Vec::new()];
    while lists.len() < count && dimension > 0 {
        let Some(mut next) = lists.last().cloned() else { break };
        // the last factor that can still grow takes the next quantity, and so do all after it
        match next.iter().rposition(|&f| f + 1 < dimension) {
            Some(k) => {
                let grown = next[k] + 1;
                next[k..].fill(grown);
            }
            None => next = vec![0; next.len() + 1],
        }
        lists.push(next);
    }
    lists
}

impl ControlledBank {
    /// Collects the controlled sources of the circuit.
    pub fn build(builder: &mut Builder, found: &mut Vec<Diagnostic>) -> Self {
        let mut bank = Self::default();
        let circuit = builder.circuit;
        for (k, element) in circuit.elements.iter().enumerate() {
            let id = ElementId(k as u32);
            let (inputs, coefficients, is_voltage): (Vec<(Unknown, Unknown)>, &[f64], bool) = match &element.kind {
                ElementKind::Vcvs(poly) => (voltages(builder, poly), &poly.coefficients, true),
                ElementKind::Vccs(poly) => (voltages(builder, poly), &poly.coefficients, false),
                ElementKind::Ccvs(poly) => (currents(builder, id, poly, found), &poly.coefficients, true),
                ElementKind::Cccs(poly) => (currents(builder, id, poly, found), &poly.coefficients, false),
                _ => continue,
            };
            let source = Controlled::new(builder, id, &inputs, coefficients, is_voltage);
            bank.elements.push(id);
            bank.sources.push(source);
        }
        bank
    }
}

fn voltages(
    builder: &Builder,
    poly: &Poly<(crate::circuit::NodeId, crate::circuit::NodeId)>,
) -> Vec<(Unknown, Unknown)> {
    poly.controls.iter().map(|&(plus, minus)| (builder.node(plus), builder.node(minus))).collect()
}

fn currents(
    builder: &mut Builder,
    id: ElementId,
    poly: &Poly<ElementId>,
    found: &mut Vec<Diagnostic>,
) -> Vec<(Unknown, Unknown)> {
    poly.controls.iter().map(|&control| (control_branch(builder, id, control, found), 0)).collect()
}

impl Controlled {
    fn new(
        builder: &mut Builder,
        id: ElementId,
        inputs: &[(Unknown, Unknown)],
        coefficients: &[f64],
        is_voltage: bool,
    ) -> Self {
        let (plus, minus) = (builder.terminal(id, 0), builder.terminal(id, 1));
        let (output, rows) = if is_voltage {
            let branch = builder.branch(id);
            let slots = [(plus, branch), (minus, branch), (branch, plus), (branch, minus)]
                .map(|(row, column)| builder.entry(row, column));
            (Output::Voltage { branch, slots }, [branch, 0])
        } else {
            (Output::Current, [plus, minus])
        };
        let controls = inputs.iter().map(|&(p, m)| Control {
            plus: p,
            minus: m,
            gain: 0.0,
            slots: [(rows[0], p), (rows[0], m), (rows[1], p), (rows[1], m)].map(|(r, c)| builder.entry(r, c)),
        });
        let controls = controls.collect();
        let mut source = Self { plus, minus, output, constant: 0.0, controls, terms: Vec::new() };
        let lists = factor_lists(inputs.len(), coefficients.len());
        for (factors, &coefficient) in lists.into_iter().zip(coefficients) {
            match factors[..] {
                _ if coefficient == 0.0 => {}
                [] => source.constant = coefficient,
                [single] => source.controls[single].gain = coefficient,
                _ => source.terms.push(Term { coefficient, factors }),
            }
        }
        source
    }

    /// Sign of the source's value in the first output row.
    fn sign(&self) -> f64 {
        match self.output {
            Output::Current => 1.0,
            Output::Voltage { .. } => -1.0,
        }
    }

    fn input(&self, k: usize, x: &[f64]) -> f64 {
        let c = &self.controls[k];
        x[c.plus as usize] - x[c.minus as usize]
    }

    fn value(&self, x: &[f64]) -> f64 {
        let linear: f64 = (0..self.controls.len()).map(|k| self.controls[k].gain * self.input(k, x)).sum();
        let product = |t: &Term| t.factors.iter().fold(t.coefficient, |p, &f| p * self.input(f, x));
        self.constant + linear + self.terms.iter().map(product).sum::<f64>()
    }

    /// Adds `slope`, a derivative with respect to a control, to the Jacobian.
    fn stamp(&self, control: &Control, slope: f64, g: &mut [f64]) {
        let slope = self.sign() * slope;
        for (&slot, sign) in control.slots.iter().zip([1.0, -1.0, -1.0, 1.0]) {
            g[slot as usize] += sign * slope;
        }
    }
}

impl Bank for ControlledBank {
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
        let mut slots = Vec::new();
        for source in &mut self.sources {
            if let Output::Voltage { slots: own, .. } = &mut source.output {
                slots.extend(own);
            }
            slots.extend(source.controls.iter_mut().flat_map(|c| &mut c.slots));
        }
        slots
    }

    fn constant(&self, g: &mut [f64], _c: &mut [f64]) {
        for source in &self.sources {
            if let Output::Voltage { slots, .. } = source.output {
                for (slot, sign) in slots.into_iter().zip([1.0, -1.0, 1.0, -1.0]) {
                    g[slot as usize] += sign;
                }
            }
            for control in &source.controls {
                source.stamp(control, control.gain, g);
            }
        }
    }

    fn eval(&mut self, ctx: &Context, out: &mut Stamps) -> bool {
        let x = ctx.x;
        for source in &self.sources {
            let value = source.value(x);
            match source.output {
                Output::Current => out.current(source.plus, source.minus, value),
                Output::Voltage { branch, .. } => {
                    out.current(source.plus, source.minus, x[branch as usize]);
                    out.resistive(branch, x[source.plus as usize]);
                    out.resistive(branch, -x[source.minus as usize]);
                    out.resistive(branch, -value);
                }
            }
            for term in &source.terms {
                for (k, &own) in term.factors.iter().enumerate() {
                    let others = term.factors.iter().enumerate().filter(|&(other, _)| other != k);
                    let slope = others.fold(term.coefficient, |p, (_, &f)| p * source.input(f, x));
                    source.stamp(&source.controls[own], slope, out.g);
                }
            }
        }
        false
    }

    fn current_and_power(&self, index: usize, ctx: &Context, _states: &[f64], _memory: &[f64]) -> Option<(f64, f64)> {
        let source = self.sources.get(index)?;
        let i = match source.output {
            Output::Current => source.value(ctx.x),
            Output::Voltage { branch, .. } => ctx.x[branch as usize],
        };
        Some((i, i * (ctx.x[source.plus as usize] - ctx.x[source.minus as usize])))
    }
}

#[cfg(test)]
mod tests {
    use super::factor_lists;

    #[test]
    fn coefficients_come_in_spice2_order() {
        // SPICE2 user's guide: one, two and three dimensions
        assert_eq!(factor_lists(1, 4), [vec![], vec![0], vec![0, 0], vec![0, 0, 0]]);
        let two = ["", "0", "1", "00", "01", "11", "000", "001", "011", "111", "0000"];
        let three =
            ["", "0", "1", "2", "00", "01", "02", "11", "12", "22", "000", "001", "002", "011", "012", "022", "111"];
        let text = |d, n| {
            let spell = |l: &Vec<usize>| l.iter().map(|f| f.to_string()).collect::<String>();
            factor_lists(d, n).iter().map(spell).collect::<Vec<_>>()
        };
        assert_eq!(text(2, two.len()), two);
        assert_eq!(text(3, three.len()), three);
        assert_eq!(factor_lists(0, 5).len(), 1);
    }
}
