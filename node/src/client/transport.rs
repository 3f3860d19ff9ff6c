//! HTTP/1.1 over connections that are kept, with TLS where the address says so.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{
    Request,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use serde::de::DeserializeOwned;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;
use winterlane_machine::address::{has_good_port, shown};

use super::{ClientError, Refused};
use winterlane_ledger::objects::from_json;

use crate::tls::trusting;

/// The most bytes of an answer: a proof has a megabyte, a large batch's records a few hundred kilobytes.
const ANSWER: usize = 64 << 20;
/// Idle connections that are kept.
const IDLE: usize = 8;

/// Connections to one address.
pub(crate) struct Transport {
    authority: String,
    /// For `https`: by whose certificates, and by which name the other side must show itself.
    tls: Option<(TlsConnector, ServerName<'static>)>,
    idle: Mutex<Vec<SendRequest<Full<Bytes>>>>,
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transport")
            .field("authority", &self.authority)
            .finish_non_exhaustive()
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, ClientError> {
        from_json(&self.body).map_err(|error| ClientError::Answer {
            what: error.to_string(),
        })
    }

    pub(crate) fn refused(&self) -> Refused {
        Refused {
            status: self.status,
            document: serde_json::from_slice(&self.body).unwrap_or_default(),
        }
    }
}

impl Transport {
    pub(crate) fn new(address: &str) -> Result<Self, ClientError> {
        Self::trusting(address, None)
    }

    /// Whose certificate must lead to one of those in `roots` (PEM), or, without, to one of the public authorities'.
    pub(crate) fn trusting(address: &str, roots: Option<&[u8]>) -> Result<Self, ClientError> {
        let wrong = || ClientError::Address {
            address: shown(address),
        };
        let (scheme, authority) = address.split_once("://").ok_or_else(wrong)?;
        if !matches!(scheme, "http" | "https") {
            return Err(wrong());
        }
        let authority = authority.trim_end_matches('/');
        let (host, port) = authority.rsplit_once(':').ok_or_else(wrong)?;
        // The first asks that there is a port (`[::1]` has none), the second that nothing else stands before it.
        if host.is_empty()
            || port.parse::<u16>().is_err()
            || !has_good_port(authority)
            || authority.contains(['/', '?', '#', '@', ' '])
        {
            return Err(wrong());
        }
        let tls = if scheme == "https" {
            let host = host.trim_start_matches('[').trim_end_matches(']');
            let name = ServerName::try_from(host.to_owned()).map_err(|_| wrong())?;
            Some((connector(roots)?, name))
        } else {
            None
        };
        Ok(Self {
            authority: authority.to_owned(),
            tls,
            idle: Mutex::default(),
        })
    }

    /// The host and port.
    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }

    /// Sends one request and waits for the whole answer.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&'static str, String)],
        body: &[u8],
    ) -> Result<Reply, ClientError> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", &self.authority);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let wrong = |what: &dyn std::fmt::Display| ClientError::Answer {
            what: what.to_string(),
        };
        let request = request
            .body(Full::new(Bytes::copy_from_slice(body)))
            .map_err(|error| wrong(&error))?;
        let mut connection = match self.take_idle() {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        if connection.ready().await.is_err() {
            connection = self.connect().await?;
        }
        let answer = connection
            .send_request(request)
            .await
            .map_err(|_| ClientError::Unknown)?;
        let status = answer.status().as_u16();
        let body = Limited::new(answer.into_body(), ANSWER).collect().await;
        let body = body.map_err(|_| ClientError::Unknown)?.to_bytes();
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE && !connection.is_closed() {
            idle.push(connection);
        }
        Ok(Reply { status, body })
    }

    fn take_idle(&self) -> Option<SendRequest<Full<Bytes>>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|connection| !connection.is_closed());
        idle.pop()
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, ClientError> {
        let failed = |source| ClientError::Connect {
            authority: self.authority.clone(),
            source,
        };
        let stream = TcpStream::connect(&self.authority).await.map_err(failed)?;
        // Small requests are not held back for more.
        let _ = stream.set_nodelay(true);
        match &self.tls {
            None => begin(stream).await.map_err(failed),
            Some((connector, name)) => {
                let stream = connector.connect(name.clone(), stream).await;
                begin(stream.map_err(failed)?).await.map_err(failed)
            }
        }
    }
}

/// Begins HTTP on a stream.
async fn begin(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
) -> std::io::Result<SendRequest<Full<Bytes>>> {
    let handshake = http1::handshake(TokioIo::new(stream)).await;
    let (sender, connection) = handshake.map_err(std::io::Error::other)?;
    tokio::spawn(async move {
        // Its end is seen by whoever waits for an answer.
        let _ = connection.await;
    });
    Ok(sender)
}

fn connector(roots: Option<&[u8]>) -> Result<TlsConnector, ClientError> {
    let config = trusting(roots).map_err(|what| ClientError::Certificate { what })?;
    Ok(TlsConnector::from(Arc::new(config)))
}
