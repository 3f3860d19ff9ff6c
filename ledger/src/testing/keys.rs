//! Toy secrets, small keys, signed orders.

use super::std::sync::Mutex;
use alloc::collections::BTreeMap;

use winter_math::{FieldElement, fields::f64::BaseElement};

use crate::{
    Digest, Domain, KeySlot, KeyUse, Nonce, Order, ScalarCompressor, Scope, SignedOrder, SlotIndex,
    hash::compress,
    signature::{CHAINS, ChainValue, KeyTree, SecretSource, bound_message},
};

/// Secrets made by hashing a number: enough for tests, and for nothing else.
#[derive(Clone, Debug)]
pub struct Toy(pub u32);

impl SecretSource for Toy {
    fn chain_starts(&self, key_index: u32) -> [ChainValue; CHAINS] {
        core::array::from_fn(|c| {
            let numbers = [self.0, key_index, c as u32, 0].map(BaseElement::from);
            let digest = compress(BaseElement::ONE, &Digest(numbers), &Digest::ZERO);
            [digest.0[0], digest.0[1]]
        })
    }

    fn randomizer_base(&self, key_index: u32, bound: &Digest, nonce: Nonce) -> [BaseElement; 2] {
        let numbers = [self.0, key_index, nonce.get(), 1].map(BaseElement::from);
        let digest = compress(BaseElement::ONE, &Digest(numbers), bound);
        [digest.0[0], digest.0[1]]
    }
}

/// A small key and its secrets.
#[derive(Clone, Debug)]
pub struct Key {
    /// What it is made from.
    pub secrets: Toy,
    /// Its public half.
    pub tree: KeyTree,
}

/// Trees made so far: the same few keys are asked for again and again.
static TREES: Mutex<BTreeMap<u32, KeyTree>> = Mutex::new(BTreeMap::new());

impl Key {
    /// The key number `secret`, of four one-time keys.
    ///
    /// # Panics
    /// Never: four one-time keys are a size that a key can have.
    #[must_use]
    pub fn new(secret: u32) -> Self {
        let seed = [secret, 99].map(BaseElement::from);
        let generate = || KeyTree::generate(&Toy(secret), seed, 2, &ScalarCompressor).unwrap();
        let mut trees = TREES.lock().unwrap();
        let tree = trees.entry(secret).or_insert_with(generate).clone();
        Self {
            secrets: Toy(secret),
            tree,
        }
    }

    /// A slot that holds this key.
    #[must_use]
    pub fn slot(&self, scope: Scope, next_index: u16) -> KeySlot {
        KeySlot {
            root: self.tree.root(),
            next_index,
            scope,
        }
    }

    /// Signs with one-time key `index`, for a slot that holds this key.
    ///
    /// # Panics
    /// When `index` is not below 4.
    #[must_use]
    pub fn sign(
        &self,
        order: Order,
        domain: &Domain,
        nonce: Nonce,
        slot: SlotIndex,
        index: u16,
    ) -> SignedOrder {
        let bound = bound_message(&order.record(KeyUse { slot, index }).digest(), domain);
        let signature = self.tree.sign(
            &self.secrets,
            index.into(),
            &bound,
            nonce,
            &ScalarCompressor,
        );
        SignedOrder {
            order,
            nonce,
            slot,
            signature: signature.unwrap(),
        }
    }
}
