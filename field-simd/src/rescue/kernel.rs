//! The permutation on vectors of states.

use winter_crypto::hashers::RpJive64_256;
use winter_math::fields::f64::BaseElement;

use super::{Compression, DIGEST_WIDTH, NUM_ROUNDS, STATE_WIDTH, State, mds};
use crate::{
    convert,
    goldilocks::EPSILON,
    vector::{Kernel, MAX_LANES, Vector},
};

/// A round's constants, as canonical integers.
type Constants = [[u64; STATE_WIDTH]; NUM_ROUNDS];

const fn integers(constants: [State; NUM_ROUNDS]) -> Constants {
    let mut out = [[0; STATE_WIDTH]; NUM_ROUNDS];
    let mut i = 0;
    while i < NUM_ROUNDS * STATE_WIDTH {
        let (round, word) = (i / STATE_WIDTH, i % STATE_WIDTH);
        out[round][word] = constants[round][word].as_int();
        i += 1;
    }
    out
}

/// Added in the middle of each round.
static ARK1: Constants = integers(RpJive64_256::ARK1);
/// Added at the end of each round.
static ARK2: Constants = integers(RpJive64_256::ARK2);

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
            let input = load::<V>(token, inputs);
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
fn from_montgomery<V: Vector>(token: V::Token, mut words: [V; STATE_WIDTH]) -> [V; STATE_WIDTH] {
    for x in &mut words {
        *x = V::reduce_mont(*x, V::splat(token, 0));
    }
    words
}

/// The canonical Montgomery forms, the products with 2^64, of loose integers.
#[inline(always)]
fn to_montgomery<V: Vector, const N: usize>(mut words: [V; N]) -> [V; N] {
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
fn load<V: Vector>(token: V::Token, states: &[State]) -> [V; STATE_WIDTH] {
    let mut words = [[0; MAX_LANES]; STATE_WIDTH];
    for (lane, state) in states.iter().enumerate() {
        for (word, x) in words.iter_mut().zip(convert::words(state)) {
            word[lane] = *x;
        }
    }
    let mut out = [V::splat(token, 0); STATE_WIDTH];
    for (v, word) in out.iter_mut().zip(&words) {
        *v = V::load(token, word);
    }
    out
}

/// The inverse of [`load`], for canonical words.
#[inline(always)]
fn store<V: Vector, const N: usize>(words: [V; N], states: &mut [[BaseElement; N]]) {
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
        let power = multiply(e, square(e, before), state);
        let middle = root7(e, mds::multiply_add(token, power, &ARK1[round]));
        record.round(round, [before, middle, cube(e, middle)]);
        state = mds::multiply_add(token, middle, &ARK2[round]);
    }
    state
}

/// `x^(1/7)` of every word: the power `e` with `7 e = 1` modulo `p - 1`,
/// `e = 0b1001001001001001001001001001000110110110110110110110110110110111`.
///
/// With `n` ones two zeros apart written `1:n`, `e` is `1:10 000 110:10 111` from the top, and
/// `110110..` is `100100..` plus its half: so the power `1:10` serves twice. 63 squares and 9
/// products; the chain is winter-crypto's.
#[inline(always)]
fn root7<V: Vector>(e: V, x: [V; STATE_WIDTH]) -> [V; STATE_WIDTH] {
    let x2 = square(e, x);
    let x4 = square(e, x2);
    let two = multiply(e, squares(e, x4, 3), x4);
    let four = multiply(e, squares(e, two, 6), two);
    let eight = multiply(e, squares(e, four, 12), four);
    let ten = multiply(e, squares(e, eight, 6), two);
    let both = multiply(e, squares(e, ten, 31), ten);
    let high = squares(e, multiply(e, square(e, both), ten), 2);
    let low = multiply(e, multiply(e, x2, x4), x);
    multiply(e, high, low)
}

/// `2^32 - 1`, which takes part in every reduction; `e` below.
///
/// The compiler must not know it: it would replace the product with it, one operation, by three. Nor
/// may it know that it stays the same from one product of states to the next ([`hidden`]): it would
/// mask it once and for all, forget that it did, and make 64-bit products of the 32-bit ones.
#[inline(always)]
fn epsilon<V: Vector>(token: V::Token) -> V {
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

// Eight chains in step, so that no product waits for the one before it. Written out, since loops
// would go through memory where registers are few, and without closures, which cannot be
// `#[inline(always)]`.

#[inline(always)]
fn square<V: Vector>(e: V, x: [V; STATE_WIDTH]) -> [V; STATE_WIDTH] {
    let e = hidden(e);
    let [x0, x1, x2, x3, x4, x5, x6, x7] = x;
    [
        square_word(e, x0),
        square_word(e, x1),
        square_word(e, x2),
        square_word(e, x3),
        square_word(e, x4),
        square_word(e, x5),
        square_word(e, x6),
        square_word(e, x7),
    ]
}

/// `n` squarings, one after the other.
#[inline(always)]
fn squares<V: Vector>(e: V, mut x: [V; STATE_WIDTH], n: usize) -> [V; STATE_WIDTH] {
    for _ in 0..n {
        x = square(e, x);
    }
    x
}

#[inline(always)]
fn multiply<V: Vector>(e: V, x: [V; STATE_WIDTH], y: [V; STATE_WIDTH]) -> [V; STATE_WIDTH] {
    let e = hidden(e);
    let [x0, x1, x2, x3, x4, x5, x6, x7] = x;
    let [y0, y1, y2, y3, y4, y5, y6, y7] = y;
    [
        multiply_word(e, x0, y0),
        multiply_word(e, x1, y1),
        multiply_word(e, x2, y2),
        multiply_word(e, x3, y3),
        multiply_word(e, x4, y4),
        multiply_word(e, x5, y5),
        multiply_word(e, x6, y6),
        multiply_word(e, x7, y7),
    ]
}

#[inline(always)]
fn cube<V: Vector>(e: V, x: [V; STATE_WIDTH]) -> [V; STATE_WIDTH] {
    multiply(e, square(e, x), x)
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
