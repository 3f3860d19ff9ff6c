//! Accounts: what they hold, the proof of it, and what happened to them.

use axum::{
    Json,
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};
use winterlane_ledger::{AccountId, BatchNumber, Record, codec::CanonicalBytes as _, wire};

use super::{
    Api,
    call::Call,
    json as forms,
    parameters::number,
    problem::{Kind, Problem},
};
use crate::HistoryPlace;

pub(super) async fn view(call: Call) -> Result<Response, Problem> {
    let id: AccountId = call.parameters.number("account")?;
    let view = call.blocking(move |api| Ok(api.node.account(id)?)).await?;
    let missing = || {
        let text = format!("account {id} is empty, and nothing pending creates it");
        Problem::new(Kind::NotFound, text).at("account")
    };
    Ok(Json(forms::account_view(&view.ok_or_else(missing)?)).into_response())
}

/// An empty leaf is proven too: there is always an answer.
pub(super) async fn proof(call: Call) -> Result<Response, Problem> {
    let id: AccountId = call.parameters.number("account")?;
    let bytes = call.wants_bytes();
    let proven = call
        .blocking(move |api| Ok(api.node.account_proof(id)?))
        .await?;
    let canonical = proven.proof.to_bytes();
    if bytes {
        let name = header::HeaderName::from_static("winterlane-root");
        let root = HeaderValue::from_str(&proven.root.to_string());
        let root = root.unwrap_or(HeaderValue::from_static(""));
        let kind = HeaderValue::from_static("application/octet-stream");
        return Ok(([(header::CONTENT_TYPE, kind), (name, root)], canonical).into_response());
    }
    // Checked here too: a store that contradicts itself is noticed before a wallet is.
    let verified = proven.proof.verify(&proven.root).is_ok();
    let siblings: Vec<_> = proven
        .proof
        .siblings
        .iter()
        .map(ToString::to_string)
        .collect();
    Ok(Json(json!({
        "id": id,
        "batch": proven.batch,
        "root": proven.root.to_string(),
        "account": proven.proof.account.as_ref().map(forms::account),
        "siblings": siblings,
        "canonical": crate::keys::hex(&canonical),
        "checked_by_node": verified,
    }))
    .into_response())
}

pub(super) async fn pending(call: Call) -> Result<Response, Problem> {
    let id: AccountId = call.parameters.number("account")?;
    let orders = call.blocking(move |api| Ok(api.node.pending(id)?)).await?;
    Ok(Json(forms::pending(&orders)).into_response())
}

pub(super) async fn history(call: Call) -> Result<Response, Problem> {
    let id: AccountId = call.parameters.number("account")?;
    let before = call.query.get("before", "expected BATCH.POSITION", place)?;
    let limit = call.query.limit(20, 100)?;
    let places = call
        .blocking(move |api| Ok(api.node.history(id, before, limit)?))
        .await?;
    call.counts_as(batches(&places))?;
    let entries = call.blocking(move |api| entries(api, places)).await?;
    let next = entries
        .last()
        .map(|(place, _)| format!("{}.{}", place.batch, place.position));
    let full = entries.len() == limit;
    let entries: Vec<_> = entries
        .into_iter()
        .map(|(place, record)| json!({ "batch": place.batch, "position": place.position, "record": record }))
        .collect();
    Ok(
        Json(json!({ "id": id, "entries": entries, "next": next.filter(|_| full) }))
            .into_response(),
    )
}

/// In how many batches the places are: each is decoded as a whole, so that a page counts as so many requests.
fn batches(places: &[HistoryPlace]) -> usize {
    places.chunk_by(|one, next| one.batch == next.batch).count()
}

/// Places of an account's history, newest first, with the records that are there. Each batch is decoded once.
fn entries(api: &Api, places: Vec<HistoryPlace>) -> Result<Vec<(HistoryPlace, Value)>, Problem> {
    let mut batch: Option<(BatchNumber, Vec<Record>)> = None;
    let mut entries = Vec::new();
    for place in places {
        if batch
            .as_ref()
            .is_none_or(|(number, _)| *number != place.batch)
        {
            let bytes = api.node.records(place.batch)?.unwrap_or_default();
            batch = Some((
                place.batch,
                wire::decode(&bytes, place.batch).unwrap_or_default(),
            ));
        }
        let position = usize::try_from(place.position).unwrap_or(usize::MAX);
        let record = batch
            .as_ref()
            .and_then(|(_, records)| records.get(position));
        let record = record.ok_or_else(|| {
            tracing::error!(
                batch = place.batch.get(),
                position,
                "a place of the history has no record"
            );
            Problem::new(Kind::Storage, "the store contradicts itself")
        })?;
        entries.push((place, forms::record(record)));
    }
    Ok(entries)
}

/// `BATCH.POSITION`.
fn place(text: &str) -> Option<HistoryPlace> {
    let (batch, position) = text.split_once('.')?;
    let (batch, position) = (number(batch)?, number(position)?);
    Some(HistoryPlace { batch, position })
}
