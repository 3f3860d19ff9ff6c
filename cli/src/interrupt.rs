//! SIGINT and SIGTERM (Ctrl-C and its like elsewhere): the run ends with status 2 and leaves no
//! unverified file behind.

use std::{
    fs, io,
    path::{Path, PathBuf},
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
    /// What is done already and stays so, in words.
    done: Option<&'static str>,
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
            // What another thread writes there meanwhile keeps it from being empty.
            for _ in 0..100 {
                match fs::remove_dir_all(&staging) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {}
                    _ => break,
                }
            }
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
    fn interrupt(&mut self) -> Option<String> {
        match self.publishing {
            Publishing::Now | Publishing::Interrupted => {
                self.publishing = Publishing::Interrupted;
                None
            }
            Publishing::Done => {
                // The batches are not among it any more.
                self.remove();
                Some("error: interrupted; all of it is published".to_owned())
            }
            Publishing::No => {
                // Most commands publish nothing, and some have done by now what cannot be undone.
                let is_for_batches = self.lock.is_some();
                self.remove();
                Some(match self.done {
                    Some(done) => format!("error: interrupted; {done}"),
                    None if is_for_batches => {
                        "error: interrupted; nothing was published".to_owned()
                    }
                    None => "error: interrupted".to_owned(),
                })
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
    done: None,
});

/// What is unfinished. While this guard lives no interrupt is acted on.
pub(crate) fn unfinished() -> MutexGuard<'static, Unfinished> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether an interrupt came while batches were being published.
pub(crate) fn came_late() -> bool {
    unfinished().publishing == Publishing::Interrupted
}

/// While it lives an interrupt says that this is done.
pub(crate) struct Done(());

/// From now on an interrupt says what is done already: whoever reads that a command was interrupted may give it again.
pub(crate) fn say_done(what: &'static str) -> Done {
    unfinished().done = Some(what);
    Done(())
}

impl Drop for Done {
    fn drop(&mut self) {
        unfinished().done = None;
    }
}

/// A directory of files that nobody needs later; an interrupt removes it, too.
pub(crate) struct Temporary {
    // Dropped in this order: it is registered for as long as it is there.
    directory: tempfile::TempDir,
    _end: Forgotten,
}

/// What is unfinished is forgotten with this value.
struct Forgotten;

impl Drop for Forgotten {
    fn drop(&mut self) {
        unfinished().forget();
    }
}

/// Makes one, where the system has its temporary files.
pub(crate) fn temporary() -> io::Result<Temporary> {
    // No interrupt comes between making it and having it registered for removal.
    let mut unfinished = unfinished();
    let directory = tempfile::tempdir()?;
    unfinished.staging = Some(directory.path().to_owned());
    Ok(Temporary {
        directory,
        _end: Forgotten,
    })
}

impl Temporary {
    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }
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
    fn interrupted(publishing: Publishing) -> (usize, Option<String>, Publishing) {
        let directory = tempfile::tempdir().unwrap();
        let staging = directory.path().join("staging");
        fs::create_dir(&staging).unwrap();
        fs::write(directory.path().join("lock"), "").unwrap();
        let mut unfinished = Unfinished {
            staging: Some(staging),
            lock: Some(directory.path().join("lock")),
            made: None,
            publishing,
            done: None,
        };
        let words = unfinished.interrupt();
        let left = fs::read_dir(directory.path()).unwrap().count();
        (left, words, unfinished.publishing)
    }

    #[test]
    fn an_interrupt_removes_before_publishing_waits_in_it_and_tells_the_truth_after_it() {
        let (left, words, _) = interrupted(Publishing::No);
        assert_eq!(
            (left, words.as_deref()),
            (0, Some("error: interrupted; nothing was published"))
        );
        for state in [Publishing::Now, Publishing::Interrupted] {
            assert_eq!(interrupted(state), (2, None, Publishing::Interrupted));
        }
        let (left, words, _) = interrupted(Publishing::Done);
        assert_eq!(
            (left, words.as_deref()),
            (0, Some("error: interrupted; all of it is published"))
        );
    }

    /// A command that publishes nothing does not say that it did not, and one that cannot be undone says so.
    #[test]
    fn an_interrupt_says_no_more_than_is_so() {
        let said = |done| {
            let mut unfinished = Unfinished {
                done,
                ..Unfinished::default()
            };
            unfinished.interrupt()
        };
        assert_eq!(said(None).as_deref(), Some("error: interrupted"));
        let done = "the node has the order";
        assert_eq!(
            said(Some(done)).as_deref(),
            Some("error: interrupted; the node has the order")
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
