//! Connections: accepted in bounded number, each with limits of time and size, and ended in good order.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    sync::{Semaphore, watch},
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;
use tower_service::Service as _;
use winterlane_settlement::server::{Impatient, Lingering, Unread};

use super::{
    call::Peer,
    crowd::{Crowd, Place},
    limits::Caller,
};
use crate::tls::Tls;

/// Limits of a listener.
#[derive(Clone, Copy, Debug)]
pub struct ServerConfig {
    /// Connections at once; more wait in the operating system's queue.
    pub connections: usize,
    /// Connections of one address, or of one network of 64 bits of version 6; more are hung up on.
    pub per_address: usize,
    /// How long the other end may take no bytes of an answer before its connection is ended.
    pub stall: Duration,
    /// How long the headers of a request may take to arrive; an idle connection ends after it too.
    pub headers: Duration,
    /// How long requests that are under way may take once the node stops.
    pub grace: Duration,
}

impl Default for ServerConfig {
    /// 1,024 connections, 256 of one address, 30 seconds to read something, 15 for headers, 10 to end.
    fn default() -> Self {
        Self {
            connections: 1024,
            per_address: 256,
            stall: Duration::from_secs(30),
            headers: Duration::from_secs(15),
            grace: Duration::from_secs(10),
        }
    }
}

/// The most bytes of a request's head.
const HEAD: usize = 32 << 10;

/// Serves `router`, with TLS if there is a certificate, until `stopping` holds `true`: then nothing more is accepted, and requests under way are finished, within the
/// time of grace.
///
/// # Errors
/// When the listener has no address, which does not happen to one that is bound. An error of one connection ends that
/// connection.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    tls: Option<Arc<Tls>>,
    config: ServerConfig,
    mut stopping: watch::Receiver<bool>,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    let permits = Arc::new(Semaphore::new(config.connections));
    let crowd = Crowd::default();
    let mut connections = JoinSet::new();
    loop {
        // A permit first: a connection that is accepted is one that is served.
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
            Ok((stream, peer)) => {
                let Some(place) = crowd.enter(Caller::network(peer.ip()), config.per_address)
                else {
                    tracing::debug!(%peer, "as many connections of one address as there may be");
                    continue;
                };
                // Small answers are not held back for more.
                let _ = stream.set_nodelay(true);
                let (router, stopping) = (router.clone(), stopping.clone());
                let tls = tls.as_ref().map(|tls| tls.current());
                let stream = Impatient::new(stream, config.stall);
                connections.spawn(async move {
                    let _held: (_, Place) = (permit, place);
                    match tls {
                        None => connection(stream, peer, router, config, stopping).await,
                        Some(tls) => {
                            let handshake = TlsAcceptor::from(tls).accept(stream);
                            if let Some(stream) = shaken(handshake, peer, config, &stopping).await {
                                connection(stream, peer, router, config, stopping).await;
                            }
                        }
                    }
                });
            }
            // Out of file descriptors, mostly: the others go on, and some end.
            Err(error) => {
                tracing::warn!(%error, %address, "no connection accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    let finish = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(config.grace, finish).await.is_err() {
        tracing::warn!(%address, left = connections.len(), "connections cut off at the end of the time of grace");
        connections.shutdown().await;
    }
    Ok(())
}

/// Waits for the end of a handshake, as long as for the headers of a request.
async fn shaken<S>(
    handshake: impl Future<Output = io::Result<S>>,
    peer: SocketAddr,
    config: ServerConfig,
    stopping: &watch::Receiver<bool>,
) -> Option<S> {
    let mut stopping = stopping.clone();
    let ended = tokio::select! {
        ended = tokio::time::timeout(config.headers, handshake) => ended,
        () = stopped(&mut stopping) => return None,
    };
    match ended {
        Ok(Ok(stream)) => Some(stream),
        Ok(Err(error)) => {
            tracing::debug!(%error, %peer, "handshake");
            None
        }
        Err(_) => None,
    }
}

async fn connection(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    peer: SocketAddr,
    router: Router,
    config: ServerConfig,
    mut stopping: watch::Receiver<bool>,
) {
    let unread = Unread::default();
    let stream = Lingering::new(stream, unread.clone());
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        router.clone().call(request.map(|body| unread.watch(body)))
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(config.headers)
        .max_buf_size(HEAD)
        .max_headers(64);
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopped(&mut stopping) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // Strangers hang up, and send what is no HTTP: not worth more than this.
        tracing::debug!(%error, %peer, "connection");
    }
}

/// Waits until the node stops; also when whoever would say so is gone.
pub(crate) async fn stopped(stopping: &mut watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stopping| *stopping).await;
}
