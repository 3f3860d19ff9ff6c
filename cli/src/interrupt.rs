//! SIGINT and SIGTERM (Ctrl-C and its like elsewhere): the run ends with status 2 and leaves no
//! unverified file behind.

use std::{
    fs,
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
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
    /// Whether verified batches are being moved to where they belong. That is short, and is not
    /// stopped halfway.
    pub(crate) publishing: bool,
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
}

static UNFINISHED: Mutex<Unfinished> = Mutex::new(Unfinished {
    staging: None,
    lock: None,
    made: None,
    publishing: false,
});

/// What is unfinished. While this guard lives no interrupt is acted on.
pub(crate) fn unfinished() -> MutexGuard<'static, Unfinished> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Begins to listen for interrupts.
pub(crate) fn listen(screen: MultiProgress) {
    let handler = move || {
        // Held until the process is gone, so that nothing is written or published any more.
        let mut unfinished = unfinished();
        if unfinished.publishing {
            return;
        }
        unfinished.remove();
        let _ = screen.clear();
        show::say("error: interrupted; nothing was published");
        std::process::exit(UNUSABLE.into());
    };
    // Where no thread for it can be started the system's own way of ending remains.
    if let Err(error) = ctrlc::set_handler(handler) {
        tracing::warn!(%error, "interrupts will leave unverified files behind");
    }
}
