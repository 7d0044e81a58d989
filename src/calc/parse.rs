//! Text to syntax tree (nom). Binding from loose to tight: `?:`, or, and, equality, order, sum, product, sign, power.

use nom::Parser as Token;
use nom::branch::alt;
use nom::bytes::complete::{tag, tag_no_case, take_while, take_while1};
use nom::combinator::{not, peek, recognize, value};
use nom::sequence::{pair, terminated};

use super::ast::{Binary, Expr, Kind, Name, Reference, Unary};
use crate::expr::number;

/// Deepest nesting of parentheses and signs.
const MOST_NESTING: usize = 100;
/// Highest tree.
const MOST_HEIGHT: usize = 2_000;

/// What was expected where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}")]
pub struct ParseError {
    /// Byte offset.
    pub at: usize,
    /// What should stand there.
    pub expected: String,
}

/// Parses all of `text`.
///
/// # Errors
/// The first place that makes no sense.
pub fn parse(text: &str) -> Result<Expr, ParseError> {
    let (expr, used) = parse_prefix(text)?;
    if text[used..].trim().is_empty() {
        Ok(expr)
    } else {
        let at = text.len() - text[used..].trim_start().len();
        Err(ParseError { at, expected: "an operator or the end".into() })
    }
}

/// Parses the longest expression at the start of `text`; the second value is the number of bytes it takes.
///
/// # Errors
/// As [`parse`].
pub fn parse_prefix(text: &str) -> Result<(Expr, usize), ParseError> {
    let mut parser = Parser { text, rest: text, nesting: 0 };
    let tree = parser.conditional()?;
    Ok((tree.expr, parser.at()))
}

/// An expression and the height of its tree.
struct Tree {
    expr: Expr,
    height: usize,
}

struct Parser<'a> {
    text: &'a str,
    rest: &'a str,
    nesting: usize,
}

type Parsed<T> = Result<T, ParseError>;
type Found<'a, T> = nom::IResult<&'a str, T>;

impl<'a> Parser<'a> {
    fn at(&self) -> usize {
        self.text.len() - self.rest.len()
    }

    fn expected(&self, what: impl Into<String>) -> ParseError {
        let at = self.text.len() - self.rest.trim_start().len();
        ParseError { at, expected: what.into() }
    }

    /// Takes a token if it comes next; blanks before it only then.
    fn take<O>(&mut self, mut token: impl Token<&'a str, Output = O, Error = nom::error::Error<&'a str>>) -> Option<O> {
        let (rest, output) = token.parse(self.rest.trim_start()).ok()?;
        self.rest = rest;
        Some(output)
    }

    fn symbol(&mut self, symbol: &'static str) -> bool {
        self.take(tag(symbol)).is_some()
    }

    fn require(&mut self, symbol: &'static str) -> Parsed<()> {
        if self.symbol(symbol) { Ok(()) } else { Err(self.expected(format!("`{symbol}`"))) }
    }

    /// Start of the next token.
    fn start(&self) -> usize {
        self.text.len() - self.rest.trim_start().len()
    }

    fn nested<T>(&mut self, inner: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.nesting == MOST_NESTING {
            return Err(self.expected("less nesting: the expression is nested too deeply"));
        }
        self.nesting += 1;
        let result = inner(self);
        self.nesting -= 1;
        result
    }

    fn tree(&self, start: usize, below: usize, kind: Kind) -> Parsed<Tree> {
        if below >= MOST_HEIGHT {
            return Err(self.expected("fewer operators: the expression is too long"));
        }
        Ok(Tree { expr: Expr { kind, at: start, len: self.at() - start }, height: below + 1 })
    }

    fn conditional(&mut self) -> Parsed<Tree> {
        let start = self.start();
        let condition = self.binary(0)?;
        if !self.symbol("?") {
            return Ok(condition);
        }
        let yes = self.nested(Self::conditional)?;
        self.require(":")?;
        let no = self.nested(Self::conditional)?;
        let below = condition.height.max(yes.height).max(no.height);
        self.tree(start, below, Kind::If(Box::new([condition.expr, yes.expr, no.expr])))
    }

    /// Operators that bind at least as tightly as `loosest`, from the left.
    fn binary(&mut self, loosest: u8) -> Parsed<Tree> {
        let start = self.start();
        let mut left = self.unary()?;
        loop {
            let before = self.rest;
            let Some((op, precedence)) = self.take(operator) else { return Ok(left) };
            if precedence < loosest {
                self.rest = before;
                return Ok(left);
            }
            let right = self.binary(precedence + 1)?;
            let below = left.height.max(right.height);
            left = self.tree(start, below, Kind::Binary(op, Box::new(left.expr), Box::new(right.expr)))?;
        }
    }

    fn unary(&mut self) -> Parsed<Tree> {
        let start = self.start();
        if self.symbol("+") {
            return self.nested(Self::unary);
        }
        let not = alt((tag("!"), tag("~"), terminated(tag_no_case("not"), boundary)));
        let op = match self.take(alt((value(Unary::Negate, tag("-")), value(Unary::Not, not)))) {
            Some(op) => op,
            None => return self.power(),
        };
        let operand = self.nested(Self::unary)?;
        self.tree(start, operand.height, Kind::Unary(op, Box::new(operand.expr)))
    }

    /// Powers from the right: 2^3^2 = 2^9; an exponent may carry a sign.
    fn power(&mut self) -> Parsed<Tree> {
        let start = self.start();
        let base = self.element()?;
        if !(self.symbol("^") || self.symbol("**")) {
            return Ok(base);
        }
        let exponent = self.nested(Self::unary)?;
        let below = base.height.max(exponent.height);
        self.tree(start, below, Kind::Binary(Binary::Power, Box::new(base.expr), Box::new(exponent.expr)))
    }

    /// A primary with its subscripts.
    fn element(&mut self) -> Parsed<Tree> {
        let start = self.start();
        let mut tree = self.primary()?;
        // A subscript follows without a blank.
        while self.rest.starts_with('[') {
            self.rest = &self.rest[1..];
            let window = self.symbol("[");
            let low = self.nested(Self::conditional)?;
            let below = tree.height.max(low.height);
            if self.symbol(",") {
                let high = self.nested(Self::conditional)?;
                self.require("]")?;
                if window {
                    self.require("]")?;
                }
                let below = below.max(high.height);
                let all = Box::new([tree.expr, low.expr, high.expr]);
                tree = self.tree(start, below, if window { Kind::Window(all) } else { Kind::Slice(all) })?;
            } else {
                self.require("]")?;
                tree = if window {
                    self.require("]")?;
                    let all = Box::new([tree.expr, low.expr.clone(), low.expr]);
                    self.tree(start, below, Kind::Window(all))?
                } else {
                    self.tree(start, below, Kind::Index(Box::new(tree.expr), Box::new(low.expr)))?
                };
            }
        }
        Ok(tree)
    }

    fn primary(&mut self) -> Parsed<Tree> {
        let start = self.start();
        for (open, close) in [("(", ")"), ("{", "}"), ("'", "'"), ("\"", "\"")] {
            if !self.symbol(open) {
                continue;
            }
            let inner = self.nested(Self::conditional)?;
            if open == "(" && self.symbol(",") {
                let imaginary = self.nested(Self::conditional)?;
                self.require(")")?;
                let below = inner.height.max(imaginary.height);
                return self.tree(start, below, Kind::Complex(Box::new([inner.expr, imaginary.expr])));
            }
            self.require(close)?;
            return Ok(Tree { expr: Expr { at: start, len: self.at() - start, ..inner.expr }, height: inner.height });
        }
        let rest = self.rest.trim_start();
        if rest.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
            let (value, length) = number(rest).ok_or_else(|| self.expected("a number that a double can hold"))?;
            self.rest = &rest[length..];
            return self.tree(start, 0, Kind::Number(value));
        }
        if rest.starts_with('@') {
            let name = self.internal()?;
            return self.tree(start, 0, Kind::Vector(Reference { plot: None, name }));
        }
        match self.take(identifier) {
            Some(name) => self.named(name.to_lowercase(), start),
            None => Err(self.expected("a number, a name or `(`")),
        }
    }

    /// `@element[quantity]`, or `@element` alone for its main quantity.
    fn internal(&mut self) -> Parsed<Name> {
        self.symbol("@");
        let part = |c: char| !c.is_whitespace() && !"()[]{}',\"=+*/^".contains(c);
        let Some(element) = self.take(take_while1(part)) else { return Err(self.expected("the name of an element")) };
        if !self.rest.starts_with('[') {
            return Ok(Name::Internal(element.to_lowercase(), String::new()));
        }
        self.rest = &self.rest[1..];
        let part = |c: char| !c.is_whitespace() && !"()[]{}'\"".contains(c);
        let Some(quantity) = self.take(take_while1(part)) else { return Err(self.expected("the name of a quantity")) };
        self.require("]")?;
        Ok(Name::Internal(element.to_lowercase(), quantity.to_lowercase()))
    }

    /// What a name starts: a quantity of the circuit, a function, or just the name.
    fn named(&mut self, name: String, start: usize) -> Parsed<Tree> {
        if let Some(plot) = name.strip_suffix('.')
            && self.rest.starts_with('@')
        {
            let name = self.internal()?;
            return self.tree(start, 0, Kind::Vector(Reference { plot: Some(plot.into()), name }));
        }
        if !self.rest.starts_with('(') {
            return self.tree(start, 0, Kind::Vector(Reference { plot: None, name: Name::Plain(name) }));
        }
        let (plot, function) = match name.rsplit_once('.') {
            Some((plot, function)) => (Some(plot.to_string()), function),
            None => (None, &*name),
        };
        if function == "par" && plot.is_none() {
            self.rest = &self.rest[1..];
            let inner = self.nested(Self::conditional)?;
            self.require(")")?;
            return Ok(inner);
        }
        match quantity(function) {
            Some(quantity) => self.quantity(quantity, plot, start),
            None => self.call(name, start),
        }
    }

    /// `v(..)`, `ib(..)`, `vdb(..)`: names of the circuit in parentheses, not expressions.
    fn quantity(&mut self, quantity: Quantity, plot: Option<String>, start: usize) -> Parsed<Tree> {
        let before = self.rest;
        self.rest = &self.rest[1..];
        let first = self.circuit_name()?;
        let voltage = matches!(quantity.what, What::Voltage);
        let second = if voltage && self.symbol(",") { Some(self.circuit_name()?) } else { None };
        // `im(v(out))`, `i(..)` of an expression: a function after all.
        if !self.symbol(")") {
            if let Some(function) = quantity.function {
                self.rest = before;
                return self.call(function.to_string(), start);
            }
            return Err(self.expected("`)`"));
        }
        let name = match quantity.what {
            What::Voltage => Name::Voltage(first, second),
            What::Current => Name::Current(first),
            What::Terminal(terminal) => Name::Terminal(terminal.into(), first),
            What::Power => Name::Power(first),
        };
        let vector = self.tree(start, 0, Kind::Vector(Reference { plot, name }))?;
        match quantity.part {
            None => Ok(vector),
            Some(part) => self.tree(start, vector.height, Kind::Call(part.into(), vec![vector.expr])),
        }
    }

    fn circuit_name(&mut self) -> Parsed<String> {
        let part = |c: char| !c.is_whitespace() && !"(),{}'\"".contains(c);
        let name = self.take(take_while1(part)).map(str::to_lowercase);
        name.ok_or_else(|| self.expected("the name of a node or an element"))
    }

    fn call(&mut self, function: String, start: usize) -> Parsed<Tree> {
        self.rest = &self.rest[1..];
        let mut arguments = Vec::new();
        let mut below = 0;
        while !(arguments.is_empty() && self.symbol(")")) {
            let argument = self.nested(Self::conditional)?;
            below = below.max(argument.height);
            arguments.push(argument.expr);
            if self.symbol(")") {
                break;
            }
            if !self.symbol(",") {
                return Err(self.expected("`,` or `)`"));
            }
        }
        self.tree(start, below, Kind::Call(function, arguments))
    }
}

/// What a quantity of the circuit is, and which part of a complex value is meant.
struct Quantity {
    what: What,
    part: Option<&'static str>,
    /// The function of the same name, when there is an expression in the parentheses.
    function: Option<&'static str>,
}

enum What {
    Voltage,
    Current,
    Terminal(&'static str),
    Power,
}

fn quantity(name: &str) -> Option<Quantity> {
    let part = |what, part| Some(Quantity { what, part, function: None });
    match name {
        "v" | "n" => part(What::Voltage, None),
        "vm" => part(What::Voltage, Some("mag")),
        "vp" => part(What::Voltage, Some("ph")),
        "vr" => part(What::Voltage, Some("re")),
        "vi" => part(What::Voltage, Some("im")),
        "vdb" => part(What::Voltage, Some("db")),
        "i" => part(What::Current, None),
        "ip" => part(What::Current, Some("ph")),
        "ir" => part(What::Current, Some("re")),
        "ii" => part(What::Current, Some("im")),
        "idb" => part(What::Current, Some("db")),
        "p" | "w" => part(What::Power, None),
        "ib" => part(What::Terminal("b"), None),
        "ic" => part(What::Terminal("c"), None),
        "ie" => part(What::Terminal("e"), None),
        "id" => part(What::Terminal("d"), None),
        "ig" => part(What::Terminal("g"), None),
        "is" => part(What::Terminal("s"), None),
        _ => None,
    }
}

/// No letter or digit follows.
fn boundary(text: &str) -> Found<'_, ()> {
    let more = take_while1(|c: char| c.is_alphanumeric() || c == '_' || c == '(' || c == '.');
    value((), peek(not(more))).parse(text)
}

/// A binary operator with its precedence; powers are not among them.
fn operator(text: &str) -> Found<'_, (Binary, u8)> {
    alt((symbol_operator, word_operator)).parse(text)
}

fn symbol_operator(text: &str) -> Found<'_, (Binary, u8)> {
    alt((
        value((Binary::Or, 0), alt((tag("||"), tag("|")))),
        value((Binary::And, 1), alt((tag("&&"), tag("&")))),
        value((Binary::NotEqual, 2), alt((tag("!="), tag("<>")))),
        value((Binary::LessEqual, 3), alt((tag("<="), tag("=<")))),
        value((Binary::GreaterEqual, 3), alt((tag(">="), tag("=>")))),
        value((Binary::Equal, 2), alt((tag("=="), tag("=")))),
        value((Binary::Less, 3), tag("<")),
        value((Binary::Greater, 3), tag(">")),
        value((Binary::Add, 4), tag("+")),
        value((Binary::Subtract, 4), tag("-")),
        value((Binary::Multiply, 5), terminated(tag("*"), peek(not(tag("*"))))),
        value((Binary::Divide, 5), tag("/")),
        value((Binary::Modulo, 5), tag("%")),
    ))
    .parse(text)
}

fn word_operator(text: &str) -> Found<'_, (Binary, u8)> {
    let words = alt((
        value((Binary::Or, 0), tag_no_case("or")),
        value((Binary::And, 1), tag_no_case("and")),
        value((Binary::Equal, 2), tag_no_case("eq")),
        value((Binary::NotEqual, 2), tag_no_case("ne")),
        value((Binary::LessEqual, 3), tag_no_case("le")),
        value((Binary::GreaterEqual, 3), tag_no_case("ge")),
        value((Binary::Less, 3), tag_no_case("lt")),
        value((Binary::Greater, 3), tag_no_case("gt")),
    ));
    terminated(words, boundary).parse(text)
}

fn identifier(text: &str) -> Found<'_, &str> {
    let first = |c: char| c.is_alphabetic() || "_#$".contains(c);
    let later = |c: char| c.is_alphanumeric() || "_.#$".contains(c);
    recognize(pair(take_while1(first), take_while(later))).parse(text)
}
