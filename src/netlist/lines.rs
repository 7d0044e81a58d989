//! Physical lines to logical lines: comments are taken away, continuations joined, and every byte keeps its place in the file.

use std::borrow::Cow;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Span};
use crate::dialect::Dialect;

/// Longest logical line, bytes.
pub(crate) const LONGEST_LINE: usize = 4 << 20;

/// Where the bytes of a logical line are in their file.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    /// File index.
    pub file: u32,
    /// File offset of the line's first byte.
    base: u32,
    /// For joined lines: offsets in the line and in the file where each piece begins.
    pieces: Option<Arc<[(u32, u32)]>>,
}

impl Origin {
    /// Of text that stands at a span.
    pub fn of(span: Span) -> Self {
        Self { file: span.file, base: span.start, pieces: None }
    }

    /// The span of bytes `start..end` of the logical line; it ends with the piece in which it begins.
    pub fn span(&self, start: usize, end: usize) -> Span {
        let (start, end) = (start as u32, end.max(start) as u32);
        let (at, len) = match &self.pieces {
            None => (self.base + start, end - start),
            Some(pieces) => {
                let next = pieces.partition_point(|&(text, _)| text <= start).max(1);
                let (text, file) = pieces[next - 1];
                let limit = pieces.get(next).map_or(end, |&(text, _)| end.min(text.saturating_sub(1)).max(start));
                (file + (start - text), limit - start)
            }
        };
        Span { file: self.file, start: at, len }
    }
}

/// One logical line.
#[derive(Clone, Debug)]
pub(crate) struct Line<'t> {
    /// Text without comments; continued lines are joined by one blank.
    pub text: Cow<'t, str>,
    /// Map back to the file.
    pub origin: Origin,
    /// Whose reading of the text is meant.
    pub dialect: Dialect,
}

impl Line<'_> {
    /// Span of the whole line (its first piece when it is continued).
    pub fn span(&self) -> Span {
        self.origin.span(0, self.text.len())
    }
}

/// Splits a file into logical lines.
pub(crate) struct Lines<'t> {
    text: &'t str,
    file: u32,
    at: usize,
    dialect: Dialect,
    /// Inside `.control`: a `$` begins a variable, not a comment.
    commands: bool,
}

impl<'t> Lines<'t> {
    /// Lines of `text`, which is file `file` of the source map.
    pub fn new(file: u32, text: &'t str, dialect: Dialect) -> Self {
        let at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        Self { text, file, at, dialect, commands: false }
    }

    /// Says whether the next lines are commands of a `.control` block.
    pub fn commands(&mut self, commands: bool) {
        self.commands = commands;
    }

    /// Takes the first physical line as it is: the deck's title.
    pub fn title(&mut self) -> (&'t str, Span) {
        let (start, end) = self.physical();
        let title = self.text[start..end].trim();
        (title, Span { file: self.file, start: start as u32, len: title.len() as u32 })
    }

    /// Next physical line without its line end.
    fn physical(&mut self) -> (usize, usize) {
        let start = self.at;
        let end = self.text[start..].find('\n').map_or(self.text.len(), |n| start + n);
        self.at = (end + 1).min(self.text.len());
        (start, end)
    }

    /// Next physical line with content, as a byte range without comment and surrounding blanks.
    fn content(&mut self) -> Option<Piece> {
        while self.at < self.text.len() {
            let (start, end) = self.physical();
            let line = strip_comment(&self.text[start..end], self.dialect, self.commands);
            let content = line.trim_start();
            let start = start + (line.len() - content.len());
            let content = content.trim_end();
            // HSPICE and ngspice also continue a line that ends with a backslash, or two.
            let (content, goes_on) = match content.strip_suffix('\\') {
                Some(rest) if matches!(self.dialect, Dialect::Hspice | Dialect::Ngspice) && !self.commands => {
                    (rest.strip_suffix('\\').unwrap_or(rest).trim_end(), true)
                }
                _ => (content, false),
            };
            if !content.is_empty() {
                return Some(Piece { start, end: start + content.len(), goes_on });
            }
        }
        None
    }

    /// The next line if it continues the present one, without its `+`.
    fn continuation(&mut self, goes_on: bool) -> Option<Piece> {
        let rewind = self.at;
        match self.content() {
            Some(piece) if self.text.as_bytes()[piece.start] == b'+' => Some(Piece { start: piece.start + 1, ..piece }),
            Some(piece) if goes_on => Some(piece),
            _ => {
                self.at = rewind;
                None
            }
        }
    }
}

/// Content of one physical line, as a byte range, and whether the line itself says that it goes on.
#[derive(Clone, Copy)]
struct Piece {
    start: usize,
    end: usize,
    goes_on: bool,
}

impl<'t> Iterator for Lines<'t> {
    type Item = Result<Line<'t>, Diagnostic>;

    fn next(&mut self) -> Option<Self::Item> {
        let Piece { start, end, goes_on } = self.content()?;
        let dialect = self.dialect;
        let head = Span { file: self.file, start: start as u32, len: (end - start).min(1 << 10) as u32 };
        if self.text.as_bytes()[start] == b'+' {
            let error = Diagnostic::error(head, "a continuation line `+` with nothing before it to continue");
            return Some(Err(error.label("this line continues nothing")));
        }
        let mut origin = Origin { file: self.file, base: start as u32, pieces: None };
        let mut too_long = end - start > LONGEST_LINE;
        let Some(mut more) = self.continuation(goes_on) else {
            return Some(if too_long {
                Err(long_line(head))
            } else {
                Ok(Line { text: Cow::Borrowed(&self.text[start..end]), origin, dialect })
            });
        };
        let mut joined = String::from(if too_long { "" } else { &self.text[start..end] });
        let mut pieces = vec![(0, start as u32)];
        loop {
            let Piece { start: from, end: to, goes_on } = more;
            too_long |= joined.len() + (to - from) > LONGEST_LINE;
            if !too_long {
                joined.push(' ');
                pieces.push((joined.len() as u32, from as u32));
                joined.push_str(&self.text[from..to]);
            }
            match self.continuation(goes_on) {
                Some(next) => more = next,
                None => break,
            }
        }
        if too_long {
            return Some(Err(long_line(head)));
        }
        origin.pieces = Some(pieces.into());
        Some(Ok(Line { text: Cow::Owned(joined), origin, dialect }))
    }
}

fn long_line(span: Span) -> Diagnostic {
    Diagnostic::error(span, format!("a statement of more than {} MB", LONGEST_LINE >> 20))
        .label("this line begins it")
        .hint("keep long point lists in a file: PWL file=\"points.txt\"")
}

/// Cuts a physical line at its comment: `*` first, or outside double quotes `;`, and in ngspice and HSPICE `//` and a `$`
/// that stands after a blank or comma or before a blank (among commands only before a blank).
fn strip_comment(line: &str, dialect: Dialect, commands: bool) -> &str {
    let trimmed = line.trim_start();
    if trimmed.starts_with('*') || (trimmed.starts_with('#') && !commands) {
        return "";
    }
    let more = matches!(dialect, Dialect::Ngspice | Dialect::Hspice);
    let bytes = line.as_bytes();
    let mut quoted = false;
    for (at, &byte) in bytes.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|i| bytes.get(i));
        let after = bytes.get(at + 1);
        let blank = |byte: Option<&u8>| byte.is_none_or(u8::is_ascii_whitespace);
        let comment = match byte {
            b'"' => {
                quoted = !quoted;
                false
            }
            b';' => true,
            b'/' => more && after == Some(&b'/'),
            b'$' if commands => blank(after),
            b'$' => more && (blank(before) || before == Some(&b',') || blank(after)),
            _ => false,
        };
        if comment && !quoted {
            return &line[..at];
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        in_dialect(text, Dialect::Ngspice)
    }

    fn in_dialect(text: &str, dialect: Dialect) -> Vec<String> {
        Lines::new(0, text, dialect)
            .map(|line| line.map_or_else(|e| format!("error: {}", e.message), |l| l.text.into_owned()))
            .collect()
    }

    #[test]
    fn comments_and_continuations() {
        let deck = "\u{feff}r1 a b 1k ; one\r\n* comment\r\n\r\n\tr2 a b\r\n * between\r\n+ 2k $ two\n+// nothing\nv$1 0 a 1 //x\n$ all\nx \"a;b\"\n";
        assert_eq!(texts(deck), ["r1 a b 1k", "r2 a b  2k ", "v$1 0 a 1", "x \"a;b\""]);
        assert!(texts("+ x")[0].starts_with("error: a continuation"));
    }

    #[test]
    fn dialects_have_their_own_comments() {
        let line = "r1 a$b $c 1k // x\n";
        for (dialect, text) in [
            (Dialect::Ngspice, "r1 a$b"),
            (Dialect::Hspice, "r1 a$b"),
            (Dialect::Ltspice, "r1 a$b $c 1k // x"),
            (Dialect::Xyce, "r1 a$b $c 1k // x"),
        ] {
            assert_eq!(in_dialect(line, dialect), [text], "{dialect}");
        }
        assert_eq!(in_dialect("r1 a \\\\\n b 1k \\\n+ tc=1\n", Dialect::Hspice), ["r1 a b 1k  tc=1"]);
        let mut lines = Lines::new(0, "echo $x \n* c\nlet a=1 ; b\n", Dialect::Ngspice);
        lines.commands(true);
        let texts: Vec<String> = lines.flatten().map(|line| line.text.into_owned()).collect();
        assert_eq!(texts, ["echo $x", "let a=1"]);
    }

    #[test]
    fn spans_of_joined_lines_point_into_the_file() {
        let deck = "r1 a b\n* c\n+  {x+y}\n";
        let line = Lines::new(3, deck, Dialect::Ngspice).next().unwrap().unwrap();
        let at = line.text.find('x').unwrap();
        let span = line.origin.span(at, at + 3);
        assert_eq!((span.file, &deck[span.start as usize..][..span.len as usize]), (3, "x+y"));
        let across = line.origin.span(5, line.text.len());
        assert_eq!(&deck[across.start as usize..][..across.len as usize], "b");
    }

    #[test]
    fn long_lines_are_refused() {
        let deck = format!("r1 a b {}\nr2 a b 1\n", "9".repeat(LONGEST_LINE));
        let lines = texts(&deck);
        assert!(lines[0].starts_with("error: a statement of more than 4 MB"));
        assert_eq!(lines[1], "r2 a b 1");
    }
}
