//! SIGINT and SIGTERM (Ctrl-C and its like elsewhere): the run ends with status 2 and leaves no
//! unverified file behind.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Stdio},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use indicatif::MultiProgress;

use crate::{failure::UNUSABLE, show};

/// What a run has on disk that an interrupted one must not leave.
#[derive(Debug, Default)]
pub(crate) struct Unfinished {
    /// Directory of the batches that are not verified yet.
    pub(crate) staging: Option<PathBuf>,
    /// The lock file.
    pub(crate) lock: Option<PathBuf>,
    /// The output directory, if this run made it.
    pub(crate) made: Option<PathBuf>,
    /// How far publishing is.
    pub(crate) publishing: Publishing,
}

/// Moving verified batches to where they belong is short, and is not stopped halfway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Publishing {
    /// Not begun, or failed.
    #[default]
    No,
    /// Going on.
    Now,
    /// Going on, and an interrupt came: the run ends when the batches are in their place.
    Interrupted,
    /// All batches are published.
    Done,
}

impl Unfinished {
    fn remove(&mut self) {
        if let Some(staging) = self.staging.take() {
            let _ = fs::remove_dir_all(staging);
        }
        if let Some(lock) = self.lock.take() {
            let _ = fs::remove_file(lock);
        }
        // Only if nothing else is in it.
        if let Some(made) = self.made.take() {
            let _ = fs::remove_dir(made);
        }
    }

    /// Acts on an interrupt: removes what is unfinished and gives the last words, or `None` if the run has to
    /// go on a little.
    fn interrupt(&mut self) -> Option<&'static str> {
        match self.publishing {
            Publishing::Now | Publishing::Interrupted => {
                self.publishing = Publishing::Interrupted;
                None
            }
            Publishing::Done => {
                // The batches are not among it any more.
                self.remove();
                Some("error: interrupted; all of it is published")
            }
            Publishing::No => {
                self.remove();
                Some("error: interrupted; nothing was published")
            }
        }
    }

    /// Publishing has ended.
    pub(crate) fn published(&mut self, whole: bool) {
        self.publishing = match self.publishing {
            Publishing::Interrupted => Publishing::Interrupted,
            _ if whole => Publishing::Done,
            _ => Publishing::No,
        };
    }

    /// Forgets the files, which are in their place or gone.
    pub(crate) fn forget(&mut self) {
        let publishing = self.publishing;
        *self = Self::default();
        self.publishing = publishing;
    }
}

static UNFINISHED: Mutex<Unfinished> = Mutex::new(Unfinished {
    staging: None,
    lock: None,
    made: None,
    publishing: Publishing::No,
});

/// What is unfinished. While this guard lives no interrupt is acted on.
pub(crate) fn unfinished() -> MutexGuard<'static, Unfinished> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether an interrupt came while batches were being published.
pub(crate) fn came_late() -> bool {
    unfinished().publishing == Publishing::Interrupted
}

/// Whether the terminal shows nothing of what is typed.
static HIDDEN: AtomicBool = AtomicBool::new(false);

/// While it lives a prompt hides what is typed. An interrupt ends the process without ending the prompt: it has to show typing
/// again, or the shell would go on blind.
pub(crate) struct HiddenTyping(());

/// Begins a prompt that hides what is typed.
pub(crate) fn hide_typing() -> HiddenTyping {
    HIDDEN.store(true, Ordering::SeqCst);
    HiddenTyping(())
}

impl Drop for HiddenTyping {
    fn drop(&mut self) {
        HIDDEN.store(false, Ordering::SeqCst);
    }
}

/// Has the terminal show what is typed, as far as there is one. The system's own command does it: setting a terminal's modes
/// takes unsafe code.
fn show_typing() {
    if let Ok(terminal) = fs::File::open("/dev/tty") {
        let mut stty = Command::new("stty");
        stty.args(["echo", "-echonl"]).stdin(terminal);
        let _ = stty.stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

/// Begins to listen for interrupts.
pub(crate) fn listen(screen: MultiProgress) {
    let handler = move || {
        // Held until the process is gone, so that nothing is written or published any more.
        let mut unfinished = unfinished();
        let Some(words) = unfinished.interrupt() else {
            return;
        };
        let _ = screen.clear();
        if HIDDEN.load(Ordering::SeqCst) {
            show_typing();
        }
        show::say(words);
        std::process::exit(UNUSABLE.into());
    };
    // Where no thread for it can be started the system's own way of ending remains.
    if let Err(error) = ctrlc::set_handler(handler) {
        tracing::warn!(%error, "interrupts will leave unverified files behind");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes files of each kind, interrupts at that state, and tells what is left and what was said.
    fn interrupted(publishing: Publishing) -> (usize, Option<&'static str>, Publishing) {
        let directory = tempfile::tempdir().unwrap();
        let staging = directory.path().join("staging");
        fs::create_dir(&staging).unwrap();
        fs::write(directory.path().join("lock"), "").unwrap();
        let mut unfinished = Unfinished {
            staging: Some(staging),
            lock: Some(directory.path().join("lock")),
            made: None,
            publishing,
        };
        let words = unfinished.interrupt();
        let left = fs::read_dir(directory.path()).unwrap().count();
        (left, words, unfinished.publishing)
    }

    #[test]
    fn an_interrupt_removes_before_publishing_waits_in_it_and_tells_the_truth_after_it() {
        let (left, words, _) = interrupted(Publishing::No);
        assert_eq!(
            (left, words),
            (0, Some("error: interrupted; nothing was published"))
        );
        for state in [Publishing::Now, Publishing::Interrupted] {
            assert_eq!(interrupted(state), (2, None, Publishing::Interrupted));
        }
        let (left, words, _) = interrupted(Publishing::Done);
        assert_eq!(
            (left, words),
            (0, Some("error: interrupted; all of it is published"))
        );
    }

    #[test]
    fn a_late_interrupt_is_not_forgotten() {
        for (whole, quiet) in [(true, Publishing::Done), (false, Publishing::No)] {
            for (before, after) in [
                (Publishing::Now, quiet),
                (Publishing::Interrupted, Publishing::Interrupted),
            ] {
                let mut unfinished = Unfinished {
                    publishing: before,
                    ..Unfinished::default()
                };
                unfinished.published(whole);
                unfinished.forget();
                assert_eq!(unfinished.publishing, after);
            }
        }
    }
}
