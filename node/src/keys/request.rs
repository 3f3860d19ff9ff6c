//! Signed requests: HTTP message signatures (RFC 9421), in one fixed form.
//!
//! ```text
//! Content-Digest: sha-256=:BASE64:
//! Signature-Input: op=("@method" "@path" "@query" "content-digest");created=1795888000;nonce="32 hex";keyid="24 hex";alg="ed25519";tag="winterlane/production"
//! Signature: op=:BASE64:
//! ```
//!
//! What is signed is the *signature base* of the RFC: one line for each component, then the parameters.
//!
//! ```text
//! "@method": POST
//! "@path": /v1/admin/keys
//! "@query": ?
//! "content-digest": sha-256=:BASE64:
//! "@signature-params": ("@method" "@path" "@query" "content-digest");created=…;nonce="…";keyid="…";alg="ed25519";tag="…"
//! ```
//!
//! The form is fixed, down to the order of the parameters: there is one way to read it, and nothing that the signature
//! leaves out. The tag holds the environment, so that a request for `staging` says nothing to `production`.

use core::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};

use super::{Environment, KeyId, Nonce, PrivateKey, PublicKey, SignatureBytes, secret};

const COMPONENTS: &str = r#"("@method" "@path" "@query" "content-digest")"#;
const LABEL: &str = "op=";

/// What of a request is signed.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// The method, in capitals.
    pub method: &'a str,
    /// The path as it is sent, percent signs included.
    pub path: &'a str,
    /// The query as it is sent, without its question mark.
    pub query: &'a str,
    /// The whole body.
    pub body: &'a [u8],
}

/// The three headers of a signed request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureHeaders {
    /// `Content-Digest`.
    pub content_digest: String,
    /// `Signature-Input`.
    pub signature_input: String,
    /// `Signature`.
    pub signature: String,
}

/// What the parameters of a signature say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parameters<'a> {
    /// Seconds since 1970.
    pub(super) created: u64,
    pub(super) nonce: Nonce,
    pub(super) key: KeyId,
    pub(super) tag: &'a str,
    /// As they stand in the header, after the label.
    text: &'a str,
}

/// The value of `Content-Digest`: the SHA-256 hash of a body.
#[must_use]
pub fn content_digest(body: &[u8]) -> String {
    let hash: [u8; 32] = Sha256::digest(body).into();
    format!("sha-256=:{}:", STANDARD.encode(hash))
}

/// Signs a request at a time in seconds since 1970.
#[must_use]
pub fn sign(
    message: &Message<'_>,
    key: &PrivateKey,
    id: KeyId,
    environment: &Environment,
    created: u64,
    nonce: Nonce,
) -> SignatureHeaders {
    let tag = tag(environment);
    let parameters = format!(
        "{COMPONENTS};created={created};nonce=\"{nonce}\";keyid=\"{id}\";alg=\"ed25519\";tag=\"{tag}\""
    );
    let digest = content_digest(message.body);
    let signature = key.sign(base(message, &digest, &parameters).as_bytes());
    SignatureHeaders {
        content_digest: digest,
        signature_input: format!("{LABEL}{parameters}"),
        signature: format!("{LABEL}:{}:", STANDARD.encode(signature.as_bytes())),
    }
}

/// The tag of an environment.
pub(super) fn tag(environment: &Environment) -> String {
    format!("winterlane/{environment}")
}

/// Reads `Signature-Input`; nothing if it is not of the fixed form.
pub(super) fn parse(signature_input: &str) -> Option<Parameters<'_>> {
    let text = signature_input.strip_prefix(LABEL)?;
    let rest = text.strip_prefix(COMPONENTS)?.strip_prefix(";created=")?;
    let (created, rest) = rest.split_once(";nonce=\"")?;
    let (nonce, rest) = rest.split_once("\";keyid=\"")?;
    let (key, rest) = rest.split_once("\";alg=\"ed25519\";tag=\"")?;
    let tag = rest.strip_suffix('"')?;
    // One spelling of a number: no sign, no leading zero, at most 15 digits as the RFC's integers.
    let digits = created.len() <= 15 && created.bytes().all(|byte| byte.is_ascii_digit());
    let plain = digits && (created == "0" || !created.starts_with('0')) && !created.is_empty();
    let words = tag
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"/-".contains(&byte));
    if !plain || !words {
        return None;
    }
    let (created, nonce, key) = (
        created.parse().ok()?,
        nonce.parse().ok()?,
        key.parse().ok()?,
    );
    Some(Parameters {
        created,
        nonce,
        key,
        tag,
        text,
    })
}

/// Whether the signature is one of the key over the message, whose digest the header must be.
pub(super) fn verify(
    message: &Message<'_>,
    headers: (&str, &Parameters<'_>, &str),
    public: &PublicKey,
) -> bool {
    let (digest, parameters, signature) = headers;
    if digest != content_digest(message.body) {
        return false;
    }
    let signature = || {
        let text = signature
            .strip_prefix(LABEL)?
            .strip_prefix(':')?
            .strip_suffix(':')?;
        let bytes = STANDARD.decode(text).ok()?;
        Some(SignatureBytes::from_bytes(bytes.try_into().ok()?))
    };
    let Some(signature) = signature() else {
        return false;
    };
    secret::verify(
        public,
        base(message, digest, parameters.text).as_bytes(),
        &signature,
    )
}

fn base(message: &Message<'_>, digest: &str, parameters: &str) -> String {
    let Message {
        method,
        path,
        query,
        ..
    } = message;
    let mut base = String::with_capacity(path.len() + query.len() + 512);
    // Writing to a string does not fail.
    let _ = write!(
        base,
        "\"@method\": {method}\n\"@path\": {path}\n\"@query\": ?{query}\n\
         \"content-digest\": {digest}\n\"@signature-params\": {parameters}"
    );
    base
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(message: &Message<'_>) -> SignatureHeaders {
        let key = PrivateKey::from_seed(&[7; 32]);
        let environment = "production".parse().unwrap();
        let (id, nonce) = (KeyId::from_bytes([3; 12]), Nonce::from_bytes([5; 16]));
        sign(message, &key, id, &environment, 1_795_888_000, nonce)
    }

    fn accepts(message: &Message<'_>, headers: &SignatureHeaders) -> bool {
        let public = PrivateKey::from_seed(&[7; 32]).public();
        parse(&headers.signature_input).is_some_and(|parameters| {
            verify(
                message,
                (&headers.content_digest, &parameters, &headers.signature),
                &public,
            )
        })
    }

    const MESSAGE: Message<'_> = Message {
        method: "POST",
        path: "/v1/admin/keys",
        query: "a=b",
        body: b"{}",
    };

    #[test]
    fn what_is_signed_is_accepted_and_nothing_else() {
        let headers = headers(&MESSAGE);
        assert!(accepts(&MESSAGE, &headers));
        let others = [
            Message {
                method: "PUT",
                ..MESSAGE
            },
            Message {
                path: "/v1/admin/key",
                ..MESSAGE
            },
            Message {
                query: "a=c",
                ..MESSAGE
            },
            Message {
                query: "",
                ..MESSAGE
            },
            Message {
                body: b"{} ",
                ..MESSAGE
            },
            // Text that moves from one component to the next.
            Message {
                path: "/v1/admin/keys\n\"@query\": ?a=b",
                query: "",
                ..MESSAGE
            },
        ];
        for other in others {
            assert!(!accepts(&other, &headers), "{other:?}");
        }
    }

    #[test]
    fn no_changed_character_of_a_header_is_accepted() {
        let good = headers(&MESSAGE);
        let fields: [fn(&mut SignatureHeaders) -> &mut String; 3] = [
            |h| &mut h.content_digest,
            |h| &mut h.signature_input,
            |h| &mut h.signature,
        ];
        for field in fields {
            let length = field(&mut good.clone()).len();
            for place in 0..length {
                for with in ["", "0", "A", "\"", ";", " "] {
                    let mut bad = good.clone();
                    field(&mut bad).replace_range(place..=place, with);
                    assert!(bad == good || !accepts(&MESSAGE, &bad), "{bad:?}");
                }
            }
        }
    }

    /// Pins the form: other implementations compute the same.
    #[test]
    fn the_form_is_pinned() {
        let headers = headers(&MESSAGE);
        assert_eq!(
            headers.content_digest,
            "sha-256=:RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=:"
        );
        assert_eq!(
            headers.signature_input,
            "op=(\"@method\" \"@path\" \"@query\" \"content-digest\");created=1795888000;\
             nonce=\"05050505050505050505050505050505\";keyid=\"030303030303030303030303\";\
             alg=\"ed25519\";tag=\"winterlane/production\""
        );
        let parameters = parse(&headers.signature_input).unwrap();
        assert_eq!(
            base(&MESSAGE, &headers.content_digest, parameters.text),
            "\"@method\": POST\n\"@path\": /v1/admin/keys\n\"@query\": ?a=b\n\
             \"content-digest\": sha-256=:RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=:\n\
             \"@signature-params\": (\"@method\" \"@path\" \"@query\" \"content-digest\");\
             created=1795888000;nonce=\"05050505050505050505050505050505\";\
             keyid=\"030303030303030303030303\";alg=\"ed25519\";tag=\"winterlane/production\""
        );
    }
}
