//! Nested dissection of arrays.
//!
//! Row wires and column wires are two layers that meet only in the cells, so a cut between two rows separates the array
//! when the column wires are taken apart there: the separator has one node for each column (A. George, "Nested dissection
//! of a regular finite element mesh", SIAM J. Numer. Anal. 10 (1973), with half the nodes of a grid's).

/// Which part of an array a node belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// A row wire.
    Row,
    /// A column wire.
    Column,
    /// Inside a cell.
    Cell,
}

/// Where a node is in an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Row wire, column wire, or inside a cell.
    pub layer: Layer,
    /// Row of the cell, from 0.
    pub row: u32,
    /// Column of the cell.
    pub col: u32,
}

/// Cells of a part that is not cut any more.
const SMALLEST: u32 = 4;

/// An order of elimination: `places[k]` is where node `k` is; nodes without a place come last.
pub(super) fn dissect(places: &[Option<Place>]) -> Vec<u32> {
    let mut order = Vec::with_capacity(places.len());
    let of = |layer: Layer| -> Vec<u32> {
        let in_layer = |k: &u32| places[*k as usize].is_some_and(|place| place.layer == layer);
        (0..places.len() as u32).filter(in_layer).collect()
    };
    // What is inside a cell hangs on two wires only.
    order.extend(of(Layer::Cell));
    let mut wires = of(Layer::Row);
    wires.extend(of(Layer::Column));
    cut(places, wires, &mut order);
    order.extend((0..places.len() as u32).filter(|&k| places[k as usize].is_none()));
    order
}

/// Orders the nodes of one part: both halves, then what separates them.
fn cut(places: &[Option<Place>], nodes: Vec<u32>, order: &mut Vec<u32>) {
    let (mut low, mut high) = ([u32::MAX; 2], [0; 2]);
    let at = |node: u32| places[node as usize].map_or((Layer::Cell, [0, 0]), |p| (p.layer, [p.row, p.col]));
    for &node in &nodes {
        let (_, place) = at(node);
        for k in 0..2 {
            low[k] = low[k].min(place[k]);
            high[k] = high[k].max(place[k]);
        }
    }
    let span = |k: usize| high[k].saturating_sub(low[k]);
    let along = usize::from(span(1) > span(0));
    if nodes.is_empty() || span(along) < SMALLEST {
        order.extend(nodes);
        return;
    }
    let middle = low[along] + span(along) / 2 + 1;
    // A cut across the rows takes column wires apart, and the other way round.
    let crossing = if along == 0 { Layer::Column } else { Layer::Row };
    let (mut before, mut after, mut separator) = (Vec::new(), Vec::new(), Vec::new());
    for node in nodes {
        let (layer, place) = at(node);
        if place[along] < middle {
            before.push(node);
        } else if place[along] == middle && layer == crossing {
            separator.push(node);
        } else {
            after.push(node);
        }
    }
    cut(places, before, order);
    cut(places, after, order);
    order.extend(separator);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_node_comes_once_and_separators_come_last() {
        let (rows, cols) = (13, 30);
        let mut places = vec![None];
        for layer in [Layer::Row, Layer::Column, Layer::Cell] {
            places.extend((0..rows * cols).map(|k| Some(Place { layer, row: k / cols, col: k % cols })));
        }
        let order = dissect(&places);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..places.len() as u32).collect::<Vec<_>>());
        // the longer side is cut in the middle: row wires at one column end the order
        let last = &order[order.len() - 1 - rows as usize..order.len() - 1];
        assert!(last.iter().all(|&k| places[k as usize].is_some_and(|p| p.layer == Layer::Row && p.col == 15)));
        assert_eq!(order.last(), Some(&0));
    }
}
