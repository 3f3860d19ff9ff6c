//! The published bytes of a batch: its records, compact and canonical.
//!
//! Whoever has these bytes and the public inputs knows everything that changed; the proof says
//! that it was allowed. A payment as real chains make them takes under 30 bytes. Every list of
//! records has exactly one encoding, and decoding refuses all other bytes, so that nobody can
//! publish one batch in two forms.
//!
//! | part | bytes |
//! |---|---|
//! | version | 1: the byte 2 |
//! | number of records | varint |
//! | each record | head byte: kind in the low 3 bits, above them 5 bits of its own. No kind has the value 7 there yet: kinds from 7 on will have their number in a byte of its own after it |
//! | Noop | own bits 0; varint: how many more follow at once (always all of them) |
//! | Transfer | own bits: lifetime; from, key, to (varints); amount, fee |
//! | Withdraw | own bits: lifetime; from, key (varints); amount, fee; recipient (20) |
//! | RotateKey | own bits: lifetime; account, key (varints); fee; slot + 2 scope (1); new root (32) |
//! | Deposit | own bits 0; to, asset (varints); amount |
//! | Create | own bits: the four scope bits; to, asset (varints); amount; both roots (64) |
//! | CollectFees | own bits 0; to (varint); amount |
//!
//! *Varint*: seven bits a byte, least significant first, no longer than needed. *Lifetime*:
//! `valid_until - batch_number`; 0 to 30 stand in the head, from 31 on the head has 31 and a varint
//! of the rest follows `from`. *Key*: which one-time key signed, slot + 2 index. *Amount*: a byte `15 n + e`, then n bytes, little-endian and without a
//! leading zero, of a mantissa that is multiplied by 10^e; e is as large as it can be, up to 14.
//! Numbers that people write are short that way.
//!
//! A creation publishes both key roots, although its record holds their digest only: the state can
//! then be rebuilt from what was published.

mod error;
mod number;
mod one;
#[cfg(test)]
mod tests;

use alloc::vec::Vec;

pub use error::{DecodeError, EncodeError, PublishedError};
pub(crate) use number::{Reader, put_amount, put_varint};
use one::{own_bits_zero, put_record, take_record};
pub(crate) use one::{put_digest, put_key, take_digest, take_key};

use crate::{
    BatchNumber, Compressor, MAX_OPERATIONS, OperationKind, PublicInputs, Record,
    record::operations_digest,
};

/// The first byte of every encoding.
pub const VERSION: u8 = 2;

/// Encodes the records of batch `batch_number`.
///
/// ```
/// use winterlane_ledger::{AccountId, Amount, BatchNumber, KeyUse, Order, SlotIndex, Transfer, wire};
/// // 0.25 ether, with the fee of a plain transfer at 13.37 gwei.
/// let (amount, fee) = (250_000_000_000_000_000, 21_000 * 13_370_000_000);
/// let transfer = Transfer {
///     from: AccountId::new(70_000),
///     to: AccountId::new(12),
///     amount: Amount::new(amount),
///     fee: Amount::new(fee),
///     valid_until: BatchNumber::new(1010),
/// };
/// let key = KeyUse { slot: SlotIndex::Zero, index: 3 };
/// let record = Order::Transfer(transfer).record(key);
/// let bytes = wire::encode(&[record], BatchNumber::new(1000))?;
/// assert_eq!(bytes.len(), 14);
/// assert_eq!(wire::decode(&bytes, BatchNumber::new(1000))?, [record]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`EncodeError`] when there are too many records, or one that no batch of this number has.
pub fn encode(records: &[Record], batch_number: BatchNumber) -> Result<Vec<u8>, EncodeError> {
    if records.len() > MAX_OPERATIONS as usize {
        return Err(EncodeError::TooMany {
            count: records.len(),
        });
    }
    let mut out = Vec::with_capacity(4 + records.len() * 32);
    out.push(VERSION);
    put_varint(&mut out, records.len() as u64);
    let mut position = 0;
    while let Some(record) = records.get(position) {
        if *record == Record::Noop {
            let run = records[position..]
                .iter()
                .take_while(|record| **record == Record::Noop);
            let run = run.count();
            out.push(OperationKind::Noop as u8);
            put_varint(&mut out, run as u64 - 1);
            position += run;
        } else {
            put_record(&mut out, record, position, batch_number)?;
            position += 1;
        }
    }
    Ok(out)
}

/// Decodes the records of batch `batch_number`. Allocates for 8,192 records at most.
///
/// # Errors
/// [`DecodeError`] for anything but the one encoding of some records.
pub fn decode(bytes: &[u8], batch_number: BatchNumber) -> Result<Vec<Record>, DecodeError> {
    let mut reader = Reader::new(bytes);
    let version = reader.byte()?;
    if version != VERSION {
        return Err(DecodeError::Version { version });
    }
    let count = reader.varint("the number of records")?;
    if count > u64::from(MAX_OPERATIONS) {
        return Err(DecodeError::TooMany { count });
    }
    let count = count as usize;
    let mut records: Vec<Record> = Vec::with_capacity(count);
    while records.len() < count {
        let offset = reader.offset();
        let head = reader.byte()?;
        if head & 7 == OperationKind::Noop as u8 {
            own_bits_zero(head, offset)?;
            let more = reader.varint("a run of Noops")?;
            if records.last() == Some(&Record::Noop) {
                return Err(DecodeError::NotCanonical {
                    offset,
                    what: "a run of Noops",
                });
            }
            if more >= (count - records.len()) as u64 {
                return Err(DecodeError::OutOfRange {
                    offset,
                    what: "a run of Noops",
                });
            }
            records.resize(records.len() + 1 + more as usize, Record::Noop);
        } else {
            records.push(take_record(&mut reader, head, offset, batch_number)?);
        }
    }
    match reader.left() {
        0 => Ok(records),
        left => Err(DecodeError::Trailing { left }),
    }
}

/// Decodes published bytes and checks that they are the records of the batch with these public
/// inputs: 3 compressions a record.
///
/// # Errors
/// [`PublishedError`] when the bytes are not records, or those of another batch.
pub fn decode_published<C: Compressor + ?Sized>(
    bytes: &[u8],
    public: &PublicInputs,
    compressor: &C,
) -> Result<Vec<Record>, PublishedError> {
    let records = decode(bytes, public.batch_number)?;
    if records.len() != public.num_operations as usize {
        let (expected, got) = (public.num_operations, records.len());
        return Err(PublishedError::Count { expected, got });
    }
    let got = operations_digest(&records, compressor);
    if got != public.operations_digest {
        return Err(PublishedError::Digest {
            expected: public.operations_digest,
            got,
        });
    }
    Ok(records)
}
