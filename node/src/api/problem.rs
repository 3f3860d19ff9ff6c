//! Problem documents (RFC 9457): what a request that is not carried out is answered with.

use std::time::Duration;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

/// Why a request was not carried out. Nothing changed, unless the text says otherwise.
///
/// ```json
/// {"type":"/problems/bad-field","title":"A field is wrong","status":400,
///  "detail":"expected a decimal string below 2^128","field":"order.amount"}
/// ```
#[derive(Clone, Debug)]
pub struct Problem {
    kind: Kind,
    detail: String,
    field: Option<String>,
    retry_after: Option<Duration>,
    more: Map<String, Value>,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident $status:ident $slug:literal $title:literal,)*) => {
        /// What a problem is about: its type, its title and its status.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind {
            $($(#[$doc])* $name,)*
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The last part of the type's address.
            #[must_use]
            pub const fn slug(self) -> &'static str {
                match self { $(Self::$name => $slug,)* }
            }

            /// The title.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }

            /// The status of the answer.
            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)* }
            }
        }
    };
}

kinds! {
    /// A field, header or parameter is not of its form.
    BadField BAD_REQUEST "bad-field" "A field is wrong",
    /// The bytes are no order.
    Malformed BAD_REQUEST "malformed-order" "The bytes are no order",
    /// No credentials, or none that the node knows.
    Unauthorised UNAUTHORIZED "credentials" "Credentials are needed, or not known",
    /// The time of the request is outside the window.
    Skew UNAUTHORIZED "clock-skew" "The clocks differ too much",
    /// The nonce was used.
    Replay UNAUTHORIZED "replay" "The request was made before",
    /// The key is revoked, expired or retired, or of another environment.
    KeyEnded UNAUTHORIZED "key-ended" "The key is not accepted any more",
    /// The key lacks the scope.
    Forbidden FORBIDDEN "forbidden" "The key may not do this",
    /// There is no such thing.
    NotFound NOT_FOUND "not-found" "There is no such thing",
    /// The path has other methods.
    Method METHOD_NOT_ALLOWED "method" "The path has other methods",
    /// The request took too long to arrive.
    Slow REQUEST_TIMEOUT "slow" "The request did not arrive in time",
    /// It contradicts the state of things.
    Conflict CONFLICT "conflict" "That contradicts the state of things",
    /// A one-time key signed two messages.
    KeyReuse CONFLICT "one-time-key-reuse" "A one-time key signed two messages",
    /// The note of the pool was spent before.
    Spent CONFLICT "spent-nullifier" "The note is spent",
    /// The root of the note tree is too old, or never was one.
    Anchor UNPROCESSABLE_ENTITY "unknown-anchor" "The anchor is not known",
    /// The proof does not hold.
    Proof UNPROCESSABLE_ENTITY "proof" "The proof does not hold",
    /// The body is too large.
    TooLarge PAYLOAD_TOO_LARGE "too-large" "The body is too large",
    /// The body is of another type.
    MediaType UNSUPPORTED_MEDIA_TYPE "media-type" "The body is of another type",
    /// A rule of the ledger refuses the order.
    Refused UNPROCESSABLE_ENTITY "refused" "The order breaks a rule",
    /// Too many requests.
    Busy TOO_MANY_REQUESTS "busy" "Too much at once",
    /// The node takes nothing at the moment.
    Unavailable SERVICE_UNAVAILABLE "unavailable" "The node does not take this at the moment",
    /// The storage failed; the node ends.
    Storage SERVICE_UNAVAILABLE "storage" "The node's storage failed",
}

impl Problem {
    /// A problem, told in a sentence.
    #[must_use]
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            field: None,
            retry_after: None,
            more: Map::new(),
        }
    }

    /// A field that is not of its form.
    #[must_use]
    pub fn field(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            field: Some(field.into()),
            ..Self::new(Kind::BadField, detail)
        }
    }

    /// With the field that is to blame.
    #[must_use]
    pub fn at(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// With the time after which trying again makes sense.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// With another member.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.more.insert(name.to_owned(), value.into());
        self
    }

    /// What it is about.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The document.
    #[must_use]
    pub fn document(&self) -> Value {
        let mut document = json!({
            "type": format!("/problems/{}", self.kind.slug()),
            "title": self.kind.title(),
            "status": self.kind.status().as_u16(),
            "detail": self.detail,
        });
        if let Value::Object(members) = &mut document {
            if let Some(field) = &self.field {
                members.insert("field".to_owned(), field.clone().into());
            }
            if let Some(wait) = self.retry_after {
                let millis = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
                members.insert("retry_after_ms".to_owned(), millis.into());
            }
            members.extend(self.more.clone());
        }
        document
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.kind.status(), self.document().to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(wait) = self.retry_after {
            // Whole seconds, rounded up: what comes earlier than it may is refused again.
            let seconds = u64::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u64::MAX);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        if self.kind.status() == StatusCode::UNAUTHORIZED {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static(
                    "Signature realm=\"winterlane\", Bearer realm=\"winterlane\"",
                ),
            );
        }
        response
    }
}
