//! From a request to who makes it, or to why not.

use thiserror::Error;

use super::{
    BearerToken, ClientName, Environment, KeyId, KeyRecord, Keys, KeysError, Message, NonceError,
    Phase, PublicKey, Refusal, Scope, Scopes, Verifier,
    request::{self, Parameters},
};
use crate::clock::UnixTime;

/// The credentials of a request, as its headers have them.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Presented<'a> {
    /// None.
    Nothing,
    /// `Authorization: Bearer …`.
    Bearer(&'a str),
    /// The three headers of a signature.
    Signed {
        /// `Content-Digest`.
        content_digest: &'a str,
        /// `Signature-Input`.
        signature_input: &'a str,
        /// `Signature`.
        signature: &'a str,
    },
}

/// What a request needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// The scope; none for what a live key of any scope may do to itself.
    pub scope: Option<Scope>,
    /// Whether it changes something: then it must be signed, and its nonce is taken.
    pub write: bool,
}

/// Who makes a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The key.
    pub key: KeyId,
    /// Whose it is.
    pub client: ClientName,
    /// Which of the client's keys.
    pub version: u32,
    /// What it may do.
    pub scopes: Scopes,
    /// Where in its life it is.
    pub phase: Phase,
    /// When it ends: by its rotation, or else its expiry.
    pub until: UnixTime,
}

/// Why a request is not carried out.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AuthError {
    /// No credentials where some are needed.
    #[error("this needs credentials: {needs}")]
    Missing {
        /// Which.
        needs: &'static str,
    },
    /// The credentials are not of their form.
    #[error("{field}: {what}")]
    Malformed {
        /// The header.
        field: &'static str,
        /// What it should be.
        what: &'static str,
    },
    /// No such key, or the secret or signature is not its own. Deliberately one answer.
    #[error("no key of this node accepts these credentials")]
    Unknown,
    /// The caller holds the key, and is refused.
    #[error("{}", refusal_text(*.reason))]
    Refused {
        /// The key.
        key: KeyId,
        /// Why.
        reason: Refusal,
        /// The scope that was needed.
        scope: Option<Scope>,
        /// The key's successor, where its rotation is why.
        successor: Option<KeyId>,
        /// The time of the request in seconds, where it was signed.
        created: Option<u64>,
        /// The node's time.
        now: UnixTime,
        /// The environment of this node.
        environment: Environment,
    },
    /// Too many signed requests.
    #[error("too many signed requests within two minutes")]
    Busy,
    /// The storage failed: the node must end.
    #[error("the node cannot write down what it does")]
    Storage(#[source] KeysError),
}

const fn refusal_text(reason: Refusal) -> &'static str {
    match reason {
        Refusal::Revoked => "the key is revoked",
        Refusal::Expired => "the key has expired",
        Refusal::Retired => "the key is retired: its rotation is over, use its successor",
        Refusal::Environment => "the credentials are for another environment",
        Refusal::Skew => "the time of the request is outside the window around the node's time",
        Refusal::Replay => "the nonce was used, or the request is too old",
        Refusal::Scope => "the key lacks the scope that this needs",
        Refusal::Unsigned => "a bearer secret only reads: sign the request with an Ed25519 key",
    }
}

impl Keys {
    /// Who makes a request. A signed write is accepted once: when this returns, its nonce is on the disk.
    ///
    /// Answers about a key (revoked, expired, skewed) are given to those alone who hold it.
    ///
    /// # Errors
    /// [`AuthError`].
    pub async fn authenticate(
        &self,
        message: &Message<'_>,
        presented: Presented<'_>,
        access: Access,
    ) -> Result<Identity, AuthError> {
        let now = self.now();
        let (record, phase, signed) = self.identify(message, presented, access)?;
        let first = record.first_used.is_none();
        let refuse = |reason| {
            self.refuse(
                &record,
                reason,
                access,
                signed.map(|signed| signed.created),
                now,
            )
        };
        match phase {
            Phase::Revoked => return Err(refuse(Refusal::Revoked)),
            Phase::Expired => return Err(refuse(Refusal::Expired)),
            Phase::Retired => return Err(refuse(Refusal::Retired)),
            Phase::New | Phase::Active | Phase::Overlap | Phase::Drain => {}
        }
        if record.environment != self.config.environment {
            return Err(refuse(Refusal::Environment));
        }
        match signed {
            Some(signed) => {
                if signed.tag != request::tag(&self.config.environment) {
                    return Err(refuse(Refusal::Environment));
                }
                // `created` has whole seconds: any moment of that second may be meant.
                let apart = now.seconds().abs_diff(signed.created);
                if apart > self.config.window.as_secs() {
                    return Err(refuse(Refusal::Skew));
                }
            }
            None if access.write => return Err(refuse(Refusal::Unsigned)),
            None => {}
        }
        if access
            .scope
            .is_some_and(|scope| !record.scopes.contains(scope))
        {
            return Err(refuse(Refusal::Scope));
        }
        if let Some(signed) = signed.filter(|_| access.write) {
            match self
                .nonces
                .take(signed.key, signed.nonce, signed.created)
                .await
            {
                Ok(()) => {}
                Err(NonceError::Replay) => return Err(refuse(Refusal::Replay)),
                Err(NonceError::Full) => return Err(AuthError::Busy),
                Err(error) => return Err(AuthError::Storage(error.into())),
            }
            // The disk was waited for, and somebody may have ended the key meanwhile.
            let phase = self.state().phase(record.id, self.now());
            match phase {
                Some(phase) if phase.is_live() => {}
                Some(Phase::Expired) => return Err(refuse(Refusal::Expired)),
                Some(Phase::Retired) => return Err(refuse(Refusal::Retired)),
                _ => return Err(refuse(Refusal::Revoked)),
            }
        }
        self.used(record.id, first).map_err(AuthError::Storage)?;
        let until = record.successor.map_or(record.expires, |next| {
            next.overlap_until.min(record.expires)
        });
        let KeyRecord {
            id: key,
            client,
            version,
            scopes,
            ..
        } = record;
        Ok(Identity {
            key,
            client,
            version,
            scopes,
            phase,
            until,
        })
    }

    /// The key whose secret or signature this is.
    fn identify<'a>(
        &self,
        message: &Message<'_>,
        presented: Presented<'a>,
        access: Access,
    ) -> Result<(KeyRecord, Phase, Option<Parameters<'a>>), AuthError> {
        match presented {
            Presented::Nothing if access.write => Err(AuthError::Missing {
                needs: "sign the request with an Ed25519 key",
            }),
            Presented::Nothing => Err(AuthError::Missing {
                needs: "a bearer token, or a signature by an Ed25519 key",
            }),
            Presented::Bearer(token) => {
                let what = "Bearer wlk_ENVIRONMENT_ID_SECRET";
                let malformed = |_| AuthError::Malformed {
                    field: "Authorization",
                    what,
                };
                let token: BearerToken = token.parse().map_err(malformed)?;
                let state = self.state();
                let record = state
                    .keys
                    .get(&token.id())
                    .filter(|record| match &record.verifier {
                        Verifier::Bearer { hash } => {
                            token.matches(hash) & (*token.environment() == record.environment)
                        }
                        Verifier::Ed25519 { .. } => false,
                    });
                let record = record.ok_or(AuthError::Unknown)?;
                Ok((record.clone(), state.phase_of(record, self.now()), None))
            }
            Presented::Signed {
                content_digest,
                signature_input,
                signature,
            } => {
                let what = "op=(\"@method\" \"@path\" \"@query\" \"content-digest\");created=SECONDS;\
                            nonce=\"32 HEX\";keyid=\"24 HEX\";alg=\"ed25519\";tag=\"winterlane/ENVIRONMENT\"";
                let malformed = AuthError::Malformed {
                    field: "Signature-Input",
                    what,
                };
                let parameters = request::parse(signature_input).ok_or(malformed)?;
                let (record, phase) = {
                    let state = self.state();
                    let record = state.keys.get(&parameters.key).ok_or(AuthError::Unknown)?;
                    (record.clone(), state.phase_of(record, self.now()))
                };
                let Verifier::Ed25519 { public } = record.verifier else {
                    return Err(AuthError::Unknown);
                };
                if !request::verify(message, (content_digest, &parameters, signature), &public) {
                    return Err(AuthError::Unknown);
                }
                Ok((record, phase, Some(parameters)))
            }
        }
    }

    fn refuse(
        &self,
        record: &KeyRecord,
        reason: Refusal,
        access: Access,
        created: Option<u64>,
        now: UnixTime,
    ) -> AuthError {
        if let Err(error) = self.refused(record.id, reason) {
            return AuthError::Storage(error);
        }
        AuthError::Refused {
            key: record.id,
            reason,
            scope: access.scope,
            successor: record.successor.map(|successor| successor.id),
            created,
            now,
            environment: self.config.environment.clone(),
        }
    }
}
/// Whether the request is signed by that key for that environment: the name that it gives the key, and its time in seconds.
pub(crate) fn verify_signed(
    message: &Message<'_>,
    presented: &Presented<'_>,
    public: &PublicKey,
    environment: &Environment,
) -> Option<(KeyId, u64)> {
    let Presented::Signed {
        content_digest,
        signature_input,
        signature,
    } = presented
    else {
        return None;
    };
    let parameters = request::parse(signature_input)?;
    let signed = parameters.tag == request::tag(environment)
        && request::verify(message, (content_digest, &parameters, signature), public);
    signed.then_some((parameters.key, parameters.created))
}
