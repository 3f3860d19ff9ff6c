//! The sealer beside a writer that is slow.

use std::{
    sync::{Arc, mpsc::sync_channel},
    time::Duration,
};

use winterlane_ledger::{AccountId, BatchNumber, NewKeys, Root, Scope};

use crate::{
    Genesis, OrderId,
    clock::SystemClock,
    core::{ClosedBatch, Entry, Operation},
    panel::Doubt,
    run::{
        sealer::{self, AT_ONCE, SecondLook},
        writer::Task,
    },
    store::Store,
    testing::{Word, deposit, domain, until},
    witness::Witnesses,
};

/// A batch of one deposit.
fn closed(number: u64) -> ClosedBatch {
    let batch = BatchNumber::new(number);
    let reference = [number as u8 + 1; 32];
    let mut deposit = deposit(5, 100);
    deposit.keys = (number == 0).then_some(NewKeys {
        roots: [Root::ZERO; 2],
        scopes: [Scope::BOTH; 2],
    });
    let operations = [
        Operation::Deposit {
            id: OrderId::of_deposit(&reference, &[]),
            reference,
            deposit,
        },
        Operation::Close { slots: 2 },
    ];
    let entries = (2 * number..).zip(operations);
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

/// While a batch is being written the next one is hashed, on what the first leaves behind; no other is given to the writer
/// before the first is written.
#[test]
fn a_batch_is_hashed_while_the_one_before_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(Store::open(folder.path(), &Genesis::empty(domain()), 1 << 20).unwrap());
    let witnesses = Witnesses::open(folder.path()).unwrap();
    let (closed_batches, received) = sync_channel(AT_ONCE);
    let (tasks, given) = sync_channel(8);
    let second_look = SecondLook {
        replayed: 0,
        doubt: Arc::new(Doubt::open(folder.path()).unwrap()),
        judge: Arc::new(Word),
    };
    let sealing = sealer::spawn(
        store.clone(),
        domain(),
        Some(witnesses),
        second_look,
        Arc::new(SystemClock),
        received,
        tasks,
    )
    .unwrap();
    closed_batches.send(closed(0)).unwrap();
    closed_batches.send(closed(1)).unwrap();
    let sealed = || match given.recv_timeout(Duration::from_secs(60)) {
        Ok(Task::Sealed(sealed)) => sealed,
        other => panic!("{other:?}"),
    };
    let first = sealed();
    // its witness is the last thing that a batch leaves before it is given to the writer
    let witness = folder.path().join("witness").join(format!("{:020}", 1));
    until(|| witness.exists().then_some(()));
    assert!(given.try_recv().is_err(), "the first is not written");
    store.seal(&first.commit).unwrap();
    first.written.send(()).unwrap();
    let second = sealed();
    let [one, two] = [&first, &second].map(|sealed| &sealed.commit.public_inputs);
    assert_eq!(one.batch_number, BatchNumber::ZERO);
    assert_eq!(
        (two.batch_number, two.old_root),
        (BatchNumber::new(1), one.new_root)
    );
    store.seal(&second.commit).unwrap();
    second.written.send(()).unwrap();
    // another one, after it had nothing to do
    closed_batches.send(closed(2)).unwrap();
    let third = sealed();
    assert_eq!(third.commit.public_inputs.old_root, two.new_root);
    store.seal(&third.commit).unwrap();
    third.written.send(()).unwrap();
    drop(closed_batches);
    sealing.join().unwrap();
    let account = store.view().unwrap();
    let account = winterlane_ledger::state::ReadState::account(&account, AccountId::new(5));
    assert_eq!(account.unwrap().unwrap().balance.get(), 300);
}

/// A writer that ends before it has written ends the sealer.
#[test]
fn a_sealer_ends_with_its_writer() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(Store::open(folder.path(), &Genesis::empty(domain()), 1 << 20).unwrap());
    let (closed_batches, received) = sync_channel(AT_ONCE);
    let (tasks, given) = sync_channel(8);
    let second_look = SecondLook {
        replayed: 0,
        doubt: Arc::new(Doubt::open(folder.path()).unwrap()),
        judge: Arc::new(Word),
    };
    let clock = Arc::new(SystemClock);
    let sealing =
        sealer::spawn(store, domain(), None, second_look, clock, received, tasks).unwrap();
    closed_batches.send(closed(0)).unwrap();
    closed_batches.send(closed(1)).unwrap();
    drop(given.recv_timeout(Duration::from_secs(60)).unwrap());
    drop(given);
    sealing.join().unwrap();
}
