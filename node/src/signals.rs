//! What the process is asked by signals.

use std::{io, sync::mpsc::Sender};

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// To end in good order: SIGINT, SIGTERM.
    Stop,
    /// To read its certificate again: SIGHUP.
    Reload,
}

/// Tells of signals from now on.
///
/// # Errors
/// When the system lets no signal be listened to, or gives no thread.
#[cfg(unix)]
pub(crate) fn listen(tell: Sender<Asked>) -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    // Before this returns: a signal that comes while the node starts must not end the process.
    let entered = runtime.enter();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    drop(entered);
    let listen = move || {
        runtime.block_on(async {
            loop {
                let asked = tokio::select! {
                    _ = interrupt.recv() => Asked::Stop,
                    _ = terminate.recv() => Asked::Stop,
                    _ = hang_up.recv() => Asked::Reload,
                };
                if tell.send(asked).is_err() {
                    return;
                }
            }
        });
    };
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(listen)
        .map(drop)
}

/// Tells of Ctrl-C from now on.
#[cfg(not(unix))]
pub(crate) fn listen(tell: Sender<Asked>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let listen = move || {
        runtime.block_on(async {
            while tokio::signal::ctrl_c().await.is_ok() && tell.send(Asked::Stop).is_ok() {}
        });
    };
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(listen)
        .map(drop)
}
