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

#[cfg(test)]
mod tests {
    use alloc::vec;

    use winter_crypto::hashers::{Blake3_192, RpJive64_256};
    use winter_math::fields::f64::BaseElement;

    use super::{super::cursor::Cursor, read, size};
    use crate::{Reason, VerifyError};

    #[test]
    fn a_digest_of_elements_has_one_encoding() {
        assert_eq!(size::<RpJive64_256>(), 32);
        let mut bytes = vec![0_u8; 32];
        assert!(read::<RpJive64_256>(&mut Cursor::new(&bytes), 32).is_ok());
        // The modulus in the place of zero: winterfell reads it as zero.
        bytes[8..16].copy_from_slice(&0xffff_ffff_0000_0001_u64.to_le_bytes());
        let error = read::<RpJive64_256>(&mut Cursor::new(&bytes), 32).unwrap_err();
        let reason = Reason::NonCanonicalDigest;
        assert!(matches!(error, VerifyError::Refused { reason: found, .. } if found == reason));
    }

    #[test]
    fn a_digest_of_bytes_may_have_any_value() {
        assert_eq!(size::<Blake3_192<BaseElement>>(), 24);
        let bytes = [0xff_u8; 24];
        assert!(read::<Blake3_192<BaseElement>>(&mut Cursor::new(&bytes), 24).is_ok());
        assert!(read::<Blake3_192<BaseElement>>(&mut Cursor::new(&bytes[1..]), 24).is_err());
    }
}
