//! [`Keys`]: commands on the state of keys. Each is an event on the disk before it counts.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard},
    time::Duration,
};

use super::{
    BearerToken, ClientName, Environment, KeyId, KeyRecord, KeysError, Nonces, Phase, Proposal,
    ProposalId, ProposedAct, PublicKey, Refusal, Scope, Scopes, SignatureBytes, State, Verifier,
    random,
    secret::verify_possession,
    usage::{KeyUsage, Usage},
};
use crate::{
    audit::{Actor, AuditLog, Entry, Event, Head},
    clock::{Clock, UnixTime},
};

/// Where keys are kept, and how long things last.
#[derive(Clone, Debug)]
pub struct KeysConfig {
    /// The folder of the audit log, the nonces and the times of use.
    pub folder: PathBuf,
    /// The environment of this node.
    pub environment: Environment,
    /// How far the time of a signed request may be from the node's.
    pub window: Duration,
    /// How long a proposal waits for its second person.
    pub proposal_lifetime: Duration,
    /// The longest life of a key.
    pub max_lifetime: Duration,
    /// The longest window in which a key and its successor are both accepted.
    pub max_overlap: Duration,
    /// The most keys ever, ended ones included.
    pub max_keys: usize,
}

impl KeysConfig {
    /// Keys in `folder`, with the defaults: 30 s, 24 h, 400 days, 30 days, 10,000 keys.
    #[must_use]
    pub fn new(folder: PathBuf, environment: Environment) -> Self {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        Self {
            folder,
            environment,
            window: Duration::from_secs(30),
            proposal_lifetime: DAY,
            max_lifetime: DAY * 400,
            max_overlap: DAY * 30,
            max_keys: 10_000,
        }
    }
}

/// What the verifier of a new key is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewVerifier {
    /// A public key whose private half signed [`super::possession_message`].
    Ed25519 {
        /// The public half.
        public: PublicKey,
        /// The signature.
        proof: SignatureBytes,
    },
    /// A secret that the node makes and shows once.
    Bearer,
}

/// A key to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    /// Whose it is.
    pub client: ClientName,
    /// What it may do.
    pub scopes: Scopes,
    /// How it is checked.
    pub verifier: NewVerifier,
    /// How long it lasts.
    pub lifetime: Duration,
}

/// What became of a command.
#[derive(Debug)]
#[must_use]
pub enum Outcome {
    /// It is done.
    Done {
        /// The key that was made or changed, where there is one.
        key: Option<Box<KeyRecord>>,
        /// The secret of a new bearer key. Nobody can be shown it again.
        secret: Option<BearerToken>,
    },
    /// It needs the approval of another client's key.
    Proposed(Box<Proposal>),
}

/// The keys of a node.
#[derive(Debug)]
pub struct Keys {
    pub(super) config: KeysConfig,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) nonces: Nonces,
    pub(super) usage: Usage,
    state: RwLock<State>,
    /// Held while an event is written and carried out, so that commands come one after another.
    log: Mutex<AuditLog>,
}

/// The most proposals that wait.
const MAX_PROPOSALS: usize = 100;
/// The longest reason, in bytes.
const MAX_REASON: usize = 200;

impl Keys {
    /// Opens the keys in the configured folder, or begins with none.
    ///
    /// # Errors
    /// [`KeysError`] when the folder is in use, of another environment, or its files are damaged.
    pub fn open(config: KeysConfig, clock: Arc<dyn Clock>) -> Result<Self, KeysError> {
        let folder = &config.folder;
        let io = |source| KeysError::Io {
            path: folder.clone(),
            source,
        };
        crate::disk::private_folder(folder).map_err(io)?;
        let (log, recovery) = AuditLog::open(&folder.join("audit.log"))?;
        let mut state = State::default();
        for entry in &recovery.entries {
            state.apply(entry)?;
        }
        let nonces = Nonces::open(&folder.join("nonces"))?;
        let usage = Usage::open(&folder.join("usage.json"));
        let fresh = match &state.environment {
            None => true,
            Some(found) if *found == config.environment => false,
            Some(found) => {
                return Err(KeysError::OtherEnvironment {
                    path: log.path().to_owned(),
                    found: found.to_string(),
                    wanted: config.environment.to_string(),
                });
            }
        };
        let (state, log) = (RwLock::new(state), Mutex::new(log));
        let keys = Self {
            config,
            clock,
            nonces,
            usage,
            state,
            log,
        };
        if fresh {
            let environment = keys.config.environment.clone();
            keys.record(Actor::Node, |_| Ok(Event::Begun { environment }))?;
        }
        if recovery.cut > 0 {
            keys.record(Actor::Node, |_| {
                Ok(Event::Recovered {
                    bytes: recovery.cut,
                })
            })?;
        }
        Ok(keys)
    }

    /// The keys as they are.
    pub fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The environment of the node.
    #[must_use]
    pub const fn environment(&self) -> &Environment {
        &self.config.environment
    }

    /// How far the time of a signed request may be from the node's.
    #[must_use]
    pub const fn window(&self) -> Duration {
        self.config.window
    }

    /// Whether the disk failed: the node must end.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.nonces.failed()
            || self
                .log
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .failed()
    }

    /// The present time.
    #[must_use]
    pub fn now(&self) -> UnixTime {
        self.clock.now()
    }

    /// The head of the audit log.
    #[must_use]
    pub fn head(&self) -> Head {
        self.log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .head()
    }

    /// Lines of the audit log as they are in the file ([`AuditLog::lines`]).
    ///
    /// # Errors
    /// [`KeysError`] when the file cannot be read.
    pub fn audit_lines(&self, from: u64, limit: usize) -> Result<Vec<u8>, KeysError> {
        Ok(self
            .log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .lines(from, limit)?)
    }

    /// When and how often a key was used.
    #[must_use]
    pub fn usage(&self, id: KeyId) -> KeyUsage {
        self.usage.of(id)
    }

    /// How often holders of keys were refused since the process began, by reason: every reason, 0 included.
    #[must_use]
    pub fn refusals(&self) -> Vec<(Refusal, u64)> {
        let totals = self.usage.refusals();
        Refusal::ALL
            .map(|reason| (reason, totals.get(&reason).copied().unwrap_or(0)))
            .to_vec()
    }

    /// Writes the times of use to the disk: every minute, and at the end. They are for people; a crash may lose
    /// the last ones.
    ///
    /// # Errors
    /// [`KeysError::Io`].
    pub fn flush_usage(&self) -> Result<(), KeysError> {
        self.usage.flush()
    }

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
            let found = state
                .proposals
                .get(&id)
                .filter(|proposal| now < proposal.expires);
            let proposal = found.ok_or(KeysError::NoProposal(id))?;
            // A key that has ended asks for nothing any more.
            let proposer = state.key(proposal.by)?;
            if !state.phase_of(proposer, now).is_live() {
                return Err(KeysError::NoProposal(id));
            }
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

    /// Writes down an operator's act on the node, before it is carried out.
    ///
    /// # Errors
    /// [`KeysError`] when the log failed.
    pub fn operated(&self, by: Option<KeyId>, act: String) -> Result<(), KeysError> {
        let actor = by.map_or(Actor::Host, Actor::Key);
        self.record(actor, |_| Ok(Event::Operated { act }))
            .map(drop)
    }

    /// Notes that a key was accepted; the first time in the log.
    pub(super) fn used(&self, key: KeyId, first: bool) -> Result<(), KeysError> {
        self.usage.note(key, self.now());
        if first {
            self.record_unless(Actor::Node, |state| {
                let unused = state.key(key)?.first_used.is_none();
                Ok(unused.then_some(Event::KeyFirstUsed { key }))
            })?;
        }
        Ok(())
    }

    /// Notes that the holder of a key was refused: in the log at most once a minute for each key and reason.
    pub(super) fn refused(&self, key: KeyId, reason: Refusal) -> Result<(), KeysError> {
        if let Some(count) = self.usage.refusal(key, reason, self.now()) {
            self.record(Actor::Node, |_| Ok(Event::Refused { key, reason, count }))?;
        }
        Ok(())
    }

    /// That `by` is live and holds the scope `keys`, as things are while the log is locked.
    fn holds(state: &State, by: KeyId, now: UnixTime) -> Result<(), KeysError> {
        let key = state.key(by)?;
        let live = state.phase_of(key, now).is_live();
        if live && key.scopes.contains(Scope::Keys) {
            Ok(())
        } else {
            Err(KeysError::Lacks(Scope::Keys))
        }
    }

    /// The key, if it can get a successor.
    fn rotatable(state: &State, key: KeyId, now: UnixTime) -> Result<&KeyRecord, KeysError> {
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
    fn rolling(state: &State, key: KeyId, now: UnixTime) -> Result<KeyId, KeysError> {
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
    fn prepare(
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
    fn admit(&self, state: &State, now: UnixTime, key: &mut KeyRecord) -> Result<(), KeysError> {
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

    fn propose(
        &self,
        state: &State,
        by: KeyId,
        now: UnixTime,
        act: ProposedAct,
    ) -> Result<(Event, Outcome), KeysError> {
        let waiting = state
            .proposals
            .values()
            .filter(|proposal| now < proposal.expires)
            .count();
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

    /// Decides on the state as it is, writes the event, carries it out.
    fn decide(
        &self,
        actor: Actor,
        decide: impl FnOnce(&State, UnixTime) -> Result<(Event, Outcome), KeysError>,
    ) -> Result<Outcome, KeysError> {
        let mut outcome = None;
        self.record(actor, |state| {
            let (event, result) = decide(state, self.now())?;
            outcome = Some(result);
            Ok(event)
        })?;
        Ok(outcome.unwrap_or(Outcome::Done {
            key: None,
            secret: None,
        }))
    }

    fn record(
        &self,
        actor: Actor,
        event: impl FnOnce(&State) -> Result<Event, KeysError>,
    ) -> Result<Option<Entry>, KeysError> {
        self.record_unless(actor, |state| event(state).map(Some))
    }

    fn record_unless(
        &self,
        actor: Actor,
        event: impl FnOnce(&State) -> Result<Option<Event>, KeysError>,
    ) -> Result<Option<Entry>, KeysError> {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let event = event(&self.state())?;
        let Some(event) = event else { return Ok(None) };
        // Tried on a copy: an event that contradicts the log must never be in it.
        let mut next = self.state().clone();
        let now = self.now();
        let seq = log.head().length;
        next.apply(&Entry {
            seq,
            time: now,
            actor,
            event: event.clone(),
        })?;
        let entry = log.append(now, actor, event)?;
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(Some(entry))
    }
}

fn done(key: Box<KeyRecord>, secret: Option<BearerToken>) -> Outcome {
    Outcome::Done {
        key: Some(key),
        secret,
    }
}

fn checked(reason: &str) -> Result<String, KeysError> {
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
