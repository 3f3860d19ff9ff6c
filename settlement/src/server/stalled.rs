//! Connections whose other end does not read.
//!
//! Whoever asks for a proof and never reads it holds a connection, and what was to be sent on it, for as long as it likes:
//! a limit of time on requests does not end that, since the request was read long ago. Here a write that makes no progress
//! for some time ends its connection.

use core::{
    pin::Pin,
    task::{Context, Poll},
};
use std::{io, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

/// A stream whose writes fail once the other end has taken nothing for some time.
#[derive(Debug)]
pub struct Impatient<S> {
    stream: S,
    patience: Duration,
    /// Since when a write waits.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<S> Impatient<S> {
    /// The stream, and for how long a write may make no progress.
    #[must_use]
    pub const fn new(stream: S, patience: Duration) -> Self {
        Self {
            stream,
            patience,
            waiting: None,
        }
    }

    /// What a write that said this says, with the time that it has waited.
    fn or_late<T>(
        &mut self,
        context: &mut Context<'_>,
        said: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if said.is_ready() {
            self.waiting = None;
            return said;
        }
        let patience = self.patience;
        let waiting = self
            .waiting
            .get_or_insert_with(|| Box::pin(sleep(patience)));
        waiting.as_mut().poll(context).map(|()| {
            let what = "the other end has read nothing for too long";
            Err(io::Error::new(io::ErrorKind::TimedOut, what))
        })
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Impatient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Impatient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let said = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.or_late(context, said)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let said = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.or_late(context, said)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let said = Pin::new(&mut self.stream).poll_flush(context);
        self.or_late(context, said)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let said = Pin::new(&mut self.stream).poll_shutdown(context);
        self.or_late(context, said)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    fn run(test: impl Future<Output = ()>) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        runtime.unwrap().block_on(test);
    }

    #[test]
    fn a_write_that_nobody_reads_fails_and_one_that_is_read_slowly_does_not() {
        run(async {
            let (ours, mut theirs) = tokio::io::duplex(16);
            let mut ours = Impatient::new(ours, Duration::from_millis(200));
            let error = ours.write_all(&[1; 64]).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::TimedOut);
            // What came is read, and after it there is patience again: it counts from the last progress.
            let (ours, reader) = (ours, &mut theirs);
            let mut bytes = [0; 16];
            reader.read_exact(&mut bytes).await.unwrap();
            let (ours, theirs) = (ours.stream, reader);
            let mut ours = Impatient::new(ours, Duration::from_secs(60));
            let writing = async {
                ours.write_all(&[2; 64]).await.unwrap();
            };
            let reading = async {
                let mut bytes = [0; 8];
                for _ in 0..8 {
                    sleep(Duration::from_millis(5)).await;
                    theirs.read_exact(&mut bytes).await.unwrap();
                }
            };
            tokio::join!(writing, reading);
        });
    }
}
