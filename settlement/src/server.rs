//! Settlement over HTTP, for the machine that it runs on: calls in their bytes, answers in JSON.
//!
//! | route | |
//! |---|---|
//! | `POST /v1/calls` | the bytes of a [`Call`]; the answer is an [`crate::Outcome`] |
//! | `GET /v1/status`, `GET /v1/genesis` | where settlement is, and what it began with |
//! | `GET /v1/batches/{n}` | the published data of a batch, in bytes |
//! | `GET /v1/obligations?first=N&limit=M`, `GET /v1/payments?first=N&limit=M` | from number N on, at most M, and at most 100; by default from 0 on, and 100 |
//! | `GET /v1/claims` | what the caller may collect |
//!
//! A caller says who it is by `authorization: Bearer`, and its [`Secret`]. Secrets travel as they are, so that the
//! server listens on the loopback alone.
//!
//! | module | what it holds |
//! |---|---|
//! | `connections` | how many there are, and for how long |
//! | `query` | parameters of requests |
//! | `stalled` | those whose other end does not read |
//! | `unread` | requests that are answered before they are read |

mod connections;
mod query;
mod stalled;
mod unread;

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, mpsc},
    thread::JoinHandle,
    time::Duration,
};

use axum::{
    Router,
    body::{Body, HttpBody as _, to_bytes},
    extract::State as Shared,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use serde::Serialize;
use thiserror::Error;
use tokio::sync::{Semaphore, watch};

pub use self::{
    connections::{CONNECTIONS, Limits, accept, http, stopped},
    query::{Query, QueryError, number},
    stalled::Impatient,
    unread::{Lingering, Unread, Watched},
};
use crate::{
    Call, CallError, Durable, Handle, Obligation, Owed, Party, Proofs, Secret, Settlement as _,
    view::ClaimView,
};
use winterlane_ledger::BatchNumber;

/// The most bytes of a call by the operator: a batch with its records, its proof and the proofs of its operations of the
/// pool.
pub const MAX_CALL_BYTES: usize = 64 << 20;
/// The most bytes of anybody else's call: a private operation with its proof and its encrypted notes.
pub const MAX_OTHER_CALL_BYTES: usize = 1 << 20;
/// Most entries of one answer.
pub const PAGE: usize = 100;
/// Bytes of one answer, about: of obligations there are fewer than [`PAGE`] when they are large.
const PAGE_BYTES: usize = 4 << 20;
/// Calls of the operator that are read at once, each in memory as a whole; others of the operator wait. Calls of others are
/// as many as connections, and wait for nobody: who sends slowly keeps nobody from forcing or freezing.
const OPERATORS_CALLS: usize = 2;

/// Why settlement is not served.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServeError {
    /// Another machine could listen to secrets.
    #[error("{0} is not an address of this machine alone: take 127.0.0.1 or [::1]")]
    NotLoopback(SocketAddr),
    /// The system gives no socket or thread.
    #[error("{address}: {source}")]
    Io {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
}

/// Settlement that is served, until this value is dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves settlement at an address; at port 0, at one that is free.
    ///
    /// # Errors
    /// [`ServeError`].
    pub fn start<P: Proofs + 'static>(
        durable: Arc<Durable<P>>,
        address: SocketAddr,
    ) -> Result<Self, ServeError> {
        Self::start_with(durable, address, Limits::default())
    }

    /// The same, with these limits.
    ///
    /// # Errors
    /// [`ServeError`].
    pub fn start_with<P: Proofs + 'static>(
        durable: Arc<Durable<P>>,
        address: SocketAddr,
        limits: Limits,
    ) -> Result<Self, ServeError> {
        if !address.ip().is_loopback() {
            return Err(ServeError::NotLoopback(address));
        }
        let failed = |source| ServeError::Io { address, source };
        let (stop, stopping) = watch::channel(false);
        let (say, said) = mpsc::sync_channel(1);
        let router = router(durable, limits.body);
        let serve = move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            let runtime = match runtime {
                Ok(runtime) => runtime,
                Err(error) => return drop(say.send(Err(error))),
            };
            runtime.block_on(async move {
                let listener = match tokio::net::TcpListener::bind(address).await {
                    Ok(listener) => listener,
                    Err(error) => return drop(say.send(Err(error))),
                };
                let _ = say.send(listener.local_addr());
                connections::serve(listener, router, limits, stopping).await;
            });
        };
        let thread = std::thread::Builder::new().name("settlement".into());
        let thread = thread.spawn(serve).map_err(failed)?;
        let bound = said
            .recv()
            .unwrap_or_else(|_| Err(io::ErrorKind::Other.into()));
        Ok(Self {
            address: bound.map_err(failed)?,
            stop,
            thread: Some(thread),
        })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn router<P: Proofs + 'static>(durable: Arc<Durable<P>>, patience: Duration) -> Router {
    let turns = Arc::new(Semaphore::new(OPERATORS_CALLS));
    Router::new()
        .route(
            "/v1/calls",
            post(
                move |server: Shared<Arc<Durable<P>>>, headers: HeaderMap, body: Body| {
                    call::<P>(server, headers, body, Arc::clone(&turns), patience)
                },
            ),
        )
        .route(
            "/v1/status",
            get(|server: Shared<_>, headers: HeaderMap| {
                answer::<P, _>(server, headers, |settlement| settlement.status())
            }),
        )
        .route(
            "/v1/genesis",
            get(|server: Shared<_>, headers: HeaderMap| {
                answer::<P, _>(server, headers, |settlement| settlement.genesis())
            }),
        )
        .route(
            "/v1/claims",
            get(|server: Shared<_>, headers: HeaderMap| {
                answer::<P, _>(server, headers, |settlement| {
                    let claims = settlement.claims()?.into_iter();
                    Ok(claims.map(ClaimView::from).collect::<Vec<_>>())
                })
            }),
        )
        .route(
            "/v1/obligations",
            get(|server: Shared<_>, headers: HeaderMap, uri: Uri| {
                listed::<P, _>(server, headers, uri, |settlement, first, limit| {
                    settlement.obligations(first, limit).map(page)
                })
            }),
        )
        .route(
            "/v1/payments",
            get(|server: Shared<_>, headers: HeaderMap, uri: Uri| {
                listed::<P, _>(server, headers, uri, |settlement, first, limit| {
                    settlement.payments(first, limit)
                })
            }),
        )
        .route("/v1/batches/{number}", get(batch::<P>))
        .with_state(durable)
}

/// From which number on, and how many: `first` and `limit`, or 0 and [`PAGE`], which is the most.
fn asked(uri: &Uri) -> Result<(u64, usize), QueryError> {
    let query = Query::parse(uri.query(), &["first", "limit"])?;
    let first = query.number("first", "a number from 0 on, below 2^64")?;
    let limit = query.number::<u64>("limit", "a number from 0 on, below 2^64")?;
    let limit = limit.map_or(PAGE, |limit| usize::try_from(limit).unwrap_or(PAGE));
    Ok((first.unwrap_or(0), limit.min(PAGE)))
}

/// Answers by a list, from the number on and as long as the query says.
async fn listed<P: Proofs + 'static, T: Serialize>(
    server: Shared<Arc<Durable<P>>>,
    headers: HeaderMap,
    uri: Uri,
    ask: impl FnOnce(Handle<P>, u64, usize) -> Result<T, CallError> + Send + 'static,
) -> Response {
    match asked(&uri) {
        Ok((first, limit)) => {
            answer::<P, _>(server, headers, move |settlement| {
                ask(settlement, first, limit)
            })
            .await
        }
        Err(error) => {
            let message = format!("{}: {error}", error.parameter());
            problem(StatusCode::BAD_REQUEST, "query", &message)
        }
    }
}

fn problem(status: StatusCode, code: &str, message: &str) -> Response {
    let body = serde_json::json!({ "code": code, "message": message });
    json(status, body.to_string().into_bytes())
}

fn json(status: StatusCode, body: Vec<u8>) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// Who calls; nobody, if nobody says.
fn caller(headers: &HeaderMap) -> Result<Party, Box<Response>> {
    let Some(value) = headers.get(header::AUTHORIZATION) else {
        return Ok(Party::NOBODY);
    };
    let secret = value
        .to_str()
        .ok()
        .and_then(|text| text.strip_prefix("Bearer "));
    let secret = secret.and_then(|text| text.parse::<Secret>().ok());
    secret.map(|secret| secret.party()).ok_or_else(|| {
        let message = "authorization is Bearer, and a caller's secret: 64 hexadecimal digits";
        Box::new(problem(StatusCode::UNAUTHORIZED, "secret", message))
    })
}

fn failed(error: &CallError) -> Response {
    match error {
        CallError::Refused { code, message } => problem(StatusCode::CONFLICT, code, message),
        CallError::Unavailable { what, .. } => {
            problem(StatusCode::SERVICE_UNAVAILABLE, "unavailable", what)
        }
    }
}

/// Answers by what settlement says, in a thread that may wait for the disk.
async fn answer<P: Proofs + 'static, T: Serialize>(
    Shared(durable): Shared<Arc<Durable<P>>>,
    headers: HeaderMap,
    ask: impl FnOnce(Handle<P>) -> Result<T, CallError> + Send + 'static,
) -> Response {
    let caller = match caller(&headers) {
        Ok(caller) => caller,
        Err(response) => return *response,
    };
    let asked = move || match ask(durable.by(caller)) {
        Ok(value) => match serde_json::to_vec(&value) {
            Ok(body) => json(StatusCode::OK, body),
            Err(error) => problem(
                StatusCode::INTERNAL_SERVER_ERROR,
                "unavailable",
                &error.to_string(),
            ),
        },
        Err(error) => failed(&error),
    };
    wait(asked).await
}

async fn wait(work: impl FnOnce() -> Response + Send + 'static) -> Response {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| {
        problem(
            StatusCode::INTERNAL_SERVER_ERROR,
            "unavailable",
            &error.to_string(),
        )
    })
}

/// As many obligations as one answer has room for, and one at least.
fn page(mut obligations: Vec<(u64, Obligation)>) -> Vec<(u64, Obligation)> {
    let weight = |owed: &Owed| match owed {
        // two digits a byte
        Owed::Private { operation } => 2 * operation.proof.len() + (32 << 10),
        _ => 16 << 10,
    };
    let mut room = PAGE_BYTES;
    let fits = obligations.iter().take_while(|(_, obligation)| {
        let fits = room > 0;
        room = room.saturating_sub(weight(&obligation.what));
        fits
    });
    let fits = fits.count();
    obligations.truncate(fits);
    obligations
}

/// Makes a call. How long it may be depends on who makes it: nobody but the operator sends batches.
async fn call<P: Proofs + 'static>(
    Shared(durable): Shared<Arc<Durable<P>>>,
    headers: HeaderMap,
    body: Body,
    turns: Arc<Semaphore>,
    patience: Duration,
) -> Response {
    let who = match caller(&headers) {
        Ok(who) => who,
        Err(response) => return *response,
    };
    let operator = match durable.by(who).status() {
        Ok(status) => status.operator,
        Err(error) => return failed(&error),
    };
    let most = if who == operator {
        MAX_CALL_BYTES
    } else {
        MAX_OTHER_CALL_BYTES
    };
    let too_long = || {
        let message = format!("a call of {who} has at most {most} bytes, and comes as a whole");
        problem(StatusCode::PAYLOAD_TOO_LARGE, "too_long", &message)
    };
    if body.size_hint().lower() > most as u64 {
        return too_long();
    }
    let _turn = if who == operator {
        // a semaphore that is never closed
        Some(turns.acquire_owned().await)
    } else {
        None
    };
    let body = match tokio::time::timeout(patience, to_bytes(body, most)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return too_long(),
        Err(_) => {
            let message = "the bytes of the call took too long";
            return problem(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message);
        }
    };
    match Call::from_bytes(&body) {
        Ok(call) => {
            answer(Shared(durable), headers, move |settlement| {
                settlement.call(&call)
            })
            .await
        }
        Err(error) => problem(StatusCode::BAD_REQUEST, "bytes", &error.to_string()),
    }
}

async fn batch<P: Proofs + 'static>(
    Shared(durable): Shared<Arc<Durable<P>>>,
    uri: Uri,
) -> Response {
    // As it was sent: percent signs would be a second spelling.
    let text = uri.path().rsplit('/').next().unwrap_or_default();
    let Some(number) = number::<BatchNumber>(text) else {
        let message = "the number of a batch is decimal digits, below 2^64";
        return problem(StatusCode::BAD_REQUEST, "number", message);
    };
    wait(move || match durable.by(Party::NOBODY).batch(number) {
        Ok(Some(batch)) => {
            let kind = [(header::CONTENT_TYPE, "application/octet-stream")];
            (kind, batch.to_bytes()).into_response()
        }
        Ok(None) => {
            let message = format!("batch {number} is not settled");
            problem(StatusCode::NOT_FOUND, "not_settled", &message)
        }
        Err(error) => failed(&error),
    })
    .await
}
