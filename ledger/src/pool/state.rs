//! What a node keeps of the pool, and batches of operations on it.

use alloc::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    vec::Vec,
};

use thiserror::Error;

use super::{
    Payout, PoolError, PoolOperation, PrivateOperation, Shield, VerifyPrivate,
    operation::{check_sealed, ciphertexts_digest},
};
use crate::{
    Digest,
    digest::DIGEST_BYTES,
    private::{Commitment, NoteFrontier},
};

/// Roots of the note tree against which an operation may be proven: a wallet has that many batches' time
/// between looking at the pool and being applied.
pub const ANCHORS: usize = 1024;

/// A nullifier, in an order.
type Key = [u8; DIGEST_BYTES];

/// The state of the pool; see the [module](super).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    domain: Digest,
    batch_number: u64,
    frontier: NoteFrontier,
    /// The last roots, the newest last; never empty.
    anchors: VecDeque<Digest>,
    /// The number of the newest anchor: how many there were before it.
    newest: u64,
    nullifiers: BTreeSet<Key>,
    /// By asset, what is in the pool; no entry of 0.
    held: BTreeMap<u32, u128>,
}

/// The parts of a pool's state, for storing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolParts {
    /// The rollup on its chain.
    pub domain: Digest,
    /// The number of the next batch.
    pub batch_number: u64,
    /// The frontier of the note tree.
    pub frontier: NoteFrontier,
    /// The last roots, the newest last: at most [`ANCHORS`].
    pub anchors: Vec<Digest>,
    /// How many roots there were before the newest.
    pub newest: u64,
    /// Every nullifier.
    pub nullifiers: Vec<Digest>,
    /// By asset, what the pool holds.
    pub held: Vec<(u32, u128)>,
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
        newest: Digest,
        /// The root that follows from the frontier.
        root: Digest,
    },
    /// A nullifier or an asset twice.
    #[error("a nullifier or an asset is there twice")]
    Twice,
}

impl Pool {
    /// The empty pool of a rollup.
    #[must_use]
    pub fn new(domain: Digest) -> Self {
        let frontier = NoteFrontier::default();
        Self {
            domain,
            batch_number: 0,
            anchors: [frontier.root()].into(),
            newest: 0,
            frontier,
            nullifiers: BTreeSet::new(),
            held: BTreeMap::new(),
        }
    }

    /// The rollup on its chain.
    #[must_use]
    pub const fn domain(&self) -> &Digest {
        &self.domain
    }

    /// The number of the next batch.
    #[must_use]
    pub const fn batch_number(&self) -> u64 {
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
    pub fn anchor(&self) -> Digest {
        self.anchors.back().copied().unwrap_or_default()
    }

    /// Whether operations may be proven against this root.
    #[must_use]
    pub fn is_anchor(&self, root: &Digest) -> bool {
        self.anchors.contains(root)
    }

    /// The number of a root among all that there were; `None` when it is not one of the last. It is how
    /// published operations name their root ([`super::encode_operation`]).
    #[must_use]
    pub fn anchor_number(&self, root: &Digest) -> Option<u64> {
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
    pub fn anchor_of(&self, number: u64) -> Option<Digest> {
        let age = usize::try_from(self.newest.checked_sub(number)?).ok()?;
        self.anchors.iter().rev().nth(age).copied()
    }

    /// How much of an asset is in the pool: what went in less what came out.
    #[must_use]
    pub fn held(&self, asset: u32) -> u128 {
        self.held.get(&asset).copied().unwrap_or(0)
    }

    /// Begins a batch. The pool changes when it is [sealed](PoolBatch::seal); a batch that is dropped leaves no
    /// trace.
    pub fn open_batch(&mut self) -> PoolBatch<'_> {
        PoolBatch {
            spent: BTreeSet::new(),
            commitments: Vec::new(),
            held: BTreeMap::new(),
            payouts: Vec::new(),
            pool: self,
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
        let mut held: BTreeMap<u32, u128> = parts.held.iter().copied().collect();
        if nullifiers.len() != parts.nullifiers.len() || held.len() != parts.held.len() {
            return Err(PoolPartsError::Twice);
        }
        held.retain(|_, held| *held != 0);
        Ok(Self {
            domain: parts.domain,
            batch_number: parts.batch_number,
            frontier: parts.frontier,
            anchors: parts.anchors.into(),
            newest: parts.newest,
            nullifiers,
            held,
        })
    }
}

/// A batch of operations that is being put together.
#[derive(Debug)]
pub struct PoolBatch<'a> {
    pool: &'a mut Pool,
    /// Nullifiers of this batch.
    spent: BTreeSet<Key>,
    commitments: Vec<Commitment>,
    /// What the pool holds of the assets that this batch moved.
    held: BTreeMap<u32, u128>,
    payouts: Vec<Payout>,
}

/// A batch that is part of the pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedPool {
    /// Its number.
    pub batch_number: u64,
    /// The position of the first new note.
    pub first_position: u64,
    /// The new notes, in order.
    pub commitments: Vec<Commitment>,
    /// What left the pool, in order.
    pub payouts: Vec<Payout>,
    /// The root of the note tree after it.
    pub anchor: Digest,
}

impl PoolBatch<'_> {
    /// The pool before this batch.
    #[must_use]
    pub const fn pool(&self) -> &Pool {
        self.pool
    }

    /// How much of an asset is in the pool, with what this batch did so far.
    #[must_use]
    pub fn held(&self, asset: u32) -> u128 {
        let held = self.held.get(&asset).copied();
        held.unwrap_or_else(|| self.pool.held(asset))
    }

    /// The new notes so far.
    #[must_use]
    pub fn commitments_so_far(&self) -> &[Commitment] {
        &self.commitments
    }

    /// Applies an operation.
    ///
    /// # Errors
    /// [`PoolError`]; the batch is then as it was.
    pub fn apply<V: VerifyPrivate + ?Sized>(
        &mut self,
        operation: &PoolOperation,
        verifier: &V,
    ) -> Result<(), PoolError> {
        match operation {
            PoolOperation::Shield(shield) => self.shield(shield),
            PoolOperation::Private(operation) => self.private(operation, verifier),
        }
    }

    /// Takes a note in. *The caller has seen the withdrawal from the rollup that pays for it*
    /// ([`Shield::check_paid_by`]).
    ///
    /// # Errors
    /// [`PoolError`]; the batch is then as it was.
    pub fn shield(&mut self, shield: &Shield) -> Result<(), PoolError> {
        let Shield { asset, amount, .. } = *shield;
        if amount == 0 {
            return Err(PoolError::NothingShielded);
        }
        check_sealed(&[&shield.sealed], 1)?;
        self.check_room(1)?;
        let held = self.held(asset).checked_add(amount);
        let held = held.ok_or(PoolError::Overflow { asset })?;
        self.held.insert(asset, held);
        self.commitments.push(shield.commitment());
        Ok(())
    }

    /// Applies a transfer or a withdrawal. What is cheap is looked at first, the proof last.
    ///
    /// # Errors
    /// [`PoolError`]; the batch is then as it was.
    pub fn private<V: VerifyPrivate + ?Sized>(
        &mut self,
        operation: &PrivateOperation,
        verifier: &V,
    ) -> Result<(), PoolError> {
        let view = operation.view()?;
        operation.inputs.check()?;
        if *view.domain != self.pool.domain {
            return Err(PoolError::WrongDomain {
                found: *view.domain,
                domain: self.pool.domain,
            });
        }
        let batch_number = self.pool.batch_number;
        if view.valid_until < batch_number {
            return Err(PoolError::Expired {
                valid_until: view.valid_until,
                batch_number,
            });
        }
        if !self.pool.is_anchor(view.anchor) {
            return Err(PoolError::UnknownAnchor {
                anchor: *view.anchor,
                kept: ANCHORS,
            });
        }
        let keys: Vec<Key> = view.nullifiers.iter().map(|one| one.0.to_bytes()).collect();
        for (&nullifier, key) in view.nullifiers.iter().zip(&keys) {
            let in_this_batch = self.spent.contains(key);
            if in_this_batch || self.pool.nullifiers.contains(key) {
                return Err(PoolError::SpentNullifier {
                    nullifier,
                    in_this_batch,
                });
            }
        }
        check_sealed(&operation.sealed, view.commitments.len())?;
        if ciphertexts_digest(&operation.sealed) != *view.ciphertexts {
            return Err(PoolError::Ciphertexts);
        }
        self.check_room(view.commitments.len())?;
        let left = match view.payout {
            None => None,
            Some(Payout {
                asset, amount, fee, ..
            }) => {
                let held = self.held(asset);
                let wanted = amount.saturating_add(fee);
                let too_much = PoolError::TooMuch {
                    asset,
                    wanted,
                    held,
                };
                let left = held
                    .checked_sub(amount)
                    .and_then(|left| left.checked_sub(fee));
                Some((asset, left.ok_or(too_much)?))
            }
        };
        let verified = verifier.verify(&operation.inputs, &operation.proof);
        verified.map_err(|source| PoolError::Proof { source })?;

        self.spent.extend(keys);
        self.commitments.extend_from_slice(view.commitments);
        self.held.extend(left);
        self.payouts.extend(view.payout);
        Ok(())
    }

    /// Whether the note tree has positions for so many notes more.
    fn check_room(&self, more: usize) -> Result<(), PoolError> {
        let notes = self.pool.notes() + (self.commitments.len() + more) as u64;
        // The last position stays empty ([`NoteFrontier::append`]).
        if notes > u64::from(u32::MAX) {
            return Err(PoolError::Full);
        }
        Ok(())
    }

    /// Makes the batch part of the pool. Its last root is an anchor from now on.
    pub fn seal(self) -> SealedPool {
        let Self {
            pool,
            spent,
            commitments,
            held,
            payouts,
        } = self;
        let (batch_number, first_position) = (pool.batch_number, pool.notes());
        for &commitment in &commitments {
            // Every operation looked whether there is room.
            let _ = pool.frontier.append(commitment);
        }
        if !commitments.is_empty() {
            if pool.anchors.len() == ANCHORS {
                pool.anchors.pop_front();
            }
            pool.anchors.push_back(pool.frontier.root());
            pool.newest += 1;
        }
        pool.nullifiers.extend(spent);
        pool.held.extend(held);
        pool.held.retain(|_, held| *held != 0);
        pool.batch_number += 1;
        SealedPool {
            batch_number,
            first_position,
            commitments,
            payouts,
            anchor: pool.anchor(),
        }
    }
}
