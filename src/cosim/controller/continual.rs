//! The benchmark of continual learning as a controller block, with the device of the learning rate in the circuit.

use std::sync::Arc;

use crate::analysis::{Failure, Options, Probe, SimulationError};
use crate::circuit::{Circuit, ControllerBlock, ElementId};
use crate::cosim::Session;
use crate::diagnostic::Diagnostic;
use crate::learn::continual::{
    Benchmark, BenchmarkReport, Condition, Effort, RateDevice, RateError, RateFactory, SoxDevice, SoxParameters, Task,
};

use super::reader::{Reader, Statements};

/// A checked block.
#[derive(Clone, Debug)]
pub struct Continual {
    /// Name of the block.
    pub name: String,
    /// What is compared.
    pub benchmark: Benchmark,
    /// How the device is spiked and read.
    pub rate: RateSpec,
}

/// Spikes and reads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateSpec {
    /// The source that drives the device in the circuit; without one, the model's equations are integrated without a circuit.
    pub drive: Option<ElementId>,
    /// Height of a spike, V.
    pub spike: f64,
    /// Flat top of a spike, s.
    pub width: f64,
    /// Height of a read pulse, V.
    pub read: f64,
    /// Flat top of a read pulse, s; the current is taken in its middle.
    pub settle: f64,
    /// Rise and fall of both, s.
    pub edge: f64,
}

const KEYWORDS: &[&str] = &["environment", "protocol", "rate"];

/// Whether a block is this benchmark.
pub(super) fn is_continual(block: &ControllerBlock) -> bool {
    block.statements.iter().any(|s| s.keyword == "environment" && s.words.first().is_some_and(|(w, _)| w == "coverage"))
}

impl Continual {
    /// Checks a block against its circuit.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn new(circuit: &Circuit, block: &ControllerBlock) -> Result<Self, Vec<Diagnostic>> {
        let mut reader = Reader::new(circuit);
        let (statements, _) = reader.statements(block, KEYWORDS, "");
        let benchmark = benchmark(&mut reader, block, &statements);
        let rate = rate(&mut reader, &statements);
        match benchmark {
            Some(benchmark) if reader.found.is_empty() => Ok(Self { name: block.name.clone(), benchmark, rate }),
            _ => Err(reader.found),
        }
    }

    /// Runs the benchmark.
    ///
    /// # Errors
    /// What is wrong with the netlist, or a simulation that failed.
    pub fn run(
        &self,
        circuit: &Arc<Circuit>,
        options: &Options,
        on_progress: impl Fn(&str),
    ) -> Result<BenchmarkReport, Failure> {
        let spec = self.rate;
        let (factory, name): (RateFactory, &str) = match spec.drive {
            Some(drive) => {
                // Built once here so that what is wrong with the netlist keeps its place in the text.
                drop(Session::new(circuit.clone(), options.clone())?);
                let (circuit, options) = (circuit.clone(), options.clone());
                let build = move || -> Result<Box<dyn RateDevice>, RateError> {
                    let session = Session::new(circuit.clone(), options.clone()).map_err(|failure| {
                        RateError(match failure {
                            Failure::Simulation(error) => error.to_string(),
                            Failure::Netlist(found) => found.first().map_or_else(String::new, |d| d.message.clone()),
                        })
                    })?;
                    Ok(Box::new(CircuitRate::new(session, drive, spec)?))
                };
                (Arc::new(build), "circuit")
            }
            None => {
                let build = move || -> Result<Box<dyn RateDevice>, RateError> {
                    Ok(Box::new(SoxDevice::new(SoxParameters::default(), spec.spike, spec.width)))
                };
                (Arc::new(build), "functional")
            }
        };
        let report = self.benchmark.run(&factory, name, on_progress);
        report.map_err(|error| Failure::Simulation(SimulationError::Usage(error.to_string())))
    }
}

fn benchmark<'c>(
    reader: &mut Reader<'c>,
    block: &'c ControllerBlock,
    statements: &Statements<'c>,
) -> Option<Benchmark> {
    let world = reader.statement(block, statements, "environment")?;
    reader.only(world, &["task", "condition", "strict"]);
    let mut choice = |key: &str, names: &[&'static str]| -> Option<&'static str> {
        let Some((given, span)) = reader.text(world, key) else { return names.first().copied() };
        let found = names.iter().copied().find(|name| name.eq_ignore_ascii_case(&given));
        if found.is_none() {
            let problem = Diagnostic::error(span, format!("unknown {key} `{given}`"));
            reader.found.push(problem.label(format!("expected one of: {}", names.join(", "))));
        }
        found
    };
    let task = match choice("task", &["static", "dynamic"])? {
        "static" => Task::Static,
        _ => Task::Dynamic,
    };
    let condition = match choice("condition", &["standard", "hard", "deterministic"])? {
        "standard" => Condition::STANDARD,
        "hard" => Condition::HARD,
        _ => Condition::DETERMINISTIC,
    };
    let strict = reader.switch(world, "strict", false);
    let usual = match task {
        Task::Static => (24.0, 100.0),
        Task::Dynamic => (12.0, 60.0),
    };
    let mut effort = Effort { tuning: usual.0 as u32, evaluation: usual.1 as u32 };
    let mut device = None;
    if let Some(protocol) = statements.get("protocol") {
        reader.only(protocol, &["tuning", "evaluation", "a0", "a1", "dt"]);
        effort.tuning = reader.number(protocol, "tuning", Some(usual.0), 1.0, 1e5) as u32;
        effort.evaluation = reader.number(protocol, "evaluation", Some(usual.1), 1.0, 1e6) as u32;
        if ["a0", "a1", "dt"].iter().any(|key| protocol.settings.iter().any(|s| s.name == *key)) {
            let mut number = |key, low, high| reader.number(protocol, key, None, low, high);
            device = Some((number("a0", 0.0, 1.0), number("a1", 0.0, 1.0), number("dt", 0.1, 1e4)));
        }
    }
    Some(Benchmark { task, condition, strict, effort, device })
}

fn rate(reader: &mut Reader, statements: &Statements) -> RateSpec {
    let usual = RateSpec { drive: None, spike: 5.0, width: 0.1, read: 0.1, settle: 0.02, edge: 1e-3 };
    let Some(statement) = statements.get("rate") else { return usual };
    reader.only(statement, &["drive", "spike", "width", "read", "settle", "edge"]);
    let drive = statement.settings.iter().any(|s| s.name == "drive").then(|| reader.port(statement, "drive")).flatten();
    RateSpec {
        drive,
        spike: reader.number(statement, "spike", Some(usual.spike), -10.0, 10.0),
        width: reader.number(statement, "width", Some(usual.width), 1e-6, 100.0),
        read: reader.number(statement, "read", Some(usual.read), 1e-3, 1.0),
        settle: reader.number(statement, "settle", Some(usual.settle), 1e-6, 0.05),
        edge: reader.number(statement, "edge", Some(usual.edge), 1e-9, 0.01),
    }
}

/// A device in a circuit that is driven and read by one voltage source.
struct CircuitRate {
    session: Session,
    drive: ElementId,
    current: Probe,
    spec: RateSpec,
    /// Time already spent on reading, s.
    spent: f64,
}

fn failed(error: SimulationError) -> RateError {
    RateError(error.to_string())
}

impl CircuitRate {
    fn new(session: Session, drive: ElementId, spec: RateSpec) -> Result<Self, RateError> {
        let name = &session.circuit().elements[drive.0 as usize].name;
        let current = session.probe_named(&format!("i({name})")).map_err(failed)?;
        Ok(Self { session, drive, current, spec, spent: 0.0 })
    }

    /// A trapezoid; `observe` takes place in the middle of its top.
    fn pulse(&mut self, height: f64, width: f64) -> Result<f64, RateError> {
        let edge = self.spec.edge;
        let corners = [(edge, height), (edge + width, height), (2.0 * edge + width, 0.0)];
        self.session.program(self.drive, &corners).map_err(failed)?;
        self.session.advance(edge + 0.5 * width).map_err(failed)?;
        let current = -self.session.probe(&self.current);
        self.session.advance(0.5 * width + edge).map_err(failed)?;
        Ok(current)
    }
}

impl RateDevice for CircuitRate {
    fn spike(&mut self) -> Result<(), RateError> {
        self.pulse(self.spec.spike, self.spec.width)?;
        self.spent = 0.0;
        Ok(())
    }

    fn wait(&mut self, seconds: f64) -> Result<(), RateError> {
        let left = (seconds - self.spent).max(0.0);
        self.spent = 0.0;
        if left > 0.0 { self.session.advance(left).map_err(failed) } else { Ok(()) }
    }

    fn read(&mut self) -> Result<f64, RateError> {
        let current = self.pulse(self.spec.read, self.spec.settle)?;
        self.spent += 2.0 * self.spec.edge + self.spec.settle;
        Ok(current / self.spec.read)
    }
}
