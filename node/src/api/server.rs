//! Connections: accepted in bounded number, each with limits of time and size, and ended in good order.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_rustls::TlsAcceptor;
pub(crate) use winterlane_settlement::server::stopped;
use winterlane_settlement::server::{Impatient, accept, http};

use super::{
    Proxies,
    callers::{Callers, Line},
    crowd::part,
};
use crate::tls::Tls;

/// Limits of a listener.
#[derive(Clone, Copy, Debug)]
pub struct ServerConfig {
    /// Connections at once; more wait in the operating system's queue.
    pub connections: usize,
    /// Connections of one address, or of one network of 64 bits of version 6; more are hung up on. Those of a proxy that is
    /// believed count for its clients.
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

impl ServerConfig {
    /// With so many connections, of which one address has as large a part as before, and one at least: whoever could open some of
    /// many does not take all of few.
    #[must_use]
    pub(crate) fn with_connections(self, connections: usize) -> Self {
        let Self {
            connections: before,
            per_address,
            ..
        } = self;
        let share = per_address.saturating_mul(connections) / before.max(1);
        let per_address = match per_address {
            usize::MAX => usize::MAX,
            _ => share.clamp(1, per_address.max(1)),
        };
        Self {
            connections,
            per_address,
            ..self
        }
    }

    /// For health and metrics: whoever watches needs few connections, and is not kept out by one address that opens many.
    #[must_use]
    pub(crate) fn watching(self) -> Self {
        Self {
            connections: WATCHING,
            per_address: part(WATCHING),
            ..self
        }
    }
}

/// Connections of a listener of health and metrics.
pub(crate) const WATCHING: usize = 32;

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
    stopping: watch::Receiver<bool>,
) -> io::Result<()> {
    serve_behind(Proxies::default(), listener, router, tls, config, stopping).await
}

/// As [`serve`], with proxies that are believed about whom they ask for: what one address may have is their clients'.
///
/// # Errors
/// As [`serve`].
pub async fn serve_behind(
    proxies: Proxies,
    listener: TcpListener,
    router: Router,
    tls: Option<Arc<Tls>>,
    config: ServerConfig,
    stopping: watch::Receiver<bool>,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    let callers = Callers::new(proxies, config.per_address);
    let router = callers.guard(router);
    let end = stopping.clone();
    let connection = move |stream: TcpStream, peer: SocketAddr| {
        let Some(line) = callers.connected(peer.ip()) else {
            tracing::debug!(%peer, "as many connections of one address as there may be");
            return None;
        };
        let (router, stopping) = (router.clone(), stopping.clone());
        let tls = tls.as_ref().map(|tls| tls.current());
        let stream = Impatient::new(stream, config.stall);
        Some(async move {
            match tls {
                None => connection(stream, line, peer, router, config, stopping).await,
                Some(tls) => {
                    let handshake = TlsAcceptor::from(tls).accept(stream);
                    if let Some(stream) = shaken(handshake, peer, config, &stopping).await {
                        connection(stream, line, peer, router, config, stopping).await;
                    }
                }
            }
        })
    };
    let failed = |error: &io::Error| tracing::warn!(%error, %address, "no connection accepted");
    let ServerConfig {
        connections, grace, ..
    } = config;
    let left = accept(listener, connections, grace, end, connection, failed).await;
    if left > 0 {
        tracing::warn!(%address, left, "connections cut off at the end of the time of grace");
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
    line: Line,
    peer: SocketAddr,
    router: Router,
    config: ServerConfig,
    stopping: watch::Receiver<bool>,
) {
    let ended = http(stream, router, config.headers, stopping, |request| {
        line.carries(request);
    });
    tokio::select! {
        ended = ended => if let Err(error) = ended {
            // Strangers hang up, and send what is no HTTP: not worth more than this.
            tracing::debug!(%error, %peer, "connection");
        },
        () = line.overdrawn() => {
            tracing::debug!(%peer, "far more connections of one address behind this proxy than there may be");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_fewer_connections_one_address_has_fewer() {
        let parts = |per_address| {
            let config = ServerConfig {
                per_address,
                ..ServerConfig::default()
            };
            [1024, 64, 48, 1].map(|count| config.with_connections(count).per_address)
        };
        assert_eq!(parts(256), [256, 16, 12, 1]);
        assert_eq!(parts(1), [1; 4]);
        // no limit is none
        assert_eq!(parts(usize::MAX), [usize::MAX; 4]);
    }
}
