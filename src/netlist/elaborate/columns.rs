//! Expressions over results: names of nodes, elements and parameters put in place, and what has to be saved for them.

use std::collections::HashSet;
use std::rc::Rc;

use super::Elaborator;
use super::signals::{cells, reversed};
use crate::calc::{self, Expr, Kind, Name, Reference};
use crate::circuit::{Column, Fourier, Measure, NodeId, Print, Signal, spice_name};
use crate::diagnostic::Diagnostic;
use crate::netlist::ast::{ColumnText, ColumnWhat, ExprText, PrintText, Word};
use crate::netlist::report::Fault;
use crate::netlist::suggest;

/// Names that mean something in the results of an analysis.
const AXES: [&str; 7] = ["time", "frequency", "freq", "hertz", "sweep", "v-sweep", "i-sweep"];

impl<'d> Elaborator<'d> {
    /// `.print` statements.
    pub(super) fn prints(&mut self) -> Vec<Print> {
        let deck = self.deck;
        let print = |text: &'d PrintText| Print {
            analysis: text.analysis,
            columns: self.columns(&text.columns, true),
            plot: text.plot,
        };
        deck.prints.iter().map(print).collect()
    }

    /// `.four` statements.
    pub(super) fn fouriers(&mut self) -> Vec<Fourier> {
        let deck = self.deck;
        let top = Rc::clone(&self.envs[0]);
        let mut all = Vec::new();
        for text in &deck.fouriers {
            let frequency = self.number(&top, &text.frequency).and_then(|frequency| match frequency > 0.0 {
                true => Ok(frequency),
                false => Err(Diagnostic::error(text.frequency.span, "the fundamental is not above 0 Hz").into()),
            });
            let frequency = self.report.keep(frequency);
            let signals = self.columns(&text.signals, false);
            all.extend(frequency.map(|frequency| Fourier { frequency, signals, span: text.span }));
        }
        all
    }

    /// `.measure` statements.
    pub(super) fn measures(&mut self) -> Vec<Measure> {
        let deck = self.deck;
        let mut all = Vec::new();
        for text in &deck.measures {
            let measure = text.try_map(&mut |expr: &ExprText| self.expression(expr));
            all.extend(self.report.keep(measure));
        }
        all
    }

    /// What is saved: `.save`, and what other statements need.
    pub(super) fn saves(&mut self) -> Vec<Signal> {
        let deck = self.deck;
        let needed = std::mem::take(&mut self.needed);
        let mut all = Vec::new();
        for text in &deck.saves {
            if self.report.exhausted() {
                break;
            }
            match &text.what {
                ColumnWhat::All => all.push(Signal::All),
                ColumnWhat::Voltages => all.push(Signal::Voltages),
                ColumnWhat::Currents => all.push(Signal::Currents),
                ColumnWhat::Expression(expr) => {
                    let found = self.expression(expr);
                    let Some(found) = self.report.keep(found) else { continue };
                    all.push(match self.plain_signal(&found, &text.label) {
                        Some(signal) => signal,
                        None => Signal::Expression { expr: found, label: text.label.clone(), span: expr.span() },
                    });
                }
            }
        }
        self.needed.clear();
        if all.is_empty() && !needed.is_empty() {
            all.push(Signal::All);
        }
        all.extend(needed);
        let mut seen = HashSet::new();
        all.retain(|signal| seen.insert(format!("{signal:?}")));
        all
    }

    /// Columns of a table; signals by themselves are saved under the label they are written with.
    fn columns(&mut self, texts: &[ColumnText], labelled: bool) -> Vec<Column> {
        let mut all = Vec::with_capacity(texts.len());
        for text in texts {
            if self.report.exhausted() {
                break;
            }
            let ColumnWhat::Expression(expr) = &text.what else {
                all.push(Column { label: text.label.clone(), expr: None });
                continue;
            };
            let before = self.needed.len();
            let found = self.expression(expr);
            let Some(found) = self.report.keep(found) else { continue };
            let mut label = text.label.clone();
            if let Some(signal) = self.plain_signal(&found, &text.label).filter(|_| labelled) {
                label = signal.label().to_string();
                self.needed.truncate(before);
                self.needed.push(signal);
            }
            all.push(Column { label, expr: Some(found) });
        }
        all
    }

    /// The signal that an expression is, if it is just one; its label is as written.
    pub(super) fn plain_signal(&self, expr: &Expr, written: &str) -> Option<Signal> {
        let Kind::Vector(Reference { plot: None, name }) = &expr.kind else { return None };
        let bare = !written.contains(['(', '#', '@']) && matches!(name, Name::Voltage(..));
        let label = if bare { format!("v({written})") } else { written.to_string() };
        self.named_signal(name, label)
    }

    /// The signal of a name that has been resolved.
    fn named_signal(&self, name: &Name, label: String) -> Option<Signal> {
        let node = |name: &String| self.node_index.get(name).copied();
        let element = |name: &String| self.element_index.get(name).copied();
        Some(match name {
            Name::Voltage(plus, None) => Signal::Voltage { plus: node(plus)?, minus: NodeId::GROUND, label },
            Name::Voltage(plus, Some(minus)) => Signal::Voltage { plus: node(plus)?, minus: node(minus)?, label },
            Name::Current(name) => Signal::Current { element: element(name)?, label },
            Name::Power(name) => Signal::Power { element: element(name)?, label },
            Name::Terminal(terminal, name) => {
                Signal::Internal { element: element(name)?, quantity: format!("i{terminal}"), label }
            }
            Name::Internal(name, quantity) => {
                Signal::Internal { element: element(name)?, quantity: quantity.clone(), label }
            }
            Name::Plain(_) => return None,
        })
    }

    /// An expression with full names of nodes and elements and values of parameters; what it needs is noted.
    pub(super) fn expression(&mut self, text: &ExprText) -> Result<Expr, Fault> {
        let mut expr = text.expr.clone();
        expr.expand(&|function, arguments| self.current_part(function, arguments));
        self.settle_names(&expr);
        let mut fault = None;
        let mut needed = Vec::new();
        expr.replace(&mut |reference, at, len| match self.resolved(reference, text, at, len) {
            Ok(kind) => {
                if let Kind::Vector(Reference { name, .. }) = &kind {
                    self.bases(name, &mut needed);
                }
                Some(kind)
            }
            Err(found) => {
                fault.get_or_insert(found);
                None
            }
        });
        self.needed.extend(needed);
        fault.map_or(Ok(expr), Err)
    }

    /// HSPICE's `im(v1)`: the magnitude of a current, unless there is a node of this name.
    fn current_part(&self, function: &str, arguments: &[Expr]) -> Option<Kind> {
        let [Expr { kind: Kind::Vector(Reference { plot: None, name: Name::Plain(name) }), at, len }] = arguments
        else {
            return None;
        };
        if function != "im" || self.node_index.contains_key(name) || !self.element_index.contains_key(name) {
            return None;
        }
        let current = Kind::Vector(Reference { plot: None, name: Name::Current(name.clone()) });
        Some(Kind::Call("mag".into(), vec![Expr { kind: current, at: *at, len: *len }]))
    }

    /// Evaluates the parameters that an expression names.
    fn settle_names(&mut self, expr: &Expr) {
        let top = Rc::clone(&self.envs[0]);
        let mut names = Vec::new();
        expr.references(&mut |_, reference| {
            if let Name::Plain(name) = &reference.name {
                names.push(name.clone());
            }
        });
        for name in names {
            if self.is_measure(&name) {
                continue;
            }
            let found = self.find_param(&top, &name).map(|(env, index)| (Rc::clone(env), index));
            if let Some((env, index)) = found {
                self.settle(&env, index);
            }
        }
    }

    fn is_measure(&self, name: &str) -> bool {
        self.deck.measures.iter().any(|measure| measure.name == name)
    }

    fn resolved(&self, reference: &Reference, text: &ExprText, at: usize, len: usize) -> Result<Kind, Fault> {
        let span = text.part(at, len);
        let top = &self.envs[0];
        let word = |text: &str| Word { text: text.into(), span };
        let node = |name: &str| self.voltage_node(top, &word(name)).map(|id| self.nodes[id.0 as usize].clone());
        let element = |name: &str| self.element_name(&word(name));
        let name = match &reference.name {
            Name::Voltage(plus, None) if xyce_internal(plus).is_some() => {
                let (name, quantity) = xyce_internal(plus).unwrap_or_default();
                Name::Internal(element(&name)?, quantity)
            }
            Name::Voltage(plus, minus) => {
                Name::Voltage(node(plus)?, minus.as_deref().map(node).transpose()?.filter(|minus| minus != "0"))
            }
            Name::Current(name) => Name::Current(element(name)?),
            Name::Power(name) => Name::Power(element(name)?),
            Name::Terminal(terminal, name) => Name::Terminal(terminal.clone(), element(name)?),
            Name::Internal(name, quantity) => match (element(name)?, quantity.as_str()) {
                (name, "i") => Name::Current(name),
                (name, "p" | "power") => Name::Power(name),
                (name, quantity) => Name::Internal(name, quantity.to_string()),
            },
            Name::Plain(name) => {
                if let Some(element_name) = name.strip_suffix("#branch") {
                    Name::Current(element(element_name)?)
                } else if self.is_measure(name) || AXES.contains(&&**name) {
                    return Ok(Kind::Vector(reference.clone()));
                } else if name == "temper" || name == "temp" {
                    return Ok(Kind::Number(self.celsius));
                } else if let Some(kind) = self.parameter(name)? {
                    return Ok(kind);
                } else if let Some(id) = self.find_node(top, name) {
                    Name::Voltage(self.nodes[id.0 as usize].clone(), None)
                } else if calc::constant(name).is_some() || name.starts_with("onoise") || name.starts_with("inoise") {
                    return Ok(Kind::Vector(reference.clone()));
                } else {
                    let known = self.nodes.iter().map(String::as_str);
                    let known = known.chain(self.deck.measures.iter().map(|m| m.name.as_str()));
                    let otherwise = "a node, a parameter or a measure can be named";
                    let hint = suggest::did_you_mean(name, known, otherwise);
                    let error = Diagnostic::error(span, format!("unknown name `{name}`"));
                    return Err(error.label("no such node, parameter or measure").hint(hint).into());
                }
            }
        };
        Ok(Kind::Vector(Reference { plot: reference.plot.clone(), name }))
    }

    /// Full name of an element.
    fn element_name(&self, word: &Word) -> Result<String, Fault> {
        let id = self.signal_element(word)?;
        let described = word.text.split_once('!').filter(|(kind, _)| kind.starts_with('y'));
        let dotted = described.map_or(&*word.text, |(_, name)| name).replace(':', ".");
        let inner = dotted.split_once('.').map_or("", |(_, rest)| rest).to_string();
        let spellings = [word.text.to_string(), reversed(&dotted).unwrap_or_default(), inner, dotted];
        let full =
            spellings.into_iter().chain(cells(&word.text)).find(|name| self.element_index.get(name) == Some(&id));
        full.ok_or_else(|| Diagnostic::error(word.span, format!("unknown element `{}`", word.text)).into())
    }

    /// The value of a top-level parameter.
    fn parameter(&self, name: &str) -> Result<Option<Kind>, Fault> {
        let top = &self.envs[0];
        let Some((env, index)) = self.find_param(top, name) else { return Ok(None) };
        match env.slots.borrow()[index] {
            super::Slot::Done(value) => Ok(Some(Kind::Number(value))),
            _ => Err(Fault::Reported),
        }
    }

    /// The signals that a name is computed from.
    fn bases(&self, name: &Name, needed: &mut Vec<Signal>) {
        let mut add = |name: &Name, label: String| needed.extend(self.named_signal(name, label));
        match name {
            Name::Voltage(plus, minus) => {
                for node in [Some(plus), minus.as_ref()].into_iter().flatten().filter(|node| *node != "0") {
                    let single = Name::Voltage(node.clone(), None);
                    add(&single, single.to_string());
                }
            }
            Name::Current(element) => {
                add(name, format!("i({})", spice_name(element)));
            }
            name => add(name, name.to_string()),
        }
    }
}

/// Xyce's `ymemristor!name_x` (a state) and `ymemristor!name:r` (another quantity): element and quantity.
fn xyce_internal(name: &str) -> Option<(String, String)> {
    let (_, described) = name.split_once("ymemristor!")?;
    if let Some((element, quantity)) = described.rsplit_once(':')
        && quantity == "r"
    {
        return Some((element.to_string(), quantity.to_string()));
    }
    let (element, state) = described.rsplit_once('_')?;
    Some((element.to_string(), format!("n_{state}")))
}
