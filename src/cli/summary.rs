//! Tables of small-signal results on the terminal.

use std::f64::consts::TAU;

use ionspice::output::{Dataset, engineering};

/// Contributions to the noise that are printed.
const LARGEST: usize = 12;

/// Prints the plots that have a table of their own; false for others.
pub fn print(plot: &Dataset) -> bool {
    match plot.plot_name.as_str() {
        Dataset::POLE_ZERO => poles_and_zeros(plot),
        Dataset::INTEGRATED_NOISE => noise(plot),
        Dataset::SENSITIVITY if plot.axis().is_none() => sensitivities(plot),
        _ if plot.is_complex() && plot.axis().is_some() => response(plot),
        _ => return false,
    }
    true
}

/// Real and imaginary part, frequency and damping of each pole and zero.
fn poles_and_zeros(plot: &Dataset) {
    println!("  {:<10} {:>15} {:>15} {:>14} {:>10}", "", "re (rad/s)", "im (rad/s)", "frequency", "damping");
    for (k, variable) in plot.variables.iter().enumerate() {
        let s = plot.value(0, k);
        let damping = if s.norm() > 0.0 { format!("{:.6}", -s.re / s.norm()) } else { String::new() };
        let frequency = engineering(s.norm() / TAU, "Hz", 6);
        println!("  {:<10} {:>15.7e} {:>15.7e} {frequency:>14} {damping:>10}", variable.name, s.re, s.im);
    }
}

/// Totals, and the devices that contribute most to the noise at the output.
fn noise(plot: &Dataset) {
    let value = |name: &str| plot.find(name).map(|k| (plot.value(0, k).re, plot.variables[k].quantity.unit()));
    for name in ["onoise_total", "inoise_total"] {
        if let Some((total, unit)) = value(name) {
            println!("  {name:<24} {}", engineering(total, unit, 6));
        }
    }
    let names: Vec<&str> = plot.variables.iter().filter_map(|v| v.name.strip_prefix("onoise_total_")).collect();
    let is_source = |name: &str| {
        names.iter().any(|device| name.strip_prefix(device).is_some_and(|rest| rest.len() > 1 && rest.starts_with('_')))
    };
    let mut devices: Vec<(&str, f64)> = names
        .iter()
        .filter(|name| !is_source(name))
        .filter_map(|name| Some((*name, value(&format!("onoise_total_{name}"))?.0)))
        .collect();
    devices.sort_by(|a, b| b.1.total_cmp(&a.1));
    let Some((total, _)) = value("onoise_total") else { return };
    println!("  largest contributions at the output:");
    for (name, contribution) in devices.iter().take(LARGEST).filter(|(_, contribution)| *contribution > 0.0) {
        let share = 100.0 * (contribution / total).powi(2);
        println!("    {name:<22} {:>14} {share:>7.2} %", engineering(*contribution, "V", 6));
    }
    if devices.len() > LARGEST {
        println!("    and {} more", devices.len() - LARGEST);
    }
}

/// Every sensitivity other than zero in the order of the deck.
fn sensitivities(plot: &Dataset) {
    let mut without = 0;
    for (k, variable) in plot.variables.iter().enumerate() {
        match plot.value(0, k).re {
            0.0 => without += 1,
            value => println!("  {:<24} {value:>14.6e} {}", variable.name, variable.quantity.unit()),
        }
    }
    if without > 0 {
        println!("  and {without} parameters without influence");
    }
}

/// Magnitude and phase at the ends, and the largest magnitude.
fn response(plot: &Dataset) {
    let last = plot.points().saturating_sub(1);
    let polar = |point: usize, k: usize| {
        let value = plot.value(point, k);
        format!("{:.4e} at {:.2} deg", value.norm(), value.arg().to_degrees())
    };
    for (k, variable) in plot.variables.iter().enumerate().skip(1) {
        if last == 0 {
            println!("  {:<24} {}", variable.name, polar(0, k));
            continue;
        }
        let larger = |&a: &usize, &b: &usize| plot.value(a, k).norm().total_cmp(&plot.value(b, k).norm());
        let peak = (0..=last).max_by(larger).unwrap_or(0);
        let at = engineering(plot.value(peak, 0).re, "Hz", 4);
        println!(
            "  {:<24} first {:<26} last {:<26} largest {:.4e} at {at}",
            variable.name,
            polar(0, k),
            polar(last, k),
            plot.value(peak, k).norm()
        );
    }
}
