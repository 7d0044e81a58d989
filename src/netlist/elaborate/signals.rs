//! Single signals, and the node values of `.ic` and `.nodeset`.

use std::rc::Rc;

use super::{Elaborator, Env};
use crate::circuit::{ElementId, NodeId, Signal};
use crate::diagnostic::Diagnostic;
use crate::netlist::ast::{Block, SignalKind, SignalText, Value, Word};
use crate::netlist::report::Fault;
use crate::netlist::suggest;

impl<'d> Elaborator<'d> {
    /// `.ic` or `.nodeset` of every instance.
    pub(super) fn node_values(&mut self, list: impl Fn(&'d Block) -> &'d [(Word, Value)]) -> Vec<(NodeId, f64)> {
        let mut all = Vec::new();
        for index in 0..self.envs.len() {
            let env = Rc::clone(&self.envs[index]);
            let block = &self.deck.blocks[env.block];
            for (word, value) in list(block) {
                if &*word.text == "all" && self.find_node(&env, "all").is_none() {
                    let number = self.number(&env, value);
                    let number = self.report.keep(number);
                    all.extend((1..self.nodes.len()).filter_map(|node| Some((NodeId(node as u32), number?))));
                    continue;
                }
                let node = self.find_node(&env, &word.text).map_or_else(|| self.voltage_node(&env, word), Ok);
                let node = self.report.keep(node);
                let number = self.number(&env, value);
                let number = self.report.keep(number);
                all.extend(node.zip(number));
            }
        }
        all
    }

    /// The signal that a text means.
    pub(super) fn signal(&self, text: &SignalText) -> Result<Signal, Fault> {
        let label = text.label.clone();
        let top = &self.envs[0];
        Ok(match &text.kind {
            SignalKind::All => Signal::All,
            SignalKind::Voltage(plus, minus) => Signal::Voltage {
                plus: self.voltage_node(top, plus)?,
                minus: minus.as_ref().map_or(Ok(NodeId::GROUND), |word| self.voltage_node(top, word))?,
                label,
            },
            SignalKind::Current(word) => Signal::Current { element: self.signal_element(word)?, label },
            SignalKind::Internal(word, quantity) => {
                Signal::Internal { element: self.signal_element(word)?, quantity: quantity.to_string(), label }
            }
        })
    }

    /// A node by its name in the instance, by its full name, or by its full name from the inside out (`w.x1` for `x1.w`).
    pub(super) fn voltage_node(&self, env: &Env, word: &Word) -> Result<NodeId, Fault> {
        let written = &*word.text;
        let name = &*written.replace(':', ".");
        let found = self.find_node(env, written).or_else(|| self.find_node(env, name));
        let found = found.or_else(|| self.node_index.get(&reversed(name)?).copied());
        found.ok_or_else(|| {
            let element = self.find_element(env, name).map(|_| format!("`{name}` is an element: write `i({name})`"));
            let names = self.nodes.iter().filter_map(|node| node.strip_prefix(env.path.as_str()));
            let hint = element.unwrap_or_else(|| {
                suggest::did_you_mean(name, names, "no element is connected to a node of this name")
            });
            Diagnostic::error(word.span, format!("unknown node `{name}`")).label("no such node").hint(hint).into()
        })
    }

    /// An element by its full name, by ngspice's spelling with the type letter in front (`v.x1.v1`), or from the inside out.
    pub(super) fn signal_element(&self, word: &Word) -> Result<ElementId, Fault> {
        let written = &*word.text;
        // Xyce: `ymemristor!mr1`
        let described = written.split_once('!').filter(|(kind, _)| kind.starts_with('y'));
        let name = &*described.map_or(written, |(_, name)| name).replace(':', ".");
        let spelled = || {
            let (letter, rest) = name.split_once('.')?;
            if letter.len() == 1 { self.element_index.get(rest).copied() } else { None }
        };
        let inside_out = || self.element_index.get(&reversed(name)?).copied();
        let plain = self.element_index.get(written).or_else(|| self.element_index.get(name)).copied();
        let unspelled = || cells(name).into_iter().find_map(|name| self.element_index.get(&name).copied());
        let found = plain.or_else(spelled).or_else(inside_out).or_else(unspelled);
        found.ok_or_else(|| {
            let names = self.element_index.keys().map(String::as_str);
            let hint = suggest::did_you_mean(name, names, "elements inside a subcircuit are named `x1.r1`");
            Diagnostic::error(word.span, format!("unknown element `{name}`")).label("no such element").hint(hint).into()
        })
    }
}

/// What the cell `xa.r3c5` of an array may be named as an element: `r.xa.r3c5` and so on.
pub(super) fn cells(name: &str) -> Vec<String> {
    let Some((before, _)) = name.rsplit_once(".r") else { return Vec::new() };
    let array = before.rfind('.').map_or(0, |dot| dot + 1);
    if !name[array..].starts_with('x') {
        return Vec::new();
    }
    ["r", "y", "d", "m", "j", "q"]
        .iter()
        .map(|letter| format!("{}{letter}.{}", &name[..array], &name[array..]))
        .collect()
}

/// `a.b.c` as `c.b.a`.
pub(super) fn reversed(name: &str) -> Option<String> {
    name.contains('.').then(|| name.rsplit('.').collect::<Vec<_>>().join("."))
}
