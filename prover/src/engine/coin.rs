//! The caller's public coin, and beside it the seed of winter-crypto's default coin.
//!
//! A coin tells whether a nonce is good, one nonce at a time. To try many at once the search needs
//! the seed, which the default coin keeps to itself but which follows from what it was told.

use winter_crypto::{DefaultRandomCoin, ElementHasher, Hasher, RandomCoin, RandomCoinError};
use winter_math::FieldElement;

/// A coin that remembers its seed if it is the default coin.
pub(super) struct TrackedCoin<R: RandomCoin> {
    coin: R,
    seed: Option<<R::Hasher as Hasher>::Digest>,
}

/// Whether `R` is winter-crypto's coin.
fn is_default<R: RandomCoin>() -> bool {
    // Equal but for lifetimes, which change nothing of what a coin computes.
    typeid::of::<R>() == typeid::of::<DefaultRandomCoin<R::Hasher>>()
}

impl<R: RandomCoin> TrackedCoin<R> {
    /// The seed, if it is known.
    pub(super) const fn seed(&self) -> Option<<R::Hasher as Hasher>::Digest> {
        self.seed
    }
}

impl<R: RandomCoin> RandomCoin for TrackedCoin<R> {
    type BaseField = R::BaseField;
    type Hasher = R::Hasher;

    fn new(seed: &[R::BaseField]) -> Self {
        Self {
            coin: R::new(seed),
            seed: is_default::<R>().then(|| R::Hasher::hash_elements(seed)),
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
