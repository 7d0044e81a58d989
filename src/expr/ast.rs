//! Syntax tree of an expression.

/// An expression over leaves `L`: names as parsed ([`Name`]), or what a circuit resolves them to.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr<L> {
    /// A number.
    Const(f64),
    /// A name or a circuit quantity.
    Leaf(L),
    /// Unary operator.
    Unary(Unary, Box<Expr<L>>),
    /// Binary operator.
    Binary(Binary, Box<Expr<L>>, Box<Expr<L>>),
    /// `cond ? a : b`
    If(Box<Expr<L>>, Box<Expr<L>>, Box<Expr<L>>),
    /// A built-in function with its arguments (the arity has been checked).
    Call(Builtin, Vec<Expr<L>>),
}

/// A leaf as written, before resolution. Names are lower case. `at` is the byte offset in the parsed text.
#[derive(Clone, Debug, PartialEq)]
pub enum Name {
    /// A parameter, or `time`, `temper`, `hertz`.
    Ident { name: String, at: usize },
    /// `v(a)` or `v(a,b)`.
    Voltage { plus: String, minus: Option<String>, at: usize },
    /// `i(name)`.
    Current { element: String, at: usize },
    /// A call of a function that is not built in (`.func`).
    Call { function: String, arguments: Vec<Expr<Name>>, at: usize },
}

/// Unary operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unary {
    /// `-a`
    Negate,
    /// `!a`
    Not,
}

/// Binary operators. Comparisons and logic give 0 or 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    /// Remainder with the sign of the dividend, as C's `fmod`.
    Modulo,
    /// `x ^ y` and `x ** y`: |x|^y, as ngspice has it.
    Power,
    /// The real part of x^y, as the other dialects have it.
    RealPower,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
    NotEqual,
    And,
    Or,
}

/// Built-in functions of the ngspice dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Builtin {
    Abs,
    Acos,
    Acosh,
    Asin,
    Asinh,
    Atan,
    /// Another name of `atan`.
    Arctan,
    Atan2,
    Atanh,
    Ceil,
    Cos,
    Cosh,
    Exp,
    Floor,
    Int,
    Nint,
    Ln,
    /// Natural logarithm, as `ln`.
    Log,
    Log10,
    Max,
    Min,
    Pow,
    Pwr,
    Pwl,
    Sgn,
    Sin,
    Sinh,
    Sqrt,
    Step,
    StepUnit2,
    Ramp,
    Tan,
    Tanh,
    Limit,
    Ternary,
    /// `ddt(x)`: derivative with respect to time.
    Derivative,
    /// `idt(x)`, `sdt(x)`, with a value at the operating point as second argument: integral over time.
    Integral,
    /// `delay(x, t)`: x a time t ago.
    Delay,
    /// Input and transfer function of `s`; has no spelling of its own.
    Transfer,
    /// Input, then frequency (Hz), real and imaginary part of points of a response; has no spelling of its own.
    Response,
    /// `if(c,a,b)`
    If,
    /// `table(x, x1,y1, ..)`: a polygon, constant outside its points.
    Table,
    /// 1 above 0, else 0.
    Stp,
    /// `sign(x,y)`: |x| with the sign of y.
    Sign,
    Hypot,
    Cbrt,
    /// `sqr(x)`: x^2
    Sqr,
    Arcsin,
    Arccos,
    /// sgn(x) |x|^y
    Pwrs,
    /// 20 log10 |x|
    Db,
    /// 1 above one half, else 0.
    Buf,
    /// 0 above one half, else 1.
    Inv,
    Round,
    /// `log` as the decimal logarithm (Xyce).
    LogDecimal,
    /// `log` as sgn(x) ln |x| (HSPICE).
    LogSigned,
    /// `log10` as sgn(x) log10 |x| (HSPICE).
    Log10Signed,
    /// `sqrt` as sgn(x) sqrt |x| (HSPICE).
    SqrtSigned,
    /// `pow`: the real part of x^y (LTspice, HSPICE, Xyce).
    PowReal,
    /// `pwr` as |x|^y everywhere (LTspice, Xyce).
    PwrAbsolute,
    /// `pwr` as sgn(x) |x|^y everywhere (HSPICE).
    PwrSigned,
}

impl Builtin {
    /// True for functions of the past of their argument, which the devices realise with unknowns of their own.
    pub fn has_memory(self) -> bool {
        matches!(self, Builtin::Derivative | Builtin::Integral | Builtin::Delay | Builtin::Transfer | Builtin::Response)
    }
}

impl<L> Expr<L> {
    /// Visits every leaf.
    pub fn each_leaf(&self, visit: &mut dyn FnMut(&L)) {
        match self {
            Expr::Const(_) => {}
            Expr::Leaf(leaf) => visit(leaf),
            Expr::Unary(_, x) => x.each_leaf(visit),
            Expr::Binary(_, a, b) => {
                a.each_leaf(visit);
                b.each_leaf(visit);
            }
            Expr::If(c, a, b) => {
                c.each_leaf(visit);
                a.each_leaf(visit);
                b.each_leaf(visit);
            }
            Expr::Call(_, arguments) => arguments.iter().for_each(|argument| argument.each_leaf(visit)),
        }
    }
}
