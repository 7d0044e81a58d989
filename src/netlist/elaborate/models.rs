//! Model cards: which one a name means, and their evaluated parameters, shared where they are equal.

use std::rc::Rc;

use super::{Elaborator, Env, memristors, missing};
use crate::circuit::{ModelCard, ModelId, ParamData, ParamValue};
use crate::diagnostic::Diagnostic;
use crate::netlist::ast::{Element, Param, Word};
use crate::netlist::report::Fault;
use crate::netlist::suggest;

impl<'d> Elaborator<'d> {
    pub(super) fn find_model<'e>(&self, env: &'e Rc<Env>, name: &str) -> Option<(&'e Rc<Env>, usize)> {
        let mut at = Some(env);
        while let Some(env) = at {
            let block = &self.deck.blocks[env.block];
            let mut guarded = block.guarded_models.get(name).into_iter().flatten();
            let found = guarded.find(|(guard, _)| self.taken(env, guard)).map(|&(_, index)| index);
            if let Some(index) = found.or_else(|| block.models.get(name).copied()) {
                return Some((env, index));
            }
            at = env.parent.as_ref();
        }
        None
    }

    /// Which of the words of a Y or Q element is the name of its model; a Y element has a node before it.
    pub(super) fn model_position(&self, env: &Rc<Env>, element: &Element, words: &[Word]) -> Result<usize, Fault> {
        let least = usize::from(element.nodes.is_empty());
        match words.iter().skip(least).position(|word| self.find_model(env, &word.text).is_some()) {
            Some(position) => Ok(position + least),
            None if words.iter().any(|word| self.broken.contains(&word.text)) => Err(Fault::Reported),
            None => match words.last() {
                Some(word) if words.len() > least => Err(self.unknown_model(env, word)),
                _ => Err(Diagnostic::error(element.name.span, "nodes and the name of a model expected").into()),
            },
        }
    }

    pub(super) fn unknown_model(&self, env: &Rc<Env>, name: &Word) -> Fault {
        missing(self.broken, &name.text, || {
            let mut known: Vec<&str> = Vec::new();
            let mut at = Some(env);
            while let Some(env) = at {
                known.extend(self.deck.blocks[env.block].models.keys().map(|k| &**k));
                at = env.parent.as_ref();
            }
            let hint = suggest::did_you_mean(&name.text, known, "add a `.model` statement, or include its file");
            Diagnostic::error(name.span, format!("unknown model `{}`", name.text)).label("not defined here").hint(hint)
        })
    }

    /// The evaluated card that `name` means in an instance.
    pub(super) fn model(&mut self, env: &Rc<Env>, name: &Word) -> Result<ModelId, Fault> {
        let Some((home, index)) = self.find_model(env, &name.text) else { return Err(self.unknown_model(env, name)) };
        if let Some(&id) = self.model_of.get(&(home.id, index)) {
            return Ok(id);
        }
        let model = &self.deck.models[index];
        let mut kind = self.model_type(home, index)?.text.to_string();
        let mut params = self.card(home, index)?;
        if kind == "memristor" {
            let meant = memristors::translate(model.name.span, &mut params, &mut |found| self.report.warn(found))?;
            kind = meant.to_string();
        }
        let key = (index, params.iter().flat_map(|param| fingerprint(&param.value)).collect());
        let id = match self.same_model.get(&key) {
            Some(&id) => id,
            None => {
                let id = ModelId(self.models.len() as u32);
                let name = format!("{}{}", home.path, model.name.text);
                self.models.push(ModelCard { name, kind, params, span: model.name.span });
                self.same_model.insert(key, id);
                id
            }
        };
        self.model_of.insert((home.id, index), id);
        Ok(id)
    }

    /// A card and those on which it is built with `ako:`, the card itself first.
    fn lineage(&self, home: &Rc<Env>, index: usize) -> Result<Vec<(Rc<Env>, usize)>, Fault> {
        let mut all = vec![(Rc::clone(home), index)];
        while let Some((home, index)) = all.last()
            && let Some(base) = &self.deck.models[*index].base
        {
            let Some((above, next)) = self.find_model(home, &base.text) else {
                return Err(self.unknown_model(home, base));
            };
            if all.iter().any(|&(_, seen)| seen == next) {
                let message = format!("model `{}` is built on itself", base.text);
                return Err(Diagnostic::error(base.span, message).label("another model expected").into());
            }
            all.push((Rc::clone(above), next));
        }
        Ok(all)
    }

    /// The type word of a card: its own, or else that of the card on which it is built.
    pub(super) fn model_type(&self, home: &Rc<Env>, index: usize) -> Result<&'d Word, Fault> {
        let deck = self.deck;
        let lineage = self.lineage(home, index)?;
        let typed = lineage.iter().map(|&(_, index)| &deck.models[index].kind).find(|kind| !kind.text.is_empty());
        Ok(typed.unwrap_or(&deck.models[index].kind))
    }

    /// Evaluated parameters of a model card, replaced values in place.
    pub(super) fn card(&mut self, home: &Rc<Env>, index: usize) -> Result<Vec<ParamValue>, Fault> {
        let mut params = Vec::new();
        for (home, index) in self.lineage(home, index)?.into_iter().rev() {
            for param in self.params(&home, &self.deck.models[index].params)? {
                params.retain(|before: &ParamValue| before.name != param.name);
                params.push(param);
            }
        }
        let model = &self.deck.models[index];
        let full = format!("{}{}", home.path, model.name.text);
        for (name, param, value) in &self.overrides.models {
            if *name != full && **name != *model.name.text {
                continue;
            }
            match params.iter_mut().find(|p| p.name == *param) {
                Some(place) => place.value = value.clone(),
                None => {
                    params.push(ParamValue { name: param.clone(), value: value.clone(), span: model.name.span });
                }
            }
        }
        Ok(params)
    }

    /// Evaluated parameters; of a name that is given twice the last value counts.
    pub(super) fn params(&mut self, env: &Rc<Env>, params: &[Param]) -> Result<Vec<ParamValue>, Fault> {
        let mut all: Vec<ParamValue> = Vec::with_capacity(params.len());
        for param in params {
            let (name, span) = (&param.name.text, param.name.span);
            let value = self.data(env, &param.value)?;
            if all.iter().any(|before| *before.name == **name) {
                let warning = Diagnostic::warning(span, format!("`{name}` is given twice"));
                self.report.warn(warning.label("this value counts"));
                all.retain(|before| *before.name != **name);
            }
            all.push(ParamValue { name: name.to_string(), value, span });
        }
        Ok(all)
    }
}

/// Tells apart the values that one written value can have in different instances.
fn fingerprint(value: &ParamData) -> Vec<u64> {
    match value {
        ParamData::Number(number) => vec![0, number.to_bits()],
        ParamData::Text(_) => vec![1],
        ParamData::Vector(numbers) => {
            [2, numbers.len() as u64].into_iter().chain(numbers.iter().map(|x| x.to_bits())).collect()
        }
    }
}
