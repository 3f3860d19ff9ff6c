//! Public records: what a batch says of each operation, its field elements and its digest.

use core::fmt;

use winter_math::{FieldElement, fields::f64::BaseElement};

use crate::{
    AccountId, Amount, BatchNumber, Digest,
    account::KeyUse,
    account::keys_digest,
    amount::limbs,
    hash::{self, Compressor, Input, tag},
    operation::{Deposit, Order, Transfer, Withdraw},
};

/// What an operation is. The discriminant is its number in the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[repr(u8)]
pub enum OperationKind {
    /// Padding.
    Noop = 0,
    /// A payment inside the rollup.
    Transfer = 1,
    /// A payment out of the rollup.
    Withdraw = 2,
    /// A new key in a slot.
    RotateKey = 3,
    /// A deposit to an account that exists.
    Deposit = 4,
    /// A deposit that creates its account.
    Create = 5,
    /// The fee pool paid out.
    CollectFees = 6,
}

impl OperationKind {
    /// Every kind, in the order of their numbers.
    pub const ALL: [Self; 7] = [
        Self::Noop,
        Self::Transfer,
        Self::Withdraw,
        Self::RotateKey,
        Self::Deposit,
        Self::Create,
        Self::CollectFees,
    ];

    /// Whether an account's key must sign it.
    #[must_use]
    pub const fn is_signed(self) -> bool {
        matches!(self, Self::Transfer | Self::Withdraw | Self::RotateKey)
    }

    /// Whether it opens the leaf of a receiver.
    #[must_use]
    pub const fn has_receiver(self) -> bool {
        matches!(
            self,
            Self::Transfer | Self::Deposit | Self::Create | Self::CollectFees
        )
    }
}

/// The public record of one operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
pub enum Record {
    /// Padding.
    Noop,
    /// An order, and the one-time key that signed it.
    Signed(Order, KeyUse),
    /// A deposit; it creates its account when it has keys.
    Deposit(Deposit),
    /// The whole fee pool paid out.
    CollectFees {
        /// To whom.
        to: AccountId,
        /// How much was in the pool.
        amount: Amount,
    },
}

/// A record taken apart: the same fields for every kind, zero where a kind has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordFields {
    /// What the operation is.
    pub kind: OperationKind,
    /// The signer's account, the asset of a deposit, or 0.
    pub subject: u32,
    /// The receiver's account, or 0.
    pub to: u32,
    /// The slot that signed (0 or 1), or 0.
    pub signing_slot: u8,
    /// The number of the one-time key that signed, or 0.
    pub key_index: u16,
    /// The slot that a rotation replaces (0 or 1), or 0.
    pub target_slot: u8,
    /// The new scope of a rotation (0 to 3), all four scope bits of a creation, or 0.
    pub scope: u8,
    /// The last batch number a signed operation may run in, or 0.
    pub valid_until: BatchNumber,
    /// What moves.
    pub amount: Amount,
    /// What the fee pool gets.
    pub fee: Amount,
    /// Recipient of a withdrawal (four lanes of five bytes, little-endian), new root of a
    /// rotation, keys digest of a creation, or zeros.
    pub payload: [BaseElement; 4],
}

/// Field elements of a record: eight lanes and a payload of four.
pub const RECORD_ELEMENTS: usize = 12;

impl Record {
    /// What the operation is.
    #[must_use]
    pub const fn kind(&self) -> OperationKind {
        match self {
            Self::Noop => OperationKind::Noop,
            Self::Signed(order, _) => order.kind(),
            Self::Deposit(Deposit { keys: None, .. }) => OperationKind::Deposit,
            Self::Deposit(Deposit { keys: Some(_), .. }) => OperationKind::Create,
            Self::CollectFees { .. } => OperationKind::CollectFees,
        }
    }

    /// What moves; 0 for kinds that move nothing.
    #[must_use]
    pub const fn amount(&self) -> Amount {
        match self {
            Self::Noop => Amount::ZERO,
            Self::Signed(order, _) => order.amount(),
            Self::Deposit(deposit) => deposit.amount,
            Self::CollectFees { amount, .. } => *amount,
        }
    }

    /// What the fee pool gets; 0 for kinds that pay no fee.
    #[must_use]
    pub const fn fee(&self) -> Amount {
        match self {
            Self::Noop | Self::Deposit(_) | Self::CollectFees { .. } => Amount::ZERO,
            Self::Signed(order, _) => order.fee(),
        }
    }

    /// The record taken apart.
    #[must_use]
    pub fn fields(&self) -> RecordFields {
        let empty = RecordFields {
            kind: self.kind(),
            subject: 0,
            to: 0,
            signing_slot: 0,
            key_index: 0,
            target_slot: 0,
            scope: 0,
            valid_until: BatchNumber::ZERO,
            amount: self.amount(),
            fee: self.fee(),
            payload: [BaseElement::ZERO; 4],
        };
        match *self {
            Self::Noop => empty,
            Self::Signed(order, key) => {
                let signed = RecordFields {
                    subject: order.signer().get(),
                    signing_slot: key.slot as u8,
                    key_index: key.index,
                    valid_until: order.valid_until(),
                    ..empty
                };
                match order {
                    Order::Transfer(Transfer { to, .. }) => RecordFields {
                        to: to.get(),
                        ..signed
                    },
                    Order::Withdraw(Withdraw { recipient, .. }) => RecordFields {
                        payload: recipient_elements(&recipient),
                        ..signed
                    },
                    Order::RotateKey(rotate) => RecordFields {
                        target_slot: rotate.slot as u8,
                        scope: rotate.scope.bits(),
                        payload: rotate.new_root.0.0,
                        ..signed
                    },
                }
            }
            Self::Deposit(Deposit {
                to, asset, keys, ..
            }) => RecordFields {
                subject: asset.get(),
                to: to.get(),
                scope: keys.map_or(0, |keys| keys.scope_bits()),
                payload: keys.map_or(empty.payload, |keys| keys_digest(&keys.roots).0),
                ..empty
            },
            Self::CollectFees { to, .. } => RecordFields {
                to: to.get(),
                ..empty
            },
        }
    }

    /// The twelve elements of the record: eight lanes, then the payload.
    #[must_use]
    pub fn elements(&self) -> [BaseElement; RECORD_ELEMENTS] {
        self.fields().elements()
    }

    /// `R`: two compressions.
    ///
    /// ```
    /// use winterlane_ledger::{AccountId, Amount, BatchNumber, KeyUse, Order, SlotIndex, Transfer};
    /// let transfer = Transfer {
    ///     from: AccountId::new(1),
    ///     to: AccountId::new(2),
    ///     amount: Amount::new(3),
    ///     fee: Amount::new(4),
    ///     valid_until: BatchNumber::new(5),
    /// };
    /// let [first, second] = [0, 1].map(|index| KeyUse { slot: SlotIndex::Zero, index });
    /// let order = Order::Transfer(transfer);
    /// assert_ne!(order.record(first).digest(), order.record(second).digest());
    /// let swapped = Order::Transfer(Transfer { from: AccountId::new(2), to: AccountId::new(1), ..transfer });
    /// assert_ne!(order.record(first).digest(), swapped.record(first).digest());
    /// ```
    #[must_use]
    pub fn digest(&self) -> RecordDigest {
        self.fields().digest()
    }
}

impl RecordFields {
    /// The eight lanes, without the payload.
    #[must_use]
    pub fn lanes(&self) -> [BaseElement; 8] {
        // subject (32 bits), kind (5), target slot (1), scope (4), signing slot (1), key index (10)
        let head = u64::from(self.subject)
            + (u64::from(self.kind as u8) << 32)
            + (u64::from(self.target_slot) << 37)
            + (u64::from(self.scope) << 38)
            + (u64::from(self.signing_slot) << 42)
            + (u64::from(self.key_index) << 43)
            // no lane holds 64 bits: an expiry that no batch can have shows here, where no
            // constraint admits it, and not as another expiry modulo p
            + (self.valid_until.get() >> 63 << 59);
        let [amount0, amount1, amount2] = limbs(self.amount.get());
        let [fee0, fee1, fee2] = limbs(self.fee.get());
        [
            head,
            u64::from(self.to),
            self.valid_until.get() & (u64::MAX >> 1),
            amount0,
            amount1,
            fee0,
            fee1,
            amount2 + (fee2 << 28),
        ]
        .map(BaseElement::new)
    }

    /// The twelve elements: eight lanes, then the payload.
    #[must_use]
    pub fn elements(&self) -> [BaseElement; RECORD_ELEMENTS] {
        let lanes = self.lanes();
        core::array::from_fn(|i| if i < 8 { lanes[i] } else { self.payload[i - 8] })
    }

    /// The input of the first of the two compressions of the digest.
    #[must_use]
    pub fn lanes_input(&self) -> Input {
        let mut lanes = self.lanes();
        lanes[7] += tag::RECORD;
        lanes
    }

    /// `R`, the digest: `compress(PAYLOAD; compress(RECORD; lanes), payload)`.
    #[must_use]
    pub fn digest(&self) -> RecordDigest {
        let lanes = hash::compress_input(&self.lanes_input());
        let whole = hash::input(tag::PAYLOAD, &lanes.0, &self.payload);
        RecordDigest(hash::compress_input(&whole))
    }
}

/// The 20 bytes of an address as four lanes of five bytes, little-endian.
fn recipient_elements(recipient: &[u8; 20]) -> [BaseElement; 4] {
    let (lanes, _) = recipient.as_chunks::<5>();
    core::array::from_fn(|i| {
        let [a, b, c, d, e] = lanes[i];
        BaseElement::new(u64::from_le_bytes([a, b, c, d, e, 0, 0, 0]))
    })
}

/// `R`, the digest of what is signed: of an operation's record, or of a credential's body.
///
/// A type of its own, so that it cannot change places with the domain that it is
/// [bound to](crate::signature::bound_message).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct RecordDigest(pub Digest);

impl fmt::Display for RecordDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The chain of record digests that a batch publishes: `acc' = compress(OPS; acc, R)` from zeros.
///
/// Every slot of the batch counts, padding included.
///
/// ```
/// use winterlane_ledger::{Record, ScalarCompressor, record::operations_digest};
/// let [one, two] = [1, 2].map(|n| operations_digest(&vec![Record::Noop; n], &ScalarCompressor));
/// assert_ne!(one, two);
/// ```
#[must_use]
pub fn operations_digest<C: Compressor + ?Sized>(records: &[Record], compressor: &C) -> Digest {
    chain_digests(&record_digests(records, compressor))
}

/// The chain over digests already known.
#[must_use]
pub fn chain_digests(digests: &[RecordDigest]) -> Digest {
    digests.iter().fold(Digest::ZERO, |acc, digest| {
        hash::compress(tag::OPS, &acc, &digest.0)
    })
}

/// The digests of many records, two compressions each.
#[must_use]
pub fn record_digests<C: Compressor + ?Sized>(
    records: &[Record],
    compressor: &C,
) -> alloc::vec::Vec<RecordDigest> {
    use alloc::{vec, vec::Vec};

    let fields: Vec<_> = records.iter().map(Record::fields).collect();
    let mut inputs: Vec<_> = fields.iter().map(RecordFields::lanes_input).collect();
    let mut digests = vec![Digest::ZERO; records.len()];
    compressor.compress_many(&inputs, &mut digests);
    for ((input, digest), fields) in inputs.iter_mut().zip(&digests).zip(&fields) {
        *input = hash::input(tag::PAYLOAD, &digest.0, &fields.payload);
    }
    compressor.compress_many(&inputs, &mut digests);
    digests.into_iter().map(RecordDigest).collect()
}

#[cfg(test)]
mod tests;
