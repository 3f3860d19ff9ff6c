//! Hiding proofs: zero knowledge for any `winterfell::Prover`, by one changed call.
//!
//! ```ignore
//! let mut rng = HidingRng::from_system()?;
//! let proof = prove_hiding(&prover, trace, &mut rng)?; // was: prover.prove(trace)?
//! // anyone: winterfell::verify::<Hiding<YourAir>, ..>, or winterlane_verifier::verify
//! ```
//!
//! [`prove_hiding`] appends as many random rows as the trace has; [`prove_hiding_in_place`] makes the last
//! rows random, for an AIR that leaves them free ([`TailFree`]). Both build the veil
//! ([`winterlane_air::hiding`]) and prove [`Hiding`] with the engine. What is hidden, from whom, and why, is
//! in `docs/zero-knowledge.md`.

// What is public in these modules is for tests of hiding, behind their feature.
#[cfg_attr(not(feature = "test-randomness"), expect(unreachable_pub))]
mod prover;
mod randomness;
#[cfg_attr(not(feature = "test-randomness"), expect(unreachable_pub))]
mod trace;
mod veil;

use std::sync::Arc;

use winter_air::Air;
use winter_math::{ToElements, fields::f64::BaseElement};
use winter_prover::{Proof, Prover};
use winterlane_air::hiding::{Doubling, Hiding, InPlace, Mode, TailFree};

pub(crate) use self::prover::hide_with;
#[cfg(feature = "test-randomness")]
pub use self::prover::{Hidden, HidingProver, hide};
use self::prover::{Maker, air_of};
pub use self::randomness::HidingRng;
#[cfg(feature = "test-randomness")]
pub use self::trace::HidingTrace;
use crate::engine::{self, EngineOptions, ProverError};

/// The provers whose statements can be proven in proofs that hide: all over Goldilocks, in short.
pub trait HidableProver:
    Prover<BaseField = BaseElement, Air: Air<PublicInputs: Send> + 'static>
{
}

impl<P> HidableProver for P where
    P: Prover<BaseField = BaseElement, Air: Air<PublicInputs: Send> + 'static>
{
}

/// Proves what `prover.prove(trace)` would, for `Hiding<P::Air>`: the proof hides the witness.
///
/// The hiding trace has twice the rows of `trace`, and `prover`'s options are taken as they are: their
/// security counts for twice the rows. [`HidingPreset::options_of`] gives options that fit.
///
/// [`HidingPreset::options_of`]: winterlane_air::presets::HidingPreset::options_of
///
/// # Errors
/// See [`ProverError`]; [`ProverError::Hiding`] if the proof would not hide.
pub fn prove_hiding<P>(
    prover: &P,
    trace: P::Trace,
    rng: &mut HidingRng,
) -> Result<Proof, ProverError>
where
    P: HidableProver,
{
    prove_hiding_with::<P, Doubling>(prover, trace, rng, &EngineOptions::default())
}

/// [`prove_hiding`] in the rows that an AIR leaves free: for `Hiding<P::Air, InPlace>`.
///
/// The last rows of `trace` are overwritten; `prover` still sees them as they are, when it builds an
/// auxiliary segment and when it gives the public inputs.
///
/// # Errors
/// See [`ProverError`]; [`ProverError::Hiding`] if the proof would not hide.
pub fn prove_hiding_in_place<P>(
    prover: &P,
    trace: P::Trace,
    rng: &mut HidingRng,
) -> Result<Proof, ProverError>
where
    P: HidableProver<Air: TailFree>,
{
    prove_hiding_with::<P, InPlace>(prover, trace, rng, &EngineOptions::default())
}

/// A hiding proof in either [`Mode`], watched by an observer or under other non-default
/// [`EngineOptions`].
///
/// # Errors
/// See [`ProverError`]; [`ProverError::Hiding`] if the proof would not hide.
pub fn prove_hiding_with<P, M>(
    prover: &P,
    trace: P::Trace,
    rng: &mut HidingRng,
    options: &EngineOptions<'_>,
) -> Result<Proof, ProverError>
where
    P: HidableProver,
    M: Mode<P::Air>,
{
    let air = air_of::<P, M>(prover, &trace)?;
    attempt::<P, M, false>(prover, air, trace, rng, options)
}

/// [`prove_hiding_with`] for an AIR whose `evaluate_transition` (and `evaluate_aux_transition`) is
/// `#[inline(always)]`, down to every helper that computes with field elements: as
/// [`prove_inlined`](engine::prove_inlined) is to `prove`.
///
/// # Errors
/// See [`ProverError`]; [`ProverError::Hiding`] if the proof would not hide.
pub fn prove_hiding_inlined<P, M>(
    prover: &P,
    trace: P::Trace,
    rng: &mut HidingRng,
    options: &EngineOptions<'_>,
) -> Result<Proof, ProverError>
where
    P: HidableProver,
    M: Mode<P::Air>,
{
    let air = air_of::<P, M>(prover, &trace)?;
    prove_hiding_air(prover, air, trace, rng, options)
}

/// [`prove_hiding_inlined`] with the AIR at hand, which must be the one of prover and trace: it is built once for
/// all that a statement asks of it.
pub(crate) fn prove_hiding_air<P, M>(
    prover: &P,
    air: Arc<HidingAir<P, M>>,
    trace: P::Trace,
    rng: &mut HidingRng,
    options: &EngineOptions<'_>,
) -> Result<Proof, ProverError>
where
    P: HidableProver,
    M: Mode<P::Air>,
{
    attempt::<P, M, true>(prover, air, trace, rng, options)
}

/// Attempts at a proof. One fails once in 2^28, when its out-of-domain point is one that the verifier
/// refuses: all of them, once in 2^224.
const ATTEMPTS: usize = 8;

/// Proves, again with fresh randomness as long as the verifier would refuse the out-of-domain point.
///
/// Nothing is seen of a proof that is not finished, and its point is no secret, nor does it depend on one: a
/// proof that follows is as hiding as the first.
fn attempt<P, M, const INLINE: bool>(
    prover: &P,
    air: Arc<HidingAir<P, M>>,
    trace: P::Trace,
    rng: &mut HidingRng,
    options: &EngineOptions<'_>,
) -> Result<Proof, ProverError>
where
    P: HidableProver,
    M: Mode<P::Air>,
{
    let trace = Arc::new(trace);
    let mut result = Err(ProverError::OutOfDomainPoint);
    for _ in 0..ATTEMPTS {
        let (hiding, table) = hide_with(prover, Arc::clone(&air), Arc::clone(&trace), rng)?;
        let inputs = prover.get_pub_inputs(&trace).to_elements();
        let maker = Maker::new(&hiding, table);
        result = engine::prove_made::<_, _, INLINE>(&hiding, hiding.air(), inputs, maker, options);
        if !matches!(result, Err(ProverError::OutOfDomainPoint)) {
            break;
        }
    }
    result
}

/// The AIR that a hiding prover of `P` proves.
pub(crate) type HidingAir<P, M> = Hiding<<P as Prover>::Air, M>;
