//! The signals of one analysis, one panel per quantity.

use std::path::Path;

use plotters::style::{Color, RGBAColor};

use super::axis::{Axis, range, widened};
use super::canvas::{Anchor, Canvas, Drawn, Point, crisp, sheet, shortened, text_width};
use super::trace::{column_width, trace};
use super::{FRAME, GRID, HEIGHT, INK, PALETTE, SOFT_INK, WIDTH};
use crate::output::{Dataset, OutputError, Quantity};

const TOP: f64 = 44.0;
const LEFT: f64 = 84.0;
const BOTTOM: f64 = 56.0;
/// Space between panels.
const GAP: f64 = 16.0;
/// Height that a third and every further panel adds.
const FURTHER: f64 = 200.0;
/// Height of a line of the legend.
const ROW: f64 = 19.0;
const SMALL: f64 = 13.0;
const LARGE: f64 = 14.0;

/// Plots every signal over the axis: voltages in one panel, currents in the next, and so on. Of complex signals the
/// magnitude is shown, in dB, and below it the phase, over a logarithmic frequency axis; noise densities are drawn on
/// logarithmic axes; an operating point shows one dot per signal.
pub fn plot_waveforms(data: &Dataset, path: &Path) -> Result<(), OutputError> {
    let panels = panels(data);
    let extra = panels.len().saturating_sub(2) as f64;
    sheet(path, (WIDTH, HEIGHT + extra * FURTHER), |canvas| draw(canvas, data, &panels, HEIGHT + extra * FURTHER))
}

/// Signals of one quantity.
struct Panel<'a> {
    quantity: &'a Quantity,
    signals: Vec<usize>,
    show: Show,
}

/// What is drawn of a value.
#[derive(Clone, Copy, PartialEq)]
enum Show {
    /// Itself, or its real part.
    Value,
    /// The magnitude, dB.
    Decibel,
    /// The phase, degrees, without jumps.
    Phase,
}

/// The panels in order of their first signal.
fn panels(data: &Dataset) -> Vec<Panel<'_>> {
    let mut panels: Vec<Panel> = Vec::new();
    for (index, variable) in data.variables.iter().enumerate() {
        if data.axis() == Some(index) {
            continue;
        }
        match panels.iter_mut().find(|panel| *panel.quantity == variable.quantity) {
            Some(panel) => panel.signals.push(index),
            None => {
                let show = if data.is_complex() { Show::Decibel } else { Show::Value };
                panels.push(Panel { quantity: &variable.quantity, signals: vec![index], show });
            }
        }
    }
    if data.is_complex() && data.axis().is_some() {
        let mut both = Vec::with_capacity(2 * panels.len());
        for panel in panels {
            let below = Panel { quantity: panel.quantity, signals: panel.signals.clone(), show: Show::Phase };
            both.extend([panel, below]);
        }
        return both;
    }
    panels
}

fn draw(canvas: &mut Canvas, data: &Dataset, panels: &[Panel], height: f64) -> Drawn {
    heading(canvas, data)?;
    let names = data.variables.iter().map(|v| text_width(&v.name, SMALL));
    let legend = (names.fold(0.0, f64::max) + 44.0).clamp(90.0, 240.0);
    let (left, right) = (LEFT, WIDTH - legend);
    let count = panels.len() as f64;
    let each = (height - TOP - BOTTOM - GAP * (count - 1.0).max(0.0)) / count.max(1.0);
    let Some(x) = x_axis(data, (left, right)).filter(|_| !panels.is_empty()) else {
        canvas.text(((left + right) / 2.0, height / 2.0), "no data", (LARGE, SOFT_INK), Anchor::Top)?;
        return Ok(());
    };
    let width = column_width(data.points(), data.variables.len(), right - left);
    for (k, panel) in panels.iter().enumerate() {
        let top = TOP + k as f64 * (each + GAP);
        let area = Area { left, right, top, bottom: top + each };
        let y = y_axis(data, panel, &area);
        area.grid(canvas, data.axis().map(|_| &x), &y)?;
        for (order, &signal) in panel.signals.iter().enumerate() {
            let samples = samples(data, signal, order, panel.show);
            for line in trace(samples, &x, &y, width) {
                match line[..] {
                    [point] => canvas.dot(point, 3.5, color(order))?,
                    _ => canvas.path(&line, color(order), 1.75)?,
                }
            }
        }
        let name = match &panel.signals[..] {
            _ if panel.show == Show::Phase => "phase",
            [only] if matches!(panel.quantity, Quantity::Other(_)) => &data.variables[*only].name,
            _ => quantity_name(panel.quantity),
        };
        canvas.text((20.0, (area.top + area.bottom) / 2.0), &y.title(name), (LARGE, INK), Anchor::Upwards)?;
        area.legend(canvas, panel.signals.iter().map(|&s| data.variables[s].name.as_str()))?;
    }
    if let Some(axis) = data.axis() {
        let bottom = height - BOTTOM;
        for (value, label) in &x.ticks {
            canvas.text((x.pixel(*value), bottom + 7.0), label, (SMALL, INK), Anchor::Top)?;
        }
        let title = x.title(&data.variables[axis].name);
        canvas.text(((left + right) / 2.0, bottom + 29.0), &title, (LARGE, INK), Anchor::Top)?;
    }
    Ok(())
}

/// Title of the netlist and name of the analysis.
fn heading(canvas: &mut Canvas, data: &Dataset) -> Drawn {
    let title = data.title.trim_start_matches('*').trim();
    let analysis = text_width(&data.plot_name, SMALL);
    let title = shortened(title, 1.1 * 16.0, WIDTH - LEFT - analysis - 60.0);
    canvas.bold_text((LEFT, 22.0), &title, (16.0, INK), Anchor::Left)?;
    canvas.text((WIDTH - 16.0, 22.0), &data.plot_name, (SMALL, SOFT_INK), Anchor::Right)
}

fn x_axis(data: &Dataset, pixels: Point) -> Option<Axis> {
    let Some(axis) = data.axis() else {
        // One place per signal, see `samples`.
        let longest = panels(data).iter().map(|panel| panel.signals.len()).max()?;
        return Some(Axis::linear((-1.0, longest as f64), "", pixels, 90.0));
    };
    let ends = range(data.column(axis))?;
    let unit = data.variables[axis].quantity.unit();
    if data.variables[axis].quantity == Quantity::Frequency && ends.0 > 0.0 && ends.1 > 1.001 * ends.0 {
        return Some(Axis::logarithmic(ends, unit, pixels, 60.0));
    }
    Some(Axis::linear(widened(ends, 0.0), unit, pixels, 75.0))
}

fn y_axis(data: &Dataset, panel: &Panel, area: &Area) -> Axis {
    let values = panel.signals.iter().flat_map(|&signal| samples(data, signal, 0, panel.show).map(|(_, value)| value));
    let ends = range(values).unwrap_or((0.0, 0.0));
    let unit = match panel.show {
        Show::Value => panel.quantity.unit(),
        Show::Decibel => "dB",
        Show::Phase => "deg",
    };
    if unit.ends_with("/sqrt(Hz)") && ends.0 > 0.0 && ends.1 > 1.5 * ends.0 {
        return Axis::logarithmic((ends.0 / 1.2, ends.1 * 1.2), unit, (area.bottom, area.top), 30.0);
    }
    let ends = widened(ends, 0.06);
    Axis::linear(ends, unit, (area.bottom, area.top), 40.0)
}

/// Axis value and shown value of every point of a signal.
fn samples(data: &Dataset, signal: usize, order: usize, show: Show) -> impl Iterator<Item = Point> + '_ {
    let mut last = 0.0;
    (0..data.points()).map(move |point| {
        let at = data.axis().map_or(order as f64, |axis| data.value(point, axis).re);
        let value = data.value(point, signal);
        let shown = match show {
            Show::Value => value.re,
            Show::Decibel => 20.0 * value.norm().log10(),
            Show::Phase => {
                let phase = value.arg().to_degrees();
                let turns = if point == 0 { 0.0 } else { ((last - phase) / 360.0f64).round() };
                last = phase + 360.0 * turns;
                last
            }
        };
        (at, shown)
    })
}

/// The colours of the palette in turn, lighter after the first round.
fn color(order: usize) -> RGBAColor {
    PALETTE[order % PALETTE.len()].mix(if order < PALETTE.len() { 1.0 } else { 0.5 })
}

fn quantity_name(quantity: &Quantity) -> &str {
    match quantity {
        Quantity::Time => "time",
        Quantity::Voltage => "voltage",
        Quantity::Current => "current",
        Quantity::Frequency => "frequency",
        Quantity::Temperature => "temperature",
        Quantity::Other(_) => "",
    }
}

/// The rectangle of a panel, px.
pub(super) struct Area {
    pub left: f64,
    pub right: f64,
    pub top: f64,
    pub bottom: f64,
}

impl Area {
    /// Grid lines at the ticks, the frame, and the labels of the y axis.
    pub fn grid(&self, canvas: &mut Canvas, x: Option<&Axis>, y: &Axis) -> Drawn {
        let &Self { left, right, top, bottom } = self;
        for (value, _) in x.iter().flat_map(|x| &x.ticks) {
            let at = crisp(x.map_or(left, |x| x.pixel(*value)));
            canvas.path(&[(at, top), (at, bottom)], GRID.to_rgba(), 1.0)?;
        }
        for (value, label) in &y.ticks {
            let at = crisp(y.pixel(*value));
            canvas.path(&[(left, at), (right, at)], GRID.to_rgba(), 1.0)?;
            canvas.text((left - 8.0, at), label, (SMALL, INK), Anchor::Right)?;
        }
        let frame = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)];
        canvas.path(&frame, FRAME.to_rgba(), 1.0)
    }

    /// The names at the right of the panel; those for which there is no room are counted.
    fn legend<'a>(&self, canvas: &mut Canvas, names: impl ExactSizeIterator<Item = &'a str>) -> Drawn {
        let rows = ((self.bottom - self.top) / ROW).max(1.0) as usize;
        let count = names.len();
        let shown = if count > rows { rows - 1 } else { count };
        let from = self.right + 12.0;
        let row = |k: usize| self.top + (k as f64 + 0.5) * ROW;
        for (order, name) in names.take(shown).enumerate() {
            canvas.path(&[(from, row(order)), (from + 16.0, row(order))], color(order), 3.0)?;
            let name = shortened(name, SMALL, WIDTH - from - 24.0);
            canvas.text((from + 22.0, row(order)), &name, (SMALL, INK), Anchor::Left)?;
        }
        if shown < count {
            let more = format!("+ {} more", count - shown);
            canvas.text((from, row(shown)), &more, (SMALL, SOFT_INK), Anchor::Left)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Variable;

    fn dataset(rows: &[[f64; 3]]) -> Dataset {
        let variables = vec![
            Variable::new("time", Quantity::Time),
            Variable::new("v(<out>)", Quantity::Voltage),
            Variable::new("i(v1)", Quantity::Current),
        ];
        let mut data = Dataset::new("* a & b\u{1}", "Transient Analysis", variables);
        rows.iter().for_each(|row| data.push_row(row));
        data
    }

    fn svg(data: &Dataset) -> String {
        let file = tempfile::NamedTempFile::new().unwrap();
        plot_waveforms(data, file.path()).unwrap();
        let svg = std::fs::read_to_string(file.path()).unwrap();
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        svg
    }

    #[test]
    fn texts_are_escaped_and_units_have_prefixes() {
        let svg = svg(&dataset(&[[0.0, 0.0, 0.0], [1e-6, 3.0, 2e-5]]));
        for text in ["v(&lt;out&gt;)", "a &amp; b?", "time (µs)", "voltage (V)", "current (µA)"] {
            assert!(svg.contains(text), "{text}: {svg}");
        }
    }

    #[test]
    fn odd_data_can_be_drawn() {
        const BAD: [f64; 3] = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
        svg(&Dataset::new("", "", vec![]));
        svg(&dataset(&[]));
        svg(&dataset(&[[0.0; 3]]));
        svg(&dataset(&[[1.0, 5.0, 1e-12]; 4]));
        svg(&dataset(&[BAD, BAD]));
        svg(&dataset(&[[0.0, f64::NAN, 1.0], [1.0, 2.0, f64::INFINITY], [2.0, 3.0, 1.0]]));
        svg(&dataset(&[[0.0, f64::MAX, 5e-324], [f64::MAX, f64::MIN, 1e-320]]));
        let mut point = dataset(&[[1.0, 2.0, 3.0]]);
        point.plot_name = Dataset::OPERATING_POINT.into();
        svg(&point);
        let mut ac = Dataset::complex("", "AC Analysis", vec![Variable::new("frequency", Quantity::Frequency)]);
        ac.variables.push(Variable::new("v(out)", Quantity::Voltage));
        [1e3, 1e4].iter().for_each(|&f| ac.push_row(&[f, 0.0]));
        svg(&ac);
    }

    #[test]
    fn many_long_signals_stay_small() {
        let mut variables = vec![Variable::new("time", Quantity::Time)];
        variables.extend((0..500).map(|k| Variable::new(format!("v(n{k})"), Quantity::Voltage)));
        let mut data = Dataset::new("", "Transient Analysis", variables);
        for k in 0..3000 {
            let row: Vec<f64> = (0..501).map(|s| if s == 0 { k as f64 } else { ((k * s) as f64).sin() }).collect();
            data.push_row(&row);
        }
        let svg = svg(&data);
        assert!(svg.len() < 1_500_000, "{} bytes", svg.len());
        assert!(svg.contains("more"));
    }
}
