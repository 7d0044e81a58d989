//! Tokens of a logical line (nom) and the cursor the statement parsers walk on.

use std::fmt::Display;

use nom::branch::alt;
use nom::bytes::complete::{take, take_while, take_while1};
use nom::combinator::{recognize, verify};
use nom::error::{ErrorKind, ParseError};
use nom::multi::many0_count;
use nom::{IResult, Parser};

use super::lines::Line;
use crate::diagnostic::{Diagnostic, Span};

/// Longest word, bytes.
const LONGEST_WORD: usize = 16_384;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Name, number, path: anything without blanks and punctuation.
    Word,
    /// `(`
    Open,
    /// `)`
    Close,
    /// `,`
    Comma,
    /// `=`
    Equals,
    /// `{expression}` or `'expression'`
    Formula,
    /// `"text"`
    Text,
}

/// One token. For [`Kind::Formula`] and [`Kind::Text`], `text` is what stands between the delimiters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'t> {
    pub kind: Kind,
    pub text: &'t str,
    /// First byte in the logical line, delimiters included.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Token<'_> {
    /// Offset of `text` in the logical line.
    pub fn text_start(&self) -> usize {
        self.start + usize::from(matches!(self.kind, Kind::Formula | Kind::Text))
    }

    /// Is it this word, in any case?
    pub fn is(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }
}

/// A delimiter that is not closed, or a character that begins no token.
#[derive(Debug)]
struct LexError<'t> {
    at: &'t str,
}

impl<'t> ParseError<&'t str> for LexError<'t> {
    fn from_error_kind(at: &'t str, _: ErrorKind) -> Self {
        Self { at }
    }

    fn append(_: &'t str, _: ErrorKind, other: Self) -> Self {
        other
    }
}

type Lexed<'t, T> = IResult<&'t str, T, LexError<'t>>;

fn token(input: &str) -> Lexed<'_, (Kind, &str)> {
    alt((word.map(|t| (Kind::Word, t)), punctuation, delimited)).parse(input)
}

fn punctuation(input: &str) -> Lexed<'_, (Kind, &str)> {
    let (rest, text) = take(1usize)(input)?;
    let kind = match text {
        "(" => Kind::Open,
        ")" => Kind::Close,
        "," => Kind::Comma,
        "=" => Kind::Equals,
        _ => return Err(nom::Err::Error(LexError { at: input })),
    };
    Ok((rest, (kind, text)))
}

/// Letters of a word, with the comparisons `==`, `<=`, `>=`, `!=` kept whole.
fn word(input: &str) -> Lexed<'_, &str> {
    recognize(verify(many0_count(alt((take_while1(is_word), comparison))), |&n| n > 0)).parse(input)
}

fn is_word(c: char) -> bool {
    !c.is_whitespace()
        && !c.is_control()
        && !matches!(c, '(' | ')' | ',' | '=' | '{' | '}' | '\'' | '"' | '<' | '>' | '!')
}

fn comparison(input: &str) -> Lexed<'_, &str> {
    let bytes = input.as_bytes();
    let len: usize = match (bytes.first(), bytes.get(1)) {
        (Some(b'<' | b'>' | b'!' | b'='), Some(b'=')) => 2,
        (Some(b'<' | b'>' | b'!'), _) => 1,
        _ => return Err(nom::Err::Error(LexError { at: input })),
    };
    take(len)(input)
}

/// `{..}` (nested), `'..'` or `".."`.
fn delimited(input: &str) -> Lexed<'_, (Kind, &str)> {
    let close = match input.as_bytes().first() {
        Some(b'{') => braced_length(input),
        Some(&quote @ (b'\'' | b'"')) => input.bytes().skip(1).position(|b| b == quote),
        _ => None,
    };
    let Some(length) = close else { return Err(nom::Err::Failure(LexError { at: input })) };
    let kind = if input.starts_with('"') { Kind::Text } else { Kind::Formula };
    Ok((&input[length + 2..], (kind, &input[1..=length])))
}

/// Bytes between the first brace and the one that closes it.
fn braced_length(input: &str) -> Option<usize> {
    let mut depth = 0usize;
    for (at, byte) in input.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at - 1);
        }
    }
    None
}

/// Which punctuation counts as a blank on a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blanks {
    /// None.
    Strict,
    /// Parentheses: model cards, subcircuit ports.
    Parentheses,
    /// Parentheses and commas: sources.
    All,
}

/// Walks over the tokens of one line, one token ahead.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'l> {
    /// The line.
    pub line: &'l Line<'l>,
    blanks: Blanks,
    ahead: Option<Token<'l>>,
    last_end: usize,
}

impl<'l> Cursor<'l> {
    /// Stands before the first token.
    pub fn new(line: &'l Line<'l>, blanks: Blanks) -> Result<Self, Diagnostic> {
        let mut cursor = Self { line, blanks, ahead: None, last_end: 0 };
        cursor.advance(0)?;
        Ok(cursor)
    }

    /// The next token.
    pub fn peek(&self) -> Option<Token<'l>> {
        self.ahead
    }

    /// Takes the next token.
    pub fn take(&mut self) -> Result<Option<Token<'l>>, Diagnostic> {
        let token = self.ahead;
        if let Some(token) = token {
            self.last_end = token.end;
            self.advance(token.end)?;
        }
        Ok(token)
    }

    /// Takes the next token if it is of this kind.
    pub fn take_if(&mut self, kind: Kind) -> Result<Option<Token<'l>>, Diagnostic> {
        if self.ahead.is_some_and(|t| t.kind == kind) { self.take() } else { Ok(None) }
    }

    /// Takes the next token, which must be a word.
    pub fn word(&mut self, what: impl Display) -> Result<Token<'l>, Diagnostic> {
        match self.ahead {
            Some(token) if token.kind == Kind::Word => self.take().map(|_| token),
            _ => Err(self.expected(what)),
        }
    }

    /// True when the next token is a word followed by `=`.
    pub fn at_assignment(&self) -> bool {
        self.ahead.is_some_and(|t| t.kind == Kind::Word && self.equals_follows(t.end))
    }

    /// True when a single `=` comes next after byte `end`.
    pub fn equals_follows(&self, end: usize) -> bool {
        let rest = self.line.text[end..].trim_start();
        rest.starts_with('=') && !rest.starts_with("==")
    }

    /// The raw text from the last token taken to the end of the line, and where it begins; the cursor is then at the end.
    pub fn rest(&mut self) -> Option<(&'l str, usize)> {
        let rest = self.line.text[self.last_end..].trim_start();
        self.ahead = None;
        self.last_end = self.line.text.len();
        (!rest.is_empty()).then(|| (rest, self.line.text.len() - rest.len()))
    }

    /// Moves to byte `at`.
    pub fn jump(&mut self, at: usize) -> Result<(), Diagnostic> {
        self.last_end = at;
        self.advance(at)
    }

    /// True when parentheses and commas count as blanks on this line.
    pub fn is_loose(&self) -> bool {
        self.blanks == Blanks::All
    }

    /// Span of a token.
    pub fn span(&self, token: &Token) -> Span {
        self.line.origin.span(token.start, token.end)
    }

    /// End of the token taken last.
    pub fn last_end(&self) -> usize {
        self.last_end
    }

    /// "expected `what`" at the next token or at the end of the line.
    pub fn expected(&self, what: impl Display) -> Diagnostic {
        let (span, found) = match &self.ahead {
            Some(token) => (self.span(token), format!("expected {what}, found `{}`", shorten(token.text))),
            None => {
                let end = self.last_end;
                let at = self.line.text[..end].char_indices().next_back().map_or(0, |(i, _)| i);
                (self.line.origin.span(at, end), format!("expected {what}, but the line ends here"))
            }
        };
        Diagnostic::error(span, found).label(format!("{what} expected"))
    }

    /// An error unless the line is used up.
    pub fn finish(&self) -> Result<(), Diagnostic> {
        match &self.ahead {
            None => Ok(()),
            Some(token) => {
                let message = format!("`{}` is one word too many in this statement", shorten(token.text));
                Err(Diagnostic::error(self.span(token), message).label("not expected"))
            }
        }
    }

    fn advance(&mut self, mut at: usize) -> Result<(), Diagnostic> {
        loop {
            let rest = &self.line.text[at..];
            let (input, skipped) = take_while::<_, _, LexError>(char::is_whitespace)(rest).unwrap_or((rest, ""));
            let start = at + skipped.len();
            if input.is_empty() {
                self.ahead = None;
                return Ok(());
            }
            let (rest, (kind, text)) = token(input).map_err(|error| self.lex_error(start, error))?;
            let end = start + input.len() - rest.len();
            let blank = match kind {
                Kind::Open | Kind::Close => self.blanks != Blanks::Strict,
                Kind::Comma => self.blanks == Blanks::All,
                _ => false,
            };
            if kind == Kind::Word && text.len() > LONGEST_WORD {
                let span = self.line.origin.span(start, start + 80);
                return Err(Diagnostic::error(span, format!("a word of {} bytes", text.len())).label("begins here"));
            }
            if !blank {
                self.ahead = Some(Token { kind, text, start, end });
                return Ok(());
            }
            at = end;
        }
    }

    fn lex_error(&self, start: usize, error: nom::Err<LexError>) -> Diagnostic {
        let first = match &error {
            nom::Err::Error(e) | nom::Err::Failure(e) => e.at.chars().next(),
            nom::Err::Incomplete(_) => None,
        };
        let span = |len| self.line.origin.span(start, start + len);
        match first {
            Some(open @ ('{' | '\'' | '"')) => {
                let close = if open == '{' { '}' } else { open };
                Diagnostic::error(span(1), format!("`{open}` is not closed"))
                    .label("opened here")
                    .hint(format!("add the missing `{close}` on this statement"))
            }
            Some(other) if other.is_control() => {
                Diagnostic::error(span(1), format!("unexpected byte {:#04x}", other as u32))
                    .hint("is this a text file?")
            }
            Some(other) => Diagnostic::error(span(other.len_utf8()), format!("unexpected `{other}`")),
            None => Diagnostic::error(span(0), "the line ends too early"),
        }
    }
}

/// Every parenthesis outside quotes should be closed.
pub(crate) fn check_parentheses(line: &Line) -> Result<(), Diagnostic> {
    let mut depth = 0usize;
    let mut outermost = 0;
    let mut quote = None;
    for (at, byte) in line.text.bytes().enumerate() {
        match (quote, byte) {
            (Some(q), b) if q == b => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'(') => {
                outermost = if depth == 0 { at } else { outermost };
                depth += 1;
            }
            (None, b')') if depth == 0 => {
                return Err(Diagnostic::error(line.origin.span(at, at + 1), "`)` closes nothing"));
            }
            (None, b')') => depth -= 1,
            _ => {}
        }
    }
    if depth > 0 {
        let error = Diagnostic::error(line.origin.span(outermost, outermost + 1), "`(` is not closed");
        return Err(error.label("opened here").hint("add the missing `)`"));
    }
    Ok(())
}

/// A word cut to a length that fits a message.
pub(crate) fn shorten(text: &str) -> String {
    const LONGEST: usize = 40;
    match text.char_indices().nth(LONGEST) {
        None => text.escape_debug().to_string(),
        Some((end, _)) => format!("{}..", text[..end].escape_debug()),
    }
}
