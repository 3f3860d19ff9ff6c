//! The coins of the suites as one type.

use winterfell::crypto::{DefaultRandomCoin, ElementHasher, Hasher, RandomCoin, RandomCoinError};
use winterfell::math::{FieldElement, fields::f64::BaseElement};

use crate::scripted::ScriptedCoin;

/// A coin that [`ErasedCoin`] can be.
pub trait SuiteCoin: RandomCoin<BaseField = BaseElement> {
    /// What the seed of an erased coin ends with that is this one.
    const NUMBER: BaseElement;
}

impl<H: ElementHasher<BaseField = BaseElement>> SuiteCoin for DefaultRandomCoin<H> {
    const NUMBER: BaseElement = BaseElement::ZERO;
}

impl<H: ElementHasher<BaseField = BaseElement>> SuiteCoin for ScriptedCoin<H> {
    const NUMBER: BaseElement = BaseElement::ONE;
}

/// Either coin: which of them is the last element of its seed, and the others are that one's seed.
pub enum ErasedCoin<H: ElementHasher> {
    /// Winterfell's.
    Default(DefaultRandomCoin<H>),
    /// One whose challenges and positions are fixed beforehand.
    Scripted(ScriptedCoin<H>),
}

impl<H: ElementHasher<BaseField = BaseElement>> RandomCoin for ErasedCoin<H> {
    type BaseField = BaseElement;
    type Hasher = H;

    fn new(seed: &[BaseElement]) -> Self {
        let (&number, seed) = seed.split_last().expect("the number of a coin");
        if number == DefaultRandomCoin::<H>::NUMBER {
            Self::Default(DefaultRandomCoin::new(seed))
        } else {
            Self::Scripted(ScriptedCoin::new(seed))
        }
    }

    fn reseed(&mut self, data: <H as Hasher>::Digest) {
        match self {
            Self::Default(coin) => coin.reseed(data),
            Self::Scripted(coin) => coin.reseed(data),
        }
    }

    fn check_leading_zeros(&self, value: u64) -> u32 {
        match self {
            Self::Default(coin) => coin.check_leading_zeros(value),
            Self::Scripted(coin) => coin.check_leading_zeros(value),
        }
    }

    fn draw<E: FieldElement<BaseField = BaseElement>>(&mut self) -> Result<E, RandomCoinError> {
        match self {
            Self::Default(coin) => coin.draw(),
            Self::Scripted(coin) => coin.draw(),
        }
    }

    fn draw_integers(
        &mut self,
        count: usize,
        domain: usize,
        nonce: u64,
    ) -> Result<Vec<usize>, RandomCoinError> {
        match self {
            Self::Default(coin) => coin.draw_integers(count, domain, nonce),
            Self::Scripted(coin) => coin.draw_integers(count, domain, nonce),
        }
    }
}
