//! The node's HTTP interface.
//!
//! Every route is one row of one table (`routes`): method, path, who may call it, how large its body may be, what it
//! does, and its words in the OpenAPI document, which is made from the same rows. So a route that is served is a route
//! that is documented and guarded.
//!
//! What a call goes through, in this order: a token of the caller's bucket; the body, bounded and whole; the credentials
//! ([`crate::keys`]); the scope; the nonce, on the disk; the handler, which has a time limit; room for the answer, if it is a
//! large one (`room`). Whatever is refused on the way is answered with a problem document (RFC 9457) and has changed nothing.
//!
//! What one address may have of anything counts for the address of the connection's other end, or for that of the client on
//! whose behalf a proxy asks, if the operator names the proxy ([`Proxies`]).
//!
//! Health and metrics have a listener of their own ([`health`]): they are for the machines that watch the node, and not for
//! the world.

mod accounts;
mod admin;
mod batches;
mod body;
mod call;
mod callers;
mod convert;
mod crowd;
mod dashboard;
mod events;
pub mod health;
mod json;
mod limits;
mod measures;
mod node_routes;
mod openapi;
mod orders;
mod parameters;
mod private;
mod problem;
mod proxies;
mod room;
mod routes;
pub mod server;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::{
    Router,
    extract::{RawPathParams, Request, State, rejection::RawPathParamsRejection},
    http::Uri,
    response::IntoResponse as _,
    routing::{MethodFilter, on},
};
pub use json::signed_order;
pub use measures::{install as install_metrics, update as update_metrics};
pub use problem::{Kind, Problem};
pub use proxies::Proxies;
use tokio::sync::{Semaphore, watch};

use self::{limits::Limits, routes::Route};
use crate::{
    Node,
    keys::{Keys, Scope, Scopes},
    tls::Tls,
};

/// What the interface is told.
#[derive(Clone, Debug)]
pub struct ApiConfig {
    /// What callers without credentials may do: some of `read` and `submit`.
    pub open: Scopes,
    /// Requests a second of one address; an order counts as one. 0: no limit.
    pub requests_per_second: u32,
    /// Requests a second of one key. 0: no limit.
    pub key_requests_per_second: u32,
    /// Requests that are carried out at once.
    pub concurrency: usize,
    /// Listeners of events at once; one address, or one key, has a quarter of them at most.
    pub listeners: usize,
    /// How long a handler may take.
    pub timeout: Duration,
}

impl Default for ApiConfig {
    /// Everyone reads and submits, 200 requests a second of an address and 5,000 of a key, 1,024 at once, 256 listeners,
    /// 30 seconds.
    fn default() -> Self {
        Self {
            open: Scopes::of(&[Scope::Read, Scope::Submit]),
            requests_per_second: 200,
            key_requests_per_second: 5_000,
            concurrency: 1024,
            listeners: 256,
            timeout: Duration::from_secs(30),
        }
    }
}

/// The interface of one node: state that all requests share.
pub struct Api {
    node: Node,
    keys: Arc<Keys>,
    config: ApiConfig,
    by_address: Limits,
    by_key: Limits,
    at_once: Semaphore,
    bodies: body::Room,
    answers_room: room::Room,
    listeners: events::Listeners,
    alerts: events::Alerts,
    answers: measures::Answers,
    tls: OnceLock<Arc<Tls>>,
    stopping: watch::Receiver<bool>,
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl Api {
    /// The interface of `node`, guarded by `keys`. Streams of events end once `stopping` holds `true`.
    #[must_use]
    pub fn new(
        node: Node,
        keys: Arc<Keys>,
        config: ApiConfig,
        stopping: watch::Receiver<bool>,
    ) -> Arc<Self> {
        Arc::new(Self {
            by_address: Limits::new(config.requests_per_second),
            by_key: Limits::new(config.key_requests_per_second),
            at_once: Semaphore::new(config.concurrency),
            bodies: body::Room::new(body::ROOM),
            answers_room: room::Room::new(),
            listeners: events::Listeners::new(config.listeners),
            alerts: events::Alerts::default(),
            answers: measures::Answers::default(),
            tls: OnceLock::new(),
            node,
            keys,
            config,
            stopping,
        })
    }

    /// The node.
    #[must_use]
    pub const fn node(&self) -> &Node {
        &self.node
    }

    /// Tells the interface by which certificate it is served, so that an operator can have it read again. Once.
    pub fn served_by(&self, tls: Arc<Tls>) {
        // There is one listener with TLS, and one who says so.
        let _ = self.tls.set(tls);
    }

    /// The keys.
    #[must_use]
    pub const fn keys(&self) -> &Arc<Keys> {
        &self.keys
    }

    /// Does what comes up now and then, until the node stops: writes the times of use of keys to the disk, forgets callers
    /// who have gone, and keeps the last alarms for the page.
    pub async fn housekeeping(self: Arc<Self>) {
        let mut stopping = self.stopping.clone();
        let mut minute = tokio::time::interval(Duration::from_secs(60));
        let mut events = self.node.subscribe();
        loop {
            tokio::select! {
                _ = minute.tick() => self.tidy(),
                event = events.recv() => match event {
                    Ok(event) => self.alerts.note(&event, self.keys.now()),
                    Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
                    Err(tokio::sync::broadcast::error::RecvError::Closed) => break,
                },
                _ = stopping.changed() => break,
            }
        }
        self.tidy();
    }

    fn tidy(&self) {
        self.by_address.forget();
        self.by_key.forget();
        if let Err(error) = self.keys.flush_usage() {
            tracing::warn!(%error, "times of use of keys");
        }
    }

    /// The routes as an axum router.
    pub fn router(self: &Arc<Self>) -> Router {
        let mut router = Router::new();
        for route in routes::table() {
            let handler =
                move |State(api): State<Arc<Self>>, parameters: Parameters, request: Request| {
                    serve(api, route, parameters, request)
                };
            router = router.route(route.path, on(filter(route.method), handler));
        }
        router
            .fallback(|uri: Uri| async move {
                let detail = format!("nothing is at {}; /openapi.json lists what is", uri.path());
                Problem::new(Kind::NotFound, detail)
            })
            .method_not_allowed_fallback(|uri: Uri| async move {
                let here = routes::table()
                    .iter()
                    .filter(|route| routes::matches(route.path, uri.path()));
                let methods: Vec<_> = here.map(|route| route.method.name()).collect();
                let allow = methods.join(", ");
                let problem = Problem::new(Kind::Method, format!("this path has: {allow}"));
                ([(axum::http::header::ALLOW, allow)], problem).into_response()
            })
            .with_state(Arc::clone(self))
    }
}

/// The parameters of a path; refused when they are no UTF-8.
type Parameters = Result<RawPathParams, RawPathParamsRejection>;

async fn serve(
    api: Arc<Api>,
    route: &'static Route,
    parameters: Parameters,
    request: Request,
) -> axum::response::Response {
    let began = std::time::Instant::now();
    let response = match call::carry_out(&api, route, parameters, request).await {
        Ok(response) => response,
        Err(problem) => {
            measures::refused(problem.kind());
            problem.into_response()
        }
    };
    measures::served(route, response.status(), began.elapsed());
    response
}

const fn filter(method: routes::Method) -> MethodFilter {
    match method {
        routes::Method::Get => MethodFilter::GET,
        routes::Method::Post => MethodFilter::POST,
    }
}
