//! A batch of operations on the pool: set up, refused or applied one by one, sealed.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use super::{ANCHORS, Key, Pool};
use crate::{
    Amount, Anchor, AssetId, BatchNumber, Domain,
    pool::{
        Payment, Payout, PoolError, PoolOperation, PoolPolicy, PrivateOperation, Shield,
        VerifyPrivate,
        operation::{check_sealed, ciphertexts_digest},
    },
    private::Commitment,
};

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
    domain: Domain,
    batch_number: BatchNumber,
    /// Nullifiers of this batch.
    spent: BTreeSet<Key>,
    commitments: Vec<Commitment>,
    /// What the pool holds of the assets that this batch moved.
    held: BTreeMap<AssetId, Amount>,
    payouts: Vec<Payout>,
    /// The last payment, this batch's included.
    paid: Option<Payment>,
}

impl PoolDraft {
    pub(super) const fn new(pool: &Pool) -> Self {
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

    /// Whether it is one of this pool's next batch.
    pub(super) fn continues(&self, pool: &Pool) -> bool {
        self.batch_number == pool.batch_number && self.domain == pool.domain
    }
}

/// A batch that is part of the pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedPool {
    /// Its number.
    pub batch_number: BatchNumber,
    /// The position of the first new note.
    pub first_position: u64,
    /// The new notes, in order.
    pub commitments: Vec<Commitment>,
    /// What left the pool, in order.
    pub payouts: Vec<Payout>,
    /// The root of the note tree after it.
    pub anchor: Anchor,
}

impl<'a> PoolBatch<'a> {
    pub(super) const fn new(pool: &'a mut Pool, draft: PoolDraft) -> Self {
        Self {
            pool,
            draft,
            policy: None,
        }
    }

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
    pub fn held(&self, asset: AssetId) -> Amount {
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
        if amount == Amount::ZERO {
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
        // The last position stays empty (`NoteFrontier::append`).
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
        pool.held.retain(|_, held| *held != Amount::ZERO);
        pool.paid = paid;
        pool.batch_number = pool.batch_number.saturating_add(1);
        SealedPool {
            batch_number,
            first_position,
            commitments,
            payouts,
            anchor: pool.anchor(),
        }
    }
}
