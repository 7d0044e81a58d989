//! Every line of `docs/compatibility.md` is an entry of `tests/compatibility/*.txt`: a deck with what must come of it.
//!
//! An entry begins with `# feature`. Then follow `= signal value` (the last row of the first plot), `? text` (of a warning),
//! `! text` (of an error: the feature is refused), `~ text` (what is different), and the lines of the deck. The title and, when
//! there is no analysis, `.op` are added. `COMPATIBILITY=write cargo test --test compatibility` writes the document anew.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use ionspice::analysis::{self, Options};
use ionspice::circuit::Overrides;
use ionspice::diagnostic::Diagnostic;
use ionspice::netlist::{Dialect, Parsed};
use ionspice::output::Dataset;

/// Relative and absolute agreement with an expected value.
const TOLERANCE: (f64, f64) = (1e-6, 1e-9);

#[derive(Default)]
struct Entry {
    feature: String,
    values: Vec<(String, f64)>,
    warnings: Vec<String>,
    error: Option<String>,
    difference: Option<String>,
    deck: String,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/compatibility")
}

fn entries(file: &str) -> Vec<Entry> {
    let text = fs::read_to_string(folder().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    let mut all: Vec<Entry> = Vec::new();
    for line in text.lines() {
        if let Some(feature) = line.strip_prefix("# ") {
            all.push(Entry { feature: feature.trim().into(), ..Entry::default() });
            continue;
        }
        let Some(entry) = all.last_mut() else { continue };
        match line.split_once(' ') {
            Some(("=", rest)) => {
                let (signal, value) = rest.trim().rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
                let value = value.parse().unwrap_or_else(|error| panic!("{line}: {error}"));
                entry.values.push((signal.trim().into(), value));
            }
            Some(("?", rest)) => entry.warnings.push(rest.trim().into()),
            Some(("!", rest)) => entry.error = Some(rest.trim().into()),
            Some(("~", rest)) => entry.difference = Some(rest.trim().into()),
            _ => _ = writeln!(entry.deck, "{line}"),
        }
    }
    all
}

fn messages(found: &[Diagnostic]) -> String {
    found.iter().map(|d| d.message.clone()).collect::<Vec<_>>().join("; ")
}

/// The plots of a deck and its warnings, or the errors.
fn run(deck: &str, dialect: Dialect) -> Result<(Vec<Dataset>, String), String> {
    let path = folder().join("deck.cir");
    let parsed = Parsed::read_text_in(&path.to_string_lossy(), deck, &[], Some(dialect));
    let loaded = parsed.elaborate(&Overrides::default()).map_err(|failure| messages(&failure.diagnostics))?;
    let (options, notes) = Options::from_settings(&loaded.circuit.options);
    let mut plots: Vec<Dataset> = Vec::new();
    analysis::run(&loaded.circuit, &options, &mut plots).map_err(|failure| format!("{failure:?}"))?;
    Ok((plots, format!("{}; {}", messages(&loaded.warnings), messages(&notes))))
}

/// Why an entry is not as it says.
fn judge(entry: &Entry, dialect: Dialect) -> Result<(), String> {
    let analyses = [".op", ".tran", ".dc", ".ac"];
    let first_word = |line: &str| line.split_whitespace().next().unwrap_or("").to_ascii_lowercase();
    let analysed = entry.deck.lines().any(|line| analyses.contains(&first_word(line).as_str()));
    let deck = format!("title\n{}{}.end\n", entry.deck, if analysed { "" } else { ".op\n" });
    let outcome = run(&deck, dialect);
    if let Some(error) = &entry.error {
        return match outcome {
            Err(found) if found.contains(error.as_str()) => Ok(()),
            Err(found) => Err(format!("another error: {found}")),
            Ok(_) => Err("no error".into()),
        };
    }
    let (plots, warnings) = outcome?;
    if let Some(missing) = entry.warnings.iter().find(|text| !warnings.contains(text.as_str())) {
        return Err(format!("no warning `{missing}` in: {warnings}"));
    }
    for (signal, wanted) in &entry.values {
        let plot = plots.first().ok_or("no plot")?;
        let column = plot.find(signal).ok_or_else(|| format!("no signal {signal}"))?;
        let found = plot.value(plot.points() - 1, column).re;
        if (found - wanted).abs() > TOLERANCE.0 * wanted.abs() + TOLERANCE.1 {
            return Err(format!("{signal} is {found}, not {wanted}"));
        }
    }
    Ok(())
}

const FILES: [(&str, &str, &[Dialect]); 5] = [
    ("all.txt", "All dialects", &Dialect::ALL),
    ("ngspice.txt", "ngspice", &[Dialect::Ngspice]),
    ("ltspice.txt", "LTspice", &[Dialect::Ltspice]),
    ("hspice.txt", "HSPICE", &[Dialect::Hspice]),
    ("xyce.txt", "Xyce", &[Dialect::Xyce]),
];

#[test]
fn every_line_of_the_document_holds() {
    let mut failures = String::new();
    for (file, _, dialects) in FILES {
        for entry in entries(file) {
            for &dialect in dialects {
                if let Err(problem) = judge(&entry, dialect) {
                    _ = writeln!(failures, "{file} ({dialect}): {}: {problem}", entry.feature);
                }
            }
        }
    }
    assert!(failures.is_empty(), "entries that do not hold:\n{failures}");
}

#[test]
fn the_document_is_that_of_the_entries() {
    let mut text = String::from(
        "# Compatibility\n\n\
         Decks are read in one of four dialects: `ionspice run --dialect ngspice|ltspice|hspice|xyce deck.cir`. A deck can name its\n\
         dialect itself among its first lines, by a comment `* ionspice dialect=ltspice` or a statement `.dialect ltspice`; the\n\
         command line goes before it, and without either the dialect is ngspice's.\n\n\
         Each line below is an entry of `tests/compatibility/*.txt` that `cargo test --test compatibility` runs; the file is\n\
         written by `COMPATIBILITY=write cargo test --test compatibility`. *Supported* means that the deck of the entry gives the\n\
         value written there, *differently* that it runs with the difference named, *refused* that it ends with a located message.\n",
    );
    for (file, title, _) in FILES {
        _ = write!(text, "\n## {title}\n\n| feature | status | remark |\n|---|---|---|\n");
        for entry in entries(file) {
            let (status, remark) = match (&entry.error, &entry.difference) {
                (Some(error), difference) => {
                    ("refused", difference.clone().unwrap_or_else(|| format!("message: {error}")))
                }
                (None, Some(difference)) => ("differently", difference.clone()),
                (None, None) => ("supported", String::new()),
            };
            let cell = |text: &str| text.replace('|', "\\|");
            _ = writeln!(text, "| {} | {status} | {} |", cell(&entry.feature), cell(&remark));
        }
    }
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/compatibility.md");
    if std::env::var_os("COMPATIBILITY").is_some() {
        fs::write(&path, &text).expect("the document can be written");
    }
    let present = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        present == text,
        "docs/compatibility.md is not up to date: COMPATIBILITY=write cargo test --test compatibility"
    );
}
