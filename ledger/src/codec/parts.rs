//! The forms of the single values.

use alloc::vec::Vec;

use super::sealed::Part;
use crate::{
    Account, AccountId, AccountProof, AssetId, BatchNumber, Deposit, Digest, Domain, KeySlot,
    NewKeys, Nonce, OperationKind, Order, PublicInputs, Receipt, Record, Root, RotateKey, Scope,
    Signature, SignedOrder, SlotIndex, Transfer, Withdraw,
    exit::{Exit, SignedExit},
    signature::{KEY_CAPACITY, SIGNATURE_BYTES},
    tree::{Siblings, TREE_DEPTH, empty_digests},
    wire::{
        DecodeError, Reader, put_amount, put_digest, put_key, put_varint, take_digest, take_key,
    },
};

pub(super) fn out_of_range<T>(
    value: Option<T>,
    offset: usize,
    what: &'static str,
) -> Result<T, DecodeError> {
    value.ok_or(DecodeError::OutOfRange { offset, what })
}

fn take_scope(reader: &mut Reader<'_>) -> Result<Scope, DecodeError> {
    let offset = reader.offset();
    out_of_range(Scope::from_bits(reader.byte()?), offset, "a scope")
}

fn take_slot(reader: &mut Reader<'_>) -> Result<SlotIndex, DecodeError> {
    let offset = reader.offset();
    out_of_range(SlotIndex::from_index(reader.byte()?), offset, "a slot")
}

/// Whether there is something, and then that.
pub(super) fn put_option<T>(
    out: &mut Vec<u8>,
    value: Option<&T>,
    put: impl FnOnce(&mut Vec<u8>, &T),
) {
    out.push(u8::from(value.is_some()));
    if let Some(value) = value {
        put(out, value);
    }
}

/// What [`put_option`] wrote; `what` says which question the flag answers.
pub(super) fn take_option<T>(
    reader: &mut Reader<'_>,
    what: &'static str,
    take: impl FnOnce(&mut Reader<'_>) -> Result<T, DecodeError>,
) -> Result<Option<T>, DecodeError> {
    let is_some = take_flag(reader, what)?;
    is_some.then(|| take(reader)).transpose()
}

/// A number of things or of bytes, `most` at the most.
pub(super) fn take_length(
    reader: &mut Reader<'_>,
    what: &'static str,
    most: usize,
) -> Result<usize, DecodeError> {
    let offset = reader.offset();
    let length = usize::try_from(reader.varint(what)?).ok();
    let length = length.filter(|&length| length <= most);
    out_of_range(length, offset, what)
}

pub(super) fn take_flag(reader: &mut Reader<'_>, what: &'static str) -> Result<bool, DecodeError> {
    let offset = reader.offset();
    match reader.byte()? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(DecodeError::OutOfRange { offset, what }),
    }
}

impl Part for KeySlot {
    fn put(&self, out: &mut Vec<u8>) {
        put_digest(out, &self.root.0);
        put_varint(out, self.next_index.into());
        out.push(self.scope.bits());
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let root = Root(take_digest(reader)?);
        let offset = reader.offset();
        let next_index = reader.varint("a next index")?;
        let next_index = u16::try_from(next_index)
            .ok()
            .filter(|index| u32::from(*index) <= KEY_CAPACITY);
        Ok(Self {
            root,
            next_index: out_of_range(next_index, offset, "a next index")?,
            scope: take_scope(reader)?,
        })
    }
}

impl Part for Account {
    fn put(&self, out: &mut Vec<u8>) {
        put_varint(out, self.asset.get().into());
        put_amount(out, self.balance);
        put_varint(out, self.nonce.get().into());
        for slot in &self.slots {
            slot.put(out);
        }
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            asset: AssetId::new(reader.id("an asset")?),
            balance: reader.amount()?,
            nonce: Nonce::new(reader.id("a nonce")?),
            slots: [KeySlot::take(reader)?, KeySlot::take(reader)?],
        })
    }
}

impl Part for Order {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(self.kind() as u8);
        put_varint(out, self.signer().get().into());
        put_varint(out, self.valid_until().get());
        match self {
            Self::Transfer(transfer) => {
                put_varint(out, transfer.to.get().into());
                put_amount(out, transfer.amount);
                put_amount(out, transfer.fee);
            }
            Self::Withdraw(withdraw) => {
                put_amount(out, withdraw.amount);
                put_amount(out, withdraw.fee);
                out.extend_from_slice(&withdraw.recipient);
            }
            Self::RotateKey(rotate) => {
                put_amount(out, rotate.fee);
                out.push(rotate.slot as u8 | rotate.scope.bits() << 1);
                put_digest(out, &rotate.new_root.0);
            }
        }
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let offset = reader.offset();
        let kind = take_kind(reader)?;
        let kind = Some(kind).filter(|kind| kind.is_signed());
        let kind = out_of_range(kind, offset, "the kind of an order")?;
        take_order(reader, kind)
    }
}

fn take_kind(reader: &mut Reader<'_>) -> Result<OperationKind, DecodeError> {
    let offset = reader.offset();
    let kind = OperationKind::ALL.get(usize::from(reader.byte()?));
    out_of_range(kind.copied(), offset, "the kind of an operation")
}

/// An order after its kind, which is a signed one.
fn take_order(reader: &mut Reader<'_>, kind: OperationKind) -> Result<Order, DecodeError> {
    let signer = reader.id("an account")?;
    let valid_until = reader.varint("a last batch")?;
    Ok(match kind {
        OperationKind::Transfer => Order::Transfer(Transfer {
            from: AccountId::new(signer),
            to: AccountId::new(reader.id("an account")?),
            amount: reader.amount()?,
            fee: reader.amount()?,
            valid_until: BatchNumber::new(valid_until),
        }),
        OperationKind::Withdraw => Order::Withdraw(Withdraw {
            from: AccountId::new(signer),
            amount: reader.amount()?,
            fee: reader.amount()?,
            recipient: *reader.array()?,
            valid_until: BatchNumber::new(valid_until),
        }),
        // the kinds that no key signs were refused before
        _ => {
            let fee = reader.amount()?;
            let offset = reader.offset();
            let place = reader.byte()?;
            let scope = out_of_range(Scope::from_bits(place >> 1), offset, "a scope")?;
            let slot = if place & 1 == 0 {
                SlotIndex::Zero
            } else {
                SlotIndex::One
            };
            Order::RotateKey(RotateKey {
                account: AccountId::new(signer),
                slot,
                new_root: Root(take_digest(reader)?),
                scope,
                fee,
                valid_until: BatchNumber::new(valid_until),
            })
        }
    })
}

impl Part for Record {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Noop => out.push(OperationKind::Noop as u8),
            Self::Signed(order, key) => {
                order.put(out);
                put_key(out, *key);
            }
            Self::Deposit(deposit) => {
                out.push(OperationKind::Deposit as u8);
                deposit.put(out);
            }
            Self::CollectFees { to, amount } => {
                out.push(OperationKind::CollectFees as u8);
                put_varint(out, to.get().into());
                put_amount(out, *amount);
            }
        }
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let offset = reader.offset();
        match take_kind(reader)? {
            OperationKind::Noop => Ok(Self::Noop),
            OperationKind::Deposit => Ok(Self::Deposit(Deposit::take(reader)?)),
            OperationKind::CollectFees => Ok(Self::CollectFees {
                to: AccountId::new(reader.id("an account")?),
                amount: reader.amount()?,
            }),
            // a deposit that creates says so by its keys
            OperationKind::Create => out_of_range(None, offset, "the kind of a record"),
            kind => Ok(Self::Signed(take_order(reader, kind)?, take_key(reader)?)),
        }
    }
}

impl Part for Receipt {
    fn put(&self, out: &mut Vec<u8>) {
        put_varint(out, self.batch_number.get());
        put_varint(out, self.position.into());
        self.record.put(out);
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            batch_number: BatchNumber::new(reader.varint("a batch number")?),
            position: reader.id("a position")?,
            record: Record::take(reader)?,
        })
    }
}

impl Part for Signature {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_bytes());
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let offset = reader.offset();
        Self::from_bytes(reader.take(SIGNATURE_BYTES)?)
            .map_err(|reason| DecodeError::Signature { offset, reason })
    }
}

impl Part for SignedOrder {
    fn put(&self, out: &mut Vec<u8>) {
        self.order.put(out);
        put_varint(out, self.nonce.get().into());
        out.push(self.slot as u8);
        self.signature.put(out);
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            order: Order::take(reader)?,
            nonce: Nonce::new(reader.id("a nonce")?),
            slot: take_slot(reader)?,
            signature: Signature::take(reader)?,
        })
    }
}

impl Part for SignedExit {
    fn put(&self, out: &mut Vec<u8>) {
        put_varint(out, self.exit.account.get().into());
        out.extend_from_slice(&self.exit.recipient);
        out.push(self.slot as u8);
        self.signature.put(out);
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            exit: Exit {
                account: AccountId::new(reader.id("an account")?),
                recipient: *reader.array()?,
            },
            slot: take_slot(reader)?,
            signature: Signature::take(reader)?,
        })
    }
}

impl Part for Deposit {
    fn put(&self, out: &mut Vec<u8>) {
        put_varint(out, self.to.get().into());
        put_varint(out, self.asset.get().into());
        put_amount(out, self.amount);
        put_option(out, self.keys.as_ref(), |out, keys| {
            out.push(keys.scope_bits());
            for root in &keys.roots {
                put_digest(out, &root.0);
            }
        });
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            to: AccountId::new(reader.id("an account")?),
            asset: AssetId::new(reader.id("an asset")?),
            amount: reader.amount()?,
            keys: take_option(reader, "whether a deposit has keys", |reader| {
                let offset = reader.offset();
                let bits = reader.byte()?;
                let scope = |bits| out_of_range(Scope::from_bits(bits), offset, "a scope");
                Ok(NewKeys {
                    scopes: [scope(bits & 3)?, scope(bits >> 2)?],
                    roots: [Root(take_digest(reader)?), Root(take_digest(reader)?)],
                })
            })?,
        })
    }
}

impl Part for PublicInputs {
    fn put(&self, out: &mut Vec<u8>) {
        for digest in [
            &self.domain.0,
            &self.old_root.0,
            &self.new_root.0,
            &self.operations_digest,
        ] {
            put_digest(out, digest);
        }
        put_varint(out, self.batch_number.get());
        put_varint(out, self.num_operations.into());
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            domain: Domain(take_digest(reader)?),
            old_root: Root(take_digest(reader)?),
            new_root: Root(take_digest(reader)?),
            operations_digest: take_digest(reader)?,
            batch_number: BatchNumber::new(reader.varint("a batch number")?),
            num_operations: reader.id("a number of operations")?,
        })
    }
}

impl Part for AccountProof {
    fn put(&self, out: &mut Vec<u8>) {
        put_varint(out, self.id.get().into());
        put_option(out, self.account.as_ref(), |out, account| account.put(out));
        put_siblings(out, &self.siblings, &empty_digests());
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let id = reader.id("an account")?;
        let account = take_option(reader, "whether an account exists", Account::take)?;
        let given = take_given(reader)?;
        // 32 compressions, which a proof that ends too early is not worth
        let siblings = fill_siblings(&given, &empty_digests())?;
        Ok(Self {
            id: AccountId::new(id),
            account,
            siblings,
        })
    }
}

/// Appends siblings; `empty` are [`empty_digests`].
pub(super) fn put_siblings(out: &mut Vec<u8>, siblings: &Siblings, empty: &[Digest]) {
    let given = || {
        let pairs = siblings.iter().zip(empty).enumerate();
        pairs.filter(|(_, (sibling, empty))| sibling != empty)
    };
    let bits = given().fold(0u32, |bits, (height, _)| bits | 1 << height);
    out.extend_from_slice(&bits.to_le_bytes());
    for (_, (sibling, _)) in given() {
        put_digest(out, sibling);
    }
}

/// Reads siblings; `empty` are [`empty_digests`].
pub(super) fn take_siblings(
    reader: &mut Reader<'_>,
    empty: &[Digest],
) -> Result<Siblings, DecodeError> {
    fill_siblings(&take_given(reader)?, empty)
}

/// The siblings that bytes give, and where each begins; `None` at the heights that are left out.
type Given = [Option<(Digest, usize)>; TREE_DEPTH];

fn take_given(reader: &mut Reader<'_>) -> Result<Given, DecodeError> {
    let bits = u32::from_le_bytes(*reader.array()?);
    let mut given = [None; TREE_DEPTH];
    for (height, given) in given.iter_mut().enumerate() {
        if bits >> height & 1 == 1 {
            let offset = reader.offset();
            *given = Some((take_digest(reader)?, offset));
        }
    }
    Ok(given)
}

fn fill_siblings(given: &Given, empty: &[Digest]) -> Result<Siblings, DecodeError> {
    let mut siblings = [Digest::ZERO; TREE_DEPTH];
    for ((sibling, given), empty) in siblings.iter_mut().zip(given).zip(empty) {
        *sibling = match *given {
            Some((digest, offset)) if digest == *empty => {
                return Err(DecodeError::NotCanonical {
                    offset,
                    what: "the sibling of an empty subtree",
                });
            }
            Some((digest, _)) => digest,
            None => *empty,
        };
    }
    Ok(siblings)
}
