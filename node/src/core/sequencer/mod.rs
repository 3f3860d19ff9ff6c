//! The state machine.
//!
//! | module | what it holds |
//! |---|---|
//! | `orders` | deciding on orders and deposits |
//! | `pool` | deciding on operations of the shielded pool |
//! | `forced` | orders that arrive by settlement |
//! | `closing` | when a batch is closed, and what is forgotten once it is sealed |
//! | `replay` | deciding again what the log says was decided |

mod closing;
mod forced;
mod orders;
mod pool;
mod replay;

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use thiserror::Error;
use winterlane_ledger::{
    Account, AccountId, Amount, AssetId, BatchNumber, CheckedOrder, Ledger, LedgerError, Root,
    SignedOrder,
    ledger::{Batch, Draft, ResumeError},
    pool::Pool,
};

pub(crate) use self::pool::ClosedPool;
use self::pool::OpenPool;
pub(super) use self::pool::reference as payout_reference;
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
    /// A thread beside the writer has panicked: a mistake in this program.
    #[error("a mistake in the thread \"{thread}\" itself; please report it with the lines above")]
    Thread {
        /// Its name.
        thread: &'static str,
    },
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
    /// Who took each thing that it would take, in a sealed batch.
    pub(crate) claimed: [Option<OrderId>; 2],
}

/// A batch that takes no more operations and is not sealed.
#[derive(Clone, Debug)]
pub(crate) struct ClosedBatch {
    /// Its number.
    pub(crate) number: BatchNumber,
    /// Its slots.
    pub(crate) slots: u32,
    /// Its operations, and the closing one.
    pub(crate) entries: Vec<Entry>,
    /// How much there is of the assets that entered or left, after it.
    pub(crate) supplies: Vec<(AssetId, Amount)>,
    /// What it did to the shielded pool, if anything.
    pub(crate) pool: Option<Arc<ClosedPool>>,
}

/// Where a pending order is.
#[derive(Clone, Copy, Debug)]
struct Pending {
    sequence: u64,
    batch: BatchNumber,
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
    /// How many of them have a record.
    records: usize,
    pool: OpenPool,
    /// By asset, who gets fees of forced orders that nobody collects.
    refunds: HashMap<AssetId, AccountId>,
    /// When the first of them came.
    opened: Option<Duration>,
    closed: VecDeque<ClosedBatch>,
    pending: HashMap<OrderId, Pending>,
    claims: HashMap<Claim, OrderId>,
    per_account: HashMap<AccountId, u32>,
    supplies: HashMap<AssetId, Amount>,
    /// Decisions that the log does not have yet.
    decisions: Vec<Entry>,
    alarms: Vec<Alarm>,
    /// Keys of which an alarm has told.
    reused: HashSet<Claim>,
}

/// Keys that are remembered so that each is told of once. With more, some are told of again.
const REUSED: usize = 1 << 16;

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
    /// A sequencer over the state of `base` and `pool`, which say where the last sealed batch left them. The pool need
    /// not have nullifiers of sealed batches: those are looked up ([`Known`]).
    pub(crate) fn new(
        base: B,
        pool: Pool,
        next_sequence: u64,
        supplies: HashMap<AssetId, Amount>,
        limits: Limits,
        fees: FeeSchedule,
    ) -> Self {
        let (trial, forget) = Trial::new(base, pool.batch_number());
        Self {
            ledger: Ledger::open(*pool.domain(), trial, NoHash),
            pool: OpenPool::new(pool),
            forget,
            draft: None,
            limits,
            fees,
            next_sequence,
            entries: Vec::new(),
            records: 0,
            refunds: HashMap::new(),
            opened: None,
            closed: VecDeque::new(),
            pending: HashMap::new(),
            claims: HashMap::new(),
            per_account: HashMap::new(),
            supplies,
            decisions: Vec::new(),
            alarms: Vec::new(),
            reused: HashSet::new(),
        }
    }

    /// The number of the open batch.
    pub(crate) fn open_batch(&self) -> BatchNumber {
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

    /// The oldest batch that is closed, after `later` others.
    pub(crate) fn to_seal(&self, later: usize) -> Option<&ClosedBatch> {
        self.closed.get(later)
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
    pub(crate) fn account(&mut self, id: AccountId) -> Result<Option<Account>, Fault> {
        self.with(|batch| batch.find(id))
            .and_then(|found| Ok(found?))
    }

    /// The root of the key in the slot that an order names, as all decisions so far leave it; zero without an account.
    pub(crate) fn key_of(&mut self, order: &SignedOrder) -> Result<Root, Fault> {
        let account = self.account(order.order.signer())?;
        Ok(account.map_or(Root::ZERO, |account| account.slots[order.slot.index()].root))
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

    /// Who took a claim, in a batch that is not sealed, or as the store says.
    fn taken(&self, claim: &Claim, in_store: Option<OrderId>) -> Option<OrderId> {
        self.claims.get(claim).copied().or(in_store)
    }

    /// A one-time key has signed another order, too: that is told once for each slot's key, which has to be replaced as a whole.
    /// Who has given one away could tell it again and again, and of each of a thousand one-time keys, and whatever else is told
    /// would be lost among that.
    fn reuse(&mut self, order: &CheckedOrder, first: OrderId, second: OrderId) {
        if self.reused.len() >= REUSED {
            self.reused.clear();
        }
        if self.reused.insert(Claim::of_key(order)) {
            let key = order.signed().key();
            self.alarms.push(Alarm::KeyReuse {
                account: order.signed().order.signer(),
                slot: key.slot as u8,
                index: key.index,
                first,
                second,
            });
        }
    }

    /// Counts an operation that the open batch has taken.
    fn accept(&mut self, operation: Operation, now: Duration) -> Receipt {
        let entry = self.decide(operation);
        self.remember(&entry);
        self.opened.get_or_insert(now);
        Receipt {
            // only what has a name is accepted
            id: entry.operation.id().unwrap_or(OrderId::from_bytes([0; 32])),
            sequence: entry.sequence,
            batch: entry.batch,
            known: false,
        }
    }

    /// Closes the open batch when it is full.
    fn close_if_full(&mut self) -> Result<(), Fault> {
        let fees = self.with(|batch| batch.pool())?;
        let slots = self.limits.slots as usize;
        let full = self.records + usize::from(fees.is_some()) >= slots;
        if full || self.pool.is_full(slots) {
            self.close()?;
        }
        Ok(())
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
            for claim in operation.claims().into_iter().flatten() {
                self.claims.insert(claim, id);
            }
        }
        if let Some(order) = operation.order() {
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
        self.push(entry.clone());
        self.decisions.push(entry.clone());
        entry
    }

    fn push(&mut self, entry: Entry) {
        self.records += usize::from(entry.operation.has_record());
        self.entries.push(entry);
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
