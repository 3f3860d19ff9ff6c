//! The store as the state of a ledger.

use std::{ops::RangeInclusive, sync::Arc};

use winterlane_ledger::{
    Account, Digest,
    state::{Changes, ReadState, State, StateError},
    tree::{Siblings, TREE_DEPTH},
};

use super::{Store, StoreError, View};

/// The accounts and the tree in the store, and one version after it that is not written yet.
///
/// The node does not use [`State::commit`]: what a sealed batch changes is [taken](StoreState::take) and
/// written together with the rest of the seal.
#[derive(Debug)]
pub(crate) struct StoreState {
    store: Arc<Store>,
    view: View,
    /// What the version after the written one changes.
    sealed: Option<Changes>,
}

impl StoreState {
    pub(crate) fn new(store: Arc<Store>) -> Result<Self, StoreError> {
        let view = store.view()?;
        Ok(Self {
            store,
            view,
            sealed: None,
        })
    }

    /// What the newest version changes, which was not written. The caller writes it, and then calls
    /// [`StoreState::written`].
    pub(crate) fn take(&self) -> Option<&Changes> {
        self.sealed.as_ref()
    }

    /// What was sealed has been written: reads the store as it is now.
    pub(crate) fn written(&mut self) -> Result<(), StoreError> {
        self.view = self.store.view()?;
        self.sealed = None;
        Ok(())
    }
}

impl ReadState for StoreState {
    type Error = StoreError;

    fn version(&self) -> u64 {
        self.view.version() + u64::from(self.sealed.is_some())
    }

    fn root(&self) -> Digest {
        let sealed = self.sealed.as_ref().and_then(Changes::root);
        sealed.unwrap_or_else(|| self.view.root())
    }

    fn account(&self, id: u32) -> Result<Option<Account>, StoreError> {
        let changed = self.sealed.iter().find_map(|changes| {
            let accounts = &changes.accounts;
            let at = accounts.binary_search_by_key(&id, |(id, _)| *id).ok()?;
            Some(accounts[at].1)
        });
        match changed {
            Some(account) => Ok(Some(account)),
            None => self.view.account(id),
        }
    }

    fn accounts_from(&self, first: u32, limit: usize) -> Result<Vec<(u32, Account)>, StoreError> {
        let mut accounts = self.view.accounts_from(first, limit)?;
        let Some(changes) = &self.sealed else {
            return Ok(accounts);
        };
        // up to where the written ones reach; beyond it when there are no more
        let last = accounts.last().map(|(id, _)| *id);
        let last = last.filter(|_| accounts.len() == limit).unwrap_or(u32::MAX);
        for (id, account) in &changes.accounts {
            if (first..=last).contains(id) {
                match accounts.binary_search_by_key(id, |(id, _)| *id) {
                    Ok(at) => accounts[at].1 = *account,
                    Err(at) => accounts.insert(at, (*id, *account)),
                }
            }
        }
        accounts.truncate(limit);
        Ok(accounts)
    }

    fn node(&self, height: usize, index: u32) -> Result<Digest, StoreError> {
        let changed = self.sealed.iter().find_map(|changes| {
            let key = |node: &winterlane_ledger::tree::Node| (usize::from(node.height), node.index);
            let nodes = &changes.nodes;
            let at = nodes.binary_search_by_key(&(height, index), key).ok()?;
            Some(nodes[at].digest)
        });
        match changed {
            Some(digest) => Ok(digest),
            None => self.view.node(height, index),
        }
    }

    fn siblings(&self, ids: &[u32], out: &mut [Siblings]) -> Result<(), StoreError> {
        if self.sealed.is_none() {
            return self.view.siblings(ids, out);
        }
        for (id, siblings) in ids.iter().zip(out) {
            for (height, sibling) in siblings.iter_mut().enumerate().take(TREE_DEPTH) {
                *sibling = self.node(height, id >> height ^ 1)?;
            }
        }
        Ok(())
    }
}

impl State for StoreState {
    type Older<'a> = Written<'a>;

    fn at(&self, version: u64) -> Result<Written<'_>, StateError<StoreError>> {
        let written = self.view.version();
        StateError::unless_among(version, &(written..=written))?;
        Ok(Written(&self.view))
    }

    fn versions(&self) -> RangeInclusive<u64> {
        self.view.version()..=self.version()
    }

    fn committed(&self) -> u64 {
        self.view.version()
    }

    fn apply(&mut self, changes: Changes) -> Result<(), StoreError> {
        // one version is kept beside the written one: the one before it is written now
        if self.sealed.is_some() {
            let version = self.version();
            self.commit(version).map_err(|error| match error {
                StateError::Store(error) => error,
                other => StoreError::corrupt(other.to_string()),
            })?;
        }
        self.sealed = Some(changes);
        Ok(())
    }

    fn undo(&mut self) -> Result<(), StateError<StoreError>> {
        match self.sealed.take() {
            Some(_) => Ok(()),
            None => Err(StateError::Committed {
                version: self.version(),
            }),
        }
    }

    fn commit(&mut self, version: u64) -> Result<(), StateError<StoreError>> {
        StateError::unless_among(version, &(0..=self.version()))?;
        if version <= self.view.version() {
            return Ok(());
        }
        if let Some(changes) = &self.sealed {
            self.store
                .write_version(version, changes)
                .map_err(StateError::Store)?;
        }
        self.written().map_err(StateError::Store)
    }

    fn prune(&mut self, oldest: u64) -> Result<(), StateError<StoreError>> {
        // nothing older than the written version is ever kept
        StateError::unless_among(oldest, &(0..=self.committed()))
    }
}

/// The version that is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Written<'a>(&'a View);

impl ReadState for Written<'_> {
    type Error = StoreError;

    fn version(&self) -> u64 {
        self.0.version()
    }

    fn root(&self) -> Digest {
        self.0.root()
    }

    fn account(&self, id: u32) -> Result<Option<Account>, StoreError> {
        self.0.account(id)
    }

    fn accounts_from(&self, first: u32, limit: usize) -> Result<Vec<(u32, Account)>, StoreError> {
        self.0.accounts_from(first, limit)
    }

    fn node(&self, height: usize, index: u32) -> Result<Digest, StoreError> {
        self.0.node(height, index)
    }

    fn siblings(&self, ids: &[u32], out: &mut [Siblings]) -> Result<(), StoreError> {
        self.0.siblings(ids, out)
    }
}
