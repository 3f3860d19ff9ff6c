//! What a node keeps of the pool, and [batches](PoolBatch) of operations on it.

mod batch;

use alloc::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    vec::Vec,
};

use thiserror::Error;

pub use batch::{PoolBatch, PoolDraft, SealedPool};

use super::Payment;
use crate::{
    Amount, Anchor, AssetId, BatchNumber, Digest, Domain,
    digest::DIGEST_BYTES,
    private::{NoteFrontier, Nullifier},
};

/// Roots of the note tree against which an operation may be proven: a wallet has that many batches' time
/// between looking at the pool and being applied.
pub const ANCHORS: usize = 1024;

/// A nullifier, in an order.
type Key = [u8; DIGEST_BYTES];

/// The state of the pool; see the [module](super).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    domain: Domain,
    batch_number: BatchNumber,
    frontier: NoteFrontier,
    /// The last roots, the newest last; never empty.
    anchors: VecDeque<Anchor>,
    /// The number of the newest anchor: how many there were before it.
    newest: u64,
    nullifiers: BTreeSet<Key>,
    /// By asset, what is in the pool; no entry of 0.
    held: BTreeMap<AssetId, Amount>,
    /// The last withdrawal that paid for a note.
    paid: Option<Payment>,
}

/// The parts of a pool's state, for storing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolParts {
    /// The rollup on its chain.
    pub domain: Domain,
    /// The number of the next batch.
    pub batch_number: BatchNumber,
    /// The frontier of the note tree.
    pub frontier: NoteFrontier,
    /// The last roots, the newest last: at most [`ANCHORS`].
    pub anchors: Vec<Anchor>,
    /// How many roots there were before the newest.
    pub newest: u64,
    /// Every nullifier.
    pub nullifiers: Vec<Digest>,
    /// By asset, what the pool holds.
    pub held: Vec<(AssetId, Amount)>,
    /// The last withdrawal from the rollup that paid for a note.
    pub paid: Option<Payment>,
}

/// Parts that are not those of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PoolPartsError {
    /// No root, more than [`ANCHORS`], or more than there ever were.
    #[error("{count} roots of the note tree: 1 to {ANCHORS} are kept")]
    Anchors {
        /// How many.
        count: usize,
    },
    /// The newest root is not that of the frontier.
    #[error("the newest root is {newest}, and the note tree has {root}")]
    Root {
        /// The newest of the roots.
        newest: Anchor,
        /// The root that follows from the frontier.
        root: Anchor,
    },
    /// A nullifier or an asset twice.
    #[error("a nullifier or an asset is there twice")]
    Twice,
}

impl Pool {
    /// The empty pool of a rollup.
    #[must_use]
    pub fn new(domain: Domain) -> Self {
        let frontier = NoteFrontier::default();
        Self {
            domain,
            batch_number: BatchNumber::ZERO,
            anchors: [frontier.root()].into(),
            newest: 0,
            frontier,
            nullifiers: BTreeSet::new(),
            held: BTreeMap::new(),
            paid: None,
        }
    }

    /// The last withdrawal from the rollup that paid for a note.
    #[must_use]
    pub const fn last_payment(&self) -> Option<Payment> {
        self.paid
    }

    /// The rollup on its chain.
    #[must_use]
    pub const fn domain(&self) -> &Domain {
        &self.domain
    }

    /// The number of the next batch.
    #[must_use]
    pub const fn batch_number(&self) -> BatchNumber {
        self.batch_number
    }

    /// How many notes there ever were.
    #[must_use]
    pub const fn notes(&self) -> u64 {
        self.frontier.count()
    }

    /// How many nullifiers are known.
    #[must_use]
    pub fn spent(&self) -> usize {
        self.nullifiers.len()
    }

    /// The newest root of the note tree.
    #[must_use]
    pub fn anchor(&self) -> Anchor {
        self.anchors.back().copied().unwrap_or_default()
    }

    /// Whether operations may be proven against this root.
    #[must_use]
    pub fn is_anchor(&self, root: &Anchor) -> bool {
        self.anchors.contains(root)
    }

    /// The number of a root among all that there were; `None` when it is not one of the last. It is how
    /// published operations name their root ([`super::encode_operation`]).
    #[must_use]
    pub fn anchor_number(&self, root: &Anchor) -> Option<u64> {
        // From the newest on: that is where most are.
        let age = self
            .anchors
            .iter()
            .rev()
            .position(|anchor| anchor == root)?;
        self.newest.checked_sub(age as u64)
    }

    /// The root with this number; `None` when it is not one of the last.
    #[must_use]
    pub fn anchor_of(&self, number: u64) -> Option<Anchor> {
        let age = usize::try_from(self.newest.checked_sub(number)?).ok()?;
        self.anchors.iter().rev().nth(age).copied()
    }

    /// How much of an asset is in the pool: what went in less what came out.
    #[must_use]
    pub fn held(&self, asset: AssetId) -> Amount {
        self.held.get(&asset).copied().unwrap_or(Amount::ZERO)
    }

    /// Begins a batch. The pool changes when it is [sealed](PoolBatch::seal); a batch that is dropped leaves no
    /// trace.
    pub fn open_batch(&mut self) -> PoolBatch<'_> {
        let draft = PoolDraft::new(self);
        PoolBatch::new(self, draft)
    }

    /// Takes a batch up again that was [set aside](PoolBatch::set_aside); `None` for one of another pool, or of
    /// another batch than the next.
    pub fn resume(&mut self, draft: PoolDraft) -> Option<PoolBatch<'_>> {
        draft.continues(self).then_some(PoolBatch::new(self, draft))
    }

    /// Forgets nullifiers: for a node that keeps those of sealed batches elsewhere, and looks there first. *A
    /// nullifier that is forgotten and not kept elsewhere can be spent again.*
    pub fn forget(&mut self, nullifiers: impl IntoIterator<Item = Nullifier>) {
        for nullifier in nullifiers {
            self.nullifiers.remove(&nullifier.0.to_bytes());
        }
    }

    /// The parts, for storing.
    #[must_use]
    pub fn to_parts(&self) -> PoolParts {
        let digest = |key| Digest::from_bytes(key).unwrap_or_default();
        PoolParts {
            domain: self.domain,
            batch_number: self.batch_number,
            frontier: self.frontier.clone(),
            anchors: self.anchors.iter().copied().collect(),
            newest: self.newest,
            nullifiers: self.nullifiers.iter().map(digest).collect(),
            held: self
                .held
                .iter()
                .map(|(&asset, &held)| (asset, held))
                .collect(),
            paid: self.paid,
        }
    }

    /// The pool with these parts.
    ///
    /// # Errors
    /// [`PoolPartsError`] for parts that no pool has.
    pub fn from_parts(parts: PoolParts) -> Result<Self, PoolPartsError> {
        let count = parts.anchors.len();
        let ever = parts.newest.saturating_add(1);
        if count == 0 || count > ANCHORS || count as u64 > ever {
            return Err(PoolPartsError::Anchors { count });
        }
        let root = parts.frontier.root();
        match parts.anchors.last() {
            Some(newest) if *newest != root => {
                return Err(PoolPartsError::Root {
                    newest: *newest,
                    root,
                });
            }
            _ => {}
        }
        let nullifiers: BTreeSet<Key> = parts.nullifiers.iter().map(Digest::to_bytes).collect();
        let mut held: BTreeMap<AssetId, Amount> = parts.held.iter().copied().collect();
        if nullifiers.len() != parts.nullifiers.len() || held.len() != parts.held.len() {
            return Err(PoolPartsError::Twice);
        }
        held.retain(|_, held| *held != Amount::ZERO);
        Ok(Self {
            domain: parts.domain,
            batch_number: parts.batch_number,
            frontier: parts.frontier,
            anchors: parts.anchors.into(),
            newest: parts.newest,
            nullifiers,
            held,
            paid: parts.paid,
        })
    }
}
