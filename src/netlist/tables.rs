//! `.data` .. `.enddata`: rows of parameter values, swept together by `data=NAME`.
//!
//! A hidden parameter (the row, from 1) is what is swept; each parameter of the table becomes a choice over it.

use std::sync::Arc;

use super::ast::{Definition, Formula, GridText, Scale, SweepText, TargetText, Value, ValueKind, Word};
use super::lex::{Blanks, Cursor, Kind};
use super::lines::{Line, Origin};
use super::parse::Parser;
use super::value;
use crate::diagnostic::{Diagnostic, Span};
use crate::expr::{Binary, Expr, Name};

/// Most values of one table.
const MOST_VALUES: usize = 1_000_000;

/// A table as far as it has been read.
#[derive(Debug)]
pub(super) struct Table {
    name: Word,
    span: Span,
    columns: Vec<Word>,
    values: Vec<Value>,
}

/// Name of the hidden parameter that is the row of a table.
fn row_name(table: &str) -> String {
    format!(".row {table}")
}

/// Name of the hidden parameter that is the number of rows.
fn rows_name(table: &str) -> String {
    format!(".rows {table}")
}

/// `data=NAME` of a sweep, if it comes next.
pub(super) fn swept_table(cursor: &mut Cursor) -> Result<Option<SweepText>, Diagnostic> {
    if !(cursor.at_assignment() && cursor.peek().is_some_and(|t| t.is("data"))) {
        return Ok(None);
    }
    cursor.take()?;
    cursor.take_if(Kind::Equals)?;
    let name = value::name(cursor, "the name of a `.data` table")?;
    let hidden = |text: String| Word { text: text.into(), span: name.span };
    let value = |kind| Value { kind, span: name.span };
    let grid = GridText::Range {
        scale: Scale::Linear,
        start: value(ValueKind::Number(1.0)),
        stop: value(ValueKind::Word(rows_name(&name.text).into())),
        step: Some(value(ValueKind::Number(1.0))),
    };
    Ok(Some(SweepText { target: TargetText::Parameter(hidden(row_name(&name.text))), grid }))
}

impl Parser {
    /// `.data NAME column .. value ..`: values may stand on the same statement or on the lines up to `.enddata`.
    pub(super) fn open_table(&mut self, line: &Line) -> Result<(), Diagnostic> {
        let mut cursor = Cursor::new(line, Blanks::All)?;
        cursor.take()?;
        let name = value::name(&mut cursor, "the name of the table")?;
        self.table = Some(Table { name, span: line.span(), columns: Vec::new(), values: Vec::new() });
        self.table_words(cursor)
    }

    /// A line inside a table.
    pub(super) fn table_line(&mut self, line: &Line) -> Result<(), Diagnostic> {
        self.table_words(Cursor::new(line, Blanks::All)?)
    }

    fn table_words(&mut self, mut cursor: Cursor) -> Result<(), Diagnostic> {
        let Some(table) = &mut self.table else { return Ok(()) };
        while let Some(token) = cursor.peek() {
            let named = token.kind == Kind::Word && token.text.starts_with(|c: char| c.is_alphabetic() || c == '_');
            if named && table.values.is_empty() {
                table.columns.push(value::name(&mut cursor, "a parameter")?);
                continue;
            }
            if table.values.len() == MOST_VALUES {
                return Err(Diagnostic::error(table.span, format!("a table of more than {MOST_VALUES} values")));
            }
            table.values.push(value::value(&mut cursor, "a value")?);
        }
        Ok(())
    }

    /// `.enddata`.
    pub(super) fn close_table(&mut self) -> Result<(), Diagnostic> {
        let Some(table) = self.table.take() else { return Ok(()) };
        let columns = table.columns.len();
        if columns == 0 || table.values.is_empty() || table.values.len() % columns != 0 {
            let message = format!("{} values in a table of {columns} parameters", table.values.len());
            return Err(Diagnostic::error(table.span, message).label("rows of equal length expected"));
        }
        self.tables.push(table);
        Ok(())
    }

    /// Puts the choice over the row in place of the values of the parameters, when all of these are known.
    pub(super) fn apply_tables(&mut self) {
        for table in std::mem::take(&mut self.tables) {
            let columns = table.columns.len();
            let row = row_name(&table.name.text);
            let rows = table.values.len() / columns;
            let Some(block) = self.deck.blocks.first_mut() else { return };
            for (name, number) in [(row.clone(), 1.0), (rows_name(&table.name.text), rows as f64)] {
                let value = Value { kind: ValueKind::Number(number), span: table.name.span };
                block.param_index.insert(name.as_str().into(), block.params.len());
                let name = Word { text: name.into(), span: table.name.span };
                block.params.push(Definition { name, value, used: true.into() });
            }
            for (nth, column) in table.columns.iter().enumerate() {
                let Some(&index) = block.param_index.get(&column.text) else {
                    let error =
                        Diagnostic::error(column.span, format!("`{}` is no parameter of the deck", column.text));
                    self.report.add(error.label("no such `.param`").hint("a table sets parameters: add `.param`"));
                    continue;
                };
                let trees: Result<Vec<_>, _> =
                    table.values.iter().skip(nth).step_by(columns).map(super::conditional::tree).collect();
                match trees {
                    Ok(trees) => {
                        let expr = Arc::new(choice(&row, 1, &trees));
                        let (origin, len) = (Origin::of(column.span), column.span.len as usize);
                        let formula = Formula { expr, origin, start: 0, len };
                        block.params[index].value.kind = ValueKind::Formula(Box::new(formula));
                    }
                    Err(error) => self.report.add(error),
                }
            }
        }
    }
}

/// The value of a row among `values`, the first of which is row `first`: halved until one is left.
fn choice(row: &str, first: usize, values: &[Expr<Name>]) -> Expr<Name> {
    match values {
        [] => Expr::Const(0.0),
        [one] => one.clone(),
        _ => {
            let (low, high) = values.split_at(values.len() / 2);
            let middle = first + low.len();
            let row_leaf = Expr::Leaf(Name::Ident { name: row.to_string(), at: 0 });
            let below = Expr::Binary(Binary::Less, Box::new(row_leaf), Box::new(Expr::Const(middle as f64 - 0.5)));
            Expr::If(Box::new(below), Box::new(choice(row, first, low)), Box::new(choice(row, middle, high)))
        }
    }
}
