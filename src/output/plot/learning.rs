//! Learning curves: how an agent does from episode to episode, over many seeds.

use std::path::Path;

use plotters::style::{Color, RGBAColor};

use super::axis::{Axis, range};
use super::canvas::{Anchor, Canvas, Drawn, Point, crisp, sheet, shortened, svg, text_width};
use super::trace::{column_width, trace};
use super::waveforms::Area;
use super::{HEIGHT, INK, PALETTE, WIDTH};
use crate::output::OutputError;

const AREA: Area = Area { left: 84.0, right: WIDTH - 28.0, top: 78.0, bottom: HEIGHT - 56.0 };
const SMALL: f64 = 13.0;
const LARGE: f64 = 14.0;

/// The runs of a learning experiment and what to show with them.
#[derive(Clone, Debug, Default)]
pub struct LearningCurve {
    /// Title of the plot.
    pub title: String,
    /// What is measured in each episode, `moves per episode`.
    pub measure: String,
    /// One run per seed: the measure, episode by episode. Runs may differ in length.
    pub runs: Vec<Vec<f64>>,
    /// Name and values of a curve to compare with, such as a published one.
    pub reference: Option<(String, Vec<f64>)>,
    /// The best possible value.
    pub optimum: Option<f64>,
    /// Also show the median.
    pub median: bool,
    /// Logarithmic measure.
    pub log: bool,
}

/// One episode over all seeds that have it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EpisodeStatistics {
    /// Arithmetic mean.
    pub mean: f64,
    /// Tenth percentile.
    pub p10: f64,
    /// Median.
    pub median: f64,
    /// Ninetieth percentile.
    pub p90: f64,
}

impl LearningCurve {
    /// Statistics of every episode; values that are not finite do not count, and an episode without any is NaN.
    /// Percentiles are interpolated linearly between the ordered values.
    pub fn statistics(&self) -> Vec<EpisodeStatistics> {
        let episodes = self.runs.iter().map(Vec::len).max().unwrap_or(0);
        let mut values = Vec::with_capacity(self.runs.len());
        let episode = |k: usize| {
            values.clear();
            values.extend(self.runs.iter().filter_map(|run| run.get(k)).copied().filter(|v| v.is_finite()));
            values.sort_by(f64::total_cmp);
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let percentile = |share| percentile(&values, share);
            EpisodeStatistics { mean, p10: percentile(0.1), median: percentile(0.5), p90: percentile(0.9) }
        };
        (0..episodes).map(episode).collect()
    }
}

/// Linear interpolation between ordered values; NaN when there are none.
fn percentile(ordered: &[f64], share: f64) -> f64 {
    let place = share * ordered.len().saturating_sub(1) as f64;
    let below = place as usize;
    match (ordered.get(below), ordered.get(below + 1)) {
        (Some(a), Some(b)) => a + (place - below as f64) * (b - a),
        (Some(a), None) => *a,
        _ => f64::NAN,
    }
}

/// Plots mean and the band between the tenth and ninetieth percentile over all seeds, with whatever else
/// the curve asks for. Episodes count from 1.
pub fn plot_learning_curve(curve: &LearningCurve, path: &Path) -> Result<(), OutputError> {
    sheet(path, (WIDTH, HEIGHT), |canvas| draw(canvas, curve))
}

/// The same plot as the text of an SVG document.
///
/// # Errors
/// What went wrong while drawing.
pub fn learning_curve_svg(curve: &LearningCurve) -> Result<String, String> {
    svg((WIDTH, HEIGHT), |canvas| draw(canvas, curve))
}

fn draw(canvas: &mut Canvas, curve: &LearningCurve) -> Drawn {
    let statistics = curve.statistics();
    let optimum = curve.optimum.filter(|v| v.is_finite());
    let series = |value: fn(&EpisodeStatistics) -> f64| statistics.iter().map(value);
    let reference = curve.reference.iter().flat_map(|(_, values)| values.iter().copied());
    let shown = series(|s| s.mean).chain(series(|s| s.p10)).chain(series(|s| s.p90)).chain(reference.clone());
    let y = y_axis(shown.chain(optimum), curve.log);
    let episodes = statistics.len().max(reference.clone().count()).max(1);
    let x = Axis::linear((0.0, episodes as f64), "", (AREA.left, AREA.right), 75.0);
    let width = column_width(episodes, 5, AREA.right - AREA.left);

    let title = shortened(&curve.title, 1.1 * 16.0, AREA.right - AREA.left);
    canvas.bold_text((AREA.left, 22.0), &title, (16.0, INK), Anchor::Left)?;
    AREA.grid(canvas, Some(&x), &y)?;
    let line = |values: &mut dyn Iterator<Item = f64>| {
        trace(values.enumerate().map(|(k, v)| (k as f64 + 1.0, v)), &x, &y, width)
    };

    let (blue, orange, vermillion) = (PALETTE[0].to_rgba(), PALETTE[3].to_rgba(), PALETTE[1].to_rgba());
    let band = PALETTE[0].mix(0.2);
    let mut legend = Legend { at: AREA.left };
    if curve.runs.len() > 1 {
        let mut outline = line(&mut series(|s| s.p90)).concat();
        outline.extend(line(&mut series(|s| s.p10)).concat().into_iter().rev());
        canvas.polygon(&outline, band)?;
    }
    if let Some(optimum) = optimum {
        let at = crisp(y.pixel(optimum));
        canvas.dashed(&[(AREA.left, at), (AREA.right, at)], INK.to_rgba(), 1.5, OPTIMUM_DASH)?;
    }
    if let Some((_, values)) = &curve.reference {
        for part in line(&mut values.iter().copied()) {
            canvas.dashed(&part, vermillion, 2.0, REFERENCE_DASH)?;
        }
    }
    if curve.median {
        draw_line(canvas, &line(&mut series(|s| s.median)), orange, 1.75)?;
    }
    draw_line(canvas, &line(&mut series(|s| s.mean)), blue, 2.25)?;

    let seeds = curve.runs.len();
    if seeds > 1 {
        legend.entry(canvas, &format!("mean of {seeds} seeds"), |c, l| c.path(l, blue, 2.25))?;
        legend.entry(canvas, "10–90 % of seeds", |c, l| c.path(l, band, 10.0))?;
    } else {
        legend.entry(canvas, "one seed", |c, l| c.path(l, blue, 2.25))?;
    }
    if curve.median {
        legend.entry(canvas, "median", |c, l| c.path(l, orange, 1.75))?;
    }
    if let Some((name, _)) = &curve.reference {
        legend.entry(canvas, name, |c, l| c.dashed(l, vermillion, 2.0, REFERENCE_DASH))?;
    }
    if let Some(optimum) = optimum {
        let name = format!("optimum, {optimum}");
        legend.entry(canvas, &name, |c, l| c.dashed(l, INK.to_rgba(), 1.5, OPTIMUM_DASH))?;
    }

    for (value, label) in &x.ticks {
        canvas.text((x.pixel(*value), AREA.bottom + 7.0), label, (SMALL, INK), Anchor::Top)?;
    }
    let middle = ((AREA.left + AREA.right) / 2.0, (AREA.top + AREA.bottom) / 2.0);
    canvas.text((middle.0, AREA.bottom + 29.0), &x.title("episode"), (LARGE, INK), Anchor::Top)?;
    canvas.text((20.0, middle.1), &y.title(&curve.measure), (LARGE, INK), Anchor::Upwards)
}

const OPTIMUM_DASH: Point = (4.0, 4.0);
const REFERENCE_DASH: Point = (8.0, 5.0);

fn y_axis(values: impl Iterator<Item = f64> + Clone, log: bool) -> Axis {
    let pixels = (AREA.bottom, AREA.top);
    if let Some((low, high)) = range(values.clone().filter(|v| *v > 0.0)).filter(|_| log) {
        // A little room below the optimum, and at least half a decade.
        return Axis::logarithmic((0.8 * low, (1.15 * high).max(3.0 * low)), "", pixels, 40.0);
    }
    let (low, high) = range(values).unwrap_or((0.0, 1.0));
    let (low, high) = (low.min(0.0), high.max(0.0));
    let room = 0.05 * (high - low);
    let ends = (if low < 0.0 { low - room } else { 0.0 }, if high > 0.0 { high + room } else { 0.0 });
    Axis::linear(if ends.1 - ends.0 > 1e-290 { ends } else { (0.0, 1.0) }, "", pixels, 40.0)
}

fn draw_line(canvas: &mut Canvas, parts: &[Vec<Point>], color: RGBAColor, width: f64) -> Drawn {
    parts.iter().try_for_each(|part| match part[..] {
        [point] => canvas.dot(point, 3.5, color),
        _ => canvas.path(part, color, width),
    })
}

/// The row of names above the panel, filled from the left.
struct Legend {
    at: f64,
}

impl Legend {
    fn entry(&mut self, canvas: &mut Canvas, name: &str, sample: impl FnOnce(&mut Canvas, &[Point]) -> Drawn) -> Drawn {
        let name = shortened(name, SMALL, WIDTH - self.at - 34.0);
        sample(canvas, &[(self.at, 54.0), (self.at + 24.0, 54.0)])?;
        canvas.text((self.at + 32.0, 54.0), &name, (SMALL, INK), Anchor::Left)?;
        self.at += 32.0 + 0.95 * text_width(&name, SMALL) + 14.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn svg(curve: &LearningCurve) -> String {
        let file = tempfile::NamedTempFile::new().unwrap();
        plot_learning_curve(curve, file.path()).unwrap();
        let svg = std::fs::read_to_string(file.path()).unwrap();
        assert!(svg.trim_end().ends_with("</svg>") && !svg.contains("NaN"), "{svg}");
        svg
    }

    #[test]
    fn statistics_of_known_runs() {
        let runs = (0..=10).map(|seed| vec![f64::from(seed); if seed == 10 { 2 } else { 1 }]).collect();
        let found = LearningCurve { runs, ..Default::default() }.statistics();
        assert_eq!(found[0], EpisodeStatistics { mean: 5.0, p10: 1.0, median: 5.0, p90: 9.0 });
        assert_eq!(found[1], EpisodeStatistics { mean: 10.0, p10: 10.0, median: 10.0, p90: 10.0 });
        assert!(percentile(&[], 0.5).is_nan());
        assert_eq!(percentile(&[1.0, 2.0], 0.25), 1.25);
    }

    #[test]
    fn everything_that_is_asked_for_is_named() {
        let curve = LearningCurve {
            title: "T-maze".into(),
            measure: "moves per episode".into(),
            runs: vec![vec![400.0, 20.0, 6.0], vec![100.0, 9.0, 8.0]],
            reference: Some(("published".into(), vec![300.0, 30.0, 7.0])),
            optimum: Some(6.0),
            median: true,
            log: true,
        };
        let svg = svg(&curve);
        for text in ["T-maze", "moves per episode", "mean of 2 seeds", "median", "published", "optimum, 6", "episode"] {
            assert!(svg.contains(text), "{text}");
        }
    }

    #[test]
    fn odd_curves_can_be_drawn() {
        for log in [false, true] {
            for values in [vec![], vec![5.0], vec![0.0; 4], vec![f64::NAN, f64::INFINITY], vec![-1.0, 1e308, 5e-324]] {
                for seeds in 0..3 {
                    let runs = vec![values.clone(); seeds];
                    let reference = Some((String::new(), values.clone()));
                    svg(&LearningCurve {
                        runs,
                        reference,
                        optimum: values.first().copied(),
                        log,
                        ..Default::default()
                    });
                }
            }
        }
    }
}
