//! The verifier of one batch of the rollup.

use winterlane_air::{
    BatchStatement,
    batch::InputsError,
    presets::{Preset, PresetName, SecurityLevel},
    statement::Statement,
};
use winterlane_ledger::PublicInputs;

use crate::{Accepted, DEFAULT_MAX_PROOF_BYTES, Refusal, Verified, VerifyError, verify_statement};

/// The hash function of batch proofs.
pub type BatchHash = <BatchStatement as Statement>::Hash;

/// The public coin of batch proofs.
pub type BatchCoin = <BatchStatement as Statement>::Coin;

/// The vector commitment of batch proofs.
pub type BatchTree = <BatchStatement as Statement>::Tree;

/// Which presets a verifier of batches accepts, and how long a proof may be.
///
/// The default accepts every preset with 128 provable bits and nothing else.
///
/// ```
/// use winterlane_air::presets::{Preset, PresetName, SecurityLevel};
/// use winterlane_verifier::Policy;
///
/// let policy = Policy::default();
/// assert!(policy.accepts(Preset::new(PresetName::Fast, SecurityLevel::Bits128)));
/// let weaker = Preset::new(PresetName::Fast, SecurityLevel::Bits100);
/// assert!(!policy.accepts(weaker));
/// assert!(policy.and(weaker).accepts(weaker));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// In the order of [`Preset::ALL`].
    accepted: [bool; Preset::ALL.len()],
    max_proof_bytes: usize,
}

impl Default for Policy {
    fn default() -> Self {
        let accepted = Preset::ALL.map(|preset| preset.level == SecurityLevel::Bits128);
        Self {
            accepted,
            max_proof_bytes: DEFAULT_MAX_PROOF_BYTES,
        }
    }
}

impl Policy {
    /// A policy that accepts one preset.
    #[must_use]
    pub fn only(preset: Preset) -> Self {
        Self {
            accepted: Preset::ALL.map(|other| other == preset),
            max_proof_bytes: DEFAULT_MAX_PROOF_BYTES,
        }
    }

    /// This policy, accepting `preset` too. The only way to accept fewer bits than 128 is to name a
    /// preset that has fewer, here or in [`Policy::only`].
    #[must_use]
    pub fn and(mut self, preset: Preset) -> Self {
        for (accepted, other) in self.accepted.iter_mut().zip(Preset::ALL) {
            *accepted |= other == preset;
        }
        self
    }

    /// Sets the cap on the size of a proof, in bytes.
    #[must_use]
    pub fn with_max_proof_bytes(mut self, max_proof_bytes: usize) -> Self {
        self.max_proof_bytes = max_proof_bytes;
        self
    }

    /// Whether `preset` is accepted.
    #[must_use]
    pub fn accepts(&self, preset: Preset) -> bool {
        self.presets().any(|accepted| accepted == preset)
    }

    /// The accepted presets.
    pub fn presets(&self) -> impl Iterator<Item = Preset> {
        Preset::ALL
            .into_iter()
            .zip(self.accepted)
            .filter_map(|(preset, yes)| yes.then_some(preset))
    }

    /// The names with an accepted preset of `level`.
    pub fn names(&self, level: SecurityLevel) -> impl Iterator<Item = PresetName> {
        self.presets()
            .filter_map(move |preset| (preset.level == level).then_some(preset.name))
    }

    /// The cap on the size of a proof, in bytes.
    #[must_use]
    pub fn max_proof_bytes(&self) -> usize {
        self.max_proof_bytes
    }

    /// What it accepts of the statement.
    pub(crate) fn accepted(&self) -> Accepted<BatchStatement> {
        Accepted::presets(self.presets()).with_max_proof_bytes(self.max_proof_bytes)
    }
}

impl From<Refusal<InputsError>> for VerifyError {
    fn from(refusal: Refusal<InputsError>) -> Self {
        match refusal {
            Refusal::Inputs(error) => Self::Inputs(error),
            Refusal::NoPreset => Self::NoPreset,
            Refusal::Proof(error) => error,
        }
    }
}

/// Verifies that `proof` shows that the batch with these public inputs is valid: that operations
/// with this digest, in this domain and with this number, lead from the old root to the new one.
///
/// That the old root is the one the caller holds, and that the records with this digest are
/// published, is for the caller to check: see [`verify_chain`](crate::verify_chain) and
/// [`decode_published`](winterlane_ledger::wire::decode_published).
///
/// Everything in the proof's header follows from `inputs` and `policy`; see [`verify`](crate::verify()) for what is
/// promised about the rest.
///
/// # Errors
/// When no batch has these public inputs, or the proof is not accepted.
pub fn verify_batch(
    proof: &[u8],
    inputs: &PublicInputs,
    policy: &Policy,
) -> Result<Verified, VerifyError> {
    verify_statement::<BatchStatement>(proof, inputs, &policy.accepted()).map_err(Into::into)
}
