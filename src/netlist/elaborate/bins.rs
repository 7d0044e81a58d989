//! Binned models: of the cards `nch.1`, `nch.2`, .. an instance takes the one whose `lmin lmax wmin wmax` hold its
//! length and width.

use std::rc::Rc;

use super::{Elaborator, Env};
use crate::circuit::{ModelId, ParamData, ParamValue};
use crate::diagnostic::Diagnostic;
use crate::netlist::ast::Word;
use crate::netlist::report::Fault;

/// Length and width of an instance that does not give them, m.
pub(super) const DEFAULT_SIZE: f64 = 1e-4;

/// Sizes within this fraction of a limit are on it.
const ROUNDING: f64 = 1e-12;

/// The sizes one bin is for, m.
#[derive(Clone, Copy)]
struct Range {
    low: f64,
    high: f64,
}

impl Range {
    fn read(params: &[ParamValue], low: &str, high: &str) -> Self {
        Self { low: number(params, low).unwrap_or(0.0), high: number(params, high).unwrap_or(f64::INFINITY) }
    }

    /// The lower limit belongs to the bin, the upper one to the next.
    fn holds(self, size: f64) -> bool {
        let slack = ROUNDING * size;
        size >= self.low - slack && size < self.high - slack
    }
}

fn number(params: &[ParamValue], name: &str) -> Option<f64> {
    params.iter().find_map(|p| match p.value {
        ParamData::Number(value) if p.name == name => Some(value),
        _ => None,
    })
}

impl<'d> Elaborator<'d> {
    /// The card that `name` means for an instance with these parameters: the card of that name, or the bin that fits.
    pub(super) fn model_for(&mut self, env: &Rc<Env>, name: &Word, instance: &[ParamValue]) -> Result<ModelId, Fault> {
        if self.find_model(env, &name.text).is_some() {
            return self.model(env, name);
        }
        let Some((home, bins)) = self.bins(env, &name.text) else { return self.model(env, name) };
        let fingers = number(instance, "nf").unwrap_or(1.0).max(1.0);
        let length = number(instance, "l").unwrap_or(self.default_size[0]);
        let width = number(instance, "w").unwrap_or(self.default_size[1]) / fingers;
        let mut offered = Vec::new();
        for bin in bins {
            let Some((_, index)) = self.find_model(&home, &bin) else { continue };
            let card = self.card(&home, index)?;
            let (l, w) = (Range::read(&card, "lmin", "lmax"), Range::read(&card, "wmin", "wmax"));
            if l.holds(length) && w.holds(width) {
                return self.model(&home, &Word { text: bin.as_str().into(), span: name.span });
            }
            offered.push(format!("{bin}: l {:e}..{:e}, w {:e}..{:e}", l.low, l.high, w.low, w.high));
        }
        let text = format!("no bin of model `{}` is for l={length:e}, w={width:e}", name.text);
        Err(Diagnostic::error(name.span, text).label("size outside all bins").hint(offered.join("; ")).into())
    }

    /// Names of the bins of a model, in their order, and where they are defined.
    fn bins(&self, env: &Rc<Env>, name: &str) -> Option<(Rc<Env>, Vec<String>)> {
        let mut at = Some(env);
        while let Some(env) = at {
            let mut bins: Vec<(u32, String)> = self.deck.blocks[env.block]
                .models
                .keys()
                .filter_map(|key| {
                    let number = key.strip_prefix(name)?.strip_prefix('.')?;
                    Some((number.parse().ok()?, key.to_string()))
                })
                .collect();
            if !bins.is_empty() {
                bins.sort_unstable();
                return Some((Rc::clone(env), bins.into_iter().map(|(_, key)| key).collect()));
            }
            at = env.parent.as_ref();
        }
        None
    }
}
