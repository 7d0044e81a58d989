//! Histogram of a measure over samples.

use std::path::Path;

use plotters::style::Color;

use super::canvas::{Anchor, sheet};
use super::{FRAME, HEIGHT, INK, PALETTE, SOFT_INK, WIDTH};
use crate::output::{OutputError, engineering};

const LEFT: f64 = 60.0;
const RIGHT: f64 = 30.0;
const TOP: f64 = 50.0;
const BOTTOM: f64 = 50.0;

/// Draws `bins` (left edge and count, all of one `width`) with the limits that count as a pass.
///
/// # Errors
/// The file cannot be written.
pub fn plot_histogram(
    path: &Path,
    name: &str,
    bins: &[(f64, usize)],
    width: f64,
    limits: Option<(f64, f64)>,
) -> Result<(), OutputError> {
    let tallest = bins.iter().map(|bin| bin.1).max().unwrap_or(1).max(1) as f64;
    let total: usize = bins.iter().map(|bin| bin.1).sum();
    let low = bins.first().map_or(0.0, |bin| bin.0);
    let high = bins.last().map_or(1.0, |bin| bin.0 + width);
    let margin = if high > low { 0.05 * (high - low) } else { 1e-3 * low.abs().max(1e-12) };
    let (low, high) = (low - margin, high + margin);
    let x = |value: f64| LEFT + (WIDTH - LEFT - RIGHT) * ((value - low) / (high - low)).clamp(0.0, 1.0);
    let y = |count: f64| HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * count / tallest;
    sheet(path, (WIDTH, HEIGHT), |canvas| {
        canvas.bold_text((LEFT, 22.0), &format!("{name}: {total} samples"), (15.0, INK), Anchor::Left)?;
        for (edge, count) in bins {
            let right = if width > 0.0 { edge + width } else { edge + margin };
            let corners =
                [(x(*edge), y(0.0)), (x(*edge), y(*count as f64)), (x(right), y(*count as f64)), (x(right), y(0.0))];
            canvas.polygon(&corners, PALETTE[0].mix(0.6))?;
            canvas.path(&corners, PALETTE[0].to_rgba(), 1.0)?;
        }
        canvas.path(&[(LEFT, y(0.0)), (WIDTH - RIGHT, y(0.0))], FRAME.to_rgba(), 1.0)?;
        canvas.path(&[(LEFT, y(0.0)), (LEFT, y(tallest))], FRAME.to_rgba(), 1.0)?;
        for k in 0..=4 {
            let value = low + (high - low) * f64::from(k) / 4.0;
            canvas.text((x(value), y(0.0) + 8.0), &engineering(value, "", 5), (12.0, SOFT_INK), Anchor::Top)?;
            let count = (tallest * f64::from(k) / 4.0).round();
            canvas.text((LEFT - 8.0, y(count)), &format!("{count}"), (12.0, SOFT_INK), Anchor::Right)?;
        }
        let (min, max) = limits.unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
        for limit in [min, max].into_iter().filter(|limit| (low..=high).contains(limit)) {
            canvas.dashed(&[(x(limit), y(0.0)), (x(limit), y(tallest))], PALETTE[1].to_rgba(), 1.5, (6.0, 4.0))?;
        }
        Ok(())
    })
}
