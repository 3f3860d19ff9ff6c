//! Published bytes.

use super::*;

#[test]
fn published_bytes_belong_to_one_batch() {
    let records = [Order::Transfer(PAY).record(KEY), Record::Noop];
    let bytes = encode(&records, BATCH).unwrap();
    let public = PublicInputs {
        domain: Domain::ZERO,
        batch_number: BATCH,
        old_root: Root::ZERO,
        new_root: Root::ZERO,
        operations_digest: operations_digest(&records, &ScalarCompressor),
        num_operations: 2,
    };
    let published = |public: &PublicInputs| decode_published(&bytes, public, &ScalarCompressor);
    assert_eq!(published(&public), Ok(records.to_vec()));
    let next = PublicInputs {
        batch_number: BatchNumber::new(BATCH.get() + 1),
        ..public
    };
    assert!(matches!(
        published(&next),
        Err(PublishedError::Digest { .. })
    ));
    let longer = PublicInputs {
        num_operations: 4,
        ..public
    };
    assert_eq!(
        published(&longer),
        Err(PublishedError::Count {
            expected: 4,
            got: 2
        })
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn round_trip(records in vec_of(record(), 0..20)) {
        let bytes = encode(&records, BATCH).unwrap();
        prop_assert_eq!(decode(&bytes, BATCH), Ok(records));
    }

    #[test]
    fn every_truncation_fails(records in vec_of(record(), 1..4)) {
        let bytes = encode(&records, BATCH).unwrap();
        for length in 0..bytes.len() {
            prop_assert_eq!(decode(&bytes[..length], BATCH), Err(DecodeError::Truncated));
        }
    }

    /// Whatever is accepted is what would have been written.
    #[test]
    fn accepted_bytes_are_canonical(
        records in vec_of(record(), 0..4),
        changes in vec_of((any::<prop::sample::Index>(), any::<u8>()), 0..3),
    ) {
        let mut bytes = encode(&records, BATCH).unwrap();
        for (index, byte) in changes {
            let index = index.index(bytes.len());
            bytes[index] = byte;
        }
        if let Ok(records) = decode(&bytes, BATCH) {
            prop_assert_eq!(encode(&records, BATCH), Ok(bytes));
        }
    }

    #[test]
    fn noise_is_no_danger(mut bytes in vec_of(any::<u8>(), 0..64), batch: u64) {
        let batch = BatchNumber::new(batch);
        if let Some(first) = bytes.first_mut() {
            *first = VERSION;
        }
        if let Ok(records) = decode(&bytes, batch) {
            prop_assert_eq!(encode(&records, batch), Ok(bytes));
        }
    }
}
