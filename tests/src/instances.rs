//! The engine and this workspace's verifier for [`AnyAir`], compiled once.
//!
//! Both evaluate the AIR's constraints, the engine on every instruction set. What is named here is compiled with this
//! crate, and the suites' binaries link it. Nothing is called through these.

use winterfell::Proof;
use winterfell::crypto::{DefaultRandomCoin, MerkleTree};
use winterlane_air::hiding::{Doubling, Hiding, InPlace, Mode};
use winterlane_prover::engine::{EngineOptions, ProverError, prove_inlined, prove_with};
use winterlane_prover::hiding::{HidingRng, prove_hiding_inlined, prove_hiding_with};
use winterlane_verifier::{AirPolicy, Verified, VerifyError, verify};

use crate::airs::{AnyAir, AnyProver, Inputs, TestTrace};
use crate::scripted::Blake;

type Prover = AnyProver<Blake>;

/// What proves as it is.
type Prove = fn(&Prover, TestTrace, &EngineOptions<'_>) -> Result<Proof, ProverError>;

/// What proves and hides.
type Hide =
    fn(&Prover, TestTrace, &mut HidingRng, &EngineOptions<'_>) -> Result<Proof, ProverError>;

/// What verifies.
type Verify = fn(&[u8], Inputs, &AirPolicy<Blake>) -> Result<Verified, VerifyError>;

/// Whether the AIR inlines or not.
pub struct Plain(
    #[expect(dead_code, reason = "instantiated, not called")] Prove,
    #[expect(dead_code, reason = "instantiated, not called")] Prove,
);

/// The same, and what verifies it, for one mode.
pub struct Hidden(
    #[expect(dead_code, reason = "instantiated, not called")] Hide,
    #[expect(dead_code, reason = "instantiated, not called")] Hide,
    #[expect(dead_code, reason = "instantiated, not called")] Verify,
);

impl Hidden {
    const fn of<M: Mode<AnyAir>>() -> Self {
        Self(
            prove_hiding_with::<Prover, M>,
            prove_hiding_inlined::<Prover, M>,
            verify::<Hiding<AnyAir, M>, Blake, DefaultRandomCoin<Blake>, MerkleTree<Blake>>,
        )
    }
}

/// Of plain proofs.
pub static PLAIN: Plain = Plain(prove_with::<Prover>, prove_inlined::<Prover>);

/// Of proofs that hide, in both modes.
pub static HIDDEN: [Hidden; 2] = [Hidden::of::<Doubling>(), Hidden::of::<InPlace>()];
