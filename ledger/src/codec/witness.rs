//! The form of a sealed batch: what a prover needs, to be stored or sent to another machine.

use alloc::vec::Vec;

use thiserror::Error;

use super::{
    VERSION, finish,
    parts::{put_siblings, take_siblings},
    sealed::Part,
    take_version,
};
use crate::{
    Account, AccountId, AssetId, BatchNumber, Deposit, Digest, OperationWitness, Order,
    PublicInputs, ReceiverWitness, Record, SealedBatch, Signature, SignerWitness,
    ledger::created_account,
    tree::empty_digests,
    wire::{self, DecodeError, EncodeError, Reader, put_varint},
};

/// Why a batch has no form. A batch that a ledger sealed always has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WitnessError {
    /// The records cannot be published.
    #[error("the records have no encoding: {0}")]
    Records(#[from] EncodeError),
    /// The numbers of operations in public inputs, records and witnesses are not one number.
    #[error("{inputs} operations in the public inputs, {records} records, {operations} witnesses")]
    Count {
        /// What the public inputs say.
        inputs: u32,
        /// Records.
        records: usize,
        /// Witnesses.
        operations: usize,
    },
    /// The witness of an operation does not belong to its record.
    #[error("the witness of operation {position} is not one of its record")]
    Mismatch {
        /// Which operation.
        position: usize,
    },
}

/// The account that receives in a record.
const fn receiver(record: &Record) -> Option<AccountId> {
    match record {
        Record::Signed(Order::Transfer(transfer), _) => Some(transfer.to),
        Record::Deposit(Deposit { to, .. }) | Record::CollectFees { to, .. } => Some(*to),
        Record::Noop | Record::Signed(_, _) => None,
    }
}

/// The account that a record creates.
fn created(record: &Record) -> Option<Account> {
    match record {
        Record::Deposit(Deposit {
            asset,
            amount,
            keys: Some(keys),
            ..
        }) => Some(created_account(*asset, *amount, keys)),
        _ => None,
    }
}

/// Whether the parts of a witness that its form leaves out are those of the record.
fn belongs(operation: &OperationWitness, record: &Record, inputs: &PublicInputs) -> bool {
    let signer = match (record, &operation.signer) {
        (Record::Signed(order, key), Some(signer)) => {
            signer.index == order.signer() && signer.signature.key_index == u32::from(key.index)
        }
        (Record::Signed(_, _), None) | (_, Some(_)) => false,
        (_, None) => true,
    };
    let receiver = match (receiver(record), &operation.receiver) {
        (Some(to), Some(receiver)) => {
            let created = created(record);
            receiver.index == to
                && receiver.created == created
                && receiver.account.is_none() == created.is_some()
        }
        (None, None) => true,
        _ => false,
    };
    operation.record == *record
        && operation.batch_number == inputs.batch_number
        && signer
        && receiver
}

/// The bytes of a batch: version, public inputs, the length of the published records (varint) and
/// these as in [`wire::encode`], then for each operation the asset of the pool (varint), of a signed
/// one the signer's account, siblings and signature, and of one with a receiver its account, unless it
/// is created, and siblings.
///
/// Whatever follows from the records is left out. A payment in a tree of a million accounts takes about
/// 2.9 kB, most of them its signature.
///
/// # Errors
/// [`WitnessError`] when the batch is none that a ledger seals.
pub fn encode_batch(batch: &SealedBatch) -> Result<Vec<u8>, WitnessError> {
    let SealedBatch {
        public_inputs,
        records,
        operations,
    } = batch;
    if records.len() != operations.len() || records.len() != public_inputs.num_operations as usize {
        return Err(WitnessError::Count {
            inputs: public_inputs.num_operations,
            records: records.len(),
            operations: operations.len(),
        });
    }
    let published = wire::encode(records, public_inputs.batch_number)?;
    let mut out = Vec::with_capacity(published.len() + 3072 * operations.len() + 256);
    out.push(VERSION);
    public_inputs.put(&mut out);
    put_varint(&mut out, published.len() as u64);
    out.extend_from_slice(&published);
    let empty = empty_digests();
    for (position, (operation, record)) in operations.iter().zip(records).enumerate() {
        if !belongs(operation, record, public_inputs) {
            return Err(WitnessError::Mismatch { position });
        }
        put_varint(&mut out, operation.pool_asset.get().into());
        if let Some(signer) = &operation.signer {
            signer.account.put(&mut out);
            put_siblings(&mut out, &signer.siblings, &empty);
            signer.signature.put(&mut out);
        }
        if let Some(receiver) = &operation.receiver {
            if let Some(account) = &receiver.account {
                account.put(&mut out);
            }
            put_siblings(&mut out, &receiver.siblings, &empty);
        }
    }
    Ok(out)
}

/// Reads a batch. Whether it is true, no form says: a prover that fills a trace from a false one makes
/// a proof that no verifier accepts.
///
/// # Errors
/// [`DecodeError`] for anything but the bytes of a batch. Allocates for 8,192 records at most, and
/// for witnesses no more than a few times the bytes.
pub fn decode_batch(bytes: &[u8]) -> Result<SealedBatch, DecodeError> {
    let mut reader = Reader::new(bytes);
    take_version(&mut reader)?;
    let public_inputs = PublicInputs::take(&mut reader)?;
    let length = reader.varint("the length of the records")?;
    let length = usize::try_from(length).map_err(|_| DecodeError::Truncated)?;
    let records_at = reader.offset();
    let records = wire::decode(reader.take(length)?, public_inputs.batch_number)
        .map_err(|error| error.moved(records_at))?;
    if records.len() != public_inputs.num_operations as usize {
        return Err(DecodeError::OutOfRange {
            offset: records_at,
            what: "the number of records",
        });
    }
    let empty = empty_digests();
    let mut operations = Vec::new();
    for record in &records {
        operations.push(take_operation(
            &mut reader,
            record,
            public_inputs.batch_number,
            &empty,
        )?);
    }
    finish(&reader)?;
    Ok(SealedBatch {
        public_inputs,
        records,
        operations,
    })
}

fn take_operation(
    reader: &mut Reader<'_>,
    record: &Record,
    batch_number: BatchNumber,
    empty: &[Digest],
) -> Result<OperationWitness, DecodeError> {
    let pool_asset = reader.id("an asset")?;
    let signer = match record {
        Record::Signed(order, key) => {
            let account = Account::take(reader)?;
            let siblings = take_siblings(reader, empty)?;
            let offset = reader.offset();
            let signature = Signature::take(reader)?;
            if signature.key_index != u32::from(key.index) {
                return Err(DecodeError::OutOfRange {
                    offset,
                    what: "the one-time key of a signature",
                });
            }
            Some(SignerWitness {
                index: order.signer(),
                account,
                siblings,
                signature,
            })
        }
        _ => None,
    };
    let receiver = match receiver(record) {
        Some(index) => {
            let created = created(record);
            let account = match created {
                Some(_) => None,
                None => Some(Account::take(reader)?),
            };
            Some(ReceiverWitness {
                index,
                account,
                created,
                siblings: take_siblings(reader, empty)?,
            })
        }
        None => None,
    };
    Ok(OperationWitness {
        record: *record,
        batch_number,
        pool_asset: AssetId::new(pool_asset),
        signer,
        receiver,
    })
}
