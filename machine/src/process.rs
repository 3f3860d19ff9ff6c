//! What a process sets before it does anything.

use std::io;

/// To be called first, while the process has one thread.
///
/// - *Its files are not for others to write*, whatever mask for new files it was started with: a container or a service
///   with the mask 0 would let every user of the machine change a node's state. Who may read them is the mask's business.
/// - *A file that grows beyond the limit of its size is an error* of the write, as a full disk is, and is told with the file's
///   name. Without this the system ends the process by SIGXFSZ, with a status that says nothing and files left half.
///
/// # Errors
/// When the system lets no signal be handled.
pub fn begin() -> io::Result<()> {
    #[cfg(unix)]
    {
        use rustix::fs::Mode;
        use std::sync::{Arc, atomic::AtomicBool};

        let others = Mode::WGRP | Mode::WOTH;
        // There is no way to ask for the mask but to set it.
        let mask = rustix::process::umask(others);
        rustix::process::umask(mask | others);
        // Handled, and not ignored: what this process starts begins as the system has it.
        signal_hook::flag::register(
            signal_hook::consts::SIGXFSZ,
            Arc::new(AtomicBool::new(false)),
        )?;
    }
    Ok(())
}
