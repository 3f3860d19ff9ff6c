//! What operators do with keys: each command is decided on the state as it is while the log is locked, and is an event on
//! the disk before it counts.

use std::time::Duration;

use super::{
    KeyId, KeyRecord, Keys, KeysError, NewKey, NewVerifier, Outcome, Phase, ProposalId,
    ProposedAct, Scope, Verifier,
    checks::{checked, done},
};
use crate::audit::{Actor, Event};

impl Keys {
    /// Makes a key. One with the scope `keys` is proposed, and made once another client's key approves.
    ///
    /// # Errors
    /// [`KeysError`].
    pub fn create(&self, by: KeyId, new: NewKey) -> Result<Outcome, KeysError> {
        self.decide(Actor::Key(by), |state, now| {
            Self::holds(state, by, now)?;
            let (key, secret) = self.prepare(state, now, new, None)?;
            if key.scopes.contains(Scope::Keys) {
                return self.propose(state, by, now, ProposedAct::Create { key });
            }
            Ok((
                Event::KeyCreated {
                    key: key.clone(),
                    proposal: None,
                },
                done(key, secret),
            ))
        })
    }

    /// Replaces a key by a new one: both are accepted for `overlap`, then only the successor. A key may rotate
    /// itself, whatever its scopes; others need the scope `keys`, and a second person if the key has it too.
    ///
    /// # Errors
    /// [`KeysError`].
    pub fn rotate(
        &self,
        by: KeyId,
        key: KeyId,
        verifier: NewVerifier,
        overlap: Duration,
        lifetime: Duration,
    ) -> Result<Outcome, KeysError> {
        if overlap > self.config.max_overlap {
            return Err(KeysError::BadField {
                field: "overlap_seconds",
                what: "longer than allowed",
            });
        }
        self.decide(Actor::Key(by), |state, now| {
            if by != key {
                Self::holds(state, by, now)?;
            }
            let old = Self::rotatable(state, key, now)?;
            if matches!(old.verifier, Verifier::Bearer { .. }) != (verifier == NewVerifier::Bearer)
            {
                let what = "a successor is of the same type as its predecessor";
                return Err(KeysError::BadField {
                    field: "verifier",
                    what,
                });
            }
            let (client, scopes) = (old.client.clone(), old.scopes);
            let new = NewKey {
                client,
                scopes,
                verifier,
                lifetime,
            };
            let (successor, secret) = self.prepare(state, now, new, Some(key))?;
            if scopes.contains(Scope::Keys) && by != key {
                let overlap_ms = u64::try_from(overlap.as_millis()).unwrap_or(u64::MAX);
                let act = ProposedAct::Rotate {
                    key,
                    successor,
                    overlap_ms,
                };
                return self.propose(state, by, now, act);
            }
            let overlap_until = now.after(overlap);
            let event = Event::KeyRotated {
                key,
                successor: successor.clone(),
                overlap_until,
                proposal: None,
            };
            Ok((event, done(successor, secret)))
        })
    }

    /// Takes a rotation back while its window is open: the successor ends, the key goes on. The key itself may do
    /// it, and so may who holds the scope `keys`. A key with that scope needs a second person for its own: else
    /// whoever stole it would undo the rotation that was to end it.
    ///
    /// # Errors
    /// [`KeysError`].
    pub fn roll_back(&self, by: KeyId, key: KeyId) -> Result<Outcome, KeysError> {
        self.decide(Actor::Key(by), |state, now| {
            if by != key {
                Self::holds(state, by, now)?;
            }
            let successor = Self::rolling(state, key, now)?;
            let old = state.key(key)?;
            if by == key && old.scopes.contains(Scope::Keys) {
                return self.propose(state, by, now, ProposedAct::RollBack { key });
            }
            let back = Box::new(KeyRecord {
                successor: None,
                ..old.clone()
            });
            Ok((
                Event::KeyRolledBack {
                    key,
                    successor,
                    proposal: None,
                },
                done(back, None),
            ))
        })
    }

    /// Ends a key at once. A key may end itself; others need the scope `keys`.
    ///
    /// # Errors
    /// [`KeysError`].
    pub fn revoke(&self, by: KeyId, key: KeyId, reason: &str) -> Result<Outcome, KeysError> {
        let reason = checked(reason)?;
        self.decide(Actor::Key(by), |state, now| {
            if by != key {
                Self::holds(state, by, now)?;
            }
            let record = state.key(key)?;
            if record.revoked.is_some() {
                let what = "it ended before, and that stands";
                return Err(KeysError::NotLive {
                    key,
                    phase: Phase::Revoked.name(),
                    what,
                });
            }
            Ok((
                Event::KeyRevoked { key, reason },
                done(Box::new(record.clone()), None),
            ))
        })
    }

    /// Proposes to end every key. Afterwards only the owner of the machine can make keys ([`Keys::bootstrap`]).
    ///
    /// # Errors
    /// [`KeysError`].
    pub fn revoke_everything(&self, by: KeyId, reason: &str) -> Result<Outcome, KeysError> {
        let reason = checked(reason)?;
        self.decide(Actor::Key(by), |state, now| {
            Self::holds(state, by, now)?;
            self.propose(state, by, now, ProposedAct::RevokeEverything { reason })
        })
    }

    /// Approves a proposal, which is carried out as things are now.
    ///
    /// # Errors
    /// [`KeysError`], when the proposal is over, is the approver's own, or is no longer possible.
    pub fn approve(&self, by: KeyId, id: ProposalId) -> Result<Outcome, KeysError> {
        self.decide(Actor::Key(by), |state, now| {
            Self::holds(state, by, now)?;
            let found = state.open_proposals(now).find(|proposal| proposal.id == id);
            let proposal = found.ok_or(KeysError::NoProposal(id))?;
            let proposer = state.key(proposal.by)?;
            if proposer.client == state.key(by)?.client {
                return Err(KeysError::SamePerson);
            }
            let approved = Some(id);
            Ok(match &proposal.act {
                ProposedAct::Create { key } => {
                    let mut key = key.clone();
                    self.admit(state, now, &mut key)?;
                    (
                        Event::KeyCreated {
                            key: key.clone(),
                            proposal: approved,
                        },
                        done(key, None),
                    )
                }
                ProposedAct::Rotate {
                    key,
                    successor,
                    overlap_ms,
                } => {
                    let key = *key;
                    Self::rotatable(state, key, now)?;
                    let mut successor = successor.clone();
                    self.admit(state, now, &mut successor)?;
                    let outcome = done(successor.clone(), None);
                    let overlap_until = now.after(Duration::from_millis(*overlap_ms));
                    (
                        Event::KeyRotated {
                            key,
                            successor,
                            overlap_until,
                            proposal: approved,
                        },
                        outcome,
                    )
                }
                ProposedAct::RollBack { key } => {
                    let key = *key;
                    let successor = Self::rolling(state, key, now)?;
                    let back = KeyRecord {
                        successor: None,
                        ..state.key(key)?.clone()
                    };
                    let event = Event::KeyRolledBack {
                        key,
                        successor,
                        proposal: approved,
                    };
                    (event, done(Box::new(back), None))
                }
                ProposedAct::RevokeEverything { reason } => {
                    let reason = reason.clone();
                    let outcome = Outcome::Done {
                        key: None,
                        secret: None,
                    };
                    (
                        Event::EverythingRevoked {
                            reason,
                            proposal: id,
                        },
                        outcome,
                    )
                }
            })
        })
    }

    /// Takes a proposal back, or refuses it: any key with the scope `keys` may.
    ///
    /// # Errors
    /// [`KeysError`].
    pub fn withdraw(&self, by: KeyId, proposal: ProposalId) -> Result<(), KeysError> {
        self.record(Actor::Key(by), |state| {
            Self::holds(state, by, self.now())?;
            match state.proposals.contains_key(&proposal) {
                true => Ok(Event::ProposalWithdrawn { proposal }),
                false => Err(KeysError::NoProposal(proposal)),
            }
        })?;
        Ok(())
    }

    /// Makes a key by the word of the machine's owner: for the first keys, and after all were revoked. Refused once
    /// two clients hold live keys with the scope `keys`; those two then decide everything.
    ///
    /// # Errors
    /// [`KeysError`].
    pub fn bootstrap(&self, new: NewKey) -> Result<Outcome, KeysError> {
        self.decide(Actor::Host, |state, now| {
            if state.keymasters(now).any(|key| state.has_second(key, now)) {
                return Err(KeysError::Governed);
            }
            let (key, secret) = self.prepare(state, now, new, None)?;
            Ok((
                Event::KeyCreated {
                    key: key.clone(),
                    proposal: None,
                },
                done(key, secret),
            ))
        })
    }
}
