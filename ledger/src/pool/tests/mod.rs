//! The pool: what it refuses, what it publishes, and that value is conserved.

mod model;
mod policy;
mod published;
mod refusals;

use alloc::{boxed::Box, vec, vec::Vec};

use thiserror::Error;
use winter_math::fields::f64::BaseElement;

use super::*;
use crate::{
    Amount, AssetId, BatchNumber, ChainId, Digest, Domain, RollupId,
    hash::domain_digest,
    private::{
        Commitment, Fee, Note, NoteKeys, Nullifier, PrivateInputs, SpendKey, TransferInputs,
        WithdrawalInputs,
    },
};

/// A proof system of one bit: a proof is the word "holds".
pub(super) struct Word;

const HOLDS: &[u8] = b"holds";

#[derive(Debug, Error)]
#[error("it does not say so")]
struct NotSaid;

impl VerifyPrivate for Word {
    fn verify(&self, _: &PrivateInputs, proof: &[u8]) -> Result<(), Box<ProofRefusal>> {
        if proof == HOLDS {
            Ok(())
        } else {
            Err(Box::new(NotSaid))
        }
    }
}

pub(super) fn digest(n: u64) -> Digest {
    Digest([n, n + 1, n + 2, n + 3].map(BaseElement::new))
}

pub(super) fn domain() -> Domain {
    domain_digest(ChainId::new(1), RollupId::new(7))
}

pub(super) fn keys() -> NoteKeys {
    NoteKeys {
        spend: SpendKey(digest(10)),
        nullifier: digest(20),
    }
}

pub(super) fn note(asset: AssetId, value: Amount, rho: u64) -> Note {
    Note {
        owner: keys().address(),
        asset,
        value,
        rho: digest(rho),
    }
}

pub(super) fn shield(note: &Note) -> Shield {
    Shield {
        blinded: note.owner.blinded(&note.rho),
        asset: note.asset,
        amount: note.value,
        sealed: vec![1; 5],
    }
}

/// The payment after the last one.
pub(super) fn next_payment(batch: &PoolBatch<'_>) -> Payment {
    Payment {
        batch: batch.last_payment().map_or(BatchNumber::ZERO, |last| {
            BatchNumber::new(last.batch.get() + 1)
        }),
        record: 3,
    }
}

pub(super) fn withdrawal(
    pool: &Pool,
    nullifier: Nullifier,
    change: Commitment,
) -> WithdrawalInputs {
    WithdrawalInputs {
        anchor: pool.anchor(),
        nullifier,
        change,
        recipient: [9; 20],
        amount: Amount::ZERO,
        fee: Amount::ZERO,
        asset: AssetId::new(7),
        domain: domain(),
        valid_until: pool.batch_number(),
        ciphertexts: [0; 32],
        association: None,
    }
}

pub(super) fn transfer(
    pool: &Pool,
    nullifiers: [Nullifier; 2],
    commitments: [Commitment; 2],
    fee: Option<Fee>,
    sealed: &[Vec<u8>],
) -> TransferInputs {
    TransferInputs {
        anchor: pool.anchor(),
        nullifiers,
        commitments,
        fee,
        domain: domain(),
        valid_until: BatchNumber::new(pool.batch_number().get() + 40),
        ciphertexts: ciphertexts_digest(sealed),
        association: None,
    }
}

pub(super) fn proven(inputs: PrivateInputs, sealed: Vec<Vec<u8>>) -> PrivateOperation {
    PrivateOperation {
        inputs,
        sealed,
        proof: HOLDS.to_vec(),
    }
}
