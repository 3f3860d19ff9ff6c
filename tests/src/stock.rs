//! Proving and verifying with winterfell alone, at options that are cheap and not secure.

use std::panic::{AssertUnwindSafe, catch_unwind};

use winterfell::{
    AcceptableOptions, Air, BatchingMethod, FieldExtension, ProofOptions, Prover, TraceTable,
    crypto::{DefaultRandomCoin, MerkleTree, hashers::Blake3_256},
};
use winterlane_ledger::{BaseElement, PublicInputs};
use winterlane_prover::BatchProver;

use crate::erased;

type Hash = Blake3_256<BaseElement>;

/// Options for tests: sixteen queries, no grinding, cubic extension. At least 16 bits of each
/// attempt: a false proof that passes once is no accident over a suite.
pub fn cheap_options() -> ProofOptions {
    ProofOptions::new(
        16,
        2,
        0,
        FieldExtension::Cubic,
        8,
        255,
        BatchingMethod::Linear,
        BatchingMethod::Linear,
    )
}

/// What came of an attempt to prove a trace and to have the proof accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The verifier accepted the proof.
    Accepted,
    /// There is a proof, and the verifier refused it, with this reason.
    Refused(String),
    /// The prover made no proof.
    NoProof,
}

/// Proves `trace` with winterfell's prover and shows the proof to winterfell's verifier.
pub fn attempt(inputs: PublicInputs, trace: TraceTable<BaseElement>) -> Attempt {
    attempt_as(inputs, inputs, trace)
}

/// As [`attempt`], but the prover and the verifier may be told different things.
pub fn attempt_as(
    proven: PublicInputs,
    verified: PublicInputs,
    trace: TraceTable<BaseElement>,
) -> Attempt {
    let prover = BatchProver::new(cheap_options(), proven);
    attempt_with(&prover, verified, trace)
}

/// As [`attempt`], for any prover of an AIR over BLAKE3.
pub fn attempt_with<P>(
    prover: &P,
    verified: <P::Air as Air>::PublicInputs,
    trace: TraceTable<BaseElement>,
) -> Attempt
where
    P: Prover<
            BaseField = BaseElement,
            Trace = TraceTable<BaseElement>,
            HashFn = Hash,
            VC = MerkleTree<Hash>,
            RandomCoin = DefaultRandomCoin<Hash>,
        >,
    P::Air: 'static,
    <P::Air as Air>::PublicInputs: Send + 'static,
{
    // Debug builds of winterfell's prover assert that the trace is valid: there is no proof then.
    let Ok(Ok(proof)) = catch_unwind(AssertUnwindSafe(|| erased::prove(prover, trace))) else {
        return Attempt::NoProof;
    };
    let acceptable = AcceptableOptions::OptionSet(vec![prover.options().clone()]);
    let verdict = erased::verify::<P::Air, Hash, DefaultRandomCoin<Hash>, MerkleTree<Hash>>(
        proof,
        verified,
        &acceptable,
    );
    match verdict {
        Ok(()) => Attempt::Accepted,
        Err(error) => Attempt::Refused(error.to_string()),
    }
}
