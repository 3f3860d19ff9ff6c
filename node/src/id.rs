//! Names of orders.

use std::{fmt, str::FromStr};

use thiserror::Error;
use winterlane_ledger::{SignedOrder, codec::CanonicalBytes};

/// The name of an order: the BLAKE3 hash of its canonical bytes, signature included.
///
/// The same bytes have the same name, so that an order that is sent twice is one order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderId([u8; 32]);

/// The text is not a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the id of an order is 64 hexadecimal digits")]
pub struct OrderIdError;

impl OrderId {
    /// The name of a signed order.
    #[must_use]
    pub fn of(order: &SignedOrder) -> Self {
        Self::of_bytes(&order.to_bytes())
    }

    /// The name of the order with these canonical bytes.
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self::derive("winterlane 2026 signed order", bytes)
    }

    /// The name of a deposit: of its reference, which settlement allots, and its canonical bytes.
    #[must_use]
    pub fn of_deposit(reference: &[u8; 32], deposit: &[u8]) -> Self {
        Self::derive("winterlane 2026 deposit", &[reference, deposit].concat())
    }

    /// The name of a private operation: of the bytes in which it is sent ([`crate::private::encode`]).
    #[must_use]
    pub fn of_private(bytes: &[u8]) -> Self {
        Self::derive("winterlane 2026 private operation", bytes)
    }

    /// The name of a note that an earlier withdrawal has paid for, as settlement hands it on: of its bytes in the log.
    #[must_use]
    pub(crate) fn of_note(bytes: &[u8]) -> Self {
        Self::derive("winterlane 2026 note of a settled withdrawal", bytes)
    }

    fn derive(context: &str, bytes: &[u8]) -> Self {
        Self(blake3::derive_key(context, bytes))
    }

    /// The name with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OrderId({self})")
    }
}

impl FromStr for OrderId {
    type Err = OrderIdError;

    fn from_str(text: &str) -> Result<Self, OrderIdError> {
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != 32 || !rest.is_empty() {
            return Err(OrderIdError);
        }
        let digit = |byte: u8| char::from(byte).to_digit(16).ok_or(OrderIdError);
        let mut bytes = [0; 32];
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            let value = digit(*high)? << 4 | digit(*low)?;
            *byte = u8::try_from(value).map_err(|_| OrderIdError)?;
        }
        Ok(Self(bytes))
    }
}

impl serde::Serialize for OrderId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trip_and_strictness() {
        let id = OrderId::of_bytes(b"some order");
        let text = id.to_string();
        assert_eq!(text.parse(), Ok(id));
        assert_eq!(text.to_uppercase().parse(), Ok(id));
        let odd = format!("{}é", &text[..62]);
        for wrong in [
            &text[1..],
            &text[2..],
            "",
            &odd,
            &text.replace(&text[..1], "+"),
        ] {
            assert_eq!(wrong.parse::<OrderId>(), Err(OrderIdError), "{wrong}");
        }
    }

    #[test]
    fn orders_and_deposits_share_no_name() {
        assert_ne!(
            OrderId::of_bytes(&[7; 32]),
            OrderId::of_deposit(&[7; 32], &[])
        );
    }
}
