//! Keys of workers: whose verdicts on proofs of private operations count.

use super::{ClientName, Keys, PublicKey, Scope, Verifier};
use crate::panel::Roster;

impl Roster for Keys {
    /// The client with this key, if it is live at this moment, of this environment, and holds the scope `verify`.
    fn verifier(&self, key: &PublicKey) -> Option<ClientName> {
        let state = self.state();
        let id = state.with_verifier(&Verifier::Ed25519 { public: *key })?;
        let record = state.keys.get(&id)?;
        let may = state.phase_of(record, self.now()).is_live()
            && record.environment == *self.environment()
            && record.scopes.contains(Scope::Verify);
        may.then(|| record.client.clone())
    }

    /// A verdict is a use of its key, so that a rotation goes on as with every other key.
    fn heard(&self, key: &PublicKey) {
        let found = {
            let state = self.state();
            let id = state.with_verifier(&Verifier::Ed25519 { public: *key });
            id.and_then(|id| Some((id, state.keys.get(&id)?.first_used.is_none())))
        };
        if let Some((id, first)) = found
            && let Err(error) = self.used(id, first)
        {
            // whoever serves the node sees that its keys have failed, and ends it
            tracing::error!(%error, "the use of a worker's key is not written");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::keys::{
        Outcome, Phase, PrivateKey, Role,
        tests::{HOUR, World},
    };

    /// A key counts while it is live and holds the scope; a rotated one counts as its client's until the window is over.
    #[test]
    fn live_keys_with_the_scope_are_on_the_roster() {
        let world = World::new();
        let [ada, _bert] = world.keymasters();
        let keys = world.keys();
        let worker = world.create(&ada, "machine-1", Role::Worker);
        let public = worker.key.public();
        let whose = |key: &PrivateKey| keys.verifier(&key.public());
        let client: ClientName = "machine-1".parse().unwrap();
        assert_eq!(whose(&worker.key), Some(client.clone()));
        let phase = || keys.state().phase(worker.id, keys.now());
        assert_eq!(phase(), Some(Phase::New));
        keys.heard(&public);
        assert_eq!(phase(), Some(Phase::Active));
        // other keys judge nothing, and nobody's does not either
        assert_eq!(whose(&ada.key), None);
        assert_eq!(whose(&PrivateKey::from_seed(&[1; 32])), None);

        let (next, verifier) = world.next_verifier("machine-1");
        let rotated = keys.rotate(worker.id, worker.id, verifier, HOUR, 100 * HOUR);
        assert!(matches!(rotated, Ok(Outcome::Done { .. })));
        assert_eq!(whose(&next), Some(client.clone()));
        assert_eq!(keys.verifier(&public), Some(client));
        keys.heard(&next.public());
        assert_eq!(phase(), Some(Phase::Drain));
        world.clock.advance(HOUR + Duration::from_secs(1));
        assert_eq!(keys.verifier(&public), None);
        let found = keys
            .state()
            .with_verifier(&Verifier::Ed25519 {
                public: next.public(),
            })
            .unwrap();
        let _ = keys.revoke(ada.id, found, "leaked").unwrap();
        assert_eq!(whose(&next), None);
    }
}
