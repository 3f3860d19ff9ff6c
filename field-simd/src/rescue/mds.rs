//! The MDS matrices on vectors: circulants of small integers, by sums and shifts.

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
    let (low, high) = split(token, x);
    join(token, circulant(low), circulant(high), constants)
}

/// [`multiply_add`] for states of twelve words, of which the rows sum to 160: the results stay below
/// 2^40.
#[inline(always)]
pub(super) fn multiply_add_12<V: Vector>(
    token: V::Token,
    x: [V; 12],
    constants: &[u64; 12],
) -> [V; 12] {
    let (low, high) = split(token, x);
    join(
        token,
        circulant_12(token, low),
        circulant_12(token, high),
        constants,
    )
}

/// The halves of each word.
#[inline(always)]
fn split<V: Vector, const N: usize>(token: V::Token, x: [V; N]) -> ([V; N], [V; N]) {
    let epsilon = V::splat(token, EPSILON);
    let mut low = x;
    let mut high = x;
    for i in 0..N {
        low[i] = x[i].and(epsilon);
        high[i] = x[i].shr(32);
    }
    (low, high)
}

/// The words of these halves, which are below 2^40, and constants.
#[inline(always)]
fn join<V: Vector, const N: usize>(
    token: V::Token,
    low: [V; N],
    high: [V; N],
    constants: &[u64; N],
) -> [V; N] {
    let mut out = low;
    for i in 0..N {
        // The constant joins the halves: they are below 2^40 + 2^32 then, so high >> 32 < 2^9.
        let low = low[i].wrapping_add(V::splat(token, constants[i] & EPSILON));
        let high = high[i].wrapping_add(V::splat(token, constants[i] >> 32));
        let top = high.shr(32);
        // Below 2^42, and canonical therefore.
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

/// The product with the circulant of first row `7 23 8 26 13 10 9 7 6 22 21 8` over the integers modulo
/// 2^64, for words below 2^32.
///
/// As polynomials it is the product with `7 + 8 x + 21 x^2 + 22 x^3 + 6 x^4 + 7 x^5 + 9 x^6 + 10 x^7 +
/// 13 x^8 + 26 x^9 + 8 x^10 + 23 x^11` modulo `x^12 - 1`, and three small ones, modulo `x^3 - 1`,
/// `x^3 + 1` and `x^6 + 1`. The halvings on the way back are in the factors: `16 + 8 x + 16 x^2`,
/// `-8 + x + x^2` and `-1 - x + 4 x^2 - 2 x^3 - x^4 - 8 x^5`.
#[inline(always)]
fn circulant_12<V: Vector>(token: V::Token, x: [V; 12]) -> [V; 12] {
    let [x0, x1, x2, x3, x4, x5, y0, y1, y2, y3, y4, y5] = x;
    let add = V::wrapping_add;
    let sub = V::wrapping_sub;

    // Modulo x^6 - 1, and of that modulo x^3 - 1 (t) and x^3 + 1 (u).
    let [a0, a1, a2] = [add(x0, y0), add(x1, y1), add(x2, y2)];
    let [a3, a4, a5] = [add(x3, y3), add(x4, y4), add(x5, y5)];
    let [t0, t1, t2] = [add(a0, a3), add(a1, a4), add(a2, a5)];
    let [u0, u1, u2] = [sub(a0, a3), sub(a1, a4), sub(a2, a5)];
    // 16 of all but for 8 of one.
    let all = add(add(t0, t1), t2).shl(1);
    let [p0, p1, p2] = [
        sub(all, t2).shl(3),
        sub(all, t0).shl(3),
        sub(all, t1).shl(3),
    ];
    let minus_q0 = add(add(u1, u2), u0.shl(3));
    let minus_q1 = sub(add(u1.shl(3), u2), u0);
    let q2 = sub(add(u0, u1), u2.shl(3));
    let [a0, a3] = [sub(p0, minus_q0), add(p0, minus_q0)];
    let [a1, a4] = [sub(p1, minus_q1), add(p1, minus_q1)];
    let [a2, a5] = [add(p2, q2), sub(p2, q2)];

    // Modulo x^6 + 1: each word is the one before of the words turned, the first of them negated.
    let zero = V::splat(token, 0);
    let [b0, b1, b2] = [sub(x0, y0), sub(x1, y1), sub(x2, y2)];
    let [b3, b4, b5] = [sub(x3, y3), sub(x4, y4), sub(x5, y5)];
    let [n0, n1, n2] = [sub(zero, b0), sub(zero, b1), sub(zero, b2)];
    let [n3, n4] = [sub(zero, b3), sub(zero, b4)];
    let c0 = turned([b0, b1, b2, b3, b4, b5]);
    let c1 = turned([b1, b2, b3, b4, b5, n0]);
    let c2 = turned([b2, b3, b4, b5, n0, n1]);
    let c3 = turned([b3, b4, b5, n0, n1, n2]);
    let c4 = turned([b4, b5, n0, n1, n2, n3]);
    let c5 = turned([b5, n0, n1, n2, n3, n4]);

    [
        add(a0, c0),
        add(a1, c1),
        add(a2, c2),
        add(a3, c3),
        add(a4, c4),
        add(a5, c5),
        sub(a0, c0),
        sub(a1, c1),
        sub(a2, c2),
        sub(a3, c3),
        sub(a4, c4),
        sub(a5, c5),
    ]
}

/// `-b0 + 8 b1 + b2 + 2 b3 - 4 b4 + b5`.
#[inline(always)]
fn turned<V: Vector>(b: [V; 6]) -> V {
    let [b0, b1, b2, b3, b4, b5] = b;
    let plus = b1
        .shl(3)
        .wrapping_add(b3.shl(1))
        .wrapping_add(b2)
        .wrapping_add(b5);
    plus.wrapping_sub(b4.shl(2)).wrapping_sub(b0)
}
