//! Short transforms in registers: 2, 4 or 8 vectors, lane by lane.
//!
//! All roots of unity of orders up to 64 are powers of two, `w_64 = 2^3`, so that a transform of
//! 64 points, as 8 x 8, multiplies by shifting only.
//!
//! The last layer of a transform is left open: [`open`] gives, for each `k < R / 2`, the two values
//! whose sum is output `k` and whose difference is output `k + R / 2`. What follows (nothing, a
//! shift, a product) decides in which range the sum may be, and into a shift of 96 or more, which
//! is a change of sign, the difference is absorbed.

use crate::vector::Vector;

/// The exponent of the primitive root of order `n` as a power of two: `w_n = 2^(192 / n)`.
#[inline(always)]
pub(crate) const fn root_exponent(n: usize) -> u32 {
    (192 / n) as u32
}

/// All but the last layer of the transform of `R` vectors (2, 4 or 8), with `w_R = 2^(192 / R)`:
/// outputs `k` and `k + R / 2` are the sum and the difference of vectors `k` and `k + R / 2` of the
/// result. All are canonical if `STRICT`; otherwise `x[0]` may be loose, and so are the first
/// halves of the results.
#[inline(always)]
pub(crate) fn open<V: Vector, const R: usize, const STRICT: bool>(x: [V; R]) -> [V; R] {
    let mut y = x;
    match R {
        2 => {}
        4 => {
            y[0] = left::<V, STRICT>(x[0], x[2]);
            y[1] = x[0].sub(x[2]);
            y[2] = x[1].add_canonical(x[3]);
            y[3] = x[1].sub(x[3]).mul_pow2(48);
        }
        _ => {
            let s = [
                left::<V, STRICT>(x[0], x[4]),
                x[1].add_canonical(x[5]),
                x[2].add_canonical(x[6]),
                x[3].add_canonical(x[7]),
            ];
            let d = [
                x[0].sub(x[4]),
                x[1].sub(x[5]).mul_pow2(24),
                x[2].sub(x[6]).mul_pow2(48),
                x[3].sub(x[7]).mul_pow2(72),
            ];
            let (s, d) = (open::<V, 4, STRICT>(s), open::<V, 4, STRICT>(d));
            y[0] = s[0];
            y[1] = d[0];
            y[2] = s[1];
            y[3] = d[1];
            y[4] = s[2];
            y[5] = d[2];
            y[6] = s[3];
            y[7] = d[3];
        }
    }
    y
}

/// A sum that only is the left side of what follows: canonical, of canonical values, if `STRICT`;
/// otherwise loose, and `x` may be.
#[inline(always)]
fn left<V: Vector, const STRICT: bool>(x: V, y: V) -> V {
    if STRICT { x.add_canonical(y) } else { x.add(y) }
}

/// The outputs in order, canonical.
#[inline(always)]
pub(crate) fn close<V: Vector, const R: usize>(y: [V; R]) -> [V; R] {
    let mut z = y;
    for k in 0..R / 2 {
        z[k] = y[k].add_canonical(y[k + R / 2]);
        z[k + R / 2] = y[k].sub(y[k + R / 2]);
    }
    z
}

/// The outputs in order; the first half loose, the second canonical.
#[inline(always)]
pub(crate) fn close_loose<V: Vector, const R: usize>(y: [V; R]) -> [V; R] {
    let mut z = y;
    for k in 0..R / 2 {
        z[k] = y[k].add(y[k + R / 2]);
        z[k + R / 2] = y[k].sub(y[k + R / 2]);
    }
    z
}

/// The outputs in order, output `k` times `2^(e k)`, canonical. For `e (R / 2 - 1) < 96` and
/// `e (R - 1) < 192`; `e` should be a constant.
#[inline(always)]
pub(crate) fn close_shifted<V: Vector, const R: usize>(y: [V; R], e: u32) -> [V; R] {
    if e == 0 {
        return close(y);
    }
    let mut z = y;
    z[0] = y[0].add_canonical(y[R / 2]);
    for k in 1..R / 2 {
        z[k] = y[k].add(y[k + R / 2]).mul_pow2(e * k as u32);
    }
    for k in R / 2..R {
        let (a, b) = (y[k - R / 2], y[k]);
        let shift = e * k as u32;
        // 2^96 = -1.
        z[k] = if shift < 96 {
            a.sub(b).mul_pow2(shift)
        } else {
            b.sub(a).mul_pow2(shift - 96)
        };
    }
    z
}
