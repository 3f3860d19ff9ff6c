//! Receipts: which record of which batch an operation became.

use thiserror::Error;

use crate::{
    BatchNumber, Digest, PublicInputs, Record, SealedBatch, hash::Compressor,
    record::operations_digest,
};

/// That an operation is in a batch: what its maker keeps, and shows to others.
///
/// The batch's proof binds the records as a whole, by their digest: a receipt is checked against all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Receipt {
    /// The number of the batch.
    pub batch_number: BatchNumber,
    /// The position of the record, from 0.
    pub position: u32,
    /// The record.
    pub record: Record,
}

/// A receipt that a batch does not keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReceiptError {
    /// It is about another batch.
    #[error("the receipt is of batch {receipt}, this is batch {batch}")]
    Batch {
        /// The receipt's batch.
        receipt: BatchNumber,
        /// This batch.
        batch: BatchNumber,
    },
    /// The records are not those of the batch.
    #[error("the records have digest {got}, the batch has {expected}")]
    Records {
        /// What the public inputs say.
        expected: Digest,
        /// The digest of the records.
        got: Digest,
    },
    /// There is another record at the position, or none.
    #[error("record {position} of batch {batch} is not the receipt's")]
    Record {
        /// The position.
        position: u32,
        /// The batch.
        batch: BatchNumber,
    },
}

impl Receipt {
    /// The receipts of a batch, in order, padding left out.
    ///
    /// ```
    /// use winterlane_ledger::{Account, AccountId, Amount, AssetId, BatchNumber, Deposit, Domain, Ledger, Receipt, ScalarCompressor};
    /// let mut ledger = Ledger::genesis(Domain::ZERO, BatchNumber::new(9), [(AccountId::new(1), Account::default())])?;
    /// let mut batch = ledger.open_batch();
    /// batch.deposit(Deposit { to: AccountId::new(1), asset: AssetId::ZERO, amount: Amount::new(5), keys: None })?;
    /// let sealed = batch.seal(Some(4))?;
    /// let receipts: Vec<Receipt> = Receipt::of(&sealed).collect();
    /// assert_eq!((receipts.len(), receipts[0].batch_number), (1, BatchNumber::new(9)));
    /// receipts[0].check(&sealed.public_inputs, &sealed.records, &ScalarCompressor)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of(batch: &SealedBatch) -> impl Iterator<Item = Self> {
        let batch_number = batch.public_inputs.batch_number;
        let receipts = (0..)
            .zip(&batch.records)
            .map(move |(position, record)| Self {
                batch_number,
                position,
                record: *record,
            });
        receipts.filter(|receipt| receipt.record != Record::Noop)
    }

    /// Checks the receipt against a batch and its records, three compressions each. That the batch is proven
    /// is for the caller to check.
    ///
    /// # Errors
    /// [`ReceiptError`] when the batch does not keep it.
    pub fn check<C: Compressor + ?Sized>(
        &self,
        public: &PublicInputs,
        records: &[Record],
        compressor: &C,
    ) -> Result<(), ReceiptError> {
        let batch = public.batch_number;
        if self.batch_number != batch {
            let receipt = self.batch_number;
            return Err(ReceiptError::Batch { receipt, batch });
        }
        let (expected, got) = (
            public.operations_digest,
            operations_digest(records, compressor),
        );
        // the digest of n records is not that of another number of them, but for none at all
        if expected != got || records.len() != public.num_operations as usize {
            return Err(ReceiptError::Records { expected, got });
        }
        let position = self.position;
        if records.get(position as usize) == Some(&self.record) {
            Ok(())
        } else {
            Err(ReceiptError::Record { position, batch })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AccountId, Amount, AssetId, Deposit, Domain, Root, ScalarCompressor};

    #[test]
    fn only_what_is_there_is_kept() {
        let deposit = |to| {
            Record::Deposit(Deposit {
                to,
                asset: AssetId::new(1),
                amount: Amount::new(2),
                keys: None,
            })
        };
        let records = [
            deposit(AccountId::new(1)),
            deposit(AccountId::new(2)),
            Record::Noop,
            Record::Noop,
        ];
        let digest = operations_digest(&records, &ScalarCompressor);
        let public = PublicInputs {
            domain: Domain::ZERO,
            batch_number: BatchNumber::new(7),
            old_root: Root::ZERO,
            new_root: Root::ZERO,
            operations_digest: digest,
            num_operations: 4,
        };
        let honest = Receipt {
            batch_number: BatchNumber::new(7),
            position: 1,
            record: deposit(AccountId::new(2)),
        };
        let check = |receipt: Receipt, records: &[Record]| {
            receipt.check(&public, records, &ScalarCompressor)
        };
        assert_eq!(check(honest, &records), Ok(()));
        let other = Receipt {
            batch_number: BatchNumber::new(8),
            ..honest
        };
        let error = ReceiptError::Batch {
            receipt: BatchNumber::new(8),
            batch: BatchNumber::new(7),
        };
        assert_eq!(check(other, &records), Err(error));
        for (position, record) in [
            (0, deposit(AccountId::new(2))),
            (1, deposit(AccountId::new(1))),
            (4, deposit(AccountId::new(2))),
        ] {
            let other = Receipt {
                position,
                record,
                ..honest
            };
            let error = ReceiptError::Record {
                position,
                batch: BatchNumber::new(7),
            };
            assert_eq!(check(other, &records), Err(error));
        }
        let swapped = [
            deposit(AccountId::new(2)),
            deposit(AccountId::new(1)),
            Record::Noop,
            Record::Noop,
        ];
        for others in [&swapped[..], &records[..3]] {
            let refused = check(honest, others);
            assert!(matches!(refused, Err(ReceiptError::Records { .. })));
        }
    }
}
