//! Physical lines to logical lines: comments are taken away, continuations joined, and every byte keeps its place in the file.

use std::borrow::Cow;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Span};

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
}

impl<'t> Lines<'t> {
    /// Lines of `text`, which is file `file` of the source map.
    pub fn new(file: u32, text: &'t str) -> Self {
        let at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        Self { text, file, at }
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
    fn content(&mut self) -> Option<(usize, usize)> {
        while self.at < self.text.len() {
            let (start, end) = self.physical();
            let line = strip_comment(&self.text[start..end]);
            let content = line.trim_start();
            let start = start + (line.len() - content.len());
            let content = content.trim_end();
            if !content.is_empty() {
                return Some((start, start + content.len()));
            }
        }
        None
    }

    /// Byte range of the next line if it continues the present one (after the `+`).
    fn continuation(&mut self) -> Option<(usize, usize)> {
        let rewind = self.at;
        match self.content() {
            Some((start, end)) if self.text.as_bytes()[start] == b'+' => Some((start + 1, end)),
            _ => {
                self.at = rewind;
                None
            }
        }
    }
}

impl<'t> Iterator for Lines<'t> {
    type Item = Result<Line<'t>, Diagnostic>;

    fn next(&mut self) -> Option<Self::Item> {
        let (start, end) = self.content()?;
        let head = Span { file: self.file, start: start as u32, len: (end - start).min(1 << 10) as u32 };
        if self.text.as_bytes()[start] == b'+' {
            let error = Diagnostic::error(head, "a continuation line `+` with nothing before it to continue");
            return Some(Err(error.label("this line continues nothing")));
        }
        let mut origin = Origin { file: self.file, base: start as u32, pieces: None };
        let mut too_long = end - start > LONGEST_LINE;
        let Some(mut more) = self.continuation() else {
            return Some(if too_long {
                Err(long_line(head))
            } else {
                Ok(Line { text: Cow::Borrowed(&self.text[start..end]), origin })
            });
        };
        let mut joined = String::from(if too_long { "" } else { &self.text[start..end] });
        let mut pieces = vec![(0, start as u32)];
        loop {
            let (from, to) = more;
            too_long |= joined.len() + (to - from) > LONGEST_LINE;
            if !too_long {
                joined.push(' ');
                pieces.push((joined.len() as u32, from as u32));
                joined.push_str(&self.text[from..to]);
            }
            match self.continuation() {
                Some(next) => more = next,
                None => break,
            }
        }
        if too_long {
            return Some(Err(long_line(head)));
        }
        origin.pieces = Some(pieces.into());
        Some(Ok(Line { text: Cow::Owned(joined), origin }))
    }
}

fn long_line(span: Span) -> Diagnostic {
    Diagnostic::error(span, format!("a statement of more than {} MB", LONGEST_LINE >> 20))
        .label("this line begins it")
        .hint("keep long point lists in a file: PWL file=\"points.txt\"")
}

/// Cuts a physical line at its comment: `*` first, or `;`, `//`, `$ ` and ` $` outside double quotes.
fn strip_comment(line: &str) -> &str {
    if line.trim_start().starts_with('*') {
        return "";
    }
    let bytes = line.as_bytes();
    let mut quoted = false;
    for (at, &byte) in bytes.iter().enumerate() {
        let blank = |i: Option<usize>| i.and_then(|i| bytes.get(i)).is_none_or(|b| b.is_ascii_whitespace());
        let comment = match byte {
            b'"' => {
                quoted = !quoted;
                false
            }
            b';' => true,
            b'/' => bytes.get(at + 1) == Some(&b'/'),
            b'$' => blank(at.checked_sub(1)) || blank(Some(at + 1)),
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
        Lines::new(0, text)
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
    fn spans_of_joined_lines_point_into_the_file() {
        let deck = "r1 a b\n* c\n+  {x+y}\n";
        let line = Lines::new(3, deck).next().unwrap().unwrap();
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
