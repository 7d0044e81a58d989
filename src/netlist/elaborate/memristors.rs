//! Memristors as Xyce writes them: `.model m memristor level=2|3|4|5` becomes the card of the model that is meant.

use crate::circuit::{ParamData, ParamValue};
use crate::diagnostic::{Diagnostic, Span};

/// A level of Xyce's memristor.
struct Level {
    number: f64,
    /// Type word here.
    kind: &'static str,
    /// Names that differ: theirs, ours.
    names: &'static [(&'static str, &'static str)],
    /// Values where the card has none and our default differs (our names).
    defaults: &'static [(&'static str, f64)],
    /// Names whose values are ignored, with the reason.
    ignored: &'static [(&'static str, &'static str)],
}

const NOISE: &str = "Xyce's telegraph noise is not offered: it depends on the time steps there";

const LEVELS: [Level; 4] = [
    Level {
        number: 2.0,
        kind: "team",
        names: &[("aon", "aon_w"), ("aoff", "aoff_w")],
        defaults: &[("wc", 1.07e-12), ("clip", 0.0)],
        ignored: &[
            ("d", "windows 1 to 3 reach from xon to xoff"),
            ("resnoise", NOISE),
            ("resseed", NOISE),
            ("reslambda", NOISE),
            ("restd", NOISE),
            ("reseptd", NOISE),
            ("resdelta", NOISE),
            ("resdeltagrad", NOISE),
        ],
    },
    Level {
        number: 3.0,
        kind: "yakopcic",
        names: &[("xo", "x0")],
        defaults: &[
            ("a1", 1.0),
            ("a2", 1.0),
            ("b", 1.0),
            ("ap", 1.0),
            ("an", 1.0),
            ("alphap", 1.0),
            ("alphan", 1.0),
            ("xp", 1.0),
            ("xn", 1.0),
            ("vp", 0.01),
            ("vn", 0.01),
            ("x0", 0.0),
        ],
        ignored: &[
            ("resnoise", NOISE),
            ("resseed", NOISE),
            ("reslambda", NOISE),
            ("restd", NOISE),
            ("reseptd", NOISE),
            ("resdelta", NOISE),
            ("resdeltagrad", NOISE),
            ("xnoise", NOISE),
            ("xseed", NOISE),
            ("xlambda", NOISE),
            ("xtd", NOISE),
            ("xeptd", NOISE),
            ("xdelta", NOISE),
            ("xdeltagrad", NOISE),
        ],
    },
    Level {
        number: 4.0,
        kind: "pem",
        names: &[("xo", "x0")],
        defaults: &[
            ("v1", 1.0),
            ("v2", 1.0),
            ("i1", 1.0),
            ("i2", 1.0),
            ("g0", 1.0),
            ("vp", 0.01),
            ("vn", -0.01),
            ("d1", 1.0),
            ("d2", 1.0),
            ("c1", 1.0),
            ("c2", 1.0),
            ("x0", 0.0),
        ],
        ignored: &[],
    },
    Level {
        number: 5.0,
        kind: "mms",
        names: &[("sfa", "af"), ("sfb", "bf"), ("sra", "ar"), ("srb", "br")],
        defaults: &[],
        ignored: &[],
    },
];

/// Translates the parameters of a card of type `memristor` and returns the type that is meant.
///
/// # Errors
/// A level that is missing or not offered.
pub(super) fn translate(
    card: Span,
    params: &mut Vec<ParamValue>,
    warn: &mut dyn FnMut(Diagnostic),
) -> Result<&'static str, Diagnostic> {
    let offered = "level 2 is TEAM, 3 Yakopcic, 4 PEM, 5 the mean metastable switch";
    let Some(at) = params.iter().position(|p| p.name == "level") else {
        let error = Diagnostic::error(card, "a model of type memristor needs a level");
        return Err(error.label("`level=` expected").hint(offered));
    };
    let given = params.remove(at);
    let level = LEVELS.iter().find(|level| given.value == ParamData::Number(level.number));
    let Some(level) = level else {
        let error = Diagnostic::error(given.span, "this level of memristor is not available");
        return Err(error.label("unknown level").hint(offered));
    };
    params.retain(|param| {
        let reason = level.ignored.iter().find(|(name, _)| *name == param.name);
        let off = param.value == ParamData::Number(0.0) && param.name.ends_with("noise");
        if let Some((name, reason)) = reason.filter(|_| !off) {
            warn(Diagnostic::warning(param.span, format!("`{name}` is ignored")).label("no effect").hint(*reason));
        }
        reason.is_none()
    });
    for param in params.iter_mut() {
        if let Some((_, ours)) = level.names.iter().find(|(theirs, _)| *theirs == param.name) {
            param.name = (*ours).to_string();
        }
        let wrong = match (&param.value, level.kind, param.name.as_str()) {
            (ParamData::Number(value), "team", "ion") => (*value > 0.0).then_some(-value),
            (ParamData::Number(value), "yakopcic", "vn") => (*value < 0.0).then_some(-value),
            _ => None,
        };
        if let Some(right) = wrong {
            let warning = Diagnostic::warning(param.span, format!("`{}` is taken as {right}", param.name));
            warn(warning.label("wrong sign").hint("`ion` of TEAM is negative, `vn` of Yakopcic a magnitude"));
            param.value = ParamData::Number(right);
        }
    }
    for &(name, value) in level.defaults {
        if params.iter().all(|param| param.name != name) {
            params.push(ParamValue { name: name.into(), value: ParamData::Number(value), span: card });
        }
    }
    // where the program differs from its manual
    if level.kind == "pem"
        && let Some(vn) = params.iter().find(|param| param.name == "vn").cloned()
    {
        params.push(ParamValue { name: "vlow".into(), ..vn });
    }
    Ok(level.kind)
}
