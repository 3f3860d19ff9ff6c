//! Random programs of operations, side by side with a reference ledger: state, records, errors and
//! roots agree at every step, and every sealed batch is proven and verified.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use proptest::test_runner::Config;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};
use winterlane_ledger::{
    Account, AccountId, Amount, AssetId, Batch, BatchNumber, ChainId, Digest, LedgerError, Nonce,
    Order, Record, RollupId, ScalarCompressor, Scope, SealedBatch, SignedOrder,
    hash::domain_digest, record::OperationKind,
};
use winterlane_prover::trace::fill_trace;
use winterlane_tests::{
    model::{Accounts, Entry, Holder, Signing},
    plain,
    programs::{IDS, Lie, Outcome, Reference, Step, openings, replayable},
    scenario::{World, domain},
    stock::{Attempt, attempt},
};

/// How much of everything the programs did.
struct Counts {
    taken: [AtomicUsize; 7],
    refused: AtomicUsize,
    forged: AtomicUsize,
    sealed: AtomicUsize,
}

static COUNTS: Counts = Counts {
    taken: [const { AtomicUsize::new(0) }; 7],
    refused: AtomicUsize::new(0),
    forged: AtomicUsize::new(0),
    sealed: AtomicUsize::new(0),
};

/// The ledger under test, its batch open from the first step to the last.
struct Ledger(Batch<'static, ScalarCompressor>);

fn lanes(digest: &Digest) -> plain::Lanes {
    digest.0.map(|lane| lane.as_int())
}

/// The account as the statement's text hashes it.
fn plain_holder(holder: &Holder) -> plain::Holder {
    plain::Holder {
        asset: holder.asset,
        balance: holder.balance,
        nonce: holder.nonce,
        slots: holder.slots.map(|slot| plain::Slot {
            root: lanes(&slot.key.get().root().0),
            next_index: slot.next_index.into(),
            spends: slot.scope.bits() & 1 == 1,
            rotates: slot.scope.bits() & 2 == 2,
        }),
    }
}

fn plain_root(accounts: &Accounts) -> plain::Lanes {
    let mut leaves: Vec<_> = accounts
        .iter()
        .map(|(&id, holder)| (id, plain_holder(holder).leaf()))
        .collect();
    leaves.sort_unstable_by_key(|&(id, _)| id);
    plain::account_root(&leaves)
}

fn plain_line(entry: &Entry) -> plain::Line {
    let empty = plain::Line::default();
    match *entry {
        Entry::Noop => empty,
        Entry::Signed(order, key) => {
            let line = plain::Line {
                signing_slot: key.slot.index() as u64,
                key_index: key.index.into(),
                subject: order.signer().get(),
                amount: order.amount().get(),
                fee: order.fee().get(),
                valid_until: order.valid_until().get(),
                ..empty
            };
            match order {
                Order::Transfer(transfer) => plain::Line {
                    kind: 1,
                    to: transfer.to.get(),
                    ..line
                },
                Order::Withdraw(withdraw) => plain::Line {
                    kind: 2,
                    payload: core::array::from_fn(|lane| {
                        let bytes = &withdraw.recipient[5 * lane..5 * lane + 5];
                        bytes
                            .iter()
                            .rev()
                            .fold(0, |n, &byte| n << 8 | u64::from(byte))
                    }),
                    ..line
                },
                Order::RotateKey(rotate) => plain::Line {
                    kind: 3,
                    target: rotate.slot.index() as u64,
                    scope: rotate.scope.bits().into(),
                    payload: lanes(&rotate.new_root.0),
                    ..line
                },
            }
        }
        Entry::Deposit(deposit) => {
            let line = plain::Line {
                kind: 4,
                subject: deposit.asset.get(),
                to: deposit.to.get(),
                amount: deposit.amount.get(),
                ..empty
            };
            deposit.keys.map_or(line, |keys| plain::Line {
                kind: 5,
                scope: u64::from(keys.scopes[0].bits()) + 4 * u64::from(keys.scopes[1].bits()),
                payload: plain::compress('k', lanes(&keys.roots[0].0), lanes(&keys.roots[1].0)),
                ..line
            })
        }
        Entry::Collect(to, amount) => plain::Line {
            kind: 6,
            to,
            amount,
            ..empty
        },
    }
}

/// The root above an account's leaf, by the siblings that the witness has.
fn climb(index: u32, account: &Account, siblings: &[Digest]) -> plain::Lanes {
    let leaf = lanes(&account.leaf_digest());
    siblings
        .iter()
        .enumerate()
        .fold(leaf, |node, (level, sibling)| {
            let sibling = lanes(sibling);
            if index >> level & 1 == 0 {
                plain::compress('n', node, sibling)
            } else {
                plain::compress('n', sibling, node)
            }
        })
}

/// Records, digests and the roots before, within and after every operation.
fn compare(sealed: &SealedBatch, number: u64, entries: &[Entry], history: &[[Accounts; 3]]) {
    let slots = sealed.records.len();
    assert_eq!(slots, entries.len().next_power_of_two());
    let padded = entries
        .iter()
        .copied()
        .chain(std::iter::repeat(Entry::Noop))
        .take(slots);
    for (entry, record) in padded.clone().zip(&sealed.records) {
        assert_eq!(plain_line(&entry).digest(), lanes(&record.digest().0));
        let kind = match entry {
            Entry::Signed(order, key) => {
                assert_eq!(*record, order.record(key));
                record.kind()
            }
            Entry::Deposit(deposit) => {
                assert_eq!(*record, Record::Deposit(deposit));
                record.kind()
            }
            Entry::Collect(to, amount) => {
                assert_eq!(
                    *record,
                    Record::CollectFees {
                        to: AccountId::new(to),
                        amount: Amount::new(amount)
                    }
                );
                OperationKind::CollectFees
            }
            Entry::Noop => OperationKind::Noop,
        };
        assert_eq!(record.kind(), kind);
    }
    let inputs = &sealed.public_inputs;
    assert_eq!(inputs.domain, domain());
    assert_eq!(
        (inputs.batch_number, inputs.num_operations),
        (BatchNumber::new(number), slots as u32)
    );
    let digest = plain::operations_digest(padded.map(|entry| plain_line(&entry).digest()));
    assert_eq!(lanes(&inputs.operations_digest), digest);

    for (operation, accounts) in sealed.operations.iter().zip(history) {
        let [before, between, after] = accounts.each_ref().map(plain_root);
        if let Some(signer) = &operation.signer {
            let paid = signer.account_after(&operation.record);
            assert_eq!(
                climb(signer.index.get(), &signer.account, &signer.siblings),
                before
            );
            assert_eq!(climb(signer.index.get(), &paid, &signer.siblings), between);
        } else {
            assert_eq!(before, between);
        }
        if let Some(receiver) = &operation.receiver {
            let amount = operation.record.amount();
            let credited = receiver.account_after(amount);
            assert_eq!(
                climb(receiver.index.get(), &credited, &receiver.siblings),
                after
            );
        } else {
            assert_eq!(between, after);
        }
    }
    if let (Some([first, ..]), Some([.., last])) = (history.first(), history.last()) {
        assert_eq!(lanes(&inputs.old_root.0), plain_root(first));
        assert_eq!(lanes(&inputs.new_root.0), plain_root(last));
    } else {
        assert_eq!(inputs.old_root, inputs.new_root);
    }
}

impl Ledger {
    fn submit(&mut self, step: &Step, signing: Signing) -> Result<(), LedgerError> {
        let Step::Sign { order, lie, .. } = step else {
            panic!("only orders are signed");
        };
        let Signing {
            key,
            slot,
            index,
            nonce,
        } = signing;
        let (mut told, mut place, mut number) = (*order, domain(), nonce);
        match lie {
            Lie::None => {}
            Lie::Amount => match &mut told {
                Order::Transfer(transfer) => transfer.amount.0 ^= 1,
                Order::Withdraw(withdraw) => withdraw.amount.0 ^= 1,
                Order::RotateKey(rotate) => rotate.fee.0 ^= 1,
            },
            Lie::Nonce => number = nonce.wrapping_sub(1),
            Lie::Domain => place = domain_digest(ChainId::new(1), RollupId::new(8)),
        }
        let signature = key.get().sign(&told, &place, number, slot, index.into());
        let signed = SignedOrder {
            order: *order,
            nonce: Nonce::new(nonce),
            slot,
            signature,
        };
        self.0.signed(signed)
    }
}

impl StateMachineTest for Ledger {
    type SystemUnderTest = Self;
    type Reference = Reference;

    fn init_test(_: &Reference) -> Self {
        // a batch borrows its ledger, and this one is to outlive every step
        let ledger = World::new(5, &openings()).ledger;
        Self(Box::leak(Box::new(ledger)).open_batch())
    }

    fn apply(mut ledger: Self, reference: &Reference, step: Step) -> Self {
        let batch = &mut ledger.0;
        match (&step, &reference.outcome) {
            (Step::Sign { .. }, Outcome::Signed(signing, expected)) => {
                assert_eq!(ledger.submit(&step, *signing), *expected);
            }
            (Step::Sign { order, .. }, Outcome::Forged(signing, expected)) => {
                let refused = ledger.submit(&step, *signing);
                let account = order.signer();
                let is_bad = matches!(
                    refused, Err(LedgerError::BadSignature { account: of, .. }) if of == account
                );
                assert!(is_bad || refused == Err(*expected), "{refused:?}");
                COUNTS.forged.fetch_add(1, Relaxed);
            }
            (Step::Deposit(deposit, _), Outcome::Unsigned(expected)) => {
                assert_eq!(batch.deposit(*deposit), *expected);
            }
            (Step::Collect(to), Outcome::Unsigned(expected)) => {
                assert_eq!(batch.collect_fees(AccountId::new(*to)), *expected);
            }
            (Step::Noop, Outcome::Unsigned(expected)) => assert_eq!(batch.noop(), *expected),
            (Step::Seal, Outcome::Sealed(expected, entries, history)) => {
                let number = batch.number();
                let sealed = batch.seal(None);
                assert_eq!(sealed.as_ref().map(|_| &()), expected.as_ref());
                if let Ok(sealed) = sealed {
                    compare(&sealed, number.get(), entries, history);
                    let trace = fill_trace(&sealed).expect("a sealed batch fills");
                    assert_eq!(attempt(sealed.public_inputs, trace), Attempt::Accepted);
                    for record in &sealed.records {
                        COUNTS.taken[record.kind() as usize].fetch_add(1, Relaxed);
                    }
                    COUNTS.sealed.fetch_add(1, Relaxed);
                }
            }
            (step, outcome) => panic!("{step:?} has the outcome {outcome:?}"),
        }
        let refused = matches!(
            reference.outcome,
            Outcome::Signed(_, Err(_)) | Outcome::Unsigned(Err(_))
        );
        COUNTS.refused.fetch_add(usize::from(refused), Relaxed);
        ledger
    }

    fn check_invariants(ledger: &Self, reference: &Reference) {
        let (batch, model) = (&ledger.0, &reference.model);
        assert_eq!(batch.number(), BatchNumber::new(model.batch_number));
        assert_eq!(batch.len(), model.entries.len());
        assert_eq!(
            batch.pool(),
            model
                .pool
                .map(|(asset, amount)| (AssetId::new(asset), Amount::new(amount)))
        );
        for id in IDS {
            let expected = model.accounts.get(&id);
            let found = batch
                .account(AccountId::new(id))
                .map(|account| plain::Holder {
                    asset: account.asset.get(),
                    balance: account.balance.get(),
                    nonce: account.nonce.get(),
                    slots: account.slots.map(|slot| plain::Slot {
                        root: lanes(&slot.root.0),
                        next_index: slot.next_index.into(),
                        spends: slot.scope.allows(Scope::SPEND),
                        rotates: slot.scope.allows(Scope::ROTATE),
                    }),
                });
            assert_eq!(found, expected.map(plain_holder), "account {id}");
        }
    }
}

/// Runs programs of `steps` steps, `programs` of them, and asks that they did enough: operations of
/// each kind, and at least so many operations, batches, refusals and false signatures.
fn run(programs: u32, steps: core::ops::Range<usize>, at_least: [usize; 4]) {
    let config = Config {
        cases: programs,
        max_shrink_iters: 200,
        ..Config::default()
    };
    let strategy = Reference::sequential_strategy(steps);
    replayable(config.clone(), &strategy, |(state, program, seen)| {
        Ledger::test_sequential(config.clone(), state, program, seen);
        Ok(())
    });
    let taken = COUNTS.taken.each_ref().map(|count| count.load(Relaxed));
    let counts = [
        taken.iter().sum(),
        COUNTS.sealed.load(Relaxed),
        COUNTS.refused.load(Relaxed),
        COUNTS.forged.load(Relaxed),
    ];
    let [operations, sealed, refused, forged] = counts;
    winterlane_tests::report!(
        "{programs} programs: {sealed} batches of {operations} operations proven and verified, \
         {taken:?} of each kind, {refused} operations refused, {forged} false signatures refused"
    );
    assert!(taken.iter().all(|&count| count > 0), "a kind is missing");
    let enough = counts
        .iter()
        .zip(at_least)
        .all(|(&count, least)| count >= least);
    assert!(enough, "{counts:?} are fewer than {at_least:?}");
}

#[test]
fn random_programs_agree_with_the_reference_ledger() {
    run(32, 12..40, [100, 12, 150, 10]);
}

/// `cargo test --release -p winterlane-tests --test statement model -- --ignored --nocapture`
#[test]
#[ignore = "takes some ten minutes"]
fn many_random_programs_agree_with_the_reference_ledger() {
    run(600, 12..80, [5000, 500, 5000, 500]);
}
