//! The state under a ledger: accounts, their tree, and the number of the next batch, wherever they are kept.
//!
//! A ledger keeps the rules; a [`State`] keeps the accounts. [`MemoryState`] keeps them in memory and is what a
//! [`crate::Ledger`] has unless it is given another one. A store on disk is another one: a state is asked for
//! single accounts and single nodes only, so that it may be larger than memory.
//!
//! # Versions
//! A *version* is the state between two batches. Its number is that of the batch that comes next, so that a
//! version and the public inputs of a batch speak of the same thing. [`State::apply`] makes the next version.
//! A version is *sealed* then, not yet *committed*: [`State::undo`] takes it back, which is what becomes of a
//! batch whose witness or proof job could not be stored. [`State::commit`] makes it last: a state on disk
//! writes it there, and nothing undoes it any more. Whatever was not committed is gone when the process dies.
//!
//! ```text
//!   versions().start()      committed()           version()
//!        │  can be read          │  can be undone     │  the newest
//!        ▼                       ▼                    ▼
//! ───────●───────●───────●───────●──────────●─────────●
//! pruned                           apply → ← undo
//! ```
//!
//! Older versions can be read ([`State::at`]) until they are pruned: an account is proven against the root of
//! a batch that was proven or settled, and that is seldom the newest one.
//!
//! Whoever writes a state checks it with `testing::state` (feature `testing`).

mod memory;
#[cfg(test)]
mod tests;

use alloc::vec::Vec;
use core::{error::Error, ops::RangeInclusive};

pub use memory::{MemoryState, OlderMemoryState};
use thiserror::Error;

use crate::{
    Account, AccountId, AccountProof, Digest, Root,
    hash::Compressor,
    ledger::leaf_digests,
    tree::{self, Node, Siblings, TreeUpdate},
};

/// One version of a state, to be read.
pub trait ReadState {
    /// Why something could not be read or written: what the store below says.
    type Error: Error + Send + Sync + 'static;

    /// The version: the number of the batch that comes next.
    fn version(&self) -> u64;

    /// The root of the account tree. A state knows it without reading.
    fn root(&self) -> Root;

    /// An account; `None` when its leaf is empty.
    ///
    /// # Errors
    /// When it cannot be read.
    fn account(&self, id: AccountId) -> Result<Option<Account>, Self::Error>;

    /// Accounts by ascending id, from `first` on and at most `limit` of them: how a whole state is read in
    /// pieces.
    ///
    /// # Errors
    /// When they cannot be read.
    fn accounts_from(
        &self,
        first: AccountId,
        limit: usize,
    ) -> Result<Vec<(AccountId, Account)>, Self::Error>;

    /// A node of the account tree, by height (0 for a leaf, 32 for the root) and place (leaf index shifted
    /// right by the height); [`tree::empty_digests`] of the height when no account is below it.
    ///
    /// # Errors
    /// When it cannot be read.
    fn node(&self, height: usize, index: u32) -> Result<Digest, Self::Error>;

    /// The siblings of the leaves of some accounts, by ascending id. Fills `out`, which is as long as `ids`.
    ///
    /// A state that keeps its nodes in larger pieces reads each piece once here.
    ///
    /// # Errors
    /// When they cannot be read.
    fn siblings(&self, ids: &[u32], out: &mut [Siblings]) -> Result<(), Self::Error> {
        for (id, siblings) in ids.iter().zip(out) {
            for (height, sibling) in siblings.iter_mut().enumerate() {
                *sibling = self.node(height, id >> height ^ 1)?;
            }
        }
        Ok(())
    }

    /// A proof of what the leaf of an account holds, an account or nothing, in the tree with the root of this
    /// version.
    ///
    /// # Errors
    /// When it cannot be read.
    fn prove(&self, id: AccountId) -> Result<AccountProof, Self::Error> {
        let mut siblings = [[Digest::ZERO; tree::TREE_DEPTH]];
        self.siblings(&[id.get()], &mut siblings)?;
        let [siblings] = siblings;
        Ok(AccountProof {
            id,
            account: self.account(id)?,
            siblings,
        })
    }
}

/// A state that batches change: its newest version, and those before it.
///
/// See the [module](self) for what versions are. Every method but [`State::commit`] may be called on each batch;
/// none may leave the state in between two versions when it fails.
pub trait State: ReadState {
    /// An older version.
    type Older<'a>: ReadState<Error = Self::Error>
    where
        Self: 'a;

    /// A version that is kept, the newest one included.
    ///
    /// # Errors
    /// [`StateError::Version`] when it is not kept; [`StateError::Store`].
    fn at(&self, version: u64) -> Result<Self::Older<'_>, StateError<Self::Error>>;

    /// The versions that can be read, from the oldest to the newest.
    fn versions(&self) -> RangeInclusive<u64>;

    /// The newest version that cannot be undone.
    fn committed(&self) -> u64;

    /// Moves on to the next version: [`ReadState::version`] grows by one.
    ///
    /// The new version can be undone until it is committed. A state may commit by itself what is older than
    /// the newest version, and prune by itself what is committed.
    ///
    /// # Errors
    /// When the change cannot be kept; the state is then as before.
    fn apply(&mut self, changes: Changes) -> Result<(), Self::Error>;

    /// Takes back the newest version.
    ///
    /// # Errors
    /// [`StateError::Committed`] when it is committed; [`StateError::Store`]. The state is then as before.
    fn undo(&mut self) -> Result<(), StateError<Self::Error>>;

    /// Commits every version up to this one: when it returns, they last.
    ///
    /// # Errors
    /// [`StateError::Version`] for a version beyond the newest; a version that is committed already is no
    /// error. [`StateError::Store`]: whether the versions last is not known then, and the state must not be
    /// used any more, but opened anew.
    fn commit(&mut self, version: u64) -> Result<(), StateError<Self::Error>>;

    /// Forgets every version before this one. Nothing else changes.
    ///
    /// # Errors
    /// [`StateError::Version`] for a version that is not committed; one that is forgotten already is no error.
    /// [`StateError::Store`].
    fn prune(&mut self, oldest: u64) -> Result<(), StateError<Self::Error>>;
}

/// What a batch does to a state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The accounts it leaves behind changed or new, by ascending id, each once.
    pub accounts: Vec<(AccountId, Account)>,
    /// Every node of the tree above them, lowest height first, by ascending index; the last one is the root.
    /// A node with the digest of an empty subtree need not be kept.
    pub nodes: Vec<Node>,
}

impl Changes {
    /// The root that the changes lead to; `None` when nothing changes.
    #[must_use]
    pub fn root(&self) -> Option<Root> {
        self.nodes.last().map(|node| Root(node.digest))
    }

    /// The changes to `state` when these accounts are written to it: three compressions an account, and its
    /// path. The state is read, and stays as it is.
    ///
    /// # Errors
    /// Those of reading the state.
    pub fn of<S: ReadState, C: Compressor + ?Sized>(
        state: &S,
        accounts: impl IntoIterator<Item = (AccountId, Account)>,
        compressor: &C,
    ) -> Result<Self, S::Error> {
        let accounts: alloc::collections::BTreeMap<AccountId, Account> =
            accounts.into_iter().collect();
        let accounts: Vec<(AccountId, Account)> = accounts.into_iter().collect();
        let values: Vec<Account> = accounts.iter().map(|(_, account)| *account).collect();
        let leaves = leaf_digests(&values, compressor);
        let updates: Vec<(u32, Digest)> = accounts
            .iter()
            .map(|(id, _)| id.get())
            .zip(leaves)
            .collect();
        let siblings = |ids: &[u32], out: &mut [Siblings]| state.siblings(ids, out);
        let TreeUpdate { nodes, .. } = tree::update(&updates, siblings, compressor)?;
        Ok(Self { accounts, nodes })
    }
}

/// Why a version cannot be read, undone, committed or pruned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StateError<E> {
    /// There is no such version here.
    #[error("version {version} of the state is not among {oldest} to {newest}")]
    Version {
        /// The version asked for.
        version: u64,
        /// The oldest that would do.
        oldest: u64,
        /// The newest that would do.
        newest: u64,
    },
    /// The newest version is committed.
    #[error("version {version} of the state is committed, and cannot be undone")]
    Committed {
        /// The newest version.
        version: u64,
    },
    /// The store below has failed.
    #[error("the state could not be read or written")]
    Store(#[source] E),
}

impl<E> StateError<E> {
    /// `Ok` when `version` is among `versions`; [`StateError::Version`] otherwise.
    ///
    /// # Errors
    /// [`StateError::Version`].
    pub const fn unless_among(version: u64, versions: &RangeInclusive<u64>) -> Result<(), Self> {
        let (oldest, newest) = (*versions.start(), *versions.end());
        if oldest <= version && version <= newest {
            Ok(())
        } else {
            Err(Self::Version {
                version,
                oldest,
                newest,
            })
        }
    }
}
