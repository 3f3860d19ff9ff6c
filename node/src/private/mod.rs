//! Operations of the shielded pool, as a node takes them.
//!
//! | operation | what is sent | what the node does |
//! |---|---|---|
//! | [`Shielding`] | an ordinary signed withdrawal, and the note that it pays for | one decision: the order's record pays, and the note enters the pool of the same batch |
//! | private transfer, private withdrawal | [`PrivateOperation`]: public inputs, encrypted notes, a proof | verifies the proof beside the threads that decide, or has workers do it ([`crate::panel`]), then decides |
//!
//! Money that leaves the pool for an account of the rollup ([`account_recipient`]) is paid in the same batch, by a
//! deposit; a fee is paid to the account that collects fees of its asset. Money for an address outside is what
//! settlement pays, by the published operations.
//!
//! Forms of bytes: [`encode`] and [`Shielding::to_bytes`].
//!
//! [`account_recipient`]: winterlane_ledger::pool::account_recipient

mod form;
mod refusal;

pub use form::{FormError, NewNote, Shielding, decode, encode};
pub use refusal::PrivateRefusal;
use winterlane_ledger::{
    Anchor, BatchNumber, Domain,
    pool::{PrivateOperation, ProofRefusal, VerifyPrivate},
    private::PrivateInputs,
};
use winterlane_verifier::{PRIVATE_PRESETS, verify_private};

/// The verifier that a node asks: proofs of 128 provable bits.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Verifier;

impl VerifyPrivate for Verifier {
    fn verify(&self, inputs: &PrivateInputs, proof: &[u8]) -> Result<(), Box<ProofRefusal>> {
        verify_private(proof, inputs, &PRIVATE_PRESETS)?;
        Ok(())
    }
}

/// A private operation whose proof was verified, and which is of this rollup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verified(PrivateOperation);

impl Verified {
    /// What needs no state: the kind, the domain, the encrypted notes; then the proof.
    pub(crate) fn check(
        operation: PrivateOperation,
        domain: &Domain,
        verifier: &dyn VerifyPrivate,
    ) -> Result<Self, PrivateRefusal> {
        let unverified = Self(operation);
        unverified.again(domain, verifier)?;
        Ok(unverified)
    }

    /// The same of one that was verified before, by a process that may have been another, and kept where it can have been
    /// changed since.
    pub(crate) fn again(
        &self,
        domain: &Domain,
        verifier: &dyn VerifyPrivate,
    ) -> Result<(), PrivateRefusal> {
        let Self(operation) = self;
        plausible(operation, domain)?;
        let verified = verifier.verify(&operation.inputs, &operation.proof);
        verified.map_err(|reason| PrivateRefusal::Proof {
            reason: reason.to_string(),
        })
    }

    /// One that two workers have verified ([`crate::panel`]).
    pub(crate) const fn by_workers(operation: PrivateOperation) -> Self {
        Self(operation)
    }

    /// One that the log has: it was verified before it was written there, and is once more before it is sealed, if another
    /// process wrote it.
    pub(crate) const fn logged(operation: PrivateOperation) -> Self {
        Self(operation)
    }

    pub(crate) const fn operation(&self) -> &PrivateOperation {
        &self.0
    }
}

/// Says that a proof holds: of operations that are [`Verified`].
pub(crate) struct Before;

impl VerifyPrivate for Before {
    fn verify(&self, _: &PrivateInputs, _: &[u8]) -> Result<(), Box<ProofRefusal>> {
        Ok(())
    }
}

/// What is refused without looking at state or proof.
pub(crate) fn plausible(
    operation: &PrivateOperation,
    domain: &Domain,
) -> Result<(), PrivateRefusal> {
    let (found, ciphertexts) = match &operation.inputs {
        PrivateInputs::Withdrawal(inputs) => (inputs.domain, inputs.ciphertexts),
        PrivateInputs::Transfer(inputs) => (inputs.domain, inputs.ciphertexts),
        _ => return Err(PrivateRefusal::NotOfThePool),
    };
    operation.inputs.check()?;
    if found != *domain {
        let domain = *domain;
        return Err(PrivateRefusal::WrongDomain { found, domain });
    }
    form::check_notes(&operation.sealed, operation.commitments().len())?;
    if winterlane_ledger::pool::ciphertexts_digest(&operation.sealed) != ciphertexts {
        return Err(PrivateRefusal::Ciphertexts);
    }
    Ok(())
}

/// The last batch in which an operation of the pool is valid.
pub(crate) fn valid_until(operation: &PrivateOperation) -> BatchNumber {
    match &operation.inputs {
        PrivateInputs::Withdrawal(inputs) => inputs.valid_until,
        PrivateInputs::Transfer(inputs) => inputs.valid_until,
        _ => BatchNumber::ZERO,
    }
}

/// The root of the note tree that an operation of the pool was proven against.
pub(crate) fn anchor(operation: &PrivateOperation) -> Anchor {
    match &operation.inputs {
        PrivateInputs::Withdrawal(inputs) => inputs.anchor,
        PrivateInputs::Transfer(inputs) => inputs.anchor,
        _ => Anchor::ZERO,
    }
}
