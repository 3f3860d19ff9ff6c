//! Keys and workers that are played, for tests here and of the node as a whole.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard},
};

use super::*;
use crate::{
    OrderId,
    keys::PrivateKey,
    private::decode,
    testing::{HOLDS, domain},
};

/// Keys by a number, each of a client.
#[derive(Debug, Default)]
pub(crate) struct Known {
    keys: Vec<(ClientName, u8)>,
    revoked: Mutex<BTreeSet<u8>>,
}

/// The private half of the key with a number.
pub(crate) fn private(number: u8) -> PrivateKey {
    PrivateKey::from_seed(&[number; 32])
}

impl Known {
    pub(crate) fn new(keys: &[(&str, u8)]) -> Self {
        let keys = keys.iter();
        Self {
            keys: keys
                .map(|(client, number)| (client.parse().unwrap(), *number))
                .collect(),
            revoked: Mutex::default(),
        }
    }

    pub(crate) fn key(&self, number: u8) -> PublicKey {
        private(number).public()
    }

    /// Those with these numbers, each with its client.
    pub(crate) fn list(&self, numbers: &[u8]) -> Vec<(ClientName, PublicKey)> {
        let listed = self.keys.iter();
        let listed = listed.filter(|(_, number)| numbers.contains(number));
        listed
            .map(|(client, number)| (client.clone(), self.key(*number)))
            .collect()
    }

    pub(crate) fn revoke(&self, number: u8) {
        self.revoked.lock().unwrap().insert(number);
    }

    pub(crate) fn restore(&self, number: u8) {
        self.revoked.lock().unwrap().remove(&number);
    }
}

impl Roster for Known {
    fn verifier(&self, key: &PublicKey) -> Option<ClientName> {
        let (client, number) = self
            .keys
            .iter()
            .find(|(_, number)| self.key(*number) == *key)?;
        let revoked = self.revoked.lock().unwrap().contains(number);
        (!revoked).then(|| client.clone())
    }
}

/// What a worker that is played says of a case: any number of things.
pub(crate) type Say = Box<dyn FnMut(&Case, &[u8]) -> Vec<SignedVerdict> + Send>;

/// What the proof system of the tests says of an operation.
pub(crate) fn word(operation: &[u8]) -> Verdict {
    let operation = decode(operation).unwrap();
    if operation.proof == HOLDS {
        Verdict::Holds
    } else {
        Verdict::Refused("it does not say so".into())
    }
}

/// Signs what the worker with a number says of each case.
pub(crate) fn says(number: u8, what: impl Fn(&[u8]) -> Verdict + Send + 'static) -> Say {
    Box::new(move |case, operation| {
        vec![SignedVerdict::new(case, what(operation), &private(number))]
    })
}

/// A queue whose workers are played: they answer as soon as they are asked.
#[derive(Clone, Default)]
pub(crate) struct Desk(Arc<Mutex<Inner>>);

#[derive(Default)]
pub(crate) struct Inner {
    /// Nothing works.
    pub(crate) away: bool,
    pub(crate) workers: Vec<(u8, Say)>,
    /// Cases that were asked about, and those that were closed.
    pub(crate) asked: Vec<[u8; 32]>,
    pub(crate) closed: Vec<[u8; 32]>,
    said: Vec<SignedVerdict>,
}

impl Desk {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    /// These workers, and no others, from now on.
    pub(crate) fn seat(&self, workers: impl IntoIterator<Item = (u8, Say)>) {
        self.lock().workers = workers.into_iter().collect();
    }

    fn works(&self) -> Result<MutexGuard<'_, Inner>, QueueError> {
        let inner = self.lock();
        if inner.away {
            return Err(QueueError::Server("nobody is there".into()));
        }
        Ok(inner)
    }
}

impl PanelQueue for Desk {
    fn present(&mut self) -> Result<Vec<PublicKey>, QueueError> {
        let inner = self.works()?;
        let numbers = inner.workers.iter().map(|(number, _)| *number);
        Ok(numbers.map(|number| private(number).public()).collect())
    }

    fn ask(&mut self, cases: &[Ask]) -> Result<(), QueueError> {
        let mut inner = self.works()?;
        for ask in cases {
            let case = Case {
                challenge: ask.challenge,
                rollup: domain().to_bytes(),
                policy: policy(),
                operation: OrderId::of_private(&ask.operation),
            };
            inner.asked.push(ask.challenge);
            let mut said = Vec::new();
            for (number, say) in &mut inner.workers {
                if ask.seats.contains(&private(*number).public()) {
                    said.extend(say(&case, &ask.operation));
                }
            }
            inner.said.extend(said);
        }
        Ok(())
    }

    fn verdicts(&mut self) -> Result<Vec<SignedVerdict>, QueueError> {
        Ok(std::mem::take(&mut self.works()?.said))
    }

    fn close(&mut self, challenges: &[[u8; 32]]) -> Result<(), QueueError> {
        self.works()?.closed.extend_from_slice(challenges);
        Ok(())
    }
}
