//! Why records have no bytes, and bytes are no records.

use thiserror::Error;

use crate::{
    BatchNumber, Digest, DigestError, MAX_OPERATIONS,
    signature::{KEY_CAPACITY, SignatureBytesError},
};

/// Why records have no encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
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
        valid_until: BatchNumber,
        /// This batch.
        batch_number: BatchNumber,
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
#[non_exhaustive]
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
        #[source]
        reason: SignatureBytesError,
    },
    /// A root is no digest.
    #[error("byte {offset}: {reason}")]
    Digest {
        /// Where it begins.
        offset: usize,
        /// What is wrong with it.
        #[source]
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
#[non_exhaustive]
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
