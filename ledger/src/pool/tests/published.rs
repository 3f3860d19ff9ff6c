//! The published bytes: one form for each operation, and nothing in them that the pool does not need.

use proptest::prelude::*;

use super::*;
use crate::{
    Anchor, BatchNumber, Domain, Root,
    private::{Association, AssociationMode},
};

fn pool() -> Pool {
    let mut pool = Pool::new(domain());
    for rho in 0..3 {
        let mut batch = pool.open_batch();
        batch
            .shield(
                &shield(&note(AssetId::new(7), Amount::new(100), rho)),
                next_payment(&batch),
            )
            .unwrap();
        batch.seal();
    }
    pool
}

fn samples(pool: &Pool) -> Vec<PoolOperation> {
    let [one, two] = [40, 50].map(|n| Nullifier(digest(n)));
    let [change, made] = [60, 70].map(|n| Commitment(digest(n)));
    let sealed = vec![vec![3; 1156], vec![4; 1156]];
    let withdrawal = WithdrawalInputs {
        amount: Amount::new(60),
        fee: Amount::new(1),
        ..withdrawal(pool, one, change)
    };
    let fee = Some(Fee {
        amount: Amount::new(2),
        asset: AssetId::new(7),
    });
    let transfer = |fee| transfer(pool, [one, two], [change, made], fee, &sealed);
    let association = |mode| {
        Some(Association {
            mode,
            root: Root(digest(80)),
        })
    };
    let private = |inputs, sealed| PoolOperation::Private(proven(inputs, sealed));
    vec![
        PoolOperation::Shield(
            shield(&note(AssetId::new(7), Amount::new(100), 5)),
            Payment {
                batch: BatchNumber::new(300),
                record: 7,
            },
        ),
        private(PrivateInputs::Withdrawal(withdrawal), vec![]),
        private(
            PrivateInputs::Withdrawal(WithdrawalInputs {
                association: association(AssociationMode::Approved),
                ..withdrawal
            }),
            vec![],
        ),
        private(PrivateInputs::Transfer(transfer(None)), sealed.clone()),
        private(
            PrivateInputs::Transfer(TransferInputs {
                association: association(AssociationMode::NotRefused),
                ..transfer(fee)
            }),
            sealed.clone(),
        ),
    ]
}

fn proof(digest: &[u8; 32]) -> Option<Vec<u8>> {
    (*digest == proof_digest(HOLDS)).then(|| HOLDS.to_vec())
}

#[test]
fn what_is_published_is_read_again_and_is_short() {
    let pool = pool();
    let samples = samples(&pool);
    let bytes: Vec<_> = samples
        .iter()
        .map(|operation| encode_operation(&pool, operation).unwrap())
        .collect();
    for (operation, bytes) in samples.iter().zip(&bytes) {
        let read = decode_operation(&pool, bytes, &mut proof).unwrap();
        assert_eq!(read, *operation);
        // Cut short or prolonged it is nothing.
        for length in 0..bytes.len() {
            assert!(
                decode_operation(&pool, &bytes[..length], &mut proof).is_err(),
                "{length}"
            );
        }
        assert!(decode_operation(&pool, &[&bytes[..], &[0]].concat(), &mut proof).is_err());
        let without = decode_operation(&pool, bytes, &mut |_| None);
        assert_eq!(
            without.is_ok(),
            matches!(operation, PoolOperation::Shield(..))
        );
        let other = decode_operation(&pool, bytes, &mut |_| Some(vec![1]));
        assert_eq!(
            other.is_ok(),
            matches!(operation, PoolOperation::Shield(..))
        );
    }
    // A withdrawal: two digests, recipient, amounts, and the proof's digest.
    assert_eq!(bytes[1].len(), 1 + 64 + 20 + 1 + 2 + 2 + 1 + 1 + 1 + 32);
}

#[test]
fn what_the_pool_would_refuse_has_no_published_form() {
    let pool = pool();
    let changes: [fn(&mut WithdrawalInputs); 4] = [
        |inputs| inputs.domain = Domain(digest(1)),
        |inputs| inputs.anchor = Anchor(digest(1)),
        |inputs| inputs.valid_until = BatchNumber::ZERO,
        |inputs| inputs.ciphertexts = [1; 32],
    ];
    for change in changes {
        let mut inputs = withdrawal(&pool, Nullifier(digest(1)), Commitment(digest(2)));
        assert!(
            encode_operation(
                &pool,
                &PoolOperation::Private(proven(PrivateInputs::Withdrawal(inputs), vec![]))
            )
            .is_some()
        );
        change(&mut inputs);
        let operation = PoolOperation::Private(proven(PrivateInputs::Withdrawal(inputs), vec![]));
        assert_eq!(encode_operation(&pool, &operation), None);
    }
}

proptest! {
    #[test]
    fn bytes_have_one_reading_and_operations_one_form(
        which in 0..5usize,
        at: proptest::sample::Index,
        flip in 1..=255u8,
    ) {
        let pool = pool();
        let bytes = encode_operation(&pool, &samples(&pool)[which]).unwrap();
        let mut changed = bytes.clone();
        changed[at.index(bytes.len())] ^= flip;
        if let Ok(operation) = decode_operation(&pool, &changed, &mut proof) {
            prop_assert_eq!(encode_operation(&pool, &operation), Some(changed));
        }
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode_operation(&pool(), &bytes, &mut proof);
    }
}
