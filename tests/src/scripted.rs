//! A coin whose challenges and positions are fixed beforehand.
//!
//! Nothing that is committed to changes what it draws: with it a proof is an affine function of the cells of
//! the veil, and a simulator can know its challenges before it begins.

use std::sync::atomic::{AtomicBool, Ordering};

use winterfell::Trace;
use winterfell::crypto::{
    DefaultRandomCoin, ElementHasher, Hasher, RandomCoin, RandomCoinError, hashers::Blake3_256,
};
use winterfell::math::{FieldElement, fields::f64::BaseElement};

use crate::airs::TestTrace;

/// The hash function of scripted proofs.
pub type Blake = Blake3_256<BaseElement>;

/// Query positions that are fixed beforehand.
///
/// The metadata of a [scripted](TestTrace::scripted) trace begin with it. They are in the seed of the coin, which so
/// knows its script: there is one type of coin for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    /// Positions far from each other.
    Spread,
    /// As many positions again, each beside one of `Spread`.
    Beside,
    /// So many times as many positions as the options say: more queries than the parameters allow.
    TooMany(u8),
    /// Positions `x, x w, x w^2`, then others; `w` the trace domain's generator at this blowup factor.
    Chained(u8),
    /// The same position twice, and positions that share a leaf in every layer of FRI.
    Crowded,
    /// Those of `Spread`, or of `Beside` once [`turn`] was called. One script, since the randomness depends on that.
    Turned,
}

static BESIDE: AtomicBool = AtomicBool::new(false);

/// From now on the positions of [`Script::Turned`] are those of [`Script::Beside`].
pub fn turn() {
    BESIDE.store(true, Ordering::SeqCst);
}

impl Script {
    const fn bytes(self) -> [u8; 2] {
        match self {
            Self::Spread => [0, 0],
            Self::Beside => [1, 0],
            Self::TooMany(times) => [2, times],
            Self::Chained(blowup) => [3, blowup],
            Self::Crowded => [4, 0],
            Self::Turned => [5, 0],
        }
    }

    fn of([script, parameter]: [u8; 2]) -> Self {
        match script {
            0 => Self::Spread,
            1 => Self::Beside,
            2 => Self::TooMany(parameter),
            3 => Self::Chained(parameter),
            4 => Self::Crowded,
            5 => Self::Turned,
            _ => panic!("no script: {script}"),
        }
    }

    /// The positions of `count` queries in a domain of this size.
    fn positions(self, count: usize, domain: usize) -> Vec<usize> {
        match self {
            Self::Spread => (0..count).map(|i| (37 * i + 5) % domain).collect(),
            Self::Beside => (0..count).map(|i| (37 * i + 6) % domain).collect(),
            Self::TooMany(times) => Self::Spread.positions(usize::from(times) * count, domain),
            Self::Chained(blowup) => {
                let chain = (0..3).map(|i| 7 + i * usize::from(blowup));
                let others = (0..count).map(|i| 37 * i + 18);
                let positions = chain.chain(others).take(count);
                positions.map(|p| p % domain).collect()
            }
            Self::Crowded => {
                let crowd = [3, 3, 3 + domain / 2, 3 + domain / 4];
                let others = (0..count).map(|i| (37 * i + 18) % domain);
                crowd.into_iter().chain(others).take(count).collect()
            }
            Self::Turned if BESIDE.load(Ordering::SeqCst) => Self::Beside.positions(count, domain),
            Self::Turned => Self::Spread.positions(count, domain),
        }
    }
}

impl TestTrace {
    /// The same trace of any small AIR, whose scripted proofs have the positions of this script.
    ///
    /// # Panics
    /// When the trace does not say of which AIR it is.
    #[must_use]
    pub fn scripted(self, script: Script) -> Self {
        let mut meta = self.info().meta().to_vec();
        meta[..2].copy_from_slice(&script.bytes());
        self.with_meta(meta)
    }
}

/// The element of a seed that the metadata of the trace begin in: behind the widths and the length.
const OF_METADATA: usize = 2;

/// The default coin, but for what would make it depend on commitments.
pub struct ScriptedCoin<H: ElementHasher = Blake> {
    coin: DefaultRandomCoin<H>,
    script: Script,
}

impl<H: ElementHasher<BaseField = BaseElement>> RandomCoin for ScriptedCoin<H> {
    type BaseField = BaseElement;
    type Hasher = H;

    /// Other scripts have the same challenges.
    fn new(seed: &[BaseElement]) -> Self {
        let mut seed = seed.to_vec();
        let mut bytes = seed[OF_METADATA].as_int().to_le_bytes();
        let script = Script::of([bytes[0], bytes[1]]);
        bytes[..2].fill(0);
        seed[OF_METADATA] = BaseElement::new(u64::from_le_bytes(bytes));
        Self {
            coin: DefaultRandomCoin::new(&seed),
            script,
        }
    }

    fn reseed(&mut self, _data: <H as Hasher>::Digest) {}

    fn check_leading_zeros(&self, _value: u64) -> u32 {
        u64::BITS
    }

    fn draw<E: FieldElement<BaseField = BaseElement>>(&mut self) -> Result<E, RandomCoinError> {
        self.coin.draw()
    }

    fn draw_integers(
        &mut self,
        count: usize,
        domain: usize,
        _nonce: u64,
    ) -> Result<Vec<usize>, RandomCoinError> {
        Ok(self.script.positions(count, domain))
    }
}

/// A plain winterfell prover of [`AnyAir`](crate::airs::AnyAir) with a scripted coin.
#[cfg(feature = "prover")]
pub type ScriptedProver =
    crate::airs::AnyProver<Blake, winterfell::crypto::MerkleTree<Blake>, ScriptedCoin>;
