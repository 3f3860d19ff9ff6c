//! The permutation on vectors of states.

use winter_crypto::hashers::RpJive64_256;
use winter_math::fields::f64::BaseElement;

use super::chains::{Chains, cube, epsilon, root7};
use super::{Compression, DIGEST_WIDTH, NUM_ROUNDS, STATE_WIDTH, State, mds};
use crate::{
    convert,
    vector::{Kernel, MAX_LANES, Vector},
};

/// A round's constants, as canonical integers.
pub(super) type Constants<const N: usize> = [[u64; N]; NUM_ROUNDS];

pub(super) const fn integers<const N: usize>(
    constants: [[BaseElement; N]; NUM_ROUNDS],
) -> Constants<N> {
    let mut out = [[0; N]; NUM_ROUNDS];
    let mut i = 0;
    while i < NUM_ROUNDS * N {
        let (round, word) = (i / N, i % N);
        out[round][word] = constants[round][word].as_int();
        i += 1;
    }
    out
}

/// Added in the middle of each round.
static ARK1: Constants<STATE_WIDTH> = integers(RpJive64_256::ARK1);
/// Added at the end of each round.
static ARK2: Constants<STATE_WIDTH> = integers(RpJive64_256::ARK2);

/// Where lane l of state i goes: `lanes[l * pitch + i]`.
pub(super) struct Lanes<'a> {
    pub(super) lanes: &'a mut [BaseElement],
    pub(super) pitch: usize,
}

impl Lanes<'_> {
    /// Writes lane `lane` of states `from..from + count`.
    #[inline(always)]
    fn write<V: Vector>(&mut self, lane: usize, from: usize, count: usize, v: V) {
        let at = lane * self.pitch + from;
        let lanes = &mut convert::words_mut(self.lanes)[at..][..count];
        if count == V::LANES {
            v.store(lanes);
        } else {
            v.store_partial(lanes);
        }
    }
}

/// Permutes states in place.
pub(super) struct Permute<'a>(pub(super) &'a mut [State]);

impl Kernel for Permute<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self, token: V::Token) {
        for group in self.0.chunks_mut(V::LANES) {
            let input = from_montgomery(token, load(token, group));
            let state = permute::<V>(token, input, &mut Nothing);
            store(to_montgomery(state), group);
        }
    }
}

/// Compresses each input to the output of its index; there are as many.
pub(super) struct Merge<'a>(pub(super) &'a [State], pub(super) &'a mut [Compression]);

impl Kernel for Merge<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self, token: V::Token) {
        for (inputs, outputs) in self.0.chunks(V::LANES).zip(self.1.chunks_mut(V::LANES)) {
            let input = load(token, inputs);
            let state = permute::<V>(token, from_montgomery(token, input), &mut Nothing);
            store(jive(token, input, state), outputs);
        }
    }
}

/// [`Merge`] that records its lanes, for which there is room.
pub(super) struct Trace<'a> {
    pub(super) inputs: &'a [State],
    pub(super) lanes: Lanes<'a>,
    pub(super) outputs: &'a mut [Compression],
}

impl Kernel for Trace<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self, token: V::Token) {
        let Self {
            inputs,
            mut lanes,
            outputs,
        } = self;
        let groups = inputs.chunks(V::LANES).zip(outputs.chunks_mut(V::LANES));
        for (group, (inputs, outputs)) in groups.enumerate() {
            let (from, count) = (group * V::LANES, inputs.len());
            let input = load::<V, STATE_WIDTH>(token, inputs);
            for (lane, x) in input.iter().enumerate() {
                lanes.write(lane, from, count, x.canonical());
            }
            let state = from_montgomery(token, input);
            let mut record = Group {
                lanes: &mut lanes,
                from,
                count,
            };
            let state = permute::<V>(token, state, &mut record);
            store(jive(token, input, state), outputs);
        }
    }
}

/// Told what happens in a round: the cubes of the state before it, the state after the root, and
/// its cubes; loose integers.
trait Record<V: Vector> {
    /// Must be `#[inline(always)]`.
    fn round(&mut self, round: usize, values: [[V; STATE_WIDTH]; 3]);
}

struct Nothing;

impl<V: Vector> Record<V> for Nothing {
    #[inline(always)]
    fn round(&mut self, _: usize, _: [[V; STATE_WIDTH]; 3]) {}
}

/// States `from..from + count` of the lanes.
struct Group<'a, 'b> {
    lanes: &'a mut Lanes<'b>,
    from: usize,
    count: usize,
}

impl<V: Vector> Record<V> for Group<'_, '_> {
    #[inline(always)]
    fn round(&mut self, round: usize, values: [[V; STATE_WIDTH]; 3]) {
        for (kind, values) in values.into_iter().enumerate() {
            let first = STATE_WIDTH * (1 + 3 * round + kind);
            for (i, x) in to_montgomery(values).into_iter().enumerate() {
                self.lanes.write(first + i, self.from, self.count, x);
            }
        }
    }
}

/// The integers of Montgomery forms, both loose.
#[inline(always)]
pub(super) fn from_montgomery<V: Vector, const N: usize>(
    token: V::Token,
    mut words: [V; N],
) -> [V; N] {
    for x in &mut words {
        *x = V::reduce_mont(*x, V::splat(token, 0));
    }
    words
}

/// The canonical Montgomery forms, the products with 2^64, of loose integers.
#[inline(always)]
pub(super) fn to_montgomery<V: Vector, const N: usize>(mut words: [V; N]) -> [V; N] {
    for x in &mut words {
        *x = x.mul_pow2(64);
    }
    words
}

/// The sum of the halves of a loose input, in Montgomery form, and a loose state, in integers; in
/// canonical Montgomery form.
#[inline(always)]
fn jive<V: Vector>(
    token: V::Token,
    input: [V; STATE_WIDTH],
    state: [V; STATE_WIDTH],
) -> [V; DIGEST_WIDTH] {
    let mut sums = [V::splat(token, 0); DIGEST_WIDTH];
    for i in 0..DIGEST_WIDTH {
        sums[i] = state[i].add(state[i + DIGEST_WIDTH].canonical());
    }
    let mut sums = to_montgomery(sums);
    for i in 0..DIGEST_WIDTH {
        let halves = [input[i].canonical(), input[i + DIGEST_WIDTH].canonical()];
        sums[i] = sums[i].add_canonical(halves[0]).add_canonical(halves[1]);
    }
    sums
}

/// Word j of state i in lane i of vector j; lanes without a state are zero.
#[inline(always)]
pub(super) fn load<V: Vector, const N: usize>(
    token: V::Token,
    states: &[[BaseElement; N]],
) -> [V; N] {
    let mut words = [[0; MAX_LANES]; N];
    for (lane, state) in states.iter().enumerate() {
        for (word, x) in words.iter_mut().zip(convert::words(state)) {
            word[lane] = *x;
        }
    }
    let mut out = [V::splat(token, 0); N];
    for (v, word) in out.iter_mut().zip(&words) {
        *v = V::load(token, word);
    }
    out
}

/// The inverse of [`load`], for canonical words.
#[inline(always)]
pub(super) fn store<V: Vector, const N: usize>(words: [V; N], states: &mut [[BaseElement; N]]) {
    for (i, word) in words.into_iter().enumerate() {
        for (state, x) in states.iter_mut().zip(word.to_array()) {
            convert::words_mut(state)[i] = x;
        }
    }
}

/// The state after all rounds; loose integers, before and after.
///
/// `record` is given what happens in each round; what it does not use is not computed.
#[inline(always)]
fn permute<V: Vector>(
    token: V::Token,
    mut state: [V; STATE_WIDTH],
    record: &mut impl Record<V>,
) -> [V; STATE_WIDTH] {
    let e = epsilon(token);
    for round in 0..NUM_ROUNDS {
        let before = cube(e, state);
        let power = before.square(e).multiply(e, state);
        let middle = root7(e, mds::multiply_add(token, power, &ARK1[round]));
        record.round(round, [before, middle, cube(e, middle)]);
        state = mds::multiply_add(token, middle, &ARK2[round]);
    }
    state
}
