//! DC sweeps, nested.

use crate::circuit::{Circuit, ElementKind, Overrides, Sweep, SweepTarget};
use crate::devices::AnalysisKind;
use crate::output::{Quantity, Variable};

use super::system::{Point, System};
use super::{Failure, Options, Probes, Sink, ZERO_CELSIUS};

/// Runs a sweep into `sink`; the first of `sweeps` is the innermost.
///
/// A swept source is set in place; everything else rebuilds the circuit at each value.
///
/// # Errors
/// Netlist problems of a device at a swept value, or a point that does not converge.
pub fn run(circuit: &Circuit, sweeps: &[Sweep], options: &Options, sink: &mut dyn Sink) -> Result<(), Failure> {
    let mut options = options.clone();
    let base = circuit;
    let mut rebuilt;
    let mut circuit = base;
    let mut system = System::new(circuit, &options).map_err(Failure::Netlist)?;
    sink.warnings(&system.warnings);
    let mut probes = Probes::new(circuit, &system, &circuit.saves).map_err(Failure::Netlist)?;
    sink.begin(&probes.dataset(circuit, "DC transfer characteristic", Some(axis(circuit, &sweeps[0].target))))?;

    let total: usize = sweeps.iter().map(|sweep| sweep.values.len()).product();
    let mut indices = vec![usize::MAX; sweeps.len()];
    let mut last: Option<Point> = None;
    let mut outer_start: Option<Point> = None;
    let mut row = Vec::new();
    for point_number in 0..total {
        let mut rest = point_number;
        let mut rebuild = false;
        for (index, sweep) in indices.iter_mut().zip(sweeps) {
            let now = rest % sweep.values.len();
            rest /= sweep.values.len();
            rebuild |= now != *index && !matches!(sweep.target, SweepTarget::Source(_));
            *index = now;
        }
        let values = || sweeps.iter().zip(&indices).map(|(sweep, index)| (&sweep.target, sweep.values[*index]));
        if rebuild {
            let mut overrides = Overrides::default();
            for (target, value) in values().filter(|(target, _)| !matches!(target, SweepTarget::Source(_))) {
                overrides = overrides.with(&target.set(base, value));
                if *target == SweepTarget::TemperatureCelsius {
                    options.temperature = value + ZERO_CELSIUS;
                }
            }
            rebuilt = base.rebuilt(&overrides).map_err(Failure::Netlist)?;
            circuit = &rebuilt;
            system = System::new(circuit, &options).map_err(Failure::Netlist)?;
            probes = Probes::new(circuit, &system, &circuit.saves).map_err(Failure::Netlist)?;
        }
        for (target, value) in values() {
            if let SweepTarget::Source(element) = target
                && let Some(place) = system.place(*element)
            {
                system.sources.set_dc(place.index, value);
            }
        }
        system.begin(AnalysisKind::Static);
        let start = if indices[0] == 0 { outer_start.as_ref().or(last.as_ref()) } else { last.as_ref() };
        let found = match start {
            // Another circuit may have other unknowns.
            Some(start) if start.x.len() == system.unknowns.len() => system
                .solve_static(start.clone(), false, &options)
                .or_else(|_| system.operating_point(circuit, false, &options)),
            _ => system.operating_point(circuit, false, &options),
        };
        system.notes(&mut |text| sink.note(&text));
        let found = found.map_err(Failure::Simulation)?;
        row.clear();
        row.push(sweeps[0].values[indices[0]]);
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

/// The axis of a sweep, under ngspice's names where it has one.
fn axis(circuit: &Circuit, target: &SweepTarget) -> Variable {
    let resistor = |name: &String| {
        let index = circuit.element_index.get(name);
        index.is_some_and(|id| matches!(circuit.elements[id.0 as usize].kind, ElementKind::Resistor { .. }))
    };
    match target {
        SweepTarget::Source(element) => match &circuit.elements[element.0 as usize].kind {
            ElementKind::CurrentSource(_) => Variable::new("i(i-sweep)", Quantity::Current),
            _ => Variable::new("v(v-sweep)", Quantity::Voltage),
        },
        SweepTarget::TemperatureCelsius => Variable::new("temp-sweep", Quantity::Temperature),
        SweepTarget::Element(name, None) if resistor(name) => Variable::new("res-sweep", Quantity::Other("Ohm".into())),
        _ => Variable::new(target.label(circuit), Quantity::Other(String::new())),
    }
}
