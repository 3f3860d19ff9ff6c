//! What is published of one batch besides its proof, as a file.

mod hex;

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};
use thiserror::Error;
use winterlane_ledger::PublicInputs;

/// The contents of a `batch-NNNN.public.json`, which lies beside the proof `batch-NNNN.proof`.
///
/// Nothing in it is checked by reading it: [`verify_batch`](crate::verify_batch) and
/// [`verify_records`](crate::verify_records) do that.
///
/// ```
/// use winterlane_ledger::{BatchNumber, Digest, Domain, PublicInputs, Root};
/// use winterlane_verifier::PublicFile;
///
/// let inputs = PublicInputs {
///     domain: Domain::ZERO,
///     batch_number: BatchNumber::new(7),
///     old_root: Root::ZERO,
///     new_root: Root::ZERO,
///     operations_digest: Digest::ZERO,
///     num_operations: 4,
/// };
/// let file = PublicFile::new("fast-128", inputs, vec![2, 0]);
/// let json = serde_json::to_string(&file)?;
/// assert!(json.contains(r#""records":"0200""#));
/// assert_eq!(serde_json::from_str::<PublicFile>(&json)?, file);
/// file.check_format()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicFile {
    format: String,
    /// Name of the preset that the proof was made with.
    pub preset: String,
    /// What the proof says.
    pub public_inputs: PublicInputs,
    /// The published records, padding included, in their wire form.
    #[serde(with = "hex")]
    pub records: Vec<u8>,
}

/// A file of a layout that this version does not know.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the format is {format:?}, not {:?}", PublicFile::FORMAT)]
pub struct UnknownFormat {
    /// What the file says of its layout.
    pub format: String,
}

impl PublicFile {
    /// Names the layout.
    pub const FORMAT: &'static str = "winterlane-batch-1";

    /// The largest file that has to be read, in bytes: the records of the largest batch in hexadecimal, and
    /// what stands around them.
    pub const MAX_BYTES: usize = 4 << 20;

    /// A file of the present layout.
    #[must_use]
    pub fn new(preset: &str, public_inputs: PublicInputs, records: Vec<u8>) -> Self {
        Self {
            format: Self::FORMAT.into(),
            preset: preset.into(),
            public_inputs,
            records,
        }
    }

    /// Whether the file says that it has the present layout.
    ///
    /// # Errors
    /// When it names another one.
    pub fn check_format(&self) -> Result<(), UnknownFormat> {
        if self.format == Self::FORMAT {
            return Ok(());
        }
        Err(UnknownFormat {
            format: self.format.clone(),
        })
    }
}
