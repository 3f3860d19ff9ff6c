//! A reader that cannot run past its bytes, allocates nothing and knows where it is.

use crate::{Reason, Section, VerifyError};

/// Modulus of the Goldilocks field, 2^64 - 2^32 + 1.
pub(crate) const MODULUS: u64 = 0xffff_ffff_0000_0001;

/// A piece of the proof and its offset from the proof's start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) offset: usize,
    pub(crate) section: Section,
}

impl<'a> Span<'a> {
    /// A cursor over this piece.
    pub(crate) fn cursor(self) -> Cursor<'a> {
        Cursor {
            rest: self.bytes,
            offset: self.offset,
            section: self.section,
        }
    }

    /// Refuses the piece unless it is a sequence of canonical base field elements (little-endian
    /// `u64` below the modulus).
    pub(crate) fn check_elements(self) -> Result<(), VerifyError> {
        // One pass without branches first: nearly every proof passes it.
        let (elements, rest) = self.bytes.as_chunks::<8>();
        let below = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes) < MODULUS;
        if rest.is_empty() && elements.iter().fold(true, |all, bytes| all & below(bytes)) {
            return Ok(());
        }
        for (i, chunk) in self.bytes.chunks(8).enumerate() {
            let offset = self.offset.saturating_add(i.saturating_mul(8));
            let reason = match element(chunk) {
                Some(value) if value < MODULUS => continue,
                Some(value) => Reason::NotAFieldElement(value),
                None => Reason::UnexpectedEnd {
                    needed: 8,
                    left: chunk.len(),
                },
            };
            return Err(VerifyError::Refused {
                section: self.section,
                offset,
                reason,
            });
        }
        Ok(())
    }
}

fn element(chunk: &[u8]) -> Option<u64> {
    chunk
        .first_chunk::<8>()
        .map(|bytes| u64::from_le_bytes(*bytes))
}

/// Reads a proof from its front. Every method that fails leaves the error's place in it.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
    offset: usize,
    section: Section,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            offset: 0,
            section: Section::TraceInfo,
        }
    }

    /// Names the part of the proof that follows.
    pub(crate) fn enter(&mut self, section: Section) {
        self.section = section;
    }

    /// The offset of the next byte from the start of the proof.
    pub(crate) fn offset(&self) -> usize {
        self.offset
    }

    /// An error at `offset` in the present section.
    pub(crate) fn refuse_at(&self, offset: usize, reason: Reason) -> VerifyError {
        VerifyError::Refused {
            section: self.section,
            offset,
            reason,
        }
    }

    /// The next `len` bytes.
    pub(crate) fn take(&mut self, len: usize) -> Result<Span<'a>, VerifyError> {
        match self.rest.split_at_checked(len) {
            Some((bytes, rest)) => {
                let span = Span {
                    bytes,
                    offset: self.offset,
                    section: self.section,
                };
                self.rest = rest;
                self.offset = self.offset.saturating_add(len);
                Ok(span)
            }
            None => {
                let reason = Reason::UnexpectedEnd {
                    needed: len,
                    left: self.rest.len(),
                };
                Err(self.refuse_at(self.offset, reason))
            }
        }
    }

    /// The next `N` bytes.
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], VerifyError> {
        match self.rest.split_first_chunk::<N>() {
            Some((bytes, rest)) => {
                self.rest = rest;
                self.offset = self.offset.saturating_add(N);
                Ok(*bytes)
            }
            None => {
                let reason = Reason::UnexpectedEnd {
                    needed: N,
                    left: self.rest.len(),
                };
                Err(self.refuse_at(self.offset, reason))
            }
        }
    }

    pub(crate) fn u8(&mut self) -> Result<u8, VerifyError> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, VerifyError> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, VerifyError> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, VerifyError> {
        self.array().map(u64::from_le_bytes)
    }

    /// A variable-length integer: the number of trailing zeros of the first byte is the number of
    /// bytes that follow it; the value is what stands above the lowest set bit. Only the shortest
    /// form is accepted.
    pub(crate) fn varint(&mut self) -> Result<u64, VerifyError> {
        let start = self.offset;
        let first = self.rest.first().copied().unwrap_or(0);
        let length = match first.trailing_zeros() {
            8 if !self.rest.is_empty() => 9,
            zeros => (zeros as usize).saturating_add(1).min(8),
        };
        let value = if length == 9 {
            self.u8()?;
            self.u64()?
        } else {
            let span = self.take(if self.rest.is_empty() { 1 } else { length })?;
            let mut word = [0_u8; 8];
            for (to, from) in word.iter_mut().zip(span.bytes) {
                *to = *from;
            }
            // `length` is at most 8: no overflow.
            u64::from_le_bytes(word) >> length
        };
        if length != varint_len(value) {
            return Err(self.refuse_at(start, Reason::NonMinimalInteger));
        }
        Ok(value)
    }

    /// Refuses `found` unless it is `expected`; `offset` is where it was read.
    pub(crate) fn expect(
        &self,
        offset: usize,
        what: &'static str,
        found: u64,
        expected: usize,
    ) -> Result<(), VerifyError> {
        let expected = expected as u64;
        if found == expected {
            Ok(())
        } else {
            Err(self.refuse_at(
                offset,
                Reason::Value {
                    what,
                    expected,
                    found,
                },
            ))
        }
    }

    pub(crate) fn expect_u8(
        &mut self,
        what: &'static str,
        expected: usize,
    ) -> Result<(), VerifyError> {
        let offset = self.offset;
        let found = self.u8()?;
        self.expect(offset, what, found.into(), expected)
    }

    pub(crate) fn expect_u16(
        &mut self,
        what: &'static str,
        expected: usize,
    ) -> Result<(), VerifyError> {
        let offset = self.offset;
        let found = self.u16()?;
        self.expect(offset, what, found.into(), expected)
    }

    pub(crate) fn expect_varint(
        &mut self,
        what: &'static str,
        expected: usize,
    ) -> Result<(), VerifyError> {
        let offset = self.offset;
        let found = self.varint()?;
        self.expect(offset, what, found, expected)
    }

    /// A byte string after its `varint` length, no longer than what is left of the proof.
    pub(crate) fn varint_bytes(&mut self, what: &'static str) -> Result<Span<'a>, VerifyError> {
        let offset = self.offset;
        let len = self.varint()?;
        self.bounded(offset, what, len)
    }

    /// A byte string after its `u32` length, no longer than what is left of the proof.
    pub(crate) fn u32_bytes(&mut self, what: &'static str) -> Result<Span<'a>, VerifyError> {
        let offset = self.offset;
        let len = self.u32()?;
        self.bounded(offset, what, len.into())
    }

    fn bounded(
        &mut self,
        offset: usize,
        what: &'static str,
        len: u64,
    ) -> Result<Span<'a>, VerifyError> {
        let max = self.rest.len() as u64;
        match usize::try_from(len) {
            Ok(len) if len <= self.rest.len() => self.take(len),
            _ => Err(self.refuse_at(
                offset,
                Reason::Range {
                    what,
                    min: 0,
                    max,
                    found: len,
                },
            )),
        }
    }

    /// Refuses whatever is left.
    pub(crate) fn finish(&self) -> Result<(), VerifyError> {
        match self.rest.len() {
            0 => Ok(()),
            left => Err(self.refuse_at(self.offset, Reason::TrailingBytes(left))),
        }
    }
}

/// Bytes that the shortest encoding of `value` takes: 7 bits a byte, 9 bytes from 2^56 on.
fn varint_len(value: u64) -> usize {
    match 64_u32.saturating_sub(value.leading_zeros()) {
        0 => 1,
        bits @ 1..=56 => bits.div_ceil(7) as usize,
        _ => 9,
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use winter_utils::{ByteReader, ByteWriter, SliceReader};

    use super::{Cursor, Span};
    use crate::{Reason, Section, VerifyError};

    #[test]
    fn varints_agree_with_winterfell() {
        let mut values = alloc::vec![0_u64, 1, 250, u64::MAX, u64::MAX - 1];
        for bits in 0..64 {
            let power = 1_u64 << bits;
            values.extend([power - 1, power, power + 1]);
        }
        for value in values {
            let mut bytes = Vec::new();
            bytes.write_usize(usize::try_from(value).unwrap());
            let mut cursor = Cursor::new(&bytes);
            assert_eq!(cursor.varint(), Ok(value));
            assert_eq!(cursor.finish(), Ok(()));
            // every proper prefix is refused
            for len in 0..bytes.len() {
                assert!(
                    Cursor::new(&bytes[..len]).varint().is_err(),
                    "{value} cut to {len}"
                );
            }
        }
    }

    #[test]
    fn longer_forms_of_an_integer_are_refused() {
        for value in [0_u64, 1, 127, 128, 5_000, 1 << 40] {
            let mut shortest = Vec::new();
            shortest.write_usize(usize::try_from(value).unwrap());
            for length in shortest.len() + 1..=9 {
                let bytes = if length == 9 {
                    let mut bytes = alloc::vec![0_u8];
                    bytes.extend(value.to_le_bytes());
                    bytes
                } else {
                    let word = ((value << 1) | 1) << (length - 1);
                    word.to_le_bytes()[..length].to_vec()
                };
                // winterfell reads it
                let read = SliceReader::new(&bytes).read_usize().unwrap();
                assert_eq!(read as u64, value);
                // the door does not
                let error = Cursor::new(&bytes).varint().unwrap_err();
                assert!(matches!(
                    error,
                    VerifyError::Refused {
                        reason: Reason::NonMinimalInteger,
                        ..
                    }
                ));
            }
        }
    }

    #[test]
    fn elements_at_or_above_the_modulus_are_refused() {
        let section = Section::OodFrame;
        let mut bytes = Vec::new();
        bytes.extend(0_u64.to_le_bytes());
        bytes.extend(0xffff_ffff_0000_0000_u64.to_le_bytes());
        assert_eq!(
            Span {
                bytes: &bytes,
                offset: 5,
                section
            }
            .check_elements(),
            Ok(())
        );
        bytes.extend(0xffff_ffff_0000_0001_u64.to_le_bytes());
        let error = Span {
            bytes: &bytes,
            offset: 5,
            section,
        }
        .check_elements();
        let reason = Reason::NotAFieldElement(0xffff_ffff_0000_0001);
        assert_eq!(
            error,
            Err(VerifyError::Refused {
                section,
                offset: 21,
                reason
            })
        );
        let error = Span {
            bytes: &bytes[..9],
            offset: 5,
            section,
        }
        .check_elements();
        let reason = Reason::UnexpectedEnd { needed: 8, left: 1 };
        assert_eq!(
            error,
            Err(VerifyError::Refused {
                section,
                offset: 13,
                reason
            })
        );
    }

    /// Nothing but bad elements: the pass without branches sees one of each kind by itself.
    #[test]
    fn pieces_of_bad_elements_alone_are_refused() {
        let section = Section::FriRemainder;
        const MODULUS: u64 = 0xffff_ffff_0000_0001;
        for value in [MODULUS, MODULUS + 1, u64::MAX] {
            for count in 1..4 {
                let piece = Span {
                    bytes: &value.to_le_bytes().repeat(count),
                    offset: 7,
                    section,
                };
                assert_eq!(
                    piece.check_elements(),
                    Err(VerifyError::Refused {
                        section,
                        offset: 7,
                        reason: Reason::NotAFieldElement(value)
                    })
                );
            }
        }
    }

    /// A byte string may take all that is left; a longer one is refused for its length, where the
    /// length stands.
    #[test]
    fn byte_strings_longer_than_the_rest_are_refused() {
        let bytes = [3, 0, 0, 0, 7, 8, 9];
        let string = Cursor::new(&bytes).u32_bytes("a string").unwrap();
        assert_eq!((string.bytes, string.offset), (&bytes[4..], 4));
        let error = Cursor::new(&bytes[..6]).u32_bytes("a string").err();
        let (what, min, max, found) = ("a string", 0, 2, 3);
        let range = Reason::Range {
            what,
            min,
            max,
            found,
        };
        assert!(
            matches!(error, Some(VerifyError::Refused { offset: 0, reason, .. }) if reason == range),
            "{error:?}"
        );
    }
}
