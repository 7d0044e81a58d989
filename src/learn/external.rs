//! Environments and agents in processes of their own, spoken to in lines of JSON over standard input and output.
//!
//! Each request is one line and gets one line as its answer. To an environment:
//!
//! | request | answer |
//! | --- | --- |
//! | `{"command":"hello","role":"environment"}` | `{"inputs":4,"actions":2}` |
//! | `{"command":"reset","seed":123}` | `{"observation":[..]}` |
//! | `{"command":"step","action":1}` | `{"observation":[..],"reward":1.0,"done":false}` |
//!
//! To an agent:
//!
//! | request | answer |
//! | --- | --- |
//! | `{"command":"hello","role":"agent","inputs":4,"actions":2,"seed":123}` | `{}` |
//! | `{"command":"act","observation":[..]}` | `{"action":1}` |
//! | `{"command":"learn","observation":[..],"action":1,"reward":1.0,"next":[..]}`, `next` null at the end | `{}` |
//! | `{"command":"end_episode"}` | `{}` |
//!
//! An answer `{"error":"text"}` stops the run with that text. Each seed has a process of its own; it is ended when the seed is done.
//! Standard error of the process is passed on.

use rand::RngExt;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use super::agent::{Agent, Experience};
use super::environment::{Environment, Outcome, Step};
use super::hardware::HardwareReport;
use super::random::Random;

/// Longest line of an answer, bytes.
const LONGEST_LINE: u64 = 16 << 20;
/// Most inputs or actions of an environment.
const MOST: u64 = 100_000;

/// How to start a process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProcessPlan {
    /// Program and arguments, separated by blanks.
    pub command: String,
    /// Folder it starts in.
    pub folder: PathBuf,
    /// Longest time for one answer, s.
    pub timeout: f64,
}

/// A process that failed or said something wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("process `{command}`: {problem}")]
pub struct ExternalError {
    /// Its command.
    pub command: String,
    /// What happened.
    pub problem: String,
}

/// A running process and its lines.
struct Process {
    plan: ProcessPlan,
    child: Child,
    input: ChildStdin,
    lines: Receiver<std::io::Result<String>>,
}

impl Process {
    fn start(plan: &ProcessPlan) -> Result<Self, ExternalError> {
        let error = |problem: String| ExternalError { command: plan.command.clone(), problem };
        let mut words = plan.command.split_whitespace();
        let program = words.next().ok_or_else(|| error("an empty command".to_owned()))?;
        let mut command = Command::new(program);
        command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped());
        if !plan.folder.as_os_str().is_empty() {
            command.current_dir(&plan.folder);
        }
        let mut child = command.spawn().map_err(|e| error(format!("cannot be started: {e}")))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(error("has no standard input or output".to_owned()));
        };
        let (send, lines) = sync_channel(1);
        std::thread::spawn(move || {
            let mut output = BufReader::new(output);
            loop {
                let mut line = Vec::new();
                let read = (&mut output).take(LONGEST_LINE).read_until(b'\n', &mut line);
                let text = match read {
                    Ok(0) => return,
                    Ok(_) if line.last() != Some(&b'\n') && line.len() as u64 == LONGEST_LINE => {
                        Err(std::io::Error::other("a line of more than 16 MiB"))
                    }
                    Ok(_) => String::from_utf8(line).map_err(std::io::Error::other),
                    Err(error) => Err(error),
                };
                let last = text.is_err();
                if send.send(text).is_err() || last {
                    return;
                }
            }
        });
        Ok(Self { plan: plan.clone(), child, input, lines })
    }

    fn error(&self, problem: impl ToString) -> ExternalError {
        ExternalError { command: self.plan.command.clone(), problem: problem.to_string() }
    }

    fn ask(&mut self, request: &Value) -> Result<Value, ExternalError> {
        let sent = writeln!(self.input, "{request}").and_then(|()| self.input.flush());
        let timeout = Duration::try_from_secs_f64(self.plan.timeout).unwrap_or(Duration::MAX);
        let line = match self.lines.recv_timeout(timeout) {
            Ok(Ok(line)) => line,
            Ok(Err(error)) => return Err(self.error(error)),
            Err(RecvTimeoutError::Timeout) => {
                return Err(self.error(format!("no answer within {} s to {request}", self.plan.timeout)));
            }
            Err(RecvTimeoutError::Disconnected) => {
                let why = sent.err().map_or(String::new(), |e| format!(" ({e})"));
                return Err(self.error(format!("ended without an answer to {request}{why}")));
            }
        };
        let answer: Value = serde_json::from_str(&line)
            .map_err(|e| self.error(format!("the answer `{}` is no JSON: {e}", line.trim_end())))?;
        match answer.get("error").and_then(Value::as_str) {
            Some(problem) => Err(self.error(problem)),
            None => Ok(answer),
        }
    }

    fn count(&self, answer: &Value, key: &str, most: u64) -> Result<usize, ExternalError> {
        let value = answer.get(key).and_then(Value::as_u64).filter(|n| *n < most);
        value.map(|n| n as usize).ok_or_else(|| self.error(format!("expected `{key}` below {most} in {answer}")))
    }

    fn observation(&self, answer: &Value, x: &mut [f64]) -> Result<(), ExternalError> {
        let values = answer.get("observation").and_then(Value::as_array).filter(|list| list.len() == x.len());
        let wrong = || self.error(format!("expected `observation` with {} numbers in {answer}", x.len()));
        let values = values.ok_or_else(wrong)?;
        let numbers: Option<Vec<f64>> = values.iter().map(Value::as_f64).collect();
        x.copy_from_slice(&numbers.ok_or_else(wrong)?);
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Whatever still runs has nothing left to do; there is nobody to tell about errors.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// An environment in another process.
pub struct ExternalEnvironment {
    process: Process,
    inputs: usize,
    actions: usize,
    observation: Vec<f64>,
    failure: Option<String>,
}

impl ExternalEnvironment {
    /// Starts the process and asks for its size.
    ///
    /// # Errors
    /// It does not start, or does not answer as it should.
    pub fn start(plan: &ProcessPlan) -> Result<Self, ExternalError> {
        let mut process = Process::start(plan)?;
        let answer = process.ask(&json!({ "command": "hello", "role": "environment" }))?;
        let (inputs, actions) = (process.count(&answer, "inputs", MOST)?, process.count(&answer, "actions", MOST)?);
        if inputs == 0 || actions == 0 {
            return Err(process.error("an environment needs at least one input and one action"));
        }
        Ok(Self { process, inputs, actions, observation: vec![0.0; inputs], failure: None })
    }

    fn ask(&mut self, request: &Value) -> Option<Value> {
        if self.failure.is_some() {
            return None;
        }
        let answer = self.process.ask(request);
        let checked = answer.and_then(|a| self.process.observation(&a, &mut self.observation).map(|()| a));
        checked.map_err(|error| self.failure = Some(error.to_string())).ok()
    }
}

impl Environment for ExternalEnvironment {
    fn inputs(&self) -> usize {
        self.inputs
    }

    fn actions(&self) -> usize {
        self.actions
    }

    fn reset(&mut self, random: &mut Random) {
        // Numbers of up to 53 bits pass through every implementation of JSON.
        let seed = random.random::<u64>() >> 11;
        self.ask(&json!({ "command": "reset", "seed": seed }));
    }

    fn activities(&self, x: &mut [f64]) {
        x.copy_from_slice(&self.observation);
    }

    fn step(&mut self, action: usize, _random: &mut Random) -> Step {
        let answer = self.ask(&json!({ "command": "step", "action": action }));
        let read = answer.and_then(|a| Some((a.get("reward")?.as_f64()?, a.get("done")?.as_bool()?)));
        if read.is_none() && self.failure.is_none() {
            self.failure = Some(self.process.error("expected `reward` and `done` in the answer to a step").to_string());
        }
        let (reward, done) = read.unwrap_or((0.0, true));
        Step { reward, outcome: if done { Outcome::Arrived } else { Outcome::Moved } }
    }

    fn failure(&mut self) -> Option<String> {
        self.failure.clone()
    }

    fn resumable(&self) -> bool {
        false
    }
}

/// An agent in another process.
pub struct ExternalAgent {
    process: Process,
    actions: u64,
}

impl ExternalAgent {
    /// Starts the process and tells it its task.
    ///
    /// # Errors
    /// It does not start, or does not answer.
    pub fn start(plan: &ProcessPlan, inputs: usize, actions: usize, seed: u64) -> Result<Self, ExternalError> {
        let mut process = Process::start(plan)?;
        let hello = json!({
            "command": "hello", "role": "agent", "inputs": inputs, "actions": actions, "seed": seed >> 11 ^ seed & 0x7ff,
        });
        process.ask(&hello)?;
        Ok(Self { process, actions: actions as u64 })
    }
}

impl Agent for ExternalAgent {
    type Error = ExternalError;

    fn act(&mut self, observation: &[f64], _random: &mut Random) -> Result<usize, ExternalError> {
        let answer = self.process.ask(&json!({ "command": "act", "observation": observation }))?;
        self.process.count(&answer, "action", self.actions)
    }

    fn learn(&mut self, experience: &Experience, _random: &mut Random) -> Result<(), ExternalError> {
        let Experience { observation, action, reward, next, .. } = *experience;
        let request = json!({
            "command": "learn", "observation": observation, "action": action, "reward": reward, "next": next,
        });
        self.process.ask(&request).map(drop)
    }

    fn end_episode(&mut self, _random: &mut Random) -> Result<(), ExternalError> {
        self.process.ask(&json!({ "command": "end_episode" })).map(drop)
    }

    fn report(&mut self) -> HardwareReport {
        HardwareReport { fidelity: "external".to_owned(), ..HardwareReport::default() }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn plan(command: &str, timeout: f64) -> ProcessPlan {
        ProcessPlan { command: command.to_owned(), folder: PathBuf::new(), timeout }
    }

    fn start(command: &str) -> String {
        ExternalEnvironment::start(&plan(command, 5.0)).err().map_or(String::new(), |e| e.problem)
    }

    #[test]
    fn processes_that_fail_say_why() {
        assert!(start("").contains("empty"));
        assert!(start("no-such-program-here").contains("cannot be started"));
        assert!(start("true").contains("ended without an answer"));
        assert!(start("echo nonsense").contains("no JSON"));
        assert!(start("echo {\"error\":\"too_cold\"}").contains("too_cold"));
        assert!(start("echo {\"inputs\":2}").contains("`actions`"));
        assert!(start("echo {\"inputs\":0,\"actions\":1}").contains("at least one"));
        assert!(start("echo {\"inputs\":1e9,\"actions\":1}").contains("`inputs`"));
        let slow = ExternalEnvironment::start(&plan("sleep 60", 0.2)).err().unwrap();
        assert!(slow.problem.contains("no answer within 0.2 s"), "{slow}");
    }

    #[test]
    fn a_failure_in_the_middle_is_kept() {
        let mut world = ExternalEnvironment::start(&plan("echo {\"inputs\":1,\"actions\":1}", 5.0)).unwrap();
        let mut random = crate::learn::random::stream(0, crate::learn::random::Stream::Agent);
        world.reset(&mut random);
        assert!(world.failure().is_some_and(|f| f.contains("ended without an answer")));
        assert!(world.step(0, &mut random).outcome.ends_episode());
    }
}
