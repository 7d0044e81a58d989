//! Expression text to syntax tree.
//!
//! Precedence, loosest first: `?:` (from the right), `||`, `&&`, `== != <>`, `< <= > >=`, `+ -`, `* / %`, unary `- + !`,
//! `^ **` (from the left, as in ngspice). Braces inside an expression are parentheses.

use nom::Parser as _;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_while, take_while1};
use nom::combinator::{recognize, value, verify};
use nom::error::Error;
use nom::sequence::pair;

use super::MAX_HEIGHT;
use super::ast::{Binary, Builtin, Expr, Name, Unary};
use super::number::number_in;
use crate::dialect::Dialect;

/// Greatest depth of nested parentheses, arguments, signs, powers and conditionals.
const MAX_NESTING: usize = 200;

/// Where the text stops being an expression, and what would have been accepted there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}")]
pub struct ParseError {
    /// Byte offset in the text.
    pub at: usize,
    /// What was expected at that place.
    pub expected: String,
}

/// Parses the whole of `text` as an expression.
///
/// # Errors
/// At the first place that cannot belong to an expression; also when it is nested too deeply (200 parentheses, signs,
/// powers or conditionals; 1000 levels in all, which is as well the greatest number of terms in one sum or product).
pub fn expression(text: &str) -> Result<Expr<Name>, ParseError> {
    expression_in(text, Dialect::Ngspice)
}

/// As [`expression`], in the reading of a dialect: numbers, `^` (exclusive or in LTspice and Xyce), `&` and `|`, the
/// logical reading of numbers (true above one half in LTspice) and the meaning of powers and of `log`.
///
/// # Errors
/// As [`expression`].
pub fn expression_in(text: &str, dialect: Dialect) -> Result<Expr<Name>, ParseError> {
    let mut parser = Parser { text, rest: text, nesting: 0, dialect };
    let tree = parser.conditional()?;
    parser.skip_space();
    if parser.rest.is_empty() {
        Ok(tree.expr)
    } else {
        Err(parser.expected("an operator or the end of the expression"))
    }
}

/// A subtree and its height.
struct Tree {
    expr: Expr<Name>,
    height: usize,
}

struct Parser<'a> {
    text: &'a str,
    rest: &'a str,
    nesting: usize,
    dialect: Dialect,
}

/// A token that nom recognises.
trait Token<'a, O>: nom::Parser<&'a str, Output = O, Error = Error<&'a str>> {}
impl<'a, O, P: nom::Parser<&'a str, Output = O, Error = Error<&'a str>>> Token<'a, O> for P {}

impl<'a> Parser<'a> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn at(&self) -> usize {
        self.text.len() - self.rest.len()
    }

    fn expected(&self, expected: impl Into<String>) -> ParseError {
        ParseError { at: self.at(), expected: expected.into() }
    }

    /// Takes a token if it comes next.
    fn take<O>(&mut self, mut token: impl Token<'a, O>) -> Option<O> {
        self.skip_space();
        let (rest, output) = token.parse(self.rest).ok()?;
        self.rest = rest;
        Some(output)
    }

    fn symbol(&mut self, symbol: &'static str) -> bool {
        self.take(tag(symbol)).is_some()
    }

    fn require(&mut self, symbol: &'static str) -> Result<(), ParseError> {
        if self.symbol(symbol) { Ok(()) } else { Err(self.expected(format!("`{symbol}`"))) }
    }

    fn nested<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T, ParseError>) -> Result<T, ParseError> {
        if self.nesting == MAX_NESTING {
            return Err(self.too_deep());
        }
        self.nesting += 1;
        let result = inner(self);
        self.nesting -= 1;
        result
    }

    fn too_deep(&self) -> ParseError {
        self.expected("less nesting: the expression is nested too deeply")
    }

    /// A tree over subtrees of the given greatest height.
    fn grow(&self, below: usize, expr: Expr<Name>) -> Result<Tree, ParseError> {
        let height = below + 1;
        if height > MAX_HEIGHT { Err(self.too_deep()) } else { Ok(Tree { expr, height }) }
    }

    fn conditional(&mut self) -> Result<Tree, ParseError> {
        let condition = self.binary(0)?;
        if !self.symbol("?") {
            return Ok(condition);
        }
        let yes = self.nested(Self::conditional)?;
        self.require(":")?;
        let no = self.nested(Self::conditional)?;
        let below = condition.height.max(yes.height).max(no.height);
        self.grow(below, Expr::If(Box::new(condition.expr), Box::new(yes.expr), Box::new(no.expr)))
    }

    /// Operators that bind at least as tightly as `loosest`, from the left.
    fn binary(&mut self, loosest: u8) -> Result<Tree, ParseError> {
        let mut left = self.unary()?;
        loop {
            let before = self.rest;
            let dialect = self.dialect;
            let found = self.take(|text| operator(text, dialect));
            let Some((op, precedence)) = found else { return Ok(left) };
            if precedence < loosest {
                self.rest = before;
                return Ok(left);
            }
            let right = self.binary(precedence + 1)?;
            let below = left.height.max(right.height);
            let (a, b) = (Box::new(left.expr), Box::new(right.expr));
            left = match op {
                Operator::Plain(op) => self.grow(below, Expr::Binary(op, a, b))?,
                Operator::Logical(op @ (Binary::And | Binary::Or)) if self.dialect != Dialect::Ltspice => {
                    self.grow(below, Expr::Binary(op, a, b))?
                }
                Operator::Logical(op) => self.grow(below + 1, Expr::Binary(op, self.truth(a), self.truth(b)))?,
            };
        }
    }

    /// The logical value of a number: LTspice takes what is above one half as true, the others what is not zero.
    fn truth(&self, x: Box<Expr<Name>>) -> Box<Expr<Name>> {
        Box::new(match self.dialect {
            Dialect::Ltspice => Expr::Binary(Binary::Less, Box::new(Expr::Const(0.5)), x),
            _ => Expr::Binary(Binary::NotEqual, x, Box::new(Expr::Const(0.0))),
        })
    }

    fn unary(&mut self) -> Result<Tree, ParseError> {
        if self.symbol("+") {
            return self.nested(Self::unary);
        }
        let op = match self.take(alt((value(Unary::Negate, tag("-")), value(Unary::Not, alt((tag("!"), tag("~"))))))) {
            Some(op) => op,
            None => return self.power(),
        };
        let operand = self.nested(Self::unary)?;
        let inner = Box::new(operand.expr);
        if op == Unary::Not && self.dialect == Dialect::Ltspice {
            return self.grow(operand.height + 1, Expr::Unary(op, self.truth(inner)));
        }
        self.grow(operand.height, Expr::Unary(op, inner))
    }

    /// Powers from the left, as in ngspice: 2^3^2 = 8^2.
    fn power(&mut self) -> Result<Tree, ParseError> {
        let mut base = self.primary()?;
        let caret = matches!(self.dialect, Dialect::Ngspice | Dialect::Hspice);
        let op = if self.dialect == Dialect::Ngspice { Binary::Power } else { Binary::RealPower };
        while self.symbol("**") || (caret && self.symbol("^")) {
            let exponent = self.exponent()?;
            let below = base.height.max(exponent.height);
            base = self.grow(below, Expr::Binary(op, Box::new(base.expr), Box::new(exponent.expr)))?;
        }
        Ok(base)
    }

    /// An exponent may carry signs: 2^-3.
    fn exponent(&mut self) -> Result<Tree, ParseError> {
        if self.symbol("+") {
            return self.nested(Self::exponent);
        }
        if !self.symbol("-") {
            return self.primary();
        }
        let operand = self.nested(Self::exponent)?;
        self.grow(operand.height, Expr::Unary(Unary::Negate, Box::new(operand.expr)))
    }

    fn primary(&mut self) -> Result<Tree, ParseError> {
        for (open, close) in [("(", ")"), ("{", "}")] {
            if self.symbol(open) {
                let inner = self.nested(Self::conditional)?;
                self.require(close)?;
                return Ok(inner);
            }
        }
        if self.rest.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
            let (value, length) =
                number_in(self.rest, self.dialect).ok_or_else(|| self.expected("a number that a double can hold"))?;
            self.rest = &self.rest[length..];
            return self.grow(0, Expr::Const(value));
        }
        let at = self.at();
        match self.take(identifier) {
            Some(name) => self.named(name.to_lowercase(), at),
            None => Err(self.expected("a number, a name or `(`")),
        }
    }

    /// What a name starts: a call, a voltage, a current or just the name.
    fn named(&mut self, name: String, at: usize) -> Result<Tree, ParseError> {
        if !self.symbol("(") {
            return self.grow(0, Expr::Leaf(Name::Ident { name, at }));
        }
        let leaf = match name.as_str() {
            "v" => {
                let plus = self.circuit_name("a node name")?;
                let minus = if self.symbol(",") { Some(self.circuit_name("a node name")?) } else { None };
                Name::Voltage { plus, minus, at }
            }
            "i" => Name::Current { element: self.circuit_name("an element name")?, at },
            _ => return self.call(name, at),
        };
        self.require(")")?;
        self.grow(0, Expr::Leaf(leaf))
    }

    fn call(&mut self, function: String, at: usize) -> Result<Tree, ParseError> {
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
        let expr = match Builtin::find(&function, arguments.len(), self.dialect) {
            Some(builtin) => Expr::Call(builtin, arguments),
            None => Expr::Leaf(Name::Call { function, arguments, at }),
        };
        self.grow(below, expr)
    }

    fn circuit_name(&mut self, what: &'static str) -> Result<String, ParseError> {
        let part = |c: char| !c.is_whitespace() && !"(),{}".contains(c);
        self.take(take_while1(part)).map(str::to_lowercase).ok_or_else(|| self.expected(what))
    }
}

/// A binary operator, and whether its operands are logical values.
#[derive(Clone, Copy)]
enum Operator {
    Plain(Binary),
    Logical(Binary),
}

/// A binary operator with its precedence; powers are not among them.
fn operator(text: &str, dialect: Dialect) -> nom::IResult<&str, (Operator, u8)> {
    use Operator::{Logical, Plain};
    let single = dialect != Dialect::Hspice;
    let exclusive = matches!(dialect, Dialect::Ltspice | Dialect::Xyce);
    alt((
        value((Logical(Binary::Or), 0), tag("||")),
        value((Logical(Binary::And), 1), tag("&&")),
        verify(value((Logical(Binary::Or), 0), tag("|")), |_| single),
        verify(value((Logical(Binary::And), 1), tag("&")), |_| single),
        verify(value((Logical(Binary::NotEqual), 0), tag("^")), |_| exclusive),
        value((Plain(Binary::Equal), 2), tag("==")),
        value((Plain(Binary::NotEqual), 2), alt((tag("!="), tag("<>")))),
        value((Plain(Binary::LessEqual), 3), tag("<=")),
        value((Plain(Binary::GreaterEqual), 3), tag(">=")),
        value((Plain(Binary::Less), 3), tag("<")),
        value((Plain(Binary::Greater), 3), tag(">")),
        value((Plain(Binary::Add), 4), tag("+")),
        value((Plain(Binary::Subtract), 4), tag("-")),
        value((Plain(Binary::Multiply), 5), tag("*")),
        value((Plain(Binary::Divide), 5), tag("/")),
        value((Plain(Binary::Modulo), 5), tag("%")),
    ))
    .parse(text)
}

fn identifier(text: &str) -> nom::IResult<&str, &str> {
    let first = |c: char| c.is_alphabetic() || "_@$#".contains(c);
    let later = |c: char| c.is_alphanumeric() || "_.@$#[]".contains(c);
    recognize(pair(take_while1(first), take_while(later))).parse(text)
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
