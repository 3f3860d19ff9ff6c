//! The state in memory, by the checks for every state; and ledgers over states that fail.

use proptest::prelude::*;

use super::*;
use crate::{
    AccountId, Amount, AssetId, BatchNumber, ChainId, Deposit, Domain, Ledger, LedgerError, Nonce,
    RollupId, Root, ScalarCompressor, SealError,
    ledger::FollowError,
    testing::{
        Failing, Failure,
        state::{Fixture, check_ledger, check_versions},
    },
};

struct Memory;

impl Fixture for Memory {
    type State = MemoryState;

    fn create(&mut self, version: u64, accounts: &[(AccountId, Account)]) -> MemoryState {
        memory(version, accounts).keeping(usize::MAX)
    }
}

fn memory(version: u64, accounts: &[(AccountId, Account)]) -> MemoryState {
    MemoryState::new(version, accounts.iter().copied(), &ScalarCompressor).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn memory_keeps_versions(seed: u64) {
        check_versions(&mut Memory, seed);
    }

    #[test]
    fn a_ledger_with_undo_equals_replay(seed: u64) {
        check_ledger(&mut Memory, seed);
    }
}

const OPENING: [(AccountId, Account); 2] = {
    let account = Account {
        asset: AssetId::new(7),
        balance: Amount::new(100),
        nonce: Nonce::ZERO,
        slots: [crate::KeySlot {
            root: Root::ZERO,
            next_index: 0,
            scope: crate::Scope::NONE,
        }; 2],
    };
    [(AccountId::new(3), account), (AccountId::new(4), account)]
};

fn deposit(to: AccountId) -> Deposit {
    Deposit {
        to,
        asset: AssetId::new(7),
        amount: Amount::new(5),
        keys: None,
    }
}

#[test]
fn memory_keeps_as_many_versions_as_it_is_told_to() {
    for keep in [0, 1, 3] {
        let mut state = memory(8, &OPENING).keeping(keep);
        let kept = keep.max(1) as u64;
        for applied in 1..=6 {
            state.apply(Changes::default()).unwrap();
            let newest = 8 + applied;
            let oldest = newest - kept.min(applied);
            assert_eq!(state.versions(), oldest..=newest);
            assert_eq!(state.committed(), oldest);
            // the newest can always be undone
            state.undo().unwrap();
            state.apply(Changes::default()).unwrap();
        }
        for _ in 0..kept {
            state.undo().unwrap();
        }
        let version = 14 - kept;
        assert_eq!(state.undo(), Err(StateError::Committed { version }));
    }
}

#[test]
fn what_the_state_refuses_leaves_the_batch_open() {
    let ledger = || {
        let state = Failing::new(memory(8, &OPENING));
        Ledger::open(Domain::ZERO, state, ScalarCompressor)
    };
    let fill = |ledger: &mut Ledger<_, _>| {
        let mut batch = ledger.open_batch();
        batch.deposit(deposit(AccountId::new(3))).unwrap();
        batch.deposit(deposit(AccountId::new(4))).unwrap();
        batch.deposit(deposit(AccountId::new(3))).unwrap();
        batch.set_aside()
    };
    let mut whole = ledger();
    let draft = fill(&mut whole);
    let expected = whole.resume(draft).unwrap().seal(None).unwrap();
    assert_eq!(expected.records.len(), 4);

    let mut ledger = ledger();
    let draft = fill(&mut ledger);
    // sealing makes two calls: it reads the paths, and applies
    for calls in 0..2 {
        ledger.state().fail_after(calls);
        let mut batch = ledger.resume(draft.clone()).unwrap();
        // an account that the batch has read is at hand
        batch.deposit(deposit(AccountId::new(3))).unwrap();
        let refused = batch.seal(None);
        assert_eq!(refused, Err(SealError::State(Failure::Told)), "{calls}");
        let draft = batch.set_aside();
        assert_eq!(
            (draft.len(), ledger.batch_number()),
            (4, BatchNumber::new(8))
        );
    }
    // an account that the batch has not read yet
    let mut batch = ledger.open_batch();
    assert_eq!(
        batch.deposit(deposit(AccountId::new(3))),
        Err(LedgerError::State(Failure::Told))
    );
    assert!(batch.is_empty() && !LedgerError::State(Failure::<()>::Told).is_refusal());

    ledger.state().heal();
    let mut batch = ledger.resume(draft).unwrap();
    assert_eq!(batch.seal(None), Ok(expected.clone()));
    assert_eq!(ledger.root(), whole.root());

    // undone and followed: the same calls may fail
    ledger.state().fail_after(0);
    assert_eq!(ledger.undo(), Err(StateError::Store(Failure::Told)));
    ledger.state().heal();
    ledger.undo().unwrap();
    let (public, records) = (&expected.public_inputs, &expected.records);
    for calls in 0..4 {
        ledger.state().fail_after(calls);
        let failed = ledger.follow(public, records).unwrap_err();
        let told = LedgerError::State(Failure::Told);
        let read = matches!(failed, FollowError::Record { error, .. } if error == told);
        assert!(
            read || failed == FollowError::State(Failure::Told),
            "{calls}: {failed}"
        );
        assert_eq!(
            (ledger.batch_number(), ledger.root()),
            (BatchNumber::new(8), public.old_root)
        );
    }
    ledger.state().heal();
    ledger.follow(public, records).unwrap();
    assert_eq!(ledger.root(), public.new_root);
}

#[test]
fn a_draft_belongs_to_its_state() {
    let mut ledger = Ledger::genesis(Domain::ZERO, BatchNumber::new(8), OPENING).unwrap();
    let mut batch = ledger.open_batch();
    batch.deposit(deposit(AccountId::new(3))).unwrap();
    let draft = batch.set_aside();
    assert_eq!(
        (draft.number(), draft.len(), draft.is_empty()),
        (BatchNumber::new(8), 1, false)
    );
    assert_eq!(
        draft
            .changed(AccountId::new(3))
            .map(|account| account.balance),
        Some(Amount::new(105))
    );
    assert_eq!(draft.changed(AccountId::new(4)), None);
    ledger.open_batch().seal(Some(1)).unwrap();
    // the same root, but another batch
    let error = ledger.resume(draft.clone()).unwrap_err();
    assert_eq!(
        (error.number, error.expected),
        (BatchNumber::new(8), BatchNumber::new(9))
    );
    let mut other = Ledger::genesis(Domain::ZERO, BatchNumber::new(8), [OPENING[0]]).unwrap();
    assert!(other.resume(draft.clone()).is_err());
    let mut other = Ledger::genesis(
        crate::hash::domain_digest(ChainId::new(1), RollupId::new(1)),
        BatchNumber::new(8),
        OPENING,
    )
    .unwrap();
    assert!(other.resume(draft.clone()).is_err());
    ledger.undo().unwrap();
    assert_eq!(ledger.resume(draft).unwrap().len(), 1);
}
