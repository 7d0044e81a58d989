//! SVG plots: the waveforms of an analysis, and learning curves over many seeds.
//!
//! Colours are those of Okabe and Ito (2008), which people with any kind of colour vision can tell apart. Long
//! signals are reduced to first, lowest, highest and last value per pixel column, so no extreme is ever lost.

mod axis;
mod canvas;
mod histogram;
mod learning;
mod trace;
mod waveforms;

use plotters::style::RGBColor;

pub use histogram::plot_histogram;
pub use learning::{EpisodeStatistics, LearningCurve, learning_curve_svg, plot_learning_curve};
pub use waveforms::plot_waveforms;

/// Signal colours, in the order of use: blue, vermillion, green, orange, purple, sky blue, black.
const PALETTE: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(230, 159, 0),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
];
const INK: RGBColor = RGBColor(34, 34, 34);
const SOFT_INK: RGBColor = RGBColor(95, 95, 95);
const GRID: RGBColor = RGBColor(230, 230, 230);
const FRAME: RGBColor = RGBColor(140, 140, 140);

/// Width of every plot, px.
const WIDTH: f64 = 900.0;
/// Height of a plot with one or two panels, px.
const HEIGHT: f64 = 520.0;
