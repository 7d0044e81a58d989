//! `alter`, `altermod`, `alterparam`, `reset`: values that differ from those of the deck.

use super::{Done, Interpreter, Problem};
use crate::circuit::{Overrides, ParamData};

/// Target and value of `target = value` or `target value`.
fn sides(rest: &str) -> Result<(&str, &str), Problem> {
    let sides = match rest.split_once('=') {
        Some(sides) => Some(sides),
        None => match rest.find('[').filter(|_| !rest.starts_with('@')) {
            Some(list) => Some(rest.split_at(list)),
            None => rest.trim().rsplit_once(char::is_whitespace),
        },
    };
    match sides.map(|(target, value)| (target.trim(), value.trim())) {
        Some((target, value)) if !target.is_empty() && !value.is_empty() => Ok((target, value)),
        _ => Err("a target and a value expected, as in `alter r1 = 2k`".into()),
    }
}

/// `@name[param]` as name and parameter.
fn bracketed(target: &str) -> Option<(String, String)> {
    let (name, param) = target.strip_prefix('@')?.strip_suffix(']')?.split_once('[')?;
    Some((name.trim().to_ascii_lowercase(), param.trim().to_ascii_lowercase()))
}

impl Interpreter<'_> {
    /// A number, or a list in brackets.
    fn changed_value(&mut self, text: &str) -> Result<ParamData, Problem> {
        if let Some(list) = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')) {
            let words = super::words::split(&list.replace(',', " "));
            let values = words.iter().map(|word| self.value(word).map(|v| v.first()));
            return values.collect::<Result<Vec<f64>, Problem>>().map(ParamData::Vector);
        }
        let value = self.value(text)?;
        match value.len() {
            1 => Ok(ParamData::Number(value.first())),
            _ => Ok(ParamData::Vector(value.reals())),
        }
    }

    /// Takes the changes if the deck can be built with them.
    fn change(&mut self, more: Overrides) -> Done {
        let changed = self.overrides.with(&more);
        self.parsed.elaborate(&changed).map_err(|failure| {
            // Only what is new is wrong with the command.
            Problem::Found(failure.diagnostics, Some(failure.sources))
        })?;
        self.overrides = changed;
        Ok(())
    }

    /// `alter r1 = 2k`, `alter v1 dc = 3`, `alter @m1[w] = 2u`, `alter @v1[pulse] = [ 0 5 .. ]`
    pub(super) fn alter(&mut self, rest: &str) -> Done {
        let (target, value) = sides(rest)?;
        let (name, param) = match bracketed(target) {
            Some((name, param)) => (name, Some(param)),
            None => match target.split_once(char::is_whitespace) {
                Some((name, param)) => (name.to_ascii_lowercase(), Some(param.trim().to_ascii_lowercase())),
                None => (target.trim_start_matches('@').to_ascii_lowercase(), None),
            },
        };
        let main = ["resistance", "capacitance", "inductance", "dc", "r", "c", "l"];
        let first = name.chars().next().unwrap_or(' ');
        let main_value = param.as_deref().is_some_and(|p| {
            main.contains(&p)
                && matches!(
                    (first, p),
                    ('r', "resistance" | "r")
                        | ('c', "capacitance" | "c")
                        | ('l', "inductance" | "l")
                        | ('v' | 'i', "dc")
                )
        });
        let param = if main_value { None } else { param };
        let value = self.changed_value(value)?;
        self.change(Overrides { elements: vec![(name, param, value)], ..Overrides::default() })
    }

    /// `altermod nch vth0 = 0.5`, `altermod @nch[vth0] = 0.5`
    pub(super) fn altermod(&mut self, rest: &str) -> Done {
        let (target, value) = sides(rest)?;
        let value = self.changed_value(value)?;
        let (names, param) = match bracketed(target) {
            Some((name, param)) => (vec![name], param),
            None => {
                let mut words: Vec<String> = target.split_whitespace().map(str::to_ascii_lowercase).collect();
                let param = words.pop().unwrap_or_default();
                (words, param)
            }
        };
        if names.is_empty() {
            return Err("a model and a parameter expected, as in `altermod nch vto = 0.5`".into());
        }
        // The name of a device stands for its model.
        let circuit = self.circuit(None)?;
        let model = |name: &String| {
            let element = circuit.element_index.get(name).map(|id| &circuit.elements[id.0 as usize].kind);
            match element {
                Some(crate::circuit::ElementKind::Device(device)) => {
                    circuit.models[device.model.0 as usize].name.clone()
                }
                _ => name.clone(),
            }
        };
        let models = names.iter().map(|name| (model(name), param.clone(), value.clone())).collect();
        self.change(Overrides { models, ..Overrides::default() })
    }

    /// `alterparam p = 2`, `alterparam subcircuit p = 2`; counts from the next `reset` on.
    pub(super) fn alterparam(&mut self, rest: &str) -> Done {
        let (target, value) = sides(rest)?;
        let number = self.value(value)?.first();
        let target = target.to_ascii_lowercase();
        match target.split_once(char::is_whitespace) {
            None => self.pending.push((target, number)),
            Some((block, param)) => {
                let entry = (block.to_string(), param.trim().to_string(), number);
                self.original.block_params.retain(|known| (&known.0, &known.1) != (&entry.0, &entry.1));
                self.original.block_params.push(entry);
            }
        }
        Ok(())
    }

    /// Back to the deck, with the parameters given by `alterparam`.
    pub(super) fn reset(&mut self) {
        for (name, value) in std::mem::take(&mut self.pending) {
            self.original.params.retain(|(known, _)| *known != name);
            self.original.params.push((name, value));
        }
        let (seed, celsius) = (self.overrides.seed, self.overrides.celsius);
        self.overrides = self.original.clone();
        self.overrides.seed = seed.or(self.overrides.seed);
        self.overrides.celsius = celsius.or(self.overrides.celsius);
    }
}
