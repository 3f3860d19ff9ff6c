//! Orders: in, and where they are.

use std::time::Instant;

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};
use winterlane_ledger::{SignedOrder, codec::CanonicalBytes as _};

use super::{
    body::{self, Media},
    call::Call,
    json::{self as forms, BatchJson, SignedOrderJson},
    problem::{Kind, Problem},
};
use crate::{OrderId, Receipt, SubmitError};

/// The most orders of one request.
pub(super) const MOST: usize = 512;

pub(super) async fn submit(call: Call) -> Result<Response, Problem> {
    let order = match media(&call)? {
        Media::Binary => SignedOrder::from_bytes(&call.body).map_err(SubmitError::Malformed)?,
        Media::Json => from_json(body::json::<SignedOrderJson>(&call.body)?, "")?,
    };
    let began = Instant::now();
    let receipt = call.api.node.submit(order).await?;
    call.api.answers.note(began.elapsed());
    Ok((StatusCode::ACCEPTED, Json(answer(&receipt))).into_response())
}

pub(super) async fn submit_many(call: Call) -> Result<Response, Problem> {
    let orders: Vec<Result<SignedOrder, Problem>> = match media(&call)? {
        Media::Binary => framed(&call.body)?
            .into_iter()
            .map(|bytes| {
                SignedOrder::from_bytes(bytes).map_err(|error| SubmitError::Malformed(error).into())
            })
            .collect(),
        Media::Json => {
            let orders = body::json::<BatchJson>(&call.body)?.orders;
            let orders = orders.into_iter().enumerate();
            orders
                .map(|(place, order)| from_json(order, &format!("orders[{place}].")))
                .collect()
        }
    };
    if orders.is_empty() || orders.len() > MOST {
        return Err(Problem::field(
            "orders",
            format!("expected 1 to {MOST} orders, not {}", orders.len()),
        ));
    }
    call.counts_as(orders.len())?;
    let good = orders
        .iter()
        .filter_map(|order| order.as_ref().ok().cloned())
        .collect();
    let began = Instant::now();
    let mut receipts = call.api.node.submit_many(good).await.into_iter();
    call.api.answers.note(began.elapsed());
    let results: Vec<Value> = orders
        .into_iter()
        .map(|order| {
            let result = order.and_then(|_| {
                let receipt = receipts.next().unwrap_or(Err(SubmitError::Stopped));
                receipt.map_err(Problem::from)
            });
            match result {
                Ok(receipt) => json!({ "receipt": answer(&receipt) }),
                Err(problem) => json!({ "problem": problem.document() }),
            }
        })
        .collect();
    Ok(Json(json!({ "results": results })).into_response())
}

pub(super) async fn state(call: Call) -> Result<Response, Problem> {
    let id: OrderId = call.parameters.name("order")?;
    let state = call
        .blocking(move |api| Ok(api.node.order_status(&id)?))
        .await?;
    let missing = || {
        let text = "the node has not taken this order: it was refused, never came, or its answer was lost before it was on the disk";
        Problem::new(Kind::NotFound, text).at("order")
    };
    Ok(Json(forms::order_state(&id, &state.ok_or_else(missing)?)).into_response())
}

fn media(call: &Call) -> Result<Media, Problem> {
    call.media
        .ok_or_else(|| Problem::field("body", "expected a signed order"))
}

pub(super) fn from_json(order: SignedOrderJson, prefix: &str) -> Result<SignedOrder, Problem> {
    order
        .into_order()
        .map_err(|wrong| Problem::field(format!("{prefix}{}", wrong.field), wrong.what))
}

pub(super) fn answer(receipt: &Receipt) -> Value {
    json!({
        "id": receipt.id.to_string(), "sequence": receipt.sequence, "batch": receipt.batch,
        "known": receipt.known,
    })
}

/// Orders one after another, each after its length in four little-endian bytes.
fn framed(mut bytes: &[u8]) -> Result<Vec<&[u8]>, Problem> {
    let mut orders = Vec::new();
    while !bytes.is_empty() {
        let place = orders.len();
        let wrong = || {
            let what = "expected a length in four little-endian bytes, and that many bytes";
            Problem::field(format!("orders[{place}]"), what)
        };
        if place == MOST {
            return Err(Problem::field(
                "orders",
                format!("expected 1 to {MOST} orders"),
            ));
        }
        let (length, rest) = bytes.split_first_chunk::<4>().ok_or_else(wrong)?;
        let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| wrong())?;
        let (order, rest) = rest.split_at_checked(length).ok_or_else(wrong)?;
        orders.push(order);
        bytes = rest;
    }
    Ok(orders)
}
