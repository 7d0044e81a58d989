//! `.array` to nodes, wires and cells, and `.matrix` to the signals of the cells.
//!
//! Names, for an array `xa`: outer nodes `xa.row3`, `xa.col5`, `xa.gate5`; wires at a cell `xa.row3_5`, `xa.col5_3`
//! (number of the line, then place along it); cells `xa.r3c5`; segments `r.xa.row3_4_5` and `r.xa.row3_left`; capacitors
//! `c.xa.row3_5`; sources `v.xa.row3`. These are the names that plain lines of a netlist would have.

use std::cell::RefCell;
use std::fmt::Write;
use std::rc::Rc;

use super::check::MOST_ELEMENTS;
use super::{Elaborator, Env, Placed, Slot, missing};
use crate::circuit::{Array, ElementId, Matrix, NodeId, ParamData, Read, Signal};
use crate::diagnostic::Diagnostic;
use crate::netlist::array::LINES;
use crate::netlist::ast::{
    ArrayText, Body, Element, Ends, LineText, MatrixSignal, MatrixText, ReadText, Shape, Value, Word,
};
use crate::netlist::report::Fault;
use crate::netlist::suggest;

/// Most rows and most columns.
const LONGEST: f64 = 65_536.0;

/// Cells that are looked at before a signal counts as missing in all of them.
const MOST_MISSING: usize = 1000;

/// One array while it is placed.
struct Plan<'d> {
    text: &'d ArrayText,
    /// Path of the surroundings and name of the array.
    full: String,
    rows: usize,
    cols: usize,
    /// Resistances of stuck cells by number of the cell.
    stuck: Vec<Option<f64>>,
}

/// Wires of one kind.
struct Wires {
    /// Node at every cell, line by line.
    nodes: Vec<NodeId>,
    /// Cells along one line.
    length: usize,
}

/// An array that is to be written as plain lines.
#[derive(Debug)]
pub(crate) struct Written {
    /// First and last byte of the statement.
    pub extent: (crate::diagnostic::Span, crate::diagnostic::Span),
    /// The lines.
    pub lines: String,
    /// It stands in a subcircuit.
    pub inside: bool,
}

impl<'d> Elaborator<'d> {
    /// Places the wires and cells of an array.
    pub(super) fn array(&mut self, env: &Rc<Env>, element: &'d Element, text: &'d ArrayText) -> Result<(), Fault> {
        let rows = self.whole(env, text.rows.as_ref(), element)?;
        let cols = self.whole(env, text.cols.as_ref(), element)?;
        let cells = rows as u64 * cols as u64;
        if self.placed.len() as u64 + 3 * cells > MOST_ELEMENTS {
            let message = format!("an array of {rows} x {cols} cells");
            let error = Diagnostic::error(element.name.span, message).label("too large");
            let hint = format!("a circuit has at most {} million elements", MOST_ELEMENTS / 1_000_000);
            self.full = true;
            return Err(error.hint(hint).into());
        }
        let full = format!("{}{}", env.path, element.name.text);
        if self.instances.contains(&full) {
            let same = self.deck.blocks[env.block].elements.iter().find(|e| e.name.text == element.name.text);
            return Err(self.twice(element, &full, same.map_or(element.name.span, |e| e.name.span)));
        }
        self.instances.insert(full.clone());
        self.tables_fit(text, rows, cols)?;
        let stuck = self.stuck(env, text, rows, cols)?;
        let plan = Plan { text, full, rows, cols, stuck };
        let begin = self.placed.len();
        let mut wires = Vec::with_capacity(LINES.len());
        for (kind, line) in text.lines.iter().enumerate() {
            let used = text.pins.iter().any(|pin| &*pin.text == LINES[kind]);
            wires.push(match used {
                true => self.wires(env, &plan, kind, line)?,
                false => Wires { nodes: Vec::new(), length: 0 },
            });
        }
        self.write_wires(begin);
        self.cells(env, &plan, &wires)?;
        if let Some(written) = &mut self.written {
            let lines = std::mem::take(&mut self.lines);
            written.push(Written { extent: text.extent, lines, inside: !env.path.is_empty() });
        }
        self.arrays.push(Array { name: plan.full, rows, cols, span: element.name.span });
        Ok(())
    }

    fn whole(&mut self, env: &Rc<Env>, value: Option<&Value>, element: &Element) -> Result<usize, Fault> {
        let Some(value) = value else {
            return Err(Diagnostic::error(element.name.span, "an array without size").into());
        };
        let number = self.number(env, value)?;
        if (1.0..=LONGEST).contains(&number) && number.fract() == 0.0 {
            return Ok(number as usize);
        }
        let error = Diagnostic::error(value.span, format!("an array cannot have {number} rows or columns"));
        Err(error.label(format!("a whole number from 1 to {LONGEST} expected")).into())
    }

    /// Tables of cells have a value for each cell, those of sources one for each line.
    fn tables_fit(&self, text: &ArrayText, rows: usize, cols: usize) -> Result<(), Fault> {
        for table in &text.tables {
            let (r, c) = (table.values.rows, table.values.columns);
            let fits = match &*table.name.text {
                "v_row" => r * c == rows,
                "v_col" => r * c == cols,
                "v_gate" => r * c == if text.gate_along_rows { rows } else { cols },
                _ => (r, c) == (rows, cols),
            };
            if !fits {
                let message =
                    format!("the table has {r} rows and {c} columns, the array {rows} rows and {cols} columns");
                return Err(Diagnostic::error(table.span, message).label("does not fit").into());
            }
        }
        Ok(())
    }

    fn stuck(&mut self, env: &Rc<Env>, text: &ArrayText, rows: usize, cols: usize) -> Result<Vec<Option<f64>>, Fault> {
        if text.stuck.is_empty() {
            return Ok(Vec::new());
        }
        let mut all = vec![None; rows * cols];
        for [row, col, ohm] in &text.stuck {
            let mut place = [0; 2];
            for (place, (value, count, what)) in place.iter_mut().zip([(row, rows, "rows"), (col, cols, "columns")]) {
                let number = self.number(env, value)?;
                if number < 0.0 || number >= count as f64 || number.fract() != 0.0 {
                    let error = Diagnostic::error(value.span, format!("the array has no cell in number {number}"));
                    return Err(error.label(format!("{count} {what}, counted from 0")).into());
                }
                *place = number as usize;
            }
            let resistance = self.number(env, ohm)?;
            if resistance <= 0.0 {
                let error = Diagnostic::error(ohm.span, format!("a stuck cell of {resistance} ohm"));
                return Err(error.label("more than 0 ohm expected").into());
            }
            all[place[0] * cols + place[1]] = Some(resistance);
        }
        Ok(all)
    }

    /// The nodes of all lines of one kind, with their segments, capacitors and sources.
    fn wires(&mut self, env: &Rc<Env>, plan: &Plan<'d>, kind: usize, line: &'d LineText) -> Result<Wires, Fault> {
        let along_row = kind == 0 || (kind == 2 && plan.text.gate_along_rows);
        let (count, length) = if along_row { (plan.rows, plan.cols) } else { (plan.cols, plan.rows) };
        let [first, last] = if along_row { ["left", "right"] } else { ["top", "bottom"] };
        let resistance = |work: &mut Self, element: &Option<Element>| -> Result<f64, Fault> {
            let Some(Element { body: Body::Passive { values, .. }, .. }) = element else { return Ok(0.0) };
            let ohm = work.number(env, &values[0])?;
            match ohm >= 0.0 {
                true => Ok(ohm),
                false => Err(Diagnostic::error(values[0].span, format!("a wire of {ohm} ohm"))
                    .label("0 ohm or more expected")
                    .into()),
            }
        };
        let segment = line.segment.as_ref().filter(|_| length > 0);
        let has_segments = resistance(self, &line.segment)? > 0.0;
        let end = if line.end.is_some() { line.end.as_ref() } else { segment };
        let has_end = if line.end.is_some() { resistance(self, &line.end)? > 0.0 } else { has_segments };
        let mut nodes = Vec::with_capacity(count * length);
        let mut name = String::new();
        for k in 0..count {
            let stem = format!("{}.{}{k}", plan.full, LINES[kind]);
            let outer = self.named(&stem);
            let own = format!("{}{}{k}", element_stem(plan, env), LINES[kind]);
            let start = nodes.len();
            for place in 0..length {
                let same = match (place, has_segments) {
                    (0, _) => (!has_end && (line.ends != Ends::Last || !has_segments)).then_some(outer),
                    (_, false) => Some(nodes[start]),
                    (_, true) if place + 1 == length && !has_end && line.ends != Ends::First => Some(outer),
                    _ => None,
                };
                let node = match same {
                    Some(node) => node,
                    None => {
                        name.clear();
                        let _ = write!(name, "{stem}_{place}");
                        self.named(&name)
                    }
                };
                if place > 0
                    && has_segments
                    && let Some(segment) = segment
                {
                    let name = format!("{}r.{own}_{}_{place}", env.path, place - 1);
                    self.put(name, vec![nodes[start + place - 1], node], env, segment)?;
                }
                nodes.push(node);
            }
            if has_end && let Some(end) = end {
                let (at_first, at_last) = (nodes[start], nodes[start + length - 1]);
                if line.ends != Ends::Last {
                    self.put(format!("{}r.{own}_{first}", env.path), vec![outer, at_first], env, end)?;
                }
                if line.ends != Ends::First {
                    self.put(format!("{}r.{own}_{last}", env.path), vec![outer, at_last], env, end)?;
                }
            }
            if let Some(capacitor) = &line.capacitor {
                for place in 0..length {
                    let name = format!("{}c.{own}_{place}", env.path);
                    self.put(name, vec![nodes[start + place], NodeId::GROUND], env, capacitor)?;
                }
            }
            if let Some(source) = &line.source {
                let (row, col) = if along_row { (k, 0) } else { (0, k) };
                let inner = self.cell_env(env, plan, (row, col), k, LINES[kind]);
                self.put(format!("{}v.{own}", env.path), vec![outer, NodeId::GROUND], &inner, source)?;
            }
        }
        Ok(Wires { nodes, length })
    }

    /// What the names in a value mean for one cell or one line: its row, its column, its values from tables.
    fn cell_env(&self, env: &Rc<Env>, plan: &Plan, at: (usize, usize), number: usize, what: &str) -> Rc<Env> {
        let block = &self.deck.blocks[plan.text.block];
        let mut slots = vec![Slot::Done(0.0); block.params.len()];
        slots[0] = Slot::Done(at.0 as f64);
        slots[1] = Slot::Done(at.1 as f64);
        for table in &plan.text.tables {
            let key = format!(".{}", table.name.text);
            let value = table.values.values.get(number);
            if let (Some(&slot), Some(&value)) = (block.param_index.get(key.as_str()), value) {
                slots[slot] = Slot::Done(value);
            }
        }
        if what.is_empty()
            && let Some(&Some(ohm)) = plan.stuck.get(number)
            && let Some(&slot) = block.param_index.get(".stuck")
        {
            slots[slot] = Slot::Done(ohm);
        }
        let path = match what {
            "" => format!("{}.r{}c{}.", plan.full, at.0, at.1),
            line => format!("{}.{line}{number}.", plan.full),
        };
        Rc::new(Env {
            id: usize::MAX,
            block: plan.text.block,
            parent: Some(Rc::clone(env)),
            path,
            ports: Vec::new(),
            slots: RefCell::new(slots),
            multiplier: env.multiplier,
        })
    }

    fn cells(&mut self, env: &Rc<Env>, plan: &Plan<'d>, wires: &[Wires]) -> Result<(), Fault> {
        let text = plan.text;
        let block = match self.find_blocks(env.block, &text.cell.text).is_empty() {
            true => None,
            false => Some(self.instance_block(env, &text.cell)?),
        };
        let letter = self.device_letter(env, plan, block)?;
        let pins: Vec<Result<usize, NodeId>> = text
            .pins
            .iter()
            .map(|pin| LINES.iter().position(|line| **line == *pin.text).ok_or_else(|| self.node(env, &pin.text)))
            .collect();
        let line_of = |kind: usize| pins.iter().position(|pin| *pin == Ok(kind)).unwrap_or(0);
        let wire_pins = (line_of(0), line_of(1));
        for row in 0..plan.rows {
            for col in 0..plan.cols {
                let number = row * plan.cols + col;
                let node = |pin: &Result<usize, NodeId>| match *pin {
                    Err(node) => node,
                    Ok(kind) => {
                        let along_row = kind == 0 || (kind == 2 && text.gate_along_rows);
                        let (line, place) = if along_row { (row, col) } else { (col, row) };
                        wires[kind].nodes[line * wires[kind].length + place]
                    }
                };
                let nodes: Vec<NodeId> = pins.iter().map(node).collect();
                let inner = self.cell_env(env, plan, (row, col), number, "");
                let own = format!("{}.r{row}c{col}", plan.full);
                if plan.stuck.get(number).is_some_and(Option::is_some) {
                    let ends = vec![nodes[wire_pins.0], nodes[wire_pins.1]];
                    let begin = self.placed.len();
                    self.put(device_name(env, plan, 'r', row, col), ends, &inner, &text.stuck_cell)?;
                    self.write_wires(begin);
                } else if let Some(block) = block {
                    self.write_cell(plan, &inner, &own, &nodes)?;
                    self.open_instance(&inner, block, own, nodes, &text.params)?;
                } else {
                    let begin = self.placed.len();
                    self.put(device_name(env, plan, letter, row, col), nodes, &inner, &text.device)?;
                    self.write_wires(begin);
                }
                if self.full || self.report.exhausted() {
                    return Err(Fault::Reported);
                }
            }
        }
        Ok(())
    }

    /// The letter with which the lines of cells begin that are no subcircuits.
    fn device_letter(&mut self, env: &Rc<Env>, plan: &Plan<'d>, block: Option<usize>) -> Result<char, Fault> {
        let cell = &plan.text.cell;
        if let Some(block) = block {
            let ports = &self.deck.blocks[block].ports;
            if ports.len() == plan.text.pins.len() {
                return Ok('x');
            }
            let names: Vec<&str> = ports.iter().take(20).map(|port| &*port.text).collect();
            let message = format!(
                "subcircuit `{}` has {} ports, but {} pins are given",
                cell.text,
                ports.len(),
                plan.text.pins.len()
            );
            let error = Diagnostic::error(cell.span, message).label("wrong number of pins");
            return Err(error.hint(format!("the ports are: {}", names.join(" "))).into());
        }
        if &*cell.text == "r" {
            if plan.text.params.is_empty() {
                let error = Diagnostic::error(cell.span, "cells that are resistors need a resistance");
                return Err(error.label("`r=` expected").hint("as in `r=10k` or `r=\"ohms.csv\"`").into());
            }
            return match plan.text.pins.len() {
                2 => Ok('r'),
                pins => Err(Diagnostic::error(cell.span, format!("a resistor with {pins} pins"))
                    .label("two pins expected")
                    .into()),
            };
        }
        let Some((home, index)) = self.find_model(env, &cell.text) else {
            return Err(missing(self.broken, &cell.text, || {
                let deck = self.deck;
                let models = deck.models.iter().map(|model| &*model.name.text);
                let known = models.chain(deck.blocks.iter().map(|block| &*block.name)).filter(|name| !name.is_empty());
                let hint = suggest::did_you_mean(&cell.text, known, "name a subcircuit, a model, or `r`");
                Diagnostic::error(cell.span, format!("unknown cell `{}`", cell.text))
                    .label("not defined here")
                    .hint(hint)
            }));
        };
        let home = Rc::clone(home);
        let kind = self.model_type(&home, index)?;
        Ok(match &*kind.text {
            "d" => 'd',
            "nmos" | "pmos" => 'm',
            "njf" | "pjf" => 'j',
            "npn" | "pnp" => 'q',
            _ => 'y',
        })
    }

    /// A node by its full name; made when it is new.
    fn named(&mut self, name: &str) -> NodeId {
        if let Some(&node) = self.node_index.get(name) {
            return node;
        }
        let node = NodeId(self.nodes.len() as u32);
        self.nodes.push(name.to_string());
        self.node_index.insert(name.to_string(), node);
        node
    }

    /// Places one element under its full name.
    pub(super) fn put(
        &mut self,
        name: String,
        nodes: Vec<NodeId>,
        env: &Rc<Env>,
        element: &'d Element,
    ) -> Result<(), Fault> {
        let id = ElementId(self.placed.len() as u32);
        if let Some(before) = self.element_index.insert(name.clone(), id) {
            let first = self.placed[before.0 as usize].text.name.span;
            self.element_index.insert(name.clone(), before);
            return Err(self.twice(element, &name, first));
        }
        let text = self.edited.get(name.as_str()).copied().unwrap_or(element);
        self.placed.push(Placed { name, nodes, env: Rc::clone(env), text });
        Ok(())
    }

    /// The array of this name.
    fn array_named(&self, word: &Word) -> Result<usize, Fault> {
        self.arrays.iter().position(|array| array.name == *word.text).ok_or_else(|| {
            missing(self.broken, &word.text, || {
                let names = self.arrays.iter().map(|array| array.name.as_str());
                let hint = suggest::did_you_mean(&word.text, names, "make it with `.array`");
                Diagnostic::error(word.span, format!("unknown array `{}`", word.text)).hint(hint)
            })
        })
    }

    /// `.read`.
    pub(super) fn read(&mut self, top: &Rc<Env>, text: &ReadText) -> Result<Read, Fault> {
        let array = self.array_named(&text.array)?;
        let (mut transfer, mut bound, mut checks, mut swing) = (text.vectors.is_none(), 0.005, 2, 0.2);
        for param in &text.params {
            let number = self.number(top, &param.value)?;
            let good = match &*param.name.text {
                "transfer" => {
                    transfer = number != 0.0;
                    true
                }
                "bound" => {
                    bound = number;
                    number > 0.0
                }
                "swing" => {
                    swing = number;
                    number > 0.0
                }
                _ => {
                    checks = number as usize;
                    number >= 0.0 && number.fract() == 0.0
                }
            };
            if !good {
                let error = Diagnostic::error(param.value.span, format!("`{}={number}`", param.name.text));
                return Err(error.label("more than 0 expected (a whole number for `check=`)").into());
            }
        }
        let Array { name, rows, cols, .. } = self.arrays[array].clone();
        let sources = |work: &Self, line: &str, count: usize| -> Vec<Option<ElementId>> {
            let node = |k| work.node_index.get(&format!("{name}.{line}{k}"));
            (0..count).map(|k| node(k).and_then(|node| work.grounded.get(node)).copied()).collect()
        };
        let (row_sources, col_sources) = (sources(self, "row", rows), sources(self, "col", cols));
        let (driven, sensed) = if text.by_column { (col_sources, row_sources) } else { (row_sources, col_sources) };
        let none = |what: &str| {
            let error = Diagnostic::error(text.array.span, format!("no voltage source to ground {what} of `{name}`"));
            error.label("read here").hint("give the array `v_row=` and `v_col=`, or connect sources to its outer nodes")
        };
        let Some(drives) = driven.into_iter().collect::<Option<Vec<_>>>() else {
            return Err(none(if text.by_column { "drives some column" } else { "drives some row" }).into());
        };
        let senses: Vec<ElementId> = sensed.into_iter().flatten().collect();
        if senses.is_empty() {
            return Err(none(if text.by_column { "senses any row" } else { "senses any column" }).into());
        }
        let vectors = match &text.vectors {
            None => Vec::new(),
            Some((table, span)) if table.columns != drives.len() => {
                let message = format!("vectors of {} voltages for {} lines", table.columns, drives.len());
                return Err(Diagnostic::error(*span, message).label("one voltage for each line expected").into());
            }
            Some((table, _)) => table.values.clone(),
        };
        Ok(Read { array, drives, senses, vectors, transfer, bound, checks, swing, span: text.span })
    }

    /// `.matrix` statements.
    pub(super) fn matrices(&mut self) -> Vec<Matrix> {
        let deck = self.deck;
        let mut all = Vec::new();
        for text in &deck.matrices {
            let matrix = self.matrix(text);
            all.extend(self.report.keep(matrix));
        }
        all
    }

    fn matrix(&mut self, text: &MatrixText) -> Result<Matrix, Fault> {
        let index = self.array_named(&text.array)?;
        let top = Rc::clone(&self.envs[0]);
        let at = text.at.iter().map(|value| match self.number(&top, value)? {
            time if time >= 0.0 => Ok(time),
            time => {
                Err(Diagnostic::error(value.span, format!("a time of {time} s")).label("0 s or more expected").into())
            }
        });
        let mut at = at.collect::<Result<Vec<f64>, Fault>>()?;
        at.sort_by(f64::total_cmp);
        let (name, rows, cols) = (self.arrays[index].name.clone(), self.arrays[index].rows, self.arrays[index].cols);
        let mut signals = Vec::with_capacity(rows * cols);
        let mut fault = None;
        for row in 0..rows {
            for col in 0..cols {
                // Cells that are stuck are other elements.
                match self.cell_signal(&top, &format!("{name}.r{row}c{col}"), text) {
                    Ok(signal) => signals.push(Some(signal)),
                    Err(found) => {
                        fault.get_or_insert(found);
                        signals.push(None);
                        if signals.len() > MOST_MISSING && signals.iter().all(Option::is_none) {
                            break;
                        }
                    }
                }
            }
        }
        if let Some(fault) = fault.filter(|_| signals.iter().all(Option::is_none)) {
            return Err(fault);
        }
        Ok(Matrix { array: index, label: text.label.clone(), signals, at, file: text.file.clone(), span: text.span })
    }

    fn cell_signal(&self, top: &Env, cell: &str, text: &MatrixText) -> Result<Signal, Fault> {
        let full = |suffix: &str| Word { text: format!("{cell}{suffix}").into(), span: text.span };
        let label = text.label.replace('#', cell);
        Ok(match &text.signal {
            MatrixSignal::Voltage(inner) => {
                Signal::Voltage { plus: self.voltage_node(top, &full(inner))?, minus: NodeId::GROUND, label }
            }
            MatrixSignal::Current(inner) => Signal::Current { element: self.signal_element(&full(inner))?, label },
            MatrixSignal::Power(inner) => Signal::Power { element: self.signal_element(&full(inner))?, label },
            MatrixSignal::Internal(inner, quantity) => {
                let element = self.signal_element(&full(inner))?;
                Signal::Internal { element, quantity: quantity.to_string(), label }
            }
        })
    }

    /// Writes the elements placed last as lines, when lines are wanted.
    fn write_wires(&mut self, begin: usize) {
        if self.written.is_none() {
            return;
        }
        for index in begin..self.placed.len() {
            let line = self.line_of(index);
            if let Some(line) = self.report.keep(line) {
                self.lines.push_str(&line);
            }
        }
    }

    fn line_of(&mut self, index: usize) -> Result<String, Fault> {
        let (env, text) = (Rc::clone(&self.placed[index].env), self.placed[index].text);
        let mut line = self.placed[index].name.clone();
        for node in &self.placed[index].nodes {
            let _ = write!(line, " {}", self.nodes[node.0 as usize]);
        }
        match &text.body {
            Body::Passive { values, params, .. } => {
                for value in values {
                    self.write_value(&env, value, &mut line)?;
                }
                self.write_params(&env, params, &mut line)?;
            }
            Body::Source { source, .. } => {
                if let Some(dc) = &source.dc {
                    line.push_str(" dc");
                    self.write_value(&env, dc, &mut line)?;
                }
                if let Some((magnitude, phase)) = &source.ac {
                    line.push_str(" ac");
                    for value in magnitude.iter().chain(phase) {
                        self.write_value(&env, value, &mut line)?;
                    }
                }
                if let Some(function) = &source.function {
                    let _ = write!(line, " {}(", shape_name(function.shape));
                    for value in &function.arguments {
                        self.write_value(&env, value, &mut line)?;
                    }
                    for (time, value) in &function.points {
                        let _ = write!(line, " {time:e} {value:e}");
                    }
                    line.push_str(" )");
                    self.write_params(&env, &function.params, &mut line)?;
                }
            }
            Body::Device { model, params, .. } => {
                let _ = write!(line, " {}", model.text);
                self.write_params(&env, params, &mut line)?;
            }
            _ => {}
        }
        line.push('\n');
        Ok(line)
    }

    /// Writes a cell that is an instance of a subcircuit.
    fn write_cell(&mut self, plan: &Plan, env: &Rc<Env>, name: &str, nodes: &[NodeId]) -> Result<(), Fault> {
        if self.written.is_none() {
            return Ok(());
        }
        let mut line = name.to_string();
        for node in nodes {
            let _ = write!(line, " {}", self.nodes[node.0 as usize]);
        }
        let _ = write!(line, " {}", plan.text.cell.text);
        self.write_params(env, &plan.text.params, &mut line)?;
        line.push('\n');
        self.lines.push_str(&line);
        Ok(())
    }

    fn write_value(&mut self, env: &Rc<Env>, value: &Value, line: &mut String) -> Result<(), Fault> {
        let _ = write!(line, " {}", written(&self.data(env, value)?));
        Ok(())
    }

    fn write_params(
        &mut self,
        env: &Rc<Env>,
        params: &[crate::netlist::ast::Param],
        line: &mut String,
    ) -> Result<(), Fault> {
        for param in params {
            let _ = write!(line, " {}={}", param.name.text, written(&self.data(env, &param.value)?));
        }
        Ok(())
    }
}

/// A value that reads back to the same number.
fn written(value: &ParamData) -> String {
    match value {
        ParamData::Number(number) => format!("{number:e}"),
        ParamData::Text(text) => format!("\"{text}\""),
        ParamData::Vector(all) => all.iter().map(|x| format!("{x:e}")).collect::<Vec<_>>().join(","),
    }
}

fn shape_name(shape: Shape) -> &'static str {
    match shape {
        Shape::Pulse => "pulse",
        Shape::Sine => "sin",
        Shape::Exponential => "exp",
        Shape::PiecewiseLinear => "pwl",
        Shape::FrequencyModulated => "sffm",
        Shape::AmplitudeModulated => "am",
        Shape::Noise => "trnoise",
        Shape::Random => "trrandom",
    }
}

/// `xa.`: what follows the letter in the own names of an array's elements.
fn element_stem(plan: &Plan, env: &Env) -> String {
    format!("{}.", &plan.full[env.path.len()..])
}

fn device_name(env: &Env, plan: &Plan, letter: char, row: usize, col: usize) -> String {
    format!("{}{letter}.{}r{row}c{col}", env.path, element_stem(plan, env))
}
