//! The signature scheme against a naive reading of its definition, and everything that must fail.

use alloc::vec::Vec;

use proptest::prelude::*;
use winter_math::FieldElement;

use super::*;
use crate::{
    Nonce, Root, ScalarCompressor,
    hash::{compress, tag},
    testing::Toy,
};

const SEED: [BaseElement; 2] = [BaseElement::new(77), BaseElement::new(78)];

fn bound(n: u64) -> Digest {
    Digest([n, 2, 3, 4].map(BaseElement::new))
}

/// The leaf of one key, straight from the definition.
fn naive_leaf(secrets: &Toy, key_index: u32) -> Digest {
    let index = BaseElement::from(key_index);
    let ends: Vec<ChainValue> = (0u32..)
        .zip(secrets.chain_starts(key_index))
        .map(|(c, start)| {
            (0..3u32).fold(start, |[v0, v1], position| {
                let a = Digest([v0, v1, SEED[0], SEED[1]]);
                let place = BaseElement::from(4 * c + position);
                let b = Digest([index, place, BaseElement::ZERO, BaseElement::ZERO]);
                let digest = compress(tag::CHAIN, &a, &b);
                [digest.0[0], digest.0[1]]
            })
        })
        .collect();
    let acc = Digest([SEED[0], SEED[1], index, BaseElement::ZERO]);
    ends.chunks(2).fold(acc, |acc, pair| {
        let b = Digest([pair[0][0], pair[0][1], pair[1][0], pair[1][1]]);
        compress(tag::OTS, &acc, &b)
    })
}

/// The root of a key of `2^height` leaves, by recursion over all 1,024 places.
fn naive_root(leaves: &[Digest], height: usize) -> Root {
    let top = {
        let mut level = leaves.to_vec();
        while level.len() > 1 {
            level = level
                .chunks(2)
                .map(|p| compress(tag::XMSS, &p[0], &p[1]))
                .collect();
        }
        level[0]
    };
    Root((height..KEY_HEIGHT).fold(top, |node, _| compress(tag::XMSS, &node, &Digest::ZERO)))
}

#[test]
fn a_source_behind_a_reference_is_that_source() {
    fn answers(source: impl SecretSource) -> ([ChainValue; CHAINS], [BaseElement; 2]) {
        let base = source.randomizer_base(3, &bound(1), Nonce::new(5));
        (source.chain_starts(3), base)
    }
    let source = Toy(5);
    let behind = answers(&source);
    assert_eq!(behind, answers(source));
    assert_ne!(behind, answers(Toy(6)));
}

fn verifies(key: &KeyTree, bound: Digest, nonce: Nonce, signature: &Signature) -> bool {
    let claim = Claim {
        bound,
        nonce,
        signature,
    };
    recover_root(claim, &ScalarCompressor) == Ok(key.root())
}

#[test]
fn generation_follows_the_definition() {
    for height in [0usize, 1, 3] {
        let key = KeyTree::generate(&Toy(5), SEED, height as u32, &ScalarCompressor).unwrap();
        let leaves: Vec<_> = (0..1 << height).map(|i| naive_leaf(&Toy(5), i)).collect();
        assert_eq!(key.leaves(), leaves);
        assert_eq!(key.root(), naive_root(&leaves, height));
        assert_eq!(key.capacity(), 1 << height);
    }
}

#[test]
fn ranges_of_leaves_do_not_depend_on_their_cut() {
    let whole = one_time_public_keys(&Toy(1), &SEED, 0..40, &ScalarCompressor);
    let mut parts = one_time_public_keys(&Toy(1), &SEED, 0..7, &ScalarCompressor);
    parts.extend(one_time_public_keys(
        &Toy(1),
        &SEED,
        7..40,
        &ScalarCompressor,
    ));
    assert_eq!(whole, parts);
    assert!(one_time_public_keys(&Toy(1), &SEED, 9..9, &ScalarCompressor).is_empty());
}

#[test]
fn impossible_keys_are_refused() {
    let tree = |n| KeyTree::from_leaves(SEED, alloc::vec![Digest::ZERO; n], &ScalarCompressor);
    for leaves in [0, 3, 1023, 2048] {
        assert_eq!(tree(leaves), Err(KeyError::Leaves { leaves }));
    }
    assert!(tree(1).is_ok() && tree(1024).is_ok());
    for height in [11, 32, 64] {
        let key = KeyTree::generate(&Toy(1), SEED, height, &ScalarCompressor);
        assert_eq!(key, Err(KeyError::Height { height }));
    }
    let highest = KeyTree::generate(&Toy(1), SEED, 10, &ScalarCompressor).unwrap();
    assert_eq!(highest.capacity(), 1024);
}

#[test]
fn first_and_last_one_time_key_sign_and_the_next_does_not() {
    for height in [0, 2] {
        let key = KeyTree::generate(&Toy(2), SEED, height, &ScalarCompressor).unwrap();
        let capacity = key.capacity();
        for index in [0, capacity - 1] {
            let signature = key
                .sign(
                    &Toy(2),
                    KeyIndex(index),
                    &bound(1),
                    Nonce::new(9),
                    &ScalarCompressor,
                )
                .unwrap();
            assert!(verifies(&key, bound(1), Nonce::new(9), &signature));
        }
        let beyond = key.sign(
            &Toy(2),
            KeyIndex(capacity),
            &bound(1),
            Nonce::new(9),
            &ScalarCompressor,
        );
        assert_eq!(
            beyond,
            Err(KeyError::Exhausted {
                index: capacity,
                capacity
            })
        );
    }
}

#[test]
fn the_last_of_1024_one_time_keys_signs() {
    // Only one leaf is a real one: the tree over the others is any tree.
    let mut leaves: Vec<_> = (0..1024).map(bound).collect();
    leaves[1023] = one_time_public_keys(&Toy(3), &SEED, 1023..1024, &ScalarCompressor)[0];
    let key = KeyTree::from_leaves(SEED, leaves, &ScalarCompressor).unwrap();
    let signature = key
        .sign(
            &Toy(3),
            KeyIndex(1023),
            &bound(1),
            Nonce::ZERO,
            &ScalarCompressor,
        )
        .unwrap();
    assert!(verifies(&key, bound(1), Nonce::ZERO, &signature));
    let mut beyond = signature;
    beyond.key_index = 1024;
    let claim = Claim {
        bound: bound(1),
        nonce: Nonce::ZERO,
        signature: &beyond,
    };
    let refused = Err(SignatureError::KeyIndex { key_index: 1024 });
    assert_eq!(recover_root(claim, &ScalarCompressor), refused);
}

#[test]
fn signing_is_deterministic_and_bound_to_message_and_nonce() {
    let key = KeyTree::generate(&Toy(4), SEED, 1, &ScalarCompressor).unwrap();
    let sign = |n, nonce| {
        key.sign(&Toy(4), KeyIndex(1), &bound(n), nonce, &ScalarCompressor)
            .unwrap()
    };
    let signature = sign(1, Nonce::new(8));
    assert_eq!(signature, sign(1, Nonce::new(8)));
    assert!(!verifies(&key, bound(2), Nonce::new(8), &signature));
    assert!(!verifies(&key, bound(1), Nonce::new(9), &signature));
    assert_ne!(sign(2, Nonce::new(8)).rho, signature.rho);
}

#[test]
fn every_part_of_a_signature_counts() {
    let key = KeyTree::generate(&Toy(6), SEED, 2, &ScalarCompressor).unwrap();
    let good = key
        .sign(
            &Toy(6),
            KeyIndex(2),
            &bound(1),
            Nonce::new(3),
            &ScalarCompressor,
        )
        .unwrap();
    let broken = |change: &dyn Fn(&mut Signature)| {
        let mut signature = good.clone();
        change(&mut signature);
        assert_ne!(signature, good);
        assert!(!verifies(&key, bound(1), Nonce::new(3), &signature));
    };
    for i in 0..2 {
        broken(&|s| s.seed[i] += BaseElement::ONE);
        broken(&|s| s.rho[i] += BaseElement::ONE);
        for chain in 0..CHAINS {
            broken(&|s| s.chains[chain][i] += BaseElement::ONE);
        }
    }
    for level in 0..KEY_HEIGHT {
        for lane in 0..4 {
            broken(&|s| s.auth[level].0[lane] += BaseElement::ONE);
        }
        broken(&|s| s.key_index ^= 1 << level);
    }
}

#[test]
fn a_chain_walked_forward_is_no_signature() {
    // The forger's move that target sums defeat: advance a chain, hoping for a message that asks
    // for it. On the same message the extended signature must fail.
    let key = KeyTree::generate(&Toy(7), SEED, 0, &ScalarCompressor).unwrap();
    let mut signature = key
        .sign(
            &Toy(7),
            KeyIndex(0),
            &bound(1),
            Nonce::ZERO,
            &ScalarCompressor,
        )
        .unwrap();
    let message =
        crate::hash::compress_input(&message_input(&bound(1), &signature.rho, Nonce::ZERO));
    let found = digits(&message).unwrap();
    let chain = found.iter().position(|&digit| digit < 3).unwrap();
    let step = chain_step_input(&SEED, 0, chain, found[chain], &signature.chains[chain]);
    let next = crate::hash::compress_input(&step);
    signature.chains[chain] = [next.0[0], next.0[1]];
    assert!(!verifies(&key, bound(1), Nonce::ZERO, &signature));
}

#[test]
fn many_verify_as_one_by_one_and_bad_ones_do_not_disturb() {
    let key = KeyTree::generate(&Toy(8), SEED, 2, &ScalarCompressor).unwrap();
    let signatures: Vec<Signature> = (0..70u32)
        .map(|n| {
            let mut signature = key
                .sign(
                    &Toy(8),
                    KeyIndex(n % 4),
                    &bound(n.into()),
                    Nonce::new(n),
                    &ScalarCompressor,
                )
                .unwrap();
            match n % 7 {
                3 => signature.rho[0] += BaseElement::ONE, // misses the target sum
                5 => signature.key_index += 1 << 20,
                6 => signature.auth[0] = Digest::ZERO, // another root
                _ => {}
            }
            signature
        })
        .collect();
    let claims: Vec<_> = (0..)
        .zip(&signatures)
        .map(|(n, signature)| Claim {
            bound: bound(n.into()),
            nonce: Nonce::new(n),
            signature,
        })
        .collect();
    let roots = recover_roots(&claims, &ScalarCompressor);
    assert_eq!(roots.len(), claims.len());
    for (n, (claim, root)) in claims.iter().zip(&roots).enumerate() {
        assert_eq!(*root, recover_root(*claim, &ScalarCompressor));
        match n % 7 {
            3 => assert!(matches!(root, Err(SignatureError::Digits(_)))),
            5 => assert!(matches!(root, Err(SignatureError::KeyIndex { .. }))),
            6 => assert!(root.is_ok_and(|root| root != key.root())),
            _ => assert_eq!(*root, Ok(key.root())),
        }
    }
}

#[test]
fn bytes_round_trip_and_are_strict() {
    let key = KeyTree::generate(&Toy(9), SEED, 1, &ScalarCompressor).unwrap();
    let signature = key
        .sign(
            &Toy(9),
            KeyIndex(1),
            &bound(1),
            Nonce::ZERO,
            &ScalarCompressor,
        )
        .unwrap();
    let bytes = signature.to_bytes();
    assert_eq!(bytes.len(), SIGNATURE_BYTES);
    assert_eq!(Signature::from_bytes(&bytes), Ok(signature));
    let short = &bytes[1..];
    let length = SignatureBytesError::Length { got: short.len() };
    assert_eq!(Signature::from_bytes(short), Err(length));
    let mut index = bytes.clone();
    index[1] = 4;
    assert_eq!(
        Signature::from_bytes(&index),
        Err(SignatureBytesError::KeyIndex { key_index: 1025 })
    );
    let mut modulus = bytes;
    modulus[10..18]
        .copy_from_slice(&<BaseElement as winter_math::StarkField>::MODULUS.to_le_bytes());
    let refused = Signature::from_bytes(&modulus);
    assert!(matches!(
        refused,
        Err(SignatureBytesError::NotCanonical { position: 1, .. })
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn random_messages_sign_and_verify(secret: u32, lanes: [u64; 4], nonce: u32, index in 0u32..4) {
        let nonce = Nonce::new(nonce);
        let key = KeyTree::generate(&Toy(secret), SEED, 2, &ScalarCompressor).unwrap();
        let bound = Digest(lanes.map(BaseElement::new));
        let signature = key.sign(&Toy(secret), KeyIndex(index), &bound, nonce, &ScalarCompressor).unwrap();
        prop_assert!(verifies(&key, bound, nonce, &signature));
        prop_assert!(!verifies(&key, bound, Nonce::new(nonce.get().wrapping_add(1)), &signature));
    }
}
