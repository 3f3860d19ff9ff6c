//! Deciding on operations of the shielded pool.
//!
//! The pool's batches are those of the rollup: each closed batch closes one of the pool, whose number is the same.

use std::time::Duration;

use winterlane_ledger::{
    Amount, AssetId, CheckedOrder, Deposit,
    codec::CanonicalBytes,
    pool::{
        Payment, Payout, PolicyRefusal, Pool, PoolBatch, PoolDraft, PoolError, PoolOperation,
        PoolParts, PoolPolicy, SealedPool, Shield, encode_operation,
    },
};

use super::{Decided, Fault, Known, Sequencer};
use crate::{
    OrderId, Receipt, Refusal, SubmitError,
    core::{Claim, Entry, Operation, note_bytes, trial::Base},
    private::{Before, NewNote, PrivateRefusal, Verified, valid_until},
};

/// Bytes of the pool's operations and their proofs in one batch, from which on it takes no more. They are published as a
/// whole: settlement takes 64 MiB over HTTP, and would refuse a batch that has more for ever.
const MOST_BYTES: usize = 32 << 20;

/// The pool after all closed batches, and what the open one did so far.
pub(super) struct OpenPool {
    pool: Pool,
    /// The open batch; it is taken out while something is done to it.
    draft: Option<PoolDraft>,
    /// The published bytes of its operations.
    published: Vec<Vec<u8>>,
    /// Bytes of those, and of their proofs.
    bytes: usize,
    /// Private operations that are not sealed.
    pending: u64,
    /// What is asked of new ones. Those that the log has were taken under the policy of their time.
    policy: PoolPolicy,
}

/// What a closed batch did to the pool.
#[derive(Clone, Debug)]
pub(crate) struct ClosedPool {
    /// The published bytes of its operations ([`encode_operation`]), in order.
    pub(crate) published: Vec<Vec<u8>>,
    /// Its notes and payouts.
    pub(crate) sealed: SealedPool,
    /// The encrypted note of each new note; empty where there is none.
    pub(crate) notes: Vec<Vec<u8>>,
    /// The pool after it, without nullifiers of sealed batches.
    pub(crate) parts: PoolParts,
}

impl OpenPool {
    pub(super) const fn new(pool: Pool) -> Self {
        Self {
            pool,
            draft: None,
            published: Vec::new(),
            bytes: 0,
            pending: 0,
            policy: PoolPolicy::open(),
        }
    }

    /// Whether the open batch has as many operations as a batch of so many slots, or as many bytes as may be published
    /// at once.
    pub(super) const fn is_full(&self, slots: usize) -> bool {
        self.published.len() >= slots || self.bytes >= MOST_BYTES
    }

    /// Does something to the open batch.
    fn with<T>(&mut self, act: impl FnOnce(&mut PoolBatch<'_>) -> T) -> Result<T, Fault> {
        let mut batch = match self.draft.take() {
            Some(draft) => self
                .pool
                .resume(draft)
                .ok_or_else(|| Fault::Close("the open batch of the pool is another one".into()))?,
            None => self.pool.open_batch(),
        };
        let result = act(&mut batch);
        self.draft = Some(batch.set_aside());
        Ok(result)
    }

    /// Takes an operation into the open batch.
    fn take(&mut self, operation: &PoolOperation) -> Result<Result<(), PoolError>, Fault> {
        let taken = self.with(|batch| {
            let bytes = encode_operation(batch.pool(), operation);
            batch.apply(operation, &Before).map(|()| bytes)
        })?;
        let bytes = match taken {
            Ok(bytes) => bytes,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let bytes = bytes.ok_or_else(|| {
            Fault::Close("an operation that the pool has taken cannot be published".into())
        })?;
        self.bytes += bytes.len();
        if let PoolOperation::Private(operation) = operation {
            self.bytes += operation.proof.len();
        }
        self.published.push(bytes);
        Ok(Ok(()))
    }

    /// Takes a private operation into the open batch.
    pub(super) fn apply(&mut self, operation: &Verified) -> Result<Result<(), PoolError>, Fault> {
        let operation = PoolOperation::Private(operation.operation().clone());
        let taken = self.take(&operation)?;
        self.pending += u64::from(taken.is_ok());
        Ok(taken)
    }

    /// Takes in a note for which a withdrawal of an earlier batch has paid.
    pub(super) fn enter(
        &mut self,
        note: &Shield,
        payment: Payment,
    ) -> Result<Result<(), PoolError>, Fault> {
        self.take(&PoolOperation::Shield(note.clone(), payment))
    }

    /// The batch with these entries is closed.
    pub(super) fn close(&mut self, entries: &[Entry]) -> Result<Option<ClosedPool>, Fault> {
        let published = std::mem::take(&mut self.published);
        self.bytes = 0;
        let sealed = match self.draft.take() {
            Some(draft) => self
                .pool
                .resume(draft)
                .ok_or_else(|| Fault::Close("the open batch of the pool is another one".into()))?,
            None => self.pool.open_batch(),
        }
        .seal();
        if published.is_empty() {
            return Ok(None);
        }
        let mut notes = Vec::with_capacity(sealed.commitments.len());
        for entry in entries {
            match &*entry.operation {
                Operation::Shield { note, .. } | Operation::Note { note, .. } => {
                    notes.push(note.sealed.clone());
                }
                Operation::Private { operation, .. } => {
                    let operation = operation.operation();
                    let sealed = |at: usize| operation.sealed.get(at).cloned().unwrap_or_default();
                    notes.extend((0..operation.commitments().len()).map(sealed));
                }
                _ => {}
            }
        }
        let parts = PoolParts {
            nullifiers: Vec::new(),
            ..self.pool.to_parts()
        };
        Ok(Some(ClosedPool {
            published,
            sealed,
            notes,
            parts,
        }))
    }

    /// The store has the batch of a private operation, and its nullifiers.
    pub(super) fn sealed(&mut self, operation: &Verified) {
        self.pending = self.pending.saturating_sub(1);
        let nullifiers = operation.operation().nullifiers();
        self.pool.forget(nullifiers.iter().copied());
    }
}

/// A deposit, and its reference.
type Referred = ([u8; 32], Deposit);

/// What names the deposits of a payout among all.
pub(in crate::core) fn reference(payout: &Payout, fee: bool) -> [u8; 32] {
    let name = [&payout.id.0.to_bytes()[..], &[u8::from(fee)]].concat();
    blake3::derive_key("winterlane 2026 payout of the pool", &name)
}

impl<B: Base> Sequencer<B> {
    /// Asks this of private operations that come from now on.
    pub(crate) fn under(mut self, policy: PoolPolicy) -> Self {
        self.pool.policy = policy;
        self
    }

    /// Decides on a private operation.
    pub(crate) fn private(
        &mut self,
        id: OrderId,
        operation: Verified,
        known: Known,
        now: Duration,
    ) -> Decided<Receipt> {
        if let Some(receipt) = self.receipt(id, known) {
            return Ok(Ok(receipt));
        }
        let nullifiers = operation.operation().nullifiers();
        for (nullifier, in_store) in nullifiers.iter().zip(known.claimed) {
            if let Some(by) = self.taken(&Claim::of_nullifier(nullifier), in_store) {
                let nullifier = *nullifier;
                let by = Some(by);
                return refuse(PrivateRefusal::SpentNullifier { nullifier, by });
            }
        }
        if let Err(refusal) = self.pool.policy.check(operation.operation()) {
            return refuse(refusal.into());
        }
        let full = self.pool.pending >= self.limits.max_private;
        if full || self.pending() >= self.limits.max_pending {
            return Ok(Err(SubmitError::Busy {
                retry_after: self.limits.max_age,
            }));
        }
        if let Err(error) = self.lives(valid_until(operation.operation())) {
            return Ok(Err(error.into()));
        }
        let deposits = match self.payments(operation.operation().payout())? {
            Ok(deposits) => deposits,
            Err(refusal) => return Ok(Err(refusal.into())),
        };
        if self.make_room(deposits.len())?
            && let Err(error) = self.lives(valid_until(operation.operation()))
        {
            return Ok(Err(error.into()));
        }
        match self.take_private(id, operation, deposits, now)? {
            Ok(receipt) => Ok(Ok(receipt)),
            Err(refusal) => refuse(refusal),
        }
    }

    /// Decides on a private operation that arrived by settlement: fees, limits and lifetime are not asked.
    pub(crate) fn force_private(
        &mut self,
        id: OrderId,
        operation: Verified,
        known: Known,
        now: Duration,
    ) -> Result<Result<Receipt, Refusal>, Fault> {
        if let Some(receipt) = self.receipt(id, known) {
            return Ok(Ok(receipt));
        }
        let nullifiers = operation.operation().nullifiers();
        for (nullifier, in_store) in nullifiers.iter().zip(known.claimed) {
            if let Some(by) = self.taken(&Claim::of_nullifier(nullifier), in_store) {
                let (nullifier, by) = (*nullifier, Some(by));
                return Ok(Err(PrivateRefusal::SpentNullifier { nullifier, by }.into()));
            }
        }
        let deposits = match self.forced_payments(operation.operation().payout())? {
            Ok(deposits) => deposits,
            Err(refusal) => return Ok(Err(refusal)),
        };
        self.make_room(deposits.len())?;
        let taken = self.take_private(id, operation, deposits, now)?;
        Ok(taken.map_err(Into::into))
    }

    /// Decides on a note that arrived by settlement, for which a withdrawal of a settled batch has paid.
    pub(crate) fn force_note(
        &mut self,
        note: Shield,
        payment: Payment,
        known: Known,
        now: Duration,
    ) -> Result<Result<Receipt, Refusal>, Fault> {
        let id = OrderId::of_note(&note_bytes(&note, payment));
        if let Some(receipt) = self.receipt(id, known) {
            return Ok(Ok(receipt));
        }
        if let Err(refusal) = self.pool.enter(&note, payment)? {
            return Ok(Err(PrivateRefusal::from(refusal).into()));
        }
        let operation = Operation::Note { id, note, payment };
        let receipt = self.accept(operation, now);
        self.close_if_full()?;
        Ok(Ok(receipt))
    }

    /// Closes the open batch, unless it has room for so many records and for collecting fees; says whether it did.
    fn make_room(&mut self, more: usize) -> Result<bool, Fault> {
        let fees = self.with(|batch| batch.pool())?;
        let records = self.records + more + usize::from(fees.is_some());
        let full = records > self.limits.slots as usize;
        if full {
            self.close()?;
        }
        Ok(full)
    }

    /// Takes a private operation, and pays what leaves the pool by it.
    fn take_private(
        &mut self,
        id: OrderId,
        operation: Verified,
        deposits: Vec<Referred>,
        now: Duration,
    ) -> Result<Result<Receipt, PrivateRefusal>, Fault> {
        if let Err(refusal) = self.pool.apply(&operation)? {
            return Ok(Err(refusal.into()));
        }
        for (_, deposit) in &deposits {
            let credited = self.with(|batch| batch.deposit(*deposit))?;
            credited.map_err(|error| match error.refusal() {
                Ok(refusal) => Fault::Close(format!("a payout of the pool: {refusal}")),
                Err(error) => error.into(),
            })?;
            let supply = self.supplies.entry(deposit.asset).or_default();
            *supply = supply.saturating_add(deposit.amount);
        }
        let receipt = self.accept(Operation::Private { id, operation }, now);
        for (reference, deposit) in deposits {
            let id = OrderId::of_deposit(&reference, &deposit.to_bytes());
            self.accept(
                Operation::Deposit {
                    id,
                    reference,
                    deposit,
                },
                now,
            );
        }
        self.close_if_full()?;
        Ok(Ok(receipt))
    }

    /// The deposits that pay what leaves the pool by a forced operation. A fee that nobody collects here is the operator's
    /// at settlement.
    fn forced_payments(
        &mut self,
        payout: Option<Payout>,
    ) -> Result<Result<Vec<Referred>, Refusal>, Fault> {
        let Some(payout) = payout else {
            return Ok(Ok(Vec::new()));
        };
        let mut deposits = Vec::new();
        if let Some(deposit) = payout.deposit() {
            deposits.push((reference(&payout, false), deposit));
        }
        let Payout { asset, fee, .. } = payout;
        if let Some(to) = self.fees.collector(asset).filter(|_| !fee.is_zero())
            && self.collects(asset)?
        {
            let deposit = Deposit {
                to,
                asset,
                amount: fee,
                keys: None,
            };
            deposits.push((reference(&payout, true), deposit));
        }
        self.can_be_paid(asset, deposits)
    }

    /// The deposits that pay what leaves the pool for accounts of the rollup, in the batch that takes the operation: to
    /// the recipient, if it is an account, and to whoever collects fees.
    fn payments(
        &mut self,
        payout: Option<Payout>,
    ) -> Result<Result<Vec<Referred>, Refusal>, Fault> {
        let Some(payout) = payout else {
            // whose asset nobody sees: taken where accounts order for nothing too
            let free = self.fees.others();
            return Ok(if free {
                Ok(Vec::new())
            } else {
                Err(Refusal::Private(PolicyRefusal::NoFee.into()))
            });
        };
        let Payout { asset, fee, .. } = payout;
        if let Err(refusal) = self.fees.check(asset, fee) {
            return Ok(Err(refusal));
        }
        let mut deposits = Vec::new();
        if let Some(deposit) = payout.deposit() {
            deposits.push((reference(&payout, false), deposit));
        }
        if !fee.is_zero() {
            let collector = self.fees.collector(asset);
            let (Some(to), true) = (collector, self.collects(asset)?) else {
                return Ok(Err(Refusal::FeeAsset { asset }));
            };
            let deposit = Deposit {
                to,
                asset,
                amount: fee,
                keys: None,
            };
            deposits.push((reference(&payout, true), deposit));
        }
        self.can_be_paid(asset, deposits)
    }

    /// The deposits, if their accounts can take them.
    fn can_be_paid(
        &mut self,
        asset: AssetId,
        deposits: Vec<Referred>,
    ) -> Result<Result<Vec<Referred>, Refusal>, Fault> {
        let mut sum = Amount::ZERO;
        for (_, deposit) in &deposits {
            let Deposit { to, amount, .. } = *deposit;
            let refused = |what| {
                let refusal = PrivateRefusal::Payee {
                    account: to,
                    asset,
                    amount,
                    what,
                };
                Ok(Err(Refusal::Private(refusal)))
            };
            let Some(account) = self.account(to)? else {
                return refused("there is no such account");
            };
            if account.asset != asset {
                return refused("it holds another asset");
            }
            // both may go to one account: their sum fits then
            sum = sum.saturating_add(amount);
            if account.balance.checked_add(sum).is_none() {
                return refused("it would hold 2^128 or more");
            }
        }
        let supply = self.supplies.get(&asset).copied().unwrap_or(Amount::ZERO);
        if supply.checked_add(sum).is_none() {
            return Ok(Err(Refusal::Supply { asset }));
        }
        Ok(Ok(deposits))
    }

    /// The note that an order is to pay for, if the pool would take it.
    pub(super) fn new_note(
        &mut self,
        note: &NewNote,
        order: &CheckedOrder,
    ) -> Result<Result<Shield, PrivateRefusal>, Fault> {
        let order = &order.signed().order;
        let account = self.account(order.signer())?;
        let asset = account.map_or(AssetId::ZERO, |account| account.asset);
        let shield = match note.paid_by(order, asset) {
            Ok(shield) => shield,
            Err(refusal) => return Ok(Err(refusal)),
        };
        // tried on a copy: the order is tried after it, and may be refused
        let payment = self.next_payment();
        let copy = self.pool.draft.clone();
        let tried = self.pool.with(|batch| batch.shield(&shield, payment))?;
        self.pool.draft = copy;
        Ok(tried.map(|()| shield).map_err(Into::into))
    }

    /// The place of the next record.
    fn next_payment(&self) -> Payment {
        Payment {
            batch: self.open_batch(),
            record: self.records as u32,
        }
    }

    /// Takes a note in, for which the next record pays.
    pub(super) fn take_note(&mut self, note: &Shield) -> Result<(), Fault> {
        let operation = PoolOperation::Shield(note.clone(), self.next_payment());
        let taken = self.pool.take(&operation)?;
        taken.map_err(|refusal| Fault::Close(format!("a note that was paid for: {refusal}")))
    }
}

fn refuse<T>(refusal: PrivateRefusal) -> Decided<T> {
    Ok(Err(Refusal::Private(refusal).into()))
}
