//! Constants that have a name.

use num_complex::Complex64;

/// Value of a named constant (CODATA 2018, SI units; `kelvin` is 0 K in degrees Celsius).
pub fn constant(name: &str) -> Option<Complex64> {
    Some(Complex64::from(match name {
        "pi" => std::f64::consts::PI,
        "e" => std::f64::consts::E,
        "c" => 299_792_458.0,
        "kelvin" => -273.15,
        "boltz" => 1.380649e-23,
        "planck" => 6.62607015e-34,
        "echarge" => 1.602176634e-19,
        "yes" | "true" => 1.0,
        "no" | "false" => 0.0,
        "i" | "j" => return Some(Complex64::I),
        _ => return None,
    }))
}
