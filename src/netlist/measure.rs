//! `.measure` in the forms of ngspice, HSPICE, LTspice and Xyce; `.four`.

use super::ast::{ExprText, FourierText};
use super::columns::{self, expression};
use super::lex::{Cursor, Kind, shorten};
use super::value;
use crate::calc::{self, Binary, Expr};
use crate::circuit::{Condition, Count, Edge, Event, Measure, Measured, Norm, Statistic, Switching, Task, Window};
use crate::diagnostic::{Diagnostic, Span};
use crate::suggest;

/// Reads the two columns of a named file.
pub(crate) type ReadTable<'f> = &'f mut dyn FnMut(&str, Span) -> Result<Vec<(f64, f64)>, Diagnostic>;

/// What a measure may begin with.
const TASKS: [&str; 30] = [
    "trig",
    "targ",
    "find",
    "when",
    "deriv",
    "derivative",
    "param",
    "eqn",
    "avg",
    "average",
    "max",
    "min",
    "pp",
    "rms",
    "integ",
    "integral",
    "max_at",
    "min_at",
    "duty",
    "freq",
    "frequency",
    "on_time",
    "off_time",
    "four",
    "error",
    "err",
    "err1",
    "err2",
    "err3",
    "em_avg",
];

/// Reads a measure after the keyword of its statement.
pub(crate) fn measure(cursor: &mut Cursor, read: ReadTable) -> Result<Measure<ExprText>, Diagnostic> {
    let span = cursor.line.span();
    let first = name(cursor, "an analysis or the name of the measure")?;
    let task_follows = cursor.peek().is_some_and(|t| TASKS.iter().any(|task| t.is(task)));
    let analysis = Measured::named(&first);
    let (analysis, name) = match analysis {
        // `.meas tran avg v(out)` of a measure that is called `tran` has no name besides.
        Some(_) if task_follows && !second_task(cursor) => (None, first),
        Some(analysis) => (Some(analysis), name(cursor, "the name of the measure")?),
        None => (None, first),
    };
    let mut reader = Reader { cursor, read };
    let task = reader.task()?;
    reader.rest()?;
    Ok(Measure { name, analysis, task, span })
}

/// True when the word after the next one begins a task as well.
fn second_task(cursor: &Cursor) -> bool {
    let mut ahead = cursor.clone();
    ahead.take().is_ok() && ahead.peek().is_some_and(|t| TASKS.iter().any(|task| t.is(task)))
}

fn name(cursor: &mut Cursor, what: &str) -> Result<String, Diagnostic> {
    match cursor.peek() {
        Some(token) if matches!(token.kind, Kind::Word | Kind::Text) => {
            cursor.take()?;
            Ok(token.text.to_ascii_lowercase())
        }
        _ => Err(cursor.expected(what)),
    }
}

/// `.four f signal ..`
pub(crate) fn fourier(cursor: &mut Cursor) -> Result<FourierText, Diagnostic> {
    let span = cursor.line.span();
    let frequency = value::value(cursor, "the fundamental frequency")?;
    Ok(FourierText { frequency, signals: columns::columns(cursor)?, span })
}

struct Reader<'c, 'l, 'f> {
    cursor: &'c mut Cursor<'l>,
    read: ReadTable<'f>,
}

/// Options that follow an event or a quantity.
#[derive(Default)]
struct Options {
    val: Option<ExprText>,
    at: Option<ExprText>,
    crossing: Option<(Edge, Count<ExprText>)>,
    window: Window<ExprText>,
    on: Option<ExprText>,
    off: Option<ExprText>,
    count: Option<ExprText>,
    grid: Option<ExprText>,
    output: Option<String>,
    file: Option<(String, Span)>,
    norm: Option<Norm>,
}

impl Reader<'_, '_, '_> {
    fn task(&mut self) -> Result<Task<ExprText>, Diagnostic> {
        let what = "TRIG, FIND, WHEN, AVG, MAX, MIN, PP, RMS, INTEG, DERIV or PARAM";
        let Some(token) = self.cursor.peek().filter(|t| t.kind == Kind::Word) else {
            return Err(self.cursor.expected(what));
        };
        let span = self.cursor.span(&token);
        let keyword = token.text.to_ascii_lowercase();
        let event = matches!(&*keyword, "trig" | "targ");
        if !event {
            self.cursor.take()?;
        }
        let statistic = |kind| move |reader: &mut Self| reader.statistic(kind);
        match &*keyword {
            "trig" | "targ" => self.delay(),
            "find" => self.find(false),
            "deriv" | "derivative" => self.find(true),
            "when" => self.condition().map(Task::When),
            "param" | "eqn" => {
                self.cursor.take_if(Kind::Equals)?;
                expression(self.cursor).map(Task::Parameter)
            }
            "avg" | "average" => statistic(Statistic::Average)(self),
            "max" => statistic(Statistic::Maximum)(self),
            "min" => statistic(Statistic::Minimum)(self),
            "pp" => statistic(Statistic::PeakToPeak)(self),
            "rms" => statistic(Statistic::Rms)(self),
            "integ" | "integral" => statistic(Statistic::Integral)(self),
            "max_at" => statistic(Statistic::MaximumAt)(self),
            "min_at" => statistic(Statistic::MinimumAt)(self),
            "duty" => self.switching(Switching::Duty),
            "freq" | "frequency" => self.switching(Switching::Frequency),
            "on_time" => self.switching(Switching::OnTime),
            "off_time" => self.switching(Switching::OffTime),
            "four" => self.four(span),
            "error" | "err" | "err1" | "err2" | "err3" => self.error(span),
            _ => {
                let message = format!("`{}` is no kind of measure", shorten(&keyword));
                let hint = suggest::did_you_mean(&keyword, TASKS, format!("one of {what}"));
                Err(Diagnostic::error(span, message).label("a kind of measure expected").hint(hint))
            }
        }
    }

    /// `TRIG .. TARG ..` in any order.
    fn delay(&mut self) -> Result<Task<ExprText>, Diagnostic> {
        let (mut trigger, mut target) = (None, None);
        while let Some(token) = self.cursor.peek() {
            let slot = match (token.is("trig"), token.is("targ")) {
                (true, _) => &mut trigger,
                (_, true) => &mut target,
                _ => return Err(self.cursor.expected("TRIG or TARG")),
            };
            if slot.is_some() {
                return Err(self.cursor.expected("one TRIG and one TARG"));
            }
            self.cursor.take()?;
            *slot = Some(self.event()?);
        }
        match (trigger, target) {
            (Some(trigger), Some(target)) => Ok(Task::Delay { trigger, target }),
            (None, _) => Err(self.cursor.expected("TRIG")),
            (_, None) => Err(self.cursor.expected("TARG").hint("`WHEN` gives the place of a single crossing")),
        }
    }

    /// `AT=x` or `quantity VAL=x RISE=1`, or `a=b RISE=1`.
    fn event(&mut self) -> Result<Event<ExprText>, Diagnostic> {
        if self.cursor.peek().is_some_and(|t| t.is("at")) {
            let options = self.options()?;
            return options.at.map(Event::At).ok_or_else(|| self.cursor.expected("a place"));
        }
        if self.cursor.peek().is_some_and(|t| t.is("when")) {
            self.cursor.take()?;
        }
        self.condition().map(Event::When)
    }

    /// `a=b` or `a VAL=b`, with options.
    fn condition(&mut self) -> Result<Condition<ExprText>, Diagnostic> {
        let text = expression(self.cursor)?;
        let options = self.options()?;
        let (left, right) = match (split(&text), options.val) {
            (Some(sides), None) => sides,
            (None, Some(val)) => (text, val),
            (Some(_), Some(val)) => {
                let error = Diagnostic::error(val.span(), "the condition has a value already");
                return Err(error.hint("write `WHEN a=b` or `a VAL=b`"));
            }
            (None, None) => {
                let error = Diagnostic::error(text.span(), "what the quantity should be equal to is missing");
                return Err(error.label("`=value` or `VAL=value` expected").hint("as in `WHEN v(out)=0.5 RISE=1`"));
            }
        };
        let (edge, count) = options.crossing.unwrap_or((Edge::Cross, Count::First));
        Ok(Condition { left, right, edge, count, window: options.window })
    }

    fn find(&mut self, derivative: bool) -> Result<Task<ExprText>, Diagnostic> {
        let what = expression(self.cursor)?;
        let event = match self.cursor.peek() {
            Some(token) if token.is("when") => {
                self.cursor.take()?;
                Event::When(self.condition()?)
            }
            Some(token) if token.is("at") => self.event()?,
            // LTspice: a condition without the word.
            _ => return Err(self.cursor.expected("AT=.. or WHEN ..")),
        };
        Ok(Task::Find { what, event, derivative })
    }

    fn statistic(&mut self, kind: Statistic) -> Result<Task<ExprText>, Diagnostic> {
        let what = expression(self.cursor)?;
        let options = self.options()?;
        let mut window = options.window;
        while let Some(token) = self.cursor.peek() {
            let slot = match (token.is("trig"), token.is("targ")) {
                (true, _) => &mut window.trigger,
                (_, true) => &mut window.target,
                _ => return Err(self.cursor.expected("FROM=, TO=, TD=, TRIG or TARG")),
            };
            self.cursor.take()?;
            *slot = Some(Box::new(self.event()?));
        }
        let at = options.output.as_deref().is_some_and(|output| matches!(output, "time" | "freq" | "sv"));
        let kind = match kind {
            Statistic::Maximum if at => Statistic::MaximumAt,
            Statistic::Minimum if at => Statistic::MinimumAt,
            kind => kind,
        };
        Ok(Task::Statistic { kind, what, window })
    }

    fn switching(&mut self, kind: Switching) -> Result<Task<ExprText>, Diagnostic> {
        let what = expression(self.cursor)?;
        let options = self.options()?;
        let zero = ExprText { expr: Expr::number(0.0), ..what.clone() };
        let on = options.on.or(options.val).unwrap_or_else(|| zero.clone());
        let off = options.off.unwrap_or_else(|| on.clone());
        Ok(Task::Switching { kind, what, on, off, window: options.window })
    }

    fn four(&mut self, span: Span) -> Result<Task<ExprText>, Diagnostic> {
        let what = expression(self.cursor)?;
        let options = self.options()?;
        let Some(frequency) = options.at else {
            return Err(Diagnostic::error(span, "`FOUR` needs the fundamental").hint("as in `FOUR v(out) AT=1k`"));
        };
        let count = whole(&options.count, 10)?;
        Ok(Task::Fourier { what, frequency, count, grid: whole(&options.grid, 200)? })
    }

    fn error(&mut self, span: Span) -> Result<Task<ExprText>, Diagnostic> {
        let what = expression(self.cursor)?;
        let options = self.options()?;
        let Some((file, place)) = options.file else {
            return Err(Diagnostic::error(span, "`ERROR` needs a file to compare with")
                .hint("as in `ERROR v(out) FILE=\"reference.csv\" COMP_FUNCTION=L2NORM`"));
        };
        let table = (self.read)(&file, place)?;
        Ok(Task::Error { what, table, norm: options.norm.unwrap_or(Norm::L2) })
    }

    /// `KEY=value ..` up to something else.
    fn options(&mut self) -> Result<Options, Diagnostic> {
        let mut all = Options::default();
        while let Some(token) = self.cursor.peek() {
            if token.kind == Kind::Comma {
                self.cursor.take()?;
                continue;
            }
            let key = token.text.to_ascii_lowercase();
            let known = token.kind == Kind::Word && KEYS.contains(&&*key);
            // `AT 1m` and `FROM 0 TO 1` of LTspice have no `=`.
            let bare = matches!(&*key, "at" | "from" | "to" | "td" | "rise" | "fall" | "cross" | "val");
            if !known || !(bare || self.cursor.at_assignment()) {
                break;
            }
            self.cursor.take()?;
            self.cursor.take_if(Kind::Equals)?;
            self.option(&key, &mut all)?;
        }
        Ok(all)
    }

    fn option(&mut self, key: &str, all: &mut Options) -> Result<(), Diagnostic> {
        let edge = match key {
            "rise" => Some(Edge::Rise),
            "fall" => Some(Edge::Fall),
            "cross" => Some(Edge::Cross),
            _ => None,
        };
        if let Some(edge) = edge {
            let last = self.cursor.peek().is_some_and(|t| t.is("last"));
            let count = if last {
                self.cursor.take()?;
                Count::Last
            } else {
                Count::Number(expression(self.cursor)?)
            };
            all.crossing = Some((edge, count));
            return Ok(());
        }
        match key {
            "val" => all.val = Some(expression(self.cursor)?),
            "at" => all.at = Some(expression(self.cursor)?),
            "td" => all.window.delay = Some(expression(self.cursor)?),
            "from" => all.window.from = Some(expression(self.cursor)?),
            "to" => all.window.to = Some(expression(self.cursor)?),
            "on" => all.on = Some(expression(self.cursor)?),
            "off" => all.off = Some(expression(self.cursor)?),
            "numfreq" => all.count = Some(expression(self.cursor)?),
            "gridsize" => all.grid = Some(expression(self.cursor)?),
            "output" => all.output = Some(name(self.cursor, "`value` or `time`")?),
            "file" => {
                let Some(token) = self.cursor.take()? else { return Err(self.cursor.expected("the name of a file")) };
                all.file = Some((token.text.to_string(), self.cursor.span(&token)));
            }
            "comp_function" => {
                all.norm = Some(match &*name(self.cursor, "L1NORM, L2NORM or INFNORM")? {
                    "l1norm" => Norm::L1,
                    "infnorm" => Norm::Infinity,
                    _ => Norm::L2,
                });
            }
            // What an optimiser or the output format is told does not change the value.
            _ => drop(self.cursor.take()?),
        }
        Ok(())
    }

    /// Options that may stand behind anything and do not matter here.
    fn rest(&mut self) -> Result<(), Diagnostic> {
        let left = self.options()?;
        match self.cursor.peek() {
            Some(_) => Err(self.cursor.expected("`name=value` or the end of the statement")),
            None => left.at.or(left.val).map_or(Ok(()), |text| {
                Err(Diagnostic::error(text.span(), "this value does not belong to the measure"))
            }),
        }
    }
}

/// Keys of options.
const KEYS: [&str; 29] = [
    "val",
    "at",
    "td",
    "from",
    "to",
    "rise",
    "fall",
    "cross",
    "on",
    "off",
    "numfreq",
    "gridsize",
    "output",
    "file",
    "comp_function",
    "goal",
    "minval",
    "weight",
    "print",
    "precision",
    "rfc_level",
    "default_val",
    "minval",
    "ignor",
    "yfield",
    "indepvarcol",
    "depvarcol",
    "from_to",
    "tolerance",
];

/// The sides of `a=b`.
fn split(text: &ExprText) -> Option<(ExprText, ExprText)> {
    let calc::Kind::Binary(Binary::Equal, left, right) = &text.expr.kind else { return None };
    let side = |expr: &Expr| ExprText { expr: expr.clone(), ..text.clone() };
    Some((side(left), side(right)))
}

fn whole(text: &Option<ExprText>, otherwise: usize) -> Result<usize, Diagnostic> {
    let Some(text) = text else { return Ok(otherwise) };
    match text.expr.as_number() {
        Some(value) if (2.0..=1e6).contains(&value) => Ok(value as usize),
        _ => Err(Diagnostic::error(text.span(), "a whole number from 2 to 1e6 expected")),
    }
}
