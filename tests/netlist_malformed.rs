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
fn refused(name: &str, text: &str) {
    let start = Instant::now();
    let failure = parse_str("huge.cir", text, &[]).err().unwrap_or_else(|| panic!("{name} was accepted"));
    check(name, &failure);
    let shown: usize = failure.diagnostics.iter().map(|d| render(d, &failure.sources, true).len()).sum();
    assert!(shown < 200_000, "{name}: {shown} bytes of messages");
    assert!(start.elapsed() < Duration::from_secs(4), "{name} took {:?}", start.elapsed());
}

macro_rules! huge {
    ($($name:ident: $text:expr;)*) => {
        $(
            #[test]
            fn $name() {
                refused(stringify!($name), &$text);
            }
        )*
    };
}

huge! {
    one_line_of_10_mb: format!("t\nV1 a 0 {}\n.end\n", "9".repeat(10 << 20));
    one_word_of_3_mb: format!("t\nV1 a 0 x{}\n.end\n", "y".repeat(3 << 20));
    open_parentheses: format!("t\nV1 a 0 PWL{}\n.end\n", "(".repeat(3 << 20));
    parentheses_in_an_expression: format!("t\nV1 a 0 {{{}}}\n.end\n", "(".repeat(3 << 20));
    minus_signs: format!("t\nV1 a 0 {{{}}}\n.end\n", "-".repeat(3 << 20));
    a_sum_of_a_million_terms: format!("t\nV1 a 0 {{1{}+}}\n.end\n", "+1".repeat(1 << 20));
    open_braces: format!("t\nV1 a 0 {}\n.end\n", "{".repeat(3 << 20));
    descending_points: format!("t\nV1 a 0 PWL({})\n.end\n", "0 ".repeat(2_000_000));
    continuations_of_10_mb: format!("t\nV1 a 0 PWL(\n{}\n.end\n", "+ 0 0\n".repeat(10 << 18));
    a_million_wrong_lines: format!("t\n{}\n.end\n", "q1 a b c\n".repeat(1_000_000));
    duplicates: format!("t\n{}\n.end\n", "r1 a b 1k\n".repeat(100_000));
    unknown_models: format!("t\n{}\n.end\n", (0..100_000).map(|i| format!("d{i} a b nomodel\n")).collect::<String>());
    unknown_nodes: {
        let elements: String = (0..100_000).map(|i| format!("r{i} node{i} 0 1k\n")).collect();
        format!("t\n{elements}{}.end\n", ".print tran v(nose1) v(nude77)\n".repeat(1000))
    };
    a_title_of_10_mb: "9".repeat(10 << 20);
    a_chain_of_parameters: {
        let chain: String = (0..50_000).map(|i| format!(".param p{i}={{p{}}}\n", i + 1)).collect();
        format!("t\nV1 a 0 {{p0}}\n{chain}.end\n")
    };
    a_chain_of_subcircuits: {
        let chain: String = (0..50_000).map(|i| format!(".subckt s{i} a\nx1 a s{}\n.ends\n", i + 1)).collect();
        format!("t\nX1 a s0\n{chain}.end\n")
    };
    nested_definitions: format!("t\nX1 a s\n{}.end\n", ".subckt s a\n".repeat(50_000));
}
