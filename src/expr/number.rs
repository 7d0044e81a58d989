//! Numbers with SPICE scale suffixes.

use nom::branch::alt;
use nom::bytes::complete::{tag, tag_no_case, take_while, take_while1};
use nom::character::complete::one_of;
use nom::combinator::{map_opt, opt, recognize, value};
use nom::sequence::pair;
use nom::{IResult, Parser};

/// Reads a SPICE number at the start of `text`; returns its value and the number of bytes it takes.
///
/// Scale suffixes are `t g meg k m u n p f a` and `mil` (25.4e-6) in any case, and both code points of `µ`. Letters that
/// follow are a unit and mean nothing, so `1F` is 1e-15, `10Ohm` is 10 and `1A` is 1e-18. An exponent may be marked `e`
/// or `d`. `None` when no number starts here or when it does not fit a double.
pub fn number(text: &str) -> Option<(f64, usize)> {
    let (rest, value) = scaled(text).ok()?;
    Some((value, text.len() - rest.len()))
}

fn scaled(text: &str) -> IResult<&str, f64> {
    let unit = take_while(char::is_alphabetic);
    map_opt((decimal, opt(scale), unit), |(value, scale, _): (f64, Option<Scale>, &str)| {
        let value = scale.map_or(value, |scale| scale.apply(value));
        value.is_finite().then_some(value)
    })
    .parse(text)
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
        value(down(1e18), one_of("aA")),
    ))
    .parse(text)
}

#[cfg(test)]
mod tests {
    use super::number;
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
            ("3a", 3e-18, 2),
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
