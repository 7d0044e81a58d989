//! Conductances between nodes, some of which are held.

use thiserror::Error;

use super::order::{Place, dissect};
use crate::linear::{Cholesky, PatternBuilder};

/// Some free node has no conducting path to a held one, or the network conducts backwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the conductances do not determine every voltage")]
pub struct Disconnected;

/// Free nodes above which an array is dissected by its geometry.
const DISSECTED: usize = 2000;
/// Solutions that are kept in memory together.
const TOGETHER: usize = 64;
/// Marks a node that is held.
const HELD: u32 = u32::MAX;

/// Where a branch enters the matrix.
#[derive(Clone, Copy, Debug)]
struct Stamp {
    /// Diagonal entries and the one between; the last slot of all is ignored.
    slots: [u32; 3],
}

/// A network of conductances. Node 0 is ground, held at 0 V.
pub struct Network {
    /// Unknown of each node, in the order of elimination.
    unknown: Vec<u32>,
    branches: Vec<(u32, u32)>,
    stamps: Vec<Stamp>,
    /// Branches at held nodes.
    border: Vec<u32>,
    matrix: Vec<f64>,
    conductances: Vec<f64>,
    cholesky: Cholesky,
}

impl Network {
    /// Analyses the network of `branches` between nodes; `held` tells which nodes have given voltages, `places` where
    /// nodes are in an array (it may be empty).
    ///
    /// # Errors
    /// The factor does not fit into memory.
    pub fn new(held: &[bool], branches: Vec<(u32, u32)>, places: &[Option<Place>]) -> Result<Self, Disconnected> {
        let free: Vec<u32> = (0..held.len() as u32).filter(|&node| node > 0 && !held[node as usize]).collect();
        let known = |node: &u32| places.get(*node as usize).copied().flatten();
        let lost = free.iter().filter(|node| known(node).is_none()).count();
        let ordered = free.len() > DISSECTED && lost * 50 < free.len();
        let mut unknown = vec![HELD; held.len()];
        if ordered {
            let order = dissect(&free.iter().map(known).collect::<Vec<_>>());
            order.iter().enumerate().for_each(|(k, &index)| unknown[free[index as usize] as usize] = k as u32);
        } else {
            free.iter().enumerate().for_each(|(k, &node)| unknown[node as usize] = k as u32);
        }
        let n = free.len();
        let mut builder = PatternBuilder::new(n);
        for k in 0..n {
            builder.entry(k, k);
        }
        let mut border = Vec::new();
        for (k, &(a, b)) in branches.iter().enumerate() {
            let (a, b) = (unknown[a as usize] as usize, unknown[b as usize] as usize);
            builder.entry(a, a);
            builder.entry(b, b);
            // a held node is outside the matrix
            builder.entry(a.max(b), a.min(b));
            if (a >= n) != (b >= n) {
                border.push(k as u32);
            }
        }
        let (pattern, slots) = builder.build();
        let stamp = |k: usize| Stamp { slots: [slots[n + 3 * k], slots[n + 3 * k + 1], slots[n + 3 * k + 2]] };
        let stamps = (0..branches.len()).map(stamp).collect();
        let cholesky = Cholesky::new(&pattern, ordered).map_err(|_| Disconnected)?;
        let matrix = vec![0.0; pattern.nnz() + 1];
        Ok(Self { unknown, branches, stamps, border, matrix, conductances: Vec::new(), cholesky })
    }

    /// Number of free nodes.
    pub fn unknowns(&self) -> usize {
        self.cholesky.n()
    }

    /// Entries of the factor.
    pub fn entries(&self) -> usize {
        self.cholesky.entries()
    }

    /// Factors the network with these conductances of the branches, S.
    ///
    /// # Errors
    /// A free node has no conducting path to a held one.
    pub fn factor(&mut self, conductances: &[f64]) -> Result<(), Disconnected> {
        self.conductances.clear();
        self.conductances.extend_from_slice(conductances);
        self.matrix.fill(0.0);
        for (stamp, &g) in self.stamps.iter().zip(conductances) {
            let [a, b, between] = stamp.slots.map(|slot| slot as usize);
            if a == b {
                continue; // both ends at one node
            }
            self.matrix[a] += g;
            self.matrix[b] += g;
            self.matrix[between] -= g;
        }
        if self.unknowns() == 0 {
            return Ok(());
        }
        self.cholesky.factor(&self.matrix).map_err(|_| Disconnected)
    }

    /// The transfer matrix: current from the network into each of `senses` per volt at each of `drives`, S, row by row
    /// (one row for each sense). All are held nodes; the others are at 0 V.
    pub fn transfer(&self, senses: &[u32], drives: &[u32]) -> Vec<f64> {
        let mut transfer = vec![0.0; senses.len() * drives.len()];
        // Whichever are fewer are solved for: the matrix is symmetric.
        let swapped = drives.len() < senses.len();
        let (ports, others) = if swapped { (drives, senses) } else { (senses, drives) };
        let (at_port, at_other) = (Index::new(self.unknown.len(), ports), Index::new(self.unknown.len(), others));
        let mut put = |port: u32, other: u32, value: f64| {
            let (s, d) = if swapped { (other, port) } else { (port, other) };
            transfer[s as usize * drives.len() + d as usize] += value;
        };
        for (&(a, b), &g) in self.branches.iter().zip(&self.conductances) {
            for (from, to) in [(a, b), (b, a)] {
                let Some(port) = at_port.of(from) else { continue };
                at_other.of(from).into_iter().for_each(|other| put(port, other, -g));
                at_other.of(to).into_iter().for_each(|other| put(port, other, g));
            }
        }
        let n = self.unknowns();
        for first in (0..ports.len()).step_by(TOGETHER) {
            let count = TOGETHER.min(ports.len() - first);
            let mut x = vec![0.0; n * count];
            self.each_border(&mut |held, free, g| {
                if let Some(port) = at_port.of(held)
                    && (first..first + count).contains(&(port as usize))
                {
                    x[(port as usize - first) * n + free] += g;
                }
            });
            if n > 0 {
                self.cholesky.solve_many(&mut x, count);
            }
            self.each_border(&mut |held, free, g| {
                if let Some(other) = at_other.of(held) {
                    (0..count).for_each(|k| put((first + k) as u32, other, g * x[k * n + free]));
                }
            });
        }
        transfer
    }

    /// Voltages of all nodes when the held ones have the values in `voltages` (those of free nodes are ignored) and the
    /// currents `injected` flow into the nodes, A.
    pub fn voltages(&self, voltages: &[f64], injected: &[f64]) -> Vec<f64> {
        let n = self.unknowns();
        let mut x = vec![0.0; n];
        for (&unknown, &current) in self.unknown.iter().zip(injected) {
            if unknown != HELD {
                x[unknown as usize] += current;
            }
        }
        self.each_border(&mut |held, free, g| x[free] += g * voltages[held as usize]);
        if n > 0 {
            self.cholesky.solve_many(&mut x, 1);
        }
        let value =
            |(node, &unknown): (usize, &u32)| if unknown == HELD { voltages[node] } else { x[unknown as usize] };
        let mut all: Vec<f64> = self.unknown.iter().enumerate().map(value).collect();
        all[0] = 0.0;
        all
    }

    /// Current from the network into each node at these voltages of all nodes, A.
    pub fn currents(&self, voltages: &[f64]) -> Vec<f64> {
        let mut currents = vec![0.0; voltages.len()];
        for (&(a, b), &g) in self.branches.iter().zip(&self.conductances) {
            let current = g * (voltages[a as usize] - voltages[b as usize]);
            currents[a as usize] -= current;
            currents[b as usize] += current;
        }
        currents
    }

    /// Held node, unknown and conductance of every branch between a held and a free node.
    fn each_border(&self, take: &mut dyn FnMut(u32, usize, f64)) {
        for &k in &self.border {
            let (a, b) = self.branches[k as usize];
            let g = self.conductances[k as usize];
            match self.unknown[a as usize] {
                HELD => take(a, self.unknown[b as usize] as usize, g),
                unknown => take(b, unknown as usize, g),
            }
        }
    }
}

/// Number of each node in a list.
struct Index(Vec<u32>);

impl Index {
    fn new(nodes: usize, list: &[u32]) -> Self {
        let mut index = vec![HELD; nodes];
        list.iter().enumerate().for_each(|(k, &node)| index[node as usize] = k as u32);
        Self(index)
    }

    fn of(&self, node: u32) -> Option<u32> {
        Some(self.0[node as usize]).filter(|&k| k != HELD)
    }
}
