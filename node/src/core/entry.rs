//! Decisions, and their bytes in the log.

use std::sync::Arc;

use winterlane_ledger::{
    AccountId, Amount, AssetId, BatchNumber, CheckedOrder, Deposit, Digest, Order, SignedOrder,
    codec::CanonicalBytes,
    pool::{Payment, Shield},
    private::Nullifier,
};

use crate::{
    OrderId,
    private::{NewNote, Shielding, Verified, decode, encode},
    store::StoreError,
};

/// Something that can be taken once: a one-time key, by its root and number; a deposit, by its reference; a note, by
/// its nullifier; what an order pays for, by the order's name.
///
/// Who took it is kept for ever. Whoever comes with the same claim and other bytes is a fault to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Claim([u8; 34]);

impl Claim {
    /// The one-time key that signed an order.
    pub(crate) fn of_order(order: &CheckedOrder) -> Self {
        Self::new(&order.root().to_bytes(), order.signed().key().index)
    }

    /// The key of a slot, whichever of its one-time keys. None of them has its number.
    pub(crate) fn of_key(order: &CheckedOrder) -> Self {
        Self::new(&order.root().to_bytes(), u16::MAX - 3)
    }

    /// A deposit. No one-time key has its number.
    pub(crate) fn of_deposit(reference: &[u8; 32]) -> Self {
        Self::new(reference, u16::MAX)
    }

    /// A note of the pool, when it is spent.
    pub(crate) fn of_nullifier(nullifier: &Nullifier) -> Self {
        Self::new(&nullifier.0.to_bytes(), u16::MAX - 1)
    }

    /// The note that an order pays for: taken when the order was taken with it.
    pub(crate) fn of_note(order: &OrderId) -> Self {
        Self::new(order.as_bytes(), u16::MAX - 2)
    }

    fn new(what: &[u8; 32], number: u16) -> Self {
        let mut bytes = [0; 34];
        bytes[..32].copy_from_slice(what);
        bytes[32..].copy_from_slice(&number.to_le_bytes());
        Self(bytes)
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; 34] {
        &self.0
    }
}

/// What was decided.
#[allow(
    clippy::large_enum_variant,
    reason = "nearly all are orders, and each is behind a pointer"
)]
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Operation {
    /// This order is the next operation.
    Order {
        /// Its name.
        id: OrderId,
        /// The order, its signature checked.
        order: CheckedOrder,
    },
    /// This withdrawal is the next operation, and pays for a note, which enters the pool.
    Shield {
        /// The name of the order.
        id: OrderId,
        /// The order, its signature checked.
        order: CheckedOrder,
        /// The note.
        note: Shield,
    },
    /// This note enters the pool next, for which a withdrawal of a batch before this one has paid: settlement says so.
    Note {
        /// Its name.
        id: OrderId,
        /// The note.
        note: Shield,
        /// The withdrawal.
        payment: Payment,
    },
    /// This private operation is the next one of the pool. It has no record among the accounts.
    Private {
        /// Its name.
        id: OrderId,
        /// The operation, its proof verified.
        operation: Verified,
    },
    /// This deposit is the next operation.
    Deposit {
        /// Its name.
        id: OrderId,
        /// Its name at settlement.
        reference: [u8; 32],
        /// The deposit.
        deposit: Deposit,
    },
    /// The fees so far go to this account.
    Collect {
        /// The account.
        to: AccountId,
    },
    /// The batch is closed, and gets this many slots.
    Close {
        /// A power of two.
        slots: u32,
    },
}

impl Operation {
    /// The name; the operator's own operations have none.
    pub(crate) const fn id(&self) -> Option<OrderId> {
        match self {
            Self::Order { id, .. }
            | Self::Shield { id, .. }
            | Self::Note { id, .. }
            | Self::Private { id, .. }
            | Self::Deposit { id, .. } => Some(*id),
            Self::Collect { .. } | Self::Close { .. } => None,
        }
    }

    /// What it takes of what can be taken once.
    pub(crate) fn claims(&self) -> [Option<Claim>; 2] {
        match self {
            Self::Order { order, .. } => [Some(Claim::of_order(order)), None],
            Self::Shield { id, order, .. } => {
                [Some(Claim::of_order(order)), Some(Claim::of_note(id))]
            }
            Self::Private { operation, .. } => {
                let nullifiers = operation.operation().nullifiers();
                let claim = |at: usize| nullifiers.get(at).map(Claim::of_nullifier);
                [claim(0), claim(1)]
            }
            Self::Deposit { reference, .. } => [Some(Claim::of_deposit(reference)), None],
            // the pool takes each payment once, in their order
            Self::Note { .. } | Self::Collect { .. } | Self::Close { .. } => [None, None],
        }
    }

    /// The order that it is, alone or with a note.
    pub(crate) const fn order(&self) -> Option<&CheckedOrder> {
        match self {
            Self::Order { order, .. } | Self::Shield { order, .. } => Some(order),
            _ => None,
        }
    }

    /// Whether it has a record among the batch's operations on accounts.
    pub(crate) const fn has_record(&self) -> bool {
        !matches!(
            self,
            Self::Note { .. } | Self::Private { .. } | Self::Close { .. }
        )
    }

    /// The accounts that it concerns: who signs, who receives.
    pub(crate) fn accounts(&self) -> [Option<AccountId>; 2] {
        match self {
            Self::Order { order, .. } | Self::Shield { order, .. } => {
                let order = &order.signed().order;
                let to = match order {
                    Order::Transfer(transfer) => Some(transfer.to),
                    _ => None,
                };
                [Some(order.signer()), to]
            }
            Self::Deposit { deposit, .. } => [None, Some(deposit.to)],
            Self::Collect { to } => [None, Some(*to)],
            Self::Note { .. } | Self::Private { .. } | Self::Close { .. } => [None, None],
        }
    }
}

/// A decision: an entry of the log.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    /// Its number: entries have ascending ones, none left out.
    pub(crate) sequence: u64,
    /// The batch that it is about.
    pub(crate) batch: BatchNumber,
    /// What was decided.
    pub(crate) operation: Arc<Operation>,
}

/// A decision as the log has it: an order's signature is not checked again yet.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LoggedEntry {
    pub(crate) batch: BatchNumber,
    pub(crate) operation: Logged,
}

/// What was decided, as the log has it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Logged {
    Order {
        id: OrderId,
        order: SignedOrder,
        /// The note that the order pays for.
        note: Option<Shield>,
    },
    /// What needs no check.
    Other(Operation),
}

/// The bytes of a note that an earlier withdrawal has paid for: batch (8) and record (4) of the withdrawal, asset (4),
/// amount (16), blinded owner (32), and the encrypted note, which is the rest.
pub(crate) fn note_bytes(note: &Shield, payment: Payment) -> Vec<u8> {
    let mut out = Vec::with_capacity(64 + note.sealed.len());
    out.extend_from_slice(&payment.batch.get().to_le_bytes());
    out.extend_from_slice(&payment.record.to_le_bytes());
    out.extend_from_slice(&note.asset.get().to_le_bytes());
    out.extend_from_slice(&note.amount.get().to_le_bytes());
    out.extend_from_slice(&note.blinded.to_bytes());
    out.extend_from_slice(&note.sealed);
    out
}

/// The note with these bytes ([`note_bytes`]).
fn note_of(bytes: &[u8]) -> Option<(Shield, Payment)> {
    let (batch, rest) = bytes.split_first_chunk()?;
    let (record, rest) = rest.split_first_chunk()?;
    let (asset, rest) = rest.split_first_chunk()?;
    let (amount, rest) = rest.split_first_chunk()?;
    let (blinded, sealed) = rest.split_first_chunk()?;
    let note = Shield {
        blinded: Digest::from_bytes(blinded).ok()?,
        asset: AssetId::new(u32::from_le_bytes(*asset)),
        amount: Amount::new(u128::from_le_bytes(*amount)),
        sealed: sealed.to_vec(),
    };
    let payment = Payment {
        batch: BatchNumber::new(u64::from_le_bytes(*batch)),
        record: u32::from_le_bytes(*record),
    };
    Some((note, payment))
}

/// The first byte of every entry.
const VERSION: u8 = 1;

impl Entry {
    /// Version (1), batch (8, little-endian), kind (1); then an order or, after its reference (32), a deposit
    /// in its canonical bytes; the account that collects (4); the number of slots (4); the asset (4) and a
    /// [`Shielding`]; a private operation as it is sent ([`encode`]); or a [`note_bytes`].
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        out.extend_from_slice(&self.batch.get().to_le_bytes());
        match &*self.operation {
            Operation::Order { order, .. } => {
                out.push(0);
                out.extend_from_slice(&order.signed().to_bytes());
            }
            Operation::Deposit {
                reference, deposit, ..
            } => {
                out.push(1);
                out.extend_from_slice(reference);
                out.extend_from_slice(&deposit.to_bytes());
            }
            Operation::Collect { to } => {
                out.push(2);
                out.extend_from_slice(&to.get().to_le_bytes());
            }
            Operation::Close { slots } => {
                out.push(3);
                out.extend_from_slice(&slots.to_le_bytes());
            }
            Operation::Shield { order, note, .. } => {
                out.push(4);
                out.extend_from_slice(&note.asset.get().to_le_bytes());
                let shielding = Shielding {
                    order: order.signed().clone(),
                    note: NewNote {
                        blinded: note.blinded,
                        sealed: note.sealed.clone(),
                    },
                };
                out.extend_from_slice(&shielding.to_bytes());
            }
            Operation::Private { operation, .. } => {
                out.push(5);
                out.extend_from_slice(&encode(operation.operation()));
            }
            Operation::Note { note, payment, .. } => {
                out.push(6);
                out.extend_from_slice(&note_bytes(note, *payment));
            }
        }
        out
    }
}

impl LoggedEntry {
    /// Reads the entry with this number.
    pub(crate) fn from_bytes(sequence: u64, bytes: &[u8]) -> Result<Self, StoreError> {
        let damaged = |what: &dyn std::fmt::Display| {
            StoreError::corrupt(format!("log entry {sequence}: {what}"))
        };
        let Some(([VERSION], rest)) = bytes.split_first_chunk::<1>() else {
            return Err(damaged(&"its version is unknown"));
        };
        let short = || damaged(&"it ends too early");
        let (batch, rest) = rest.split_first_chunk().ok_or_else(short)?;
        let (kind, body) = rest.split_first().ok_or_else(short)?;
        let number = || -> Result<u32, StoreError> {
            let bytes = body.try_into().map_err(|_| damaged(&"it has no number"))?;
            Ok(u32::from_le_bytes(bytes))
        };
        let operation = match kind {
            0 => Logged::Order {
                id: OrderId::of_bytes(body),
                order: SignedOrder::from_bytes(body).map_err(|error| damaged(&error))?,
                note: None,
            },
            1 => {
                let (reference, bytes) = body.split_first_chunk().ok_or_else(short)?;
                Logged::Other(Operation::Deposit {
                    id: OrderId::of_deposit(reference, bytes),
                    reference: *reference,
                    deposit: Deposit::from_bytes(bytes).map_err(|error| damaged(&error))?,
                })
            }
            2 => Logged::Other(Operation::Collect {
                to: AccountId::new(number()?),
            }),
            3 => Logged::Other(Operation::Close { slots: number()? }),
            4 => {
                let (asset, bytes) = body.split_first_chunk().ok_or_else(short)?;
                let shielding = Shielding::from_bytes(bytes).map_err(|error| damaged(&error))?;
                let Shielding { order, note } = shielding;
                let note = note.paid_by(&order.order, AssetId::new(u32::from_le_bytes(*asset)));
                let note = note.map_err(|error| damaged(&error))?;
                Logged::Order {
                    id: OrderId::of(&order),
                    order,
                    note: Some(note),
                }
            }
            5 => Logged::Other(Operation::Private {
                id: OrderId::of_private(body),
                operation: Verified::logged(decode(body).map_err(|error| damaged(&error))?),
            }),
            6 => {
                let (note, payment) = note_of(body).ok_or_else(short)?;
                Logged::Other(Operation::Note {
                    id: OrderId::of_note(body),
                    note,
                    payment,
                })
            }
            _ => return Err(damaged(&"its kind is unknown")),
        };
        Ok(Self {
            batch: BatchNumber::new(u64::from_le_bytes(*batch)),
            operation,
        })
    }
}
