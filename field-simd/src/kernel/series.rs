//! Geometric series of canonical integers.

use crate::{
    goldilocks,
    vector::{Kernel, MAX_LANES, Vector},
};

/// Fills `out` with `start * ratio^i`.
pub(crate) struct Series<'a> {
    pub(crate) out: &'a mut [u64],
    pub(crate) start: u64,
    pub(crate) ratio: u64,
}

impl Kernel for Series<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self, token: V::Token) {
        geometric::<V>(token, self.out, self.start, self.ratio);
    }
}

/// Fills `out` with `start * ratio^i`, all canonical integers.
///
/// What is there is doubled by products with one power, so that no product waits for the one
/// before it.
#[inline(always)]
pub(crate) fn geometric<V: Vector>(token: V::Token, out: &mut [u64], start: u64, ratio: u64) {
    let seed = out.len().min(MAX_LANES);
    let mut x = start;
    for out in &mut out[..seed] {
        *out = x;
        x = goldilocks::mul_plain(x, ratio);
    }
    let mut done = seed;
    let mut power = goldilocks::pow(ratio, MAX_LANES as u64);
    while done < out.len() {
        let (from, to) = out.split_at_mut(done);
        let len = to.len().min(done);
        let factor = V::splat(token, power);
        let mut to = to[..len].chunks_exact_mut(V::LANES);
        let mut from = from[..len].chunks_exact(V::LANES);
        for (to, from) in to.by_ref().zip(from.by_ref()) {
            V::load(token, from).mul_plain(factor).store(to);
        }
        let x = V::load_partial(token, from.remainder());
        x.mul_plain(factor).store_partial(to.into_remainder());
        done += len;
        power = goldilocks::mul_plain(power, power);
    }
}

/// Fills `out`, rows of `W` words each, with `start * ratio^i` word by word, for canonical `start`
/// and loose `ratio`, which have `W` words. `W` is a multiple of the lanes.
#[inline(always)]
pub(crate) fn geometric_rows<V: Vector, const W: usize>(
    token: V::Token,
    out: &mut [u64],
    start: &[u64],
    ratio: &[u64],
) {
    for at in (0..W).step_by(V::LANES) {
        geometric_lanes::<V, W>(
            out,
            at,
            V::load(token, &start[at..]),
            V::load(token, &ratio[at..]),
        );
    }
}

/// [`geometric_rows`] for the words from `at` on that make a vector.
#[inline(always)]
fn geometric_lanes<V: Vector, const W: usize>(out: &mut [u64], at: usize, start: V, ratio: V) {
    // Eight chains, so that eight products are under way at a time.
    const CHAINS: usize = 8;
    let mut x = [start; CHAINS];
    for i in 1..CHAINS {
        x[i] = x[i - 1].mul_plain(ratio);
    }
    let power = ratio.square_plain().square_plain().square_plain();
    let mut rows = out.chunks_exact_mut(W * CHAINS);
    for rows in rows.by_ref() {
        for (x, row) in x.iter_mut().zip(rows.chunks_exact_mut(W)) {
            x.store(&mut row[at..]);
            *x = x.mul_plain(power);
        }
    }
    for (x, row) in x.iter().zip(rows.into_remainder().chunks_exact_mut(W)) {
        x.store(&mut row[at..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Backend, dispatch};

    #[test]
    fn series_of_all_lengths() {
        let ratio = 0x1234_5678_9abc_def1;
        for backend in Backend::available() {
            for len in 0..70 {
                let mut out = vec![0; len];
                dispatch(
                    backend,
                    Series {
                        out: &mut out,
                        start: 5,
                        ratio,
                    },
                );
                let mut x = 5;
                for (i, &got) in out.iter().enumerate() {
                    assert_eq!(got, x, "{backend}: {i} of {len}");
                    x = goldilocks::mul_plain(x, ratio);
                }
            }
        }
    }
}
