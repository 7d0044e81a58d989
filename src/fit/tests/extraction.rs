//! Curves whose figures are known beforehand.

use std::path::Path;

use crate::fit::extract::{Extract, Kind, Reading, extract};
use crate::fit::table::Table;

fn table(text: &str) -> Table {
    Table::parse(Path::new("made.csv"), text).unwrap()
}

fn mean(found: &Extract, name: &str) -> f64 {
    found.figures.iter().find(|f| f.name == name).unwrap().statistics().map_or(f64::NAN, |s| s.mean)
}

/// Two loops of a device that sets at +0.8 V (10 uS to 1 mS) and resets at -0.6 V, abruptly.
#[test]
fn loops_with_known_thresholds() {
    let mut text = String::from("v,i\n");
    let mut g = 10e-6;
    for _ in 0..2 {
        for k in 0..400 {
            let v = match k {
                0..100 => 0.01 * k as f64,
                100..300 => 0.01 * (200 - k) as f64,
                _ => 0.01 * (k - 400) as f64,
            };
            if v > 0.799 {
                g = 1e-3;
            }
            if v < -0.599 {
                g = 10e-6;
            }
            text.push_str(&format!("{v:.4},{:e}\n", v * g));
        }
    }
    let found = extract(&table(&text), Reading { read: Some(0.1) }).unwrap();
    assert_eq!((found.kind, found.cycles), (Kind::Loop, 2));
    assert!((mean(&found, "set voltage") - 0.795).abs() < 0.006, "{}", mean(&found, "set voltage"));
    assert!((mean(&found, "reset voltage") + 0.595).abs() < 0.006, "{}", mean(&found, "reset voltage"));
    assert!((mean(&found, "on/off ratio") / 100.0 - 1.0).abs() < 1e-6);
    assert!((mean(&found, "nonlinearity i(v)/(2 i(v/2))") - 1.0).abs() < 1e-6);
    assert!((mean(&found, "asymmetry") - 0.2 / 1.4).abs() < 0.01);
}

/// A set branch `1 - exp(-p/20)` with white noise of 1 % of the span, and a straight reset branch.
#[test]
fn pulses_with_known_curve_and_noise() {
    let mut text = String::from("cycle,phase,pulse,conductance_S\n");
    let stream = crate::devices::memristor::noise::stream(3, "made");
    let mut draw = 0;
    let mut noise = || {
        draw += 1;
        0.01 * crate::devices::memristor::noise::normal(stream, draw)
    };
    for cycle in 1..=20 {
        for p in 0..=100 {
            let w = (1.0 - (-f64::from(p) / 20.0).exp()) / (1.0 - (-5.0f64).exp());
            text.push_str(&format!("{cycle},P,{p},{:e}\n", 20e-6 + 30e-6 * (w + noise())));
        }
        for p in 0..=100 {
            text.push_str(&format!("{cycle},D,{p},{:e}\n", 50e-6 - 30e-6 * (f64::from(p) / 100.0 + noise())));
        }
    }
    let found = extract(&table(&text), Reading { read: None }).unwrap();
    assert_eq!((found.kind, found.cycles), (Kind::Pulses, 20));
    // largest distance of the normalised exponential from the diagonal
    let bend = (0..=100).map(|p| {
        let x = f64::from(p) / 100.0;
        (1.0 - (-5.0 * x).exp()) / (1.0 - (-5.0f64).exp()) - x
    });
    let bend = bend.fold(0.0, f64::max);
    assert!((mean(&found, "set nonlinearity") - bend).abs() < 0.01, "{} {bend}", mean(&found, "set nonlinearity"));
    assert!(mean(&found, "reset nonlinearity").abs() < 0.02);
    for name in ["set noise", "reset noise"] {
        assert!((mean(&found, name) / 0.01 - 1.0).abs() < 0.08, "{name}: {}", mean(&found, name));
    }
    assert!(mean(&found, "set noise lag-1").abs() < 0.08);
    assert!((mean(&found, "on/off ratio") - 2.5).abs() < 0.1);
    assert!((mean(&found, "asymmetry") - bend).abs() < 0.03, "{}", mean(&found, "asymmetry"));
}

#[test]
fn other_tables_are_refused() {
    let error = extract(&table("a,b\n1,2\n"), Reading { read: None }).unwrap_err().to_string();
    assert!(error.contains("neither an I-V loop"), "{error}");
    let error = extract(&table("conductance,phase\n1,P\n2,P\n"), Reading { read: None }).unwrap_err().to_string();
    assert!(error.contains("four or more"), "{error}");
}
