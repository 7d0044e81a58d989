//! The SPICE raw file, as ngspice writes and reads it: a text header per plot, then the table in binary
//! (little-endian `f64`) or ascii. Several plots follow one another in one file.
//!
//! ```text
//! Title: rc low pass
//! Date: Thu Jan  1 00:00:00  1970
//! Plotname: Transient Analysis
//! Flags: real
//! No. Variables: 2
//! No. Points: 101
//! Variables:
//!         0       time    time
//!         1       v(out)  voltage
//! Binary:
//! ```

mod read;
mod write;

use super::Quantity;

pub use read::{parse_raw, read_raw};
pub use write::{RawStream, write_raw};

/// How the numbers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum RawFormat {
    /// Eight bytes per number.
    #[default]
    Binary,
    /// Seventeen significant digits, which read back to the same number.
    Ascii,
}

/// Type words of a raw file that stand for a unit of [`Quantity::Other`].
const TYPE_WORDS: [(&str, &str); 7] = [
    ("Ohm", "impedance"),
    ("S", "admittance"),
    ("W", "power"),
    ("F", "capacitance"),
    ("C", "charge"),
    ("dB", "decibel"),
    ("V/sqrt(Hz)", "voltage-density"),
];

/// The type word of a quantity.
fn type_word(quantity: &Quantity) -> &'static str {
    match quantity {
        Quantity::Time => "time",
        Quantity::Voltage => "voltage",
        Quantity::Current => "current",
        Quantity::Frequency => "frequency",
        Quantity::Temperature => "temp-sweep",
        Quantity::Other(unit) => TYPE_WORDS.iter().find(|(u, _)| u == unit).map_or("notype", |(_, word)| word),
    }
}

/// The quantity of a type word; a plain number for words without a unit here.
fn quantity(word: &str) -> Quantity {
    match word.to_ascii_lowercase().as_str() {
        "time" => Quantity::Time,
        "voltage" => Quantity::Voltage,
        "current" => Quantity::Current,
        "frequency" => Quantity::Frequency,
        "temp-sweep" | "temperature" => Quantity::Temperature,
        "res-sweep" => Quantity::Other("Ohm".into()),
        word => Quantity::Other(TYPE_WORDS.iter().find(|(_, w)| *w == word).map_or("", |(unit, _)| unit).into()),
    }
}

#[cfg(test)]
mod tests;
