//! A learning run as one HTML page that needs nothing else: curve, figures, maps of values and policy, settings, raw numbers.

use std::fmt::Write;

use ionspice::learn::LearningReport;
use ionspice::output::{LearningCurve, learning_curve_svg};

/// Side of a cell of a map, pixels.
const CELL: usize = 34;

/// What the page shows.
pub struct Page<'a> {
    pub title: &'a str,
    pub configuration: &'a str,
    pub learning: &'a LearningReport,
    pub curve: &'a LearningCurve,
    /// The report as JSON.
    pub json: &'a str,
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The page.
///
/// # Errors
/// What went wrong while drawing.
pub fn page(page: &Page) -> Result<String, String> {
    let Page { title, configuration, learning, curve, json } = page;
    let curve = learning_curve_svg(curve)?;
    // The document inside a page needs no declaration of its own.
    let curve = curve.find("<svg").map_or(curve.as_str(), |at| &curve[at..]);
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\n<style>body{{font-family:sans-serif;\
         max-width:64em;margin:2em auto;color:#222}}table{{border-collapse:collapse}}td,th{{border:1px solid #bbb;padding:0.2em \
         0.6em;text-align:right}}pre{{white-space:pre-wrap;background:#f4f4f4;padding:0.6em}}svg{{max-width:100%}}</style></head><body>\n\
         <h1>{title}</h1>\n{curve}\n",
        title = escaped(title)
    );
    table(&mut html, learning);
    maps(&mut html, learning);
    // No `<` can end the script.
    let data = json.replace('<', "\\u003c");
    let written = write!(
        html,
        "<h2>Settings</h2>\n<pre>{}</pre>\n<script id=\"report\" type=\"application/json\">{data}</script>\n</body></html>\n",
        escaped(configuration)
    );
    written.map_err(|e| e.to_string()).map(|()| html)
}

/// One row a seed.
fn table(html: &mut String, learning: &LearningReport) {
    let late = &learning.summary.late;
    html.push_str(&format!(
        "<p>Last 50 episodes: median {:.1} moves, mean {:.2}, s.d. over seeds {:.2}, capped {:.2} %.</p>\n",
        late.median,
        late.mean,
        late.std,
        100.0 * late.capped_share
    ));
    html.push_str(
        "<h2>Seeds</h2>\n<table><tr><th>seed</th><th>episodes</th><th>moves in all</th><th>mean of the last 50</th>\
         <th>set pulses</th><th>reset pulses</th><th>energy (J)</th><th>fidelity</th></tr>\n",
    );
    for (seed, mean) in learning.seeds.iter().zip(&late.seed_means) {
        let moves: u64 = seed.steps.iter().map(|m| u64::from(*m)).sum();
        let energy = seed.hardware.energy_joules.map_or("-".to_owned(), |e| format!("{e:.3e}"));
        html.push_str(&format!(
            "<tr><td>{}</td><td>{}</td><td>{moves}</td><td>{mean:.2}</td><td>{}</td><td>{}</td><td>{energy}</td><td>{}</td></tr>\n",
            seed.seed,
            seed.steps.len(),
            seed.hardware.pulses.set,
            seed.hardware.pulses.reset,
            escaped(&seed.hardware.fidelity)
        ));
    }
    html.push_str("</table>\n");
}

/// Values and preferred actions of place cells on a square, of the mean weights: a colour and an arrow a cell.
fn maps(html: &mut String, learning: &LearningReport) {
    let weights = &learning.summary.weights.mean;
    let side = (weights.critic.len() as f64).sqrt() as usize;
    if side < 4 || side * side != weights.critic.len() || weights.actor.len() != side * side {
        return;
    }
    let highest = weights.critic.iter().copied().fold(1e-12, f64::max);
    let size = side * CELL;
    html.push_str(&format!(
        "<h2>Values and policy</h2>\n<p>Mean over seeds: colour, value weight of the place cell (dark: high); line, \
         direction the actor weights prefer.</p>\n<svg width=\"{size}\" height=\"{size}\">\n"
    ));
    for (k, (value, actor)) in weights.critic.iter().zip(&weights.actor).enumerate() {
        let (x, y) = ((k % side) * CELL, (side - 1 - k / side) * CELL);
        let light = (255.0 - 200.0 * (value / highest).clamp(0.0, 1.0)) as u8;
        html.push_str(&format!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{CELL}\" height=\"{CELL}\" fill=\"rgb({light},{light},255)\"/>"
        ));
        // Actions turn clockwise from north.
        let angle = |a: usize| std::f64::consts::TAU * a as f64 / actor.len() as f64;
        let (east, north) = actor
            .iter()
            .enumerate()
            .fold((0.0, 0.0), |(east, north), (a, w)| (east + w * angle(a).sin(), north + w * angle(a).cos()));
        let half = 0.5 * CELL as f64;
        let length = f64::hypot(east, north);
        if length > 0.0 {
            let reach = 0.4 * CELL as f64 * length.min(1.0) / length;
            let (cx, cy) = (x as f64 + half, y as f64 + half);
            html.push_str(&format!(
                "<line x1=\"{cx}\" y1=\"{cy}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"#c33\" stroke-width=\"2\"/><circle cx=\"{cx}\" \
                 cy=\"{cy}\" r=\"2\" fill=\"#c33\"/>\n",
                cx + reach * east,
                cy - reach * north
            ));
        }
    }
    html.push_str("</svg>\n");
}
