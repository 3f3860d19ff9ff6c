//! What the balance of an account takes from its witness.

use winterlane_air::private::Role;
use winterlane_ledger::{
    Account, AccountId, AssetId, BaseElement, Digest, SlotIndex,
    amount::limb_elements,
    private::SHOWN_CHAINS,
    signature::{CHAINS, ChainValue, KEY_HEIGHT},
    tree::Siblings,
};

use super::machine::{self, Free, Registers};

/// The one-time key that never signs: the proof knows where its first chains start.
#[derive(Clone)]
pub struct KeyWitness {
    /// The public seed of the key tree.
    pub seed: [BaseElement; 2],
    /// Which one-time key: [`winterlane_ledger::private::RESERVED_KEY_INDEX`], or there is no proof. A
    /// signature by it would show others what the proof shows knowledge of.
    pub key_index: u16,
    /// The secret starts of the first chains.
    pub starts: [ChainValue; SHOWN_CHAINS],
    /// The public ends of all chains.
    pub ends: [ChainValue; CHAINS],
    /// The siblings from the one-time public key to the root of the key tree.
    pub auth: [Digest; KEY_HEIGHT],
}

// A secret does not belong into a log.
impl core::fmt::Debug for KeyWitness {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("KeyWitness(..)")
    }
}

/// What shows that an account holds at least so much.
#[derive(Clone)]
pub struct BalanceWitness {
    /// The account's id.
    pub id: AccountId,
    /// The account.
    pub account: Account,
    /// The siblings of its leaf ([`winterlane_ledger::AccountProof`]).
    pub siblings: Siblings,
    /// The slot of the key.
    pub slot: SlotIndex,
    /// The one-time key.
    pub key: KeyWitness,
}

// What it holds would name the note or the account in a log.
impl core::fmt::Debug for BalanceWitness {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("BalanceWitness(..)")
    }
}

/// The statement, as the machine asks.
pub(super) struct Filler<'a> {
    witness: &'a BalanceWitness,
}

impl<'a> Filler<'a> {
    pub(super) const fn new(witness: &'a BalanceWitness) -> Self {
        Self { witness }
    }
}

impl machine::Filler for Filler<'_> {
    fn free(&self, role: Role) -> Free {
        let mut free = Free::default();
        let witness = self.witness;
        let (account, key) = (&witness.account, &witness.key);
        let zero = BaseElement::from(0_u32);
        match role {
            Role::ChainStep(chain, 0) => {
                let [start_0, start_1] = key.starts[chain];
                free.lo = [start_0, start_1, zero, zero];
            }
            Role::ChainEnds(pair) => {
                let [left, right] = [key.ends[2 * pair], key.ends[2 * pair + 1]];
                free.hi = [left[0], left[1], right[0], right[1]];
            }
            Role::KeyPath(level) => {
                free.sibling = key.auth[level].0;
                free.is_right = key.key_index >> level & 1 == 1;
            }
            Role::Keys => {
                let other = match witness.slot {
                    SlotIndex::Zero => SlotIndex::One,
                    SlotIndex::One => SlotIndex::Zero,
                };
                free.sibling = account.slots[other.index()].root.0.0;
                free.is_right = witness.slot == SlotIndex::One;
            }
            Role::Meta => {
                let [next_0, next_1] = account.slots.map(|slot| u32::from(slot.next_index));
                let numbers = [account.asset.get(), account.nonce.get(), next_0, next_1];
                free.hi = numbers.map(BaseElement::from);
            }
            Role::Leaf => {
                let scopes = account.scope_bits();
                let [low, middle, high] = limb_elements(account.balance.get());
                free.hi = [BaseElement::from(scopes), low, middle, high];
                free.bits = core::array::from_fn(|i| scopes >> i & 1 == 1);
            }
            Role::AccountPath(level) => {
                free.sibling = witness.siblings[level].0;
                free.is_right = witness.id.get() >> level & 1 == 1;
            }
            _ => {}
        }
        free
    }

    fn registers(&self, _: Role) -> Registers {
        Registers {
            position: self.witness.key.key_index.into(),
            // a balance has no notes: the column is the slot's
            is_real: self.witness.slot == SlotIndex::One,
        }
    }

    fn asset(&self) -> AssetId {
        self.witness.account.asset
    }

    fn secret(&self) -> Digest {
        let [seed_0, seed_1] = self.witness.key.seed;
        let zero = BaseElement::from(0_u32);
        Digest([seed_0, seed_1, zero, zero])
    }
}
