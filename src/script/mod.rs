//! `.control` scripts: the command language of ngspice's nutmeg, for batch runs.
//!
//! [`Script::parse`] turns lines into a tree of control flow; [`run`] executes it: analyses run on the deck with what
//! `alter` and its kin have changed, results are kept as plots, `print`, `echo` and `meas` write to the [`Console`].

mod analyses;
mod assign;
mod change;
mod flow;
mod listing;
mod plots;
mod show;
mod spectra;
mod words;
mod write;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::calc::{self, Evaluator, Expr, Kind, Vector};
use crate::circuit::{Overrides, Setting};
use crate::diagnostic::{Diagnostic, SourceMap, Span};
use crate::measure::{FourierTable, MeasureResult};
use crate::netlist::Parsed;
use crate::output::Dataset;
use crate::suggest;

use flow::{Flow, Statement};
pub use flow::{Line, Script};
use plots::Plots;

/// Where a script writes to.
pub trait Console {
    /// Text for standard output, with its line ends.
    fn print(&mut self, text: &str);
    /// A finding about a line of the script.
    fn report(&mut self, finding: &Diagnostic, sources: &SourceMap);
    /// A remark.
    fn note(&mut self, text: &str);
}

/// What a script leaves behind.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Plots of the analyses, in the order they were made.
    pub plots: Vec<Dataset>,
    /// Results of `meas` and of the deck's measures.
    pub measures: Vec<MeasureResult>,
    /// Tables of `fourier` and of the deck's `.four`.
    pub fouriers: Vec<FourierTable>,
    /// Code given to `quit`.
    pub exit: Option<u8>,
    /// Commands that failed.
    pub errors: usize,
    /// True when an analysis was run.
    pub analysed: bool,
}

/// A variable of the shell part of the language.
#[derive(Clone, Debug, PartialEq)]
enum Variable {
    /// `set name`
    Flag,
    /// `set name = word`
    Word(String),
    /// `set name = ( a b c )`
    List(Vec<String>),
}

/// A user function of `define`.
#[derive(Clone, Debug)]
struct Function {
    arguments: Vec<String>,
    body: Expr,
}

/// Commands run before a script is taken for endless.
const MOST_STATEMENTS: u64 = 20_000_000;
/// Numbers that the plots of a script may hold.
const MOST_NUMBERS: usize = 250_000_000;
/// Deepest nesting of `source`.
const MOST_SOURCES: usize = 20;

/// Why a command failed.
#[derive(Debug)]
enum Problem {
    /// About a part of the line's text.
    At(usize, usize, String, Option<String>),
    /// With places of its own.
    Found(Vec<Diagnostic>, Option<Arc<SourceMap>>),
    /// A phrase about the whole line.
    Plain(String),
}

impl From<String> for Problem {
    fn from(text: String) -> Self {
        Problem::Plain(text)
    }
}

impl From<&str> for Problem {
    fn from(text: &str) -> Self {
        Problem::Plain(text.into())
    }
}

type Done = Result<(), Problem>;

/// The running script.
struct Interpreter<'c> {
    parsed: Arc<Parsed>,
    console: &'c mut dyn Console,
    sources: Arc<SourceMap>,
    folder: PathBuf,
    /// Values changed by `alter`, `altermod`, `alterparam`.
    overrides: Overrides,
    /// What there was before the script.
    original: Overrides,
    /// `alterparam` values that wait for `reset`.
    pending: Vec<(String, f64)>,
    settings: Vec<Setting>,
    saves: Vec<String>,
    /// Quantities of devices that the script names; they are saved along.
    wanted: Vec<String>,
    variables: BTreeMap<String, Variable>,
    functions: BTreeMap<String, Function>,
    plots: Plots,
    outcome: Outcome,
    statements: u64,
    depth: usize,
    degrees: bool,
    seed: u64,
}

/// Runs the scripts of a deck. `overrides` are what the command line changed, `folder` is where files are written.
pub fn run(
    parsed: &Arc<Parsed>,
    script: &Script,
    overrides: &Overrides,
    seed: Option<u64>,
    folder: PathBuf,
    console: &mut dyn Console,
) -> Outcome {
    let mut interpreter = Interpreter {
        parsed: Arc::clone(parsed),
        console,
        sources: parsed.sources(),
        folder,
        overrides: overrides.clone(),
        original: overrides.clone(),
        pending: Vec::new(),
        settings: Vec::new(),
        saves: Vec::new(),
        wanted: script.device_quantities(),
        variables: BTreeMap::new(),
        functions: BTreeMap::new(),
        plots: Plots::default(),
        outcome: Outcome::default(),
        statements: 0,
        depth: 0,
        degrees: false,
        seed: seed.unwrap_or(1),
    };
    match interpreter.block(&script.statements) {
        Flow::Quit(code) => interpreter.outcome.exit = Some(code),
        Flow::Goto(label, line) => {
            let problem = Problem::Plain(format!("there is no `label {label}`"));
            interpreter.failed(&line, problem);
        }
        _ => {}
    }
    let Interpreter { plots, mut outcome, .. } = interpreter;
    outcome.plots = plots.into_datasets();
    outcome
}

impl Interpreter<'_> {
    /// Runs statements in order.
    fn block(&mut self, statements: &[Statement]) -> Flow {
        let mut at = 0;
        while let Some(statement) = statements.get(at) {
            let flow = self.statement(statement);
            match flow {
                Flow::Next => at += 1,
                Flow::Goto(label, line) => match statements.iter().position(|s| s.is_label(&label)) {
                    Some(target) => at = target,
                    None => return Flow::Goto(label, line),
                },
                flow => return flow,
            }
        }
        Flow::Next
    }

    fn statement(&mut self, statement: &Statement) -> Flow {
        self.statements += 1;
        if self.statements > MOST_STATEMENTS {
            let message = format!("the script has run {MOST_STATEMENTS} statements: is a loop endless?");
            if let Some(line) = statement.line() {
                self.failed(line, Problem::Plain(message));
            }
            return Flow::Quit(1);
        }
        match statement {
            Statement::Command(line) => self.command(line),
            Statement::Label(..) => Flow::Next,
            Statement::Goto(label, line) => Flow::Goto(label.clone(), line.clone()),
            Statement::Break(levels) => Flow::Break(*levels),
            Statement::Continue(levels) => Flow::Continue(*levels),
            Statement::If { condition, yes, no } => match self.holds(condition) {
                Some(true) => self.block(yes),
                Some(false) => self.block(no),
                None => Flow::Next,
            },
            Statement::While { condition, body, first } => {
                let mut go = *first;
                loop {
                    if !go && self.holds(condition) != Some(true) {
                        return Flow::Next;
                    }
                    go = false;
                    // Also an empty body counts, so that it comes to an end.
                    self.statements += 1;
                    match self.turn(body, condition) {
                        Some(Flow::Next) => return Flow::Next,
                        Some(flow) => return flow,
                        None => {}
                    }
                }
            }
            Statement::Repeat { count, body, line } => {
                let mut left = match count {
                    None => f64::INFINITY,
                    Some(text) => match self.number_of(text, line) {
                        Ok(count) => count,
                        Err(problem) => {
                            self.failed(line, problem);
                            return Flow::Next;
                        }
                    },
                };
                while left >= 1.0 {
                    left -= 1.0;
                    if let Some(flow) = self.turn(body, line) {
                        return flow;
                    }
                }
                Flow::Next
            }
            Statement::Foreach { variable, words, body, line } => {
                let words = match self.words(words, line) {
                    Ok(words) => words,
                    Err(problem) => {
                        self.failed(line, problem);
                        return Flow::Next;
                    }
                };
                for word in words {
                    self.variables.insert(variable.clone(), Variable::Word(word));
                    if let Some(flow) = self.turn(body, line) {
                        return flow;
                    }
                }
                Flow::Next
            }
        }
    }

    /// One turn of a loop; `None` goes on with the next, `Some` leaves the loop with what to do after it.
    fn turn(&mut self, body: &[Statement], line: &Line) -> Option<Flow> {
        self.statements += 1;
        if self.statements > MOST_STATEMENTS {
            self.failed(
                line,
                Problem::Plain(format!("the script has run {MOST_STATEMENTS} statements: is a loop endless?")),
            );
            return Some(Flow::Quit(1));
        }
        match self.block(body) {
            Flow::Next | Flow::Continue(1) => None,
            Flow::Break(1) => Some(Flow::Next),
            Flow::Break(n) => Some(Flow::Break(n - 1)),
            Flow::Continue(n) => Some(Flow::Continue(n - 1)),
            flow => Some(flow),
        }
    }

    /// The truth of a condition; `None` when it could not be evaluated (and that was reported).
    fn holds(&mut self, line: &Line) -> Option<bool> {
        let value = self.substituted(&line.text, line).and_then(|text| self.value(&text));
        match value {
            Ok(value) => Some((0..value.len()).any(|k| value.at(k).re != 0.0 || value.at(k).im != 0.0)),
            Err(problem) => {
                self.failed(line, problem);
                None
            }
        }
    }

    /// The value of an expression.
    fn value(&mut self, text: &str) -> Result<Vector, Problem> {
        let expr = self.expression(text)?;
        self.evaluated(&expr)
    }

    /// Parses an expression and puts in the bodies of user functions.
    fn expression(&self, text: &str) -> Result<Expr, Problem> {
        let mut expr = calc::parse(text)
            .map_err(|e| Problem::At(e.at, 1, format!("wrong expression: expected {}", e.expected), None))?;
        self.expand(&mut expr);
        Ok(expr)
    }

    fn expand(&self, expr: &mut Expr) {
        if self.functions.is_empty() {
            return;
        }
        expr.expand(&|name, arguments| {
            let function = self.functions.get(name).filter(|f| f.arguments.len() == arguments.len())?;
            let mut body = function.body.clone();
            body.replace(&mut |reference, _, _| match (&reference.plot, &reference.name) {
                (None, calc::Name::Plain(name)) => {
                    let index = function.arguments.iter().position(|argument| argument == name)?;
                    Some(arguments[index].kind.clone())
                }
                _ => None,
            });
            Some(body.kind)
        });
    }

    fn evaluated(&mut self, expr: &Expr) -> Result<Vector, Problem> {
        use rand::SeedableRng;
        self.seed = self.seed.wrapping_add(1);
        let mut evaluator = Evaluator::new(&self.plots);
        evaluator.degrees = self.degrees;
        evaluator.random = rand_chacha::ChaCha8Rng::seed_from_u64(self.seed);
        evaluator.value(expr).map_err(|e| Problem::At(e.at, e.len, e.message, e.hint))
    }

    fn number_of(&mut self, text: &str, line: &Line) -> Result<f64, Problem> {
        let text = self.substituted(text, line)?;
        let value = self.value(&text)?;
        if value.len() == 1 {
            Ok(value.first())
        } else {
            Err(format!("one number expected, found {}", value.len()).into())
        }
    }

    /// Runs one command line.
    fn command(&mut self, line: &Line) -> Flow {
        match self.execute(line) {
            Ok(flow) => flow,
            Err(problem) => {
                self.failed(line, problem);
                Flow::Next
            }
        }
    }

    /// Reports a failure at its place in the script.
    fn failed(&mut self, line: &Line, problem: Problem) {
        self.outcome.errors += 1;
        let span = |at: usize, len: usize| Span {
            file: line.span.file,
            start: line.span.start + at.min(line.span.len as usize) as u32,
            len: len.max(1) as u32,
        };
        let sources = Arc::clone(&self.sources);
        match problem {
            Problem::At(at, len, message, hint) => {
                // Places in substituted text are those of the line only when nothing was substituted.
                let place = match line.text.find(['$', '{']).is_none() && at.max(len) <= line.text.len() {
                    true => span(at, len),
                    false => line.span,
                };
                let mut finding = Diagnostic::error(place, message);
                finding.hint = hint;
                self.console.report(&finding, &sources);
            }
            Problem::Plain(message) => self.console.report(&Diagnostic::error(line.span, message), &sources),
            Problem::Found(findings, found_in) => {
                for mut finding in findings {
                    // What is said about the text of a command is shown at the command.
                    let known = finding.span.is_some_and(|s| (s.file as usize) < sources.len());
                    if !known {
                        finding.span = Some(line.span);
                    }
                    self.console.report(&finding, found_in.as_ref().filter(|_| known).unwrap_or(&sources));
                }
            }
        }
    }

    fn execute(&mut self, line: &Line) -> Result<Flow, Problem> {
        let text = self.substituted(&line.text, line)?;
        let trimmed = text.trim();
        let (command, rest) = match trimmed.split_once(char::is_whitespace) {
            Some((command, rest)) => (command.to_ascii_lowercase(), rest.trim()),
            None => (trimmed.to_ascii_lowercase(), ""),
        };
        // Where the rest begins, for the places of errors in it.
        let offset = text.len() - text.trim_start().len() + trimmed.len() - rest.len();
        let done = match command.as_str() {
            "" => Ok(()),
            "run" => self.run_deck(),
            "op" | "dc" | "tran" | "ac" | "noise" | "tf" | "sens" | "pz" => self.analyse(trimmed),
            "let" => self.assign(rest),
            "unlet" => self.forget(rest),
            "compose" => self.compose(rest),
            "set" => self.set(rest),
            "unset" => {
                rest.split_whitespace().for_each(|name| drop(self.variables.remove(name)));
                Ok(())
            }
            "define" => self.define(rest),
            "undefine" => {
                rest.split_whitespace().for_each(|name| drop(self.functions.remove(&name.to_lowercase())));
                Ok(())
            }
            "shift" => self.shift(rest),
            "strcmp" => self.strcmp(rest),
            "echo" => self.echo(rest),
            "print" => self.print(rest),
            "display" => self.display(rest),
            "listing" => self.listing(),
            "show" | "showmod" => self.show(rest),
            "meas" | "measure" => self.measure(trimmed),
            "fourier" | "four" => self.fourier(rest),
            "fft" => self.fft(rest),
            "psd" => self.psd(rest),
            "spec" => self.spec(rest),
            "linearize" => self.linearize(rest),
            "write" => self.write_raw(rest),
            "wrdata" => self.write_data(rest),
            "load" => self.load(rest),
            "source" => return self.source(rest),
            "setplot" => self.setplot(rest),
            "destroy" => self.destroy(rest),
            "setscale" => self.setscale(rest),
            "settype" => self.settype(rest),
            "save" => {
                self.saves.extend(rest.split_whitespace().map(str::to_string));
                Ok(())
            }
            "delete" => {
                self.saves.clear();
                Ok(())
            }
            "alter" => self.alter(rest),
            "altermod" => self.altermod(rest),
            "alterparam" => self.alterparam(rest),
            "reset" => {
                self.reset();
                Ok(())
            }
            "option" | "options" => self.option(rest),
            "setcs" => self.set(rest),
            "setseed" => {
                let seed = rest.parse::<u64>().map_err(|_| Problem::from("`setseed` takes a whole number"))?;
                self.seed = seed;
                self.overrides.seed = Some(seed);
                Ok(())
            }
            "quit" | "exit" => {
                let code = if rest.is_empty() { 0.0 } else { self.value(rest)?.first() };
                return Ok(Flow::Quit(code as i64 as u8));
            }
            "plot" | "hardcopy" | "gnuplot" | "asciiplot" | "iplot" | "xgraph" | "bltplot" => {
                self.console.note(&format!("`{command}` draws nothing in a batch run; `--plot FILE` writes an SVG"));
                Ok(())
            }
            "rusage" | "version" | "status" | "state" | "history" | "help" | "stop" | "resume" | "step" | "trace"
            | "cd" | "pwd" | "where" | "edit" | "iplotclear" | "remcirc" | "setcirc" | "codemodel" | "use"
            | "optran" | "mc_source" | "cutout" | "bug" | "aspice" | "jobs" | "rspice" | "wrnodev" | "inventory" => {
                self.console.note(&format!("`{command}` has no effect here"));
                Ok(())
            }
            "osdi" | "pre_osdi" => Ok(()),
            "shell" | "system" => Err("commands of the system are not run from a deck".into()),
            "wrs2p" | "sp" | "disto" | "pss" | "hb" => Err(format!("`{command}` is not supported").into()),
            _ => {
                if trimmed.contains('=') && !trimmed.contains("==") {
                    return Err(Problem::At(
                        0,
                        command.len(),
                        format!("unknown command `{command}`"),
                        Some("an assignment begins with `let` or `set`".into()),
                    ));
                }
                let hint = suggest::did_you_mean(&command, COMMANDS, "docs/control.md lists the commands");
                return Err(Problem::At(0, command.len(), format!("unknown command `{command}`"), Some(hint)));
            }
        };
        done.map(|()| Flow::Next).map_err(|problem| match problem {
            Problem::At(at, len, message, hint) if matches!(command.as_str(), "let" | "print" | "fourier") => {
                Problem::At(at + offset, len, message, hint)
            }
            // Places in a part of the line are not known: the whole line is shown.
            Problem::At(_, _, message, hint) => Problem::At(0, line.text.len() + 1, message, hint),
            other => other,
        })
    }

    fn source(&mut self, rest: &str) -> Result<Flow, Problem> {
        if self.depth >= MOST_SOURCES {
            return Err("scripts call each other too deeply".into());
        }
        let path = self.path(rest);
        let text = std::fs::read_to_string(&path).map_err(|e| format!("cannot read `{}`: {e}", path.display()))?;
        let script = Script::from_text(&text).map_err(|error| Problem::Found(vec![error], None))?;
        self.depth += 1;
        let flow = self.block(&script.statements);
        self.depth -= 1;
        Ok(flow)
    }

    /// A path relative to the folder of the run.
    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name.trim().trim_matches('"'))
    }

    /// The variable's words.
    fn variable(&self, name: &str) -> Option<Vec<String>> {
        match self.variables.get(name)? {
            Variable::Flag => Some(vec!["TRUE".into()]),
            Variable::Word(word) => Some(vec![word.clone()]),
            Variable::List(words) => Some(words.clone()),
        }
    }
}

/// True for a call of a pointwise or whole function that is known.
fn plain_name(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        Kind::Vector(reference) => match (&reference.plot, &reference.name) {
            (None, calc::Name::Plain(name)) => Some(name),
            _ => None,
        },
        _ => None,
    }
}

/// Commands, for suggestions.
const COMMANDS: [&str; 58] = [
    "run",
    "op",
    "dc",
    "tran",
    "ac",
    "noise",
    "tf",
    "sens",
    "pz",
    "let",
    "unlet",
    "compose",
    "set",
    "unset",
    "define",
    "undefine",
    "shift",
    "strcmp",
    "echo",
    "print",
    "display",
    "listing",
    "show",
    "meas",
    "measure",
    "fourier",
    "fft",
    "psd",
    "spec",
    "linearize",
    "write",
    "wrdata",
    "load",
    "source",
    "setplot",
    "destroy",
    "setscale",
    "settype",
    "save",
    "alter",
    "altermod",
    "alterparam",
    "reset",
    "option",
    "setcs",
    "setseed",
    "quit",
    "exit",
    "plot",
    "hardcopy",
    "if",
    "else",
    "end",
    "while",
    "dowhile",
    "repeat",
    "foreach",
    "goto",
];

#[cfg(test)]
mod tests;
