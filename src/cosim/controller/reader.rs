//! Reading the statements of a controller block, with a diagnostic for everything that is wrong.

use std::collections::HashMap;

use crate::circuit::{Circuit, ControllerBlock, ControllerStatement, ElementId, ElementKind, ParamData};
use crate::devices::nearest;
use crate::diagnostic::{Diagnostic, Span};

/// Looks things up in a block and its circuit, and collects what is wrong.
pub(super) struct Reader<'c> {
    pub(super) circuit: &'c Circuit,
    pub(super) found: Vec<Diagnostic>,
}

/// Statements by their keywords.
pub(super) type Statements<'c> = HashMap<&'c str, &'c ControllerStatement>;

impl<'c> Reader<'c> {
    pub(super) fn new(circuit: &'c Circuit) -> Self {
        Self { circuit, found: Vec::new() }
    }

    /// The statements of a block by keyword; those that may come more than once (`many`) in a list.
    pub(super) fn statements(
        &mut self,
        block: &'c ControllerBlock,
        keywords: &[&str],
        many: &str,
    ) -> (Statements<'c>, Vec<&'c ControllerStatement>) {
        let mut statements: Statements<'c> = HashMap::new();
        let mut list = Vec::new();
        for statement in &block.statements {
            let keyword = statement.keyword.as_str();
            if !keywords.contains(&keyword) {
                let mut problem =
                    Diagnostic::error(statement.span, format!("unknown controller statement `{keyword}`"))
                        .label(format!("expected one of: {}", keywords.join(", ")));
                if let Some(close) = nearest(keyword, keywords.iter().copied()) {
                    problem = problem.hint(format!("did you mean `{close}`?"));
                }
                self.found.push(problem);
            } else if keyword == many {
                list.push(statement);
            } else if statements.insert(keyword, statement).is_some() {
                self.found.push(Diagnostic::error(statement.span, format!("`{keyword}` is given twice")));
            }
        }
        (statements, list)
    }

    pub(super) fn statement(
        &mut self,
        block: &ControllerBlock,
        statements: &Statements<'c>,
        keyword: &str,
    ) -> Option<&'c ControllerStatement> {
        let statement = statements.get(keyword).copied();
        if statement.is_none() {
            self.found.push(
                Diagnostic::error(block.span, format!("controller `{}` has no `{keyword}` statement", block.name))
                    .label("in this block"),
            );
        }
        statement
    }

    pub(super) fn port(&mut self, statement: &ControllerStatement, key: &str) -> Option<ElementId> {
        let (name, span) = self.word(statement, key)?;
        self.source(&name, span)
    }

    pub(super) fn source(&mut self, name: &str, span: Span) -> Option<ElementId> {
        let element = self.element(name, span)?;
        let is_source = matches!(
            self.circuit.elements[element.0 as usize].kind,
            ElementKind::VoltageSource(_) | ElementKind::CurrentSource(_)
        );
        if is_source || self.model_kind(element) == Some("dac") {
            return Some(element);
        }
        self.found.push(
            Diagnostic::error(span, format!("`{name}` is not a source"))
                .label("expected an independent source or a DAC"),
        );
        None
    }

    pub(super) fn element(&mut self, name: &str, span: Span) -> Option<ElementId> {
        let found = self.circuit.element_index.get(name).copied();
        if found.is_none() {
            let mut problem =
                Diagnostic::error(span, format!("the circuit has no element `{name}`")).label("not found");
            if let Some(close) = nearest(name, self.circuit.element_index.keys().map(String::as_str)) {
                problem = problem.hint(format!("did you mean `{close}`?"));
            }
            self.found.push(problem);
        }
        found
    }

    pub(super) fn model_kind(&self, element: ElementId) -> Option<&'c str> {
        match &self.circuit.elements[element.0 as usize].kind {
            ElementKind::Device(device) => Some(&self.circuit.models[device.model.0 as usize].kind),
            _ => None,
        }
    }

    pub(super) fn word(&mut self, statement: &ControllerStatement, key: &str) -> Option<(String, Span)> {
        match statement.settings.iter().find(|s| s.name == key) {
            Some(setting) => match &setting.value {
                ParamData::Text(text) => Some((text.to_ascii_lowercase(), setting.span)),
                _ => {
                    self.found.push(
                        Diagnostic::error(setting.span, format!("`{key}` wants the name of an element"))
                            .label("not a name"),
                    );
                    None
                }
            },
            None => {
                self.found
                    .push(Diagnostic::error(statement.span, format!("`{}` needs {key}=ELEMENT", statement.keyword)));
                None
            }
        }
    }

    /// A number in `low..=high`; a missing one without default is reported and read as `low`.
    pub(super) fn number(
        &mut self,
        statement: &ControllerStatement,
        key: &str,
        default: Option<f64>,
        low: f64,
        high: f64,
    ) -> f64 {
        let Some(setting) = statement.settings.iter().find(|s| s.name == key) else {
            return default.unwrap_or_else(|| {
                self.found
                    .push(Diagnostic::error(statement.span, format!("`{}` needs {key}=VALUE", statement.keyword)));
                low
            });
        };
        match setting.value {
            ParamData::Number(value) if (low..=high).contains(&value) => value,
            _ => {
                self.found.push(
                    Diagnostic::error(setting.span, format!("`{key}` of `{}` is out of range", statement.keyword))
                        .label(format!("expected a number from {low:e} to {high:e}")),
                );
                low
            }
        }
    }

    pub(super) fn only(&mut self, statement: &ControllerStatement, keys: &[&str]) {
        for setting in &statement.settings {
            if !keys.contains(&setting.name.as_str()) {
                let label = if keys.is_empty() {
                    "none expected".to_string()
                } else {
                    format!("expected: {}", keys.join(", "))
                };
                self.found.push(
                    Diagnostic::error(
                        setting.span,
                        format!("`{}` has no setting `{}`", statement.keyword, setting.name),
                    )
                    .label(label),
                );
            }
        }
    }

    /// A number that is not there unless given.
    pub(super) fn optional(&mut self, statement: &ControllerStatement, key: &str, low: f64, high: f64) -> Option<f64> {
        let given = statement.settings.iter().any(|s| s.name == key);
        given.then(|| self.number(statement, key, None, low, high))
    }

    /// `on` or `off` (1 or 0).
    pub(super) fn switch(&mut self, statement: &ControllerStatement, key: &str, default: bool) -> bool {
        let Some(setting) = statement.settings.iter().find(|s| s.name == key) else { return default };
        match &setting.value {
            ParamData::Number(value) if *value == 0.0 || *value == 1.0 => *value == 1.0,
            ParamData::Text(text) if text.eq_ignore_ascii_case("on") => true,
            ParamData::Text(text) if text.eq_ignore_ascii_case("off") => false,
            _ => {
                let problem = format!("`{key}` of `{}` is a switch", statement.keyword);
                self.found.push(Diagnostic::error(setting.span, problem).label("expected on or off"));
                default
            }
        }
    }

    /// Text as it was written.
    pub(super) fn text(&mut self, statement: &ControllerStatement, key: &str) -> Option<(String, Span)> {
        let setting = statement.settings.iter().find(|s| s.name == key)?;
        match &setting.value {
            ParamData::Text(text) => Some((text.to_string(), setting.span)),
            _ => {
                let problem = format!("`{key}` of `{}` wants text", statement.keyword);
                self.found.push(Diagnostic::error(setting.span, problem).hint("write it in double quotes"));
                None
            }
        }
    }

    /// The first word of a statement, one of the names.
    pub(super) fn name(&mut self, statement: &'c ControllerStatement, names: &[&str]) -> Option<&'c str> {
        let expected = format!("expected one of: {}", names.join(", "));
        match statement.words.first() {
            Some((name, _)) if names.contains(&name.as_str()) => Some(name),
            Some((name, span)) => {
                let mut problem =
                    Diagnostic::error(*span, format!("unknown {} `{name}`", statement.keyword)).label(expected);
                if let Some(close) = nearest(name, names.iter().copied()) {
                    problem = problem.hint(format!("did you mean `{close}`?"));
                }
                self.found.push(problem);
                None
            }
            None => {
                let problem = format!("`{}` without a name", statement.keyword);
                self.found.push(Diagnostic::error(statement.span, problem).label(expected));
                None
            }
        }
    }
}
