//! What names mean inside an instance, and evaluation of values.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::random::{Place, draw};
use super::{Elaborator, Env, Slot};
use crate::circuit::{ElementId, NodeId, ParamData, Quantity};
use crate::diagnostic::{Diagnostic, Span};
use crate::expr::{Convention, Expr, Name, ResolveError, Scope};
use crate::netlist::ast::{Body, Controlled, Definition, Formula, Passive, Value, ValueKind};
use crate::netlist::report::Fault;
use crate::netlist::suggest;

/// Why a value cannot be had yet, or at all.
enum Trouble {
    /// This parameter comes first.
    Needs(Rc<Env>, usize),
    Fault(Fault),
}

/// What the names of an expression may mean beside parameters.
#[derive(Clone, Debug, PartialEq)]
enum Meaning {
    /// Nothing else: the value must be known before the simulation.
    Number,
    /// Voltages, currents and time; `x` is this quantity of the element, unless a parameter has the name.
    Circuit(Option<Quantity>),
    /// `s` is the Laplace variable.
    Laplace,
}

/// Names of one instance, for the expression engine.
struct Names<'w, 'd> {
    work: &'w Elaborator<'d>,
    env: &'w Rc<Env>,
    meaning: &'w Meaning,
    /// Set when an unevaluated parameter was met.
    needs: Option<(Rc<Env>, usize)>,
    /// Set when a parameter was met that has been reported.
    reported: bool,
    /// File and byte of the expression.
    text: (u32, u32),
    /// Random functions met so far.
    drawn: u32,
}

impl Scope<Quantity> for Names<'_, '_> {
    fn ident(&mut self, name: &str) -> Option<Result<Expr<Quantity>, String>> {
        if *self.meaning == Meaning::Laplace && name == "s" {
            return Some(Ok(Expr::Leaf(Quantity::Laplace)));
        }
        if self.has_quantities() {
            match name {
                "time" => return Some(Ok(Expr::Leaf(Quantity::Time))),
                "temper" => return Some(Ok(Expr::Leaf(Quantity::TemperCelsius))),
                "hertz" => return Some(Ok(Expr::Leaf(Quantity::Hertz))),
                _ => {}
            }
        }
        let Some((env, index)) = self.work.find_param(self.env, name) else {
            match self.meaning {
                Meaning::Number | Meaning::Laplace if name == "temper" => {
                    return Some(Ok(Expr::Const(self.work.celsius)));
                }
                Meaning::Circuit(Some(own)) if name == "x" => return Some(Ok(Expr::Leaf(own.clone()))),
                _ => {}
            }
            if self.work.broken.contains(name) {
                self.reported = true;
                return Some(Err(String::new()));
            }
            return None;
        };
        let slot = env.slots.borrow()[index];
        if let Slot::Done(value) = slot {
            return Some(Ok(Expr::Const(value)));
        }
        self.reported |= slot == Slot::Failed;
        if slot != Slot::Failed {
            self.needs = Some((Rc::clone(env), index));
        }
        Some(Err(String::new()))
    }

    fn voltage(&mut self, plus: &str, minus: Option<&str>) -> Result<Expr<Quantity>, String> {
        self.allowed()?;
        let node =
            |name: &str| self.work.find_node(self.env, name).ok_or_else(|| self.work.unknown_node(self.env, name));
        let plus = node(plus)?;
        let minus = minus.map_or(Ok(NodeId::GROUND), node)?;
        Ok(if plus == minus { Expr::Const(0.0) } else { Expr::Leaf(Quantity::Voltage(plus, minus)) })
    }

    fn current(&mut self, element: &str) -> Result<Expr<Quantity>, String> {
        self.allowed()?;
        let id = self.work.branch(self.env, element).map_err(|(message, hint)| format!("{message}; {hint}"))?;
        Ok(Expr::Leaf(Quantity::Current(id)))
    }

    fn function(&mut self, name: &str) -> Option<crate::expr::Function> {
        let mut env = Some(self.env);
        while let Some(at) = env {
            if let Some(function) = self.work.deck.blocks[at.block].functions.get(name) {
                return Some((Arc::clone(&function.arguments), Arc::clone(&function.body)));
            }
            env = at.parent.as_ref();
        }
        None
    }

    fn random(&mut self, name: &str, arguments: &[f64]) -> Option<f64> {
        let place = Place { path: &self.env.path, text: self.text, count: self.drawn };
        self.drawn += 1;
        draw(name, arguments, self.work.random, place)
    }

    fn convention(&self) -> Convention {
        if self.has_quantities() { Convention::Behavioural } else { Convention::Parameter }
    }

    fn similar(&self, name: &str) -> Option<String> {
        let mut known: Vec<&str> = Vec::new();
        let mut env = Some(self.env);
        while let Some(at) = env {
            let block = &self.work.deck.blocks[at.block];
            known.extend(block.param_index.keys().chain(block.functions.keys()).map(|k| &**k));
            env = at.parent.as_ref();
        }
        known.sort_unstable();
        suggest::closest(name, known).map(str::to_string)
    }
}

impl Names<'_, '_> {
    fn has_quantities(&self) -> bool {
        matches!(self.meaning, Meaning::Circuit(_))
    }

    fn allowed(&self) -> Result<(), String> {
        if self.has_quantities() {
            return Ok(());
        }
        Err("voltages and currents cannot stand here: the value must be known before the simulation".into())
    }
}

impl<'d> Elaborator<'d> {
    /// The parameter that `name` means in an instance; it counts as used.
    pub(super) fn find_param<'e>(&self, env: &'e Rc<Env>, name: &str) -> Option<(&'e Rc<Env>, usize)> {
        let mut at = Some(env);
        while let Some(env) = at {
            let block = &self.deck.blocks[env.block];
            if let Some(&index) = block.param_index.get(name) {
                block.params[index].used.store(true, Relaxed);
                return Some((env, index));
            }
            at = env.parent.as_ref();
        }
        None
    }

    fn definition(&self, env: &Env, index: usize) -> &'d Definition {
        let deck = self.deck;
        &deck.blocks[env.block].params[index]
    }

    /// Evaluates every parameter of an instance.
    pub(super) fn settle_all(&mut self, env: &Rc<Env>) {
        let block = &self.deck.blocks[env.block];
        for index in (0..block.params.len()).filter(|index| !block.optional.contains(index)) {
            self.settle(env, index);
        }
    }

    /// Evaluates one parameter and what it depends on; faults are reported and leave [`Slot::Failed`].
    pub(super) fn settle(&mut self, env: &Rc<Env>, index: usize) {
        let mut stack = vec![(Rc::clone(env), index)];
        while let Some((env, index)) = stack.last().cloned() {
            let slot = env.slots.borrow()[index];
            if matches!(slot, Slot::Done(_) | Slot::Failed) {
                stack.pop();
                continue;
            }
            env.slots.borrow_mut()[index] = Slot::Busy;
            let outcome = match self.try_number(&env, &self.definition(&env, index).value) {
                Ok(value) => Slot::Done(value),
                Err(Trouble::Fault(fault)) => {
                    self.report.add(fault);
                    Slot::Failed
                }
                Err(Trouble::Needs(other, next)) => {
                    let busy = other.slots.borrow()[next] == Slot::Busy;
                    if !busy {
                        stack.push((other, next));
                        continue;
                    }
                    self.cycle(&stack, &other, next);
                    Slot::Failed
                }
            };
            env.slots.borrow_mut()[index] = outcome;
        }
    }

    fn cycle(&mut self, stack: &[(Rc<Env>, usize)], env: &Rc<Env>, index: usize) {
        let first = stack.iter().position(|(e, i)| e.id == env.id && *i == index).unwrap_or(0);
        let mut names: Vec<&str> = stack[first..].iter().map(|(e, i)| &*self.definition(e, *i).name.text).collect();
        names.truncate(8);
        let start = self.definition(env, index);
        names.push(&start.name.text);
        let error = Diagnostic::error(start.name.span, format!("parameter `{}` depends on itself", start.name.text));
        let hint = format!("the cycle is {}", names.join(" -> "));
        self.report.add(error.label("defined through itself").hint(hint));
    }

    /// A value that must be a number.
    pub(super) fn number(&mut self, env: &Rc<Env>, value: &Value) -> Result<f64, Fault> {
        loop {
            match self.try_number(env, value) {
                Ok(number) => return Ok(number),
                Err(Trouble::Fault(fault)) => return Err(fault),
                Err(Trouble::Needs(env, index)) => self.settle(&env, index),
            }
        }
    }

    /// A number, a word or a vector.
    pub(super) fn data(&mut self, env: &Rc<Env>, value: &Value) -> Result<ParamData, Fault> {
        match &value.kind {
            ValueKind::Text(text) => Ok(ParamData::Text(text.to_string())),
            ValueKind::Word(word) if self.find_param(env, word).is_none() && !self.broken.contains(word) => {
                Ok(ParamData::Text(word.to_string()))
            }
            ValueKind::Vector(values) => {
                values.iter().map(|v| self.number(env, v)).collect::<Result<_, _>>().map(ParamData::Vector)
            }
            _ => self.number(env, value).map(ParamData::Number),
        }
    }

    fn try_number(&self, env: &Rc<Env>, value: &Value) -> Result<f64, Trouble> {
        let fault =
            |message: &str| Trouble::Fault(Diagnostic::error(value.span, message).label("a number expected").into());
        let expr = match &value.kind {
            ValueKind::Number(number) => return Ok(*number),
            ValueKind::Formula(formula) => self.try_formula(env, formula, &Meaning::Number)?,
            ValueKind::Word(word) => {
                let leaf = Expr::Leaf(Name::Ident { name: word.to_string(), at: 0 });
                self.try_resolve(env, &leaf, &Meaning::Number, |_| value.span)?
            }
            ValueKind::Text(_) => return Err(fault("a text in quotes is no number")),
            ValueKind::Vector(_) => return Err(fault("a single number is expected, not a list")),
        };
        match expr.as_const() {
            Some(number) if number.is_finite() => Ok(number),
            Some(number) => Err(fault(&format!("the value is {number}, not a finite number"))),
            None => Err(fault("the value depends on the simulation")),
        }
    }

    /// An expression over circuit quantities, parameters put in place.
    pub(super) fn behaviour(&mut self, env: &Rc<Env>, formula: &Formula) -> Result<Expr<Quantity>, Fault> {
        self.formula(env, formula, &Meaning::Circuit(None))
    }

    /// The same for the value of an element, where `x` may stand for its voltage or current.
    pub(super) fn own_behaviour(
        &mut self,
        env: &Rc<Env>,
        formula: &Formula,
        own: Quantity,
    ) -> Result<Expr<Quantity>, Fault> {
        self.formula(env, formula, &Meaning::Circuit(Some(own)))
    }

    /// A transfer function: an expression of `s`, parameters put in place.
    pub(super) fn transfer(&mut self, env: &Rc<Env>, formula: &Formula) -> Result<Expr<Quantity>, Fault> {
        self.formula(env, formula, &Meaning::Laplace)
    }

    fn formula(&mut self, env: &Rc<Env>, formula: &Formula, meaning: &Meaning) -> Result<Expr<Quantity>, Fault> {
        loop {
            match self.try_formula(env, formula, meaning) {
                Ok(expr) => return Ok(expr),
                Err(Trouble::Fault(fault)) => return Err(fault),
                Err(Trouble::Needs(env, index)) => self.settle(&env, index),
            }
        }
    }

    fn try_formula(&self, env: &Rc<Env>, formula: &Formula, meaning: &Meaning) -> Result<Expr<Quantity>, Trouble> {
        self.try_resolve(env, &formula.expr, meaning, |error| {
            let at = error.at.min(formula.len);
            formula.origin.span(formula.start + at, formula.start + formula.len)
        })
    }

    fn try_resolve(
        &self,
        env: &Rc<Env>,
        expr: &Expr<Name>,
        meaning: &Meaning,
        place: impl Fn(&ResolveError) -> Span,
    ) -> Result<Expr<Quantity>, Trouble> {
        let whole = place(&ResolveError { at: 0, message: String::new(), hint: None });
        let text = (whole.file, whole.start);
        let mut names = Names { work: self, env, meaning, needs: None, reported: false, text, drawn: 0 };
        expr.resolve(&mut names).map_err(|error| match names.needs {
            Some((env, index)) => Trouble::Needs(env, index),
            None if names.reported => Trouble::Fault(Fault::Reported),
            None => Trouble::Fault(self.explain(&error, place(&error)).into()),
        })
    }

    /// The error at the name it is about: the span is cut after that name.
    fn explain(&self, error: &ResolveError, span: Span) -> Diagnostic {
        let text = &self.sources.file(span.file).text;
        let rest = text.get(span.start as usize..(span.start + span.len) as usize).unwrap_or("");
        let name = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '#'))).unwrap_or(rest.len());
        let span = Span { len: (name.max(1) as u32).min(span.len.max(1)), ..span };
        let diagnostic = Diagnostic::error(span, error.message.clone());
        match &error.hint {
            Some(hint) => diagnostic.hint(hint.clone()),
            None => diagnostic,
        }
    }

    /// The node that `name` means in an instance, or the node of that full name.
    pub(super) fn find_node(&self, env: &Env, name: &str) -> Option<NodeId> {
        if self.deck.is_ground(name) {
            return Some(NodeId::GROUND);
        }
        if let Some(&port) = self.deck.blocks[env.block].port_index.get(name) {
            return env.ports.get(port).copied();
        }
        let local = if env.path.is_empty() || self.is_global(name) {
            None
        } else {
            self.node_index.get(&format!("{}{name}", env.path)).copied()
        };
        local.or_else(|| self.node_index.get(name).copied())
    }

    /// True for nodes that are the same in all subcircuits.
    pub(super) fn is_global(&self, name: &str) -> bool {
        self.globals.contains(name) || self.deck.is_global_name(name)
    }

    fn unknown_node(&self, env: &Env, name: &str) -> String {
        let locals = self.nodes.iter().filter_map(|node| node.strip_prefix(env.path.as_str()));
        let ports = self.deck.blocks[env.block].ports.iter().map(|port| &*port.text);
        match suggest::closest(name, ports.chain(locals)) {
            Some(close) => format!("unknown node `{name}`; did you mean `{close}`?"),
            None => format!("unknown node `{name}`"),
        }
    }

    /// An element by its name in an instance or by its full name.
    pub(super) fn find_element(&self, env: &Env, name: &str) -> Option<ElementId> {
        let local = if env.path.is_empty() { None } else { self.element_index.get(&format!("{}{name}", env.path)) };
        local.or_else(|| self.element_index.get(name)).copied()
    }

    /// An element whose branch current is an unknown: V, E, H, L, B with `v=`. The error is a message and a hint.
    pub(super) fn branch(&self, env: &Env, name: &str) -> Result<ElementId, (String, String)> {
        let Some(id) = self.find_element(env, name) else {
            let names = self.element_index.keys().filter_map(|n| n.strip_prefix(env.path.as_str()));
            let hint = suggest::did_you_mean(name, names, "name a voltage source");
            return Err((format!("unknown element `{name}`"), hint));
        };
        let has_branch = match &self.placed[id.0 as usize].text.body {
            Body::Passive { kind, .. } => *kind == Passive::Inductor,
            Body::Source { voltage, .. } | Body::Behavioural { voltage, .. } => *voltage,
            Body::Controlled { kind, .. } => matches!(kind, Controlled::Vcvs | Controlled::Ccvs),
            _ => false,
        };
        if has_branch {
            return Ok(id);
        }
        Err((
            format!("the current of `{name}` cannot be used here"),
            "put a voltage source of 0 V in series and use its current".into(),
        ))
    }
}
