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

mod number;
#[cfg(test)]
mod tests;

use alloc::vec::Vec;

use thiserror::Error;

pub(crate) use self::number::{Reader, put_amount, put_varint};
use crate::{
    Compressor, Deposit, Digest, DigestError, KeyUse, MAX_OPERATIONS, NewKeys, OperationKind,
    Order, PublicInputs, Record, RotateKey, Scope, SlotIndex, Transfer, Withdraw,
    digest::DIGEST_BYTES,
    public::BATCH_NUMBER_BITS,
    record::operations_digest,
    signature::{KEY_CAPACITY, SignatureBytesError},
};

/// The first byte of every encoding.
pub const VERSION: u8 = 2;

/// Lifetimes below this stand in the head byte.
const LONG_LIFETIME: u8 = 31;

/// Why records have no encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EncodeError {
    /// More records than a batch can have.
    #[error("{count} records; a batch has at most {MAX_OPERATIONS}")]
    TooMany {
        /// How many there are.
        count: usize,
    },
    /// An order that had expired, or lives for 2^62 batches: no batch has such a record.
    #[error("record {position} is valid until {valid_until}: out of range in batch {batch_number}")]
    Lifetime {
        /// Which record.
        position: usize,
        /// Its last batch.
        valid_until: u64,
        /// This batch.
        batch_number: u64,
    },
    /// A one-time key that no key has.
    #[error("record {position} is signed by one-time key {index}; a key has {KEY_CAPACITY}")]
    KeyIndex {
        /// Which record.
        position: usize,
        /// The number of the one-time key.
        index: u16,
    },
}

/// Why bytes are not the records of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// The first byte is not a version that is known.
    #[error("version {version} of the encoding is unknown")]
    Version {
        /// The byte.
        version: u8,
    },
    /// The bytes end inside a record.
    #[error("the bytes end too early")]
    Truncated,
    /// There are bytes after the last record.
    #[error("{left} bytes follow the last record")]
    Trailing {
        /// How many.
        left: usize,
    },
    /// More records are announced than a batch can have.
    #[error("{count} records announced; a batch has at most {MAX_OPERATIONS}")]
    TooMany {
        /// How many are announced.
        count: u64,
    },
    /// Something is written in another way than the one it has.
    #[error("byte {offset}: {what} is not in canonical form")]
    NotCanonical {
        /// Where it begins.
        offset: usize,
        /// What it is.
        what: &'static str,
    },
    /// A number does not fit what it stands for.
    #[error("byte {offset}: {what} is out of range")]
    OutOfRange {
        /// Where it begins.
        offset: usize,
        /// What it is.
        what: &'static str,
    },
    /// A signature is none.
    #[error("byte {offset}: {reason}")]
    Signature {
        /// Where it begins.
        offset: usize,
        /// What is wrong with it.
        reason: SignatureBytesError,
    },
    /// A root is no digest.
    #[error("byte {offset}: {reason}")]
    Digest {
        /// Where it begins.
        offset: usize,
        /// What is wrong with it.
        reason: DigestError,
    },
}

impl DecodeError {
    /// The same error in bytes that begin `by` later.
    pub(crate) const fn moved(self, by: usize) -> Self {
        match self {
            Self::NotCanonical { offset, what } => Self::NotCanonical {
                offset: offset + by,
                what,
            },
            Self::OutOfRange { offset, what } => Self::OutOfRange {
                offset: offset + by,
                what,
            },
            Self::Digest { offset, reason } => Self::Digest {
                offset: offset + by,
                reason,
            },
            Self::Signature { offset, reason } => Self::Signature {
                offset: offset + by,
                reason,
            },
            Self::Version { .. }
            | Self::Truncated
            | Self::Trailing { .. }
            | Self::TooMany { .. } => self,
        }
    }
}

/// Why published bytes do not belong to a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PublishedError {
    /// The bytes are not records.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// There are more or fewer records than the batch has.
    #[error("{got} records published, the batch has {expected}")]
    Count {
        /// What the public inputs say.
        expected: u32,
        /// Records found.
        got: usize,
    },
    /// The records are those of another batch.
    #[error("the published records have digest {got}, the batch has {expected}")]
    Digest {
        /// What the public inputs say.
        expected: Digest,
        /// The digest of the records found.
        got: Digest,
    },
}

/// Encodes the records of batch `batch_number`.
///
/// ```
/// use winterlane_ledger::{KeyUse, Order, SlotIndex, Transfer, wire};
/// // 0.25 ether, with the fee of a plain transfer at 13.37 gwei.
/// let (amount, fee) = (250_000_000_000_000_000, 21_000 * 13_370_000_000);
/// let transfer = Transfer { from: 70_000, to: 12, amount, fee, valid_until: 1010 };
/// let key = KeyUse { slot: SlotIndex::Zero, index: 3 };
/// let record = Order::Transfer(transfer).record(key);
/// let bytes = wire::encode(&[record], 1000)?;
/// assert_eq!(bytes.len(), 14);
/// assert_eq!(wire::decode(&bytes, 1000)?, [record]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`EncodeError`] when there are too many records, or one that no batch of this number has.
pub fn encode(records: &[Record], batch_number: u64) -> Result<Vec<u8>, EncodeError> {
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
pub fn decode(bytes: &[u8], batch_number: u64) -> Result<Vec<Record>, DecodeError> {
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

/// One record that is no Noop.
fn put_record(
    out: &mut Vec<u8>,
    record: &Record,
    position: usize,
    batch_number: u64,
) -> Result<(), EncodeError> {
    let kind = record.kind() as u8;
    match record {
        Record::Noop => {}
        Record::Signed(order, key) => {
            put_signed(out, order, *key, position, batch_number)?;
            match order {
                Order::Transfer(Transfer {
                    to, amount, fee, ..
                }) => {
                    put_varint(out, u64::from(*to));
                    put_amount(out, *amount);
                    put_amount(out, *fee);
                }
                Order::Withdraw(Withdraw {
                    amount,
                    fee,
                    recipient,
                    ..
                }) => {
                    put_amount(out, *amount);
                    put_amount(out, *fee);
                    out.extend_from_slice(recipient);
                }
                Order::RotateKey(RotateKey {
                    slot,
                    new_root,
                    scope,
                    fee,
                    ..
                }) => {
                    put_amount(out, *fee);
                    out.push(*slot as u8 | scope.bits() << 1);
                    out.extend_from_slice(&new_root.to_bytes());
                }
            }
        }
        Record::Deposit(Deposit {
            to,
            asset,
            amount,
            keys,
        }) => {
            out.push(kind | keys.map_or(0, |keys| keys.scope_bits()) << 3);
            put_varint(out, u64::from(*to));
            put_varint(out, u64::from(*asset));
            put_amount(out, *amount);
            for root in keys.iter().flat_map(|keys| &keys.roots) {
                out.extend_from_slice(&root.to_bytes());
            }
        }
        Record::CollectFees { to, amount } => {
            out.push(kind);
            put_varint(out, u64::from(*to));
            put_amount(out, *amount);
        }
    }
    Ok(())
}

/// Head, signer, lifetime and key of a signed kind.
fn put_signed(
    out: &mut Vec<u8>,
    order: &Order,
    KeyUse { slot, index }: KeyUse,
    position: usize,
    batch_number: u64,
) -> Result<(), EncodeError> {
    if u32::from(index) >= KEY_CAPACITY {
        return Err(EncodeError::KeyIndex { position, index });
    }
    let valid_until = order.valid_until();
    let lifetime = valid_until
        .checked_sub(batch_number)
        .filter(|lifetime| lifetime >> BATCH_NUMBER_BITS == 0)
        .ok_or(EncodeError::Lifetime {
            position,
            valid_until,
            batch_number,
        })?;
    let short = lifetime.min(u64::from(LONG_LIFETIME)) as u8;
    out.push(order.kind() as u8 | short << 3);
    put_varint(out, u64::from(order.signer()));
    if short == LONG_LIFETIME {
        put_varint(out, lifetime - u64::from(LONG_LIFETIME));
    }
    put_varint(out, slot as u64 | u64::from(index) << 1);
    Ok(())
}

/// The rest of a record that is no Noop, after its head byte.
fn take_record(
    reader: &mut Reader<'_>,
    head: u8,
    offset: usize,
    batch_number: u64,
) -> Result<Record, DecodeError> {
    const KINDS: [OperationKind; 7] = OperationKind::ALL;
    let own = head >> 3;
    let kind = KINDS.get(usize::from(head & 7));
    let out_of_range = |what| DecodeError::OutOfRange { offset, what };
    Ok(
        match kind.ok_or(out_of_range("the kind of an operation"))? {
            OperationKind::Noop => Record::Noop,
            OperationKind::Transfer => {
                let (from, valid_until, key) = take_signed(reader, own, batch_number)?;
                let to = reader.id("an account")?;
                let (amount, fee) = (reader.amount()?, reader.amount()?);
                Order::Transfer(Transfer {
                    from,
                    to,
                    amount,
                    fee,
                    valid_until,
                })
                .record(key)
            }
            OperationKind::Withdraw => {
                let (from, valid_until, key) = take_signed(reader, own, batch_number)?;
                let (amount, fee) = (reader.amount()?, reader.amount()?);
                let recipient = *reader.array()?;
                Order::Withdraw(Withdraw {
                    from,
                    amount,
                    fee,
                    recipient,
                    valid_until,
                })
                .record(key)
            }
            OperationKind::RotateKey => {
                let (account, valid_until, key) = take_signed(reader, own, batch_number)?;
                let fee = reader.amount()?;
                let place = reader.byte()?;
                let scope = Scope::from_bits(place >> 1).ok_or(out_of_range("a scope"))?;
                let slot = if place & 1 == 0 {
                    SlotIndex::Zero
                } else {
                    SlotIndex::One
                };
                let new_root = take_digest(reader)?;
                Order::RotateKey(RotateKey {
                    account,
                    slot,
                    new_root,
                    scope,
                    fee,
                    valid_until,
                })
                .record(key)
            }
            OperationKind::Deposit => {
                own_bits_zero(head, offset)?;
                take_deposit(reader, None)?
            }
            OperationKind::Create => {
                let scope = |bits| Scope::from_bits(bits).ok_or(out_of_range("a scope"));
                let scopes = [scope(own & 3)?, scope(own >> 2)?];
                take_deposit(reader, Some(scopes))?
            }
            OperationKind::CollectFees => {
                own_bits_zero(head, offset)?;
                Record::CollectFees {
                    to: reader.id("an account")?,
                    amount: reader.amount()?,
                }
            }
        },
    )
}

/// Signer, last batch and key of a signed kind.
fn take_signed(
    reader: &mut Reader<'_>,
    short: u8,
    batch_number: u64,
) -> Result<(u32, u64, KeyUse), DecodeError> {
    let signer = reader.id("an account")?;
    let offset = reader.offset();
    let long = if short == LONG_LIFETIME {
        reader.varint("a lifetime")?
    } else {
        0
    };
    let valid_until = long
        .checked_add(u64::from(short))
        .filter(|lifetime| lifetime >> BATCH_NUMBER_BITS == 0)
        .and_then(|lifetime| lifetime.checked_add(batch_number))
        .ok_or(DecodeError::OutOfRange {
            offset,
            what: "a lifetime",
        })?;
    let offset = reader.offset();
    let key = reader.varint("a one-time key")?;
    let index = u16::try_from(key >> 1)
        .ok()
        .filter(|index| u32::from(*index) < KEY_CAPACITY)
        .ok_or(DecodeError::OutOfRange {
            offset,
            what: "a one-time key",
        })?;
    let slot = if key & 1 == 0 {
        SlotIndex::Zero
    } else {
        SlotIndex::One
    };
    Ok((signer, valid_until, KeyUse { slot, index }))
}

/// A deposit; with keys when it has scopes.
fn take_deposit(
    reader: &mut Reader<'_>,
    scopes: Option<[Scope; 2]>,
) -> Result<Record, DecodeError> {
    let (to, asset) = (reader.id("an account")?, reader.id("an asset")?);
    let amount = reader.amount()?;
    let keys = match scopes {
        None => None,
        Some(scopes) => {
            let roots = [take_digest(reader)?, take_digest(reader)?];
            Some(NewKeys { roots, scopes })
        }
    };
    Ok(Record::Deposit(Deposit {
        to,
        asset,
        amount,
        keys,
    }))
}

pub(crate) fn take_digest(reader: &mut Reader<'_>) -> Result<Digest, DecodeError> {
    let offset = reader.offset();
    let bytes = reader.array::<DIGEST_BYTES>()?;
    Digest::from_bytes(bytes).map_err(|reason| DecodeError::Digest { offset, reason })
}

/// Kinds that use none of the head's own bits must leave them zero.
fn own_bits_zero(head: u8, offset: usize) -> Result<(), DecodeError> {
    if head >> 3 == 0 {
        Ok(())
    } else {
        Err(DecodeError::NotCanonical {
            offset,
            what: "the head of a record",
        })
    }
}
