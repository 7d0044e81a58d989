//! Jacobian entries of a bipolar transistor.

use num_complex::Complex64;

use super::core::Point;
use super::quasi;
use super::thermal::Transistor;
use super::{B, Builder, C, E, ElementId, Nodes, Slot, Stamps, Unknown};
use crate::devices::{UnknownInfo, UnknownKind};

const NONE: [Slot; 4] = [Slot::MAX; 4];

/// Entries of every transistor; pairs are in the order of [`Builder::pair`].
#[derive(Clone)]
pub(super) struct Slots {
    /// Rows and columns: inner collector, base, emitter.
    pub core: [[Slot; 3]; 3],
    /// Row of the outer base, columns as in `core`.
    pub base_row: [Slot; 3],
    /// Column of the outer base in the rows of the inner collector and base, and in its own.
    base_column: [Slot; 3],
    pub substrate: [Slot; 4],
    pub collector: [Slot; 4],
    pub emitter: [Slot; 4],
    /// Constant capacitances base-collector, base-emitter, substrate.
    pub parasitic: [[Slot; 4]; 3],
}

impl Slots {
    pub fn new(builder: &mut Builder, n: &Nodes, t: &Transistor) -> Self {
        let inner = n.inner;
        let mut pair = |a: Unknown, b: Unknown, exists: bool| if exists { builder.pair(a, b) } else { NONE };
        let well = if t.vertical { n.collector } else { n.base };
        let parasitic = [
            pair(n.base, n.collector, t.parasitic[0] != 0.0),
            pair(n.base, n.emitter, t.parasitic[1] != 0.0),
            pair(n.substrate, well, t.parasitic[2] != 0.0),
        ];
        let collector = pair(n.collector, n.middle, t.collector > 0.0);
        let emitter = pair(n.emitter, n.inner[E], t.emitter > 0.0);
        let substrate = builder.pair(n.substrate, n.well);
        // the outer base meets the inner collector through a capacitance, the inner emitter where its resistance varies
        let varies = t.base.0 != 0.0 || t.base_current != 0.0;
        let core = inner.map(|row| inner.map(|column| builder.entry(row, column)));
        let mut some = |row: Unknown, column: Unknown, exists: bool| {
            if exists { builder.entry(row, column) } else { Slot::MAX }
        };
        let outer = varies || t.depletion_bx.is_present();
        let base_row = [some(n.base, inner[C], outer), some(n.base, inner[B], true), some(n.base, inner[E], varies)];
        let base_column = [some(inner[C], n.base, outer), some(inner[B], n.base, true), some(n.base, n.base, true)];
        Self { core, base_row, base_column, substrate, collector, emitter, parasitic }
    }

    /// Outer and inner base.
    #[inline]
    pub fn base_pair(&self) -> [Slot; 4] {
        [self.base_column[2], self.base_row[B], self.base_column[1], self.core[B][B]]
    }

    /// Outer base and inner collector.
    #[inline]
    pub fn outer_pair(&self) -> [Slot; 4] {
        [self.base_column[2], self.base_row[C], self.base_column[0], self.core[C][C]]
    }

    pub fn collect<'a>(&'a mut self, all: &mut Vec<&'a mut Slot>) {
        all.extend(self.core.iter_mut().flatten().chain(&mut self.base_row).chain(&mut self.base_column));
        all.extend(self.substrate.iter_mut().chain(&mut self.collector).chain(&mut self.emitter));
        all.extend(self.parasitic.iter_mut().flatten());
    }
}

/// Entries of the epitaxial layer between the middle node and the inner collector.
#[derive(Clone)]
pub(super) struct Layer {
    /// Row of the middle node: columns middle, inner collector, inner base.
    middle: [Slot; 3],
    /// Column of the middle node: rows inner collector, inner base.
    column: [Slot; 2],
}

impl Layer {
    pub fn new(builder: &mut Builder, n: &Nodes) -> Self {
        let middle = [n.middle, n.inner[C], n.inner[B]].map(|column| builder.entry(n.middle, column));
        Self { middle, column: [n.inner[C], n.inner[B]].map(|row| builder.entry(row, n.middle)) }
    }

    pub fn collect<'a>(&'a mut self, all: &mut Vec<&'a mut Slot>) {
        all.extend(self.middle.iter_mut().chain(&mut self.column));
    }

    /// The current flows from the middle node to the inner collector; the charges sit at the inner base.
    pub fn stamp(&self, l: &quasi::Layer, core: &[[Slot; 3]; 3], add: &mut impl FnMut(Slot, f64, f64)) {
        let [_, by_c, by_x] = l.current;
        let (inner, outer) = (l.inner[1], l.outer[1]);
        add(self.middle[0], -by_x, outer);
        add(self.middle[1], -by_c, 0.0);
        add(self.middle[2], by_c + by_x, -outer);
        add(self.column[0], by_x, 0.0);
        add(self.column[1], 0.0, -outer);
        add(core[C][C], by_c, inner);
        add(core[C][B], -by_c - by_x, -inner);
        add(core[B][B], 0.0, inner + outer);
        add(core[B][C], 0.0, -inner);
    }
}

/// Excess phase: the forward transport current follows through `1 / (1 + s T + (s T)^2 / 3)` (Weil and McNamee, 1978),
/// a second-order Bessel filter with two unknowns, the delayed current `x` and `w = (T/3) dx/dt`.
#[derive(Clone)]
pub(super) struct Phase {
    /// The delayed current.
    pub delayed: Unknown,
    slope: Unknown,
    /// Rows inner collector and emitter, column `x`.
    into: [Slot; 2],
    /// Row `x`: columns inner collector, base, emitter, `x`, `w`.
    row: [Slot; 5],
    /// Row `w`: columns `x`, `w`.
    slope_row: [Slot; 2],
    /// +1 npn, -1 pnp.
    sign: f64,
}

impl Phase {
    pub fn new(builder: &mut Builder, id: ElementId, n: &Nodes, sign: f64) -> Self {
        let mut unknown = |suffix: &str| {
            let name = format!("{}#{suffix}", builder.circuit.elements[id.0 as usize].name);
            builder.unknowns.push(UnknownInfo { name, kind: UnknownKind::Current });
            (builder.unknowns.len() - 1) as Unknown
        };
        let (delayed, slope) = (unknown("delayed"), unknown("slope"));
        let [c, b, e] = n.inner;
        Self {
            delayed,
            slope,
            into: [c, e].map(|row| builder.entry(row, delayed)),
            row: [c, b, e, delayed, slope].map(|column| builder.entry(delayed, column)),
            slope_row: [delayed, slope].map(|column| builder.entry(slope, column)),
            sign,
        }
    }

    pub fn collect<'a>(&'a mut self, all: &mut Vec<&'a mut Slot>) {
        all.extend(self.into.iter_mut().chain(&mut self.row).chain(&mut self.slope_row));
    }

    pub fn residual(&self, x: &[f64], forward: f64, delay: f64, out: &mut Stamps) {
        let (delayed, slope) = (x[self.delayed as usize], x[self.slope as usize]);
        out.resistive(self.delayed, delayed);
        out.resistive(self.delayed, -forward);
        out.resistive(self.slope, slope);
        out.q[self.delayed as usize] += delay * (delayed + slope);
        out.q[self.slope as usize] -= delay / 3.0 * delayed;
    }

    /// How the undelayed current depends on the voltages.
    pub fn stamp(&self, be: f64, bc: f64, add: &mut impl FnMut(Slot, f64, f64)) {
        add(self.row[C], self.sign * bc, 0.0);
        add(self.row[B], -self.sign * (be + bc), 0.0);
        add(self.row[E], self.sign * be, 0.0);
    }

    pub fn fixed(&self, delay: f64, mut add: impl FnMut(Slot, f64, f64)) {
        add(self.into[0], self.sign, 0.0);
        add(self.into[1], -self.sign, 0.0);
        add(self.row[3], 1.0, delay);
        add(self.row[4], 0.0, delay);
        add(self.slope_row[0], 0.0, -delay / 3.0);
        add(self.slope_row[1], 1.0, 0.0);
    }

    /// In small signals the transconductance is turned by the angle `phase`; the filter is left without effect.
    pub fn delay(&self, phase: f64, p: &Point, core: &[[Slot; 3]; 3], y: &mut [Complex64]) {
        y[self.into[0] as usize] -= self.sign;
        y[self.into[1] as usize] += self.sign;
        // what `stamp` put there for the reverse part is turned as well
        let turned = (p.forward.be - p.reverse.be) * Complex64::from_polar(1.0, -phase) + p.reverse.be;
        for (row, sign) in [(C, 1.0), (E, -1.0)] {
            y[core[row][C] as usize] -= sign * p.forward.bc;
            y[core[row][B] as usize] += sign * (turned + p.forward.bc);
            y[core[row][E] as usize] -= sign * turned;
        }
    }
}
