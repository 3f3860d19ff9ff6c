//! The store as a state: its versions, what is written of them, and what is not yet.

use super::*;

/// Stores in folders of their own.
#[derive(Default)]
struct Folders {
    folders: Vec<tempfile::TempDir>,
}

impl Fixture for Folders {
    type State = StoreState;

    fn create(&mut self, version: u64, accounts: &[(AccountId, Account)]) -> StoreState {
        let folder = tempfile::tempdir().unwrap();
        let genesis = Genesis {
            first_batch: BatchNumber::new(version),
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

/// What changes of many accounts leave behind, whose paths all threads read, is what a new store of them has; so is that of
/// few, which one thread reads.
#[test]
fn many_changes_lead_where_few_do() {
    let account = |id: u32, balance: u32| {
        let account = Account {
            asset: AssetId::new(7),
            balance: Amount::new(balance.into()),
            ..Account::default()
        };
        (AccountId::new(id), account)
    };
    let first: Vec<_> = (0..2_000).map(|id| account(id, 1)).collect();
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), &first);
    let mut state = StoreState::new(store.clone()).unwrap();
    let mut accounts: BTreeMap<_, _> = first.into_iter().collect();
    let rows = |store: &Store| -> Vec<String> {
        let rows = dump(&store.database.begin_read().unwrap());
        let rows = rows.lines().map(str::to_owned);
        rows.filter(|row| row.starts_with("accounts ") || row.starts_with("tiles "))
            .collect()
    };
    // some of them new, beside the others and far away
    for (count, step) in [(5, 3), (1_000, 5), (128, 30_000_000), (129, 33_000_000)] {
        let changed: Vec<_> = (0..count).map(|n| account(n * step, n + step)).collect();
        accounts.extend(changed.iter().copied());
        let changes = Changes::of(&state, changed, &ScalarCompressor).unwrap();
        state.apply(changes).unwrap();
        state.commit(state.version()).unwrap();
        let other = tempfile::tempdir().unwrap();
        let expected: Vec<_> = accounts.iter().map(|(id, one)| (*id, *one)).collect();
        let other = open(other.path(), &expected);
        assert_eq!(state.root(), other.view().unwrap().head().root);
        assert_eq!(rows(&store), rows(&other), "{count}");
    }
}

/// Versions that are made while those before them are written are the ones in memory: what was sealed and is not in the
/// store stands in the place of what the store has.
#[test]
fn versions_are_made_while_those_before_them_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let account = |balance: u64| Account {
        asset: AssetId::new(7),
        balance: Amount::new(balance.into()),
        ..Account::default()
    };
    // neighbours, so that changed siblings are read, and some far away
    let ids: Vec<u32> = (0..40).chain([1 << 20, u32::MAX - 1, u32::MAX]).collect();
    let first: Vec<_> = ids[..30]
        .iter()
        .map(|id| (AccountId::new(*id), account(1)))
        .collect();
    let store = open(folder.path(), &first);
    let mut ours = StoreState::new(store.clone()).unwrap();
    let mut memory = MemoryState::new(0, first.clone(), &ScalarCompressor).unwrap();
    let mut random = Numbers(5);
    let mut unwritten = std::collections::VecDeque::new();
    for round in 0..60 {
        let count = 1 + random.below(30);
        let mut changed = Vec::new();
        for _ in 0..count {
            let id = ids[random.below(ids.len() as u64) as usize];
            changed.push((AccountId::new(id), account(2 + random.below(1_000))));
        }
        let [one, two] = [
            Changes::of(&ours, changed.clone(), &ScalarCompressor).unwrap(),
            Changes::of(&memory, changed, &ScalarCompressor).unwrap(),
        ];
        assert_eq!(one, two, "{round}");
        ours.apply(one).unwrap();
        memory.apply(two).unwrap();
        unwritten.push_back(ours.take().cloned().unwrap());
        // none, one or two of them
        for _ in 0..random.below(3) {
            if let Some(changes) = unwritten.pop_front() {
                let version = store.view().unwrap().head().next_batch.saturating_add(1);
                store.write_version(version, &changes).unwrap();
            }
        }
        ours.written().unwrap();
        assert_eq!(
            (ours.version(), ours.root()),
            (memory.version(), memory.root())
        );
        assert_eq!(ours.version() - ours.committed(), unwritten.len() as u64);
        for id in ids.iter().chain(&[50, 1 << 31]) {
            let id = AccountId::new(*id);
            assert_eq!(ours.prove(id).unwrap(), memory.prove(id).unwrap(), "{id}");
        }
    }
}
