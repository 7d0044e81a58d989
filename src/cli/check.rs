//! `ionspice check`.

use std::path::Path;

use ionspice::analysis::{Options, Probes, System, check as topology};
use ionspice::cosim::controller::Program;
use ionspice::diagnostic::Severity;
use ionspice::netlist::Dialect;
use ionspice::script::Script;

use super::{SUCCESS, WRONG, load, report};

/// Everything that can be found without simulating; exit code 2 when there are errors.
pub fn check(deck: &Path, sets: &[String], dialect: Option<Dialect>) -> u8 {
    let loaded = match load(deck, sets, dialect, true) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    let circuit = &loaded.circuit;
    let mut found = loaded.warnings;
    let (options, problems) = Options::from_settings(&circuit.options);
    found.extend(problems);
    found.extend(Script::of(&loaded.parsed).err());
    let topological = topology(circuit);
    let solvable = !topological.iter().any(|d| d.severity == Severity::Error);
    found.extend(topological);
    match System::new(circuit, &options) {
        Ok(system) => {
            found.extend(system.warnings.iter().cloned());
            if let Err(problems) = Probes::new(circuit, &system, &circuit.saves) {
                found.extend(problems);
            }
        }
        Err(problems) => {
            // A singular matrix was explained by its cause above.
            if solvable {
                found.extend(problems);
            }
        }
    }
    for block in &circuit.controllers {
        if let Err(problems) = Program::new(circuit, block) {
            found.extend(problems);
        }
    }
    report(&found, &circuit.sources);
    let errors = found.iter().filter(|d| d.severity == Severity::Error).count();
    println!(
        "{}: {} elements, {} nodes, {} errors, {} warnings",
        deck.display(),
        circuit.elements.len(),
        circuit.nodes.len() - 1,
        errors,
        found.len() - errors
    );
    if errors > 0 { WRONG } else { SUCCESS }
}
