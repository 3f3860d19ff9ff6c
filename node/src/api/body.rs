//! Bodies: bounded, read whole before anything is done, and parsed with the name of the field that is wrong.

use std::time::Duration;

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, header},
};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use super::problem::{Kind, Problem};

/// How long a body may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(10);

/// The type of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Media {
    /// `application/json`.
    Json,
    /// `application/octet-stream`: the canonical bytes.
    Binary,
}

/// Reads a body of at most `limit` bytes.
pub(super) async fn read(body: Body, headers: &HeaderMap, limit: usize) -> Result<Bytes, Problem> {
    let too_large =
        || Problem::new(Kind::TooLarge, format!("at most {limit} bytes")).with("limit", limit);
    // Refused by its announcement, before a byte of it is read.
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    match tokio::time::timeout(ARRIVAL, Limited::new(body, limit).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(Problem::new(
            Kind::Slow,
            "the body ended before it was whole",
        )),
        Err(_) => Err(Problem::new(
            Kind::Slow,
            format!("the body took over {} s", ARRIVAL.as_secs()),
        )),
    }
}

/// The type that the request says its body has.
pub(super) fn media(headers: &HeaderMap) -> Result<Media, Problem> {
    let wrong = || {
        Problem::new(
            Kind::MediaType,
            "application/json or application/octet-stream",
        )
        .at("Content-Type")
    };
    let value = headers.get(header::CONTENT_TYPE).ok_or_else(wrong)?;
    let essence = value
        .to_str()
        .map_err(|_| wrong())?
        .split(';')
        .next()
        .unwrap_or_default()
        .trim();
    if essence.eq_ignore_ascii_case("application/json") {
        Ok(Media::Json)
    } else if essence.eq_ignore_ascii_case("application/octet-stream") {
        Ok(Media::Binary)
    } else {
        Err(wrong())
    }
}

/// Parses the body of a command; an empty one is `{}`.
pub(super) fn command<T: DeserializeOwned>(
    media: Option<Media>,
    bytes: &[u8],
) -> Result<T, Problem> {
    match media {
        None => json(b"{}"),
        Some(Media::Json) => json(bytes),
        Some(Media::Binary) => {
            Err(Problem::new(Kind::MediaType, "application/json").at("Content-Type"))
        }
    }
}

/// Parses a body; the problem names the path of the field that is wrong.
///
/// A duplicate field, an unknown one, and anything after the document are errors: two readers must not see two
/// requests. Nesting is bounded by the parser.
pub(super) fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // Arrays would be read as the members in their order: a second spelling of each document.
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err(Problem::field("body", "expected a JSON object"));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let field = if path == "." { "body".to_owned() } else { path };
        Problem::field(field, error.inner().to_string())
    })?;
    deserializer
        .end()
        .map_err(|error| Problem::field("body", error.to_string()))?;
    Ok(value)
}
