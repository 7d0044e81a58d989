//! Syntax tree of a vector expression.

use std::fmt;

/// An expression and its place in the text it was parsed from.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: Kind,
    /// First byte in the text.
    pub at: usize,
    /// Length in bytes.
    pub len: usize,
}

/// Kinds of expressions.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A number.
    Number(f64),
    /// A vector by its name.
    Vector(Reference),
    /// Unary operator.
    Unary(Unary, Box<Expr>),
    /// Binary operator.
    Binary(Binary, Box<Expr>, Box<Expr>),
    /// `cond ? a : b`
    If(Box<[Expr; 3]>),
    /// A function with its arguments; the name is lower case.
    Call(String, Vec<Expr>),
    /// `x[3]`: one element.
    Index(Box<Expr>, Box<Expr>),
    /// `x[1,3]`: elements 1 to 3.
    Slice(Box<[Expr; 3]>),
    /// `x[[1m,2m]]`: the elements whose place on the axis is in the interval.
    Window(Box<[Expr; 3]>),
    /// `(re, im)`
    Complex(Box<[Expr; 2]>),
}

/// Name of a vector, with the plot it is in when that is said (`tran1.v(out)`).
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// Plot, lower case.
    pub plot: Option<String>,
    /// Vector in it.
    pub name: Name,
}

/// Spellings of a quantity, lower case.
#[derive(Clone, Debug, PartialEq)]
pub enum Name {
    /// `v(a)` or `v(a,b)`; also `n(a)` of Xyce.
    Voltage(String, Option<String>),
    /// `i(r1)`
    Current(String),
    /// `ib(q1)`: current into the terminal `b`.
    Terminal(String, String),
    /// `p(r1)` or `w(r1)`: power taken up.
    Power(String),
    /// `@m1[gm]`
    Internal(String, String),
    /// Any other name: `out`, `time`, `v1#branch`, a measure, a constant.
    Plain(String),
}

/// Unary operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unary {
    /// `-a`
    Negate,
    /// `!a`, `~a`, `not a`
    Not,
}

/// Binary operators; comparisons and logic give 0 or 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    /// Remainder with the sign of the dividend.
    Modulo,
    Power,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
    NotEqual,
    And,
    Or,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Name::Voltage(a, None) => write!(f, "v({a})"),
            Name::Voltage(a, Some(b)) => write!(f, "v({a},{b})"),
            Name::Current(element) => write!(f, "i({element})"),
            Name::Terminal(terminal, element) => write!(f, "i{terminal}({element})"),
            Name::Power(element) => write!(f, "p({element})"),
            Name::Internal(element, quantity) => write!(f, "@{element}[{quantity}]"),
            Name::Plain(name) => f.write_str(name),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match &self.plot {
            Some(plot) => write!(f, "{plot}.{}", self.name),
            None => self.name.fmt(f),
        }
    }
}

impl Expr {
    /// A number without a place in the text.
    pub fn number(value: f64) -> Self {
        Self { kind: Kind::Number(value), at: 0, len: 0 }
    }

    /// Calls `visit` for every vector name.
    pub fn references(&self, visit: &mut dyn FnMut(&Expr, &Reference)) {
        match &self.kind {
            Kind::Vector(reference) => visit(self, reference),
            _ => self.parts().into_iter().for_each(|part| part.references(visit)),
        }
    }

    /// The subexpressions.
    pub fn parts(&self) -> Vec<&Expr> {
        match &self.kind {
            Kind::Number(_) | Kind::Vector(_) => Vec::new(),
            Kind::Unary(_, a) => vec![a],
            Kind::Binary(_, a, b) | Kind::Index(a, b) => vec![a, b],
            Kind::If(all) | Kind::Slice(all) | Kind::Window(all) => all.iter().collect(),
            Kind::Complex(all) => all.iter().collect(),
            Kind::Call(_, all) => all.iter().collect(),
        }
    }

    /// The same for changes.
    fn parts_mut(&mut self) -> Vec<&mut Expr> {
        match &mut self.kind {
            Kind::Number(_) | Kind::Vector(_) => Vec::new(),
            Kind::Unary(_, a) => vec![a],
            Kind::Binary(_, a, b) | Kind::Index(a, b) => vec![a, b],
            Kind::If(all) | Kind::Slice(all) | Kind::Window(all) => all.iter_mut().collect(),
            Kind::Complex(all) => all.iter_mut().collect(),
            Kind::Call(_, all) => all.iter_mut().collect(),
        }
    }

    /// Replaces vector names by what `with` gives for them and their place (first byte, length): a parameter's value, an
    /// argument of a function.
    pub fn replace(&mut self, with: &mut dyn FnMut(&Reference, usize, usize) -> Option<Kind>) {
        if let Kind::Vector(reference) = &self.kind {
            if let Some(kind) = with(reference, self.at, self.len) {
                self.kind = kind;
            }
            return;
        }
        for part in self.parts_mut() {
            part.replace(with);
        }
    }

    /// Replaces calls of user functions by what `body` gives for the name and the arguments, from the inside out.
    pub fn expand(&mut self, body: &dyn Fn(&str, &[Expr]) -> Option<Kind>) {
        for part in self.parts_mut() {
            part.expand(body);
        }
        if let Kind::Call(name, arguments) = &self.kind
            && let Some(kind) = body(name, arguments)
        {
            self.kind = kind;
        }
    }

    /// The value, when the expression is a plain number.
    pub fn as_number(&self) -> Option<f64> {
        match &self.kind {
            Kind::Number(value) => Some(*value),
            Kind::Unary(Unary::Negate, a) => a.as_number().map(|x| -x),
            _ => None,
        }
    }
}
