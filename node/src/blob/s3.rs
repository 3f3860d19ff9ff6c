//! Objects in S3, or in a service that speaks the same.

use std::{env, fmt, sync::Arc, time::Duration};

use ureq::{
    Agent,
    tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem},
};
use winterlane_machine::{
    address::{has_good_port, shown},
    small,
};

use super::{
    BlobError, Blobs, Name,
    sign::{Credentials, Request},
};
use crate::tls::MAX_PEM_BYTES;

/// How long a signed request is valid: clocks may differ by less.
const VALID: Duration = Duration::from_secs(300);
/// How long a request may take: 256 MiB at 1 MiB a second.
const WHOLE: Duration = Duration::from_secs(256);
const CONNECT: Duration = Duration::from_secs(10);
/// Bytes of a refusal that are told.
const TOLD: usize = 300;

/// A bucket. Credentials come from `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and, for temporary ones,
/// `AWS_SESSION_TOKEN`.
///
/// | part of the address | meaning | default |
/// |---|---|---|
/// | `s3://BUCKET` | the bucket | |
/// | `/PREFIX` | begins the names of all objects | none |
/// | `region=` | its region | `AWS_REGION`, else `us-east-1` |
/// | `endpoint=` | the service, `https://HOST` or `http://HOST` | Amazon's in the region |
/// | `ca=` | a file (PEM) of who may sign the service's certificate, if not a public authority | the public ones |
/// | `style=` | `path` or `host`: where the bucket's name goes | `host` for Amazon's, `path` for an `endpoint` |
pub struct S3 {
    place: Place,
    credentials: Credentials,
    agent: Agent,
}

impl fmt::Debug for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

/// What an address says.
#[derive(Debug)]
struct Place {
    /// `http` or `https`.
    scheme: String,
    /// The host, with the bucket before it if that is the style, and a port if it is not the scheme's.
    host: String,
    /// What the names of all objects begin with in the path of a request: `/`, or `/BUCKET/PREFIX/`.
    root: String,
    region: String,
    /// The file of who may sign the service's certificate.
    ca: Option<String>,
}

/// Whether every letter is one that neither a path nor a host encodes.
fn plain(text: &str) -> bool {
    let plain = |letter: u8| letter.is_ascii_alphanumeric() || b"-._/:".contains(&letter);
    text.bytes().all(plain)
}

fn parse(address: &str, default_region: Option<String>) -> Result<Place, String> {
    let rest = address
        .strip_prefix("s3://")
        .ok_or("it does not begin with s3://")?;
    let (path, settings) = rest.split_once('?').unwrap_or((rest, ""));
    if path.contains('@') {
        return Err("credentials come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY".into());
    }
    let (bucket, prefix) = path.split_once('/').unwrap_or((path, ""));
    if bucket.is_empty() {
        return Err("the bucket is missing".into());
    }
    if bucket.contains(':') {
        // A user and a password without a bucket; no bucket's name has a colon.
        return Err("credentials come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY".into());
    }
    let [mut region, mut endpoint, mut style, mut ca] = [default_region, None, None, None];
    for setting in settings.split('&').filter(|setting| !setting.is_empty()) {
        let (name, value) = setting.split_once('=').unwrap_or((setting, ""));
        let place = match name {
            "region" => &mut region,
            "endpoint" => &mut endpoint,
            "style" => &mut style,
            "ca" => &mut ca,
            _ => {
                // A sign of a password, or a token alone, may have been taken for the end of a setting.
                let is_name = setting.contains('=') && !settings.contains('@');
                let name = if is_name { name } else { "like that" };
                return Err(format!(
                    "there is no setting {name}; region, endpoint, style, ca"
                ));
            }
        };
        *place = Some(value.to_owned());
    }
    let region = region.unwrap_or_else(|| "us-east-1".into());
    let in_path = match (style.as_deref(), &endpoint) {
        (Some("path"), _) | (None, Some(_)) => true,
        (Some("host"), _) | (None, None) => false,
        (Some(_), _) => return Err("style is path or host".into()),
    };
    let endpoint = endpoint.unwrap_or_else(|| format!("https://s3.{region}.amazonaws.com"));
    let (scheme, host) = endpoint.split_once("://").unwrap_or_default();
    let host = host.trim_end_matches('/');
    let is_place = !host.is_empty() && !host.contains('/') && has_good_port(host);
    if !matches!(scheme, "http" | "https") || !is_place {
        return Err("endpoint is https://HOST or http://HOST".into());
    }
    if ![bucket, prefix, &*region, host].into_iter().all(plain) {
        return Err("names have letters, digits, dots, dashes and underscores".into());
    }
    let prefix = prefix.trim_matches('/');
    let parts = [if in_path { bucket } else { "" }, prefix];
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    Ok(Place {
        root: parts.fold("/".to_owned(), |root, part| format!("{root}{part}/")),
        host: if in_path {
            host.to_owned()
        } else {
            format!("{bucket}.{host}")
        },
        scheme: scheme.to_owned(),
        region,
        ca,
    })
}

/// Whose certificates are believed.
fn tls(place: &Place) -> Result<TlsConfig, String> {
    let builder = TlsConfig::builder();
    let Some(file) = &place.ca else {
        return Ok(builder.build());
    };
    let pem =
        small::read(file.as_ref(), MAX_PEM_BYTES).map_err(|error| format!("ca={file}: {error}"))?;
    let certificates = parse_pem(&pem).filter_map(|item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(Ok(certificate)),
        Ok(_) => None,
        Err(error) => Some(Err(format!("ca={file}: {error}"))),
    });
    let certificates = certificates.collect::<Result<Vec<Certificate<'static>>, _>>()?;
    if certificates.is_empty() {
        return Err(format!("ca={file}: no certificate in PEM"));
    }
    let roots = RootCerts::Specific(Arc::new(certificates));
    Ok(builder.root_certs(roots).build())
}

impl S3 {
    /// The bucket at an address.
    ///
    /// # Errors
    /// [`BlobError::Address`], also when there are no credentials. Nothing is sent.
    pub fn open(address: &str) -> Result<Self, BlobError> {
        Self::with(address, Credentials::from_env())
    }

    pub(super) fn with(address: &str, credentials: Option<Credentials>) -> Result<Self, BlobError> {
        let wrong = |reason: String| BlobError::Address {
            address: shown(address),
            reason,
        };
        let place = parse(address, env::var("AWS_REGION").ok()).map_err(wrong)?;
        let credentials = credentials.ok_or_else(|| {
            wrong("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set".into())
        })?;
        let tls = tls(&place).map_err(wrong)?;
        let config = Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(WHOLE))
            .timeout_connect(Some(CONNECT))
            .build();
        Ok(Self {
            place,
            credentials,
            agent: config.new_agent(),
        })
    }

    /// The address of a request, signed.
    fn url(&self, method: &str, name: &Name) -> String {
        let Place {
            scheme,
            host,
            root,
            region,
            ca: _,
        } = &self.place;
        let path = format!("{root}{name}");
        let request = Request {
            method,
            host,
            path: &path,
            region,
        };
        let query = request.sign(&self.credentials, VALID);
        format!("{scheme}://{host}{path}?{query}")
    }

    fn unreachable(&self, source: ureq::Error) -> BlobError {
        BlobError::Unreachable {
            host: self.place.host.clone(),
            source: Box::new(source),
        }
    }

    /// The answer, if its status is one of these; what its body says, if not.
    fn check(
        &self,
        what: &'static str,
        answer: Result<Answer, ureq::Error>,
        expected: &[u16],
    ) -> Result<Answer, BlobError> {
        let mut answer = answer.map_err(|error| self.unreachable(error))?;
        let status = answer.status().as_u16();
        if expected.contains(&status) {
            return Ok(answer);
        }
        let body = answer.body_mut().with_config().limit(64 << 10);
        let said = body.read_to_vec().unwrap_or_default();
        let said = String::from_utf8_lossy(&said);
        Err(BlobError::Refused {
            host: self.place.host.clone(),
            status,
            what,
            answer: told(&said, self.credentials.token()),
        })
    }
}

/// The beginning of a refusal, up to what requests are signed by. A proxy may answer with the address that was asked for: whoever
/// reads it could send the request again until it is no longer valid. And a service may answer with a session's token that it
/// does not take.
fn told(answer: &str, token: Option<&str>) -> String {
    // The same letters at the same places.
    let lower = answer.to_ascii_lowercase();
    let parameters = ["x-amz-security-token", "x-amz-signature"];
    let parameters = parameters.into_iter().filter_map(|name| lower.find(name));
    let token = token.filter(|token| !token.is_empty());
    let token = token.and_then(|token| answer.find(token));
    let end = parameters.chain(token).min().unwrap_or(answer.len());
    answer[..end].chars().take(TOLD).collect()
}

type Answer = ureq::http::Response<ureq::Body>;

impl Blobs for S3 {
    fn put(&self, name: &Name, bytes: &[u8]) -> Result<(), BlobError> {
        let answer = self.agent.put(self.url("PUT", name)).send(bytes);
        self.check("PUT", answer, &[200, 201, 204])?;
        Ok(())
    }

    fn has(&self, name: &Name) -> Result<bool, BlobError> {
        let answer = self.agent.head(self.url("HEAD", name)).call();
        let answer = self.check("HEAD", answer, &[200, 404])?;
        Ok(answer.status().as_u16() == 200)
    }

    fn fetch(&self, name: &Name) -> Result<Option<Vec<u8>>, BlobError> {
        let answer = self.agent.get(self.url("GET", name)).call();
        let mut answer = self.check("GET", answer, &[200, 404])?;
        if answer.status().as_u16() == 404 {
            return Ok(None);
        }
        let most = name.kind.most_bytes() as u64;
        match answer.body_mut().with_config().limit(most).read_to_vec() {
            Ok(bytes) => Ok(Some(bytes)),
            Err(ureq::Error::BodyExceedsLimit(_)) => Err(BlobError::too_large(name)),
            Err(error) => Err(self.unreachable(error)),
        }
    }

    fn remove(&self, name: &Name) -> Result<(), BlobError> {
        let answer = self.agent.delete(self.url("DELETE", name)).call();
        self.check("DELETE", answer, &[200, 202, 204, 404])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_without_what_requests_are_signed_by() {
        for (answer, token, expected) in [
            (
                "<Code>AccessDenied</Code>",
                None,
                "<Code>AccessDenied</Code>",
            ),
            (
                "no \u{130}: http://x/y?X-Amz-Date=1&amp;X-Amz-Signature=hush",
                None,
                "no \u{130}: http://x/y?X-Amz-Date=1&amp;",
            ),
            (
                "?x-amz-security-token=hush&x-amz-signature=hush",
                Some("hush"),
                "?",
            ),
            ("<Token-0>hush</Token-0>", Some("hush"), "<Token-0>"),
            ("<Token-0></Token-0>", Some(""), "<Token-0></Token-0>"),
        ] {
            assert_eq!(told(answer, token), expected);
        }
        assert_eq!(told(&"\u{e9}".repeat(TOLD + 1), None).chars().count(), TOLD);
    }

    #[test]
    fn addresses_are_read_and_mistakes_are_told() {
        let place = parse("s3://proofs/a/b/?region=eu-west-1", None).unwrap();
        assert_eq!(place.host, "proofs.s3.eu-west-1.amazonaws.com");
        assert_eq!((&*place.scheme, &*place.root), ("https", "/a/b/"));
        let place = parse("s3://proofs?endpoint=http://127.0.0.1:9000/", None).unwrap();
        assert_eq!(place.host, "127.0.0.1:9000");
        assert_eq!((&*place.scheme, &*place.root), ("http", "/proofs/"));
        let place = parse("s3://proofs?style=path", Some("here".into())).unwrap();
        assert_eq!(place.host, "s3.here.amazonaws.com");
        assert_eq!(place.root, "/proofs/");
        for (address, reason) in [
            ("s3://", "bucket"),
            ("s3://proofs?zone=1", "zone"),
            ("s3://proofs?endpoint=ftp://x", "https://HOST"),
            ("s3://proofs?endpoint=http://", "https://HOST"),
            ("s3://proofs?endpoint=http://x/y", "https://HOST"),
            ("s3://proofs/a b", "letters"),
            ("s3://proofs/a%20b", "letters"),
            ("s3://proofs?style=ring", "path or host"),
            ("s3://proofs?endpoint=http://me:hush:9000", "https://HOST"),
            ("s3://me:secret@proofs", "AWS_SECRET_ACCESS_KEY"),
            ("s3://me:secret/proofs", "AWS_SECRET_ACCESS_KEY"),
        ] {
            let error = parse(address, None).err().unwrap();
            assert!(error.contains(reason), "{address}: {error}");
        }
        // a secret in the address is not told again
        let error = S3::with("s3://me:secret@proofs?region=x", None).unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
        for address in [
            "s3://proofs/?secret=hush",
            "s3://proofs?endpoint=https://me:hush@x",
            "s3://proofs?endpoint=https://me:hush",
            "s3://proofs?endpoint=https://me:hu&hush@x",
            "s3://proofs?hush",
            "s3://proofs?endpoint=https://x&region=me:hush@x",
        ] {
            let error = S3::with(address, None).unwrap_err().to_string();
            assert!(!error.contains("hush"), "{error}");
        }
        let error = S3::with("s3://proofs", None).unwrap_err();
        assert!(error.to_string().contains("AWS_ACCESS_KEY_ID"), "{error}");
    }
}
