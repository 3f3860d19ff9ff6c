//! The object store between a node and its workers: witnesses on the way out, proofs on the way back.
//!
//! An object's name ends in the BLAKE3 hash of its bytes, so that an object never changes: writing it again is
//! harmless, and who reads it knows whether it is whole. Nothing here is the only copy of anything: a node writes
//! again what is missing.
//!
//! | store | address |
//! |---|---|
//! | [`Folder`] | a path, or `file:///PATH`: one machine, or a file system that all machines mount |
//! | [`S3`] | `s3://BUCKET/PREFIX?region=…&endpoint=https://…`: Amazon's or any service that speaks the same |

#[cfg(test)]
mod bucket;
mod folder;
mod s3;
mod sign;
#[cfg(test)]
mod tests;

use std::{fmt, io};
use winterlane_ledger::BatchNumber;

use thiserror::Error;
use winterlane_machine::address::shown;
use winterlane_verifier::DEFAULT_MAX_PROOF_BYTES;

pub use folder::Folder;
pub use s3::S3;

/// The most bytes of a witness: that of 8,192 operations has about 25 MiB.
const WITNESS_BYTES: usize = 256 << 20;

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// The canonical bytes of a sealed batch ([`winterlane_ledger::codec::encode_batch`]).
    Witness,
    /// A proof, as a worker made it: nobody has verified it.
    Proof,
}

impl Kind {
    /// The most bytes that are read of one. Who writes a longer one keeps nobody waiting, and takes nobody's memory.
    #[must_use]
    pub const fn most_bytes(self) -> usize {
        match self {
            Self::Witness => WITNESS_BYTES,
            Self::Proof => DEFAULT_MAX_PROOF_BYTES,
        }
    }
}

/// The name of an object: `ROLLUP/BATCH/KIND-HASH`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Name {
    /// Which rollup, by its domain.
    pub rollup: [u8; 32],
    /// The number of the batch.
    pub batch: BatchNumber,
    /// What it is.
    pub kind: Kind,
    /// The BLAKE3 hash of the bytes.
    pub hash: [u8; 32],
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Witness => "witness",
            Kind::Proof => "proof",
        };
        let hex = blake3::Hash::from_bytes;
        let (rollup, hash) = (hex(self.rollup), hex(self.hash));
        write!(f, "{rollup}/{:020}/{kind}-{hash}", self.batch)
    }
}

/// Why an object is not written, read or removed. Trying again later may help.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BlobError {
    /// The address of the store is none.
    #[error("the object store's address \"{address}\": {reason}")]
    Address {
        /// The address, without secrets.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The file system refused.
    #[error("{path}: {source}")]
    File {
        /// Where.
        path: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The service cannot be reached.
    #[error("the object store at {host}: {source}")]
    Unreachable {
        /// Where.
        host: String,
        /// What failed.
        #[source]
        source: Box<ureq::Error>,
    },
    /// The service refused.
    #[error("the object store at {host} answers {status} to {what}: {answer}")]
    Refused {
        /// Where.
        host: String,
        /// The status of HTTP.
        status: u16,
        /// What was asked.
        what: &'static str,
        /// The first bytes of its answer.
        answer: String,
    },
    /// The bytes that were read are not those that were written.
    #[error("the object {name} is damaged: its bytes have another hash")]
    Damaged {
        /// Its name.
        name: String,
    },
    /// More bytes than an object of its kind has.
    #[error("the object {name} is too large: one of its kind has {most} bytes at most")]
    TooLarge {
        /// Its name.
        name: String,
        /// How many bytes it may have.
        most: usize,
    },
}

impl BlobError {
    /// Whether the fault is the object's: to ask again helps nobody.
    #[must_use]
    pub const fn is_of_the_object(&self) -> bool {
        matches!(self, Self::Damaged { .. } | Self::TooLarge { .. })
    }

    fn too_large(name: &Name) -> Self {
        Self::TooLarge {
            name: name.to_string(),
            most: name.kind.most_bytes(),
        }
    }
}

/// Objects by their names.
pub trait Blobs: fmt::Debug + Send + Sync {
    /// Keeps an object. When this returns it survives, and whoever may read can read it whole.
    ///
    /// # Errors
    /// [`BlobError`]; then the object is there whole, or not at all.
    fn put(&self, name: &Name, bytes: &[u8]) -> Result<(), BlobError>;

    /// Whether there is an object of this name.
    ///
    /// # Errors
    /// [`BlobError`].
    fn has(&self, name: &Name) -> Result<bool, BlobError>;

    /// The bytes of an object as the store has them; `None` if there is none. At most [`Kind::most_bytes`].
    ///
    /// # Errors
    /// [`BlobError`], [`BlobError::TooLarge`].
    fn fetch(&self, name: &Name) -> Result<Option<Vec<u8>>, BlobError>;

    /// Removes an object, if it is there.
    ///
    /// # Errors
    /// [`BlobError`].
    fn remove(&self, name: &Name) -> Result<(), BlobError>;

    /// The bytes of an object, if they are those of its name.
    ///
    /// # Errors
    /// [`BlobError`], [`BlobError::Damaged`].
    fn get(&self, name: &Name) -> Result<Option<Vec<u8>>, BlobError> {
        let bytes = self.fetch(name)?;
        match bytes {
            Some(bytes) if *blake3::hash(&bytes).as_bytes() != name.hash => {
                let name = name.to_string();
                Err(BlobError::Damaged { name })
            }
            other => Ok(other),
        }
    }
}

/// The object store at an address.
///
/// # Errors
/// [`BlobError::Address`]; [`BlobError::File`] when the folder cannot be made.
pub fn open(address: &str) -> Result<Box<dyn Blobs>, BlobError> {
    if address.starts_with("s3://") {
        return Ok(Box::new(S3::open(address)?));
    }
    let path = address.strip_prefix("file://").unwrap_or(address);
    if path.is_empty() || path.contains("://") {
        return Err(BlobError::Address {
            address: shown(address),
            reason: "it is a folder, or s3://BUCKET/PREFIX".into(),
        });
    }
    Ok(Box::new(Folder::open(path)?))
}
