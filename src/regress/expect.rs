//! Expectations: the lines `*> ...` of a deck and the lines of `deck.expect` beside it.
//!
//! ```text
//! measure NAME = VALUE [tol T]                 a .measure result; also <, <=, >, >=, and `failed` as a value
//! op SIGNAL = VALUE [tol T]                    at the operating point
//! value SIGNAL at X|min|max|mean|last = VALUE [tol T]
//! period SIGNAL = VALUE [tol T]                mean period of the later rising crossings of the middle
//! golden [FILE] [SIGNAL ..] [rms R] [peak P] [cross LEVEL time T] [from X] [to X] [floor F] [union]
//! error "text" [exit N]                        the run must fail with this message
//! warning "text"                               this warning must be given
//! no-warnings                                  and no other
//! smoke                                        it is enough that the run ends well
//! set NAME=VALUE | seed N | dialect NAME       how the deck is run
//! timeout SECONDS | skip "reason" | needs PROGRAM .. | ignore
//! ```
//!
//! A tolerance `T` is `1%` (of the expected value), `2m` (absolute, in the unit of the value), or both, which add up.

use std::path::{Path, PathBuf};

use super::words::{Word, Words, value, wrong};
use crate::devices::nearest;
use crate::diagnostic::{Diagnostic, SourceMap, Span};
use crate::dialect::{Dialect, UnknownDialect};

/// Everything that is expected of one deck.
#[derive(Clone, Debug, Default)]
pub struct Expectations {
    /// What is compared.
    pub checks: Vec<Check>,
    /// Golden waveforms.
    pub goldens: Vec<GoldenLine>,
    /// It is enough that the run ends well.
    pub smoke: bool,
    /// Any warning that is not expected is a failure.
    pub no_warnings: bool,
    /// Not a deck (included by others).
    pub ignore: bool,
    /// Top-level parameters to set.
    pub sets: Vec<(String, String)>,
    /// Seed of the run.
    pub seed: Option<u64>,
    /// Netlist dialect.
    pub dialect: Option<Dialect>,
    /// Time allowed, s.
    pub timeout: Option<f64>,
    /// Why the deck is not run.
    pub skip: Option<String>,
    /// Programs without which the deck is skipped.
    pub needs: Vec<String>,
}

/// One comparison, with the place of its line.
#[derive(Clone, Debug)]
pub struct Check {
    /// What.
    pub kind: CheckKind,
    /// Where it is written.
    pub span: Span,
}

/// What is compared.
#[derive(Clone, Debug)]
pub enum CheckKind {
    /// A `.measure` result; `None`: the measure must fail.
    Measure(String, Option<Bound>),
    /// A value of a signal.
    Value(String, Pick, Bound),
    /// The period of a signal.
    Period(String, Bound),
    /// The run must fail with a message that contains the text.
    Error(String, Option<u8>),
    /// A warning that contains the text must be given.
    Warning(String),
}

/// Which value of a signal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pick {
    /// At the operating point.
    Operating,
    /// Interpolated at a place of the axis.
    At(f64),
    /// Smallest.
    Min,
    /// Largest.
    Max,
    /// Average along the axis.
    Mean,
    /// Last.
    Last,
}

/// How a value must relate to the expected one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Relation {
    /// Equal within the tolerance.
    Equal,
    /// Smaller than.
    Below,
    /// At most.
    AtMost,
    /// Larger than.
    Above,
    /// At least.
    AtLeast,
}

/// An expected value.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    /// How to compare.
    pub relation: Relation,
    /// With what.
    pub expected: f64,
    /// Relative tolerance.
    pub relative: f64,
    /// Absolute tolerance.
    pub absolute: f64,
}

impl Bound {
    /// Largest difference allowed.
    pub fn allowed(&self) -> f64 {
        self.absolute + self.relative * self.expected.abs()
    }

    /// Does a value meet it?
    pub fn holds(&self, got: f64) -> bool {
        match self.relation {
            Relation::Equal => (got - self.expected).abs() <= self.allowed(),
            Relation::Below => got < self.expected,
            Relation::AtMost => got <= self.expected,
            Relation::Above => got > self.expected,
            Relation::AtLeast => got >= self.expected,
        }
    }
}

/// A `golden` line.
#[derive(Clone, Debug)]
pub struct GoldenLine {
    /// The file; `None` stands for `ref/deck.csv`.
    pub file: Option<PathBuf>,
    /// Signals it is about; empty: all.
    pub signals: Vec<String>,
    /// How close.
    pub limits: Limits,
    /// Where it is written.
    pub span: Span,
}

/// How close a waveform must be.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// Largest rms difference over the range.
    pub rms: Option<f64>,
    /// Largest difference over the range.
    pub peak: Option<f64>,
    /// Crossings of a level: level, and the largest difference of their places.
    pub crossings: Vec<(f64, f64)>,
    /// Compared from here.
    pub from: Option<f64>,
    /// Compared up to here.
    pub to: Option<f64>,
    /// Smallest range by which differences are divided.
    pub floor: f64,
    /// Compare at the points of both waveforms, not only at those of the golden one.
    pub union: bool,
}

const KEYWORDS: &[&str] = &[
    "measure",
    "op",
    "value",
    "period",
    "golden",
    "error",
    "warning",
    "no-warnings",
    "smoke",
    "set",
    "seed",
    "dialect",
    "timeout",
    "skip",
    "needs",
    "ignore",
];

impl Expectations {
    /// Reads those inside the deck and those beside it. The sources get the files that were read.
    ///
    /// # Errors
    /// Every malformed line.
    pub fn read(deck: &Path, sources: &mut SourceMap) -> Result<Self, Vec<Diagnostic>> {
        let mut all = Self::default();
        let mut found = Vec::new();
        let beside = deck.with_extension("expect");
        for (path, inside) in [(deck, true), (beside.as_path(), false)] {
            if !inside && !path.is_file() {
                continue;
            }
            match std::fs::read(path) {
                Ok(bytes) => {
                    let text = String::from_utf8_lossy(&bytes).into_owned();
                    let file = sources.add(path, text.as_str());
                    all.parse(&text, file, inside, &mut found);
                }
                Err(error) => {
                    let file = sources.add(path, "");
                    let span = Span { file, ..Span::default() };
                    found.push(Diagnostic::error(span, format!("cannot read `{}`: {error}", path.display())));
                }
            }
        }
        if found.is_empty() { Ok(all) } else { Err(found) }
    }

    /// Does the deck say what it expects?
    pub fn any(&self) -> bool {
        self.smoke || self.no_warnings || !self.checks.is_empty() || !self.goldens.is_empty()
    }

    /// Does it expect the run to fail?
    pub fn failure(&self) -> bool {
        self.checks.iter().any(|c| matches!(c.kind, CheckKind::Error(..)))
    }

    /// Takes the lines of a text; `inside` a deck only those that begin with `*>`.
    pub fn parse(&mut self, text: &str, file: u32, inside: bool, found: &mut Vec<Diagnostic>) {
        let mut start = 0usize;
        for raw in text.split_inclusive('\n') {
            let from = start;
            start += raw.len();
            let line = raw.trim_end();
            let content = line.trim_start();
            let indent = line.len() - content.len();
            let skipped = match (inside, content.strip_prefix("*>")) {
                (_, Some(rest)) => line.len() - rest.len(),
                (true, None) => continue,
                (false, None) => indent,
            };
            let body = &line[skipped..];
            let parsed = Words::new(body, file, (from + skipped) as u32).and_then(|words| self.line(words));
            if let Err(problem) = parsed {
                found.push(problem);
            }
        }
    }

    fn line(&mut self, mut words: Words) -> Result<(), Diagnostic> {
        let Some(keyword) = words.take() else { return Ok(()) };
        let span = keyword.span;
        let mut check = |kind| self.checks.push(Check { kind, span });
        match keyword.text.to_ascii_lowercase().as_str() {
            "measure" | "meas" => {
                let name = words.word("the name of a measure")?.text.to_ascii_lowercase();
                let relation = relation(&mut words)?;
                if relation == Relation::Equal && words.take_if("failed") {
                    check(CheckKind::Measure(name, None));
                } else {
                    check(CheckKind::Measure(name, Some(bound(&mut words, relation, 1e-3)?)));
                }
            }
            "op" => {
                let signal = words.word("a signal")?.text.to_string();
                let relation = relation(&mut words)?;
                check(CheckKind::Value(signal, Pick::Operating, bound(&mut words, relation, 1e-4)?));
            }
            "value" => {
                let signal = words.word("a signal")?.text.to_string();
                let pick = pick(&mut words)?;
                let relation = relation(&mut words)?;
                check(CheckKind::Value(signal, pick, bound(&mut words, relation, 1e-3)?));
            }
            "period" => {
                let signal = words.word("a signal")?.text.to_string();
                let relation = relation(&mut words)?;
                check(CheckKind::Period(signal, bound(&mut words, relation, 1e-3)?));
            }
            "golden" => {
                let line = golden(&mut words, span)?;
                self.goldens.push(line);
            }
            "error" => {
                let text = quoted(&mut words)?;
                let exit = if words.take_if("exit") { Some(exit_code(&mut words)?) } else { None };
                check(CheckKind::Error(text, exit));
            }
            "warning" => check(CheckKind::Warning(quoted(&mut words)?)),
            "no-warnings" => self.no_warnings = true,
            "smoke" => self.smoke = true,
            "ignore" => self.ignore = true,
            "set" => {
                let name = words.word("the name of a parameter")?.text.to_ascii_lowercase();
                if !words.take_if("=") {
                    return Err(words.peek().map_or_else(|| words.missing("`=`"), |w| wrong(w, "`=`")));
                }
                self.sets.push((name, words.word("a value")?.text.to_string()));
            }
            "seed" => {
                let word = words.word("a whole number")?;
                self.seed = Some(word.text.parse().map_err(|_| wrong(word, "a whole number"))?);
            }
            "dialect" => {
                let word = words.word("the name of a dialect")?;
                let problem = |e: UnknownDialect| Diagnostic::error(word.span, e.to_string()).label("unknown dialect");
                self.dialect = Some(word.text.parse().map_err(problem)?);
            }
            "timeout" => {
                let word = words.word("a time in seconds")?;
                let seconds = value(word.text).filter(|s| *s > 0.0 && *s < 1e6);
                self.timeout = Some(seconds.ok_or_else(|| wrong(word, "a positive time in seconds"))?);
            }
            "skip" => self.skip = Some(quoted(&mut words)?),
            "needs" => {
                self.needs.push(words.word("the name of a program")?.text.to_string());
                while let Some(word) = words.take() {
                    self.needs.push(word.text.to_string());
                }
            }
            other => {
                let hint = match nearest(other, KEYWORDS.iter().copied()) {
                    Some(close) => format!("did you mean `{close}`?"),
                    None => format!("one of {}", KEYWORDS.join(", ")),
                };
                let error = Diagnostic::error(span, format!("`{}` is no expectation", keyword.text));
                return Err(error.label("unknown keyword").hint(hint));
            }
        }
        words.finish()
    }
}

fn relation(words: &mut Words) -> Result<Relation, Diagnostic> {
    let what = "`=`, `<`, `<=`, `>` or `>=`";
    let word = words.word(what)?;
    match word.text {
        "=" => Ok(Relation::Equal),
        "<" => Ok(Relation::Below),
        "<=" => Ok(Relation::AtMost),
        ">" => Ok(Relation::Above),
        ">=" => Ok(Relation::AtLeast),
        _ => Err(wrong(word, what)),
    }
}

/// The expected value and its tolerance; without one, `default` of the value.
fn bound(words: &mut Words, relation: Relation, default: f64) -> Result<Bound, Diagnostic> {
    let expected = words.number("a number")?;
    let mut bound = Bound { relation, expected, relative: default, absolute: 0.0 };
    if let Some(word) = words.peek()
        && words.take_if("tol")
    {
        if relation != Relation::Equal {
            return Err(Diagnostic::error(word.span, "a tolerance belongs to `=`").label("not needed here"));
        }
        bound.relative = 0.0;
        let first = words.word("a tolerance such as 1% or 2m")?;
        tolerance(first, &mut bound)?;
        if let Some(second) = words.take() {
            tolerance(second, &mut bound)?;
        }
    }
    Ok(bound)
}

fn tolerance(word: Word, bound: &mut Bound) -> Result<(), Diagnostic> {
    let target = match word.text.strip_suffix('%') {
        Some(percent) => value(percent).map(|p| (&mut bound.relative, 0.01 * p)),
        None => value(word.text).map(|a| (&mut bound.absolute, a)),
    };
    match target {
        Some((place, size)) if size >= 0.0 => {
            *place += size;
            Ok(())
        }
        _ => Err(wrong(word, "a tolerance such as 1% or 2m")),
    }
}

fn pick(words: &mut Words) -> Result<Pick, Diagnostic> {
    let what = "`at X`, `min`, `max`, `mean` or `last`";
    let word = words.word(what)?;
    Ok(match word.text.to_ascii_lowercase().as_str() {
        "at" => Pick::At(words.number("a place on the axis")?),
        "min" => Pick::Min,
        "max" => Pick::Max,
        "mean" => Pick::Mean,
        "last" => Pick::Last,
        _ => return Err(wrong(word, what)),
    })
}

fn quoted(words: &mut Words) -> Result<String, Diagnostic> {
    let word = words.word("a text in quotes")?;
    if word.quoted { Ok(word.text.to_string()) } else { Err(wrong(word, "a text in quotes")) }
}

fn exit_code(words: &mut Words) -> Result<u8, Diagnostic> {
    let word = words.word("an exit code")?;
    word.text.parse().map_err(|_| wrong(word, "an exit code"))
}

fn golden(words: &mut Words, span: Span) -> Result<GoldenLine, Diagnostic> {
    let mut line = GoldenLine { file: None, signals: Vec::new(), limits: Limits::default(), span };
    let positive = |words: &mut Words, what: &str| -> Result<f64, Diagnostic> {
        let word = words.word(what)?;
        let size = match word.text.strip_suffix('%') {
            Some(percent) => value(percent).map(|p| 0.01 * p),
            None => value(word.text),
        };
        size.filter(|v| *v >= 0.0).ok_or_else(|| wrong(word, what))
    };
    while let Some(word) = words.take() {
        let limits = &mut line.limits;
        match word.text.to_ascii_lowercase().as_str() {
            "rms" => limits.rms = Some(positive(words, "a share of the range")?),
            "peak" => limits.peak = Some(positive(words, "a share of the range")?),
            "floor" => limits.floor = positive(words, "a size of the signal")?,
            "from" => limits.from = Some(words.number("a place on the axis")?),
            "to" => limits.to = Some(words.number("a place on the axis")?),
            "union" => limits.union = true,
            "cross" => {
                let level = words.number("a level")?;
                if !words.take_if("time") {
                    return Err(words.peek().map_or_else(|| words.missing("`time`"), |w| wrong(w, "`time`")));
                }
                limits.crossings.push((level, positive(words, "a largest difference of times")?));
            }
            lower => {
                let file = [".csv", ".raw"].iter().any(|e| lower.ends_with(e));
                match &line.file {
                    _ if !file => line.signals.push(lower.to_string()),
                    None => line.file = Some(PathBuf::from(word.text)),
                    Some(_) => return Err(Diagnostic::error(word.span, "a second golden file").label("one per line")),
                }
            }
        }
    }
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Expectations, Vec<Diagnostic>) {
        let (mut all, mut found) = (Expectations::default(), Vec::new());
        all.parse(text, 0, true, &mut found);
        (all, found)
    }

    #[test]
    fn lines_of_every_kind() {
        let (all, found) = read(
            "title\n* comment\n*> measure rise = 1.23n tol 1%\n*> op v(a, b) = 2.5 tol 1e-4 # because\n\
             *> golden ref/d.csv v(out) rms 1e-3 peak 1% cross 2.5 time 1n\n*> period v(out) = 1u tol 0.1%\n\
             *> error \"no such\" exit 2\n*> warning \"x\"\n*> smoke\n*> set r=1k\n*> seed 3\n*> dialect LTspice\n\
             *> timeout 20\n*> needs a b\n*> value i(v1) at 3u < 1m\nr1 a 0 1k\n*> measure m = failed\n",
        );
        assert!(found.is_empty(), "{found:?}");
        assert_eq!(all.checks.len(), 7);
        assert!(all.smoke && all.failure() && all.any() && !all.no_warnings);
        assert_eq!(all.sets, [("r".to_string(), "1k".to_string())]);
        assert_eq!((all.seed, all.dialect, all.timeout), (Some(3), Some(Dialect::Ltspice), Some(20.0)));
        assert_eq!(all.needs, ["a", "b"]);
        let CheckKind::Measure(name, Some(bound)) = &all.checks[0].kind else { panic!("{:?}", all.checks[0]) };
        assert!(name == "rise" && (bound.expected / 1.23e-9 - 1.0).abs() < 1e-12);
        assert!(bound.holds(1.242e-9) && !bound.holds(1.243e-9) && !bound.holds(f64::NAN));
        let CheckKind::Value(signal, Pick::Operating, bound) = &all.checks[1].kind else { panic!() };
        assert_eq!((signal.as_str(), bound.allowed()), ("v(a, b)", 1e-4));
        let golden = &all.goldens[0];
        assert_eq!(golden.signals, ["v(out)"]);
        assert_eq!(golden.limits.crossings, [(2.5, 1e-9)]);
        assert_eq!((golden.limits.rms, golden.limits.peak), (Some(1e-3), Some(0.01)));
    }

    #[test]
    fn malformed_lines_are_located() {
        for (line, place, message) in [
            ("*> measre x = 1", (3, 6), "is no expectation"),
            ("*> measure x 1", (13, 1), "is not `=`"),
            ("*> measure x = ", (14, 0), "the line ends where a number"),
            ("*> measure x = 1k2", (15, 3), "is not a number"),
            ("*> measure x = 1 tol -1%", (21, 3), "is not a tolerance"),
            ("*> measure x < 1 tol 1%", (17, 3), "belongs to `=`"),
            ("*> error text", (9, 4), "a text in quotes"),
            ("*> error \"text", (9, 5), "closing quote"),
            ("*> error \"text\" exit 999", (21, 3), "an exit code"),
            ("*> golden a.csv b.csv", (16, 5), "second golden"),
            ("*> golden cross 1 1n", (18, 2), "is not `time`"),
            ("*> smoke now", (9, 3), "not expected here"),
            ("*> timeout 0", (11, 1), "positive"),
            ("*> value v(a) = 1", (14, 1), "`at X`"),
            ("*> set r", (8, 0), "`=`"),
            ("*> dialect cspice", (11, 6), "cspice"),
        ] {
            let (_, found) = read(line);
            assert_eq!(found.len(), 1, "{line}");
            let span = found[0].span.expect("a place");
            assert_eq!((span.start, span.len), place, "{line}: {}", found[0].message);
            assert!(found[0].message.contains(message), "{line}: {}", found[0].message);
        }
    }
}
