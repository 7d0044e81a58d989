//! Names and arities of the built-in functions.

use super::ast::Builtin;
use crate::dialect::Dialect;

/// Name, function, least and greatest number of arguments.
type Row = (&'static str, Builtin, usize, usize);

const TABLE: &[Row] = &[
    ("abs", Builtin::Abs, 1, 1),
    ("acos", Builtin::Acos, 1, 1),
    ("acosh", Builtin::Acosh, 1, 1),
    ("asin", Builtin::Asin, 1, 1),
    ("asinh", Builtin::Asinh, 1, 1),
    ("atan", Builtin::Atan, 1, 1),
    ("arctan", Builtin::Arctan, 1, 1),
    ("atan2", Builtin::Atan2, 2, 2),
    ("atanh", Builtin::Atanh, 1, 1),
    ("ceil", Builtin::Ceil, 1, 1),
    ("cos", Builtin::Cos, 1, 1),
    ("cosh", Builtin::Cosh, 1, 1),
    ("exp", Builtin::Exp, 1, 1),
    ("floor", Builtin::Floor, 1, 1),
    ("int", Builtin::Int, 1, 1),
    ("nint", Builtin::Nint, 1, 1),
    ("ln", Builtin::Ln, 1, 1),
    ("log", Builtin::Log, 1, 1),
    ("log10", Builtin::Log10, 1, 1),
    ("max", Builtin::Max, 2, usize::MAX),
    ("min", Builtin::Min, 2, usize::MAX),
    ("pow", Builtin::Pow, 2, 2),
    ("pwr", Builtin::Pwr, 2, 2),
    ("pwl", Builtin::Pwl, 5, usize::MAX),
    ("sgn", Builtin::Sgn, 1, 1),
    ("sin", Builtin::Sin, 1, 1),
    ("sinh", Builtin::Sinh, 1, 1),
    ("sqrt", Builtin::Sqrt, 1, 1),
    ("u", Builtin::Step, 1, 1),
    ("u2", Builtin::StepUnit2, 1, 1),
    ("uramp", Builtin::Ramp, 1, 1),
    ("tan", Builtin::Tan, 1, 1),
    ("tanh", Builtin::Tanh, 1, 1),
    ("limit", Builtin::Limit, 3, 3),
    ("ternary_fcn", Builtin::Ternary, 3, 3),
    ("ddt", Builtin::Derivative, 1, 1),
    ("idt", Builtin::Integral, 1, 2),
    ("sdt", Builtin::Integral, 1, 2),
    ("delay", Builtin::Delay, 2, 3),
    ("absdelay", Builtin::Delay, 2, 3),
    ("if", Builtin::If, 3, 3),
    ("table", Builtin::Table, 5, usize::MAX),
    ("stp", Builtin::Stp, 1, 1),
    ("sign", Builtin::Sign, 2, 2),
    ("hypot", Builtin::Hypot, 2, 2),
    ("sqr", Builtin::Sqr, 1, 1),
    ("cbrt", Builtin::Cbrt, 1, 1),
    ("arcsin", Builtin::Arcsin, 1, 1),
    ("arccos", Builtin::Arccos, 1, 1),
    ("pwrs", Builtin::Pwrs, 2, 2),
    ("db", Builtin::Db, 1, 1),
    ("buf", Builtin::Buf, 1, 1),
    ("inv", Builtin::Inv, 1, 1),
    ("round", Builtin::Round, 1, 1),
];

/// Functions that mean something else in other dialects than in ngspice's.
fn own(dialect: Dialect) -> &'static [Row] {
    match dialect {
        Dialect::Ngspice => &[],
        Dialect::Ltspice => LTSPICE,
        Dialect::Hspice => HSPICE,
        Dialect::Xyce => XYCE,
    }
}

const LTSPICE: &[Row] = &[("pow", Builtin::PowReal, 2, 2), ("pwr", Builtin::PwrAbsolute, 2, 2)];

const HSPICE: &[Row] = &[
    ("log", Builtin::LogSigned, 1, 1),
    ("log10", Builtin::Log10Signed, 1, 1),
    ("sqrt", Builtin::SqrtSigned, 1, 1),
    ("pow", Builtin::PowReal, 2, 2),
    ("pwr", Builtin::PwrSigned, 2, 2),
];

const XYCE: &[Row] =
    &[("log", Builtin::LogDecimal, 1, 1), ("pow", Builtin::PowReal, 2, 2), ("pwr", Builtin::PwrAbsolute, 2, 2)];

/// Random functions of parameters. `limit` with two arguments is one of them.
const RANDOM: &[&str] = &["agauss", "gauss", "aunif", "unif", "limit", "flat", "mc"];

impl Builtin {
    /// The built-in function `name` (lower case) when it takes `arguments` arguments.
    pub(super) fn find(name: &str, arguments: usize, dialect: Dialect) -> Option<Builtin> {
        let &(_, builtin, least, most) = own(dialect).iter().chain(TABLE).find(|row| row.0 == name)?;
        let paired = !matches!(builtin, Builtin::Pwl | Builtin::Table) || arguments % 2 == 1;
        (paired && (least..=most).contains(&arguments)).then_some(builtin)
    }

    /// The function's own name.
    pub(super) fn name(self) -> &'static str {
        let rows = TABLE.iter().chain(LTSPICE).chain(HSPICE).chain(XYCE);
        rows.into_iter().find(|row| row.1 == self).map_or("", |row| row.0)
    }
}

/// Why a call cannot be resolved: message and hint.
pub(super) fn unknown_call(name: &str, arguments: usize) -> (String, Option<String>) {
    if RANDOM.contains(&name) && (name != "limit" || arguments == 2) {
        let hint = "agauss(nominal,deviation,sigma), gauss(nominal,relative,sigma), aunif(nominal,deviation), \
                    unif(nominal,relative), limit(nominal,deviation) of numbers; limit(x,low,high) clips x";
        return (format!("random function `{name}` cannot stand here like this"), Some(hint.to_string()));
    }
    match TABLE.iter().find(|row| row.0 == name) {
        Some(&(_, Builtin::Pwl, ..)) => {
            (format!("`pwl` has {arguments} arguments"), Some("pwl(x,x1,y1,x2,y2,..) needs at least two points".into()))
        }
        Some(&(_, _, least, most)) => {
            let takes = match (least, most) {
                (1, 1) => "1 argument".to_string(),
                (_, usize::MAX) => format!("at least {least} arguments"),
                _ => format!("{least} arguments"),
            };
            (format!("`{name}` takes {takes}, {arguments} given"), None)
        }
        None => (format!("unknown function `{name}`"), nearest(name).map(|near| format!("did you mean `{near}`?"))),
    }
}

/// The built-in name with the fewest edits from `name`, if that is at most a third of its length (and at least one).
fn nearest(name: &str) -> Option<&'static str> {
    if name.len() > 24 {
        return None;
    }
    let near = TABLE.iter().map(|row| (edits(name, row.0), name.len().abs_diff(row.0.len()), row.0)).min()?;
    (near.0 <= (name.len() / 3).max(1)).then_some(near.2)
}

/// Edits (insert, delete, replace, swap of neighbours) that lead from `a` to `b`.
fn edits(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut rows: [Vec<usize>; 3] = [vec![0; b.len() + 1], (0..=b.len()).collect(), vec![0; b.len() + 1]];
    for i in 1..=a.len() {
        rows[2][0] = i;
        for j in 1..=b.len() {
            let replaced = rows[1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            rows[2][j] = replaced.min(rows[1][j] + 1).min(rows[2][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                rows[2][j] = rows[2][j].min(rows[0][j - 2] + 1);
            }
        }
        rows.rotate_left(1);
    }
    rows[1][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edit_distance() {
        for (a, b, distance) in [("", "abc", 3), ("sqrt", "sqrt", 0), ("sqtr", "sqrt", 1), ("kitten", "sitting", 3)] {
            assert_eq!(edits(a, b), distance, "{a} {b}");
            assert_eq!(edits(b, a), distance, "{b} {a}");
        }
        assert_eq!(nearest("sqrtt"), Some("sqrt"));
        assert_eq!(nearest("sqtr"), Some("sqrt"));
        assert_eq!(nearest("gibberish"), None);
    }

    #[test]
    fn arity() {
        let find = |name, arguments| Builtin::find(name, arguments, Dialect::Ngspice);
        assert_eq!(find("max", 5), Some(Builtin::Max));
        assert_eq!(find("max", 1), None);
        assert_eq!(find("pwl", 5), Some(Builtin::Pwl));
        assert_eq!(find("pwl", 6), None);
        assert_eq!(find("limit", 2), None);
        assert!(unknown_call("limit", 2).0.contains("cannot stand here"));
        assert!(unknown_call("limit", 4).0.contains("takes 3 arguments"));
        for row in TABLE {
            assert!(!row.1.name().is_empty());
        }
    }
}
