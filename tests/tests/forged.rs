//! Whole attacks with honest-looking proofs: none verifies.

use winterlane_air::{Digest, SealedBatch, hash::domain_digest};
use winterlane_prover::trace::fill_trace;
use winterlane_tests::{
    catalogue::{self, world},
    forge::element,
    scenario::{by_first, transfer},
    stock::{Attempt, attempt_as},
};

fn refused(names: &[&str]) {
    for case in catalogue::named(names) {
        let attempt = case.make().attempt();
        assert_ne!(attempt, Attempt::Accepted, "{} verifies", case.name);
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
        "one-time key 0 signs where number 1 is due",
        "a one-time key beyond the capacity signs",
        "the one-time key of another account signs",
        "digits of sum 121",
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

/// An honest proof is accepted for its own public inputs and for no others.
#[test]
fn an_honest_proof_shown_for_another_claim() {
    let batch = honest();
    let trace = fill_trace(&batch).expect("a sealed batch fills");
    let inputs = batch.public_inputs;
    assert_eq!(attempt_as(inputs, inputs, trace.clone()), Attempt::Accepted);
    let mut claims = Vec::new();
    for lane in 0..4 {
        let off = |digest: Digest| {
            let mut digest = digest;
            digest.0[lane] += element(1);
            digest
        };
        let (mut old_root, mut new_root, mut operations, mut domain) =
            (inputs, inputs, inputs, inputs);
        old_root.old_root = off(inputs.old_root);
        new_root.new_root = off(inputs.new_root);
        operations.operations_digest = off(inputs.operations_digest);
        domain.domain = off(inputs.domain);
        claims.extend([old_root, new_root, operations, domain]);
    }
    let mut number = inputs;
    number.batch_number += 1;
    let mut domain = inputs;
    domain.domain = domain_digest(1, 8);
    claims.extend([number, domain]);
    for claim in claims {
        let attempt = attempt_as(inputs, claim, trace.clone());
        assert!(
            matches!(attempt, Attempt::Refused(_)),
            "{claim:?}: {attempt:?}"
        );
    }
}
