//! Dialects of the netlist language: the same text means different things to different simulators.

use std::fmt;
use std::str::FromStr;

/// Whose reading of a netlist is meant. `docs/compatibility.md` lists the differences.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Dialect {
    /// ngspice, the default.
    #[default]
    Ngspice,
    /// LTspice.
    Ltspice,
    /// HSPICE.
    Hspice,
    /// Xyce.
    Xyce,
}

impl Dialect {
    /// All dialects.
    pub const ALL: [Dialect; 4] = [Self::Ngspice, Self::Ltspice, Self::Hspice, Self::Xyce];

    /// The name, as the command line and a netlist write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ngspice => "ngspice",
            Self::Ltspice => "ltspice",
            Self::Hspice => "hspice",
            Self::Xyce => "xyce",
        }
    }

    /// The dialect that a deck names itself: a comment `* ionspice dialect=NAME` or a statement `.dialect NAME` among its
    /// first lines. `None` when there is none (or an unknown name, which the parser reports).
    pub fn declared(deck: &str) -> Option<Dialect> {
        deck.lines().take(DECLARED_WITHIN).find_map(|line| declaration(line)?.parse().ok())
    }
}

/// Lines among which a deck may name its dialect.
const DECLARED_WITHIN: usize = 50;

/// The name in a line that declares a dialect.
pub(crate) fn declaration(line: &str) -> Option<&str> {
    let mut words = line.split(|c: char| c.is_whitespace() || c == '=').filter(|word| !word.is_empty());
    let first = words.next()?;
    let named = match first {
        "*" => words.next()?.eq_ignore_ascii_case("ionspice") && words.next()?.eq_ignore_ascii_case("dialect"),
        _ => first.eq_ignore_ascii_case(".dialect"),
    };
    if named { words.next() } else { None }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The name of no dialect.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no dialect is called `{0}`; known are ngspice, ltspice, hspice and xyce")]
pub struct UnknownDialect(String);

impl FromStr for Dialect {
    type Err = UnknownDialect;

    fn from_str(name: &str) -> Result<Self, UnknownDialect> {
        let found = Self::ALL.into_iter().find(|dialect| dialect.name().eq_ignore_ascii_case(name));
        found.ok_or_else(|| UnknownDialect(name.chars().take(40).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decks_name_their_dialect() {
        for (deck, dialect) in [
            ("title\n* ionspice dialect=ltspice\nr1 a 0 1\n", Some(Dialect::Ltspice)),
            ("title\n.dialect XYCE\n", Some(Dialect::Xyce)),
            ("* ionspice dialect = hspice\n", Some(Dialect::Hspice)),
            ("title\n* dialect=xyce\n", None),
            ("title\n.dialect spectre\n", None),
        ] {
            assert_eq!(Dialect::declared(deck), dialect, "{deck}");
        }
    }
}
