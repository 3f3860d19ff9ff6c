//! Addresses of accounts, and the checksum that the case of their letters may carry.

use std::fmt;

use sha3::{Digest, Keccak256};
use thiserror::Error;

/// A 20-byte account address, as Ethereum's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub [u8; 20]);

/// Why a text is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AddressError {
    /// Not 40 hexadecimal digits.
    #[error("no address (40 hexadecimal digits)")]
    Digits,
    /// Upper and lower case are mixed, and not as EIP-55 says for these digits.
    #[error(
        "no address: the case of its letters is not the checksum (EIP-55) of its digits, so that one of \
         them is wrong; get it again where it comes from"
    )]
    Checksum,
}

impl Address {
    /// Parses 40 hexadecimal digits, with or without a `0x` prefix.
    ///
    /// Letters in one case say nothing. In mixed case they are a checksum (EIP-55), which must hold: a
    /// mistyped digit would pay somebody else.
    ///
    /// ```
    /// use winterlane::replay::{Address, AddressError};
    ///
    /// let address = Address::parse("0x000000000000000000000000000000000000dEaD")?;
    /// assert_eq!(address.0[18..], [0xde, 0xad]);
    /// assert_eq!(address.to_string(), "0x000000000000000000000000000000000000dead");
    /// assert_eq!(
    ///     Address::parse("0x000000000000000000000000000000000000deaD"),
    ///     Err(AddressError::Checksum)
    /// );
    /// assert_eq!(Address::parse("0xdead"), Err(AddressError::Digits));
    /// # Ok::<(), AddressError>(())
    /// ```
    ///
    /// # Errors
    /// [`AddressError`].
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let digits = text.strip_prefix("0x").unwrap_or(text).as_bytes();
        if digits.len() != 40 {
            return Err(AddressError::Digits);
        }
        let mut bytes = [0u8; 20];
        for (byte, pair) in bytes.iter_mut().zip(digits.as_chunks::<2>().0) {
            let [high, low] = pair.map(hex_digit);
            let (Some(high), Some(low)) = (high, low) else {
                return Err(AddressError::Digits);
            };
            *byte = high << 4 | low;
        }
        let has = |case: fn(&u8) -> bool| digits.iter().any(case);
        let mixed = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
        if mixed && !has_checksum(digits) {
            return Err(AddressError::Checksum);
        }
        Ok(Self(bytes))
    }
}

/// EIP-55: a letter is a capital where the Keccak-256 of the lower-case digits, read as hexadecimal
/// digits, has 8 or more.
fn has_checksum(digits: &[u8]) -> bool {
    let hash = Keccak256::digest(digits.to_ascii_lowercase());
    let nibbles = hash.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.iter().zip(nibbles).all(|(digit, nibble)| {
        digit.is_ascii_digit() || digit.is_ascii_uppercase() == (nibble >= 8)
    })
}

fn hex_digit(character: u8) -> Option<u8> {
    // A hexadecimal digit is below 16, so the cast keeps its value.
    char::from(character).to_digit(16).map(|digit| digit as u8)
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0x")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The examples of EIP-55.
    const SPELLED: [&str; 4] = [
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ];

    /// Of EIP-55 too: in one case by their checksum, as it happens.
    const ONE_CASE: [&str; 4] = [
        "0x52908400098527886E0F7030069857D2E4169EE7",
        "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
        "0xde709f2102306220921060314715629080e2fb77",
        "0x27b1fdb04752bbc536007a920d24acb045561c26",
    ];

    #[test]
    fn the_examples_of_the_standard_are_read() {
        for text in SPELLED.into_iter().chain(ONE_CASE) {
            let address = Address::parse(text).unwrap();
            assert_eq!(address.to_string(), text.to_ascii_lowercase());
            assert_eq!(Address::parse(&text[2..]), Ok(address));
            assert_eq!(Address::parse(&text.to_ascii_lowercase()), Ok(address));
            let upper = text[2..].to_ascii_uppercase();
            assert_eq!(Address::parse(&upper), Ok(address));
            assert_eq!(Address::parse(&format!("0x{upper}")), Ok(address));
        }
    }

    #[test]
    fn a_letter_in_the_wrong_case_is_refused() {
        for text in SPELLED {
            for at in 2..text.len() {
                let mut bytes = text.as_bytes().to_vec();
                if bytes[at].is_ascii_alphabetic() {
                    bytes[at] ^= 0x20;
                    let text = String::from_utf8(bytes).unwrap();
                    assert_eq!(Address::parse(&text), Err(AddressError::Checksum), "{text}");
                }
            }
        }
        // Another address of that kind.
        let text = "0x77696E7465726C616e65aBcDefaBBdeFabcdEF01";
        assert_eq!(Address::parse(text), Err(AddressError::Checksum));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("{}0", SPELLED[0]);
        let wide = "é".repeat(20);
        for text in [
            "",
            "0x",
            "0x0",
            "0X5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        ]
        .into_iter()
        .chain([
            &SPELLED[0][..41],
            &long,
            &wide,
            "0x+aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        ]) {
            assert_eq!(Address::parse(text), Err(AddressError::Digits), "{text}");
        }
    }

    proptest! {
        /// A wrong digit passes with 40 letters in mixed case as rarely as the standard says.
        #[test]
        fn a_wrong_digit_is_seen(which in 0..SPELLED.len(), at in 2..42usize, digit in 0..16u32) {
            let mut text = SPELLED[which].to_string();
            let digit = char::from_digit(digit, 16).unwrap().to_string();
            prop_assume!(!text[at..=at].eq_ignore_ascii_case(&digit));
            text.replace_range(at..=at, &digit);
            prop_assert_eq!(Address::parse(&text), Err(AddressError::Checksum));
        }
    }
}
