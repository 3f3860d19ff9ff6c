//! Proofs are verified before a call is decided, and while others read.
//!
//! What a verifier says of bytes depends on these bytes alone, and takes milliseconds; whether a call may be made depends on
//! the state, and takes none. So a call is tried twice. At first every proof is taken to hold, and what was asked is noted:
//! what speaks against a call before its proofs are asked for refuses it, and nothing was verified. Then what was noted is
//! verified, while the state is free. Then the call is tried again, in the state as it is by then, with what the verifier said: of a proof that
//! was not verified by now it is noted again, and nothing is changed.

use std::{
    borrow::Cow,
    sync::{Mutex, MutexGuard, PoisonError},
};

use thiserror::Error;
use winterlane_ledger::{
    PublicInputs, Record,
    pool::{ProofRefusal, VerifyPrivate},
    private::PrivateInputs,
    wire::PublishedError,
};

use crate::{Proofs, calm};

/// Something that a call rests on, and that depends on nothing but the call.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Question<'a> {
    /// Whether the bytes are the records of the batch, and which these are.
    Records(PublicInputs, Cow<'a, [u8]>),
    /// Whether the bytes are a proof of the batch.
    Batch(PublicInputs, Cow<'a, [u8]>),
    /// Whether the bytes are a proof of the private statement.
    Private(PrivateInputs, Cow<'a, [u8]>),
}

impl Question<'_> {
    fn into_owned(self) -> Question<'static> {
        let own = |bytes: Cow<'_, [u8]>| Cow::Owned(bytes.into_owned());
        match self {
            Self::Records(public, bytes) => Question::Records(public, own(bytes)),
            Self::Batch(public, bytes) => Question::Batch(public, own(bytes)),
            Self::Private(inputs, bytes) => Question::Private(inputs, own(bytes)),
        }
    }
}

/// A call was tried with proofs that nobody has verified yet: it changes nothing.
#[derive(Debug, Error)]
#[error("its proofs are not verified yet")]
struct Open;

/// What one call asks, and what was answered: a proof system for [`State::call`](crate::State::call) that verifies nothing
/// there.
#[derive(Debug, Default)]
pub(crate) struct Verdicts(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    records: Vec<(Question<'static>, Result<Vec<Record>, PublishedError>)>,
    holds: Vec<Question<'static>>,
    /// The first that does not hold; no other is asked then.
    refused: Option<(Question<'static>, Box<ProofRefusal>)>,
    open: Vec<Question<'static>>,
}

impl Verdicts {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the last try has asked something that is not answered: then it has changed nothing, and says nothing.
    pub(crate) fn open(&self) -> bool {
        !self.lock().open.is_empty()
    }

    /// Nothing is open any more: the call is tried once more before anything is verified.
    pub(crate) fn forget_open(&self) {
        self.lock().open.clear();
    }

    /// Has everything answered that is open, up to the first proof that does not hold.
    pub(crate) fn answer<P: Proofs + ?Sized>(&self, proofs: &P) {
        let open = std::mem::take(&mut self.lock().open);
        for question in open {
            let said = match &question {
                Question::Records(public, bytes) => {
                    let records = proofs.records(public, bytes);
                    self.lock().records.push((question, records));
                    continue;
                }
                Question::Batch(public, proof) => calm(|| proofs.batch(public, proof)),
                Question::Private(inputs, proof) => calm(|| proofs.verify(inputs, proof)),
            };
            match said {
                Ok(()) => self.lock().holds.push(question),
                Err(why) => {
                    self.lock().refused = Some((question, why));
                    return;
                }
            }
        }
    }

    fn ask(&self, question: Question<'_>) -> Result<(), Box<ProofRefusal>> {
        let mut inner = self.lock();
        if inner.holds.contains(&question) {
            return Ok(());
        }
        match inner.refused.take() {
            Some((refused, why)) if refused == question => return Err(why),
            other => inner.refused = other,
        }
        inner.open.push(question.into_owned());
        Ok(())
    }
}

impl VerifyPrivate for Verdicts {
    fn verify(&self, inputs: &PrivateInputs, proof: &[u8]) -> Result<(), Box<ProofRefusal>> {
        self.ask(Question::Private(inputs.clone(), proof.into()))
    }
}

impl Proofs for Verdicts {
    fn batch(&self, public: &PublicInputs, proof: &[u8]) -> Result<(), Box<ProofRefusal>> {
        self.ask(Question::Batch(*public, proof.into()))
    }

    fn records(&self, public: &PublicInputs, bytes: &[u8]) -> Result<Vec<Record>, PublishedError> {
        let question = Question::Records(*public, bytes.into());
        let mut inner = self.lock();
        if let Some((_, records)) = inner.records.iter().find(|(known, _)| *known == question) {
            return records.clone();
        }
        inner.open.push(question.into_owned());
        // there is nothing to go on with; that it is open is what counts
        Err(PublishedError::Count {
            expected: public.num_operations,
            got: 0,
        })
    }

    fn decided(&self) -> Result<(), Box<ProofRefusal>> {
        if self.open() {
            return Err(Box::new(Open));
        }
        Ok(())
    }
}
