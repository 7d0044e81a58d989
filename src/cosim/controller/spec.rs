//! The controller block, checked: every port is an element of the circuit, every number in its range.

use crate::circuit::{Circuit, ControllerBlock, ControllerStatement, ElementId, ElementKind};
use crate::diagnostic::{Diagnostic, Span};
use crate::learn::LearningRule;

use super::reader::{Reader, Statements};

/// What a controller block says.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Name of the block.
    pub name: String,
    /// The world.
    pub environment: EnvironmentKind,
    /// The learner.
    pub agent: AgentSpec,
    /// One driver per state line.
    pub rows: Vec<ElementId>,
    /// One word-line driver per state line.
    pub gates: Lines,
    /// Critic first, then one column per action.
    pub columns: Vec<Column>,
    /// Switches the columns to the amplifiers.
    pub read_enable: Lines,
    /// Switches the columns to the write drivers.
    pub write_enable: Lines,
    /// Third element of the weight-update circuit.
    pub reference: Reference,
    /// How cells are read.
    pub read: ReadSpec,
    /// Pulse that raises a conductance.
    pub set: PulseSpec,
    /// Pulse that lowers a conductance.
    pub reset: PulseSpec,
    /// How cells are characterised before learning.
    pub calibrate: CalibrateSpec,
}

/// Environments by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnvironmentKind {
    /// `tmaze`: nine states, two actions.
    TMaze,
}

impl EnvironmentKind {
    /// Inputs (state lines) and actions.
    pub fn shape(self) -> (usize, usize) {
        match self {
            Self::TMaze => (9, 2),
        }
    }
}

/// Parameters of the learner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AgentSpec {
    /// Learning rule.
    pub rule: LearningRule,
    /// Episodes.
    pub episodes: u32,
    /// Iterations after which an episode is broken off.
    pub cap: u32,
}

/// Lines that are either on or off.
#[derive(Clone, Debug)]
pub struct Lines {
    /// Drivers.
    pub drivers: Vec<ElementId>,
    /// Voltage of a line that is on, V.
    pub on: f64,
    /// Voltage of a line that is off, V.
    pub off: f64,
}

/// A column: one neuron.
#[derive(Clone, Debug)]
pub struct Column {
    /// Driver for writing.
    pub drive: ElementId,
    /// Converter behind the amplifier.
    pub adc: ElementId,
    /// Gain of the amplifier, V/A.
    pub gain: f64,
    /// The memristor of each row, for the report and the energy.
    pub cells: Vec<ElementId>,
}

/// The fixed resistor of the weight-update circuit.
#[derive(Clone, Copy, Debug)]
pub struct Reference {
    /// Its driver.
    pub drive: ElementId,
    /// Its resistance as the controller knows it, ohm.
    pub resistance: f64,
}

/// Read timing, s, and levels, V.
#[derive(Clone, Copy, Debug)]
pub struct ReadSpec {
    /// Read voltage of a row.
    pub amplitude: f64,
    /// Largest voltage put on a cell in the weight-update circuit.
    pub limit: f64,
    /// Time from the end of the edge to the sample.
    pub settle: f64,
    /// Edge of all lines.
    pub edge: f64,
}

/// A write pulse: s and V.
#[derive(Clone, Copy, Debug)]
pub struct PulseSpec {
    /// Height.
    pub amplitude: f64,
    /// Time at full height.
    pub width: f64,
    /// Rise and fall time.
    pub edge: f64,
    /// Pause between pulses.
    pub gap: f64,
}

/// Characterisation of the cells before learning.
#[derive(Clone, Copy, Debug)]
pub struct CalibrateSpec {
    /// Set-reset cycles.
    pub cycles: u32,
    /// Pulses of each half cycle.
    pub pulses: u32,
    /// Samples averaged per reading.
    pub reads: u32,
}

const KEYWORDS: &[&str] =
    &["environment", "agent", "rows", "gates", "column", "enable", "reference", "read", "set", "reset", "calibrate"];

impl Spec {
    /// Checks a block against its circuit.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn new(circuit: &Circuit, block: &ControllerBlock) -> Result<Self, Vec<Diagnostic>> {
        let mut reader = Reader::new(circuit);
        let (statements, columns) = reader.statements(block, KEYWORDS, "column");
        let read = reader.block(block, &statements, &columns);
        match read {
            Some(spec) if reader.found.is_empty() => Ok(spec),
            _ => Err(reader.found),
        }
    }
}

impl<'c> Reader<'c> {
    fn block(
        &mut self,
        block: &'c ControllerBlock,
        statements: &Statements<'c>,
        columns: &[&'c ControllerStatement],
    ) -> Option<Spec> {
        let environment = self.environment(block, statements);
        let agent = self.agent(block, statements);
        let rows_statement = self.statement(block, statements, "rows");
        let rows = rows_statement.map(|s| self.sources(s));
        let gates = self.statement(block, statements, "gates").map(|s| self.lines(s, &["on", "off"]));
        let enable = self.statement(block, statements, "enable").map(|s| self.enable(s));
        let reference = self.statement(block, statements, "reference").map(|s| {
            self.only(s, &["drive", "resistance"]);
            (self.port(s, "drive"), self.number(s, "resistance", None, 1e-3, 1e12))
        });
        let read = self.statement(block, statements, "read").map(|s| {
            self.only(s, &["amplitude", "limit", "settle", "edge"]);
            let amplitude = self.number(s, "amplitude", None, 1e-6, 10.0);
            ReadSpec {
                amplitude,
                limit: self.number(s, "limit", Some(2.0 * amplitude), 1e-6, 10.0),
                settle: self.number(s, "settle", None, 1e-12, 1.0),
                edge: self.number(s, "edge", Some(20e-9), 1e-12, 1.0),
            }
        });
        let set = self.statement(block, statements, "set").map(|s| self.pulse(s));
        let reset = self.statement(block, statements, "reset").map(|s| self.pulse(s));
        let calibrate = self.statement(block, statements, "calibrate").map(|s| {
            self.only(s, &["cycles", "pulses", "reads"]);
            CalibrateSpec {
                cycles: self.number(s, "cycles", Some(1.0), 1.0, 1e4) as u32,
                pulses: self.number(s, "pulses", Some(200.0), 1.0, 1e6) as u32,
                reads: self.number(s, "reads", Some(4.0), 1.0, 1e6) as u32,
            }
        });
        let columns: Vec<Option<Column>> = columns.iter().map(|s| self.column(s)).collect();
        let environment = environment?;
        let (inputs, actions) = environment.shape();
        let rows = rows?;
        let gates = gates?;
        for (what, count, statement) in
            [("rows", rows.len(), rows_statement), ("gates", gates.drivers.len(), statements.get("gates").copied())]
        {
            if count != inputs {
                let span = statement.map_or(block.span, |s| s.span);
                self.found.push(
                    Diagnostic::error(
                        span,
                        format!("this environment has {inputs} states, but `{what}` names {count} lines"),
                    )
                    .label(format!("expected {inputs} names")),
                );
            }
        }
        if columns.len() != actions + 1 {
            self.found.push(
                Diagnostic::error(
                    block.span,
                    format!(
                        "expected {} columns (critic, then {actions} actions), found {}",
                        actions + 1,
                        columns.len()
                    ),
                )
                .label("in this block"),
            );
        }
        let columns: Option<Vec<Column>> = columns.into_iter().collect();
        let columns = columns?;
        for column in &columns {
            if column.cells.len() != inputs {
                self.found.push(
                    Diagnostic::error(
                        block.span,
                        format!("each column needs {inputs} cells, one has {}", column.cells.len()),
                    )
                    .label("in this block"),
                );
            }
        }
        let (drive, resistance) = reference?;
        let (read_enable, write_enable) = enable?;
        Some(Spec {
            name: block.name.clone(),
            environment,
            agent: agent?,
            rows,
            gates,
            columns,
            read_enable: read_enable?,
            write_enable: write_enable?,
            reference: Reference { drive: drive?, resistance },
            read: read?,
            set: set?,
            reset: reset?,
            calibrate: calibrate?,
        })
    }

    fn environment(&mut self, block: &ControllerBlock, statements: &Statements<'c>) -> Option<EnvironmentKind> {
        let statement = self.statement(block, statements, "environment")?;
        self.only(statement, &[]);
        match statement.words.first() {
            Some((name, _)) if name == "tmaze" => Some(EnvironmentKind::TMaze),
            Some((name, span)) => {
                self.found
                    .push(Diagnostic::error(*span, format!("unknown environment `{name}`")).label("expected: tmaze"));
                None
            }
            None => {
                self.found.push(Diagnostic::error(statement.span, "which environment?").label("expected: tmaze"));
                None
            }
        }
    }

    fn agent(&mut self, block: &ControllerBlock, statements: &Statements<'c>) -> Option<AgentSpec> {
        let statement = self.statement(block, statements, "agent")?;
        if statement.words.first().map(|(w, _)| w.as_str()) != Some("actor_critic") {
            let span = statement.words.first().map_or(statement.span, |(_, s)| *s);
            self.found.push(Diagnostic::error(span, "unknown agent").label("expected: actor_critic"));
            return None;
        }
        self.only(statement, &["alpha", "gamma", "temperature", "cutoff", "episodes", "cap"]);
        let standard = LearningRule::T_MAZE;
        Some(AgentSpec {
            rule: LearningRule {
                learning_rate: self.number(statement, "alpha", Some(standard.learning_rate), 1e-9, 1e3),
                discount: self.number(statement, "gamma", Some(standard.discount), 0.0, 1.0),
                temperature: self.number(statement, "temperature", Some(standard.temperature), 1e-6, 1e6),
                cutoff: self.number(statement, "cutoff", Some(standard.cutoff), 0.0, 1e3),
            },
            episodes: self.number(statement, "episodes", Some(200.0), 1.0, 1e8) as u32,
            cap: self.number(statement, "cap", Some(300.0), 1.0, 1e8) as u32,
        })
    }

    fn pulse(&mut self, statement: &ControllerStatement) -> PulseSpec {
        self.only(statement, &["amplitude", "width", "edge", "gap"]);
        PulseSpec {
            amplitude: self.number(statement, "amplitude", None, 1e-3, 100.0),
            width: self.number(statement, "width", None, 1e-12, 10.0),
            edge: self.number(statement, "edge", Some(20e-9), 1e-12, 1.0),
            gap: self.number(statement, "gap", Some(0.5e-6), 1e-12, 1e3),
        }
    }

    fn column(&mut self, statement: &ControllerStatement) -> Option<Column> {
        self.only(statement, &["drive", "adc", "gain"]);
        let cells = statement.words.iter().skip(1).filter_map(|(name, span)| self.cell(name, *span)).collect();
        let drive = self.port(statement, "drive");
        let adc = self.word(statement, "adc").and_then(|(name, span)| {
            let element = self.element(&name, span)?;
            if self.model_kind(element) == Some("adc") {
                return Some(element);
            }
            self.found.push(
                Diagnostic::error(span, format!("`{name}` is not an ADC"))
                    .label("expected an element with a model of type adc"),
            );
            None
        });
        let gain = self.number(statement, "gain", None, 1e-3, 1e15);
        Some(Column { drive: drive?, adc: adc?, gain, cells })
    }

    fn cell(&mut self, name: &str, span: Span) -> Option<ElementId> {
        let element = self.element(name, span)?;
        if matches!(self.circuit.elements[element.0 as usize].kind, ElementKind::Device(_)) {
            return Some(element);
        }
        self.found.push(Diagnostic::error(span, format!("`{name}` is not a memristor")));
        None
    }

    fn enable(&mut self, statement: &ControllerStatement) -> (Option<Lines>, Option<Lines>) {
        self.only(statement, &["read", "write", "on", "off"]);
        let on = self.number(statement, "on", None, -100.0, 100.0);
        let off = self.number(statement, "off", Some(0.0), -100.0, 100.0);
        let mut line = |key| self.port(statement, key).map(|driver| Lines { drivers: vec![driver], on, off });
        (line("read"), line("write"))
    }

    fn lines(&mut self, statement: &ControllerStatement, keys: &[&str]) -> Lines {
        self.only(statement, keys);
        Lines {
            drivers: self.sources(statement),
            on: self.number(statement, "on", None, -100.0, 100.0),
            off: self.number(statement, "off", Some(0.0), -100.0, 100.0),
        }
    }

    fn sources(&mut self, statement: &ControllerStatement) -> Vec<ElementId> {
        statement.words.iter().filter_map(|(name, span)| self.source(name, *span)).collect()
    }
}
