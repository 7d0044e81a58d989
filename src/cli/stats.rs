//! `--stats`: where time and memory went.

use std::time::{Duration, Instant};

use ionspice::analysis::Work;
use ionspice::output::engineering;
use serde::Serialize;

/// Times of a run, s, and what its analyses did.
#[derive(Serialize)]
pub struct Stats {
    /// Text to syntax tree.
    pub parse: f64,
    /// Syntax tree to flat circuit.
    pub elaborate: f64,
    /// Writing results.
    pub output: f64,
    /// Everything since the program began to read the deck.
    pub total: f64,
    /// Largest resident memory so far, bytes; `None` where the system does not tell.
    pub peak_memory: Option<u64>,
    /// Each analysis.
    pub analyses: Vec<Work>,
    #[serde(skip)]
    begun: Instant,
}

impl Stats {
    /// The clock starts.
    pub fn begin() -> Self {
        let analyses = Vec::new();
        Self { parse: 0.0, elaborate: 0.0, output: 0.0, total: 0.0, peak_memory: None, analyses, begun: Instant::now() }
    }

    /// Adds the time since `begun` to the output.
    pub fn wrote(&mut self, begun: Instant) {
        self.output += begun.elapsed().as_secs_f64();
    }

    /// The run is over.
    pub fn end(&mut self) {
        self.total = self.begun.elapsed().as_secs_f64();
        self.peak_memory = peak_memory();
    }

    /// Prints a table.
    pub fn print(&self) {
        let seconds = |time: f64| engineering(time, "s", 4);
        let memory = self.peak_memory.map_or("unknown".into(), |bytes| format!("{:.1} MB", bytes as f64 / 1e6));
        println!("statistics");
        println!("  {:<24} {:>12}", "total", seconds(self.total));
        println!("  {:<24} {:>12}", "parse", seconds(self.parse));
        println!("  {:<24} {:>12}", "elaborate", seconds(self.elaborate));
        println!("  {:<24} {:>12}", "output", seconds(self.output));
        println!("  {:<24} {:>12}", "peak memory", memory);
        for work in &self.analyses {
            println!(
                "  {}: {} unknowns, {} entries, solved by {}",
                work.analysis, work.unknowns, work.entries, work.solver
            );
            for (name, time) in
                [("order", work.order), ("evaluate", work.evaluate), ("factor", work.factor), ("solve", work.solve)]
            {
                println!("    {name:<22} {:>12}", seconds(time));
            }
            for (name, count) in [
                ("points", work.points),
                ("rejected steps", work.rejected),
                ("Newton iterations", work.iterations),
                ("factorisations", work.factorisations),
                ("solutions", work.solves),
            ] {
                println!("    {name:<22} {count:>12}");
            }
        }
    }
}

/// Largest resident memory of this process, bytes.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// Time that `work` takes, beside its result.
pub fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let begun = Instant::now();
    let result = work();
    (result, begun.elapsed())
}
