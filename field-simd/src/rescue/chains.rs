//! Powers of several words in step.
//!
//! A power is a chain of products that wait for one another. Words of one state are raised together, so
//! that the products of one fill the gaps of the others: eight words of a state of eight, and six at a
//! time of a state of twelve, which is what sixteen registers hold beside what a product needs.

use crate::{goldilocks::EPSILON, vector::Vector};

/// Words that are multiplied in step; loose integers.
pub(super) trait Chains<V: Vector>: Copy {
    /// The squares. `e` is [`epsilon`]; must be `#[inline(always)]`, as all here.
    fn square(self, e: V) -> Self;

    /// The products, word by word.
    fn multiply(self, e: V, other: Self) -> Self;
}

/// Implements [`Chains`], word after word: loops would go through memory where registers are few, and
/// closures cannot be `#[inline(always)]`.
macro_rules! chains {
    ($count:literal: $($x:ident $y:ident),*) => {
        impl<V: Vector> Chains<V> for [V; $count] {
            #[inline(always)]
            fn square(self, e: V) -> Self {
                let e = hidden(e);
                let [$($x),*] = self;
                [$(square_word(e, $x)),*]
            }

            #[inline(always)]
            fn multiply(self, e: V, other: Self) -> Self {
                let e = hidden(e);
                let [$($x),*] = self;
                let [$($y),*] = other;
                [$(multiply_word(e, $x, $y)),*]
            }
        }
    };
}

chains!(6: x0 y0, x1 y1, x2 y2, x3 y3, x4 y4, x5 y5);
chains!(8: x0 y0, x1 y1, x2 y2, x3 y3, x4 y4, x5 y5, x6 y6, x7 y7);

/// `x^(1/7)` of every word: the power `e` with `7 e = 1` modulo `p - 1`,
/// `e = 0b1001001001001001001001001001000110110110110110110110110110110111`.
///
/// With `n` ones two zeros apart written `1:n`, `e` is `1:10 000 110:10 111` from the top, and
/// `110110..` is `100100..` plus its half: so the power `1:10` serves twice. 63 squares and 9
/// products; the chain is winter-crypto's.
#[inline(always)]
pub(super) fn root7<V: Vector, C: Chains<V>>(e: V, x: C) -> C {
    let x2 = x.square(e);
    let x4 = x2.square(e);
    let two = squares(e, x4, 3).multiply(e, x4);
    let four = squares(e, two, 6).multiply(e, two);
    let eight = squares(e, four, 12).multiply(e, four);
    let ten = squares(e, eight, 6).multiply(e, two);
    let both = squares(e, ten, 31).multiply(e, ten);
    let high = squares(e, both.square(e).multiply(e, ten), 2);
    let low = x2.multiply(e, x4).multiply(e, x);
    high.multiply(e, low)
}

/// `n` squarings, one after the other.
#[inline(always)]
fn squares<V: Vector, C: Chains<V>>(e: V, mut x: C, n: usize) -> C {
    for _ in 0..n {
        x = x.square(e);
    }
    x
}

/// The third powers.
#[inline(always)]
pub(super) fn cube<V: Vector, C: Chains<V>>(e: V, x: C) -> C {
    x.square(e).multiply(e, x)
}

/// `2^32 - 1`, which takes part in every reduction; `e` of the other functions.
///
/// The compiler must not know it: it would replace the product with it, one operation, by three. Nor
/// may it know that it stays the same from one product of states to the next ([`hidden`]): it would
/// mask it once and for all, forget that it did, and make 64-bit products of the 32-bit ones.
#[inline(always)]
pub(super) fn epsilon<V: Vector>(token: V::Token) -> V {
    V::splat(token, core::hint::black_box(EPSILON))
}

/// The same, and the compiler does not know. (A product of single words is one instruction anyway.)
#[inline(always)]
fn hidden<V: Vector>(e: V) -> V {
    if V::LANES == 1 {
        return e;
    }
    core::hint::black_box(e)
}

#[inline(always)]
fn square_word<V: Vector>(e: V, x: V) -> V {
    let (low, high) = x.square_wide();
    reduce(e, low, high)
}

#[inline(always)]
fn multiply_word<V: Vector>(e: V, x: V, y: V) -> V {
    let (low, high) = x.mul_wide(y);
    reduce(e, low, high)
}

/// `low + 2^64 high mod p`, loose: one operation less than the canonical value.
#[inline(always)]
fn reduce<V: Vector>(e: V, low: V, high: V) -> V {
    // With high = mid + 2^32 top this is low - top + mid (2^32 - 1), and both are canonical.
    let mid = high.mul_lo32(e);
    low.sub(high.shr(32)).add(mid)
}
