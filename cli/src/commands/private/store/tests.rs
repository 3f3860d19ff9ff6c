//! Operations that a pool of files does not take.

use winterlane_ledger::{
    Amount, Anchor, AssetId, BatchNumber, Digest,
    pool::PrivateOperation,
    private::{Commitment, Nullifier, WithdrawalInputs},
};

use super::*;

fn digest(n: u32) -> Digest {
    Digest([n, 1, 2, 3].map(Into::into))
}

/// An operation that is not of this pool, now, is refused for its reason before its proof is looked at, and
/// nothing is written.
#[test]
fn an_operation_that_comes_too_late_or_from_elsewhere_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let mut store =
        PoolStore::open_to_append(directory.path(), true, &ProgressBar::hidden()).unwrap();
    for number in 0..2 {
        let shield = Shield {
            blinded: digest(number),
            asset: AssetId::new(7),
            amount: Amount::new(100),
            sealed: Vec::new(),
        };
        let checked = store.check(store.shielding(shield)).unwrap();
        store.append(checked).unwrap();
    }
    let honest = WithdrawalInputs {
        anchor: store.pool.anchor(),
        nullifier: Nullifier(digest(5)),
        change: Commitment(digest(6)),
        recipient: [1; 20],
        amount: Amount::new(10),
        fee: Amount::new(1),
        asset: AssetId::new(7),
        domain: *store.domain(),
        valid_until: store.pool.batch_number(),
        ciphertexts: [0; 32],
        association: None,
    };
    let refused = |change: fn(&mut WithdrawalInputs)| {
        let mut inputs = honest;
        change(&mut inputs);
        let operation = PrivateOperation {
            inputs: PrivateInputs::Withdrawal(inputs),
            sealed: Vec::new(),
            proof: vec![1, 2, 3],
        };
        match store.check(PoolOperation::Private(operation)) {
            Err(Failure::Invalid(reason)) => reason,
            _ => panic!("it is taken"),
        }
    };
    for (change, said) in [
        (
            (|inputs| inputs.anchor = Anchor(digest(9))) as fn(&mut WithdrawalInputs),
            "none of the last",
        ),
        (
            |inputs| inputs.valid_until = BatchNumber::new(1),
            "prove it again",
        ),
        (|inputs| inputs.domain = Domain(digest(9)), "for the domain"),
        (
            |inputs| inputs.amount = Amount::new(200),
            "the pool holds 200",
        ),
        (|inputs| inputs.asset = AssetId::new(8), "the pool holds 0"),
        (|_| (), "the proof does not hold"),
    ] {
        let reason = refused(change);
        assert!(reason.contains(said), "{reason}");
    }
    let late = Shield {
        blinded: digest(9),
        asset: AssetId::new(7),
        amount: Amount::new(1),
        sealed: Vec::new(),
    };
    let before = Payment {
        batch: BatchNumber::ZERO,
        record: 0,
    };
    let again = store.check(PoolOperation::Shield(late, before));
    assert!(matches!(again, Err(Failure::Invalid(reason)) if reason.contains("has paid before")));
    drop(store);
    assert_eq!(
        PoolStore::open(directory.path(), &ProgressBar::hidden())
            .unwrap()
            .operations
            .len(),
        2
    );
}
