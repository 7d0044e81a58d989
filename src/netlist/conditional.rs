//! `.if`, `.elseif`, `.else`, `.endif`: parts of a netlist that stand under a condition on parameters.
//!
//! A condition may depend on the parameters of an instance, so it is a matter of elaboration: each branch gets a hidden
//! parameter (its guard, whose name begins with a dot) that is 1 where the branch is taken. Elements, models and subcircuits
//! of the branch remember their guard; a `.param` becomes a conditional expression over it.

use std::sync::Arc;

use super::ast::{Definition, Formula, Value, ValueKind, Word};
use super::lex::{Blanks, Cursor};
use super::lines::Line;
use super::parse::Parser;
use super::value;
use crate::diagnostic::{Diagnostic, Span};
use crate::expr::{Expr, Name, Unary};

/// An open `.if`.
#[derive(Debug)]
pub(super) struct Choice {
    /// Place of the `.if`.
    pub span: Span,
    /// Open blocks when it was met.
    depth: usize,
    /// Guard of the branch around it.
    outer: Option<Box<str>>,
    /// Conditions of the branches before this one.
    earlier: Vec<Box<str>>,
    /// Guard of the present branch.
    guard: Box<str>,
    /// `.else` has been met.
    last: bool,
}

impl Parser {
    /// The guard of the branch in which statements of the present block stand.
    pub(super) fn guard(&self) -> Option<Box<str>> {
        let depth = self.open.len();
        self.choices.last().filter(|choice| choice.depth == depth).map(|choice| choice.guard.clone())
    }

    /// `.if`, `.elseif`, `.else` and `.endif`; false when the statement is another.
    pub(super) fn conditional(&mut self, line: &Line, keyword: &str) -> Result<bool, Diagnostic> {
        let word = Word { text: keyword.into(), span: line.origin.span(0, keyword.len()) };
        if keyword == ".if" {
            let outer = self.guard();
            let (span, depth) = (line.span(), self.open.len());
            let choice = Choice { span, depth, outer, earlier: Vec::new(), guard: "".into(), last: false };
            self.choices.push(choice);
            return self.branch(line, &word, true).map(|()| true);
        }
        if !matches!(keyword, ".elseif" | ".else" | ".endif") {
            return Ok(false);
        }
        let depth = self.open.len();
        let Some(choice) = self.choices.last().filter(|choice| choice.depth == depth) else {
            return Err(
                Diagnostic::error(word.span, format!("`{keyword}` without `.if`")).label("no `.if` is open here")
            );
        };
        if keyword == ".endif" {
            self.choices.pop();
            return Ok(true);
        }
        if choice.last {
            let error = Diagnostic::error(word.span, format!("`{keyword}` after `.else`"));
            return Err(error.label("`.endif` expected").hint("`.else` is the last branch of an `.if`"));
        }
        self.branch(line, &word, keyword == ".elseif").map(|()| true)
    }

    /// Reports every `.if` that the block just closed leaves open.
    pub(super) fn close_choices(&mut self) {
        let depth = self.open.len();
        while let Some(choice) = self.choices.pop_if(|choice| choice.depth > depth) {
            let error = Diagnostic::error(choice.span, "this `.if` is not ended");
            self.report.add(error.label("opened here").hint("add `.endif`"));
        }
    }

    /// An error for a statement that concerns the whole deck but stands in a branch.
    pub(super) fn refuse_under_condition(&self, line: &Line, keyword: &str) -> Result<(), Diagnostic> {
        const ALLOWED: [&str; 17] = [
            ".param",
            ".params",
            ".parameter",
            ".parameters",
            ".global_param",
            ".csparam",
            ".func",
            ".include",
            ".inc",
            ".incl",
            ".lib",
            ".endl",
            ".ends",
            ".eom",
            ".global",
            ".option",
            ".options",
        ];
        if self.guard().is_none() || ALLOWED.contains(&keyword) {
            return Ok(());
        }
        let span = line.origin.span(0, keyword.len());
        let error = Diagnostic::error(span, format!("`{keyword}` cannot stand inside `.if`"));
        Err(error.label("not under a condition").hint("elements, models, subcircuits, parameters and includes can"))
    }

    /// Opens the branch of the innermost choice that begins on this line.
    fn branch(&mut self, line: &Line, word: &Word, conditional: bool) -> Result<(), Diagnostic> {
        self.conditions += 1;
        let number = self.conditions;
        let (condition, guard) = (format!(".condition{number}"), format!(".if{number}"));
        let formula = if conditional { condition_text(line, word)? } else { constant(line, word, 1.0) };
        let (origin, start, len) = (formula.origin.clone(), formula.start, formula.len);
        let Some(choice) = self.choices.last_mut() else { return Ok(()) };
        let name = |text: &str| Expr::Leaf(Name::Ident { name: text.to_string(), at: 0 });
        let mut taken = name(&condition);
        for earlier in choice.earlier.iter().map(|name| &**name) {
            let not = Expr::Unary(Unary::Not, Box::new(name(earlier)));
            taken = Expr::If(Box::new(not), Box::new(taken), Box::new(Expr::Const(0.0)));
        }
        if let Some(outer) = choice.outer.as_deref() {
            taken = Expr::If(Box::new(name(outer)), Box::new(taken), Box::new(Expr::Const(0.0)));
        }
        choice.earlier.push(condition.as_str().into());
        choice.guard = guard.as_str().into();
        choice.last = !conditional;
        let taken = Formula { expr: Arc::new(taken), origin, start, len };
        for (name, formula) in [(condition, formula), (guard, taken)] {
            let name = Word { text: name.into(), span: word.span };
            let value = Value { kind: ValueKind::Formula(Box::new(formula)), span: word.span };
            let block = self.block();
            block.param_index.insert(name.text.clone(), block.params.len());
            block.params.push(Definition { name, value, used: true.into() });
        }
        Ok(())
    }

    /// A definition under the present branch: its value where the branch is taken, else the value before.
    pub(super) fn conditional_value(&mut self, definition: &mut Definition) -> Result<(), Diagnostic> {
        let Some(guard) = self.guard() else { return Ok(()) };
        let name = definition.name.text.clone();
        let block = self.block();
        let before = block.param_index.get(&name).map(|&index| block.params[index].value.clone());
        let otherwise = match &before {
            Some(value) => tree(value)?,
            None => Expr::Leaf(Name::Ident { name: format!("{name} (no branch that defines it is taken)"), at: 0 }),
        };
        let here = tree(&definition.value)?;
        let guard = Expr::Leaf(Name::Ident { name: guard.into(), at: 0 });
        let (origin, start, len) = match (&definition.value.kind, before.as_ref().map(|value| &value.kind)) {
            (ValueKind::Formula(formula), _) | (_, Some(ValueKind::Formula(formula))) => {
                (formula.origin.clone(), formula.start, formula.len)
            }
            _ => (super::lines::Origin::of(definition.value.span), 0, definition.value.span.len as usize),
        };
        let expr = Arc::new(Expr::If(Box::new(guard), Box::new(here), Box::new(otherwise)));
        definition.value.kind = ValueKind::Formula(Box::new(Formula { expr, origin, start, len }));
        Ok(())
    }
}

/// A value as an expression.
pub(super) fn tree(value: &Value) -> Result<Expr<Name>, Diagnostic> {
    match &value.kind {
        ValueKind::Number(number) => Ok(Expr::Const(*number)),
        ValueKind::Formula(formula) => Ok((*formula.expr).clone()),
        ValueKind::Word(word) => Ok(Expr::Leaf(Name::Ident { name: word.to_string(), at: 0 })),
        ValueKind::Text(_) | ValueKind::Vector(_) => {
            let error = Diagnostic::error(value.span, "only a number can be defined inside `.if`");
            Err(error.label("a number or an expression expected"))
        }
    }
}

/// The condition on the rest of a line; a lone `=` compares, as in ngspice.
fn condition_text(line: &Line, word: &Word) -> Result<Formula, Diagnostic> {
    let mut cursor = Cursor::new(line, Blanks::Strict)?;
    cursor.take()?;
    let Some((text, start)) = cursor.rest() else {
        return Err(Diagnostic::error(word.span, format!("`{}` has no condition", word.text))
            .label("a condition expected behind it")
            .hint("as in `.if (corner == 2)`"));
    };
    let bytes = text.as_bytes();
    let lone = |at: usize| {
        let near = |at: Option<usize>| at.and_then(|at| bytes.get(at)).copied();
        bytes[at] == b'='
            && near(Some(at + 1)) != Some(b'=')
            && !matches!(near(at.checked_sub(1)), Some(b'=' | b'!' | b'<' | b'>'))
    };
    if !(0..bytes.len()).any(lone) {
        let text = text.trim();
        let inner = text.strip_prefix('{').and_then(|inner| inner.strip_suffix('}'));
        let inner = inner.or_else(|| text.strip_prefix('\'').and_then(|inner| inner.strip_suffix('\'')));
        return match inner {
            Some(inner) => value::formula(&cursor, inner, start + 1),
            None => value::formula(&cursor, text, start),
        };
    }
    let doubled: String =
        text.char_indices().map(|(at, c)| if lone(at) { "==".into() } else { c.to_string() }).collect();
    value::formula(&cursor, &doubled, start)
}

fn constant(line: &Line, word: &Word, value: f64) -> Formula {
    Formula { expr: Arc::new(Expr::Const(value)), origin: line.origin.clone(), start: 0, len: word.text.len() }
}
