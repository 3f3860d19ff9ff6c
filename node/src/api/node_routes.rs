//! How the node is, and what its operators tell it to do.

use std::time::Duration;

use axum::{
    Json,
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;
use serde_json::json;

use winterlane_ledger::BatchNumber;

use super::{
    body,
    call::Call,
    json as forms,
    problem::{Kind, Problem},
};
use crate::keys::Scope;

/// A command without words.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Empty {}

pub(super) async fn status(call: Call) -> Result<Response, Problem> {
    let value = call
        .blocking(|api| {
            let mut value = forms::status(&api.node.status()?);
            value["environment"] = json!(api.keys.environment().as_str());
            value["audit"] = forms::to_value(&api.keys.head());
            value["answer_p50_ms"] = json!(api.answers.percentile(50));
            value["answer_p99_ms"] = json!(api.answers.percentile(99));
            value["version"] = json!(env!("CARGO_PKG_VERSION"));
            Ok(value)
        })
        .await?;
    Ok(Json(value).into_response())
}

pub(super) async fn fees(call: Call) -> Result<Response, Problem> {
    let fees = call.blocking(|api| Ok(api.node.fees()?)).await?;
    Ok(Json(forms::fees(&fees)).into_response())
}

pub(super) async fn time(call: Call) -> Result<Response, Problem> {
    let now = call.api.keys.now();
    let window = call.api.keys.window();
    Ok(
        Json(json!({ "unix_ms": now.millis(), "window_seconds": window.as_secs() }))
            .into_response(),
    )
}

pub(super) async fn alerts(call: Call) -> Result<Response, Problem> {
    Ok(Json(json!({ "alerts": call.api.alerts.list() })).into_response())
}

pub(super) async fn pause(call: Call) -> Result<Response, Problem> {
    announce(&call, "pause").await?;
    call.api.node.pause().await?;
    Ok(done())
}

pub(super) async fn resume(call: Call) -> Result<Response, Problem> {
    announce(&call, "resume").await?;
    call.api.node.resume().await?;
    Ok(done())
}

pub(super) async fn seal(call: Call) -> Result<Response, Problem> {
    announce(&call, "seal").await?;
    let batch = call.api.node.seal_now().await?;
    Ok(Json(json!({ "batch": batch })).into_response())
}

pub(super) async fn requeue(call: Call) -> Result<Response, Problem> {
    let batch: BatchNumber = call.parameters.number("batch")?;
    announce(&call, &format!("requeue {batch}")).await?;
    call.api.node.requeue(batch).await?;
    Ok(done())
}

pub(super) async fn reload_certificate(call: Call) -> Result<Response, Problem> {
    announce(&call, "reload-certificate").await?;
    call.blocking(|api| {
        let tls = api.tls.get().ok_or_else(|| {
            Problem::new(Kind::Conflict, "the interface is served without TLS")
        })?;
        tls.reload().map_err(|error| {
            // Paths and what is in files are for the log.
            tracing::error!(%error, "the certificate is not read again");
            let text = "the certificate or its key cannot be used; the one before goes on, and the node's log says why";
            Problem::new(Kind::Conflict, text)
        })
    })
    .await?;
    tracing::info!("the certificate was read again");
    Ok(done())
}

/// Writes an operator's act down before it is carried out.
async fn announce(call: &Call, act: &str) -> Result<(), Problem> {
    let Empty {} = body::command(call.media, &call.body)?;
    let (key, act) = (call.key()?, act.to_owned());
    call.blocking(move |api| Ok(api.keys.operated(key, Scope::Operate, act)?))
        .await
}

pub(super) fn done() -> Response {
    Json(json!({ "done": true })).into_response()
}

/// Seconds of a request as a duration.
pub(super) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
