//! The wallet of one account: what a person has, as opposed to keys that a program handles.
//!
//! An account has two key slots, and this wallet uses them so:
//!
//! | slot | key | signs |
//! |---|---|---|
//! | 0 | *hot* | payments and withdrawals, and nothing else |
//! | 1 | *cold* | replacements of keys, and nothing else |
//!
//! So an account can be rescued as long as its cold key is, and the cold key is used so seldom that it lasts.
//!
//! # A key's life
//!
//! *New* (made, and written down), *installed* (an order that puts it into its slot was taken), *active* (the slot holds it),
//! *draining* (an order that replaces it was taken; orders that it signed before are still on their way), *retired*.
//! Three quarters of a key's one-time keys are for use; when they are gone the next order installs the next key first
//! ([`AccountWallet::keep_keys`]).
//!
//! # What is believed of a node
//!
//! The account with its Merkle path is verified here, against the root that the node names or that the caller knows
//! from settlement. The state *after pending orders* cannot be proven. A lie about it costs little:
//!
//! - another next index: the journal's own is taken if it is higher, so that no one-time key signs twice;
//! - another key: the wallet signs with its own keys alone, and says whose slot is not its own;
//! - another nonce: while an order that was signed and not acknowledged can still be taken, the wallet signs at its nonce
//!   alone: of two orders with one nonce the ledger takes one, and two with different ones would pay twice
//!   ([`AccountError::NonceBehind`]). One call of [`AccountWallet::order`] signs for one nonce, whatever the node says meanwhile. A later call
//!   signs beyond it when the *proven* nonce is beyond: without a root from settlement a node can make up a state that says so, and who
//!   then sends a refused order again may have paid twice. That batches have gone by is the node's word, and lets the wallet
//!   sign no further than it did before;
//! - an older state than was proven before is refused ([`AccountError::Older`]).
//!
//! # Answers that do not come
//!
//! An order is written to the disk before it is sent, and stays there until the node has answered. After a crash, or when the
//! node was away, the *same* order is sent again ([`AccountWallet::resume`]): a node takes an order once, however often it comes.
//!
//! # Restoring
//!
//! A seed restores keys, and not what they have signed. [`restore`](AccountWallet::restore) says how a wallet that was lost comes back without
//! a one-time key signing twice.

mod balance;
mod error;
mod keys;
mod orders;
mod profile;
mod restore;
#[cfg(test)]
mod tests;
mod watch;

use std::path::Path;

pub use balance::HeldBalance;
pub use error::AccountError;
pub use keys::{KeyLeft, PublicAccount, PublicKey, add_hot_keys};
pub use orders::{Intent, Resumed, Sent, Terms};
pub(crate) use profile::{NEW_PROFILE, PROFILE};
pub use restore::Restore;
pub use watch::{Finding, Health};
use winterlane_ledger::{
    Account, AccountId, AssetId, BatchNumber, Compressor, Domain, Nonce, Root, SlotIndex,
    tree::Siblings,
};
use zeroize::Zeroizing;

use self::profile::Profile;
use crate::{
    Passphrase, Wallet, WalletError,
    client::{Ask, NodeStatus},
};

/// The slot of the key that pays.
pub const HOT: SlotIndex = SlotIndex::Zero;
/// The slot of the key that replaces keys.
pub const COLD: SlotIndex = SlotIndex::One;

/// How many one-time keys of the cold key may have signed beyond those that a sealed state shows.
///
/// What a restored wallet relies on: it begins this many after the sealed state's.
pub const COLD_AHEAD: u16 = 8;

/// What a new account's wallet is made of.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// The account: the index of its leaf.
    pub account: AccountId,
    /// The asset that it holds.
    pub asset: AssetId,
    /// Where its node is.
    pub node: String,
    /// The height of hot keys: 2^height one-time keys, 1 to 10.
    pub hot_height: u32,
    /// The height of cold keys, 5 to 10.
    pub cold_height: u32,
}

/// An account as a node shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// After the last sealed batch: proven. `None` when the leaf is proven empty.
    pub proven: Option<Account>,
    /// The root that the proof leads to.
    pub root: Root,
    /// The siblings of the account's leaf on the way to that root.
    pub siblings: Siblings,
    /// The last sealed batch; `None` for the opening state.
    pub batch: Option<BatchNumber>,
    /// After pending operations too: said by the node, and not proven.
    pub pending: Account,
    /// The account's own orders that are pending.
    pub pending_orders: u32,
    /// How the node is.
    pub status: NodeStatus,
}

/// The wallet of one account, open.
#[derive(Debug)]
pub struct AccountWallet<C> {
    wallet: Wallet<C>,
    profile: Profile,
}

impl<C: Compressor> AccountWallet<C> {
    /// Makes a wallet with a new seed and the account's first two keys, in a directory that is created if it does not exist.
    ///
    /// # Errors
    /// [`AccountError::Wallet`], with [`WalletError::Exists`] when there is one.
    pub fn create(directory: &Path, new: &NewAccount, compressor: C) -> Result<Self, AccountError> {
        Self::create_with(directory, new, None, compressor)
    }

    /// [`AccountWallet::create`], with the seed encrypted if there is a passphrase.
    ///
    /// # Errors
    /// As [`AccountWallet::create`].
    pub fn create_with(
        directory: &Path,
        new: &NewAccount,
        passphrase: Option<&Passphrase>,
        compressor: C,
    ) -> Result<Self, AccountError> {
        let wallet = match Wallet::create_with(directory, passphrase) {
            Err(WalletError::Exists { path }) => {
                // An interrupted call may have left a wallet that no account knows of, encrypted or not.
                let wallet = Wallet::open_with(directory, passphrase)?;
                let unused = wallet.journal().is_empty();
                if !unused || Profile::read(wallet.medium())?.is_some() {
                    return Err(WalletError::Exists { path }.into());
                }
                wallet.encrypt(passphrase)?;
                wallet
            }
            made => made?,
        };
        let mut this = Self {
            wallet: wallet.with_compressor(compressor),
            profile: Profile::new(new.account, new.asset, &new.node),
        };
        this.make_key(HOT, new.hot_height)?;
        this.make_key(COLD, new.cold_height)?;
        this.save()?;
        Ok(this)
    }

    /// Opens a wallet.
    ///
    /// # Errors
    /// [`AccountError::Wallet`] as [`Wallet::open`]; [`AccountError::NoProfile`], [`AccountError::Profile`].
    pub fn open(directory: &Path, compressor: C) -> Result<Self, AccountError> {
        Self::open_with(directory, None, compressor)
    }

    /// [`AccountWallet::open`] with a passphrase, if there is one ([`Wallet::open_with`]).
    ///
    /// # Errors
    /// As [`AccountWallet::open`].
    pub fn open_with(
        directory: &Path,
        passphrase: Option<&Passphrase>,
        compressor: C,
    ) -> Result<Self, AccountError> {
        let wallet = Wallet::open_with(directory, passphrase)?;
        let profile = Profile::read(wallet.medium())?;
        let missing = || AccountError::NoProfile {
            path: wallet.medium().path(PROFILE),
        };
        let profile = profile.ok_or_else(missing)?;
        Ok(Self {
            wallet: wallet.with_compressor(compressor),
            profile,
        })
    }

    /// The account.
    #[must_use]
    pub const fn account(&self) -> AccountId {
        self.profile.account
    }

    /// The asset that it holds.
    #[must_use]
    pub const fn asset(&self) -> AssetId {
        self.profile.asset
    }

    /// Where its node is.
    #[must_use]
    pub fn node(&self) -> &str {
        &self.profile.node
    }

    /// The rollup that signatures are for; `None` until a node was asked.
    #[must_use]
    pub const fn domain(&self) -> Option<Domain> {
        self.profile.domain
    }

    /// How many one-time keys have signed.
    #[must_use]
    pub fn signatures(&self) -> usize {
        self.wallet.journal().len()
    }

    /// Encrypts the seed by another passphrase, or by none ([`Wallet::encrypt`]).
    ///
    /// # Errors
    /// [`AccountError::Wallet`].
    pub fn encrypt(&self, passphrase: Option<&Passphrase>) -> Result<(), AccountError> {
        Ok(self.wallet.encrypt(passphrase)?)
    }

    /// Whether the seed's file is encrypted by a passphrase ([`Wallet::is_encrypted`]).
    ///
    /// # Errors
    /// [`AccountError::Wallet`].
    pub fn is_encrypted(&self) -> Result<bool, AccountError> {
        Ok(self.wallet.is_encrypted()?)
    }

    /// The seed as text for a backup on paper ([`crate::MasterSeed::backup_text`]).
    #[must_use]
    pub fn backup_text(&self) -> Zeroizing<String> {
        self.wallet.backup_text()
    }

    /// Looks at the account, and verifies its proof: against the root that the node names, and that root against `root` if the
    /// caller knows one.
    ///
    /// # Errors
    /// [`AccountError`], when the node does not answer, is another rollup's, contradicts itself or shows an old state.
    pub fn look(&mut self, node: &impl Ask, root: Option<Root>) -> Result<Seen, AccountError> {
        let account = self.profile.account;
        let (seen, domain) = look(node, account, root, self.profile.domain)?;
        if let Some(proven) = seen.proven {
            let (known, found) = (self.profile.proven_nonce, proven.nonce);
            if found < known {
                return Err(AccountError::Older {
                    account,
                    known,
                    found,
                });
            }
        }
        let asset = seen.pending.asset;
        if asset != self.profile.asset {
            return Err(AccountError::OtherAsset {
                account,
                wanted: self.profile.asset,
                found: asset,
            });
        }
        let nonce = seen.proven.map_or(Nonce::ZERO, |proven| proven.nonce);
        if (self.profile.domain, self.profile.proven_nonce) != (Some(domain), nonce) {
            self.profile.domain = Some(domain);
            self.profile.proven_nonce = nonce;
            self.save()?;
        }
        Ok(seen)
    }

    fn save(&self) -> Result<(), AccountError> {
        self.profile.write(self.wallet.medium())
    }
}

/// Looks at an account of a rollup, if that is known; and the rollup that it is.
fn look(
    node: &impl Ask,
    account: AccountId,
    root: Option<Root>,
    domain: Option<Domain>,
) -> Result<(Seen, Domain), AccountError> {
    let status = node.status()?;
    if let Some(wanted) = domain.filter(|wanted| *wanted != status.domain) {
        let found = status.domain;
        return Err(AccountError::OtherRollup { wanted, found });
    }
    let proven = node.proof(account)?;
    if let Some(wanted) = root.filter(|wanted| *wanted != proven.root) {
        let found = proven.root;
        return Err(AccountError::OtherRoot { wanted, found });
    }
    if proven.proof.id != account {
        return Err(AccountError::NoAccount { account });
    }
    let sealed = proven.proof.verify(&proven.root)?;
    // After the proof, so that what is pending is not older than what is sealed.
    let answer = node.account(account)?;
    let none = AccountError::NoAccount { account };
    let (pending, pending_orders) = match (answer, sealed) {
        (Some(answer), _) => (answer.pending, answer.pending_orders),
        // Sealed, and denied: the proof counts.
        (None, Some(sealed)) => (sealed, 0),
        (None, None) => return Err(none),
    };
    let seen = Seen {
        proven: sealed,
        root: proven.root,
        siblings: proven.proof.siblings,
        batch: proven.batch,
        pending,
        pending_orders,
        status,
    };
    Ok((seen, status.domain))
}
