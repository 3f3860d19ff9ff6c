//! The bytes of calls: numbers of fixed length, little-endian, and byte strings after their length. One form for a
//! value, and memory in proportion to the bytes at hand.

use thiserror::Error;
use winterlane_ledger::{
    AccountId, Amount, AssetId, BatchNumber, Digest, codec::CanonicalBytes, digest::DIGEST_BYTES,
    wire::DecodeError,
};

/// Why bytes are no call.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BytesError {
    /// They end too early.
    #[error("byte {offset}: {what} is cut off")]
    Short {
        /// Where it begins.
        offset: usize,
        /// What was read.
        what: &'static str,
    },
    /// A value that nothing has.
    #[error("byte {offset}: {what} is out of range")]
    Range {
        /// Where it begins.
        offset: usize,
        /// What was read.
        what: &'static str,
    },
    /// A value of the ledger.
    #[error("byte {offset}: {what}: {source}")]
    Value {
        /// Where it begins.
        offset: usize,
        /// What was read.
        what: &'static str,
        /// Why it is none.
        source: DecodeError,
    },
    /// Something is left.
    #[error("{left} bytes too many")]
    Trailing {
        /// How many.
        left: usize,
    },
}

pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    // what is longer than 4 GiB does not reach here: bodies and proofs are bounded far below
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(bytes);
}

pub(crate) fn put_value<T: CanonicalBytes>(out: &mut Vec<u8>, value: &T) {
    put_bytes(out, &value.to_bytes());
}

#[derive(Debug)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0 }
    }

    pub(crate) const fn offset(&self) -> usize {
        self.offset
    }

    pub(crate) fn take(
        &mut self,
        length: usize,
        what: &'static str,
    ) -> Result<&'a [u8], BytesError> {
        let offset = self.offset;
        let rest = &self.bytes[offset..];
        let taken = rest
            .get(..length)
            .ok_or(BytesError::Short { offset, what })?;
        self.offset += length;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(
        &mut self,
        what: &'static str,
    ) -> Result<[u8; N], BytesError> {
        let offset = self.offset;
        let array = self.bytes[offset..].first_chunk();
        let array = array.ok_or(BytesError::Short { offset, what })?;
        self.offset += N;
        Ok(*array)
    }

    pub(crate) fn byte(&mut self, what: &'static str) -> Result<u8, BytesError> {
        self.array::<1>(what).map(|[byte]| byte)
    }

    pub(crate) fn u32(&mut self, what: &'static str) -> Result<u32, BytesError> {
        self.array(what).map(u32::from_le_bytes)
    }

    pub(crate) fn account(&mut self, what: &'static str) -> Result<AccountId, BytesError> {
        self.u32(what).map(AccountId::new)
    }

    pub(crate) fn asset(&mut self, what: &'static str) -> Result<AssetId, BytesError> {
        self.u32(what).map(AssetId::new)
    }

    pub(crate) fn amount(&mut self, what: &'static str) -> Result<Amount, BytesError> {
        self.array(what).map(u128::from_le_bytes).map(Amount::new)
    }

    pub(crate) fn batch(&mut self, what: &'static str) -> Result<BatchNumber, BytesError> {
        self.u64(what).map(BatchNumber::new)
    }

    pub(crate) fn u64(&mut self, what: &'static str) -> Result<u64, BytesError> {
        self.array(what).map(u64::from_le_bytes)
    }

    pub(crate) fn flag(&mut self, what: &'static str) -> Result<bool, BytesError> {
        let offset = self.offset;
        match self.byte(what)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(BytesError::Range { offset, what }),
        }
    }

    pub(crate) fn bytes(&mut self, what: &'static str) -> Result<&'a [u8], BytesError> {
        let length = self.u32(what)? as usize;
        self.take(length, what)
    }

    pub(crate) fn digest(&mut self, what: &'static str) -> Result<Digest, BytesError> {
        let offset = self.offset;
        let bytes = self.array::<DIGEST_BYTES>(what)?;
        Digest::from_bytes(&bytes).map_err(|_| BytesError::Range { offset, what })
    }

    pub(crate) fn value<T: CanonicalBytes>(&mut self, what: &'static str) -> Result<T, BytesError> {
        let offset = self.offset;
        let bytes = self.bytes(what)?;
        T::from_bytes(bytes).map_err(|source| BytesError::Value {
            offset,
            what,
            source,
        })
    }

    pub(crate) fn finish(self) -> Result<(), BytesError> {
        match self.bytes.len() - self.offset {
            0 => Ok(()),
            left => Err(BytesError::Trailing { left }),
        }
    }
}
