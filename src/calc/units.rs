//! What the result of an operation measures.

use super::ast::Binary;
use crate::output::Quantity;

/// A plain number.
pub(super) fn plain() -> Quantity {
    Quantity::Other(String::new())
}

/// Quantity of `a op b`.
pub(super) fn combined(op: Binary, a: &Quantity, b: &Quantity) -> Quantity {
    use Quantity::{Current, Frequency, Other, Time, Voltage};
    let number = |q: &Quantity| matches!(q, Other(unit) if unit.is_empty());
    match op {
        Binary::Add | Binary::Subtract | Binary::Modulo => match (number(a), number(b)) {
            (true, _) => b.clone(),
            (_, true) => a.clone(),
            _ if a == b => a.clone(),
            _ => plain(),
        },
        Binary::Multiply => match (a, b) {
            (x, y) if number(y) => x.clone(),
            (x, y) if number(x) => y.clone(),
            (Voltage, Current) | (Current, Voltage) => Other("W".into()),
            (Current, Other(unit)) | (Other(unit), Current) if unit == "Ohm" => Voltage,
            _ => plain(),
        },
        Binary::Divide => match (a, b) {
            (x, y) if number(y) => x.clone(),
            (Voltage, Current) => Other("Ohm".into()),
            (Current, Voltage) => Other("S".into()),
            (Voltage, Other(unit)) if unit == "Ohm" => Current,
            (x, Time) if number(x) => Frequency,
            (x, Frequency) if number(x) => Time,
            _ => plain(),
        },
        _ => plain(),
    }
}
