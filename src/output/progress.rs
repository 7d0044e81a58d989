//! A progress bar on a terminal; silence in pipes and with `quiet`.

use std::io::{IsTerminal, stderr};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::engineering;

/// Steps of a bar whose length is a fraction.
const RESOLUTION: u64 = 10_000;

/// How far a run has come, shown on standard error.
///
/// Calls are cheap (an atomic store, drawing is limited to a few frames per second) and may come from several
/// threads. The bar disappears when the value is dropped.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    /// Stop time of a transient, s.
    stop: f64,
}

impl Progress {
    /// For a transient analysis that ends at `stop`, s.
    pub fn transient(label: &str, stop: f64, quiet: bool) -> Self {
        let template = "{prefix} [{bar:32}] {percent:>3} %  {msg}  {eta} left";
        Self { bar: bar(RESOLUTION, label, template, quiet), stop }
    }

    /// For a learning run of so many episodes over all seeds together.
    pub fn learning(label: &str, episodes: u64, quiet: bool) -> Self {
        let template = "{prefix} [{bar:32}] {pos}/{len} episodes  {msg}  {eta} left";
        Self { bar: bar(episodes, label, template, quiet), stop: 0.0 }
    }

    /// For so many decks under test; count them with [`Progress::episode`].
    pub fn decks(count: u64, quiet: bool) -> Self {
        Self { bar: bar(count, "test", "{prefix} [{bar:32}] {pos}/{len} decks  {msg}", quiet), stop: 0.0 }
    }

    /// For a search whose length nobody knows.
    pub fn search(label: &str, quiet: bool) -> Self {
        Self { bar: bar(0, label, "{prefix} {spinner} {pos} steps  {elapsed}  {msg}", quiet), stop: 0.0 }
    }

    /// One more step of a search; `message` is only called when somebody watches.
    pub fn step(&self, message: impl FnOnce() -> String) {
        self.episode(message);
    }

    /// A progress that shows nothing, for library users and tests.
    pub fn silent() -> Self {
        Self { bar: ProgressBar::hidden(), stop: 0.0 }
    }

    /// The transient has reached `time`, s.
    pub fn at(&self, time: f64) {
        if self.bar.is_hidden() {
            return;
        }
        let position = ((time / self.stop).clamp(0.0, 1.0) * RESOLUTION as f64) as u64;
        if position != self.bar.position() {
            self.bar.set_position(position);
            self.bar.set_message(engineering(time, "s", 3));
        }
    }

    /// One more episode is done, of any seed; `message` is only called when somebody watches.
    pub fn episode(&self, message: impl FnOnce() -> String) {
        if !self.bar.is_hidden() {
            self.bar.set_message(message());
        }
        self.bar.inc(1);
    }

    /// Episodes done so far.
    pub fn episodes(&self) -> u64 {
        self.bar.position()
    }

    /// Lets `print` write to the terminal above the bar.
    pub fn above(&self, print: impl FnOnce()) {
        self.bar.suspend(print);
    }

    /// Prints a line above the bar (a homotopy that was needed, a checkpoint); nothing when there is no bar.
    pub fn note(&self, line: &str) {
        self.bar.println(line);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn bar(length: u64, label: &str, template: &str, quiet: bool) -> ProgressBar {
    if quiet || !stderr().is_terminal() {
        return ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::hidden());
    }
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr())
        .with_style(style.progress_chars("=> "))
        .with_prefix(label.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_episodes_of_several_threads() {
        let progress = Progress::learning("train", 400, true);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..100).for_each(|_| progress.episode(|| unreachable!("nobody watches"))));
            }
        });
        assert_eq!(progress.episodes(), 400);
    }

    #[test]
    fn odd_times_do_no_harm() {
        let style = ProgressStyle::with_template("{prefix} [{bar:32}] {percent:>3} %  {msg}  {eta} left");
        assert!(style.is_ok());
        for stop in [0.0, 1e-6, f64::NAN] {
            let progress = Progress::transient("tran", stop, true);
            for time in [0.0, -1.0, 1.0, f64::NAN, f64::INFINITY] {
                progress.at(time);
            }
            Progress::silent().note("unseen");
        }
    }
}
