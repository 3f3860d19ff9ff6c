//! What can be read of settlement.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use winterlane_ledger::{
    Amount, Anchor, AssetId, BatchNumber, Deposit, Digest, Domain, Root, SignedOrder,
    pool::{self, PrivateOperation},
};

use crate::{Party, Rules};

/// Where settlement is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Which rollup on which chain.
    pub domain: Domain,
    /// The number of the first batch.
    pub first_batch: BatchNumber,
    /// The number of the next batch.
    pub next_batch: BatchNumber,
    /// The root of the account tree.
    pub root: Root,
    /// The root of the note tree.
    pub anchor: Anchor,
    /// How many notes there ever were.
    pub notes: u64,
    /// Who publishes batches.
    pub operator: Party,
    /// The operator's epoch.
    pub epoch: u64,
    /// Who may appoint another operator.
    pub governor: Party,
    /// The rules.
    pub rules: Rules,
    /// When anything changed last, in the chain's time.
    pub now: u64,
    /// What settlement holds, by asset.
    pub totals: BTreeMap<AssetId, Amount>,
    /// How many obligations there are.
    pub obligations: usize,
    /// When the first of them is due.
    pub next_due: Option<u64>,
    /// How many payments were made.
    pub payments: u64,
    /// The end, if the rollup is frozen.
    pub frozen: Option<FrozenView>,
}

/// A rollup that is frozen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrozenView {
    /// The root of the account tree, against which accounts leave.
    pub root: Root,
    /// The root of the note tree, against which notes leave.
    pub anchor: Anchor,
    /// The domain of exits ([`winterlane_ledger::exit::exit_domain`]).
    pub exit_domain: Domain,
    /// The obligation that was not kept.
    pub obligation: u64,
    /// When it was due.
    pub due: u64,
    /// How many accounts have left.
    pub accounts: usize,
    /// How many notes have left.
    pub notes: usize,
}

/// Something that the operator must do in time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Obligation {
    /// The last moment, in the chain's time.
    pub due: u64,
    /// What.
    pub what: Owed,
}

/// What the operator must do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Owed {
    /// Show this deposit, which is one of the deposits in order.
    Deposit {
        /// As the batch's record has it.
        deposit: Deposit,
        /// Who paid it.
        from: Party,
    },
    /// Show this deposit, of what left the shielded pool for an account.
    Payout {
        /// As the batch's record has it.
        deposit: Deposit,
    },
    /// Take this order.
    Order(Box<ForcedOrder>),
    /// Take this operation of the shielded pool.
    Private {
        /// The operation.
        #[serde(with = "private")]
        operation: Box<PrivateOperation>,
    },
    /// Put a note into the shielded pool.
    Shield(ShieldOwed),
}

/// A note that a withdrawal has paid for, and that is not in the pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShieldOwed {
    /// The batch with the withdrawal.
    pub batch: BatchNumber,
    /// Its record there.
    pub record: u32,
    /// The note's blinded owner.
    pub blinded: Digest,
    /// The asset.
    pub asset: AssetId,
    /// How much.
    pub amount: Amount,
    /// The note, encrypted to its owner.
    pub sealed: Vec<u8>,
}

impl ShieldOwed {
    /// The note that this withdrawal has paid for.
    #[must_use]
    pub fn new(payment: pool::Payment, shield: &pool::Shield) -> Self {
        Self {
            batch: payment.batch,
            record: payment.record,
            blinded: shield.blinded,
            asset: shield.asset,
            amount: shield.amount,
            sealed: shield.sealed.clone(),
        }
    }

    /// The withdrawal.
    #[must_use]
    pub const fn payment(&self) -> pool::Payment {
        pool::Payment {
            batch: self.batch,
            record: self.record,
        }
    }

    /// The note.
    #[must_use]
    pub fn shield(&self) -> pool::Shield {
        pool::Shield {
            blinded: self.blinded,
            asset: self.asset,
            amount: self.amount,
            sealed: self.sealed.clone(),
        }
    }
}

/// A forced order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForcedOrder {
    /// The order.
    pub order: SignedOrder,
    /// The number of the next batch when it was posted.
    pub posted: BatchNumber,
    /// Whether an opening has shown that it could run then.
    pub shown: bool,
}

/// Money that was paid out. A chain moves it in the call itself; here whoever moves money goes by this list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// Which one, counted from 0.
    pub number: u64,
    /// To whom.
    pub to: Party,
    /// Of which asset.
    pub asset: AssetId,
    /// How much.
    pub amount: Amount,
}

/// A claim, as it travels.
#[cfg(any(feature = "client", feature = "serve"))]
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ClaimView {
    /// The bytes of the call that collects it.
    pub(crate) call: Vec<u8>,
    pub(crate) asset: AssetId,
    pub(crate) amount: Amount,
}

#[cfg(feature = "serve")]
impl From<(crate::Claim, AssetId, Amount)> for ClaimView {
    fn from((claim, asset, amount): (crate::Claim, AssetId, Amount)) -> Self {
        Self {
            call: crate::Call::Collect(claim).to_bytes(),
            asset,
            amount,
        }
    }
}

/// A private operation, as the hexadecimal digits of its bytes.
mod private {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use winterlane_ledger::pool::PrivateOperation;

    use crate::call::{private_bytes, private_from_bytes};

    pub(super) fn serialize<S: Serializer>(
        operation: &PrivateOperation,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        use std::fmt::Write as _;
        let mut text = String::new();
        for byte in private_bytes(operation) {
            // writing to a string cannot fail
            let _ = write!(text, "{byte:02x}");
        }
        to.serialize_str(&text)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Box<PrivateOperation>, D::Error> {
        let text = String::deserialize(from)?;
        let digit = |digit: u8| char::from(digit).to_digit(16);
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        let bytes = pairs
            .iter()
            .map(|[high, low]| Some((digit(*high)? << 4 | digit(*low)?) as u8));
        let bytes = bytes
            .collect::<Option<Vec<u8>>>()
            .filter(|_| rest.is_empty());
        let bytes = bytes.ok_or_else(|| D::Error::custom("hexadecimal digits"))?;
        let operation = private_from_bytes(&bytes).map_err(D::Error::custom)?;
        Ok(Box::new(operation))
    }
}
