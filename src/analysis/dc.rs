//! DC sweeps, nested.

use crate::circuit::{Circuit, ElementKind, Sweep, SweepTarget};
use crate::devices::{AnalysisKind, Bank};
use crate::output::{Quantity, Variable};

use super::system::{Point, SOURCES, System};
use super::{Failure, Options, Probes, Sink, ZERO_CELSIUS};

/// Number of values of a sweep.
fn count(sweep: &Sweep) -> usize {
    ((sweep.stop - sweep.start) / sweep.step + 1e-9).floor().max(0.0) as usize + 1
}

/// Runs a sweep into `sink`; the first of `sweeps` is the innermost.
///
/// # Errors
/// Netlist problems of a device at a swept value, or a point that does not converge.
pub fn run(circuit: &Circuit, sweeps: &[Sweep], options: &Options, sink: &mut dyn Sink) -> Result<(), Failure> {
    let mut circuit = circuit.clone();
    let mut options = options.clone();
    let mut system = System::new(&circuit, &options).map_err(Failure::Netlist)?;
    let probes = Probes::new(&circuit, &system, &circuit.saves).map_err(Failure::Netlist)?;
    let axis = match &sweeps[0].target {
        SweepTarget::Element(element) => match &circuit.elements[element.0 as usize].kind {
            ElementKind::CurrentSource(_) => Variable { name: "i(i-sweep)".into(), quantity: Quantity::Current },
            ElementKind::Resistor { .. } => {
                Variable { name: "res-sweep".into(), quantity: Quantity::Other("Ohm".into()) }
            }
            _ => Variable { name: "v(v-sweep)".into(), quantity: Quantity::Voltage },
        },
        SweepTarget::TemperatureCelsius => Variable { name: "temp-sweep".into(), quantity: Quantity::Temperature },
    };
    sink.begin(&probes.dataset(&circuit, "DC transfer characteristic", Some(axis)))?;

    let counts: Vec<usize> = sweeps.iter().map(count).collect();
    let total: usize = counts.iter().product();
    let mut indices = vec![usize::MAX; sweeps.len()];
    let mut last: Option<Point> = None;
    let mut outer_start: Option<Point> = None;
    let mut row = Vec::new();
    for point_number in 0..total {
        let mut rest = point_number;
        let mut rebuild = false;
        for (k, sweep) in sweeps.iter().enumerate() {
            let index = rest % counts[k];
            rest /= counts[k];
            if index == indices[k] {
                continue;
            }
            indices[k] = index;
            let value = sweep.start + sweep.step * index as f64;
            match &sweep.target {
                SweepTarget::Element(element) => match system.place(*element) {
                    Some(place) if place.bank == SOURCES => system.sources.set_dc(place.index, value),
                    _ => {
                        if let ElementKind::Resistor { resistance } = &mut circuit.elements[element.0 as usize].kind {
                            *resistance = value;
                            rebuild = true;
                        }
                    }
                },
                SweepTarget::TemperatureCelsius => {
                    options.temperature = value + ZERO_CELSIUS;
                    rebuild = true;
                }
            }
        }
        if rebuild {
            let sources = system.sources.clone();
            system = System::new(&circuit, &options).map_err(Failure::Netlist)?;
            for index in 0..sources.elements().len() {
                system.sources.set_dc(index, sources.dc(index));
            }
        }
        system.begin(AnalysisKind::Static);
        let start = if indices[0] == 0 { outer_start.as_ref().or(last.as_ref()) } else { last.as_ref() };
        let found = match start {
            Some(start) => system
                .solve_static(start.clone(), false, &options)
                .or_else(|_| system.operating_point(&circuit, false, &options)),
            None => system.operating_point(&circuit, false, &options),
        };
        system.notes(&mut |text| sink.note(&text));
        let found = found.map_err(Failure::Simulation)?;
        row.clear();
        row.push(sweeps[0].start + sweeps[0].step * indices[0] as f64);
        probes.read(&system, &found.point, 0.0, &options, &mut row);
        sink.row(&row)?;
        sink.progress((point_number + 1) as f64 / total as f64);
        if indices[0] == 0 {
            outer_start = Some(found.point.clone());
        }
        last = Some(found.point);
    }
    Ok(())
}
