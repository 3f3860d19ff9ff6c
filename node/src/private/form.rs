//! The bytes of operations of the pool, as they are sent and as the log has them.

use thiserror::Error;
use winterlane_ledger::{
    AssetId, Digest, Order, SignedOrder, Withdraw,
    codec::CanonicalBytes,
    digest::DIGEST_BYTES,
    pool::{MAX_SEALED_BYTES, PrivateOperation, Shield},
    private::PrivateInputs,
    wire::DecodeError,
};

use super::PrivateRefusal;

/// New notes of one operation, at most.
const MOST_NOTES: usize = 2;

/// Why bytes are no operation of the pool.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FormError {
    /// They end too early.
    #[error("{what}: the bytes end too early")]
    Short {
        /// What was read.
        what: &'static str,
    },
    /// A value that nothing has.
    #[error("{what} is out of range")]
    Range {
        /// What was read.
        what: &'static str,
    },
    /// A value of the ledger.
    #[error("{what}: {source}")]
    Value {
        /// What was read.
        what: &'static str,
        /// Why it is none.
        source: DecodeError,
    },
}

/// Reads from the front.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], FormError> {
        let (array, rest) = self
            .0
            .split_first_chunk::<N>()
            .ok_or(FormError::Short { what })?;
        self.0 = rest;
        Ok(*array)
    }

    fn take(&mut self, length: usize, what: &'static str) -> Result<&'a [u8], FormError> {
        let (taken, rest) = self
            .0
            .split_at_checked(length)
            .ok_or(FormError::Short { what })?;
        self.0 = rest;
        Ok(taken)
    }

    /// A length in two bytes, little-endian, and so many bytes.
    fn short(&mut self, most: usize, what: &'static str) -> Result<&'a [u8], FormError> {
        let length = usize::from(u16::from_le_bytes(self.array(what)?));
        if length > most {
            return Err(FormError::Range { what });
        }
        self.take(length, what)
    }
}

fn put_short(out: &mut Vec<u8>, bytes: &[u8]) {
    // what is longer is refused by whoever reads it, and never logged
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(bytes);
}

/// Whether there are as many encrypted notes as may be, none too long.
pub(super) fn check_notes(sealed: &[Vec<u8>], most: usize) -> Result<(), PrivateRefusal> {
    let bytes = MAX_SEALED_BYTES;
    if sealed.len() > most || sealed.iter().any(|one| one.len() > bytes) {
        return Err(PrivateRefusal::Sealed { most, bytes });
    }
    Ok(())
}

/// The bytes of a private transfer or withdrawal: the public inputs in their canonical bytes, after their length (2,
/// little-endian); the number of encrypted notes (1), and each after its length (2); the proof, which is the rest.
#[must_use]
pub fn encode(operation: &PrivateOperation) -> Vec<u8> {
    let mut out = Vec::with_capacity(operation.proof.len() + 1024);
    put_short(&mut out, &operation.inputs.to_bytes());
    out.push(u8::try_from(operation.sealed.len()).unwrap_or(u8::MAX));
    for sealed in &operation.sealed {
        put_short(&mut out, sealed);
    }
    out.extend_from_slice(&operation.proof);
    out
}

/// The operation with these bytes ([`encode`]).
///
/// # Errors
/// [`FormError`] for bytes that no operation has.
pub fn decode(bytes: &[u8]) -> Result<PrivateOperation, FormError> {
    let mut bytes = Bytes(bytes);
    let what = "the public inputs";
    let inputs = bytes.short(u16::MAX.into(), what)?;
    let inputs =
        PrivateInputs::from_bytes(inputs).map_err(|source| FormError::Value { what, source })?;
    let what = "the number of encrypted notes";
    let [count] = bytes.array(what)?;
    if usize::from(count) > MOST_NOTES {
        return Err(FormError::Range { what });
    }
    let mut sealed = Vec::new();
    for _ in 0..count {
        sealed.push(bytes.short(MAX_SEALED_BYTES, "an encrypted note")?.to_vec());
    }
    Ok(PrivateOperation {
        inputs,
        sealed,
        proof: bytes.0.to_vec(),
    })
}

/// A note that an order is to pay for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewNote {
    /// The blinded owner of the note ([`winterlane_ledger::private::Address::blinded`]).
    pub blinded: Digest,
    /// The note, encrypted to its owner; empty when the owner knows it already.
    pub sealed: Vec<u8>,
}

impl NewNote {
    /// The note that this order pays for, from an account with this asset.
    pub(crate) fn paid_by(&self, order: &Order, asset: AssetId) -> Result<Shield, PrivateRefusal> {
        let Order::Withdraw(withdraw) = order else {
            let what = "the kind of the order, which is no withdrawal,";
            return Err(PrivateRefusal::NotPaid { what });
        };
        let Withdraw { amount, .. } = *withdraw;
        if amount.is_zero() {
            return Err(PrivateRefusal::NothingShielded);
        }
        check_notes(std::slice::from_ref(&self.sealed), 1)?;
        let shield = Shield {
            blinded: self.blinded,
            asset,
            amount,
            sealed: self.sealed.clone(),
        };
        shield.check_paid_by(withdraw, asset)?;
        Ok(shield)
    }
}

/// A withdrawal from an account, and the note that it pays for.
///
/// The order is an ordinary one to the recipient [`Shield::recipient`], which binds it to the note. *Send it with the
/// note, and not as an order*: taken alone it pays that recipient, whom nobody is.
#[derive(Clone, Debug, PartialEq)]
pub struct Shielding {
    /// The withdrawal.
    pub order: SignedOrder,
    /// The note.
    pub note: NewNote,
}

impl Shielding {
    /// The blinded owner (32), the encrypted note after its length (2, little-endian), and the order in its canonical
    /// bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let NewNote { blinded, sealed } = &self.note;
        let mut out = blinded.to_bytes().to_vec();
        put_short(&mut out, sealed);
        out.extend_from_slice(&self.order.to_bytes());
        out
    }

    /// The shielding with these bytes.
    ///
    /// # Errors
    /// [`FormError`] for bytes that none has.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FormError> {
        let mut bytes = Bytes(bytes);
        let what = "the blinded owner";
        let blinded = bytes.array::<DIGEST_BYTES>(what)?;
        let blinded = Digest::from_bytes(&blinded).map_err(|_| FormError::Range { what })?;
        let sealed = bytes
            .short(MAX_SEALED_BYTES, "the encrypted note")?
            .to_vec();
        let order = SignedOrder::from_bytes(bytes.0).map_err(|source| FormError::Value {
            what: "the order",
            source,
        })?;
        let note = NewNote { blinded, sealed };
        Ok(Self { order, note })
    }
}
