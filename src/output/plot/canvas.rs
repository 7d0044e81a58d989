//! A sheet of paper: lines, shapes and words at positions in pixels.

use std::path::Path;

use plotters::backend::{DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontTransform, IntoFont, RGBAColor, RGBColor, ShapeStyle, TextStyle, WHITE};

use crate::output::OutputError;

/// Drawing units per pixel. The backend has whole coordinates only; curves need finer ones.
const FINE: f64 = 4.0;
/// The backend divides font sizes by this.
const FONT_FACTOR: f64 = 1.24;

/// A position in pixels; y grows downwards.
pub(super) type Point = (f64, f64);
/// What a drawing function returns.
pub(super) type Drawn = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// An SVG document under way.
pub(super) struct Canvas<'a> {
    backend: SVGBackend<'a>,
}

/// Which point of a text lies at its position.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    /// Left end, middle height.
    Left,
    /// Right end, middle height.
    Right,
    /// Middle of the upper edge.
    Top,
    /// Centre, reading upwards.
    Upwards,
}

/// Draws on a white sheet of `width` x `height` pixels and writes it to `path`.
pub(super) fn sheet(path: &Path, size: Point, draw: impl FnOnce(&mut Canvas) -> Drawn) -> Result<(), OutputError> {
    let svg = svg(size, draw).map_err(|reason| OutputError::Plot { path: path.to_path_buf(), reason })?;
    std::fs::write(path, svg).map_err(OutputError::io(path))
}

/// Draws on a white sheet of `width` x `height` pixels; the text of the document, or what went wrong.
pub(super) fn svg((width, height): Point, draw: impl FnOnce(&mut Canvas) -> Drawn) -> Result<String, String> {
    let mut svg = String::new();
    let (wide, high) = ((width * FINE) as u32, (height * FINE) as u32);
    let mut canvas = Canvas { backend: SVGBackend::with_string(&mut svg, (wide, high)) };
    let drawn = canvas
        .rectangle((0.0, 0.0), (width, height), WHITE)
        .and_then(|()| draw(&mut canvas))
        .and_then(|()| canvas.backend.present().map_err(Into::into));
    drop(canvas);
    drawn.map_err(|e| e.to_string())?;
    // Shown at its size in pixels; round joins keep narrow spikes at their true height.
    let (fine, shown) = (
        format!("width=\"{wide}\" height=\"{high}\""),
        format!("width=\"{width}\" height=\"{height}\" stroke-linejoin=\"round\" stroke-linecap=\"round\""),
    );
    Ok(svg.replacen(&fine, &shown, 1))
}

impl Canvas<'_> {
    /// A line through all points.
    pub fn path(&mut self, points: &[Point], color: RGBAColor, width: f64) -> Drawn {
        if points.len() > 1 {
            self.backend.draw_path(points.iter().copied().map(fine), &stroke(color, width))?;
        }
        Ok(())
    }

    /// A broken line through all points: `dash` pixels of line, `gap` pixels of nothing.
    pub fn dashed(&mut self, points: &[Point], color: RGBAColor, width: f64, (dash, gap): Point) -> Drawn {
        let Some(&first) = points.first() else { return Ok(()) };
        let (mut stretch, mut left, mut drawing) = (vec![first], dash, true);
        for pair in points.windows(2) {
            let (mut from, to) = (pair[0], pair[1]);
            let mut length = (to.0 - from.0).hypot(to.1 - from.1);
            while length >= left {
                let share = left / length;
                from = (from.0 + share * (to.0 - from.0), from.1 + share * (to.1 - from.1));
                length -= left;
                if drawing {
                    stretch.push(from);
                    self.path(&stretch, color, width)?;
                    stretch.clear();
                } else {
                    stretch.push(from);
                }
                drawing = !drawing;
                left = if drawing { dash } else { gap };
            }
            left -= length;
            if drawing {
                stretch.push(to);
            }
        }
        self.path(&stretch, color, width)
    }

    /// A filled polygon.
    pub fn polygon(&mut self, points: &[Point], color: RGBAColor) -> Drawn {
        if points.len() > 2 {
            self.backend.fill_polygon(points.iter().copied().map(fine), &stroke(color, 0.0))?;
        }
        Ok(())
    }

    /// A filled rectangle between two opposite corners.
    pub fn rectangle(&mut self, from: Point, to: Point, color: RGBColor) -> Drawn {
        Ok(self.backend.draw_rect(fine(from), fine(to), &stroke(color.to_rgba(), 0.0), true)?)
    }

    /// A filled circle.
    pub fn dot(&mut self, at: Point, radius: f64, color: RGBAColor) -> Drawn {
        Ok(self.backend.draw_circle(fine(at), (radius * FINE) as u32, &stroke(color, 0.0), true)?)
    }

    /// One line of text, `size` pixels high; characters that XML forbids show as `?`.
    pub fn text(&mut self, at: Point, text: &str, (size, color): (f64, RGBColor), anchor: Anchor) -> Drawn {
        self.styled_text(
            at,
            text,
            TextStyle::from(("sans-serif", size * FINE * FONT_FACTOR).into_font()).color(&color),
            anchor,
        )
    }

    /// One line of bold text.
    pub fn bold_text(&mut self, at: Point, text: &str, (size, color): (f64, RGBColor), anchor: Anchor) -> Drawn {
        let style = TextStyle::from(
            ("sans-serif", size * FINE * FONT_FACTOR).into_font().style(plotters::style::FontStyle::Bold),
        );
        self.styled_text(at, text, style.color(&color), anchor)
    }

    fn styled_text(&mut self, at: Point, text: &str, style: TextStyle, anchor: Anchor) -> Drawn {
        let (h, v) = match anchor {
            Anchor::Left => (HPos::Left, VPos::Center),
            Anchor::Right => (HPos::Right, VPos::Center),
            Anchor::Top => (HPos::Center, VPos::Top),
            Anchor::Upwards => (HPos::Center, VPos::Center),
        };
        let mut style = style.pos(Pos::new(h, v));
        if let Anchor::Upwards = anchor {
            style = style.transform(FontTransform::Rotate270);
        }
        let text = text.replace(|c: char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}'), "?");
        Ok(self.backend.draw_text(&text, &style, fine(at))?)
    }
}

/// The first characters of a text that is too long for `width` pixels at this size, with an ellipsis.
pub(super) fn shortened(text: &str, size: f64, width: f64) -> String {
    let room = (width / text_width("x", size)).max(1.0) as usize;
    if text.chars().count() <= room {
        return text.to_owned();
    }
    text.chars().take(room.saturating_sub(1)).chain(['…']).collect()
}

/// About how wide a text is, px: fonts are chosen by the viewer.
pub(super) fn text_width(text: &str, size: f64) -> f64 {
    0.6 * size * text.chars().count() as f64
}

/// The middle of a pixel, where thin horizontal and vertical lines are sharp.
pub(super) fn crisp(at: f64) -> f64 {
    at.floor() + 0.5
}

fn fine((x, y): Point) -> (i32, i32) {
    ((x * FINE).round() as i32, (y * FINE).round() as i32)
}

fn stroke(color: RGBAColor, width: f64) -> ShapeStyle {
    color.stroke_width((width * FINE).round() as u32)
}
