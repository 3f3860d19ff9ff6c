//! One call, from the request to the handler.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use axum::{
    body::Bytes,
    extract::{RawPathParams, Request, rejection::RawPathParamsRejection},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::Response,
};

use super::{
    Api,
    body::{self, Media},
    limits::Caller,
    parameters::{PathParameters, Query},
    problem::{Kind, Problem},
    routes::{Method, Permission, Route},
};
use crate::keys::{Access, Identity, KeyId, Message, Phase, Presented};

/// The address of who asks, put into each request by the server: of the other end, or of the client of a proxy that is believed.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClientAddress(pub(super) IpAddr);

/// What a handler is given.
pub(super) struct Call {
    pub(super) api: Arc<Api>,
    pub(super) identity: Option<Identity>,
    pub(super) parameters: PathParameters,
    pub(super) query: Query,
    pub(super) media: Option<Media>,
    pub(super) accept: Option<HeaderValue>,
    pub(super) body: Bytes,
    pub(super) caller: Caller,
}

impl Call {
    /// The key of a call whose route needs one.
    pub(super) fn key(&self) -> Result<KeyId, Problem> {
        let missing = || Problem::new(Kind::Unauthorised, "this needs a key");
        self.identity
            .as_ref()
            .map(|identity| identity.key)
            .ok_or_else(missing)
    }

    /// Whether the caller would rather have bytes than JSON.
    pub(super) fn wants_bytes(&self) -> bool {
        self.accept
            .as_ref()
            .is_some_and(|accept| accept.as_bytes() == b"application/octet-stream")
    }

    /// Counts a request as more than the one that every request is.
    pub(super) fn counts_as(&self, requests: usize) -> Result<(), Problem> {
        let more = u32::try_from(requests.saturating_sub(1)).unwrap_or(u32::MAX);
        let limits = match self.caller {
            Caller::Key(_) => &self.api.by_key,
            Caller::Network(_) => &self.api.by_address,
        };
        limits.take(self.caller, more)
    }

    /// Runs what may read from the disk where blocking is allowed.
    pub(super) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Api) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let api = Arc::clone(&self.api);
        tokio::task::spawn_blocking(move || work(&api))
            .await
            .unwrap_or_else(|error| {
                tracing::error!(%error, "a handler panicked");
                Err(Problem::new(
                    Kind::Unavailable,
                    "this request could not be carried out",
                ))
            })
    }
}

pub(super) async fn carry_out(
    api: &Arc<Api>,
    route: &'static Route,
    parameters: Result<RawPathParams, RawPathParamsRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let nowhere = ClientAddress(Ipv4Addr::UNSPECIFIED.into());
    let noted = request.extensions().get().copied();
    let ClientAddress(address) = noted.unwrap_or(nowhere);
    let network = Caller::at(address);
    api.by_address.take(network, 1)?;
    let _at_once = api.at_once.try_acquire().map_err(|_| {
        let problem = Problem::new(
            Kind::Unavailable,
            "as many requests as the node carries out at once",
        );
        problem.retry_after(std::time::Duration::from_millis(200))
    })?;

    let (head, body) = request.into_parts();
    let received = body::read(body, &head.headers, route.body, &api.bodies, network).await?;
    let body = received.bytes.clone();
    let media = if body.is_empty() {
        None
    } else {
        Some(body::media(&head.headers)?)
    };
    let message = Message {
        method: head.method.as_str(),
        path: head.uri.path(),
        query: head.uri.query().unwrap_or_default(),
        body: &body,
    };
    let identity = identify(api, route, &message, &head.headers).await?;
    let caller = identity
        .as_ref()
        .map_or(network, |identity| Caller::Key(identity.key));
    if let Caller::Key(_) = caller {
        api.by_key.take(caller, 1)?;
    }
    let parameters =
        parameters.map_err(|_| Problem::new(Kind::NotFound, "the path is no UTF-8"))?;
    let parameters = PathParameters::of(head.uri.path(), &parameters)?;
    let call = Call {
        api: Arc::clone(api),
        query: Query::parse(head.uri.query(), route.query)?,
        accept: head.headers.get(header::ACCEPT).cloned(),
        parameters,
        identity: identity.clone(),
        media,
        body,
        caller,
    };
    let timeout = api.config.timeout;
    let _made = match route.answers_much() {
        true => Some(api.answers_room.make(timeout).await?),
        false => None,
    };
    let response = tokio::time::timeout(timeout, (route.handler)(call)).await.map_err(|_| {
        let text = "the node took too long; whether it was carried out is unknown: the same order again has the same answer";
        Problem::new(Kind::Unavailable, text).retry_after(std::time::Duration::from_secs(1))
    })??;
    let mut response = match route.method {
        Method::Get => {
            let network = Caller::network(address);
            api.answers_room.keep(network, response).await?
        }
        // it was carried out, so that it is answered; its body had room
        Method::Post => response,
    };
    let headers = response.headers_mut();
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    if let Some(identity) = &identity {
        tell(identity, headers);
    }
    Ok(response)
}

/// Who calls, where the route asks or credentials are given.
async fn identify(
    api: &Api,
    route: &Route,
    message: &Message<'_>,
    headers: &HeaderMap,
) -> Result<Option<Identity>, Problem> {
    let access = match route.permission {
        Permission::Open => return Ok(None),
        Permission::AnyKey { write } => Access { scope: None, write },
        Permission::Scope { scope, write } => Access {
            scope: Some(scope),
            write,
        },
    };
    let presented = present(headers)?;
    let open = access
        .scope
        .is_some_and(|scope| api.config.open.contains(scope));
    if open && matches!(presented, Presented::Nothing) {
        return Ok(None);
    }
    Ok(Some(
        api.keys.authenticate(message, presented, access).await?,
    ))
}

/// The credentials in the headers: each header once, and one kind of credentials.
fn present(headers: &HeaderMap) -> Result<Presented<'_>, Problem> {
    let one = |name: &'static str| {
        let mut values = headers.get_all(name).iter();
        let value = values.next();
        let wrong = || Problem::new(Kind::Unauthorised, "given twice, or not of ASCII").at(name);
        if values.next().is_some() {
            return Err(wrong());
        }
        value
            .map(|value| value.to_str().map_err(|_| wrong()))
            .transpose()
    };
    let needs = |name: &'static str| {
        Problem::new(Kind::Unauthorised, "a signed request has this header").at(name)
    };
    match (
        one("authorization")?,
        one("signature-input")?,
        one("signature")?,
    ) {
        (None, None, None) => Ok(Presented::Nothing),
        (Some(value), None, None) => {
            let token = value.strip_prefix("Bearer ");
            let wrong = || {
                Problem::new(
                    Kind::Unauthorised,
                    "expected: Bearer wlk_ENVIRONMENT_ID_SECRET",
                )
            };
            Ok(Presented::Bearer(
                token.ok_or_else(|| wrong().at("Authorization"))?,
            ))
        }
        (None, Some(signature_input), Some(signature)) => Ok(Presented::Signed {
            content_digest: one("content-digest")?.ok_or_else(|| needs("Content-Digest"))?,
            signature_input,
            signature,
        }),
        (None, Some(_), None) => Err(needs("Signature")),
        (None, None, Some(_)) => Err(needs("Signature-Input")),
        (Some(_), _, _) => Err(Problem::new(
            Kind::Unauthorised,
            "a bearer token and a signature: send one",
        )
        .at("Authorization")),
    }
}

/// Tells who uses a key on its way out that it is (RFC 9745, RFC 8594).
fn tell(identity: &Identity, headers: &mut HeaderMap) {
    headers.insert(
        HeaderName::from_static("winterlane-key-phase"),
        HeaderValue::from_static(identity.phase.name()),
    );
    if matches!(identity.phase, Phase::Overlap | Phase::Drain) {
        let until = identity.until.seconds();
        headers.insert(
            HeaderName::from_static("winterlane-key-until"),
            HeaderValue::from(until),
        );
    }
}
