//! Parameters declared once: name, aliases, unit, default, range and description.

use crate::circuit::{ParamData, ParamValue};
use crate::diagnostic::Diagnostic;

/// What the parser, `ionspice models` and the documentation know of one parameter.
#[derive(Clone, Copy, Debug)]
pub struct ParamSpec {
    /// Name, lower case.
    pub name: &'static str,
    /// Other spellings.
    pub aliases: &'static [&'static str],
    /// SI unit; `-` for none.
    pub unit: &'static str,
    /// Default; NaN means "not given".
    pub default: f64,
    /// Smallest allowed value.
    pub min: f64,
    /// Largest allowed value.
    pub max: f64,
    /// What it does.
    pub description: &'static str,
}

/// A parameter struct made by [`parameters!`](crate::parameters).
pub trait Parameters: Default + Clone {
    /// Its parameters, in order.
    const SPECS: &'static [ParamSpec];
    /// Mutable access by index in [`Parameters::SPECS`].
    fn slot(&mut self, index: usize) -> Option<&mut f64>;
    /// Takes a list of numbers; `None` when the parameter wants a single one.
    fn vector(&mut self, _name: &str, _values: &[f64]) -> Option<Result<(), String>> {
        None
    }
}

/// Index of the parameter with this name or alias.
pub fn find(specs: &[ParamSpec], name: &str) -> Option<usize> {
    specs.iter().position(|s| s.name == name || s.aliases.contains(&name))
}

/// Writes the given values into `params`; reports unknown names, wrong kinds and values out of range.
///
/// `owner` is how messages call the card or instance ("model `m1` of type vteam").
pub fn apply<P: Parameters>(params: &mut P, given: &[ParamValue], owner: &str, found: &mut Vec<Diagnostic>) {
    for value in given {
        let Some(index) = find(P::SPECS, &value.name) else {
            let names = P::SPECS.iter().map(|s| s.name);
            let hint = match nearest(&value.name, names) {
                Some(name) => format!("did you mean `{name}`?"),
                None => "`ionspice models NAME` lists the parameters of a model".to_string(),
            };
            found.push(
                Diagnostic::error(value.span, format!("{owner} has no parameter `{}`", value.name))
                    .label("unknown parameter")
                    .hint(hint),
            );
            continue;
        };
        let spec = &P::SPECS[index];
        if let ParamData::Vector(values) = &value.value
            && let Some(taken) = params.vector(spec.name, values)
        {
            if let Err(problem) = taken {
                let text = format!("parameter `{}` of {owner} {problem}", spec.name);
                found.push(Diagnostic::error(value.span, text).label("wrong points").hint(spec.description));
            }
            continue;
        }
        let ParamData::Number(number) = value.value else {
            found.push(
                Diagnostic::error(value.span, format!("parameter `{}` of {owner} wants a number", spec.name))
                    .label("not a number"),
            );
            continue;
        };
        if !(number >= spec.min && number <= spec.max) {
            found.push(
                Diagnostic::error(
                    value.span,
                    format!("parameter `{}` of {owner} is out of range: {number:e}", spec.name),
                )
                .label(format!("allowed: {:e} to {:e} {}", spec.min, spec.max, spec.unit))
                .hint(spec.description),
            );
            continue;
        }
        if let Some(slot) = params.slot(index) {
            *slot = number;
        }
    }
}

/// As [`apply`], but a parameter that the model does not have is a warning: cards of manufacturers carry names and ratings,
/// and other simulators pass over what they do not know.
pub fn apply_card<P: Parameters>(params: &mut P, given: &[ParamValue], owner: &str, found: &mut Vec<Diagnostic>) {
    let (known, unknown): (Vec<_>, Vec<_>) =
        given.iter().cloned().partition(|value| find(P::SPECS, &value.name).is_some());
    apply(params, &known, owner, found);
    for value in unknown {
        let warning =
            Diagnostic::warning(value.span, format!("{owner} has no parameter `{}`: it is ignored", value.name));
        let hint = nearest(&value.name, P::SPECS.iter().map(|s| s.name)).map(|name| format!("did you mean `{name}`?"));
        found.push(
            warning.label("unknown parameter").hint(hint.unwrap_or_else(|| "`ionspice models` lists them".into())),
        );
    }
}

/// The candidate closest in spelling (edit distance at most a third of its length), if any.
pub fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .map(|c| (edit_distance(name, c), c))
        .filter(|&(d, c)| d <= 1 + c.len() / 4 && d < c.len().max(2))
        .min_by_key(|&(d, _)| d)
        .map(|(_, c)| c)
}

fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().take(64).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &cb) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(ca != cb);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// Declares a parameter struct of `f64` fields.
///
/// ```
/// ionspice::parameters! {
///     /// Parameters of a thing.
///     pub struct Thing {
///         ron ["r_on"] = 1e3, "ohm", 1e-3..=1e12, "resistance of the closed switch";
///     }
/// }
/// assert_eq!(Thing::default().ron, 1e3);
/// ```
#[macro_export]
macro_rules! parameters {
    ($(#[$doc:meta])* $vis:vis struct $name:ident { $($field:ident [$($alias:literal),*] = $default:expr, $unit:literal, $range:expr, $text:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        $vis struct $name { $(#[doc = concat!($text, " (", $unit, ")")] pub $field: f64,)* }
        impl Default for $name {
            fn default() -> Self { Self { $($field: $default,)* } }
        }
        impl $crate::devices::Parameters for $name {
            const SPECS: &'static [$crate::devices::ParamSpec] = &[$($crate::devices::ParamSpec {
                name: stringify!($field), aliases: &[$($alias),*], unit: $unit, default: $default,
                min: *$range.start(), max: *$range.end(), description: $text,
            },)*];
            fn slot(&mut self, index: usize) -> Option<&mut f64> {
                [$(&mut self.$field,)*].into_iter().nth(index)
            }
        }
    };
}
