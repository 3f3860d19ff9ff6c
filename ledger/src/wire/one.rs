//! The bytes of one record.

use alloc::vec::Vec;

use super::{DecodeError, EncodeError, Reader, put_amount, put_varint};
use crate::{
    AccountId, AssetId, BatchNumber, Deposit, Digest, KeyUse, NewKeys, OperationKind, Order,
    Record, Root, RotateKey, Scope, SlotIndex, Transfer, Withdraw, digest::DIGEST_BYTES,
    public::BATCH_NUMBER_BITS, signature::KEY_CAPACITY,
};

/// Lifetimes below this stand in the head byte.
const LONG_LIFETIME: u8 = 31;

/// One record that is no Noop.
pub(super) fn put_record(
    out: &mut Vec<u8>,
    record: &Record,
    position: usize,
    batch_number: BatchNumber,
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
                    put_varint(out, u64::from(to.get()));
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
                    put_digest(out, &new_root.0);
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
            put_varint(out, u64::from(to.get()));
            put_varint(out, u64::from(asset.get()));
            put_amount(out, *amount);
            for root in keys.iter().flat_map(|keys| &keys.roots) {
                put_digest(out, &root.0);
            }
        }
        Record::CollectFees { to, amount } => {
            out.push(kind);
            put_varint(out, u64::from(to.get()));
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
    batch_number: BatchNumber,
) -> Result<(), EncodeError> {
    if u32::from(index) >= KEY_CAPACITY {
        return Err(EncodeError::KeyIndex { position, index });
    }
    let valid_until = order.valid_until();
    let lifetime = valid_until
        .since(batch_number)
        .filter(|lifetime| lifetime >> BATCH_NUMBER_BITS == 0)
        .ok_or(EncodeError::Lifetime {
            position,
            valid_until,
            batch_number,
        })?;
    let short = lifetime.min(u64::from(LONG_LIFETIME)) as u8;
    out.push(order.kind() as u8 | short << 3);
    put_varint(out, u64::from(order.signer().get()));
    if short == LONG_LIFETIME {
        put_varint(out, lifetime - u64::from(LONG_LIFETIME));
    }
    put_key(out, KeyUse { slot, index });
    Ok(())
}

/// Which one-time key signed: slot + 2 index.
pub(crate) fn put_key(out: &mut Vec<u8>, KeyUse { slot, index }: KeyUse) {
    put_varint(out, slot as u64 | u64::from(index) << 1);
}

pub(crate) fn take_key(reader: &mut Reader<'_>) -> Result<KeyUse, DecodeError> {
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
    Ok(KeyUse { slot, index })
}

/// The rest of a record that is no Noop, after its head byte.
pub(super) fn take_record(
    reader: &mut Reader<'_>,
    head: u8,
    offset: usize,
    batch_number: BatchNumber,
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
                    to: AccountId::new(to),
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
                let new_root = Root(take_digest(reader)?);
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
                    to: AccountId::new(reader.id("an account")?),
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
    batch_number: BatchNumber,
) -> Result<(AccountId, BatchNumber, KeyUse), DecodeError> {
    let signer = AccountId::new(reader.id("an account")?);
    let offset = reader.offset();
    let long = if short == LONG_LIFETIME {
        reader.varint("a lifetime")?
    } else {
        0
    };
    let valid_until = long
        .checked_add(u64::from(short))
        .filter(|lifetime| lifetime >> BATCH_NUMBER_BITS == 0)
        .and_then(|lifetime| batch_number.checked_add(lifetime))
        .ok_or(DecodeError::OutOfRange {
            offset,
            what: "a lifetime",
        })?;
    Ok((signer, valid_until, take_key(reader)?))
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
            let roots = [Root(take_digest(reader)?), Root(take_digest(reader)?)];
            Some(NewKeys { roots, scopes })
        }
    };
    Ok(Record::Deposit(Deposit {
        to: AccountId::new(to),
        asset: AssetId::new(asset),
        amount,
        keys,
    }))
}

pub(crate) fn put_digest(out: &mut Vec<u8>, digest: &Digest) {
    out.extend_from_slice(&digest.to_bytes());
}

pub(crate) fn take_digest(reader: &mut Reader<'_>) -> Result<Digest, DecodeError> {
    let offset = reader.offset();
    let bytes = reader.array::<DIGEST_BYTES>()?;
    Digest::from_bytes(bytes).map_err(|reason| DecodeError::Digest { offset, reason })
}

/// Kinds that use none of the head's own bits must leave them zero.
pub(super) fn own_bits_zero(head: u8, offset: usize) -> Result<(), DecodeError> {
    if head >> 3 == 0 {
        Ok(())
    } else {
        Err(DecodeError::NotCanonical {
            offset,
            what: "the head of a record",
        })
    }
}
