//! Walks the instances: every element and node gets its full name.

use std::cell::RefCell;
use std::rc::Rc;

use super::{Elaborator, Env, Slot, missing};
use crate::circuit::NodeId;
use crate::diagnostic::Diagnostic;
use crate::netlist::ast::{Body, Element, Param, Value, Word};
use crate::netlist::report::Fault;
use crate::netlist::suggest;

impl<'d> Elaborator<'d> {
    /// Places the elements of an instance and of all instances inside it.
    pub(super) fn block(&mut self, env: &Rc<Env>) {
        self.settle_all(env);
        let deck = self.deck;
        let block = &deck.blocks[env.block];
        for (index, element) in block.elements.iter().enumerate() {
            if self.report.exhausted() || self.full {
                return;
            }
            if block.guards.get(&index).is_some_and(|guard| !self.taken(env, guard)) {
                continue;
            }
            let placed = match &element.body {
                Body::Instance { block, nodes, params } => self.instance(env, element, block, nodes, params),
                Body::Array(array) => self.array(env, element, array),
                _ => self.place(env, element),
            };
            self.report.keep(placed);
        }
    }

    /// Whether the branch of an `.if` with this guard is taken in an instance (its parameters are settled).
    pub(super) fn taken(&self, env: &Env, guard: &str) -> bool {
        let index = self.deck.blocks[env.block].param_index.get(guard);
        index.is_some_and(|&index| matches!(env.slots.borrow()[index], Slot::Done(value) if value != 0.0))
    }

    /// The block that the name on an instance line means, under the conditions that hold there.
    pub(super) fn instance_block(&mut self, env: &Rc<Env>, name: &Word) -> Result<usize, Fault> {
        let mut at = Some(env);
        while let Some(env) = at {
            let block = &self.deck.blocks[env.block];
            let mut guarded = block.guarded_blocks.get(&name.text).into_iter().flatten();
            let found = guarded.find(|(guard, _)| self.taken(env, guard)).map(|&(_, index)| index);
            if let Some(index) = found.or_else(|| block.blocks.get(&name.text).copied()) {
                return Ok(index);
            }
            at = env.parent.as_ref();
        }
        // The check of the definitions has reported it, unless it stands under an `.if`.
        if !self.report.failed() {
            self.unknown_block(env.block, name);
        }
        Err(Fault::Reported)
    }

    fn place(&mut self, env: &Rc<Env>, element: &'d Element) -> Result<(), Fault> {
        let words = match &element.body {
            Body::Described { words, .. } => &words[..self.model_position(env, element, words)?],
            _ => &[],
        };
        let nodes = element.nodes.iter().chain(words).map(|word| self.node(env, &word.text)).collect();
        let name = [&*env.path, &*element.name.text].concat();
        self.put(name, nodes, env, element)
    }

    pub(super) fn twice(&self, element: &Element, name: &str, first: crate::diagnostic::Span) -> Fault {
        let (line, _) = self.sources.line_column(first);
        let error = Diagnostic::error(element.name.span, format!("element `{name}` is defined twice"));
        error.label("second definition").hint(format!("the first one is in line {line}")).into()
    }

    /// The node that `name` means in an instance; made when it is new.
    pub(super) fn node(&mut self, env: &Env, name: &str) -> NodeId {
        if self.deck.is_ground(name) {
            return NodeId::GROUND;
        }
        if let Some(&port) = self.deck.blocks[env.block].port_index.get(name)
            && let Some(&node) = env.ports.get(port)
        {
            return node;
        }
        self.scratch.clear();
        if !self.is_global(name) {
            self.scratch.push_str(&env.path);
        }
        self.scratch.push_str(name);
        if let Some(&node) = self.node_index.get(&self.scratch) {
            return node;
        }
        let node = NodeId(self.nodes.len() as u32);
        self.nodes.push(self.scratch.clone());
        self.node_index.insert(self.scratch.clone(), node);
        node
    }

    fn instance(
        &mut self,
        env: &Rc<Env>,
        element: &'d Element,
        name: &'d Word,
        nodes: &'d [Word],
        params: &'d [Param],
    ) -> Result<(), Fault> {
        // An unknown subcircuit has been reported by the check of the definitions.
        let index = self.instance_block(env, name)?;
        let block = &self.deck.blocks[index];
        if nodes.len() != block.ports.len() {
            let ports: Vec<&str> = block.ports.iter().take(20).map(|port| &*port.text).collect();
            let message = format!(
                "subcircuit `{}` has {} ports, but `{}` gives {} nodes",
                name.text,
                block.ports.len(),
                element.name.text,
                nodes.len()
            );
            let error = Diagnostic::error(element.name.span, message).label("wrong number of nodes");
            return Err(error.hint(format!("the ports are: {}", ports.join(" "))).into());
        }
        let full = [&*env.path, &*element.name.text].concat();
        if self.instances.contains(&full) {
            let deck = self.deck;
            let same = deck.blocks[env.block].elements.iter().find(|e| e.name.text == element.name.text);
            return Err(self.twice(element, &full, same.map_or(element.name.span, |e| e.name.span)));
        }
        let ports = nodes.iter().map(|word| self.node(env, &word.text)).collect();
        self.open_instance(env, index, full, ports, params)
    }

    /// Makes the instance of a block under its full name, with its nodes; the parameters are evaluated in `env`.
    pub(super) fn open_instance(
        &mut self,
        env: &Rc<Env>,
        index: usize,
        full: String,
        ports: Vec<NodeId>,
        params: &'d [Param],
    ) -> Result<(), Fault> {
        let block = &self.deck.blocks[index];
        let mut slots = vec![Slot::Pending; block.params.len()];
        let mut multiplier = env.multiplier;
        for param in params {
            let known = block.param_index.get(&param.name.text).copied();
            match known {
                Some(place) => slots[place] = Slot::Done(self.number(env, &param.value)?),
                None if &*param.name.text == "m" => multiplier *= self.multiplier(env, &param.value)?,
                _ => return Err(self.not_settable(index, &param.name)),
            }
        }
        for (_, param, value) in self.overrides.block_params.iter().filter(|(b, ..)| *b == *block.name) {
            if let Some(&place) = block.param_index.get(param.as_str())
                && slots[place] == Slot::Pending
            {
                slots[place] = Slot::Done(*value);
            }
        }
        let mut parent = env;
        while Some(parent.block) != block.parent {
            parent = parent.parent.as_ref().ok_or(Fault::Reported)?;
        }
        let path = format!("{full}.");
        self.instances.insert(full);
        let id = self.envs.len();
        let parent = Some(Rc::clone(parent));
        let inner = Rc::new(Env { id, block: index, parent, path, ports, slots: RefCell::new(slots), multiplier });
        self.envs.push(Rc::clone(&inner));
        self.block(&inner);
        Ok(())
    }

    /// A multiplier `m=`: positive.
    pub(super) fn multiplier(&mut self, env: &Rc<Env>, value: &Value) -> Result<f64, Fault> {
        let number = self.number(env, value)?;
        if number > 0.0 {
            return Ok(number);
        }
        Err(Diagnostic::error(value.span, format!("the multiplier is {number}")).label("more than 0 expected").into())
    }

    fn not_settable(&self, index: usize, name: &Word) -> Fault {
        let block = &self.deck.blocks[index];
        let error =
            Diagnostic::error(name.span, format!("subcircuit `{}` has no parameter `{}`", block.name, name.text));
        let known: Vec<&str> =
            block.params.iter().map(|p| &*p.name.text).filter(|name| !name.starts_with('.')).collect();
        let otherwise = match known.len() {
            0 => "it has no parameters".to_string(),
            _ => format!("its parameters are: {}", known.join(" ")),
        };
        let hint = suggest::did_you_mean(&name.text, known.iter().copied(), otherwise);
        missing(self.broken, &name.text, || error.label("unknown parameter").hint(hint))
    }
}
