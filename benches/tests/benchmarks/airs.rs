//! Each AIR proves and verifies with stock winterfell, and refuses a changed end.

use winterfell::crypto::{DefaultRandomCoin, MerkleTree};
use winterfell::math::{FieldElement, fields::f64::BaseElement};
use winterfell::{AcceptableOptions, Prover};
use winterlane_benches::Options;
use winterlane_benches::airs::{
    BenchAir, Ends, Hash, Narrow, POSEIDON2_COLUMNS, Poseidon2, Wide, plain_prover,
};

fn prove_and_verify<A: BenchAir>(log_rows: u32) {
    let options = Options::quadratic(20, 8, 0).to_winterfell();
    let trace = A::trace(log_rows);
    let ends = Ends::of(&trace);
    let prover = plain_prover::<A>(options.clone(), &trace);
    let proof = prover.prove(trace).unwrap();
    let acceptable = AcceptableOptions::OptionSet(vec![options]);
    let verify = |ends| {
        winterfell::verify::<A, Hash, DefaultRandomCoin<Hash>, MerkleTree<Hash>>(
            proof.clone(),
            ends,
            &acceptable,
        )
    };
    verify(ends).unwrap();
    let last = ends.last + BaseElement::ONE;
    verify(Ends { last, ..ends }).unwrap_err();
}

#[test]
fn wide() {
    prove_and_verify::<Wide>(5);
}

#[test]
fn narrow() {
    prove_and_verify::<Narrow>(6);
}

#[test]
fn poseidon2() {
    assert_eq!(POSEIDON2_COLUMNS, 180);
    prove_and_verify::<Poseidon2>(5);
}
