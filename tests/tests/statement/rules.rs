//! Each rule of the statement, R1 to R10: false traces that break it, and that no proof covers.
//!
//! A case breaks exactly the constraints it names, by direct evaluation; winterfell's prover, which
//! looks at no constraint, makes a proof of it, and winterfell's verifier refuses that.

use winterlane_tests::catalogue;

/// The cases of these names belong to the rule, break what they say, and are refused.
fn rule(rule: u8, names: &[&str]) {
    for case in catalogue::named(names) {
        assert!(
            case.rules.contains(&rule),
            "{} is not about R{rule}",
            case.name
        );
        let batch = case.make();
        assert_eq!(batch.broken(), case.breaks, "{}", case.name);
        batch.is_refused(&case.name);
    }
}

#[test]
fn rule_01_operations_in_order_from_old_root_to_new_root() {
    rule(
        1,
        &[
            "the receiver is found in another tree, lane 0",
            "the signer is found in another tree, lane 3",
            "padding changes the root, lane 2",
            "what the signer paid is given back",
            "an operation is dropped from the digest",
            "the operations before are forgotten, lane 1",
            "another old root is claimed, limb 3",
            "another new root is claimed, limb 2",
        ],
    );
}

#[test]
fn rule_02_one_path_for_both_leaves() {
    rule(
        2,
        &[
            "the signer's path is broken before the update, lane 1",
            "the receiver's path is broken after the update, lane 2",
            "the signer's neighbours are exchanged, lane 0",
            "the receiver's neighbours are exchanged, lane 3",
            "the leaf moves to its neighbour's place",
            "the receiver is at another place than the record says",
            "the signer's path takes a turn that its index does not",
            "the receiver's index has 33 bits",
        ],
    );
}

#[test]
fn rule_03_a_signature_of_the_stored_account_over_everything() {
    rule(
        3,
        &[
            "signed in another domain, lane 0",
            "another record is signed, lane 1",
            "signed for another nonce",
            "signed by another key than slot 0 holds, lane 2",
            "signed by another key than slot 1 holds, lane 3",
            "signed by a key that the account never had",
            "a key that may only rotate spends",
            "a key that may only spend rotates",
            "the scope bits are not those of the leaf",
            "a signature of another amount",
            "the last pair is never closed",
            "digits of sum 121",
            "digits of sum 123",
            "pairs of chains change places",
            "even chains begin at other positions than their digits",
        ],
    );
}

#[test]
fn rule_04_one_nonce_one_signature() {
    rule(
        4,
        &[
            "the nonce stays: the signature can be played again",
            "the nonce moves by two",
            "the stored nonce is another",
            "a one-time key signs again",
            "slot 1: a one-time key signs again",
            "a one-time key signs again, with a gap of -1 that begins below 0",
            "a payment is said to replace its own slot, whose next index stays",
            "slot 0 replaces slot 1 and signs with the same key again",
            "a one-time key beyond the capacity signs",
            "a signature is played twice in a batch",
            "the nonce grows beyond 32 bits",
        ],
    );
}

#[test]
fn rule_05_expiry() {
    rule(
        5,
        &[
            "an expired payment",
            "an expired payment, whose validity is said to be 5",
            "an expired payment whose validity halves too fast",
            "valid for 2^62 batches",
        ],
    );
}

#[test]
fn rule_06_amounts_are_in_range() {
    rule(
        6,
        &[
            "more is spent than there is",
            "a payment of 2^128 - 1 from an ordinary balance",
            "a balance grows beyond 2^128",
            "a deposit whose limb 2 is out of range",
            "a fee whose limb 1 is out of range",
            "a payment whose limb 0 is -1",
            "limb 0 of the signer's new balance is not the one in the range check",
            "the signer's carry is no bit and makes money",
            "a collection wraps around the modulus",
        ],
    );
}

#[test]
fn rule_07_assets_match_and_value_is_conserved() {
    rule(
        7,
        &[
            "the signer holds another asset",
            "the receiver holds another asset",
            "a deposit of another asset",
            "the receiver gets one more",
            "the signer pays one less",
            "padding pays a fee, limb 0",
            "fees appear from nowhere, limb 1",
            "a fee of another asset than the pool's, limb 0",
            "fees are collected in another asset",
            "more is collected than the pool holds, limb 2",
            "a fee stays in the pool, limb 0",
            "the pool is not empty at first, limb 0",
            "a transfer to oneself finds the balance of before",
        ],
    );
}

#[test]
fn rule_08_signer_and_receiver_exist() {
    rule(
        8,
        &[
            "the signer is found in another tree, lane 0",
            "the receiver is found in another tree, lane 1",
            "a payment to an empty leaf",
        ],
    );
}

#[test]
fn rule_09_creation_on_an_empty_leaf_only() {
    rule(
        9,
        &[
            "an existing account is created again",
            "an account is created where one is, lane 0",
            "a deposit takes an account's place",
            "an account is created with nonce 5",
            "an account is created with 5 more",
            "a created account has other scopes",
            "a creation trades bits of its asset for scopes",
        ],
    );
}

#[test]
fn rule_10_every_witness_value_is_bound() {
    rule(
        10,
        &[
            "word 0 is split as if it were the modulus more",
            "word 1 is split as if it were the modulus more",
            "the midway row is not marked",
            "bit column 0 holds 2",
            "odd chains begin at other positions than their digits",
            "a created account has five scope bits",
            "slot 0 spends -1 times, slot 1 once",
            "padding has a payload, lane 0",
            "register 4 changes within the operation",
            "a step outside of the phase",
            "a false middle, round 6, lane 7",
        ],
    );
}
