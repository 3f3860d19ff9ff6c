//! The records that a batch publishes.

use alloc::vec::Vec;

use winterlane_ledger::{
    PublicInputs, Record, ScalarCompressor,
    wire::{self, PublishedError},
};

/// Decodes the published bytes of the batch with these public inputs, and checks that they are its
/// records: as many as it has operations, and with its `operations_digest`, recomputed.
///
/// Exactly one byte string is accepted for a batch: numbers in a longer form, surplus bytes, bits
/// that nobody looks at are refused. Memory is that of 8,192 records at most, time three
/// compressions a record.
///
/// Together with [`verify_batch`](crate::verify_batch) for the same public inputs this says that
/// *these* records lead from the old root to the new one.
/// [`decode_published`](wire::decode_published) is the same with a compressor of the caller's own,
/// such as a vectorised one.
///
/// ```
/// use winterlane_ledger::{BatchNumber,
///     Digest, Domain, PublicInputs, Record, Root, ScalarCompressor, record::operations_digest, wire,
/// };
/// use winterlane_verifier::verify_records;
///
/// let records = [Record::Noop; 4];
/// let inputs = PublicInputs {
///     domain: Domain::ZERO,
///     batch_number: BatchNumber::new(7),
///     old_root: Root::ZERO,
///     new_root: Root::ZERO,
///     operations_digest: operations_digest(&records, &ScalarCompressor),
///     num_operations: 4,
/// };
/// let bytes = wire::encode(&records, BatchNumber::new(7))?;
/// assert_eq!(verify_records(&bytes, &inputs)?, records);
///
/// let other = PublicInputs { operations_digest: Digest::ZERO, ..inputs };
/// assert!(verify_records(&bytes, &other).is_err());
/// assert!(verify_records(&[&bytes[..], &[0]].concat(), &inputs).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`PublishedError`] when the bytes are not records in their one encoding, or those of another
/// batch.
pub fn verify_records(bytes: &[u8], inputs: &PublicInputs) -> Result<Vec<Record>, PublishedError> {
    wire::decode_published(bytes, inputs, &ScalarCompressor)
}

#[cfg(test)]
mod tests {
    use winterlane_ledger::{BatchNumber, Digest, Domain, Root};

    use super::*;
    use crate::{InputsError, Policy, VerifyError, verify_batch};

    /// The digest of no records is that of zeros, so that bytes of none match these public inputs; no
    /// batch has them.
    #[test]
    fn no_records_are_of_no_batch() {
        let inputs = PublicInputs {
            domain: Domain::ZERO,
            batch_number: BatchNumber::new(7),
            old_root: Root::ZERO,
            new_root: Root::ZERO,
            operations_digest: Digest::ZERO,
            num_operations: 0,
        };
        assert_eq!(verify_records(&[wire::VERSION, 0], &inputs), Ok(Vec::new()));
        assert_eq!(
            verify_batch(&[], &inputs, &Policy::default()),
            Err(VerifyError::Inputs(InputsError::NumOperations(0)))
        );
    }
}
