//! The keys of an account: which there are, what is left of them, and the next ones.

use serde::Serialize;
use winterlane_ledger::{
    Account, AccountId, AssetId, Compressor, Root, Scope, SlotIndex, private::RESERVED_KEY_INDEX,
};

use super::{
    AccountError, AccountWallet, COLD, COLD_AHEAD, HOT,
    profile::{HeldKey, Profile},
};
use crate::{Wallet, WalletError};

/// What the owner of a node is given to create the account: nothing of it is secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PublicAccount {
    /// The account.
    pub id: AccountId,
    /// The asset that it holds.
    pub asset: AssetId,
    /// Its keys: the one that pays, and the one that replaces keys.
    pub keys: [PublicKey; 2],
}

/// A key, and what it may sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PublicKey {
    /// The root of the key tree.
    pub root: Root,
    /// `spend` or `rotate`.
    pub scope: &'static str,
}

impl PublicAccount {
    /// As the configuration of a node has it, in TOML; without a balance, which is the owner's to say.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let Self { id, asset, keys } = self;
        let key =
            |key: &PublicKey| format!("{{ root = \"{}\", scope = \"{}\" }}", key.root, key.scope);
        let keys = keys.each_ref().map(key).join(", ");
        format!("id = {id}\nasset = {asset}\nkeys = [{keys}]\n")
    }
}

/// What is left of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyLeft {
    /// The slot that holds it.
    pub slot: SlotIndex,
    /// Its root.
    pub root: Root,
    /// One-time keys that are used up, or passed over.
    pub used: u32,
    /// One-time keys that can sign.
    pub capacity: u32,
}

impl KeyLeft {
    /// One-time keys that are left.
    #[must_use]
    pub const fn left(&self) -> u32 {
        self.capacity.saturating_sub(self.used)
    }

    /// Whether it is time for the next key: three quarters are used, or, of the key that replaces keys, so few are left that
    /// a lost wallet could not be restored twice.
    #[must_use]
    pub fn due(&self) -> bool {
        let few = self.slot == COLD && self.left() <= 3 * u32::from(COLD_AHEAD);
        4 * self.used >= 3 * self.capacity || few
    }
}

impl<C: Compressor> AccountWallet<C> {
    /// What the owner of a node is given to create the account: the newest key of each slot.
    #[must_use]
    pub fn public(&self) -> PublicAccount {
        let newest = |slot| {
            let mut keys = self.profile.keys.iter().rev();
            keys.find(|key| key.slot == slot)
                .map_or(Root::ZERO, |key| key.root)
        };
        PublicAccount {
            id: self.profile.account,
            asset: self.profile.asset,
            keys: [
                PublicKey {
                    root: newest(HOT),
                    scope: "spend",
                },
                PublicKey {
                    root: newest(COLD),
                    scope: "rotate",
                },
            ],
        }
    }

    /// What is left of the key in a slot of the account.
    ///
    /// # Errors
    /// [`AccountError::ForeignKey`].
    pub fn left(&self, account: &Account, slot: SlotIndex) -> Result<KeyLeft, AccountError> {
        let held = account.slots[slot.index()];
        let key = self.held(slot, &held.root)?;
        let capacity = (1 << key.height).min(RESERVED_KEY_INDEX);
        let used = self.wallet.journal().next_index(&held.root);
        let used = used.max(held.next_index.into()).max(key.first.into());
        Ok(KeyLeft {
            slot,
            root: held.root,
            used: used.min(capacity),
            capacity,
        })
    }

    /// The wallet's own key of this root, in this slot.
    pub(super) fn held(&self, slot: SlotIndex, root: &Root) -> Result<HeldKey, AccountError> {
        let key = self.profile.key(root).filter(|key| key.slot == slot);
        key.copied().ok_or(AccountError::ForeignKey {
            account: self.profile.account,
            slot,
            root: *root,
        })
    }

    /// A new key for a slot, on the disk by its number. It is nobody's until an order installs it.
    pub(super) fn make_key(&mut self, slot: SlotIndex, height: u32) -> Result<Root, AccountError> {
        let number = if slot == COLD {
            self.profile.next_cold
        } else {
            // A restored wallet does not know which numbers were used: none comes twice.
            let mut bytes = [0; 8];
            getrandom::fill(&mut bytes).map_err(WalletError::NoRandomness)?;
            u64::from_le_bytes(bytes) | 1 << 63
        };
        let root = self.wallet.add_key(number, height)?;
        if slot == COLD {
            self.profile.next_cold += 1;
        }
        self.profile.keys.push(HeldKey {
            slot,
            number,
            height,
            root,
            first: 0,
        });
        self.save()?;
        Ok(root)
    }

    /// Makes the next key of a slot with 2^`height` one-time keys, where it would be as large as the present one. The next
    /// rotation of the slot ([`Intent::Rotate`](super::Intent::Rotate)) installs it. One of that height that waits already is
    /// left as it is.
    ///
    /// # Errors
    /// [`AccountError::Wallet`], when the height is none of a key (1 to 10) among others.
    pub fn prepare_key(&mut self, slot: SlotIndex, height: u32) -> Result<(), AccountError> {
        let newest = self.profile.keys.iter().rev().find(|key| key.slot == slot);
        let waits = newest.is_some_and(|key| {
            key.height == height && self.wallet.journal().next_index(&key.root) == 0
        });
        if !waits {
            self.make_key(slot, height)?;
        }
        Ok(())
    }

    /// The next key of a slot: one that was made before and never installed, or a new one.
    pub(super) fn next_key(
        &mut self,
        account: &Account,
        slot: SlotIndex,
    ) -> Result<Root, AccountError> {
        let current = account.slots[slot.index()].root;
        let keys = &self.profile.keys;
        let place = keys.iter().position(|key| key.root == current);
        let later = place.map_or(&keys[..], |place| &keys[place + 1..]);
        let unused =
            |key: &&HeldKey| key.slot == slot && self.wallet.journal().next_index(&key.root) == 0;
        if let Some(key) = later.iter().rev().find(unused) {
            return Ok(key.root);
        }
        let like = keys.iter().rev().find(|key| key.slot == slot);
        let height = like.map_or(8, |key| key.height);
        self.make_key(slot, height)
    }

    /// Generates the key if it was not yet.
    pub(super) fn load(&mut self, key: HeldKey) -> Result<(), AccountError> {
        add(&mut self.wallet, key)
    }
}

/// Generates a key that is written down if it was not generated yet.
fn add<C: Compressor>(wallet: &mut Wallet<C>, key: HeldKey) -> Result<(), AccountError> {
    if wallet.key(&key.root).is_some() {
        return Ok(());
    }
    let root = wallet.add_key(key.number, key.height)?;
    if root == key.root {
        Ok(())
    } else {
        Err(AccountError::Profile {
            path: wallet.medium().path(super::PROFILE),
            reason: format!("key {} has not the root that is written down", key.number),
        })
    }
}

/// Gives the wallet of an account those of its hot keys whose roots are `wanted`: for a program that signs without a node,
/// where the account's numbers of keys, which are drawn by lot, would have to be known.
///
/// The result says whether the wallet is one of an account. Keys of another wallet have numbers that its owner chose.
///
/// # Errors
/// [`AccountError::Profile`] when what is written down cannot be read or does not fit the seed; [`AccountError::Wallet`].
pub fn add_hot_keys<C: Compressor>(
    wallet: &mut Wallet<C>,
    wanted: impl Fn(&Root) -> bool,
) -> Result<bool, AccountError> {
    let Some(profile) = Profile::read(wallet.medium())? else {
        return Ok(false);
    };
    let hot = profile.keys.into_iter().filter(|key| key.slot == HOT);
    for key in hot.filter(|key| wanted(&key.root)) {
        add(wallet, key)?;
    }
    Ok(true)
}

/// What the keys of a slot may sign.
pub(super) const fn scope_of(slot: SlotIndex) -> Scope {
    match slot {
        HOT => Scope::SPEND,
        COLD => Scope::ROTATE,
    }
}
