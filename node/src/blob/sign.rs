//! Requests to S3, signed: Signature Version 4 in the query, as [Amazon's reference] has it.
//!
//! Only what objects need: names without letters that a path encodes, and no headers but the host. The bytes are not
//! part of the signature, since an object's name has their hash.
//!
//! [Amazon's reference]: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html

use std::{env, fmt, time::Duration};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use zeroize::Zeroizing;

/// Whom a service knows.
pub(super) struct Credentials {
    key: String,
    secret: Zeroizing<String>,
    /// Of credentials that end.
    token: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

impl Credentials {
    /// From the environment, under Amazon's names.
    pub(super) fn from_env() -> Option<Self> {
        Some(Self {
            key: env::var("AWS_ACCESS_KEY_ID").ok()?,
            secret: env::var("AWS_SECRET_ACCESS_KEY").ok()?.into(),
            token: env::var("AWS_SESSION_TOKEN").ok(),
        })
    }

    /// What is sent with each request, of credentials that end.
    pub(super) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    #[cfg(test)]
    pub(super) fn new(key: &str, secret: &str) -> Self {
        Self {
            key: key.into(),
            secret: secret.to_owned().into(),
            token: None,
        }
    }
}

/// What is asked of a service.
pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    pub(super) host: &'a str,
    pub(super) path: &'a str,
    pub(super) region: &'a str,
}

impl Request<'_> {
    /// The query of the request, valid from now on for so long.
    pub(super) fn sign(&self, credentials: &Credentials, valid: Duration) -> String {
        self.sign_at(credentials, valid, OffsetDateTime::now_utc())
    }

    fn sign_at(&self, credentials: &Credentials, valid: Duration, now: OffsetDateTime) -> String {
        let Self {
            method,
            host,
            path,
            region,
        } = self;
        let (year, month, day) = (now.year(), u8::from(now.month()), now.day());
        let day = format!("{year:04}{month:02}{day:02}");
        let (hour, minute, second) = now.to_hms();
        let time = format!("{day}T{hour:02}{minute:02}{second:02}Z");
        let scope = format!("{day}/{region}/s3/aws4_request");
        let credential = encode(&format!("{}/{scope}", credentials.key));
        let seconds = valid.as_secs();
        // in the order of their names, which is part of what is signed
        let mut query = format!(
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={credential}&X-Amz-Date={time}&X-Amz-Expires={seconds}"
        );
        if let Some(token) = &credentials.token {
            query = format!("{query}&X-Amz-Security-Token={}", encode(token));
        }
        query.push_str("&X-Amz-SignedHeaders=host");
        let canonical = format!("{method}\n{path}\n{query}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD");
        let canonical = hex(&Sha256::digest(canonical.as_bytes()));
        let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{canonical}");
        let secret = Zeroizing::new(format!("AWS4{}", *credentials.secret));
        let parts = [&*day, region, "s3", "aws4_request"];
        let first = Zeroizing::new(secret.as_bytes().to_vec());
        let key = parts.into_iter().fold(first, |key, part| mac(&key, part));
        format!("{query}&X-Amz-Signature={}", hex(&mac(&key, &text)))
    }
}

fn mac(key: &[u8], text: &str) -> Zeroizing<Vec<u8>> {
    // HMAC takes keys of every length
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return Zeroizing::default();
    };
    mac.update(text.as_bytes());
    Zeroizing::new(mac.finalize().into_bytes().to_vec())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A value in a query.
fn encode(value: &str) -> String {
    let mut out = String::new();
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Amazon's example, from the reference.
    #[test]
    fn requests_are_signed_as_amazon_says() {
        let mut credentials = Credentials::new(
            "AKIAIOSFODNN7EXAMPLE",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        );
        let request = Request {
            method: "GET",
            host: "examplebucket.s3.amazonaws.com",
            path: "/test.txt",
            region: "us-east-1",
        };
        let then = OffsetDateTime::from_unix_timestamp(1_369_353_600).unwrap();
        let day = Duration::from_secs(86_400);
        let query = request.sign_at(&credentials, day, then);
        assert_eq!(
            query,
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2F\
             aws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=\
             aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
        );
        // the token of temporary credentials is in its place, and encoded
        credentials.token = Some("a/b+c=".into());
        let query = request.sign_at(&credentials, day, then);
        let token = "&X-Amz-Security-Token=a%2Fb%2Bc%3D&X-Amz-SignedHeaders=host&";
        assert!(query.contains(token), "{query}");
    }
}
