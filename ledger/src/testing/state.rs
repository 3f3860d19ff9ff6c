//! What every [`State`] must pass, whatever it keeps its accounts in.
//!
//! ```
//! use winterlane_ledger::{Account, AccountId, MemoryState, ScalarCompressor};
//! use winterlane_ledger::testing::state::{self, Fixture};
//!
//! struct Memory;
//! impl Fixture for Memory {
//!     type State = MemoryState;
//!     fn create(&mut self, version: u64, accounts: &[(AccountId, Account)]) -> MemoryState {
//!         let state = MemoryState::new(version, accounts.iter().copied(), &ScalarCompressor);
//!         state.unwrap().keeping(usize::MAX)
//!     }
//! }
//!
//! for seed in 0..2 {
//!     state::check_versions(&mut Memory, seed);
//!     state::check_ledger(&mut Memory, seed);
//! }
//! ```

use alloc::{collections::BTreeMap, vec::Vec};

use super::{Key, Numbers};
use crate::{
    Account, AccountId, Amount, AssetId, BatchNumber, ChainId, Deposit, Digest, Domain, KeySlot,
    Ledger, MemoryState, NewKeys, Nonce, Order, RollupId, Root, ScalarCompressor, Scope,
    SealedBatch, SlotIndex, Transfer, Withdraw,
    ledger::LedgerError,
    state::{Changes, ReadState, State, StateError},
    tree::{AccountTree, Siblings, TREE_DEPTH},
};

/// How the states to be checked are made.
pub trait Fixture {
    /// The state.
    type State: State;

    /// A new state with these accounts, by ascending id, whose next batch has the number `version`. It must keep
    /// every version that it is not told to prune, and commit none by itself.
    fn create(&mut self, version: u64, accounts: &[(AccountId, Account)]) -> Self::State;

    /// The state as it is after the process died and began anew: with what was committed, and nothing else.
    /// `None`, unless this is overridden: a state that does not last.
    fn reopen(&mut self, state: Self::State) -> Option<Self::State> {
        drop(state);
        None
    }

    /// Whether committed versions before the newest one are there after [`Fixture::reopen`] too. A state may prune
    /// by itself what is committed, and one on disk may keep older versions for the life of a process alone.
    fn keeps_older_versions(&self) -> bool {
        true
    }
}

/// The ids that are used: neighbours, and both ends.
const IDS: [u32; 9] = [
    0,
    1,
    2,
    5,
    17,
    1 << 31,
    u32::MAX - 6,
    u32::MAX - 1,
    u32::MAX,
];

/// One version: a plain map, and a tree built from it alone.
struct Version {
    accounts: BTreeMap<AccountId, Account>,
    tree: AccountTree,
}

impl Version {
    fn new(accounts: BTreeMap<AccountId, Account>) -> Self {
        let leaves = accounts
            .iter()
            .map(|(id, account)| (id.get(), account.leaf_digest()));
        Self {
            tree: AccountTree::from_leaves(leaves, &ScalarCompressor),
            accounts,
        }
    }
}

/// Every version that is kept.
struct Model {
    versions: BTreeMap<u64, Version>,
    committed: u64,
}

impl Model {
    fn newest(&self) -> u64 {
        self.versions
            .last_key_value()
            .map_or(0, |(version, _)| *version)
    }

    fn oldest(&self) -> u64 {
        self.versions
            .first_key_value()
            .map_or(0, |(version, _)| *version)
    }
}

fn random_account(numbers: &mut Numbers) -> Account {
    let mut slot = || KeySlot {
        root: Root(Digest(core::array::from_fn(|_| {
            crate::BaseElement::new(numbers.next())
        }))),
        next_index: numbers.below(1025) as u16,
        scope: Scope::from_bits(numbers.below(4) as u8).unwrap_or_default(),
    };
    let slots = [slot(), slot()];
    Account {
        asset: AssetId::new(numbers.next() as u32),
        balance: Amount::new(u128::from(numbers.next()) << 64 | u128::from(numbers.next())),
        nonce: Nonce::new(numbers.next() as u32),
        slots,
    }
}

fn random_accounts(numbers: &mut Numbers) -> BTreeMap<AccountId, Account> {
    let count = numbers.below(7);
    let one = |_| {
        let id = IDS[numbers.below(IDS.len() as u64) as usize];
        (AccountId::new(id), random_account(numbers))
    };
    (0..count).map(one).collect()
}

/// Applies, undoes, commits, prunes and reopens at random, and compares every version that is kept with a map
/// of accounts and a tree built from it alone.
///
/// # Panics
/// When the state errs.
pub fn check_versions<F: Fixture>(fixture: &mut F, seed: u64) {
    let mut numbers = Numbers(seed);
    let first = numbers.below(1 << 40);
    let accounts = random_accounts(&mut numbers);
    let list: Vec<(AccountId, Account)> = accounts.iter().map(|(id, a)| (*id, *a)).collect();
    let mut state = fixture.create(first, &list);
    let mut model = Model {
        versions: BTreeMap::from([(first, Version::new(accounts))]),
        committed: first,
    };
    compare(&state, &model);
    for _ in 0..24 {
        match numbers.below(10) {
            0..5 => {
                let changed = random_accounts(&mut numbers);
                let changes = Changes::of(&state, changed.clone(), &ScalarCompressor);
                state.apply(changes.expect("to read")).expect("to apply");
                let mut accounts = model.versions[&model.newest()].accounts.clone();
                accounts.extend(changed);
                let version = model.newest() + 1;
                model.versions.insert(version, Version::new(accounts));
            }
            5..7 => {
                let version = model.newest();
                let undone = state.undo();
                if version == model.committed {
                    let right =
                        matches!(undone, Err(StateError::Committed { version: v }) if v == version);
                    assert!(right, "version {version} is committed: {undone:?}");
                } else {
                    undone.expect("to undo");
                    model.versions.remove(&version);
                }
            }
            7 => {
                let ahead = model.newest() - model.committed;
                let version = model.committed + numbers.below(ahead + 2);
                let committed = state.commit(version);
                if version > model.newest() {
                    wrong_version(version, committed);
                } else {
                    committed.expect("to commit");
                    model.committed = version;
                }
            }
            8 => {
                let behind = model.committed - model.oldest();
                let oldest = model.oldest() + numbers.below(behind + 2);
                let pruned = state.prune(oldest);
                if oldest > model.committed {
                    wrong_version(oldest, pruned);
                } else {
                    pruned.expect("to prune");
                    model.versions.retain(|version, _| *version >= oldest);
                }
            }
            _ => {
                // all that was not committed is gone
                if let Some(again) = fixture.reopen(state) {
                    state = again;
                    let oldest = if fixture.keeps_older_versions() {
                        0
                    } else {
                        model.committed
                    };
                    model
                        .versions
                        .retain(|version, _| (oldest..=model.committed).contains(version));
                } else {
                    return;
                }
            }
        }
        compare(&state, &model);
    }
}

fn wrong_version<E: core::fmt::Debug>(asked: u64, result: Result<(), StateError<E>>) {
    let right = matches!(result, Err(StateError::Version { version, .. }) if version == asked);
    assert!(right, "there is no version {asked}: {result:?}");
}

fn compare<S: State>(state: &S, model: &Model) {
    assert_eq!(state.committed(), model.committed);
    assert_eq!(state.versions(), model.oldest()..=model.newest());
    compare_version(state, model.newest(), &model.versions[&model.newest()]);
    for (version, accounts) in &model.versions {
        compare_version(
            &state.at(*version).expect("a version kept"),
            *version,
            accounts,
        );
    }
    wrong_version(model.newest() + 1, state.at(model.newest() + 1).map(|_| ()));
    if let Some(before) = model.oldest().checked_sub(1) {
        wrong_version(before, state.at(before).map(|_| ()));
    }
}

fn compare_version<R: ReadState>(state: &R, version: u64, Version { accounts, tree }: &Version) {
    assert_eq!((state.version(), state.root()), (version, tree.root()));
    let mut paths = [[Digest::ZERO; TREE_DEPTH]; IDS.len()];
    state.siblings(&IDS, &mut paths).expect("to read siblings");
    for (id, path) in IDS.into_iter().zip(paths) {
        let account = state
            .account(AccountId::new(id))
            .expect("to read an account");
        assert_eq!(
            account,
            accounts.get(&AccountId::new(id)).copied(),
            "account {id} of version {version}"
        );
        assert_eq!(path, tree.siblings(id), "path of {id} in version {version}");
        let nodes: Siblings = core::array::from_fn(|height| {
            state
                .node(height, id >> height ^ 1)
                .expect("to read a node")
        });
        assert_eq!(path, nodes, "nodes beside {id} in version {version}");
        let proof = state.prove(AccountId::new(id)).expect("to prove");
        assert_eq!((proof.account, proof.siblings), (account, path));
    }
    assert_eq!(
        state.node(TREE_DEPTH, 0).expect("to read a node"),
        tree.root().0
    );
    let mut listed = Vec::new();
    let mut first = Some(0);
    while let Some(from) = first {
        let page = state
            .accounts_from(AccountId::new(from), 2)
            .expect("to read accounts");
        assert!(page.len() <= 2, "more accounts than asked for");
        first = page
            .last()
            .and_then(|(id, _)| id.get().checked_add(1).map(AccountId::new))
            .map(AccountId::get);
        listed.extend(page);
    }
    assert!(
        listed
            .iter()
            .map(|(id, account)| (id, account))
            .eq(accounts),
        "accounts of {version}"
    );
}

/// Runs the same operations on a ledger over the state and on one in memory, undoes and commits at random, and
/// in the end follows what was not undone from the beginning.
///
/// # Panics
/// When the ledgers differ.
pub fn check_ledger<F: Fixture>(fixture: &mut F, seed: u64) {
    let mut numbers = Numbers(seed ^ 0x6c65_6467_6572);
    let domain = crate::hash::domain_digest(ChainId::new(1), RollupId::new(seed));
    let opening = [1u32, 2, u32::MAX].map(|id| {
        let slots = [Key::new(id & 7).slot(Scope::BOTH, 0), KeySlot::default()];
        let balance = 1000;
        (
            AccountId::new(id),
            Account {
                asset: AssetId::new(7),
                balance: Amount::new(balance),
                nonce: Nonce::ZERO,
                slots,
            },
        )
    });
    let memory = || MemoryState::new(5, opening, &ScalarCompressor).expect("a state");
    let mut ledger = Ledger::open(domain, fixture.create(5, &opening), ScalarCompressor);
    let mut twin = Ledger::open(domain, memory().keeping(usize::MAX), ScalarCompressor);
    let mut batches: Vec<SealedBatch> = Vec::new();
    for _ in 0..6 {
        let (mut batch, mut other) = (ledger.open_batch(), twin.open_batch());
        for _ in 0..numbers.below(5) {
            let operation = random_operation(&mut numbers, &domain, |id| {
                other.account(AccountId::new(id)).copied()
            });
            if numbers.below(4) == 0 {
                let draft = batch.set_aside();
                batch = ledger.resume(draft).expect("the same state");
            }
            let [ours, theirs] = match operation {
                Operation::Signed(order) => [
                    batch.signed((*order).clone()).map_err(refusal),
                    other.signed(*order).map_err(refusal),
                ],
                Operation::Deposit(deposit) => [
                    batch.deposit(deposit).map_err(refusal),
                    other.deposit(deposit).map_err(refusal),
                ],
            };
            assert_eq!(ours, theirs);
        }
        let collected = [
            batch.collect_fees(AccountId::new(1)).map_err(refusal),
            other.collect_fees(AccountId::new(1)).map_err(refusal),
        ];
        assert_eq!(collected, [Ok(()), Ok(())]);
        let [sealed, expected] = [
            batch.seal(None).map_err(|error| alloc::format!("{error}")),
            other.seal(None).map_err(|error| alloc::format!("{error}")),
        ];
        assert_eq!(sealed, expected);
        batches.push(sealed.expect("a batch without fees"));
        match numbers.below(4) {
            0 => {
                ledger.undo().expect("to undo");
                twin.undo().expect("to undo");
                batches.pop();
            }
            1 => {
                let version = ledger.batch_number();
                ledger.state_mut().commit(version.get()).expect("to commit");
            }
            _ => {}
        }
    }
    assert_eq!(ledger.root(), twin.root());
    let mut follower = Ledger::open(domain, fixture.create(5, &opening), ScalarCompressor);
    for batch in &batches {
        follower
            .follow(&batch.public_inputs, &batch.records)
            .expect("to follow");
    }
    let [ours, theirs] = [&ledger, &follower].map(|ledger| {
        let accounts = ledger
            .state()
            .accounts_from(AccountId::ZERO, usize::MAX)
            .expect("to read accounts");
        (ledger.batch_number(), ledger.root(), accounts)
    });
    assert_eq!(ours, theirs);
    assert!(
        ours.2
            .iter()
            .map(|(id, account)| (*id, account))
            .eq(twin.accounts())
    );
}

/// A refusal, whatever the state's errors are.
fn refusal<E: core::fmt::Display>(error: LedgerError<E>) -> alloc::string::String {
    assert!(error.is_refusal(), "the state failed");
    alloc::format!("{error:#}")
}

#[allow(
    clippy::large_enum_variant,
    reason = "a few, and nearly all are orders"
)]
enum Operation {
    Signed(alloc::boxed::Box<crate::SignedOrder>),
    Deposit(Deposit),
}

fn random_operation(
    numbers: &mut Numbers,
    domain: &Domain,
    account: impl Fn(u32) -> Option<Account>,
) -> Operation {
    const ACCOUNTS: [u32; 4] = [1, 2, 3, u32::MAX];
    let mut id = || ACCOUNTS[numbers.below(4) as usize];
    let (from, to) = (id(), id());
    let amount = u128::from(numbers.below(600));
    let (asset, fee, valid_until) = (7, u128::from(numbers.below(3)), 50);
    match numbers.below(4) {
        0 => {
            let keys = NewKeys {
                roots: [Key::new(to & 7).tree.root(); 2],
                scopes: [Scope::BOTH, Scope::NONE],
            };
            let keys = (numbers.below(2) == 0).then_some(keys);
            Operation::Deposit(Deposit {
                to: AccountId::new(to),
                asset: AssetId::new(asset),
                amount: Amount::new(amount),
                keys,
            })
        }
        choice => {
            let state = account(from).unwrap_or_default();
            let index = state.slots[0].next_index.min(3);
            let order = if choice == 1 {
                let recipient = [9; 20];
                Order::Withdraw(Withdraw {
                    from: AccountId::new(from),
                    amount: Amount::new(amount),
                    fee: Amount::new(fee),
                    recipient,
                    valid_until: BatchNumber::new(valid_until),
                })
            } else {
                Order::Transfer(Transfer {
                    from: AccountId::new(from),
                    to: AccountId::new(to),
                    amount: Amount::new(amount),
                    fee: Amount::new(fee),
                    valid_until: BatchNumber::new(valid_until),
                })
            };
            let key = Key::new(from & 7);
            let signed = key.sign(order, domain, state.nonce, SlotIndex::Zero, index);
            Operation::Signed(signed.into())
        }
    }
}
