//! The table of `docs/models.md`: a row for every memristor model, with decks whose largest error is the one stated.

use std::collections::HashMap;
use std::path::Path;

use ionspice::devices::memristor::TYPES;
use ionspice::regress::{Settings, find, run};

struct Row {
    kind: String,
    decks: Vec<String>,
    /// NaN where there is no deck.
    error: f64,
}

/// Rows `| `kind` | states | source | checked against | decks | error |`.
fn rows() -> Vec<Row> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/models.md")).expect("docs");
    let row = |line: &str| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [kind, _, _, _, decks, error] = cells[..] else { return None };
        Some(Row {
            kind: kind.strip_prefix('`')?.strip_suffix('`')?.to_string(),
            decks: decks.split_whitespace().filter(|deck| *deck != "-").map(str::to_string).collect(),
            error: if error == "-" { f64::NAN } else { error.parse().ok()? },
        })
    };
    text.lines().filter(|line| line.starts_with("| `")).filter_map(row).collect()
}

#[test]
fn every_model_has_a_row() {
    let rows = rows();
    for model in TYPES {
        let kind = model.kinds[0];
        assert!(rows.iter().any(|row| row.kind == kind), "docs/models.md has no row of figures for `{kind}`");
    }
}

#[test]
fn the_errors_stated_are_those_measured() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("netlists/oracle");
    let rows = rows();
    let wanted: Vec<&String> = rows.iter().flat_map(|row| &row.decks).collect();
    let mut decks = find(&[folder]).expect("decks");
    decks.retain(|deck| deck.file_stem().is_some_and(|name| wanted.iter().any(|&deck| deck.as_str() == name)));
    let settings = Settings {
        program: Some(env!("CARGO_BIN_EXE_ionspice").into()),
        out: Path::new(env!("CARGO_TARGET_TMPDIR")).join("models_table"),
        timeout: 120.0,
        ..Settings::new()
    };
    let mut errors: HashMap<String, f64> = HashMap::new();
    run(&decks, &settings, &mut |report| {
        let name = Path::new(&report.deck).file_stem().map_or(String::new(), |name| name.to_string_lossy().into());
        // measures, last values and crossings are in other units
        let waveform =
            |subject: &str| !["measure ", "last of ", " crossing "].iter().any(|word| subject.contains(word));
        let waveforms = report.findings.iter().filter(|finding| waveform(&finding.subject));
        let largest = waveforms.map(|finding| finding.error.unwrap_or(f64::INFINITY)).fold(0.0, f64::max);
        println!("{name}: {largest:.1e}");
        errors.insert(name, largest);
    });
    for row in rows.iter().filter(|row| !row.decks.is_empty()) {
        let largest = row.decks.iter().map(|deck| errors.get(deck).copied().unwrap_or(f64::INFINITY));
        let largest = largest.fold(0.0, f64::max);
        assert!(
            largest <= 1.5 * row.error && row.error <= 1.5 * largest,
            "`{}`: docs/models.md says {:.1e}, measured {largest:.1e}",
            row.kind,
            row.error
        );
    }
}
