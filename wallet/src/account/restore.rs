//! A wallet that was lost comes back from its seed.

use std::path::Path;

use winterlane_ledger::{AccountId, Compressor, Root};

use super::{
    AccountError, AccountWallet, COLD, COLD_AHEAD, HOT, look,
    profile::{HeldKey, Profile},
};
use crate::{MasterSeed, Passphrase, Wallet, client::Ask, generate_key};

/// How many keys of slot 1 are looked through: an account replaces its cold key once in years.
const COLD_KEYS: u64 = 16;

/// What a wallet is restored from, beside its seed.
#[derive(Clone, Debug)]
pub struct Restore {
    /// The account.
    pub account: AccountId,
    /// Where its node is.
    pub node: String,
    /// The root of the last settled state. Without it the node's word is taken for what the cold key has signed.
    pub root: Option<Root>,
    /// How often this seed was restored before without that a key replacement was sealed.
    pub attempt: u16,
    /// The height of the next hot key.
    pub hot_height: u32,
    /// The height of the account's cold key.
    pub cold_height: u32,
}

impl<C: Compressor> AccountWallet<C> {
    /// Makes a wallet from a seed whose wallet was lost. It has a fresh hot key, which [`AccountWallet::order`] installs with
    /// [`Intent::Rotate`](super::Intent::Rotate): until then it pays nothing.
    ///
    /// # Why no one-time key signs twice
    /// What the lost wallet signed nobody knows. But its *hot* key signs no more: the account gets another one, with a number
    /// that was never used. Its *cold* key signed fewer than [`COLD_AHEAD`] orders beyond those that the sealed state showed it,
    /// since a wallet refuses more ([`AccountError::TooFarAhead`]); and the sealed state that is read here is not older, as
    /// long as `root` is the settled one. So the cold key goes on that many one-time keys later. A wallet that is restored
    /// twice, and whose first replacement was never sealed, passes over as many again: `attempt`.
    ///
    /// # Errors
    /// [`AccountError::NotOurs`] when no key of the seed is in slot 1 of the account; [`AccountError::UsedUp`] when that key has
    /// too few one-time keys left; what [`AccountWallet::look`] says; [`AccountError::Wallet`] when there is a wallet already.
    pub fn restore(
        directory: &Path,
        seed: MasterSeed,
        from: &Restore,
        node: &impl Ask,
        compressor: C,
    ) -> Result<Self, AccountError> {
        Self::restore_with(directory, (seed, None), from, node, compressor)
    }

    /// [`AccountWallet::restore`], with the seed encrypted if there is a passphrase beside it.
    ///
    /// # Errors
    /// As [`AccountWallet::restore`].
    pub fn restore_with(
        directory: &Path,
        (seed, passphrase): (MasterSeed, Option<&Passphrase>),
        from: &Restore,
        node: &impl Ask,
        compressor: C,
    ) -> Result<Self, AccountError> {
        let account = from.account;
        let (seen, domain) = look(node, account, from.root, None)?;
        let sealed = seen.proven.ok_or(AccountError::NoAccount { account })?;
        let held = sealed.slots[COLD.index()];
        let number = (1..=COLD_KEYS).find(|&number| {
            let secret = seed.key_secret(number, from.cold_height);
            generate_key(&secret, &compressor).is_ok_and(|tree| tree.root() == held.root)
        });
        let number = number.ok_or(AccountError::NotOurs { account })?;
        let passed = COLD_AHEAD.saturating_mul(from.attempt.saturating_add(1));
        let first = held.next_index.saturating_add(passed);
        if u32::from(first) >= 1 << from.cold_height {
            return Err(AccountError::UsedUp { slot: COLD });
        }
        let wallet = Wallet::import_with(directory, seed, passphrase)?;
        let mut profile = Profile::new(account, sealed.asset, &from.node);
        profile.domain = Some(domain);
        profile.proven_nonce = sealed.nonce;
        profile.next_cold = number + 1;
        profile.keys.push(HeldKey {
            slot: COLD,
            number,
            height: from.cold_height,
            root: held.root,
            first,
        });
        let mut this = Self {
            wallet: wallet.with_compressor(compressor),
            profile,
        };
        this.make_key(HOT, from.hot_height)?;
        Ok(this)
    }
}
