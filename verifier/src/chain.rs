//! The verifier of consecutive batches.

use alloc::vec::Vec;

use thiserror::Error;
use winterlane_air::{BatchStatement, batch::InputsError};
use winterlane_ledger::{BatchNumber, Domain, PublicInputs, Root};

use crate::{
    Chained, LinkError, Policy, Refusal, Verified, VerifyError, verify_links_of, verify_statements,
};

/// A batch as a chain of them is handed to [`verify_chain`].
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// What the proof says.
    pub inputs: PublicInputs,
    /// The proof.
    pub proof: &'a [u8],
}

/// What a chain of proofs says as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerifiedChain {
    /// Which rollup on which chain.
    pub domain: Domain,
    /// Number of the first batch. The last has this number plus the number of batches minus one.
    pub first_batch: BatchNumber,
    /// The root before the first batch. Compare it with the state that you hold.
    pub old_root: Root,
    /// The root after the last batch.
    pub new_root: Root,
    /// What was accepted of each batch.
    pub batches: Vec<Verified>,
}

/// Why a chain was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("batch {index} of the chain: {fault}")]
pub struct ChainError {
    /// Which batch, counted from 0 in the order given.
    pub index: usize,
    /// What is wrong with it.
    #[source]
    pub fault: ChainFault,
}

/// What is wrong with one batch of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ChainFault {
    /// There is no batch at all.
    #[error("there is none")]
    Empty,
    /// It belongs to another domain than the first.
    #[error("its domain is {found}, that of the chain {expected}")]
    Domain {
        /// Domain of the first batch.
        expected: Domain,
        /// Its own.
        found: Domain,
    },
    /// Its number does not follow that of the batch before it.
    #[error("its number is {found}, the one before has {before}")]
    Number {
        /// Number of the batch before.
        before: u64,
        /// Its own.
        found: u64,
    },
    /// It does not start where the batch before it ends.
    #[error("its old root is {found}, the one before ends with {expected}")]
    Root {
        /// New root of the batch before.
        expected: Root,
        /// Its own old root.
        found: Root,
    },
    /// Its proof is not accepted.
    #[error("{0}")]
    Proof(#[source] VerifyError),
}

/// Verifies consecutive batches: one domain, numbers that count up, each batch starting from the
/// root that the one before leaves, and every proof.
///
/// The links are looked at first. With the feature `parallel` the proofs are verified on all cores
/// of the present rayon pool, each within the memory bound of [`verify`](crate::verify).
///
/// # Errors
/// The first batch that does not follow from the one before, or else the first with a proof that
/// is not accepted; an empty chain is an error too.
pub fn verify_chain(batches: &[Batch<'_>], policy: &Policy) -> Result<VerifiedChain, ChainError> {
    let inputs: Vec<_> = batches.iter().map(|batch| batch.inputs).collect();
    let proofs: Vec<_> = batches.iter().map(|batch| batch.proof).collect();
    let verified = verify_statements::<BatchStatement>(&inputs, &proofs, &policy.accepted());
    let verified = verified.map_err(ChainError::at)?;
    let (Some(first), Some(last)) = (inputs.first(), inputs.last()) else {
        return Err(ChainError::at((0, ChainFault::Empty)));
    };
    Ok(VerifiedChain {
        domain: first.domain,
        first_batch: first.batch_number,
        old_root: first.old_root,
        new_root: last.new_root,
        batches: verified,
    })
}

/// Verifies that batches follow one another: one domain, numbers that count up, each starting from the
/// root that the one before leaves. It looks at no proof: what the batches *say* follows.
///
/// For chains whose proofs are not all in memory at once. [`verify_chain`] is this and the proofs.
///
/// # Errors
/// The first batch that does not follow from the one before; an empty chain is an error too.
pub fn verify_links(batches: &[PublicInputs]) -> Result<(), ChainError> {
    verify_links_of::<BatchStatement>(batches).map_err(ChainError::at)
}

impl ChainError {
    fn at((index, fault): LinkError<BatchStatement>) -> Self {
        Self { index, fault }
    }
}

impl From<Refusal<InputsError>> for ChainFault {
    fn from(refusal: Refusal<InputsError>) -> Self {
        Self::Proof(refusal.into())
    }
}

impl Chained for BatchStatement {
    type Fault = ChainFault;
    const EMPTY: ChainFault = ChainFault::Empty;

    fn check_link(
        first: &PublicInputs,
        before: &PublicInputs,
        next: &PublicInputs,
    ) -> Result<(), ChainFault> {
        if next.domain != first.domain {
            return Err(ChainFault::Domain {
                expected: first.domain,
                found: next.domain,
            });
        }
        if before.batch_number.checked_add(1) != Some(next.batch_number) {
            let (before, found) = (before.batch_number, next.batch_number);
            return Err(ChainFault::Number {
                before: before.get(),
                found: found.get(),
            });
        }
        if next.old_root != before.new_root {
            return Err(ChainFault::Root {
                expected: before.new_root,
                found: next.old_root,
            });
        }
        Ok(())
    }
}
