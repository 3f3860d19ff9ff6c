//! Progress and log lines, both on standard error.

use std::{
    collections::BTreeMap,
    io::{self, IsTerminal},
    ops::ControlFlow,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use tracing_subscriber::{EnvFilter, fmt::MakeWriter};
use winterlane_prover::engine::{Observer, Phase};

/// Steps of the bar that one batch takes.
const STEPS: u64 = 100;

/// A bar over all batches with the phase that runs now. Without a terminal it draws nothing.
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    pub(crate) fn new(screen: &MultiProgress, batches: usize) -> Self {
        let bar = screen.add(ProgressBar::new(batches as u64 * STEPS));
        // A template that does not parse is a mistake the tests find; the default bar will do.
        if let Ok(style) =
            ProgressStyle::with_template("{elapsed:>4} [{bar:30}] {percent:>3}% {msg}")
        {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar }
    }

    /// Tells what runs now.
    pub(crate) fn say(&self, what: impl Into<String>) {
        self.bar.set_message(what.into());
    }

    /// Watches the proof of that batch.
    pub(crate) fn batch(&self, index: usize) -> Watch<'_> {
        Watch {
            progress: self,
            index,
            phases: Mutex::default(),
        }
    }

    /// Counts a batch as done.
    pub(crate) fn batch_done(&self, index: usize) {
        self.bar.set_position((index as u64 + 1) * STEPS);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Watches one proof: moves the bar, and takes the time of each phase.
pub(crate) struct Watch<'a> {
    progress: &'a Progress,
    index: usize,
    phases: Mutex<Phases>,
}

#[derive(Default)]
struct Phases {
    running: Option<(Phase, Instant)>,
    done: BTreeMap<Phase, Duration>,
}

impl Phases {
    /// Ends the phase that runs.
    fn end(&mut self, now: Instant) {
        if let Some((phase, start)) = self.running.take() {
            *self.done.entry(phase).or_default() += now - start;
        }
    }
}

impl Watch<'_> {
    /// Ends the last phase; the time that each took.
    pub(crate) fn finish(self) -> BTreeMap<Phase, Duration> {
        let mut phases = self
            .phases
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        phases.end(Instant::now());
        phases.done
    }
}

impl Observer for Watch<'_> {
    fn enter(&self, phase: Phase, fraction: f64) -> ControlFlow<()> {
        let now = Instant::now();
        let mut phases = self.phases.lock().unwrap_or_else(PoisonError::into_inner);
        phases.end(now);
        phases.running = Some((phase, now));

        let done = (fraction.clamp(0.0, 1.0) * STEPS as f64) as u64;
        let bar = &self.progress.bar;
        bar.set_position(self.index as u64 * STEPS + done);
        bar.set_message(format!("batch {}: {phase}", self.index));
        ControlFlow::Continue(())
    }
}

/// Starts logging to standard error, `warn` and above unless `RUST_LOG` says otherwise.
pub(crate) fn start_logging(screen: &MultiProgress) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::CLOSE)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(AroundBars(screen.clone()))
        .init();
}

/// Writes log lines without tearing the bars.
struct AroundBars(MultiProgress);

impl<'a> MakeWriter<'a> for AroundBars {
    type Writer = LineWriter<'a>;

    fn make_writer(&'a self) -> Self::Writer {
        LineWriter(&self.0)
    }
}

struct LineWriter<'a>(&'a MultiProgress);

impl io::Write for LineWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.suspend(|| io::stderr().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_are_timed_until_the_next_one_or_the_end() {
        let progress = Progress::new(&MultiProgress::new(), 2);
        let watch = progress.batch(1);
        let pause = Duration::from_millis(20);
        for (phase, fraction) in [(Phase::ExtendTrace, 0.0), (Phase::Fri, 0.9)] {
            assert!(watch.enter(phase, fraction).is_continue());
            std::thread::sleep(pause);
        }
        assert_eq!(progress.bar.position(), 190);
        let phases = watch.finish();
        assert_eq!(
            phases.keys().copied().collect::<Vec<_>>(),
            [Phase::ExtendTrace, Phase::Fri]
        );
        assert!(phases.values().all(|time| *time >= pause));
    }
}
