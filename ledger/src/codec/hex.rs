//! Hexadecimal digits.

use alloc::{string::String, vec::Vec};

use crate::digest::hex_digit;

const DIGITS: [u8; 16] = *b"0123456789abcdef";

/// Two lower-case digits a byte.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

/// The bytes of digits of either case; `None` when they are none, or odd in number.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| Some(hex_digit(pair[0])? << 4 | hex_digit(pair[1])?);
    rest.is_empty()
        .then(|| pairs.iter().map(byte).collect())
        .flatten()
}
