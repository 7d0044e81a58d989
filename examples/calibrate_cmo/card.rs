//! Cards of fitted devices, and a subcircuit that draws devices from their joint distribution.

use std::fmt::Write;

use ionspice::devices::Parameters;
use ionspice::devices::memristor::cmo_hfo2::CmoHfo2Params;

use super::Judged;
use super::fit::FITTED;

/// What varies from device to device: ln of G0, of the window, of the fitted quantities over the window, of the noise over it.
const VARYING: usize = FITTED + 4;

/// The library file.
pub fn library(judged: &[Judged], cycles: usize) -> String {
    let mut text = format!(
        "* cmo_hfo2: cards fitted to cycles 1-{cycles} of measured devices by the example calibrate_cmo. Equations and units: docs/cmo-hfo2.md.\n"
    );
    for j in judged {
        let _ = write!(text, "\n.model cmo_{} cmo_hfo2\n{}", j.name, lines(&j.card));
    }
    if judged.len() > VARYING {
        text.push_str(&population(judged));
    }
    text
}

/// `+ name=value ..` for every parameter that is not at its default; NaN means not given.
fn lines(card: &CmoHfo2Params) -> String {
    let (mut card, mut default) = (card.clone(), CmoHfo2Params::default());
    let mut items = Vec::new();
    for (k, spec) in CmoHfo2Params::SPECS.iter().enumerate() {
        if let (Some(value), Some(usual)) = (card.slot(k), default.slot(k))
            && *value != *usual
            && !value.is_nan()
        {
            items.push(format!("{}={:.5e}", spec.name, value));
        }
    }
    items.chunks(4).map(|chunk| format!("+ {}\n", chunk.join(" "))).collect()
}

fn logarithms(j: &Judged) -> [f64; VARYING] {
    let span = j.card.g1 - j.card.g0;
    let mut row = [0.0; VARYING];
    row[0] = j.card.g0.ln();
    row[1] = span.ln();
    row[2..2 + FITTED].copy_from_slice(&j.theta);
    row[2 + FITTED] = (j.card.nset / span).ln();
    row[3 + FITTED] = (j.card.nreset / span).ln();
    row
}

/// A subcircuit whose every instance is another device (d2d) with its own noise (c2c): log-normal with the covariance of the fits.
fn population(judged: &[Judged]) -> String {
    let rows: Vec<[f64; VARYING]> = judged.iter().map(logarithms).collect();
    let n = rows.len() as f64;
    let mean: [f64; VARYING] = std::array::from_fn(|k| rows.iter().map(|r| r[k]).sum::<f64>() / n);
    let mut root = [[0.0; VARYING]; VARYING];
    for j in 0..VARYING {
        for k in 0..=j {
            let covariance = rows.iter().map(|r| (r[j] - mean[j]) * (r[k] - mean[k])).sum::<f64>() / (n - 1.0);
            let rest = covariance - (0..k).map(|i| root[j][i] * root[k][i]).sum::<f64>();
            root[j][k] = if j == k {
                rest.max(0.0).sqrt()
            } else if root[k][k] > 0.0 {
                rest / root[k][k]
            } else {
                0.0
            };
        }
    }
    let names = ["g0", "span", "kset", "gset", "kfast", "gfast", "kreset", "greset", "nset", "nreset"];
    let mut text = format!(
        "\n* A device drawn from the distribution of these {}: every instance is another one (.mc, .options seed=). d2d: log-normal, full\n\
         * covariance; c2c: its own noise and wear.\n.subckt cmo_population plus minus noise=1 spread=1\n",
        judged.len()
    );
    for k in 0..VARYING {
        let _ = writeln!(text, ".param z{k}=agauss(0,1,1)");
    }
    for (j, name) in names.iter().enumerate() {
        let sum: String = (0..=j).map(|k| format!("{:+.4}*z{k}", root[j][k])).collect();
        let _ = writeln!(text, ".param {name}_d=exp({:.5}+spread*({sum}))", mean[j]);
    }
    let wear = judged[0].card.gdrift / (judged[0].card.g1 - judged[0].card.g0);
    let _ = write!(
        text,
        "Y1 plus minus cmo_drawn noise={{noise}} g0={{g0_d}} g1={{g0_d+span_d}} gmin={{max(g0_d-0.6*span_d,0.1*g0_d)}} gmax={{g0_d+1.4*span_d}}\n\
         + kset={{kset_d*span_d}} gset={{gset_d*span_d}} kfast={{kfast_d*span_d}} gfast={{gfast_d*span_d}}\n\
         + kreset={{kreset_d*span_d}} greset={{greset_d*span_d}} gdrift={{{wear:.5}*span_d}}\n\
         + nset={{nset_d*span_d}} nreset={{nreset_d*span_d}} nslow={{0.9*span_d*sqrt(nset_d*nreset_d)}}\n.ends\n.model cmo_drawn cmo_hfo2\n"
    );
    text
}
