//! The numbers of the wire format: varints and amounts, each in one form only.

use crate::Amount;
use alloc::vec::Vec;

use super::DecodeError;

/// Largest power of ten that an amount may be divided by.
const MAX_EXPONENT: u8 = 14;
/// Exponents per mantissa length in the head of an amount.
const EXPONENTS: u8 = MAX_EXPONENT + 1;

/// Appends a varint: seven bits a byte, least significant first.
pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends an amount: head `15 n + e`, then n bytes of mantissa.
pub(crate) fn put_amount(out: &mut Vec<u8>, amount: Amount) {
    let (mut mantissa, mut exponent) = (amount.get(), 0);
    while mantissa != 0 && mantissa.is_multiple_of(10) && exponent < MAX_EXPONENT {
        mantissa /= 10;
        exponent += 1;
    }
    let length = 16 - mantissa.leading_zeros() as usize / 8;
    out.push(length as u8 * EXPONENTS + exponent);
    out.extend_from_slice(&mantissa.to_le_bytes()[..length]);
}

/// Bytes being decoded, and where we are in them.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0 }
    }

    /// Bytes read so far.
    pub(crate) const fn offset(&self) -> usize {
        self.offset
    }

    /// Bytes not read yet.
    pub(crate) const fn left(&self) -> usize {
        self.bytes.len() - self.offset
    }

    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let rest = &self.bytes[self.offset..];
        let taken = rest.get(..length).ok_or(DecodeError::Truncated)?;
        self.offset += length;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], DecodeError> {
        let rest = &self.bytes[self.offset..];
        let taken = rest.first_chunk().ok_or(DecodeError::Truncated)?;
        self.offset += N;
        Ok(taken)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, DecodeError> {
        self.array().map(|[byte]| *byte)
    }

    pub(crate) fn varint(&mut self, what: &'static str) -> Result<u64, DecodeError> {
        let offset = self.offset;
        let mut value = 0u64;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                return Err(DecodeError::OutOfRange { offset, what });
            }
            value |= bits << shift;
            if byte < 0x80 {
                // A last byte of zero would be a longer form of the same number.
                return if byte == 0 && shift > 0 {
                    Err(DecodeError::NotCanonical { offset, what })
                } else {
                    Ok(value)
                };
            }
        }
        Err(DecodeError::OutOfRange { offset, what })
    }

    /// A varint of 32 bits.
    pub(crate) fn id(&mut self, what: &'static str) -> Result<u32, DecodeError> {
        let offset = self.offset;
        let value = self.varint(what)?;
        u32::try_from(value).map_err(|_| DecodeError::OutOfRange { offset, what })
    }

    pub(crate) fn amount(&mut self) -> Result<Amount, DecodeError> {
        let offset = self.offset;
        let what = "an amount";
        let head = self.byte()?;
        let (length, exponent) = (usize::from(head / EXPONENTS), head % EXPONENTS);
        let mut bytes = [0; 16];
        // The head 255 would announce 17 bytes.
        let out = bytes
            .get_mut(..length)
            .ok_or(DecodeError::OutOfRange { offset, what })?;
        out.copy_from_slice(self.take(length)?);
        let mantissa = u128::from_le_bytes(bytes);
        let leading_zero = length > 0 && bytes[length - 1] == 0;
        let is_zero_with_exponent = length == 0 && exponent > 0;
        let divisible = length > 0 && mantissa.is_multiple_of(10) && exponent < MAX_EXPONENT;
        if leading_zero || is_zero_with_exponent || divisible {
            return Err(DecodeError::NotCanonical { offset, what });
        }
        let power = 10u128.pow(u32::from(exponent));
        mantissa
            .checked_mul(power)
            .map(Amount::new)
            .ok_or(DecodeError::OutOfRange { offset, what })
    }
}
