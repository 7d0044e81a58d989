//! Files to syntax tree: follows includes and library sections, opens and closes blocks, recovers line by line.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::ast::{AnalysisText, Block, ControlText, ControllerText, Deck, Definition, Word};
use super::commands::{self, Defined};
use super::conditional::Choice;
use super::files::Files;
use super::include::{Mark, section_mark};
use super::lex::{Blanks, Cursor, Kind};
use super::lines::{Line, Lines};
use super::report::Report;
use super::tables::Table;
use super::{beside, elements, measure, value};
use crate::diagnostic::{Diagnostic, Span};
use crate::dialect::Dialect;

/// Characters of the title that are kept.
const LONGEST_TITLE: usize = 500;

/// Reads a deck with all it includes.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    pub files: Files,
    pub report: Report,
    pub deck: Deck,
    /// Names whose definition could not be read; their absence is not reported again.
    pub broken: HashSet<Box<str>>,
    /// Open blocks, the deck first.
    pub(super) open: Vec<usize>,
    /// The dialect asked for from outside.
    pub wanted: Option<Dialect>,
    /// Open `.if`s, and the branches seen so far.
    pub(super) choices: Vec<Choice>,
    pub(super) conditions: usize,
    /// Open `.data` table, and those read.
    pub(super) table: Option<Table>,
    pub(super) tables: Vec<Table>,
    /// `.csparam`: definitions for the control language.
    pub(super) exported: Vec<Definition>,
    /// Files being read, with the library section.
    pub(super) reading: Vec<(u32, Option<String>)>,
    pub(super) controller: Option<ControllerText>,
    /// Open `.control` block.
    pub(super) control: Option<ControlText>,
}

/// Whether to go on with this file.
enum Next {
    Line,
    End,
}

impl Parser {
    /// Reads the deck in file `file`.
    pub fn deck(&mut self, file: u32) {
        self.deck.blocks.push(Block::default());
        self.open.push(0);
        let text = Arc::clone(&self.files.map.file(file).text);
        self.deck.dialect = self.wanted.or_else(|| Dialect::declared(&text)).unwrap_or_default();
        let mut lines = Lines::new(file, &text, self.deck.dialect);
        let (title, span) = lines.title();
        self.deck.title = title.chars().take(LONGEST_TITLE).collect();
        self.deck.title_span = span;
        if looks_like_statement(title) {
            let warning =
                Diagnostic::warning(span, "the first line of a deck is its title and is not read as a statement");
            self.report.warn(warning.label("taken as the title").hint("put a title above it"));
        }
        self.reading.push((file, None));
        self.lines(lines, None);
        self.open.clear();
        self.close_choices();
        if let Err(error) = self.close_table() {
            self.report.add(error);
        }
        self.apply_tables();
        self.define_exported();
        if let Some(controller) = self.controller.take() {
            let error =
                Diagnostic::error(controller.span, format!("controller `{}` is not ended", controller.name.text));
            self.report.add(error.label("opened here").hint("add `.endcontroller`"));
        }
        if let Some(ControlText { span, .. }) = self.control.take() {
            self.report
                .add(Diagnostic::error(span, "`.control` is not ended").label("opened here").hint("add `.endc`"));
        }
    }

    /// Reads more statements of the deck itself.
    pub fn more(&mut self, file: u32) {
        let text = Arc::clone(&self.files.map.file(file).text);
        self.open = vec![0];
        self.reading.push((file, None));
        self.lines(Lines::new(file, &text, self.deck.dialect), None);
    }

    /// Reads statements; of a library file only `section`. False when the section is not there.
    pub(super) fn lines(&mut self, mut lines: Lines, section: Option<&str>) -> bool {
        let depth = self.open.len();
        let mut found = section.is_none();
        // The section whose lines pass by, and whether they are read.
        let mut inside: Option<(Span, bool)> = None;
        loop {
            lines.commands(self.control.is_some());
            let Some(line) = lines.next() else { break };
            if self.report.exhausted() {
                break;
            }
            let line = match line {
                Ok(line) => line,
                Err(error) => {
                    self.report.add(error);
                    continue;
                }
            };
            let mark = section_mark(&line).filter(|mark| match mark {
                Mark::Begin(name) => section.is_some() || !self.includes_whole(&line, name),
                Mark::End => true,
            });
            match mark.filter(|_| self.control.is_none()) {
                Some(Mark::Begin(name)) => {
                    let wanted = section.is_some_and(|s| s.eq_ignore_ascii_case(name));
                    if section.is_none() {
                        let warning =
                            Diagnostic::warning(line.span(), format!("section `{name}` of a library is not read here"));
                        self.report
                            .warn(warning.label("skipped to `.endl`").hint("choose it with `.lib \"file\" section`"));
                    }
                    found |= wanted;
                    inside = Some((line.span(), wanted));
                    continue;
                }
                Some(Mark::End) => {
                    if inside.take().is_none() {
                        self.report.add(Diagnostic::error(line.span(), "`.endl` without `.lib`"));
                    }
                    continue;
                }
                None => {}
            }
            let read = inside.map_or(section.is_none(), |(_, wanted)| wanted);
            if !read {
                continue;
            }
            match self.statement(&line) {
                Ok(Next::Line) => {}
                Ok(Next::End) => break,
                Err(error) => self.report.add(error),
            }
        }
        if let Some((span, _)) = inside {
            self.report.add(
                Diagnostic::error(span, "this library section is not ended").label("opened here").hint("add `.endl`"),
            );
        }
        while self.open.len() > depth {
            let index = self.open.pop().unwrap_or(0);
            self.close_choices();
            let block = &self.deck.blocks[index];
            let error = Diagnostic::error(block.span, format!("subcircuit `{}` is not ended", block.name));
            self.report.add(error.label("opened here").hint(format!("add `.ends {}`", block.name)));
        }
        found
    }

    /// The innermost open block.
    pub(super) fn block(&mut self) -> &mut Block {
        let index = self.open.last().copied().unwrap_or(0);
        &mut self.deck.blocks[index]
    }

    fn statement(&mut self, line: &Line) -> Result<Next, Diagnostic> {
        if self.table.is_some() && !line.text.starts_with('.') {
            return self.table_line(line).map(|()| Next::Line);
        }
        if !line.text.starts_with('.') && self.control.is_none() && self.controller.is_none() {
            self.note_parentheses(line);
            let files = &mut self.files;
            let element = elements::element(line, &mut |path, span| files.points(path, span))?;
            let guard = self.guard();
            let block = self.block();
            block.guards.extend(guard.map(|guard| (block.elements.len(), guard)));
            block.elements.push(element);
            return Ok(Next::Line);
        }
        let keyword = line.text.split(char::is_whitespace).next().unwrap_or("").to_ascii_lowercase();
        if let Some(control) = &mut self.control {
            if keyword == "pre_osdi" || keyword == "osdi" {
                let mut cursor = Cursor::new(line, Blanks::Strict)?;
                cursor.take()?;
                self.compiled_models(&mut cursor)?;
                return Ok(Next::Line);
            }
            if !keyword.starts_with(".endc") {
                control.lines.push((line.text.as_ref().into(), line.span()));
                return Ok(Next::Line);
            }
            self.deck.controls.extend(self.control.take());
            return Ok(Next::Line);
        }
        if let Some(controller) = &mut self.controller {
            if keyword == ".endcontroller" {
                self.deck.controllers.extend(self.controller.take());
                return Ok(Next::Line);
            }
            if keyword.starts_with('.') {
                let span = line.origin.span(0, keyword.len());
                let error =
                    Diagnostic::error(span, format!("`{keyword}` inside controller `{}`", controller.name.text));
                return Err(error.hint("end the block with `.endcontroller` first"));
            }
            controller.statements.push(commands::controller_line(&mut Cursor::new(line, Blanks::Strict)?)?);
            return Ok(Next::Line);
        }
        self.dot(line, &keyword)
    }

    fn dot(&mut self, line: &Line, keyword: &str) -> Result<Next, Diagnostic> {
        match keyword {
            ".end" => return Ok(Next::End),
            ".title" => {
                self.deck.title = line.text[keyword.len()..].trim().chars().take(LONGEST_TITLE).collect();
                return Ok(Next::Line);
            }
            ".model" => return self.model(line).map(|()| Next::Line),
            ".subckt" | ".macro" => return self.subcircuit(line).map(|()| Next::Line),
            ".array" => return self.array(line).map(|()| Next::Line),
            ".data" => return self.open_table(line).map(|()| Next::Line),
            ".enddata" => return self.close_table().map(|()| Next::Line),
            _ if self.conditional(line, keyword)? => return Ok(Next::Line),
            _ if self.beside_the_circuit(line, keyword)? => return Ok(Next::Line),
            _ => {}
        }
        self.refuse_under_condition(line, keyword)?;
        let mut cursor = Cursor::new(line, Blanks::Strict)?;
        let cursor = &mut cursor;
        let word = value::name(cursor, "a statement")?;
        match keyword {
            ".include" | ".inc" | ".incl" => self.include(cursor)?,
            ".lib" => self.library(cursor)?,
            ".loadbias" | ".load" => self.load_bias(cursor)?,
            ".savebias" => self.save_bias(cursor)?,
            ".ends" | ".eom" => self.end_subcircuit(cursor, &word)?,
            ".param" | ".params" | ".parameter" | ".parameters" | ".global_param" | ".csparam" => {
                let defined = commands::param(cursor);
                if defined.is_err() {
                    self.mark_broken(line);
                }
                for one in defined? {
                    match one {
                        Defined::Parameter(definition) if keyword == ".csparam" => self.exported.push(definition),
                        Defined::Parameter(definition) => self.define(definition)?,
                        Defined::Function(name, function) => {
                            self.block().functions.insert(name.text, function);
                        }
                    }
                }
            }
            ".func" => {
                let (name, function) = commands::function(cursor, false)?;
                self.block().functions.insert(name.text, function);
            }
            ".osdi" | ".pre_osdi" | ".hdl" => self.compiled_models(cursor)?,
            ".global" => self.deck.globals.extend(commands::words(cursor, "a node")?),
            ".ic" => {
                let values = commands::node_values(cursor)?;
                self.block().initial.extend(values);
            }
            ".nodeset" => {
                let values = commands::node_values(cursor)?;
                self.block().guesses.extend(values);
            }
            ".width" => {
                self.report.warn(Diagnostic::warning(word.span, "`.width` has no effect").label("ignored"));
                return Ok(Next::Line);
            }
            _ => self.top_level(cursor, &word)?,
        }
        cursor.finish()?;
        Ok(Next::Line)
    }

    /// Statements that concern the whole deck.
    fn top_level(&mut self, cursor: &mut Cursor, word: &Word) -> Result<(), Diagnostic> {
        let name = word.text.trim_start_matches('.');
        if !commands::KNOWN.contains(&name) {
            return Err(commands::unknown(word));
        }
        if self.open.len() > 1 {
            let block = self.block().name.clone();
            let error = Diagnostic::error(word.span, format!("`{}` inside subcircuit `{block}`", word.text));
            return Err(error.label("belongs to the whole deck").hint(format!("move it behind `.ends {block}`")));
        }
        match name {
            "options" | "option" | "opt" | "opts" => {
                let params = self.options(cursor)?;
                self.deck.options.extend(params);
            }
            "temp" => {
                let sweep = commands::temperature(cursor, word, &mut self.deck.options)?;
                self.deck.steps.extend(sweep);
            }
            "save" | "probe" => self.deck.saves.extend(commands::save(cursor)?),
            "print" | "plot" if beside::printed_by_itself(cursor) => {
                let warning = Diagnostic::warning(word.span, "the results of this analysis are printed by themselves");
                self.report.warn(warning.label("not needed"));
                cursor.rest();
            }
            "print" | "plot" => self.deck.prints.push(commands::print(cursor, name == "plot")?),
            "measure" | "meas" => {
                let files = &mut self.files;
                let measure = measure::measure(cursor, &mut |path, span| files.points(path, span))?;
                self.deck.measures.push(measure);
            }
            "four" | "fourier" => self.deck.fouriers.push(measure::fourier(cursor)?),
            "op" | "dc" | "tran" | "ac" | "noise" | "tf" | "sens" | "pz" => self.analysis(cursor, word)?,
            "control" => self.control = Some(ControlText { span: word.span, lines: Vec::new() }),
            "step" => self.deck.steps.push(super::sweeps::sweep(cursor)?),
            "read" => {
                let read = self.read(cursor)?;
                self.deck.analyses.push(AnalysisText::Read(Box::new(read)));
            }
            "matrix" => {
                let matrix = self.matrix(cursor)?;
                self.deck.matrices.push(matrix);
            }
            "mc" => self.deck.samples = Some(super::sweeps::monte_carlo(cursor)?),
            "fit" => self.deck.fits.push(super::fit::fit(cursor)?),
            "fitdata" => self.deck.fit_data.push(super::fit::data(cursor)?),
            "limits" => self.deck.limits.push(super::sweeps::limits(cursor)?),
            "controller" => {
                let span = cursor.line.span();
                let name = value::name(cursor, "the name of the controller")?;
                let params = value::params(cursor, |cursor, _| value::flag(cursor))?;
                self.controller = Some(ControllerText { name, span, params, statements: Vec::new() });
            }
            _ => {
                let opener = match name {
                    "endc" => ".control",
                    "endcontroller" => ".controller",
                    _ => ".lib",
                };
                return Err(Diagnostic::error(word.span, format!("`{}` without `{opener}`", word.text)));
            }
        }
        Ok(())
    }

    /// An analysis, with the sweep that HSPICE lets follow it.
    fn analysis(&mut self, cursor: &mut Cursor, word: &Word) -> Result<(), Diagnostic> {
        if &*word.text == ".tran" {
            self.note_modifiers(cursor);
        }
        let analysis = commands::analysis(cursor, word)?;
        self.deck.analyses.push(analysis);
        if cursor.peek().is_some_and(|t| t.is("sweep")) {
            cursor.take()?;
            while cursor.peek().is_some() {
                self.deck.steps.push(super::sweeps::sweep(cursor)?);
            }
        }
        Ok(())
    }

    fn define(&mut self, mut definition: Definition) -> Result<(), Diagnostic> {
        self.conditional_value(&mut definition)?;
        let conditional = self.guard().is_some();
        let block = self.block();
        let (name, span) = (definition.name.text.clone(), definition.name.span);
        let before = block.param_index.get(&name).map(|&index| {
            block.params[index].used.store(true, Relaxed);
            block.params[index].name.span
        });
        if before == Some(span) {
            return Ok(());
        }
        if conditional && before.is_none() {
            block.optional.insert(block.params.len());
        }
        block.param_index.insert(name.clone(), block.params.len());
        block.params.push(definition);
        if let Some(before) = before.filter(|_| !conditional) {
            let line = self.files.map.line_column(before).0;
            let warning = Diagnostic::warning(span, format!("parameter `{name}` is defined again"));
            self.report.warn(warning.label("this value counts").hint(format!("the value of line {line} is not used")));
        }
        Ok(())
    }

    /// `.csparam x={x}` hands a parameter to the control language; a new name is a parameter like others.
    fn define_exported(&mut self) {
        let Some(block) = self.deck.blocks.first_mut() else { return };
        for definition in std::mem::take(&mut self.exported) {
            definition.used.store(true, Relaxed);
            let index = block.params.len();
            if let std::collections::hash_map::Entry::Vacant(place) =
                block.param_index.entry(definition.name.text.clone())
            {
                place.insert(index);
                block.optional.insert(index);
                block.params.push(definition);
            }
        }
    }

    /// Remembers the names on a line that could not be read.
    fn mark_broken(&mut self, line: &Line) {
        let words = line.text.split(|c: char| c.is_whitespace() || matches!(c, '=' | '(' | ')' | ','));
        self.broken.extend(words.skip(1).take(64).filter(|w| !w.is_empty()).map(|w| w.to_ascii_lowercase().into()));
    }

    fn model(&mut self, line: &Line) -> Result<(), Diagnostic> {
        self.note_parentheses(line);
        let files = &mut self.files;
        let model = commands::model(line, &mut |path, span| files.points(path, span));
        let model = model.inspect_err(|_| self.mark_broken(line))?;
        let index = self.deck.models.len();
        let name = model.name.text.clone();
        if let Some(guard) = self.guard() {
            self.block().guarded_models.entry(name).or_default().push((guard, index));
        } else if let Some(&before) = self.block().models.get(&name) {
            self.defined_before("model", &model.name, self.deck.models[before].name.span);
            return Ok(());
        } else {
            self.block().models.insert(name, index);
        }
        self.deck.models.push(model);
        Ok(())
    }

    /// A warning, unless the same text is read once more (a file that is included twice).
    fn defined_before(&mut self, what: &str, name: &Word, before: Span) {
        if before == name.span {
            return;
        }
        let line = self.files.map.line_column(before).0;
        let file = self.files.map.file(before.file).path.display();
        let warning = Diagnostic::warning(name.span, format!("{what} `{}` is defined twice", name.text));
        let hint = format!("the first one counts, in line {line} of {file}");
        self.report.warn(warning.label("this definition is not used").hint(hint));
    }

    fn subcircuit(&mut self, line: &Line) -> Result<(), Diagnostic> {
        let parent = self.open.last().copied().unwrap_or(0);
        let index = self.deck.blocks.len();
        self.deck.blocks.push(Block { parent: Some(parent), span: line.span(), ..Block::default() });
        self.open.push(index);
        self.subcircuit_head(line, parent, index).inspect_err(|_| self.mark_broken(line))
    }

    fn subcircuit_head(&mut self, line: &Line, parent: usize, index: usize) -> Result<(), Diagnostic> {
        let mut cursor = Cursor::new(line, Blanks::Parentheses)?;
        let cursor = &mut cursor;
        cursor.take()?;
        let name = value::name(cursor, "the name of the subcircuit")?;
        self.deck.blocks[index].name = name.text.clone();
        while !cursor.at_assignment() && cursor.peek().is_some_and(|t| !t.is("params:")) {
            if cursor.take_if(Kind::Comma)?.is_some() {
                continue;
            }
            let port = value::name(cursor, "a port")?;
            if self.deck.is_ground(&port.text) {
                let warning = Diagnostic::warning(port.span, "a port is named as ground is");
                let hint = "what an instance connects to this port is not connected inside";
                self.report.warn(warning.label("ground everywhere").hint(hint));
            }
            let block = &mut self.deck.blocks[index];
            if block.port_index.insert(port.text.clone(), block.ports.len()).is_some() {
                return Err(Diagnostic::error(port.span, format!("two ports are named `{}`", port.text)));
            }
            block.ports.push(port);
        }
        if cursor.peek().is_some_and(|t| t.is("params:")) {
            cursor.take()?;
        }
        while cursor.peek().is_some() {
            if cursor.take_if(Kind::Comma)?.is_some() {
                continue;
            }
            if !cursor.at_assignment() {
                return Err(cursor.expected("`name=value`"));
            }
            let param = value::assignment(cursor)?;
            self.define(Definition { name: param.name, value: param.value, used: false.into() })?;
        }
        let own = self.open.pop();
        let guard = self.guard();
        self.open.extend(own);
        let before = self.deck.blocks[parent].blocks.get(&name.text).map(|&other| self.deck.blocks[other].span);
        match (guard, before) {
            (Some(guard), _) => {
                self.deck.blocks[parent].guarded_blocks.entry(name.text).or_default().push((guard, index));
            }
            (None, Some(before)) if before == line.span() => {}
            (None, Some(before)) => self.defined_before("subcircuit", &name, before),
            (None, None) => {
                self.deck.blocks[parent].blocks.insert(name.text, index);
            }
        }
        Ok(())
    }

    fn end_subcircuit(&mut self, cursor: &mut Cursor, word: &Word) -> Result<(), Diagnostic> {
        if self.open.len() < 2 {
            return Err(Diagnostic::error(word.span, "`.ends` without `.subckt`").label("ends nothing"));
        }
        let index = self.open.pop().unwrap_or(0);
        self.close_choices();
        if cursor.peek().is_none() {
            return Ok(());
        }
        let name = value::name(cursor, "the name of the subcircuit")?;
        let block = &self.deck.blocks[index];
        if *name.text != *block.name && !block.name.is_empty() {
            let warning =
                Diagnostic::warning(name.span, format!("`.ends {}` ends subcircuit `{}`", name.text, block.name));
            let line = self.files.map.line_column(block.span).0;
            self.report.warn(warning.label("another name").hint(format!("`{}` was opened in line {line}", block.name)));
        }
        Ok(())
    }
}

/// A title that starts like `.tran` or like an element line with a value.
fn looks_like_statement(title: &str) -> bool {
    let mut words = title.split_whitespace();
    let first = words.next().unwrap_or("").to_ascii_lowercase();
    if let Some(command) = first.strip_prefix('.') {
        return commands::KNOWN.contains(&command);
    }
    let element = first.len() > 1
        && first.starts_with(['r', 'c', 'l', 'v', 'i'])
        && first[1..].bytes().all(|b| b.is_ascii_digit());
    element && words.nth(2).is_some_and(|w| w.starts_with(|c: char| c.is_ascii_digit()))
}
