//! The sealer beside a writer that is slow.

use std::{
    path::Path,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::JoinHandle,
    time::Duration,
};

use winterlane_ledger::{
    AccountId, BatchNumber, NewKeys, Root, Scope, pool::Pool, state::ReadState as _,
};

use crate::{
    Genesis, OrderId,
    clock::SystemClock,
    core::{ClosedBatch, Entry, Operation},
    keys::PublicKey,
    panel::{Doubt, FalseVerdict},
    private::Verified,
    run::{
        sealer::{self, AT_ONCE, Sealed, SecondLook},
        writer::Task,
    },
    store::Store,
    testing::{Word, deposit, domain, private_transfer, until},
    witness::Witnesses,
};

/// The deposit that is all of a batch.
fn credit(number: u64) -> Operation {
    let reference = [number as u8 + 1; 32];
    let mut deposit = deposit(5, 100);
    deposit.keys = (number == 0).then_some(NewKeys {
        roots: [Root::ZERO; 2],
        scopes: [Scope::BOTH; 2],
    });
    Operation::Deposit {
        id: OrderId::of_deposit(&reference, &[]),
        reference,
        deposit,
    }
}

/// A batch of one operation.
fn closed(number: u64, operation: Operation) -> ClosedBatch {
    let batch = BatchNumber::new(number);
    let entries = (2 * number..).zip([operation, Operation::Close { slots: 2 }]);
    ClosedBatch {
        number: batch,
        slots: 2,
        entries: entries
            .map(|(sequence, operation)| Entry {
                sequence,
                batch,
                operation: Arc::new(operation),
            })
            .collect(),
        supplies: Vec::new(),
        pool: None,
    }
}

/// A sealer, and the writer's ends of its channels.
struct Beside {
    store: Arc<Store>,
    doubt: Arc<Doubt>,
    closed: SyncSender<ClosedBatch>,
    given: Receiver<Task>,
    sealing: JoinHandle<()>,
}

impl Beside {
    /// With these batches, which are there before the sealer is: it looks for the next one when it has sealed one.
    fn new(folder: &Path, batches: impl IntoIterator<Item = ClosedBatch>) -> Self {
        let store = Store::open(folder, &Genesis::empty(domain()), 1 << 20).unwrap();
        let store = Arc::new(store);
        let doubt = Arc::new(Doubt::open(folder).unwrap());
        let (closed, received) = sync_channel(AT_ONCE);
        for batch in batches {
            store.append(&batch.entries).unwrap();
            closed.send(batch).unwrap();
        }
        let (tasks, given) = sync_channel(8);
        let sealing = sealer::spawn(
            store.clone(),
            domain(),
            Some(Witnesses::open(folder).unwrap()),
            SecondLook {
                replayed: 0,
                doubt: doubt.clone(),
                judge: Arc::new(Word),
            },
            Arc::new(SystemClock),
            received,
            tasks,
        )
        .unwrap();
        Self {
            store,
            doubt,
            closed,
            given,
            sealing,
        }
    }

    fn task(&self) -> Task {
        self.given.recv_timeout(Duration::from_secs(60)).unwrap()
    }

    fn sealed(&self) -> Box<Sealed> {
        match self.task() {
            Task::Sealed(sealed) => sealed,
            other => panic!("{other:?}"),
        }
    }

    fn write(&self, sealed: &Sealed) {
        self.store.seal(&sealed.commit).unwrap();
        sealed.written.send(()).unwrap();
    }
}

/// Waits until a batch is hashed: its witness is the last thing that it leaves before it is given to the writer.
fn hashed(folder: &Path, batch: u64) {
    let witness = folder.join("witness").join(format!("{batch:020}"));
    until(|| witness.exists().then_some(()));
}

/// While a batch is being written the next one is hashed, on what the first leaves behind; no other is given to the writer
/// before the first is written.
#[test]
fn a_batch_is_hashed_while_the_one_before_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let batches = [0, 1].map(|number| closed(number, credit(number)));
    let beside = Beside::new(folder.path(), batches);
    let first = beside.sealed();
    hashed(folder.path(), 1);
    assert!(beside.given.try_recv().is_err(), "the first is not written");
    beside.write(&first);
    let second = beside.sealed();
    let [one, two] = [&first, &second].map(|sealed| &sealed.commit.public_inputs);
    assert_eq!(one.batch_number, BatchNumber::ZERO);
    assert_eq!(two.batch_number, BatchNumber::new(1));
    assert_eq!(two.old_root, one.new_root);
    beside.write(&second);
    // another one, after it had nothing to do
    let another = closed(2, credit(2));
    beside.store.append(&another.entries).unwrap();
    beside.closed.send(another).unwrap();
    let third = beside.sealed();
    assert_eq!(third.commit.public_inputs.old_root, two.new_root);
    beside.write(&third);
    let account = beside.store.view().unwrap().account(AccountId::new(5));
    assert_eq!(account.unwrap().unwrap().balance.get(), 300);
    let Beside {
        closed, sealing, ..
    } = beside;
    drop(closed);
    sealing.join().unwrap();
}

/// A writer that ends before it has written ends the sealer.
#[test]
fn a_sealer_ends_with_its_writer() {
    let folder = tempfile::tempdir().unwrap();
    let batches = [0, 1].map(|number| closed(number, credit(number)));
    let beside = Beside::new(folder.path(), batches);
    drop(beside.sealed());
    beside.sealing.join().unwrap();
}

/// That workers lied may be found out while a batch that rests on their word is hashed, or waits for the one before it: it
/// is looked at again, and not written.
#[test]
fn a_batch_that_waits_is_looked_at_again_when_workers_are_not_believed_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let mut operation = private_transfer([1, 2], Pool::new(domain()).anchor());
    operation.proof = b"two workers say so".to_vec();
    let private = Operation::Private {
        id: OrderId::of_private(b"it"),
        operation: Verified::logged(operation),
    };
    let batches = [closed(0, credit(0)), closed(1, private)];
    let beside = Beside::new(folder.path(), batches);
    let first = beside.sealed();
    hashed(folder.path(), 1);
    let liar = ("worker-1".parse().unwrap(), PublicKey::from_bytes([1; 32]));
    let said = ("it holds".into(), "it does not".into());
    let verdict = FalseVerdict::new(liar, &OrderId::of_private(b"another"), said.0, said.1);
    beside.doubt.add(verdict).unwrap();
    beside.write(&first);
    match beside.task() {
        Task::Failed(error) => assert!(error.to_string().contains("log entry 2"), "{error}"),
        other => panic!("{other:?}"),
    }
    beside.sealing.join().unwrap();
}
