//! The operations of a batch, as its maker gives them to the ledger.

use crate::{
    AccountId, Amount, AssetId, BatchNumber, KeyUse, Nonce, OperationKind, Root, Scope, SlotIndex,
    record::Record, signature::Signature,
};

/// Payment from one account to another of the same asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Transfer {
    /// Who pays and signs.
    pub from: AccountId,
    /// Who receives; may be `from`.
    pub to: AccountId,
    /// What the receiver gets.
    pub amount: Amount,
    /// What the fee pool gets, from the signer too.
    pub fee: Amount,
    /// The last batch number this may run in.
    pub valid_until: BatchNumber,
}

/// Payment out of the rollup, to a public address of the settlement layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Withdraw {
    /// Who pays and signs.
    pub from: AccountId,
    /// What leaves the rollup.
    pub amount: Amount,
    /// What the fee pool gets, from the signer too.
    pub fee: Amount,
    /// Who receives on the settlement layer.
    #[cfg_attr(feature = "serde", serde(with = "crate::text::recipient"))]
    pub recipient: [u8; 20],
    /// The last batch number this may run in.
    pub valid_until: BatchNumber,
}

/// Replacement of one key slot. The new key begins at its one-time key 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct RotateKey {
    /// Whose key; signs with a key whose scope has ROTATE.
    pub account: AccountId,
    /// The slot replaced, which may be the one that signs.
    pub slot: SlotIndex,
    /// Root of the new key tree.
    pub new_root: Root,
    /// Scope of the new key.
    pub scope: Scope,
    /// What the fee pool gets.
    pub fee: Amount,
    /// The last batch number this may run in.
    pub valid_until: BatchNumber,
}

/// Value that enters the rollup. Not signed: it is public, and the settlement layer checks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Deposit {
    /// Who is credited.
    pub to: AccountId,
    /// Of which asset; an existing account must hold the same.
    pub asset: AssetId,
    /// How much.
    pub amount: Amount,
    /// Given exactly when the leaf is empty: the keys of the account to create.
    pub keys: Option<NewKeys>,
}

/// The keys of an account that a deposit creates. Both begin at their one-time key 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct NewKeys {
    /// Roots of the two key trees.
    pub roots: [Root; 2],
    /// Their scopes.
    pub scopes: [Scope; 2],
}

impl RotateKey {
    /// Closes a slot: nobody has a key of the root that it then holds, and that key may do nothing.
    ///
    /// The other slot signs it, or the slot itself. An account with both slots closed is closed for ever.
    #[must_use]
    pub const fn close(
        account: AccountId,
        slot: SlotIndex,
        fee: Amount,
        valid_until: BatchNumber,
    ) -> Self {
        Self {
            account,
            slot,
            new_root: Root::ZERO,
            scope: Scope::NONE,
            fee,
            valid_until,
        }
    }
}

impl NewKeys {
    /// One key that may do everything, in slot 0; slot 1 is closed.
    #[must_use]
    pub const fn single(root: Root) -> Self {
        Self {
            roots: [root, Root::ZERO],
            scopes: [Scope::BOTH, Scope::NONE],
        }
    }

    /// The four scope bits: spend0 + 2 rotate0 + 4 spend1 + 8 rotate1.
    #[must_use]
    pub const fn scope_bits(&self) -> u8 {
        self.scopes[0].bits() | self.scopes[1].bits() << 2
    }
}

/// What an account's key can sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Order {
    /// A payment inside the rollup.
    Transfer(Transfer),
    /// A payment out of the rollup.
    Withdraw(Withdraw),
    /// A new key in a slot.
    RotateKey(RotateKey),
}

impl Order {
    /// What the operation is.
    #[must_use]
    pub const fn kind(&self) -> OperationKind {
        match self {
            Self::Transfer(_) => OperationKind::Transfer,
            Self::Withdraw(_) => OperationKind::Withdraw,
            Self::RotateKey(_) => OperationKind::RotateKey,
        }
    }

    /// The account that signs.
    #[must_use]
    pub const fn signer(&self) -> AccountId {
        match self {
            Self::Transfer(transfer) => transfer.from,
            Self::Withdraw(withdraw) => withdraw.from,
            Self::RotateKey(rotate) => rotate.account,
        }
    }

    /// What the fee pool gets.
    #[must_use]
    pub const fn fee(&self) -> Amount {
        match self {
            Self::Transfer(transfer) => transfer.fee,
            Self::Withdraw(withdraw) => withdraw.fee,
            Self::RotateKey(rotate) => rotate.fee,
        }
    }

    /// What leaves the signer's balance besides the fee.
    #[must_use]
    pub const fn amount(&self) -> Amount {
        match self {
            Self::Transfer(transfer) => transfer.amount,
            Self::Withdraw(withdraw) => withdraw.amount,
            Self::RotateKey(_) => Amount::ZERO,
        }
    }

    /// The last batch number this may run in.
    #[must_use]
    pub const fn valid_until(&self) -> BatchNumber {
        match self {
            Self::Transfer(transfer) => transfer.valid_until,
            Self::Withdraw(withdraw) => withdraw.valid_until,
            Self::RotateKey(rotate) => rotate.valid_until,
        }
    }

    /// The right that the signing key must have.
    #[must_use]
    pub const fn needed_scope(&self) -> Scope {
        match self {
            Self::Transfer(_) | Self::Withdraw(_) => Scope::SPEND,
            Self::RotateKey(_) => Scope::ROTATE,
        }
    }

    /// The public record of this order, signed by that one-time key.
    #[must_use]
    pub const fn record(&self, key: KeyUse) -> Record {
        Record::Signed(*self, key)
    }
}

/// An order, the nonce it was signed for, the slot whose key signed, and the signature.
///
/// All of them are signed: one order at one nonce may be signed again by another one-time key (to
/// offer a higher fee, say), and whichever comes first is the one that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct SignedOrder {
    /// What was signed.
    pub order: Order,
    /// The signer's nonce it was signed for.
    pub nonce: Nonce,
    /// The slot of the signer that holds the key.
    pub slot: SlotIndex,
    /// By which one-time key, and the proof of it.
    pub signature: Signature,
}

impl SignedOrder {
    /// The one-time key that signs. An index that does not fit becomes one that no key has either.
    #[must_use]
    pub fn key(&self) -> KeyUse {
        KeyUse {
            slot: self.slot,
            index: u16::try_from(self.signature.key_index).unwrap_or(u16::MAX),
        }
    }

    /// The public record, which the signature is about.
    #[must_use]
    pub fn record(&self) -> Record {
        self.order.record(self.key())
    }
}
