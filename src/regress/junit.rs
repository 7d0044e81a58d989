//! JUnit XML, which build servers read.

use std::fmt::Write as _;
use std::path::Path;

use super::report::{DeckReport, Summary, Verdict};

/// Writes the summary as one test suite.
///
/// # Errors
/// The file cannot be written.
pub fn write_junit(path: &Path, summary: &Summary) -> std::io::Result<()> {
    std::fs::write(path, text(summary))
}

fn text(summary: &Summary) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let counts = format!(
        "tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{:.3}\"",
        summary.decks.len(),
        summary.failed,
        summary.malformed,
        summary.skipped,
        summary.seconds
    );
    _ = writeln!(out, "<testsuites {counts}>\n<testsuite name=\"ionspice\" {counts}>");
    for deck in &summary.decks {
        case(&mut out, deck);
    }
    out.push_str("</testsuite>\n</testsuites>\n");
    out
}

fn case(out: &mut String, deck: &DeckReport) {
    let path = Path::new(&deck.deck);
    let folder = path.parent().map_or(String::new(), |p| p.to_string_lossy().into_owned());
    let name = path.file_name().map_or_else(|| deck.deck.clone(), |n| n.to_string_lossy().into_owned());
    let attributes =
        format!("classname=\"{}\" name=\"{}\" time=\"{:.3}\"", escaped(&folder), escaped(&name), deck.seconds);
    let failures: Vec<String> = deck.failures().map(|f| format!("{}: {}", f.subject, f.message)).collect();
    let first = escaped(failures.first().map_or("", |f| f.lines().next().unwrap_or("")));
    let all = escaped(&failures.join("\n"));
    _ = match deck.verdict {
        Verdict::Passed => writeln!(out, "<testcase {attributes}/>"),
        Verdict::Skipped => {
            let why = escaped(&deck.notes.join("; "));
            writeln!(out, "<testcase {attributes}><skipped message=\"{why}\"/></testcase>")
        }
        Verdict::Failed => {
            writeln!(out, "<testcase {attributes}><failure message=\"{first}\">{all}</failure></testcase>")
        }
        Verdict::Malformed => {
            writeln!(out, "<testcase {attributes}><error message=\"{first}\">{all}</error></testcase>")
        }
    };
}

/// Text as XML may hold it: markup escaped, other control characters replaced.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || ('\u{fffe}'..='\u{ffff}').contains(&c) => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_and_control_characters_do_no_harm() {
        assert_eq!(escaped("a<b & \"c\"\u{1}\n"), "a&lt;b &amp; &quot;c&quot;\u{fffd}\n");
        let summary = Summary::new(vec![DeckReport::failed("x/<y>.cir", "v(\"a\")", "1 < 2")], 0.5);
        let xml = text(&summary);
        assert!(xml.contains("classname=\"x\" name=\"&lt;y&gt;.cir\""), "{xml}");
        assert!(xml.contains("failures=\"1\"") && xml.contains("v(&quot;a&quot;): 1 &lt; 2"), "{xml}");
    }
}
