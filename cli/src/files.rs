//! Batches as files: `batch-NNNN.proof`, the proof's own bytes, and `batch-NNNN.public.json`, what
//! it is a proof of.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use thiserror::Error;
use winterlane_ledger::PublicInputs;

/// Names the layout of the public file.
const FORMAT: &str = "winterlane-batch-1";

/// No public file is read beyond this: the records of the largest batch, in hexadecimal, fit.
const MAX_PUBLIC_BYTES: u64 = 8 << 20;
/// No proof file is read beyond this. The verifier's own limit is lower; this one is for memory.
const MAX_PROOF_BYTES: u64 = 64 << 20;

/// What is published of one batch besides the proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PublicFile {
    format: String,
    /// Name of the preset that the proof was made with.
    pub(crate) preset: String,
    /// What the proof says.
    pub(crate) public_inputs: PublicInputs,
    /// The published records, padding included, in their wire form.
    #[serde(with = "hex")]
    pub(crate) records: Vec<u8>,
}

impl PublicFile {
    pub(crate) fn new(preset: &str, public_inputs: PublicInputs, records: Vec<u8>) -> Self {
        Self {
            format: FORMAT.into(),
            preset: preset.into(),
            public_inputs,
            records,
        }
    }
}

/// One batch: the contents of its two files.
#[derive(Debug)]
pub(crate) struct BatchFiles {
    pub(crate) public: PublicFile,
    pub(crate) proof: Vec<u8>,
}

/// Why files cannot be used.
#[derive(Debug, Error)]
pub(crate) enum FilesError {
    #[error("{}: {error}", .path.display())]
    Io { path: PathBuf, error: io::Error },
    #[error("{}: {error}", .path.display())]
    Json {
        path: PathBuf,
        error: serde_json::Error,
    },
    #[error("{}: the format is {format:?}, not {FORMAT:?}", .path.display())]
    Format { path: PathBuf, format: String },
    #[error("{}: larger than {limit} bytes", .path.display())]
    TooLarge { path: PathBuf, limit: u64 },
    #[error("{}: no batches", .0.display())]
    NoBatches(PathBuf),
    #[error("{}: has batches already; name another directory or add --replace", .0.display())]
    NotEmpty(PathBuf),
}

impl FilesError {
    fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |error| Self::Io { path, error }
    }
}

/// Where the proof of that batch is.
pub(crate) fn proof_path(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("batch-{number:04}.proof"))
}

/// Where the public part of that batch is.
pub(crate) fn public_path(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("batch-{number:04}.public.json"))
}

/// Batches of a run that is not verified yet, in a directory of their own inside the one they are
/// for. What is not published disappears with this value: a run that fails leaves nothing behind,
/// and the batches of an earlier run as they were.
#[derive(Debug)]
pub(crate) struct Staging {
    target: PathBuf,
    directory: TempDir,
}

impl Staging {
    /// Makes the directory `target`, where batches of an earlier run may only be if `replace`.
    pub(crate) fn new(target: &Path, replace: bool) -> Result<Self, FilesError> {
        fs::create_dir_all(target).map_err(FilesError::io(target))?;
        if !replace && !numbers(target)?.is_empty() {
            return Err(FilesError::NotEmpty(target.to_owned()));
        }
        let directory = tempfile::Builder::new()
            .prefix(".unverified-")
            .tempdir_in(target)
            .map_err(FilesError::io(target))?;
        Ok(Self {
            target: target.to_owned(),
            directory,
        })
    }

    /// Writes both files of a batch.
    pub(crate) fn write(&self, batch: &BatchFiles) -> Result<(), FilesError> {
        let number = batch.public.public_inputs.batch_number;
        let directory = self.directory.path();
        let path = public_path(directory, number);
        let mut json = serde_json::to_vec_pretty(&batch.public).map_err(|error| {
            let path = path.clone();
            FilesError::Json { path, error }
        })?;
        json.push(b'\n');
        write_synced(&proof_path(directory, number), &batch.proof)?;
        write_synced(&path, &json)
    }

    /// Removes the batches of an earlier run and moves the written ones to where they belong: each
    /// file appears there whole or not at all.
    pub(crate) fn publish(self) -> Result<(), FilesError> {
        let paths = |directory: &Path, number| {
            [
                proof_path(directory, number),
                public_path(directory, number),
            ]
        };
        for path in numbers(&self.target)?
            .into_iter()
            .flat_map(|number| paths(&self.target, number))
        {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(FilesError::Io { path, error });
                }
                _ => {}
            }
        }
        for number in numbers(self.directory.path())? {
            let from = paths(self.directory.path(), number);
            for (from, to) in from.iter().zip(paths(&self.target, number)) {
                fs::rename(from, &to).map_err(FilesError::io(&to))?;
            }
        }
        self.directory.close().map_err(FilesError::io(&self.target))
    }
}

/// Writes a file, down to the disk.
fn write_synced(path: &Path, bytes: &[u8]) -> Result<(), FilesError> {
    let write = || {
        let mut file = File::create(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(FilesError::io(path))
}

/// Reads all batches of a directory in the order of their numbers.
pub(crate) fn read_all(directory: &Path) -> Result<Vec<BatchFiles>, FilesError> {
    let numbers = numbers(directory)?;
    if numbers.is_empty() {
        return Err(FilesError::NoBatches(directory.to_owned()));
    }
    numbers
        .into_iter()
        .map(|number| {
            Ok(BatchFiles {
                public: read_public(&public_path(directory, number))?,
                proof: read_proof(&proof_path(directory, number))?,
            })
        })
        .collect()
}

/// Reads one public file.
pub(crate) fn read_public(path: &Path) -> Result<PublicFile, FilesError> {
    let bytes = read_limited(path, MAX_PUBLIC_BYTES)?;
    let public: PublicFile = serde_json::from_slice(&bytes).map_err(|error| FilesError::Json {
        path: path.to_owned(),
        error,
    })?;
    if public.format != FORMAT {
        return Err(FilesError::Format {
            path: path.to_owned(),
            format: public.format,
        });
    }
    Ok(public)
}

/// Reads one proof file; whether the bytes are a proof is the verifier's business.
pub(crate) fn read_proof(path: &Path) -> Result<Vec<u8>, FilesError> {
    read_limited(path, MAX_PROOF_BYTES)
}

fn read_limited(path: &Path, limit: u64) -> Result<Vec<u8>, FilesError> {
    let file = File::open(path).map_err(FilesError::io(path))?;
    let mut bytes = Vec::new();
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(FilesError::io(path))?;
    if bytes.len() as u64 > limit {
        return Err(FilesError::TooLarge {
            path: path.to_owned(),
            limit,
        });
    }
    Ok(bytes)
}

/// Numbers of the batches of which a directory has at least one file, in rising order.
fn numbers(directory: &Path) -> Result<Vec<u64>, FilesError> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(directory).map_err(FilesError::io(directory))? {
        let name = entry.map_err(FilesError::io(directory))?.file_name();
        if let Some(number) = name.to_str().and_then(number_of) {
            numbers.push(number);
        }
    }
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers)
}

/// The batch number in a file's name; `None` for names that this program does not write.
fn number_of(name: &str) -> Option<u64> {
    let rest = name.strip_prefix("batch-")?;
    let digits = rest
        .strip_suffix(".proof")
        .or_else(|| rest.strip_suffix(".public.json"))?;
    let number = digits.parse().ok()?;
    (format!("{number:04}") == digits).then_some(number)
}

/// Bytes as hexadecimal text.
mod hex {
    use std::fmt::Write as _;

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = String::with_capacity(2 * bytes.len());
        for byte in bytes {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        serializer.serialize_str(&text)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u8>, D::Error> {
        decode(&String::deserialize(deserializer)?)
            .ok_or_else(|| D::Error::custom("expected an even number of lower-case hex digits"))
    }

    fn decode(text: &str) -> Option<Vec<u8>> {
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if !rest.is_empty() {
            return None;
        }
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        };
        pairs
            .iter()
            .map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use winterlane_ledger::Digest;

    use super::*;

    fn public(batch_number: u64) -> PublicFile {
        let inputs = PublicInputs {
            domain: Digest::ZERO,
            batch_number,
            old_root: Digest::ZERO,
            new_root: Digest::ZERO,
            operations_digest: Digest::ZERO,
            num_operations: 4,
        };
        PublicFile::new("fast-128", inputs, vec![0, 1, 0xfe, 0xff])
    }

    fn batch(number: u64) -> BatchFiles {
        BatchFiles {
            public: public(number),
            proof: number.to_le_bytes().to_vec(),
        }
    }

    /// Publishes batches of these numbers.
    fn publish(directory: &Path, replace: bool, numbers: &[u64]) {
        let staging = Staging::new(directory, replace).unwrap();
        for &number in numbers {
            staging.write(&batch(number)).unwrap();
        }
        staging.publish().unwrap();
    }

    fn files_in(directory: &Path) -> usize {
        fs::read_dir(directory).unwrap().count()
    }

    #[test]
    fn batches_come_back_in_order_and_whole() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("new/dir");
        publish(&path, false, &[]);
        assert!(matches!(read_all(&path), Err(FilesError::NoBatches(_))));
        publish(&path, false, &[10_000, 9, 10]);
        fs::write(path.join("batch-7.proof"), "not ours").unwrap();
        let batches = read_all(&path).unwrap();
        let numbers: Vec<_> = batches
            .iter()
            .map(|b| b.public.public_inputs.batch_number)
            .collect();
        assert_eq!(numbers, [9, 10, 10_000]);
        assert_eq!(batches[1].proof, 10u64.to_le_bytes());
        assert_eq!(batches[1].public, public(10));
        assert_eq!(files_in(&path), 7);
    }

    #[test]
    fn old_batches_are_kept_unless_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        publish(path, false, &[3]);
        assert!(matches!(
            Staging::new(path, false),
            Err(FilesError::NotEmpty(_))
        ));
        assert_eq!(read_all(path).unwrap().len(), 1);
        publish(path, true, &[4]);
        let batches = read_all(path).unwrap();
        assert_eq!(batches[0].public, public(4));
        assert_eq!(files_in(path), 2);
    }

    #[test]
    fn what_is_not_published_disappears() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        publish(path, false, &[3]);
        let staging = Staging::new(path, true).unwrap();
        staging.write(&batch(3)).unwrap();
        staging.write(&batch(4)).unwrap();
        assert_eq!(
            numbers(path).unwrap(),
            [3],
            "not seen before it is published"
        );
        drop(staging);
        assert_eq!(numbers(path).unwrap(), [3]);
        assert_eq!(files_in(path), 2);
    }

    #[test]
    fn half_a_batch_and_bad_text_are_errors() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        publish(path, false, &[0]);
        let json = fs::read_to_string(public_path(path, 0)).unwrap();
        for (from, to) in [
            ("0001feff", "0001FEFF"),
            ("0001feff", "0001fef"),
            ("batch-1", "batch-2"),
        ] {
            assert!(json.contains(from));
            fs::write(public_path(path, 0), json.replace(from, to)).unwrap();
            assert!(matches!(
                read_all(path),
                Err(FilesError::Json { .. } | FilesError::Format { .. })
            ));
        }
        fs::write(public_path(path, 0), &json).unwrap();
        assert!(read_all(path).is_ok());
        fs::remove_file(proof_path(path, 0)).unwrap();
        assert!(matches!(read_all(path), Err(FilesError::Io { .. })));
    }
}
