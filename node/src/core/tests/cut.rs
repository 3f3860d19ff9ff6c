//! A log that is cut.

use winterlane_ledger::{
    AccountId, Amount, AssetId, BatchNumber,
    pool::{Payment, Shield, account_recipient},
};

use super::*;
use crate::{
    ForcedOutcome, Genesis, SnapshotError,
    private::{Verified, encode},
    store::Store,
    testing::{digest, private_withdrawal},
};

/// What is left of a log from which an operator has the node forget the end.
fn cut(entries: &[Entry], from: u64) -> Result<&[Entry], SnapshotError> {
    let folder = tempfile::tempdir().unwrap();
    let open = || Store::open(folder.path(), &Genesis::empty(domain()), 1 << 20).unwrap();
    open().append(entries).unwrap();
    let logged = || {
        let mut count = 0;
        let store = open();
        let view = store.view().unwrap();
        let counted = view.log(|_, _| {
            count += 1;
            Ok(())
        });
        counted.unwrap();
        count
    };
    match crate::forget(folder.path(), from, &folder.path().join("kept")) {
        Ok(forgotten) => {
            assert_eq!(forgotten + from, entries.len() as u64);
            assert_eq!(logged(), from);
            Ok(&entries[..from as usize])
        }
        Err(error) => {
            assert_eq!(logged(), entries.len() as u64);
            assert!(!folder.path().join("kept").exists());
            Err(error)
        }
    }
}

/// Wherever a log may be cut, its batch is closed, and everybody has what is due: nothing that was decided together is cut apart.
#[test]
fn what_was_decided_together_is_forgotten_together() {
    let of_one = || {
        let fee = AssetFee {
            asset: AssetId::new(7),
            minimum: Amount::new(1),
            collector: AccountId::new(90),
        };
        let limits = Limits {
            slots: 64,
            ..Limits::default()
        };
        sequencer(limits, FeeSchedule::new([fee], true))
    };
    let mut whole = of_one();
    for order in [payer(1).pay(2, 1, 1), payer(5).pay(6, 1, 1)] {
        let (id, order) = checked(order);
        let outcome = whole.force(id, order, Known::default(), NOW).unwrap();
        assert!(matches!(outcome, ForcedOutcome::Included(_)), "{outcome:?}");
    }
    let note = Shield {
        blinded: digest(1),
        asset: AssetId::new(7),
        amount: Amount::new(50),
        sealed: vec![1; 20],
    };
    let payment = Payment {
        batch: BatchNumber::ZERO,
        record: 3,
    };
    let entered = whole.force_note(note, payment, Known::default(), NOW);
    entered.unwrap().unwrap();
    let anchor = Pool::new(domain()).anchor();
    let to = account_recipient(AccountId::new(2));
    let withdrawal = private_withdrawal(9, anchor, to, (40, 10));
    let id = OrderId::of_private(&encode(&withdrawal));
    let withdrawn = whole.force_private(id, Verified::logged(withdrawal), Known::default(), NOW);
    withdrawn.unwrap().unwrap();
    whole.close_now().unwrap();
    let decisions = whole.take_decisions();
    assert_eq!(kinds(&decisions), "ococnpdd|");

    let mut refused = Vec::new();
    for from in 0..decisions.len() as u64 {
        let left = match cut(&decisions, from) {
            Ok(left) => left,
            Err(SnapshotError::Together { from, with }) => {
                refused.push((from, with));
                continue;
            }
            Err(other) => panic!("{other}"),
        };
        let mut again = of_one();
        for entry in left {
            again.replay(entry.clone(), NOW).unwrap();
        }
        again.close_now().unwrap();
        let paid_out = if kinds(left).contains('p') { 50 } else { 0 };
        let has = |id| balance(&mut again, id);
        let all: Vec<u128> = [1, 2, 3, 4, 90, 5, 6].map(has).into();
        let (sevens, eights) = all.split_at(5);
        assert_eq!(sevens.iter().sum::<u128>(), 4000 + paid_out, "{from}");
        assert_eq!(eights.iter().sum::<u128>(), 2000, "{from}");
    }
    // the fee that goes back to account 5, and what the withdrawal pays
    assert_eq!(refused, [(3, 2), (6, 5), (7, 5)]);
}
