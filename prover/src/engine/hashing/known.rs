//! The hash functions of winter-crypto's that are recognised.

use core::marker::PhantomData;
use core::ops::Range;

use winter_crypto::ElementHasher;
use winter_crypto::hashers::{Rp64_256, RpJive64_256};
use winter_math::{FieldElement, StarkField, fields::f64::BaseElement};
use winterlane_field_simd::rescue::{Compression, Sponge};

use super::{Bulk, BulkHasher, DigestOf, HashRows, OneByOne};
use crate::engine::commit::Blake;

/// What hashes many messages at once for `H`, if `H` is one of winter-crypto's that the engine has code for.
///
/// `typeid` gives the identity of a type up to lifetimes, of which those types have none: equal identities mean
/// equal types.
pub(in crate::engine) fn known<H>() -> Option<&'static dyn Bulk> {
    static KNOWN: [&dyn Bulk; 4] = [
        &Blake::Bits256,
        &Blake::Bits192,
        &Rescue::<Rp64_256>::new(Sponge::Prime),
        &Rescue::<RpJive64_256>::new(Sponge::Jive),
    ];
    let id = typeid::of::<H>();
    KNOWN.into_iter().find(|known| known.hasher() == id)
}

/// One of winter-crypto's Rescue hash functions.
struct Rescue<H> {
    sponge: Sponge,
    _hasher: PhantomData<fn() -> H>,
}

impl<H> Rescue<H> {
    const fn new(sponge: Sponge) -> Self {
        Self {
            sponge,
            _hasher: PhantomData,
        }
    }
}

/// Room for digests as `field-simd` has them.
const ZERO: Compression = [BaseElement::ZERO; 4];

impl<H> BulkHasher for Rescue<H>
where
    H: ElementHasher<BaseField = BaseElement>,
    DigestOf<H>: From<Compression> + Into<Compression>,
{
    type Hasher = H;

    fn task(&self) -> usize {
        128
    }

    fn hash_rows(&self, rows: HashRows<'_>, digests: &mut [DigestOf<H>]) {
        let mut hashed = vec![ZERO; digests.len()];
        let (elements, width, stride) = (rows.elements(), rows.width(), rows.stride());
        match self.sponge.hash_rows(elements, width, stride, &mut hashed) {
            Ok(()) => write(&hashed, digests),
            Err(_) => OneByOne::<H>::new().hash_rows(rows, digests),
        }
    }

    fn merge_pairs(&self, children: &[DigestOf<H>], parents: &mut [DigestOf<H>]) {
        let pairs: Vec<Compression> = children.iter().map(|&digest| digest.into()).collect();
        let mut hashed = vec![ZERO; parents.len()];
        match self.sponge.merge_pairs(&pairs, &mut hashed) {
            Ok(()) => write(&hashed, parents),
            Err(_) => OneByOne::<H>::new().merge_pairs(children, parents),
        }
    }

    fn first_nonce(&self, seed: DigestOf<H>, zeros: u32, nonces: Range<u64>) -> Option<u64> {
        let below = nonces.start..nonces.end.min(BaseElement::MODULUS);
        if below.end < nonces.end {
            return OneByOne::<H>::new().first_nonce(seed, zeros, nonces);
        }
        self.sponge
            .first_nonce(&seed.into(), zeros, below)
            .unwrap_or_default()
    }
}

fn write<D: From<Compression>>(hashed: &[Compression], digests: &mut [D]) {
    for (digest, &hashed) in digests.iter_mut().zip(hashed) {
        *digest = hashed.into();
    }
}
