//! Every deck in `tests/malformed` must give a located error, quickly, whatever is wrong with it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ionspice::diagnostic::{Severity, render};
use ionspice::netlist::{Failure, load, parse_str};

fn decks() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/malformed");
    let mut decks: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the folder of malformed decks")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "cir"))
        .collect();
    decks.sort();
    decks
}

/// The first error is located inside an existing line of a file of the netlist, and can be rendered with its place.
fn check(name: &str, failure: &Failure) {
    let errors: Vec<_> = failure.diagnostics.iter().filter(|d| d.severity == Severity::Error).collect();
    let first = errors.first().unwrap_or_else(|| panic!("{name}: no error"));
    let span = first.span.unwrap_or_else(|| panic!("{name}: no span: {}", first.message));
    let file = failure.sources.file(span.file);
    assert!((span.start + span.len) as usize <= file.text.len(), "{name}: span {span:?} outside its file");
    let (line, column) = failure.sources.line_column(span);
    assert!(line <= file.text.lines().count().max(1), "{name}: line {line} is not in the file");
    let text = render(first, &failure.sources, false);
    let place = format!("{}:{line}:{column}", file.path.file_name().expect("a file name").to_string_lossy());
    assert!(text.contains(&place), "{name}: {place} not shown in\n{text}");
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{name}: unprintable output");
    assert!(!first.message.is_empty());
}

#[test]
fn every_deck_gives_a_located_error_in_time() {
    let decks = decks();
    assert!(decks.len() >= 50, "only {} decks", decks.len());
    for path in decks {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let start = Instant::now();
        let failure = load(&path, &[]).err().unwrap_or_else(|| panic!("{name} was accepted"));
        assert!(start.elapsed() < Duration::from_secs(2), "{name} took {:?}", start.elapsed());
        check(&name, &failure);
    }
}

/// The line on which the mistake of some decks stands, written down by hand.
#[test]
fn errors_point_at_the_line_of_the_mistake() {
    let cases = [
        ("unterminated_subcircuit", "unterminated_subcircuit.cir", 3),
        ("mutual_include", "mutual_include.inc", 2),
        ("lib_section_unterminated", "half.lib", 2),
        ("pwl_file_with_words", "words.txt", 3),
        ("missing_model", "missing_model.cir", 4),
        ("unknown_node_in_print", "unknown_node_in_print.cir", 5),
        ("nul_bytes", "nul_bytes.cir", 3),
        ("duplicate_subcircuit", "duplicate_subcircuit.cir", 7),
        ("tran_negative_stop", "tran_negative_stop.cir", 4),
        ("only_title", "only_title.cir", 1),
        ("statement_in_controller", "statement_in_controller.cir", 5),
        ("recursive_include", "recursive_include.cir", 4),
    ];
    for (deck, file, line) in cases {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/malformed/{deck}.cir"));
        let failure = load(&path, &[]).expect_err(deck);
        let span = failure.diagnostics[0].span.expect("a span");
        let found = failure.sources.file(span.file).path.file_name().expect("a name").to_string_lossy().into_owned();
        assert_eq!((found.as_str(), failure.sources.line_column(span).0), (file, line), "{deck}");
    }
}

#[test]
fn missing_deck_is_an_error() {
    let failure = load(Path::new("no/such/deck.cir"), &[]).expect_err("no deck");
    assert!(failure.diagnostics[0].message.contains("no such file"), "{}", failure.diagnostics[0].message);
}

/// Text that is too long or wrong a million times is refused in bounded time with bounded output.
#[test]
fn huge_decks_are_refused_quickly() {
    let long = "9".repeat(10 << 20);
    let cases = [
        ("one line of 10 MB", format!("t\nV1 a 0 {long}\n.end\n")),
        ("one word of 7 MB", format!("t\nV1 a 0 x{}\n.end\n", &long[..7 << 20])),
        ("open parentheses", format!("t\nV1 a 0 PWL{}\n.end\n", "(".repeat(7 << 20))),
        ("parentheses in an expression", format!("t\nV1 a 0 {{{}}}\n.end\n", "(".repeat(7 << 20))),
        ("minus signs", format!("t\nV1 a 0 {{{}}}\n.end\n", "-".repeat(7 << 20))),
        ("braces", format!("t\nV1 a 0 {}\n.end\n", "{".repeat(7 << 20))),
        ("10 MB of continuations", format!("t\nV1 a 0 PWL(\n{}\n.end\n", "+ 0 0\n".repeat(10 << 18))),
        ("a million wrong lines", format!("t\n{}\n.end\n", "q1 a b c\n".repeat(1_000_000))),
        ("a million unknown models", format!("t\n{}\n.end\n", "d a b nomodel\n".repeat(1_000_000))),
        ("a title of 10 MB", long),
        ("a chain of parameters", {
            let chain: String = (0..50_000).map(|i| format!(".param p{i}={{p{}}}\n", i + 1)).collect();
            format!("t\nV1 a 0 {{p0}}\n{chain}.end\n")
        }),
    ];
    for (name, text) in &cases {
        let start = Instant::now();
        let failure = parse_str("huge.cir", text, &[]).err().unwrap_or_else(|| panic!("{name} was accepted"));
        check(name, &failure);
        let shown: usize = failure.diagnostics.iter().map(|d| render(d, &failure.sources, true).len()).sum();
        assert!(shown < 200_000, "{name}: {shown} bytes of messages");
        assert!(start.elapsed() < Duration::from_secs(4), "{name} took {:?}", start.elapsed());
    }
}
