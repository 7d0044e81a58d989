//! From a signal to the lines that show it.

use super::axis::Axis;
use super::canvas::Point;

/// Points beyond which a signal is reduced.
const ENOUGH: usize = 2_000;
/// Points a whole plot may hold.
const BUDGET: f64 = 60_000.0;

/// Width of the pixel columns to which signals are reduced, px; zero when they are short enough to show in full.
pub(super) fn column_width(points: usize, signals: usize, width: f64) -> f64 {
    let signals = signals.max(1) as f64;
    if points <= ENOUGH && points as f64 * signals <= BUDGET {
        return 0.0;
    }
    // About three points remain per column.
    (3.0 * signals * width / BUDGET).max(1.0)
}

/// The lines of a signal, in pixels. Values that are not finite break the line, and so does the axis where it jumps
/// back to begin anew (nested sweeps). Points that share a column are reduced to first, lowest, highest and last.
pub(super) fn trace(samples: impl Iterator<Item = Point>, x: &Axis, y: &Axis, column_width: f64) -> Vec<Vec<Point>> {
    let mut lines = Lines { done: Vec::new(), current: Vec::new(), column: None };
    let (mut previous, mut step) = (f64::NAN, 0.0);
    for (at, value) in samples {
        if !at.is_finite() || !value.is_finite() {
            lines.break_line();
            previous = f64::NAN;
            continue;
        }
        let change = at - previous;
        if change * step < 0.0 && change.abs() > 2.0 * f64::abs(step) {
            lines.break_line();
            step = 0.0;
        } else if change.is_finite() && change != 0.0 {
            step = change;
        }
        previous = at;
        lines.add((x.pixel(at), y.pixel(value)), column_width);
    }
    lines.break_line();
    lines.done
}

/// Lines under construction.
struct Lines {
    done: Vec<Vec<Point>>,
    current: Vec<Point>,
    column: Option<Column>,
}

/// What is kept of the points in one pixel column.
struct Column {
    index: i64,
    first: Point,
    last: Point,
    /// Least and greatest y, and which of them came first.
    least: Point,
    greatest: Point,
    least_first: bool,
}

impl Lines {
    fn add(&mut self, point: Point, width: f64) {
        if width == 0.0 {
            self.current.push(point);
            return;
        }
        let index = (point.0 / width).floor() as i64;
        match &mut self.column {
            Some(column) if column.index == index => {
                column.last = point;
                if point.1 < column.least.1 {
                    (column.least, column.least_first) = (point, false);
                }
                if point.1 > column.greatest.1 {
                    (column.greatest, column.least_first) = (point, true);
                }
            }
            _ => {
                self.finish_column();
                let least_first = true;
                self.column =
                    Some(Column { index, first: point, last: point, least: point, greatest: point, least_first });
            }
        }
    }

    fn finish_column(&mut self) {
        let Some(Column { first, last, least, greatest, least_first, .. }) = self.column.take() else { return };
        let (early, late) = if least_first { (least, greatest) } else { (greatest, least) };
        self.current.extend([first, early, late, last]);
        let kept = self.current.len();
        // At most four points were added; equal neighbours among them say nothing.
        let mut end = kept - 3;
        for k in kept - 3..kept {
            if self.current[k] != self.current[end - 1] {
                self.current[end] = self.current[k];
                end += 1;
            }
        }
        self.current.truncate(end);
    }

    fn break_line(&mut self) {
        self.finish_column();
        if !self.current.is_empty() {
            self.done.push(std::mem::take(&mut self.current));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn axes() -> (Axis, Axis) {
        let axis = |pixels| Axis::linear((0.0, 100.0), "", pixels, 50.0);
        (axis((0.0, 100.0)), axis((0.0, 100.0)))
    }

    #[test]
    fn gaps_and_restarts_break_the_line() {
        let (x, y) = axes();
        let lengths = |samples: &[Point]| -> Vec<usize> {
            trace(samples.iter().copied(), &x, &y, 0.0).iter().map(Vec::len).collect()
        };
        assert_eq!(lengths(&[(0.0, 1.0), (1.0, f64::NAN), (2.0, 1.0), (3.0, 1.0)]), [1, 2]);
        let nested: Vec<Point> = (0..30).map(|k| (f64::from(k % 10), 1.0)).collect();
        assert_eq!(lengths(&nested), [10, 10, 10]);
        let loop_back: Vec<Point> = (0..20).map(|k: i32| (f64::from((10 - k).abs()), 1.0)).collect();
        assert_eq!(lengths(&loop_back), [20]);
        assert!(lengths(&[]).is_empty());
    }

    proptest! {
        #[test]
        fn reduction_keeps_the_envelope_of_every_column(
            values in proptest::collection::vec(0.0..100.0f64, 1..3000), width in 1.0..20.0f64,
        ) {
            let (x, y) = axes();
            let scale = 100.0 / values.len() as f64;
            let samples = values.iter().enumerate().map(|(k, &v)| (k as f64 * scale, v));
            let column = |p: &Point| (p.0 / width).floor() as usize;
            let envelope = |points: &[Point]| {
                let mut ends = vec![(f64::INFINITY, f64::NEG_INFINITY); 101];
                for p in points {
                    let e = &mut ends[column(p)];
                    *e = (e.0.min(p.1), e.1.max(p.1));
                }
                ends
            };
            let full = trace(samples.clone(), &x, &y, 0.0).concat();
            let reduced = trace(samples, &x, &y, width).concat();
            prop_assert_eq!(envelope(&full), envelope(&reduced));
            prop_assert_eq!((full.first(), full.last()), (reduced.first(), reduced.last()));
            prop_assert!(reduced.len() <= 4 * (100.0 / width + 1.0) as usize + 4);
            prop_assert!(reduced.windows(2).all(|p| p[0].0 <= p[1].0), "in order");
        }
    }
}
