//! Numbers as engineers read them: a prefix of the unit and a few significant digits.

/// Prefixes from yocto to yotta; the exponent of the first is [`SMALLEST`].
const PREFIXES: [&str; 17] = ["y", "z", "a", "f", "p", "n", "u", "m", "", "k", "M", "G", "T", "P", "E", "Z", "Y"];
/// Decimal exponent of the first prefix.
const SMALLEST: i32 = -24;

/// The prefix whose multiples of magnitude `magnitude` lie in 1 ..= 1000: its decimal exponent and its symbol.
/// None for zero, for numbers that are not finite, and beyond yocto and yotta.
pub fn prefix(magnitude: f64) -> Option<(i32, &'static str)> {
    if magnitude == 0.0 || !magnitude.is_finite() {
        return None;
    }
    let exponent = decimal_exponent(magnitude).div_euclid(3) * 3;
    let index = usize::try_from((exponent - SMALLEST) / 3).ok()?;
    PREFIXES.get(index).filter(|_| exponent >= SMALLEST).map(|symbol| (exponent, *symbol))
}

/// `floor(log10(|value|))`, exact at powers of ten.
pub fn decimal_exponent(value: f64) -> i32 {
    // The shortest scientific form carries the exponent exactly, unlike a rounded logarithm.
    let text = format!("{value:e}");
    text.rsplit_once('e').and_then(|(_, exponent)| exponent.parse().ok()).unwrap_or(0)
}

/// A number with `digits` significant digits and the unit with its prefix: `engineering(1.23e-6, "A", 4)` is `1.230 uA`.
///
/// Without a unit the number stands alone, in scientific form when very small or large. Numbers beyond the
/// prefixes are in scientific form; `digits` is held within 1 to 17.
///
/// ```
/// use ionspice::output::engineering;
/// assert_eq!(engineering(1.23e-6, "A", 4), "1.230 uA");
/// assert_eq!(engineering(0.99996, "V", 4), "1.000 V");
/// assert_eq!(engineering(-47e3, "Ohm", 3), "-47.0 kOhm");
/// ```
pub fn engineering(value: f64, unit: &str, digits: usize) -> String {
    let digits = digits.clamp(1, 17);
    if !value.is_finite() {
        return join(&value.to_string(), "", unit);
    }
    if value == 0.0 {
        return join("0", "", unit);
    }
    // Rounding first: 999.96 with four digits is 1.000 k.
    let rounded = format!("{value:.*e}", digits - 1);
    let magnitude: f64 = rounded.parse().unwrap_or(value);
    let exponent = decimal_exponent(magnitude);
    let takes_prefix = !matches!(unit, "" | "°C" | "%" | "dB" | "deg");
    let scale = match prefix(magnitude) {
        Some(found) if takes_prefix => found,
        _ if !takes_prefix && (-4..digits.max(6) as i32).contains(&exponent) => (0, ""),
        _ => return join(&rounded, "", unit),
    };
    let decimals = (digits as i32 - 1 - (exponent - scale.0)).max(0) as usize;
    join(&format!("{:.decimals$}", scaled(magnitude, scale.0)), scale.1, unit)
}

/// `value / 10^exponent`, by one division or multiplication where the power of ten is exact.
pub fn scaled(value: f64, exponent: i32) -> f64 {
    if exponent >= 0 { value / 10f64.powi(exponent) } else { value * 10f64.powi(-exponent) }
}

fn join(number: &str, prefix: &str, unit: &str) -> String {
    if prefix.is_empty() && unit.is_empty() { number.to_owned() } else { format!("{number} {prefix}{unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_values() {
        for (value, unit, digits, text) in [
            (1.23e-6, "A", 4, "1.230 uA"),
            (0.0, "V", 4, "0 V"),
            (-0.0, "V", 4, "0 V"),
            (999.96, "Hz", 4, "1.000 kHz"),
            (999.94, "Hz", 4, "999.9 Hz"),
            (1e-15, "A", 3, "1.00 fA"),
            (1e3, "s", 1, "1 ks"),
            (123456.0, "V", 2, "120 kV"),
            (-2.5e-9, "s", 3, "-2.50 ns"),
            (1e-30, "A", 3, "1.00e-30 A"),
            (f64::NAN, "A", 3, "NaN A"),
            (f64::NEG_INFINITY, "A", 3, "-inf A"),
            (27.0, "°C", 3, "27.0 °C"),
            (0.125, "", 3, "0.125"),
            (1.5e9, "", 3, "1.50e9"),
            (5e-324, "V", 3, "4.94e-324 V"),
            (f64::MAX, "V", 3, "1.80e308 V"),
        ] {
            assert_eq!(engineering(value, unit, digits), text);
        }
    }

    #[test]
    fn exponents_are_exact_at_powers_of_ten() {
        for k in -300..300 {
            let value: f64 = format!("1e{k}").parse().unwrap();
            assert_eq!(decimal_exponent(value), k);
        }
    }

    proptest! {
        #[test]
        fn reads_back_within_the_digits_shown(mantissa in 1.0..10.0f64, exponent in -24i32..26, digits in 1usize..12) {
            let value = mantissa * 10f64.powi(exponent);
            let text = engineering(value, "V", digits);
            let (number, unit) = text.split_once(' ').unwrap();
            let index = PREFIXES.iter().position(|p| format!("{p}V") == unit).unwrap();
            let read = number.parse::<f64>().unwrap() * 10f64.powi(SMALLEST + 3 * index as i32);
            // Half a unit in the last digit, but whole numbers keep their digits before the point.
            prop_assert!((read - value).abs() <= 0.5000001 * 10f64.powi(1 - digits as i32) * value);
            prop_assert!((1.0..1000.0).contains(&number.parse::<f64>().unwrap()));
        }
    }
}
