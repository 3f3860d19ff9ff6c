//! The shielded pool: operations in, and what wallets scan.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;
use serde_json::json;
use winterlane_ledger::{
    Anchor, BatchNumber, Digest,
    codec::CanonicalBytes as _,
    pool::PrivateOperation,
    private::{Nullifier, PrivateInputs},
};

use super::{
    batches::{immutable, missing},
    body::{self, Media},
    call::Call,
    json::{HexBytes, SignedOrderJson},
    orders::{answer, from_json},
    problem::{Kind, Problem},
};
use crate::{
    NullifierState, OrderId, Receipt, SubmitError,
    keys::hex,
    private::{self, FormError, NewNote, Shielding},
};

/// A withdrawal and the note that it pays for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ShieldingJson {
    order: SignedOrderJson,
    note: NoteJson,
}

/// A note that an order is to pay for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoteJson {
    blinded: Digest,
    sealed: HexBytes,
}

/// A private transfer or withdrawal.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OperationJson {
    inputs: HexBytes,
    sealed: Vec<HexBytes>,
    proof: HexBytes,
}

fn media(call: &Call) -> Result<Media, Problem> {
    call.media
        .ok_or_else(|| Problem::field("body", "expected an operation of the pool"))
}

pub(super) async fn shield(call: Call) -> Result<Response, Problem> {
    let shielding = match media(&call)? {
        Media::Binary => {
            Shielding::from_bytes(&call.body).map_err(SubmitError::MalformedPrivate)?
        }
        Media::Json => {
            let ShieldingJson { order, note } = body::json(&call.body)?;
            Shielding {
                order: from_json(order, "order.")?,
                note: NewNote {
                    blinded: note.blinded,
                    sealed: note.sealed.0,
                },
            }
        }
    };
    accepted(&call.api.node.shield(shielding).await?)
}

pub(super) async fn transfer(call: Call) -> Result<Response, Problem> {
    submit(call, |inputs| matches!(inputs, PrivateInputs::Transfer(_))).await
}

pub(super) async fn withdraw(call: Call) -> Result<Response, Problem> {
    submit(call, |inputs| {
        matches!(inputs, PrivateInputs::Withdrawal(_))
    })
    .await
}

/// As many requests a private operation counts as: to verify its proof takes about as long as to check so many orders, and
/// few proofs are verified at a time.
const COUNTS_AS: usize = 20;

async fn submit(call: Call, is_one: fn(&PrivateInputs) -> bool) -> Result<Response, Problem> {
    call.counts_as(COUNTS_AS)?;
    let operation = match media(&call)? {
        Media::Binary => private::decode(&call.body).map_err(SubmitError::MalformedPrivate)?,
        Media::Json => {
            let OperationJson {
                inputs,
                sealed,
                proof,
            } = body::json(&call.body)?;
            let inputs = PrivateInputs::from_bytes(&inputs.0).map_err(|source| {
                let error = FormError::Value {
                    what: "the public inputs",
                    source,
                };
                Problem::from(SubmitError::MalformedPrivate(error)).at("inputs")
            })?;
            PrivateOperation {
                inputs,
                sealed: sealed.into_iter().map(|sealed| sealed.0).collect(),
                proof: proof.0,
            }
        }
    };
    if !is_one(&operation.inputs) {
        let what = "of another kind than this address takes";
        return Err(Problem::field("inputs", what));
    }
    accepted(&call.api.node.submit_private(operation).await?)
}

fn accepted(receipt: &Receipt) -> Result<Response, Problem> {
    Ok((StatusCode::ACCEPTED, Json(answer(receipt))).into_response())
}

/// The most notes of one answer.
const MOST_NOTES: usize = 4096;
/// As many notes count as one request: each is read from the store, and written out.
const AS_ONE: usize = 256;

pub(super) async fn notes(call: Call) -> Result<Response, Problem> {
    let what = "expected the position of a note";
    let from: u64 = call.query.number("from", what)?.unwrap_or(0);
    let limit = call.query.limit(1024, MOST_NOTES)?;
    let bytes = call.wants_bytes();
    // before any is read; and what there is, not what was asked for: a wallet that is nearly at the end asks for a whole page
    let there = call.blocking(|api| Ok(api.node.anchors(0)?.notes)).await?;
    let due = usize::try_from(there.saturating_sub(from)).unwrap_or(usize::MAX);
    call.counts_as(due.min(limit).div_ceil(AS_ONE))?;
    let found = call
        .blocking(move |api| Ok(api.node.notes(from, limit)?))
        .await?;
    if bytes {
        let mut out = Vec::new();
        for note in &found.notes {
            out.extend_from_slice(&note.batch.get().to_le_bytes());
            out.extend_from_slice(&note.commitment.0.to_bytes());
            // at most some kilobytes each
            let length = u16::try_from(note.sealed.len()).unwrap_or(u16::MAX);
            out.extend_from_slice(&length.to_le_bytes());
            out.extend_from_slice(&note.sealed);
        }
        let kind = axum::http::HeaderValue::from_static("application/octet-stream");
        return Ok(([(axum::http::header::CONTENT_TYPE, kind)], out).into_response());
    }
    let notes: Vec<_> = found
        .notes
        .iter()
        .map(|note| {
            json!({
                "position": note.position, "batch": note.batch, "commitment": note.commitment.0.to_string(),
                "sealed": hex(&note.sealed),
            })
        })
        .collect();
    Ok(Json(json!({
        "notes": notes, "count": found.count, "anchor": found.anchor.to_string(),
    }))
    .into_response())
}

pub(super) async fn anchors(call: Call) -> Result<Response, Problem> {
    let limit = call.query.limit(16, winterlane_ledger::pool::ANCHORS)?;
    let found = call
        .blocking(move |api| Ok(api.node.anchors(limit)?))
        .await?;
    let anchor =
        |(number, root): &(u64, Anchor)| json!({ "number": number, "root": root.to_string() });
    let anchors: Vec<_> = found.anchors.iter().map(anchor).collect();
    Ok(Json(json!({
        "anchors": anchors, "notes": found.notes, "open_batch": found.open_batch,
    }))
    .into_response())
}

pub(super) async fn nullifier(call: Call) -> Result<Response, Problem> {
    let nullifier: Digest = call.parameters.name("nullifier")?;
    let state = call
        .blocking(move |api| Ok(api.node.nullifier(&Nullifier(nullifier))?))
        .await?;
    let (state, by): (_, Option<OrderId>) = match state {
        NullifierState::Unspent => ("unspent", None),
        NullifierState::Pending(by) => ("pending", Some(by)),
        NullifierState::Spent(by) => ("spent", Some(by)),
    };
    let by = by.map(|by| by.to_string());
    Ok(
        Json(json!({ "nullifier": nullifier.to_string(), "state": state, "by": by }))
            .into_response(),
    )
}

pub(super) async fn proof(call: Call) -> Result<Response, Problem> {
    let ProofDigest(digest) = call.parameters.name("proof")?;
    let bytes = call
        .blocking(move |api| Ok(api.node.private_proof(&digest)?))
        .await?;
    let none = || Problem::new(Kind::NotFound, "no private operation has this proof").at("proof");
    Ok(immutable(bytes.ok_or_else(none)?))
}

/// The published bytes of a batch's operations of the pool.
pub(super) async fn operations(call: Call) -> Result<Response, Problem> {
    let number: BatchNumber = call.parameters.number("batch")?;
    let bytes = call
        .blocking(move |api| Ok(api.node.pool_operations(number)?))
        .await?;
    Ok(immutable(bytes.ok_or_else(|| missing(number))?))
}

/// The digest of a proof, in hexadecimal.
struct ProofDigest([u8; 32]);

impl std::str::FromStr for ProofDigest {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        crate::keys::unhex(text).map(Self).ok_or(())
    }
}
