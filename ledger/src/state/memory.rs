//! The state in memory.

use alloc::{
    collections::{BTreeMap, VecDeque},
    vec::Vec,
};
use core::{convert::Infallible, ops::RangeInclusive};

use super::{Changes, ReadState, State, StateError};
use crate::{
    Account, AccountId, AccountProof, BatchNumber, Digest, GenesisError, Root,
    hash::Compressor,
    ledger::leaf_digests,
    public::BATCH_NUMBER_BITS,
    signature::KEY_CAPACITY,
    tree::{AccountTree, Node, Siblings},
};

/// A state in memory: what a [`crate::Ledger`] has unless it is given another.
///
/// It keeps as many versions as it is told to ([`MemoryState::keeping`]), one before the newest at first. A
/// version that is kept costs about 1.5 kB for each account that changed after it.
///
/// ```
/// use winterlane_ledger::{Account, AccountId, Amount, ScalarCompressor};
/// use winterlane_ledger::state::{Changes, MemoryState, ReadState, State};
/// let account = |balance| Account { balance, ..Account::default() };
/// let mut state = MemoryState::new(0, [(AccountId::new(3), account(Amount::new(5)))], &ScalarCompressor)?;
/// let root = state.root();
///
/// let changes = Changes::of(&state, [(AccountId::new(3), account(Amount::new(6)))], &ScalarCompressor)?;
/// state.apply(changes)?;
/// assert_eq!(state.prove(AccountId::new(3))?.verify(&state.root())?, Some(account(Amount::new(6))));
/// assert_eq!(state.at(0)?.prove(AccountId::new(3))?.verify(&root)?, Some(account(Amount::new(5))));
/// state.undo()?;
/// assert_eq!((state.version(), state.root()), (0, root));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct MemoryState {
    version: u64,
    committed: u64,
    pub(crate) accounts: BTreeMap<AccountId, Account>,
    tree: AccountTree,
    /// What undoes the newest versions, the oldest of them first.
    undo: VecDeque<Before>,
    /// How many of those are kept.
    keep: usize,
}

/// What a version changed, as it was before. Both lists are sorted.
#[derive(Clone, Debug)]
struct Before {
    root: Root,
    accounts: Vec<(AccountId, Option<Account>)>,
    nodes: Vec<Node>,
}

impl MemoryState {
    /// The state that begins with these accounts, before the batch of this number.
    ///
    /// # Errors
    /// [`GenesisError`] when an id occurs twice, a slot's next index is above 1,024, or the
    /// batch number is not below 2^62.
    pub fn new<C: Compressor + ?Sized>(
        version: u64,
        accounts: impl IntoIterator<Item = (AccountId, Account)>,
        compressor: &C,
    ) -> Result<Self, GenesisError> {
        if version >> BATCH_NUMBER_BITS != 0 {
            return Err(GenesisError::BatchNumber {
                batch_number: BatchNumber::new(version),
            });
        }
        let mut map = BTreeMap::new();
        for (id, account) in accounts {
            if account
                .slots
                .iter()
                .any(|slot| u32::from(slot.next_index) > KEY_CAPACITY)
            {
                return Err(GenesisError::NextIndex { account: id });
            }
            if map.insert(id, account).is_some() {
                return Err(GenesisError::Duplicate { account: id });
            }
        }
        let values: Vec<Account> = map.values().copied().collect();
        let leaves = leaf_digests(&values, compressor);
        let tree = AccountTree::from_leaves(map.keys().map(|id| id.get()).zip(leaves), compressor);
        Ok(Self {
            version,
            committed: version,
            accounts: map,
            tree,
            undo: VecDeque::new(),
            keep: 1,
        })
    }

    /// The same state, which keeps this many versions before the newest, and at least one. Those that are
    /// older are committed and pruned by themselves.
    #[must_use]
    pub fn keeping(mut self, versions: usize) -> Self {
        self.keep = versions.max(1);
        self.forget();
        self
    }

    /// The account tree of the newest version.
    #[must_use]
    pub const fn tree(&self) -> &AccountTree {
        &self.tree
    }

    /// One account of the newest version; `None` when its leaf is empty.
    #[must_use]
    pub fn get(&self, id: AccountId) -> Option<&Account> {
        self.accounts.get(&id)
    }

    /// All accounts of the newest version, by ascending id.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (AccountId, &Account)> {
        self.accounts.iter().map(|(id, account)| (*id, account))
    }

    /// A proof about the newest version ([`ReadState::prove`]).
    #[must_use]
    pub fn proof(&self, id: AccountId) -> AccountProof {
        let Ok(proof) = self.prove(id);
        proof
    }

    fn forget(&mut self) {
        while self.undo.len() > self.keep {
            self.undo.pop_front();
        }
        self.committed = self.committed.max(self.oldest());
    }

    fn oldest(&self) -> u64 {
        self.version - self.undo.len() as u64
    }
}

impl ReadState for MemoryState {
    type Error = Infallible;

    fn version(&self) -> u64 {
        self.version
    }

    fn root(&self) -> Root {
        self.tree.root()
    }

    fn account(&self, id: AccountId) -> Result<Option<Account>, Infallible> {
        Ok(self.get(id).copied())
    }

    fn accounts_from(
        &self,
        first: AccountId,
        limit: usize,
    ) -> Result<Vec<(AccountId, Account)>, Infallible> {
        let accounts = self.accounts.range(first..).take(limit);
        Ok(accounts.map(|(id, account)| (*id, *account)).collect())
    }

    fn node(&self, height: usize, index: u32) -> Result<Digest, Infallible> {
        Ok(self.tree.node(height, index))
    }

    fn siblings(&self, ids: &[u32], out: &mut [Siblings]) -> Result<(), Infallible> {
        for (id, out) in ids.iter().zip(out) {
            *out = self.tree.siblings(*id);
        }
        Ok(())
    }
}

impl State for MemoryState {
    type Older<'a> = OlderMemoryState<'a>;

    fn at(&self, version: u64) -> Result<OlderMemoryState<'_>, StateError<Infallible>> {
        StateError::unless_among(version, &self.versions())?;
        Ok(OlderMemoryState {
            state: self,
            version,
            skip: (version - self.oldest()) as usize,
        })
    }

    fn versions(&self) -> RangeInclusive<u64> {
        self.oldest()..=self.version
    }

    fn committed(&self) -> u64 {
        self.committed
    }

    fn apply(&mut self, Changes { accounts, nodes }: Changes) -> Result<(), Infallible> {
        let root = self.root();
        let nodes = nodes.iter().map(|node| self.tree.set(node)).collect();
        let accounts = accounts
            .into_iter()
            .map(|(id, account)| (id, self.accounts.insert(id, account)))
            .collect();
        self.undo.push_back(Before {
            root,
            accounts,
            nodes,
        });
        self.version += 1;
        self.forget();
        Ok(())
    }

    fn undo(&mut self) -> Result<(), StateError<Infallible>> {
        let version = self.version;
        if version == self.committed {
            return Err(StateError::Committed { version });
        }
        let Some(before) = self.undo.pop_back() else {
            return Err(StateError::Committed { version });
        };
        for node in &before.nodes {
            self.tree.set(node);
        }
        for (id, account) in before.accounts {
            match account {
                Some(account) => self.accounts.insert(id, account),
                None => self.accounts.remove(&id),
            };
        }
        self.version -= 1;
        Ok(())
    }

    fn commit(&mut self, version: u64) -> Result<(), StateError<Infallible>> {
        StateError::unless_among(version, &(0..=self.version))?;
        self.committed = self.committed.max(version);
        Ok(())
    }

    fn prune(&mut self, oldest: u64) -> Result<(), StateError<Infallible>> {
        StateError::unless_among(oldest, &(0..=self.committed))?;
        while self.oldest() < oldest {
            self.undo.pop_front();
        }
        Ok(())
    }
}

/// An older version of a [`MemoryState`]: the newest one, but for what was changed since.
#[derive(Clone, Copy, Debug)]
pub struct OlderMemoryState<'a> {
    state: &'a MemoryState,
    version: u64,
    /// Versions kept that are older still.
    skip: usize,
}

impl OlderMemoryState<'_> {
    /// What was changed since, the oldest change first: it shows this version.
    fn since(&self) -> impl Iterator<Item = &Before> {
        self.state.undo.range(self.skip..)
    }
}

impl ReadState for OlderMemoryState<'_> {
    type Error = Infallible;

    fn version(&self) -> u64 {
        self.version
    }

    fn root(&self) -> Root {
        let changed = self.since().next();
        changed.map_or_else(|| self.state.root(), |before| before.root)
    }

    fn account(&self, id: AccountId) -> Result<Option<Account>, Infallible> {
        let mut found = self.since().filter_map(|before| {
            let at = before.accounts.binary_search_by_key(&id, |(id, _)| *id);
            at.ok().map(|at| before.accounts[at].1)
        });
        Ok(found.next().unwrap_or_else(|| self.state.get(id).copied()))
    }

    fn accounts_from(
        &self,
        first: AccountId,
        limit: usize,
    ) -> Result<Vec<(AccountId, Account)>, Infallible> {
        // no account ever goes, so that each one of this version is among the newest
        let ids = self.state.accounts.range(first..).map(|(id, _)| *id);
        let found = ids.filter_map(|id| {
            let Ok(account) = self.account(id);
            account.map(|account| (id, account))
        });
        Ok(found.take(limit).collect())
    }

    fn node(&self, height: usize, index: u32) -> Result<Digest, Infallible> {
        let place = (height, index);
        let mut found = self.since().filter_map(|before| {
            let key = |node: &Node| (usize::from(node.height), node.index);
            let at = before.nodes.binary_search_by_key(&place, key);
            at.ok().map(|at| before.nodes[at].digest)
        });
        Ok(found
            .next()
            .unwrap_or_else(|| self.state.tree.node(height, index)))
    }
}
