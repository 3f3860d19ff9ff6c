//! What the node's threads and its handles have in common.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::SyncSender,
    },
    time::{Duration, Instant},
};

use tokio::sync::{Semaphore, broadcast};
use winterlane_ledger::{Account, AccountId, BatchNumber, pool::PoolPolicy};

use super::{ages::Ages, ahead::Most, verify::PrivateSubmission};
use crate::{
    Event, PendingOrder,
    clock::{Clock, SystemClock},
    core::{Entry, FeeSchedule, Limits, Operation},
    panel::{Counts, Roster},
    store::Store,
};

/// Events that a listener may be behind.
const EVENTS: usize = 1024;

/// What handles read, and the writer keeps up to date.
#[derive(Debug)]
pub(crate) struct Shared {
    /// Until the writer has ended: then the file is free for whoever opens it next, although handles live on.
    store: Mutex<Option<Arc<Store>>>,
    pub(crate) limits: Limits,
    pub(crate) fees: FeeSchedule,
    pub(crate) policy: PoolPolicy,
    /// The machine's clock, for what is shown to people.
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) events: broadcast::Sender<Event>,
    pub(crate) started: Instant,
    pub(crate) accepted: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) alarms: AtomicU64,
    /// A permit for each order whose signature may wait to be checked. It counts orders, since a request may have many.
    pub(crate) room: Arc<Semaphore>,
    /// How many permits there are.
    pub(crate) queue: usize,
    /// Whether deposits come from settlement and from nowhere else.
    pub(crate) obliged: AtomicBool,
    /// Nothing is sealed until everything that is sealed is settled.
    pub(crate) quiet: AtomicBool,
    /// How many batches may not be settled.
    most_ahead: Mutex<Most>,
    live: Mutex<Live>,
    /// How proofs of private operations were verified.
    pub(crate) checks: Arc<Counts>,
    /// Whether proven batches are published.
    pub(crate) publishes: AtomicBool,
    /// Times that settlement refused a batch.
    pub(crate) unsettled: AtomicU64,
    /// What settlement obliges the operator to first.
    due: Mutex<Option<Due>>,
    /// Whose verdicts count; nobody's, before keys are opened.
    roster: Mutex<Option<Arc<dyn Roster>>>,
    /// Where private operations go to have their proofs verified; nowhere once the node has ended, so that those
    /// threads end although handles live on.
    verifiers: Mutex<Option<SyncSender<PrivateSubmission>>>,
}

/// When the first obligation is due.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Due {
    /// By this process's clock; `None` when nothing is due.
    pub(crate) at: Option<Instant>,
    /// How long an obligation may wait.
    pub(crate) window: Duration,
}

/// What is durable and not sealed, and how the node is.
#[derive(Debug, Default)]
pub(crate) struct Live {
    /// Pending orders by their names.
    pub(crate) orders: HashMap<crate::OrderId, Waiting>,
    /// Names of pending orders by signer and sequence.
    pub(crate) by_account: BTreeMap<(AccountId, u64), crate::OrderId>,
    /// Nullifiers of notes that pending private operations spend.
    pub(crate) spent: HashMap<[u8; 32], crate::OrderId>,
    /// Accounts as pending operations leave them, each with the last batch that changes it.
    pub(crate) accounts: HashMap<AccountId, (BatchNumber, Account)>,
    /// How long batches have been sealed.
    pub(crate) ages: Ages,
    pub(crate) open_batch: BatchNumber,
    pub(crate) open_operations: u32,
    pub(crate) paused: bool,
    pub(crate) read_only: bool,
    /// Settlement lacks so many batches that no orders are taken.
    pub(crate) too_far_ahead: bool,
    pub(crate) disk_free: Option<u64>,
}

/// An order or a deposit that is durable and not sealed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waiting {
    pub(crate) sequence: u64,
    pub(crate) batch: BatchNumber,
    /// What was ordered; a deposit has no order.
    pub(crate) order: Option<PendingOrder>,
}

impl Shared {
    pub(crate) fn new(
        store: Arc<Store>,
        limits: Limits,
        fees: FeeSchedule,
        policy: PoolPolicy,
        queue: usize,
    ) -> Self {
        let queue = queue.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            store: Mutex::new(Some(store)),
            limits,
            fees,
            policy,
            clock: Arc::new(SystemClock),
            events: broadcast::channel(EVENTS).0,
            started: Instant::now(),
            accepted: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            alarms: AtomicU64::new(0),
            room: Arc::new(Semaphore::new(queue)),
            queue,
            obliged: AtomicBool::new(false),
            quiet: AtomicBool::new(false),
            most_ahead: Mutex::new(Most::UNBOUNDED),
            live: Mutex::default(),
            checks: Arc::default(),
            publishes: AtomicBool::new(false),
            unsettled: AtomicU64::new(0),
            due: Mutex::default(),
            roster: Mutex::default(),
            verifiers: Mutex::default(),
        }
    }

    /// With another clock than the system's.
    pub(crate) fn by(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// Private operations go there from now on.
    pub(crate) fn verify_by(&self, verifiers: SyncSender<PrivateSubmission>) {
        *self.lock_verifiers() = Some(verifiers);
    }

    /// Where private operations go, unless the node has ended.
    pub(crate) fn verifiers(&self) -> Option<SyncSender<PrivateSubmission>> {
        self.lock_verifiers().clone()
    }

    fn lock_verifiers(&self) -> MutexGuard<'_, Option<SyncSender<PrivateSubmission>>> {
        self.verifiers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Verdicts by these keys count from now on.
    pub(crate) fn trust(&self, roster: Arc<dyn Roster>) {
        *self.roster.lock().unwrap_or_else(PoisonError::into_inner) = Some(roster);
    }

    /// Whose verdicts count.
    pub(crate) fn roster(&self) -> Option<Arc<dyn Roster>> {
        let roster = self.roster.lock().unwrap_or_else(PoisonError::into_inner);
        roster.clone()
    }

    /// How many batches may not be settled.
    pub(crate) fn most_ahead(&self) -> Most {
        *self
            .most_ahead
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// So many batches may not be settled from now on.
    pub(crate) fn set_most_ahead(&self, most: Most) {
        *self
            .most_ahead
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = most;
    }

    /// What settlement obliges the operator to first, if it was heard.
    pub(crate) fn due(&self) -> Option<Due> {
        *self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows what settlement obliges the operator to first.
    pub(crate) fn set_due(&self, due: Due) {
        *self.due.lock().unwrap_or_else(PoisonError::into_inner) = Some(due);
    }

    /// The store, unless the node has ended.
    pub(crate) fn store(&self) -> Option<Arc<Store>> {
        let store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        store.clone()
    }

    /// The node has ended, well or not.
    pub(crate) fn end(&self) {
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        *store = None;
        *self.lock_verifiers() = None;
        *self.roster.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub(crate) fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells an event. That nobody listens is no error.
    pub(crate) fn tell(&self, event: Event) {
        if let Event::Alarm(alarm) = &event {
            self.alarms.fetch_add(1, Ordering::Relaxed);
            tracing::error!(?alarm, "alarm");
        }
        let _ = self.events.send(event);
    }
}

impl Live {
    /// Entries are durable: their orders are pending for everybody to see.
    pub(crate) fn add(&mut self, entries: &[Entry]) {
        for Entry {
            sequence,
            batch,
            operation,
        } in entries
        {
            let Some(id) = operation.id() else {
                continue;
            };
            let (sequence, batch) = (*sequence, *batch);
            let order = match &**operation {
                Operation::Order { order, .. } | Operation::Shield { order, .. } => {
                    let signed = order.signed();
                    self.by_account
                        .insert((signed.order.signer(), sequence), id);
                    Some(PendingOrder {
                        id,
                        sequence,
                        batch,
                        order: signed.order,
                        nonce: signed.nonce,
                    })
                }
                Operation::Private { operation, .. } => {
                    for nullifier in operation.operation().nullifiers() {
                        self.spent.insert(nullifier.0.to_bytes(), id);
                    }
                    None
                }
                _ => None,
            };
            let waiting = Waiting {
                sequence,
                batch,
                order,
            };
            self.orders.insert(id, waiting);
        }
    }

    /// A batch is sealed, and the store answers for its orders.
    pub(crate) fn remove(&mut self, entries: &[Entry], batch: BatchNumber) {
        for entry in entries {
            if let Some(id) = entry.operation.id() {
                self.orders.remove(&id);
            }
            if let Some(order) = entry.operation.order() {
                let signer = order.signed().order.signer();
                self.by_account.remove(&(signer, entry.sequence));
            }
        }
        for entry in entries {
            if let Operation::Private { operation, .. } = &*entry.operation {
                for nullifier in operation.operation().nullifiers() {
                    self.spent.remove(&nullifier.0.to_bytes());
                }
            }
        }
        self.accounts.retain(|_, (last, _)| *last > batch);
    }
}
