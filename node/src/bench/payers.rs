//! Accounts that pay each other, with keys that are made from a number: for measuring, and for nothing else.

use rayon::prelude::*;
use winterlane_ledger::{
    Account, BaseElement, Digest, KeySlot, KeyUse, Order, Scope, SignedOrder, SlotIndex, Transfer,
    signature::{CHAINS, ChainValue, KeyError, KeyTree, SecretSource, bound_message},
};
use winterlane_prover::SimdCompressor;

/// Secrets that follow from a number which everybody knows.
#[derive(Clone, Copy, Debug)]
struct Known(u32);

impl Known {
    fn pair(self, numbers: [u32; 3], context: &[u8]) -> [BaseElement; 2] {
        let mut hasher = blake3::Hasher::new();
        for number in [self.0, numbers[0], numbers[1], numbers[2]] {
            hasher.update(&number.to_le_bytes());
        }
        hasher.update(context);
        let hash = hasher.finalize();
        let (words, _) = hash.as_bytes().as_chunks::<8>();
        [words[0], words[1]].map(|word| BaseElement::new(u64::from_le_bytes(word)))
    }
}

impl SecretSource for Known {
    fn chain_starts(&self, key_index: u32) -> [ChainValue; CHAINS] {
        core::array::from_fn(|chain| self.pair([0, key_index, chain as u32], &[]))
    }

    fn randomizer_base(&self, key_index: u32, bound: &Digest, nonce: u32) -> [BaseElement; 2] {
        self.pair([1, key_index, nonce], &bound.to_bytes())
    }
}

/// Who pays.
#[derive(Clone, Debug)]
pub(super) struct Payer {
    id: u32,
    tree: KeyTree,
}

/// The asset of all.
pub(super) const ASSET: u32 = 1;

impl Payer {
    /// `count` of them, each with `orders` one-time keys at least.
    pub(super) fn many(count: u32, orders: u32) -> Result<Vec<Self>, KeyError> {
        let height = orders.max(1).next_power_of_two().trailing_zeros();
        (1..=count)
            .into_par_iter()
            .map(|id| {
                let seed = [id, 1].map(BaseElement::from);
                let tree = KeyTree::generate(&Known(id), seed, height, &SimdCompressor)?;
                Ok(Self { id, tree })
            })
            .collect()
    }

    pub(super) fn account(&self) -> (u32, Account) {
        let slot = KeySlot {
            root: self.tree.root(),
            next_index: 0,
            scope: Scope::BOTH,
        };
        let account = Account {
            asset: ASSET,
            balance: 1 << 64,
            nonce: 0,
            slots: [slot, KeySlot::default()],
        };
        (self.id, account)
    }

    /// The payer's payment at each nonce below `count`.
    pub(super) fn payments(
        &self,
        count: u32,
        to: u32,
        domain: &Digest,
    ) -> Result<Vec<SignedOrder>, KeyError> {
        (0..count)
            .map(|nonce| {
                let order = Order::Transfer(Transfer {
                    from: self.id,
                    to,
                    amount: 1,
                    fee: 0,
                    valid_until: 1 << 40,
                });
                let slot = SlotIndex::Zero;
                let key = KeyUse {
                    slot,
                    index: nonce as u16,
                };
                let bound = bound_message(&order.record(key).digest(), domain);
                let signature = self.tree.sign(
                    &Known(self.id),
                    key.index.into(),
                    &bound,
                    nonce,
                    &SimdCompressor,
                )?;
                Ok(SignedOrder {
                    order,
                    nonce,
                    slot,
                    signature,
                })
            })
            .collect()
    }
}

/// The payments of all, each to the next one: `each` of every payer.
pub(super) fn sign_all(
    payers: &[Payer],
    each: u32,
    domain: &Digest,
) -> Result<Vec<Vec<SignedOrder>>, KeyError> {
    let next = |place: usize| payers[(place + 1) % payers.len()].id;
    payers
        .par_iter()
        .enumerate()
        .map(|(place, payer)| payer.payments(each, next(place), domain))
        .collect()
}
