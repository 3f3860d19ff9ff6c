//! Digests of any hash function, read in their one encoding.

use winter_crypto::Hasher;
use winter_utils::{ByteReader, ByteWriter, Deserializable, Serializable, SliceReader};

use super::cursor::Cursor;
use crate::{Reason, VerifyError};

/// Bytes of a digest of `H`.
pub(crate) fn size<H: Hasher>() -> usize {
    H::Digest::default().to_bytes().len()
}

/// The next digest, which takes `len` bytes.
///
/// # Errors
/// When the bytes end, or writing the digest does not give the same bytes back: a hash over
/// field elements may read a number above the modulus and reduce it.
pub(crate) fn read<H: Hasher>(
    cursor: &mut Cursor<'_>,
    len: usize,
) -> Result<H::Digest, VerifyError> {
    let span = cursor.take(len)?;
    let mut reader = SliceReader::new(span.bytes);
    if let Ok(digest) = H::Digest::read_from(&mut reader)
        && !reader.has_more_bytes()
    {
        let mut same = Same {
            rest: span.bytes,
            equal: true,
        };
        digest.write_into(&mut same);
        if same.equal && same.rest.is_empty() {
            return Ok(digest);
        }
    }
    Err(cursor.refuse_at(span.offset, Reason::NonCanonicalDigest))
}

/// A writer that compares what it is given with what it expects, and stores nothing.
struct Same<'a> {
    rest: &'a [u8],
    equal: bool,
}

impl ByteWriter for Same<'_> {
    fn write_u8(&mut self, value: u8) {
        self.write_bytes(&[value]);
    }

    fn write_bytes(&mut self, values: &[u8]) {
        match self.rest.strip_prefix(values) {
            Some(rest) => self.rest = rest,
            None => self.equal = false,
        }
    }
}
