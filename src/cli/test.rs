//! `ionspice test`: the regression runner.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::Args;
use ionspice::output::Progress;
use ionspice::regress::{self, DeckReport, Settings, Summary, Verdict, find::filtered};

use super::{FAILED, SUCCESS, WRONG};

/// An expectation does not hold.
const UNEXPECTED: u8 = 3;

/// Arguments of `test`.
#[derive(Args)]
pub struct TestArguments {
    /// Decks, or folders that are searched for them
    #[arg(default_value = ".")]
    paths: Vec<PathBuf>,
    /// Only decks whose path contains this (`*` and `?` are wildcards); may be given several times
    #[arg(long, value_name = "TEXT")]
    filter: Vec<String>,
    /// Decks at a time (default: number of processors)
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=4096))]
    jobs: Option<u32>,
    /// Seconds allowed for a deck that does not say otherwise
    #[arg(long, default_value_t = regress::runner::TIMEOUT, value_parser = seconds)]
    timeout: f64,
    /// Write golden files where they are missing or differ, and show what changed
    #[arg(long)]
    bless: bool,
    /// List the decks without running them
    #[arg(long)]
    list: bool,
    /// Folder for the plots of what differs (default: a temporary folder, which is printed)
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write JUnit XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Print every comparison, not only those that fail
    #[arg(short, long)]
    verbose: bool,
    /// Print nothing but failures
    #[arg(short, long)]
    quiet: bool,
}

/// Arguments of `judge`, with which `test` runs one deck in a process of its own.
#[derive(Args)]
pub struct JudgeArguments {
    deck: PathBuf,
    #[arg(long)]
    shown: String,
    #[arg(long)]
    report: PathBuf,
    #[arg(long)]
    out: PathBuf,
    #[arg(long, value_parser = seconds)]
    timeout: f64,
    #[arg(long)]
    bless: bool,
}

fn seconds(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|s| *s > 0.0 && *s < 1e6)
        .ok_or_else(|| "a positive number of seconds expected".to_string())
}

/// Judges one deck and writes the report.
pub fn judge(arguments: &JudgeArguments) -> u8 {
    let settings =
        Settings { timeout: arguments.timeout, out: arguments.out.clone(), bless: arguments.bless, ..Settings::new() };
    let report = regress::judge(&arguments.deck, &arguments.shown, &settings);
    let written = serde_json::to_vec(&report).map_err(|e| e.to_string());
    match written.and_then(|text| std::fs::write(&arguments.report, text).map_err(|e| e.to_string())) {
        Ok(()) => SUCCESS,
        Err(problem) => {
            eprintln!("error: {problem}");
            FAILED
        }
    }
}

/// Finds the decks and judges them; returns the exit code.
pub fn test(arguments: &TestArguments) -> u8 {
    let mut decks = match regress::find(&arguments.paths) {
        Ok(decks) => decks,
        Err(problem) => {
            eprintln!("error: {problem}");
            return WRONG;
        }
    };
    let wanted = |path: &PathBuf| {
        let path = path.to_string_lossy();
        arguments.filter.is_empty() || arguments.filter.iter().any(|filter| filtered(filter, &path))
    };
    decks.retain(wanted);
    if decks.is_empty() {
        let places: Vec<_> = arguments.paths.iter().map(|p| format!("`{}`", p.display())).collect();
        let filter = if arguments.filter.is_empty() { "" } else { " that the filter lets through" };
        eprintln!("error: there is no deck in {}{filter}", places.join(", "));
        eprintln!("hint: decks end in .cir, .sp, .net, .spice or .ckt");
        return WRONG;
    }
    if arguments.list {
        decks.iter().for_each(|deck| println!("{}", deck.display()));
        return SUCCESS;
    }
    let mut settings = Settings { timeout: arguments.timeout, bless: arguments.bless, ..Settings::new() };
    settings.jobs = arguments.jobs.map_or(settings.jobs, |jobs| jobs as usize);
    settings.program = std::env::current_exe().ok();
    if let Some(out) = &arguments.out {
        settings.out.clone_from(out);
    }
    let progress = Progress::decks(decks.len() as u64, arguments.quiet);
    let summary = regress::run(&decks, &settings, &mut |report| {
        progress.episode(|| report.deck.clone());
        progress.above(|| print(report, arguments));
    });
    drop(progress);
    conclude(&summary, arguments, &settings)
}

/// Prints what a deck came to.
fn print(report: &DeckReport, arguments: &TestArguments) {
    let color = std::io::stdout().is_terminal();
    let (word, paint) = match report.verdict {
        Verdict::Passed => ("ok", "32"),
        Verdict::Failed => ("FAILED", "31"),
        Verdict::Malformed => ("MALFORMED", "31"),
        Verdict::Skipped => ("skipped", "33"),
    };
    let good = report.verdict == Verdict::Passed;
    let told = !report.changes.is_empty() || (report.verdict == Verdict::Skipped && !arguments.quiet);
    if good && !arguments.verbose && !told {
        return;
    }
    let word = if color { format!("\x1b[{paint}m{word}\x1b[0m") } else { word.to_string() };
    println!("{word} {}", report.deck);
    for finding in report.findings.iter().filter(|f| arguments.verbose || !f.passed) {
        let subject = if finding.message.is_empty() { String::new() } else { format!("{}: ", finding.subject) };
        println!("    {subject}{}", finding.message.replace('\n', "\n      "));
        if let Some(plot) = &finding.plot {
            println!("      plot: {}", plot.display());
        }
    }
    for change in &report.changes {
        let signal = if change.signal.is_empty() { String::new() } else { format!(" {}", change.signal) };
        println!("    {}{signal}: {}", near(&change.file), change.message);
    }
    if arguments.verbose || report.verdict == Verdict::Skipped {
        report.notes.iter().for_each(|note| println!("    note: {note}"));
    }
}

/// A path relative to the present folder when it is inside.
fn near(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path).display().to_string()
}

/// Writes the files asked for, prints the counts, and chooses the exit code.
fn conclude(summary: &Summary, arguments: &TestArguments, settings: &Settings) -> u8 {
    let mut code = match summary {
        Summary { malformed: 1.., .. } => WRONG,
        Summary { failed: 1.., .. } => UNEXPECTED,
        _ => SUCCESS,
    };
    let json = || serde_json::to_vec_pretty(summary).map_err(std::io::Error::other);
    let written = [
        arguments.junit.as_ref().map(|path| (path, regress::write_junit(path, summary))),
        arguments.json.as_ref().map(|path| (path, json().and_then(|text| std::fs::write(path, text)))),
    ];
    for (path, result) in written.into_iter().flatten() {
        if let Err(problem) = result {
            eprintln!("error: cannot write {}: {problem}", path.display());
            code = FAILED;
        }
    }
    if !arguments.quiet {
        let mut counts = vec![format!("{} passed", summary.passed)];
        for (count, word) in
            [(summary.failed, "failed"), (summary.malformed, "malformed"), (summary.skipped, "skipped")]
        {
            if count > 0 {
                counts.push(format!("{count} {word}"));
            }
        }
        println!("{} decks: {} ({:.1} s)", summary.decks.len(), counts.join(", "), summary.seconds);
        if settings.out.is_dir() {
            println!("results: {}", settings.out.display());
        }
    }
    code
}
