//! The caller's public coin, and beside it the seed of winter-crypto's default coin.
//!
//! A coin tells whether a nonce is good, one nonce at a time. To try many at once the search needs
//! the seed, which the default coin keeps to itself but which follows from what it was told.

use core::any::TypeId;

use winter_crypto::hashers::{Blake3_192, Blake3_256};
use winter_crypto::{DefaultRandomCoin, Digest, Hasher, RandomCoin, RandomCoinError};
use winter_math::{FieldElement, fields::f64::BaseElement};

/// A coin that remembers its seed if it is the default coin over BLAKE3.
pub(super) struct TrackedCoin<R: RandomCoin> {
    coin: R,
    seed: Option<<R::Hasher as Hasher>::Digest>,
}

/// The seed of a default coin over BLAKE3.
#[derive(Clone, Copy, Debug)]
pub(super) enum BlakeSeed {
    /// Over `Blake3_256`.
    Blake256([u8; 32]),
    /// Over `Blake3_192`.
    Blake192([u8; 24]),
}

fn is_blake256<R>() -> bool {
    typeid::of::<R>() == TypeId::of::<DefaultRandomCoin<Blake3_256<BaseElement>>>()
}

fn is_blake192<R>() -> bool {
    typeid::of::<R>() == TypeId::of::<DefaultRandomCoin<Blake3_192<BaseElement>>>()
}

impl<R: RandomCoin> TrackedCoin<R> {
    /// The seed, if it is known.
    pub(super) fn seed(&self) -> Option<BlakeSeed> {
        let bytes = self.seed?.as_bytes();
        if is_blake256::<R>() {
            Some(BlakeSeed::Blake256(bytes))
        } else {
            bytes.first_chunk().map(|bytes| BlakeSeed::Blake192(*bytes))
        }
    }
}

impl<R: RandomCoin> RandomCoin for TrackedCoin<R> {
    type BaseField = R::BaseField;
    type Hasher = R::Hasher;

    fn new(seed: &[R::BaseField]) -> Self {
        use winter_crypto::ElementHasher;
        let known = is_blake256::<R>() || is_blake192::<R>();
        Self {
            coin: R::new(seed),
            seed: known.then(|| R::Hasher::hash_elements(seed)),
        }
    }

    fn reseed(&mut self, data: <R::Hasher as Hasher>::Digest) {
        self.coin.reseed(data);
        self.seed = self.seed.map(|seed| R::Hasher::merge(&[seed, data]));
    }

    fn check_leading_zeros(&self, value: u64) -> u32 {
        self.coin.check_leading_zeros(value)
    }

    fn draw<E: FieldElement<BaseField = R::BaseField>>(&mut self) -> Result<E, RandomCoinError> {
        self.coin.draw()
    }

    fn draw_integers(
        &mut self,
        num_values: usize,
        domain_size: usize,
        nonce: u64,
    ) -> Result<Vec<usize>, RandomCoinError> {
        self.seed = self.seed.map(|seed| R::Hasher::merge_with_int(seed, nonce));
        self.coin.draw_integers(num_values, domain_size, nonce)
    }
}
