//! The store against the state in memory, and what it writes.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use redb::ReadableDatabase;
use winterlane_ledger::{
    Account, AccountId, Amount, AssetId, BatchNumber, Deposit, Domain, Ledger, NewKeys, Root,
    ScalarCompressor, Scope, check_orders,
    codec::CanonicalBytes,
    pool::{Payment, Pool, PoolOperation, PoolParts, encode_operation},
    state::{Changes, MemoryState, ReadState, State},
    testing::{Numbers, state::Fixture},
};

use super::{
    Genesis, PoolCommit, SealCommit, SealedOperation, Store, StoreError, StoreState, tables,
};
use crate::{
    OrderId,
    core::{Claim, ClosedPool, Entry, LoggedEntry, Operation},
    private::{Shielding, Verified, encode},
    testing::{HOLDS, Payer, Word, deposit, domain, private_transfer},
};

mod golden;
mod snapshots;
mod versions;

use golden::dump;

const CACHE: usize = 1 << 20;

fn genesis(accounts: &[(AccountId, Account)]) -> Genesis {
    Genesis {
        accounts: accounts.to_vec(),
        ..Genesis::empty(domain())
    }
}

fn open(folder: &Path, accounts: &[(AccountId, Account)]) -> Arc<Store> {
    Arc::new(Store::open(folder, &genesis(accounts), CACHE).unwrap())
}

const IDS: [u32; 10] = [
    0,
    1,
    2,
    15,
    16,
    300,
    1 << 20,
    1 << 31,
    u32::MAX - 1,
    u32::MAX,
];

/// The same batches on a ledger over the store and on one in memory: the same witnesses, roots and proofs,
/// whether a batch is taken back, written, or found again after a restart.
#[test]
fn a_ledger_over_the_store_is_the_one_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let first = Account {
        asset: AssetId::new(7),
        balance: Amount::new(5),
        ..Account::default()
    };
    let accounts = [300, u32::MAX, 0].map(|id| (AccountId::new(id), first));
    let mut store = open(folder.path(), &accounts);
    let mut ours = Ledger::open(
        domain(),
        StoreState::new(store.clone()).unwrap(),
        ScalarCompressor,
    );
    let mut memory = Ledger::genesis(domain(), BatchNumber::ZERO, accounts).unwrap();
    assert_eq!(ours.root(), memory.root());
    let mut random = Numbers(11);
    for _ in 0..40 {
        let (mut one, mut two) = (ours.open_batch(), memory.open_batch());
        for _ in 0..=random.below(4) {
            let to = IDS[random.below(10) as usize];
            let deposit = Deposit {
                keys: one
                    .find(AccountId::new(to))
                    .unwrap()
                    .is_none()
                    .then_some(NewKeys {
                        roots: [Root::ZERO; 2],
                        scopes: [Scope::BOTH; 2],
                    }),
                ..deposit(to, u128::from(random.below(100)))
            };
            one.deposit(deposit).unwrap();
            two.deposit(deposit).unwrap();
        }
        assert_eq!(one.seal(None).unwrap(), two.seal(None).unwrap());
        match random.below(5) {
            0 => {
                ours.undo().unwrap();
                memory.undo().unwrap();
            }
            1 => {
                let version = ours.batch_number();
                ours.state_mut().commit(version.get()).unwrap();
                drop(ours);
                drop(store);
                store = open(folder.path(), &[]);
                let state = StoreState::new(store.clone()).unwrap();
                ours = Ledger::open(domain(), state, ScalarCompressor);
            }
            _ => {}
        }
        let (state, expected): (&StoreState, &MemoryState) = (ours.state(), memory.state());
        assert_eq!(
            (state.version(), state.root()),
            (expected.version(), expected.root())
        );
        for id in IDS.into_iter().chain([3, 301]) {
            let proof = state.prove(AccountId::new(id)).unwrap();
            assert_eq!(proof, memory.prove(AccountId::new(id)));
            assert_eq!(
                proof.verify(&memory.root()),
                Ok(memory.account(AccountId::new(id)).copied())
            );
        }
        for limit in [1, 3, 100] {
            let (found, known) = (
                state.accounts_from(AccountId::new(1), limit),
                expected.accounts_from(AccountId::new(1), limit),
            );
            assert_eq!(found.unwrap(), known.unwrap());
        }
    }
}

#[test]
fn an_opening_state_is_checked() {
    let account = |balance| Account {
        asset: AssetId::new(7),
        balance: Amount::new(balance),
        ..Account::default()
    };
    let mut beyond = account(1);
    beyond.slots[1].next_index = 1025;
    for wrong in [
        vec![(1, account(1)), (2, account(2)), (1, account(3))],
        vec![(1, beyond)],
        vec![(1, account(u128::MAX)), (2, account(1))],
    ] {
        let wrong = wrong.into_iter();
        let wrong: Vec<_> = wrong
            .map(|(id, account)| (AccountId::new(id), account))
            .collect();
        let folder = tempfile::tempdir().unwrap();
        let error = Store::open(folder.path(), &genesis(&wrong), CACHE).unwrap_err();
        let expected = match error {
            StoreError::Genesis(_) => true,
            StoreError::Supply { asset } => asset == AssetId::new(7),
            _ => false,
        };
        assert!(expected, "{error}");
    }
}

#[test]
fn another_rollup_or_format_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path(), &[]));
    let other = Genesis::empty(Domain::ZERO);
    let error = Store::open(folder.path(), &other, CACHE).unwrap_err();
    assert!(matches!(error, StoreError::Domain { .. }), "{error}");
    for found in [0, tables::FORMAT + 1, u32::MAX] {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path(), &[]);
        let transaction = store.database.begin_write().unwrap();
        {
            let mut meta = transaction.open_table(tables::META).unwrap();
            meta.insert("format", found.to_le_bytes().as_slice())
                .unwrap();
        }
        transaction.commit().unwrap();
        let before = dump(&store.database.begin_read().unwrap());
        drop(store);
        let error = Store::open(folder.path(), &genesis(&[]), CACHE).unwrap_err();
        assert!(
            matches!(error, StoreError::Format { found: f, known: tables::FORMAT } if f == found),
            "{error}"
        );
        assert!(error.to_string().contains("newer node"), "{error}");
        // as it was, and nothing beside it
        let file = folder.path().join(super::FILE);
        let store = Store::opened(super::builder(CACHE).open(file).unwrap());
        assert_eq!(dump(&store.database.begin_read().unwrap()), before);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

/// Everything that a store can hold, each kind of row at least once.
fn sample(folder: &Path) -> Arc<Store> {
    let mut payer = Payer::new(3, 2);
    payer.valid_until = BatchNumber::new(9);
    let accounts = [(3, payer.account(100)), (4, payer.account(5))];
    let accounts = accounts.map(|(id, account)| (AccountId::new(id), account));
    let store = open(folder, &accounts);
    let signed = payer.pay(4, 10, 0);
    let order_id = OrderId::of(&signed);
    let order = check_orders([signed], &domain(), &ScalarCompressor)
        .swap_remove(0)
        .unwrap();
    let claim = Claim::of_order(&order);
    let deposit = deposit(4, 1000);
    let mut pool = Pool::new(domain());
    let private = Verified::logged(private_transfer([1, 2], pool.anchor()));
    let private_id = OrderId::of_private(&encode(private.operation()));
    let Shielding { order: paid, note } = payer.shield(5, 20);
    let note = note.paid_by(&paid.order, payer.asset).unwrap();
    let shield_id = OrderId::of(&paid);
    let paid = check_orders([paid], &domain(), &ScalarCompressor)
        .swap_remove(0)
        .unwrap();
    let operations = [
        Operation::Order {
            id: order_id,
            order,
        },
        Operation::Deposit {
            id: OrderId::of_deposit(&[6; 32], &[]),
            reference: [6; 32],
            deposit,
        },
        Operation::Collect {
            to: AccountId::new(4),
        },
        Operation::Shield {
            id: shield_id,
            order: paid,
            note: note.clone(),
        },
        Operation::Private {
            id: private_id,
            operation: private.clone(),
        },
        Operation::Close { slots: 4 },
    ];
    let entries = |first: u64, batch| -> Vec<Entry> {
        let numbered = (first..).zip(operations.clone());
        numbered
            .map(|(sequence, operation)| Entry {
                sequence,
                batch,
                operation: Arc::new(operation),
            })
            .collect()
    };
    store.append(&entries(0, BatchNumber::ZERO)).unwrap();
    store.append(&entries(6, BatchNumber::new(1))).unwrap();
    let state = StoreState::new(store.clone()).unwrap();
    let mut ledger = Ledger::open(domain(), state, ScalarCompressor);
    let mut batch = ledger.open_batch();
    batch.deposit(deposit).unwrap();
    let sealed = batch.seal(Some(4)).unwrap();
    let payment = Payment {
        batch: BatchNumber::ZERO,
        record: 3,
    };
    let mut open = pool.open_batch();
    let in_pool = [
        PoolOperation::Shield(note.clone(), payment),
        PoolOperation::Private(private.operation().clone()),
    ];
    let mut published = Vec::new();
    for operation in &in_pool {
        published.push(encode_operation(open.pool(), operation).unwrap());
        open.apply(operation, &Word).unwrap();
    }
    let closed = ClosedPool {
        published,
        sealed: open.seal(),
        notes: [vec![note.sealed], private.operation().sealed.clone()].concat(),
        parts: PoolParts {
            nullifiers: Vec::new(),
            ..pool.to_parts()
        },
    };
    let changes: Changes = ledger.state().take().cloned().unwrap();
    let commit = SealCommit {
        public_inputs: sealed.public_inputs,
        changes,
        records: vec![1, 2, 3],
        operations: vec![SealedOperation {
            sequence: 0,
            id: Some(order_id),
            claims: [Some(claim), None],
            accounts: [Some(AccountId::new(3)), Some(AccountId::new(4))],
            position: 0,
        }],
        with_record: 1,
        consumed: 0..6,
        sealed_at: 1_800_000_000_000,
        supplies: vec![(AssetId::new(7), Amount::new(1105))],
        witness: Some([8; 32]),
        pool: Some(PoolCommit {
            closed: Arc::new(closed),
            operations: entries(0, BatchNumber::ZERO)
                .into_iter()
                .map(|entry| entry.operation)
                .collect(),
        }),
    };
    store.seal(&commit).unwrap();
    let failed = store.change_job(BatchNumber::ZERO, |job| job.reason = "no memory".into());
    assert_eq!(failed.unwrap().map(|job| job.failures), Some(0));
    store.published(BatchNumber::new(1)).unwrap();
    store
}

#[test]
fn what_was_written_is_read() {
    let folder = tempfile::tempdir().unwrap();
    drop(sample(folder.path()));
    let store = open(folder.path(), &[]);
    let view = store.view().unwrap();
    assert_eq!(
        (view.head().next_batch, view.head().next_publish),
        (BatchNumber::new(1), BatchNumber::new(1))
    );
    assert_eq!(
        (view.head().next_sequence, view.first_logged().unwrap()),
        (6, Some(6))
    );
    assert_eq!(
        view.records(BatchNumber::ZERO).unwrap(),
        Some(vec![1, 2, 3])
    );
    assert_eq!(view.jobs().unwrap().len(), 1);
    assert_eq!(
        view.supplies().unwrap().get(&AssetId::new(7)),
        Some(&Amount::new(1105))
    );
    assert_eq!(view.note_count().unwrap(), 3);
    assert_eq!(view.anchors(9).unwrap().len(), 2);
    assert_eq!(view.pool().unwrap().held(AssetId::new(7)), Amount::new(20));
    let notes = view.notes(1, 9, 1 << 20).unwrap();
    assert_eq!(notes.len(), 2);
    assert_eq!((notes[0].0, notes[0].1.batch), (1, BatchNumber::ZERO));
    assert_eq!(view.notes(0, 9, 1).unwrap().len(), 1);
    assert!(view.pool_operations(BatchNumber::ZERO).unwrap().is_some());
    assert_eq!(view.pool_operations(BatchNumber::new(1)).unwrap(), None);
    let digest = winterlane_ledger::pool::proof_digest(HOLDS);
    assert_eq!(view.private_proof(&digest).unwrap(), Some(HOLDS.to_vec()));
    let history = view.history(AccountId::new(4), (BatchNumber::MAX, 0), 9);
    assert_eq!(history.unwrap(), [(BatchNumber::ZERO, 0)]);
    let mut logged = Vec::new();
    view.log(|sequence, bytes| {
        logged.push((sequence, LoggedEntry::from_bytes(sequence, bytes)?));
        // no shorter one is an entry
        // a private operation ends with its proof, of which any length may be one
        let proof = if bytes[9] == 5 { HOLDS.len() } else { 0 };
        for end in 0..bytes.len() - proof {
            assert!(LoggedEntry::from_bytes(sequence, &bytes[..end]).is_err());
        }
        let longer = LoggedEntry::from_bytes(sequence, &[bytes, &[0]].concat());
        assert_eq!(longer.is_ok(), proof > 0);
        Ok(())
    })
    .unwrap();
    assert_eq!(
        logged
            .iter()
            .map(|(sequence, _)| *sequence)
            .collect::<Vec<_>>(),
        [6, 7, 8, 9, 10, 11]
    );
    assert!(
        logged
            .iter()
            .all(|(_, entry)| entry.batch == BatchNumber::new(1))
    );

    // a seal that is not the next one changes nothing
    let before = dump(&store.database.begin_read().unwrap());
    let header = view.header(BatchNumber::ZERO).unwrap().unwrap();
    let again = SealCommit {
        public_inputs: header.public_inputs,
        changes: Changes::default(),
        records: Vec::new(),
        operations: Vec::new(),
        consumed: 6..12,
        sealed_at: 0,
        supplies: Vec::new(),
        with_record: 0,
        witness: None,
        pool: None,
    };
    let error = store.seal(&again).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt(_)), "{error}");
    assert_eq!(dump(&store.database.begin_read().unwrap()), before);
}
