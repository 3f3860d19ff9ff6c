//! Connections: in bounded number, each with limits of time and size, and ended in good order.
//!
//! Whoever calls is not trusted. The process may be a node's, which needs descriptors for its own files and ends without. A
//! node's own interface is served by the same functions: it adds TLS, and limits of each address, which are nothing here, where
//! everybody has the address of this machine.

use std::{io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::Router;
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
    time::{sleep, timeout},
};
use tower_service::Service as _;

use super::{Impatient, Lingering, Unread};

/// Connections that are served at once, unless [`Limits`] say otherwise.
pub const CONNECTIONS: usize = 64;

/// The most bytes of a request's head, and the most lines of it.
const HEAD: usize = 32 << 10;
const LINES: usize = 64;
/// How long to wait when the system gives no connection.
const AGAIN: Duration = Duration::from_millis(100);

/// Limits of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once; more wait in the operating system's queue.
    pub connections: usize,
    /// How long the head of a request may take to arrive; an idle connection ends after it too.
    pub head: Duration,
    /// How long the bytes of a call may take to arrive.
    pub body: Duration,
    /// How long the other end may take no bytes of an answer.
    pub stall: Duration,
    /// How long requests that are under way may take at the end.
    pub grace: Duration,
}

impl Default for Limits {
    /// [`CONNECTIONS`], 15 seconds for a head, 30 for a call, 30 to read something, 5 to end.
    fn default() -> Self {
        Self {
            connections: CONNECTIONS,
            head: Duration::from_secs(15),
            body: Duration::from_secs(30),
            stall: Duration::from_secs(30),
            grace: Duration::from_secs(5),
        }
    }
}

/// Accepts connections until `stopping` holds `true`, and says how many were cut off then: those that `connection` makes of
/// them are waited for, within the time of `grace`.
///
/// `connections` are served at once. One for which `connection` makes nothing is hung up on. `failed` hears why the system gave
/// none, which is tried again: it is out of descriptors, mostly, and the other connections go on, and some end.
pub async fn accept<F: Future<Output = ()> + Send + 'static>(
    listener: TcpListener,
    connections: usize,
    grace: Duration,
    mut stopping: watch::Receiver<bool>,
    mut connection: impl FnMut(TcpStream, SocketAddr) -> Option<F>,
    failed: impl Fn(&io::Error),
) -> usize {
    let permits = Arc::new(Semaphore::new(connections));
    let mut serving = JoinSet::new();
    loop {
        // a permit first: a connection that is accepted is one that is served
        let permit = tokio::select! {
            permit = Arc::clone(&permits).acquire_owned() => permit,
            () = stopped(&mut stopping) => break,
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopped(&mut stopping) => break,
        };
        while serving.try_join_next().is_some() {}
        match accepted {
            Ok((stream, peer)) => {
                // small answers are not held back for more
                let _ = stream.set_nodelay(true);
                if let Some(connection) = connection(stream, peer) {
                    serving.spawn(async move {
                        let _held = permit;
                        connection.await;
                    });
                }
            }
            Err(error) => {
                failed(&error);
                sleep(AGAIN).await;
            }
        }
    }
    drop(listener);
    let finish = async { while serving.join_next().await.is_some() {} };
    if timeout(grace, finish).await.is_ok() {
        return 0;
    }
    let left = serving.len();
    serving.shutdown().await;
    left
}

/// Serves `router` on one connection, until it ends or `stopping` holds `true`: then the request under way is finished. Whoever
/// still sends when the answer is there hears it all the same ([`Lingering`]). `head` is how long the head of a request may take, and `mark` is shown each request before the router is.
///
/// # Errors
/// Strangers hang up, and send what is no HTTP: that ends their connection, and nothing else.
pub async fn http(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    router: Router,
    head: Duration,
    mut stopping: watch::Receiver<bool>,
    mark: impl Fn(&mut Request<Incoming>),
) -> Result<(), hyper::Error> {
    let unread = Unread::default();
    let stream = Lingering::new(stream, unread.clone());
    let service = service_fn(move |mut request: Request<Incoming>| {
        mark(&mut request);
        router.clone().call(request.map(|body| unread.watch(body)))
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .max_buf_size(HEAD)
        .max_headers(LINES);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopped(&mut stopping) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    }
}

/// Serves `router` until `stopping` holds `true`: then nothing more is accepted, and requests under way are finished,
/// within the time of grace.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    stopping: watch::Receiver<bool>,
) {
    let Limits {
        connections, grace, ..
    } = limits;
    let end = stopping.clone();
    let connection = move |stream: TcpStream, _| {
        let stream = Impatient::new(stream, limits.stall);
        let serving = http(
            stream,
            router.clone(),
            limits.head,
            stopping.clone(),
            |_| (),
        );
        Some(async move { drop(serving.await) })
    };
    accept(listener, connections, grace, end, connection, |_| ()).await;
}

/// Waits until the server stops; also when whoever would say so is gone.
pub async fn stopped(stopping: &mut watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stopping| *stopping).await;
}
