//! Digests: four Goldilocks elements, and their two outer forms (32 bytes, 64 hexadecimal digits).

use alloc::string::String;
use core::{fmt, str::FromStr};

use thiserror::Error;
use winter_math::{FieldElement, StarkField, fields::f64::BaseElement};

/// Bytes of a digest in its outer form: four canonical little-endian 64-bit integers.
pub const DIGEST_BYTES: usize = 32;

/// A hash value: four elements of the Goldilocks field, 256 bits, 128-bit collision resistance.
///
/// In memory the elements are in winterfell's Montgomery form. The outer form is canonical: each
/// element is a little-endian integer *below the modulus*, so that a digest has one encoding only.
///
/// ```
/// use winterlane_ledger::{BaseElement, Digest};
/// let digest = Digest([1u32, 2, 3, 4].map(BaseElement::from));
/// let hex = digest.to_string();
/// assert!(hex.starts_with("0100000000000000" ) && hex.len() == 64);
/// assert_eq!(hex.parse(), Ok(digest));
/// assert!(Digest::from_bytes(&[0xff; 32]).is_err()); // no element is 2^64 - 1
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Digest(pub [BaseElement; 4]);

/// Why bytes or text are not a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DigestError {
    /// An element of the outer form is not below the modulus.
    #[error("element {lane} of a digest is {value:#x}, not below the field's modulus")]
    NotCanonical {
        /// Which of the four elements.
        lane: usize,
        /// The integer found.
        value: u64,
    },
    /// The text is not made of exactly 64 hexadecimal digits.
    #[error("a digest is 64 hexadecimal digits")]
    NotHex,
}

impl Digest {
    /// The digest of an empty leaf: four zeros. No known input of the hash leads to it.
    pub const ZERO: Self = Self([BaseElement::ZERO; 4]);

    /// Reads the canonical outer form.
    ///
    /// # Errors
    /// [`DigestError::NotCanonical`] when an element is at or above the modulus.
    pub fn from_bytes(bytes: &[u8; DIGEST_BYTES]) -> Result<Self, DigestError> {
        let mut lanes = [BaseElement::ZERO; 4];
        let (words, _) = bytes.as_chunks::<8>();
        for (lane, (out, word)) in lanes.iter_mut().zip(words).enumerate() {
            let value = u64::from_le_bytes(*word);
            *out = element(value).ok_or(DigestError::NotCanonical { lane, value })?;
        }
        Ok(Self(lanes))
    }

    /// The canonical outer form: four little-endian integers below the modulus.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; DIGEST_BYTES] {
        let mut bytes = [0; DIGEST_BYTES];
        let (words, _) = bytes.as_chunks_mut::<8>();
        for (word, lane) in words.iter_mut().zip(&self.0) {
            *word = lane.as_int().to_le_bytes();
        }
        bytes
    }

    /// The four elements.
    #[must_use]
    pub const fn as_elements(&self) -> &[BaseElement; 4] {
        &self.0
    }
}

/// The element whose canonical form is `value`; `None` when `value` is not below the modulus.
#[must_use]
pub(crate) fn element(value: u64) -> Option<BaseElement> {
    (value < BaseElement::MODULUS).then(|| BaseElement::new(value))
}

impl From<[BaseElement; 4]> for Digest {
    fn from(lanes: [BaseElement; 4]) -> Self {
        Self(lanes)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_bytes()
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    /// Reads 64 hexadecimal digits of either case, without a prefix.
    fn from_str(text: &str) -> Result<Self, DigestError> {
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != DIGEST_BYTES || !rest.is_empty() {
            return Err(DigestError::NotHex);
        }
        let mut bytes = [0; DIGEST_BYTES];
        for (byte, pair) in bytes.iter_mut().zip(pairs) {
            let [high, low] = pair.map(hex_digit);
            *byte = high.ok_or(DigestError::NotHex)? << 4 | low.ok_or(DigestError::NotHex)?;
        }
        Self::from_bytes(&bytes)
    }
}

/// The value of one hexadecimal digit.
pub(crate) fn hex_digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        b'A'..=b'F' => Some(character - b'A' + 10),
        _ => None,
    }
}

impl TryFrom<String> for Digest {
    type Error = DigestError;

    fn try_from(text: String) -> Result<Self, DigestError> {
        text.parse()
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn bytes_are_canonical_little_endian() {
        let digest = Digest([0, 1, BaseElement::MODULUS - 1, 1 << 40].map(BaseElement::new));
        let bytes = digest.to_bytes();
        assert_eq!(bytes[8..16], [1, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(bytes[16..24], (BaseElement::MODULUS - 1).to_le_bytes());
        assert_eq!(Digest::from_bytes(&bytes), Ok(digest));
    }

    #[test]
    fn the_modulus_itself_is_no_element() {
        for lane in 0..4 {
            let mut bytes = [0; 32];
            bytes[8 * lane..8 * lane + 8].copy_from_slice(&BaseElement::MODULUS.to_le_bytes());
            let value = BaseElement::MODULUS;
            assert_eq!(
                Digest::from_bytes(&bytes),
                Err(DigestError::NotCanonical { lane, value })
            );
        }
    }

    #[test]
    fn text_is_the_bytes_in_either_case() {
        let digits = "0123456789abcdefFEDCBA9876543210";
        let text = [digits, digits].concat();
        let digest: Digest = text.parse().unwrap();
        let half = [
            0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54,
            0x32, 0x10,
        ];
        assert_eq!(digest.to_bytes(), [half, half].concat()[..]);
        assert_eq!(digest.to_string(), text.to_lowercase());
        assert_eq!(
            alloc::format!("{digest:?}"),
            alloc::format!("Digest({digest})")
        );
        assert_eq!(Digest::try_from(text), Ok(digest));
        assert_eq!(Digest::try_from("0".to_string()), Err(DigestError::NotHex));
        assert_eq!(Digest::from(digest.0), digest);
        assert_ne!(digest, Digest::ZERO);
    }

    #[test]
    fn text_is_strict() {
        let text = Digest::ZERO.to_string();
        assert_eq!(text.parse(), Ok(Digest::ZERO));
        assert_eq!(text[1..].parse::<Digest>(), Err(DigestError::NotHex));
        assert_eq!(
            [&text, "0"].concat().parse::<Digest>(),
            Err(DigestError::NotHex)
        );
        assert_eq!(
            text.replace('0', "g").parse::<Digest>(),
            Err(DigestError::NotHex)
        );
        assert_eq!(
            text.replace('0', "é").parse::<Digest>(),
            Err(DigestError::NotHex)
        );
        let upper = "AB".repeat(32);
        assert_eq!(
            upper.parse::<Digest>().unwrap().to_string(),
            upper.to_lowercase()
        );
    }
}
