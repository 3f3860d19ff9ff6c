//! What was decided, decided again.

use super::*;

/// Seals what was closed on a ledger of its own, which hashes.
fn seal(ledger: &mut Ledger<ScalarCompressor, MemoryState>, closed: &ClosedBatch) {
    let mut batch = ledger.open_batch();
    assert_eq!(batch.number(), closed.number);
    for entry in &closed.entries {
        match &*entry.operation {
            Operation::Order { order, .. } => batch.checked(order.clone()).unwrap(),
            Operation::Deposit { deposit, .. } => batch.deposit(*deposit).unwrap(),
            Operation::Collect { to } => batch.collect_fees(*to).unwrap(),
            other => assert!(!other.has_record(), "{other:?}"),
        }
    }
    batch.seal(Some(closed.slots)).unwrap();
}

#[test]
fn what_was_decided_can_be_decided_again_and_sealed() {
    let mut first = sequencer(small(), fees());
    let mut random = winterlane_ledger::testing::Numbers(5);
    let mut payers: Vec<Payer> = [1, 2, 3, 4, 5, 6].map(payer).into();
    for step in 0..60 {
        let payer = &mut payers[random.below(6) as usize];
        let to = if payer.asset == AssetId::new(7) {
            1 + random.below(4)
        } else {
            5 + random.below(2)
        } as u32;
        match random.below(8) {
            0 => {
                let reference = [random.below(20) as u8; 32];
                let amount = deposit(to, 1 + u128::from(random.below(2)));
                let _ = first
                    .deposit(reference, amount, Known::default(), NOW)
                    .unwrap();
            }
            1 => {
                first.close_now().unwrap();
            }
            2 => {
                // not enough money: refused, and nothing is decided
                let order = payer.sign(payer.transfer(to, 1 << 100, 1));
                submit(&mut first, order).unwrap_err();
            }
            3 if payer.index < 15 => {
                let order = payer.withdraw(1 + u128::from(random.below(9)), 1);
                submit(&mut first, order).unwrap();
            }
            _ if payer.index < 15 => {
                let order = payer.pay(
                    to,
                    u128::from(random.below(50)),
                    1 + u128::from(random.below(3)),
                );
                submit(&mut first, order).unwrap_or_else(|error| panic!("step {step}: {error}"));
            }
            _ => {}
        }
    }
    first.close_now().unwrap();
    let decisions = first.take_decisions();

    let mut second = sequencer(
        // other limits than before: what was decided stays
        Limits {
            max_per_account: 0,
            min_lifetime: 1 << 50,
            ..Limits::default()
        },
        FeeSchedule::free(),
    );
    for entry in &decisions {
        second.replay(entry.clone(), NOW).unwrap();
    }
    assert_eq!(second.open_batch(), first.open_batch());
    assert_eq!(second.next_sequence(), first.next_sequence());
    for id in [1, 2, 3, 4, 5, 6, 90, 91].map(AccountId::new) {
        assert_eq!(second.account(id).unwrap(), first.account(id).unwrap());
    }

    let mut ledger = Ledger::genesis(domain(), BatchNumber::ZERO, opening()).unwrap();
    let mut logged = 0;
    while let Some(closed) = first.to_seal(0).cloned() {
        assert_eq!(
            second.to_seal(0).map(|batch| &batch.entries),
            Some(&closed.entries)
        );
        assert_eq!(
            second.to_seal(0).map(|batch| &batch.supplies),
            Some(&closed.supplies)
        );
        assert_eq!(
            closed.entries,
            decisions[logged..logged + closed.entries.len()]
        );
        logged += closed.entries.len();
        seal(&mut ledger, &closed);
        first.sealed();
        second.sealed();
        for (asset, supply) in closed.supplies {
            let held = ledger
                .accounts()
                .filter(|(_, account)| account.asset == asset);
            assert_eq!(
                Amount::checked_sum(held.map(|(_, account)| account.balance)),
                Some(supply)
            );
        }
    }
    assert_eq!(logged, decisions.len());
    assert!(ledger.batch_number() > BatchNumber::new(8));
    assert_eq!(first.pending(), 0);
    // an entry that is missing, or comes twice, is found
    let mut third = sequencer(small(), fees());
    third.replay(decisions[1].clone(), NOW).unwrap_err();
    third.replay(decisions[0].clone(), NOW).unwrap();
    third.replay(decisions[0].clone(), NOW).unwrap_err();
}
