//! False statements that winterfell 0.13.1 proves and accepts, since `BaseElement::double` of
//! winter-math leaves some values unreduced and a sum with one of those as its second term is one
//! less than it should be. The door computes the constraints exactly, and refuses.
//!
//! These tests fail in one of two ways that both deserve attention: when our verifier accepts, and
//! when winterfell no longer does.
#![cfg(not(debug_assertions))] // With overflow checks that sum panics, in winterfell's verifier too.

use winterfell::crypto::{DefaultRandomCoin, MerkleTree, hashers::Blake3_256};
use winterfell::math::{FieldElement, StarkField, fields::f64::BaseElement};
use winterfell::{AcceptableOptions, BatchingMethod, FieldExtension, Proof, ProofOptions};
use winterlane_tests::airs::{Doubling, TestAir, TestProver, TestTrace};
use winterlane_tests::erased;
use winterlane_tests::hostile::statements;
use winterlane_verifier::{Mismatch, VerifyError, verify};

type Hash = Blake3_256<BaseElement>;
type Coin = DefaultRandomCoin<Hash>;
type Tree = MerkleTree<Hash>;

/// What winterfell and what the door say to a proof that winterfell's prover made of this trace.
fn verdicts(trace: &TestTrace, extension: FieldExtension) -> (bool, Result<(), VerifyError>) {
    let linear = BatchingMethod::Linear;
    let options = ProofOptions::new(40, 8, 8, extension, 4, 7, linear, linear);
    let policy = statements::policy::<Doubling, Hash>(trace, &options);
    let prover = TestProver::<Doubling, Hash>::new(options.clone());
    let proof = erased::prove(&prover, trace.clone()).unwrap().to_bytes();
    let inputs = || Doubling::public_inputs(trace);

    let stock = erased::verify::<Doubling, Hash, Coin, Tree>(
        Proof::from_bytes(&proof).unwrap(),
        inputs(),
        &AcceptableOptions::OptionSet(vec![options]),
    );
    let ours = verify::<Doubling, Hash, Coin, Tree>(&proof, inputs(), &policy);
    (stock.is_ok(), ours.map(|_| ()))
}

const EXTENSIONS: [FieldExtension; 3] = [
    FieldExtension::None,
    FieldExtension::Quadratic,
    FieldExtension::Cubic,
];

#[test]
fn a_register_whose_double_is_not_reduced() {
    for unreduced in [BaseElement::MODULUS / 2 + 2, (1 << 63) - 1] {
        let register = BaseElement::from_mont(unreduced);
        let step = register + register - BaseElement::ONE;
        let trace = Doubling::steps(64, BaseElement::ONE, register, step);
        for extension in EXTENSIONS {
            let (stock, ours) = verdicts(&trace, extension);
            assert!(stock, "winterfell accepts");
            assert_eq!(ours, Err(Mismatch::OutOfDomain.into()));
        }
    }
}

#[test]
fn any_other_register() {
    for inner in [
        1,
        BaseElement::MODULUS / 2 - 1,
        1 << 63,
        BaseElement::MODULUS - 1,
    ] {
        let register = BaseElement::from_mont(inner);
        let trace = Doubling::steps(64, BaseElement::ONE, register, register + register);
        for extension in EXTENSIONS {
            assert_eq!(verdicts(&trace, extension), (true, Ok(())));
        }
    }
}
