//! Sealing: the operations of a closed batch, hashed into the tree of the store.
//!
//! It runs beside the writer, since hashing a batch takes longer than an order may wait. What it makes is
//! written by the writer, in one transaction. If the next batch is closed by then, it is hashed meanwhile, on what the one
//! before it leaves behind; it is given to the writer when that is written, so that batches are written in their order
//! and one at most is hashed that the store knows nothing of.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, TryRecvError},
    },
    thread::JoinHandle,
};

use rayon::prelude::*;
use winterlane_ledger::{CheckedOrder, Domain, Ledger, SealedBatch, pool::VerifyPrivate, wire};
use winterlane_prover::SimdCompressor;

use super::{
    admission,
    priority::{yield_to_orders, yielding_pool},
    threads,
    verify::Judge,
    writer::Task,
};
use crate::{
    clock::Clock,
    core::{ClosedBatch, Entry, Operation},
    fault,
    panel::Doubt,
    private::Verified,
    store::{PoolCommit, SealCommit, SealedOperation, Store, StoreError, StoreState},
    witness::Witnesses,
};

/// A batch that is sealed and not written.
#[derive(Debug)]
pub(crate) struct Sealed {
    pub(crate) commit: SealCommit,
    /// Told when it is written.
    pub(crate) written: SyncSender<()>,
}

/// Batches that may be with the sealer at once: one whose commit is being written, and one that is hashed.
pub(crate) const AT_ONCE: usize = 2;

/// Who verifies the proofs of private operations once more before they are sealed: of those that a process before this one
/// took, and of all, when workers that verified them are not believed any more.
pub(crate) struct SecondLook {
    /// Signatures and proofs of entries of the log below this number were not checked by this process.
    pub(crate) replayed: u64,
    pub(crate) doubt: Arc<Doubt>,
    pub(crate) judge: Judge,
}

/// Beyond the number of any entry of the log.
const EVERYTHING: u64 = u64::MAX;

/// The sealer's thread.
pub(crate) fn spawn(
    store: Arc<Store>,
    domain: Domain,
    witnesses: Option<Witnesses>,
    second_look: SecondLook,
    clock: Arc<dyn Clock>,
    closed: Receiver<ClosedBatch>,
    writer: SyncSender<Task>,
) -> Result<JoinHandle<()>, StoreError> {
    let state = StoreState::new(store)?;
    let mut sealer = Sealer {
        ledger: Ledger::open(domain, state, SimdCompressor),
        witnesses,
        second_look,
        clock,
        threads: yielding_pool("sealing", 0)?,
        unwritten: None,
    };
    let name = "sealer";
    threads::spawn(name, writer.clone(), move || {
        yield_to_orders();
        if let Err(error) = sealer.run(&closed, &writer) {
            let _ = writer.send(Task::Failed(error));
        }
    })
    .map_err(StoreError::io(name))
}

struct Sealer {
    ledger: Ledger<SimdCompressor, StoreState>,
    /// Where witnesses are kept; nowhere when nothing is proven.
    witnesses: Option<Witnesses>,
    second_look: SecondLook,
    /// Says when a batch was sealed.
    clock: Arc<dyn Clock>,
    /// What hashes: threads of its own, so that the checks of signatures wait for none of it.
    threads: rayon::ThreadPool,
    /// Where the writer says that the batch before is written; `None` when it has said so.
    unwritten: Option<Receiver<()>>,
}

impl Sealer {
    /// Seals what comes, until there is nobody who sends anything or takes it.
    fn run(
        &mut self,
        closed: &Receiver<ClosedBatch>,
        writer: &SyncSender<Task>,
    ) -> Result<(), StoreError> {
        loop {
            let batch = match closed.try_recv() {
                Ok(batch) => batch,
                Err(TryRecvError::Disconnected) => return Ok(()),
                // nothing to do meanwhile: the moment of the store that is read holds back the reuse of its pages
                Err(TryRecvError::Empty) => {
                    if !self.wait_for_writer()? {
                        return Ok(());
                    }
                    let Ok(batch) = closed.recv() else {
                        return Ok(());
                    };
                    batch
                }
            };
            let believed = !self.second_look.doubt.any();
            let commit = self.seal(&batch)?;
            if !self.wait_for_writer()? {
                return Ok(());
            }
            if believed && self.second_look.doubt.any() {
                // found out while it was hashed, or while it waited for the writer
                self.look_again(&batch)?;
            }
            let (written, unwritten) = std::sync::mpsc::sync_channel(1);
            let sealed = Box::new(Sealed { commit, written });
            if writer.send(Task::Sealed(sealed)).is_err() {
                return Ok(());
            }
            self.unwritten = Some(unwritten);
        }
    }

    /// Waits until the batch before is written, and reads the store as it is then. `false` when the writer is gone, or
    /// ends before it has written: then so does this thread.
    fn wait_for_writer(&mut self) -> Result<bool, StoreError> {
        if let Some(unwritten) = self.unwritten.take() {
            if unwritten.recv().is_err() {
                return Ok(false);
            }
            self.ledger.state_mut().written()?;
        }
        Ok(true)
    }

    fn seal(&mut self, closed: &ClosedBatch) -> Result<SealCommit, StoreError> {
        let batch = self.apply_yielding(closed)?;
        fault::point("sealed-in-memory");
        let witness = match &self.witnesses {
            Some(witnesses) => Some(witnesses.keep(&batch)?),
            None => None,
        };
        fault::point("witness-kept");
        let number = closed.number;
        let records = wire::encode(&batch.records, number)
            .map_err(|error| StoreError::corrupt(format!("records of batch {number}: {error}")))?;
        let first = closed.entries.first().map_or(0, |entry| entry.sequence);
        let last = closed.entries.last().map_or(0, |entry| entry.sequence);
        let (mut with_record, mut of_the_pool) = (0, 0);
        let mut operations = Vec::with_capacity(closed.entries.len());
        for Entry {
            sequence,
            operation,
            ..
        } in &closed.entries
        {
            let position = if operation.has_record() {
                with_record += 1;
                with_record - 1
            } else {
                of_the_pool
            };
            // in the order of the pool's operations, among which shielding has a record too
            of_the_pool += u32::from(matches!(
                **operation,
                Operation::Shield { .. } | Operation::Note { .. } | Operation::Private { .. }
            ));
            if !matches!(**operation, Operation::Close { .. }) {
                operations.push(SealedOperation {
                    sequence: *sequence,
                    id: operation.id(),
                    claims: operation.claims(),
                    accounts: operation.accounts(),
                    position,
                });
            }
        }
        let changes = self.ledger.state().take().cloned().unwrap_or_default();
        Ok(SealCommit {
            public_inputs: batch.public_inputs,
            changes,
            records,
            operations,
            consumed: first..last + 1,
            sealed_at: self.clock.now().millis(),
            supplies: closed.supplies.clone(),
            with_record,
            witness,
            pool: closed.pool.clone().map(|pool| PoolCommit {
                closed: pool,
                operations: closed
                    .entries
                    .iter()
                    .map(|entry| entry.operation.clone())
                    .collect(),
            }),
        })
    }

    /// Checks everything of a batch, of which what this process took was believed.
    fn look_again(&self, closed: &ClosedBatch) -> Result<(), StoreError> {
        let (domain, judge) = (self.ledger.domain(), &*self.second_look.judge);
        self.threads
            .install(|| check_replayed(closed, domain, EVERYTHING, judge))
    }

    fn apply_yielding(&mut self, closed: &ClosedBatch) -> Result<SealedBatch, StoreError> {
        let Self {
            ledger,
            second_look:
                SecondLook {
                    replayed,
                    doubt,
                    judge,
                },
            threads,
            ..
        } = self;
        // when workers are not believed, nothing that this process took is either
        let replayed = if doubt.any() { EVERYTHING } else { *replayed };
        threads.install(|| {
            check_replayed(closed, ledger.domain(), replayed, &**judge)?;
            apply(ledger, closed)
        })
    }
}

/// Checks the signatures of orders and the proofs of private operations that a process before this one took: what is in the
/// log was checked then, and who changed the log since is found out here, before anything of it is sealed. So is what two
/// workers that lied had brought into it.
fn check_replayed(
    closed: &ClosedBatch,
    domain: &Domain,
    replayed: u64,
    judge: &(dyn VerifyPrivate + Send + Sync),
) -> Result<(), StoreError> {
    let wrong = |sequence: u64, what: &str| {
        StoreError::corrupt(format!("log entry {sequence} has no valid {what}"))
    };
    let entries = closed.entries.iter();
    let entries: Vec<&Entry> = entries.filter(|one| one.sequence < replayed).collect();
    let orders = entries.iter().copied();
    let orders = orders.filter_map(|one| Some((one.sequence, one.operation.order()?)));
    let orders: Vec<(u64, &CheckedOrder)> = orders.collect();
    let signed = orders.iter().map(|(_, order)| order.signed().clone());
    let checked = admission::check_on_all_threads(signed.collect(), domain);
    for ((sequence, order), checked) in orders.into_iter().zip(checked) {
        if checked.as_ref() != Ok(order) {
            return Err(wrong(sequence, "signature"));
        }
    }
    entries
        .par_iter()
        .try_for_each(|one| match &*one.operation {
            Operation::Private { operation, .. } => Verified::again(operation, domain, judge)
                .map_err(|refusal| wrong(one.sequence, &format!("proof: {refusal}"))),
            _ => Ok(()),
        })
}

/// Applies the operations. Each was tried before, so that a refusal is a mistake of this program, and
/// nothing is written after it.
fn apply(
    ledger: &mut Ledger<SimdCompressor, StoreState>,
    closed: &ClosedBatch,
) -> Result<SealedBatch, StoreError> {
    let number = closed.number;
    let mistake = |what: String| {
        StoreError::corrupt(format!("batch {number} is not as it was decided: {what}"))
    };
    let mut batch = ledger.open_batch();
    if batch.number() != number {
        return Err(mistake(format!("the store is at batch {}", batch.number())));
    }
    for entry in &closed.entries {
        match &*entry.operation {
            Operation::Order { order, .. } | Operation::Shield { order, .. } => {
                batch.checked(order.clone())
            }
            Operation::Deposit { deposit, .. } => batch.deposit(*deposit),
            Operation::Collect { to } => batch.collect_fees(*to),
            // what it pays to accounts are deposits after it
            Operation::Note { .. } | Operation::Private { .. } | Operation::Close { .. } => Ok(()),
        }
        .map_err(|error| match error.refusal() {
            Ok(refusal) => mistake(refusal.to_string()),
            Err(error) => error,
        })?;
    }
    batch.seal(Some(closed.slots)).map_err(|error| match error {
        winterlane_ledger::SealError::State(error) => error,
        other => mistake(other.to_string()),
    })
}
