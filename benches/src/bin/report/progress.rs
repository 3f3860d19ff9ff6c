//! How far the report is.

use std::{
    io::{self, IsTerminal, Write},
    time::Instant,
};

const WIDTH: usize = 30;

/// A bar on standard error; where that is no terminal, a line a job.
pub(crate) struct Progress {
    total: usize,
    done: usize,
    start: Instant,
    terminal: bool,
}

impl Progress {
    pub(crate) fn new(total: usize) -> Self {
        Self {
            total,
            done: 0,
            start: Instant::now(),
            terminal: io::stderr().is_terminal(),
        }
    }

    /// The next job begins.
    pub(crate) fn show(&mut self, job: &str) {
        let filled = WIDTH * self.done / self.total.max(1);
        let seconds = self.start.elapsed().as_secs();
        let (minutes, seconds) = (seconds / 60, seconds % 60);
        let bar = format!("{}{}", "=".repeat(filled), " ".repeat(WIDTH - filled));
        let line = format!(
            "[{bar}] {}/{} {minutes}:{seconds:02}  {job}",
            self.done, self.total
        );
        let mut output = io::stderr().lock();
        // Whether it can be shown must not matter to what is measured.
        let _ = if self.terminal {
            write!(output, "\r\x1b[K{line}").and_then(|()| output.flush())
        } else {
            writeln!(output, "{line}")
        };
        self.done += 1;
    }

    /// A line that stays.
    pub(crate) fn note(&self, line: &str) {
        let end = if self.terminal { "\r\x1b[K" } else { "" };
        eprintln!("{end}{line}");
    }

    /// All is done.
    pub(crate) fn finish(&mut self) {
        if self.total > 0 {
            self.done = self.total;
            self.show("done");
            eprintln!();
        }
    }
}
