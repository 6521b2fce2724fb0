//! How far a run has come: a bar on a terminal, a line a minute elsewhere.

use crate::say::tell;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::time::{Duration, Instant};
use tianyan::Progress;

/// Between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(60);

/// Shows progress.
pub enum Display {
    /// Nothing.
    Quiet,
    /// A bar.
    Bar(ProgressBar),
    /// Lines; the last was printed then.
    Lines(Instant),
}

impl Display {
    /// A bar if standard error is a terminal.
    pub fn new(quiet: bool, duration_ms: f64) -> Display {
        if quiet {
            return Display::Quiet;
        }
        if !std::io::stderr().is_terminal() {
            return Display::Lines(Instant::now());
        }
        let bar = ProgressBar::new((duration_ms * 1e3).round() as u64);
        let template = "{bar:30} {percent:>3} %  {msg}  {elapsed} elapsed, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Display::Bar(bar)
    }

    /// Shows how far a run has come.
    pub fn show(&mut self, progress: &Progress) {
        let at = format!("{:.1} of {} ms, {} spikes", progress.time_ms, progress.duration_ms, progress.spikes);
        match self {
            Display::Quiet => {}
            Display::Bar(bar) => {
                bar.set_message(at);
                bar.set_position((progress.time_ms * 1e3).round() as u64);
            }
            Display::Lines(last) => {
                if last.elapsed() >= LINE_EVERY {
                    *last = Instant::now();
                    let rate = progress.elapsed_s / progress.time_ms;
                    let left = rate * (progress.duration_ms - progress.time_ms);
                    tell!("{at}; {:.0} s elapsed, about {left:.0} s left", progress.elapsed_s);
                }
            }
        }
    }

    /// Takes the bar away.
    pub fn end(self) {
        if let Display::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}
