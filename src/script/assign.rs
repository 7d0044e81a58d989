//! `let`, `compose`, `define`, `unlet`.

use super::plots::widened;
use super::{Done, Function, Interpreter, Problem, plain_name};
use crate::calc::{self, Data, Kind, Vector};
use crate::output::Quantity;

/// Largest vector of `compose`.
const LONGEST: f64 = 1e7;

/// The place of the `=` that assigns: not part of `==`, `<=`, `>=`, `!=`, outside brackets.
fn assignment(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut depth = 0i32;
    for (at, &byte) in bytes.iter().enumerate() {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            b'=' if depth == 0 => {
                let before = at.checked_sub(1).map(|i| bytes[i]);
                if bytes.get(at + 1) != Some(&b'=') && !matches!(before, Some(b'<' | b'>' | b'!' | b'=')) {
                    return Some(at);
                }
                return None;
            }
            _ => {}
        }
    }
    None
}

impl Interpreter<'_> {
    /// `let name = expression`, `let name[index] = expression`.
    pub(super) fn assign(&mut self, rest: &str) -> Done {
        if rest.is_empty() {
            return self.display("");
        }
        let Some(equals) = assignment(rest) else {
            return Err(Problem::At(0, rest.len(), "`=` expected".into(), Some("as in `let x = 2*v(out)`".into())));
        };
        let (target, text) = (rest[..equals].trim(), &rest[equals + 1..]);
        let offset = equals + 1 + text.len() - text.trim_start().len();
        let value = self.value(text.trim()).map_err(|problem| shifted(problem, offset))?;
        let (name, index) = match target.split_once('[') {
            Some((name, index)) => (name.trim(), index.strip_suffix(']')),
            None => (target, None),
        };
        let name = name.to_ascii_lowercase();
        if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '#' | '@')) {
            return Err(Problem::At(
                0,
                target.len().max(1),
                format!("`{target}` cannot be the name of a vector"),
                None,
            ));
        }
        // `let tran1.x = ..` goes to that plot.
        let before = self.plots.current().name.clone();
        let mut own = name.as_str();
        if let Some((plot, rest)) = name.split_once('.')
            && self.plots.all().iter().any(|p| p.name == plot)
        {
            self.plots.choose(plot)?;
            own = rest;
        }
        let done = match index {
            None => {
                self.plots.set(own, value);
                Ok(())
            }
            Some(index) => self.assign_element(own, index, &value),
        };
        self.plots.choose(&before)?;
        if self.plots.numbers() > super::MOST_NUMBERS {
            return Err("the vectors of the script hold too many numbers".into());
        }
        done
    }

    fn assign_element(&mut self, name: &str, index: &str, value: &Vector) -> Done {
        let reference = calc::Reference { plot: None, name: calc::Name::Plain(name.to_string()) };
        let Some(vector) = calc::Scope::vector(&self.plots, &reference) else {
            return Err(format!("there is no vector `{name}` to change an element of").into());
        };
        let mut bounds = Vec::new();
        for part in index.split([',', ':']) {
            bounds.push(self.value(part)?.first());
        }
        let (low, high) = (bounds[0], bounds.last().copied().unwrap_or(f64::NAN));
        if !(low >= 0.0 && high >= low && high < vector.len() as f64) {
            return Err(format!("`{name}` has {} elements, there is no element [{index}]", vector.len()).into());
        }
        if value.is_empty() {
            return Err("the value is empty".into());
        }
        let mut vector = widened(vector, value.is_complex());
        for (offset, k) in (low as usize..=high as usize).enumerate() {
            match &mut vector.data {
                Data::Real(all) => all[k] = value.at(offset).re,
                Data::Complex(all) => all[k] = value.at(offset),
            }
        }
        self.plots.set(name, vector);
        Ok(())
    }

    /// `unlet name ..`
    pub(super) fn forget(&mut self, rest: &str) -> Done {
        let names: Vec<String> = rest.split_whitespace().map(str::to_lowercase).collect();
        self.plots.current_mut().added.retain(|(name, _)| !names.contains(name));
        Ok(())
    }

    /// `compose name values v1 v2 ..`, `compose name start=0 stop=1 step=0.1`, `.. lin=n`, `.. log=n`, `.. dec=n`.
    pub(super) fn compose(&mut self, rest: &str) -> Done {
        let (name, rest) = rest.split_once(char::is_whitespace).ok_or("`compose` needs a name and values")?;
        let rest = rest.trim();
        let name = name.to_ascii_lowercase();
        if let Some(list) = rest.strip_prefix("values") {
            let mut parts: Vec<Vector> = Vec::new();
            for word in super::words::split(list) {
                parts.push(self.value(&word)?);
            }
            let complex = parts.iter().any(Vector::is_complex);
            let vector = if complex {
                Vector::complex(parts.iter().flat_map(Vector::complexes).collect())
            } else {
                Vector::real(parts.iter().flat_map(Vector::reals).collect())
            };
            if vector.is_empty() {
                return Err("`compose` needs values".into());
            }
            self.plots.set(&name, vector);
            return Ok(());
        }
        let mut given = std::collections::BTreeMap::new();
        let spaced = rest.replace(" =", "=").replace("= ", "=");
        for word in spaced.split_whitespace() {
            let (key, text) = word.split_once('=').ok_or_else(|| format!("`{word}`: `key=value` expected"))?;
            given.insert(key.to_ascii_lowercase(), self.value(text)?.first());
        }
        let get = |key: &str| given.get(key).copied();
        let start = get("start").unwrap_or(0.0);
        let span = |count: f64| -> Result<usize, Problem> {
            if (1.0..=LONGEST).contains(&count) {
                Ok(count as usize)
            } else {
                Err(format!("{count:e} values; from 1 to {LONGEST:e} are possible").into())
            }
        };
        let values: Vec<f64> = if let Some(count) = get("log") {
            let (stop, n) = (get("stop").ok_or("`stop=` is missing")?, span(count)?);
            (0..n).map(|k| start * (stop / start).powf(k as f64 / (n.max(2) - 1) as f64)).collect()
        } else if let Some(dec) = get("dec") {
            let stop = get("stop").ok_or("`stop=` is missing")?;
            let n = span(((stop / start).log10() * dec).floor() + 1.0)?;
            (0..n).map(|k| start * 10f64.powf(k as f64 / dec)).collect()
        } else if let Some(count) = get("lin") {
            let n = span(count)?;
            let step = match (get("stop"), get("step")) {
                (Some(stop), _) => (stop - start) / (n.max(2) - 1) as f64,
                (None, step) => step.unwrap_or(1.0),
            };
            (0..n).map(|k| start + step * k as f64).collect()
        } else {
            let stop = get("stop").ok_or("`stop=` is missing")?;
            let step = get("step").unwrap_or(1.0);
            let n = span(((stop - start) / step + 1e-9).floor() + 1.0)?;
            (0..n).map(|k| start + step * k as f64).collect()
        };
        self.plots.set(&name, Vector::real(values));
        Ok(())
    }

    /// `define f(x,y) expression`
    pub(super) fn define(&mut self, rest: &str) -> Done {
        let wrong = || Problem::from("as in `define area(a,b) a*b`");
        let open = rest.find('(').ok_or_else(wrong)?;
        let close = rest[open..].find(')').ok_or_else(wrong)? + open;
        let name = rest[..open].trim().to_ascii_lowercase();
        let arguments: Vec<String> =
            rest[open + 1..close].split(',').map(|a| a.trim().to_lowercase()).filter(|a| !a.is_empty()).collect();
        let text = rest[close + 1..].trim();
        let text = text.strip_prefix('=').unwrap_or(text).trim();
        let body = self.expression(text)?;
        // A function that calls itself would never end; its own name is not put in.
        self.functions.insert(name, Function { arguments, body });
        Ok(())
    }

    /// `settype quantity vector ..`
    pub(super) fn settype(&mut self, rest: &str) -> Done {
        let mut words = rest.split_whitespace();
        let word = words.next().ok_or("`settype` needs a type and vectors")?;
        let quantity = super::plots::quantity(word).ok_or_else(|| format!("`{word}` is no type of a vector"))?;
        for name in words {
            let expr = self.expression(name)?;
            let vector = self.evaluated(&expr)?.measuring(quantity.clone());
            self.retype(name, &quantity, vector);
        }
        Ok(())
    }

    fn retype(&mut self, name: &str, quantity: &Quantity, vector: Vector) {
        let plot = self.plots.current_mut();
        let column = calc::parse(name).ok().and_then(|expr| match expr.kind {
            Kind::Vector(reference) => calc::Plot::new(&plot.data).column(&reference.name),
            _ => None,
        });
        match column {
            Some(column) => plot.data.variables[column].quantity = quantity.clone(),
            None => self.plots.set(&name.to_lowercase(), vector),
        }
    }

    /// `setscale vector`
    pub(super) fn setscale(&mut self, rest: &str) -> Done {
        let expr = self.expression(rest)?;
        let vector = self.evaluated(&expr)?;
        let name = plain_name(&expr).map_or_else(|| rest.to_lowercase(), str::to_string);
        self.plots.set(&name, Vector { axis: None, ..vector });
        self.plots.current_mut().scale = Some(name);
        Ok(())
    }
}

/// A problem further to the right.
fn shifted(problem: Problem, offset: usize) -> Problem {
    match problem {
        Problem::At(at, len, message, hint) => Problem::At(at + offset, len, message, hint),
        other => other,
    }
}
