//! The field on single `u64` values: constants and the reference arithmetic.
//!
//! The modulus is `p = 2^64 - 2^32 + 1`. Writing `phi = 2^32`, `p = phi^2 - phi + 1`, so that
//! `2^64 = 2^32 - 1` and `2^96 = -1` modulo `p`: reductions are shifts, adds and subtracts.
//!
//! Two ranges occur everywhere in this crate: a value is *canonical* when it is below `p`, and
//! *loose* when it is any `u64`, read modulo `p`. Two representations occur: a *canonical integer*
//! is the field element itself, and its *Montgomery form* is `x * 2^64 mod p`, which is how
//! `winter_math::fields::f64::BaseElement` stores it.
//!
//! What follows derives this arithmetic and that of the vectors, [`Vector`](crate::Vector).
#![doc = include_str!("../docs/goldilocks.md")]

/// The modulus, `2^64 - 2^32 + 1`.
pub const P: u64 = 0xffff_ffff_0000_0001;

/// `2^64 mod p = 2^32 - 1`.
pub const EPSILON: u64 = 0xffff_ffff;

/// `2^128 mod p`, which takes a canonical integer to Montgomery form.
pub const R2: u64 = 0xffff_fffe_0000_0001;

/// The largest `k` for which the field has a root of unity of order `2^k`.
pub const TWO_ADICITY: u32 = 32;

/// The root of unity of order `2^32` that winterfell uses, as a canonical integer. Its power of
/// order 64 is 8, so that all roots of unity of orders up to 64 are powers of two.
pub const TWO_ADIC_ROOT: u64 = 7_277_203_076_849_721_926;

/// The generator of the multiplicative group that winterfell uses, as a canonical integer.
pub const GENERATOR: u64 = 7;

/// `a + b mod p` for a canonical `b`. The result is canonical if `a` is, and loose otherwise.
#[inline(always)]
#[must_use]
pub const fn add(a: u64, b: u64) -> u64 {
    // a - (p - b) as in winterfell: for two canonical values one correction gives a canonical one.
    let (x, borrow) = a.overflowing_sub(P.wrapping_sub(b));
    x.wrapping_sub(EPSILON * borrow as u64)
}

/// `a - b mod p` for a canonical `b`. The result is canonical if `a` is, and loose otherwise.
#[inline(always)]
#[must_use]
pub const fn sub(a: u64, b: u64) -> u64 {
    let (x, borrow) = a.overflowing_sub(b);
    x.wrapping_sub(EPSILON * borrow as u64)
}

/// The canonical value of a loose one.
#[inline(always)]
#[must_use]
pub const fn canonical(a: u64) -> u64 {
    let (x, borrow) = a.overflowing_sub(P);
    if borrow { a } else { x }
}

/// `x mod p`, canonical, of any 128-bit value.
///
/// With `x = lo + 2^64 (mid + 2^32 top)` this is `lo - top + mid (2^32 - 1)`.
#[inline(always)]
#[must_use]
pub const fn reduce_plain(x: u128) -> u64 {
    let (lo, hi) = (x as u64, (x >> 64) as u64);
    let (t, borrow) = lo.overflowing_sub(hi >> 32);
    // On a borrow t is at least 2^64 - 2^32 + 1, so this cannot wrap again.
    let t = t.wrapping_sub(EPSILON * borrow as u64);
    // t + mid * EPSILON <= 2^64 - 1 + (2^32 - 1)^2 = 2p - 2: subtracting p at most once is enough.
    let mid = (hi & EPSILON) * EPSILON;
    let (r, borrow) = t.overflowing_sub(P - mid);
    r.wrapping_sub(EPSILON * borrow as u64)
}

/// `x / 2^64 mod p`. Canonical if `x < 2^64 p`, as for a product with one canonical factor;
/// otherwise loose.
///
/// Source: <https://eprint.iacr.org/2022/274>.
#[inline(always)]
#[must_use]
pub const fn reduce_mont(x: u128) -> u64 {
    let (lo, hi) = (x as u64, (x >> 64) as u64);
    let (a, carry) = lo.overflowing_add(lo << 32);
    // b is the high half of a * p, and a * p agrees with x in the low half.
    let b = a.wrapping_sub(a >> 32).wrapping_sub(carry as u64);
    let (r, borrow) = hi.overflowing_sub(b);
    r.wrapping_sub(EPSILON * borrow as u64)
}

/// `a * b mod p`, canonical, of two loose values.
#[inline(always)]
#[must_use]
pub const fn mul_plain(a: u64, b: u64) -> u64 {
    reduce_plain(a as u128 * b as u128)
}

/// `a * b / 2^64 mod p`: the product of two elements in Montgomery form. Canonical if `a` or `b`
/// is.
#[inline(always)]
#[must_use]
pub const fn mul_mont(a: u64, b: u64) -> u64 {
    reduce_mont(a as u128 * b as u128)
}

/// The canonical integer of a loose value in Montgomery form.
#[inline(always)]
#[must_use]
pub const fn from_mont(a: u64) -> u64 {
    reduce_mont(a as u128)
}

/// `a^e` for canonical integers.
#[must_use]
pub const fn pow(a: u64, mut e: u64) -> u64 {
    let (mut square, mut result) = (a, 1);
    while e > 0 {
        if e & 1 == 1 {
            result = mul_plain(result, square);
        }
        square = mul_plain(square, square);
        e >>= 1;
    }
    result
}

/// `1 / a` for canonical integers, and 0 for 0.
#[must_use]
pub const fn inv(a: u64) -> u64 {
    pow(a, P - 2)
}

/// The root of unity of order `2^log_n` that winterfell uses, as a canonical integer.
///
/// # Panics
/// Panics if `log_n` is over [`TWO_ADICITY`].
#[must_use]
pub const fn root_of_unity(log_n: u32) -> u64 {
    assert!(
        log_n <= TWO_ADICITY,
        "the field has no root of unity of this order"
    );
    pow(TWO_ADIC_ROOT, 1 << (TWO_ADICITY - log_n))
}

#[cfg(test)]
mod tests {
    use winter_math::{FieldElement, StarkField, fields::f64::BaseElement};

    use super::*;

    #[test]
    fn constants_are_winterfells() {
        assert_eq!(P, BaseElement::MODULUS);
        assert_eq!(TWO_ADICITY, BaseElement::TWO_ADICITY);
        assert_eq!(TWO_ADIC_ROOT, BaseElement::TWO_ADIC_ROOT_OF_UNITY.as_int());
        assert_eq!(GENERATOR, BaseElement::GENERATOR.as_int());
        assert_eq!(root_of_unity(6), 8);
        for k in 1..=32 {
            assert_eq!(root_of_unity(k), BaseElement::get_root_of_unity(k).as_int());
        }
        assert_eq!(mul_mont(1, R2), BaseElement::ONE.inner());
        assert_eq!(inv(7), BaseElement::new(7).inv().as_int());
    }
}
