//! Amounts and other values of 128 bits: `u128` as three limbs of 50, 50 and 28 bits, least significant first.
//!
//! A limb is far below the modulus, so sums of a few limbs never wrap in the field, and 50 + 50 bits
//! fall two by two down a column of 256 rows.

use winter_math::fields::f64::BaseElement;

/// Bits of each limb of an amount, least significant limb first.
pub const LIMB_BITS: [u32; 3] = [50, 50, 28];

/// Splits a value of 128 bits into its limbs.
///
/// ```
/// use winterlane_ledger::amount::{from_limbs, limbs};
/// let value = 50_000_000_000_000_000_000_000; // a real payment, in units of 10^-18
/// assert_eq!(from_limbs(limbs(value)), Some(value));
/// assert_eq!(limbs(u128::MAX), [(1 << 50) - 1, (1 << 50) - 1, (1 << 28) - 1]);
/// ```
#[must_use]
pub const fn limbs(value: u128) -> [u64; 3] {
    const MASK: u128 = (1 << LIMB_BITS[0]) - 1;
    [
        (value & MASK) as u64,
        (value >> LIMB_BITS[0] & MASK) as u64,
        (value >> (LIMB_BITS[0] + LIMB_BITS[1])) as u64,
    ]
}

/// The limbs of a value as field elements.
#[must_use]
pub fn limb_elements(value: u128) -> [BaseElement; 3] {
    limbs(value).map(BaseElement::new)
}

/// The value that `limbs` stand for; `None` when one of them is out of its range.
#[must_use]
pub fn from_limbs(limbs: [u64; 3]) -> Option<u128> {
    let in_range = limbs
        .iter()
        .zip(LIMB_BITS)
        .all(|(limb, bits)| limb >> bits == 0);
    let [low, middle, high] = limbs.map(u128::from);
    in_range.then(|| low | middle << LIMB_BITS[0] | high << (LIMB_BITS[0] + LIMB_BITS[1]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn out_of_range_limbs_are_refused() {
        assert_eq!(from_limbs([1 << 50, 0, 0]), None);
        assert_eq!(from_limbs([0, 1 << 50, 0]), None);
        assert_eq!(from_limbs([0, 0, 1 << 28]), None);
        assert_eq!(from_limbs([0, 1, 0]), Some(1 << 50));
        assert_eq!(from_limbs([0, 0, 1]), Some(1 << 100));
    }

    #[test]
    fn limbs_as_elements() {
        let elements = limb_elements(1 | 2 << 50 | 3 << 100);
        assert_eq!(elements, [1, 2, 3].map(BaseElement::new));
    }

    proptest! {
        #[test]
        fn round_trip(value: u128) {
            prop_assert_eq!(from_limbs(limbs(value)), Some(value));
        }
    }
}
