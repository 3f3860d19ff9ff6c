//! A coin whose challenges and positions are fixed beforehand.
//!
//! Nothing that is committed to changes what it draws: with it a proof is an affine function of the cells of
//! the veil, and a simulator can know its challenges before it begins.

use core::marker::PhantomData;

use winterfell::crypto::{
    DefaultRandomCoin, ElementHasher, Hasher, MerkleTree, RandomCoin, RandomCoinError,
    hashers::Blake3_256,
};
use winterfell::math::{FieldElement, fields::f64::BaseElement};
use winterfell::matrix::ColMatrix;
use winterfell::{AuxRandElements, ProofOptions, Prover};

use crate::airs::{Inputs, TestAir, TestTrace};

/// The hash function of scripted proofs.
pub type Blake = Blake3_256<BaseElement>;

/// Query positions that are fixed beforehand.
pub trait Script: Send + Sync + 'static {
    /// The positions of `count` queries in a domain that is `blowup` times the trace, where that is known.
    fn positions(count: usize, domain: usize) -> Vec<usize>;
}

/// Positions far from each other.
#[derive(Clone, Copy, Debug)]
pub enum Spread {}

/// As many positions again, each beside one of [`Spread`].
#[derive(Clone, Copy, Debug)]
pub enum Beside {}

/// `TIMES` times as many positions as the options say: more queries than the parameters allow.
#[derive(Clone, Copy, Debug)]
pub enum TooMany<const TIMES: usize> {}

/// Positions `x, x w, x w^2`, then others; `w` the trace domain's generator at this blowup factor.
#[derive(Clone, Copy, Debug)]
pub enum Chained<const BLOWUP: usize> {}

/// The same position twice, and positions that share a leaf in every layer of FRI.
#[derive(Clone, Copy, Debug)]
pub enum Crowded {}

impl Script for Spread {
    fn positions(count: usize, domain: usize) -> Vec<usize> {
        (0..count).map(|i| (37 * i + 5) % domain).collect()
    }
}

impl Script for Beside {
    fn positions(count: usize, domain: usize) -> Vec<usize> {
        (0..count).map(|i| (37 * i + 6) % domain).collect()
    }
}

impl<const TIMES: usize> Script for TooMany<TIMES> {
    fn positions(count: usize, domain: usize) -> Vec<usize> {
        Spread::positions(TIMES * count, domain)
    }
}

impl<const BLOWUP: usize> Script for Chained<BLOWUP> {
    fn positions(count: usize, domain: usize) -> Vec<usize> {
        let chain = (0..3).map(|i| 7 + i * BLOWUP);
        let others = (0..count).map(|i| 37 * i + 18);
        chain
            .chain(others)
            .take(count)
            .map(|p| p % domain)
            .collect()
    }
}

impl Script for Crowded {
    fn positions(count: usize, domain: usize) -> Vec<usize> {
        let crowd = [3, 3, 3 + domain / 2, 3 + domain / 4];
        let others = (0..count).map(|i| (37 * i + 18) % domain);
        crowd.into_iter().chain(others).take(count).collect()
    }
}

/// The default coin, but for what would make it depend on commitments.
pub struct ScriptedCoin<H: ElementHasher, S> {
    coin: DefaultRandomCoin<H>,
    _script: PhantomData<fn() -> S>,
}

impl<H, S> RandomCoin for ScriptedCoin<H, S>
where
    H: ElementHasher<BaseField = BaseElement>,
    H::Digest: Sync,
    S: Script,
{
    type BaseField = BaseElement;
    type Hasher = H;

    fn new(seed: &[BaseElement]) -> Self {
        Self {
            coin: DefaultRandomCoin::new(seed),
            _script: PhantomData,
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
        Ok(S::positions(count, domain))
    }
}

/// A plain winterfell prover of a [`TestAir`] with a scripted coin.
#[derive(Clone, Debug)]
pub struct ScriptedProver<A, S> {
    options: ProofOptions,
    _types: PhantomData<fn() -> (A, S)>,
}

impl<A, S> ScriptedProver<A, S> {
    /// A prover with the given options.
    #[must_use]
    pub const fn new(options: ProofOptions) -> Self {
        Self {
            options,
            _types: PhantomData,
        }
    }
}

impl<A: TestAir, S: Script> Prover for ScriptedProver<A, S> {
    type BaseField = BaseElement;
    type Air = A;
    type Trace = TestTrace;
    type HashFn = Blake;
    type VC = MerkleTree<Blake>;
    type RandomCoin = ScriptedCoin<Blake, S>;

    winterlane_prover::default_parts!();

    fn get_pub_inputs(&self, trace: &TestTrace) -> Inputs {
        A::public_inputs(trace)
    }

    fn options(&self) -> &ProofOptions {
        &self.options
    }

    fn build_aux_trace<E: FieldElement<BaseField = BaseElement>>(
        &self,
        main_trace: &TestTrace,
        aux_rand_elements: &AuxRandElements<E>,
    ) -> ColMatrix<E> {
        ColMatrix::new(A::aux_columns(
            main_trace,
            aux_rand_elements.rand_elements(),
        ))
    }
}
