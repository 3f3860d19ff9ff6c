//! A coin that draws what winterfell cannot compute with, and a prover that forgets half of its work.

use std::cell::Cell;

use winterfell::crypto::{DefaultRandomCoin, Hasher, MerkleTree, RandomCoin, RandomCoinError};
use winterfell::math::{FieldElement, StarkField, fields::f64::BaseElement};
use winterfell::matrix::ColMatrix;
use winterfell::{AuxRandElements, ProofOptions, Prover};
use winterlane_tests::airs::{AnyAir, AnyProver, Inputs, TestTrace};
use winterlane_tests::scripted::Blake;

thread_local! {
    /// Coins that this thread has made.
    static COINS: Cell<usize> = const { Cell::new(0) };
    /// As many of them are bad.
    static BAD: Cell<usize> = const { Cell::new(0) };
}

/// Counts this thread's coins from now on, and makes the first `bad` of them bad.
pub(crate) fn count_coins(bad: usize) {
    COINS.set(0);
    BAD.set(bad);
}

/// The coins counted.
pub(crate) fn coins() -> usize {
    COINS.get()
}

/// The default coin, but for the first that are [counted](count_coins), which draw elements that winterfell
/// cannot square: a product of two coordinates is one whose double winter-math leaves unreduced.
pub(crate) struct Unlucky {
    coin: DefaultRandomCoin<Blake>,
    bad: bool,
}

impl RandomCoin for Unlucky {
    type BaseField = BaseElement;
    type Hasher = Blake;

    fn new(seed: &[BaseElement]) -> Self {
        Self {
            coin: DefaultRandomCoin::new(seed),
            bad: COINS.replace(COINS.get() + 1) < BAD.get(),
        }
    }

    fn reseed(&mut self, data: <Blake as Hasher>::Digest) {
        self.coin.reseed(data);
    }

    fn check_leading_zeros(&self, value: u64) -> u32 {
        self.coin.check_leading_zeros(value)
    }

    fn draw<E: FieldElement<BaseField = BaseElement>>(&mut self) -> Result<E, RandomCoinError> {
        let drawn = self.coin.draw()?;
        if !self.bad {
            return Ok(drawn);
        }
        let unreduced = BaseElement::from_mont((1 << 63) - 1);
        assert!(unreduced.inner() < BaseElement::MODULUS);
        let coordinates = [BaseElement::new(5), BaseElement::ONE, unreduced];
        Ok(E::slice_from_base_elements(&coordinates)[0])
    }

    fn draw_integers(
        &mut self,
        count: usize,
        domain: usize,
        nonce: u64,
    ) -> Result<Vec<usize>, RandomCoinError> {
        self.coin.draw_integers(count, domain, nonce)
    }
}

/// A prover with that coin.
pub(crate) type UnluckyProver = AnyProver<Blake, MerkleTree<Blake>, Unlucky>;

/// A prover whose auxiliary segment lacks half of its rows.
pub(crate) struct Careless(pub(crate) AnyProver<Blake>);

impl Prover for Careless {
    type BaseField = BaseElement;
    type Air = AnyAir;
    type Trace = TestTrace;
    type HashFn = Blake;
    type VC = MerkleTree<Blake>;
    type RandomCoin = DefaultRandomCoin<Blake>;

    winterlane_prover::default_parts!();

    fn get_pub_inputs(&self, trace: &TestTrace) -> Inputs {
        self.0.get_pub_inputs(trace)
    }

    fn options(&self) -> &ProofOptions {
        self.0.options()
    }

    fn build_aux_trace<E: FieldElement<BaseField = BaseElement>>(
        &self,
        trace: &TestTrace,
        rand: &AuxRandElements<E>,
    ) -> ColMatrix<E> {
        let whole = self.0.build_aux_trace(trace, rand);
        let rows = whole.num_rows() / 2;
        ColMatrix::new(whole.columns().map(|c| c[..rows].to_vec()).collect())
    }
}
