//! What a node keeps of the pool, and batches of operations on it.

use alloc::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    vec::Vec,
};

use thiserror::Error;

use super::{
    Payment, Payout, PoolError, PoolOperation, PoolPolicy, PrivateOperation, Shield, VerifyPrivate,
    operation::{check_sealed, ciphertexts_digest},
};
use crate::{
    Digest,
    digest::DIGEST_BYTES,
    private::{Commitment, NoteFrontier, Nullifier},
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
    /// The last withdrawal that paid for a note.
    paid: Option<Payment>,
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
        let draft = PoolDraft::new(self);
        PoolBatch {
            pool: self,
            draft,
            policy: None,
        }
    }

    /// Takes a batch up again that was [set aside](PoolBatch::set_aside); `None` for one of another pool, or of
    /// another batch than the next.
    pub fn resume(&mut self, draft: PoolDraft) -> Option<PoolBatch<'_>> {
        let same = draft.batch_number == self.batch_number && draft.domain == self.domain;
        same.then_some(PoolBatch {
            pool: self,
            draft,
            policy: None,
        })
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
            paid: parts.paid,
        })
    }
}

/// A batch of operations that is being put together.
#[derive(Debug)]
pub struct PoolBatch<'a> {
    pool: &'a mut Pool,
    draft: PoolDraft,
    policy: Option<&'a PoolPolicy>,
}

/// What a batch has done so far, apart from its pool: set aside to be taken up again ([`Pool::resume`]).
#[derive(Clone, Debug)]
pub struct PoolDraft {
    domain: Digest,
    batch_number: u64,
    /// Nullifiers of this batch.
    spent: BTreeSet<Key>,
    commitments: Vec<Commitment>,
    /// What the pool holds of the assets that this batch moved.
    held: BTreeMap<u32, u128>,
    payouts: Vec<Payout>,
    /// The last payment, this batch's included.
    paid: Option<Payment>,
}

impl PoolDraft {
    const fn new(pool: &Pool) -> Self {
        Self {
            domain: pool.domain,
            batch_number: pool.batch_number,
            spent: BTreeSet::new(),
            commitments: Vec::new(),
            held: BTreeMap::new(),
            payouts: Vec::new(),
            paid: pool.paid,
        }
    }
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

impl<'a> PoolBatch<'a> {
    /// Asks this of the private operations that are applied from now on. A batch that is [set
    /// aside](PoolBatch::set_aside) and taken up again is under no policy, as one that is opened is: whoever follows
    /// batches that others made applies what they took.
    #[must_use]
    pub const fn under(mut self, policy: &'a PoolPolicy) -> Self {
        self.policy = Some(policy);
        self
    }

    /// The pool before this batch.
    #[must_use]
    pub const fn pool(&self) -> &Pool {
        self.pool
    }

    /// How much of an asset is in the pool, with what this batch did so far.
    #[must_use]
    pub fn held(&self, asset: u32) -> u128 {
        let held = self.draft.held.get(&asset).copied();
        held.unwrap_or_else(|| self.pool.held(asset))
    }

    /// The last withdrawal from the rollup that paid for a note, this batch's included.
    #[must_use]
    pub const fn last_payment(&self) -> Option<Payment> {
        self.draft.paid
    }

    /// The new notes so far.
    #[must_use]
    pub fn commitments_so_far(&self) -> &[Commitment] {
        &self.draft.commitments
    }

    /// Sets the batch aside, so that the pool can be used meanwhile.
    #[must_use]
    pub fn set_aside(self) -> PoolDraft {
        self.draft
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
            PoolOperation::Shield(shield, payment) => self.shield(shield, *payment),
            PoolOperation::Private(operation) => self.private(operation, verifier),
        }
    }

    /// Takes a note in. *The caller has seen, in a batch of the rollup that is proven, the withdrawal at
    /// `payment` and that it pays for this note* ([`Shield::check_paid_by`]). The pool sees to it that no
    /// withdrawal pays twice: notes come in the order of their payments.
    ///
    /// # Errors
    /// [`PoolError`]; the batch is then as it was.
    pub fn shield(&mut self, shield: &Shield, payment: Payment) -> Result<(), PoolError> {
        let Shield { asset, amount, .. } = *shield;
        if amount == 0 {
            return Err(PoolError::NothingShielded);
        }
        if let Some(last) = self.draft.paid.filter(|last| payment <= *last) {
            return Err(PoolError::PaidBefore { payment, last });
        }
        check_sealed(&[&shield.sealed], 1)?;
        self.check_room(1)?;
        let held = self.held(asset).checked_add(amount);
        let held = held.ok_or(PoolError::Overflow { asset })?;
        self.draft.held.insert(asset, held);
        self.draft.commitments.push(shield.commitment());
        self.draft.paid = Some(payment);
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
        if let Some(policy) = self.policy {
            policy.check(operation)?;
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
        for (place, (&nullifier, key)) in view.nullifiers.iter().zip(&keys).enumerate() {
            // by their bytes, of which there is one form: an element in memory may have two
            let in_this_batch = self.draft.spent.contains(key) || keys[..place].contains(key);
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

        self.draft.spent.extend(keys);
        self.draft.commitments.extend_from_slice(view.commitments);
        self.draft.held.extend(left);
        self.draft.payouts.extend(view.payout);
        Ok(())
    }

    /// Whether the note tree has positions for so many notes more.
    fn check_room(&self, more: usize) -> Result<(), PoolError> {
        let notes = self.pool.notes() + (self.draft.commitments.len() + more) as u64;
        // The last position stays empty ([`NoteFrontier::append`]).
        if notes > u64::from(u32::MAX) {
            return Err(PoolError::Full);
        }
        Ok(())
    }

    /// Makes the batch part of the pool. Its last root is an anchor from now on.
    pub fn seal(self) -> SealedPool {
        let Self { pool, draft, .. } = self;
        let PoolDraft {
            spent,
            commitments,
            held,
            payouts,
            paid,
            ..
        } = draft;
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
        pool.paid = paid;
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
