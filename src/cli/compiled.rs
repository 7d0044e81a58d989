//! `ionspice models --osdi FILE [MODULE]`.

use std::path::Path;

use ionspice::devices::nearest;
use ionspice::osdi::{Kind, Library, Module, Parameter, compile, locate};
use serde_json::{Value, json};

use super::{SUCCESS, WRONG};

/// Lists the modules of a compiled library (or of a Verilog-A file), or one module with its parameters.
pub fn compiled(file: &Path, module: Option<&str>, as_json: bool) -> u8 {
    let library = match open(file) {
        Ok(library) => library,
        Err(problem) => {
            eprintln!("error: {problem}");
            return WRONG;
        }
    };
    let chosen = match module {
        None if library.modules.len() == 1 => Some(&library.modules[0]),
        None => None,
        Some(name) => match library.module(name) {
            Some(index) => Some(&library.modules[index]),
            None => {
                let close = nearest(name, library.modules.iter().map(|m| m.name.as_str()));
                let hint = close.map_or(String::new(), |c| format!("; did you mean `{c}`?"));
                eprintln!("error: the library has no module `{name}`{hint}");
                return WRONG;
            }
        },
    };
    match (chosen, as_json) {
        (Some(module), true) => println!("{:#}", describe(module)),
        (None, true) => println!("{:#}", Value::Array(library.modules.iter().map(describe).collect())),
        (Some(module), false) => print(&library, module),
        (None, false) => {
            for module in &library.modules {
                println!("{:<20} {}", module.name, terminals(module).join(" "));
            }
            println!("\n`ionspice models --osdi FILE MODULE` lists the parameters of one.");
        }
    }
    SUCCESS
}

fn open(file: &Path) -> Result<Library, String> {
    let path = locate(Path::new(""), &file.to_string_lossy())?;
    let is_source = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("va"));
    Library::open(&if is_source { compile(&path)?.library } else { path })
}

fn terminals(module: &Module) -> Vec<&str> {
    module.nodes[..module.terminals].iter().map(|n| n.name.as_str()).collect()
}

fn print(library: &Library, module: &Module) {
    let (major, minor) = library.version;
    println!("{}: compiled Verilog-A module, interface {major}.{minor}", module.name);
    println!("terminals: {}", terminals(module).join(" "));
    let (instance, model) = module.parameters[..module.settable].split_at(module.instance_parameters);
    table("model parameters", model);
    table("instance parameters (on the card: defaults of its instances)", instance);
    table("quantities that can be saved as @name[quantity]", module.outputs());
}

fn kind(parameter: &Parameter) -> &'static str {
    match parameter.kind {
        Kind::Real => "real",
        Kind::Integer => "integer",
        Kind::Text => "string",
    }
}

fn table(title: &str, parameters: &[Parameter]) {
    if parameters.is_empty() {
        return;
    }
    println!("\n{title}:");
    println!("  {:<16} {:<8} {:<10} description", "name", "type", "unit");
    for p in parameters {
        // `$mfactor` is written `m` in a netlist.
        let name = if p.name == "$mfactor" { "m".to_string() } else { p.name.to_ascii_lowercase() };
        let name = if p.length > 1 { format!("{name}[{}]", p.length) } else { name };
        let aliases = if p.aliases.is_empty() { String::new() } else { format!(" (also: {})", p.aliases.join(", ")) };
        println!("  {name:<16} {:<8} {:<10} {}{aliases}", kind(p), p.units, p.description);
    }
}

fn describe(module: &Module) -> Value {
    let list = |parameters: &[Parameter]| -> Vec<Value> {
        parameters
            .iter()
            .map(|p| {
                json!({
                    "name": p.name, "aliases": p.aliases, "type": kind(p), "length": p.length, "unit": p.units,
                    "description": p.description,
                })
            })
            .collect()
    };
    let (instance, model) = module.parameters[..module.settable].split_at(module.instance_parameters);
    json!({
        "module": module.name, "terminals": terminals(module), "model_params": list(model),
        "instance_params": list(instance), "internals": list(module.outputs()),
    })
}
