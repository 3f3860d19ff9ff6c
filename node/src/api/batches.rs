//! Sealed batches: what they say, their records, their proofs.

use axum::{
    Json,
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use serde_json::json;

use winterlane_ledger::BatchNumber;

use super::{
    call::Call,
    json as forms,
    problem::{Kind, Problem},
};

/// As many batches of a list count as one request: of each the header, the job and the proof are looked up.
const AS_ONE: usize = 10;

pub(super) async fn list(call: Call) -> Result<Response, Problem> {
    let before: Option<BatchNumber> = call
        .query
        .number("before", "expected the number of a batch")?;
    let limit = call.query.limit(20, 100)?;
    call.counts_as(limit.div_ceil(AS_ONE))?;
    let batches = call
        .blocking(move |api| {
            let end = api.node.status()?.next_to_seal;
            let end = before.map_or(end, |before| before.min(end));
            let mut batches = Vec::new();
            for number in (0..end.get()).rev().take(limit).map(BatchNumber::new) {
                // Those before a snapshot are not in the store.
                let Some(view) = api.node.batch(number)? else {
                    break;
                };
                batches.push(forms::batch(number, &view));
            }
            Ok(batches)
        })
        .await?;
    Ok(Json(json!({ "batches": batches })).into_response())
}

pub(super) async fn view(call: Call) -> Result<Response, Problem> {
    let number: BatchNumber = call.parameters.number("batch")?;
    let view = call
        .blocking(move |api| Ok(api.node.batch(number)?))
        .await?;
    Ok(Json(forms::batch(number, &view.ok_or_else(|| missing(number))?)).into_response())
}

pub(super) async fn records(call: Call) -> Result<Response, Problem> {
    let number: BatchNumber = call.parameters.number("batch")?;
    let bytes = call
        .blocking(move |api| Ok(api.node.records(number)?))
        .await?;
    Ok(immutable(bytes.ok_or_else(|| missing(number))?))
}

pub(super) async fn proof(call: Call) -> Result<Response, Problem> {
    let number: BatchNumber = call.parameters.number("batch")?;
    let bytes = call
        .blocking(move |api| Ok(api.node.batch_proof(number)?))
        .await?;
    let none =
        || Problem::new(Kind::NotFound, format!("batch {number} has no proof yet")).at("batch");
    Ok(immutable(bytes.ok_or_else(none)?))
}

pub(super) fn missing(number: BatchNumber) -> Problem {
    Problem::new(Kind::NotFound, format!("batch {number} is not sealed")).at("batch")
}

/// What is sealed or proven never changes.
pub(super) fn immutable(bytes: Vec<u8>) -> Response {
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/octet-stream"),
        ),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("max-age=31536000, immutable"),
        ),
    ];
    (headers, bytes).into_response()
}
