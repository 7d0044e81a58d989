//! Lines of a script to a tree of control flow.

use crate::diagnostic::{Diagnostic, Span};

/// One line and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Without comment and surrounding blanks.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// A script, ready to run.
#[derive(Clone, Debug, Default)]
pub struct Script {
    pub(super) statements: Vec<Statement>,
    quantities: Vec<String>,
    analyses: bool,
}

/// Statements.
#[derive(Clone, Debug)]
pub(super) enum Statement {
    Command(Line),
    If {
        condition: Line,
        yes: Vec<Statement>,
        no: Vec<Statement>,
    },
    /// `first`: the body runs before the first test (`dowhile`).
    While {
        condition: Line,
        body: Vec<Statement>,
        first: bool,
    },
    /// Without a count for ever.
    Repeat {
        count: Option<String>,
        body: Vec<Statement>,
        line: Line,
    },
    Foreach {
        variable: String,
        words: String,
        body: Vec<Statement>,
        line: Line,
    },
    Label(String, Line),
    Goto(String, Line),
    Break(u32),
    Continue(u32),
}

/// What to do after a statement.
#[derive(Clone, Debug)]
pub(super) enum Flow {
    Next,
    Break(u32),
    Continue(u32),
    Goto(String, Line),
    Quit(u8),
}

impl Statement {
    pub fn is_label(&self, name: &str) -> bool {
        matches!(self, Statement::Label(label, _) if label == name)
    }

    pub fn line(&self) -> Option<&Line> {
        match self {
            Statement::Command(line) | Statement::Label(_, line) | Statement::Goto(_, line) => Some(line),
            Statement::If { condition, .. } | Statement::While { condition, .. } => Some(condition),
            Statement::Repeat { line, .. } | Statement::Foreach { line, .. } => Some(line),
            Statement::Break(_) | Statement::Continue(_) => None,
        }
    }
}

/// Deepest nesting of blocks.
const MOST_NESTING: usize = 100;

/// Keyword and rest of a line.
fn parts(text: &str) -> (String, &str) {
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    (text[..end].to_ascii_lowercase(), text[end..].trim())
}

/// Takes the comment from a line: `*` or `#` first, and `$` or `;` between blanks or at the end.
pub(crate) fn without_comment(line: &str) -> &str {
    let line = line.trim();
    if line.starts_with(['*', '#']) {
        return "";
    }
    let bytes = line.as_bytes();
    let mut quoted = false;
    for (at, &byte) in bytes.iter().enumerate() {
        let blank_after = bytes.get(at + 1).is_none_or(u8::is_ascii_whitespace);
        match byte {
            b'"' => quoted = !quoted,
            b'$' if !quoted && blank_after => return line[..at].trim_end(),
            b';' if !quoted => return line[..at].trim_end(),
            _ => {}
        }
    }
    line
}

impl Script {
    /// Builds the tree of lines.
    ///
    /// # Errors
    /// Blocks that are not ended, and ends that end nothing.
    pub fn parse(lines: &[Line]) -> Result<Self, Diagnostic> {
        let mut reader = Reader { lines, at: 0, depth: 0 };
        let (statements, _) = reader.block(None)?;
        let mut quantities: Vec<String> = lines.iter().flat_map(|line| device_quantities(&line.text)).collect();
        quantities.sort();
        quantities.dedup();
        let analyses = ["run", "op", "dc", "tran", "ac", "noise", "tf", "sens", "pz", "load", "source"];
        let analyses = lines.iter().any(|line| analyses.contains(&parts(&line.text).0.as_str()));
        Ok(Self { statements, quantities, analyses })
    }

    /// A script in a file of its own.
    ///
    /// # Errors
    /// As [`Script::parse`].
    pub fn from_text(text: &str) -> Result<Self, Diagnostic> {
        let mut lines: Vec<Line> = Vec::new();
        for raw in text.lines() {
            let line = without_comment(raw);
            if let (Some(more), Some(last)) = (line.strip_prefix('+'), lines.last_mut()) {
                last.text = format!("{} {}", last.text, more.trim());
            } else if !line.is_empty() && !matches!(line, ".control" | ".endc") {
                let span = Span { file: u32::MAX, start: 0, len: line.len() as u32 };
                lines.push(Line { text: line.to_string(), span });
            }
        }
        Self::parse(&lines)
    }

    /// True when the script runs analyses itself.
    pub fn analyses(&self) -> bool {
        self.analyses
    }

    /// True when there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    /// `@device[quantity]` and `i(device)` in the text.
    pub(super) fn device_quantities(&self) -> Vec<String> {
        self.quantities.clone()
    }
}

/// `@device[quantity]` in a line.
fn device_quantities(text: &str) -> Vec<String> {
    let keyword = parts(text).0;
    if matches!(keyword.as_str(), "alter" | "altermod") {
        return Vec::new();
    }
    let mut all = Vec::new();
    for (at, _) in text.match_indices('@') {
        let rest = &text[at..];
        let Some(end) = rest.find(']') else { continue };
        let name = &rest[..=end];
        if name.contains('[') && !name.contains(['$', '{', '(', ')', ' ', ',']) {
            all.push(name.to_ascii_lowercase());
        }
    }
    all
}

struct Reader<'l> {
    lines: &'l [Line],
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    /// Statements up to what ends the block opened by `opener`; the second value is the line that ended it.
    fn block(&mut self, opener: Option<&Line>) -> Result<(Vec<Statement>, Option<Line>), Diagnostic> {
        let mut all = Vec::new();
        self.depth += 1;
        while let Some(line) = self.lines.get(self.at).cloned() {
            self.at += 1;
            let (keyword, rest) = parts(&line.text);
            if self.depth > MOST_NESTING {
                return Err(Diagnostic::error(line.span, "blocks are nested too deeply"));
            }
            match keyword.as_str() {
                "end" | "endif" | "endwhile" | "else" | "elseif" if opener.is_some() => {
                    self.depth -= 1;
                    return Ok((all, Some(line)));
                }
                "end" | "endif" | "endwhile" | "else" | "elseif" => {
                    let message = format!("`{keyword}` ends nothing");
                    let hint = "`if`, `while`, `dowhile`, `repeat` and `foreach` open a block";
                    return Err(Diagnostic::error(line.span, message).hint(hint));
                }
                "if" => all.push(self.conditional(&line, rest)?),
                "while" | "dowhile" => {
                    let condition = self.condition(&line, rest)?;
                    let body = self.body(&line)?;
                    all.push(Statement::While { condition, body, first: keyword == "dowhile" });
                }
                "repeat" => {
                    let count = (!rest.is_empty()).then(|| rest.to_string());
                    let body = self.body(&line)?;
                    all.push(Statement::Repeat { count, body, line });
                }
                "foreach" => {
                    let (variable, words) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
                    if variable.is_empty() {
                        return Err(Diagnostic::error(line.span, "`foreach` needs a variable and values"));
                    }
                    let (variable, words) = (variable.to_string(), words.trim().to_string());
                    let body = self.body(&line)?;
                    all.push(Statement::Foreach { variable, words, body, line });
                }
                "label" => all.push(Statement::Label(rest.to_string(), line.clone())),
                "goto" => all.push(Statement::Goto(rest.to_string(), line.clone())),
                "break" => all.push(Statement::Break(rest.parse().unwrap_or(1).max(1))),
                "continue" => all.push(Statement::Continue(rest.parse().unwrap_or(1).max(1))),
                _ => all.push(Statement::Command(line)),
            }
        }
        match opener {
            None => Ok((all, None)),
            Some(opener) => {
                let word = parts(&opener.text).0;
                let error = Diagnostic::error(opener.span, format!("this `{word}` is not ended"));
                Err(error.label("opened here").hint("add `end`"))
            }
        }
    }

    fn body(&mut self, opener: &Line) -> Result<Vec<Statement>, Diagnostic> {
        let (body, end) = self.block(Some(opener))?;
        match end {
            Some(end) if parts(&end.text).0.starts_with("else") => {
                Err(Diagnostic::error(end.span, "`else` outside of `if`"))
            }
            _ => Ok(body),
        }
    }

    fn condition(&self, line: &Line, rest: &str) -> Result<Line, Diagnostic> {
        if rest.is_empty() {
            return Err(Diagnostic::error(line.span, "a condition is missing").hint("as in `while k < 10`"));
        }
        let at = (line.text.len() - rest.len()) as u32;
        let span = Span { start: line.span.start + at, len: line.span.len.saturating_sub(at).max(1), ..line.span };
        Ok(Line { text: rest.to_string(), span })
    }

    fn conditional(&mut self, line: &Line, rest: &str) -> Result<Statement, Diagnostic> {
        let condition = self.condition(line, rest)?;
        let (yes, end) = self.block(Some(line))?;
        let mut no = Vec::new();
        if let Some(end) = end {
            let (keyword, rest) = parts(&end.text);
            let (next, next_rest) = parts(rest);
            if keyword == "elseif" {
                no.push(self.conditional(&end, rest)?);
            } else if keyword == "else" && next == "if" {
                no.push(self.conditional(&end, next_rest)?);
            } else if keyword == "else" {
                no = self.body(line)?;
            }
        }
        Ok(Statement::If { condition, yes, no })
    }
}

impl Script {
    /// The script of a deck: its `.control` blocks in order.
    ///
    /// # Errors
    /// As [`Script::parse`].
    pub fn of(parsed: &crate::netlist::Parsed) -> Result<Self, Diagnostic> {
        let line = |(text, span): (&str, Span)| Line { text: without_comment(text).to_string(), span };
        let lines: Vec<Line> = parsed.commands().map(line).filter(|line| !line.text.is_empty()).collect();
        Self::parse(&lines)
    }
}
