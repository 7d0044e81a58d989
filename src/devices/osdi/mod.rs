//! Compiled Verilog-A models (`N` elements) as devices: one bank per module of the circuit's libraries.

mod bank;
mod parameters;

use std::sync::Arc;

use super::{Bank, Builder, nearest};
use crate::circuit::{Circuit, Element, ElementId, ModelCard};
use crate::diagnostic::Diagnostic;
use crate::osdi::Module;

/// A module: which library of the circuit, and which of its modules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    library: usize,
    module: usize,
}

/// The module that a type word names; the library that was loaded last comes first.
pub(super) fn find(circuit: &Circuit, kind: &str) -> Option<Found> {
    let mut libraries = circuit.libraries.iter().enumerate().rev();
    libraries.find_map(|(library, l)| l.module(kind).map(|module| Found { library, module }))
}

/// The module of a place.
fn module(circuit: &Circuit, found: Found) -> &Module {
    &circuit.libraries[found.library].modules[found.module]
}

/// True for an `N` element, whose type word means a module of a library before anything else.
pub(super) fn is_compiled(element: &Element) -> bool {
    element.name.rsplit('.').next().is_some_and(|own| own.starts_with('n'))
}

/// Complains when an element has more nodes than the module has terminals. Fewer are allowed: `$port_connected` tells the
/// module, and what is not connected is an internal node.
pub(super) fn fits(circuit: &Circuit, found: Found, element: &Element) -> Result<(), Diagnostic> {
    let module = module(circuit, found);
    if element.nodes.len() <= module.terminals {
        return Ok(());
    }
    let names: Vec<&str> = module.nodes[..module.terminals].iter().map(|n| n.name.as_str()).collect();
    let text = format!(
        "`{}` has {} nodes; module `{}` has {} terminals",
        element.name,
        element.nodes.len(),
        module.name,
        module.terminals
    );
    Err(Diagnostic::error(element.span, text).label("too many nodes").hint(format!(
        "terminals of {}: {}",
        module.name,
        names.join(" ")
    )))
}

/// What to say of a card whose type word neither is built in nor names a module.
pub(super) fn unknown(circuit: &Circuit, card: &ModelCard) -> Diagnostic {
    let names: Vec<&str> =
        circuit.libraries.iter().flat_map(|l| l.modules.iter().map(|module| module.name.as_str())).collect();
    let lower: Vec<String> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
    let text = format!("no loaded library has a module `{}`", card.kind);
    let hint = match nearest(&card.kind, lower.iter().map(String::as_str)) {
        Some(close) => format!("did you mean `{close}`?"),
        None if names.is_empty() => "load the compiled model with `.osdi file.osdi`".to_string(),
        None => format!("modules of the loaded libraries: {}", names.join(" ")),
    };
    Diagnostic::error(card.span, text).label("unknown module").hint(hint)
}

/// Builds the bank of one module.
pub(super) fn build(
    builder: &mut Builder,
    found: Found,
    elements: &[ElementId],
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Box<dyn Bank>> {
    let library = Arc::clone(&builder.circuit.libraries[found.library]);
    bank::build(builder, &library, found.module, elements, diagnostics).map(|bank| Box::new(bank) as Box<dyn Bank>)
}
