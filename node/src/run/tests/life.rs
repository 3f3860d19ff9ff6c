//! A node from start to stop, and again.

use redb::ReadableTable as _;
use winterlane_ledger::{Account, AccountId, Amount, BatchNumber, Nonce, wire};

use super::{BALANCE, included, options, payers, start_willing};
use crate::{
    AdminError, BatchStage, Event, ForcedOutcome, Node, ReadError, Refusal, StartError, StoreError,
    SubmitError,
    run::{Stand, start},
    settlement::{Folder, Published, Settlement},
    store::Store,
    testing::{Word, deposit, private_transfer, until, wait},
};

#[test]
fn orders_are_taken_sealed_proven_and_published() {
    let folder = tempfile::tempdir().unwrap();
    let mut payers = payers(3, 4);
    let (node, running) = start_willing(folder.path(), &payers).unwrap();
    let mut events = node.subscribe();
    let mut orders = Vec::new();
    for round in 0..5 {
        for payer in &mut payers {
            let to = payer.id.get() % 3 + 1;
            orders.push(payer.pay(to, 10 + round, 0));
        }
    }
    let receipts = wait(node.submit_many(orders.clone()));
    let receipts: Vec<_> = receipts.into_iter().map(Result::unwrap).collect();
    let sequences: Vec<_> = receipts.iter().map(|receipt| receipt.sequence).collect();
    assert!(sequences.is_sorted_by(|a, b| a < b), "{sequences:?}");
    let credit = wait(node.deposit([5; 32], deposit(2, 500))).unwrap();

    let mut places = Vec::new();
    for receipt in receipts.iter().chain([&credit]) {
        let place = included(&node, &receipt.id, BatchStage::Published);
        assert_eq!(place.0, receipt.batch);
        places.push(place);
    }
    places.sort_unstable();
    places.dedup();
    assert_eq!(places.len(), orders.len() + 1, "no two orders at one place");

    // money only moved in circles, but for the deposit
    let balance = |id| {
        let account = node.account(AccountId::new(id)).unwrap().unwrap();
        account.sealed.unwrap().balance.get()
    };
    assert_eq!([1, 2, 3].map(balance), [BALANCE, BALANCE + 500, BALANCE]);
    let status = node.status().unwrap();
    assert_eq!((status.pending, status.unproven, status.held), (0, 0, 0));
    assert!(status.ready() && status.accepted == 16);
    let proven = node.account_proof(AccountId::new(2)).unwrap();
    let account = proven.proof.verify(&status.root).unwrap().unwrap();
    assert_eq!(account.balance, Amount::new(BALANCE + 500));

    // what is published is what the batches say
    let (batch, _) = places[0];
    let view = node.batch(batch).unwrap().unwrap();
    let records = node.records(batch).unwrap().unwrap();
    let settled = Folder::new(folder.path().join("settled"));
    assert_eq!(
        std::fs::read(settled.file(batch, "records")).unwrap(),
        records
    );
    let records = wire::decode(&records, batch).unwrap();
    assert_eq!(records.len(), view.public_inputs.num_operations as usize);
    assert_eq!(view.stage, BatchStage::Published);
    assert!(node.batch_proof(batch).unwrap().is_some());
    assert_eq!(node.batch(status.next_to_seal).unwrap(), None);
    let history = node.history(AccountId::new(2), None, 100).unwrap();
    assert_eq!(history.len(), 11, "five sent, five received, one deposit");
    assert_eq!(
        node.history(AccountId::new(2), Some(history[3]), 2)
            .unwrap(),
        history[4..6]
    );

    // An event is told after what it is about can be read.
    let mut seen = (0, 0);
    until(|| {
        while let Ok(event) = events.try_recv() {
            match event {
                Event::Accepted { orders, .. } => seen.0 += orders,
                Event::Published { .. } => seen.1 += 1,
                _ => {}
            }
        }
        (seen == (16, status.next_to_publish.get())).then_some(())
    });

    running.stop();
    running.wait().unwrap();
    assert_eq!(node.status(), Err(ReadError::Stopped));
    assert_eq!(
        wait(node.submit(orders[0].clone())),
        Err(SubmitError::Stopped)
    );

    // started again, it answers as it did
    let (node, running) = start_willing(folder.path(), &[]).unwrap();
    for (order, receipt) in orders.iter().zip(&receipts) {
        let again = wait(node.submit(order.clone())).unwrap();
        assert_eq!(
            (again.id, again.sequence, again.batch),
            (receipt.id, receipt.sequence, receipt.batch)
        );
        assert!(again.known);
    }
    assert!(wait(node.deposit([5; 32], deposit(2, 500))).unwrap().known);
    let other = wait(node.deposit([5; 32], deposit(2, 501)));
    assert_eq!(other, Err(Refusal::DepositConflict.into()));
    let order = payers[0].pay(2, 1, 0);
    assert!(!wait(node.submit(order)).unwrap().known);
    running.stop();
    running.wait().unwrap();
}

#[test]
fn what_was_acknowledged_is_pending_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut payers = payers(2, 4);
    let mut patient = options(folder.path(), &payers);
    patient.limits.slots = 1024;
    patient.limits.max_age = std::time::Duration::from_secs(3600);
    let (node, running) = start(patient, Stand::default()).unwrap();
    let orders: Vec<_> = (0..6)
        .map(|n| payers[n % 2].pay(9 - n as u32, 0, 0))
        .collect();
    // nobody has the accounts 4 to 9
    for result in wait(node.submit_many(orders)) {
        assert!(matches!(
            result,
            Err(SubmitError::Refused(Refusal::Ledger(_)))
        ));
    }
    for payer in &mut payers {
        payer.nonce = Nonce::ZERO;
    }
    let orders: Vec<_> = (0..6).map(|n| payers[n % 2].pay(1, 3, 0)).collect();
    let receipts: Vec<_> = wait(node.submit_many(orders.clone()));
    assert_eq!(node.pending(AccountId::new(1)).unwrap().len(), 3);
    let pending: Vec<_> = node
        .pending(AccountId::new(2))
        .unwrap()
        .iter()
        .map(|order| order.nonce)
        .collect();
    assert_eq!(pending, [Nonce::ZERO, Nonce::new(1), Nonce::new(2)]);
    let view = node.account(AccountId::new(1)).unwrap().unwrap();
    assert_eq!(
        (view.pending_orders, view.pending.nonce),
        (3, Nonce::new(3))
    );
    assert_eq!(view.sealed.map(|account| account.nonce), Some(Nonce::ZERO));
    running.stop();
    running.wait().unwrap();

    let mut patient = options(folder.path(), &[]);
    patient.limits.max_age = std::time::Duration::from_secs(3600);
    patient.limits.slots = 1024;
    let (node, running) = start(patient, Stand::default()).unwrap();
    assert_eq!(node.account(AccountId::new(1)).unwrap(), Some(view));
    assert_eq!(node.status().unwrap().pending, 6);
    for (order, receipt) in orders.into_iter().zip(receipts) {
        let again = wait(node.submit(order)).unwrap();
        assert_eq!(again.sequence, receipt.unwrap().sequence);
        assert!(again.known);
    }
    // closed by hand
    assert_eq!(wait(node.seal_now()), Ok(BatchNumber::ZERO));
    assert_eq!(wait(node.seal_now()), Err(AdminError::Empty));
    // on the disk first, and then no longer shown as pending
    until(|| {
        let status = node.status().unwrap();
        (status.next_to_seal == BatchNumber::new(1) && status.pending == 0).then_some(())
    });
    let view = node.account(AccountId::new(1)).unwrap().unwrap();
    assert_eq!(view.sealed, Some(view.pending));
    running.stop();
    running.wait().unwrap();
}

#[test]
fn a_paused_node_answers_questions_only() {
    let folder = tempfile::tempdir().unwrap();
    let mut payers = payers(2, 3);
    let (node, running) = start_willing(folder.path(), &payers).unwrap();
    let before = payers[1].pay(1, 1, 0);
    let receipt = wait(node.submit(before.clone())).unwrap();
    wait(node.pause()).unwrap();
    // whoever lost the answer gets it: what was taken is taken
    let again = wait(node.submit(before)).unwrap();
    assert_eq!(
        (again.id, again.sequence, again.batch, again.known),
        (receipt.id, receipt.sequence, receipt.batch, true)
    );
    let order = payers[0].pay(2, 1, 0);
    assert_eq!(wait(node.submit(order.clone())), Err(SubmitError::Paused));
    until(|| node.status().unwrap().paused.then_some(()));
    assert!(!node.status().unwrap().ready());
    wait(node.resume()).unwrap();
    wait(node.submit(order)).unwrap();
    assert_eq!(
        wait(node.requeue(BatchNumber::new(77))),
        Err(AdminError::UnknownBatch {
            batch: BatchNumber::new(77)
        })
    );
    running.stop();
    running.wait().unwrap();
}

#[cfg(unix)]
#[test]
fn a_full_disk_is_told_before_it_is_full() {
    let folder = tempfile::tempdir().unwrap();
    let mut payers = payers(1, 3);
    let mut options = options(folder.path(), &payers);
    options.disk_reserve = u64::MAX;
    let (node, running) = start(options, Stand::default()).unwrap();
    let free = until(|| node.status().unwrap().disk_free);
    assert!(free > 0);
    let order = payers[0].pay(1, 1, 0);
    assert_eq!(wait(node.submit(order)), Err(SubmitError::ReadOnly));
    assert!(node.status().unwrap().read_only);
    assert_eq!(
        node.account(AccountId::new(1))
            .unwrap()
            .unwrap()
            .pending
            .balance,
        Amount::new(BALANCE)
    );
    running.stop();
    running.wait().unwrap();
}

#[test]
fn one_process_has_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let (_node, running) = start_willing(folder.path(), &[]).unwrap();
    let error = start_willing(folder.path(), &[]).unwrap_err();
    let locked = matches!(error, StartError::Store(StoreError::Locked { .. }));
    assert!(locked, "{error}");
    running.stop();
    running.wait().unwrap();
    let (_node, running) = start_willing(folder.path(), &[]).unwrap();
    running.stop();
    running.wait().unwrap();
}

/// A copy of the folder makes other batches from the same state. Settlement takes one.
#[test]
fn a_cloned_node_cannot_fork() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let payers = payers(2, 3);
    let settled = first.path().join("settled");
    let start_at = |folder: &std::path::Path| {
        let mut options = options(folder, &payers);
        options.settlement = Some(Box::new(Folder::new(&settled)));
        start(
            options,
            Stand {
                prover: Some(Box::new(|_| Box::new(super::Willing))),
                ..Stand::default()
            },
        )
    };
    let pay = |node: &Node, amount| {
        let order = payers[0].clone().pay(2, amount, 0);
        wait(node.submit(order)).unwrap().id
    };
    let (one, running_one) = start_at(first.path()).unwrap();
    let (two, running_two) = start_at(second.path()).unwrap();
    let mut alarms = two.subscribe();
    let order = pay(&one, 1);
    included(&one, &order, BatchStage::Published);
    let order = pay(&two, 2);
    included(&two, &order, BatchStage::Proven);
    let alarm = until(|| match alarms.try_recv() {
        Ok(Event::Alarm(alarm)) => Some(alarm),
        _ => None,
    });
    assert!(
        matches!(alarm, crate::Alarm::Settlement { batch, .. } if batch.get() == 0),
        "{alarm:?}"
    );
    assert_eq!(two.status().unwrap().next_to_publish, BatchNumber::ZERO);
    for running in [running_one, running_two] {
        running.stop();
        running.wait().unwrap();
    }
    // started again, the clone hears it at once
    let error = start_at(second.path()).unwrap_err();
    assert!(
        matches!(error, StartError::Forked { settled } if settled.get() == 1),
        "{error}"
    );
    let (_one, running) = start_at(first.path()).unwrap();
    running.stop();
    running.wait().unwrap();
}

/// Died between publishing and noting it: settlement's word is final.
#[test]
fn settlement_is_heeded_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let mut payers = payers(2, 3);
    let (node, running) = start(options(folder.path(), &payers), Stand::default()).unwrap();
    let order = payers[0].pay(2, 1, 0);
    let id = wait(node.submit(order)).unwrap().id;
    included(&node, &id, BatchStage::Sealed);
    let view = node.batch(BatchNumber::ZERO).unwrap().unwrap();
    running.stop();
    running.wait().unwrap();
    let mut settled = Folder::new(folder.path().join("settled"));
    settled
        .publish(Published {
            public_inputs: &view.public_inputs,
            records: b"",
            proof: b"",
            pool: &[],
        })
        .unwrap();
    let (node, running) = start_willing(folder.path(), &[]).unwrap();
    assert_eq!(node.status().unwrap().next_to_publish, BatchNumber::new(1));
    running.stop();
    running.wait().unwrap();
}

/// An account that a deposit creates can be asked for before and after its batch is sealed.
#[test]
fn deposits_create_accounts() {
    let folder = tempfile::tempdir().unwrap();
    let (node, running) = start_willing(folder.path(), &[]).unwrap();
    let payer = &payers(1, 3)[0];
    assert_eq!(node.account(AccountId::new(1)).unwrap(), None);
    let keys = winterlane_ledger::NewKeys {
        roots: [payer.key.tree.root(), winterlane_ledger::Root::ZERO],
        scopes: [
            winterlane_ledger::Scope::BOTH,
            winterlane_ledger::Scope::NONE,
        ],
    };
    let created = winterlane_ledger::Deposit {
        keys: Some(keys),
        ..deposit(1, 50)
    };
    let receipt = wait(node.deposit([1; 32], created)).unwrap();
    let expected: Account = payer.account(50);
    assert_eq!(
        node.account(AccountId::new(1)).unwrap().unwrap().pending,
        expected
    );
    included(&node, &receipt.id, BatchStage::Published);
    assert_eq!(
        node.account(AccountId::new(1)).unwrap().unwrap().sealed,
        Some(expected)
    );
    let mut payer = payer.clone();
    let receipt = wait(node.submit(payer.pay(1, 1, 0))).unwrap();
    included(&node, &receipt.id, BatchStage::Published);
    running.stop();
    running.wait().unwrap();
}

/// An order that arrives by settlement passes a node that is paused, and is there after a restart.
#[test]
fn a_forced_order_passes_a_paused_node() {
    let folder = tempfile::tempdir().unwrap();
    let mut payers = payers(2, 3);
    let (node, running) = start_willing(folder.path(), &payers).unwrap();
    wait(node.pause()).unwrap();
    let order = payers[0].pay(2, 7, 0);
    assert_eq!(wait(node.submit(order.clone())), Err(SubmitError::Paused));
    let Ok(ForcedOutcome::Included(receipt)) = wait(node.force(order.clone())) else {
        panic!("a possible order");
    };
    included(&node, &receipt.id, BatchStage::Published);
    let mut forged = payers[0].clone().pay(2, 7, 0);
    forged.nonce = forged.nonce.next().unwrap();
    let outcome = wait(node.force(forged)).unwrap();
    assert!(
        matches!(outcome, ForcedOutcome::Impossible(_)),
        "{outcome:?}"
    );
    running.stop();
    running.wait().unwrap();
    let (node, running) = start_willing(folder.path(), &[]).unwrap();
    let again = wait(node.force(order)).unwrap();
    let ForcedOutcome::Included(again) = again else {
        panic!("it is included");
    };
    assert_eq!((again.batch, again.known), (receipt.batch, true));
    running.stop();
    running.wait().unwrap();
}

/// The log is decided again at a start without a look at signatures, and before anything of it is sealed each is checked:
/// who changed the log between two processes gets nothing sealed.
#[test]
fn a_log_that_was_changed_is_found_out_before_its_batch_is_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let mut people = payers(2, 2);
    let open = |people: &[crate::testing::Payer]| {
        let mut options = options(folder.path(), people);
        options.limits.max_age = std::time::Duration::from_secs(86_400);
        start(options, Stand::default()).unwrap()
    };
    let (node, running) = open(&people);
    let order = people[0].pay(2, 5, 0);
    let receipt = wait(node.submit(order)).unwrap();
    running.stop();
    running.wait().unwrap();
    drop(node);

    // the lowest bit of the last digest of the signature's path
    let change = || change_log(folder.path(), receipt.sequence, 8);
    change();
    let (node, running) = open(&people);
    assert_eq!(node.status().unwrap().pending, 1);
    // closing it has it sealed, which fails: whether the answer comes before that or not
    let _ = wait(node.seal_now());
    let error = running.wait().unwrap_err().to_string();
    assert!(error.contains("no valid signature"), "{error}");
    drop(node);

    // Nothing was sealed. As it was, it goes on.
    let store = Store::open(
        folder.path(),
        &options(folder.path(), &people).genesis,
        1 << 20,
    );
    assert_eq!(
        store.unwrap().view().unwrap().head().next_batch,
        BatchNumber::ZERO
    );
    change();
    let (node, running) = open(&people);
    let (batch, _) = included(&node, &receipt.id, BatchStage::Sealed);
    assert_eq!(batch, receipt.batch);
    running.stop();
    running.wait().unwrap();
}

/// Changes the lowest bit of a byte, counted from its end, of an entry of the log of a node that does not run.
fn change_log(folder: &std::path::Path, sequence: u64, from_end: usize) {
    const LOG: redb::TableDefinition<'_, u64, &[u8]> = redb::TableDefinition::new("log");
    let database = redb::Database::open(folder.join(crate::store::FILE)).unwrap();
    let transaction = database.begin_write().unwrap();
    {
        let mut log = transaction.open_table(LOG).unwrap();
        let mut entry = log.get(sequence).unwrap().unwrap().value().to_vec();
        let at = entry.len() - from_end;
        entry[at] ^= 1;
        log.insert(sequence, entry.as_slice()).unwrap();
    }
    transaction.commit().unwrap();
}

/// The proof of a private operation is looked at again, too, if another process has logged it.
#[test]
fn a_private_operation_that_was_changed_is_found_out_before_its_batch_is_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let open = || {
        let mut options = options(folder.path(), &[]);
        options.limits.max_age = std::time::Duration::from_secs(86_400);
        let stand = Stand {
            judge: Some(std::sync::Arc::new(Word)),
            ..Stand::default()
        };
        start(options, stand).unwrap()
    };
    let (node, running) = open();
    let anchor = node.anchors(1).unwrap().anchors[0].1;
    let receipt = wait(node.submit_private(private_transfer([1, 2], anchor))).unwrap();
    running.stop();
    running.wait().unwrap();
    drop(node);

    // the last byte of the proof
    let change = || change_log(folder.path(), receipt.sequence, 1);
    change();
    let (node, running) = open();
    let _ = wait(node.seal_now());
    let error = running.wait().unwrap_err().to_string();
    assert!(error.contains("no valid proof"), "{error}");
    drop(node);
    change();
    let (node, running) = open();
    // that it is closed is in the log
    included(&node, &receipt.id, BatchStage::Sealed);
    running.stop();
    running.wait().unwrap();
}
