//! Controller blocks at functional fidelity (F0): an experiment by names, without a circuit behind its weights.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::circuit::{Circuit, ControllerBlock, ControllerStatement};
use crate::diagnostic::Diagnostic;
use crate::learn::{
    AgentKind, Behaviour, Curves, DeepQRule, DeviceFit, Devices, EnvironmentKind, Experiment, LearningRule, PairRule,
    PpoRule, ProcessPlan, Stop, Training, WeightKind, cmo_fits,
};

use super::reader::{Reader, Statements};

/// A checked block.
#[derive(Clone, Debug)]
pub struct Functional {
    /// Name of the block.
    pub name: String,
    /// What it runs.
    pub experiment: Experiment,
}

const KEYWORDS: &[&str] = &["environment", "agent", "weights"];
const ENVIRONMENTS: &[&str] = &["tmaze", "watermaze", "cartpole", "mountaincar", "external"];
const AGENTS: &[&str] = &["actor_critic", "rstdp", "ppo", "deep_q", "external"];
const WEIGHTS: &[&str] = &["ideal", "mean_curve", "per_cycle", "pairs"];
/// Settings of every agent.
const PLAN: [&str; 5] = ["episodes", "cap", "stop_above", "stop_twice_above", "stop_steps"];

/// Whether a block describes an experiment at this fidelity: its weights have a kind instead of cells.
pub(super) fn is_functional(block: &ControllerBlock) -> bool {
    block.statements.iter().any(|s| s.keyword == "weights")
}

impl Functional {
    /// Checks a block; files are looked for beside the deck.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn new(circuit: &Circuit, block: &ControllerBlock) -> Result<Self, Vec<Diagnostic>> {
        let mut reader = Reader::new(circuit);
        let (statements, _) = reader.statements(block, KEYWORDS, "");
        let experiment = experiment(&mut reader, block, &statements);
        if let Some(experiment) = &experiment
            && reader.found.is_empty()
            && !experiment.is_external()
            && let Err(problem) = experiment.build(0)
        {
            reader.found.push(Diagnostic::error(block.span, problem.to_string()).label("in this block"));
        }
        match experiment {
            Some(experiment) if reader.found.is_empty() => Ok(Self { name: block.name.clone(), experiment }),
            _ => Err(reader.found),
        }
    }
}

fn experiment<'c>(
    reader: &mut Reader<'c>,
    block: &'c ControllerBlock,
    statements: &Statements<'c>,
) -> Option<Experiment> {
    let environment = reader.statement(block, statements, "environment").and_then(|s| environment(reader, s));
    let agent = reader.statement(block, statements, "agent");
    let weights = reader.statement(block, statements, "weights");
    let environment = environment?;
    let training = agent.map(|s| plan(reader, s, &environment));
    let agent = agent.and_then(|s| agent_kind(reader, s, &environment));
    let weights = weights.and_then(|s| weight_kind(reader, s, &environment));
    Some(Experiment { environment, agent: agent?, weights: weights?, training: training? })
}

fn environment<'c>(reader: &mut Reader<'c>, statement: &'c ControllerStatement) -> Option<EnvironmentKind> {
    let name = reader.name(statement, ENVIRONMENTS)?;
    if name == "external" {
        reader.only(statement, &["command", "timeout"]);
        return process(reader, statement).map(EnvironmentKind::External);
    }
    reader.only(statement, &[]);
    Some(match name {
        "tmaze" => EnvironmentKind::TMaze,
        "watermaze" => EnvironmentKind::WaterMaze,
        "cartpole" => EnvironmentKind::CartPole,
        _ => EnvironmentKind::MountainCar,
    })
}

/// The process of a statement; it starts in the folder of the deck.
fn process(reader: &mut Reader, statement: &ControllerStatement) -> Option<ProcessPlan> {
    let timeout = reader.number(statement, "timeout", Some(60.0), 1e-3, 1e6);
    let Some((command, _)) = reader.text(statement, "command") else {
        let problem = format!("`{}` external needs command=\"PROGRAM ARGUMENTS\"", statement.keyword);
        reader.found.push(Diagnostic::error(statement.span, problem));
        return None;
    };
    Some(ProcessPlan { command, folder: folder(reader), timeout })
}

/// Folder of the deck.
fn folder(reader: &Reader) -> PathBuf {
    let sources = &reader.circuit.sources;
    let deck = (!sources.is_empty()).then(|| sources.file(0).path.parent().map(Path::to_path_buf)).flatten();
    deck.unwrap_or_default()
}

/// Episodes, limits and what ends training early.
fn plan(reader: &mut Reader, statement: &ControllerStatement, environment: &EnvironmentKind) -> Training {
    let (episodes, cap, above) = match environment {
        EnvironmentKind::TMaze => (200.0, 300.0, None),
        EnvironmentKind::WaterMaze => (5000.0, 300.0, None),
        EnvironmentKind::CartPole => (300.0, 1001.0, Some(1000)),
        EnvironmentKind::MountainCar => (60.0, 1e5, None),
        EnvironmentKind::External(_) => (200.0, 1000.0, None),
    };
    let above_given = reader.optional(statement, "stop_above", 0.0, 1e9).map(|m| m as u32);
    Training {
        episodes: reader.number(statement, "episodes", Some(episodes), 1.0, 1e8) as u32,
        iteration_limit: reader.number(statement, "cap", Some(cap), 1.0, 1e8) as u32,
        stop: Stop {
            above: above_given.or(above),
            twice_above: reader.optional(statement, "stop_twice_above", 0.0, 1e9).map(|m| m as u32),
            iterations: reader.optional(statement, "stop_steps", 1.0, 1e15).map(|m| m as u64),
        },
    }
}

fn agent_kind<'c>(
    reader: &mut Reader<'c>,
    statement: &'c ControllerStatement,
    environment: &EnvironmentKind,
) -> Option<AgentKind> {
    let only = |reader: &mut Reader, own: &[&str]| {
        let all: Vec<&str> = own.iter().copied().chain(PLAN).collect();
        reader.only(statement, &all);
    };
    let standard = match environment {
        EnvironmentKind::WaterMaze => LearningRule::WATER_MAZE,
        _ => LearningRule::T_MAZE,
    };
    let rule = |reader: &mut Reader, discount: bool| LearningRule {
        learning_rate: reader.number(statement, "alpha", Some(standard.learning_rate), 0.0, 1e3),
        discount: if discount { reader.number(statement, "gamma", Some(standard.discount), 0.0, 1.0) } else { 0.0 },
        temperature: reader.number(statement, "temperature", Some(standard.temperature), 1e-6, 1e6),
        cutoff: reader.number(statement, "cutoff", Some(standard.cutoff), 0.0, 1e3),
    };
    Some(match reader.name(statement, AGENTS)? {
        "actor_critic" => {
            only(reader, &["alpha", "gamma", "temperature", "cutoff"]);
            AgentKind::ActorCritic(rule(reader, true))
        }
        "rstdp" => {
            only(reader, &["alpha", "temperature", "decay"]);
            let decay = reader.number(statement, "decay", Some(0.9), 0.0, 1.0);
            AgentKind::RewardStdp { rule: rule(reader, false), decay }
        }
        "external" => {
            only(reader, &["command", "timeout"]);
            AgentKind::External(process(reader, statement)?)
        }
        "ppo" => {
            only(reader, &["rate", "gamma", "lambda", "clip", "entropy", "horizon", "epochs", "minibatch"]);
            let usual = PpoRule { discount: standard.discount, ..PpoRule::default() };
            AgentKind::Ppo(PpoRule {
                learning_rate: reader.number(statement, "rate", Some(usual.learning_rate), 1e-12, 1e3),
                discount: reader.number(statement, "gamma", Some(usual.discount), 0.0, 1.0),
                lambda: reader.number(statement, "lambda", Some(usual.lambda), 0.0, 1.0),
                clip: reader.number(statement, "clip", Some(usual.clip), 1e-6, 1e3),
                entropy: reader.number(statement, "entropy", Some(usual.entropy), 0.0, 1e3),
                horizon: reader.number(statement, "horizon", Some(usual.horizon as f64), 1.0, 1e6) as usize,
                epochs: reader.number(statement, "epochs", Some(usual.epochs as f64), 1.0, 1e4) as usize,
                minibatch: reader.number(statement, "minibatch", Some(usual.minibatch as f64), 1.0, 1e6) as usize,
            })
        }
        _ => {
            let keys = [
                "hidden",
                "minibatch",
                "memory",
                "gamma",
                "rate",
                "decay",
                "epsilon",
                "epsilon_decay",
                "bias",
                "centre",
                "copies",
                "pretrain",
                "hold",
            ];
            only(reader, &keys);
            let usual = match environment {
                EnvironmentKind::MountainCar => DeepQRule { copies: 100, pretrain: 20_000, ..DeepQRule::default() },
                _ => DeepQRule::default(),
            };
            let mut count =
                |key, usual: usize, low, high| reader.number(statement, key, Some(usual as f64), low, high) as usize;
            let hidden = count("hidden", usual.hidden, 1.0, 4096.0);
            let minibatch = count("minibatch", usual.minibatch, 1.0, 1e5);
            let capacity = count("memory", usual.capacity, 1.0, 1e7);
            let copies = count("copies", usual.copies, 1.0, 1e5);
            let pretrain = count("pretrain", usual.pretrain, 0.0, 1e7);
            let hold = count("hold", usual.hold, 1.0, 1e6);
            AgentKind::DeepQ(DeepQRule {
                hidden,
                minibatch,
                capacity,
                discount: reader.number(statement, "gamma", Some(usual.discount), 0.0, 1.0),
                learning_rate: reader.number(statement, "rate", Some(usual.learning_rate), 0.0, 1e3),
                decay: reader.number(statement, "decay", Some(usual.decay), 0.0, 1.0),
                epsilon_end: reader.number(statement, "epsilon", Some(usual.epsilon_end), 0.0, 1.0),
                epsilon_decay: reader.number(statement, "epsilon_decay", Some(usual.epsilon_decay), 0.0, 1e3),
                bias_spread: reader.number(statement, "bias", Some(usual.bias_spread), 0.0, 2.5),
                centre: reader.switch(statement, "centre", usual.centre),
                copies,
                pretrain,
                hold,
            })
        }
    })
}

fn weight_kind<'c>(
    reader: &mut Reader<'c>,
    statement: &'c ControllerStatement,
    environment: &EnvironmentKind,
) -> Option<WeightKind> {
    let curves = match reader.name(statement, WEIGHTS)? {
        "ideal" => {
            reader.only(statement, &[]);
            return Some(WeightKind::Ideal);
        }
        "pairs" => return Some(WeightKind::Pairs(pairs(reader, statement))),
        "mean_curve" => Curves::Mean,
        _ => Curves::PerCycle,
    };
    let keys = ["noise", "nonlinearity", "sigma", "zero_pulse_noise", "feedback", "fits", "cycles", "assignment"];
    reader.only(statement, &keys);
    let behaviour = Behaviour {
        curves,
        noise: reader.number(statement, "noise", Some(1.0), 0.0, 1e3),
        nonlinearity: reader.number(statement, "nonlinearity", Some(1.0), 0.0, 10.0),
        sigma: reader.optional(statement, "sigma", 0.0, 10.0),
        zero_pulse_noise: reader.switch(statement, "zero_pulse_noise", false),
        feedback: reader.switch(statement, "feedback", true),
    };
    let devices = devices(reader, statement, environment)?.map(Arc::new);
    Some(WeightKind::Behavioural { behaviour, devices })
}

fn pairs(reader: &mut Reader, statement: &ControllerStatement) -> PairRule {
    reader.only(statement, &["scale", "slope", "controller_slope", "vmin", "vmax", "sigma", "spread"]);
    let usual = PairRule::default();
    let slope = reader.number(statement, "slope", Some(usual.slope), 1e-12, 1.0);
    PairRule {
        scale: reader.number(statement, "scale", Some(usual.scale), 1e-12, 1.0),
        slope,
        controller_slope: reader.number(statement, "controller_slope", Some(slope), 1e-12, 1.0),
        gate_min: reader.number(statement, "vmin", Some(usual.gate_min), -100.0, 100.0),
        gate_max: reader.number(statement, "vmax", Some(usual.gate_max), -100.0, 100.0),
        sigma: reader.number(statement, "sigma", Some(usual.sigma), 0.0, 1.0),
        spread: reader.number(statement, "spread", Some(usual.spread), 0.0, 100.0),
    }
}

/// Fits and assignment from files; the outer `None` when they are wrong, the inner one when none are given.
fn devices(
    reader: &mut Reader,
    statement: &ControllerStatement,
    environment: &EnvironmentKind,
) -> Option<Option<Devices>> {
    let folder = folder(reader);
    let before = reader.found.len();
    let mut file = |key: &str| {
        let (name, span) = reader.text(statement, key)?;
        match std::fs::read_to_string(folder.join(&name)) {
            Ok(text) => Some((text, span)),
            Err(error) => {
                reader.found.push(Diagnostic::error(span, format!("cannot read `{name}`: {error}")));
                None
            }
        }
    };
    let (fits, cycles, assignment) = (file("fits"), file("cycles"), file("assignment"));
    if reader.found.len() > before {
        return None;
    }
    let world = match environment.build() {
        Ok(world) => world,
        Err(error) => {
            reader.found.push(Diagnostic::error(statement.span, error.to_string()));
            return None;
        }
    };
    let (inputs, actions) = (world.inputs(), world.actions());
    let mut devices = match fits {
        Some((text, span)) => match DeviceFit::read(&text, cycles.as_ref().map(|(text, _)| text.as_str())) {
            Ok(fits) => Devices::in_turn(fits, inputs, actions),
            Err(error) => {
                reader.found.push(Diagnostic::error(span, error.to_string()));
                return None;
            }
        },
        None if assignment.is_some() => Devices::published(environment).ok()?,
        None => return Some(None),
    };
    if let Some((text, span)) = assignment {
        match cmo_fits::assignment(&text, actions, &devices.fits) {
            Ok(assignment) => devices.assignment = assignment,
            Err(error) => {
                reader.found.push(Diagnostic::error(span, error.to_string()));
                return None;
            }
        }
    }
    Some(Some(devices))
}
