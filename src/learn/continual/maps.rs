//! The maps of the benchmark.

use super::world::Map;

/// Base stations, blocked cells as inclusive ranges (x from, x to, y from, y to), radius of coverage.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drawing {
    pub size: usize,
    pub stations: &'static [(u8, u8)],
    pub walls: &'static [(u8, u8, u8, u8)],
    pub radius: f64,
}

impl Drawing {
    pub(super) fn map(&self) -> Map {
        Map::new(self.size, self.stations, self.walls, self.radius)
    }
}

/// A named sequence of stages; a static map is a sequence of one.
#[derive(Clone, Copy, Debug)]
pub struct Sequence {
    /// Name.
    pub name: &'static str,
    pub(super) stages: &'static [Drawing],
}

impl Sequence {
    /// The maps, in order.
    pub fn maps(&self) -> Vec<Map> {
        self.stages.iter().map(Drawing::map).collect()
    }
}

type Stations = &'static [(u8, u8)];
type Walls = &'static [(u8, u8, u8, u8)];

const fn drawing(size: usize, stations: Stations, walls: Walls, radius: f64) -> Drawing {
    Drawing { size, stations, walls, radius }
}

/// Static maps for tuning.
pub const STATIC_TUNING: [Sequence; 2] = [
    Sequence { name: "T0", stages: &[drawing(10, &[(2, 2), (8, 7)], &[(5, 5, 0, 4)], 4.0)] },
    Sequence { name: "T1", stages: &[drawing(10, &[(1, 4), (5, 8), (9, 9)], &[(5, 9, 6, 6)], 3.0)] },
];

/// Static maps for evaluation.
pub const STATIC_EVALUATION: [Sequence; 2] = [
    Sequence { name: "E0", stages: &[drawing(10, &[(3, 1), (7, 4), (8, 9)], &[(4, 4, 4, 9)], 3.0)] },
    Sequence { name: "E1", stages: &[drawing(10, &[(2, 7), (8, 8)], &[(3, 9, 4, 4)], 4.0)] },
];

/// Growing maps for tuning.
pub const DYNAMIC_TUNING: [Sequence; 2] = [
    Sequence {
        name: "A",
        stages: &[
            drawing(6, &[(1, 1), (4, 5)], &[(3, 3, 0, 2)], 3.0),
            drawing(8, &[(1, 1), (6, 5)], &[(3, 3, 0, 3), (6, 6, 7, 7)], 3.0),
            drawing(10, &[(1, 5), (6, 5), (9, 8)], &[(3, 3, 0, 3), (7, 7, 6, 9)], 3.0),
            drawing(12, &[(1, 5), (6, 8), (11, 9)], &[(5, 5, 0, 5), (8, 8, 8, 11)], 3.5),
        ],
    },
    Sequence {
        name: "B",
        stages: &[
            drawing(6, &[(2, 1), (5, 4)], &[(0, 2, 3, 3)], 3.0),
            drawing(8, &[(2, 1), (6, 6)], &[(0, 3, 3, 3)], 3.0),
            drawing(10, &[(5, 1), (8, 6)], &[(0, 3, 3, 3), (6, 9, 7, 7)], 3.5),
            drawing(12, &[(5, 1), (9, 5), (11, 11)], &[(0, 5, 4, 4), (7, 11, 8, 8)], 3.5),
        ],
    },
];

/// Growing maps for evaluation.
pub const DYNAMIC_EVALUATION: [Sequence; 2] = [
    Sequence {
        name: "C",
        stages: &[
            drawing(6, &[(0, 4), (5, 5)], &[(2, 2, 0, 2)], 3.0),
            drawing(8, &[(0, 4), (5, 6)], &[(2, 2, 0, 2), (5, 5, 0, 3)], 3.0),
            drawing(10, &[(2, 5), (8, 8)], &[(5, 5, 0, 4)], 3.5),
            drawing(12, &[(2, 5), (7, 9), (11, 10)], &[(5, 5, 0, 4), (9, 11, 8, 8)], 3.5),
        ],
    },
    Sequence {
        name: "D",
        stages: &[
            drawing(6, &[(3, 1), (5, 5)], &[(1, 1, 2, 5)], 3.0),
            drawing(8, &[(3, 1), (6, 6)], &[(3, 7, 4, 4)], 3.0),
            drawing(10, &[(1, 3), (3, 8), (9, 9)], &[(3, 9, 4, 4)], 3.0),
            drawing(12, &[(1, 3), (4, 9), (10, 10)], &[(4, 11, 5, 5)], 3.5),
        ],
    },
];
