//! Runs many decks, several at a time.

use std::fs;
use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::expect::Expectations;
use super::judge::judge;
use super::report::{DeckReport, Summary};
use crate::diagnostic::SourceMap;

/// How decks are run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Decks at a time.
    pub jobs: usize,
    /// Time allowed for a deck that does not say otherwise, s.
    pub timeout: f64,
    /// Folder for plots; each deck has a folder of its own in it.
    pub out: PathBuf,
    /// Write golden files instead of comparing with them.
    pub bless: bool,
    /// The `ionspice` program, which judges each deck in a process of its own; without it, threads of this process do,
    /// and a deck that overflows its stack or never comes back to the sink takes the others along.
    pub program: Option<PathBuf>,
}

/// Time allowed when nothing else is said, s.
pub const TIMEOUT: f64 = 60.0;
/// Time after its deadline at which a process is ended from outside, s.
const GRACE: f64 = 1.0;
/// Most text taken over from a process that crashed, bytes.
const MOST_TEXT: u64 = 16 << 10;

impl Settings {
    /// As many jobs as processors, results below the system's temporary folder, in this process.
    pub fn new() -> Self {
        Self {
            jobs: std::thread::available_parallelism().map_or(1, usize::from),
            timeout: TIMEOUT,
            out: std::env::temp_dir().join(format!("ionspice-test-{}", std::process::id())),
            bless: false,
            program: None,
        }
    }

    pub(super) fn timeout_of(&self, expected: &Expectations) -> f64 {
        expected.timeout.unwrap_or(self.timeout)
    }

    /// Folder for the results of a deck.
    pub fn results(&self, deck: &str) -> PathBuf {
        let parts = Path::new(deck).components().filter_map(|c| match c {
            std::path::Component::Normal(part) => Some(part),
            _ => None,
        });
        self.out.join(parts.collect::<PathBuf>()).with_extension("")
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::new()
    }
}

/// Judges all decks; `watch` sees every report, in the order of the decks.
pub fn run(decks: &[PathBuf], settings: &Settings, watch: &mut (dyn FnMut(&DeckReport) + Send)) -> Summary {
    let begun = Instant::now();
    let next = AtomicUsize::new(0);
    let gathered = Mutex::new((vec![None; decks.len()], 0usize, watch));
    let work = || {
        while let Some((index, deck)) = {
            let index = next.fetch_add(1, Ordering::Relaxed);
            decks.get(index).map(|deck| (index, deck))
        } {
            let report = one(deck, settings);
            let Ok(mut all) = gathered.lock() else { break };
            let (reports, shown, watch) = &mut *all;
            reports[index] = Some(report);
            while let Some(Some(report)) = reports.get(*shown) {
                watch(report);
                *shown += 1;
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..settings.jobs.clamp(1, decks.len().max(1)) {
            scope.spawn(work);
        }
    });
    let (reports, ..) = gathered.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let reports = reports.into_iter().zip(decks).map(|(report, deck)| {
        report.unwrap_or_else(|| DeckReport::failed(deck.display().to_string(), "runner", "was not run"))
    });
    Summary::new(reports.collect(), begun.elapsed().as_secs_f64())
}

fn one(deck: &Path, settings: &Settings) -> DeckReport {
    let shown = deck.display().to_string();
    if let Some(program) = &settings.program {
        let begun = Instant::now();
        let mut report = apart(program, deck, &shown, settings)
            .unwrap_or_else(|problem| DeckReport::failed(&shown, "process", problem));
        report.seconds = begun.elapsed().as_secs_f64();
        return report;
    }
    catch_unwind(AssertUnwindSafe(|| judge(deck, &shown, settings))).unwrap_or_else(|cause| {
        let text = cause.downcast_ref::<String>().map(String::as_str).or(cause.downcast_ref::<&str>().copied());
        DeckReport::failed(&shown, "crash", text.unwrap_or("the simulator stopped with a panic"))
    })
}

/// Judges a deck in a process of its own, in its results folder. `Err` says why there is no report.
fn apart(program: &Path, deck: &Path, shown: &str, settings: &Settings) -> Result<DeckReport, String> {
    let folder = std::path::absolute(settings.results(shown)).map_err(|e| e.to_string())?;
    let (deck, out) = (std::path::absolute(deck), std::path::absolute(&settings.out));
    let (deck, out) = (deck.map_err(|e| e.to_string())?, out.map_err(|e| e.to_string())?);
    let expected = Expectations::read(&deck, &mut SourceMap::default()).unwrap_or_default();
    let seconds = settings.timeout_of(&expected);
    fs::create_dir_all(&folder).map_err(|e| format!("cannot create `{}`: {e}", folder.display()))?;
    let file = folder.join("report.json");
    let mut command = Command::new(program);
    command.arg("judge").arg(&deck).arg("--shown").arg(shown).arg("--report").arg(&file).arg("--out").arg(&out);
    command.arg("--timeout").arg(settings.timeout.to_string());
    if settings.bless {
        command.arg("--bless");
    }
    command.current_dir(&folder).env("RAYON_NUM_THREADS", "1");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|e| format!("cannot start `{}`: {e}", program.display()))?;
    let said = child.stderr.take();
    let listener = std::thread::spawn(move || {
        let mut text = Vec::new();
        if let Some(mut said) = said {
            _ = said.by_ref().take(MOST_TEXT).read_to_end(&mut text);
            _ = io::copy(&mut said, &mut io::sink());
        }
        String::from_utf8_lossy(&text).trim().to_string()
    });
    let ended = wait(&mut child, Duration::from_secs_f64(seconds + GRACE));
    let said = listener.join().unwrap_or_default();
    let written = fs::read(&file).ok().and_then(|bytes| serde_json::from_slice::<DeckReport>(&bytes).ok());
    _ = fs::remove_file(&file);
    // Only folders without results go away.
    _ = folder.ancestors().take_while(|f| f.starts_with(&out)).try_for_each(fs::remove_dir);
    match (ended, written) {
        (_, Some(report)) => Ok(report),
        (None, None) => Err(format!("not finished within the time allowed ({seconds} s)")),
        (Some(status), None) => Err(format!("the simulator crashed ({status}): {said}")),
    }
}

/// Waits for a process; ends it and gives `None` when it takes too long.
fn wait(child: &mut Child, most: Duration) -> Option<ExitStatus> {
    let deadline = Instant::now() + most;
    let mut pause = Duration::from_micros(500);
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < deadline => {
                std::thread::sleep(pause);
                pause = (pause * 3 / 2).min(Duration::from_millis(10));
            }
            _ => {
                _ = child.kill();
                _ = child.wait();
                return None;
            }
        }
    }
}
