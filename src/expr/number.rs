//! Numbers with SPICE scale suffixes.

use nom::branch::alt;
use nom::bytes::complete::{tag, tag_no_case, take_while, take_while1};
use nom::character::complete::one_of;
use nom::combinator::{map_opt, opt, recognize, value, verify};
use nom::sequence::pair;
use nom::{IResult, Parser};

use crate::dialect::Dialect;

/// Reads a SPICE number at the start of `text`; returns its value and the number of bytes it takes.
///
/// Scale suffixes are `t g meg k m u n p f` and `mil` (25.4e-6) in any case, and both code points of `µ`. Letters that
/// follow are a unit and mean nothing, so `1F` is 1e-15, `10Ohm` is 10 and `1A` is 1. An exponent may be marked `e`
/// or `d`. `None` when no number starts here or when it does not fit a double.
pub fn number(text: &str) -> Option<(f64, usize)> {
    number_in(text, Dialect::Ngspice)
}

/// As [`number`], in the reading of a dialect: HSPICE and Xyce also have the suffix `x` (1e6), HSPICE `a` (1e-18), and in
/// LTspice the suffix may stand for the decimal point (`4k7`, `2R2`).
pub fn number_in(text: &str, dialect: Dialect) -> Option<(f64, usize)> {
    if dialect == Dialect::Ltspice
        && let Ok((rest, value)) = infix(text)
    {
        return Some((value, text.len() - rest.len()));
    }
    let (rest, value) = scaled(text, dialect).ok()?;
    Some((value, text.len() - rest.len()))
}

fn scaled(text: &str, dialect: Dialect) -> IResult<&str, f64> {
    let unit = take_while(char::is_alphabetic);
    let (mega, atto) = (matches!(dialect, Dialect::Hspice | Dialect::Xyce), dialect == Dialect::Hspice);
    let more = alt((verify(large, |_: &Scale| mega), verify(small, |_: &Scale| atto)));
    let suffix = alt((scale, more));
    map_opt((decimal, opt(suffix), unit), |(value, scale, _): (f64, Option<Scale>, &str)| {
        let value = scale.map_or(value, |scale| scale.apply(value));
        value.is_finite().then_some(value)
    })
    .parse(text)
}

/// `4k7`: the suffix stands for the decimal point.
fn infix(text: &str) -> IResult<&str, f64> {
    let digits = || take_while1(|c: char| c.is_ascii_digit());
    let one = value(Scale { times: 1.0, over: 1.0 }, one_of("rR"));
    let unit = take_while(char::is_alphabetic);
    map_opt(
        (opt(one_of("+-")), digits(), alt((scale, one)), digits(), unit),
        |(sign, whole, scale, fraction, _): (Option<char>, &str, Scale, &str, &str)| {
            let value = scale.apply(format!("{whole}.{fraction}").parse().ok()?);
            value.is_finite().then_some(if sign == Some('-') { -value } else { value })
        },
    )
    .parse(text)
}

/// `x` for 1e6, which not every dialect has.
fn large(text: &str) -> IResult<&str, Scale> {
    value(Scale { times: 1e6, over: 1.0 }, one_of("xX")).parse(text)
}

/// `a` for 1e-18, which not every dialect has.
fn small(text: &str) -> IResult<&str, Scale> {
    value(Scale { times: 1.0, over: 1e18 }, one_of("aA")).parse(text)
}

/// `[+-] digits [. digits] [(e|d) [+-] digits]`
///
/// Digits are taken by `take_while`: at the end of the text nom 8.0.0's `digit0` leaves a rest that points to its start,
/// which `recognize` then cuts off.
fn decimal(text: &str) -> IResult<&str, f64> {
    let digit = |c: char| c.is_ascii_digit();
    let whole = recognize((take_while1(digit), opt(pair(tag("."), take_while(digit)))));
    let fraction = recognize(pair(tag("."), take_while1(digit)));
    let mantissa = recognize(pair(opt(one_of("+-")), alt((whole, fraction))));
    let exponent = (one_of("eEdD"), opt(one_of("+-")), take_while1(digit));
    map_opt(recognize(pair(mantissa, opt(exponent))), |digits: &str| match digits.contains(['d', 'D']) {
        true => digits.replace(['d', 'D'], "e").parse().ok(),
        false => digits.parse().ok(),
    })
    .parse(text)
}

/// A scale as an exactly representable quotient, so that `100n` is the double nearest to 1e-7.
#[derive(Clone, Copy)]
struct Scale {
    times: f64,
    over: f64,
}

impl Scale {
    fn apply(self, value: f64) -> f64 {
        value * self.times / self.over
    }
}

fn scale(text: &str) -> IResult<&str, Scale> {
    let up = |times| Scale { times, over: 1.0 };
    let down = |over| Scale { times: 1.0, over };
    alt((
        value(up(1e6), tag_no_case("meg")),
        value(Scale { times: 127.0, over: 5e6 }, tag_no_case("mil")),
        value(up(1e12), one_of("tT")),
        value(up(1e9), one_of("gG")),
        value(up(1e3), one_of("kK")),
        value(down(1e3), one_of("mM")),
        value(down(1e6), one_of("uU\u{b5}\u{3bc}")),
        value(down(1e9), one_of("nN")),
        value(down(1e12), one_of("pP")),
        value(down(1e15), one_of("fF")),
    ))
    .parse(text)
}

#[cfg(test)]
mod tests {
    use super::{number, number_in};
    use proptest::prelude::*;

    #[test]
    fn table() {
        for (text, value, length) in [
            ("4.7k", 4.7e3, 4),
            ("10MEG", 1e7, 5),
            ("1e-9", 1e-9, 4),
            ("3mil", 76.2e-6, 4),
            ("2.5kOhm", 2500.0, 7),
            ("100nF", 1e-7, 5),
            ("1u", 1e-6, 2),
            (".5", 0.5, 2),
            ("5.", 5.0, 2),
            ("-3", -3.0, 2),
            ("300.15", 300.15, 6),
            ("2.5", 2.5, 3),
            ("+.5e+1", 5.0, 6),
            ("1F", 1e-15, 2),
            ("10Ohm", 10.0, 5),
            ("1mF", 1e-3, 3),
            ("1T", 1e12, 2),
            ("2G", 2e9, 2),
            ("3a", 3.0, 2),
            ("7p", 7e-12, 2),
            ("1\u{b5}F", 1e-6, 4),
            ("1\u{3bc}", 1e-6, 3),
            ("5\u{2126}", 5.0, 4),
            ("1e3k", 1e6, 4),
            ("1e", 1.0, 2),
            ("1d3", 1e3, 3),
            ("1e-3mV", 1e-6, 6),
            ("4k7", 4e3, 2),
            ("1.5.2", 1.5, 3),
            ("1e-400", 0.0, 6),
            ("12)", 12.0, 2),
            ("1e+", 1.0, 2),
        ] {
            assert_eq!(number(text), Some((value, length)), "{text}");
        }
    }

    #[test]
    fn dialects_differ() {
        use crate::dialect::Dialect::{Hspice, Ltspice, Ngspice, Xyce};
        for (text, dialect, value) in [
            ("1A", Ngspice, 1.0),
            ("1A", Ltspice, 1.0),
            ("1A", Hspice, 1e-18),
            ("1a", Xyce, 1.0),
            ("2x", Xyce, 2e6),
            ("2X", Hspice, 2e6),
            ("2x", Ngspice, 2.0),
            ("4k7", Ltspice, 4700.0),
            ("2R2", Ltspice, 2.2),
            ("-1Meg5", Ltspice, -1.5e6),
            ("4.7k", Ltspice, 4700.0),
            ("1e3", Ltspice, 1e3),
        ] {
            assert_eq!(number_in(text, dialect), Some((value, text.len())), "{text} {dialect}");
        }
        assert_eq!(number_in("4k7", Ngspice), Some((4e3, 2)));
    }

    #[test]
    fn not_numbers() {
        for text in ["", ".", "-", "k", "e5", "1e999", "-1e999", "1e308k", "--1", " 1", "inf", "nan", "+.e1"] {
            assert_eq!(number(text), None, "{text}");
        }
        assert_eq!(number(&format!("1e{}", "9".repeat(100_000))), None);
    }

    proptest! {
        #[test]
        fn every_double_reads_back(bits: u64) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());
            let text = format!("{value:e}");
            prop_assert_eq!(number(&text), Some((value, text.len())));
        }

        #[test]
        fn any_text_is_safe(text in ".{0,40}") {
            if let Some((value, length)) = number(&text) {
                prop_assert!(value.is_finite() && text.is_char_boundary(length) && length > 0);
            }
        }
    }
}
