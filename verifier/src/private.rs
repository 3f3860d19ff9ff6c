//! The verifier of private statements.

use thiserror::Error;
use winterlane_air::{
    PrivateStatement,
    presets::{HidingPreset, HidingPresetName, SecurityLevel},
};
use winterlane_ledger::{
    codec::CanonicalBytes,
    private::{
        AnswerError, PrivateInputs, PrivateInputsError, PrivateProof, Question,
        inputs::MAX_PRIVATE_PROOF_BYTES,
    },
    wire::DecodeError,
};

use crate::{Accepted, Refusal, Verified, VerifyError, verify_statement};

/// Why a proof of a private statement was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PrivateVerifyError {
    /// The bytes are none of a proof with its public inputs.
    #[error("the bytes are none of a private proof: {0}")]
    Bytes(#[from] DecodeError),
    /// The public inputs do not answer the question. No proof was looked at.
    #[error("the proof does not answer the question: {0}")]
    Answer(#[from] AnswerError),
    /// No statement has these public inputs. No proof was looked at.
    #[error("public inputs: {0}")]
    Inputs(#[from] PrivateInputsError),
    /// None of the presets has options for this statement.
    #[error("no preset that is accepted has options for this statement")]
    NoPreset,
    /// The proof.
    #[error(transparent)]
    Proof(#[from] VerifyError),
}

impl From<Refusal<PrivateInputsError>> for PrivateVerifyError {
    fn from(refusal: Refusal<PrivateInputsError>) -> Self {
        match refusal {
            Refusal::Inputs(error) => Self::Inputs(error),
            Refusal::NoPreset => Self::NoPreset,
            Refusal::Proof(error) => Self::Proof(error),
        }
    }
}

/// The presets of private statements with 128 provable bits, the smallest proofs first.
pub const PRIVATE_PRESETS: [HidingPreset; 4] = {
    let bits = SecurityLevel::Bits128;
    [
        HidingPreset::new(HidingPresetName::Smallest, bits),
        HidingPreset::new(HidingPresetName::Compact, bits),
        HidingPreset::new(HidingPresetName::Tiny, bits),
        HidingPreset::new(HidingPresetName::Balanced, bits),
    ]
};

/// Verifies that `proof` shows the private statement with these public inputs, made with one of `presets`
/// ([`PRIVATE_PRESETS`] are all of 128 provable bits).
///
/// The proof alone says nothing of time and state. Whoever accepts it also checks, by the public inputs: that
/// the anchor, state root or revocation root is one that counts, that no nullifier was taken before, and that
/// domain, expiry, challenge and verifier are the ones asked for. For a balance or a credential
/// [`verify_answer`] does all of that; for withdrawals and transfers the pool of `winterlane-ledger` does.
///
/// A proof is accepted only with the options of a preset and a trace of the shape that follows from public
/// inputs and preset: one that would not hide its witness is refused, though it may be sound.
///
/// # Errors
/// See [`PrivateVerifyError`].
pub fn verify_private(
    proof: &[u8],
    inputs: &PrivateInputs,
    presets: &[HidingPreset],
) -> Result<Verified, PrivateVerifyError> {
    let accepted = Accepted::presets(presets.iter().copied());
    let accepted = accepted.with_max_proof_bytes(MAX_PRIVATE_PROOF_BYTES);
    let verified = verify_statement::<PrivateStatement>(proof, inputs, &accepted)?;
    Ok(verified)
}

/// Verifies the bytes of a [`PrivateProof`] with one of `presets`: gives what was proven, and what is known of the
/// proof.
///
/// ```
/// use winterlane_verifier::{PRIVATE_PRESETS, PrivateVerifyError, verify_private_bytes};
/// let refused = verify_private_bytes(&[1, 2, 3], &PRIVATE_PRESETS);
/// assert!(matches!(refused, Err(PrivateVerifyError::Bytes(_))));
/// ```
///
/// # Errors
/// [`PrivateVerifyError::Bytes`] for bytes that are none of a proof with its public inputs; otherwise as
/// [`verify_private`], which says what remains to be checked.
pub fn verify_private_bytes(
    bytes: &[u8],
    presets: &[HidingPreset],
) -> Result<(PrivateInputs, Verified), PrivateVerifyError> {
    let PrivateProof { inputs, proof } = PrivateProof::from_bytes(bytes)?;
    let verified = verify_private(&proof, &inputs, presets)?;
    Ok((inputs, verified))
}

/// Verifies that the bytes of a [`PrivateProof`] answer a question, in the second `now` since 1970: that what they
/// say is what was asked, of a state, issuer and session that count, and that it is true.
///
/// `question` is the verifier's own copy: nothing of it is taken from the answer. A challenge is used once: whoever
/// asks forgets it with the first answer that is accepted.
///
/// # Errors
/// [`PrivateVerifyError::Answer`] when something else was asked; otherwise as [`verify_private_bytes`].
pub fn verify_answer(
    bytes: &[u8],
    question: &Question,
    now: u64,
    presets: &[HidingPreset],
) -> Result<(PrivateInputs, Verified), PrivateVerifyError> {
    let PrivateProof { inputs, proof } = PrivateProof::from_bytes(bytes)?;
    question.check(&inputs, now)?;
    let verified = verify_private(&proof, &inputs, presets)?;
    Ok((inputs, verified))
}
