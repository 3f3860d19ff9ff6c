//! The MDS matrix on vectors: a circulant of small integers, by sums and shifts.

use super::STATE_WIDTH;
use crate::{goldilocks::EPSILON, vector::Vector};

/// `MDS x + constants`, loose, of a loose state; constants canonical, in the form of the state.
///
/// The halves of each word go through the matrix apart, as integers: its rows sum to 96, so that
/// the results stay below 2^39. They join as low + 2^32 high, with the top of high folded down by
/// 2^64 = 2^32 - 1.
#[inline(always)]
pub(super) fn multiply_add<V: Vector>(
    token: V::Token,
    x: [V; STATE_WIDTH],
    constants: &[u64; STATE_WIDTH],
) -> [V; STATE_WIDTH] {
    let epsilon = V::splat(token, EPSILON);
    let mut low = x;
    let mut high = x;
    for i in 0..STATE_WIDTH {
        low[i] = x[i].and(epsilon);
        high[i] = x[i].shr(32);
    }
    let low = circulant(low);
    let high = circulant(high);
    let mut out = x;
    for i in 0..STATE_WIDTH {
        // The constant joins the halves: they are below 2^39 + 2^32 then, so high >> 32 < 2^8.
        let low = low[i].wrapping_add(V::splat(token, constants[i] & EPSILON));
        let high = high[i].wrapping_add(V::splat(token, constants[i] >> 32));
        let top = high.shr(32);
        // Below 2^41, and canonical therefore.
        let rest = low.wrapping_add(top.shl(32)).wrapping_sub(top);
        out[i] = high.shl(32).add(rest);
    }
    out
}

/// The product with the circulant of first row `23 8 13 10 7 6 21 8` over the integers modulo
/// 2^64, for words below 2^32.
///
/// As polynomials it is the product with `23 + 8 x + 21 x^2 + 6 x^3 + 7 x^4 + 10 x^5 + 13 x^6 +
/// 8 x^7` modulo `x^8 - 1`, and by the Chinese remainder theorem three small ones, modulo
/// `x^2 - 1`, `x^2 + 1` and `x^4 + 1`. The halvings on the way back are in the factors, which are
/// all sums of a few powers of two: `16 + 8 x`, `-1 + x` and `8 - x + 4 x^2 - x^3`.
#[inline(always)]
fn circulant<V: Vector>(x: [V; STATE_WIDTH]) -> [V; STATE_WIDTH] {
    let [x0, x1, x2, x3, x4, x5, x6, x7] = x;
    let add = V::wrapping_add;
    let sub = V::wrapping_sub;

    // Modulo x^4 - 1, and of that modulo x^2 - 1 (t) and x^2 + 1 (u).
    let [a0, a1, a2, a3] = [add(x0, x4), add(x1, x5), add(x2, x6), add(x3, x7)];
    let [t0, t1] = [add(a0, a2), add(a1, a3)];
    let [u0, u1] = [sub(a0, a2), sub(a1, a3)];
    let both = add(t0, t1).shl(3);
    let [p0, p1] = [add(both, t0.shl(3)), add(both, t1.shl(3))];
    let [minus_q0, q1] = [add(u0, u1), sub(u0, u1)];
    let [a0, a2] = [sub(p0, minus_q0), add(p0, minus_q0)];
    let [a1, a3] = [add(p1, q1), sub(p1, q1)];

    // Modulo x^4 + 1.
    let [b0, b1, b2, b3] = [sub(x0, x4), sub(x1, x5), sub(x2, x6), sub(x3, x7)];
    let c0 = add(sub(b0.shl(1), b2).shl(2), add(b1, b3));
    let c1 = add(sub(b1.shl(1), b3).shl(2), sub(b2, b0));
    let c2 = add(add(b2.shl(1), b0).shl(2), sub(b3, b1));
    let c3 = sub(add(b3.shl(1), b1).shl(2), add(b2, b0));

    [
        add(a0, c0),
        add(a1, c1),
        add(a2, c2),
        add(a3, c3),
        sub(a0, c0),
        sub(a1, c1),
        sub(a2, c2),
        sub(a3, c3),
    ]
}
