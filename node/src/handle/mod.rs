//! The handle of a running node.

mod operate;
mod pool;

pub use pool::{Anchors, NoteView, Notes, NullifierState};

use std::{
    sync::{
        Arc,
        atomic::Ordering,
        mpsc::{SyncSender, TrySendError},
    },
    time::{Duration, Instant},
};

use tokio::sync::{broadcast, oneshot};
use winterlane_ledger::{
    AccountId, BatchNumber, Deposit, SignedOrder, codec::CanonicalBytes, state::ReadState,
};

use crate::{
    AccountView, BatchStage, BatchView, Event, Fees, ForcedOutcome, HistoryPlace, OrderId,
    OrderState, PendingOrder, ProvenAccount, ReadError, Receipt, Refusal, Status, SubmitError,
    clock::UnixTime,
    panel::Roster,
    run::{
        admission::{Admin, Answer, Command, Submission},
        shared::Shared,
    },
    store::{StoreError, View},
};

/// Everything that can be asked of a running node. Clones are handles of the same node.
///
/// What changes something is asynchronous and waits for the disk; it needs no runtime of its own. What only
/// reads is not, and takes microseconds while the data is in memory; a server calls it from where blocking is
/// allowed, since it may read from the disk.
#[derive(Clone, Debug)]
pub struct Node {
    shared: Arc<Shared>,
    commands: SyncSender<Command>,
}

/// When it is worth trying again after the queue was full.
const RETRY: Duration = Duration::from_millis(200);

/// Why a command was not sent.
enum Unsent {
    Full,
    Stopped,
}

impl Node {
    pub(crate) fn new(shared: Arc<Shared>, commands: SyncSender<Command>) -> Self {
        Self { shared, commands }
    }

    /// Submits an order, and waits until it is on the disk.
    ///
    /// The same order again gets the same receipt, also after a restart; so whoever is left without an
    /// answer sends it again.
    ///
    /// # Errors
    /// [`SubmitError`]; nothing changed then, except that [`SubmitError::Stopped`] leaves it open.
    pub async fn submit(&self, order: SignedOrder) -> Result<Receipt, SubmitError> {
        let mut results = self.submit_many(vec![order]).await;
        results.pop().unwrap_or(Err(SubmitError::Stopped))
    }

    /// Submits an order in its canonical bytes ([`winterlane_ledger::codec`]).
    ///
    /// # Errors
    /// [`SubmitError::Malformed`], and as [`Node::submit`].
    pub async fn submit_bytes(&self, bytes: &[u8]) -> Result<Receipt, SubmitError> {
        self.submit(SignedOrder::from_bytes(bytes)?).await
    }

    /// Submits many orders, in their order, and waits until those that are taken are on the disk. Each is
    /// taken or refused for itself; the results are in the order of the orders.
    pub async fn submit_many(&self, orders: Vec<SignedOrder>) -> Vec<Result<Receipt, SubmitError>> {
        let count = orders.len();
        let (submissions, waiting): (Vec<_>, Vec<_>) = orders
            .into_iter()
            .map(|order| {
                let (answer, asked) = oneshot::channel();
                let submission = Submission {
                    order,
                    note: None,
                    answer,
                };
                (submission, asked)
            })
            .unzip();
        if let Err(unsent) = self.submissions(submissions) {
            let error = match unsent {
                Unsent::Full => SubmitError::Busy { retry_after: RETRY },
                Unsent::Stopped => SubmitError::Stopped,
            };
            return vec![Err(error); count];
        }
        let mut results = Vec::with_capacity(count);
        for asked in waiting {
            results.push(asked.await.unwrap_or(Err(SubmitError::Stopped)));
        }
        results
    }

    /// Credits a deposit, or creates its account. `reference` is its name at settlement: a deposit is
    /// taken once for each reference, and the same again gets the same receipt.
    ///
    /// # Errors
    /// As [`Node::submit`]; [`Refusal::DepositsElsewhere`] of a node that asks settlement for deposits itself.
    pub async fn deposit(
        &self,
        reference: [u8; 32],
        deposit: Deposit,
    ) -> Result<Receipt, SubmitError> {
        if self.shared.obliged.load(Ordering::Relaxed) {
            // settlement would refuse the batch, and every one after it
            return Err(Refusal::DepositsElsewhere.into());
        }
        let deposit = Box::new(deposit);
        let admin = |answer| Admin::Deposit {
            reference,
            deposit,
            owed: false,
            answer,
        };
        match self.ask(admin).await {
            Ok(result) => result,
            Err(Unsent::Full) => Err(SubmitError::Busy { retry_after: RETRY }),
            Err(Unsent::Stopped) => Err(SubmitError::Stopped),
        }
    }

    /// Takes an order that arrived by settlement, or says that the ledger's rules refuse it. Fees, limits and a pause are
    /// not asked. The same order again has the same outcome.
    ///
    /// # Errors
    /// [`SubmitError::Busy`], [`SubmitError::ReadOnly`], [`SubmitError::Stopped`]: nothing was decided, or nobody knows.
    pub async fn force(&self, order: SignedOrder) -> Result<ForcedOutcome, SubmitError> {
        let order = Box::new(order);
        match self.ask(|answer| Admin::Force { order, answer }).await {
            Ok(result) => result,
            Err(Unsent::Full) => Err(SubmitError::Busy { retry_after: RETRY }),
            Err(Unsent::Stopped) => Err(SubmitError::Stopped),
        }
    }

    /// Where an order is; `None` when the node has not taken it.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn order_status(&self, id: &OrderId) -> Result<Option<OrderState>, ReadError> {
        // pending first: an order is in the store before it stops being pending
        let waiting = self.shared.live().orders.get(id).copied();
        if let Some(waiting) = waiting {
            return Ok(Some(OrderState::Pending {
                sequence: waiting.sequence,
                batch: waiting.batch,
            }));
        }
        let view = self.view()?;
        let Some(place) = view.place(id)? else {
            return Ok(None);
        };
        Ok(Some(OrderState::Included {
            sequence: place.sequence,
            batch: place.batch,
            position: place.position,
            stage: stage(&view, place.batch)?,
        }))
    }

    /// An account; `None` when its leaf is empty and no pending deposit creates it.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn account(&self, id: AccountId) -> Result<Option<AccountView>, ReadError> {
        let (pending, pending_orders) = {
            let live = self.shared.live();
            let orders = live.by_account.range((id, 0)..=(id, u64::MAX)).count();
            (live.accounts.get(&id).map(|(_, account)| *account), orders)
        };
        let view = self.view()?;
        let sealed = view.account(id)?;
        Ok(pending.or(sealed).map(|pending| AccountView {
            id,
            sealed,
            pending,
            pending_orders: u32::try_from(pending_orders).unwrap_or(u32::MAX),
            batch: view.head().next_batch,
        }))
    }

    /// What the leaf of an account holds after the last sealed batch, with the path that proves it.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn account_proof(&self, id: AccountId) -> Result<ProvenAccount, ReadError> {
        let view = self.view()?;
        let head = view.head();
        let sealed = head.next_batch > head.first_batch;
        Ok(ProvenAccount {
            batch: sealed.then(|| head.next_batch.saturating_sub(1)),
            root: head.root,
            proof: view.prove(id)?,
        })
    }

    /// The account's own orders that are pending, by ascending nonce.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn pending(&self, account: AccountId) -> Result<Vec<PendingOrder>, ReadError> {
        let live = self.shared.live();
        let ids = live.by_account.range((account, 0)..=(account, u64::MAX));
        let orders = ids.filter_map(|(_, id)| live.orders.get(id)?.order);
        Ok(orders.collect())
    }

    /// The sealed operations that concern an account, newest first: at most `limit`, before the place
    /// `before`, or from the newest.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn history(
        &self,
        account: AccountId,
        before: Option<HistoryPlace>,
        limit: usize,
    ) -> Result<Vec<HistoryPlace>, ReadError> {
        let before = before.map_or((BatchNumber::MAX, u32::MAX), |place| {
            (place.batch, place.position)
        });
        let places = self.view()?.history(account, before, limit)?;
        let place = |(batch, position)| HistoryPlace { batch, position };
        Ok(places.into_iter().map(place).collect())
    }

    /// A sealed batch; `None` when there is none of this number.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn batch(&self, number: BatchNumber) -> Result<Option<BatchView>, ReadError> {
        let view = self.view()?;
        let Some(header) = view.header(number)? else {
            return Ok(None);
        };
        let job = view.job(number)?;
        Ok(Some(BatchView {
            public_inputs: header.public_inputs,
            operations: header.operations,
            sealed_at: header.sealed_at,
            stage: stage(&view, number)?,
            record_bytes: header.record_bytes,
            proof_bytes: view.proof_bytes(number)?,
            failures: job.as_ref().map_or(0, |job| job.failures),
            last_failure: job
                .map(|job| job.reason)
                .filter(|reason| !reason.is_empty()),
        }))
    }

    /// The published bytes of a sealed batch ([`winterlane_ledger::wire`]).
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn records(&self, number: BatchNumber) -> Result<Option<Vec<u8>>, ReadError> {
        Ok(self.view()?.records(number)?)
    }

    /// The proof of a batch, in winterfell's encoding; `None` while there is none.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn batch_proof(&self, number: BatchNumber) -> Result<Option<Vec<u8>>, ReadError> {
        Ok(self.view()?.proof(number)?)
    }

    /// How the node is.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn status(&self) -> Result<Status, ReadError> {
        let view = self.view()?;
        let head = *view.head();
        let jobs = view.jobs()?;
        let oldest = jobs.first().map(|(batch, _)| *batch);
        let published = self.shared.publishes.load(Ordering::Relaxed);
        let unsettled =
            (published && head.next_publish < head.next_batch).then_some(head.next_publish);
        let shared = &self.shared;
        let waited = |batch| -> Result<Option<Duration>, StoreError> {
            let known = shared.live().ages.of(batch);
            if known.is_some() {
                return Ok(known);
            }
            // long ago: by the clock of the machine, which may have been set since
            let header = view.header(batch)?;
            let sealed_at = header.map(|header| UnixTime::from_millis(header.sealed_at));
            Ok(sealed_at.map(|sealed_at| shared.clock.now().since(sealed_at)))
        };
        let oldest_unproven = oldest.map(waited).transpose()?.flatten();
        let oldest_unsettled = unsettled.map(waited).transpose()?.flatten();
        let due = shared.due();
        let live = shared.live();
        Ok(Status {
            domain: head.domain,
            root: head.root,
            open_batch: live.open_batch,
            open_operations: live.open_operations,
            next_to_seal: head.next_batch,
            next_to_prove: oldest.unwrap_or(head.next_batch),
            next_to_publish: head.next_publish,
            pending: live.orders.len() as u64,
            max_pending: shared.limits.max_pending,
            unproven: jobs.len() as u64,
            held: jobs.iter().filter(|(_, job)| job.held).count() as u64,
            oldest_unproven,
            oldest_unsettled,
            settlement_refusals: shared.unsettled.load(Ordering::Relaxed),
            obligation_left: due
                .and_then(|due| due.at)
                .map(|at| at.saturating_duration_since(Instant::now())),
            obligation_window: due.map(|due| due.window),
            private_checks: shared.checks.view(),
            paused: live.paused,
            read_only: live.read_only,
            too_far_ahead: live.too_far_ahead,
            disk_free: live.disk_free,
            accepted: shared.accepted.load(Ordering::Relaxed),
            refused: shared.refused.load(Ordering::Relaxed),
            alarms: shared.alarms.load(Ordering::Relaxed),
            uptime: shared.started.elapsed(),
        })
    }

    /// Has verdicts of workers on private proofs count when they are signed by keys of this list, from now on. Before, no
    /// worker is asked.
    pub fn trust(&self, roster: Arc<dyn Roster>) {
        self.shared.trust(roster);
    }

    /// What an order must pay, and how long it must be valid.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn fees(&self) -> Result<Fees, ReadError> {
        let shared = &self.shared;
        Ok(Fees {
            assets: shared.fees.assets().copied().collect(),
            others: shared.fees.others(),
            private: (&shared.policy).into(),
            open_batch: shared.live().open_batch,
            min_lifetime: shared.limits.min_lifetime,
        })
    }

    /// What happens from now on. A listener that is more than 1,024 events behind misses the oldest.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.shared.events.subscribe()
    }

    /// This moment of the store. A node that has ended reads no more: its store may be unsound, or another
    /// process's.
    fn view(&self) -> Result<View, ReadError> {
        let store = self.shared.store().ok_or(ReadError::Stopped)?;
        Ok(store.view()?)
    }

    /// Sends orders to be checked, unless as many wait as may.
    fn submissions(&self, orders: Vec<Submission>) -> Result<(), Unsent> {
        let room = &self.shared.room;
        // More at once than ever fit wait for all of the room: large requests pass, one at a time.
        let wanted = u32::try_from(orders.len()).unwrap_or(u32::MAX);
        let wanted = wanted.min(u32::try_from(self.shared.queue).unwrap_or(u32::MAX));
        let held = Arc::clone(room).try_acquire_many_owned(wanted);
        self.send(Command::Submit(orders, held.map_err(|_| Unsent::Full)?))
    }

    fn send(&self, command: Command) -> Result<(), Unsent> {
        self.commands
            .try_send(command)
            .map_err(|error| match error {
                TrySendError::Full(_) => Unsent::Full,
                TrySendError::Disconnected(_) => Unsent::Stopped,
            })
    }

    /// Asks the writer for something, and waits for its answer.
    async fn ask<T>(&self, admin: impl FnOnce(Answer<T>) -> Admin) -> Result<T, Unsent> {
        let (answer, asked) = oneshot::channel();
        self.send(Command::Admin(admin(answer)))?;
        asked.await.map_err(|_| Unsent::Stopped)
    }
}

impl From<StoreError> for ReadError {
    fn from(error: StoreError) -> Self {
        Self::Store(error.to_string())
    }
}

/// How far a sealed batch is.
fn stage(view: &View, batch: BatchNumber) -> Result<BatchStage, StoreError> {
    if view.head().next_publish > batch {
        return Ok(BatchStage::Published);
    }
    if view.proof_bytes(batch)?.is_some() {
        return Ok(BatchStage::Proven);
    }
    let held = view.job(batch)?.is_some_and(|job| job.held);
    Ok(if held {
        BatchStage::Held
    } else {
        BatchStage::Sealed
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        run::{Stand, start},
        testing::{Payer, domain, wait},
    };

    /// Orders are counted, not requests: a request of many takes the room of many, and is answered "later" when there is none.
    #[test]
    fn orders_that_wait_are_counted_one_by_one() {
        let folder = tempfile::tempdir().unwrap();
        let mut payer = Payer::new(1, 3);
        let genesis = crate::Genesis {
            accounts: vec![(AccountId::new(1), payer.account(100))],
            ..crate::Genesis::empty(domain())
        };
        let options = crate::NodeOptions {
            queue: 3,
            disk_reserve: 0,
            cache_bytes: 1 << 20,
            ..crate::NodeOptions::new(folder.path(), genesis)
        };
        let (node, running) = start(options, Stand::default()).unwrap();
        let orders: Vec<_> = (0..5).map(|_| payer.pay(1, 1, 0)).collect();
        let held = node.shared.room.try_acquire_many(2).unwrap();
        let busy = |results: Vec<Result<Receipt, SubmitError>>| {
            let busy = |result: &Result<_, _>| matches!(result, Err(SubmitError::Busy { .. }));
            results.iter().all(busy)
        };
        assert!(busy(wait(node.submit_many(orders[..2].to_vec()))));
        wait(node.submit(orders[0].clone())).unwrap();
        // More than there ever is room for wait for all of it.
        assert!(busy(wait(node.submit_many(orders[1..].to_vec()))));
        drop(held);
        for result in wait(node.submit_many(orders[1..].to_vec())) {
            result.unwrap();
        }
        // What is answered has given its room back.
        assert_eq!(node.shared.room.available_permits(), 3);
        running.stop();
        running.wait().unwrap();
    }
}
