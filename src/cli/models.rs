//! `ionspice models`.

use ionspice::devices::{ModelType, ParamSpec, model_types, nearest};
use serde_json::{Value, json};

use super::{SUCCESS, WRONG};

/// Lists all model types, or one with its parameters.
pub fn models(name: Option<&str>, as_json: bool) -> u8 {
    let types = model_types();
    let Some(name) = name else {
        if as_json {
            println!("{:#}", Value::Array(types.iter().map(describe).collect()));
        } else {
            for model in types {
                println!("{:<14} {}", model.kinds.join(", "), model.summary);
            }
            println!("\n`ionspice models NAME` lists the parameters of one.");
        }
        return SUCCESS;
    };
    let lower = name.to_ascii_lowercase();
    let Some(model) = types.iter().find(|m| m.kinds.contains(&lower.as_str())) else {
        let close = nearest(&lower, types.iter().flat_map(|m| m.kinds.iter().copied()));
        let hint = close.map_or(String::new(), |c| format!("; did you mean `{c}`?"));
        eprintln!("error: there is no model type `{name}`{hint}");
        return WRONG;
    };
    if as_json {
        println!("{:#}", describe(model));
        return SUCCESS;
    }
    println!("{}: {}", model.kinds.join(", "), model.summary);
    println!("source: {}", model.source);
    println!("terminals: {}", model.terminals.join(" "));
    table("model parameters", model.model_params);
    table("instance parameters", model.instance_params);
    if !model.internals.is_empty() {
        println!("\nquantities that can be saved as @name[quantity]: {}", model.internals.join(", "));
    }
    SUCCESS
}

fn table(title: &str, params: &[ParamSpec]) {
    if params.is_empty() {
        return;
    }
    println!("\n{title}:");
    println!("  {:<10} {:>12} {:<8} description", "name", "default", "unit");
    for p in params {
        let default = if p.default.is_nan() { "-".to_string() } else { format!("{}", p.default) };
        let default = if default.len() > 12 { format!("{:.4e}", p.default) } else { default };
        let aliases = if p.aliases.is_empty() { String::new() } else { format!(" (also: {})", p.aliases.join(", ")) };
        println!("  {:<10} {:>12} {:<8} {}{aliases}", p.name, default, p.unit, p.description);
    }
}

fn describe(model: &ModelType) -> Value {
    let params = |list: &[ParamSpec]| -> Vec<Value> {
        list.iter()
            .map(|p| {
                json!({
                    "name": p.name, "aliases": p.aliases, "unit": p.unit, "default": p.default,
                    "min": p.min, "max": p.max, "description": p.description,
                })
            })
            .collect()
    };
    json!({
        "kinds": model.kinds, "summary": model.summary, "source": model.source, "terminals": model.terminals,
        "model_params": params(model.model_params), "instance_params": params(model.instance_params),
        "internals": model.internals,
    })
}
