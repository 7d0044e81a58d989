//! Checkpoints on disk: one file a seed in a folder, replaced atomically.
//!
//! A file holds either the state of an unfinished seed between two episodes or the result of a finished one, together with the
//! description of the run it belongs to. A kill at any moment leaves the previous file whole: the new one is written beside it,
//! flushed to disk and renamed over it. Shards of one run on several machines may share a folder.

use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::agent::StateError;
use super::training::{SeedRun, SeedState};

/// What a seed's file holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Saved {
    /// Training goes on from here.
    Running(SeedState),
    /// Training is over.
    Finished(SeedRun),
}

/// A checkpoint that could not be written, read or used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("checkpoint {}: {problem}", path.display())]
pub struct CheckpointError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong.
    pub problem: String,
}

/// A folder of checkpoints.
#[derive(Clone, Debug)]
pub struct Checkpoints {
    folder: PathBuf,
    run: String,
    every: Duration,
}

#[derive(Serialize, Deserialize)]
struct Contents<S> {
    run: String,
    seed: u64,
    saved: S,
}

/// Says when the next checkpoint of a seed is due.
#[derive(Clone, Copy, Debug)]
pub struct Timer {
    last: Instant,
    every: Duration,
}

impl Timer {
    /// Whether the time has come; if so, the clock starts anew.
    pub fn due(&mut self) -> bool {
        let due = self.last.elapsed() >= self.every;
        if due {
            self.last = Instant::now();
        }
        due
    }
}

impl Checkpoints {
    /// Opens or makes a folder; `run` describes everything the results depend on, and a file of another run is refused. Each seed
    /// is saved at the first end of an episode after `every`.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn open(folder: &Path, run: &str, every: Duration) -> Result<Self, CheckpointError> {
        let problem = |error: std::io::Error| CheckpointError { path: folder.into(), problem: error.to_string() };
        fs::create_dir_all(folder).map_err(problem)?;
        Ok(Self { folder: folder.into(), run: run.to_owned(), every })
    }

    /// A timer of one seed.
    pub fn timer(&self) -> Timer {
        Timer { last: Instant::now(), every: self.every }
    }

    fn path(&self, seed: u64) -> PathBuf {
        self.folder.join(format!("seed-{seed}.json"))
    }

    fn error(&self, seed: u64, problem: impl ToString) -> CheckpointError {
        CheckpointError { path: self.path(seed), problem: problem.to_string() }
    }

    /// The error of a state that does not fit its agent.
    pub fn unfit(&self, seed: u64, error: StateError) -> CheckpointError {
        self.error(seed, error)
    }

    /// What was saved of a seed, if anything.
    ///
    /// # Errors
    /// A file that cannot be read, or belongs to another run.
    pub fn load(&self, seed: u64) -> Result<Option<Saved>, CheckpointError> {
        let text = match fs::read(self.path(seed)) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.error(seed, error)),
        };
        let contents: Contents<Saved> = serde_json::from_slice(&text).map_err(|e| self.error(seed, e))?;
        if contents.run != self.run || contents.seed != seed {
            let problem = "belongs to another run (other deck, parameters or version); use an empty folder";
            return Err(self.error(seed, problem));
        }
        Ok(Some(contents.saved))
    }

    /// Saves a seed.
    ///
    /// # Errors
    /// What the system says.
    pub fn save(&self, seed: u64, saved: &Saved) -> Result<(), CheckpointError> {
        let contents = Contents { run: self.run.clone(), seed, saved };
        let text = serde_json::to_vec(&contents).map_err(|e| self.error(seed, e))?;
        replace(&self.path(seed), &text).map_err(|e| self.error(seed, e))
    }
}

/// Replaces a file: after a crash it holds either the old contents or the new ones.
///
/// # Errors
/// What the system says.
pub fn replace(path: &Path, contents: &[u8]) -> std::io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let mut file = File::create(&beside)?;
    file.write_all(contents)?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::actor_critic::{ActorCritic, LearningRule};
    use crate::learn::hardware::IdealWeights;
    use crate::learn::tmaze::TMaze;
    use crate::learn::training::{Training, TrainingError};
    use std::ops::ControlFlow;

    type Runs = Result<Vec<SeedRun>, TrainingError<crate::learn::LearningError<std::convert::Infallible>>>;

    fn run(folder: Option<&Checkpoints>, most: u32) -> Runs {
        let rule = LearningRule::T_MAZE;
        let build = |_| Ok((TMaze::new(), ActorCritic::new(rule, IdealWeights::new(9, 2), 9, 2).unwrap()));
        Training::T_MAZE.run_list(&[1, 2, 3], folder, build, |episode, _| {
            if episode.index + 1 == most.saturating_mul(episode.seed as u32) {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })
    }

    #[test]
    fn interrupted_runs_go_on_and_other_runs_are_refused() {
        let place = tempfile::tempdir().unwrap();
        let folder = Checkpoints::open(&place.path().join("a/b"), "this", Duration::ZERO).unwrap();
        let whole = run(None, u32::MAX).unwrap();
        for most in [20, 40, 60] {
            run(Some(&folder), most).unwrap();
        }
        assert_eq!(run(Some(&folder), u32::MAX).unwrap(), whole);
        assert!(matches!(folder.load(2), Ok(Some(Saved::Finished(_)))));
        assert_eq!(run(Some(&folder), 0).unwrap(), whole, "finished seeds are not run again");
        let other = Checkpoints::open(&place.path().join("a/b"), "that", Duration::ZERO).unwrap();
        let error = run(Some(&other), 0).unwrap_err().to_string();
        assert!(error.contains("seed-1.json") && error.contains("another run"), "{error}");
        fs::write(folder.path(1), "{").unwrap();
        assert!(matches!(run(Some(&folder), 0), Err(TrainingError::Checkpoint(_))));
    }
}
