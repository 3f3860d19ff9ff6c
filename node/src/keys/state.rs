//! The keys and proposals that the events of the audit log add up to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Environment, KeyId, KeyRecord, KeysError, Phase, ProposalId, Revoked, Scope, Successor,
    Verifier,
};
use crate::{
    audit::{Actor, Entry, Event},
    clock::UnixTime,
};

/// Something that counts once a key of a second client approves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// Its name.
    pub id: ProposalId,
    /// The key that asks.
    pub by: KeyId,
    /// When.
    pub created: UnixTime,
    /// Until when it can be approved.
    pub expires: UnixTime,
    /// What is asked for.
    pub act: ProposedAct,
}

/// What needs two persons.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum ProposedAct {
    /// A key with the scope `keys`.
    Create {
        /// The key.
        key: Box<KeyRecord>,
    },
    /// A successor, chosen by someone else, for a key with the scope `keys`.
    Rotate {
        /// The key that ends.
        key: KeyId,
        /// The key that takes over.
        successor: Box<KeyRecord>,
        /// How long both are accepted, in milliseconds.
        overlap_ms: u64,
    },
    /// A key with the scope `keys` takes its own rotation back.
    RollBack {
        /// The key that goes on.
        key: KeyId,
    },
    /// Every key ends. What follows begins on the machine itself.
    RevokeEverything {
        /// Why.
        reason: String,
    },
}

/// What the events add up to. A function of the log alone: the offline checker has the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The environment, once the log is begun.
    pub environment: Option<Environment>,
    /// Every key that was ever made.
    pub keys: BTreeMap<KeyId, KeyRecord>,
    /// Proposals that nobody decided, expired ones included.
    pub proposals: BTreeMap<ProposalId, Proposal>,
}

impl State {
    /// A key.
    ///
    /// # Errors
    /// [`KeysError::NoKey`].
    pub fn key(&self, id: KeyId) -> Result<&KeyRecord, KeysError> {
        self.keys.get(&id).ok_or(KeysError::NoKey(id))
    }

    /// The phase of a key at `now`; nothing for a key that does not exist.
    #[must_use]
    pub fn phase(&self, id: KeyId, now: UnixTime) -> Option<Phase> {
        self.keys.get(&id).map(|key| self.phase_of(key, now))
    }

    /// The phase of one of the keys.
    #[must_use]
    pub fn phase_of(&self, key: &KeyRecord, now: UnixTime) -> Phase {
        let successor = key
            .successor
            .and_then(|successor| self.keys.get(&successor.id));
        let used = successor.is_some_and(|successor| successor.first_used.is_some());
        key.phase(now, used)
    }

    /// Whether a live key of another client than that of `key` holds the scope `keys`.
    #[must_use]
    pub fn has_second(&self, key: &KeyRecord, now: UnixTime) -> bool {
        self.keymasters(now).any(|other| other.client != key.client)
    }

    /// The live keys with the scope `keys`.
    pub fn keymasters(&self, now: UnixTime) -> impl Iterator<Item = &KeyRecord> {
        let live = move |key: &&KeyRecord| self.phase_of(key, now).is_live();
        self.keys
            .values()
            .filter(|key| key.scopes.contains(Scope::Keys))
            .filter(live)
    }

    /// The proposals that can be approved: their time is not over, and the key that made them is live. One that has ended
    /// asks for nothing any more.
    pub fn open_proposals(&self, now: UnixTime) -> impl Iterator<Item = &Proposal> {
        self.proposals.values().filter(move |proposal| {
            let by = self.phase(proposal.by, now);
            now < proposal.expires && by.is_some_and(Phase::is_live)
        })
    }

    /// How many keys are live.
    #[must_use]
    pub fn live(&self, now: UnixTime) -> usize {
        self.keys
            .values()
            .filter(|key| self.phase_of(key, now).is_live())
            .count()
    }

    /// The key with this verifier.
    #[must_use]
    pub fn with_verifier(&self, verifier: &Verifier) -> Option<KeyId> {
        self.keys
            .values()
            .find(|key| key.verifier == *verifier)
            .map(|key| key.id)
    }

    /// The version that the client's next key gets.
    #[must_use]
    pub fn next_version(&self, client: &super::ClientName) -> u32 {
        let of_client = self.keys.values().filter(|key| key.client == *client);
        of_client
            .map(|key| key.version)
            .max()
            .map_or(1, |version| version.saturating_add(1))
    }

    /// Carries out an event.
    ///
    /// # Errors
    /// [`KeysError::Contradiction`] when it does not follow from those before; the state is as it was then.
    pub fn apply(&mut self, entry: &Entry) -> Result<(), KeysError> {
        self.follow(entry).map_err(|what| KeysError::Contradiction {
            seq: entry.seq,
            what,
        })
    }

    fn follow(&mut self, entry: &Entry) -> Result<(), &'static str> {
        if self.environment.is_none() != matches!(entry.event, Event::Begun { .. }) {
            return Err("a log begins once, with its environment");
        }
        match &entry.event {
            Event::Begun { environment } => self.environment = Some(environment.clone()),
            Event::KeyCreated { key, proposal } => {
                self.agreed(entry, *proposal, key.scopes.contains(Scope::Keys))?;
                self.insert(key)?;
            }
            Event::KeyFirstUsed { key } => {
                let key = self.keys.get_mut(key).ok_or("no such key was made")?;
                key.first_used.get_or_insert(entry.time);
            }
            Event::KeyRotated {
                key,
                successor,
                overlap_until,
                proposal,
            } => {
                let old = self.keys.get(key).ok_or("no such key was made")?;
                if old.successor.is_some() || old.revoked.is_some() {
                    return Err("the key that is rotated has ended or has a successor");
                }
                if successor.predecessor != Some(*key) || successor.scopes != old.scopes {
                    return Err("the successor is not one of the key that is rotated");
                }
                let alone = entry.actor == Actor::Key(*key);
                self.agreed(entry, *proposal, old.scopes.contains(Scope::Keys) && !alone)?;
                self.insert(successor)?;
                if let Some(old) = self.keys.get_mut(key) {
                    let (id, since) = (successor.id, entry.time);
                    old.successor = Some(Successor {
                        id,
                        since,
                        overlap_until: *overlap_until,
                    });
                }
            }
            Event::KeyRolledBack {
                key,
                successor,
                proposal,
            } => {
                let old = self.keys.get(key).ok_or("no such key was made")?;
                if old.successor.map(|next| next.id) != Some(*successor) {
                    return Err("no such rotation is under way");
                }
                let own = entry.actor == Actor::Key(*key);
                self.agreed(entry, *proposal, old.scopes.contains(Scope::Keys) && own)?;
                if let Some(old) = self.keys.get_mut(key) {
                    old.successor = None;
                }
                self.end(*successor, entry.time, "rolled back");
            }
            Event::KeyRevoked { key, reason } => {
                if !self.keys.contains_key(key) {
                    return Err("no such key was made");
                }
                self.end(*key, entry.time, reason);
            }
            Event::EverythingRevoked { reason, proposal } => {
                self.agreed(entry, Some(*proposal), true)?;
                let all: Vec<_> = self.keys.keys().copied().collect();
                for key in all {
                    self.end(key, entry.time, reason);
                }
            }
            Event::Proposed { proposal } => {
                if self
                    .proposals
                    .insert(proposal.id, (**proposal).clone())
                    .is_some()
                {
                    return Err("a proposal is made twice");
                }
            }
            Event::ProposalWithdrawn { proposal } => {
                self.proposals
                    .remove(proposal)
                    .ok_or("no such proposal is open")?;
            }
            Event::Recovered { .. } | Event::Refused { .. } | Event::Operated { .. } => {}
        }
        Ok(())
    }

    /// Closes the proposal of an act. One that needs two persons must have a proposal, by a key of another client
    /// than the actor's; only the owner of the machine needs none, when a log begins or after the last keys end.
    fn agreed(
        &mut self,
        entry: &Entry,
        proposal: Option<ProposalId>,
        two_persons: bool,
    ) -> Result<(), &'static str> {
        let Some(id) = proposal else {
            let alone = entry.actor == Actor::Host || !two_persons;
            return if alone {
                Ok(())
            } else {
                Err("done by one person, and needs two")
            };
        };
        let proposal = self.proposals.get(&id).ok_or("no such proposal is open")?;
        let client = |id: &KeyId| self.keys.get(id).map(|key| &key.client);
        let Actor::Key(second) = entry.actor else {
            return Err("a proposal is approved by a key");
        };
        match (client(&proposal.by), client(&second)) {
            (Some(first), Some(second)) if first != second => {
                self.proposals.remove(&id);
                Ok(())
            }
            _ => Err("a proposal is approved by the client that made it"),
        }
    }

    fn insert(&mut self, key: &KeyRecord) -> Result<(), &'static str> {
        if self.keys.contains_key(&key.id) {
            return Err("a key is made twice");
        }
        self.keys.insert(key.id, key.clone());
        Ok(())
    }

    /// Ends a key, unless it ended before: the first reason stands.
    fn end(&mut self, key: KeyId, at: UnixTime, reason: &str) {
        if let Some(key) = self.keys.get_mut(&key) {
            key.revoked.get_or_insert_with(|| Revoked {
                at,
                reason: reason.to_owned(),
            });
        }
    }
}
