//! The state machine.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use thiserror::Error;
use winterlane_ledger::{
    Account, CheckedOrder, Deposit, Digest, Ledger, LedgerError, Order,
    codec::CanonicalBytes,
    ledger::{Batch, Draft, ResumeError, SealError},
};

use super::{
    Claim, Entry, FeeSchedule, Limits, NoHash, Operation, Trial,
    trial::{Base, Forget},
};
use crate::{
    Alarm, OrderId, Receipt, Refusal, SubmitError,
    store::{Place, StoreError},
};

/// Why the sequencer cannot go on: not the fault of whoever submits.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum Fault {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A closed batch was refused by the ledger: a mistake in this program.
    #[error("a batch cannot be closed: {0}")]
    Close(String),
    /// An entry of the log is refused by the rules, or is not the next one.
    #[error("log entry {sequence} cannot be replayed: {reason}")]
    Replay {
        /// Its number.
        sequence: u64,
        /// Why.
        reason: String,
    },
}

impl From<ResumeError> for Fault {
    fn from(error: ResumeError) -> Self {
        Self::Close(error.to_string())
    }
}

/// What the store knows of an order or a deposit, looked up by whoever drives the sequencer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Known {
    /// Where it is, when a sealed batch has it.
    pub(crate) place: Option<Place>,
    /// Who took what it would take, in a sealed batch.
    pub(crate) claimed: Option<OrderId>,
}

/// A batch that takes no more operations and is not sealed.
#[derive(Clone, Debug)]
pub(crate) struct ClosedBatch {
    /// Its number.
    pub(crate) number: u64,
    /// Its slots.
    pub(crate) slots: u32,
    /// Its operations, and the closing one.
    pub(crate) entries: Vec<Entry>,
    /// How much there is of the assets that entered or left, after it.
    pub(crate) supplies: Vec<(u32, u128)>,
}

/// Where a pending order is.
#[derive(Clone, Copy, Debug)]
struct Pending {
    sequence: u64,
    batch: u64,
}

/// See the [module](super).
pub(crate) struct Sequencer<B> {
    ledger: Ledger<NoHash, Trial<B>>,
    forget: Forget,
    /// The open batch; it is taken out while something is done to it.
    draft: Option<Draft>,
    limits: Limits,
    fees: FeeSchedule,
    next_sequence: u64,
    /// Operations of the open batch.
    entries: Vec<Entry>,
    /// When the first of them came.
    opened: Option<Duration>,
    closed: VecDeque<ClosedBatch>,
    pending: HashMap<OrderId, Pending>,
    claims: HashMap<Claim, OrderId>,
    per_account: HashMap<u32, u32>,
    supplies: HashMap<u32, u128>,
    /// Decisions that the log does not have yet.
    decisions: Vec<Entry>,
    alarms: Vec<Alarm>,
}

impl<B> std::fmt::Debug for Sequencer<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sequencer")
            .field("next_sequence", &self.next_sequence)
            .field("open", &self.entries.len())
            .field("closed", &self.closed.len())
            .finish_non_exhaustive()
    }
}

/// Either an answer to whoever submitted, or a fault.
type Decided<T> = Result<Result<T, SubmitError>, Fault>;

/// What a refused trial says: a refusal of the order, or that the store failed.
fn refused<T>(error: LedgerError<StoreError>) -> Decided<T> {
    match error.refusal() {
        Ok(refusal) => Ok(Err(Refusal::Ledger(refusal).into())),
        Err(error) => Err(error.into()),
    }
}

impl<B: Base> Sequencer<B> {
    /// A sequencer over the state of `base`, after the last sealed batch.
    pub(crate) fn new(
        domain: Digest,
        base: B,
        next_batch: u64,
        next_sequence: u64,
        supplies: HashMap<u32, u128>,
        limits: Limits,
        fees: FeeSchedule,
    ) -> Self {
        let (trial, forget) = Trial::new(base, next_batch);
        Self {
            ledger: Ledger::open(domain, trial, NoHash),
            forget,
            draft: None,
            limits,
            fees,
            next_sequence,
            entries: Vec::new(),
            opened: None,
            closed: VecDeque::new(),
            pending: HashMap::new(),
            claims: HashMap::new(),
            per_account: HashMap::new(),
            supplies,
            decisions: Vec::new(),
            alarms: Vec::new(),
        }
    }

    /// The number of the open batch.
    pub(crate) fn open_batch(&self) -> u64 {
        self.ledger.batch_number()
    }

    /// Operations in the open batch.
    pub(crate) fn open_operations(&self) -> u32 {
        self.entries.len() as u32
    }

    /// Orders and deposits that are not sealed.
    pub(crate) fn pending(&self) -> u64 {
        self.pending.len() as u64
    }

    /// The number of the next decision.
    pub(crate) const fn next_sequence(&self) -> u64 {
        self.next_sequence
    }

    /// The oldest batch that is closed.
    pub(crate) fn next_to_seal(&self) -> Option<&ClosedBatch> {
        self.closed.front()
    }

    /// The batches that are closed and not sealed, the oldest first.
    #[cfg(test)]
    pub(crate) fn closed(&self) -> impl Iterator<Item = &ClosedBatch> {
        self.closed.iter()
    }

    /// When the open batch is to be closed for its age.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        self.opened.map(|opened| opened + self.limits.max_age)
    }

    /// The decisions since the last call, which have to be in the log before anything is answered.
    pub(crate) fn take_decisions(&mut self) -> Vec<Entry> {
        std::mem::take(&mut self.decisions)
    }

    /// What somebody has to look at, since the last call.
    pub(crate) fn take_alarms(&mut self) -> Vec<Alarm> {
        std::mem::take(&mut self.alarms)
    }

    /// An account as all decisions so far leave it.
    pub(crate) fn account(&mut self, id: u32) -> Result<Option<Account>, Fault> {
        self.with(|batch| batch.find(id))
            .and_then(|found| Ok(found?))
    }

    /// Decides on an order, at the time `now` (since any beginning, as long as it is the same).
    pub(crate) fn submit(
        &mut self,
        id: OrderId,
        order: CheckedOrder,
        known: Known,
        now: Duration,
    ) -> Decided<Receipt> {
        let claim = Claim::of_order(&order);
        if let Some(receipt) = self.receipt(id, known) {
            return Ok(Ok(receipt));
        }
        if let Some(first) = self.taken(&claim, known).filter(|first| *first != id) {
            let key = order.signed().key();
            let (account, slot) = (order.signed().order.signer(), key.slot as u8);
            let index = key.index;
            self.alarms.push(Alarm::KeyReuse {
                account,
                slot,
                index,
                first,
                second: id,
            });
            return Ok(Err(Refusal::KeyReuse {
                account,
                slot,
                index,
                first,
            }
            .into()));
        }
        if let Err(error) = self.admit(&order)? {
            return Ok(Err(error));
        }
        let asset_changes = self.try_order(&order)?;
        let mut result = asset_changes;
        if matches!(
            result,
            Err(LedgerError::PoolAssetConflict { .. } | LedgerError::BatchFull { .. })
        ) {
            // the pool is paid out first, in this batch if there is room, or by its closing
            if self.entries.len() + 3 > self.limits.slots as usize {
                self.close()?;
                if let Err(error) = self.lives(&order) {
                    return Ok(Err(error.into()));
                }
            } else {
                self.collect()?;
            }
            result = self.try_order(&order)?;
        }
        if let Err(error) = result {
            return refused(error);
        }
        if let Order::Withdraw(withdraw) = &order.signed().order {
            let asset = self
                .account(withdraw.from)?
                .map_or(0, |account| account.asset);
            let supply = self.supplies.entry(asset).or_default();
            *supply = supply.saturating_sub(withdraw.amount);
        }
        self.accept(Operation::Order { id, order }, now).map(Ok)
    }

    /// Decides on a deposit.
    pub(crate) fn deposit(
        &mut self,
        reference: [u8; 32],
        deposit: Deposit,
        known: Known,
        now: Duration,
    ) -> Decided<Receipt> {
        let id = OrderId::of_deposit(&reference, &deposit.to_bytes());
        if let Some(receipt) = self.receipt(id, known) {
            return Ok(Ok(receipt));
        }
        if self.taken(&Claim::of_deposit(&reference), known).is_some() {
            return Ok(Err(Refusal::DepositConflict.into()));
        }
        let asset = deposit.asset;
        let supply = self.supplies.get(&asset).copied().unwrap_or(0);
        let Some(supply) = supply.checked_add(deposit.amount) else {
            return Ok(Err(Refusal::Supply { asset }.into()));
        };
        if self.entries.len() >= self.limits.slots as usize {
            self.close()?;
        }
        if let Err(error) = self.with(|batch| batch.deposit(deposit))? {
            return refused(error);
        }
        self.supplies.insert(asset, supply);
        let operation = Operation::Deposit {
            id,
            reference,
            deposit,
        };
        self.accept(operation, now).map(Ok)
    }

    /// Closes the open batch if it is old enough.
    pub(crate) fn tick(&mut self, now: Duration) -> Result<(), Fault> {
        match self.deadline() {
            Some(deadline) if now >= deadline => self.close(),
            _ => Ok(()),
        }
    }

    /// Closes the open batch, unless it is empty; says its number.
    pub(crate) fn close_now(&mut self) -> Result<Option<u64>, Fault> {
        if self.entries.is_empty() {
            return Ok(None);
        }
        let number = self.open_batch();
        self.close()?;
        Ok(Some(number))
    }

    /// The oldest closed batch is sealed, and the store has it.
    pub(crate) fn sealed(&mut self) {
        let Some(batch) = self.closed.pop_front() else {
            return;
        };
        for entry in &batch.entries {
            if let Some(id) = entry.operation.id() {
                self.pending.remove(&id);
            }
            if let Some(claim) = entry.operation.claim() {
                self.claims.remove(&claim);
            }
            if let Operation::Order { order, .. } = &*entry.operation {
                let signer = order.signed().order.signer();
                if let Some(count) = self.per_account.get_mut(&signer) {
                    *count -= 1;
                    if *count == 0 {
                        self.per_account.remove(&signer);
                    }
                }
            }
        }
        self.forget.below(batch.number + 1);
    }

    /// Decides again what the log says was decided. The limits of now are not asked: what was acknowledged
    /// stays.
    pub(crate) fn replay(&mut self, entry: Entry, now: Duration) -> Result<(), Fault> {
        let Entry {
            sequence,
            batch,
            operation,
        } = &entry;
        let fault = |reason: String| Fault::Replay {
            sequence: *sequence,
            reason,
        };
        if *sequence != self.next_sequence {
            return Err(fault(format!("entry {} is missing", self.next_sequence)));
        }
        if *batch != self.open_batch() {
            return Err(fault(format!(
                "it is of batch {batch}, the open one is {}",
                self.open_batch()
            )));
        }
        let result = match &**operation {
            Operation::Order { order, .. } => {
                if let Order::Withdraw(withdraw) = &order.signed().order {
                    let asset = self
                        .account(withdraw.from)?
                        .map_or(0, |account| account.asset);
                    let supply = self.supplies.entry(asset).or_default();
                    *supply = supply.saturating_sub(withdraw.amount);
                }
                self.with(|batch| batch.checked(order.clone()))?
            }
            Operation::Deposit { deposit, .. } => {
                let supply = self.supplies.entry(deposit.asset).or_default();
                *supply = supply.saturating_add(deposit.amount);
                self.with(|batch| batch.deposit(*deposit))?
            }
            Operation::Collect { to } => self.with(|batch| batch.collect_fees(*to))?,
            Operation::Close { slots } => {
                let slots = *slots;
                self.next_sequence += 1;
                self.entries.push(entry);
                return self.seal_trial(slots);
            }
        };
        result.map_err(|error| match error.refusal() {
            Ok(refusal) => fault(refusal.to_string()),
            Err(error) => error.into(),
        })?;
        self.next_sequence += 1;
        self.remember(&entry);
        self.entries.push(entry);
        self.opened.get_or_insert(now);
        Ok(())
    }

    /// The answer to an order that is known.
    fn receipt(&self, id: OrderId, known: Known) -> Option<Receipt> {
        let pending = self.pending.get(&id).map(|at| (at.sequence, at.batch));
        let sealed = || known.place.map(|place| (place.sequence, place.batch));
        let (sequence, batch) = pending.or_else(sealed)?;
        Some(Receipt {
            id,
            sequence,
            batch,
            known: true,
        })
    }

    /// Who took a claim, in this batch or any before.
    fn taken(&self, claim: &Claim, known: Known) -> Option<OrderId> {
        self.claims.get(claim).copied().or(known.claimed)
    }

    /// What an order must keep besides the ledger's rules.
    fn admit(&mut self, order: &CheckedOrder) -> Decided<()> {
        if self.pending() >= self.limits.max_pending {
            return Ok(Err(SubmitError::Busy {
                retry_after: self.limits.max_age,
            }));
        }
        if let Err(error) = self.lives(order) {
            return Ok(Err(error.into()));
        }
        let (account, fee) = (order.signed().order.signer(), order.signed().order.fee());
        let Some(Account { asset, .. }) = self.account(account)? else {
            let unknown = LedgerError::UnknownAccount { account };
            return Ok(Err(Refusal::Ledger(unknown).into()));
        };
        if let Err(error) = self.fees.check(asset, fee) {
            return Ok(Err(error.into()));
        }
        if fee > 0 && !self.collects(asset)? {
            return Ok(Err(Refusal::FeeAsset { asset }.into()));
        }
        let limit = self.limits.max_per_account;
        if self
            .per_account
            .get(&account)
            .is_some_and(|count| *count >= limit)
        {
            return Ok(Err(Refusal::TooManyPending { account, limit }.into()));
        }
        Ok(Ok(()))
    }

    /// Whether an account collects this asset's fees, and can: it exists and holds the asset.
    fn collects(&mut self, asset: u32) -> Result<bool, Fault> {
        let Some(collector) = self.fees.collector(asset) else {
            return Ok(false);
        };
        let found = self.account(collector)?;
        Ok(found.is_some_and(|account| account.asset == asset))
    }

    /// Whether an order that the open batch takes lives long enough.
    fn lives(&self, order: &CheckedOrder) -> Result<(), Refusal> {
        let valid_until = order.signed().order.valid_until();
        let earliest = self.open_batch().saturating_add(self.limits.min_lifetime);
        if valid_until < earliest {
            return Err(Refusal::ExpiresTooSoon {
                valid_until,
                earliest,
            });
        }
        Ok(())
    }

    /// Tries an order on the open batch. [`LedgerError::BatchFull`] when there is no slot left for it and for
    /// collecting the fees.
    fn try_order(
        &mut self,
        order: &CheckedOrder,
    ) -> Result<Result<(), LedgerError<StoreError>>, Fault> {
        let slots = self.limits.slots;
        let len = self.entries.len();
        let fee = order.signed().order.fee();
        let order = order.clone();
        self.with(|batch| {
            let collecting = usize::from(fee > 0 || batch.pool().is_some());
            if len + 1 + collecting > slots as usize {
                return Err(LedgerError::BatchFull { capacity: slots });
            }
            batch.checked(order)
        })
    }

    /// Counts an operation that the open batch has taken, and closes the batch when it is full.
    fn accept(&mut self, operation: Operation, now: Duration) -> Result<Receipt, Fault> {
        let entry = self.decide(operation);
        self.remember(&entry);
        self.opened.get_or_insert(now);
        let receipt = Receipt {
            // only what has a name is accepted
            id: entry.operation.id().unwrap_or(OrderId::from_bytes([0; 32])),
            sequence: entry.sequence,
            batch: entry.batch,
            known: false,
        };
        let pool = self.with(|batch| batch.pool())?;
        if self.entries.len() + usize::from(pool.is_some()) >= self.limits.slots as usize {
            self.close()?;
        }
        Ok(receipt)
    }

    /// Keeps what is asked of pending operations.
    fn remember(&mut self, entry: &Entry) {
        let Entry {
            sequence,
            batch,
            operation,
        } = entry;
        if let Some(id) = operation.id() {
            let (sequence, batch) = (*sequence, *batch);
            self.pending.insert(id, Pending { sequence, batch });
            if let Some(claim) = operation.claim() {
                self.claims.insert(claim, id);
            }
        }
        if let Operation::Order { order, .. } = &**operation {
            let signer = order.signed().order.signer();
            *self.per_account.entry(signer).or_default() += 1;
        }
    }

    /// Gives an operation its number.
    fn decide(&mut self, operation: Operation) -> Entry {
        let entry = Entry {
            sequence: self.next_sequence,
            batch: self.open_batch(),
            operation: Arc::new(operation),
        };
        self.next_sequence += 1;
        self.entries.push(entry.clone());
        self.decisions.push(entry.clone());
        entry
    }

    /// Pays the pool out, if there is something in it.
    fn collect(&mut self) -> Result<(), Fault> {
        let Some((asset, _)) = self.with(|batch| batch.pool())? else {
            return Ok(());
        };
        let to = self.fees.collector(asset).ok_or_else(|| {
            Fault::Close(format!(
                "the pool holds asset {asset}, and the configuration names no collector for it"
            ))
        })?;
        self.with(|batch| batch.collect_fees(to))?
            .map_err(|error| match error.refusal() {
                Ok(refusal) => Fault::Close(refusal.to_string()),
                Err(error) => error.into(),
            })?;
        self.decide(Operation::Collect { to });
        Ok(())
    }

    fn close(&mut self) -> Result<(), Fault> {
        self.collect()?;
        let slots = (self.entries.len() as u32).next_power_of_two();
        self.decide(Operation::Close { slots });
        self.seal_trial(slots)
    }

    /// Moves the trial on to the next batch. The closing entry is the last one.
    fn seal_trial(&mut self, slots: u32) -> Result<(), Fault> {
        let number = self.open_batch();
        self.with(|batch| batch.seal(Some(slots)).map(drop))?
            .map_err(|error| match error {
                SealError::State(error) => error.into(),
                other => Fault::Close(other.to_string()),
            })?;
        self.draft = None;
        self.opened = None;
        let entries = std::mem::take(&mut self.entries);
        let supplies = self.touched(&entries);
        self.closed.push_back(ClosedBatch {
            number,
            slots,
            entries,
            supplies,
        });
        Ok(())
    }

    /// The supplies that a batch may have changed. All are given: there are few assets.
    fn touched(&self, entries: &[Entry]) -> Vec<(u32, u128)> {
        let moves = entries.iter().any(|entry| match &*entry.operation {
            Operation::Order { order, .. } => matches!(order.signed().order, Order::Withdraw(_)),
            Operation::Deposit { .. } => true,
            Operation::Collect { .. } | Operation::Close { .. } => false,
        });
        if !moves {
            return Vec::new();
        }
        let mut supplies: Vec<(u32, u128)> = self
            .supplies
            .iter()
            .map(|(asset, supply)| (*asset, *supply))
            .collect();
        supplies.sort_unstable();
        supplies
    }

    /// Does something to the open batch.
    fn with<T>(
        &mut self,
        act: impl FnOnce(&mut Batch<'_, NoHash, Trial<B>>) -> T,
    ) -> Result<T, Fault> {
        let mut batch = match self.draft.take() {
            Some(draft) => self.ledger.resume(draft)?,
            None => self.ledger.open_batch(),
        };
        let result = act(&mut batch);
        self.draft = Some(batch.set_aside());
        Ok(result)
    }
}
