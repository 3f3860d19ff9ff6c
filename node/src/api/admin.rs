//! Keys over HTTP.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::{
    body,
    call::Call,
    json as forms,
    node_routes::{Empty, done, seconds},
    problem::Problem,
};
use crate::keys::{
    ClientName, KeyId, KeyRecord, Keys, NewKey, NewVerifier, Outcome, PublicKey, Role, Scopes,
    SignatureBytes,
};

/// A day.
const DAY: u64 = 24 * 60 * 60;

/// All members of both kinds, and not an enumeration: so that what is wrong is told by its whole path, and nothing but an
/// object is read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct VerifierJson {
    r#type: VerifierKind,
    #[serde(default, deserialize_with = "given")]
    public: Option<PublicKey>,
    #[serde(default, deserialize_with = "given")]
    proof: Option<SignatureBytes>,
}

/// A member that is there has a value: `null` is none.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(value: D) -> Result<Option<T>, D::Error> {
    T::deserialize(value).map(Some)
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum VerifierKind {
    Ed25519,
    Bearer,
}

impl TryFrom<VerifierJson> for NewVerifier {
    type Error = Problem;

    fn try_from(verifier: VerifierJson) -> Result<Self, Problem> {
        let VerifierJson {
            r#type,
            public,
            proof,
        } = verifier;
        let missing = |field| Problem::field(field, "a verifier of this type has this member");
        let stray = |field| Problem::field(field, "a verifier of this type has no such member");
        match (r#type, public, proof) {
            (VerifierKind::Ed25519, Some(public), Some(proof)) => {
                Ok(Self::Ed25519 { public, proof })
            }
            (VerifierKind::Ed25519, None, _) => Err(missing("verifier.public")),
            (VerifierKind::Ed25519, _, None) => Err(missing("verifier.proof")),
            (VerifierKind::Bearer, None, None) => Ok(Self::Bearer),
            (VerifierKind::Bearer, Some(_), _) => Err(stray("verifier.public")),
            (VerifierKind::Bearer, _, Some(_)) => Err(stray("verifier.proof")),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewKeyJson {
    client: ClientName,
    role: Option<Role>,
    scopes: Option<Scopes>,
    verifier: VerifierJson,
    lifetime_seconds: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RotationJson {
    verifier: VerifierJson,
    overlap_seconds: Option<u64>,
    lifetime_seconds: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReasonJson {
    reason: String,
}

pub(super) async fn own(call: Call) -> Result<Response, Problem> {
    let id = call.key()?;
    one(&call, id).await
}

/// What is known of a key.
async fn one(call: &Call, id: KeyId) -> Result<Response, Problem> {
    let value = call
        .blocking(move |api| {
            let record = api.keys.state().key(id)?.clone();
            Ok(key(&api.keys, &record))
        })
        .await?;
    Ok(Json(value).into_response())
}

pub(super) async fn list(call: Call) -> Result<Response, Problem> {
    let keys = call
        .blocking(|api| {
            let records: Vec<_> = api.keys.state().keys.values().cloned().collect();
            Ok(records
                .iter()
                .map(|record| key(&api.keys, record))
                .collect::<Vec<_>>())
        })
        .await?;
    Ok(Json(json!({ "keys": keys })).into_response())
}

pub(super) async fn show(call: Call) -> Result<Response, Problem> {
    let id = call.parameters.name("key")?;
    one(&call, id).await
}

pub(super) async fn create(call: Call) -> Result<Response, Problem> {
    let new: NewKeyJson = body::command(call.media, &call.body)?;
    let scopes = match (new.role, new.scopes) {
        (Some(role), None) => role.scopes(),
        (None, Some(scopes)) => scopes,
        _ => return Err(Problem::field("scopes", "name either a role or scopes")),
    };
    let new = NewKey {
        client: new.client,
        scopes,
        verifier: new.verifier.try_into()?,
        lifetime: seconds(new.lifetime_seconds.unwrap_or(90 * DAY)),
    };
    let by = call.key()?;
    decide(&call, move |keys| keys.create(by, new)).await
}

pub(super) async fn rotate(call: Call) -> Result<Response, Problem> {
    let id: KeyId = call.parameters.name("key")?;
    let rotation: RotationJson = body::command(call.media, &call.body)?;
    let verifier: NewVerifier = rotation.verifier.try_into()?;
    let overlap = seconds(rotation.overlap_seconds.unwrap_or(7 * DAY));
    let lifetime = seconds(rotation.lifetime_seconds.unwrap_or(90 * DAY));
    let by = call.key()?;
    decide(&call, move |keys| {
        keys.rotate(by, id, verifier, overlap, lifetime)
    })
    .await
}

pub(super) async fn roll_back(call: Call) -> Result<Response, Problem> {
    let id: KeyId = call.parameters.name("key")?;
    let Empty {} = body::command(call.media, &call.body)?;
    let by = call.key()?;
    decide(&call, move |keys| keys.roll_back(by, id)).await
}

pub(super) async fn revoke(call: Call) -> Result<Response, Problem> {
    let id: KeyId = call.parameters.name("key")?;
    let ReasonJson { reason } = body::command(call.media, &call.body)?;
    let by = call.key()?;
    decide(&call, move |keys| keys.revoke(by, id, &reason)).await
}

pub(super) async fn revoke_everything(call: Call) -> Result<Response, Problem> {
    let ReasonJson { reason } = body::command(call.media, &call.body)?;
    let by = call.key()?;
    decide(&call, move |keys| keys.revoke_everything(by, &reason)).await
}

pub(super) async fn proposals(call: Call) -> Result<Response, Problem> {
    let now = call.api.keys.now();
    let state = call.api.keys.state();
    let open: Vec<_> = state.open_proposals(now).map(forms::to_value).collect();
    drop(state);
    Ok(Json(json!({ "proposals": open })).into_response())
}

pub(super) async fn approve(call: Call) -> Result<Response, Problem> {
    let id = call.parameters.name("proposal")?;
    let Empty {} = body::command(call.media, &call.body)?;
    let by = call.key()?;
    decide(&call, move |keys| keys.approve(by, id)).await
}

pub(super) async fn withdraw(call: Call) -> Result<Response, Problem> {
    let id = call.parameters.name("proposal")?;
    let Empty {} = body::command(call.media, &call.body)?;
    let by = call.key()?;
    call.blocking(move |api| Ok(api.keys.withdraw(by, id)?))
        .await?;
    Ok(done())
}

pub(super) async fn audit(call: Call) -> Result<Response, Problem> {
    let from = call
        .query
        .number("from", "expected the number of a line, from 0")?
        .unwrap_or(0);
    let limit = call.query.limit(1000, 10_000)?;
    let lines = call
        .blocking(move |api| Ok(api.keys.audit_lines(from, limit)?))
        .await?;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind)], lines).into_response())
}

/// Carries a command out where blocking is allowed: it waits for the disk.
async fn decide(
    call: &Call,
    command: impl FnOnce(&Keys) -> Result<Outcome, crate::keys::KeysError> + Send + 'static,
) -> Result<Response, Problem> {
    call.blocking(move |api| {
        let outcome = command(&api.keys)?;
        Ok(match outcome {
            Outcome::Done {
                key: record,
                secret,
            } => {
                // As it is now, not as the command found it.
                let record = match record {
                    Some(record) => Some(api.keys.state().key(record.id)?.clone()),
                    None => None,
                };
                let value = json!({
                    "key": record.map(|record| key(&api.keys, &record)),
                    "secret": secret.as_ref().map(|secret| secret.reveal().to_string()),
                });
                (StatusCode::OK, Json(value)).into_response()
            }
            Outcome::Proposed(proposal) => (
                StatusCode::ACCEPTED,
                Json(json!({ "proposal": forms::to_value(&proposal) })),
            )
                .into_response(),
        })
    })
    .await
}

/// A key with its phase and its use.
fn key(keys: &Keys, record: &KeyRecord) -> Value {
    let mut value = forms::to_value(record);
    let phase = keys.state().phase_of(record, keys.now());
    value["phase"] = json!(phase.name());
    value["usage"] = forms::to_value(&keys.usage(record.id));
    value
}
