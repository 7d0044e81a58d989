//! `.array`: rows and columns of cells with the wires that join them; `.matrix`: a value of every cell.
//!
//! ```text
//! .array xa row col memcell rows=8 cols=4 r_row=0.5 r_col=0.5 v_row={0.1*row} v_col=0 w0="states.csv"
//! ```
//!
//! What follows the name is the line of one cell: its pins (`row`, `col`, `gate`, or any node of the circuit) and the
//! subcircuit or model it is made of (`r`: a resistor). An expression in a value of a cell or a source may use `row` and
//! `col`, its random functions draw for each cell, and a text in quotes is a CSV file with one value for each.

use super::ast::{
    ArrayText, Block, Body, Definition, Element, Ends, LineText, MatrixSignal, MatrixText, Param, Passive, ReadText,
    SourceText, TableText, Value, ValueKind, Word,
};
use super::lex::{Blanks, Cursor, Kind, shorten};
use super::lines::Line;
use super::parse::Parser;
use super::{sources, suggest, value};
use crate::diagnostic::Diagnostic;
use std::borrow::Cow;

/// Kinds of wires, in the order of [`ArrayText::lines`].
pub(crate) const LINES: [&str; 3] = ["row", "col", "gate"];

/// Names that are not parameters of a cell.
const OWN: [&str; 19] = [
    "rows",
    "cols",
    "gate_along",
    "stuck",
    "r_row",
    "r_col",
    "r_gate",
    "r_row_end",
    "r_col_end",
    "r_gate_end",
    "c_row",
    "c_col",
    "c_gate",
    "row_end",
    "col_end",
    "gate_end",
    "v_row",
    "v_col",
    "v_gate",
];

/// Words that begin the text of a source.
const SOURCE_WORDS: [&str; 11] =
    ["dc", "ac", "pulse", "sin", "sine", "exp", "pwl", "sffm", "am", "trnoise", "trrandom"];

/// The statement while it is read.
struct Reading<'p> {
    parser: &'p mut Parser,
    name: Word,
    text: ArrayText,
    /// `row`, `col` and what comes from tables.
    hidden: Block,
}

impl Parser {
    /// `.array NAME PIN .. CELL rows= cols= ..`
    pub(super) fn array(&mut self, line: &Line) -> Result<(), Diagnostic> {
        let mut cursor = Cursor::new(line, Blanks::Strict)?;
        let cursor = &mut cursor;
        cursor.take()?;
        let name = value::name(cursor, "the name of the array")?;
        if !name.text.starts_with('x') || name.text.len() < 2 || name.text.contains('.') {
            let error = Diagnostic::error(name.span, format!("an array cannot be named `{}`", shorten(&name.text)));
            return Err(error.label("a name that begins with x").hint("an array is named as an instance is: `xarray`"));
        }
        let mut words = Vec::new();
        while !cursor.at_assignment() && cursor.peek().is_some() {
            words.push(value::name(cursor, "a pin (row, col, gate or a node) or the cell")?);
        }
        let Some(cell) = words.pop() else {
            return Err(cursor.expected("the pins and the cell").hint("as in `.array xa row col cell rows=8 cols=8`"));
        };
        let parent = self.open.last().copied().unwrap_or(0);
        let (first, last) =
            (line.origin.span(0, 1), line.origin.span(line.text.len().saturating_sub(1), line.text.len()));
        let hidden = Block {
            name: format!(".array {}", name.text).into(),
            span: line.span(),
            parent: Some(parent),
            ..Block::default()
        };
        let mut reading = Reading { parser: self, text: ArrayText::new(words, cell, (first, last)), name, hidden };
        reading.define("row");
        reading.define("col");
        reading.pins()?;
        while cursor.peek().is_some() {
            if cursor.take_if(Kind::Comma)?.is_some() {
                continue;
            }
            if !cursor.at_assignment() {
                return Err(cursor.expected("`name=value`"));
            }
            let param = value::assignment(cursor)?;
            reading.param(cursor, param)?;
        }
        cursor.finish()?;
        let Reading { name, mut text, hidden, .. } = reading;
        for (key, given) in [("rows", &text.rows), ("cols", &text.cols)] {
            if given.is_none() {
                let error = Diagnostic::error(name.span, format!("array `{}` has no `{key}=`", name.text));
                return Err(error.label("its size expected").hint("as in `rows=128 cols=64`"));
            }
        }
        text.finish(&name);
        text.block = self.deck.blocks.len();
        self.deck.blocks.push(hidden);
        let guard = self.guard();
        let block = self.block();
        block.guards.extend(guard.map(|guard| (block.elements.len(), guard)));
        block.elements.push(Element { name, nodes: Vec::new(), body: Body::Array(Box::new(text)) });
        Ok(())
    }

    /// `.matrix ARRAY signal [at=time,..] [file="name.csv"]`
    pub(super) fn matrix(&mut self, cursor: &mut Cursor) -> Result<MatrixText, Diagnostic> {
        let array = value::name(cursor, "the name of an array")?;
        let Some(token) = cursor.peek() else { return Err(cursor.expected("a signal of the cells").hint(SIGNALS)) };
        let rest = &cursor.line.text[token.start..];
        let end = token.start + rest.find(char::is_whitespace).unwrap_or(rest.len());
        let label = cursor.line.text[token.start..end].trim_matches('"').to_ascii_lowercase();
        let span = cursor.line.origin.span(token.start, end);
        cursor.jump(end)?;
        let Some(signal) = matrix_signal(&label) else {
            let error = Diagnostic::error(span, format!("`{}` is no signal of a cell", shorten(&label)));
            return Err(error.label("`#` stands for the cell").hint(SIGNALS));
        };
        let (mut at, mut file) = (Vec::new(), None);
        while cursor.peek().is_some() {
            let param = value::assignment(cursor)?;
            match (&*param.name.text, param.value.kind) {
                ("at", ValueKind::Vector(times)) => at = times.into_vec(),
                ("at", kind) => at = vec![Value { kind, span: param.value.span }],
                ("file", ValueKind::Text(name)) => file = Some(self.files.beside(span.file, &name)),
                ("file", _) => {
                    let error = Diagnostic::error(param.value.span, "a file is named in double quotes");
                    return Err(error.label("\"name.csv\" expected"));
                }
                _ => {
                    let error = Diagnostic::error(param.name.span, format!("`.matrix` has no `{}=`", param.name.text));
                    return Err(error.label("`at=` or `file=` expected"));
                }
            }
        }
        Ok(MatrixText { array, signal, label, at, file, span })
    }
}

/// What can stand in a `.read`.
const READS: &str = "`.read ARRAY vectors=\"volts.csv\" drive=row transfer=0 bound=0.005 check=2 swing=0.2`";

impl Parser {
    /// `.read ARRAY [vectors="volts.csv"] [drive=row|col] [transfer=1] [bound=0.005] [check=2] [swing=0.2]`
    pub(super) fn read(&mut self, cursor: &mut Cursor) -> Result<ReadText, Diagnostic> {
        let span = cursor.line.span();
        let array = value::name(cursor, "the name of an array")?;
        let mut read = ReadText { array, vectors: None, by_column: false, params: Vec::new(), span };
        while cursor.peek().is_some() {
            let param = match cursor.at_assignment() {
                true => value::assignment(cursor)?,
                false => return Err(cursor.expected("`name=value`").hint(READS)),
            };
            match (&*param.name.text, &param.value.kind) {
                ("vectors", ValueKind::Text(path)) => {
                    read.vectors = Some((self.files.table(path, param.value.span)?, param.value.span));
                }
                ("vectors", _) => {
                    let error = Diagnostic::error(param.value.span, "the vectors are in a file named in double quotes");
                    return Err(error.label("\"volts.csv\" expected").hint(READS));
                }
                ("drive", ValueKind::Word(word)) if matches!(&**word, "row" | "col") => {
                    read.by_column = &**word == "col";
                }
                ("drive", _) => {
                    return Err(
                        Diagnostic::error(param.value.span, "`drive=row` or `drive=col`").label("a word expected")
                    );
                }
                ("transfer" | "bound" | "check" | "swing", _) => read.params.push(param),
                _ => {
                    let error = Diagnostic::error(param.name.span, format!("`.read` has no `{}=`", param.name.text));
                    return Err(error.label("unknown").hint(READS));
                }
            }
        }
        Ok(read)
    }
}

/// What can stand in a `.matrix`.
const SIGNALS: &str = "`@#[w]`, `@#.y1[w]`, `v(#.node)`, `i(#.r1)` or `p(#)`, where `#` is the cell";

/// The signal of a cell as written.
fn matrix_signal(text: &str) -> Option<MatrixSignal> {
    let inner = |text: &str| -> Option<Box<str>> {
        let rest = text.strip_prefix('#')?;
        (rest.is_empty() || (rest.starts_with('.') && rest.len() > 1)).then(|| rest.into())
    };
    if let Some(text) = text.strip_prefix('@') {
        let (element, quantity) = text.strip_suffix(']')?.split_once('[')?;
        return Some(MatrixSignal::Internal(inner(element)?, quantity.trim().into()));
    }
    let (kind, name) = text.strip_suffix(')')?.split_once('(')?;
    match kind {
        "v" => Some(MatrixSignal::Voltage(inner(name)?)),
        "i" => Some(MatrixSignal::Current(inner(name)?)),
        "p" => Some(MatrixSignal::Power(inner(name)?)),
        _ => None,
    }
}

impl Reading<'_> {
    /// A further parameter of the hidden block; its value is that of the cell.
    fn define(&mut self, name: &str) {
        let word = Word { text: name.into(), span: self.name.span };
        let value = Value { kind: ValueKind::Number(0.0), span: self.name.span };
        self.hidden.param_index.insert(name.into(), self.hidden.params.len());
        self.hidden.params.push(Definition { name: word, value, used: true.into() });
    }

    fn pins(&self) -> Result<(), Diagnostic> {
        for line in ["row", "col"] {
            if !self.text.pins.iter().any(|pin| &*pin.text == line) {
                let error = Diagnostic::error(self.name.span, format!("no pin of the cells is connected to a {line}"));
                let hint = "as in `.array xa row col cell ..` or `.array xa col gate row cell ..`";
                return Err(error.label(format!("`{line}` expected among the pins")).hint(hint));
            }
        }
        Ok(())
    }

    fn param(&mut self, cursor: &Cursor, param: Param) -> Result<(), Diagnostic> {
        let Param { name, value } = param;
        if !OWN.contains(&&*name.text) {
            let own = OWN.iter().copied().filter(|own| own.contains('_'));
            if ["r_", "c_", "v_"].iter().any(|start| name.text.starts_with(start))
                && let Some(own) = suggest::closest(&name.text, own)
            {
                let error = Diagnostic::error(name.span, format!("an array has no `{}=`", name.text));
                return Err(error.label("unknown").hint(format!("did you mean `{own}`?")));
            }
            let value = self.per_cell(&name, value)?;
            self.text.params.push(Param { name, value });
            return Ok(());
        }
        let gate = name.text.split('_').any(|part| part == "gate");
        if gate && !self.text.pins.iter().any(|pin| &*pin.text == "gate") {
            let error = Diagnostic::error(name.span, "no pin of the cells is connected to a gate line");
            return Err(error
                .label("for gate lines")
                .hint("name the gate among the pins: `.array xa col gate row ..`"));
        }
        let line = |text: &str| LINES.iter().position(|line| text == *line).unwrap_or(0);
        match &*name.text {
            "rows" => self.text.rows = Some(value),
            "cols" => self.text.cols = Some(value),
            "gate_along" => self.text.gate_along_rows = self.word(&value, &["row", "col"])? == 0,
            "stuck" => self.stuck(value)?,
            text => {
                if let Some(line_name) = text.strip_suffix("_end").filter(|rest| !rest.contains('_')) {
                    let along_row = line_name == "row" || (line_name == "gate" && self.text.gate_along_rows);
                    let words = if along_row { ["left", "right", "both"] } else { ["top", "bottom", "both"] };
                    let chosen = self.word(&value, &words)?;
                    self.text.lines[line(line_name)].ends = [Ends::First, Ends::Last, Ends::Both][chosen];
                } else if let Some(line_name) = text.strip_prefix("r_") {
                    match line_name.strip_suffix("_end") {
                        Some(line_name) => self.text.lines[line(line_name)].end = Some(self.passive(value, false)),
                        None => self.text.lines[line(line_name)].segment = Some(self.passive(value, false)),
                    }
                } else if let Some(line_name) = text.strip_prefix("c_") {
                    self.text.lines[line(line_name)].capacitor = Some(self.passive(value, true));
                } else if let Some(line_name) = text.strip_prefix("v_") {
                    let source = self.source(cursor, &name, value)?;
                    self.text.lines[line(line_name)].source = Some(source);
                }
            }
        }
        Ok(())
    }

    fn word(&self, value: &Value, words: &[&str]) -> Result<usize, Diagnostic> {
        let found = match &value.kind {
            ValueKind::Word(word) => words.iter().position(|known| **word == **known),
            _ => None,
        };
        found.ok_or_else(|| {
            let expected = words.join(" or ");
            Diagnostic::error(value.span, "another word expected").label(format!("{expected} expected"))
        })
    }

    /// A value of a cell or a source: a file becomes a table behind a hidden parameter.
    fn per_cell(&mut self, name: &Word, value: Value) -> Result<Value, Diagnostic> {
        let ValueKind::Text(path) = &value.kind else { return Ok(value) };
        let table = self.parser.files.table(path, value.span)?;
        let hidden = format!(".{}", name.text);
        self.define(&hidden);
        self.text.tables.push(TableText { name: name.clone(), values: table, span: value.span });
        Ok(Value { kind: ValueKind::Word(hidden.into()), span: value.span })
    }

    fn passive(&self, value: Value, capacitor: bool) -> Element {
        let kind = if capacitor { Passive::Capacitor } else { Passive::Resistor };
        let name = self.name.clone();
        Element { name, nodes: Vec::new(), body: Body::Passive { kind, values: vec![value], params: Vec::new() } }
    }

    /// `v_row=1`, `v_row="volts.csv"`, `v_row="PULSE(0 {0.1*row} 1u)"`
    fn source(&mut self, cursor: &Cursor, name: &Word, value: Value) -> Result<Element, Diagnostic> {
        let written = match &value.kind {
            ValueKind::Text(text) => {
                let first = text.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or("");
                SOURCE_WORDS.iter().any(|word| first.eq_ignore_ascii_case(word)).then(|| text.clone())
            }
            _ => None,
        };
        let body = match written {
            None => {
                let dc = Some(self.per_cell(name, value)?);
                Body::Source {
                    voltage: true,
                    source: Box::new(SourceText { dc, ..SourceText::default() }),
                    multiplier: None,
                }
            }
            Some(text) => {
                // The text keeps its place in the line, so that errors point to it.
                let origin = &cursor.line.origin;
                let ends = |k: usize| origin.span(k, k + 1).start == value.span.start;
                let start = (0..cursor.line.text.len()).find(|&k| ends(k)).map_or(0, |quote| quote + 1);
                let padded = format!("{:start$}{text}", "");
                let line = Line { text: Cow::Owned(padded), origin: origin.clone(), dialect: cursor.line.dialect };
                let mut inner = Cursor::new(&line, Blanks::All)?;
                let files = &mut self.parser.files;
                let body = sources::independent(&mut inner, true, &mut |path, span| files.points(path, span))?;
                inner.finish()?;
                body
            }
        };
        Ok(Element { name: self.name.clone(), nodes: Vec::new(), body })
    }

    /// `stuck=row,col,ohm,..` or a file of such lines.
    fn stuck(&mut self, value: Value) -> Result<(), Diagnostic> {
        let span = value.span;
        match value.kind {
            ValueKind::Text(path) => {
                let table = self.parser.files.table(&path, span)?;
                if table.columns != 3 {
                    let error = Diagnostic::error(span, format!("the lines of `{path}` have {} values", table.columns));
                    return Err(error.label("row, column and resistance expected"));
                }
                let number = |x: f64| Value { kind: ValueKind::Number(x), span };
                self.text.stuck = table.values.chunks_exact(3).map(|c| [0, 1, 2].map(|k| number(c[k]))).collect();
            }
            ValueKind::Vector(values) if values.len() % 3 == 0 => {
                let mut values = values.into_vec().into_iter();
                while let (Some(row), Some(col), Some(ohm)) = (values.next(), values.next(), values.next()) {
                    self.text.stuck.push([row, col, ohm]);
                }
            }
            _ => {
                let error = Diagnostic::error(span, "stuck cells are given by row, column and resistance");
                return Err(error.label("threes of numbers expected").hint("as in `stuck=3,5,1k,0,0,1meg`"));
            }
        }
        self.define(".stuck");
        Ok(())
    }
}

impl ArrayText {
    fn new(pins: Vec<Word>, cell: Word, extent: (crate::diagnostic::Span, crate::diagnostic::Span)) -> Self {
        let body = Body::Line { params: Vec::new() };
        let template = Element { name: cell.clone(), nodes: Vec::new(), body };
        Self {
            pins,
            cell,
            rows: None,
            cols: None,
            gate_along_rows: false,
            lines: Default::default(),
            params: Vec::new(),
            tables: Vec::new(),
            stuck: Vec::new(),
            block: 0,
            device: template.clone(),
            stuck_cell: template,
            extent,
        }
    }

    /// Makes the lines of a cell that is a device, and of a stuck cell.
    fn finish(&mut self, name: &Word) {
        let resistor =
            |values: Vec<Value>, params: Vec<Param>| Body::Passive { kind: Passive::Resistor, values, params };
        let value = Value { kind: ValueKind::Word(".stuck".into()), span: name.span };
        self.stuck_cell = Element { name: name.clone(), nodes: Vec::new(), body: resistor(vec![value], Vec::new()) };
        let params = self.params.clone();
        let body = match &*self.cell.text {
            "r" => resistor(Vec::new(), params),
            _ => Body::Device { model: self.cell.clone(), control: None, params },
        };
        self.device = Element { name: name.clone(), nodes: Vec::new(), body };
    }
}

impl Default for LineText {
    fn default() -> Self {
        Self { segment: None, end: None, capacitor: None, source: None, ends: Ends::First }
    }
}
