//! Winter-crypto's two Rescue-Prime hash functions over the 64-bit field, many messages at once.
//!
//! A *sponge* hashes a message of any length with a permutation of a few words: it adds the next part of
//! the message to some of the words, the *rate*, permutes, and goes on. The other words, the *capacity*, are
//! never shown. Both functions keep the capacity in words 0 to 3, and read the digest from words 4 to 7.
//!
//! Nearly all the time is spent in permutations; what is around them is plain code.

use core::ops::Range;

use winter_crypto::hashers::{Rp64_256, RpJive64_256};
use winter_math::{FieldElement, StarkField, fields::f64::BaseElement};

use super::twelve;
use super::{Compression, DIGEST_WIDTH, LengthError, STATE_WIDTH, check, for_groups, permute_many};
use crate::{Backend, dispatch};

/// Messages that are hashed together: they fill the lanes of every backend, and their states fit into the
/// first-level cache.
const GROUP: usize = 64;

/// Words of a state that are not of the rate.
const CAPACITY: usize = 4;

/// One of winter-crypto's Rescue-Prime hash functions; equal to it in every digest.
///
/// Elements are winterfell's, in Montgomery form, canonical. Everything runs on the calling thread and on
/// [`Backend::current`].
///
/// ```
/// use winter_crypto::{ElementHasher, hashers::Rp64_256};
/// use winter_math::fields::f64::BaseElement;
/// use winterlane_field_simd::rescue::Sponge;
///
/// // 5 rows of 11 elements.
/// let matrix: Vec<BaseElement> = (0..55).map(BaseElement::new).collect();
/// let mut digests = [[BaseElement::new(0); 4]; 5];
/// Sponge::Prime.hash_rows(&matrix, 11, 11, &mut digests)?;
/// assert_eq!(digests[3], Rp64_256::hash_elements(&matrix[33..44]).as_elements());
/// # Ok::<(), winterlane_field_simd::rescue::LengthError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sponge {
    /// [`Rp64_256`]: twelve words, of which eight are the rate; digests are merged by the sponge.
    Prime,
    /// [`RpJive64_256`]: eight words, of which four are the rate; digests are merged in Jive mode.
    Jive,
}

impl Sponge {
    /// Hashes row i, `width` elements from `i * stride`, to digest i, as `hash_elements`; elements of an
    /// extension are given by their coordinates.
    ///
    /// # Errors
    /// [`LengthError`] if the elements do not hold as many rows as there are digests: the last may end
    /// before its stride does.
    pub fn hash_rows(
        self,
        elements: &[BaseElement],
        width: usize,
        stride: usize,
        digests: &mut [Compression],
    ) -> Result<(), LengthError> {
        let before_last = digests.len().saturating_sub(1).saturating_mul(stride);
        let expected = match digests.len() {
            0 => 0,
            _ => before_last.saturating_add(width),
        };
        if elements.len() < expected || width > stride {
            let (expected, got) = if width > stride {
                (width, stride)
            } else {
                (expected, elements.len())
            };
            return Err(LengthError { expected, got });
        }
        for (group, digests) in digests.chunks_mut(GROUP).enumerate() {
            let rows = &elements[group * GROUP * stride..];
            let row = |i: usize| &rows[i * stride..][..width];
            match self {
                Self::Prime => absorb::<{ twelve::WIDTH }, 8>(self, &row, width, digests),
                Self::Jive => absorb::<STATE_WIDTH, 4>(self, &row, width, digests),
            }
        }
        Ok(())
    }

    /// Hashes children 2i and 2i + 1 to parent i, as `merge`.
    ///
    /// # Errors
    /// [`LengthError`] if there are not twice as many children as parents.
    pub fn merge_pairs(
        self,
        children: &[Compression],
        parents: &mut [Compression],
    ) -> Result<(), LengthError> {
        check(2 * parents.len(), children.len())?;
        let groups = children.chunks(2 * GROUP).zip(parents.chunks_mut(GROUP));
        for (children, parents) in groups {
            let pairs = children.as_chunks::<2>().0;
            match self {
                Self::Prime => merge::<{ twelve::WIDTH }>(self, pairs, parents, |[a, b]| {
                    // As many elements are hashed.
                    prime_state(2 * DIGEST_WIDTH as u64, a, b)
                }),
                Self::Jive => merge(self, pairs, parents, |[a, b]| joined(a, b)),
            }
        }
        Ok(())
    }

    /// The first of `nonces` for which the first word of `merge_with_int(seed, nonce)`, as an integer, has
    /// `zeros` trailing zero bits at least; the nonces must be below the modulus.
    ///
    /// # Errors
    /// [`LengthError`] if a nonce is not below the modulus, which is `expected` then.
    pub fn first_nonce(
        self,
        seed: &Compression,
        zeros: u32,
        nonces: Range<u64>,
    ) -> Result<Option<u64>, LengthError> {
        if nonces.end > BaseElement::MODULUS {
            let (expected, got) = (BaseElement::MODULUS as usize, nonces.end as usize);
            return Err(LengthError { expected, got });
        }
        let mut digests = [[BaseElement::ZERO; DIGEST_WIDTH]; GROUP];
        let mut inputs = [[[BaseElement::ZERO; DIGEST_WIDTH]; 2]; GROUP];
        // The seed and the nonce: so many elements are hashed.
        let hashed = DIGEST_WIDTH as u64 + 1;
        for start in nonces.clone().step_by(GROUP) {
            let count = (nonces.end - start).min(GROUP as u64) as usize;
            for (nonce, [first, second]) in (start..).zip(&mut inputs[..count]) {
                *first = *seed;
                second[0] = BaseElement::new(nonce);
                if self == Self::Jive {
                    second[DIGEST_WIDTH - 1] = BaseElement::new(hashed);
                }
            }
            let (inputs, digests) = (&inputs[..count], &mut digests[..count]);
            match self {
                Self::Prime => merge::<{ twelve::WIDTH }>(self, inputs, digests, |[a, b]| {
                    prime_state(hashed, a, b)
                }),
                Self::Jive => merge(self, inputs, digests, |[a, b]| joined(a, b)),
            }
            let good = |digest: &Compression| digest[0].as_int().trailing_zeros() >= zeros;
            if let Some(i) = digests.iter().position(good) {
                return Ok(Some(start + i as u64));
            }
        }
        Ok(None)
    }
}

/// A permutation of states of `W` words.
trait Permutation<const W: usize> {
    fn permute(self, states: &mut [[BaseElement; W]]);
}

impl Permutation<{ twelve::WIDTH }> for Sponge {
    fn permute(self, states: &mut [[BaseElement; twelve::WIDTH]]) {
        for_groups(states.len(), |backend, from, to| {
            if backend == Backend::Scalar {
                // Lane by lane winter-crypto's own code is as fast.
                states[from..to]
                    .iter_mut()
                    .for_each(Rp64_256::apply_permutation);
            } else {
                dispatch(backend, twelve::Permute(&mut states[from..to]));
            }
        });
    }
}

impl Permutation<STATE_WIDTH> for Sponge {
    fn permute(self, states: &mut [[BaseElement; STATE_WIDTH]]) {
        if Backend::current() == Backend::Scalar {
            states.iter_mut().for_each(RpJive64_256::apply_permutation);
        } else {
            permute_many(states);
        }
    }
}

/// Hashes messages of `width` elements, as many as digests, with a rate of `RATE` words.
fn absorb<'a, const W: usize, const RATE: usize>(
    sponge: Sponge,
    message: &dyn Fn(usize) -> &'a [BaseElement],
    width: usize,
    digests: &mut [Compression],
) where
    Sponge: Permutation<W>,
{
    let mut states = [[BaseElement::ZERO; W]; GROUP];
    let states = &mut states[..digests.len()];
    let capacity = match sponge {
        Sponge::Prime => width as u64,
        Sponge::Jive => u64::from(!width.is_multiple_of(RATE)),
    };
    for state in states.iter_mut() {
        state[0] = BaseElement::new(capacity);
    }
    for from in (0..width).step_by(RATE) {
        let to = width.min(from + RATE);
        for (i, state) in states.iter_mut().enumerate() {
            let part = &message(i)[from..to];
            let (taken, left) = state[CAPACITY..].split_at_mut(part.len());
            for (word, &element) in taken.iter_mut().zip(part) {
                *word += element;
            }
            if sponge == Sponge::Jive
                && let Some((end, rest)) = left.split_first_mut()
            {
                // The end is marked, in place of what was there.
                *end = BaseElement::ONE;
                rest.fill(BaseElement::ZERO);
            }
        }
        sponge.permute(states);
    }
    for (state, digest) in states.iter().zip(digests) {
        digest.copy_from_slice(&state[CAPACITY..][..DIGEST_WIDTH]);
    }
}

/// Compresses pairs, each put into a state by `state`.
fn merge<const W: usize>(
    sponge: Sponge,
    pairs: &[[Compression; 2]],
    digests: &mut [Compression],
    state: impl Fn([&Compression; 2]) -> [BaseElement; W],
) where
    Sponge: Permutation<W>,
{
    let mut states = [[BaseElement::ZERO; W]; GROUP];
    let states = &mut states[..pairs.len()];
    for (s, [a, b]) in states.iter_mut().zip(pairs) {
        *s = state([a, b]);
    }
    sponge.permute(states);
    for (s, (digest, [a, b])) in states.iter().zip(digests.iter_mut().zip(pairs)) {
        let halves = s.as_chunks::<DIGEST_WIDTH>().0;
        *digest = match sponge {
            Sponge::Prime => halves[1],
            Sponge::Jive => core::array::from_fn(|i| a[i] + b[i] + halves[0][i] + halves[1][i]),
        };
    }
}

/// The state of `Rp64_256` that hashes `hashed` elements, among two digests.
fn prime_state(hashed: u64, a: &Compression, b: &Compression) -> [BaseElement; twelve::WIDTH] {
    let mut state = [BaseElement::ZERO; twelve::WIDTH];
    state[0] = BaseElement::new(hashed);
    state[CAPACITY..][..DIGEST_WIDTH].copy_from_slice(a);
    state[CAPACITY + DIGEST_WIDTH..].copy_from_slice(b);
    state
}

fn joined(a: &Compression, b: &Compression) -> [BaseElement; STATE_WIDTH] {
    let mut state = [BaseElement::ZERO; STATE_WIDTH];
    state[..DIGEST_WIDTH].copy_from_slice(a);
    state[DIGEST_WIDTH..].copy_from_slice(b);
    state
}

#[cfg(test)]
mod tests {
    use winter_crypto::{Digest, ElementHasher};

    use super::*;

    /// A hash function of winter-crypto's beside ours.
    fn compare<H>(sponge: Sponge)
    where
        H: ElementHasher<BaseField = BaseElement, Digest: From<Compression>>,
    {
        let element = |i: usize| BaseElement::new((i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let bytes = |digest: &Compression| H::Digest::from(*digest).as_bytes();
        for width in [0, 1, 3, 4, 5, 7, 8, 9, 16, 21] {
            for (rows, stride) in [(1, width), (3, width), (67, width + 3)] {
                let matrix: Vec<_> = (0..rows * stride).map(element).collect();
                let mut digests = vec![[BaseElement::ZERO; DIGEST_WIDTH]; rows];
                sponge
                    .hash_rows(&matrix, width, stride, &mut digests)
                    .unwrap();
                for (i, digest) in digests.iter().enumerate() {
                    let expected = H::hash_elements(&matrix[i * stride..][..width]);
                    assert_eq!(bytes(digest), expected.as_bytes(), "{width}, {rows}");
                }
            }
        }
        let children: Vec<_> = (0..270)
            .map(|i| core::array::from_fn(|j| element(4 * i + j)))
            .collect();
        let mut parents = vec![[BaseElement::ZERO; DIGEST_WIDTH]; 135];
        sponge.merge_pairs(&children, &mut parents).unwrap();
        for (pair, parent) in children.as_chunks::<2>().0.iter().zip(&parents) {
            let expected = H::merge(&pair.map(H::Digest::from));
            assert_eq!(bytes(parent), expected.as_bytes());
        }
        let seed = children[7];
        let zeros = |nonce| {
            let digest = H::merge_with_int(seed.into(), nonce).as_bytes();
            u64::from_le_bytes(digest[..8].try_into().unwrap()).trailing_zeros()
        };
        for (factor, nonces) in [(0, 5..9), (1, 1..1000), (6, 3..700), (60, 1..150)] {
            let expected = nonces.clone().find(|&nonce| zeros(nonce) >= factor);
            let first = sponge.first_nonce(&seed, factor, nonces.clone());
            assert_eq!(first, Ok(expected), "{factor}, {nonces:?}");
        }
        let last = BaseElement::MODULUS - 70..BaseElement::MODULUS;
        let expected = last.clone().find(|&nonce| zeros(nonce) >= 2);
        assert_eq!(sponge.first_nonce(&seed, 2, last), Ok(expected));
        let beyond = BaseElement::MODULUS - 70..BaseElement::MODULUS + 1;
        assert!(sponge.first_nonce(&seed, 2, beyond).is_err());
    }

    #[test]
    #[cfg_attr(miri, ignore = "minutes under Miri")]
    fn digests_are_winter_cryptos() {
        for backend in Backend::available() {
            backend
                .with(|| {
                    compare::<Rp64_256>(Sponge::Prime);
                    compare::<RpJive64_256>(Sponge::Jive);
                })
                .unwrap();
        }
    }

    #[test]
    fn lengths_are_checked() {
        let elements = [BaseElement::ONE; 20];
        let mut digests = [[BaseElement::ZERO; DIGEST_WIDTH]; 3];
        let mut hash =
            |width, stride| Sponge::Prime.hash_rows(&elements, width, stride, &mut digests);
        assert_eq!(hash(4, 8), Ok(()));
        let (expected, got) = (21, 20);
        assert_eq!(hash(5, 8), Err(LengthError { expected, got }));
        assert!(hash(8, 7).is_err());
        let pairs = [[BaseElement::ONE; DIGEST_WIDTH]; 5];
        assert!(Sponge::Jive.merge_pairs(&pairs, &mut digests).is_err());
    }
}
