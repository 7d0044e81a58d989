//! The network of an array of resistive cells.

use super::network::{Disconnected, Network};
use super::order::{Layer, Place};

/// Where a wire is connected to its outer node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Left end of a row, top end of a column.
    First,
    /// Right or bottom end.
    Last,
    /// Both ends.
    Both,
}

/// Wires of one direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wires {
    /// Resistance between two cells, ohm; 0 for ideal wires.
    pub segment: f64,
    /// Resistance between the outer node and the cell at the end, ohm.
    pub end: f64,
    /// Where the outer node is.
    pub at: End,
}

/// An array of `rows x cols` conductances between row wires and column wires, all outer nodes held.
pub struct Crossbar {
    rows: usize,
    cols: usize,
    network: Network,
    conductances: Vec<f64>,
    row_ports: Vec<u32>,
    col_ports: Vec<u32>,
}

impl Crossbar {
    /// Analyses an array. A wire without resistance is one node.
    ///
    /// # Errors
    /// The factor does not fit into memory.
    pub fn new(rows: usize, cols: usize, row: Wires, col: Wires) -> Result<Self, Disconnected> {
        let row_ports: Vec<u32> = (1..=rows as u32).collect();
        let col_ports: Vec<u32> = (rows as u32 + 1..=(rows + cols) as u32).collect();
        let mut held = vec![true; 1 + rows + cols];
        let mut places = vec![None; 1 + rows + cols];
        let mut wires: Vec<((u32, u32), f64)> = Vec::new();
        let mut node_of = [vec![0u32; rows * cols], vec![0u32; rows * cols]];
        for (layer, wire, ports, length) in
            [(Layer::Row, row, &row_ports, cols), (Layer::Column, col, &col_ports, rows)]
        {
            let own = usize::from(layer == Layer::Column);
            for (line, &port) in ports.iter().enumerate() {
                let mut before = None;
                for along in 0..length {
                    let (r, c) = if own == 0 { (line, along) } else { (along, line) };
                    let first_joined = along == 0 && wire.at != End::Last && wire.end <= 0.0;
                    let last_joined = along + 1 == length && wire.at != End::First && wire.end <= 0.0;
                    let node = match before {
                        _ if first_joined || last_joined || (wire.segment <= 0.0 && wire.end <= 0.0) => port,
                        Some(before) if wire.segment <= 0.0 => before,
                        _ => {
                            held.push(false);
                            places.push(Some(Place { layer, row: r as u32, col: c as u32 }));
                            held.len() as u32 - 1
                        }
                    };
                    if let Some(before) = before.filter(|&before| before != node) {
                        wires.push(((before, node), 1.0 / wire.segment));
                    }
                    node_of[own][r * cols + c] = node;
                    before = Some(node);
                    let joins = [(0, End::Last), (length - 1, End::First)];
                    for (_, _) in joins.into_iter().filter(|&(k, not)| k == along && wire.at != not && wire.end > 0.0) {
                        wires.push(((port, node), 1.0 / wire.end));
                    }
                }
            }
        }
        let mut branches: Vec<(u32, u32)> = node_of[0].iter().copied().zip(node_of[1].iter().copied()).collect();
        let mut conductances = vec![0.0; branches.len()];
        branches.extend(wires.iter().map(|(ends, _)| *ends));
        conductances.extend(wires.iter().map(|(_, g)| *g));
        let network = Network::new(&held, branches, &places)?;
        Ok(Self { rows, cols, network, conductances, row_ports, col_ports })
    }

    /// Factors the array with these conductances of the cells, S, row by row.
    ///
    /// # Errors
    /// A wire has no conducting path to an outer node.
    ///
    /// # Panics
    /// When there is not one conductance for each cell.
    pub fn factor(&mut self, cells: &[f64]) -> Result<(), Disconnected> {
        assert_eq!(cells.len(), self.rows * self.cols, "one conductance for each cell");
        self.conductances[..cells.len()].copy_from_slice(cells);
        self.network.factor(&self.conductances)
    }

    /// Current out of each column per volt at each row, S: `cols` rows of `rows` numbers, from the last factorisation.
    /// The columns are held at 0 V.
    pub fn transfer(&self) -> Vec<f64> {
        self.network.transfer(&self.col_ports, &self.row_ports)
    }

    /// The same for some of the columns.
    ///
    /// # Panics
    /// When a column does not exist.
    pub fn transfer_of(&self, columns: &[usize]) -> Vec<f64> {
        let ports: Vec<u32> = columns.iter().map(|&col| self.col_ports[col]).collect();
        self.network.transfer(&ports, &self.row_ports)
    }

    /// Current out of each column, A, with these voltages at the rows; the columns are at 0 V.
    ///
    /// # Panics
    /// When there is not one voltage for each row.
    pub fn read(&self, voltages: &[f64]) -> Vec<f64> {
        assert_eq!(voltages.len(), self.rows, "one voltage for each row");
        let mut all = vec![0.0; 1 + self.rows + self.cols + self.network.unknowns()];
        all[1..=self.rows].copy_from_slice(voltages);
        let all = self.network.voltages(&all, &[]);
        let currents = self.network.currents(&all);
        self.col_ports.iter().map(|&port| currents[port as usize]).collect()
    }

    /// Free nodes, and entries of the factor.
    pub fn size(&self) -> (usize, usize) {
        (self.network.unknowns(), self.network.entries())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Conductances and voltages of the reference arrays (`tests/data/crossbar_read_*.csv`).
    fn reference(rows: usize, cols: usize) -> (Vec<f64>, Vec<f64>) {
        let frac = |k: usize| ((k + 1) as f64 * 0.618_033_988_749_894_9).fract();
        let cells = (0..rows * cols).map(|k| (109.0 + 164.0 * frac(k)) * 1e-6).collect();
        (cells, (0..rows).map(|i| 0.2 * (0.37 * i as f64 + 0.1).cos()).collect())
    }

    fn array(rows: usize, cols: usize, wire: f64) -> Crossbar {
        let wires = |at| Wires { segment: wire, end: wire, at };
        Crossbar::new(rows, cols, wires(End::First), wires(End::Last)).unwrap()
    }

    #[test]
    fn reference_currents() {
        for (name, rows, cols) in [("8x4", 8, 4), ("128x64", 128, 64)] {
            let path = format!("{}/tests/data/crossbar_read_{name}.csv", env!("CARGO_MANIFEST_DIR"));
            let text = std::fs::read_to_string(path).unwrap();
            let (cells, voltages) = reference(rows, cols);
            for (column, wire) in [0.0, 0.1, 0.3, 1.0, 3.0].into_iter().enumerate() {
                let mut crossbar = array(rows, cols, wire);
                crossbar.factor(&cells).unwrap();
                let found = crossbar.read(&voltages);
                let transfer = crossbar.transfer();
                for (col, line) in text.lines().skip(1).enumerate() {
                    let expected: f64 = line.split(',').nth(column + 1).unwrap().parse().unwrap();
                    let product: f64 =
                        transfer[col * rows..(col + 1) * rows].iter().zip(&voltages).map(|(t, v)| t * v).sum();
                    for value in [found[col], product] {
                        let miss = (value - expected).abs();
                        assert!(miss <= 1e-9 * expected.abs() + 1e-15, "{name} {wire} {col}: {value} {expected}");
                    }
                }
            }
        }
    }

    #[test]
    fn another_weight_changes_what_it_should() {
        let (mut cells, voltages) = reference(8, 4);
        let mut crossbar = array(8, 4, 1.0);
        crossbar.factor(&cells).unwrap();
        let before = crossbar.read(&voltages);
        cells[5] *= 2.0;
        crossbar.factor(&cells).unwrap();
        let after = crossbar.read(&voltages);
        let mut fresh = array(8, 4, 1.0);
        fresh.factor(&cells).unwrap();
        assert_eq!(after, fresh.read(&voltages));
        assert!((after[1] - before[1]).abs() > 1e-6);
        assert_eq!(crossbar.transfer_of(&[2]), crossbar.transfer()[16..24]);
    }

    /// Two ends halve the loss of one line, ideal ends give the product.
    #[test]
    fn ends() {
        let cell = 1e-4;
        let ideal = Wires { segment: 0.0, end: 0.0, at: End::First };
        for (at, expected) in [
            (Wires { segment: 0.0, end: 100.0, at: End::First }, 1.0 / (100.0 + 1e4)),
            (Wires { segment: 0.0, end: 100.0, at: End::Both }, 1.0 / (50.0 + 1e4)),
            (ideal, cell),
        ] {
            let mut one = Crossbar::new(1, 1, at, ideal).unwrap();
            one.factor(&[cell]).unwrap();
            assert!((one.read(&[1.0])[0] / expected - 1.0).abs() < 1e-14, "{at:?}");
            assert!((one.transfer()[0] / expected - 1.0).abs() < 1e-14, "{at:?}");
        }
    }
}
