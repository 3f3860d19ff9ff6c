//! Connections: in bounded number, each with limits of time and size, and ended in good order.
//!
//! Whoever calls is not trusted. The process may be a node's, which needs descriptors for its own files and ends without.

use std::{pin::pin, sync::Arc, time::Duration};

use axum::Router;
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
    time::{sleep, timeout},
};
use tower_service::Service as _;

use super::{Impatient, Lingering, Unread};

/// Connections that are served at once, unless [`Limits`] say otherwise.
pub const CONNECTIONS: usize = 64;

/// The most bytes of a request's head.
const HEAD: usize = 32 << 10;
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

/// Serves `router` until `stopping` holds `true`: then nothing more is accepted, and requests under way are finished,
/// within the time of grace.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    mut stopping: watch::Receiver<bool>,
) {
    let permits = Arc::new(Semaphore::new(limits.connections));
    let mut connections = JoinSet::new();
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
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok((stream, _)) => {
                let serving = connection(stream, router.clone(), limits, stopping.clone());
                connections.spawn(async move {
                    let _held = permit;
                    serving.await;
                });
            }
            // out of descriptors, mostly: the others go on, and some end
            Err(_) => sleep(AGAIN).await,
        }
    }
    drop(listener);
    let finish = async { while connections.join_next().await.is_some() {} };
    if timeout(limits.grace, finish).await.is_err() {
        connections.shutdown().await;
    }
}

async fn connection(
    stream: TcpStream,
    router: Router,
    limits: Limits,
    mut stopping: watch::Receiver<bool>,
) {
    // small answers are not held back for more
    let _ = stream.set_nodelay(true);
    let unread = Unread::default();
    let stream = Lingering::new(Impatient::new(stream, limits.stall), unread.clone());
    let stream = TokioIo::new(stream);
    let service = service_fn(move |request: Request<Incoming>| {
        router.clone().call(request.map(|body| unread.watch(body)))
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(HEAD);
    let mut connection = pin!(builder.serve_connection(stream, service));
    // strangers hang up, and send what is no HTTP: that ends their connection, and nothing else
    let _ = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopped(&mut stopping) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
}

/// Waits until the server stops; also when whoever would say so is gone.
async fn stopped(stopping: &mut watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stopping| *stopping).await;
}
