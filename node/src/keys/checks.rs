//! What a command on keys must keep, and what new keys and proposals are made of.

use super::{
    BearerToken, KeyId, KeyRecord, Keys, KeysError, NewKey, NewVerifier, Outcome, Phase, Proposal,
    ProposalId, ProposedAct, Scope, Scopes, State, Verifier, random, secret::verify_possession,
};
use crate::{audit::Event, clock::UnixTime};

/// The most proposals that wait.
const MAX_PROPOSALS: usize = 100;
/// The longest reason, in bytes.
const MAX_REASON: usize = 200;

impl Keys {
    /// That `by` is live and holds the scope `keys`, as things are while the log is locked.
    pub(super) fn holds(state: &State, by: KeyId, now: UnixTime) -> Result<(), KeysError> {
        Self::live_with(state, by, Scope::Keys, now)
    }

    /// That `by` is live and holds a scope.
    pub(super) fn live_with(
        state: &State,
        by: KeyId,
        scope: Scope,
        now: UnixTime,
    ) -> Result<(), KeysError> {
        let key = state.key(by)?;
        let live = state.phase_of(key, now).is_live();
        if live && key.scopes.contains(scope) {
            Ok(())
        } else {
            Err(KeysError::Lacks(scope))
        }
    }

    /// The key, if it can get a successor.
    pub(super) fn rotatable(
        state: &State,
        key: KeyId,
        now: UnixTime,
    ) -> Result<&KeyRecord, KeysError> {
        let old = state.key(key)?;
        let phase = state.phase_of(old, now);
        if !phase.is_live() {
            let what = "a key that has ended has no successor: make a new one";
            return Err(KeysError::NotLive {
                key,
                phase: phase.name(),
                what,
            });
        }
        match old.successor {
            None => Ok(old),
            Some(successor) => Err(KeysError::Rotating {
                key,
                successor: successor.id,
            }),
        }
    }

    /// The successor of a key whose rotation can be taken back.
    pub(super) fn rolling(state: &State, key: KeyId, now: UnixTime) -> Result<KeyId, KeysError> {
        let old = state.key(key)?;
        let successor = old.successor.filter(|_| state.phase_of(old, now).is_live());
        let successor = successor.ok_or(KeysError::NotRotating(key))?.id;
        match state.key(successor)?.successor {
            None => Ok(successor),
            // Rolling back two rotations at once would end a key that nobody named.
            Some(next) => Err(KeysError::Rotating {
                key: successor,
                successor: next.id,
            }),
        }
    }

    /// A record for a new key, and its secret if the node makes one.
    pub(super) fn prepare(
        &self,
        state: &State,
        now: UnixTime,
        new: NewKey,
        predecessor: Option<KeyId>,
    ) -> Result<(Box<KeyRecord>, Option<BearerToken>), KeysError> {
        let bad = |field, what| Err(KeysError::BadField { field, what });
        if new.scopes.is_empty() {
            return bad(
                "scopes",
                "a key without scopes does nothing: name at least one",
            );
        }
        if new.lifetime.is_zero() || new.lifetime > self.config.max_lifetime {
            return bad("lifetime_seconds", "not above 0, or longer than allowed");
        }
        let id = KeyId::from_bytes(random()?);
        let environment = self.config.environment.clone();
        let (verifier, secret) = match new.verifier {
            NewVerifier::Ed25519 { public, proof } => {
                verify_possession(&public, &new.client, &environment, &proof)?;
                (Verifier::Ed25519 { public }, None)
            }
            NewVerifier::Bearer => {
                if !new.scopes.within(Scopes::READ_ONLY) {
                    return bad("scopes", "a bearer secret only reads: read, audit");
                }
                let token = BearerToken::random(id, environment.clone())?;
                (Verifier::Bearer { hash: token.hash() }, Some(token))
            }
        };
        let mut key = Box::new(KeyRecord {
            id,
            client: new.client,
            version: 0,
            environment,
            scopes: new.scopes,
            verifier,
            created: now,
            expires: now.after(new.lifetime),
            predecessor,
            successor: None,
            first_used: None,
            revoked: None,
        });
        self.admit(state, now, &mut key)?;
        Ok((key, secret))
    }

    /// Checks a new key against those that are there now, and gives it its version.
    pub(super) fn admit(
        &self,
        state: &State,
        now: UnixTime,
        key: &mut KeyRecord,
    ) -> Result<(), KeysError> {
        if state.keys.len() >= self.config.max_keys {
            return Err(KeysError::Full {
                what: "keys",
                limit: self.config.max_keys,
            });
        }
        if let Some(other) = state.with_verifier(&key.verifier) {
            return Err(KeysError::Duplicate(other));
        }
        if now >= key.expires {
            let what = "the proposed key has expired while it waited";
            return Err(KeysError::NotLive {
                key: key.id,
                phase: Phase::Expired.name(),
                what,
            });
        }
        key.version = state.next_version(&key.client);
        Ok(())
    }

    pub(super) fn propose(
        &self,
        state: &State,
        by: KeyId,
        now: UnixTime,
        act: ProposedAct,
    ) -> Result<(Event, Outcome), KeysError> {
        let waiting = state.open_proposals(now).count();
        if waiting >= MAX_PROPOSALS {
            return Err(KeysError::Full {
                what: "proposals",
                limit: MAX_PROPOSALS,
            });
        }
        let expires = now.after(self.config.proposal_lifetime);
        let id = ProposalId::from_bytes(random()?);
        let proposal = Box::new(Proposal {
            id,
            by,
            created: now,
            expires,
            act,
        });
        Ok((
            Event::Proposed {
                proposal: proposal.clone(),
            },
            Outcome::Proposed(proposal),
        ))
    }
}

pub(super) fn done(key: Box<KeyRecord>, secret: Option<BearerToken>) -> Outcome {
    Outcome::Done {
        key: Some(key),
        secret,
    }
}

pub(super) fn checked(reason: &str) -> Result<String, KeysError> {
    let fits = !reason.trim().is_empty()
        && reason.len() <= MAX_REASON
        && !reason.chars().any(char::is_control);
    if fits {
        Ok(reason.to_owned())
    } else {
        let what = "1 to 200 bytes, without control characters";
        Err(KeysError::BadField {
            field: "reason",
            what,
        })
    }
}
