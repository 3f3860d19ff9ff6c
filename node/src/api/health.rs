//! Health and metrics, on a listener of their own.
//!
//! | path | answer |
//! |---|---|
//! | `/livez` | 200 while the process can answer at all and its storage has not failed; else 503: restart it |
//! | `/readyz` | 200 while orders are taken; else 503: send them elsewhere, do not restart |
//! | `/metrics` | Prometheus' text format |

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use metrics_exporter_prometheus::PrometheusHandle;

use super::{Api, measures};

/// The routes.
pub fn router(api: &Arc<Api>, metrics: PrometheusHandle) -> Router {
    Router::new()
        .route("/livez", get(live))
        .route("/readyz", get(ready))
        .route(
            "/metrics",
            get(move |state: State<Arc<Api>>| scrape(state, metrics.clone())),
        )
        .with_state(Arc::clone(api))
}

async fn live(State(api): State<Arc<Api>>) -> Response {
    blocking(move || {
        if api.keys.failed() || api.node.status().is_err() {
            return (
                StatusCode::SERVICE_UNAVAILABLE,
                "storage failed or node stopped\n",
            )
                .into_response();
        }
        "live\n".into_response()
    })
    .await
}

async fn ready(State(api): State<Arc<Api>>) -> Response {
    blocking(move || {
        let why = match api.node.status() {
            _ if *api.stopping.borrow() => "stopping\n",
            _ if api.keys.failed() => "storage failed\n",
            Err(_) => "stopped\n",
            Ok(status) if status.paused => "paused\n",
            Ok(status) if status.read_only => "disk nearly full\n",
            Ok(status) if status.too_far_ahead => "too much not settled\n",
            Ok(status) if !status.ready() => "too much pending\n",
            Ok(_) => return "ready\n".into_response(),
        };
        (StatusCode::SERVICE_UNAVAILABLE, why).into_response()
    })
    .await
}

async fn scrape(State(api): State<Arc<Api>>, handle: PrometheusHandle) -> Response {
    blocking(move || {
        measures::update(&api);
        handle.run_upkeep();
        let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
        ([(header::CONTENT_TYPE, kind)], handle.render()).into_response()
    })
    .await
}

async fn blocking(work: impl FnOnce() -> Response + Send + 'static) -> Response {
    let failed = || (StatusCode::SERVICE_UNAVAILABLE, "no answer\n").into_response();
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|_| failed())
}
