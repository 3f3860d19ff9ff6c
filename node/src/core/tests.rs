//! The sequencer, driven by hand.

mod again;
mod cut;
mod forced;
mod pool;

use std::{collections::HashMap, time::Duration};

use winterlane_ledger::{
    Account, AccountId, Amount, AssetId, BatchNumber, CheckedOrder, Ledger, LedgerError, Nonce,
    ScalarCompressor, SignedOrder, check_orders, pool::Pool, state::MemoryState,
};

use super::{ClosedBatch, Entry, FeeSchedule, Known, Limits, Operation, Sequencer, trial::Base};
use crate::{
    Alarm, OrderId, Receipt, Refusal, SubmitError,
    store::StoreError,
    testing::{Payer, deposit, domain},
    view::AssetFee,
};

/// Accounts that never change.
struct Opening(HashMap<AccountId, Account>);

impl Base for Opening {
    fn account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        Ok(self.0.get(&id).copied())
    }
}

const NOW: Duration = Duration::ZERO;

/// Four payers of asset 7, two of asset 8, and who collects each.
fn people() -> Vec<(Payer, u128)> {
    let asset = |id, asset| Payer {
        asset: AssetId::new(asset),
        ..Payer::new(id, 4)
    };
    let mut people: Vec<_> = (1..5).map(|id| (asset(id, 7), 1000)).collect();
    people.extend([(asset(5, 8), 1000), (asset(6, 8), 1000)]);
    people.extend([(asset(90, 7), 0), (asset(91, 8), 0)]);
    people
}

fn opening() -> Vec<(AccountId, Account)> {
    let account = |(payer, balance): (Payer, u128)| (payer.id, payer.account(balance));
    people().into_iter().map(account).collect()
}

fn payer(id: u32) -> Payer {
    people()
        .into_iter()
        .find(|(payer, _)| payer.id == AccountId::new(id))
        .unwrap()
        .0
}

fn fees() -> FeeSchedule {
    let fee = |asset, collector| AssetFee {
        asset: AssetId::new(asset),
        minimum: Amount::new(1),
        collector: AccountId::new(collector),
    };
    FeeSchedule::new([fee(7, 90), fee(8, 91)], false)
}

fn supplies() -> HashMap<AssetId, Amount> {
    let supplies = [(7, 4000), (8, 2000)];
    let supply = |(asset, amount)| (AssetId::new(asset), Amount::new(amount));
    supplies.map(supply).into()
}

fn sequencer(limits: Limits, fees: FeeSchedule) -> Sequencer<Opening> {
    let base = Opening(opening().into_iter().collect());
    Sequencer::new(base, Pool::new(domain()), 0, supplies(), limits, fees)
}

fn small() -> Limits {
    Limits {
        slots: 4,
        ..Limits::default()
    }
}

fn checked(order: SignedOrder) -> (OrderId, CheckedOrder) {
    let id = OrderId::of(&order);
    let order = check_orders([order], &domain(), &ScalarCompressor).swap_remove(0);
    (id, order.unwrap())
}

fn submit(sequencer: &mut Sequencer<Opening>, order: SignedOrder) -> Result<Receipt, SubmitError> {
    let (id, order) = checked(order);
    sequencer
        .submit(id, order, None, Known::default(), NOW)
        .unwrap()
}

/// What an account has after all that is pending.
fn balance(sequencer: &mut Sequencer<Opening>, id: u32) -> u128 {
    let account = sequencer.account(AccountId::new(id)).unwrap();
    account.unwrap().balance.get()
}

fn refusal(result: Result<Receipt, SubmitError>) -> Refusal {
    match result {
        Err(SubmitError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

#[test]
fn nonces_are_contiguous_and_the_same_order_is_one() {
    let mut sequencer = sequencer(Limits::default(), fees());
    let mut payer = payer(1);
    let first = payer.pay(2, 10, 1);
    let second = payer.pay(2, 10, 1);
    let ahead = refusal(submit(&mut sequencer, second.clone()));
    assert!(
        matches!(ahead, Refusal::Ledger(LedgerError::FutureNonce { .. })),
        "{ahead:?}"
    );
    let receipt = submit(&mut sequencer, first.clone()).unwrap();
    assert_eq!(
        (receipt.sequence, receipt.batch, receipt.known),
        (0, BatchNumber::ZERO, false)
    );
    let again = submit(&mut sequencer, first).unwrap();
    assert_eq!(
        again,
        Receipt {
            known: true,
            ..receipt
        }
    );
    assert_eq!(submit(&mut sequencer, second).unwrap().sequence, 1);
    // another order at a nonce that is over, by a fresh one-time key
    payer.nonce = Nonce::ZERO;
    payer.index = 5;
    let stale = refusal(submit(&mut sequencer, payer.pay(3, 1, 1)));
    assert!(
        matches!(stale, Refusal::Ledger(LedgerError::StaleNonce { .. })),
        "{stale:?}"
    );
    assert_eq!(sequencer.take_decisions().len(), 2);
    assert_eq!(balance(&mut sequencer, 2), 1020);
    assert!(sequencer.take_alarms().is_empty());
}

#[test]
fn a_one_time_key_that_signs_twice_raises_an_alarm() {
    let mut sequencer = sequencer(Limits::default(), fees());
    let payer = payer(1);
    let first = payer.sign(payer.transfer(2, 10, 1));
    let second = payer.sign(payer.transfer(2, 999, 1));
    let receipt = submit(&mut sequencer, first).unwrap();
    let refused = refusal(submit(&mut sequencer, second.clone()));
    let expected = Refusal::KeyReuse {
        account: AccountId::new(1),
        slot: 0,
        index: 0,
        first: receipt.id,
    };
    assert_eq!(refused, expected);
    let alarm = Alarm::KeyReuse {
        account: AccountId::new(1),
        slot: 0,
        index: 0,
        first: receipt.id,
        second: OrderId::of(&second),
    };
    assert_eq!(sequencer.take_alarms(), [alarm]);
    // told once of each key: sent again, or forced and tried again and again, it hides nothing else
    let third = payer.sign(payer.transfer(2, 998, 1));
    for order in [&second, &third, &second] {
        let refused = refusal(submit(&mut sequencer, order.clone()));
        assert!(matches!(refused, Refusal::KeyReuse { .. }));
        let (id, order) = checked(order.clone());
        let _ = sequencer.force(id, order, Known::default(), NOW).unwrap();
    }
    assert_eq!(sequencer.take_alarms(), []);
    // nor does another one-time key of the same key: it is to be replaced as it is
    let mut payer = payer;
    (payer.nonce, payer.index) = (Nonce::new(1), 1);
    submit(&mut sequencer, payer.sign(payer.transfer(2, 10, 1))).unwrap();
    let again = refusal(submit(&mut sequencer, payer.sign(payer.transfer(2, 11, 1))));
    assert!(matches!(again, Refusal::KeyReuse { index: 1, .. }));
    assert_eq!(sequencer.take_alarms(), []);
    // the store remembers as well, after the batch was sealed
    let known = Known {
        place: None,
        claimed: [Some(receipt.id), None],
    };
    let mut later = self::sequencer(Limits::default(), fees());
    let (id, order) = checked(second);
    let refused = refusal(later.submit(id, order, None, known, NOW).unwrap());
    assert!(matches!(refused, Refusal::KeyReuse { .. }));
    assert_eq!(later.take_alarms().len(), 1);
}

#[test]
fn admission_has_rules_of_its_own() {
    let limits = Limits {
        max_per_account: 2,
        max_pending: 3,
        ..Limits::default()
    };
    let mut sequencer = sequencer(limits, fees());
    let mut one = payer(1);
    one.valid_until = BatchNumber::new(1);
    let soon = refusal(submit(&mut sequencer, one.clone().pay(2, 1, 1)));
    assert_eq!(
        soon,
        Refusal::ExpiresTooSoon {
            valid_until: BatchNumber::new(1),
            earliest: BatchNumber::new(2)
        }
    );
    one.valid_until = BatchNumber::new(2);
    let cheap = refusal(submit(&mut sequencer, one.clone().pay(2, 1, 0)));
    assert!(matches!(cheap, Refusal::FeeTooLow { minimum, .. } if minimum.get() == 1));
    for _ in 0..2 {
        let order = one.pay(2, 1, 1);
        submit(&mut sequencer, order).unwrap();
    }
    let third = refusal(submit(&mut sequencer, one.pay(2, 1, 1)));
    assert_eq!(
        third,
        Refusal::TooManyPending {
            account: AccountId::new(1),
            limit: 2
        }
    );
    submit(&mut sequencer, payer(2).pay(1, 1, 1)).unwrap();
    let busy = submit(&mut sequencer, payer(3).pay(1, 1, 1)).unwrap_err();
    assert!(matches!(busy, SubmitError::Busy { .. }));
    // nothing but the three that were taken is decided
    assert_eq!(sequencer.take_decisions().len(), 3);

    // the batch that has them is sealed: there is room again
    sequencer.close_now().unwrap();
    sequencer.sealed();
    assert_eq!(sequencer.pending(), 0);
    submit(&mut sequencer, payer(3).pay(1, 1, 1)).unwrap();
}

#[test]
fn fees_of_an_asset_that_nobody_collects_are_refused() {
    let fee = AssetFee {
        asset: AssetId::new(7),
        minimum: Amount::ZERO,
        collector: AccountId::new(91),
    };
    for (schedule, id, fee) in [
        (FeeSchedule::free(), 1, 1),
        // the collector holds another asset, or does not exist
        (FeeSchedule::new([fee], true), 1, 1),
        (
            FeeSchedule::new(
                [AssetFee {
                    collector: AccountId::new(999),
                    ..fee
                }],
                true,
            ),
            1,
            1,
        ),
        (fees(), 5, 0),
        (FeeSchedule::new([fee], false), 5, 0),
    ] {
        let mut sequencer = sequencer(small(), schedule.clone());
        let refused = refusal(submit(&mut sequencer, payer(id).pay(6, 1, fee)));
        let expected = matches!(
            refused,
            Refusal::FeeAsset { .. } | Refusal::FeeTooLow { .. }
        );
        assert!(expected, "{schedule:?}: {refused:?}");
        assert!(sequencer.take_decisions().is_empty());
    }
    let mut sequencer = sequencer(small(), FeeSchedule::free());
    submit(&mut sequencer, payer(5).pay(6, 1, 0)).unwrap();
}

fn kinds(entries: &[Entry]) -> String {
    let kind = |entry: &Entry| match &*entry.operation {
        Operation::Order { .. } => 'o',
        Operation::Deposit { .. } => 'd',
        Operation::Collect { .. } => 'c',
        Operation::Close { .. } => '|',
        Operation::Shield { .. } => 's',
        Operation::Private { .. } => 'p',
        Operation::Note { .. } => 'n',
    };
    entries.iter().map(kind).collect()
}

#[test]
fn batches_are_cut_with_room_for_the_fees() {
    let mut sequencer = sequencer(small(), fees());
    let (mut one, mut five) = (payer(1), payer(5));
    // three orders and the fees of one asset are a batch
    for _ in 0..3 {
        submit(&mut sequencer, one.pay(2, 1, 1)).unwrap();
    }
    assert_eq!(kinds(&sequencer.take_decisions()), "oooc|");
    assert_eq!(sequencer.open_batch(), BatchNumber::new(1));
    // two assets: the first is collected before the second pays
    submit(&mut sequencer, one.pay(2, 1, 1)).unwrap();
    submit(&mut sequencer, five.pay(6, 1, 1)).unwrap();
    assert_eq!(kinds(&sequencer.take_decisions()), "ococ|");
    // no room for that: the batch is closed first
    submit(&mut sequencer, one.pay(2, 1, 1)).unwrap();
    submit(&mut sequencer, one.pay(2, 1, 1)).unwrap();
    let receipt = submit(&mut sequencer, five.pay(6, 1, 1)).unwrap();
    assert_eq!(kinds(&sequencer.take_decisions()), "ooc|o");
    assert_eq!(receipt.batch, BatchNumber::new(3));
    // deposits take the slot that no fee needs
    for n in 0..3u8 {
        let known = Known::default();
        let result = sequencer.deposit([n; 32], deposit(1, 5), known, NOW);
        result.unwrap().unwrap();
    }
    assert_eq!(kinds(&sequencer.take_decisions()), "ddc|d");
    let closed: Vec<_> = sequencer.closed().map(|batch| batch.slots).collect();
    assert_eq!(closed, [4, 4, 4, 4]);
}

/// Whoever is refused has changed nothing: the fees of another asset stay where they are.
#[test]
fn a_refused_order_pays_no_pool_out() {
    let mut sequencer = sequencer(Limits::default(), fees());
    submit(&mut sequencer, payer(1).pay(2, 10, 1)).unwrap();
    assert_eq!(sequencer.take_decisions().len(), 1);
    // of asset 8, to nobody, and to an account of asset 7
    for to in [77, 1] {
        let refused = refusal(submit(&mut sequencer, payer(5).pay(to, 1, 1)));
        assert!(matches!(refused, Refusal::Ledger(_)), "{refused:?}");
        assert_eq!(sequencer.take_decisions(), []);
    }
    submit(&mut sequencer, payer(5).pay(6, 1, 1)).unwrap();
    assert_eq!(kinds(&sequencer.take_decisions()), "co");
}

#[test]
fn deposits_are_taken_once() {
    let mut sequencer = sequencer(small(), fees());
    let known = Known::default();
    let first = sequencer
        .deposit([1; 32], deposit(1, 5), known, NOW)
        .unwrap();
    let first = first.unwrap();
    let again = sequencer
        .deposit([1; 32], deposit(1, 5), known, NOW)
        .unwrap();
    assert_eq!(
        again,
        Ok(Receipt {
            known: true,
            ..first
        })
    );
    let other = sequencer
        .deposit([1; 32], deposit(1, 6), known, NOW)
        .unwrap();
    assert_eq!(refusal(other), Refusal::DepositConflict);
    let much = sequencer
        .deposit([2; 32], deposit(1, u128::MAX - 4000), known, NOW)
        .unwrap();
    assert_eq!(
        refusal(much),
        Refusal::Supply {
            asset: AssetId::new(7)
        }
    );
    assert_eq!(balance(&mut sequencer, 1), 1005);
}

#[test]
fn a_batch_closes_when_it_is_old() {
    let limits = small();
    let mut sequencer = sequencer(limits, fees());
    let later = Duration::from_secs(100);
    sequencer.tick(later).unwrap();
    assert_eq!(sequencer.deadline(), None);
    let (id, order) = checked(payer(1).pay(2, 1, 1));
    sequencer
        .submit(id, order, None, Known::default(), later)
        .unwrap()
        .unwrap();
    let deadline = sequencer.deadline().unwrap();
    assert_eq!(deadline, later + limits.max_age);
    sequencer.tick(deadline - Duration::from_millis(1)).unwrap();
    assert_eq!(sequencer.open_batch(), BatchNumber::ZERO);
    sequencer.tick(deadline).unwrap();
    assert_eq!(
        (sequencer.open_batch(), sequencer.deadline()),
        (BatchNumber::new(1), None)
    );
    // padded to a power of two, not to a full batch
    assert_eq!(sequencer.to_seal(0).map(|batch| batch.slots), Some(2));
}

/// Whatever the time does, a batch waits for its age at most once more; and an order lives by the numbers of batches, so that
/// no time makes one that is over acceptable.
#[test]
fn a_time_that_jumps_delays_no_batch_and_revives_no_order() {
    let limits = small();
    let hour = Duration::from_secs(3600);
    let start = 1000 * hour;
    let mut sequencer = sequencer(limits, fees());
    let (mut one, mut late) = (payer(1), payer(2));
    late.valid_until = BatchNumber::new(1);
    let times = [start, start - hour, start + hour, Duration::ZERO, start];
    for (at, time) in times.into_iter().enumerate() {
        let (id, order) = checked(one.pay(3, 1, 1));
        let submitted = sequencer.submit(id, order, None, Known::default(), start);
        let batch = BatchNumber::new(at as u64);
        assert_eq!(submitted.unwrap().unwrap().batch, batch);
        let (id, order) = checked(late.clone().pay(3, 1, 1));
        let refused = sequencer.submit(id, order, None, Known::default(), time);
        let refused = refusal(refused.unwrap());
        assert!(
            matches!(refused, Refusal::ExpiresTooSoon { .. }),
            "{refused:?}"
        );
        sequencer.tick(time).unwrap();
        // closed at once when the time went forwards; else after as long as a batch ever waits
        sequencer.tick(time + limits.max_age).unwrap();
        assert_eq!(sequencer.open_batch(), batch.saturating_add(1), "{time:?}");
    }
}
