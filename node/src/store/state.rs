//! The store as the state of a ledger.

use std::{collections::BTreeMap, ops::RangeInclusive, sync::Arc};

use winterlane_ledger::{
    Account, AccountId, BatchNumber, Digest, Root,
    state::{Changes, ReadState, State, StateError},
    tree::{Node, Siblings, TREE_DEPTH},
};

use super::{Store, StoreError, View};

/// The accounts and the tree in the store, and the versions after it that are not written yet.
///
/// The node does not use [`State::commit`]: what a sealed batch changes is [taken](StoreState::take) and
/// written together with the rest of the seal, and only the written version is kept. Committed versions that
/// [`State::commit`] wrote are kept as moments of the store until they are pruned, or the process ends.
#[derive(Debug)]
pub(crate) struct StoreState {
    store: Arc<Store>,
    /// The newest committed version.
    view: View,
    /// Committed versions before it. Each holds back the reuse of pages.
    older: BTreeMap<u64, View>,
    /// What each version after the last written one changes, the oldest first.
    sealed: Vec<Changes>,
}

impl StoreState {
    pub(crate) fn new(store: Arc<Store>) -> Result<Self, StoreError> {
        let view = store.view()?;
        Ok(Self {
            store,
            view,
            older: BTreeMap::new(),
            sealed: Vec::new(),
        })
    }

    /// What the newest version changes, which was not written. The caller writes it, and then calls
    /// [`StoreState::written`]; meanwhile the next version may be made.
    pub(crate) fn take(&self) -> Option<&Changes> {
        self.sealed.last()
    }

    /// Versions were written: reads the store as it is now, and of what was sealed only what is not in it.
    pub(crate) fn written(&mut self) -> Result<(), StoreError> {
        let before = self.view.version();
        self.view = self.store.view()?;
        self.older.clear();
        let written = self.view.version().saturating_sub(before);
        let written = usize::try_from(written).unwrap_or(usize::MAX);
        self.sealed.drain(..written.min(self.sealed.len()));
        Ok(())
    }

    /// The version that is written last, and those after it.
    fn newest(&self) -> Version<'_> {
        Version {
            view: &self.view,
            sealed: &self.sealed,
        }
    }
}

/// A version: one that is written, and what was sealed since up to it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Version<'a> {
    view: &'a View,
    sealed: &'a [Changes],
}

impl ReadState for Version<'_> {
    type Error = StoreError;

    fn version(&self) -> u64 {
        self.view.version() + self.sealed.len() as u64
    }

    fn root(&self) -> Root {
        let sealed = self.sealed.iter().rev().find_map(Changes::root);
        sealed.unwrap_or_else(|| self.view.root())
    }

    fn account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        let changed = self.sealed.iter().rev().find_map(|changes| {
            let accounts = &changes.accounts;
            let at = accounts.binary_search_by_key(&id, |(id, _)| *id).ok()?;
            Some(accounts[at].1)
        });
        match changed {
            Some(account) => Ok(Some(account)),
            None => self.view.account(id),
        }
    }

    fn accounts_from(
        &self,
        first: AccountId,
        limit: usize,
    ) -> Result<Vec<(AccountId, Account)>, StoreError> {
        let mut accounts = self.view.accounts_from(first, limit)?;
        if self.sealed.is_empty() {
            return Ok(accounts);
        }
        // up to where the written ones reach; beyond it when there are no more
        let last = accounts.last().map(|(id, _)| *id);
        let last = last
            .filter(|_| accounts.len() == limit)
            .unwrap_or(AccountId::MAX);
        for (id, account) in self.sealed.iter().flat_map(|changes| &changes.accounts) {
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
        let changed = self.sealed.iter().rev().find_map(|changes| {
            let key = |node: &Node| (usize::from(node.height), node.index);
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
        self.view.siblings(ids, out)?;
        for changes in self.sealed {
            replace_changed(&changes.nodes, ids, out);
        }
        Ok(())
    }
}

/// Puts the siblings that are among these nodes in the place of those that were read. The nodes come by height and
/// index, and the ids ascend, so that each height is gone through once.
fn replace_changed(nodes: &[Node], ids: &[u32], out: &mut [Siblings]) {
    let mut heights = nodes.chunk_by(|a, b| a.height == b.height).peekable();
    for height in 0..TREE_DEPTH {
        let Some(changed) = heights.next_if(|run| usize::from(run[0].height) == height) else {
            continue;
        };
        let mut changed = changed.iter().peekable();
        // siblings ascend in pairs: each place is looked for from the pair of the one before
        for (id, siblings) in ids.iter().zip(&mut *out) {
            let index = id >> height ^ 1;
            while changed
                .next_if(|node| node.index >> 1 < index >> 1)
                .is_some()
            {}
            let pair = changed
                .clone()
                .take_while(|node| node.index >> 1 == index >> 1);
            if let Some(node) = pair.into_iter().find(|node| node.index == index) {
                siblings[height] = node.digest;
            }
        }
    }
}

impl ReadState for StoreState {
    type Error = StoreError;

    fn version(&self) -> u64 {
        self.newest().version()
    }

    fn root(&self) -> Root {
        self.newest().root()
    }

    fn account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        self.newest().account(id)
    }

    fn accounts_from(
        &self,
        first: AccountId,
        limit: usize,
    ) -> Result<Vec<(AccountId, Account)>, StoreError> {
        self.newest().accounts_from(first, limit)
    }

    fn node(&self, height: usize, index: u32) -> Result<Digest, StoreError> {
        self.newest().node(height, index)
    }

    fn siblings(&self, ids: &[u32], out: &mut [Siblings]) -> Result<(), StoreError> {
        self.newest().siblings(ids, out)
    }
}

impl State for StoreState {
    type Older<'a> = Version<'a>;

    fn at(&self, version: u64) -> Result<Version<'_>, StateError<StoreError>> {
        StateError::unless_among(version, &self.versions())?;
        if let Some(view) = self.older.get(&version) {
            return Ok(Version { view, sealed: &[] });
        }
        let since = version.saturating_sub(self.committed());
        Ok(Version {
            view: &self.view,
            sealed: self.sealed.get(..since as usize).unwrap_or_default(),
        })
    }

    fn versions(&self) -> RangeInclusive<u64> {
        let oldest = self.older.first_key_value();
        oldest.map_or(self.committed(), |(version, _)| *version)..=self.version()
    }

    fn committed(&self) -> u64 {
        self.view.version()
    }

    fn apply(&mut self, changes: Changes) -> Result<(), StoreError> {
        self.sealed.push(changes);
        Ok(())
    }

    fn undo(&mut self) -> Result<(), StateError<StoreError>> {
        match self.sealed.pop() {
            Some(_) => Ok(()),
            None => Err(StateError::Committed {
                version: self.version(),
            }),
        }
    }

    fn commit(&mut self, version: u64) -> Result<(), StateError<StoreError>> {
        StateError::unless_among(version, &(0..=self.version()))?;
        while self.committed() < version && !self.sealed.is_empty() {
            // one transaction each, so that each can be read afterwards
            let next = self.committed() + 1;
            self.store
                .write_version(BatchNumber::new(next), &self.sealed[0])
                .map_err(StateError::Store)?;
            self.sealed.remove(0);
            let view = self.store.view().map_err(StateError::Store)?;
            let before = std::mem::replace(&mut self.view, view);
            self.older.insert(before.version(), before);
        }
        Ok(())
    }

    fn prune(&mut self, oldest: u64) -> Result<(), StateError<StoreError>> {
        StateError::unless_among(oldest, &(0..=self.committed()))?;
        self.older.retain(|version, _| *version >= oldest);
        Ok(())
    }
}
