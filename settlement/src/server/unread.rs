//! Requests that are answered before they are read.
//!
//! What is refused by its head, as a body that is announced too large, is answered while the other end still sends. If
//! the connection were closed then, what arrives after it would be met by a reset, and a reset can reach the other end
//! before it has read the answer: it would learn that its request failed, and not why. So such a connection is ended in
//! the other order: the answer, the end of what we send, then whatever still arrives is read and dropped until the other
//! end has seen the answer and ends too. That has bounds of bytes and of time, as has all that a stranger sends.

use core::{
    pin::Pin,
    task::{Context, Poll, ready},
};
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use hyper::body::{Body, Frame, SizeHint};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

/// How long what still arrives is dropped; a test does not depend on how fast its machine is.
const TIME: Duration = Duration::from_secs(if cfg!(test) { 600 } else { 30 });
/// How many bytes are.
const BYTES: usize = 64 << 20;

/// Whether something of the last request on a connection was left unread.
#[derive(Clone, Debug, Default)]
pub struct Unread(Arc<AtomicBool>);

impl Unread {
    /// The body, watched: whether it is dropped before its end.
    #[must_use]
    pub fn watch<B: Body>(&self, body: B) -> Watched<B> {
        self.0.store(false, Ordering::Relaxed);
        Watched {
            ended: body.is_end_stream(),
            body,
            unread: self.clone(),
        }
    }
}

/// A body that tells when it is dropped before its end.
#[derive(Debug)]
pub struct Watched<B: Body> {
    body: B,
    ended: bool,
    unread: Unread,
}

impl<B: Body + Unpin> Body for Watched<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        self.ended = frame.is_none() || self.body.is_end_stream();
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B: Body> Drop for Watched<B> {
    fn drop(&mut self) {
        if !self.ended {
            self.unread.0.store(true, Ordering::Relaxed);
        }
    }
}

/// A stream that is not closed under an end that still sends.
#[derive(Debug)]
pub struct Lingering<S> {
    stream: S,
    unread: Unread,
    /// Once our end of it is closed: until when, and how many bytes, what arrives is dropped.
    left: Option<(Pin<Box<Sleep>>, usize)>,
    closed: bool,
}

impl<S> Lingering<S> {
    /// The stream, and what tells that something was left unread.
    #[must_use]
    pub const fn new(stream: S, unread: Unread) -> Self {
        Self {
            stream,
            unread,
            left: None,
            closed: false,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Lingering<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Lingering<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.closed {
            ready!(Pin::new(&mut self.stream).poll_shutdown(context))?;
            self.closed = true;
        }
        if !self.unread.0.load(Ordering::Relaxed) {
            return Poll::Ready(Ok(()));
        }
        let this = &mut *self;
        let (until, bytes) = this
            .left
            .get_or_insert_with(|| (Box::pin(sleep(TIME)), BYTES));
        let mut dropped = [0; 16 << 10];
        while *bytes > 0 && until.as_mut().poll(context).is_pending() {
            let mut buffer = ReadBuf::new(&mut dropped);
            match ready!(Pin::new(&mut this.stream).poll_read(context, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => {
                    *bytes = bytes.saturating_sub(buffer.filled().len());
                }
                // the other end has ended, in whichever way
                _ => break,
            }
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read as _, Write as _},
        net::{Shutdown, TcpStream},
    };

    use axum::{Router, http::StatusCode, routing::post};
    use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
    use hyper_util::rt::TokioIo;
    use tower_service::Service as _;

    use super::*;

    /// An answer to one request whose body is refused by its head, while the other end sends all of it; by a server that
    /// lingers or not.
    fn answered(lingers: bool) -> io::Result<String> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?;
        let refuse = post(|| async { StatusCode::PAYLOAD_TOO_LARGE });
        let router = Router::new().route("/", refuse);
        runtime.spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let unread = Unread::default();
            let watching = if lingers {
                unread.clone()
            } else {
                Unread::default()
            };
            let service = service_fn(move |request: Request<Incoming>| {
                let request = request.map(|body| watching.watch(body));
                router.clone().call(request)
            });
            let stream = TokioIo::new(Lingering::new(stream, unread));
            let _ = http1::Builder::new()
                .serve_connection(stream, service)
                .await;
        });
        let mut stream = TcpStream::connect(address)?;
        write!(
            stream,
            "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 33554432\r\n\r\n"
        )?;
        // more than the buffers of two sockets hold: it is taken only by who reads
        for _ in 0..512 {
            stream.write_all(&[b'x'; 64 << 10])?;
        }
        stream.shutdown(Shutdown::Write)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    #[test]
    fn who_still_sends_hears_the_answer() {
        let answer = answered(true).unwrap();
        assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
        // and this test can fail
        assert!(answered(false).is_err());
    }

    #[test]
    fn a_body_that_was_read_is_nothing_unread() {
        let unread = Unread::default();
        drop(unread.watch(String::from("left")));
        assert!(unread.0.load(Ordering::Relaxed));
        let mut read = unread.watch(String::from("read"));
        let mut context = Context::from_waker(core::task::Waker::noop());
        while let Poll::Ready(Some(_)) = Pin::new(&mut read).poll_frame(&mut context) {}
        drop(read);
        drop(unread.watch(String::new()));
        assert!(!unread.0.load(Ordering::Relaxed));
    }
}
