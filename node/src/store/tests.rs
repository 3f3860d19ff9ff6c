//! The store against the state in memory.

use std::{fmt::Write, path::Path, sync::Arc};

use redb::{ReadTransaction, ReadableDatabase, ReadableTable};
use winterlane_ledger::{
    Account, Deposit, Digest, Ledger, NewKeys, ScalarCompressor, Scope, check_orders,
    codec::CanonicalBytes,
    state::{Changes, MemoryState, ReadState, State},
    testing::{Numbers, state::Fixture},
};

use super::{Genesis, SealCommit, SealedOperation, Store, StoreError, StoreState, tables};
use crate::{
    OrderId,
    core::{Claim, Entry, LoggedEntry, Operation},
    testing::{Payer, deposit, domain},
};

const CACHE: usize = 1 << 20;

fn genesis(accounts: &[(u32, Account)]) -> Genesis {
    Genesis {
        accounts: accounts.to_vec(),
        ..Genesis::empty(domain())
    }
}

fn open(folder: &Path, accounts: &[(u32, Account)]) -> Arc<Store> {
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
        asset: 7,
        balance: 5,
        ..Account::default()
    };
    let accounts = [(300, first), (u32::MAX, first), (0, first)];
    let mut store = open(folder.path(), &accounts);
    let mut ours = Ledger::open(
        domain(),
        StoreState::new(store.clone()).unwrap(),
        ScalarCompressor,
    );
    let mut memory = Ledger::genesis(domain(), 0, accounts).unwrap();
    assert_eq!(ours.root(), memory.root());
    let mut random = Numbers(11);
    for _ in 0..40 {
        let (mut one, mut two) = (ours.open_batch(), memory.open_batch());
        for _ in 0..=random.below(4) {
            let to = IDS[random.below(10) as usize];
            let deposit = Deposit {
                keys: one.find(to).unwrap().is_none().then_some(NewKeys {
                    roots: [Digest::ZERO; 2],
                    scopes: [Scope::BOTH; 2],
                }),
                ..deposit(to, random.below(100).into())
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
                ours.state_mut().commit(version).unwrap();
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
            let proof = state.prove(id).unwrap();
            assert_eq!(proof, memory.prove(id));
            assert_eq!(
                proof.verify(&memory.root()),
                Ok(memory.account(id).copied())
            );
        }
        for limit in [1, 3, 100] {
            let (found, known) = (
                state.accounts_from(1, limit),
                expected.accounts_from(1, limit),
            );
            assert_eq!(found.unwrap(), known.unwrap());
        }
    }
}

/// Stores in folders of their own.
#[derive(Default)]
struct Folders {
    folders: Vec<tempfile::TempDir>,
}

impl Fixture for Folders {
    type State = StoreState;

    fn create(&mut self, version: u64, accounts: &[(u32, Account)]) -> StoreState {
        let folder = tempfile::tempdir().unwrap();
        let genesis = Genesis {
            first_batch: version,
            ..genesis(accounts)
        };
        let store = Store::open(folder.path(), &genesis, CACHE).unwrap();
        self.folders.push(folder);
        StoreState::new(Arc::new(store)).unwrap()
    }

    fn reopen(&mut self, state: StoreState) -> Option<StoreState> {
        drop(state);
        let folder = self.folders.last()?.path();
        Some(StoreState::new(open(folder, &[])).unwrap())
    }

    fn keeps_older_versions(&self) -> bool {
        false
    }
}

/// The kit that every state of a ledger must pass.
#[test]
fn the_store_is_a_state_as_the_ledger_asks_for_one() {
    for seed in 0..8 {
        winterlane_ledger::testing::state::check_versions(&mut Folders::default(), seed);
    }
    for seed in 0..3 {
        winterlane_ledger::testing::state::check_ledger(&mut Folders::default(), seed);
    }
}

#[test]
fn an_opening_state_is_checked() {
    let account = |balance| Account {
        asset: 7,
        balance,
        ..Account::default()
    };
    let mut beyond = account(1);
    beyond.slots[1].next_index = 1025;
    for wrong in [
        vec![(1, account(1)), (2, account(2)), (1, account(3))],
        vec![(1, beyond)],
        vec![(1, account(u128::MAX)), (2, account(1))],
    ] {
        let folder = tempfile::tempdir().unwrap();
        let error = Store::open(folder.path(), &genesis(&wrong), CACHE).unwrap_err();
        let expected = matches!(
            error,
            StoreError::Genesis(_) | StoreError::Supply { asset: 7 }
        );
        assert!(expected, "{error}");
    }
}

#[test]
fn another_rollup_or_format_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path(), &[]));
    let other = Genesis::empty(Digest::ZERO);
    let error = Store::open(folder.path(), &other, CACHE).unwrap_err();
    assert!(matches!(error, StoreError::Domain { .. }), "{error}");
    let store = open(folder.path(), &[]);
    let transaction = store.database.begin_write().unwrap();
    {
        let mut meta = transaction.open_table(tables::META).unwrap();
        meta.insert("format", 2u32.to_le_bytes().as_slice())
            .unwrap();
    }
    transaction.commit().unwrap();
    drop(store);
    let error = Store::open(folder.path(), &genesis(&[]), CACHE).unwrap_err();
    assert!(
        matches!(error, StoreError::Format { found: 2, known: 1 }),
        "{error}"
    );
}

/// Everything that a store can hold, each kind of row at least once.
fn sample(folder: &Path) -> Arc<Store> {
    let mut payer = Payer::new(3, 2);
    payer.valid_until = 9;
    let accounts = [(3, payer.account(100)), (4, payer.account(5))];
    let store = open(folder, &accounts);
    let signed = payer.pay(4, 10, 0);
    let order_id = OrderId::of(&signed);
    let order = check_orders([signed], &domain(), &ScalarCompressor)
        .swap_remove(0)
        .unwrap();
    let claim = Claim::of_order(&order);
    let deposit = deposit(4, 1000);
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
        Operation::Collect { to: 4 },
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
    store.append(&entries(0, 0)).unwrap();
    store.append(&entries(4, 1)).unwrap();
    let state = StoreState::new(store.clone()).unwrap();
    let mut ledger = Ledger::open(domain(), state, ScalarCompressor);
    let mut batch = ledger.open_batch();
    batch.deposit(deposit).unwrap();
    let sealed = batch.seal(Some(4)).unwrap();
    let changes: Changes = ledger.state().take().cloned().unwrap();
    let commit = SealCommit {
        public_inputs: sealed.public_inputs,
        changes,
        records: vec![1, 2, 3],
        operations: vec![SealedOperation {
            sequence: 0,
            id: Some(order_id),
            claims: [Some(claim), None],
            accounts: [Some(3), Some(4)],
            position: 0,
        }],
        with_record: 1,
        consumed: 0..4,
        sealed_at: 1_800_000_000_000,
        supplies: vec![(7, 1105)],
        witness: Some([8; 32]),
        pool: None,
    };
    store.seal(&commit).unwrap();
    let failed = store.change_job(0, |job| job.reason = "no memory".into());
    assert_eq!(failed.unwrap().map(|job| job.failures), Some(0));
    store.published(1).unwrap();
    store
}

/// What was taken out and put in again is the same, and what was damaged is not put in.
#[test]
fn snapshots_are_restored_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let store = sample(folder.path());
    let rows = dump(&store.database.begin_read().unwrap());
    drop(store);
    let witnesses = crate::witness::Witnesses::open(folder.path()).unwrap();
    witnesses.keep_bytes(0, b"a witness").unwrap();
    let job = |witness| {
        let store = open(folder.path(), &[]);
        store.change_job(0, |job| job.witness = witness).unwrap();
    };
    job(*blake3::hash(b"a witness").as_bytes());
    let mut bytes = Vec::new();
    super::snapshot::snapshot(folder.path(), &mut bytes).unwrap();

    let restored = tempfile::tempdir().unwrap();
    super::snapshot::restore(restored.path(), &bytes[..]).unwrap();
    let again = super::snapshot::restore(restored.path(), &bytes[..]).unwrap_err();
    assert!(again.to_string().contains("already"), "{again}");
    let mut second = Vec::new();
    super::snapshot::snapshot(restored.path(), &mut second).unwrap();
    assert_eq!(second, bytes);
    let store = open(restored.path(), &[]);
    store.change_job(0, |job| job.witness = [8; 32]).unwrap();
    assert_eq!(dump(&store.database.begin_read().unwrap()), rows);

    for at in (0..bytes.len()).step_by(bytes.len() / 60) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        let empty = tempfile::tempdir().unwrap();
        super::snapshot::restore(empty.path(), &damaged[..]).unwrap_err();
        super::snapshot::restore(empty.path(), &bytes[..at]).unwrap_err();
        assert!(!empty.path().join(super::FILE).exists());
    }
    // another state under an honest hash: the root tells
    let mut forged = bytes[..bytes.len() - 33].to_vec();
    let account = Payer::new(3, 2).account(5 + 1000).to_bytes();
    let place = forged
        .windows(account.len())
        .position(|window| window == account);
    let richer = Payer::new(3, 2).account(6 + 1000).to_bytes();
    let place = place.expect("the snapshot has the account");
    forged[place..place + account.len()].copy_from_slice(&richer);
    forged.push(255);
    let hash = blake3::hash(&forged);
    forged.extend_from_slice(hash.as_bytes());
    let empty = tempfile::tempdir().unwrap();
    let error = super::snapshot::restore(empty.path(), &forged[..]).unwrap_err();
    assert!(error.to_string().contains("root"), "{error}");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// All rows of all tables.
fn dump(transaction: &ReadTransaction) -> String {
    let mut out = String::new();
    macro_rules! table {
        ($table:ident, |$key:ident, $value:ident| $line:expr) => {
            for row in transaction
                .open_table(tables::$table)
                .unwrap()
                .iter()
                .unwrap()
            {
                let ($key, $value) = row.unwrap();
                let ($key, $value) = ($key.value(), $value.value());
                writeln!(out, "{} {}", stringify!($table).to_lowercase(), $line).unwrap();
            }
        };
    }
    table!(META, |key, value| format!("{key} {}", hex(value)));
    table!(ACCOUNTS, |key, value| format!("{key} {}", hex(value)));
    table!(TILES, |key, value| format!("{key} {}", hex(value)));
    table!(SUPPLY, |key, value| format!("{key} {value}"));
    table!(LOG, |key, value| format!("{key} {}", hex(value)));
    table!(BATCHES, |key, value| format!("{key} {}", hex(value)));
    table!(RECORDS, |key, value| format!("{key} {}", hex(value)));
    table!(PROOFS, |key, value| format!("{key} {}", hex(value)));
    table!(RECEIPTS, |key, value| format!(
        "{} {}",
        hex(key),
        hex(value)
    ));
    table!(CLAIMS, |key, value| format!("{} {}", hex(key), hex(value)));
    table!(JOBS, |key, value| format!("{key} {}", hex(value)));
    table!(HISTORY, |key, _value| format!("{key:?}"));
    out
}

/// The rows of a format, as they were when it was made. A change of the file is a new format, with a
/// migration from this one. `WINTERLANE_GOLDEN=write` writes it anew.
#[test]
fn rows_are_those_of_the_golden_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = sample(folder.path());
    let mut rows = dump(&store.database.begin_read().unwrap());
    store.proven(0, b"a proof").unwrap();
    let after = dump(&store.database.begin_read().unwrap());
    for line in after.lines().filter(|line| line.starts_with("proofs")) {
        writeln!(rows, "{line}").unwrap();
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(format!("src/store/golden/format-{}.txt", tables::FORMAT));
    if std::env::var("WINTERLANE_GOLDEN").as_deref() == Ok("write") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &rows).unwrap();
    }
    assert_eq!(rows, std::fs::read_to_string(&path).unwrap());
}

#[test]
fn what_was_written_is_read() {
    let folder = tempfile::tempdir().unwrap();
    drop(sample(folder.path()));
    let store = open(folder.path(), &[]);
    let view = store.view().unwrap();
    assert_eq!((view.head().next_batch, view.head().next_publish), (1, 1));
    assert_eq!(
        (view.head().next_sequence, view.first_logged().unwrap()),
        (4, Some(4))
    );
    assert_eq!(view.records(0).unwrap(), Some(vec![1, 2, 3]));
    assert_eq!(view.jobs().unwrap().len(), 1);
    assert_eq!(view.supplies().unwrap().get(&7), Some(&1105));
    assert_eq!(view.history(4, (u64::MAX, 0), 9).unwrap(), [(0, 0)]);
    let mut logged = Vec::new();
    view.log(|sequence, bytes| {
        logged.push((sequence, LoggedEntry::from_bytes(sequence, bytes)?));
        // no shorter one is an entry
        for end in 0..bytes.len() {
            assert!(LoggedEntry::from_bytes(sequence, &bytes[..end]).is_err());
        }
        assert!(LoggedEntry::from_bytes(sequence, &[bytes, &[0]].concat()).is_err());
        Ok(())
    })
    .unwrap();
    assert_eq!(
        logged
            .iter()
            .map(|(sequence, _)| *sequence)
            .collect::<Vec<_>>(),
        [4, 5, 6, 7]
    );
    assert!(logged.iter().all(|(_, entry)| entry.batch == 1));

    // a seal that is not the next one changes nothing
    let before = dump(&store.database.begin_read().unwrap());
    let header = view.header(0).unwrap().unwrap();
    let again = SealCommit {
        public_inputs: header.public_inputs,
        changes: Changes::default(),
        records: Vec::new(),
        operations: Vec::new(),
        consumed: 4..8,
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
