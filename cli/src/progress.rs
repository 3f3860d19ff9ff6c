//! Progress and log lines, both on standard error.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    io::{self, IsTerminal},
    ops::ControlFlow,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread,
    time::{Duration, Instant},
};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use tracing_subscriber::{EnvFilter, fmt::MakeWriter};
use winterlane_prover::engine::{Observer, Phase};

use crate::show;

/// Steps of the bar: making all keys, and of each batch signing and checking, then the proof.
const KEYS: u64 = 100;
const SIGNING: u64 = 10;
const PROOF: u64 = 100;

/// How often the bar shows the time anew.
const TICK: Duration = Duration::from_millis(200);

/// A bar over keys and all batches, with what runs now. Without a terminal it is a line for each step.
pub(crate) struct Progress {
    bar: ProgressBar,
    batches: usize,
    lines: bool,
    keys: AtomicUsize,
    _ticks: Option<Sender<()>>,
}

impl Progress {
    /// Begins; `quiet` says that without a terminal there are no lines either.
    pub(crate) fn new(screen: &MultiProgress, batches: usize, quiet: bool) -> Self {
        let terminal = io::stderr().is_terminal();
        let length = KEYS + batches as u64 * (SIGNING + PROOF);
        let bar = screen.add(ProgressBar::new(length));
        // The message takes what the line has left, and is cut there. A template that does not parse is a
        // mistake the tests find; the default bar will do.
        if let Ok(style) =
            ProgressStyle::with_template("{elapsed:>4} [{bar:16}] {percent:>3}% {wide_msg}")
        {
            bar.set_style(style.progress_chars("=> "));
        }
        Self {
            _ticks: terminal.then(|| tick(bar.clone())),
            bar,
            batches,
            lines: !terminal && !quiet,
            keys: AtomicUsize::new(0),
        }
    }

    /// Tells what runs now.
    pub(crate) fn say(&self, what: impl Into<String>) {
        let what = what.into();
        if self.lines {
            show::say(&what);
        }
        self.bar.set_message(what);
    }

    /// Counts so many of `all` one-time keys as made.
    pub(crate) fn keys_made(&self, count: usize, all: usize) {
        let made = self.keys.fetch_add(count, Ordering::Relaxed) + count;
        let share = made as u64 * KEYS / all.max(1) as u64;
        self.bar.set_position(share.min(KEYS));
    }

    /// Tells what is done for that batch before its proof.
    pub(crate) fn batch_step(&self, index: usize, what: &str) {
        self.bar.set_position(self.start_of(index));
        // No line of its own: it is short.
        self.bar
            .set_message(format!("batch {}/{}: {what}", index + 1, self.batches));
    }

    /// Watches the proof of that batch.
    pub(crate) fn batch(&self, index: usize, slots: usize) -> Watch<'_> {
        if self.lines {
            let slots = show::counted(slots, "operation slot");
            show::say(format_args!(
                "proving batch {} of {}: {slots}",
                index + 1,
                self.batches
            ));
        }
        let start = self.start_of(index) + SIGNING;
        self.bar.set_position(start);
        Watch {
            progress: self,
            index,
            start,
            phases: Mutex::default(),
        }
    }

    /// Counts a batch as done.
    pub(crate) fn batch_done(&self, index: usize) {
        self.bar.set_position(self.start_of(index + 1));
    }

    fn start_of(&self, index: usize) -> u64 {
        KEYS + index as u64 * (SIGNING + PROOF)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Shows the time anew until what is returned is dropped. Where no thread can be started the bar moves
/// with the work alone.
fn tick(bar: ProgressBar) -> Sender<()> {
    let (sender, receiver) = mpsc::channel();
    let run = move || {
        while receiver.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
            bar.tick();
        }
    };
    let _ = thread::Builder::new().name("progress".into()).spawn(run);
    sender
}

/// Shows a spinner anew for as long as it is there. The library's own way panics where no thread can be started.
pub(crate) fn keep_ticking(bar: &ProgressBar) {
    let bar = bar.downgrade();
    let run = move || {
        loop {
            thread::sleep(TICK);
            match bar.upgrade() {
                Some(bar) if !bar.is_finished() => bar.tick(),
                _ => return,
            }
        }
    };
    let _ = thread::Builder::new().name("progress".into()).spawn(run);
}

/// Watches one proof: moves the bar, and takes the time of each phase.
pub(crate) struct Watch<'a> {
    progress: &'a Progress,
    index: usize,
    start: u64,
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

        let done = (fraction.clamp(0.0, 1.0) * PROOF as f64) as u64;
        let bar = &self.progress.bar;
        bar.set_position(self.start + done);
        let (number, batches) = (self.index + 1, self.progress.batches);
        bar.set_message(format!("batch {number}/{batches}: {phase}"));
        ControlFlow::Continue(())
    }
}

/// Starts logging to standard error, `warn` and above unless `RUST_LOG` says otherwise.
pub(crate) fn start_logging(screen: &MultiProgress) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    let variable = |name| std::env::var_os(name);
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::CLOSE)
        .with_ansi(colours(
            io::stderr().is_terminal(),
            variable("NO_COLOR"),
            variable("TERM"),
        ))
        // A line that cannot be written would be an error that cannot be written.
        .log_internal_errors(false)
        .with_writer(AroundBars(screen.clone()))
        .init();
}

/// Whether log lines have colours: on a terminal that has them, and unless its user wants none
/// (<https://no-color.org>).
fn colours(terminal: bool, no_color: Option<OsString>, term: Option<OsString>) -> bool {
    let unwanted = no_color.is_some_and(|value| !value.is_empty());
    terminal && !unwanted && term.is_none_or(|name| name != "dumb")
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
        let write = || {
            // Nobody can be told that nobody can be told.
            let _ = io::stderr().lock().write_all(bytes);
        };
        if self.0.is_hidden() {
            write();
        } else {
            self.0.suspend(write);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use indicatif::{ProgressDrawTarget, TermLike};

    use super::*;

    #[test]
    fn phases_are_timed_until_the_next_one_or_the_end() {
        let progress = Progress::new(&MultiProgress::new(), 2, true);
        let watch = progress.batch(1, 4);
        let pause = Duration::from_millis(20);
        for (phase, fraction) in [(Phase::ExtendTrace, 0.0), (Phase::Fri, 0.9)] {
            assert!(watch.enter(phase, fraction).is_continue());
            thread::sleep(pause);
        }
        assert_eq!(progress.bar.position(), 100 + 110 + 10 + 90);
        let phases = watch.finish();
        assert_eq!(
            phases.keys().copied().collect::<Vec<_>>(),
            [Phase::ExtendTrace, Phase::Fri]
        );
        assert!(phases.values().all(|time| *time >= pause));
    }

    #[test]
    fn log_lines_have_colours_only_where_they_are_wanted() {
        let text = |text: &str| Some(OsString::from(text));
        assert!(colours(true, None, text("xterm")) && colours(true, text(""), None));
        assert!(!colours(false, None, text("xterm")));
        assert!(!colours(true, text("1"), text("xterm")));
        assert!(!colours(true, None, text("dumb")));
    }

    /// A terminal of 60 columns that keeps what is drawn.
    #[derive(Debug, Clone, Default)]
    struct Narrow(Arc<Mutex<Vec<String>>>);

    impl TermLike for Narrow {
        fn width(&self) -> u16 {
            60
        }
        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn write_line(&self, line: &str) -> io::Result<()> {
            self.write_str(line)
        }
        fn write_str(&self, text: &str) -> io::Result<()> {
            self.0.lock().unwrap().push(text.to_owned());
            Ok(())
        }
        fn clear_line(&self) -> io::Result<()> {
            Ok(())
        }
        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_bar_moves_through_keys_signing_and_proofs_within_60_columns() {
        let terminal = Narrow::default();
        let target = ProgressDrawTarget::term_like(Box::new(terminal.clone()));
        let progress = Progress::new(&MultiProgress::with_draw_target(target), 1000, true);
        let mut positions = Vec::new();
        let mut at = || {
            progress.bar.force_draw();
            positions.push(progress.bar.position());
        };
        progress.say("making keys for 12,345,678 accounts, 99,999,999 one-time keys");
        at();
        progress.keys_made(50, 100);
        at();
        progress.keys_made(50, 100);
        at();
        for index in [0, 999] {
            progress.batch_step(index, "signing and checking operations");
            at();
            let watch = progress.batch(index, 8192);
            for (share, phase) in Phase::ALL.into_iter().enumerate() {
                let _ = watch.enter(phase, (share + 1) as f64 / 10.0);
                at();
            }
            progress.batch_done(index);
            at();
        }
        assert!(
            positions.is_sorted() && positions[1] > positions[0],
            "{positions:?}"
        );
        let drawn = terminal.0.lock().unwrap();
        assert!(
            drawn.iter().any(|line| line.contains("batch 1000/1000")),
            "{drawn:?}"
        );
        for line in drawn.iter() {
            assert!(line.chars().count() <= 60, "{line:?}");
        }
    }
}
