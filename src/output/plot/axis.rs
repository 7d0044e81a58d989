//! Axes: from values to pixels, round tick values, units with a prefix.

use crate::output::units::{decimal_exponent, prefix, scaled};

/// Largest magnitude drawn; sums and differences of such values stay finite.
const LARGEST: f64 = 1e300;

/// One axis of a panel.
pub(super) struct Axis {
    /// Ends of the axis in values, or in decades when logarithmic.
    ends: (f64, f64),
    /// Ends of the axis, px.
    pixels: (f64, f64),
    logarithmic: bool,
    /// Tick values and their labels.
    pub ticks: Vec<(f64, String)>,
    /// Unit of the labels, with its prefix.
    pub unit: String,
}

impl Axis {
    /// A linear axis over `range`, with ticks about `spacing` pixels apart.
    pub fn linear(range: (f64, f64), unit: &str, pixels: (f64, f64), spacing: f64) -> Self {
        let (ticks, unit) = round_ticks(range, unit, (pixels.1 - pixels.0).abs() / spacing);
        Self { ends: range, pixels, logarithmic: false, ticks, unit }
    }

    /// A logarithmic axis over a positive `range`.
    pub fn logarithmic(range: (f64, f64), unit: &str, pixels: (f64, f64), spacing: f64) -> Self {
        let ends = (range.0.log10(), range.1.log10());
        let room = (pixels.1 - pixels.0).abs() / spacing;
        let mut ticks = decade_ticks(ends, unit, room);
        let mut unit = unit.to_owned();
        if ticks.len() < 2 {
            (ticks, unit) = round_ticks(range, &unit, room);
        }
        Self { ends, pixels, logarithmic: true, ticks, unit }
    }

    /// Where a finite value lies, px; on a logarithmic axis, values that are not positive lie at its lower end.
    pub fn pixel(&self, value: f64) -> f64 {
        let (low, high) = self.ends;
        let place = if !self.logarithmic {
            value.clamp(-LARGEST, LARGEST)
        } else if value > 0.0 {
            value.log10()
        } else {
            low
        };
        // One unit outside is enough to leave the panel, and far away would overflow the drawing.
        let share = ((place - low) / (high - low)).clamp(-1.0, 2.0);
        self.pixels.0 + share * (self.pixels.1 - self.pixels.0)
    }

    /// Title with the unit: `voltage (mV)`.
    pub fn title(&self, name: &str) -> String {
        match (name, self.unit.as_str()) {
            (name, "") => name.to_owned(),
            ("", unit) => unit.to_owned(),
            (name, unit) => format!("{name} ({unit})"),
        }
    }
}

/// Lowest and highest finite value; none when there is no finite value.
pub(super) fn range(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.filter(|v| v.is_finite()).map(|v| v.clamp(-LARGEST, LARGEST)).fold(None, |range, v| match range {
        None => Some((v, v)),
        Some((low, high)) => Some((low.min(v), high.max(v))),
    })
}

/// A range made `share` wider at both ends, and never empty.
pub(super) fn widened((low, high): (f64, f64), share: f64) -> (f64, f64) {
    let largest = low.abs().max(high.abs());
    if largest < 1e-290 {
        (-1.0, 1.0)
    } else if high - low <= 1e-9 * largest {
        (low - 0.1 * largest, high + 0.1 * largest)
    } else {
        (low - share * (high - low), high + share * (high - low))
    }
}

/// About `count` multiples of 1, 2 or 5 times a power of ten in the range, and the unit their labels are in.
fn round_ticks((low, high): (f64, f64), unit: &str, count: f64) -> (Vec<(f64, String)>, String) {
    let coarse = (high - low) / count.max(1.0);
    let exponent = decimal_exponent(coarse);
    let power = 10f64.powi(exponent);
    let factor = match coarse / power {
        f if f <= 1.0 + 1e-9 => 1.0,
        f if f <= 2.0 + 1e-9 => 2.0,
        f if f <= 5.0 + 1e-9 => 5.0,
        _ => 10.0,
    };
    let step = factor * power;
    let step_exponent = if factor == 10.0 { exponent + 1 } else { exponent };
    let (first, last) = ((low / step - 1e-6).ceil(), (high / step + 1e-6).floor());
    let largest = first.abs().max(last.abs()) * step;
    let (scale, unit) = label_unit(largest, unit);
    let decimals = (scale - step_exponent).clamp(0, 15) as usize;
    let ticks = (0..=100).map(|k| first + f64::from(k)).take_while(|k| *k <= last).map(|k| {
        let value = k * step;
        // Adding zero turns a negative zero positive.
        (value, format!("{:.decimals$}", scaled(value, scale) + 0.0))
    });
    (ticks.collect(), unit)
}

/// The decimal exponent of the labels for values up to `largest`, and the unit to show.
fn label_unit(largest: f64, unit: &str) -> (i32, String) {
    let takes_prefix = !matches!(unit, "" | "°C" | "%" | "dB" | "deg");
    if !takes_prefix && (largest == 0.0 || (1e-3..1e6).contains(&largest)) {
        return (0, unit.to_owned());
    }
    // 0.8 ... 1 V reads better than 800 ... 1000 mV.
    match prefix(1.25 * largest).filter(|_| takes_prefix) {
        Some((exponent, symbol)) => (exponent, format!("{}{unit}", if symbol == "u" { "µ" } else { symbol })),
        None if largest == 0.0 => (0, unit.to_owned()),
        None => {
            let exponent = decimal_exponent(largest);
            (exponent, format!("1e{exponent} {unit}").trim_end().to_owned())
        }
    }
}

/// Powers of ten between two decades, with 2 and 5 where there is room for them.
fn decade_ticks((low, high): (f64, f64), unit: &str, count: f64) -> Vec<(f64, String)> {
    let decades = high - low;
    let factors: &[f64] = if 3.0 * decades <= count { &[1.0, 2.0, 5.0] } else { &[1.0] };
    let every = (decades / count.max(1.0)).ceil().max(1.0) as i32;
    let (first, last) = (low.floor() as i32, high.ceil() as i32);
    let powers = (first..=last).filter(|decade| decade.rem_euclid(every) == 0);
    let values = powers.flat_map(|decade| factors.iter().map(move |factor| factor * 10f64.powi(decade)));
    let inside = values.filter(|v| (low - 1e-9..=high + 1e-9).contains(&v.log10()));
    inside.map(|value| (value, decade_label(value, unit))).collect()
}

fn decade_label(value: f64, unit: &str) -> String {
    // The power of ten times the factor is off by a rounding error at most.
    let clean = |v: f64| format!("{v:.3e}").parse().unwrap_or(v);
    match prefix(clean(value)).filter(|_| !unit.is_empty()) {
        Some((exponent, symbol)) => {
            let symbol = if symbol == "u" { "µ" } else { symbol };
            format!("{}{symbol}", clean(scaled(value, exponent)))
        }
        None if (1e-3..1e6).contains(&value) => format!("{}", clean(value)),
        None => format!("{:e}", clean(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, label)| label.as_str()).collect()
    }

    #[test]
    fn labels_are_round_numbers_of_a_readable_unit() {
        let axis = Axis::linear((0.0, 5e-6), "s", (0.0, 500.0), 100.0);
        assert_eq!((labels(&axis), axis.title("time")), (vec!["0", "1", "2", "3", "4", "5"], "time (µs)".into()));
        let axis = Axis::linear((-0.05, 0.05), "V", (400.0, 0.0), 100.0);
        assert_eq!((labels(&axis), axis.unit.as_str()), (vec!["-50", "0", "50"], "mV"));
        let axis = Axis::linear((0.0, 1.05), "V", (0.0, 500.0), 100.0);
        assert_eq!((labels(&axis), axis.unit.as_str()), (vec!["0.0", "0.5", "1.0"], "V"));
        let axis = Axis::linear((0.0, 3e-30), "A", (0.0, 300.0), 100.0);
        assert_eq!((labels(&axis), axis.unit.as_str()), (vec!["0", "1", "2", "3"], "1e-30 A"));
    }

    #[test]
    fn logarithmic_ticks() {
        let axis = Axis::logarithmic((5.0, 600.0), "", (0.0, 400.0), 50.0);
        assert_eq!(labels(&axis), ["5", "10", "20", "50", "100", "200", "500"]);
        let axis = Axis::logarithmic((1.0, 1e9), "Hz", (0.0, 500.0), 50.0);
        assert_eq!(labels(&axis), ["1", "10", "100", "1k", "10k", "100k", "1M", "10M", "100M", "1G"]);
        assert!((axis.pixel(1e3) - 500.0 / 3.0).abs() < 1e-9);
        assert_eq!(axis.pixel(-1.0), 0.0);
    }

    proptest! {
        #[test]
        fn any_range_gets_a_few_ticks_inside(a in any::<f64>(), b in any::<f64>(), share in 0.0..0.2f64) {
            prop_assume!(a.is_finite() && b.is_finite());
            let found = range([a, b, f64::NAN].into_iter()).unwrap();
            let ends = widened(found, share);
            let axis = Axis::linear(ends, "V", (0.0, 400.0), 60.0);
            prop_assert!((1..=15).contains(&axis.ticks.len()), "{:?} {:?}", ends, axis.ticks);
            for (value, _) in &axis.ticks {
                prop_assert!((-0.01..=400.01).contains(&axis.pixel(*value)));
            }
            for value in [a, b] {
                prop_assert!((-0.01..=400.01).contains(&axis.pixel(value)));
            }
        }
    }
}
