//! The permutation of states of twelve words, `Rp64_256`'s.

use winter_crypto::hashers::Rp64_256;
use winter_math::fields::f64::BaseElement;

use super::chains::{Chains, cube, epsilon, root7};
use super::kernel::{Constants, from_montgomery, integers, load, store, to_montgomery};
use super::{NUM_ROUNDS, mds};
use crate::vector::{Kernel, Vector};

/// Words of a state.
pub(super) const WIDTH: usize = Rp64_256::STATE_WIDTH;

const _: () = assert!(NUM_ROUNDS == Rp64_256::NUM_ROUNDS);

/// Words that are raised in step.
const HALF: usize = WIDTH / 2;

/// Added in the middle of each round.
static ARK1: Constants<WIDTH> = integers(Rp64_256::ARK1);
/// Added at the end of each round.
static ARK2: Constants<WIDTH> = integers(Rp64_256::ARK2);

/// Permutes states in place.
pub(super) struct Permute<'a>(pub(super) &'a mut [[BaseElement; WIDTH]]);

impl Kernel for Permute<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self, token: V::Token) {
        for group in self.0.chunks_mut(V::LANES) {
            let input = from_montgomery(token, load(token, group));
            store(to_montgomery(permute::<V>(token, input)), group);
        }
    }
}

/// The state after all rounds; loose integers, before and after.
#[inline(always)]
fn permute<V: Vector>(token: V::Token, mut state: [V; WIDTH]) -> [V; WIDTH] {
    let e = epsilon(token);
    for round in 0..NUM_ROUNDS {
        // A half at a time, in loops, so that the chains are compiled once.
        let mut halves = halves(state);
        for half in &mut halves {
            *half = cube(e, *half).square(e).multiply(e, *half);
        }
        state = mds::multiply_add_12(token, joined(halves), &ARK1[round]);
        let mut halves = self::halves(state);
        for half in &mut halves {
            *half = root7(e, *half);
        }
        state = mds::multiply_add_12(token, joined(halves), &ARK2[round]);
    }
    state
}

#[inline(always)]
fn halves<V: Copy>(state: [V; WIDTH]) -> [[V; HALF]; 2] {
    let [a, b, c, d, e, f, g, h, i, j, k, l] = state;
    [[a, b, c, d, e, f], [g, h, i, j, k, l]]
}

#[inline(always)]
fn joined<V: Copy>(halves: [[V; HALF]; 2]) -> [V; WIDTH] {
    let [[a, b, c, d, e, f], [g, h, i, j, k, l]] = halves;
    [a, b, c, d, e, f, g, h, i, j, k, l]
}
