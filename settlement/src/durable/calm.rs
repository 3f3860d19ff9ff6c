//! Strangers' bytes end no settlement.

use winterlane_ledger::{
    PublicInputs, Record,
    pool::{ProofRefusal, VerifyPrivate},
    private::PrivateInputs,
    wire::PublishedError,
};

use crate::{Proofs, calm};

/// Proofs whose verifier refuses where it would panic.
pub(super) struct Calm<P>(pub(super) P);

impl<P: VerifyPrivate> VerifyPrivate for Calm<P> {
    fn verify(&self, inputs: &PrivateInputs, proof: &[u8]) -> Result<(), Box<ProofRefusal>> {
        calm(|| self.0.verify(inputs, proof))
    }
}

impl<P: Proofs> Proofs for Calm<P> {
    fn batch(&self, public: &PublicInputs, proof: &[u8]) -> Result<(), Box<ProofRefusal>> {
        calm(|| self.0.batch(public, proof))
    }

    fn records(&self, public: &PublicInputs, bytes: &[u8]) -> Result<Vec<Record>, PublishedError> {
        self.0.records(public, bytes)
    }
}
