//! Every deck of `netlists/` against what it expects, as `ionspice test netlists` does.

use std::fs;
use std::path::{Path, PathBuf};

use ionspice::regress::golden::Golden;
use ionspice::regress::{Settings, find, run};

/// Fewest decks that the folder must hold.
const FEWEST_DECKS: usize = 80;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("netlists")
}

#[test]
fn every_deck_meets_its_expectations() {
    let decks = find(&[folder()]).expect("decks");
    assert!(decks.len() >= FEWEST_DECKS, "{} decks", decks.len());
    let settings = Settings {
        program: Some(env!("CARGO_BIN_EXE_ionspice").into()),
        out: Path::new(env!("CARGO_TARGET_TMPDIR")).join("netlists"),
        timeout: 120.0,
        ..Settings::new()
    };
    let mut failures = String::new();
    let summary = run(&decks, &settings, &mut |report| {
        for finding in &report.findings {
            let line = format!("{}: {}: {}\n", report.deck, finding.subject, finding.message);
            if finding.passed {
                print!("{line}");
            } else {
                failures += &line;
            }
        }
    });
    assert!(summary.good(), "decks that disagree with their expectations:\n{failures}");
}

#[test]
fn every_oracle_deck_has_a_reference_that_names_its_source() {
    let references = folder().join("oracle/ref");
    for deck in find(&[folder().join("oracle")]).expect("decks") {
        let text = fs::read_to_string(&deck).expect("the deck");
        let reference = references.join(deck.file_stem().expect("a name")).with_extension("csv");
        if text.contains("\n*>") && !reference.is_file() {
            continue;
        }
        let golden = Golden::read(&reference).unwrap_or_else(|e| panic!("{}: {e}", deck.display()));
        assert!(golden.oracle, "{} does not name its oracle", deck.display());
    }
}
