//! The one primitive of the statement: Rescue-Prime in Jive mode, 8 elements to 4, with a tag.

use winter_crypto::hashers::RpJive64_256;
use winter_math::{FieldElement, fields::f64::BaseElement};

use crate::{ChainId, Digest, Domain, RollupId};

/// Elements that one compression takes: two digests.
pub const INPUT_WIDTH: usize = 8;

/// The input of one compression, its tag already added to the last lane.
pub type Input = [BaseElement; INPUT_WIDTH];

/// What keeps the uses of the hash apart: a constant added to the last lane of the input.
///
/// A tag is eight ASCII characters, a letter of its own and `-winter`, read as a big-endian
/// integer: any two differ by a multiple of 2^56 other than zero. A last lane that carries data
/// other than a digest carries less than 2^56 of it, so no data can imitate another tag there; a
/// last lane that carries part of a digest is pseudo-random, and to imitate another use is to find
/// a digest with a chosen lane and all others as that use has them.
pub mod tag {
    use winter_math::fields::f64::BaseElement;

    const fn tag(letter: u8) -> BaseElement {
        let [a, b, c, d, e, f, g] = *b"-winter";
        BaseElement::new(u64::from_be_bytes([letter, a, b, c, d, e, f, g]))
    }

    /// A node of the account tree.
    pub const NODE: BaseElement = tag(b'n');
    /// A node of a key tree.
    pub const XMSS: BaseElement = tag(b'x');
    /// The two key roots of an account.
    pub const KEYS: BaseElement = tag(b'k');
    /// Keys, asset and nonces of an account.
    pub const META: BaseElement = tag(b'm');
    /// A leaf of the account tree.
    pub const LEAF: BaseElement = tag(b'l');
    /// A step of a one-time chain.
    pub const CHAIN: BaseElement = tag(b'w');
    /// Two chain ends absorbed into a one-time public key.
    pub const OTS: BaseElement = tag(b'o');
    /// The eight lanes of an operation record.
    pub const RECORD: BaseElement = tag(b'r');
    /// A record and its payload.
    pub const PAYLOAD: BaseElement = tag(b'p');
    /// One record digest absorbed into the operations digest.
    pub const OPS: BaseElement = tag(b'f');
    /// A record bound to a domain: the first half of a signed message.
    pub const DOMAIN: BaseElement = tag(b'd');
    /// Randomiser and nonce: the second half of a signed message.
    pub const SIGN: BaseElement = tag(b's');
    /// The domain digest itself: chain id and rollup id.
    pub const ROLLUP: BaseElement = tag(b'z');

    // Private statements: notes.
    /// A spend key hashed to the authority that an address names.
    pub const AUTHORITY: BaseElement = tag(b'y');
    /// Authority and nullifier key: an address.
    pub const ADDRESS: BaseElement = tag(b'a');
    /// An address and a note's randomness: the blinded owner.
    pub const OWNER: BaseElement = tag(b'b');
    /// A blinded owner, asset and value: a note's commitment.
    pub const COMMITMENT: BaseElement = tag(b'c');
    /// A commitment at its position.
    pub const NOTE: BaseElement = tag(b'i');
    /// A nullifier.
    pub const NULLIFIER: BaseElement = tag(b'u');
    /// A node of the note tree.
    pub const NOTE_NODE: BaseElement = tag(b't');
    /// A node of an association set.
    pub const ASSOCIATION: BaseElement = tag(b'j');

    // Private statements: credentials.
    /// A holder's secret hashed to the holder key.
    pub const HOLDER: BaseElement = tag(b'h');
    /// A holder's secret and a verifier: a pseudonym.
    pub const PSEUDONYM: BaseElement = tag(b'g');
    /// A salted attribute.
    pub const ATTRIBUTE: BaseElement = tag(b'q');
    /// A node of a tree of attributes.
    pub const ATTRIBUTE_NODE: BaseElement = tag(b'e');
    /// The root of the attributes and the holder key.
    pub const BODY: BaseElement = tag(b'v');
    /// A body, the credential's number and its last day.
    pub const CREDENTIAL: BaseElement = tag(b'C');
    /// The schema under which an issuer signs.
    pub const SCHEMA: BaseElement = tag(b'D');
    /// A node of a tree of revoked credentials.
    pub const REVOCATION: BaseElement = tag(b'R');
    /// A value in a set.
    pub const MEMBER: BaseElement = tag(b'S');
    /// A node of a set.
    pub const SET_NODE: BaseElement = tag(b'T');

    // Leaving a frozen rollup.
    /// What an account signs to leave.
    pub const EXIT: BaseElement = tag(b'E');
    /// A rollup that is frozen at a root: the domain of exits.
    pub const FROZEN: BaseElement = tag(b'F');

    /// Every tag.
    pub const ALL: [BaseElement; 33] = [
        NODE,
        XMSS,
        KEYS,
        META,
        LEAF,
        CHAIN,
        OTS,
        RECORD,
        PAYLOAD,
        OPS,
        DOMAIN,
        SIGN,
        ROLLUP,
        AUTHORITY,
        ADDRESS,
        OWNER,
        COMMITMENT,
        NOTE,
        NULLIFIER,
        NOTE_NODE,
        ASSOCIATION,
        HOLDER,
        PSEUDONYM,
        ATTRIBUTE,
        ATTRIBUTE_NODE,
        BODY,
        CREDENTIAL,
        SCHEMA,
        REVOCATION,
        MEMBER,
        SET_NODE,
        EXIT,
        FROZEN,
    ];
}

/// Builds the input of a compression: `a`, then `b` with the tag added to its last lane.
#[must_use]
pub fn input(tag: BaseElement, a: &[BaseElement; 4], b: &[BaseElement; 4]) -> Input {
    [a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3] + tag]
}

/// The 2-to-1 compression: Jive over winter-crypto's Rescue-Prime permutation of width 8.
///
/// Equals `RpJive64_256::merge` on the same eight elements.
#[must_use]
pub fn compress_input(input: &Input) -> Digest {
    let mut state = *input;
    RpJive64_256::apply_permutation(&mut state);
    Digest(core::array::from_fn(|i| {
        input[i] + input[i + 4] + state[i] + state[i + 4]
    }))
}

/// The tagged compression of two digests.
///
/// ```
/// use winterlane_ledger::{Digest, hash::{compress, tag}};
/// let empty = Digest::ZERO;
/// assert_ne!(compress(tag::NODE, &empty, &empty), compress(tag::XMSS, &empty, &empty));
/// ```
#[must_use]
pub fn compress(tag: BaseElement, a: &Digest, b: &Digest) -> Digest {
    compress_input(&input(tag, &a.0, &b.0))
}

/// Many compressions at once: where vector units and threads come in.
///
/// Everything in this crate that hashes in bulk (key generation, the search for a randomiser,
/// signature verification, the account tree) takes a `Compressor`. [`ScalarCompressor`] is the
/// reference; another one must return the same digests.
pub trait Compressor: Sync {
    /// Compresses each of `inputs` into the digest of the same position of `out`.
    ///
    /// # Panics
    /// When the two slices differ in length: a mistake of the caller, never of its data.
    fn compress_many(&self, inputs: &[Input], out: &mut [Digest]);
}

impl<C: Compressor + ?Sized> Compressor for &C {
    fn compress_many(&self, inputs: &[Input], out: &mut [Digest]) {
        (**self).compress_many(inputs, out);
    }
}

/// One compression after another, by winter-crypto's own permutation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScalarCompressor;

impl Compressor for ScalarCompressor {
    fn compress_many(&self, inputs: &[Input], out: &mut [Digest]) {
        assert_eq!(inputs.len(), out.len(), "a digest per input");
        for (input, out) in inputs.iter().zip(out) {
            *out = compress_input(input);
        }
    }
}

/// The digest that binds a batch to one rollup on one chain.
///
/// ```
/// use winterlane_ledger::{ChainId, RollupId, hash::domain_digest};
/// assert_ne!(domain_digest(ChainId::new(1), RollupId::new(7)), domain_digest(ChainId::new(7), RollupId::new(1)));
/// ```
#[must_use]
pub fn domain_digest(chain: ChainId, rollup: RollupId) -> Domain {
    let halves = |number: u64| {
        let [low, high] = [number & u64::from(u32::MAX), number >> 32].map(BaseElement::new);
        Digest([low, high, BaseElement::ZERO, BaseElement::ZERO])
    };
    Domain(compress(
        tag::ROLLUP,
        &halves(chain.get()),
        &halves(rollup.get()),
    ))
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use winter_crypto::{Digest as _, Hasher, hashers::RpJive64_256};

    use super::*;

    #[test]
    fn equals_the_merge_of_winter_crypto() {
        for seed in 0..50u64 {
            let lane =
                |i: u64| BaseElement::new((seed * 8 + i).wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let lanes: Input = core::array::from_fn(|i| lane(i as u64));
            let digests: [<RpJive64_256 as Hasher>::Digest; 2] =
                [0, 4].map(|at| [lanes[at], lanes[at + 1], lanes[at + 2], lanes[at + 3]].into());
            let expected = RpJive64_256::merge(&digests);
            assert_eq!(compress_input(&lanes).to_bytes(), expected.as_bytes());
        }
    }

    #[test]
    fn the_tag_is_added_to_the_last_lane() {
        let [a, b] = [1u32, 9].map(|n| Digest([n, n + 1, n + 2, n + 3].map(BaseElement::from)));
        let mut moved = b;
        moved.0[3] += tag::NODE - tag::LEAF;
        assert_eq!(compress(tag::NODE, &a, &b), compress(tag::LEAF, &a, &moved));
        assert_ne!(compress(tag::NODE, &a, &b), compress(tag::LEAF, &a, &b));
    }

    #[test]
    fn tags_differ_and_are_large() {
        for (i, tag) in tag::ALL.iter().enumerate() {
            assert!(tag.as_int() > 1 << 55 && !tag::ALL[..i].contains(tag));
        }
    }

    #[test]
    fn a_reference_compresses_as_what_it_refers_to() {
        fn first<C: Compressor>(compressor: C, input: Input) -> Digest {
            let mut out = [Digest::ZERO];
            compressor.compress_many(&[input], &mut out);
            out[0]
        }
        let input = core::array::from_fn(|i| BaseElement::from(i as u32));
        let reference = &ScalarCompressor;
        assert_eq!(first(reference, input), compress_input(&input));
    }

    #[test]
    fn a_domain_is_both_numbers_in_halves() {
        let (chain_id, rollup_id) = (0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210);
        let halves = |low: u32, high: u32| Digest([low, high, 0, 0].map(BaseElement::from));
        let expected = compress(
            tag::ROLLUP,
            &halves(0x89ab_cdef, 0x0123_4567),
            &halves(0x7654_3210, 0xfedc_ba98),
        );
        assert_eq!(
            domain_digest(ChainId::new(chain_id), RollupId::new(rollup_id)),
            Domain(expected)
        );
    }

    #[test]
    fn a_tag_is_a_letter_and_a_word() {
        let letters = *b"nxkmlworpfdszyabciutjhgqevCDRSTEF";
        for (tag, letter) in tag::ALL.iter().zip(letters) {
            assert_eq!(
                tag.as_int().to_be_bytes()[..],
                [&[letter], b"-winter".as_slice()].concat()
            );
        }
    }

    #[test]
    fn many_equal_one_by_one() {
        let inputs: Vec<Input> = (0..17u32)
            .map(|n| core::array::from_fn(|i| BaseElement::from(n * 8 + i as u32)))
            .collect();
        let mut out = [Digest::ZERO; 17];
        ScalarCompressor.compress_many(&inputs, &mut out);
        assert!(
            inputs
                .iter()
                .zip(out)
                .all(|(input, out)| compress_input(input) == out)
        );
    }
}
