//! Forged proofs that winterfell 0.13.1 accepts and the door refuses.
//!
//! These tests fail in one of two ways that both deserve attention: when our verifier accepts the
//! forgery, and when winterfell no longer does.

use winterfell::crypto::{DefaultRandomCoin, MerkleTree, hashers::Blake3_256};
use winterfell::math::{FieldElement, fields::f64::BaseElement};
use winterfell::{AcceptableOptions, Proof, Trace};
use winterlane_air::{
    BatchAir,
    presets::{Preset, PresetName, SecurityLevel},
};
use winterlane_ledger::{BatchNumber, Digest, Domain, PublicInputs, Root};
use winterlane_tests::airs::{Fibonacci, Inputs, TestAir};
use winterlane_tests::erased;
use winterlane_tests::hostile::{forge::forge, statements};
use winterlane_verifier::{Mismatch, Policy, verify, verify_batch};

type Hash = Blake3_256<BaseElement>;
type Coin = DefaultRandomCoin<Hash>;
type Tree = MerkleTree<Hash>;

/// Winterfell asks for 128 provable bits, finds them, and accepts.
fn winterfell_accepts<A>(proof: &[u8], inputs: A::PublicInputs) -> bool
where
    A: winterfell::Air<BaseField = BaseElement> + 'static,
    A::PublicInputs: Send + 'static,
{
    let acceptable = AcceptableOptions::MinProvenSecurity(128);
    let proof = Proof::from_bytes(proof).unwrap();
    erased::verify::<A, Hash, Coin, Tree>(proof, inputs, &acceptable).is_ok()
}

/// With no FRI layer, one, and several; with every folding factor that the presets use.
#[test]
fn a_remainder_chosen_after_the_queries() {
    for log2_length in [8, 10, 11, 12, 14] {
        let preset = Preset::new(PresetName::Compact, SecurityLevel::Bits128);
        let options = preset.options(1 << log2_length).unwrap();
        let trace = Fibonacci::trace(2, 1 << log2_length, 1);
        // The last number is wrong: no trace has these inputs.
        let Inputs(mut inputs) = Fibonacci::public_inputs(&trace);
        inputs[2] += BaseElement::ONE;
        let policy = statements::policy::<Fibonacci, Hash>(&trace, &options);

        let proof = forge::<Fibonacci>(trace.info(), Inputs(inputs.clone()), &options).unwrap();
        assert!(
            winterfell_accepts::<Fibonacci>(&proof, Inputs(inputs.clone())),
            "2^{log2_length}"
        );
        let result = verify::<Fibonacci, Hash, Coin, Tree>(&proof, Inputs(inputs), &policy);
        assert_eq!(
            result,
            Err(Mismatch::RemainderNotCommitted.into()),
            "2^{log2_length}"
        );
    }
}

/// A batch of one operation that leads from nowhere to anywhere.
#[test]
fn a_batch_that_never_was() {
    let digest = |n: u32| Digest([n, n + 1, n + 2, n + 3].map(BaseElement::from));
    let inputs = PublicInputs {
        domain: Domain(digest(1)),
        batch_number: BatchNumber::new(7),
        old_root: Root(digest(11)),
        new_root: Root(digest(666)),
        operations_digest: digest(31),
        num_operations: 1,
    };
    let preset = Preset::new(PresetName::Balanced, SecurityLevel::Bits128);
    let info = BatchAir::trace_info(&inputs);
    let options = preset.options(info.length()).unwrap();
    let proof = forge::<BatchAir>(&info, inputs, &options).unwrap();
    assert!(winterfell_accepts::<BatchAir>(&proof, inputs));
    let result = verify_batch(&proof, &inputs, &Policy::default());
    assert_eq!(result, Err(Mismatch::RemainderNotCommitted.into()));
}
