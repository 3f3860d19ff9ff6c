//! Rescue-Prime, many states at once: the permutation and the compression of winter-crypto's
//! [`RpJive64_256`], equal in every digest; and [`Sponge`], that hash function and winter-crypto's other one
//! over this field as a whole.
//!
//! Lane i of the eight vectors of a group is state i. A round raises each word to the 7th power
//! and later to the power 1/7, which takes 72 products one after the other: alone a chain of
//! latencies, here eight vectors (the words of the state) wide.
//!
//! All elements are winterfell's, in Montgomery form. Inputs may be any `u64` of a residue class;
//! outputs are canonical. Everything runs on the calling thread and on [`Backend::current`]; the
//! functions are meant to be called with some tens of states or more by each of the caller's
//! tasks. A group has as many states as the backend has lanes, so multiples of 8 waste nothing.
//!
//! ```
//! use winter_crypto::{Hasher, hashers::RpJive64_256};
//! use winter_math::fields::f64::BaseElement;
//! use winterlane_field_simd::rescue;
//!
//! type Digest = <RpJive64_256 as Hasher>::Digest;
//! let inputs: Vec<[BaseElement; 8]> =
//!     (0..11u64).map(|i| core::array::from_fn(|j| BaseElement::new(i << 32 | j as u64))).collect();
//! let mut digests = vec![[BaseElement::new(0); 4]; 11];
//! rescue::merge_many(&inputs, &mut digests)?;
//!
//! let halves = |x: [BaseElement; 8]| {
//!     [[x[0], x[1], x[2], x[3]], [x[4], x[5], x[6], x[7]]].map(Digest::new)
//! };
//! assert_eq!(Digest::new(digests[10]), RpJive64_256::merge(&halves(inputs[10])));
//! # Ok::<(), rescue::LengthError>(())
//! ```

mod chains;
mod kernel;
mod mds;
mod sponge;
#[cfg(test)]
mod tests;
mod twelve;

use thiserror::Error;
use winter_crypto::hashers::RpJive64_256;
use winter_math::fields::f64::BaseElement;

use self::kernel::{Lanes, Merge, Permute, Trace};
pub use self::sponge::Sponge;
use crate::{Backend, dispatch};

/// Words of a state.
pub const STATE_WIDTH: usize = RpJive64_256::STATE_WIDTH;

/// Words of a digest.
pub const DIGEST_WIDTH: usize = STATE_WIDTH / 2;

/// Rounds of the permutation.
pub const NUM_ROUNDS: usize = RpJive64_256::NUM_ROUNDS;

/// Values that [`trace_many`] records of a permutation: the input, then 24 a round.
pub const TRACE_LANES: usize = STATE_WIDTH * (1 + 3 * NUM_ROUNDS);

/// The input or state of one permutation.
pub type State = [BaseElement; STATE_WIDTH];

/// What Jive compresses a state to.
pub type Compression = [BaseElement; DIGEST_WIDTH];

/// An output has not the length that the input asks for.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("an output of {expected} expected, got {got}")]
pub struct LengthError {
    /// The least or exact length, as the function says.
    pub expected: usize,
    /// The length given.
    pub got: usize,
}

/// Permutes every state, as `RpJive64_256::apply_permutation`.
pub fn permute_many(states: &mut [State]) {
    for_groups(states.len(), |backend, from, to| {
        dispatch(backend, Permute(&mut states[from..to]));
    });
}

/// Compresses each of `inputs` (two digests, one after the other) into the digest of the same
/// index, as `RpJive64_256::merge`.
///
/// # Errors
/// [`LengthError`] if there is not one output an input.
pub fn merge_many(inputs: &[State], outputs: &mut [Compression]) -> Result<(), LengthError> {
    check(inputs.len(), outputs.len())?;
    for_groups(inputs.len(), |backend, from, to| {
        dispatch(backend, Merge(&inputs[from..to], &mut outputs[from..to]));
    });
    Ok(())
}

/// [`merge_many`] that also records what constraints of low degree need to follow a permutation.
///
/// The [`TRACE_LANES`] values of an input are: its 8 words, then for each round the words of
///
/// * `h = s^3`, where s is the state before the round,
/// * `v`, the state after the root: `v^7 = MDS s^7 + ARK1`, and the next s is `MDS v + ARK2`,
/// * `g = v^3`.
///
/// With `s^7 = h^2 s` and `v^7 = g^2 v` no constraint has a degree over 3.
///
/// Lane l of input i goes to `lanes[l * pitch + i]`; other places stay as they are. With a pitch of
/// `inputs.len()` that is a column for each lane; with more, rows of several calls can be put side by
/// side, as [`scatter_rows`](crate::scatter_rows) takes them.
///
/// # Errors
/// [`LengthError`] if there is not one output an input, or if `lanes` ends before the last value
/// (`expected` is the least length then), or if `pitch` is less than the number of inputs (which is
/// `expected` then).
pub fn trace_many(
    inputs: &[State],
    lanes: &mut [BaseElement],
    pitch: usize,
    outputs: &mut [Compression],
) -> Result<(), LengthError> {
    let count = inputs.len();
    check(count, outputs.len())?;
    if count == 0 {
        return Ok(());
    }
    if pitch < count {
        let (expected, got) = (count, pitch);
        return Err(LengthError { expected, got });
    }
    let expected = pitch.saturating_mul(TRACE_LANES - 1).saturating_add(count);
    if lanes.len() < expected {
        let got = lanes.len();
        return Err(LengthError { expected, got });
    }
    for_groups(count, |backend, from, to| {
        let lanes = Lanes {
            lanes: &mut lanes[from..],
            pitch,
        };
        let (inputs, outputs) = (&inputs[from..to], &mut outputs[from..to]);
        dispatch(
            backend,
            Trace {
                inputs,
                lanes,
                outputs,
            },
        );
    });
    Ok(())
}

fn check(expected: usize, got: usize) -> Result<(), LengthError> {
    if expected == got {
        Ok(())
    } else {
        Err(LengthError { expected, got })
    }
}

/// Calls `f` with a backend and the range of states to run on it: the current backend for all but
/// a single state left over, which the scalar backend does sooner than a wide one an almost empty
/// group.
fn for_groups(count: usize, mut f: impl FnMut(Backend, usize, usize)) {
    let backend = Backend::current();
    let alone = usize::from(backend.lanes() > 2 && count % backend.lanes() == 1);
    let grouped = count - alone;
    if grouped > 0 {
        f(backend, 0, grouped);
    }
    if alone > 0 {
        f(Backend::Scalar, grouped, count);
    }
}
