//! What a worker shows of itself, in Prometheus' text format.
//!
//! | metric | meaning |
//! |---|---|
//! | `winterlane_worker_jobs_total{end}` | jobs, by how they ended: `proven`, `late`, `failed`, `too_large`, `unable`, `given_up` |
//! | `winterlane_worker_busy` | 1 while a job is under way |
//! | `winterlane_worker_resting` | 1 while no jobs are taken, since the worker cannot do them |
//! | `winterlane_worker_prove_seconds` | how long proofs took |
//! | `winterlane_worker_checks_total{verdict}` | private operations, by what was said of their proofs: `holds`, `refused`, or nothing (`none`) |
//! | `winterlane_worker_check_seconds` | how long verifying them took |
//! | `winterlane_worker_queue_reachable` | 0 while the queue cannot be used |
//! | `winterlane_worker_object_store_failures_total` | requests to the object store that failed |

use std::{net::SocketAddr, thread::Builder, time::Duration};

use axum::{Router, http::header::CONTENT_TYPE, routing::get};
use metrics::{counter, gauge, histogram};
use tokio::{net::TcpListener, sync::watch};

use crate::{
    api::{
        install_metrics,
        server::{self, ServerConfig},
    },
    panel::Verdict,
};

/// How a job ended.
#[derive(Clone, Copy, Debug)]
pub(super) enum Counted {
    /// Proven, and handed in.
    Proven,
    /// Proven, when nobody needed it any more.
    Late,
    Failed,
    TooLarge,
    /// Given back: what is wrong is the worker's, or its object store's.
    Unable,
    GivenUp,
}

pub(super) fn count(end: Counted) {
    let end = match end {
        Counted::Proven => "proven",
        Counted::Late => "late",
        Counted::Failed => "failed",
        Counted::TooLarge => "too_large",
        Counted::Unable => "unable",
        Counted::GivenUp => "given_up",
    };
    counter!("winterlane_worker_jobs_total", "end" => end).increment(1);
}

pub(super) fn busy(busy: bool) {
    gauge!("winterlane_worker_busy").set(f64::from(u8::from(busy)));
}

/// Whether no jobs are taken, since the worker cannot do them.
pub(super) fn resting(resting: bool) {
    gauge!("winterlane_worker_resting").set(f64::from(u8::from(resting)));
}

pub(super) fn reachable(reachable: bool) {
    gauge!("winterlane_worker_queue_reachable").set(f64::from(u8::from(reachable)));
}

pub(super) fn proved(took: Duration) {
    histogram!("winterlane_worker_prove_seconds").record(took.as_secs_f64());
}

/// What was said of the proof of a private operation, and how long that took.
pub(super) fn checked(verdict: Option<&Verdict>, took: Duration) {
    let verdict = match verdict {
        Some(Verdict::Holds) => "holds",
        Some(Verdict::Refused(_)) => "refused",
        None => "none",
    };
    counter!("winterlane_worker_checks_total", "verdict" => verdict).increment(1);
    histogram!("winterlane_worker_check_seconds").record(took.as_secs_f64());
}

pub(super) fn object_store_failed() {
    counter!("winterlane_worker_object_store_failures_total").increment(1);
}

/// Serves `/metrics` and `/livez` on a thread of its own, as long as the process lives. Gives the address: a port
/// that was 0 is chosen.
///
/// # Errors
/// What the system says when the address cannot be listened on, or there is no thread.
pub fn serve(address: SocketAddr) -> std::io::Result<SocketAddr> {
    let handle = install_metrics();
    busy(false);
    resting(false);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let listener = runtime.block_on(TcpListener::bind(address))?;
    let address = listener.local_addr()?;
    let text = [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    let router = Router::new()
        .route("/livez", get(async || "live\n"))
        .route("/metrics", get(async move || (text, handle.render())));
    let config = ServerConfig::default().watching();
    Builder::new().name("metrics".into()).spawn(move || {
        // nobody stops it before the process ends
        let (_running, stopping) = watch::channel(false);
        if let Err(error) =
            runtime.block_on(server::serve(listener, router, None, config, stopping))
        {
            tracing::error!(%error, "metrics are not served any more");
        }
    })?;
    Ok(address)
}
