//! Whole attacks with honest-looking proofs: none verifies.
//!
//! Each of them has two proofs, one that winterfell's prover made and winterfell's verifier refuses,
//! and one with 128 provable bits that Winterlane's verifier refuses. What the constraints refuse it
//! for is the case's `breaks`.

use winterlane_air::batch::columns::PAYLOAD;
use winterlane_ledger::{
    ChainId, Digest, RollupId, SealedBatch,
    hash::domain_digest,
    wire::{self, PublishedError},
};
use winterlane_prover::trace::fill_trace;
use winterlane_tests::{
    catalogue::{self, world},
    forge::{Forgery, REFUSAL, element, prove_in_full},
    scenario::{KeyName, by_first, transfer, withdraw},
    stock::{Attempt, attempt_as},
};
use winterlane_verifier::{Mismatch, Policy, VerifyError, verify_batch, verify_records};

fn refused(names: &[&str]) {
    for case in catalogue::named(names) {
        let batch = case.make();
        assert_eq!(batch.broken(), case.breaks, "{}", case.name);
        batch.is_refused(&case.name);
        batch.is_refused_in_full(&case.name);
    }
}

#[test]
fn double_spends_and_replays() {
    refused(&[
        "a signature is played twice in a batch",
        "a signature is played twice in a batch, on the state of the first time",
        "a signature of the batch before is played again",
        "a batch is played again in the next one",
        "a batch of another rollup",
        "signed in another domain, lane 0",
        "signed for another nonce",
    ]);
}

#[test]
fn expired_operations() {
    refused(&[
        "the signature of a batch long ago",
        "an expired payment",
        "an expired payment, whose validity is said to be 5",
        "valid for 2^62 batches",
    ]);
}

#[test]
fn spending_above_the_balance() {
    refused(&[
        "more is spent than there is",
        "a payment of 2^128 - 1 from an ordinary balance",
        "a payment of a negative amount",
        "a balance grows beyond 2^128",
        "the signer's carry is no bit and makes money",
        "the receiver's carry is no bit and makes money",
    ]);
}

#[test]
fn minting() {
    refused(&[
        "padding pays a fee, limb 0",
        "fees appear from nowhere, limb 0",
        "fees are collected and stay, limb 0",
        "more is collected than the pool holds, limb 0",
        "a collection wraps around the modulus",
        "a fee of another asset than the pool's, limb 0",
        "a pool with fees changes its asset",
        "fees are collected in another asset",
        "a deposit of another asset",
        "the receiver holds another asset",
        "a transfer to oneself finds the balance of before",
        "padding changes the root, lane 0",
    ]);
}

#[test]
fn taking_an_account() {
    refused(&[
        "the signer's index has 33 bits",
        "the receiver's index has 33 bits",
        "the leaf moves to its neighbour's place",
        "the receiver's neighbours are exchanged, lane 0",
        "the signer's path takes a turn that its index does not",
        "the receiver is at another place than the record says",
        "an existing account is created again",
        "a deposit takes an account's place",
        "a creation trades bits of its asset for scopes",
    ]);
}

#[test]
fn keys_that_may_not_sign() {
    refused(&[
        "a key that may only rotate spends",
        "a key that may only spend rotates",
        "the other slot's scope is used",
        "a replaced key signs",
        "signed by a key that the account never had",
        "a one-time key signs again",
        "a one-time key signs in a slot that is used up",
        "a one-time key beyond the capacity signs",
        "the one-time key of another account signs",
        "digits of sum 121",
        "digits of sum 123",
        "the chains of a pair change places",
        "pairs of chains change places",
        "word 0 is split as if it were the modulus more",
        "word 1 is split as if it were the modulus more",
    ]);
}

#[test]
fn records_that_are_not_those_of_the_batch() {
    refused(&[
        "operations are published in another order",
        "an operation is not published",
        "an operation is published twice",
        "another state is claimed",
    ]);
}

fn honest() -> SealedBatch {
    world()
        .seal(&[by_first(transfer(1, 2, 300, 0))], Some(1))
        .expect("a valid batch")
}

/// An honest proof is accepted for its own public inputs and for no others, by both verifiers.
#[test]
fn an_honest_proof_shown_for_another_claim() {
    let batch = honest();
    let trace = fill_trace(&batch).expect("a sealed batch fills");
    let inputs = batch.public_inputs;
    assert_eq!(attempt_as(inputs, inputs, trace.clone()), Attempt::Accepted);
    let proof = prove_in_full(inputs, trace.clone());
    let policy = Policy::default();
    let verified = verify_batch(&proof, &inputs, &policy).expect("an honest proof");
    assert!(verified.bits >= 128);
    let mut claims = Vec::new();
    for lane in 0..4 {
        let off = |digest: Digest| {
            let mut digest = digest;
            digest.0[lane] += element(1);
            digest
        };
        let (mut old_root, mut new_root, mut operations, mut domain) =
            (inputs, inputs, inputs, inputs);
        old_root.old_root.0 = off(inputs.old_root.0);
        new_root.new_root.0 = off(inputs.new_root.0);
        operations.operations_digest = off(inputs.operations_digest);
        domain.domain.0 = off(inputs.domain.0);
        claims.extend([old_root, new_root, operations, domain]);
    }
    let mut number = inputs;
    number.batch_number.0 += 1;
    let mut domain = inputs;
    domain.domain = domain_digest(ChainId::new(1), RollupId::new(8));
    claims.extend([number, domain]);
    for claim in claims {
        let refused = Attempt::Refused(REFUSAL.to_string());
        let attempt = attempt_as(inputs, claim, trace.clone());
        assert_eq!(attempt, refused, "{claim:?}");
        // another transcript, in which the nonce shows no work
        let verdict = verify_batch(&proof, &claim, &policy);
        let no_work = matches!(
            verdict,
            Err(VerifyError::Mismatch(Mismatch::ProofOfWork { .. }))
        );
        assert!(no_work, "{claim:?}: {verdict:?}");
    }
}

/// No constraint looks at a withdrawal's recipient. A batch that pays to what is no address can be
/// proven, signed by its owner, and has no records: with them alone the statement is whole.
#[test]
fn a_recipient_that_is_no_address_has_no_record() {
    let sealed = world()
        .seal(&[by_first(withdraw(2, 200, 0))], Some(2))
        .expect("a valid batch");
    let inputs = sealed.public_inputs;
    let records = wire::encode(&sealed.records, inputs.batch_number).expect("they have bytes");
    assert_eq!(
        verify_records(&records, &inputs),
        Ok(sealed.records.clone())
    );

    let forgery = Forgery::of(&sealed);
    let five_bytes = forgery.cell(0, 0, PAYLOAD.start);
    let batch = forgery
        .register(0, PAYLOAD.start, five_bytes + element(1 << 40))
        .signed_by(0, &KeyName(4, 2).get(), 0)
        .finish();
    let proof = prove_in_full(batch.inputs, batch.trace.clone());
    let verdict = verify_batch(&proof, &batch.inputs, &Policy::default());
    assert!(verdict.is_ok(), "{verdict:?}");
    let published = verify_records(&records, &batch.inputs);
    let other = matches!(published, Err(PublishedError::Digest { .. }));
    assert!(other, "{published:?}");
}
