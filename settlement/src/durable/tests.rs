//! The disk fails, is full, or loses its power: what was answered lasts, and a failed write is not tried again.

// the disk of the node's tests
#[path = "../../../node/src/run/tests/medium.rs"]
mod medium;

mod beside;

use std::{collections::BTreeMap, path::Path, sync::Arc};

use redb::{Builder, StorageBackend};
use winterlane_ledger::{
    Amount, AssetId, BatchNumber, ChainId, NewKeys, RollupId, Root, hash::domain_digest,
    testing::Numbers,
};

use self::medium::{Disk, Fault};
use super::*;
use crate::{DepositTo, Rules, Secret, Verifier};

fn genesis() -> Genesis {
    Genesis {
        domain: domain_digest(ChainId::new(1), RollupId::new(7)),
        first_batch: BatchNumber::ZERO,
        accounts: BTreeMap::new(),
        operator: Secret::from_bytes([1; 32]).party(),
        governor: Party::NOBODY,
        rules: Rules::default(),
    }
}

fn open(disk: &Disk, least: u64) -> Result<Arc<Durable<Verifier>>, StoreError> {
    let genesis = genesis();
    let verifier = Verifier::of_bits(genesis.rules.bits);
    open_by(disk, least, verifier, Box::new(|| 1_000))
}

/// The same, with other proofs and another clock.
fn open_by<P: Proofs>(
    disk: &Disk,
    least: u64,
    proofs: P,
    clock: Clock,
) -> Result<Arc<Durable<P>>, StoreError> {
    let mut builder = Builder::new();
    builder.set_cache_size(1 << 20);
    let fresh = StorageBackend::len(disk).unwrap() == 0;
    let database = builder.create_with_backend(disk.clone())?;
    let database = if fresh {
        Log::create(database, &genesis())?.into_inner()
    } else {
        database
    };
    Durable::with(database, None, Path::new("disk"), |_| proofs, clock, least)
}

fn deposit(amount: Amount) -> Call {
    Call::Deposit {
        asset: AssetId::new(9),
        amount,
        to: DepositTo::New(NewKeys::single(Root::ZERO)),
    }
}

fn who() -> Party {
    Secret::from_bytes([7; 32]).party()
}

fn count(durable: &Arc<Durable<Verifier>>) -> u128 {
    let status = durable.by(who()).status().unwrap();
    status
        .totals
        .get(&AssetId::new(9))
        .copied()
        .unwrap_or(Amount::ZERO)
        .get()
}

/// Lives that end with a fault each. With checkpoints at nearly every call, faults come in the midst of those, too.
fn lives(fault: Fault, seed: u64) -> (u64, u128) {
    let mut random = Numbers(seed);
    let mut disk = Disk::default();
    drop(open(&disk, 300).unwrap());
    let mut answered = 0;
    for _ in 0..4 {
        let durable = open(&disk, 300).unwrap();
        let before = count(&durable);
        // the call that was under way when the last life ended may be there, or not
        assert!(
            (answered..=answered + 1).contains(&before),
            "{before} {answered}"
        );
        answered = before;
        disk.strike(random.below(60), fault);
        let handle = durable.by(who());
        let mut failed = false;
        for _ in 0..40 {
            match handle.call(&deposit(Amount::new(1))) {
                Ok(_) => answered += 1,
                Err(CallError::Unavailable { .. }) => {
                    failed = true;
                    break;
                }
                Err(refused) => panic!("{refused}"),
            }
        }
        if failed {
            // the disk would work again after an error: nobody asks it to
            let writes = disk.operations();
            for _ in 0..3 {
                let said = handle
                    .call(&deposit(Amount::new(1)))
                    .unwrap_err()
                    .to_string();
                assert!(said.contains("start settlement again"), "{said}");
                handle.status().unwrap_err();
                handle.batch(BatchNumber::ZERO).unwrap_err();
            }
            assert_eq!(disk.operations(), writes, "a failed write was tried again");
        }
        drop((handle, durable));
        disk = disk.restart(&mut random);
    }
    let durable = open(&disk, 300).unwrap();
    assert!((answered..=answered + 1).contains(&count(&durable)));
    (disk.struck(), answered)
}

#[test]
fn a_failed_write_is_not_tried_again_and_what_was_answered_lasts() {
    for fault in [Fault::Error, Fault::PowerLoss] {
        let (mut struck, mut answered) = (0, 0);
        for seed in 0..12 {
            let (faults, calls) = lives(fault, seed);
            struck += faults;
            answered += calls;
        }
        println!("settlement, {fault:?}: {struck} tried, {answered} calls answered, lost 0");
        assert!(struck > 0 && answered > 0);
    }
}

#[test]
fn a_full_disk_refuses_and_goes_on_when_there_is_room() {
    let disk = Disk::default();
    let durable = open(&disk, 300).unwrap();
    let handle = durable.by(who());
    for _ in 0..5 {
        handle.call(&deposit(Amount::new(1))).unwrap();
    }
    disk.limit(Some(0));
    let said = handle.call(&deposit(Amount::new(1))).unwrap_err();
    assert!(matches!(said, CallError::Unavailable { .. }), "{said}");
    drop((handle, durable));
    let disk = disk.restart(&mut Numbers(3));
    disk.limit(None);
    let durable = open(&disk, 300).unwrap();
    assert!((5..=6).contains(&count(&durable)));
    durable.by(who()).call(&deposit(Amount::new(1))).unwrap();
}

/// The log does not grow for ever, and a settlement that is opened from a checkpoint is the same.
#[test]
fn a_checkpoint_takes_the_place_of_the_calls_before_it() {
    let disk = Disk::default();
    let durable = open(&disk, 2_000).unwrap();
    let handle = durable.by(who());
    let mut most = 0;
    for amount in 1..=200 {
        handle.call(&deposit(Amount::new(amount))).unwrap();
        most = most.max(durable.log.calls());
    }
    assert!(most < 200, "{most} calls are in the log");
    let (status, owed) = (
        handle.status().unwrap(),
        handle.obligations(0, 999).unwrap(),
    );
    drop((handle, durable));
    let durable = open(&disk, 2_000).unwrap();
    let handle = durable.by(who());
    assert_eq!(handle.status().unwrap(), status);
    assert_eq!(handle.obligations(0, 999).unwrap(), owed);
    match handle.call(&deposit(Amount::new(5))).unwrap() {
        Outcome::Deposited { number, .. } => assert_eq!(number, 200),
        other => panic!("{other:?}"),
    }
}

/// A file that cannot be read back has a reason, and is left as it is.
#[test]
fn the_disk_of_a_stranger_is_no_settlement() {
    let disk = Disk::default();
    drop(Builder::new().create_with_backend(disk.clone()).unwrap());
    assert!(open(&disk, 1).is_err());
}

/// A program that another thread starts has a copy of every open file, until it runs.
#[cfg(unix)]
#[test]
fn a_lock_ends_while_a_copy_of_its_file_is_open() {
    let folder = tempfile::tempdir().unwrap();
    let held = lock(folder.path()).unwrap();
    let copy = held.0.try_clone().unwrap();
    assert!(matches!(
        lock(folder.path()),
        Err(StoreError::Locked { .. })
    ));
    drop(held);
    lock(folder.path()).unwrap();
    drop(copy);
}
