//! Keys as a whole: a folder, a clock that the test moves, requests as they come.

mod authentication;
mod clock;
mod grants;
mod playbooks;
mod replays;
mod rotation;

use std::{sync::Arc, time::Duration};

use tempfile::TempDir;

use super::*;
use crate::clock::{Clock, ManualClock, UnixTime};

pub(crate) const HOUR: Duration = Duration::from_secs(3600);
const START: UnixTime = UnixTime::from_seconds(1_795_888_000);

/// A folder of keys with two keymasters, and everyone's private halves.
pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) clock: ManualClock,
    pub(crate) keys: Option<Keys>,
}

/// Someone with a key.
#[derive(Clone)]
pub(crate) struct Holder {
    pub(crate) id: KeyId,
    pub(crate) key: PrivateKey,
}

impl World {
    pub(crate) fn new() -> Self {
        let mut world = Self {
            folder: tempfile::tempdir().unwrap(),
            clock: ManualClock::new(START),
            keys: None,
        };
        world.restart();
        world
    }

    /// The process ends and another begins.
    pub(crate) fn restart(&mut self) {
        self.keys = None;
        self.keys = Some(self.open().unwrap());
    }

    pub(crate) fn open(&self) -> Result<Keys, KeysError> {
        let config = KeysConfig::new(self.folder.path().into(), "test".parse().unwrap());
        Keys::open(config, Arc::new(self.clock.clone()))
    }

    pub(crate) fn keys(&self) -> &Keys {
        self.keys.as_ref().unwrap()
    }

    pub(crate) fn new_key(&self, client: &str, scopes: Scopes) -> (PrivateKey, NewKey) {
        let key = PrivateKey::random().unwrap();
        let client: ClientName = client.parse().unwrap();
        let proof = key.prove_possession(&client, self.keys().environment());
        let verifier = NewVerifier::Ed25519 {
            public: key.public(),
            proof,
        };
        (
            key,
            NewKey {
                client,
                scopes,
                verifier,
                lifetime: 1000 * HOUR,
            },
        )
    }

    /// The verifier of a successor for the client's key.
    pub(crate) fn next_verifier(&self, client: &str) -> (PrivateKey, NewVerifier) {
        let (key, new) = self.new_key(client, Scopes::NONE);
        (key, new.verifier)
    }

    pub(crate) fn bootstrap(&self, client: &str, role: Role) -> Holder {
        let (key, new) = self.new_key(client, role.scopes());
        Holder {
            id: made(self.keys().bootstrap(new)).id,
            key,
        }
    }

    /// The two without whom nothing goes.
    pub(crate) fn keymasters(&self) -> [Holder; 2] {
        ["ada", "bert"].map(|client| self.bootstrap(client, Role::Keymaster))
    }

    pub(crate) fn create(&self, by: &Holder, client: &str, role: Role) -> Holder {
        let (key, new) = self.new_key(client, role.scopes());
        Holder {
            id: made(self.keys().create(by.id, new)).id,
            key,
        }
    }

    /// A signed request with a fresh nonce, of now.
    pub(crate) fn send(&self, holder: &Holder, access: Access) -> Result<Identity, AuthError> {
        let nonce = Nonce::from_bytes(random().unwrap());
        self.send_with(holder, access, self.clock.now().seconds(), nonce)
    }

    pub(crate) fn send_with(
        &self,
        holder: &Holder,
        access: Access,
        created: u64,
        nonce: Nonce,
    ) -> Result<Identity, AuthError> {
        let headers = sign(
            &MESSAGE,
            &holder.key,
            holder.id,
            &"test".parse().unwrap(),
            created,
            nonce,
        );
        block_on(
            self.keys()
                .authenticate(&MESSAGE, presented(&headers), access),
        )
    }
}

pub(crate) const MESSAGE: Message<'_> = Message {
    method: "POST",
    path: "/v1/orders",
    query: "",
    body: b"order",
};
pub(crate) const SUBMIT: Access = Access {
    scope: Some(Scope::Submit),
    write: true,
};

pub(crate) fn presented(headers: &SignatureHeaders) -> Presented<'_> {
    Presented::Signed {
        content_digest: &headers.content_digest,
        signature_input: &headers.signature_input,
        signature: &headers.signature,
    }
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

/// The key that a command made.
pub(crate) fn made(outcome: Result<Outcome, KeysError>) -> KeyRecord {
    match outcome.unwrap() {
        Outcome::Done { key, .. } => *key.unwrap(),
        Outcome::Proposed(proposal) => panic!("proposed: {proposal:?}"),
    }
}

pub(crate) fn proposed(outcome: Result<Outcome, KeysError>) -> ProposalId {
    match outcome.unwrap() {
        Outcome::Proposed(proposal) => proposal.id,
        Outcome::Done { key, .. } => panic!("done: {key:?}"),
    }
}

pub(crate) fn reason(result: Result<Identity, AuthError>) -> Refusal {
    match result {
        Err(AuthError::Refused { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}
