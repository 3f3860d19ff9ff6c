//! What settlement asks of a proof system.

use std::panic::{AssertUnwindSafe, catch_unwind};

use winterlane_ledger::{
    PublicInputs, Record, ScalarCompressor,
    pool::{ProofRefusal, VerifyPrivate},
    private::PrivateInputs,
    wire::{self, PublishedError},
};
use winterlane_verifier::{
    PRIVATE_PRESETS, Policy,
    presets::{Preset, SecurityLevel},
    verify_batch, verify_private,
};

/// Verifies what comes with a batch, and private operations.
pub trait Proofs: VerifyPrivate + Send + Sync {
    /// Whether `proof` shows the batch with these public inputs.
    ///
    /// # Errors
    /// Why it does not.
    fn batch(&self, public: &PublicInputs, proof: &[u8]) -> Result<(), Box<ProofRefusal>>;

    /// The records with these bytes, if they are those of the batch.
    ///
    /// # Errors
    /// [`PublishedError`].
    fn records(&self, public: &PublicInputs, bytes: &[u8]) -> Result<Vec<Record>, PublishedError> {
        wire::decode_published(bytes, public, &ScalarCompressor)
    }

    /// Asked of a call that nothing speaks against, before it changes anything: whether all that was said of its proofs is
    /// what a verifier said. One that verifies when it is asked has nothing to add.
    ///
    /// # Errors
    /// The call is not to be made now.
    fn decided(&self) -> Result<(), Box<ProofRefusal>> {
        Ok(())
    }
}

impl<P: Proofs + ?Sized> Proofs for &P {
    fn batch(&self, public: &PublicInputs, proof: &[u8]) -> Result<(), Box<ProofRefusal>> {
        (**self).batch(public, proof)
    }

    fn records(&self, public: &PublicInputs, bytes: &[u8]) -> Result<Vec<Record>, PublishedError> {
        (**self).records(public, bytes)
    }

    fn decided(&self) -> Result<(), Box<ProofRefusal>> {
        (**self).decided()
    }
}

/// The verifier, with a policy of batches. Private statements have 128 provable bits.
#[derive(Clone, Debug)]
pub struct Verifier {
    policy: Policy,
}

impl Verifier {
    /// Of proofs with at least so many provable bits: 128, or else 100.
    #[must_use]
    pub fn of_bits(bits: u32) -> Self {
        let mut policy = Policy::default();
        if bits < 128 {
            let weaker = Preset::ALL.into_iter();
            for preset in weaker.filter(|preset| preset.level == SecurityLevel::Bits100) {
                policy = policy.and(preset);
            }
        }
        Self { policy }
    }
}

impl VerifyPrivate for Verifier {
    fn verify(&self, inputs: &PrivateInputs, proof: &[u8]) -> Result<(), Box<ProofRefusal>> {
        verify_private(proof, inputs, &PRIVATE_PRESETS)?;
        Ok(())
    }
}

impl Proofs for Verifier {
    fn batch(&self, public: &PublicInputs, proof: &[u8]) -> Result<(), Box<ProofRefusal>> {
        verify_batch(proof, public, &self.policy)?;
        Ok(())
    }
}

/// What a verifier says of bytes from strangers. That it panics is a mistake of its own, and a refusal: whoever found the
/// bytes could send them again and again.
///
/// # Errors
/// What the verifier says, or that it panicked.
pub fn calm(
    verify: impl FnOnce() -> Result<(), Box<ProofRefusal>>,
) -> Result<(), Box<ProofRefusal>> {
    let verdict = catch_unwind(AssertUnwindSafe(verify));
    verdict.unwrap_or_else(|_| Err("the verifier panicked: please report the proof".into()))
}

/// Believes everything: for calls that were verified when they were made, and are replayed from one's own disk.
#[derive(Clone, Copy, Debug)]
pub struct Replayed;

impl VerifyPrivate for Replayed {
    fn verify(&self, _: &PrivateInputs, _: &[u8]) -> Result<(), Box<ProofRefusal>> {
        Ok(())
    }
}

impl Proofs for Replayed {
    fn batch(&self, _: &PublicInputs, _: &[u8]) -> Result<(), Box<ProofRefusal>> {
        Ok(())
    }

    fn records(&self, public: &PublicInputs, bytes: &[u8]) -> Result<Vec<Record>, PublishedError> {
        Ok(wire::decode(bytes, public.batch_number)?)
    }
}
