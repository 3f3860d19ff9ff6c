//! The bytes of a snapshot as they pass: rows, bounded and hashed.

use std::io::{self, Read, Write};

use super::{SnapshotError, damaged};

/// The longest key or value that is read: a proof or a witness of the largest batch is far below.
const LONGEST: u32 = 1 << 28;

/// Hashes what passes through.
pub(super) struct Hashing<T> {
    pub(super) inner: T,
    pub(super) hasher: blake3::Hasher,
}

impl<T> Hashing<T> {
    pub(super) fn new(inner: T) -> Self {
        Self {
            inner,
            hasher: blake3::Hasher::new(),
        }
    }
}

impl<W: Write> Hashing<W> {
    pub(super) fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hasher.update(bytes);
        self.inner.write_all(bytes)
    }

    pub(super) fn row(&mut self, table: u8, key: &[u8], value: &[u8]) -> io::Result<()> {
        let length = |bytes: &[u8]| {
            u32::try_from(bytes.len())
                .ok()
                .filter(|length| *length <= LONGEST)
                .map(u32::to_le_bytes)
                .ok_or_else(|| io::Error::other("a row is too long for a snapshot"))
        };
        self.put(&[table])?;
        self.put(&length(key)?)?;
        self.put(&length(value)?)?;
        self.put(key)?;
        self.put(value)
    }
}

impl<R: Read> Hashing<R> {
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], SnapshotError> {
        let mut bytes = [0; N];
        self.inner.read_exact(&mut bytes).map_err(short)?;
        self.hasher.update(&bytes);
        Ok(bytes)
    }

    pub(super) fn bytes(&mut self, length: u32) -> Result<Vec<u8>, SnapshotError> {
        if length > LONGEST {
            return Err(damaged("a row is longer than any can be"));
        }
        // grows with what is there, not with what is announced
        let mut bytes = Vec::new();
        let read = self
            .inner
            .by_ref()
            .take(length.into())
            .read_to_end(&mut bytes)?;
        if read != length as usize {
            return Err(damaged("it ends too early"));
        }
        self.hasher.update(&bytes);
        Ok(bytes)
    }
}

pub(super) fn short(error: io::Error) -> SnapshotError {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        damaged("it ends too early")
    } else {
        error.into()
    }
}
