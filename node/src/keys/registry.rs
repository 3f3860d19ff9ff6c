//! [`Keys`]: commands on the state of keys. Each is an event on the disk before it counts.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard},
    time::Duration,
};

use super::{
    BearerToken, ClientName, Environment, KeyId, KeyRecord, KeysError, Nonces, Phase, Proposal,
    PublicKey, Refusal, Scope, Scopes, SignatureBytes, State,
    usage::{KeyUsage, Usage},
};
use crate::{
    audit::{self, Actor, AuditError, AuditLog, Entry, Event, Head, Report},
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
#[non_exhaustive]
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
#[non_exhaustive]
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

impl KeysConfig {
    /// Where the audit log is.
    fn log(&self) -> PathBuf {
        self.folder.join("audit.log")
    }

    /// Whether a log is of this environment, or of none yet.
    fn fits(&self, state: &State, path: &Path) -> Result<(), KeysError> {
        match &state.environment {
            Some(found) if *found != self.environment => Err(KeysError::OtherEnvironment {
                path: path.to_owned(),
                found: found.to_string(),
                wanted: self.environment.to_string(),
            }),
            _ => Ok(()),
        }
    }
}

impl Keys {
    /// Verifies the audit log in the configured folder and changes nothing, also while a node has it open. `None` where there is
    /// none yet.
    ///
    /// # Errors
    /// [`KeysError`] when the log is damaged, contradicts itself, or is of another environment.
    pub fn check(config: &KeysConfig) -> Result<Option<Report>, KeysError> {
        let path = config.log();
        match audit::check(&path, &[]) {
            Ok(report) => {
                config.fits(&report.state, &path)?;
                Ok(Some(report))
            }
            Err(KeysError::Audit(AuditError::Io { source, .. }))
                if source.kind() == ErrorKind::NotFound =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

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
        let (log, recovery) = AuditLog::open(&config.log())?;
        let mut state = State::default();
        for entry in &recovery.entries {
            state.apply(entry)?;
        }
        // Without the file nobody knows which nonces were used: whatever can have been signed until now is refused.
        let last = recovery
            .entries
            .last()
            .map(|entry| entry.time.max(clock.now()));
        let floor = last.map_or(0, |time| time.after(config.window).seconds());
        let nonces = Nonces::open(&folder.join("nonces"), floor)?;
        let usage = Usage::open(&folder.join("usage.json"));
        config.fits(&state, log.path())?;
        let fresh = state.environment.is_none();
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

    /// Whether a key is accepted at this moment.
    #[must_use]
    pub fn is_live(&self, id: KeyId) -> bool {
        let phase = self.state().phase(id, self.now());
        phase.is_some_and(Phase::is_live)
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

    /// Writes down an operator's act on the node, before it is carried out. The key must be live and hold the scope at this
    /// moment, while the log is locked: one that was revoked since its request was let in does nothing any more.
    ///
    /// # Errors
    /// [`KeysError::Lacks`], [`KeysError::NotLive`]; [`KeysError`] when the log failed.
    pub fn operated(&self, by: KeyId, scope: Scope, act: String) -> Result<(), KeysError> {
        self.record(Actor::Key(by), |state| {
            Self::live_with(state, by, scope, self.now())?;
            Ok(Event::Operated { act })
        })
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

    /// Decides on the state as it is, writes the event, carries it out.
    pub(super) fn decide(
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

    pub(super) fn record(
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
