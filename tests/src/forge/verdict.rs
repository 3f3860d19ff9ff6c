//! What verifiers say of a proof of a false batch.

use winterfell::{Trace, TraceTable, VerifierError};
use winterlane_air::presets::{Preset, PresetName, SecurityLevel};
use winterlane_ledger::{BaseElement, PublicInputs};
use winterlane_prover::BatchProver;
use winterlane_prover::engine::{EngineOptions, prove_inlined};
use winterlane_verifier::{Mismatch, Policy, verify_batch};

use super::FalseBatch;
use crate::stock::{Attempt, attempt};

/// Why winterfell refuses a proof of a false trace: at the point outside the domain, the constraints
/// are not what the prover committed to. Any other reason would mean that the proof is not the
/// honest-looking one that an attack needs.
pub const REFUSAL: VerifierError = VerifierError::InconsistentOodConstraintEvaluations;

/// The bytes of a proof with 128 provable bits, made as a rollup would make it.
///
/// # Panics
/// When there is no proof: the prover looks at no constraint, so that there always is one.
pub fn prove_in_full(inputs: PublicInputs, trace: TraceTable<BaseElement>) -> Vec<u8> {
    let preset = Preset::new(PresetName::Balanced, SecurityLevel::Bits128);
    let options = preset.options(trace.length());
    let prover = BatchProver::new(options.expect("the preset has this length"), inputs);
    // As batches are proven. Constraints that inline are compiled to a fraction of the code that `prove` makes of them.
    let proof = prove_inlined(&prover, trace, &EngineOptions::default());
    proof.expect("a proof").to_bytes()
}

impl FalseBatch {
    /// Attempts to prove the claim with winterfell's prover and to pass winterfell's verifier.
    pub fn attempt(&self) -> Attempt {
        attempt(self.inputs, self.trace.clone())
    }

    /// There is a proof, and winterfell's verifier refuses it.
    ///
    /// # Panics
    /// When there is none, when it is accepted, or refused for another reason than [`REFUSAL`].
    pub fn is_refused(&self, name: &str) {
        let refused = Attempt::Refused(REFUSAL.to_string());
        assert_eq!(self.attempt(), refused, "{name}");
    }

    /// There is a proof with 128 provable bits, and Winterlane's verifier refuses it.
    ///
    /// # Panics
    /// As [`FalseBatch::is_refused`]: the reason is the same in this verifier's words.
    pub fn is_refused_in_full(&self, name: &str) {
        let proof = prove_in_full(self.inputs, self.trace.clone());
        let verdict = verify_batch(&proof, &self.inputs, &Policy::default());
        assert_eq!(verdict, Err(Mismatch::OutOfDomain.into()), "{name}");
    }
}
