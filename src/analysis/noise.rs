//! `.noise`: noise at an output, referred to an input, by device and by source.
//!
//! One solution of the transposed system per frequency gives the gain from every noise source to the output (Rohrer, Nagel,
//! Meyer and Weber, "Computationally efficient electronic-circuit noise calculations", IEEE J. Solid-State Circuits 6
//! (1971)). Densities are integrated by power laws between frequencies, as ngspice does.

use num_complex::Complex64;

use crate::circuit::{Circuit, ElementId, FrequencyGrid, Output};
use crate::devices::NoiseSource;
use crate::diagnostic::Span;
use crate::output::{Dataset, Quantity, Variable};

use super::ac::{announce, axis};
use super::linearise::{Drive, Linearised, at_rest, observed};
use super::probe::spice_name;
use super::{Failure, Options, Sink};

/// Least squared gain by which noise is referred to the input.
const LEAST_GAIN: f64 = 1e-20;
/// Least density whose logarithm is taken.
const LEAST_DENSITY: f64 = 1e-38;
/// Exponents closer to a special one than this are taken for it.
const SAME_EXPONENT: f64 = 1e-10;

/// What to compute.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Where the noise is observed.
    pub output: &'a Output,
    /// The source it is referred to.
    pub source: ElementId,
    /// Frequencies.
    pub grid: &'a FrequencyGrid,
    /// Contributions at every so many frequencies; 0 for none.
    pub summary: u32,
    /// The statement.
    pub span: Span,
}

/// A noise source and what it has contributed.
struct Contribution {
    /// Number of its element among all.
    element: usize,
    /// `r1_thermal`; empty when the element's own name says it all.
    name: String,
    /// Density at the output, V^2/Hz: present and last.
    density: f64,
    last: f64,
    /// Integral at the output and referred to the input.
    output: f64,
    input: f64,
}

/// Runs the analysis into `sink`.
///
/// # Errors
/// Netlist problems, an operating point that is not found, a singular matrix.
pub fn run(circuit: &Circuit, request: &Request, options: &Options, sink: &mut dyn Sink) -> Result<(), Failure> {
    let mut rest = at_rest(circuit, options)?;
    sink.warnings(&rest.system.warnings);
    announce(circuit, &rest, sink);
    let (plus, minus) = observed(&rest.system, circuit, request.output, request.span)?;
    let drive = Drive::of(&rest.system, circuit, request.source);
    let linear = rest.system.linearise(&rest.point, options.gmin)?.with_ac_values();
    let mut solver = linear.solver();
    let mut adjoint = vec![Complex64::ZERO; linear.system.unknowns.len()];
    let frequencies = request.grid.frequencies(false);
    let mut all = sources(circuit, &linear, frequencies[0]);
    let devices = devices(&all);
    begin_spectrum(circuit, request, &drive, &all, &devices, sink)?;
    let mut row = Vec::new();
    let mut last_frequency = frequencies[0];
    for (step, &frequency) in frequencies.iter().enumerate() {
        solver.factor(&linear, frequency)?;
        adjoint.fill(Complex64::ZERO);
        adjoint[plus] += Complex64::ONE;
        adjoint[minus] -= Complex64::ONE;
        solver.solve_transposed(&mut adjoint);
        let gain = drive.product(&adjoint).norm_sqr().max(LEAST_GAIN);
        let mut next = all.iter_mut();
        linear.each_bank(|bank, ctx, states, memory| {
            bank.noise(frequency, ctx, states, memory, &mut |source: NoiseSource| {
                if let Some(own) = next.next() {
                    let through = adjoint[source.plus as usize] - adjoint[source.minus as usize];
                    own.density = through.norm_sqr() * source.density;
                }
            });
        });
        if step > 0 {
            for own in &mut all {
                let integral = integral((last_frequency, own.last), (frequency, own.density));
                own.output += integral;
                own.input += integral / gain;
            }
        }
        all.iter_mut().for_each(|own| own.last = own.density);
        last_frequency = frequency;
        if request.summary == 0 || step % request.summary as usize == 0 {
            spectrum_row(frequency, gain, request.summary > 0, &all, &devices, &mut row);
            sink.row(&row)?;
        }
        sink.progress((step + 1) as f64 / frequencies.len() as f64);
    }
    if frequencies.len() > 1 {
        integrated(circuit, &drive, &all, &devices, sink)?;
    }
    Ok(())
}

/// Every noise source, in the order in which the banks hand them over.
fn sources(circuit: &Circuit, linear: &Linearised, frequency: f64) -> Vec<Contribution> {
    let mut all = Vec::new();
    linear.each_bank(|bank, ctx, states, memory| {
        bank.noise(frequency, ctx, states, memory, &mut |source: NoiseSource| {
            let element = bank.elements()[source.index].0 as usize;
            let device = spice_name(&circuit.elements[element].name);
            let name = if source.name.is_empty() { String::new() } else { format!("{device}_{}", source.name) };
            all.push(Contribution { element, name, density: 0.0, last: 0.0, output: 0.0, input: 0.0 });
        });
    });
    all
}

/// Ranges of the contributions of each element, with its name.
fn devices(all: &[Contribution]) -> Vec<(std::ops::Range<usize>, usize)> {
    let mut ranges: Vec<(std::ops::Range<usize>, usize)> = Vec::new();
    for (k, own) in all.iter().enumerate() {
        match ranges.last_mut() {
            Some((range, element)) if *element == own.element => range.end = k + 1,
            _ => ranges.push((k..k + 1, own.element)),
        }
    }
    ranges
}

type Devices = [(std::ops::Range<usize>, usize)];

/// Unit of a density: of the output, or of what drives the input.
fn unit(drive: Option<&Drive>) -> &'static str {
    match drive {
        Some(Drive::Nodes(..)) => "A",
        _ => "V",
    }
}

fn begin_spectrum(
    circuit: &Circuit,
    request: &Request,
    drive: &Drive,
    all: &[Contribution],
    devices: &Devices,
    sink: &mut dyn Sink,
) -> Result<(), Failure> {
    let density = |unit: &str| Quantity::Other(format!("{unit}/sqrt(Hz)"));
    let mut variables = vec![axis()];
    if request.summary > 0 {
        for (range, element) in devices {
            for own in all[range.clone()].iter().filter(|own| !own.name.is_empty()) {
                variables.push(Variable::new(format!("onoise_{}", own.name), density("V")));
            }
            let name = spice_name(&circuit.elements[*element].name);
            variables.push(Variable::new(format!("onoise_{name}"), density("V")));
        }
    }
    variables.push(Variable::new("onoise_spectrum", density(unit(None))));
    variables.push(Variable::new("inoise_spectrum", density(unit(Some(drive)))));
    Ok(sink.begin(&Dataset::new(circuit.title.clone(), "Noise Spectral Density Curves", variables))?)
}

fn spectrum_row(
    frequency: f64,
    gain: f64,
    contributions: bool,
    all: &[Contribution],
    devices: &Devices,
    row: &mut Vec<f64>,
) {
    row.clear();
    row.push(frequency);
    if contributions {
        for (range, _) in devices {
            let own = &all[range.clone()];
            row.extend(own.iter().filter(|own| !own.name.is_empty()).map(|own| own.density.sqrt()));
            row.push(own.iter().map(|own| own.density).sum::<f64>().sqrt());
        }
    }
    let total: f64 = all.iter().map(|own| own.density).sum();
    row.push(total.sqrt());
    row.push((total / gain).sqrt());
}

/// The integrals by source and by device, and their sums.
fn integrated(
    circuit: &Circuit,
    drive: &Drive,
    all: &[Contribution],
    devices: &Devices,
    sink: &mut dyn Sink,
) -> Result<(), Failure> {
    let input_quantity = if unit(Some(drive)) == "A" { Quantity::Current } else { Quantity::Voltage };
    let (mut variables, mut row) = (Vec::new(), Vec::new());
    let mut add = |name: &str, output: f64, input: f64| {
        variables.push(Variable::new(format!("onoise_total{name}"), Quantity::Voltage));
        variables.push(Variable::new(format!("inoise_total{name}"), input_quantity.clone()));
        row.extend([output.sqrt(), input.sqrt()]);
    };
    let sum = |own: &[Contribution]| {
        (own.iter().map(|own| own.output).sum::<f64>(), own.iter().map(|own| own.input).sum::<f64>())
    };
    for (range, element) in devices {
        let own = &all[range.clone()];
        for source in own.iter().filter(|own| !own.name.is_empty()) {
            add(&format!("_{}", source.name), source.output, source.input);
        }
        let (output, input) = sum(own);
        add(&format!("_{}", spice_name(&circuit.elements[*element].name)), output, input);
    }
    let (output, input) = sum(all);
    add("", output, input);
    sink.begin(&Dataset::new(circuit.title.clone(), Dataset::INTEGRATED_NOISE, variables))?;
    Ok(sink.row(&row)?)
}

/// Integral of a density that follows a power law between two frequencies.
fn integral((f0, s0): (f64, f64), (f1, s1): (f64, f64)) -> f64 {
    if f0 <= 0.0 {
        return 0.5 * (s0 + s1) * (f1 - f0);
    }
    let (ln0, ln1) = (s0.max(LEAST_DENSITY).ln(), s1.max(LEAST_DENSITY).ln());
    let exponent = (ln1 - ln0) / (f1 / f0).ln();
    if exponent.abs() < SAME_EXPONENT {
        return s1 * (f1 - f0);
    }
    let raised = exponent + 1.0;
    if raised.abs() < SAME_EXPONENT {
        return s1 * f1 * (f1 / f0).ln();
    }
    s1 * f1 * (1.0 - ((f0 / f1).ln() * raised).exp()) / raised
}

#[cfg(test)]
mod tests {
    use super::integral;

    #[test]
    fn power_laws_are_integrated_exactly() {
        for exponent in [-2.5f64, -1.0, -0.3, 0.0, 1.7] {
            let s = |f: f64| 3e-9 * f.powf(exponent);
            let exact = if exponent == -1.0 {
                3e-9 * 10f64.ln()
            } else {
                3e-9 * (20f64.powf(exponent + 1.0) - 2f64.powf(exponent + 1.0)) / (exponent + 1.0)
            };
            assert!((integral((2.0, s(2.0)), (20.0, s(20.0))) / exact - 1.0).abs() < 1e-9, "{exponent}");
        }
        assert_eq!(integral((0.0, 2.0), (3.0, 4.0)), 9.0);
    }
}
