//! Operations of the shielded pool.

use winterlane_ledger::{AccountId, Amount, AssetId, BatchNumber};

use super::*;
use crate::{
    private::Verified,
    testing::{digest, private_transfer, private_withdrawal},
};

fn take(sequencer: &mut Sequencer<Opening>, spent: u64, proof: usize) -> u64 {
    let anchor = Pool::new(domain()).anchor();
    let mut operation = private_transfer([2 * spent, 2 * spent + 1], anchor);
    operation.proof = vec![spent as u8; proof];
    let id = OrderId::of_private(&spent.to_le_bytes());
    let operation = Verified::logged(operation);
    let taken = sequencer.private(id, operation, Known::default(), NOW);
    taken.unwrap().unwrap().batch.get()
}

/// What a batch publishes has an end, however many slots it has: settlement takes no more at once.
#[test]
fn a_batch_of_large_proofs_is_closed_before_it_cannot_be_published() {
    let limits = Limits {
        slots: 1024,
        max_private: 1 << 20,
        ..small()
    };
    let mut sequencer = sequencer(limits, FeeSchedule::free());
    let batches: Vec<u64> = (0..9)
        .map(|spent| take(&mut sequencer, spent, 8 << 20))
        .collect();
    assert_eq!(batches, [0, 0, 0, 0, 1, 1, 1, 1, 2]);
    // and small ones share a batch
    assert_eq!(take(&mut sequencer, 9, 100), 2);
}

/// What arrives by settlement is taken whatever fees and limits say, is the same when it comes again, and is there after
/// a replay; what the pool refuses is impossible.
#[test]
fn forced_operations_and_notes_are_taken_or_impossible() {
    let limits = Limits {
        max_private: 0,
        min_lifetime: 1 << 41,
        ..small()
    };
    let mut sequencer = sequencer(limits, fees());
    let anchor = Pool::new(domain()).anchor();
    let force = |sequencer: &mut Sequencer<Opening>,
                 operation: winterlane_ledger::pool::PrivateOperation| {
        let id = OrderId::of_private(&crate::private::encode(&operation));
        let operation = Verified::logged(operation);
        sequencer
            .force_private(id, operation, Known::default(), NOW)
            .unwrap()
    };
    let transfer = private_transfer([1, 2], anchor);
    let first = force(&mut sequencer, transfer.clone()).unwrap();
    let again = force(&mut sequencer, transfer).unwrap();
    assert_eq!(
        (first.sequence, first.known, again.known),
        (again.sequence, false, true)
    );
    let spent = force(&mut sequencer, private_transfer([1, 3], anchor));
    assert!(matches!(spent, Err(Refusal::Private(_))), "{spent:?}");
    // the pool does not hold so much
    let poor = private_withdrawal(9, anchor, [1; 20], (5, 0));
    assert!(force(&mut sequencer, poor).is_err());

    let note = |number: u64| winterlane_ledger::pool::Shield {
        blinded: digest(number),
        asset: AssetId::new(7),
        amount: Amount::new(50),
        sealed: vec![number as u8; 20],
    };
    let payment = |record| winterlane_ledger::pool::Payment {
        batch: BatchNumber::ZERO,
        record,
    };
    let enter = |sequencer: &mut Sequencer<Opening>, number, record| {
        sequencer
            .force_note(note(number), payment(record), Known::default(), NOW)
            .unwrap()
    };
    let first = enter(&mut sequencer, 1, 3).unwrap();
    assert_eq!(
        enter(&mut sequencer, 1, 3).unwrap().sequence,
        first.sequence
    );
    // the same payment for another note, and an earlier one
    for (number, record) in [(2, 3), (3, 2)] {
        let refused = enter(&mut sequencer, number, record);
        assert!(matches!(refused, Err(Refusal::Private(_))), "{refused:?}");
    }
    // out again, to an account, with a fee to whoever collects it
    let to = winterlane_ledger::pool::account_recipient(AccountId::new(2));
    force(&mut sequencer, private_withdrawal(9, anchor, to, (40, 10))).unwrap();
    assert_eq!(balance(&mut sequencer, 2), 1040);
    assert_eq!(balance(&mut sequencer, 90), 10);

    let decisions = sequencer.take_decisions();
    let base = Opening(opening().into_iter().collect());
    let mut again = Sequencer::new(
        base,
        Pool::new(domain()),
        0,
        HashMap::new(),
        small(),
        fees(),
    );
    for entry in decisions {
        // as the log has it
        let bytes = entry.to_bytes();
        let logged = crate::core::LoggedEntry::from_bytes(entry.sequence, &bytes).unwrap();
        if let crate::core::Logged::Other(operation) = logged.operation {
            assert_eq!(operation, *entry.operation);
        }
        again.replay(entry, NOW).unwrap();
    }
    assert_eq!(
        again.account(AccountId::new(2)).unwrap(),
        sequencer.account(AccountId::new(2)).unwrap()
    );
    again.close_now().unwrap();
    sequencer.close_now().unwrap();
    let notes = |sequencer: &Sequencer<Opening>| {
        let pools = sequencer.closed().filter_map(|batch| batch.pool.clone());
        pools.map(|pool| pool.sealed.anchor).collect::<Vec<_>>()
    };
    assert_eq!(notes(&again), notes(&sequencer));
}
