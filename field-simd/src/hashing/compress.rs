//! BLAKE3's compression function, one message a lane.
//!
//! Source: the BLAKE3 paper, section 2 (<https://github.com/BLAKE3-team/BLAKE3-specs>).

use super::words::{MAX_LANES, Words};

/// Bytes of a chunk, the leaf of BLAKE3's tree.
pub(super) const CHUNK: usize = 1024;

pub(super) const CHUNK_START: u32 = 1;
pub(super) const CHUNK_END: u32 = 1 << 1;
pub(super) const PARENT: u32 = 1 << 2;
pub(super) const ROOT: u32 = 1 << 3;

/// The initial chaining value, which is SHA-256's.
const IV: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// Which message word each of a round's sixteen additions takes.
type Schedule = [usize; 16];

/// Round 0 takes the words in order; every later one permutes the words of the one before.
const SCHEDULES: [Schedule; 7] = {
    const PERMUTATION: Schedule = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8];
    let mut all = [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]; 7];
    let mut round = 1;
    while round < 7 {
        let mut i = 0;
        while i < 16 {
            all[round][i] = all[round - 1][PERMUTATION[i]];
            i += 1;
        }
        round += 1;
    }
    all
};

/// What a compression is told beside the block; the same for all lanes.
#[derive(Clone, Copy)]
pub(super) struct Parameters {
    /// Index of the chunk; 0 in parents and at the root.
    pub(super) counter: u64,
    /// Bytes of the block that are message and not padding.
    pub(super) len: u32,
    /// `CHUNK_START`, `CHUNK_END`, `PARENT`, `ROOT`.
    pub(super) flags: u32,
}

/// The chaining value before the first block, and of every parent.
#[inline(always)]
pub(super) fn initial<W: Words>(w: W) -> [W::V; 8] {
    let mut cv = [w.splat(0); 8];
    for (v, word) in cv.iter_mut().zip(IV) {
        *v = w.splat(word);
    }
    cv
}

/// The chaining value after one block: words 0 to 7 of BLAKE3's output.
#[inline(always)]
pub(super) fn compress<W: Words>(w: W, cv: [W::V; 8], m: &[W::V; 16], p: Parameters) -> [W::V; 8] {
    let [a0, a1, a2, a3, b0, b1, b2, b3] = cv;
    let last = [p.counter as u32, (p.counter >> 32) as u32, p.len, p.flags];
    let mut state = State {
        a: [a0, a1, a2, a3],
        b: [b0, b1, b2, b3],
        c: [
            w.splat(IV[0]),
            w.splat(IV[1]),
            w.splat(IV[2]),
            w.splat(IV[3]),
        ],
        d: [
            w.splat(last[0]),
            w.splat(last[1]),
            w.splat(last[2]),
            w.splat(last[3]),
        ],
    };
    state = state.round::<W, 0>(w, m);
    state = state.round::<W, 1>(w, m);
    state = state.round::<W, 2>(w, m);
    state = state.round::<W, 3>(w, m);
    state = state.round::<W, 4>(w, m);
    state = state.round::<W, 5>(w, m);
    state = state.round::<W, 6>(w, m);
    let [a0, a1, a2, a3] = xor(w, state.a, state.c);
    let [b0, b1, b2, b3] = xor(w, state.b, state.d);
    [a0, a1, a2, a3, b0, b1, b2, b3]
}

/// The four rows of BLAKE3's state.
///
/// All below is straight-line code on constant indices: loops over the rows would be unrolled in
/// the end, but take the compiler minutes. No closure handles vectors here or in the backends: it
/// cannot be `#[inline(always)]`, and out of line it is a call for each vector.
struct State<V> {
    a: [V; 4],
    b: [V; 4],
    c: [V; 4],
    d: [V; 4],
}

impl<V: Copy> State<V> {
    /// Mixes the columns, then the diagonals, which are the columns of rows rotated by their index.
    #[inline(always)]
    fn round<W: Words<V = V>, const R: usize>(self, w: W, m: &[V; 16]) -> Self {
        macro_rules! words {
            ($($i:literal)*) => { [$(m[const { SCHEDULES[R][$i] }]),*] };
        }
        let Self { a, b, c, d } = self.mix(w, words![0 2 4 6], words![1 3 5 7]);
        let [b0, b1, b2, b3] = b;
        let [c0, c1, c2, c3] = c;
        let [d0, d1, d2, d3] = d;
        let diagonals = Self {
            a,
            b: [b1, b2, b3, b0],
            c: [c2, c3, c0, c1],
            d: [d3, d0, d1, d2],
        };
        let Self { a, b, c, d } = diagonals.mix(w, words![8 10 12 14], words![9 11 13 15]);
        let [b1, b2, b3, b0] = b;
        let [c2, c3, c0, c1] = c;
        let [d3, d0, d1, d2] = d;
        Self {
            a,
            b: [b0, b1, b2, b3],
            c: [c0, c1, c2, c3],
            d: [d0, d1, d2, d3],
        }
    }

    /// Four independent quarter rounds in step, for the CPU to run side by side.
    #[inline(always)]
    fn mix<W: Words<V = V>>(self, w: W, x: [V; 4], y: [V; 4]) -> Self {
        let Self { a, b, c, d } = self;
        let a = add(w, add(w, a, x), b);
        let d = ror16(w, xor(w, d, a));
        let c = add(w, c, d);
        let b = ror12(w, xor(w, b, c));
        let a = add(w, add(w, a, y), b);
        let d = ror8(w, xor(w, d, a));
        let c = add(w, c, d);
        let b = ror7(w, xor(w, b, c));
        Self { a, b, c, d }
    }
}

#[inline(always)]
fn add<W: Words>(w: W, a: [W::V; 4], b: [W::V; 4]) -> [W::V; 4] {
    [
        w.add(a[0], b[0]),
        w.add(a[1], b[1]),
        w.add(a[2], b[2]),
        w.add(a[3], b[3]),
    ]
}

#[inline(always)]
fn xor<W: Words>(w: W, a: [W::V; 4], b: [W::V; 4]) -> [W::V; 4] {
    [
        w.xor(a[0], b[0]),
        w.xor(a[1], b[1]),
        w.xor(a[2], b[2]),
        w.xor(a[3], b[3]),
    ]
}

#[inline(always)]
fn ror16<W: Words>(w: W, a: [W::V; 4]) -> [W::V; 4] {
    [w.ror16(a[0]), w.ror16(a[1]), w.ror16(a[2]), w.ror16(a[3])]
}

#[inline(always)]
fn ror12<W: Words>(w: W, a: [W::V; 4]) -> [W::V; 4] {
    [w.ror12(a[0]), w.ror12(a[1]), w.ror12(a[2]), w.ror12(a[3])]
}

#[inline(always)]
fn ror8<W: Words>(w: W, a: [W::V; 4]) -> [W::V; 4] {
    [w.ror8(a[0]), w.ror8(a[1]), w.ror8(a[2]), w.ror8(a[3])]
}

#[inline(always)]
fn ror7<W: Words>(w: W, a: [W::V; 4]) -> [W::V; 4] {
    [w.ror7(a[0]), w.ror7(a[1]), w.ror7(a[2]), w.ror7(a[3])]
}

/// The canonical integers of field elements in Montgomery form, as low and high words.
///
/// For any x in [0, 2^64), in winterfell's range or not, the result is x / 2^64 mod p in [0, p).
///
/// With x = xh 2^32 + xl, reduction divides by 2^64 as follows. Let s = xh + xl mod 2^32, e its
/// carry, t = s + e (which cannot overflow). Then q = s 2^32 + xl is x p^-1 mod 2^64, the high
/// half of q p is b = q - t, and x / 2^64 = -b mod p. As q - t = (t - e) 2^32 + xl - t and
/// xl - t = e 2^32 - xh - e,
///
/// p - b = (2^32 - 1 - t) 2^32 + xh + 1 + e,
///
/// which is in [1, p], and p (high word all ones, low word 1) stands for 0.
#[inline(always)]
pub(super) fn from_montgomery<W: Words>(w: W, xl: W::V, xh: W::V) -> [W::V; 2] {
    let ones = w.splat(u32::MAX);
    let s = w.add(xh, xl);
    let e = w.lt(s, xl);
    let t = w.inc_if(e, s);
    let low = w.inc_if(e, w.add(xh, w.splat(1)));
    // The sum xh + 1 + e wrapped if it is below xh; it cannot come back to xh.
    let high = w.inc_if(w.lt(low, xh), w.xor(t, ones));
    // At most p, so an all-ones high word has a low word of 0 (which is p - 1) or 1 (which is p):
    // the high word becomes low - 1.
    let top = w.eq(high, ones);
    [
        w.select(top, w.splat(0), low),
        w.select(top, w.add(low, ones), high),
    ]
}

/// The words of consecutive integers from `start`, modulo 2^64, lane by lane: low, then high.
#[inline(always)]
pub(super) fn count_from<W: Words>(w: W, start: u64) -> [W::V; 2] {
    let lane = |i: usize| start.wrapping_add(i as u64);
    let low: [u32; MAX_LANES] = core::array::from_fn(|i| lane(i) as u32);
    let high: [u32; MAX_LANES] = core::array::from_fn(|i| (lane(i) >> 32) as u32);
    [w.load(&low), w.load(&high)]
}
