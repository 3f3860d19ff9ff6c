//! The stored and sent form of single values: one byte string for each, and refusal of every other.
//!
//! A value's form begins with a version byte, [`VERSION`]. *Canonical*: two byte strings never stand for
//! one value, so that a digest or a comparison of the bytes is one of the values. *Strict*: bytes that
//! are left over are an error. *Bounded*: what is allocated is proportional to the bytes at hand.
//!
//! | value | after the version |
//! |---|---|
//! | [`KeySlot`] | root (32), next index (varint), scope (1) |
//! | [`Account`] | asset (varint), balance (amount), nonce (varint), both slots |
//! | [`Order`] | kind (1), signer, last batch (varints); Transfer: to (varint), amount, fee; Withdraw: amount, fee, recipient (20); RotateKey: fee, slot + 2 scope (1), new root (32) |
//! | [`SignedOrder`] | order, nonce (varint), slot (1), signature ([`SIGNATURE_BYTES`]) |
//! | [`SignedExit`] | account (varint), recipient (20), slot (1), signature |
//! | [`Deposit`] | to, asset (varints), amount, 0 or 1 (1); if 1: scopes (1), both roots (64) |
//! | [`PublicInputs`] | domain, old root, new root, operations digest (32 each), batch number, number of operations (varints) |
//! | [`Record`] | kind (1); of an order: the order, whose kind this is, and its key (varint) as in [`crate::wire`]; Deposit, whether it creates or not: the deposit; CollectFees: to (varint), amount |
//! | [`Receipt`] | batch number, position (varints), record |
//! | [`AccountProof`] | id (varint), 0 or 1 (1), if 1 the account; siblings |
//! | [`PrivateInputs`] | kind (1), the fields in order: digests (32), amounts, varints, bytes as they are; 0 or 1 (1) before what is optional |
//! | [`PrivateProof`] | public inputs, length of the proof (varint), proof |
//! | [`SealedBatch`] | see [`encode_batch`] |
//!
//! *Varint* and *amount* are those of [`crate::wire`]. *Siblings*: four bytes, little-endian, bit h set if
//! the sibling at height h is not the digest of an empty subtree of that height; then those that are set
//! (32 each), lowest first.
//!
//! ```
//! use winterlane_ledger::{Account, Amount, AssetId, Nonce, codec::CanonicalBytes};
//! let account = Account { asset: AssetId::new(7), balance: Amount::new(5_000), nonce: Nonce::new(3), ..Account::default() };
//! let bytes = account.to_bytes();
//! assert_eq!(Account::from_bytes(&bytes)?, account);
//! assert!(Account::from_bytes(&bytes[1..]).is_err());
//! # Ok::<(), winterlane_ledger::wire::DecodeError>(())
//! ```

#[cfg(feature = "serde")]
pub(crate) mod hex;
#[allow(
    private_interfaces,
    reason = "`Part` is sealed: nobody outside can name its reader"
)]
mod parts;
#[allow(
    private_interfaces,
    reason = "`Part` is sealed: nobody outside can name its reader"
)]
mod private;
#[cfg(test)]
mod tests;
mod witness;

use alloc::vec::Vec;

pub use witness::{WitnessError, decode_batch, encode_batch};

use crate::{
    Account, AccountProof, Deposit, KeySlot, Order, PublicInputs, Receipt, Record, SignedOrder,
    exit::SignedExit,
    private::{PrivateInputs, PrivateProof},
    wire::{DecodeError, Reader},
};
#[cfg(doc)]
use crate::{SealedBatch, signature::SIGNATURE_BYTES};

/// The first byte of every form.
pub const VERSION: u8 = 1;

#[allow(private_interfaces, reason = "nobody outside can name the reader")]
mod sealed {
    use super::{DecodeError, Reader, Vec};

    /// A form without its version, as part of another.
    pub trait Part: Sized {
        fn put(&self, out: &mut Vec<u8>);
        fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError>;
    }
}
use sealed::Part;

/// A value with a canonical byte form; see the [module](self).
pub trait CanonicalBytes: Part {
    /// The bytes.
    #[must_use]
    fn to_bytes(&self) -> Vec<u8> {
        let mut out = alloc::vec![VERSION];
        self.put(&mut out);
        out
    }

    /// The value with these bytes.
    ///
    /// # Errors
    /// [`DecodeError`] for anything but the bytes of a value.
    fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        take_version(&mut reader)?;
        let value = Self::take(&mut reader)?;
        finish(&reader)?;
        Ok(value)
    }
}

impl CanonicalBytes for KeySlot {}
impl CanonicalBytes for Account {}
impl CanonicalBytes for Order {}
impl CanonicalBytes for SignedOrder {}
impl CanonicalBytes for SignedExit {}
impl CanonicalBytes for Deposit {}
impl CanonicalBytes for Record {}
impl CanonicalBytes for Receipt {}
impl CanonicalBytes for PublicInputs {}
impl CanonicalBytes for AccountProof {}
impl CanonicalBytes for PrivateInputs {}
impl CanonicalBytes for PrivateProof {}

fn take_version(reader: &mut Reader<'_>) -> Result<(), DecodeError> {
    match reader.byte()? {
        VERSION => Ok(()),
        version => Err(DecodeError::Version { version }),
    }
}

/// Nothing may be left.
fn finish(reader: &Reader<'_>) -> Result<(), DecodeError> {
    match reader.left() {
        0 => Ok(()),
        left => Err(DecodeError::Trailing { left }),
    }
}
